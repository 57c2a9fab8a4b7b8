//! What an event tells of who is who, protocol by protocol, and which phones it concerns.

use std::net::IpAddr;

use super::names::{flag, ip_of, mac_of, model_of, ordered, text_of, value};
use super::room::{Bound, Phones};
use super::{Observed, device_mac};
use crate::event::{Event, EventBuf, Value};
use crate::flow::is_station;
use crate::time::Ts;

impl Phones {
    /// Learns from an event who is who, and says which phones it concerns. `keep` tells whether a model waits
    /// for such events: only those are kept for stations that are no phones yet.
    pub fn observe(&mut self, event: &Event<'_>, keep: bool) -> &mut Observed {
        self.observed.clear();
        self.begun.get_or_insert(event.origin.time);
        self.losses.message(event.origin.time);
        let proto = event.def.proto();
        match proto {
            "cdp" | "lldp" => self.link(event, keep),
            "dhcp" => self.dhcp(event, keep),
            "arp" => self.arp(event, keep),
            _ => self.talk(event, keep),
        }
        &mut self.observed
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
        let model = platform.map(|p| ordered(&p).unwrap_or(p)).or_else(|| text_of(event, n.lldp_model));
        let load = text_of(event, n.cdp_load).or_else(|| text_of(event, n.lldp_software));
        let request = value(event, n.cdp_request).and_then(Value::as_uint);
        if let Some(request) = request {
            if self.power_requests.len() < self.limits.stations || self.power_requests.contains_key(&request) {
                self.power_requests.insert(request, id);
            } else {
                self.limit_hit = true;
            }
        }
        if let Some(station) = self.stations.get_mut(id as usize) {
            let phone = &mut station.phone;
            phone.model = phone.model.take().or(model);
            phone.load = phone.load.take().or(load);
        }
        let first = self.stations.get_mut(id as usize).is_some_and(|s| !std::mem::replace(&mut s.on_link, true));
        if first && self.on_link.len() < 2 {
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
        // A camera application behind the phone is no switch.
        let camera = flag(event, self.fields.cdp_camera) && !flag(event, self.fields.cdp_switch);
        let echoed = request.and_then(|r| self.power_requests.get(&r)).map(|id| self.resolve(*id));
        if !camera {
            self.quiet.announced(event.origin.eth_src, event.origin.time);
        }
        match (echoed, self.on_link.as_slice()) {
            (Some(id), _) | (None, &[id]) => {
                let id = self.resolve(id);
                if !camera {
                    self.hangs_on(id, event);
                }
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
        self.notice_dhcp(event, id, sends);
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
        match address {
            Some(ip) if self.arp.len() < self.limits.stations || self.arp.contains_key(&ip) => {
                self.arp.insert(ip, mac);
            }
            Some(_) => self.limit_hit = true,
            None => {}
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
        let proto = event.def.proto();
        let from_client = event.origin.sender != Some(crate::event::Side::Server);
        let proof = match proto {
            "sip" => flag(event, n.sip_phone) || flag(event, n.sip_alarm) && value(event, n.sip_method).is_some(),
            "skinny" => flag(event, n.skinny_phone),
            "http" => value(event, n.http_model).is_some(),
            _ => false,
        };
        let pushed = self.answers_a_push(event);
        let proof = proof || pushed;
        let named = self.name_in(event).filter(|_| match proto {
            "file" => true,
            // CUCM repeats the other party's device name in its own INVITE.
            "sip" => value(event, n.sip_status).is_none() && !flag(event, n.sip_cucm),
            "ciscoalarm" | "skinny" => true,
            // A phone that browses names itself in what it asks for; a server that speaks of one does not count.
            "http" => value(event, n.http_model).is_some(),
            _ => false,
        });
        // Names in requests are the sender's own; a file event is about the one who asked.
        let speaker = match proto {
            // A TFTP server answers from a port of its own: who asked is what the file's event says.
            "file" => ip_of(event, n.file_client).unwrap_or(src.ip),
            // SCCP: what the CallManager says of a station is about the one that connected.
            "skinny" => event.origin.client().unwrap_or(src).ip,
            _ => src.ip,
        };
        // A call set-up may carry the other party's name: only where the name has no address yet is it the sender's.
        let method = || value(event, n.sip_method).and_then(Value::as_text);
        let asks = || method().is_some_and(|method| matches!(method, "REGISTER" | "REFER" | "SUBSCRIBE"));
        let own = named.filter(|(name, _)| proto != "sip" || asks() && from_client || !self.has_address(name));
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

    /// The web server of a phone answers an application that told it to do something.
    fn answers_a_push(&self, event: &Event<'_>) -> bool {
        event.def.name == "ciscoxml.object"
            && event.origin.sender == Some(crate::event::Side::Server)
            && event.origin.src.is_some_and(|src| matches!(src.port, 80 | 443))
            && text_of(event, self.fields.xml_type)
                .is_some_and(|kind| matches!(kind.as_str(), "CiscoIPPhoneResponse" | "CiscoIPPhoneError"))
    }

    /// What is pushed to a station waits for it: only phones are told to do something at that path.
    fn is_push(&self, event: &Event<'_>) -> bool {
        event.def.name == "http.request"
            && text_of(event, self.fields.http_uri).is_some_and(|uri| uri.starts_with("/CGI/Execute"))
    }

    /// An answer to a REGISTER comes from a registrar, a file from its server.
    fn learn_server(&mut self, event: &Event<'_>) -> bool {
        let n = &self.fields;
        let server = match event.def.name {
            "sip.response" if value(event, n.sip_cseq_method).and_then(Value::as_text) == Some("REGISTER") => {
                event.origin.src.map(|end| end.ip)
            }
            "file.found" | "file.not_found" => ip_of(event, n.file_server),
            _ => None,
        };
        let Some(server) = server else { return false };
        if self.servers.len() < self.limits.stations || self.servers.contains(&server) {
            self.servers.insert(server);
        } else {
            self.limit_hit = true;
        }
        event.def.proto() == "sip"
    }

    fn concern_ends(&mut self, event: &Event<'_>, src: IpAddr, dst: IpAddr, keep: bool) {
        let sender = self.speaker(event, src);
        let mut receiver = self.speaker(event, dst);
        if receiver.is_none() && keep && self.is_push(event) && is_station(dst) {
            receiver = self.add();
            if let Some(id) = receiver {
                self.bind(dst, id, event.origin.time, false);
            }
        }
        self.learn(event, sender, receiver);
        self.notice(event, sender, receiver);
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
        if event.def.proto() == "icmp" {
            self.concern_quoted(event, [src, dst], keep);
        }
    }

    /// An error about a datagram concerns the phone that sent it, and the one that did not get it.
    fn concern_quoted(&mut self, event: &Event<'_>, ends: [IpAddr; 2], keep: bool) {
        let n = &self.fields;
        let quoted = [ip_of(event, n.icmp_src), ip_of(event, n.icmp_dst)];
        for ip in quoted.into_iter().flatten().filter(|ip| !ends.contains(ip)) {
            if let Some(Bound::To(id)) = self.by_ip.get(&ip).copied() {
                self.concern(self.resolve(id), false, event, keep);
            }
        }
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

    /// What an event says of the phones that take part in it, besides who they are.
    fn learn(&mut self, event: &Event<'_>, sender: Option<u32>, receiver: Option<u32>) {
        let n = &self.fields;
        match event.def.name {
            "sip.response" => {
                let ok =
                    value(event, n.sip_status).and_then(Value::as_uint).is_some_and(|code| (200..300).contains(&code));
                if value(event, n.sip_cseq_method).and_then(Value::as_text) != Some("REGISTER") {
                    return;
                }
                let dn = text_of(event, n.sip_to_user).filter(|u| is_number(u));
                let server = event.origin.src.map(|end| end.ip);
                if let Some(phone) = receiver.and_then(|id| self.stations.get_mut(id as usize)).map(|s| &mut s.phone) {
                    add_address(&mut phone.callmanagers, server);
                    add(&mut phone.dn, dn.filter(|_| ok));
                }
            }
            "sip.request" => {
                if let Some(phone) = sender.and_then(|id| self.stations.get_mut(id as usize)).map(|s| &mut s.phone) {
                    phone.load = text_of(event, n.sip_load).or(phone.load.take());
                    if phone.model.is_none() {
                        // `Cisco-CP8841/12.8.1`: as ordered, while the number of Contact leaves the letters out.
                        let agent = value(event, n.sip_agent).and_then(Value::as_text);
                        let agent = agent.and_then(|agent| agent.strip_prefix("Cisco-CP")?.split(['/', ' ']).next());
                        phone.model = agent.and_then(ordered).or_else(|| model_of(event, n.sip_model));
                    }
                }
            }
            "skinny.register" => {
                if let Some(phone) = sender.and_then(|id| self.stations.get_mut(id as usize)).map(|s| &mut s.phone) {
                    phone.load = text_of(event, n.skinny_load).or(phone.load.take());
                    phone.model = phone.model.take().or_else(|| model_of(event, n.skinny_type));
                }
            }
            "skinny.register_ack" | "skinny.keepalive_ack" | "skinny.line_stat" => {
                let server = event.origin.src.map(|end| end.ip);
                let dn = text_of(event, n.skinny_number).filter(|number| is_number(number));
                if let Some(phone) = receiver.and_then(|id| self.stations.get_mut(id as usize)).map(|s| &mut s.phone) {
                    add_address(&mut phone.callmanagers, server);
                    add(&mut phone.dn, dn);
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

/// No directory number or host name is longer.
const LONGEST_ITEM: usize = 255;

/// Makes text only of what is new: this is asked with every keepalive.
fn add_address(list: &mut Vec<String>, ip: Option<IpAddr>) {
    if let Some(ip) = ip.filter(|ip| !list.iter().any(|host| host.parse() == Ok(*ip))) {
        add(list, Some(ip.to_string()));
    }
}

fn add(list: &mut Vec<String>, item: Option<String>) {
    if let Some(item) = item.filter(|item| item.len() <= LONGEST_ITEM)
        && list.len() < 32
        && !list.contains(&item)
    {
        list.push(item);
    }
}
