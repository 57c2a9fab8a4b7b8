//! The built-in models and the hardest sequences as sketches; what the engine promises; what errors say.

use std::sync::Arc;

use proptest::prelude::*;

use super::testing::schema;
use super::*;
use crate::finding::{PhoneId, Verdict};
use crate::time::{Span, Ts};

/// The hardest four, as proof of the language: what they judge is not complete.
const SKETCHES: &[(&str, &str)] = &[
    ("tests/sketches/itl.toml", include_str!("../../tests/sketches/itl.toml")),
    ("tests/sketches/auto-registration.toml", include_str!("../../tests/sketches/auto-registration.toml")),
    ("tests/sketches/failover.toml", include_str!("../../tests/sketches/failover.toml")),
    ("tests/sketches/paging.toml", include_str!("../../tests/sketches/paging.toml")),
];

fn source(file: &str, text: &str) -> load::Source {
    load::Source { file: file.to_owned(), text: text.to_owned() }
}

fn everything() -> Arc<Models> {
    let mut sources = load::builtin();
    sources.extend(SKETCHES.iter().map(|(file, text)| source(file, text)));
    let loaded = load::load(&sources, &schema(), &Site::default());
    let told: Vec<String> = loaded.told.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    Arc::new(loaded.models)
}

#[test]
fn models_and_their_examples_hold() {
    let told: Vec<String> = check::examples(&everything()).iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}
