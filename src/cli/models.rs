//! `offhook models`: lists, shows, draws and lints the sequence models.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};

use super::{Stop, complain, output};
use crate::event::nearest;
use crate::model::load::{self, Source};
use crate::model::{Model, ModelError, Models as Loaded, Site, check, graph};
use crate::pipeline;

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
    /// A model drawn as a graph of its states
    Graph {
        /// Its id
        model: String,
        /// For what
        #[arg(long, value_enum, default_value_t = Form::Mermaid)]
        format: Form,
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
            What::Show { model } => show(model, |model, out| out.write_all(model.text.as_bytes())),
            What::Graph { model, format } => show(model, |model, out| {
                let text = if *format == Form::Mermaid { graph::mermaid(model) } else { graph::graphviz(model) };
                out.write_all(text.as_bytes())
            }),
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

fn show(id: &str, write: impl Fn(&Model, &mut dyn Write) -> std::io::Result<()>) -> Result<u8, Stop> {
    let path = Path::new(id);
    let (models, id) = if path.is_file() {
        let models = loaded(&[path.to_owned()])?;
        let id = models.list.iter().find(|m| Path::new(&m.file) == path).map(|m| m.id.to_string()).unwrap_or_default();
        (models, id)
    } else {
        (loaded(&[])?, id.to_owned())
    };
    let model = models.get(&id).ok_or_else(|| {
        let near = nearest(&id, models.list.iter().map(|m| &*m.id));
        let hint = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        Stop::usage(format!("no model {id}{hint}; `offhook models list` names them"))
    })?;
    let mut out = output(None)?;
    write(model, &mut out)?;
    out.flush()?;
    Ok(0)
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
