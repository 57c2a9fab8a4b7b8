//! Golden traces: what was on the wire and what the models said, in a canonical form that git can show.
//!
//! `<capture>.events.jsonl` has a line for each message; `<capture>.verdict.json` is the report on that capture.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::event::Event;
use crate::phone::{Concerned, Phones};
use crate::pipeline::{Outcome, Watch};
use crate::report::events::{Form, Show, Writer};
use crate::report::{Only, Report, json};
use crate::source::Notes;

/// The first line of a trace.
const HEAD: &str = "{\"golden\":1,\"do_not_edit\":\"offhook golden record\"}\n";

/// Both traces of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// What was on the wire.
    pub events: String,
    /// What the models said.
    pub verdict: String,
}

/// Writes down every event of a run.
#[derive(Debug)]
pub struct Recorder {
    writer: Writer,
    events: Vec<u8>,
}

impl Default for Recorder {
    fn default() -> Recorder {
        let show =
            Show { form: Form::Ndjson, verbose: false, bytes: false, secrets: false, digest: true, chosen: Vec::new() };
        Recorder { writer: Writer::new(show), events: HEAD.as_bytes().to_vec() }
    }
}

impl Watch for Recorder {
    fn event(&mut self, event: &Event<'_>, _: &[Concerned], _: &Phones) {
        // Writing to memory cannot fail.
        let _ = self.writer.write(event, &[], &mut self.events);
    }
}

impl Recorder {
    /// The traces of the whole run.
    pub fn finish(self, outcome: &Outcome, notes: &Notes) -> Traces {
        let mut report = Report::default();
        // A golden is the same wherever the capture lies.
        report.add("", outcome, notes, Only::default());
        let mut verdict = Vec::new();
        let _ = json::object(&report, &mut verdict);
        Traces {
            events: String::from_utf8_lossy(&self.events).into_owned(),
            verdict: String::from_utf8_lossy(&verdict).into_owned(),
        }
    }
}

/// Where the traces of a capture lie.
pub fn paths(dir: &Path, capture: &str) -> (PathBuf, PathBuf) {
    let name = Path::new(capture).file_name().unwrap_or_default().to_string_lossy();
    let stem = [".gz", ".zst", ".pcapng", ".pcap", ".cap"]
        .iter()
        .fold(name.as_ref(), |stem, ending| stem.strip_suffix(ending).unwrap_or(stem));
    (dir.join(format!("{stem}.events.jsonl")), dir.join(format!("{stem}.verdict.json")))
}

/// The first line in which two traces differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// 1-based; 0 if there is no golden at all.
    pub line: usize,
    /// What the golden has there.
    pub golden: String,
    /// What the capture says now.
    pub now: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "no golden: {}; `offhook golden record` writes it", self.golden);
        }
        // Only where the lines part: whole lines are too long to compare by eye.
        let same = self.golden.chars().zip(self.now.chars()).take_while(|(a, b)| a == b).count().saturating_sub(30);
        let part = |text: &str| text.chars().skip(same).take(100).collect::<String>();
        write!(f, "line {} differs\n  golden  …{}\n  now     …{}", self.line, part(&self.golden), part(&self.now))
    }
}

/// Compares two traces.
pub fn compare(golden: &str, now: &str) -> Option<Difference> {
    let mut lines = (golden.split('\n'), now.split('\n'));
    for line in 1.. {
        match (lines.0.next(), lines.1.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => {
                let text = |one: Option<&str>| one.unwrap_or("(end of the trace)").to_owned();
                return Some(Difference { line, golden: text(a), now: text(b) });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_a_difference() {
        assert_eq!(compare("a\nb\n", "a\nb\n"), None);
        assert_eq!(compare("a\nb\n", "a\nc\n").unwrap().line, 2);
        assert_eq!(compare("a\n", "a\nb\n").unwrap().line, 2);
        assert_eq!(compare("a\nb", "a\nb\n").unwrap().line, 3);
    }

    #[test]
    fn named_after_the_capture() {
        let (events, verdict) = paths(Path::new("golden"), "captures/boot.pcap.gz");
        assert_eq!(events, Path::new("golden/boot.events.jsonl"));
        assert_eq!(verdict, Path::new("golden/boot.verdict.json"));
    }
}
