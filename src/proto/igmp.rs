//! IGMP: who wants which multicast group (RFC 1112, RFC 2236, RFC 3376).
//!
//! Read: queries, reports and leaves of versions 1 to 3, with the group records of version 3; of other types the
//! type. Not read: DVMRP, PIM and MSNIP, which borrow the protocol number and are no IGMP: they give no event.
//! A wrong checksum is a field, not a defect.

use std::net::Ipv4Addr;

use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, Fields, flag, ip, uint};
use crate::{events, fields};

/// IGMP.
pub static PROTOCOL: Protocol = Protocol {
    name: "igmp",
    title: "IGMP",
    on: &[On::Ip(2)],
    probe: |_| Probe::Yes,
    new: || Box::new(Dissector),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x12\0\x0c\xfe\xe0\0\x01\x01",
        b"\x16\0\x08\xfe\xe0\0\x01\x01",
        b"\x17\0\x07\xfe\xe0\0\x01\x01",
        b"\x22\0\xf8\xfc\0\0\0\x01\x04\0\0\0\xe0\0\x01\x01",
        b"\x22\0\xc9\xf7\0\0\0\x02\x04\x01\0\x01\xe0\0\x01\x01\x0a\x01\x01\x01\0\0\0\0\x03\0\0\0\xe0\0\x01\x02",
        b"\x11\x64\xec\x1e\0\0\0\0\x02\x7d\0\0",
    ],
};

fields! { FIELDS;
    VERSION = uint("igmp.version", "Version, by type and length");
    TYPE = uint("igmp.type", "Type of the message").codes(kind);
    MAX_RESP = uint("igmp.max_resp", "Within which time a query is to be answered").unit("0.1 s");
    CHECKSUM = uint("igmp.checksum", "Checksum as sent");
    CHECKSUM_STATUS = uint("igmp.checksum.status", "Whether the checksum is right").codes(status);
    MADDR = ip("igmp.maddr", "Multicast group; 0.0.0.0 in a general query");
    SUPPRESS = flag("igmp.s", "Routers that hear the query are not to update their timers (version 3)");
    QRV = uint("igmp.qrv", "Robustness of the querier (version 3)");
    QQIC = uint("igmp.qqic", "Code of the querier's query interval (version 3), in seconds below 128");
    NUM_GRP_RECS = uint("igmp.num_grp_recs", "Number of group records (version 3)");
    RECORD_TYPE = uint("igmp.record_type", "What a group record says (version 3)").codes(record);
    NUM_SRC = uint("igmp.num_src", "Number of sources of a query or group record (version 3)");
    SADDR = ip("igmp.saddr", "Source that is wanted or not (version 3)");
    JOINED = ip("igmp.joined", "Group that the sender wants, by this message");
    LEFT = ip("igmp.left", "Group that the sender no longer wants, by this message");
}

events! { EVENTS;
    QUERY = "igmp.query", "A router asks which groups are wanted.";
    JOIN = "igmp.join", "A station wants a group (report of version 1 or 2).";
    LEAVE = "igmp.leave", "A station no longer wants a group (version 2).";
    REPORT = "igmp.report", "A station tells which groups it wants and which not (version 3).";
    OTHER = "igmp.other", "Another IGMP message.";
    MALFORMED = "igmp.malformed", "Bytes that are no IGMP message.";
}

fn kind(code: u64) -> Option<&'static str> {
    Some(match code {
        0x11 => "query",
        0x12 => "version 1 report",
        0x16 => "version 2 report",
        0x17 => "version 2 leave",
        0x1e => "trace response",
        0x1f => "trace",
        0x22 => "version 3 report",
        _ => return None,
    })
}

fn status(code: u64) -> Option<&'static str> {
    ["wrong", "right", "unverified"].get(code as usize).copied()
}

fn record(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "includes",
        2 => "excludes",
        3 => "now includes",
        4 => "now excludes",
        5 => "allows new sources",
        6 => "blocks old sources",
        _ => return None,
    })
}

/// Reads what follows the checksum.
type ReadBody = fn(&mut Reader<'_>, &mut Fields<'_>) -> Result<(), Malformed>;

/// Reads a message into `fields`; `whole` is false if bytes of it are missing, so that no checksum can be made.
/// `None` is another protocol under IGMP's number.
pub fn read(
    bytes: &[u8],
    whole: bool,
    fields: &mut Fields<'_>,
) -> Result<Option<&'static EventDef>, (Option<&'static EventDef>, Malformed)> {
    let mut r = Reader::new(bytes);
    let kind = r.u8("type").map_err(|why| (None, why))?;
    let max_resp = bytes.get(1).copied().unwrap_or(0);
    let (event, version, reader): (_, Option<u8>, ReadBody) = match kind {
        0x11 if bytes.len() >= 12 => (&QUERY, Some(3), query_v3),
        0x11 => (&QUERY, Some(if max_resp == 0 { 1 } else { 2 }), group),
        0x12 => (&JOIN, Some(1), join),
        0x16 => (&JOIN, Some(2), join),
        0x17 => (&LEAVE, Some(2), leave),
        0x22 => (&REPORT, Some(3), report),
        0x1e | 0x1f => (&OTHER, None, group),
        0x13 | 0x14 | 0x23..=0x25 => return Ok(None),
        _ => {
            fields.uint(&TYPE, kind, 0, 1);
            return Ok(Some(&OTHER));
        }
    };
    if let Some(version) = version {
        fields.uint(&VERSION, version, 0, 0);
    }
    fields.uint(&TYPE, kind, 0, 1);
    let mut body = || {
        let code = r.u8("maximum response time")?;
        match version {
            Some(2) => drop(fields.uint(&MAX_RESP, code, 1, 1)),
            Some(3) if kind == 0x11 => drop(fields.uint(&MAX_RESP, float(code), 1, 1)),
            _ => {}
        }
        fields.uint(&CHECKSUM, r.u16("checksum")?, 2, 2);
        // Only version 3 has more than 8 bytes of its own.
        let summed = if version == Some(3) || version.is_none() { Some(bytes) } else { bytes.get(..8) };
        let right = summed.filter(|_| whole).map_or(2u8, |all| u8::from(sum(all) == 0xffff));
        fields.uint(&CHECKSUM_STATUS, right, 0, 0);
        reader(&mut r, fields)
    };
    body().map(|()| Some(event)).map_err(|why| (Some(event), why))
}

fn address(r: &mut Reader<'_>, what: &'static str) -> Result<Ipv4Addr, Malformed> {
    r.array::<4>(what).map(Ipv4Addr::from)
}

fn group(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    let at = r.at();
    fields.ip(&MADDR, address(r, "group")?, at, 4);
    Ok(())
}

fn join(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    let group = address(r, "group")?;
    fields.ip(&MADDR, group, 4, 4).ip(&JOINED, group, 0, 0);
    Ok(())
}

fn leave(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    let group = address(r, "group")?;
    fields.ip(&MADDR, group, 4, 4).ip(&LEFT, group, 0, 0);
    Ok(())
}

fn query_v3(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    group(r, fields)?;
    let flags = r.u8("robustness")?;
    fields.flag(&SUPPRESS, flags & 8 != 0, 8, 1).uint(&QRV, flags & 7, 8, 1);
    fields.uint(&QQIC, r.u8("query interval")?, 9, 1);
    let count = r.u16("number of sources")?;
    fields.uint(&NUM_SRC, count, 10, 2);
    sources(r, count, fields)
}

fn report(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    r.u16("reserved")?;
    let count = r.u16("number of group records")?;
    fields.uint(&NUM_GRP_RECS, count, 6, 2);
    for _ in 0..count {
        let at = r.at();
        let (kind, aux) = (r.u8("record type")?, r.u8("length of auxiliary data")?);
        fields.uint(&RECORD_TYPE, kind, at, 1);
        let count = r.u16("number of sources")?;
        fields.uint(&NUM_SRC, count, at + 2, 2);
        let group = address(r, "group")?;
        fields.ip(&MADDR, group, at + 4, 4);
        // EXCLUDE lets everything through but the sources, INCLUDE and ALLOW the sources alone.
        match (kind, count) {
            (2 | 4, _) | (1 | 3 | 5, 1..) => drop(fields.ip(&JOINED, group, 0, 0)),
            (1 | 3, 0) | (6, _) => drop(fields.ip(&LEFT, group, 0, 0)),
            _ => {}
        }
        sources(r, count, fields)?;
        r.take(usize::from(aux) * 4, "auxiliary data")?;
    }
    Ok(())
}

fn sources(r: &mut Reader<'_>, count: u16, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    for _ in 0..count {
        let at = r.at();
        fields.ip(&SADDR, address(r, "source")?, at, 4);
    }
    Ok(())
}

/// Times of 128 and more are mantissa and exponent (RFC 3376 §4.1.1).
fn float(code: u8) -> u32 {
    if code < 128 { u32::from(code) } else { u32::from(code & 15 | 16) << ((code >> 4 & 7) + 3) }
}

/// One's complement sum of big-endian words; 0xffff if the checksum among them is right.
fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|w| match w {
        [a, b] => u32::from(u16::from_be_bytes([*a, *b])),
        [a] => u32::from(*a) << 8,
        _ => 0,
    });
    words.fold(0, |sum, word| (sum + word) % 0x10000 + (sum + word) / 0x10000)
}

struct Dissector;

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.wanted_fields();
        match read(segment.bytes, segment.cut == 0, &mut fields) {
            Ok(Some(event)) => out.event(event, fields, segment, segment.defect(None)),
            Ok(None) => {}
            Err((event, why)) => {
                out.event(event.unwrap_or(&MALFORMED), fields, segment, segment.defect(Some(why)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], line: &str) {
        assert_eq!(datagram(&PROTOCOL, bytes), [line]);
    }

    #[test]
    fn versions_one_and_two() {
        check(
            b"\x12\0\x0c\xfe\xe0\0\x01\x01",
            "igmp.join igmp.version=1 igmp.type=18 igmp.checksum=3326 igmp.checksum.status=1 igmp.maddr=224.0.1.1 \
             igmp.joined=224.0.1.1",
        );
        check(
            b"\x16\0\x08\xff\xe0\0\x01\x01",
            "igmp.join igmp.version=2 igmp.type=22 igmp.max_resp=0 igmp.checksum=2303 igmp.checksum.status=0 \
             igmp.maddr=224.0.1.1 igmp.joined=224.0.1.1",
        );
        check(
            b"\x17\0\x07\xfe\xe0\0\x01\x01",
            "igmp.leave igmp.version=2 igmp.type=23 igmp.max_resp=0 igmp.checksum=2046 igmp.checksum.status=1 \
             igmp.maddr=224.0.1.1 igmp.left=224.0.1.1",
        );
        check(
            b"\x11\0\xee\xff\0\0\0\0",
            "igmp.query igmp.version=1 igmp.type=17 igmp.checksum=61183 igmp.checksum.status=1 igmp.maddr=0.0.0.0",
        );
    }

    #[test]
    fn version_three() {
        check(
            b"\x22\0\xf9\xfc\0\0\0\x01\x03\0\0\0\xe0\0\x01\x01",
            "igmp.report igmp.version=3 igmp.type=34 igmp.checksum=63996 igmp.checksum.status=1 igmp.num_grp_recs=1 \
             igmp.record_type=3 igmp.num_src=0 igmp.maddr=224.0.1.1 igmp.left=224.0.1.1",
        );
        check(
            b"\x22\0\0\0\0\0\0\x02\x04\x01\0\x01\xe0\0\x01\x01\x0a\x01\x01\x01\0\0\0\0\x05\0\0\x01\xe0\0\x01\x02",
            "igmp.report igmp.version=3 igmp.type=34 igmp.checksum=0 igmp.checksum.status=0 igmp.num_grp_recs=2 \
             igmp.record_type=4 igmp.num_src=1 igmp.maddr=224.0.1.1 igmp.joined=224.0.1.1 igmp.saddr=10.1.1.1 \
             igmp.record_type=5 igmp.num_src=1 igmp.maddr=224.0.1.2 igmp.joined=224.0.1.2 at=32 what=source",
        );
        check(
            b"\x11\xff\xee\0\xe0\0\x01\x01\x0a\xff\0\0",
            "igmp.query igmp.version=3 igmp.type=17 igmp.max_resp=31744 igmp.checksum=60928 igmp.checksum.status=0 \
             igmp.maddr=224.0.1.1 igmp.s=true igmp.qrv=2 igmp.qqic=255 igmp.num_src=0",
        );
    }

    #[test]
    fn short_and_strange() {
        check(b"", "igmp.malformed at=0 what=type");
        check(b"\x15\0\0\0", "igmp.other igmp.type=21");
        assert!(datagram(&PROTOCOL, b"\x13\x01\x02\x03").is_empty(), "DVMRP");
        any_datagram(&PROTOCOL);
    }
}
