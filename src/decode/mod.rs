//! Layers of one frame: from the link to the payload, without state.
//!
//! [`packet`] never fails: it gives what it could read and says where it stopped. Tunnels (IP in IP, GRE, ERSPAN,
//! VXLAN, MPLS, PPP) are followed to the innermost packet, whose addresses and tags the origin then carries.
//!
//! `link.rs`: what is before IP. `net.rs`: IP, what it carries, tunnels in it.

mod link;
mod net;

use std::net::IpAddr;

use crate::bytes::{Malformed, Reader};
use crate::event::Origin;
use crate::source::Frame;

/// A frame taken apart.
#[derive(Debug, Clone)]
pub struct Packet<'a> {
    /// Frame, addresses, tags: the innermost ones where the packet was in a tunnel.
    pub origin: Origin,
    /// What the layers carry.
    pub layer: Layer<'a>,
    /// The bytes from the innermost IP header on; empty without IP. Duplicates of a SPAN port agree in these
    /// (but for TTL and checksum).
    pub ip: &'a [u8],
    /// Why and where reading stopped (offset in the frame), if it did before a payload was found.
    pub stop: Option<Malformed>,
    /// Bytes of the payload that the snap length cut off.
    pub cut: usize,
}

/// What a packet carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer<'a> {
    /// Ethernet II or a link that gives an EtherType: ARP, LLDP.
    Ether {
        /// The EtherType after all tags.
        ether_type: u16,
        /// Everything after it.
        payload: &'a [u8],
    },
    /// 802.3 with LLC/SNAP, or Cisco HDLC: CDP.
    Snap {
        /// Organisation, 24 bits.
        oui: u32,
        /// Protocol id.
        pid: u16,
        /// Cut at the 802.3 length: padding is no part of it.
        payload: &'a [u8],
    },
    /// A UDP datagram; its ports are in the origin.
    Udp {
        /// Cut at the UDP length.
        payload: &'a [u8],
    },
    /// A TCP segment; its ports are in the origin.
    Tcp(Tcp<'a>),
    /// Another IP protocol: ICMP, IGMP.
    Ip {
        /// IP protocol number.
        proto: u8,
        /// Cut at the IP length.
        payload: &'a [u8],
    },
    /// A fragment that has to wait for the others.
    Fragment(Fragment<'a>),
    /// Nothing that is read here; `Packet::stop` may say why.
    None,
}

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcp<'a> {
    /// Sequence number of the first byte of the payload (of the SYN, if it is one).
    pub seq: u32,
    /// Acknowledgement number, valid if `ack` is set.
    pub ack_number: u32,
    /// The flags that matter.
    pub syn: bool,
    /// Acknowledges.
    pub ack: bool,
    /// No more bytes.
    pub fin: bool,
    /// Aborted.
    pub rst: bool,
    /// Cut at the IP length.
    pub payload: &'a [u8],
}

/// An IP fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Identification: fragments of one datagram share it.
    pub id: u32,
    /// IP protocol of the whole.
    pub proto: u8,
    /// Offset of the payload in the whole, in bytes.
    pub offset: usize,
    /// More fragments follow.
    pub more: bool,
    /// The bytes.
    pub payload: &'a [u8],
}

/// Takes a frame apart.
#[inline]
pub fn packet<'a>(frame: &Frame<'a>) -> Packet<'a> {
    let mut origin = Origin::at(frame.number, frame.time);
    origin.interface = frame.interface;
    let mut packet = Packet { origin, layer: Layer::None, ip: &[], stop: None, cut: 0 };
    match link::frame(frame.link, Reader::new(frame.bytes), &mut packet) {
        Ok(layer) => packet.layer = layer,
        Err(stop) => packet.stop = Some(stop),
    }
    // These do not say how long they are: all that follows is theirs.
    if matches!(packet.layer, Layer::Ether { .. }) {
        packet.cut = (frame.wire_len as usize).saturating_sub(frame.bytes.len());
    }
    packet
}

/// What an IP payload carries, for one that [`crate::flow::frag`] put together: fills the ports of the origin. Tunnels
/// are followed here too; what cannot be read is [`Layer::None`].
pub fn transport<'a>(proto: u8, payload: &'a [u8], origin: &mut Origin) -> Layer<'a> {
    let mut packet = Packet { origin: *origin, layer: Layer::None, ip: &[], stop: None, cut: 0 };
    let layer = net::payload(proto, Reader::new(payload), &mut packet, TUNNELS).unwrap_or(Layer::None);
    *origin = packet.origin;
    layer
}

/// Headers of tunnels that are followed into one another.
const TUNNELS: u8 = 8;

/// One tunnel deeper.
fn deeper(budget: u8, at: usize) -> Result<u8, Malformed> {
    budget.checked_sub(1).ok_or(Malformed { at, what: "more tunnels than are followed" })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
