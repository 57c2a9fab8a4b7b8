//! What the player does to get files: DNS, HTTP on 6970, TFTP, and the trust verification service.

use std::net::Ipv4Addr;

use super::super::scenario::{Accepts, Content, File, Got, Resolved, Side, Via, Wrap};
use super::super::trust::{self, CUCM1, Damage, TVS1};
use super::super::{cnf, dns, http, tftp, tls};
use super::Player;

const DNS: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 1, 1, 53), 53);
const BLOCK: u16 = 1448;
/// When the configurations were signed: 2025-12-01T00:00:00Z.
const SIGNED: u32 = 1_764_547_200;

impl Player {
    pub(super) fn resolve(&mut self, name: &str, how: Resolved) {
        let id = self.fresh() as u16;
        let from = (self.own, self.port());
        let tries = if how == Resolved::Silence { 3 } else { 1 };
        for _ in 0..tries {
            self.millis(3);
            self.udp(from, DNS, 0, &dns::query(id, name));
            if how == Resolved::Silence {
                self.millis(5000);
            }
        }
        let address = match how {
            Resolved::To(address) => Some(address),
            Resolved::NoSuchName => None,
            Resolved::Silence => return,
        };
        self.millis(2);
        self.udp(DNS, from, 0, &dns::answer(id, name, address));
    }

    /// Asks for a file the way the phone does now.
    pub(super) fn fetch(&mut self, file: File, got: Got) {
        self.millis(80);
        let name = self.file_name(file);
        match self.via {
            Via::Http => self.by_http(&name, got),
            Via::HttpThenTftp => {
                self.by_http(&name, got);
                if matches!(got, Got::NotFound | Got::Unavailable) {
                    self.by_tftp(&name, got, Some(BLOCK));
                }
            }
            Via::HttpRefused => {
                self.connect(self.server, 6970, 0, Accepts::Refuses);
                self.by_tftp(&name, got, Some(BLOCK));
            }
            Via::Tftp => self.by_tftp(&name, got, Some(BLOCK)),
            Via::PlainTftp => self.by_tftp(&name, got, None),
        }
    }

    fn file_name(&self, file: File) -> String {
        let sep = &self.name;
        match file {
            File::CtlSep => format!("CTL{sep}.tlv"),
            File::ItlSep => format!("ITL{sep}.tlv"),
            File::ItlFile => "ITLFile.tlv".into(),
            File::Plain => format!("{sep}.cnf.xml"),
            File::Cnf => format!("{sep}.cnf"),
            File::Signed => format!("{sep}.cnf.xml.sgn"),
            File::Encrypted => format!("{sep}.cnf.xml.enc.sgn"),
            File::Default => "XMLDefault.cnf.xml.sgn".into(),
            File::DefaultPlain => "XMLDefault.cnf.xml".into(),
            File::Named(name) => name.into(),
        }
    }

    fn content(&self, content: Content, name: &str) -> Vec<u8> {
        let wrap = |text: String, wrap: Wrap| match wrap {
            Wrap::Bare => text.into_bytes(),
            Wrap::Signed(damage) => trust::signed(name, &CUCM1, SIGNED, text.as_bytes(), damage),
            Wrap::Misnamed => {
                trust::signed("SEP00112233FFFF.cnf.xml.sgn", &CUCM1, SIGNED, text.as_bytes(), Damage::None)
            }
        };
        match content {
            Content::List(list) => trust::list(list),
            Content::Device(device, how) => wrap(cnf::device(device, self.index), how),
            Content::Default(default, how) => wrap(cnf::default(default), how),
            Content::Encrypted(device) => trust::encrypted(name, &CUCM1, SIGNED, cnf::device(device, self.index).len()),
            Content::Text(text) => text.as_bytes().to_vec(),
            Content::Image(len) => trust::noise(len, 7),
        }
    }

    fn by_http(&mut self, name: &str, got: Got) {
        let server = self.server;
        let accepts = if matches!(got, Got::Silence | Got::Filtered(_)) { Accepts::Silent } else { Accepts::Yes };
        let Some(mut conn) = self.connect(server, 6970, 0, accepts) else {
            return self.by_tftp(name, got, Some(BLOCK));
        };
        self.micros(300);
        self.send(&mut conn, Side::Phone, &http::get(name, server, "Cisco-CP7821/12.1.1"));
        let answer = match got {
            Got::Found(content) => http::ok(&self.content(content, name)),
            Got::NotFound | Got::Silence | Got::Filtered(_) => http::refused(404),
            Got::Unavailable => http::refused(503),
            Got::Unreadable => http::damaged(),
            Got::EndlessHead(bytes) => http::endless_head(bytes),
            Got::Mute => {
                self.millis(10_000);
                self.close(&mut conn, Side::Phone);
                return self.by_tftp(name, got, Some(BLOCK));
            }
            Got::Stalled(content, bytes) => {
                let whole = http::ok(&self.content(content, name));
                self.millis(2);
                self.send(&mut conn, Side::Server, whole.get(..bytes).unwrap_or(&whole));
                self.millis(20_000);
                return self.abort(&conn, Side::Phone);
            }
        };
        self.millis(2);
        self.send(&mut conn, Side::Server, &answer);
        self.close(&mut conn, Side::Server);
    }

    fn by_tftp(&mut self, name: &str, got: Got, block_size: Option<u16>) {
        let phone = (self.own, self.port());
        let server = self.server;
        let request = tftp::read(name, block_size);
        self.millis(3);
        self.udp(phone, (server, 69), 0, &request);
        let (content, until) = match got {
            Got::Found(content) | Got::Filtered(content) => (content, usize::MAX),
            Got::Stalled(content, bytes) => (content, bytes),
            Got::Silence | Got::Mute => {
                for _ in 0..4 {
                    self.millis(4000);
                    self.udp(phone, (server, 69), 0, &request);
                }
                return self.millis(4000);
            }
            Got::NotFound | Got::Unavailable | Got::Unreadable | Got::EndlessHead(_) => {
                let from = (server, self.port());
                self.millis(1);
                return self.udp(from, phone, 0, &tftp::not_found());
            }
        };
        let bytes = self.content(content, name);
        // The server answers from a port of its own.
        let from = (server, self.port());
        self.millis(1);
        if let Some(size) = block_size {
            self.udp(from, phone, 0, &tftp::oack(bytes.len(), size));
            self.micros(300);
            self.udp(phone, from, 0, &tftp::ack(0));
        }
        let size = usize::from(block_size.unwrap_or(512));
        // A file that fills its last block is ended by an empty one.
        let blocks = bytes.len() / size + 1;
        for block in 1..=blocks {
            let sent = (block - 1) * size;
            if sent >= until {
                // The last acknowledgement is repeated, in vain.
                for _ in 0..4 {
                    self.millis(4000);
                    self.udp(phone, from, 0, &tftp::ack((block - 1) as u16));
                }
                return self.millis(4000);
            }
            let part = bytes.get(sent..bytes.len().min(sent + size)).unwrap_or_default();
            self.micros(400);
            self.udp(from, phone, 0, &tftp::data(block as u16, part));
            self.micros(300);
            self.udp(phone, from, 0, &tftp::ack(block as u16));
        }
    }

    /// Asks whether a signer is known. The answer is inside TLS; here it is a short one, or none.
    pub(super) fn tvs(&mut self, server: Ipv4Addr, accepts: Accepts) {
        let Some(mut conn) = self.connect(server, 2445, 0, accepts) else { return };
        let seed = u64::from(self.fresh());
        self.send(&mut conn, Side::Phone, &tls::client_hello("cucm1", seed));
        self.millis(3);
        self.send(&mut conn, Side::Server, &tls::server_hello(&TVS1, seed + 1));
        self.millis(20);
        self.send(&mut conn, Side::Phone, &tls::client_finish(&trust::PHONE, seed + 2));
        self.millis(5);
        self.send(&mut conn, Side::Server, &tls::server_finish(seed + 3));
        self.send(&mut conn, Side::Phone, &tls::data(CUCM1.certificate.len() + 40, seed + 4));
        self.millis(5);
        self.send(&mut conn, Side::Server, &tls::data(26, seed + 5));
        self.close(&mut conn, Side::Phone);
    }
}
