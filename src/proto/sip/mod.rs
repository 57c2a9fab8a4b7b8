//! SIP (RFC 3261 and its extensions) as Cisco phones and CUCM speak it, over UDP and TCP.
//!
//! Read: every method and status, compact and folded headers, several values on a line, multipart bodies, SDP; the
//! Contact parameters, Reason alarms and service-control bodies that Cisco adds. Not read: TLS (that is `tls`),
//! compressed signalling (SigComp), what a body of another kind means (that is `content`).
//!
//! A message becomes one `sip.request` or `sip.response`. What cannot be read of it is a defect; only bytes that
//! make no message at all are `sip.malformed`.

mod body;
pub mod fields;
mod headers;
mod names;
mod scan;
mod stream;

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use self::body::Leaf;
use self::fields::{
    BODY_LEN, CONTENT_LENGTH_MISSING, EVENTS, FIELDS, MALFORMED, METHOD, R_URI, R_URI_HOST, R_URI_PORT, R_URI_USER,
    REQUEST, REQUEST_LINE, RESPONSE, RETRANSMISSION, STATUS_CODE, STATUS_LINE, TRANSPORT,
};
use self::headers::Facts;
use self::scan::{First, Start};
use super::{Dissect, Expect, On, Out, Probe, Protocol, Segment, Side, sdp};
use crate::bytes::Malformed;
use crate::content::Emit;
use crate::event::{EventDef, FieldDef, Fields, Origin};
use crate::time::{Span, Ts};

/// SIP is found by its first line, on 5060 and anywhere else.
pub static PROTOCOL: Protocol = Protocol {
    name: "sip",
    title: "SIP",
    on: &[On::Udp(5060), On::Tcp(5060), On::AnyUdp, On::AnyTcp],
    probe,
    new: || Box::new(Sip::default()),
    fields: FIELDS,
    events: EVENTS,
    samples: SAMPLES,
};

/// How much text without a start line is looked at before it is taken for something else.
const PROBED: usize = 2048;

fn probe(bytes: &[u8]) -> Probe {
    let mut rest = bytes.get(scan::filler(bytes)..).unwrap_or_default();
    if !scan::could_start(rest.get(..rest.len().min(8)).unwrap_or_default())
        && rest.iter().take(16).any(|b| !is_text(*b))
    {
        return Probe::No;
    }
    // A capture may begin in the middle of a message: the next one is as good.
    for first in [true].into_iter().chain(std::iter::repeat(false)) {
        let Some((line, next)) = scan::first_line(rest) else { break };
        if scan::start_line(line).is_some() {
            return Probe::Yes;
        }
        if first && memchr::memmem::find(line, b"HTTP/").is_some() {
            return Probe::No;
        }
        rest = rest.get(next..).unwrap_or_default();
    }
    if bytes.len() > PROBED || rest.iter().take(PROBED).any(|b| !is_text(*b)) { Probe::No } else { Probe::NeedMore }
}

fn is_text(byte: u8) -> bool {
    byte >= b' ' || matches!(byte, b'\t' | b'\r' | b'\n')
}

/// The state of SIP: streams of one connection, or what datagrams were seen lately.
#[derive(Debug, Default)]
struct Sip {
    sides: [stream::Side; 2],
    sent: Sent,
}

impl Dissect for Sip {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let start = scan::filler(segment.bytes);
        let bytes = segment.bytes.get(start..).unwrap_or_default();
        if bytes.is_empty() {
            return;
        }
        let Some(first) = scan::first(bytes) else {
            let fields = out.wanted_fields();
            let defect = Malformed { at: start, what: "start line" };
            out.event(&MALFORMED, fields, segment, Some(defect));
            return;
        };
        let range = start..segment.bytes.len();
        message(segment, range, (first, usize::MAX), &mut Carrier::Datagram(&mut self.sent), None, out);
    }

    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let [client, server] = &mut self.sides;
        let side = if segment.side == Side::Client { client } else { server };
        side.more(segment, out);
        segment.bytes.len()
    }

    fn gap(&mut self, side: Side, lost: u64, _origin: &Origin, out: &mut Out<'_>) {
        let [client, server] = &mut self.sides;
        if side == Side::Client { client } else { server }.gap(lost, out);
    }

    fn finish(&mut self, _origin: &Origin, out: &mut Out<'_>) {
        self.sides.iter_mut().for_each(|side| side.end(out));
    }

    fn held(&self) -> usize {
        self.sides.iter().map(stream::Side::held).sum()
    }
}

/// What carries a message.
enum Carrier<'s> {
    Datagram(&'s mut Sent),
    Stream,
}

/// Reads the message in a part of `segment.bytes`, which begins with the start line `first` and whose head has `head`
/// bytes or less, and says what it is.
fn message<'s>(
    segment: &Segment<'s>,
    range: std::ops::Range<usize>,
    (first, head): (First<'s>, usize),
    carrier: &mut Carrier<'_>,
    defect: Option<Malformed>,
    out: &mut Out<'_>,
) {
    let bytes = segment.bytes.get(range.clone()).unwrap_or_default();
    let mut fields = out.wanted_fields();
    let datagram = matches!(carrier, Carrier::Datagram(_));
    let mut facts = Facts { is_datagram: datagram, defect, ..Facts::default() };
    fields.str(&TRANSPORT, if datagram { "udp" } else { "tcp" }, 0, 0);
    let First { line, next, start } = first;
    let text = std::str::from_utf8(bytes.get(..head).unwrap_or(bytes)).ok();
    // A line that a lone CR ends is a part of the header line after it, where that is shown as a whole.
    let odd = next.checked_sub(1).and_then(|last| bytes.get(last)) == Some(&b'\r');
    let text = text.filter(|_| !odd);
    fields.set_known(text);
    let def = start_fields(line, start, &mut fields);

    // Its end is not in the capture: the line at which it breaks off says less than was sent, or something else.
    let torn = segment.cut > 0 || defect.is_some_and(|defect| defect.at == bytes.len());
    let mut lines = scan::Headers::new(bytes, next);
    while let Some(line) = lines.next() {
        match line {
            Ok(_) if torn && lines.is_unfinished() => {}
            Ok(header) => {
                // Of a plain line what is shown is a part of the text; of another its line ends are not shown.
                fields.set_known(text.filter(|_| header.plain));
                headers::header(&header, bytes, &mut fields, &mut facts);
            }
            Err(defect) => facts.defect(defect.at, defect.what),
        }
    }
    fields.set_known(None);
    let end = lines.body();
    if end.is_none() {
        facts.defect(bytes.len(), if segment.cut > 0 { Segment::CUT } else { "end of the headers" });
        if torn {
            headers::unknown(&mut fields, &facts);
        }
    }
    let at = end.unwrap_or(bytes.len());
    let body = the_body(bytes, at, datagram, segment.cut, &mut fields, &mut facts);
    let kind = facts.content_type.filter(|_| !facts.packed);
    let mut leaves: SmallVec<[Leaf<'_>; 4]> = SmallVec::new();
    if let Some(kind) = kind.filter(|_| !body.is_empty()) {
        let closed = body::leaves(kind, body, at, &mut |leaf| leaves.push(leaf));
        for leaf in &leaves {
            body::fields(leaf, &mut fields, &mut facts, &mut |media| expect(media, out));
        }
        if !closed {
            facts.defect(bytes.len(), "end of a multipart body");
        }
    }
    if let Carrier::Datagram(sent) = carrier
        && !segment.origin.duplicate
        && sent.before(segment.origin, &start, &facts)
    {
        fields.flag(&RETRANSMISSION, true, 0, 0);
    }
    out.event_in(def, fields, segment, range.clone(), facts.defect);
    for leaf in leaves.iter().filter(|leaf| !leaf.bytes.is_empty() && !body::is(leaf.kind, b"application/sdp")) {
        let place = range.start + leaf.at;
        let (wanted, mut memory) = (out.wanted(), out.take_memory());
        let mut take = |def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>| {
            out.event_in(def, fields, segment, place..place + leaf.bytes.len(), defect);
        };
        let kind = String::from_utf8_lossy(leaf.kind);
        crate::content::body(&kind, leaf.bytes, &mut Emit::new(&mut take, wanted).remembering(&mut memory));
        out.give_memory(memory);
    }
}

fn start_fields<'a>(line: &'a [u8], start: Start<'a>, fields: &mut Fields<'a>) -> &'static EventDef {
    // A start line has no blanks in front: filler was skipped.
    match start {
        Start::Request { method, uri, uri_at } => {
            fields.text(&REQUEST_LINE, line, 0);
            fields.text(&METHOD, method, 0);
            fields.text(&R_URI, uri, uri_at);
            if !fields.wants_any(&[&R_URI_USER, &R_URI_HOST, &R_URI_PORT]) {
                return &REQUEST;
            }
            let parts = scan::uri(uri, uri_at);
            let parts: [(&'static FieldDef, (&[u8], usize)); 3] =
                [(&R_URI_USER, parts.user), (&R_URI_HOST, parts.host), (&R_URI_PORT, parts.port)];
            for (def, (text, at)) in parts.into_iter().filter(|part| !part.1.0.is_empty()) {
                fields.text(def, text, at);
            }
            &REQUEST
        }
        Start::Status { code, code_at, .. } => {
            fields.text(&STATUS_LINE, line, 0);
            fields.uint(&STATUS_CODE, code, code_at, 3);
            &RESPONSE
        }
    }
}

/// The body as Content-Length has it (RFC 3261 §18.3): of a datagram what is there, where it says nothing.
fn the_body<'a>(
    bytes: &'a [u8],
    at: usize,
    datagram: bool,
    cut: usize,
    fields: &mut Fields<'a>,
    facts: &mut Facts<'a>,
) -> &'a [u8] {
    let there = bytes.get(at..).unwrap_or_default();
    let body = match facts.length {
        Some(length) if length > there.len() as u64 => {
            facts.defect(bytes.len(), if cut > 0 { Segment::CUT } else { "body cut" });
            there
        }
        Some(length) => {
            let (body, rest) = there.split_at_checked(length as usize).unwrap_or((there, &[]));
            if rest.iter().any(|b| !scan::is_filler(*b) && !scan::is_blank(*b)) {
                facts.defect(at + body.len(), "bytes after the body");
            }
            body
        }
        None => {
            if !datagram {
                fields.flag(&CONTENT_LENGTH_MISSING, true, 0, 0);
            }
            there
        }
    };
    if !body.is_empty() {
        fields.uint(&BODY_LEN, body.len() as u64, at, body.len());
    }
    body
}

fn expect(media: sdp::Media<'_>, out: &mut Out<'_>) {
    let Some(ip) = media.ip.filter(|ip| !ip.is_unspecified()) else { return };
    if media.port != 0 && (media.kind == b"audio" || media.kind == b"video") {
        let announced = Some(Arc::new(media.announced));
        out.expect(Expect { ip, port: media.port, peer: None, ip_proto: 17, proto: "rtp", media: announced });
    }
}

/// Datagrams seen lately: a message that comes again within timer F and its answer's wait is a retransmission.
#[derive(Debug, Default)]
struct Sent {
    slots: Vec<(u64, Ts)>,
}

/// How many messages are remembered; a newer one may push an older one out.
const REMEMBERED: usize = 2048;
/// Twice 64·T1 (RFC 3261 §17): nothing is sent again after that.
const RESEND: Span = Span::from_secs(64);

impl Sent {
    fn before(&mut self, origin: &Origin, start: &Start<'_>, facts: &Facts<'_>) -> bool {
        if facts.call_id.is_empty() || facts.cseq.is_empty() {
            return false;
        }
        let what = match start {
            Start::Request { method, .. } => (*method, 0),
            Start::Status { code, .. } => (&[][..], *code),
        };
        let key =
            FixedState::default().hash_one((origin.src, origin.dst, facts.call_id, facts.cseq, facts.from_tag, what));
        if self.slots.is_empty() {
            self.slots.resize(REMEMBERED, (0, Ts::ZERO));
        }
        let Some(slot) = self.slots.get_mut(key as usize % REMEMBERED) else { return false };
        let again = slot.0 == key && origin.time.since(slot.1) <= RESEND;
        *slot = (key, origin.time);
        again
    }
}

/// The message as the crate `rsip` reads it: typed values for one shown message, and a second opinion in tests.
/// It refuses much that is valid (compact names, folding, IPv6, `tel:`), so it never decides what is a message.
pub fn typed(message: &[u8]) -> Option<rsip::SipMessage> {
    rsip::SipMessage::try_from(message).ok()
}

static SAMPLES: &[&[u8]] = &[
    b"REGISTER sip:10.1.1.10 SIP/2.0\r\nVia: SIP/2.0/TCP 10.20.0.50:49500;branch=z9hG4bK1a2b\r\n\
From: <sip:1001@10.1.1.10>;tag=0011223344550001\r\nTo: <sip:1001@10.1.1.10>\r\n\
Call-ID: 00112233-44550002-0a0b-0c0d@10.20.0.50\r\nMax-Forwards: 70\r\nCSeq: 101 REGISTER\r\n\
User-Agent: Cisco-CP7821/12.1.1\r\n\
Contact: <sip:11111111-2222-3333-4444-555555555555@10.20.0.50:49500;transport=tcp>;\
+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-001122334455>\";\
+u.sip!devicename.ccm.cisco.com=\"SEP001122334455\";+u.sip!model.ccm.cisco.com=\"621\"\r\n\
Supported: replaces,join,norefersub,X-cisco-service-control,X-cisco-config\r\n\
Reason: SIP;cause=200;text=\"cisco-alarm:25 Name=SEP001122334455 ActiveLoad=sip78xx.12-1-1-12 Last=initialized\"\r\n\
Expires: 3600\r\nContent-Length: 0\r\n\r\n",
    b"SIP/2.0 200 OK\r\nv: SIP/2.0/TCP [2001:db8::5]:49500;branch=z9hG4bK1a2b;received=2001:db8::6\r\n\
f: \"Lobby, 2\" <sip:1001@10.1.1.10>;tag=1\r\nt: <tel:+1001>;tag=2\r\ni: 1@10.20.0.50\r\nCSeq: 101 INVITE\r\n\
Server: Cisco-CUCM12.5\r\nk: replaces,\r\n\tX-cisco-srtp-fallback\r\nc: application/sdp\r\nl: 76\r\n\r\n\
v=0\r\ns=x\r\nc=IN IP4 10.1.1.20\r\nm=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n",
];

#[cfg(test)]
mod tests;
