//! Handshake messages of TLS: pure reading, from a whole message to fields. RFC 5246 §7.4, RFC 8446 §4.

use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::names::*;
use crate::bytes::{Malformed, Reader};
use crate::content::certificate::{Certificate, date, hex, name_text};
use crate::event::{EventDef, Fields, Value};
use crate::time::Ts;

/// More values of one kind than this are not kept.
const MAX_REPEATED: usize = 300;
/// The `random` of a ServerHello that asks for another ClientHello (RFC 8446 §4.1.3).
const RETRY_RANDOM: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];

/// What the connection must remember of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Session id that the client offers.
    Client(Vec<u8>),
    /// What the server chose, and the session id.
    Server {
        /// The version, from the extension if there is one.
        version: u16,
        /// The cipher suite.
        cipher: u16,
        /// The session id: the client's own if a session is resumed (TLS 1.2 and older).
        session: Vec<u8>,
    },
    /// Nothing.
    Other,
}

/// Reads a whole handshake message, its head of four bytes included, at time `at`.
pub fn read<'a>(message: &'a [u8], at: Ts, fields: &mut Fields<'a>) -> (&'static EventDef, Heard, Option<Malformed>) {
    let mut r = Reader::new(message);
    let mut heard = Heard::Other;
    let Ok(kind) = r.u8("handshake type") else { return (&HANDSHAKE, heard, None) };
    fields.uint(&HANDSHAKE_TYPE, kind, 0, 1);
    let length = r.u24("handshake length");
    if let Ok(length) = length {
        fields.uint(&HANDSHAKE_LENGTH, length, 1, 3);
    }
    let def: &'static EventDef = match kind {
        1 => &CLIENT_HELLO,
        2 => &SERVER_HELLO,
        11 => &CERTIFICATE,
        13 => &CERTIFICATE_REQUEST,
        _ => &HANDSHAKE,
    };
    let done = length.and_then(|_| match kind {
        1 => client_hello(&mut r, fields, &mut heard),
        2 => server_hello(&mut r, fields, &mut heard),
        11 => certificates(&mut r, at, fields),
        13 => certificate_request(&mut r, fields),
        _ => Ok(()),
    });
    (def, heard, done.err())
}

fn client_hello<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>, heard: &mut Heard) -> Result<(), Malformed> {
    let at = r.at();
    let mut best = r.u16("client version")?;
    fields.uint(&HANDSHAKE_VERSION, best, at, 2);
    r.take(32, "random")?;
    let length = usize::from(r.u8("session id length")?);
    let session = r.take(length, "session id")?;
    *heard = Heard::Client(session.get(..32).unwrap_or(session).to_vec());
    let length = usize::from(r.u16("cipher suites length")?);
    let mut ciphers = r.sub(length, "cipher suites")?;
    for _ in 0..MAX_REPEATED {
        let at = ciphers.at();
        let Ok(cipher) = ciphers.u16("cipher suite") else { break };
        fields.uint(&CIPHERSUITE, cipher, at, 2);
    }
    let length = usize::from(r.u8("compression methods length")?);
    r.take(length, "compression methods")?;
    let mut versions = Vec::new();
    let done = extensions(r, fields, &mut versions);
    // GREASE values (RFC 8701) are no versions.
    if let Some(highest) = versions.into_iter().filter(|v| v >> 8 == 3).max() {
        best = highest;
    }
    say_version(best, fields);
    done
}

fn server_hello<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>, heard: &mut Heard) -> Result<(), Malformed> {
    let at = r.at();
    let mut version = r.u16("server version")?;
    fields.uint(&HANDSHAKE_VERSION, version, at, 2);
    let random = r.take(32, "random")?;
    let length = usize::from(r.u8("session id length")?);
    let session = r.take(length, "session id")?;
    let at = r.at();
    let number = r.u16("cipher suite")?;
    fields.uint(&CIPHERSUITE, number, at, 2);
    r.u8("compression method")?;
    let mut versions = Vec::new();
    let done = extensions(r, fields, &mut versions);
    version = versions.first().copied().unwrap_or(version);
    say_version(version, fields);
    if let Some(name) = cipher(u64::from(number)) {
        fields.str(&CIPHER, name, at, 2).flag(&NULL_CIPHER, name.contains("_WITH_NULL_"), at, 2);
    }
    if random.starts_with(&RETRY_RANDOM) {
        fields.flag(&RETRY, true, 0, 0);
    }
    *heard = Heard::Server { version, cipher: number, session: session.to_vec() };
    done
}

fn say_version(number: u16, fields: &mut Fields<'_>) {
    match version(u64::from(number)) {
        Some(name) => fields.str(&VERSION, name, 0, 0),
        None => fields.str(&VERSION, format!("unknown (0x{number:04x})"), 0, 0),
    };
}

fn extensions<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>, versions: &mut Vec<u16>) -> Result<(), Malformed> {
    if r.is_empty() {
        return Ok(());
    }
    let length = usize::from(r.u16("extensions length")?);
    let client = matches!(fields.get(&HANDSHAKE_TYPE), Some(Value::Uint(1)));
    // A cut message still gives the extensions that are there.
    let mut all = r.sub(length.min(r.left()), "extensions")?;
    let cut = Malformed { at: all.at(), what: "extensions" };
    let short = length > all.left();
    while !all.is_empty() {
        let kind = all.u16("extension type")?;
        let length = usize::from(all.u16("extension length")?);
        let mut e = all.sub(length, "extension")?;
        match kind {
            // server_name; empty in a server's answer
            0 if !e.is_empty() => {
                let length = usize::from(e.u16("server name list")?);
                let mut names = e.sub(length, "server name list")?;
                while !names.is_empty() {
                    names.u8("server name type")?;
                    let length = usize::from(names.u16("server name length")?);
                    let at = names.at();
                    let name = names.take(length, "server name")?;
                    fields.text(&SERVER_NAME, name, at);
                }
            }
            // application_layer_protocol_negotiation
            16 if !e.is_empty() => {
                let length = usize::from(e.u16("ALPN list")?);
                let mut names = e.sub(length, "ALPN list")?;
                while !names.is_empty() {
                    let length = usize::from(names.u8("ALPN length")?);
                    let at = names.at();
                    let name = names.take(length, "ALPN")?;
                    fields.text(&ALPN, name, at);
                }
            }
            // supported_versions: a list from the client, one from the server
            43 => {
                if client {
                    e.u8("supported versions length")?;
                }
                while !e.is_empty() {
                    let at = e.at();
                    let version = e.u16("supported version")?;
                    versions.push(version);
                    fields.uint(&SUPPORTED_VERSION, version, at, 2);
                }
            }
            _ => {}
        }
    }
    if short { Err(cut) } else { Ok(()) }
}

fn certificates<'a>(r: &mut Reader<'a>, at: Ts, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let length = r.u24("certificate list length")? as usize;
    let (mut count, mut list) = (0u64, r.sub(length.min(r.left()), "certificate list")?);
    let short = length > list.left();
    let mut done = if short { Err(Malformed { at: list.at(), what: "certificate list" }) } else { Ok(()) };
    while !list.is_empty() && count < 32 {
        let Ok(length) = list.u24("certificate length") else {
            done = done.and(Err(Malformed { at: list.at(), what: "certificate length" }));
            break;
        };
        let start = list.at();
        let whole = list.left() >= length as usize;
        // Of a certificate that is cut, what is there.
        let der = list.take((length as usize).min(list.left()), "certificate")?;
        let certificate = Certificate::parse(der);
        if !whole || certificate.defect.is_some() {
            let inside = certificate.defect.map_or(0, |d| d.at);
            done = done
                .and(Err(Malformed { at: start + inside, what: certificate.defect.map_or("certificate", |d| d.what) }));
        }
        say_certificate(certificate, count == 0, start, der.len(), at, fields);
        count += 1;
    }
    fields.uint(&CERT_COUNT, count, 0, 0);
    done
}

fn say_certificate(it: Certificate, first: bool, start: usize, len: usize, now: Ts, fields: &mut Fields<'_>) {
    let text = |value: Option<String>| value.map_or(Value::Null, |t| Value::Text(t.into()));
    let common_name = it.common_name();
    let now = (now != Ts::ZERO).then_some(now.nanos() / 1_000_000_000);
    let expired = now.zip(it.not_after).map(|(now, end)| now > end);
    let (kind, bits) = (it.key.as_ref().map(|k| k.kind().to_owned()), it.key.as_ref().map(|k| u64::from(k.bits())));
    fields
        .push(&CERT_SUBJECT, text(it.subject), start, len)
        .push(&CERT_ISSUER, text(it.issuer), start, len)
        .push(&CERT_SERIAL, text(it.serial.as_deref().map(hex)), start, len)
        .push(&CERT_NOT_BEFORE, text(it.not_before.and_then(date)), start, len)
        .push(&CERT_NOT_AFTER, text(it.not_after.and_then(date)), start, len)
        .push(&CERT_KEY, text(kind), start, len)
        .push(&CERT_KEY_BITS, bits.map_or(Value::Null, Value::Uint), start, len)
        .push(&CERT_EXPIRED, expired.map_or(Value::Null, Value::Bool), start, len);
    if !first {
        return;
    }
    for dns in it.dns.into_iter().take(MAX_REPEATED) {
        fields.str(&CERT_DNS, dns, start, len);
    }
    for ip in it.addresses.into_iter().take(MAX_REPEATED) {
        fields.ip(&CERT_IP, ip, start, len);
    }
    if let Some(name) = common_name {
        let device = name.get(name.len().saturating_sub(15)..).filter(|tail| {
            tail.starts_with("SEP") && tail.len() == 15 && tail.bytes().skip(3).all(|b| b.is_ascii_hexdigit())
        });
        let mic = device.is_some() && name.starts_with("CP-") && name.as_bytes().get(name.len() - 16) == Some(&b'-');
        let lsc = device.is_some() && name.len() == 15;
        fields.flag(&CERT_MIC, mic, start, len).flag(&CERT_LSC, lsc, start, len);
        if let Some(device) = device.filter(|_| mic || lsc) {
            fields.str(&CERT_DEVICE, device.to_owned(), start, len);
        }
    }
}

fn certificate_request<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let length = usize::from(r.u8("certificate types length")?);
    let at = r.at();
    for (i, kind) in r.take(length, "certificate types")?.iter().enumerate() {
        fields.uint(&CERTIFICATE_TYPE, *kind, at + i, 1);
    }
    // TLS 1.2 has a list of signature algorithms here, older versions have not: tell by what fits the rest.
    let names_only = |r: &Reader<'a>| {
        let mut ahead = *r;
        ahead.u16("").is_ok_and(|length| usize::from(length) == ahead.left())
    };
    if !names_only(r) {
        let length = usize::from(r.u16("signature algorithms length")?);
        r.take(length, "signature algorithms")?;
    }
    let length = usize::from(r.u16("authorities length")?);
    let mut names = r.sub(length, "authorities")?;
    for _ in 0..MAX_REPEATED {
        if names.is_empty() {
            break;
        }
        let length = usize::from(names.u16("authority length")?);
        let at = names.at();
        let der = names.take(length, "authority")?;
        let (_, name) = X509Name::from_der(der).map_err(|_| Malformed { at, what: "authority" })?;
        fields.str(&AUTHORITY, name_text(&name), at, length);
    }
    Ok(())
}
