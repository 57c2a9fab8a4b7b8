//! SNMP: that a management or paging server asks, with which version and what came back (RFC 1157, RFC 3416).
//!
//! Read: version, community (masked), kind of message, error status. Not read: variables, the inside of version 3.

use super::{Datagrams, On, Probe, Protocol};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, Fields, text, uint};
use crate::{events, fields};

/// SNMP.
pub static PROTOCOL: Protocol = Protocol {
    name: "snmp",
    title: "SNMP",
    on: &[On::Udp(161), On::Udp(162)],
    probe,
    new: || Box::new(Datagrams { read, malformed: &MALFORMED }),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x30\x1a\x02\x01\x01\x04\x06public\xa0\x0d\x02\x01\x07\x02\x01\0\x02\x01\0\x30\x02\x05\0",
        b"\x30\x0c\x02\x01\x03\x30\x07\x02\x01\x05\x02\x02\x05\xc0",
    ],
};

fields! { FIELDS;
    VERSION = uint("snmp.version", "Version").codes(version);
    COMMUNITY = text("snmp.community", "Community: a password in the clear").secret();
    PDU = uint("snmp.pdu_type", "Kind of message").codes(pdu);
    ERROR_STATUS = uint("snmp.error_status", "What went wrong; 0 nothing").codes(error);
}

events! { EVENTS;
    REQUEST = "snmp.request", "A manager asks or sets.";
    RESPONSE = "snmp.response", "An agent answers.";
    TRAP = "snmp.trap", "An agent tells of its own accord.";
    SECURED = "snmp.secured", "A message of version 3, whose inside is not read.";
    MALFORMED = "snmp.malformed", "Bytes that are no SNMP message.";
}

fn version(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "v1",
        1 => "v2c",
        3 => "v3",
        _ => return None,
    })
}

fn pdu(code: u64) -> Option<&'static str> {
    let names = ["get", "get next", "response", "set", "trap (v1)", "get bulk", "inform", "trap (v2)", "report"];
    names.get(usize::try_from(code).ok()?).copied()
}

fn error(code: u64) -> Option<&'static str> {
    let names = ["no error", "too big", "no such name", "bad value", "read only", "general error", "no access"];
    names.get(usize::try_from(code).ok()?).copied()
}

/// A sequence that begins with a version that exists.
fn probe(bytes: &[u8]) -> Probe {
    let mut r = Reader::new(bytes);
    let found = tag(&mut r, 0x30, "message").and_then(|_| number(&mut r, "version").map(|(number, _)| number));
    match found {
        Ok(0 | 1 | 3) => Probe::Yes,
        _ => Probe::No,
    }
}

/// Takes the head of an element of that tag, and gives its length.
fn tag(r: &mut Reader<'_>, wanted: u8, what: &'static str) -> Result<usize, Malformed> {
    let at = r.at();
    if r.u8(what)? != wanted {
        return Err(Malformed { at, what });
    }
    length(r, what)
}

fn length(r: &mut Reader<'_>, what: &'static str) -> Result<usize, Malformed> {
    Ok(match r.u8(what)? {
        0x81 => usize::from(r.u8(what)?),
        0x82 => usize::from(r.u16(what)?),
        short => usize::from(short & 0x7f),
    })
}

/// An integer of up to four bytes, and where its content lies.
fn number(r: &mut Reader<'_>, what: &'static str) -> Result<(u32, (usize, usize)), Malformed> {
    let length = tag(r, 2, what)?;
    let at = r.at();
    if length > 4 {
        return Err(Malformed { at, what });
    }
    let value = r.take(length, what)?.iter().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
    Ok((value, (at, length)))
}

/// Reads a message into `fields`.
pub fn read<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> Result<&'static EventDef, Malformed> {
    let mut r = Reader::new(bytes);
    tag(&mut r, 0x30, "message")?;
    let (version, place) = number(&mut r, "version")?;
    fields.uint(&VERSION, version, place.0, place.1);
    if version == 3 {
        return Ok(&SECURED);
    }
    let length = tag(&mut r, 4, "community")?;
    let at = r.at();
    fields.text(&COMMUNITY, r.take(length, "community")?, at);
    let at = r.at();
    let kind = r.u8("kind of message")?;
    if !(0xa0..=0xa8).contains(&kind) {
        return Err(Malformed { at, what: "kind of message" });
    }
    fields.uint(&PDU, kind & 0x1f, at, 1);
    let event = match kind {
        0xa2 | 0xa8 => &RESPONSE,
        0xa4 | 0xa6 | 0xa7 => &TRAP,
        _ => &REQUEST,
    };
    self::length(&mut r, "kind of message")?;
    // A trap of version 1 is laid out otherwise.
    if kind != 0xa4 {
        number(&mut r, "request id")?;
        let (status, place) = number(&mut r, "error status")?;
        if event == &RESPONSE {
            fields.uint(&ERROR_STATUS, status, place.0, place.1);
        }
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    #[test]
    fn messages() {
        assert_eq!(
            datagram(&PROTOCOL, PROTOCOL.samples[0]),
            ["snmp.request snmp.version=1 snmp.community=public snmp.pdu_type=0"]
        );
        assert_eq!(datagram(&PROTOCOL, PROTOCOL.samples[1]), ["snmp.secured snmp.version=3"]);
        let mut answer = PROTOCOL.samples[0].to_vec();
        (answer[13], answer[20]) = (0xa2, 2);
        assert!(datagram(&PROTOCOL, &answer).concat().ends_with("snmp.pdu_type=2 snmp.error_status=2"));
        assert_eq!(probe(b"GET / HTTP"), Probe::No);
        any_datagram(&PROTOCOL);
    }
}
