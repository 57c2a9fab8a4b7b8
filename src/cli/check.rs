//! `offhook check`: judges captures, phone by phone.

use std::io::Write;
use std::mem::ManuallyDrop;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::extract::Extract;
use super::run::{self, Input, Spool};
use super::{Bounds, Colour, SECRETS_ARE_SHOWN, Stop, compare, complain, output};
use crate::event::{Event, Schema, nearest};
use crate::model::{ModelError, Models, Site, load};
use crate::phone::{Concerned, Phones};
use crate::pipeline::{self, Options, Outcome, Unwatched, Watch};
use crate::report::compare::Watcher;
use crate::report::text::Style;
use crate::report::{FailOn, Only, Report, json, junit, text};
use crate::source::write::PcapngWriter;
use crate::source::{Notes, SourceError};

/// Judge captures, phone by phone
#[derive(Debug, Args)]
pub struct Check {
    /// Captures (pcap, pcapng; plain, gzip, zstd), directories of them, or - for standard input
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write the report to a file
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Judge with these models: a built-in name, or a file or directory of yours besides the built-in ones
    #[arg(long, value_name = "NAME|FILE|DIR")]
    model: Vec<String>,
    /// What your site says of itself (TOML): timers, CallManagers, SRST, what its regions allow
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// This phone only
    #[arg(long, value_name = "NAME|MAC|IP")]
    phone: Option<String>,
    /// Beside the phones of this capture: where a broken phone parts from one that works
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Beside this phone, of the same capture or of that of --against
    #[arg(long, value_name = "NAME|MAC|IP")]
    against_phone: Option<String>,
    /// With --phone: write that phone's packets of all protocols as pcapng
    #[arg(short = 'w', value_name = "FILE", requires = "phone")]
    write: Option<PathBuf>,
    /// Several files are one capture, merged in time order
    #[arg(long)]
    merge: bool,
    /// What ends with exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Fail, value_name = "WHAT")]
    fail_on: FailOn,
    /// A damaged capture is an error (exit code 3) even where it could be judged
    #[arg(long)]
    strict_input: bool,
    /// Compare with the golden traces in this directory too
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
    /// Print what is masked by default in the texts of findings
    #[arg(long)]
    show_secrets: bool,
    /// Only what is stuck, and only violations
    #[arg(short, long)]
    quiet: bool,
    /// Colour the report
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
    /// Do not resolve names (offhook never does)
    #[arg(short = 'n', hide = true)]
    numeric: bool,
    /// Threads to judge with; more than two are of no use [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    bounds: Bounds,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person
    Text,
    /// One JSON object
    Json,
    /// The same records one a line, in time order
    Ndjson,
    /// JUnit XML
    Junit,
}

impl Check {
    /// Runs it; the result is the exit code.
    pub fn run(&self) -> Result<u8, Stop> {
        let schema = pipeline::schema();
        // The program ends with this: to take the models apart, and the report, would be for nobody.
        let chosen = ManuallyDrop::new(models_on(self.threads, &self.model, self.site.as_deref(), &schema)?);
        let (mut inputs, errors) = run::inputs(&self.inputs, self.merge);
        let spool = spool_if_twice(&mut inputs, self.write.is_some() || self.golden.is_some())?;
        let mut unreadable = !errors.is_empty();
        errors.iter().for_each(|error| complain(&error.to_string()));
        if self.show_secrets {
            complain(SECRETS_ARE_SHOWN);
        }
        let mut report = ManuallyDrop::new(Report { secrets: self.show_secrets, ..Report::default() });
        let mut code = 0;
        let (mut portraits, mut ours) = (Vec::new(), Vec::new());
        let other = self.against_phone.as_deref();
        let healthy = match &self.against {
            Some(path) => Some(compare::against(path, &schema, &chosen.models, &self.bounds.options(), other)?),
            None => None,
        };
        // The wall clock is only asked how long the judging took: a report says so to a person.
        #[allow(clippy::disallowed_methods)]
        let began = std::time::Instant::now();
        for (number, input) in inputs.iter().enumerate() {
            match self.judged(input, &schema, &chosen.models) {
                Ok((outcome, watcher, notes)) => {
                    if let Some(damage) = &notes.damage {
                        complain(&format!("{}: {damage}", input.name));
                        unreadable |= self.strict_input;
                    }
                    let only = Only { phone: self.phone.as_deref(), models: &chosen.only };
                    report.add(&input.name, &outcome, &notes, only);
                    if let Some(watcher) = watcher {
                        if self.against.is_none() && self.phone.is_some() {
                            // The other phone may be in this capture, beside the one that the report is narrowed to.
                            let mut all = Report::default();
                            all.add(&input.name, &outcome, &notes, Only::default());
                            portraits.extend(compare::portraits(&all, &outcome, &watcher, other));
                            ours.extend(report.phones.iter().map(|phone| phone.label.clone()));
                        } else {
                            portraits.extend(compare::portraits(&report, &outcome, &watcher, other));
                        }
                    }
                    if let (Some(path), Some(wanted)) = (&self.write, &self.phone) {
                        self.write_phone(input, &outcome, wanted, path)?;
                    }
                    if number + 1 == inputs.len() {
                        std::mem::forget(outcome);
                    }
                }
                Err(error) => {
                    unreadable = true;
                    complain(&error.to_string());
                }
            }
        }
        if let Some(dir) = &self.golden {
            code = super::golden::verify(&inputs, dir, &self.bounds.options())?;
        }
        drop(spool);
        if self.compares() {
            let found = match healthy {
                Some(healthy) => healthy,
                None => compare::other(&portraits, other, "these captures")?.clone(),
            };
            compare::add(&mut report, &portraits, &found, &ours);
        }
        if !report.captures.is_empty() {
            self.print(&report, began.elapsed().as_millis())?;
        }
        Ok(self.exit_code(&report, unreadable, code))
    }

    fn compares(&self) -> bool {
        self.against.is_some() || self.against_phone.is_some()
    }

    /// Judges a capture; what is compared is only collected where it is asked for.
    fn judged(
        &self,
        input: &Input,
        schema: &Schema,
        models: &Arc<Models>,
    ) -> Result<(Outcome, Option<Watcher>, Notes), SourceError> {
        let options = self.bounds.options();
        if self.compares() {
            let watched = run::capture(input, schema, models, &options, Watcher::default(), None, |_| true);
            return watched.map(|(outcome, watcher, notes)| (outcome, Some(watcher), notes));
        }
        run::judge(input, schema, models, &options, self.threads).map(|(outcome, notes)| (outcome, None, notes))
    }

    fn exit_code(&self, report: &Report, unreadable: bool, golden: u8) -> u8 {
        let judged = report.exit_code(self.fail_on);
        match (judged, unreadable) {
            (1, _) => 1,
            _ if golden == 1 => 1,
            (_, true) => 3,
            (code, false) => code,
        }
    }

    fn print(&self, report: &Report, took_ms: u128) -> Result<(), Stop> {
        let mut out = output(self.output.as_deref())?;
        match self.format {
            Format::Text => {
                let style = Style { colour: self.color.wanted(self.output.is_some()), quiet: self.quiet };
                text::write(report, style, Some(took_ms), &mut out)?;
            }
            Format::Json => json::object(report, &mut out)?,
            Format::Ndjson => json::lines(report, &mut out)?,
            Format::Junit => junit::write(report, &mut out)?,
        }
        Ok(out.flush()?)
    }

    /// A second pass: every frame from or to that phone, of all protocols.
    fn write_phone(&self, input: &Input, outcome: &Outcome, wanted: &str, path: &Path) -> Result<(), Stop> {
        let Some((_, phone)) = outcome.phones.all().find(|(_, phone)| phone.is(wanted)) else {
            complain(&format!("{}: no phone {wanted} in it, nothing written to {}", input.name, path.display()));
            return Ok(());
        };
        let told = |error: SourceError| Stop::input(error.to_string());
        let mut source = input.open().map_err(told)?;
        let mut out = PcapngWriter::new(output(Some(path))?)?;
        let extract = Extract::of(phone, &outcome.findings, &outcome.phones);
        while let Some(frame) = source.next().map_err(told)? {
            if extract.takes(&frame) {
                out.frame(&frame)?;
            }
        }
        out.finish()?.flush()?;
        Ok(())
    }
}

/// The models to judge with, and which of them the report is narrowed to.
#[derive(Debug)]
pub struct Chosen {
    /// All of them: one model reads what another tells.
    pub models: Arc<Models>,
    /// The ids of `--model`; empty for all.
    pub only: Vec<String>,
}

/// The models of `--model`: names narrow the report, paths add to the built-in models.
pub fn models(wanted: &[String], site: Option<&Path>, schema: &Schema) -> Result<Chosen, Stop> {
    models_on(None, wanted, site, schema)
}

/// The same, on `threads` threads.
fn models_on(
    threads: Option<NonZero<usize>>,
    wanted: &[String],
    site: Option<&Path>,
    schema: &Schema,
) -> Result<Chosen, Stop> {
    let site = site.map(|path| read_site(path, schema)).transpose()?.unwrap_or_default();
    let mut sources = load::builtin();
    let mut only = Vec::new();
    let mut users = Vec::new();
    for name in wanted {
        let path = Path::new(name);
        if path.exists() {
            let found = load::from_path(path).map_err(|error| Stop::usage(format!("{name}: {error}")))?;
            if found.is_empty() {
                return Err(Stop::usage(format!("{name}: no model (*.toml) in this directory")));
            }
            users.extend(found.iter().map(|source| source.file.clone()));
            sources.extend(found);
        } else {
            only.push(name.clone());
        }
    }
    // The built-in ones are known to be sound; a user's are told everything that is wrong with them.
    let loaded = if users.is_empty() {
        load::load_to_judge(&sources, schema, &site, run::two(threads))
    } else {
        load::load(&sources, schema, &site)
    };
    let models = loaded.models().map_err(|errors| all(&errors))?;
    let wrong = site.check(&models);
    if !wrong.is_empty() {
        return Err(all(&wrong));
    }
    for name in &only {
        if models.get(name).is_none() {
            let near = nearest(name, models.list.iter().map(|m| &*m.id));
            let hint = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
            return Err(Stop::usage(format!("--model {name}: neither a model nor a file{hint}")));
        }
    }
    if !only.is_empty() {
        // A user's model that was named by its file is wanted beside the ones named by id.
        only.extend(models.list.iter().filter(|m| users.contains(&m.file)).map(|m| m.id.to_string()));
    }
    Ok(Chosen { models: Arc::new(models), only })
}

/// All that is wrong with a model or a site, at once.
fn all(errors: &[ModelError]) -> Stop {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Stop::usage(lines.join("\noffhook: "))
}

fn read_site(path: &Path, schema: &Schema) -> Result<Site, Stop> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| Stop::usage(format!("{name}: {error}")))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Stop::usage(format!("{name}: no text, and so no site file (TOML)")))?;
    crate::model::site::read(&name, &text, schema).map_err(|errors| all(&errors))
}

/// No models at all: `decode` judges nothing.
pub fn no_models(schema: &Schema) -> Arc<Models> {
    Arc::new(load::load(&[], schema, &Site::default()).models)
}

/// Standard input is kept in a file where it has to be read twice.
pub fn spool_if_twice(inputs: &mut [Input], twice: bool) -> Result<Option<Spool>, Stop> {
    let Some(path) = inputs.iter_mut().flat_map(|i| &mut i.paths).find(|p| twice && p.as_os_str() == "-") else {
        return Ok(None);
    };
    let spool = Spool::stdin()?;
    *path = spool.path().to_owned();
    Ok(Some(spool))
}

/// Judges one capture and keeps nothing but the outcome.
pub fn judge(
    input: &Input,
    schema: &Schema,
    models: &Arc<Models>,
    options: &Options,
) -> Result<(Outcome, Notes), SourceError> {
    run::capture(input, schema, models, options, Unwatched, None, |_| true).map(|(outcome, _, notes)| (outcome, notes))
}

/// A watcher made of a function.
pub struct Watching<F>(pub F);

impl<F: FnMut(&Event<'_>, &[Concerned], &Phones)> Watch for Watching<F> {
    fn event(&mut self, event: &Event<'_>, concerned: &[Concerned], phones: &Phones) {
        (self.0)(event, concerned, phones);
    }
}

impl<F> std::fmt::Debug for Watching<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watching")
    }
}
