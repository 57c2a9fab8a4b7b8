//! The matrix: every finding of the catalogue has a model that may raise it, a capture that does, and no healthy
//! capture that does. Catalogue, models and matrix are compared; a gap in any of them fails.

#[path = "common/judging.rs"]
mod judging;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use judging::{judge, outcome_of};
use offhook::finding::Severity;
use offhook::synth::scenario::Story;
use offhook::synth::{self, stories};

/// Findings of which no capture exists yet. Shrinks: one that a capture raises although it stands here fails.
const NOT_YET: &[&str] = &[];

/// A line of `matrix.tsv`: finding, severity, the story that raises it.
fn matrix() -> Vec<(&'static str, &'static str, &'static str)> {
    let lines = include_str!("matrix.tsv").lines().skip(1);
    lines
        .filter_map(|line| line.split_once('\t').and_then(|(id, rest)| rest.split_once('\t').map(|r| (id, r.0, r.1))))
        .collect()
}

/// What every story raises, by its name.
fn raised() -> &'static BTreeMap<&'static str, BTreeSet<String>> {
    static RAISED: OnceLock<BTreeMap<&'static str, BTreeSet<String>>> = OnceLock::new();
    RAISED.get_or_init(|| {
        let of = |story: &Story| {
            let findings = outcome_of(story).findings;
            findings.iter().map(|finding| finding.id.to_string()).collect()
        };
        stories().iter().map(|story| (story.name, of(story))).collect()
    })
}

fn models() -> BTreeMap<String, &'static str> {
    let all = judge().1.list.iter().flat_map(|model| &model.findings);
    all.map(|finding| (finding.id.to_string(), finding.severity.name())).collect()
}

#[test]
fn the_matrix_has_every_finding_of_the_models() {
    let mut told = Vec::new();
    let matrix = matrix();
    let listed: BTreeSet<&str> = matrix.iter().map(|(id, ..)| *id).chain(NOT_YET.iter().copied()).collect();
    let models = models();
    for (id, severity) in &models {
        match matrix.iter().find(|(known, ..)| known == id) {
            Some((_, known, _)) if known == severity => {}
            Some((_, known, _)) => told.push(format!("{id} is {severity}, the matrix says {known}")),
            None if NOT_YET.contains(&id.as_str()) => {}
            None => told.push(format!("{id} is in no line of the matrix")),
        }
    }
    told.extend(listed.iter().filter(|id| !models.contains_key(**id)).map(|id| format!("no model raises {id}")));
    assert_eq!(matrix.len(), matrix.iter().map(|(id, ..)| id).collect::<BTreeSet<_>>().len(), "a line stands twice");
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

/// Against the catalogue of the protocol documents, where it is at hand.
#[test]
fn the_models_have_every_finding_of_the_catalogue() {
    let shared = std::env::var("OFFHOOK_SHARED").unwrap_or_else(|_| "../shared".into());
    let Ok(text) = std::fs::read_to_string(format!("{shared}/protocols/findings.tsv")) else { return };
    let catalogue: BTreeMap<String, &str> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next().zip(line.split('\t').nth(3)))
        .map(|(id, severity)| (id.to_owned(), severity))
        .collect();
    assert!(catalogue.len() > 100, "the catalogue cannot be read");
    assert_eq!(models(), catalogue);
}

#[test]
fn every_finding_has_a_capture_that_raises_it() {
    let raised = raised();
    let mut told = Vec::new();
    for (id, _, story) in matrix() {
        match raised.get(story) {
            None => told.push(format!("{id}: there is no story {story}")),
            Some(found) if !found.contains(id) => told.push(format!("{id} is not raised by {story}")),
            Some(_) => {}
        }
    }
    for id in NOT_YET {
        if let Some((story, _)) = raised.iter().find(|(_, found)| found.contains(*id)) {
            told.push(format!("{id} is raised by {story}: give it a line in the matrix"));
        }
    }
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

#[test]
fn no_healthy_capture_raises_a_finding_that_it_does_not_name() {
    let fits = |pattern: &str, id: &str| pattern.strip_suffix('*').map_or(pattern == id, |head| id.starts_with(head));
    let healthy: Vec<&Story> = stories().iter().filter(|story| story.verdict == synth::Outcome::Pass).collect();
    assert!(healthy.len() > 30);
    let severe: BTreeSet<String> = judge()
        .1
        .list
        .iter()
        .flat_map(|model| &model.findings)
        .filter(|finding| finding.severity == Severity::Fail)
        .map(|finding| finding.id.to_string())
        .collect();
    let mut told = Vec::new();
    for story in healthy {
        for id in raised().get(story.name).into_iter().flatten() {
            let named = story.expects.iter().chain(story.also).any(|pattern| fits(pattern, id));
            if !named || severe.contains(id) {
                told.push(format!("{} raises {id}", story.name));
            }
        }
    }
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

/// Writes what could stand in `matrix.tsv`, for a look: `cargo test --test matrix -- --ignored --nocapture`.
#[test]
#[ignore = "prints"]
fn proposal() {
    let raised = raised();
    println!("finding\tseverity\tstory");
    for (id, severity) in models() {
        let own = id.replace('.', "-");
        let by: Vec<&&str> = raised.iter().filter(|(_, found)| found.contains(&id)).map(|(name, _)| name).collect();
        let named = stories().iter().find(|story| story.expects.contains(&id.as_str())).map(|story| story.name);
        match by.iter().find(|name| **name == &own).map(|name| **name).or(named).or(by.first().map(|name| **name)) {
            Some(story) => println!("{id}\t{severity}\t{story}"),
            None => println!("{id}\t{severity}\t-"),
        }
    }
}
