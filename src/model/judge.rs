//! How a run is moved: by an event that fits a row of its state, or by a deadline that passes.

use std::cmp::Reverse;
use std::sync::Arc;

use super::act::doubtful;
use super::engine::{Concerned, Due, Engine, Hand, MOST_SUBJECTS, Sink, Stand, Who};
use super::run::{KEPT, Run};
use super::{Model, Models};
use crate::expr::{Expr, Told, Truth};
use crate::time::Span;

/// Deadlines of a run that may pass without a message between them: then it waits no more.
const WAITS: u32 = 256;

impl Engine {
    /// Judges the event at hand by the run in `slot`, or by a new one. Returns the slot of the run, if there is one.
    pub(super) fn judge(
        &mut self,
        models: &Models,
        number: usize,
        slot: Option<u32>,
        hand: Hand<'_>,
        concerned: &[Concerned],
        out: Sink<'_>,
    ) -> Option<u32> {
        let model = models.list.get(number)?;
        let mut run = match slot.and_then(|slot| self.runs.get_mut(slot as usize)?.take()) {
            Some(run) => run,
            None => return self.begin(models, model, slot, hand, concerned, out),
        };
        let slot = slot?;
        if model.keyed && model.states.get(run.state).is_some_and(|state| state.ends) {
            // Over: the key may begin anew, and otherwise this is an echo of what was.
            self.put_back(slot, run);
            return self.begin(models, model, Some(slot), hand, concerned, out).or(Some(slot));
        }
        if let Some(track) = model.tracks.get(hand.local).copied().flatten() {
            run.note(usize::from(track), hand.now);
        }
        let (row, doubt) = self.fitting(models, model, &run, run.state, &hand);
        match row {
            Some(row) => {
                concerned.iter().for_each(|one| run.concern(one.phone, &model.each));
                self.take_row(models, model, &mut run, slot, row, &hand, concerned, out);
            }
            None => {
                if let Some(doubt) = doubt {
                    run.doubt.get_or_insert(doubt);
                }
            }
        }
        self.until(models, model, &mut run, &hand);
        self.put_back(slot, run);
        Some(slot)
    }

    /// A run is back in its slot.
    fn put_back(&mut self, slot: u32, run: Box<Run>) {
        let slot = slot as usize;
        if let (Some(place), Some(stand)) = (self.runs.get_mut(slot), self.stands.get_mut(slot)) {
            *stand = Stand { state: run.state as u16, waits: run.due.is_some() };
            *place = Some(run);
        }
    }

    /// The first row of `state` that fits; else why it cannot be told whether one does that raises a `fail`.
    fn fitting(
        &self,
        models: &Models,
        model: &Model,
        run: &Run,
        state: usize,
        hand: &Hand<'_>,
    ) -> (Option<usize>, Option<String>) {
        let mut doubt = None;
        for (row, parts) in model.rows_at.open(state, hand.local, hand.told) {
            if parts == u64::MAX {
                return (Some(row), None);
            }
            let Some(this) = model.rows.get(row) else { continue };
            let Some(guard) = &this.guard else { return (Some(row), None) };
            match guard.truth_but(parts, &self.view(models, model, run, hand)) {
                Truth::True => return (Some(row), None),
                Truth::Unknown => doubt = doubt.or_else(|| doubtful(model, &this.actions)),
                Truth::False => {}
            }
        }
        (None, doubt)
    }

    /// An event ends the wait for another.
    fn until(&self, models: &Models, model: &Model, run: &mut Run, hand: &Hand<'_>) {
        let Some(state) = model.states.get(run.state).filter(|_| run.due.is_some()) else { return };
        let ends =
            state.until.iter().filter(|until| until.events.contains(&hand.local)).any(|until| match &until.guard {
                Some(guard) => guard.truth(&self.view(models, model, run, hand)) == Truth::True,
                None => true,
            });
        if ends {
            run.due = None;
        }
    }

    /// Whether the event at hand begins a run, whose it may be.
    pub(super) fn begins(&self, models: &Models, model: &Model, hand: &Hand<'_>) -> bool {
        self.beginning(models, model, false, hand).is_some()
    }

    /// The state and the row with which a run begins; one that has been over before does not begin in the middle.
    fn beginning(&self, models: &Models, model: &Model, over: bool, hand: &Hand<'_>) -> Option<(usize, usize)> {
        if over {
            return Some((model.start, self.fitting(models, model, &model.fresh, model.start, hand).0?));
        }
        let (row, _) = model.rows_at.begin(hand.local, hand.told).find(|(row, parts)| {
            let guard = model.rows.get(*row).and_then(|row| row.guard.as_ref());
            let truth = |guard: &Expr| guard.truth_but(*parts, &self.view(models, model, &model.fresh, hand));
            *parts == u64::MAX || guard.is_some_and(|guard| truth(guard) == Truth::True)
        })?;
        let from = &model.rows.get(row)?.from;
        let state = std::iter::once(&model.start).chain(&model.joins).find(|state| from.contains(state))?;
        Some((*state, row))
    }

    /// Begins a run, if a row from the start fits, or one from a state that may be joined. `over` is a run with the
    /// same key that has ended.
    fn begin(
        &mut self,
        models: &Models,
        model: &Model,
        over: Option<u32>,
        hand: Hand<'_>,
        concerned: &[Concerned],
        out: Sink<'_>,
    ) -> Option<u32> {
        let (state, row) = self.beginning(models, model, over.is_some(), &hand)?;
        // Calls and pages never crowd out what a phone does of itself.
        let kind = self.runs_of.get(model.fresh.model).copied().unwrap_or_default();
        if model.keyed && kind >= (self.limits.runs / 4).max(MOST_SUBJECTS) {
            self.end_oldest(models, Some(model.fresh.model));
        } else if self.live >= self.limits.runs {
            self.end_oldest(models, None);
        }
        if let Some(over) = over {
            self.end(models, over);
        }
        self.numbers += 1;
        self.live += 1;
        if let Some(runs) = self.runs_of.get_mut(model.fresh.model) {
            *runs += 1;
        }
        let mut run =
            Box::new(Run { number: self.numbers, state, joined: state != model.start, ..model.fresh.clone() });
        run.began =
            (hand.event.map_or(0, |event| event.frames.first().copied().unwrap_or(event.origin.frame)), hand.now);
        run.moved = run.began;
        if let Some(track) = model.tracks.get(hand.local).copied().flatten() {
            run.note(usize::from(track), hand.now);
        }
        concerned.iter().for_each(|one| run.concern(one.phone, &model.each));
        let slot = self.free.pop().unwrap_or_else(|| {
            self.runs.push(None);
            self.stands.push(Stand::default());
            self.runs.len() as u32 - 1
        });
        let stays = model.rows.get(row).is_some_and(|row| row.to.is_none_or(|to| to == state));
        if stays {
            run.enter(state, hand.event.map_or(0, |event| event.origin.frame), hand.now);
            // Of a state that it is in since before the capture nobody knows when its deadline began.
            if !run.joined {
                self.arm(models, model, &mut run, slot, &hand);
            }
        }
        self.take_row(models, model, &mut run, slot, row, &hand, concerned, out);
        self.until(models, model, &mut run, &hand);
        self.put_back(slot, run);
        Some(slot)
    }

    #[expect(clippy::too_many_arguments, reason = "the run, its row, and the event at hand")]
    fn take_row(
        &mut self,
        models: &Models,
        model: &Model,
        run: &mut Run,
        slot: u32,
        row: usize,
        hand: &Hand<'_>,
        concerned: &[Concerned],
        out: Sink<'_>,
    ) {
        let Some(row) = model.rows.get(row) else { return };
        let frames = hand.event.map(|event| event.frames).unwrap_or_default();
        run.cite(frames);
        run.cite_of(concerned, frames);
        run.waits = 0;
        run.moved = (hand.event.map_or(run.moved.0, |event| event.origin.frame), hand.now);
        let restart = self.act(models, model, run, &row.actions, hand, concerned, out);
        match row.to.filter(|to| *to != run.state) {
            Some(to) => {
                run.evidence.clear();
                run.evidence.extend(frames.iter().rev().take(KEPT).rev());
                run.enter(to, run.moved.0, hand.now);
                self.arm(models, model, run, slot, hand);
                self.rest(model, run);
            }
            None if restart => {
                run.entered = hand.now;
                self.arm(models, model, run, slot, hand);
            }
            None => {}
        }
    }

    /// A run with a key that has come to a state that ends it, and waits for nothing.
    fn rest(&self, model: &Model, run: &mut Run) {
        if model.keyed && run.due.is_none() && model.states.get(run.state).is_some_and(|state| state.ends) {
            run.rest();
        }
    }

    /// Sets the deadline of the state that was entered.
    fn arm(&mut self, models: &Models, model: &Model, run: &mut Run, slot: u32, hand: &Hand<'_>) {
        let before = run.due.take();
        let Some(state) = model.states.get(run.state) else { return };
        let Some(within) = &state.within else { return };
        match within.number(&self.view(models, model, run, hand)) {
            Some(seconds) => {
                // Not at once: a deadline may lead to its own state.
                let span = Span::from_secs_f64(seconds).max(Span::from_millis(1));
                let time = hand.now + span;
                run.due = Some(time);
                if before == run.due {
                    return;
                }
                self.due.push(Reverse(Due { time, model: run.model, number: run.number, slot }));
                self.sweep(run);
            }
            None => {
                let doubt = format!("it is not known how long {} may last", state.label);
                if state.late.iter().any(|late| doubtful(model, &late.actions).is_some()) {
                    run.doubt.get_or_insert(doubt);
                }
            }
        }
    }

    /// Forgets deadlines that were moved or cancelled, once they outnumber the runs. The run at hand is not in its
    /// slot.
    fn sweep(&mut self, hand: &Run) {
        if self.due.len() > 64 + 4 * self.live {
            let mut due = std::mem::take(&mut self.due);
            due.retain(|Reverse(due)| match due.number == hand.number {
                true => hand.due == Some(due.time),
                false => self.is_pending(due),
            });
            self.due = due;
        }
    }

    pub(super) fn is_pending(&self, due: &Due) -> bool {
        let run = self.runs.get(due.slot as usize).and_then(|run| run.as_ref());
        run.is_some_and(|run| run.number == due.number && run.due == Some(due.time))
    }

    pub(super) fn fire(&mut self, due: Due, who: &dyn Who, out: Sink<'_>) {
        let models = Arc::clone(&self.models);
        let Some(mut run) = self.runs.get_mut(due.slot as usize).and_then(Option::take) else { return };
        run.due = None;
        if let Some(model) = models.list.get(run.model) {
            let hand = Hand {
                event: None,
                local: usize::MAX,
                told: Told::default(),
                who,
                phone: None,
                sends: None,
                now: due.time,
            };
            self.late(&models, model, &mut run, due.slot, &hand, out);
        }
        self.put_back(due.slot, run);
    }

    fn late(&mut self, models: &Models, model: &Model, run: &mut Run, slot: u32, hand: &Hand<'_>, out: Sink<'_>) {
        let Some(state) = model.states.get(run.state) else { return };
        run.waits += 1;
        let mut doubt = None;
        for late in &state.late {
            let holds = late.when.as_ref().map_or(Truth::True, |when| when.truth(&self.view(models, model, run, hand)));
            match holds {
                Truth::True => {
                    self.act(models, model, run, &late.actions, hand, &[], out);
                    if run.waits >= WAITS && late.to.is_some() {
                        // A clock that leaps over years would let it wait without end.
                    } else if late.to == Some(run.state) {
                        // It waits once more in the same state, and keeps what it has seen there.
                        self.arm(models, model, run, slot, hand);
                    } else if let Some(to) = late.to {
                        let last = run.evidence.last().copied();
                        run.evidence.clear();
                        run.evidence.extend(last);
                        run.enter(to, run.moved.0, hand.now);
                        self.arm(models, model, run, slot, hand);
                        self.rest(model, run);
                    }
                    return;
                }
                Truth::Unknown => doubt = doubt.or_else(|| doubtful(model, &late.actions)),
                Truth::False => {}
            }
        }
        if let Some(doubt) = doubt {
            run.doubt.get_or_insert(doubt);
        }
    }
}
