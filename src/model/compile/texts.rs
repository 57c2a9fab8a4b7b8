//! Findings: their severity, and their texts with placeholders.

use super::{Compiler, Use};
use crate::expr::{Expr, Names};
use crate::finding::Severity;
use crate::model::read::{RawFinding, Text};
use crate::model::row::Part;
use crate::model::{Cites, FindingDef, Piece};

impl Compiler<'_> {
    pub(super) fn finding(&self, raw: &RawFinding) -> FindingDef {
        let severity = Severity::from_name(&raw.severity.value);
        if severity.is_none() && !raw.severity.value.is_empty() {
            self.tell(self.raw.error(&raw.severity, "this is no severity").hint("severities are fail, warn, info"));
        }
        if raw.id.value.split_once('.').is_none_or(|(model, slug)| model != self.raw.id.value || slug.is_empty()) {
            self.tell(self.raw.error(&raw.id, format!("the id of a finding is `{}.<slug>`", self.raw.id.value)));
        }
        let cites = raw.cites.as_ref().map(|text| text.value.as_ref());
        if let Some(text) = raw.cites.as_ref().filter(|text| !["run", "way", "state"].contains(&text.value.as_ref())) {
            self.tell(
                self.raw
                    .error(text, "a finding cites the frames of its `state`, of the `way` to it or of the whole `run`"),
            );
        }
        if let Some(text) = raw.again.as_ref().filter(|text| !["new", "update"].contains(&text.value.as_ref())) {
            self.tell(self.raw.error(text, "what is found again is a `new` finding, or an `update` of the old one"));
        }
        for (name, _) in raw.with.iter().filter(|_| !self.sound) {
            let placeholder = format!("{{{}}}", name.value);
            if ![&raw.what, &raw.why, &raw.fix].iter().any(|text| text.value.contains(&placeholder)) {
                self.tell(self.raw.error(name, format!("no text holds `{placeholder}`")).warning());
            }
        }
        let source = raw.source.as_ref().or(self.raw.sources.first()).map_or("", |text| text.value.as_ref());
        if source.is_empty() {
            self.tell(self.raw.error(&raw.id, "no document is named: give `source`, or `sources` to the model"));
        }
        FindingDef {
            id: raw.id.value.as_ref().into(),
            severity: severity.unwrap_or(Severity::Warn),
            source: source.into(),
            inferred: raw.inferred || raw.inferred_when.is_some(),
            inferred_when: raw
                .inferred_when
                .as_ref()
                .and_then(|text| self.expr(text, Part::whole(&text.value), Use::Guard)),
            texts: [&raw.what, &raw.why, &raw.fix].map(|text| text.value.clone()),
            what: self.pieces(raw, &raw.what),
            why: self.pieces(raw, &raw.why),
            fix: self.pieces(raw, &raw.fix),
            needs: raw.needs.as_ref().and_then(|text| {
                let expr = self.expr(text, Part::whole(&text.value), Use::Guard)?;
                Some((expr, text.value.to_string()))
            }),
            cites: match cites {
                Some("run") => Cites::Run,
                Some("way") => Cites::Way,
                _ => Cites::State,
            },
            update: raw.again.as_ref().is_some_and(|text| text.value == "update"),
        }
    }

    /// `text {placeholder} text`; `{{` and `}}` are braces.
    fn pieces(&self, finding: &RawFinding, text: &Text) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let whole: &str = &text.value;
        let plain = |from: usize, to: usize| {
            Piece::Text(text.part(Part { at: from, text: whole.get(from..to).unwrap_or_default() }))
        };
        let mut from = 0;
        let mut look = 0;
        while let Some(at) = memchr::memchr2(b'{', b'}', whole.as_bytes().get(look..).unwrap_or_default()) {
            let at = look + at;
            let brace = whole.get(at..).unwrap_or_default();
            if brace.starts_with("{{") || brace.starts_with("}}") {
                // The first of the two is said.
                pieces.push(plain(from, at + 1));
                (from, look) = (at + 2, at + 2);
                continue;
            }
            let Some((name, _)) = brace.strip_prefix('{').and_then(|inner| inner.split_once('}')) else {
                self.tell(self.raw.error_in(text, at, "this brace has no partner").hint("write `{{` for a brace"));
                break;
            };
            if from < at {
                pieces.push(plain(from, at));
            }
            pieces.extend(self.placeholder(finding, text, Part { at: at + 1, text: name }));
            look = at + 1 + name.len() + 1;
            from = look;
        }
        if from < whole.len() {
            pieces.push(plain(from, whole.len()));
        }
        pieces
    }

    fn placeholder(&self, finding: &RawFinding, text: &Text, name: Part<'_>) -> Option<Piece> {
        if let Some((_, with)) = finding.with.iter().find(|(own, _)| own.value == name.text) {
            return self.expr(with, Part::whole(&with.value), Use::Value).map(Piece::Value);
        }
        let fact = format!("phone.{}", name.text);
        let own =
            [name.text, &fact].into_iter().find(|name| self.slot(name).is_some() || self.constant(name).is_some());
        match own {
            Some(own) => Expr::value(own, self.schema, self).ok().map(Piece::Value),
            None => {
                let error = self.raw.error_in(text, name.at, format!("`{{{}}}` is not known", name.text));
                self.tell(error.hint("give it an expression in `with`, or keep a variable of that name"));
                None
            }
        }
    }
}
