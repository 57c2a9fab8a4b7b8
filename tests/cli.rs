//! The real binary, as its users call it: each command, its exit codes, its one clear line for bad input.

mod common;

use std::path::{Path, PathBuf};

use common::{Ran, offhook, offhook_with, orderly};
use serde_json::Value;

/// Writes a scenario to a temporary file.
fn made(dir: &Path, scenario: &str) -> PathBuf {
    let path = dir.join(format!("{scenario}.pcap"));
    let ran = offhook(&["synth", scenario, "-w", &path.to_string_lossy()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    path
}

fn with(scenario: &str, arguments: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path(), scenario);
    let path = path.to_string_lossy().into_owned();
    let arguments: Vec<&str> = arguments.iter().map(|a| if *a == "FILE" { path.as_str() } else { a }).collect();
    offhook(&arguments)
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.out))
}

#[test]
fn a_healthy_boot_is_0() {
    let ran = with("boot-known-phone-http", &["check", "FILE"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("SEP001122334455") && ran.out.contains("HEALTHY"), "{}", ran.out);
    assert!(!ran.out.contains('\x1b'), "no colour where there is no terminal");
}

#[test]
fn a_broken_boot_is_1_and_names_its_step() {
    let ran = with("dhcp-no-option-150", &["check", "--format", "json", "FILE"]);
    assert_eq!(ran.code, 1);
    let report = json(&ran);
    let phone = &report["phones"][0];
    assert_eq!((phone["verdict"].as_str(), phone["stuck_at"].as_str()), (Some("fail"), Some("dhcp.bound")));
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["severity"] == "fail").unwrap();
    assert_eq!(finding["id"], "dhcp.no-tftp-option");
    for key in ["what", "why", "fix", "source", "time", "model", "state"] {
        assert!(finding[key].as_str().is_some_and(|t| !t.is_empty()), "{key}: {finding}");
    }
    assert!(!finding["frames"].as_array().unwrap().is_empty());
}

#[test]
fn the_line_between_0_and_1_can_be_moved() {
    assert_eq!(with("dhcp-no-option-150", &["check", "--fail-on", "never", "FILE"]).code, 0);
    assert_eq!(with("dhcp-no-router", &["check", "FILE"]).code, 0);
    assert_eq!(with("dhcp-no-router", &["check", "--fail-on", "warn", "FILE"]).code, 1);
}

#[test]
fn every_format_says_the_same() {
    let ndjson = with("dhcp-no-answer", &["check", "--format", "ndjson", "FILE"]);
    let records: Vec<Value> = ndjson.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let kinds: Vec<&str> = records.iter().map(|r| r["record"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"capture") && kinds.contains(&"phone") && kinds.contains(&"finding"), "{kinds:?}");
    let junit = with("dhcp-no-answer", &["check", "--format", "junit", "FILE"]);
    assert!(junit.out.contains("<failure") && junit.out.contains("dhcp.no-answer"), "{}", junit.out);
    let text = with("dhcp-no-answer", &["check", "FILE"]);
    assert!(text.out.contains("STUCK at dhcp") && text.out.contains("dhcp.no-answer"), "{}", text.out);
    let coloured = with("dhcp-no-answer", &["check", "--color", "always", "FILE"]);
    assert!(coloured.out.contains("\x1b[31m"));
}

#[test]
fn without_a_phone_it_is_4_and_says_what_was_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("empty.pcap");
    // A capture with a header and no frames.
    std::fs::write(&path, [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])
        .unwrap();
    let ran = offhook(&["check", &path.to_string_lossy()]);
    assert_eq!(ran.code, 4);
    for word in ["No Cisco IP phone", "seen", "missing", "capture"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
}

#[test]
fn what_cannot_be_read_is_3_with_one_clear_line() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "no capture at all, only words").unwrap();
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for path in [dir.path().join("missing.pcap"), text, empty] {
        let path = path.to_string_lossy().into_owned();
        for command in ["check", "decode"] {
            let ran = offhook(&[command, &path]);
            assert_eq!(ran.code, 3, "{command} {path}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
            assert!(ran.err.contains(&path), "{}", ran.err);
        }
    }
}

#[test]
fn a_violation_outweighs_an_input_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let broken = made(dir.path(), "dhcp-no-answer");
    let ran = offhook(&["check", "/does/not/exist.pcap", &broken.to_string_lossy()]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let healthy = made(dir.path(), "boot-known-phone-http");
    assert_eq!(offhook(&["check", "/does/not/exist.pcap", &healthy.to_string_lossy()]).code, 3);
}

#[test]
fn a_cut_off_capture_is_judged_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path(), "boot-known-phone-http");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 7]).unwrap();
    let path = path.to_string_lossy();
    let ran = offhook(&["check", "--format", "json", &path]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains(path.as_ref()), "{}", ran.err);
    assert!(json(&ran)["captures"][0]["damage"].is_string());
    assert_eq!(offhook(&["check", "--strict-input", &path]).code, 3);
}

#[test]
fn usage_and_filters_are_2_with_the_place_marked() {
    let ran = with("boot-known-phone-http", &["decode", "-Y", "sip.Methd == \"REGISTER\"", "FILE"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("^^^^^^^^^") && ran.err.contains("sip.Method"), "{}", ran.err);
    assert!(ran.out.is_empty());
    assert_eq!(offhook(&["check", "--frmat", "json", "x"]).code, 2);
    assert_eq!(offhook(&["check"]).code, 2);
    assert_eq!(with("boot-known-phone-http", &["decode", "-T", "fields", "-e", "sip.Methd", "FILE"]).code, 2);
    assert_eq!(with("boot-known-phone-http", &["check", "--model", "dhpc", "FILE"]).code, 2);
}

#[test]
fn standard_input_gzip_and_zstd_are_read_like_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path(), "boot-known-phone-http");
    let plain = std::fs::read(&path).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, &plain).unwrap();
    let packed = [plain.clone(), gz.finish().unwrap(), zstd::encode_all(plain.as_slice(), 1).unwrap()];
    for bytes in &packed {
        let ran = offhook_with(&["check", "--format", "json", "-"], Some(bytes));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(json(&ran)["phones"][0]["name"], "SEP001122334455");
    }
    // A filter on the verdict reads the capture twice; standard input is kept for that.
    let ran = offhook_with(&["decode", "-Y", "phone.verdict == \"pass\" and dhcp.ack", "-"], Some(&plain));
    assert_eq!((ran.code, ran.out.lines().count()), (0, 1), "{}", ran.err);
}

#[test]
fn decode_shows_messages_in_every_form() {
    let ran = with("boot-known-phone-http", &["decode", "-T", "ndjson", "FILE"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for line in ran.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        for key in ["frame", "frames", "time", "proto", "event", "src", "dst", "eth_src", "vlan", "fields", "defect"] {
            assert!(event.get(key).is_some(), "{key}: {line}");
        }
    }
    let fields = with(
        "boot-known-phone-http",
        &["decode", "-T", "fields", "-e", "frame.number", "-e", "sip.Method", "-Y", "sip.request", "FILE"],
    );
    let rows: Vec<Vec<&str>> = fields.out.lines().map(|l| l.split('\t').collect()).collect();
    assert!(rows.iter().all(|r| r.len() == 2 && r[0].parse::<u64>().is_ok()), "{rows:?}");
    assert!(rows.iter().any(|r| r[1] == "REGISTER"));
    let verbose = with("boot-known-phone-http", &["decode", "-V", "-x", "-Y", "dhcp.ack", "FILE"]);
    assert!(verbose.out.contains("dhcp.option.dhcp: 5 (ack)"), "{}", verbose.out);
    assert_eq!(with("boot-known-phone-http", &["decode", "-c", "1", "FILE"]).out.lines().count(), 1);
}

#[test]
fn one_phones_packets_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path(), "two-phones");
    let out = dir.path().join("one.pcapng");
    let report = json(&offhook(&["check", "--format", "json", &path.to_string_lossy()]));
    let names: Vec<&str> = report["phones"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2);
    let ran = offhook(&["check", "--phone", names[1], "-w", &out.to_string_lossy(), &path.to_string_lossy()]);
    assert!(ran.out.contains(names[1]) && !ran.out.contains(names[0]), "{}", ran.out);
    let again = json(&offhook(&["check", "--format", "json", &out.to_string_lossy()]));
    let phones: Vec<&str> = again["phones"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(phones, [names[1]]);
}

#[test]
fn a_phone_that_is_not_there_is_told_with_those_that_are() {
    let ran = with("two-phones", &["check", "--phone", "SEPAABBCCDDEEFF", "FILE"]);
    assert_eq!(ran.code, 4);
    assert!(ran.out.contains("The phone asked for is not in this capture."), "{}", ran.out);
    assert!(ran.out.contains("SEP001122334455, SEP001122334456"), "{}", ran.out);
}

#[test]
fn several_files_are_judged_alone_or_merged() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (made(dir.path(), "boot-known-phone-http"), made(dir.path(), "dhcp-no-answer"));
    let (a, b) = (a.to_string_lossy().into_owned(), b.to_string_lossy().into_owned());
    let alone = json(&offhook(&["check", "--format", "json", &a, &b]));
    assert_eq!(alone["captures"].as_array().unwrap().len(), 2);
    assert_eq!(alone["phones"].as_array().unwrap().len(), 2);
    let merged = json(&offhook(&["check", "--format", "json", "--merge", &a, &b]));
    assert_eq!(merged["captures"].as_array().unwrap().len(), 1);
    let directory = json(&offhook(&["check", "--format", "json", &dir.path().to_string_lossy()]));
    assert_eq!(directory["captures"].as_array().unwrap().len(), 2);
}

#[test]
fn fields_models_completions_and_the_manual() {
    let fields = offhook(&["fields", "dhcp"]);
    assert!(fields.out.lines().any(|l| l.starts_with("dhcp.option.tftp_server_address\taddress\t")), "{}", fields.out);
    assert_eq!(offhook(&["fields", "dhpc"]).code, 2);
    assert!(offhook(&["models", "list"]).out.lines().any(|l| l.starts_with("dhcp\t")));
    assert!(offhook(&["models", "show", "dhcp"]).out.contains("id      = \"dhcp\""));
    assert!(offhook(&["models", "graph", "dhcp"]).out.contains("stateDiagram"));
    assert!(offhook(&["models", "graph", "--format", "dot", "dhcp"]).out.contains("digraph"));
    let lint = offhook(&["models", "lint", "--strict"]);
    assert_eq!(lint.code, 0, "{}", lint.err);
    assert!(offhook(&["completions", "bash"]).out.contains("_offhook"));
    assert!(offhook(&["man"]).out.contains(".TH"));
    assert_eq!(offhook(&["--help"]).code, 0);
    assert_eq!(offhook(&["--version"]).code, 0);
}

#[test]
fn a_users_model_judges_and_a_wrong_one_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let capture = made(dir.path(), "boot-known-phone-http");
    let good = dir.path().join("mine.toml");
    let text = r#"
id      = "mine"
title   = "Every phone is greeted"
sources = ["house rule"]
subject = "phone"
start   = "start"
accept  = ["seen"]
rows    = ["start dhcp.ack -> seen { raise mine.bound }"]
[state.start]
title = "waiting"
[state.seen]
title = "seen"
[finding."mine.bound"]
severity = "fail"
what = "The phone has an address."
why  = "It was confirmed."
fix  = "None."
[[example]]
trace = ["0.0 dhcp.ack"]
finds = ["0.0 mine.bound"]
"#;
    std::fs::write(&good, text).unwrap();
    let ran = offhook(&["check", "--model", &good.to_string_lossy(), &capture.to_string_lossy()]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("mine.bound"));
    std::fs::write(&good, text.replace("dhcp.ack ->", "dhcp.akc ->")).unwrap();
    let ran = offhook(&["check", "--model", &good.to_string_lossy(), &capture.to_string_lossy()]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("mine.toml:8:") && ran.err.contains("dhcp.ack"), "{}", ran.err);
}

#[test]
fn goldens_differ_by_one_value_or_one_byte() {
    let dir = tempfile::tempdir().unwrap();
    let captures = dir.path().join("captures");
    std::fs::create_dir(&captures).unwrap();
    let capture = made(&captures, "boot-known-phone-http");
    let golden = dir.path().join("golden");
    let (c, g) = (captures.to_string_lossy().into_owned(), golden.to_string_lossy().into_owned());
    assert_eq!(offhook(&["golden", "verify", &c, &g]).code, 1, "a missing golden is not a pass");
    assert_eq!(offhook(&["golden", "record", &c, &g]).code, 0);
    assert_eq!(offhook(&["golden", "verify", &c, &g]).code, 0);
    assert_eq!(offhook(&["check", "--golden", &g, &c]).code, 0);
    let events = golden.join("boot-known-phone-http.events.jsonl");
    let text = std::fs::read_to_string(&events).unwrap();
    std::fs::write(&events, text.replacen("\"dhcp.hops\":0", "\"dhcp.hops\":1", 1)).unwrap();
    let ran = offhook(&["golden", "verify", &c, &g]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("boot-known-phone-http.events.jsonl"), "{}", ran.err);
    std::fs::write(&events, text).unwrap();
    // One byte of the host name in the first DISCOVER.
    let mut bytes = std::fs::read(&capture).unwrap();
    let at = bytes.windows(6).rposition(|w| w == b"Cisco-").unwrap();
    bytes[at + 5] = b'_';
    std::fs::write(&capture, bytes).unwrap();
    assert_eq!(offhook(&["golden", "verify", &c, &g]).code, 1);
}

#[test]
fn scenarios_are_listed_and_a_wrong_name_is_told() {
    assert!(offhook(&["synth"]).out.lines().count() > 100);
    let ran = offhook(&["synth", "dhcp-no-anwser", "-w", "-"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("dhcp-no-answer"), "{}", ran.err);
}

#[test]
fn the_captures_here_are_what_synth_makes_and_agree_with_their_goldens() {
    let ran = offhook(&["golden", "verify", "captures", "golden"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let dir = tempfile::tempdir().unwrap();
    let (mut healthy, mut broken) = (0, 0);
    for capture in common::captures(&common::root().join("captures")) {
        let scenario = capture.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&capture).unwrap();
        assert!(bytes.len() < 100_000, "{scenario} has {} bytes", bytes.len());
        assert_eq!(std::fs::read(made(dir.path(), &scenario)).unwrap(), bytes, "{scenario} is not what synth makes");
        match offhook(&["check", &capture.to_string_lossy()]).code {
            0 => healthy += 1,
            1 => broken += 1,
            other => assert_eq!(other, 4, "{scenario}"),
        }
    }
    assert!(healthy >= 8 && broken >= 12 && healthy + broken >= 24, "{healthy} healthy, {broken} broken");
    assert_eq!(offhook(&["check", "captures"]).code, 1);
}

#[test]
fn one_thread_and_two_say_the_same() {
    let shared = common::shared().map(|shared| shared.join("captures"));
    let captures = [Some(common::root().join("captures")), shared]
        .into_iter()
        .flatten()
        .flat_map(|dir| std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path()));
    let captures = captures.filter(|path| path.extension().is_some_and(|e| e == "pcap" || e == "pcapng"));
    let mut judged = 0;
    for capture in captures {
        let run = |threads| offhook(&["check", "--format", "json", "--threads", threads, &capture.to_string_lossy()]);
        let (one, two) = (run("1"), run("2"));
        assert_eq!((one.code, &one.out, &one.err), (two.code, &two.out, &two.err), "{}", capture.display());
        judged += usize::from(one.code < 3);
    }
    assert!(judged > 20, "{judged} captures judged");
}

#[test]
fn the_way_a_phone_took_is_drawn_with_the_arrow_that_is_missing() {
    let capture = "captures/dhcp-no-answer.pcap";
    let dot = orderly(&["models", "graph", "dhcp", "--format", "dot", "--capture", capture]);
    assert_eq!(dot.code, 0, "{}", dot.err);
    assert!(dot.out.starts_with("digraph \"dhcp\"") && dot.out.contains("penwidth=3"), "{}", dot.out);
    assert_eq!(dot.out.matches("style=dashed").count(), 1, "{}", dot.out);
    let mermaid = orderly(&["models", "graph", "dhcp", "--capture", capture]);
    assert!(
        mermaid.out.contains(" ==>|\"frame ") && mermaid.out.contains(" -.->|\"missing<br/>dhcp.offer"),
        "{}",
        mermaid.out
    );
    // Without a name, every model that the phone has a run of; without a capture, every model.
    let all = orderly(&["models", "graph", "--format", "dot", "--capture", capture]);
    assert!(all.out.matches("digraph ").count() >= 2, "{}", all.out);
    let every = orderly(&["models", "graph"]);
    let listed = orderly(&["models", "list"]);
    assert_eq!(every.out.matches("stateDiagram-v2").count(), listed.out.lines().count());
    let nobody = offhook(&["models", "graph", "dhcp", "--capture", capture, "--phone", "SEPFFFFFFFFFFFF"]);
    assert_eq!(nobody.code, 2);
    let healthy = orderly(&["models", "graph", "dhcp", "--capture", "captures/boot-known-phone-http.pcap"]);
    assert!(!healthy.out.contains("-.->") && healthy.out.contains(" ==>|"), "{}", healthy.out);
}
