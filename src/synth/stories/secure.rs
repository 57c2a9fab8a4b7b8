//! S7: the connection to the CallManager.

use super::super::scenario::{
    Accepts, CM1, CM2, Content, File, Got, Handshake, KEEPALIVE, Outcome, REGISTER, Reply, STORY, Step, Story,
    Transport, UP, User,
};
use super::parts::*;

const ONWARDS: &[Step] = &[
    Step::User(User::Number(1001)),
    Step::Refer(Reply::Good),
    Step::Register("initialized", Reply::Good),
    Step::Times(2, &[KEEPALIVE]),
    Step::Wait(10),
];
const SECURE_FILES: &[Step] =
    &[GET_CTL, GET_ITL, Step::Fetch(File::Signed, Got::Found(Content::Device(&SECURE_SINGLE, SIGNED)))];

pub const STORIES: &[Story] = &[
    Story {
        name: "secure-connection-plain-used",
        title: "TLS is configured and possible, and the phone connects in plain text",
        sequence: "S7",
        concludes: "Profile and transport disagree, or the phone holds an old configuration.",
        expects: &["secure-connection.plain-used"],
        verdict: Outcome::Fail,
        stuck: Some("secure-connection.plain"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SECURE),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "secure-connection-certificate-missing",
        title: "TLS is configured, but the lists name another CallManager only",
        sequence: "S7",
        concludes: "Without the certificate the phone falls back to TCP: regenerate the CTL.",
        expects: &["secure-connection.certificate-missing"],
        steps: &[
            Step::Do(UP),
            Step::Fetch(File::CtlSep, Got::Found(Content::List(&CTL_OTHER_NODE))),
            Step::Fetch(File::ItlSep, Got::Found(Content::List(&ITL_OTHER_NODE))),
            Step::Fetch(File::Signed, Got::Found(Content::Device(&SECURE_SINGLE, SIGNED))),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "secure-connection-wrong-member-first",
        title: "The phone goes to the second CallManager without having tried the first",
        sequence: "S7",
        concludes: "The phone works with an old group: compare it with the configuration.",
        expects: &["secure-connection.wrong-member-first"],
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Connect(CM2, Accepts::Yes), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "secure-connection-member-skipped",
        title: "The first CallManager refuses the connection; the second takes it",
        sequence: "S7",
        concludes: "Healthy, but the CallManager service of 10.1.1.10 is down.",
        expects: &["secure-connection.member-skipped"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Connect(CM2, Accepts::Yes),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "secure-connection-tls-alert",
        title: "The phone does not accept the certificate of the CallManager: unknown_ca, three times",
        sequence: "S7",
        concludes: "The CTL of the phone is out of date: renew it, or delete it on the phone.",
        expects: &["secure-connection.tls-alert"],
        also: &["failover.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("secure-connection.securing"),
        steps: &[
            Step::Do(UP),
            Step::Do(SECURE_FILES),
            Step::Transport(Transport::Tls),
            Step::Times(3, &[Step::Connect(CM1, Accepts::Yes), Step::Tls(Handshake::PhoneAlerts(48)), Step::Wait(20)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "secure-connection-tls-version",
        title: "The CallManager refuses the ClientHello: protocol_version",
        sequence: "S7",
        concludes: "The minimum TLS version of the cluster is above what the phone can do.",
        expects: &["secure-connection.tls-alert"],
        also: &["failover.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("secure-connection.securing"),
        steps: &[
            Step::Do(UP),
            Step::Do(SECURE_FILES),
            Step::Transport(Transport::Tls),
            Step::Times(3, &[Step::Connect(CM1, Accepts::Yes), Step::Tls(Handshake::ServerAlerts(70)), Step::Wait(20)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "secure-connection-tls-unanswered",
        title: "Port 5061 accepts TCP and never answers the ClientHello",
        sequence: "S7",
        concludes: "The CallManager service hangs, or something else listens there.",
        expects: &["secure-connection.tls-unanswered"],
        also: &["failover.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("secure-connection.securing"),
        steps: &[
            Step::Do(UP),
            Step::Do(SECURE_FILES),
            Step::Transport(Transport::Tls),
            Step::Times(3, &[Step::Connect(CM1, Accepts::Yes), Step::Tls(Handshake::Unanswered), Step::Wait(5)]),
            Step::Wait(90),
        ],
        ..STORY
    },
];
