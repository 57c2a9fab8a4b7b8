//! RTP: speech and pictures as streams (RFC 3550, RFC 3551), and digits in them (RFC 4733).
//!
//! Read: the header of every packet, aggregated to streams: loss, jitter, order, DSCP, payload types, quality. Not
//! read: the payloads, but for digits. SRTP has the same header: it is told by
//! what signalling announced.
//!
//! Packets look like little by themselves. A stream is believed at once where signalling announced it, after two
//! packets in sequence where it goes to a multicast group, and after four elsewhere; those count too.
//!
//! `packet.rs`: one packet. `stream.rs`: what is counted. `tell.rs`: what is told. `fields.rs`: its names.

pub mod fields;
pub mod packet;
pub mod stream;
mod tell;

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::FixedState;

use self::packet::Packet;
use self::stream::{Key, Stream};
use super::{Dissect, On, Out, Protocol, Segment};
use crate::bytes::Malformed;
use crate::event::{Endpoint, Origin};
use crate::time::{Span, Ts};

/// RTP.
pub static PROTOCOL: Protocol = Protocol {
    name: "rtp",
    title: "RTP",
    on: &[On::AnyUdp],
    probe: packet::probe,
    new: || Box::new(Dissector::new()),
    fields: fields::FIELDS,
    events: fields::EVENTS,
    samples: &[
        b"\x80\x80\x03\xe8\0\0\0\xa0\xde\xad\xbe\xef\xff\xff\xff\xff",
        b"\xb1\x65\0\x07\0\0\x01\x40\xca\xfe\0\x01\0\0\0\x09\xbe\xde\0\x01\x10\xff\0\0\x05\x0a\x03\x20\x01",
    ],
};

/// A stream without packets for so long is over.
const IDLE: Span = Span::from_secs(10);
/// So few places are looked at whether they are empty or not.
const FEW: usize = 64;
/// Packets in sequence that make a stream: to one station, and to a multicast group.
const IN_A_ROW: u8 = 4;
const IN_A_ROW_MULTICAST: u8 = 2;
/// Flows whose last stream is remembered without a look-up; a power of two.
const RECENT: usize = 4096;

/// All streams of a capture.
struct Dissector {
    streams: Vec<Stream>,
    free: Vec<u32>,
    index: HashMap<Key, u32, FixedState>,
    /// The last stream of a flow's direction. What is found here is checked: flows share places.
    recent: Vec<u32>,
    /// The next whole second: when quiet streams are looked for.
    due: Ts,
    found: Vec<(Ts, u64, u32)>,
    /// What media comes to an end, and from an address to another.
    heard: HashMap<Endpoint, Heard, FixedState>,
    heard_from: HashMap<(IpAddr, IpAddr), Heard, FixedState>,
    /// When both were forgotten last: of what was heard before, nothing is known.
    unheard: Option<Ts>,
}

/// Media that comes, or came.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    /// So many streams run.
    streams: u32,
    /// When the last of those that stopped did.
    last: Option<Ts>,
}

impl Heard {
    /// Whether any ran at `began` or later, or shortly before.
    fn since(&self, began: Ts) -> bool {
        self.streams > 0 || self.last.is_some_and(|last| last + IDLE >= began)
    }

    fn stopped(&mut self, at: Ts) {
        self.streams = self.streams.saturating_sub(1);
        self.last = self.last.max(Some(at));
    }
}

impl Dissector {
    fn new() -> Dissector {
        Dissector {
            streams: Vec::new(),
            free: Vec::new(),
            index: HashMap::with_hasher(FixedState::default()),
            recent: Vec::new(),
            due: Ts::ZERO,
            found: Vec::new(),
            heard: HashMap::with_hasher(FixedState::default()),
            heard_from: HashMap::with_hasher(FixedState::default()),
            unheard: None,
        }
    }

    /// The stream of that key, which is most often that of the flow's packet before.
    fn find(&mut self, place: usize, key: &Key) -> Option<u32> {
        let last = self.recent.get(place).copied().unwrap_or(u32::MAX);
        if self.streams.get(last as usize).is_some_and(|stream| stream.key == *key && stream.live) {
            return Some(last);
        }
        let id = self.index.get(key).copied()?;
        self.remember(place, id);
        Some(id)
    }

    fn remember(&mut self, place: usize, id: u32) {
        if self.recent.is_empty() {
            self.recent = vec![u32::MAX; RECENT];
        }
        if let Some(slot) = self.recent.get_mut(place) {
            *slot = id;
        }
    }

    /// A new stream. Says so if another one of the same two ends was under way.
    fn begin(&mut self, place: usize, key: Key, packet: &Packet, origin: &Origin, out: &mut Out<'_>) -> u32 {
        if self.index.len() >= out.bounds().streams.max(1) {
            self.make_room(origin, out);
        }
        let stream = Stream::new(key, packet, origin);
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(slot) = self.streams.get_mut(id as usize) {
                    *slot = stream;
                }
                id
            }
            None => {
                self.streams.push(stream);
                (self.streams.len() - 1) as u32
            }
        };
        self.index.insert(key, id);
        let before =
            self.recent.get(place).and_then(|last| self.streams.get(*last as usize)).filter(|before| {
                before.live && before.believed && (before.key.src, before.key.dst) == (key.src, key.dst)
            });
        let before = before.map(|before| before.key.ssrc);
        if let Some(stream) = self.streams.get_mut(id as usize) {
            stream.before = before;
        }
        self.remember(place, id);
        id
    }

    /// Too many streams: the quietest sixteenth is let go at once, so that room is not made for one at a time.
    fn make_room(&mut self, origin: &Origin, out: &mut Out<'_>) {
        out.limit("max-streams", origin);
        let mut found = std::mem::take(&mut self.found);
        self.live(&mut found);
        found.sort_unstable();
        found.truncate((out.bounds().streams / 16).max(1));
        found.iter().for_each(|(_, _, id)| self.stop(*id, false, out));
        self.found = found;
    }

    fn live(&self, found: &mut Vec<(Ts, u64, u32)>) {
        found.clear();
        let live = self.streams.iter().enumerate().filter(|(_, stream)| stream.live);
        found.extend(live.map(|(id, stream)| (stream.last.time, stream.last.frame, id as u32)));
    }

    /// Stops the streams that were quiet for long enough at `now`, a whole second.
    fn sweep(&mut self, now: Ts, out: &mut Out<'_>) {
        if self.streams.len() > FEW && self.index.len() < self.streams.len() / 8 {
            self.close_up();
        }
        let mut found = std::mem::take(&mut self.found);
        self.live(&mut found);
        found.retain(|(last, _, _)| *last + IDLE <= now);
        found.sort_unstable();
        found.iter().for_each(|(_, _, id)| self.stop(*id, false, out));
        self.found = found;
    }

    /// Most places are empty: those that are not move together, so that a sweep looks at what there is and not at what
    /// there once was.
    fn close_up(&mut self) {
        let mut moved = vec![u32::MAX; self.streams.len()];
        let mut kept = Vec::with_capacity(self.index.len());
        for (stream, moved) in self.streams.drain(..).zip(&mut moved).filter(|(stream, _)| stream.live) {
            *moved = kept.len() as u32;
            self.index.insert(stream.key, *moved);
            kept.push(stream);
        }
        self.streams = kept;
        self.free.clear();
        for last in &mut self.recent {
            *last = moved.get(*last as usize).copied().unwrap_or(u32::MAX);
        }
    }

    fn stop(&mut self, id: u32, running: bool, out: &mut Out<'_>) {
        let Some(stream) = self.streams.get_mut(id as usize).filter(|stream| stream.live) else { return };
        stream.live = false;
        self.index.remove(&stream.key);
        self.free.push(id);
        if stream.believed {
            stream.end();
            say(stream, out);
            let (src, dst) = (stream.key.src, stream.key.dst);
            // Something came back: to the port that it was sent from, or from the receiver's address.
            let began = stream.first.time;
            let back = self.heard.get(&src).is_some_and(|heard| heard.since(began))
                || self.heard_from.get(&(dst.ip, src.ip)).is_some_and(|heard| heard.since(began));
            let known = back || self.unheard.is_none_or(|forgot| forgot < began);
            let both_ways = (!dst.ip.is_multicast() && known).then_some(back);
            tell::stop(stream, running, both_ways, out);
            let last = stream.last.time;
            self.heard.entry(dst).or_default().stopped(last);
            self.heard_from.entry((src.ip, dst.ip)).or_default().stopped(last);
        }
    }

    /// A packet whose header cannot be read: told where packets are known to be.
    fn malformed(&self, place: usize, segment: &Segment<'_>, why: Malformed, out: &mut Out<'_>) {
        let ends = segment.origin.src.zip(segment.origin.dst);
        let stream = self.recent.get(place).and_then(|last| self.streams.get(*last as usize));
        let known = stream.is_some_and(|s| s.live && s.believed && Some((s.key.src, s.key.dst)) == ends);
        if !known && !out.is_expected() {
            return;
        }
        let mut fields = out.fields();
        if let Some(second) = segment.bytes.get(1) {
            fields.uint(&fields::P_TYPE, second & 0x7f, 1, 1).flag(&fields::MARKER, second & 0x80 != 0, 1, 1);
        }
        if let Some(&[high, low]) = segment.bytes.get(2..4) {
            fields.uint(&fields::SEQ, u16::from_be_bytes([high, low]), 2, 2);
        }
        out.event(&fields::MALFORMED, fields, segment, segment.defect(Some(why)));
    }
}

fn say(stream: &mut Stream, out: &mut Out<'_>) {
    let mut notes = std::mem::take(&mut stream.notes);
    notes.iter().for_each(|note| tell::note(stream, note, out));
    notes.clear();
    stream.notes = notes;
}

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let origin = segment.origin;
        if origin.time >= self.due {
            self.tick(origin.time, out);
        }
        let (Some(src), Some(dst)) = (origin.src, origin.dst) else { return };
        let place = (segment.flow as usize * 2 + segment.side.index()) % RECENT;
        // Keepalives and other protocols between the packets.
        if packet::is_other(segment.bytes) {
            return;
        }
        let packet = match packet::read(segment.bytes, segment.cut) {
            Ok(packet) => packet,
            Err(why) => return self.malformed(place, segment, why, out),
        };
        let key = Key { src, dst, ssrc: packet.ssrc };
        let id = match self.find(place, &key) {
            Some(id) => id,
            None if origin.duplicate => return,
            None => self.begin(place, key, &packet, origin, out),
        };
        let Some(stream) = self.streams.get_mut(id as usize) else { return };
        if origin.duplicate {
            stream.copies += 1;
            return;
        }
        if !stream.believed && !stream.fits(&packet) {
            let before = stream.before;
            *stream = Stream::new(key, &packet, origin);
            stream.before = before;
        }
        if out.is_expected() && !stream.announced {
            stream.announced = true;
            stream.learn(out.announced(origin));
        }
        stream.packet(&packet, segment.bytes, origin);
        if !stream.believed {
            let needed = if dst.ip.is_multicast() { IN_A_ROW_MULTICAST } else { IN_A_ROW };
            if !stream.announced && stream.in_a_row < needed {
                return;
            }
            stream.believed = true;
            let (from, to) = (stream.key.src.ip, stream.key.dst);
            if self.heard.len().max(self.heard_from.len()) >= 4 * out.bounds().streams.max(1) {
                out.limit("max-streams", origin);
                self.heard.clear();
                self.heard_from.clear();
                self.unheard = Some(origin.time);
            }
            self.heard.entry(to).or_default().streams += 1;
            self.heard_from.entry((from, to.ip)).or_default().streams += 1;
            if let Some(before) = stream.before {
                tell::other_source(stream, before, out);
            }
            tell::start(stream, segment, out);
        }
        if !stream.notes.is_empty() {
            // Another payload type may be that of a later offer.
            if stream.announced && stream.notes.iter().any(|note| matches!(note, stream::Note::Change { .. })) {
                stream.learn(out.announced(origin));
            }
            say(stream, out);
        }
    }

    fn finish(&mut self, origin: &Origin, out: &mut Out<'_>) {
        let mut found = std::mem::take(&mut self.found);
        self.live(&mut found);
        found.sort_unstable();
        found.iter().for_each(|(last, _, id)| self.stop(*id, *last + IDLE > origin.time, out));
    }

    /// Quiet streams end at whole seconds, so that it does not matter how often time is told.
    fn tick(&mut self, now: Ts, out: &mut Out<'_>) {
        if now < self.due {
            return;
        }
        let second = Ts::from_nanos(now.nanos() - now.nanos().rem_euclid(1_000_000_000));
        self.due = second + Span::from_secs(1);
        self.sweep(second, out);
    }
}

#[cfg(test)]
mod tests;
