//! The files of a capture: one, or a ring of them by size, time and count, as tshark names them.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::limits::{Limits, Reached};
use crate::source::Frame;
use crate::source::write::{Counts, Interface, PcapngWriter};
use crate::time::Ts;

/// What is written to: a file, or standard output.
type Out = Box<dyn io::Write + Send>;

/// Writes frames to the file, or to the present file of the ring.
pub struct Ring {
    path: PathBuf,
    interfaces: Vec<Interface>,
    every: Limits,
    out: PcapngWriter<Out>,
    here: Reached,
    kept: VecDeque<PathBuf>,
    files: u64,
    bytes_before: u64,
    packets: u64,
}

impl Ring {
    /// Begins the first file. `-` is standard output, and cannot be a ring.
    pub fn begin(path: &Path, interfaces: Vec<Interface>, every: Limits, now: Ts) -> io::Result<Ring> {
        let (out, name) = open(path, &interfaces, every.any(), 1, now)?;
        Ok(Ring {
            path: path.to_owned(),
            interfaces,
            every,
            out,
            here: Reached::default(),
            kept: VecDeque::from([name]),
            files: 1,
            bytes_before: 0,
            packets: 0,
        })
    }

    /// Writes a frame; begins the next file before it, if the present one is full.
    pub fn frame(&mut self, frame: &Frame<'_>, counts: &[Counts]) -> io::Result<()> {
        self.here.now = frame.time;
        self.here.bytes = self.out.written();
        if self.every.hit(&self.here) {
            self.next(frame.time, counts)?;
        }
        self.here.began.get_or_insert(frame.time);
        self.here.packets += 1;
        self.packets += 1;
        self.out.frame(frame)
    }

    /// Whether `most` files are full: a frame of this time would begin another.
    pub fn is_full_after(&self, most: u64, time: Ts) -> bool {
        let here = Reached { now: time, bytes: self.out.written(), ..self.here };
        self.files >= most && self.every.hit(&here)
    }

    /// Hands what is buffered to the operating system.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn next(&mut self, now: Ts, counts: &[Counts]) -> io::Result<()> {
        self.close(now, counts)?;
        self.bytes_before += self.out.written();
        self.files += 1;
        let (out, name) = open(&self.path, &self.interfaces, true, self.files, now)?;
        self.out = out;
        self.here = Reached { began: Some(now), now, ..Reached::default() };
        self.kept.push_back(name);
        while self.every.files.is_some_and(|most| self.kept.len() as u64 > most) {
            if let Some(oldest) = self.kept.pop_front() {
                fs::remove_file(oldest)?;
            }
        }
        Ok(())
    }

    /// Writes what the interfaces lost, and all that is buffered.
    pub fn close(&mut self, now: Ts, counts: &[Counts]) -> io::Result<()> {
        for (interface, counts) in (0..).zip(counts) {
            self.out.statistics(interface, now, counts)?;
        }
        self.out.flush()
    }

    /// Bytes written to all of its files.
    pub fn bytes(&self) -> u64 {
        self.bytes_before + self.out.written()
    }

    /// How far the whole is, since `began`.
    pub fn reached(&self, began: Option<Ts>, now: Ts) -> Reached {
        Reached { began, now, bytes: self.bytes(), packets: self.packets, files: self.files }
    }

    /// The files that are kept, oldest first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.kept.iter().map(PathBuf::as_path)
    }
}

fn open(
    path: &Path,
    interfaces: &[Interface],
    several: bool,
    number: u64,
    now: Ts,
) -> io::Result<(PcapngWriter<Out>, PathBuf)> {
    let name = if several { numbered(path, number, now) } else { path.to_owned() };
    let out: Out = if path.as_os_str() == "-" { Box::new(io::stdout()) } else { Box::new(File::create(&name)?) };
    let mut out = PcapngWriter::new(Box::new(BufWriter::with_capacity(1 << 18, out)) as Out)?;
    interfaces.iter().try_for_each(|interface| out.describe(interface))?;
    out.flush()?;
    Ok((out, name))
}

/// `ring.pcapng` → `ring_00001_20260105080000.pcapng`, in UTC.
fn numbered(path: &Path, number: u64, now: Ts) -> PathBuf {
    let digits: String = now.rfc3339().chars().take(19).filter(char::is_ascii_digit).collect();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}_{number:05}_{digits}{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::source::file::CaptureFile;
    use crate::source::mem::FrameBuf;

    fn interfaces() -> Vec<Interface> {
        vec![Interface { link: 1, name: "eth0".into(), filter: String::new(), snap: 262_144 }]
    }

    #[test]
    fn a_ring_keeps_the_newest_and_each_file_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let every = Limits { packets: Some(2), files: Some(2), ..Limits::default() };
        let start = 1_767_600_000_000_000_000;
        let mut ring = Ring::begin(&dir.path().join("r.pcapng"), interfaces(), every, Ts::from_nanos(start)).unwrap();
        let lost = [Counts { by_system: 4, ..Counts::default() }];
        for n in 0..7 {
            let frame = FrameBuf::ethernet(Ts::from_nanos(start + n * 1_000_000_000), vec![n as u8; 60]);
            ring.frame(&frame.frame(1), &lost).unwrap();
        }
        let end = Ts::from_nanos(start + 7_000_000_000);
        ring.close(end, &lost).unwrap();
        assert_eq!(ring.reached(None, end).packets, 7);
        let mut names: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["r_00003_20260105080004.pcapng", "r_00004_20260105080006.pcapng"]);
        let mut seen = Vec::new();
        for path in ring.files() {
            let mut file = CaptureFile::open(path).unwrap();
            while let Some(frame) = file.next().unwrap() {
                seen.push(frame.bytes[0]);
            }
            assert_eq!((file.notes().drops, &file.notes().damage), (4, &None));
        }
        assert_eq!(seen, [4, 5, 6]);
    }

    #[test]
    fn without_a_limit_there_is_one_file_of_that_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.pcapng");
        let mut ring = Ring::begin(&path, interfaces(), Limits::default(), Ts::ZERO).unwrap();
        ring.close(Ts::ZERO, &[]).unwrap();
        assert!(CaptureFile::open(&path).unwrap().next().unwrap().is_none());
    }
}
