//! What a live capture can bear, beside tcpdump and Wireshark's tools on the same replay:
//! `cargo bench --features live --bench live`. Needs root, iproute2 and tcpdump; dumpcap and tshark if they are there.
//!
//! Two namespaces and a cable; `offhook replay` sends at rising rates, at last as fast as it goes. Printed is how many
//! of the packets that were sent are missing from what each took, the highest rate at which none is, how far behind
//! the wire findings are told under load, and what a capture weighs while the same phones boot again and again.
//!
//! OFFHOOK_LIVE_SECONDS is how long each rate lasts (3), OFFHOOK_LIVE_MINUTES how long memory is looked at (1),
//! OFFHOOK_LIVE_PARTS which parts are run (drops,verdicts,memory), OFFHOOK_LIVE_FILES which captures are sent,
//! OFFHOOK_LIVE_PROGRAM another build of the program.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "../tests/common/net.rs"]
#[allow(dead_code)]
mod net;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use net::{Fails, Net, is_there, now, run, text};
use offhook::source::Source;
use offhook::source::file::CaptureFile;

/// Packets a second, and how many send at once; at last as fast as it goes.
const RATES: [(Option<f64>, usize); 6] =
    [(Some(50e3), 1), (Some(100e3), 1), (Some(200e3), 1), (Some(300e3), 1), (None, 1), (None, 2)];

fn main() {
    if let Some(why) = net::why_not(&["ip", "sysctl", "tcpdump"]) {
        println!("not measured: {why}");
        return;
    }
    if let Err(error) = all() {
        println!("failed: {error}");
        std::process::exit(1);
    }
}

/// The program that is measured; OFFHOOK_LIVE_PROGRAM names another build of it.
fn offhook() -> String {
    std::env::var("OFFHOOK_LIVE_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_offhook").to_owned())
}

fn setting(name: &str, default: f64) -> f64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn all() -> Fails<()> {
    let parts = std::env::var("OFFHOOK_LIVE_PARTS").unwrap_or_else(|_| "drops,verdicts,memory".to_owned());
    let dir = tempfile::tempdir().map_err(text)?;
    let corpora = corpora(dir.path())?;
    for corpus in corpora.iter().filter(|_| parts.contains("drops")) {
        drops(corpus)?;
    }
    if let Some(corpus) = corpora.first().filter(|_| parts.contains("verdicts")) {
        verdicts(corpus)?;
    }
    if let Some(corpus) = corpora.last().filter(|_| parts.contains("memory")) {
        memory(corpus)?;
    }
    Ok(())
}

/// A capture to send: how many packets, over how many seconds.
struct Corpus {
    path: PathBuf,
    packets: u64,
    seconds: f64,
}

/// Media and signalling, as the reference material makes them; without it, a boot of many phones.
fn corpora(dir: &Path) -> Fails<Vec<Corpus>> {
    let shared = std::env::var_os("OFFHOOK_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let tool = shared.join("tools/corpus.py");
    let mut paths = Vec::new();
    if let Some(named) = std::env::var_os("OFFHOOK_LIVE_FILES") {
        paths.extend(std::env::split_paths(&named));
    } else if tool.exists() && is_there("python3") {
        for (mix, size) in [("rtp", "4M"), ("sig", "4M")] {
            let path = dir.join(format!("{mix}.pcap"));
            let (tool, out) = (tool.to_string_lossy(), path.to_string_lossy().into_owned());
            run("python3", &[&tool, &out, "--mix", mix, "--size", size, "--healthy"])?;
            paths.push(path);
        }
    } else {
        let path = dir.join("boots.pcap");
        let out = path.to_string_lossy().into_owned();
        run(&offhook(), &["synth", "boot-known-phone-http", "--phones", "300", "-w", &out])?;
        paths.push(path);
    }
    paths.into_iter().map(|path| Corpus::of(&path)).collect()
}

impl Corpus {
    fn of(path: &Path) -> Fails<Corpus> {
        let mut file = CaptureFile::open(path).map_err(text)?;
        let (mut packets, mut times) = (0, None);
        while let Some(frame) = file.next().map_err(text)? {
            packets += 1;
            let (first, last) = times.unwrap_or((frame.time, frame.time));
            times = Some((first, last.max(frame.time)));
        }
        let seconds = times.map_or(0.0, |(first, last)| last.since(first).as_secs_f64());
        Ok(Corpus { path: path.to_owned(), packets, seconds: seconds.max(1e-6) })
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The command that sends it at a rate (packets a second) for so long.
    fn send(&self, rate: Option<f64>, seconds: f64) -> Vec<String> {
        // As fast as it goes is some hundred thousand a second.
        let times = (rate.unwrap_or(300e3) * seconds / self.packets as f64).ceil().max(1.0);
        let speed = rate.map_or("full".to_owned(), |rate| format!("{}", rate * self.seconds / self.packets as f64));
        let path = self.path.to_string_lossy();
        let program = offhook();
        let all = [program.as_str(), "replay", &path, "-i", "eth0", "--speed", &speed, "--times", &format!("{times}")];
        all.map(str::to_owned).to_vec()
    }
}

fn cable() -> Fails<Net> {
    let mut net = Net::new()?;
    for space in ["a", "b"] {
        net.space(space)?;
    }
    net.cable(("a", "eth0"), "02:00:00:00:00:01", ("b", "eth0"))?;
    Ok(net)
}

/// Who takes frames: its name, its command, what it says once it does, and where it says how many it took.
struct Taker {
    name: &'static str,
    command: Vec<String>,
    ready: &'static str,
    /// The number before these words; behind them, where no space begins them.
    took: &'static str,
}

fn takers(net: &Net) -> Vec<Taker> {
    let file = |name: &str| net.file(name);
    let taker = |name, command: &str, file: &str, ready, took| {
        let command = command.split(' ').map(|word| if word == "FILE" { file } else { word }.to_owned()).collect();
        Taker { name, command, ready, took }
    };
    let ours = format!("{} capture -q -i eth0", offhook());
    let both = format!("{ours} -w FILE");
    let all = [
        taker("offhook capture", &ours, "", "capturing on", " packets captured"),
        taker("offhook capture -w FILE", &both, &file("offhook.pcapng"), "capturing on", " packets captured"),
        taker("tcpdump -w /dev/null", "tcpdump -n -i eth0 -w /dev/null", "", "listening on", " packets captured"),
        taker(
            "tcpdump -w FILE",
            "tcpdump -n -Z root -i eth0 -w FILE",
            &file("t.pcap"),
            "listening on",
            " packets captured",
        ),
        taker("dumpcap -w FILE", "dumpcap -q -i eth0 -w FILE", &file("d.pcapng"), "Capturing on", "Packets captured: "),
        taker("tshark -w FILE", "tshark -q -n -i eth0 -w FILE", &file("s.pcapng"), "Capturing on", " packets captured"),
    ];
    all.into_iter().filter(|taker| is_there(taker.command.first().map_or("", String::as_str))).collect()
}

/// The number beside some words.
fn number(text: &str, words: &str) -> Option<u64> {
    let (before, after) = text.rsplit_once(words)?;
    let number = |digits: String| digits.parse().ok();
    if !words.starts_with(' ') {
        return number(after.chars().take_while(char::is_ascii_digit).collect());
    }
    let digits: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
    number(digits.chars().rev().collect())
}

/// How many packets of each rate are missing.
fn drops(corpus: &Corpus) -> Fails<()> {
    let seconds = setting("OFFHOOK_LIVE_SECONDS", 3.0);
    println!("{}: {} packets; missing of those sent, by rate (packets/s)", corpus.name(), corpus.packets);
    let heads: Vec<String> = RATES
        .iter()
        .map(|(rate, senders)| match rate {
            Some(rate) => format!("{rate:.0}"),
            None => format!("full \u{d7}{senders}"),
        })
        .collect();
    println!(
        "{:24} {}  highest without a drop",
        "",
        heads.iter().map(|head| format!("{head:>11}")).collect::<String>()
    );
    let names: Vec<&str> = takers(&Net::new()?).iter().map(|taker| taker.name).collect();
    for name in names {
        let mut highest = 0;
        let mut clean = true;
        let mut cells = String::new();
        for (rate, senders) in RATES {
            let mut net = cable()?;
            let Some(taker) = takers(&net).into_iter().find(|taker| taker.name == name) else { continue };
            let command: Vec<&str> = taker.command.iter().map(String::as_str).collect();
            let taking = net.start("b", "taker", &command)?;
            net.wait("taker", taker.ready)?;
            std::thread::sleep(Duration::from_millis(300));
            let send = corpus.send(rate, seconds);
            let send: Vec<&str> = send.iter().map(String::as_str).collect();
            let logs: Vec<String> = (0..senders).map(|number| format!("sender-{number}")).collect();
            let sending = logs.iter().map(|log| net.start("a", log, &send)).collect::<Fails<Vec<_>>>()?;
            sending.iter().try_for_each(|one| net.ended(*one, Duration::from_secs(600)).map(drop))?;
            // What was taken and not read yet is read now.
            std::thread::sleep(Duration::from_millis(1000));
            net.signal(taking, "INT")?;
            net.ended(taking, Duration::from_secs(60))?;
            let said = net.text("taker");
            let (mut sent, mut real) = (0, 0);
            for sender in logs.iter().map(|log| net.text(log)) {
                sent += number(&sender, " packets, ").ok_or_else(|| sender.clone())?;
                real += number(&sender, " packets/s)").ok_or(sender)?;
            }
            // What the cable itself had no room for came to nobody.
            let dropped = net.exec("a", &["cat", "/sys/class/net/eth0/statistics/tx_dropped"])?;
            sent -= dropped.trim().parse::<u64>().map_err(text)?.min(sent);
            let took = number(&said, taker.took).ok_or_else(|| said.clone())?;
            let missing = sent.saturating_sub(took) + number(&said, " not judged").unwrap_or(0);
            cells.push_str(&format!("{missing:>11}"));
            clean &= missing == 0;
            if clean {
                highest = highest.max(real);
            }
        }
        println!("{name:24} {cells}  {highest}");
    }
    Ok(())
}

/// How far behind the wire findings are told while the wire is full.
fn verdicts(corpus: &Corpus) -> Fails<()> {
    for rate in [None, Some(20e3), Some(100e3)] {
        let mut net = cable()?;
        let (taking, heard) = net.listen("b", "taker", &[&offhook(), "capture", "-T", "ndjson", "-i", "eth0"])?;
        net.wait("taker", "capturing on")?;
        let load = match rate {
            None => None,
            Some(rate) => {
                let send = corpus.send(Some(rate), 8.0);
                Some(net.start("a", "sender", &send.iter().map(String::as_str).collect::<Vec<_>>())?)
            }
        };
        let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
        for story in ["config-not-found", "rejected-loop", "itl-signature-invalid", "dhcp-nak-loop", "ctl-retry-loop"] {
            let file = captures.join(format!("{story}.pcap"));
            let file = file.to_string_lossy();
            net.exec("a", &[&offhook(), "replay", &file, "-i", "eth0", "--speed", "200"])?;
        }
        if let Some(load) = load {
            net.ended(load, Duration::from_secs(60))?;
        }
        std::thread::sleep(Duration::from_millis(1500));
        let asked = now();
        net.signal(taking, "INT")?;
        net.ended(taking, Duration::from_secs(60))?;
        let mut behind: Vec<f64> = heard
            .iter()
            .filter(|(came, _)| *came < asked)
            .filter_map(|(came, line)| {
                let (_, time) =
                    line.split_once("\"time\":\"").filter(|_| line.starts_with("{\"record\":\"finding\""))?;
                Some(came - seconds(time.split('"').next()?)?)
            })
            .collect();
        behind.sort_by(f64::total_cmp);
        let load = rate.map_or("nothing else".to_owned(), |rate| format!("{rate:.0} packets/s"));
        match (behind.get(behind.len() / 2), behind.last()) {
            (Some(median), Some(most)) => println!(
                "beside {load}: {} findings, told {:.0} ms behind the wire (median), {:.0} ms at most",
                behind.len(),
                median * 1e3,
                most * 1e3
            ),
            _ => println!("beside {load}: no finding was told"),
        }
    }
    Ok(())
}

/// Seconds since 1970 of a time as reports write it.
fn seconds(text: &str) -> Option<f64> {
    let format = &time::format_description::well_known::Rfc3339;
    Some(time::OffsetDateTime::parse(text, format).ok()?.unix_timestamp_nanos() as f64 / 1e9)
}

/// What a capture weighs while the same phones boot again and again.
fn memory(corpus: &Corpus) -> Fails<()> {
    let minutes = setting("OFFHOOK_LIVE_MINUTES", 1.0);
    let rate = setting("OFFHOOK_LIVE_RATE", 10e3);
    let mut net = cable()?;
    let taking = net.start("b", "taker", &[&offhook(), "capture", "-q", "-i", "eth0"])?;
    net.wait("taker", "capturing on")?;
    let send = corpus.send(Some(rate), minutes * 60.0 + 5.0);
    let sending = net.start("a", "sender", &send.iter().map(String::as_str).collect::<Vec<_>>())?;
    let (began, mut sizes) = (Instant::now(), Vec::new());
    while began.elapsed().as_secs_f64() < minutes * 60.0 {
        std::thread::sleep(Duration::from_secs_f64((minutes * 60.0 / 6.0).min(10.0)));
        let status = std::fs::read_to_string(format!("/proc/{}/status", net.process(taking))).map_err(text)?;
        let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        sizes.extend(size.and_then(|size| size.trim().trim_end_matches(" kB").parse::<u64>().ok()));
        println!("  {:4.0} s  {} kB", began.elapsed().as_secs_f64(), sizes.last().copied().unwrap_or_default());
    }
    net.signal(sending, "INT")?;
    net.ended(sending, Duration::from_secs(10))?;
    net.signal(taking, "INT")?;
    net.ended(taking, Duration::from_secs(60))?;
    let sent = net.text("sender");
    let mut sorted = sizes.clone();
    sorted.sort_unstable();
    println!(
        "{minutes} minutes of boots: {} kB at first, {} kB in the middle, {} kB at last; {}; {}",
        sizes.first().copied().unwrap_or_default(),
        sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
        sizes.last().copied().unwrap_or_default(),
        sent.lines().next().unwrap_or_default().trim_start_matches("offhook: "),
        net.text("taker").lines().last().unwrap_or_default().trim_start_matches("offhook: ")
    );
    Ok(())
}
