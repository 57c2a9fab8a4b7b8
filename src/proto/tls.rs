//! TLS: what can be seen of it without keys: hellos, certificates, alerts, sizes (RFC 5246, RFC 8446).
//!
//! Read: records over segments and handshake messages over records, until a side begins to encrypt; alerts in the
//! clear; how long the records of encrypted data are. The data of NULL ciphers are offered to whoever reads what is
//! inside. Not read: anything encrypted, DTLS, and hellos of SSL 2.0. What one side sends after its ChangeCipherSpec is encrypted; a TLS 1.3 server
//! hides everything after its hello in records of data.

mod message;
mod names;
mod samples;

use std::ops::Range;

use super::{Dissect, On, Out, Probe, Protocol, Segment, Side};
use crate::bytes::Malformed;
use crate::event::{EventDef, Fields, Origin};
use message::Heard;
pub use names::*;

/// Signalling, services, CAPF (3804), TVS (2445), configuration (6971, 6972), directory (636).
pub static PROTOCOL: Protocol = Protocol {
    name: "tls",
    title: "TLS",
    on: &[
        On::Tcp(443),
        On::Tcp(5061),
        On::Tcp(2443),
        On::Tcp(CAPF_PORT),
        On::Tcp(TVS_PORT),
        On::Tcp(6971),
        On::Tcp(6972),
        On::Tcp(8443),
        On::Tcp(2749),
        On::Tcp(636),
        On::AnyTcp,
    ],
    probe,
    new: || Box::<Tls>::default(),
    fields: FIELDS,
    events: EVENTS,
    samples: &[samples::HELLO, samples::FLIGHT],
};

/// CAPF is judged by the sizes of its records.
const CAPF_PORT: u16 = 3804;
/// TVS is judged by the sizes of its records.
const TVS_PORT: u16 = 2445;
/// Head of a record: content type, version, length.
const HEAD: usize = 5;
/// Longest record: 2^14 bytes of content and what encryption may add (RFC 5246 §6.2.3).
const MAX_RECORD: usize = (1 << 14) + 2048;
/// Longest handshake message that is put together.
const MAX_MESSAGE: usize = 1 << 18;
const TLS_1_3: u16 = 0x0304;
/// An alert in a TLS 1.3 record of data: level, description, content type, tag.
const HIDDEN_ALERT: usize = 2 + 1 + 16;

/// The content type, version and length of a record whose head begins `bytes`.
fn head(bytes: &[u8]) -> Option<(u8, u16, usize)> {
    let [kind, major, minor, high, low, ..] = *bytes else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let sane = (20..=23).contains(&kind) && major == 3 && minor <= 4 && length <= MAX_RECORD;
    // Only data may be empty; a cipher change is one byte.
    let sane = sane && (length > 0 || kind == 23) && (kind != 20 || length == 1) && (kind != 21 || length > 1);
    sane.then_some((kind, u16::from_be_bytes([major, minor]), length))
}

fn probe(bytes: &[u8]) -> Probe {
    match bytes {
        [kind, ..] if !(20..=23).contains(kind) => Probe::No,
        [_, major, ..] if *major != 3 => Probe::No,
        [_, _, minor, ..] if *minor > 4 => Probe::No,
        _ if bytes.len() < HEAD => Probe::NeedMore,
        _ if head(bytes).is_some() => Probe::Yes,
        _ => Probe::No,
    }
}

/// One connection.
#[derive(Debug, Default)]
struct Tls {
    halves: [Half; 2],
    /// What the server chose; 0 until its hello.
    version: u16,
    cipher: u16,
    /// Session id that the client offered.
    session: Vec<u8>,
    established: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Half {
    /// A record was read.
    begun: bool,
    /// A hello was read: what follows up to the cipher change is in the clear.
    hello: bool,
    encrypted: bool,
    /// Bytes are missing: look for the next record.
    lost: bool,
    /// No TLS: nothing more is read.
    dead: bool,
    /// A handshake message that goes on in the next record, and the frames that brought it.
    message: Vec<u8>,
    frames: Vec<u64>,
}

impl Dissect for Tls {
    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let side = segment.side;
        let mut at = 0;
        loop {
            let rest = segment.bytes.get(at..).unwrap_or_default();
            let joined_late = !self.halves.iter().any(|half| half.hello);
            let half = self.half(side);
            if half.dead {
                return segment.bytes.len();
            }
            if rest.is_empty() {
                break;
            }
            if rest.len() < HEAD && probe(rest) == Probe::NeedMore && !segment.end {
                return at;
            }
            if half.lost {
                let Some(skip) = resync(rest) else { return segment.bytes.len() };
                half.lost = false;
                at += skip;
                continue;
            }
            let Some((kind, _, length)) = head(rest) else {
                // Where the capture began in the middle this may be the rest of a record.
                if joined_late && !half.begun {
                    half.lost = true;
                    continue;
                }
                half.dead = true;
                let fields = out.fields();
                let fault = Malformed { at: 0, what: "TLS record" };
                out.event_in(&MALFORMED, fields, segment, at..segment.bytes.len(), Some(fault));
                return segment.bytes.len();
            };
            let end = at + HEAD + length;
            if end > segment.bytes.len() {
                if !segment.end {
                    return at;
                }
                // Nothing more comes: of a handshake, what is there.
                if kind == 22 {
                    self.handshake(at..segment.bytes.len(), segment, out);
                }
                break;
            }
            half.begun = true;
            match kind {
                20 => self.cipher_change(at..end, segment, out),
                21 => self.alert(at..end, segment, out),
                22 => self.handshake(at..end, segment, out),
                _ => self.data(at..end, segment, out),
            }
            at = end;
        }
        if segment.end {
            self.rest_of_message(segment, out);
        }
        segment.bytes.len()
    }

    fn gap(&mut self, side: Side, _lost: u64, _origin: &Origin, _out: &mut Out<'_>) {
        let half = self.half(side);
        half.lost = true;
        // A cipher change may be lost too: from here on a message must prove that it is in the clear.
        half.hello = false;
        half.message.clear();
        half.frames.clear();
    }

    fn held(&self) -> usize {
        self.halves.iter().map(|half| half.message.len()).sum()
    }
}

impl Tls {
    fn half(&mut self, side: Side) -> &mut Half {
        let [client, server] = &mut self.halves;
        if side == Side::Client { client } else { server }
    }

    fn cipher_change(&mut self, part: Range<usize>, segment: &Segment<'_>, out: &mut Out<'_>) {
        let fields = record(part.clone(), segment, out);
        out.event_in(&CHANGE_CIPHER_SPEC, fields, segment, part, None);
        // In TLS 1.3 it means nothing; it is sent for the sake of boxes in the middle.
        self.half(segment.side).encrypted = true;
        if self.version < TLS_1_3 && self.halves.iter().all(|half| half.encrypted) {
            self.establish(segment, out);
        }
    }

    fn alert(&mut self, part: Range<usize>, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = record(part.clone(), segment, out);
        fields.str(&ALERT_SENDER, if segment.side == Side::Client { "client" } else { "server" }, 0, 0);
        let end = self.clear_end(part.clone(), segment.side).unwrap_or(part.end);
        let content = segment.bytes.get(part.start + HEAD..end).unwrap_or_default();
        if let [level, code] = *content {
            fields.uint(&ALERT_LEVEL, level, HEAD, 1).uint(&ALERT_DESC, code, HEAD + 1, 1);
            if let Some(name) = alert(u64::from(code)) {
                fields.str(&ALERT_NAME, name, HEAD + 1, 1);
            }
        }
        fields.flag(&ALERT_ENCRYPTED, content.len() != 2, 0, 0);
        out.event_in(&ALERT, fields, segment, part, None);
    }

    fn data(&mut self, part: Range<usize>, segment: &Segment<'_>, out: &mut Out<'_>) {
        let length = part.len() - HEAD;
        let content = part.start + HEAD..part.end;
        let hello = self.halves.iter().any(|half| half.hello);
        // What was agreed on is not in the capture: the data may be in the clear.
        let unknown = self.version == 0 && !hello;
        let clear = self.clear_end(part.clone(), segment.side).filter(|end| *end < part.end);
        let by_size = segment.origin.server().is_some_and(|server| [CAPF_PORT, TVS_PORT].contains(&server.port));
        if by_size || out.detail() {
            let mut fields = record(part.clone(), segment, out);
            let added = (self.version != 0).then(|| overhead(self.version, self.cipher)).flatten();
            if let Some(plain) = added.and_then(|added| length.checked_sub(usize::from(added))) {
                fields.uint(&PLAIN_LENGTH, plain as u64, 0, 0);
            }
            if unknown || clear.is_some() {
                fields.bytes(&APP_DATA, segment.bytes.get(content.clone()).unwrap_or_default(), HEAD);
            }
            out.event_in(&DATA, fields, segment, part.clone(), None);
        }
        // TLS 1.3 hides its handshake in records of data; the client's first one ends it, unless it is an alert.
        let over = match self.version {
            TLS_1_3 => segment.side == Side::Client && length != HIDDEN_ALERT,
            _ => !hello || self.half(segment.side).encrypted,
        };
        if over {
            self.establish(segment, out);
        }
        if unknown || clear.is_some() {
            let trailer = clear.map(|end| part.end - end);
            out.inside(segment, content, trailer);
        }
    }

    fn establish(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        if std::mem::replace(&mut self.established, true) {
            return;
        }
        let mut fields = out.fields();
        if let Some(name) = version(u64::from(self.version)) {
            fields.str(&VERSION, name, 0, 0);
            if let Some(name) = cipher(u64::from(self.cipher)) {
                fields.str(&CIPHER, name, 0, 0).flag(&NULL_CIPHER, name.contains("_WITH_NULL_"), 0, 0);
            }
        }
        out.event_of(&ESTABLISHED, fields, segment.origin, &[segment.origin.frame], &[], None);
    }

    /// Where the content of a record ends that is in the clear; `None` if it is encrypted. A NULL cipher leaves
    /// the content in the clear and adds a checksum.
    fn clear_end(&mut self, part: Range<usize>, side: Side) -> Option<usize> {
        if !self.half(side).encrypted {
            return Some(part.end);
        }
        cipher(u64::from(self.cipher)).filter(|name| self.version != 0 && name.contains("_WITH_NULL_"))?;
        let end = part.end.checked_sub(usize::from(overhead(self.version, self.cipher)?))?;
        (end >= part.start + HEAD).then_some(end)
    }

    /// A record of handshake messages: whole ones are said, what goes on in the next record is kept.
    fn handshake(&mut self, part: Range<usize>, segment: &Segment<'_>, out: &mut Out<'_>) {
        let Some(end) = self.clear_end(part.clone(), segment.side) else { return hidden(part, segment, out) };
        let (mut at, part) = (part.start + HEAD, part.start..end);
        while at < part.end {
            let rest = segment.bytes.get(at..part.end).unwrap_or_default();
            let half = self.half(segment.side);
            if !half.message.is_empty() {
                let missing = missing(&half.message).min(rest.len());
                half.message.extend(rest.iter().take(missing));
                half.frames.extend(frames(segment, at..at + missing));
                at += missing;
                if self::missing(&self.half(segment.side).message) == 0 {
                    self.whole_message(segment, out, None);
                }
                continue;
            }
            let whole = missing(rest.get(..4).unwrap_or(rest)) + rest.len().min(4);
            let first = rest.first().copied().unwrap_or_default();
            let clear = half.hello || matches!(first, 1 | 2);
            if handshake_type(u64::from(first)).is_none() || whole > MAX_MESSAGE || !clear && whole > rest.len() {
                return hidden(part, segment, out);
            }
            if whole > rest.len() || rest.len() < 4 {
                half.message.extend(rest);
                half.frames.extend(frames(segment, at..part.end));
                return;
            }
            let place = at..at + whole;
            let mut fields = out.fields();
            let message = segment.bytes.get(place.clone()).unwrap_or_default();
            let (def, heard, defect) = message::read(message, segment.origin.time, &mut fields);
            name_service(def, segment.origin, &mut fields);
            self.remember(heard, segment.side, &mut fields);
            out.event_in(def, fields, segment, place, defect);
            at += whole;
        }
    }

    /// Says the message that was put together from several records.
    fn whole_message(&mut self, segment: &Segment<'_>, out: &mut Out<'_>, cut: Option<Malformed>) {
        let half = self.half(segment.side);
        let (message, mut frames) = (std::mem::take(&mut half.message), std::mem::take(&mut half.frames));
        frames.retain(|frame| *frame < segment.origin.frame);
        frames.push(segment.origin.frame);
        frames.sort_unstable();
        frames.dedup();
        let mut fields = out.fields();
        let (def, heard, defect) = message::read(&message, segment.origin.time, &mut fields);
        name_service(def, segment.origin, &mut fields);
        self.remember(heard, segment.side, &mut fields);
        out.event_of(def, fields, segment.origin, &frames, &message, defect.or(cut));
    }

    /// The side is over in the middle of a message: what is there of it.
    fn rest_of_message(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let held = self.half(segment.side).message.len();
        if held > 0 {
            self.whole_message(segment, out, Some(Malformed { at: held, what: "end of a handshake message" }));
        }
    }

    fn remember(&mut self, heard: Heard, side: Side, fields: &mut Fields<'_>) {
        match heard {
            Heard::Client(session) => self.session = session,
            Heard::Server { version, cipher, session } => {
                (self.version, self.cipher) = (version, cipher);
                if version < TLS_1_3 {
                    fields.flag(&RESUMED, !session.is_empty() && session == self.session, 0, 0);
                }
            }
            Heard::Other => return,
        }
        self.half(side).hello = true;
    }
}

/// A client hello says what it is for, as far as the port tells.
fn name_service(def: &'static EventDef, origin: &Origin, fields: &mut Fields<'_>) {
    let asked = origin.server().filter(|_| def == &CLIENT_HELLO);
    if let Some(service) = asked.and_then(|server| service(server.port)) {
        fields.str(&SERVICE, service, 0, 0);
    }
}

/// The fields of a record's head.
fn record<'a>(part: Range<usize>, segment: &Segment<'_>, out: &mut Out<'_>) -> Fields<'a> {
    let mut fields = out.fields();
    if let Some((kind, version, length)) = segment.bytes.get(part).and_then(head) {
        fields.uint(&CONTENT_TYPE, kind, 0, 1).uint(&RECORD_VERSION, version, 1, 2).uint(
            &RECORD_LENGTH,
            length as u64,
            3,
            2,
        );
    }
    fields
}

/// A record of handshake messages that are encrypted.
fn hidden(part: Range<usize>, segment: &Segment<'_>, out: &mut Out<'_>) {
    let mut fields = record(part.clone(), segment, out);
    fields.flag(&HANDSHAKE_ENCRYPTED, true, 0, 0);
    out.event_in(&HANDSHAKE, fields, segment, part, None);
}

/// How many bytes a handshake message still lacks, as far as its beginning tells.
fn missing(message: &[u8]) -> usize {
    match *message {
        [_, a, b, c, ref rest @ ..] => (u32::from_be_bytes([0, a, b, c]) as usize).saturating_sub(rest.len()),
        _ => 4 - message.len(),
    }
}

/// Where the next record begins: a head that is followed by another one, or by the end.
fn resync(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).find(|at| {
        let rest = bytes.get(*at..).unwrap_or_default();
        head(rest).is_some_and(|(_, _, length)| match rest.get(HEAD + length..) {
            Some(next) => next.is_empty() || probe(next) != Probe::No,
            // It goes on in the next segment: believed only where a segment begins with it.
            None => *at == 0,
        })
    })
}

/// The frames that brought a part of the segment.
fn frames<'s>(segment: &'s Segment<'_>, part: Range<usize>) -> impl Iterator<Item = u64> + use<'s> {
    let ends = segment.marks.iter().skip(1).map(|next| next.at).chain(std::iter::once(usize::MAX));
    let inside = move |at: usize, end: usize| at < part.end && end > part.start;
    segment.marks.iter().zip(ends).filter(move |(mark, end)| inside(mark.at, *end)).map(|(mark, _)| mark.frame)
}

#[cfg(test)]
mod tests;
