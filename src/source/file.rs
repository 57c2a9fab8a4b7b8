//! Capture files as a [`Source`]: pcap and pcapng, plain, gzip or zstd, from a path or standard input, read once
//! from front to back in bounded memory.
//!
//! Both formats are told by their first bytes, never by a name. What is damaged ends the frames: those before are
//! given, and [`Notes::damage`] says what is wrong and where.

use std::io::{self, Read};
use std::path::Path;

use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::window::{Packing, Window};
use super::{Frame, Notes, Source, SourceError};
use crate::time::Ts;

/// The longest frame that is believed, libpcap's own bound: beyond it a length is damage.
pub const MAX_RECORD: u32 = 262_144;

/// A capture file that is being read.
pub struct CaptureFile {
    window: Window,
    format: Format,
    number: u64,
    notes: Notes,
    done: bool,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl CaptureFile {
    /// Opens a file, or standard input if the path is `-`, and reads its header.
    pub fn open(path: &Path) -> Result<CaptureFile, SourceError> {
        if path == Path::new("-") {
            return CaptureFile::read("standard input", io::stdin());
        }
        let name = path.display().to_string();
        match std::fs::File::open(path).and_then(|file| Ok((file.metadata()?.is_dir(), file))) {
            Ok((false, file)) => CaptureFile::read(&name, file),
            Ok((true, _)) => {
                Err(SourceError::Format { path: name, what: "is a directory; name a capture file in it".to_owned() })
            }
            Err(error) => Err(SourceError::Io { path: name, error }),
        }
    }

    /// Reads a capture from anything that gives bytes; `name` is for messages.
    pub fn read(name: &str, input: impl Read + Send + 'static) -> Result<CaptureFile, SourceError> {
        let mut window =
            Window::new(Box::new(input)).map_err(|error| SourceError::Io { path: name.to_owned(), error })?;
        let format = match (Pcap::open(&mut window), Pcapng::open(&mut window)) {
            (Some(pcap), _) => pcap.map(Format::Pcap),
            (None, Some(pcapng)) => pcapng.map(Format::Pcapng),
            (None, None) => Err(what_it_is(&window)),
        };
        match (format, window.fault.take()) {
            (Ok(format), fault) => {
                window.fault = fault;
                Ok(CaptureFile { window, format, number: 0, notes: Notes::default(), done: false })
            }
            (Err(_), Some(error)) if window.packing == Packing::Plain => {
                Err(SourceError::Io { path: name.to_owned(), error })
            }
            (Err(_), Some(error)) => Err(SourceError::Format {
                path: name.to_owned(),
                what: format!("its {} cannot be unpacked ({error}); copy it again", window.packing.name()),
            }),
            (Err(what), None) => Err(SourceError::Format { path: name.to_owned(), what }),
        }
    }

    /// How many bytes (unpacked) have been passed, for a progress display.
    pub fn position(&self) -> u64 {
        self.window.at()
    }
}

/// Whether bytes begin as a capture does, unpacking them if need be.
pub(super) fn looks_like_a_capture(input: impl Read + Send + 'static) -> bool {
    let Ok(mut window) = Window::new(Box::new(input)) else { return false };
    window.head().is_some_and(|magic| Pcap::magic(magic).is_some() || magic == [0x0a, 0x0d, 0x0d, 0x0a])
}

impl Source for CaptureFile {
    fn next(&mut self) -> Result<Option<Frame<'_>>, SourceError> {
        if self.done {
            return Ok(None);
        }
        loop {
            let number = self.number + 1;
            let step = match &mut self.format {
                Format::Pcap(pcap) => pcap.step(&mut self.window, number),
                Format::Pcapng(pcapng) => pcapng.step(&mut self.window, number, &mut self.notes),
            };
            match step {
                Step::Record(record) => {
                    self.number = number;
                    if record.len < record.wire_len {
                        self.notes.snap = Some(self.notes.snap.map_or(record.len, |snap| snap.min(record.len)));
                    }
                    return Ok(Some(Frame {
                        number,
                        time: record.time,
                        interface: record.interface,
                        link: record.link,
                        bytes: self.window.take(record.at, record.len as usize, record.whole),
                        wire_len: record.wire_len,
                    }));
                }
                Step::Passed => {}
                Step::Counted => self.number = number,
                Step::Damage(what) => {
                    self.notes.damage.get_or_insert(what);
                    self.done = true;
                    return Ok(None);
                }
                Step::End => {
                    self.done = true;
                    return Ok(None);
                }
            }
        }
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

/// What a format finds at the window's start.
pub(super) enum Step {
    /// A frame; the window still stands before it.
    Record(Record),
    /// Something without a frame, which was passed.
    Passed,
    /// A block that Wireshark counts among the frames although it holds none; it was passed.
    Counted,
    Damage(String),
    End,
}

/// Where a frame lies in the window.
pub(super) struct Record {
    pub(super) time: Ts,
    pub(super) interface: u32,
    pub(super) link: u16,
    /// Offset of its bytes in the window.
    pub(super) at: usize,
    pub(super) len: u32,
    pub(super) wire_len: u32,
    /// Bytes from the window's start to the next record.
    pub(super) whole: usize,
}

impl Record {
    /// Cuts a frame check sequence off, as far as it was captured, and mends a wire length that cannot be.
    #[inline]
    pub(super) fn without_fcs(mut self, fcs: u32) -> Record {
        self.wire_len = self.wire_len.max(self.len).saturating_sub(fcs);
        self.len = self.len.min(self.wire_len);
        self
    }
}

/// How numbers lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    #[inline]
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let Some(two) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { return 0 };
        match self {
            Order::Little => u16::from_le_bytes(*two),
            Order::Big => u16::from_be_bytes(*two),
        }
    }

    #[inline]
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let Some(four) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { return 0 };
        match self {
            Order::Little => u32::from_le_bytes(*four),
            Order::Big => u32::from_be_bytes(*four),
        }
    }

    #[inline]
    pub(super) fn u64(self, bytes: &[u8], at: usize) -> u64 {
        let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { return 0 };
        match self {
            Order::Little => u64::from_le_bytes(*eight),
            Order::Big => u64::from_be_bytes(*eight),
        }
    }
}

/// The damage of a record or block of which only `got` bytes of `want` could be read.
#[cold]
pub(super) fn cut_off(window: &Window, what: &str, got: usize, want: usize) -> String {
    // A block beyond the window has moved it: `got` bytes ago it began.
    let at = window.at() - (got - window.bytes().len().min(got)) as u64;
    match &window.fault {
        Some(error) => format!(
            "the {} cannot be read beyond byte {}, inside {what} at byte {at}: {error}",
            window.packing.name(),
            at + got as u64
        ),
        None => format!("{what} at byte {at} is cut off: {got} of its {want} bytes are there"),
    }
}

/// A file that is no capture, in words that help.
fn what_it_is(window: &Window) -> String {
    let bytes = window.bytes();
    let help = match *bytes {
        [] => return "is empty".to_owned(),
        [b'P', b'K', 3, 4, ..] => "a zip archive; unpack it first",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "xz data; unpack it first (gzip and zstd can be read as they are)",
        [b'B', b'Z', b'h', ..] => "bzip2 data; unpack it first (gzip and zstd can be read as they are)",
        [0x04, 0x22, 0x4d, 0x18, ..] => "lz4 data; unpack it first (gzip and zstd can be read as they are)",
        [b'G', b'M', b'B', b'U', ..] | [b'R', b'T', b'S', b'S', ..] => {
            "a Network Monitor capture; convert it with editcap -F pcapng"
        }
        [b's', b'n', b'o', b'o', b'p', 0, ..] => "a snoop capture; convert it with editcap -F pcapng",
        [0x0a, b'T', b'R', b'S', ..] | [b'T', b'R', b'S', b'N', b'I', b'F', ..] => {
            "a Sniffer capture; convert it with editcap -F pcapng"
        }
        [a, b, c, ..] if [a, b, c].iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) => {
            "text; a capture is a pcap or pcapng file (also .gz or .zst)"
        }
        _ => {
            let head: String = bytes.iter().take(8).map(|b| format!(" {b:02x}")).collect();
            return format!("is not a capture: it begins with{head}; pcap and pcapng can be read (also .gz or .zst)");
        }
    };
    format!("is not a capture but {help}")
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
