//! What the player does in calls: set-up by SIP or SCCP, streams, groups.

use std::net::Ipv4Addr;

use super::super::frame::{self, Ip};
use super::super::media::{self, Call, Stream};
use super::super::scenario::{Registered, Sccp, Side, Trunk};
use super::super::{sccp, sip};
use super::Player;
use super::call::Session;
use super::net::{ROUTER_MAC, host_mac};

/// CS3, as signalling is marked.
const TOS: u8 = 0x60;

impl Player {
    /// Streams, packet by packet, side by side.
    pub(super) fn streams(&mut self, streams: &[Stream], packets: u32) {
        self.speaking = (streams.iter().map(|_| self.fresh()).collect(), 0);
        self.resume(streams, packets);
    }

    /// The streams played last go on.
    pub(super) fn resume(&mut self, streams: &[Stream], packets: u32) {
        let (sources, first) = self.speaking.clone();
        self.speaking.1 = first + packets;
        for number in first..first + packets {
            for (stream, source) in streams.iter().zip(&sources) {
                let lost = stream.lose > 0 && number % stream.lose == stream.lose - 1;
                if lost || stream.once && self.index > 0 {
                    continue;
                }
                let packet = media::rtp(stream, number, *source);
                let late = if number % 2 == 1 { stream.late } else { 0 };
                if late > 0 {
                    self.micros(late);
                }
                let from = (stream.from.unwrap_or(self.own), stream.from_port);
                let to = (stream.to.unwrap_or(self.own), stream.to_port);
                self.speech(from, to, stream.tos, &packet);
            }
            self.millis(20);
        }
    }

    fn speech(&mut self, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), tos: u8, payload: &[u8]) {
        if !to.0.is_multicast() {
            return self.udp(from, to, tos, payload);
        }
        let datagram = frame::udp(from.0, to.0, from.1, to.1, payload);
        let ip = Ip { src: from.0, dst: to.0, proto: 17, id: 0, tos, ttl: 16 };
        self.send_to_group(ip, &datagram);
    }

    /// The phone joins or leaves a group; what it says is seen at its port.
    pub(super) fn igmp(&mut self, join: bool, group: Ipv4Addr) {
        self.millis(30);
        let dst = if join { group } else { Ipv4Addr::new(224, 0, 0, 2) };
        let ip = Ip { src: self.own, dst, proto: 2, id: 0, tos: 0, ttl: 1 };
        self.send_to_group(ip, &media::igmp(join, group));
        if join {
            // "It is recommended that it be repeated once or twice after short delays" (RFC 2236 §3).
            self.millis(170);
            self.send_to_group(ip, &media::igmp(join, group));
        }
    }

    fn send_to_group(&mut self, ip: Ip, payload: &[u8]) {
        let packet = frame::ipv4(self.numbered(ip), payload);
        let own = ip.src == self.own;
        let src = match own {
            true if !self.site.behind_router => self.mac,
            true => ROUTER_MAC,
            false if self.site.behind_router => host_mac(ip.src),
            false => ROUTER_MAC,
        };
        let tag = self.tag(ip.tos);
        self.push(frame::ethernet(media::group_mac(ip.dst), src, tag, 0x0800, &packet));
    }

    /// A call by SIP: set up, streams, hung up by the phone.
    pub(super) fn call(&mut self, session: &mut Session, call: &Call) {
        let invite = self.set_up(session, call);
        if call.code == 200 && !call.goes_on {
            self.hang_up(session, &invite, 1, call);
        }
    }

    /// A phone says what it received of the call, and what it sent.
    fn hang_up(&mut self, session: &mut Session, invite: &str, later: u32, call: &Call) {
        let bye = session.line.follow("BYE", invite, later);
        let packets = |is: fn(&Stream) -> bool| if call.streams.iter().any(is) { self.speaking.1 } else { 0 };
        let (received, sent) = (packets(|stream| stream.to.is_none()), packets(|stream| stream.from.is_none()));
        let dur = self.speaking.1 / 50;
        let stat = |name, packets| format!("RTP-{name}Stat: Dur={dur},Pkt={packets},Oct={}", packets * 160);
        let stats = format!("{},LatePkt=0,LostPkt=0,AvgJit=0\r\n{}", stat("Rx", received), stat("Tx", sent));
        let bye = bye.replacen("Content-Length", &format!("{stats}\r\nContent-Length"), 1);
        self.millis(20);
        self.say(session, Side::Phone, &bye);
        self.millis(8);
        let done = sip::answer(&bye, 200, self.now);
        self.say(session, Side::Server, &done);
    }

    /// Sets a call up and plays its streams; gives its INVITE.
    fn set_up(&mut self, session: &mut Session, call: &Call) -> String {
        session.line.user = self.user_name();
        let own = self.own;
        let offer = media::sdp(own, 16_384, call.offers, "sendrecv");
        let text = session.line.call(call.number, &offer);
        self.millis(20);
        self.say(session, Side::Phone, &text);
        self.millis(10);
        let trying = sip::answer(&text, 100, self.now);
        self.say(session, Side::Server, &trying);
        if call.code == 200 {
            self.millis(200);
            let ringing = sip::answer(&text, 180, self.now);
            self.say(session, Side::Server, &ringing);
            self.streams(call.early, call.packets.min(150));
            self.millis(1500);
        } else {
            self.millis(300);
        }
        let body = (call.code == 200).then(|| media::sdp(call.peer, 24_600, &[call.answer], call.direction));
        let answer = sip::answer_with(&text, call.code, self.now, call.cause, body.as_deref());
        self.say(session, Side::Server, &answer);
        self.millis(8);
        let ack = session.line.follow("ACK", &text, 0);
        self.say(session, Side::Phone, &ack);
        if call.code == 200 {
            self.millis(20);
            self.streams(call.streams, call.packets);
        }
        text
    }

    /// A call that the phone transfers by itself.
    pub(super) fn transfer(&mut self, session: &mut Session, call: &Call) {
        let invite = self.set_up(session, call);
        let refer = session.line.follow("REFER", &invite, 1).replacen(
            "Max-Forwards",
            &format!("Refer-To: <sip:1009@{}>\r\nMax-Forwards", session.line.server),
            1,
        );
        self.say(session, Side::Phone, &refer);
        self.millis(8);
        let accepted = sip::answer(&refer, 202, self.now);
        self.say(session, Side::Server, &accepted);
        self.millis(200);
        self.hang_up(session, &invite, 2, call);
    }

    /// CallManager calls a server, and is answered or not.
    pub(super) fn trunk(&mut self, trunk: &Trunk) {
        let from = super::super::scenario::CM1;
        let offer = media::sdp(from, 24_800, &[0, 18], "sendrecv");
        let id = self.fresh();
        let invite = format!(
            "INVITE sip:7000@{to}:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {from}:5060;branch=z9hG4bKt{id:08x}\r\nFrom: <sip:1001@{from}>;tag=t{id:08x}\r\nTo: <sip:7000@{to}>\r\nCall-ID: {id:08x}@{from}\r\nCSeq: 101 INVITE\r\nMax-Forwards: 70\r\nUser-Agent: Cisco-CUCM12.5\r\nContact: <sip:1001@{from}:5060>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{offer}",
            offer.len(),
            to = trunk.server,
        );
        let (here, there) = ((from, 5060), (trunk.server, 5060));
        self.udp(here, there, TOS, invite.as_bytes());
        match trunk.codec {
            Some(codec) => {
                self.millis(40);
                let body = media::sdp(trunk.server, 24_900, &[codec], "sendrecv");
                let answer = sip::answer_with(&invite, 200, self.now, 0, Some(&body));
                self.udp(there, here, TOS, answer.as_bytes());
            }
            // RFC 3261 §17.1.1.2: T1 0.5 s, doubled.
            None => {
                for half_seconds in [1, 2, 4, 8, 16] {
                    self.millis(half_seconds * 500);
                    self.udp(here, there, TOS, invite.as_bytes());
                }
            }
        }
        self.millis(100);
    }

    /// One thing of SCCP on the active connection.
    pub(super) fn sccp(&mut self, session: &mut Session, what: &Sccp) {
        match *what {
            Sccp::Register(how) => self.sccp_register(session, how),
            Sccp::Keepalive(after, answered) => {
                self.millis(i64::from(after) * 1000);
                self.bytes(session, Side::Phone, &sccp::words(0, &[]));
                if answered {
                    self.millis(4);
                    self.bytes(session, Side::Server, &sccp::words(0x0100, &[]));
                }
            }
            Sccp::Reset(kind) => {
                self.millis(20);
                self.bytes(session, Side::Server, &sccp::words(0x009f, &[kind]));
            }
            Sccp::Leave => {
                self.millis(20);
                self.bytes(session, Side::Phone, &sccp::words(0x0027, &[]));
                self.millis(6);
                self.bytes(session, Side::Server, &sccp::words(0x0118, &[0]));
            }
            Sccp::Token(granted) => {
                self.millis(20);
                let asked = sccp::token(&self.name, self.own);
                self.bytes(session, Side::Phone, &asked);
                self.millis(6);
                let answer = if granted { sccp::words(0x011a, &[]) } else { sccp::words(0x011b, &[120]) };
                self.bytes(session, Side::Server, &answer);
            }
            Sccp::Version(load) => {
                self.millis(20);
                self.bytes(session, Side::Phone, &sccp::words(0x000f, &[]));
                self.millis(6);
                self.bytes(session, Side::Server, &sccp::version(load));
            }
            Sccp::Rings { number, redirecting, reason } => {
                let reference = 0x100 + self.counter;
                self.millis(20);
                self.bytes(session, Side::Server, &sccp::call_state(4, reference));
                self.bytes(session, Side::Server, &sccp::call_info("5551234", number, redirecting, reason, reference));
                self.millis(4000);
                self.bytes(session, Side::Phone, &sccp::words(0x0006, &[1, reference]));
                self.bytes(session, Side::Server, &sccp::call_state(5, reference));
                self.millis(3000);
                self.bytes(session, Side::Server, &sccp::call_state(2, reference));
            }
            Sccp::Call(call, status) => self.sccp_call(session, call, status),
        }
    }

    fn sccp_register(&mut self, session: &mut Session, how: Registered) {
        self.millis(20);
        let (name, load) = (self.name.clone(), self.load);
        self.bytes(session, Side::Phone, &sccp::alarm(&name, "Initialized"));
        self.millis(5);
        let register = sccp::register(&name, self.own, load);
        self.bytes(session, Side::Phone, &register);
        self.millis(10);
        match how {
            Registered::Yes => {
                self.bytes(session, Side::Server, &sccp::register_ack(30, 60));
                self.millis(5);
                self.bytes(session, Side::Server, &sccp::words(0x009b, &[]));
                self.millis(5);
                self.bytes(session, Side::Phone, &sccp::words(0x000e, &[]));
            }
            Registered::No(why) => self.bytes(session, Side::Server, &sccp::register_reject(why)),
            Registered::Silence => self.millis(20_000),
        }
    }

    fn sccp_call(&mut self, session: &mut Session, call: &Call, status: u32) {
        let reference = 0x100 + self.counter;
        let codec = match call.answer {
            18 => 11,
            8 => 2,
            _ => 4,
        };
        let own = self.own;
        self.millis(20);
        self.bytes(session, Side::Phone, &sccp::words(0x0006, &[1, reference]));
        for state in [1, 3, 5] {
            self.millis(300);
            self.bytes(session, Side::Server, &sccp::call_state(state, reference));
        }
        self.bytes(session, Side::Server, &sccp::open_receive(codec, reference));
        self.millis(5);
        self.bytes(session, Side::Phone, &sccp::open_receive_ack(status, own, 16_384, reference));
        if status == 0 {
            self.bytes(session, Side::Server, &sccp::start_media(call.peer, 24_600, codec, reference));
            self.millis(20);
            self.streams(call.streams, call.packets);
        }
        if !call.goes_on {
            self.bytes(session, Side::Phone, &sccp::words(0x0007, &[1, reference]));
            self.bytes(session, Side::Server, &sccp::words(0x008b, &[reference, reference + 1, reference, 0]));
            self.bytes(session, Side::Server, &sccp::call_state(2, reference));
        }
    }

    /// Bytes of a session that is carried by TCP.
    fn bytes(&mut self, session: &mut Session, side: Side, bytes: &[u8]) {
        self.carry(session, side, bytes, TOS);
    }
}
