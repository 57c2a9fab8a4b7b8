//! What was said of documents that came before: phones that boot anew fetch the same configuration again, and ask the
//! same by the same words. A document that comes again is not read again. Bounded; a document that is forgotten is
//! read as the first time.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::bytes::Malformed;
use crate::event::{EventDef, Field, Fields};

/// So many documents are kept.
pub(super) const MOST: usize = 256;
/// And so many bytes of them.
const MOST_BYTES: usize = 4 << 20;
/// A longer document is not kept.
const LONGEST: usize = 256 << 10;
/// Of so many documents that came once it is known that they did. A power of two.
const ONCE: usize = 1024;

/// Documents that came twice, and what they said.
#[derive(Debug, Default)]
pub struct Memory {
    hasher: FixedState,
    once: Vec<u64>,
    known: HashMap<u64, Known, FixedState>,
    /// From the one that was learned first.
    order: VecDeque<u64>,
    bytes: usize,
}

#[derive(Debug)]
struct Known {
    bytes: Box<[u8]>,
    wanted: bool,
    said: Vec<Said>,
}

/// One event of a document.
#[derive(Debug)]
pub(super) struct Said {
    def: &'static EventDef,
    fields: Vec<Field<'static>>,
    defect: Option<Malformed>,
}

/// What is known of a document.
pub(super) enum Recall<'m> {
    /// It said this.
    Said(&'m [Said]),
    /// It came before, and what it says now is to be kept under this number.
    Again(u64),
    /// Nothing.
    New,
}

impl Memory {
    /// What is known of a document that is `wanted`, or is not.
    pub(super) fn recall(&mut self, bytes: &[u8], wanted: bool) -> Recall<'_> {
        if bytes.len() > LONGEST {
            return Recall::New;
        }
        let hash = self.hasher.hash_one((bytes, wanted));
        if self.known.contains_key(&hash) {
            return match self.known.get(&hash).filter(|known| *known.bytes == *bytes && known.wanted == wanted) {
                Some(known) => Recall::Said(&known.said),
                None => Recall::New,
            };
        }
        if self.once.is_empty() {
            self.once.resize(ONCE, 0);
        }
        match self.once.get_mut(hash as usize % ONCE) {
            Some(once) if *once == hash => Recall::Again(hash),
            Some(once) => {
                *once = hash;
                Recall::New
            }
            None => Recall::New,
        }
    }

    /// How many are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Keeps what a document said.
    pub(super) fn learn(&mut self, hash: u64, bytes: &[u8], wanted: bool, said: Vec<Said>) {
        self.bytes += bytes.len();
        if self.known.insert(hash, Known { bytes: bytes.into(), wanted, said }).is_none() {
            self.order.push_back(hash);
        }
        while self.order.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.known.remove(&oldest).map_or(0, |known| known.bytes.len());
        }
    }
}

impl Said {
    /// A copy of what is said now.
    pub(super) fn of(def: &'static EventDef, fields: &Fields<'_>, defect: Option<Malformed>) -> Said {
        let own = |f: &Field<'_>| Field { def: f.def, value: f.value.clone().into_owned(), at: f.at, len: f.len };
        Said { def, fields: fields.list().iter().map(own).collect(), defect }
    }

    /// The same again.
    pub(super) fn again(&self, say: &mut dyn FnMut(&'static EventDef, Fields<'_>, Option<Malformed>)) {
        let list = self.fields.iter().map(Field::borrow).collect();
        say(self.def, Fields::from_vec(list, None), self.defect);
    }
}
