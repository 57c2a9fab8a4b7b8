//! IP, UDP and TCP, and the tunnels that IP carries. Headers are etherparse's slices; lengths are judged here,
//! because a snap length may have cut what they promise.
//!
//! Sources: RFC 791, 8200, 768, 9293; GRE RFC 2784, 2890, 2637; VXLAN RFC 7348; ERSPAN draft-foschiano-erspan-03.
//! Not read: checksums (a network card fills them in after the capture), ESP, IP options.

use std::net::IpAddr;

use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
    TcpHeaderSlice, UdpHeaderSlice,
};

use super::link::{self, Read};
use super::{Fragment, Layer, Packet, Tcp, deeper};
use crate::bytes::{Malformed, Reader};
use crate::event::{Endpoint, Origin};

const IPV4_IN_IP: u8 = 4;
const TCP: u8 = 6;
const UDP: u8 = 17;
const IPV6_IN_IP: u8 = 41;
const IPV6_FRAGMENT: u8 = 44;
const GRE: u8 = 47;
const AUTHENTICATION: u8 = 51;
const MPLS_IN_IP: u8 = 137;
const VXLAN_PORT: u16 = 4789;
const CAPWAP_DATA_PORT: u16 = 5247;

/// IP of the version that its first byte says.
pub(super) fn ip<'a>(r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    match r.rest() {
        [0x60..=0x6f, ..] => ipv6(r, p, budget),
        _ => ipv4(r, p, budget),
    }
}

/// An IPv4 packet; what follows its total length is padding.
#[inline]
pub(super) fn ipv4<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let start = r.at();
    let header = Ipv4HeaderSlice::from_slice(r.rest()).map_err(|_| Malformed { at: start, what: "IPv4 header" })?;
    let o = &mut p.origin;
    let (src, dst) = (IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr()));
    (o.src, o.dst) = (Some(Endpoint { ip: src, port: 0 }), Some(Endpoint { ip: dst, port: 0 }));
    (o.ip_proto, o.dscp, o.ttl) = (header.protocol().0, header.dcp().value(), header.ttl());
    let head = header.slice().len();
    let total = match usize::from(header.total_len()) {
        // The network card fills it in after the capture (TSO).
        0 => r.left(),
        total if total < head => return Err(Malformed { at: start + 2, what: "IPv4 total length" }),
        total => total,
    };
    let mut r = within(total, &mut r, p)?;
    p.ip = r.rest();
    r.take(head, "IPv4 header")?;
    if header.is_fragmenting_payload() {
        return Ok(Layer::Fragment(Fragment {
            src,
            dst,
            id: u32::from(header.identification()),
            proto: header.protocol().0,
            offset: usize::from(header.fragments_offset().value()) * 8,
            more: header.more_fragments(),
            payload: r.rest(),
        }));
    }
    payload(header.protocol().0, r, p, budget)
}

/// An IPv6 packet and its extension headers.
pub(super) fn ipv6<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let start = r.at();
    let header = Ipv6HeaderSlice::from_slice(r.rest()).map_err(|_| Malformed { at: start, what: "IPv6 header" })?;
    let o = &mut p.origin;
    let (src, dst) = (IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr()));
    (o.src, o.dst) = (Some(Endpoint { ip: src, port: 0 }), Some(Endpoint { ip: dst, port: 0 }));
    (o.dscp, o.ttl) = (header.dscp().value(), header.hop_limit());
    let total = match usize::from(header.payload_length()) {
        // A jumbogram, or a length that the network card fills in.
        0 => r.left(),
        len => len + header.slice().len(),
    };
    let mut r = within(total, &mut r, p)?;
    p.ip = r.rest();
    r.take(header.slice().len(), "IPv6 header")?;
    let mut next = header.next_header();
    loop {
        p.origin.ip_proto = next.0;
        let cut = Malformed { at: r.at(), what: "IPv6 extension header" };
        if next.0 == IPV6_FRAGMENT {
            let fragment = Ipv6FragmentHeaderSlice::from_slice(r.rest()).map_err(|_| cut)?;
            r.take(fragment.slice().len(), cut.what)?;
            next = fragment.next_header();
            p.origin.ip_proto = next.0;
            if fragment.is_fragmenting_payload() {
                return Ok(Layer::Fragment(Fragment {
                    src,
                    dst,
                    id: fragment.identification(),
                    proto: next.0,
                    offset: usize::from(fragment.fragment_offset().value()) * 8,
                    more: fragment.more_fragments(),
                    payload: r.rest(),
                }));
            }
        } else if next.0 != AUTHENTICATION && Ipv6RawExtHeaderSlice::header_type_supported(IpNumber(next.0)) {
            let extension = Ipv6RawExtHeaderSlice::from_slice(r.rest()).map_err(|_| cut)?;
            r.take(extension.slice().len(), cut.what)?;
            next = extension.next_header();
        } else {
            return payload(next.0, r, p, budget);
        }
    }
}

/// The next `len` bytes, or as many of them as were captured.
#[inline]
fn within<'a>(len: usize, r: &mut Reader<'a>, p: &mut Packet<'a>) -> Result<Reader<'a>, Malformed> {
    let there = len.min(r.left());
    p.cut = len - there;
    r.sub(there, "length")
}

/// What an IP packet carries.
#[inline]
pub(super) fn payload<'a>(proto: u8, mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    p.origin.ip_proto = proto;
    match proto {
        UDP => udp(r, p, budget),
        TCP => tcp(r, p),
        IPV4_IN_IP => ipv4(r, p, deeper(budget, r.at())?),
        IPV6_IN_IP => ipv6(r, p, deeper(budget, r.at())?),
        GRE => gre(r, p, deeper(budget, r.at())?),
        MPLS_IN_IP => link::mpls(0x8847, r, p, budget),
        AUTHENTICATION => {
            let budget = deeper(budget, r.at())?;
            let at = r.at();
            let header =
                IpAuthHeaderSlice::from_slice(r.rest()).map_err(|_| Malformed { at, what: "authentication header" })?;
            r.take(header.slice().len(), "authentication header")?;
            payload(header.next_header().0, r, p, budget)
        }
        _ => Ok(Layer::Ip { proto, payload: r.rest() }),
    }
}

#[inline]
fn udp<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let start = r.at();
    let Ok(header) = UdpHeaderSlice::from_slice(r.rest()) else {
        return Err(cut_short(&mut p.origin, r, "UDP header"));
    };
    let to = header.destination_port();
    ports(&mut p.origin, header.source_port(), to);
    let len = match usize::from(header.length()) {
        // A jumbogram (RFC 2675).
        0 => r.left(),
        1..8 => return Err(Malformed { at: start + 4, what: "UDP length" }),
        len => len,
    };
    let mut r = within(len, &mut r, p)?;
    r.take(header.slice().len(), "UDP header")?;
    // A header as RFC 7348 has it, and room for a frame: anything else on this port is a payload like others.
    if to == VXLAN_PORT && matches!(r.rest(), [0x08 | 0x88, _, _, _, _, _, _, 0, frame @ ..] if frame.len() >= 14) {
        let budget = deeper(budget, r.at())?;
        r.take(8, "VXLAN header")?;
        return link::tunnelled(r, p, budget);
    }
    if (to == CAPWAP_DATA_PORT || header.source_port() == CAPWAP_DATA_PORT)
        && let Some(at) = wireless_snap(r.rest())
    {
        let budget = deeper(budget, r.at())?;
        r.take(at, "CAPWAP and 802.11 headers")?;
        link::forget_outside(p);
        return link::snap(r, p, budget);
    }
    Ok(Layer::Udp { payload: r.rest() })
}

/// Where the LLC/SNAP header of a data frame lies in a CAPWAP data packet (RFC 5415 §4.3, 802.11 inside); `None`
/// if it is none: DTLS, a fragment, keep-alive, management or protected frames.
fn wireless_snap(packet: &[u8]) -> Option<usize> {
    let [preamble, a, b, flags, ..] = *packet else { return None };
    let (ieee_802_11, native, fragment, keep_alive) =
        (b >> 1 & 0x1f == 1, b & 0x01 != 0, flags & 0x80 != 0, flags & 0x08 != 0);
    if preamble != 0 || !ieee_802_11 || !native || fragment || keep_alive {
        return None;
    }
    let start = usize::from(a >> 3) * 4;
    let [one, two] = *packet.get(start..)?.first_chunk()?;
    // Some access points send the frame control field with its two bytes swapped.
    let (kind, flags) =
        [(one, two), (two, one)].into_iter().find(|(kind, flags)| kind & 0x0f == 0x08 && flags & 0x40 == 0)?;
    let both_ways = flags & 0x03 == 0x03;
    let header = 24 + if both_ways { 6 } else { 0 } + if kind & 0x80 != 0 { 2 } else { 0 };
    let llc = start + header;
    packet.get(llc..)?.starts_with(&[0xaa, 0xaa, 0x03]).then_some(llc + 3)
}

#[inline]
fn tcp<'a>(mut r: Reader<'a>, p: &mut Packet<'a>) -> Read<'a> {
    let Ok(header) = TcpHeaderSlice::from_slice(r.rest()) else { return tcp_cut(r, p) };
    ports(&mut p.origin, header.source_port(), header.destination_port());
    r.take(header.slice().len(), "TCP header")?;
    Ok(Layer::Tcp(Tcp {
        seq: header.sequence_number(),
        ack_number: header.acknowledgment_number(),
        syn: header.syn(),
        ack: header.ack(),
        fin: header.fin(),
        rst: header.rst(),
        payload: r.rest(),
    }))
}

/// A TCP header whose options the snap length cut: its fixed part says enough.
#[cold]
fn tcp_cut<'a>(mut r: Reader<'a>, p: &mut Packet<'a>) -> Read<'a> {
    let stop = cut_short(&mut p.origin, r, "TCP header");
    let all = r.left() + p.cut;
    let fixed: [u8; 20] = r.array(stop.what).map_err(|_| stop)?;
    let [_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags, ..] = fixed;
    let (seq, ack_number) = (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([a0, a1, a2, a3]));
    let head = usize::from(offset >> 4) * 4;
    if p.cut == 0 || head < 20 || head > all {
        return Err(stop);
    }
    p.cut = all - head;
    let (syn, ack, fin, rst) = (flags & 2 != 0, flags & 16 != 0, flags & 1 != 0, flags & 4 != 0);
    Ok(Layer::Tcp(Tcp { seq, ack_number, syn, ack, fin, rst, payload: &[] }))
}

#[inline]
fn ports(o: &mut Origin, from: u16, to: u16) {
    if let (Some(src), Some(dst)) = (&mut o.src, &mut o.dst) {
        (src.port, dst.port) = (from, to);
    }
}

/// Where a transport header could not be read; its ports are told if they are there.
#[cold]
fn cut_short(o: &mut Origin, mut r: Reader<'_>, what: &'static str) -> Malformed {
    let at = r.at();
    if let (Ok(from), Ok(to)) = (r.u16(what), r.u16(what)) {
        ports(o, from, to);
    }
    Malformed { at, what }
}

/// GRE and what it carries. A payload that is not known stays GRE.
fn gre<'a>(mut r: Reader<'a>, p: &mut Packet<'a>, budget: u8) -> Read<'a> {
    let whole = r.rest();
    let at = r.at();
    let flags = r.u16("GRE header")?;
    let ether_type = r.u16("GRE header")?;
    let has = |bit: u16| usize::from(flags & bit != 0);
    let sequence = has(0x1000);
    match flags & 7 {
        0 if has(0x4000) == 1 => return Err(Malformed { at, what: "GRE routing" }),
        // Checksum, key, sequence number.
        0 => r.take(4 * (has(0x8000) + has(0x2000) + sequence), "GRE header")?,
        // PPTP: length and call, sequence and acknowledgement numbers.
        1 => r.take(4 * (1 + sequence + has(0x80)), "GRE header")?,
        _ => return Err(Malformed { at, what: "GRE version" }),
    };
    match ether_type {
        0x0800 => ipv4(r, p, budget),
        0x86dd => ipv6(r, p, budget),
        0x6558 => link::tunnelled(r, p, budget),
        0x8847 | 0x8848 => link::mpls(ether_type, r, p, budget),
        // Type I has no header of its own; II has, and a sequence number tells it.
        0x88be if sequence == 0 => link::tunnelled(r, p, budget),
        0x88be => {
            let [vlan_high, vlan_low, flags, ..] = r.array::<8>("ERSPAN header")?;
            link::forget_outside(p);
            // The frame had a tag (ISL or 802.1Q) that now stands only here.
            if matches!(flags >> 3 & 3, 1 | 2) {
                p.origin.vlans.push(u16::from_be_bytes([vlan_high & 0x0f, vlan_low]));
            }
            link::ethernet(r, p, budget)
        }
        0x22eb => {
            let [.., kind, options] = r.array::<12>("ERSPAN header")?;
            r.take(8 * usize::from(options & 1), "ERSPAN subheader")?;
            match kind >> 2 & 0x1f {
                0 => link::tunnelled(r, p, budget),
                2 => ip(r, p, budget),
                _ => Ok(Layer::Ip { proto: GRE, payload: whole }),
            }
        }
        0x880b if !r.is_empty() => link::ppp(r, p, budget),
        0x2000 => Ok(link::cdp(r)),
        // Cisco MetaData: unlike in Ethernet, the type of what follows stands first.
        0x8909 => {
            let ether_type = r.u16("Cisco MetaData")?;
            r.take(6, "Cisco MetaData")?;
            link::ether(ether_type, r, p, budget)
        }
        _ => Ok(Layer::Ip { proto: GRE, payload: whole }),
    }
}
