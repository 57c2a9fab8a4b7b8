//! Phones that speak SCCP: S7, S9, S10, S11, S12 and the boot, whole and broken; old ones whose load comes by SCCP.

use super::super::scenario::{
    Accepts, CM1, CM2, Content, File, Got, Outcome, REBOOT, Registered, SITE, STORY, Sccp, Side, Site, Step, Story,
    Transport, UP, Via,
};
use super::parts::*;

/// Registered with one CallManager, and alive.
pub const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES_SKINNY_SINGLE), Step::Do(IN), Step::Do(ALIVE)];
/// Alive for some time more.
pub const AFTER: &[Step] = &[Step::Wait(12), Step::Do(ALIVE), Step::Wait(5)];

const IN: &[Step] =
    &[Step::Transport(Transport::Sccp), Step::Connect(CM1, Accepts::Yes), Step::Sccp(Sccp::Register(Registered::Yes))];
const BEAT: Step = Step::Sccp(Sccp::Keepalive(30, true));
const ALIVE: &[Step] = &[BEAT, BEAT, BEAT];

const TRY: &[Step] = &[
    Step::Transport(Transport::Sccp),
    Step::Connect(CM1, Accepts::Yes),
    Step::Sccp(Sccp::Register(Registered::No("Error: Device unknown"))),
    Step::Close(Side::Phone),
];

const HEALTHY: Story = Story { sequence: "S7 S11 S23", concludes: "Healthy.", also: &["ctl.not-found"], ..STORY };

pub const STORIES: &[Story] = &[
    Story {
        name: "sccp-boot",
        title: "A known phone boots and registers by SCCP; keepalives every 30 s",
        steps: &[Step::Do(ON), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "sccp-old-phone",
        title: "A phone from before XML fetches SEP….cnf by TFTP, and is told its load by SCCP",
        sequence: "S6 S7 S11",
        expects: &["ctl.not-requested"],
        also: &[],
        site: Site { via: Via::PlainTftp, ..SITE },
        steps: &[
            Step::Do(UP),
            Step::Fetch(File::Cnf, Got::Found(Content::Text("binary configuration of an old phone"))),
            Step::Do(IN),
            Step::Sccp(Sccp::Version("P00307020300")),
            Step::Do(ALIVE),
            Step::Wait(5),
        ],
        ..HEALTHY
    },
    Story {
        name: "sccp-auto-registration",
        title: "An unknown phone takes the default configuration, registers by SCCP, is reset, and has its own",
        sequence: "S9 S10",
        also: &[
            "ctl.not-found",
            "config.default-used",
            "itl.default-used",
            "keepalive.server-reset",
            "keepalive.unregistered",
        ],
        steps: &[
            Step::Do(UP),
            Step::Do(UNKNOWN_FILES),
            Step::Do(IN),
            Step::Wait(3),
            Step::Sccp(Sccp::Reset(1)),
            Step::Sccp(Sccp::Leave),
            Step::Close(Side::Phone),
            Step::Do(REBOOT),
            Step::Do(FILES_SKINNY_SINGLE),
            Step::Do(IN),
            Step::Do(ALIVE),
            Step::Wait(5),
        ],
        ..HEALTHY
    },
    Story {
        name: "sccp-reset-by-server",
        title: "CallManager resets the phone, which leaves and comes back",
        expects: &["keepalive.server-reset"],
        also: &["ctl.not-found", "keepalive.unregistered"],
        steps: &[
            Step::Do(ON),
            Step::Sccp(Sccp::Reset(1)),
            Step::Sccp(Sccp::Leave),
            Step::Close(Side::Phone),
            Step::Do(REBOOT),
            Step::Do(FILES_SKINNY_SINGLE),
            Step::Do(IN),
            Step::Do(ALIVE),
            Step::Wait(5),
        ],
        ..HEALTHY
    },
    Story {
        name: "sccp-failover-and-back",
        title: "CallManager fails; the phone goes to the next, gets the token, and comes back",
        sequence: "S12",
        expects: &["failover.failed-over", "failover.token-refused"],
        also: &["ctl.not-found", "keepalive.*", "secure-connection.member-skipped"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SKINNY),
            Step::Do(IN),
            Step::Do(ALIVE),
            Step::Abort(Side::Server),
            Step::Wait(2),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Connect(CM2, Accepts::Yes),
            Step::Sccp(Sccp::Register(Registered::Yes)),
            Step::Do(ALIVE),
            Step::ConnectStandby(CM1, Accepts::Yes),
            Step::SccpStandby(Sccp::Token(false)),
            Step::Do(ALIVE),
            Step::Do(ALIVE),
            Step::SccpStandby(Sccp::Token(true)),
            Step::Sccp(Sccp::Leave),
            Step::Swap,
            Step::Sccp(Sccp::Register(Registered::Yes)),
            Step::Do(ALIVE),
            Step::Wait(5),
        ],
        ..HEALTHY
    },
    Story {
        name: "sccp-registration-storm",
        title: "The phone registers by SCCP, loses its connection, and registers anew, every half minute",
        sequence: "S7 S23",
        concludes: "Something between the phone and its CallManager cuts its connections.",
        expects: &["boot.loop"],
        also: &["ctl.not-found", "keepalive.*", "failover.*", "secure-connection.*"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registered"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SKINNY_SINGLE),
            Step::Do(IN),
            Step::Times(5, &[Step::Wait(28), Step::Abort(Side::Server), Step::Wait(1), Step::Do(IN)]),
            Step::Do(ALIVE),
        ],
        ..STORY
    },
    Story {
        name: "sccp-rejected-once",
        title: "An unknown phone is refused by SCCP, once",
        sequence: "S9",
        concludes: "Unified CM does not know the device, and auto-registration is off.",
        expects: &["rejected.once"],
        also: &["ctl.not-found", "config.default-used", "itl.default-used", "rejected.auto-registration-off", "boot.*"],
        verdict: Outcome::Inconclusive,
        steps: &[Step::Do(UP), Step::Do(UNKNOWN_LISTS), GET_OFF, Step::Do(TRY), Step::Wait(40)],
        ..HEALTHY
    },
    Story {
        name: "sccp-rejected-loop",
        title: "An unknown phone is refused by SCCP three times, resetting each time",
        sequence: "S9",
        concludes: "Unified CM does not know the device, and auto-registration is off: the phone goes round for ever.",
        expects: &["rejected.loop"],
        also: &["ctl.not-found", "config.*", "itl.*", "rejected.*", "boot.*", "keepalive.*"],
        verdict: Outcome::Fail,
        stuck: Some("rejected.refused"),
        steps: &[
            Step::Do(UP),
            Step::Times(3, &[Step::Do(UNKNOWN_LISTS), GET_OFF, Step::Do(TRY), Step::Do(REBOOT)]),
            Step::Wait(5),
        ],
        ..HEALTHY
    },
    Story {
        name: "sccp-known-phone-rejected",
        title: "A phone with a configuration of its own is refused by SCCP",
        sequence: "S9",
        concludes: "The device exists, and something of it does not fit: number, type or security.",
        expects: &["rejected.known-phone"],
        also: &["ctl.not-found", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("rejected.refused"),
        steps: &[Step::Do(UP), Step::Do(FILES_SKINNY_SINGLE), Step::Do(TRY), Step::Wait(30)],
        ..HEALTHY
    },
    Story {
        name: "sccp-register-unanswered",
        title: "The Register is never answered",
        sequence: "S11",
        concludes: "The CallManager takes the bytes and says nothing: its service hangs.",
        expects: &["keepalive.register-unanswered"],
        also: &["ctl.not-found", "failover.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registering"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SKINNY_SINGLE),
            Step::Transport(Transport::Sccp),
            Step::Times(
                2,
                &[
                    Step::Connect(CM1, Accepts::Yes),
                    Step::Sccp(Sccp::Register(Registered::Silence)),
                    Step::Close(Side::Phone),
                    Step::Wait(5),
                ],
            ),
            Step::Wait(40),
        ],
        ..HEALTHY
    },
    Story {
        name: "sccp-keepalive-unanswered",
        title: "CallManager no longer answers keepalives",
        sequence: "S11",
        concludes: "The CallManager hangs, or what is sent to it is lost.",
        expects: &["keepalive.unanswered"],
        also: &["ctl.not-found", "failover.*", "keepalive.*"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.refreshing"),
        steps: &[Step::Do(ON), Step::Times(4, &[Step::Sccp(Sccp::Keepalive(30, false))]), Step::Wait(20)],
        ..HEALTHY
    },
    Story {
        name: "sccp-keepalive-stopped",
        title: "The phone falls silent while the capture goes on",
        sequence: "S11",
        concludes: "The phone is off, or its port is down.",
        expects: &["keepalive.stopped"],
        also: &["ctl.not-found"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registered"),
        steps: &[Step::Do(ON), Step::Wait(240)],
        ..HEALTHY
    },
    Story {
        name: "sccp-plain-used",
        title: "Encrypted mode is configured and possible, and the phone registers in plain SCCP",
        sequence: "S7",
        concludes: "The phone runs a profile of before, or its security was taken back half-way.",
        expects: &["secure-connection.plain-used"],
        also: &["ctl.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("secure-connection.plain"),
        steps: &[
            Step::Do(UP),
            GET_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&SKINNY_SECURE, SIGNED))),
            Step::Do(IN),
            Step::Do(ALIVE),
            Step::Wait(5),
        ],
        ..HEALTHY
    },
    Story {
        name: "sccp-nobody-listens",
        title: "Neither CallManager takes a connection to port 2000",
        sequence: "S12",
        concludes: "The CallManager service is down on both nodes.",
        expects: &["failover.group-exhausted"],
        also: &["ctl.not-found", "boot.*", "secure-connection.*"],
        verdict: Outcome::Fail,
        stuck: Some("secure-connection.connecting"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SKINNY),
            Step::Transport(Transport::Sccp),
            Step::Times(
                2,
                &[Step::Connect(CM1, Accepts::Refuses), Step::Connect(CM2, Accepts::Refuses), Step::Wait(10)],
            ),
            Step::Wait(20),
        ],
        ..HEALTHY
    },
];
