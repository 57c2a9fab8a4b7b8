//! Conversations over TCP besides files and signalling: services, pushes, CAPF, cameras, browsers. Data only.
//!
//! In texts `{name}` is the device name of the phone, `{ip}` its address.

use std::net::Ipv4Addr;

use super::scenario::{Accepts, Side};
use super::trust::Key;

/// A connection and what is said on it.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// Who connects.
    pub client: Host,
    /// To whom.
    pub server: Host,
    /// The port there.
    pub port: u16,
    /// How the connection is taken.
    pub accepts: Accepts,
    /// Type of service byte; 0x60 is CS3.
    pub tos: u8,
    /// What is said, in order. `Side::Phone` is who connects, whoever that is.
    pub says: &'static [Say],
}

/// An end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The phone.
    Phone,
    /// Another host.
    At(Ipv4Addr),
}

/// One thing that is said.
#[derive(Debug, Clone, Copy)]
pub enum Say {
    /// The client GETs a path.
    Get(&'static str),
    /// The same through a proxy, which names itself in `Via`.
    GetVia(&'static str, &'static str),
    /// The client POSTs a form to a path.
    Post(&'static str, &'static str),
    /// The same, of a host that the client knows by this address.
    PostTo(&'static str, &'static str, &'static str),
    /// The server answers: status, type and body.
    Answer(u16, &'static str, &'static str),
    /// The server answers with an archive of so many bytes.
    Archive(usize),
    /// A message of CAST: its id, and the values after it.
    Cast(Side, u32, &'static [u32]),
    /// Bytes as they are.
    Raw(Side, &'static [u8]),
    /// The first message of a TLS handshake.
    Hello,
    /// The answer to it, with this certificate.
    ServerHello(&'static Key),
    /// The rest of the handshake, of both sides.
    Finish,
    /// So many bytes inside TLS.
    Data(Side, usize),
    /// A fatal alert in clear.
    Alert(Side, u8),
    /// Seconds.
    Wait(u32),
    /// Another conversation, while this one is open.
    Meanwhile(&'static Talk),
    /// One side closes, then the other.
    Close(Side),
    /// One side aborts.
    Abort(Side),
}

/// The phone connects to a server outside of the cluster.
pub const TALK: Talk = Talk {
    client: Host::Phone,
    server: Host::At(super::scenario::OTHER),
    port: 8080,
    accepts: Accepts::Yes,
    tos: 0,
    says: &[],
};

/// A message of CAST: length, marker, id and values, each 32 bits, the lowest byte first.
pub fn cast(id: u32, values: &[u32]) -> Vec<u8> {
    let words = [4 + 4 * values.len() as u32, 0, id];
    words.iter().chain(values).flat_map(|word| word.to_le_bytes()).collect()
}

/// A request as the web client of a phone sends it, or that of a computer.
pub fn request(method: &str, path: &str, host: &str, of_phone: bool, more: &str, body: &str) -> Vec<u8> {
    let who = match of_phone {
        true => {
            "User-Agent: Cisco/IPPhone\r\nAccept: x-CiscoIPPhone/*;version=8.5, text/*,image/*,*/*\r\nx-CiscoIPPhoneModelName: CP-7821\r\n"
        }
        false => "User-Agent: Mozilla/5.0\r\nAccept: */*\r\n",
    };
    let form = match body {
        "" => String::new(),
        body => format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", body.len()),
    };
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{who}{more}{form}\r\n{body}").into_bytes()
}

/// An answer.
pub fn answer(code: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let phrase = match code {
        200 => "OK",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        _ => "Internal Server Error",
    };
    let head = format!(
        "HTTP/1.1 {code} {phrase}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nServer: Lab\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
