//! S2: the address and what comes with it.

use std::net::Ipv4Addr;

use super::super::dhcp::{LEASE, Lease};
use super::super::scenario::{Answered, CM1, DHCP, KEEPALIVE, Outcome, REGISTER, ROUTER, STORY, Step, Story};
use super::parts::*;

static NO_TFTP: Lease = Lease { tftp: &[], ..LEASE };
static NO_ROUTER: Lease = Lease { router: false, ..LEASE };
static AS_TEXT: Lease = Lease { tftp: &[], tftp_text: Some("10.1.1.10"), ..LEASE };
static ROGUE: Lease =
    Lease { server: Some(Ipv4Addr::new(10, 20, 0, 9)), mask: None, router: false, tftp: &[], dns: None, ..LEASE };

const LINK: &[Step] = &[Step::PowerUp, Step::Wait(12)];
const ONWARDS: &[Step] = &[Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)];

pub const STORIES: &[Story] = &[
    Story {
        name: "dhcp-no-answer",
        title: "DISCOVER after DISCOVER, and no server answers",
        sequence: "S2",
        concludes: "No DHCP server answers in VLAN 110: scope, helper address or VLAN.",
        expects: &["dhcp.no-answer"],
        also: &["boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("dhcp.discovering"),
        steps: &[
            Step::Do(LINK),
            Step::Discover(0),
            Step::Wait(4),
            Step::Discover(4),
            Step::Wait(8),
            Step::Discover(12),
            Step::Wait(16),
            Step::Discover(28),
            Step::Wait(32),
            Step::Discover(60),
            Step::Wait(64),
            Step::Discover(124),
            Step::Wait(70),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-no-ack",
        title: "The offer is requested again and again; neither ACK nor NAK comes",
        sequence: "S2",
        concludes: "The server offers and never confirms: its pool, or the way of the REQUEST to it.",
        expects: &["dhcp.no-ack"],
        also: &["boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("dhcp.requested"),
        steps: &[
            Step::Do(LINK),
            Step::Times(
                2,
                &[
                    Step::Discover(0),
                    Step::Offer(&LEASE),
                    Step::Request,
                    Step::Wait(4),
                    Step::Request,
                    Step::Wait(8),
                    Step::Request,
                    Step::Wait(16),
                    Step::Request,
                    Step::Wait(32),
                ],
            ),
            Step::Wait(60),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-offer-ignored",
        title: "A second server offers an address without mask; the phone waits for the right one",
        sequence: "S2",
        concludes: "A rogue DHCP server at 10.20.0.9; the phone got its address from the right one.",
        expects: &["dhcp.offer-ignored"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(LINK),
            Step::Discover(0),
            Step::Offer(&ROGUE),
            Step::Wait(16),
            Step::Do(DHCP),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-offer-unusable",
        title: "Option 150 is configured as text: the phone never takes the offer",
        sequence: "S2",
        concludes: "`option 150 ascii` instead of `ip`: its nine bytes are no addresses.",
        expects: &["dhcp.offer-unusable"],
        also: &["malformed.dhcp", "dhcp.offer-ignored", "boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("dhcp.offered"),
        steps: &[
            Step::Do(LINK),
            Step::Discover(0),
            Step::Offer(&AS_TEXT),
            Step::Wait(4),
            Step::Discover(4),
            Step::Offer(&AS_TEXT),
            Step::Wait(8),
            Step::Discover(12),
            Step::Offer(&AS_TEXT),
            Step::Wait(16),
            Step::Discover(28),
            Step::Offer(&AS_TEXT),
            Step::Wait(32),
            Step::Discover(60),
            Step::Offer(&AS_TEXT),
            Step::Wait(70),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-nak",
        title: "The address of before is refused once; the phone gets another lease",
        sequence: "S2",
        concludes: "Normal after a move to another VLAN.",
        expects: &["dhcp.nak"],
        also: &["ctl.not-found"],
        steps: &[Step::Do(LINK), Step::RequestAgain, Step::Nak, Step::Wait(1), Step::Do(DHCP), Step::Do(ONWARDS)],
        ..STORY
    },
    Story {
        name: "dhcp-nak-loop",
        title: "Every REQUEST is refused",
        sequence: "S2",
        concludes: "The server refuses what it offers: lease database or scope.",
        expects: &["dhcp.nak-loop"],
        also: &["dhcp.nak", "boot.stalled", "boot.loop"],
        verdict: Outcome::Fail,
        stuck: Some("dhcp.requested"),
        steps: &[
            Step::Do(LINK),
            Step::Times(5, &[Step::Discover(0), Step::Offer(&LEASE), Step::Request, Step::Nak, Step::Wait(10)]),
            Step::Wait(70),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-no-option-150",
        title: "The lease names no configuration server",
        sequence: "S2",
        concludes: "Neither option 150 nor 66 nor a next server: the phone does not know whom to ask.",
        expects: &["dhcp.no-tftp-option"],
        also: &["boot.stalled", "dhcp.nothing-after-ack"],
        verdict: Outcome::Fail,
        stuck: Some("dhcp.bound"),
        steps: &[
            Step::Do(LINK),
            Step::Discover(0),
            Step::Offer(&NO_TFTP),
            Step::Request,
            Step::Ack(&NO_TFTP),
            Step::Probe,
            Step::Arp(ROUTER, Answered::Yes),
            Step::Wait(200),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-no-router",
        title: "The lease names no router; the phone lives by proxy ARP",
        sequence: "S2",
        concludes: "Option 3 is missing; it works only because the router answers ARP for everyone.",
        expects: &["dhcp.no-router"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(LINK),
            Step::Discover(0),
            Step::Offer(&NO_ROUTER),
            Step::Request,
            Step::Ack(&NO_ROUTER),
            Step::Probe,
            Step::Arp(CM1, Answered::Yes),
            Step::Do(ONWARDS),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-duplicate-address",
        title: "Another host has the address; the phone declines it, twice",
        sequence: "S2",
        concludes: "00:00:5e:00:53:77 uses 10.20.0.50, and the pool gives it away again.",
        expects: &["dhcp.duplicate-address"],
        also: &["boot.stalled", "dhcp.no-answer"],
        verdict: Outcome::Fail,
        stuck: Some("dhcp.bound"),
        steps: &[
            Step::Do(LINK),
            Step::Times(
                2,
                &[
                    Step::Discover(0),
                    Step::Offer(&LEASE),
                    Step::Request,
                    Step::Ack(&LEASE),
                    Step::ProbeTaken,
                    Step::Wait(10),
                ],
            ),
            Step::Wait(120),
        ],
        ..STORY
    },
    Story {
        name: "dhcp-nothing-after-ack",
        title: "The phone has its lease, but its router never answers ARP",
        sequence: "S2",
        concludes: "The default router 10.20.0.1 is dead or in another VLAN: no request can leave.",
        expects: &["dhcp.nothing-after-ack"],
        also: &["boot.stalled"],
        verdict: Outcome::Fail,
        stuck: Some("dhcp.bound"),
        steps: &[
            Step::Do(LINK),
            Step::Discover(0),
            Step::Offer(&LEASE),
            Step::Request,
            Step::Ack(&LEASE),
            Step::Probe,
            Step::Times(30, &[Step::Arp(ROUTER, Answered::No), Step::Wait(5)]),
            Step::Wait(60),
        ],
        ..STORY
    },
];
