//! Known answers from real and made messages; every cut, split and noise; who is a phone.

use super::samples::*;
use super::*;
use crate::proto::Mark;
use crate::proto::testing::{any_stream, stream};

const PORTS: (u16, u16) = (49152, 2000);

fn message(id: u32, version: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 4).to_le_bytes().to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend(id.to_le_bytes());
    bytes.extend(body);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}

/// The lines without header fields and without the prefix of names.
#[track_caller]
fn check(side: Side, bytes: &[u8], expected: &[&str]) {
    let mut lines = stream(&PROTOCOL, PORTS, &[(side, bytes)]);
    for line in &mut lines {
        let words = line.split(' ').filter(|word| {
            !["skinny.data_length=", "skinny.hdr_version=", "skinny.messageId="]
                .iter()
                .any(|head| word.starts_with(head))
        });
        *line = words.map(|word| word.strip_prefix("skinny.").unwrap_or(word)).collect::<Vec<_>>().join(" ");
    }
    assert_eq!(lines, expected);
}

#[test]
fn any() {
    any_stream(&PROTOCOL, PORTS);
}

#[test]
fn the_table_is_in_order() {
    for pair in messages::MESSAGES.windows(2) {
        assert!(pair[0].id < pair[1].id, "{}", pair[1].name);
    }
    for sample in PROTOCOL.samples {
        assert_eq!(probe(sample), Probe::Yes);
    }
}

#[test]
fn registration() {
    check(
        Side::Client,
        REGISTER_SAMPLE,
        &[
            "register DeviceName=SEP001122334455 instance=1 stationIpAddr=10.20.0.50 deviceType=30018 maxStreams=5 activeStreams=0 protocolVer=20 macAddress=00:11:22:33:44:55 maxNumberOfLines=6 stationIpV6Addr=:: firmwareLoadName=SCCP41.9-4-2SR3-1S phone=true",
        ],
    );
    check(
        Side::Server,
        REGISTER_ACK_SAMPLE,
        &["register_ack keepAliveInterval=30 dateTemplate=D.M.Y secondaryKeepAliveInterval=60 maxProtocolVer=20"],
    );
    check(Side::Server, REGISTER_REJECT_SAMPLE, &["register_reject text=Error: Device unknown"]);
    check(
        Side::Client,
        ALARM_SAMPLE,
        &["alarm alarmSeverity=2 text=25: Name=SEP001122334455 Load=9.4.2 Last=Initialized parm1=0 parm2=0"],
    );
    check(
        Side::Client,
        TOKENS_SAMPLE,
        &[
            "register_token_req DeviceName=SEP001122334455 instance=1 stationIpAddr=10.20.0.50 deviceType=30018 phone=true",
            "register_token_reject waitTimeBeforeNextReq=120",
        ],
    );
    check(Side::Server, RESET_SAMPLE, &["reset resetType=2 reset_name=restart"]);
    check(Side::Client, KEEPALIVES_SAMPLE, &["keepalive", "keepalive_ack"]);
}

#[test]
fn calls_and_media() {
    check(
        Side::Server,
        CALL_STATE_SAMPLE,
        &[
            "call_state callState=5 lineInstance=1 callReference=4660 privacy=0 precedenceLevel=4 call_state_name=connected phone=true",
        ],
    );
    check(
        Side::Server,
        OPEN_SAMPLE,
        &[
            "open_receive_channel conferenceId=4660 passThroughPartyId=153 milliSecondPacketSize=20 compressionType=4 callReference=4660 algorithmID=0 RFC2833PayloadType=101",
        ],
    );
    check(
        Side::Client,
        OPEN_ACK_SAMPLE,
        &[
            "open_receive_channel_ack mediaReceptionStatus=0 ipAddr.ipv4=10.20.0.50 portNumber=24600 passThroughPartyId=153 callReference=4660",
            "EXPECT 10.20.0.50:24600 rtp",
        ],
    );
    check(
        Side::Server,
        START_MEDIA_SAMPLE,
        &[
            "start_media conferenceId=4660 passThroughPartyId=153 remoteIpAddr.ipv4=10.20.0.51 remotePortNumber=24700 milliSecondPacketSize=20 compressionType=4 precedenceValue=184 ssValue=0 callReference=4660 algorithmID=0 RFC2833PayloadType=101",
            "EXPECT 10.20.0.51:24700 rtp",
        ],
    );
    check(Side::Client, &message(3, 0, &words(&[14])), &["keypad kpButton=14 phone=true"]);
    check(
        Side::Client,
        &message(0x26, 20, &words(&[9, 1, 4660])),
        &["soft_key softKeyEvent=9 lineInstance=1 callReference=4660 phone=true"],
    );
}

/// From version 17 an address is a family and 16 bytes; a number has 25 bytes from version 18.
#[test]
fn later_versions() {
    let group = |family: u32, first: &[u8]| {
        let mut body = words(&[7, 8, family]);
        body.extend(first);
        body.resize(28, 0);
        body.extend(words(&[20480, 20, 4, 0, 0]));
        message(0x101, 17, &body)
    };
    check(
        Side::Server,
        &group(0, &[239, 1, 1, 1]),
        &[
            "start_multicast_media_reception conferenceId=7 passThroughPartyId=8 ipv4or6=0 multicastIpAddr.ipv4=239.1.1.1 multicastPortNumber=20480 milliSecondPacketSize=20 compressionType=4",
            "EXPECT 239.1.1.1:20480 rtp",
        ],
    );
    check(
        Side::Server,
        &group(1, &[0xff, 5, 0, 0]),
        &[
            "start_multicast_media_reception conferenceId=7 passThroughPartyId=8 ipv4or6=1 multicastIpAddr.ipv6=ff05:: multicastPortNumber=20480 milliSecondPacketSize=20 compressionType=4",
            "EXPECT ff05:::20480 rtp",
        ],
    );
    let mut dialed = b"307".to_vec();
    dialed.resize(25, 0);
    dialed.extend(words(&[1, 4660]));
    dialed.extend([0; 3]);
    check(
        Side::Server,
        &message(0x11d, 20, &dialed),
        &["dialed_number dialedNumber=307 lineInstance=1 callReference=4660"],
    );
    let mut info = words(&[1, 4660, 1, 0, 0, 1, 1, 0]);
    info.extend(b"321\0\x003307\x00307\0\0\0\0\0\0Room\0Ann\0Bob\0\0\0\0");
    check(
        Side::Server,
        &message(0x14a, 20, &info),
        &[
            "call_info lineInstance=1 callReference=4660 callType=1 originalCdpnRedirectReason=0 lastRedirectingReason=0 callInstance=1 callSecurityStatus=1 callingParty=321 calledParty=3307 originalCalledParty=307 callingPartyName=Room calledPartyName=Ann originalCalledPartyName=Bob",
        ],
    );
    check(
        Side::Server,
        &message(0x145, 20, &[&words(&[0, 1, 4660])[..], b"\x80\x17"].concat()),
        &["display timeOutValue=0 lineInstance=1 callReference=4660 promptStatus=�\u{17}"],
    );
}

#[test]
fn what_is_shorter() {
    let mut old = REGISTER_SAMPLE[..56].to_vec();
    old[0] = 48;
    check(
        Side::Client,
        &old,
        &[
            "register DeviceName=SEP001122334455 instance=1 stationIpAddr=10.20.0.50 deviceType=30018 maxStreams=5 activeStreams=0 protocolVer=20 phone=true",
        ],
    );
    // A known older form has no defect; half a field has one, and keeps what came before.
    check(
        Side::Server,
        &message(0x8b, 0, &words(&[4660, 153])),
        &["stop_media conferenceId=4660 passThroughPartyId=153"],
    );
    check(
        Side::Server,
        &message(0x8b, 0, &[&words(&[4660, 153])[..], &[1, 2]].concat()),
        &["stop_media conferenceId=4660 passThroughPartyId=153 at=20 what=skinny.callReference"],
    );
    check(Side::Server, &message(0x9f, 0, &[]), &["reset at=12 what=skinny.resetType"]);
    check(
        Side::Client,
        &message(0x10, 0, &words(&[2, 4, 20, 0, 0])),
        &["capabilities_res capCount=2 payloadCapability=4 maxFramesPerPacket=20 at=32 what=skinny.payloadCapability"],
    );
    check(Side::Client, &message(0x999, 0, &[1, 2]), &["unknown body=0102"]);
    check(
        Side::Client,
        &REGISTER_SAMPLE[..40],
        &["register DeviceName=SEP001122334455 instance=1 stationIpAddr=10.20.0.50 at=40 what=skinny.deviceType"],
    );
}

#[test]
fn who_is_a_phone() {
    let register = |name: &str, model: u32| {
        let mut body = name.as_bytes().to_vec();
        body.resize(16, 0);
        body.extend(words(&[0, 1, 0x3200_140a, model, 5]));
        message(1, 0, &body)
    };
    let flag = |messages: &[(Side, &[u8])]| {
        let lines = stream(&PROTOCOL, PORTS, messages);
        let last = lines.last().unwrap();
        last.split(" skinny.phone=").nth(1).map(|rest| rest.starts_with("true"))
    };
    assert_eq!(flag(&[(Side::Client, &register("SEP001122334455", 30018))]), Some(true));
    assert_eq!(flag(&[(Side::Client, &register("SEP001122334455", 12345))]), Some(true), "a model of later years");
    assert_eq!(flag(&[(Side::Client, &register("SEP001122334455", 50))]), Some(false), "a conference bridge");
    assert_eq!(flag(&[(Side::Client, &register("ANC288093711081", 30027))]), Some(false), "a port of a gateway");
    let off_hook = message(6, 20, &words(&[1, 4660]));
    assert_eq!(flag(&[(Side::Client, &off_hook)]), Some(true), "at work, registration not captured");
    assert_eq!(flag(&[(Side::Server, &off_hook)]), None, "not sent by a station");
    assert_eq!(flag(&[(Side::Server, CALL_STATE_SAMPLE)]), Some(true));
    assert_eq!(flag(&[(Side::Client, &register("ANC288093711081", 30027)), (Side::Client, &off_hook)]), Some(false));
}

#[test]
fn lost_and_found() {
    let bad = message(6, 99, &[]);
    let good = message(0, 0, &[]);
    // The rest of the segment is lost; the next one begins a message.
    let both = [&bad[..], &good[..]].concat();
    assert_eq!(
        stream(&PROTOCOL, PORTS, &[(Side::Client, &both), (Side::Client, &good)]),
        [
            "skinny.malformed skinny.data_length=4 skinny.hdr_version=99 at=4 what=header version",
            "skinny.keepalive skinny.data_length=4 skinny.hdr_version=0 skinny.messageId=0",
        ]
    );
    // Noise is told once.
    let noise: Vec<(Side, &[u8])> = vec![(Side::Client, &[0xff; 20]); 9];
    assert_eq!(stream(&PROTOCOL, PORTS, &noise).len(), 1);
    let mixed: Vec<(Side, &[u8])> = [&good[..], &[0xff; 20]].repeat(9).into_iter().map(|b| (Side::Client, b)).collect();
    assert_eq!(stream(&PROTOCOL, PORTS, &mixed).len(), 18);
}

#[test]
fn after_a_gap() {
    let mut dissector = Dissector::default();
    let mut lines = crate::proto::testing::Lines::default();
    let mut spare = crate::proto::Spare::default();
    let mut out = Out::new(&mut lines, &mut spare);
    let origin = crate::proto::testing::origin(1, Side::Client, PORTS, 6);
    dissector.gap(Side::Client, 100, &origin, &mut out);
    let bytes = [&REGISTER_SAMPLE[40..], &message(0, 0, &[])].concat();
    let marks = [Mark { at: 0, frame: 1 }, Mark { at: REGISTER_SAMPLE.len() - 40, frame: 2 }];
    let segment =
        Segment { bytes: &bytes, origin: &origin, marks: &marks, side: Side::Client, end: false, cut: 0, flow: 0 };
    assert_eq!(dissector.stream(&segment, &mut out), bytes.len());
    assert_eq!(lines.0, ["skinny.keepalive skinny.data_length=4 skinny.hdr_version=0 skinny.messageId=0"]);
}

#[test]
fn a_wrong_header_in_two_segments_stays_in_its_message() {
    let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, b"\x01"), (Side::Client, b"\0\0\0\0\0")]);
    assert_eq!(lines.first().map(String::as_str), Some("skinny.malformed at=0 what=length"));
}

#[test]
fn other_protocols_are_refused() {
    for other in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        &[0; 64],
        &message(1, 0, &words(&[3])),
        &[&message(0, 0, &[])[..], b"and then something else"].concat(),
    ] {
        assert_eq!(probe(other), Probe::No);
    }
    assert_eq!(probe(b"\x04\0\0"), Probe::NeedMore);
    assert_eq!(probe(b""), Probe::NeedMore);
}
