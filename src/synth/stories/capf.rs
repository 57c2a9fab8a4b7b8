//! S14: the phone gets a certificate from CAPF, port 3804.

use super::super::cnf::Device;
use super::super::scenario::{
    Accepts, CM1, CM2, Content, File, Got, KEEPALIVE, Outcome, REGISTER, STORY, Side, Step, Story, UP,
};
use super::super::talk::{Host, Say, TALK, Talk};
use super::super::trust::{CAPF, CUCM1, Damage, List, Record, Role, TVS1, TVS2};
use super::parts::*;

const SERVER: Talk = Talk { server: Host::At(CM1), port: 3804, ..TALK };
const HELLO: Say = Say::Hello;
const CERTIFICATE: Say = Say::ServerHello(&CAPF);
const FINISH: Say = Say::Finish;
const WHO: Say = Say::Data(Side::Server, 16);
const I_AM: Say = Say::Data(Side::Phone, 45);
const MAKE_KEY: Say = Say::Data(Side::Server, 17);
const WAIT: Say = Say::Data(Side::Phone, 8);
const KEY: Say = Say::Data(Side::Phone, 305);
const LSC: Say = Say::Data(Side::Server, 908);
const STORED: Say = Say::Data(Side::Phone, 12);
const END: Say = Say::Data(Side::Server, 12);

static ISSUED: Talk = Talk {
    says: &[
        HELLO,
        CERTIFICATE,
        FINISH,
        WHO,
        I_AM,
        MAKE_KEY,
        WAIT,
        Say::Wait(12),
        KEY,
        LSC,
        STORED,
        END,
        Say::Close(Side::Server),
    ],
    ..SERVER
};
static DELETED: Talk = Talk {
    says: &[HELLO, CERTIFICATE, FINISH, WHO, I_AM, Say::Data(Side::Server, 12), STORED, END, Say::Close(Side::Server)],
    ..SERVER
};
static ENDED: Talk = Talk { says: &[HELLO, CERTIFICATE, FINISH, WHO, I_AM, END, Say::Close(Side::Server)], ..SERVER };
static BROKEN_OFF: Talk = Talk {
    says: &[
        HELLO,
        CERTIFICATE,
        FINISH,
        WHO,
        I_AM,
        MAKE_KEY,
        WAIT,
        Say::Wait(12),
        KEY,
        Say::Wait(20),
        Say::Close(Side::Server),
    ],
    ..SERVER
};
static NOT_TRUSTED: Talk =
    Talk { says: &[HELLO, CERTIFICATE, Say::Alert(Side::Phone, 48), Say::Close(Side::Phone)], ..SERVER };
static REFUSED: Talk = Talk { accepts: Accepts::Refuses, ..SERVER };
static SILENT: Talk = Talk { accepts: Accepts::Silent, ..SERVER };
static HANGS: Talk = Talk { says: &[HELLO, Say::Wait(10), Say::Close(Side::Phone)], ..SERVER };

static WITH_CAPF: Device = Device {
    more: "<capfList><capf><phonePort>3804</phonePort><processNodeName>10.1.1.10</processNodeName></capf></capfList>\n",
    ..KNOWN
};
static NO_CAPF: [Record; 4] = [
    Record { role: Role::Sast, key: &CUCM1, host: "cucm1", ip: CM1 },
    Record { role: Role::CcmTftp, key: &CUCM1, host: "cucm1", ip: CM1 },
    Record { role: Role::Tvs, key: &TVS1, host: "cucm1", ip: CM1 },
    Record { role: Role::Tvs, key: &TVS2, host: "cucm2", ip: CM2 },
];
static ITL_NO_CAPF: List = List {
    file_name: "ITLFile.tlv",
    stamp: 1_764_547_200,
    signer: &CUCM1,
    sha512: true,
    records: &NO_CAPF,
    damage: Damage::None,
};

const GET_CAPF: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&WITH_CAPF, SIGNED)));
const READY: &[Step] = &[Step::Do(UP), NO_CTL, GET_ITL, GET_CAPF];
const ON: &[Step] = &[Step::Do(REGISTER), Step::Times(2, &[KEEPALIVE]), Step::Wait(10)];

const HEALTHY: Story = Story { sequence: "S14", also: &["ctl.not-found"], ..STORY };
const BROKEN: Story = Story { verdict: Outcome::Fail, ..HEALTHY };

pub const STORIES: &[Story] = &[
    Story {
        name: "capf-issued",
        title: "The phone makes a key for 12 s, sends it, and a record of certificate size comes back",
        concludes: "Healthy: an LSC was issued, as far as sizes tell.",
        expects: &["capf.issued"],
        steps: &[Step::Do(READY), Step::Talk(&ISSUED), Step::Wait(5), Step::Do(ON)],
        ..HEALTHY
    },
    Story {
        name: "capf-deleted",
        title: "CAPF asks for something small, the phone answers, and the session ends",
        concludes: "Healthy: another operation than an enrolment.",
        steps: &[Step::Do(READY), Step::Talk(&DELETED), Step::Wait(5), Step::Do(ON)],
        ..HEALTHY
    },
    Story {
        name: "capf-refused",
        title: "Port 3804 refuses the connection",
        concludes: "The CAPF service does not run.",
        expects: &["capf.refused"],
        steps: &[Step::Do(READY), Step::Talk(&REFUSED), Step::Do(ON)],
        ..BROKEN
    },
    Story {
        name: "capf-unanswered",
        title: "Port 3804 does not answer at all",
        concludes: "A firewall drops TCP 3804.",
        expects: &["capf.unanswered"],
        steps: &[Step::Do(READY), Step::Talk(&SILENT), Step::Do(ON)],
        ..BROKEN
    },
    Story {
        name: "capf-hangs",
        title: "Port 3804 takes the connection and never answers the ClientHello",
        concludes: "The CAPF service hangs.",
        expects: &["capf.unanswered"],
        steps: &[Step::Do(READY), Step::Talk(&HANGS), Step::Do(ON)],
        ..BROKEN
    },
    Story {
        name: "capf-not-trusted",
        title: "The phone ends the handshake with unknown_ca",
        concludes: "The CAPF certificate is newer than the phone's trust list.",
        expects: &["capf.not-trusted"],
        steps: &[Step::Do(READY), Step::Talk(&NOT_TRUSTED), Step::Do(ON)],
        ..BROKEN
    },
    Story {
        name: "capf-no-certificate",
        title: "CAPF ends the session after the phone has named itself",
        concludes: "Wrong authentication string, unknown device, or nothing scheduled: the sizes are the same.",
        expects: &["capf.no-certificate"],
        steps: &[Step::Do(READY), Step::Talk(&ENDED), Step::Do(ON)],
        ..BROKEN
    },
    Story {
        name: "capf-broken-off",
        title: "The phone sends its key, and CAPF closes without a certificate",
        concludes: "CAPF could not issue the certificate.",
        expects: &["capf.no-certificate"],
        steps: &[Step::Do(READY), Step::Talk(&BROKEN_OFF), Step::Do(ON)],
        ..BROKEN
    },
    Story {
        name: "capf-retry-loop",
        title: "Three sessions, 30 s apart, all ended after the phone has named itself",
        concludes: "As for one; the phone gives up.",
        expects: &["capf.no-certificate", "capf.retry-loop"],
        steps: &[Step::Do(READY), Step::Times(3, &[Step::Talk(&ENDED), Step::Wait(30)]), Step::Do(ON)],
        ..BROKEN
    },
    Story {
        name: "capf-not-in-list",
        title: "The configuration names CAPF, the ITL has no certificate of it",
        concludes: "The lists were made without CAPF: regenerate them.",
        expects: &["capf.not-in-list", "itl.missing-role"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            Step::Fetch(File::ItlSep, Got::Found(Content::List(&ITL_NO_CAPF))),
            GET_CAPF,
            Step::Do(ON),
        ],
        ..HEALTHY
    },
];
