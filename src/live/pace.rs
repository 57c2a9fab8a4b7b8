//! When recorded frames are due: at their own pace, a factor of it, or as fast as it goes.

use std::time::Duration;

use crate::time::Ts;

/// How fast recorded time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As fast as it goes.
    Full,
    /// So many recorded seconds in one.
    Times(f64),
}

impl Speed {
    /// From `--speed`: a factor above 0, or `full`.
    pub fn parse(text: &str) -> Result<Speed, String> {
        if text.eq_ignore_ascii_case("full") {
            return Ok(Speed::Full);
        }
        match text.trim_end_matches('x').parse::<f64>() {
            Ok(times) if times > 0.0 && times.is_finite() => Ok(Speed::Times(times)),
            _ => Err("expected a factor above 0 (1 is the recorded pace), or full".to_owned()),
        }
    }

    /// How long after the first frame one is due. A clock that steps back makes nothing due earlier.
    pub fn due(self, first: Ts, time: Ts) -> Duration {
        match self {
            Speed::Full => Duration::ZERO,
            Speed::Times(times) => {
                Duration::try_from_secs_f64(time.since(first).as_secs_f64() / times).unwrap_or(Duration::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn a_factor_of_the_recorded_pace() {
        let first = Ts::from_nanos(5);
        let later = first + Span::from_secs(10);
        assert_eq!(Speed::parse("1"), Ok(Speed::Times(1.0)));
        assert_eq!(Speed::parse("2.5x").map(|s| s.due(first, later)), Ok(Duration::from_secs(4)));
        assert_eq!(Speed::parse("full").map(|s| s.due(first, later)), Ok(Duration::ZERO));
        assert_eq!(Speed::Times(1.0).due(later, first), Duration::ZERO);
        assert!(Speed::parse("0").is_err() && Speed::parse("-1").is_err() && Speed::parse("NaN").is_err());
    }
}
