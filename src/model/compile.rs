//! The parts of models → models: names become places, expressions are checked, and every error has its place.

use std::cell::RefCell;
use std::collections::HashMap;

use super::kept::Kept;
use super::read::{Initial, Raw, RawState, Text};
use super::row::{Part, RowText, Wrong, row};
use super::run::Run;
use super::waiting::{RowsAt, Waiting};
use super::{
    Action, Fact, FindingDef, Identity, Late, Model, ModelError, Models, Name, Of, Question, Row, Site, State, Subject,
    Until, Var, example,
};
use crate::event::{EventDef, FieldDef, Schema, Value, nearest};
use crate::expr::{Expr, ExprError, Names, Shared, Type};

mod actions;
mod names;
mod texts;

/// More states than this would not fit the set of states that a run has seen.
const MOST_STATES: usize = 64;

/// Compiles all models together: they share facts and ask for each other's outcome.
/// What is `sound` was found to be right by tests.
pub(super) fn compile(raws: &[Raw], schema: &Schema, site: &Site, sound: bool) -> (Models, Vec<ModelError>) {
    let mut errors = Vec::new();
    let facts = facts(raws, &mut errors);
    let ids: Vec<&str> = raws.iter().map(|raw| raw.id.value.as_ref()).collect();
    let site_names = RefCell::new(Vec::new());
    let begin = |fact: &Fact| match site.values.get(&fact.name) {
        Some(values) if fact.list => Kept::of(values.iter().cloned()),
        Some(values) => Kept::of(values.iter().take(1).cloned()),
        None => Kept::default(),
    };
    let mut models = Models {
        list: Vec::with_capacity(raws.len()),
        begin: facts.iter().map(begin).collect(),
        facts,
        site: Vec::new(),
        site_names: Vec::new(),
        regions: site.regions.clone(),
        waiting: Waiting::default(),
        shared: Shared::default(),
    };
    for (number, raw) in raws.iter().enumerate() {
        if ids.iter().take(number).any(|id| *id == raw.id.value) {
            errors.push(raw.error(&raw.id, format!("there is a model `{}` already", raw.id.value)));
        }
        let compiler = Compiler::new(number, raw, schema, &models.facts, &ids, site, &site_names, sound);
        let mut model = compiler.model();
        share(&mut model, &mut models.shared);
        errors.extend(compiler.errors.into_inner());
        models.list.push(model);
    }
    models.site_names = site_names.into_inner();
    models.site = models.site_names.iter().map(|name: &String| site.values.get(name).cloned()).collect();
    for (number, model) in models.list.iter_mut().enumerate() {
        models.waiting.add(number, model);
    }
    models.waiting.seal();
    (models, errors)
}

/// What guards ask of a message is worked out once for all of them.
fn share(model: &mut Model, shared: &mut Shared) {
    for row in &mut model.rows {
        let raised = row.actions.iter_mut().filter_map(|action| match action {
            Action::Raise { when, .. } => when.as_mut(),
            _ => None,
        });
        raised.chain(&mut row.guard).for_each(|guard| shared.guard(guard));
    }
    model.keys.iter_mut().flatten().for_each(|key| shared.value(key));
    let untils = model.states.iter_mut().flat_map(|state| &mut state.until);
    untils.filter_map(|until| until.guard.as_mut()).for_each(|guard| shared.guard(guard));
}

fn facts(raws: &[Raw], errors: &mut Vec<ModelError>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for raw in raws {
        for (name, meaning) in &raw.facts {
            let (kind, rest) = meaning.value.split_once(':').unwrap_or((&meaning.value, ""));
            let (list, kind) = match kind.trim() {
                "list" => (true, Type::Any),
                "number" => (false, Type::Number),
                "text" => (false, Type::Text),
                "flag" => (false, Type::Bool),
                "address" => (false, Type::Ip),
                "mac" => (false, Type::Mac),
                "time" => (false, Type::Time),
                "value" => (false, Type::Any),
                _ => {
                    let error = raw.error(meaning, "a fact is described as \"type: meaning\"");
                    errors.push(error.hint("types are list, number, text, flag, address, mac, time, value"));
                    continue;
                }
            };
            let reserved = ["sends", "receives"].contains(&name.value.as_ref());
            if reserved || Identity::ALL.iter().any(|(known, _)| *known == name.value) {
                errors.push(
                    raw.error(name, format!("`phone.{}` is known of every phone, and no model may set it", name.value)),
                );
                continue;
            }
            let fact = Fact { name: name.value.to_string(), list, meaning: rest.trim().to_owned(), kind };
            match facts.iter().find(|known| known.name == fact.name) {
                Some(known) if known.list != list || known.kind != kind => {
                    errors
                        .push(raw.error(meaning, format!("another model describes `phone.{}` differently", fact.name)));
                }
                Some(_) => {}
                None => facts.push(fact),
            }
        }
    }
    facts
}

struct Compiler<'c> {
    number: usize,
    raw: &'c Raw,
    schema: &'c Schema,
    facts: &'c [Fact],
    ids: &'c [&'c str],
    site: &'c Site,
    site_names: &'c RefCell<Vec<String>>,
    sound: bool,
    errors: RefCell<Vec<ModelError>>,
    states: Vec<Text>,
    rows: Vec<Result<RowText<'c>, Wrong>>,
    keep: Vec<Var>,
    each: Vec<Var>,
    timers: Vec<(String, f64)>,
    names: RefCell<Vec<Name>>,
    questions: RefCell<Vec<Question>>,
    events: RefCell<Vec<&'static EventDef>>,
    fields: RefCell<Vec<&'static FieldDef>>,
    tracked: RefCell<Vec<usize>>,
    asks: RefCell<Vec<usize>>,
}

impl<'c> Compiler<'c> {
    #[expect(clippy::too_many_arguments, reason = "what all models share, and this one's own")]
    fn new(
        number: usize,
        raw: &'c Raw,
        schema: &'c Schema,
        facts: &'c [Fact],
        ids: &'c [&'c str],
        site: &'c Site,
        site_names: &'c RefCell<Vec<String>>,
        sound: bool,
    ) -> Compiler<'c> {
        let mut compiler = Compiler {
            number,
            raw,
            schema,
            facts,
            ids,
            site,
            site_names,
            sound,
            errors: RefCell::default(),
            states: Vec::new(),
            rows: raw.rows.iter().map(|text| row(&text.value)).collect(),
            keep: raw.keep.iter().map(var).collect(),
            each: raw.each.iter().map(var).collect(),
            timers: Vec::new(),
            names: RefCell::default(),
            questions: RefCell::default(),
            events: RefCell::default(),
            fields: RefCell::default(),
            tracked: RefCell::default(),
            asks: RefCell::default(),
        };
        compiler.states = compiler.state_names();
        compiler.timers = compiler.timers();
        compiler
    }

    fn tell(&self, error: ModelError) {
        self.errors.borrow_mut().push(error);
    }

    fn model(&self) -> Model {
        let raw = self.raw;
        self.check_names();
        let start = self.state(&raw.start, Part::whole(&raw.start.value)).unwrap_or_default();
        let subject = Subject::ALL.iter().find(|(name, _)| *name == raw.subject.value).map(|(_, subject)| *subject);
        if subject.is_none() && !raw.subject.value.is_empty() {
            let names: Vec<&str> = Subject::ALL.iter().map(|(name, _)| *name).collect();
            self.tell(raw.error(&raw.subject, "this is no subject").hint(format!("subjects are {}", names.join(", "))));
        }
        let findings: Vec<FindingDef> = raw.findings.iter().map(|finding| self.finding(finding)).collect();
        let mut rows: Vec<Row> = Vec::with_capacity(raw.rows.len());
        rows.extend(raw.rows.iter().zip(&self.rows).filter_map(|(text, row)| self.row(text, row)));
        let joins: Vec<usize> = raw.join.iter().filter_map(|text| self.state(text, Part::whole(&text.value))).collect();
        let accepts: Vec<usize> =
            raw.accept.iter().filter_map(|text| self.state(text, Part::whole(&text.value))).collect();
        let mut states: Vec<State> =
            self.states.iter().enumerate().map(|(at, name)| self.state_of(at, name, accepts.contains(&at))).collect();
        for (at, state) in states.iter_mut().enumerate() {
            let leaves = rows.iter().any(|row| row.from.contains(&at) && row.to.is_some_and(|to| to != at));
            state.ends = !leaves && state.within.is_none();
        }
        let keys: HashMap<usize, Vec<Expr>> = raw
            .keys
            .iter()
            .filter_map(|(event, keys)| {
                let at = self.event(event, Part::whole(&event.value))?;
                Some((at, keys.iter().filter_map(|key| self.expr(key, Part::whole(&key.value), Use::Value)).collect()))
            })
            .collect();
        let examples = raw.examples.iter().filter_map(|example| {
            example::compile(raw, example, self.schema, self.facts)
                .map_err(|errors| errors.into_iter().for_each(|e| self.tell(e)))
                .ok()
        });
        let examples = examples.collect();
        let events = self.events.borrow().clone();
        let tracked = self.tracked.borrow();
        let tracks =
            (0..events.len()).map(|event| tracked.iter().position(|t| *t == event).map(|at| at as u16)).collect();
        let mut keys = keys;
        let keys: Vec<Vec<Expr>> = (0..events.len()).map(|event| keys.remove(&event).unwrap_or_default()).collect();
        Model {
            id: raw.id.value.as_ref().into(),
            title: raw.title.value.to_string(),
            sources: raw.sources.iter().map(|text| text.value.to_string()).collect(),
            subject: subject.unwrap_or(Subject::Phone),
            start,
            fresh: Run::fresh(self.number, start),
            keyed: !raw.keys.is_empty(),
            keep: raw.keep.iter().map(var).collect(),
            each: raw.each.iter().map(var).collect(),
            names: self.names.borrow().clone(),
            questions: self.questions.borrow().clone(),
            asks: self.asks.borrow().clone(),
            timers: self.timers.clone(),
            file: raw.file.clone(),
            text: raw.source.clone(),
            states,
            rows,
            findings,
            examples,
            fields: self.fields.borrow().clone(),
            events,
            rows_at: RowsAt::default(),
            joins,
            keys,
            tracks,
        }
    }

    /// Every state is named by `start`, or by a row or a deadline that leads to or from it.
    fn state_names(&self) -> Vec<Text> {
        let mut names: Vec<Text> = Vec::new();
        let mut add = |text: &Text, part: Part<'_>| {
            let known = names.iter().any(|name| name.value == part.text);
            if !known && !part.text.is_empty() && !["=", "*"].contains(&part.text) {
                names.push(Text { value: text.part(part), span: text.span.clone() });
            }
        };
        add(&self.raw.start, Part::whole(&self.raw.start.value));
        for (text, row) in self.raw.rows.iter().zip(&self.rows) {
            if let Ok(row) = row {
                row.from.iter().for_each(|part| add(text, *part));
                add(text, row.to);
            }
        }
        for late in self.raw.states.iter().flat_map(|state| &state.late) {
            if let Some(to) = &late.to {
                add(to, Part::whole(&to.value));
            }
        }
        if names.len() > MOST_STATES {
            self.tell(self.raw.error(&self.raw.id, format!("a model has at most {MOST_STATES} states")));
        }
        names
    }

    fn timers(&self) -> Vec<(String, f64)> {
        let mut timers = Vec::new();
        for (name, text) in &self.raw.timers {
            let own = Expr::value(&text.value, self.schema, &Timers(&timers));
            match own {
                Ok(expr) => {
                    let named = format!("{}.{}", self.raw.id.value, name.value);
                    let seconds = self.site.timers.get(&named).copied().or_else(|| expr.number(&Nothing));
                    match seconds {
                        Some(seconds) => timers.push((name.value.to_string(), seconds)),
                        None => self.tell(self.raw.error(text, "this is no length of time").hint("write \"60s\"")),
                    }
                }
                Err(error) => self.tell(self.located(text, 0, error)),
            }
        }
        timers
    }

    /// Names must not hide each other, nor look like a field.
    fn check_names(&self) {
        let raw = self.raw;
        let mut known: Vec<&str> = Vec::new();
        let names = raw.keep.iter().map(|(name, _)| name).chain(raw.each.iter().map(|(name, _)| name));
        for name in names.chain(raw.timers.iter().map(|(name, _)| name)) {
            let plain = name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !plain || name.value.starts_with(|c: char| c.is_ascii_digit()) {
                self.tell(raw.error(name, "a name is made of letters, digits and `_`"));
            }
            if known.contains(&name.value.as_ref()) {
                self.tell(raw.error(name, format!("there is a `{}` already", name.value)));
            }
            known.push(&name.value);
        }
        if let Some(of) = raw.each_of.as_ref().filter(|of| of.value != "phone") {
            self.tell(raw.error(of, "only each phone of a run can be looked at").hint("write `[each.phone]`"));
        }
        for state in &raw.states {
            if !self.states.iter().any(|known| known.value == state.name.value) {
                let near = nearest(&state.name.value, self.states.iter().map(|state| state.value.as_ref()));
                self.tell(raw.error(&state.name, format!("no row knows the state `{}`", state.name.value)).maybe(near));
            }
        }
    }

    fn state(&self, text: &Text, part: Part<'_>) -> Option<usize> {
        let found = self.states.iter().position(|state| state.value == part.text);
        if found.is_none() && !part.text.is_empty() {
            let near = nearest(part.text, self.states.iter().map(|state| state.value.as_ref()));
            self.tell(self.raw.error_in(text, part.at, format!("there is no state `{}`", part.text)).maybe(near));
        }
        found
    }

    fn event(&self, text: &Text, part: Part<'_>) -> Option<usize> {
        let Some(def) = self.schema.event(part.text) else {
            let near = nearest(part.text, self.schema.events().iter().map(|event| event.name));
            self.tell(self.raw.error_in(text, part.at, format!("there is no event `{}`", part.text)).maybe(near));
            return None;
        };
        Some(self.intern_event(def))
    }

    fn intern_event(&self, def: &'static EventDef) -> usize {
        intern(&mut self.events.borrow_mut(), def)
    }

    fn located(&self, text: &Text, at: usize, error: ExprError) -> ModelError {
        ModelError { hint: error.hint, ..self.raw.error_in(text, at + error.at, error.what) }
    }

    fn expr(&self, text: &Text, part: Part<'_>, wanted: Use) -> Option<Expr> {
        let checked = match wanted {
            Use::Value | Use::Kept => Expr::value(part.text, self.schema, self),
            Use::Guard | Use::LateGuard => Expr::guard(part.text, self.schema, self),
        };
        match checked {
            Ok(expr) => {
                expr.fields(&mut |def| {
                    intern(&mut self.fields.borrow_mut(), def);
                });
                if matches!(wanted, Use::Value | Use::Kept) && expr.gives_secret() {
                    let error = self.raw.error_in(text, part.at, "a secret is neither kept nor shown");
                    self.tell(error.hint("a guard may ask whether it is there, or compare it"));
                }
                if matches!(wanted, Use::LateGuard | Use::Kept) && self.rests_on_event(&expr) {
                    let error = self.raw.error_in(text, part.at, "no message is at hand when a deadline fires");
                    self.tell(error.hint("keep what is needed in a variable when its message comes"));
                }
                Some(expr)
            }
            Err(error) => {
                self.tell(self.located(text, part.at, error));
                None
            }
        }
    }

    fn rests_on_event(&self, expr: &Expr) -> bool {
        let mut rests = expr.names_fields();
        expr.slots(&mut |slot| {
            let name = self.names.borrow().get(slot.0 as usize).copied();
            rests |= matches!(name, Some(Name::Sends | Name::Receives));
        });
        rests
    }

    fn state_of(&self, at: usize, name: &Text, accept: bool) -> State {
        let empty = RawState::default();
        let raw = self.raw.states.iter().find(|state| state.name.value == name.value).unwrap_or(&empty);
        let label = raw.title.as_ref().map_or_else(|| name.value.replace('-', " "), |title| title.value.to_string());
        let within = raw.within.as_ref().and_then(|text| {
            let expr = self.expr(text, Part::whole(&text.value), Use::Value)?;
            if !matches!(expr.kind(), Type::Number | Type::Any) {
                self.tell(
                    self.raw.error(text, format!("a deadline is a length of time, this is {}", expr.kind().name())),
                );
            }
            Some(expr)
        });
        let until = raw.until.iter().filter_map(|text| self.until(text)).collect();
        let late: Vec<Late> = raw.late.iter().map(|late| self.late(at, late)).collect();
        if within.is_none() && (!late.is_empty() || !raw.until.is_empty()) {
            self.tell(self.raw.error(&raw.name, format!("the state `{}` has no `within`", name.value)));
        }
        State {
            name: name.value.as_ref().into(),
            label: label.as_str().into(),
            accept,
            ends: false,
            limit: raw.within.as_ref().map(|text| text.value.to_string()),
            within,
            until,
            late,
        }
    }

    fn until(&self, text: &Text) -> Option<Until> {
        match Part::whole(&text.value).events() {
            Ok((events, guard)) => Some(Until {
                events: events.into_iter().filter_map(|event| self.event(text, event)).collect(),
                guard: guard.and_then(|guard| self.expr(text, guard, Use::Guard)),
            }),
            Err((at, what)) => {
                self.tell(self.raw.error_in(text, at, what));
                None
            }
        }
    }

    fn late(&self, _at: usize, late: &super::read::RawLate) -> Late {
        let guard = |text: &Text| self.expr(text, Part::whole(&text.value), Use::LateGuard);
        let mut actions = Vec::new();
        if let Some(text) = &late.raise {
            let each = late.each.as_ref().and_then(guard);
            if let Some(finding) = self.finding_of(text, Part::whole(&text.value)) {
                self.late_finding(finding);
                actions.push(Action::Raise {
                    finding,
                    of: if each.is_some() { Of::Each } else { Of::Run },
                    when: each,
                });
            }
        } else if let Some(text) = &late.each {
            self.tell(self.raw.error(text, "`each` wants a `raise`"));
        }
        if let Some(text) = &late.act {
            actions.extend(self.actions(text, Part::whole(&text.value), Use::LateGuard));
        }
        let to = late.to.as_ref().and_then(|text| self.state(text, Part::whole(&text.value)));
        if actions.is_empty() && to.is_none() {
            self.tell(self.raw.error(&late.place, "this does nothing").hint("give it `raise`, `to` or `do`"));
        }
        Late { when: late.when.as_ref().and_then(guard), actions: actions.into(), to }
    }

    /// A finding that a deadline raises cannot name a message.
    fn late_finding(&self, finding: usize) {
        let Some(raw) = self.raw.findings.get(finding) else { return };
        for text in raw.with.iter().map(|(_, text)| text).chain(&raw.needs) {
            if let Ok(expr) = Expr::value(&text.value, self.schema, self)
                && self.rests_on_event(&expr)
            {
                let what = format!("a deadline raises {}: no message is at hand then", raw.id.value);
                self.tell(self.raw.error(text, what).hint("keep what is needed in a variable when its message comes"));
            }
        }
    }

    fn row(&self, text: &Text, parts: &Result<RowText<'_>, Wrong>) -> Option<Row> {
        let parts = match parts {
            Ok(parts) => parts,
            Err((at, what)) => {
                self.tell(
                    self.raw.error_in(text, *at, *what).hint("a row is `FROM EVENT [when GUARD] -> TO [{ actions }]`"),
                );
                return None;
            }
        };
        let mut from: Vec<usize> = Vec::new();
        for part in &parts.from {
            match part.text {
                "*" => from = (0..self.states.len()).collect(),
                _ => from.extend(self.state(text, *part)),
            }
        }
        let mut by = Vec::new();
        for part in &parts.events {
            if let Some(event) = self.event(text, *part) {
                by.extend(self.events.borrow().get(event).copied());
            }
        }
        let guard = parts.guard.and_then(|guard| self.expr(text, guard, Use::Guard));
        let to = if parts.to.text == "=" { None } else { self.state(text, parts.to) };
        // To the only state it leads from is to stay.
        let to = to.filter(|to| from != [*to]);
        let (from, by) = (from.into(), by.into());
        let actions = parts.actions.iter().filter_map(|action| self.action(text, action, Use::Guard)).collect();
        Some(Row { from, by, when: parts.guard.map(|guard| text.part(guard)), to, guard, actions })
    }

    fn finding_of(&self, text: &Text, part: Part<'_>) -> Option<usize> {
        let found = self.raw.findings.iter().position(|finding| finding.id.value == part.text);
        if found.is_none() {
            let near = nearest(part.text, self.raw.findings.iter().map(|finding| finding.id.value.as_ref()));
            let error = self.raw.error_in(text, part.at, format!("there is no finding `{}` in this model", part.text));
            self.tell(error.maybe(near));
        }
        found
    }
}

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Value,
    Guard,
    /// In `late`: no event is at hand.
    LateGuard,
    /// A value in `late`.
    Kept,
}

fn intern<T: PartialEq>(list: &mut Vec<T>, one: T) -> usize {
    list.iter().position(|known| *known == one).unwrap_or_else(|| {
        list.push(one);
        list.len() - 1
    })
}

fn var((name, initial): &(Text, Initial)) -> Var {
    let kind = match initial.values.first() {
        Some(Value::Uint(_) | Value::Float(_)) => Type::Number,
        Some(Value::Bool(_)) => Type::Bool,
        Some(Value::Text(_)) => Type::Text,
        _ => Type::Any,
    };
    Var { name: name.value.to_string(), kind, list: initial.list, initial: Kept::of(initial.values.iter().cloned()) }
}

/// The timers declared so far: one may be computed from another.
struct Timers<'t>(&'t [(String, f64)]);

impl Names for Timers<'_> {
    fn constant(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(timer, _)| timer == name).map(|(_, seconds)| *seconds)
    }
}

struct Nothing;

impl crate::expr::Scope for Nothing {
    fn field(&self, _def: &'static FieldDef, _found: &mut dyn FnMut(&Value<'_>)) {}
}
