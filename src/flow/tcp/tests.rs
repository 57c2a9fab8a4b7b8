//! TCP put in order: whatever the order and the cuts, the same bytes give the same stream.

use proptest::prelude::*;

use super::*;
use crate::event::Endpoint;
use crate::flow::Flows;

/// Consumes whole lines, and writes down all it is told.
#[derive(Default)]
struct Script(Vec<String>);

impl Follow for Script {
    type Slot = ();
    fn datagram(&mut self, (): &mut (), segment: &Segment<'_>) {
        self.0.push(format!("{:?} datagram {}", segment.side, segment.bytes.len()));
    }
    fn stream(&mut self, (): &mut (), segment: &Segment<'_>) -> usize {
        let mut used = 0;
        while let Some(n) = memchr::memchr(b'\n', &segment.bytes[used..]) {
            let line = String::from_utf8_lossy(&segment.bytes[used..used + n]).into_owned();
            self.0.push(format!("{:?} {line}", segment.side));
            used += n + 1;
        }
        if segment.end {
            self.0.push(format!("{:?} end, {} left", segment.side, segment.bytes.len() - used));
        }
        used
    }
    fn gap(&mut self, (): &mut (), side: Side, lost: u64, _: &Origin) {
        self.0.push(format!("{side:?} gap {lost}"));
    }
    fn edge(&mut self, (): &mut (), edge: Edge, _: &Origin) {
        self.0.push(format!("{edge:?}"));
    }
    fn closed(&mut self, (): &mut (), side: Side, how: Close, _: &Origin) {
        self.0.push(format!("{side:?} {how:?}"));
    }
    fn finish(&mut self, (): &mut (), _: &Origin) {
        self.0.push("finish".to_owned());
    }
    fn limit(&mut self, bound: &'static str, _: &Origin) {
        self.0.push(format!("limit {bound}"));
    }
}

struct Wire {
    flows: Flows<Script>,
    script: Script,
    frame: u64,
}

impl Wire {
    fn new() -> Wire {
        Wire { flows: Flows::new(Limits::default(), vec![80]), script: Script::default(), frame: 0 }
    }

    fn send(&mut self, from: Side, flags: &str, seq: u32, ack: u32, payload: &[u8]) {
        self.frame += 1;
        let mut origin = Origin::at(self.frame, Ts::from_nanos(self.frame as i64 * 1_000_000));
        let (c, s) =
            (Endpoint { ip: [10, 0, 0, 1].into(), port: 50000 }, Endpoint { ip: [10, 0, 0, 2].into(), port: 80 });
        (origin.src, origin.dst) = if from == Side::Client { (Some(c), Some(s)) } else { (Some(s), Some(c)) };
        origin.ip_proto = 6;
        let has = |f| flags.contains(f);
        let tcp = Tcp { seq, ack_number: ack, syn: has('S'), ack: has('A'), fin: has('F'), rst: has('R'), payload };
        self.flows.segment(&mut self.script, &origin, &tcp, 0);
    }

    fn end(mut self) -> Vec<String> {
        let origin = Origin::at(self.frame, Ts::from_nanos(self.frame as i64 * 1_000_000));
        self.flows.finish(&mut self.script, &origin);
        self.script.0
    }
}

#[test]
fn refused_reset_closed() {
    let mut w = Wire::new();
    w.send(Side::Client, "S", 100, 0, b"");
    w.send(Side::Client, "S", 100, 0, b"");
    w.send(Side::Server, "RA", 0, 101, b"");
    w.send(Side::Client, "S", 900, 0, b"");
    w.send(Side::Server, "SA", 500, 901, b"");
    w.send(Side::Client, "A", 901, 501, b"hello\nhal");
    w.send(Side::Server, "R", 501, 0, b"");
    let said = [
        "Connect(1)",
        "Connect(2)",
        "Refused",
        "Client Reset",
        "Client end, 0 left",
        "Server Reset",
        "Server end, 0 left",
        "finish",
        "finish",
        "Connect(1)",
        "Accept",
        "Client hello",
        "Reset",
        "Client Reset",
        "Client end, 3 left",
        "Server Reset",
        "Server end, 0 left",
        "finish",
        "finish",
    ];
    assert_eq!(w.end(), said);
}

/// A boot that was recorded once and played twice opens its connection with the number it had before.
#[test]
fn the_same_number_long_after_is_another_connection() {
    let said = |pause: u64| {
        let mut w = Wire::new();
        for _ in 0..2 {
            w.send(Side::Client, "S", 100, 0, b"");
            w.send(Side::Server, "SA", 500, 101, b"");
            w.send(Side::Client, "A", 101, 501, b"hello\n");
            // A frame is a millisecond.
            w.frame += pause * 1000;
        }
        w.end().iter().filter(|line| *line == "Client hello").count()
    };
    assert_eq!(said(4), 2);
    assert_eq!(said(2), 1, "a late copy");
}

#[test]
fn a_lost_segment_is_a_gap_once_it_was_acknowledged() {
    let mut w = Wire::new();
    w.send(Side::Client, "S", 0, 0, b"");
    w.send(Side::Server, "SA", 500, 1, b"");
    w.send(Side::Client, "A", 1, 501, b"one\n");
    w.send(Side::Client, "A", 11, 501, b"three\n");
    w.send(Side::Server, "A", 501, 17, b"");
    w.frame += 300;
    w.send(Side::Client, "A", 17, 501, b"four\n");
    assert_eq!(w.script.0, ["Connect(1)", "Accept", "Client one", "Client gap 6", "Client three", "Client four"]);
}

/// Two directions that were captured apart: the answer stands before its question.
#[test]
fn an_answer_waits_for_the_question_that_it_acknowledges() {
    let opened = || {
        let mut w = Wire::new();
        w.send(Side::Client, "S", 0, 0, b"");
        w.send(Side::Server, "SA", 500, 1, b"");
        w
    };
    let mut w = opened();
    w.send(Side::Server, "A", 501, 5, b"404\n");
    w.send(Side::Server, "A", 505, 5, b"more\n");
    w.send(Side::Client, "A", 1, 501, b"get\n");
    assert_eq!(w.script.0[2..], ["Client get", "Server 404", "Server more"]);
    // The question was not captured: its sender has gone on, or time has.
    let mut w = opened();
    w.send(Side::Server, "A", 501, 5, b"404\n");
    assert_eq!(w.script.0[2..], [""; 0]);
    w.send(Side::Client, "A", 5, 505, b"");
    assert_eq!(w.script.0[2..], ["Server 404"]);
    let mut w = opened();
    w.send(Side::Server, "A", 501, 5, b"404\n");
    w.flows.tick(&mut w.script, Ts::from_nanos(53_000_000));
    assert_eq!(w.script.0[2..], [""; 0]);
    w.flows.tick(&mut w.script, Ts::from_nanos(54_000_000));
    assert_eq!(w.script.0[2..], ["Server 404"]);
    w.send(Side::Server, "A", 505, 5, b"more\n");
    assert_eq!(w.script.0[2..], ["Server 404"]);
    // The capture ends, or the connection.
    let mut w = opened();
    w.send(Side::Server, "A", 501, 5, b"404\n");
    assert!(w.end().contains(&"Server 404".to_owned()));
    let mut w = opened();
    w.send(Side::Server, "A", 501, 5, b"404\n");
    w.send(Side::Server, "RA", 505, 5, b"");
    assert_eq!(w.script.0[2], "Server 404");
}

#[test]
fn what_is_lost_before_a_fin_is_a_gap_once_the_fin_was_acknowledged() {
    let mut w = Wire::new();
    w.send(Side::Client, "S", 0, 0, b"");
    w.send(Side::Server, "SA", 500, 1, b"");
    w.send(Side::Server, "A", 505, 1, b"two\n");
    w.send(Side::Server, "FA", 520, 1, b"");
    w.send(Side::Client, "A", 1, 509, b"");
    assert_eq!(w.script.0, ["Connect(1)", "Accept", "Close(Some(0), 19)"]);
    w.send(Side::Client, "A", 1, 521, b"");
    w.send(Side::Client, "FA", 1, 521, b"");
    let said =
        ["Server gap 4", "Server two", "Server gap 11", "Server Fin", "Server end, 0 left", "Close(Some(19), 0)"];
    assert_eq!(w.script.0[3..9], said);
}

#[test]
fn picked_up_in_the_middle() {
    let mut w = Wire::new();
    w.send(Side::Server, "A", 7000, 90, b"x\n");
    w.send(Side::Client, "A", 90, 7002, b"y\n");
    assert_eq!(w.script.0, ["Server x", "Client y"]);
}

#[test]
fn many_small_segments_behind_a_gap_are_not_waited_with() {
    let mut w = Wire::new();
    w.send(Side::Client, "A", 1, 501, b"a");
    w.send(Side::Client, "A", 2, 501, b"b");
    // Backwards, a line each; what is missing is not acknowledged.
    w.send(Side::Server, "A", 501, 3, b"");
    for seq in (0..=MOST_EARLY as u32).rev() {
        w.send(Side::Client, "A", 100 + 2 * seq, 501, b"x\n");
    }
    assert_eq!(w.script.0.first().map(String::as_str), Some("limit max-out-of-order-bytes"));
    assert_eq!(w.script.0.iter().filter(|line| *line == "Client x").count(), MOST_EARLY + 1);
    assert_eq!(w.flows.held, 0);
}

#[test]
fn all_that_waits_together_is_bounded() {
    let mut w = Wire::new();
    w.flows = Flows::new(Limits { held: 100, ..Limits::default() }, vec![80]);
    let sent = |w: &mut Wire, n: u8, payload: &[u8]| {
        w.frame += 1;
        let mut origin = Origin::at(w.frame, Ts::from_nanos(w.frame as i64));
        origin.src = Some(Endpoint { ip: [10, 0, 1, n].into(), port: 50000 });
        origin.dst = Some(Endpoint { ip: [10, 0, 0, 2].into(), port: 80 });
        origin.ip_proto = 6;
        let tcp = Tcp { seq: 10, ack_number: 1, syn: false, ack: true, fin: false, rst: false, payload };
        w.flows.segment(&mut w.script, &origin, &tcp, 0);
    };
    for n in 0..4 {
        sent(&mut w, n, &[b'a'; 30]);
    }
    // The two that were quiet longest are let go, and say what they hold.
    assert_eq!(w.flows.held, 30);
    assert_eq!(w.script.0.iter().filter(|line| *line == "Client end, 30 left").count(), 3);
    assert!(w.script.0.contains(&"limit max-held-bytes".to_owned()));
    assert_eq!(w.flows.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Any split, any order, any repetition of the same bytes gives the same lines.
    #[test]
    fn order_and_split_do_not_matter(
        lines in prop::collection::vec("[a-z]{0,12}", 1..12),
        cuts in prop::collection::vec(1usize..9, 1..60),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
        isn in any::<u32>(),
    ) {
        let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
        let mut pieces = Vec::new();
        let (mut at, mut next) = (0, 0);
        while at < text.len() {
            let n = cuts[next % cuts.len()].min(text.len() - at);
            // Overlap: one byte of the piece before is sent again.
            let from = at.saturating_sub(usize::from(next % 3 == 0));
            pieces.push((from, text.as_bytes()[from..at + n].to_vec()));
            at += n;
            next += 1;
        }
        let mut w = Wire::new();
        w.send(Side::Client, "S", isn, 0, b"");
        w.send(Side::Server, "SA", 500, isn.wrapping_add(1), b"");
        // Some pieces early and twice, then all: nothing is missing in the end.
        for pick in &order {
            let (from, bytes) = &pieces[pick.index(pieces.len())];
            w.send(Side::Client, "A", isn.wrapping_add(1 + *from as u32), 501, bytes);
        }
        for (from, bytes) in &pieces {
            w.send(Side::Client, "A", isn.wrapping_add(1 + *from as u32), 501, bytes);
        }
        let got: Vec<String> = w.script.0[2..].to_vec();
        let want: Vec<String> = lines.iter().map(|l| format!("Client {l}")).collect();
        prop_assert_eq!(got, want);
    }
}
