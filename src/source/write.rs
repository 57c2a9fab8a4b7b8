//! Writing captures: pcapng (an interface for each link type) and pcap, both with nanoseconds.

use std::io::{self, Write};

use super::Frame;
use crate::time::Ts;

/// Writes a pcapng file, little endian. Nothing is buffered here: give it a `BufWriter`.
pub struct PcapngWriter<W> {
    out: W,
    /// The link types of the interfaces described so far.
    links: Vec<u16>,
    /// The interfaces were described beforehand: a frame names its own.
    described: bool,
    block: Vec<u8>,
    written: u64,
}

/// What is to be said of an interface before its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The link type (LINKTYPE_…).
    pub link: u16,
    /// `eth0`
    pub name: String,
    /// The capture filter, as libpcap takes it; empty for none.
    pub filter: String,
    /// Frames are cut to so many bytes.
    pub snap: u32,
}

/// What an interface received and lost, from the start on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that passed the filter.
    pub received: u64,
    /// Frames the interface lost.
    pub by_interface: u64,
    /// Frames the operating system lost for want of buffer.
    pub by_system: u64,
}

impl<W: Write> PcapngWriter<W> {
    /// Writes the Section Header Block.
    pub fn new(mut out: W) -> io::Result<PcapngWriter<W>> {
        let mut block = Vec::new();
        begin(&mut block, 0x0a0d_0d0a);
        block.extend_from_slice(&0x1a2b_3c4du32.to_le_bytes());
        block.extend_from_slice(&[1, 0, 0, 0]);
        // The section's length is not known.
        block.extend_from_slice(&u64::MAX.to_le_bytes());
        end(&mut block);
        out.write_all(&block)?;
        Ok(PcapngWriter { out, links: Vec::new(), described: false, written: block.len() as u64, block })
    }

    /// Describes the next interface; from then on [`Frame::interface`] says which one a frame is of.
    pub fn describe(&mut self, interface: &Interface) -> io::Result<()> {
        self.described = true;
        self.interface(interface.link, interface.snap, Some(interface))?;
        Ok(())
    }

    /// What an interface received and lost so far (Interface Statistics Block).
    pub fn statistics(&mut self, interface: u32, time: Ts, counts: &Counts) -> io::Result<()> {
        let time = u64::try_from(time.nanos()).unwrap_or(0);
        let block = &mut self.block;
        begin(block, 5);
        for number in [interface, (time >> 32) as u32, time as u32] {
            block.extend_from_slice(&number.to_le_bytes());
        }
        // isb_ifrecv, isb_ifdrop, isb_osdrop
        for (code, count) in [(4, counts.received), (5, counts.by_interface), (7, counts.by_system)] {
            option(block, code, &count.to_le_bytes());
        }
        option(block, 0, &[]);
        end(block);
        self.put()
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Hands on what a buffer holds.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn put(&mut self) -> io::Result<()> {
        self.written += self.block.len() as u64;
        self.out.write_all(&self.block)
    }

    /// Writes a frame, and describes its interface before if its link type is new. A time before 1970 becomes 0.
    pub fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let interface = match self.links.iter().position(|link| *link == frame.link) {
            _ if self.described => frame.interface as usize,
            Some(known) => known,
            None => self.interface(frame.link, super::file::MAX_RECORD, None)?,
        };
        let time = u64::try_from(frame.time.nanos()).unwrap_or(0);
        let block = &mut self.block;
        begin(block, 6);
        let (captured, wire) = lengths(frame);
        for number in [interface as u32, (time >> 32) as u32, time as u32, captured, wire] {
            block.extend_from_slice(&number.to_le_bytes());
        }
        block.extend_from_slice(frame.bytes);
        end(block);
        self.put()
    }

    fn interface(&mut self, link: u16, snap: u32, more: Option<&Interface>) -> io::Result<usize> {
        let block = &mut self.block;
        begin(block, 1);
        block.extend_from_slice(&u32::from(link).to_le_bytes());
        block.extend_from_slice(&snap.to_le_bytes());
        // if_tsresol: 10⁻⁹
        option(block, 9, &[9]);
        if let Some(more) = more {
            option(block, 2, more.name.as_bytes());
            if !more.filter.is_empty() {
                // The leading 0: the filter as libpcap's text.
                let filter: Vec<u8> = std::iter::once(0).chain(more.filter.bytes()).collect();
                option(block, 11, &filter);
            }
        }
        option(block, 0, &[]);
        end(block);
        self.put()?;
        self.links.push(link);
        Ok(self.links.len() - 1)
    }

    /// Writes out what a buffer holds and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn begin(block: &mut Vec<u8>, kind: u32) {
    block.clear();
    block.extend_from_slice(&kind.to_le_bytes());
    block.extend_from_slice(&[0; 4]);
}

/// An option of a block, padded; what is longer than an option can be is cut.
fn option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    block.extend_from_slice(&code.to_le_bytes());
    block.extend_from_slice(&(value.len() as u16).to_le_bytes());
    block.extend_from_slice(value);
    block.resize(block.len().next_multiple_of(4), 0);
}

/// Pads the block and writes its length at both ends.
fn end(block: &mut Vec<u8>) {
    block.resize(block.len().next_multiple_of(4), 0);
    let len = (block.len() as u32 + 4).to_le_bytes();
    if let Some(slot) = block.get_mut(4..8) {
        slot.copy_from_slice(&len);
    }
    block.extend_from_slice(&len);
}

fn lengths(frame: &Frame<'_>) -> (u32, u32) {
    let captured = frame.bytes.len() as u32;
    (captured, frame.wire_len.max(captured))
}

/// Writes a pcap file with nanoseconds, little endian, of one link type. Nothing is buffered here.
pub struct PcapWriter<W> {
    out: W,
    link: u16,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header.
    pub fn new(mut out: W, link: u16) -> io::Result<PcapWriter<W>> {
        // Magic of nanoseconds; version 2.4; two unused words; snap length; link type.
        for number in [0xa1b2_3c4d, 0x0004_0002, 0, 0, super::file::MAX_RECORD, u32::from(link)] {
            out.write_all(&u32::to_le_bytes(number))?;
        }
        Ok(PcapWriter { out, link })
    }

    /// Writes a frame; one of another link type is refused: pcap has room for one. A time that the format cannot
    /// hold (before 1970, after 2106) becomes the nearest.
    pub fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        if frame.link != self.link {
            let what = format!(
                "frame {} has link type {} and the pcap file {}; write pcapng instead",
                frame.number, frame.link, self.link
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let time = frame.time.nanos().clamp(0, i64::from(u32::MAX) * 1_000_000_000);
        let (captured, wire) = lengths(frame);
        let mut head = [0; 16];
        for (slot, number) in head.as_chunks_mut::<4>().0.iter_mut().zip([
            (time / 1_000_000_000) as u32,
            (time % 1_000_000_000) as u32,
            captured,
            wire,
        ]) {
            *slot = number.to_le_bytes();
        }
        self.out.write_all(&head)?;
        self.out.write_all(frame.bytes)
    }

    /// Writes out what a buffer holds and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::source::file::CaptureFile;
    use crate::source::mem::FrameBuf;

    fn frames(links: [u16; 3]) -> Vec<FrameBuf> {
        let times = [1, 1_767_600_000_123_456_789, 0];
        (links.into_iter().zip(times).zip(1..))
            .map(|((link, nanos), len)| FrameBuf {
                link,
                wire_len: len + 2,
                ..FrameBuf::ethernet(Ts::from_nanos(nanos), vec![7; len as usize])
            })
            .collect()
    }

    #[track_caller]
    fn check(file: Vec<u8>, expected: &[FrameBuf], interfaces: &[u32]) {
        let mut source = CaptureFile::read("test", io::Cursor::new(file)).unwrap();
        for (i, (expected, interface)) in expected.iter().zip(interfaces).enumerate() {
            let expected = FrameBuf { interface: *interface, ..expected.clone() };
            let frame = source.next().unwrap().unwrap();
            assert_eq!(format!("{frame:?}"), format!("{:?}", expected.frame(i as u64 + 1)));
        }
        assert!(source.next().unwrap().is_none());
        assert_eq!(source.notes().damage, None);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mixed = frames([1, 113, 1]);
        let mut out = PcapngWriter::new(Vec::new()).unwrap();
        mixed.iter().for_each(|frame| out.frame(&frame.frame(1)).unwrap());
        check(out.finish().unwrap(), &mixed, &[0, 1, 0]);

        let same = frames([1, 1, 1]);
        let mut out = PcapWriter::new(Vec::new(), 1).unwrap();
        same.iter().for_each(|frame| out.frame(&frame.frame(1)).unwrap());
        check(out.finish().unwrap(), &same, &[0, 0, 0]);
    }

    #[test]
    fn an_interface_tells_its_filter_and_its_drops() {
        let mut out = PcapngWriter::new(Vec::new()).unwrap();
        for (name, filter) in [("eth0", "udp or vlan"), ("eth1", "")] {
            out.describe(&Interface { link: 1, name: name.into(), filter: filter.into(), snap: 96 }).unwrap();
        }
        out.frame(&FrameBuf { interface: 1, ..FrameBuf::ethernet(Ts::from_nanos(7), [1; 5]) }.frame(1)).unwrap();
        let lost = Counts { received: 9, by_interface: 1, by_system: 2 };
        out.statistics(0, Ts::from_nanos(8), &lost).unwrap();
        out.statistics(1, Ts::from_nanos(8), &Counts { by_system: 3, ..lost }).unwrap();
        let length = out.written();
        let file = out.finish().unwrap();
        assert_eq!(file.len() as u64, length);
        let mut source = CaptureFile::read("test", io::Cursor::new(file)).unwrap();
        assert_eq!(source.next().unwrap().map(|frame| frame.interface), Some(1));
        assert!(source.next().unwrap().is_none());
        let notes = source.notes();
        assert_eq!((notes.drops, notes.filter.as_deref(), &notes.damage), (7, Some("udp or vlan"), &None));
    }

    #[test]
    fn pcap_has_one_link_type() {
        let mut out = PcapWriter::new(Vec::new(), 1).unwrap();
        let error = out.frame(&frames([1, 113, 1])[1].frame(2)).unwrap_err();
        assert_eq!(error.to_string(), "frame 2 has link type 113 and the pcap file 1; write pcapng instead");
    }
}
