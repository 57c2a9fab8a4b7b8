//! What the steady state costs the allocator: nothing.
//!
//! A phone boots and registers (a story of `offhook synth`); then one flow goes on and on through
//! `Pipeline::frame`, with all models. After a warm-up further packets of a flow that is known must not allocate.
//! This file is a program of its own, so that nobody else's allocations are counted.

use std::alloc::System;
use std::net::Ipv4Addr;
use std::sync::Arc;

use offhook::event::Schema;
use offhook::model::{Models, Site, load};
use offhook::pipeline::{Options, Pipeline, Unwatched, schema};
use offhook::source::{self, Notes};
use offhook::synth::frame::{ACK, Ip, PSH, SYN, Tcp, ethernet, ipv4, tcp, udp};
use offhook::synth::{self, Frame};
use offhook::time::{Span, Ts};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Packets before the counting begins, two seconds apart: every deadline of the boot has passed by then.
const WARM: u32 = 4_000;
/// Packets that are counted, 20 ms apart.
const COUNTED: u32 = 10_000;

const PHONE: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 50);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 51);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 10);

fn main() {
    let schema = schema();
    let models = load::load(&load::builtin(), &schema, &Site::default()).models().expect("the built-in models");
    let models = Arc::new(models);
    let mut failed = false;
    let cases: [(&str, &str, &dyn Fn(u32) -> Vec<u8>); 5] = [
        ("a packet of a known RTP stream", "rtp", &rtp),
        ("a segment that is sent again and again", "sip", &same_segment),
        ("a segment of a connection that nobody reads", "sip", &unread),
        ("a segment of encrypted signalling", "sip", &tls),
        ("an acknowledgement", "sip", &acknowledgement),
    ];
    for (what, proto, packet) in cases {
        let allocations = allocations(&schema, &models, proto, packet);
        println!("{what}: {allocations} allocations in {COUNTED} packets");
        failed |= allocations > 0;
    }
    assert!(!failed, "the steady state allocates");
}

/// The allocations (and reallocations) of the packets that follow the warm-up; `proto` has to be seen in them all.
fn allocations(schema: &Schema, models: &Arc<Models>, proto: &str, packet: &dyn Fn(u32) -> Vec<u8>) -> usize {
    let story = synth::story("boot-known-phone-http").expect("the story");
    let boot = synth::capture(story, &synth::Options::default());
    let last = boot.last().map_or(Ts::ZERO, |frame| frame.time);
    let further: Vec<Frame> = (0..WARM + COUNTED)
        .map(|n| {
            let bytes = packet(n);
            let wire_len = bytes.len() as u32;
            let after = Span::from_secs(2 * i64::from(n.min(WARM))) + Span::from_millis(20 * i64::from(n.max(WARM)));
            Frame { time: last + after, bytes, wire_len }
        })
        .collect();
    let mut pipeline = Pipeline::new(schema, Arc::clone(models), &Options::default(), Unwatched);
    let warm = boot.len() + WARM as usize;
    let mut region = None;
    for (number, Frame { time, bytes, wire_len }) in (1..).zip(boot.iter().chain(&further)) {
        if number == warm as u64 + 1 {
            region = Some(Region::new(MEMORY));
        }
        pipeline.frame(&source::Frame { number, time: *time, interface: 0, link: 1, bytes, wire_len: *wire_len });
    }
    let change = region.expect("enough frames").change();
    let (outcome, _) = pipeline.finish(&Notes::default());
    assert_eq!((outcome.summary.packets, outcome.phones.all().count()), ((warm + COUNTED as usize) as u64, 1));
    assert!(outcome.summary.seen.iter().any(|(seen, _)| *seen == proto), "{proto} was not read");
    change.allocations + change.reallocations
}

/// Packet `n` from the phone.
fn from_phone(n: u32, dst: Ipv4Addr, proto: u8, payload: &[u8]) -> Vec<u8> {
    let ip = Ip { src: PHONE, dst, proto, id: n as u16, tos: 0xb8, ttl: 64 };
    ethernet([2, 0, 0, 0, 0, 1], [0, 0x11, 0x22, 0x33, 0x44, 0x55], None, 0x0800, &ipv4(ip, payload))
}

fn rtp(n: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend((n as u16).to_be_bytes());
    packet.extend((160 * n).to_be_bytes());
    packet.extend([0xde, 0xad, 0xbe, 0xef]);
    packet.extend([0xff; 160]);
    from_phone(n, OTHER, 17, &udp(PHONE, OTHER, 24_576, 24_578, &packet))
}

/// The opening of a connection, then what `data` says.
fn connection(n: u32, port: u16, data: impl Fn(u32) -> (u32, u8, Vec<u8>)) -> Vec<u8> {
    let (seq, flags, payload) = if n == 0 { (0, SYN, Vec::new()) } else { data(n - 1) };
    let head = Tcp { sport: 50_123, dport: port, seq: 1_000 + seq, ack: u32::from(n > 0), flags };
    from_phone(n, SERVER, 6, &tcp(PHONE, SERVER, head, &payload))
}

fn same_segment(n: u32) -> Vec<u8> {
    connection(n, 5060, |_| (1, PSH | ACK, b"OPTIONS sip:10.1.1.10 SIP/2.0\r\nContent-Length: 0\r\n\r\n".to_vec()))
}

fn unread(n: u32) -> Vec<u8> {
    connection(n, 22, |n| (1 + 100 * n, PSH | ACK, vec![0xee; 100]))
}

/// A ClientHello would be read; a connection that was there before the capture has records alone.
fn tls(n: u32) -> Vec<u8> {
    connection(n, 5061, |n| {
        let mut record = vec![23, 3, 3, 0, 95];
        record.extend([n as u8; 95]);
        (1 + 100 * n, PSH | ACK, record)
    })
}

fn acknowledgement(n: u32) -> Vec<u8> {
    connection(n, 5060, |_| (1, ACK, Vec::new()))
}
