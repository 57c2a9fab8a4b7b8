//! A lab of real software: phones, a switch and a CallManager's servers in network namespaces, joined by veth and a
//! bridge; `offhook capture` runs live on the switch's ports, and what it says is held against what was really done.
//!
//! lldpd is the switch and the phone's link layer, dnsmasq the DHCP and TFTP server, busybox udhcpc and curl the phone,
//! sipp registers it, ffmpeg speaks to a group. Frames go untagged, and the switch offers no voice VLAN: not every
//! kernel has 802.1Q, and what tags do is tried by the stories.
//!
//! Where namespaces are not allowed, or a program is absent, the tests are reported as ignored with the reason.

mod common;

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use offhook::decode::{self, Layer};
use offhook::source::Source;
use offhook::source::file::CaptureFile;
use serde_json::Value;

const PROGRAMS: &[&str] =
    &["ip", "sysctl", "lldpd", "lldpcli", "dnsmasq", "busybox", "curl", "sipp", "ffmpeg", "python3", "mount"];
const MAC: &str = "00:11:22:33:44:55";
const SEP: &str = "SEP001122334455";
const PHONE: &str = "10.20.0.50";
const GATEWAY: &str = "10.20.0.1";
const CALLMANAGER: &str = "10.1.1.10";
const GROUP: &str = "239.1.1.61";

fn main() {
    let arguments = Arguments::from_args();
    let why_not = why_not();
    let tests: [(&str, fn() -> Result<(), Failed>); 6] = [
        ("a healthy boot", healthy),
        ("DHCP without option 150", no_option_150),
        ("the TFTP server is down", no_tftp),
        ("CallManager refuses", refused),
        ("a page with one listener missing", page),
        ("every frame of a replay is taken, written and judged", replayed),
    ];
    let trials = tests
        .into_iter()
        .map(|(name, test)| {
            let name = why_not.as_ref().map_or_else(|| name.to_owned(), |why| format!("{name}: {why}"));
            Trial::test(name, test).with_ignored_flag(why_not.is_some())
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// Why no lab can be built here.
fn why_not() -> Option<String> {
    for program in PROGRAMS {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        if !found.is_ok_and(|out| out.status.success()) {
            return Some(format!("{program} is absent"));
        }
    }
    let name = format!("ohtry{}", std::process::id());
    let tried = run("ip", &["netns", "add", &name]);
    let _ = run("ip", &["netns", "del", &name]);
    tried.err().map(|error| format!("network namespaces are not allowed ({})", error.trim()))
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let out = Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr)))
}

static LABS: AtomicU32 = AtomicU32::new(0);

/// Namespaces, their programs and files; all ended with the value.
struct Lab {
    prefix: String,
    children: Vec<Child>,
    dir: tempfile::TempDir,
}

impl Lab {
    /// A switch, CallManager's segment, and as many phones as asked.
    fn new(phones: usize) -> Result<Lab, Failed> {
        let prefix = format!("oh{}x{}", std::process::id() % 100_000, LABS.fetch_add(1, Ordering::Relaxed));
        let lab = Lab { prefix, children: Vec::new(), dir: tempfile::tempdir()? };
        lab.space("sw")?;
        run(
            "ip",
            &[
                "-n",
                &lab.name("sw"),
                "link",
                "add",
                "br0",
                "type",
                "bridge",
                "mcast_snooping",
                "0",
                "forward_delay",
                "0",
            ],
        )?;
        run("ip", &["-n", &lab.name("sw"), "link", "set", "br0", "up"])?;
        lab.space("cm")?;
        lab.plug("cm", "c1", "00:50:56:00:00:10")?;
        for address in [&format!("{GATEWAY}/24"), &format!("{CALLMANAGER}/32")] {
            run("ip", &["-n", &lab.name("cm"), "addr", "add", address, "dev", "eth0"])?;
        }
        for number in 0..phones {
            let space = format!("ph{number}");
            lab.space(&space)?;
            let mac = format!("{}{:02x}", &MAC[..15], 0x55 + number);
            lab.plug(&space, &format!("p{number}"), &mac)?;
        }
        Ok(lab)
    }

    fn name(&self, space: &str) -> String {
        format!("{}-{space}", self.prefix)
    }

    fn space(&self, space: &str) -> Result<(), Failed> {
        let name = self.name(space);
        run("ip", &["netns", "add", &name])?;
        run("ip", &["-n", &name, "link", "set", "lo", "up"])?;
        run(
            "ip",
            &[
                "netns",
                "exec",
                &name,
                "sysctl",
                "-qw",
                "net.ipv6.conf.all.disable_ipv6=1",
                "net.ipv6.conf.default.disable_ipv6=1",
            ],
        )?;
        Ok(())
    }

    fn plug(&self, space: &str, port: &str, mac: &str) -> Result<(), Failed> {
        let (space, switch) = (self.name(space), self.name("sw"));
        run(
            "ip",
            &[
                "link", "add", "eth0", "netns", &space, "address", mac, "type", "veth", "peer", "name", port, "netns",
                &switch,
            ],
        )?;
        run("ip", &["-n", &switch, "link", "set", port, "master", "br0"])?;
        run("ip", &["-n", &switch, "link", "set", port, "up"])?;
        run("ip", &["-n", &space, "link", "set", "eth0", "up"])?;
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A program in a namespace, to its end.
    fn exec(&self, space: &str, arguments: &[&str]) -> Result<String, String> {
        let name = self.name(space);
        let mut all = vec!["netns", "exec", name.as_str()];
        all.extend(arguments);
        run("ip", &all)
    }

    /// A program in a namespace, until the lab ends; what it says goes to `log`.
    fn start(&mut self, space: &str, log: &str, arguments: &[&str]) -> Result<usize, Failed> {
        let out = File::create(self.path(log))?;
        let child = Command::new("ip")
            .args(["netns", "exec", &self.name(space)])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()?;
        self.children.push(child);
        Ok(self.children.len() - 1)
    }

    fn wait(&self, log: &str, what: &str) -> Result<(), Failed> {
        self.wait_for(log, what, Duration::from_secs(20))
    }

    fn wait_for(&self, log: &str, what: &str, most: Duration) -> Result<(), Failed> {
        let began = Instant::now();
        while !self.text(log).contains(what) {
            if began.elapsed() > most {
                return Err(format!("{log} never says {what:?}:\n{}", self.text(log)).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// `offhook capture` on ports of the switch. Timers are the site's, so that no test lasts minutes.
    fn capture(&mut self, ports: &[&str], timers: &[(&str, &str)]) -> Result<usize, Failed> {
        let lines: Vec<String> = timers.iter().map(|(name, value)| format!("{name:?} = {value:?}\n")).collect();
        fs::write(self.path("site.toml"), format!("[timers]\n{}", lines.concat()))?;
        let (site, file) = (self.path("site.toml"), self.path("live.pcapng"));
        let (site, file) = (site.to_string_lossy().into_owned(), file.to_string_lossy().into_owned());
        let mut all = vec![env!("CARGO_BIN_EXE_offhook"), "capture", "-T", "ndjson", "--site", &site, "-w", &file];
        ports.iter().for_each(|port| all.extend(["-i", port]));
        let index = self.start("sw", "capture", &all)?;
        self.wait("capture", "capturing on")?;
        Ok(index)
    }

    /// Ends the capture as a service manager does, and gives what it said.
    fn end(&mut self, capture: usize) -> Result<Said, Failed> {
        std::thread::sleep(Duration::from_millis(300));
        let child = &mut self.children[capture];
        // `ip netns exec` becomes the program: its process is the capture's.
        run("kill", &["-INT", &child.id().to_string()])?;
        let began = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait()? {
                break status.code().unwrap_or(-1);
            }
            if began.elapsed() > Duration::from_secs(10) {
                return Err("the capture does not end".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let text = self.text("capture");
        let records = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let ran = common::offhook(&[
            "check",
            "--format",
            "json",
            &self.path("live.pcapng").to_string_lossy(),
            "--site",
            &self.path("site.toml").to_string_lossy(),
        ]);
        let again: Value = serde_json::from_str(&ran.out).map_err(|error| format!("{error}: {}", ran.err))?;
        Ok(Said { code, text, records, again, again_code: ran.code })
    }

    /// The link layer of a switch and a phone that speaks LLDP-MED and CDP.
    fn link_layer(&mut self) -> Result<(), Failed> {
        for (space, port, class, system) in
            [("sw", "p0", "4", "Cisco IOS Software, C2960 Software"), ("ph0", "eth0", "3", "Cisco IP Phone CP-7821")]
        {
            let socket = self.path(&format!("{space}.sock"));
            let socket = socket.to_string_lossy();
            // Its own /run: the chroot and the pid file of lldpd are there.
            let script = "mount -t tmpfs -o mode=755 t /run && mkdir -p /run/lldpd && exec \"$@\"";
            self.start(
                space,
                &format!("lldpd-{space}"),
                &[
                    "sh",
                    "-c",
                    script,
                    "sh",
                    "lldpd",
                    "-d",
                    "-l",
                    "-ccccc",
                    "-H",
                    "0",
                    "-M",
                    class,
                    "-u",
                    &socket,
                    "-I",
                    port,
                    "-C",
                    port,
                    "-O",
                    "/dev/null",
                    "-S",
                    system,
                    "-P",
                    system,
                ],
            )?;
        }
        let began = Instant::now();
        while !["sw", "ph0"].iter().all(|space| self.path(&format!("{space}.sock")).exists()) {
            if began.elapsed() > Duration::from_secs(10) {
                return Err("lldpd does not come up".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for (space, words) in [
            ("sw", "configure system hostname sw-access-1"),
            ("sw", "configure ports p0 lldp portidsubtype local GigabitEthernet1/0/7"),
            ("sw", "configure med fast-start enable"),
            ("ph0", "configure system hostname SEP001122334455"),
            ("ph0", "configure system capabilities enabled telephone,bridge"),
            ("ph0", "configure inventory model CP-7821"),
            ("ph0", "configure med fast-start enable"),
            ("ph0", "configure lldp tx-interval 1"),
            ("sw", "configure lldp tx-interval 1"),
        ] {
            let socket = self.path(&format!("{space}.sock"));
            let socket = socket.to_string_lossy();
            let mut all = vec!["-u", &socket];
            all.extend(words.split(' '));
            run("lldpcli", &all)?;
        }
        std::thread::sleep(Duration::from_millis(1500));
        Ok(())
    }

    /// DHCP, and TFTP if it is up.
    fn dnsmasq(&mut self, tftp: bool) -> Result<(), Failed> {
        let root = self.path("tftp");
        fs::create_dir_all(&root)?;
        for (name, bytes) in files_of_the_story() {
            fs::write(root.join(name), bytes)?;
        }
        run("chmod", &["-R", "a+rX", &self.dir.path().to_string_lossy()])?;
        let leases = format!("--dhcp-leasefile={}", self.path("leases").display());
        let root = format!("--tftp-root={}", root.display());
        let option = format!("--dhcp-option-force=150,{CALLMANAGER}");
        let mut all = vec![
            "dnsmasq",
            "-k",
            "-C",
            "/dev/null",
            "--port=0",
            "-i",
            "eth0",
            "--bind-interfaces",
            "--user=root",
            "--pid-file=",
            &leases,
            "--log-facility=-",
            "--log-dhcp",
            "--no-ping",
            "--dhcp-authoritative",
            "--dhcp-range=10.20.0.50,10.20.0.60,255.255.255.0,1h",
            "--dhcp-host=00:11:22:33:44:55,10.20.0.50",
            "--dhcp-host=00:11:22:33:44:56,10.20.0.51",
            "--dhcp-host=00:11:22:33:44:57,10.20.0.52",
            "--dhcp-option=3,10.20.0.1",
        ];
        all.push(&option);
        if tftp {
            all.extend(["--enable-tftp", &root]);
        }
        self.start("cm", "dnsmasq", &all)?;
        self.wait("dnsmasq", "DHCP, IP range")
    }

    /// A DHCP server that knows of no telephony: no option 150, no option 66, no next-server.
    fn udhcpd(&mut self) -> Result<(), Failed> {
        let (leases, conf) = (self.path("leases"), self.path("udhcpd.conf"));
        File::create(&leases)?;
        let text = format!(
            "start 10.20.0.50\nend 10.20.0.60\ninterface eth0\nlease_file {}\nsiaddr 0.0.0.0\n\
             static_lease {MAC} {PHONE}\nopt subnet 255.255.255.0\nopt router {GATEWAY}\nopt lease 3600\n",
            leases.display()
        );
        fs::write(&conf, text)?;
        self.start("cm", "udhcpd", &["busybox", "udhcpd", "-f", &conf.to_string_lossy()])?;
        self.wait("udhcpd", "started")
    }

    /// The phone asks for an address, and takes it.
    fn lease(&self, space: &str, name: &str) -> Result<(), Failed> {
        let script = self.path("udhcpc.sh");
        fs::write(
            &script,
            "#!/bin/sh\n[ \"$1\" = bound ] || exit 0\nip addr add $ip/24 dev $interface && ip route add default via $router dev $interface\n",
        )?;
        run("chmod", &["+x", &script.to_string_lossy()])?;
        let host = format!("hostname:{name}");
        self.exec(
            space,
            &[
                "busybox",
                "udhcpc",
                "-i",
                "eth0",
                "-f",
                "-q",
                "-n",
                "-t",
                "5",
                "-T",
                "1",
                "-s",
                &script.to_string_lossy(),
                "-V",
                "Cisco Systems, Inc. IP Phone CP-7821",
                "-x",
                &host,
                "-o",
                "-O",
                "1",
                "-O",
                "3",
                "-O",
                "6",
                "-O",
                "15",
                "-O",
                "66",
                "-O",
                "150",
            ],
        )?;
        // As a phone does: is the address free, and now it is mine.
        for kind in ["-D", "-U"] {
            let address = self.exec(space, &["ip", "-4", "-o", "addr", "show", "dev", "eth0"])?;
            let address = address.split_whitespace().nth(3).and_then(|one| one.split('/').next()).unwrap_or(PHONE);
            let _ = self.exec(space, &["busybox", "arping", kind, "-c", "1", "-w", "1", "-I", "eth0", address]);
        }
        Ok(())
    }

    /// Where nothing speaks any more, the file ends before the deadline; the phone's next word is behind it.
    fn speak_later(&self) {
        std::thread::sleep(Duration::from_secs(2));
        let _ = self.exec("ph0", &["busybox", "arping", "-c", "1", "-I", "eth0", GATEWAY]);
    }

    /// A file by TFTP; what came of it is the caller's.
    fn fetch(&self, file: &str) -> Result<String, String> {
        let url = format!("tftp://{CALLMANAGER}/{file}");
        self.exec("ph0", &["curl", "-sS", "--max-time", "6", "-o", "/dev/null", &url])
    }

    fn register(&mut self, callmanager: &str, phone: &str) -> Result<(), Failed> {
        let scenario = |name: &str| common::root().join("tests/lab").join(name).to_string_lossy().into_owned();
        let (server, client) = (scenario(callmanager), scenario(phone));
        self.start(
            "cm",
            "sipp-cm",
            &[
                "sipp",
                "-sf",
                &server,
                "-t",
                "t1",
                "-i",
                CALLMANAGER,
                "-p",
                "5060",
                "-cp",
                "8890",
                "-nostdin",
                "-m",
                "1",
                "-timeout",
                "30s",
            ],
        )?;
        std::thread::sleep(Duration::from_millis(700));
        let to = format!("{CALLMANAGER}:5060");
        // The connection stays until the lab ends: a phone that hangs up is registered no more.
        self.start(
            "ph0",
            "sipp-ph",
            &[
                "sipp",
                &to,
                "-sf",
                &client,
                "-t",
                "t1",
                "-i",
                PHONE,
                "-p",
                "49170",
                "-cp",
                "8892",
                "-nostdin",
                "-m",
                "1",
                "-timeout",
                "15s",
                "-key",
                "sep",
                SEP,
                "-key",
                "mac",
                "001122334455",
                "-max_reconnect",
                "0",
            ],
        )?;
        std::thread::sleep(Duration::from_millis(1500));
        Ok(())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for space in ["sw", "cm", "ph0", "ph1", "ph2"] {
            let name = self.name(space);
            for process in run("ip", &["netns", "pids", &name]).unwrap_or_default().split_whitespace() {
                let _ = run("kill", &["-9", process]);
            }
            let _ = run("ip", &["netns", "del", &name]);
        }
    }
}

/// What the capture said live, and what `check` says of the file that it wrote.
struct Said {
    code: i32,
    text: String,
    records: Vec<Value>,
    again: Value,
    again_code: i32,
}

impl Said {
    fn of(&self, record: &str) -> impl Iterator<Item = &Value> {
        self.records.iter().filter(move |value| value["record"] == record)
    }

    fn fails(&self) -> Vec<String> {
        let fails = self.of("finding").filter(|finding| finding["severity"] == "fail");
        fails.map(|finding| format!("{} of {}", finding["id"], finding["phones"])).collect()
    }

    /// The one violation there is, and the phone's verdict by it; live and from the file alike.
    fn only(&self, id: &str, phone: &str) -> Result<(), Failed> {
        let expected = vec![format!("{id:?} of [{phone:?}]")];
        let again: Vec<String> = (self.again["findings"].as_array().into_iter().flatten())
            .filter(|finding| finding["severity"] == "fail")
            .map(|finding| format!("{} of {}", finding["id"], finding["phones"]))
            .collect();
        if self.fails() != expected || again != expected || self.code != 1 || self.again_code != 1 {
            return Err(format!(
                "expected {expected:?} and exit 1; live {:?} exit {}, file {again:?} exit {}\n{}",
                self.fails(),
                self.code,
                self.again_code,
                self.text
            )
            .into());
        }
        Ok(())
    }

    fn phone(&self, name: &str) -> Result<&Value, Failed> {
        self.of("phone")
            .find(|phone| phone["name"] == name)
            .ok_or_else(|| format!("no phone {name}:\n{}", self.text).into())
    }
}

/// The files that a known phone fetches in the story of its boot, by name: trust list and configuration as CallManager
/// would sign them.
fn files_of_the_story() -> Vec<(String, Vec<u8>)> {
    let path = common::root().join("captures/boot-known-phone-tftp.pcap");
    let mut file = CaptureFile::open(Path::new(&path)).expect("the story is there");
    let mut asked: HashMap<(IpAddr, u16), String> = HashMap::new();
    let mut files: HashMap<String, Vec<u8>> = HashMap::new();
    while let Some(frame) = file.next().expect("readable") {
        let packet = decode::packet(&frame);
        let (Layer::Udp { payload }, Some(src), Some(dst)) = (&packet.layer, packet.origin.src, packet.origin.dst)
        else {
            continue;
        };
        match payload {
            [0, 1, rest @ ..] if dst.port == 69 => {
                let name = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                asked.insert((src.ip, src.port), String::from_utf8_lossy(name).into_owned());
            }
            [0, 3, _, _, data @ ..] => {
                if let Some(name) = asked.get(&(dst.ip, dst.port)) {
                    files.entry(name.clone()).or_default().extend_from_slice(data);
                }
            }
            _ => {}
        }
    }
    assert!(!files.is_empty(), "the story carries files");
    files.into_iter().collect()
}

fn healthy() -> Result<(), Failed> {
    let mut lab = Lab::new(1)?;
    lab.link_layer()?;
    let capture = lab.capture(&["p0"], &[])?;
    // Both say who they are every second.
    std::thread::sleep(Duration::from_millis(1500));
    lab.dnsmasq(true)?;
    lab.lease("ph0", SEP)?;
    let missing = lab.fetch(&format!("CTL{SEP}.tlv"));
    if missing.is_ok() {
        return Err("a file that is not there was served".into());
    }
    lab.fetch(&format!("ITL{SEP}.tlv"))?;
    lab.fetch(&format!("{SEP}.cnf.xml.sgn"))?;
    lab.register("callmanager.xml", "phone.xml")?;
    let said = lab.end(capture)?;
    let phone = said.phone(SEP)?;
    let reached = phone["reached"].as_str().unwrap_or_default();
    let facts = phone["mac"] == MAC && phone["ip"][0] == PHONE && phone["model"] == "CP-7821";
    if said.code != 0
        || said.again_code != 0
        || phone["verdict"] != "pass"
        || !reached.starts_with("keepalive.")
        || !facts
    {
        return Err(format!("exit {} and {}, {}:\n{}", said.code, said.again_code, phone["verdict"], said.text).into());
    }
    Ok(())
}

fn no_option_150() -> Result<(), Failed> {
    let mut lab = Lab::new(1)?;
    let capture = lab.capture(&["p0"], &[("dhcp.go_on", "3s")])?;
    lab.udhcpd()?;
    lab.lease("ph0", SEP)?;
    // Nothing more comes from the phone: it is time alone that tells, and no frame that drives it.
    lab.wait_for("capture", "dhcp.no-tftp-option", Duration::from_secs(6))?;
    lab.speak_later();
    lab.end(capture)?.only("dhcp.no-tftp-option", SEP)
}

fn no_tftp() -> Result<(), Failed> {
    let mut lab = Lab::new(1)?;
    let capture = lab.capture(&["p0"], &[("tftp-server.per_server", "5s")])?;
    lab.dnsmasq(false)?;
    // The server's address leads nowhere: nothing answers, not even a refusal.
    let dropped = format!("{CALLMANAGER}/32");
    run("ip", &["-n", &lab.name("cm"), "addr", "del", &dropped, "dev", "eth0"])?;
    run("ip", &["-n", &lab.name("cm"), "route", "add", "blackhole", &dropped])?;
    lab.lease("ph0", SEP)?;
    // First by HTTP, as newer phones do.
    let http = format!("http://{CALLMANAGER}:6970/CTL{SEP}.tlv");
    if lab.exec("ph0", &["curl", "-sS", "--max-time", "4", "-o", "/dev/null", &http]).is_ok() {
        return Err("a server that is down answered".into());
    }
    for _ in 0..3 {
        if lab.fetch(&format!("CTL{SEP}.tlv")).is_ok() {
            return Err("a server that is down answered".into());
        }
    }
    lab.end(capture)?.only("tftp-server.unreachable", SEP)
}

fn refused() -> Result<(), Failed> {
    let mut lab = Lab::new(1)?;
    let capture = lab.capture(&["p0"], &[])?;
    lab.dnsmasq(true)?;
    lab.lease("ph0", SEP)?;
    let _ = lab.fetch(&format!("CTL{SEP}.tlv"));
    lab.fetch(&format!("ITL{SEP}.tlv"))?;
    lab.fetch(&format!("{SEP}.cnf.xml.sgn"))?;
    lab.register("callmanager-refuses.xml", "phone-refused.xml")?;
    lab.speak_later();
    lab.end(capture)?.only("rejected.known-phone", SEP)
}

fn page() -> Result<(), Failed> {
    let mut lab = Lab::new(3)?;
    let ports = ["p0", "p1", "p2"];
    let capture = lab.capture(&ports, &[])?;
    lab.dnsmasq(true)?;
    let addresses = [PHONE, "10.20.0.51", "10.20.0.52"];
    for (number, address) in addresses.iter().enumerate() {
        let space = format!("ph{number}");
        lab.lease(&space, &format!("SEP0011223344{:02X}", 0x55 + number))?;
        let script = common::root().join("tests/lab/phone.py");
        let script = script.to_string_lossy();
        let deaf = if number == 1 { "deaf" } else { "hears" };
        lab.start(&space, &format!("phone-{number}"), &["python3", &script, address, deaf])?;
    }
    run("ip", &["-n", &lab.name("cm"), "route", "add", "239.0.0.0/8", "dev", "eth0"])?;
    for (number, address) in addresses.iter().enumerate() {
        lab.wait(&format!("phone-{number}"), "READY")?;
        let push = format!(
            "XML=<CiscoIPPhoneExecute><ExecuteItem Priority=\"0\" URL=\"RTPMRx:{GROUP}:20480\"/></CiscoIPPhoneExecute>"
        );
        let url = format!("http://{address}/CGI/Execute");
        lab.exec("cm", &["curl", "-sSf", "-u", "page:secret", "--data-urlencode", &push, &url])?;
    }
    let to = format!("rtp://{GROUP}:20480?ttl=16&pkt_size=172&localaddr={GATEWAY}&dscp=46");
    lab.exec(
        "cm",
        &[
            "ffmpeg",
            "-nostdin",
            "-loglevel",
            "error",
            "-re",
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:duration=4:sample_rate=8000:samples_per_frame=160",
            "-ac",
            "1",
            "-c:a",
            "pcm_mulaw",
            "-f",
            "rtp",
            &to,
        ],
    )?;
    let said = lab.end(capture)?;
    let missing: Vec<&Value> = said.of("finding").filter(|finding| finding["id"] == "paging.not-joined").collect();
    let deaf = "SEP001122334456";
    match missing.as_slice() {
        [one] if one["phones"] == serde_json::json!([deaf]) => Ok(()),
        _ => Err(format!("paging.not-joined of {deaf} alone was expected:\n{}", said.text).into()),
    }
}

/// Line speed of the machine: what is sent is what is taken, written and judged; nothing is dropped.
fn replayed() -> Result<(), Failed> {
    let mut lab = Lab::new(1)?;
    let capture = lab.capture(&["p0"], &[])?;
    let story = common::root().join("captures/boot-known-phone-http.pcap");
    let story = story.to_string_lossy();
    let sent = lab.exec(
        "ph0",
        &[env!("CARGO_BIN_EXE_offhook"), "replay", &story, "-i", "eth0", "--speed", "full", "--times", "200"],
    );
    sent?;
    let said = lab.end(capture)?;
    let frames = said.again["captures"][0]["packets"].as_u64().unwrap_or(0);
    let one = common::offhook(&["check", "--format", "json", &story]);
    let one: Value = serde_json::from_str(&one.out)?;
    let expected = one["captures"][0]["packets"].as_u64().unwrap_or(0) * 200;
    let told = said.text.contains("0 dropped by kernel and interface, 0 not judged");
    // The kernel's own frames of the veth (IGMP at its beginning) may be among them.
    if !told || frames < expected || frames > expected + 20 {
        return Err(format!("{frames} frames in the file, {expected} sent:\n{}", said.text).into());
    }
    let judged = said.of("capture").next().and_then(|capture| capture["packets"].as_u64()).unwrap_or(0);
    if judged != frames {
        return Err(format!("{judged} judged of {frames}").into());
    }
    Ok(())
}
