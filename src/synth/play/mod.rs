//! The player: goes through the steps of a story and writes down the frames of one phone.
//!
//! It has a clock that only moves forward. Periodic traffic (announcements, unrelated hosts) falls into every wait.

mod call;
mod fetch;
mod link;
mod media;
mod net;
mod talk;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::Frame;
use super::dhcp::Lease;
use super::frame::Mac;
use super::scenario::{Side, Site, Step, Story, Transport, User, Via};
use crate::time::{Span, Ts};
use call::Session;

/// 2026-01-05T08:00:00Z, when every story begins.
pub const START: Ts = Ts::from_nanos(1_767_600_000_000_000_000);

/// What one phone of a story sends and gets; `index` counts the phones of the site from 0.
pub fn play(story: &Story, index: u32) -> Vec<Frame> {
    let mut player = Player::new(&story.site, index);
    player.steps(story.steps);
    player.frames
}

/// What is repeated by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Periodic {
    PhoneCdp,
    SwitchCdp,
    PhoneLldp,
    SwitchLldp,
    Unrelated,
}

struct Timer {
    what: Periodic,
    due: Ts,
    every: Span,
}

struct Player {
    site: Site,
    now: Ts,
    frames: Vec<Frame>,
    timers: Vec<Timer>,

    index: u32,
    name: String,
    mac: Mac,
    /// The address this phone is given.
    own: Ipv4Addr,
    /// The address it has now.
    ip: Option<Ipv4Addr>,
    load: &'static str,

    /// The next IP identification of each host.
    ids: BTreeMap<Ipv4Addr, u16>,
    /// Makes ports, transactions and sequence numbers differ.
    counter: u32,
    xid: u32,
    offered: Option<&'static Lease>,

    via: Via,
    server: Ipv4Addr,

    transport: Transport,
    user: User,
    dialog: u32,
    /// Sources of the streams played last, and the number of their next packet.
    speaking: (Vec<u32>, u32),
    active: Option<Session>,
    standby: Option<Session>,
}

impl Player {
    fn new(site: &Site, index: u32) -> Player {
        // 200 phones a subnet: the first is 10.20.0.50.
        let own = Ipv4Addr::new(10, 20 + (index / 51_200) as u8, (index / 200) as u8, 50 + (index % 200) as u8);
        let number = 0x0011_2233_4455_u64 + u64::from(index);
        let [_, _, mac @ ..] = number.to_be_bytes();
        let start = START + Span::from_millis(i64::from(index) * i64::from(site.apart));
        let mut player = Player {
            site: *site,
            now: start,
            frames: Vec::new(),
            timers: Vec::new(),
            index,
            name: format!("SEP{number:012X}"),
            mac,
            own,
            ip: site.addressed.then_some(own),
            load: "sip78xx.12-1-1-12",
            ids: BTreeMap::new(),
            counter: 0,
            xid: 0,
            offered: None,
            via: site.via,
            server: super::scenario::CM1,
            transport: site.transport,
            user: User::Number(1001),
            dialog: 0,
            speaking: (Vec::new(), 0),
            active: None,
            standby: None,
        };
        if index == 0 {
            player.timer(Periodic::Unrelated, Span::from_millis(7300), Span::from_secs(20));
        }
        player
    }

    fn steps(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Do(steps) => self.steps(steps),
            Step::Times(times, steps) => (0..times).for_each(|_| self.steps(steps)),
            Step::Wait(seconds) => self.wait(Span::from_secs(i64::from(seconds))),

            Step::PowerUp => self.power_up(),
            Step::Off => self.off(),
            Step::Runs(load) => self.load = load,

            Step::Discover(secs) => self.discover(secs),
            Step::Offer(lease) => self.offer(lease),
            Step::Request => self.request(true),
            Step::RequestAgain => self.request(false),
            Step::Ack(lease) => self.ack(lease),
            Step::Nak => self.nak(),
            Step::Probe => self.probe(),
            Step::ProbeTaken => self.probe_taken(),
            Step::Arp(who, answered) => self.arp_for(who, answered),
            Step::Resolve(name, how) => self.resolve(name, how),

            Step::Via(via) => self.via = via,
            Step::Server(server) => self.server = server,
            Step::Fetch(file, got) => self.fetch(file, got),
            Step::Tvs(server, accepts) => self.tvs(server, accepts),

            Step::User(user) => self.user = user,
            Step::Transport(transport) => self.transport = transport,
            Step::Connect(server, accepts) => self.active = self.session(server, accepts),
            Step::ConnectStandby(server, accepts) => self.standby = self.session(server, accepts),
            Step::Tls(how) => self.with_active(|player, session| player.handshake(session, how)),
            Step::Refer(reply) => self.with_active(|player, session| player.refer(session, reply)),
            Step::Register(why, reply) => self.with_active(|player, session| player.register(session, why, reply)),
            Step::Keepalive(after, purpose, reply) => {
                self.wait(Span::from_secs(i64::from(after)));
                self.with_active(|player, session| player.keepalive(session, purpose, reply));
            }
            Step::Standby(after, reply) => {
                self.wait(Span::from_secs(i64::from(after)));
                if let Some(mut session) = self.standby.take() {
                    self.keepalive(&mut session, super::sip::Purpose::Standby, reply);
                    self.standby = Some(session);
                }
            }
            Step::Notify(action, code) => self.with_active(|player, session| player.notify(session, action, code)),
            Step::Options => self.with_active(Player::options),
            Step::Close(side) => self.end(side, false),
            Step::Abort(side) => self.end(side, true),

            Step::Talk(talk) => self.talk(talk),
            Step::Camera => self.push(super::cdp::camera(talk::CAMERA)),
            Step::Dial(number) => self.with_active(|player, session| player.dial(session, number)),

            Step::Call(call) => self.with_active(|player, session| player.call(session, call)),
            Step::Transfer(call) => self.with_active(|player, session| player.transfer(session, call)),
            Step::Invite(trunk) => self.trunk(trunk),
            Step::Streams(streams, packets) => self.streams(streams, packets),
            Step::Resume(streams, packets) => self.resume(streams, packets),
            Step::Igmp(join, group) => self.igmp(join, group),
            Step::Sccp(what) => self.with_active(|player, session| player.sccp(session, &what)),
            Step::SccpStandby(what) => self.with_standby(|player, session| player.sccp(session, &what)),
            Step::Token(reply) => self.with_standby(|player, session| player.token(session, reply)),
            Step::Swap => std::mem::swap(&mut self.active, &mut self.standby),
            Step::Millis(millis) => self.millis(i64::from(millis)),

            Step::Broken(what) => self.broken(what),
        }
    }

    fn with_active(&mut self, act: impl FnOnce(&mut Player, &mut Session)) {
        if let Some(mut session) = self.active.take() {
            act(self, &mut session);
            self.active = Some(session);
        }
    }

    fn with_standby(&mut self, act: impl FnOnce(&mut Player, &mut Session)) {
        if let Some(mut session) = self.standby.take() {
            act(self, &mut session);
            self.standby = Some(session);
        }
    }

    fn end(&mut self, side: Side, abort: bool) {
        if let Some(mut session) = self.active.take() {
            self.close_session(&mut session, side, abort);
        }
    }

    /// Lets time pass, and in it what is repeated by the clock.
    fn wait(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(timer) = self.timers.iter_mut().filter(|it| it.due <= until).min_by_key(|it| it.due) {
            // A burst may have gone beyond a timer that was due inside it.
            self.now = self.now.max(timer.due);
            timer.due = self.now + timer.every;
            let what = timer.what;
            self.periodic(what);
        }
        self.now = self.now.max(until);
    }

    fn micros(&mut self, micros: i64) {
        self.wait(Span::from_nanos(micros * 1000));
    }

    fn millis(&mut self, millis: i64) {
        self.wait(Span::from_millis(millis));
    }

    fn timer(&mut self, what: Periodic, first: Span, every: Span) {
        self.timers.push(Timer { what, due: self.now + first, every });
    }

    fn push(&mut self, bytes: Vec<u8>) {
        self.frames.push(Frame { time: self.now, wire_len: bytes.len() as u32, bytes });
    }

    /// A number that no other call gives in this story: phones, transactions and connections differ.
    fn fresh(&mut self) -> u32 {
        self.counter += 1;
        let mixed = (u64::from(self.index) << 20 | u64::from(self.counter)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as u32
    }

    /// An ephemeral port, counted up as systems do.
    fn port(&mut self) -> u16 {
        self.counter += 1;
        49_152 + ((self.index * 97 + self.counter * 3) % 16_000) as u16
    }
}
