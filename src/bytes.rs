//! Reading bytes that cannot be trusted: a [`Reader`] never panics, and what it cannot read has a place.

/// Where and why reading stopped. `at` counts bytes from the start of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Malformed {
    /// Offset of the byte at fault, from the start of the message.
    pub at: usize,
    /// What was being read there, such as `"option 150"`.
    pub what: &'static str,
}

/// A cursor over a message; every read moves it forward or says where it could not.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    whole: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `whole`.
    #[inline]
    pub const fn new(whole: &'a [u8]) -> Reader<'a> {
        Reader { whole, at: 0 }
    }

    /// The offset of the next byte from the start of the message.
    #[inline]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    #[inline]
    pub const fn left(&self) -> usize {
        self.whole.len().saturating_sub(self.at)
    }

    /// Nothing is left.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// The bytes that are left, without moving.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.whole.get(self.at..).unwrap_or_default()
    }

    /// The next `n` bytes.
    #[inline]
    pub fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], Malformed> {
        let (got, _) = self.rest().split_at_checked(n).ok_or(Malformed { at: self.at, what })?;
        self.at += n;
        Ok(got)
    }

    /// A reader over the next `n` bytes that goes on counting from the start of the whole message.
    #[inline]
    pub fn sub(&mut self, n: usize, what: &'static str) -> Result<Reader<'a>, Malformed> {
        let start = self.at;
        self.take(n, what)?;
        Ok(Reader { whole: self.whole.get(..start + n).unwrap_or_default(), at: start })
    }

    /// The next `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let at = self.at;
        self.take(N, what)?.try_into().map_err(|_| Malformed { at, what })
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self, what: &'static str) -> Result<u8, Malformed> {
        self.array::<1>(what).map(|[b]| b)
    }

    /// Two bytes, big endian.
    #[inline]
    pub fn u16(&mut self, what: &'static str) -> Result<u16, Malformed> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// Three bytes, big endian.
    #[inline]
    pub fn u24(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.array::<3>(what).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, big endian.
    #[inline]
    pub fn u32(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// Eight bytes, big endian.
    #[inline]
    pub fn u64(&mut self, what: &'static str) -> Result<u64, Malformed> {
        self.array(what).map(u64::from_be_bytes)
    }

    /// Two bytes, little endian.
    #[inline]
    pub fn u16_le(&mut self, what: &'static str) -> Result<u16, Malformed> {
        self.array(what).map(u16::from_le_bytes)
    }

    /// Four bytes, little endian.
    #[inline]
    pub fn u32_le(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.array(what).map(u32::from_le_bytes)
    }

    /// Bytes up to a NUL, which is consumed and not returned.
    pub fn until_nul(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let n = memchr::memchr(0, self.rest()).ok_or(Malformed { at: self.at, what })?;
        let got = self.take(n, what)?;
        self.at += 1;
        Ok(got)
    }
}

/// The length of a head with the empty line that ends it, looking from `from` on; lines may end with a bare LF. `line`
/// is called with the offset of each further line that begins on the way.
#[inline]
pub fn head_end(bytes: &[u8], from: usize, mut line: impl FnMut(usize)) -> Option<usize> {
    let mut at = from;
    loop {
        at += find(b'\n', bytes.get(at..)?)? + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => line(at),
        }
    }
}

/// Where the byte first stands. For lines, names and values, which are short: `memchr` takes longer to begin than they
/// take to be looked through.
#[inline]
pub fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    find3(byte, byte, byte, bytes)
}

/// Where the first of two bytes stands.
#[inline]
pub fn find2(a: u8, b: u8, bytes: &[u8]) -> Option<usize> {
    find3(a, b, b, bytes)
}

/// Where the first of three bytes stands.
#[inline(always)]
pub fn find3(a: u8, b: u8, c: u8, bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<16>() {
        // This a processor does for sixteen bytes at once.
        if block.iter().fold(false, |any, byte| any | (*byte == a) | (*byte == b) | (*byte == c)) {
            return Some(at + place(a, b, c, block));
        }
        (at, rest) = (at + 16, after);
    }
    if let Some((word, after)) = rest.split_first_chunk::<8>() {
        let hits = hits(a, b, c, u64::from_le_bytes(*word));
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        (at, rest) = (at + 8, after);
    }
    for byte in rest {
        if *byte == a || *byte == b || *byte == c {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Where in a block in which it is.
#[inline(always)]
fn place(a: u8, b: u8, c: u8, block: &[u8; 16]) -> usize {
    let block = u128::from_le_bytes(*block);
    let low = hits(a, b, c, block as u64);
    if low != 0 {
        return low.trailing_zeros() as usize / 8;
    }
    8 + hits(a, b, c, (block >> 64) as u64).trailing_zeros() as usize / 8
}

/// The highest bit of each byte that is one of three. Bytes above the lowest of them may be marked too.
#[inline(always)]
const fn hits(a: u8, b: u8, c: u8, word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (a, b, c) = (word ^ (ONES * a as u64), word ^ (ONES * b as u64), word ^ (ONES * c as u64));
    let (a, b, c) = (a.wrapping_sub(ONES) & !a, b.wrapping_sub(ONES) & !b, c.wrapping_sub(ONES) & !c);
    (a | b | c) & 0x8080_8080_8080_8080
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn found_where_memchr_finds_it(bytes in prop::collection::vec(0u8..5, 0..70), skip in 0usize..9) {
            let bytes = bytes.get(skip..).unwrap_or_default();
            prop_assert_eq!(find(1, bytes), memchr::memchr(1, bytes));
            prop_assert_eq!(find2(0, 1, bytes), memchr::memchr2(0, 1, bytes));
            prop_assert_eq!(find3(4, 0, 3, bytes), memchr::memchr3(4, 0, 3, bytes));
            let high: Vec<u8> = bytes.iter().map(|b| b.wrapping_add(0x7e)).collect();
            prop_assert_eq!(find(0x80, &high), memchr::memchr(0x80, &high));
            prop_assert_eq!(find2(0x7f, 0x82, &high), memchr::memchr2(0x7f, 0x82, &high));
        }
    }

    #[test]
    fn a_short_read_has_a_place_and_moves_nothing() {
        let mut r = Reader::new(&[1, 2, 3]);
        assert_eq!(r.u16("a"), Ok(0x0102));
        assert_eq!(r.u32("b"), Err(Malformed { at: 2, what: "b" }));
        assert_eq!(r.u8("c"), Ok(3));
        assert!(r.is_empty());
    }

    #[test]
    fn a_part_counts_from_the_start_of_the_whole() {
        let mut r = Reader::new(&[1, 2, 3, 4]);
        r.u8("skip").unwrap();
        let mut part = r.sub(2, "part").unwrap();
        assert_eq!((part.at(), part.u16("x"), part.u8("y")), (1, Ok(0x0203), Err(Malformed { at: 3, what: "y" })));
        assert_eq!(r.at(), 3);
    }
}
