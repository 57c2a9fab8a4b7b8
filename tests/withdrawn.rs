//! A finding that a later message refutes is gone as soon as that message comes, not only at the end of the capture.

use std::sync::Arc;

use offhook::event::Event;
use offhook::finding::Finding;
use offhook::model::{Site, load};
use offhook::phone::{Concerned, Phones};
use offhook::pipeline::{Options, Pipeline, Watch, schema};
use offhook::report::{FindingReport, finding_report, json, text};
use offhook::source::{self, Notes};
use offhook::synth::{self, stories};

/// A phone that asks for an address is found wanting until it gets one.
const MODEL: &str = r#"
id      = "hasty"
title   = "Judges too early"
sources = ["none"]
subject = "phone"
start   = "idle"
accept  = ["idle", "asked", "bound"]
rows = [
  "idle  dhcp.discover when phone.sends -> asked { raise hasty.no-address }",
  "asked dhcp.ack when phone.receives -> bound { retract hasty.no-address }",
]

[state.idle]
title = "idle"

[state.asked]
title = "asked"

[state.bound]
title = "bound"

[finding."hasty.no-address"]
severity = "fail"
what     = "No address."
why      = "It asked."
fix      = "Wait."
"#;

/// What was told, a line each.
#[derive(Default)]
struct Heard(Vec<String>);

impl Heard {
    fn line(&mut self, finding: &Finding, phones: &Phones, withdrawn: bool) {
        let report = FindingReport { withdrawn, ..finding_report(0, finding, phones, false) };
        let mut line = Vec::new();
        text::finding_line(&report, &mut line).unwrap();
        json::finding(&report, &mut line).unwrap();
        self.0.push(String::from_utf8(line).unwrap());
    }
}

impl Watch for Heard {
    fn event(&mut self, _: &Event<'_>, _: &[Concerned], _: &Phones) {}
    fn finding(&mut self, finding: &Finding, phones: &Phones) {
        self.line(finding, phones, false);
    }
    fn withdrawn(&mut self, finding: &Finding, phones: &Phones) {
        self.line(finding, phones, true);
    }
}

#[test]
fn a_finding_vanishes_when_it_is_refuted() {
    let schema = schema();
    let sources = [load::Source { file: "hasty.toml".into(), text: MODEL.into() }];
    let models = load::load(&sources, &schema, &Site::default()).models().unwrap();
    let story = stories().iter().find(|story| story.name == "boot-known-phone-tftp").unwrap();
    let frames = synth::capture(story, &synth::Options::default());
    let mut pipeline = Pipeline::new(&schema, Arc::new(models), &Options::default(), Heard::default());
    let mut stood = Vec::new();
    for (frame, number) in frames.iter().zip(1..) {
        let synth::Frame { time, bytes, wire_len } = frame;
        pipeline.frame(&source::Frame { number, time: *time, interface: 0, link: 1, bytes, wire_len: *wire_len });
        if stood.last() != Some(&pipeline.findings().len()) {
            stood.push(pipeline.findings().len());
        }
    }
    assert_eq!(stood, [0, 1, 0], "found, and gone before the capture ends");
    let (outcome, heard) = pipeline.finish(&Notes::default());
    assert!(outcome.findings.is_empty());
    let [found, gone] = heard.0.as_slice() else { panic!("{:?}", heard.0) };
    assert!(found.contains(" ✖ fail hasty.no-address ") && !found.contains("withdrawn"), "{found}");
    assert!(gone.contains(" – taken back: fail hasty.no-address "), "{gone}");
    assert!(gone.contains("\"withdrawn\":true"), "{gone}");
    let frames =
        |line: &str| line.split("\"frames\":").nth(1).and_then(|rest| rest.split(']').next()).map(str::to_owned);
    assert!(frames(found).is_some() && frames(found) == frames(gone), "the same finding");
}
