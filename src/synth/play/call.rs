//! What the player does with CallManagers: connections, TLS, SIP requests and their answers.

use std::net::Ipv4Addr;

use super::super::scenario::{Accepts, Handshake, Reply, Side, Transport, User};
use super::super::sip::{self, Line, Purpose};
use super::super::{tls, trust};
use super::Player;
use super::net::Conn;

/// CS3, as signalling is marked.
const TOS: u8 = 0x60;
const SIP: u16 = 5060;
const SIPS: u16 = 5061;
const SCCP: u16 = 2000;

/// The signalling of the phone with one CallManager.
pub(super) struct Session {
    pub(super) line: Line,
    channel: Channel,
}

enum Channel {
    Tcp(Conn),
    Tls(Conn),
    Udp,
}

impl Player {
    pub(super) fn session(&mut self, server: Ipv4Addr, accepts: Accepts) -> Option<Session> {
        let (channel, port, transport) = match self.transport {
            Transport::Udp => (Channel::Udp, SIP, "UDP"),
            Transport::Tcp => {
                let conn = self.connect(server, SIP, TOS, accepts)?;
                (Channel::Tcp(conn.clone()), conn.port, "TCP")
            }
            Transport::Sccp => {
                let conn = self.connect(server, SCCP, TOS, accepts)?;
                (Channel::Tcp(conn.clone()), conn.port, "TCP")
            }
            Transport::Tls => {
                let conn = self.connect(server, SIPS, TOS, accepts)?;
                (Channel::Tls(conn.clone()), conn.port, "TLS")
            }
        };
        self.dialog += 1;
        let line = Line {
            name: self.name.clone(),
            ip: self.own,
            port,
            server,
            transport,
            user: String::new(),
            load: self.load.to_owned(),
            dialog: self.dialog,
            cseq: 100,
            message: 0,
        };
        Some(Session { line, channel })
    }

    pub(super) fn close_session(&mut self, session: &mut Session, side: Side, abort: bool) {
        if let Channel::Tcp(conn) | Channel::Tls(conn) = &mut session.channel {
            if abort {
                self.abort(conn, side);
            } else {
                self.close(conn, side);
            }
        }
    }

    pub(super) fn handshake(&mut self, session: &mut Session, how: Handshake) {
        let Channel::Tls(conn) = &mut session.channel else { return };
        let seed = u64::from(self.fresh());
        let name = if conn.server == super::super::scenario::CM2 { "cucm2" } else { "cucm1" };
        self.millis(5);
        self.send(conn, Side::Phone, &tls::client_hello(name, seed));
        match how {
            Handshake::Unanswered => {
                self.millis(30_000);
                return self.close(conn, Side::Phone);
            }
            Handshake::ServerAlerts(number) => {
                self.millis(3);
                self.send(conn, Side::Server, &tls::alert(number));
                return self.close(conn, Side::Server);
            }
            Handshake::Unreadable => {
                self.millis(3);
                self.send(conn, Side::Server, &tls::damaged());
                return self.close(conn, Side::Phone);
            }
            Handshake::Whole | Handshake::PhoneAlerts(_) => {}
        }
        self.millis(3);
        let key = if name == "cucm2" { &trust::CUCM2 } else { &trust::CUCM1 };
        self.send(conn, Side::Server, &tls::server_hello(key, seed + 1));
        self.millis(25);
        if let Handshake::PhoneAlerts(number) = how {
            self.send(conn, Side::Phone, &tls::alert(number));
            return self.close(conn, Side::Phone);
        }
        self.send(conn, Side::Phone, &tls::client_finish(&trust::PHONE, seed + 2));
        self.millis(6);
        self.send(conn, Side::Server, &tls::server_finish(seed + 5));
    }

    /// The alarm that opens the signalling.
    pub(super) fn refer(&mut self, session: &mut Session, reply: Reply) {
        session.line.user = self.user_name();
        let text = session.line.refer(self.site.long_alarm);
        self.asked(session, &text, reply, 202);
    }

    pub(super) fn register(&mut self, session: &mut Session, why: &'static str, reply: Reply) {
        session.line.user = self.user_name();
        let text = session.line.register(Purpose::First(why), false);
        self.asked(session, &text, reply, 200);
        if let Reply::Challenge(code) = reply {
            self.millis(30);
            let text = session.line.register(Purpose::First(why), true);
            self.asked(session, &text, Reply::Code(code), 200);
        }
    }

    pub(super) fn keepalive(&mut self, session: &mut Session, purpose: Purpose, reply: Reply) {
        session.line.user = self.user_name();
        let text = session.line.register(purpose, false);
        self.asked(session, &text, reply, 200);
    }

    pub(super) fn notify(&mut self, session: &mut Session, action: &str, code: u16) {
        // A 400 is the answer to a registration that is no more.
        let call_id = if code == 400 {
            format!("{}@{}", "0badc0de-0badc0de-0a0b-0c0d", self.own)
        } else {
            session.line.call_id()
        };
        let text = session.line.notify(action, &call_id, None);
        self.told(session, &text, code);
    }

    /// A call that is answered; its media is elsewhere.
    pub(super) fn dial(&mut self, session: &mut Session, number: &str) {
        session.line.user = self.user_name();
        let text = session.line.invite(number);
        for code in [100, 180, 200] {
            if code == 100 {
                self.say(session, Side::Phone, &text);
            }
            self.millis(120);
            let answer = sip::answer(&text, code, self.now);
            self.say(session, Side::Server, &answer);
        }
    }

    pub(super) fn options(&mut self, session: &mut Session) {
        let text = session.line.options();
        self.told(session, &text, 200);
    }

    pub(super) fn user_name(&self) -> String {
        match self.user {
            User::AutoReg => "AUTO-REG".to_owned(),
            User::Number(first) => (first + self.index).to_string(),
        }
    }

    /// A request of the CallManager, and the phone's answer.
    fn told(&mut self, session: &mut Session, request: &str, code: u16) {
        self.millis(10);
        self.say(session, Side::Server, request);
        self.millis(8);
        let answer = sip::answer(request, code, self.now);
        self.say(session, Side::Phone, &answer);
    }

    /// A request of the phone, and what becomes of it.
    fn asked(&mut self, session: &mut Session, request: &str, reply: Reply, good: u16) {
        self.millis(20);
        let code = match reply {
            Reply::Good => good,
            Reply::Code(code) => code,
            Reply::Challenge(_) => 401,
            Reply::Ignored => {
                self.say(session, Side::Phone, request);
                return self.millis(1000);
            }
            Reply::Never | Reply::Lost => return self.unanswered(session, request, reply),
        };
        self.say(session, Side::Phone, request);
        if good == 200 && code == 200 {
            self.millis(4);
            let trying = sip::answer(request, 100, self.now);
            self.say(session, Side::Server, &trying);
        }
        self.millis(6);
        let answer = sip::answer(request, code, self.now);
        self.say(session, Side::Server, &answer);
    }

    fn unanswered(&mut self, session: &mut Session, request: &str, reply: Reply) {
        match &mut session.channel {
            Channel::Udp => {
                // RFC 3261 §17.1.2.2: T1 0.5 s, doubled up to 4 s, until 32 s are over.
                self.say(session, Side::Phone, request);
                for half_seconds in [1, 2, 4, 8, 8, 8, 8, 8, 8] {
                    self.millis(half_seconds * 500);
                    self.say(session, Side::Phone, request);
                }
                self.millis(4500);
            }
            Channel::Tcp(conn) | Channel::Tls(conn) if reply == Reply::Lost => {
                let conn = conn.clone();
                self.send_lost(&conn, request.as_bytes(), &[1, 2, 4, 8, 16]);
                self.millis(4000);
            }
            Channel::Tcp(_) | Channel::Tls(_) => {
                self.say(session, Side::Phone, request);
                self.millis(33_000);
            }
        }
    }

    /// Carries a message the way this session does.
    pub(super) fn say(&mut self, session: &mut Session, side: Side, text: &str) {
        self.carry(session, side, text.as_bytes(), TOS);
    }

    /// Asks for the token that brings the phone back.
    pub(super) fn token(&mut self, session: &mut Session, reply: Reply) {
        session.line.user = self.user_name();
        let text = session.line.token();
        self.asked(session, &text, reply, 202);
    }

    /// Carries bytes the way this session does.
    pub(super) fn carry(&mut self, session: &mut Session, side: Side, bytes: &[u8], tos: u8) {
        match &mut session.channel {
            Channel::Tcp(conn) => self.send(conn, side, bytes),
            Channel::Tls(conn) => {
                let seed = u64::from(self.fresh());
                self.send(conn, side, &tls::data(bytes.len(), seed));
            }
            Channel::Udp => {
                let (phone, server) = ((self.own, SIP), (session.line.server, SIP));
                match side {
                    Side::Phone => self.udp(phone, server, tos, bytes),
                    Side::Server => self.udp(server, phone, tos, bytes),
                }
            }
        }
    }
}
