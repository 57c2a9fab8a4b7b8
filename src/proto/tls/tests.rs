use super::samples::{FLIGHT, HELLO};
use super::*;
use crate::proto::testing::{Feed, any_stream, stream};

const PORTS: (u16, u16) = (50000, 5061);
const DATA_40: [u8; 45] = {
    let mut record = [0; 45];
    (record[0], record[1], record[2], record[4]) = (23, 3, 3, 40);
    record
};

fn names(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect()
}

/// A ServerHello of TLS 1.3 with AES 256.
fn server_hello_13() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0x13, 0x02, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
    [&[22, 3, 3, 0, body.len() as u8 + 4, 2, 0, 0, body.len() as u8][..], &body].concat()
}

fn data(length: usize) -> Vec<u8> {
    [&[23, 3, 3, (length >> 8) as u8, length as u8][..], &vec![0; length]].concat()
}

#[test]
fn a_client_hello() {
    assert_eq!(
        stream(&PROTOCOL, PORTS, &[(Side::Client, HELLO)]),
        [
            "tls.client_hello tls.handshake.type=1 tls.handshake.length=59 tls.handshake.version=771 tls.handshake.ciphersuite=47 \
          tls.handshake.ciphersuite=2 tls.handshake.extensions_server_name=cucm1 tls.version=TLS 1.2 tls.service=SIP"
        ]
    );
}

#[test]
fn a_flight_of_the_server() {
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, HELLO), (Side::Server, FLIGHT)]);
    assert_eq!(
        lines[1..],
        [
            "tls.server_hello tls.handshake.type=2 tls.handshake.length=38 tls.handshake.version=771 tls.handshake.ciphersuite=49195 \
             tls.version=TLS 1.2 tls.cipher=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 tls.null_cipher=false tls.resumed=false",
            "tls.certificate tls.handshake.type=11 tls.handshake.length=308 tls.cert.subject=CN=CP-7821-SEP001122334455 \
             tls.cert.issuer=CN=CP-7821-SEP001122334455 tls.cert.serial=07 tls.cert.not_before=2026-11-21T13:00:16Z \
             tls.cert.not_after=2036-11-18T13:00:16Z tls.cert.key=EC tls.cert.key_bits=256 tls.cert.expired=false tls.cert.mic=true \
             tls.cert.lsc=false tls.cert.device=SEP001122334455 tls.cert.count=1",
            "tls.certificate_request tls.handshake.type=13 tls.handshake.length=28 tls.handshake.cert_type=1 tls.handshake.cert_type=64 \
             tls.handshake.dname=CN=CAPF",
            "tls.handshake tls.handshake.type=14 tls.handshake.length=0",
            "tls.alert tls.record.content_type=21 tls.record.version=771 tls.record.length=2 tls.alert.sender=server \
             tls.alert_message.level=2 tls.alert_message.desc=45 tls.alert.name=certificate_expired tls.alert.encrypted=false",
            "tls.change_cipher_spec tls.record.content_type=20 tls.record.version=771 tls.record.length=1",
            "tls.handshake tls.record.content_type=22 tls.record.version=771 tls.record.length=40 tls.handshake.encrypted=true",
            "tls.data tls.record.content_type=23 tls.record.version=771 tls.record.length=40 tls.data.plain_length=16",
            "tls.established tls.version=TLS 1.2 tls.cipher=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 tls.null_cipher=false",
        ]
    );
}

#[test]
fn tls_1_3_is_established_by_the_client() {
    let hidden = [&[20, 3, 3, 0, 1, 1][..], &data(917)].concat();
    let finished = [&[20, 3, 3, 0, 1, 1][..], &data(69)].concat();
    let start = [(Side::Client, HELLO), (Side::Server, &server_hello_13()), (Side::Server, &hidden)];
    let lines = stream(
        &PROTOCOL,
        (50000, 2445),
        &[&start[..], &[(Side::Client, &finished), (Side::Server, &data(31))]].concat(),
    );
    assert_eq!(
        names(&lines),
        [
            "tls.client_hello",
            "tls.server_hello",
            "tls.change_cipher_spec",
            "tls.data",
            "tls.change_cipher_spec",
            "tls.data",
            "tls.established",
            "tls.data"
        ]
    );
    assert!(lines[7].ends_with("tls.data.plain_length=14"), "{}", lines[7]);
    let refused = stream(&PROTOCOL, (50000, 2445), &[&start[..], &[(Side::Client, &data(19))]].concat());
    assert!(!names(&refused).contains(&"tls.established"), "{refused:?}");
}

#[test]
fn a_side_without_a_certificate_and_one_of_capf() {
    let none = [22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0];
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, HELLO), (Side::Client, &none)]);
    assert_eq!(lines[1], "tls.certificate tls.handshake.type=11 tls.handshake.length=3 tls.cert.count=0");
    let der = crate::content::certificate::tests::unhex(crate::content::certificate::tests::EC);
    let length = der.len();
    let list =
        [&[0, ((length + 3) >> 8) as u8, (length + 3) as u8, 0, (length >> 8) as u8, length as u8][..], &der].concat();
    let message = [&[11, 0, (list.len() >> 8) as u8, list.len() as u8][..], &list].concat();
    let record = [&[22, 3, 1, (message.len() >> 8) as u8, message.len() as u8][..], &message].concat();
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, HELLO), (Side::Client, &record)]);
    assert!(lines[1].contains("tls.cert.dns=cucm1.example tls.cert.ip=10.1.1.10 tls.cert.mic=false tls.cert.lsc=true tls.cert.device=SEP001122334455"), "{}", lines[1]);
    // Half of it, and the end: what is there is said.
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, HELLO), (Side::Client, &record[..300])]);
    assert!(lines[1].contains("tls.cert.issuer=CN=SEP001122334455") && lines[1].contains(" what="), "{}", lines[1]);
}

#[test]
fn joined_late_and_with_a_gap() {
    // A late hidden message, data in the middle of a record, a gap.
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, &DATA_40), (Side::Client, &DATA_40)]);
    assert_eq!(names(&lines), ["tls.data", "tls.established", "tls.data"]);
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, &DATA_40[7..]), (Side::Client, &DATA_40)]);
    assert_eq!(names(&lines), ["tls.data", "tls.established"]);
    let hidden = [22, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff];
    assert!(stream(&PROTOCOL, PORTS, &[(Side::Client, &hidden)])[0].contains("tls.handshake.encrypted=true"));
    let mut dissector = (PROTOCOL.new)();
    let (mut lines, mut spare) = (crate::proto::testing::Lines::default(), crate::proto::Spare::default());
    let origin = crate::proto::testing::origin(1, Side::Client, PORTS, 6);
    dissector.gap(Side::Client, 9, &origin, &mut Out::new(&mut lines, &mut spare));
    let bytes = [&DATA_40[9..], &DATA_40].concat();
    let segment =
        Segment { bytes: &bytes, origin: &origin, marks: &[], side: Side::Client, end: false, cut: 0, flow: 0 };
    dissector.stream(&segment, &mut Out::new(&mut lines, &mut spare));
    assert_eq!(names(&lines.0), ["tls.data", "tls.established"]);
}

#[test]
fn an_answer_in_plain_text_is_told_once() {
    let mut feed = Feed::new(&PROTOCOL, PORTS);
    feed.bytes(Side::Client, HELLO);
    feed.bytes(Side::Server, b"SIP/2.0 400 Bad Request\r\n");
    feed.bytes(Side::Server, b"\r\n");
    assert_eq!(feed.finish()[1..], ["tls.malformed at=0 what=TLS record"]);
}

#[test]
fn first_bytes() {
    for (bytes, expected) in [
        (HELLO, Probe::Yes),
        (&HELLO[..3], Probe::NeedMore),
        (b"", Probe::NeedMore),
        (b"GET /", Probe::No),
        (b"\x16\x03\x01\xff\xff", Probe::No),
        (b"\x14\x03\x01\x00\x09", Probe::No),
    ] {
        assert_eq!(probe(bytes), expected, "{bytes:?}");
    }
}

#[test]
fn any_bytes() {
    any_stream(&PROTOCOL, PORTS);
}

#[test]
fn a_null_cipher_hides_nothing_of_the_handshake() {
    let mut hello = FLIGHT[..47].to_vec();
    (hello[3], hello[4]) = (0, 42);
    (hello[44], hello[45]) = (0, 2);
    let mut finished = vec![20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 36, 20, 0, 0, 12];
    finished.extend([0; 32]);
    finished.extend([21, 3, 3, 0, 22, 1, 0]);
    finished.extend([0; 20]);
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, HELLO), (Side::Server, &hello), (Side::Server, &finished)]);
    assert!(lines[1].contains("tls.cipher=TLS_RSA_WITH_NULL_SHA tls.null_cipher=true"), "{}", lines[1]);
    assert_eq!(lines[3], "tls.handshake tls.handshake.type=20 tls.handshake.length=12");
    assert!(lines[4].contains("tls.alert.name=close_notify tls.alert.encrypted=false"), "{}", lines[4]);
}
