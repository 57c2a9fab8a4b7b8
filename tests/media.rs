//! Media through all stages: announced, beside other things on the same ports, in doubled captures, and mistaken for
//! nothing else.

use std::net::Ipv4Addr;
use std::sync::Arc;

use offhook::event::Event;
use offhook::model::{Site, load};
use offhook::phone::{Concerned, Phones};
use offhook::pipeline::{self, Options, Pipeline, Watch};
use offhook::source::Notes;
use offhook::source::mem::FrameBuf;
use offhook::synth::frame;
use offhook::time::{Span, Ts};

/// A pipeline that judges nothing.
fn pipeline_of(options: &Options, watch: Lines) -> Pipeline<Lines> {
    let schema = pipeline::schema();
    let models = load::load(&[], &schema, &Site::default()).models().expect("no models are models");
    Pipeline::new(&schema, Arc::new(models), options, watch)
}

/// The names of events with a few of their fields.
#[derive(Default)]
struct Lines(Vec<String>);

const SHOWN: &[&str] = &["rtp.ssrc", "rtp.packets", "rtp.announced", "rtcp.pt"];

impl Watch for Lines {
    fn event(&mut self, event: &Event<'_>, _: &[Concerned], _: &Phones) {
        let shown = event.fields.iter().filter(|field| SHOWN.contains(&field.def.name));
        let fields: String = shown.map(|field| format!(" {}", field.value)).collect();
        self.0.push(format!("{}{fields}", event.def.name));
    }
}

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// A capture of datagrams from A to B: milliseconds, ports, payload.
#[derive(Default)]
struct Capture(Vec<FrameBuf>);

impl Capture {
    fn add(&mut self, millis: i64, ports: (u16, u16), payload: &[u8]) {
        let id = self.0.len() as u16 + 1;
        let udp = frame::udp(A, B, ports.0, ports.1, payload);
        let ip = frame::ipv4(frame::Ip { src: A, dst: B, proto: 17, id, tos: 0xb8, ttl: 64 }, &udp);
        let bytes = frame::ethernet([2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1], None, 0x0800, &ip);
        let time = Ts::from_nanos(1_700_000_000_000_000_000) + Span::from_millis(millis);
        self.0.push(FrameBuf::ethernet(time, bytes));
    }

    /// An offer whose audio A wants at `port`.
    fn offer(&mut self, millis: i64, port: u16) {
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        );
        let message = format!(
            "INVITE sip:2@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:1@10.0.0.1>;tag=1\r\n\
             To: <sip:2@10.0.0.2>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.add(millis, (5060, 5060), message.as_bytes());
    }

    /// A frame again, as a SPAN port copies it.
    fn doubled(&self, later: Span) -> Capture {
        let twice = |one: &FrameBuf| [one.clone(), FrameBuf { time: one.time + later, ..one.clone() }];
        Capture(self.0.iter().flat_map(twice).collect())
    }

    #[track_caller]
    fn check(&self, expected: &[&str]) {
        assert_eq!(self.run(&Options::default()), expected);
    }

    fn run(&self, options: &Options) -> Vec<String> {
        let mut pipeline = pipeline_of(options, Lines::default());
        for (number, one) in (1..).zip(&self.0) {
            pipeline.frame(&one.frame(number));
        }
        let lines = pipeline.finish(&Notes::default()).1;
        lines.0.into_iter().filter(|line| ["rtp.", "rtcp.", "dns."].iter().any(|p| line.starts_with(p))).collect()
    }
}

fn speech(n: u8) -> Vec<u8> {
    [&[0x80, 0, 0, n, 0, 0, n, 0, 0, 0, 0, 7][..], &[0xff; 160]].concat()
}

const STUN: &[u8] = b"\0\x01\0\0\x21\x12\xa4\x42............";
const REPORT: &[u8] = b"\x80\xc9\0\x01\0\0\0\x07\x81\xcb\0\x01\0\0\0\x07";

#[test]
fn announced_media_is_believed_at_once() {
    let mut capture = Capture::default();
    capture.offer(0, 20000);
    capture.add(100, (20000, 30000), &speech(1));
    capture.add(120, (20000, 30002), &speech(2));
    capture.check(&["rtp.start 7 true", "rtp.start 7 true", "rtp.stop 7 1 true", "rtp.stop 7 1 true"]);
}

#[test]
fn an_announcement_that_comes_late_counts_for_what_runs() {
    let mut capture = Capture::default();
    capture.add(0, (20000, 30000), &speech(1));
    capture.offer(10, 20000);
    capture.add(20, (20000, 30000), &speech(2));
    capture.check(&["rtp.start 7 true", "rtp.stop 7 2 true"]);
}

#[test]
fn media_may_begin_with_other_things_and_share_its_ports() {
    let mut capture = Capture::default();
    capture.offer(0, 20000);
    for n in 0..6 {
        capture.add(n * 10, (20000, 30000), STUN);
    }
    for n in 0..10 {
        capture.add(100 + i64::from(n) * 20, (20000, 30000), &speech(n));
        if n % 4 == 0 {
            capture.add(101 + i64::from(n) * 20, (20000, 30000), STUN);
            capture.add(102 + i64::from(n) * 20, (20000, 30000), REPORT);
        }
    }
    let report = ["rtcp.report 201", "rtcp.bye 203"];
    let middle = [&["rtp.start 7 true"][..], &report, &report, &report, &["rtp.stop 7 10 true"]].concat();
    capture.check(&middle);
    // Nothing announced it: four packets in sequence are needed, and RTCP in between does no harm.
    let unannounced = Capture(capture.0.split_off(1 + 6));
    let middle = [&report[..], &["rtp.start 7 false"], &report, &report, &["rtp.stop 7 10 false"]].concat();
    unannounced.check(&middle);
}

#[test]
fn a_flow_that_only_looked_like_media_is_given_back() {
    let mut capture = Capture::default();
    capture.add(0, (20000, 30000), &speech(1));
    capture.offer(50, 9);
    let invite = "OPTIONS sip:2@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2\r\nFrom: <sip:1@10.0.0.1>;tag=1\r\n\
                  To: <sip:2@10.0.0.2>\r\nCall-ID: 2\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    capture.add(100, (20000, 30000), invite.as_bytes());
    let mut pipeline = pipeline_of(&Options::default(), Lines::default());
    for (number, one) in (1..).zip(&capture.0) {
        pipeline.frame(&one.frame(number));
    }
    let lines = pipeline.finish(&Notes::default()).1.0;
    assert_eq!(lines.iter().filter(|line| line.starts_with("sip.request")).count(), 2, "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("rtp.")), "{lines:?}");
}

#[test]
fn names_asked_with_odd_ids_are_no_media() {
    let mut capture = Capture::default();
    for n in 0..20u8 {
        let query = [&[0x80, n, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a'][..], &[0, 0, 1, 0, 1]].concat();
        capture.add(i64::from(n) * 20, (20000, 53), &query);
    }
    let lines = capture.run(&Options::default());
    assert_eq!(lines, ["dns.query"; 20]);
}

#[test]
fn rtcp_is_next_to_its_media_even_if_it_is_hidden() {
    let mut capture = Capture::default();
    capture.offer(0, 20000);
    // Feedback of SRTCP: nothing but its first bytes can be read.
    capture.add(
        50,
        (20001, 30001),
        &[b"\x80\xcd\0\x02\0\0\0\x07".as_slice(), &[0x55; 20], b"\x80\0\0\x01", &[9; 10]].concat(),
    );
    capture.check(&["rtcp.feedback 205"]);
    capture.0.remove(0);
    capture.check(&[]);
}

#[test]
fn a_doubled_capture_gives_the_numbers_of_the_single_one() {
    let mut capture = Capture::default();
    capture.offer(0, 20000);
    for n in 0..120u8 {
        if n % 10 != 3 {
            capture.add(100 + i64::from(n) * 20, (20000, 30000), &speech(n));
        }
        if n % 40 == 0 {
            capture.add(105 + i64::from(n) * 20, (20001, 30001), REPORT);
        }
    }
    let single = capture.run(&Options::default());
    assert!(single.contains(&"rtp.stop 7 108 true".to_owned()), "{single:?}");
    for micros in [0, 1, 5_000, 19_000] {
        let doubled = capture.doubled(Span::from_nanos(micros * 1000));
        assert_eq!(doubled.run(&Options::default()), single, "{micros} µs");
    }
    // `decode` shows every frame: the packets are those of the capture, all else is not.
    let shown = Options { show_duplicates: true, ..Options::default() };
    assert!(capture.doubled(Span::from_millis(1)).run(&shown).contains(&"rtp.stop 7 216 true".to_owned()));
}

#[test]
fn a_stream_ends_before_what_comes_ten_seconds_later() {
    let mut capture = Capture::default();
    for n in 0..8 {
        capture.add(i64::from(n) * 20, (20000, 30000), &speech(n));
    }
    capture.add(30_000, (40000, 53), b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01");
    capture.check(&["rtp.start 7 false", "rtp.stop 7 8 false", "dns.query"]);
}

/// The fields of the events of a kind, without those of the frame.
fn told(capture: &Capture, event: &str, shown: &[&str]) -> Vec<String> {
    struct Told<'t>(&'t str, &'t [&'t str], Vec<String>);
    impl Watch for Told<'_> {
        fn event(&mut self, event: &Event<'_>, _: &[Concerned], _: &Phones) {
            if event.def.name == self.0 {
                let shown = event.fields.iter().filter(|field| self.1.contains(&field.def.name));
                self.2.push(shown.map(|field| field.value.to_string()).collect::<Vec<_>>().join(" "));
            }
        }
    }
    let schema = pipeline::schema();
    let models = load::load(&[], &schema, &Site::default()).models().expect("no models are models");
    let mut pipeline = Pipeline::new(&schema, Arc::new(models), &Options::default(), Told(event, shown, Vec::new()));
    for (number, one) in (1..).zip(&capture.0) {
        pipeline.frame(&one.frame(number));
    }
    pipeline.finish(&Notes::default()).1.2
}

fn offer_of(capture: &mut Capture, profile: &str, formats: &str, maps: &str) {
    let body = format!("v=0\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 20000 {profile} {formats}\r\n{maps}");
    let message = format!(
        "INVITE sip:2@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:1@10.0.0.1>;tag=1\r\n\
         To: <sip:2@10.0.0.2>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    capture.add(0, (5060, 5060), message.as_bytes());
}

fn packet(kind: u8, n: u8, ticks: u32, payload: &[u8]) -> Vec<u8> {
    [&[0x80, kind, 0, n][..], &(ticks * u32::from(n)).to_be_bytes(), &[0, 0, 0, 7], payload].concat()
}

#[test]
fn signalling_names_dynamic_payload_types_and_srtp() {
    let mut capture = Capture::default();
    let maps = "a=rtpmap:114 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 telephone-event/8000\r\n";
    offer_of(&mut capture, "RTP/SAVP", "114 0 97", maps);
    for n in 0..4 {
        capture.add(100 + i64::from(n) * 20, (20000, 30000), &packet(114, n, 960, &[0x55; 90]));
    }
    // A digit, which SRTP hides: no change of the codec.
    for n in 4..12 {
        capture.add(100 + i64::from(n) * 20, (20000, 30000), &packet(97, n, 0, &[0x55; 14]));
    }
    let fields = ["rtp.p_type", "rtp.codec", "rtp.clock_rate", "rtp.secured", "rtp.both_ways"];
    assert_eq!(told(&capture, "rtp.start", &fields), ["114 opus true 48000"]);
    assert_eq!(told(&capture, "rtp.stop", &fields), ["97 114 opus 48000 true false"]);
    assert!(told(&capture, "rtp.change", &fields).is_empty());

    let mut plain = Capture::default();
    offer_of(&mut plain, "RTP/AVP", "114 97", &maps.replace("97 tele", "98 tele"));
    for n in 0..4 {
        plain.add(100 + i64::from(n) * 20, (20000, 30000), &packet(114, n, 960, &[0x55; 90]));
    }
    // Payload type 98 is that of digits, 97 of nobody knows what.
    for n in 4..7 {
        plain.add(100 + i64::from(n) * 20, (20000, 30000), &packet(98, n, 0, &[5, 0x8a, 0, 160]));
    }
    let digit = ["rtp.p_type", "rtpevent.event_id", "rtpevent.end_of_event"];
    assert_eq!(told(&plain, "rtp.event", &digit), ["98 5 true"]);
    assert_eq!(told(&plain, "rtp.start", &["rtp.secured"]), ["false"]);
    plain.0.remove(0);
    assert_eq!(told(&plain, "rtp.start", &["rtp.codec", "rtp.secured"]), [""], "nobody said what 114 is");
}

#[test]
fn audio_in_one_direction_is_told_from_audio_in_both() {
    let mut capture = Capture::default();
    for n in 0..10 {
        capture.add(i64::from(n) * 20, (20000, 30000), &speech(n));
    }
    assert_eq!(told(&capture, "rtp.stop", &["rtp.both_ways"]), ["false"]);
    let back = |capture: &mut Capture, millis: i64, n: u8| {
        let udp = frame::udp(B, A, 30000, 20000, &speech(n));
        let ip = frame::ipv4(frame::Ip { src: B, dst: A, proto: 17, id: 500, tos: 0xb8, ttl: 64 }, &udp);
        let bytes = frame::ethernet([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2], None, 0x0800, &ip);
        let time = Ts::from_nanos(1_700_000_000_000_000_000) + Span::from_millis(millis);
        capture.0.push(FrameBuf::ethernet(time, bytes));
    };
    for n in 0..10 {
        back(&mut capture, 200 + i64::from(n) * 20, n);
    }
    assert_eq!(told(&capture, "rtp.stop", &["rtp.both_ways"]), ["true", "true"]);
    // What comes a minute later is another call.
    let mut later = Capture::default();
    for n in 0..10 {
        later.add(i64::from(n) * 20, (20000, 30000), &speech(n));
    }
    for n in 0..10 {
        back(&mut later, 60_000 + i64::from(n) * 20, n);
    }
    assert_eq!(told(&later, "rtp.stop", &["rtp.both_ways"]), ["false", "false"]);
}

#[test]
fn a_gap_has_a_length() {
    let mut capture = Capture::default();
    for n in (0..120u8).filter(|n| !(20..25).contains(n)) {
        capture.add(i64::from(n) * 20, (20000, 30000), &packet(0, n, 160, &[0xff; 160]));
    }
    assert_eq!(told(&capture, "rtp.gap", &["rtp.seq", "rtp.missing", "rtp.gap_ms"]), ["20 5 100"]);
}
