//! Who is who: device name ↔ MAC ↔ addresses over time ↔ directory number ↔ CallManager ↔ switch port.
//!
//! A device name is the strongest key, and it carries the MAC (`SEP` and twelve hexadecimal digits). Then comes
//! the MAC, while the capture sits on the phone's own segment; then the address, by lease or ARP at that time.
//! An address may pass from one phone to another: a later binding never rewrites what was said earlier.
//!
//! What makes a phone at all is evidence of its own: it announces itself, asks for a phone's file, or speaks as
//! one. A station without that evidence has no verdict: its events wait, bounded, until it is one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use foldhash::fast::FixedState;

use crate::event::{Event, EventBuf, FieldDef, Mac, Schema, Value, ip, mac, text};
use crate::fields;
use crate::finding::PhoneId;
use crate::flow::is_station;
pub use crate::model::Concerned;
use crate::model::Identity;
use crate::time::Ts;

fields! { FIELDS;
    NAME = text("phone.name", "Device name of the phone concerned, else its MAC, else its address");
    MAC = mac("phone.mac", "Hardware address of the phone concerned");
    IP = ip("phone.ip", "Addresses of the phone concerned");
    VERDICT = text("phone.verdict", "Verdict on the phone concerned: pass, fail or inconclusive");
    FINDING = text("finding.id", "Findings that cite this frame");
}

/// Bounds of this room.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Stations (phones or not) told apart.
    pub stations: usize,
    /// Events that wait for their station to prove itself a phone: of one, and of all.
    pub waiting: (usize, usize),
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { stations: 100_000, waiting: (48, 50_000) }
    }
}

/// An address that a phone had, from when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// First seen with it.
    pub from: Ts,
    /// Another station took it over.
    pub until: Option<Ts>,
}

/// What is known of a phone.
#[derive(Debug, Clone, Default)]
pub struct Phone {
    /// `SEP001122334455`
    pub name: Option<String>,
    /// Its hardware address.
    pub mac: Option<[u8; 6]>,
    /// Its addresses in the order it had them.
    pub addresses: Vec<Address>,
    /// The VLAN its own frames are tagged with.
    pub vlan: Option<u16>,
    /// The switch it hangs on.
    pub switch: Option<String>,
    /// The port of that switch.
    pub switch_port: Option<String>,
    /// `CP-7961G`
    pub model: Option<String>,
    /// The firmware it says it runs.
    pub load: Option<String>,
    /// Directory numbers.
    pub dn: Vec<String>,
    /// CallManagers it spoke to, or was told of, in that order.
    pub callmanagers: Vec<String>,
    /// Protocols it was seen to speak itself.
    speaks: Vec<&'static str>,
    /// Unicast packets to it are in the capture.
    hears: bool,
    /// Frames with its own MAC as their source are in the capture.
    own_mac_seen: bool,
    /// Unicast frames from or to its MAC are in the capture.
    on_path: bool,
    /// First and last frame that concerned it.
    pub frames: Option<(u64, u64)>,
}

impl Phone {
    /// What a report calls it: the device name, else the MAC, else the address.
    pub fn label(&self) -> String {
        match (&self.name, self.mac, self.addresses.first()) {
            (Some(name), _, _) => name.clone(),
            (None, Some(mac), _) => Mac(mac).to_string(),
            (None, None, Some(address)) => address.ip.to_string(),
            (None, None, None) => "unnamed phone".to_owned(),
        }
    }

    /// Whether `wanted` (a device name, MAC or address as text) means this phone.
    pub fn is(&self, wanted: &str) -> bool {
        self.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
            || self.mac.is_some_and(|mac| same_mac(mac, wanted))
            || wanted.parse().is_ok_and(|ip: IpAddr| self.addresses.iter().any(|a| a.ip == ip))
    }

    /// A fact of the phone's identity, for the models; nothing is said of what is not known.
    pub fn identity(&self, what: Identity, found: &mut dyn FnMut(&Value<'_>)) {
        let mut text = |one: Option<&String>| {
            if let Some(one) = one {
                found(&Value::Text(one.as_str().into()));
            }
        };
        match what {
            Identity::Name => text(self.name.as_ref()),
            Identity::Model => text(self.model.as_ref()),
            Identity::Load => text(self.load.as_ref()),
            Identity::Dn => self.dn.iter().for_each(|dn| text(Some(dn))),
            Identity::CallManager => text(self.callmanagers.last()),
            Identity::Mac => self.mac.into_iter().for_each(|mac| found(&Value::Mac(mac))),
            Identity::Vlan => self.vlan.into_iter().for_each(|vlan| found(&Value::Uint(u64::from(vlan)))),
            Identity::Ip => {
                self.addresses
                    .iter()
                    .rev()
                    .find(|a| a.until.is_none())
                    .into_iter()
                    .for_each(|a| found(&Value::Ip(a.ip)));
            }
        }
    }

    /// Whether the capture could have seen what the phone says in a protocol: the ground on which absence is judged.
    ///
    /// * `cdp`, `lldp`, `link`: only where the phone itself was seen to speak on its link;
    /// * `dhcp`, `arp`: where any frame of the phone's own MAC is in the capture;
    /// * `replies`: where frames sent to the phone are in the capture;
    /// * anything above IP: where the capture lies on the phone's path (its link, or unicast frames of its MAC) and
    ///   holds more than DHCP (`holds_ip`), or where the phone was seen to speak just that.
    pub fn visible(&self, proto: &str, holds_ip: bool) -> bool {
        let speaks = |proto: &str| self.speaks.contains(&proto);
        match proto {
            "cdp" | "lldp" => speaks(proto),
            "link" => speaks("cdp") || speaks("lldp"),
            "replies" => self.hears,
            "dhcp" | "arp" => speaks(proto) || speaks("cdp") || speaks("lldp") || self.own_mac_seen,
            "ip" => holds_ip,
            _ => speaks(proto) || holds_ip && (self.on_path || speaks("cdp") || speaks("lldp")),
        }
    }
}

fn same_mac(mac: [u8; 6], text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    digits.eq_ignore_ascii_case(&mac.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

/// A station: a phone, or what may still prove to be one.
#[derive(Debug, Default)]
struct Station {
    phone: Phone,
    is_phone: bool,
    waiting: VecDeque<EventBuf>,
    /// Merged into another station.
    alias: Option<u32>,
}

/// Two records that were found to be one phone: what is kept under `gone` belongs to `stays`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// This id means nothing any more.
    pub gone: PhoneId,
    /// This one does.
    pub stays: PhoneId,
}

/// What came of an event.
#[derive(Debug, Default)]
pub struct Observed {
    /// The phones it concerns now.
    pub concerned: Vec<Concerned>,
    /// Stations that have just proved to be phones: their earlier events, oldest first.
    pub proven: Vec<(PhoneId, Vec<EventBuf>)>,
    /// Records that were found to be one.
    pub merged: Vec<Merged>,
}

impl Observed {
    fn clear(&mut self) {
        self.concerned.clear();
        self.proven.clear();
        self.merged.clear();
    }
}

/// How an address is bound: to one station, or to a NAT or tool behind which several names speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    To(u32),
    Shared,
}

/// All phones of a capture.
#[derive(Debug)]
pub struct Phones {
    stations: Vec<Station>,
    by_name: HashMap<String, u32, FixedState>,
    by_mac: HashMap<[u8; 6], u32, FixedState>,
    by_ip: HashMap<IpAddr, Bound, FixedState>,
    /// Who speaks on a flow of a shared address: by client end and server end.
    by_flow: HashMap<(IpAddr, u16, IpAddr, u16), u32, FixedState>,
    /// What ARP says of stations that are no phones yet.
    arp: HashMap<IpAddr, [u8; 6], FixedState>,
    /// Addresses that register phones or serve their files.
    servers: HashSet<IpAddr, FixedState>,
    /// Phones seen on the link itself, and what a switch said before the first of them.
    on_link: Vec<u32>,
    switch_waiting: VecDeque<EventBuf>,
    /// A switch spoke, and of which phone's port is not known.
    switch_unclear: bool,
    /// What phones asked for voice power with: the switch echoes it.
    power_requests: HashMap<u64, u32, FixedState>,
    waiting: usize,
    limits: Limits,
    limit_hit: bool,
    fields: Names,
    wanted: Vec<&'static FieldDef>,
    observed: Observed,
}

/// The fields that tell who is who, looked up once.
#[derive(Debug)]
struct Names {
    /// Device names that the sender gives of itself, by protocol.
    own_name: Vec<(&'static str, &'static FieldDef)>,
    cdp_voip: Option<&'static FieldDef>,
    cdp_platform: Option<&'static FieldDef>,
    cdp_port: Option<&'static FieldDef>,
    cdp_device: Option<&'static FieldDef>,
    cdp_load: Option<&'static FieldDef>,
    cdp_request: Option<&'static FieldDef>,
    lldp_caps: Option<&'static FieldDef>,
    lldp_desc: Option<&'static FieldDef>,
    lldp_name: Option<&'static FieldDef>,
    lldp_port: Option<&'static FieldDef>,
    lldp_port_desc: Option<&'static FieldDef>,
    lldp_maker: Option<&'static FieldDef>,
    lldp_model: Option<&'static FieldDef>,
    lldp_software: Option<&'static FieldDef>,
    dhcp_mac: Option<&'static FieldDef>,
    dhcp_yours: Option<&'static FieldDef>,
    dhcp_client: Option<&'static FieldDef>,
    dhcp_phone: Option<&'static FieldDef>,
    dhcp_model: Option<&'static FieldDef>,
    arp_mac: Option<&'static FieldDef>,
    arp_ip: Option<&'static FieldDef>,
    sip_phone: Option<&'static FieldDef>,
    sip_alarm: Option<&'static FieldDef>,
    sip_cucm: Option<&'static FieldDef>,
    sip_method: Option<&'static FieldDef>,
    sip_cseq_method: Option<&'static FieldDef>,
    sip_status: Option<&'static FieldDef>,
    sip_to_user: Option<&'static FieldDef>,
    sip_load: Option<&'static FieldDef>,
    http_model: Option<&'static FieldDef>,
    cnf_line: Option<&'static FieldDef>,
    cnf_callmanager: Option<&'static FieldDef>,
    skinny_phone: Option<&'static FieldDef>,
    file_client: Option<&'static FieldDef>,
    file_server: Option<&'static FieldDef>,
}

impl Names {
    /// Notes in `wanted` what it finds.
    fn new(schema: &Schema, wanted: &mut Vec<&'static FieldDef>) -> Names {
        let mut f = |name: &str| schema.field(name).inspect(|def| wanted.push(def));
        Names {
            own_name: [
                ("cdp", "cdp.deviceid"),
                ("lldp", "lldp.tlv.system.name"),
                ("dhcp", "dhcp.option.hostname"),
                ("file", "file.device"),
                ("sip", "sip.contact.devicename"),
                ("ciscoalarm", "ciscoalarm.device_name"),
                ("skinny", "skinny.DeviceName"),
            ]
            .into_iter()
            .filter_map(|(proto, name)| Some((proto, f(name)?)))
            .collect(),
            cdp_voip: f("cdp.capabilities.voip_phone"),
            cdp_platform: f("cdp.platform"),
            cdp_port: f("cdp.portid"),
            cdp_device: f("cdp.deviceid"),
            cdp_load: f("cdp.software_version"),
            cdp_request: f("cdp.request_id"),
            lldp_caps: f("lldp.tlv.enable_system_cap"),
            lldp_desc: f("lldp.tlv.system.desc"),
            lldp_name: f("lldp.tlv.system.name"),
            lldp_port: f("lldp.port.id"),
            lldp_port_desc: f("lldp.port.desc"),
            lldp_maker: f("lldp.media.manufacturer"),
            lldp_model: f("lldp.media.model"),
            lldp_software: f("lldp.media.software"),
            dhcp_mac: f("dhcp.hw.mac_addr"),
            dhcp_yours: f("dhcp.ip.your"),
            dhcp_client: f("dhcp.ip.client"),
            dhcp_phone: f("dhcp.cisco_phone"),
            dhcp_model: f("dhcp.phone_model"),
            arp_mac: f("arp.src.hw_mac"),
            arp_ip: f("arp.src.proto_ipv4"),
            sip_phone: f("sip.cisco_phone"),
            sip_alarm: f("sip.alarm"),
            sip_cucm: f("sip.cucm"),
            sip_method: f("sip.Method"),
            sip_cseq_method: f("sip.CSeq.method"),
            sip_status: f("sip.Status-Code"),
            sip_to_user: f("sip.to.user"),
            sip_load: f("sip.reason.load"),
            http_model: f("http.x_ciscoipphonemodelname"),
            cnf_line: f("cnf.line.name"),
            cnf_callmanager: f("cnf.callmanager"),
            skinny_phone: f("skinny.phone"),
            file_client: f("file.client"),
            file_server: f("file.server"),
        }
    }
}

fn value<'e>(event: &Event<'e>, def: Option<&'static FieldDef>) -> Option<&'e Value<'e>> {
    event.get(def?)
}

fn text_of(event: &Event<'_>, def: Option<&'static FieldDef>) -> Option<String> {
    value(event, def).and_then(Value::as_text).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
}

fn flag(event: &Event<'_>, def: Option<&'static FieldDef>) -> bool {
    value(event, def).and_then(Value::as_uint).is_some_and(|v| v != 0)
}

fn mac_of(event: &Event<'_>, def: Option<&'static FieldDef>) -> Option<[u8; 6]> {
    match value(event, def)? {
        Value::Mac(mac) => Some(*mac),
        _ => None,
    }
}

fn ip_of(event: &Event<'_>, def: Option<&'static FieldDef>) -> Option<IpAddr> {
    match value(event, def)? {
        Value::Ip(ip) if is_station(*ip) => Some(*ip),
        _ => None,
    }
}

/// The MAC in a phone's device name, if it is one: `SEP` and twelve hexadecimal digits (or `ATA`).
pub fn device_mac(name: &str) -> Option<[u8; 6]> {
    let upper = name.get(..3)?.to_ascii_uppercase();
    let digits = name.get(3..15)?;
    if !matches!(upper.as_str(), "SEP" | "ATA") || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    // A domain may follow in LLDP: SEP001122334455.example.com.
    if name.as_bytes().get(15).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let mut mac = [0; 6];
    for (byte, i) in mac.iter_mut().zip((0..12).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(i..i + 2)?, 16).ok()?;
    }
    Some(mac)
}

impl Phones {
    /// No phone yet.
    pub fn new(schema: &Schema, limits: Limits) -> Phones {
        let mut wanted = Vec::new();
        Phones {
            stations: Vec::new(),
            by_name: HashMap::with_hasher(FixedState::default()),
            by_mac: HashMap::with_hasher(FixedState::default()),
            by_ip: HashMap::with_hasher(FixedState::default()),
            by_flow: HashMap::with_hasher(FixedState::default()),
            arp: HashMap::with_hasher(FixedState::default()),
            servers: HashSet::with_hasher(FixedState::default()),
            on_link: Vec::new(),
            switch_waiting: VecDeque::new(),
            switch_unclear: false,
            power_requests: HashMap::with_hasher(FixedState::default()),
            waiting: 0,
            limits,
            limit_hit: false,
            fields: Names::new(schema, &mut wanted),
            wanted,
            observed: Observed::default(),
        }
    }

    /// The fields that tell who is who: no other is looked at here.
    pub fn wanted(&self) -> &[&'static FieldDef] {
        &self.wanted
    }

    /// What is known of a phone.
    pub fn get(&self, id: PhoneId) -> Option<&Phone> {
        let station = self.stations.get(self.resolve(id.0) as usize)?;
        Some(&station.phone)
    }

    /// Every phone, in the order they proved to be phones or were first seen.
    pub fn all(&self) -> impl Iterator<Item = (PhoneId, &Phone)> {
        self.stations
            .iter()
            .enumerate()
            .filter(|(_, s)| s.is_phone && s.alias.is_none())
            .map(|(id, s)| (PhoneId(id as u32), &s.phone))
    }

    /// Whether every switch that spoke could be told to a phone: else nobody knows that a phone's switch is silent.
    pub fn switches_are_clear(&self) -> bool {
        !self.switch_unclear
    }

    /// Whether a bound of this room was reached.
    pub fn limit_hit(&self) -> bool {
        self.limit_hit
    }

    /// Learns from an event who is who, and says which phones it concerns. `keep` tells whether a model waits
    /// for such events: only those are kept for stations that are no phones yet.
    pub fn observe(&mut self, event: &Event<'_>, keep: bool) -> &mut Observed {
        self.observed.clear();
        let proto = event.def.proto();
        match proto {
            "cdp" | "lldp" => self.link(event, keep),
            "dhcp" => self.dhcp(event, keep),
            "arp" => self.arp(event, keep),
            _ => self.talk(event, keep),
        }
        &mut self.observed
    }

    /// Gives back the memory of an [`Observed`] that was taken.
    pub fn give_back(&mut self, observed: Observed) {
        self.observed = observed;
    }

    /// Whether a phone is the sender of an event that waited for it.
    pub fn sends(&self, id: PhoneId, event: &EventBuf) -> bool {
        let Some(phone) = self.get(id) else { return false };
        match (event.origin.src, event.def.proto()) {
            (_, "cdp" | "lldp" | "arp" | "dhcp") | (None, _) => {
                phone.mac.is_some() && event.origin.eth_src == phone.mac
            }
            (Some(src), _) => phone.addresses.iter().any(|a| a.ip == src.ip),
        }
    }

    fn resolve(&self, mut id: u32) -> u32 {
        while let Some(next) = self.stations.get(id as usize).and_then(|s| s.alias) {
            id = next;
        }
        id
    }

    fn add(&mut self) -> Option<u32> {
        if self.stations.len() >= self.limits.stations {
            self.limit_hit = true;
            return None;
        }
        self.stations.push(Station::default());
        Some((self.stations.len() - 1) as u32)
    }

    fn with_mac(&mut self, mac: [u8; 6]) -> Option<u32> {
        if let Some(id) = self.by_mac.get(&mac) {
            return Some(self.resolve(*id));
        }
        let id = self.add()?;
        self.by_mac.insert(mac, id);
        self.stations.get_mut(id as usize)?.phone.mac = Some(mac);
        Some(id)
    }

    fn with_name(&mut self, name: &str, mac: [u8; 6]) -> Option<u32> {
        let id = match self.by_name.get(name) {
            Some(id) => self.resolve(*id),
            None => {
                let id = self.with_mac(mac)?;
                self.by_name.insert(name.to_owned(), id);
                id
            }
        };
        let phone = &mut self.stations.get_mut(id as usize)?.phone;
        if phone.name.is_none() {
            phone.name = Some(name.to_owned());
        }
        Some(id)
    }

    /// The device name an event gives of its sender (or of the client that asks).
    fn name_in(&self, event: &Event<'_>) -> Option<(String, [u8; 6])> {
        let proto = event.def.proto();
        let (_, def) = self.fields.own_name.iter().find(|(of, _)| *of == proto)?;
        let name = event.get(def)?.as_text()?;
        let mac = device_mac(name)?;
        Some((name.get(..15)?.to_ascii_uppercase(), mac))
    }

    /// CDP and LLDP: a phone of itself, or a switch of a phone's port.
    fn link(&mut self, event: &Event<'_>, keep: bool) {
        let n = &self.fields;
        let name = self.name_in(event);
        let platform = text_of(event, n.cdp_platform);
        let telephone = value(event, n.lldp_caps).and_then(Value::as_uint).is_some_and(|caps| caps & 0x20 != 0);
        let cisco =
            [n.lldp_desc, n.lldp_maker].into_iter().any(|def| text_of(event, def).is_some_and(|t| t.contains("Cisco")));
        let is_phone = flag(event, n.cdp_voip)
            && (name.is_some() || platform.as_deref().is_some_and(|p| p.contains("Phone")))
            || telephone && (name.is_some() || cisco);
        let Some(mac) = event.origin.eth_src.or(name.as_ref().map(|(_, mac)| *mac)) else { return };
        if !is_phone {
            self.switch(event, keep);
            return;
        }
        let id = match &name {
            Some((name, mac)) => self.with_name(name, *mac),
            None => self.with_mac(mac),
        };
        let Some(id) = id else { return };
        let n = &self.fields;
        let model = platform.map(|p| p.replace("Cisco IP Phone ", "CP-")).or_else(|| text_of(event, n.lldp_model));
        let load = text_of(event, n.cdp_load).or_else(|| text_of(event, n.lldp_software));
        let request = value(event, n.cdp_request).and_then(Value::as_uint);
        if let Some(request) = request {
            self.power_requests.insert(request, id);
        }
        if let Some(station) = self.stations.get_mut(id as usize) {
            let phone = &mut station.phone;
            phone.model = phone.model.take().or(model);
            phone.load = phone.load.take().or(load);
        }
        let first = !self.on_link.contains(&id);
        if first {
            self.on_link.push(id);
        }
        self.prove(id);
        if first && self.on_link.len() == 1 {
            let earlier: Vec<EventBuf> = self.switch_waiting.drain(..).collect();
            for told in &earlier {
                self.hangs_on(id, &told.borrow());
            }
            self.give(id, earlier);
        }
        self.concern(id, true, event, keep);
    }

    /// A switch speaks: of the one phone on this link, or of the one whose power request it echoes.
    fn switch(&mut self, event: &Event<'_>, keep: bool) {
        let request = value(event, self.fields.cdp_request).and_then(Value::as_uint);
        let echoed = request.and_then(|r| self.power_requests.get(&r)).map(|id| self.resolve(*id));
        match (echoed, self.on_link.as_slice()) {
            (Some(id), _) | (None, &[id]) => {
                let id = self.resolve(id);
                self.hangs_on(id, event);
                self.concern(id, false, event, keep);
            }
            (None, []) if keep && self.switch_waiting.len() < 32 => self.switch_waiting.push_back(event.to_buf()),
            (None, []) => {}
            // Of which phone's port it speaks cannot be told.
            (None, _) => self.switch_unclear = true,
        }
    }

    fn hangs_on(&mut self, id: u32, event: &Event<'_>) {
        let n = &self.fields;
        let switch = text_of(event, n.cdp_device).or_else(|| text_of(event, n.lldp_name));
        let port = text_of(event, n.cdp_port)
            .or_else(|| text_of(event, n.lldp_port))
            .or_else(|| text_of(event, n.lldp_port_desc));
        if let Some(station) = self.stations.get_mut(id as usize) {
            // CDP names the port in full; LLDP may have abbreviated it before.
            let better = event.def.proto() == "cdp" || station.phone.switch_port.is_none();
            if better {
                station.phone.switch = switch.or(station.phone.switch.take());
                station.phone.switch_port = port.or(station.phone.switch_port.take());
            }
        }
    }

    fn dhcp(&mut self, event: &Event<'_>, keep: bool) {
        let n = &self.fields;
        let Some(mac) = mac_of(event, n.dhcp_mac) else { return };
        let is_phone = flag(event, n.dhcp_phone);
        let sends = matches!(
            event.def.name,
            "dhcp.discover" | "dhcp.request" | "dhcp.decline" | "dhcp.release" | "dhcp.inform"
        );
        let model = text_of(event, n.dhcp_model);
        let bound = if event.def.name == "dhcp.ack" {
            ip_of(event, n.dhcp_yours).or(ip_of(event, n.dhcp_client))
        } else {
            None
        };
        let renewing = if sends { ip_of(event, n.dhcp_client) } else { None };
        let id = match self.name_in(event).filter(|(_, named)| *named == mac) {
            Some((name, mac)) => self.with_name(&name, mac),
            None => self.with_mac(mac),
        };
        let Some(id) = id else { return };
        if let Some(station) = self.stations.get_mut(id as usize)
            && model.is_some()
        {
            // The vendor class names the model as Cisco orders it.
            station.phone.model = model;
        }
        if is_phone {
            self.name_by_mac(id, mac);
            self.prove(id);
        }
        if let Some(ip) = bound.or(renewing) {
            self.bind(ip, id, event.origin.time, true);
        }
        self.concern(id, sends, event, keep);
    }

    /// A phone's device name is its MAC: what DHCP saw without a name still finds the file requests.
    fn name_by_mac(&mut self, id: u32, mac: [u8; 6]) {
        let name: String = mac.iter().fold("SEP".to_owned(), |name, b| name + &format!("{b:02X}"));
        self.by_name.entry(name).or_insert(id);
    }

    fn arp(&mut self, event: &Event<'_>, keep: bool) {
        let n = &self.fields;
        let Some(mac) = mac_of(event, n.arp_mac) else { return };
        let address = ip_of(event, n.arp_ip);
        // Only stations that may be phones are told apart by ARP: a capture is full of others.
        if let Some(id) = self.by_mac.get(&mac).map(|id| self.resolve(*id)) {
            if let Some(ip) = address.filter(|_| event.def.name != "arp.probe") {
                self.bind(ip, id, event.origin.time, false);
            }
            self.concern(id, true, event, keep);
            return;
        }
        // Another station answers the phone, or claims its address: that phone is concerned.
        if let Some(ip) = address.filter(|ip| self.arp.len() < self.limits.stations || self.arp.contains_key(ip)) {
            self.arp.insert(ip, mac);
        }
        let asked = event.origin.eth_dst.and_then(|mac| self.by_mac.get(&mac).copied());
        let claimed = match address.and_then(|ip| self.by_ip.get(&ip).copied()) {
            Some(Bound::To(id)) => Some(id),
            _ => None,
        };
        if let Some(id) = asked.or(claimed) {
            self.concern(self.resolve(id), false, event, keep);
        }
    }

    /// Everything above IP.
    fn talk(&mut self, event: &Event<'_>, keep: bool) {
        let (Some(src), Some(dst)) = (event.origin.src, event.origin.dst) else { return };
        let n = &self.fields;
        let from_client = event.origin.sender != Some(crate::event::Side::Server);
        let sip_sent = event.def.proto() == "sip"
            && (flag(event, n.sip_phone) || flag(event, n.sip_alarm) && value(event, n.sip_method).is_some());
        let proof = sip_sent || flag(event, n.skinny_phone) || value(event, n.http_model).is_some();
        let named = self.name_in(event).filter(|_| match event.def.proto() {
            "file" => true,
            // CUCM repeats the other party's device name in its own INVITE.
            "sip" => value(event, n.sip_status).is_none() && !flag(event, n.sip_cucm),
            "ciscoalarm" | "skinny" => true,
            // A phone that browses names itself in what it asks for; a server that speaks of one does not count.
            "http" => value(event, n.http_model).is_some(),
            _ => false,
        });
        // Names in requests are the sender's own; a file event is about the one who asked.
        let speaker = match event.def.proto() {
            // A TFTP server answers from a port of its own: who asked is what the file's event says.
            "file" => ip_of(event, n.file_client).unwrap_or(src.ip),
            // SCCP: what the CallManager says of a station is about the one that connected.
            "skinny" => event.origin.client().unwrap_or(src).ip,
            _ => src.ip,
        };
        // A call set-up may carry the other party's name: only where the name has no address yet is it the sender's.
        let asks =
            text_of(event, n.sip_method).is_some_and(|m| matches!(m.as_str(), "REGISTER" | "REFER" | "SUBSCRIBE"));
        let own =
            named.filter(|(name, _)| event.def.proto() != "sip" || asks && from_client || !self.has_address(name));
        // Who registers phones or serves their files speaks for them: what it passes on makes it no phone.
        if self.learn_server(event) || self.servers.contains(&speaker) {
            self.concern_ends(event, src.ip, dst.ip, keep);
            return;
        }
        if let Some((name, mac)) = own {
            self.named(event, &name, mac, speaker);
        } else if proof {
            self.unnamed(speaker, event.origin.time);
        } else if let Some(id) = event.origin.eth_src.and_then(|mac| self.by_mac.get(&mac).copied()) {
            // A phone's own MAC sends from an address that is nobody's yet: a static one, or of a lease not captured.
            let id = self.resolve(id);
            let ours = self.stations.get(id as usize).is_some_and(|s| s.is_phone);
            if ours && is_station(src.ip) && !self.by_ip.contains_key(&src.ip) {
                self.bind(src.ip, id, event.origin.time, false);
            }
        }
        self.concern_ends(event, src.ip, dst.ip, keep);
    }

    /// An answer to a REGISTER comes from a registrar, a file from its server.
    fn learn_server(&mut self, event: &Event<'_>) -> bool {
        let n = &self.fields;
        let server = match event.def.name {
            "sip.response" if text_of(event, n.sip_cseq_method).as_deref() == Some("REGISTER") => {
                event.origin.src.map(|end| end.ip)
            }
            "file.found" | "file.not_found" => ip_of(event, n.file_server),
            _ => None,
        };
        let Some(server) = server else { return false };
        if self.servers.len() < self.limits.stations {
            self.servers.insert(server);
        }
        event.def.proto() == "sip"
    }

    fn concern_ends(&mut self, event: &Event<'_>, src: IpAddr, dst: IpAddr, keep: bool) {
        let sender = self.speaker(event, src);
        let receiver = self.speaker(event, dst);
        self.learn(event, sender, receiver);
        match (sender, receiver) {
            (None, None) => self.wait_as_stranger(event, keep),
            (sender, receiver) => {
                if let Some(id) = sender {
                    self.concern(id, true, event, keep);
                }
                if let Some(id) = receiver.filter(|r| Some(*r) != sender) {
                    self.concern(id, false, event, keep);
                }
            }
        }
    }

    fn has_address(&self, name: &str) -> bool {
        let station = self.by_name.get(name).and_then(|id| self.stations.get(self.resolve(*id) as usize));
        station.is_some_and(|s| s.phone.addresses.iter().any(|a| a.until.is_none()))
    }

    /// A device name speaks from an address.
    fn named(&mut self, event: &Event<'_>, name: &str, mac: [u8; 6], ip: IpAddr) {
        let Some(id) = self.with_name(name, mac) else { return };
        let other = match self.by_ip.get(&ip) {
            Some(Bound::Shared) => {
                self.on_flow(event, id);
                self.prove(id);
                return;
            }
            Some(Bound::To(other)) => Some(self.resolve(*other)).filter(|other| *other != id),
            None => None,
        };
        match other {
            None => self.bind(ip, id, event.origin.time, false),
            Some(other) => {
                let (unnamed, had_it) = {
                    let of = |id: u32| self.stations.get(id as usize);
                    (
                        of(other).is_some_and(|s| s.phone.name.is_none() && s.phone.mac.is_none_or(|m| m == mac)),
                        of(id).is_some_and(|s| s.phone.addresses.iter().any(|a| a.ip == ip)),
                    )
                };
                if unnamed {
                    self.merge(other, id);
                    self.bind(ip, id, event.origin.time, false);
                } else if had_it {
                    // The name came back to an address that another name had in between: a NAT, or a tool.
                    self.by_ip.insert(ip, Bound::Shared);
                    self.on_flow(event, id);
                } else {
                    self.bind(ip, id, event.origin.time, false);
                }
            }
        }
        self.prove(id);
    }

    /// A phone by its speech, without a name.
    fn unnamed(&mut self, ip: IpAddr, now: Ts) {
        let id = match self.by_ip.get(&ip) {
            Some(Bound::Shared) => return,
            Some(Bound::To(id)) => Some(self.resolve(*id)),
            None => self.add(),
        };
        if let Some(id) = id {
            self.bind(ip, id, now, false);
            self.prove(id);
        }
    }

    fn flow_key(event: &Event<'_>) -> Option<(IpAddr, u16, IpAddr, u16)> {
        let (client, server) = (event.origin.client()?, event.origin.server()?);
        Some((client.ip, client.port, server.ip, server.port))
    }

    fn on_flow(&mut self, event: &Event<'_>, id: u32) {
        if let Some(key) = Phones::flow_key(event)
            && self.by_flow.len() < self.limits.stations
        {
            self.by_flow.insert(key, id);
        }
    }

    fn speaker(&self, event: &Event<'_>, ip: IpAddr) -> Option<u32> {
        match self.by_ip.get(&ip)? {
            Bound::To(id) => Some(self.resolve(*id)),
            Bound::Shared => self.by_flow.get(&Phones::flow_key(event)?).map(|id| self.resolve(*id)),
        }
    }

    /// From now on the address is this station's. `leased`: by DHCP, which outranks what was thought before.
    fn bind(&mut self, ip: IpAddr, id: u32, now: Ts, leased: bool) {
        match self.by_ip.get(&ip).copied() {
            Some(Bound::Shared) if !leased => return,
            Some(Bound::To(other)) if self.resolve(other) == id => return,
            Some(Bound::To(other)) => {
                let other = self.resolve(other);
                let nameless =
                    self.stations.get(other as usize).is_some_and(|s| s.phone.name.is_none() && s.phone.mac.is_none());
                if nameless {
                    self.merge(other, id);
                    return;
                }
                if let Some(station) = self.stations.get_mut(other as usize) {
                    station
                        .phone
                        .addresses
                        .iter_mut()
                        .filter(|a| a.ip == ip && a.until.is_none())
                        .for_each(|a| a.until = Some(now));
                }
            }
            _ => {}
        }
        self.by_ip.insert(ip, Bound::To(id));
        if let Some(station) = self.stations.get_mut(id as usize) {
            let addresses = &mut station.phone.addresses;
            if addresses.len() < 64 && !addresses.iter().any(|a| a.ip == ip && a.until.is_none()) {
                addresses.push(Address { ip, from: now, until: None });
            }
        }
    }

    /// Two records are one phone: what `gone` knows goes to `stays`.
    fn merge(&mut self, gone: u32, stays: u32) {
        let Some(station) = self.stations.get_mut(gone as usize) else { return };
        let old = std::mem::take(station);
        station.alias = Some(stays);
        for bound in self.by_ip.values_mut().filter(|b| **b == Bound::To(gone)) {
            *bound = Bound::To(stays);
        }
        let was_phone = old.is_phone;
        if let Some(into) = self.stations.get_mut(stays as usize) {
            let (into, old) = (&mut into.phone, old.phone);
            into.mac = into.mac.or(old.mac);
            into.vlan = into.vlan.or(old.vlan);
            into.model = into.model.take().or(old.model);
            into.load = into.load.take().or(old.load);
            into.hears |= old.hears;
            into.own_mac_seen |= old.own_mac_seen;
            into.on_path |= old.on_path;
            into.speaks.extend(old.speaks.iter().filter(|p| !into.speaks.contains(*p)).copied().collect::<Vec<_>>());
            for address in old.addresses {
                if !into.addresses.iter().any(|a| a.ip == address.ip) {
                    into.addresses.push(address);
                }
            }
            into.frames = match (into.frames, old.frames) {
                (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                (one, other) => one.or(other),
            };
        }
        if was_phone {
            self.observed.merged.push(Merged { gone: PhoneId(gone), stays: PhoneId(stays) });
        }
        let waiting: Vec<EventBuf> = old.waiting.into();
        self.waiting = self.waiting.saturating_sub(waiting.len());
        self.give(stays, waiting);
    }

    /// It is a phone: what waited for that is handed out.
    fn prove(&mut self, id: u32) {
        let Some(station) = self.stations.get_mut(id as usize) else { return };
        if station.is_phone {
            return;
        }
        station.is_phone = true;
        if station.phone.mac.is_none() {
            let claimed = station.phone.addresses.last().and_then(|a| self.arp.get(&a.ip)).copied();
            if let Some(mac) = claimed.filter(|mac| !self.by_mac.contains_key(mac)) {
                station.phone.mac = Some(mac);
                self.by_mac.insert(mac, id);
            }
        }
        let waited: Vec<EventBuf> = std::mem::take(&mut station.waiting).into();
        self.waiting = self.waiting.saturating_sub(waited.len());
        if !waited.is_empty() {
            self.observed.proven.push((PhoneId(id), waited));
        }
    }

    /// Earlier events of a station: handed out if it is a phone, kept if it may become one.
    fn give(&mut self, id: u32, events: Vec<EventBuf>) {
        if events.is_empty() {
            return;
        }
        let Some(station) = self.stations.get_mut(id as usize) else { return };
        if !station.is_phone {
            self.waiting += events.len();
            station.waiting.extend(events);
            return;
        }
        match self.observed.proven.iter_mut().find(|(known, _)| known.0 == id) {
            Some((_, list)) => {
                list.extend(events);
                list.sort_by_key(|e| e.origin.frame);
            }
            None => self.observed.proven.push((PhoneId(id), events)),
        }
    }

    /// The station has part in this event: now if it is a phone, later if it proves to be one.
    fn concern(&mut self, id: u32, sends: bool, event: &Event<'_>, keep: bool) {
        let Some(station) = self.stations.get_mut(id as usize) else { return };
        let phone = &mut station.phone;
        let (first, last) = phone.frames.unwrap_or((event.origin.frame, 0));
        phone.frames = Some((first.min(event.origin.frame), last.max(event.origin.frame)));
        let origin = event.origin;
        if phone.mac.is_some() {
            let unicast = origin.eth_dst.is_some_and(|[first, ..]| first & 1 == 0);
            phone.own_mac_seen |= origin.eth_src == phone.mac;
            phone.on_path |= unicast && (origin.eth_src == phone.mac || origin.eth_dst == phone.mac);
        }
        if sends {
            let proto = event.def.proto();
            if !phone.speaks.contains(&proto) {
                phone.speaks.push(proto);
            }
            if event.origin.vlans.inner().is_some() && proto != "cdp" && proto != "lldp" {
                phone.vlan = event.origin.vlans.inner();
            }
        } else if event.origin.dst.is_some() && event.def.proto() != "dhcp" {
            phone.hears = true;
        }
        if station.is_phone {
            self.observed.concerned.push(Concerned { phone: PhoneId(id), sends });
        } else if keep && station.waiting.len() < self.limits.waiting.0 {
            if self.waiting < self.limits.waiting.1 {
                station.waiting.push_back(event.to_buf());
                self.waiting += 1;
            } else {
                self.limit_hit = true;
            }
        }
    }

    /// Nobody known takes part: the client may yet prove to be a phone.
    fn wait_as_stranger(&mut self, event: &Event<'_>, keep: bool) {
        if !keep || self.waiting >= self.limits.waiting.1 {
            return;
        }
        let Some(client) = event.origin.client().map(|end| end.ip).filter(|ip| is_station(*ip)) else { return };
        if self.by_ip.contains_key(&client) {
            return;
        }
        if let Some(id) = self.add() {
            self.bind(client, id, event.origin.time, false);
            self.concern(id, event.origin.src.is_some_and(|src| src.ip == client), event, keep);
        }
    }

    /// What an event says of the phones that take part in it, besides who they are.
    fn learn(&mut self, event: &Event<'_>, sender: Option<u32>, receiver: Option<u32>) {
        let n = &self.fields;
        match event.def.name {
            "sip.response" => {
                let ok =
                    value(event, n.sip_status).and_then(Value::as_uint).is_some_and(|code| (200..300).contains(&code));
                let register = text_of(event, n.sip_cseq_method).as_deref() == Some("REGISTER");
                let dn = text_of(event, n.sip_to_user).filter(|u| is_number(u));
                let server = event.origin.src.map(|end| end.ip.to_string());
                if let Some(phone) = receiver
                    .filter(|_| register)
                    .and_then(|id| self.stations.get_mut(id as usize))
                    .map(|s| &mut s.phone)
                {
                    add(&mut phone.callmanagers, server);
                    add(&mut phone.dn, dn.filter(|_| ok));
                }
            }
            "sip.request" => {
                let load = text_of(event, n.sip_load);
                if let Some(phone) = sender.and_then(|id| self.stations.get_mut(id as usize)).map(|s| &mut s.phone) {
                    phone.load = load.or(phone.load.take());
                }
            }
            "cnf.device" => {
                let lines: Vec<String> =
                    n.cnf_line.into_iter().flat_map(|def| event.values(def)).map(Value::to_string).collect();
                let managers: Vec<String> =
                    n.cnf_callmanager.into_iter().flat_map(|def| event.values(def)).map(Value::to_string).collect();
                if let Some(phone) =
                    receiver.or(sender).and_then(|id| self.stations.get_mut(id as usize)).map(|s| &mut s.phone)
                {
                    lines.into_iter().filter(|l| is_number(l)).for_each(|line| add(&mut phone.dn, Some(line)));
                    managers.into_iter().for_each(|host| add(&mut phone.callmanagers, Some(host)));
                }
            }
            _ => {}
        }
    }
}

fn is_number(user: &str) -> bool {
    !user.is_empty() && user.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '*' | '#' | '\\'))
}

fn add(list: &mut Vec<String>, item: Option<String>) {
    if let Some(item) = item
        && list.len() < 32
        && !list.contains(&item)
    {
        list.push(item);
    }
}
