//! `offhook decode`: shows every decoded message.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::run::{self, Input};
use super::{Bounds, Stop, check, complain, output};
use crate::event::{Event, Field, FieldDef, Schema, Value};
use crate::expr::Expr;
use crate::finding::Verdict;
use crate::phone::{self, Concerned, Phone, Phones};
use crate::pipeline;
use crate::report::events::{Form, Show, Writer};
use crate::report::{Only, Report};

/// Show every decoded message
#[derive(Debug, Args)]
pub struct Decode {
    /// Captures, directories of them, or - for standard input
    #[arg(value_name = "FILE|DIR|-", required_unless_present = "read")]
    inputs: Vec<PathBuf>,
    /// A capture, as tshark takes it
    #[arg(short = 'r', value_name = "FILE")]
    read: Vec<PathBuf>,
    /// The form of a message
    #[arg(short = 'T', value_enum, default_value_t = Kind::Text, value_name = "FORM")]
    form: Kind,
    /// Only messages for which this filter is true
    #[arg(short = 'Y', value_name = "FILTER")]
    filter: Option<String>,
    /// With -T fields: a field to print, in this order
    #[arg(short = 'e', value_name = "FIELD")]
    fields: Vec<String>,
    /// Every field with its meaning
    #[arg(short = 'V')]
    verbose: bool,
    /// The bytes too
    #[arg(short = 'x')]
    bytes: bool,
    /// Stop after so many frames
    #[arg(short = 'c', value_name = "N")]
    count: Option<u64>,
    /// Messages of this phone only
    #[arg(long, value_name = "NAME|MAC|IP")]
    phone: Option<String>,
    /// Several files are one capture, merged in time order
    #[arg(long)]
    merge: bool,
    /// Print what is masked by default: passwords, digests, PINs, keys
    #[arg(long)]
    show_secrets: bool,
    /// Write to a file
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Do not resolve names (offhook never does)
    #[arg(short = 'n', hide = true)]
    numeric: bool,
    #[command(flatten)]
    bounds: Bounds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One line a message
    Text,
    /// One JSON object a line
    Ndjson,
    /// The fields of -e, tab-separated
    Fields,
}

impl Decode {
    /// Runs it; the result is the exit code.
    pub fn run(&self) -> Result<u8, Stop> {
        let schema = pipeline::schema();
        let filter = self.filter.as_deref().map(|text| compile(text, &schema)).transpose()?;
        let show = self.show(&schema)?;
        if self.show_secrets {
            complain(super::SECRETS_ARE_SHOWN);
        }
        let arguments: Vec<PathBuf> = self.read.iter().chain(&self.inputs).cloned().collect();
        let (mut inputs, errors) = run::inputs(&arguments, self.merge);
        errors.iter().for_each(|error| complain(&error.to_string()));
        let mut unreadable = !errors.is_empty();
        let judged = filter.as_ref().is_some_and(needs_verdict);
        let _spool = check::spool_if_twice(&mut inputs, judged)?;
        let mut out = output(self.output.as_deref())?;
        for input in &inputs {
            match self.decode(input, &schema, filter.as_ref(), judged, &show, &mut out) {
                Ok(true) => {}
                Ok(false) => unreadable = true,
                Err(stop) => return Err(stop),
            }
        }
        out.flush()?;
        Ok(if unreadable { 3 } else { 0 })
    }

    fn show(&self, schema: &Schema) -> Result<Show, Stop> {
        let form = match self.form {
            Kind::Text => Form::Text,
            Kind::Ndjson => Form::Ndjson,
            Kind::Fields => Form::Fields,
        };
        if form == Form::Fields && self.fields.is_empty() {
            return Err(Stop::usage("-T fields needs at least one -e FIELD; `offhook fields` lists them"));
        }
        if form != Form::Fields && !self.fields.is_empty() {
            return Err(Stop::usage("-e needs -T fields"));
        }
        let mut chosen: Vec<&'static FieldDef> = Vec::new();
        for name in &self.fields {
            let hint = || schema.nearest(name).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
            chosen.push(schema.field(name).ok_or_else(|| Stop::usage(format!("-e {name}: no such field{}", hint())))?);
        }
        Ok(Show { form, verbose: self.verbose, bytes: self.bytes, secrets: self.show_secrets, digest: false, chosen })
    }

    /// Decodes one input. `false` if it cannot be read at all.
    fn decode(
        &self,
        input: &Input,
        schema: &Schema,
        filter: Option<&Expr>,
        judged: bool,
        show: &Show,
        out: &mut dyn Write,
    ) -> Result<bool, Stop> {
        let mut options = self.bounds.options();
        options.detail = true;
        options.show_duplicates = true;
        let verdicts = if judged { Some(Verdicts::of(input, schema, &self.bounds)?) } else { None };
        let mut writer = Writer::new(show.clone());
        let mut failed: Option<io::Error> = None;
        let models = check::no_models(schema);
        let wants_phone = self.phone.is_some() || filter.is_some() || show.form == Form::Fields;
        let mut extra: Vec<Field<'static>> = Vec::new();
        let mut each = |event: &Event<'_>, concerned: &[Concerned], phones: &Phones| {
            if failed.is_some() {
                return;
            }
            extra.clear();
            if wants_phone {
                if self.phone.as_deref().is_some_and(|wanted| !concerns(wanted, concerned, phones)) {
                    return;
                }
                phone_fields(event, concerned, phones, verdicts.as_ref(), &mut extra);
                if filter.is_some_and(|filter| !filter.passes(event, &extra)) {
                    return;
                }
            }
            // What is known of the phone serves the filter and -e; a message shows its own fields.
            let shown: &[Field<'_>] = if show.form == Form::Fields { &extra } else { &[] };
            failed = writer.write(event, shown, out).err();
        };
        let run = run::capture(input, schema, &models, &options, check::Watching(&mut each), self.count, |_| true)
            .map(|(_, _, notes)| notes);
        if let Some(error) = failed {
            return Err(error.into());
        }
        match run {
            Ok(notes) => {
                if let Some(damage) = notes.damage {
                    complain(&format!("{}: {damage}", input.name));
                }
                Ok(true)
            }
            Err(error) => {
                complain(&error.to_string());
                Ok(false)
            }
        }
    }
}

/// Compiles a filter, or says where it is wrong.
pub fn compile(text: &str, schema: &Schema) -> Result<Expr, Stop> {
    Expr::filter(text, schema).map_err(|error| Stop::usage(format!("-Y: {}", error.render(text))))
}

fn needs_verdict(filter: &Expr) -> bool {
    filter.names(&phone::VERDICT) || filter.names(&phone::FINDING)
}

fn concerns(wanted: &str, concerned: &[Concerned], phones: &Phones) -> bool {
    concerned.iter().any(|c| phones.get(c.phone).is_some_and(|phone| phone.is(wanted)))
}

fn phone_fields(
    event: &Event<'_>,
    concerned: &[Concerned],
    phones: &Phones,
    verdicts: Option<&Verdicts>,
    extra: &mut Vec<Field<'static>>,
) {
    let mut push = |def: &'static FieldDef, value: Value<'static>| extra.push(Field { def, value, at: 0, len: 0 });
    for phone in concerned.iter().filter_map(|c| phones.get(c.phone)) {
        push(&phone::NAME, Value::Text(phone.label().into()));
        if let Some(mac) = phone.mac {
            push(&phone::MAC, Value::Mac(mac));
        }
        phone.addresses.iter().for_each(|a| push(&phone::IP, Value::Ip(a.ip)));
        if let Some(verdict) = verdicts.and_then(|v| v.phones.get(&phone.label())) {
            push(&phone::VERDICT, Value::Text(verdict.name().into()));
        }
    }
    if let Some(ids) = verdicts.and_then(|v| v.frames.get(&event.origin.frame)) {
        ids.iter().for_each(|id| push(&phone::FINDING, Value::Text(id.clone().into())));
    }
}

/// What a first pass judged, for filters that ask for it.
struct Verdicts {
    phones: HashMap<String, Verdict>,
    frames: HashMap<u64, Vec<String>>,
}

impl Verdicts {
    fn of(input: &Input, schema: &Schema, bounds: &Bounds) -> Result<Verdicts, Stop> {
        let models = check::models(&[], None, schema)?.models;
        let (outcome, notes) =
            check::judge(input, schema, &models, &bounds.options()).map_err(|error| Stop::input(error.to_string()))?;
        let mut report = Report::default();
        report.add(&input.name, &outcome, &notes, Only::default());
        let label = |id| outcome.phones.get(id).map(Phone::label);
        let phones = outcome
            .phones
            .all()
            .filter_map(|(id, _)| label(id))
            .filter_map(|name| Some((name.clone(), report.phones.iter().find(|p| p.label == name)?.verdict)))
            .collect();
        let mut frames: HashMap<u64, Vec<String>> = HashMap::new();
        for finding in &report.findings {
            for frame in &finding.frames {
                frames.entry(*frame).or_default().push(finding.id.clone());
            }
        }
        Ok(Verdicts { phones, frames })
    }
}
