//! Where the body of an HTTP/1 message goes on and ends: by length, in chunks (RFC 9112 §7.1), or with the close.

use super::head::Framing;

/// A line of a chunked body that is longer is none.
const MAX_LINE: usize = 4096;
/// Trailers that are longer are none.
const MAX_TRAILERS: usize = 64 << 10;

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// So many bytes.
    Length(u64),
    /// The line with the size of the next chunk.
    Size,
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// Trailers, of which so many bytes were read, and the empty line after them.
    Trailers(usize),
    /// All until the sender closes.
    UntilClose,
}

/// How far reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The body is not at its end.
    More,
    /// It is.
    Done,
    /// What follows is no body; what was expected.
    Bad(&'static str),
}

impl Rest {
    pub(super) fn new(framing: Framing) -> Rest {
        match framing {
            Framing::None => Rest::Length(0),
            Framing::Length(n) => Rest::Length(n),
            Framing::Chunked => Rest::Size,
            Framing::UntilClose => Rest::UntilClose,
        }
    }

    /// Reads on. Returns how many bytes were read; content is given to `content`, framing is not.
    pub(super) fn feed(&mut self, bytes: &[u8], content: &mut dyn FnMut(&[u8])) -> (usize, Progress) {
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let line = || memchr::memchr(b'\n', rest);
            match *self {
                Rest::Length(0) => return (used, Progress::Done),
                Rest::Length(left) | Rest::Chunk(left) => {
                    let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    content(rest.get(..n).unwrap_or_default());
                    used += n;
                    self.skip(n as u64);
                    if matches!(self, Rest::Length(1..) | Rest::Chunk(_)) {
                        return (used, Progress::More);
                    }
                }
                Rest::UntilClose => {
                    content(rest);
                    return (bytes.len(), Progress::More);
                }
                Rest::Size => {
                    let Some(end) = line() else {
                        let long = rest.len() > MAX_LINE;
                        return (used, if long { Progress::Bad("chunk size") } else { Progress::More });
                    };
                    *self = match rest.get(..end).and_then(size) {
                        Some(0) => Rest::Trailers(0),
                        Some(n) => Rest::Chunk(n),
                        None => return (used, Progress::Bad("chunk size")),
                    };
                    used += end + 1;
                }
                Rest::ChunkEnd => {
                    used += match rest {
                        [b'\n', ..] => 1,
                        [b'\r', b'\n', ..] => 2,
                        [] | [b'\r'] => return (used, Progress::More),
                        _ => return (used, Progress::Bad("end of a chunk")),
                    };
                    *self = Rest::Size;
                }
                Rest::Trailers(read) => match line() {
                    Some(end) => {
                        used += end + 1;
                        if rest.get(..end).unwrap_or_default().trim_ascii().is_empty() {
                            return (used, Progress::Done);
                        }
                        *self = Rest::Trailers(read + end + 1);
                    }
                    None if read + rest.len() > MAX_TRAILERS => return (used, Progress::Bad("trailers")),
                    None => return (used, Progress::More),
                },
            }
        }
    }

    /// Bytes of the content go by, captured or not. `false` if they reach beyond what is known of it.
    pub(super) fn skip(&mut self, n: u64) -> bool {
        match self {
            Rest::Length(left) if n <= *left => *left -= n,
            Rest::Chunk(left) if n < *left => *left -= n,
            Rest::Chunk(left) if n == *left => *self = Rest::ChunkEnd,
            Rest::UntilClose => (),
            _ => return false,
        }
        true
    }
}

/// `1a;name=value` → 26
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|b| *b == b';').next()?.trim_ascii();
    let hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u64::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| hex)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(framing: Framing, pieces: &[&[u8]]) -> (Vec<u8>, usize, Progress) {
        let (mut rest, mut content, mut held) = (Rest::new(framing), Vec::new(), Vec::new());
        let (mut total, mut progress) = (0, Progress::More);
        for piece in pieces {
            held.extend_from_slice(piece);
            let (used, now) = rest.feed(&held, &mut |bytes| content.extend_from_slice(bytes));
            held.drain(..used);
            (total, progress) = (total + used, now);
            if now != Progress::More {
                break;
            }
        }
        (content, total, progress)
    }

    #[test]
    fn chunks_at_every_split() {
        let body = b"3\r\nabc\r\n0a;x=y\r\n0123456789\r\n1\nz\n0\r\nX: y\r\n\r\n";
        let whole = (b"abc0123456789z".to_vec(), body.len(), Progress::Done);
        assert_eq!(read(Framing::Chunked, &[body]), whole);
        for at in 0..body.len() {
            assert_eq!(read(Framing::Chunked, &[&body[..at], &body[at..]]), whole, "{at}");
        }
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(read(Framing::Chunked, &bytes), whole);
    }

    #[test]
    fn what_is_no_chunk_ends_the_body() {
        assert_eq!(read(Framing::Chunked, &[b"zz\r\n"]).2, Progress::Bad("chunk size"));
        assert_eq!(read(Framing::Chunked, &[b"3\r\nabcd\r\n"]).2, Progress::Bad("end of a chunk"));
        assert_eq!(read(Framing::Chunked, &[&[b'0'; MAX_LINE + 1]]).2, Progress::Bad("chunk size"));
        assert_eq!(read(Framing::Chunked, &[b"ffffffffffffffff\r\n", b"abc"]).2, Progress::More);
    }

    #[test]
    fn lengths_take_no_byte_of_what_follows() {
        assert_eq!(read(Framing::Length(3), &[b"abcGET"]), (b"abc".to_vec(), 3, Progress::Done));
        assert_eq!(read(Framing::None, &[b"GET"]), (vec![], 0, Progress::Done));
        assert_eq!(read(Framing::UntilClose, &[b"GET"]), (b"GET".to_vec(), 3, Progress::More));
        assert!(!Rest::Length(3).skip(4) && Rest::Length(3).skip(3) && !Rest::Size.skip(1));
    }
}
