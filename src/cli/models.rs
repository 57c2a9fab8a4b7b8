//! `offhook models`: lists, shows, draws and lints the sequence models.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};

use super::run::{self, Input};
use super::{Stop, complain, output};
use crate::event::nearest;
use crate::finding::{Severity, Verdict};
use crate::model::load::{self, Source};
use crate::model::{Model, ModelError, Models as Loaded, Site, check, doc, graph};
use crate::pipeline;
use crate::report::{Only, Report};

/// The sequence models, built in or yours
#[derive(Debug, Args)]
pub struct Models {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A line each: id, sequence states, findings, title
    List {
        /// Your models, besides the built-in ones
        #[arg(value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
    },
    /// A model as it is written (TOML)
    Show {
        /// Its id
        model: String,
    },
    /// A model drawn as a graph of its states, or all of them
    Graph {
        /// Its id, or your file; without it all that the capture shows, or every model
        model: Option<String>,
        /// For what
        #[arg(long, value_enum, default_value_t = Form::Mermaid)]
        format: Form,
        /// With the way a phone took: its arrows thick, the missing one dashed
        #[arg(long, value_name = "FILE")]
        capture: Option<PathBuf>,
        /// Of this phone; else of the first that is stuck, or the first
        #[arg(long, value_name = "NAME|MAC|IP", requires = "capture")]
        phone: Option<String>,
    },
    /// The page of the documentation: every sequence, state, finding and source (Markdown)
    Doc {
        /// Your models, besides the built-in ones
        #[arg(value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
    },
    /// Read, check and try models on their own examples; 2 if one cannot work
    Lint {
        /// Your models; without any, the built-in ones
        #[arg(value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
        /// A warning is an error too
        #[arg(long)]
        strict: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Mermaid state diagram
    Mermaid,
    /// Graphviz dot
    Dot,
}

impl Models {
    /// Runs it.
    pub fn run(&self) -> Result<u8, Stop> {
        match &self.what {
            What::List { paths } => list(paths),
            What::Show { model } => show(model),
            What::Graph { model, format, capture, phone } => {
                draw(model.as_deref(), *format, capture.as_deref(), phone.as_deref())
            }
            What::Doc { paths } => {
                let mut out = output(None)?;
                out.write_all(doc::page(&loaded(paths)?).as_bytes())?;
                out.flush()?;
                Ok(0)
            }
            What::Lint { paths, strict } => lint(paths, *strict),
        }
    }
}

fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Stop> {
    let mut sources = load::builtin();
    for path in paths {
        let found = load::from_path(path).map_err(|error| Stop::usage(format!("{}: {error}", path.display())))?;
        if found.is_empty() {
            return Err(Stop::usage(format!("{}: no model (*.toml) in this directory", path.display())));
        }
        sources.extend(found);
    }
    Ok(sources)
}

fn loaded(paths: &[PathBuf]) -> Result<Loaded, Stop> {
    load::load(&sources(paths)?, &pipeline::schema(), &Site::default()).models().map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Stop::usage(lines.join("\noffhook: "))
    })
}

fn list(paths: &[PathBuf]) -> Result<u8, Stop> {
    let models = loaded(paths)?;
    let mut out = output(None)?;
    for model in &models.list {
        let states: Vec<&str> = model.states.iter().map(|state| &*state.name).collect();
        writeln!(out, "{}\t{}\t{} findings\t{}", model.id, states.join(","), model.findings.len(), model.title)?;
    }
    out.flush()?;
    Ok(0)
}

fn show(wanted: &str) -> Result<u8, Stop> {
    let (models, id) = meant(Some(wanted))?;
    let mut out = output(None)?;
    for model in models.list.iter().filter(|model| id.as_deref() == Some(&*model.id)) {
        out.write_all(model.text.as_bytes())?;
    }
    out.flush()?;
    Ok(0)
}

/// The models that are meant, by id or file; all without one.
fn meant(wanted: Option<&str>) -> Result<(Loaded, Option<String>), Stop> {
    let Some(wanted) = wanted else { return Ok((loaded(&[])?, None)) };
    let path = Path::new(wanted);
    let models = if path.is_file() { loaded(&[path.to_owned()])? } else { loaded(&[])? };
    let of_file = models.list.iter().find(|m| Path::new(&m.file) == path).map(|m| m.id.to_string());
    let id = of_file.unwrap_or_else(|| wanted.to_owned());
    if models.get(&id).is_none() {
        let near = nearest(&id, models.list.iter().map(|m| &*m.id));
        let hint = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        return Err(Stop::usage(format!("no model {id}{hint}; `offhook models list` names them")));
    }
    Ok((models, Some(id)))
}

fn draw(wanted: Option<&str>, form: Form, capture: Option<&Path>, phone: Option<&str>) -> Result<u8, Stop> {
    let (models, id) = meant(wanted)?;
    let models = Arc::new(models);
    let is_meant = |model: &&Model| id.as_deref().is_none_or(|id| *model.id == *id);
    let mut out = output(None)?;
    let walks = match capture {
        Some(path) => Some(walks(&models, path, phone)?),
        None => None,
    };
    let mut drawn = 0;
    for model in models.list.iter().filter(is_meant) {
        let text = match &walks {
            None if form == Form::Mermaid => graph::mermaid(model),
            None => graph::graphviz(model, None),
            Some(walks) => match walks.iter().find(|(id, _)| *id == *model.id) {
                Some((_, walk)) if form == Form::Mermaid => graph::mermaid_walk(model, walk),
                Some((_, walk)) => graph::graphviz(model, Some(walk)),
                None => continue,
            },
        };
        if drawn > 0 {
            out.write_all(b"\n")?;
        }
        drawn += 1;
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    if drawn == 0 {
        let model = id.unwrap_or_else(|| "any model".to_owned());
        return Err(Stop::usage(format!("the phone has no run of {model} in this capture")));
    }
    Ok(0)
}

/// The way that a phone of a capture took through each model: the run that failed, else the last.
fn walks(models: &Arc<Loaded>, path: &Path, wanted: Option<&str>) -> Result<Vec<(String, graph::Walk)>, Stop> {
    let input = Input { name: path.display().to_string(), paths: vec![path.to_owned()] };
    let told = |error: crate::source::SourceError| Stop::input(error.to_string());
    let options = pipeline::Options::default();
    let judged = run::capture(&input, &pipeline::schema(), models, &options, pipeline::Unwatched, None, |_| true);
    let (outcome, _, notes) = judged.map_err(told)?;
    let mut report = Report::default();
    report.add(&input.name, &outcome, &notes, Only { phone: wanted, models: &[] });
    let stuck = report.phones.iter().find(|phone| phone.verdict == Verdict::Fail);
    let Some(phone) = stuck.or(report.phones.first()) else {
        let who = wanted.map_or_else(|| "no phone".to_owned(), |name| format!("no phone {name}"));
        return Err(Stop::usage(format!("{}: {who} in it", path.display())));
    };
    complain(&format!("{}: {}", path.display(), phone.label));
    let mut walks: Vec<(String, graph::Walk)> = Vec::new();
    for flow in outcome.flows.iter().filter(|flow| flow.phones.contains(&phone.id)) {
        let failed = outcome
            .findings
            .iter()
            .find(|finding| finding.severity == Severity::Fail && flow.findings.contains(&finding.serial));
        let stuck = match flow.verdict {
            Verdict::Pass => None,
            _ => Some(failed.map_or_else(|| flow.state.to_string(), |finding| finding.state.to_string())),
        };
        let walk = graph::Walk {
            title: format!("{}, {}", phone.label, flow.verdict.name()),
            path: flow.path.iter().map(|step| (step.state.to_string(), step.frame)).collect(),
            stuck,
        };
        match walks.iter_mut().find(|(id, _)| *id == *flow.model) {
            Some((_, known)) if known.stuck.is_none() || walk.stuck.is_some() => *known = walk,
            Some(_) => {}
            None => walks.push((flow.model.to_string(), walk)),
        }
    }
    Ok(walks)
}

fn lint(paths: &[PathBuf], strict: bool) -> Result<u8, Stop> {
    let loaded = load::load(&sources(paths)?, &pipeline::schema(), &Site::default());
    let mut told: Vec<ModelError> = loaded.told.clone();
    if told.iter().all(|error| error.warning) {
        told.extend(check::examples(&Arc::new(loaded.models)));
    }
    // Whoever asks about models of their own does not ask about the built-in ones.
    let named = |error: &ModelError| paths.is_empty() || paths.iter().any(|p| Path::new(&error.file).starts_with(p));
    told.retain(named);
    told.iter().for_each(|error| complain(&error.to_string()));
    let errors = told.iter().filter(|error| strict || !error.warning).count();
    if errors > 0 {
        return Err(Stop::usage(format!("{errors} errors, {} warnings", told.len() - errors)));
    }
    complain(&format!("no errors, {} warnings", told.len()));
    Ok(0)
}
