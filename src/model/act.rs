//! What a row or a deadline does: it sets variables and facts, and raises findings.

use std::sync::Arc;

use super::engine::{Concerned, Engine, Hand, Silence, Sink};
use super::kept::Kept;
use super::run::{KEPT, Run};
use super::view::View;
use super::{Action, Change, Cites, Model, Models, Of, Piece, Subject, Target, Var};
use crate::event::Value;
use crate::expr::{Expr, Truth};
use crate::finding::{Finding, PhoneId, Severity, keep_ends};

/// Of a finding that comes again and again, so many silences are looked at again in the end.
const SILENCES: u32 = 4;
/// So many messages of one state that nothing followed are no single silence.
const AGAIN: usize = 4;

impl Engine {
    /// Does actions in order; returns whether one of them restarts the deadline.
    #[expect(clippy::too_many_arguments, reason = "the run, its actions, and the event at hand")]
    pub(super) fn act(
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
                Action::Forget => run.forget(),
                Action::Retract(finding) => self.retract(model, run, *finding, hand),
                Action::Clear(target) => {
                    // A fact is again what the site says of every phone.
                    let fact = if let Target::Fact(at) = target { models.begin.get(*at) } else { None };
                    self.store(models, model, run, *target, hand, concerned, |kept, initial| {
                        kept.begin_again(initial.map(|var| &var.initial).or(fact));
                    });
                }
                Action::Set(target, change, expr) => {
                    self.set(models, model, run, (*target, *change, expr), hand, concerned)
                }
                Action::Raise { finding, when, of: of @ (Of::Run | Of::Here) } => {
                    let here = hand.phone.filter(|_| *of == Of::Here);
                    let child = here.and_then(|phone| run.children.iter().position(|one| one.phone == phone));
                    match when.as_ref().map_or(Truth::True, |when| when.truth(&self.view(models, model, run, hand))) {
                        Truth::True => self.raise(models, model, run, *finding, child, hand, out),
                        Truth::Unknown => doubt_finding(model, run, *finding, "what it rests on is not known"),
                        Truth::False => {}
                    }
                }
                Action::Raise { finding, when, of: Of::Each } => {
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

    /// Takes back what was found of the phone at hand: a later message shows that the capture missed an earlier one.
    fn retract(&mut self, model: &Model, run: &mut Run, number: usize, hand: &Hand<'_>) {
        let Some(def) = model.findings.get(number) else { return };
        let of_it = |finding: &Finding| match (model.each.is_empty(), hand.phone) {
            (false, Some(phone)) => finding.phones.contains(&phone),
            _ => true,
        };
        let taken = run.found.extract_if(.., |finding| finding.id == def.id && of_it(finding));
        let serials: Vec<u32> = taken.map(|finding| finding.serial).collect();
        if serials.is_empty() {
            return;
        }
        if def.severity == Severity::Fail
            && let Some(fails) = self.fails.get_mut(&run.number)
        {
            *fails = fails.saturating_sub(serials.len());
        }
        self.silent.retain(|silence| !serials.contains(&silence.serial));
        self.withdrawn.extend(serials);
        doubt_finding(model, run, number, "what came later shows that the capture missed what it rests on");
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
        if let (Target::Kept(at), Change::Put, Some(value)) = (target, change, expr.constant()) {
            run.put(&model.keep, at, value);
            return;
        }
        let mut values = std::mem::take(&mut self.scratch);
        values.clear();
        let (before, list) = self.before(models, model, run, target, hand);
        let before = before.filter(|_| change == Change::Put);
        // Most often it holds already what is to be put there, and nothing is copied.
        let (mut same, mut count) = (before.is_some(), 0);
        let held = |count: usize| before.and_then(|kept| kept.values.get(count));
        let known = expr.values(&self.view(models, model, run, hand), &mut |value| {
            if !list && count > 0 {
                return;
            }
            if same && held(count) != Some(value) {
                same = false;
                values.extend((0..count).filter_map(held).cloned());
            }
            if !same {
                values.push(value.clone().into_owned());
            }
            count += 1;
        });
        if let Some(kept) = before.filter(|_| same) {
            if count == kept.values.len() && known == kept.known {
                self.scratch = values;
                return;
            }
            values.extend((0..count).filter_map(held).cloned());
        }
        // Several phones may be concerned: then each takes a copy.
        let one = match target {
            Target::Kept(_) => true,
            Target::Fact(_) => hand.phone.is_some() || run.phones.len() <= 1,
            Target::Child(_) => false,
        };
        let mut copy = Vec::new();
        self.store(models, model, run, target, hand, concerned, |kept, _| {
            let values = if one {
                &mut values
            } else {
                copy.clone_from(&values);
                &mut copy
            };
            match change {
                Change::Put => kept.put(known, values, list),
                Change::Add => {
                    // What nobody has set before is begun.
                    kept.known |= kept.values.is_empty() && matches!(target, Target::Fact(_));
                    kept.add(known, values, list);
                }
                Change::Take => kept.take(known, values, list),
            }
        });
        values.clear();
        self.scratch = values;
    }

    /// What a variable or fact holds, where it is one alone; and whether it is a list.
    fn before<'a>(
        &'a self,
        models: &'a Models,
        model: &'a Model,
        run: &'a Run,
        target: Target,
        hand: &Hand<'_>,
    ) -> (Option<&'a Kept>, bool) {
        match target {
            Target::Kept(at) => (run.kept(&model.keep, at), model.keep.get(at).is_some_and(|var| var.list)),
            Target::Fact(at) => {
                let room = hand.phone.and_then(|phone| self.phones.get(phone.0 as usize));
                let room = room.filter(|room| !room.runs.is_empty());
                (room.and_then(|room| room.fact(models, at)), models.facts.get(at).is_some_and(|fact| fact.list))
            }
            Target::Child(at) => (None, model.each.get(at).is_some_and(|var| var.list)),
        }
    }

    /// Changes every place that a target means: the run's, or that of each phone concerned.
    #[expect(clippy::too_many_arguments, reason = "the run, what is changed and how, and the event at hand")]
    fn store(
        &mut self,
        models: &Models,
        model: &Model,
        run: &mut Run,
        target: Target,
        hand: &Hand<'_>,
        concerned: &[Concerned],
        mut change: impl FnMut(&mut Kept, Option<&Var>),
    ) {
        match target {
            Target::Kept(at) => {
                let var = model.keep.get(at);
                if let Some(kept) = run.kept.get_mut(at, var.map(|var| &var.initial)) {
                    change(kept, var);
                }
            }
            Target::Child(at) => {
                let var = model.each.get(at);
                for child in &mut run.children {
                    let meant = hand.event.is_none() || concerned.iter().any(|one| one.phone == child.phone);
                    if meant && let Some(kept) = child.kept.get_mut(at, var.map(|var| &var.initial)) {
                        change(kept, var);
                    }
                }
            }
            Target::Fact(at) => {
                let phones: &[PhoneId] = if hand.phone.is_some() { hand.phone.as_slice() } else { &run.phones };
                for phone in phones {
                    if let Some(kept) = self
                        .phones
                        .get_mut(phone.0 as usize)
                        .filter(|room| !room.runs.is_empty())
                        .and_then(|room| room.fact_mut(models, at))
                    {
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
        let phone = match child {
            Some(child) => run.children.get(child).map(|child| child.phone),
            None => None,
        };
        let phones = phone.map_or_else(|| run.phones.clone(), |phone| vec![phone]);
        // A deadline, or what needs to be visible: the finding rests on something that did not come.
        let silent = def.severity == Severity::Fail && (hand.event.is_none() || def.needs.is_some());
        // What was asked for again and again is not missing by chance.
        let once = run.evidence.len() < AGAIN;
        if silent && let Some(loss) = phones.iter().find_map(|phone| hand.who.lost(*phone, run.entered, hand.now, once))
        {
            doubt_finding(model, run, number, &loss.to_string());
            return;
        }
        let inferred = def.inferred && def.inferred_when.as_ref().is_none_or(|when| when.truth(&view) == Truth::True);
        let text = |pieces: &[Piece]| Arc::<str>::from(render(pieces, &view));
        let what = text(&def.what);
        let silence =
            |serial| Silence { serial, run: run.number, phones: phones.clone(), from: run.entered, to: hand.now, once };
        let frames = match def.cites {
            Cites::State => run.evidence.clone(),
            Cites::Way => run.way(model),
            Cites::Run => run.moves.clone(),
        };
        let frames = match child {
            Some(child) => run.own(child, frames),
            None => frames,
        };
        let same = run.found.iter().filter(|known| known.id == def.id).count();
        let known = run
            .found
            .iter()
            .position(|known| {
                let same = child.is_none() || known.phones == phones;
                known.id == def.id && same && (def.update || what == known.what)
            })
            .or_else(|| {
                run.found
                    .iter()
                    .rposition(|known| known.id == def.id)
                    .filter(|_| same >= self.limits.same && model.subject != Subject::Capture)
            });
        // What is found once more says the rest as it was.
        let [why, fix] = match known.is_none() || def.update {
            true => [text(&def.why), text(&def.fix)],
            false => [Arc::default(), Arc::default()],
        };
        if let Some(finding) = known.and_then(|at| run.found.get_mut(at)) {
            if !def.update && what != finding.what {
                self.reached("max-same-findings");
            }
            finding.times += 1;
            if silent && finding.times < SILENCES {
                self.silent.push(silence(finding.serial));
            }
            finding.phone = finding.phone.filter(|_| phones.len() == 1);
            finding.phones = phones;
            if def.update {
                finding.inferred = inferred;
                (finding.what, finding.why, finding.fix) = (what, why, fix);
            }
            for frame in frames {
                if finding.frames.last().is_none_or(|last| *last < frame) {
                    keep_ends(&mut finding.frames, frame, KEPT);
                }
            }
            out(finding.clone());
            return;
        }
        // What is less than a violation leaves room for those; what is said of the capture itself is always said.
        let lesser = def.severity != Severity::Fail;
        let full = if lesser { self.given.1 >= self.limits.findings / 2 } else { self.given.0 >= self.limits.findings };
        if full && !self.limits.rolling && model.subject != Subject::Capture {
            self.reached("max-findings");
            doubt_finding(model, run, number, "there are more findings than are kept");
            return;
        }
        self.given = (self.given.0 + 1, self.given.1 + usize::from(lesser));
        self.serials += 1;
        if silent {
            self.silent.push(silence(self.serials));
        }
        if def.severity == Severity::Fail {
            *self.fails.entry(run.number).or_default() += 1;
        }
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
            inferred,
            run: run.number,
        };
        out(finding.clone());
        // Most runs find one thing: room for four would cost a kilobyte each.
        run.found.reserve_exact(1);
        run.found.push(finding);
    }
}

/// What stands after a number, said of one: ` times` becomes ` time`.
fn singular(after: &str) -> String {
    const COUNTED: [&str; 10] = [
        "times",
        "bytes",
        "messages",
        "keepalives",
        "periods",
        "connections",
        "announcements",
        "requests",
        "phones",
        "REGISTERs",
    ];
    let word = after.strip_prefix(' ').unwrap_or_default();
    let end = word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len());
    match word.split_at_checked(end) {
        Some((word, rest)) if COUNTED.contains(&word) => format!(" {}{rest}", word.trim_end_matches('s')),
        _ => after.to_owned(),
    }
}

/// The finding of severity `fail` that these actions would raise, as a reason why it cannot be told.
pub(super) fn doubtful(model: &Model, actions: &[Action]) -> Option<String> {
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

/// A text with its placeholders filled: several values with commas, fractions with at most three digits.
fn render(pieces: &[Piece], view: &View<'_>) -> String {
    let mut text = String::new();
    // One of a thing is no plural.
    let mut one = false;
    for piece in pieces {
        match piece {
            Piece::Text(plain) if one => {
                text.push_str(&singular(plain));
                one = false;
            }
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value(expr) => {
                let mut several = false;
                let at = text.len();
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
                one = text.get(at..) == Some("1");
            }
        }
    }
    text
}
