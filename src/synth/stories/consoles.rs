//! S19 and S21: consoles of assistants and attendants, and the calls that go through them.

use std::net::Ipv4Addr;

use super::super::media::{BACK, CALL, Call, STREAM, Stream};
use super::super::scenario::{
    Accepts, CM1, CM2, KEEPALIVE, Outcome, REGISTER, Reply, STORY, Sccp, Side, Step, Story, UP,
};
use super::super::sip::Purpose;
use super::super::talk::{Host, Say, TALK, Talk};
use super::parts::*;

const PC: Ipv4Addr = Ipv4Addr::new(10, 40, 0, 9);
const ATTENDANTS: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 60);

const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES_SINGLE), Step::Do(REGISTER), KEEPALIVE, Step::Wait(3)];
const AFTER: &[Step] = &[Step::Wait(12), Step::Keepalive(60, Purpose::Refresh, Reply::Good), Step::Wait(10)];

const CONSOLE: Talk = Talk { client: Host::At(PC), server: Host::At(CM1), port: 2912, tos: 0x60, ..TALK };
const TALKS: &[Say] = &[Say::Data(Side::Phone, 90), Say::Data(Side::Server, 400)];
static MARKED: Talk = Talk { says: TALKS, ..CONSOLE };
static PLAIN: Talk = Talk { says: TALKS, tos: 0, ..CONSOLE };
static SILENT: Talk = Talk { accepts: Accepts::Silent, ..CONSOLE };
static BACKUP: Talk = Talk { server: Host::At(CM2), says: TALKS, ..CONSOLE };
const PAGES: Talk = Talk { server: Host::At(CM1), port: 8080, ..TALK };
static PHONE_CONSOLE: Talk = Talk {
    says: &[
        Say::Get("/ma/servlet/MAService?cmd=doPhoneService&Name={name}"),
        Say::Answer(200, "text/xml", "<CiscoIPPhoneMenu><Title>Assistant</Title></CiscoIPPhoneMenu>"),
        Say::Close(Side::Phone),
    ],
    ..PAGES
};
static GONE: Talk = Talk { accepts: Accepts::Refuses, ..PAGES };

const CTI: Talk = Talk { client: Host::At(ATTENDANTS), server: Host::At(CM1), port: 2748, tos: 0x60, ..TALK };
static CTI_OPEN: Talk = Talk { says: TALKS, ..CTI };
static CTI_UNMARKED: Talk = Talk { says: TALKS, tos: 0, ..CTI };
static CTI_LOST: Talk = Talk { says: &[Say::Data(Side::Phone, 90), Say::Wait(20), Say::Abort(Side::Server)], ..CTI };

const TO_SERVER: Stream = Stream { to: Some(ATTENDANTS), ..STREAM };
const FROM_SERVER: Stream = Stream { from: Some(ATTENDANTS), ..BACK };
static ATTENDED: Call =
    Call { number: "5000", peer: ATTENDANTS, streams: &[TO_SERVER, FROM_SERVER], packets: 150, ..CALL };
static EARLY: Call = Call { early: &[FROM_SERVER], ..ATTENDED };
static FAILS: Call = Call { number: "5000", code: 503, ..CALL };

const HEALTHY: Story =
    Story { sequence: "S19", concludes: "Healthy.", also: &["ctl.not-found", "region-codec.device-pool"], ..STORY };
const QUEUE: Story = Story { sequence: "S21", ..HEALTHY };

pub const STORIES: &[Story] = &[
    Story {
        name: "assistant-console",
        title: "The console of an assistant connects to its server",
        steps: &[Step::Do(ON), Step::Talk(&MARKED), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "assistant-phone-console",
        title: "The phone console fetches its page",
        steps: &[Step::Do(ON), Step::Talk(&PHONE_CONSOLE), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "assistant-dscp-unmarked",
        title: "The console's PC does not mark its frames",
        concludes: "PCs do not mark; the network may.",
        expects: &["assistant.dscp-unmarked"],
        steps: &[Step::Do(ON), Step::Talk(&PLAIN), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "assistant-console-unanswered",
        title: "The console asks and asks, where phones are registered",
        concludes: "The IPMA service does not run.",
        expects: &["assistant.console-unanswered"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(ON), Step::Talk(&SILENT), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "assistant-backup-used",
        title: "The console goes to the backup server",
        concludes: "The primary does not answer.",
        expects: &["assistant.backup-used"],
        steps: &[Step::Do(ON), Step::Talk(&SILENT), Step::Talk(&BACKUP), Step::Wait(2)],
        ..HEALTHY
    },
    Story {
        name: "assistant-primary-down",
        title: "The phone console's server is gone",
        concludes: "The user must choose the secondary service.",
        expects: &["assistant.primary-down"],
        also: &["ctl.not-found", "phone-services.*"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(ON), Step::Talk(&PHONE_CONSOLE), Step::Wait(20), Step::Talk(&GONE), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "assistant-fall-through",
        title: "A call comes to the manager by the forwarding of the manager's own number",
        concludes: "Nobody takes the calls of the route point: the application is down.",
        expects: &["assistant.fall-through"],
        steps: &[
            Step::Do(super::sccp::ON),
            Step::Sccp(Sccp::Rings { number: "1001", redirecting: "1001", reason: 2 }),
            Step::Do(super::sccp::AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "assistant-forwarded-call",
        title: "A call comes by the forwarding of somebody else: nothing to do with an assistant",
        steps: &[
            Step::Do(super::sccp::ON),
            Step::Sccp(Sccp::Rings { number: "1001", redirecting: "1009", reason: 2 }),
            Step::Do(super::sccp::AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "attendant-call",
        title: "A call is taken by the attendants' server",
        steps: &[Step::Do(ON), Step::Talk(&CTI_OPEN), Step::Call(&ATTENDED), Step::Do(AFTER)],
        ..QUEUE
    },
    Story {
        name: "attendant-console-dscp-unmarked",
        title: "The attendants' server does not mark its frames",
        concludes: "It never does; the network may.",
        expects: &["attendant-console.dscp-unmarked"],
        steps: &[Step::Do(ON), Step::Talk(&CTI_UNMARKED), Step::Call(&ATTENDED), Step::Do(AFTER)],
        ..QUEUE
    },
    Story {
        name: "attendant-console-early-media",
        title: "The queue speaks before anybody has answered",
        concludes: "The CTI port of the queue has media that it should not have.",
        expects: &["attendant-console.early-media"],
        steps: &[
            Step::Do(ON),
            Step::Talk(&CTI_OPEN),
            Step::Call(&ATTENDED),
            Step::Wait(12),
            Step::Call(&EARLY),
            Step::Do(AFTER),
        ],
        ..QUEUE
    },
    Story {
        name: "attendant-console-cti-lost",
        title: "The CTI connection is cut",
        concludes: "CTIManager restarted.",
        expects: &["attendant-console.cti-lost"],
        steps: &[Step::Do(ON), Step::Talk(&CTI_LOST), Step::Do(AFTER)],
        ..QUEUE
    },
    Story {
        name: "attendant-console-calls-failed",
        title: "The CTI connection is cut, and calls fail",
        concludes: "Forwarding on CTI failure is not set.",
        expects: &["attendant-console.calls-failed", "attendant-console.cti-lost"],
        verdict: Outcome::Fail,
        steps: &[
            Step::Do(ON),
            Step::Talk(&CTI_OPEN),
            Step::Call(&ATTENDED),
            Step::Talk(&CTI_LOST),
            Step::Call(&FAILS),
            Step::Do(AFTER),
        ],
        ..QUEUE
    },
    Story {
        name: "attendant-console-bypassed",
        title: "The attendant's phone transfers the call itself",
        concludes: "The transfer key was used, not the console.",
        expects: &["attendant-console.bypassed"],
        steps: &[Step::Do(ON), Step::Talk(&CTI_OPEN), Step::Transfer(&ATTENDED), Step::Do(AFTER)],
        ..QUEUE
    },
];
