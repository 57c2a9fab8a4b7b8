//! Writing captures: pcapng (an interface for each link type) and pcap, both with nanoseconds.

use std::io::{self, Write};

use super::Frame;

/// Writes a pcapng file, little endian. Nothing is buffered here: give it a `BufWriter`.
pub struct PcapngWriter<W> {
    out: W,
    /// The link types of the interfaces described so far.
    links: Vec<u16>,
    block: Vec<u8>,
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
        Ok(PcapngWriter { out, links: Vec::new(), block })
    }

    /// Writes a frame, and describes its interface before if its link type is new. A time before 1970 becomes 0.
    pub fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let interface = match self.links.iter().position(|link| *link == frame.link) {
            Some(known) => known,
            None => self.interface(frame.link)?,
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
        self.out.write_all(block)
    }

    fn interface(&mut self, link: u16) -> io::Result<usize> {
        let block = &mut self.block;
        begin(block, 1);
        block.extend_from_slice(&u32::from(link).to_le_bytes());
        block.extend_from_slice(&super::file::MAX_RECORD.to_le_bytes());
        // if_tsresol 10⁻⁹, end of options.
        block.extend_from_slice(&[9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        end(block);
        self.out.write_all(block)?;
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
    use crate::time::Ts;

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
    fn pcap_has_one_link_type() {
        let mut out = PcapWriter::new(Vec::new(), 1).unwrap();
        let error = out.frame(&frames([1, 113, 1])[1].frame(2)).unwrap_err();
        assert_eq!(error.to_string(), "frame 2 has link type 113 and the pcap file 1; write pcapng instead");
    }
}
