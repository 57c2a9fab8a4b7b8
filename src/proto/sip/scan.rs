//! The scanner under SIP: start line, header lines, and what stands in their values (RFC 3261 §7, §25).
//!
//! Everything borrows from the message and nothing is copied: folded lines keep their line ends, which count as
//! blanks here. What real senders do is tolerated: bare LF, blanks before the colon, any case, raw bytes.

use crate::bytes::{Malformed, find, find2, find3};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// `REGISTER sip:10.1.1.10 SIP/2.0`
    Request {
        /// Any token, also methods that no RFC knows.
        method: &'a [u8],
        /// The Request-URI as it stands.
        uri: &'a [u8],
        /// Its offset in the line.
        uri_at: usize,
    },
    /// `SIP/2.0 200 OK`
    Status {
        /// Three digits.
        code: u16,
        /// Where they stand in the line.
        code_at: usize,
        /// The rest of the line.
        reason: &'a [u8],
    },
}

const VERSION: &[u8] = b"SIP/2.0";
/// Methods in use have at most nine letters; a longer first word is text of another kind.
const METHOD_LEN: usize = 32;

/// A character of an RFC 3261 token.
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Blanks, and the line ends of folded lines.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What senders put between messages to keep a path open: CR, LF, NUL.
pub fn is_filler(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

/// How many bytes of filler `bytes` begins with.
pub fn filler(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| !is_filler(*b)).unwrap_or(bytes.len())
}

/// The slice without blanks at its ends, and where it begins.
#[inline]
pub fn trim(value: &[u8], at: usize) -> (&[u8], usize) {
    // One blank behind the colon, or none: as nearly always.
    let (value, at) = match value {
        [b' ', rest @ ..] => (rest, at + 1),
        _ => (value, at),
    };
    if let (Some(first), Some(last)) = (value.first(), value.last())
        && *first > b' '
        && *last > b' '
    {
        return (value, at);
    }
    let front = value.iter().position(|b| !is_blank(*b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_blank(*b)).map_or(front, |last| last + 1);
    (value.get(front..end).unwrap_or_default(), at + front)
}

/// The first line without its end, and the offset of what follows it; `None` if no line end is there. A lone CR
/// ends a line too where a header name follows it.
pub fn first_line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let n = find(b'\n', bytes)?;
    let line = bytes.get(..n)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match find(b'\r', line) {
        Some(cr) if line.get(cr + 1).is_some_and(|b| is_token(*b)) => Some((line.get(..cr)?, cr + 1)),
        _ => Some((line, n + 1)),
    }
}

/// Reads a start line (without its line end).
pub fn start_line(line: &[u8]) -> Option<Start<'_>> {
    let line = line.trim_ascii_end();
    let space = line.iter().take(METHOD_LEN + 1).position(|b| *b == b' ')?;
    let (first, rest) = line.split_at_checked(space)?;
    if first.eq_ignore_ascii_case(VERSION) {
        let (rest, at) = trim(rest, space);
        let (digits, reason) = rest.split_at_checked(3)?;
        if !digits.iter().all(u8::is_ascii_digit) || reason.first().is_some_and(|b| *b != b' ') {
            return None;
        }
        let code = digits.iter().fold(0u16, |n, d| n * 10 + u16::from(d - b'0'));
        return Some(Start::Status { code, code_at: at, reason: trim(reason, 0).0 });
    }
    if first.is_empty() || !first.iter().all(|b| is_token(*b)) {
        return None;
    }
    let last = memchr::memrchr(b' ', rest)?;
    let (middle, version) = rest.split_at_checked(last)?;
    if !version.trim_ascii().eq_ignore_ascii_case(VERSION) {
        return None;
    }
    let (uri, uri_at) = trim(middle, space);
    // Every URI has a scheme. One with blanks inside is none.
    (find(b':', uri).is_some_and(|n| n > 0) && find2(b' ', b'\t', uri).is_none()).then_some(Start::Request {
        method: first,
        uri,
        uri_at,
    })
}

/// The first line of a message, which is its start line.
#[derive(Debug, Clone, Copy)]
pub struct First<'a> {
    /// Without its end.
    pub line: &'a [u8],
    /// The offset of what follows.
    pub next: usize,
    /// What it says.
    pub start: Start<'a>,
}

/// Reads the first line; one without an end is all there is.
pub fn first(bytes: &[u8]) -> Option<First<'_>> {
    let (line, next) = first_line(bytes).unwrap_or((bytes, bytes.len()));
    start_line(line).map(|start| First { line, next, start })
}

/// Whether more bytes could make a start line of this beginning of a line.
pub fn could_start(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(VERSION.len())).unwrap_or_default();
    if VERSION.get(..head.len()).is_some_and(|version| version.eq_ignore_ascii_case(head)) {
        return true;
    }
    match bytes.iter().position(|b| !is_token(*b)) {
        None => bytes.len() <= METHOD_LEN,
        Some(n) if n == 0 || n > METHOD_LEN || bytes.get(n) != Some(&b' ') => false,
        Some(n) => bytes.iter().skip(n).all(|b| *b >= b' ' || *b == b'\t' || *b == b'\r'),
    }
}

/// One header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// As it stands, without blanks before the colon.
    pub name: &'a [u8],
    /// Without blanks at its ends; line ends of a folded line are still in it.
    pub value: &'a [u8],
    /// Offset of the value.
    pub at: usize,
    /// The line is folded.
    pub folded: bool,
    /// It is not, and no line end of another kind is in it.
    pub plain: bool,
}

/// The header lines of a message, up to the blank line.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    at: usize,
    body: Option<usize>,
}

impl<'a> Headers<'a> {
    /// Header lines of `bytes` from offset `at` on.
    pub fn new(bytes: &'a [u8], at: usize) -> Headers<'a> {
        Headers { bytes, at, body: None }
    }

    /// The bytes end within the line that was given last.
    pub fn is_unfinished(&self) -> bool {
        self.at >= self.bytes.len() && !matches!(self.bytes.last(), Some(b'\r' | b'\n'))
    }

    /// Where the body begins, once the blank line was met.
    pub fn body(&self) -> Option<usize> {
        self.body
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<Header<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        if self.body.is_some() || rest.is_empty() {
            return None;
        }
        let found = find2(b'\r', b'\n', rest).and_then(|end| match rest.get(end..)? {
            [b'\r', b'\n', next, ..] if !matches!(next, b' ' | b'\t') => Some((end, end + 2)),
            [b'\n', next, ..] if !matches!(next, b' ' | b'\t') => Some((end, end + 1)),
            _ => None,
        });
        let line = match found {
            // A line that is not folded, and not the last.
            Some((end, next)) if end > 0 => {
                self.at = start + next;
                Line { bytes: rest.get(..end).unwrap_or_default(), folded: false, plain: true }
            }
            _ => self.line(start, rest)?,
        };
        // Names are short: looking at each byte is quicker than to begin a wide search.
        let Some(colon) = line.bytes.iter().position(|b| *b == b':') else {
            return Some(Err(Malformed { at: start, what: "header without a colon" }));
        };
        let (name, value) = line.bytes.split_at_checked(colon)?;
        let (name, _) = trim(name, 0);
        let (value, at) = trim(value.get(1..).unwrap_or_default(), start + colon + 1);
        Some(Ok(Header { name, value, at, folded: line.folded, plain: line.plain }))
    }
}

/// A header line, with its line end where it is an odd one.
struct Line<'a> {
    bytes: &'a [u8],
    folded: bool,
    plain: bool,
}

impl<'a> Headers<'a> {
    /// The line at `start`, whatever it is; `None` if it is the blank one.
    fn line(&mut self, start: usize, rest: &'a [u8]) -> Option<Line<'a>> {
        let (mut end, mut folded, mut plain) = (rest.len(), false, true);
        let mut from = 0;
        self.at = self.bytes.len();
        while let Some(n) = line_end(rest, from, &mut plain) {
            end = n;
            from = end + 1;
            self.at = start + from;
            if matches!(rest.get(..end), Some(b"" | b"\r")) {
                self.body = Some(self.at);
                return None;
            }
            match rest.get(from) {
                Some(b' ' | b'\t') => (folded, plain, end) = (true, false, rest.len()),
                _ => break,
            }
            self.at = self.bytes.len();
        }
        Some(Line { bytes: rest.get(..end).unwrap_or_default(), folded, plain })
    }
}

/// Where the line that goes on at `from` ends; `plain` is no longer so if there is a CR in it that ends no line.
#[inline]
fn line_end(bytes: &[u8], mut from: usize, plain: &mut bool) -> Option<usize> {
    loop {
        from += find2(b'\r', b'\n', bytes.get(from..)?)?;
        match bytes.get(from..)? {
            [b'\n', ..] => return Some(from),
            [_, b'\n', ..] => return Some(from + 1),
            _ => (*plain, from) = (false, from + 1),
        }
    }
}

/// The digits a value begins with.
pub fn number(value: &[u8]) -> Option<u64> {
    let mut number = None;
    for digit in value.iter().take_while(|b| b.is_ascii_digit()) {
        number = Some(number.unwrap_or(0u64).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    number
}

/// Offset of the first of `stops` from `from` on that stands outside quotes; the length if there is none.
pub fn until(value: &[u8], from: usize, stops: &[u8]) -> usize {
    let mut at = from;
    loop {
        let rest = value.get(at..).unwrap_or_default();
        let found = match *stops {
            [a] => find2(a, b'"', rest),
            [a, b] => find3(a, b, b'"', rest),
            _ => rest.iter().position(|b| *b == b'"' || stops.contains(b)),
        };
        let Some(n) = found else { return value.len() };
        at += n;
        if value.get(at) != Some(&b'"') {
            return at;
        }
        at += 1;
        loop {
            let rest = value.get(at..).unwrap_or_default();
            match find2(b'"', b'\\', rest).and_then(|n| Some((n, rest.get(n)?))) {
                None => return value.len(),
                Some((n, b'"')) => {
                    at += n + 1;
                    break;
                }
                // What is escaped ends nothing.
                Some((n, _)) => at += n + 2,
            }
        }
    }
}

/// Without enclosing quotes; what is escaped inside them stays escaped.
pub fn unquoted(value: &[u8], at: usize) -> (&[u8], usize) {
    match value {
        [b'"', inner @ .., b'"'] => (inner, at + 1),
        [b'"', inner @ ..] => (inner, at + 1),
        _ => (value, at),
    }
}

/// The parts of a value between `separator`s that stand outside quotes, trimmed, each with its offset.
pub fn parts(value: &[u8], at: usize, separator: u8) -> impl Iterator<Item = (&[u8], usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from > value.len() {
            return None;
        }
        let end = until(value, from, &[separator]);
        let part = trim(value.get(from..end).unwrap_or_default(), at + from);
        from = end + 1;
        Some(part)
    })
    .filter(|(part, _)| !part.is_empty())
}

/// A parameter: `name`, or `name=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// All of it, trimmed.
    pub text: &'a [u8],
    /// Offset of the text.
    pub at: usize,
    /// Its name.
    pub name: &'a [u8],
    /// Its value without quotes; empty if it has none.
    pub value: &'a [u8],
    /// Offset of the value.
    pub value_at: usize,
}

/// Takes `name=value` apart.
pub fn param(text: &[u8], at: usize) -> Param<'_> {
    let equals = find(b'=', text).unwrap_or(text.len());
    let (name, _) = trim(text.get(..equals).unwrap_or_default(), at);
    let (value, value_at) = trim(text.get(equals + 1..).unwrap_or_default(), (at + equals + 1).min(at + text.len()));
    let (value, value_at) = unquoted(value, value_at);
    Param { text, at, name, value, value_at }
}

/// The parameters of a value; `separator` is `;`, or `,` in digest headers.
pub fn params(value: &[u8], at: usize, separator: u8) -> impl Iterator<Item = Param<'_>> {
    parts(value, at, separator).map(|(text, at)| param(text, at))
}

/// A parameter of that name.
pub fn param_named<'a>(value: &'a [u8], at: usize, name: &[u8]) -> Option<Param<'a>> {
    // `tag=1` and nothing else, as nearly always.
    if let Some((first, [b'=', rest @ ..])) = value.split_at_checked(name.len())
        && first.eq_ignore_ascii_case(name)
        && find3(b';', b'"', b' ', rest).is_none()
        && rest.last().is_none_or(|b| !is_blank(*b))
        && rest.first().is_none_or(|b| !is_blank(*b))
    {
        return Some(Param { text: value, at, name: first, value: rest, value_at: at + name.len() + 1 });
    }
    params(value, at, b';').find(|p| p.name.eq_ignore_ascii_case(name))
}

/// A URI with where its parts begin. `sip:`, `sips:` and `tel:` are taken apart, others only named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uri<'a> {
    /// User, or the number of a `tel:` URI; without password.
    pub user: (&'a [u8], usize),
    /// Host; an IPv6 address in its brackets.
    pub host: (&'a [u8], usize),
    /// Port, as text.
    pub port: (&'a [u8], usize),
    /// What follows the first `;`, without it.
    pub params: (&'a [u8], usize),
}

/// Takes a URI apart.
pub fn uri(text: &[u8], at: usize) -> Uri<'_> {
    let mut uri = Uri::default();
    let Some(colon) = text.iter().position(|b| *b == b':') else { return uri };
    let scheme = text.get(..colon).unwrap_or_default();
    let (rest, from) = (text.get(colon + 1..).unwrap_or_default(), at + colon + 1);
    let cut = |value: &'_ [u8], stops: &[u8]| value.iter().position(|b| stops.contains(b)).unwrap_or(value.len());
    if scheme.eq_ignore_ascii_case(b"tel") {
        let end = cut(rest, b";?");
        uri.user = (rest.get(..end).unwrap_or_default(), from);
        uri.params = (rest.get(end + 1..).unwrap_or_default(), (from + end + 1).min(at + text.len()));
        return uri;
    }
    if !scheme.eq_ignore_ascii_case(b"sip") && !scheme.eq_ignore_ascii_case(b"sips") {
        return uri;
    }
    let (mut host, mut host_at) = (rest, from);
    if let Some(n) = find(b'@', rest) {
        let user = rest.get(..n).unwrap_or_default();
        uri.user = (user.get(..cut(user, b":")).unwrap_or_default(), from);
        (host, host_at) = (rest.get(n + 1..).unwrap_or_default(), from + n + 1);
    }
    let end = if host.first() == Some(&b'[') {
        find(b']', host).map_or(host.len(), |n| n + 1)
    } else {
        let ends = |b: &u8| matches!(b, b':' | b';' | b'?' | b' ' | b'\t' | b'\r' | b'\n' | b'>' | b',');
        host.iter().position(ends).unwrap_or(host.len())
    };
    uri.host = (host.get(..end).unwrap_or_default(), host_at);
    let (mut tail, mut tail_at) = (host.get(end..).unwrap_or_default(), host_at + end);
    if let Some(port) = tail.strip_prefix(b":") {
        let digits = port.iter().take_while(|b| b.is_ascii_digit()).count();
        uri.port = (port.get(..digits).unwrap_or_default(), tail_at + 1);
        (tail, tail_at) = (port.get(digits..).unwrap_or_default(), tail_at + 1 + digits);
    }
    if let Some(params) = tail.strip_prefix(b";") {
        uri.params = (params.get(..cut(params, b"?")).unwrap_or_default(), tail_at + 1);
    }
    uri
}

/// The user alone, as [`uri`] finds it.
pub fn uri_user(text: &[u8], at: usize) -> (&[u8], usize) {
    if let [b's' | b'S', b'i' | b'I', b'p' | b'P', b':', rest @ ..] = text {
        let user = find(b'@', rest).and_then(|n| rest.get(..n)).unwrap_or_default();
        return match find(b':', user).and_then(|n| user.get(..n)) {
            _ if user.is_empty() => (&[], 0),
            Some(user) => (user, at + 4),
            None => (user, at + 4),
        };
    }
    uri(text, at).user
}

/// An address with its display name and the parameters of its header: `"A" <sip:…>;tag=…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// Without quotes; empty if there is none.
    pub display: (&'a [u8], usize),
    /// Without angle brackets.
    pub uri: (&'a [u8], usize),
    /// The header's parameters, from behind the first `;` on.
    pub params: (&'a [u8], usize),
    /// Where this address ends in the value: at a comma, or at the value's end.
    pub end: usize,
}

/// Reads the address that begins at `from` of a value whose first byte has offset `at` in the message.
#[inline]
pub fn name_addr(value: &[u8], from: usize, at: usize) -> Option<NameAddr<'_>> {
    let rest = value.get(from..)?;
    if let [b'<', inner @ ..] = rest {
        // `<sip:1001@10.1.1.10>;tag=1`, as nearly all are.
        let close = find(b'>', inner)?;
        let uri = trim(inner.get(..close)?, at + from + 1);
        let display = (&[][..], at + from);
        return Some(name_addr_end(value, from, at, display, uri, close + 2));
    }
    let open = {
        let skip = if rest.iter().find(|b| !is_blank(**b)) == Some(&b'"') { until(rest, 0, b"<") } else { 0 };
        // A quote that never ends hides no address.
        let skip = if skip == rest.len() { 0 } else { skip };
        find(b'<', rest.get(skip..)?).map(|n| n + skip)
    };
    let colon = find(b':', rest);
    let quoted = rest.iter().find(|b| !is_blank(**b)) == Some(&b'"');
    let (display, uri, after) = match open {
        Some(open) if quoted || colon.is_none_or(|colon| open < colon) => {
            let close = open + find(b'>', rest.get(open..)?)?;
            let (name, name_at) = trim(rest.get(..open)?, at + from);
            (unquoted(name, name_at), trim(rest.get(open + 1..close)?, at + from + open + 1), close + 1)
        }
        _ => {
            colon?;
            let end = until(rest, 0, b",;");
            ((&[][..], at + from), trim(rest.get(..end)?, at + from), end)
        }
    };
    Some(name_addr_end(value, from, at, display, uri, after))
}

/// The parameters of an address whose URI ends at `after`.
#[inline]
fn name_addr_end<'a>(
    value: &'a [u8],
    from: usize,
    at: usize,
    display: (&'a [u8], usize),
    uri: (&'a [u8], usize),
    after: usize,
) -> NameAddr<'a> {
    let rest = value.get(from..).unwrap_or_default();
    if after >= rest.len() {
        let params = (&[][..], at + from + rest.len());
        return NameAddr { display, uri, params, end: from + rest.len() };
    }
    let tail = rest.get(after..).unwrap_or_default();
    if let [b';', params @ ..] = tail
        && find2(b',', b'"', params).is_none()
    {
        return NameAddr { display, uri, params: (params, at + from + after + 1), end: from + rest.len() };
    }
    let end = until(rest, after, b",");
    let params = until(rest.get(..end).unwrap_or_default(), after, b";");
    let params = (rest.get(params + 1..end).unwrap_or_default(), at + from + (params + 1).min(end));
    NameAddr { display, uri, params, end: from + end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_lines() {
        let request = |line: &'static str| match start_line(line.as_bytes()) {
            Some(Start::Request { method, uri, uri_at }) => {
                assert_eq!(&line.as_bytes()[uri_at..uri_at + uri.len()], uri);
                format!("{} {}", String::from_utf8_lossy(method), String::from_utf8_lossy(uri))
            }
            Some(Start::Status { code, code_at, reason }) => {
                format!("{code}@{code_at} {}", String::from_utf8_lossy(reason))
            }
            None => "-".into(),
        };
        assert_eq!(request("REGISTER sip:10.1.1.10 SIP/2.0"), "REGISTER sip:10.1.1.10");
        assert_eq!(request("X-NEW.1 tel:+49301;a=b sip/2.0 "), "X-NEW.1 tel:+49301;a=b");
        assert_eq!(request("INVITE urn:service:sos SIP/2.0"), "INVITE urn:service:sos");
        assert_eq!(request("OPTIONS sip:a@[2001:db8::1]:5060 SIP/2.0"), "OPTIONS sip:a@[2001:db8::1]:5060");
        assert_eq!(request("SIP/2.0 202 Accepted"), "202@8 Accepted");
        assert_eq!(request("SIP/2.0 100"), "100@8 ");
        for other in [
            "GET / HTTP/1.1",
            "HTTP/1.1 403 Forbidden",
            "SIP/2.0 2000 x",
            "SIP/2.0 ok",
            "a=sendrecv",
            "SIP/2.0",
            "INVITE sip:a b SIP/2.0",
            "INVITE nothing SIP/2.0",
            "",
            "INVITE",
            " INVITE sip:a SIP/2.0",
        ] {
            assert_eq!(request(other), "-", "{other}");
        }
    }

    #[test]
    fn headers_folded_bare_and_spaced() {
        let bytes = b"A: 1\r\nB : two\r\n\tlines \r\nC:\nnocolon\r\nD: x\n\r\nbody";
        let mut headers = Headers::new(bytes, 0);
        let seen: Vec<_> = headers
            .by_ref()
            .map(|h| match h {
                Ok(h) => {
                    assert_eq!(&bytes[h.at..h.at + h.value.len()], h.value);
                    format!(
                        "{}={}{}",
                        String::from_utf8_lossy(h.name),
                        String::from_utf8_lossy(h.value),
                        if h.folded { " folded" } else { "" }
                    )
                }
                Err(m) => format!("{} {}", m.at, m.what),
            })
            .collect();
        assert_eq!(seen, ["A=1", "B=two\r\n\tlines folded", "C=", "27 header without a colon", "D=x"]);
        assert_eq!(headers.body(), Some(bytes.len() - 4));
        assert_eq!(crate::bytes::head_end(bytes, 0, |_| {}), Some(bytes.len() - 4));
        assert_eq!(Headers::new(b"A: 1\r\nB: 2", 0).count(), 2);
    }

    #[test]
    fn addresses() {
        let show = |value: &'static str| {
            let mut out = String::new();
            let mut from = 0;
            while let Some(a) = name_addr(value.as_bytes(), from, 0) {
                let text = |(t, at): (&[u8], usize)| {
                    assert_eq!(value.as_bytes().get(at..at + t.len()), Some(t));
                    String::from_utf8_lossy(t).into_owned()
                };
                let u = uri(a.uri.0, a.uri.1);
                out += &format!(
                    "[{}|{}|{}|{}|{}|{}|{}]",
                    text(a.display),
                    text(a.uri),
                    text(u.user),
                    text(u.host),
                    text(u.port),
                    text(u.params),
                    text(a.params)
                );
                from = a.end + 1;
            }
            out
        };
        assert_eq!(
            show("\"A <b>;c, \\\" d\" <sip:1001@10.1.1.1:5060;transport=tcp?x=y>;tag=7"),
            "[A <b>;c, \\\" d|sip:1001@10.1.1.1:5060;transport=tcp?x=y|1001|10.1.1.1|5060|transport=tcp|tag=7]"
        );
        assert_eq!(
            show("<sip:[2001:db8::1]:5060>, sips:bob:pw@h;q=0.5;x=\"a,b;c\" , tel:+1-2;p=1"),
            "[|sip:[2001:db8::1]:5060||[2001:db8::1]|5060||][|sips:bob:pw@h|bob|h|||q=0.5;x=\"a,b;c\" ][|tel:+1-2|+1-2||||p=1]"
        );
        assert_eq!(show("\\\"arik\\\" <sip:8@v>;tag=1"), "[\\\"arik\\\"|sip:8@v|8|v|||tag=1]");
        assert_eq!(show("\"open <sip:8@v>"), "[\"open|sip:8@v|8|v|||]".replace("\"open", "open"));
        assert_eq!(show("<urn:service:sos>"), "[|urn:service:sos|||||]");
        assert_eq!(show("*"), "");
        assert_eq!(show("<sip:a@b"), "");
    }

    #[test]
    fn what_may_become_a_start_line() {
        for yes in ["", "S", "SIP/2", "SIP/2.0 2", "REG", "REGISTER", "REGISTER sip:a", "sip/2.0 200 \r"] {
            assert!(could_start(yes.as_bytes()), "{yes}");
        }
        for no in ["<x", "a=b", " INVITE", "SIP/3", "A b\0", "<", &"A".repeat(40)] {
            assert!(!could_start(no.as_bytes()), "{no}");
        }
    }
}
