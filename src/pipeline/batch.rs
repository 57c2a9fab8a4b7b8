//! What the reading half of the pipeline hands to the judging half, kept until there is enough of it to be worth the
//! way to another thread.
//!
//! A [`Batch`] is events and the like in the order in which they were said, packed into a few long vectors: nothing
//! is allocated for one of them. Every line of memory that one core wrote and another reads is dear, so what is said
//! often is small, and what is rare lies apart. [`Batch::play`] says it all again; only the places of values in their
//! messages are not handed over, which no judge asks for.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use super::desk::{Clue, Desk};
use crate::bytes::Malformed;
use crate::event::{Event, EventDef, Field, FieldDef, Origin, Value};
use crate::time::Ts;

/// So much text is enough for one batch, in bytes.
const ENOUGH_TEXT: usize = 16 << 10;
/// So many things said are enough for one batch.
const ENOUGH_SAID: usize = 64;

/// So many values a thing said has, most often.
const FIELDS: usize = 8;

/// Things said, in order.
#[derive(Debug)]
pub(super) struct Batch {
    said: Vec<Said>,
    /// Where they come from; one after the other often from the same frame.
    origins: Vec<Origin>,
    fields: Vec<Packed>,
    frames: Vec<u64>,
    text: String,
    bytes: Vec<u8>,
    defects: Vec<Malformed>,
    limits: Vec<&'static str>,
    clues: Vec<Clue>,
}

#[derive(Debug)]
struct Said {
    what: What,
    /// Capture time as it was told before.
    now: Ts,
    origin: u32,
    /// Up to here the frames are this one's, from where those before it end.
    frames: u32,
}

/// What was said. Of what lies apart, the next.
#[derive(Debug)]
enum What {
    Event {
        def: &'static EventDef,
        /// Up to here the fields are its own, from where those before it end.
        fields: u32,
        /// Whether it has a defect.
        broken: bool,
    },
    Limit,
    Clue,
}

#[derive(Debug)]
struct Packed {
    def: &'static FieldDef,
    value: Plain,
}

/// A value in as little as it takes. Of text and bytes, where it ends: it begins where the one before it does.
#[derive(Debug)]
enum Plain {
    Null,
    Uint(u64),
    Bool(bool),
    Float(f64),
    Text(u32),
    Bytes(u32),
    Mac([u8; 6]),
    V4(Ipv4Addr),
    /// Its sixteen bytes lie with the bytes, and end here.
    V6(u32),
    Time(Ts),
}

/// With room for as much as is enough: what grows leaves memory behind.
impl Default for Batch {
    fn default() -> Batch {
        Batch {
            said: Vec::with_capacity(ENOUGH_SAID),
            origins: Vec::with_capacity(ENOUGH_SAID),
            fields: Vec::with_capacity(FIELDS * ENOUGH_SAID),
            frames: Vec::with_capacity(2 * ENOUGH_SAID),
            text: String::with_capacity(ENOUGH_TEXT),
            bytes: Vec::new(),
            defects: Vec::new(),
            limits: Vec::new(),
            clues: Vec::new(),
        }
    }
}

impl Batch {
    /// Whether it should be sent on.
    pub fn is_full(&self) -> bool {
        self.said.len() >= ENOUGH_SAID || self.text.len() + self.bytes.len() >= ENOUGH_TEXT
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.said.clear();
        self.origins.clear();
        self.fields.clear();
        self.frames.clear();
        self.text.clear();
        self.bytes.clear();
        self.defects.clear();
        self.limits.clear();
        self.clues.clear();
    }

    /// Keeps an event.
    pub fn event(&mut self, event: &Event<'_>, now: Ts) {
        for field in event.fields {
            let value = self.pack(&field.value);
            self.fields.push(Packed { def: field.def, value });
        }
        self.frames.extend_from_slice(event.frames);
        self.defects.extend(event.defect);
        let fields = self.fields.len() as u32;
        self.say(What::Event { def: event.def, fields, broken: event.defect.is_some() }, event.origin, now);
    }

    fn pack(&mut self, value: &Value<'_>) -> Plain {
        match value {
            Value::Null => Plain::Null,
            Value::Uint(v) => Plain::Uint(*v),
            Value::Bool(v) => Plain::Bool(*v),
            Value::Float(v) => Plain::Float(*v),
            Value::Mac(v) => Plain::Mac(*v),
            Value::Ip(IpAddr::V4(v)) => Plain::V4(*v),
            Value::Time(v) => Plain::Time(*v),
            Value::Text(text) => {
                self.text.push_str(text);
                Plain::Text(self.text.len() as u32)
            }
            Value::Bytes(bytes) => {
                self.bytes.extend_from_slice(bytes);
                Plain::Bytes(self.bytes.len() as u32)
            }
            Value::Ip(IpAddr::V6(v)) => {
                self.bytes.extend_from_slice(&v.octets());
                Plain::V6(self.bytes.len() as u32)
            }
        }
    }

    /// Keeps that a bound was reached.
    pub fn limit(&mut self, bound: &'static str, origin: &Origin, now: Ts) {
        self.limits.push(bound);
        self.say(What::Limit, origin, now);
    }

    /// Keeps a clue.
    pub fn clue(&mut self, clue: Clue, origin: &Origin, now: Ts) {
        self.clues.push(clue);
        self.say(What::Clue, origin, now);
    }

    fn say(&mut self, what: What, origin: &Origin, now: Ts) {
        if self.origins.last() != Some(origin) {
            self.origins.push(*origin);
        }
        self.said.push(Said { what, now, origin: self.origins.len() as u32 - 1, frames: self.frames.len() as u32 });
    }

    /// Says everything again, in the same order.
    pub fn play(&self, desk: &mut impl Desk) {
        let (mut fields, mut frames) = (0, 0);
        let (mut defects, mut limits, mut clues) = (self.defects.iter(), self.limits.iter(), self.clues.iter());
        let mut places = Places::default();
        let mut list: Vec<Field<'_>> = Vec::new();
        for said in &self.said {
            let Some(origin) = self.origins.get(said.origin as usize) else { continue };
            let cited = self.frames.get(frames..said.frames as usize).unwrap_or_default();
            frames = said.frames as usize;
            desk.tick(said.now);
            match said.what {
                What::Event { def, fields: end, broken } => {
                    let packed = self.fields.get(fields..end as usize).unwrap_or_default();
                    fields = end as usize;
                    list.clear();
                    list.extend(packed.iter().map(|field| {
                        let value = places.unpack(&field.value, self);
                        Field { def: field.def, value, at: 0, len: 0 }
                    }));
                    let defect = if broken { defects.next().copied() } else { None };
                    desk.event(&Event { def, origin, fields: &list, frames: cited, bytes: &[], defect });
                }
                What::Limit => limits.by_ref().take(1).for_each(|bound| desk.limit(bound, origin)),
                What::Clue => clues.by_ref().take(1).for_each(|clue| desk.clue(*clue, origin)),
            }
        }
    }
}

/// How far text and bytes were unpacked.
#[derive(Default)]
struct Places {
    text: usize,
    bytes: usize,
}

impl Places {
    fn unpack<'b>(&mut self, value: &Plain, of: &'b Batch) -> Value<'b> {
        match *value {
            Plain::Null => Value::Null,
            Plain::Uint(v) => Value::Uint(v),
            Plain::Bool(v) => Value::Bool(v),
            Plain::Float(v) => Value::Float(v),
            Plain::Mac(v) => Value::Mac(v),
            Plain::V4(v) => Value::Ip(v.into()),
            Plain::Time(v) => Value::Time(v),
            Plain::Text(end) => {
                let from = std::mem::replace(&mut self.text, end as usize);
                Value::Text(Cow::Borrowed(of.text.get(from..self.text).unwrap_or_default()))
            }
            Plain::Bytes(end) => Value::Bytes(Cow::Borrowed(self.bytes(end, of))),
            Plain::V6(end) => {
                let octets: [u8; 16] = self.bytes(end, of).try_into().unwrap_or_default();
                Value::Ip(octets.into())
            }
        }
    }

    fn bytes<'b>(&mut self, end: u32, of: &'b Batch) -> &'b [u8] {
        let from = std::mem::replace(&mut self.bytes, end as usize);
        of.bytes.get(from..self.bytes).unwrap_or_default()
    }
}
