//! The engine: events and time in, findings out, flows at the end.
//!
//! Time is the events'. A deadline fires before any event at or after it is judged, of whatever phone; so it makes
//! no difference when, or whether, [`Engine::tick`] is called between two events. Nothing here knows a model, a
//! protocol or a packet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use super::kept::Sparse;
use super::run::Run;
use super::view::{PhoneRoom, View, World};
use super::waiting::and_who;
use super::{Identity, Model, Models, Subject};
use crate::event::{Event, EventDef, Value};
use crate::expr::{Memo, Told};
use crate::finding::{Finding, Flow, Loss, PhoneId};
use crate::time::Ts;

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

    /// What `site.<name>` is instead of what the site's file says.
    fn site(&self, _name: &str) -> Option<&[Value<'static>]> {
        None
    }

    /// What of the phone is missing from the capture between the two times, or so near them that more may be: then
    /// silence proves nothing. `once`: a single message did not come; then losses of others count, too.
    fn lost(&self, _phone: PhoneId, _from: Ts, _to: Ts, _once: bool) -> Option<Loss> {
        None
    }
}

/// A finding that rests on silence, and since when it had been silent.
#[derive(Debug)]
pub(super) struct Silence {
    pub serial: u32,
    pub run: u32,
    pub phones: Vec<PhoneId>,
    pub from: Ts,
    pub to: Ts,
    /// A single message did not come.
    pub once: bool,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Runs at the same time (phones × models, calls, pages). Beyond, those that moved longest ago are ended.
    pub runs: usize,
    /// Phones that are followed, by their number; what concerns others is not judged.
    pub phones: usize,
    /// Different findings of one id in one run; beyond, they are counted into the last.
    pub same: usize,
    /// Runs that are over and kept for the report. Beyond, those that passed longest ago are forgotten first.
    pub ended: usize,
    /// Findings, those below `fail` half as many. What would be found beyond makes its run inconclusive.
    pub findings: usize,
    /// The capture goes on and on, and findings were told as they came: the oldest make room for new ones.
    pub rolling: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { runs: 1 << 18, phones: 1 << 17, same: 16, ended: 100_000, findings: 100_000, rolling: false }
    }
}

/// An event is about at most so many subjects.
pub(super) const MOST_SUBJECTS: usize = 32;

/// A run has at most so many keys.
const MOST_KEYS: usize = 128;

pub(super) type Sink<'s> = &'s mut dyn FnMut(Finding);

/// A deadline that is pending. Those at the same time fire in the order of models, then of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub time: Ts,
    pub model: usize,
    pub number: u32,
    pub slot: u32,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stand {
    pub state: u16,
    /// A deadline is pending.
    pub waits: bool,
}

/// Judges events by models.
pub struct Engine {
    pub(super) models: Arc<Models>,
    pub(super) limits: Limits,
    active: Vec<bool>,
    pub(super) phones: Vec<PhoneRoom>,
    pub(super) runs: Vec<Option<Box<Run>>>,
    /// The same of each run in few bytes: most events are of no use to it, and that is seen here.
    pub(super) stands: Vec<Stand>,
    pub(super) free: Vec<u32>,
    /// Runs without a phone and without a key, by model.
    global: Vec<Option<u32>>,
    pub(super) keyed: HashMap<(usize, u64), Vec<u32>, foldhash::fast::RandomState>,
    pub(super) due: BinaryHeap<Reverse<Due>>,
    pub(super) flows: Vec<Flow>,
    pub(super) live: usize,
    pub(super) numbers: u32,
    pub(super) serials: u32,
    /// The findings that rest on silence.
    pub(super) silent: Vec<Silence>,
    /// How many findings of severity `fail` a run has.
    pub(super) fails: HashMap<u32, usize, foldhash::fast::RandomState>,
    /// Findings that were given, and how many of them are below `fail`.
    pub(super) given: (usize, usize),
    limited: Vec<&'static str>,
    /// Findings that were given and are taken back.
    pub(super) withdrawn: Vec<u32>,
    hasher: foldhash::fast::FixedState,
    pub(super) scratch: Vec<Value<'static>>,
    /// What was asked of the event at hand.
    memo: Memo,
    /// How many runs of each model there are.
    pub(super) runs_of: Vec<usize>,
    /// The keys of the event at hand, with the subject that a first key stands for.
    keys: Vec<(Option<usize>, Value<'static>)>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("phones", &self.phones.len()).field("runs", &self.live).finish_non_exhaustive()
    }
}

/// The event at hand, and whom of those it concerns it is judged for.
#[derive(Clone, Copy)]
pub(super) struct Hand<'a> {
    pub event: Option<&'a Event<'a>>,
    /// The model's number for the event.
    pub local: usize,
    /// What is known of it before any guard is asked.
    pub told: Told,
    pub who: &'a dyn Who,
    pub phone: Option<PhoneId>,
    pub sends: Option<bool>,
    pub now: Ts,
}

impl Engine {
    /// With all models.
    pub fn new(models: Arc<Models>, limits: Limits) -> Engine {
        Engine {
            memo: models.shared.memo(),
            runs_of: vec![0; models.list.len()],
            keys: Vec::new(),
            active: vec![true; models.list.len()],
            global: vec![None; models.list.len()],
            models,
            limits,
            phones: Vec::new(),
            runs: Vec::new(),
            stands: Vec::new(),
            free: Vec::new(),
            keyed: HashMap::default(),
            due: BinaryHeap::new(),
            flows: Vec::new(),
            live: 0,
            numbers: 0,
            serials: 0,
            silent: Vec::new(),
            fails: HashMap::default(),
            withdrawn: Vec::new(),
            given: (0, 0),
            limited: Vec::new(),
            hasher: foldhash::fast::FixedState::default(),
            scratch: Vec::new(),
        }
    }

    /// Runs only some of the models.
    pub(super) fn only(&mut self, wanted: impl Fn(usize) -> bool) {
        self.active.iter_mut().enumerate().for_each(|(model, active)| *active = wanted(model));
    }

    /// The models it judges by.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// Whether any model names this event.
    pub fn wants(&self, def: &'static EventDef) -> bool {
        let wanted = self.models.waiting.of(def).into_iter().flat_map(|wanted| &wanted.models);
        wanted.into_iter().any(|wants| self.active.get(usize::from(wants.model)) == Some(&true))
    }

    /// A bound that was reached since this was asked last.
    pub fn limit(&mut self) -> Option<&'static str> {
        self.limited.pop()
    }

    /// A bound was reached; its name is the option's.
    pub(super) fn reached(&mut self, bound: &'static str) {
        if !self.limited.contains(&bound) {
            self.limited.push(bound);
        }
    }

    #[cfg(test)]
    pub(super) fn pending(&self) -> usize {
        self.due.len()
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
        self.memo.next();
        self.forget_ended();
        let models = Arc::clone(&self.models);
        let Some(wanted) = models.waiting.of(event.def) else { return };
        if wanted.about_phones {
            for one in concerned {
                self.room(one.phone);
            }
        }
        let told = wanted.tell(event);
        for wants in wanted.models.iter().filter(|wants| wants.may(told)) {
            let (number, local) = (usize::from(wants.model), usize::from(wants.local));
            let Some(model) = models.list.get(number).filter(|_| self.active.get(number) == Some(&true)) else {
                continue;
            };
            let now = event.origin.time;
            let hand = Hand { event: Some(event), local, told, who, phone: None, sends: None, now };
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

    /// The values of a fact that the models set; `None` if nobody did.
    pub fn fact(&self, phone: PhoneId, name: &str) -> Option<&[Value<'static>]> {
        let at = self.models.facts.iter().position(|fact| fact.name == name)?;
        let room = self.phones.get(phone.0 as usize).filter(|room| !room.runs.is_empty())?;
        let kept = room.fact(&self.models, at)?;
        kept.known.then_some(&*kept.values)
    }

    /// Sets a fact from outside, as an example or the pipeline does.
    pub fn set_fact(&mut self, phone: PhoneId, name: &str, mut values: Vec<Value<'static>>) {
        let at = self.models.facts.iter().position(|fact| fact.name == name);
        if let Some(at) = at.filter(|_| self.room(phone))
            && let Some(kept) = self.phones.get_mut(phone.0 as usize).and_then(|room| room.fact_mut(&self.models, at))
        {
            kept.put(true, &mut values, true);
        }
    }

    /// Makes room for a phone; false if there are too many.
    pub(super) fn room(&mut self, phone: PhoneId) -> bool {
        let at = phone.0 as usize;
        if at >= self.limits.phones {
            self.reached("max-stations");
            return false;
        }
        if self.phones.len() <= at {
            self.phones.resize_with(at + 1, PhoneRoom::default);
        }
        // Numbers in between may be of stations that are no phones, and need no room.
        if let Some(room) = self.phones.get_mut(at).filter(|room| room.runs.is_empty()) {
            *room = PhoneRoom { runs: vec![None; self.models.list.len()], facts: Sparse::default() };
        }
        true
    }

    fn world<'a>(&'a self, models: &'a Models, who: &'a dyn Who) -> World<'a> {
        World { models, phones: &self.phones, runs: &self.runs, who, memo: &self.memo }
    }

    pub(super) fn view<'a>(&'a self, models: &'a Models, model: &'a Model, run: &'a Run, hand: &Hand<'a>) -> View<'a> {
        let world = self.world(models, hand.who);
        View { world, model, run, now: hand.now, event: hand.event, phone: hand.phone, sends: hand.sends, child: None }
    }

    fn phone_event(&mut self, models: &Models, number: usize, hand: Hand<'_>, one: Concerned, out: Sink<'_>) {
        let at = one.phone.0 as usize;
        let slot = self.phones.get(at).and_then(|room| *room.runs.get(number)?);
        let sends = Some(one.sends);
        let told = and_who(hand.told, sends);
        if models.list.get(number).is_none_or(|model| self.idle(model, slot, hand.local, told)) || !self.room(one.phone)
        {
            return;
        }
        let hand = Hand { phone: Some(one.phone), sends, told, ..hand };
        let now_in = self.judge(models, number, slot, hand, &[one], out);
        if now_in != slot
            && let Some(place) = self.phones.get_mut(at).and_then(|room| room.runs.get_mut(number))
        {
            *place = now_in;
        }
    }

    /// Whether an event can neither move the run in a slot, nor begin one where there is none: no row is open to it,
    /// it is not counted, and it ends no wait.
    fn idle(&self, model: &Model, slot: Option<u32>, local: usize, told: Told) -> bool {
        let Some(stand) = slot.and_then(|slot| self.stands.get(slot as usize)) else {
            return model.rows_at.begin(local, told).next().is_none();
        };
        let state = usize::from(stand.state);
        model.rows_at.open(state, local, told).next().is_none()
            && !model.tracks.get(local).is_some_and(Option::is_some)
            && !(stand.waits && model.states.get(state).is_some_and(|state| state.awaits(local)))
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
        let (phone, sends) = (first.filter(|_| known).map(|one| one.phone), first.map(|one| one.sends));
        let hand = Hand { phone, sends, told: and_who(hand.told, sends), ..hand };
        // Most events belong to no run and begin none: seen quicker by the rows than by the key.
        if self.runs_of.get(number).is_none_or(|runs| *runs == 0) && !self.begins(models, model, &hand) {
            return;
        }
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        let view = self.view(models, model, &model.fresh, &hand);
        let mut subjects = 0;
        for (place, key) in model.keys.get(hand.local).into_iter().flatten().enumerate() {
            key.values(&view, &mut |value| {
                let nth = (place == 0).then_some(subjects);
                subjects += usize::from(place == 0);
                keys.push((nth, value.clone().into_owned()));
            });
        }
        // An event may be about several subjects, as a report about several groups is: it has as many values of its
        // first key, and is judged for each. Most often there is one.
        for nth in 0..subjects.clamp(usize::from(!keys.is_empty()), MOST_SUBJECTS) {
            self.keyed_subject(models, number, hand, concerned, &keys, nth, out);
        }
        self.keys = keys;
    }

    /// Judges an event for the run that has one of its keys: all of them but other subjects'.
    #[expect(clippy::too_many_arguments, reason = "the event at hand, and whom it is judged for")]
    fn keyed_subject(
        &mut self,
        models: &Models,
        number: usize,
        hand: Hand<'_>,
        concerned: &[Concerned],
        keys: &[(Option<usize>, Value<'static>)],
        nth: usize,
        out: Sink<'_>,
    ) {
        let mine =
            || keys.iter().filter(|(subject, _)| subject.is_none_or(|subject| subject == nth)).map(|(_, key)| key);
        if mine().next().is_none() {
            return;
        }
        let slot = mine().find_map(|key| self.run_of(number, key));
        let Some(slot) = self.judge(models, number, slot, hand, concerned, out) else { return };
        // The event may bring its run keys that it did not have.
        for key in mine() {
            let run = self.runs.get_mut(slot as usize).and_then(|run| run.as_mut());
            if let Some(run) = run.filter(|run| run.keys.len() < MOST_KEYS && !run.keys.contains(key)) {
                run.keys.push(key.clone());
                let hash = self.hash(key);
                self.keyed.entry((number, hash)).or_default().push(slot);
            }
        }
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

    pub(super) fn hash(&self, key: &Value<'_>) -> u64 {
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
}
