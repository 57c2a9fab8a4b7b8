//! Frames from the link up to UDP and TCP: pure functions from fields to bytes, every checksum correct.
//!
//! Written: Ethernet II, 802.1Q, 802.3 with LLC/SNAP, ARP (RFC 826), IPv4 (RFC 791), UDP (RFC 768), TCP (RFC 9293).

use std::net::Ipv4Addr;

/// A hardware address.
pub type Mac = [u8; 6];

/// Every host on the segment.
pub const BROADCAST: Mac = [0xff; 6];

/// The shortest frame without its check sequence (IEEE 802.3).
const SHORTEST: usize = 60;

/// An 802.1Q tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// VLAN id, 1–4094.
    pub vlan: u16,
    /// Priority, 0–7.
    pub priority: u8,
}

/// What an IPv4 header says.
#[derive(Debug, Clone, Copy)]
pub struct Ip {
    /// Source.
    pub src: Ipv4Addr,
    /// Destination.
    pub dst: Ipv4Addr,
    /// 6 TCP, 17 UDP, 1 ICMP.
    pub proto: u8,
    /// Identification.
    pub id: u16,
    /// Type of service byte; 0x60 is CS3.
    pub tos: u8,
    /// Time to live.
    pub ttl: u8,
}

/// What a TCP header says.
#[derive(Debug, Clone, Copy)]
pub struct Tcp {
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; 0 if there is none.
    pub ack: u32,
    /// Flags: [`FIN`], [`SYN`], [`RST`], [`PSH`], [`ACK`].
    pub flags: u8,
}

/// No more bytes.
pub const FIN: u8 = 1;
/// Opens.
pub const SYN: u8 = 2;
/// Aborts.
pub const RST: u8 = 4;
/// Hand it on.
pub const PSH: u8 = 8;
/// Acknowledges.
pub const ACK: u8 = 16;

/// The Internet checksum (RFC 1071) over the parts, all but the last of which have even length.
pub fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u32;
    for part in parts {
        for word in part.chunks(2) {
            let high = word.first().copied().unwrap_or(0);
            let low = word.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([high, low]));
        }
        sum = (sum & 0xffff) + (sum >> 16);
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An Ethernet II frame, padded to the shortest length.
pub fn ethernet(dst: Mac, src: Mac, tag: Option<Tag>, ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = addresses(dst, src, tag);
    out.extend(ether_type.to_be_bytes());
    out.extend(payload);
    pad(out)
}

/// An 802.3 frame with LLC/SNAP: its length field counts no padding.
pub fn snap(dst: Mac, src: Mac, oui: [u8; 3], pid: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = addresses(dst, src, None);
    out.extend((payload.len() as u16 + 8).to_be_bytes());
    out.extend([0xaa, 0xaa, 3]);
    out.extend(oui);
    out.extend(pid.to_be_bytes());
    out.extend(payload);
    pad(out)
}

/// An 802.3 frame with bare LLC: spanning tree.
pub fn llc(dst: Mac, src: Mac, header: [u8; 3], payload: &[u8]) -> Vec<u8> {
    let mut out = addresses(dst, src, None);
    out.extend((payload.len() as u16 + 3).to_be_bytes());
    out.extend(header);
    out.extend(payload);
    pad(out)
}

fn addresses(dst: Mac, src: Mac, tag: Option<Tag>) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend(dst);
    out.extend(src);
    if let Some(tag) = tag {
        out.extend([0x81, 0]);
        out.extend((u16::from(tag.priority) << 13 | tag.vlan & 0xfff).to_be_bytes());
    }
    out
}

fn pad(mut out: Vec<u8>) -> Vec<u8> {
    if out.len() < SHORTEST {
        out.resize(SHORTEST, 0);
    }
    out
}

/// An ARP message for IPv4 over Ethernet: `op` 1 asks, 2 answers.
pub fn arp(op: u16, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    let mut out = vec![0, 1, 8, 0, 6, 4];
    out.extend(op.to_be_bytes());
    out.extend(sender.0);
    out.extend(sender.1.octets());
    out.extend(target.0);
    out.extend(target.1.octets());
    out
}

/// An IPv4 packet that may not be fragmented on its way.
pub fn ipv4(ip: Ip, payload: &[u8]) -> Vec<u8> {
    ipv4_part(ip, 0x4000, payload)
}

/// An IPv4 packet cut into fragments that fit `mtu`.
pub fn ipv4_fragments(ip: Ip, payload: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let room = mtu.saturating_sub(20) & !7;
    let count = payload.len().div_ceil(room.max(8));
    let part = |(n, bytes): (usize, &[u8])| {
        let more = if n + 1 < count { 0x2000 } else { 0 };
        ipv4_part(ip, more | (n * room / 8) as u16, bytes)
    };
    payload.chunks(room.max(8)).enumerate().map(part).collect()
}

fn ipv4_part(ip: Ip, flags_and_offset: u16, payload: &[u8]) -> Vec<u8> {
    let mut head = vec![0x45, ip.tos];
    head.extend((payload.len() as u16 + 20).to_be_bytes());
    head.extend(ip.id.to_be_bytes());
    head.extend(flags_and_offset.to_be_bytes());
    head.extend([ip.ttl, ip.proto]);
    let mut addresses = ip.src.octets().to_vec();
    addresses.extend(ip.dst.octets());
    head.extend(checksum(&[&head, &addresses]).to_be_bytes());
    head.extend(addresses);
    head.extend(payload);
    head
}

/// A UDP datagram, to be put into an IPv4 packet between the same addresses.
pub fn udp(src: Ipv4Addr, dst: Ipv4Addr, sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::with_capacity(8 + payload.len());
    head.extend(sport.to_be_bytes());
    head.extend(dport.to_be_bytes());
    head.extend((payload.len() as u16 + 8).to_be_bytes());
    let sum = checksum(&[&pseudo(src, dst, 17, payload.len() + 8), &head, &[0, 0], payload]);
    // A sum of zero would mean "none" (RFC 768).
    head.extend(if sum == 0 { [0xff, 0xff] } else { sum.to_be_bytes() });
    head.extend(payload);
    head
}

/// A TCP segment, to be put into an IPv4 packet between the same addresses. A SYN carries the option MSS 1460.
pub fn tcp(src: Ipv4Addr, dst: Ipv4Addr, tcp: Tcp, payload: &[u8]) -> Vec<u8> {
    let options: &[u8] = if tcp.flags & SYN != 0 { &[2, 4, 0x05, 0xb4] } else { &[] };
    let mut head = Vec::with_capacity(24 + payload.len());
    head.extend(tcp.sport.to_be_bytes());
    head.extend(tcp.dport.to_be_bytes());
    head.extend(tcp.seq.to_be_bytes());
    head.extend(tcp.ack.to_be_bytes());
    head.extend([((20 + options.len()) << 2) as u8, tcp.flags]);
    head.extend(if tcp.flags & RST != 0 { [0, 0] } else { [0x20, 0] });
    let whole = 20 + options.len() + payload.len();
    let sum = checksum(&[&pseudo(src, dst, 6, whole), &head, &[0, 0, 0, 0], options, payload]);
    head.extend(sum.to_be_bytes());
    head.extend([0, 0]);
    head.extend(options);
    head.extend(payload);
    head
}

fn pseudo(src: Ipv4Addr, dst: Ipv4Addr, proto: u8, len: usize) -> Vec<u8> {
    let mut out = src.octets().to_vec();
    out.extend(dst.octets());
    out.extend([0, proto]);
    out.extend((len as u16).to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_rfc_1071() {
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
    }

    #[test]
    fn fragments_cover_the_whole() {
        let (src, dst) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let ip = Ip { src, dst, proto: 17, id: 7, tos: 0, ttl: 64 };
        let parts = ipv4_fragments(ip, &vec![1; 2000], 1500);
        assert_eq!(
            parts.iter().map(|p| (p.len() - 20, p[6], p[7])).collect::<Vec<_>>(),
            [(1480, 0x20, 0), (520, 0, 185)]
        );
    }
}
