//! The engine: events and time in, findings out, flows at the end.
//!
//! Time is the events'. A deadline fires before any event at or after it is judged, of whatever phone; so it makes
//! no difference when, or whether, [`Engine::tick`] is called between two events. Nothing here knows a model, a
//! protocol or a packet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use super::run::{Kept, Run};
use super::view::{PhoneRoom, View, World};
use super::{Action, Change, Identity, Model, Models, Piece, Subject, Target};
use crate::event::{Event, EventDef, Value};
use crate::expr::{Expr, Truth};
use crate::finding::{Finding, Flow, PhoneId, Severity, keep_ends};
use crate::time::{Span, Ts};

/// A phone that an event concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concerned {
    /// Which.
    pub phone: PhoneId,
    /// It sent the message; otherwise it is meant to receive it.
    pub sends: bool,
}

/// What the phone room knows of a phone, and what the capture could see of it.
pub trait Who {
    /// Every value of an identity fact; none if it is not known.
    fn identity(&self, phone: PhoneId, what: Identity, found: &mut dyn FnMut(&Value<'_>));

    /// Whether this capture would hold frames of that protocol of that phone, had there been any: link-layer
    /// protocols only on the phone's own segment, unicast only where its unicast frames are seen both ways.
    /// `proto` is the first part of the name of an event: `dhcp`, `igmp`, `file`.
    fn visible(&self, phone: PhoneId, proto: &str) -> bool;
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Runs at the same time (phones × models, calls, pages). Beyond, the one that moved longest ago is ended.
    pub runs: usize,
    /// Phones that are followed; what concerns others is not judged.
    pub phones: usize,
    /// Different findings of one id in one run; beyond, they are counted into the last.
    pub same: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { runs: 1 << 20, phones: 1 << 16, same: 16 }
    }
}

type Sink<'s> = &'s mut dyn FnMut(Finding);

/// A deadline that is pending. Those at the same time fire in the order of models, then of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    time: Ts,
    model: usize,
    number: u32,
    slot: u32,
}

/// Judges events by models.
pub struct Engine {
    models: Arc<Models>,
    limits: Limits,
    active: Vec<bool>,
    phones: Vec<PhoneRoom>,
    runs: Vec<Option<Box<Run>>>,
    free: Vec<u32>,
    /// Runs without a phone and without a key, by model.
    global: Vec<Option<u32>>,
    keyed: HashMap<(usize, u64), Vec<u32>, foldhash::fast::RandomState>,
    due: BinaryHeap<Reverse<Due>>,
    flows: Vec<Flow>,
    live: usize,
    numbers: u32,
    serials: u32,
    limited: Option<&'static str>,
    hasher: foldhash::fast::FixedState,
    scratch: Vec<Value<'static>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("phones", &self.phones.len()).field("runs", &self.live).finish_non_exhaustive()
    }
}

/// The event at hand, and whom of those it concerns it is judged for.
#[derive(Clone, Copy)]
struct Hand<'a> {
    event: Option<&'a Event<'a>>,
    local: usize,
    who: &'a dyn Who,
    phone: Option<PhoneId>,
    sends: Option<bool>,
    now: Ts,
}

impl Engine {
    /// With all models.
    pub fn new(models: Arc<Models>, limits: Limits) -> Engine {
        Engine {
            active: vec![true; models.list.len()],
            global: vec![None; models.list.len()],
            models,
            limits,
            phones: Vec::new(),
            runs: Vec::new(),
            free: Vec::new(),
            keyed: HashMap::default(),
            due: BinaryHeap::new(),
            flows: Vec::new(),
            live: 0,
            numbers: 0,
            serials: 0,
            limited: None,
            hasher: foldhash::fast::FixedState::default(),
            scratch: Vec::new(),
        }
    }

    /// Runs only some of the models.
    pub(super) fn only(&mut self, wanted: impl Fn(usize) -> bool) {
        self.active.iter_mut().enumerate().for_each(|(model, active)| *active = wanted(model));
    }

    /// Whether any model names this event.
    pub fn wants(&self, def: &'static EventDef) -> bool {
        self.models.wanting(def).iter().any(|(model, _)| self.active.get(usize::from(*model)) == Some(&true))
    }

    /// A bound that was reached since this was asked last.
    pub fn limit(&mut self) -> Option<&'static str> {
        self.limited.take()
    }

    /// When the next deadline is due.
    pub fn poll_timeout(&mut self) -> Option<Ts> {
        while let Some(Reverse(due)) = self.due.peek().copied() {
            if self.is_pending(&due) {
                return Some(due.time);
            }
            self.due.pop();
        }
        None
    }

    /// Capture time has come to `now`: fires what is due. Changes when something is said, never what.
    pub fn tick(&mut self, now: Ts, who: &dyn Who, out: Sink<'_>) {
        while let Some(Reverse(due)) = self.due.peek().copied().filter(|Reverse(due)| due.time <= now) {
            self.due.pop();
            if self.is_pending(&due) {
                self.fire(due, who, out);
            }
        }
    }

    /// Judges an event. An event that concerns nobody counts only for models about the capture, or with a key.
    pub fn event(&mut self, event: &Event<'_>, concerned: &[Concerned], who: &dyn Who, out: Sink<'_>) {
        self.tick(event.origin.time, who, out);
        let models = Arc::clone(&self.models);
        for (number, local) in models.wanting(event.def) {
            let (number, local) = (usize::from(*number), usize::from(*local));
            let Some(model) = models.list.get(number).filter(|_| self.active.get(number) == Some(&true)) else {
                continue;
            };
            let hand = Hand { event: Some(event), local, who, phone: None, sends: None, now: event.origin.time };
            if model.keyed {
                self.keyed_event(&models, number, hand, concerned, out);
                continue;
            }
            match (model.subject, concerned) {
                (Subject::Capture, _) | (Subject::Message, []) => self.global_event(&models, number, hand, out),
                // A message has one sender: told once, for that phone.
                (Subject::Message, [first, ..]) => {
                    let one = concerned.iter().find(|one| one.sends).unwrap_or(first);
                    self.phone_event(&models, number, hand, *one, out);
                }
                (_, all) => all.iter().for_each(|one| self.phone_event(&models, number, hand, *one, out)),
            }
        }
    }

    /// Two phones were found to be one: `from` becomes `into`. Of two runs of a model the one that moved last goes
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
            for (ours, theirs) in room.facts.iter_mut().zip(old.facts) {
                if !ours.known {
                    *ours = theirs;
                }
            }
        }
    }

    /// The capture is over; `last` is the time of its last frame. Deadlines beyond it never fire.
    pub fn finish(&mut self, last: Ts, who: &dyn Who, out: Sink<'_>) -> Vec<Flow> {
        self.tick(last, who, out);
        let models = Arc::clone(&self.models);
        (0..self.runs.len() as u32).for_each(|slot| self.end(&models, slot));
        let mut flows = std::mem::take(&mut self.flows);
        let order = |flow: &Flow| models.list.iter().position(|model| model.id == flow.model);
        flows.sort_by_key(|flow| (flow.phones.first().copied(), order(flow), flow.from_frame, flow.run));
        flows
    }

    /// Every run as it stands now, for a screen.
    pub fn flows(&self) -> Vec<Flow> {
        let open = self.runs.iter().flatten().filter_map(|run| run.flow(self.models.list.get(run.model)?));
        self.flows.iter().cloned().chain(open).collect()
    }

    /// The values of a fact that the models set; `None` if nobody did.
    pub fn fact(&self, phone: PhoneId, name: &str) -> Option<&[Value<'static>]> {
        let at = self.models.facts.iter().position(|fact| fact.name == name)?;
        let kept = self.phones.get(phone.0 as usize)?.facts.get(at)?;
        kept.known.then_some(kept.values.as_slice())
    }

    /// Sets a fact from outside, as an example or the pipeline does.
    pub fn set_fact(&mut self, phone: PhoneId, name: &str, values: Vec<Value<'static>>) {
        let at = self.models.facts.iter().position(|fact| fact.name == name);
        if let Some(at) = at.filter(|_| self.room(phone))
            && let Some(kept) = self.phones.get_mut(phone.0 as usize).and_then(|room| room.facts.get_mut(at))
        {
            *kept = Kept { known: true, values };
        }
    }

    /// Makes room for a phone; false if there are too many.
    fn room(&mut self, phone: PhoneId) -> bool {
        let at = phone.0 as usize;
        if at >= self.limits.phones {
            self.limited = Some("phones");
            return false;
        }
        let (models, facts) = (self.models.list.len(), self.models.facts.len());
        while self.phones.len() <= at {
            self.phones.push(PhoneRoom { runs: vec![None; models], facts: vec![Kept::default(); facts] });
        }
        true
    }

    fn world<'a>(&'a self, models: &'a Models, who: &'a dyn Who) -> World<'a> {
        World { models, phones: &self.phones, runs: &self.runs, who }
    }

    fn view<'a>(&'a self, models: &'a Models, model: &'a Model, run: &'a Run, hand: &Hand<'a>) -> View<'a> {
        let world = self.world(models, hand.who);
        View { world, model, run, now: hand.now, event: hand.event, phone: hand.phone, sends: hand.sends, child: None }
    }

    fn phone_event(&mut self, models: &Models, number: usize, hand: Hand<'_>, one: Concerned, out: Sink<'_>) {
        if !self.room(one.phone) {
            return;
        }
        let hand = Hand { phone: Some(one.phone), sends: Some(one.sends), ..hand };
        let at = one.phone.0 as usize;
        let slot = self.phones.get(at).and_then(|room| *room.runs.get(number)?);
        let now_in = self.judge(models, number, slot, hand, &[one], out);
        if now_in != slot
            && let Some(place) = self.phones.get_mut(at).and_then(|room| room.runs.get_mut(number))
        {
            *place = now_in;
        }
    }

    fn global_event(&mut self, models: &Models, number: usize, hand: Hand<'_>, out: Sink<'_>) {
        let slot = self.global.get(number).copied().flatten();
        let now_in = self.judge(models, number, slot, hand, &[], out);
        if let Some(place) = self.global.get_mut(number) {
            *place = now_in;
        }
    }

    fn keyed_event(&mut self, models: &Models, number: usize, hand: Hand<'_>, concerned: &[Concerned], out: Sink<'_>) {
        let Some(model) = models.list.get(number) else { return };
        let first = concerned.iter().find(|one| one.sends).or(concerned.first());
        let known = concerned.iter().all(|one| self.room(one.phone));
        let hand =
            Hand { phone: first.filter(|_| known).map(|one| one.phone), sends: first.map(|one| one.sends), ..hand };
        let mut keys = std::mem::take(&mut self.scratch);
        keys.clear();
        let view = self.view(models, model, &model.fresh, &hand);
        for key in model.keys.get(hand.local).into_iter().flatten() {
            key.values(&view, &mut |value| {
                if keys.len() < 8 {
                    keys.push(value.clone().into_owned());
                }
            });
        }
        let slot = keys.iter().find_map(|key| self.run_of(number, key));
        if !keys.is_empty() {
            let now_in = self.judge(models, number, slot, hand, concerned, out);
            if let Some(slot) = now_in {
                self.take_keys(number, slot, &mut keys);
            }
        }
        keys.clear();
        self.scratch = keys;
    }

    /// The latest run that has the key; a run that is not over before one that is.
    fn run_of(&self, model: usize, key: &Value<'_>) -> Option<u32> {
        let slots = self.keyed.get(&(model, self.hash(key)))?;
        let run = |slot: &u32| self.runs.get(*slot as usize).and_then(|run| run.as_ref());
        let ends =
            |run: &Run| self.models.list.get(model).and_then(|m| m.states.get(run.state)).is_some_and(|s| s.ends);
        slots
            .iter()
            .filter_map(|slot| {
                run(slot).filter(|run| run.model == model && run.keys.contains(key)).map(|run| (*slot, run))
            })
            .max_by_key(|(_, run)| (!ends(run), run.number))
            .map(|(slot, _)| slot)
    }

    fn take_keys(&mut self, model: usize, slot: u32, keys: &mut Vec<Value<'static>>) {
        for key in keys.drain(..) {
            let hash = self.hash(&key);
            let Some(run) = self.runs.get_mut(slot as usize).and_then(|run| run.as_mut()) else { return };
            if run.keys.len() < 8 && !run.keys.contains(&key) {
                run.keys.push(key);
                self.keyed.entry((model, hash)).or_default().push(slot);
            }
        }
    }

    fn hash(&self, key: &Value<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        match key {
            Value::Uint(v) => v.hash(&mut hasher),
            Value::Text(v) => v.hash(&mut hasher),
            Value::Ip(v) => v.hash(&mut hasher),
            Value::Mac(v) => v.hash(&mut hasher),
            Value::Bytes(v) => v.hash(&mut hasher),
            other => other.to_string().hash(&mut hasher),
        }
        hasher.finish()
    }

    /// Judges the event at hand by the run in `slot`, or by a new one. Returns the slot of the run, if there is one.
    fn judge(
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
            if let Some(place) = self.runs.get_mut(slot as usize) {
                *place = Some(run);
            }
            return self.begin(models, model, Some(slot), hand, concerned, out).or(Some(slot));
        }
        if let Some(track) = model.tracks.get(hand.local).copied().flatten()
            && let Some(track) = run.tracks.get_mut(usize::from(track))
        {
            track.note(hand.now);
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
        if let Some(place) = self.runs.get_mut(slot as usize) {
            *place = Some(run);
        }
        Some(slot)
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
        let rows = model.rows_at.get(state).and_then(|events| events.get(hand.local));
        let mut doubt = None;
        for row in rows.into_iter().flatten().map(|row| usize::from(*row)) {
            let Some(this) = model.rows.get(row) else { continue };
            let Some(guard) = &this.guard else { return (Some(row), None) };
            match guard.truth(&self.view(models, model, run, hand)) {
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
        let joins = if over.is_some() { &[] } else { model.joins.as_slice() };
        let (state, row) = std::iter::once(&model.start)
            .chain(joins)
            .find_map(|state| Some((*state, self.fitting(models, model, &model.fresh, *state, &hand).0?)))?;
        if self.live >= self.limits.runs {
            self.limited = Some("runs");
            self.end_oldest(models);
        }
        if let Some(over) = over {
            self.end(models, over);
        }
        self.numbers += 1;
        self.live += 1;
        let mut run =
            Box::new(Run { number: self.numbers, state, joined: state != model.start, ..model.fresh.clone() });
        run.began =
            (hand.event.map_or(0, |event| event.frames.first().copied().unwrap_or(event.origin.frame)), hand.now);
        run.moved = run.began;
        if let Some(track) = model.tracks.get(hand.local).copied().flatten()
            && let Some(track) = run.tracks.get_mut(usize::from(track))
        {
            track.note(hand.now);
        }
        concerned.iter().for_each(|one| run.concern(one.phone, &model.each));
        let slot = self.free.pop().unwrap_or_else(|| {
            self.runs.push(None);
            self.runs.len() as u32 - 1
        });
        let stays = model.rows.get(row).is_some_and(|row| row.to.is_none_or(|to| to == state));
        if stays && run.joined {
            // It is in that state since before the capture: nobody saw it enter, and no deadline is known.
            run.enter(state, hand.event.map_or(0, |event| event.origin.frame), hand.now);
        } else if stays {
            run.entered = hand.now;
            self.arm(models, model, &mut run, slot, &hand);
        }
        self.take_row(models, model, &mut run, slot, row, &hand, concerned, out);
        self.until(models, model, &mut run, &hand);
        if let Some(place) = self.runs.get_mut(slot as usize) {
            *place = Some(run);
        }
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
        run.moved = (hand.event.map_or(run.moved.0, |event| event.origin.frame), hand.now);
        let restart = self.act(models, model, run, &row.actions, hand, concerned, out);
        match row.to.filter(|to| *to != run.state) {
            Some(to) => {
                run.evidence.clear();
                run.evidence.extend(frames.iter().rev().take(super::run::KEPT).rev());
                run.enter(to, run.moved.0, hand.now);
                self.arm(models, model, run, slot, hand);
            }
            None if restart => {
                run.entered = hand.now;
                self.arm(models, model, run, slot, hand);
            }
            None => {}
        }
    }

    /// Sets the deadline of the state that was entered.
    fn arm(&mut self, models: &Models, model: &Model, run: &mut Run, slot: u32, hand: &Hand<'_>) {
        run.due = None;
        let Some(state) = model.states.get(run.state) else { return };
        let Some(within) = &state.within else { return };
        match within.number(&self.view(models, model, run, hand)) {
            Some(seconds) => {
                // Not at once: a deadline may lead to its own state.
                let span = Span::from_secs_f64(seconds).max(Span::from_millis(1));
                let time = hand.now + span;
                run.due = Some(time);
                self.due.push(Reverse(Due { time, model: run.model, number: run.number, slot }));
                self.sweep();
            }
            None => {
                let doubt = format!("it is not known how long {} may last", state.label);
                if state.late.iter().any(|late| doubtful(model, &late.actions).is_some()) {
                    run.doubt.get_or_insert(doubt);
                }
            }
        }
    }

    /// Forgets deadlines that were moved or cancelled, once they outnumber the runs.
    fn sweep(&mut self) {
        if self.due.len() > 64 + 4 * self.live {
            let mut due = std::mem::take(&mut self.due);
            // The run at hand is not in its slot: what is not there may be pending.
            due.retain(|Reverse(due)| {
                self.runs.get(due.slot as usize).is_some_and(Option::is_none) || self.is_pending(due)
            });
            self.due = due;
        }
    }

    fn is_pending(&self, due: &Due) -> bool {
        let run = self.runs.get(due.slot as usize).and_then(|run| run.as_ref());
        run.is_some_and(|run| run.number == due.number && run.due == Some(due.time))
    }

    fn fire(&mut self, due: Due, who: &dyn Who, out: Sink<'_>) {
        let models = Arc::clone(&self.models);
        let Some(mut run) = self.runs.get_mut(due.slot as usize).and_then(Option::take) else { return };
        run.due = None;
        if let Some(model) = models.list.get(run.model) {
            let hand = Hand { event: None, local: usize::MAX, who, phone: None, sends: None, now: due.time };
            self.late(&models, model, &mut run, due.slot, &hand, out);
        }
        if let Some(place) = self.runs.get_mut(due.slot as usize) {
            *place = Some(run);
        }
    }

    fn late(&mut self, models: &Models, model: &Model, run: &mut Run, slot: u32, hand: &Hand<'_>, out: Sink<'_>) {
        let Some(state) = model.states.get(run.state) else { return };
        let mut doubt = None;
        for late in &state.late {
            let holds = late.when.as_ref().map_or(Truth::True, |when| when.truth(&self.view(models, model, run, hand)));
            match holds {
                Truth::True => {
                    self.act(models, model, run, &late.actions, hand, &[], out);
                    if late.to == Some(run.state) {
                        // It waits once more in the same state, and keeps what it has seen there.
                        self.arm(models, model, run, slot, hand);
                    } else if let Some(to) = late.to {
                        let last = run.evidence.last().copied();
                        run.evidence.clear();
                        run.evidence.extend(last);
                        run.enter(to, run.moved.0, hand.now);
                        self.arm(models, model, run, slot, hand);
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

    /// Does actions in order; returns whether one of them restarts the deadline.
    #[expect(clippy::too_many_arguments, reason = "the run, its actions, and the event at hand")]
    fn act(
        &mut self,
        models: &Models,
        model: &Model,
        run: &mut Run,
        actions: &[Action],
        hand: &Hand<'_>,
        concerned: &[Concerned],
        out: Sink<'_>,
    ) -> bool {
        let mut restart = false;
        for action in actions {
            match action {
                Action::Restart => restart = true,
                Action::Clear(target) => self.store(model, run, *target, hand, concerned, |kept, initial| {
                    *kept = initial.map(Kept::initial).unwrap_or_default();
                }),
                Action::Set(target, change, expr) => {
                    self.set(models, model, run, (*target, *change, expr), hand, concerned)
                }
                Action::Raise { finding, when, each: false } => {
                    match when.as_ref().map_or(Truth::True, |when| when.truth(&self.view(models, model, run, hand))) {
                        Truth::True => self.raise(models, model, run, *finding, None, hand, out),
                        Truth::Unknown => doubt_finding(model, run, *finding, "what it rests on is not known"),
                        Truth::False => {}
                    }
                }
                Action::Raise { finding, when, each: true } => {
                    for child in 0..run.children.len() {
                        let view = View { child: Some(child), ..self.view(models, model, run, hand) };
                        match when.as_ref().map_or(Truth::True, |when| when.truth(&view)) {
                            Truth::True => self.raise(models, model, run, *finding, Some(child), hand, out),
                            Truth::Unknown => doubt_finding(model, run, *finding, "what it rests on is not known"),
                            Truth::False => {}
                        }
                    }
                }
            }
        }
        restart
    }

    fn set(
        &mut self,
        models: &Models,
        model: &Model,
        run: &mut Run,
        (target, change, expr): (Target, Change, &Expr),
        hand: &Hand<'_>,
        concerned: &[Concerned],
    ) {
        let mut values = std::mem::take(&mut self.scratch);
        values.clear();
        let known =
            expr.values(&self.view(models, model, run, hand), &mut |value| values.push(value.clone().into_owned()));
        let list = match target {
            Target::Kept(at) => model.keep.get(at).is_some_and(|var| var.list),
            Target::Child(at) => model.each.get(at).is_some_and(|var| var.list),
            Target::Fact(at) => models.facts.get(at).is_some_and(|fact| fact.list),
        };
        if !list {
            values.truncate(1);
        }
        let mut spare = Vec::new();
        self.store(model, run, target, hand, concerned, |kept, _| {
            if change == Change::Put && kept.known == known && kept.values == values {
                return;
            }
            // Several phones may be concerned: each takes a copy.
            spare.clone_from(&values);
            match change {
                Change::Put => kept.put(known, &mut spare, list),
                Change::Add => {
                    // What nobody has set before is begun.
                    kept.known |= kept.values.is_empty() && matches!(target, Target::Fact(_));
                    kept.add(known, &mut spare, list);
                }
                Change::Take => kept.take(known, &mut spare, list),
            }
        });
        values.clear();
        self.scratch = values;
    }

    /// Changes every place that a target means: the run's, or that of each phone concerned.
    fn store(
        &mut self,
        model: &Model,
        run: &mut Run,
        target: Target,
        hand: &Hand<'_>,
        concerned: &[Concerned],
        mut change: impl FnMut(&mut Kept, Option<&super::Var>),
    ) {
        match target {
            Target::Kept(at) => {
                if let Some(kept) = run.kept.get_mut(at) {
                    change(kept, model.keep.get(at));
                }
            }
            Target::Child(at) => {
                for child in &mut run.children {
                    let meant = hand.event.is_none() || concerned.iter().any(|one| one.phone == child.phone);
                    if let Some(kept) = child.kept.get_mut(at).filter(|_| meant) {
                        change(kept, model.each.get(at));
                    }
                }
            }
            Target::Fact(at) => {
                let phones: &[PhoneId] = if hand.phone.is_some() { hand.phone.as_slice() } else { &run.phones };
                for phone in phones {
                    if let Some(kept) = self.phones.get_mut(phone.0 as usize).and_then(|room| room.facts.get_mut(at)) {
                        change(kept, None);
                    }
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the run, its finding, and the event at hand")]
    fn raise(
        &mut self,
        models: &Models,
        model: &Model,
        run: &mut Run,
        number: usize,
        child: Option<usize>,
        hand: &Hand<'_>,
        out: Sink<'_>,
    ) {
        let Some(def) = model.findings.get(number) else { return };
        let view = View { child, ..self.view(models, model, run, hand) };
        if let Some((needs, source)) = &def.needs
            && needs.truth(&view) != Truth::True
        {
            doubt_finding(model, run, number, &format!("{source} does not hold"));
            return;
        }
        let texts = [&def.what, &def.why, &def.fix].map(|pieces| render(pieces, &view));
        let phone = match child {
            Some(child) => run.children.get(child).map(|child| child.phone),
            None => None,
        };
        let phones = phone.map_or_else(|| run.phones.clone(), |phone| vec![phone]);
        let frames = if def.whole_run { &run.moves } else { &run.evidence }.clone();
        let same = run.found.iter().filter(|known| known.id == def.id).count();
        let known = run
            .found
            .iter()
            .position(|known| {
                known.id == def.id && known.phones == phones && (def.update || texts.first() == Some(&known.what))
            })
            .or_else(|| run.found.iter().rposition(|known| known.id == def.id).filter(|_| same >= self.limits.same));
        if let Some(finding) = known.and_then(|at| run.found.get_mut(at)) {
            finding.times += 1;
            if def.update {
                [finding.what, finding.why, finding.fix] = texts;
            }
            for frame in frames {
                if finding.frames.last().is_none_or(|last| *last < frame) {
                    keep_ends(&mut finding.frames, frame, super::run::KEPT);
                }
            }
            out(finding.clone());
            return;
        }
        let [what, why, fix] = texts;
        self.serials += 1;
        let finding = Finding {
            serial: self.serials,
            times: 1,
            id: def.id.clone(),
            severity: def.severity,
            model: model.id.clone(),
            state: model.states.get(run.state).map_or_else(|| Arc::from(""), |state| state.name.clone()),
            time: hand.now,
            frames,
            phone: phone.or(if let [one] = phones.as_slice() { Some(*one) } else { None }),
            phones,
            what,
            why,
            fix,
            source: def.source.clone(),
            inferred: def.inferred,
            run: run.number,
        };
        out(finding.clone());
        run.found.push(finding);
    }

    /// Ends a run where it stands.
    fn end(&mut self, models: &Models, slot: u32) {
        let Some(run) = self.runs.get_mut(slot as usize).and_then(Option::take) else { return };
        self.free.push(slot);
        self.live = self.live.saturating_sub(1);
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
        self.flows.extend(models.list.get(run.model).and_then(|model| run.flow(model)));
    }

    fn end_oldest(&mut self, models: &Models) {
        let oldest = self.runs.iter().enumerate().filter_map(|(slot, run)| Some((run.as_ref()?.moved, slot))).min();
        if let Some((_, slot)) = oldest {
            self.end(models, slot as u32);
        }
    }
}

/// The finding of severity `fail` that these actions would raise, as a reason why it cannot be told.
fn doubtful(model: &Model, actions: &[Action]) -> Option<String> {
    actions.iter().find_map(|action| match action {
        Action::Raise { finding, .. } => model
            .findings
            .get(*finding)
            .filter(|def| def.severity == Severity::Fail)
            .map(|def| format!("{} cannot be told: what it rests on is not known", def.id)),
        _ => None,
    })
}

fn doubt_finding(model: &Model, run: &mut Run, finding: usize, why: &str) {
    if let Some(def) = model.findings.get(finding).filter(|def| def.severity == Severity::Fail) {
        run.doubt.get_or_insert_with(|| format!("{} cannot be told: {why}", def.id));
    }
}

fn rename(phones: &mut Vec<PhoneId>, from: PhoneId, into: PhoneId) {
    if phones.contains(&into) {
        phones.retain(|phone| *phone != from);
    }
    phones.iter_mut().filter(|phone| **phone == from).for_each(|phone| *phone = into);
}

/// A text with its placeholders filled: several values with commas, fractions with at most three digits.
fn render(pieces: &[Piece], view: &View<'_>) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value(expr) => {
                let mut several = false;
                let known = expr.values(view, &mut |value| {
                    text.push_str(if several { ", " } else { "" });
                    several = true;
                    match value {
                        Value::Float(v) => {
                            let digits = format!("{v:.3}");
                            text.push_str(digits.trim_end_matches('0').trim_end_matches('.'));
                        }
                        other => text.push_str(&other.to_string()),
                    }
                });
                if !several {
                    text.push_str(if known { "none" } else { "unknown" });
                }
            }
        }
    }
    text
}
