//! A model's own examples: traces written as text, and what the model must find in them.

use std::sync::Arc;

use super::engine::{Concerned, Engine, Limits, Who};
use super::read::{Raw, RawExample, Text};
use super::site::address;
use super::{Fact, Identity, ModelError, Models};
use crate::event::{Event, EventDef, Field, FieldDef, Kind, Origin, Schema, Value, nearest};
use crate::finding::{Finding, Findings, Flow, PhoneId, Severity, Verdict};
use crate::time::{Span, Ts};

/// An example: `trace`, and what must come of it.
#[derive(Debug, Clone)]
pub struct Example {
    /// For a person; empty if it has none.
    pub name: String,
    /// Where it stands in the file: line and column, from 1.
    pub place: (usize, usize),
    /// The frames.
    pub trace: Vec<Line>,
    finds: Vec<Find>,
    verdict: Option<Verdict>,
    state: Option<String>,
    hidden: Vec<String>,
    facts: Vec<(String, Vec<Value<'static>>)>,
    /// What `site.<name>` is; `limit` and `video_limit` are the kbit/s between any two regions.
    site: Vec<(String, Vec<Value<'static>>)>,
    /// Phones named in the trace; the first is the one that is meant when none is named.
    phones: Vec<String>,
}

/// A frame of a trace: `TIME [<|>] EVENT [field=value …]`.
#[derive(Debug, Clone)]
pub struct Line {
    /// Since the begin of the trace.
    pub at: Span,
    /// What it carried; `None` for a frame that no model looks at.
    pub event: Option<&'static EventDef>,
    fields: Vec<Field<'static>>,
    phones: Vec<PhoneId>,
    sends: bool,
}

impl Line {
    /// Whether it carries that field with that value.
    pub fn has(&self, field: &str, value: &Value<'_>) -> bool {
        self.fields.iter().any(|one| one.def.name == field && one.value == *value)
    }

    /// Whether the phone sent it; otherwise it was sent to the phone.
    pub fn sends(&self) -> bool {
        self.sends
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Find {
    at: Span,
    id: String,
    text: Option<String>,
}

/// Reads an example. Its `<` marks what comes to the phone, `>` (or nothing) what it sends.
pub(super) fn compile(
    raw: &Raw,
    example: &RawExample,
    schema: &Schema,
    facts: &[Fact],
) -> Result<Example, Vec<ModelError>> {
    let mut errors = Vec::new();
    let mut phones = Vec::new();
    let mut trace = Vec::new();
    for text in &example.trace {
        match line(raw, text, schema, &mut phones) {
            Ok(line) => trace.push(line),
            Err(error) => errors.push(error),
        }
    }
    if phones.is_empty() {
        phones.push("phone".to_owned());
    }
    let mut finds = Vec::new();
    for text in &example.finds {
        let (head, quoted) = text.value.split_once('"').unwrap_or((&text.value, ""));
        let mut words = head.split_whitespace();
        let at = words.next().and_then(|word| word.parse().ok()).map(Span::from_secs_f64);
        let id = words.next().unwrap_or_default();
        if !raw.findings.iter().any(|finding| finding.id.value == id) {
            let near = nearest(id, raw.findings.iter().map(|finding| finding.id.value.as_ref()));
            errors.push(raw.error(text, format!("there is no finding `{id}` in this model")).maybe(near));
        }
        let text = quoted.strip_suffix('"').map(str::to_owned);
        finds.extend(at.map(|at| Find { at, id: id.to_owned(), text }));
    }
    for (name, _) in &example.facts {
        let known =
            facts.iter().any(|fact| fact.name == name.value) || Identity::ALL.iter().any(|(id, _)| *id == name.value);
        if !known {
            let near = nearest(&name.value, facts.iter().map(|fact| fact.name.as_str()));
            errors.push(raw.error(name, format!("no model sets `phone.{}`", name.value)).maybe(near));
        }
    }
    if let Some(text) = example.verdict.as_ref().filter(|text| Verdict::from_name(&text.value).is_none()) {
        errors.push(raw.error(text, "a verdict is pass, fail or inconclusive"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let place = raw.error(&example.place, "");
    Ok(Example {
        name: example.name.as_ref().map(|text| text.value.to_string()).unwrap_or_default(),
        place: (place.line, place.column),
        trace,
        finds,
        verdict: example.verdict.as_ref().and_then(|text| Verdict::from_name(&text.value)),
        state: example.state.as_ref().map(|text| text.value.to_string()),
        hidden: example.hidden.iter().map(|text| text.value.to_string()).collect(),
        facts: example
            .facts
            .iter()
            .map(|(name, value)| (name.value.to_string(), value.values.iter().cloned().map(address).collect()))
            .collect(),
        site: example
            .site
            .iter()
            .map(|(name, value)| (name.value.to_string(), value.values.iter().cloned().map(address).collect()))
            .collect(),
        phones,
    })
}

fn line(raw: &Raw, text: &Text, schema: &Schema, phones: &mut Vec<String>) -> Result<Line, ModelError> {
    let mut rest = text.value.as_ref();
    let mut next = || {
        let word = take_word(&mut rest);
        (text.value.len() - rest.len() - word.len(), word)
    };
    let (place, time) = next();
    let at = time.parse::<f64>().map(Span::from_secs_f64);
    let at = at.map_err(|_| raw.error_in(text, place, "a line of a trace begins with its time in seconds"))?;
    let (mut place, mut name) = next();
    let mut sends = true;
    if name == "<" || name == ">" {
        sends = name == ">";
        (place, name) = next();
    }
    let event = schema.event(name);
    if event.is_none() && name != "frame" {
        let near = nearest(name, schema.events().iter().map(|event| event.name));
        return Err(raw.error_in(text, place, format!("there is no event `{name}`")).maybe(near));
    }
    let mut fields = Vec::new();
    let mut named: Option<Vec<PhoneId>> = None;
    loop {
        let (place, word) = next();
        if word.is_empty() {
            break;
        }
        let Some((key, value)) = word.split_once('=') else {
            return Err(raw.error_in(text, place, "`field=value` was due here"));
        };
        let value = value.trim_matches('"');
        match key {
            "phone" => {
                named = Some(value.split(',').filter(|one| *one != "none").map(|one| number(phones, one)).collect())
            }
            "phone.sends" => sends = value == "true",
            "phone.receives" => sends = value != "true",
            _ => {
                let Some(def) = schema.field(key) else {
                    let near = nearest(key, schema.fields().iter().map(|field| field.name));
                    return Err(raw.error_in(text, place, format!("there is no field `{key}`")).maybe(near));
                };
                let value = value_of(def, value).ok_or_else(|| {
                    raw.error_in(text, place, format!("`{key}` holds {}, not `{value}`", def.kind.name()))
                })?;
                fields.push(Field { def, value, at: 0, len: 0 });
            }
        }
    }
    let phones = match named {
        Some(named) => named,
        None if phones.is_empty() => vec![number(phones, "phone")],
        None => vec![PhoneId(0)],
    };
    Ok(Line { at, event, fields, phones, sends })
}

/// The next word; a value in quotes may hold spaces.
fn take_word<'t>(rest: &mut &'t str) -> &'t str {
    let text = rest.trim_start();
    let mut quoted = false;
    let end = text
        .find(|c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        })
        .unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    *rest = after;
    word
}

fn number(phones: &mut Vec<String>, name: &str) -> PhoneId {
    let at = phones.iter().position(|known| known == name).unwrap_or_else(|| {
        phones.push(name.to_owned());
        phones.len() - 1
    });
    PhoneId(at as u32)
}

fn value_of(def: &FieldDef, text: &str) -> Option<Value<'static>> {
    if text == "null" {
        return Some(Value::Null);
    }
    let hex =
        |text: &str| -> Option<Vec<u8>> { text.split(':').map(|pair| u8::from_str_radix(pair, 16).ok()).collect() };
    Some(match def.kind {
        Kind::Uint => Value::Uint(match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok()?,
            None => text.parse().ok()?,
        }),
        Kind::Bool => Value::Bool(text.parse().ok()?),
        Kind::Float => Value::Float(text.parse().ok()?),
        Kind::Text => Value::Text(text.to_owned().into()),
        Kind::Bytes => Value::Bytes(hex(text)?.into()),
        Kind::Mac => Value::Mac(hex(text)?.try_into().ok()?),
        Kind::Ip => Value::Ip(text.parse().ok()?),
        Kind::Time => Value::Time(Ts::ZERO + Span::from_secs_f64(text.parse().ok()?)),
    })
}

/// Who is who in an example: the names of the trace, the facts given, and everything visible but what is hidden.
struct Cast<'e>(&'e Example);

impl Who for Cast<'_> {
    fn identity(&self, phone: PhoneId, what: Identity, found: &mut dyn FnMut(&Value<'_>)) {
        let name = Identity::ALL.iter().find(|(_, identity)| *identity == what).map(|(name, _)| *name);
        match self.0.facts.iter().find(|(fact, _)| Some(fact.as_str()) == name) {
            Some((_, values)) => values.iter().for_each(found),
            None if what == Identity::Name => {
                if let Some(name) = self.0.phones.get(phone.0 as usize) {
                    found(&Value::Text(name.as_str().into()));
                }
            }
            None => {}
        }
    }

    fn site(&self, name: &str) -> Option<&[Value<'static>]> {
        self.0.site.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice())
    }

    fn visible(&self, _phone: PhoneId, proto: &str) -> bool {
        !self.0.hidden.iter().any(|hidden| hidden == proto)
    }
}

/// What a model says of a trace.
#[derive(Debug)]
pub struct Outcome {
    /// Its findings, in the order of their times.
    pub findings: Vec<Finding>,
    /// Its flows.
    pub flows: Vec<Flow>,
}

impl Outcome {
    /// The worst verdict of its flows.
    pub fn verdict(&self) -> Option<Verdict> {
        Verdict::worst(self.flows.iter().map(|flow| flow.verdict))
    }
}

/// Runs a model on a trace, cut after `lines` lines, with ticks in between at the times given.
pub fn play(models: &Arc<Models>, model: usize, example: &Example, lines: usize, ticks: &[Span]) -> Outcome {
    let mut engine = Engine::new(Arc::clone(models), Limits::default());
    let asked = models.list.get(model).map(|model| model.asks.clone()).unwrap_or_default();
    engine.only(|one| one == model || asked.contains(&one));
    let cast = Cast(example);
    for phone in 0..example.phones.len() as u32 {
        for (name, values) in &example.facts {
            engine.set_fact(PhoneId(phone), name, values.clone());
        }
    }
    let mut findings = Findings::default();
    let mut out = |finding: Finding| {
        findings.take(finding);
    };
    let mut last = Ts::ZERO;
    for (number, line) in example.trace.iter().take(lines).enumerate() {
        let now = Ts::ZERO + line.at;
        for tick in ticks.iter().map(|tick| Ts::ZERO + *tick).filter(|tick| *tick > last && *tick < now) {
            engine.tick(tick, &cast, &mut out);
        }
        last = last.max(now);
        let frame = number as u64 + 1;
        let origin = Origin::at(frame, now);
        let Some(def) = line.event else {
            continue;
        };
        let event = Event { def, origin: &origin, fields: &line.fields, frames: &[frame], bytes: &[], defect: None };
        let concerned: Vec<Concerned> =
            line.phones.iter().map(|phone| Concerned { phone: *phone, sends: line.sends }).collect();
        engine.event(&event, &concerned, &cast, &mut out);
    }
    let flows = engine.finish(last, &cast, &mut out);
    findings.withdraw(&engine.withdrawn());
    let id = models.list.get(model).map(|model| model.id.clone());
    let mut findings = findings.into_sorted();
    findings.retain(|finding| Some(&finding.model) == id.as_ref());
    let flows = flows.into_iter().filter(|flow| Some(&flow.model) == id.as_ref()).collect();
    Outcome { findings, flows }
}

/// Runs a model's examples: an error for each that does not come out as it says.
pub fn run(models: &Arc<Models>, model: usize) -> Vec<ModelError> {
    let Some(this) = models.list.get(model) else { return Vec::new() };
    let mut errors = Vec::new();
    for example in &this.examples {
        let outcome = play(models, model, example, usize::MAX, &[]);
        let mut tell = |what: String| {
            let name = if example.name.is_empty() { String::new() } else { format!(" \"{}\"", example.name) };
            errors.push(ModelError {
                file: this.file.clone(),
                line: example.place.0,
                column: example.place.1,
                what: format!("the example{name} {what}"),
                hint: None,
                warning: false,
            });
        };
        let told = |time: Ts, id: &str, text: &str| format!("{} {id} \"{text}\"", time.since(Ts::ZERO).as_secs_f64());
        let mut open: Vec<&Finding> = outcome.findings.iter().collect();
        for find in &example.finds {
            let fits = |finding: &&Finding| {
                *finding.id == *find.id
                    && (finding.time.since(Ts::ZERO).nanos() - find.at.nanos()).abs() < 1_000_000
                    && find.text.as_ref().is_none_or(|text| finding.what.contains(text))
            };
            match open.iter().position(fits) {
                Some(at) => drop(open.remove(at)),
                None => tell(format!(
                    "does not find {}",
                    told(Ts::ZERO + find.at, &find.id, find.text.as_deref().unwrap_or_default())
                )),
            }
        }
        open.iter()
            .for_each(|finding| tell(format!("finds {} besides", told(finding.time, &finding.id, &finding.what))));
        let flow = outcome.flows.first();
        let reason = flow.map(|flow| flow.reason.as_str()).unwrap_or_default();
        let verdict = outcome.verdict();
        if example.verdict.is_some() && example.verdict != verdict {
            let [wanted, got] = [example.verdict, verdict].map(|verdict| verdict.map_or("none", Verdict::name));
            tell(format!("should be judged {wanted}, and is {got}: {reason}"));
        }
        if let Some(wanted) = &example.state
            && flow.is_none_or(|flow| *flow.state != **wanted)
        {
            tell(format!("should end in {wanted}, and ends in {}", flow.map_or("no state", |flow| &flow.state)));
        }
    }
    errors
}

impl Example {
    /// Whether it shows a trace in which nothing fails.
    pub fn passes(&self, models: &Arc<Models>, model: usize) -> bool {
        let outcome = play(models, model, self, usize::MAX, &[]);
        match models.list.get(model).is_some_and(|model| model.subject.is_flow()) {
            true => outcome.verdict() == Some(Verdict::Pass),
            false => !outcome.findings.iter().any(|finding| finding.severity == Severity::Fail),
        }
    }

    /// As if the capture could not see these protocols.
    pub fn hide<'p>(&mut self, protos: impl IntoIterator<Item = &'p str>) {
        self.hidden.extend(protos.into_iter().map(str::to_owned));
    }

    /// The findings that it must show.
    pub fn finds(&self) -> impl Iterator<Item = &str> {
        self.finds.iter().map(|find| find.id.as_str())
    }
}
