//! Several captures as one, in time order: a ring of files, or two taps.
//!
//! Frames are numbered anew from 1. Where times are equal, the capture named first comes first; frames of one
//! capture keep their order, even where its clock went back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::mem::FrameBuf;
use super::{Frame, Notes, Source, SourceError};
use crate::time::Ts;

/// Several sources as one.
pub struct Merge {
    inputs: Vec<Input>,
    /// The time of every input's waiting frame.
    waiting: BinaryHeap<Reverse<(Ts, usize)>>,
    /// The input whose frame was handed out last, and has to be replaced by its next one.
    given: Option<usize>,
    /// Interfaces of the whole, by input and interface there, in the order of their first frames.
    interfaces: BTreeMap<(usize, u32), u32>,
    number: u64,
    notes: Notes,
}

struct Input {
    name: String,
    source: Box<dyn Source + Send>,
    frame: FrameBuf,
    notes: Notes,
}

impl Merge {
    /// Sources with the names that damage is told by. Reads the first frame of each.
    pub fn new(sources: impl IntoIterator<Item = (String, Box<dyn Source + Send>)>) -> Result<Merge, SourceError> {
        let inputs: Vec<Input> = (sources.into_iter())
            .map(|(name, source)| {
                let frame = FrameBuf { time: Ts::ZERO, interface: 0, link: 0, bytes: Vec::new(), wire_len: 0 };
                Input { name, source, frame, notes: Notes::default() }
            })
            .collect();
        let mut merge = Merge {
            waiting: BinaryHeap::with_capacity(inputs.len()),
            inputs,
            given: None,
            interfaces: BTreeMap::new(),
            number: 0,
            notes: Notes::default(),
        };
        for index in 0..merge.inputs.len() {
            merge.advance(index)?;
        }
        Ok(merge)
    }

    fn advance(&mut self, index: usize) -> Result<(), SourceError> {
        let Some(input) = self.inputs.get_mut(index) else { return Ok(()) };
        if let Some(frame) = input.source.next()? {
            input.frame.copy_from(&frame);
            self.waiting.push(Reverse((frame.time, index)));
        }
        if input.source.notes() != &input.notes {
            input.notes.clone_from(input.source.notes());
            self.notes = Notes::default();
            for input in &self.inputs {
                let Notes { damage, filter, drops, snap } = &input.notes;
                if let Some(damage) = damage {
                    let told = self.notes.damage.get_or_insert_default();
                    told.push_str(if told.is_empty() { "" } else { "; " });
                    told.push_str(&input.name);
                    told.push_str(": ");
                    told.push_str(damage);
                }
                if let Some(filter) = filter {
                    self.notes.add_filter(filter);
                }
                self.notes.drops = self.notes.drops.saturating_add(*drops);
                self.notes.snap = [self.notes.snap, *snap].into_iter().flatten().min();
            }
        }
        Ok(())
    }
}

impl Source for Merge {
    fn next(&mut self) -> Result<Option<Frame<'_>>, SourceError> {
        if let Some(given) = self.given.take() {
            self.advance(given)?;
        }
        let Some(Reverse((_, index))) = self.waiting.pop() else { return Ok(None) };
        self.given = Some(index);
        let Some(input) = self.inputs.get(index) else { return Ok(None) };
        let known = self.interfaces.len() as u32;
        let interface = *self.interfaces.entry((index, input.frame.interface)).or_insert(known);
        self.number += 1;
        Ok(Some(Frame { interface, ..input.frame.frame(self.number) }))
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::mem::Memory;

    fn source(name: &str, notes: Notes, frames: &[(i64, u32, u8)]) -> (String, Box<dyn Source + Send>) {
        let frames: Vec<FrameBuf> = (frames.iter())
            .map(|&(nanos, interface, byte)| FrameBuf {
                interface,
                ..FrameBuf::ethernet(Ts::from_nanos(nanos), [byte])
            })
            .collect();
        (name.to_owned(), Box::new(Memory::new(frames).with_notes(notes)))
    }

    #[test]
    fn one_capture_in_time_order() {
        let cut = Notes { damage: Some("cut off".into()), drops: 2, snap: Some(96), ..Notes::default() };
        let filtered = Notes { filter: Some("udp".into()), drops: 3, snap: Some(64), ..Notes::default() };
        let mut merge = Merge::new([
            source("a", cut, &[(10, 0, 1), (30, 7, 2), (20, 0, 3), (40, 7, 4)]),
            source("empty", Notes::default(), &[]),
            source("b", filtered, &[(5, 0, 5), (30, 0, 6)]),
        ])
        .unwrap();
        let mut seen = Vec::new();
        while let Some(frame) = merge.next().unwrap() {
            seen.push((frame.number, frame.time.nanos(), frame.interface, frame.bytes[0]));
        }
        assert_eq!(seen, [(1, 5, 0, 5), (2, 10, 1, 1), (3, 30, 2, 2), (4, 20, 1, 3), (5, 30, 0, 6), (6, 40, 2, 4)]);
        let notes = Notes { damage: Some("a: cut off".into()), filter: Some("udp".into()), drops: 5, snap: Some(64) };
        assert_eq!(merge.notes(), &notes);
        assert!(merge.next().unwrap().is_none());
    }
}
