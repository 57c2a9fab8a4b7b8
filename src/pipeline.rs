//! The one place that knows all stages: frames in, events and findings out.
//!
//! [`Pipeline::frame`] takes a frame apart, drops the copies a SPAN port made, puts fragments and streams
//! together, finds the protocol of a flow, asks its dissector, learns which phone is meant and asks the models.
//! It reads no clock and does no IO: who calls it decides where frames come from and where events go.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::bytes::Malformed;
use crate::content;
use crate::content::Emit;
use crate::content::trust_list::{ListKind, Record, TrustList};
use crate::decode::{self, Layer, Packet};
use crate::event::{Event, EventBuf, EventDef, FieldDef, Fields, Origin, Schema, Side, Value, Wanted, text, uint};
use crate::finding::{Finding, Findings, Flow, PhoneId};
use crate::flow::frag::{self, Defrag};
use crate::flow::{self, Edge, Flows, Follow};
use crate::model::{self, Engine, Identity, Models, Who};
use crate::phone::{self, Concerned, Phones};
use crate::proto::{Close, Dissect, Expect, File, Mark, On, Out, PROTOCOLS, Probe, Protocol, Segment, Sink, Spare};
use crate::source::dedup::Dedup;
use crate::source::{Frame, Notes};
use crate::time::{Span, Ts};
use crate::{events, fields};

fields! { FIELDS;
    COUNT = uint("capture.count", "How many times it happened");
    BYTES = uint("capture.bytes", "How many bytes are missing").unit("bytes");
    MILLISECONDS = uint("capture.milliseconds", "How far the clock stepped back").unit("ms");
    LENGTH = uint("capture.length", "The length frames are cut to").unit("bytes");
    BOUND = text("capture.bound", "The bound that was reached, by the option that raises it");
    FILTER = text("capture.filter", "The capture filter the file names");
    DAMAGE = text("capture.damage", "What is wrong with the file, and where");
    KIND = text("capture.kind", "Kind of the message that cannot be read: link ip dhcp tftp http trust-list xml sip sccp rtp igmp tls cast");
    REASON = text("capture.reason", "What could not be read, and at which byte of the message");
    PROTO = text("capture.proto", "Protocol of the message that cannot be read");
}

events! { EVENTS;
    DUPLICATES = "capture.duplicates", "Frames are in the capture twice; the first copy that was dropped.";
    ONE_WAY = "capture.one_way", "Connections of which only one direction was captured.";
    DROPS = "capture.drops", "Bytes that both ends acknowledged are missing from the capture.";
    CLOCK_BACK = "capture.clock_back", "The clock of the capture steps back.";
    TRUNCATED = "capture.truncated", "A frame is cut by the snap length.";
    CUT_OFF = "capture.cut_off", "The file ends inside a record, or is damaged.";
    LIMIT = "capture.limit", "A bound was reached: what went beyond it was not followed.";
    FILTERED = "capture.filtered", "The capture was filtered when it was taken.";
    MALFORMED = "capture.malformed", "A message could not be read completely.";
    IP_MALFORMED = "ip.malformed", "A frame whose layers cannot be read.";
}

/// All fields and events of the product.
pub fn schema() -> Schema {
    let mut more =
        vec![(flow::FIELDS, flow::EVENTS), (FIELDS, EVENTS), (phone::FIELDS, &[] as &'static [&'static EventDef])];
    more.push((crate::proto::fetch::FIELDS, crate::proto::fetch::EVENTS));
    more.extend(content::FIELDS.iter().map(|fields| (*fields, &[] as &'static [&'static EventDef])));
    more.extend(content::EVENTS.iter().map(|events| (&[] as &'static [&'static FieldDef], *events)));
    crate::proto::schema(&more)
}

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bounds of the flow room.
    pub flows: flow::Limits,
    /// Bounds of fragments.
    pub fragments: frag::Bounds,
    /// Bounds of the phone room.
    pub phones: phone::Limits,
    /// Bounds of the engine.
    pub engine: model::Limits,
    /// Show copies that a SPAN port made, marked as such; a judge drops them.
    pub show_duplicates: bool,
    /// Give events that only `decode` shows.
    pub detail: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            flows: flow::Limits::default(),
            fragments: frag::Bounds::default(),
            phones: phone::Limits::default(),
            engine: model::Limits::default(),
            show_duplicates: false,
            detail: false,
        }
    }
}

/// Sees every event as it comes, with the phones it concerns; `decode`, the screen and goldens watch.
pub trait Watch {
    /// An event.
    fn event(&mut self, event: &Event<'_>, concerned: &[Concerned], phones: &Phones);
    /// A finding, as soon as it is known.
    fn finding(&mut self, _finding: &Finding, _phones: &Phones) {}
    /// Whether it looks at the fields of events: otherwise only those that models and phones ask for are made.
    fn looks(&self) -> bool {
        true
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn event(&mut self, _: &Event<'_>, _: &[Concerned], _: &Phones) {}

    fn looks(&self) -> bool {
        false
    }
}

/// What a capture was, besides its phones.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Frames, as their numbers count them.
    pub packets: u64,
    /// Time of the first frame.
    pub first: Option<Ts>,
    /// Time of the last frame (the latest seen).
    pub last: Option<Ts>,
    /// Frames that were copies of earlier ones.
    pub duplicates: u64,
    /// How many messages of each protocol were seen, by name.
    pub seen: Vec<(&'static str, u64)>,
    /// User agents and servers of SIP that are no phones, as they name themselves.
    pub others: Vec<String>,
}

/// All that a capture said.
#[derive(Debug)]
pub struct Outcome {
    /// The capture.
    pub summary: Summary,
    /// Who is who.
    pub phones: Phones,
    /// Every finding, in the order of their times.
    pub findings: Vec<Finding>,
    /// Every flow that was judged.
    pub flows: Vec<Flow>,
}

/// Frames in, events and findings out.
pub struct Pipeline<W: Watch> {
    core: Core<W>,
    flows: Flows<Core<W>>,
    defrag: Defrag,
    dedup: Dedup,
    packets: u64,
    first: Option<Ts>,
    now: Ts,
    duplicates: u64,
    truncated: bool,
    clock_back: bool,
    show_duplicates: bool,
    last_frame: u64,
}

impl<W: Watch> std::fmt::Debug for Pipeline<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pipeline({} frames)", self.packets)
    }
}

/// Dissectors and what they feed, apart from the flows that call them.
struct Core<W: Watch> {
    /// One for each of [`PROTOCOLS`]: it reads that protocol's datagrams and link-layer payloads.
    datagrams: Vec<Box<dyn Dissect>>,
    routes: Routes,
    spare: Spare,
    hub: Hub<W>,
    gaps: (u64, u64, Vec<u64>),
    one_way: (u64, Vec<u64>),
    /// When dissectors are told the time next.
    due: Ts,
}

/// What reads a flow.
#[derive(Default)]
enum Slot {
    /// Not known yet; how many pieces were looked at.
    #[default]
    Undecided,
    /// Looked at so many pieces without recognising them.
    Trying(u8),
    /// Datagrams of a protocol.
    Datagrams(Found),
    /// A connection's own dissector.
    Stream(Box<dyn Dissect>),
    /// Nothing that is read here, as of that many expectations.
    Opaque(u64),
}

/// The protocol of a flow's datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    /// Its index.
    index: usize,
    /// The flow was announced to carry it.
    expected: bool,
    /// It is found by content alone, where several protocols may share a flow (RTP and RTCP): every datagram is
    /// looked at.
    by_content: bool,
    /// So many expectations were made when this was found.
    seen: u64,
}

/// Where protocols are found, from [`PROTOCOLS`].
struct Routes {
    ether: Vec<(u16, usize)>,
    snap: Vec<(u32, u16, usize)>,
    ip: Vec<(u8, usize)>,
    udp: HashMap<u16, Vec<usize>, FixedState>,
    tcp: HashMap<u16, Vec<usize>, FixedState>,
    any_udp: Vec<usize>,
    any_tcp: Vec<usize>,
}

impl Routes {
    fn new() -> Routes {
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

    fn server_ports(&self) -> Vec<u16> {
        self.udp.keys().chain(self.tcp.keys()).copied().collect()
    }

    /// What a flow may be: by the server's port, by the client's, by content alone.
    fn candidates(&self, origin: &Origin) -> impl Iterator<Item = usize> + '_ {
        let (by_port, any) = if origin.ip_proto == 6 { (&self.tcp, &self.any_tcp) } else { (&self.udp, &self.any_udp) };
        [origin.server(), origin.client()]
            .into_iter()
            .flatten()
            .filter_map(move |end| by_port.get(&end.port))
            .flatten()
            .chain(any.iter())
            .copied()
    }

    fn on_port(&self, origin: &Origin) -> bool {
        let by_port = if origin.ip_proto == 6 { &self.tcp } else { &self.udp };
        [origin.server(), origin.client()].into_iter().flatten().any(|end| by_port.contains_key(&end.port))
    }
}

fn protocol(index: usize) -> Option<&'static Protocol> {
    PROTOCOLS.get(index).copied()
}

impl<W: Watch> Pipeline<W> {
    /// A pipeline that judges with `models` and shows its events to `watch`.
    pub fn new(schema: &Schema, models: Arc<Models>, options: &Options, watch: W) -> Pipeline<W> {
        let routes = Routes::new();
        let hub = Hub::new(schema, models, options, watch);
        Pipeline {
            flows: Flows::new(options.flows, routes.server_ports()),
            defrag: Defrag::new(options.fragments),
            dedup: Dedup::new(),
            packets: 0,
            first: None,
            now: Ts::ZERO,
            duplicates: 0,
            truncated: false,
            clock_back: false,
            show_duplicates: options.show_duplicates,
            last_frame: 0,
            core: Core {
                datagrams: PROTOCOLS.iter().map(|p| (p.new)()).collect(),
                routes,
                spare: Spare::of(hub.wanted.clone()),
                gaps: (0, 0, Vec::new()),
                one_way: (0, Vec::new()),
                due: Ts::ZERO,
                hub,
            },
        }
    }

    /// The next frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.packets += 1;
        self.last_frame = frame.number;
        let mut packet = decode::packet(frame);
        let back = self.clock(frame.time);
        packet.origin.time = self.now;
        if let Some(back) = back {
            let mut fields = Fields::new();
            fields.uint(&MILLISECONDS, (back.nanos().unsigned_abs()).div_ceil(1_000_000), 0, 0);
            self.core.hub.say(&CLOCK_BACK, fields, &packet.origin);
        }
        self.core.tick(self.now);
        if (frame.wire_len as usize) > frame.bytes.len() && !self.truncated {
            self.truncated = true;
            let mut fields = Fields::new();
            fields.uint(&LENGTH, frame.bytes.len() as u64, 0, 0);
            self.core.hub.say(&TRUNCATED, fields, &packet.origin);
        }
        if self.dedup.is_duplicate(&packet, frame) {
            self.duplicates += 1;
            if self.duplicates == 1 {
                self.core.hub.say(&DUPLICATES, Fields::new(), &packet.origin);
            }
            if !self.show_duplicates {
                return;
            }
            packet.origin.duplicate = true;
        }
        let cut = (frame.wire_len as usize) > frame.bytes.len();
        // Nothing was cut off, and a header promises more than there is.
        let short = Malformed { at: frame.bytes.len(), what: "length in a header beyond the end of the frame" };
        if let Some(stop) = packet.stop.or((packet.cut > 0 && !cut).then_some(short)) {
            self.core.hub.event(&Event {
                def: &IP_MALFORMED,
                origin: &packet.origin,
                fields: &[],
                frames: &[frame.number],
                bytes: frame.bytes,
                defect: Some(stop),
            });
            if cut {
                return;
            }
        }
        self.packet(&packet);
    }

    /// Capture time has come to `now` without a frame: what became due is found.
    pub fn tick(&mut self, now: Ts) {
        self.now = self.now.max(now);
        self.core.tick(self.now);
    }

    /// When something becomes due next, if no frame comes before.
    pub fn poll_timeout(&mut self) -> Option<Ts> {
        self.core.hub.engine.poll_timeout()
    }

    /// The watcher, to be asked between frames.
    pub fn watch(&mut self) -> &mut W {
        &mut self.core.hub.watch
    }

    /// Who is who so far.
    pub fn phones(&self) -> &Phones {
        &self.core.hub.phones
    }

    /// The capture has ended; `notes` is what its source had to say of it.
    pub fn finish(mut self, notes: &Notes) -> (Outcome, W) {
        let last = Origin::at(self.last_frame, self.now);
        self.core.hub.incomplete = true;
        self.flows.finish(&mut self.core, &last);
        self.core.finish(&last);
        let hub = &mut self.core.hub;
        hub.capture_facts(&last, notes, &self.core.gaps, &self.core.one_way);
        hub.tick(self.now);
        let Hub { mut engine, phones, mut findings, watch, seen, others, holds_ip, .. } = self.core.hub;
        let flows = engine.finish(self.now, &Sight(&phones, holds_ip), &mut |finding| {
            findings.take(finding);
        });
        let summary = Summary {
            packets: self.packets.max(self.last_frame),
            first: self.first,
            last: self.first.map(|_| self.now),
            duplicates: self.duplicates,
            seen: PROTOCOLS.iter().map(|p| p.name).zip(seen).filter(|(_, n)| *n > 0).collect(),
            others,
        };
        (Outcome { summary, phones, findings: findings.into_sorted(), flows }, watch)
    }

    /// Clamps a clock that steps back; returns how far, the first time.
    fn clock(&mut self, time: Ts) -> Option<Span> {
        if time == Ts::ZERO && self.first.is_some() {
            // A frame without a time (pcapng Simple Packet Block) comes when the one before it came.
            return None;
        }
        if self.first.is_none() {
            self.first = Some(time);
            self.now = time;
        }
        let back = self.now.since(time);
        self.now = self.now.max(time);
        if back == Span::ZERO || self.clock_back {
            return None;
        }
        self.clock_back = true;
        Some(back)
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        let frame = packet.origin.frame;
        let marks = [Mark { at: 0, frame }];
        let origin = &packet.origin;
        self.core.hub.holds_ip |= match &packet.layer {
            Layer::Tcp(_) | Layer::Fragment(_) => true,
            Layer::Udp { .. } => ![origin.src, origin.dst].into_iter().flatten().any(|end| matches!(end.port, 67 | 68)),
            Layer::Ether { ether_type, .. } => *ether_type == 0x0806,
            _ => false,
        };
        match &packet.layer {
            Layer::Udp { payload } => self.flows.datagram(&mut self.core, origin, payload, &marks, packet.cut),
            Layer::Tcp(_) if origin.duplicate => {}
            Layer::Tcp(tcp) => self.flows.segment(&mut self.core, origin, tcp, packet.cut),
            Layer::Fragment(fragment) if packet.cut > 0 => self.cut_fragment(fragment, packet),
            Layer::Fragment(fragment) => self.fragment(fragment, origin),
            layer => self.core.link(layer, origin, &marks, packet.cut),
        }
    }

    /// A fragment that the snap length cut can never be put together: its beginning is read as far as it goes.
    fn cut_fragment(&mut self, fragment: &decode::Fragment<'_>, packet: &Packet<'_>) {
        if fragment.offset > 0 {
            return;
        }
        let mut origin = packet.origin;
        let marks = [Mark { at: 0, frame: origin.frame }];
        if let Layer::Udp { payload } = decode::transport(fragment.proto, fragment.payload, &mut origin) {
            self.flows.datagram(&mut self.core, &origin, payload, &marks, packet.cut);
        }
    }

    fn fragment(&mut self, fragment: &decode::Fragment<'_>, origin: &Origin) {
        let Some(whole) = self.defrag.push(fragment, origin) else {
            if let Some(bound) = self.defrag.limit() {
                self.core.limit(bound, origin);
            }
            return;
        };
        let mut origin = *origin;
        // Which bytes came in which fragment does not matter: every fragment carries the one datagram.
        let marks: Vec<Mark> = whole.frames.iter().enumerate().map(|(at, frame)| Mark { at, frame: *frame }).collect();
        let layer = decode::transport(whole.proto, &whole.payload, &mut origin);
        match &layer {
            Layer::Udp { payload } => self.flows.datagram(&mut self.core, &origin, payload, &marks, 0),
            Layer::Tcp(tcp) => self.flows.segment(&mut self.core, &origin, tcp, 0),
            layer => self.core.link(layer, &origin, &marks, 0),
        }
        self.defrag.recycle(whole);
    }
}

impl<W: Watch> Core<W> {
    /// A payload without ports.
    fn link(&mut self, layer: &Layer<'_>, origin: &Origin, marks: &[Mark], cut: usize) {
        let routes = &self.routes;
        let (index, payload) = match layer {
            Layer::Ether { ether_type, payload } => {
                (routes.ether.iter().find(|r| r.0 == *ether_type).map(|r| r.1), *payload)
            }
            Layer::Snap { oui, pid, payload } => {
                (routes.snap.iter().find(|r| (r.0, r.1) == (*oui, *pid)).map(|r| r.2), *payload)
            }
            Layer::Ip { proto, payload } => (routes.ip.iter().find(|r| r.0 == *proto).map(|r| r.1), *payload),
            _ => (None, &[] as &[u8]),
        };
        let Some(index) = index else { return };
        let segment = Segment { bytes: payload, origin, marks, side: Side::Client, end: false, cut, flow: u32::MAX };
        self.dissect(index, false, &segment);
    }

    fn dissect(&mut self, index: usize, expected: bool, segment: &Segment<'_>) {
        if let Some(dissector) = self.datagrams.get_mut(index) {
            dissector.datagram(segment, &mut Out::new(&mut self.hub, &mut self.spare).expected(expected));
        }
    }

    fn tick(&mut self, now: Ts) {
        if now >= self.due {
            self.tick_dissectors(now);
        }
        self.hub.tick(now);
    }

    /// Dissectors are told every whole second, with the deadlines of the models in between: how often the time is
    /// told from outside changes neither what is said nor its order. After [`QUIET`] seconds nothing is left to say.
    fn tick_dissectors(&mut self, now: Ts) {
        const SECOND: i64 = 1_000_000_000;
        let second = now.nanos().div_euclid(SECOND);
        let first = self.due.nanos().div_euclid(SECOND).max(second - QUIET);
        for at in (first..=second).map(|second| Ts::from_nanos(second.saturating_mul(SECOND))) {
            self.hub.tick(at);
            for dissector in &mut self.datagrams {
                dissector.tick(at, &mut Out::new(&mut self.hub, &mut self.spare));
            }
        }
        self.due = Ts::from_nanos((second + 1).saturating_mul(SECOND));
    }

    fn finish(&mut self, last: &Origin) {
        for dissector in &mut self.datagrams {
            dissector.finish(last, &mut Out::new(&mut self.hub, &mut self.spare));
        }
    }

    /// The protocol of a flow by these bytes; `Err` if more are needed, `Ok(None)` if they are none that is known.
    fn recognise(&self, segment: &Segment<'_>) -> Result<Option<Found>, ()> {
        let found = |index, expected| {
            let by_content = segment.origin.ip_proto == 17 && self.routes.any_udp.contains(&index);
            Found { index, expected, by_content, seen: self.hub.expectations_made }
        };
        if let Some(index) = self.hub.expected(segment.origin) {
            let probe = protocol(index).map_or(Probe::No, |p| (p.probe)(segment.bytes));
            if probe != Probe::No {
                return Ok(Some(found(index, true)));
            }
        }
        let mut more = false;
        for index in self.routes.candidates(segment.origin) {
            match protocol(index).map_or(Probe::No, |p| (p.probe)(segment.bytes)) {
                Probe::Yes => return Ok(Some(found(index, false))),
                Probe::NeedMore => more = true,
                Probe::No => {}
            }
        }
        if segment.cut > 0 {
            // Too little was captured to recognise it: on a known port what there is of it is read all the same.
            let first = self.routes.candidates(segment.origin).next();
            return Ok(first.filter(|_| self.routes.on_port(segment.origin)).map(|index| found(index, false)));
        }
        if more { Err(()) } else { Ok(None) }
    }

    /// What reads the next datagram of a flow whose protocol was found by content: another, if that is sure of it.
    fn again(&self, mut found: Found, segment: &Segment<'_>) -> Found {
        if !found.expected && found.seen != self.hub.expectations_made {
            found.seen = self.hub.expectations_made;
            found.expected = self.hub.expected(segment.origin) == Some(found.index);
        }
        let probe = protocol(found.index).map_or(Probe::No, |p| (p.probe)(segment.bytes));
        let other = if probe == Probe::No { self.recognise(segment).ok().flatten() } else { None };
        other.unwrap_or(found)
    }
}

/// Seconds after which no dissector has anything left to say of what came before.
const QUIET: i64 = 15;

/// A flow whose first pieces are nothing known is opaque after so many of them.
const TRIES: u8 = 4;
/// On a port that is known, the next message may begin later: so many pieces are looked at.
const TRIES_ON_PORT: u8 = 32;

impl<W: Watch> Follow for Core<W> {
    type Slot = Slot;

    fn datagram(&mut self, slot: &mut Slot, segment: &Segment<'_>) {
        if let Slot::Opaque(seen) = slot
            && *seen != self.hub.expectations_made
        {
            *slot = Slot::Trying(TRIES - 1);
        }
        match slot {
            Slot::Datagrams(found) if !found.by_content => self.dissect(found.index, found.expected, segment),
            Slot::Datagrams(found) => {
                *found = self.again(*found, segment);
                self.dissect(found.index, found.expected, segment);
            }
            Slot::Undecided | Slot::Trying(_) => {
                let tries = if let Slot::Trying(tries) = slot { *tries } else { 0 };
                match self.recognise(segment) {
                    Ok(Some(found)) => {
                        *slot = Slot::Datagrams(found);
                        self.dissect(found.index, found.expected, segment);
                    }
                    _ => {
                        // Media may begin with other things: keepalives, STUN.
                        let known = self.routes.on_port(segment.origin) || self.hub.expected(segment.origin).is_some();
                        let most = if known { TRIES_ON_PORT } else { TRIES };
                        *slot = if tries + 1 >= most {
                            Slot::Opaque(self.hub.expectations_made)
                        } else {
                            Slot::Trying(tries + 1)
                        };
                    }
                }
            }
            Slot::Stream(_) | Slot::Opaque(_) => {}
        }
    }

    fn stream(&mut self, slot: &mut Slot, segment: &Segment<'_>) -> usize {
        if let Slot::Undecided | Slot::Trying(_) = slot {
            if segment.bytes.is_empty() {
                return 0;
            }
            let tries = if let Slot::Trying(tries) = slot { *tries } else { 0 };
            let most = if self.routes.on_port(segment.origin) { TRIES_ON_PORT } else { TRIES };
            *slot = match self.recognise(segment) {
                Ok(Some(found)) => protocol(found.index).map_or(Slot::Opaque(0), |p| Slot::Stream((p.new)())),
                Err(()) if !segment.end && segment.bytes.len() < 64 => return 0,
                _ if tries + 1 >= most => Slot::Opaque(0),
                _ => Slot::Trying(tries + 1),
            };
        }
        match slot {
            Slot::Stream(dissector) => dissector.stream(segment, &mut Out::new(&mut self.hub, &mut self.spare)),
            _ => segment.bytes.len(),
        }
    }

    fn gap(&mut self, slot: &mut Slot, side: Side, lost: u64, origin: &Origin) {
        let mut fields = Fields::new();
        fields.uint(&flow::LOST, lost, 0, 0);
        self.hub.say(&flow::GAP, fields, origin);
        self.gaps.0 += lost;
        self.gaps.1 += 1;
        cite(&mut self.gaps.2, origin.frame);
        if let Slot::Stream(dissector) = slot {
            self.hub.incomplete = true;
            dissector.gap(side, lost, origin, &mut Out::new(&mut self.hub, &mut self.spare));
            self.hub.incomplete = false;
        }
    }

    fn edge(&mut self, _slot: &mut Slot, edge: Edge, origin: &Origin) {
        let mut fields = Fields::new();
        let def = match edge {
            Edge::Connect(attempt) => {
                fields.uint(&flow::ATTEMPT, attempt, 0, 0);
                &flow::CONNECT
            }
            Edge::Accept => &flow::ACCEPT,
            Edge::Refused => &flow::REFUSED,
            Edge::Close(received) => {
                if let Some(received) = received {
                    fields.uint(&flow::RECEIVED, received, 0, 0);
                }
                &flow::CLOSE
            }
            Edge::Reset => &flow::RESET,
            Edge::OneWay => {
                self.one_way.0 += 1;
                cite(&mut self.one_way.1, origin.frame);
                return;
            }
        };
        self.hub.say(def, fields, origin);
    }

    fn closed(&mut self, slot: &mut Slot, side: Side, how: Close, origin: &Origin) {
        if let Slot::Stream(dissector) = slot {
            dissector.closed(side, how, origin, &mut Out::new(&mut self.hub, &mut self.spare));
        }
    }

    fn finish(&mut self, slot: &mut Slot, origin: &Origin) {
        if let Slot::Stream(dissector) = slot {
            dissector.finish(origin, &mut Out::new(&mut self.hub, &mut self.spare));
        }
    }

    fn limit(&mut self, bound: &'static str, origin: &Origin) {
        self.hub.limit(bound, origin);
    }
}

/// Adds a frame to the first ones that show something.
fn cite(frames: &mut Vec<u64>, frame: u64) {
    if frames.len() < 64 && frames.last().is_none_or(|last| *last < frame) {
        frames.push(frame);
    }
}

/// Where every event passes: phones learn, models judge, the watcher sees.
struct Hub<W: Watch> {
    phones: Phones,
    engine: Engine,
    findings: Findings,
    watch: W,
    expectations: HashMap<(IpAddr, u16, u8), (Option<IpAddr>, usize), FixedState>,
    expectations_made: u64,
    /// The lists each phone (or address) fetched last: what later files are signed by.
    trust: HashMap<IpAddr, Held, FixedState>,
    limits_told: Vec<&'static str>,
    seen: Vec<u64>,
    others: Vec<String>,
    /// What is said now was broken off by a gap or by the end of the capture.
    incomplete: bool,
    /// Something other than link discovery and DHCP was captured: IP as such is not filtered out.
    holds_ip: bool,
    user_agents: [Option<&'static FieldDef>; 3],
    detail: bool,
    /// The fields that anybody looks at; `None` if all are.
    wanted: Option<Arc<Wanted>>,
    /// What is known of each event, by the address of its definition.
    known: HashMap<usize, Known, FixedState>,
}

/// What is known of an event before it comes.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Its protocol's place in [`PROTOCOLS`].
    proto: Option<usize>,
    /// A model waits for it.
    wanted: bool,
    /// It is SIP.
    sip: bool,
}

/// Expectations kept at the same time.
const EXPECTATIONS: usize = 100_000;

impl<W: Watch> Hub<W> {
    fn new(schema: &Schema, models: Arc<Models>, options: &Options, watch: W) -> Hub<W> {
        let engine = Engine::new(models, options.engine);
        let known = |def: &'static EventDef| Known {
            proto: PROTOCOLS.iter().position(|p| p.name == def.proto()),
            wanted: engine.wants(def),
            sip: def.proto() == "sip",
        };
        let phones = Phones::new(schema, options.phones);
        let user_agents = ["sip.User-Agent", "sip.Server", "sip.cisco_phone"].map(|name| schema.field(name));
        let judged = engine.models().list.iter().flat_map(|model| &model.fields);
        let wanted = judged.chain(phones.wanted()).chain(user_agents.iter().flatten());
        Hub {
            wanted: (!watch.looks()).then(|| Arc::new(Wanted::of(wanted))),
            phones,
            known: schema.events().iter().map(|def| (std::ptr::from_ref(*def).addr(), known(def))).collect(),
            engine,
            findings: Findings::default(),
            watch,
            expectations: HashMap::with_hasher(FixedState::default()),
            expectations_made: 0,
            trust: HashMap::with_hasher(FixedState::default()),
            limits_told: Vec::new(),
            seen: vec![0; PROTOCOLS.len()],
            others: Vec::new(),
            incomplete: false,
            holds_ip: false,
            user_agents,
            detail: options.detail,
        }
    }

    /// An event of the pipeline itself.
    fn say(&mut self, def: &'static EventDef, fields: Fields<'_>, origin: &Origin) {
        let frames = [origin.frame];
        self.event(&Event { def, origin, fields: fields.list(), frames: &frames, bytes: &[], defect: None });
    }

    fn judge(&mut self, event: &Event<'_>, concerned: &[Concerned]) {
        let Hub { engine, phones, findings, watch, holds_ip, .. } = self;
        engine.event(event, concerned, &Sight(phones, *holds_ip), &mut |finding| {
            watch.finding(&finding, phones);
            findings.take(finding);
        });
    }

    fn tick(&mut self, now: Ts) {
        if self.engine.poll_timeout().is_some_and(|due| due <= now) {
            let Hub { engine, phones, findings, watch, holds_ip, .. } = self;
            engine.tick(now, &Sight(phones, *holds_ip), &mut |finding| {
                watch.finding(&finding, phones);
                findings.take(finding);
            });
        }
    }

    fn expected(&self, origin: &Origin) -> Option<usize> {
        if self.expectations.is_empty() {
            return None;
        }
        [(origin.src?, origin.dst?), (origin.dst?, origin.src?)].into_iter().find_map(|(end, other)| {
            let (peer, index) = self.expectations.get(&(end.ip, end.port, origin.ip_proto))?;
            peer.is_none_or(|peer| peer == other.ip).then_some(*index)
        })
    }

    fn count(&mut self, event: &Event<'_>, known: Known) {
        if let Some(n) = known.proto.and_then(|i| self.seen.get_mut(i)) {
            *n += 1;
        }
        if known.sip && self.others.len() < 8 {
            let [agent, server, phone] = self.user_agents;
            let is_phone = phone.and_then(|def| event.get(def)).and_then(|v| v.as_uint()).is_some_and(|v| v != 0);
            let name = [agent, server].into_iter().flatten().find_map(|def| event.get(def)?.as_text());
            if let Some(name) = name.filter(|n| !is_phone && !self.others.iter().any(|o| o == n)) {
                self.others.push(name.chars().take(60).collect());
            }
        }
    }

    /// What cannot be read is also told to the models in one form, whatever its protocol.
    fn malformed(&mut self, event: &Event<'_>, concerned: &[Concerned]) {
        let Some(defect) = event.defect else { return };
        if self.incomplete || defect.what == Segment::CUT {
            // The capture lacks the rest; the message may be well formed.
            return;
        }
        let kind = match event.def.proto() {
            "cdp" | "lldp" => "link",
            "ip" | "arp" | "icmp" | "dns" => "ip",
            "ctl" | "itl" | "sgn" => "trust-list",
            "xml" | "cnf" | "ciscoalarm" | "ciscoxml" | "remotecc" | "servicecontrol" => "xml",
            "sip" | "sdp" => "sip",
            "skinny" => "sccp",
            "rtp" | "rtcp" => "rtp",
            other => other,
        };
        let mut fields = Fields::new();
        fields.str(&KIND, kind, 0, 0).str(&PROTO, event.def.proto(), 0, 0);
        fields.str(&REASON, format!("{} at byte {}", defect.what, defect.at), 0, 0);
        let told = Event {
            def: &MALFORMED,
            origin: event.origin,
            fields: fields.list(),
            frames: event.frames,
            bytes: &[],
            defect: None,
        };
        if self.engine.wants(&MALFORMED) {
            self.judge(&told, concerned);
        }
    }

    /// What is said of the capture at its end.
    fn capture_facts(&mut self, last: &Origin, notes: &Notes, gaps: &(u64, u64, Vec<u64>), one_way: &(u64, Vec<u64>)) {
        let mut tell = |def: &'static EventDef, fields: Fields<'_>, frames: &[u64]| {
            let frames = if frames.is_empty() { std::slice::from_ref(&last.frame) } else { frames };
            let event = Event { def, origin: last, fields: fields.list(), frames, bytes: &[], defect: None };
            self.event(&event);
        };
        if gaps.1 > 0 || notes.drops > 0 {
            let mut fields = Fields::new();
            fields.uint(&BYTES, gaps.0, 0, 0).uint(&COUNT, gaps.1.max(notes.drops), 0, 0);
            tell(&DROPS, fields, &gaps.2);
        }
        if one_way.0 > 0 {
            let mut fields = Fields::new();
            fields.uint(&COUNT, one_way.0, 0, 0);
            tell(&ONE_WAY, fields, &one_way.1);
        }
        if let Some(damage) = &notes.damage {
            let mut fields = Fields::new();
            fields.str(&DAMAGE, damage.as_str(), 0, 0);
            tell(&CUT_OFF, fields, &[]);
        }
        if let Some(filter) = &notes.filter {
            let mut fields = Fields::new();
            fields.str(&FILTER, filter.as_str(), 0, 0);
            tell(&FILTERED, fields, &[]);
        }
        if self.phones.limit_hit() {
            self.limit("max-stations", last);
        }
    }
}

/// The trust lists that somebody holds.
#[derive(Debug, Default)]
struct Held {
    ctl: Vec<Record>,
    itl: Vec<Record>,
}

impl Held {
    fn records(&self) -> Vec<Record> {
        self.ctl.iter().chain(&self.itl).cloned().collect()
    }

    /// A list that was changed after it was signed is refused: the one before is kept.
    fn take(&mut self, list: TrustList) {
        match list.kind {
            _ if list.signature_valid == Some(false) => {}
            ListKind::Ctl => self.ctl = list.records,
            ListKind::Itl => self.itl = list.records,
            ListKind::Sgn => {}
        }
    }
}

impl<W: Watch> Sink for Hub<W> {
    fn event(&mut self, event: &Event<'_>) {
        let known = self.known.get(&std::ptr::from_ref(event.def).addr()).copied().unwrap_or_default();
        let wanted = known.wanted;
        self.count(event, known);
        if event.origin.duplicate {
            self.watch.event(event, &[], &self.phones);
            return;
        }
        let observed = std::mem::take(self.phones.observe(event, wanted));
        for merged in &observed.merged {
            self.engine.merge(merged.gone, merged.stays);
        }
        for (phone, earlier) in &observed.proven {
            for told in earlier {
                let sends = self.phones.sends(*phone, told);
                self.judge(&told.borrow(), &[Concerned { phone: *phone, sends }]);
            }
        }
        if wanted {
            self.judge(event, &observed.concerned);
        }
        self.malformed(event, &observed.concerned);
        self.watch.event(event, &observed.concerned, &self.phones);
        self.phones.give_back(observed);
    }

    fn file(&mut self, file: &File<'_>, origin: &Origin) {
        if !file.complete {
            return;
        }
        let known = self.trust.get(&file.client).map(Held::records).unwrap_or_default();
        let mut said: Vec<EventBuf> = Vec::new();
        let mut take = |def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>| {
            let event = Event { def, origin, fields: fields.list(), frames: file.frames, bytes: &[], defect };
            said.push(event.to_buf());
        };
        let mut emit = Emit::new(&mut take, self.wanted.clone());
        let list = content::file(file.name, file.bytes, &known, origin.time, &mut emit);
        for event in &said {
            self.event(&event.borrow());
        }
        if let Some(list) = list {
            self.trust.entry(file.client).or_default().take(list);
        }
    }

    fn expect(&mut self, expect: Expect) {
        let Some(index) = PROTOCOLS.iter().position(|p| p.name == expect.proto) else { return };
        if self.expectations.len() >= EXPECTATIONS {
            self.expectations.clear();
        }
        self.expectations_made += 1;
        self.expectations.insert((expect.ip, expect.port, expect.ip_proto), (expect.peer, index));
        // RTCP has the port after that of its RTP (RFC 3550 §11), unless something else was announced there.
        let rtcp = PROTOCOLS.iter().position(|p| p.name == "rtcp").filter(|_| expect.proto == "rtp");
        if let Some((index, port)) = rtcp.zip(expect.port.checked_add(1)) {
            self.expectations.entry((expect.ip, port, expect.ip_proto)).or_insert((expect.peer, index));
        }
    }

    fn limit(&mut self, bound: &'static str, origin: &Origin) {
        if !self.limits_told.contains(&bound) {
            self.limits_told.push(bound);
            let mut fields = Fields::new();
            fields.str(&BOUND, bound, 0, 0);
            self.say(&LIMIT, fields, origin);
        }
    }

    fn detail(&self) -> bool {
        self.detail
    }
}

/// What the models may ask of a phone.
struct Sight<'p>(&'p Phones, bool);

impl Who for Sight<'_> {
    fn identity(&self, phone: PhoneId, what: Identity, found: &mut dyn FnMut(&Value<'_>)) {
        if let Some(phone) = self.0.get(phone) {
            phone.identity(what, found);
        }
    }

    fn visible(&self, phone: PhoneId, proto: &str) -> bool {
        match proto {
            "switch" => self.0.switches_are_clear(),
            _ => self.0.get(phone).is_some_and(|phone| phone.visible(proto, self.1)),
        }
    }
}
