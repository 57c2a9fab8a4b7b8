//! S11: registration kept alive, lost, taken away.

use super::super::scenario::{
    Accepts, CM1, CM2, Content, File, Got, KEEPALIVE, Outcome, REBOOT, REGISTER, Reply, SITE, STORY, Side, Site, Step,
    Story, Transport, UP, User,
};
use super::super::sip::Purpose;
use super::parts::*;

const REGISTERED: &[Step] = &[Step::Do(UP), Step::Do(FILES_SINGLE), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE])];
const AGAIN: &[Step] = &[
    Step::User(User::Number(1001)),
    Step::Connect(CM1, Accepts::Yes),
    Step::Refer(Reply::Good),
    Step::Register("TCP-timeout", Reply::Good),
    Step::Times(2, &[KEEPALIVE]),
    Step::Wait(10),
];

const fn refresh(after: u32) -> Step {
    Step::Keepalive(after, Purpose::Refresh, Reply::Good)
}

pub const STORIES: &[Story] = &[
    Story {
        name: "keepalive-register-unanswered",
        title: "The first REGISTER is never answered, over TCP",
        sequence: "S11",
        concludes: "The CallManager takes the bytes and says nothing: its service hangs.",
        expects: &["keepalive.register-unanswered"],
        also: &["ctl.not-found", "failover.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registering"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SINGLE),
            Step::User(User::Number(1001)),
            Step::Times(
                2,
                &[
                    Step::Connect(CM1, Accepts::Yes),
                    Step::Refer(Reply::Good),
                    Step::Register("initialized", Reply::Never),
                    Step::Close(Side::Phone),
                    Step::Wait(10),
                ],
            ),
            Step::Wait(90),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-register-unanswered-udp",
        title: "The first REGISTER is repeated for 32 s and never answered, over UDP",
        sequence: "S11",
        concludes: "No way to port 5060 UDP, or the CallManager is down.",
        expects: &["keepalive.register-unanswered"],
        also: &["ctl.not-found", "failover.*", "boot.*", "auto-registration.callmanager-unreachable"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registering"),
        site: Site { transport: Transport::Udp, ..SITE },
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&BY_UDP, SIGNED))),
            Step::User(User::Number(1001)),
            Step::Connect(CM1, Accepts::Yes),
            Step::Times(2, &[Step::Register("initialized", Reply::Never), Step::Wait(20)]),
            Step::Wait(90),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-stopped",
        title: "A registered phone stops its keepalives without a word",
        sequence: "S11",
        concludes: "The phone hangs or has lost its VLAN: CUCM will show it as unregistered.",
        expects: &["keepalive.stopped"],
        also: &["ctl.not-found"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registered"),
        steps: &[Step::Do(REGISTERED), Step::Wait(260)],
        ..STORY
    },
    Story {
        name: "keepalive-unanswered",
        title: "The CallManager no longer answers keepalives, nor anything else",
        sequence: "S11",
        concludes: "The way to the CallManager is cut, or its node is down.",
        expects: &["keepalive.unanswered"],
        also: &["ctl.not-found", "failover.*", "keepalive.stopped"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.refreshing"),
        steps: &[
            Step::Do(REGISTERED),
            Step::Keepalive(115, Purpose::Refresh, Reply::Lost),
            Step::Times(5, &[Step::Connect(CM1, Accepts::Silent), Step::Wait(10)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-unanswered-service",
        title: "The CallManager acknowledges the bytes of keepalives, and answers none",
        sequence: "S11",
        concludes: "The CallManager service hangs while its system lives.",
        expects: &["keepalive.unanswered"],
        also: &["ctl.not-found", "failover.*", "keepalive.*"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.refreshing"),
        steps: &[
            Step::Do(REGISTERED),
            Step::Times(3, &[Step::Keepalive(60, Purpose::Refresh, Reply::Never)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-connection-reset",
        title: "The CallManager cuts the connection; the phone registers again",
        sequence: "S11",
        concludes: "A restart of the CallManager, or a firewall; the phone recovered.",
        expects: &["keepalive.connection-reset"],
        also: &["ctl.not-found", "failover.*"],
        steps: &[Step::Do(REGISTERED), Step::Wait(40), Step::Abort(Side::Server), Step::Wait(5), Step::Do(AGAIN)],
        ..STORY
    },
    Story {
        name: "keepalive-refused",
        title: "A keepalive is answered 404: the registration is taken away",
        sequence: "S11",
        concludes: "The device was deleted or changed in CUCM.",
        expects: &["keepalive.refused"],
        also: &["ctl.not-found", "rejected.*", "failover.*", "keepalive.stopped"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.refreshing"),
        steps: &[
            Step::Do(REGISTERED),
            Step::Keepalive(115, Purpose::Refresh, Reply::Code(404)),
            Step::Wait(20),
            Step::Keepalive(10, Purpose::Refresh, Reply::Code(404)),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-irregular",
        title: "Keepalives come after 115, 60, 118, 70, 100 and 45 s",
        sequence: "S11",
        concludes: "Registered throughout; something delays the phone.",
        expects: &["keepalive.irregular"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(REGISTERED),
            refresh(115),
            refresh(60),
            refresh(118),
            refresh(70),
            refresh(100),
            refresh(45),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-standby-unreachable",
        title: "The standby CallManager stops answering; the active one is fine",
        sequence: "S11",
        concludes: "No failover would be possible now: check 10.1.1.11.",
        expects: &["keepalive.standby-unreachable"],
        also: &["ctl.not-found", "failover.*"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::ConnectStandby(CM2, Accepts::Yes),
            Step::Standby(1, Reply::Good),
            Step::Keepalive(100, Purpose::Refresh, Reply::Good),
            Step::Standby(15, Reply::Lost),
            Step::ConnectStandby(CM2, Accepts::Silent),
            refresh(55),
            Step::ConnectStandby(CM2, Accepts::Silent),
            refresh(105),
            Step::ConnectStandby(CM2, Accepts::Silent),
            refresh(105),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-unregistered",
        title: "The phone unregisters, reboots by its keypad, and registers again",
        sequence: "S11",
        concludes: "Somebody reset the phone on purpose.",
        expects: &["keepalive.unregistered"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(REGISTERED),
            Step::Keepalive(30, Purpose::Leave("reset-reset"), Reply::Good),
            Step::Close(Side::Phone),
            Step::Do(REBOOT),
            Step::Do(FILES_SINGLE),
            Step::Do(AGAIN),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-server-reset-ignored",
        title: "CUCM orders a restart; the phone says 200 and goes on as before",
        sequence: "S11",
        concludes: "Reset the phone by hand.",
        expects: &["keepalive.server-reset-ignored"],
        also: &["ctl.not-found", "keepalive.server-reset"],
        steps: &[
            Step::Do(REGISTERED),
            Step::Wait(20),
            Step::Notify("restart", 200),
            refresh(95),
            refresh(115),
            Step::Wait(30),
        ],
        ..STORY
    },
];
