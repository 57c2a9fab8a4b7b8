//! One run of one model: where it stands, what it keeps, and what it has found.

use std::collections::VecDeque;
use std::sync::Arc;

use super::engine::Concerned;
use super::kept::{Kept, LONGEST_LIST, Sparse};
use super::{Model, Var};
use crate::event::Value;
use crate::finding::{Finding, Flow, PhoneId, Severity, Step, Verdict, keep_ends};
use crate::time::{Span, Ts};

/// As many are kept: times of an event, frames of a finding, states of a path.
pub(super) const KEPT: usize = 64;

/// When an event of one kind happened in a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    pub total: u64,
    times: VecDeque<Ts>,
}

/// What a run keeps of one of its phones.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub phone: PhoneId,
    pub kept: Sparse,
    /// The frames that moved the run and concerned it.
    pub frames: Vec<u64>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub number: u32,
    pub model: usize,
    pub phones: Vec<PhoneId>,
    pub keys: Vec<Value<'static>>,
    pub state: usize,
    pub entered: Ts,
    pub due: Option<Ts>,
    /// Deadlines that have passed since the last message moved it.
    pub waits: u32,
    pub kept: Sparse,
    pub children: Vec<Child>,
    /// As far as any has happened.
    pub tracks: Vec<Track>,
    pub joined: bool,
    /// The frames that moved it since it entered its state.
    pub evidence: Vec<u64>,
    /// The frames that moved it since it began.
    pub moves: Vec<u64>,
    /// The states it entered.
    pub path: Vec<(usize, u64, Ts)>,
    pub found: Vec<Finding>,
    /// Why its verdict cannot be `pass`.
    pub doubt: Option<String>,
    pub seen: u64,
    pub began: (u64, Ts),
    pub moved: (u64, Ts),
}

/// Frames are cited in their order, each once; of too many the first and the latest.
fn cite(list: &mut Vec<u64>, frames: &[u64]) {
    for frame in frames {
        if list.last().is_none_or(|last| last < frame) {
            keep_ends(list, *frame, KEPT);
        } else if !list.contains(frame) && list.len() < KEPT {
            list.push(*frame);
            list.sort_unstable();
        }
    }
}

impl Track {
    fn note(&mut self, now: Ts) {
        self.total += 1;
        if self.times.len() >= KEPT {
            self.times.pop_front();
        }
        self.times.push_back(now);
    }

    /// How many happened at most `window` ago.
    pub fn within(&self, now: Ts, window: Span) -> u64 {
        self.times.iter().rev().take_while(|then| now.since(**then) <= window).count() as u64
    }

    pub fn last(&self) -> Option<Ts> {
        self.times.back().copied()
    }
}

impl Run {
    /// What every run of a model begins as.
    pub fn fresh(model: usize, start: usize) -> Run {
        Run { model, state: start, ..Run::default() }
    }

    /// A variable: as it was set, else as every run begins.
    pub fn kept<'a>(&'a self, keep: &'a [Var], at: usize) -> Option<&'a Kept> {
        self.kept.get(at).or_else(|| keep.get(at).map(|var| &var.initial))
    }

    /// A variable is to hold this value alone.
    pub fn put(&mut self, keep: &[Var], at: usize, value: &Value<'static>) {
        if self.kept(keep, at).is_none_or(|kept| !kept.known || *kept.values != *std::slice::from_ref(value))
            && let Some(kept) = self.kept.get_mut(at, keep.get(at).map(|var| &var.initial))
        {
            kept.put_one(value);
        }
    }

    /// An event that is counted has happened.
    pub fn note(&mut self, track: usize, now: Ts) {
        if self.tracks.len() <= track {
            self.tracks.resize_with(track + 1, Track::default);
        }
        if let Some(track) = self.tracks.get_mut(track) {
            track.note(now);
        }
    }

    /// It enters a state.
    pub fn enter(&mut self, state: usize, frame: u64, now: Ts) {
        self.state = state;
        self.entered = now;
        self.seen |= 1u64.checked_shl(state as u32).unwrap_or(0);
        keep_ends(&mut self.path, (state, frame, now), KEPT);
    }

    pub fn has_seen(&self, state: usize) -> bool {
        self.seen & 1u64.checked_shl(state as u32).unwrap_or(0) != 0
    }

    /// It is over and will not be moved again: what only its rows would ask is let go.
    pub fn rest(&mut self) {
        (self.kept, self.children, self.tracks) = (Sparse::default(), Vec::new(), Vec::new());
        (self.evidence, self.moves) = (Vec::new(), Vec::new());
        self.path.shrink_to_fit();
        self.found.shrink_to_fit();
    }

    /// Frames that moved it.
    pub fn cite(&mut self, frames: &[u64]) {
        cite(&mut self.evidence, frames);
        cite(&mut self.moves, frames);
    }

    /// Frames that moved it, of these phones.
    pub fn cite_of(&mut self, concerned: &[Concerned], frames: &[u64]) {
        for child in self.children.iter_mut().filter(|child| concerned.iter().any(|one| one.phone == child.phone)) {
            cite(&mut child.frames, frames);
        }
    }

    /// Of the frames that a finding about one of its phones rests on, its own, and those of nobody.
    pub fn own(&self, child: usize, mut frames: Vec<u64>) -> Vec<u64> {
        let Some(own) = self.children.get(child).map(|child| &child.frames) else { return frames };
        frames.retain(|frame| !self.children.iter().any(|other| other.frames.contains(frame)));
        cite(&mut frames, own);
        frames
    }

    /// What is found later does not rest on what moved it so far.
    pub fn forget(&mut self) {
        (self.evidence, self.moves) = (Vec::new(), Vec::new());
    }

    /// The frames that moved it since it left the last state of `accept`; all of them if it was in none.
    pub fn way(&self, model: &Model) -> Vec<u64> {
        let accepts = |state: usize| model.states.get(state).is_some_and(|state| state.accept);
        let left = self.path.iter().rev().take_while(|(state, ..)| !accepts(*state)).last();
        let from = left.map_or(0, |(_, frame, _)| *frame);
        self.moves.iter().copied().filter(|frame| *frame >= from).collect()
    }

    /// A phone that it concerns from now on.
    pub fn concern(&mut self, phone: PhoneId, each: &[Var]) {
        if self.phones.contains(&phone) || self.phones.len() >= 4 * LONGEST_LIST {
            return;
        }
        self.phones.push(phone);
        if !each.is_empty() {
            self.children.push(Child { phone, kept: Sparse::default(), frames: Vec::new() });
        }
    }

    pub fn verdict(&self, model: &Model) -> Verdict {
        if self.found.iter().any(|finding| finding.severity == Severity::Fail) {
            return Verdict::Fail;
        }
        self.otherwise(model)
    }

    /// The verdict without what was found.
    fn otherwise(&self, model: &Model) -> Verdict {
        let accepted = model.states.get(self.state).is_some_and(|state| state.accept);
        if accepted && self.doubt.is_none() { Verdict::Pass } else { Verdict::Inconclusive }
    }

    /// As a flow; `None` if it never left its start, and nothing is to be said of that.
    pub fn flow(&self, model: &Model) -> Option<Flow> {
        let idle = self.path.iter().all(|(state, ..)| *state == model.start) && self.found.is_empty();
        let accepted = model.states.get(self.state).is_some_and(|state| state.accept);
        if !model.subject.is_flow() || (idle && !accepted) {
            return None;
        }
        let name = |state: usize| model.states.get(state).map_or_else(|| Arc::from(""), |state| state.name.clone());
        let label = model.states.get(self.state).map_or_else(|| Arc::from(""), |state| state.label.clone());
        let verdict = self.verdict(model);
        let reason = match (&self.doubt, verdict) {
            (_, Verdict::Pass | Verdict::Fail) => String::new(),
            (Some(doubt), _) => doubt.clone(),
            (None, _) => format!("{label} when the capture ended"),
        };
        // A message whose frame came first may be complete last, when the capture ends.
        let (first, last) = (self.began.min(self.moved), self.began.max(self.moved));
        Some(Flow {
            run: self.number,
            model: model.id.clone(),
            phones: self.phones.clone(),
            key: self.keys.first().map(ToString::to_string),
            verdict,
            otherwise: self.otherwise(model),
            state: name(self.state),
            label,
            from_frame: first.0,
            to_frame: last.0,
            from: first.1.min(last.1),
            to: first.1.max(last.1),
            findings: self.found.iter().map(|finding| finding.serial).collect(),
            joined: self.joined,
            reason,
            path: self
                .path
                .iter()
                .map(|(state, frame, time)| Step { state: name(*state), frame: *frame, time: *time })
                .collect(),
        })
    }
}
