//! X.509 certificates: the names, serial, validity and key that a trust list or a TLS handshake shows.
//!
//! Read: RFC 5280 `TBSCertificate`, piece by piece, each piece by `x509-parser`; so a broken certificate still
//! gives what stands before the damage. Not read: the issuer's signature and extensions other than
//! subjectAltName. Names are written as RFC 4514 writes their parts, but in the order of the certificate, as
//! CTL and ITL files write them.

use std::fmt::Write as _;
use std::net::IpAddr;

use x509_parser::asn1_rs::{Oid, Tag};
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name};

use crate::bytes::{Malformed, Reader};

/// What could be read of a certificate; unknown is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// `CN=CUCM1,OU=Voice,O=Lab\, Inc`
    pub subject: Option<String>,
    /// The same of its issuer.
    pub issuer: Option<String>,
    /// Magnitude, most significant byte first, without the 00 that DER puts before a set top bit.
    pub serial: Option<Vec<u8>>,
    /// First second of validity, seconds since 1970.
    pub not_before: Option<i64>,
    /// Last second of validity, seconds since 1970.
    pub not_after: Option<i64>,
    /// DNS names of subjectAltName.
    pub dns: Vec<String>,
    /// Addresses of subjectAltName.
    pub addresses: Vec<IpAddr>,
    /// The public key.
    pub key: Option<Key>,
    /// `sha256WithRSAEncryption`, or the OID in dots.
    pub signature_algorithm: Option<String>,
    /// Where reading stopped, if it did.
    pub defect: Option<Malformed>,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Modulus and exponent without leading zeros.
    Rsa {
        /// The modulus, most significant byte first.
        modulus: Vec<u8>,
        /// The public exponent, most significant byte first.
        exponent: Vec<u8>,
    },
    /// An elliptic curve point.
    Ec {
        /// `P-256`, or the OID in dots.
        curve: String,
        /// Bits of the curve's field; 0 if the curve is unknown.
        bits: u32,
    },
    /// Another algorithm: its OID in dots.
    Other(String),
}

impl Key {
    /// `RSA`, `EC`, or the OID of the algorithm.
    pub fn kind(&self) -> &str {
        match self {
            Key::Rsa { .. } => "RSA",
            Key::Ec { .. } => "EC",
            Key::Other(oid) => oid,
        }
    }

    /// Bits of the modulus or of the curve; 0 if unknown.
    pub fn bits(&self) -> u32 {
        match self {
            Key::Rsa { modulus, .. } => {
                (modulus.len() as u32 * 8).saturating_sub(modulus.first().map_or(0, |b| b.leading_zeros()))
            }
            Key::Ec { bits, .. } => *bits,
            Key::Other(_) => 0,
        }
    }

    /// A PKCS#1 `RSAPublicKey`, or an uncompressed curve point, as element 7 of a trust list record holds it.
    pub fn from_record(bytes: &[u8]) -> Option<Key> {
        if bytes.first() == Some(&4)
            && let Some(curve) = match bytes.len() {
                65 => Some(("P-256", 256)),
                97 => Some(("P-384", 384)),
                133 => Some(("P-521", 521)),
                _ => None,
            }
        {
            return Some(Key::Ec { curve: curve.0.to_owned(), bits: curve.1 });
        }
        let mut r = Reader::new(bytes);
        open(&mut r, 0x30, "key").ok()?;
        let modulus = value(&mut r, 0x02, "modulus").ok()?;
        let exponent = value(&mut r, 0x02, "exponent").ok()?;
        Some(Key::Rsa { modulus: magnitude(modulus).to_vec(), exponent: magnitude(exponent).to_vec() })
    }
}

impl Certificate {
    /// Reads DER. Never fails: what could not be read is told by [`Certificate::defect`].
    pub fn parse(der: &[u8]) -> Certificate {
        let mut certificate = Certificate::default();
        if let Err(defect) = certificate.read(der) {
            certificate.defect = certificate.defect.or(Some(defect));
        }
        certificate
    }

    /// The common name of its subject, unescaped.
    pub fn common_name(&self) -> Option<String> {
        common_name(self.subject.as_deref()?)
    }

    fn read(&mut self, der: &[u8]) -> Result<(), Malformed> {
        let mut r = Reader::new(der);
        open(&mut r, 0x30, "certificate")?;
        open(&mut r, 0x30, "certificate content")?;
        if r.rest().first() == Some(&0xa0) {
            element(&mut r, 0xa0, "version")?;
        }
        self.serial = Some(magnitude(value(&mut r, 0x02, "serial number")?).to_vec());
        let algorithm = element(&mut r, 0x30, "signature algorithm")?;
        self.signature_algorithm =
            AlgorithmIdentifier::from_der(algorithm).ok().map(|(_, a)| signature_name(&a.algorithm));
        self.issuer = self.name(&mut r, "issuer")?;
        let validity = element(&mut r, 0x30, "validity")?;
        if let Ok((_, validity)) = x509_parser::certificate::Validity::from_der(validity) {
            self.not_before = Some(validity.not_before.timestamp());
            self.not_after = Some(validity.not_after.timestamp());
        } else {
            self.defect = self.defect.or(Some(Malformed { at: r.at() - validity.len(), what: "validity" }));
        }
        self.subject = self.name(&mut r, "subject")?;
        let info = element(&mut r, 0x30, "public key")?;
        self.key = SubjectPublicKeyInfo::from_der(info).ok().and_then(|(_, info)| public_key(&info));
        if self.key.is_none() {
            self.defect = self.defect.or(Some(Malformed { at: r.at() - info.len(), what: "public key" }));
        }
        for tag in [0x81, 0x82] {
            if r.rest().first() == Some(&tag) {
                element(&mut r, tag, "unique identifier")?;
            }
        }
        if r.rest().first() == Some(&0xa3) {
            open(&mut r, 0xa3, "extensions")?;
            let mut extensions = value(&mut r, 0x30, "extensions")?;
            while let Ok((rest, extension)) = X509Extension::from_der(extensions) {
                if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() {
                    names.general_names.iter().for_each(|name| self.alternative(name));
                }
                extensions = rest;
            }
        }
        // The outer signature must be there, or the certificate was cut.
        element(&mut r, 0x30, "signature algorithm")?;
        element(&mut r, 0x03, "signature")?;
        Ok(())
    }

    fn name(&mut self, r: &mut Reader<'_>, what: &'static str) -> Result<Option<String>, Malformed> {
        let at = r.at();
        let bytes = element(r, 0x30, what)?;
        let name = X509Name::from_der(bytes).ok().map(|(_, name)| name_text(&name));
        if name.is_none() {
            self.defect = self.defect.or(Some(Malformed { at, what }));
        }
        Ok(name)
    }

    fn alternative(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(dns) => self.dns.push((*dns).to_owned()),
            GeneralName::IPAddress(bytes) => self.addresses.extend(address(bytes)),
            _ => {}
        }
    }
}

/// 4 or 16 bytes as an address.
pub fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

/// Without leading zero bytes; a zero stays one byte.
pub fn magnitude(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros.min(bytes.len().saturating_sub(1))..).unwrap_or_default()
}

/// RFC 3339 with whole seconds: `2036-11-20T00:00:00Z`.
pub fn date(seconds: i64) -> Option<String> {
    const FORM: &[time::format_description::BorrowedFormatItem<'_>] =
        time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    time::OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(FORM).ok()
}

/// The parts of a name in text: `("CN", "CUCM1")`, unescaped. Takes `,` and `;` between parts.
pub fn name_parts(name: &str) -> Vec<(String, String)> {
    let (mut parts, mut part, mut equals) = (Vec::new(), Vec::new(), None);
    let mut bytes = name.bytes().peekable();
    let mut close = |part: &mut Vec<u8>, equals: &mut Option<usize>| {
        let text = std::mem::take(part);
        if let Some((key, value)) = equals.take().and_then(|at: usize| text.split_at_checked(at)) {
            let value = value.get(1..).unwrap_or_default();
            parts.push((
                String::from_utf8_lossy(key).trim().to_ascii_uppercase(),
                String::from_utf8_lossy(value).trim().to_owned(),
            ));
        } else if !text.is_empty() {
            parts.push((String::new(), String::from_utf8_lossy(&text).trim().to_owned()));
        }
    };
    while let Some(b) = bytes.next() {
        match b {
            b'\\' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).map(|d| d as u8);
                let Some(next) = bytes.next() else { break };
                if let (Some(high), Some(low)) = (digit(Some(next)), digit(bytes.peek().copied())) {
                    bytes.next();
                    part.push(high << 4 | low);
                } else {
                    part.push(next);
                }
            }
            b',' | b';' => close(&mut part, &mut equals),
            b'=' if equals.is_none() => {
                equals = Some(part.len());
                part.push(b);
            }
            _ => part.push(b),
        }
    }
    close(&mut part, &mut equals);
    parts
}

/// Longer names are compared as they stand: a list has a thousand records, and each is compared with its signer.
const LONGEST_NAME: usize = 4096;

/// Whether two names are the same, part by part after unescaping; the order of the parts is left aside, since
/// writers disagree on it.
pub fn same_name(a: &str, b: &str) -> bool {
    a == b
        || a.len().max(b.len()) <= LONGEST_NAME && {
            let (mut a, mut b) = (name_parts(a), name_parts(b));
            a.sort_unstable();
            b.sort_unstable();
            a == b
        }
}

/// The common name in a name, unescaped.
pub fn common_name(name: &str) -> Option<String> {
    name_parts(name).into_iter().find(|(key, _)| key == "CN").map(|(_, value)| value)
}

/// A name as text, parts in the order of the certificate, joined by `,`.
pub fn name_text(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for rdn in name.iter() {
        for (i, part) in rdn.iter().enumerate() {
            if !text.is_empty() {
                text.push(if i == 0 { ',' } else { '+' });
            }
            let value = part.attr_value();
            let value = match value.tag() {
                Tag::BmpString => char::decode_utf16(
                    value.data.chunks_exact(2).filter_map(|c| <[u8; 2]>::try_from(c).ok()).map(u16::from_be_bytes),
                )
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
                Tag::T61String => value.data.iter().map(|b| char::from(*b)).collect(),
                _ => String::from_utf8_lossy(value.data).into_owned(),
            };
            text.push_str(&attribute_name(part.attr_type()));
            text.push('=');
            escape(&value, &mut text);
        }
    }
    text
}

/// RFC 4514 §2.4.
fn escape(value: &str, into: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        match c {
            '\0' => into.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => into.extend(['\\', c]),
            '#' if i == 0 => into.push_str("\\#"),
            ' ' if i == 0 || i == last => into.push_str("\\ "),
            _ => into.push(c),
        }
    }
}

fn attribute_name(oid: &Oid<'_>) -> String {
    let text = oid.to_id_string();
    match text.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return text,
    }
    .to_owned()
}

fn signature_name(oid: &Oid<'_>) -> String {
    let text = oid.to_id_string();
    match text.as_str() {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        _ => return text,
    }
    .to_owned()
}

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> Option<Key> {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            Some(Key::Rsa { modulus: magnitude(rsa.modulus).to_vec(), exponent: magnitude(rsa.exponent).to_vec() })
        }
        Ok(PublicKey::EC(_)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|oid| oid.to_id_string());
            let (curve, bits) = match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => ("P-256", 256),
                Some("1.3.132.0.34") => ("P-384", 384),
                Some("1.3.132.0.35") => ("P-521", 521),
                other => (other.unwrap_or("unnamed"), 0),
            };
            Some(Key::Ec { curve: curve.to_owned(), bits })
        }
        Ok(_) => Some(Key::Other(info.algorithm.algorithm.to_id_string())),
        Err(_) => None,
    }
}

/// The head of a DER element: its tag must be `tag`; the length of its content.
fn head(r: &mut Reader<'_>, tag: u8, what: &'static str) -> Result<usize, Malformed> {
    let at = r.at();
    if r.u8(what)? != tag {
        return Err(Malformed { at, what });
    }
    let first = r.u8(what)?;
    if first < 0x80 {
        return Ok(usize::from(first));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(Malformed { at, what });
    }
    Ok(r.take(count, what)?.iter().fold(0usize, |length, b| length << 8 | usize::from(*b)))
}

/// Steps into an element; its length is not checked, so that what a cut certificate still holds is read.
fn open(r: &mut Reader<'_>, tag: u8, what: &'static str) -> Result<(), Malformed> {
    let (mut ahead, at) = (*r, r.at());
    head(&mut ahead, tag, what).map_err(|_| Malformed { at, what })?;
    *r = ahead;
    Ok(())
}

/// A whole element, head included.
fn element<'a>(r: &mut Reader<'a>, tag: u8, what: &'static str) -> Result<&'a [u8], Malformed> {
    let (mut ahead, at) = (*r, r.at());
    let length = head(&mut ahead, tag, what).map_err(|_| Malformed { at, what })?;
    r.take((ahead.at() - at).saturating_add(length), what)
}

/// The content of an element.
fn value<'a>(r: &mut Reader<'a>, tag: u8, what: &'static str) -> Result<&'a [u8], Malformed> {
    let (mut ahead, at) = (*r, r.at());
    let length = head(&mut ahead, tag, what).map_err(|_| Malformed { at, what })?;
    let content = ahead.take(length, what).map_err(|_| Malformed { at, what })?;
    *r = ahead;
    Ok(content)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made with OpenSSL: EC P-256, names with a comma, an equals sign and non-ASCII, subjectAltName.
    pub(crate) const EC: &str = "308201e230820189a003020102020400f1599a300a06082a8648ce3d040302305f3118301606035504030c0f534550303031\
        3132323333343435353111300f060355040a0c084c61622c20496e633111300f060355040b0c0849503d566f696365311030\
        0e06035504070c0754726f6d73c3b8310b3009060355040613024e4f301e170d3236313132313133303031365a170d333631\
        3131383133303031365a305f3118301606035504030c0f5345503030313132323333343435353111300f060355040a0c084c\
        61622c20496e633111300f060355040b0c0849503d566f6963653110300e06035504070c0754726f6d73c3b8310b30090603\
        55040613024e4f3059301306072a8648ce3d020106082a8648ce3d03010703420004d9a05b9e9069aa9f6dc5d2241b78aebd\
        06014e2fae68404087f3c985d4bfdb6b5ce039309af0e278e2844895d6e8d75033b362f4e2591c477e7cfd50bd0ffc37a333\
        3031300f0603551d130101ff040530030101ff301e0603551d1104173015820d6375636d312e6578616d706c6587040a0101\
        0a300a06082a8648ce3d040302034700304402204c194084d6251a5e3dd53ce503f906482d8e5bc750141d3a3147cad9c43e\
        2e03022056267e88b65d36a1885071890e520ecb5af47ed0c95970047b08375f88d4480b";

    pub(crate) fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
        digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn all_of_a_certificate() {
        let read = Certificate::parse(&unhex(EC));
        assert_eq!(read.subject.as_deref(), Some("CN=SEP001122334455,O=Lab\\, Inc,OU=IP=Voice,L=Troms\u{f8},C=NO"));
        assert_eq!(read.issuer, read.subject);
        assert_eq!(read.common_name().as_deref(), Some("SEP001122334455"));
        assert_eq!(hex(&read.serial.clone().unwrap()), "f1599a");
        assert_eq!(read.not_before.and_then(date).as_deref(), Some("2026-11-21T13:00:16Z"));
        assert_eq!(read.not_after.and_then(date).as_deref(), Some("2036-11-18T13:00:16Z"));
        assert_eq!((read.dns, read.addresses), (vec!["cucm1.example".to_owned()], vec![[10, 1, 1, 10].into()]));
        assert_eq!(read.key, Some(Key::Ec { curve: "P-256".into(), bits: 256 }));
        assert_eq!(read.signature_algorithm.as_deref(), Some("ecdsa-with-SHA256"));
        assert_eq!(read.defect, None);
    }

    #[test]
    fn a_cut_certificate_gives_what_stands_before_the_cut() {
        let der = unhex(EC);
        for cut in 0..der.len() {
            assert!(Certificate::parse(&der[..cut]).defect.is_some(), "cut at {cut}");
        }
        let read = Certificate::parse(&der[..180]);
        assert_eq!((read.issuer.is_some(), read.subject, read.defect.unwrap().what), (true, None, "subject"));
    }

    #[test]
    fn names_are_compared_part_by_part() {
        assert!(same_name("CN=CUCM1,O=Lab\\, Inc", "cn=CUCM1; O=Lab\\2c Inc"));
        assert!(same_name("CN=A,O=B", "O=B,CN=A"));
        assert!(!same_name("CN=A,O=B", "CN=A"));
        assert_eq!(common_name("O=x,CN=a\\=b"), Some("a=b".into()));
        let mut text = String::new();
        escape(" #a+b\0 ", &mut text);
        assert_eq!(text, "\\ #a\\+b\\00\\ ");
    }

    #[test]
    fn keys_of_a_record() {
        let key = Key::from_record(&unhex("3009 0204 00c00001 0201 03")).unwrap();
        assert_eq!((key.kind(), key.bits()), ("RSA", 24));
        assert_eq!(Key::from_record(&[4; 97]).unwrap().bits(), 384);
        assert_eq!(Key::from_record(&unhex("3003020103")), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..480, to in any::<u8>(), name in ".{0,60}") {
            Certificate::parse(&bytes);
            Key::from_record(&bytes);
            let mut der = unhex(EC);
            der[at] = to;
            Certificate::parse(&der);
            prop_assert!(same_name(&name, &name));
        }
    }
}
