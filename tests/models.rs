//! The built-in models: they load without an error or a warning, every example comes out as it says, and every
//! finding has one.

use std::sync::Arc;

use offhook::event::Value;
use offhook::finding::Severity;
use offhook::model::example::{Example, Line, play};
use offhook::model::{Site, check, doc, load};
use offhook::pipeline::schema;

#[test]
fn built_in_models_are_sound_and_their_examples_hold() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(here.join(file)).unwrap();
    // As they lie on the disk: one that was changed is tried without building anew.
    let sources: Vec<load::Source> =
        load::BUILTIN.iter().map(|(file, _)| load::Source { file: (*file).into(), text: read(file).into() }).collect();
    let loaded = load::load(&sources, &schema(), &Site::default());
    let mut told: Vec<String> = loaded.told.iter().map(ToString::to_string).collect();
    if loaded.told.iter().all(|error| error.warning) {
        told.extend(check::examples(&Arc::new(loaded.models)).iter().map(ToString::to_string));
    }
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

#[test]
fn every_model_file_is_built_in() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut files: Vec<String> = std::fs::read_dir(here)
        .unwrap()
        .map(|entry| format!("models/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    let mut known: Vec<String> = load::BUILTIN.iter().map(|(file, _)| (*file).to_owned()).collect();
    files.sort();
    known.sort();
    assert_eq!(known, files);
}

/// Every example that passes, of every built-in model, changed in some way: nothing in it may become a `fail`.
#[track_caller]
fn nothing_fails(how: &str, changed: impl Fn(&Example) -> Vec<Example>) {
    let models = Arc::new(load::load(&load::builtin(), &schema(), &Site::default()).models);
    let mut told = Vec::new();
    let tvs = |line: &Line| line.has("flow.server_port", &Value::Uint(2445));
    for (number, model) in models.list.iter().enumerate() {
        for example in model.examples.iter().filter(|example| example.passes(&models, number)) {
            for mut one in changed(example) {
                // What is not in it may have been kept out of it.
                let hidden = !one.trace.iter().any(tvs);
                one.hide(["tvs"].into_iter().filter(|_| hidden));
                for finding in play(&models, number, &one, usize::MAX, &[]).findings {
                    if finding.severity == Severity::Fail {
                        told.push(format!("\"{}\" {how} ({} lines): {}", example.name, one.trace.len(), finding.id));
                    }
                }
            }
        }
    }
    told.dedup();
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

#[test]
fn a_passing_example_cut_anywhere_raises_no_fail() {
    nothing_fails("cut", |example| {
        let cuts = (0..example.trace.len()).flat_map(|from| (from..=example.trace.len()).map(move |to| (from, to)));
        let cut = |(from, to): (usize, usize)| {
            let mut cut = example.clone();
            cut.trace = example.trace[from..to].to_vec();
            cut
        };
        cuts.map(cut).collect()
    });
}

#[test]
fn a_passing_example_of_which_one_direction_is_missing_raises_no_fail() {
    nothing_fails("one direction", |example| {
        let half = |sent: bool| {
            let mut half = example.clone();
            half.trace.retain(|line| line.event.is_none() || line.sends() == sent);
            half.hide(["replies"].into_iter().filter(|_| sent));
            half
        };
        vec![half(true), half(false)]
    });
}

#[test]
fn the_page_of_the_documentation_is_current() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let models = load::load(&load::builtin(), &schema(), &Site::default()).models().unwrap();
    let page = doc::page(&models);
    for model in &models.list {
        assert!(page.contains(&format!("\n## {}\n", model.id)), "{} is missing", model.id);
        assert!(model.findings.iter().all(|finding| page.contains(&format!("\n| {} | ", finding.id))));
        assert!(model.states.iter().all(|state| page.contains(&format!("\n| {} | ", state.name))));
    }
    let written = std::fs::read_to_string(here.join("docs/models.md")).unwrap();
    assert!(written == page, "run `offhook models doc > docs/models.md`");
}
