//! How much the capture as a whole loses: whoever drops the frames of one phone drops those of the others.
//!
//! Not every frame that is lost leaves a trace, and seldom one of the phone that is asked about. But where the traces of
//! all phones together are many among so many messages, one single message that did not come proves nothing of any.

use crate::time::{Span, Ts};

/// So many times are kept; beyond, every second one.
const MARKS: usize = 256;
/// Messages between two of them, at first.
const STEP: u64 = 16;
/// One trace of a loss among so many messages, or more often: frames are lost now and then.
const OFTEN: u64 = 1000;

/// Traces of losses among the messages of a capture, over time.
#[derive(Debug, Clone)]
pub(super) struct Losses {
    now: Mark,
    marks: Vec<Mark>,
    step: u64,
    /// The frame that told of the last trace.
    frame: u64,
}

/// What there was until then.
#[derive(Debug, Clone, Copy)]
struct Mark {
    time: Ts,
    messages: u64,
    traces: u64,
}

impl Default for Losses {
    fn default() -> Losses {
        Losses { now: Mark { time: Ts::ZERO, messages: 0, traces: 0 }, marks: Vec::new(), step: STEP, frame: 0 }
    }
}

impl Losses {
    /// A message.
    pub(super) fn message(&mut self, time: Ts) {
        self.now.messages += 1;
        self.now.time = time;
        if self.now.messages.is_multiple_of(self.step) {
            self.marks.push(self.now);
            if self.marks.len() > MARKS {
                let mut nth = 0;
                self.marks.retain(|_| {
                    nth += 1;
                    nth % 2 == 0
                });
                self.step *= 2;
            }
        }
    }

    /// A trace of frames that are not in the capture.
    pub(super) fn trace(&mut self, frame: u64) {
        self.now.traces += 1;
        self.frame = frame;
    }

    /// The frame that told of the last trace.
    pub(super) fn last(&self) -> u64 {
        self.frame
    }

    /// Whether frames are lost now and then, so far around.
    pub(super) fn often(&self, from: Ts, to: Ts, around: Span) -> bool {
        if self.now.traces == 0 {
            return false;
        }
        let (from, to) = (from - around, to + around);
        let before =
            self.marks.partition_point(|mark| mark.time < from).checked_sub(1).and_then(|at| self.marks.get(at));
        let after = self.marks.get(self.marks.partition_point(|mark| mark.time <= to)).unwrap_or(&self.now);
        let (messages, traces) = before.map_or((0, 0), |mark| (mark.messages, mark.traces));
        let (messages, traces) = (after.messages - messages, after.traces - traces);
        traces > 0 && traces * OFTEN >= messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Ts {
        Ts::ZERO + Span::from_secs(seconds as i64)
    }

    #[test]
    fn one_trace_tells_of_its_neighbourhood() {
        let mut losses = Losses::default();
        for second in 0..20_000 {
            losses.message(at(second));
            if second == 10_000 {
                losses.trace(1);
            }
        }
        assert!(losses.often(at(10_000), at(10_001), Span::from_secs(200)));
        assert!(!losses.often(at(10_000), at(10_001), Span::from_secs(10_000)));
        assert!(!losses.often(at(10), at(20), Span::from_secs(900)));
        assert!(!losses.often(at(19_990), at(20_000), Span::from_secs(900)));
        assert!(losses.marks.len() <= MARKS);
    }

    #[test]
    fn none_is_none() {
        let mut losses = Losses::default();
        assert!(!losses.often(at(0), at(9), Span::from_secs(900)));
        losses.message(at(3));
        losses.trace(1);
        assert!(losses.often(at(0), at(9), Span::from_secs(900)));
    }
}
