//! Actions: what they change must be declared, and of the right type.

use super::{Compiler, Use};
use crate::event::nearest;
use crate::expr::{Names, Type};
use crate::model::read::Text;
use crate::model::row::{ActionText, Part};
use crate::model::{Action, Change, Of, Target, Var};

impl Compiler<'_> {
    pub(super) fn actions(&self, text: &Text, part: Part<'_>, wanted: Use) -> Vec<Action> {
        match part.actions() {
            Ok(actions) => actions.iter().filter_map(|action| self.action(text, action, wanted)).collect(),
            Err((at, what)) => {
                self.tell(self.raw.error_in(text, at, what));
                Vec::new()
            }
        }
    }

    pub(super) fn action(&self, text: &Text, action: &ActionText<'_>, wanted: Use) -> Option<Action> {
        match action {
            ActionText::Restart => Some(Action::Restart),
            ActionText::Forget => Some(Action::Forget),
            ActionText::Clear(name) => Some(Action::Clear(self.target(text, *name)?.0)),
            ActionText::Retract(id) => Some(Action::Retract(self.finding_of(text, *id)?)),
            ActionText::Raise { id, when, each, here } => {
                let finding = self.finding_of(text, *id)?;
                if wanted == Use::LateGuard {
                    self.late_finding(finding);
                }
                let guard = (*when).or(*each).and_then(|guard| self.expr(text, guard, wanted));
                let of = match each {
                    Some(_) => Of::Each,
                    None if *here => Of::Here,
                    None => Of::Run,
                };
                Some(Action::Raise { finding, when: guard, of })
            }
            ActionText::Set { name, sign, value } => {
                let target = self.target(text, *name);
                let expr = self.expr(text, *value, if wanted == Use::LateGuard { Use::Kept } else { Use::Value });
                let ((target, kind, list), expr) = (target?, expr?);
                if !list && kind != Type::Any && expr.kind() != Type::Any && expr.kind() != kind {
                    let what = format!("`{}` holds {}, this is {}", name.text, kind.name(), expr.kind().name());
                    self.tell(self.raw.error_in(text, value.at, what));
                }
                let change = match *sign {
                    "+=" => Change::Add,
                    "-=" => Change::Take,
                    _ => Change::Put,
                };
                if change != Change::Put && !list && !matches!(kind, Type::Number | Type::Any) {
                    self.tell(self.raw.error_in(
                        text,
                        name.at,
                        format!("`{sign}` wants a number or a list, `{}` is neither", name.text),
                    ));
                }
                Some(Action::Set(target, change, expr))
            }
        }
    }

    pub(super) fn target(&self, text: &Text, name: Part<'_>) -> Option<(Target, Type, bool)> {
        let of = |vars: &[Var]| vars.iter().position(|var| var.name == name.text);
        if let Some(at) = of(&self.keep) {
            return self.keep.get(at).map(|var| (Target::Kept(at), var.kind, var.list));
        }
        if let Some(at) = of(&self.each) {
            return self.each.get(at).map(|var| (Target::Child(at), var.kind, var.list));
        }
        let fact =
            name.text.strip_prefix("phone.").and_then(|fact| self.facts.iter().position(|known| known.name == fact));
        if let Some(at) = fact {
            if !self.raw.facts.iter().any(|(own, _)| name.text.strip_prefix("phone.") == Some(&own.value)) {
                let what = format!("this model does not declare `{}`", name.text);
                self.tell(self.raw.error_in(text, name.at, what).hint("a model sets the facts of its own `[facts]`"));
            }
            return self.facts.get(at).map(|fact| (Target::Fact(at), fact.kind, fact.list));
        }
        let own: Vec<String> = self.all();
        let near = nearest(name.text, own.iter().map(String::as_str));
        let error = self.raw.error_in(text, name.at, format!("there is no variable `{}`", name.text));
        self.tell(match near {
            Some(near) => error.maybe(Some(near)),
            None => error.hint("declare it in `[keep]`, or as a fact in `[facts]`"),
        });
        None
    }
}
