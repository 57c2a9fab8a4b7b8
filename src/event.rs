//! Events: what a dissector says of a message, with declared names and fields.
//!
//! A protocol declares its fields and events once ([`fields!`], [`events!`]); `decode`, `-Y`, the models,
//! `offhook fields` and the documentation all derive from those lists. A definition is a `static`, and two
//! definitions are the same exactly when they are the same `static`.
//!
//! An [`Event`] borrows from the frame and lives until the next one; [`EventBuf`] is its owned copy.

mod origin;
mod schema;
mod wanted;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::bytes::Malformed;
use crate::plain;
use crate::time::Ts;
pub use origin::*;
pub use schema::{Schema, nearest};
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
    /// Where it is not of a message but of the frame that carried it, or of the event as such: what it is there.
    of_frame: Option<Tell>,
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
            FieldDef { name, kind: Kind::$kind, unit: "", meaning, secret: false, codes: None, of_frame: None }
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
    /// Whether it may be told of any event, be it a field of the message or not.
    pub const fn is_of_frame(&self) -> bool {
        self.of_frame.is_some()
    }
    /// Of the frame.
    const fn of_frame(self, tell: Tell) -> FieldDef {
        FieldDef { of_frame: Some(tell), ..self }
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

impl Field<'_> {
    /// The same, borrowed.
    pub fn borrow(&self) -> Field<'_> {
        let value = match &self.value {
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
            Value::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            other => other.clone(),
        };
        Field { def: self.def, value, at: self.at, len: self.len }
    }
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
            Value::Bytes(v) => {
                v.iter().try_for_each(|b| f.write_str(std::str::from_utf8(&plain::hex(*b)).unwrap_or_default()))
            }
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
        f.write_str(plain::mac(self.0).as_str())
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
    /// The beginning of the message, where it is known to be text: what is a part of it need not be looked at again.
    known: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// An empty list. In a dissector take [`crate::proto::Out::fields`] instead, which reuses its memory.
    pub const fn new() -> Fields<'a> {
        Fields { list: Vec::new(), wanted: None, known: None }
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
    #[inline]
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
            if let Some(text) = self.known_text(value, at) {
                self.list.push(Field {
                    def,
                    value: Value::Text(Cow::Borrowed(text)),
                    at: at as u32,
                    len: value.len() as u32,
                });
                return self;
            }
            let text = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
            let text = Value::Text(text);
            self.list.push(Field { def, value: text, at: at as u32, len: value.len() as u32 });
        }
        self
    }

    /// The message begins with this text, or nothing is known of it.
    #[inline]
    pub fn set_known(&mut self, text: Option<&'a str>) {
        self.known = text;
    }

    /// A value as a part of the text that the message is known to begin with.
    #[inline]
    pub fn known_text(&self, value: &'a [u8], at: usize) -> Option<&'a str> {
        let text = self.known?.get(at..at + value.len())?;
        std::ptr::eq(text.as_bytes(), value).then_some(text)
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

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// The message breaks off at `end`: texts that reach it, of those from the `since`th on, are not whole. They become
    /// values of `unfinished`, so that nobody takes them for what they begin like.
    pub fn break_off(&mut self, since: usize, end: usize, unfinished: &'static FieldDef) {
        let broken = |f: &Field<'_>| matches!(f.value, Value::Text(_)) && (f.at + f.len) as usize >= end;
        let wanted = self.wants(unfinished);
        let mut at = since;
        while let Some(field) = self.list.get_mut(at) {
            match broken(field) {
                true if wanted => field.def = unfinished,
                true => {
                    self.list.remove(at);
                    continue;
                }
                false => {}
            }
            at += 1;
        }
    }

    /// The first value of a field.
    pub fn get(&self, def: &'static FieldDef) -> Option<&Value<'a>> {
        self.list.iter().find(|f| f.def == def).map(|f| &f.value)
    }

    /// An empty list in memory that was used before; of `wanted` fields, where not all are.
    pub(crate) fn from_vec(list: Vec<Field<'a>>, wanted: Option<Arc<Wanted>>) -> Fields<'a> {
        Fields { list, wanted, known: None }
    }

    /// For how many there is memory.
    pub(crate) fn room(&self) -> usize {
        self.list.capacity()
    }

    /// Gives the memory back, empty and free of borrows.
    pub(crate) fn recycle(mut self) -> Vec<Field<'static>> {
        self.list.clear();
        // An empty vector collects into its own allocation: no element is ever made here.
        self.list.into_iter().map(|f| Field { def: f.def, value: f.value.into_owned(), at: f.at, len: f.len }).collect()
    }
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
        for field in self.fields {
            if std::ptr::eq(field.def, def) {
                found(&field.value);
            }
        }
        if let Some(tell) = def.of_frame {
            tell(self, found);
        }
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
