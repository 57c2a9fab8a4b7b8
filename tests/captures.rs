//! The public captures of `../shared/captures`: no `fail` in one that holds no Cisco phone, and of those that do the
//! verdict on each phone, each looked at and explained in `captures.golden.tsv`. Ignored where they are absent.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::{orderly, shared};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// Capture, phone, verdict, findings from `warn` up, why that is right.
const GOLDEN: &str = include_str!("captures.golden.tsv");

type Row = [String; 4];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    match shared().map(|s| s.join("captures")).filter(|dir| dir.is_dir()) {
        Some(dir) => {
            let files: Vec<String> = std::fs::read_dir(&dir)
                .expect("a directory")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .filter(|name| name.contains(".pcap"))
                .collect();
            let there: BTreeSet<String> = files.iter().cloned().collect();
            trials.push(Trial::test("every_line_has_its_capture_and_an_explanation", move || complete(&there)));
            for file in files {
                let dir = dir.clone();
                trials.push(Trial::test(format!("judged::{file}"), move || judged(&dir, &file)));
            }
        }
        None => trials.push(Trial::test("../shared is absent", || Ok(())).with_ignored_flag(true)),
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn golden() -> BTreeMap<String, Vec<Row>> {
    let mut all: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in GOLDEN.lines().skip(1) {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut next = || columns.next().unwrap_or_default();
        let capture = next();
        all.entry(capture).or_default().push([next(), next(), next(), next()]);
    }
    all
}

fn complete(there: &BTreeSet<String>) -> Result<(), Failed> {
    let golden = golden();
    if there.len() < 100 || golden.is_empty() {
        return Err(format!("{} captures, {} lines", there.len(), golden.len()).into());
    }
    for (capture, rows) in &golden {
        if !there.contains(capture) {
            return Err(format!("there is no capture {capture}").into());
        }
        if let Some(row) = rows.iter().find(|row| row[3].len() < 20) {
            return Err(format!("{capture}: the verdict on {} is not explained", row[0]).into());
        }
    }
    Ok(())
}

fn judged(dir: &Path, file: &str) -> Result<(), Failed> {
    let path = dir.join(file);
    let ran = orderly(&["check", "--format", "json", &path.to_string_lossy()]);
    let report: Value = serde_json::from_str(&ran.out).map_err(|e| format!("{e}: {}", ran.err))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let findings = list(&report["findings"]);
    let rows: Vec<[String; 3]> = list(&report["phones"])
        .iter()
        .map(|phone| {
            let name = [&phone["name"], &phone["mac"], &phone["ip"][0]]
                .iter()
                .find_map(|value| value.as_str().map(str::to_owned))
                .unwrap_or_default();
            let severe = findings.iter().filter(|f| f["severity"] != "info" && names(f, &name));
            let ids: BTreeSet<String> = severe.map(|f| text(&f["id"])).collect();
            [name, text(&phone["verdict"]), ids.into_iter().collect::<Vec<_>>().join(" ")]
        })
        .collect();
    let known: Vec<[String; 3]> = golden()
        .remove(file)
        .unwrap_or_default()
        .into_iter()
        .map(|[phone, verdict, ids, _]| [phone, verdict, ids])
        .collect();
    if rows != known {
        return Err(format!("judged {rows:?}, the golden says {known:?}").into());
    }
    if known.is_empty()
        && let Some(finding) = findings.iter().find(|f| f["severity"] == "fail")
    {
        return Err(format!("no phone in it, and yet {}: {}", finding["id"], finding["what"]).into());
    }
    Ok(())
}

/// Whether a finding names a phone.
fn names(finding: &Value, phone: &str) -> bool {
    finding["phone"] == phone || finding["phones"].as_array().into_iter().flatten().any(|one| one == phone)
}
