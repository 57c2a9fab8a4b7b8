//! TLS 1.2 records as a phone and its CallManager exchange them (RFC 5246): the handshake in clear, the rest as noise.

use super::trust::{Key, noise};

/// The cipher suites a phone offers: AES with RSA, and the NULL cipher of authenticated mode.
const SUITES: [u8; 8] = [0xc0, 0x2f, 0x00, 0x2f, 0x00, 0x35, 0x00, 0x02];

/// The first message of the phone; `seed` makes its random.
pub fn client_hello(server_name: &str, seed: u64) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(noise(32, seed));
    body.push(0);
    body.extend((SUITES.len() as u16).to_be_bytes());
    body.extend(SUITES);
    body.extend([1, 0]);
    let name = server_name.as_bytes();
    let mut extension = vec![0, 0];
    for extra in [5, 3] {
        extension.extend((name.len() as u16 + extra).to_be_bytes());
    }
    extension.push(0);
    extension.extend((name.len() as u16).to_be_bytes());
    extension.extend(name);
    // signature_algorithms: rsa_pkcs1_sha256, rsa_pkcs1_sha1
    extension.extend([0, 13, 0, 6, 0, 4, 4, 1, 2, 1]);
    body.extend((extension.len() as u16).to_be_bytes());
    body.extend(extension);
    record(22, [3, 1], &handshake(1, &body))
}

/// ServerHello (AES 128), Certificate, CertificateRequest, ServerHelloDone in one record.
pub fn server_hello(certificate: &Key, seed: u64) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend(noise(32, seed));
    hello.extend([0, 0x00, 0x2f, 0]);
    let mut out = handshake(2, &hello);
    out.extend(handshake(11, &chain(certificate)));
    // One certificate type, two signature algorithms, any authority.
    out.extend(handshake(13, &[1, 1, 0, 4, 4, 1, 2, 1, 0, 0]));
    out.extend(handshake(14, &[]));
    record(22, [3, 3], &out)
}

/// Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec and the encrypted Finished of the phone.
pub fn client_finish(certificate: &Key, seed: u64) -> Vec<u8> {
    let mut out = record(22, [3, 3], &handshake(11, &chain(certificate)));
    let mut exchange = vec![1, 0];
    exchange.extend(noise(256, seed));
    out.extend(record(22, [3, 3], &handshake(16, &exchange)));
    let mut verify = vec![4, 1, 1, 0];
    verify.extend(noise(256, seed + 1));
    out.extend(record(22, [3, 3], &handshake(15, &verify)));
    out.extend(server_finish(seed + 2));
    out
}

/// ChangeCipherSpec and the encrypted Finished of the server.
pub fn server_finish(seed: u64) -> Vec<u8> {
    let mut out = record(20, [3, 3], &[1]);
    out.extend(record(22, [3, 3], &noise(64, seed)));
    out
}

/// Application data that carries `plain` bytes: AES-CBC adds an IV, a MAC and padding.
pub fn data(plain: usize, seed: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = plain;
    while left > 0 {
        let now = left.min(4096);
        out.extend(record(23, [3, 3], &noise(16 + (now + 21).next_multiple_of(16), seed + left as u64)));
        left -= now;
    }
    out
}

/// A fatal alert in clear.
pub fn alert(description: u8) -> Vec<u8> {
    record(21, [3, 3], &[2, description])
}

/// A handshake record whose content is shorter than its messages say, then one of an unknown type.
pub fn damaged() -> Vec<u8> {
    let mut out = record(22, [3, 3], &[2, 0x7f, 0xff, 0xff, 3, 3, 1, 2, 3]);
    out.extend(record(99, [9, 9], &[0; 8]));
    out
}

fn chain(certificate: &Key) -> Vec<u8> {
    let der = certificate.certificate;
    let mut out = length24(der.len() + 3);
    out.extend(length24(der.len()));
    out.extend(der);
    out
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], length24(body.len()).as_slice(), body].concat()
}

fn record(kind: u8, version: [u8; 2], body: &[u8]) -> Vec<u8> {
    [&[kind], version.as_slice(), &(body.len() as u16).to_be_bytes(), body].concat()
}

fn length24(len: usize) -> Vec<u8> {
    let [_, a, b, c] = (len as u32).to_be_bytes();
    vec![a, b, c]
}
