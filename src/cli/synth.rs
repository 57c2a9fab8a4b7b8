//! `offhook synth`: writes the capture of a documented sequence, whole or broken at a named step.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Stop, output};
use crate::event::nearest;
use crate::synth::{self, Noise, Options, Story};

/// Write the capture of a documented sequence, whole or broken
#[derive(Debug, Args)]
pub struct Synth {
    /// The scenario; without one, they are listed
    #[arg(value_name = "SCENARIO")]
    scenario: Option<String>,
    /// The file to write, - for standard output
    #[arg(short = 'w', value_name = "FILE", requires = "scenario")]
    write: Option<PathBuf>,
    /// So many phones, a little apart (at most 10,000)
    #[arg(long, value_name = "N")]
    phones: Option<u32>,
    /// The phones begin so many milliseconds after each other, 0 for all at once
    #[arg(long, value_name = "MS")]
    apart: Option<u32>,
    /// What the capture itself suffers; may be given several times
    #[arg(long, value_enum, value_name = "NOISE")]
    noise: Vec<NoiseKind>,
    /// Write every scenario to this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["scenario", "write"])]
    all: Option<PathBuf>,
}

/// What a capture may suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NoiseKind {
    /// Every frame twice, as a SPAN of two ports gives it
    Duplicates,
    /// Only what the phones send
    OneWay,
    /// TCP segments slightly out of order
    Shuffle,
    /// The clock steps back by 5 ms once
    ClockBack,
    /// Every tenth long frame is missing from the capture, though it was received
    Loss,
}

impl NoiseKind {
    fn noise(self) -> Noise {
        match self {
            NoiseKind::Duplicates => Noise::Duplicates,
            NoiseKind::OneWay => Noise::OneWay,
            NoiseKind::Shuffle => Noise::Shuffle,
            NoiseKind::ClockBack => Noise::ClockBack(20, 5),
            NoiseKind::Loss => Noise::Drops(10),
        }
    }
}

impl Synth {
    /// Runs it.
    pub fn run(&self) -> Result<u8, Stop> {
        if let Some(dir) = &self.all {
            return self.write_all(dir);
        }
        let Some(name) = &self.scenario else {
            let mut out = output(None)?;
            for story in synth::stories() {
                writeln!(out, "{}\t{}\t{}", story.name, story.sequence, story.title)?;
            }
            out.flush()?;
            return Ok(0);
        };
        let story = synth::story(name).ok_or_else(|| {
            let near = nearest(name, synth::stories().iter().map(|s| s.name));
            let hint = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
            Stop::usage(format!("no scenario {name}{hint}; `offhook synth` lists them"))
        })?;
        let path =
            self.write.as_deref().ok_or_else(|| Stop::usage("where to? give -w FILE (- for standard output)"))?;
        let mut out = output(Some(path))?;
        synth::write(story, &self.options(), &mut out)?;
        out.flush()?;
        Ok(0)
    }

    fn options(&self) -> Options {
        Options { phones: self.phones, apart: self.apart, noise: self.noise.iter().map(|n| n.noise()).collect() }
    }

    fn write_all(&self, dir: &PathBuf) -> Result<u8, Stop> {
        std::fs::create_dir_all(dir).map_err(|error| Stop::input(format!("{}: {error}", dir.display())))?;
        for story in synth::stories() {
            let mut out = output(Some(&dir.join(file_name(story))))?;
            synth::write(story, &self.options(), &mut out)?;
            out.flush()?;
        }
        Ok(0)
    }
}

/// The file of a story: named after it.
fn file_name(story: &Story) -> String {
    let ending = if matches!(story.file, synth::FileForm::Filtered(_)) { "pcapng" } else { "pcap" };
    format!("{}.{ending}", story.name)
}
