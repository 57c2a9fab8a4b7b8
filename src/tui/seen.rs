//! What was seen and may be shown again: frames, messages, streams. Bounded by memory; the oldest go first.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use super::media::Media;
use crate::event::{Event, EventBuf, Value};
use crate::finding::{Finding, PhoneId};
use crate::phone::{Concerned, Phones};
use crate::pipeline::Watch;
use crate::source::Frame;
use crate::source::mem::FrameBuf;

/// A decoded message.
#[derive(Debug)]
pub struct Message {
    /// What it says.
    pub event: EventBuf,
    /// Its bytes: what the places of its fields are offsets in.
    pub bytes: Box<[u8]>,
    /// Whom it concerns, and whether they sent it.
    pub phones: Vec<(PhoneId, bool)>,
}

/// What was seen.
#[derive(Debug)]
pub struct Seen {
    frames: VecDeque<(u64, FrameBuf)>,
    messages: VecDeque<Message>,
    /// The serial number of the oldest message that is kept.
    first: u64,
    of_frame: HashMap<u64, Vec<u64>>,
    of_phone: HashMap<PhoneId, VecDeque<u64>>,
    weight: usize,
    most: usize,
    /// Frames that were let go.
    pub let_go: u64,
    /// Streams and groups.
    pub media: Media,
    /// The frame at which each finding became known, in that order.
    pub found_at: Vec<u64>,
    /// The number of the finding found last.
    last: u32,
    /// Grows with everything that a board may show.
    pub changes: u64,
    now_at: u64,
}

impl Seen {
    /// Keeps up to `most` bytes of frames and messages.
    pub fn new(most: usize) -> Seen {
        Seen {
            frames: VecDeque::new(),
            messages: VecDeque::new(),
            first: 0,
            of_frame: HashMap::new(),
            of_phone: HashMap::new(),
            weight: 0,
            most,
            let_go: 0,
            media: Media::default(),
            found_at: Vec::new(),
            last: 0,
            changes: 0,
            now_at: 0,
        }
    }

    /// Keeps a frame, before it is judged.
    pub fn take(&mut self, frame: &Frame<'_>) {
        let mut kept = FrameBuf {
            time: frame.time,
            interface: 0,
            link: 0,
            bytes: Vec::with_capacity(frame.bytes.len()),
            wire_len: 0,
        };
        kept.copy_from(frame);
        self.now_at = frame.number;
        self.weight += frame.bytes.len() + size_of::<(u64, FrameBuf)>();
        self.frames.push_back((frame.number, kept));
        while self.weight > self.most && self.frames.len() > 1 {
            self.let_go_oldest();
        }
    }

    fn let_go_oldest(&mut self) {
        let Some((number, frame)) = self.frames.pop_front() else { return };
        self.let_go += 1;
        self.weight = self.weight.saturating_sub(frame.bytes.len() + size_of::<(u64, FrameBuf)>());
        self.of_frame.remove(&number);
        while self.messages.front().is_some_and(|message| message.event.origin.frame <= number) {
            if let Some(message) = self.messages.pop_front() {
                self.weight = self.weight.saturating_sub(weight(&message));
                self.first += 1;
            }
        }
    }

    /// How many frames are kept.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether no frame is.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The frame in that place among those kept.
    pub fn at(&self, place: usize) -> Option<(u64, &FrameBuf)> {
        self.frames.get(place).map(|(number, frame)| (*number, frame))
    }

    /// The place of a frame; of the next one, if that is not kept.
    pub fn place(&self, number: u64) -> usize {
        self.frames.partition_point(|(known, _)| *known < number)
    }

    /// A frame by its number.
    pub fn frame(&self, number: u64) -> Option<&FrameBuf> {
        self.frames.get(self.place(number)).filter(|(known, _)| *known == number).map(|(_, frame)| frame)
    }

    /// Every frame that is kept.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        self.frames.iter().map(|(number, frame)| frame.frame(*number))
    }

    /// A message by its serial number.
    pub fn message(&self, serial: u64) -> Option<&Message> {
        self.messages.get(usize::try_from(serial.checked_sub(self.first)?).ok()?)
    }

    /// The messages that a frame carried, or was the last to carry.
    pub fn of_frame(&self, number: u64) -> impl Iterator<Item = &Message> {
        self.of_frame.get(&number).into_iter().flatten().filter_map(|serial| self.message(*serial))
    }

    /// Serial numbers of the messages that are kept.
    pub fn serials(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.messages.len() as u64
    }

    /// Serial numbers of the messages of a phone, in their order; a phone may have been known as several.
    pub fn of_phone(&self, phone: PhoneId, phones: &Phones) -> Vec<u64> {
        let mut all: Vec<u64> = self
            .of_phone
            .iter()
            .filter(|(known, _)| phones.now(**known) == phone)
            .flat_map(|(_, serials)| serials.iter().copied().filter(|serial| *serial >= self.first))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What a message takes of memory, with the blocks its texts are in and its places in the tables.
fn weight(message: &Message) -> usize {
    let texts = message.event.fields.iter().map(|field| match &field.value {
        Value::Text(Cow::Owned(text)) => text.len() + 16,
        Value::Bytes(Cow::Owned(bytes)) => bytes.len() + 16,
        _ => 0,
    });
    size_of::<Message>()
        + texts.sum::<usize>()
        + message.bytes.len()
        + message.phones.len() * (size_of::<(PhoneId, bool)>() + 8)
        + message.event.fields.len() * size_of::<crate::event::Field<'static>>()
        + message.event.frames.len() * 8
        + 96
}

impl Watch for Seen {
    fn event(&mut self, event: &Event<'_>, concerned: &[Concerned], phones: &Phones) {
        self.changes += 1;
        self.media.event(event, concerned, phones);
        let serial = self.first + self.messages.len() as u64;
        let message = Message {
            event: event.to_buf(),
            bytes: event.bytes.into(),
            phones: concerned.iter().map(|one| (one.phone, one.sends)).collect(),
        };
        self.weight += weight(&message);
        let oldest = self.frames.front().map_or(0, |(number, _)| *number);
        for frame in event.frames.iter().chain(std::iter::once(&event.origin.frame)).filter(|frame| **frame >= oldest) {
            let list = self.of_frame.entry(*frame).or_default();
            if list.last() != Some(&serial) {
                list.push(serial);
            }
        }
        for one in concerned {
            let list = self.of_phone.entry(one.phone).or_default();
            while list.front().is_some_and(|oldest| *oldest < self.first) {
                list.pop_front();
            }
            list.push_back(serial);
        }
        self.messages.push_back(message);
    }

    fn finding(&mut self, finding: &Finding, _: &Phones) {
        self.changes += 1;
        if finding.serial > self.last {
            self.last = finding.serial;
            self.found_at.push(self.now_at);
        }
    }

    fn withdrawn(&mut self, _: &Finding, _: &Phones) {
        self.changes += 1;
    }
}
