//! What many stories share: trust lists, configurations, the fetching of a known phone's files.

use std::net::Ipv4Addr;

use super::super::cnf::{Default, Device};
use super::super::scenario::{CM1, CM2, CM3, Content, File, Got, SRST, Step, Wrap};
use super::super::trust::{
    CAPF, CUCM1, CUCM2, CUCM3, Damage, EXPIRED, Key, List, ROGUE, Record, Role, SAST, TVS1, TVS2,
};

/// 2025-12-01T00:00:00Z
const MADE: u32 = 1_764_547_200;
/// 2025-06-01T00:00:00Z
const MADE_BEFORE: u32 = 1_748_736_000;

const fn record(role: Role, key: &'static Key, host: &'static str, ip: Ipv4Addr) -> Record {
    Record { role, key, host, ip }
}

static CLUSTER: [Record; 5] = [
    record(Role::Sast, &CUCM1, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM1, "cucm1", CM1),
    record(Role::Tvs, &TVS1, "cucm1", CM1),
    record(Role::Tvs, &TVS2, "cucm2", CM2),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];
static NO_TVS: [Record; 3] = [
    record(Role::Sast, &CUCM1, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM1, "cucm1", CM1),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];
static ROGUES: [Record; 5] = [
    record(Role::Sast, &ROGUE, "cucm1", CM1),
    record(Role::CcmTftp, &ROGUE, "cucm1", CM1),
    record(Role::Tvs, &TVS1, "cucm1", CM1),
    record(Role::Tvs, &TVS2, "cucm2", CM2),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];
static WITH_EXPIRED: [Record; 5] = [
    record(Role::Sast, &CUCM1, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM1, "cucm1", CM1),
    record(Role::Tvs, &TVS1, "cucm1", CM1),
    record(Role::Tvs, &EXPIRED, "cucm2", CM2),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];
static NEW_SIGNER: [Record; 4] = [
    record(Role::Sast, &SAST, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM1, "cucm1", CM1),
    record(Role::Tvs, &TVS1, "cucm1", CM1),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];
static OTHER_NODE: [Record; 4] = [
    record(Role::Sast, &SAST, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM3, "cucm3", Ipv4Addr::new(10, 1, 1, 12)),
    record(Role::Tvs, &TVS1, "cucm1", CM1),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];
static MIXED: [Record; 4] = [
    record(Role::Sast, &SAST, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM1, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM2, "cucm2", CM2),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];
static ROGUE_MIXED: [Record; 3] = [
    record(Role::Sast, &ROGUE, "cucm1", CM1),
    record(Role::CcmTftp, &CUCM1, "cucm1", CM1),
    record(Role::Capf, &CAPF, "cucm1", CM1),
];

const LIST: List = List {
    file_name: "ITLFile.tlv",
    stamp: MADE,
    signer: &CUCM1,
    sha512: true,
    records: &CLUSTER,
    damage: Damage::None,
};

/// The ITL of a healthy cluster.
pub static ITL: List = LIST;
/// The same, made half a year before.
pub static ITL_OLDER: List = List { stamp: MADE_BEFORE, ..LIST };
/// Changed after it was signed.
pub static ITL_FLIPPED: List = List { damage: Damage::Flipped, ..LIST };
/// Its last record goes beyond the file.
pub static ITL_PAST_END: List = List { damage: Damage::RecordPastEnd, ..LIST };
/// Without a trust verification service.
pub static ITL_NO_TVS: List = List { records: &NO_TVS, ..LIST };
/// Of a rebuilt cluster: same names, other keys.
pub static ITL_ROGUE: List = List { signer: &ROGUE, records: &ROGUES, ..LIST };
/// Signed by a token that the list before did not have; the certificates are the same.
pub static ITL_NEW_SIGNER: List = List { signer: &SAST, records: &NEW_SIGNER, ..LIST };
/// Signed by a token that it does not list.
pub static ITL_UNLISTED: List = List { signer: &SAST, ..LIST };
/// One certificate expired in 2024.
pub static ITL_EXPIRED: List = List { records: &WITH_EXPIRED, ..LIST };
/// Lists another CallManager only.
pub static ITL_OTHER_NODE: List = List { signer: &SAST, records: &OTHER_NODE, ..LIST };

const CTL_LIST: List = List { file_name: "CTLFile.tlv", signer: &SAST, sha512: false, records: &MIXED, ..LIST };

/// The CTL of a cluster in mixed mode, signed with SHA-1 as older releases do.
pub static CTL: List = CTL_LIST;
/// Changed after it was signed.
pub static CTL_FLIPPED: List = List { damage: Damage::Flipped, ..CTL_LIST };
/// Signed by a token the phone has never seen.
pub static CTL_ROGUE: List = List { signer: &ROGUE, records: &ROGUE_MIXED, ..CTL_LIST };
/// Lists another CallManager only.
pub static CTL_OTHER_NODE: List = List { records: &OTHER_NODE, ..CTL_LIST };

/// A known phone, to be filled by struct update.
pub const KNOWN: Device = Device {
    mode: 1,
    transport: 4,
    dn: Some(1001),
    members: &[CM1, CM2],
    load: "sip78xx.12-1-1-12",
    locale: false,
    full: true,
    cut: false,
    more: "",
    sccp: false,
    srst: None,
};

/// A known phone, plain, with two CallManagers.
pub static DEVICE: Device = KNOWN;
/// By SCCP.
pub static SKINNY: Device = Device { sccp: true, ..KNOWN };
/// By SCCP, with one CallManager.
pub static SKINNY_SINGLE: Device = Device { sccp: true, members: &[CM1], ..KNOWN };
/// With three CallManagers.
pub static TRIPLE: Device = Device { members: &[CM1, CM2, CM3], ..KNOWN };
/// With an SRST gateway.
pub static WITH_SRST: Device = Device { srst: Some(SRST), ..KNOWN };
/// With one CallManager.
pub static SINGLE: Device = Device { members: &[CM1], ..KNOWN };
/// By UDP.
pub static BY_UDP: Device = Device { transport: 2, members: &[CM1], ..KNOWN };
/// Encrypted mode over TLS.
pub static SECURE: Device = Device { mode: 3, transport: 3, ..KNOWN };
/// The same with one CallManager.
pub static SECURE_SINGLE: Device = Device { mode: 3, transport: 3, members: &[CM1], ..KNOWN };
/// With a locale.
pub static WITH_LOCALE: Device = Device { locale: true, ..KNOWN };
/// The small file beside an encrypted one.
pub static REDUCED: Device = Device { full: false, ..KNOWN };
/// Not well-formed.
pub static CUT: Device = Device { cut: true, ..KNOWN };
/// Wants another firmware than the phone runs.
pub static NEW_LOAD: Device = Device { load: "sip78xx.12-8-1-21", ..KNOWN };

const DEFAULT_FILE: Default = Default { auto_registration: true, members: &[CM1, CM2], load: "sip78xx.12-1-1-12" };
/// Unknown phones may register.
pub static DEFAULT: Default = DEFAULT_FILE;
/// With one CallManager.
pub static DEFAULT_SINGLE: Default = Default { members: &[CM1], ..DEFAULT_FILE };
/// Unknown phones are refused.
pub static DEFAULT_OFF: Default = Default { auto_registration: false, members: &[CM1], ..DEFAULT_FILE };

/// Signed and whole.
pub const SIGNED: Wrap = Wrap::Signed(Damage::None);

/// No CTL: not in mixed mode.
pub const NO_CTL: Step = Step::Fetch(File::CtlSep, Got::NotFound);
/// The CTL of a cluster in mixed mode.
pub const GET_CTL: Step = Step::Fetch(File::CtlSep, Got::Found(Content::List(&CTL)));
/// The phone's own ITL.
pub const GET_ITL: Step = Step::Fetch(File::ItlSep, Got::Found(Content::List(&ITL)));
/// The phone's own configuration.
pub const GET_CONFIG: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&DEVICE, SIGNED)));
/// With one CallManager.
pub const GET_SINGLE: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&SINGLE, SIGNED)));
/// Encrypted mode.
pub const GET_SECURE: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&SECURE, SIGNED)));

/// By SCCP.
pub const GET_SKINNY: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&SKINNY, SIGNED)));
/// By SCCP, with one CallManager.
pub const GET_SKINNY_SINGLE: Step = Step::Fetch(File::Signed, Got::Found(Content::Device(&SKINNY_SINGLE, SIGNED)));
/// What a known phone that speaks SCCP fetches.
pub const FILES_SKINNY: &[Step] = &[NO_CTL, GET_ITL, GET_SKINNY];
/// With one CallManager.
pub const FILES_SKINNY_SINGLE: &[Step] = &[NO_CTL, GET_ITL, GET_SKINNY_SINGLE];

/// What a known phone fetches.
pub const FILES: &[Step] = &[NO_CTL, GET_ITL, GET_CONFIG];
/// With one CallManager.
pub const FILES_SINGLE: &[Step] = &[NO_CTL, GET_ITL, GET_SINGLE];
/// In mixed mode, encrypted.
pub const FILES_SECURE: &[Step] = &[GET_CTL, GET_ITL, GET_SECURE];

/// What an unknown phone fetches before it comes to its configuration.
pub const UNKNOWN_LISTS: &[Step] = &[
    NO_CTL,
    Step::Fetch(File::ItlSep, Got::NotFound),
    Step::Fetch(File::ItlFile, Got::Found(Content::List(&ITL))),
    Step::Fetch(File::Signed, Got::NotFound),
];
/// What an unknown phone fetches where auto-registration is on.
pub const UNKNOWN_FILES: &[Step] =
    &[Step::Do(UNKNOWN_LISTS), Step::Fetch(File::Default, Got::Found(Content::Default(&DEFAULT, SIGNED)))];
/// Encrypted mode, by SCCP.
pub static SKINNY_SECURE: Device = Device { mode: 3, transport: 3, sccp: true, members: &[CM1], ..KNOWN };
/// The default configuration where unknown phones are refused.
pub const GET_OFF: Step = Step::Fetch(File::Default, Got::Found(Content::Default(&DEFAULT_OFF, SIGNED)));
