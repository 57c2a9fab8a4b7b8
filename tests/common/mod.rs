//! What the tests share: the binary, temporary files, and the reference material that may be absent.
#![allow(dead_code)]

#[cfg(feature = "live")]
pub mod net;
pub mod wire;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The reference material: `OFFHOOK_SHARED`, else `../shared`; `None` where it is absent.
pub fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("OFFHOOK_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    path.is_dir().then_some(path)
}

/// The project's own directory.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// How a run of the program ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs the real binary.
pub fn offhook(arguments: &[&str]) -> Ran {
    offhook_with(arguments, None)
}

/// Runs the real binary with standard input.
pub fn offhook_with(arguments: &[&str], input: Option<&[u8]>) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(arguments)
        .current_dir(root())
        .env_remove("NO_COLOR")
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    if let Some(bytes) = input {
        let mut stdin = child.stdin.take().expect("piped");
        let bytes = bytes.to_vec();
        std::thread::spawn(move || {
            let _ = stdin.write_all(&bytes);
        });
    }
    ran(&child.wait_with_output().expect("it ends"))
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the binary and fails if it does not end in an orderly way within ten seconds.
pub fn orderly(arguments: &[&str]) -> Ran {
    let began = Instant::now();
    let ran = offhook(arguments);
    assert!((0..=4).contains(&ran.code), "exit {} of {arguments:?}: {}", ran.code, ran.err);
    assert!(!ran.err.contains("panicked"), "{arguments:?}: {}", ran.err);
    assert!(began.elapsed() < Duration::from_secs(10), "{arguments:?} took {:?}", began.elapsed());
    if matches!(ran.code, 2 | 3) {
        assert!(!ran.err.is_empty(), "exit {} of {arguments:?} says nothing", ran.code);
    }
    ran
}

/// Every capture in a directory of the reference material.
pub fn captures(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .expect("the directory is there")
        .map(|e| e.expect("readable").path())
        .filter(|p| {
            let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
            [".pcap", ".pcapng", ".cap", ".gz"].iter().any(|ending| name.ends_with(ending))
        })
        .collect();
    found.sort();
    found
}
