//! SCCP, Skinny: how a CallManager rules a station – registration, keepalive, calls, media.
//!
//! Read: the framing, and every message that tshark 4.0 knows by name, with the layouts of header versions 0 to 22
//! (the table in `messages.rs`). Keys of media are masked. Not read: bit fields, capabilities beyond the list of codecs, tables of buttons.
//! Text may hold codes of the phone's own dictionary (0x80 and a number). Two messages may share a segment, one may
//! take several. Where bytes are no message, reading goes on at the start of a later segment: senders begin one there.
//! Keys pressed during a call may be a PIN: [`fields::KP_BUTTON`] carries them as the wire does.

mod codes;
pub mod fields;
mod layout;
mod messages;
mod samples;

use std::net::IpAddr;
use std::sync::Arc;

use fields::*;
use messages::Message;

use super::{Announced, Dissect, Encoding, Expect, On, Out, Probe, Protocol, Segment, Side};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, FieldDef, Fields, Origin, Value};

/// SCCP over TCP, in clear.
pub static PROTOCOL: Protocol = Protocol {
    name: "skinny",
    title: "SCCP",
    on: &[On::Tcp(PORT_OF_MANAGER), On::AnyTcp],
    probe,
    new: || Box::<Dissector>::default(),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        samples::REGISTER_SAMPLE,
        samples::REGISTER_ACK_SAMPLE,
        samples::REGISTER_REJECT_SAMPLE,
        samples::ALARM_SAMPLE,
        samples::KEEPALIVES_SAMPLE,
        samples::RESET_SAMPLE,
        samples::TOKENS_SAMPLE,
        samples::CALL_STATE_SAMPLE,
        samples::OPEN_SAMPLE,
        samples::OPEN_ACK_SAMPLE,
        samples::START_MEDIA_SAMPLE,
    ],
};

/// Where a CallManager listens.
const PORT_OF_MANAGER: u16 = 2000;
/// Where it listens for stations in TLS; SCCP shows there when the cipher is a NULL one.
const SECURE_PORT_OF_MANAGER: u16 = 2443;
/// Length, header version and message id.
const HEADER: usize = 12;
/// More than any message needs; a length beyond it is none.
const LONGEST: usize = 65_536;
/// The longest message whose id may be unknown, and the longest that begins a connection.
const LONGEST_UNKNOWN: usize = 4096;

/// The header of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of id and body.
    pub length: u32,
    /// Which layouts.
    pub version: u32,
    /// Which message.
    pub id: u32,
}

/// What the bytes of a stream begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A message of that many bytes.
    Whole(usize),
    /// The beginning of a message.
    More,
    /// No message.
    Bad(Malformed),
}

/// Cuts the first message off a stream.
pub fn cut(stream: &[u8]) -> Cut {
    let mut r = Reader::new(stream);
    let Ok(length) = r.u32_le("length") else { return Cut::More };
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if !(4..=LONGEST).contains(&size) {
        return Cut::Bad(Malformed { at: 0, what: "length" });
    }
    let Ok(version) = r.u32_le("header version") else { return Cut::More };
    if !is_version(version) {
        return Cut::Bad(Malformed { at: 4, what: "header version" });
    }
    let Ok(id) = r.u32_le("message id") else { return Cut::More };
    if size > LONGEST_UNKNOWN && messages::message(id).is_none() {
        return Cut::Bad(Malformed { at: 0, what: "length of an unknown message" });
    }
    if stream.len() < size + 8 { Cut::More } else { Cut::Whole(size + 8) }
}

/// Reads one message: its fields go to `fields`, in the order of the wire.
pub fn parse<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> Result<Header, Malformed> {
    let mut r = Reader::new(bytes);
    let header = header(&mut r, fields)?;
    let mut body = r.sub(r.left().min((header.length as usize).saturating_sub(4)), "body")?;
    match messages::message(header.id) {
        Some(message) => layout::read(message.body, header.version, &mut body, fields)?,
        None if !body.is_empty() => _ = fields.bytes(&BODY, body.rest(), body.at()),
        None => {}
    }
    if bytes.len() < header.length as usize + 8 {
        return Err(Malformed { at: bytes.len(), what: "end of the message" });
    }
    Ok(header)
}

fn header(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<Header, Malformed> {
    let length = r.u32_le("length")?;
    fields.uint(&DATA_LENGTH, length, 0, 4);
    let version = r.u32_le("header version")?;
    fields.uint(&HDR_VERSION, version, 4, 4);
    let id = r.u32_le("message id")?;
    fields.uint(&MESSAGE_ID, id, 8, 4);
    Ok(Header { length, version, id })
}

/// The header versions that exist; tshark takes no others either.
fn is_version(version: u32) -> bool {
    matches!(version, 0 | 10 | 11 | 15..=22)
}

/// Strict, as it decides for any port: a known message, long enough for what it is, and another header after it.
fn probe(bytes: &[u8]) -> Probe {
    let mut rest = bytes;
    let mut found = Probe::NeedMore;
    loop {
        let size = match cut(rest) {
            Cut::Bad(_) => return Probe::No,
            Cut::More | Cut::Whole(_) if rest.len() < HEADER => return found,
            Cut::More => None,
            Cut::Whole(size) => Some(size),
        };
        if !begins(rest) {
            return Probe::No;
        }
        found = Probe::Yes;
        match size.and_then(|size| rest.get(size..)) {
            Some(next) => rest = next,
            None => return found,
        }
    }
}

/// A header of a known message that is long enough for what it is.
fn begins(bytes: &[u8]) -> bool {
    let mut r = Reader::new(bytes);
    let (Ok(length), Ok(version), Ok(id)) = (r.u32_le("length"), r.u32_le("header version"), r.u32_le("message id"))
    else {
        return false;
    };
    let size = length as usize;
    is_version(version) && size <= LONGEST_UNKNOWN && messages::message(id).is_some_and(|m| size >= m.least + 4)
}

#[derive(Debug, Default)]
struct Dissector {
    /// Per direction: the start of a message is to be looked for.
    lost: [bool; 2],
    /// Whether the station registered as a phone; `None` while no registration was seen.
    phone: Option<bool>,
}

impl Dissect for Dissector {
    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let all = segment.bytes.len();
        let next_start =
            |at: usize| segment.marks.iter().map(|m| m.at).find(|start| *start > at).unwrap_or(all).min(all);
        let mut lost = self.lost.get(segment.side.index()).is_some_and(|lost| *lost);
        let mut at = 0;
        while let Some(rest) = segment.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // Senders begin a message at the start of a segment: there reading goes on.
            if lost && !begins(rest) {
                if rest.len() < HEADER && !segment.end && !matches!(cut(rest), Cut::Bad(_)) {
                    break;
                }
                at = next_start(at);
                continue;
            }
            lost = false;
            match cut(rest) {
                Cut::Whole(size) => {
                    self.message(segment, at..at + size, out);
                    at += size;
                }
                Cut::More if segment.end => {
                    self.message(segment, at..all, out);
                    at = all;
                }
                Cut::More => break,
                Cut::Bad(defect) => {
                    let end = next_start(at);
                    let mut fields = out.fields();
                    // What of the header is there; it is known to be wrong.
                    let there = rest.get(..(defect.at + 4).min(end - at)).unwrap_or(rest);
                    let _ = header(&mut Reader::new(there), &mut fields);
                    out.event_in(&MALFORMED, fields, segment, at..end, Some(defect));
                    (at, lost) = (end, true);
                }
            }
        }
        self.set_lost(segment.side, lost);
        at
    }

    fn gap(&mut self, side: Side, _lost: u64, _origin: &Origin, _out: &mut Out<'_>) {
        self.set_lost(side, true);
    }
}

impl Dissector {
    fn set_lost(&mut self, side: Side, lost: bool) {
        if let Some(slot) = self.lost.get_mut(side.index()) {
            *slot = lost;
        }
    }

    fn message(&mut self, segment: &Segment<'_>, part: std::ops::Range<usize>, out: &mut Out<'_>) {
        let bytes = segment.bytes.get(part.clone()).unwrap_or_default();
        let mut fields = out.fields();
        let defect = parse(bytes, &mut fields).err();
        let id = uint(&fields, &MESSAGE_ID).and_then(|id| u32::try_from(id).ok());
        let message = id.and_then(messages::message);
        let event = match (id, message) {
            (None, _) => &MALFORMED,
            (Some(_), None) => &UNKNOWN,
            (_, Some(message)) => message.event,
        };
        self.derive(event, segment.origin, &mut fields);
        let announced = message.and_then(|m| announced(m, &fields));
        out.event_in(event, fields, segment, part, defect);
        if let Some(expect) = announced {
            out.expect(expect);
        }
    }

    /// Adds what the numbers mean to the models.
    fn derive(&mut self, event: &'static EventDef, origin: &Origin, fields: &mut Fields<'_>) {
        if let Some(name) = uint(fields, &RESET_TYPE).and_then(codes::reset_type) {
            fields.str(&RESET_NAME, name, 0, 0);
        }
        if let Some(name) = uint(fields, &CALL_STATE).and_then(codes::call_state) {
            fields.str(&CALL_STATE_NAME, name, 0, 0);
        }
        if event == &REGISTER || event == &REGISTER_TOKEN_REQ {
            let Some(model) = uint(fields, &DEVICE_TYPE) else { return };
            let named = matches!(fields.get(&DEVICE_NAME), Some(Value::Text(name)) if is_phone_name(name));
            let phone = codes::is_phone(model) || named && codes::device_type(model).is_none();
            self.phone = Some(phone);
            fields.flag(&PHONE, phone, 0, 0);
        } else {
            let from = |end: Option<crate::event::Endpoint>| {
                end.is_some_and(|e| matches!(e.port, PORT_OF_MANAGER | SECURE_PORT_OF_MANAGER))
            };
            let by_station = [&OFF_HOOK, &KEYPAD, &SOFT_KEY].contains(&event) && !from(origin.src);
            let to_station = event == &CALL_STATE_EVENT && !from(origin.dst);
            if by_station || to_station {
                fields.flag(&PHONE, self.phone.unwrap_or(true), 0, 0);
            }
        }
    }
}

/// `SEP` and the twelve digits of a MAC.
fn is_phone_name(name: &str) -> bool {
    name.strip_prefix("SEP").is_some_and(|mac| mac.len() == 12 && mac.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Where RTP will be, if the message says so.
fn announced(message: &Message, fields: &Fields<'_>) -> Option<Expect> {
    let (addresses, port, status): ([&'static FieldDef; 2], _, Option<&'static FieldDef>) = match message.id {
        0x22 => ([&IPV4, &IPV6], &PORT, Some(&RECEPTION_STATUS)),
        0x31 => ([&IPV4, &IPV6], &PORT, Some(&MULTIMEDIA_STATUS)),
        0x8a | 0x132 => ([&REMOTE_IPV4, &REMOTE_IPV6], &REMOTE_PORT, None),
        0x101 | 0x102 => ([&MULTICAST_IPV4, &MULTICAST_IPV6], &MULTICAST_PORT, None),
        0x154 => ([&TRANSMIT_IPV4, &TRANSMIT_IPV6], &PORT, Some(&TRANSMISSION_STATUS)),
        0x155 => ([&TRANSMIT_IPV4, &TRANSMIT_IPV6], &PORT, Some(&MULTIMEDIA_TRANSMISSION_STATUS)),
        _ => return None,
    };
    if status.is_some_and(|def| uint(fields, def) != Some(0)) {
        return None;
    }
    let port = uint(fields, port).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?;
    let ip: IpAddr = addresses.iter().find_map(|def| match fields.get(def) {
        Some(Value::Ip(ip)) if !ip.is_unspecified() => Some(*ip),
        _ => None,
    })?;
    Some(Expect { ip, port, peer: None, ip_proto: 17, proto: "rtp", media: media(fields) })
}

/// What a message says of the media itself; nothing where it has neither of these fields.
fn media(fields: &Fields<'_>) -> Option<Arc<Announced>> {
    let secured = uint(fields, &ALGORITHM)? != 0;
    let digits = uint(fields, &RFC2833_TYPE).and_then(|kind| u8::try_from(kind).ok()).filter(|kind| *kind >= 96);
    let digits = digits.map(|payload_type| Encoding { payload_type, name: "telephone-event".to_owned(), clock: 8000 });
    Some(Arc::new(Announced { secured, encodings: digits.into_iter().collect() }))
}

fn uint(fields: &Fields<'_>, def: &'static FieldDef) -> Option<u64> {
    fields.get(def).and_then(Value::as_uint)
}

#[cfg(test)]
mod tests;
