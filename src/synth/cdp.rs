//! CDP announcements of a phone and of its switch port (Cisco Discovery Protocol version 2).
//!
//! The layouts are Wireshark's packet-cdp.c; the checksum follows Cisco's rule for an odd length.

use std::net::Ipv4Addr;

use super::frame::{Mac, checksum, snap};

/// Where CDP goes: one hop only.
const GROUP: Mac = [0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc];

/// The request id under which phone and switch negotiate power.
const REQUEST_ID: u16 = 6699;

/// What a phone announces.
#[derive(Debug, Clone, Copy)]
pub struct Phone<'a> {
    /// `SEP001122334455`
    pub name: &'a str,
    /// Its address; unspecified before it has one.
    pub ip: Ipv4Addr,
    /// The firmware it runs.
    pub load: &'a str,
    /// `Cisco IP Phone 7821`
    pub platform: &'a str,
    /// Levels of power in mW that it would take, the preferred one first.
    pub power: &'a [u32],
    /// Asks for the voice VLAN.
    pub asks_vlan: bool,
}

/// What the switch announces on the port of the phone.
#[derive(Debug, Clone, Copy)]
pub struct Switch<'a> {
    /// `sw-access-1`
    pub name: &'a str,
    /// Its management address.
    pub ip: Ipv4Addr,
    /// `GigabitEthernet1/0/7`
    pub port: &'a str,
    /// The data VLAN.
    pub native: u16,
    /// The voice VLAN, if it offers one.
    pub voice: Option<u16>,
    /// Power available on the port in mW, if it supplies any.
    pub power: Option<u32>,
    /// It answers the phone's request: it repeats its id. Otherwise the id is 0.
    pub answers: bool,
}

/// The frame of a phone.
pub fn phone(mac: Mac, it: Phone<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    tlv(&mut out, 0x0001, it.name.as_bytes());
    tlv(&mut out, 0x0002, &address(it.ip));
    tlv(&mut out, 0x0003, b"Port 1");
    tlv(&mut out, 0x0004, &0x0490_u32.to_be_bytes());
    tlv(&mut out, 0x0005, format!("{}.loads", it.load).as_bytes());
    tlv(&mut out, 0x0006, it.platform.as_bytes());
    if it.asks_vlan {
        tlv(&mut out, 0x000f, &[0x20, 0x02, 0x00, 0x01]);
    }
    tlv(&mut out, 0x000b, &[1]);
    if let Some(first) = it.power.first() {
        tlv(&mut out, 0x0010, &(*first as u16).to_be_bytes());
        tlv(&mut out, 0x0019, &levels(REQUEST_ID, it.power));
    }
    frame(mac, &out)
}

/// The frame of a switch.
pub fn switch(mac: Mac, it: Switch<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    tlv(&mut out, 0x0001, it.name.as_bytes());
    tlv(&mut out, 0x0002, &address(it.ip));
    tlv(&mut out, 0x0003, it.port.as_bytes());
    tlv(&mut out, 0x0004, &0x28_u32.to_be_bytes());
    tlv(&mut out, 0x0005, b"Cisco IOS Software, C2960X Software, Version 15.2(7)E7");
    tlv(&mut out, 0x0006, b"cisco WS-C2960X-24PS-L");
    tlv(&mut out, 0x0009, b"");
    tlv(&mut out, 0x000a, &it.native.to_be_bytes());
    tlv(&mut out, 0x000b, &[1]);
    if let Some(vlan) = it.voice {
        let [high, low] = vlan.to_be_bytes();
        tlv(&mut out, 0x000e, &[1, high, low]);
    }
    tlv(&mut out, 0x0012, &[0]);
    tlv(&mut out, 0x0013, &[0]);
    if let Some(power) = it.power {
        let id = if it.answers { REQUEST_ID } else { 0 };
        tlv(&mut out, 0x001a, &levels(id, &[power, u32::MAX]));
    }
    frame(mac, &out)
}

/// The frame of a computer with a camera application, behind the phone.
pub fn camera(mac: Mac) -> Vec<u8> {
    let mut out = Vec::new();
    tlv(&mut out, 0x0001, b"DESKTOP-7");
    tlv(&mut out, 0x0002, &address(Ipv4Addr::new(10, 30, 0, 7)));
    tlv(&mut out, 0x0003, b"Ethernet");
    tlv(&mut out, 0x0004, &0x0210_u32.to_be_bytes());
    tlv(&mut out, 0x0005, b"2.2(2)");
    tlv(&mut out, 0x0006, b"Cisco Unified Video Advantage");
    frame(mac, &out)
}

/// The frame of a phone whose second TLV claims a length of 2, less than its own head.
pub fn damaged(mac: Mac, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    tlv(&mut out, 0x0001, name.as_bytes());
    out.extend([0, 3, 0, 2]);
    out.extend(b"Port 1");
    frame(mac, &out)
}

fn tlv(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend(kind.to_be_bytes());
    out.extend((value.len() as u16 + 4).to_be_bytes());
    out.extend(value);
}

fn address(ip: Ipv4Addr) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1, 1, 1, 0xcc, 0, 4];
    out.extend(ip.octets());
    out
}

fn levels(request_id: u16, milliwatts: &[u32]) -> Vec<u8> {
    let mut out = request_id.to_be_bytes().to_vec();
    out.extend([0, 1]);
    milliwatts.iter().for_each(|level| out.extend(level.to_be_bytes()));
    out
}

fn frame(mac: Mac, tlvs: &[u8]) -> Vec<u8> {
    let mut out = vec![2, 180];
    out.extend(cisco_checksum(tlvs).to_be_bytes());
    out.extend(tlvs);
    snap(GROUP, mac, [0, 0, 0x0c], 0x2000, &out)
}

/// Over version 2, TTL 180, a checksum of zero and the TLVs. An odd last byte stands in the low half of its word,
/// sign-extended and less one if its top bit is set.
fn cisco_checksum(tlvs: &[u8]) -> u16 {
    let (even, last) = tlvs.split_at(tlvs.len() & !1);
    let head = [2, 180, 0, 0];
    match last.first() {
        None => checksum(&[&head, even]),
        Some(&byte) if byte >= 0x80 => checksum(&[&head, even, &[0xff, byte.wrapping_sub(1)]]),
        Some(&byte) => checksum(&[&head, even, &[0, byte]]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The odd lengths that Wireshark calls correct.
    #[test]
    fn odd_lengths() {
        for (kind, byte, sum) in [(0x0012, 0x01, 0x12b1), (0x0012, 0x81, 0x1a29)] {
            let mut tlvs = Vec::new();
            tlv(&mut tlvs, 1, b"SEP001122334455");
            if byte == 1 {
                tlv(&mut tlvs, kind, &[0]);
                tlv(&mut tlvs, 0x0b, &[1]);
            } else {
                tlv(&mut tlvs, 0x0b, &[1]);
                tlv(&mut tlvs, kind, &[byte]);
            }
            assert_eq!(cisco_checksum(&tlvs), sum);
        }
    }
}
