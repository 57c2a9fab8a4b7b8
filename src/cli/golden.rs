//! `offhook golden`: writes or compares golden traces.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::run::{self, Input};
use super::{Bounds, Stop, complain};
use crate::golden::{self, Difference};
use crate::pipeline::{self, Options};

/// Record or verify golden traces
#[derive(Debug, Args)]
pub struct Golden {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write what each capture says to GOLDEN
    Record(Paths),
    /// Compare each capture with its golden; 1 if one differs or is missing
    Verify(Paths),
}

#[derive(Debug, Args)]
struct Paths {
    /// A capture, or a directory of captures
    captures: PathBuf,
    /// The directory of the golden traces
    golden: PathBuf,
    #[command(flatten)]
    bounds: Bounds,
}

impl Golden {
    /// Runs it; the result is the exit code.
    pub fn run(&self) -> Result<u8, Stop> {
        let (What::Record(paths) | What::Verify(paths)) = &self.what;
        let (inputs, errors) = run::inputs(std::slice::from_ref(&paths.captures), false);
        if let Some(error) = errors.first() {
            return Err(Stop::input(error.to_string()));
        }
        match &self.what {
            What::Record(_) => record(&inputs, &paths.golden, &paths.bounds.options()),
            What::Verify(_) => verify(&inputs, &paths.golden, &paths.bounds.options()),
        }
    }
}

fn traces(input: &Input, options: &Options) -> Result<golden::Traces, Stop> {
    let schema = pipeline::schema();
    let models = super::check::models(&[], None, &schema)?.models;
    let mut options = options.clone();
    options.detail = true;
    let recorder = golden::Recorder::default();
    let (outcome, recorder, notes) = run::capture(input, &schema, &models, &options, recorder, None, |_| true)
        .map_err(|error| Stop::input(error.to_string()))?;
    Ok(recorder.finish(&outcome, &notes))
}

fn record(inputs: &[Input], dir: &Path, options: &Options) -> Result<u8, Stop> {
    std::fs::create_dir_all(dir).map_err(|error| Stop::input(format!("{}: {error}", dir.display())))?;
    for input in inputs {
        let traces = traces(input, options)?;
        let (events, verdict) = golden::paths(dir, &input.name);
        for (path, text) in [(events, &traces.events), (verdict, &traces.verdict)] {
            std::fs::write(&path, text).map_err(|error| Stop::input(format!("{}: {error}", path.display())))?;
        }
    }
    complain(&format!("{} golden traces written to {}", inputs.len(), dir.display()));
    Ok(0)
}

/// Compares; 1 if a golden differs or is missing.
pub fn verify(inputs: &[Input], dir: &Path, options: &Options) -> Result<u8, Stop> {
    if !dir.is_dir() {
        let dir = dir.display();
        complain(&format!("{dir}: no directory of golden traces; `offhook golden record` writes it"));
        return Ok(1);
    }
    let mut wrong = 0;
    for input in inputs {
        let traces = traces(input, options)?;
        let (events, verdict) = golden::paths(dir, &input.name);
        for (path, now) in [(events, &traces.events), (verdict, &traces.verdict)] {
            let difference = match std::fs::read_to_string(&path) {
                Ok(then) => golden::compare(&then, now),
                Err(error) => Some(Difference { line: 0, golden: error.to_string(), now: "a trace".to_owned() }),
            };
            if let Some(difference) = difference {
                wrong += 1;
                complain(&format!("{}: {difference}", path.display()));
            }
        }
    }
    if inputs.is_empty() {
        return Err(Stop::input(format!("{}: no captures to compare", dir.display())));
    }
    if wrong == 0 {
        complain(&format!("{} captures agree with {}", inputs.len(), dir.display()));
    }
    Ok(u8::from(wrong > 0))
}
