//! Captures by hand: datagrams and connections between two stations, as bytes of a pcap file.

use std::net::Ipv4Addr;

use offhook::synth::frame::{ACK, FIN, Ip, PSH, SYN, Tcp, ethernet, ipv4, tcp, udp};

/// The station that asks.
pub const PHONE: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 50);
/// The one that is asked.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 10);
/// Hardware address of the first.
pub const PHONE_MAC: [u8; 6] = [0, 0x11, 0x22, 0x33, 0x44, 0x55];
const SERVER_MAC: [u8; 6] = [0, 0x50, 0x56, 1, 1, 10];

/// A capture that grows by a frame every ten milliseconds.
#[derive(Default)]
pub struct Wire {
    frames: Vec<(u64, Vec<u8>)>,
    millis: u64,
    tos: u8,
}

impl Wire {
    /// Nothing happens for so long.
    pub fn wait(&mut self, millis: u64) -> &mut Wire {
        self.millis += millis;
        self
    }

    /// The type of service byte of what follows.
    pub fn tos(&mut self, tos: u8) -> &mut Wire {
        self.tos = tos;
        self
    }

    /// A frame as it is.
    pub fn frame(&mut self, bytes: Vec<u8>) -> &mut Wire {
        self.millis += 10;
        self.frames.push((self.millis, bytes));
        self
    }

    /// An IPv4 packet from the phone, or to it.
    pub fn packet(&mut self, up: bool, proto: u8, payload: &[u8]) -> &mut Wire {
        let (src, dst) = if up { (PHONE, SERVER) } else { (SERVER, PHONE) };
        let (to, from) = if up { (SERVER_MAC, PHONE_MAC) } else { (PHONE_MAC, SERVER_MAC) };
        let id = self.frames.len() as u16 + 1;
        let ip = ipv4(Ip { src, dst, proto, id, tos: self.tos, ttl: 64 }, payload);
        self.frame(ethernet(to, from, None, 0x0800, &ip))
    }

    /// A datagram; the ports are the phone's and the server's.
    pub fn udp(&mut self, up: bool, (phone, server): (u16, u16), payload: &[u8]) -> &mut Wire {
        let datagram =
            if up { udp(PHONE, SERVER, phone, server, payload) } else { udp(SERVER, PHONE, server, phone, payload) };
        self.packet(up, 17, &datagram)
    }

    /// A whole connection: the handshake unless it is joined late, the pieces (true: from the phone), the close.
    pub fn tcp(&mut self, (phone, server): (u16, u16), late: bool, pieces: &[(bool, &[u8])]) -> &mut Wire {
        let mut next = [1000u32, 5000];
        let mut say = |wire: &mut Wire, up: bool, flags: u8, payload: &[u8]| {
            let (at, other) = (usize::from(!up), usize::from(up));
            let (sport, dport) = if up { (phone, server) } else { (server, phone) };
            let ack = if flags & ACK == 0 { 0 } else { next[other] };
            let head = Tcp { sport, dport, seq: next[at], ack, flags };
            let (src, dst) = if up { (PHONE, SERVER) } else { (SERVER, PHONE) };
            wire.packet(up, 6, &tcp(src, dst, head, payload));
            next[at] += payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        };
        if !late {
            say(self, true, SYN, &[]);
            say(self, false, SYN | ACK, &[]);
            say(self, true, ACK, &[]);
        }
        for (up, bytes) in pieces {
            for chunk in bytes.chunks(1400) {
                say(self, *up, PSH | ACK, chunk);
                say(self, !*up, ACK, &[]);
            }
        }
        say(self, true, FIN | ACK, &[]);
        say(self, false, FIN | ACK, &[]);
        say(self, true, ACK, &[]);
        self
    }

    /// As a pcap file.
    pub fn pcap(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 262_144, 1] {
            out.extend(word.to_le_bytes());
        }
        for (millis, bytes) in &self.frames {
            let length = bytes.len() as u32;
            let seconds = 1_700_000_000 + millis / 1000;
            for word in [seconds as u32, (millis % 1000) as u32 * 1000, length, length] {
                out.extend(word.to_le_bytes());
            }
            out.extend(bytes);
        }
        out
    }
}
