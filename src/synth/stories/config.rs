//! S6: the configuration, what it names, and firmware.

use super::super::scenario::{
    CM1, CM2, Content, File, Got, KEEPALIVE, Outcome, REBOOT, REGISTER, SITE, STORY, Site, Step, Story, UP, Via, Wrap,
};
use super::super::trust::Damage;
use super::parts::*;

/// A small stand-in for a firmware load: the list of images, then the images.
pub const GET_LOAD: &[Step] = &[
    Step::Fetch(
        File::Named("sip78xx.12-8-1-21.loads"),
        Got::Found(Content::Text("kern78xx.12-8-1-21.sbn\nrootfs78xx.12-8-1-21.sbn\nsboot78xx.031618R1-9-6.sbn\n")),
    ),
    Step::Fetch(File::Named("kern78xx.12-8-1-21.sbn"), Got::Found(Content::Image(1900))),
    Step::Fetch(File::Named("rootfs78xx.12-8-1-21.sbn"), Got::Found(Content::Image(2100))),
];
const GET_NEW_LOAD: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&NEW_LOAD, SIGNED)));
const ONWARDS: &[Step] = &[Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)];

pub const STORIES: &[Story] = &[
    Story {
        name: "config-not-found",
        title: "Neither the phone's configuration nor the default one exists, by HTTP and TFTP",
        sequence: "S6",
        concludes: "The wrong server is asked, or its TFTP service is not that of the cluster.",
        expects: &["config.not-found"],
        also: &["ctl.not-found", "itl.*", "boot.*", "config.refetch-loop"],
        verdict: Outcome::Fail,
        stuck: Some("config.default-requested"),
        site: Site { via: Via::HttpThenTftp, ..SITE },
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::NotFound),
            Step::Fetch(File::Default, Got::NotFound),
            Step::Wait(30),
            Step::Fetch(File::Signed, Got::NotFound),
            Step::Fetch(File::Default, Got::NotFound),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "config-name-mismatch",
        title: "The phone holds a trust list, and asks for the unsigned name",
        sequence: "S6",
        concludes: "Odd but harmless: it registers.",
        expects: &["config.name-mismatch"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Plain, Got::Found(Content::Device(&DEVICE, Wrap::Bare))),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "config-signature-invalid",
        title: "The configuration was changed after it was signed",
        sequence: "S6",
        concludes: "The phone refuses the file: a proxy or a copy changed it.",
        expects: &["config.signature-invalid"],
        also: &["ctl.not-found", "boot.*", "config.refetch-loop"],
        verdict: Outcome::Fail,
        stuck: Some("config.known"),
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Times(
                2,
                &[
                    Step::Fetch(File::Signed, Got::Found(Content::Device(&DEVICE, Wrap::Signed(Damage::Flipped)))),
                    Step::Wait(20),
                ],
            ),
            Step::Wait(150),
        ],
        ..STORY
    },
    Story {
        name: "config-wrong-file",
        title: "The configuration of another phone comes under this phone's name",
        sequence: "S6",
        concludes: "The header names SEP00112233FFFF: a cache, or a copy with the wrong name.",
        expects: &["config.wrong-file"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&DEVICE, Wrap::Misnamed))),
            Step::Wait(5),
            GET_CONFIG,
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "config-timeout",
        title: "The lists are answered, the request for the configuration is not, by either server",
        sequence: "S6",
        concludes: "The TFTP service hangs on both nodes.",
        expects: &["config.timeout"],
        also: &["ctl.not-found", "tftp-server.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("config.requested"),
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Times(
                2,
                &[
                    Step::Server(CM1),
                    Step::Fetch(File::Signed, Got::Mute),
                    Step::Server(CM2),
                    Step::Fetch(File::Signed, Got::Mute),
                ],
            ),
            Step::Wait(90),
        ],
        ..STORY
    },
    Story {
        name: "config-firmware-loop",
        title: "The phone fetches the new load, restarts with the old one, and fetches it again",
        sequence: "S6",
        concludes: "The image does not fit the hardware, or the load name is wrong.",
        expects: &["config.firmware-loop"],
        also: &["ctl.not-found", "boot.*", "config.refetch-loop"],
        verdict: Outcome::Fail,
        stuck: Some("config.firmware"),
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            GET_NEW_LOAD,
            Step::Do(GET_LOAD),
            Step::Times(4, &[Step::Do(REBOOT), NO_CTL, GET_NEW_LOAD, Step::Do(GET_LOAD)]),
            Step::Off,
            Step::Wait(30),
        ],
        ..STORY
    },
    Story {
        name: "config-firmware-missing",
        title: "The configuration names a load that the server does not hold",
        sequence: "S6",
        concludes: "Upload sip78xx.12-8-1-21; the phone keeps its old load and registers.",
        expects: &["config.firmware-missing"],
        also: &["ctl.not-found"],
        verdict: Outcome::Fail,
        stuck: Some("config.firmware"),
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            GET_NEW_LOAD,
            Step::Fetch(File::Named("sip78xx.12-8-1-21.loads"), Got::NotFound),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "config-optional-missing",
        title: "Locale and ring list are not on the server",
        sequence: "S6",
        concludes: "Healthy: the phone speaks English.",
        expects: &["config.optional-missing"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&WITH_LOCALE, SIGNED))),
            Step::Fetch(File::Named("Norwegian_Norway/mk-sip.jar"), Got::NotFound),
            Step::Fetch(File::Named("Norway/g3-tones.xml"), Got::NotFound),
            Step::Fetch(File::Named("Ringlist.xml"), Got::NotFound),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "config-refetch-loop",
        title: "The same configuration is fetched five times in two minutes",
        sequence: "S6",
        concludes: "The phone applies it and resets, or retries: look at what follows each fetch.",
        expects: &["config.refetch-loop"],
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), NO_CTL, GET_ITL, Step::Times(5, &[GET_CONFIG, Step::Wait(25)]), Step::Do(ONWARDS)],
        ..STORY
    },
];
