//! `offhook replay`: puts recorded frames back on a test wire.

use std::path::PathBuf;

use clap::Args;

use crate::live::pace::Speed;

/// Put recorded frames back on a (test) wire
#[derive(Debug, Args)]
#[cfg_attr(not(feature = "live"), allow(dead_code))]
pub struct Replay {
    /// Captures, directories of them, or - for standard input; several are merged in time order
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,
    /// The interface to send on; there is no default, since whoever hears these frames may believe them
    #[arg(short, long, value_name = "INTERFACE")]
    interface: Option<String>,
    /// A factor of the recorded pace, or full for as fast as it goes
    #[arg(long, value_name = "N|full", default_value = "1", value_parser = Speed::parse)]
    speed: Speed,
    /// Send it so many times
    #[arg(long, value_name = "N", default_value_t = 1)]
    times: u64,
    /// Become this user once the interface is open; under sudo, the one who called it
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

#[cfg(not(feature = "live"))]
impl Replay {
    /// Says how to get it.
    pub fn run(&self) -> Result<u8, super::Stop> {
        Err(super::live::absent())
    }
}

#[cfg(feature = "live")]
mod with {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use signal_hook::consts::{SIGINT, SIGTERM};

    use super::super::run::{self, Input};
    use super::super::{Stop, check, complain};
    use super::Replay;
    use crate::live::device::Sender;
    use crate::live::pace::Speed;
    use crate::live::privilege;

    #[derive(Default)]
    struct Counts {
        sent: u64,
        bytes: u64,
        refused: u64,
        said: Option<String>,
        other_link: u64,
        cut: u64,
    }

    impl Replay {
        /// Runs it; the result is the exit code.
        pub fn run(&self) -> Result<u8, Stop> {
            let Some(name) = &self.interface else {
                return Err(Stop::usage("replay needs -i INTERFACE: frames are sent nowhere by default"));
            };
            let (mut inputs, errors) = run::inputs(&self.inputs, true);
            if let Some(error) = errors.first() {
                return Err(Stop::input(error.to_string()));
            }
            let _spool = check::spool_if_twice(&mut inputs, self.times > 1)?;
            let stop = Arc::new(AtomicBool::new(false));
            for signal in [SIGINT, SIGTERM] {
                let told = signal_hook::flag::register(signal, Arc::clone(&stop));
                told.map_err(|error| Stop::usage(format!("signals: {error}")))?;
            }
            let mut sender = Sender::open(name).map_err(|error| Stop::usage(error.to_string()))?;
            privilege::drop_to(self.user.as_deref()).map_err(Stop::usage)?;
            let began = clock();
            let mut counts = Counts::default();
            for _ in 0..self.times {
                for input in &inputs {
                    self.send(input, &mut sender, &stop, &mut counts)?;
                }
            }
            let seconds = began.elapsed().as_secs_f64().max(1e-9);
            let Counts { sent, bytes, refused, said, other_link, cut } = counts;
            let rate = sent as f64 / seconds;
            let mut line =
                format!("{sent} packets, {bytes} bytes sent on {name} in {seconds:.3} s ({rate:.0} packets/s)");
            for (count, what) in [
                (refused, "refused by the driver"),
                (other_link, "not sent: of another link type"),
                (cut, "not sent: cut by the snap length"),
            ] {
                if count > 0 {
                    line.push_str(&format!("; {count} {what}"));
                }
            }
            complain(&line);
            if let Some(said) = said {
                complain(&format!("the driver said: {said}"));
            }
            Ok(match (stop.load(Ordering::Relaxed), refused) {
                (true, _) => 130,
                (false, 0) => 0,
                (false, _) => 1,
            })
        }

        fn send(&self, input: &Input, sender: &mut Sender, stop: &AtomicBool, counts: &mut Counts) -> Result<(), Stop> {
            let told = |error: crate::source::SourceError| Stop::input(error.to_string());
            let mut source = input.open().map_err(told)?;
            let link = sender.link();
            let began = clock();
            let mut first = None;
            while let Some(frame) = source.next().map_err(told)? {
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                if frame.link != link {
                    counts.other_link += 1;
                    continue;
                }
                if (frame.wire_len as usize) > frame.bytes.len() {
                    counts.cut += 1;
                    continue;
                }
                if self.speed != Speed::Full {
                    let due = self.speed.due(*first.get_or_insert(frame.time), frame.time);
                    while let Some(left) = due.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
                        if stop.load(Ordering::Relaxed) {
                            return Ok(());
                        }
                        std::thread::sleep(left.min(Duration::from_millis(200)));
                    }
                }
                match sender.send(frame.bytes) {
                    Ok(()) => {
                        counts.sent += 1;
                        counts.bytes += frame.bytes.len() as u64;
                    }
                    Err(error) => {
                        counts.refused += 1;
                        counts.said.get_or_insert(error.to_string());
                    }
                }
            }
            if let Some(damage) = &source.notes().damage {
                complain(&format!("{}: {damage}", input.name));
            }
            Ok(())
        }
    }

    /// When a frame is due is told by the wall clock.
    fn clock() -> Instant {
        #[allow(clippy::disallowed_methods)]
        Instant::now()
    }
}
