//! Streams by their packets: what is believed, counted and told; rtp-rs as the oracle for headers.

use proptest::prelude::*;
use rtp_rs::RtpReader;

use super::*;
use crate::proto::testing::{self, Lines};
use crate::proto::{Mark, Probe, Side, Spare};

const T0: i64 = 1_700_000_000_000_000_000;

/// One datagram to be fed: when, where to, what.
#[derive(Debug, Clone)]
struct Sent {
    micros: i64,
    to: [u8; 4],
    bytes: Vec<u8>,
    expected: bool,
    copy: bool,
}

/// A packet of 20 ms, or of whatever else the payload holds.
fn packet(payload_type: u8, seq: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend(seq.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn sent(micros: i64, bytes: Vec<u8>) -> Sent {
    Sent { micros, to: [10, 0, 0, 2], bytes, expected: false, copy: false }
}

/// G.711 in step from sequence number 65500 on: the numbers turn over.
fn speech(n: u16) -> Sent {
    let seq = 65_500u16.wrapping_add(n);
    sent(i64::from(n) * 20_000, packet(0, seq, u32::from(n) * 160, 0xabcd, &[0; 160]))
}

fn run(sent: &[Sent]) -> Vec<String> {
    run_with(sent, &[])
}

/// Feeds datagrams, with the time told in between at `ticks` (microseconds).
fn run_with(sent: &[Sent], ticks: &[i64]) -> Vec<String> {
    let (mut lines, mut spare, mut dissector) = (Lines::default(), Spare::default(), (PROTOCOL.new)());
    let mut last = testing::origin(1, Side::Client, (16384, 16386), 17);
    for (i, one) in sent.iter().enumerate() {
        let mut out = Out::new(&mut lines, &mut spare).expected(one.expected);
        for tick in ticks.iter().filter(|tick| **tick <= one.micros) {
            dissector.tick(Ts::from_nanos(T0 + tick * 1000), &mut out);
        }
        let mut origin = testing::origin(i as u64 + 1, Side::Client, (16384, 16386), 17);
        origin.time = Ts::from_nanos(T0 + one.micros * 1000);
        (origin.dscp, origin.ttl, origin.duplicate) = (46, 60, one.copy);
        origin.dst = origin.dst.map(|dst| Endpoint { ip: one.to.into(), ..dst });
        last = origin;
        let marks = [Mark { at: 0, frame: origin.frame }];
        let bytes = &one.bytes;
        let segment =
            Segment { bytes, origin: &origin, marks: &marks, side: Side::Client, end: false, cut: 0, flow: 7 };
        dissector.datagram(&segment, &mut out);
    }
    dissector.finish(&last, &mut Out::new(&mut lines, &mut spare));
    lines.0
}

/// The value of a field in a line.
fn value<'l>(line: &'l str, field: &str) -> &'l str {
    let found = line.split(' ').find_map(|part| part.strip_prefix(field)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no {field} in {line}"))
}

#[track_caller]
fn check(sent: &[Sent], expected: &[&str]) {
    assert_eq!(run(sent), expected);
}

#[test]
fn a_stream_in_order() {
    let sent: Vec<_> = (0..200).map(speech).collect();
    check(
        &sent,
        &[
            "rtp.start rtp.ssrc=43981 rtp.p_type=0 rtp.codec=PCMU rtp.marker=false rtp.seq=65500 rtp.timestamp=0 \
             rtp.dscp=46 rtp.ttl=60 rtp.announced=false rtp.clock_rate=8000 rtp.ptime_ms=20",
            "rtp.stop rtp.ssrc=43981 rtp.packets=200 rtp.expected=200 rtp.lost=0 rtp.loss_percent=0 rtp.duplicates=0 \
             rtp.reordered=0 rtp.jitter_ms=0 rtp.max_jitter_ms=0 rtp.duration_ms=3980 rtp.bytes=32000 rtp.p_type=0 \
             rtp.codec=PCMU rtp.clock_rate=8000 rtp.ptime_ms=20 rtp.dscp=46 rtp.announced=false rtp.both_ways=false rtp.first_frame=1 \
             rtp.last_frame=200 rtp.running=true rtp.r_factor=93.2 rtp.mos=4.409 rtp.ie=0 rtp.bpl=25.1 \
             rtp.burst_ratio=1",
        ],
    );
}

#[test]
fn the_page_of_the_documents_starts_with_its_marker() {
    let mut page: Vec<_> = (0..2u16)
        .map(|n| {
            let bytes =
                packet(if n == 0 { 0x80 } else { 0 }, 1000 + n, 160 * (1 + u32::from(n)), 0xdead_beef, &[255; 160]);
            Sent { to: [224, 0, 1, 1], ..sent(i64::from(n) * 20_000, bytes) }
        })
        .collect();
    let lines = run(&page);
    assert!(
        lines[0].starts_with("rtp.start rtp.ssrc=3735928559 rtp.p_type=0 rtp.codec=PCMU rtp.marker=true rtp.seq=1000")
    );
    assert_eq!(value(&lines[1], "rtp.packets"), "2");
    // Too few packets for a rating, and one packet alone is nothing.
    assert!(!lines[1].contains("rtp.mos"));
    page.truncate(1);
    check(&page, &[]);
    page[0].expected = true;
    assert_eq!(value(&run(&page)[1], "rtp.packets"), "1");
}

#[test]
fn four_in_sequence_make_a_stream_and_count() {
    let sent: Vec<_> = (0..4).map(speech).collect();
    check(&sent[..3], &[]);
    assert_eq!(value(&run(&sent)[1], "rtp.packets"), "4");
    // Something else on the same ports before it does not.
    let mut other = vec![sent[0].clone()];
    other[0].bytes[2] = 7;
    other.extend(sent);
    assert_eq!(value(&run(&other)[1], "rtp.packets"), "4");
}

#[test]
fn loss_is_told_when_it_is_sure() {
    let sent: Vec<_> = (0..300).filter(|n| !(100..105).contains(n) && *n != 250).map(speech).collect();
    let lines = run(&sent);
    assert_eq!(lines[1], "rtp.gap rtp.ssrc=43981 rtp.seq=64 rtp.missing=5 rtp.gap_ms=100");
    assert_eq!(lines[2], "rtp.gap rtp.ssrc=43981 rtp.seq=214 rtp.missing=1 rtp.gap_ms=20");
    let stop = &lines[3];
    let got = ["packets", "expected", "lost", "loss_percent", "burst_ratio", "r_factor", "mos"]
        .map(|field| value(stop, &format!("rtp.{field}")));
    // 2 % in runs of 3: 93.2 - 95 * 2 / (2 / 2.94 + 25.1).
    assert_eq!(got, ["294", "300", "6", "2", "2.94", "85.83", "4.224"]);
}

#[test]
fn late_is_not_lost_and_twice_is_not_more() {
    let mut sent: Vec<_> = (0..200).map(speech).collect();
    let late = sent.remove(50);
    sent.insert(60, late);
    let again = sent[80].clone();
    sent.insert(90, again);
    let lines = run(&sent);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let got = ["packets", "expected", "lost", "duplicates", "reordered"].map(|f| value(&lines[1], &format!("rtp.{f}")));
    assert_eq!(got, ["201", "200", "0", "1", "1"]);
}

#[test]
fn a_sender_that_begins_anew_loses_nothing() {
    let mut sent: Vec<_> = (0..100).map(speech).collect();
    for one in &mut sent[50..] {
        let seq = u16::from_be_bytes([one.bytes[2], one.bytes[3]]).wrapping_add(20_000);
        one.bytes[2..4].copy_from_slice(&seq.to_be_bytes());
    }
    let lines = run(&sent);
    let got = ["packets", "expected", "lost", "restarts"].map(|f| value(&lines[1], &format!("rtp.{f}")));
    assert_eq!(got, ["100", "100", "0", "1"]);
    // Its timestamps begin anew as well: that is no jitter.
    for one in &mut sent[50..] {
        let ticks = u32::from_be_bytes(one.bytes[4..8].try_into().unwrap()).wrapping_add(1_000_000_000);
        one.bytes[4..8].copy_from_slice(&ticks.to_be_bytes());
    }
    let anew = run(&sent);
    let jitter = |line: &str| value(line, "rtp.max_jitter_ms").parse::<f64>().unwrap();
    assert!(jitter(&anew[1]) <= jitter(&lines[1]) + 0.1, "{}", anew[1]);
}

#[test]
fn ten_quiet_seconds_end_a_stream() {
    let mut sent: Vec<_> = (0..50).map(speech).collect();
    for one in &mut sent[25..] {
        one.micros += 11_000_000;
    }
    let names: Vec<_> =
        run(&sent).iter().map(|l| format!("{} {}", l.split(' ').next().unwrap(), l.contains("running=true"))).collect();
    assert_eq!(names, ["rtp.start false", "rtp.stop false", "rtp.start false", "rtp.stop true"]);
    for one in &mut sent[25..] {
        one.micros -= 2_000_000;
    }
    assert_eq!(run(&sent).len(), 2);
}

#[test]
fn another_source_and_another_codec_are_changes() {
    let mut sent: Vec<_> = (0..40).map(speech).collect();
    sent[20..].iter_mut().for_each(|one| one.bytes[11] = 0xce);
    sent[30..].iter_mut().for_each(|one| one.bytes[1] = 8);
    let lines = run(&sent);
    assert_eq!(lines[1], "rtp.change rtp.ssrc=43982 rtp.ssrc_before=43981 rtp.packets=4");
    assert!(lines[2].starts_with("rtp.start rtp.ssrc=43982 "));
    assert_eq!(lines[3], "rtp.change rtp.ssrc=43982 rtp.p_type=8 rtp.codec=PCMA rtp.p_type_before=0 rtp.packets=13");
    assert!(lines[5].contains("rtp.p_type=0 rtp.p_type=8 rtp.codec=PCMA"), "{}", lines[5]);
}

#[test]
fn digits_are_told_once_and_are_no_change() {
    let mut sent: Vec<_> = (0..60).map(speech).collect();
    for (n, one) in sent[20..27].iter_mut().enumerate() {
        let end = if n > 3 { 0x8a } else { 0x0a };
        let duration = 160 * (n.min(4) as u8 + 1) as u16;
        let mut payload = vec![5, end];
        payload.extend(duration.to_be_bytes());
        one.bytes = packet(101, 65_520 + n as u16, 3200, 0xabcd, &payload);
    }
    let lines = run(&sent);
    assert_eq!(
        lines[1],
        "rtp.event rtp.ssrc=43981 rtp.p_type=101 rtpevent.event_id=5 rtpevent.end_of_event=true rtpevent.volume=10 \
         rtpevent.duration=800 rtp.packets=25"
    );
    assert_eq!((lines.len(), value(&lines[2], "rtp.max_jitter_ms")), (3, "0"));
    // The packets with the end are lost: the digit is told at the end of the stream.
    sent.drain(24..27);
    assert!(run(&sent)[2].contains("rtpevent.end_of_event=false"), "{:?}", run(&sent));
    assert!(fields::EVENT_ID.secret);
}

#[test]
fn jitter_is_that_of_the_rfc() {
    // Every second packet 10 ms late: |D| is 10 ms always, and J comes near to it.
    let mut sent: Vec<_> = (0..400).map(speech).collect();
    sent.iter_mut().skip(1).step_by(2).for_each(|one| one.micros += 10_000);
    let lines = run(&sent);
    assert_eq!(value(&lines[1], "rtp.max_jitter_ms"), "10");
    let by_hand: f64 = (1..400).map(|n| 10.0 * (1.0 - (15.0f64 / 16.0).powi(n))).sum::<f64>() / 399.0;
    assert!((value(&lines[1], "rtp.jitter_ms").parse::<f64>().unwrap() - by_hand).abs() < 0.002);
}

#[test]
fn the_clock_of_a_dynamic_type_is_found() {
    let opus: Vec<_> =
        (0..100u16).map(|n| sent(i64::from(n) * 20_000, packet(114, n, u32::from(n) * 960, 1, &[9; 61]))).collect();
    let lines = run(&opus);
    assert!(!lines[0].contains("clock_rate"));
    assert_eq!((value(&lines[1], "rtp.clock_rate"), value(&lines[1], "rtp.ptime_ms")), ("48000", "20"));
    assert!(!lines[1].contains("rtp.mos"));
}

#[test]
fn a_header_that_does_not_fit_is_told_where_packets_are() {
    let mut sent: Vec<_> = (0..10).map(speech).collect();
    let mut bad = sent[5].clone();
    bad.bytes.truncate(14);
    bad.bytes[0] = 0x81;
    sent[5] = bad.clone();
    assert_eq!(
        run(&sent)[1],
        "rtp.malformed rtp.p_type=0 rtp.marker=false rtp.seq=65505 at=12 what=contributing sources"
    );
    check(&[bad], &[]);
}

#[test]
fn other_protocols_are_no_streams() {
    let long = |head: &[u8]| [head, &[0x20; 60]].concat();
    let counted = |f: &dyn Fn(u8) -> Vec<u8>| (0..32).map(f).collect::<Vec<_>>();
    let others: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("DNS with ids in a row", counted(&|n| long(&[0x80, n, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, b'w']))),
        ("DNS answers", counted(&|n| long(&[0x80 + n, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]))),
        ("TFTP data", counted(&|n| long(&[0, 3, 0, n]))),
        ("TFTP ack", counted(&|n| vec![0, 4, 0, n])),
        ("STUN", counted(&|n| long(&[0, 1, 0, 0x50, 0x21, 0x12, 0xa4, 0x42, n]))),
        ("DTLS", counted(&|n| long(&[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, n]))),
        ("QUIC long", counted(&|n| long(&[0xc3, 0, 0, 0, 1, 8, n]))),
        ("QUIC short", counted(&|n| long(&[0x43, n, 0, n]))),
        ("SIP", counted(&|_| b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\n\r\n".to_vec())),
        ("syslog", counted(&|n| long(format!("<13>{n} a message of a host").as_bytes()))),
        ("TURN channel", counted(&|n| long(&[0x40, 1, 0, n]))),
        ("IAX2", counted(&|n| long(&[0x80, 1, 0, 2, 0, 0, 0, n, n, n, 6, 1]))),
        ("ESP in UDP", counted(&|n| long(&[0x80, 0, 0x12, 0x34, 0, 0, 0, n]))),
        ("RTCP", counted(&|n| long(&[0x80, 200, 0, n, 0, 0, 0, 1]))),
        ("keepalive", counted(&|_| vec![0; 4])),
        ("numbers in the place of the sequence", counted(&|n| long(&[0x80, 0, 0, n, 0, 0, 0, n, n, n, n, n]))),
    ];
    for (name, datagrams) in others {
        let taken: Vec<_> =
            datagrams.into_iter().enumerate().map(|(i, bytes)| sent(i as i64 * 20_000, bytes)).collect();
        assert_eq!(run(&taken), [""; 0], "{name}");
    }
}

#[test]
fn probe_says_what_one_packet_can() {
    let g711 = packet(0, 1, 2, 3, &[0; 160]);
    assert_eq!(packet::probe(&g711), Probe::Yes);
    assert_eq!(packet::probe(&packet(200, 1, 2, 3, &[0; 160])), Probe::No);
    assert_eq!(packet::probe(&packet(40, 1, 2, 3, &[0; 160])), Probe::NeedMore);
    assert_eq!(packet::probe(&g711[..11]), Probe::NeedMore);
    assert_eq!(packet::probe(b"\0\x01"), Probe::No);
}

#[test]
fn too_many_streams_let_the_quietest_go() {
    let many: Vec<_> = (0..20_000 + 10)
        .map(|n| Sent { expected: true, ..sent(i64::from(n), packet(0, 1, 1, n, &[0; 160])) })
        .collect();
    let lines = run(&many);
    let count = |name: &str| lines.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!((count("LIMIT max-streams"), count("rtp.start"), count("rtp.stop")), (1, many.len(), many.len()));
    // The first stop is that of the first stream.
    assert!(lines.iter().find(|l| l.starts_with("rtp.stop")).unwrap().contains("rtp.ssrc=0 "));
}

#[test]
fn any_bytes() {
    testing::any_datagram(&PROTOCOL);
}

/// What a network may do to 300 packets of speech: order to within 20, losses, repetitions.
fn network() -> impl Strategy<Value = Vec<u16>> {
    (prop::collection::vec((0u16..20, 0u8..12), 300)).prop_map(|fate| {
        let mut sent: Vec<(u16, u16)> = Vec::new();
        for (n, (delay, luck)) in (0u16..).zip(fate) {
            // The first four make the stream.
            let delay = if n < 4 || luck > 2 { 0 } else { delay };
            match luck {
                0 if n >= 4 => {}
                1 if n >= 4 => sent.extend([(n + delay, n), (n + delay + 1, n)]),
                _ => sent.push((n + delay, n)),
            }
        }
        sent.sort_by_key(|(at, _)| *at);
        sent.into_iter().map(|(_, n)| n).collect()
    })
}

/// All but what says how many copies there were.
fn without_copies(line: &str) -> String {
    let keep = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        !["rtp.packets", "rtp.copies", "rtp.first_frame", "rtp.last_frame"].contains(&name)
    };
    line.split(' ').filter(keep).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn numbers_add_up(order in network()) {
        let sent: Vec<_> = (0i64..).zip(&order).map(|(i, n)| Sent { micros: i * 20_000, ..speech(*n) }).collect();
        let lines = run(&sent);
        let stop = lines.last().unwrap();
        let number = |field: &str| value(stop, field).parse::<u64>().unwrap();
        let distinct: std::collections::HashSet<_> = order.iter().collect();
        let expected = u64::from(*order.iter().max().unwrap()) + 1;
        prop_assert_eq!(number("rtp.packets"), order.len() as u64);
        prop_assert_eq!(number("rtp.expected"), expected);
        prop_assert_eq!(number("rtp.lost"), expected - distinct.len() as u64);
        prop_assert_eq!(number("rtp.duplicates"), (order.len() - distinct.len()) as u64);
        let gaps = lines.iter().filter(|l| l.starts_with("rtp.gap")).map(|l| value(l, "rtp.missing").parse::<u64>().unwrap());
        prop_assert_eq!(gaps.sum::<u64>(), number("rtp.lost"));
    }

    #[test]
    fn a_doubled_capture_gives_the_numbers_of_the_single_one(order in network(), micros in 0i64..5000) {
        let single: Vec<_> = (0i64..).zip(&order).map(|(i, n)| Sent { micros: i * 20_000, ..speech(*n) }).collect();
        let doubled: Vec<_> = single
            .iter()
            .flat_map(|one| [one.clone(), Sent { copy: true, micros: one.micros + micros, ..one.clone() }])
            .collect();
        let (single, doubled) = (run(&single), run(&doubled));
        let counted = |lines: &[String], field| value(lines.last().unwrap(), field).parse::<u64>().unwrap();
        let packets = counted(&single, "rtp.packets");
        prop_assert_eq!(counted(&doubled, "rtp.packets"), 2 * packets);
        prop_assert_eq!(counted(&doubled, "rtp.copies"), packets);
        let bare = |lines: &[String]| lines.iter().map(|l| without_copies(l)).collect::<Vec<_>>();
        prop_assert_eq!(bare(&single), bare(&doubled));
    }

    #[test]
    fn it_does_not_matter_how_often_the_time_is_told(
        pauses in prop::collection::vec((5u16..60, 0i64..20_000_000), 1..6),
        ticks in prop::collection::vec(0i64..60_000_000, 0..40),
    ) {
        let (mut sent, mut pause, mut n) = (Vec::new(), 0, 0);
        for (count, then) in pauses {
            for _ in 0..count {
                let one = speech(n);
                n += 1;
                sent.push(Sent { micros: one.micros + pause, ..one });
            }
            pause += then;
        }
        let mut ticks = ticks;
        ticks.sort_unstable();
        prop_assert_eq!(run_with(&sent, &ticks), run(&sent));
    }

    #[test]
    fn headers_are_read_as_rtp_rs_reads_them(first in 0x80u8..=0xbf, rest in prop::collection::vec(any::<u8>(), 0..120), small: bool) {
        let mut bytes = vec![first];
        bytes.extend(rest);
        if small && bytes.len() > 20 {
            // Padding and extension that may fit.
            *bytes.last_mut().unwrap() %= 8;
            let at = 12 + usize::from(first & 0x0f) * 4;
            if let Some(len) = bytes.get_mut(at + 2..at + 4) {
                len.copy_from_slice(&[0, 3]);
            }
        }
        match (packet::read(&bytes, 0), RtpReader::new(&bytes)) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert_eq!(ours.marker, theirs.mark());
                prop_assert_eq!(ours.payload_type, theirs.payload_type());
                prop_assert_eq!(ours.seq, u16::from(theirs.sequence_number()));
                prop_assert_eq!(ours.timestamp, theirs.timestamp());
                prop_assert_eq!(ours.ssrc, theirs.ssrc());
                prop_assert_eq!((ours.payload_at, ours.payload_len), (theirs.payload_offset(), theirs.payload().len()));
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{ours:?} {theirs:?}"),
        }
    }
}
