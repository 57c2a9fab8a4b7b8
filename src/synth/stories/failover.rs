//! S12: a CallManager fails; where the phone goes, what becomes of its call, and how it comes back.

use super::super::media::{CALL, Call};
use super::super::scenario::{
    Accepts, CM1, CM2, CM3, Content, File, Got, OTHER, Outcome, REGISTER, Reply, SRST, STORY, Side, Step, Story, UP,
    User,
};
use super::super::sip::Purpose;
use super::parts::*;

const GET_TRIPLE: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&TRIPLE, SIGNED)));
const GET_SRST: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&WITH_SRST, SIGNED)));

const UP_WITH_THREE: &[Step] = &[Step::Do(UP), NO_CTL, GET_ITL, GET_TRIPLE, Step::Do(REGISTER), BEAT, Step::Wait(5)];
const BEAT: Step = Step::Keepalive(115, Purpose::Refresh, Reply::Good);
const TO_SECOND: &[Step] =
    &[Step::Connect(CM2, Accepts::Yes), Step::Refer(Reply::Good), Step::Register("CM-closed-TCP", Reply::Good)];

static GOES_ON: Call = Call { packets: 260, goes_on: true, ..CALL };
static REST: Call = CALL;
static BEGUN: Call = Call { goes_on: true, ..CALL };

const HEALTHY: Story = Story {
    sequence: "S12",
    concludes: "Healthy.",
    expects: &["failover.failed-over"],
    also: &["ctl.not-found", "keepalive.*", "secure-connection.member-skipped", "region-codec.device-pool"],
    ..STORY
};

pub const STORIES: &[Story] = &[
    Story {
        name: "failover-and-back",
        title: "The CallManager fails; the phone goes to the next, asks for the token, and comes back",
        expects: &["failover.failed-over", "failover.token-refused"],
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Abort(Side::Server),
            Step::Wait(1),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Do(TO_SECOND),
            BEAT,
            Step::ConnectStandby(CM1, Accepts::Yes),
            Step::Standby(5, Reply::Good),
            Step::Standby(60, Reply::Good),
            Step::Token(Reply::Code(503)),
            Step::Keepalive(50, Purpose::Refresh, Reply::Good),
            Step::Token(Reply::Good),
            Step::Keepalive(1, Purpose::Leave("fallback"), Reply::Good),
            Step::Swap,
            Step::Register("fallback", Reply::Good),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-to-third",
        title: "Two of three CallManagers are gone; the third takes the phone",
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Abort(Side::Server),
            Step::Wait(1),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Connect(CM2, Accepts::Refuses),
            Step::Connect(CM3, Accepts::Yes),
            Step::Refer(Reply::Good),
            Step::Register("CM-closed-TCP", Reply::Good),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-srst",
        title: "Both CallManagers are gone; the gateway of the site takes the phone",
        expects: &["failover.srst"],
        also: &["ctl.not-found", "keepalive.*", "failover.failed-over", "secure-connection.*"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            GET_SRST,
            Step::Do(REGISTER),
            BEAT,
            Step::Abort(Side::Server),
            Step::Wait(1),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Connect(CM2, Accepts::Refuses),
            Step::Connect(SRST, Accepts::Yes),
            Step::Register("CM-closed-TCP", Reply::Good),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-group-exhausted",
        title: "All three CallManagers are gone",
        concludes: "The cluster is down, or the network to it.",
        expects: &["failover.group-exhausted"],
        also: &["ctl.not-found", "keepalive.*", "secure-connection.*", "boot.*"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.unregistered"),
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Abort(Side::Server),
            Step::Wait(1),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Connect(CM2, Accepts::Silent),
            Step::Connect(CM3, Accepts::Refuses),
            Step::Wait(20),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Wait(30),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-wrong-order",
        title: "The phone goes to the third member before the second",
        concludes: "Its configuration or its memory names another order.",
        expects: &["failover.wrong-order", "failover.failed-over"],
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Abort(Side::Server),
            Step::Wait(1),
            Step::Connect(CM3, Accepts::Yes),
            Step::Refer(Reply::Good),
            Step::Register("CM-closed-TCP", Reply::Good),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-unlisted-member",
        title: "The phone goes to a CallManager that its configuration does not name",
        concludes: "It remembers an old configuration.",
        expects: &["failover.unlisted-member", "failover.failed-over"],
        also: &["ctl.not-found", "keepalive.*", "failover.*", "secure-connection.*"],
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Abort(Side::Server),
            Step::Wait(1),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Connect(OTHER, Accepts::Yes),
            Step::Refer(Reply::Good),
            Step::Register("CM-closed-TCP", Reply::Good),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-too-many-members",
        title: "The phone addresses four CallManagers",
        concludes: "It remembers members of before.",
        expects: &["failover.too-many-members"],
        also: &["ctl.not-found", "keepalive.*", "failover.*", "secure-connection.*"],
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Abort(Side::Server),
            Step::Wait(1),
            Step::Connect(CM1, Accepts::Refuses),
            Step::Connect(CM2, Accepts::Refuses),
            Step::Connect(OTHER, Accepts::Refuses),
            Step::Connect(CM3, Accepts::Yes),
            Step::Refer(Reply::Good),
            Step::Register("CM-closed-TCP", Reply::Good),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-flapping",
        title: "The phone goes to and fro between two CallManagers",
        concludes: "Something cuts its connections: an idle timer of a firewall, or the network.",
        expects: &["failover.flapping", "failover.failed-over"],
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Times(
                2,
                &[
                    Step::Abort(Side::Server),
                    Step::Wait(1),
                    Step::Do(TO_SECOND),
                    Step::Keepalive(115, Purpose::Refresh, Reply::Good),
                    Step::Abort(Side::Server),
                    Step::Wait(1),
                    Step::User(User::Number(1001)),
                    Step::Connect(CM1, Accepts::Yes),
                    Step::Refer(Reply::Good),
                    Step::Register("CM-closed-TCP", Reply::Good),
                    BEAT,
                ],
            ),
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-call-kept",
        title: "The CallManager fails in a call, which goes on; the phone registers elsewhere after it",
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Call(&GOES_ON),
            Step::Abort(Side::Server),
            Step::Streams(REST.streams, 250),
            Step::Wait(12),
            Step::Do(TO_SECOND),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-during-call",
        title: "The CallManager fails in a call, and the phone registers elsewhere while the call goes on",
        concludes: "The phone does not wait for the end of its call.",
        expects: &["failover.during-call"],
        also: &["ctl.not-found", "failover.failed-over", "keepalive.connection-reset", "region-codec.device-pool"],
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Call(&BEGUN),
            Step::Abort(Side::Server),
            Step::Resume(REST.streams, 50),
            Step::Do(TO_SECOND),
            Step::Resume(REST.streams, 200),
            Step::Wait(12),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
    Story {
        name: "failover-call-lost",
        title: "The CallManager fails in a call, and its speech ends with it",
        concludes: "The media goes by way of the failed node.",
        expects: &["failover.call-lost", "failover.failed-over"],
        verdict: Outcome::Fail,
        stuck: Some("keepalive.registered"),
        steps: &[
            Step::Do(UP_WITH_THREE),
            Step::Call(&GOES_ON),
            Step::Abort(Side::Server),
            Step::Wait(25),
            Step::Do(TO_SECOND),
            BEAT,
            Step::Wait(10),
        ],
        ..HEALTHY
    },
];
