//! Whether a signature fits: RSA PKCS#1 v1.5 over the file without its signature element.

use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::{BigUint, RsaPublicKey};
use sha1::Digest;

use super::TrustList;
use crate::content::certificate::Key;

/// Largest modulus that is checked, in bytes.
const MAX_MODULUS: usize = 512;

/// Whether the signature of `list`, the content of the file `bytes`, was made with `key`; `None` if it cannot be
/// checked: no signature in the file, another algorithm, a hash that is unknown.
pub fn check(list: &TrustList, bytes: &[u8], key: &Key) -> Option<bool> {
    let place = list.signature.clone()?;
    // Cut out with its head: one byte of tag, two of length.
    let before = bytes.get(..place.start.checked_sub(3)?)?;
    let (signature, after) = (bytes.get(place.clone())?, bytes.get(place.end..)?);
    let Key::Rsa { modulus, exponent } = key else { return None };
    let odd = |number: &[u8]| number.last().is_some_and(|b| b % 2 == 1);
    if list.algorithm.is_some_and(|algorithm| algorithm != 0)
        || modulus.len() > MAX_MODULUS
        || exponent.len() > 8
        || modulus.len() < 32
        || !odd(modulus)
        || !odd(exponent)
    {
        return None;
    }
    let (prefix, digest) = digest(list.hash?, before, after)?;
    let key = RsaPublicKey::new(BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent)).ok()?;
    let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
    Some(key.verify(scheme, &digest, signature).is_ok())
}

/// The DER head of `DigestInfo` (RFC 8017 §9.2, note 1) and the digest of both parts.
pub(super) fn digest(hash: u8, before: &[u8], after: &[u8]) -> Option<(&'static [u8], Vec<u8>)> {
    fn over<D: Digest>(before: &[u8], after: &[u8]) -> Vec<u8> {
        D::new().chain_update(before).chain_update(after).finalize().to_vec()
    }
    Some(match hash {
        1 => (b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14", over::<sha1::Sha1>(before, after)),
        2 => (
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            over::<sha2::Sha256>(before, after),
        ),
        3 => (
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
            over::<sha2::Sha512>(before, after),
        ),
        _ => return None,
    })
}
