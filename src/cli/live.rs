//! What `capture` and `watch` share of taking frames off an interface: options, rights, and the order of beginning.

use std::path::PathBuf;

use clap::Args;

/// How frames are taken.
#[derive(Debug, Clone, Args)]
#[cfg_attr(not(feature = "live"), allow(dead_code))]
#[command(next_help_heading = "Taking frames")]
pub struct Taking {
    /// Capture on this interface; may be given several times
    #[arg(short, long, value_name = "INTERFACE")]
    pub interface: Vec<String>,
    /// Capture filter, as tcpdump takes it; checked before anything is opened. None by default: fragments and frames
    /// with VLAN tags are kept
    #[arg(short, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Do not take what is meant for others
    #[arg(short = 'p', long)]
    pub no_promiscuous_mode: bool,
    /// Cut frames to so many bytes
    #[arg(short, long, value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(64..=262_144))]
    pub snapshot_length: u32,
    /// The kernel's buffer for each interface, in MiB
    #[arg(short = 'B', long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub buffer_size: u32,
    /// Write the frames as pcapng; - is standard output
    #[arg(short, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// With -w, a ring of files: another after duration:SECONDS, filesize:KB or packets:N; files:N are kept. They are
    /// named as tshark does, NAME_00001_20260105080000.pcapng, by the time in UTC
    #[arg(short = 'b', value_name = "WHEN", requires = "write")]
    pub ring: Vec<String>,
    /// Stop after duration:SECONDS, filesize:KB, packets:N or files:N
    #[arg(short = 'a', long, value_name = "WHEN")]
    pub autostop: Vec<String>,
    /// Stop after so many frames
    #[arg(short = 'c', value_name = "N")]
    pub count: Option<u64>,
    /// Become this user once the interfaces are open; under sudo, the one who called it
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}

/// What a build without libpcap says.
#[cfg(not(feature = "live"))]
pub const ABSENT: &str = "this offhook is built without live capture; build it with `cargo install --path . \
    --features live` (needs libpcap and its headers: apt install libpcap-dev)";

/// Without libpcap, nothing is taken.
#[cfg(not(feature = "live"))]
pub fn absent() -> super::Stop {
    super::Stop::usage(ABSENT)
}

#[cfg(feature = "live")]
pub use with::*;

#[cfg(feature = "live")]
mod with {
    use std::io::Write;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::super::{Stop, complain};
    use super::Taking;
    use crate::live::device::{self, Options};
    use crate::live::limits::Limits;
    use crate::live::privilege;
    use crate::live::ring::Ring;
    use crate::live::taker::{self, Live};
    use crate::live::wall_clock;
    use crate::source::write::Interface;

    /// Interfaces, one a line (`-D`).
    pub fn list_interfaces() -> Result<u8, Stop> {
        let mut out = super::super::output(None)?;
        for (number, one) in (1..).zip(device::list().map_err(|error| Stop::usage(error.to_string()))?) {
            writeln!(out, "{number}. {} ({})", one.name, one.about)?;
        }
        out.flush()?;
        Ok(0)
    }

    impl Taking {
        /// Opens the interfaces, gives up every right, begins the files and takes frames. In this order: what fails
        /// fails before the first frame. `stop` ends it from outside; `told` hears what is to be said of it.
        pub fn begin(
            &self,
            immediate: bool,
            writable: &[PathBuf],
            stop: Arc<AtomicBool>,
            told: &mut dyn FnMut(String),
        ) -> Result<Live, Stop> {
            let refused = |error: device::DeviceError| Stop::usage(error.to_string());
            let mut until = Limits::parse('a', &self.autostop).map_err(Stop::usage)?;
            until.packets = [until.packets, self.count].into_iter().flatten().min();
            let every = Limits::parse('b', &self.ring).map_err(Stop::usage)?;
            if !self.ring.is_empty() && !every.any() {
                return Err(Stop::usage("-b files:N needs -b duration:, filesize: or packets: beside it"));
            }
            let to_stdout = self.write.as_ref().is_some_and(|path| path.as_os_str() == "-");
            if to_stdout && !self.ring.is_empty() {
                return Err(Stop::usage("-b needs -w FILE: standard output is one file"));
            }
            let filter = self.filter.as_deref().unwrap_or_default();
            if !filter.is_empty() {
                device::check_filter(filter).map_err(refused)?;
                if let Some((what, better)) = device::loses(filter) {
                    complain(&format!("-f '{filter}' does not take {what}; this does: -f '{better}'"));
                }
            }
            let options = Options {
                promiscuous: !self.no_promiscuous_mode,
                snap: self.snapshot_length as i32,
                buffer: (self.buffer_size << 20).min(i32::MAX as u32) as i32,
                filter: filter.to_owned(),
                immediate,
            };
            let opened = self.interface.iter().map(|name| device::open(name, &options)).collect::<Result<Vec<_>, _>>();
            let opened = opened.map_err(refused)?;
            let user = privilege::drop_to(self.user.as_deref()).map_err(Stop::usage)?;
            let interfaces = opened
                .iter()
                .map(|one| Interface {
                    link: one.link,
                    name: one.name.clone(),
                    filter: filter.to_owned(),
                    snap: self.snapshot_length,
                })
                .collect();
            let ring = match &self.write {
                Some(path) => Some(Ring::begin(path, interfaces, every, wall_clock()).map_err(|error| {
                    let whose = user.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
                    Stop::input(format!("{}: cannot be written{whose}: {error}", path.display()))
                })?),
                None => None,
            };
            let mut places: Vec<PathBuf> = writable.to_vec();
            if let Some(path) = self.write.as_ref().filter(|_| !to_stdout) {
                places.push(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned());
            }
            let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
            let confined = privilege::confine(&places);
            let who = user.map(|name| format!("as {name}, ")).unwrap_or_default();
            told(format!("capturing on {}; {who}without capabilities, {confined}", self.interface.join(", ")));
            Ok(taker::begin(opened, filter, ring, until, stop))
        }
    }
}
