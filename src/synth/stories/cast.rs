//! S15: the phone and a camera application, port 4224.

use super::super::scenario::{Accepts, CM1, KEEPALIVE, Outcome, REGISTER, Reply, STORY, Side, Step, Story, UP};
use super::super::sip::Purpose;
use super::super::talk::{Host, Say, TALK, Talk};
use super::parts::*;
use std::net::Ipv4Addr;

/// The computer behind the phone, in the data VLAN.
const PC: Ipv4Addr = Ipv4Addr::new(10, 30, 0, 7);
const FROM_PC: Talk = Talk { client: Host::At(PC), server: Host::Phone, port: 4224, ..TALK };

const VERSION: Say = Say::Cast(Side::Phone, 1, &[3]);
const VERSION_ACK: Say = Say::Cast(Side::Server, 2, &[3]);
const ALIVE: Say = Say::Cast(Side::Phone, 0, &[]);
const ALIVE_ACK: Say = Say::Cast(Side::Server, 0x40, &[]);
const PAUSE: Say = Say::Wait(15);
const CONNECTED: Say = Say::Cast(Side::Server, 0xd, &[5, 1, 4660, 0, 0, 0]);
const ON_HOOK: Say = Say::Cast(Side::Server, 0xd, &[2, 1, 4660, 0, 0, 0]);

static CALL: Talk = Talk {
    says: &[
        VERSION,
        VERSION_ACK,
        PAUSE,
        ALIVE,
        ALIVE_ACK,
        CONNECTED,
        PAUSE,
        ALIVE,
        ALIVE_ACK,
        ON_HOOK,
        PAUSE,
        ALIVE,
        ALIVE_ACK,
        Say::Close(Side::Phone),
    ],
    ..FROM_PC
};
static REFUSED: Talk = Talk { accepts: Accepts::Refuses, ..FROM_PC };
static SILENT: Talk = Talk { accepts: Accepts::Silent, ..FROM_PC };
static NO_VERSION: Talk =
    Talk { says: &[VERSION, Say::Wait(10), VERSION, Say::Wait(10), Say::Close(Side::Phone)], ..FROM_PC };
static LOST: Talk = Talk {
    says: &[
        VERSION,
        VERSION_ACK,
        PAUSE,
        ALIVE,
        ALIVE_ACK,
        PAUSE,
        ALIVE,
        PAUSE,
        ALIVE,
        PAUSE,
        ALIVE,
        PAUSE,
        Say::Abort(Side::Phone),
    ],
    ..FROM_PC
};
static TO_CALLMANAGER: Talk = Talk { server: Host::At(CM1), port: 4224, accepts: Accepts::Refuses, ..TALK };

const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), KEEPALIVE, Step::Camera, Step::Wait(2)];
const AFTER: &[Step] = &[Step::Keepalive(30, Purpose::Refresh, Reply::Good), Step::Wait(10)];

const HEALTHY: Story = Story { sequence: "S15", also: &["ctl.not-found"], ..STORY };
const BROKEN: Story = Story { verdict: Outcome::Fail, ..HEALTHY };

pub const STORIES: &[Story] = &[
    Story {
        name: "cast-call",
        title: "A camera application announces itself, connects, and takes part in a call",
        concludes: "Healthy: version accepted, keepalives acknowledged.",
        steps: &[Step::Do(ON), Step::Talk(&CALL), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "cast-refused",
        title: "The phone refuses port 4224",
        concludes: "Video is not enabled for the device, or the phone has a camera of its own.",
        expects: &["cast.refused"],
        steps: &[Step::Do(ON), Step::Talk(&REFUSED), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "cast-unanswered",
        title: "Port 4224 does not answer",
        concludes: "A firewall between data and voice VLAN drops TCP 4224, or the PC port is off.",
        expects: &["cast.unanswered"],
        steps: &[Step::Do(ON), Step::Talk(&SILENT), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "cast-version-unanswered",
        title: "The connection stands, and the version is never accepted",
        concludes: "Phone load and camera application do not match.",
        expects: &["cast.version-unanswered"],
        steps: &[Step::Do(ON), Step::Talk(&NO_VERSION), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "cast-session-lost",
        title: "After a while three keepalives remain without an answer",
        concludes: "The way between the VLANs broke, or the phone's side hangs.",
        expects: &["cast.session-lost"],
        steps: &[Step::Do(ON), Step::Talk(&LOST), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "cast-callmanager-involved",
        title: "The phone connects to port 4224 of its CallManager",
        concludes: "CallManager has no part in CAST: an address is configured wrongly.",
        expects: &["cast.callmanager-involved", "cast.refused"],
        steps: &[Step::Do(ON), Step::Talk(&TO_CALLMANAGER), Step::Do(AFTER)],
        ..BROKEN
    },
];
