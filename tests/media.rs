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
