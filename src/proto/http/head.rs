//! The start line and the headers of an HTTP/1 message (RFC 9112 §2 to §6): pure, over bytes that are all there.

use crate::bytes::{Malformed, find, head_end};
use crate::proto::Probe;

/// Request methods that are known; RFC 9110, WebDAV, UPnP, RPC over HTTP.
const METHODS: &str = "GET POST HEAD OPTIONS PUT DELETE TRACE CONNECT PATCH LINK UNLINK PROPFIND PROPPATCH MKCOL COPY MOVE \
    LOCK UNLOCK REPORT SEARCH SUBSCRIBE UNSUBSCRIBE NOTIFY M-SEARCH POLL MERGE CHECKOUT CHECKIN RPC_IN_DATA RPC_OUT_DATA \
    RPC_CONNECT";

/// The first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// `GET /a HTTP/1.1`
    Request {
        /// As sent; `GET`.
        method: &'a [u8],
        /// As sent; `/a`.
        target: &'a [u8],
        /// `HTTP/1.1`
        version: &'a [u8],
    },
    /// `HTTP/1.1 200 OK`
    Response {
        /// `HTTP/1.1`
        version: &'a [u8],
        /// Three digits.
        code: u16,
        /// May be empty.
        phrase: &'a [u8],
        /// Its offset in the line.
        phrase_at: usize,
    },
}

/// A header; its value may be folded over several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// As sent; compare without case.
    pub name: &'a [u8],
    /// Without blanks at its ends.
    pub value: &'a [u8],
    /// Offset of the value in the message.
    pub at: usize,
}

/// Start line and headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    bytes: &'a [u8],
    /// The first line.
    pub start: Start<'a>,
    after_start: usize,
}

/// Where the body ends (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// When the sender closes.
    UntilClose,
}

/// The length of the head with the empty line that ends it, if it is all there. Lines may end with a bare LF.
/// `scanned` bytes were looked at before and hold no end.
pub fn cut(bytes: &[u8], scanned: usize) -> Option<usize> {
    // The end may have begun in the last three bytes that were looked at.
    head_end(bytes, scanned.saturating_sub(3), |_| ())
}

/// Whether bytes begin an HTTP/1 message, as far as can be told without knowing that a message begins here.
pub fn probe(bytes: &[u8]) -> Probe {
    const RESPONSE: &[u8] = b"HTTP/1.";
    // The one byte of a keep-alive, in a connection that began before the capture.
    let bytes = bytes.strip_prefix(b"\0").unwrap_or(bytes);
    if bytes.starts_with(RESPONSE) {
        return Probe::Yes;
    }
    let mut answer = if RESPONSE.starts_with(bytes) { Probe::NeedMore } else { Probe::No };
    for method in METHODS.split(' ') {
        match bytes.strip_prefix(method.as_bytes()) {
            Some([]) => answer = Probe::NeedMore,
            Some([b' ', target @ ..]) => return probe_target(target, method == "CONNECT"),
            Some(_) => (),
            None if method.as_bytes().starts_with(bytes) => answer = Probe::NeedMore,
            None => (),
        }
    }
    answer
}

/// SIP and RTSP share methods with HTTP: the version, or before that the target, tells them apart.
fn probe_target(target: &[u8], connect: bool) -> Probe {
    if let Some(end) = memchr::memchr(b'\n', target) {
        let line = target.get(..end).unwrap_or_default();
        return if memchr::memmem::find(line, b" HTTP/1").is_some() { Probe::Yes } else { Probe::No };
    }
    match target {
        [b'/', ..] => Probe::Yes,
        [b'*' | b'h' | b'H', ..] | [] => Probe::NeedMore,
        _ if connect => Probe::NeedMore,
        _ => Probe::No,
    }
}

/// The same where a message has to begin: a method nobody knows is one, too.
pub fn plausible(bytes: &[u8]) -> Probe {
    match probe(bytes) {
        Probe::No => match memchr::memchr(b'\n', bytes) {
            Some(end) => {
                let line = bytes.get(..end).unwrap_or_default();
                let is = line.first().is_some_and(u8::is_ascii_alphabetic)
                    && memchr::memmem::find(line, b" HTTP/1.").is_some();
                if is { Probe::Yes } else { Probe::No }
            }
            None if bytes.len() < 256 && bytes.iter().all(|b| (0x20..0x7f).contains(b) || *b == b'\r') => {
                Probe::NeedMore
            }
            None => Probe::No,
        },
        known => known,
    }
}

/// Whether the method is one that is known.
pub fn is_known(method: &[u8]) -> bool {
    METHODS.split(' ').any(|known| known.as_bytes() == method)
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// Reads the head; `bytes` may end before its empty line.
pub fn parse(bytes: &[u8]) -> Result<Head<'_>, Malformed> {
    let end = find(b'\n', bytes).unwrap_or(bytes.len());
    let (line, _) = bytes.split_at_checked(end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = start(line)?;
    Ok(Head { bytes, start, after_start: (end + 1).min(bytes.len()) })
}

fn start(line: &[u8]) -> Result<Start<'_>, Malformed> {
    let bad = |at: usize, what: &'static str| Malformed { at, what };
    let space = find(b' ', line).ok_or(bad(line.len(), "start line"))?;
    let (first, rest) = line.split_at(space);
    let rest = rest.get(1..).unwrap_or_default();
    if first.starts_with(b"HTTP/") {
        let (digits, phrase) = rest.split_at_checked(3).ok_or(bad(space + 1, "status code"))?;
        let code =
            std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).ok_or(bad(space + 1, "status code"))?;
        let phrase_at = line.len() - phrase.trim_ascii_start().len();
        return Ok(Start::Response { version: first, code, phrase: trim(phrase), phrase_at });
    }
    let last = memchr::memrchr(b' ', rest).ok_or(bad(line.len(), "HTTP version"))?;
    let (target, version) = rest.split_at(last);
    let version = version.get(1..).unwrap_or_default();
    if first.is_empty() || !version.starts_with(b"HTTP/") {
        return Err(bad(space + 1 + last + 1, "HTTP version"));
    }
    Ok(Start::Request { method: first, target, version })
}

impl<'a> Head<'a> {
    /// The headers in order; lines that are none come as an error with their place.
    pub fn headers(&self) -> impl Iterator<Item = Result<Header<'a>, Malformed>> + use<'a> {
        let bytes = self.bytes;
        let mut at = self.after_start;
        std::iter::from_fn(move || {
            let begin = at;
            if matches!(bytes.get(begin..)?, [] | [b'\n', ..] | [b'\r', b'\n', ..]) {
                return None;
            }
            loop {
                let line = bytes.get(at..).unwrap_or_default();
                at += find(b'\n', line).map_or(line.len(), |end| end + 1);
                // A line that begins with a blank goes on with the one before (RFC 9112 §5.2).
                if at >= bytes.len() || !matches!(bytes.get(at), Some(b' ' | b'\t')) {
                    break;
                }
            }
            let line = bytes.get(begin..at)?;
            let Some(colon) = find(b':', line).filter(|colon| *colon > 0) else {
                return Some(Err(Malformed { at: begin, what: "header" }));
            };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default();
            let blanks = value.len() - value.trim_ascii_start().len();
            Some(Ok(Header { name: trim(name), value: trim(value), at: begin + colon + 1 + blanks }))
        })
    }

    /// What the headers say that reading on depends on.
    pub fn known(&self) -> Known<'a> {
        let mut known = Known::default();
        for header in self.headers().flatten() {
            let is = |name: &[u8]| header.name.eq_ignore_ascii_case(name);
            match header.name.len() {
                4 if is(b"host") => known.host = Some(header.value),
                12 if is(b"content-type") => known.content_type = Some(header.value),
                14 if is(b"content-length") => known.content_length = Some(header.value),
                16 if is(b"content-encoding") => known.content_encoding = Some(header.value),
                17 if is(b"transfer-encoding") => known.chunked |= lists(header.value, b"chunked"),
                _ => (),
            }
        }
        known
    }
}

/// What the headers of a message say that reading on depends on: of several of one name the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known<'a> {
    /// Host.
    pub host: Option<&'a [u8]>,
    /// Content-Type.
    pub content_type: Option<&'a [u8]>,
    /// Content-Length.
    pub content_length: Option<&'a [u8]>,
    /// Content-Encoding.
    pub content_encoding: Option<&'a [u8]>,
    /// A Transfer-Encoding lists it.
    pub chunked: bool,
}

impl Known<'_> {
    /// Where the body of a message that begins with `start` ends. `to_head` and `to_connect` tell what a response
    /// answers.
    pub fn framing(&self, start: &Start<'_>, to_head: bool, to_connect: bool) -> Framing {
        let is_request = match *start {
            Start::Request { .. } => true,
            Start::Response { code, .. } => {
                let tunnel = to_connect && (200..300).contains(&code);
                if to_head || tunnel || code < 200 || code == 204 || code == 304 {
                    return Framing::None;
                }
                false
            }
        };
        if self.chunked {
            return Framing::Chunked;
        }
        match self.content_length.and_then(length) {
            Some(length) => Framing::Length(length),
            None if is_request => Framing::None,
            None => Framing::UntilClose,
        }
    }
}

/// Whether a value lists a word.
fn lists(value: &[u8], word: &[u8]) -> bool {
    value.split(|b| *b == b',').any(|item| {
        let item = item.split(|b| *b == b';').next().unwrap_or_default();
        trim(item).eq_ignore_ascii_case(word)
    })
}

/// A Content-Length; a list of equal values counts as one (RFC 9112 §6.3).
pub fn length(value: &[u8]) -> Option<u64> {
    let mut all = value.split(|b| *b == b',').map(|item| {
        let item = trim(item);
        let digits = !item.is_empty() && item.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(item).ok().filter(|_| digits).and_then(|text| text.parse::<u64>().ok())
    });
    let first = all.next()??;
    all.all(|other| other == Some(first)).then_some(first)
}

/// A folded value on one line.
pub fn unfold(value: &[u8]) -> std::borrow::Cow<'_, str> {
    if find(b'\n', value).is_none() {
        return String::from_utf8_lossy(value);
    }
    let lines = value.split(|b| *b == b'\n').map(|line| String::from_utf8_lossy(trim(line)));
    lines.collect::<Vec<_>>().join(" ").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line() {
        for (bytes, end) in [
            (&b"GET / HTTP/1.1\r\n\r\nx"[..], Some(18)),
            (b"GET / HTTP/1.1\n\nx", Some(16)),
            (b"GET / HTTP/1.1\nA: b\r\n\nx", Some(22)),
            (b"GET / HTTP/1.1\r\nA: b\r\n", None),
            (b"", None),
        ] {
            assert_eq!(cut(bytes, 0), end);
            // However much was looked at before, as long as there was no end in it.
            for scanned in 0..end.unwrap_or(bytes.len() + 1) {
                assert_eq!(cut(bytes, scanned), end, "{scanned}");
            }
        }
    }

    #[test]
    fn sip_and_rtsp_are_told_from_http() {
        for (bytes, answer) in [
            (&b"GET /a"[..], Probe::Yes),
            (b"OPTIONS sip:a SIP/2.0\r\n", Probe::No),
            (b"OPTIONS sip:a", Probe::No),
            (b"OPTIONS * SIP/2.0\r\n", Probe::No),
            (b"OPTIONS * HTTP/1.1\r\n", Probe::Yes),
            (b"OPTIONS *", Probe::NeedMore),
            (b"CONNECT a:443 HTTP/1.1\r\n", Probe::Yes),
            (b"GET /a SIP/2.0\r\n", Probe::No),
            (b"HTTP/1.1 200", Probe::Yes),
            (b"HTT", Probe::NeedMore),
            (b"PO", Probe::NeedMore),
            (b"", Probe::NeedMore),
            (b"SIP/2.0 200 OK", Probe::No),
            (b"FROB /a HTTP/1.1\r\n", Probe::No),
            (b"\x16\x03\x01", Probe::No),
        ] {
            assert_eq!(probe(bytes), answer, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(plausible(b"FROB /a HTTP/1.1\r\n"), Probe::Yes);
        assert_eq!(plausible(b"FROB"), Probe::NeedMore);
        assert_eq!(plausible(b"FROB\x01"), Probe::No);
    }

    #[test]
    fn a_phrase_has_its_place() {
        for (line, place) in
            [("HTTP/1.1 200 OK", 13), ("HTTP/1.1 200   OK ", 15), ("HTTP/1.1 200OK", 12), ("HTTP/1.1 200", 12)]
        {
            let Ok(Head { start: Start::Response { phrase, phrase_at, .. }, .. }) = parse(line.as_bytes()) else {
                panic!("{line}")
            };
            assert_eq!((line.get(phrase_at..phrase_at + phrase.len()).unwrap().as_bytes(), phrase_at), (phrase, place));
        }
    }

    #[test]
    fn lengths() {
        for (value, want) in
            [("5", Some(5)), ("5, 5", Some(5)), ("5,6", None), ("", None), ("+5", None), ("99999999999999999999", None)]
        {
            assert_eq!(length(value.as_bytes()), want, "{value}");
        }
    }

    #[test]
    fn a_body_that_begins_with_a_blank_is_no_header() {
        let head = parse(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n C: d\r\n").unwrap();
        assert_eq!(head.headers().count(), 1);
    }

    #[test]
    fn headers_have_places() {
        let head = parse(b"GET /a b HTTP/1.1\r\nHost:  h \r\nbroken\r\nUser-Agent: a\r\n\t b\r\n\r\n").unwrap();
        let got: Vec<_> = head.headers().collect();
        assert_eq!(got[0], Ok(Header { name: b"Host", value: b"h", at: 26 }));
        assert_eq!(got[1], Err(Malformed { at: 30, what: "header" }));
        assert_eq!(unfold(got[2].unwrap().value), "a b");
        assert_eq!(got.len(), 3);
        assert!(matches!(head.start, Start::Request { target: b"/a b", .. }));
    }
}
