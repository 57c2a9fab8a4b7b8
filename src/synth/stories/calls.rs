//! S13 and media: calls whose speech flows, and calls whose speech does not, or not as it should.

use super::super::media::{BACK, CALL, Call, STREAM, Stream};
use super::super::scenario::{KEEPALIVE, Outcome, REGISTER, Reply, STORY, Sccp, Step, Story, UP};
use super::super::sip::Purpose;
use super::parts::*;

const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES_SINGLE), Step::Do(REGISTER), KEEPALIVE, Step::Wait(3)];
const AFTER: &[Step] = &[Step::Wait(12), Step::Keepalive(60, Purpose::Refresh, Reply::Good), Step::Wait(10)];

static G711: Call = CALL;
static G729: Call = Call {
    answer: 18,
    streams: &[Stream { payload_type: 18, bytes: 20, ..STREAM }, Stream { payload_type: 18, bytes: 20, ..BACK }],
    ..CALL
};
static HELD: Call = Call { direction: "sendonly", streams: &[BACK], ..CALL };
static SHORT: Call = Call { streams: &[STREAM], packets: 60, ..CALL };
static ONE_WAY: Call = Call { streams: &[STREAM], packets: 600, ..CALL };
static NOTHING_COMES: Call = Call { streams: &[BACK], packets: 600, ..CALL };
static LOSSY: Call = Call { streams: &[STREAM, Stream { lose: 20, ..BACK }], ..CALL };
static LATE: Call = Call { streams: &[STREAM, Stream { late: 90_000, ..BACK }], packets: 200, ..CALL };
static UNMARKED: Call = Call { streams: &[STREAM, Stream { tos: 0, ..BACK }], ..CALL };
static OTHER_TYPE: Call = Call { streams: &[STREAM, Stream { payload_type: 8, ..BACK }], ..CALL };
static REFUSED: Call = Call { offers: &[18], code: 488, ..CALL };
static NO_TRANSCODER: Call = Call { code: 503, cause: 47, ..CALL };
static BUSY: Call = Call { code: 486, cause: 17, ..CALL };

/// The phones are at headquarters, who is called is in the branch.
const NARROW: &str = r#"
[regions]
hq     = ["10.20.0.0/16"]
branch = ["10.30.0.0/16"]

[limits]
"hq hq"     = 64
"hq branch" = 8
"#;

const HEALTHY: Story = Story {
    sequence: "S13",
    concludes: "Healthy.",
    expects: &["region-codec.device-pool"],
    also: &["ctl.not-found"],
    ..STORY
};
const POOR: Story = Story { also: &["ctl.not-found", "region-codec.device-pool"], ..HEALTHY };

pub const STORIES: &[Story] = &[
    Story {
        name: "call-g711",
        title: "A call in G.711, both ways, hung up",
        steps: &[Step::Do(ON), Step::Call(&G711), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "call-g729",
        title: "A call in G.729, as the answer says",
        steps: &[Step::Do(ON), Step::Call(&G729), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "call-on-hold",
        title: "The other side answers with music: it sends, and hears nothing",
        steps: &[Step::Do(ON), Step::Call(&HELD), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "call-busy",
        title: "The one who is called is busy",
        steps: &[Step::Do(ON), Step::Call(&BUSY), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "call-hung-up-at-once",
        title: "A call of three seconds in which only one side had time to speak",
        steps: &[Step::Do(ON), Step::Call(&SHORT), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "rtp-one-way",
        title: "The phone speaks for 14 s, and nothing comes back",
        concludes: "A firewall or a missing route keeps the media of the other side away.",
        expects: &["rtp.one-way"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(ON), Step::Call(&ONE_WAY), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "rtp-one-way-to-phone",
        title: "The other side speaks for 14 s, and the phone sends nothing",
        concludes: "The phone's media does not leave it, or is dropped before the capture.",
        expects: &["rtp.one-way"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(ON), Step::Call(&NOTHING_COMES), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "rtp-loss",
        title: "Every twentieth packet to the phone is missing",
        concludes: "Five percent are lost on the way to the phone.",
        expects: &["rtp.loss"],
        steps: &[Step::Do(ON), Step::Call(&LOSSY), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "rtp-jitter",
        title: "Every second packet to the phone is late",
        concludes: "Queues on the way are full.",
        expects: &["rtp.jitter"],
        steps: &[Step::Do(ON), Step::Call(&LATE), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "rtp-dscp",
        title: "The speech to the phone is not marked",
        concludes: "A switch or router on the way takes the mark away.",
        expects: &["rtp.dscp"],
        steps: &[Step::Do(ON), Step::Call(&UNMARKED), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "region-codec-no-common-codec",
        title: "The offer of G.729 alone is refused with 488",
        concludes: "No codec is common to both regions, and there is no transcoder.",
        expects: &["region-codec.no-common-codec"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(ON), Step::Call(&REFUSED), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "region-codec-no-resource",
        title: "The call is refused with Q.850 cause 47",
        concludes: "No transcoder is free.",
        expects: &["region-codec.no-common-codec"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(ON), Step::Call(&NO_TRANSCODER), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "region-codec-over-limit",
        title: "G.711 flows between two regions of which the site says 8 kbit/s",
        concludes: "The regions of the two ends are not those of the site's plan.",
        expects: &["region-codec.over-limit"],
        steps: &[Step::Do(ON), Step::Call(&G711), Step::Do(AFTER)],
        told: NARROW,
        ..POOR
    },
    Story {
        name: "region-codec-rtp-mismatch",
        title: "The answer says PCMU, and PCMA comes",
        concludes: "Something between the ends changes the codec, or does not.",
        expects: &["region-codec.rtp-mismatch"],
        steps: &[Step::Do(ON), Step::Call(&OTHER_TYPE), Step::Do(AFTER)],
        ..POOR
    },
    Story {
        name: "sccp-call",
        title: "A call of a phone that speaks SCCP",
        sequence: "S13",
        steps: &[Step::Do(super::sccp::ON), Step::Sccp(Sccp::Call(&G711, 0)), Step::Do(super::sccp::AFTER)],
        ..HEALTHY
    },
    Story {
        name: "sccp-call-one-way",
        title: "The same, and nothing comes back",
        concludes: "The media of the other side is kept away.",
        expects: &["rtp.one-way"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(super::sccp::ON), Step::Sccp(Sccp::Call(&ONE_WAY, 0)), Step::Do(super::sccp::AFTER)],
        ..POOR
    },
    Story {
        name: "sccp-call-no-codec",
        title: "The phone cannot receive in the codec that CallManager names",
        concludes: "The region allows a codec that the phone does not have.",
        expects: &["region-codec.no-common-codec"],
        verdict: Outcome::Fail,
        steps: &[Step::Do(super::sccp::ON), Step::Sccp(Sccp::Call(&G729, 3)), Step::Do(super::sccp::AFTER)],
        ..POOR
    },
];
