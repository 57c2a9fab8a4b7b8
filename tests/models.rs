//! The built-in models: they load without an error or a warning, every example comes out as it says, and every
//! finding has one.

use std::sync::Arc;

use offhook::model::{Site, check, load};
use offhook::pipeline::schema;

#[test]
fn built_in_models_are_sound_and_their_examples_hold() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(here.join(file)).unwrap();
    // As they lie on the disk: one that was changed is tried without building anew.
    let sources: Vec<load::Source> =
        load::BUILTIN.iter().map(|(file, _)| load::Source { file: (*file).into(), text: read(file) }).collect();
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
