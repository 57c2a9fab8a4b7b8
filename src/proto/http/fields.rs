//! What is shown of an HTTP message: its fields, and which header gives which.

use super::head::{self, Head, Header, Start};
use super::mask_uri;
use super::uri::{device_name, service};
use crate::bytes::Malformed;
use crate::event::{FieldDef, Fields, float, text, uint};
use crate::fields;

fields! { FIELDS;
    REQUEST_METHOD = text("http.request.method", "What is asked: GET, POST");
    REQUEST_URI = text("http.request.uri", "What it is asked of; values of secret query parameters are masked");
    REQUEST_FULL_URI = text("http.request.full_uri_secret", "The request's URI where it holds secrets").secret();
    SERVICE = text("http.service", "What the path belongs to: AXL, Extension Mobility, WebDialer, phone services, …");
    REQUEST_VERSION = text("http.request.version", "Version of the request");
    RESPONSE_VERSION = text("http.response.version", "Version of the response");
    RESPONSE_CODE = uint("http.response.code", "Status of the response").codes(status_name);
    RESPONSE_PHRASE = text("http.response.phrase", "Text beside the status");
    HOST = text("http.host", "Host that is asked");
    USER_AGENT = text("http.user_agent", "Program that asks");
    SERVER = text("http.server", "Program that answers");
    CONTENT_TYPE = text("http.content_type", "Type of the body");
    CONTENT_LENGTH = uint("http.content_length", "Announced length of the body").unit("bytes");
    CONTENT_ENCODING = text("http.content_encoding", "Coding of the body, such as gzip");
    TRANSFER_ENCODING = text("http.transfer_encoding", "How the body is carried, such as chunked");
    CONNECTION = text("http.connection", "Whether the connection stays");
    DATE = text("http.date", "Time of the server");
    LOCATION = text("http.location", "Where to ask instead");
    REFRESH = text("http.refresh", "When to ask again, and where");
    ACCEPT = text("http.accept", "Types that the asker understands");
    VIA = text("http.via", "Proxies on the way");
    X_FORWARDED_FOR = text("http.x_forwarded_for", "Who asked the proxy");
    X_MODEL_NAME = text("http.x_ciscoipphonemodelname", "Model of the phone that asks");
    X_DISPLAY = text("http.x_ciscoipphonedisplay", "Its display: width, height, depth, G or C");
    X_SDK_VERSION = text("http.x_ciscoipphonesdkversion", "Version of XML objects that it understands");
    X_OTHER = text("http.x_ciscoipphone", "Another request header of a Cisco IP phone: name and value");
    AUTH_SCHEME = text("http.auth.scheme", "Kind of authentication: Basic, Digest");
    AUTH_REALM = text("http.auth.realm", "What the password is for");
    WWW_AUTHENTICATE = text("http.www_authenticate", "Challenge of the server").secret();
    AUTHORIZATION = text("http.authorization", "Credentials").secret();
    PROXY_AUTHORIZATION = text("http.proxy_authorization", "Credentials for a proxy").secret();
    COOKIE = text("http.cookie", "Cookie of the client").secret();
    SET_COOKIE = text("http.set_cookie", "Cookie that the server sets").secret();
    DEVICENAME = text("http.devicename", "Device name among the query parameters of the URI: SEP and 12 hexadecimal digits");
    RESPONSE_FOR_URI = text("http.response_for.uri", "URI that the response answers");
    REQUEST_IN = uint("http.request_in", "Frame of the request that the response answers");
    TIME = float("http.time", "From the request to the response").unit("s");
    BODY_BYTES = uint("http.body_bytes", "Bytes of the body that were carried, without chunk framing").unit("bytes");
    FILE_DATA = text("http.file_data", "Body, if it is XML or text and small");
    FORM = text("http.form", "Body, if it is a form and small").secret();
}

fn status_name(code: u64) -> Option<&'static str> {
    Some(match code {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return None,
    })
}

/// Headers that are shown as they are.
static HEADERS: &[(&str, &FieldDef)] = &[
    ("host", &HOST),
    ("user-agent", &USER_AGENT),
    ("server", &SERVER),
    ("content-type", &CONTENT_TYPE),
    ("content-encoding", &CONTENT_ENCODING),
    ("transfer-encoding", &TRANSFER_ENCODING),
    ("connection", &CONNECTION),
    ("date", &DATE),
    ("accept", &ACCEPT),
    ("via", &VIA),
    ("x-forwarded-for", &X_FORWARDED_FOR),
    ("x-ciscoipphonemodelname", &X_MODEL_NAME),
    ("x-ciscoipphonedisplay", &X_DISPLAY),
    ("x-ciscoipphonesdkversion", &X_SDK_VERSION),
    ("www-authenticate", &WWW_AUTHENTICATE),
    ("authorization", &AUTHORIZATION),
    ("proxy-authorization", &PROXY_AUTHORIZATION),
    ("cookie", &COOKIE),
    ("set-cookie", &SET_COOKIE),
];

/// What the start line and the headers say; the first thing that is wrong with them.
pub(super) fn head_fields<'a>(head: &Head<'a>, fields: &mut Fields<'a>) -> Option<Malformed> {
    let mut defect = None;
    match head.start {
        Start::Request { method, target, version } => {
            fields.text(&REQUEST_METHOD, method, 0);
            let uri = String::from_utf8_lossy(target);
            let at = method.len() + 1;
            let device = fields.wants(&DEVICENAME).then(|| device_name(&uri).map(str::to_owned)).flatten();
            let service = fields.wants(&SERVICE).then(|| service(&uri)).flatten();
            if fields.wants_any(&[&REQUEST_URI, &REQUEST_FULL_URI]) {
                match mask_uri(&uri) {
                    masked if masked == uri => fields.str(&REQUEST_URI, uri, at, target.len()),
                    masked => {
                        fields.str(&REQUEST_URI, masked.into_owned(), at, target.len());
                        fields.str(&REQUEST_FULL_URI, uri, at, target.len())
                    }
                };
            }
            if let Some(device) = device {
                fields.str(&DEVICENAME, device, 0, 0);
            }
            if let Some(service) = service {
                fields.str(&SERVICE, service, 0, 0);
            }
            fields.text(&REQUEST_VERSION, version, at + target.len() + 1);
            if !head::is_known(method) {
                defect = Some(Malformed { at: 0, what: "method" });
            }
        }
        Start::Response { version, code, phrase, phrase_at } => {
            let at = version.len() + 1;
            fields.text(&RESPONSE_VERSION, version, 0).uint(&RESPONSE_CODE, code, at, 3);
            if !phrase.is_empty() {
                fields.text(&RESPONSE_PHRASE, phrase, phrase_at);
            }
        }
    }
    for header in head.headers() {
        match header {
            Ok(header) => defect = defect.or(header_fields(&header, fields).err()),
            Err(broken) => defect = defect.or(Some(broken)),
        }
    }
    defect
}

fn header_fields<'a>(header: &Header<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let is = |name: &str| header.name.eq_ignore_ascii_case(name.as_bytes());
    let (at, len) = (header.at, header.value.len());
    if let Some((_, def)) = HEADERS.iter().find(|(name, _)| is(name)) {
        if fields.wants(def) {
            fields.str(def, head::unfold(header.value), at, len);
        }
        if (is("authorization") || is("www-authenticate")) && fields.wants_any(&[&AUTH_SCHEME, &AUTH_REALM]) {
            let value = head::unfold(header.value);
            let scheme = value.split(' ').next().unwrap_or_default();
            fields.str(&AUTH_SCHEME, scheme.to_owned(), at, scheme.len().min(len));
            let realm = value.split_once("realm=\"").and_then(|(_, rest)| rest.split_once('"'));
            if let Some((realm, _)) = realm {
                fields.str(&AUTH_REALM, realm.to_owned(), 0, 0);
            }
        }
    } else if is("content-length") {
        let length = head::length(header.value).ok_or(Malformed { at, what: "Content-Length" })?;
        fields.uint(&CONTENT_LENGTH, length, at, len);
    } else if is("location") || is("refresh") {
        let def = if is("location") { &LOCATION } else { &REFRESH };
        if fields.wants(def) {
            fields.str(def, mask_uri(&head::unfold(header.value)).into_owned(), at, len);
        }
    } else if fields.wants(&X_OTHER)
        && header.name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case(b"x-ciscoipphone"))
    {
        let name = String::from_utf8_lossy(header.name);
        fields.str(&X_OTHER, format!("{name}: {}", head::unfold(header.value)), at, len);
    }
    Ok(())
}
