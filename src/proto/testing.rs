//! What every protocol's tests share: dissect bytes, print what came of it in one line each, and try every
//! truncation, split and arbitrary bytes.

use std::fmt::Write;

use proptest::prelude::*;

use super::{Close, Dissect, Expect, File, Mark, Out, Protocol, Segment, Side, Sink, Spare};
use crate::event::{Endpoint, Event, Origin};
use crate::time::Ts;

/// Collects everything as text: `name field=value …`, `at=… what=…` for a defect.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Vec<String>);

impl Sink for Lines {
    fn event(&mut self, event: &Event<'_>) {
        let mut line = event.def.name.to_owned();
        for field in event.fields {
            let _ = write!(line, " {}={}", field.def.name, field.value);
        }
        if let Some(defect) = event.defect {
            let _ = write!(line, " at={} what={}", defect.at, defect.what);
        }
        assert!(event.frames.windows(2).all(|w| w[0] < w[1]), "frames ascend: {:?}", event.frames);
        for field in event.fields {
            assert!(
                field.len == 0 || event.bytes.is_empty() || field.at as usize + field.len as usize <= event.bytes.len(),
                "{} lies outside its message",
                field.def.name
            );
        }
        self.0.push(line);
    }
    fn file(&mut self, file: &File<'_>, _origin: &Origin) {
        assert!(file.frames.windows(2).all(|w| w[0] < w[1]), "frames ascend: {:?}", file.frames);
        self.0.push(format!("FILE {} {} bytes complete={}", file.name, file.bytes.len(), file.complete));
    }
    fn expect(&mut self, expect: Expect) {
        self.0.push(format!("EXPECT {}:{} {}", expect.ip, expect.port, expect.proto));
    }
    fn limit(&mut self, bound: &'static str, _origin: &Origin) {
        self.0.push(format!("LIMIT {bound}"));
    }
}

/// A frame from 10.0.0.1 to 10.0.0.2, or back.
pub(crate) fn origin(frame: u64, side: Side, ports: (u16, u16), ip_proto: u8) -> Origin {
    let (client, server) =
        (Endpoint { ip: [10, 0, 0, 1].into(), port: ports.0 }, Endpoint { ip: [10, 0, 0, 2].into(), port: ports.1 });
    let mut origin = Origin::at(frame, Ts::from_nanos(frame as i64 * 1_000_000_000));
    (origin.src, origin.dst) =
        if side == Side::Client { (Some(client), Some(server)) } else { (Some(server), Some(client)) };
    origin.ip_proto = ip_proto;
    origin.sender = Some(side);
    origin
}

/// One datagram from the client.
pub(crate) fn datagram(protocol: &Protocol, payload: &[u8]) -> Vec<String> {
    datagrams(protocol, (50000, 69), &[(Side::Client, payload)])
}

/// Several datagrams between the same two ports.
pub(crate) fn datagrams(protocol: &Protocol, ports: (u16, u16), payloads: &[(Side, &[u8])]) -> Vec<String> {
    let (mut lines, mut spare, mut dissector) = (Lines::default(), Spare::default(), (protocol.new)());
    for (i, (side, payload)) in payloads.iter().enumerate() {
        let origin = origin(i as u64 + 1, *side, ports, 17);
        let segment = Segment {
            bytes: payload,
            origin: &origin,
            marks: &[Mark { at: 0, frame: origin.frame }],
            side: *side,
            end: false,
            cut: 0,
            flow: 0,
        };
        dissector.datagram(&segment, &mut Out::new(&mut lines, &mut spare));
    }
    let last = origin(payloads.len() as u64, Side::Client, ports, 17);
    dissector.finish(&last, &mut Out::new(&mut lines, &mut spare));
    lines.0
}

/// Feeds a connection piece by piece, as the flow room does: what is not consumed is offered again.
pub(crate) struct Feed {
    dissector: Box<dyn Dissect>,
    ports: (u16, u16),
    held: [(Vec<u8>, Vec<Mark>); 2],
    frame: u64,
    pub(crate) lines: Lines,
    spare: Spare,
}

impl Feed {
    pub(crate) fn new(protocol: &Protocol, ports: (u16, u16)) -> Feed {
        Feed {
            dissector: (protocol.new)(),
            ports,
            held: Default::default(),
            frame: 0,
            lines: Lines::default(),
            spare: Spare::default(),
        }
    }

    pub(crate) fn bytes(&mut self, side: Side, bytes: &[u8]) {
        self.piece(side, bytes, false);
    }

    pub(crate) fn end(&mut self, side: Side) {
        self.piece(side, &[], true);
    }

    /// The side closes, as against the capture merely ending.
    pub(crate) fn close(&mut self, side: Side, how: Close) {
        let origin = origin(self.frame + 1, side, self.ports, 6);
        self.dissector.closed(side, how, &origin, &mut Out::new(&mut self.lines, &mut self.spare));
        self.end(side);
    }

    /// Bytes that are not in the capture.
    pub(crate) fn gap(&mut self, side: Side, lost: u64) {
        let origin = origin(self.frame + 1, side, self.ports, 6);
        self.dissector.gap(side, lost, &origin, &mut Out::new(&mut self.lines, &mut self.spare));
        self.held[side.index()] = Default::default();
    }

    fn piece(&mut self, side: Side, bytes: &[u8], end: bool) {
        self.frame += 1;
        let (held, marks) = &mut self.held[side.index()];
        marks.push(Mark { at: held.len(), frame: self.frame });
        held.extend_from_slice(bytes);
        let origin = origin(self.frame, side, self.ports, 6);
        let segment = Segment { bytes: held, origin: &origin, marks, side, end, cut: 0, flow: 0 };
        let used = self.dissector.stream(&segment, &mut Out::new(&mut self.lines, &mut self.spare));
        assert!(used <= held.len(), "consumed {used} of {} bytes", held.len());
        held.drain(..used);
        let last = marks.iter().rposition(|m| m.at <= used).unwrap_or(0);
        marks.drain(..last);
        for mark in marks.iter_mut() {
            mark.at = mark.at.saturating_sub(used);
        }
    }

    pub(crate) fn finish(mut self) -> Vec<String> {
        self.end(Side::Client);
        self.end(Side::Server);
        let last = origin(self.frame, Side::Client, self.ports, 6);
        self.dissector.finish(&last, &mut Out::new(&mut self.lines, &mut self.spare));
        self.lines.0
    }
}

/// A whole connection in as many pieces as given.
pub(crate) fn stream(protocol: &Protocol, ports: (u16, u16), pieces: &[(Side, &[u8])]) -> Vec<String> {
    let mut feed = Feed::new(protocol, ports);
    for (side, bytes) in pieces {
        feed.bytes(*side, bytes);
    }
    feed.finish()
}

/// No bytes, and no cut of a good sample, make a datagram dissector panic.
pub(crate) fn any_datagram(protocol: &Protocol) {
    for sample in protocol.samples {
        for cut in 0..=sample.len() {
            datagram(protocol, &sample[..cut]);
        }
    }
    proptest!(ProptestConfig::with_cases(256), |(bytes in prop::collection::vec(any::<u8>(), 0..600))| {
        datagram(protocol, &bytes);
    });
    flipped(protocol, |bytes| {
        datagram(protocol, bytes);
    });
}

/// No bytes, and no cut of a good sample, make a stream dissector panic; and every split of a good sample at one
/// place gives the same messages as the whole.
pub(crate) fn any_stream(protocol: &Protocol, ports: (u16, u16)) {
    for sample in protocol.samples {
        let whole = stream(protocol, ports, &[(Side::Client, sample)]);
        for cut in 0..=sample.len() {
            let (a, b) = sample.split_at(cut);
            stream(protocol, ports, &[(Side::Client, a)]);
            assert_eq!(stream(protocol, ports, &[(Side::Client, a), (Side::Client, b)]), whole, "split at {cut}");
        }
        let single: Vec<(Side, &[u8])> = sample.chunks(1).map(|b| (Side::Client, b)).collect();
        assert_eq!(stream(protocol, ports, &single), whole, "byte by byte");
    }
    proptest!(ProptestConfig::with_cases(256), |(bytes in prop::collection::vec(any::<u8>(), 0..600), at in 0usize..600)| {
        let (a, b) = bytes.split_at(at.min(bytes.len()));
        stream(protocol, ports, &[(Side::Client, a), (Side::Server, b)]);
    });
    flipped(protocol, |bytes| {
        stream(protocol, ports, &[(Side::Client, bytes)]);
    });
}

fn flipped(protocol: &Protocol, run: impl Fn(&[u8])) {
    for sample in protocol.samples.iter().filter(|s| !s.is_empty()) {
        proptest!(ProptestConfig::with_cases(128), |(at in 0..sample.len(), to in any::<u8>())| {
            let mut bytes = sample.to_vec();
            bytes[at] = to;
            run(&bytes);
        });
    }
}
