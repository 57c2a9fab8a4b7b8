//! TFTP messages (RFC 1350, options RFC 2347 to 2349).

/// Asks for a file; with options it names a block size.
pub fn read(file: &str, block_size: Option<u16>) -> Vec<u8> {
    let mut out = vec![0, 1];
    text(&mut out, file);
    text(&mut out, "octet");
    if let Some(size) = block_size {
        for word in ["tsize", "0", "blksize", &size.to_string(), "timeout", "3"] {
            text(&mut out, word);
        }
    }
    out
}

/// The server agrees to the options.
pub fn oack(size: usize, block_size: u16) -> Vec<u8> {
    let mut out = vec![0, 6];
    for word in ["tsize", &size.to_string(), "blksize", &block_size.to_string(), "timeout", "3"] {
        text(&mut out, word);
    }
    out
}

/// A block, counted from 1.
pub fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3], block.to_be_bytes().as_slice(), bytes].concat()
}

/// Acknowledges a block, or the options (block 0).
pub fn ack(block: u16) -> Vec<u8> {
    [&[0, 4], block.to_be_bytes().as_slice()].concat()
}

/// Error 1.
pub fn not_found() -> Vec<u8> {
    b"\x00\x05\x00\x01File not found\x00".to_vec()
}

/// A request whose name has no end.
pub fn damaged(file: &str) -> Vec<u8> {
    [&[0, 1], file.as_bytes()].concat()
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(text.as_bytes());
    out.push(0);
}
