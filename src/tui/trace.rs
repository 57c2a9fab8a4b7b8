//! A phone's ladder: every protocol between it and its switch, servers, groups and peers, with the steps at the side,
//! and what was expected and did not come.

use std::collections::HashMap;
use std::net::IpAddr;

use super::judge::Judge;
use super::seen::Message;
use super::words;
use crate::event::{EventBuf, Mac};
use crate::finding::{Finding, Flow, PhoneId, Severity, Verdict};
use crate::model::Models;
use crate::phone::Phone;
use crate::report::chain::CHAIN;
use crate::report::ladder::{Kind, Ladder, Lane, Rung};
use crate::time::Ts;

/// Who the other one is; lanes stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Role {
    Phone,
    Switch,
    Network,
    Dhcp,
    Tftp,
    CallManager(Option<IpAddr>),
    Camera,
    Application,
    Party,
    Group,
}

impl Role {
    const fn title(self) -> &'static str {
        match self {
            Role::Phone => "Phone",
            Role::Switch => "Switch",
            Role::Network => "Network",
            Role::Dhcp => "DHCP",
            Role::Tftp => "TFTP",
            Role::CallManager(_) => "CallManager",
            Role::Camera => "Camera",
            Role::Application => "Application",
            Role::Party => "Party",
            Role::Group => "Group",
        }
    }
}

/// Events that another event of the same frame says better; shown when everything is asked for.
fn is_echo(event: &EventBuf) -> bool {
    match event.def.proto() {
        "file" => event.def.name != "file.stalled",
        "ctl" | "itl" | "sgn" | "cnf" | "xml" | "sdp" | "midlet" | "ciscoxml" | "remotecc" | "servicecontrol" => true,
        "tcp" => match event.def.name {
            "tcp.connect" => !event.fields.iter().any(|f| f.def.name == "tcp.attempt" && f.value.as_uint() > Some(1)),
            name => !matches!(name, "tcp.refused" | "tcp.reset"),
        },
        "capture" => true,
        "tls" => matches!(event.def.name, "tls.data" | "tls.handshake" | "tls.change_cipher_spec"),
        _ => false,
    }
}

/// The ladder of a phone; with `everything`, also what other messages say already.
pub fn ladder(judge: &Judge, id: PhoneId, everything: bool) -> Ladder {
    let Some(phone) = judge.phones().get(id) else { return Ladder::default() };
    let (seen, phones) = (judge.seen(), judge.phones());
    let findings: Vec<&Finding> =
        judge.findings().iter().filter(|f| f.phones.iter().any(|known| phones.now(*known) == id)).collect();
    let flows = judge.flows_of(id);
    let serials = seen.of_phone(id, phones);
    let messages: Vec<(u64, &Message)> = (serials.into_iter())
        .filter_map(|serial| Some((serial, seen.message(serial)?)))
        .filter(|(_, message)| everything || !is_echo(&message.event))
        .collect();
    let cited: HashMap<u64, Severity> = cited(&findings);
    let mut made: Vec<(Role, Role, Rung)> = Vec::new();
    let mut abouts: HashMap<Role, Vec<String>> = HashMap::new();
    for (serial, message) in messages {
        let sends = message.phones.iter().any(|(known, sends)| *sends && phones.now(*known) == id);
        let (role, about) = other(&message.event, sends, phone);
        let known = abouts.entry(role).or_default();
        if !about.is_empty() && !known.contains(&about) {
            known.push(about);
        }
        let (from, to) = if sends { (Role::Phone, role) } else { (role, Role::Phone) };
        let rung = Rung {
            time: message.event.origin.time,
            frame: message.event.origin.frame,
            kind: Kind::Message,
            from: 0,
            to: 0,
            text: words::of(&message.event),
            band: "",
            severity: message.event.frames.iter().filter_map(|frame| cited.get(frame)).max().copied(),
            message: Some(serial),
        };
        made.push((from, to, rung));
    }
    let absent: Vec<_> = findings.iter().filter_map(|finding| missing(judge.models(), finding, &made)).collect();
    made.extend(absent);
    if !judge.is_over() {
        let awaited: Vec<_> = flows.iter().filter_map(|flow| awaited(judge, flow, &made)).collect();
        made.extend(awaited);
    }
    made.sort_by_key(|(_, _, rung)| (rung.time, rung.kind != Kind::Message, rung.message));
    bands(&mut made, &flows);
    let mut roles: Vec<Role> = made.iter().flat_map(|(from, to, _)| [*from, *to]).chain([Role::Phone]).collect();
    roles.sort_unstable();
    roles.dedup();
    let lane = |role: &Role| roles.iter().position(|known| known == role).unwrap_or(0);
    let lanes = roles
        .iter()
        .map(|role| Lane {
            title: role.title().to_owned(),
            about: match role {
                Role::Phone => address(phone),
                role => about(abouts.get(role).map(Vec::as_slice).unwrap_or_default()),
            },
        })
        .collect();
    let rungs = made.iter().map(|(from, to, rung)| Rung { from: lane(from), to: lane(to), ..rung.clone() }).collect();
    Ladder { title: phone.label(), lanes, rungs }
}

fn address(phone: &Phone) -> String {
    phone.addresses.last().map(|a| a.ip.to_string()).unwrap_or_default()
}

fn about(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one} +{}", rest.len()),
    }
}

fn cited(findings: &[&Finding]) -> HashMap<u64, Severity> {
    let mut cited = HashMap::new();
    for finding in findings.iter().filter(|f| f.severity > Severity::Info) {
        for frame in &finding.frames {
            let worst = cited.entry(*frame).or_insert(finding.severity);
            *worst = (*worst).max(finding.severity);
        }
    }
    cited
}

/// Who the other end of a message is, and what it is called.
fn other(event: &EventBuf, sends: bool, phone: &Phone) -> (Role, String) {
    let origin = &event.origin;
    let end = if sends { origin.dst } else { origin.src };
    let about = end.map(|end| end.ip.to_string()).unwrap_or_default();
    let multicast = origin.dst.filter(|dst| dst.ip.is_multicast()).map(|dst| dst.ip.to_string());
    let ports = [origin.src, origin.dst].map(|end| end.map_or(0, |end| end.port));
    match event.def.proto() {
        "cdp" | "lldp" => (Role::Switch, phone.switch.clone().unwrap_or_default()),
        "arp" => {
            let mac = if sends { None } else { origin.eth_src };
            (Role::Network, mac.map(|mac| Mac(mac).to_string()).unwrap_or_default())
        }
        "dns" | "icmp" => (Role::Network, about),
        "igmp" => (Role::Group, multicast.unwrap_or(about)),
        "dhcp" => (Role::Dhcp, if about == "255.255.255.255" { String::new() } else { about }),
        "tftp" => (Role::Tftp, about),
        "cast" => (Role::Camera, about),
        "rtp" | "rtcp" => match multicast {
            Some(group) => (Role::Group, group),
            None => (Role::Party, about),
        },
        "sip" | "skinny" | "ciscoalarm" => (Role::CallManager(end.map(|end| end.ip)), about),
        "tls" => match ports {
            [a, b] if [a, b].iter().any(|port| matches!(port, 6971 | 6972)) => (Role::Tftp, about),
            _ => (Role::CallManager(end.map(|end| end.ip)), about),
        },
        "http" | "file" => match ports {
            [a, b] if [a, b].iter().any(|port| matches!(port, 6970..=6972 | 69)) => (Role::Tftp, about),
            _ if event.def.proto() == "file" => (Role::Tftp, about),
            _ => (Role::Application, about),
        },
        _ => match ports {
            [a, b] if [a, b].iter().any(|port| matches!(port, 6970..=6972)) => (Role::Tftp, about),
            [a, b] if [a, b].iter().any(|port| matches!(port, 5060 | 5061 | 2000 | 2443)) => {
                (Role::CallManager(end.map(|end| end.ip)), about)
            }
            _ => (Role::Network, about),
        },
    }
}

type Made = (Role, Role, Rung);

/// What the wait was for: the event that leads on from the state, first of all one that raises nothing.
fn expected(models: &Models, model: &str, state: &str) -> Option<&'static str> {
    let model = models.get(model)?;
    let at = model.states.iter().position(|known| *known.name == *state)?;
    let rows = model.rows.iter().filter(|row| row.from.contains(&at) && row.to.is_some_and(|to| to != at));
    rows.flat_map(|row| row.by.iter().map(|def| def.name)).next()
}

/// A finding whose time is that of no message is one about what did not come.
fn missing(models: &Models, finding: &Finding, made: &[Made]) -> Option<Made> {
    let at_message = made.iter().any(|(_, _, rung)| rung.time == finding.time);
    if at_message || finding.severity == Severity::Info {
        return None;
    }
    let what = expected(models, &finding.model, &finding.state)?;
    let last = finding.frames.last().copied().unwrap_or(0);
    let (from, to) = answer(made, what, last);
    let rung = dashed(finding.time, last, Kind::Missing, what, Some(finding.severity));
    Some((from, to, rung))
}

/// A run that still waits.
fn awaited(judge: &Judge, flow: &Flow, made: &[Made]) -> Option<Made> {
    if flow.verdict != Verdict::Inconclusive || !CHAIN.contains(&&*flow.model) {
        return None;
    }
    let what = expected(judge.models(), &flow.model, &flow.state)?;
    let (from, to) = answer(made, what, flow.to_frame);
    let now = judge.summary().last?;
    Some((from, to, dashed(now, flow.to_frame, Kind::Awaited, what, None)))
}

fn dashed(time: Ts, frame: u64, kind: Kind, what: &str, severity: Option<Severity>) -> Rung {
    let text = what.replace('_', " ").replacen('.', " ", 1);
    Rung { time, frame, kind, from: 0, to: 0, text, band: "", severity, message: None }
}

/// Between whom: the message before was a question of the phone's, then its answer is missing; else the phone's own.
fn answer(made: &[Made], what: &str, frame: u64) -> (Role, Role) {
    let proto = what.split('.').next().unwrap_or(what);
    let last = made.iter().filter(|(_, _, rung)| rung.frame <= frame).max_by_key(|(_, _, rung)| rung.frame);
    let usual = match proto {
        "cdp" | "lldp" => Some(Role::Switch),
        "dhcp" => Some(Role::Dhcp),
        "tftp" | "file" => Some(Role::Tftp),
        "igmp" => Some(Role::Group),
        _ => None,
    };
    match last {
        Some((Role::Phone, to, _)) => (usual.unwrap_or(*to), Role::Phone),
        Some((from, _, _)) => (Role::Phone, usual.unwrap_or(*from)),
        None => (usual.unwrap_or(Role::CallManager(None)), Role::Phone),
    }
}

/// The step each rung belongs to: the one that it moved, else that of the rung before.
fn bands(made: &mut [Made], flows: &[Flow]) {
    let mut moved: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, flow) in flows.iter().filter_map(|flow| Some((CHAIN.iter().position(|m| **m == *flow.model)?, flow))) {
        for step in &flow.path {
            moved.entry(step.frame).or_default().push(place);
        }
    }
    let mut band = "";
    for (_, _, rung) in made {
        // A message may end one step and begin the next: it is the end of the first, but a link says only what it says.
        let own = match rung.text.split(' ').next() {
            Some("cdp" | "lldp") => Some("link"),
            Some("dhcp") => Some("dhcp"),
            _ => None,
        };
        let places = moved.get(&rung.frame).map(Vec::as_slice).unwrap_or_default();
        let names = || places.iter().filter_map(|place| Some((*place, *CHAIN.get(*place)?)));
        let first = || names().filter(|(_, name)| *name != "link").min().map(|(_, name)| name);
        if let Some(name) = names().map(|(_, name)| name).find(|name| Some(*name) == own).or_else(first) {
            band = name;
        }
        rung.band = band;
    }
}
