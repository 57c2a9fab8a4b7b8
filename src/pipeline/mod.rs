//! The one place that knows all stages: frames in, events and findings out.
//!
//! [`Pipeline::frame`] takes a frame apart, drops the copies a SPAN port made, puts fragments and streams
//! together, finds the protocol of a flow, asks its dissector, learns which phone is meant and asks the models.
//! It reads no clock and does no IO: who calls it decides where frames come from and where events go.

mod core;
mod hub;
mod inside;
mod look;
mod pushed;
mod routes;

use self::core::Core;
use crate::bytes::Malformed;
use crate::content;
use crate::decode::{self, Layer, Packet};
use crate::event::{Event, EventDef, FieldDef, Fields, Origin, Schema, text, uint};
use crate::finding::{Finding, Flow};
use crate::flow::frag::{self, Defrag};
use crate::flow::{self, Flows, Follow};
use crate::model::facts::Facts;
use crate::model::{self, Models};
use crate::phone::{self, Concerned, Phones};
use crate::proto::{Mark, PROTOCOLS, Sink, Spare};
use crate::source::dedup::Dedup;
use crate::source::{Frame, Notes};
use crate::time::{Span, Ts};
use crate::{events, fields};
use hub::{Hub, Sight};
pub use look::Look;
use routes::Routes;
use std::sync::Arc;

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
#[derive(Debug, Clone, Default)]
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
    /// What the models found out about each phone.
    pub facts: Facts,
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
        let before = self.first.map_or(frame.time, |_| self.now);
        let back = self.clock(frame.time);
        if self.now > before {
            self.core.hub.phones.nothing_between(before, self.now, frame.number);
        }
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
        hub.last_resort();
        hub.capture_facts(&last, notes, &self.core.gaps, &self.core.one_way);
        hub.tick(self.now);
        let Hub { mut engine, phones, mut findings, watch, seen, others, carried, .. } = self.core.hub;
        let flows = engine.finish(self.now, &Sight(&phones, carried), &mut |finding| {
            findings.take(finding);
        });
        findings.withdraw(engine.withdrawn());
        let summary = Summary {
            packets: self.packets.max(self.last_frame),
            first: self.first,
            last: self.first.map(|_| self.now),
            duplicates: self.duplicates,
            seen: PROTOCOLS.iter().map(|p| p.name).zip(seen).filter(|(_, n)| *n > 0).collect(),
            others,
        };
        (Outcome { summary, phones, findings: findings.into_sorted(), flows, facts: engine.into_facts() }, watch)
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
        self.core.hub.carried.ip |= match &packet.layer {
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
