//! The blocks of one TFTP transfer, put in order: late, twice, in windows, and past block 65535.
//!
//! A block that never shows up, though the client went on, was not captured: its bytes are counted, and the
//! content is then unknown.

use std::collections::BTreeMap;

use super::Options;
use crate::proto::fetch::{Body, Fetch};

/// Blocks that wait for an earlier one: more of them mean that it was not captured.
const MAX_EARLY: usize = 512;
/// And so do more bytes.
const MAX_EARLY_BYTES: usize = 1 << 20;

/// A transfer under way.
#[derive(Debug)]
pub(super) struct Run {
    blksize: usize,
    /// Blocks that may be under way at once.
    window: usize,
    /// The block to come, counted from 1 and never wrapped.
    next: u64,
    /// What the server counts after 65535, once it is known.
    wrap: Option<Wrap>,
    /// Blocks that came before their turn.
    early: BTreeMap<u64, Early>,
    early_bytes: usize,
    /// The number of the last block, once it was seen.
    last: Option<u64>,
    body: Body,
}

/// What follows block 65535: RFC 1350 does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrap {
    Zero,
    One,
}

#[derive(Debug)]
struct Early {
    len: usize,
    /// Empty if only the length matters.
    bytes: Vec<u8>,
    frame: u64,
}

/// A block as captured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    /// As sent.
    pub(super) number: u16,
    pub(super) data: &'a [u8],
    /// Bytes that the snap length took.
    pub(super) cut: usize,
    pub(super) frame: u64,
}

impl Run {
    /// A transfer of `fetch` with the options that the server accepted.
    pub(super) fn new(fetch: &Fetch, granted: Options, detail: bool, most: usize) -> Run {
        let number = |value: Option<u64>, or: usize| value.and_then(|n| usize::try_from(n).ok()).unwrap_or(or);
        Run {
            blksize: number(granted.blksize, 512),
            window: number(granted.windowsize, 1),
            next: 1,
            wrap: None,
            early: BTreeMap::new(),
            early_bytes: 0,
            last: None,
            body: Body::of(fetch, detail, most).with_room(granted.tsize),
        }
    }

    /// Takes a block. `false` if the content is now too large to be kept.
    pub(super) fn block(&mut self, block: &Block<'_>) -> bool {
        let Some(number) = self.unwrapped(block.number).filter(|n| *n >= self.next) else { return true };
        let len = block.data.len() + block.cut;
        if len < self.blksize {
            self.last = Some(number);
        }
        if block.cut > 0 {
            self.body.forget();
        }
        if number == self.next {
            let fits = self.take(len, block.data, block.frame);
            return self.take_early() && fits;
        }
        let bytes = if self.body.wants_bytes() { block.data.to_vec() } else { Vec::new() };
        self.early_bytes += bytes.len();
        if let Some(twice) = self.early.insert(number, Early { len, bytes, frame: block.frame }) {
            self.early_bytes -= twice.bytes.len();
        }
        let most = self.window.saturating_mul(2).clamp(8, MAX_EARLY);
        if self.early.len() > most || self.early_bytes > MAX_EARLY_BYTES {
            self.leave_gap();
        }
        true
    }

    /// The client has all blocks up to this one: if it is the last, what is missing was not captured.
    pub(super) fn acknowledged(&mut self, number: u16) {
        if let Some(last) = self.last.filter(|last| self.wire(*last) == number) {
            while self.next <= last && !self.early.is_empty() {
                self.leave_gap();
            }
        }
    }

    /// All blocks up to the last are there, or known to be.
    pub(super) fn is_complete(&self) -> bool {
        self.last.is_some_and(|last| self.next > last)
    }

    /// No block came yet.
    pub(super) fn is_empty(&self) -> bool {
        self.next == 1 && self.early.is_empty()
    }

    /// What came so far, in order.
    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    /// Bytes held in memory.
    pub(super) fn held(&self) -> usize {
        self.body.held() + self.early_bytes
    }

    /// From here on only counts.
    pub(super) fn forget(&mut self) {
        self.body.forget();
        self.early.values_mut().for_each(|early| early.bytes = Vec::new());
        self.early_bytes = 0;
    }

    fn take(&mut self, len: usize, data: &[u8], frame: u64) -> bool {
        self.next += 1;
        self.body.frame(frame);
        if !self.body.wants_bytes() {
            self.body.skip(len as u64);
            return true;
        }
        self.body.push(data)
    }

    fn take_early(&mut self) -> bool {
        let mut fits = true;
        while let Some(early) = self.early.remove(&self.next) {
            self.early_bytes -= early.bytes.len();
            fits &= self.take(early.len, &early.bytes, early.frame);
        }
        fits
    }

    /// Goes on after blocks that are not in the capture.
    fn leave_gap(&mut self) {
        if let Some(first) = self.early.keys().next().copied() {
            self.body.skip((first - self.next).saturating_mul(self.blksize as u64));
            self.forget();
            self.next = first;
            self.take_early();
        }
    }

    /// The true number of a block, from what was sent and what is expected.
    fn unwrapped(&mut self, wire: u16) -> Option<u64> {
        // At the first wrap a server of window 1 shows what it does; with a window, block 0 could come late.
        if self.wrap.is_none() && self.next == 65536 && wire <= 1 {
            self.wrap = Some(if wire == 0 { Wrap::Zero } else { Wrap::One });
        }
        let (modulo, sent, expected) = match self.wrap {
            Some(Wrap::One) => (65535, i64::from(wire) - 1, ((self.next - 1) % 65535) as i64),
            _ => (65536, i64::from(wire), (self.next % 65536) as i64),
        };
        if sent < 0 {
            return None;
        }
        let ahead = (sent - expected).rem_euclid(modulo);
        let ahead = if ahead > modulo / 2 { ahead - modulo } else { ahead };
        self.next.checked_add_signed(ahead)
    }

    /// The number that a block bears on the wire.
    fn wire(&self, number: u64) -> u16 {
        let wire = match self.wrap {
            Some(Wrap::One) => (number - 1) % 65535 + 1,
            _ => number % 65536,
        };
        wire as u16
    }
}
