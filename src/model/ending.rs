//! How runs end: where they stand, when two phones are found to be one, when there is no more room, and when the capture
//! is over, which may take back what rests on silence.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::engine::{Engine, Sink, Who};
use super::run::Run;
use super::{Model, Models};
use crate::finding::{Flow, Loss, PhoneId, Verdict};
use crate::time::{Span, Ts};

impl Engine {
    /// The capture is over; `last` is the time of its last frame. Deadlines beyond it never fire, but for those that
    /// wait for nothing: a millisecond only lets a state stand before it is judged.
    pub fn finish(&mut self, last: Ts, who: &dyn Who, out: Sink<'_>) -> Vec<Flow> {
        self.tick(last + Span::from_millis(1), who, out);
        let models = Arc::clone(&self.models);
        (0..self.runs.len() as u32).for_each(|slot| self.end(&models, slot));
        let mut flows = std::mem::take(&mut self.flows);
        self.withdraw(&mut flows, who);
        let order = |flow: &Flow| models.list.iter().position(|model| model.id == flow.model);
        flows.sort_by_cached_key(|flow| (flow.phones.first().copied(), order(flow), flow.from_frame, flow.run));
        flows
    }

    /// Of a finding that rests on silence, what came later may show that the capture lost frames just then.
    fn withdraw(&mut self, flows: &mut [Flow], who: &dyn Who) {
        let mut refuted: HashMap<u32, (u32, Option<Loss>), foldhash::fast::FixedState> = HashMap::default();
        for silence in &self.silent {
            let loss = silence.phones.iter().find_map(|phone| who.lost(*phone, silence.from, silence.to, silence.once));
            let known = refuted.entry(silence.serial).or_insert((silence.run, loss));
            // Found several times, it stands if it does once.
            known.1 = known.1.and(loss);
        }
        refuted.retain(|_, (_, loss)| loss.is_some());
        self.withdrawn.extend(refuted.keys());
        self.withdrawn.sort_unstable();
        if refuted.is_empty() {
            return;
        }
        for flow in flows.iter_mut().filter(|flow| flow.verdict == Verdict::Fail) {
            let gone = flow.findings.iter().filter_map(|serial| refuted.get(serial)?.1);
            let (count, loss) = gone.fold((0, None), |(count, _), loss| (count + 1, Some(loss)));
            let Some(loss) = loss else { continue };
            flow.findings.retain(|serial| !refuted.contains_key(serial));
            if self.fails.get(&flow.run).is_none_or(|fails| *fails <= count) {
                flow.verdict = Verdict::Inconclusive;
                flow.reason = format!("silence proves nothing: {loss}");
            }
        }
    }

    /// The numbers of findings that were given, and were taken back since this was asked last: by a later message, or
    /// by the end of the capture.
    pub fn withdrawn(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.withdrawn)
    }

    /// Every run as it stands now, for a screen.
    pub fn flows(&self) -> Vec<Flow> {
        let open = self.runs.iter().flatten().filter_map(|run| run.flow(self.models.list.get(run.model)?));
        self.flows.iter().cloned().chain(open).collect()
    }

    /// Runs that are over.
    pub(super) fn ended(&self) -> &[Flow] {
        &self.flows
    }

    /// Ends a run where it stands.
    pub(super) fn end(&mut self, models: &Models, slot: u32) {
        let Some(run) = self.runs.get_mut(slot as usize).and_then(Option::take) else { return };
        self.free.push(slot);
        self.live = self.live.saturating_sub(1);
        if let Some(runs) = self.runs_of.get_mut(run.model) {
            *runs = runs.saturating_sub(1);
        }
        for key in &run.keys {
            let place = (run.model, self.hash(key));
            if let Some(slots) = self.keyed.get_mut(&place) {
                slots.retain(|known| *known != slot);
                if slots.is_empty() {
                    self.keyed.remove(&place);
                }
            }
        }
        for phone in &run.phones {
            let place = self.phones.get_mut(phone.0 as usize).and_then(|room| room.runs.get_mut(run.model));
            if let Some(place) = place.filter(|place| **place == Some(slot)) {
                *place = None;
            }
        }
        if let Some(flow) = models.list.get(run.model).and_then(|model| run.flow(model)) {
            self.flows.push(flow);
        }
    }

    /// Too many runs are over: a quarter is forgotten, those that passed before the inconclusive ones and the failed
    /// ones last, of each the oldest first.
    pub(super) fn forget_ended(&mut self) {
        if self.flows.len() <= self.limits.ended {
            return;
        }
        self.reached("max-ended");
        let mut order: Vec<_> = self.flows.iter().map(|flow| (flow.verdict, flow.to, flow.run)).collect();
        let (_, last, _) = order.select_nth_unstable(self.flows.len() / 4);
        let last = *last;
        self.flows.retain(|flow| (flow.verdict, flow.to, flow.run) > last);
        // What was noted of those runs is of no use any more.
        let ended = self.flows.iter().map(|flow| flow.run);
        let known: HashSet<u32> = self.runs.iter().flatten().map(|run| run.number).chain(ended).collect();
        self.fails.retain(|run, _| known.contains(run));
        self.silent.retain(|silence| known.contains(&silence.run));
    }

    /// Makes room, among the runs of one model or of all: those that are over go first, of which nothing is lost but
    /// how an echo would be told; then those that moved longest ago.
    pub(super) fn end_oldest(&mut self, models: &Models, model: Option<usize>) {
        let over = |run: &Run| {
            let ends = |model: &Model| model.states.get(run.state).is_some_and(|state| state.ends);
            run.due.is_none() && models.list.get(run.model).is_some_and(ends)
        };
        let runs = self.runs.iter().enumerate().filter_map(|(slot, run)| Some((slot, run.as_deref()?)));
        let meant = runs.filter(|(_, run)| model.is_none_or(|model| run.model == model));
        let mut moved: Vec<_> = meant.map(|(slot, run)| (!over(run), run.moved, slot)).collect();
        // A sixteenth at once: each search looks at all of them.
        let most = (moved.len() / 16).max(1);
        if moved.len() > most {
            moved.select_nth_unstable(most);
        }
        moved.truncate(most);
        if moved.iter().any(|(open, ..)| *open) {
            self.reached("max-runs");
        }
        moved.into_iter().for_each(|(.., slot)| self.end(models, slot as u32));
    }

    /// Two phones were found to be one: `from` becomes `into`. Findings that were given before still name `from`:
    /// whoever keeps them asks the phone room who that is now. Of two runs of a model the one that moved last goes
    /// on, and the other ends where it is.
    pub fn merge(&mut self, from: PhoneId, into: PhoneId) {
        if from == into || !self.room(from) || !self.room(into) {
            return;
        }
        let models = Arc::clone(&self.models);
        let Some(old) = self.phones.get_mut(from.0 as usize).map(std::mem::take) else { return };
        for run in self.runs.iter_mut().flatten() {
            rename(&mut run.phones, from, into);
            let known = run.children.iter().any(|child| child.phone == into);
            run.children.retain(|child| !(known && child.phone == from));
            run.children.iter_mut().filter(|child| child.phone == from).for_each(|child| child.phone = into);
            for finding in &mut run.found {
                rename(&mut finding.phones, from, into);
                finding.phone = finding.phone.map(|phone| if phone == from { into } else { phone });
            }
        }
        self.flows.iter_mut().for_each(|flow| rename(&mut flow.phones, from, into));
        for (model, theirs) in old.runs.into_iter().enumerate() {
            let Some(theirs) = theirs else { continue };
            let ours = self.phones.get(into.0 as usize).and_then(|room| *room.runs.get(model)?);
            let moved = |slot: u32| self.runs.get(slot as usize).and_then(|run| run.as_ref()).map(|run| run.moved);
            let (keep, drop) = match ours {
                Some(ours) if moved(ours) >= moved(theirs) => (ours, Some(theirs)),
                ours => (theirs, ours),
            };
            if let Some(drop) = drop {
                self.end(&models, drop);
            }
            if let Some(slot) = self.phones.get_mut(into.0 as usize).and_then(|room| room.runs.get_mut(model)) {
                *slot = Some(keep);
            }
        }
        if let Some(room) = self.phones.get_mut(into.0 as usize) {
            for (at, theirs) in old.facts.into_set() {
                if let Some(ours) = room.fact_mut(&models, at).filter(|ours| !ours.known) {
                    *ours = theirs;
                }
            }
        }
    }
}

fn rename(phones: &mut Vec<PhoneId>, from: PhoneId, into: PhoneId) {
    if phones.contains(&into) {
        phones.retain(|phone| *phone != from);
    }
    phones.iter_mut().filter(|phone| **phone == from).for_each(|phone| *phone = into);
}
