//! S9 and S10: phones that the CallManager does not know, or does not want.

use super::super::scenario::{
    Accepts, CM1, Content, File, Got, KEEPALIVE, Outcome, REBOOT, REGISTER, Reply, STORY, Side, Step, Story, UP, User,
};
use super::super::sip::Purpose;
use super::parts::*;

const DEFAULT_IS: Step = Step::Fetch(File::Default, Got::Found(Content::Default(&DEFAULT_SINGLE, SIGNED)));
const DEFAULT_SAYS_OFF: Step = Step::Fetch(File::Default, Got::Found(Content::Default(&DEFAULT_OFF, SIGNED)));

const ASK: &[Step] = &[Step::User(User::AutoReg), Step::Connect(CM1, Accepts::Yes), Step::Refer(Reply::Good)];
const ASK_REFUSED: &[Step] = &[
    Step::User(User::AutoReg),
    Step::Connect(CM1, Accepts::Yes),
    Step::Refer(Reply::Code(404)),
    Step::Close(Side::Server),
];
const RESTART: &[Step] = &[Step::Wait(3), Step::Notify("restart", 200), Step::Close(Side::Phone), Step::Wait(6)];
const FIRST_BOOT: &[Step] = &[Step::Do(UP), Step::Do(UNKNOWN_LISTS), DEFAULT_IS, Step::Do(ASK), Step::Do(RESTART)];
const NUMBER: &[Step] = &[Step::User(User::Number(1001)), Step::Connect(CM1, Accepts::Yes)];
const REFUSED: &[Step] = &[Step::Register("initialized", Reply::Code(403)), Step::Close(Side::Server), Step::Wait(15)];

const HARMLESS: &[&str] =
    &["config.default-used", "itl.default-used", "ctl.not-found", "keepalive.server-reset", "boot.*"];

pub const STORIES: &[Story] = &[
    Story {
        name: "rejected-once",
        title: "An unknown phone is refused once, then somebody adds it and it registers",
        sequence: "S9",
        concludes: "The phone was not in the database at first.",
        expects: &["rejected.once"],
        also: &["config.default-used", "itl.default-used", "ctl.not-found", "rejected.auto-registration-off"],
        steps: &[
            Step::Do(UP),
            Step::Do(UNKNOWN_LISTS),
            DEFAULT_SAYS_OFF,
            Step::Do(ASK_REFUSED),
            Step::Do(REBOOT),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "rejected-loop",
        title: "Auto-registration is off: the unknown phone is refused, resets, and tries again",
        sequence: "S9",
        concludes: "Add the phone by its MAC, or enable auto-registration.",
        expects: &["rejected.loop", "rejected.auto-registration-off"],
        also: &[
            "rejected.once",
            "config.default-used",
            "itl.default-used",
            "ctl.not-found",
            "boot.*",
            "config.refetch-loop",
        ],
        verdict: Outcome::Fail,
        stuck: Some("rejected.refused"),
        steps: &[
            Step::Do(UP),
            Step::Times(3, &[Step::Do(UNKNOWN_LISTS), DEFAULT_SAYS_OFF, Step::Do(ASK_REFUSED), Step::Do(REBOOT)]),
            Step::Do(UNKNOWN_LISTS),
            DEFAULT_SAYS_OFF,
            Step::Do(ASK_REFUSED),
            Step::Wait(30),
        ],
        ..STORY
    },
    Story {
        name: "rejected-known-phone",
        title: "The configuration is there, and the registration is forbidden all the same",
        sequence: "S9",
        concludes: "Number, device type or security profile do not fit.",
        expects: &["rejected.known-phone"],
        also: &["ctl.not-found", "rejected.*", "boot.*", "failover.*", "keepalive.*"],
        verdict: Outcome::Fail,
        stuck: Some("rejected.refused"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SINGLE),
            Step::Times(3, &[Step::Do(NUMBER), Step::Refer(Reply::Good), Step::Do(REFUSED)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-callmanager-unreachable",
        title: "The CallManager of the default configuration does not answer SYN",
        sequence: "S10",
        concludes: "10.1.1.10 port 5060 is filtered, or its service is down.",
        expects: &["auto-registration.callmanager-unreachable"],
        also: &["config.default-used", "itl.default-used", "ctl.not-found", "failover.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.connecting"),
        steps: &[
            Step::Do(UP),
            Step::Do(UNKNOWN_LISTS),
            DEFAULT_IS,
            Step::Times(4, &[Step::Connect(CM1, Accepts::Silent), Step::Wait(10)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-callmanager-refuses",
        title: "The CallManager of the default configuration answers SYN with RST",
        sequence: "S10",
        concludes: "The CallManager service of 10.1.1.10 is not running.",
        expects: &["auto-registration.callmanager-unreachable"],
        also: &["config.default-used", "itl.default-used", "ctl.not-found", "failover.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.connecting"),
        steps: &[
            Step::Do(UP),
            Step::Do(UNKNOWN_LISTS),
            DEFAULT_IS,
            Step::Times(4, &[Step::Connect(CM1, Accepts::Refuses), Step::Wait(20)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-refer-unanswered",
        title: "The CallManager takes the AUTO-REG request and never answers it",
        sequence: "S10",
        concludes: "The bytes are acknowledged, the message is not: overload, or the wrong node.",
        expects: &["auto-registration.refer-unanswered"],
        also: HARMLESS,
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.asked"),
        steps: &[
            Step::Do(UP),
            Step::Do(UNKNOWN_LISTS),
            DEFAULT_IS,
            Step::User(User::AutoReg),
            Step::Times(
                2,
                &[
                    Step::Connect(CM1, Accepts::Yes),
                    Step::Refer(Reply::Never),
                    Step::Close(Side::Phone),
                    Step::Wait(10),
                ],
            ),
            Step::Wait(90),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-not-restarted",
        title: "The phone is accepted and never told to restart",
        sequence: "S10",
        concludes: "Reset the phone by hand; the logs of CUCM will tell why.",
        expects: &["auto-registration.not-restarted"],
        also: HARMLESS,
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.accepted"),
        steps: &[Step::Do(UP), Step::Do(UNKNOWN_LISTS), DEFAULT_IS, Step::Do(ASK), Step::Wait(220)],
        ..STORY
    },
    Story {
        name: "auto-registration-device-not-created",
        title: "The phone is accepted and restarted four times, and has no configuration still",
        sequence: "S10",
        concludes: "CUCM did not create the device: number range used up, or no default device.",
        expects: &["auto-registration.device-not-created"],
        also: &[
            "config.default-used",
            "itl.default-used",
            "ctl.not-found",
            "keepalive.server-reset",
            "auto-registration.restart-loop",
            "config.refetch-loop",
            "boot.*",
        ],
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.second-boot"),
        steps: &[
            Step::Do(UP),
            Step::Times(4, &[Step::Do(UNKNOWN_LISTS), DEFAULT_IS, Step::Do(ASK), Step::Do(RESTART)]),
            Step::Do(UNKNOWN_LISTS),
            DEFAULT_IS,
            Step::Wait(60),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-refer-not-acknowledged",
        title: "In the second boot the REFER gets no answer; the REGISTER does",
        sequence: "S10",
        concludes: "The phone registers all the same.",
        expects: &["auto-registration.refer-not-acknowledged"],
        also: HARMLESS,
        steps: &[
            Step::Do(FIRST_BOOT),
            Step::Do(FILES_SINGLE),
            Step::Do(NUMBER),
            Step::Refer(Reply::Ignored),
            Step::Register("reset-restart", Reply::Good),
            Step::Times(3, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-digest-rejected",
        title: "The phone's digest credentials are refused again and again",
        sequence: "S10",
        concludes: "Digest user and phone security profile do not fit.",
        expects: &["auto-registration.digest-rejected"],
        also: &["ctl.not-found", "rejected.*", "boot.*", "keepalive.*", "failover.*"],
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.registering"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SINGLE),
            Step::Do(NUMBER),
            Step::Refer(Reply::Good),
            Step::Times(3, &[Step::Register("initialized", Reply::Challenge(401)), Step::Wait(20)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "digest-accepted",
        title: "One challenge, and the credentials are right",
        sequence: "S10",
        concludes: "Healthy: digest is on in the phone security profile.",
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SINGLE),
            Step::Do(NUMBER),
            Step::Refer(Reply::Good),
            Step::Register("initialized", Reply::Challenge(200)),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-notify-refused",
        title: "CUCM's NOTIFY names an old registration; the phone says 400, once",
        sequence: "S10",
        concludes: "Harmless: the next NOTIFY is right, and the phone restarts and registers.",
        expects: &["auto-registration.notify-refused"],
        also: HARMLESS,
        steps: &[
            Step::Do(FIRST_BOOT),
            Step::Do(FILES_SINGLE),
            Step::Do(NUMBER),
            Step::Refer(Reply::Good),
            Step::Register("reset-restart", Reply::Good),
            Step::Wait(2),
            Step::Notify("restart", 400),
            Step::Do(RESTART),
            Step::Do(FILES_SINGLE),
            Step::Do(NUMBER),
            Step::Refer(Reply::Good),
            Step::Register("reset-restart", Reply::Good),
            Step::Times(3, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-stale-registration",
        title: "NOTIFY after NOTIFY names an old registration",
        sequence: "S10",
        concludes: "CUCM holds a stale registration: reset the phone there.",
        expects: &["auto-registration.stale-registration"],
        also: &[
            "config.default-used",
            "itl.default-used",
            "ctl.not-found",
            "keepalive.server-reset",
            "keepalive.server-reset-ignored",
            "auto-registration.notify-refused",
        ],
        steps: &[
            Step::Do(FIRST_BOOT),
            Step::Do(FILES_SINGLE),
            Step::Do(NUMBER),
            Step::Refer(Reply::Good),
            Step::Register("reset-restart", Reply::Good),
            Step::Times(3, &[Step::Wait(10), Step::Notify("restart", 400)]),
            // The refresh is due 115 s after the registration.
            Step::Keepalive(85, Purpose::Refresh, Reply::Good),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-number-refused",
        title: "The phone got its number, and registering it is refused",
        sequence: "S10",
        concludes: "Number or security profile of the new device do not fit.",
        expects: &["auto-registration.number-refused"],
        also: &[
            "config.default-used",
            "itl.default-used",
            "ctl.not-found",
            "keepalive.server-reset",
            "rejected.*",
            "boot.*",
        ],
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.third-boot"),
        steps: &[
            Step::Do(FIRST_BOOT),
            Step::Do(FILES_SINGLE),
            Step::Do(NUMBER),
            Step::Refer(Reply::Good),
            Step::Register("reset-restart", Reply::Good),
            Step::Do(RESTART),
            Step::Do(FILES_SINGLE),
            Step::Times(2, &[Step::Do(NUMBER), Step::Refer(Reply::Good), Step::Do(REFUSED)]),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-wrong-number",
        title: "The phone registers 1009, its configuration says 1001",
        sequence: "S10",
        concludes: "The phone works with an old file: compare it with the device in CUCM.",
        expects: &["auto-registration.wrong-number"],
        also: HARMLESS,
        steps: &[
            Step::Do(FIRST_BOOT),
            Step::Do(FILES_SINGLE),
            Step::User(User::Number(1009)),
            Step::Connect(CM1, Accepts::Yes),
            Step::Refer(Reply::Good),
            Step::Register("reset-restart", Reply::Good),
            Step::Times(3, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-restart-loop",
        title: "The phone gets its number and is restarted again and again",
        sequence: "S10",
        concludes: "Version stamps or firmware default never agree.",
        expects: &["auto-registration.restart-loop"],
        also: &[
            "config.default-used",
            "itl.default-used",
            "ctl.not-found",
            "keepalive.server-reset",
            "config.refetch-loop",
            "boot.*",
        ],
        verdict: Outcome::Fail,
        stuck: Some("auto-registration.notified"),
        steps: &[
            Step::Do(FIRST_BOOT),
            Step::Times(
                4,
                &[
                    Step::Do(FILES_SINGLE),
                    Step::Do(NUMBER),
                    Step::Refer(Reply::Good),
                    Step::Register("reset-restart", Reply::Good),
                    Step::Do(RESTART),
                ],
            ),
            Step::Wait(30),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-mixed-mode",
        title: "A cluster in mixed mode lets an unknown phone register itself",
        sequence: "S9 S10",
        concludes: "It works; the rule of CUCM before 11.5 forbids it.",
        expects: &["auto-registration.mixed-mode"],
        also: &["config.default-used", "itl.default-used", "keepalive.server-reset"],
        steps: &[
            Step::Do(UP),
            GET_CTL,
            Step::Fetch(File::ItlSep, Got::NotFound),
            Step::Fetch(File::ItlFile, Got::Found(Content::List(&ITL))),
            Step::Fetch(File::Signed, Got::NotFound),
            DEFAULT_IS,
            Step::Do(ASK),
            Step::Do(RESTART),
            GET_CTL,
            GET_ITL,
            GET_SINGLE,
            Step::Do(NUMBER),
            Step::Refer(Reply::Good),
            Step::Register("reset-restart", Reply::Good),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
];
