//! HTTP/1: phones fetch files on port 6970, use services, and are pushed to (RFC 9110, RFC 9112; Cisco IP Phone
//! Services Application Development Notes).
//!
//! Read: requests and responses with their headers, bodies by length, in chunks or until the close; small bodies
//! of XML and text as they are; files that a phone fetches, said by the `file.*` events ([`crate::proto::fetch`]).
//! Not read: HTTP/0.9 and 2, what comes through CONNECT or after an upgrade, content codings. Bodies that nobody
//! reads are counted and never copied.
//!
//! A message is told in the frame in which it was complete. After bytes that cannot be read, or are not in the
//! capture, reading goes on at the next frame that begins with a message.

mod body;
mod fields;
pub mod head;
mod open;
mod uri;

use std::collections::VecDeque;

use super::{Close, Dissect, On, Out, Probe, Protocol, Segment, Side};
use crate::bytes::Malformed;
use crate::content::Emit;
use crate::event::{EventDef, Fields, Origin, Value};
use crate::events;
use crate::proto::fetch::{self, Answer, Class, Fetch};
use crate::time::Ts;
use body::{Progress, Rest};
use fields::head_fields;
pub use fields::*;
use head::{Framing, Head, Start};
use open::{Open, body_of};
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

events! { EVENTS;
    REQUEST = "http.request", "A request.";
    RESPONSE = "http.response", "A response.";
    MALFORMED = "http.malformed", "Something where an HTTP message had to begin.";
}

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
    /// How it ended, as against the capture ending.
    closed: Option<Close>,
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

    fn closed(&mut self, side: Side, how: Close, _origin: &Origin, _out: &mut Out<'_>) {
        self.way(side).closed.get_or_insert(how);
    }

    fn finish(&mut self, origin: &Origin, out: &mut Out<'_>) {
        for side in [Side::Client, Side::Server] {
            self.abandon(side, origin, out);
        }
    }

    fn held(&self) -> usize {
        let open = |way: &Way| if let At::Body(open) = &way.at { open.head.len() + open.body.held() } else { 0 };
        let [client, server] = &self.ways;
        self.asked.iter().fold(open(client) + open(server), |held, asked| held + asked.uri.len())
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
                // A frame that begins with the first letters of a message: the next bytes will tell. Those before it
                // are nothing, and are not looked at again.
                None => match may_resume(segment, from) {
                    Some(at) if at == from => Step::Wait,
                    Some(at) => Step::Used(at - from),
                    None => Step::Used(rest.len()),
                },
            },
            At::Opaque => Step::Used(rest.len()),
        }
    }

    /// A message has to begin at `from`.
    fn start(&mut self, segment: &Segment<'_>, from: usize, rest: &[u8], out: &mut Out<'_>) -> Step {
        // Empty lines before a start line are to be ignored (RFC 9112 §2.2); a keep-alive may carry a byte of
        // before the capture (RFC 1122 §4.2.3.6).
        let blank = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n' | 0)).count();
        if blank > 0 {
            return Step::Used(blank);
        }
        let way = self.way(segment.side);
        match head::plausible(rest) {
            Probe::Yes => (),
            Probe::NeedMore if rest.len() <= out.bounds().http_head => return Step::Wait,
            Probe::NeedMore | Probe::No => {
                // Before the first message of a direction it is a connection that began before the capture.
                if way.spoke || !self.asked.is_empty() {
                    let defect = Malformed { at: 0, what: "start line" };
                    let fields = out.wanted_fields();
                    out.event_in(&MALFORMED, fields, segment, from..segment.bytes.len(), Some(defect));
                }
                return self.lose(segment.side, rest.len());
            }
        }
        let Some(len) = head::cut(rest, way.scanned) else {
            way.scanned = rest.len();
            if rest.len() <= out.bounds().http_head {
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
                let fields = out.wanted_fields();
                out.event_in(&MALFORMED, fields, segment, from..from + len, Some(defect));
                return self.lose(segment.side, len);
            }
        };
        way.spoke = true;
        way.answers = matches!(head.start, Start::Response { .. });
        let mut open = self.open(&head, segment, out);
        fetch::frames_of(segment, from..from + len, &mut open.frames);
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
        let known = head.known();
        let uri = match known.host {
            _ if !out.wants(&RESPONSE_FOR_URI) => String::new(),
            Some(host) if target.starts_with('/') => {
                format!("http://{}{}", String::from_utf8_lossy(host), mask_uri(&target))
            }
            _ => mask_uri(&target).into_owned(),
        };
        if self.asked.len() >= out.bounds().http_requests.max(1) {
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
        let mut framing = known.framing(&head.start, false, false);
        if is_connect || method.starts_with(b"RPC_") {
            // What follows is no HTTP, and waits for no answer ([MS-RPCH] announces a length that never comes).
            self.way(segment.side).at = At::Opaque;
            framing = Framing::None;
        }
        Open::new(framing, body_of(&head.start, &known, None, out), fetch, None)
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
        let known = head.known();
        let framing = known.framing(&head.start, to_head, to_connect);
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
                404 | 503 => fetch.answered(&fetch::NOT_FOUND, answer, segment.origin, out),
                _ => fetch.answered(&fetch::REFUSED, answer, segment.origin, out),
            }
        }
        let fetch = fetch.filter(|_| (200..300).contains(&code));
        Open::new(framing, body_of(&head.start, &known, fetch.as_ref(), out), fetch, answers)
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
        content(open, bytes, origin, out);
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
            At::Body(open) if open.rest == Rest::UntilClose && closed == Some(Close::Fin) => {
                self.complete(&open, &open.head, origin, out);
            }
            At::Body(open) => {
                let fetch = open.fetch.as_ref().filter(|_| closed.is_some() && is_response(&open.head));
                // A file that was given up is told as that: what came of it is well-formed.
                let defect = Malformed { at: open.read, what: "rest of the body" };
                self.say(&open, &open.head, origin, fetch.is_none().then_some(defect), out);
                if let Some(fetch) = fetch {
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
        fetch::frames_of(segment, from..segment.bytes.len(), &mut frames);
        let frames = fetch::until(&frames, origin.frame);
        let mut fields = out.wanted_fields();
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
        let mut fields = out.wanted_fields();
        let defect = defect.or(head_fields(&head, &mut fields));
        if let Some(asked) = &open.answers {
            fields.str(&RESPONSE_FOR_URI, asked.uri.as_str(), 0, 0);
            fields.uint(&REQUEST_IN, asked.frame, 0, 0);
            fields.push(&TIME, Value::Float(origin.time.since(asked.time).as_secs_f64()), 0, 0);
        }
        if open.body.bytes() > 0 {
            fields.uint(&BODY_BYTES, open.body.bytes(), 0, 0);
        }
        if let Some((def, text)) = open.text() {
            fields.str(def, text, 0, 0);
        }
        let frames = fetch::until(&open.frames, origin.frame);
        let is_request = matches!(head.start, Start::Request { .. });
        let def = if is_request { &REQUEST } else { &RESPONSE };
        out.event_of(def, fields, origin, &frames, bytes, defect);
        if let Some(fetch) = open.fetch.as_ref().filter(|_| is_request) {
            fetch.requested(origin, out);
        }
    }
}

/// What the body says, where it is XML, a form or text of a phone service.
fn content(open: &Open, bytes: &[u8], origin: &Origin, out: &mut Out<'_>) {
    let Some((body, head)) = open.shown_body().zip(head::parse(bytes).ok()) else { return };
    let kind = String::from_utf8_lossy(head.known().content_type.unwrap_or_default());
    let frames = fetch::until(&open.frames, origin.frame);
    let (wanted, mut memory) = (out.wanted(), out.take_memory());
    let mut take = |def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>| {
        out.event_of(def, fields, origin, &frames, &[], defect);
    };
    crate::content::body(&kind, body, &mut Emit::new(&mut take, wanted).remembering(&mut memory));
    out.give_memory(memory);
}

fn is_response(head: &[u8]) -> bool {
    head.starts_with(b"HTTP/")
}

/// The next frame of the segment that begins with a message.
fn resume(segment: &Segment<'_>, from: usize) -> Option<usize> {
    let begins = |at: &usize| segment.bytes.get(*at..).is_some_and(|rest| head::probe(rest) == Probe::Yes);
    segment.marks.iter().map(|mark| mark.at).filter(|at| *at >= from).find(begins)
}

/// Where the last frame begins, if it may begin with one.
fn may_resume(segment: &Segment<'_>, from: usize) -> Option<usize> {
    let last = segment.marks.last().map(|mark| mark.at).filter(|at| *at >= from)?;
    let rest = segment.bytes.get(last..).filter(|rest| !rest.is_empty())?;
    (head::probe(rest) == Probe::NeedMore).then_some(last)
}

#[cfg(test)]
mod tests;
