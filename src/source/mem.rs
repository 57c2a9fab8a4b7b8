//! Frames from memory, for tests and for captures that are made rather than read.

use super::{Frame, Notes, Source, SourceError};
use crate::time::Ts;

/// A frame that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameBuf {
    /// Capture time.
    pub time: Ts,
    /// Interface of the capture.
    pub interface: u32,
    /// The link type.
    pub link: u16,
    /// What was captured.
    pub bytes: Vec<u8>,
    /// How long the frame was on the wire.
    pub wire_len: u32,
}

impl FrameBuf {
    /// A whole Ethernet frame.
    pub fn ethernet(time: Ts, bytes: impl Into<Vec<u8>>) -> FrameBuf {
        let bytes = bytes.into();
        FrameBuf { time, interface: 0, link: 1, wire_len: bytes.len() as u32, bytes }
    }

    /// The frame, borrowed, with a number.
    pub fn frame(&self, number: u64) -> Frame<'_> {
        let FrameBuf { time, interface, link, ref bytes, wire_len } = *self;
        Frame { number, time, interface, link, bytes, wire_len }
    }

    /// Takes over a frame, reusing the memory.
    pub fn copy_from(&mut self, frame: &Frame<'_>) {
        let Frame { number: _, time, interface, link, bytes, wire_len } = *frame;
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        (self.time, self.interface, self.link, self.wire_len) = (time, interface, link, wire_len);
    }
}

/// Hands out frames from memory, in the order given.
#[derive(Debug, Default)]
pub struct Memory {
    frames: Vec<FrameBuf>,
    next: usize,
    notes: Notes,
}

impl Memory {
    /// From frames.
    pub fn new(frames: impl IntoIterator<Item = FrameBuf>) -> Memory {
        Memory { frames: frames.into_iter().collect(), next: 0, notes: Notes::default() }
    }

    /// With something to be said of the capture.
    pub fn with_notes(mut self, notes: Notes) -> Memory {
        self.notes = notes;
        self
    }
}

impl Source for Memory {
    fn next(&mut self) -> Result<Option<Frame<'_>>, SourceError> {
        let frame = self.frames.get(self.next);
        self.next += usize::from(frame.is_some());
        Ok(frame.map(|frame| frame.frame(self.next as u64)))
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}
