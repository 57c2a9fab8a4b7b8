//! S20: a browser dials for a phone. The pages are in the clear, as at a node where HTTPS is ended before.

use std::net::Ipv4Addr;

use super::super::scenario::{CM1, CM2, KEEPALIVE, Outcome, REGISTER, Reply, STORY, Side, Step, Story, UP};
use super::super::sip::Purpose;
use super::super::talk::{Host, Say, TALK, Talk};
use super::parts::*;

const PC: Ipv4Addr = Ipv4Addr::new(10, 30, 0, 9);
const BYE: Say = Say::Close(Side::Phone);
const PAGE: Say = Say::Answer(200, "text/html", "<html></html>");
const BROWSER: Talk = Talk { client: Host::At(PC), server: Host::At(CM1), port: 8080, ..TALK };
const MINE: Say = Say::Answer(200, "text/xml", "<isClusterUserReturn>true</isClusterUserReturn>");
const NOT_MINE: Say = Say::Answer(200, "text/xml", "<isClusterUserReturn>false</isClusterUserReturn>");
const WHOSE: Say = Say::Get("/webdialer/services/WebdialerSoapService70?method=isClusterUserSoap");

static OPENED: Talk = Talk { says: &[Say::Get("/webdialer/Webdialer?destination=5551234"), PAGE, BYE], ..BROWSER };
static DIALLED: Talk = Talk {
    says: &[Say::Get("/webdialer/Webdialer?cmd=doMakeCall&destination=5551234&device={name}"), PAGE, BYE],
    ..BROWSER
};
static ASKED_FIRST: Talk = Talk { client: Host::At(CM1), server: Host::At(CM1), says: &[WHOSE, MINE, BYE], ..BROWSER };
static ASKED_OTHER: Talk =
    Talk { client: Host::At(CM1), server: Host::At(CM2), says: &[WHOSE, NOT_MINE, BYE], ..BROWSER };
static ASKED_OTHER_TOO: Talk =
    Talk { client: Host::At(CM1), server: Host::At(CM2), says: &[WHOSE, MINE, BYE], ..BROWSER };
static REDIRECTED: Talk = Talk {
    says: &[
        Say::Get("/webdialer/Redirector?destination=5551234"),
        Say::Meanwhile(&ASKED_FIRST),
        Say::Meanwhile(&ASKED_OTHER),
        PAGE,
        BYE,
    ],
    ..BROWSER
};
static REDIRECTED_TWICE: Talk = Talk {
    says: &[
        Say::Get("/webdialer/Redirector?destination=5551234"),
        Say::Meanwhile(&ASKED_FIRST),
        Say::Meanwhile(&ASKED_OTHER_TOO),
        PAGE,
        BYE,
    ],
    ..BROWSER
};

const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), KEEPALIVE, Step::Wait(5)];
const CALLED: &[Step] = &[Step::Talk(&DIALLED), Step::Dial("5551234")];
const AFTER: &[Step] = &[Step::Keepalive(60, Purpose::Refresh, Reply::Good), KEEPALIVE, Step::Wait(10)];

const HEALTHY: Story = Story { sequence: "S20", also: &["ctl.not-found", "region-codec.device-pool"], ..STORY };

pub const STORIES: &[Story] = &[
    Story {
        name: "webdialer-call",
        title: "The browser opens the page and dials; the phone calls without a key",
        concludes: "Healthy.",
        steps: &[Step::Do(ON), Step::Talk(&OPENED), Step::Wait(6), Step::Do(CALLED), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "webdialer-redirected",
        title: "The redirector asks two clusters, one of which knows the user",
        concludes: "Healthy.",
        steps: &[Step::Do(ON), Step::Talk(&REDIRECTED), Step::Wait(4), Step::Do(CALLED), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "webdialer-no-call",
        title: "The browser dials, and the phone goes on as if nothing had been",
        concludes: "CTIManager does not run, or the device is not associated with the user.",
        expects: &["webdialer.no-call"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(ON), Step::Talk(&OPENED), Step::Wait(6), Step::Talk(&DIALLED), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "webdialer-two-clusters",
        title: "The redirector asks two clusters, and both know the user",
        concludes: "The user ID exists twice: the user must choose.",
        expects: &["webdialer.two-clusters"],
        steps: &[Step::Do(ON), Step::Talk(&REDIRECTED_TWICE), Step::Wait(4), Step::Do(CALLED), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "webdialer-rate-exceeded",
        title: "Seven requests in a second at one node",
        concludes: "More than a node serves: spread them.",
        expects: &["webdialer.rate-exceeded"],
        steps: &[
            Step::Do(ON),
            Step::Times(7, &[Step::Talk(&OPENED)]),
            Step::Wait(6),
            Step::Do(CALLED),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
];
