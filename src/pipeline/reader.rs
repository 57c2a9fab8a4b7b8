//! The reading half of the pipeline: frames in, messages out, in the order in which the capture has them.

use super::core::Core;
use super::desk::{Clue, Desk};
use super::routes::Routes;
use super::{CLOCK_BACK, DUPLICATES, IP_MALFORMED, LENGTH, MILLISECONDS, Options, TRUNCATED};
use crate::bytes::Malformed;
use crate::decode::{self, Layer, Packet};
use crate::event::{Event, Fields, Origin, Wanted};
use crate::flow::frag::Defrag;
use crate::flow::{Flows, Follow};
use crate::phone::Stillness;
use crate::proto::{Mark, PROTOCOLS, Spare};
use crate::source::Frame;
use crate::source::dedup::Dedup;
use crate::time::{Span, Ts};
use std::sync::Arc;

/// Frames in, messages out to a desk.
pub(super) struct Reader<D: Desk> {
    pub(super) core: Core<D>,
    flows: Flows<Core<D>>,
    defrag: Defrag,
    pub(super) dedup: Dedup,
    pub(super) packets: u64,
    pub(super) first: Option<Ts>,
    pub(super) now: Ts,
    pub(super) duplicates: u64,
    truncated: bool,
    clock_back: bool,
    show_duplicates: bool,
    pub(super) last_frame: u64,
    stillness: Stillness,
    /// Something other than link discovery and DHCP was captured.
    ip: bool,
}

impl<D: Desk> Reader<D> {
    /// Says to `desk` what it reads, with the fields of messages that are `wanted`.
    pub fn new(options: &Options, wanted: Option<Arc<Wanted>>, desk: D) -> Reader<D> {
        let routes = Routes::new();
        Reader {
            flows: Flows::new(options.flows, routes.server_ports()),
            defrag: Defrag::new(options.fragments),
            dedup: Dedup::remembering(options.remembered_frames),
            packets: 0,
            first: None,
            now: Ts::ZERO,
            duplicates: 0,
            truncated: false,
            clock_back: false,
            show_duplicates: options.show_duplicates,
            last_frame: 0,
            stillness: Stillness::default(),
            ip: false,
            core: Core {
                datagrams: PROTOCOLS.iter().map(|p| (p.new)()).collect(),
                routes,
                spare: Spare::of(wanted, options.proto),
                gaps: (0, 0, Vec::new()),
                cut: false,
                one_way: (0, Vec::new()),
                due: Ts::ZERO,
                desk,
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
        packet.origin.time = self.now;
        self.flows.tick(&mut self.core, self.now);
        if self.now > before
            && let Some(silence) = self.stillness.between(before, self.now)
        {
            self.core.desk.clue(Clue::Still { since: before, silence }, &packet.origin);
        }
        if let Some(back) = back {
            let mut fields = Fields::new();
            fields.uint(&MILLISECONDS, (back.nanos().unsigned_abs()).div_ceil(1_000_000), 0, 0);
            self.core.desk.say(&CLOCK_BACK, fields, &packet.origin);
        }
        self.core.tick(self.now);
        if (frame.wire_len as usize) > frame.bytes.len() && !self.truncated {
            self.truncated = true;
            let mut fields = Fields::new();
            fields.uint(&LENGTH, frame.bytes.len() as u64, 0, 0);
            self.core.desk.say(&TRUNCATED, fields, &packet.origin);
        }
        if self.dedup.is_duplicate(&packet, frame) {
            self.duplicates += 1;
            if self.duplicates == 1 {
                self.core.desk.say(&DUPLICATES, Fields::new(), &packet.origin);
            }
            if !self.show_duplicates {
                return;
            }
            packet.origin.duplicate = true;
        }
        let cut = (frame.wire_len as usize) > frame.bytes.len();
        self.core.cut = cut;
        // Nothing was cut off, and a header promises more than there is.
        let short = Malformed { at: frame.bytes.len(), what: "length in a header beyond the end of the frame" };
        if let Some(stop) = packet.stop.or((packet.cut > 0 && !cut).then_some(short)) {
            self.core.desk.event(&Event {
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

    /// Capture time has come to `now` without a frame.
    pub fn tick(&mut self, now: Ts) {
        self.now = self.now.max(now);
        self.flows.tick(&mut self.core, self.now);
        self.core.tick(self.now);
    }

    /// The capture has ended: what is still held is said. Gives its last place.
    pub fn end(&mut self) -> Origin {
        let last = Origin::at(self.last_frame, self.now);
        self.core.desk.clue(Clue::Incomplete(true), &last);
        self.core.cut = false;
        self.flows.finish(&mut self.core, &last);
        self.core.finish(&last);
        last
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
        let ip = !self.ip
            && match &packet.layer {
                Layer::Tcp(_) | Layer::Fragment(_) => true,
                Layer::Udp { .. } => {
                    ![origin.src, origin.dst].into_iter().flatten().any(|end| matches!(end.port, 67 | 68))
                }
                Layer::Ether { ether_type, .. } => *ether_type == 0x0806,
                _ => false,
            };
        if ip {
            self.ip = true;
            self.core.desk.clue(Clue::Ip, origin);
        }
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
