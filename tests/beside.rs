//! Phones beside others, and a site's own word: what several that are stuck share, where a broken phone parts from one
//! that works, what a site's file changes, and a model that a user has just written.

mod common;

use std::path::{Path, PathBuf};

use common::{Ran, offhook};
use serde_json::Value;

fn made(dir: &Path, scenario: &str, phones: u32) -> String {
    let path = dir.join(format!("{scenario}-{phones}.pcap")).to_string_lossy().into_owned();
    let ran = offhook(&["synth", scenario, "--phones", &phones.to_string(), "-w", &path]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    path
}

fn written(dir: &Path, name: &str, text: &str) -> String {
    let path: PathBuf = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err))
}

#[test]
fn phones_that_are_stuck_together_are_told_first_with_what_they_share() {
    let dir = tempfile::tempdir().unwrap();
    let stuck = made(dir.path(), "dhcp-no-answer", 7);
    let report = json(&offhook(&["check", "--format", "json", &stuck]));
    let [group] = report["together"].as_array().unwrap().as_slice() else { panic!("{}", report["together"]) };
    assert_eq!(
        (group["step"].as_str(), group["count"].as_u64(), group["of"].as_u64()),
        (Some("dhcp"), Some(7), Some(7))
    );
    let vlan = group["shares"].as_array().unwrap().iter().find(|s| s["what"] == "VLAN").unwrap();
    assert_eq!((vlan["value"].as_str(), vlan["stuck"].as_u64(), vlan["of"].as_u64()), (Some("110"), Some(7), Some(7)));

    let ran = offhook(&["check", &stuck]);
    let first = ran.out.lines().next().unwrap_or_default();
    assert!(first.starts_with("7 of 7 phones are STUCK at dhcp"), "{}", ran.out);
    assert!(ran.out.contains("all have VLAN 110 (7 of the 7 that have it)"), "{}", ran.out);
    let ran = offhook(&["check", "--format", "ndjson", &stuck]);
    assert!(ran.out.lines().nth(1).is_some_and(|line| line.contains("\"record\":\"together\"")), "{}", ran.out);
    // One phone is not several.
    let ran = offhook(&["check", "--format", "json", &made(dir.path(), "dhcp-no-answer", 1)]);
    assert_eq!(json(&ran)["together"], Value::Null);
}

#[test]
fn a_broken_phone_parts_from_one_that_works() {
    let dir = tempfile::tempdir().unwrap();
    let (broken, works) = (made(dir.path(), "dhcp-no-option-150", 1), made(dir.path(), "boot-known-phone-http", 1));
    let ran = offhook(&["check", "--format", "json", &broken, "--against", &works]);
    assert_eq!(ran.code, 1);
    let report = json(&ran);
    let [compared] = report["comparisons"].as_array().unwrap().as_slice() else { panic!("{report}") };
    let parts = &compared["parts_at"];
    assert_eq!(parts["what"], "dhcp");
    assert!(parts["here"].as_str().unwrap().contains("dhcp.no-tftp-option"), "{parts}");
    assert!(parts["there"].as_str().unwrap().starts_with("pass in bound"), "{parts}");
    let differs = |what: &str| {
        compared["differences"].as_array().unwrap().iter().find(|d| d["what"] == what).map(|d| d["there"].clone())
    };
    assert_eq!(differs("option150"), Some("10.1.1.10, 10.1.1.11".into()), "{compared}");
    assert_eq!(differs("file SEP….cnf.xml.sgn"), Some("complete".into()));
    assert_eq!(differs("VLAN"), None, "both are in the same");

    let ran = offhook(&["check", &broken, "--against", &works]);
    for said in ["they part at dhcp", "option150", "boot-known-phone-http-1.pcap"] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    // A phone that works beside itself differs in nothing.
    let ran = offhook(&["check", "--format", "json", &works, "--against", &works]);
    let compared = &json(&ran)["comparisons"][0];
    assert_eq!((&compared["parts_at"], &compared["differences"]), (&Value::Null, &Value::Array(Vec::new())));
}

#[test]
fn two_phones_of_one_capture_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let both = made(dir.path(), "boot-known-phone-http", 2);
    let arguments =
        ["check", "--format", "json", &both, "--phone", "SEP001122334455", "--against-phone", "SEP001122334456"];
    let report = json(&offhook(&arguments));
    let compared = &report["comparisons"][0];
    assert_eq!(
        (compared["phone"].as_str(), compared["against"].as_str()),
        (Some("SEP001122334455"), Some("SEP001122334456"))
    );
    assert_eq!((report["comparisons"].as_array().unwrap().len(), report["phones"].as_array().unwrap().len()), (1, 1));
    let ran = offhook(&["check", &both, "--against-phone", "SEP00000000BEEF"]);
    assert_eq!((ran.code, ran.err.lines().count()), (2, 1), "{}", ran.err);
    let ran = offhook(&["check", &both, "--against", &made(dir.path(), "dhcp-no-answer", 1)]);
    assert_eq!(ran.code, 2, "no phone works there: {}", ran.err);
}

#[test]
fn a_sites_file_changes_what_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let slow = made(dir.path(), "dhcp-nothing-after-ack", 1);
    let found = |site: &str| {
        let site = written(dir.path(), "site.toml", site);
        let report = json(&offhook(&["check", "--format", "json", "--site", &site, &slow]));
        report["findings"].as_array().unwrap().iter().any(|f| f["id"] == "dhcp.nothing-after-ack")
    };
    assert!(found(""));
    assert!(found("[timers]\n\"dhcp.go_on\" = \"45s\"\n"));
    assert!(!found("[timers]\n\"dhcp.go_on\" = \"9h\"\n"), "the site waits longer");

    // SRST: where there is a gateway to try, the group alone is not the end.
    let lost = made(dir.path(), "auto-registration-callmanager-refuses", 1);
    let site = written(dir.path(), "srst.toml", "srst = [\"10.20.0.1\"]\ncallmanagers = [\"10.1.1.10\"]\n");
    assert_eq!(offhook(&["check", "--site", &site, &lost]).code, 1);
}

#[test]
fn a_wrong_site_is_2_with_every_place() {
    let dir = tempfile::tempdir().unwrap();
    let capture = made(dir.path(), "dhcp-no-answer", 1);
    let site = written(
        dir.path(),
        "site.toml",
        "calmanagers = [\"10.1.1.10\"]\n[timers]\n\"boot.stal\" = \"9m\"\n[regions]\nhq = \"10.0.0.0/8\"\n",
    );
    let ran = offhook(&["check", "--site", &site, &capture]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("site.toml:1:1:") && ran.err.contains("did you mean `callmanagers`?"), "{}", ran.err);
    assert!(ran.err.contains("site.toml:3:1:") && ran.err.contains("did you mean `boot.stall`?"), "{}", ran.err);
    let wrong = written(dir.path(), "wrong.toml", "[limits]\n\"hq\" = 8\n");
    let ran = offhook(&["check", "--site", &wrong, &capture]);
    assert!(ran.code == 2 && ran.err.contains("wrong.toml:2:1"), "{}", ran.err);
    let ran = offhook(&["check", "--site", "/nonexistent/site.toml", &capture]);
    assert_eq!((ran.code, ran.err.lines().count()), (2, 1), "{}", ran.err);
}

#[test]
fn a_model_just_written_judges() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    std::fs::create_dir(&models).unwrap();
    // Nothing built in knows it: a phone whose switch names itself `sw-access-1` is in the wrong building.
    written(
        &models,
        "building.toml",
        r#"
id      = "building"
title   = "The phone is in its building"
sources = ["the floor plan"]
subject = "phone"
start   = "somewhere"
accept  = ["here"]
rows = [
  'somewhere cdp.announce when phone.receives and cdp.deviceid contains "sw-access" -> here { raise building.wrong when known(site.building) and cdp.deviceid not in site.building }',
  'here dhcp.ack when phone.receives and site.building -> =',
]

[finding."building.wrong"]
severity = "fail"
what = "The phone hangs on {switch}."
why  = "The floor plan says {plan}."
fix  = "Carry it home."
with = { switch = "cdp.deviceid", plan = "site.building" }

[[example]]
site  = { building = ["sw-access-9"] }
trace = ["0 < cdp.announce cdp.deviceid=sw-access-1"]
finds = ['0 building.wrong "sw-access-1"']

[[example]]
trace = ["0 < cdp.announce cdp.deviceid=sw-access-1"]
finds = []
verdict = "pass"
"#,
    );
    let models = models.to_string_lossy().into_owned();
    assert_eq!(offhook(&["models", "lint", "--strict", &models]).code, 0);
    let capture = made(dir.path(), "boot-known-phone-http", 1);
    let judged = |site: &[&str]| {
        let ran = offhook(&[&["check", "--format", "json", "--model", &models, &capture], site].concat());
        let report = json(&ran);
        let flow = report["phones"][0]["flows"].as_array().unwrap().iter().find(|f| f["model"] == "building").cloned();
        (ran.code, flow.unwrap()["verdict"].as_str().unwrap().to_owned())
    };
    assert_eq!(judged(&[]), (0, "pass".to_owned()));
    let site = written(dir.path(), "site.toml", "building = [\"sw-access-9\"]\n");
    assert_eq!(judged(&["--site", &site]), (1, "fail".to_owned()));
    let site = written(dir.path(), "home.toml", "building = [\"sw-access-1\"]\n");
    assert_eq!(judged(&["--site", &site]), (0, "pass".to_owned()));
}
