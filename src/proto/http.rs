//! HTTP/1: phones fetch files on port 6970, use services, and are pushed to (RFC 9110, RFC 9112; Cisco IP Phone
//! Services Application Development Notes).
//!
//! Read: requests and responses with their headers, bodies by length, in chunks or until the close; small bodies
//! of XML and text as they are; files that a phone fetches, said by the `file.*` events ([`crate::content::file`]).
//! Not read: HTTP/0.9 and 2, what comes through CONNECT or after an upgrade, content codings. Bodies that nobody
//! reads are counted and never copied.
//!
//! A message is told in the frame in which it was complete. After bytes that cannot be read, or are not in the
//! capture, reading goes on at the next frame that begins with a message.

mod body;
pub mod head;
mod uri;

use std::collections::VecDeque;

use super::{Dissect, On, Out, Probe, Protocol, Segment, Side};
use crate::bytes::Malformed;
use crate::content::file::{self, Answer, Body, Class, Fetch};
use crate::event::{FieldDef, Fields, Origin, Value, float, text, uint};
use crate::time::Ts;
use crate::{events, fields};
use body::{Progress, Rest};
use head::{Framing, Head, Start};
pub use uri::mask_uri;

/// What offhook knows of HTTP.
pub static PROTOCOL: Protocol = Protocol {
    name: "http",
    title: "HTTP",
    on: &[On::Tcp(6970), On::Tcp(80), On::Tcp(8080), On::AnyTcp],
    probe: head::probe,
    new: || Box::<Http>::default(),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"GET /SEP001122334455.cnf.xml.sgn HTTP/1.1\r\nHost: 10.1.1.10:6970\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-length: 0\r\n\r\n",
        b"POST /CGI/Execute HTTP/1.1\r\nAuthorization: Basic Y2lzY286Y2lzY28=\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\nXML=aGET /a HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/xml\r\n\r\n3\r\n<a>\r\n4;x\r\n</a>\r\n0\r\nX: y\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        b"GET /ccmcip/getservicesmenu.jsp?name=SEP001122334455 HTTP/1.1\nx-CiscoIPPhoneModelName: CP-7821\n\n",
    ],
};

fields! { FIELDS;
    REQUEST_METHOD = text("http.request.method", "What is asked: GET, POST");
    REQUEST_URI = text("http.request.uri", "What it is asked of; values of secret query parameters are masked");
    REQUEST_FULL_URI = text("http.request.full_uri_secret", "The request's URI where it holds secrets").secret();
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
    RESPONSE_FOR_URI = text("http.response_for.uri", "URI that the response answers");
    REQUEST_IN = uint("http.request_in", "Frame of the request that the response answers");
    TIME = float("http.time", "From the request to the response").unit("s");
    BODY_BYTES = uint("http.body_bytes", "Bytes of the body that were carried, without chunk framing").unit("bytes");
    FILE_DATA = text("http.file_data", "Body, if it is XML or text and small");
    FORM = text("http.form", "Body, if it is a form and small").secret();
}

events! { EVENTS;
    REQUEST = "http.request", "A request.";
    RESPONSE = "http.response", "A response.";
    MALFORMED = "http.malformed", "Something where an HTTP message had to begin.";
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

/// A head that is longer is none.
const MAX_HEAD: usize = 64 << 10;
/// Bodies of XML, text and forms that are longer are not shown.
const MAX_SHOWN: usize = 64 << 10;
/// Requests without an answer that are remembered.
const MAX_ASKED: usize = 64;
/// Ports on which everything is a file: HTTP, and HTTPS where TLS ends before the capture.
const FILE_PORTS: [u16; 2] = [6970, 6971];

/// The dissector: one connection.
#[derive(Default)]
struct Http {
    ways: [Way; 2],
    /// Requests whose response is to come.
    asked: VecDeque<Asked>,
}

/// One direction.
#[derive(Default)]
struct Way {
    at: At,
    /// Bytes of a head that were looked at and hold no end of it.
    scanned: usize,
    /// A message was read.
    spoke: bool,
    /// The last one was a response.
    answers: bool,
    /// The sender closed, as against the capture ending.
    closed: bool,
    /// Where the last bytes came from.
    last: Option<Origin>,
}

/// Where reading is.
#[derive(Default)]
enum At {
    /// A message has to begin here.
    #[default]
    Start,
    /// In the body of a message.
    Body(Box<Open>),
    /// Somewhere: goes on at a frame that begins with a message.
    Lost,
    /// In what is no HTTP any more.
    Opaque,
}

/// A message whose body is not complete.
struct Open {
    /// Start line and headers; empty while they still lie in the segment.
    head: Vec<u8>,
    rest: Rest,
    /// The content as far as it is kept.
    body: Body,
    shown: Shown,
    /// All frames of the message so far.
    frames: Vec<u64>,
    /// Bytes of the message so far.
    read: usize,
    fetch: Option<Fetch>,
    /// The request that is answered.
    answers: Option<Asked>,
}

/// How a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    No,
    Text,
    Form,
    /// The type does not say: servers of services often leave it away.
    IfXml,
}

/// A request, as its response needs it.
struct Asked {
    is_head: bool,
    is_connect: bool,
    /// With the host, and without secrets.
    uri: String,
    frame: u64,
    time: Ts,
    fetch: Option<Fetch>,
}

/// How a step went.
enum Step {
    /// So many bytes are dealt with, and there may be more to do.
    Used(usize),
    /// More bytes are needed.
    Wait,
}

impl Dissect for Http {
    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let mut used = 0;
        while let Step::Used(n) = self.step(segment, used, out) {
            used += n;
        }
        let way = self.way(segment.side);
        if !segment.bytes.is_empty() && segment.origin.sender == Some(segment.side) {
            way.last = Some(*segment.origin);
        }
        if segment.end {
            self.end(segment, used, out);
            return segment.bytes.len();
        }
        used
    }

    fn gap(&mut self, side: Side, lost: u64, origin: &Origin, out: &mut Out<'_>) {
        let way = self.way(side);
        way.scanned = 0;
        let answers = if way.spoke { way.answers } else { side == Side::Server };
        match std::mem::replace(&mut way.at, At::Lost) {
            At::Opaque => {
                way.at = At::Opaque;
                return;
            }
            At::Body(mut open) => {
                if open.rest.skip(lost) {
                    open.body.skip(lost);
                    open.read = open.read.saturating_add(usize::try_from(lost).unwrap_or(usize::MAX));
                    if open.rest == Rest::Length(0) {
                        way.at = At::Start;
                        self.complete(&open, &open.head, origin, out);
                    } else {
                        way.at = At::Body(open);
                    }
                    return;
                }
                let defect = Malformed { at: open.read, what: "body (not wholly in the capture)" };
                self.say(&open, &open.head, origin, Some(defect), out);
            }
            At::Start | At::Lost => (),
        }
        if answers {
            // Responses may have gone by unseen: what the next one answers is not known.
            self.asked.clear();
        }
    }

    fn closed(&mut self, side: Side, _origin: &Origin, _out: &mut Out<'_>) {
        self.way(side).closed = true;
    }

    fn finish(&mut self, origin: &Origin, out: &mut Out<'_>) {
        for side in [Side::Client, Side::Server] {
            self.abandon(side, origin, out);
        }
    }
}

impl Http {
    fn way(&mut self, side: Side) -> &mut Way {
        let [client, server] = &mut self.ways;
        match side {
            Side::Client => client,
            Side::Server => server,
        }
    }

    fn step(&mut self, segment: &Segment<'_>, from: usize, out: &mut Out<'_>) -> Step {
        let rest = segment.bytes.get(from..).unwrap_or_default();
        if rest.is_empty() {
            return Step::Wait;
        }
        let way = self.way(segment.side);
        match &mut way.at {
            At::Start => self.start(segment, from, rest, out),
            At::Body(open) => {
                let (used, progress) = open.feed(rest, segment, from, out);
                if progress == Progress::More {
                    return if used == 0 { Step::Wait } else { Step::Used(used) };
                }
                if let At::Body(open) = std::mem::take(&mut way.at) {
                    self.over(segment, open, None, progress, out);
                }
                Step::Used(used)
            }
            At::Lost => match resume(segment, from) {
                Some(at) => {
                    way.at = At::Start;
                    Step::Used(at - from)
                }
                // A frame that begins with the first letters of a message: the next bytes will tell.
                None if may_resume(segment, from) => Step::Wait,
                None => Step::Used(rest.len()),
            },
            At::Opaque => Step::Used(rest.len()),
        }
    }

    /// A message has to begin at `from`.
    fn start(&mut self, segment: &Segment<'_>, from: usize, rest: &[u8], out: &mut Out<'_>) -> Step {
        // Empty lines before a start line are to be ignored (RFC 9112 §2.2).
        let blank = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if blank > 0 {
            return Step::Used(blank);
        }
        let way = self.way(segment.side);
        match head::plausible(rest) {
            Probe::Yes => (),
            Probe::NeedMore if rest.len() <= MAX_HEAD => return Step::Wait,
            Probe::NeedMore | Probe::No => {
                // Before the first message of a direction it is a connection that began before the capture.
                if way.spoke || !self.asked.is_empty() {
                    let defect = Malformed { at: 0, what: "start line" };
                    let fields = out.fields();
                    out.event_in(&MALFORMED, fields, segment, from..segment.bytes.len(), Some(defect));
                }
                return self.lose(segment.side, rest.len());
            }
        }
        let Some(len) = head::cut(rest, way.scanned) else {
            way.scanned = rest.len();
            if rest.len() <= MAX_HEAD {
                return Step::Wait;
            }
            out.limit("max-http-head", segment.origin);
            self.partial(segment, from, segment.origin, out);
            return self.lose(segment.side, rest.len());
        };
        way.scanned = 0;
        let bytes = rest.get(..len).unwrap_or_default();
        let head = match head::parse(bytes) {
            Ok(head) => head,
            Err(defect) => {
                let fields = out.fields();
                out.event_in(&MALFORMED, fields, segment, from..from + len, Some(defect));
                return self.lose(segment.side, len);
            }
        };
        way.spoke = true;
        way.answers = matches!(head.start, Start::Response { .. });
        let mut open = self.open(&head, segment, out);
        file::frames_of(segment, from..from + len, &mut open.frames);
        open.read = len;
        let after = from + len;
        let (used, progress) = open.feed(rest.get(len..).unwrap_or_default(), segment, after, out);
        if progress == Progress::More {
            open.head = bytes.to_vec();
            self.way(segment.side).at = At::Body(open);
        } else {
            self.over(segment, open, Some((from, after + used)), progress, out);
        }
        Step::Used(len + used)
    }

    fn lose(&mut self, side: Side, used: usize) -> Step {
        self.way(side).at = At::Lost;
        self.way(side).scanned = 0;
        Step::Used(used)
    }

    /// What a head says of its message and of those around it.
    fn open(&mut self, head: &Head<'_>, segment: &Segment<'_>, out: &mut Out<'_>) -> Box<Open> {
        match head.start {
            Start::Request { method, target, .. } => self.open_request(head, method, target, segment, out),
            Start::Response { code, phrase, .. } => self.open_response(head, code, phrase, segment, out),
        }
    }

    fn open_request(
        &mut self,
        head: &Head<'_>,
        method: &[u8],
        target: &[u8],
        segment: &Segment<'_>,
        out: &mut Out<'_>,
    ) -> Box<Open> {
        let target = String::from_utf8_lossy(target);
        let fetch = self.fetch(method, &target, segment.origin);
        let uri = match head.header("host") {
            Some(host) if target.starts_with('/') => {
                format!("http://{}{}", String::from_utf8_lossy(host), mask_uri(&target))
            }
            _ => mask_uri(&target).into_owned(),
        };
        if self.asked.len() >= MAX_ASKED {
            self.asked.pop_front();
            out.limit("max-http-requests", segment.origin);
        }
        let is_connect = method == b"CONNECT";
        self.asked.push_back(Asked {
            is_head: method == b"HEAD",
            is_connect,
            uri,
            frame: segment.origin.frame,
            time: segment.origin.time,
            fetch: fetch.clone(),
        });
        if is_connect {
            // What follows waits for no answer.
            self.way(segment.side).at = At::Opaque;
        }
        Open::new(head.framing(false, false), body_of(head, None, out), fetch, None)
    }

    /// The file that a request asks for, if it is one for a phone.
    fn fetch(&self, method: &[u8], target: &str, origin: &Origin) -> Option<Fetch> {
        let (client, server) = origin.src.zip(origin.dst).filter(|_| method == b"GET")?;
        let fetch = Fetch::new(&uri::path(target), "http", client.ip, server.ip)?;
        if fetch.class == Class::Other && !FILE_PORTS.contains(&server.port) {
            return None;
        }
        let same = |asked: &&Asked| asked.fetch.as_ref().is_some_and(|other| other.name == fetch.name);
        let attempt = 1 + self.asked.iter().filter(same).count() as u64;
        Some(Fetch { attempt, ..fetch })
    }

    fn open_response(
        &mut self,
        head: &Head<'_>,
        code: u16,
        phrase: &[u8],
        segment: &Segment<'_>,
        out: &mut Out<'_>,
    ) -> Box<Open> {
        // An interim response leaves its request to be answered.
        let interim = (100..200).contains(&code) && code != 101;
        let answers = if interim { None } else { self.asked.pop_front() };
        let (to_head, to_connect) = answers.as_ref().map_or((false, false), |a| (a.is_head, a.is_connect));
        let framing = head.framing(to_head, to_connect);
        if code == 101 || (to_connect && (200..300).contains(&code)) {
            self.ways.iter_mut().for_each(|way| way.at = At::Opaque);
        } else if to_connect {
            self.way(segment.side.other()).at = At::Lost;
        }
        let fetch = answers.as_ref().and_then(|asked| asked.fetch.clone());
        if let Some(fetch) = &fetch {
            let answer = Answer { code: code.into(), message: phrase };
            match code {
                200..300 | 304 => {
                    let size = if let Framing::Length(size) = framing { Some(size) } else { None };
                    fetch.found(size, Some(answer.code), segment.origin, out);
                }
                404 | 503 => fetch.answered(&file::NOT_FOUND, answer, segment.origin, out),
                _ => fetch.answered(&file::REFUSED, answer, segment.origin, out),
            }
        }
        let fetch = fetch.filter(|_| (200..300).contains(&code));
        Open::new(framing, body_of(head, fetch.as_ref(), out), fetch, answers)
    }

    /// The body is at its end. `part` is where the message lies in the segment, if it lies wholly in it.
    fn over(
        &mut self,
        segment: &Segment<'_>,
        open: Box<Open>,
        part: Option<(usize, usize)>,
        progress: Progress,
        out: &mut Out<'_>,
    ) {
        let part = part.and_then(|(from, to)| segment.bytes.get(from..to));
        let bytes = part.unwrap_or(&open.head);
        if let Progress::Bad(what) = progress {
            let defect = Malformed { at: open.read, what };
            self.say(&open, bytes, segment.origin, Some(defect), out);
            self.lose(segment.side, 0);
        } else {
            self.complete(&open, bytes, segment.origin, out);
        }
    }

    /// `bytes` begin with the head.
    fn complete(&mut self, open: &Open, bytes: &[u8], origin: &Origin, out: &mut Out<'_>) {
        self.say(open, bytes, origin, None, out);
        if let Some(fetch) = open.fetch.as_ref().filter(|_| is_response(bytes)) {
            fetch.complete(&open.body, origin, out);
        }
    }

    /// Nothing follows in this direction.
    fn end(&mut self, segment: &Segment<'_>, from: usize, out: &mut Out<'_>) {
        let way = self.way(segment.side);
        if from < segment.bytes.len() && matches!(way.at, At::Start) {
            let last = way.last.filter(|_| segment.origin.sender != Some(segment.side));
            self.partial(segment, from, last.as_ref().unwrap_or(segment.origin), out);
        }
        self.abandon(segment.side, segment.origin, out);
    }

    /// Says what is held of a message whose body will not go on.
    fn abandon(&mut self, side: Side, now: &Origin, out: &mut Out<'_>) {
        let way = self.way(side);
        let closed = way.closed;
        // The message is its sender's, also where the other side or the end of the capture broke it off.
        let last = way.last.filter(|_| now.sender != Some(side));
        let origin = last.as_ref().unwrap_or(now);
        match std::mem::replace(&mut way.at, At::Opaque) {
            At::Body(open) if open.rest == Rest::UntilClose && closed => {
                self.complete(&open, &open.head, origin, out);
            }
            At::Body(open) => {
                let defect = Malformed { at: open.read, what: "rest of the body" };
                self.say(&open, &open.head, origin, Some(defect), out);
                if let Some(fetch) = open.fetch.as_ref().filter(|_| closed && is_response(&open.head)) {
                    fetch.stalled(&open.body, None, now, out);
                }
            }
            At::Start | At::Lost | At::Opaque => (),
        }
    }

    /// A head without an end: what can be read of it is said.
    fn partial(&mut self, segment: &Segment<'_>, from: usize, origin: &Origin, out: &mut Out<'_>) {
        let bytes = segment.bytes.get(from..).unwrap_or_default();
        let mut frames = Vec::new();
        file::frames_of(segment, from..segment.bytes.len(), &mut frames);
        let frames = file::until(&frames, origin.frame);
        let mut fields = out.fields();
        let (def, defect) = match head::parse(bytes) {
            Ok(head) => {
                let is_request = matches!(head.start, Start::Request { .. });
                head_fields(&head, &mut fields);
                (
                    if is_request { &REQUEST } else { &RESPONSE },
                    Malformed { at: bytes.len(), what: "end of the headers" },
                )
            }
            Err(defect) => (&MALFORMED, defect),
        };
        // Before the first message of a direction it may be the rest of one that began before the capture.
        if *def != MALFORMED || self.way(segment.side).spoke || !self.asked.is_empty() {
            out.event_of(def, fields, origin, &frames, bytes, Some(defect));
        }
    }

    /// The event of a message; `bytes` begin with its head.
    fn say(&mut self, open: &Open, bytes: &[u8], origin: &Origin, defect: Option<Malformed>, out: &mut Out<'_>) {
        let Ok(head) = head::parse(bytes) else { return };
        let mut fields = out.fields();
        let defect = defect.or(head_fields(&head, &mut fields));
        if let Some(asked) = &open.answers {
            fields.str(&RESPONSE_FOR_URI, asked.uri.as_str(), 0, 0);
            fields.uint(&REQUEST_IN, asked.frame, 0, 0);
            fields.push(&TIME, Value::Float(origin.time.since(asked.time).as_secs_f64()), 0, 0);
        }
        if open.body.bytes() > 0 {
            fields.uint(&BODY_BYTES, open.body.bytes(), 0, 0);
        }
        if let Some(body) = open.body.kept().filter(|body| !body.is_empty()) {
            let def = match open.shown {
                Shown::Text => Some(&FILE_DATA),
                Shown::Form => Some(&FORM),
                Shown::IfXml => is_xml(body).then_some(&FILE_DATA),
                Shown::No => None,
            };
            if let Some(def) = def {
                fields.str(def, String::from_utf8_lossy(body), 0, 0);
            }
        }
        let frames = file::until(&open.frames, origin.frame);
        let is_request = matches!(head.start, Start::Request { .. });
        let def = if is_request { &REQUEST } else { &RESPONSE };
        out.event_of(def, fields, origin, &frames, bytes, defect);
        if let Some(fetch) = open.fetch.as_ref().filter(|_| is_request) {
            fetch.requested(origin, out);
        }
    }
}

impl Open {
    fn new(framing: Framing, (body, shown): (Body, Shown), fetch: Option<Fetch>, answers: Option<Asked>) -> Box<Open> {
        let rest = Rest::new(framing);
        Box::new(Open { head: Vec::new(), rest, body, shown, frames: Vec::new(), read: 0, fetch, answers })
    }

    /// Reads on in the body, which goes on at `from` in the segment.
    fn feed(&mut self, rest: &[u8], segment: &Segment<'_>, from: usize, out: &mut Out<'_>) -> (usize, Progress) {
        let (body, is_file) = (&mut self.body, self.fetch.is_some());
        let mut fits = true;
        let (used, progress) = self.rest.feed(rest, &mut |bytes| {
            fits &= body.push(bytes);
        });
        if !fits && is_file {
            out.limit("max-file-bytes", segment.origin);
        }
        self.read = self.read.saturating_add(used);
        if used > 0 {
            file::frames_of(segment, from..from + used, &mut self.frames);
            if is_file {
                self.body.frames_of(segment, from..from + used);
            }
        }
        (used, progress)
    }
}

fn is_xml(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    body.starts_with(b"<?xml") || body.starts_with(b"<Cisco")
}

fn is_response(head: &[u8]) -> bool {
    head.starts_with(b"HTTP/")
}

/// How much of a body is kept, and what for.
fn body_of(head: &Head<'_>, fetch: Option<&Fetch>, out: &Out<'_>) -> (Body, Shown) {
    let coded = head.header("content-encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    let in_part = matches!(head.start, Start::Response { code: 206, .. });
    if coded || in_part {
        return (Body::counted(), Shown::No);
    }
    if let Some(fetch) = fetch {
        return (Body::of(fetch, out.detail()), Shown::No);
    }
    let whole = head.header("content-type").unwrap_or_default();
    let kind = whole.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    let is = |known: &[&str]| known.iter().any(|known| kind.eq_ignore_ascii_case(known.as_bytes()));
    let shown = if is(&["application/x-www-form-urlencoded"]) {
        Shown::Form
    } else if is(&["text/xml", "application/xml", "text/plain"]) {
        Shown::Text
    } else if is(&["text/html", "*/*", ""]) {
        Shown::IfXml
    } else {
        Shown::No
    };
    let long = head.header("content-length").and_then(head::length).is_some_and(|length| length > MAX_SHOWN as u64);
    if shown == Shown::No || long { (Body::counted(), Shown::No) } else { (Body::keeping(MAX_SHOWN), shown) }
}

/// What the start line and the headers say; the first thing that is wrong with them.
fn head_fields<'a>(head: &Head<'a>, fields: &mut Fields<'a>) -> Option<Malformed> {
    let mut defect = None;
    match head.start {
        Start::Request { method, target, version } => {
            fields.text(&REQUEST_METHOD, method, 0);
            let uri = String::from_utf8_lossy(target);
            let at = method.len() + 1;
            match mask_uri(&uri) {
                masked if masked == uri => fields.str(&REQUEST_URI, uri, at, target.len()),
                masked => {
                    fields.str(&REQUEST_URI, masked.into_owned(), at, target.len());
                    fields.str(&REQUEST_FULL_URI, uri, at, target.len())
                }
            };
            fields.text(&REQUEST_VERSION, version, at + target.len() + 1);
            if !head::is_known(method) {
                defect = Some(Malformed { at: 0, what: "method" });
            }
        }
        Start::Response { version, code, phrase } => {
            let at = version.len() + 1;
            fields.text(&RESPONSE_VERSION, version, 0).uint(&RESPONSE_CODE, code, at, 3);
            if !phrase.is_empty() {
                fields.text(&RESPONSE_PHRASE, phrase, at + 4);
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

fn header_fields<'a>(header: &head::Header<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let is = |name: &str| header.name.eq_ignore_ascii_case(name.as_bytes());
    let (at, len) = (header.at, header.value.len());
    if let Some((_, def)) = HEADERS.iter().find(|(name, _)| is(name)) {
        fields.str(def, head::unfold(header.value), at, len);
        if is("authorization") || is("www-authenticate") {
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
        fields.str(def, mask_uri(&head::unfold(header.value)).into_owned(), at, len);
    } else if header.name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case(b"x-ciscoipphone")) {
        let name = String::from_utf8_lossy(header.name);
        fields.str(&X_OTHER, format!("{name}: {}", head::unfold(header.value)), at, len);
    }
    Ok(())
}

/// The next frame of the segment that begins with a message.
fn resume(segment: &Segment<'_>, from: usize) -> Option<usize> {
    let begins = |at: &usize| segment.bytes.get(*at..).is_some_and(|rest| head::probe(rest) == Probe::Yes);
    segment.marks.iter().map(|mark| mark.at).filter(|at| *at >= from).find(begins)
}

/// Whether the last frame may begin with one.
fn may_resume(segment: &Segment<'_>, from: usize) -> bool {
    let last = segment.marks.last().map(|mark| mark.at).filter(|at| *at >= from);
    let rest = last.and_then(|at| segment.bytes.get(at..)).filter(|rest| !rest.is_empty());
    rest.is_some_and(|rest| head::probe(rest) == Probe::NeedMore)
}

#[cfg(test)]
mod tests;
