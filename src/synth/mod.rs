//! Captures made from nothing: the documented sequences, whole or broken at a named step.
//!
//! A [`Story`] is data: a site, a list of steps, and what an expert concludes. The same story gives the same bytes
//! every time. After the step that breaks, the phone asks again the way phones do and unrelated traffic goes on, so
//! that silence is proven and not just the end of the file.

pub mod cdp;
pub mod cnf;
pub mod dhcp;
pub mod dns;
pub mod frame;
pub mod http;
pub mod lldp;
pub mod media;
pub mod noise;
pub mod pcap;
pub mod play;
pub mod sccp;
pub mod scenario;
pub mod sip;
pub mod stories;
pub mod talk;
pub mod tftp;
pub mod tls;
pub mod trust;

use std::io::{Result, Write};

pub use noise::Noise;
pub use pcap::{write_pcap, write_pcapng};
pub use scenario::{FileForm, Outcome, Story};
pub use stories::{stories, story};

use crate::time::Ts;

/// A frame of a made-up capture; its link is Ethernet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Capture time.
    pub time: Ts,
    /// What was captured.
    pub bytes: Vec<u8>,
    /// How long it was on the wire; more than `bytes` where a snap length cut it.
    pub wire_len: u32,
}

/// What is asked beyond the story itself.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// So many phones instead of the story's own number; at most 10,000.
    pub phones: Option<u32>,
    /// They begin so many ms after each other, instead of as the story says.
    pub apart: Option<u32>,
    /// Defects of the capture, after those of the story.
    pub noise: Vec<Noise>,
}

/// The frames of a story, in capture order.
pub fn capture(story: &Story, options: &Options) -> Vec<Frame> {
    let phones = options.phones.unwrap_or(story.phones).clamp(1, 10_000);
    let apart = options.apart.unwrap_or(story.site.apart);
    let story = &Story { site: scenario::Site { apart, ..story.site }, ..*story };
    let mut frames: Vec<Frame> = (0..phones).flat_map(|index| play::play(story, index)).collect();
    frames.sort_by_key(|frame| frame.time);
    for noise in story.noise.iter().chain(&options.noise) {
        noise::apply(*noise, &mut frames);
    }
    frames
}

/// Writes a story to a file of its own form.
pub fn write(story: &Story, options: &Options, out: &mut dyn Write) -> Result<()> {
    let frames = capture(story, options);
    match story.file {
        FileForm::Pcap => write_pcap(&frames, out),
        FileForm::Filtered(filter) => write_pcapng(&frames, filter, out),
        FileForm::CutShort(bytes) => {
            let mut whole = Vec::new();
            write_pcap(&frames, &mut whole)?;
            out.write_all(whole.get(..whole.len().saturating_sub(bytes)).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests;
