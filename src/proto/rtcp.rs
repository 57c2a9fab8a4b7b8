//! RTCP: what senders and receivers of RTP report of it (RFC 3550 §6, RFC 3611, RFC 4585).
//!
//! Read: reports of senders and receivers, descriptions, goodbyes, application packets, feedback (NACK in full, of
//! other kinds the bytes), extended reports (VoIP metrics, statistics, reference times; of others the type). Not
//! read: SRTCP beyond its first header; what is hidden is given as bytes. A datagram holds several packets, each of
//! which is an event.

mod fields;

use std::collections::HashMap;

use foldhash::fast::FixedState;

pub use self::fields::*;
use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, FieldDef, Fields, Value};
use crate::time::Ts;

/// RTCP.
pub static PROTOCOL: Protocol = Protocol {
    name: "rtcp",
    title: "RTCP",
    on: &[On::AnyUdp],
    probe,
    new: || Box::new(Dissector::default()),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x81\xc8\x00\x0c\xb5\xad\x61\xec\xe1\x5f\x37\xc2\x28\x76\x9e\xc1\x8e\xd8\x69\x70\0\0\0\xf8\0\0\x9b\0\
          \x18\x08\xdf\x7b\0\0\0\0\0\0\x24\xf5\0\0\0\0\x37\xbf\xcb\xe8\0\x02\x8a\x7f\
          \x81\xca\0\x06\xb5\xad\x61\xec\x01\x0b10.10.224.2\x02\0\x06\0\0\0\0",
        b"\x80\xc9\0\x01\0\0\0\x01\x81\xcb\0\x03\0\0\0\x01\x06teardn\0",
        b"\x80\xc9\0\x01\0\0\0\x01\x82\xcc\0\x03\0\0\0\x01test\x01\x02\x03\x04",
        b"\x81\xcd\0\x03\0\0\0\x01\0\0\0\x02\0\x10\0\x01",
        b"\x80\xcf\0\x0a\0\0\0\x01\x07\0\0\x08\0\0\0\x02\x05\x02\x10\x08\0\x64\x07\xd0\0\x28\0\x50\xf0\xc4\x32\x10\
          \x5c\x7f\x29\x27\xf0\0\0\x28\0\x3c\0\x78",
    ],
};

/// The header of one packet of a compound: count, type and length in bytes.
fn header(bytes: &[u8]) -> Option<(u8, u8, usize)> {
    let &[first, kind, high, low, ..] = bytes else { return None };
    (first >> 6 == 2).then_some((first & 0x1f, kind, (usize::from(u16::from_be_bytes([high, low])) + 1) * 4))
}

/// Whether the packets fill the bytes exactly.
fn fits(mut bytes: &[u8]) -> bool {
    while let Some((_, 192..=195 | 200..=213, len)) = header(bytes) {
        match bytes.get(len..) {
            Some([]) => return true,
            Some(rest) => bytes = rest,
            None => return false,
        }
    }
    false
}

/// `Yes` by content alone: packets that fill the datagram, or a report of exactly the length that its count of blocks
/// gives (what follows may be hidden). `NeedMore` for what may be RTCP if it was announced.
fn probe(bytes: &[u8]) -> Probe {
    let Some((count, kind @ 200..=207, len)) = header(bytes) else {
        return Probe::No;
    };
    let report = match kind {
        200 => Some(28 + 24 * usize::from(count)),
        201 => Some(8 + 24 * usize::from(count)),
        _ => None,
    };
    if len >= 8 && fits(bytes) || report == Some(len) && len <= bytes.len() { Probe::Yes } else { Probe::NeedMore }
}

/// The index that SRTCP puts before its tag of ten or four bytes says that the packet is encrypted.
fn has_srtcp_index(bytes: &[u8]) -> bool {
    [14, 8].into_iter().any(|back| {
        let at = bytes.len().checked_sub(back).filter(|at| *at >= 8);
        at.and_then(|at| bytes.get(at..at + 2)).is_some_and(|top| matches!(top, [0x80, 0..=15]))
    })
}

/// Whether what follows the first header is hidden. What does not fit is damaged if it goes on like RTCP, or if the
/// first packet already is too long; else it is SRTCP.
fn is_hidden(bytes: &[u8]) -> bool {
    let Some((_, _, len)) = header(bytes).filter(|_| !fits(bytes)) else { return false };
    match bytes.get(len..) {
        Some(next) => has_srtcp_index(bytes) || !matches!(header(next), Some((_, 200..=213, _))),
        None => false,
    }
}

/// Reads one packet into `fields`; of one that is `hidden` the header and its sender.
pub fn read<'a>(
    bytes: &'a [u8],
    hidden: bool,
    fields: &mut Fields<'a>,
) -> (Option<&'static EventDef>, Option<Malformed>) {
    let mut event = None;
    let done = packet(bytes, hidden, &mut event, fields);
    (event, done.err())
}

fn packet<'a>(
    bytes: &'a [u8],
    hidden: bool,
    event: &mut Option<&'static EventDef>,
    fields: &mut Fields<'a>,
) -> Result<(), Malformed> {
    let mut r = Reader::new(bytes);
    let first = r.u8("RTCP version")?;
    if first >> 6 != 2 {
        return Err(Malformed { at: 0, what: "RTCP version" });
    }
    let kind = r.u8("type of the packet")?;
    let found = match kind {
        200 | 201 => &REPORT,
        202 => &DESCRIPTION,
        203 => &BYE,
        204 => &APP,
        205 | 206 => &FEEDBACK,
        207 => &EXTENDED,
        192..=199 | 208..=223 => &OTHER,
        _ => return Err(Malformed { at: 1, what: "type of the packet" }),
    };
    *event = Some(found);
    fields.uint(&PT, kind, 1, 1);
    let words = usize::from(r.u16("length of the packet")?);
    if hidden {
        number(&mut r, &SENDER, fields)?;
        fields.bytes(&ENCRYPTED, r.rest(), r.at());
        return Ok(());
    }
    let count = first & 0x1f;
    // A packet that goes beyond the datagram is read as far as it is there.
    let pad = if first & 0x20 != 0 { padding(r.rest(), words * 4) } else { 0 };
    let (mut part, beyond) = match r.sub(words * 4 - pad, "packet") {
        Ok(part) => (part, r.take(pad, "padding").err()),
        Err(why) => (r.sub(r.left(), "packet")?, Some(why)),
    };
    let done = match kind {
        200 => sender_report(&mut part, fields).and_then(|()| blocks(&mut part, count, fields)),
        201 => number(&mut part, &SENDER, fields).and_then(|()| blocks(&mut part, count, fields)),
        202 => descriptions(&mut part, count, fields),
        203 => goodbye(&mut part, count, fields),
        204 => application(&mut part, count, fields),
        205 | 206 => feedback(&mut part, kind, count, fields),
        207 => extended(&mut part, fields),
        _ => Ok(()),
    };
    done.and(beyond.map_or(Ok(()), Err))
}

/// Bytes of padding at the end of a packet whose body has `len` bytes; 0 if what stands there is no such count.
fn padding(rest: &[u8], len: usize) -> usize {
    let count = len.checked_sub(1).and_then(|at| rest.get(at)).map_or(0, |count| usize::from(*count));
    if count <= len { count } else { 0 }
}

/// Four bytes that are a number.
fn number(r: &mut Reader<'_>, def: &'static FieldDef, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    let at = r.at();
    fields.uint(def, r.u32("number")?, at, 4);
    Ok(())
}

/// Two bytes that are a number.
fn short(r: &mut Reader<'_>, def: &'static FieldDef, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    let at = r.at();
    fields.uint(def, r.u16("number")?, at, 2);
    Ok(())
}

/// The point in time of an NTP timestamp: 1968 to 2104, as RFC 4330 §3 has it.
fn ntp(stamp: u64) -> Ts {
    let seconds = (stamp >> 32) as i64;
    let era = if seconds < 1 << 31 { 1i64 << 32 } else { 0 };
    let nanos = ((stamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    Ts::from_nanos((seconds + era - 2_208_988_800) * 1_000_000_000 + nanos as i64)
}

fn sender_report(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    number(r, &SENDER, fields)?;
    let at = r.at();
    let stamp = r.u64("NTP timestamp")?;
    // Zero where the sender has no clock.
    if stamp != 0 {
        fields.push(&NTP, Value::Time(ntp(stamp)), at, 8);
    }
    number(r, &RTP_TIME, fields)?;
    number(r, &SENT, fields)?;
    number(r, &SENT_BYTES, fields)
}

fn blocks(r: &mut Reader<'_>, count: u8, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    for _ in 0..count {
        number(r, &SOURCE, fields)?;
        let at = r.at();
        fields.uint(&FRACTION, r.u8("fraction lost")?, at, 1);
        let lost = r.u24("packets lost")?;
        // A signed number of 24 bits.
        let lost = (lost << 8).cast_signed() >> 8;
        fields.push(&CUMULATIVE, Value::Float(f64::from(lost)), at + 1, 3);
        number(r, &HIGHEST, fields)?;
        number(r, &JITTER, fields)?;
        number(r, &LSR, fields)?;
        number(r, &DLSR, fields)?;
    }
    Ok(())
}

fn descriptions<'a>(r: &mut Reader<'a>, count: u8, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    for _ in 0..count {
        let start = r.at();
        number(r, &SOURCE, fields)?;
        loop {
            let at = r.at();
            let kind = r.u8("description")?;
            if kind == 0 {
                break;
            }
            let len = r.u8("length of a description")?;
            let content = r.take(usize::from(len), "description")?;
            fields.uint(&SDES_TYPE, kind, at, 1).text(&SDES_TEXT, content, at + 2);
        }
        // A chunk ends at a word; some senders leave that out at the end of the packet.
        let over = (r.at() - start) % 4;
        if over > 0 && !r.is_empty() {
            r.take(4 - over, "end of the descriptions")?;
        }
    }
    Ok(())
}

fn goodbye<'a>(r: &mut Reader<'a>, count: u8, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    for _ in 0..count {
        number(r, &SOURCE, fields)?;
    }
    if !r.is_empty() {
        let len = r.u8("length of the reason")?;
        let at = r.at();
        fields.text(&SDES_TEXT, r.take(usize::from(len), "reason")?, at);
    }
    Ok(())
}

fn application<'a>(r: &mut Reader<'a>, subtype: u8, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    number(r, &SENDER, fields)?;
    fields.uint(&APP_SUBTYPE, subtype, 0, 0);
    let at = r.at();
    fields.text(&APP_NAME, r.take(4, "name of the application")?, at);
    if !r.is_empty() {
        fields.bytes(&APP_DATA, r.rest(), at + 4);
    }
    Ok(())
}

fn feedback<'a>(r: &mut Reader<'a>, kind: u8, format: u8, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    fields.uint(if kind == 205 { &RTPFB } else { &PSFB }, format, 0, 0);
    number(r, &SENDER, fields)?;
    number(r, &MEDIA, fields)?;
    if (kind, format) != (205, 1) {
        if !r.is_empty() {
            fields.bytes(&FCI, r.rest(), r.at());
        }
        return Ok(());
    }
    while !r.is_empty() {
        short(r, &NACK_PID, fields)?;
        short(r, &NACK_BLP, fields)?;
    }
    Ok(())
}

fn extended(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    number(r, &SENDER, fields)?;
    while !r.is_empty() {
        let at = r.at();
        let kind = r.u8("type of the block")?;
        r.u8("block")?;
        let words = r.u16("length of the block")?;
        fields.uint(&XR_TYPE, kind, at, 1);
        let mut block = r.sub(usize::from(words) * 4, "block")?;
        match kind {
            4 => {
                let at = block.at();
                fields.push(&XR_TIME, Value::Time(ntp(block.u64("NTP timestamp")?)), at, 8);
            }
            5 => {
                while !block.is_empty() {
                    number(&mut block, &SOURCE, fields)?;
                    number(&mut block, &LRR, fields)?;
                    number(&mut block, &DLRR, fields)?;
                }
            }
            6 => statistics(&mut block, fields)?,
            7 => voip_metrics(&mut block, fields)?,
            _ => {}
        }
    }
    Ok(())
}

fn statistics(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    number(r, &SOURCE, fields)?;
    r.u32("sequence numbers")?;
    number(r, &STATS_LOST, fields)?;
    number(r, &STATS_DUPS, fields)?;
    r.u32("least jitter")?;
    number(r, &STATS_MAX_JITTER, fields)?;
    number(r, &STATS_MEAN_JITTER, fields)
}

/// RFC 3611 §4.7. 127 stands for a rating or level that is not known.
fn voip_metrics(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    number(r, &SOURCE, fields)?;
    for def in [&FRACTION, &DISCARDED, &BURST_DENSITY, &GAP_DENSITY] {
        let at = r.at();
        fields.uint(def, r.u8("densities")?, at, 1);
    }
    for def in [&BURST_DURATION, &GAP_DURATION, &ROUND_TRIP_DELAY, &END_DELAY] {
        short(r, def, fields)?;
    }
    let at = r.at();
    let levels = r.array::<8>("levels and ratings")?;
    let known = |value: u8| value != 127;
    let [signal, noise, rerl, gmin, rating, external, listening, conversation] = levels;
    for (def, value, at) in [(&SIGNAL, signal, at), (&NOISE, noise, at + 1)] {
        if known(value) {
            fields.push(def, Value::Float(f64::from(value.cast_signed())), at, 1);
        }
    }
    for (def, value, at) in [(&RERL, rerl, at + 2), (&R_FACTOR, rating, at + 4), (&EXT_R_FACTOR, external, at + 5)] {
        if known(value) {
            fields.uint(def, value, at, 1);
        }
    }
    fields.uint(&GMIN, gmin, at + 3, 1);
    for (def, value, at) in [(&MOS_LQ, listening, at + 6), (&MOS_CQ, conversation, at + 7)] {
        if known(value) {
            fields.push(def, Value::Float(f64::from(value) / 10.0), at, 1);
        }
    }
    r.u16("receiver configuration")?;
    for def in [&BUFFER, &BUFFER_MAX, &BUFFER_LIMIT] {
        short(r, def, fields)?;
    }
    Ok(())
}

/// The last sender report of each source: the middle of its NTP time, and when it passed.
#[derive(Debug, Default)]
struct Dissector {
    reports: HashMap<u32, (u32, Ts), FixedState>,
}

impl Dissector {
    /// What the blocks of a report say of sender reports that passed here: the round trip to the reporter.
    fn round_trips(&self, now: Ts, fields: &mut Fields<'_>) {
        let numbers = |def| fields.list().iter().filter(move |f| f.def == def).filter_map(|f| f.value.as_uint());
        let blocks = numbers(&SOURCE).zip(numbers(&LSR)).zip(numbers(&DLSR));
        let mut trips = [None; 4];
        for (trip, ((source, lsr), dlsr)) in trips.iter_mut().zip(blocks) {
            *trip = self.round_trip(source as u32, lsr as u32, dlsr, now);
        }
        for trip in trips.into_iter().flatten() {
            fields.push(&ROUND_TRIP, Value::Float((trip * 1000.0).round() / 1000.0), 0, 0);
        }
    }

    fn round_trip(&self, source: u32, lsr: u32, dlsr: u64, now: Ts) -> Option<f64> {
        let (_, passed) = self.reports.get(&source).filter(|(stamp, _)| *stamp == lsr && lsr != 0)?;
        let trip = now.since(*passed).nanos() as f64 * 1e-6 - dlsr as f64 * 1000.0 / 65536.0;
        // DLSR is coarse, and clocks differ: a little below nothing is nothing.
        (trip > -1.0).then_some(trip.max(0.0))
    }

    /// One packet of the compound, at that offset of the datagram.
    fn one(&mut self, segment: &Segment<'_>, packet: &[u8], at: usize, hidden: bool, out: &mut Out<'_>) {
        let mut fields = out.fields();
        let (event, defect) = read(packet, hidden, &mut fields);
        if event == Some(&REPORT) && !hidden {
            self.round_trips(segment.origin.time, &mut fields);
            if packet.get(1) == Some(&200) && !segment.origin.duplicate {
                self.remember(segment, packet, out);
            }
        }
        let end = at + packet.len();
        // Only the last packet can be cut.
        let cut = Malformed { at: packet.len(), what: Segment::CUT };
        let defect = defect.map(|why| if segment.cut > 0 && end == segment.bytes.len() { cut } else { why });
        out.event_in(event.unwrap_or(&MALFORMED), fields, segment, at..end, defect);
    }

    fn remember(&mut self, segment: &Segment<'_>, packet: &[u8], out: &mut Out<'_>) {
        let mut r = Reader::new(packet);
        let Ok(read) = (|| {
            r.u32("header")?;
            let source = r.u32("sender")?;
            Ok::<_, Malformed>((source, (r.u64("NTP timestamp")? >> 16) as u32))
        })() else {
            return;
        };
        if self.reports.len() >= out.bounds().streams.max(1) && !self.reports.contains_key(&read.0) {
            out.limit("max-streams", segment.origin);
            self.reports.clear();
        }
        self.reports.insert(read.0, (read.1, segment.origin.time));
    }
}

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        // Keepalives and other protocols between the packets.
        if !matches!(segment.bytes, [0x80..=0xbf, 192..=223, ..]) {
            return;
        }
        let hidden = segment.cut == 0 && is_hidden(segment.bytes);
        let mut at = 0;
        while let Some(rest) = segment.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let len = header(rest).map_or(rest.len(), |(_, _, len)| len.min(rest.len()));
            let len = if hidden { rest.len() } else { len };
            self.one(segment, rest.get(..len).unwrap_or_default(), at, hidden, out);
            at += len;
        }
    }
}

#[cfg(test)]
mod tests;
