//! Events: what a dissector says of a message, with declared names and fields.
//!
//! A protocol declares its fields and events once ([`fields!`], [`events!`]); `decode`, `-Y`, the models,
//! `offhook fields` and the documentation all derive from those lists. A definition is a `static`, and two
//! definitions are the same exactly when they are the same `static`.
//!
//! An [`Event`] borrows from the frame and lives until the next one; [`EventBuf`] is its owned copy.

mod wanted;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::bytes::Malformed;
use crate::time::Ts;
pub use wanted::Wanted;

/// What kind of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Uint,
    /// True or false.
    Bool,
    /// A number with a fraction.
    Float,
    /// Text.
    Text,
    /// Raw bytes, shown in hexadecimal.
    Bytes,
    /// A 48-bit hardware address.
    Mac,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A point in time, shown as RFC 3339.
    Time,
}

impl Kind {
    /// The name used by `offhook fields`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Uint => "number",
            Kind::Bool => "boolean",
            Kind::Float => "decimal",
            Kind::Text => "text",
            Kind::Bytes => "bytes",
            Kind::Mac => "MAC",
            Kind::Ip => "address",
            Kind::Time => "time",
        }
    }
}

/// A field that an event may carry. Names are Wireshark's wherever Wireshark has the field.
#[derive(Debug)]
pub struct FieldDef {
    /// `dhcp.option.tftp_server_address`
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// `s`, `mW`, `bytes`, or empty.
    pub unit: &'static str,
    /// One line for a person.
    pub meaning: &'static str,
    /// Masked in every output unless `--show-secrets` is given.
    pub secret: bool,
    /// What a number means, where the number is a code.
    pub codes: Option<fn(u64) -> Option<&'static str>>,
    /// It is not of a message but of the frame that carried it, or of the event as such.
    of_frame: bool,
}

impl PartialEq for FieldDef {
    fn eq(&self, other: &FieldDef) -> bool {
        std::ptr::eq(self, other)
    }
}
impl Eq for FieldDef {}

macro_rules! field_kind {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => { $(
        $(#[$doc])*
        pub const fn $name(name: &'static str, meaning: &'static str) -> FieldDef {
            FieldDef { name, kind: Kind::$kind, unit: "", meaning, secret: false, codes: None, of_frame: false }
        }
    )* };
}
field_kind! {
    /// A field that holds a whole number.
    uint = Uint;
    /// A field that is true or false.
    flag = Bool;
    /// A field that holds a number with a fraction.
    float = Float;
    /// A field that holds text.
    text = Text;
    /// A field that holds raw bytes.
    bytes = Bytes;
    /// A field that holds a hardware address.
    mac = Mac;
    /// A field that holds an IP address.
    ip = Ip;
    /// A field that holds a point in time.
    time = Time;
}

impl FieldDef {
    /// With a unit.
    pub const fn unit(self, unit: &'static str) -> FieldDef {
        FieldDef { unit, ..self }
    }
    /// With the meaning of its numbers.
    pub const fn codes(self, codes: fn(u64) -> Option<&'static str>) -> FieldDef {
        FieldDef { codes: Some(codes), ..self }
    }
    /// Of the frame.
    const fn of_frame(self) -> FieldDef {
        FieldDef { of_frame: true, ..self }
    }
    /// Masked unless secrets are asked for.
    pub const fn secret(self) -> FieldDef {
        FieldDef { secret: true, ..self }
    }
}

/// An event that a protocol may give; its name begins with the protocol's: `dhcp.ack`.
#[derive(Debug)]
pub struct EventDef {
    /// `sip.request`
    pub name: &'static str,
    /// One line for a person.
    pub meaning: &'static str,
    proto: &'static str,
}

impl EventDef {
    /// An event of that name.
    pub const fn new(name: &'static str, meaning: &'static str) -> EventDef {
        let (mut rest, mut dot) = (name.as_bytes(), 0);
        while let [first, after @ ..] = rest
            && *first != b'.'
        {
            (rest, dot) = (after, dot + 1);
        }
        EventDef { name, meaning, proto: name.split_at(dot).0 }
    }

    /// The protocol: the name up to its first dot.
    pub const fn proto(&self) -> &'static str {
        self.proto
    }
}

impl PartialEq for EventDef {
    fn eq(&self, other: &EventDef) -> bool {
        std::ptr::eq(self, other)
    }
}
impl Eq for EventDef {}

/// Declares fields and the list of them: `fields! { FIELDS; TTL = uint("cdp.ttl", "…").unit("s"); }`.
#[macro_export]
macro_rules! fields {
    ($list:ident; $($id:ident = $def:expr;)*) => {
        $(#[doc = concat!("The field `", stringify!($id), "`; see [`", stringify!($list), "`].")] pub static $id: $crate::event::FieldDef = $def;)*
        /// Every field declared in this file, in reading order.
        pub static $list: &[&$crate::event::FieldDef] = &[$(&$id),*];
    };
}

/// Declares events and the list of them: `events! { EVENTS; ACK = "dhcp.ack", "The server confirms."; }`.
#[macro_export]
macro_rules! events {
    ($list:ident; $($id:ident = $name:expr, $meaning:expr;)*) => {
        $(#[doc = $meaning] pub static $id: $crate::event::EventDef = $crate::event::EventDef::new($name, $meaning);)*
        /// Every event declared in this file, in reading order.
        pub static $list: &[&$crate::event::EventDef] = &[$(&$id),*];
    };
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Known to be unknown: JSON `null`, such as the validity of a signature that cannot be checked.
    Null,
    /// A whole number.
    Uint(u64),
    /// True or false.
    Bool(bool),
    /// A number with a fraction.
    Float(f64),
    /// Text; bytes that are no UTF-8 are replaced by U+FFFD.
    Text(Cow<'a, str>),
    /// Raw bytes.
    Bytes(Cow<'a, [u8]>),
    /// A hardware address.
    Mac([u8; 6]),
    /// An IP address.
    Ip(IpAddr),
    /// A point in time.
    Time(Ts),
}

impl Value<'_> {
    /// A copy that owns everything.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Uint(v) => Value::Uint(v),
            Value::Bool(v) => Value::Bool(v),
            Value::Float(v) => Value::Float(v),
            Value::Text(v) => Value::Text(Cow::Owned(v.into_owned())),
            Value::Bytes(v) => Value::Bytes(Cow::Owned(v.into_owned())),
            Value::Mac(v) => Value::Mac(v),
            Value::Ip(v) => Value::Ip(v),
            Value::Time(v) => Value::Time(v),
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_uint(&self) -> Option<u64> {
        match self {
            Value::Uint(v) => Some(*v),
            Value::Bool(v) => Some(u64::from(*v)),
            _ => None,
        }
    }
}

/// As text: MACs lower-case with colons, addresses in their usual form, bytes in hexadecimal.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("unknown"),
            Value::Uint(v) => write!(f, "{v}"),
            Value::Bool(v) => write!(f, "{v}"),
            Value::Float(v) => write!(f, "{v}"),
            Value::Text(v) => f.write_str(v),
            Value::Bytes(v) => v.iter().try_for_each(|b| write!(f, "{b:02x}")),
            Value::Mac(v) => Mac(*v).fmt(f),
            Value::Ip(v) => write!(f, "{v}"),
            Value::Time(v) => write!(f, "{v}"),
        }
    }
}

/// A hardware address that prints itself: `00:11:22:33:44:55`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A value with its name, and its place in the bytes of the message.
#[derive(Debug, Clone, PartialEq)]
pub struct Field<'a> {
    /// Which field.
    pub def: &'static FieldDef,
    /// Its value here.
    pub value: Value<'a>,
    /// Offset of its first byte in the message; meaningless where `len` is 0.
    pub at: u32,
    /// How many bytes carry it; 0 for a value that was computed.
    pub len: u32,
}

/// The fields of one message while a dissector collects them.
///
/// `at` and `len` place a value in the message; give `0, 0` for a computed one.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    list: Vec<Field<'a>>,
    /// All others are left out; `None`: none is.
    wanted: Option<Arc<Wanted>>,
}

impl<'a> Fields<'a> {
    /// An empty list. In a dissector take [`crate::proto::Out::fields`] instead, which reuses its memory.
    pub const fn new() -> Fields<'a> {
        Fields { list: Vec::new(), wanted: None }
    }

    /// Whether the field is kept here: what it takes to make one that is not can be saved.
    #[inline]
    pub fn wants(&self, def: &'static FieldDef) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.has(def))
    }

    /// Whether any of these fields is kept here.
    #[inline]
    pub fn wants_any(&self, defs: &[&'static FieldDef]) -> bool {
        defs.iter().any(|def| self.wants(def))
    }

    /// Any value.
    pub fn push(&mut self, def: &'static FieldDef, value: Value<'a>, at: usize, len: usize) -> &mut Self {
        if self.wants(def) {
            self.list.push(Field { def, value, at: at as u32, len: len as u32 });
        }
        self
    }

    /// A number.
    pub fn uint(&mut self, def: &'static FieldDef, value: impl Into<u64>, at: usize, len: usize) -> &mut Self {
        self.push(def, Value::Uint(value.into()), at, len)
    }

    /// True or false.
    pub fn flag(&mut self, def: &'static FieldDef, value: bool, at: usize, len: usize) -> &mut Self {
        self.push(def, Value::Bool(value), at, len)
    }

    /// Text from the wire: what is no UTF-8 is replaced.
    pub fn text(&mut self, def: &'static FieldDef, value: &'a [u8], at: usize) -> &mut Self {
        if self.wants(def) {
            // Nearly all text is well-formed, and to see that is quicker than to look for where it is not.
            let text = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
            let text = Value::Text(text);
            self.list.push(Field { def, value: text, at: at as u32, len: value.len() as u32 });
        }
        self
    }

    /// Text that is already text.
    pub fn str(&mut self, def: &'static FieldDef, value: impl Into<Cow<'a, str>>, at: usize, len: usize) -> &mut Self {
        self.push(def, Value::Text(value.into()), at, len)
    }

    /// Raw bytes.
    pub fn bytes(&mut self, def: &'static FieldDef, value: &'a [u8], at: usize) -> &mut Self {
        self.push(def, Value::Bytes(Cow::Borrowed(value)), at, value.len())
    }

    /// An address.
    pub fn ip(&mut self, def: &'static FieldDef, value: impl Into<IpAddr>, at: usize, len: usize) -> &mut Self {
        self.push(def, Value::Ip(value.into()), at, len)
    }

    /// A hardware address.
    pub fn mac(&mut self, def: &'static FieldDef, value: [u8; 6], at: usize) -> &mut Self {
        self.push(def, Value::Mac(value), at, 6)
    }

    /// What was collected so far, in order.
    pub fn list(&self) -> &[Field<'a>] {
        &self.list
    }

    /// The first value of a field.
    pub fn get(&self, def: &'static FieldDef) -> Option<&Value<'a>> {
        self.list.iter().find(|f| f.def == def).map(|f| &f.value)
    }

    /// An empty list in memory that was used before; of `wanted` fields, where not all are.
    pub(crate) fn from_vec(list: Vec<Field<'a>>, wanted: Option<Arc<Wanted>>) -> Fields<'a> {
        Fields { list, wanted }
    }

    /// Gives the memory back, empty and free of borrows.
    pub(crate) fn recycle(mut self) -> Vec<Field<'static>> {
        self.list.clear();
        // An empty vector collects into its own allocation: no element is ever made here.
        self.list.into_iter().map(|f| Field { def: f.def, value: f.value.into_owned(), at: f.at, len: f.len }).collect()
    }
}

/// An address and a port; port 0 where the protocol has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address.
    pub ip: IpAddr,
    /// The port, or 0.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.port) {
            (ip, 0) => write!(f, "{ip}"),
            (IpAddr::V6(ip), port) => write!(f, "[{ip}]:{port}"),
            (ip, port) => write!(f, "{ip}:{port}"),
        }
    }
}

/// Which end of a flow: the one that opened it (or sent the first datagram seen), or the one that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that opened the connection, or sent the first datagram seen.
    Client,
    /// The one that was asked.
    Server,
}

impl Side {
    /// The other one.
    pub const fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// 0 for the client, 1 for the server: an index into a pair.
    pub const fn index(self) -> usize {
        match self {
            Side::Client => 0,
            Side::Server => 1,
        }
    }
}

/// The VLAN tags of a frame, outermost first; at most eight are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vlans {
    ids: [u16; 8],
    len: u8,
}

impl Vlans {
    /// Adds the next inner tag.
    pub fn push(&mut self, id: u16) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.len)) {
            *slot = id;
            self.len += 1;
        }
    }

    /// The VLAN ids, outermost first.
    pub fn ids(&self) -> &[u16] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The innermost VLAN id, the one the station is in.
    pub fn inner(&self) -> Option<u16> {
        self.ids().last().copied()
    }
}

/// Where an event comes from: the frame in which its message was complete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Origin {
    /// 1-based, counted per file.
    pub frame: u64,
    /// The frame's time.
    pub time: Ts,
    /// The interface of the capture (pcapng), 0 in pcap.
    pub interface: u32,
    /// Source hardware address, where the link has one.
    pub eth_src: Option<[u8; 6]>,
    /// Destination hardware address.
    pub eth_dst: Option<[u8; 6]>,
    /// 802.1Q and 802.1ad tags.
    pub vlans: Vlans,
    /// Source address and port.
    pub src: Option<Endpoint>,
    /// Destination address and port.
    pub dst: Option<Endpoint>,
    /// IP protocol number (6 TCP, 17 UDP), 0 without IP.
    pub ip_proto: u8,
    /// Differentiated services code point.
    pub dscp: u8,
    /// The IP time to live or hop limit, 0 without IP.
    pub ttl: u8,
    /// Which end of its flow sent it; `None` where there is no flow (link layer, ARP, fragments).
    pub sender: Option<Side>,
    /// The frame is a copy that a SPAN port made of an earlier one.
    pub duplicate: bool,
}

impl Origin {
    /// An origin with nothing but a frame and a time.
    pub const fn at(frame: u64, time: Ts) -> Origin {
        Origin {
            frame,
            time,
            interface: 0,
            eth_src: None,
            eth_dst: None,
            vlans: Vlans { ids: [0; 8], len: 0 },
            src: None,
            dst: None,
            ip_proto: 0,
            dscp: 0,
            ttl: 0,
            sender: None,
            duplicate: false,
        }
    }

    /// The end that was asked: the server of the flow.
    pub fn server(&self) -> Option<Endpoint> {
        match self.sender? {
            Side::Client => self.dst,
            Side::Server => self.src,
        }
    }

    /// The end that asks: the client of the flow.
    pub fn client(&self) -> Option<Endpoint> {
        match self.sender? {
            Side::Client => self.src,
            Side::Server => self.dst,
        }
    }
}

fields! { ORIGIN_FIELDS;
    FRAME_NUMBER = uint("frame.number", "Number of the frame in its file, from 1").of_frame();
    FRAME_TIME = time("frame.time", "Time of the frame").of_frame();
    FRAME_INTERFACE = uint("frame.interface_id", "Interface of the capture (pcapng)").of_frame();
    ETH_SRC = mac("eth.src", "Source hardware address").of_frame();
    ETH_DST = mac("eth.dst", "Destination hardware address").of_frame();
    ETH_ADDR = mac("eth.addr", "Source or destination hardware address").of_frame();
    VLAN_ID = uint("vlan.id", "802.1Q or 802.1ad VLAN, outermost first").of_frame();
    IP_SRC = ip("ip.src", "Source address, IPv4 or IPv6").of_frame();
    IP_DST = ip("ip.dst", "Destination address, IPv4 or IPv6").of_frame();
    IP_ADDR = ip("ip.addr", "Source or destination address, IPv4 or IPv6").of_frame();
    IP_PROTO = uint("ip.proto", "IP protocol number: 6 TCP, 17 UDP").of_frame();
    IP_DSCP = uint("ip.dsfield.dscp", "Differentiated services code point").of_frame();
    IP_TTL = uint("ip.ttl", "IP time to live or hop limit").of_frame();
    TCP_SRCPORT = uint("tcp.srcport", "TCP source port").of_frame();
    TCP_DSTPORT = uint("tcp.dstport", "TCP destination port").of_frame();
    TCP_PORT = uint("tcp.port", "TCP source or destination port").of_frame();
    UDP_SRCPORT = uint("udp.srcport", "UDP source port").of_frame();
    UDP_DSTPORT = uint("udp.dstport", "UDP destination port").of_frame();
    UDP_PORT = uint("udp.port", "UDP source or destination port").of_frame();
    FLOW_SERVER = ip("flow.server", "Address of the end that was asked").of_frame();
    FLOW_SERVER_PORT = uint("flow.server_port", "Port of the end that was asked").of_frame();
    FLOW_CLIENT = ip("flow.client", "Address of the end that asks").of_frame();
    FLOW_CLIENT_PORT = uint("flow.client_port", "Port of the end that asks").of_frame();
    EVENT_NAME = text("event", "Name of the event, such as sip.request").of_frame();
    EVENT_PROTO = text("proto", "Protocol of the event, such as sip").of_frame();
    EVENT_DUPLICATE = flag("duplicate", "The frame is a copy made by a SPAN port").of_frame();
    DEFECT_WHAT = text("defect.what", "What could not be read").of_frame();
    DEFECT_AT = uint("defect.at", "Offset in the message at which reading stopped").unit("bytes").of_frame();
}

/// What a dissector says of one message. Borrowed: it ends with the frame.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Which event.
    pub def: &'static EventDef,
    /// Where it comes from.
    pub origin: &'a Origin,
    /// Its values, in the order of the message.
    pub fields: &'a [Field<'a>],
    /// All frames that carried the message, ascending; the last is `origin.frame`.
    pub frames: &'a [u64],
    /// The bytes of the message, for `-x`; empty for an event about no message of its own.
    pub bytes: &'a [u8],
    /// Why and where reading stopped, if it did.
    pub defect: Option<Malformed>,
}

impl<'a> Event<'a> {
    /// Every value of a field of the message itself, in order. See [`Event::each`] for those of the frame too.
    pub fn values(&self, def: &'static FieldDef) -> impl Iterator<Item = &'a Value<'a>> + use<'a> {
        self.fields.iter().filter(move |f| f.def == def).map(|f| &f.value)
    }

    /// The first value of a field of the message itself.
    pub fn get(&self, def: &'static FieldDef) -> Option<&'a Value<'a>> {
        self.values(def).next()
    }

    /// Calls `found` with every value of a field, be it of the message or of the frame that carried it.
    pub fn each(&self, def: &'static FieldDef, found: &mut dyn FnMut(&Value<'_>)) {
        for value in self.values(def) {
            found(value);
        }
        if def.of_frame {
            self.origin_value(def, found);
        }
    }

    fn origin_value(&self, def: &'static FieldDef, found: &mut dyn FnMut(&Value<'_>)) {
        let o = self.origin;
        let mut macs = |one: Option<[u8; 6]>| {
            if let Some(mac) = one {
                found(&Value::Mac(mac));
            }
        };
        if def == &ETH_SRC {
            macs(o.eth_src);
        } else if def == &ETH_DST {
            macs(o.eth_dst);
        } else if def == &ETH_ADDR {
            macs(o.eth_src);
            macs(o.eth_dst);
        } else if def == &VLAN_ID {
            o.vlans.ids().iter().for_each(|id| found(&Value::Uint(u64::from(*id))));
        } else if def == &FRAME_NUMBER {
            found(&Value::Uint(o.frame));
        } else if def == &FRAME_TIME {
            found(&Value::Time(o.time));
        } else if def == &FRAME_INTERFACE {
            found(&Value::Uint(u64::from(o.interface)));
        } else if def == &EVENT_NAME {
            found(&Value::Text(Cow::Borrowed(self.def.name)));
        } else if def == &EVENT_PROTO {
            found(&Value::Text(Cow::Borrowed(self.def.proto())));
        } else if def == &EVENT_DUPLICATE {
            found(&Value::Bool(o.duplicate));
        } else if let Some(defect) = self.defect.filter(|_| def == &DEFECT_WHAT || def == &DEFECT_AT) {
            if def == &DEFECT_WHAT {
                found(&Value::Text(Cow::Borrowed(defect.what)));
            } else {
                found(&Value::Uint(defect.at as u64));
            }
        } else {
            self.ip_value(def, found);
        }
    }

    fn ip_value(&self, def: &'static FieldDef, found: &mut dyn FnMut(&Value<'_>)) {
        let o = self.origin;
        let (Some(src), Some(dst)) = (o.src, o.dst) else { return };
        let port = |wanted: u8, end: Endpoint| (o.ip_proto == wanted).then_some(Value::Uint(u64::from(end.port)));
        let both = |a: Option<Value<'static>>, b: Option<Value<'static>>| [a, b];
        let values: [Option<Value<'static>>; 2] = if def == &IP_SRC {
            both(Some(Value::Ip(src.ip)), None)
        } else if def == &IP_DST {
            both(Some(Value::Ip(dst.ip)), None)
        } else if def == &IP_ADDR {
            both(Some(Value::Ip(src.ip)), Some(Value::Ip(dst.ip)))
        } else if def == &IP_PROTO {
            both(Some(Value::Uint(u64::from(o.ip_proto))), None)
        } else if def == &IP_DSCP {
            both(Some(Value::Uint(u64::from(o.dscp))), None)
        } else if def == &IP_TTL {
            both(Some(Value::Uint(u64::from(o.ttl))), None)
        } else if def == &FLOW_SERVER {
            both(o.server().map(|end| Value::Ip(end.ip)), None)
        } else if def == &FLOW_SERVER_PORT {
            both(o.server().map(|end| Value::Uint(u64::from(end.port))), None)
        } else if def == &FLOW_CLIENT {
            both(o.client().map(|end| Value::Ip(end.ip)), None)
        } else if def == &FLOW_CLIENT_PORT {
            both(o.client().map(|end| Value::Uint(u64::from(end.port))), None)
        } else if def == &TCP_SRCPORT {
            both(port(6, src), None)
        } else if def == &TCP_DSTPORT {
            both(port(6, dst), None)
        } else if def == &TCP_PORT {
            both(port(6, src), port(6, dst))
        } else if def == &UDP_SRCPORT {
            both(port(17, src), None)
        } else if def == &UDP_DSTPORT {
            both(port(17, dst), None)
        } else if def == &UDP_PORT {
            both(port(17, src), port(17, dst))
        } else {
            both(None, None)
        };
        values.iter().flatten().for_each(found);
    }

    /// The owned copy.
    pub fn to_buf(&self) -> EventBuf {
        EventBuf {
            def: self.def,
            origin: *self.origin,
            fields: self
                .fields
                .iter()
                .map(|f| Field { def: f.def, value: f.value.clone().into_owned(), at: f.at, len: f.len })
                .collect(),
            frames: self.frames.to_vec(),
            defect: self.defect,
        }
    }
}

/// An event that owns what it says; the bytes of the message are not kept.
#[derive(Debug, Clone)]
pub struct EventBuf {
    /// Which event.
    pub def: &'static EventDef,
    /// Where it comes from.
    pub origin: Origin,
    /// Its values.
    pub fields: Vec<Field<'static>>,
    /// All frames that carried the message.
    pub frames: Vec<u64>,
    /// Why and where reading stopped.
    pub defect: Option<Malformed>,
}

impl EventBuf {
    /// The borrowed form.
    pub fn borrow(&self) -> Event<'_> {
        Event {
            def: self.def,
            origin: &self.origin,
            fields: &self.fields,
            frames: &self.frames,
            bytes: &[],
            defect: self.defect,
        }
    }
}

/// Everything that may be named: fields and events of all protocols, of the frame and of the phone.
#[derive(Debug)]
pub struct Schema {
    fields: Vec<&'static FieldDef>,
    events: Vec<&'static EventDef>,
}

impl Schema {
    /// From lists of fields and events. The fields of the frame are always among them.
    pub fn new(
        fields: impl IntoIterator<Item = &'static [&'static FieldDef]>,
        events: impl IntoIterator<Item = &'static [&'static EventDef]>,
    ) -> Schema {
        let mut all: Vec<&'static FieldDef> = ORIGIN_FIELDS.to_vec();
        for def in fields.into_iter().flatten() {
            if !all.contains(def) {
                all.push(def);
            }
        }
        Schema { fields: all, events: events.into_iter().flatten().copied().collect() }
    }

    /// With more fields and events; a name that is already there keeps its meaning.
    pub fn and(mut self, fields: &'static [&'static FieldDef], events: &'static [&'static EventDef]) -> Schema {
        self.fields.extend(
            fields
                .iter()
                .filter(|f| !self.fields.iter().any(|known| known.name == f.name))
                .copied()
                .collect::<Vec<_>>(),
        );
        self.events.extend(
            events
                .iter()
                .filter(|e| !self.events.iter().any(|known| known.name == e.name))
                .copied()
                .collect::<Vec<_>>(),
        );
        self
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static FieldDef> {
        self.fields.iter().find(|f| f.name == name).copied()
    }

    /// The event of that name.
    pub fn event(&self, name: &str) -> Option<&'static EventDef> {
        self.events.iter().find(|e| e.name == name).copied()
    }

    /// All fields, protocol by protocol.
    pub fn fields(&self) -> &[&'static FieldDef] {
        &self.fields
    }

    /// All events, protocol by protocol.
    pub fn events(&self) -> &[&'static EventDef] {
        &self.events
    }

    /// The declared name nearest to `name`, for "did you mean".
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        let names = self.fields.iter().map(|f| f.name).chain(self.events.iter().map(|e| e.name));
        nearest(name, names)
    }
}

/// The nearest of several names, if any is near enough to be meant.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&name.to_ascii_lowercase(), &known.to_ascii_lowercase()), known))
        .filter(|(near, _)| *near > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fields! { SAMPLE_FIELDS; A = uint("x.a", "a"); B = text("x.b", "b"); }
    events! { SAMPLE_EVENTS; HELLO = "x.hello", "hello"; }

    #[test]
    fn an_owned_copy_says_the_same() {
        let mut fields = Fields::new();
        fields.uint(&A, 7u8, 0, 1).text(&B, b"caf\xe9", 1);
        let origin = Origin::at(3, Ts::from_nanos(5));
        let event =
            Event { def: &HELLO, origin: &origin, fields: fields.list(), frames: &[3], bytes: &[], defect: None };
        let copy = event.to_buf();
        assert_eq!(copy.borrow().fields, event.fields);
        assert_eq!(event.get(&B).unwrap().to_string(), "caf\u{fffd}");
        assert_eq!(HELLO.proto(), "x");
    }

    #[test]
    fn values_of_the_frame_are_fields_too() {
        let mut origin = Origin::at(3, Ts::ZERO);
        origin.src = Some(Endpoint { ip: [10, 0, 0, 1].into(), port: 5060 });
        origin.dst = Some(Endpoint { ip: [10, 0, 0, 2].into(), port: 49152 });
        origin.ip_proto = 6;
        let event = Event { def: &HELLO, origin: &origin, fields: &[], frames: &[3], bytes: &[], defect: None };
        let mut seen = Vec::new();
        event.each(&TCP_PORT, &mut |v| seen.push(v.to_string()));
        event.each(&UDP_PORT, &mut |v| seen.push(v.to_string()));
        assert_eq!(seen, ["5060", "49152"]);
    }

    #[test]
    fn a_wrong_name_finds_the_right_one() {
        let schema = Schema::new([SAMPLE_FIELDS], [SAMPLE_EVENTS]);
        assert_eq!(schema.nearest("frame.numbr"), Some("frame.number"));
        assert_eq!(schema.nearest("zzzz"), None);
        assert_eq!(schema.event("x.hello"), Some(&HELLO));
    }

    #[test]
    fn memory_is_reused() {
        let mut fields = Fields::from_vec(Vec::with_capacity(16), None);
        fields.uint(&A, 1u8, 0, 1);
        assert!(fields.recycle().capacity() >= 16);
    }
}
