//! What is before IP: link types, tags, LLC/SNAP, PPP, MPLS.
//!
//! Sources: IEEE 802.3, 802.1Q, 802.1ah; tcpdump.org "Link-layer header types"; RFC 1662 (PPP), RFC 2516 (PPPoE),
//! RFC 3032 (MPLS), RFC 4448 (Ethernet over MPLS); Cisco HDLC, Cisco VN-Tag, Cisco MetaData.
//! Not read: 802.11, frame relay, ISL; MACsec ends the reading.

use super::{Layer, Packet, deeper, net};
use crate::bytes::{Malformed, Reader};
use crate::event::Vlans;

pub(super) type Read<'a> = Result<Layer<'a>, Malformed>;

const ETHER_IPV4: u16 = 0x0800;
const ETHER_IPV6: u16 = 0x86dd;
const OUI_CISCO: u32 = 0x00_000c;
const PID_CDP: u16 = 0x2000;

/// A frame from its first byte on.
#[inline]
pub(super) fn frame<'a>(link: u16, mut r: Reader<'a>, p: &mut Packet<'a>) -> Read<'a> {
    match link {
        1 => ethernet(r, p, super::TUNNELS),
        // NULL: the address family in the byte order of the recording machine; LOOP: in network order.
        0 | 108 => {
            let family = r.array("address family")?;
            let family = u32::from_le_bytes(family).min(u32::from_be_bytes(family));
            match family {
                2 => net::ipv4(r, p, super::TUNNELS),
                // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
                10 | 23 | 24 | 28 | 30 => net::ipv6(r, p, super::TUNNELS),
                _ => Ok(Layer::None),
            }
        }
        12 | 14 | 101 => net::ip(r, p, super::TUNNELS),
        228 => net::ipv4(r, p, super::TUNNELS),
        229 => net::ipv6(r, p, super::TUNNELS),
        9 | 50 => ppp(r, p, super::TUNNELS),
        51 => pppoe(r, p, super::TUNNELS),
        // PPP with the direction in a byte before.
        166 | 204 => {
            r.u8("PPP direction")?;
            ppp(r, p, super::TUNNELS)
        }
        104 => cisco_hdlc(r, p, super::TUNNELS),
        113 => {
            r.take(4, "Linux cooked header")?;
            let len = r.u16("Linux cooked header")?;
            let address: [u8; 8] = r.array("Linux cooked header")?;
            let ether_type = r.u16("Linux cooked header")?;
            cooked(len, address, ether_type, r, p)
        }
        276 => {
            let ether_type = r.u16("Linux cooked header v2")?;
            // Reserved, interface, hardware type, packet type.
            r.take(9, "Linux cooked header v2")?;
            let len = r.u8("Linux cooked header v2")?;
            let address: [u8; 8] = r.array("Linux cooked header v2")?;
            cooked(u16::from(len), address, ether_type, r, p)
        }
        _ => Err(Malformed { at: 0, what: "link type that is not read" }),
    }
}

/// An Ethernet frame in a tunnel.
pub(super) fn tunnelled<'a>(r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    forget_outside(p);
    ethernet(r, p, budget)
}

/// Of what is outside a tunnelled frame nothing is told.
pub(super) fn forget_outside(p: &mut Packet<'_>) {
    let o = &mut p.origin;
    o.vlans = Vlans::default();
    (o.src, o.dst, o.ip_proto, o.dscp, o.ttl) = (None, None, 0, 0, 0);
    (p.ip, p.cut) = (&[], 0);
}

/// An Ethernet frame.
#[inline]
pub(super) fn ethernet<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let macs: [u8; 12] = r.array("Ethernet header")?;
    let o = &mut p.origin;
    if let Some((dst, src)) = macs.split_first_chunk::<6>() {
        o.eth_dst = Some(*dst);
        o.eth_src = src.first_chunk().copied();
    }
    let ether_type = r.u16("EtherType")?;
    ether(ether_type, r, p, budget)
}

/// What follows an EtherType, or a length.
#[inline]
pub(super) fn ether<'a>(mut ether_type: u16, mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    loop {
        match ether_type {
            ETHER_IPV4 => return net::ipv4(r, p, budget),
            ETHER_IPV6 => return net::ipv6(r, p, budget),
            // 802.1Q, 802.1ad, and what came before 802.1ad.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                p.origin.vlans.push(r.u16("VLAN tag")? & 0x0fff);
                ether_type = r.u16("EtherType")?;
            }
            // VN-Tag.
            0x8926 => {
                r.take(4, "VN-Tag")?;
                ether_type = r.u16("EtherType")?;
            }
            // Cisco MetaData: version, length, option, security group tag.
            0x8909 => {
                r.take(6, "Cisco MetaData")?;
                ether_type = r.u16("EtherType")?;
            }
            0..0x0600 => return llc(usize::from(ether_type), r, p, budget),
            _ => break,
        }
    }
    match ether_type {
        0x8864 => pppoe(r, p, budget),
        0x8847 | 0x8848 => mpls(ether_type, r, p, budget),
        // 802.1ah: four bytes of tag, then the customer's frame.
        0x88e7 => {
            let budget = deeper(budget, r.at())?;
            r.take(4, "802.1ah tag")?;
            tunnelled(r, p, budget)
        }
        0x88e5 => Err(Malformed { at: r.at(), what: "MACsec" }),
        _ => Ok(Layer::Ether { ether_type, payload: r.rest() }),
    }
}

/// 802.3 with its LLC header; what is after the length is padding.
fn llc<'a>(len: usize, mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    p.cut = len.saturating_sub(r.left());
    let mut r = r.sub(len.min(r.left()), "802.3 length")?;
    match r.array("LLC header")? {
        [0xaa, 0xaa, 3] => snap(r, p, budget),
        [6, 6, 3] => net::ipv4(r, p, budget),
        // Spanning tree, IS-IS, NetBIOS.
        _ => Ok(Layer::None),
    }
}

pub(super) fn snap<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let oui = r.u24("SNAP organisation")?;
    let pid = r.u16("SNAP protocol")?;
    match oui {
        // RFC 1042 and 802.1H: the protocol is an EtherType.
        0 | 0x0000f8 if pid >= 0x0600 => ether(pid, r, p, budget),
        _ => Ok(Layer::Snap { oui, pid, payload: r.rest() }),
    }
}

fn cooked<'a>(len: u16, address: [u8; 8], ether_type: u16, r: Reader<'a>, p: &mut Packet<'a>) -> Read<'a> {
    if len == 6 {
        p.origin.eth_src = address.first_chunk().copied();
    }
    match ether_type {
        // 802.2: an LLC header, and no length before it.
        4 => llc(r.left(), r, p, super::TUNNELS),
        // Novell's raw 802.3, CAN, and others that Linux numbers for itself.
        0..0x0600 => Ok(Layer::None),
        _ => ether(ether_type, r, p, super::TUNNELS),
    }
}

fn cisco_hdlc<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    r.u16("Cisco HDLC header")?;
    match r.u16("Cisco HDLC header")? {
        PID_CDP => Ok(cdp(r)),
        ether_type => ether(ether_type, r, p, budget),
    }
}

/// CDP where an EtherType stands: Cisco HDLC, GRE.
pub(super) fn cdp(r: Reader<'_>) -> Layer<'_> {
    Layer::Snap { oui: OUI_CISCO, pid: PID_CDP, payload: r.rest() }
}

fn pppoe<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let start = r.at();
    let [version, code, _, _] = r.array("PPPoE header")?;
    if version != 0x11 {
        return Err(Malformed { at: start, what: "PPPoE version" });
    }
    let len = usize::from(r.u16("PPPoE length")?);
    if code != 0 {
        return Ok(Layer::None);
    }
    p.cut = len.saturating_sub(r.left());
    let r = r.sub(len.min(r.left()), "PPPoE length")?;
    ppp(r, p, budget)
}

/// PPP, with or without HDLC address and control, its protocol field whole or compressed.
pub(super) fn ppp<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    match *r.rest() {
        [0xff, 0x03, ..] => {
            r.u16("PPP header")?;
        }
        // A serial line that was recorded as PPP and speaks Cisco HDLC.
        [0x0f | 0x8f, 0, ..] => {
            // It may carry PPPoE, and that such a line again.
            let budget = deeper(budget, r.at())?;
            return cisco_hdlc(r, p, budget);
        }
        _ => {}
    }
    let first = r.u8("PPP protocol")?;
    let protocol = if first & 1 == 1 { u16::from(first) } else { u16::from_be_bytes([first, r.u8("PPP protocol")?]) };
    match protocol {
        0x0021 => net::ipv4(r, p, budget),
        0x0057 => net::ipv6(r, p, budget),
        0x0207 => Ok(cdp(r)),
        0x0281 | 0x0283 => mpls(0x8847, r, p, budget),
        _ => Ok(Layer::None),
    }
}

/// MPLS does not say what it carries: IP by its version, else an Ethernet frame if a type that is known stands in its
/// place, with or without a control word before it. What is neither stays as it is.
pub(super) fn mpls<'a>(ether_type: u16, mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let budget = deeper(budget, r.at())?;
    while r.u32("MPLS label")? & 0x100 == 0 {}
    let rest = r.rest();
    let ethernet_at = |at: usize| {
        matches!(
            rest.get(at + 12..).unwrap_or_default(),
            [8, 0 | 6, ..] | [0x86, 0xdd, ..] | [0x81, 0, ..] | [0x88, 0xa8 | 0xcc, ..] | [0..6, _, 0xaa, 0xaa, 3, ..]
        )
    };
    match rest {
        [0x45..0x50, ..] => net::ipv4(r, p, budget),
        [0x60..0x70, ..] => net::ipv6(r, p, budget),
        _ if ethernet_at(0) => tunnelled(r, p, budget),
        [0..0x10, ..] if ethernet_at(4) => {
            r.u32("MPLS control word")?;
            tunnelled(r, p, budget)
        }
        _ => Ok(Layer::Ether { ether_type, payload: rest }),
    }
}
