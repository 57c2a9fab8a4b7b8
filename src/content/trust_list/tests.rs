use proptest::prelude::*;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::rand_core::{CryptoRng, Error, RngCore};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};

use super::*;
use crate::content::certificate::tests::{EC, unhex};
use crate::content::testing::{self, lines};
use crate::time::{Span, Ts};

/// A list of two records with a dummy signature, constructed by hand.
const ITL: &str = "01000201020200020098 03001d 040009434e3d4355434d3100 060009434e3d4355434d3100 0500020102 07000f 08000101 \
    090008 0a000100 0b000100 0c0040 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \
    0e000c49544c46696c652e746c7600 0f00046553f100 0d0d0d \
    010002003f 030009434e3d4355434d3100 050009434e3d4355434d3100 0600020102 0400020000 0700053003020103 080004bbbbbbbb 0900063004deadbeef \
    010002003f 030009434e3d4355434d3100 050009434e3d4355434d3100 0600020102 0400020002 0700053003020103 080004bbbbbbbb 0900063004deadbeef";

/// Repeats the same bytes whenever a test is run.
struct Dice(u64);

impl RngCore for Dice {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }
    fn next_u64(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn fill_bytes(&mut self, into: &mut [u8]) {
        for b in into {
            *b = self.next_u64() as u8;
        }
    }
    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(into);
        Ok(())
    }
}
impl CryptoRng for Dice {}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag], &(value.len() as u16).to_be_bytes()[..], value].concat()
}

fn name(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    match value.len() {
        n @ 0..=127 => [&[tag, n as u8], value].concat(),
        n => [&[tag, 0x82, (n >> 8) as u8, n as u8], value].concat(),
    }
}

fn pkcs1(key: &RsaPublicKey) -> Vec<u8> {
    let number = |bytes: Vec<u8>| der(2, &[vec![0], bytes].concat());
    der(0x30, &[number(key.n().to_bytes_be()), number(key.e().to_bytes_be())].concat())
}

fn a_record(role: u16, subject: &str, issuer: &str, serial: &[u8], more: &[u8]) -> Vec<u8> {
    let body =
        [tlv(3, &name(subject)), tlv(5, &name(issuer)), tlv(6, serial), tlv(4, &role.to_be_bytes()), more.to_vec()]
            .concat();
    [tlv(1, &(body.len() as u16 + 5).to_be_bytes()), body].concat()
}

/// A header and what follows it, signed by `key` in the name of `CN=Signer,O=Lab\, Inc` with serial 00c5.
fn signed(version: [u8; 2], hash: u8, file_name: &str, more: &[u8], rest: &[u8], key: &RsaPrivateKey) -> Vec<u8> {
    let index = (key.size() / 64).trailing_zeros() as u8;
    let names =
        [tlv(4, &name("CN=Signer,O=Lab\\, Inc")), tlv(6, &name("CN=Signer,O=Lab\\, Inc")), tlv(5, &[0, 0xc5])].concat();
    let algorithm = [tlv(8, &[hash]), tlv(9, &[tlv(10, &[0]), tlv(11, &[index])].concat())].concat();
    let before = [tlv(3, &names), tlv(7, &algorithm)].concat();
    let after = [tlv(14, &name(file_name)), tlv(15, &0x6553_f100u32.to_be_bytes()), more.to_vec()].concat();
    let bare = 10 + before.len() + 3 + key.size() + after.len();
    let length = bare.next_multiple_of(4);
    let head = [tlv(1, &version), tlv(2, &(length as u16).to_be_bytes()), before].concat();
    let tail = [after, vec![13; length - bare], rest.to_vec()].concat();
    let (prefix, digest) = signature::digest(hash, &head, &tail).unwrap();
    let signature = key.sign(Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() }, &digest).unwrap();
    [head, tlv(12, &signature), tail].concat()
}

fn key(bits: usize) -> RsaPrivateKey {
    RsaPrivateKey::new(&mut Dice(bits as u64), bits).unwrap()
}

/// A list of a signer (SAST, with its key), a CallManager with an EC certificate, and a TFTP server.
fn a_list(hash: u8, key: &RsaPrivateKey) -> Vec<u8> {
    let records = [
        // The serial as a number, and the name with other separators: it is the signer all the same.
        a_record(
            0,
            "CN=Signer;O=Lab\\, Inc",
            "CN=Signer; O=Lab\\2c Inc",
            &[0xc5],
            &tlv(7, &pkcs1(&key.to_public_key())),
        ),
        a_record(1, "CN=CUCM1", "CN=CUCM1", &[7], &tlv(9, &unhex(EC))),
        a_record(
            3,
            "CN=TFTP1",
            "CN=TFTP1",
            &[8],
            &[tlv(2, &name("tftp1")), tlv(10, &[10, 1, 1, 9]), tlv(40, b"?")].concat(),
        ),
    ];
    signed([1, 2], hash, "ITLFile.tlv", &tlv(29, &[1]), &records.concat(), key)
}

fn said(name: &str, bytes: &[u8], known: &[Record], at: Ts) -> Vec<String> {
    lines(|emit| testing::read(name, bytes, known, at, emit))
}

#[test]
fn a_list_walked_by_hand() {
    let bytes = unhex(ITL);
    let list = read(ListKind::Itl, &bytes, &[]);
    assert_eq!((list.version, list.header_len, list.records.len(), list.defect), (Some((1, 2)), Some(152), 2, None));
    assert_eq!((list.signer.subject.as_str(), list.signer.serial.as_slice()), ("CN=CUCM1", &[1, 2][..]));
    assert_eq!((list.signer_listed, list.records_complete), (Some(true), true));
    // Its keys are dummies: nothing can be checked.
    assert_eq!(list.signature_valid, None);
    assert_eq!(list.records[1].place, 215..278);
    assert_eq!(
        said("ITLSEP001122334455.tlv", &bytes, &[], Ts::ZERO)[0],
        "itl.list sgn.asked_name=ITLSEP001122334455.tlv sgn.version=1.2 sgn.header_length=152 sgn.signer.subject=CN=CUCM1 \
         sgn.signer.issuer=CN=CUCM1 sgn.signer.serial=0102 sgn.hash=SHA-1 sgn.signature_length=64 sgn.file_name=ITLFile.tlv \
         sgn.timestamp=2023-11-14T22:13:20.000000000Z sgn.timestamp_unix=1700000000 sgn.signature_valid=unknown \
         sgn.signer_listed=true sgn.signer_known=unknown \
         itl.record.subject=CN=CUCM1 itl.record.issuer=CN=CUCM1 itl.record.serial=0102 itl.record.role=SAST itl.record.role_number=0 \
         itl.record.dns=unknown itl.record.ip=unknown itl.record.not_before=unknown itl.record.not_after=unknown itl.record.key=unknown \
         itl.record.key_bits=unknown itl.record.expired=unknown \
         itl.record.subject=CN=CUCM1 itl.record.issuer=CN=CUCM1 itl.record.serial=0102 itl.record.role=CCM+TFTP itl.record.role_number=2 \
         itl.record.dns=unknown itl.record.ip=unknown itl.record.not_before=unknown itl.record.not_after=unknown itl.record.key=unknown \
         itl.record.key_bits=unknown itl.record.expired=unknown itl.missing_roles=TVS itl.missing_roles=CAPF itl.roles=SAST itl.roles=CCM+TFTP"
    );
}

#[test]
fn signatures_of_every_hash_and_size() {
    for (bits, hash) in [(512, 1), (1024, 1), (1024, 2), (1024, 3), (2048, 3)] {
        let key = key(bits);
        let bytes = a_list(hash, &key);
        let list = read(ListKind::Itl, &bytes, &[]);
        assert_eq!(
            (list.signature_valid, list.signer_listed, list.defect),
            (Some(true), Some(true), None),
            "{bits} {hash}"
        );
        // One bit of a name of a record; the signer's record stays as it is.
        let mut altered = bytes.clone();
        let at = memchr::memmem::find(&altered, b"TFTP1").unwrap();
        altered[at] ^= 1;
        assert_eq!(read(ListKind::Itl, &altered, &[]).signature_valid, Some(false));
    }
}

#[test]
fn records_of_a_list() {
    let bytes = a_list(3, &key(1024));
    let list = read(ListKind::Itl, &bytes, &[]);
    let [signer, cucm, tftp] = &list.records[..] else { panic!("{} records", list.records.len()) };
    assert_eq!((signer.role, signer.key.as_ref().unwrap().bits()), (Some(0), 1024));
    assert_eq!(
        (cucm.dns.as_deref(), cucm.ip, cucm.key.as_ref().unwrap().kind()),
        (Some("cucm1.example"), Some([10, 1, 1, 10].into()), "EC")
    );
    assert_eq!((tftp.dns.as_deref(), tftp.ip), (Some("tftp1"), Some([10, 1, 1, 9].into())));
    assert_eq!(list.unknown.len(), 1);
    let late = Ts::ZERO + Span::from_secs(2_200_000_000);
    let line = said("ITLFile.tlv", &bytes, &[], late).remove(0);
    assert!(line.contains("itl.expired=CN=CUCM1 itl.expired_role=CCM itl.expired_date=2036-11-18T13:00:16Z"), "{line}");
    assert!(
        line.contains("sgn.unknown=29=01") && line.contains("itl.missing_roles=TVS itl.missing_roles=CAPF"),
        "{line}"
    );
    let line = said("CTLFile.tlv", &bytes, &[], Ts::from_nanos(1)).remove(0);
    assert!(line.starts_with("ctl.list ") && line.contains("ctl.missing_roles=CAPF ctl.roles=SAST"), "{line}");
}

#[test]
fn a_signed_configuration_is_checked_with_the_list_held_before() {
    let key = key(1024);
    let xml = b"<device><fullConfig>true</fullConfig></device>";
    let bytes = signed([1, 0], 3, "SEP001122334455.cnf.xml.sgn", &[], xml, &key);
    let known = read(ListKind::Itl, &a_list(1, &key), &[]).records;
    let alone = read(ListKind::Sgn, &bytes, &[]);
    assert_eq!(
        (alone.signature_valid, alone.signer_listed, alone.signer_known, alone.defect),
        (None, None, None, None)
    );
    assert_eq!(alone.payload(&bytes), Some(&xml[..]));
    let held = read(ListKind::Sgn, &bytes, &[&known]);
    assert_eq!((held.signature_valid, held.signer_known), (Some(true), Some(true)));
    let other = read(ListKind::Sgn, &bytes, &[&known[1..]]);
    assert_eq!((other.signature_valid, other.signer_known), (None, Some(false)));
    let mut altered = bytes.clone();
    *altered.last_mut().unwrap() = b' ';
    let said = said("SEP00112233ffff.cnf.xml.sgn", &altered, &known, Ts::ZERO);
    assert!(
        said[0].starts_with("sgn.file ")
            && said[0].contains("sgn.other_device=true")
            && said[0].contains("sgn.signature_valid=false"),
        "{}",
        said[0]
    );
    assert_eq!(said[1], "cnf.device cnf.full_config=true at=37 what=XML");
}

#[test]
fn an_encrypted_configuration_says_so() {
    let more = [
        tlv(16, &[tlv(17, &[tlv(18, &[0]), tlv(19, &[1; 16])].concat()), tlv(20, &[0, 16])].concat()),
        tlv(21, &tlv(23, &[8, 0])),
    ]
    .concat();
    let bytes = signed([2, 0], 1, "SEP001122334455.cnf.xml.enc.sgn", &more, &[0x55; 32], &key(512));
    let said = said("SEP001122334455.cnf.xml.enc.sgn", &bytes, &[], Ts::ZERO);
    assert!(
        said[0].ends_with("sgn.encrypted=true sgn.payload_length=32 sgn.key_bits=2048 sgn.padding=16"),
        "{}",
        said[0]
    );
    assert_eq!(said[1..], ["cnf.encrypted cnf.payload_length=32"]);
}

#[test]
fn damage_has_a_place() {
    let good = unhex(ITL);
    let fault = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        let list = read(ListKind::Itl, &bytes, &[]);
        (list.defect.map(|d| (d.at, d.what)), list.records.len(), list.header_len)
    };
    assert_eq!(
        fault(&|b| b[9] = 0x9c),
        (Some((152, "header length: a record begins inside the header")), 0, Some(156))
    );
    assert_eq!(fault(&|b| b[9] = 0x94), (Some((142, "header length: an element runs past it")), 0, Some(148)));
    assert_eq!(fault(&|b| b[8] = 0x7f), (Some((8, "header length: past the end of the file")), 0, Some(0x7f98)));
    assert_eq!(fault(&|b| b[9] = 3), (Some((8, "header length: too short")), 0, Some(3)));
    assert_eq!(
        fault(&|b| b[59] = 1),
        (Some((60, "signature: its length is not that of the modulus index")), 2, Some(152))
    );
    assert_eq!(fault(&|b| b[156] -= 1), (Some((206, "record length: an element runs past it")), 1, Some(152)));
    assert_eq!(fault(&|b| b[156] += 1), (Some((215, "record length: an element runs past it")), 1, Some(152)));
    assert_eq!(fault(&|b| b[156] += 9), (Some((215, "record length: it runs into the next record")), 1, Some(152)));
    assert_eq!(fault(&|b| b[155] = 0x7f), (Some((152, "record length: past the end of the file")), 1, Some(152)));
    assert_eq!(fault(&|b| b[152] = 2), (Some((152, "no record at the header length")), 0, Some(152)));
    assert_eq!(fault(&|b| b.truncate(152)), (Some((152, "no record at the header length")), 0, Some(152)));
    assert_eq!(fault(&|b| b.extend(b"xyz")), (Some((278, "no record where the last one ended")), 2, Some(152)));
    // A fault after the header does not hide who signed.
    let cut = read(ListKind::Itl, &good[..145], &[]);
    assert_eq!((cut.signer.subject.as_str(), cut.file_name.as_deref()), ("CN=CUCM1", Some("ITLFile.tlv")));
}

#[test]
fn the_content_tells_what_the_name_does_not() {
    let list = unhex(ITL);
    assert_eq!(kind("a/ITLSEP001122334455.tlv", b""), Some(ListKind::Itl));
    assert_eq!(kind("sip78xx.12-1.loads.sgn", b""), Some(ListKind::Sgn));
    assert_eq!((kind("x", &list), kind("x", b"<device/>")), (Some(ListKind::Itl), None));
    let mut file = list.clone();
    file[4] = 0;
    file[131] = b'X';
    assert_eq!(kind("x", &file), Some(ListKind::Sgn));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..278, to in any::<u8>(), cut in 0usize..=278) {
        let good = unhex(ITL);
        let mut flipped = good.clone();
        flipped[at] = to;
        for bytes in [&bytes[..], &flipped, &good[..cut]] {
            for name in ["CTLFile.tlv", "ITLFile.tlv", "x.cnf.xml.sgn", "x.cnf.xml.enc.sgn", "x"] {
                let records = read(ListKind::Itl, &good, &[]).records;
                prop_assert!(!said(name, bytes, &records, Ts::ZERO).is_empty() || name == "x");
            }
        }
    }
}
