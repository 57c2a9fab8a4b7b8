//! Captures as they happen: frames off an interface into files and to the judge, and back onto an interface.
//!
//! Three parties, so that none holds up another: a *reader* for each interface takes frames from libpcap, the
//! *taker* puts them in time order, writes them and counts them, and the judge, whoever it is, is handed the same
//! batches. A judge that is slow or fails costs no frame of the file. What needs libpcap is behind the feature
//! `live`; rings, stop conditions and pace are not.

pub mod batch;
pub mod limits;
pub mod pace;
pub mod ring;

#[cfg(feature = "live")]
pub mod device;
#[cfg(feature = "live")]
pub mod privilege;
#[cfg(feature = "live")]
pub mod taker;

use crate::time::Ts;

/// The wall clock, in capture time: what libpcap stamps frames with.
pub fn wall_clock() -> Ts {
    // A live capture is the one place where time goes on without a frame.
    #[allow(clippy::disallowed_methods)]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
