//! TOML → the parts of a model, each with its place in the file. Knows the keys, not their meaning.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ModelError;
use super::row::Part;
use crate::event::{Value, nearest};

/// A piece of text and where it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    /// The very bytes of a built-in model, where they say it without escapes.
    pub value: Cow<'static, str>,
    /// Of the whole TOML value or key, quotes included.
    pub span: Range<usize>,
}

/// A model's file.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub file: String,
    pub source: Cow<'static, str>,
    pub id: Text,
    pub title: Text,
    pub sources: Vec<Text>,
    pub subject: Text,
    pub start: Text,
    pub accept: Vec<Text>,
    pub join: Vec<Text>,
    pub each_of: Option<Text>,
    pub keep: Vec<(Text, Initial)>,
    pub each: Vec<(Text, Initial)>,
    pub facts: Vec<(Text, Text)>,
    pub timers: Vec<(Text, Text)>,
    pub keys: Vec<(Text, Vec<Text>)>,
    pub rows: Vec<Text>,
    pub states: Vec<RawState>,
    pub findings: Vec<RawFinding>,
    pub examples: Vec<RawExample>,
}

/// An initial value.
#[derive(Debug, Clone)]
pub(super) struct Initial {
    pub list: bool,
    pub values: Vec<Value<'static>>,
}

#[derive(Debug, Default)]
pub(super) struct RawState {
    pub name: Text,
    pub title: Option<Text>,
    pub within: Option<Text>,
    pub until: Vec<Text>,
    pub late: Vec<RawLate>,
}

#[derive(Debug, Default)]
pub(super) struct RawLate {
    pub place: Text,
    pub when: Option<Text>,
    pub each: Option<Text>,
    pub raise: Option<Text>,
    pub to: Option<Text>,
    pub act: Option<Text>,
}

#[derive(Debug, Default)]
pub(super) struct RawFinding {
    pub id: Text,
    pub severity: Text,
    pub what: Text,
    pub why: Text,
    pub fix: Text,
    pub source: Option<Text>,
    pub needs: Option<Text>,
    pub inferred: bool,
    /// A guard: it is where this holds.
    pub inferred_when: Option<Text>,
    pub cites: Option<Text>,
    pub again: Option<Text>,
    pub with: Vec<(Text, Text)>,
}

#[derive(Debug, Default)]
pub(super) struct RawExample {
    pub place: Text,
    pub name: Option<Text>,
    pub trace: Vec<Text>,
    pub finds: Vec<Text>,
    pub verdict: Option<Text>,
    pub state: Option<Text>,
    pub hidden: Vec<Text>,
    pub facts: Vec<(Text, Initial)>,
    pub site: Vec<(Text, Initial)>,
}

impl Text {
    /// A part of it.
    pub fn part(&self, part: Part<'_>) -> Cow<'static, str> {
        match &self.value {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(part.at..part.at + part.text.len()).unwrap_or_default()),
            Cow::Owned(_) => Cow::Owned(part.text.to_owned()),
        }
    }
}

impl Raw {
    /// An error at the begin of a text.
    pub fn error(&self, at: &Text, what: impl Into<String>) -> ModelError {
        error_at(&self.file, &self.source, at.span.start, what.into())
    }

    /// An error at an offset inside a text.
    pub fn error_in(&self, text: &Text, offset: usize, what: impl Into<String>) -> ModelError {
        let raw = self.source.get(text.span.clone()).unwrap_or_default();
        error_at(&self.file, &self.source, text.span.start + place_in(raw, offset), what.into())
    }
}

impl ModelError {
    pub(super) fn hint(self, hint: impl Into<String>) -> ModelError {
        ModelError { hint: Some(hint.into()), ..self }
    }
    pub(super) fn maybe(self, near: Option<&str>) -> ModelError {
        ModelError { hint: near.map(|near| format!("did you mean `{near}`?")), ..self }
    }
    pub(super) fn warning(self) -> ModelError {
        ModelError { warning: true, ..self }
    }
}

pub(super) fn error_at(file: &str, source: &str, at: usize, what: String) -> ModelError {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    ModelError { file: file.to_owned(), line, column, what, hint: None, warning: false }
}

/// Where the decoded byte `offset` of a string stands in its raw form, quotes and escapes included.
fn place_in(raw: &str, offset: usize) -> usize {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| raw.starts_with(quote)).unwrap_or_default();
    let mut at = quote.len();
    if quote.len() == 3 && raw.get(at..).is_some_and(|rest| rest.starts_with('\n')) {
        at += 1;
    }
    if !quote.starts_with('"') {
        return at + offset;
    }
    let mut decoded = 0;
    let mut chars = raw.get(at..).unwrap_or_default().char_indices();
    while let Some((place, c)) = chars.next() {
        if decoded >= offset {
            return at + place;
        }
        if c == '\\' {
            match chars.next() {
                Some((_, 'u')) => chars = skip(chars, 4),
                Some((_, 'U')) => chars = skip(chars, 8),
                _ => {}
            }
            decoded += 1;
        } else {
            decoded += c.len_utf8();
        }
    }
    raw.len().saturating_sub(quote.len())
}

fn skip(mut chars: std::str::CharIndices<'_>, count: usize) -> std::str::CharIndices<'_> {
    (0..count).for_each(|_| {
        chars.next();
    });
    chars
}

const ROWS: &str = "rows";

type Node<'s> = Spanned<DeValue<'s>>;

struct Reader<'f, 's> {
    file: &'f str,
    source: &'s str,
    keep: fn(&Cow<'s, str>) -> Cow<'static, str>,
    errors: Vec<ModelError>,
}

/// More mistakes than these are one: the file is something else.
const FEW: usize = 4;

/// Where and why a file is no TOML: each mistake, or one line where nearly all of it is none.
pub(super) fn no_toml(wrong: &[toml::de::Error]) -> Vec<(usize, String)> {
    let shown = if wrong.len() > FEW { 1 } else { wrong.len() };
    let more = if shown < wrong.len() { format!(" (and {} more)", wrong.len() - shown) } else { String::new() };
    let at = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    wrong.iter().take(shown).map(|e| (at(e), format!("this is no TOML: {}{more}", e.message()))).collect()
}

/// Reads a file; what cannot be read is told and left out.
pub(super) fn read(file: &str, source: Cow<'static, str>) -> (Raw, Vec<ModelError>) {
    let (raw, errors) = match &source {
        Cow::Borrowed(text) => read_text(file, text, Cow::clone),
        Cow::Owned(text) => read_text(file, text, |part| Cow::Owned(part.clone().into_owned())),
    };
    (Raw { source, ..raw }, errors)
}

fn read_text<'s>(file: &str, source: &'s str, keep: fn(&Cow<'s, str>) -> Cow<'static, str>) -> (Raw, Vec<ModelError>) {
    let mut r = Reader { file, source, keep, errors: Vec::new() };
    let (table, wrong) = DeTable::parse_recoverable(source);
    for (at, what) in no_toml(&wrong) {
        r.errors.push(error_at(file, source, at, what));
    }
    let mut raw = Raw { file: file.to_owned(), ..Raw::default() };
    if r.errors.is_empty() {
        r.model(table.get_ref(), &mut raw);
    }
    (raw, r.errors)
}

impl<'s> Reader<'_, 's> {
    fn model(&mut self, table: &DeTable<'s>, raw: &mut Raw) {
        for (key, value) in table {
            self.rows_below(key.get_ref(), value, raw);
            match key.get_ref().as_ref() {
                "id" => raw.id = self.text(value),
                "title" => raw.title = self.text(value),
                "sources" => raw.sources = self.texts(value),
                "subject" => raw.subject = self.text(value),
                "start" => raw.start = self.text(value),
                "accept" => raw.accept = self.texts(value),
                "join" => raw.join = self.texts(value),
                "rows" => raw.rows = self.texts(value),
                "keep" => raw.keep = self.initials(value),
                "each" => self.each(value, raw),
                "facts" => raw.facts = self.pairs(value),
                "timers" => raw.timers = self.pairs(value),
                "key" => {
                    for (event, value) in self.table(value).into_iter().filter(|(key, _)| *key.get_ref() != ROWS) {
                        let texts = self.texts(value);
                        raw.keys.push((self.text_of(event), texts));
                    }
                }
                "state" => {
                    for (name, value) in self.table(value) {
                        let state = self.state(name, value);
                        raw.states.push(state);
                    }
                }
                "finding" => {
                    for (id, value) in self.table(value) {
                        let finding = self.finding(id, value);
                        raw.findings.push(finding);
                    }
                }
                "example" => {
                    for value in self.list(value) {
                        let example = self.example(value);
                        raw.examples.push(example);
                    }
                }
                _ => self.unknown(
                    key,
                    &[
                        "id", "title", "sources", "subject", "start", "accept", "join", "rows", "keep", "each",
                        "facts", "timers", "key", "state", "finding", "example",
                    ],
                ),
            }
        }
        for (name, text) in [("id", &raw.id), ("title", &raw.title), ("subject", &raw.subject), ("start", &raw.start)] {
            if text.value.is_empty() {
                self.error(0, format!("`{name}` is missing"));
            }
        }
    }

    /// Rows are read best after what they name, and there TOML counts them to the table above them.
    fn rows_below(&mut self, key: &str, value: &Node<'s>, raw: &mut Raw) {
        let table = match key {
            "keep" | "facts" | "timers" | "key" => value.get_ref().as_table(),
            "each" => value.get_ref().as_table().and_then(|each| each.get("phone")?.get_ref().as_table()),
            _ => None,
        };
        if let Some(rows) = table.and_then(|table| table.get(ROWS)) {
            raw.rows = self.texts(rows);
        }
    }

    fn each(&mut self, value: &'_ Node<'s>, raw: &mut Raw) {
        if value.get_ref().is_str() {
            raw.each_of = Some(self.text(value));
            return;
        }
        for (of, value) in self.table(value) {
            raw.each_of = Some(self.text_of(of));
            raw.each = self.initials(value);
        }
    }

    fn state(&mut self, name: &Spanned<Cow<'s, str>>, value: &Node<'s>) -> RawState {
        let mut state = RawState { name: self.text_of(name), ..RawState::default() };
        for (key, value) in self.table(value) {
            match key.get_ref().as_ref() {
                "title" => state.title = Some(self.text(value)),
                "within" => state.within = Some(self.quantity(value)),
                "until" => state.until = self.texts(value),
                "late" => {
                    for value in self.list(value) {
                        let mut late = RawLate { place: place(value), ..RawLate::default() };
                        for (key, value) in self.table(value) {
                            match key.get_ref().as_ref() {
                                "when" => late.when = Some(self.text(value)),
                                "each" => late.each = Some(self.text(value)),
                                "raise" => late.raise = Some(self.text(value)),
                                "to" => late.to = Some(self.text(value)),
                                "do" => late.act = Some(self.text(value)),
                                _ => self.unknown(key, &["when", "each", "raise", "to", "do"]),
                            }
                        }
                        state.late.push(late);
                    }
                }
                _ => self.unknown(key, &["title", "within", "until", "late"]),
            }
        }
        state
    }

    fn finding(&mut self, id: &Spanned<Cow<'s, str>>, value: &Node<'s>) -> RawFinding {
        let mut finding = RawFinding { id: self.text_of(id), ..RawFinding::default() };
        for (key, value) in self.table(value) {
            match key.get_ref().as_ref() {
                "severity" => finding.severity = self.text(value),
                "what" => finding.what = self.text(value),
                "why" => finding.why = self.text(value),
                "fix" => finding.fix = self.text(value),
                "source" => finding.source = Some(self.text(value)),
                "needs" => finding.needs = Some(self.text(value)),
                "cites" => finding.cites = Some(self.text(value)),
                "again" => finding.again = Some(self.text(value)),
                "with" => finding.with = self.pairs(value),
                "inferred" => match value.get_ref().as_bool() {
                    Some(inferred) => finding.inferred = inferred,
                    None => finding.inferred_when = Some(self.text(value)),
                },
                _ => self.unknown(
                    key,
                    &["severity", "what", "why", "fix", "source", "needs", "cites", "again", "with", "inferred"],
                ),
            }
        }
        for (name, text) in
            [("severity", &finding.severity), ("what", &finding.what), ("why", &finding.why), ("fix", &finding.fix)]
        {
            if text.value.is_empty() {
                self.error(id.span().start, format!("`{name}` of {} is missing", finding.id.value));
            }
        }
        finding
    }

    fn example(&mut self, value: &Node<'s>) -> RawExample {
        let mut example = RawExample { place: place(value), ..RawExample::default() };
        for (key, value) in self.table(value) {
            match key.get_ref().as_ref() {
                "name" => example.name = Some(self.text(value)),
                "trace" => example.trace = self.texts(value),
                "finds" => example.finds = self.texts(value),
                "verdict" => example.verdict = Some(self.text(value)),
                "state" => example.state = Some(self.text(value)),
                "hidden" => example.hidden = self.texts(value),
                "facts" => example.facts = self.initials(value),
                "site" => example.site = self.initials(value),
                _ => self.unknown(key, &["name", "trace", "finds", "verdict", "state", "hidden", "facts", "site"]),
            }
        }
        example
    }

    fn error(&mut self, at: usize, what: String) {
        self.errors.push(error_at(self.file, self.source, at, what));
    }

    fn wrong(&mut self, value: &Node<'s>, wanted: &str) {
        self.error(value.span().start, format!("{wanted} is wanted here, this is a {}", value.get_ref().type_str()));
    }

    fn unknown(&mut self, key: &Spanned<Cow<'s, str>>, known: &[&str]) {
        let name = key.get_ref().as_ref();
        let error = error_at(self.file, self.source, key.span().start, format!("there is no key `{name}` here"));
        self.errors.push(match nearest(name, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("known are {}", known.join(", "))),
        });
    }

    fn text(&mut self, value: &Node<'s>) -> Text {
        if let DeValue::String(text) = value.get_ref() {
            return Text { value: (self.keep)(text), span: value.span() };
        }
        self.wrong(value, "text");
        Text::default()
    }

    fn text_of(&self, key: &Spanned<Cow<'s, str>>) -> Text {
        Text { value: (self.keep)(key.get_ref()), span: key.span() }
    }

    /// Text, or a number as text: an expression.
    fn quantity(&mut self, value: &Node<'s>) -> Text {
        let value_text = match value.get_ref() {
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(flag) => flag.to_string(),
            _ => return self.text(value),
        };
        Text { value: value_text.into(), span: value.span() }
    }

    /// One text or a list of them.
    fn texts(&mut self, value: &Node<'s>) -> Vec<Text> {
        if value.get_ref().is_str() {
            return vec![self.text(value)];
        }
        self.list(value).into_iter().map(|value| self.text(value)).collect()
    }

    fn list<'v>(&mut self, value: &'v Node<'s>) -> Vec<&'v Node<'s>> {
        match value.get_ref().as_array() {
            Some(list) => list.iter().collect(),
            None => {
                self.wrong(value, "a list");
                Vec::new()
            }
        }
    }

    fn table<'v>(&mut self, value: &'v Node<'s>) -> Vec<(&'v Spanned<Cow<'s, str>>, &'v Node<'s>)> {
        match value.get_ref().as_table() {
            Some(table) => table.iter().collect(),
            None => {
                self.wrong(value, "a table");
                Vec::new()
            }
        }
    }

    fn pairs(&mut self, value: &Node<'s>) -> Vec<(Text, Text)> {
        let pairs = self.table(value).into_iter().filter(|(key, _)| *key.get_ref() != ROWS);
        pairs.map(|(key, value)| (self.text_of(key), self.quantity(value))).collect()
    }

    fn initials(&mut self, value: &Node<'s>) -> Vec<(Text, Initial)> {
        let mut initials = Vec::new();
        for (key, value) in self.table(value).into_iter().filter(|(key, _)| *key.get_ref() != ROWS) {
            let (list, nodes) = match value.get_ref().as_array() {
                Some(array) => (true, array.iter().collect()),
                None => (false, vec![value]),
            };
            let mut values = Vec::new();
            for node in nodes {
                match literal(node.get_ref()) {
                    // Empty text is "nothing yet", a value of any kind to come.
                    Some(Value::Text(text)) if text.is_empty() => {}
                    Some(value) => values.push(value),
                    None => self.wrong(node, "a number, text, true or false"),
                }
            }
            initials.push((self.text_of(key), Initial { list, values }));
        }
        initials
    }
}

pub(super) fn literal(value: &DeValue<'_>) -> Option<Value<'static>> {
    match value {
        DeValue::String(text) => Some(Value::Text(text.clone().into_owned().into())),
        DeValue::Integer(number) => match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Some(Value::Uint(number)),
            Err(_) => number.as_str().parse().ok().map(Value::Float),
        },
        DeValue::Float(number) => number.as_str().parse().ok().map(Value::Float),
        DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
        _ => None,
    }
}

fn place(value: &Node<'_>) -> Text {
    Text { value: Cow::Borrowed(""), span: value.span() }
}
