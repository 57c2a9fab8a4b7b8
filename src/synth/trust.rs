//! Trust lists (CTL, ITL) and signed files (.sgn, .enc.sgn), really signed by test keys.
//!
//! The layout is that of the usecallmanager.nz certutils, an independent description; Cisco publishes none. The
//! signature is RSA PKCS#1 v1.5 over the file without the signature element, so the same list has the same bytes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use rsa::pkcs8::DecodePrivateKey;
use sha1::{Digest, Sha1};
use sha2::Sha512;

/// A certificate of the invented cluster, and its key where it signs.
#[derive(Debug)]
pub struct Key {
    /// Subject and, as all are self-signed, issuer.
    pub subject: &'static str,
    /// Last byte of the serial number `4C414200000000xx`.
    pub serial: u8,
    /// X.509 DER.
    pub certificate: &'static [u8],
    /// PKCS#8 DER; empty where the key signs nothing.
    private: &'static [u8],
}

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident = $subject:literal, $serial:literal, $certificate:literal, $private:expr;)*) => { $(
        $(#[$doc])*
        pub static $name: Key = Key {
            subject: $subject, serial: $serial, certificate: include_bytes!($certificate), private: $private
        };
    )* };
}
keys! {
    /// CallManager and TFTP of the publisher; signs lists and configurations.
    CUCM1 = "CN=cucm1,OU=Voice,O=Lab", 0x01, "keys/test-cucm1.crt.der", include_bytes!("keys/test-cucm1.pkcs8.der");
    /// CallManager of the subscriber.
    CUCM2 = "CN=cucm2,OU=Voice,O=Lab", 0x02, "keys/test-cucm2.crt.der", &[];
    /// CallManager of a third node, 10.1.1.12.
    CUCM3 = "CN=cucm3,OU=Voice,O=Lab", 0x03, "keys/test-cucm3.crt.der", &[];
    /// Trust verification service of the publisher.
    TVS1 = "CN=cucm1,OU=TVS,O=Lab", 0x11, "keys/test-tvs1.crt.der", &[];
    /// Trust verification service of the subscriber.
    TVS2 = "CN=cucm2,OU=TVS,O=Lab", 0x12, "keys/test-tvs2.crt.der", &[];
    /// The same, expired on 2024-01-01.
    EXPIRED = "CN=cucm2,OU=TVS,O=Lab", 0x13, "keys/test-expired.crt.der", &[];
    /// Certificate authority proxy function.
    CAPF = "CN=CAPF-00000001,OU=Voice,O=Lab", 0x21, "keys/test-capf.crt.der", &[];
    /// The token that signs CTL files.
    SAST = "CN=ITLRECOVERY_cucm1,OU=Voice,O=Lab", 0x31, "keys/test-sast.crt.der", include_bytes!("keys/test-sast.pkcs8.der");
    /// A key that calls itself like the publisher and is another.
    ROGUE = "CN=cucm1,OU=Voice,O=Lab", 0xf1, "keys/test-rogue.crt.der", include_bytes!("keys/test-rogue.pkcs8.der");
    /// The certificate that a phone shows in TLS.
    PHONE = "CN=CP-7821-SEP001122334455,OU=Lab,O=Lab", 0x55, "keys/test-phone.crt.der", &[];
}

/// What a certificate in a list is trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May sign lists.
    Sast = 0,
    /// CallManager and TFTP.
    CcmTftp = 2,
    /// Certificate authority proxy function.
    Capf = 4,
    /// Trust verification service.
    Tvs = 21,
}

/// A record of a list.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// What it is trusted for.
    pub role: Role,
    /// Whose it is.
    pub key: &'static Key,
    /// The node.
    pub host: &'static str,
    /// Its address.
    pub ip: Ipv4Addr,
}

/// What is done to a file after it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Nothing.
    None,
    /// A bit of the content is changed: the signature no longer fits.
    Flipped,
    /// The last record claims to be longer than the file.
    RecordPastEnd,
}

/// A CTL or ITL.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// The name in its header: `CTLFile.tlv`, `ITLFile.tlv`.
    pub file_name: &'static str,
    /// Unix seconds.
    pub stamp: u32,
    /// Who signs.
    pub signer: &'static Key,
    /// SHA-512 or, as older releases do, SHA-1.
    pub sha512: bool,
    /// What it lists.
    pub records: &'static [Record],
    /// What happened to it.
    pub damage: Damage,
}

/// A list as the server hands it out.
pub fn list(it: &List) -> Vec<u8> {
    let mut records: Vec<u8> = it.records.iter().flat_map(record).collect();
    if it.damage == Damage::RecordPastEnd {
        let last: usize = it.records.iter().rev().skip(1).map(|it| record(it).len()).sum();
        if let Some(low) = records.get_mut(last + 3) {
            *low = 0xff;
        }
        if let Some(high) = records.get_mut(last + 4) {
            *high = 0xff;
        }
    }
    let version = Version { file: [1, 2], format: Some([1, 1]) };
    // The last character of the last record's host name, behind its length (5) and the head of the name (3).
    let last = it.records.last().map_or(0, |it| record(it).len().saturating_sub(5 + 3 + it.host.len() - 1));
    let out = sign(version, it.signer, it.sha512, &[], it.file_name, it.stamp, &records);
    flipped(out, it.damage, last)
}

/// A `.sgn` file: the header, then the payload as it is.
pub fn signed(file_name: &str, signer: &'static Key, stamp: u32, payload: &[u8], damage: Damage) -> Vec<u8> {
    let version = Version { file: [1, 0], format: None };
    let out = sign(version, signer, true, &[], file_name, stamp, payload);
    // The first digit of the version stamp: still well-formed.
    let at = find(payload, b"<versionStamp>").map_or(payload.len() / 2, |at| at + 14);
    flipped(out, damage, payload.len() - at)
}

/// An `.enc.sgn` file. The payload is noise of the right length: nobody but the phone could read the real one.
pub fn encrypted(file_name: &str, signer: &'static Key, stamp: u32, plain_len: usize) -> Vec<u8> {
    let padding = 16 - plain_len % 16;
    let mut iv = Vec::new();
    element(&mut iv, 18, &[0]);
    element(&mut iv, 19, &noise(16, 1));
    element(&mut iv, 20, &(padding as u16).to_be_bytes());
    let mut key = Vec::new();
    element(&mut key, 22, &[0]);
    element(&mut key, 23, &2048_u16.to_be_bytes());
    element(&mut key, 24, &[1]);
    element(&mut key, 25, &noise(256, 2));
    let mut info = Vec::new();
    element(&mut info, 17, &iv);
    element(&mut info, 21, &key);
    let mut extra = Vec::new();
    element(&mut extra, 16, &info);
    element(&mut extra, 26, &[1]);
    element(&mut extra, 27, &noise(20, 3));
    let version = Version { file: [2, 0], format: None };
    sign(version, signer, true, &extra, file_name, stamp, &noise(plain_len + padding, 4))
}

/// Bytes that look random and are always the same.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let next = move || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[derive(Clone, Copy)]
struct Version {
    file: [u8; 2],
    format: Option<[u8; 2]>,
}

/// Header, signature, records or payload.
fn sign(
    version: Version,
    signer: &'static Key,
    sha512: bool,
    extra: &[u8],
    name: &str,
    stamp: u32,
    body: &[u8],
) -> Vec<u8> {
    let mut who = Vec::new();
    element(&mut who, 4, &text(signer.subject));
    element(&mut who, 6, &text(signer.subject));
    element(&mut who, 5, &serial(signer));
    let mut algorithm = Vec::new();
    element(&mut algorithm, 10, &[0]);
    element(&mut algorithm, 11, &[2]);
    let mut how = Vec::new();
    element(&mut how, 8, &[if sha512 { 3 } else { 1 }]);
    element(&mut how, 9, &algorithm);

    let mut after = Vec::new();
    element(&mut after, 14, &text(name));
    element(&mut after, 15, &stamp.to_be_bytes());
    after.extend(extra);

    let mut before = Vec::new();
    element(&mut before, 1, &version.file);
    let mut rest = Vec::new();
    if let Some(format) = version.format {
        element(&mut rest, 28, &format);
    }
    element(&mut rest, 3, &who);
    element(&mut rest, 7, &how);
    // The length counts everything up to the first record: itself (5), the signature (3 + 256), the pads to 4.
    let unpadded = before.len() + 5 + rest.len() + 259 + after.len();
    let length = unpadded.next_multiple_of(4);
    after.resize(after.len() + length - unpadded, 13);
    element(&mut before, 2, &(length as u16).to_be_bytes());
    before.extend(rest);

    let covered = [before.as_slice(), &after, body].concat();
    element(&mut before, 12, &signature(signer, sha512, &covered));
    [before, after, body.to_vec()].concat()
}

/// Signatures by signer and digest.
type Made = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// Signatures made before: ten thousand phones fetch the same list.
static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());

/// What stands before a digest in PKCS#1 v1.5 (RFC 8017 §9.2).
const SHA1_PREFIX: [u8; 15] = [0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14];
const SHA512_PREFIX: [u8; 19] = [0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40];

fn signature(signer: &'static Key, sha512: bool, covered: &[u8]) -> Vec<u8> {
    let (digest, prefix) = if sha512 {
        (Sha512::digest(covered).to_vec(), SHA512_PREFIX.to_vec())
    } else {
        (Sha1::digest(covered).to_vec(), SHA1_PREFIX.to_vec())
    };
    let known = (signer.serial, digest.clone());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(signature) = made.get(&known) {
        return signature.clone();
    }
    let scheme = rsa::Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
    // The embedded keys are good, as the tests prove; without one the signature would be 256 zeros.
    let signature = rsa::RsaPrivateKey::from_pkcs8_der(signer.private)
        .ok()
        .and_then(|key| key.sign(scheme, &digest).ok())
        .unwrap_or_else(|| vec![0; 256]);
    made.insert(known, signature.clone());
    signature
}

fn record(it: &Record) -> Vec<u8> {
    let certificate = it.key.certificate;
    let public = x509_parser::parse_x509_certificate(certificate)
        .map(|(_, parsed)| parsed.public_key().subject_public_key.data.to_vec())
        .unwrap_or_default();
    let mut out = Vec::new();
    element(&mut out, 2, &text(it.host));
    element(&mut out, 3, &text(it.key.subject));
    element(&mut out, 4, &(it.role as u16).to_be_bytes());
    element(&mut out, 5, &text(it.key.subject));
    element(&mut out, 6, &serial(it.key));
    element(&mut out, 7, &public);
    // The signature of a 2048-bit self-signed certificate is its last 256 bytes.
    element(&mut out, 8, certificate.get(certificate.len().saturating_sub(256)..).unwrap_or_default());
    element(&mut out, 9, certificate);
    element(&mut out, 10, &it.ip.octets());
    let mut whole = vec![1, 0, 2];
    whole.extend((out.len() as u16 + 5).to_be_bytes());
    whole.extend(out);
    whole
}

fn serial(key: &Key) -> [u8; 8] {
    [0x4c, 0x41, 0x42, 0, 0, 0, 0, key.serial]
}

fn text(text: &str) -> Vec<u8> {
    let mut out = text.as_bytes().to_vec();
    out.push(0);
    out
}

fn element(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    out.extend((value.len() as u16).to_be_bytes());
    out.extend(value);
}

/// Changes the lowest bit of the byte that stands `back` bytes before the end.
fn flipped(mut out: Vec<u8>, damage: Damage, back: usize) -> Vec<u8> {
    if damage == Damage::Flipped {
        let at = out.len().saturating_sub(back);
        if let Some(byte) = out.get_mut(at) {
            *byte ^= 1;
        }
    }
    out
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs1::DecodeRsaPublicKey;

    /// Checked the long way round: cut the signature out, verify with the key in the certificate.
    fn holds(file: &[u8], by: &Key, sha512: bool) -> bool {
        let mut at = 0;
        loop {
            let (tag, len) = (file[at], usize::from(u16::from_be_bytes([file[at + 1], file[at + 2]])));
            if tag == 12 {
                let covered = [&file[..at], &file[at + 3 + len..]].concat();
                let (_, certificate) = x509_parser::parse_x509_certificate(by.certificate).unwrap();
                let key = rsa::RsaPublicKey::from_pkcs1_der(&certificate.public_key().subject_public_key.data).unwrap();
                let (digest, prefix) = if sha512 {
                    (Sha512::digest(covered).to_vec(), SHA512_PREFIX.to_vec())
                } else {
                    (Sha1::digest(covered).to_vec(), SHA1_PREFIX.to_vec())
                };
                let scheme = rsa::Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
                return key.verify(scheme, &digest, &file[at + 3..at + 3 + len]).is_ok();
            }
            at += 3 + len;
        }
    }

    #[test]
    fn signatures_hold_until_a_bit_is_changed() {
        let payload = b"<device>\n<versionStamp>1</versionStamp></device>";
        for key in [&CUCM1, &SAST, &ROGUE] {
            assert!(holds(&signed("a.sgn", key, 7, payload, Damage::None), key, true));
            assert!(!holds(&signed("a.sgn", key, 7, payload, Damage::Flipped), key, true));
        }
        assert!(holds(&encrypted("a.enc.sgn", &CUCM1, 7, 100), &CUCM1, true));
        let records =
            Vec::leak(vec![Record { role: Role::Sast, key: &SAST, host: "cucm1", ip: Ipv4Addr::new(10, 1, 1, 10) }]);
        for (sha512, damage) in [(true, Damage::None), (false, Damage::None), (true, Damage::Flipped)] {
            let it = List { file_name: "CTLFile.tlv", stamp: 7, signer: &SAST, sha512, records, damage };
            assert_eq!(holds(&list(&it), &SAST, sha512), damage == Damage::None);
        }
    }

    #[test]
    fn the_key_in_a_record_is_pkcs1() {
        let ip = Ipv4Addr::new(10, 1, 1, 10);
        let bytes = record(&Record { role: Role::Tvs, key: &TVS1, host: "cucm1", ip });
        assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len());
        assert!(find(&bytes, &[0x30, 0x82, 1, 0x0a, 2, 0x82, 1, 1]).is_some());
    }
}
