//! What stands in every line that is printed, made without the detours of `fmt`: times, addresses, numbers.

use std::net::Ipv4Addr;

/// A short ASCII text of at most `N` bytes.
#[derive(Debug, Clone, Copy)]
pub struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Short<N> {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// Writes the last digits of a number, with zeroes in front.
pub fn digits(place: &mut [u8], mut number: u32) {
    for byte in place.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A byte in hexadecimal, lower case.
pub const fn hex(byte: u8) -> [u8; 2] {
    const fn nibble(n: u8) -> u8 {
        if n < 10 { b'0' + n } else { b'a' + n - 10 }
    }
    [nibble(byte >> 4), nibble(byte & 15)]
}

/// `10.20.0.50`
pub fn dotted(ip: Ipv4Addr) -> Short<15> {
    let mut text = Short { bytes: [0; 15], len: 0 };
    let mut push = |byte| {
        if let Some(place) = text.bytes.get_mut(text.len) {
            *place = byte;
            text.len += 1;
        }
    };
    for (at, octet) in ip.octets().into_iter().enumerate() {
        if at > 0 {
            push(b'.');
        }
        for power in [100, 10, 1] {
            if octet >= power || power == 1 {
                push(b'0' + octet / power % 10);
            }
        }
    }
    text
}

/// `00:11:22:33:44:55`
pub fn mac(mac: [u8; 6]) -> Short<17> {
    let mut bytes = [b':'; 17];
    for (place, byte) in bytes.chunks_mut(3).zip(mac) {
        if let Some(place) = place.first_chunk_mut() {
            *place = hex(byte);
        }
    }
    Short { bytes, len: 17 }
}

/// A number.
pub fn number(line: &mut Vec<u8>, number: u64) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_are_as_fmt_has_them(ip: [u8; 4], station: [u8; 6], n: u64) {
            prop_assert_eq!(dotted(ip.into()).as_str().to_owned(), Ipv4Addr::from(ip).to_string());
            let [a, b, c, d, e, f] = station;
            let expected = format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
            prop_assert_eq!(mac(station).as_str().to_owned(), expected);
            let mut line = Vec::new();
            number(&mut line, n);
            prop_assert_eq!(String::from_utf8(line).unwrap(), n.to_string());
        }
    }
}
