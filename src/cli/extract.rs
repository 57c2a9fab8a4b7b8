//! A phone's frames of all protocols: by its MAC, by the addresses it had at the time, and those that findings cite.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::decode::{self, Layer};
use crate::finding::Finding;
use crate::phone::{Address, Phone, Phones};
use crate::source::Frame;
use crate::time::Ts;

/// Which frames are a phone's.
#[derive(Debug)]
pub struct Extract<'p> {
    phone: &'p Phone,
    cited: HashSet<u64>,
}

impl<'p> Extract<'p> {
    /// Of a phone, with what was found of it.
    pub fn of(phone: &'p Phone, findings: &[Finding], phones: &Phones) -> Extract<'p> {
        let same = |other: &Phone| std::ptr::eq(other, phone);
        let cited = findings
            .iter()
            .filter(|finding| finding.phones.iter().any(|id| phones.get(*id).is_some_and(same)))
            .flat_map(|finding| finding.frames.iter().copied())
            .collect();
        Extract { phone, cited }
    }

    /// Whether a frame is one of them.
    pub fn takes(&self, frame: &Frame<'_>) -> bool {
        let packet = decode::packet(frame);
        let origin = &packet.origin;
        let ends = match &packet.layer {
            Layer::Fragment(fragment) => [Some(fragment.src), Some(fragment.dst)],
            _ => [origin.src.map(|end| end.ip), origin.dst.map(|end| end.ip)],
        };
        let mac = self.phone.mac;
        mac.is_some() && (origin.eth_src == mac || origin.eth_dst == mac)
            || ends.into_iter().flatten().any(|ip| had(&self.phone.addresses, ip, frame.time))
            || self.cited.contains(&frame.number)
    }
}

fn had(addresses: &[Address], ip: IpAddr, at: Ts) -> bool {
    addresses.iter().any(|address| address.ip == ip && address.until.is_none_or(|until| at < until))
}
