//! S22: pages to phones, by commands and a group; whole, and broken at each step.

use std::net::Ipv4Addr;

use super::super::media::{STREAM, Stream};
use super::super::scenario::{KEEPALIVE, Outcome, REGISTER, Reply, SITE, STORY, Side, Site, Step, Story, UP};
use super::super::sip::Purpose;
use super::super::talk::{Host, Say, TALK, Talk};
use super::parts::*;

const PAGER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 50);
const OTHER_PAGER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 51);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const OTHER_GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 7);

const fn execute(uri: &'static str) -> Say {
    Say::Post("/CGI/Execute", uri)
}

const LISTEN: Say = execute(
    "XML=%3CCiscoIPPhoneExecute%3E%3CExecuteItem%20Priority%3D%220%22%20URL%3D%22RTPMRx%3A239.1.1.1%3A20480%3A50%22%2F%3E%3C%2FCiscoIPPhoneExecute%3E",
);
const STOP: Say = execute(
    "XML=%3CCiscoIPPhoneExecute%3E%3CExecuteItem%20Priority%3D%220%22%20URL%3D%22RTPMRx%3AStop%22%2F%3E%3C%2FCiscoIPPhoneExecute%3E",
);
const DONE: Say = Say::Answer(
    200,
    "text/xml",
    "<CiscoIPPhoneResponse><ResponseItem URL=\"RTPMRx:239.1.1.1:20480:50\" Data=\"Success\" Status=\"0\"/></CiscoIPPhoneResponse>",
);
const BUSY: Say = Say::Answer(
    200,
    "text/xml",
    "<CiscoIPPhoneResponse><ResponseItem URL=\"RTPMRx:239.1.1.1:20480:50\" Data=\"Busy\" Status=\"1\"/></CiscoIPPhoneResponse>",
);
const BYE: Say = Say::Close(Side::Phone);

const PUSH: Talk = Talk { client: Host::At(PAGER), server: Host::Phone, port: 80, tos: 0x60, ..TALK };
static COMMAND: Talk = Talk { says: &[LISTEN, DONE, BYE], ..PUSH };
static UNMARKED: Talk = Talk { says: &[LISTEN, DONE, BYE], tos: 0, ..PUSH };
static REFUSED: Talk = Talk { says: &[LISTEN, BUSY, BYE], ..PUSH };
static IGNORED: Talk = Talk { says: &[LISTEN, Say::Wait(5), BYE], ..PUSH };
static NAT: Talk = Talk {
    says: &[
        Say::PostTo(
            "192.0.2.17",
            "/CGI/Execute",
            "XML=%3CCiscoIPPhoneExecute%3E%3CExecuteItem%20Priority%3D%220%22%20URL%3D%22RTPMRx%3A239.1.1.1%3A20480%3A50%22%2F%3E%3C%2FCiscoIPPhoneExecute%3E",
        ),
        DONE,
        BYE,
    ],
    ..PUSH
};
static END: Talk = Talk { says: &[STOP, DONE, BYE], ..PUSH };

const SPEECH: Stream =
    Stream { from: Some(PAGER), from_port: 24_700, to: Some(GROUP), to_port: 20_480, once: true, ..STREAM };
const PAGE: Step = Step::Streams(&[SPEECH], 130);

const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES_SINGLE), Step::Do(REGISTER), KEEPALIVE, Step::Wait(3)];
const JOINED: &[Step] = &[Step::Do(ON), Step::Talk(&COMMAND), Step::Igmp(true, GROUP), Step::Millis(800)];
const OVER: &[Step] = &[Step::Talk(&END), Step::Igmp(false, GROUP)];
const AFTER: &[Step] = &[Step::Wait(30), Step::Keepalive(30, Purpose::Refresh, Reply::Good), Step::Wait(25)];

const HEALTHY: Story = Story {
    sequence: "S22",
    concludes: "Healthy.",
    also: &["ctl.not-found", "phone-services.push-unauthenticated"],
    ..STORY
};

pub const STORIES: &[Story] = &[
    Story {
        name: "page",
        title: "A page: command, join, speech to the group, stop, leave",
        steps: &[Step::Do(JOINED), PAGE, Step::Do(OVER), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "page-by-cti",
        title: "A page without commands: the phone joins by what CTI told it, and speech comes",
        steps: &[
            Step::Do(ON),
            Step::Igmp(true, GROUP),
            Step::Millis(800),
            PAGE,
            Step::Igmp(false, GROUP),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "page-to-many",
        title: "Six phones hear the same page",
        site: Site { apart: 50, ..SITE },
        phones: 6,
        steps: &[Step::Do(JOINED), PAGE, Step::Do(OVER), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "paging-too-many-phones",
        title: "51 phones are told to listen",
        concludes: "A group may have 50.",
        expects: &["paging.too-many-phones"],
        also: &["paging.*", "phone-services.push-unauthenticated", "boot.partial"],
        verdict: Outcome::Fail,
        site: Site { addressed: true, apart: 20, ..SITE },
        phones: 51,
        steps: &[
            Step::Do(REGISTER),
            Step::Wait(2),
            Step::Talk(&COMMAND),
            Step::Igmp(true, GROUP),
            Step::Millis(1500),
            PAGE,
            Step::Do(OVER),
            Step::Wait(20),
        ],
        ..BROKEN
    },
    Story {
        name: "paging-wrong-codec",
        title: "The page is G.729",
        concludes: "The source sends another codec than phones take from a group.",
        expects: &["paging.wrong-codec"],
        steps: &[
            Step::Do(JOINED),
            Step::Streams(&[Stream { payload_type: 18, bytes: 20, ..SPEECH }], 130),
            Step::Do(OVER),
            Step::Do(AFTER),
        ],
        ..BROKEN
    },
    Story {
        name: "paging-encrypted",
        title: "Each packet of the page is ten bytes longer than its speech",
        concludes: "The source sends SRTP.",
        expects: &["paging.encrypted"],
        steps: &[
            Step::Do(JOINED),
            Step::Streams(&[Stream { bytes: 170, ..SPEECH }], 130),
            Step::Do(OVER),
            Step::Do(AFTER),
        ],
        ..BROKEN
    },
    Story {
        name: "paging-dscp",
        title: "The page is not marked",
        concludes: "The mark is taken away at the port of the server.",
        expects: &["paging.dscp"],
        steps: &[Step::Do(JOINED), Step::Streams(&[Stream { tos: 0, ..SPEECH }], 130), Step::Do(OVER), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "paging-signalling-dscp",
        title: "The command is not marked",
        concludes: "The mark is taken away at the port of the server.",
        expects: &["paging.signalling-dscp"],
        steps: &[
            Step::Do(ON),
            Step::Talk(&UNMARKED),
            Step::Igmp(true, GROUP),
            Step::Millis(800),
            PAGE,
            Step::Do(OVER),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "paging-not-joined",
        title: "The phone confirms the command and joins nothing",
        concludes: "Multicast is blocked at the phone's port.",
        expects: &["paging.not-joined"],
        steps: &[Step::Do(ON), Step::Talk(&COMMAND), Step::Millis(800), PAGE, Step::Talk(&END), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "paging-no-rtp",
        title: "The phone joins, and nothing is sent to the group",
        concludes: "Multicast is not routed to the phones.",
        expects: &["paging.no-rtp"],
        steps: &[Step::Do(JOINED), Step::Wait(20), Step::Do(OVER), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "paging-wrong-group",
        title: "The phone joins another group than it was told",
        concludes: "The groups of the server and of the phones do not fit.",
        expects: &["paging.wrong-group"],
        steps: &[
            Step::Do(ON),
            Step::Talk(&COMMAND),
            Step::Igmp(true, OTHER_GROUP),
            Step::Millis(800),
            PAGE,
            Step::Talk(&END),
            Step::Do(AFTER),
        ],
        ..BROKEN
    },
    Story {
        name: "paging-two-sources",
        title: "Two servers send to the group at the same time",
        concludes: "Two sites use the same group.",
        expects: &["paging.two-sources"],
        steps: &[
            Step::Do(JOINED),
            Step::Streams(&[SPEECH, Stream { from: Some(OTHER_PAGER), ..SPEECH }], 130),
            Step::Do(OVER),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "paging-push-refused",
        title: "The phone answers the command with status 1",
        concludes: "The phone is in a call.",
        expects: &["paging.push-refused"],
        steps: &[Step::Do(ON), Step::Talk(&REFUSED), Step::Millis(800), PAGE, Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "paging-push-ignored",
        title: "The phone takes the command twice and says nothing",
        concludes: "The web server of the phone hangs.",
        expects: &["paging.push-refused"],
        steps: &[Step::Do(ON), Step::Talk(&IGNORED), Step::Talk(&IGNORED), PAGE, Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "paging-nat",
        title: "The server calls the phone by another address than it has",
        concludes: "A NAT lies between.",
        expects: &["paging.nat"],
        steps: &[
            Step::Do(ON),
            Step::Talk(&NAT),
            Step::Igmp(true, GROUP),
            Step::Millis(800),
            PAGE,
            Step::Do(OVER),
            Step::Do(AFTER),
        ],
        ..BROKEN
    },
    Story {
        name: "paging-no-stop",
        title: "The speech ends, and the phone is not told to stop",
        concludes: "The server forgot the phone: it stays in the group.",
        expects: &["paging.no-stop"],
        steps: &[Step::Do(JOINED), PAGE, Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "paging-call-codec",
        title: "The call to the paging server is answered with G.729, and the page goes out",
        concludes: "The region of the trunk gives G.729, and there is no transcoder.",
        expects: &["paging.call-codec"],
        steps: &[Step::Do(ON), Step::Invite(&CALL_G729), Step::Do(TOLD), PAGE, Step::Do(OVER), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "paging-server-unanswered",
        title: "After one page the server no longer answers calls",
        concludes: "The SIP trunk or the paging server hangs.",
        expects: &["paging.server-unanswered"],
        steps: &[Step::Do(JOINED), PAGE, Step::Do(OVER), Step::Wait(30), Step::Invite(&CALL_SILENT), Step::Do(AFTER)],
        ..BROKEN
    },
];

const TOLD: &[Step] = &[Step::Talk(&COMMAND), Step::Igmp(true, GROUP), Step::Millis(800)];
const BROKEN: Story = Story {
    verdict: Outcome::Fail,
    also: &["ctl.not-found", "paging.*", "phone-services.push-unauthenticated"],
    ..HEALTHY
};

static CALL_G729: super::super::scenario::Trunk = super::super::scenario::Trunk { server: PAGER, codec: Some(18) };
static CALL_SILENT: super::super::scenario::Trunk = super::super::scenario::Trunk { server: PAGER, codec: None };
