//! Everything that may be named, and the nearest name to a wrong one.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::{EventDef, FieldDef, ORIGIN_FIELDS};

/// Everything that may be named: fields and events of all protocols, of the frame and of the phone.
#[derive(Debug, Default)]
pub struct Schema {
    fields: Vec<&'static FieldDef>,
    events: Vec<&'static EventDef>,
    fields_by_name: HashMap<&'static str, &'static FieldDef, FixedState>,
    events_by_name: HashMap<&'static str, &'static EventDef, FixedState>,
}

impl Schema {
    /// From lists of fields and events. The fields of the frame are always among them.
    pub fn new(
        fields: impl IntoIterator<Item = &'static [&'static FieldDef]>,
        events: impl IntoIterator<Item = &'static [&'static EventDef]>,
    ) -> Schema {
        let mut schema = Schema::default();
        let mut listed = HashSet::<usize, FixedState>::default();
        for def in ORIGIN_FIELDS.iter().chain(fields.into_iter().flatten()) {
            // Two files may list the same definition.
            if listed.insert(std::ptr::from_ref(*def).addr()) {
                schema.fields.push(def);
                schema.fields_by_name.entry(def.name).or_insert(def);
            }
        }
        for def in events.into_iter().flatten() {
            schema.events.push(def);
            schema.events_by_name.entry(def.name).or_insert(def);
        }
        schema
    }

    /// With more fields and events; a name that is already there keeps its meaning.
    pub fn and(mut self, fields: &'static [&'static FieldDef], events: &'static [&'static EventDef]) -> Schema {
        for def in fields {
            if !self.fields_by_name.contains_key(def.name) {
                self.fields.push(def);
                self.fields_by_name.insert(def.name, def);
            }
        }
        for def in events {
            if !self.events_by_name.contains_key(def.name) {
                self.events.push(def);
                self.events_by_name.insert(def.name, def);
            }
        }
        self
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static FieldDef> {
        self.fields_by_name.get(name).copied()
    }

    /// The event of that name.
    pub fn event(&self, name: &str) -> Option<&'static EventDef> {
        self.events_by_name.get(name).copied()
    }

    /// All fields, protocol by protocol.
    pub fn fields(&self) -> &[&'static FieldDef] {
        &self.fields
    }

    /// All events, protocol by protocol.
    pub fn events(&self) -> &[&'static EventDef] {
        &self.events
    }

    /// The declared name nearest to `name`, for "did you mean".
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        let names = self.fields.iter().map(|f| f.name).chain(self.events.iter().map(|e| e.name));
        nearest(name, names)
    }
}

/// The nearest of several names, if any is near enough to be meant.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&name.to_ascii_lowercase(), &known.to_ascii_lowercase()), known))
        .filter(|(near, _)| *near > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
