//! What is told of a stream: its events with their fields.

use super::fields as f;
use super::packet;
use super::stream::{Gap, Moment, Note, Press, Stream};
use crate::event::{EventDef, Fields, Origin};
use crate::proto::{Out, Segment};

/// Three digits after the point: a thousandth is finer than any clock here.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn kind(fields: &mut Fields<'_>, stream: &Stream, payload_type: u8, at: usize) {
    fields.uint(&f::P_TYPE, payload_type, at, usize::from(at > 0));
    if let Some((name, _)) = stream.codec(payload_type).filter(|_| fields.wants(&f::CODEC)) {
        fields.str(&f::CODEC, name.to_owned(), 0, 0);
    }
}

fn announced(fields: &mut Fields<'_>, stream: &Stream) {
    fields.flag(&f::ANNOUNCED, stream.announced, 0, 0);
    if let Some(media) = &stream.media {
        fields.flag(&f::SECURED, media.secured, 0, 0);
    }
}

/// The stream begins. `segment` is the packet that made it sure; the event is that of the first.
pub fn start(stream: &Stream, segment: &Segment<'_>, out: &mut Out<'_>) {
    let (first, opening) = (&stream.first, &stream.opening);
    let mut fields = out.wanted_fields();
    fields.uint(&f::SSRC, stream.key.ssrc, 8, 4);
    kind(&mut fields, stream, opening.payload_type, 1);
    fields.flag(&f::MARKER, opening.marker, 1, 1).uint(&f::SEQ, opening.seq, 2, 2);
    fields.uint(&f::TIMESTAMP, opening.timestamp, 4, 4);
    // Mixers and extensions do not change within the few packets that make a stream sure.
    if let Some(typed) = packet::typed(segment.bytes) {
        for csrc in typed.csrc() {
            fields.uint(&f::CSRC, csrc, 0, 0);
        }
        if let Some((profile, _)) = typed.extension() {
            fields.uint(&f::EXT_PROFILE, profile, 0, 0);
        }
    }
    fields.uint(&f::DSCP, first.dscp, 0, 0).uint(&f::TTL, first.ttl, 0, 0);
    announced(&mut fields, stream);
    timing(&mut fields, stream);
    let bytes = if segment.origin.frame == first.frame { segment.bytes } else { &[] };
    out.event_of(&f::START, fields, first, &[first.frame], bytes, None);
}

fn timing(fields: &mut Fields<'_>, stream: &Stream) {
    if let Some(clock) = stream.clock() {
        fields.uint(&f::CLOCK, clock, 0, 0);
    }
    if let Some(ptime) = stream.ptime() {
        fields.push(&f::PTIME, float(ptime), 0, 0);
    }
}

fn float(value: f64) -> crate::event::Value<'static> {
    crate::event::Value::Float(round(value))
}

/// An event of a stream, dated at one of its packets.
fn at(def: &'static EventDef, fields: Fields<'_>, stream: &Stream, moment: Moment, out: &mut Out<'_>) {
    let origin = Origin { frame: moment.frame, time: moment.time, ..stream.first };
    out.event_of(def, fields, &origin, &[moment.frame], &[], None);
}

/// Something that happened while the stream ran.
pub fn note(stream: &Stream, note: &Note, out: &mut Out<'_>) {
    match note {
        Note::Gap(found) => gap(stream, found, out),
        Note::Digit(press) => digit(stream, press, out),
        Note::Change { from, to, at: moment } => {
            let mut fields = out.wanted_fields();
            fields.uint(&f::SSRC, stream.key.ssrc, 0, 0);
            kind(&mut fields, stream, *to, 0);
            fields.uint(&f::P_TYPE_BEFORE, *from, 0, 0).uint(&f::PACKETS, stream.packets, 0, 0);
            at(&f::CHANGE, fields, stream, *moment, out);
        }
    }
}

fn gap(stream: &Stream, gap: &Gap, out: &mut Out<'_>) {
    let mut fields = out.wanted_fields();
    fields.uint(&f::SSRC, stream.key.ssrc, 0, 0).uint(&f::SEQ, gap.seq(), 0, 0);
    fields.uint(&f::MISSING, gap.missing, 0, 0);
    if let Some(ptime) = stream.ptime() {
        fields.push(&f::GAP_MS, float(ptime * gap.missing as f64), 0, 0);
    }
    at(&f::GAP, fields, stream, gap.at, out);
}

fn digit(stream: &Stream, press: &Press, out: &mut Out<'_>) {
    let mut fields = out.wanted_fields();
    fields.uint(&f::SSRC, stream.key.ssrc, 0, 0).uint(&f::P_TYPE, press.payload_type, 0, 0);
    fields.uint(&f::EVENT_ID, press.digit.event, 0, 0).flag(&f::EVENT_END, press.digit.end, 0, 0);
    fields.uint(&f::EVENT_VOLUME, press.digit.volume, 0, 0).uint(&f::EVENT_DURATION, press.digit.duration, 0, 0);
    fields.uint(&f::PACKETS, stream.packets, 0, 0);
    at(&f::EVENT, fields, stream, press.at, out);
}

/// Another synchronisation source sends between the same two ends.
pub fn other_source(stream: &Stream, before: u32, out: &mut Out<'_>) {
    let mut fields = out.wanted_fields();
    fields.uint(&f::SSRC, stream.key.ssrc, 0, 0).uint(&f::SSRC_BEFORE, before, 0, 0);
    fields.uint(&f::PACKETS, stream.packets, 0, 0);
    at(&f::CHANGE, fields, stream, Moment::of(&stream.first), out);
}

/// The stream is over, after [`Stream::end`].
pub fn stop(stream: &Stream, running: bool, both_ways: Option<bool>, out: &mut Out<'_>) {
    let (first, last) = (&stream.first, stream.last);
    let mut fields = out.wanted_fields();
    fields.uint(&f::SSRC, stream.key.ssrc, 0, 0).uint(&f::PACKETS, stream.packets + stream.copies, 0, 0);
    if stream.copies > 0 {
        fields.uint(&f::COPIES, stream.copies, 0, 0);
    }
    fields.uint(&f::EXPECTED, stream.expected(), 0, 0).uint(&f::LOST, stream.lost(), 0, 0);
    fields.push(&f::LOSS_PERCENT, float(stream.loss_percent()), 0, 0);
    fields.uint(&f::DUPLICATES, stream.duplicates, 0, 0).uint(&f::REORDERED, stream.reordered, 0, 0);
    if stream.restarts > 0 {
        fields.uint(&f::RESTARTS, stream.restarts, 0, 0);
    }
    if let Some((mean, greatest)) = stream.jitter() {
        fields.push(&f::JITTER, float(mean), 0, 0).push(&f::MAX_JITTER, float(greatest), 0, 0);
    }
    let duration = last.time.since(first.time).nanos() as f64 * 1e-6;
    fields.push(&f::DURATION, float(duration), 0, 0).uint(&f::BYTES, stream.bytes, 0, 0);
    for kind in (0..128u8).filter(|kind| stream.types >> kind & 1 == 1) {
        fields.uint(&f::P_TYPE, kind, 0, 0);
    }
    if let Some((name, _)) = stream.payload_type().and_then(|kind| stream.codec(kind)) {
        fields.str(&f::CODEC, name.to_owned(), 0, 0);
    }
    timing(&mut fields, stream);
    for dscp in (0..64u8).filter(|dscp| stream.dscps >> dscp & 1 == 1) {
        fields.uint(&f::DSCP, dscp, 0, 0);
    }
    announced(&mut fields, stream);
    if let Some(both) = both_ways {
        fields.flag(&f::BOTH_WAYS, both, 0, 0);
    }
    fields.uint(&f::FIRST_FRAME, first.frame, 0, 0).uint(&f::LAST_FRAME, last.frame, 0, 0);
    fields.flag(&f::RUNNING, running, 0, 0);
    if let Some(score) = stream.quality() {
        fields.push(&f::R_FACTOR, float(score.r), 0, 0).push(&f::MOS, float(score.mos), 0, 0);
        fields.push(&f::IE, float(score.codec.ie), 0, 0).push(&f::BPL, float(score.codec.bpl), 0, 0);
        fields.push(&f::BURST_RATIO, float(score.seen.burst_ratio), 0, 0);
    }
    let origin = Origin { frame: last.frame, time: last.time, ..stream.first };
    let frames = [first.frame, last.frame];
    let frames = if first.frame < last.frame { &frames } else { frames.get(1..).unwrap_or_default() };
    out.event_of(&f::STOP, fields, &origin, frames, &[], None);
}
