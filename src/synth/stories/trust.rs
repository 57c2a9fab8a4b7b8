//! S4, S5 and S8: CTL, ITL, and the phone that keeps asking for a CTL.

use super::super::scenario::{
    Accepts, CM1, CM2, Content, File, Got, KEEPALIVE, Outcome, REGISTER, STORY, Side, Step, Story, UP, Wrap,
};
use super::super::trust::List;
use super::parts::*;

const ONWARDS: &[Step] = &[GET_CONFIG, Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)];

/// A healthy life, then an ordered restart.
const THEN_RESTART: &[Step] =
    &[Step::Do(REGISTER), KEEPALIVE, Step::Notify("restart", 200), Step::Close(Side::Phone), Step::Wait(6)];

const fn itl(list: &'static List) -> Step {
    Step::Fetch(File::ItlSep, Got::Found(Content::List(list)))
}
const fn ctl(list: &'static List) -> Step {
    Step::Fetch(File::CtlSep, Got::Found(Content::List(list)))
}
/// Asked of both servers, which accept the connection and say nothing.
const fn mute(file: File) -> [Step; 4] {
    [Step::Server(CM1), Step::Fetch(file, Got::Mute), Step::Server(CM2), Step::Fetch(file, Got::Mute)]
}

pub const STORIES: &[Story] = &[
    Story {
        name: "ctl-timeout",
        title: "Both servers take the request for the CTL and never answer it",
        sequence: "S4",
        concludes: "The TFTP service hangs on both nodes.",
        expects: &["ctl.timeout"],
        also: &["tftp-server.unreachable", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("ctl.requested"),
        steps: &[Step::Do(UP), Step::Times(2, &mute(File::CtlSep)), Step::Wait(90)],
        ..STORY
    },
    Story {
        name: "ctl-signer-mismatch",
        title: "After a restart the CTL is signed by a token that the phone has never seen",
        sequence: "S4",
        concludes: "The phone refuses the new CTL: sign with a known token, or delete the CTL on the phone.",
        expects: &["ctl.signer-mismatch"],
        also: &["keepalive.server-reset", "boot.stalled", "itl.*"],
        verdict: Outcome::Fail,
        stuck: Some("ctl.found"),
        steps: &[
            Step::Do(UP),
            GET_CTL,
            GET_ITL,
            GET_CONFIG,
            Step::Do(THEN_RESTART),
            Step::Times(2, &[ctl(&CTL_ROGUE), Step::Wait(20)]),
            Step::Wait(150),
        ],
        ..STORY
    },
    Story {
        name: "ctl-signature-invalid",
        title: "A bit of the CTL was changed after it was signed",
        sequence: "S4",
        concludes: "The phone refuses the CTL: regenerate it, look for what changed it on the way.",
        expects: &["ctl.signature-invalid"],
        also: &["boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("ctl.found"),
        steps: &[Step::Do(UP), Step::Times(2, &[ctl(&CTL_FLIPPED), Step::Wait(20)]), Step::Wait(150)],
        ..STORY
    },
    Story {
        name: "itl-missing",
        title: "The server holds neither ITL; the phone goes on with plain names",
        sequence: "S5",
        concludes: "An old cluster, or TVS and TFTP services in trouble; the phone registers.",
        expects: &["itl.missing"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            Step::Fetch(File::ItlSep, Got::NotFound),
            Step::Fetch(File::ItlFile, Got::NotFound),
            Step::Fetch(File::Plain, Got::Found(Content::Device(&DEVICE, Wrap::Bare))),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "itl-default-used",
        title: "No ITL for this phone, the cluster's is served; the configuration is there",
        sequence: "S5",
        concludes: "Healthy: the cluster ITLFile is as good.",
        expects: &["itl.default-used"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            Step::Fetch(File::ItlSep, Got::Unavailable),
            Step::Fetch(File::ItlFile, Got::Found(Content::List(&ITL))),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "itl-missing-role",
        title: "The ITL lists no trust verification service",
        sequence: "S5",
        concludes: "Works today; the next change of certificates will lock the phones out.",
        expects: &["itl.missing-role"],
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), NO_CTL, itl(&ITL_NO_TVS), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "itl-signer-mismatch",
        title: "After a restart the ITL is signed by a key that the phone has never seen",
        sequence: "S5",
        concludes: "The phone refuses the new ITL: bring back the old certificate, or delete the ITL on the phone.",
        expects: &["itl.signer-mismatch"],
        also: &["ctl.not-found", "keepalive.server-reset", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("itl.found"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Do(THEN_RESTART),
            NO_CTL,
            Step::Times(2, &[itl(&ITL_ROGUE), Step::Wait(20)]),
            Step::Wait(150),
        ],
        ..STORY
    },
    Story {
        name: "itl-signature-invalid",
        title: "A bit of the ITL was changed after it was signed",
        sequence: "S5",
        concludes: "The phone refuses the ITL: restart TVS and TFTP, look for what changed it on the way.",
        expects: &["itl.signature-invalid"],
        also: &["ctl.not-found", "boot.stalled", "malformed.trust-list"],
        verdict: Outcome::Fail,
        stuck: Some("itl.found"),
        steps: &[Step::Do(UP), NO_CTL, Step::Times(2, &[itl(&ITL_FLIPPED), Step::Wait(20)]), Step::Wait(150)],
        ..STORY
    },
    Story {
        name: "itl-signer-not-listed",
        title: "The ITL is signed by a token that it does not list",
        sequence: "S5",
        concludes: "The signature cannot be checked by the list itself: regenerate it.",
        expects: &["itl.signer-not-listed"],
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), NO_CTL, itl(&ITL_UNLISTED), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "itl-certificate-expired",
        title: "A certificate in the ITL expired in 2024",
        sequence: "S5",
        concludes: "Renew the certificate of the second TVS while the phones still trust the list.",
        expects: &["itl.certificate-expired"],
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), NO_CTL, itl(&ITL_EXPIRED), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "itl-older-list",
        title: "After a restart the server hands out an older ITL than before",
        sequence: "S5",
        concludes: "A node with old files answered: replication, or a restored cluster.",
        expects: &["itl.older-list"],
        also: &["ctl.not-found", "keepalive.server-reset"],
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Do(THEN_RESTART), NO_CTL, itl(&ITL_OLDER), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "itl-tvs-failed",
        title: "A new signer, and the trust verification service refuses the connection",
        sequence: "S5",
        concludes: "TVS is down on both nodes: the phone cannot verify the new list and stops.",
        expects: &["itl.tvs-failed"],
        also: &["ctl.not-found", "keepalive.server-reset", "itl.signer-mismatch", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("itl.verifying"),
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Do(THEN_RESTART),
            NO_CTL,
            itl(&ITL_ROGUE),
            Step::Times(2, &[Step::Tvs(CM1, Accepts::Refuses), Step::Tvs(CM2, Accepts::Refuses), Step::Wait(10)]),
            Step::Wait(150),
        ],
        ..STORY
    },
    Story {
        name: "itl-timeout",
        title: "The CTL is answered, the ITL request is taken and never answered",
        sequence: "S5",
        concludes: "The TFTP service hangs on both nodes.",
        expects: &["itl.timeout"],
        also: &["ctl.not-found", "tftp-server.*", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("itl.requested"),
        steps: &[Step::Do(UP), NO_CTL, Step::Times(2, &mute(File::ItlSep)), Step::Wait(90)],
        ..STORY
    },
    Story {
        name: "ctl-retry-again",
        title: "Encrypted mode is demanded and no CTL is served; the phone asks again",
        sequence: "S8",
        concludes: "It will go on asking: put the cluster into mixed mode, or give the phone a plain profile.",
        expects: &["ctl-retry.again"],
        also: &["ctl.not-found", "config.refetch-loop"],
        verdict: Outcome::Inconclusive,
        steps: &[Step::Do(UP), NO_CTL, GET_ITL, GET_SECURE, Step::Wait(30), NO_CTL, Step::Wait(15)],
        ..STORY
    },
    Story {
        name: "ctl-retry-loop",
        title: "Encrypted mode is demanded and no CTL is served; the phone asks every 30 s",
        sequence: "S8",
        concludes: "The phone can never register securely: no CTL file exists.",
        expects: &["ctl-retry.loop"],
        also: &["ctl.not-found", "ctl-retry.again", "config.refetch-loop", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("ctl-retry.asking"),
        steps: &[Step::Do(UP), NO_CTL, GET_ITL, GET_SECURE, Step::Times(5, &[Step::Wait(30), NO_CTL]), Step::Wait(90)],
        ..STORY
    },
    Story {
        name: "ctl-retry-suspected",
        title: "The phone asks for a CTL again and again; its configuration is not in the capture",
        sequence: "S8",
        concludes: "Probably a secure profile without a CTL; the configuration would tell.",
        expects: &["ctl-retry.suspected"],
        also: &["ctl.not-found", "ctl-retry.*", "config.refetch-loop", "boot.*"],
        verdict: Outcome::Inconclusive,
        steps: &[Step::Do(UP), NO_CTL, Step::Times(4, &[Step::Wait(30), NO_CTL]), Step::Wait(20)],
        ..STORY
    },
];
