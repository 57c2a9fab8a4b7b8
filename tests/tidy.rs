//! The borders of the rooms, as a table; and habits that a compiler does not see.
//!
//! Each row: a room (a path below `src/`), and the other rooms it may name. The test reads the `crate::` paths of
//! every file and fails with the line at fault.

use std::fs;
use std::path::{Path, PathBuf};

/// Room → the rooms it may use. The longest matching prefix counts.
const ROOMS: &[(&str, &[&str])] = &[
    ("plain", &[]),
    ("time", &["plain"]),
    ("bytes", &[]),
    ("event", &["bytes", "plain", "time"]),
    ("source", &["bytes", "time", "decode", "event"]),
    ("decode", &["bytes", "time", "event", "source"]),
    ("flow", &["decode", "event", "proto", "time", "bytes"]),
    ("quality", &[]),
    ("secret", &[]),
    ("proto", &["bytes", "event", "time", "content", "proto", "quality", "secret"]),
    ("content", &["bytes", "event", "time", "content", "secret"]),
    ("expr", &["event", "plain", "time"]),
    ("finding", &["time"]),
    ("phone", &["event", "time", "finding", "flow", "model"]),
    ("model", &["event", "expr", "finding", "time"]),
    ("pipeline", &["*"]),
    ("report", &["event", "finding", "phone", "pipeline", "plain", "source", "time", "model", "secret"]),
    ("live", &["source", "time", "synth"]),
    ("golden", &["event", "finding", "phone", "pipeline", "report", "source"]),
    ("synth", &["time", "bytes"]),
    (
        "tui",
        &[
            "report", "event", "phone", "finding", "model", "time", "pipeline", "source", "decode", "proto", "quality",
            "secret", "expr", "live",
        ],
    ),
    ("cli", &["*"]),
    ("main", &["*"]),
    ("lib", &["*"]),
];

/// A protocol may name another only here; `fetch` is what two of them share, and no protocol itself.
const PROTOCOL_PAIRS: &[(&str, &str)] = &[("sip", "sdp"), ("tftp", "fetch"), ("http", "fetch")];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|e| e == "rs") {
            found.push(entry);
        }
    }
}

fn all() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    files
        .into_iter()
        .map(|f| (f.strip_prefix(&src).unwrap().to_string_lossy().into_owned(), fs::read_to_string(&f).unwrap()))
        .collect()
}

/// The code of a file: without what only tests see.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn no_room_reaches_where_it_must_not() {
    let mut faults = Vec::new();
    for (name, text) in all() {
        if name.contains("test") {
            continue;
        }
        let room = name.split('/').next().unwrap().trim_end_matches(".rs");
        let Some((_, may)) = ROOMS.iter().find(|(r, _)| *r == room) else {
            faults.push(format!("src/{name}: no row for the room `{room}`"));
            continue;
        };
        for (number, line) in code(&text).lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("//") {
                continue;
            }
            for path in line.split("crate::").skip(1) {
                let other: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let macros = matches!(other.as_str(), "fields" | "events") || path.starts_with('{');
                if other != room && !macros && !may.contains(&"*") && !may.contains(&other.as_str()) {
                    faults.push(format!("src/{name}:{}: `{room}` may not use `{other}`", number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_protocol_knows_another() {
    let mut faults = Vec::new();
    for (name, text) in all().into_iter().filter(|(name, _)| name.starts_with("proto/") && !name.contains("test")) {
        let own = name.split('/').nth(1).unwrap().trim_end_matches(".rs").to_owned();
        if own == "mod" {
            continue;
        }
        for (number, line) in code(&text).lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for path in line.split("proto::").skip(1) {
                let other: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let lower = other.chars().next().is_some_and(char::is_lowercase);
                let allowed = PROTOCOL_PAIRS.contains(&(own.as_str(), other.as_str()));
                if lower && other != own && !allowed {
                    faults.push(format!("src/{name}:{}: `{own}` may not use `{other}`", number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = all()
        .into_iter()
        .filter(|(name, t)| !t.starts_with("//! ") && !name.contains("tests"))
        .map(|(n, _)| n)
        .collect();
    assert!(silent.is_empty(), "files that do not begin with what they are: {silent:?}");
}

#[test]
fn the_core_reads_no_clock_and_prints_nothing() {
    let mut faults = Vec::new();
    for (name, text) in all() {
        if name.starts_with("cli/") || name.starts_with("tui/") || name.starts_with("live/") {
            continue;
        }
        for (number, line) in code(&text).lines().enumerate() {
            for word in ["Instant::now", "SystemTime::now", "println!", "eprintln!", "thread::sleep"] {
                if line.contains(word) {
                    faults.push(format!("src/{name}:{}: {word}", number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
