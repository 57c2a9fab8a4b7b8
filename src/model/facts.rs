//! What the models found out about phones: facts that outlive runs, for a report that compares phones.

use std::sync::Arc;

use super::engine::Engine;
use super::view::PhoneRoom;
use super::{Fact, Models};
use crate::event::Value;
use crate::finding::PhoneId;

/// Who can tell the facts of a phone.
pub trait Knows: std::fmt::Debug {
    /// Every fact that is known of a phone, with its values.
    fn facts(&self, phone: PhoneId, found: &mut dyn FnMut(&Fact, &[Value<'static>]));

    /// The values of one fact as text; none if it is not known.
    fn fact_texts(&self, phone: PhoneId, name: &str) -> Vec<String> {
        let mut texts = Vec::new();
        self.facts(phone, &mut |fact, values| {
            if fact.name == name {
                texts = values.iter().map(ToString::to_string).collect();
            }
        });
        texts
    }
}

/// The facts of all phones, at the end.
#[derive(Debug)]
pub struct Facts {
    models: Arc<Models>,
    phones: Vec<PhoneRoom>,
}

impl Knows for Facts {
    fn facts(&self, phone: PhoneId, found: &mut dyn FnMut(&Fact, &[Value<'static>])) {
        tell(&self.models, &self.phones, phone, found);
    }
}

impl Knows for Engine {
    fn facts(&self, phone: PhoneId, found: &mut dyn FnMut(&Fact, &[Value<'static>])) {
        tell(&self.models, &self.phones, phone, found);
    }
}

impl Engine {
    /// The facts, of an engine that has finished.
    pub fn into_facts(self) -> Facts {
        Facts { models: self.models, phones: self.phones }
    }
}

fn tell(models: &Models, phones: &[PhoneRoom], phone: PhoneId, found: &mut dyn FnMut(&Fact, &[Value<'static>])) {
    let Some(room) = phones.get(phone.0 as usize) else { return };
    if room.runs.is_empty() {
        return;
    }
    for (at, fact) in models.facts.iter().enumerate() {
        if let Some(kept) = room.fact(models, at).filter(|kept| kept.known && !kept.values.is_empty()) {
            found(fact, &kept.values);
        }
    }
}
