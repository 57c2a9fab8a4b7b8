//! What stands for itself in an expression: texts, addresses, numbers and lengths of time.

use std::borrow::Cow;
use std::net::IpAddr;

use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, recognize};
use nom::sequence::{pair, preceded};
use nom::{Err, Parser};

use super::{Fail, Res, WANTED, What, fail, first_byte};

/// The first byte that is none of these; 0 at the end.
#[inline]
pub(super) fn after(i: &str, these: fn(&u8) -> bool) -> u8 {
    i.bytes().find(|byte| !these(byte)).unwrap_or_default()
}

/// Whether digits before this are a whole number, and no part of an address or a length of time.
pub(super) fn ends_number(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b':' | b'_')
}

/// `"…"`
pub(super) fn text(i: &str) -> Res<'_, Cow<'_, str>> {
    // Hardly any holds an escape.
    let inside = i.get(1..).unwrap_or_default();
    if let Some(end) = inside.bytes().position(|byte| matches!(byte, b'"' | b'\\'))
        && let Some((text, rest)) = inside.split_at_checked(end)
        && let Some(rest) = rest.strip_prefix('"')
    {
        return Ok((rest, Cow::Borrowed(text)));
    }
    let mut bytes = Vec::new();
    let mut chars = i.char_indices().skip(1);
    let mut buffer = [0; 4];
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = i.get(at + 1..).unwrap_or_default();
                return match String::from_utf8(bytes) {
                    Ok(text) => Ok((rest, Cow::Owned(text))),
                    Err(_) => fail(i, "the text is no UTF-8"),
                };
            }
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => bytes.push(b'\n'),
                Some('r') => bytes.push(b'\r'),
                Some('t') => bytes.push(b'\t'),
                Some('x') => {
                    let digits = (chars.next(), chars.next());
                    let digit = |one: Option<(usize, char)>| one.and_then(|(_, c)| c.to_digit(16));
                    match (digit(digits.0), digit(digits.1)) {
                        (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                        _ => return fail(i.get(at..).unwrap_or_default(), "`\\x` wants two hexadecimal digits"),
                    }
                }
                // A regular expression keeps its own escapes: `\.` and `\d` stay what they are.
                Some(other @ ('"' | '\\')) => bytes.push(other as u8),
                Some(other) => {
                    bytes.push(b'\\');
                    bytes.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes());
                }
                None => break,
            },
            other => bytes.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    fail(i, "the text has no closing quote")
}

/// `10.1.1.10`, `10.0.0.0/8`, `fe80::1`, `00:11:22:33:44:55`, `0a:ff`
pub(super) fn address(i: &str) -> Res<'_, What<'_>> {
    let (rest, run) = take_while1(|c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))(i)?;
    // A range `1..5` and the end of a sentence are no part of an address.
    let run = run.find("..").and_then(|at| run.get(..at)).unwrap_or(run).trim_end_matches('.');
    let rest = i.get(run.len()..).unwrap_or(rest);
    let wrong = || Err(Err::Error(Fail { left: i.len(), what: WANTED }));
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') || !run.contains([':', '.']) {
        return wrong();
    }
    if let Ok(ip) = run.parse::<IpAddr>() {
        let length: Res<'_, &str> = preceded(char('/'), take_while1(|c: char| c.is_ascii_digit())).parse(rest);
        let Ok((end, bits)) = length else { return Ok((rest, What::Ip(ip))) };
        let most = if ip.is_ipv4() { 32 } else { 128 };
        return match bits.parse::<u8>() {
            Ok(bits) if bits <= most => Ok((end, What::Net(ip, bits))),
            _ => fail(rest, "the length of the network is too large"),
        };
    }
    let pairs: Option<Vec<u8>> =
        run.split(':').map(|pair| if pair.len() == 2 { u8::from_str_radix(pair, 16).ok() } else { None }).collect();
    match pairs {
        Some(pairs) if pairs.len() > 1 => {
            Ok((rest, <[u8; 6]>::try_from(pairs.as_slice()).map_or(What::Bytes(pairs), What::Mac)))
        }
        _ if run.matches('.').count() == 3 && run.starts_with(|c: char| c.is_ascii_digit()) => {
            fail(i, "this is no IPv4 address")
        }
        _ => wrong(),
    }
}

/// A number, or a length of time.
pub(super) fn quantity(i: &str) -> Res<'_, What<'_>> {
    let digits = |i| take_while1(|c: char| c.is_ascii_digit())(i);
    let plain = i.bytes().take_while(u8::is_ascii_digit).count();
    if let Some((whole, rest)) = i.split_at_checked(plain)
        && ends_number(first_byte(rest))
        && let Ok(number) = whole.parse()
    {
        return Ok((rest, What::Uint(number)));
    }
    let hex: Res<'_, &str> = preceded(tag("0x"), take_while1(|c: char| c.is_ascii_hexdigit())).parse(i);
    if let Ok((rest, digits)) = hex {
        return match u64::from_str_radix(digits, 16) {
            Ok(number) => Ok((rest, What::Uint(number))),
            Err(_) => fail(i, "the number is too large"),
        };
    }
    let (rest, whole) = recognize(pair(digits, opt(pair(char('.'), digits)))).parse(i)?;
    let (end, unit) = take_while(|c: char| c.is_alphanumeric() || c == '_')(rest)?;
    let seconds = match unit {
        "" => match whole.parse() {
            Ok(number) => return Ok((rest, What::Uint(number))),
            Err(_) => 1.0,
        },
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return fail(rest, "the unit is unknown: ms, s, m, h or d"),
    };
    match whole.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((end, What::Number(number * seconds))),
        _ => fail(i, "the number is too large"),
    }
}
