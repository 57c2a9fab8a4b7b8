//! A point and a length of capture time, in nanoseconds.
//!
//! Nothing here reads a clock: a [`Ts`] comes from a frame, or is computed from one.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use crate::plain;

/// A point in capture time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ts(i64);

/// A length of capture time in nanoseconds; never negative where a timer is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Ts {
    /// The epoch, also the time of a frame that has none (pcapng Simple Packet Block).
    pub const ZERO: Ts = Ts(0);

    /// From nanoseconds since the epoch.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Ts {
        Ts(nanos)
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    #[inline]
    pub fn since(self, earlier: Ts) -> Span {
        Span(self.0.saturating_sub(earlier.0).max(0))
    }

    /// RFC 3339, UTC, always nine digits of a second: `2026-01-05T08:00:00.000000000Z`.
    pub fn rfc3339(self) -> String {
        String::from_utf8_lossy(&self.digits()).into_owned()
    }

    /// The same as bytes: a time stands in every line of decoded messages.
    pub fn digits(self) -> [u8; 30] {
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let at = self.date_time();
        let parts = [
            (0..4, at.year().unsigned_abs()),
            (5..7, u32::from(u8::from(at.month()))),
            (8..10, u32::from(at.day())),
            (11..13, u32::from(at.hour())),
            (14..16, u32::from(at.minute())),
            (17..19, u32::from(at.second())),
            (20..29, at.nanosecond()),
        ];
        for (place, number) in parts {
            plain::digits(text.get_mut(place).unwrap_or_default(), number);
        }
        text
    }

    /// The time of day with milliseconds, `08:00:23.114`, for reports to a person.
    pub fn clock(self) -> String {
        const FORM: &[time::format_description::BorrowedFormatItem<'_>] =
            time::macros::format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
        self.date_time().format(FORM).unwrap_or_default()
    }

    fn date_time(self) -> time::OffsetDateTime {
        // An i64 of nanoseconds reaches from 1677 to 2262: always inside what `time` can hold.
        time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0)).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// From nanoseconds.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Span {
        Span(nanos)
    }

    /// From milliseconds.
    #[inline]
    pub const fn from_millis(millis: i64) -> Span {
        Span(millis.saturating_mul(1_000_000))
    }

    /// From seconds.
    #[inline]
    pub const fn from_secs(secs: i64) -> Span {
        Span(secs.saturating_mul(1_000_000_000))
    }

    /// From seconds with a fraction.
    pub fn from_secs_f64(secs: f64) -> Span {
        Span((secs * 1e9) as i64)
    }

    /// Nanoseconds.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds with a fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Span> for Ts {
    type Output = Ts;
    fn add(self, span: Span) -> Ts {
        Ts(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Ts {
    type Output = Ts;
    fn sub(self, span: Span) -> Ts {
        Ts(self.0.saturating_sub(span.0))
    }
}

impl AddAssign<Span> for Ts {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// Seconds as a person writes them: `4 s`, `0.25 s`, `31.2 s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.3}", self.as_secs_f64());
        write!(f, "{} s", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_digits_of_a_second() {
        assert_eq!(Ts::from_nanos(1_767_600_000_000_000_000).rfc3339(), "2026-01-05T08:00:00.000000000Z");
        assert_eq!(Ts::from_nanos(-1).rfc3339(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Ts::from_nanos(i64::MAX).rfc3339(), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Ts::from_nanos(i64::MAX) + Span::from_secs(1), Ts::from_nanos(i64::MAX));
        assert_eq!(Ts::from_nanos(5).since(Ts::from_nanos(9)), Span::ZERO);
        assert_eq!(Span::from_millis(31_200).to_string(), "31.2 s");
    }
}
