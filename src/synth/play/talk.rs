//! What the player does in conversations over TCP besides files and signalling.

use std::net::Ipv4Addr;

use super::super::scenario::Side;
use super::super::talk::{self, Host, Say, Talk};
use super::super::{tls, trust};
use super::Player;
use super::net::Conn;

/// The computer behind the phone.
pub(super) const CAMERA: super::Mac = [0x00, 0x0c, 0x29, 0x31, 0x07, 0x07];

impl Player {
    pub(super) fn talk(&mut self, talk: &Talk) {
        self.millis(40);
        let (client, server) = (self.host(talk.client), self.host(talk.server));
        let Some(mut conn) = self.connect_from(client, server, talk.port, talk.tos, talk.accepts) else { return };
        for say in talk.says {
            self.millis(15);
            self.say_in(&mut conn, talk, *say);
        }
    }

    fn host(&self, host: Host) -> Ipv4Addr {
        match host {
            Host::Phone => self.own,
            Host::At(ip) => ip,
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{name}", &self.name).replace("{ip}", &self.own.to_string())
    }

    fn say_in(&mut self, conn: &mut Conn, talk: &Talk, say: Say) {
        let seed = u64::from(self.fresh());
        let host = match talk.port {
            80 => conn.server.to_string(),
            port => format!("{}:{port}", conn.server),
        };
        let of_phone = talk.client == Host::Phone;
        let (side, bytes) = match say {
            Say::Get(path) => (Side::Phone, talk::request("GET", &self.filled(path), &host, of_phone, "", "")),
            Say::GetVia(path, proxy) => {
                let via = format!("Via: 1.1 {proxy}\r\n");
                (Side::Phone, talk::request("GET", &self.filled(path), &host, of_phone, &via, ""))
            }
            Say::Post(path, form) => {
                let (path, form) = (self.filled(path), self.filled(form));
                (Side::Phone, talk::request("POST", &path, &host, of_phone, "", &form))
            }
            Say::PostTo(host, path, form) => (Side::Phone, talk::request("POST", path, host, of_phone, "", form)),
            Say::Answer(code, kind, body) => (Side::Server, talk::answer(code, kind, self.filled(body).as_bytes())),
            Say::Archive(size) => {
                (Side::Server, talk::answer(200, "application/java-archive", &trust::noise(size, 11)))
            }
            Say::Cast(side, id, values) => (side, talk::cast(id, values)),
            Say::Raw(side, bytes) => (side, bytes.to_vec()),
            Say::Hello => (Side::Phone, tls::client_hello("cucm1", seed)),
            Say::ServerHello(certificate) => (Side::Server, tls::server_hello(certificate, seed)),
            Say::Finish => {
                self.send(conn, Side::Phone, &tls::client_finish(&trust::PHONE, seed));
                self.millis(4);
                (Side::Server, tls::server_finish(seed + 9))
            }
            Say::Data(side, plain) => (side, tls::data(plain, seed)),
            Say::Alert(side, number) => (side, tls::alert(number)),
            Say::Wait(seconds) => return self.millis(i64::from(seconds) * 1000),
            Say::Meanwhile(talk) => return self.talk(talk),
            Say::Close(side) => return self.close(conn, side),
            Say::Abort(side) => return self.abort(conn, side),
        };
        self.send(conn, side, &bytes);
    }
}
