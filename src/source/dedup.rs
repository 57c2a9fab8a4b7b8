//! The copies that a SPAN port makes of a frame: the same bytes within 20 ms.
//!
//! For IP the packet counts from its innermost IP header on, with the same IP id, and without what a switch or
//! router may change between two copies: tags and MACs, TTL, header checksum, and the DSCP and ECN that a port
//! marks anew. Anything else counts as the whole frame: CDP repeats itself byte by byte, but a second apart.
//!
//! A genuine repetition within 20 ms that carries the same IP id (or none, in IPv6) is an acknowledgement or reset
//! that says nothing new. TCP and UDP checksums stay in the comparison: a copy has them too.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::Frame;
use crate::decode::Packet;
use crate::time::{Span, Ts};

/// How far apart two copies may be.
const WINDOW: Span = Span::from_millis(20);

/// Frames that are remembered: 20 ms of 400 000 frames a second. Beyond that the oldest are forgotten first.
const FRAMES: usize = 8192;
const WAYS: usize = 4;

/// Remembers the frames of the last 20 ms.
pub struct Dedup {
    hasher: FixedState,
    seen: Vec<[Seen; WAYS]>,
    crowded: bool,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    hash: u64,
    time: Ts,
}

impl Default for Dedup {
    fn default() -> Dedup {
        Dedup::remembering(FRAMES)
    }
}

impl Dedup {
    /// Nothing seen yet; so many frames are remembered, or some more.
    pub fn remembering(frames: usize) -> Dedup {
        let buckets = frames.div_ceil(WAYS).clamp(1, 1 << 24).next_power_of_two();
        let never = Seen { hash: 0, time: Ts::from_nanos(i64::MIN) };
        // A fixed seed: the same capture is always judged alike.
        Dedup { hasher: FixedState::with_seed(0x0ff4_00c5), seen: vec![[never; WAYS]; buckets], crowded: false }
    }

    /// Whether frames were forgotten of which a copy may have come later.
    pub fn is_crowded(&self) -> bool {
        self.crowded
    }

    /// Whether the frame is a copy of one seen within 20 ms. `packet` is the frame taken apart.
    pub fn is_duplicate(&mut self, packet: &Packet<'_>, frame: &Frame<'_>) -> bool {
        // Without a time (pcapng Simple Packet Block) nothing is near or far.
        if frame.time == Ts::ZERO {
            return false;
        }
        let hash = self.hash(packet.ip, frame.bytes);
        // A power of two of them: a mask is as good as a rest.
        let place = hash as usize & self.seen.len().saturating_sub(1);
        let Some(bucket) = self.seen.get_mut(place) else { return false };
        let near = |seen: &Seen| {
            // Only one of the two is not zero: times may go back, most of all where captures are merged.
            frame.time.since(seen.time).max(seen.time.since(frame.time)) <= WINDOW
        };
        let [first, others @ ..] = bucket;
        let mut oldest = first;
        if oldest.hash == hash && near(oldest) {
            return true;
        }
        for seen in others {
            if seen.hash == hash && near(seen) {
                return true;
            }
            if seen.time < oldest.time {
                oldest = seen;
            }
        }
        self.crowded |= near(oldest);
        *oldest = Seen { hash, time: frame.time };
        false
    }

    fn hash(&self, ip: &[u8], frame: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        match (ip.first().map(|b| b >> 4), ip.split_first_chunk::<12>(), ip.split_first_chunk::<8>()) {
            (Some(4), Some((&[a, _tos, b, c, d, e, f, g, _ttl, h, _, _], rest)), _) => {
                hasher.write_u64(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
                hasher.write(rest);
            }
            (Some(6), _, Some((&[_, label, b, c, d, e, f, _hops], rest))) => {
                hasher.write_u64(u64::from_be_bytes([6, label & 0x0f, b, c, d, e, f, 0]));
                hasher.write(rest);
            }
            _ => hasher.write(frame),
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;

    /// An Ethernet frame that holds 10.0.0.1 → 10.0.0.2 UDP.
    fn udp(id: u8, ttl: u8, tags: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
        bytes.extend_from_slice(tags);
        bytes.extend_from_slice(&[8, 0, 0x45, ttl, 0, 32, 0, id, 0, 0, ttl, 17, ttl, ttl, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend_from_slice(&[0xc3, 0x50, 0, 69, 0, 12, 0, 0, 1, 2, 3, 4]);
        bytes
    }

    #[track_caller]
    fn check(frames: &[(i64, Vec<u8>)], duplicates: &[bool]) {
        let mut dedup = Dedup::default();
        let got: Vec<bool> = (frames.iter())
            .map(|(millis, bytes)| {
                let time = Ts::from_nanos(1_700_000_000_000_000_000) + Span::from_millis(*millis);
                let frame = Frame { number: 1, time, interface: 0, link: 1, bytes, wire_len: bytes.len() as u32 };
                dedup.is_duplicate(&decode::packet(&frame), &frame)
            })
            .collect();
        assert_eq!(got, duplicates);
    }

    #[test]
    fn a_routed_or_tagged_copy_is_a_copy() {
        let tagged = udp(1, 63, &[0x81, 0, 0, 110]);
        check(&[(0, udp(1, 64, &[])), (1, udp(1, 63, &[])), (20, tagged)], &[false, true, true]);
    }

    #[test]
    fn another_ip_id_or_a_later_time_is_no_copy() {
        check(&[(0, udp(1, 64, &[])), (1, udp(2, 64, &[])), (21, udp(1, 64, &[]))], &[false, false, false]);
        // The file's times may go back.
        check(&[(30, udp(1, 64, &[])), (15, udp(1, 64, &[])), (0, udp(1, 64, &[]))], &[false, true, false]);
    }

    #[test]
    fn padding_and_macs_are_no_difference() {
        let mut padded = udp(1, 64, &[]);
        padded[0] = 4;
        padded.extend_from_slice(&[0; 14]);
        check(&[(0, udp(1, 64, &[])), (0, padded)], &[false, true]);
    }

    #[test]
    fn without_ip_the_whole_frame_counts() {
        let mut cdp = vec![1, 0, 0x0c, 0xcc, 0xcc, 0xcc, 2, 0, 0, 0, 0, 1, 0, 12, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0];
        cdp.extend_from_slice(&[2, 180, 0, 0]);
        let mut other = cdp.clone();
        other[11] = 2;
        check(&[(0, cdp.clone()), (0, cdp.clone()), (1, other), (1000, cdp)], &[false, true, false, false]);
    }

    #[test]
    fn more_frames_than_fit_forget_the_oldest() {
        let frames: Vec<_> = (0..40_000u32)
            .map(|i| {
                let mut bytes = udp(1, 64, &[]);
                bytes[38..42].copy_from_slice(&i.to_be_bytes());
                (0, bytes)
            })
            .collect();
        check(&frames, &vec![false; frames.len()]);
    }
}
