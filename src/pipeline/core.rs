//! Dissectors and what they feed: finds the protocol of a flow and hands it its bytes.

use super::desk::{Clue, Desk};
use super::inside::Stream;
use super::routes::{Routes, protocol};
use crate::decode::Layer;
use crate::event::{Fields, Origin, Side};
use crate::flow::{self, Edge, Follow};
use crate::proto::{Close, Dissect, Mark, Out, Probe, Segment, Spare};
use crate::time::Ts;

/// Dissectors and what they feed, apart from the flows that call them.
pub(super) struct Core<D: Desk> {
    /// One for each of [`PROTOCOLS`]: it reads that protocol's datagrams and link-layer payloads.
    pub(super) datagrams: Vec<Box<dyn Dissect>>,
    pub(super) routes: Routes,
    pub(super) spare: Spare,
    pub(super) desk: D,
    pub(super) gaps: (u64, u64, Vec<u64>),
    /// The snap length cut the frame at hand.
    pub(super) cut: bool,
    pub(super) one_way: (u64, Vec<u64>),
    /// When dissectors are told the time next.
    pub(super) due: Ts,
}

/// What reads a flow.
#[derive(Default)]
pub(super) enum Slot {
    /// Not known yet; how many pieces were looked at.
    #[default]
    Undecided,
    /// Looked at so many pieces without recognising them.
    Trying(u8),
    /// Datagrams of a protocol.
    Datagrams(Found),
    /// A connection's own dissector.
    Stream(Box<Stream>),
    /// Nothing that is read here, as of that many expectations.
    Opaque(u64),
}

/// The protocol of a flow's datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Its index.
    pub(super) index: usize,
    /// The flow was announced to carry it.
    pub(super) expected: bool,
    /// It is found by content alone, where several protocols may share a flow (RTP and RTCP): every datagram is
    /// looked at.
    pub(super) by_content: bool,
    /// So many expectations were made when this was found.
    pub(super) seen: u64,
}

impl<D: Desk> Core<D> {
    /// A payload without ports.
    pub(super) fn link(&mut self, layer: &Layer<'_>, origin: &Origin, marks: &[Mark], cut: usize) {
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

    pub(super) fn dissect(&mut self, index: usize, expected: bool, segment: &Segment<'_>) {
        if let Some(dissector) = self.datagrams.get_mut(index) {
            dissector.datagram(segment, &mut Out::new(&mut self.desk, &mut self.spare).expected(expected));
        }
    }

    pub(super) fn tick(&mut self, now: Ts) {
        if now >= self.due {
            self.tick_dissectors(now);
        }
        self.desk.tick(now);
    }

    /// Dissectors are told every whole second, with the deadlines of the models in between: how often the time is
    /// told from outside changes neither what is said nor its order. After [`QUIET`] seconds nothing is left to say.
    pub(super) fn tick_dissectors(&mut self, now: Ts) {
        const SECOND: i64 = 1_000_000_000;
        let second = now.nanos().div_euclid(SECOND);
        let first = self.due.nanos().div_euclid(SECOND).max(second - QUIET);
        for at in (first..=second).map(|second| Ts::from_nanos(second.saturating_mul(SECOND))) {
            self.desk.tick(at);
            for dissector in &mut self.datagrams {
                dissector.tick(at, &mut Out::new(&mut self.desk, &mut self.spare));
            }
        }
        self.due = Ts::from_nanos((second + 1).saturating_mul(SECOND));
    }

    pub(super) fn finish(&mut self, last: &Origin) {
        for dissector in &mut self.datagrams {
            dissector.finish(last, &mut Out::new(&mut self.desk, &mut self.spare));
        }
    }

    /// The protocol of a flow by these bytes; `Err` if more are needed, `Ok(None)` if they are none that is known.
    pub(super) fn recognise(&self, segment: &Segment<'_>) -> Result<Option<Found>, ()> {
        let found = |index, expected| {
            let by_content = segment.origin.ip_proto == 17 && self.routes.any_udp.contains(&index);
            Found { index, expected, by_content, seen: self.desk.expectations().made() }
        };
        if let Some(index) = self.desk.expectations().expected(segment.origin) {
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
    pub(super) fn again(&self, mut found: Found, segment: &Segment<'_>) -> Found {
        if !found.expected && found.seen != self.desk.expectations().made() {
            found.seen = self.desk.expectations().made();
            found.expected = self.desk.expectations().expected(segment.origin) == Some(found.index);
        }
        let probe = protocol(found.index).map_or(Probe::No, |p| (p.probe)(segment.bytes));
        let other = if probe == Probe::No { self.recognise(segment).ok().flatten() } else { None };
        other.unwrap_or(found)
    }
}

/// Seconds after which no dissector has anything left to say of what came before.
pub(super) const QUIET: i64 = 15;

/// A flow whose first pieces are nothing known is opaque after so many of them.
pub(super) const TRIES: u8 = 4;

/// On a port that is known, the next message may begin later: so many pieces are looked at.
pub(super) const TRIES_ON_PORT: u8 = 32;

impl<D: Desk> Follow for Core<D> {
    type Slot = Slot;

    fn datagram(&mut self, slot: &mut Slot, segment: &Segment<'_>) {
        if let Slot::Opaque(seen) = slot
            && *seen != self.desk.expectations().made()
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
                self.desk.clue(Clue::Begins, segment.origin);
                let tries = if let Slot::Trying(tries) = slot { *tries } else { 0 };
                match self.recognise(segment) {
                    Ok(Some(found)) => {
                        *slot = Slot::Datagrams(found);
                        self.dissect(found.index, found.expected, segment);
                    }
                    _ => {
                        // Media may begin with other things: keepalives, STUN.
                        let known = self.routes.on_port(segment.origin)
                            || self.desk.expectations().expected(segment.origin).is_some();
                        let most = if known { TRIES_ON_PORT } else { TRIES };
                        *slot = if tries + 1 >= most {
                            Slot::Opaque(self.desk.expectations().made())
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
            self.desk.clue(Clue::Begins, segment.origin);
            let tries = if let Slot::Trying(tries) = slot { *tries } else { 0 };
            let most = if self.routes.on_port(segment.origin) { TRIES_ON_PORT } else { TRIES };
            *slot = match self.recognise(segment) {
                Ok(Some(found)) => protocol(found.index)
                    .map_or(Slot::Opaque(0), |p| Slot::Stream(Box::new(Stream::new(found.index, (p.new)())))),
                Err(()) if !segment.end && segment.bytes.len() < 64 => return 0,
                _ if tries + 1 >= most => Slot::Opaque(0),
                _ => Slot::Trying(tries + 1),
            };
        }
        match slot {
            Slot::Stream(stream) => stream.stream(segment, &self.routes, &mut self.desk, &mut self.spare),
            _ => segment.bytes.len(),
        }
    }

    fn gap(&mut self, slot: &mut Slot, side: Side, lost: u64, origin: &Origin) {
        let mut fields = Fields::new();
        fields.uint(&flow::LOST, lost, 0, 0);
        self.desk.say(&flow::GAP, fields, origin);
        // What a snap length cut off is no loss of frames, and is told by itself.
        if !self.cut {
            self.gaps.0 += lost;
            self.gaps.1 += 1;
            cite(&mut self.gaps.2, origin.frame);
        }
        if let Slot::Stream(dissector) = slot {
            self.desk.clue(Clue::Incomplete(true), origin);
            dissector.gap(side, lost, origin, &mut Out::new(&mut self.desk, &mut self.spare));
            self.desk.clue(Clue::Incomplete(false), origin);
        }
    }

    fn picked_up(&mut self, origin: &Origin) {
        self.desk.clue(Clue::PickedUp, origin);
    }

    fn hole(&mut self, since: Ts, origin: &Origin) {
        self.desk.clue(Clue::Hole(since), origin);
    }

    fn edge(&mut self, _slot: &mut Slot, edge: Edge, origin: &Origin) {
        self.desk.clue(Clue::Begins, origin);
        let mut fields = Fields::new();
        let def = match edge {
            Edge::Connect(attempt) => {
                fields.uint(&flow::ATTEMPT, attempt, 0, 0);
                &flow::CONNECT
            }
            Edge::Accept => &flow::ACCEPT,
            Edge::Refused => &flow::REFUSED,
            Edge::Close(received, missing) => {
                if missing > 0 {
                    fields.uint(&flow::MISSING, missing, 0, 0);
                }
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
        self.desk.say(def, fields, origin);
    }

    fn closed(&mut self, slot: &mut Slot, side: Side, how: Close, origin: &Origin) {
        if let Slot::Stream(dissector) = slot {
            dissector.closed(side, how, origin, &mut Out::new(&mut self.desk, &mut self.spare));
        }
    }

    fn finish(&mut self, slot: &mut Slot, origin: &Origin) {
        if let Slot::Stream(dissector) = slot {
            dissector.finish(origin, &mut Out::new(&mut self.desk, &mut self.spare));
        }
    }

    fn held(&self, slot: &Slot) -> usize {
        if let Slot::Stream(dissector) = slot { dissector.held() } else { 0 }
    }

    fn limit(&mut self, bound: &'static str, origin: &Origin) {
        self.desk.limit(bound, origin);
    }
}

/// Adds a frame to the first ones that show something.
pub(super) fn cite(frames: &mut Vec<u64>, frame: u64) {
    if frames.len() < 64 && frames.last().is_none_or(|last| *last < frame) {
        frames.push(frame);
    }
}
