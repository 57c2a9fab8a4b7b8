//! S1: power and voice VLAN.

use super::super::scenario::{Answered, CM1, KEEPALIVE, Outcome, REGISTER, ROUTER, SITE, STORY, Site, Step, Story, UP};
use super::parts::*;

const WHOLE: &[Step] =
    &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)];

pub const STORIES: &[Story] = &[
    Story {
        name: "link-voice-vlan-not-taken",
        title: "The switch offers voice VLAN 110, the phone goes on untagged",
        sequence: "S1",
        concludes: "The phone missed the voice VLAN and works in the data VLAN.",
        expects: &["link.voice-vlan-not-taken"],
        also: &["ctl.not-found"],
        verdict: Outcome::Fail,
        stuck: Some("link.vlan-given"),
        site: Site { vlan: None, ..SITE },
        steps: WHOLE,
        ..STORY
    },
    Story {
        name: "link-wrong-vlan",
        title: "The switch offers voice VLAN 110, the phone tags with 120",
        sequence: "S1",
        concludes: "An administrative VLAN is set on the phone; it works all the same.",
        expects: &["link.wrong-vlan"],
        also: &["ctl.not-found"],
        site: Site { vlan: Some(120), ..SITE },
        steps: WHOLE,
        ..STORY
    },
    Story {
        name: "link-switch-silent",
        title: "The phone announces itself for minutes, the switch never answers",
        sequence: "S1",
        concludes: "CDP and LLDP are off on the port: no voice VLAN is given; the phone works untagged.",
        expects: &["link.switch-silent"],
        also: &["ctl.not-found"],
        site: Site { switch_cdp: false, vlan: None, ..SITE },
        steps: WHOLE,
        ..STORY
    },
    Story {
        name: "link-no-voice-vlan",
        title: "The switch speaks CDP and offers no voice VLAN",
        sequence: "S1",
        concludes: "`switchport voice vlan` is missing; the phone works untagged.",
        expects: &["link.no-voice-vlan"],
        also: &["ctl.not-found"],
        site: Site { cdp_voice: None, vlan: None, ..SITE },
        steps: WHOLE,
        ..STORY
    },
    Story {
        name: "link-voice-vlan-conflict",
        title: "CDP offers voice VLAN 110, LLDP-MED offers 120",
        sequence: "S1",
        concludes: "The two protocols disagree; the phone takes what CDP says.",
        expects: &["link.voice-vlan-conflict"],
        also: &["ctl.not-found"],
        site: Site { phone_lldp: true, switch_lldp: true, lldp_voice: Some(120), ..SITE },
        steps: WHOLE,
        ..STORY
    },
    Story {
        name: "link-power-denied",
        title: "The phone asks for 12 W or at least 6.3 W, the switch grants 4 W",
        sequence: "S1",
        concludes: "The PoE budget is too small: the phone does not start.",
        expects: &["link.power-denied"],
        also: &["link.stalled", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("link.announced"),
        site: Site { power: &[12_000, 6300], granted: 4000, ..SITE },
        steps: &[Step::PowerUp, Step::Wait(220)],
        ..STORY
    },
    Story {
        name: "link-reboot-loop",
        title: "The phone announces itself, falls silent, and starts again, five times in four minutes",
        sequence: "S1",
        concludes: "The phone restarts before it gets an address: power, cable or firmware.",
        expects: &["link.reboot-loop"],
        also: &["boot.loop", "boot.stalled", "link.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("link.vlan-given"),
        steps: &[Step::Times(5, &[Step::PowerUp, Step::Wait(4), Step::Off, Step::Wait(40)]), Step::Wait(60)],
        ..STORY
    },
    Story {
        name: "link-stalled",
        title: "The phone announces itself every minute and does nothing else",
        sequence: "S1",
        concludes: "The phone hangs after link-up: firmware image or port state.",
        expects: &["link.stalled"],
        also: &["boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("link.vlan-given"),
        steps: &[Step::PowerUp, Step::Wait(280)],
        ..STORY
    },
    Story {
        name: "link-static-address-untagged",
        title: "A phone with a static address starts with ARP untagged although VLAN 110 is offered",
        sequence: "S1",
        concludes: "The phone missed the voice VLAN; with a static address ARP is the first sign.",
        expects: &["link.voice-vlan-not-taken"],
        also: &["ctl.not-found"],
        verdict: Outcome::Fail,
        stuck: Some("link.vlan-given"),
        site: Site { vlan: None, ..SITE },
        steps: &[
            Step::PowerUp,
            Step::Wait(12),
            Step::Probe,
            Step::Arp(ROUTER, Answered::Yes),
            Step::Server(CM1),
            Step::Do(FILES),
            Step::Do(REGISTER),
            KEEPALIVE,
            Step::Wait(10),
        ],
        ..STORY
    },
];
