//! A lab of real software: phones, a switch and a CallManager's servers in network namespaces, joined by veth and a
//! bridge; `offhook capture` runs live on the switch's ports, and what it says is held against what was really done.
//!
//! lldpd is the switch and the phone's link layer, dnsmasq the DHCP and TFTP server, busybox udhcpc and curl the phone,
//! sipp registers it, ffmpeg speaks to a group. Not every kernel has 802.1Q: a relay in the cable tags frames.
//!
//! Where namespaces are not allowed, or a program is absent, the tests are reported as ignored with the reason.

#[path = "lab/by_hand.rs"]
mod by_hand;
mod common;
#[path = "lab/site.rs"]
mod site;

use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

use common::net::{self, run};
use site::{CALLMANAGER, GATEWAY, Lab, MAC, PHONE, SEP};

const PROGRAMS: &[&str] =
    &["ip", "sysctl", "lldpd", "lldpcli", "dnsmasq", "busybox", "curl", "sipp", "ffmpeg", "python3", "mount"];
const GROUP: &str = "239.1.1.61";

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let mut add = |why_not: Option<String>, tests: &[(&str, fn() -> Result<(), Failed>)]| {
        trials.extend(tests.iter().map(|(name, test)| {
            let test = *test;
            let name = why_not.as_ref().map_or_else(|| (*name).to_owned(), |why| format!("{name}: {why}"));
            Trial::test(name, test).with_ignored_flag(why_not.is_some())
        }));
    };
    add(
        net::why_not(PROGRAMS),
        &[
            ("a healthy boot", healthy),
            ("a healthy boot in the voice VLAN that LLDP-MED told", voice_vlan),
            ("DHCP without option 150", no_option_150),
            ("the TFTP server is down", no_tftp),
            ("CallManager refuses", refused),
            ("a page with one listener missing", page),
            ("every frame of a replay is taken, written and judged", replayed),
        ],
    );
    add(net::why_not(by_hand::PROGRAMS), by_hand::TESTS);
    add(net::why_not(by_hand::ON_A_SCREEN), by_hand::SCREEN);
    libtest_mimic::run(&arguments, trials).exit();
}

fn healthy() -> Result<(), Failed> {
    let mut lab = Lab::new(1)?;
    lab.link_layer(None)?;
    let capture = lab.capture(&["p0"], &[])?;
    // Both say who they are every second.
    std::thread::sleep(Duration::from_millis(1500));
    lab.dnsmasq(true)?;
    lab.lease("ph0", SEP)?;
    lab.fetch_all()?;
    lab.register("callmanager.xml", "phone.xml")?;
    let said = lab.end(capture)?;
    said.healthy(&[("mac", MAC.into()), ("model", "CP-7821".into())])
}

/// The switch says by LLDP-MED where voice goes; the phone does what it is told, and the server is there.
fn voice_vlan() -> Result<(), Failed> {
    const VLAN: u16 = 110;
    let mut lab = Lab::new(1)?;
    lab.tags("ph0", "p0")?;
    lab.tags("cm", "c1")?;
    lab.vlan("c1", VLAN)?;
    lab.link_layer(Some(VLAN))?;
    let capture = lab.capture(&["p0"], &[])?;
    let told = lab.told_vlan()?;
    lab.vlan("p0", told)?;
    std::thread::sleep(Duration::from_millis(1500));
    lab.dnsmasq(true)?;
    lab.lease("ph0", SEP)?;
    lab.fetch_all()?;
    lab.register("callmanager.xml", "phone.xml")?;
    let said = lab.end(capture)?;
    said.healthy(&[("mac", MAC.into()), ("vlan", VLAN.into()), ("model", "CP-7821".into())])?;
    // Tagged were its frames, and those to it; and the phone room says what LLDP-MED said.
    let untagged = lab.decoded("ip && !(vlan.id == 110)")?;
    let tagged = lab.decoded("ip && vlan.id == 110")?;
    let policy = lab.decoded("lldp.media.vlan_id == 110")?;
    if untagged != 0 || tagged == 0 || policy == 0 {
        return Err(format!("{untagged} packets without the tag, {tagged} with it, {policy} policies").into());
    }
    Ok(())
}

fn no_option_150() -> Result<(), Failed> {
    let mut lab = Lab::new(1)?;
    let capture = lab.capture(&["p0"], &[("dhcp.go_on", "3s")])?;
    lab.udhcpd()?;
    lab.lease("ph0", SEP)?;
    // Nothing more comes from the phone: it is time alone that tells, and no frame that drives it.
    lab.hears("dhcp.no-tftp-option", Duration::from_secs(6))?;
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
    lab.fetch_all()?;
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
