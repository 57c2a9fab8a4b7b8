//! What the reading half of the pipeline hands to the judging half, kept until there is enough of it to be worth the
//! way to another thread.
//!
//! A [`Batch`] is events and the like in the order in which they were said, packed into a few long vectors: nothing
//! is allocated for one of them. [`Batch::play`] says them all again.

use std::borrow::Cow;
use std::ops::Range;

use super::desk::{Clue, Desk};
use crate::bytes::Malformed;
use crate::event::{Event, EventDef, Field, FieldDef, Fields, Origin, Value};
use crate::time::Ts;

/// So much text is enough for one batch, in bytes.
const ENOUGH_TEXT: usize = 32 << 10;
/// So many things said are enough for one batch.
const ENOUGH_SAID: usize = 128;

/// Things said, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    said: Vec<Said>,
    /// Where they come from; one after the other often from the same frame.
    origins: Vec<Origin>,
    fields: Vec<Packed>,
    frames: Vec<u64>,
    text: String,
    bytes: Vec<u8>,
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

#[derive(Debug)]
enum What {
    Event { def: &'static EventDef, fields: u32, defect: Option<Malformed> },
    Limit(&'static str),
    Clue(Clue),
}

#[derive(Debug)]
struct Packed {
    def: &'static FieldDef,
    value: Plain,
    at: u32,
    len: u32,
}

/// A value without what it borrows.
#[derive(Debug)]
enum Plain {
    Text(Range<u32>),
    Bytes(Range<u32>),
    Other(Value<'static>),
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
    }

    /// Keeps an event.
    pub fn event(&mut self, event: &Event<'_>, now: Ts) {
        for field in event.fields {
            let value = match &field.value {
                Value::Text(text) => {
                    let start = self.text.len() as u32;
                    self.text.push_str(text);
                    Plain::Text(start..self.text.len() as u32)
                }
                Value::Bytes(bytes) => {
                    let start = self.bytes.len() as u32;
                    self.bytes.extend_from_slice(bytes);
                    Plain::Bytes(start..self.bytes.len() as u32)
                }
                Value::Null => Plain::Other(Value::Null),
                Value::Uint(v) => Plain::Other(Value::Uint(*v)),
                Value::Bool(v) => Plain::Other(Value::Bool(*v)),
                Value::Float(v) => Plain::Other(Value::Float(*v)),
                Value::Mac(v) => Plain::Other(Value::Mac(*v)),
                Value::Ip(v) => Plain::Other(Value::Ip(*v)),
                Value::Time(v) => Plain::Other(Value::Time(*v)),
            };
            self.fields.push(Packed { def: field.def, value, at: field.at, len: field.len });
        }
        self.frames.extend_from_slice(event.frames);
        let fields = self.fields.len() as u32;
        self.say(What::Event { def: event.def, fields, defect: event.defect }, event.origin, now);
    }

    /// Keeps that a bound was reached.
    pub fn limit(&mut self, bound: &'static str, origin: &Origin, now: Ts) {
        self.say(What::Limit(bound), origin, now);
    }

    /// Keeps a clue.
    pub fn clue(&mut self, clue: Clue, origin: &Origin, now: Ts) {
        self.say(What::Clue(clue), origin, now);
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
        let mut spare: Vec<Field<'static>> = Vec::new();
        for said in &self.said {
            let Some(origin) = self.origins.get(said.origin as usize) else { continue };
            let cited = self.frames.get(frames..said.frames as usize).unwrap_or_default();
            frames = said.frames as usize;
            desk.tick(said.now);
            match &said.what {
                What::Event { def, fields: end, defect } => {
                    let mut list = Fields::from_vec(spare, None);
                    for field in self.fields.get(fields..*end as usize).unwrap_or_default() {
                        list.push(field.def, self.value(&field.value), field.at as usize, field.len as usize);
                    }
                    fields = *end as usize;
                    let frames = cited;
                    desk.event(&Event { def, origin, fields: list.list(), frames, bytes: &[], defect: *defect });
                    spare = list.recycle();
                }
                What::Limit(bound) => desk.limit(bound, origin),
                What::Clue(clue) => desk.clue(*clue, origin),
            }
        }
    }

    fn value<'b>(&'b self, value: &'b Plain) -> Value<'b> {
        let range = |range: &Range<u32>| range.start as usize..range.end as usize;
        match value {
            Plain::Text(at) => Value::Text(Cow::Borrowed(self.text.get(range(at)).unwrap_or_default())),
            Plain::Bytes(at) => Value::Bytes(Cow::Borrowed(self.bytes.get(range(at)).unwrap_or_default())),
            Plain::Other(value) => value.clone(),
        }
    }
}
