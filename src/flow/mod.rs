//! Flows: which datagrams and segments belong together, who asked, and the bytes of a connection in order.
//!
//! The room knows no protocol. Whoever drives it brings a [`Follow`]: a slot of its own per flow, and what to do
//! with a datagram, with more bytes of a stream, with an edge of a connection.

pub mod frag;
pub mod tcp;

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use foldhash::fast::FixedState;

use crate::decode::Tcp;
use crate::event::{Endpoint, Origin, Side, uint};
use crate::proto::{Close, Mark, Segment};
use crate::time::{Span, Ts};
use crate::{events, fields};

fields! { FIELDS;
    ATTEMPT = uint("tcp.attempt", "How many SYNs this connection has had");
    LOST = uint("tcp.lost", "Bytes that are missing from the capture").unit("bytes");
    MISSING = uint("tcp.missing", "Bytes of both ends that are not in the capture, as far as whoever closes proves it").unit("bytes");
    RECEIVED = uint("tcp.received", "Bytes of the other end that whoever closes has acknowledged").unit("bytes");
}

events! { EVENTS;
    CONNECT = "tcp.connect", "The client asks for a connection (SYN).";
    ACCEPT = "tcp.accept", "The server accepts the connection (SYN and ACK).";
    REFUSED = "tcp.refused", "The server refuses the connection (RST in answer to the SYN).";
    CLOSE = "tcp.close", "One end has no more to send (FIN).";
    RESET = "tcp.reset", "One end aborts the connection (RST).";
    GAP = "tcp.gap", "Bytes of the stream are missing from the capture.";
}

/// An edge of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// A SYN; how many this connection has had.
    Connect(u32),
    /// SYN and ACK.
    Accept,
    /// RST in answer to the SYN.
    Refused,
    /// FIN; how many bytes of the other end had been acknowledged, if the opening was captured; and how many bytes of
    /// both must have been sent by then and were not captured so far.
    Close(Option<u64>, u64),
    /// RST on an open connection.
    Reset,
    /// Only one direction of the connection is in the capture, though the other acknowledged bytes of it.
    OneWay,
}

/// What is done with what flows carry.
pub trait Follow {
    /// What is kept for a flow between its packets.
    type Slot: Default;

    /// A datagram of a flow.
    fn datagram(&mut self, slot: &mut Self::Slot, segment: &Segment<'_>);

    /// More bytes of a connection, in order; returns how many are dealt with (see [`crate::proto::Dissect::stream`]).
    fn stream(&mut self, slot: &mut Self::Slot, segment: &Segment<'_>) -> usize;

    /// Bytes that will never come.
    fn gap(&mut self, slot: &mut Self::Slot, side: Side, lost: u64, origin: &Origin);

    /// A connection is in the capture whose opening is not.
    fn picked_up(&mut self, _origin: &Origin) {}

    /// Since that time frames of the flow were on the wire that are not in the capture.
    fn hole(&mut self, _since: Ts, _origin: &Origin) {}

    /// The connection opened, closed, failed.
    fn edge(&mut self, slot: &mut Self::Slot, edge: Edge, origin: &Origin);

    /// Why the next [`Follow::stream`] of `side` is its last; not called where the capture merely ends.
    fn closed(&mut self, slot: &mut Self::Slot, side: Side, how: Close, origin: &Origin);

    /// The flow is over.
    fn finish(&mut self, slot: &mut Self::Slot, origin: &Origin);

    /// Bytes that the slot keeps, about.
    fn held(&self, _slot: &Self::Slot) -> usize {
        0
    }

    /// A bound was reached; the name is the option that raises it.
    fn limit(&mut self, bound: &'static str, origin: &Origin);
}

/// Bounds of this room; each is an option of the command line.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Flows followed at the same time.
    pub flows: usize,
    /// Bytes of one direction that wait for earlier ones.
    pub out_of_order: usize,
    /// Bytes of one direction that wait for the rest of their message.
    pub message: usize,
    /// Bytes of all connections together that wait for anything.
    pub held: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { flows: 150_000, out_of_order: 1 << 20, message: 4 << 20, held: 48 << 20 }
    }
}

/// A flow without traffic for so long is let go.
const IDLE: Span = Span::from_secs(3600);
/// A closed connection is remembered so long for late copies of its segments.
const LINGER: Span = Span::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    proto: u8,
    low: Endpoint,
    high: Endpoint,
}

/// In a few words: this is done for each packet.
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ports = u64::from(self.low.port) << 32 | u64::from(self.high.port) << 8 | u64::from(self.proto);
        match (self.low.ip, self.high.ip) {
            (IpAddr::V4(low), IpAddr::V4(high)) => {
                state.write_u64(u64::from(low.to_bits()) << 32 | u64::from(high.to_bits()));
            }
            (low, high) => (low, high).hash(state),
        }
        state.write_u64(ports);
    }
}

struct Flow<S> {
    key: Key,
    /// The client is the end `low` of the key.
    client_low: bool,
    /// Touched since the hand of the clock came by.
    touched: bool,
    last: Ts,
    tcp: Option<Box<tcp::Connection>>,
    slot: S,
    live: bool,
    /// It is among [`Flows::closed`].
    queued: bool,
    /// What it holds, of [`Flows::held`].
    held: usize,
}

/// All flows of a capture.
pub struct Flows<F: Follow> {
    index: HashMap<Key, u32, FixedState>,
    flows: Vec<Flow<F::Slot>>,
    free: Vec<u32>,
    closed: VecDeque<(Ts, u32, Key)>,
    /// Connections with bytes that wait for what they answer, and since when.
    waiting: VecDeque<(Ts, u32, Key)>,
    hand: usize,
    /// Bytes that all flows hold.
    held: usize,
    limits: Limits,
    /// Ports that servers are known to listen on: who is the client where no SYN was seen.
    server_ports: Vec<u16>,
}

impl<F: Follow> std::fmt::Debug for Flows<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flows({})", self.index.len())
    }
}

impl<F: Follow> Flows<F> {
    /// No flows yet. `server_ports` are the ports that tell the server where the opening was not captured.
    pub fn new(limits: Limits, mut server_ports: Vec<u16>) -> Flows<F> {
        server_ports.sort_unstable();
        server_ports.dedup();
        Flows {
            index: HashMap::with_hasher(FixedState::default()),
            flows: Vec::new(),
            free: Vec::new(),
            closed: VecDeque::new(),
            waiting: VecDeque::new(),
            hand: 0,
            held: 0,
            limits,
            server_ports,
        }
    }

    /// How many flows are followed now.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// No flow is followed now.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// A UDP datagram. Its origin must have both ends. `marks` names the frames that carried it.
    pub fn datagram(&mut self, follow: &mut F, origin: &Origin, payload: &[u8], marks: &[Mark], cut: usize) {
        let (Some(src), Some(dst)) = (origin.src, origin.dst) else { return };
        let Some(id) = self.find(follow, origin, src, dst, None) else { return };
        let Some(flow) = self.flows.get_mut(id as usize) else { return };
        let mut origin = *origin;
        let side = side_of(flow.client_low, flow.key, src);
        origin.sender = Some(side);
        let segment = Segment { bytes: payload, origin: &origin, marks, side, end: false, cut, flow: id };
        follow.datagram(&mut flow.slot, &segment);
    }

    /// A TCP segment. Its origin must have both ends. `cut` bytes of the payload are missing at its end.
    pub fn segment(&mut self, follow: &mut F, origin: &Origin, tcp: &Tcp<'_>, cut: usize) {
        let (Some(src), Some(dst)) = (origin.src, origin.dst) else { return };
        let Some(id) = self.find(follow, origin, src, dst, Some(tcp)) else { return };
        let Some(flow) = self.flows.get_mut(id as usize) else { return };
        let mut origin = *origin;
        let side = side_of(flow.client_low, flow.key, src);
        origin.sender = Some(side);
        let connection = flow.tcp.get_or_insert_default();
        let waited = connection.awaits();
        let over = connection.segment(follow, &mut flow.slot, &origin, tcp, cut, id, &self.limits);
        if !waited && connection.awaits() {
            self.waiting.push_back((origin.time, id, flow.key));
        }
        if over {
            follow.finish(&mut flow.slot, &origin);
            flow.slot = F::Slot::default();
            if !std::mem::replace(&mut flow.queued, true) {
                self.closed.push_back((origin.time, id, flow.key));
            }
        }
        let held = connection.held() + follow.held(&flow.slot);
        self.held = (self.held + held).saturating_sub(flow.held);
        flow.held = held;
        if self.held > self.limits.held {
            self.relieve(follow, &origin);
        }
    }

    /// Capture time has come to `now`: an answer whose question did not come waits no longer.
    #[inline]
    pub fn tick(&mut self, follow: &mut F, now: Ts) {
        while let Some((since, id, key)) = self.waiting.front().copied()
            && (now.since(since) > tcp::LATE_QUESTION || self.waiting.len() > self.limits.flows)
        {
            self.waiting.pop_front();
            if let Some(flow) = self.flows.get_mut(id as usize).filter(|flow| flow.live && flow.key == key)
                && let Some(connection) = &mut flow.tcp
            {
                connection.go_on(follow, &mut flow.slot, id, &self.limits);
            }
        }
    }

    /// The capture has ended: every flow says what it still holds.
    pub fn finish(&mut self, follow: &mut F, origin: &Origin) {
        for (id, flow) in self.flows.iter_mut().enumerate().filter(|(_, flow)| flow.live) {
            let mut origin = flow_origin(flow.client_low, flow.key, origin);
            if let Some(connection) = &mut flow.tcp {
                connection.finish(follow, &mut flow.slot, &mut origin, id as u32, &self.limits);
            }
            follow.finish(&mut flow.slot, &origin);
            flow.live = false;
        }
        self.index.clear();
        self.flows.clear();
        self.free.clear();
        self.closed.clear();
        self.waiting.clear();
        self.held = 0;
    }

    fn find(
        &mut self,
        follow: &mut F,
        origin: &Origin,
        src: Endpoint,
        dst: Endpoint,
        tcp: Option<&Tcp<'_>>,
    ) -> Option<u32> {
        let (low, high) = if src <= dst { (src, dst) } else { (dst, src) };
        let key = Key { proto: origin.ip_proto, low, high };
        if let Some(id) = self.index.get(&key).copied() {
            let flow = self.flows.get_mut(id as usize)?;
            let idle = origin.time.since(flow.last) > IDLE;
            let anew = tcp.is_some_and(|t| {
                flow.tcp
                    .as_ref()
                    .is_some_and(|c| c.is_new_connection(t, side_of(flow.client_low, key, src), origin.time))
            });
            if anew || (idle && tcp.is_some_and(|t| t.syn)) {
                let end = flow_origin(flow.client_low, key, origin);
                if let Some(mut connection) = flow.tcp.take() {
                    connection.finish(follow, &mut flow.slot, &mut { end }, id, &self.limits);
                }
                follow.finish(&mut flow.slot, &end);
                flow.slot = F::Slot::default();
                flow.client_low = (src == low) != tcp.is_some_and(|t| t.ack);
            }
            flow.touched = true;
            flow.last = origin.time;
            return Some(id);
        }
        // A lone RST or an empty ACK of a connection that is not followed opens nothing.
        if tcp.is_some_and(|t| !t.syn && t.payload.is_empty() && (t.rst || !t.fin && !t.ack)) {
            return None;
        }
        self.make_room(follow, origin);
        let src_is_client = match tcp {
            Some(t) if t.syn => !t.ack,
            _ => {
                let known = |port: u16| self.server_ports.binary_search(&port).is_ok();
                match (known(src.port), known(dst.port)) {
                    (true, false) => false,
                    (false, true) => true,
                    _ if tcp.is_some() => src.port >= dst.port,
                    _ => true,
                }
            }
        };
        let flow = Flow {
            key,
            client_low: (src == low) == src_is_client,
            touched: true,
            last: origin.time,
            tcp: None,
            slot: F::Slot::default(),
            live: true,
            queued: false,
            held: 0,
        };
        let id = match self.free.pop() {
            Some(id) => {
                *self.flows.get_mut(id as usize)? = flow;
                id
            }
            None => {
                self.flows.push(flow);
                (self.flows.len() - 1) as u32
            }
        };
        self.index.insert(key, id);
        Some(id)
    }

    /// Lets closed flows go (late, unless there are too many flows), and then the ones that have been quiet longest.
    fn make_room(&mut self, follow: &mut F, origin: &Origin) {
        while let Some((closed, id, key)) = self.closed.front().copied() {
            let full = self.index.len() >= self.limits.flows;
            if origin.time.since(closed) <= LINGER && !full {
                break;
            }
            self.closed.pop_front();
            let Some(flow) = self.flows.get_mut(id as usize).filter(|f| f.live && f.key == key) else { continue };
            flow.queued = false;
            if !flow.tcp.as_ref().is_none_or(|c| c.is_over()) {
                continue;
            }
            if flow.last <= closed + LINGER || full {
                self.drop_flow(id);
            } else {
                flow.queued = true;
                self.closed.push_back((flow.last, id, key));
            }
        }
        if self.index.len() < self.limits.flows {
            return;
        }
        follow.limit("max-flows", origin);
        // The clock: a flow touched since the hand came by gets a second chance.
        for _ in 0..2 * self.flows.len() + 1 {
            self.hand = if self.hand + 1 < self.flows.len() { self.hand + 1 } else { 0 };
            let Some(flow) = self.flows.get_mut(self.hand) else { return };
            if !flow.live {
                continue;
            }
            if flow.touched {
                flow.touched = false;
                continue;
            }
            self.let_go(follow, self.hand as u32, origin);
            return;
        }
    }

    /// Too much is held: of the flows that hold something, those that have been quiet longest are let go.
    fn relieve(&mut self, follow: &mut F, origin: &Origin) {
        follow.limit("max-held-bytes", origin);
        let holding = self.flows.iter().enumerate().filter(|(_, flow)| flow.live && flow.held > 0);
        let mut quiet: Vec<(Ts, u32)> = holding.map(|(id, flow)| (flow.last, id as u32)).collect();
        quiet.sort_unstable();
        for (_, id) in quiet {
            // By half: then it is long until this has to be done again.
            if self.held <= self.limits.held / 2 {
                break;
            }
            self.let_go(follow, id, origin);
        }
    }

    /// A flow says what it still holds, and is followed no more.
    fn let_go(&mut self, follow: &mut F, id: u32, origin: &Origin) {
        let Some(flow) = self.flows.get_mut(id as usize) else { return };
        let mut end = flow_origin(flow.client_low, flow.key, origin);
        if let Some(mut connection) = flow.tcp.take() {
            connection.finish(follow, &mut flow.slot, &mut end, id, &self.limits);
        }
        follow.finish(&mut flow.slot, &end);
        self.drop_flow(id);
    }

    fn drop_flow(&mut self, id: u32) {
        if let Some(flow) = self.flows.get_mut(id as usize) {
            self.index.remove(&flow.key);
            flow.live = false;
            self.held = self.held.saturating_sub(std::mem::take(&mut flow.held));
            flow.tcp = None;
            flow.slot = F::Slot::default();
            self.free.push(id);
        }
    }
}

fn side_of(client_low: bool, key: Key, src: Endpoint) -> Side {
    if (src == key.low) == client_low { Side::Client } else { Side::Server }
}

/// The origin of what a flow still has to say when no frame of its own says it: from client to server.
fn flow_origin(client_low: bool, key: Key, at: &Origin) -> Origin {
    let (client, server) = if client_low { (key.low, key.high) } else { (key.high, key.low) };
    Origin {
        src: Some(client),
        dst: Some(server),
        ip_proto: key.proto,
        sender: Some(Side::Client),
        ..Origin::at(at.frame, at.time)
    }
}

/// Whether an address names one station: neither unspecified, nor multicast, nor the limited broadcast.
pub fn is_station(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast()),
        IpAddr::V6(v6) => !(v6.is_unspecified() || v6.is_multicast()),
    }
}
