//! How the player puts IP packets on the wire: ways, identifications, UDP with fragments, a small TCP.

use std::net::Ipv4Addr;

use super::super::frame::{self, ACK, BROADCAST, FIN, Ip, Mac, PSH, RST, SYN, Tag, Tcp};
use super::super::scenario::{Accepts, Side};
use super::Player;

/// The router towards the servers.
pub(super) const ROUTER_MAC: Mac = [0x00, 0x00, 0x0c, 0x9f, 0xf0, 0x6e];

/// The largest segment, as both sides' SYNs say.
const MSS: usize = 1460;

/// A TCP connection seen from the wire.
#[derive(Debug, Clone)]
pub(super) struct Conn {
    /// Who connected: most often the phone.
    client: Ipv4Addr,
    pub(super) port: u16,
    pub(super) server: Ipv4Addr,
    pub(super) server_port: u16,
    tos: u8,
    /// Next sequence number of the phone and of the server.
    next: [u32; 2],
}

impl Player {
    /// Sends an IP packet between the phone and a server.
    pub(super) fn ip(&mut self, ip: Ip, payload: &[u8]) {
        let packet = frame::ipv4(self.routed(ip), payload);
        self.link(ip, &packet);
    }

    /// Identification and time to live as they are at the place of the capture.
    /// The same, of a packet whose time to live is said.
    pub(super) fn numbered(&mut self, ip: Ip) -> Ip {
        Ip { ttl: ip.ttl, ..self.routed(ip) }
    }

    fn routed(&mut self, ip: Ip) -> Ip {
        let seed = u16::from_be_bytes([ip.src.octets()[3], 0]).wrapping_add((self.index as u16).wrapping_mul(31));
        let id = self.ids.entry(ip.src).or_insert(seed);
        *id = id.wrapping_add(1);
        let id = *id;
        let from_phone = self.is_phone(ip.src);
        let ttl = match (from_phone, self.site.behind_router) {
            (true, false) | (false, true) => 64,
            _ => 62,
        };
        Ip { id, ttl, ..ip }
    }

    fn is_phone(&self, ip: Ipv4Addr) -> bool {
        ip == self.own || ip.is_unspecified()
    }

    /// Sends an IP packet in the frame it has at the place of the capture.
    pub(super) fn link(&mut self, ip: Ip, packet: &[u8]) {
        let from_phone = self.is_phone(ip.src);
        if !from_phone && !self.is_phone(ip.dst) && !ip.dst.is_broadcast() {
            // Two others, on a link of their own.
            return self.push(frame::ethernet(ROUTER_MAC, host_mac(ip.src), None, 0x0800, packet));
        }
        let far = if from_phone { ip.dst } else { ip.src };
        let far_mac = match far {
            _ if far.is_broadcast() => BROADCAST,
            // Behind the router the servers are neighbours.
            _ if self.site.behind_router => host_mac(far),
            _ if far == self.router() => ROUTER_MAC,
            _ if far.octets().get(..3) == self.own.octets().get(..3) => host_mac(far),
            _ => ROUTER_MAC,
        };
        let near_mac = match () {
            () if self.site.behind_router => ROUTER_MAC,
            () if ip.dst.is_broadcast() && !from_phone => BROADCAST,
            () => self.mac,
        };
        let (dst, src) = if from_phone { (far_mac, near_mac) } else { (near_mac, far_mac) };
        let tag = self.tag(ip.tos);
        self.push(frame::ethernet(dst, src, tag, 0x0800, packet));
    }

    pub(super) fn tag(&self, tos: u8) -> Option<Tag> {
        let vlan = self.site.vlan.filter(|_| !self.site.behind_router)?;
        Some(Tag { vlan, priority: tos >> 5 })
    }

    /// The router of this phone's subnet.
    pub(super) fn router(&self) -> Ipv4Addr {
        let [a, b, c, _] = self.own.octets();
        Ipv4Addr::new(a, b, c, 1)
    }

    /// Sends a datagram, in fragments if it is too long for a frame.
    pub(super) fn udp(&mut self, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), tos: u8, payload: &[u8]) {
        let datagram = frame::udp(from.0, to.0, from.1, to.1, payload);
        let ip = Ip { src: from.0, dst: to.0, proto: 17, id: 0, tos, ttl: 0 };
        if datagram.len() <= 1480 {
            return self.ip(ip, &datagram);
        }
        let ip = self.routed(ip);
        for fragment in frame::ipv4_fragments(ip, &datagram, 1500) {
            self.link(ip, &fragment);
            self.micros(20);
        }
    }

    /// Opens a connection, or tries to. Unanswered SYNs are repeated after 1, 2 and 4 s, and given up after 2 more.
    pub(super) fn connect(&mut self, server: Ipv4Addr, server_port: u16, tos: u8, how: Accepts) -> Option<Conn> {
        self.connect_from(self.own, server, server_port, tos, how)
    }

    /// The same for any client.
    pub(super) fn connect_from(
        &mut self,
        client: Ipv4Addr,
        server: Ipv4Addr,
        server_port: u16,
        tos: u8,
        how: Accepts,
    ) -> Option<Conn> {
        let (first, second) = (self.fresh(), self.fresh());
        let mut conn = Conn { client, port: self.port(), server, server_port, tos, next: [first, second] };
        self.millis(2);
        self.segment(&conn, Side::Phone, SYN, &[]);
        match how {
            Accepts::Yes => {
                self.micros(450);
                conn.next[0] = first.wrapping_add(1);
                self.segment(&conn, Side::Server, SYN | ACK, &[]);
                conn.next[1] = second.wrapping_add(1);
                self.micros(120);
                self.segment(&conn, Side::Phone, ACK, &[]);
                Some(conn)
            }
            Accepts::Refuses => {
                self.micros(450);
                conn.next = [first.wrapping_add(1), 0];
                self.segment(&conn, Side::Server, RST | ACK, &[]);
                self.millis(200);
                None
            }
            Accepts::Silent => {
                for seconds in [1, 2, 4] {
                    self.millis(seconds * 1000);
                    self.segment(&conn, Side::Phone, SYN, &[]);
                }
                self.millis(2000);
                None
            }
        }
    }

    /// Sends bytes in segments; the other side acknowledges every second one and the last.
    pub(super) fn send(&mut self, conn: &mut Conn, side: Side, bytes: &[u8]) {
        let count = bytes.chunks(MSS).count();
        for (n, part) in bytes.chunks(MSS).enumerate() {
            let last = n + 1 == count;
            self.segment(conn, side, if last { PSH | ACK } else { ACK }, part);
            conn.advance(side, part.len());
            self.micros(70);
            if last || n % 2 == 1 {
                self.segment(conn, side.other(), ACK, &[]);
                self.micros(40);
            }
        }
    }

    /// Sends bytes that never arrive: TCP repeats the first segment after these seconds.
    pub(super) fn send_lost(&mut self, conn: &Conn, bytes: &[u8], pauses: &[i64]) {
        let part = bytes.chunks(MSS).next().unwrap_or_default();
        self.segment(conn, Side::Phone, PSH | ACK, part);
        for seconds in pauses {
            self.millis(seconds * 1000);
            self.segment(conn, Side::Phone, PSH | ACK, part);
        }
    }

    /// One side closes, then the other.
    pub(super) fn close(&mut self, conn: &mut Conn, side: Side) {
        for (it, ack_only) in [(side, false), (side.other(), false), (side, true)] {
            self.micros(200);
            if ack_only {
                self.segment(conn, it, ACK, &[]);
            } else {
                self.segment(conn, it, FIN | ACK, &[]);
                conn.advance(it, 1);
            }
        }
    }

    /// One side aborts.
    pub(super) fn abort(&mut self, conn: &Conn, side: Side) {
        self.micros(200);
        self.segment(conn, side, RST | ACK, &[]);
    }

    fn segment(&mut self, conn: &Conn, side: Side, flags: u8, payload: &[u8]) {
        let [phone, server] = [(conn.client, conn.port), (conn.server, conn.server_port)];
        let [mine, theirs] = conn.next;
        let ((src, sport), (dst, dport), seq, ack) = match side {
            Side::Phone => (phone, server, mine, theirs),
            Side::Server => (server, phone, theirs, mine),
        };
        let ack = if flags & ACK != 0 { ack } else { 0 };
        let segment = frame::tcp(src, dst, Tcp { sport, dport, seq, ack, flags }, payload);
        self.ip(Ip { src, dst, proto: 6, id: 0, tos: conn.tos, ttl: 0 }, &segment);
    }
}

impl Conn {
    fn advance(&mut self, side: Side, bytes: usize) {
        let [phone, server] = &mut self.next;
        let next = if side == Side::Phone { phone } else { server };
        *next = next.wrapping_add(bytes as u32);
    }
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Phone => Side::Server,
            Side::Server => Side::Phone,
        }
    }
}

/// The hardware address of a server.
pub(super) fn host_mac(ip: Ipv4Addr) -> Mac {
    let [_, b, c, d] = ip.octets();
    [0x00, 0x50, 0x56, b, c, d]
}
