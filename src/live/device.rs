//! Interfaces: which there are, and how one is opened (libpcap).

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use pcap::{Active, Capture, Device, Error, Linktype, Precision};

use crate::synth;

/// How an interface is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Take what is meant for others too.
    pub promiscuous: bool,
    /// Frames are cut to so many bytes.
    pub snap: i32,
    /// The kernel's buffer, in bytes.
    pub buffer: i32,
    /// A filter as libpcap takes it; empty for none.
    pub filter: String,
    /// Frames are handed on one by one, not by the block: quicker to see, dearer at high rates.
    pub immediate: bool,
}

/// Why an interface cannot be used, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeviceError(pub String);

/// How long libpcap collects frames before it hands them on.
pub const TIMEOUT_MS: i32 = 50;

/// An interface, open.
pub struct Opened {
    /// `eth0`
    pub name: String,
    /// The link type of its frames.
    pub link: u16,
    pub(super) capture: Capture<Active>,
}

/// Opens an interface; the filter is already at work when the first frame is taken.
pub fn open(name: &str, options: &Options) -> Result<Opened, DeviceError> {
    let fail = |error: &Error| explain(name, error);
    let capture = Capture::from_device(name)
        .map_err(|e| fail(&e))?
        .promisc(options.promiscuous)
        .snaplen(options.snap)
        .buffer_size(options.buffer)
        .timeout(TIMEOUT_MS)
        .immediate_mode(options.immediate)
        .precision(if cfg!(target_os = "linux") { Precision::Nano } else { Precision::Micro });
    let mut capture = capture.open().map_err(|e| fail(&e))?;
    let link = capture.get_datalink();
    if !options.filter.is_empty() {
        capture.filter(&options.filter, true).map_err(|error| bad_filter(&options.filter, &error))?;
    }
    // Where DLT_ and LINKTYPE_ numbers differ (raw IP), files and the decoder speak of LINKTYPE_.
    let link = if matches!(link.0, 12 | 14) { 101 } else { link.0 as u16 };
    // libpcap on Linux may wait for ever where nothing comes: waiting is done here.
    let capture = capture.setnonblock().map_err(|e| fail(&e))?;
    Ok(Opened { name: name.to_owned(), link, capture })
}

/// Waits for frames of one interface.
pub(super) struct Waiter(Poll, Events);

impl Waiter {
    pub(super) fn new(capture: &Capture<Active>) -> io::Result<Waiter> {
        let poll = Poll::new()?;
        let fd = capture.as_raw_fd();
        poll.registry().register(&mut SourceFd(&fd), Token(0), Interest::READABLE)?;
        Ok(Waiter(poll, Events::with_capacity(4)))
    }

    /// Returns when frames came, or [`TIMEOUT_MS`] later; whether they came.
    pub(super) fn wait(&mut self) -> bool {
        let Waiter(poll, events) = self;
        // A signal ends the wait early: the reader looks again.
        poll.poll(events, Some(Duration::from_millis(TIMEOUT_MS as u64))).is_ok() && !events.is_empty()
    }
}

/// Nanoseconds of a stamp, by the precision that [`open`] asks for.
pub(super) fn nanos(seconds: i64, fraction: i64) -> i64 {
    let unit = if cfg!(target_os = "linux") { 1 } else { 1000 };
    seconds.saturating_mul(1_000_000_000).saturating_add(fraction.saturating_mul(unit))
}

/// Whether a filter can be compiled at all, before anything is opened.
pub fn check_filter(filter: &str) -> Result<(), DeviceError> {
    let dead = Capture::dead(Linktype::ETHERNET).map_err(|error| DeviceError(error.to_string()))?;
    dead.compile(filter, true).map(|_| ()).map_err(|error| bad_filter(filter, &error))
}

/// What a filter loses without saying so: it takes a phone's frames, but not the same ones with a VLAN tag, or not
/// the later fragments of a datagram. Gives what is lost, and a filter that loses nothing.
pub fn loses(filter: &str) -> Option<(&'static str, String)> {
    let dead = Capture::dead(Linktype::ETHERNET).ok()?;
    let program = dead.compile(filter, true).ok()?;
    let (mut tags, mut fragments) = (false, false);
    let stories = ["boot-udp-sip", "boot-known-phone-tftp"].into_iter().filter_map(synth::story);
    for frame in stories.flat_map(|story| synth::capture(story, &synth::Options::default())) {
        let (tagged, plain) = both(&frame.bytes);
        let Some(plain) = plain.filter(|plain| program.filter(plain)) else { continue };
        tags |= tagged.is_some_and(|tagged| !program.filter(&tagged));
        fragments |= later_fragment(&plain).is_some_and(|fragment| !program.filter(&fragment));
    }
    let what = match (tags, fragments) {
        (true, true) => "frames with a VLAN tag, and all but the first fragment of a datagram",
        (true, false) => "frames with a VLAN tag",
        (false, true) => "all but the first fragment of a datagram",
        (false, false) => return None,
    };
    let whole = format!("({filter}) or (ip[6:2] & 0x1fff != 0)");
    Some((what, format!("{whole} or (vlan and ({whole}))")))
}

/// An IPv4 frame with a VLAN tag and without one.
fn both(frame: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let (Some(head), Some(kind)) = (frame.get(..12), frame.get(12..14)) else { return (None, None) };
    match kind {
        [0x81, 0x00] => {
            let rest = frame.get(16..).unwrap_or_default();
            (Some(frame.to_vec()), Some([head, rest].concat()))
        }
        [0x08, 0x00] => {
            let rest = frame.get(12..).unwrap_or_default();
            (Some([head, &[0x81, 0, 0, 110], rest].concat()), Some(frame.to_vec()))
        }
        _ => (None, None),
    }
}

/// The frame as it would be, were it a later fragment: no header of UDP is in it.
fn later_fragment(frame: &[u8]) -> Option<Vec<u8>> {
    let mut fragment = frame.to_vec();
    // Of UDP alone: nobody fragments TCP.
    (fragment.get(23) == Some(&17)).then_some(())?;
    fragment.get_mut(20..22)?.copy_from_slice(&[0, 185]);
    fragment.get_mut(34..)?.fill(0x20);
    Some(fragment)
}

/// An interface, for `-D`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// `eth0`
    pub name: String,
    /// What it is, its addresses, its state.
    pub about: String,
}

/// Every interface that libpcap finds.
pub fn list() -> Result<Vec<Listed>, DeviceError> {
    let devices = Device::list().map_err(|error| DeviceError(format!("interfaces cannot be listed: {error}")))?;
    Ok(devices
        .into_iter()
        .map(|device| {
            let mut about: Vec<String> = device.desc.into_iter().collect();
            about.extend(device.addresses.iter().map(|address| address.addr.to_string()));
            let flags = device.flags;
            about.push(if flags.is_up() { "up".into() } else { "down".into() });
            for (is, word) in [(flags.is_loopback(), "loopback"), (flags.is_wireless(), "wireless")] {
                about.extend(is.then(|| word.to_owned()));
            }
            Listed { name: device.name, about: about.join(", ") }
        })
        .collect())
}

/// Puts frames onto an interface.
pub struct Sender(Capture<Active>);

impl Sender {
    /// Opens an interface to send.
    pub fn open(name: &str) -> Result<Sender, DeviceError> {
        let options = Options { snap: 64, buffer: 1 << 16, ..Options::default() };
        Ok(Sender(open(name, &options)?.capture))
    }

    /// The link type its frames must have.
    pub fn link(&self) -> u16 {
        self.0.get_datalink().0 as u16
    }

    /// Sends a frame; the error is what the driver says.
    pub fn send(&mut self, frame: &[u8]) -> Result<(), DeviceError> {
        self.0.sendpacket(frame).map_err(|error| DeviceError(error.to_string()))
    }
}

fn bad_filter(filter: &str, error: &Error) -> DeviceError {
    DeviceError(format!("-f '{filter}': {}", words(error)))
}

fn words(error: &Error) -> String {
    match error {
        Error::PcapError(said) => said.trim().to_owned(),
        other => other.to_string(),
    }
}

/// What is wrong with an interface; where the right is missing, the command that grants it.
fn explain(name: &str, error: &Error) -> DeviceError {
    let said = words(error);
    let lower = said.to_lowercase();
    if lower.contains("permi") {
        let program = std::env::current_exe().map_or("offhook".into(), |path| path.display().to_string());
        return DeviceError(format!(
            "{name}: no right to capture; grant it once with: sudo setcap cap_net_raw,cap_net_admin=eip {program}"
        ));
    }
    if lower.contains("no such device") || lower.contains("doesn't exist") {
        return DeviceError(format!("{name}: no such interface; `offhook capture -D` lists them"));
    }
    let said = said.strip_prefix(&format!("{name}: ")).unwrap_or(&said);
    DeviceError(format!("{name}: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_checked_before_anything_is_opened() {
        check_filter("udp port 69 or vlan").unwrap();
        let error = check_filter("udp prot 69").unwrap_err().to_string();
        assert!(error.starts_with("-f 'udp prot 69': "), "{error}");
    }

    #[test]
    fn what_a_filter_loses_is_told_with_one_that_does_not() {
        let (what, better) = loses("port 5060").unwrap();
        assert!(what.contains("VLAN") && what.contains("fragment"), "{what}");
        assert_eq!(loses(&better), None);
        assert_eq!(loses("").map(|l| l.0), None);
        assert_eq!(loses("ether[0] & 1 = 0").map(|l| l.0), None);
    }

    #[test]
    fn an_interface_that_does_not_exist() {
        let error = open("nonesuch0", &Options { snap: 100, buffer: 1 << 16, ..Options::default() }).err().unwrap();
        let text = error.to_string();
        assert!(text.contains("no such interface") || text.contains("setcap"), "{text}");
    }
}
