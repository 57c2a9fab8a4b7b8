//! Findings: their severity, and their texts with placeholders.

use super::{Compiler, Use};
use crate::expr::{Expr, Names};
use crate::finding::Severity;
use crate::model::read::{RawFinding, Text};
use crate::model::row::Part;
use crate::model::{FindingDef, Piece};

impl Compiler<'_> {
    pub(super) fn finding(&self, raw: &RawFinding) -> FindingDef {
        let severity = Severity::from_name(&raw.severity.value);
        if severity.is_none() && !raw.severity.value.is_empty() {
            self.tell(self.raw.error(&raw.severity, "this is no severity").hint("severities are fail, warn, info"));
        }
        if raw.id.value.split_once('.').is_none_or(|(model, slug)| model != self.raw.id.value || slug.is_empty()) {
            self.tell(self.raw.error(&raw.id, format!("the id of a finding is `{}.<slug>`", self.raw.id.value)));
        }
        let cites = raw.cites.as_ref().map(|text| text.value.as_str());
        if let Some(text) = raw.cites.as_ref().filter(|text| !["run", "state"].contains(&text.value.as_str())) {
            self.tell(self.raw.error(text, "a finding cites the frames of its `state` or of the whole `run`"));
        }
        if let Some(text) = raw.again.as_ref().filter(|text| !["new", "update"].contains(&text.value.as_str())) {
            self.tell(self.raw.error(text, "what is found again is a `new` finding, or an `update` of the old one"));
        }
        for (name, _) in raw.with.iter().filter(|_| !self.sound) {
            let placeholder = format!("{{{}}}", name.value);
            if ![&raw.what, &raw.why, &raw.fix].iter().any(|text| text.value.contains(&placeholder)) {
                self.tell(self.raw.error(name, format!("no text holds `{placeholder}`")).warning());
            }
        }
        let source = raw.source.as_ref().or(self.raw.sources.first()).map_or("", |text| text.value.as_str());
        if source.is_empty() {
            self.tell(self.raw.error(&raw.id, "no document is named: give `source`, or `sources` to the model"));
        }
        FindingDef {
            id: raw.id.value.as_str().into(),
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
                Some((expr, text.value.clone()))
            }),
            whole_run: cites == Some("run"),
            update: raw.again.as_ref().is_some_and(|text| text.value == "update"),
        }
    }

    /// `text {placeholder} text`; `{{` and `}}` are braces.
    fn pieces(&self, finding: &RawFinding, text: &Text) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text.value.as_str();
        while let Some(at) = memchr::memchr2(b'{', b'}', rest.as_bytes()) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if brace.starts_with("{{") || brace.starts_with("}}") {
                plain.push_str(brace.get(..1).unwrap_or_default());
                rest = brace.get(2..).unwrap_or_default();
                continue;
            }
            let offset = text.value.len() - brace.len();
            let Some((name, after)) = brace.strip_prefix('{').and_then(|inner| inner.split_once('}')) else {
                self.tell(self.raw.error_in(text, offset, "this brace has no partner").hint("write `{{` for a brace"));
                break;
            };
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.extend(self.placeholder(finding, text, Part { at: offset + 1, text: name }));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
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
