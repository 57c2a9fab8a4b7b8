//! Who is who: device name ↔ MAC ↔ addresses over time ↔ directory number ↔ CallManager ↔ switch port.
//!
//! A device name is the strongest key, and it carries the MAC (`SEP` and twelve hexadecimal digits). Then comes
//! the MAC, while the capture sits on the phone's own segment; then the address, by lease or ARP at that time.
//! An address may pass from one phone to another: a later binding never rewrites what was said earlier.
//!
//! What makes a phone at all is evidence of its own: it announces itself, asks for a phone's file, or speaks as
//! one. A station without that evidence has no verdict: its events wait, bounded, until it is one.

mod holes;
mod losses;
mod names;
mod observe;
mod room;

use std::net::IpAddr;

use crate::event::{EventBuf, Mac, Origin, Value, ip, mac, text};
use crate::fields;
use crate::finding::PhoneId;
pub use crate::model::Concerned;
use crate::model::Identity;
use crate::time::Ts;
pub use holes::{Silence, Stillness};
pub use room::Phones;

fields! { FIELDS;
    NAME = text("phone.name", "Device name of the phone concerned, else its MAC, else its address");
    MAC = mac("phone.mac", "Hardware address of the phone concerned");
    IP = ip("phone.ip", "Addresses of the phone concerned");
    VERDICT = text("phone.verdict", "Verdict on the phone concerned: pass, fail or inconclusive");
    FINDING = text("finding.id", "Findings that cite this frame");
}

/// Bounds of this room.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Stations (phones or not) told apart.
    pub stations: usize,
    /// Events that wait for their station to prove itself a phone: of one, and of all. A long one counts as several.
    pub waiting: (usize, usize),
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { stations: 20_000, waiting: (48, 50_000) }
    }
}

/// An address that a phone had, from when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// First seen with it.
    pub from: Ts,
    /// Another station took it over.
    pub until: Option<Ts>,
}

/// What kinds of frames a capture holds, of whomever: what is of none of them may have been filtered out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Something other than link discovery and DHCP.
    pub ip: bool,
    /// TCP.
    pub tcp: bool,
    /// UDP, be it DHCP.
    pub udp: bool,
    /// The trust verification service.
    pub tvs: bool,
    /// A port that phones register at: SIP or SCCP.
    pub signalling: bool,
}

impl Carried {
    /// A flow begins.
    pub fn begins(&mut self, origin: &Origin) {
        let (Some(src), Some(dst)) = (origin.src, origin.dst) else { return };
        let either = |ports: &[u16]| ports.contains(&src.port) || ports.contains(&dst.port);
        let one = crate::flow::is_station(dst.ip);
        self.tcp |= origin.ip_proto == 6;
        self.udp |= origin.ip_proto == 17;
        self.tvs |= origin.ip_proto == 6 && either(&[2445]);
        self.signalling |= one && either(&[2000, 2443, 5060, 5061]);
    }
}

/// What is known of a phone.
#[derive(Debug, Clone, Default)]
pub struct Phone {
    /// `SEP001122334455`
    pub name: Option<String>,
    /// Its hardware address.
    pub mac: Option<[u8; 6]>,
    /// Its addresses in the order it had them.
    pub addresses: Vec<Address>,
    /// The VLAN its own frames are tagged with.
    pub vlan: Option<u16>,
    /// The switch it hangs on.
    pub switch: Option<String>,
    /// The port of that switch.
    pub switch_port: Option<String>,
    /// `CP-7961G`
    pub model: Option<String>,
    /// The firmware it says it runs.
    pub load: Option<String>,
    /// Directory numbers.
    pub dn: Vec<String>,
    /// CallManagers it spoke to, or was told of, in that order.
    pub callmanagers: Vec<String>,
    /// Protocols it was seen to speak itself.
    speaks: Vec<&'static str>,
    /// Unicast packets to it are in the capture.
    hears: bool,
    /// Frames with its own MAC as their source are in the capture.
    own_mac_seen: bool,
    /// Unicast frames from or to its MAC are in the capture.
    on_path: bool,
    /// What the capture lacks of it.
    holes: holes::Holes,
    /// First and last frame that concerned it.
    pub frames: Option<(u64, u64)>,
}

impl Phone {
    /// What a report calls it: the device name, else the MAC, else the address.
    pub fn label(&self) -> String {
        match (&self.name, self.mac, self.addresses.first()) {
            (Some(name), _, _) => name.clone(),
            (None, Some(mac), _) => Mac(mac).to_string(),
            (None, None, Some(address)) => address.ip.to_string(),
            (None, None, None) => "unnamed phone".to_owned(),
        }
    }

    /// Whether `wanted` (a device name, MAC or address as text) means this phone.
    pub fn is(&self, wanted: &str) -> bool {
        self.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
            || self.mac.is_some_and(|mac| same_mac(mac, wanted))
            || wanted.parse().is_ok_and(|ip: IpAddr| self.addresses.iter().any(|a| a.ip == ip))
    }

    /// A fact of the phone's identity, for the models; nothing is said of what is not known.
    pub fn identity(&self, what: Identity, found: &mut dyn FnMut(&Value<'_>)) {
        let mut text = |one: Option<&String>| {
            if let Some(one) = one {
                found(&Value::Text(one.as_str().into()));
            }
        };
        match what {
            Identity::Name => text(self.name.as_ref()),
            Identity::Model => text(self.model.as_ref()),
            Identity::Load => text(self.load.as_ref()),
            Identity::Dn => self.dn.iter().for_each(|dn| text(Some(dn))),
            Identity::CallManager => text(self.callmanagers.last()),
            Identity::Mac => self.mac.into_iter().for_each(|mac| found(&Value::Mac(mac))),
            Identity::Vlan => self.vlan.into_iter().for_each(|vlan| found(&Value::Uint(u64::from(vlan)))),
            Identity::Ip => {
                self.addresses
                    .iter()
                    .rev()
                    .find(|a| a.until.is_none())
                    .into_iter()
                    .for_each(|a| found(&Value::Ip(a.ip)));
            }
        }
    }

    /// Whether the capture could have seen what the phone says in a protocol: the ground on which absence is judged.
    ///
    /// * `cdp`, `lldp`, `link`: only where the phone itself was seen to speak on its link;
    /// * `dhcp`, `arp`: where any frame of the phone's own MAC is in the capture;
    /// * `replies`: where frames sent to the phone are in the capture;
    /// * `ip`, `tcp`, `udp`, `tvs`, `signalling`: where anybody's is in the capture; it may have been taken through a filter;
    /// * anything above IP: where the capture lies on the phone's path (unicast frames of its MAC) and holds TCP or
    ///   UDP besides DHCP (for `file` TCP), or where the phone was seen to speak just that.
    pub fn visible(&self, proto: &str, carried: &Carried) -> bool {
        let speaks = |proto: &str| self.speaks.contains(&proto);
        match proto {
            "cdp" | "lldp" => speaks(proto),
            "link" => speaks("cdp") || speaks("lldp"),
            "replies" => self.hears,
            "dhcp" | "arp" => speaks(proto) || speaks("cdp") || speaks("lldp") || self.own_mac_seen,
            "ip" => carried.ip,
            "tcp" => carried.tcp,
            "udp" => carried.udp,
            "tvs" => carried.tvs,
            "signalling" => carried.signalling || speaks("sip") || speaks("skinny"),
            "file" => speaks(proto) || carried.tcp && self.on_path,
            _ => speaks(proto) || (carried.tcp || carried.udp) && self.on_path,
        }
    }
}

fn same_mac(mac: [u8; 6], text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    digits.eq_ignore_ascii_case(&mac.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

/// Two records that were found to be one phone: what is kept under `gone` belongs to `stays`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// This id means nothing any more.
    pub gone: PhoneId,
    /// This one does.
    pub stays: PhoneId,
}

/// What came of an event.
#[derive(Debug, Default)]
pub struct Observed {
    /// The phones it concerns now.
    pub concerned: Vec<Concerned>,
    /// Stations that have just proved to be phones: their earlier events, oldest first.
    pub proven: Vec<(PhoneId, Vec<EventBuf>)>,
    /// Records that were found to be one.
    pub merged: Vec<Merged>,
}

impl Observed {
    fn clear(&mut self) {
        self.concerned.clear();
        self.proven.clear();
        self.merged.clear();
    }
}

/// The MAC in a phone's device name, if it is one: `SEP` and twelve hexadecimal digits (or `ATA`).
pub fn device_mac(name: &str) -> Option<[u8; 6]> {
    let upper = name.get(..3)?.to_ascii_uppercase();
    let digits = name.get(3..15)?;
    if !matches!(upper.as_str(), "SEP" | "ATA") || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    // A domain may follow in LLDP: SEP001122334455.example.com.
    if name.as_bytes().get(15).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let mut mac = [0; 6];
    for (byte, i) in mac.iter_mut().zip((0..12).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(i..i + 2)?, 16).ok()?;
    }
    Some(mac)
}

#[cfg(test)]
mod tests;
