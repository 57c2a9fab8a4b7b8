//! Field by field against tshark, over every real capture, by the comparison the reference material brings.
//! Ignored where the material or tshark is absent.

mod common;

use std::process::Command;

use common::{root, shared};
use libtest_mimic::{Arguments, Failed, Trial};

/// Protocols compared, and the share of equal values and messages each must reach, in per cent.
const COMPARED: &[(&str, &str)] = &[
    ("cdp", "99.5"),
    ("lldp", "99.5"),
    ("dhcp", "99.5"),
    ("tftp", "99.5"),
    ("http", "99.5"),
    ("sip", "99.5"),
    ("skinny", "99.5"),
    ("igmp", "99.5"),
    ("rtp", "99.5"),
    ("rtcp", "99.5"),
    ("tls", "99.5"),
];

fn main() {
    let arguments = Arguments::from_args();
    let there = Command::new("tshark").arg("--version").output().is_ok_and(|o| o.status.success());
    let trials = match shared().filter(|_| there) {
        Some(_) => COMPARED
            .iter()
            .map(|(proto, least)| Trial::test(format!("agrees::{proto}"), move || agrees(proto, least)))
            .collect(),
        None => vec![Trial::test("tshark or ../shared is absent", || Ok(())).with_ignored_flag(true)],
    };
    libtest_mimic::run(&arguments, trials).exit();
}

fn agrees(proto: &str, least: &str) -> Result<(), Failed> {
    let shared = shared().ok_or("the material is gone")?;
    let cache = std::env::temp_dir().join("offhook-compare");
    let output = Command::new("python3")
        .arg(shared.join("tools/compare_tshark.py"))
        .args(["--offhook", env!("CARGO_BIN_EXE_offhook"), "--proto", proto, "--min", least, "--table"])
        .args(["--allow", &root().join("tests/tshark.allow.tsv").to_string_lossy()])
        .arg(shared.join("captures"))
        .env("COMPARE_CACHE", cache)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Err(text.into())
}
