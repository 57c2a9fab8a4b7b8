//! IP reassembly, IPv4 and IPv6 alike (RFC 791, RFC 8200 §4.5): a 2.4 kB REFER over UDP is two fragments.
//!
//! Fragments may come in any order, twice, or overlap: of two bytes for one place the first stays. A datagram that
//! is not whole after 30 s of capture time is given up. Memory is bounded; [`Defrag::limit`] tells when a bound made
//! a datagram go.
//!
//! A fragment that the snap length cut (`Packet::cut`) must not be pushed: its datagram cannot become whole.

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;

use crate::decode::Fragment;
use crate::event::Origin;
use crate::time::{Span, Ts};

/// How long fragments wait for the others (RFC 1122 §3.3.2 asks for 60 s to 120 s of a host; a capture shows them
/// within milliseconds).
const AGE: Span = Span::from_secs(30);

/// No IP datagram is longer.
const LONGEST: usize = 65_535;

/// What is kept at most.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Datagrams that wait for fragments.
    pub datagrams: usize,
    /// Bytes of all of them.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { datagrams: 1024, bytes: 8 << 20 }
    }
}

/// A datagram that is whole again. Take its layer with [`crate::decode::transport`] and the origin of the fragment
/// that completed it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// IP protocol of the payload.
    pub proto: u8,
    /// Everything after the IP header.
    pub payload: Vec<u8>,
    /// The frames that carried it, ascending.
    pub frames: Vec<u64>,
}

/// Puts fragments together.
#[derive(Default)]
pub struct Defrag {
    bounds: Bounds,
    waiting: HashMap<Key, Waiting, RandomState>,
    /// Bytes held by all that wait.
    bytes: usize,
    limit: Option<&'static str>,
    /// Memory given back by [`Defrag::recycle`].
    spare: Vec<Whole>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    proto: u8,
}

struct Waiting {
    since: Ts,
    whole: Whole,
    /// What is there: ranges in order that do not touch. Few: out of order is rare, and all are in one datagram.
    there: Vec<(usize, usize)>,
    /// Length of the whole, once its last fragment is there.
    total: Option<usize>,
}

impl Defrag {
    /// With bounds.
    pub fn new(bounds: Bounds) -> Defrag {
        Defrag { bounds, ..Defrag::default() }
    }

    /// Takes a fragment, and gives the datagram if it is whole with it. `origin` is the fragment's.
    pub fn push(&mut self, fragment: &Fragment<'_>, origin: &Origin) -> Option<Whole> {
        let Fragment { src, dst, id, proto, offset, more, payload } = *fragment;
        let end = offset + payload.len();
        // Beyond what IP can hold, or nothing in the middle: a "ping of death", not a part of anything.
        if end > LONGEST || (more && payload.is_empty()) {
            return None;
        }
        let key = Key { src, dst, id, proto };
        let now = origin.time;
        if self.waiting.get(&key).is_some_and(|waiting| now.since(waiting.since) > AGE) {
            self.give_up(key);
        }
        if !self.waiting.contains_key(&key) {
            self.make_room(now);
            let mut whole = self.spare.pop().unwrap_or_default();
            whole.proto = proto;
            self.waiting.insert(key, Waiting { since: now, whole, there: Vec::new(), total: None });
        }
        let waiting = self.waiting.get_mut(&key)?;
        let before = waiting.whole.payload.len();
        waiting.add(offset, payload, more, origin.frame);
        self.bytes += waiting.whole.payload.len() - before;
        if waiting.is_whole() {
            let done = self.waiting.remove(&key)?;
            self.bytes -= done.whole.payload.len();
            return Some(done.whole);
        }
        while self.bytes > self.bounds.bytes {
            self.limit = Some("max-fragment-bytes");
            self.give_up_oldest();
        }
        None
    }

    /// Takes the memory of a datagram back.
    pub fn recycle(&mut self, mut whole: Whole) {
        if self.spare.len() < 4 {
            whole.payload.clear();
            whole.frames.clear();
            self.spare.push(whole);
        }
    }

    /// The bound that was reached since the last call, if one was: a datagram was given up for it.
    pub fn limit(&mut self) -> Option<&'static str> {
        self.limit.take()
    }

    fn make_room(&mut self, now: Ts) {
        if self.waiting.len() < self.bounds.datagrams {
            return;
        }
        let mut freed = 0;
        self.waiting.retain(|_, waiting| {
            let keep = now.since(waiting.since) <= AGE;
            freed += if keep { 0 } else { waiting.whole.payload.len() };
            keep
        });
        self.bytes -= freed;
        if self.waiting.len() >= self.bounds.datagrams.max(1) {
            self.limit = Some("max-fragmented-datagrams");
            // A quarter at once: each search looks at all of them.
            let mut oldest: Vec<_> = self.waiting.iter().map(|(key, waiting)| (waiting.age(), *key)).collect();
            oldest.sort_unstable_by_key(|(age, _)| *age);
            oldest.iter().take((self.bounds.datagrams / 4).max(1)).for_each(|(_, key)| self.give_up(*key));
        }
    }

    fn give_up_oldest(&mut self) {
        let oldest = self.waiting.iter().min_by_key(|(_, waiting)| waiting.age());
        match oldest.map(|(key, _)| *key) {
            Some(key) => self.give_up(key),
            None => self.bytes = 0,
        }
    }

    fn give_up(&mut self, key: Key) {
        if let Some(waiting) = self.waiting.remove(&key) {
            self.bytes -= waiting.whole.payload.len();
            self.recycle(waiting.whole);
        }
    }
}

impl Waiting {
    /// The least is the oldest.
    fn age(&self) -> (Ts, Option<u64>) {
        (self.since, self.whole.frames.first().copied())
    }

    fn add(&mut self, offset: usize, payload: &[u8], more: bool, frame: u64) {
        let mut end = offset + payload.len();
        let mut new = false;
        match self.total {
            // What reaches beyond the end contradicts it: the end that came first holds.
            Some(total) => end = end.min(total),
            None if !more => {
                // A last fragment that ends before what is there contradicts it.
                if self.there.last().is_some_and(|(_, reach)| *reach > end) {
                    return;
                }
                self.total = Some(end);
                new = true;
            }
            None => {}
        }
        if offset > end {
            return;
        }
        let memory = &mut self.whole.payload;
        if memory.len() < end {
            memory.resize(end, 0);
        }
        // Fill the holes between what is there.
        let mut at = offset;
        let holes = self.there.iter().copied().chain([(end, end)]);
        for (from, to) in holes {
            let hole_end = from.min(end);
            if at < hole_end
                && let (Some(into), Some(bytes)) =
                    (memory.get_mut(at..hole_end), payload.get(at - offset..hole_end - offset))
            {
                into.copy_from_slice(bytes);
                new = true;
            }
            at = at.max(to);
        }
        if new {
            if self.whole.frames.last() != Some(&frame) {
                self.whole.frames.push(frame);
            }
            self.cover(offset, end);
        }
    }

    /// Notes that a range is there, joining those it touches.
    fn cover(&mut self, mut from: usize, mut to: usize) {
        self.there.retain(|&(a, b)| {
            let apart = b < from || a > to;
            if !apart {
                (from, to) = (from.min(a), to.max(b));
            }
            apart
        });
        let place = self.there.partition_point(|(a, _)| *a < from);
        self.there.insert(place, (from, to));
    }

    fn is_whole(&self) -> bool {
        self.total.is_some_and(|total| self.there.first() == Some(&(0, total)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fragment(id: u32, offset: usize, more: bool, payload: &[u8]) -> Fragment<'_> {
        let (src, dst) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        Fragment { src, dst, id, proto: 17, offset, more, payload }
    }

    fn at(frame: u64, seconds: i64) -> Origin {
        Origin::at(frame, Ts::from_nanos(1) + Span::from_secs(seconds))
    }

    /// Frames from 1 on; gives what each completes.
    #[track_caller]
    fn check(fragments: &[(usize, bool, &[u8])], whole: Option<(&[u8], &[u64])>) {
        let mut defrag = Defrag::default();
        let mut got = None;
        for (&(offset, more, payload), frame) in fragments.iter().zip(1..) {
            assert_eq!(got, None, "completed before frame {frame}");
            got = defrag.push(&fragment(1, offset, more, payload), &at(frame, 0));
        }
        let whole = whole.map(|(payload, frames)| Whole { proto: 17, payload: payload.into(), frames: frames.into() });
        assert_eq!(got, whole);
        if got.is_some() {
            assert_eq!((defrag.bytes, defrag.waiting.len()), (0, 0));
        }
    }

    #[test]
    fn any_order_copies_and_overlaps() {
        let (a, b, c) = (&b"aaaaaaaa"[..], &b"bbbbbbbb"[..], &b"cc"[..]);
        let bytes = &b"aaaaaaaabbbbbbbbcc"[..];
        let all = Some((bytes, &[1, 2, 3][..]));
        check(&[(0, true, a), (8, true, b), (16, false, c)], all);
        check(&[(16, false, c), (8, true, b), (0, true, a)], all);
        check(&[(16, false, c), (0, true, a), (8, true, b)], all);
        check(&[(0, true, a), (0, true, a), (16, false, c), (8, true, b)], Some((bytes, &[1, 3, 4])));
        // Of two bytes for one place the first stays.
        check(&[(8, true, b), (0, true, b"aaaaaaaaXXXXXXXX"), (16, false, c)], all);
        check(&[(8, true, b), (16, false, c), (0, true, b"aaaaaaaaXXXXXXXXYYYYYYYY")], all);
        // What contradicts the end is no part.
        check(&[(16, false, c), (24, false, c), (0, true, a), (8, true, b)], Some((bytes, &[1, 3, 4])));
        check(&[(8, true, b), (0, false, c), (0, true, a), (16, false, c)], Some((bytes, &[1, 3, 4])));
    }

    #[test]
    fn a_fragment_that_says_nothing_new_costs_nothing() {
        let mut defrag = Defrag::default();
        for frame in 1..100 {
            assert_eq!(defrag.push(&fragment(1, 8000, false, b""), &at(frame, 0)), None);
        }
        let waiting = defrag.waiting.values().next().unwrap();
        assert_eq!((&waiting.whole.frames[..], &waiting.there[..]), (&[1][..], &[(8000, 8000)][..]));
    }

    #[test]
    fn what_is_missing_is_not_whole() {
        check(&[(0, true, b"aaaaaaaa"), (16, false, b"cc")], None);
        check(&[(8, true, b"aaaaaaaa"), (16, false, b"cc")], None);
        check(&[(0, true, b"aaaaaaaa")], None);
        check(&[(65_528, false, b"beyond it")], None);
    }

    #[test]
    fn late_fragments_begin_anew() {
        let mut defrag = Defrag::default();
        assert_eq!(defrag.push(&fragment(1, 0, true, b"aaaaaaaa"), &at(1, 0)), None);
        assert_eq!(defrag.push(&fragment(1, 8, false, b"b"), &at(2, 31)), None);
        let whole = defrag.push(&fragment(1, 0, true, b"AAAAAAAA"), &at(3, 32)).unwrap();
        assert_eq!((&whole.payload[..], &whole.frames[..]), (&b"AAAAAAAAb"[..], &[2, 3][..]));
        assert_eq!(defrag.limit(), None);
        let memory = whole.payload.as_ptr();
        defrag.recycle(whole);
        defrag.push(&fragment(2, 8, true, b"bbb"), &at(4, 32));
        let whole = defrag.push(&fragment(2, 0, true, b"aaaaaaaa"), &at(5, 32));
        assert_eq!(whole, None);
        let waiting = defrag.waiting.values().next().unwrap();
        assert_eq!(waiting.whole.payload.as_ptr(), memory, "memory is reused");
    }

    #[test]
    fn bounds_are_kept_and_told() {
        let mut defrag = Defrag::new(Bounds { datagrams: 2, bytes: 100 });
        for id in 1..=3 {
            assert_eq!(defrag.push(&fragment(id, 0, true, b"aaaaaaaa"), &at(id.into(), 0)), None);
            assert_eq!(defrag.limit(), (id == 3).then_some("max-fragmented-datagrams"));
        }
        assert_eq!((defrag.waiting.len(), defrag.bytes), (2, 16));
        // Those left are the younger ones.
        assert!(defrag.push(&fragment(2, 8, false, b"b"), &at(4, 0)).is_some());
        // What is too old makes room without a word.
        defrag.push(&fragment(4, 0, true, b"aaaaaaaa"), &at(5, 40));
        defrag.push(&fragment(5, 0, true, b"aaaaaaaa"), &at(6, 40));
        assert_eq!((defrag.limit(), defrag.waiting.len()), (None, 2));
        defrag.push(&fragment(5, 96, true, b"aaaaaaaa"), &at(7, 40));
        assert_eq!((defrag.limit(), defrag.bytes), (Some("max-fragment-bytes"), 0));
    }

    proptest! {
        #[test]
        fn whatever_comes_the_bytes_add_up(
            parts in prop::collection::vec((0..3u32, 0..64usize, any::<bool>(), 0..40usize, 0..3i64), 0..60),
        ) {
            let source: Vec<u8> = (0..=255).cycle().take(64 * 8 + 40).collect();
            let mut defrag = Defrag::new(Bounds { datagrams: 2, bytes: 700 });
            let mut now = 0;
            for ((id, units, more, len, later), frame) in parts.into_iter().zip(1..) {
                now += later * 9;
                let offset = units * 8;
                let part = fragment(id, offset, more, &source[offset..offset + len]);
                if let Some(whole) = defrag.push(&part, &at(frame, now)) {
                    prop_assert_eq!(&whole.payload[..], &source[..whole.payload.len()]);
                    prop_assert!(whole.frames.windows(2).all(|w| w[0] < w[1]));
                    defrag.recycle(whole);
                }
                prop_assert_eq!(defrag.bytes, defrag.waiting.values().map(|w| w.whole.payload.len()).sum::<usize>());
                prop_assert!(defrag.bytes <= 700 && defrag.waiting.len() <= 2);
            }
        }
    }
}
