//! Captures made by running programs that nobody here wrote: each is judged as its story says, each file in them
//! is carried byte for byte, and every fact about it is among the decoded values. Ignored where the material is
//! absent.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::{orderly, shared};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// Stories whose models are not built yet. Shrinks; a story that holds although it stands here fails the test.
const NOT_YET: &[&str] = &[];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    match shared().map(|s| s.join("realware")) {
        Some(dir) => {
            let expected = std::fs::read_to_string(dir.join("expected.json")).expect("expected.json");
            let expected: Vec<Value> = serde_json::from_str(&expected).expect("JSON");
            for story in expected {
                let name = story["file"].as_str().expect("a file").to_owned();
                let (dir_a, dir_b, story_b) = (dir.clone(), dir.clone(), story.clone());
                trials.push(Trial::test(format!("judged::{name}"), move || judged(&dir_a, &story)));
                trials.push(Trial::test(format!("decoded::{name}"), move || decoded(&dir_b, &story_b)));
            }
        }
        None => trials.push(Trial::test("../shared is absent", || Ok(())).with_ignored_flag(true)),
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn path(dir: &Path, story: &Value) -> PathBuf {
    dir.join(story["file"].as_str().unwrap_or_default())
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().map(|l| l.iter().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default()
}

/// `*` in a pattern stands for anything; a pattern with one means findings from `warn` up.
fn fits(pattern: &str, id: &str, severity: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == id,
        Some((head, tail)) => {
            severity != "info" && id.len() >= head.len() + tail.len() && id.starts_with(head) && id.ends_with(tail)
        }
    }
}

fn judged(dir: &Path, story: &Value) -> Result<(), Failed> {
    let result = judge(dir, story);
    let name = story["file"].as_str().unwrap_or_default();
    match (NOT_YET.iter().any(|n| name.contains(n)), result) {
        (true, Ok(())) => Err(format!("{name} holds now: take it off the list").into()),
        (true, Err(_)) => Ok(()),
        (false, result) => result,
    }
}

fn judge(dir: &Path, story: &Value) -> Result<(), Failed> {
    let file = path(dir, story);
    let ran = orderly(&["check", "--format", "json", &file.to_string_lossy()]);
    let report: Value = serde_json::from_str(&ran.out).map_err(|e| e.to_string())?;
    let name = story["phone"].as_str().unwrap_or_default();
    // Some captures never say the device name: the MAC is the phone's then.
    let is_it = |p: &&Value| p["name"] == name || p["name"].is_null() && p["mac"] == story["mac"];
    let Some(phone) = report["phones"].as_array().into_iter().flatten().find(is_it) else {
        return Err(format!("no phone {name}: {}", report["phones"]).into());
    };
    let verdict = phone["verdict"].as_str().unwrap_or_default();
    let allowed = texts(&story["verdict"]);
    let found: Vec<(String, String)> = report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|f| {
            (f["id"].as_str().unwrap_or_default().to_owned(), f["severity"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    if !allowed.iter().any(|v| v == verdict) {
        return Err(format!("verdict {verdict}, allowed {allowed:?}; found {found:?}; {}", phone["flows"]).into());
    }
    let any_of = texts(&story["any_of"]);
    if !any_of.is_empty() && !found.iter().any(|(id, s)| any_of.iter().any(|p| fits(p, id, s))) {
        return Err(format!("none of {any_of:?} among {found:?}").into());
    }
    let none_of = texts(&story["none_of"]);
    if let Some((id, _)) = found.iter().find(|(id, s)| none_of.iter().any(|p| fits(p, id, s))) {
        return Err(format!("{id} was found").into());
    }
    if let Some(mac) = story["mac"].as_str()
        && phone["mac"].as_str() != Some(mac)
    {
        return Err(format!("MAC {} instead of {mac}", phone["mac"]).into());
    }
    Ok(())
}

/// All values of all events of a capture, by field, as text; and the name and SHA-256 of each file.
fn values(file: &Path) -> Result<(BTreeSet<String>, BTreeSet<(String, String)>), Failed> {
    let ran = orderly(&["decode", "-T", "ndjson", &file.to_string_lossy()]);
    let (mut all, mut files) = (BTreeSet::new(), BTreeSet::new());
    for line in ran.out.lines() {
        let event: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let fields = event["fields"].as_object().ok_or("no fields")?;
        for (name, value) in fields {
            for one in value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]) {
                let text = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
                all.insert(format!("{name}={text}"));
                all.insert(text);
            }
        }
        if event["event"] == "file.complete" {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            files.insert((text("file.name"), text("file.sha256")));
        }
    }
    Ok((all, files))
}

fn decoded(dir: &Path, story: &Value) -> Result<(), Failed> {
    let (all, files) = values(&path(dir, story))?;
    let mut missing = Vec::new();
    for file in story["files"].as_array().into_iter().flatten() {
        let asked = file["asked_as"].as_str().unwrap_or_default();
        if let Some(sha) = file["sha256"].as_str()
            && !files.contains(&(asked.to_owned(), sha.to_owned()))
        {
            missing.push(format!("{asked}: SHA-256 {sha} is not among {files:?}"));
        }
        for fact in file["expect"].as_array().into_iter().flatten() {
            let value = &fact["value"];
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let there = match fact["kind"].as_str().unwrap_or_default() {
                "signature" => all.contains(&format!("sgn.signature_valid={text}")),
                "serial" => {
                    all.iter().any(|v| v.trim_start_matches('0').eq_ignore_ascii_case(text.trim_start_matches('0')))
                }
                "defect" => all.contains("defect") || defect(dir, story)?,
                _ => all.contains(&text),
            };
            if !there {
                missing.push(format!("{asked}: {} {value}", fact["what"]));
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n").into()) }
}

fn defect(dir: &Path, story: &Value) -> Result<bool, Failed> {
    let ran = orderly(&["decode", "-T", "ndjson", &path(dir, story).to_string_lossy()]);
    Ok(ran.out.lines().any(|line| !line.ends_with("\"defect\":null}")))
}
