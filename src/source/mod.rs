//! Where frames come from: they are handed out borrowed, in order, once.

pub mod dedup;
pub mod file;
pub mod inputs;
pub mod mem;
pub mod merge;
mod pcap;
mod pcapng;
mod window;
pub mod write;

use crate::time::Ts;

/// A frame as it was captured.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// 1-based, counted per file.
    pub number: u64,
    /// Capture time.
    pub time: Ts,
    /// Interface of the capture (pcapng, counted over all sections), 0 in pcap.
    pub interface: u32,
    /// The link type (LINKTYPE_…, without the FCS bits).
    pub link: u16,
    /// What was captured; a frame check sequence that the file announces is cut off.
    pub bytes: &'a [u8],
    /// How long the frame was on the wire; more than `bytes` where a snap length cut it.
    pub wire_len: u32,
}

/// Hands out frames.
pub trait Source {
    /// The next frame, or `None` at the end. What is damaged ends the frames and is told by [`Source::notes`].
    fn next(&mut self) -> Result<Option<Frame<'_>>, SourceError>;

    /// What is to be said of the capture itself so far: damage, filter, drops.
    fn notes(&self) -> &Notes;
}

/// What is to be said of a capture besides its frames.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The file ends inside a record, or its compression is broken: what and where.
    pub damage: Option<String>,
    /// The capture filter that the file names (pcapng if_filter).
    pub filter: Option<String>,
    /// Frames that the capture says it lost (pcapng isb_ifdrop, isb_osdrop).
    pub drops: u64,
    /// The smallest snap length that really cut a frame.
    pub snap: Option<u32>,
}

impl Notes {
    /// One more capture filter; interfaces most often share one.
    fn add_filter(&mut self, filter: &str) {
        match &mut self.filter {
            None => self.filter = Some(filter.to_owned()),
            Some(known) if known.split("; ").any(|one| one == filter) => {}
            // A file that names a filter for each of a thousand interfaces has said enough.
            Some(known) if known.len() > 4096 => {}
            Some(known) => *known = format!("{known}; {filter}"),
        }
    }
}

/// An input that cannot be read at all: exit code 3.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system said no.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What it said.
        error: std::io::Error,
    },
    /// It is no capture.
    #[error("{path}: {what}")]
    Format {
        /// The file.
        path: String,
        /// What it is instead, and what would help.
        what: String,
    },
}
