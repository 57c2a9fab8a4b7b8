//! ARP: who has an address (RFC 826), and whether two have it (RFC 5227).
//!
//! Read: requests and replies for IPv4 on Ethernet; a probe and an announcement are told apart from a request.
//! Not read: other hardware and other addresses (`arp.other`).

use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, Fields, ip, mac, uint};
use crate::{events, fields};

/// ARP.
pub static PROTOCOL: Protocol = Protocol {
    name: "arp",
    title: "ARP",
    on: &[On::EtherType(0x0806)],
    probe: |_| Probe::Yes,
    new: || Box::new(Dissector),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\0\x01\x08\0\x06\x04\0\x01\0\x11\x22\x33\x44\x55\x0a\x14\0\x32\0\0\0\0\0\0\x0a\x14\0\x01",
        b"\0\x01\x08\0\x06\x04\0\x02\0\xaa\xbb\xcc\xdd\x01\x0a\x14\0\x01\0\x11\x22\x33\x44\x55\x0a\x14\0\x32",
    ],
};

fields! { FIELDS;
    OPCODE = uint("arp.opcode", "What is said").codes(opcode);
    SRC_MAC = mac("arp.src.hw_mac", "Hardware address of the sender");
    SRC_IP = ip("arp.src.proto_ipv4", "IPv4 address of the sender; 0.0.0.0 in a probe");
    DST_MAC = mac("arp.dst.hw_mac", "Hardware address of the target");
    DST_IP = ip("arp.dst.proto_ipv4", "IPv4 address of the target");
}

events! { EVENTS;
    REQUEST = "arp.request", "A station asks for the hardware address of an IPv4 address.";
    REPLY = "arp.reply", "A station answers with its hardware address.";
    PROBE = "arp.probe", "A station without an address asks whether the one it wants is free (RFC 5227).";
    ANNOUNCEMENT = "arp.announcement", "A station tells that it has an address (gratuitous ARP).";
    OTHER = "arp.other", "ARP for other addresses or with another operation.";
    MALFORMED = "arp.malformed", "Bytes that are no ARP message.";
}

fn opcode(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "request",
        2 => "reply",
        3 => "reverse request",
        4 => "reverse reply",
        8 => "inverse request",
        9 => "inverse reply",
        _ => return None,
    })
}

/// Reads a message into `fields` and says which one it is.
pub fn read(bytes: &[u8], fields: &mut Fields<'_>) -> Result<&'static EventDef, Malformed> {
    let mut r = Reader::new(bytes);
    let (hardware, protocol) = (r.u16("hardware type")?, r.u16("protocol type")?);
    let sizes = (r.u8("hardware size")?, r.u8("protocol size")?);
    let at = r.at();
    let code = r.u16("operation")?;
    fields.uint(&OPCODE, code, at, 2);
    // 6: IEEE 802 networks, in the same form as Ethernet.
    if !matches!(hardware, 1 | 6) || protocol != 0x0800 || sizes != (6, 4) {
        return Ok(&OTHER);
    }
    fields.mac(&SRC_MAC, r.array("sender hardware address")?, 8);
    let sender: [u8; 4] = r.array("sender address")?;
    fields.ip(&SRC_IP, sender, 14, 4);
    fields.mac(&DST_MAC, r.array("target hardware address")?, 18);
    let target: [u8; 4] = r.array("target address")?;
    fields.ip(&DST_IP, target, 24, 4);
    Ok(match code {
        1 | 2 if sender == target => &ANNOUNCEMENT,
        1 if sender == [0; 4] => &PROBE,
        1 => &REQUEST,
        2 => &REPLY,
        _ => &OTHER,
    })
}

struct Dissector;

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.wanted_fields();
        match read(segment.bytes, &mut fields) {
            Ok(event) => out.event(event, fields, segment, None),
            Err(why) => out.event(&MALFORMED, fields, segment, segment.defect(Some(why))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    #[track_caller]
    fn check(head: &[u8], rest: &[u8], line: &str) {
        assert_eq!(datagram(&PROTOCOL, &[head, rest].concat()), [line]);
    }

    const ETHERNET: &[u8] = b"\0\x01\x08\0\x06\x04";

    #[test]
    fn each_kind() {
        check(
            ETHERNET,
            b"\0\x01\0\x11\x22\x33\x44\x55\x0a\x14\0\x32\0\0\0\0\0\0\x0a\x14\0\x01",
            "arp.request arp.opcode=1 arp.src.hw_mac=00:11:22:33:44:55 arp.src.proto_ipv4=10.20.0.50 \
             arp.dst.hw_mac=00:00:00:00:00:00 arp.dst.proto_ipv4=10.20.0.1",
        );
        for (kind, code, sender) in [
            ("reply", 2, "10.20.0.1"),
            ("announcement", 1, "10.20.0.50"),
            ("announcement", 2, "10.20.0.50"),
            ("probe", 1, "0.0.0.0"),
            ("other", 8, "10.20.0.1"),
        ] {
            let address: std::net::Ipv4Addr = sender.parse().unwrap();
            let bytes = [
                &[0, code, 0, 1, 2, 3, 4, 5][..],
                &address.octets(),
                &[0, 0x11, 0x22, 0x33, 0x44, 0x55, 10, 20, 0, 50],
            ]
            .concat();
            check(
                ETHERNET,
                &bytes,
                &format!(
                    "arp.{kind} arp.opcode={code} arp.src.hw_mac=00:01:02:03:04:05 arp.src.proto_ipv4={sender} \
                     arp.dst.hw_mac=00:11:22:33:44:55 arp.dst.proto_ipv4=10.20.0.50"
                ),
            );
        }
    }

    #[test]
    fn short_and_strange() {
        check(ETHERNET, b"\0\x01\0\x11", "arp.malformed arp.opcode=1 at=8 what=sender hardware address");
        check(b"\0\x20\x08\0\x14\x04", b"\0\x01", "arp.other arp.opcode=1");
        any_datagram(&PROTOCOL);
    }
}
