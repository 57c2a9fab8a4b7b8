//! NTP and SNTP: whether a phone is told the time, and by what kind of clock (RFC 5905, RFC 4330).
//!
//! Read: the head of client and server messages. Not read: extensions, authentication, control messages.

use super::{Datagrams, On, Probe, Protocol};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, Fields, Value, text, time, uint};
use crate::time::Ts;
use crate::{events, fields};

/// NTP.
pub static PROTOCOL: Protocol = Protocol {
    name: "ntp",
    title: "NTP",
    on: &[On::Udp(123)],
    probe,
    new: || Box::new(Datagrams { read, malformed: &MALFORMED }),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x23\0\x06\xec\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe9\0\0\0\x80\0\0\0",
        b"\x24\x02\x06\xec\0\0\0\0\0\0\0\0\x0a\x01\x01\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe9\0\0\0\x80\0\0\0",
    ],
};

fields! { FIELDS;
    VERSION = uint("ntp.flags.vn", "Version");
    MODE = uint("ntp.flags.mode", "Who speaks").codes(mode);
    LEAP = uint("ntp.flags.li", "Leap second to come; 3: the clock is not set").codes(leap);
    STRATUM = uint("ntp.stratum", "Distance from a reference clock: 1 has one, 0 refuses, 16 is not set");
    KISS = text("ntp.refid.kiss", "Why the server refuses: DENY, RATE, RSTR");
    TRANSMIT = time("ntp.xmt", "Time of the sender when it sent this");
}

events! { EVENTS;
    REQUEST = "ntp.request", "A station asks for the time.";
    RESPONSE = "ntp.response", "A server tells the time.";
    OTHER = "ntp.other", "Another NTP message: broadcast, peers, control.";
    MALFORMED = "ntp.malformed", "Bytes that are no NTP message.";
}

fn mode(code: u64) -> Option<&'static str> {
    let names =
        ["reserved", "symmetric active", "symmetric passive", "client", "server", "broadcast", "control", "private"];
    names.get(usize::try_from(code).ok()?).copied()
}

fn leap(code: u64) -> Option<&'static str> {
    let names = ["no leap second", "61 seconds in the last minute", "59 seconds in the last minute", "clock not set"];
    names.get(usize::try_from(code).ok()?).copied()
}

/// From 1900 (NTP) to 1970, in seconds.
const EPOCH: i64 = 2_208_988_800;
/// Bytes of a message without extensions.
const LENGTH: usize = 48;

fn probe(bytes: &[u8]) -> Probe {
    match bytes {
        [first, ..] if (1..=4).contains(&(first >> 3 & 7)) && first & 7 != 0 && bytes.len() >= 12 => Probe::Yes,
        _ => Probe::No,
    }
}

/// Reads a message into `fields`.
pub fn read(bytes: &[u8], fields: &mut Fields<'_>) -> Result<&'static EventDef, Malformed> {
    let mut r = Reader::new(bytes);
    let first = r.u8("flags")?;
    fields.uint(&LEAP, first >> 6, 0, 1).uint(&VERSION, first >> 3 & 7, 0, 1).uint(&MODE, first & 7, 0, 1);
    let event = match first & 7 {
        3 => &REQUEST,
        4 => &RESPONSE,
        1 | 2 | 5 => &OTHER,
        // Control messages are laid out otherwise.
        _ => return Ok(&OTHER),
    };
    let stratum = r.u8("stratum")?;
    fields.uint(&STRATUM, stratum, 1, 1);
    r.take(10, "root delay")?;
    let id: [u8; 4] = r.array("reference id")?;
    if event == &RESPONSE && stratum == 0 && id.iter().all(u8::is_ascii_uppercase) {
        fields.str(&KISS, String::from_utf8_lossy(&id).into_owned(), 12, 4);
    }
    r.take(LENGTH - 8 - 16, "timestamps")?;
    let (seconds, fraction) = (r.u32("transmit timestamp")?, r.u32("transmit timestamp")?);
    if seconds != 0 {
        let nanos = (u64::from(fraction) * 1_000_000_000) >> 32;
        // Seconds below 2^31 belong to the era that begins in 2036.
        let era = if seconds < 1 << 31 { 1i64 << 32 } else { 0 };
        let at = (i64::from(seconds) + era - EPOCH) * 1_000_000_000 + nanos as i64;
        fields.push(&TRANSMIT, Value::Time(Ts::from_nanos(at)), LENGTH - 8, 8);
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    #[test]
    fn who_asks_and_who_tells() {
        assert_eq!(
            datagram(&PROTOCOL, PROTOCOL.samples[0]),
            [
                "ntp.request ntp.flags.li=0 ntp.flags.vn=4 ntp.flags.mode=3 ntp.stratum=0 ntp.xmt=2023-11-16T02:42:08.500000000Z"
            ]
        );
        let mut refused = PROTOCOL.samples[1].to_vec();
        refused[12..16].copy_from_slice(b"RATE");
        refused[1] = 0;
        assert!(datagram(&PROTOCOL, &refused).concat().contains("ntp.stratum=0 ntp.refid.kiss=RATE"));
        let cut = datagram(&PROTOCOL, &PROTOCOL.samples[1][..20]).concat();
        assert!(cut.starts_with("ntp.malformed") && cut.ends_with("at=16 what=timestamps"), "{cut}");
        assert_eq!(probe(b"\x83\0\0\0"), Probe::No);
        any_datagram(&PROTOCOL);
    }
}
