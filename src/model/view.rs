//! What an expression of a model sees while it is evaluated: the run, its phone, the event at hand, the other runs.

use std::borrow::Cow;

use super::kept::{Kept, Sparse};
use super::run::Run;
use super::site::Media;
use super::{Model, Models, Name, Question, Who};
use crate::event::{Event, FieldDef, Value};
use crate::expr::{Memo, Query, Scope, Slot, Truth, counts, either};
use crate::finding::PhoneId;
use crate::time::{Span, Ts};

/// What the engine knows of a phone.
#[derive(Debug, Default)]
pub(super) struct PhoneRoom {
    /// Its run of each model.
    pub runs: Vec<Option<u32>>,
    /// Its facts, by their place in [`Models::facts`].
    pub facts: Sparse,
}

impl PhoneRoom {
    /// A fact: as it was set, else as every phone begins.
    pub fn fact<'a>(&'a self, models: &'a Models, at: usize) -> Option<&'a Kept> {
        self.facts.get(at).or_else(|| models.begin.get(at))
    }

    /// A fact that is to be set.
    pub fn fact_mut(&mut self, models: &Models, at: usize) -> Option<&mut Kept> {
        self.facts.get_mut(at, models.begin.get(at))
    }
}

/// Everything but the run at hand.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    pub models: &'a Models,
    pub phones: &'a [PhoneRoom],
    pub runs: &'a [Option<Box<Run>>],
    pub who: &'a dyn Who,
    pub memo: &'a Memo,
}

#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub world: World<'a>,
    pub model: &'a Model,
    pub run: &'a Run,
    pub now: Ts,
    pub event: Option<&'a Event<'a>>,
    /// The phone that the event concerns, or the run is about.
    pub phone: Option<PhoneId>,
    pub sends: Option<bool>,
    /// The one phone of several that `any(…)` looks at.
    pub child: Option<usize>,
}

impl View<'_> {
    /// The phone whose facts are meant.
    pub fn subject(&self) -> Option<PhoneId> {
        match self.child {
            Some(child) => self.run.children.get(child).map(|child| child.phone),
            None => self.phone.or_else(|| self.run.phones.first().copied()),
        }
    }

    fn name(&self, name: Name, found: &mut dyn FnMut(&Value<'_>)) -> bool {
        let given = |kept: Option<&Kept>, found: &mut dyn FnMut(&Value<'_>)| match kept {
            Some(kept) if kept.known => {
                kept.values.iter().for_each(found);
                true
            }
            _ => false,
        };
        match name {
            Name::Kept(at) => given(self.run.kept(&self.model.keep, at), found),
            Name::Child(at) => {
                let child = self.child.or_else(|| {
                    let phone = self.subject()?;
                    self.run.children.iter().position(|child| child.phone == phone)
                });
                match child.and_then(|child| self.run.children.get(child)) {
                    Some(child) if child.kept.get(at).is_some() => given(child.kept.get(at), found),
                    // Not set yet, or of a phone that this run has not met yet: as every phone begins.
                    _ => given(self.model.each.get(at).map(|var| &var.initial), found),
                }
            }
            Name::Fact(at) => given(self.fact(at), found),
            Name::Identity(identity) => {
                let mut any = false;
                if let Some(phone) = self.subject() {
                    self.world.who.identity(phone, identity, &mut |value| {
                        any = true;
                        found(value);
                    });
                }
                any
            }
            Name::Sends | Name::Receives => match self.sends {
                Some(sends) => {
                    found(&Value::Bool(sends == (name == Name::Sends)));
                    true
                }
                None => false,
            },
            Name::Site(at) => match self.site(at) {
                Some(values) => {
                    values.iter().for_each(found);
                    true
                }
                _ => false,
            },
        }
    }

    fn site(&self, at: usize) -> Option<&[Value<'static>]> {
        let models = self.world.models;
        let instead = models.site_names.get(at).and_then(|name| self.world.who.site(name));
        instead.or_else(|| models.site.get(at)?.as_deref())
    }

    /// What the site allows between the two ends of the event at hand, in kbit/s.
    fn limit(&self, media: Media) -> Option<f64> {
        let instead = self.world.who.site(if media == Media::Audio { "limit" } else { "video_limit" });
        if let Some(rate) = instead.and_then(|values| values.first()).and_then(Value::as_uint) {
            return Some(rate as f64);
        }
        let origin = self.event?.origin;
        self.world.models.regions.limit(origin.src?.ip, origin.dst?.ip, media)
    }

    fn fact(&self, at: usize) -> Option<&Kept> {
        let room = self.world.phones.get(self.subject()?.0 as usize)?;
        // A phone without a room was never judged: nothing is known of it.
        (!room.runs.is_empty()).then(|| room.fact(self.world.models, at))?
    }

    fn other(&self, model: usize) -> Option<&Run> {
        let room = self.world.phones.get(self.subject()?.0 as usize)?;
        let run = (*room.runs.get(model)?)?;
        self.world.runs.get(run as usize)?.as_deref()
    }

    fn since(&self, then: Ts) -> Value<'static> {
        Value::Float(self.now.since(then).as_secs_f64())
    }
}

impl Scope for View<'_> {
    fn field(&self, def: &'static FieldDef, found: &mut dyn FnMut(&Value<'_>)) {
        if let Some(event) = self.event {
            event.each(def, found);
        }
    }

    fn slot(&self, slot: Slot, found: &mut dyn FnMut(&Value<'_>)) -> bool {
        match self.model.names.get(slot.0 as usize) {
            Some(name) => self.name(*name, found),
            None => false,
        }
    }

    fn holds(&self, slot: Slot) -> Truth {
        let kept = |kept: Option<&Kept>| match kept {
            Some(kept) if kept.known => kept.values.iter().any(counts).into(),
            _ => Truth::Unknown,
        };
        match self.model.names.get(slot.0 as usize) {
            Some(Name::Sends) => self.sends.map_or(Truth::Unknown, Truth::from),
            Some(Name::Receives) => self.sends.map_or(Truth::Unknown, |sends| Truth::from(!sends)),
            Some(Name::Kept(at)) => kept(self.run.kept(&self.model.keep, *at)),
            Some(Name::Fact(at)) => kept(self.fact(*at)),
            Some(name) => {
                let mut holds = false;
                let known = self.name(*name, &mut |value| holds |= counts(value));
                either(holds, known)
            }
            None => Truth::Unknown,
        }
    }

    fn memo(&self) -> Option<&Memo> {
        self.event.map(|_| self.world.memo)
    }

    fn ask(&self, query: Query, number: Option<f64>, found: &mut dyn FnMut(&Value<'_>)) -> bool {
        let Some(question) = self.model.questions.get(query.0 as usize) else { return false };
        let answer = match question {
            Question::Count(track) => {
                let counted = self.run.tracks.get(usize::from(*track)).map(|track| match number {
                    Some(window) => track.within(self.now, Span::from_secs_f64(window)),
                    None => track.total,
                });
                Some(Value::Uint(counted.unwrap_or_default()))
            }
            // No such event: no value, so that every comparison with its age is false.
            Question::Age(track) => match self.run.tracks.get(usize::from(*track)).and_then(|track| track.last()) {
                Some(last) => Some(self.since(last)),
                None => return true,
            },
            Question::AgeOf(name) => {
                let mut then = None;
                let known = self.name(*name, &mut |value| {
                    if let Value::Time(time) = value {
                        then = Some(*time);
                    }
                });
                match then {
                    Some(then) => Some(self.since(then)),
                    None => return known,
                }
            }
            Question::Elapsed => (!self.run.path.is_empty()).then(|| self.since(self.run.entered)),
            Question::Seen(state) => Some(Value::Bool(self.run.has_seen(*state))),
            Question::Outcome(model) => self.other(*model).map(|run| {
                let verdict = self.world.models.list.get(*model).map(|model| run.verdict(model));
                Value::Text(Cow::Borrowed(verdict.map_or("inconclusive", |verdict| verdict.name())))
            }),
            Question::At(model) => self.other(*model).and_then(|run| {
                let state = self.world.models.list.get(*model)?.states.get(run.state)?;
                Some(Value::Text(Cow::Owned(state.name.to_string())))
            }),
            Question::Limit(media) => self.limit(*media).map(Value::Float),
            Question::Visible(proto) => self.subject().map(|phone| Value::Bool(self.world.who.visible(phone, proto))),
        };
        match answer {
            Some(answer) => {
                found(&answer);
                true
            }
            None => false,
        }
    }

    fn children(&self, each: &mut dyn FnMut(&dyn Scope)) {
        for child in 0..self.run.children.len() {
            each(&View { child: Some(child), ..*self });
        }
    }
}
