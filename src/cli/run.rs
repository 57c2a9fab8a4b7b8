//! What `check`, `decode` and `golden` share: open inputs, drive the pipeline over a capture, show progress.

use std::io::{IsTerminal, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};

use super::Stop;
use crate::event::Schema;
use crate::model::Models;
use crate::pipeline::{self, Options, Outcome, Pipeline, Unwatched, Watch};
use crate::source::file::CaptureFile;
use crate::source::merge::Merge;
use crate::source::{Notes, Source, SourceError, inputs};

/// A capture to be judged on its own: one file, or several merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What reports call it.
    pub name: String,
    /// Its files; more than one only if they are merged.
    pub paths: Vec<PathBuf>,
}

impl Input {
    /// Opens it.
    pub fn open(&self) -> Result<Box<dyn Source + Send>, SourceError> {
        match self.paths.as_slice() {
            [one] => Ok(Box::new(CaptureFile::open(one)?)),
            several => {
                let mut sources: Vec<(String, Box<dyn Source + Send>)> = Vec::new();
                for path in several {
                    sources.push((path.display().to_string(), Box::new(CaptureFile::open(path)?)));
                }
                Ok(Box::new(Merge::new(sources)?))
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.paths.iter().filter_map(|p| p.metadata().ok()).map(|m| m.len()).sum()
    }
}

/// The inputs of a command line: files, directories and `-`; merged into one if asked.
///
/// An input that does not exist is given back among the errors, so that the others are still judged.
pub fn inputs(arguments: &[PathBuf], merge: bool) -> (Vec<Input>, Vec<SourceError>) {
    let (mut paths, mut errors) = (Vec::new(), Vec::new());
    for argument in arguments {
        match inputs::expand(std::slice::from_ref(argument)) {
            Ok(found) => paths.extend(found),
            Err(error) => errors.push(error),
        }
    }
    if merge && paths.len() > 1 {
        let names: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        return (vec![Input { name: names.join(" + "), paths }], errors);
    }
    let one = |path: PathBuf| Input { name: path.display().to_string(), paths: vec![path] };
    (paths.into_iter().map(one).collect(), errors)
}

/// Standard input kept in a temporary file, for what has to read a capture twice.
#[derive(Debug)]
pub struct Spool(tempfile::NamedTempFile);

impl Spool {
    /// Reads standard input to its end.
    pub fn stdin() -> Result<Spool, Stop> {
        let told = |error| Stop::input(format!("standard input cannot be kept: {error}"));
        let mut file = tempfile::NamedTempFile::new().map_err(told)?;
        std::io::copy(&mut std::io::stdin().lock().by_ref(), &mut file).map_err(told)?;
        Ok(Spool(file))
    }

    /// Where it is kept.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Reads a capture to its end (or to frame `most`), and gives what came of it.
pub fn capture<W: Watch>(
    input: &Input,
    schema: &Schema,
    models: &Arc<Models>,
    options: &Options,
    watch: W,
    most: Option<u64>,
    mut go_on: impl FnMut(&mut W) -> bool,
) -> Result<(Outcome, W, Notes), SourceError> {
    let mut source = input.open()?;
    let bar = progress(input.bytes());
    let mut pipeline = Pipeline::new(schema, Arc::clone(models), options, watch);
    let mut read = 0;
    while most.is_none_or(|most| read < most) {
        let Some(frame) = source.next()? else { break };
        read += 1;
        if let Some(bar) = &bar
            && read % 8192 == 1
        {
            bar.set_message(format!("{} packets", frame.number));
            bar.tick();
        }
        pipeline.frame(&frame);
        if !go_on(pipeline.watch()) {
            break;
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let notes = source.notes().clone();
    let (outcome, watch) = pipeline.finish(&notes);
    Ok((outcome, watch, notes))
}

/// Whether two threads may work: so many were asked for, or there are as many processors.
pub fn two(threads: Option<NonZero<usize>>) -> bool {
    threads.or_else(|| std::thread::available_parallelism().ok()).is_some_and(|threads| threads.get() > 1)
}

/// Judges a capture as a whole, on `threads` threads (a third has nothing to do; none given: as many as there are
/// cores). What comes of it does not depend on how many.
pub fn judge(
    input: &Input,
    schema: &Schema,
    models: &Arc<Models>,
    options: &Options,
    threads: Option<NonZero<usize>>,
) -> Result<(Outcome, Notes), SourceError> {
    if !two(threads) {
        return capture(input, schema, models, options, Unwatched, None, |_| true)
            .map(|(outcome, _, notes)| (outcome, notes));
    }
    let mut source = input.open()?;
    let bar = progress(input.bytes());
    let outcome = pipeline::judge(source.as_mut(), schema, Arc::clone(models), options, |number| {
        if let Some(bar) = bar.as_ref().filter(|_| number % 8192 == 1) {
            bar.set_message(format!("{number} packets"));
            bar.tick();
        }
    })?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok((outcome, source.notes().clone()))
}

/// A spinner with a count on standard error, if that is a terminal and the file is worth it.
fn progress(bytes: u64) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() || bytes < 32 << 20 {
        return None;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} reading {msg} {elapsed}") {
        bar.set_style(style);
    }
    Some(bar)
}
