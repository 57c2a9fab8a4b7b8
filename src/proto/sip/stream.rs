//! SIP on TCP: messages cut out of a stream by Content-Length (RFC 3261 §18.3), and the way back into step after
//! junk, a gap, or a capture that begins in the middle.
//!
//! What lies whole in one segment is read where it lies; only a message in several pieces is copied together.

use super::headers::{self, Length};
use super::scan::First;
use super::{Carrier, fields, message, scan};
use crate::bytes::{Malformed, head_end};
use crate::event::Origin;
use crate::proto::{Mark, Out, Segment};

/// Headers of one message; real ones have 1–4 KiB.
const MAX_HEAD: usize = 64 << 10;
/// A start line; longer ones are none.
const MAX_LINE: usize = 8 << 10;
/// A longer body is counted off, not kept.
const MAX_BODY: u64 = 1 << 20;
/// A longer body is not believed: its Content-Length is damaged.
const BELIEVED: u64 = 16 << 20;

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Side {
    /// The beginning of a message whose end has not come.
    held: Vec<u8>,
    marks: Vec<Mark>,
    /// The frame that brought the last byte of `held`, and its flow.
    last: Option<(Origin, crate::event::Side, u32)>,
    /// No blank line ends before this offset of `held`.
    searched: usize,
    /// The message in `held` is complete at this length.
    need: usize,
    /// Bytes of a body that are counted off.
    skip: u64,
    step: Step,
}

/// Where the next byte stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// At the start of a message.
    #[default]
    Message,
    /// At the start of a line that is no message's.
    Line,
    /// Within such a line.
    Within,
}

/// What the bytes at a place are.
enum Found {
    /// A message of that length, read.
    Used(usize),
    /// The beginning of something.
    Wait,
}

impl Side {
    /// Takes all bytes of a segment.
    pub fn more(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        if self.held.is_empty() {
            let used = self.read(segment, out);
            if let Some(rest) = segment.bytes.get(used..).filter(|rest| !rest.is_empty()) {
                self.held.extend_from_slice(rest);
                self.keep_marks(segment.marks, used, 0);
            }
        } else {
            let before = self.held.len();
            self.held.extend_from_slice(segment.bytes);
            self.marks.extend(segment.marks.iter().map(|m| Mark { at: m.at + before, frame: m.frame }));
            if self.held.len() >= self.need || segment.end {
                let (held, marks) = (std::mem::take(&mut self.held), std::mem::take(&mut self.marks));
                let used = self.read(&Segment { bytes: &held, marks: &marks, ..*segment }, out);
                (self.held, self.marks) = (held, marks);
                self.drop_front(used);
            }
        }
        if !self.held.is_empty() && !segment.bytes.is_empty() {
            self.last = Some((*segment.origin, segment.side, segment.flow));
        }
        if segment.end {
            self.end(out);
        }
    }

    /// Bytes kept of a message that is not whole.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Bytes are missing: what is held will never be whole.
    pub fn gap(&mut self, lost: u64, out: &mut Out<'_>) {
        if self.held.is_empty() && self.skip >= lost {
            self.skip -= lost;
            return;
        }
        self.flush("bytes lost in the capture", out);
        self.skip = 0;
        self.step = Step::Line;
    }

    /// Nothing follows.
    pub fn end(&mut self, out: &mut Out<'_>) {
        self.flush("end of the stream", out);
    }

    fn flush(&mut self, what: &'static str, out: &mut Out<'_>) {
        let (held, marks) = (std::mem::take(&mut self.held), std::mem::take(&mut self.marks));
        (self.searched, self.need) = (0, 0);
        let Some((origin, side, flow)) = self.last.take().filter(|_| !held.is_empty()) else { return };
        let segment = Segment { bytes: &held, origin: &origin, marks: &marks, side, end: true, cut: 0, flow };
        if let Some(first) = scan::first(&held) {
            let defect = Malformed { at: held.len(), what };
            message(&segment, 0..held.len(), (first, usize::MAX), &mut Carrier::Stream, Some(defect), out);
        } else if self.step == Step::Message {
            let fields = out.wanted_fields();
            out.event(&fields::MALFORMED, fields, &segment, Some(Malformed { at: 0, what: "start line" }));
        }
    }

    /// Reads as many messages as `segment` holds; returns how many bytes they take.
    fn read(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let mut at = 0;
        loop {
            let rest = segment.bytes.get(at..).unwrap_or_default();
            if self.skip > 0 {
                let n = self.skip.min(rest.len() as u64);
                self.skip -= n;
                at += n as usize;
            } else if self.step != Step::Message {
                at += self.skip_lines(rest);
                if self.step != Step::Message {
                    return at;
                }
                continue;
            } else if let filler @ 1.. = scan::filler(rest) {
                at += filler;
            } else if !rest.is_empty() {
                match self.one(segment, at, rest, out) {
                    Found::Used(n) => {
                        (self.searched, self.need) = (0, 0);
                        at += n;
                    }
                    Found::Wait => return at,
                }
            }
            if at >= segment.bytes.len() {
                return segment.bytes.len();
            }
        }
    }

    /// Skips what is no message, up to a start line; returns how many bytes that are.
    fn skip_lines(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let line = scan::first_line(rest);
            match (self.step, line) {
                (Step::Line, Some((line, _))) if scan::start_line(line).is_some() => {
                    self.step = Step::Message;
                    return at;
                }
                (_, Some((_, next))) => {
                    self.step = Step::Line;
                    at += next;
                }
                (Step::Line, None) if rest.len() <= MAX_LINE && scan::could_start(rest) => return at,
                (_, None) => {
                    self.step = Step::Within;
                    return bytes.len();
                }
            }
        }
    }

    /// Reads the message that begins at `at`, if it is complete.
    fn one<'s>(&mut self, segment: &Segment<'s>, at: usize, rest: &'s [u8], out: &mut Out<'_>) -> Found {
        let first = match scan::first_line(rest) {
            Some((line, next)) => scan::start_line(line).map(|start| First { line, next, start }).ok_or(true),
            None => Err(rest.len() > MAX_LINE || !scan::could_start(rest)),
        };
        if let Err(true) = first {
            self.step = Step::Line;
            let fields = out.wanted_fields();
            let defect = Malformed { at: 0, what: "start line" };
            out.event_in(&fields::MALFORMED, fields, segment, at..segment.bytes.len(), Some(defect));
            return Found::Used(0);
        }
        let mut length = headers::LengthLine::default();
        let end = match self.searched {
            0 => head_end(rest, 0, |at| length.look(rest, at)),
            // What was looked through before is not looked through again before the end is there.
            from => head_end(rest, from, |_| {}).and_then(|_| head_end(rest, 0, |at| length.look(rest, at))),
        };
        let (Some(head), Ok(first)) = (end, first) else {
            // The blank line may be half there.
            self.searched = rest.len().saturating_sub(3);
            let Some(first) = first.ok().filter(|_| rest.len() > MAX_HEAD) else { return Found::Wait };
            let defect = Malformed { at: rest.len(), what: "headers longer than 64 KiB" };
            message(segment, at..segment.bytes.len(), (first, usize::MAX), &mut Carrier::Stream, Some(defect), out);
            self.step = Step::Within;
            return Found::Used(rest.len());
        };
        let (length, defect) = match length.read(rest.get(..head).unwrap_or_default()) {
            Length::Missing => (0, None),
            Length::Unreadable => (0, Some("Content-Length")),
            Length::Bytes(n) if n > BELIEVED => (0, Some("Content-Length too large")),
            Length::Bytes(n) if n > MAX_BODY => {
                self.skip = n;
                (0, Some("body longer than 1 MiB, not read"))
            }
            Length::Bytes(n) => (n as usize, None),
        };
        if rest.len() < head + length {
            (self.searched, self.need) = (head.saturating_sub(3), head + length);
            return Found::Wait;
        }
        let defect = defect.map(|what| Malformed { at: head, what });
        message(segment, at..at + head + length, (first, head), &mut Carrier::Stream, defect, out);
        Found::Used(head + length)
    }

    fn keep_marks(&mut self, marks: &[Mark], used: usize, base: usize) {
        let first = marks.iter().rposition(|m| m.at <= used).unwrap_or(0);
        self.marks
            .extend(marks.iter().skip(first).map(|m| Mark { at: base + m.at.saturating_sub(used), frame: m.frame }));
    }

    fn drop_front(&mut self, used: usize) {
        if used >= self.held.len() {
            // Given back: of thousands of connections few hold half a message at a time.
            (self.held, self.marks) = (Vec::new(), Vec::new());
            self.last = None;
            return;
        }
        self.held.drain(..used);
        let marks = std::mem::take(&mut self.marks);
        self.keep_marks(&marks, used, 0);
    }
}
