//! What is never shown unless it is asked for: which names stand for a secret, and where secrets lie in text.
//!
//! Fields that are secret as a whole are declared so ([`crate::event::FieldDef::secret`]). This finds the others:
//! in URLs, XML, forms, header lines and SDP, wherever such text stands. What looks like a secret is masked.

use std::borrow::Cow;
use std::ops::Range;

/// What is printed in place of a secret.
pub const MASK: &str = "***";

/// Parameters of URLs and forms: Extension Mobility sends the PIN as `seq`, the authentication of a push has `UserID`
/// and `Password`.
const PARAMETERS: &[&str] = &[
    "userid",
    "seq",
    "pin",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "authstring",
    "appcertificate",
    "secret",
    "community",
    "nonce",
    "cnonce",
    "nextnonce",
    "rspauth",
];

/// Parts of tags and settings whose content is a secret.
const WORDS: &[&[u8]] = &[
    b"password",
    b"passwd",
    b"passphrase",
    b"secret",
    b"userid",
    b"username",
    b"community",
    b"authstring",
    b"credential",
    b"appcertificate",
    b"sshuser",
    b"psk",
    b"defaultvalue",
    b"pincode",
];

/// Header lines that are secret to their end.
const HEADERS: &[&[u8]] = &[
    b"authorization:",
    b"proxy-authorization:",
    b"www-authenticate:",
    b"proxy-authenticate:",
    b"authentication-info:",
    b"cookie:",
    b"set-cookie:",
    b"a=crypto:",
    b"a=key-mgmt:",
    b"a=ice-pwd:",
    b"k=",
];

/// Whether a parameter of a URL or a form of that name holds a secret.
pub fn is_parameter(name: &str) -> bool {
    PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Whether a tag or a setting of that name holds a secret.
pub fn is_tag(name: &str) -> bool {
    is_tag_bytes(name.as_bytes())
}

fn is_tag_bytes(name: &[u8]) -> bool {
    let mut lower = [0; 48];
    let Some(lower) = lower.get_mut(..name.len().min(48)) else { return false };
    lower.copy_from_slice(name.get(..lower.len()).unwrap_or_default());
    lower.make_ascii_lowercase();
    // Most places begin none of the words: seen by their letter.
    let has_any = |words: &[&[u8]]| {
        (0..lower.len()).any(|at| {
            let rest = lower.get(at..).unwrap_or_default();
            matches!(rest, [b'a' | b'c' | b'd' | b'k' | b'p' | b's' | b'u', ..])
                && words.iter().any(|word| word.first() == rest.first() && rest.starts_with(word))
        })
    };
    has_any(WORDS)
        || lower.ends_with(b"pin")
        || has_any(&[b"key"]) && !has_any(&[b"softkey", b"keypad", b"keepalive", b"keytype"])
}

/// Text with what looks like a secret masked.
pub fn mask(text: &str) -> Cow<'_, str> {
    let found = places(text.as_bytes());
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for place in found {
        let (Some(before), true) = (text.get(at..place.start), text.is_char_boundary(place.end)) else { continue };
        out.push_str(before);
        out.push_str(MASK);
        at = place.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out.into()
}

/// Where secrets lie in the bytes of a message, ascending.
pub fn places(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if memchr::memchr3(b'=', b'<', b':', bytes).is_none() {
        return found;
    }
    let mut after = 0;
    for at in memchr::memchr3_iter(b'=', b'<', b'\n', bytes).chain([bytes.len()]) {
        // A line that begins after this, or at the very start.
        let line = if at < bytes.len() && bytes.get(at) == Some(&b'\n') { Some(at + 1) } else { None };
        for start in [line, (after == 0).then_some(0)].into_iter().flatten() {
            found.extend(header(bytes, start));
        }
        after = at + 1;
        match bytes.get(at) {
            Some(b'=') => found.extend(parameter(bytes, at, 1)),
            Some(b'<') => found.extend(element(bytes, at)),
            _ => {}
        }
    }
    for at in memchr::memchr_iter(b'%', bytes) {
        if bytes.get(at..at + 3).is_some_and(|code| code.eq_ignore_ascii_case(b"%3d")) {
            found.extend(parameter(bytes, at, 3));
        }
    }
    found.sort_by_key(|place| place.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for place in found {
        match joined.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => joined.push(place),
        }
    }
    joined
}

/// The value of a header line that begins at `start`.
fn header(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let line = bytes.get(start..)?;
    let name =
        HEADERS.iter().find(|name| line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)))?;
    let mut from = start + name.len();
    let mut end = memchr::memchr2(b'\r', b'\n', line).map_or(bytes.len(), |at| start + at);
    // A folded line goes on where the next begins with a blank.
    while let Some(next) = bytes.get(end..).and_then(folded) {
        end += next;
    }
    while bytes.get(from).is_some_and(|b| *b == b' ') {
        from += 1;
    }
    (from < end).then_some(from..end)
}

/// How far a header line goes on in the line after the end that `bytes` begin with.
fn folded(bytes: &[u8]) -> Option<usize> {
    let skip = if bytes.starts_with(b"\r\n") { 2 } else { 1 };
    let rest = bytes.get(skip..).filter(|rest| matches!(rest, [b' ' | b'\t', ..]))?;
    Some(skip + memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len()))
}

/// The value of `name=value`, the `=` (or its `%3D`, of that length) being at `at`.
fn parameter(bytes: &[u8], at: usize, length: usize) -> Option<Range<usize>> {
    let before = bytes.get(..at)?;
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let mut start = before.iter().rposition(|b| !is_name(b)).map_or(0, |at| at + 1);
    if start > 0 && before.get(start - 1) == Some(&b'%') {
        start += 2;
    }
    let name = before.get(start..).filter(|name| !name.is_empty() && name.len() <= 48)?;
    if !PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes())) {
        return None;
    }
    let from = at + length;
    let value = bytes.get(from..)?;
    if let Some(quote) = value.first().filter(|b| matches!(b, b'"' | b'\'')) {
        let length = memchr::memchr(*quote, value.get(1..)?).unwrap_or(value.len() - 1);
        return (length > 0).then_some(from + 1..from + 1 + length);
    }
    let ends =
        |b: &u8| matches!(b, b'&' | b';' | b'"' | b'\'' | b'<' | b'>' | b'#' | b',' | b' ' | b'\t' | b'\r' | b'\n');
    let length = value.iter().position(ends).unwrap_or(value.len());
    (length > 0).then_some(from..from + length)
}

/// The text of an element that begins at `at`, or that of its attributes whose names hold a secret word.
fn element(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = bytes.get(at + 1..)?;
    let name_end = rest.iter().position(|b| matches!(b, b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'))?;
    let name = rest.get(..name_end).filter(|name| (1..=64).contains(&name.len()) && name.iter().all(u8::is_ascii))?;
    let local = name.rsplit(|b| *b == b':').next().unwrap_or(name);
    if !is_tag_bytes(local) {
        return None;
    }
    let close = memchr::memchr(b'>', rest)?;
    if rest.get(close.checked_sub(1)?) == Some(&b'/') {
        return None;
    }
    let text = rest.get(close + 1..)?;
    let length = memchr::memchr(b'<', text).unwrap_or(text.len());
    let from = at + 1 + close + 1;
    text.get(..length).filter(|text| !text.trim_ascii().is_empty()).map(|_| from..from + length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_found_wherever_text_holds_them() {
        for (text, masked) in [
            ("/em?device=SEP0&userid=u1&seq=12345", "/em?device=SEP0&userid=***&seq=***"),
            ("<sshPassword>x y</sshPassword><port>7</port>", "<sshPassword>***</sshPassword><port>7</port>"),
            ("<ns:UserID a='1'>u</ns:UserID>", "<ns:UserID a='1'>***</ns:UserID>"),
            ("<wlanKey>ab", "<wlanKey>***"),
            ("<softKeyFile>a.xml</softKeyFile>", "<softKeyFile>a.xml</softKeyFile>"),
            ("<phonePassword/><x>1</x>", "<phonePassword/><x>1</x>"),
            (
                "GET / HTTP/1.1\r\nAuthorization: Basic YTpi\r\nHost: x",
                "GET / HTTP/1.1\r\nAuthorization: ***\r\nHost: x",
            ),
            ("Authorization: Digest a\r\n b=c\r\nHost: x", "Authorization: ***\r\nHost: x"),
            ("v=0\r\na=crypto:1 AES inline:abc|2^20\r\nm=x", "v=0\r\na=crypto:***\r\nm=x"),
            ("Password=\"a b\", x=1", "Password=\"***\", x=1"),
            ("sip:2@10.1.1.1;user=phone", "sip:2@10.1.1.1;user=phone"),
            ("a=1&pin=", "a=1&pin="),
            ("XML=%3CURL%3Dhttp%3A//x%3Fuserid%3Dme%26b&c=1", "XML=%3CURL%3Dhttp%3A//x%3Fuserid%3D***&c=1"),
            ("no secret", "no secret"),
        ] {
            assert_eq!(mask(text), masked);
        }
        assert!(matches!(mask("/a?b=c"), Cow::Borrowed(_)), "nothing to mask, nothing to copy");
    }

    proptest! {
        #[test]
        fn places_are_inside_and_apart(text in "(<key>|password=|cookie: |[a-z<>=&\n\u{e9} ]){0,30}") {
            let found = places(text.as_bytes());
            prop_assert!(found.iter().all(|place| place.start < place.end && place.end <= text.len()));
            prop_assert!(found.windows(2).all(|pair| pair[0].end < pair[1].start));
            mask(&text);
        }
    }
}
