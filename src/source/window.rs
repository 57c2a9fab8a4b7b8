//! A window that moves over an input in bounded memory: plain, gzip (several members) or zstd, told by its
//! first bytes.
//!
//! Nothing here knows captures. What cannot be read any more (a disk error, broken compression) ends the bytes
//! and is kept in [`Window::fault`].

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// Memory of a window; a record or block header that claims more is never believed.
pub(super) const SIZE: usize = 512 * 1024;

/// The first read is small, so that many files can be opened at once (`--merge`); each next one is twice as large.
const FIRST_READ: usize = 16 * 1024;

/// The most that is read at once: most records are small, and what of the window is never written takes no memory.
const LARGEST_READ: usize = 128 * 1024;

/// How the bytes were packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    fn of(head: &[u8]) -> Packing {
        match *head {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
            // A skippable frame, with which pzstd begins (RFC 8878 §3.1.2).
            [low, 0x2a, 0x4d, 0x18, ..] if low & 0xf0 == 0x50 => Packing::Zstd,
            _ => Packing::Plain,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Packing::Plain => "file",
            Packing::Gzip => "gzip data",
            Packing::Zstd => "zstd data",
        }
    }
}

pub(super) struct Window {
    input: Box<dyn Read + Send>,
    pub(super) packing: Packing,
    memory: Vec<u8>,
    start: usize,
    end: usize,
    /// How many unpacked bytes lie before the window.
    passed: u64,
    read_size: usize,
    ended: bool,
    /// Why the bytes ended, if not because there are no more.
    pub(super) fault: Option<io::Error>,
}

impl Window {
    pub(super) fn new(mut input: Box<dyn Read + Send>) -> io::Result<Window> {
        let mut head = [0; 4];
        let mut got = 0;
        while let Some(space) = head.get_mut(got..).filter(|space| !space.is_empty()) {
            match input.read(space) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let head = head.get(..got).unwrap_or_default().to_vec();
        let packing = Packing::of(&head);
        let input = Cursor::new(head).chain(input);
        let input: Box<dyn Read + Send> = match packing {
            Packing::Plain => Box::new(input),
            Packing::Gzip => {
                Box::new(flate2::bufread::MultiGzDecoder::new(Sips(BufReader::with_capacity(64 * 1024, input))))
            }
            Packing::Zstd => Box::new(zstd::Decoder::new(input)?),
        };
        Ok(Window {
            input,
            packing,
            memory: vec![0; SIZE],
            start: 0,
            end: 0,
            passed: 0,
            read_size: FIRST_READ,
            ended: false,
            fault: None,
        })
    }

    /// The bytes at hand.
    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(self.start..self.end).unwrap_or_default()
    }

    /// The first `N` bytes, if the input has so many.
    #[inline]
    pub(super) fn head<const N: usize>(&mut self) -> Option<[u8; N]> {
        if !self.has(N) {
            return None;
        }
        self.bytes().first_chunk().copied()
    }

    /// Makes `n` bytes present (at most [`SIZE`]); `false` if the input ends before.
    #[inline]
    pub(super) fn has(&mut self, n: usize) -> bool {
        self.end - self.start >= n || self.fill(n)
    }

    /// Offset of the window's first byte in the unpacked input.
    pub(super) const fn at(&self) -> u64 {
        self.passed + self.start as u64
    }

    /// Moves on over bytes that are present.
    #[inline]
    pub(super) fn pass(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// Moves on over `whole` bytes and gives `len` of them, from `skip` on.
    #[inline]
    pub(super) fn take(&mut self, skip: usize, len: usize, whole: usize) -> &[u8] {
        let from = self.start + skip;
        self.pass(whole);
        self.memory.get(from..from + len).unwrap_or_default()
    }

    /// Moves on over any number of bytes; `false` if the input ends before.
    pub(super) fn skip(&mut self, mut n: u64) -> bool {
        loop {
            let step = n.min((self.end - self.start) as u64);
            self.pass(step as usize);
            n -= step;
            if n == 0 {
                return true;
            }
            if !self.fill(1) {
                return false;
            }
        }
    }

    #[cold]
    fn fill(&mut self, n: usize) -> bool {
        // What is left is a part of one record: moving it costs little.
        self.memory.copy_within(self.start..self.end, 0);
        self.passed += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while self.end < n && !self.ended {
            let until = (self.end + self.read_size).min(SIZE);
            let Some(space) = self.memory.get_mut(self.end..until).filter(|space| !space.is_empty()) else {
                return false;
            };
            match self.input.read(space) {
                Ok(0) => self.ended = true,
                Ok(got) => self.end += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.fault = Some(error);
                    self.ended = true;
                }
            }
            self.read_size = (self.read_size * 2).min(LARGEST_READ);
        }
        self.end >= n
    }
}

/// Hands packed bytes on in small sips: the unpacker loses what it made of a sip that turns out to be broken.
struct Sips<R>(R);

impl<R: Read> Read for Sips<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: BufRead> BufRead for Sips<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.0.fill_buf()?;
        Ok(bytes.get(..512).unwrap_or(bytes))
    }
    fn consume(&mut self, n: usize) {
        self.0.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, with an interruption before each.
    struct Drops(Vec<u8>, usize, bool);

    impl Read for Drops {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let (Some(byte), Some(slot)) = (self.0.get(self.1), into.first_mut()) else { return Ok(0) };
            *slot = *byte;
            self.1 += 1;
            Ok(1)
        }
    }

    #[test]
    fn bytes_come_in_order_however_they_are_read() {
        let mut window = Window::new(Box::new(Drops((0..=255).collect(), 0, false))).unwrap();
        assert_eq!(window.head(), Some([0, 1, 2]));
        window.pass(3);
        assert!(window.skip(100));
        assert_eq!((window.at(), window.head()), (103, Some([103, 104])));
        assert!(!window.has(154) && window.has(153));
        assert!(!window.skip(154));
        assert_eq!((window.at(), window.bytes().len()), (256, 0));
    }

    #[test]
    fn many_members_and_windows() {
        use std::io::Write;
        let plain: Vec<u8> = (0..3 * SIZE as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let gzip = |part: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(part).unwrap();
            packer.finish().unwrap()
        };
        let (a, b) = plain.split_at(SIZE + 17);
        for packed in [
            [gzip(a), gzip(b)].concat(),
            [zstd::encode_all(a, 1).unwrap(), zstd::encode_all(b, 1).unwrap()].concat(),
            plain.clone(),
        ] {
            let mut window = Window::new(Box::new(Cursor::new(packed))).unwrap();
            let mut seen = Vec::new();
            while window.has(1) {
                let step = window.bytes().len().min(7919);
                seen.extend_from_slice(&window.bytes()[..step]);
                window.pass(step);
            }
            assert!(window.fault.is_none() && seen == plain, "{}", window.packing.name());
        }
    }
}
