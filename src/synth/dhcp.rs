//! DHCP messages between a phone and its server (RFC 2131, RFC 2132, option 150 of RFC 5859).

use std::net::Ipv4Addr;

use super::frame::Mac;

/// DHCP message types (option 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The client looks for a server.
    Discover = 1,
    /// A server offers an address.
    Offer = 2,
    /// The client wants an address.
    Request = 3,
    /// The client found the address in use.
    Decline = 4,
    /// The server agrees.
    Ack = 5,
    /// The server refuses.
    Nak = 6,
}

/// What a server says besides the address.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The server identifier (option 54), if it sends one.
    pub server: Option<Ipv4Addr>,
    /// Option 1.
    pub mask: Option<Ipv4Addr>,
    /// Option 3: the router of the subnet of the phone.
    pub router: bool,
    /// Option 6.
    pub dns: Option<Ipv4Addr>,
    /// Option 150 as addresses.
    pub tftp: &'static [Ipv4Addr],
    /// Option 150 wrongly configured as text.
    pub tftp_text: Option<&'static str>,
    /// Option 66.
    pub tftp_name: Option<&'static str>,
    /// Lease time in seconds (option 51).
    pub seconds: u32,
}

/// The lease of a healthy site: option 150 names both CallManagers.
pub const LEASE: Lease = Lease {
    server: Some(Ipv4Addr::new(10, 20, 0, 1)),
    mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
    router: true,
    dns: Some(Ipv4Addr::new(10, 1, 1, 53)),
    tftp: &[Ipv4Addr::new(10, 1, 1, 10), Ipv4Addr::new(10, 1, 1, 11)],
    tftp_text: None,
    tftp_name: None,
    seconds: 86_400,
};

/// The fixed part and who speaks.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// Transaction.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// The client.
    pub mac: Mac,
    /// The address the client has (`ciaddr`).
    pub has: Ipv4Addr,
    /// The address that is given (`yiaddr`).
    pub gives: Ipv4Addr,
}

/// What a phone tells of itself.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// `SEP001122334455`
    pub name: &'a str,
    /// `CP-7821`
    pub model: &'a str,
    /// Option 50.
    pub wants: Option<Ipv4Addr>,
    /// Option 54.
    pub server: Option<Ipv4Addr>,
}

/// A message of the phone.
pub fn from_phone(kind: Kind, head: Head, it: Client<'_>) -> Vec<u8> {
    let mut out = fixed(1, head);
    option(&mut out, 53, &[kind as u8]);
    option(&mut out, 61, &[&[1], head.mac.as_slice()].concat());
    option(&mut out, 12, it.name.as_bytes());
    if let Some(address) = it.wants {
        option(&mut out, 50, &address.octets());
    }
    if let Some(address) = it.server {
        option(&mut out, 54, &address.octets());
    }
    option(&mut out, 60, format!("Cisco Systems, Inc. IP Phone {}", it.model).as_bytes());
    option(&mut out, 55, &[1, 66, 6, 3, 15, 150, 35]);
    end(out)
}

/// A message of the server; `router` is the one of the subnet.
pub fn from_server(kind: Kind, head: Head, lease: &Lease, router: Ipv4Addr) -> Vec<u8> {
    let mut out = fixed(2, head);
    option(&mut out, 53, &[kind as u8]);
    if let Some(server) = lease.server {
        option(&mut out, 54, &server.octets());
    }
    if kind == Kind::Nak {
        option(&mut out, 56, b"requested address not available");
        return end(out);
    }
    option(&mut out, 51, &lease.seconds.to_be_bytes());
    option(&mut out, 58, &(lease.seconds / 2).to_be_bytes());
    option(&mut out, 59, &(lease.seconds / 8 * 7).to_be_bytes());
    if let Some(mask) = lease.mask {
        option(&mut out, 1, &mask.octets());
    }
    if lease.router {
        option(&mut out, 3, &router.octets());
    }
    if let Some(dns) = lease.dns {
        option(&mut out, 6, &dns.octets());
    }
    option(&mut out, 15, b"lab.example");
    if let Some(name) = lease.tftp_name {
        option(&mut out, 66, name.as_bytes());
    }
    if let Some(text) = lease.tftp_text {
        option(&mut out, 150, text.as_bytes());
    } else if !lease.tftp.is_empty() {
        let addresses: Vec<u8> = lease.tftp.iter().flat_map(|it| it.octets()).collect();
        option(&mut out, 150, &addresses);
    }
    end(out)
}

/// An offer whose last option claims more bytes than there are.
pub fn damaged(head: Head) -> Vec<u8> {
    let mut out = fixed(2, head);
    option(&mut out, 53, &[Kind::Offer as u8]);
    option(&mut out, 54, &[10, 20, 0, 9]);
    out.extend([150, 40, 10, 1, 1, 10]);
    out
}

fn fixed(op: u8, head: Head) -> Vec<u8> {
    let mut out = vec![op, 1, 6, 0];
    out.extend(head.xid.to_be_bytes());
    out.extend(head.secs.to_be_bytes());
    // A client that has no address yet asks for broadcast answers.
    out.extend(if head.has.is_unspecified() { [0x80, 0] } else { [0, 0] });
    out.extend(head.has.octets());
    out.extend(head.gives.octets());
    out.extend([0; 8]);
    out.extend(head.mac);
    out.resize(236, 0);
    out.extend([0x63, 0x82, 0x53, 0x63]);
    out
}

fn option(out: &mut Vec<u8>, code: u8, value: &[u8]) {
    out.extend([code, value.len() as u8]);
    out.extend(value);
}

fn end(mut out: Vec<u8>) -> Vec<u8> {
    out.push(255);
    // BOOTP relays want 300 bytes (RFC 1542).
    if out.len() < 300 {
        out.resize(300, 0);
    }
    out
}
