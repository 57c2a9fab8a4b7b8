//! Captures made to exhaust a reader: time stays linear in the frames, and memory bounded.
//!
//! `cargo test --test adversarial` runs each story small, against a bound that only quadratic work exceeds.
//! `cargo test --release --test adversarial -- --ignored --test-threads 1` runs each at full size in a process of its
//! own and prints frames, seconds, and the peak of memory.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use offhook::model::{Site, load};
use offhook::pipeline::{self, Options, Pipeline, Unwatched};
use offhook::source::mem::FrameBuf;
use offhook::source::{Frame, Notes};
use offhook::synth::frame::{ACK, Ip, RST, SYN, Tcp, ethernet, ipv4, tcp, udp};
use offhook::synth::{cdp, dhcp};
use offhook::time::{Span, Ts};

/// Frames, one after the other.
type Frames = Box<dyn Iterator<Item = Vec<u8>>>;

struct Story {
    name: &'static str,
    /// Makes so many frames (about).
    frames: fn(u32) -> Frames,
    /// How many in the daily test, and at full size.
    sizes: (u32, u32),
}

/// Between two frames.
fn step(story: &Story, frame: u64) -> Span {
    match story.name {
        "streams_then_days" if frame > STREAMS.into() => Span::from_secs(1),
        _ => Span::from_nanos(100_000),
    }
}

const STORIES: &[Story] = &[
    Story { name: "syn_flood", frames: syn_flood, sizes: (20_000, 1_000_000) },
    Story { name: "one_port_opens_and_is_refused", frames: syn_and_reset, sizes: (20_000, 1_000_000) },
    Story { name: "udp_flows", frames: udp_flows, sizes: (20_000, 1_000_000) },
    Story { name: "fragments_never_complete", frames: fragments, sizes: (20_000, 1_000_000) },
    Story { name: "empty_last_fragments", frames: empty_fragments, sizes: (20_000, 1_000_000) },
    Story { name: "half_sip_messages", frames: half_sip, sizes: (5_000, 100_000) },
    Story { name: "one_phone_registers", frames: registrations, sizes: (2_000, 100_000) },
    Story { name: "strangers_get_names", frames: strangers, sizes: (10_000, 100_000) },
    Story { name: "strangers_ask_and_go", frames: askers, sizes: (20_000, 1_000_000) },
    Story { name: "leases_of_one_phone", frames: leases, sizes: (10_000, 1_000_000) },
    Story { name: "phones_on_one_link", frames: on_link, sizes: (20_000, 1_000_000) },
    Story { name: "bytes_out_of_order", frames: out_of_order, sizes: (20_000, 1_000_000) },
    Story { name: "gaps_in_many_flows", frames: gaps_in_many_flows, sizes: (20_000, 1_000_000) },
    Story { name: "http_may_go_on", frames: http_letters, sizes: (20_000, 1_000_000) },
    Story { name: "endless_request_line", frames: endless_line, sizes: (20_000, 1_000_000) },
    Story { name: "contacts", frames: contacts, sizes: (8, 1_000) },
    Story { name: "dhcp_overloads", frames: overloads, sizes: (8, 1_000) },
    Story { name: "dns_pointers", frames: pointers, sizes: (20, 1_000) },
    Story { name: "lines_in_lines", frames: lines_in_lines, sizes: (20, 10_000) },
    Story { name: "streams_then_days", frames: streams_then_days, sizes: (40_000, 400_000) },
    Story { name: "blanks_before_references", frames: references, sizes: (1, 100) },
    Story { name: "calls", frames: calls, sizes: (5_000, 300_000) },
];

fn main() {
    let arguments = Arguments::from_args();
    if let Ok(name) = std::env::var("OFFHOOK_ADVERSARY") {
        let story = STORIES.iter().find(|story| story.name == name).expect("a story of that name");
        let (frames, took) = play(story, story.sizes.1);
        let ns = took.as_nanos() as f64 / frames as f64;
        println!("{name:32} {frames:>9} frames {:>8.2} s {ns:>9.0} ns/frame {:>7} kB", took.as_secs_f64(), peak_kb());
        return;
    }
    let mut trials = Vec::new();
    for story in STORIES {
        trials.push(Trial::test(format!("small::{}", story.name), move || small(story)));
        trials.push(Trial::test(format!("full::{}", story.name), move || full(story)).with_ignored_flag(true));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// No small story takes a second; what is quadratic takes minutes.
fn small(story: &Story) -> Result<(), Failed> {
    let (_, took) = play(story, story.sizes.0);
    if took > Duration::from_secs(15) { Err(format!("took {took:?}").into()) } else { Ok(()) }
}

fn full(story: &Story) -> Result<(), Failed> {
    let me = std::env::current_exe()?;
    let output = std::process::Command::new(me).env("OFFHOOK_ADVERSARY", story.name).output()?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned().into()) }
}

fn play(story: &Story, size: u32) -> (u64, Duration) {
    let schema = pipeline::schema();
    let models = load::load(&load::builtin(), &schema, &Site::default()).models().expect("the models are sound");
    let mut pipeline = Pipeline::new(&schema, Arc::new(models), &Options::default(), Unwatched);
    let began = Instant::now();
    let (mut number, mut time) = (0, Ts::from_nanos(1_700_000_000_000_000_000));
    for bytes in (story.frames)(size) {
        number += 1;
        time += step(story, number);
        let frame = FrameBuf::ethernet(time, bytes);
        pipeline.frame(&Frame { number, ..frame.frame(number) });
    }
    pipeline.finish(&Notes::default());
    (number, began.elapsed())
}

/// The most memory this process ever had; 0 where the system does not say.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 10);
const MACS: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1]];

fn host(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a80_0000 | n & 0x003f_ffff)
}

fn packet(src: Ipv4Addr, dst: Ipv4Addr, proto: u8, payload: &[u8]) -> Vec<u8> {
    let ip = Ip { src, dst, proto, id: 0, tos: 0, ttl: 64 };
    let mut frame = ethernet(MACS[0], MACS[1], None, 0x0800, &ipv4(ip, payload));
    // Each its own IP id, or the next would be taken for a copy that a SPAN port made.
    let id =
        frame.get(34..).map_or(0, |rest| rest.iter().fold(7u16, |n, b| n.wrapping_mul(31).wrapping_add((*b).into())));
    frame[18..20].copy_from_slice(&id.to_be_bytes());
    frame
}

fn datagram(src: Ipv4Addr, sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    packet(src, SERVER, 17, &udp(src, SERVER, sport, dport, payload))
}

fn segment(src: Ipv4Addr, sport: u16, dport: u16, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    packet(src, SERVER, 6, &tcp(src, SERVER, Tcp { sport, dport, seq, ack: 0, flags }, payload))
}

fn syn_flood(n: u32) -> Frames {
    Box::new((0..n).map(|i| segment(host(i / 7), (i % 60_000 + 1024) as u16, 5060, i, SYN, b"")))
}

fn syn_and_reset(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let syn = Tcp { sport: 50_000, dport: 5060, seq: i, ack: 0, flags: SYN };
        let reset = Tcp { sport: 5060, dport: 50_000, seq: 0, ack: i, flags: RST | ACK };
        let (a, b) = (host(1), SERVER);
        if i % 2 == 0 { packet(a, b, 6, &tcp(a, b, syn, b"")) } else { packet(b, a, 6, &tcp(b, a, reset, b"")) }
    }))
}

fn udp_flows(n: u32) -> Frames {
    Box::new((0..n).map(|i| datagram(host(i / 50_000), (i % 50_000 + 1024) as u16, 4000, &i.to_be_bytes())))
}

fn fragment(id: u32, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let ip = Ip { src: host(id >> 16), dst: SERVER, proto: 17, id: id as u16, tos: 0, ttl: 64 };
    let mut frame = ethernet(MACS[0], MACS[1], None, 0x0800, &ipv4(ip, payload));
    let bits = offset / 8 | if more { 0x2000 } else { 0 };
    frame[20..22].copy_from_slice(&bits.to_be_bytes());
    frame
}

fn fragments(n: u32) -> Frames {
    Box::new((0..n).map(|i| fragment(i, 0, true, &[0; 64])))
}

fn empty_fragments(n: u32) -> Frames {
    // The time differs, and so does the padding: no two frames are the same.
    Box::new((0..n).map(|i| {
        let mut frame = fragment(1, 8000, false, b"");
        let ttl = frame.len() - 4;
        frame[ttl..].copy_from_slice(&i.to_be_bytes());
        frame[19] = 1;
        frame
    }))
}

fn half_sip(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let text = format!(
            "REGISTER sip:10.1.1.10 SIP/2.0\r\nFrom: <sip:1@x>;tag={i}\r\nCall-ID: {i}@x\r\nCSeq: 1 REGISTER\r\nX: {}\r\n",
            "y".repeat(900)
        );
        segment(host(i / 50_000), (i % 50_000 + 1024) as u16, 5060, 1, ACK, text.as_bytes())
    }))
}

fn register(i: u32, name: &str, src: Ipv4Addr, method: &str) -> Vec<u8> {
    let text = format!(
        "{method} sip:10.1.1.10 SIP/2.0\r\nVia: SIP/2.0/UDP {src}:5060;branch=z9hG4bK{i}\r\nFrom: <sip:1001@10.1.1.10>;tag={i}\r\n\
         To: <sip:1001@10.1.1.10>\r\nCall-ID: {i}@{src}\r\nCSeq: {i} {method}\r\nUser-Agent: Cisco-CP7821/12.1.1\r\n\
         Contact: <sip:1@{src}:5060>;+u.sip!devicename.ccm.cisco.com=\"{name}\"\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n"
    );
    datagram(src, 5060, 5060, text.as_bytes())
}

fn registrations(n: u32) -> Frames {
    Box::new((0..n).map(|i| register(i, "SEP001122334455", host(1), "REGISTER")))
}

fn calls(n: u32) -> Frames {
    Box::new((0..n).map(|i| register(i, "SEP001122334455", host(1), "INVITE")))
}

fn read_request(i: u32, file: &str) -> Vec<u8> {
    let request = [b"\0\x01", file.as_bytes(), b"\0octet\0"].concat();
    datagram(host(i), 50_000, 69, &request)
}

/// Each asks for something that makes no phone, then for its own file.
fn strangers(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let host = i / 2;
        if i % 2 == 0 {
            read_request(host, "ringlist.xml")
        } else {
            read_request(host, &format!("SEP{:012X}.cnf.xml", host))
        }
    }))
}

fn askers(n: u32) -> Frames {
    Box::new((0..n).map(|i| read_request(i, "ringlist.xml")))
}

fn leases(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let mac = [0, 0x11, 0x22, 0x33, 0x44, 0x55];
        let head = dhcp::Head { xid: i, secs: 0, mac, has: host(i), gives: Ipv4Addr::UNSPECIFIED };
        let client = dhcp::Client { name: "SEP001122334455", model: "CP-7821", wants: None, server: None };
        let bytes = dhcp::from_phone(dhcp::Kind::Request, head, client);
        packet(host(i), SERVER, 17, &udp(host(i), SERVER, 68, 67, &bytes))
    }))
}

fn on_link(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let mac = [0, 0x11, 0x22, (i >> 16) as u8, (i >> 8) as u8, i as u8];
        let name = format!("SEP001122{:06X}", i & 0xff_ffff);
        let (ip, platform) = (Ipv4Addr::UNSPECIFIED, "Cisco IP Phone 7821");
        cdp::phone(mac, cdp::Phone { name: &name, ip, load: "sip78xx", platform, power: &[6300], asks_vlan: true })
    }))
}

/// A connection of which the second byte never comes; what follows comes backwards, a byte at a time.
fn out_of_order(n: u32) -> Frames {
    let first = segment(host(1), 50_000, 5060, 1_000_000_000, ACK, b"RE");
    Box::new(std::iter::once(first).chain((0..n).map(move |i| {
        let seq = 1_000_000_010 + if i % 2 == 0 { 2 * (n - i) } else { i };
        segment(host(1), 50_000, 5060, seq, ACK, b"x")
    })))
}

/// A thousand bytes behind a gap in each of many connections.
fn gaps_in_many_flows(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let (flow, later) = (i / 2, i % 2);
        let payload = vec![b'x'; if later == 0 { 2 } else { 1000 }];
        segment(host(flow / 50_000), (flow % 50_000 + 1024) as u16, 5060, 1 + later * 500, ACK, &payload)
    }))
}

/// After a gap HTTP waits for a frame that begins with a message: each of these may, and none does.
fn http_letters(n: u32) -> Frames {
    let request = segment(host(1), 50_000, 80, 1, ACK, b"GET / HTTP/1.1\r\n\r\n\x01\x02\x03");
    Box::new(std::iter::once(request).chain((0..n).map(|i| segment(host(1), 50_000, 80, 22 + i, ACK, b"G"))))
}

fn endless_line(n: u32) -> Frames {
    let request = segment(host(1), 50_000, 80, 1, ACK, b"OPTIONS *");
    Box::new(std::iter::once(request).chain((0..n).map(|i| segment(host(1), 50_000, 80, 10 + i, ACK, b"x"))))
}

fn contacts(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let list = match i % 3 {
            0 => "a:,".repeat(20_000),
            1 => "<a:b>,".repeat(10_000),
            _ => "\"\"a:,".repeat(12_000),
        };
        let text = format!(
            "REGISTER sip:10.1.1.10 SIP/2.0\r\nCall-ID: {i}\r\nCSeq: 1 REGISTER\r\nContact: {list}\r\nContent-Length: 0\r\n\r\n"
        );
        datagram(host(1), 5060, 5060, text.as_bytes())
    }))
}

fn overloads(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let mut bytes = vec![0; 236];
        bytes[..4].copy_from_slice(&[1, 1, 6, 0]);
        bytes[4..8].copy_from_slice(&i.to_be_bytes());
        bytes[44..236].fill(1);
        // Options of length 1 in both areas, and a message full of words that say they are there.
        for at in (44..234).step_by(3) {
            bytes[at..at + 3].copy_from_slice(&[12, 1, b'x']);
        }
        bytes.extend([0x63, 0x82, 0x53, 0x63]);
        bytes.extend([52, 1, 3].repeat(10_000));
        bytes.extend([15, 1, b'x'].repeat(10_000));
        datagram(host(1), 68, 67, &bytes)
    }))
}

fn pointers(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let mut bytes = vec![0, i as u8, 0x80, 0, 0, 0, 0x0f, 0xff, 0, 0, 0, 0];
        // Each record's name is a pointer to the pointer before it.
        bytes.extend([0, 0, 16, 0, 1, 0, 0, 0, 0, 0x3c, 0]);
        let data = bytes.len();
        let mut last = 12u16;
        while bytes.len() < data + 0x3c00 {
            let at = bytes.len() as u16;
            bytes.extend((0xc000 | last).to_be_bytes());
            last = at;
        }
        while bytes.len() < 60_000 {
            bytes.extend((0xc000 | last).to_be_bytes());
            bytes.extend([0, 16, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        packet(SERVER, host(1), 17, &udp(SERVER, host(1), 53, 50_000, &bytes))
    }))
}

/// So many streams of which one goes on.
const STREAMS: u32 = 20_000;

fn streams_then_days(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let flow = if i < STREAMS { i } else { 0 };
        let mut packet = vec![0x80, 0];
        packet.extend((i as u16).to_be_bytes());
        packet.extend((i * 160).to_be_bytes());
        packet.extend(flow.to_be_bytes());
        packet.extend([0xff; 160]);
        datagram(host(1), (flow + 16_384) as u16, 20_000, &packet)
    }))
}

/// A configuration whose one text begins with a million blanks and goes on with character references.
fn references(n: u32) -> Frames {
    Box::new((0..n).flat_map(|i| {
        let text = format!("<device><a>{}x{}</a></device>", " ".repeat(1_000_000), "&lt;".repeat(200_000));
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", text.len());
        let ask = format!("GET /SEP{i:012X}.cnf.xml HTTP/1.1\r\nHost: x\r\n\r\n");
        let client = host(i);
        let from_server = move |seq: u32, bytes: &[u8]| {
            let tcp = tcp(SERVER, client, Tcp { sport: 6970, dport: 50_000, seq, ack: 0, flags: ACK }, bytes);
            packet(SERVER, client, 6, &tcp)
        };
        let mut frames = vec![segment(client, 50_000, 6970, 1, ACK, ask.as_bytes())];
        let mut seq = 1;
        for piece in [head, text].concat().as_bytes().chunks(60_000) {
            frames.push(from_server(seq, piece));
            seq += piece.len() as u32;
        }
        frames
    }))
}

/// PPPoE that carries Cisco HDLC that carries PPPoE.
fn lines_in_lines(n: u32) -> Frames {
    Box::new((0..n).map(|i| {
        let line = [0x11, 0, 0, 1, 0xff, 0xff, 0x0f, 0, 0x88, 0x64].repeat(6000);
        let mut frame = ethernet(MACS[0], MACS[1], None, 0x8864, &line);
        frame.extend(i.to_be_bytes());
        frame
    }))
}
