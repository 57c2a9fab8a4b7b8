//! What phones and servers say to each other in bodies: remote call control, service control, phone services.
//!
//! Read: `x-cisco-remotecc-request|response|cm+xml` (SIP REFER and REGISTER), `text/plain` lines of
//! `service-control` NOTIFYs, `CiscoIPPhone…` objects (HTTP, also form-encoded in a push), the answer to a push's
//! authentication, and MIDlet descriptors. Not read: images. Sources: Cisco IP Phone Services SDK; bodies as
//! phones and CUCM send them.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Emit;
use super::xml::Node;
use crate::bytes::Malformed;
use crate::event::{EventDef, FieldDef, Fields, Value, flag, text, uint};
use crate::{events, fields, secret};

/// More values of one kind than this are not kept.
const MAX_REPEATED: usize = 200;

events! { EVENTS;
    REMOTECC_REQUEST = "remotecc.request", "Remote call control is asked for something.";
    REMOTECC_RESPONSE = "remotecc.response", "Remote call control answers.";
    REMOTECC_CM = "remotecc.cm", "CallManager reports by remote call control.";
    ORDER = "servicecontrol.order", "The server tells the phone to reset, restart or compare versions.";
    OBJECT = "ciscoxml.object", "A phone service shows, asks, commands or answers.";
    AUTHORIZATION = "ciscoxml.authorization", "The authentication URL allows a push, or does not.";
    DESCRIPTOR = "midlet.descriptor", "A MIDlet is described: where it is and how large.";
}

fields! { FIELDS;
    REMOTECC_KIND = text("remotecc.kind", "What is asked or reported: bulkregisterreq, softkeyeventmsg, …");
    REMOTECC_EVENT = text("remotecc.softkey_event", "Soft key that was pressed: Park, IDivert, Conference, …");
    REMOTECC_CALL_ID = text("remotecc.dialog.call_id", "Call-ID of each dialog that is meant");
    REMOTECC_LOCAL_TAG = text("remotecc.dialog.local_tag", "Its local tag");
    REMOTECC_REMOTE_TAG = text("remotecc.dialog.remote_tag", "Its remote tag");
    REMOTECC_LINE = uint("remotecc.line_number", "Line that is meant");
    REMOTECC_CODE = uint("remotecc.code", "Result, as a SIP status code");
    REMOTECC_REASON = text("remotecc.reason", "Result in words");
    REMOTECC_MWI = text("remotecc.mwi", "Message waiting lamp of each line: yes or no");
    REMOTECC_PARAMETER = text("remotecc.parameter", "Any other value: name=value");
    ACTION = text("servicecontrol.action", "reset, restart, check-version, apply-config, call-preservation, prt-report");
    REGISTER_CALL_ID = text("servicecontrol.register_call_id", "Call-ID of the registration that is meant");
    CONFIG_VERSION_STAMP = text("servicecontrol.config_version_stamp", "Version of the configuration");
    DIALPLAN_VERSION_STAMP = text("servicecontrol.dialplan_version_stamp", "Version of the dial rules");
    SOFTKEY_VERSION_STAMP = text("servicecontrol.softkey_version_stamp", "Version of the soft keys");
    FEATURE_VERSION_STAMP = text("servicecontrol.feature_control_version_stamp", "Version of the feature control");
    HEADSET_VERSION_STAMP = text("servicecontrol.headset_version_stamp", "Version of the headset template");
    CUCM_RESULT = text("servicecontrol.cucm_result", "no_change, config_applied or reregister_needed");
    LOAD_ID = text("servicecontrol.load_id", "Firmware load to run");
    INACTIVE_LOAD_ID = text("servicecontrol.inactive_load_id", "Firmware load of the other partition");
    LOAD_SERVER = text("servicecontrol.load_server", "Server for firmware");
    LOG_SERVER = text("servicecontrol.log_server", "Server for logs");
    PPID = text("servicecontrol.ppid", "Phones take firmware from each other: enabled or disabled");
    ORDER_PARAMETER = text("servicecontrol.parameter", "Any other value: name=value");
    TYPE = text("ciscoxml.type", "The object: CiscoIPPhoneMenu, CiscoIPPhoneExecute, …");
    TITLE = text("ciscoxml.title", "Title");
    PROMPT = text("ciscoxml.prompt", "Prompt");
    TEXT = text("ciscoxml.text", "Text");
    UNAVAILABLE = uint("ciscoxml.unavailable_code", "N of `Login is unavailable(N)`").codes(unavailable);
    URL = text("ciscoxml.url", "URLs and URIs to execute, to open or to submit to; secrets in them are cut out");
    PRIORITY = uint("ciscoxml.priority", "Priority of each URL to execute").codes(priority);
    RTP_KIND = text("ciscoxml.rtp.kind", "Each stream that is started or stopped: RTPRx, RTPTx, RTPMRx, RTPMTx");
    RTP_ADDRESS = crate::event::ip("ciscoxml.rtp.address", "Its address");
    RTP_PORT = uint("ciscoxml.rtp.port", "Its port");
    RTP_STOP = flag("ciscoxml.rtp.stop", "It is stopped, not started");
    ERROR_NUMBER = uint("ciscoxml.error_number", "Why the phone refuses").codes(error);
    RESPONSE_STATUS = text("ciscoxml.response_status", "Result of each URL: 0 is success");
    RESPONSE_DATA = text("ciscoxml.response_data", "Its result in words");
    RESPONSE_URL = text("ciscoxml.response_url", "The URL");
    ITEM_NAME = text("ciscoxml.menu_item", "Name of each item of a menu");
    ITEM_URL = text("ciscoxml.menu_url", "Its URL");
    SOFTKEY = text("ciscoxml.softkey", "Soft keys: name=URL");
    ENTRY = text("ciscoxml.directory_entry", "Entries of a directory: name=number");
    INPUT_NAME = text("ciscoxml.input", "Each input field: its name on the display");
    INPUT_PARAMETER = text("ciscoxml.input_parameter", "The parameter that it fills");
    INPUT_FLAGS = text("ciscoxml.input_flags", "What may be typed: N numbers, P password, …");
    INPUT_DEFAULT = text("ciscoxml.input_default", "What it is filled with").secret();
    CREDENTIAL = text("ciscoxml.credential", "User names, PINs and passwords in URLs: name=value").secret();
    AUTHORIZED = flag("ciscoxml.authorized", "The push is allowed");
    MIDLET_NAME = text("midlet.name", "Name of the MIDlet");
    MIDLET_VERSION = text("midlet.version", "Its version");
    MIDLET_VENDOR = text("midlet.vendor", "Its maker");
    MIDLET_JAR_URL = text("midlet.jar_url", "Where its JAR is");
    MIDLET_JAR_SIZE = uint("midlet.jar_size", "How large its JAR must be").unit("bytes");
}

/// What a phone's error number means (Cisco IP Phone Services SDK).
pub fn error(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "error parsing the object",
        2 => "error framing the object",
        3 => "internal file error",
        4 => "authentication error",
        _ => return None,
    })
}

/// What the priority of a URL means.
pub fn priority(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "at once",
        1 => "when idle",
        2 => "only if idle",
        _ => return None,
    })
}

/// What N of `Login is unavailable(N)` means (Cisco Extension Mobility feature guide).
pub fn unavailable(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "unknown error",
        1 => "request could not be parsed",
        2 => "wrong PIN or application user not authorised",
        3 => "invalid application user",
        4 => "policy",
        5 | 22 => "Extension Mobility is not enabled on the device",
        6 => "database error",
        9 => "user could not be authenticated",
        10 => "user lacks proxy rights",
        11 => "device does not exist",
        12 => "device profile does not exist",
        18 => "another user is logged in",
        19 => "no user is logged in",
        201 => "authentication error",
        202 => "blank user ID or PIN",
        204 => "directory server error",
        205 => "user profile absent",
        207 => "device name empty in URL",
        208 => "Extension Mobility service cannot be reached",
        _ => return None,
    })
}

/// The outermost elements of remote call control.
static REMOTECC: [(&str, &EventDef); 3] = [
    ("x-cisco-remotecc-request", &REMOTECC_REQUEST),
    ("x-cisco-remotecc-response", &REMOTECC_RESPONSE),
    ("x-cisco-remotecc-cm", &REMOTECC_CM),
];

/// Whether this is the outermost element of remote call control or of a phone service.
pub fn is(root: &Node) -> bool {
    REMOTECC.iter().any(|(name, _)| root.is(name)) || is_object(root)
}

/// Newer commands, and what answers them.
const MEDIA: [&str; 4] = ["startMedia", "stopMedia", "mediaStream", "errorResponse"];

fn is_object(root: &Node) -> bool {
    if MEDIA.iter().any(|name| root.is(name)) {
        return true;
    }
    root.name.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("CiscoIPPhone"))
        && !root.is("CiscoIPPhoneRingList")
}

/// Says what remote call control or a phone service says; false if `root` is neither.
pub fn emit(root: &Node, defect: Option<Malformed>, emit: &mut Emit<'_>) -> bool {
    let mut fields = Fields::new();
    if let Some((_, def)) = REMOTECC.iter().find(|(name, _)| root.is(name)) {
        for child in root.children.iter().take(MAX_REPEATED) {
            fields.str(&REMOTECC_KIND, &*child.name, 0, 0);
            remotecc(child, &mut fields);
        }
        emit.say(def, fields, defect);
        return true;
    }
    if !is_object(root) {
        return false;
    }
    object(root, &mut fields);
    emit.say(&OBJECT, fields, defect);
    true
}

fn remotecc<'a>(node: &'a Node, fields: &mut Fields<'a>) {
    for child in &node.children {
        let name = child.name.to_ascii_lowercase();
        if name.ends_with("dialogid") {
            for (def, part) in
                [(&REMOTECC_CALL_ID, "callid"), (&REMOTECC_LOCAL_TAG, "localtag"), (&REMOTECC_REMOTE_TAG, "remotetag")]
            {
                if let Some(value) = child.value(part) {
                    fields.str(def, value, 0, 0);
                }
            }
            continue;
        }
        if let Some(value) = child.own() {
            let number = || value.parse::<u64>().ok();
            match (name.as_str(), number()) {
                ("softkeyevent", _) => fields.str(&REMOTECC_EVENT, value, 0, 0),
                ("linenumber", Some(number)) => fields.uint(&REMOTECC_LINE, number, 0, 0),
                ("code", Some(number)) => fields.uint(&REMOTECC_CODE, number, 0, 0),
                ("reason", _) => fields.str(&REMOTECC_REASON, value, 0, 0),
                ("mwi", _) => fields.str(&REMOTECC_MWI, value, 0, 0),
                _ if fields.list().len() < MAX_REPEATED => {
                    fields.str(&REMOTECC_PARAMETER, format!("{}={value}", child.name), 0, 0)
                }
                _ => fields,
            };
        } else if child.children.is_empty() && fields.list().len() < MAX_REPEATED {
            // An empty tag is a word of its own: <register/>.
            fields.str(&REMOTECC_PARAMETER, &*child.name, 0, 0);
        }
        remotecc(child, fields);
    }
}

fn object<'a>(root: &'a Node, fields: &mut Fields<'a>) {
    fields.str(&TYPE, &*root.name, 0, 0);
    if let Some(number) = root.attribute("Number").and_then(|n| n.parse::<u64>().ok()) {
        fields.uint(&ERROR_NUMBER, number, 0, 0);
    }
    let null = |value: Option<Cow<'a, str>>| value.map_or(Value::Null, Value::Text);
    for child in root.children.iter().take(MAX_REPEATED) {
        let own = child.own();
        match (child.name.to_ascii_lowercase().as_str(), own) {
            ("title", Some(value)) => drop(fields.str(&TITLE, value, 0, 0)),
            ("prompt", Some(value)) => drop(fields.str(&PROMPT, value, 0, 0)),
            ("text", Some(value)) => {
                fields.str(&TEXT, value, 0, 0);
                if let Some(code) = unavailable_code(value) {
                    fields.uint(&UNAVAILABLE, code, 0, 0);
                }
            }
            ("url", Some(value)) => url(&URL, value, fields),
            ("executeitem", _) => {
                if let Some(value) = child.attribute("URL") {
                    url(&URL, &value, fields);
                    rtp(&value, fields);
                    let priority = child.attribute("Priority").and_then(|p| p.parse().ok());
                    fields.push(&PRIORITY, priority.map_or(Value::Null, Value::Uint), 0, 0);
                }
            }
            ("responseitem", _) => {
                fields.push(&RESPONSE_STATUS, null(child.attribute("Status")), 0, 0);
                fields.push(&RESPONSE_DATA, null(child.attribute("Data")), 0, 0);
                match child.attribute("URL") {
                    Some(value) => url(&RESPONSE_URL, &value, fields),
                    None => drop(fields.push(&RESPONSE_URL, Value::Null, 0, 0)),
                }
            }
            ("menuitem", _) => {
                fields.push(&ITEM_NAME, null(child.value("Name").map(Cow::Borrowed)), 0, 0);
                match child.value("URL") {
                    Some(value) => url(&ITEM_URL, value, fields),
                    None => drop(fields.push(&ITEM_URL, Value::Null, 0, 0)),
                }
            }
            ("softkeyitem", _) => {
                let (shown, _) = redact(child.value("URL").unwrap_or_default());
                fields.str(&SOFTKEY, format!("{}={shown}", child.value("Name").unwrap_or_default()), 0, 0);
            }
            ("directoryentry", _) => {
                let (name, number) =
                    (child.value("Name").unwrap_or_default(), child.value("Telephone").unwrap_or_default());
                fields.str(&ENTRY, format!("{name}={number}"), 0, 0);
            }
            ("inputitem", _) => {
                fields.push(&INPUT_NAME, null(child.value("DisplayName").map(Cow::Borrowed)), 0, 0);
                fields.push(&INPUT_PARAMETER, null(child.value("QueryStringParam").map(Cow::Borrowed)), 0, 0);
                fields.push(&INPUT_FLAGS, null(child.value("InputFlags").map(Cow::Borrowed)), 0, 0);
                if let Some(value) = child.value("DefaultValue") {
                    fields.str(&INPUT_DEFAULT, value, 0, 0);
                }
            }
            _ => {}
        }
    }
    if let Some(value) = root.own() {
        // CiscoIPPhoneError may say it in words.
        fields.str(&TEXT, value, 0, 0);
    }
}

fn url(def: &'static FieldDef, value: &str, fields: &mut Fields<'_>) {
    let (shown, secrets) = redact(value);
    fields.str(def, shown, 0, 0);
    for secret in secrets {
        fields.str(&CREDENTIAL, secret, 0, 0);
    }
}

/// A URL with the values of user names, PINs and passwords cut out, and those: `name=value`.
fn redact(url: &str) -> (String, Vec<String>) {
    let mut secrets = Vec::new();
    let Some((path, query)) = url.split_once('?') else { return (url.to_owned(), secrets) };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret(name) => {
                secrets.push(part.to_owned());
                format!("{name}=****")
            }
            _ => part.to_owned(),
        })
        .collect();
    (format!("{path}?{}", parts.join("&")), secrets)
}

fn is_secret(name: &str) -> bool {
    secret::is_parameter(name) || ["user", "username"].iter().any(|s| name.eq_ignore_ascii_case(s))
}

/// `RTPMRx:239.0.1.2:20480:50`, `RTPRx:20480`, `RTPRx:Stop`.
fn rtp(uri: &str, fields: &mut Fields<'_>) {
    let mut parts = uri.trim().split(':');
    let kind = parts.next().unwrap_or_default();
    let Some(kind) = ["RTPRx", "RTPTx", "RTPMRx", "RTPMTx"].into_iter().find(|k| k.eq_ignore_ascii_case(kind)) else {
        return;
    };
    let first = parts.next().unwrap_or_default().trim();
    let stop = first.eq_ignore_ascii_case("stop");
    let address = first.parse::<IpAddr>().ok();
    // The address may be left out: then the first part is the port.
    let port =
        if address.is_some() { parts.next().and_then(|p| p.trim().parse().ok()) } else { first.parse::<u16>().ok() };
    fields
        .str(&RTP_KIND, kind, 0, 0)
        .push(&RTP_ADDRESS, address.map_or(Value::Null, Value::Ip), 0, 0)
        .push(&RTP_PORT, port.map_or(Value::Null, |p| Value::Uint(p.into())), 0, 0)
        .flag(&RTP_STOP, stop, 0, 0);
}

fn unavailable_code(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("unavailable")?;
    rest.trim_start().strip_prefix('(')?.split_once(')')?.0.trim().parse().ok()
}

/// The XML of a form-encoded push: `XML=%3CCiscoIPPhone…`.
pub fn form(bytes: &[u8]) -> Option<Vec<u8>> {
    let part = bytes.split(|b| *b == b'&').find(|p| p.get(..4).is_some_and(|n| n.eq_ignore_ascii_case(b"XML=")))?;
    let mut decoded = Vec::with_capacity(part.len());
    let mut rest = part.get(4..)?.iter().copied();
    while let Some(b) = rest.next() {
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).map(|d| d as u8);
        decoded.push(match b {
            b'+' => b' ',
            b'%' => {
                let mut ahead = rest.clone();
                match (digit(ahead.next()), digit(ahead.next())) {
                    (Some(high), Some(low)) => {
                        rest = ahead;
                        high << 4 | low
                    }
                    _ => b,
                }
            }
            _ => b,
        });
    }
    Some(decoded)
}

/// Plain text: lines of service control, or the answer to a push's authentication.
pub fn plain(bytes: &[u8], emit: &mut Emit<'_>) {
    let text = bytes.trim_ascii();
    let answer = match text {
        b"AUTHORIZED" => Some(true),
        b"UN-AUTHORIZED" | b"UNAUTHORIZED" => Some(false),
        _ => None,
    };
    let mut fields = Fields::new();
    if let Some(authorized) = answer {
        fields.flag(&AUTHORIZED, authorized, 0, 0);
        return emit.say(&AUTHORIZATION, fields, None);
    }
    let lines = || {
        text.split(|b| *b == b'\n').filter_map(|line| line.iter().position(|b| *b == b'=').map(|at| line.split_at(at)))
    };
    let is = |key: &[u8], name: &[u8]| key.trim_ascii().eq_ignore_ascii_case(name);
    if !lines().any(|(key, _)| is(key, b"action")) {
        return;
    }
    for (key, value) in lines().take(MAX_REPEATED) {
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let value = value.strip_prefix(b"{").and_then(|v| v.strip_suffix(b"}")).unwrap_or(value);
        if value.is_empty() {
            continue;
        }
        match ORDERS.iter().find(|(name, _)| is(key, name.as_bytes())) {
            Some((_, def)) => fields.text(def, value, 0),
            None => {
                let (key, value) = (String::from_utf8_lossy(key.trim_ascii()), String::from_utf8_lossy(value));
                fields.str(&ORDER_PARAMETER, format!("{key}={value}"), 0, 0)
            }
        };
    }
    emit.say(&ORDER, fields, None);
}

/// Keys of service control and their fields.
static ORDERS: &[(&str, &FieldDef)] = &[
    ("action", &ACTION),
    ("RegisterCallId", &REGISTER_CALL_ID),
    ("ConfigVersionStamp", &CONFIG_VERSION_STAMP),
    ("DialplanVersionStamp", &DIALPLAN_VERSION_STAMP),
    ("SoftkeyVersionStamp", &SOFTKEY_VERSION_STAMP),
    ("FeatureControlVersionStamp", &FEATURE_VERSION_STAMP),
    ("HeadsetVersionStamp", &HEADSET_VERSION_STAMP),
    ("CUCMResult", &CUCM_RESULT),
    ("LoadId", &LOAD_ID),
    ("InactiveLoadId", &INACTIVE_LOAD_ID),
    ("LoadServer", &LOAD_SERVER),
    ("LogServer", &LOG_SERVER),
    ("PPID", &PPID),
];

/// A MIDlet descriptor (JAD): `MIDlet-Jar-Size: 20480`.
pub fn descriptor(bytes: &[u8], emit: &mut Emit<'_>) {
    let text = String::from_utf8_lossy(bytes);
    let mut fields = Fields::new();
    for (key, value) in text.lines().take(MAX_REPEATED).filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match (key.trim().to_ascii_lowercase().as_str(), value.parse::<u64>()) {
            ("midlet-name", _) => fields.str(&MIDLET_NAME, value.to_owned(), 0, 0),
            ("midlet-version", _) => fields.str(&MIDLET_VERSION, value.to_owned(), 0, 0),
            ("midlet-vendor", _) => fields.str(&MIDLET_VENDOR, value.to_owned(), 0, 0),
            ("midlet-jar-url", _) => fields.str(&MIDLET_JAR_URL, value.to_owned(), 0, 0),
            ("midlet-jar-size", Ok(size)) => fields.uint(&MIDLET_JAR_SIZE, size, 0, 0),
            _ => &mut fields,
        };
    }
    if !fields.list().is_empty() {
        emit.say(&DESCRIPTOR, fields, None);
    }
}

#[cfg(test)]
mod tests {
    use crate::content::{body, testing::lines};

    fn check(content_type: &str, bytes: &str, expected: &str) {
        assert_eq!(lines(|emit| body(content_type, bytes.as_bytes(), emit)).join("\n"), expected);
    }

    #[test]
    fn remote_call_control() {
        check(
            "application/x-cisco-remotecc-request+xml",
            "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>Park</softkeyevent><dialogid><callid>a@b</callid>\
             <localtag>1</localtag><remotetag>2</remotetag></dialogid><linenumber>1</linenumber><state>x</state></softkeyeventmsg></x-cisco-remotecc-request>",
            "remotecc.request remotecc.kind=softkeyeventmsg remotecc.softkey_event=Park remotecc.dialog.call_id=a@b \
             remotecc.dialog.local_tag=1 remotecc.dialog.remote_tag=2 remotecc.line_number=1 remotecc.parameter=state=x",
        );
        check(
            "application/x-cisco-remotecc-response+xml",
            "<x-cisco-remotecc-response><response><code>200</code></response></x-cisco-remotecc-response>",
            "remotecc.response remotecc.kind=response remotecc.code=200",
        );
        check(
            "application/x-cisco-remotecc-request+xml",
            "<x-cisco-remotecc-request><bulkupdate><contact line=\"1\"><mwi>no</mwi></contact></bulkupdate>",
            "remotecc.request remotecc.kind=bulkupdate remotecc.mwi=no at=92 what=end of an XML element",
        );
    }

    #[test]
    fn service_control() {
        check(
            "text/plain",
            "action=restart\r\nRegisterCallId={0011@10.20.0.50}\r\nConfigVersionStamp={1-2}\nLoadId=\r\nNew=1\r\n",
            "servicecontrol.order servicecontrol.action=restart servicecontrol.register_call_id=0011@10.20.0.50 \
             servicecontrol.config_version_stamp=1-2 servicecontrol.parameter=New=1",
        );
        check("text/plain", "hello=world", "");
    }

    #[test]
    fn a_page_is_pushed_and_answered() {
        check(
            "application/x-www-form-urlencoded",
            "XML=%3CCiscoIPPhoneExecute%3E%0A++%3CExecuteItem+URL%3D%22RTPMRx%3A239.0.1.2%3A20480%3A%22+Priority%3D%220%22%2F%3E%3CExecuteItem%20URL%3D%22RTPRx%3AStop%22%2F%3E%3C%2FCiscoIPPhoneExecute%3E",
            "ciscoxml.object ciscoxml.type=CiscoIPPhoneExecute ciscoxml.url=RTPMRx:239.0.1.2:20480: ciscoxml.rtp.kind=RTPMRx \
             ciscoxml.rtp.address=239.0.1.2 ciscoxml.rtp.port=20480 ciscoxml.rtp.stop=false ciscoxml.priority=0 ciscoxml.url=RTPRx:Stop \
             ciscoxml.rtp.kind=RTPRx ciscoxml.rtp.address=unknown ciscoxml.rtp.port=unknown ciscoxml.rtp.stop=true ciscoxml.priority=unknown",
        );
        check(
            "text/xml",
            "<CiscoIPPhoneResponse><ResponseItem Status=\"0\" Data=\"Success\" URL=\"Play:x\"/></CiscoIPPhoneResponse>",
            "ciscoxml.object ciscoxml.type=CiscoIPPhoneResponse ciscoxml.response_status=0 ciscoxml.response_data=Success ciscoxml.response_url=Play:x",
        );
        check(
            "text/xml",
            "<CiscoIPPhoneError Number=\"4\"/>",
            "ciscoxml.object ciscoxml.type=CiscoIPPhoneError ciscoxml.error_number=4",
        );
        // Commands and answers of newer phones.
        for kind in ["startMedia", "stopMedia", "mediaStream", "errorResponse"] {
            let told = format!("ciscoxml.object ciscoxml.type={kind}");
            check("text/xml", &format!("<{kind}><mediaStream><port>20480</port></mediaStream></{kind}>"), &told);
        }
        check("text/html", " AUTHORIZED\r\n", "ciscoxml.authorization ciscoxml.authorized=true");
        check("text/plain", "UN-AUTHORIZED", "ciscoxml.authorization ciscoxml.authorized=false");
    }

    #[test]
    fn a_login() {
        check(
            "text/xml; charset=utf-8",
            "<CiscoIPPhoneInput><Title>Login</Title><URL>http://h/emapp?device=SEP1&amp;userid=u&amp;seq=12</URL><InputItem>\
             <DisplayName>PIN</DisplayName><QueryStringParam>seq</QueryStringParam><InputFlags>NP</InputFlags></InputItem></CiscoIPPhoneInput>",
            "ciscoxml.object ciscoxml.type=CiscoIPPhoneInput ciscoxml.title=Login ciscoxml.url=http://h/emapp?device=SEP1&userid=****&seq=**** \
             ciscoxml.credential=userid=u ciscoxml.credential=seq=12 ciscoxml.input=PIN ciscoxml.input_parameter=seq ciscoxml.input_flags=NP",
        );
        check(
            "text/xml",
            "<CiscoIPPhoneText><Text>Login is unavailable(201)</Text></CiscoIPPhoneText>",
            "ciscoxml.object ciscoxml.type=CiscoIPPhoneText ciscoxml.text=Login is unavailable(201) ciscoxml.unavailable_code=201",
        );
        check(
            "text/vnd.sun.j2me.app-descriptor",
            "MIDlet-Name: Demo\r\nMIDlet-Jar-Size: 20480\r\n",
            "midlet.descriptor midlet.name=Demo midlet.jar_size=20480",
        );
    }
}
