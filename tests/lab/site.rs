//! A site of real programs: a switch, CallManager's segment and phones; `offhook capture` on the switch's ports.
#![allow(clippy::indexing_slicing, clippy::disallowed_methods, clippy::print_stdout)]

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use offhook::decode::{self, Layer};
use offhook::source::Source;
use offhook::source::file::CaptureFile;
use serde_json::Value;

use super::common;
use super::common::net::{Net, now, run};

pub const MAC: &str = "00:11:22:33:44:55";
pub const SEP: &str = "SEP001122334455";
pub const PHONE: &str = "10.20.0.50";
pub const GATEWAY: &str = "10.20.0.1";
pub const CALLMANAGER: &str = "10.1.1.10";
/// Seconds that a finding may be told behind what it rests on.
const BEHIND: f64 = 1.0;

/// Namespaces and their programs; the capture that runs, and what it said so far with the time at which it did.
pub struct Lab {
    net: Net,
    heard: Option<Receiver<(f64, String)>>,
    lines: Vec<(f64, String)>,
}

impl Deref for Lab {
    type Target = Net;

    fn deref(&self) -> &Net {
        &self.net
    }
}

impl DerefMut for Lab {
    fn deref_mut(&mut self) -> &mut Net {
        &mut self.net
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

impl Lab {
    /// A switch, CallManager's segment, and as many phones as asked.
    pub fn new(phones: usize) -> Result<Lab, Failed> {
        let mut lab = Lab { net: Net::new()?, heard: None, lines: Vec::new() };
        lab.space("sw")?;
        let switch = lab.name("sw");
        run(
            "ip",
            &[&["-n", &switch], &words("link add br0 type bridge mcast_snooping 0 forward_delay 0")[..]].concat(),
        )?;
        run("ip", &["-n", &switch, "link", "set", "br0", "up"])?;
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

    fn plug(&mut self, space: &str, port: &str, mac: &str) -> Result<(), Failed> {
        self.cable((space, "eth0"), mac, ("sw", port))?;
        run("ip", &["-n", &self.name("sw"), "link", "set", port, "master", "br0"])?;
        Ok(())
    }

    /// A relay in the cable of a port tags what comes from `space`, and takes the tag from what goes there, as if the
    /// kernel had 802.1Q; IPv4 and ARP alone. It does so from when [`Lab::vlan`] says, and passes all as it is before.
    pub fn tags(&mut self, space: &str, port: &str) -> Result<(), Failed> {
        let (relay, switch) = (format!("tag-{port}"), self.name("sw"));
        self.space(&relay)?;
        let relay_space = self.name(&relay);
        // The cable is cut: its far end moves into the relay, and a second one leads on to the switch.
        run("ip", &["-n", &switch, "link", "set", port, "nomaster"])?;
        run("ip", &["-n", &switch, "link", "set", port, "netns", &relay_space, "name", "in0"])?;
        run("ip", &["-n", &relay_space, "link", "set", "in0", "up"])?;
        self.cable((&relay, "out0"), "02:00:00:00:00:01", ("sw", port))?;
        run("ip", &["-n", &switch, "link", "set", port, "master", "br0"])?;
        // A relay carries bytes: checksums and segments must be whole before they come to it.
        let script = common::root().join("tests/lab/tag.py");
        let script = script.to_string_lossy();
        self.exec(space, &["python3", &script, "whole", "eth0"])?;
        let (log, vlan) = (format!("relay-{port}"), self.file(&format!("vlan-{port}")));
        self.start(&relay, &log, &["python3", &script, "relay", "in0", "out0", &vlan])?;
        Ok(self.wait(&log, "READY")?)
    }

    /// From now on a port is in this VLAN.
    pub fn vlan(&self, port: &str, vlan: u16) -> Result<(), Failed> {
        let (new, file) = (self.path("vlan-new"), self.path(&format!("vlan-{port}")));
        fs::write(&new, vlan.to_string())?;
        Ok(fs::rename(new, file)?)
    }

    /// `offhook capture` on ports of the switch. Timers are the site's, so that no test lasts minutes.
    pub fn capture(&mut self, ports: &[&str], timers: &[(&str, &str)]) -> Result<usize, Failed> {
        let lines: Vec<String> = timers.iter().map(|(name, value)| format!("{name:?} = {value:?}\n")).collect();
        fs::write(self.path("site.toml"), format!("[timers]\n{}", lines.concat()))?;
        let (site, file) = (self.file("site.toml"), self.file("live.pcapng"));
        let mut all = vec![env!("CARGO_BIN_EXE_offhook"), "capture", "-T", "ndjson", "--site", &site, "-w", &file];
        ports.iter().for_each(|port| all.extend(["-i", port]));
        let (index, heard) = self.listen("sw", "capture", &all)?;
        self.heard = Some(heard);
        self.wait("capture", "capturing on")?;
        Ok(index)
    }

    fn hear(&mut self) {
        let new: Vec<_> = self.heard.iter().flat_map(|heard| heard.try_iter()).collect();
        self.lines.extend(new);
    }

    /// Waits until the capture tells something.
    pub fn hears(&mut self, what: &str, most: Duration) -> Result<(), Failed> {
        let began = Instant::now();
        loop {
            self.hear();
            if self.lines.iter().any(|(_, line)| line.contains(what)) {
                return Ok(());
            }
            if began.elapsed() > most {
                return Err(format!("the capture never tells of {what:?}:\n{:?}", self.lines).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the capture as a service manager does, and gives what it said. What it found while it ran was told less
    /// than a second behind the frame that showed it, or the deadline that passed.
    pub fn end(&mut self, capture: usize) -> Result<Said, Failed> {
        std::thread::sleep(Duration::from_millis(300));
        self.hear();
        let (asked, live) = (now(), self.lines.len());
        self.signal(capture, "INT")?;
        let code = self.ended(capture, Duration::from_secs(10))?;
        println!("    asked to end, the capture ended {:.0} ms later", (now() - asked) * 1000.0);
        std::thread::sleep(Duration::from_millis(50));
        self.hear();
        let behind = self.lines[..live].iter().filter_map(|(came, line)| {
            let finding: Value = serde_json::from_str(line).ok().filter(|one: &Value| one["record"] == "finding")?;
            let time = finding["time"].as_str().and_then(seconds)?;
            Some((finding["id"].to_string(), came - time))
        });
        for (id, behind) in behind {
            println!("    {id} was told {:.0} ms behind the wire", behind * 1000.0);
            if behind > BEHIND {
                return Err(format!("{id} was told {behind:.3} s behind the wire").into());
            }
        }
        let lines: Vec<&str> = self.lines.iter().map(|(_, line)| line.as_str()).collect();
        let records = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let text = format!("{}\n{}", lines.join("\n"), self.text("capture"));
        let (file, site) = (self.file("live.pcapng"), self.file("site.toml"));
        let ran = common::offhook(&["check", "--format", "json", &file, "--site", &site]);
        let again: Value = serde_json::from_str(&ran.out).map_err(|error| format!("{error}: {}", ran.err))?;
        Ok(Said { code, text, records, again, again_code: ran.code })
    }

    /// How many frames of the capture's file an expression takes.
    pub fn decoded(&self, expression: &str) -> Result<usize, Failed> {
        let ran = common::offhook(&["decode", "-T", "ndjson", "-Y", expression, &self.file("live.pcapng")]);
        if ran.code != 0 {
            return Err(ran.err.into());
        }
        Ok(ran.out.lines().count())
    }

    /// The link layer of a switch and a phone that speaks LLDP-MED and CDP; with a voice VLAN, if the switch has one.
    pub fn link_layer(&mut self, vlan: Option<u16>) -> Result<(), Failed> {
        for (space, port, class, system) in
            [("sw", "p0", "4", "Cisco IOS Software, C2960 Software"), ("ph0", "eth0", "3", "Cisco IP Phone CP-7821")]
        {
            let socket = self.file(&format!("{space}.sock"));
            // Its own /run: the chroot and the pid file of lldpd are there.
            let script = "mount -t tmpfs -o mode=755 t /run && mkdir -p /run/lldpd && exec \"$@\"";
            let mut all = vec!["sh", "-c", script, "sh"];
            all.extend(words("lldpd -d -l -ccccc -H 0 -O /dev/null"));
            all.extend(["-M", class, "-u", &socket, "-I", port, "-C", port, "-S", system, "-P", system]);
            self.start(space, &format!("lldpd-{space}"), &all)?;
        }
        let began = Instant::now();
        while !["sw", "ph0"].iter().all(|space| self.path(&format!("{space}.sock")).exists()) {
            if began.elapsed() > Duration::from_secs(10) {
                return Err("lldpd does not come up".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut all = vec![
            ("sw", "configure system hostname sw-access-1".to_owned()),
            ("sw", "configure ports p0 lldp portidsubtype local GigabitEthernet1/0/7".to_owned()),
            ("sw", "configure med fast-start enable".to_owned()),
            ("ph0", "configure system hostname SEP001122334455".to_owned()),
            ("ph0", "configure system capabilities enabled telephone,bridge".to_owned()),
            ("ph0", "configure inventory model CP-7821".to_owned()),
            ("ph0", "configure med fast-start enable".to_owned()),
            ("ph0", "configure lldp tx-interval 1".to_owned()),
            ("sw", "configure lldp tx-interval 1".to_owned()),
            // On a busy machine a neighbour is not forgotten because a second was lost.
            ("sw", "configure lldp tx-hold 60".to_owned()),
            ("ph0", "configure lldp tx-hold 60".to_owned()),
        ];
        let policy = vlan.map(|vlan| {
            format!("configure ports p0 med policy application voice vlan {vlan} tagged priority voice dscp 46")
        });
        all.extend(policy.map(|policy| ("sw", policy)));
        for (space, line) in all {
            let socket = self.file(&format!("{space}.sock"));
            run("lldpcli", &[&["-u", &socket], &words(&line)[..]].concat())?;
        }
        std::thread::sleep(Duration::from_millis(1500));
        Ok(())
    }

    /// The voice VLAN that the phone was told by LLDP-MED.
    pub fn told_vlan(&self) -> Result<u16, Failed> {
        let socket = self.file("ph0.sock");
        let began = Instant::now();
        loop {
            let told = run("lldpcli", &["-u", &socket, "show", "neighbors", "details", "-f", "keyvalue"])?;
            let vlan = told.lines().find_map(|line| line.split_once(".policy.vlan.vid=")?.1.parse().ok());
            if let Some(vlan) = vlan {
                return Ok(vlan);
            }
            if began.elapsed() > Duration::from_secs(10) {
                return Err(format!("the phone is told of no voice VLAN:\n{told}").into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// DHCP, and TFTP if it is up.
    pub fn dnsmasq(&mut self, tftp: bool) -> Result<(), Failed> {
        let root = self.path("tftp");
        fs::create_dir_all(&root)?;
        for (name, bytes) in files_of_the_story() {
            fs::write(root.join(name), bytes)?;
        }
        run("chmod", &["-R", "a+rX", &self.file("")])?;
        let leases = format!("--dhcp-leasefile={}", self.file("leases"));
        let root = format!("--tftp-root={}", root.display());
        let option = format!("--dhcp-option-force=150,{CALLMANAGER}");
        let mut all = words(
            "dnsmasq -k -C /dev/null --port=0 -i eth0 --bind-interfaces --user=root --pid-file= --log-facility=- \
             --log-dhcp --no-ping --dhcp-authoritative --dhcp-range=10.20.0.50,10.20.0.60,255.255.255.0,1h \
             --dhcp-host=00:11:22:33:44:55,10.20.0.50 --dhcp-host=00:11:22:33:44:56,10.20.0.51 \
             --dhcp-host=00:11:22:33:44:57,10.20.0.52 --dhcp-option=3,10.20.0.1",
        );
        all.extend([leases.as_str(), option.as_str()]);
        if tftp {
            all.extend(["--enable-tftp", &root]);
        }
        self.start("cm", "dnsmasq", &all)?;
        Ok(self.wait("dnsmasq", "DHCP, IP range")?)
    }

    /// A DHCP server that knows of no telephony: no option 150, no option 66, no next-server.
    pub fn udhcpd(&mut self) -> Result<(), Failed> {
        let (leases, conf) = (self.file("leases"), self.file("udhcpd.conf"));
        File::create(&leases)?;
        let text = format!(
            "start 10.20.0.50\nend 10.20.0.60\ninterface eth0\nlease_file {leases}\nsiaddr 0.0.0.0\n\
             static_lease {MAC} {PHONE}\nopt subnet 255.255.255.0\nopt router {GATEWAY}\nopt lease 3600\n"
        );
        fs::write(&conf, text)?;
        self.start("cm", "udhcpd", &["busybox", "udhcpd", "-f", &conf])?;
        Ok(self.wait("udhcpd", "started")?)
    }

    /// The phone asks for an address, and takes it.
    pub fn lease(&self, space: &str, name: &str) -> Result<(), Failed> {
        let script = self.file("udhcpc.sh");
        fs::write(
            &script,
            "#!/bin/sh\n[ \"$1\" = bound ] || exit 0\nip addr add $ip/24 dev $interface && ip route add default via $router dev $interface\n",
        )?;
        run("chmod", &["+x", &script])?;
        let host = format!("hostname:{name}");
        let mut all = words("busybox udhcpc -i eth0 -f -q -n -t 5 -T 1 -o -O 1 -O 3 -O 6 -O 15 -O 66 -O 150");
        all.extend(["-s", &script, "-V", "Cisco Systems, Inc. IP Phone CP-7821", "-x", &host]);
        self.exec(space, &all)?;
        // As a phone does: is the address free, and now it is mine.
        for kind in ["-D", "-U"] {
            let address = self.exec(space, &words("ip -4 -o addr show dev eth0"))?;
            let address = address.split_whitespace().nth(3).and_then(|one| one.split('/').next()).unwrap_or(PHONE);
            let _ = self.exec(space, &["busybox", "arping", kind, "-c", "1", "-w", "1", "-I", "eth0", address]);
        }
        Ok(())
    }

    /// Where nothing speaks any more, the file ends before the deadline; the phone's next word is behind it.
    pub fn speak_later(&self) {
        std::thread::sleep(Duration::from_secs(2));
        let _ = self.exec("ph0", &["busybox", "arping", "-c", "1", "-I", "eth0", GATEWAY]);
    }

    /// A file by TFTP; what came of it is the caller's.
    pub fn fetch(&self, file: &str) -> Result<String, String> {
        let url = format!("tftp://{CALLMANAGER}/{file}");
        self.exec("ph0", &["curl", "-sS", "--max-time", "6", "-o", "/dev/null", &url])
    }

    /// The files that a known phone asks for.
    pub fn fetch_all(&self) -> Result<(), Failed> {
        if self.fetch(&format!("CTL{SEP}.tlv")).is_ok() {
            return Err("a file that is not there was served".into());
        }
        self.fetch(&format!("ITL{SEP}.tlv"))?;
        self.fetch(&format!("{SEP}.cnf.xml.sgn"))?;
        Ok(())
    }

    /// The phone registers, by scenarios of sipp.
    pub fn register(&mut self, callmanager: &str, phone: &str) -> Result<(), Failed> {
        let scenario = |name: &str| common::root().join("tests/lab").join(name).to_string_lossy().into_owned();
        let (server, client) = (scenario(callmanager), scenario(phone));
        let mut all = vec!["sipp", "-sf", &server, "-i", CALLMANAGER];
        all.extend(words("-t t1 -p 5060 -cp 8890 -nostdin -m 1 -timeout 30s"));
        self.start("cm", "sipp-cm", &all)?;
        std::thread::sleep(Duration::from_millis(700));
        let to = format!("{CALLMANAGER}:5060");
        // The connection stays until the lab ends: a phone that hangs up is registered no more.
        let mut all = vec!["sipp", &to, "-sf", &client, "-i", PHONE, "-key", "sep", SEP, "-key", "mac"];
        all.extend(words("001122334455 -t t1 -p 49170 -cp 8892 -nostdin -m 1 -timeout 15s -max_reconnect 0"));
        self.start("ph0", "sipp-ph", &all)?;
        std::thread::sleep(Duration::from_millis(1500));
        Ok(())
    }
}

/// Seconds since 1970 of a time as reports write it.
fn seconds(text: &str) -> Option<f64> {
    let format = &time::format_description::well_known::Rfc3339;
    Some(time::OffsetDateTime::parse(text, format).ok()?.unix_timestamp_nanos() as f64 / 1e9)
}

/// What the capture said live, and what `check` says of the file that it wrote.
pub struct Said {
    pub code: i32,
    pub text: String,
    records: Vec<Value>,
    pub again: Value,
    pub again_code: i32,
}

impl Said {
    pub fn of(&self, record: &str) -> impl Iterator<Item = &Value> {
        self.records.iter().filter(move |value| value["record"] == record)
    }

    fn fails(&self) -> Vec<String> {
        let fails = self.of("finding").filter(|finding| finding["severity"] == "fail");
        fails.map(|finding| format!("{} of {}", finding["id"], finding["phones"])).collect()
    }

    /// The one violation there is, and the phone's verdict by it; live and from the file alike.
    pub fn only(&self, id: &str, phone: &str) -> Result<(), Failed> {
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

    /// The phone is up, live and by the file alike, and these are among its facts.
    pub fn healthy(&self, facts: &[(&str, Value)]) -> Result<(), Failed> {
        let phone = self.phone(SEP)?;
        let up = phone["reached"].as_str().is_some_and(|reached| reached.starts_with("keepalive."));
        let known = phone["ip"][0] == PHONE && facts.iter().all(|(name, value)| phone[name] == *value);
        if (self.code, self.again_code) != (0, 0) || phone["verdict"] != "pass" || !up || !known {
            return Err(format!("exit {} and {}, {phone}:\n{}", self.code, self.again_code, self.text).into());
        }
        Ok(())
    }

    pub fn phone(&self, name: &str) -> Result<&Value, Failed> {
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
