//! What a capture can suffer: applied to the frames of any story after they are made.

use super::Frame;
use crate::time::Span;

/// A defect of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Every frame is there twice, 30 µs apart, as from a SPAN of two ports.
    Duplicates,
    /// Only what the phone sent was captured, and what goes to everyone.
    OneWay,
    /// Every n-th TCP segment or UDP datagram of more than 1000 bytes is missing, though it was received.
    Drops(u32),
    /// The capture ends after n frames.
    CutAfter(usize),
    /// The capture begins after so many seconds.
    From(u32),
    /// Neighbouring long TCP segments change places.
    Shuffle,
    /// From the n-th frame on the clock is behind by so many milliseconds; the step is put where it shows.
    ClockBack(usize, i64),
    /// Frames are cut to n bytes.
    Snap(usize),
    /// Only IP is captured, as by the filter `ip`.
    IpOnly,
}

/// Applies one defect.
pub fn apply(noise: Noise, frames: &mut Vec<Frame>) {
    match noise {
        Noise::Duplicates => {
            let again = |frame: &Frame| Frame { time: frame.time + Span::from_nanos(30_000), ..frame.clone() };
            *frames = frames.iter().flat_map(|frame| [frame.clone(), again(frame)]).collect();
            frames.sort_by_key(|frame| frame.time);
        }
        Noise::OneWay => frames.retain(|frame| !to_phone(&frame.bytes)),
        Noise::Drops(nth) => {
            let mut seen = 0;
            frames.retain(|frame| {
                let long = ether_type(&frame.bytes) == Some(0x0800) && frame.bytes.len() > 1000;
                seen += u32::from(long);
                !(long && seen % nth == 0)
            });
        }
        Noise::CutAfter(n) => frames.truncate(n),
        Noise::From(seconds) => {
            if let Some(first) = frames.first().map(|frame| frame.time) {
                let begin = first + Span::from_secs(i64::from(seconds));
                frames.retain(|frame| frame.time >= begin);
            }
        }
        Noise::Shuffle => {
            let mut at = 1;
            while at < frames.len() {
                let long = |n: usize| frames.get(n).is_some_and(|it| it.bytes.len() > 1400);
                if long(at - 1) && long(at) {
                    swap_contents(frames, at);
                    at += 1;
                }
                at += 1;
            }
        }
        Noise::ClockBack(from, millis) => {
            let step = Span::from_millis(millis);
            let shows = frames.windows(2).skip(from).position(|pair| match pair {
                [a, b] => b.time.since(a.time) < step,
                _ => false,
            });
            let from = from + shows.unwrap_or(0) + 1;
            frames.iter_mut().skip(from).for_each(|frame| frame.time = frame.time - step);
        }
        Noise::Snap(length) => frames.iter_mut().for_each(|frame| frame.bytes.truncate(length)),
        Noise::IpOnly => frames.retain(|frame| ether_type(&frame.bytes) == Some(0x0800)),
    }
}

/// Two frames change places; the times stay.
fn swap_contents(frames: &mut [Frame], at: usize) {
    if let Some([a, b]) = frames.get_mut(at - 1..=at) {
        std::mem::swap(&mut a.bytes, &mut b.bytes);
        std::mem::swap(&mut a.wire_len, &mut b.wire_len);
    }
}

/// A unicast frame whose destination is one of the phones of a story: 00:11:22:….
fn to_phone(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x00, 0x11, 0x22])
}

/// The EtherType after at most one tag.
fn ether_type(bytes: &[u8]) -> Option<u16> {
    let at = |n: usize| Some(u16::from_be_bytes([*bytes.get(n)?, *bytes.get(n + 1)?]));
    match at(12)? {
        0x8100 => at(16),
        other => Some(other),
    }
}
