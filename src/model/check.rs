//! Lint: what is not wrong in itself, but cannot be meant. States nobody reaches or leaves, findings nobody raises,
//! variables nobody reads, examples that are missing.

use std::sync::Arc;

use super::read::Raw;
use crate::event::nearest;

use super::{Action, Model, ModelError, Models, Name, example};

/// All that can be said of a model without running it. What is said here are warnings but for a state that no row
/// leads to, which is an error.
pub(super) fn lint(raw: &Raw, model: &Model) -> Vec<ModelError> {
    let mut told = Vec::new();
    states(raw, model, &mut told);
    findings(raw, model, &mut told);
    variables(raw, model, &mut told);
    rows(raw, model, &mut told);
    told
}

/// Runs the examples of all models, and tells which are missing. `models lint` and the tests use it.
pub fn examples(models: &Arc<Models>) -> Vec<ModelError> {
    let mut told = Vec::new();
    for (number, model) in models.list.iter().enumerate() {
        told.extend(example::run(models, number));
        let tell = |what: String| ModelError {
            file: model.file.clone(),
            line: 1,
            column: 1,
            what,
            hint: Some("a model carries an example that passes, and one for each finding".to_owned()),
            warning: true,
        };
        if !model.examples.iter().any(|example| example.passes(models, number)) {
            told.push(tell("no example passes".to_owned()));
        }
        for finding in &model.findings {
            if !model.examples.iter().any(|example| example.finds().any(|id| *id == *finding.id)) {
                told.push(tell(format!("no example finds {}", finding.id)));
            }
        }
    }
    told
}

fn states(raw: &Raw, model: &Model, told: &mut Vec<ModelError>) {
    let mut reached: Vec<usize> = std::iter::once(model.start).chain(model.joins.iter().copied()).collect();
    let mut at = 0;
    while let Some(state) = reached.get(at).copied() {
        at += 1;
        let by_row = model.rows.iter().filter(|row| row.from.contains(&state)).filter_map(|row| row.to);
        let by_time = model.states.get(state).into_iter().flat_map(|state| &state.late).filter_map(|late| late.to);
        for to in by_row.chain(by_time) {
            if !reached.contains(&to) {
                reached.push(to);
            }
        }
    }
    let place = |name: &str| {
        raw.states
            .iter()
            .find(|state| state.name.value == name)
            .map(|state| &state.name)
            .or_else(|| raw.rows.iter().find(|row| row.value.contains(name)))
    };
    for (number, state) in model.states.iter().enumerate() {
        let at = place(&state.name).unwrap_or(&raw.start);
        if !reached.contains(&number) {
            let error = raw.error(at, format!("nothing leads to the state `{}`", state.name));
            told.push(error.hint("name it in a row or in `join`, or remove it"));
        } else if state.ends && !state.accept && model.subject.is_flow() {
            let error =
                raw.error(at, format!("nothing leads out of the state `{}`, and it accepts nothing", state.name));
            let others = model.states.iter().filter(|other| other.name != state.name).map(|other| &*other.name);
            let hint = match nearest(&state.name, others) {
                Some(near) => {
                    format!("did you mean `{near}`? Else give it a row or a deadline, or name it in `accept`")
                }
                None => "give it a row or a deadline, or name it in `accept`".to_owned(),
            };
            told.push(error.hint(hint).warning());
        }
    }
    waits(raw, model, told);
    if model.subject.is_flow() && !raw.accept.is_empty() {
        let passes = |state: &usize| model.states.get(*state).is_some_and(|state| state.accept);
        if !reached.iter().any(passes) {
            told.push(raw.error(&raw.id, "no way leads to a state in `accept`: this model never passes").warning());
        }
    }
    if model.subject.is_flow() && raw.accept.is_empty() {
        told.push(raw.error(&raw.id, "no state is in `accept`: this model never passes").warning());
    }
}

/// Deadlines that do nothing, never end, or are never looked at.
fn waits(raw: &Raw, model: &Model, told: &mut Vec<ModelError>) {
    for (number, state) in model.states.iter().enumerate() {
        let Some(text) = raw.states.iter().find(|text| text.name.value == *state.name) else { continue };
        if state.within.is_some() && state.late.is_empty() {
            let error = raw.error(&text.name, format!("nothing happens when the time of `{}` is over", state.name));
            told.push(error.hint("say what in `late`, or leave `within` away").warning());
        }
        if state.late.iter().rev().skip(1).any(|late| late.when.is_none()) {
            let error = raw.error(&text.name, format!("an entry of `late` of `{}` is never looked at", state.name));
            told.push(error.hint("one before it has no `when`").warning());
        }
        // Behind others it is what waits for one of them to hold.
        let endless = |late: &super::Late| late.when.is_none() && late.to == Some(number) && late.actions.is_empty();
        if state.late.first().is_some_and(endless) {
            let error = raw.error(&text.name, format!("`{}` waits without end", state.name));
            told.push(error.hint("give the entry of `late` that waits once more a `when`").warning());
        }
    }
}

/// Calls `found` with every action of a model.
fn actions<'m>(model: &'m Model, found: &mut dyn FnMut(&'m Action)) {
    let late = model.states.iter().flat_map(|state| &state.late).flat_map(|late| &late.actions);
    model.rows.iter().flat_map(|row| &row.actions).chain(late).for_each(found);
}

fn findings(raw: &Raw, model: &Model, told: &mut Vec<ModelError>) {
    for (number, finding) in raw.findings.iter().enumerate() {
        let mut raised = false;
        actions(model, &mut |action| raised |= matches!(action, Action::Raise { finding, .. } if *finding == number));
        if !raised {
            told.push(raw.error(&finding.id, format!("nothing raises {}", finding.id.value)).warning());
        }
        if raw.findings.iter().take(number).any(|other| other.id.value == finding.id.value) {
            told.push(raw.error(&finding.id, format!("there is a {} already", finding.id.value)));
        }
    }
}

fn variables(raw: &Raw, model: &Model, told: &mut Vec<ModelError>) {
    let read = |name: Name| model.names.contains(&name);
    for (number, (text, _)) in raw.keep.iter().enumerate() {
        if !read(Name::Kept(number)) {
            told.push(raw.error(text, format!("nothing reads `{}`", text.value)).warning());
        }
    }
    for (number, (text, _)) in raw.each.iter().enumerate() {
        if !read(Name::Child(number)) {
            told.push(raw.error(text, format!("nothing reads `{}`", text.value)).warning());
        }
    }
    // A timer leaves no trace in a checked expression: it is searched as a word.
    for (text, _) in &raw.timers {
        let own = text.span.clone();
        let used = model.text.match_indices(&*text.value).any(|(at, _)| {
            let word = |c: Option<char>| c.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '_'));
            let before = model.text.get(..at).and_then(|before| before.chars().last());
            let after = model.text.get(at + text.value.len()..).and_then(|after| after.chars().next());
            !own.contains(&at) && word(before) && word(after)
        });
        if !used {
            told.push(raw.error(text, format!("nothing uses the timer `{}`", text.value)).warning());
        }
    }
}

/// A row after one without a condition, for the same states and events, is never taken.
fn rows(raw: &Raw, model: &Model, told: &mut Vec<ModelError>) {
    if raw.rows.len() != model.rows.len() {
        return;
    }
    for (number, (row, text)) in model.rows.iter().zip(&raw.rows).enumerate() {
        let covered = row.from.iter().all(|from| {
            row.by.iter().all(|by| {
                model
                    .rows
                    .iter()
                    .take(number)
                    .any(|other| other.guard.is_none() && other.from.contains(from) && other.by.contains(by))
            })
        });
        if covered && !row.from.is_empty() && !row.by.is_empty() {
            told.push(raw.error(text, "an earlier row takes every such event: this one is never reached").warning());
        }
    }
}
