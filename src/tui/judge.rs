//! The core behind the screen: frames in; who is who, flows and findings out, so far or at the end.

use std::sync::Arc;

use super::seen::Seen;
use crate::decode::{self, Layer};
use crate::event::Schema;
use crate::finding::{Finding, Flow, PhoneId};
use crate::model::{Models, Standing};
use crate::phone::Phones;
use crate::pipeline::{Look, Options, Outcome, Pipeline, Summary};
use crate::source::{Frame, Notes};
use crate::time::Ts;

/// What a judge is made of; kept, since a replay may begin anew.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Everything that may be named.
    pub schema: Arc<Schema>,
    /// The models.
    pub models: Arc<Models>,
    /// Bounds.
    pub options: Options,
    /// How much is kept of what was seen, in bytes.
    pub keep: usize,
}

/// Judges while frames come, and keeps what came of it.
pub struct Judge {
    parts: Parts,
    state: State,
    /// Bumped whenever something may look different.
    pub changes: u64,
    second: i64,
}

enum State {
    Running(Box<Pipeline<Seen>>),
    Over(Box<(Outcome, Seen)>),
}

impl Judge {
    /// Nothing seen yet.
    pub fn new(parts: Parts) -> Judge {
        let seen = Seen::new(parts.keep);
        let pipeline = Pipeline::new(&parts.schema, Arc::clone(&parts.models), &parts.options, seen);
        Judge { parts, state: State::Running(Box::new(pipeline)), changes: 0, second: 0 }
    }

    /// As it was at the beginning.
    pub fn anew(&mut self) {
        let changes = self.changes;
        *self = Judge::new(self.parts.clone());
        self.changes = changes + 1;
    }

    /// The next frame. After the end nothing is judged any more.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.changes += 1;
        let State::Running(pipeline) = &mut self.state else { return };
        let seen = pipeline.watch();
        seen.take(frame);
        if seen.media.runs() {
            let packet = decode::packet(frame);
            if let Layer::Udp { payload } = packet.layer {
                seen.media.packet(&packet.origin, payload);
            }
        }
        pipeline.frame(frame);
    }

    /// Time has come to `now` without a frame.
    pub fn tick(&mut self, now: Ts) {
        if let State::Running(pipeline) = &mut self.state {
            let before = pipeline.watching().changes;
            pipeline.tick(now);
            // Without anything new, what is waited for grows older by the second.
            let second = now.nanos().div_euclid(1_000_000_000);
            if second != self.second || pipeline.watching().changes != before {
                self.second = second;
                self.changes += 1;
            }
        }
    }

    /// The capture has ended.
    pub fn finish(&mut self, notes: &Notes) {
        self.changes += 1;
        if matches!(self.state, State::Over(_)) {
            return;
        }
        let none = Pipeline::new(&self.parts.schema, Arc::clone(&self.parts.models), &self.parts.options, Seen::new(0));
        if let State::Running(pipeline) = std::mem::replace(&mut self.state, State::Running(Box::new(none))) {
            self.state = State::Over(Box::new(pipeline.finish(notes)));
        }
    }

    /// Whether the capture has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(_))
    }

    /// What was seen.
    pub fn seen(&self) -> &Seen {
        match &self.state {
            State::Running(pipeline) => pipeline.watching(),
            State::Over(over) => &over.1,
        }
    }

    /// Who is who.
    pub fn phones(&self) -> &Phones {
        match &self.state {
            State::Running(pipeline) => pipeline.phones(),
            State::Over(over) => &over.0.phones,
        }
    }

    /// Findings, in the order in which they were found; at the end in that of their times.
    pub fn findings(&self) -> &[Finding] {
        match &self.state {
            State::Running(pipeline) => pipeline.findings(),
            State::Over(over) => &over.0.findings,
        }
    }

    /// How every run stands.
    pub fn standings(&self, see: &mut dyn FnMut(&Standing<'_>)) {
        match &self.state {
            State::Running(pipeline) => pipeline.standings(see),
            State::Over(over) => over.0.flows.iter().for_each(|flow| see(&Standing::of(flow))),
        }
    }

    /// The flows of one phone.
    pub fn flows_of(&self, phone: PhoneId) -> Vec<Flow> {
        match &self.state {
            State::Running(pipeline) => pipeline.flows_of(phone),
            State::Over(over) => over.0.flows.iter().filter(|flow| flow.phones.contains(&phone)).cloned().collect(),
        }
    }

    /// The capture.
    pub fn summary(&self) -> Summary {
        match &self.state {
            State::Running(pipeline) => pipeline.summary(),
            State::Over(over) => over.0.summary.clone(),
        }
    }

    /// All that is known, for a report.
    pub fn look(&self) -> Look<'_> {
        match &self.state {
            State::Running(pipeline) => pipeline.look(),
            State::Over(over) => over.0.look(),
        }
    }

    /// The models.
    pub fn models(&self) -> &Models {
        &self.parts.models
    }

    /// Everything that may be named.
    pub fn schema(&self) -> &Schema {
        &self.parts.schema
    }
}
