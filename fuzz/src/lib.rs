//! What is tried with arbitrary bytes. The fuzz targets call these bodies, and so do the property tests of the main
//! package (`tests/fuzz_bodies.rs`), which include this file.
//!
//! A body returns quietly or panics: what it must not see is written as an `assert!`.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use offhook::content::{self, trust_list};
use offhook::event::{Endpoint, Event, EventDef, Fields, Origin, Schema};
use offhook::model::{Models, Site, load};
use offhook::phone::{Concerned, Phones};
use offhook::pipeline::{self, Options, Pipeline, Watch};
use offhook::proto::{Close, Dissect, Expect, File, Mark, Out, PROTOCOLS, Protocol, Segment, Side, Sink, Spare};
use offhook::report::{Only, Report, json, text};
use offhook::source::Source;
use offhook::source::file::CaptureFile;
use offhook::time::Ts;

/// No input of a fuzzer is so long, and no machine so busy, that it may take longer.
const LONGEST: Duration = Duration::from_secs(20);

/// One dissector. The first byte chooses the protocol from [`PROTOCOLS`]. Of the second:
///
/// | bits | meaning |
/// | --- | --- |
/// | 0–1 | 0 one datagram, 1 one direction of a stream, 2 several datagrams, 3 both directions of a stream |
/// | 2   | the server speaks (first) |
/// | 3–7 | how a stream is split: 0 not at all, 1 byte by byte, else a seed |
///
/// The rest is the bytes. In the modes 2 and 3 they are pieces, each with a header of two bytes: side (bit 15), a gap
/// before it (14), the end of its side (13), a reset (12), and its length.
pub fn protocol(bytes: &[u8]) {
    let [number, how, rest @ ..] = bytes else { return };
    let Some(protocol) = PROTOCOLS.get(usize::from(*number) % PROTOCOLS.len()) else { return };
    let first = if how & 4 == 0 { Side::Client } else { Side::Server };
    let splits = Splits::new(how >> 3);
    let began = now();
    let mut feed = Feed::new(protocol);
    match how & 3 {
        0 => feed.datagram(first, rest, 0),
        1 => {
            feed.stream(first, rest, splits);
            feed.end(first);
        }
        2 => {
            for piece in pieces(rest, first) {
                // A datagram that the snap length cut, where a stream would have a gap.
                feed.datagram(piece.side, piece.bytes, usize::from(piece.gap) * 100);
            }
        }
        _ => {
            let mut splits = splits;
            for piece in pieces(rest, first) {
                if piece.gap {
                    feed.gap(piece.side);
                }
                splits = feed.stream(piece.side, piece.bytes, splits);
                match (piece.end, piece.reset) {
                    (false, false) => {}
                    (true, false) => feed.close(piece.side, Close::Fin),
                    (_, true) => [Side::Client, Side::Server].into_iter().for_each(|s| feed.close(s, Close::Reset)),
                }
            }
        }
    }
    feed.finish();
    assert!(began.elapsed() < LONGEST, "{}: {:?}", protocol.name, began.elapsed());
}

/// The names under which a file may have been fetched; the first byte of what is no capture chooses.
pub const NAMES: &[&str] = &[
    "SEP001122334455.cnf.xml",
    "XMLDefault.cnf.xml",
    "SEP001122334455.cnf.xml.sgn",
    "SEP001122334455.cnf.xml.enc.sgn",
    "CTLSEP001122334455.tlv",
    "ITLSEP001122334455.tlv",
    "ITLFile.tlv",
    "ringlist.xml.sgn",
    "en_US/be-sip.jar",
    "dialplan.xml",
    "app.jad",
];

/// The types a body may have.
pub const TYPES: &[&str] = &[
    "text/xml",
    "text/plain",
    "multipart/mixed; boundary=uniqueBoundary",
    "application/x-www-form-urlencoded",
    "application/x-cisco-alarm+xml",
    "application/x-cisco-remotecc-request+xml",
    "text/vnd.sun.j2me.app-descriptor",
    "",
];

/// A capture file, through all stages to a report; what does not begin as a capture is a file or a body, its name or
/// type chosen by the first byte.
pub fn pipeline(bytes: &[u8]) {
    let began = now();
    match CaptureFile::read("fuzz", Cursor::new(bytes.to_vec())) {
        Ok(source) => capture(source, Bounds::of(bytes)),
        Err(_) => fetched(bytes),
    }
    assert!(began.elapsed() < LONGEST, "{} bytes took {:?}", bytes.len(), began.elapsed());
}

fn fetched(bytes: &[u8]) {
    let [which, rest @ ..] = bytes else { return };
    let which = usize::from(*which) % (NAMES.len() + TYPES.len());
    let mut take = |_: &'static EventDef, fields: Fields<'_>, defect: Option<offhook::bytes::Malformed>| {
        fields.list().iter().for_each(|field| drop(field.value.to_string()));
        if let Some(defect) = defect {
            assert!(defect.at <= rest.len() * 3 + 16, "a defect at {} of {} bytes", defect.at, rest.len());
        }
    };
    let mut emit = content::Emit::new(&mut take, None);
    match (NAMES.get(which), TYPES.get(which.wrapping_sub(NAMES.len()))) {
        (Some(name), _) => {
            let read = |known| trust_list::kind(name, rest).map(|kind| trust_list::read(kind, rest, known));
            let list = read(&[]);
            content::file(name, rest, list.as_ref(), Ts::from_nanos(1 << 60), &mut emit);
            // What one list trusts, the next file is checked against.
            if let Some(list) = list {
                content::file(name, rest, read(&[&list.records]).as_ref(), Ts::ZERO, &mut emit);
            }
        }
        (_, Some(media)) => content::body(media, rest, &mut emit),
        _ => {}
    }
}

/// What of the options the sum of the bytes chooses, so that a capture needs no byte that is not its own.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Bounds so low that a small capture reaches them.
    tight: bool,
    detail: bool,
    ticks: bool,
}

impl Bounds {
    fn of(bytes: &[u8]) -> Bounds {
        let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        Bounds { tight: sum & 1 != 0, detail: sum & 2 != 0, ticks: sum & 4 != 0 }
    }

    fn options(self) -> Options {
        let mut options = Options { show_duplicates: self.detail, detail: self.detail, ..Options::default() };
        if self.tight {
            options.flows.flows = 3;
            options.flows.out_of_order = 600;
            options.flows.message = 900;
            options.flows.held = 2000;
            options.phones.stations = 4;
            options.phones.waiting = (3, 8);
            options.fragments.datagrams = 2;
            options.fragments.bytes = 4000;
            options.engine.runs = 6;
            options.engine.phones = 3;
            options.engine.same = 2;
        }
        options
    }
}

fn product() -> &'static (Schema, Arc<Models>) {
    static PRODUCT: OnceLock<(Schema, Arc<Models>)> = OnceLock::new();
    PRODUCT.get_or_init(|| {
        let schema = pipeline::schema();
        let models = load::load(&load::builtin(), &schema, &Site::default()).models;
        (schema, Arc::new(models))
    })
}

fn capture(mut source: CaptureFile, bounds: Bounds) {
    let (schema, models) = product();
    let mut pipeline = Pipeline::new(schema, Arc::clone(models), &bounds.options(), Checks::default());
    let mut frames = 0;
    // A packed file may hold any number of frames; the first show what there is to see.
    while frames < 20_000 {
        let Ok(Some(frame)) = source.next() else { break };
        frames = frame.number;
        assert!(frame.bytes.len() <= frame.wire_len as usize || frame.wire_len == 0 || frame.number > 0);
        if bounds.ticks
            && let Some(due) = pipeline.poll_timeout().filter(|due| *due < frame.time)
        {
            pipeline.tick(due);
        }
        pipeline.frame(&frame);
        pipeline.watch().frame = frame.number;
    }
    let notes = source.notes().clone();
    let (outcome, _) = pipeline.finish(&notes);
    let packets = outcome.summary.packets;
    for finding in &outcome.findings {
        assert!(
            finding.frames.iter().all(|frame| (1..=packets).contains(frame)),
            "{}: {:?}",
            finding.id,
            finding.frames
        );
        assert!(finding.frames.windows(2).all(|pair| pair[0] < pair[1]), "{}: {:?}", finding.id, finding.frames);
    }
    for flow in &outcome.flows {
        assert!(flow.from_frame <= flow.to_frame && flow.to_frame <= packets, "{flow:?}");
    }
    let mut report = Report::default();
    report.add("fuzz", &outcome, &notes, Only { phone: None, models: &[] });
    let mut written = Vec::new();
    json::object(&report, &mut written).expect("a report can be written");
    assert!(std::str::from_utf8(&written).is_ok());
    text::write(&report, text::Style { colour: false, quiet: false }, None, &mut written).expect("it can be written");
}

/// Looks at every event.
#[derive(Debug, Default)]
struct Checks {
    frame: u64,
}

impl Watch for Checks {
    fn event(&mut self, event: &Event<'_>, _: &[Concerned], _: &Phones) {
        check(event);
    }
}

/// What holds of every event, whoever says it.
fn check(event: &Event<'_>) {
    let name = event.def.name;
    assert!(event.frames.windows(2).all(|pair| pair[0] < pair[1]), "{name}: frames {:?}", event.frames);
    for field in event.fields {
        let end = field.at as usize + field.len as usize;
        let inside = field.len == 0 || event.bytes.is_empty() || end <= event.bytes.len();
        assert!(inside, "{name}: {} ends at {end} of {}", field.def.name, event.bytes.len());
    }
}

/// A sink that looks at what it is given.
struct Looks;

impl Sink for Looks {
    fn event(&mut self, event: &Event<'_>) {
        check(event);
        event.fields.iter().for_each(|field| drop(field.value.to_string()));
    }
    fn file(&mut self, _: &File<'_>, _: &Origin) {}
    fn expect(&mut self, _: Expect) {}
    fn limit(&mut self, _: &'static str, _: &Origin) {}
}

/// Feeds a dissector as the flow room does: what it does not consume is offered again with what follows.
struct Feed {
    dissector: Box<dyn Dissect>,
    port: u16,
    held: [(Vec<u8>, Vec<Mark>); 2],
    over: [bool; 2],
    frame: u64,
    spare: Spare,
}

impl Feed {
    fn new(protocol: &Protocol) -> Feed {
        let port = protocol.on.iter().find_map(|on| match on {
            offhook::proto::On::Udp(port) | offhook::proto::On::Tcp(port) => Some(*port),
            _ => None,
        });
        Feed {
            dissector: (protocol.new)(),
            port: port.unwrap_or(16384),
            held: Default::default(),
            over: [false; 2],
            frame: 0,
            spare: Spare::default(),
        }
    }

    fn origin(&mut self, side: Side, ip_proto: u8) -> Origin {
        self.frame += 1;
        let client = Endpoint { ip: [10, 0, 0, 1].into(), port: 50000 };
        let server = Endpoint { ip: [10, 0, 0, 2].into(), port: self.port };
        let mut origin = Origin::at(self.frame, Ts::from_nanos(self.frame as i64 * 1_000_000_000));
        let ends = if side == Side::Client { (client, server) } else { (server, client) };
        (origin.src, origin.dst) = (Some(ends.0), Some(ends.1));
        (origin.ip_proto, origin.sender) = (ip_proto, Some(side));
        origin
    }

    fn datagram(&mut self, side: Side, bytes: &[u8], cut: usize) {
        let origin = self.origin(side, 17);
        let marks = [Mark { at: 0, frame: origin.frame }];
        let segment = Segment { bytes, origin: &origin, marks: &marks, side, end: false, cut, flow: 0 };
        self.dissector.datagram(&segment, &mut Out::new(&mut Looks, &mut self.spare));
    }

    fn stream(&mut self, side: Side, bytes: &[u8], mut splits: Splits) -> Splits {
        let mut rest = bytes;
        while !rest.is_empty() && !self.over[side.index()] {
            let (piece, after) = rest.split_at(splits.next().min(rest.len()));
            self.piece(side, piece, false);
            rest = after;
        }
        splits
    }

    fn piece(&mut self, side: Side, bytes: &[u8], end: bool) {
        let origin = self.origin(side, 6);
        let (held, marks) = &mut self.held[side.index()];
        marks.push(Mark { at: held.len(), frame: origin.frame });
        held.extend_from_slice(bytes);
        let segment = Segment { bytes: held, origin: &origin, marks, side, end, cut: 0, flow: 0 };
        let used = self.dissector.stream(&segment, &mut Out::new(&mut Looks, &mut self.spare));
        assert!(used <= held.len(), "consumed {used} of {} bytes", held.len());
        held.drain(..used);
        let first = marks.iter().rposition(|mark| mark.at <= used).unwrap_or(0);
        marks.drain(..first);
        marks.iter_mut().for_each(|mark| mark.at = mark.at.saturating_sub(used));
    }

    fn gap(&mut self, side: Side) {
        let origin = self.origin(side, 6);
        self.held[side.index()] = Default::default();
        self.dissector.gap(side, 1000, &origin, &mut Out::new(&mut Looks, &mut self.spare));
    }

    fn close(&mut self, side: Side, how: Close) {
        if !self.over[side.index()] {
            let origin = self.origin(side, 6);
            self.dissector.closed(side, how, &origin, &mut Out::new(&mut Looks, &mut self.spare));
            self.end(side);
        }
    }

    fn end(&mut self, side: Side) {
        if !std::mem::replace(&mut self.over[side.index()], true) {
            self.piece(side, &[], true);
        }
    }

    fn finish(mut self) {
        for side in [Side::Client, Side::Server] {
            if self.frame > 0 && !self.held[side.index()].0.is_empty() {
                self.end(side);
            }
        }
        let origin = self.origin(Side::Client, 6);
        self.dissector.tick(Ts::from_nanos(i64::MAX), &mut Out::new(&mut Looks, &mut self.spare));
        self.dissector.finish(&origin, &mut Out::new(&mut Looks, &mut self.spare));
    }
}

struct Piece<'a> {
    side: Side,
    gap: bool,
    end: bool,
    reset: bool,
    bytes: &'a [u8],
}

fn pieces(mut bytes: &[u8], first: Side) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        let [high, low, rest @ ..] = bytes else { return None };
        let head = u16::from_be_bytes([*high, *low]);
        let (piece, after) = rest.split_at(usize::from(head & 0xfff).min(rest.len()));
        bytes = after;
        let side = if head & 0x8000 == 0 { first } else { first.other() };
        Some(Piece { side, gap: head & 0x4000 != 0, end: head & 0x2000 != 0, reset: head & 0x1000 != 0, bytes: piece })
    })
}

/// The header of a piece, for seeds.
pub fn piece(other_side: bool, bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(0xfff)];
    let head = bytes.len() as u16 | if other_side { 0x8000 } else { 0 };
    [&head.to_be_bytes(), bytes].concat()
}

/// Lengths of the pieces of a stream.
#[derive(Debug, Clone, Copy)]
struct Splits {
    seed: u32,
    state: u32,
}

impl Splits {
    fn new(seed: u8) -> Splits {
        Splits { seed: u32::from(seed), state: u32::from(seed).wrapping_mul(2_654_435_761) | 1 }
    }

    fn next(&mut self) -> usize {
        match self.seed {
            0 => usize::MAX,
            1 => 1,
            _ => {
                self.state ^= self.state << 13;
                self.state ^= self.state >> 17;
                self.state ^= self.state << 5;
                // Mostly small pieces: what goes wrong at a border goes wrong there.
                1 + (self.state >> 8) as usize % if self.state & 1 == 0 { 9 } else { 1460 }
            }
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "how long an input takes is what is tested")]
fn now() -> Instant {
    Instant::now()
}
