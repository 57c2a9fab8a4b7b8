//! Where models come from: those built in, and a user's file or directory. A user's model replaces the built-in
//! one of the same id, and needs no rebuild.

use std::borrow::Cow;
use std::path::Path;

use super::read::{Raw, read};
use super::{ModelError, Models, Site, compile};
use crate::event::Schema;

/// The models that are built in, in the order in which they judge an event: a model that reads what another sets,
/// or asks for its outcome, comes after it. **Adding a model is its file and its line here.**
pub const BUILTIN: &[(&str, &str)] = &[
    ("models/link.toml", include_str!("../../models/link.toml")),
    ("models/dhcp.toml", include_str!("../../models/dhcp.toml")),
    ("models/tftp-server.toml", include_str!("../../models/tftp-server.toml")),
    ("models/ctl.toml", include_str!("../../models/ctl.toml")),
    ("models/itl.toml", include_str!("../../models/itl.toml")),
    ("models/config.toml", include_str!("../../models/config.toml")),
    ("models/ctl-retry.toml", include_str!("../../models/ctl-retry.toml")),
    ("models/secure-connection.toml", include_str!("../../models/secure-connection.toml")),
    ("models/auto-registration.toml", include_str!("../../models/auto-registration.toml")),
    ("models/keepalive.toml", include_str!("../../models/keepalive.toml")),
    ("models/rejected.toml", include_str!("../../models/rejected.toml")),
    ("models/failover.toml", include_str!("../../models/failover.toml")),
    ("models/capf.toml", include_str!("../../models/capf.toml")),
    ("models/phone-services.toml", include_str!("../../models/phone-services.toml")),
    ("models/extension-mobility.toml", include_str!("../../models/extension-mobility.toml")),
    ("models/emcc.toml", include_str!("../../models/emcc.toml")),
    ("models/cast.toml", include_str!("../../models/cast.toml")),
    ("models/webdialer.toml", include_str!("../../models/webdialer.toml")),
    ("models/rtp.toml", include_str!("../../models/rtp.toml")),
    ("models/region-codec.toml", include_str!("../../models/region-codec.toml")),
    ("models/paging.toml", include_str!("../../models/paging.toml")),
    ("models/assistant.toml", include_str!("../../models/assistant.toml")),
    ("models/attendant-console.toml", include_str!("../../models/attendant-console.toml")),
    ("models/boot.toml", include_str!("../../models/boot.toml")),
    ("models/capture.toml", include_str!("../../models/capture.toml")),
    ("models/malformed.toml", include_str!("../../models/malformed.toml")),
];

/// A model's file, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, for errors.
    pub file: String,
    /// Its text.
    pub text: Cow<'static, str>,
}

/// What loading gave.
#[derive(Debug)]
pub struct Loaded {
    /// The models; usable only if no error is left.
    pub models: Models,
    /// Every error and warning, in the order of the files.
    pub told: Vec<ModelError>,
}

impl Loaded {
    /// The models, or all errors at once.
    pub fn models(self) -> Result<Models, Vec<ModelError>> {
        let errors: Vec<ModelError> = self.told.into_iter().filter(|error| !error.warning).collect();
        if errors.is_empty() { Ok(self.models) } else { Err(errors) }
    }
}

/// The built-in models.
pub fn builtin() -> Vec<Source> {
    BUILTIN.iter().map(|(file, text)| Source { file: (*file).to_owned(), text: Cow::Borrowed(*text) }).collect()
}

/// A user's model, or all `*.toml` of a directory, by name.
pub fn from_path(path: &Path) -> std::io::Result<Vec<Source>> {
    let one = |path: &Path| {
        std::fs::read_to_string(path).map(|text| Source { file: path.display().to_string(), text: text.into() })
    };
    if !path.is_dir() {
        return Ok(vec![one(path)?]);
    }
    let mut files: Vec<_> =
        std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files.iter().map(|file| one(file)).collect()
}

/// Reads, resolves and lints models together. Of two with the same id the later replaces the earlier.
pub fn load(sources: &[Source], schema: &Schema, site: &Site) -> Loaded {
    read_all(sources, schema, site, true, false)
}

/// The same without examples and lint, which are for their authors: enough to judge by the models built in, in a
/// fraction of the time. On two threads it takes a sixth less of it, and some more memory.
pub fn load_to_judge(sources: &[Source], schema: &Schema, site: &Site, two_threads: bool) -> Loaded {
    read_all(sources, schema, site, false, two_threads)
}

fn read_all(sources: &[Source], schema: &Schema, site: &Site, for_authors: bool, two_threads: bool) -> Loaded {
    let mut raws: Vec<Raw> = Vec::new();
    let mut told = Vec::new();
    let one = |source: &Source| {
        let text = if for_authors { source.text.clone() } else { without_examples(source.text.clone()) };
        read(&source.file, text)
    };
    let all = if two_threads { on_two(sources, one) } else { sources.iter().map(one).collect() };
    for (raw, errors) in all {
        told.extend(errors);
        match raws.iter_mut().find(|known| known.id.value == raw.id.value && known.file != raw.file) {
            Some(known) => *known = raw,
            None => raws.push(raw),
        }
    }
    let (models, errors) = compile::compile(&raws, schema, site, !for_authors);
    told.extend(errors);
    // A model that was not read whole would be linted for what is missing in it.
    if for_authors && told.iter().all(|error| error.warning) {
        for (raw, model) in raws.iter().zip(&models.list) {
            told.extend(super::check::lint(raw, model));
        }
    }
    told.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    told.dedup();
    Loaded { models, told }
}

/// Reads the second half of the files on another thread.
fn on_two<T: Send>(sources: &[Source], one: impl Fn(&Source) -> T + Sync) -> Vec<T> {
    let (first, second) = sources.split_at(sources.len() / 2);
    std::thread::scope(|scope| {
        let helper = std::thread::Builder::new().spawn_scoped(scope, || second.iter().map(&one).collect::<Vec<_>>());
        let mut all: Vec<_> = first.iter().map(&one).collect();
        match helper {
            Ok(helper) => all.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            Err(_) => all.extend(second.iter().map(&one)),
        }
        all
    })
}

/// The text of a built-in model up to its examples, which stand at its end (`examples_stand_at_the_end`).
fn without_examples(text: Cow<'static, str>) -> Cow<'static, str> {
    let end = text.find(EXAMPLE).unwrap_or(text.len());
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.get(..end).unwrap_or(&text).to_owned()),
    }
}

const EXAMPLE: &str = "\n[[example]]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_stand_at_the_end() {
        for (file, text) in BUILTIN {
            let (_, examples) = text.split_once(EXAMPLE).unwrap_or_else(|| panic!("{file}: no examples"));
            let other = examples.lines().find(|line| line.starts_with('[') && *line != EXAMPLE.trim());
            assert_eq!(other, None, "{file}: examples stand at the end, or judging does without what follows");
            let cut = without_examples(Cow::Borrowed(*text));
            let (whole, judged) = (read(file, Cow::Borrowed(*text)), read(file, cut));
            assert!(!whole.0.examples.is_empty() && judged.0.examples.is_empty() && judged.1.is_empty(), "{file}");
            assert_eq!(
                (whole.0.rows.len(), whole.0.states.len(), whole.0.findings.len()),
                (judged.0.rows.len(), judged.0.states.len(), judged.0.findings.len()),
                "{file}"
            );
        }
    }
}
