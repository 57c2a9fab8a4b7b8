//! CAST, Cisco Audio Session Tunnel: a video application on a PC and the phone it is plugged into (TCP 4224).
//!
//! Read: the framing, keepalives with their version, capabilities (the codecs), media and call state, calls, and who
//! the partners are. Not read: tunnelled protocols and audio, of which the size is told. There is no public
//! specification: the layouts are those that tshark 4.0 reads, but two. Addresses are in network order here (tshark
//! shows them reversed), and the line of a MakeCall follows the number (tshark reads it out of the number).
//! SCCP without a version looks alike: the port decides, and the first bytes must be CAST as well.

mod layout;

use std::net::{IpAddr, Ipv4Addr};

use self::layout::*;
use super::{Dissect, Expect, On, Out, Probe, Protocol, Segment, Side};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, FieldDef, Fields, Origin, Value};

/// CAST over TCP, in clear.
pub static PROTOCOL: Protocol = Protocol {
    name: "cast",
    title: "CAST",
    on: &[On::Tcp(4224)],
    probe,
    new: || Box::<Dissector>::default(),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x08\0\0\0\0\0\0\0\x01\0\0\0\x03\0\0\0",
        b"\x08\0\0\0\0\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x40\0\0\0",
        b"\x1c\0\0\0\0\0\0\0\x0d\0\0\0\x05\0\0\0\x01\0\0\0\x34\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\x18\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\x0a\x1e\0\x07\x45\x15\0\0\x09\0\0\0\x34\x12\0\0",
        b"\x0c\0\0\0\0\0\0\0\xcc\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08",
    ],
};

/// Length, marker and message id.
const HEADER: usize = 12;
/// More than any message needs; a length beyond it is none.
const LONGEST: usize = 16_384;

/// What the bytes of a stream begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A message of that many bytes.
    Whole(usize),
    /// The beginning of a message.
    More,
    /// No message.
    Bad(Malformed),
}

/// Cuts the first message off a stream.
pub fn cut(stream: &[u8]) -> Cut {
    let mut r = Reader::new(stream);
    let Ok(length) = r.u32_le("length") else { return Cut::More };
    let Some(size) = usize::try_from(length).ok().filter(|size| (4..=LONGEST).contains(size)) else {
        return Cut::Bad(Malformed { at: 0, what: "length" });
    };
    match r.u32_le("marker") {
        Ok(0) if stream.len() >= size + 8 => Cut::Whole(size + 8),
        Ok(0) | Err(_) => Cut::More,
        Ok(_) => Cut::Bad(Malformed { at: 4, what: "marker" }),
    }
}

/// Reads one message: its fields go to `fields`, in the order of the wire; the event is the one of its id.
pub fn parse<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> (&'static EventDef, Option<Malformed>) {
    let mut r = Reader::new(bytes);
    let mut event = &MALFORMED;
    let end = read(&mut r, fields, &mut event);
    let whole = match fields.get(&DATA_LENGTH) {
        Some(Value::Uint(length)) => *length as usize + 8,
        _ => HEADER,
    };
    let cut_off = (bytes.len() < whole).then_some(Malformed { at: bytes.len(), what: "end of the message" });
    (event, end.err().or(cut_off))
}

fn read<'a>(r: &mut Reader<'a>, f: &mut Fields<'a>, event: &mut &'static EventDef) -> Result<(), Malformed> {
    f.uint(&DATA_LENGTH, r.u32_le("length")?, 0, 4);
    f.uint(&MARKER, r.u32_le("marker")?, 4, 4);
    let id = r.u32_le("message id")?;
    f.uint(&MESSAGE_ID, id, 8, 4);
    let steps = match message(u64::from(id)) {
        Some((_, _, known, steps)) => {
            *event = known;
            steps
        }
        None => {
            *event = &MESSAGE;
            TUNNELLED
        }
    };
    let mut may = false;
    match body(steps, r, f, &mut may) {
        Err(_) if may && r.is_empty() => Ok(()),
        end => end,
    }
}

fn body<'a>(steps: &[Step], r: &mut Reader<'a>, f: &mut Fields<'a>, may: &mut bool) -> Result<(), Malformed> {
    for step in steps {
        let at = r.at();
        match *step {
            Word(def) => _ = f.uint(def, r.u32_le(def.name)?, at, 4),
            Ip(def) => _ = f.ip(def, Ipv4Addr::from(r.u32(def.name)?), at, 4),
            Text(def, n) => {
                let padded = r.take(n, def.name)?;
                f.text(def, padded.split(|b| *b == 0).next().unwrap_or_default(), at);
            }
            Skip(n) => _ = r.take(n, "reserved")?,
            Media(audio, video, data) => body(
                match value(f, &CODEC) {
                    Some(100..=104) => video,
                    Some(105..=107 | 32 | 33) => data,
                    _ => audio,
                },
                r,
                f,
                may,
            )?,
            Slots(count, slots, size, steps) => {
                let used = value(f, count).unwrap_or(0);
                for slot in 0..slots {
                    let mut part = r.sub(size, count.name)?;
                    if (slot as u64) < used {
                        body(steps, &mut part, f, may)?;
                    }
                }
            }
            May => *may = true,
            Opaque if r.is_empty() => {}
            Opaque => {
                let n = r.left();
                r.take(n, "opaque")?;
                f.uint(&OPAQUE, n as u64, at, n);
            }
        }
    }
    Ok(())
}

fn value(f: &Fields<'_>, def: &'static FieldDef) -> Option<u64> {
    f.get(def).and_then(Value::as_uint)
}

/// Only messages that are known, and as long as their kind is.
fn probe(bytes: &[u8]) -> Probe {
    let mut rest = bytes;
    let mut found = Probe::NeedMore;
    loop {
        let size = match cut(rest) {
            Cut::Bad(_) => return Probe::No,
            Cut::More | Cut::Whole(_) if rest.len() < HEADER => return found,
            Cut::More => None,
            Cut::Whole(size) => Some(size),
        };
        if !begins(rest) {
            return Probe::No;
        }
        found = Probe::Yes;
        match size.and_then(|size| rest.get(size..)) {
            Some(next) => rest = next,
            None => return found,
        }
    }
}

/// A header of a known message; a keepalive is as long as it always is.
fn begins(bytes: &[u8]) -> bool {
    let mut r = Reader::new(bytes);
    let (Ok(length), Ok(0), Ok(id)) = (r.u32_le("length"), r.u32_le("marker"), r.u32_le("message id")) else {
        return false;
    };
    let size = match id {
        0x00 | 0x04 | 0x0f | 0x40 => 4..=4,
        0x01 | 0x02 => 8..=8,
        0x05..=0x0d | 0x10 => 12..=4096,
        _ => 4..=4096,
    };
    size.contains(&length) && message(u64::from(id)).is_some()
}

#[derive(Debug, Default)]
struct Dissector {
    /// Per direction: the start of a message is to be looked for.
    lost: [bool; 2],
}

impl Dissect for Dissector {
    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let all = segment.bytes.len();
        let next_start =
            |at: usize| segment.marks.iter().map(|m| m.at).find(|start| *start > at).unwrap_or(all).min(all);
        let mut lost = self.lost.get(segment.side.index()).is_some_and(|lost| *lost);
        let mut at = 0;
        while let Some(rest) = segment.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // Senders begin a message at the start of a segment: there reading goes on.
            if lost && !begins(rest) {
                if rest.len() < HEADER && !segment.end && !matches!(cut(rest), Cut::Bad(_)) {
                    break;
                }
                at = next_start(at);
                continue;
            }
            lost = false;
            match cut(rest) {
                Cut::Whole(size) => {
                    tell(segment, at..at + size, out);
                    at += size;
                }
                Cut::More if segment.end => {
                    tell(segment, at..all, out);
                    at = all;
                }
                Cut::More => break,
                Cut::Bad(defect) => {
                    let end = next_start(at);
                    let mut fields = out.fields();
                    // What of the header is there; it is known to be wrong.
                    let there = rest.get(..(defect.at + 4).min(end - at)).unwrap_or(rest);
                    let _ = read(&mut Reader::new(there), &mut fields, &mut &MALFORMED);
                    out.event_in(&MALFORMED, fields, segment, at..end, Some(defect));
                    (at, lost) = (end, true);
                }
            }
        }
        self.set_lost(segment.side, lost);
        at
    }

    fn gap(&mut self, side: Side, _lost: u64, _origin: &Origin, _out: &mut Out<'_>) {
        self.set_lost(side, true);
    }
}

impl Dissector {
    fn set_lost(&mut self, side: Side, lost: bool) {
        if let Some(slot) = self.lost.get_mut(side.index()) {
            *slot = lost;
        }
    }
}

fn tell(segment: &Segment<'_>, part: std::ops::Range<usize>, out: &mut Out<'_>) {
    let bytes = segment.bytes.get(part.clone()).unwrap_or_default();
    let mut fields = out.fields();
    let (event, defect) = parse(bytes, &mut fields);
    if let Some(state) = value(&fields, &CALL_STATE).and_then(call_state) {
        fields.str(&CALL_STATE_NAME, state, 0, 0);
    }
    let announced = announced(event, &fields);
    out.event_in(event, fields, segment, part, defect);
    if let Some(expect) = announced {
        out.expect(expect);
    }
}

/// Where RTP will be, if the message says so.
fn announced(event: &'static EventDef, fields: &Fields<'_>) -> Option<Expect> {
    if event != &OPEN_RECEIVE_CHANNEL_ACK && event != &START_MEDIA || value(fields, &STATUS).unwrap_or(0) != 0 {
        return None;
    }
    let port = value(fields, &PORT).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?;
    let ip: IpAddr = match fields.get(&IP)? {
        Value::Ip(ip) if !ip.is_unspecified() => *ip,
        _ => return None,
    };
    Some(Expect { ip, port, peer: None, ip_proto: 17, proto: "rtp", media: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{any_stream, stream};

    const PORTS: (u16, u16) = (50000, 4224);

    fn message(id: u32, body: &[u32]) -> Vec<u8> {
        let words = [&[body.len() as u32 * 4 + 4, 0, id], body].concat();
        words.iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    /// The lines without header fields and without the prefix of names.
    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str]) {
        let mut lines = stream(&PROTOCOL, PORTS, &[(Side::Client, bytes)]);
        for line in &mut lines {
            let words = line.split(' ').filter(|word| {
                !["cast.data_length=", "cast.marker=", "cast.messageid="].iter().any(|head| word.starts_with(head))
            });
            *line = words.map(|word| word.strip_prefix("cast.").unwrap_or(word)).collect::<Vec<_>>().join(" ");
        }
        assert_eq!(lines, expected);
    }

    #[test]
    fn any() {
        any_stream(&PROTOCOL, PORTS);
        assert!(MESSAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(PROTOCOL.samples.iter().all(|sample| probe(sample) == Probe::Yes));
    }

    #[test]
    fn samples() {
        let [version, alive, state, ack, tunnel] = PROTOCOL.samples else { panic!() };
        check(version, &["version version=3"]);
        check(alive, &["version_ack version=3", "keepalive", "keepalive_ack"]);
        check(
            state,
            &[
                "call_state callState=5 lineInstance=1 callIdentifier=4660 privacy=0 precedenceLv=0 precedenceDm=0 call_state_name=connected",
            ],
        );
        check(
            ack,
            &[
                "open_receive_channel_ack ORCStatus=0 ipAddress=10.30.0.7 portNumber=5445 passThruPartyID=9 callIdentifier=4660",
                "EXPECT 10.30.0.7:5445 rtp",
            ],
        );
        check(tunnel, &["tunnel opaque_length=8"]);
    }

    #[test]
    fn media_by_codec() {
        let mut body = [0u32; 23];
        body[..9].copy_from_slice(&[1, 9, 101, 1, 4660, 0, 34, 0, 384]);
        let head = "open_receive_channel conferenceID=1 passThruPartyID=9 payloadCapability=101 lineInstance=1 callIdentifier=4660 payload_rfc_number=0 payloadType=34 isConferenceCreator=0";
        check(&message(5, &body), &[&format!("{head} bitRate=384")]);
        body[2] = 4;
        check(&message(5, &body), &[&format!("{} millisecondPacketSize=384", head.replace("=101", "=4"))]);
        let mut start = vec![1, 9, 101, u32::from_le_bytes([10, 20, 0, 60]), 20480, 4660, 0, 34, 136, 384];
        start.resize(28, 0);
        check(
            &message(8, &start),
            &[
                "start_media conferenceID=1 passThruPartyID=9 payloadCapability=101 ipAddress=10.20.0.60 portNumber=20480 callIdentifier=4660 payload_rfc_number=0 payloadType=34 DSCPValue=136 bitRate=384",
                "EXPECT 10.20.0.60:20480 rtp",
            ],
        );
        check(
            &message(7, &[1, 9, 4660]),
            &["close_receive_channel conferenceID=1 passThruPartyID=9 callIdentifier=4660"],
        );
    }

    #[test]
    fn capabilities() {
        let mut body = [0u32; 387];
        (body[0], body[1], body[35]) = (2, 1, 1024);
        (body[77], body[78], body[77 + 29], body[78 + 29]) = (101, 3, 100, 1);
        (body[77 + 290], body[78 + 290]) = (106, 3);
        check(
            &message(3, &body),
            &[
                "capabilities videoCapCount=2 dataCapCount=1 maxBW=1024 payloadCapability=101 transmitOrReceive=3 payloadCapability=100 transmitOrReceive=1 payloadCapability=106 transmitOrReceive=3",
            ],
        );
        check(&message(4, &[]), &["capabilities"]);
    }

    #[test]
    fn short_unknown_and_broken() {
        check(
            &message(13, &[4, 1]),
            &["call_state callState=4 lineInstance=1 call_state_name=ring-in at=20 what=cast.callIdentifier"],
        );
        check(&message(0x33, &[4, 1]), &["message opaque_length=8"]);
        check(&message(0x13, &[0x3130_3031, 0, 0, 0, 0, 0, 2]), &["make_call calledParty=1001 lineInstance=2"]);
        check(&message(0, &[])[..10], &["malformed at=8 what=message id"]);
        let broken = [&message(0, &[])[..], b"\x04\0\0\0\x01\0\0\0\0\0\0\0"].concat();
        check(&broken, &["keepalive", "malformed at=4 what=marker"]);
        let pieces: [(Side, &[u8]); 2] = [(Side::Client, &broken), (Side::Client, &message(0x40, &[]))];
        assert_eq!(stream(&PROTOCOL, PORTS, &pieces).len(), 3, "reading goes on with the next segment");
    }

    #[test]
    fn a_wrong_header_in_two_segments_stays_in_its_message() {
        let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, b"\x01"), (Side::Client, b"\0\0\0\0\0")]);
        assert_eq!(lines.first().map(String::as_str), Some("cast.malformed at=0 what=length"));
    }

    #[test]
    fn what_else_comes_to_the_port() {
        let sccp_v20: &[u8] = b"\x04\0\0\0\x14\0\0\0\0\0\0\0";
        for other in
            [&b"GET / HTTP/1.1\r\n"[..], b"\x16\x03\x01\0\xc8\x01\0\0", &[0; 64], sccp_v20, &message(0x33, &[])]
        {
            assert_eq!(probe(other), Probe::No);
        }
        assert_eq!(probe(b""), Probe::NeedMore);
        assert_eq!(probe(b"\x04\0\0\0\0\0"), Probe::NeedMore);
    }
}
