//! S3: which configuration server is asked, and how.

use super::super::dhcp::{LEASE, Lease};
use super::super::scenario::{
    Answered, CM1, CM2, Content, File, Got, KEEPALIVE, OTHER, Outcome, REGISTER, ROUTER, Resolved, SITE, STORY, Site,
    Step, Story, UP, Via,
};
use super::parts::*;

static BY_NAME: Lease = Lease { tftp: &[], tftp_name: Some("tftp.lab.example"), ..LEASE };
static BOTH: Lease = Lease { tftp_name: Some("10.1.1.99"), ..LEASE };

const ONWARDS: &[Step] = &[Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)];
const NAMED: &[Step] = &[
    Step::PowerUp,
    Step::Wait(12),
    Step::Discover(0),
    Step::Offer(&BY_NAME),
    Step::Request,
    Step::Ack(&BY_NAME),
    Step::Probe,
    Step::Arp(ROUTER, Answered::Yes),
];
const STALLED: Got = Got::Stalled(Content::List(&ITL), 4344);

pub const STORIES: &[Story] = &[
    Story {
        name: "second-tftp-used",
        title: "The first server of option 150 is dead; the second serves the files",
        sequence: "S3",
        concludes: "Healthy, but the first configuration server does not answer.",
        expects: &["tftp-server.second-used"],
        also: &["ctl.not-found", "tftp-server.http-unavailable"],
        steps: &[Step::Do(UP), Step::Fetch(File::CtlSep, Got::Silence), Step::Server(CM2), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "http-falls-back-to-tftp",
        title: "Port 6970 is refused; every file comes by TFTP",
        sequence: "S3",
        concludes: "Healthy: an old server without HTTP.",
        expects: &["tftp-server.http-unavailable"],
        also: &["ctl.not-found"],
        site: Site { via: Via::HttpRefused, ..SITE },
        steps: &[Step::Do(UP), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "http-filtered-tftp-used",
        title: "Port 6970 is dropped by a filter; every file comes by TFTP after seconds of waiting",
        sequence: "S3",
        concludes: "Healthy but slow: open TCP 6970.",
        expects: &["tftp-server.http-unavailable"],
        also: &["ctl.not-requested"],
        steps: &[
            Step::Do(UP),
            Step::Fetch(File::ItlSep, Got::Filtered(Content::List(&ITL))),
            Step::Fetch(File::Signed, Got::Filtered(Content::Device(&DEVICE, SIGNED))),
            Step::Do(REGISTER),
            KEEPALIVE,
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "tftp-server-by-name",
        title: "Only option 66 with a name: DNS resolves it, the phone goes on",
        sequence: "S3",
        concludes: "Healthy: option 66 is enough if the name resolves.",
        also: &["ctl.not-found"],
        steps: &[Step::Do(NAMED), Step::Resolve("tftp.lab.example", Resolved::To(CM1)), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "tftp-server-unreachable",
        title: "Neither server of option 150 answers, by HTTP or TFTP",
        sequence: "S3",
        concludes: "No way to the configuration servers: routing, ACL, or both are down.",
        expects: &["tftp-server.unreachable"],
        also: &["ctl.timeout", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("ctl.requested"),
        steps: &[
            Step::Do(UP),
            Step::Times(
                2,
                &[
                    Step::Server(CM1),
                    Step::Fetch(File::CtlSep, Got::Silence),
                    Step::Server(CM2),
                    Step::Fetch(File::CtlSep, Got::Silence),
                ],
            ),
            Step::Wait(90),
        ],
        ..STORY
    },
    Story {
        name: "tftp-server-not-from-dhcp",
        title: "The phone asks a server that DHCP did not name",
        sequence: "S3",
        concludes: "Alternate TFTP is set on the phone (or cached); it works.",
        expects: &["tftp-server.not-from-dhcp"],
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), Step::Server(OTHER), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "tftp-server-option150-ignored",
        title: "Options 150 and 66 disagree, and the phone asks the server of option 66",
        sequence: "S3",
        concludes: "Option 150 should win: alternate TFTP, or an old load.",
        expects: &["tftp-server.option150-ignored"],
        also: &["ctl.not-found", "tftp-server.not-from-dhcp"],
        steps: &[
            Step::PowerUp,
            Step::Wait(12),
            Step::Discover(0),
            Step::Offer(&BOTH),
            Step::Request,
            Step::Ack(&BOTH),
            Step::Probe,
            Step::Arp(ROUTER, Answered::Yes),
            Step::Server(OTHER),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "tftp-server-name-unresolved",
        title: "Only option 66 with a name, and DNS does not know it",
        sequence: "S3",
        concludes: "The record of tftp.lab.example is missing.",
        expects: &["tftp-server.name-unresolved"],
        also: &["boot.stalled", "dhcp.nothing-after-ack"],
        verdict: Outcome::Fail,
        stuck: Some("tftp-server.resolving"),
        steps: &[
            Step::Do(NAMED),
            Step::Times(4, &[Step::Resolve("tftp.lab.example", Resolved::NoSuchName), Step::Wait(15)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "tftp-server-dns-silent",
        title: "Only option 66 with a name, and the DNS server does not answer",
        sequence: "S3",
        concludes: "DNS is unreachable: use an address, or option 150.",
        expects: &["tftp-server.name-unresolved"],
        also: &["boot.stalled", "dhcp.nothing-after-ack"],
        verdict: Outcome::Fail,
        stuck: Some("tftp-server.resolving"),
        steps: &[
            Step::Do(NAMED),
            Step::Times(3, &[Step::Resolve("tftp.lab.example", Resolved::Silence), Step::Wait(10)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "tftp-server-changed-after-not-found",
        title: "The first server does not have the configuration; the phone finds it at the second",
        sequence: "S3",
        concludes: "The two servers hold different files: replication.",
        expects: &["tftp-server.changed-after-not-found"],
        also: &["ctl.not-found", "tftp-server.second-used"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::NotFound),
            Step::Server(CM2),
            GET_CONFIG,
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "tftp-transfer-stalled",
        title: "The ITL stops coming after three blocks; the phone asks again, in vain",
        sequence: "S3",
        concludes: "Loss on the way, or a NAT that forgets the reply port.",
        expects: &["tftp-server.transfer-stalled"],
        also: &["ctl.not-found", "itl.timeout", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("itl.requested"),
        site: Site { via: Via::Tftp, ..SITE },
        steps: &[
            Step::Do(UP),
            NO_CTL,
            Step::Times(3, &[Step::Fetch(File::ItlSep, STALLED), Step::Wait(5)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "http-transfer-stalled",
        title: "The ITL stops coming after three segments; the phone gives up and asks again, in vain",
        sequence: "S3",
        concludes: "Large segments get lost on the way: MTU.",
        expects: &["tftp-server.transfer-stalled"],
        also: &["ctl.not-found", "itl.timeout", "boot.stalled", "malformed.http"],
        verdict: Outcome::Fail,
        stuck: Some("itl.requested"),
        steps: &[
            Step::Do(UP),
            NO_CTL,
            Step::Times(3, &[Step::Fetch(File::ItlSep, STALLED), Step::Wait(5)]),
            Step::Wait(120),
        ],
        ..STORY
    },
];
