//! Frames by the hundred: one allocation for their bytes, one for what is known of each.

use crate::source::Frame;
use crate::time::Ts;

/// Frames in the order in which they were taken.
#[derive(Debug, Default)]
pub struct Batch {
    heads: Vec<Head>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    time: Ts,
    interface: u32,
    link: u16,
    wire_len: u32,
    at: u32,
    len: u32,
}

/// A batch is handed on once it holds so many bytes.
const FULL: usize = 256 << 10;

impl Batch {
    /// Adds a frame, without its number.
    pub fn push(&mut self, frame: &Frame<'_>) {
        let Frame { number: _, time, interface, link, bytes, wire_len } = *frame;
        let (at, len) = (self.bytes.len() as u32, bytes.len() as u32);
        self.bytes.extend_from_slice(bytes);
        self.heads.push(Head { time, interface, link, wire_len, at, len });
    }

    /// Frame `index` of the batch, with the number given.
    pub fn frame(&self, index: usize, number: u64) -> Option<Frame<'_>> {
        let Head { time, interface, link, wire_len, at, len } = *self.heads.get(index)?;
        let bytes = self.bytes.get(at as usize..at as usize + len as usize)?;
        Some(Frame { number, time, interface, link, bytes, wire_len })
    }

    /// Every frame, numbered from `first` on.
    pub fn frames(&self, first: u64) -> impl Iterator<Item = Frame<'_>> {
        (0..self.len()).zip(first..).filter_map(|(index, number)| self.frame(index, number))
    }

    /// How many frames.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Whether it is time to hand it on.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// What it weighs in memory, in bytes.
    pub fn weight(&self) -> usize {
        self.bytes.len() + self.heads.len() * size_of::<Head>()
    }

    /// Keeps the first `len` frames.
    pub fn truncate(&mut self, len: usize) {
        self.heads.truncate(len);
        self.bytes.truncate(self.heads.last().map_or(0, |head| head.at as usize + head.len as usize));
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.bytes.clear();
    }

    /// The time of its last frame.
    pub fn last_time(&self) -> Option<Ts> {
        self.heads.last().map(|head| head.time)
    }

    /// The time of a frame.
    pub fn time(&self, index: usize) -> Option<Ts> {
        self.heads.get(index).map(|head| head.time)
    }
}
