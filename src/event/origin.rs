//! Where an event comes from: the frame in which its message was complete, and what that frame says of itself.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use super::{Event, Value, flag, ip, mac, text, time, uint};
use crate::time::Ts;
use crate::{fields, plain};

/// An address and a port; port 0 where the protocol has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address.
    pub ip: IpAddr,
    /// The port, or 0.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.port) {
            (ip, 0) => write!(f, "{ip}"),
            (IpAddr::V4(ip), port) => write!(f, "{}:{port}", plain::dotted(ip).as_str()),
            (IpAddr::V6(ip), port) => write!(f, "[{ip}]:{port}"),
        }
    }
}

/// Which end of a flow: the one that opened it (or sent the first datagram seen), or the one that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that opened the connection, or sent the first datagram seen.
    Client,
    /// The one that was asked.
    Server,
}

impl Side {
    /// The other one.
    pub const fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// 0 for the client, 1 for the server: an index into a pair.
    pub const fn index(self) -> usize {
        match self {
            Side::Client => 0,
            Side::Server => 1,
        }
    }
}

/// The VLAN tags of a frame, outermost first; at most eight are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vlans {
    ids: [u16; 8],
    len: u8,
}

impl Vlans {
    /// Adds the next inner tag.
    pub fn push(&mut self, id: u16) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.len)) {
            *slot = id;
            self.len += 1;
        }
    }

    /// The VLAN ids, outermost first.
    pub fn ids(&self) -> &[u16] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The innermost VLAN id, the one the station is in.
    pub fn inner(&self) -> Option<u16> {
        self.ids().last().copied()
    }
}

/// Where an event comes from: the frame in which its message was complete.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Origin {
    /// 1-based, counted per file.
    pub frame: u64,
    /// The frame's time.
    pub time: Ts,
    /// The interface of the capture (pcapng), 0 in pcap.
    pub interface: u32,
    /// Source hardware address, where the link has one.
    pub eth_src: Option<[u8; 6]>,
    /// Destination hardware address.
    pub eth_dst: Option<[u8; 6]>,
    /// 802.1Q and 802.1ad tags.
    pub vlans: Vlans,
    /// Source address and port.
    pub src: Option<Endpoint>,
    /// Destination address and port.
    pub dst: Option<Endpoint>,
    /// IP protocol number (6 TCP, 17 UDP), 0 without IP.
    pub ip_proto: u8,
    /// Differentiated services code point.
    pub dscp: u8,
    /// The IP time to live or hop limit, 0 without IP.
    pub ttl: u8,
    /// Which end of its flow sent it; `None` where there is no flow (link layer, ARP, fragments).
    pub sender: Option<Side>,
    /// The frame is a copy that a SPAN port made of an earlier one.
    pub duplicate: bool,
}

impl Origin {
    /// An origin with nothing but a frame and a time.
    pub const fn at(frame: u64, time: Ts) -> Origin {
        Origin {
            frame,
            time,
            interface: 0,
            eth_src: None,
            eth_dst: None,
            vlans: Vlans { ids: [0; 8], len: 0 },
            src: None,
            dst: None,
            ip_proto: 0,
            dscp: 0,
            ttl: 0,
            sender: None,
            duplicate: false,
        }
    }

    /// The end that was asked: the server of the flow.
    pub fn server(&self) -> Option<Endpoint> {
        match self.sender? {
            Side::Client => self.dst,
            Side::Server => self.src,
        }
    }

    /// The end that asks: the client of the flow.
    pub fn client(&self) -> Option<Endpoint> {
        match self.sender? {
            Side::Client => self.src,
            Side::Server => self.dst,
        }
    }
}

/// Tells the values of one field of the frame.
pub(super) type Tell = fn(&Event<'_>, &mut dyn FnMut(&Value<'_>));

fields! { ORIGIN_FIELDS;
    FRAME_NUMBER = uint("frame.number", "Number of the frame in its file, from 1")
        .of_frame(|event, found| found(&Value::Uint(event.origin.frame)));
    FRAME_TIME = time("frame.time", "Time of the frame").of_frame(|event, found| found(&Value::Time(event.origin.time)));
    FRAME_INTERFACE = uint("frame.interface_id", "Interface of the capture (pcapng)")
        .of_frame(|event, found| found(&Value::Uint(u64::from(event.origin.interface))));
    ETH_SRC = mac("eth.src", "Source hardware address").of_frame(|event, found| hardware(event.origin.eth_src, found));
    ETH_DST = mac("eth.dst", "Destination hardware address")
        .of_frame(|event, found| hardware(event.origin.eth_dst, found));
    ETH_ADDR = mac("eth.addr", "Source or destination hardware address").of_frame(|event, found| {
        hardware(event.origin.eth_src, found);
        hardware(event.origin.eth_dst, found);
    });
    VLAN_ID = uint("vlan.id", "802.1Q or 802.1ad VLAN, outermost first")
        .of_frame(|event, found| event.origin.vlans.ids().iter().for_each(|id| found(&Value::Uint(u64::from(*id)))));
    IP_SRC = ip("ip.src", "Source address, IPv4 or IPv6").of_frame(|event, found| address(event.origin.src, found));
    IP_DST = ip("ip.dst", "Destination address, IPv4 or IPv6")
        .of_frame(|event, found| address(event.origin.dst, found));
    IP_ADDR = ip("ip.addr", "Source or destination address, IPv4 or IPv6").of_frame(|event, found| {
        address(event.origin.src, found);
        address(event.origin.dst, found);
    });
    IP_PROTO = uint("ip.proto", "IP protocol number: 6 TCP, 17 UDP")
        .of_frame(|event, found| of_ip(event, event.origin.ip_proto, found));
    IP_DSCP = uint("ip.dsfield.dscp", "Differentiated services code point")
        .of_frame(|event, found| of_ip(event, event.origin.dscp, found));
    IP_TTL = uint("ip.ttl", "IP time to live or hop limit")
        .of_frame(|event, found| of_ip(event, event.origin.ttl, found));
    TCP_SRCPORT = uint("tcp.srcport", "TCP source port")
        .of_frame(|event, found| port_of(6, event, event.origin.src, found));
    TCP_DSTPORT = uint("tcp.dstport", "TCP destination port")
        .of_frame(|event, found| port_of(6, event, event.origin.dst, found));
    TCP_PORT = uint("tcp.port", "TCP source or destination port").of_frame(|event, found| {
        port_of(6, event, event.origin.src, found);
        port_of(6, event, event.origin.dst, found);
    });
    UDP_SRCPORT = uint("udp.srcport", "UDP source port")
        .of_frame(|event, found| port_of(17, event, event.origin.src, found));
    UDP_DSTPORT = uint("udp.dstport", "UDP destination port")
        .of_frame(|event, found| port_of(17, event, event.origin.dst, found));
    UDP_PORT = uint("udp.port", "UDP source or destination port").of_frame(|event, found| {
        port_of(17, event, event.origin.src, found);
        port_of(17, event, event.origin.dst, found);
    });
    FLOW_SERVER = ip("flow.server", "Address of the end that was asked")
        .of_frame(|event, found| address(event.origin.server(), found));
    FLOW_SERVER_PORT = uint("flow.server_port", "Port of the end that was asked")
        .of_frame(|event, found| port(event.origin.server(), found));
    FLOW_CLIENT = ip("flow.client", "Address of the end that asks")
        .of_frame(|event, found| address(event.origin.client(), found));
    FLOW_CLIENT_PORT = uint("flow.client_port", "Port of the end that asks")
        .of_frame(|event, found| port(event.origin.client(), found));
    EVENT_NAME = text("event", "Name of the event, such as sip.request")
        .of_frame(|event, found| found(&Value::Text(Cow::Borrowed(event.def.name))));
    EVENT_PROTO = text("proto", "Protocol of the event, such as sip")
        .of_frame(|event, found| found(&Value::Text(Cow::Borrowed(event.def.proto()))));
    EVENT_DUPLICATE = flag("duplicate", "The frame is a copy made by a SPAN port")
        .of_frame(|event, found| found(&Value::Bool(event.origin.duplicate)));
    DEFECT_WHAT = text("defect.what", "What could not be read").of_frame(|event, found| {
        event.defect.iter().for_each(|defect| found(&Value::Text(Cow::Borrowed(defect.what))));
    });
    DEFECT_AT = uint("defect.at", "Offset in the message at which reading stopped").unit("bytes")
        .of_frame(|event, found| event.defect.iter().for_each(|defect| found(&Value::Uint(defect.at as u64))));
}

fn hardware(mac: Option<[u8; 6]>, found: &mut dyn FnMut(&Value<'_>)) {
    if let Some(mac) = mac {
        found(&Value::Mac(mac));
    }
}

fn address(end: Option<Endpoint>, found: &mut dyn FnMut(&Value<'_>)) {
    if let Some(end) = end {
        found(&Value::Ip(end.ip));
    }
}

fn port(end: Option<Endpoint>, found: &mut dyn FnMut(&Value<'_>)) {
    if let Some(end) = end {
        found(&Value::Uint(u64::from(end.port)));
    }
}

fn port_of(proto: u8, event: &Event<'_>, end: Option<Endpoint>, found: &mut dyn FnMut(&Value<'_>)) {
    port(end.filter(|_| event.origin.ip_proto == proto), found);
}

/// What there is only with IP.
fn of_ip(event: &Event<'_>, value: u8, found: &mut dyn FnMut(&Value<'_>)) {
    if event.origin.src.is_some() && event.origin.dst.is_some() {
        found(&Value::Uint(u64::from(value)));
    }
}
