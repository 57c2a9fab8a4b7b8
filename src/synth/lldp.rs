//! LLDP announcements of a phone and of its switch port (IEEE 802.1AB, TIA-1057, IEEE 802.3 power).

use std::net::Ipv4Addr;

use super::frame::{Mac, ethernet};

const GROUP: Mac = [0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e];
const IEEE_1: [u8; 3] = [0x00, 0x80, 0xc2];
const IEEE_3: [u8; 3] = [0x00, 0x12, 0x0f];
const TIA: [u8; 3] = [0x00, 0x12, 0xbb];

/// What a phone announces.
#[derive(Debug, Clone, Copy)]
pub struct Phone<'a> {
    /// `SEP001122334455`
    pub name: &'a str,
    /// Its address; unspecified before it has one.
    pub ip: Ipv4Addr,
    /// The firmware it runs.
    pub load: &'a str,
    /// `CP-7821`
    pub model: &'a str,
    /// The power it needs in mW.
    pub power: u32,
    /// Asks for the voice VLAN: an unknown policy.
    pub asks_vlan: bool,
    /// The VLAN it works in.
    pub vlan: Option<u16>,
}

/// What the switch announces on the port of the phone.
#[derive(Debug, Clone, Copy)]
pub struct Switch<'a> {
    /// `sw-access-1`
    pub name: &'a str,
    /// `Gi1/0/7`
    pub port: &'a str,
    /// The data VLAN.
    pub native: u16,
    /// The voice VLAN, if it offers one.
    pub voice: Option<u16>,
    /// Power available on the port in mW.
    pub power: u32,
}

/// The frame of a phone.
pub fn phone(mac: Mac, it: Phone<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let [a, b, c, d] = it.ip.octets();
    tlv(&mut out, 1, &[5, 1, a, b, c, d]);
    tlv(&mut out, 2, format!("\x07{}:P1", it.name.trim_start_matches("SEP")).as_bytes());
    tlv(&mut out, 3, &180_u16.to_be_bytes());
    tlv(&mut out, 4, b"SW PORT");
    tlv(&mut out, 5, it.name.as_bytes());
    let digits = it.model.trim_start_matches("CP-");
    tlv(&mut out, 6, format!("Cisco IP Phone {digits}, V2, {}.loads", it.load).as_bytes());
    tlv(&mut out, 7, &[0, 0x24, 0, 0x24]);
    organisation(&mut out, TIA, 1, &[0, 0x33, 3]);
    let policy = match (it.asks_vlan, it.vlan) {
        (false, Some(vlan)) => policy(1, vlan, 5, 46),
        _ => [1, 0x80, 0, 0],
    };
    organisation(&mut out, TIA, 2, &policy);
    let [high, low] = tenths(it.power);
    organisation(&mut out, TIA, 4, &[0x53, high, low]);
    organisation(&mut out, TIA, 5, b"2");
    organisation(&mut out, TIA, 8, b"FCH0000ABCD");
    organisation(&mut out, TIA, 9, b"Cisco Systems, Inc.");
    organisation(&mut out, TIA, 10, it.model.as_bytes());
    end(mac, out)
}

/// The frame of a switch.
pub fn switch(mac: Mac, it: Switch<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    tlv(&mut out, 1, &[&[4], mac.as_slice()].concat());
    tlv(&mut out, 2, format!("\x05{}", it.port).as_bytes());
    tlv(&mut out, 3, &120_u16.to_be_bytes());
    tlv(&mut out, 5, it.name.as_bytes());
    tlv(&mut out, 7, &[0, 0x14, 0, 0x04]);
    organisation(&mut out, IEEE_1, 1, &it.native.to_be_bytes());
    organisation(&mut out, IEEE_3, 2, &[7, 1, 5]);
    organisation(&mut out, TIA, 1, &[0, 0x0f, 4]);
    if let Some(vlan) = it.voice {
        organisation(&mut out, TIA, 2, &policy(1, vlan, 5, 46));
        organisation(&mut out, TIA, 2, &policy(2, vlan, 3, 24));
    }
    let [high, low] = tenths(it.power);
    organisation(&mut out, TIA, 4, &[0x13, high, low]);
    end(mac, out)
}

/// Application, then 24 bits: known, tagged, VLAN, priority, DSCP.
fn policy(application: u8, vlan: u16, priority: u8, dscp: u8) -> [u8; 4] {
    let bits = 1 << 22 | u32::from(vlan) << 9 | u32::from(priority) << 6 | u32::from(dscp);
    let [_, a, b, c] = bits.to_be_bytes();
    [application, a, b, c]
}

/// Milliwatts as tenths of a watt.
fn tenths(milliwatts: u32) -> [u8; 2] {
    ((milliwatts / 100) as u16).to_be_bytes()
}

fn organisation(out: &mut Vec<u8>, oui: [u8; 3], subtype: u8, value: &[u8]) {
    tlv(out, 127, &[oui.as_slice(), &[subtype], value].concat());
}

fn tlv(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend((kind << 9 | value.len() as u16).to_be_bytes());
    out.extend(value);
}

fn end(mac: Mac, mut out: Vec<u8>) -> Vec<u8> {
    tlv(&mut out, 0, &[]);
    ethernet(GROUP, mac, None, 0x88cc, &out)
}
