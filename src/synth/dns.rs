//! DNS questions for an address and their answers (RFC 1035).

use std::net::Ipv4Addr;

/// A question for the A record of `name`.
pub fn query(id: u16, name: &str) -> Vec<u8> {
    message(id, 0x0100, 0, &question(name), &[])
}

/// The answer: an address, or "no such name".
pub fn answer(id: u16, name: &str, address: Option<Ipv4Addr>) -> Vec<u8> {
    match address {
        None => message(id, 0x8183, 0, &question(name), &[]),
        Some(address) => {
            let mut record = vec![0xc0, 12, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4];
            record.extend(address.octets());
            message(id, 0x8180, 1, &question(name), &record)
        }
    }
}

fn message(id: u16, flags: u16, answers: u16, question: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [id, flags, 1, answers, 0, 0] {
        out.extend(word.to_be_bytes());
    }
    out.extend(question);
    out.extend(rest);
    out
}

fn question(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.extend([0, 0, 1, 0, 1]);
    out
}
