//! S23: the boot as a whole.

use super::super::Noise;
use super::super::scenario::{Accepts, CM1, KEEPALIVE, Outcome, REBOOT, REGISTER, STORY, Side, Step, Story, UP};
use super::parts::*;

const RESETS: &[&str] = &[
    "ctl.not-found",
    "failover.*",
    "keepalive.*",
    "config.refetch-loop",
    "secure-connection.*",
    "auto-registration.*",
];

pub const STORIES: &[Story] = &[
    Story {
        name: "boot-registration-storm",
        title: "The phone registers, loses its connection, and registers anew, every half minute",
        sequence: "S23",
        concludes: "Something between the phone and its CallManager cuts its connections.",
        expects: &["boot.loop"],
        also: RESETS,
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registered"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SINGLE),
            Step::Do(REGISTER),
            Step::Times(5, &[Step::Wait(28), Step::Abort(Side::Server), Step::Wait(1), Step::Do(REGISTER)]),
            Step::Wait(30),
        ],
        ..STORY
    },
    Story {
        name: "boot-reset-loop",
        title: "The phone registers, and is reset as soon as it has",
        sequence: "S23",
        concludes: "CallManager resets the phone again and again.",
        expects: &["boot.loop"],
        also: RESETS,
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registered"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SINGLE),
            Step::Do(REGISTER),
            Step::Times(
                4,
                &[
                    Step::Wait(3),
                    Step::Notify("reset", 200),
                    Step::Close(Side::Phone),
                    Step::Do(REBOOT),
                    Step::Do(FILES_SINGLE),
                    Step::Do(REGISTER),
                ],
            ),
            Step::Wait(30),
        ],
        ..STORY
    },
    Story {
        name: "boot-loop",
        title: "The phone boots, cannot reach its only CallManager, reboots, and comes to the same point",
        sequence: "S23",
        concludes: "Three boots end at the same step: 10.1.1.10 does not accept connections.",
        expects: &["boot.loop"],
        also: &[
            "ctl.not-found",
            "failover.*",
            "secure-connection.*",
            "boot.stalled",
            "config.refetch-loop",
            "auto-registration.callmanager-unreachable",
        ],
        verdict: Outcome::Fail,
        stuck: Some("secure-connection.connecting"),
        steps: &[
            Step::Do(UP),
            Step::Times(
                3,
                &[
                    Step::Do(FILES_SINGLE),
                    Step::Times(3, &[Step::Connect(CM1, Accepts::Silent), Step::Wait(5)]),
                    Step::Do(REBOOT),
                ],
            ),
            Step::Do(FILES_SINGLE),
            Step::Times(3, &[Step::Connect(CM1, Accepts::Silent), Step::Wait(5)]),
            Step::Wait(60),
        ],
        ..STORY
    },
    Story {
        name: "boot-stalled",
        title: "The phone was registered, restarts, has its configuration and does nothing more",
        sequence: "S23",
        concludes: "The phone hangs after the configuration: no connection was even tried.",
        expects: &["boot.stalled"],
        also: &["ctl.not-found"],
        verdict: Outcome::Fail,
        stuck: Some("config.known"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Do(REGISTER),
            KEEPALIVE,
            Step::Do(REBOOT),
            Step::Do(FILES),
            Step::Wait(320),
        ],
        ..STORY
    },
    Story {
        name: "boot-partial",
        title: "The capture begins after the address was given",
        sequence: "S23",
        concludes: "Healthy from the configuration on; link and DHCP were not captured.",
        expects: &["boot.partial"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            Step::Wait(5),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        // Link-up and DHCP take 16 s.
        noise: &[Noise::From(19)],
        ..STORY
    },
];
