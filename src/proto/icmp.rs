//! ICMP: why a datagram did not arrive (RFC 792, RFC 4443).
//!
//! Read: type and code of every message; of an error message also the flow of the datagram that it quotes.
//! Not read: the options of neighbour discovery.

use std::net::IpAddr;

use super::{Dissect, On, Out, PROTOCOLS, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{Endpoint, EventDef, Fields, Origin, Value, ip, text, uint};
use crate::{events, fields};

/// ICMP, of IPv4 and IPv6.
pub static PROTOCOL: Protocol = Protocol {
    name: "icmp",
    title: "ICMP",
    on: &[On::Ip(1), On::Ip(58)],
    probe: |_| Probe::Yes,
    new: || Box::new(Dissector),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x03\x03\x12\x34\0\0\0\0\x45\0\0\x3c\0\x01\0\0\x40\x11\0\0\x0a\x14\0\x32\x0a\x01\x01\x0a\xc0\0\0\x45\0\x28\0\0",
        b"\x08\0\xf7\xff\0\x01\0\x07",
    ],
};

fields! { FIELDS;
    TYPE = uint("icmp.type", "Type; of ICMPv6 where the packet is IPv6");
    CODE = uint("icmp.code", "Code, whose meaning depends on the type");
    REASON = text("icmp.reason", "What type and code of an error say, in words");
    IDENT = uint("icmp.ident", "Identifier of an echo");
    SEQ = uint("icmp.seq", "Sequence number of an echo");
    QUOTED_SRC = ip("icmp.quoted.src", "Sender of the datagram that did not arrive");
    QUOTED_DST = ip("icmp.quoted.dst", "Receiver of the datagram that did not arrive");
    QUOTED_PROTO = uint("icmp.quoted.proto", "IP protocol of the datagram that did not arrive: 6 TCP, 17 UDP");
    QUOTED_SRCPORT = uint("icmp.quoted.srcport", "Port that the datagram that did not arrive came from");
    QUOTED_SERVICE = text("icmp.quoted.service", "What the datagram that did not arrive belongs to: by its ports, or rtp where signalling announced media there");
    QUOTED_DSTPORT = uint("icmp.quoted.dstport", "Port that the datagram that did not arrive went to");
}

events! { EVENTS;
    UNREACHABLE = "icmp.unreachable", "A router or station tells that a datagram could not be delivered.";
    ECHO = "icmp.echo", "An echo request or reply (ping).";
    OTHER = "icmp.other", "Another ICMP message.";
    MALFORMED = "icmp.malformed", "Bytes that are no ICMP message.";
}

/// What an error message says; `None` if the message is no error.
pub fn reason(v6: bool, kind: u8, code: u8) -> Option<&'static str> {
    Some(match (v6, kind, code) {
        (false, 3, 0) => "network unreachable",
        (false, 3, 1) => "host unreachable",
        (false, 3, 2) => "protocol unreachable",
        (false, 3, 3) => "port unreachable",
        (false, 3, 4) => "fragmentation needed",
        (false, 3, 5) => "source route failed",
        (false, 3, 6) => "network unknown",
        (false, 3, 7) => "host unknown",
        (false, 3, 8) => "source host isolated",
        (false, 3, 9) => "network administratively prohibited",
        (false, 3, 10) => "host administratively prohibited",
        (false, 3, 11) => "network unreachable for this type of service",
        (false, 3, 12) => "host unreachable for this type of service",
        (false, 3, 13) => "communication administratively prohibited",
        (false, 3, 14) => "host precedence violation",
        (false, 3, 15) => "precedence cutoff in effect",
        (false, 3, _) => "unreachable",
        (false, 4, _) => "source quench",
        (false, 5, _) => "redirect",
        (false, 11, 1) => "fragment reassembly time exceeded",
        (false, 11, _) => "time to live exceeded",
        (false, 12, _) => "parameter problem",
        (true, 1, 0) => "no route to destination",
        (true, 1, 1) => "communication administratively prohibited",
        (true, 1, 2) => "beyond scope of source address",
        (true, 1, 3) => "address unreachable",
        (true, 1, 4) => "port unreachable",
        (true, 1, 5) => "source address failed policy",
        (true, 1, 6) => "reject route to destination",
        (true, 1, _) => "unreachable",
        (true, 2, _) => "packet too big",
        (true, 3, 1) => "fragment reassembly time exceeded",
        (true, 3, _) => "hop limit exceeded",
        (true, 4, _) => "parameter problem",
        _ => return None,
    })
}

/// Reads a message into `fields` and says which one it is; the defect is that of the quoted datagram.
pub fn read(
    bytes: &[u8],
    v6: bool,
    fields: &mut Fields<'_>,
) -> Result<(&'static EventDef, Option<Malformed>), Malformed> {
    let mut r = Reader::new(bytes);
    let kind = r.u8("type")?;
    fields.uint(&TYPE, kind, 0, 1);
    let code = r.u8("code")?;
    fields.uint(&CODE, code, 1, 1);
    r.u16("checksum")?;
    if let Some(reason) = reason(v6, kind, code) {
        fields.str(&REASON, reason, 0, 2);
        let defect = r.u32("rest of header").and_then(|_| quoted(&mut r, fields)).err();
        let unreachable = if v6 { kind == 1 } else { kind == 3 };
        return Ok((if unreachable { &UNREACHABLE } else { &OTHER }, defect));
    }
    let echo = if v6 { matches!(kind, 128 | 129) } else { matches!(kind, 0 | 8) };
    if !echo {
        return Ok((&OTHER, None));
    }
    let mut numbers = || {
        fields.uint(&IDENT, r.u16("identifier")?, 4, 2);
        fields.uint(&SEQ, r.u16("sequence number")?, 6, 2);
        Ok(())
    };
    let defect = numbers().err();
    Ok((&ECHO, defect))
}

/// The flow of the datagram that an error message quotes; only 8 bytes after its IP header are sure to be there.
fn quoted(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    let start = r.at();
    let first = r.u8("quoted IP header")?;
    let (proto, ends, later_fragment) = if first >> 4 == 6 {
        r.take(5, "quoted IP header")?;
        let proto = r.u8("quoted protocol")?;
        r.u8("quoted IP header")?;
        let ends = (IpAddr::from(r.array::<16>("quoted source")?), IpAddr::from(r.array::<16>("quoted destination")?));
        (proto, ends, false)
    } else {
        r.take(5, "quoted IP header")?;
        let fragment = r.u16("quoted IP header")?;
        r.u8("quoted IP header")?;
        let proto = r.u8("quoted protocol")?;
        r.u16("quoted IP header")?;
        let ends = (IpAddr::from(r.array::<4>("quoted source")?), IpAddr::from(r.array::<4>("quoted destination")?));
        r.take((usize::from(first & 15) * 4).saturating_sub(20), "quoted IP options")?;
        (proto, ends, fragment & 0x1fff != 0)
    };
    let (proto_at, src_at, len) = if first >> 4 == 6 { (6, 8, 16) } else { (9, 12, 4) };
    fields.ip(&QUOTED_SRC, ends.0, start + src_at, len).ip(&QUOTED_DST, ends.1, start + src_at + len, len);
    fields.uint(&QUOTED_PROTO, proto, start + proto_at, 1);
    if matches!(proto, 6 | 17) && !later_fragment {
        let at = r.at();
        fields.uint(&QUOTED_SRCPORT, r.u16("quoted source port")?, at, 2);
        fields.uint(&QUOTED_DSTPORT, r.u16("quoted destination port")?, at + 2, 2);
    }
    Ok(())
}

/// The protocol of the flow that is quoted: by the ports that [`PROTOCOLS`] names, else media that was announced.
fn service(origin: &Origin, fields: &Fields<'_>, out: &Out<'_>) -> Option<&'static str> {
    let address = |def| match fields.get(def) {
        Some(Value::Ip(ip)) => Some(*ip),
        _ => None,
    };
    let number = |def| fields.get(def).and_then(Value::as_uint).and_then(|n| u16::try_from(n).ok());
    let (src, dst) = (number(&QUOTED_SRCPORT)?, number(&QUOTED_DSTPORT)?);
    let ip_proto = number(&QUOTED_PROTO)? as u8;
    let on = |port: u16| {
        let wanted = if ip_proto == 6 { On::Tcp(port) } else { On::Udp(port) };
        PROTOCOLS.iter().find(|protocol| protocol.on.contains(&wanted)).map(|protocol| protocol.name)
    };
    on(dst).or_else(|| on(src)).or_else(|| {
        let end = |ip, port| Endpoint { ip, port };
        let quoted = Origin {
            src: Some(end(address(&QUOTED_SRC)?, src)),
            dst: Some(end(address(&QUOTED_DST)?, dst)),
            ip_proto,
            ..*origin
        };
        out.announced(&quoted).map(|_| "rtp")
    })
}

struct Dissector;

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.fields();
        let read = read(segment.bytes, segment.origin.ip_proto == 58, &mut fields);
        if let Some(service) = service(segment.origin, &fields, out) {
            fields.str(&QUOTED_SERVICE, service, 0, 0);
        }
        match read {
            Ok((event, None)) => out.event(event, fields, segment, None),
            Ok((event, why)) => out.event(event, fields, segment, segment.defect(why)),
            Err(why) => out.event(&MALFORMED, fields, segment, segment.defect(Some(why))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    const QUOTE: &[u8] =
        b"\x46\0\0\x3c\0\x01\0\0\x40\x11\0\0\x0a\x14\0\x32\x0a\x01\x01\x0a\x94\x04\0\0\xc0\0\0\x45\0\x28\0\0";

    #[track_caller]
    fn check(bytes: &[u8], line: &str) {
        assert_eq!(datagram(&PROTOCOL, bytes), [line]);
    }

    #[test]
    fn unreachable_names_the_flow() {
        check(
            &[b"\x03\x03\0\0\0\0\0\0", QUOTE].concat(),
            "icmp.unreachable icmp.type=3 icmp.code=3 icmp.reason=port unreachable icmp.quoted.src=10.20.0.50 \
             icmp.quoted.dst=10.1.1.10 icmp.quoted.proto=17 icmp.quoted.srcport=49152 icmp.quoted.dstport=69 icmp.quoted.service=tftp",
        );
        check(
            &[b"\x0b\0\0\0\0\0\0\0", &QUOTE[..20]].concat(),
            "icmp.other icmp.type=11 icmp.code=0 icmp.reason=time to live exceeded at=28 what=quoted IP options",
        );
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let mut quote = QUOTE.to_vec();
        quote[7] = 1;
        let line = datagram(&PROTOCOL, &[b"\x03\x01\0\0\0\0\0\0", &quote[..]].concat()).concat();
        assert!(line.ends_with("icmp.quoted.proto=17"), "{line}");
    }

    #[test]
    fn version_six() {
        let quote = [&b"\x60\0\0\0\0\x08\x06\x40"[..], &[0xfe; 16], &[0xfd; 16], b"\x1f\x90\x13\xc4"].concat();
        let mut fields = Fields::new();
        let bytes = [b"\x01\x04\0\0\0\0\0\0", &quote[..]].concat();
        assert_eq!(read(&bytes, true, &mut fields), Ok((&UNREACHABLE, None)));
        let values: Vec<String> = fields.list().iter().map(|f| f.value.to_string()).collect();
        let (src, dst) = ("fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe", "fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd");
        assert_eq!(values, ["1", "4", "port unreachable", src, dst, "6", "8080", "5060"]);
        assert_eq!(read(b"\x80\0\0\0\0\x01\0\x02", true, &mut Fields::new()), Ok((&ECHO, None)));
    }

    #[test]
    fn others() {
        check(b"\x08\0\xf7\xff\0\x01\0\x07", "icmp.echo icmp.type=8 icmp.code=0 icmp.ident=1 icmp.seq=7");
        check(b"\x0d\0\0\0", "icmp.other icmp.type=13 icmp.code=0");
        check(b"\x03", "icmp.malformed icmp.type=3 at=1 what=code");
        any_datagram(&PROTOCOL);
    }
}
