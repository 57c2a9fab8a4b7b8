//! When to stop (`-a`) and when to begin another file (`-b`), as tshark takes them: `duration:60`, `filesize:1000`.

use crate::time::{Span, Ts};

/// Conditions, each of which is enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// After so long.
    pub duration: Option<Span>,
    /// After so many bytes.
    pub bytes: Option<u64>,
    /// After so many frames.
    pub packets: Option<u64>,
    /// After so many files (`-a`); so many are kept (`-b`).
    pub files: Option<u64>,
}

/// How far a capture, or one of its files, is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// When it began; `None` before its first frame or tick.
    pub began: Option<Ts>,
    /// The present.
    pub now: Ts,
    /// Bytes written.
    pub bytes: u64,
    /// Frames written.
    pub packets: u64,
    /// Files begun.
    pub files: u64,
}

impl Limits {
    /// From the values of `-a` or `-b`. The error is one line for a person.
    pub fn parse<S: AsRef<str>>(letter: char, all: &[S]) -> Result<Limits, String> {
        let mut limits = Limits::default();
        for one in all {
            let one = one.as_ref();
            let wrong = || {
                format!(
                    "-{letter} {one}: expected duration:SECONDS, filesize:KB, packets:N or files:N, each a number above 0"
                )
            };
            let (what, value) = one.split_once(':').ok_or_else(wrong)?;
            let number = || value.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(wrong);
            match what {
                "duration" => {
                    let seconds = value.parse::<f64>().ok().filter(|s| *s > 0.0 && s.is_finite()).ok_or_else(wrong)?;
                    limits.duration = Some(Span::from_secs_f64(seconds));
                }
                // tshark counts a kilobyte as 1000 bytes.
                "filesize" => limits.bytes = Some(number()?.saturating_mul(1000)),
                "packets" => limits.packets = Some(number()?),
                "files" => limits.files = Some(number()?),
                _ => return Err(wrong()),
            }
        }
        Ok(limits)
    }

    /// Whether a capture, or a file, is long enough. Files are counted by whoever has several.
    pub fn hit(&self, reached: &Reached) -> bool {
        let Reached { began, now, bytes, packets, .. } = *reached;
        self.duration.is_some_and(|most| began.is_some_and(|began| now.since(began) >= most))
            || self.bytes.is_some_and(|most| bytes >= most)
            || self.packets.is_some_and(|most| packets >= most)
    }

    /// Whether anything but the number of files is limited.
    pub fn any(&self) -> bool {
        self.duration.is_some() || self.bytes.is_some() || self.packets.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_tshark_writes_them() {
        let limits = Limits::parse('b', &["duration:1.5", "filesize:2", "files:3", "packets:4"]).unwrap();
        let expected =
            Limits { duration: Some(Span::from_millis(1500)), bytes: Some(2000), packets: Some(4), files: Some(3) };
        assert_eq!(limits, expected);
        for wrong in ["duration", "duration:0", "filesize:x", "size:3", "packets:-1", "duration:inf"] {
            let error = Limits::parse('a', &[wrong]).unwrap_err();
            assert!(error.starts_with(&format!("-a {wrong}: expected duration:SECONDS")), "{error}");
        }
    }

    #[test]
    fn each_is_enough() {
        let limits = Limits { duration: Some(Span::from_secs(2)), packets: Some(10), ..Limits::default() };
        let at = |seconds, packets| Reached {
            began: Some(Ts::ZERO),
            now: Ts::ZERO + Span::from_secs(seconds),
            packets,
            ..Reached::default()
        };
        assert!(!limits.hit(&at(1, 9)));
        assert!(limits.hit(&at(2, 0)));
        assert!(limits.hit(&at(0, 10)));
        assert!(!limits.hit(&Reached { now: Ts::from_nanos(i64::MAX), ..Reached::default() }));
    }
}
