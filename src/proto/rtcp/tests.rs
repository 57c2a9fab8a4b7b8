//! RTCP by its packets: what each says, what is hidden, what is damaged.

use super::*;
use crate::proto::Side;
use crate::proto::testing;

#[track_caller]
fn check(bytes: &[u8], expected: &[&str]) {
    assert_eq!(testing::datagram(&PROTOCOL, bytes), expected);
}

fn sample(n: usize) -> &'static [u8] {
    PROTOCOL.samples[n]
}

#[test]
fn a_sender_report_and_a_description() {
    check(
        sample(0),
        &[
            "rtcp.report rtcp.pt=200 rtcp.senderssrc=3048038892 rtcp.timestamp.ntp=2019-10-26T21:23:14.158059999Z \
             rtcp.timestamp.rtp=2396547440 rtcp.sender.packetcount=248 rtcp.sender.octetcount=39680 \
             rtcp.ssrc.identifier=403234683 rtcp.ssrc.fraction=0 rtcp.ssrc.cum_nr=0 rtcp.ssrc.ext_high=9461 \
             rtcp.ssrc.jitter=0 rtcp.ssrc.lsr=935316456 rtcp.ssrc.dlsr=166527",
            "rtcp.description rtcp.pt=202 rtcp.ssrc.identifier=3048038892 rtcp.sdes.type=1 rtcp.sdes.text=10.10.224.2 \
             rtcp.sdes.type=2 rtcp.sdes.text= rtcp.sdes.type=6 rtcp.sdes.text=",
        ],
    );
}

#[test]
fn goodbye_application_feedback() {
    check(
        sample(1),
        &[
            "rtcp.report rtcp.pt=201 rtcp.senderssrc=1",
            "rtcp.bye rtcp.pt=203 rtcp.ssrc.identifier=1 rtcp.sdes.text=teardn",
        ],
    );
    check(
        sample(2),
        &[
            "rtcp.report rtcp.pt=201 rtcp.senderssrc=1",
            "rtcp.app rtcp.pt=204 rtcp.senderssrc=1 rtcp.app.subtype=2 rtcp.app.name=test rtcp.app.data=01020304",
        ],
    );
    check(
        sample(3),
        &[
            "rtcp.feedback rtcp.pt=205 rtcp.rtpfb.fmt=1 rtcp.senderssrc=1 rtcp.mediassrc=2 rtcp.rtpfb.nack_pid=16 rtcp.rtpfb.nack_blp=1",
        ],
    );
}

#[test]
fn voip_metrics() {
    check(
        sample(4),
        &["rtcp.extended rtcp.pt=207 rtcp.senderssrc=1 rtcp.xr.bt=7 rtcp.ssrc.identifier=2 rtcp.ssrc.fraction=5 \
           rtcp.ssrc.discarded=2 rtcp.xr.voipmetrics.burstdensity=16 rtcp.xr.voipmetrics.gapdensity=8 \
           rtcp.xr.voipmetrics.burstduration=100 rtcp.xr.voipmetrics.gapduration=2000 rtcp.xr.voipmetrics.rtdelay=40 \
           rtcp.xr.voipmetrics.esdelay=80 rtcp.xr.voipmetrics.signallevel=-16 rtcp.xr.voipmetrics.noiselevel=-60 \
           rtcp.xr.voipmetrics.rerl=50 rtcp.xr.voipmetrics.rfactor=92 rtcp.xr.voipmetrics.gmin=16 \
           rtcp.xr.voipmetrics.moslq=4.1 rtcp.xr.voipmetrics.moscq=3.9 rtcp.xr.voipmetrics.jbnominal=40 \
           rtcp.xr.voipmetrics.jbmax=60 rtcp.xr.voipmetrics.jbabsmax=120"],
    );
}

#[test]
fn a_loss_below_nothing_and_a_padded_packet() {
    let mut report = b"\xa1\xc9\0\x08\0\0\0\x01\0\0\0\x02\x10\xff\xff\xfe\0\0\0\x09\0\0\0\x07\0\0\0\0\0\0\0\0".to_vec();
    report.extend(b"\0\0\0\x04");
    check(
        &report,
        &[
            "rtcp.report rtcp.pt=201 rtcp.senderssrc=1 rtcp.ssrc.identifier=2 rtcp.ssrc.fraction=16 rtcp.ssrc.cum_nr=-2 \
           rtcp.ssrc.ext_high=9 rtcp.ssrc.jitter=7 rtcp.ssrc.lsr=0 rtcp.ssrc.dlsr=0",
        ],
    );
}

#[test]
fn what_srtcp_hides_is_not_guessed() {
    // A report of the right length, garbage where its numbers would be, index and tag.
    let mut hidden = b"\x81\xc8\x00\x0c\xb5\xad\x61\xec".to_vec();
    hidden.extend([0x5a; 44 + 28]);
    hidden.extend(b"\x80\0\0\x01");
    hidden.extend([0xc3; 10]);
    let lines = testing::datagram(&PROTOCOL, &hidden);
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("rtcp.report rtcp.pt=200 rtcp.senderssrc=3048038892 rtcp.encrypted=5a5a"),
        "{lines:?}"
    );
    assert!(!lines[0].contains("what="), "{lines:?}");
    assert_eq!(probe(&hidden), Probe::Yes);
}

#[test]
fn what_is_cut_or_damaged_says_where() {
    let whole = sample(0);
    let lines = testing::datagram(&PROTOCOL, &whole[..70]);
    assert!(lines[0].starts_with("rtcp.report") && !lines[0].contains("what="));
    assert_eq!(lines[1], "rtcp.description rtcp.pt=202 rtcp.ssrc.identifier=3048038892 at=10 what=description");
    let lines = testing::datagram(&PROTOCOL, &whole[..40]);
    assert!(lines[0].contains("rtcp.ssrc.cum_nr=0 rtcp.ssrc.ext_high=9461") && lines[0].contains("at=40"), "{lines:?}");
    check(&whole[..3], &["rtcp.report rtcp.pt=200 at=2 what=length of the packet"]);
}

#[test]
fn a_probe_needs_lengths_that_fit() {
    for sample in PROTOCOL.samples {
        assert_eq!(probe(sample), Probe::Yes);
        assert_ne!(probe(&sample[..sample.len() - 1]), Probe::No);
    }
    let dns = b"\x80\xc8\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
    assert_ne!(probe(dns), Probe::Yes);
    assert_eq!(probe(b"\x80\0\0\x01\0\0\0\x01"), Probe::No);
    assert_eq!(probe(b"OPTIONS sip:"), Probe::No);
}

#[test]
fn a_report_answered_gives_the_round_trip() {
    // The harness lets a second pass between two frames; the reporter says it held the report for 0.75 s.
    let report = b"\x80\xc8\0\x06\0\0\0\x09\0\x01\x02\x03\x04\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let answer = b"\x81\xc9\0\x07\0\0\0\x01\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\x02\x03\x04\x05\0\0\xc0\0";
    let lines = testing::datagrams(&PROTOCOL, (5001, 5003), &[(Side::Client, report), (Side::Server, answer)]);
    assert!(lines[1].ends_with("rtcp.ssrc.dlsr=49152 rtcp.roundtrip-delay=250"), "{lines:?}");
    let lines = testing::datagrams(&PROTOCOL, (5001, 5003), &[(Side::Server, answer)]);
    assert!(lines[0].ends_with("rtcp.ssrc.dlsr=49152"), "{lines:?}");
}

#[test]
fn times_of_both_eras() {
    assert_eq!(ntp(0xe15f_37c2_8000_0000).rfc3339(), "2019-10-26T21:23:14.500000000Z");
    assert_eq!(ntp(0).rfc3339(), "2036-02-07T06:28:16.000000000Z");
}

#[test]
fn any_bytes() {
    testing::any_datagram(&PROTOCOL);
}
