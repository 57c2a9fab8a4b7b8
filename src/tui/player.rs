//! Plays a capture: as fast as it goes, at a pace, by steps, on to the next finding and back to the one before.
//!
//! The time of day is told from outside, as a length since some beginning.

use std::time::Duration;

use super::judge::Judge;
use crate::live::pace::Speed;
use crate::source::mem::FrameBuf;
use crate::source::{Notes, Source, SourceError};
use crate::time::Ts;

/// Opens the capture, again and again.
pub type Open = Box<dyn Fn() -> Result<Box<dyn Source>, SourceError>>;

/// Until when to go as fast as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rush {
    /// One frame.
    Frames(u64),
    /// Until so many findings are known.
    Findings(usize),
}

/// Plays a capture.
pub struct Player {
    open: Open,
    source: Box<dyn Source>,
    waiting: Option<(u64, FrameBuf)>,
    /// How fast.
    pub speed: Speed,
    /// Nothing goes on by itself.
    pub paused: bool,
    /// Everything was played.
    pub ended: bool,
    /// When, outside, which recorded time was.
    anchor: Option<(Duration, Ts)>,
    rush: Option<Rush>,
    /// The last frame played.
    pub at: u64,
}

impl Player {
    /// Opens the capture.
    pub fn new(open: Open, speed: Speed) -> Result<Player, SourceError> {
        let source = open()?;
        Ok(Player { open, source, waiting: None, speed, paused: false, ended: false, anchor: None, rush: None, at: 0 })
    }

    /// Plays what is due at `now`, as long as `go_on` says so. Gives when the next frame is due.
    pub fn play(
        &mut self,
        judge: &mut Judge,
        now: Duration,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Duration>, SourceError> {
        while !self.ended {
            if self.paused && self.rush.is_none() {
                self.anchor = None;
                return Ok(None);
            }
            if self.waiting.is_none() {
                match self.source.next()? {
                    Some(frame) => {
                        let mut kept =
                            FrameBuf { time: Ts::ZERO, interface: 0, link: 0, bytes: Vec::new(), wire_len: 0 };
                        kept.copy_from(&frame);
                        self.waiting = Some((frame.number, kept));
                    }
                    None => {
                        self.ended = true;
                        self.rush = None;
                        let notes: Notes = self.source.notes().clone();
                        judge.finish(&notes);
                        break;
                    }
                }
            }
            let Some((_, frame)) = &self.waiting else { break };
            let time = frame.time;
            if self.rush.is_none() && self.speed != Speed::Full {
                let (began, first) = *self.anchor.get_or_insert((now, time));
                let due = began + self.speed.due(first, time);
                if due > now {
                    // Deadlines pass while nothing comes.
                    if let Speed::Times(times) = self.speed {
                        let passed = (now - began).as_secs_f64() * times;
                        judge.tick((first + crate::time::Span::from_secs_f64(passed)).min(time));
                    }
                    return Ok(Some(due - now));
                }
            }
            if let Some((number, frame)) = self.waiting.take() {
                self.at = number;
                judge.frame(&frame.frame(number));
            }
            let arrived = match self.rush {
                None => false,
                Some(Rush::Frames(until)) => self.at >= until,
                Some(Rush::Findings(count)) => judge.seen().found_at.len() >= count,
            };
            if arrived {
                self.rush = None;
                self.paused = true;
            }
            if !go_on() {
                return Ok(Some(Duration::ZERO));
            }
        }
        Ok(None)
    }

    /// Stops, or goes on from here.
    pub fn pause(&mut self) {
        self.paused = !self.paused;
        self.anchor = None;
        self.rush = None;
    }

    /// One frame.
    pub fn step(&mut self) {
        self.paused = true;
        self.rush = Some(Rush::Frames(self.at + 1));
    }

    /// Another speed, from here on.
    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.anchor = None;
    }

    /// Twice as fast, or half.
    pub fn change_speed(&mut self, faster: bool) {
        let times = match (self.speed, faster) {
            (Speed::Full, true) => return,
            (Speed::Full, false) => 64.0,
            (Speed::Times(times), true) if times >= 64.0 => return self.set_speed(Speed::Full),
            (Speed::Times(times), true) => times * 2.0,
            (Speed::Times(times), false) => (times / 2.0).max(1.0 / 16.0),
        };
        self.set_speed(Speed::Times(times));
    }

    /// On until something is found.
    pub fn to_next_finding(&mut self, judge: &Judge) {
        self.rush = Some(Rush::Findings(judge.seen().found_at.len() + 1));
    }

    /// Back to the finding before the last one: from the beginning up to where it was known.
    pub fn to_finding_before(&mut self, judge: &mut Judge) -> Result<(), SourceError> {
        let here = self.at;
        let known = &judge.seen().found_at;
        let at_end = self.ended;
        let before = known.iter().rev().find(|frame| at_end || **frame < here).copied();
        self.from_the_beginning(judge)?;
        self.paused = true;
        self.rush = before.filter(|frame| *frame > 0).map(Rush::Frames);
        Ok(())
    }

    /// From the beginning.
    pub fn from_the_beginning(&mut self, judge: &mut Judge) -> Result<(), SourceError> {
        self.source = (self.open)()?;
        judge.anew();
        (self.waiting, self.anchor, self.rush) = (None, None, None);
        (self.ended, self.at) = (false, 0);
        Ok(())
    }
}
