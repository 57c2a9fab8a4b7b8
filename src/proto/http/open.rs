//! An HTTP message whose body is under way, and what of it is worth keeping.

use std::borrow::Cow;

use super::body::{Progress, Rest};
use super::head::{self, Framing, Known, Start};
use super::{Asked, FILE_DATA, FORM};
use crate::event::FieldDef;
use crate::proto::fetch::{self, Body, Fetch};
use crate::proto::{Out, Segment};

/// Bodies of XML, text and forms that are longer are not shown.
pub(super) const MAX_SHOWN: usize = 64 << 10;
/// A message whose body is not complete.
pub(super) struct Open {
    /// Start line and headers; empty while they still lie in the segment.
    pub(super) head: Vec<u8>,
    pub(super) rest: Rest,
    /// The content as far as it is kept.
    pub(super) body: Body,
    pub(super) shown: Shown,
    /// All frames of the message so far.
    pub(super) frames: Vec<u64>,
    /// Bytes of the message so far.
    pub(super) read: usize,
    pub(super) fetch: Option<Fetch>,
    /// The request that is answered.
    pub(super) answers: Option<Asked>,
}

/// How a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    No,
    Text,
    Form,
    /// The type does not say: servers of services often leave it away.
    IfXml,
}

impl Open {
    pub(super) fn new(
        framing: Framing,
        (body, shown): (Body, Shown),
        fetch: Option<Fetch>,
        answers: Option<Asked>,
    ) -> Box<Open> {
        let rest = Rest::new(framing);
        Box::new(Open { head: Vec::new(), rest, body, shown, frames: Vec::new(), read: 0, fetch, answers })
    }

    /// Reads on in the body, which goes on at `from` in the segment.
    pub(super) fn feed(
        &mut self,
        rest: &[u8],
        segment: &Segment<'_>,
        from: usize,
        out: &mut Out<'_>,
    ) -> (usize, Progress) {
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
            fetch::frames_of(segment, from..from + used, &mut self.frames);
            if is_file {
                self.body.frames_of(segment, from..from + used);
            }
        }
        (used, progress)
    }

    /// The body where it is kept whole: text, a form, or XML.
    pub(super) fn shown_body(&self) -> Option<&[u8]> {
        let body = self.body.kept().filter(|body| !body.is_empty())?;
        match self.shown {
            Shown::Text | Shown::Form => Some(body),
            Shown::IfXml => is_xml(body).then_some(body),
            Shown::No => None,
        }
    }

    /// The body as it is shown, and in which field.
    pub(super) fn text(&self) -> Option<(&'static FieldDef, Cow<'_, str>)> {
        let body = self.body.kept().filter(|body| !body.is_empty())?;
        let def = match self.shown {
            Shown::Text => &FILE_DATA,
            Shown::Form => &FORM,
            Shown::IfXml if is_xml(body) => &FILE_DATA,
            Shown::IfXml | Shown::No => return None,
        };
        Some((def, String::from_utf8_lossy(body)))
    }
}

/// How much of a body is kept, and what for.
pub(super) fn body_of(start: &Start<'_>, known: &Known<'_>, fetch: Option<&Fetch>, out: &Out<'_>) -> (Body, Shown) {
    let coded = known.content_encoding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    let in_part = matches!(start, Start::Response { code: 206, .. });
    if coded || in_part {
        return (Body::counted(), Shown::No);
    }
    if let Some(fetch) = fetch {
        return (Body::of(fetch, out.detail(), out.bounds().file_bytes), Shown::No);
    }
    let whole = known.content_type.unwrap_or_default();
    let kind = whole.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    let is = |known: &[&str]| known.iter().any(|known| kind.eq_ignore_ascii_case(known.as_bytes()));
    let shown = if is(&["application/x-www-form-urlencoded"]) {
        Shown::Form
    } else if is(&["text/xml", "application/xml", "text/plain", "text/vnd.sun.j2me.app-descriptor"]) {
        Shown::Text
    } else if is(&["text/html", "*/*", ""]) {
        Shown::IfXml
    } else {
        Shown::No
    };
    let long = known.content_length.and_then(head::length).is_some_and(|length| length > MAX_SHOWN as u64);
    if shown == Shown::No || long { (Body::counted(), Shown::No) } else { (Body::keeping(MAX_SHOWN), shown) }
}

fn is_xml(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    body.starts_with(b"<?xml") || body.starts_with(b"<Cisco")
}
