//! `offhook fields`: every event and field that `-Y`, `-e` and the models may name.

use std::io::Write;

use clap::Args;

use super::{Stop, output};
use crate::event::nearest;
use crate::pipeline;

/// Every event and field that -Y, -e and the models may name
#[derive(Debug, Args)]
pub struct Fields {
    /// Only this protocol (the name before the first dot)
    #[arg(value_name = "PROTO")]
    proto: Option<String>,
    /// Only the events
    #[arg(long)]
    events: bool,
}

impl Fields {
    /// Runs it: tab-separated lines, name, type, unit, meaning.
    pub fn run(&self) -> Result<u8, Stop> {
        let schema = pipeline::schema();
        let first = |name: &'static str| name.split('.').next().unwrap_or(name);
        let wanted = |name: &'static str| self.proto.as_deref().is_none_or(|proto| first(name) == proto);
        let mut out = output(None)?;
        let mut any = false;
        for event in schema.events().iter().filter(|e| wanted(e.name)) {
            any = true;
            writeln!(out, "{}\tevent\t\t{}", event.name, event.meaning)?;
        }
        for field in schema.fields().iter().filter(|f| !self.events && wanted(f.name)) {
            any = true;
            let secret = if field.secret { " (masked unless --show-secrets)" } else { "" };
            writeln!(out, "{}\t{}\t{}\t{}{secret}", field.name, field.kind.name(), field.unit, field.meaning)?;
        }
        out.flush()?;
        if any {
            return Ok(0);
        }
        let proto = self.proto.as_deref().unwrap_or_default();
        let known = schema.fields().iter().map(|f| first(f.name)).chain(schema.events().iter().map(|e| first(e.name)));
        let hint = nearest(proto, known).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        Err(Stop::usage(format!("no protocol {proto}{hint}; `offhook fields` lists them all")))
    }
}
