//! Bounds: each has an option, reaching it is told by the name of that option, and its default is not reached.

mod common;

use std::net::Ipv4Addr;

use common::wire::{PHONE, PHONE_MAC, SERVER, Wire};
use common::{Ran, offhook, offhook_with};
use offhook::synth::frame::{Ip, arp, ethernet, ipv4_fragments, udp};
use offhook::synth::tftp;
use serde_json::Value;

/// Which bounds a report tells of.
fn told(ran: &Ran) -> Vec<String> {
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    let findings = report["findings"].as_array().into_iter().flatten();
    let limits = findings.filter(|f| f["id"] == "capture.limit").filter_map(|f| f["why"].as_str());
    let name = |why: &str| why.split("--").nth(1)?.split(' ').next().map(str::to_owned);
    limits.filter_map(name).collect()
}

/// With the bound so tight it is told, on one thread and on two; with its default it is not.
fn check(bound: &str, value: &str, capture: &[u8], default_holds: bool) {
    let option = format!("--{bound}");
    // A sequence is over early where only few may run.
    let few: &[&str] = if bound == "max-ended" { &["--max-runs", "2"] } else { &[] };
    let judge = |arguments: &[&str]| {
        let all = [&["check", "--format", "json"], few, arguments, &["-"]].concat();
        offhook_with(&all, Some(capture))
    };
    let ran = judge(&[&option, value, "--threads", "1"]);
    assert!(told(&ran).iter().any(|t| t == bound), "{bound}: {}", ran.out.chars().take(3000).collect::<String>());
    assert_eq!(judge(&[&option, value, "--threads", "2"]).out, ran.out, "{bound}");
    let plain = judge(&[]);
    assert!(!default_holds || !told(&plain).iter().any(|t| t == bound), "{bound} is told although it was not reached");
    // A bound never makes a verdict worse than inconclusive.
    if plain.code != 1 {
        assert_ne!(ran.code, 1, "{bound}");
    }
}

fn scenario(name: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("made.pcap");
    let ran = offhook(&["synth", name, "-w", &path.to_string_lossy()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    std::fs::read(path).unwrap()
}

#[test]
fn bounds_that_a_story_reaches() {
    for (bound, value, story) in [
        ("max-flows", "1", "boot-known-phone-http"),
        ("max-out-of-order-bytes", "0", "segments-out-of-order"),
        ("max-held-bytes", "100", "boot-known-phone-http"),
        ("max-fragment-bytes", "10", "boot-udp-sip"),
        ("max-stations", "1", "two-phones"),
        ("max-runs", "2", "boot-known-phone-http"),
        ("max-file-bytes", "500", "boot-known-phone-http"),
        ("max-transfer-bytes", "500", "boot-known-phone-tftp"),
        ("max-trust-lists", "1", "two-phones"),
        ("max-trust-list-bytes", "100", "boot-known-phone-http"),
        ("max-findings", "0", "dhcp-no-option-150"),
        ("max-announcements", "2", "boot-known-phone-tftp"),
        ("max-ended", "0", "two-phones"),
        ("max-same-findings", "1", "failover-srst"),
        ("max-remembered-frames", "1", "capture-duplicates"),
    ] {
        check(bound, value, &scenario(story), true);
    }
    // What these bounds are for is in this story itself.
    for (bound, value) in [("max-message-bytes", "200"), ("max-http-head", "50")] {
        check(bound, value, &scenario("capture-limit"), false);
    }
}

fn read(wire: &mut Wire, port: u16, file: &str) {
    wire.udp(true, (port, 69), &tftp::read(file, None));
}

#[test]
fn fragmented_datagrams() {
    let mut wire = Wire::default();
    for id in 1..=3 {
        let ip = Ip { src: PHONE, dst: SERVER, proto: 17, id, tos: 0, ttl: 64 };
        let whole = ipv4_fragments(ip, &udp(PHONE, SERVER, 5060, 5060, &[b'x'; 3000]), 1500);
        wire.frame(ethernet([2; 6], PHONE_MAC, None, 0x0800, &whole[0]));
    }
    check("max-fragmented-datagrams", "2", &wire.pcap(), true);
}

#[test]
fn transfers() {
    let mut wire = Wire::default();
    (0..9).for_each(|n| read(&mut wire, 50_000 + n, &format!("SEP00112233445{n}.cnf.xml")));
    check("max-transfers", "3", &wire.pcap(), true);
    check("max-transfers-per-client", "3", &wire.pcap(), true);
}

#[test]
fn requests_of_http() {
    let get = |n: u32| format!("GET /{n}.xml HTTP/1.1\r\nHost: x\r\n\r\n");
    let all = (0..5).map(get).collect::<String>();
    let capture = Wire::default().tcp((50_000, 80), false, &[(true, all.as_bytes())]).pcap();
    check("max-http-requests", "2", &capture, true);
}

#[test]
fn streams() {
    let mut wire = Wire::default();
    for n in 0..8u16 {
        for stream in 0..4u16 {
            let mut packet = vec![0x80, 0, 0, n as u8, 0, 0, 0, 0, 0, 0, 0, stream as u8 + 1];
            packet[4..8].copy_from_slice(&(u32::from(n) * 160).to_be_bytes());
            packet.extend([0xd5; 160]);
            wire.udp(true, (16_384 + 2 * stream, 20_000), &packet);
        }
    }
    check("max-streams", "2", &wire.pcap(), true);
}

/// What a phone said before it proved to be one waits; of what is forgotten it is told when it does.
#[test]
fn events_that_wait() {
    let mut wire = Wire::default();
    (0..6).for_each(|n| read(&mut wire, 50_000 + n, "ringlist.xml"));
    read(&mut wire, 50_100, "SEP001122334455.cnf.xml");
    check("max-waiting-per-station", "2", &wire.pcap(), true);
    // Another station makes the first one be forgotten.
    let mut wire = Wire::default();
    read(&mut wire, 50_000, "ringlist.xml");
    let other = Ipv4Addr::new(10, 20, 0, 51);
    let ask = udp(other, SERVER, 50_000, 69, &tftp::read("ringlist.xml", None));
    let ip = offhook::synth::frame::ipv4(Ip { src: other, dst: SERVER, proto: 17, id: 9, tos: 0, ttl: 64 }, &ask);
    wire.frame(ethernet([2; 6], [2, 0, 0, 0, 0, 9], None, 0x0800, &ip));
    read(&mut wire, 50_100, "SEP001122334455.cnf.xml");
    check("max-waiting-events", "1", &wire.pcap(), true);
}

/// Who answers for which address is remembered of so many.
#[test]
fn addresses_by_arp() {
    let mut wire = Wire::default();
    for n in 1..4 {
        let sender = ([2, 0, 0, 0, 0, n], Ipv4Addr::new(10, 20, 0, n));
        wire.frame(ethernet([2; 6], sender.0, None, 0x0806, &arp(2, sender, (PHONE_MAC, PHONE))));
    }
    check("max-stations", "2", &wire.pcap(), true);
}

#[test]
fn every_bound_is_an_option_with_a_heading_of_its_own() {
    let help = offhook(&["check", "--help"]).out;
    let limits = help.split("\nLimits:").nth(1).expect("a heading of their own");
    assert_eq!(limits.matches("--max-").count(), 24, "{limits}");
}
