//! Where protocols are found, from [`PROTOCOLS`]: by EtherType, SNAP, IP protocol, port, content.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::event::Origin;
use crate::proto::{On, PROTOCOLS, Protocol};

/// Where protocols are found, from [`PROTOCOLS`].
pub(super) struct Routes {
    pub(super) ether: Vec<(u16, usize)>,
    pub(super) snap: Vec<(u32, u16, usize)>,
    pub(super) ip: Vec<(u8, usize)>,
    pub(super) udp: HashMap<u16, Vec<usize>, FixedState>,
    pub(super) tcp: HashMap<u16, Vec<usize>, FixedState>,
    pub(super) any_udp: Vec<usize>,
    pub(super) any_tcp: Vec<usize>,
}

impl Routes {
    pub(super) fn new() -> Routes {
        let mut routes = Routes {
            ether: Vec::new(),
            snap: Vec::new(),
            ip: Vec::new(),
            udp: HashMap::with_hasher(FixedState::default()),
            tcp: HashMap::with_hasher(FixedState::default()),
            any_udp: Vec::new(),
            any_tcp: Vec::new(),
        };
        for (index, protocol) in PROTOCOLS.iter().enumerate() {
            for on in protocol.on {
                match *on {
                    On::EtherType(kind) => routes.ether.push((kind, index)),
                    On::Snap(oui, pid) => routes.snap.push((oui, pid, index)),
                    On::Ip(proto) => routes.ip.push((proto, index)),
                    On::Udp(port) => routes.udp.entry(port).or_default().push(index),
                    On::Tcp(port) => routes.tcp.entry(port).or_default().push(index),
                    On::AnyUdp => routes.any_udp.push(index),
                    On::AnyTcp => routes.any_tcp.push(index),
                }
            }
        }
        routes
    }

    pub(super) fn server_ports(&self) -> Vec<u16> {
        self.udp.keys().chain(self.tcp.keys()).copied().collect()
    }

    /// What a flow may be: by the server's port, by the client's, by content alone.
    pub(super) fn candidates(&self, origin: &Origin) -> impl Iterator<Item = usize> + '_ {
        let (by_port, any) = if origin.ip_proto == 6 { (&self.tcp, &self.any_tcp) } else { (&self.udp, &self.any_udp) };
        [origin.server(), origin.client()]
            .into_iter()
            .flatten()
            .filter_map(move |end| by_port.get(&end.port))
            .flatten()
            .chain(any.iter())
            .copied()
    }

    pub(super) fn on_port(&self, origin: &Origin) -> bool {
        let by_port = if origin.ip_proto == 6 { &self.tcp } else { &self.udp };
        [origin.server(), origin.client()].into_iter().flatten().any(|end| by_port.contains_key(&end.port))
    }
}

pub(super) fn protocol(index: usize) -> Option<&'static Protocol> {
    PROTOCOLS.get(index).copied()
}
