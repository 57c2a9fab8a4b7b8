//! How fast `offhook check` judges a large capture, and what other programs need for the same file on the same
//! machine in the same minute.
//!
//! `cargo bench --bench check [-- --size 100M --runs 5]`. The captures are made by `tools/corpus.py` of the reference
//! material (`OFFHOOK_SHARED`, default `../shared`) and kept in `target/bench-corpus`. No time is asserted: a table
//! is printed. Seconds are wall-clock, from start to exit, the median of the runs; programs take turns, so that a
//! busy machine is unfair to all of them alike. Memory is the high-water mark of a run of its own (Linux only).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Failed = Box<dyn std::error::Error>;

/// What a run is asked for.
struct Wanted {
    size: String,
    runs: usize,
}

/// A program and how it is called; the file comes last.
struct Program {
    name: &'static str,
    command: PathBuf,
    arguments: &'static [&'static str],
}

fn main() -> Result<(), Failed> {
    let Some(wanted) = arguments() else { return Ok(()) };
    let Some(tool) = corpus_tool() else {
        println!("the corpus cannot be made: no tools/corpus.py below OFFHOOK_SHARED or ../shared");
        return Ok(());
    };
    let programs: Vec<Program> = programs().into_iter().filter(Program::is_there).collect();
    println!(
        "\n| capture | program | seconds | packets/s | MB/s | peak MB | times as fast as tshark |\n|{}",
        " --- |".repeat(7)
    );
    for mix in ["sig", "rtp"] {
        let file = corpus(&tool, mix, &wanted.size)?;
        let megabytes = file.metadata()?.len() as f64 / 1e6;
        let packets = packets(&file)?;
        let seconds = turns(&programs, &file, wanted.runs)?;
        let tshark = programs.iter().zip(&seconds).find(|(program, _)| program.name == "tshark").map(|(_, s)| *s);
        for (program, seconds) in programs.iter().zip(&seconds) {
            println!(
                "| {mix} {} | {} | {seconds:.3} | {:.0} | {:.0} | {} | {} |",
                wanted.size,
                program.name,
                packets as f64 / seconds,
                megabytes / seconds,
                program.peak(&file)?.map_or_else(|| "?".to_owned(), |kilobytes| (kilobytes / 1024).to_string()),
                tshark.map_or_else(|| "?".to_owned(), |tshark| format!("{:.1}", tshark / seconds)),
            );
        }
    }
    Ok(())
}

/// `--size 100M --runs 5`; what cargo itself adds (`--bench`) is passed over. `None` if this is a test run, which
/// only wants to know that it can be started.
fn arguments() -> Option<Wanted> {
    let mut wanted = Wanted { size: "100M".to_owned(), runs: 5 };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--size" => wanted.size = given.next()?,
            "--runs" => wanted.runs = given.next()?.parse().ok().filter(|runs| *runs > 0)?,
            "--test" | "--list" => return None,
            _ => {}
        }
    }
    Some(wanted)
}

fn programs() -> [Program; 3] {
    let own = PathBuf::from(env!("CARGO_BIN_EXE_offhook"));
    [
        Program { name: "offhook check", command: own, arguments: &["check", "--format", "json"] },
        Program { name: "tshark", command: "tshark".into(), arguments: &["-r"] },
        Program { name: "sngrep -N", command: "sngrep".into(), arguments: &["-N", "-q", "-I"] },
    ]
}

impl Program {
    /// Whether it can be started; says so if not.
    fn is_there(&self) -> bool {
        let version = if self.name == "sngrep -N" { "-V" } else { "--version" };
        let there = Command::new(&self.command).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if there.is_err() {
            println!("{} is not installed here and is left out", self.name);
        }
        there.is_ok()
    }

    fn start(&self, file: &Path) -> Result<Child, Failed> {
        let mut command = Command::new(&self.command);
        command.args(self.arguments).arg(file);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    fn time(&self, file: &Path) -> Result<Duration, Failed> {
        let began = now();
        self.start(file)?.wait()?;
        Ok(began.elapsed())
    }

    /// The most memory it held at once, in kilobytes: what the kernel counts, looked up while it runs.
    fn peak(&self, file: &Path) -> Result<Option<u64>, Failed> {
        let mut child = self.start(file)?;
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
}

#[expect(clippy::disallowed_methods, reason = "what is measured here is the program, from outside")]
fn now() -> Instant {
    Instant::now()
}

/// The median seconds of each program, which take turns.
fn turns(programs: &[Program], file: &Path, runs: usize) -> Result<Vec<f64>, Failed> {
    let mut took: Vec<Vec<Duration>> = vec![Vec::new(); programs.len()];
    for _ in 0..runs {
        for (program, took) in programs.iter().zip(&mut took) {
            took.push(program.time(file)?);
        }
    }
    let median = |mut of: Vec<Duration>| {
        of.sort_unstable();
        of.get(of.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
    };
    Ok(took.into_iter().map(median).collect())
}

/// How many packets offhook counts in it.
fn packets(file: &Path) -> Result<u64, Failed> {
    let said = Command::new(env!("CARGO_BIN_EXE_offhook")).args(["check", "--format", "json"]).arg(file).output()?;
    let report: serde_json::Value = serde_json::from_slice(&said.stdout)?;
    Ok(report.pointer("/captures/0/packets").and_then(serde_json::Value::as_u64).ok_or("no packets are told")?)
}

fn corpus_tool() -> Option<PathBuf> {
    let shared = std::env::var_os("OFFHOOK_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    Some(shared.join("tools/corpus.py")).filter(|tool| tool.is_file())
}

/// The capture of that mix and size, made unless it is there.
fn corpus(tool: &Path, mix: &str, size: &str) -> Result<PathBuf, Failed> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-corpus");
    std::fs::create_dir_all(&target)?;
    let file = target.join(format!("{mix}-{size}.pcap"));
    if !file.is_file() {
        println!("making {}", file.display());
        let half = file.with_extension("part");
        let made = Command::new("python3").arg(tool).arg(&half).args(["--mix", mix, "--size", size]).status()?;
        if !made.success() {
            return Err(format!("{} failed", tool.display()).into());
        }
        std::fs::rename(half, &file)?;
    }
    Ok(file)
}
