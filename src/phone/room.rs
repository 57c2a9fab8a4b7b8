//! The stations of a capture and what binds them: names, MACs, addresses over time, flows of a shared address.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::FixedState;

use super::names::Names;
use super::{Address, Concerned, Limits, Merged, Observed, Phone};
use crate::event::{Event, EventBuf, Field, FieldDef, Schema};
use crate::finding::PhoneId;
use crate::flow::is_station;
use crate::time::Ts;

/// Words of the marks of addresses that were forgotten: 65,536 marks.
const FORGOTTEN_WORDS: usize = 1024;

/// A station: a phone, or what may still prove to be one.
#[derive(Debug, Default)]
pub(super) struct Station {
    pub(super) phone: Phone,
    pub(super) is_phone: bool,
    pub(super) waiting: VecDeque<EventBuf>,
    /// More of its events wanted to wait than may.
    pub(super) crowded: bool,
    /// Merged into another station.
    pub(super) alias: Option<u32>,
    /// It spoke on the link itself.
    pub(super) on_link: bool,
}

/// Addresses that are known for each station that may be told apart.
const ADDRESSES: usize = 4;

/// How an address is bound: to one station, or to a NAT or tool behind which several names speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    To(u32),
    Shared,
}

/// Blocks of hardware addresses that Cisco phones have been seen with in public captures. A block is no proof: Cisco
/// uses one for other devices, too.
const PHONE_BLOCKS: [[u8; 3]; 9] = [
    [0x00, 0x12, 0xda],
    [0x00, 0x1b, 0x53],
    [0x00, 0x1b, 0x54],
    [0x00, 0x21, 0x55],
    [0x0c, 0x75, 0xbd],
    [0x0c, 0xd0, 0xf8],
    [0x10, 0x8c, 0xcf],
    [0xe8, 0xed, 0xf3],
    [0xf8, 0x7b, 0x20],
];

/// All phones of a capture.
#[derive(Debug)]
pub struct Phones {
    pub(super) stations: Vec<Station>,
    pub(super) by_name: HashMap<String, u32, FixedState>,
    pub(super) by_mac: HashMap<[u8; 6], u32, FixedState>,
    pub(super) by_ip: HashMap<IpAddr, Bound, FixedState>,
    /// Who speaks on a flow of a shared address: by client end and server end.
    pub(super) by_flow: HashMap<(IpAddr, u16, IpAddr, u16), u32, FixedState>,
    /// What ARP says of stations that are no phones yet.
    pub(super) arp: HashMap<IpAddr, [u8; 6], FixedState>,
    /// Addresses that register phones or serve their files.
    pub(super) servers: HashSet<IpAddr, FixedState>,
    /// The first two phones seen on the link itself, and what a switch said before the first of them.
    pub(super) on_link: Vec<u32>,
    pub(super) switch_waiting: VecDeque<EventBuf>,
    /// A switch spoke, and of which phone's port is not known.
    pub(super) switch_unclear: bool,
    /// What phones asked for voice power with: the switch echoes it.
    pub(super) power_requests: HashMap<u64, u32, FixedState>,
    pub(super) quiet: super::holes::Quiet,
    pub(super) losses: super::losses::Losses,
    /// When the first event came.
    pub(super) begun: Option<Ts>,
    pub(super) waiting: usize,
    /// Stations that are nothing but an address that may prove to be a phone's, in the order they came.
    pub(super) strangers: VecDeque<u32>,
    /// Stations that were forgotten.
    pub(super) free: Vec<u32>,
    pub(super) limits: Limits,
    pub(super) limit_hit: bool,
    pub(super) waiting_hit: bool,
    /// A phone had more events before it proved to be one than were kept of it.
    pub(super) crowded: bool,
    /// Strangers were forgotten for more stations, and for more events.
    forgot_for: (bool, bool),
    /// Which addresses were forgotten: some of 65,536 marks, by a hash.
    forgotten: Vec<u64>,
    pub(super) fields: Names,
    pub(super) wanted: Vec<&'static FieldDef>,
    pub(super) observed: Observed,
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
            quiet: super::holes::Quiet::default(),
            losses: super::losses::Losses::default(),
            begun: None,
            waiting: 0,
            strangers: VecDeque::new(),
            free: Vec::new(),
            limits,
            limit_hit: false,
            waiting_hit: false,
            crowded: false,
            forgot_for: (false, false),
            forgotten: Vec::new(),
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

    /// The number that this phone has now: it may have been found to be another.
    pub fn now(&self, id: PhoneId) -> PhoneId {
        PhoneId(self.resolve(id.0))
    }

    /// Whether every switch that spoke could be told to a phone: else nobody knows that a phone's switch is silent.
    pub fn switches_are_clear(&self) -> bool {
        !self.switch_unclear
    }

    /// The bounds of this room that were reached.
    pub fn limits_hit(&self) -> impl Iterator<Item = &'static str> {
        let hits = [
            (self.limit_hit, "max-stations"),
            (self.waiting_hit, "max-waiting-events"),
            (self.crowded, "max-waiting-per-station"),
        ];
        hits.into_iter().filter(|(hit, _)| *hit).map(|(_, bound)| bound)
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

    pub(super) fn resolve(&self, mut id: u32) -> u32 {
        while let Some(next) = self.stations.get(id as usize).and_then(|s| s.alias) {
            id = next;
        }
        id
    }

    pub(super) fn add(&mut self) -> Option<u32> {
        if self.stations.len() >= self.limits.stations && self.free.is_empty() {
            self.forgot_for.0 |= self.forget_stranger();
        }
        if let Some(id) = self.free.pop() {
            return Some(id);
        }
        if self.stations.len() >= self.limits.stations {
            self.limit_hit = true;
            return None;
        }
        self.stations.push(Station::default());
        Some((self.stations.len() - 1) as u32)
    }

    /// Makes room: the stranger that has waited longest is forgotten with its events. A capture is full of those who
    /// are no phones; whoever is one says so before long.
    fn forget_stranger(&mut self) -> bool {
        while let Some(id) = self.strangers.pop_front() {
            let Some(station) = self.stations.get_mut(id as usize) else { continue };
            let phone = &station.phone;
            if station.is_phone || station.alias.is_some() || phone.name.is_some() || phone.mac.is_some() {
                continue;
            }
            let old = std::mem::take(station);
            self.waiting = self.waiting.saturating_sub(weights(&old.waiting));
            for address in old.phone.addresses {
                if self.by_ip.get(&address.ip) == Some(&Bound::To(id)) {
                    self.by_ip.remove(&address.ip);
                }
                self.mark_forgotten(address.ip);
            }
            self.free.push(id);
            return true;
        }
        false
    }

    fn mark_forgotten(&mut self, ip: IpAddr) {
        if self.forgotten.is_empty() {
            self.forgotten = vec![0; FORGOTTEN_WORDS];
        }
        let (word, bit) = mark_of(ip);
        if let Some(marks) = self.forgotten.get_mut(word) {
            *marks |= bit;
        }
    }

    /// Whether an event of that weight may wait, if need be in place of the longest waiting stranger's.
    fn may_wait(&mut self, weight: usize) -> bool {
        while self.waiting + weight > self.limits.waiting.1 {
            if !self.forget_stranger() {
                self.waiting_hit = true;
                return false;
            }
            self.forgot_for.1 = true;
        }
        true
    }

    pub(super) fn with_mac(&mut self, mac: [u8; 6]) -> Option<u32> {
        if let Some(id) = self.by_mac.get(&mac) {
            return Some(self.resolve(*id));
        }
        let id = self.add()?;
        self.by_mac.insert(mac, id);
        self.stations.get_mut(id as usize)?.phone.mac = Some(mac);
        Some(id)
    }

    pub(super) fn with_name(&mut self, name: &str, mac: [u8; 6]) -> Option<u32> {
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

    pub(super) fn has_address(&self, name: &str) -> bool {
        let station = self.by_name.get(name).and_then(|id| self.stations.get(self.resolve(*id) as usize));
        station.is_some_and(|s| s.phone.addresses.iter().any(|a| a.until.is_none()))
    }

    pub(super) fn flow_key(event: &Event<'_>) -> Option<(IpAddr, u16, IpAddr, u16)> {
        let (client, server) = (event.origin.client()?, event.origin.server()?);
        Some((client.ip, client.port, server.ip, server.port))
    }

    pub(super) fn on_flow(&mut self, event: &Event<'_>, id: u32) {
        if let Some(key) = Phones::flow_key(event) {
            if self.by_flow.len() < self.limits.stations || self.by_flow.contains_key(&key) {
                self.by_flow.insert(key, id);
            } else {
                self.limit_hit = true;
            }
        }
    }

    pub(super) fn speaker(&self, event: &Event<'_>, ip: IpAddr) -> Option<u32> {
        match self.by_ip.get(&ip)? {
            Bound::To(id) => Some(self.resolve(*id)),
            Bound::Shared => self.by_flow.get(&Phones::flow_key(event)?).map(|id| self.resolve(*id)),
        }
    }

    /// From now on the address is this station's. `leased`: by DHCP, which outranks what was thought before.
    pub(super) fn bind(&mut self, ip: IpAddr, id: u32, now: Ts, leased: bool) {
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
        if self.by_ip.len() >= self.limits.stations.saturating_mul(ADDRESSES) && !self.by_ip.contains_key(&ip) {
            self.limit_hit = true;
            return;
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
    pub(super) fn merge(&mut self, gone: u32, stays: u32) {
        let Some(station) = self.stations.get_mut(gone as usize) else { return };
        let old = std::mem::take(station);
        // Whoever finds the old one by name, MAC or address is led on.
        station.alias = Some(stays);
        let was_phone = old.is_phone;
        let crowded = old.crowded;
        if let Some(into) = self.stations.get_mut(stays as usize) {
            into.on_link |= old.on_link;
            into.crowded |= crowded;
            self.crowded |= crowded && into.is_phone;
            let (into, old) = (&mut into.phone, old.phone);
            into.mac = into.mac.or(old.mac);
            into.vlan = into.vlan.or(old.vlan);
            into.model = into.model.take().or(old.model);
            into.load = into.load.take().or(old.load);
            into.hears |= old.hears;
            into.holes.merge(old.holes);
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
        self.waiting = self.waiting.saturating_sub(weights(&waiting));
        self.give(stays, waiting);
    }

    /// It is a phone: what waited for that is handed out.
    pub(super) fn prove(&mut self, id: u32) {
        let Some(station) = self.stations.get_mut(id as usize) else { return };
        if station.is_phone {
            return;
        }
        station.is_phone = true;
        self.crowded |= station.crowded;
        let addresses = &station.phone.addresses;
        // What it said before it was forgotten is not judged.
        if !self.forgotten.is_empty() && addresses.iter().any(|address| marked(&self.forgotten, address.ip)) {
            self.limit_hit |= self.forgot_for.0;
            self.waiting_hit |= self.forgot_for.1;
        }
        if station.phone.mac.is_none() {
            let claimed = station.phone.addresses.last().and_then(|a| self.arp.get(&a.ip)).copied();
            if let Some(mac) = claimed.filter(|mac| !self.by_mac.contains_key(mac)) {
                station.phone.mac = Some(mac);
                self.by_mac.insert(mac, id);
            }
        }
        let waited: Vec<EventBuf> = std::mem::take(&mut station.waiting).into();
        self.waiting = self.waiting.saturating_sub(weights(&waited));
        if !waited.is_empty() {
            self.observed.proven.push((PhoneId(id), waited));
        }
    }

    /// Earlier events of a station: handed out if it is a phone, kept if it may become one.
    pub(super) fn give(&mut self, id: u32, events: Vec<EventBuf>) {
        if events.is_empty() {
            return;
        }
        let Some(station) = self.stations.get_mut(id as usize) else { return };
        if !station.is_phone {
            self.waiting += weights(&events);
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

    /// The capture is over, and nobody in it has proved to be a phone. Then a station counts as one whose own hardware
    /// address (by ARP: no router's) is of a block of Cisco phones, and whose web port refused a connection, or which
    /// was refused one at a port of phone services: such a capture was taken for just that.
    pub fn finish(&mut self) -> Vec<(PhoneId, Vec<EventBuf>)> {
        self.observed.clear();
        if self.stations.iter().any(|station| station.is_phone) {
            return Vec::new();
        }
        let refused: Vec<EventBuf> = self
            .stations
            .iter()
            .filter(|station| station.phone.name.is_none() && !station.phone.speaks.contains(&"dhcp"))
            .flat_map(|station| &station.waiting)
            .filter(|event| event.def.name == "tcp.refused")
            .cloned()
            .collect();
        for event in refused {
            let (Some(client), Some(server)) = (event.origin.client(), event.origin.server()) else { continue };
            let is_phones = |ip: &IpAddr| {
                let block = self.arp.get(ip).and_then(|mac| mac.first_chunk::<3>());
                block.is_some_and(|block| PHONE_BLOCKS.contains(block)) && !self.servers.contains(ip)
            };
            let ip = match server.port {
                80 | 443 if is_phones(&server.ip) => server.ip,
                80 | 443 | 8080 | 8443 if is_phones(&client.ip) => client.ip,
                _ => continue,
            };
            let id = match self.by_ip.get(&ip) {
                Some(Bound::To(id)) => self.resolve(*id),
                Some(Bound::Shared) => continue,
                None => {
                    let Some(id) = self.add() else { continue };
                    self.bind(ip, id, event.origin.time, false);
                    self.give(id, vec![event]);
                    id
                }
            };
            self.prove(id);
        }
        std::mem::take(&mut self.observed.proven)
    }

    /// The station has part in this event: now if it is a phone, later if it proves to be one.
    pub(super) fn concern(&mut self, id: u32, sends: bool, event: &Event<'_>, keep: bool) {
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
            // What a router or a DHCP relay passes on is in another VLAN.
            let passed_on = phone.mac.is_some_and(|mac| origin.eth_src.is_some_and(|src| src != mac))
                && (phone.own_mac_seen || proto == "dhcp");
            if event.origin.vlans.inner().is_some() && proto != "cdp" && proto != "lldp" && !passed_on {
                phone.vlan = event.origin.vlans.inner();
            }
        } else if event.origin.dst.is_some() && event.def.proto() != "dhcp" {
            phone.hears = true;
        }
        if station.is_phone {
            self.observed.concerned.push(Concerned { phone: PhoneId(id), sends });
        } else if keep && station.waiting.len() >= self.limits.waiting.0 {
            station.crowded = true;
        } else if keep {
            let weight = weight(event.fields);
            // The one that is forgotten may be this one: then it is nobody's any more.
            if self.may_wait(weight)
                && let Some(station) = self.stations.get_mut(id as usize).filter(|s| s.phone.frames.is_some())
            {
                station.waiting.push_back(event.to_buf());
                self.waiting += weight;
            }
        }
    }

    /// Nobody known takes part: the client may yet prove to be a phone.
    pub(super) fn wait_as_stranger(&mut self, event: &Event<'_>, keep: bool) {
        if !keep {
            return;
        }
        let Some(client) = event.origin.client().map(|end| end.ip).filter(|ip| is_station(*ip)) else { return };
        if self.by_ip.contains_key(&client) {
            return;
        }
        if let Some(id) = self.add() {
            self.bind(client, id, event.origin.time, false);
            self.strangers.push_back(id);
            self.concern(id, event.origin.src.is_some_and(|src| src.ip == client), event, keep);
        }
    }
}

/// Whether an address is among those that were forgotten (or one of the same hash).
fn marked(forgotten: &[u64], ip: IpAddr) -> bool {
    let (word, bit) = mark_of(ip);
    forgotten.get(word).is_some_and(|marks| marks & bit != 0)
}

/// Where an address is marked: the word and its bit.
fn mark_of(ip: IpAddr) -> (usize, u64) {
    let hash = FixedState::default().hash_one(ip) as usize;
    (hash / 64 % FORGOTTEN_WORDS, 1 << (hash % 64))
}

/// How much room an event takes while it waits: one, and more where it has many fields or long ones.
fn weight(fields: &[Field<'_>]) -> usize {
    1 + fields.len() / 64 + fields.iter().map(|field| field.len as usize).sum::<usize>() / 4096
}

fn weights<'e>(events: impl IntoIterator<Item = &'e EventBuf>) -> usize {
    events.into_iter().map(|event| weight(&event.fields)).sum()
}

#[cfg(test)]
impl Phones {
    /// Of the last event: which phones proved to be ones, and the frames of what had waited for that.
    pub(super) fn observed_for_test(&self) -> Vec<(String, Vec<u64>)> {
        let frames = |events: &[EventBuf]| events.iter().map(|e| e.origin.frame).collect();
        let label = |id: PhoneId| self.get(id).map(Phone::label).unwrap_or_default();
        self.observed.proven.iter().map(|(id, events)| (label(*id), frames(events))).collect()
    }
}
