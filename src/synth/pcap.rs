//! Capture files written: pcap with nanoseconds, little endian, and pcapng where the file must name its filter.
//!
//! Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng. Link type Ethernet throughout.

use std::io::{Result, Write};

use super::Frame;

/// The snap length that both formats announce.
const SNAP: u32 = 262_144;

/// Writes a pcap file with nanosecond times.
pub fn write_pcap(frames: &[Frame], out: &mut dyn Write) -> Result<()> {
    for word in [0xa1b2_3c4d, 0x0004_0002, 0, 0, SNAP, 1] {
        out.write_all(&u32::to_le_bytes(word))?;
    }
    for frame in frames {
        let nanos = frame.time.nanos();
        let record = [
            nanos.div_euclid(1_000_000_000) as u32,
            nanos.rem_euclid(1_000_000_000) as u32,
            frame.bytes.len() as u32,
            frame.wire_len,
        ];
        for word in record {
            out.write_all(&word.to_le_bytes())?;
        }
        out.write_all(&frame.bytes)?;
    }
    Ok(())
}

/// Writes a pcapng file of one interface that was captured through `filter`.
pub fn write_pcapng(frames: &[Frame], filter: &str, out: &mut dyn Write) -> Result<()> {
    let mut section = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    section.extend([1, 0, 0, 0]);
    section.extend([0xff; 8]);
    block(0x0a0d_0d0a, &section, out)?;

    let mut interface = vec![1, 0, 0, 0];
    interface.extend(SNAP.to_le_bytes());
    // if_tsresol: nanoseconds. if_filter: its first byte says "a text".
    option(9, &[9], &mut interface);
    option(11, &[&[0], filter.as_bytes()].concat(), &mut interface);
    option(0, &[], &mut interface);
    block(1, &interface, out)?;

    for frame in frames {
        let nanos = frame.time.nanos() as u64;
        let mut packet = Vec::with_capacity(frame.bytes.len() + 24);
        for word in [0, (nanos >> 32) as u32, nanos as u32, frame.bytes.len() as u32, frame.wire_len] {
            packet.extend(word.to_le_bytes());
        }
        packet.extend(&frame.bytes);
        pad(&mut packet);
        block(6, &packet, out)?;
    }
    Ok(())
}

fn block(kind: u32, body: &[u8], out: &mut dyn Write) -> Result<()> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    out.write_all(&kind.to_le_bytes())?;
    out.write_all(&length)?;
    out.write_all(body)?;
    out.write_all(&length)
}

fn option(code: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(value);
    pad(out);
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}
