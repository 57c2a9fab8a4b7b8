//! Phones that have dial tone: every documented way to get there.

use super::super::dhcp::{LEASE, Lease};
use super::super::scenario::{
    Accepts, Answered, CM1, CM2, Content, DHCP, File, Got, Handshake, KEEPALIVE, REBOOT, REGISTER, ROUTER, Reply, SITE,
    STORY, Side, Site, Step, Story, Transport, UP, User, Via, Wrap,
};
use super::super::sip::Purpose;
use super::parts::*;

/// The lease of before, renewed: same server.
static RENEWED: Lease = Lease { seconds: 43_200, ..LEASE };

const SECURE_REGISTER: &[Step] = &[
    Step::User(User::Number(1001)),
    Step::Transport(Transport::Tls),
    Step::Connect(CM1, Accepts::Yes),
    Step::Tls(Handshake::Whole),
    Step::Refer(Reply::Good),
    Step::Register("initialized", Reply::Good),
];

const RESTARTED: &[Step] = &[
    Step::User(User::Number(1001)),
    Step::Connect(CM1, Accepts::Yes),
    Step::Refer(Reply::Good),
    Step::Register("reset-restart", Reply::Good),
];

pub const STORIES: &[Story] = &[
    Story {
        name: "boot-known-phone-http",
        title: "A known phone boots: CDP, DHCP with option 150, files by HTTP, SIP over TCP, keepalives",
        sequence: "S1 S2 S3 S4 S5 S6 S7 S11 S23",
        concludes: "Healthy boot of a known phone in a cluster that is not in mixed mode.",
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Times(3, &[KEEPALIVE]), Step::Wait(10)],
        ..STORY
    },
    Story {
        name: "boot-known-phone-tftp",
        title: "The same by TFTP with a block size of 1448",
        sequence: "S1 S2 S3 S4 S5 S6 S7 S11 S23",
        concludes: "Healthy boot of an older phone that fetches by TFTP only.",
        also: &["ctl.not-found"],
        site: Site { via: Via::Tftp, ..SITE },
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)],
        ..STORY
    },
    Story {
        name: "boot-plain-tftp-no-lists",
        title: "An old load asks for its configuration at once, by TFTP without options, and registers by UDP",
        sequence: "S1 S2 S3 S6 S7 S11",
        concludes: "Healthy: loads from before security never ask for a CTL or ITL.",
        expects: &["ctl.not-requested"],
        site: Site { via: Via::PlainTftp, transport: Transport::Udp, ..SITE },
        steps: &[
            Step::Do(UP),
            Step::Fetch(File::Plain, Got::Found(Content::Device(&BY_UDP, Wrap::Bare))),
            Step::User(User::Number(1001)),
            Step::Connect(CM1, Accepts::Yes),
            Step::Register("initialized", Reply::Good),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "boot-lldp-med",
        title: "A known phone boots on a switch that speaks LLDP-MED only",
        sequence: "S1 S2 S3 S4 S5 S6 S7 S11",
        concludes: "Healthy: the voice VLAN comes by LLDP-MED.",
        also: &["ctl.not-found"],
        site: Site {
            phone_cdp: false,
            phone_lldp: true,
            switch_cdp: false,
            switch_lldp: true,
            lldp_voice: Some(110),
            ..SITE
        },
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)],
        ..STORY
    },
    Story {
        name: "boot-static-address",
        title: "A phone with a static address: no DHCP at all",
        sequence: "S1 S3 S4 S5 S6 S7 S11",
        concludes: "Healthy: address and TFTP server are set on the phone, which the standard permits.",
        also: &["ctl.not-found"],
        steps: &[
            Step::PowerUp,
            Step::Wait(12),
            Step::Probe,
            Step::Arp(ROUTER, Answered::Yes),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "boot-lease-renewed",
        title: "A phone that still has a lease asks for the same address: REQUEST and ACK only",
        sequence: "S1 S2 S3 S4 S5 S6 S7 S11",
        concludes: "Healthy: a reboot with a valid lease needs no DISCOVER.",
        also: &["ctl.not-found"],
        steps: &[
            Step::PowerUp,
            Step::Wait(12),
            Step::RequestAgain,
            Step::Ack(&RENEWED),
            Step::Probe,
            Step::Arp(ROUTER, Answered::Yes),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "auto-registration-three-boots",
        title: "An unknown phone registers itself: AUTO-REG, restart, number, restart, registered",
        sequence: "S10",
        concludes: "Healthy auto-registration in three boots.",
        expects: &["config.default-used", "itl.default-used"],
        also: &["ctl.not-found", "keepalive.server-reset"],
        steps: &[
            Step::Do(UP),
            Step::Do(UNKNOWN_FILES),
            Step::User(User::AutoReg),
            Step::Connect(CM1, Accepts::Yes),
            Step::Refer(Reply::Good),
            Step::Wait(3),
            Step::Notify("restart", 200),
            Step::Close(Side::Phone),
            Step::Wait(6),
            Step::Do(FILES),
            Step::Do(RESTARTED),
            Step::Wait(2),
            Step::Notify("restart", 200),
            Step::Close(Side::Phone),
            Step::Wait(6),
            Step::Do(FILES),
            Step::Do(RESTARTED),
            Step::Times(3, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "boot-mixed-mode-tls",
        title: "A secure phone in a mixed-mode cluster: CTL, encrypted mode, TLS on 5061",
        sequence: "S1 S2 S3 S4 S5 S6 S7",
        concludes: "Healthy secure boot; registration runs inside TLS.",
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SECURE),
            Step::Do(SECURE_REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "mixed-mode-plain-phone",
        title: "A phone with a non-secure profile in a mixed-mode cluster",
        sequence: "S4 S7",
        concludes: "Healthy: a CTL is served, but this phone's profile asks for no security.",
        steps: &[
            Step::Do(UP),
            GET_CTL,
            GET_ITL,
            GET_CONFIG,
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "registered-keepalives",
        title: "A capture that begins in the life of a registered phone",
        sequence: "S11",
        concludes: "Healthy; the boot was not captured.",
        expects: &["boot.partial"],
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Times(6, &[KEEPALIVE]), Step::Wait(10)],
        noise: &[super::super::Noise::From(60)],
        ..STORY
    },
    Story {
        name: "standby-keepalives",
        title: "The phone keeps a second CallManager warm: Expires 0 with cisco-keep-alive",
        sequence: "S11",
        concludes: "Healthy: Expires 0 to the standby CallManager is a keepalive, no unregister.",
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::ConnectStandby(CM2, Accepts::Yes),
            Step::Standby(1, Reply::Good),
            Step::Times(4, &[Step::Keepalive(100, Purpose::Refresh, Reply::Good), Step::Standby(15, Reply::Good)]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "keepalive-expires-0",
        title: "Keepalive by REGISTER with Expires 0 on the active CallManager",
        sequence: "S11",
        concludes: "Healthy: regular Expires 0 answered 200 is the keepalive of a single-node cluster.",
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SINGLE),
            Step::Do(REGISTER),
            Step::Times(4, &[Step::Keepalive(115, Purpose::ZeroRefresh, Reply::Good)]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "two-phones",
        title: "Two known phones boot at the same time",
        sequence: "S1 S2 S3 S4 S5 S6 S7 S11",
        concludes: "Both are healthy.",
        also: &["ctl.not-found"],
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)],
        phones: 2,
        ..STORY
    },
    Story {
        name: "boot-udp-sip",
        title: "SIP over UDP, with an alarm so long that it comes in two fragments",
        sequence: "S7 S11",
        concludes: "Healthy; the REFER is two IP fragments.",
        also: &["ctl.not-found"],
        site: Site { transport: Transport::Udp, long_alarm: true, ..SITE },
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&BY_UDP, SIGNED))),
            Step::Do(REGISTER),
            Step::Options,
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "boot-long-alarm",
        title: "The alarm tells everything and takes two TCP segments",
        sequence: "S7 S11",
        concludes: "Healthy.",
        also: &["ctl.not-found"],
        site: Site { long_alarm: true, ..SITE },
        steps: &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), Step::Options, KEEPALIVE, Step::Wait(10)],
        ..STORY
    },
    Story {
        name: "boot-behind-router",
        title: "The boot of a known phone, captured at the servers",
        sequence: "S3 S4 S5 S6 S7 S11",
        concludes: "Healthy; link and DHCP cannot be seen from there, and the MAC is the router's.",
        also: &["ctl.not-found", "boot.partial"],
        site: Site { behind_router: true, addressed: true, ..SITE },
        steps: &[Step::Wait(5), Step::Do(FILES), Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)],
        ..STORY
    },
    Story {
        name: "encrypted-config",
        title: "The configuration is encrypted: a small clear file, then .enc.sgn",
        sequence: "S6",
        concludes: "Healthy; what the configuration says can only be taken from the signalling.",
        expects: &["config.encrypted"],
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&REDUCED, SIGNED))),
            Step::Fetch(File::Encrypted, Got::Found(Content::Encrypted(&DEVICE))),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "firmware-upgrade",
        title: "The configuration names a newer load: the phone fetches it once, reboots, and registers",
        sequence: "S6 S23",
        concludes: "Healthy: one firmware upgrade.",
        also: &["ctl.not-found"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&NEW_LOAD, SIGNED))),
            Step::Do(super::config::GET_LOAD),
            Step::Runs("sip78xx.12-8-1-21"),
            Step::Do(REBOOT),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&NEW_LOAD, SIGNED))),
            Step::Do(REGISTER),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "server-reset",
        title: "CUCM orders a reset; the phone boots again and registers",
        sequence: "S11 R4",
        concludes: "Healthy: the phone obeyed.",
        expects: &["keepalive.server-reset"],
        also: &["ctl.not-found", "keepalive.unregistered"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Do(REGISTER),
            KEEPALIVE,
            Step::Wait(20),
            Step::Notify("reset", 200),
            Step::Keepalive(1, Purpose::Leave("reset-reset"), Reply::Good),
            Step::Close(Side::Phone),
            Step::Do(REBOOT),
            Step::Do(FILES),
            Step::Do(RESTARTED),
            Step::Times(2, &[KEEPALIVE]),
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "trust-list-verified",
        title: "A new ITL by a signer the phone does not know: TVS vouches for it, the phone goes on",
        sequence: "S5",
        concludes: "Healthy: the trust verification service answered, and the phone took the new list.",
        also: &["ctl.not-found", "keepalive.server-reset", "itl.signer-mismatch"],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES),
            Step::Do(REGISTER),
            KEEPALIVE,
            Step::Notify("restart", 200),
            Step::Close(Side::Phone),
            Step::Wait(6),
            NO_CTL,
            Step::Fetch(File::ItlSep, Got::Found(Content::List(&ITL_NEW_SIGNER))),
            Step::Tvs(CM1, Accepts::Yes),
            GET_CONFIG,
            Step::Do(RESTARTED),
            KEEPALIVE,
            Step::Wait(10),
        ],
        ..STORY
    },
    Story {
        name: "phone-without-power-from-switch",
        title: "A phone on a power cube asks for nothing and boots",
        sequence: "S1",
        concludes: "Healthy: no power is negotiated.",
        also: &["ctl.not-found"],
        site: Site { power: &[], ..SITE },
        steps: &[
            Step::PowerUp,
            Step::Wait(12),
            Step::Do(DHCP),
            Step::Do(FILES),
            Step::Do(REGISTER),
            KEEPALIVE,
            Step::Wait(10),
        ],
        ..STORY
    },
];
