//! SCCP as a station and a CallManager speak it, basic layouts. All numbers have their lowest byte first.

use std::net::Ipv4Addr;

/// A message: length, version, id, body.
pub fn message(id: u32, body: &[u8]) -> Vec<u8> {
    let head = [body.len() as u32 + 4, 0, id];
    head.iter().flat_map(|word| word.to_le_bytes()).chain(body.iter().copied()).collect()
}

/// A message of 32-bit words.
pub fn words(id: u32, words: &[u32]) -> Vec<u8> {
    message(id, &words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>())
}

/// Text in a field of a fixed length.
fn text(out: &mut Vec<u8>, text: &str, length: usize) {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..length.saturating_sub(1)).unwrap_or(bytes);
    out.extend(bytes);
    out.resize(out.len() + length - bytes.len(), 0);
}

fn put(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// Model number of a 7961G.
const MODEL: u32 = 0x7542;

/// A station asks to be registered.
pub fn register(name: &str, ip: Ipv4Addr, load: &str) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, name, 16);
    put(&mut body, &[0, 1]);
    body.extend(ip.octets());
    put(&mut body, &[MODEL, 5, 0]);
    body.extend([0x14, 0, 0x72, 0x85]);
    put(&mut body, &[0, 0]);
    // The MAC, as it is in the name.
    let mac = u64::from_str_radix(name.trim_start_matches("SEP"), 16).unwrap_or(0).to_be_bytes();
    body.extend(mac.get(2..).unwrap_or_default());
    body.extend([0; 6]);
    put(&mut body, &[0, 6]);
    body.extend([0; 16]);
    put(&mut body, &[0]);
    text(&mut body, load, 32);
    message(0x0001, &body)
}

/// It is registered: keepalives every so many seconds, and to a standby CallManager.
pub fn register_ack(interval: u32, standby: u32) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, &[interval]);
    text(&mut body, "D.M.Y", 6);
    body.extend([0; 2]);
    put(&mut body, &[standby]);
    body.extend([0x14, 0, 0x72, 0x85]);
    message(0x0081, &body)
}

/// It is refused.
pub fn register_reject(why: &str) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, why, 32);
    message(0x009d, &body)
}

/// Why the station comes.
pub fn alarm(name: &str, last: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, &[2]);
    text(&mut body, &format!("25: Name={name} Load=9.4.2 Last={last}"), 80);
    put(&mut body, &[0, 0]);
    message(0x0020, &body)
}

/// A better CallManager is asked whether the station may come back.
pub fn token(name: &str, ip: Ipv4Addr) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, name, 16);
    put(&mut body, &[0, 1]);
    body.extend(ip.octets());
    put(&mut body, &[MODEL]);
    body.extend([0; 20]);
    message(0x0029, &body)
}

/// The firmware that the station shall run.
pub fn version(load: &str) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, load, 16);
    message(0x0098, &body)
}

/// State of a call: 1 off-hook, 3 ring out, 4 ring in, 5 connected, 2 on-hook.
pub fn call_state(state: u32, reference: u32) -> Vec<u8> {
    words(0x0111, &[state, 1, reference, 0, 4, 0])
}

/// Who calls whom; `redirecting` with a reason forwarded the call.
pub fn call_info(calling: &str, called: &str, redirecting: &str, reason: u32, reference: u32) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, "Caller", 40);
    text(&mut body, calling, 24);
    text(&mut body, "Called", 40);
    text(&mut body, called, 24);
    put(&mut body, &[1, reference, 1]);
    text(&mut body, "", 40);
    text(&mut body, redirecting, 24);
    text(&mut body, "", 40);
    text(&mut body, redirecting, 24);
    put(&mut body, &[reason, reason]);
    body.extend([0; 96]);
    put(&mut body, &[1, 1, 0]);
    message(0x008f, &body)
}

/// The station shall receive in a codec.
pub fn open_receive(codec: u32, reference: u32) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, &[reference, reference + 1, 20, codec, 0, 0, reference]);
    body.resize(112 - 4, 0);
    message(0x0105, &body)
}

/// Where it receives; another status than 0 says why it cannot.
pub fn open_receive_ack(status: u32, ip: Ipv4Addr, port: u16, reference: u32) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, &[status]);
    body.extend(ip.octets());
    put(&mut body, &[u32::from(port), reference + 1, reference]);
    message(0x0022, &body)
}

/// The station shall send to an end.
pub fn start_media(ip: Ipv4Addr, port: u16, codec: u32, reference: u32) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, &[reference, reference + 1]);
    body.extend(ip.octets());
    put(&mut body, &[u32::from(port), 20, codec, 184, 0, 0, 0, reference]);
    body.resize(120 - 4, 0);
    message(0x008a, &body)
}
