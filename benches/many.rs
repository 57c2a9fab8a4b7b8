//! What a phone costs when 10,000 boot at once, against 1,000: seconds and memory of `offhook check` a phone.
//!
//! `cargo bench --bench many`. The captures are made by `offhook synth` and kept in `target/bench-many`. No cost is
//! asserted: a table is printed, with the ratio that should stay below 1.3. Seconds are the least of three runs; memory
//! is the high-water mark of a run of its own (Linux only).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Failed = Box<dyn std::error::Error>;

const STORY: &str = "boot-known-phone-http";
const SIZES: [u32; 3] = [1, 1_000, 10_000];
const RUNS: usize = 3;

fn main() -> Result<(), Failed> {
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    println!(
        "\n| phones | packets | seconds | ms a phone | peak MB | kB a phone |\n| --- | --- | --- | --- | --- | --- |"
    );
    let mut costs = Vec::new();
    let mut floor = 0;
    for phones in SIZES {
        let file = made(phones)?;
        let seconds = (0..RUNS).map(|_| seconds(&file)).collect::<Result<Vec<f64>, Failed>>()?;
        let seconds = seconds.into_iter().fold(f64::INFINITY, f64::min);
        let peak = peak(&file)?.unwrap_or(0);
        if phones == 1 {
            // What the program needs before it has seen a phone.
            floor = peak;
        }
        let (each_ms, each_kb) = (seconds * 1000.0 / f64::from(phones), (peak - floor) as f64 / f64::from(phones));
        println!("| {phones} | {} | {seconds:.2} | {each_ms:.3} | {} | {each_kb:.1} |", packets(&file)?, peak / 1024);
        costs.push((each_ms, each_kb));
    }
    if let [_, (ms, kb), (many_ms, many_kb)] = costs.as_slice() {
        println!(
            "\na phone among 10,000 costs {:.2} times the time and {:.2} times the memory of one among 1,000",
            many_ms / ms,
            many_kb / kb
        );
    }
    Ok(())
}

fn made(phones: u32) -> Result<PathBuf, Failed> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench-many");
    std::fs::create_dir_all(&dir)?;
    let path = dir.join(format!("{phones}.pcap"));
    // All of them within ten seconds.
    let apart = (10_000 / phones).to_string();
    let status = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(["synth", STORY, "--phones", &phones.to_string(), "--apart", &apart, "-w"])
        .arg(&path)
        .status()?;
    if !status.success() {
        return Err("synth failed".into());
    }
    Ok(path)
}

fn check(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command.args(["check", "--format", "json"]).arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[expect(clippy::disallowed_methods, reason = "what is measured here is the program, from outside")]
fn now() -> Instant {
    Instant::now()
}

fn seconds(file: &Path) -> Result<f64, Failed> {
    let began = now();
    check(file).status()?;
    Ok(now().duration_since(began).as_secs_f64())
}

/// The high-water mark in kB.
fn peak(file: &Path) -> Result<Option<u64>, Failed> {
    let mut child = check(file).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait()?.is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()));
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(peak)
}

fn packets(file: &Path) -> Result<u64, Failed> {
    let out = check(file).stdout(Stdio::piped()).output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    let line = text.lines().find_map(|line| line.trim().strip_prefix("\"packets\": "));
    Ok(line.and_then(|line| line.trim_end_matches(',').parse().ok()).unwrap_or(0))
}
