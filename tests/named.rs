//! Flows that are known by name, and ICMP errors, through the whole program.

mod common;

use common::offhook;
use common::wire::Wire;

fn lines(wire: &Wire, arguments: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("named.pcap");
    std::fs::write(&path, wire.pcap()).expect("it can be written");
    let ran = offhook(&[&["decode"], arguments, &[&*path.to_string_lossy()]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.lines().map(str::to_owned).collect()
}

const NAMED: &[&str] = &[
    "-T",
    "fields",
    "-e",
    "event",
    "-e",
    "named.by",
    "-e",
    "named.client_dscp",
    "-e",
    "named.server_dscp",
    "-e",
    "named.client_bytes",
    "-e",
    "named.server_bytes",
    "-Y",
    "named.client_bytes",
];

#[test]
fn cti_and_the_console_are_named_with_their_marks() {
    let mut wire = Wire::default();
    wire.tos(24 << 2).tcp((50001, 2748), false, &[(true, b"\x01\0\0\x04"), (false, b"\x01\0\0\x08\0\0")]);
    wire.tos(0).tcp((50002, 2912), false, &[(true, b"\x02\0\0\x04\0")]);
    wire.tos(0).tcp((50003, 2428), false, &[(true, b"\0\0\0\x08\0\0\0\0")]);
    // Something else on the port is no CTI.
    wire.tcp((50004, 2748), false, &[(true, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")]);
    assert_eq!(
        lines(&wire, NAMED),
        ["cti.end\tport\t24\t24\t4\t6", "assistant.end\tport\t0\t\t5\t0", "backhaul.end\tport\t0\t\t8\t0"]
    );
    assert_eq!(lines(&wire, &["-T", "fields", "-e", "event", "-Y", "http"]), ["http.request"]);
}

#[test]
fn datagrams_are_named_by_port_and_content() {
    let mut wire = Wire::default();
    wire.tos(8 << 2);
    wire.udp(true, (50001, 123), &[&[0x23][..], &[0; 47]].concat());
    wire.udp(false, (50001, 123), &[&[0x24, 2][..], &[0; 46]].concat());
    wire.udp(
        true,
        (50002, 161),
        b"\x30\x1a\x02\x01\x01\x04\x06public\xa0\x0d\x02\x01\x07\x02\x01\0\x02\x01\0\x30\x02\x05\0",
    );
    wire.udp(true, (2427, 2427), b"AUEP 7 *@gw1 MGCP 0.1\r\n");
    // Bytes that are none of them.
    wire.udp(true, (50003, 123), b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    wire.udp(true, (50004, 161), b"hello hello");
    wire.udp(true, (50005, 2427), b"hello hello");
    let shown = lines(&wire, &["-T", "fields", "-e", "event", "-e", "ip.dsfield.dscp"]);
    assert_eq!(shown, ["ntp.request\t8", "ntp.response\t8", "snmp.request\t8", "mgcp.request\t8"]);
}

#[test]
fn an_unreachable_is_tied_to_the_flow_and_the_phone() {
    let mut wire = Wire::default();
    let register = "REGISTER sip:10.1.1.10 SIP/2.0\r\nVia: SIP/2.0/UDP 10.20.0.50;branch=z9hG4bK1\r\n\
        From: <sip:1@10.1.1.10>;tag=1\r\nTo: <sip:1@10.1.1.10>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\
        Contact: <sip:1@10.20.0.50>;+u.sip!devicename.ccm.cisco.com=\"SEP001122334455\"\r\nContent-Length: 0\r\n\r\n";
    wire.udp(true, (50001, 5060), register.as_bytes());
    // Of the phone's own datagram; and of one to the phone, told to somebody else.
    let quote = |src: [u8; 4], dst: [u8; 4], ports: (u16, u16)| {
        let head = [0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0];
        let ports = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
        [&[3u8, 3, 0, 0, 0, 0, 0, 0][..], &head, &src, &dst, &ports, &[0, 8, 0, 0]].concat()
    };
    wire.packet(false, 1, &quote([10, 20, 0, 50], [10, 1, 1, 10], (50001, 69)));
    let mut other = Wire::default();
    let icmp = quote([10, 9, 9, 9], [10, 20, 0, 50], (5060, 50001));
    let ip = offhook::synth::frame::Ip {
        src: [10, 9, 9, 1].into(),
        dst: [10, 9, 9, 9].into(),
        proto: 1,
        id: 1,
        tos: 0,
        ttl: 64,
    };
    let frame = offhook::synth::frame::ethernet([2; 6], [4; 6], None, 0x0800, &offhook::synth::frame::ipv4(ip, &icmp));
    wire.frame(frame.clone());
    other.frame(frame);
    let fields =
        ["-T", "fields", "-e", "icmp.quoted.service", "-e", "icmp.quoted.dstport", "-e", "phone.name", "-Y", "icmp"];
    assert_eq!(lines(&wire, &fields), ["tftp\t69\tSEP001122334455", "sip\t50001\tSEP001122334455"]);
    assert_eq!(lines(&other, &fields), ["sip\t50001\t"], "nobody knows that this is a phone");
}

#[test]
fn every_field_is_documented_and_may_be_asked_for() {
    let schema = offhook::pipeline::schema();
    let listed = offhook(&["fields"]).out;
    let listed: std::collections::BTreeSet<&str> = listed.lines().filter_map(|line| line.split('\t').next()).collect();
    assert!(schema.fields().len() > 1000, "{}", schema.fields().len());
    for field in schema.fields() {
        assert!(listed.contains(field.name), "{} is not listed", field.name);
        assert!(!field.meaning.is_empty(), "{}", field.name);
        let asked = offhook::expr::Expr::filter(field.name, &schema);
        assert!(asked.is_ok(), "{}: {asked:?}", field.name);
    }
    for event in schema.events() {
        assert!(listed.contains(event.name) && !event.meaning.is_empty(), "{}", event.name);
    }
}
