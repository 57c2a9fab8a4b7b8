//! Every real capture of the reference material, whole, cut and damaged: the program ends in an orderly way and
//! what it prints is whole. Ignored where the material is absent.

mod common;

use std::path::Path;

use common::{captures, orderly, shared};
use libtest_mimic::{Arguments, Failed, Trial};

/// Whose captures were made to break readers.
const CRAFTED_BY: &[&str] = &["tcpdump__", "nDPI__", "ladvd__"];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    match shared() {
        Some(shared) => {
            let manifest = std::fs::read_to_string(shared.join("captures/MANIFEST.tsv")).expect("MANIFEST.tsv");
            for row in manifest.lines().map(str::to_owned) {
                let name = row.split('\t').next().unwrap_or_default().to_owned();
                if CRAFTED_BY.iter().any(|maker| name.starts_with(maker)) {
                    let path = shared.join("captures").join(&name);
                    trials.push(Trial::test(format!("says::{name}"), move || try_said(&path, &row)));
                }
            }
            for dir in ["captures", "realware/captures"] {
                for path in captures(&shared.join(dir)) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let (whole, hurt) = (path.clone(), path);
                    trials.push(Trial::test(format!("whole::{name}"), move || try_whole(&whole)));
                    trials.push(Trial::test(format!("damaged::{name}"), move || try_damaged(&hurt)));
                }
            }
        }
        None => trials.push(Trial::test("../shared is absent", || Ok(())).with_ignored_flag(true)),
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn try_whole(path: &Path) -> Result<(), Failed> {
    let path = path.to_string_lossy();
    let check = orderly(&["check", "--format", "json", &path]);
    if check.code != 3 {
        let report: serde_json::Value = serde_json::from_str(&check.out).map_err(|e| e.to_string())?;
        let packets = report["captures"][0]["packets"].as_u64().ok_or("no packet count")?;
        for finding in report["findings"].as_array().ok_or("no findings")? {
            for frame in finding["frames"].as_array().ok_or("no frames")? {
                let frame = frame.as_u64().ok_or("a frame is no number")?;
                if frame == 0 || frame > packets {
                    return Err(format!("{} cites frame {frame} of {packets}", finding["id"]).into());
                }
            }
        }
    }
    let decode = orderly(&["decode", "-T", "ndjson", &path]);
    for line in decode.out.lines() {
        serde_json::from_str::<serde_json::Value>(line).map_err(|e| format!("{e}: {line}"))?;
    }
    orderly(&["decode", "-V", "-x", &path]);
    Ok(())
}

/// Every protocol that the manifest counts in a capture, and that is read here, gives a message or a defect.
fn try_said(path: &Path, row: &str) -> Result<(), Failed> {
    let listed = row.split('\t').nth(7).ok_or("no protocols")?;
    // What stands after the bar was found by guessing.
    let listed = listed.split('|').next().unwrap_or_default();
    let ran = orderly(&["decode", "-T", "ndjson", &path.to_string_lossy()]);
    let (mut said, mut defects) = (std::collections::BTreeSet::new(), 0);
    for line in ran.out.lines() {
        let line: serde_json::Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
        said.insert(line["proto"].as_str().unwrap_or_default().to_owned());
        defects += usize::from(!line["defect"].is_null());
    }
    if said.is_empty() && ran.err.is_empty() {
        return Err("nothing is said, not even that nothing can be read".into());
    }
    let known = |name: &&str| offhook::proto::protocol(name).is_some();
    let names = listed.split_whitespace().filter_map(|word| word.split(':').next()).filter(known);
    let silent: Vec<&str> = names.filter(|name| !said.contains(*name)).collect();
    if !silent.is_empty() && defects == 0 {
        return Err(format!("no message of {silent:?} and no defect; there are {said:?}").into());
    }
    Ok(())
}

/// A generator that always gives the same numbers: a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

fn try_damaged(path: &Path) -> Result<(), Failed> {
    let bytes = std::fs::read(path)?;
    let bytes = if bytes.len() > 600_000 { bytes[..600_000].to_vec() } else { bytes };
    let mut numbers = Numbers(0x5eed ^ bytes.len() as u64);
    let dir = tempfile::tempdir()?;
    for round in 0..4 {
        let mut hurt = bytes.clone();
        // Bytes inside packets, one in about three hundred; the file header stays, or nothing is read at all.
        for _ in 0..hurt.len() / 300 + 1 {
            let at = 24 + numbers.next(hurt.len().saturating_sub(24));
            if let Some(byte) = hurt.get_mut(at) {
                *byte = numbers.next(256) as u8;
            }
        }
        if round % 2 == 1 {
            hurt.truncate(numbers.next(hurt.len()));
        }
        let file = dir.path().join(format!("{round}.pcap"));
        std::fs::write(&file, &hurt)?;
        let file = file.to_string_lossy();
        let check = orderly(&["check", "--format", "json", &file]);
        if matches!(check.code, 0 | 1 | 4) {
            serde_json::from_str::<serde_json::Value>(&check.out).map_err(|e| e.to_string())?;
        }
        orderly(&["decode", "-T", "ndjson", &file]);
    }
    Ok(())
}
