//! What is said of a trust list or a signed file: events and fields.
//!
//! The header's fields are `sgn.*` for all three kinds of file; records are `ctl.record.*` or `itl.record.*`, each
//! field once a record, so that their lists line up (unknown is null).

use super::{ListKind, Record, TrustList, hash_name, role_name};
use crate::bytes::Malformed;
use crate::content::Emit;
use crate::content::certificate::{Key, date, hex};
use crate::event::{EventDef, FieldDef, Fields, Value, flag, text, time, uint};
use crate::time::{Span, Ts};
use crate::{events, fields};

events! { EVENTS;
    CTL_LIST = "ctl.list", "A certificate trust list was read.";
    CTL_MALFORMED = "ctl.malformed", "What came as a certificate trust list cannot be read as one.";
    ITL_LIST = "itl.list", "An identity trust list was read.";
    ITL_MALFORMED = "itl.malformed", "What came as an identity trust list cannot be read as one.";
    SGN_FILE = "sgn.file", "The header of a signed file was read.";
    SGN_MALFORMED = "sgn.malformed", "What came as a signed file has no header that can be read.";
}

fields! { HEADER_FIELDS;
    SGN_VERSION = text("sgn.version", "Version of the file: 1.2 lists, 1.0 signed files, 2.0 encrypted ones");
    SGN_SIGNER_VERSION = text("sgn.signer_version", "Version of the signer, where the header has it");
    SGN_HEADER_LENGTH = uint("sgn.header_length", "From the start of the file to the first record or the payload").unit("bytes");
    SGN_SIGNER_SUBJECT = text("sgn.signer.subject", "Name of the signer");
    SGN_SIGNER_ISSUER = text("sgn.signer.issuer", "Issuer of the signer's certificate");
    SGN_SIGNER_SERIAL = text("sgn.signer.serial", "Serial number of the signer's certificate, hexadecimal");
    SGN_HASH = text("sgn.hash", "Hash that was signed");
    SGN_SIGNATURE_LENGTH = uint("sgn.signature_length", "Length of the signature").unit("bytes");
    SGN_FILE_NAME = text("sgn.file_name", "Name of the file, as its header says");
    SGN_ASKED_NAME = text("sgn.asked_name", "Name of the file, as it was asked for");
    SGN_OTHER_DEVICE = flag("sgn.other_device", "The header names another phone than the name asked for");
    SGN_TIMESTAMP = time("sgn.timestamp", "When the file was made");
    SGN_TIMESTAMP_UNIX = uint("sgn.timestamp_unix", "When the file was made, since 1970").unit("s");
    SGN_SIGNATURE_VALID = flag("sgn.signature_valid", "The signature fits the content; null if it cannot be checked");
    SGN_SIGNER_LISTED = flag("sgn.signer_listed", "The signer is a record of the list itself");
    SGN_SIGNER_KNOWN = flag("sgn.signer_known", "The signer is a record of the list that the phone fetched before; null without one");
    SGN_ENCRYPTED = flag("sgn.encrypted", "The payload is encrypted");
    SGN_KEY_BITS = uint("sgn.key_bits", "Bits of the wrapped key: the size of the phone's RSA key").unit("bits");
    SGN_PADDING = uint("sgn.padding", "Padding of the encrypted payload").unit("bytes");
    SGN_PAYLOAD_HASH = text("sgn.payload_hash", "Hash of the plain text of an encrypted payload");
    SGN_PAYLOAD_LENGTH = uint("sgn.payload_length", "Length of what follows the header of a signed file").unit("bytes");
    SGN_UNKNOWN = text("sgn.unknown", "Elements of the header that are not known: tag=value");
}

struct RecordFields {
    subject: &'static FieldDef,
    issuer: &'static FieldDef,
    serial: &'static FieldDef,
    role: &'static FieldDef,
    role_number: &'static FieldDef,
    dns: &'static FieldDef,
    ip: &'static FieldDef,
    not_before: &'static FieldDef,
    not_after: &'static FieldDef,
    key: &'static FieldDef,
    key_bits: &'static FieldDef,
    is_expired: &'static FieldDef,
    roles: &'static FieldDef,
    missing_roles: &'static FieldDef,
    callmanagers: &'static FieldDef,
    expired: &'static FieldDef,
    expired_role: &'static FieldDef,
    expired_date: &'static FieldDef,
}

macro_rules! record_fields {
    ($module:ident, $kind:literal) => {
        #[doc = concat!("Fields of the records: `", $kind, ".record.*`.")]
        pub mod $module {
            use super::*;

            fields! { FIELDS;
                SUBJECT = text(concat!($kind, ".record.subject"), "Subject of the certificate of each record");
                ISSUER = text(concat!($kind, ".record.issuer"), "Issuer of the certificate of each record");
                SERIAL = text(concat!($kind, ".record.serial"), "Serial number of the certificate of each record, hexadecimal");
                ROLE = text(concat!($kind, ".record.role"), "What each record may be trusted for: SAST, CCM, CCM+TFTP, TFTP, CAPF, APP-SERVER, TVS");
                ROLE_NUMBER = uint(concat!($kind, ".record.role_number"), "Number of the role of each record").codes(role_name);
                DNS = text(concat!($kind, ".record.dns"), "Node of each record: by the record, else by its certificate");
                IP = crate::event::ip(concat!($kind, ".record.ip"), "Address of each record, where it has one");
                NOT_BEFORE = text(concat!($kind, ".record.not_before"), "First second of validity of each certificate");
                NOT_AFTER = text(concat!($kind, ".record.not_after"), "Last second of validity of each certificate");
                KEY = text(concat!($kind, ".record.key"), "Kind of the key of each record: RSA or EC");
                KEY_BITS = uint(concat!($kind, ".record.key_bits"), "Size of the key of each record").unit("bits");
                IS_EXPIRED = flag(concat!($kind, ".record.expired"), "Each certificate had expired when the list was fetched");
                ROLES = text(concat!($kind, ".roles"), "The roles that occur, each once");
                MISSING_ROLES = text(concat!($kind, ".missing_roles"), "Roles that a phone needs and no record has");
                CALLMANAGERS = text(concat!($kind, ".callmanagers"), "Names and addresses of the nodes whose CallManager certificate it holds, each also in lower case and without its domain");
                EXPIRED = text(concat!($kind, ".expired"), "Subjects of the certificates that had expired");
                EXPIRED_ROLE = text(concat!($kind, ".expired_role"), "Their roles");
                EXPIRED_DATE = text(concat!($kind, ".expired_date"), "When they expired");
            }

            pub(super) static SET: RecordFields = RecordFields {
                subject: &SUBJECT,
                issuer: &ISSUER,
                serial: &SERIAL,
                role: &ROLE,
                role_number: &ROLE_NUMBER,
                dns: &DNS,
                ip: &IP,
                not_before: &NOT_BEFORE,
                not_after: &NOT_AFTER,
                key: &KEY,
                key_bits: &KEY_BITS,
                is_expired: &IS_EXPIRED,
                roles: &ROLES,
                missing_roles: &MISSING_ROLES,
                callmanagers: &CALLMANAGERS,
                expired: &EXPIRED,
                expired_role: &EXPIRED_ROLE,
                expired_date: &EXPIRED_DATE,
            };
        }
    };
}
record_fields!(ctl, "ctl");
record_fields!(itl, "itl");

/// Says what was read of a file asked for as `name` at `at`.
pub fn emit(list: &TrustList, name: &str, bytes: &[u8], at: Ts, emit: &mut Emit<'_>) {
    let (good, malformed): (&'static EventDef, &'static EventDef) = match list.kind {
        ListKind::Ctl => (&CTL_LIST, &CTL_MALFORMED),
        ListKind::Itl => (&ITL_LIST, &ITL_MALFORMED),
        ListKind::Sgn => (&SGN_FILE, &SGN_MALFORMED),
    };
    let mut fields = emit.wanted_fields();
    fields.str(&SGN_ASKED_NAME, name, 0, 0);
    if !list.is_readable() {
        let what = "trust list header";
        return emit.say(malformed, fields, list.defect.or(Some(Malformed { at: 0, what })));
    }
    header(list, name, bytes, &mut fields);
    match list.kind {
        ListKind::Ctl => records(list, &ctl::SET, &["CCM", "TFTP", "CAPF"], at, &mut fields),
        ListKind::Itl => records(list, &itl::SET, &["CCM", "TFTP", "TVS", "CAPF"], at, &mut fields),
        ListKind::Sgn => {}
    }
    emit.say(good, fields, list.defect);
}

fn header<'a>(list: &'a TrustList, name: &str, bytes: &[u8], fields: &mut Fields<'a>) {
    let flag = |value: Option<bool>| value.map_or(Value::Null, Value::Bool);
    let hash = |hash: u8| hash_name(u64::from(hash)).map_or_else(|| format!("unknown ({hash})"), str::to_owned);
    if let Some((major, minor)) = list.version {
        fields.str(&SGN_VERSION, format!("{major}.{minor}"), 3, 2);
    }
    if let Some((major, minor)) = list.signer_version {
        fields.str(&SGN_SIGNER_VERSION, format!("{major}.{minor}"), 0, 0);
    }
    if let Some(length) = list.header_len {
        fields.uint(&SGN_HEADER_LENGTH, length as u64, 8, 2);
    }
    for (def, value) in [(&SGN_SIGNER_SUBJECT, &list.signer.subject), (&SGN_SIGNER_ISSUER, &list.signer.issuer)] {
        if !value.is_empty() {
            fields.str(def, value.as_str(), 0, 0);
        }
    }
    if !list.signer.serial.is_empty() {
        fields.str(&SGN_SIGNER_SERIAL, hex(&list.signer.serial), 0, 0);
    }
    if let Some(number) = list.hash {
        fields.str(&SGN_HASH, hash(number), 0, 0);
    }
    if let Some(place) = &list.signature {
        fields.uint(&SGN_SIGNATURE_LENGTH, place.len() as u64, place.start, place.len());
    }
    if let Some(file_name) = &list.file_name {
        fields.str(&SGN_FILE_NAME, file_name.as_str(), 0, 0);
        if let (Some(own), Some(asked)) = (device(file_name), device(name)) {
            fields.flag(&SGN_OTHER_DEVICE, !own.eq_ignore_ascii_case(asked), 0, 0);
        }
    }
    if let Some(seconds) = list.timestamp {
        let time = Ts::ZERO + Span::from_secs(i64::from(seconds));
        fields.push(&SGN_TIMESTAMP, Value::Time(time), 0, 0).uint(&SGN_TIMESTAMP_UNIX, seconds, 0, 0);
    }
    fields.push(&SGN_SIGNATURE_VALID, flag(list.signature_valid), 0, 0);
    if list.kind != ListKind::Sgn {
        fields.push(&SGN_SIGNER_LISTED, flag(list.signer_listed), 0, 0);
    }
    fields.push(&SGN_SIGNER_KNOWN, flag(list.signer_known), 0, 0);
    if list.kind == ListKind::Sgn {
        fields.flag(&SGN_ENCRYPTED, list.encryption.is_some(), 0, 0);
        if let Some(payload) = list.payload(bytes) {
            fields.uint(&SGN_PAYLOAD_LENGTH, payload.len() as u64, 0, 0);
        }
    }
    if let Some(encryption) = list.encryption {
        if let Some(bits) = encryption.key_bits {
            fields.uint(&SGN_KEY_BITS, bits, 0, 0);
        }
        if let Some(padding) = encryption.padding {
            fields.uint(&SGN_PADDING, padding, 0, 0);
        }
        if let Some(number) = encryption.payload_hash {
            fields.str(&SGN_PAYLOAD_HASH, hash(number), 0, 0);
        }
    }
    for (tag, place) in list.unknown.iter().take(32) {
        let value = bytes.get(place.clone()).unwrap_or_default();
        let shown = value.get(..64).unwrap_or(value);
        fields.str(&SGN_UNKNOWN, format!("{tag}={}", hex(shown)), place.start, place.len());
    }
}

fn records<'a>(list: &'a TrustList, set: &RecordFields, needed: &[&'static str], at: Ts, fields: &mut Fields<'a>) {
    let now = (at != Ts::ZERO).then_some(at.nanos() / 1_000_000_000);
    let text = |value: Option<&'a str>| value.map_or(Value::Null, |t| Value::Text(t.into()));
    let owned = |value: Option<String>| value.map_or(Value::Null, |t| Value::Text(t.into()));
    let mut roles: Vec<String> = Vec::new();
    for record in &list.records {
        let role = role(record);
        let key = record.key.as_ref();
        let expired = now.zip(record.not_after).map(|(now, end)| now > end);
        let (start, length) = (record.place.start, record.place.len());
        fields
            .push(set.subject, text(record.subject.as_deref()), start, length)
            .push(set.issuer, text(record.issuer.as_deref()), start, length)
            .push(set.serial, owned(record.serial.as_deref().map(hex)), start, length)
            .push(set.role, owned(role.clone()), start, length)
            .push(set.role_number, record.role.map_or(Value::Null, |r| Value::Uint(r.into())), start, length)
            .push(set.dns, text(record.dns.as_deref()), start, length)
            .push(set.ip, record.ip.map_or(Value::Null, Value::Ip), start, length)
            .push(set.not_before, owned(record.not_before.and_then(date)), start, length)
            .push(set.not_after, owned(record.not_after.and_then(date)), start, length)
            .push(set.key, text(key.map(Key::kind)), start, length)
            .push(set.key_bits, key.map_or(Value::Null, |k| Value::Uint(k.bits().into())), start, length)
            .push(set.is_expired, expired.map_or(Value::Null, Value::Bool), start, length);
        if expired == Some(true) {
            fields
                .push(set.expired, text(record.subject.as_deref()), start, length)
                .push(set.expired_role, owned(role.clone()), start, length)
                .push(set.expired_date, owned(record.not_after.and_then(date)), start, length);
        }
        if role.as_deref().is_some_and(|role| role.split('+').any(|part| part == "CCM")) {
            for node in record.dns.clone().into_iter().chain(record.ip.map(|ip| ip.to_string())) {
                let others: Vec<String> = super::super::aliases(&node).filter(|alias| *alias != node).collect();
                for name in std::iter::once(node).chain(others) {
                    fields.str(set.callmanagers, name, start, length);
                }
            }
        }
        roles.extend(role.filter(|role| !roles.contains(role)));
    }
    let has = |role: &str| roles.iter().any(|own| own.split('+').any(|part| part == role));
    if list.records_complete {
        for role in needed.iter().filter(|role| !has(role)) {
            fields.str(set.missing_roles, *role, 0, 0);
        }
    }
    for role in roles {
        fields.str(set.roles, role, 0, 0);
    }
}

fn role(record: &Record) -> Option<String> {
    let number = record.role?;
    Some(role_name(u64::from(number)).map_or_else(|| format!("unknown ({number})"), str::to_owned))
}

/// `SEP001122334455` in a file name.
fn device(name: &str) -> Option<&str> {
    let at = name.as_bytes().windows(15).position(|w| {
        w.get(..3).is_some_and(|sep| sep.eq_ignore_ascii_case(b"SEP"))
            && w.get(3..).is_some_and(|mac| mac.iter().all(u8::is_ascii_hexdigit))
    })?;
    name.get(at..at + 15)
}
