//! What the player does below the files: announcements, power, DHCP, ARP, and the traffic of others.

use std::net::Ipv4Addr;

use super::super::dhcp::{self, Client, Head, Kind, LEASE, Lease};
use super::super::frame::{self, BROADCAST, Ip, Mac};
use super::super::scenario::{Answered, Broken};
use super::super::{cdp, lldp, sip, tftp};
use super::net::ROUTER_MAC;
use super::{Periodic, Player};
use crate::time::Span;

/// A PC in the data VLAN, which has nothing to do with the story.
const PC: (Mac, Ipv4Addr) = ([0x00, 0x00, 0x5e, 0x00, 0x53, 0x20], Ipv4Addr::new(10, 10, 0, 20));
/// The host that has taken the phone's address.
const THIEF: Mac = [0x00, 0x00, 0x5e, 0x00, 0x53, 0x77];
const NOBODY: Mac = [0; 6];
/// The data VLAN.
const NATIVE: u16 = 10;
/// What an 802.3af port has to give before it knows more.
const FULL_POWER: u32 = 15_400;

impl Player {
    /// The link comes up. The switch speaks first, then the phone in a burst, then the switch with what it grants.
    pub(super) fn power_up(&mut self) {
        if self.site.behind_router {
            return;
        }
        self.ip = None;
        self.switch_says(FULL_POWER);
        self.millis(400);
        for _ in 0..3 {
            self.phone_says(true);
            self.millis(30);
            self.switch_says(self.site.granted);
            self.millis(970);
        }
        let minute = Span::from_secs(60);
        let half = Span::from_secs(30);
        for (on, what, first, every) in [
            (self.site.phone_cdp, Periodic::PhoneCdp, Span::from_secs(57), minute),
            (self.site.switch_cdp, Periodic::SwitchCdp, Span::from_secs(58), minute),
            (self.site.phone_lldp, Periodic::PhoneLldp, Span::from_secs(28), half),
            (self.site.switch_lldp, Periodic::SwitchLldp, Span::from_secs(29), half),
        ] {
            if on {
                self.timer(what, first, every);
            }
        }
    }

    /// The phone falls silent; so does the switch port.
    pub(super) fn off(&mut self) {
        self.timers.retain(|it| it.what == Periodic::Unrelated);
        self.ip = self.ip.filter(|_| self.site.behind_router);
        self.active = None;
        self.standby = None;
    }

    pub(super) fn periodic(&mut self, what: Periodic) {
        match what {
            Periodic::PhoneCdp => self.phone_cdp(false),
            Periodic::SwitchCdp => self.switch_cdp(self.site.granted),
            Periodic::PhoneLldp => self.phone_lldp(false),
            Periodic::SwitchLldp => self.switch_lldp(self.site.granted),
            Periodic::Unrelated => {
                let ask = frame::arp(1, PC, (NOBODY, Ipv4Addr::new(10, 10, 0, 1)));
                self.push(frame::ethernet(BROADCAST, PC.0, None, 0x0806, &ask));
            }
        }
    }

    fn phone_says(&mut self, asks_vlan: bool) {
        if self.site.phone_cdp {
            self.phone_cdp(asks_vlan);
        }
        if self.site.phone_lldp {
            self.millis(5);
            self.phone_lldp(asks_vlan);
        }
    }

    fn switch_says(&mut self, power: u32) {
        if self.site.switch_cdp {
            self.switch_cdp(power);
        }
        if self.site.switch_lldp {
            self.millis(5);
            self.switch_lldp(power);
        }
    }

    fn phone_cdp(&mut self, asks_vlan: bool) {
        let it = cdp::Phone {
            name: &self.name,
            ip: self.ip.unwrap_or(Ipv4Addr::UNSPECIFIED),
            load: self.load,
            platform: "Cisco IP Phone 7821",
            power: self.site.power,
            asks_vlan,
        };
        self.push(cdp::phone(self.mac, it));
    }

    fn switch_cdp(&mut self, power: u32) {
        let it = cdp::Switch {
            name: "sw-access-1",
            ip: Ipv4Addr::new(10, 20, 0, 2),
            port: &format!("GigabitEthernet1/0/{}", self.index + 7),
            native: NATIVE,
            voice: self.site.cdp_voice,
            power: Some(power),
            answers: power != FULL_POWER && !self.site.power.is_empty(),
        };
        self.push(cdp::switch(self.port_mac(), it));
    }

    fn phone_lldp(&mut self, asks_vlan: bool) {
        let it = lldp::Phone {
            name: &self.name,
            ip: self.ip.unwrap_or(Ipv4Addr::UNSPECIFIED),
            load: self.load,
            model: "CP-7821",
            power: self.site.power.first().copied().unwrap_or(0),
            asks_vlan,
            vlan: self.site.vlan,
        };
        self.push(lldp::phone(self.mac, it));
    }

    fn switch_lldp(&mut self, power: u32) {
        let it = lldp::Switch {
            name: "sw-access-1",
            port: &format!("Gi1/0/{}", self.index + 7),
            native: NATIVE,
            voice: self.site.lldp_voice,
            power,
        };
        self.push(lldp::switch(self.port_mac(), it));
    }

    /// Every port of the switch has its own hardware address.
    fn port_mac(&self) -> Mac {
        let [high, low] = (self.index as u16).wrapping_add(7).to_be_bytes();
        [0x00, 0xaa, 0xbb, 0xcc, 0xdd_u8.wrapping_add(high), low]
    }

    fn head(&self, secs: u16) -> Head {
        Head { xid: self.xid, secs, mac: self.mac, has: Ipv4Addr::UNSPECIFIED, gives: Ipv4Addr::UNSPECIFIED }
    }

    fn client(&self) -> Client<'_> {
        Client { name: &self.name, model: "CP-7821", wants: None, server: None }
    }

    pub(super) fn discover(&mut self, secs: u16) {
        if secs == 0 {
            self.xid = self.fresh();
        }
        let message = dhcp::from_phone(Kind::Discover, self.head(secs), self.client());
        self.ask_server(&message);
    }

    pub(super) fn offer(&mut self, lease: &'static Lease) {
        self.offered = Some(lease);
        self.tell_phone(Kind::Offer, lease);
    }

    /// REQUEST of an offer, or of the address of before.
    pub(super) fn request(&mut self, offered: bool) {
        if !offered {
            self.xid = self.fresh();
        }
        let server = self.offered.filter(|_| offered).and_then(|it| it.server);
        let it = Client { wants: Some(self.own), server, ..self.client() };
        let message = dhcp::from_phone(Kind::Request, self.head(0), it);
        self.ask_server(&message);
    }

    pub(super) fn ack(&mut self, lease: &'static Lease) {
        self.tell_phone(Kind::Ack, lease);
        self.ip = Some(self.own);
        self.millis(20);
    }

    pub(super) fn nak(&mut self) {
        self.tell_phone(Kind::Nak, &LEASE);
    }

    fn ask_server(&mut self, message: &[u8]) {
        self.millis(10);
        self.udp((Ipv4Addr::UNSPECIFIED, 68), (Ipv4Addr::BROADCAST, 67), 0, message);
    }

    fn tell_phone(&mut self, kind: Kind, lease: &Lease) {
        self.millis(15);
        let gives = if kind == Kind::Nak { Ipv4Addr::UNSPECIFIED } else { self.own };
        let message = dhcp::from_server(kind, Head { gives, ..self.head(0) }, lease, self.router());
        let from = lease.server.filter(|it| *it != LEASE.server.unwrap_or(*it)).unwrap_or_else(|| self.router());
        self.udp((from, 67), (Ipv4Addr::BROADCAST, 68), 0, &message);
    }

    /// Address conflict detection (RFC 5227), shortened: two probes, one announcement.
    pub(super) fn probe(&mut self) {
        for _ in 0..2 {
            self.ask((self.mac, Ipv4Addr::UNSPECIFIED), self.own);
            self.millis(250);
        }
        self.ask((self.mac, self.own), self.own);
        self.ip = Some(self.own);
        self.millis(100);
    }

    pub(super) fn probe_taken(&mut self) {
        self.ask((self.mac, Ipv4Addr::UNSPECIFIED), self.own);
        self.millis(1);
        let reply = frame::arp(2, (THIEF, self.own), (self.mac, Ipv4Addr::UNSPECIFIED));
        let tag = self.tag(0);
        self.push(frame::ethernet(self.mac, THIEF, tag, 0x0806, &reply));
        self.xid = self.fresh();
        let it = Client { wants: Some(self.own), server: LEASE.server, ..self.client() };
        let message = dhcp::from_phone(Kind::Decline, self.head(0), it);
        self.ask_server(&message);
        self.ip = None;
        self.millis(50);
    }

    /// ARP for an address; the router answers for itself and for what lies behind it.
    pub(super) fn arp_for(&mut self, who: Ipv4Addr, answered: Answered) {
        if self.site.behind_router {
            return;
        }
        let who = if who == super::super::scenario::ROUTER { self.router() } else { who };
        self.ask((self.mac, self.own), who);
        if answered == Answered::Yes {
            self.micros(400);
            let reply = frame::arp(2, (ROUTER_MAC, who), (self.mac, self.own));
            let tag = self.tag(0);
            self.push(frame::ethernet(self.mac, ROUTER_MAC, tag, 0x0806, &reply));
        }
        self.millis(2);
    }

    fn ask(&mut self, sender: (Mac, Ipv4Addr), whom: Ipv4Addr) {
        let message = frame::arp(1, sender, (NOBODY, whom));
        let tag = self.tag(0);
        self.push(frame::ethernet(BROADCAST, self.mac, tag, 0x0806, &message));
    }

    pub(super) fn broken(&mut self, what: Broken) {
        self.millis(500);
        let server = self.server;
        match what {
            Broken::Cdp => self.push(cdp::damaged(self.mac, &self.name)),
            Broken::Dhcp => {
                let message = dhcp::damaged(Head { gives: self.own, ..self.head(0) });
                self.udp((Ipv4Addr::new(10, 20, 0, 9), 67), (Ipv4Addr::BROADCAST, 68), 0, &message);
            }
            Broken::Tftp => {
                let port = self.port();
                self.udp((self.own, port), (server, 69), 0, &tftp::damaged("RINGLIST.XML"));
            }
            Broken::Sip => self.udp((server, 5060), (self.own, 5060), 0x60, &sip::damaged(self.own, server)),
            Broken::Igmp => {
                let dst = Ipv4Addr::new(239, 1, 1, 1);
                let ip = Ip { src: self.own, dst, proto: 2, id: 0, tos: 0, ttl: 1 };
                self.ip(ip, &[0x16, 0, 0xe9]);
            }
            Broken::Rtp => {
                let media = (super::super::media::PEER, super::super::media::STREAM.to_port);
                let own = (self.own, super::super::media::STREAM.from_port);
                self.udp(own, media, 0xb8, &[0x8f, 0, 0xff, 0xe0, 0, 0, 0, 1, 0, 0, 0, 1, 7, 7]);
            }
            Broken::Udp => {
                let mut datagram = frame::udp(self.own, server, 49_999, 69, &tftp::ack(0));
                if let Some(length) = datagram.get_mut(4) {
                    *length = 0x7f;
                }
                let ip = Ip { src: self.own, dst: server, proto: 17, id: 0, tos: 0, ttl: 0 };
                self.ip(ip, &datagram);
            }
        }
    }
}
