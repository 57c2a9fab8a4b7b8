//! HTTP on port 6970: a phone asks the configuration server for a file, as Unified CM answers.

use std::net::Ipv4Addr;

/// Asks for a file.
pub fn get(file: &str, server: Ipv4Addr, agent: &str) -> Vec<u8> {
    format!("GET /{file} HTTP/1.1\r\nHost: {server}:6970\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

/// The file.
pub fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-length: {}\r\nCache-Control: no-store\r\nContent-type: */*\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// No such file: 404, or 503 as some releases say.
pub fn refused(code: u16) -> Vec<u8> {
    let phrase = if code == 503 { "Service Unavailable" } else { "Not Found" };
    format!("HTTP/1.1 {code} {phrase}\r\nContent-length: 0\r\n\r\n").into_bytes()
}

/// An answer without a status, and a header line without a colon.
pub fn damaged() -> Vec<u8> {
    b"HTTP/1.1 abc\r\nContent-length four\r\n\x01\x02\xff\r\n\r\n".to_vec()
}

/// An answer whose headers go on for `bytes` bytes.
pub fn endless_head(bytes: usize) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\n".to_vec();
    let mut line = 0;
    while out.len() < bytes {
        out.extend(format!("X-Filler-{line}: {}\r\n", "x".repeat(64)).as_bytes());
        line += 1;
    }
    out.extend(b"\r\n");
    out
}
