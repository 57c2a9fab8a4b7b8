//! Bodies of SIP messages: SDP and service control become fields of the message, multipart is taken apart, and
//! everything else goes to `content`.

use super::fields::*;
use super::headers::{self, Facts};
use super::scan;
use crate::bytes::find;
use crate::event::Fields;
use crate::proto::sdp;

/// Parts of parts of parts are not real.
const DEPTH: usize = 4;

/// A body, or a part of one, that has no parts itself.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// Content-Type with its parameters; empty if there is none.
    pub kind: &'a [u8],
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Their offset in the message.
    pub at: usize,
    /// Where its Content-Type stands in the message, if it is a part of a multipart body.
    kind_at: Option<usize>,
}

/// Whether a Content-Type is `media`, whatever its parameters.
pub fn is(kind: &[u8], media: &[u8]) -> bool {
    let end = find(b';', kind).unwrap_or(kind.len());
    kind.get(..end).unwrap_or_default().trim_ascii().eq_ignore_ascii_case(media)
}

/// Calls `leaf` for the body, or for each of its parts; says whether every multipart was closed.
pub fn leaves<'a>(kind: &'a [u8], bytes: &'a [u8], at: usize, leaf: &mut dyn FnMut(Leaf<'a>)) -> bool {
    walk(Leaf { kind, bytes, at, kind_at: None }, DEPTH, leaf)
}

fn walk<'a>(one: Leaf<'a>, depth: usize, leaf: &mut dyn FnMut(Leaf<'a>)) -> bool {
    let multipart = one.kind.get(..10).is_some_and(|head| head.eq_ignore_ascii_case(b"multipart/"));
    let boundary = scan::param_named(one.kind, 0, b"boundary").map_or(&[][..], |p| p.value);
    if depth == 0 || !multipart || boundary.is_empty() {
        leaf(one);
        return true;
    }
    let mut closed = true;
    let mut open: Option<usize> = None;
    let mut from = 0;
    let finder = memchr::memmem::Finder::new(boundary);
    while let Some(n) = finder.find(one.bytes.get(from..).unwrap_or_default()) {
        let (start, end) = (from + n, from + n + boundary.len());
        from = end;
        let before = one.bytes.get(..start).unwrap_or_default();
        let after = one.bytes.get(end..).unwrap_or_default();
        let Some(before) = before.strip_suffix(b"--").filter(|b| b.is_empty() || b.ends_with(b"\n")) else { continue };
        // A longer boundary that begins like this one is another.
        if !after.first().is_none_or(|b| scan::is_blank(*b) || *b == b'-') {
            continue;
        }
        if let Some(begin) = open {
            let content = before.get(begin..).unwrap_or_default();
            let content = content.strip_suffix(b"\n").unwrap_or(content);
            closed &= part(content.strip_suffix(b"\r").unwrap_or(content), one.at + begin, depth, leaf);
        }
        if after.starts_with(b"--") {
            return closed;
        }
        open = Some(end + find(b'\n', after).map_or(after.len(), |n| n + 1));
    }
    if let Some(begin) = open {
        part(one.bytes.get(begin..).unwrap_or_default(), one.at + begin, depth, leaf);
    }
    false
}

fn part<'a>(bytes: &'a [u8], at: usize, depth: usize, leaf: &mut dyn FnMut(Leaf<'a>)) -> bool {
    let (mut kind, mut kind_at): (&[u8], usize) = (&[], at);
    let mut lines = scan::Headers::new(bytes, 0);
    for header in lines.by_ref().flatten() {
        if header.name.eq_ignore_ascii_case(b"Content-Type") || header.name.eq_ignore_ascii_case(b"c") {
            (kind, kind_at) = (header.value, at + header.at);
        }
    }
    let start = lines.body().unwrap_or(bytes.len());
    let bytes = bytes.get(start..).unwrap_or_default();
    walk(Leaf { kind, bytes, at: at + start, kind_at: Some(kind_at) }, depth - 1, leaf)
}

/// Adds what the body says to the fields of its message; calls `media` for each medium of an SDP.
pub fn fields<'a>(
    leaf: &Leaf<'a>,
    fields: &mut Fields<'a>,
    facts: &mut Facts<'a>,
    media: &mut dyn FnMut(sdp::Media<'a>),
) {
    if let Some(at) = leaf.kind_at.filter(|_| !leaf.kind.is_empty()) {
        headers::text(fields, &PART_TYPE, leaf.kind, at);
    }
    if is(leaf.kind, b"application/sdp") {
        if let Some(defect) = sdp::parse(leaf.bytes, leaf.at, fields, media) {
            facts.defect(defect.at, defect.what);
        }
    } else if is(leaf.kind, b"application/x-cisco-alarm+xml") {
        fields.flag(&ALARM, true, leaf.at, leaf.bytes.len());
    } else if is(leaf.kind, b"text/plain") {
        service_control(leaf, fields);
    }
}

/// `action=restart`, `RegisterCallId={…}`: lines of a service-control NOTIFY, or of the REFER after a registration.
fn service_control<'a>(leaf: &Leaf<'a>, fields: &mut Fields<'a>) {
    let mut from = 0;
    for line in leaf.bytes.split(|b| *b == b'\n') {
        let (text, at) = scan::trim(line, leaf.at + from);
        from += line.len() + 1;
        let param = scan::param(text, at);
        if param.name.eq_ignore_ascii_case(b"action") {
            fields.text(&SERVICE_CONTROL_ACTION, param.value, param.value_at);
        } else if param.name.eq_ignore_ascii_case(b"RegisterCallId") {
            let inner = param.value.strip_prefix(b"{").map(|v| v.strip_suffix(b"}").unwrap_or(v));
            let (value, at) = inner.map_or((param.value, param.value_at), |v| (v, param.value_at + 1));
            fields.text(&SERVICE_CONTROL_CALL_ID, value, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(kind: &str, body: &str) -> String {
        let mut out = String::new();
        let closed = leaves(kind.as_bytes(), body.as_bytes(), 0, &mut |leaf| {
            assert_eq!(&body.as_bytes()[leaf.at..leaf.at + leaf.bytes.len()], leaf.bytes);
            out += &format!("[{}|{}]", String::from_utf8_lossy(leaf.kind), String::from_utf8_lossy(leaf.bytes));
        });
        out + if closed { "" } else { " open" }
    }

    #[test]
    fn parts() {
        let body = "preamble\r\n--ub\r\nContent-Type: text/plain\r\nContent-Id: <1>\r\n\r\naction=x\r\n--ub\r\n\r\nno kind\r\n--ub--\r\nepilogue";
        assert_eq!(show("multipart/mixed;boundary=ub", body), "[text/plain|action=x][|no kind]");
        assert_eq!(show("Multipart/Mixed; boundary=\"ub\"", body), "[text/plain|action=x][|no kind]");
        assert_eq!(
            show("multipart/mixed;boundary=ub", "--ub\nc:a/b\n\nx--ub\n--ubx\ny\n--ub--"),
            "[a/b|x--ub\n--ubx\ny]"
        );
        assert_eq!(show("multipart/mixed;boundary=ub", "--ub\r\nContent-Type: a/b\r\n\r\nrest"), "[a/b|rest] open");
        assert_eq!(show("multipart/mixed", "x"), "[multipart/mixed|x]");
        assert_eq!(show("multipart/mixed;boundary=ub", "x"), " open");
        let nested = "--a\nContent-Type: multipart/x;boundary=b\n\n--b\n\nin\n--b--\n--a--";
        assert_eq!(show("multipart/mixed;boundary=a", nested), "[|in]");
    }
}
