//! Trust lists (CTL, ITL) and signed files (`.sgn`, `.enc.sgn`): header, records, signature.
//!
//! Read: the header's elements (containers are stepped into and read flat, unknown elements are kept), the
//! records of a list, and whether the signature fits the content, where the signer's key is at hand: in the list
//! itself, or in the list that the phone fetched before. Not read: encrypted payloads.
//!
//! Source: usecallmanagernz certutils (independent reverse engineering, no Cisco specification).

mod events;
mod signature;

use std::net::IpAddr;
use std::ops::Range;

pub use events::{EVENTS, HEADER_FIELDS, SGN_FILE, SGN_SIGNATURE_VALID, ctl, emit, itl};

use super::certificate::{Certificate, Key, address, magnitude, same_name};
use crate::bytes::{Malformed, Reader};

/// More records than this are not kept.
const MAX_RECORDS: usize = 1000;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Certificate trust list: clusters in mixed mode.
    Ctl,
    /// Identity trust list: CUCM 8 and newer.
    Itl,
    /// A signed file: header, then the file itself.
    Sgn,
}

/// Who signed: matched to a record by issuer and serial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signer {
    /// `CN=CUCM1,OU=Voice,O=Lab\, Inc`
    pub subject: String,
    /// The same of the issuer of the signer's certificate.
    pub issuer: String,
    /// Serial number of the signer's certificate, magnitude, most significant byte first.
    pub serial: Vec<u8>,
}

/// A record of a list: a certificate, and what it may be trusted for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// See [`role_name`].
    pub role: Option<u16>,
    /// Subject, as the record says, else as its certificate does.
    pub subject: Option<String>,
    /// Issuer, likewise.
    pub issuer: Option<String>,
    /// Serial number, likewise; magnitude, most significant byte first.
    pub serial: Option<Vec<u8>>,
    /// Name of the node: of the record, else of the certificate (subjectAltName, common name).
    pub dns: Option<String>,
    /// Address of the node: of the record, else of the certificate's subjectAltName.
    pub ip: Option<IpAddr>,
    /// First second of validity, seconds since 1970.
    pub not_before: Option<i64>,
    /// Last second of validity, seconds since 1970.
    pub not_after: Option<i64>,
    /// Public key of the certificate, else of the record.
    pub key: Option<Key>,
    /// Where the certificate stands in the file.
    pub certificate: Option<Range<usize>>,
    /// Hash of the certificate, where the record holds one.
    pub certificate_hash: Option<Vec<u8>>,
    /// Where the record stands in the file.
    pub place: Range<usize>,
}

impl Record {
    /// Whether it is the record of that signer: issuer part by part, serial as a number.
    pub fn is(&self, signer: &Signer) -> bool {
        self.serial.as_deref().is_some_and(|own| !own.is_empty() && magnitude(own) == magnitude(&signer.serial))
            && self.issuer.as_deref().is_some_and(|own| same_name(own, &signer.issuer))
    }
}

/// A list or a signed file, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustList {
    /// What it is.
    pub kind: ListKind,
    /// Major and minor version: lists 1.2, signed files 1.0, encrypted ones 2.0.
    pub version: Option<(u8, u8)>,
    /// Version of the signer, where the header has it.
    pub signer_version: Option<(u8, u8)>,
    /// Bytes from the start of the file to the first record or to the payload.
    pub header_len: Option<usize>,
    /// That length agrees with the elements of the header.
    pub header_sound: bool,
    /// Who signed.
    pub signer: Signer,
    /// Number of the hash: see [`hash_name`].
    pub hash: Option<u8>,
    /// Number of the signature algorithm: 0 is RSA PKCS#1 v1.5.
    pub algorithm: Option<u8>,
    /// What the header says of the signature's length: 0 to 3 for 64, 128, 256, 512 bytes.
    pub modulus_index: Option<u8>,
    /// Where the signature itself stands in the file.
    pub signature: Option<Range<usize>>,
    /// The file's own name.
    pub file_name: Option<String>,
    /// When it was made, seconds since 1970.
    pub timestamp: Option<u32>,
    /// What the header of an encrypted file says of its encryption.
    pub encryption: Option<Encryption>,
    /// Its records; empty in a signed file.
    pub records: Vec<Record>,
    /// Every record was read.
    pub records_complete: bool,
    /// Elements that are unknown: tag and place of the value.
    pub unknown: Vec<(u8, Range<usize>)>,
    /// Whether the signature fits the content; `None` if that cannot be checked.
    pub signature_valid: Option<bool>,
    /// Whether the signer is a record of the list itself; `None` for a signed file.
    pub signer_listed: Option<bool>,
    /// Whether the signer is a record of the list held before; `None` without one.
    pub signer_known: Option<bool>,
    /// The first fault and its place.
    pub defect: Option<Malformed>,
}

/// What the header says of an encrypted payload (AES-128-CBC, padded with CR).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Encryption {
    /// Bytes of padding, 1 to 16.
    pub padding: Option<u16>,
    /// Bits of the wrapped key: the size of the phone's RSA key.
    pub key_bits: Option<u16>,
    /// Hash of the plain text: see [`hash_name`].
    pub payload_hash: Option<u8>,
}

/// The name of a role number (function of a record).
pub fn role_name(role: u64) -> Option<&'static str> {
    Some(match role {
        0 => "SAST",
        1 => "CCM",
        2 => "CCM+TFTP",
        3 => "TFTP",
        4 => "CAPF",
        7 => "APP-SERVER",
        21 => "TVS",
        _ => return None,
    })
}

/// The name of a hash number.
pub fn hash_name(hash: u64) -> Option<&'static str> {
    Some(match hash {
        1 => "SHA-1",
        2 => "SHA-256",
        3 => "SHA-512",
        _ => return None,
    })
}

/// Whether the bytes begin as a header of this kind does: element 1 with two bytes, then element 2 with two.
pub fn looks_like(bytes: &[u8]) -> bool {
    matches!(bytes, [1, 0, 2, _, _, 2, 0, 2, ..])
}

/// What a file of that name and content is.
pub fn kind(name: &str, bytes: &[u8]) -> Option<ListKind> {
    let of_name = |name: &str| {
        let base = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_uppercase();
        Some(match () {
            () if base.ends_with(".SGN") => ListKind::Sgn,
            () if base.starts_with("CTL") && base.ends_with(".TLV") => ListKind::Ctl,
            () if base.starts_with("ITL") && base.ends_with(".TLV") => ListKind::Itl,
            () => return None,
        })
    };
    of_name(name).or_else(|| {
        let list = looks_like(bytes).then(|| parse(ListKind::Sgn, bytes))?;
        let minor = list.version.is_some_and(|(major, minor)| major == 1 && minor > 0);
        Some(list.file_name.as_deref().and_then(of_name).unwrap_or(if minor { ListKind::Itl } else { ListKind::Sgn }))
    })
}

/// Reads header and records; the signature is not checked, see [`read`].
pub fn parse(kind: ListKind, bytes: &[u8]) -> TrustList {
    let mut list = TrustList {
        kind,
        version: None,
        signer_version: None,
        header_len: None,
        header_sound: false,
        signer: Signer::default(),
        hash: None,
        algorithm: None,
        modulus_index: None,
        signature: None,
        file_name: None,
        timestamp: None,
        encryption: None,
        records: Vec::new(),
        records_complete: false,
        unknown: Vec::new(),
        signature_valid: None,
        signer_listed: None,
        signer_known: None,
        defect: None,
    };
    match list.header(bytes) {
        Ok(()) => list.header_sound = true,
        Err(defect) => list.fault(defect.at, defect.what),
    }
    if let Some(start) = list.header_len.filter(|_| list.header_sound && kind != ListKind::Sgn) {
        list.records(bytes, start);
    }
    list
}

/// Reads a file and checks its signature; `known` are the records of the lists that the same phone fetched last: a
/// signature that its own file cannot prove is checked with them.
pub fn read(kind: ListKind, bytes: &[u8], known: &[&[Record]]) -> TrustList {
    let mut list = parse(kind, bytes);
    let signer = list.signer.clone();
    let named = !signer.serial.is_empty();
    list.signer_listed = (kind != ListKind::Sgn && named).then(|| list.records.iter().any(|r| r.is(&signer)));
    list.signer_known = (known.iter().any(|list| !list.is_empty()) && named)
        .then(|| known.iter().copied().flatten().any(|r| r.is(&signer)));
    let keys = list
        .records
        .iter()
        .chain(known.iter().copied().flatten())
        .filter(|r| r.is(&signer))
        .filter_map(|r| r.key.as_ref());
    list.signature_valid = keys.filter_map(|key| signature::check(&list, bytes, key)).next();
    list
}

impl TrustList {
    /// Whether anything of the header was read.
    pub fn is_readable(&self) -> bool {
        self.version.is_some()
    }

    /// What follows the header of a signed file, if the header's length is sound.
    pub fn payload<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.header_len.filter(|_| self.header_sound)?..)
    }

    fn fault(&mut self, at: usize, what: &'static str) {
        self.defect.get_or_insert(Malformed { at, what });
    }

    fn header(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut r = Reader::new(bytes);
        let mut signature_at = 0;
        loop {
            if let Some(end) = self.header_len {
                if r.at() == end {
                    break;
                }
                if r.at() > end {
                    return Err(Malformed { at: r.at(), what: "header length: an element runs past it" });
                }
            }
            let at = r.at();
            let tag = r.u8("header")?;
            if tag == 13 {
                continue;
            }
            let length = usize::from(r.u16("length of a header element")?);
            // Containers: their content is read as if it stood in the header itself.
            if matches!(tag, 3 | 7 | 9 | 16 | 17 | 21) {
                continue;
            }
            if tag == 1 && self.version.is_some() {
                return Err(Malformed { at, what: "header length: a record begins inside the header" });
            }
            if self.header_len.is_some_and(|end| r.at() + length > end) {
                return Err(Malformed { at, what: "header length: an element runs past it" });
            }
            let start = r.at();
            let value = r.take(length, "header element")?;
            if tag == 12 {
                self.signature = Some(start..start + length);
                signature_at = at;
            } else {
                self.element(tag, value, start);
            }
            if tag == 2 {
                let end = self.header_len.unwrap_or_default();
                if end < r.at() || end > bytes.len() {
                    let what = if end > bytes.len() {
                        "header length: past the end of the file"
                    } else {
                        "header length: too short"
                    };
                    self.fault(start, what);
                    // What is there of the header is read all the same, though its end is not known.
                    self.open_end(&mut r);
                    return Err(Malformed { at: start, what });
                }
            }
        }
        let says = self.modulus_index.map(|index| 64usize.checked_shl(u32::from(index)).unwrap_or(0));
        if let (Some(says), Some(signature)) = (says, &self.signature)
            && says != signature.len()
        {
            self.fault(signature_at, "signature: its length is not that of the modulus index");
        }
        if self.header_len.is_some_and(|end| end % 4 != 0) {
            self.fault(r.at(), "header length: no multiple of 4");
        }
        Ok(())
    }

    /// Reads elements of a header whose end is not known, as long as they make sense.
    fn open_end(&mut self, r: &mut Reader<'_>) {
        let mut seen = [false; 29];
        while let Ok(tag) = r.u8("") {
            match seen.get_mut(usize::from(tag)) {
                _ if tag == 13 => continue,
                Some(seen) if !*seen && tag > 2 => *seen = true,
                _ => return,
            }
            let Ok(length) = r.u16("").map(usize::from) else { return };
            if matches!(tag, 3 | 7 | 9 | 16 | 17 | 21) {
                continue;
            }
            let start = r.at();
            let Ok(value) = r.take(length, "") else { return };
            if tag == 12 {
                self.signature = Some(start..start + length);
            } else {
                self.element(tag, value, start);
            }
        }
    }

    fn element(&mut self, tag: u8, value: &[u8], at: usize) {
        let pair = || <[u8; 2]>::try_from(value).ok();
        let short = || pair().map(u16::from_be_bytes);
        let one = || <[u8; 1]>::try_from(value).ok().map(|[b]| b);
        let fits = match tag {
            1 => set(&mut self.version, pair().map(|[a, b]| (a, b))),
            2 => set(&mut self.header_len, short().map(usize::from)),
            4 => {
                self.signer.subject = text(value);
                true
            }
            5 => {
                self.signer.serial = magnitude(value).to_vec();
                !value.is_empty()
            }
            6 => {
                self.signer.issuer = text(value);
                true
            }
            8 => set(&mut self.hash, one()),
            10 => set(&mut self.algorithm, one()),
            11 => set(&mut self.modulus_index, one()),
            14 => set(&mut self.file_name, Some(text(value))),
            15 => set(&mut self.timestamp, <[u8; 4]>::try_from(value).ok().map(u32::from_be_bytes)),
            28 => set(&mut self.signer_version, pair().map(|[a, b]| (a, b))),
            20 => set(&mut self.encryption.get_or_insert_default().padding, short()),
            23 => set(&mut self.encryption.get_or_insert_default().key_bits, short()),
            26 => set(&mut self.encryption.get_or_insert_default().payload_hash, one()),
            // Initialisation vector, wrapped key, digest, and two whose meaning is not known.
            18 | 19 | 22 | 24 | 25 | 27 => {
                self.encryption.get_or_insert_default();
                true
            }
            _ => {
                self.unknown.push((tag, at..at + value.len()));
                true
            }
        };
        if !fits {
            self.fault(at, "header element of a wrong length");
        }
    }

    fn records(&mut self, bytes: &[u8], start: usize) {
        let mut at = start;
        if at >= bytes.len() {
            return self.fault(at, "no record at the header length");
        }
        while at < bytes.len() && self.records.len() < MAX_RECORDS {
            let mut r = Reader::new(bytes);
            let head = r.take(at, "record").and_then(|_| r.array::<5>("record"));
            let Ok([1, 0, 2, high, low]) = head else {
                let what =
                    if at == start { "no record at the header length" } else { "no record where the last one ended" };
                return self.fault(at, what);
            };
            let end = at + usize::from(u16::from_be_bytes([high, low]));
            if end < at + 5 || end > bytes.len() {
                self.fault(
                    at,
                    if end > bytes.len() {
                        "record length: past the end of the file"
                    } else {
                        "record length: too short"
                    },
                );
            }
            let whole = bytes.get(..end.min(bytes.len())).unwrap_or(bytes);
            let (record, stop) = record(whole, at);
            self.records.push(record);
            if let Some(stop) = stop {
                self.fault(stop.at, stop.what);
            }
            if self.defect.is_some_and(|d| d.at >= at) {
                return;
            }
            at = end;
        }
        self.records_complete = at == bytes.len();
    }
}

/// One record; `whole` ends where it ends. The place of the first fault, if there is one.
fn record(whole: &[u8], start: usize) -> (Record, Option<Malformed>) {
    let mut record = Record { place: start..whole.len(), ..Record::default() };
    let mut r = Reader::new(whole);
    let mut walk = || -> Result<(), Malformed> {
        r.take(start + 5, "record")?;
        while !r.is_empty() {
            let at = r.at();
            let past = |_| Malformed { at, what: "record length: an element runs past it" };
            let tag = r.u8("")?;
            let length = usize::from(r.u16("").map_err(past)?);
            if tag == 1 {
                return Err(Malformed { at, what: "record length: it runs into the next record" });
            }
            let place = r.at()..r.at() + length;
            let value = r.take(length, "").map_err(past)?;
            match tag {
                2 => record.dns = Some(text(value)).filter(|name| !name.is_empty()),
                3 => record.subject = Some(text(value)),
                4 => record.role = <[u8; 2]>::try_from(value).ok().map(u16::from_be_bytes),
                5 => record.issuer = Some(text(value)),
                6 => record.serial = Some(magnitude(value).to_vec()),
                7 => record.key = record.key.take().or_else(|| Key::from_record(value)),
                9 => record.certificate = Some(place),
                10 => record.ip = address(value),
                11 => record.certificate_hash = Some(value.to_vec()),
                _ => {}
            }
        }
        Ok(())
    };
    let stop = walk().err();
    if let Some(der) = record.certificate.clone().and_then(|place| whole.get(place)) {
        let certificate = Certificate::parse(der);
        let common_name = certificate.common_name();
        record.dns = record.dns.or_else(|| certificate.dns.into_iter().next()).or(common_name);
        record.ip = record.ip.or_else(|| certificate.addresses.into_iter().next());
        record.subject = record.subject.or(certificate.subject);
        record.issuer = record.issuer.or(certificate.issuer);
        record.serial = record.serial.or(certificate.serial);
        (record.not_before, record.not_after) = (certificate.not_before, certificate.not_after);
        record.key = certificate.key.or(record.key);
    }
    (record, stop)
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let fits = value.is_some();
    *slot = value.or(slot.take());
    fits
}

/// Text up to its NUL.
fn text(value: &[u8]) -> String {
    let end = memchr::memchr(0, value).unwrap_or(value.len());
    String::from_utf8_lossy(value.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests;
