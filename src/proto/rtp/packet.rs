//! One RTP packet: its header, whether it looks like one, and what its payload type says (RFC 3550 §5.1, RFC 3551).

use rtp_rs::RtpReader;

use crate::bytes::{Malformed, Reader};
use crate::proto::Probe;

/// The header of a packet, and where its payload lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Something of the payload begins here: a frame, or speech after silence.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub seq: u16,
    /// In ticks of the codec's clock.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// Where the payload begins.
    pub payload_at: usize,
    /// Bytes of the payload on the wire, without padding.
    pub payload_len: usize,
}

/// Reads a packet of which `cut` bytes were not captured. What the header's own lengths cannot hold is a defect.
pub fn read(bytes: &[u8], cut: usize) -> Result<Packet, Malformed> {
    let Some((&[first, second, s0, s1, t0, t1, t2, t3, a, b, c, d], rest)) = bytes.split_first_chunk::<12>() else {
        return Err(Malformed { at: bytes.len(), what: "RTP header" });
    };
    if first >> 6 != 2 {
        return Err(Malformed { at: 0, what: "RTP version" });
    }
    let mut packet = Packet {
        marker: second & 0x80 != 0,
        payload_type: second & 0x7f,
        seq: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([a, b, c, d]),
        payload_at: 12,
        payload_len: rest.len() + cut,
    };
    // Padding, extension and contributing sources are rare.
    if first != 0x80 {
        more_header(first, bytes, cut, &mut packet)?;
    }
    Ok(packet)
}

fn more_header(first: u8, bytes: &[u8], cut: usize, packet: &mut Packet) -> Result<(), Malformed> {
    let mut r = Reader::new(bytes);
    r.take(12, "RTP header")?;
    r.take(usize::from(first & 0x0f) * 4, "contributing sources")?;
    if first & 0x10 != 0 {
        r.u16("profile of the extension")?;
        let words = r.u16("length of the extension")?;
        r.take(usize::from(words) * 4, "extension")?;
    }
    let mut len = r.left() + cut;
    if first & 0x20 != 0 && cut == 0 {
        let pad = usize::from(bytes.last().copied().unwrap_or(0));
        if pad == 0 || pad > len {
            return Err(Malformed { at: bytes.len().saturating_sub(1), what: "length of the padding" });
        }
        len -= pad;
    }
    packet.payload_at = r.at();
    packet.payload_len = len;
    Ok(())
}

/// The packet as rtp-rs reads it, for what is asked but once a stream.
pub fn typed(bytes: &[u8]) -> Option<RtpReader<'_>> {
    RtpReader::new(bytes).ok()
}

/// `Yes` for what looks like a packet, which says little of one alone; `NeedMore` for what may be one if it was
/// announced: a payload type that is not assigned, or a header that does not fit.
pub fn probe(bytes: &[u8]) -> Probe {
    match (is_other(bytes), bytes.get(1)) {
        (false, Some(second)) if assigned(second & 0x7f) && read(bytes, 0).is_ok() => Probe::Yes,
        (false, Some(_)) => Probe::NeedMore,
        _ => Probe::No,
    }
}

/// Surely no RTP: another version (STUN, DTLS, text), or the second byte of RTCP (RFC 5761 §4, RFC 7983).
pub fn is_other(bytes: &[u8]) -> bool {
    !matches!(bytes, [0x80..=0xbf, 0..=191 | 224..=255, ..])
}

/// Payload types that RFC 3551 and IANA assign, and the dynamic ones.
fn assigned(payload_type: u8) -> bool {
    matches!(payload_type, 0 | 3..=18 | 19 | 25 | 26 | 28 | 31..=34 | 96..=127)
}

/// A codec that a static payload type names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// Its encoding name in RTP.
    pub name: &'static str,
    /// Ticks of its timestamps a second.
    pub clock: u32,
}

/// The codec of a static payload type (RFC 3551 §6).
pub fn codec(payload_type: u8) -> Option<Codec> {
    let (name, clock) = match payload_type {
        0 => ("PCMU", 8000),
        3 => ("GSM", 8000),
        4 => ("G723", 8000),
        5 => ("DVI4", 8000),
        6 => ("DVI4", 16000),
        7 => ("LPC", 8000),
        8 => ("PCMA", 8000),
        // Samples at 16 kHz; the clock is 8000 by an error of RFC 1890 that was kept.
        9 => ("G722", 8000),
        10 | 11 => ("L16", 44100),
        12 => ("QCELP", 8000),
        13 => ("CN", 8000),
        14 => ("MPA", 90000),
        15 => ("G728", 8000),
        16 => ("DVI4", 11025),
        17 => ("DVI4", 22050),
        18 => ("G729", 8000),
        // Reserved since: comfort noise of older Cisco gateways.
        19 => ("CN", 8000),
        25 => ("CelB", 90000),
        26 => ("JPEG", 90000),
        28 => ("nv", 90000),
        31 => ("H261", 90000),
        32 => ("MPV", 90000),
        33 => ("MP2T", 90000),
        34 => ("H263", 90000),
        _ => return None,
    };
    Some(Codec { name, clock })
}

/// What a number of `rtp.p_type` means.
pub fn payload_name(code: u64) -> Option<&'static str> {
    codec(u8::try_from(code).ok()?).map(|codec| codec.name)
}

/// Comfort noise takes the place of speech and changes nothing else.
pub fn is_noise(payload_type: u8) -> bool {
    matches!(payload_type, 13 | 19)
}

/// How long the speech of a payload lasts, in milliseconds, for codecs of a constant rate.
pub fn payload_ms(payload_type: u8, len: usize) -> Option<f64> {
    let ms = match payload_type {
        0 | 8 | 9 => len as f64 / 8.0,
        3 if len.is_multiple_of(33) => (len / 33 * 20) as f64,
        4 if len.is_multiple_of(24) => (len / 24 * 30) as f64,
        4 if len.is_multiple_of(20) => (len / 20 * 30) as f64,
        15 => len as f64 / 2.0,
        18 if len >= 10 => (len / 10 * 10) as f64,
        _ => return None,
    };
    Some(ms).filter(|ms| *ms > 0.0)
}

/// Rates of timestamps that dynamic payload types use.
const CLOCKS: [u32; 7] = [8000, 16000, 24000, 32000, 44100, 48000, 90000];

/// The usual clock that `ticks` in `nanos` come near to, if any does.
pub fn nearest_clock(ticks: u32, nanos: i64) -> Option<u32> {
    let rate = f64::from(ticks) * 1e9 / nanos.max(1) as f64;
    CLOCKS.into_iter().find(|clock| (rate / f64::from(*clock) - 1.0).abs() < 0.06)
}

/// A telephone event (RFC 4733): a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    /// 0 to 9 digits, 10 star, 11 hash, 12 to 15 A to D, 16 flash.
    pub event: u8,
    /// The last of it.
    pub end: bool,
    /// Attenuation in dB below 1 mW.
    pub volume: u8,
    /// In ticks.
    pub duration: u16,
}

/// The payload of a telephone event, if it can be one.
pub fn digit(payload: &[u8]) -> Option<Digit> {
    let &[event, flags, high, low] = payload else { return None };
    let possible = event <= 16 && flags & 0x40 == 0;
    possible.then_some(Digit {
        event,
        end: flags & 0x80 != 0,
        volume: flags & 0x3f,
        duration: u16::from_be_bytes([high, low]),
    })
}
