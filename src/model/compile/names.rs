//! The names that the expressions of a model may use besides the fields of events.

use super::{Compiler, intern};
use crate::event::nearest;
use crate::expr::{Answer, Names, Query, Slot, Type};
use crate::model::site::Media;
use crate::model::{Identity, Name, Question};

/// What `visible(…)` may ask for besides protocols: link discovery of either kind, the switch of the phone's port, what
/// is sent to the phone; and whether the capture holds anybody's traffic above the link, TCP, UDP, trust
/// verification, or signalling, which a capture filter may have kept out.
const PLACES: &[&str] = &["link", "switch", "replies", "ip", "tcp", "udp", "tvs", "signalling"];

impl Names for Compiler<'_> {
    fn slot(&self, name: &str) -> Option<(Slot, Type)> {
        let list = |list: bool, kind: Type| if list { Type::Any } else { kind };
        let (found, kind) = if let Some(at) = self.keep.iter().position(|var| var.name == name) {
            (Name::Kept(at), self.keep.get(at).map(|var| list(var.list, var.kind))?)
        } else if let Some(at) = self.each.iter().position(|var| var.name == name) {
            (Name::Child(at), self.each.get(at).map(|var| list(var.list, var.kind))?)
        } else if let Some(name) = name.strip_prefix("site.") {
            (Name::Site(intern(&mut self.site_names.borrow_mut(), name.to_owned())), Type::Any)
        } else {
            let name = name.strip_prefix("phone.")?;
            match name {
                "sends" => (Name::Sends, Type::Bool),
                "receives" => (Name::Receives, Type::Bool),
                _ => match Identity::ALL.iter().find(|(known, _)| *known == name) {
                    Some((_, identity)) => (Name::Identity(*identity), identity.kind()),
                    None => {
                        let at = self.facts.iter().position(|fact| fact.name == name)?;
                        (Name::Fact(at), self.facts.get(at).map(|fact| list(fact.list, fact.kind))?)
                    }
                },
            }
        };
        Some((Slot(intern(&mut self.names.borrow_mut(), found) as u32), kind))
    }

    fn constant(&self, name: &str) -> Option<f64> {
        self.timers.iter().find(|(timer, _)| timer == name).map(|(_, seconds)| *seconds)
    }

    fn question(&self, function: &str, name: Option<&str>) -> Answer {
        let wrong = |what: String, hint: Option<String>| Answer::Wrong { what, hint };
        let near = |near: Option<&str>| near.map(|near| format!("did you mean `{near}`?"));
        let name = match (function, name) {
            ("elapsed", None) => return self.ask(Question::Elapsed, Type::Number, false),
            ("limit", None) => return self.ask(Question::Limit(Media::Audio), Type::Number, false),
            ("limit", Some("video")) => return self.ask(Question::Limit(Media::Video), Type::Number, false),
            (_, Some(name)) => name,
            _ => return Answer::NotMine,
        };
        match function {
            "count" | "age" => {
                let Some(def) = self.schema.event(name) else {
                    if let Some((slot, Type::Time | Type::Any)) = self.slot(name).filter(|_| function == "age") {
                        let of = self.names.borrow().get(slot.0 as usize).copied();
                        return of.map_or(Answer::NotMine, |of| self.ask(Question::AgeOf(of), Type::Number, false));
                    }
                    if function == "count" && (self.slot(name).is_some() || self.schema.field(name).is_some()) {
                        return Answer::NotMine;
                    }
                    let known = nearest(name, self.schema.events().iter().map(|event| event.name));
                    return wrong(format!("there is no event `{name}`"), near(known));
                };
                let event = self.intern_event(def);
                let track = intern(&mut self.tracked.borrow_mut(), event) as u16;
                if function == "age" {
                    return self.ask(Question::Age(track), Type::Number, false);
                }
                self.ask(Question::Count(track), Type::Number, true)
            }
            "seen" => match self.states.iter().position(|state| state.value == name) {
                Some(state) => self.ask(Question::Seen(state), Type::Bool, false),
                None => {
                    let known = nearest(name, self.states.iter().map(|state| state.value.as_ref()));
                    wrong(format!("there is no state `{name}`"), near(known))
                }
            },
            "outcome" | "at" => match self.ids.iter().position(|id| *id == name) {
                Some(model) => {
                    intern(&mut self.asks.borrow_mut(), model);
                    let question = if function == "at" { Question::At(model) } else { Question::Outcome(model) };
                    self.ask(question, Type::Text, false)
                }
                None => wrong(format!("no model `{name}` is loaded"), near(nearest(name, self.ids.iter().copied()))),
            },
            "visible" => {
                let protos = || self.schema.events().iter().map(|event| event.proto());
                if PLACES.contains(&name) || protos().any(|proto| proto == name) {
                    return self.ask(Question::Visible(name.into()), Type::Bool, false);
                }
                wrong(format!("there is no protocol `{name}`"), near(nearest(name, protos())))
            }
            _ => Answer::NotMine,
        }
    }

    fn sound(&self) -> bool {
        self.sound
    }

    fn is_child(&self, slot: Slot) -> bool {
        matches!(self.names.borrow().get(slot.0 as usize), Some(Name::Child(_)))
    }

    fn all(&self) -> Vec<String> {
        let own = self.keep.iter().chain(&self.each).map(|var| var.name.clone());
        let facts = self.facts.iter().map(|fact| format!("phone.{}", fact.name));
        let identity = Identity::ALL.iter().map(|(name, _)| format!("phone.{name}"));
        let timers = self.timers.iter().map(|(name, _)| name.clone());
        own.chain(facts)
            .chain(identity)
            .chain(timers)
            .chain(["phone.sends".to_owned(), "phone.receives".to_owned()])
            .collect()
    }
}

impl Compiler<'_> {
    fn ask(&self, question: Question, kind: Type, number: bool) -> Answer {
        Answer::Ask { query: Query(intern(&mut self.questions.borrow_mut(), question) as u32), kind, number }
    }
}

impl Identity {
    fn kind(self) -> Type {
        match self {
            Identity::Name | Identity::Model | Identity::Load => Type::Text,
            Identity::Mac => Type::Mac,
            Identity::Ip | Identity::CallManager => Type::Ip,
            Identity::Vlan => Type::Number,
            Identity::Dn => Type::Text,
        }
    }
}
