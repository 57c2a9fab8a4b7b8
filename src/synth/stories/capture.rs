//! Captures that suffered, and single messages that cannot be read.

use super::super::Noise;
use super::super::media::{PEER, STREAM, Stream};
use super::super::scenario::{
    Accepts, Broken, CM1, Content, File, FileForm, Got, Handshake, KEEPALIVE, Outcome, REGISTER, Reply, STORY, Side,
    Step, Story, Transport, UP, User,
};
use super::super::talk::{Host, Say, TALK, Talk};
use super::parts::*;

const HEALTHY: &[Step] =
    &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)];
const ONWARDS: &[Step] = &[Step::Do(REGISTER), KEEPALIVE, Step::Wait(10)];

const GET_CUT_ITL: Step = Step::Fetch(File::ItlSep, Got::Found(Content::List(&ITL_PAST_END)));
const GET_CUT_CONFIG: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&CUT, SIGNED)));

const fn broken(name: &'static str, title: &'static str, id: &'static [&'static str], steps: &'static [Step]) -> Story {
    Story {
        name,
        title,
        sequence: "-",
        concludes: "One message cannot be read; the phone is healthy all the same.",
        expects: id,
        also: &["ctl.not-found"],
        steps,
        ..STORY
    }
}

const fn suffered(
    name: &'static str,
    title: &'static str,
    id: &'static [&'static str],
    noise: &'static [Noise],
) -> Story {
    Story {
        name,
        title,
        sequence: "-",
        concludes: "The capture has a defect; the phone is healthy.",
        expects: id,
        also: &["ctl.not-found"],
        steps: HEALTHY,
        noise,
        ..STORY
    }
}

const BACK: Stream = Stream { from: Some(PEER), from_port: 24_600, to: None, to_port: 16_384, ..STREAM };
static NO_SCCP: Talk = Talk {
    server: Host::At(CM1),
    port: 2000,
    says: &[
        Say::Raw(Side::Phone, &[4, 0, 0, 0, 0, 0, 0, 0, 0x0e, 0, 0, 0]),
        Say::Raw(Side::Phone, &[4, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0]),
        Say::Close(Side::Phone),
    ],
    ..TALK
};
static NO_CAST: Talk = Talk {
    client: Host::At(PEER),
    server: Host::Phone,
    port: 4224,
    says: &[
        Say::Cast(Side::Phone, 0, &[]),
        Say::Cast(Side::Server, 0x40, &[]),
        Say::Raw(Side::Phone, &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        Say::Close(Side::Phone),
    ],
    ..TALK
};

const NO_SCCP_STEPS: &[Step] = &[Step::Do(UP), Step::Do(FILES), Step::Talk(&NO_SCCP), Step::Do(ONWARDS)];
const NO_CAST_STEPS: &[Step] = &[Step::Do(UP), Step::Do(FILES), Step::Talk(&NO_CAST), Step::Do(ONWARDS)];

pub const STORIES: &[Story] = &[
    suffered(
        "capture-duplicates",
        "Every frame twice, from a SPAN of two ports",
        &["capture.duplicates"],
        &[Noise::Duplicates],
    ),
    Story {
        verdict: Outcome::Inconclusive,
        also: &["boot.*", "ctl.not-found"],
        concludes: "Only the phone's own frames: it goes on as if it were answered, so nothing is proven wrong.",
        ..suffered("capture-one-way", "Only what the phone sends", &["capture.one-way"], &[Noise::OneWay])
    },
    suffered(
        "capture-drops",
        "Long frames are missing which the phone acknowledged",
        &["capture.drops"],
        &[Noise::Drops(3)],
    ),
    suffered(
        "capture-clock-back",
        "The clock of the capture steps back by 5 ms",
        &["capture.clock-back"],
        &[Noise::ClockBack(60, 5)],
    ),
    Story {
        also: &["ctl.not-found", "malformed.*", "boot.*", "capture.*", "itl.*", "config.*"],
        verdict: Outcome::Inconclusive,
        ..suffered("capture-truncated", "Frames are cut to 96 bytes", &["capture.truncated"], &[Noise::Snap(96)])
    },
    Story {
        file: FileForm::CutShort(25),
        ..suffered("capture-cut-off", "The file ends inside a record", &["capture.cut-off"], &[])
    },
    Story {
        file: FileForm::Filtered("ip"),
        also: &["ctl.not-found", "boot.partial"],
        ..suffered(
            "capture-filtered",
            "Captured through the filter `ip`: no link layer",
            &["capture.filtered"],
            &[Noise::IpOnly],
        )
    },
    suffered("segments-out-of-order", "Neighbouring TCP segments change places on the way", &[], &[Noise::Shuffle]),
    Story {
        also: &["ctl.not-found", "malformed.http", "config.*"],
        ..broken(
            "capture-limit",
            "A server sends 66,500 bytes of headers",
            &["capture.limit"],
            &[
                Step::Do(UP),
                Step::Do(FILES),
                Step::Fetch(File::Named("Ringlist.xml"), Got::EndlessHead(66_500)),
                Step::Do(ONWARDS),
            ],
        )
    },
    broken(
        "malformed-link",
        "A CDP message with a TLV shorter than its own head",
        &["malformed.link"],
        &[
            Step::PowerUp,
            Step::Broken(Broken::Cdp),
            Step::Wait(12),
            Step::Do(super::super::scenario::DHCP),
            Step::Do(FILES),
            Step::Do(ONWARDS),
        ],
    ),
    broken(
        "malformed-ip",
        "A UDP datagram longer than its packet",
        &["malformed.ip"],
        &[Step::Do(UP), Step::Broken(Broken::Udp), Step::Do(FILES), Step::Do(ONWARDS)],
    ),
    broken(
        "malformed-dhcp",
        "An offer with an option beyond its end, beside a good one",
        &["malformed.dhcp"],
        &[Step::Do(UP), Step::Broken(Broken::Dhcp), Step::Do(FILES), Step::Do(ONWARDS)],
    ),
    Story {
        also: &["ctl.not-found", "rtp.*"],
        ..broken(
            "malformed-rtp",
            "An RTP packet that counts 15 sources and ends before them",
            &["malformed.rtp"],
            &[
                Step::Do(UP),
                Step::Do(FILES),
                Step::Do(ONWARDS),
                Step::Streams(&[STREAM, BACK], 100),
                Step::Broken(Broken::Rtp),
                Step::Streams(&[STREAM, BACK], 50),
            ],
        )
    },
    broken(
        "malformed-igmp",
        "A report to a group that ends before the group",
        &["malformed.igmp"],
        &[Step::Do(UP), Step::Do(FILES), Step::Broken(Broken::Igmp), Step::Do(ONWARDS)],
    ),
    broken("malformed-sccp", "A station's message of an impossible header", &["malformed.sccp"], NO_SCCP_STEPS),
    broken("malformed-cast", "A CAST message with a length of three", &["malformed.cast"], NO_CAST_STEPS),
    broken(
        "malformed-tftp",
        "A read request whose file name has no end",
        &["malformed.tftp"],
        &[Step::Do(UP), Step::Do(FILES), Step::Broken(Broken::Tftp), Step::Do(ONWARDS)],
    ),
    Story {
        also: &["ctl.not-found", "config.optional-missing"],
        ..broken(
            "malformed-http",
            "An answer without a status and with header lines that are none",
            &["malformed.http"],
            &[
                Step::Do(UP),
                Step::Do(FILES),
                Step::Fetch(File::Named("Ringlist.xml"), Got::Unreadable),
                Step::Do(ONWARDS),
            ],
        )
    },
    Story {
        concludes: "The ITL is malformed: the phone refuses it, asks again and gets a good one.",
        also: &["ctl.not-found", "itl.*"],
        ..broken(
            "malformed-trust-list",
            "The last record of the ITL goes beyond the file; the next try is good",
            &["malformed.trust-list"],
            &[Step::Do(UP), NO_CTL, GET_CUT_ITL, Step::Wait(5), GET_ITL, GET_CONFIG, Step::Do(ONWARDS)],
        )
    },
    Story {
        concludes: "The configuration ends in the middle: the phone asks again and gets a good one.",
        also: &["ctl.not-found", "config.*"],
        ..broken(
            "malformed-xml",
            "The configuration ends before its root does; the next try is good",
            &["malformed.xml"],
            &[Step::Do(UP), NO_CTL, GET_ITL, GET_CUT_CONFIG, Step::Wait(5), GET_CONFIG, Step::Do(ONWARDS)],
        )
    },
    broken(
        "malformed-sip",
        "A SIP message with a line that is no header and a length that is no number",
        &["malformed.sip"],
        &[Step::Do(UP), Step::Do(FILES), Step::Do(ONWARDS), Step::Broken(Broken::Sip), KEEPALIVE, Step::Wait(10)],
    ),
    Story {
        also: &["secure-connection.*"],
        concludes: "The first TLS answer is nonsense; the second try works.",
        ..broken(
            "malformed-tls",
            "The server answers the ClientHello with records that are none; the next try is good",
            &["malformed.tls"],
            &[
                Step::Do(UP),
                Step::Do(FILES_SECURE),
                Step::User(User::Number(1001)),
                Step::Transport(Transport::Tls),
                Step::Connect(CM1, Accepts::Yes),
                Step::Tls(Handshake::Unreadable),
                Step::Wait(3),
                Step::Connect(CM1, Accepts::Yes),
                Step::Tls(Handshake::Whole),
                Step::Refer(Reply::Good),
                Step::Register("initialized", Reply::Good),
                KEEPALIVE,
                Step::Wait(10),
            ],
        )
    },
];
