//! Which fields anybody asks for: a judge names a few of the thousand, and what nobody reads need not be made.

use super::FieldDef;

/// A set of fields that may hold more than was put into it, never less: nobody is hurt by a field too many.
///
/// Definitions are statics that lie side by side, so that a place for each of them is enough to tell them apart.
#[derive(Debug, Clone)]
pub struct Wanted {
    places: [u64; WORDS],
}

/// Enough for all of a program's data: what is far apart has no place in common.
const WORDS: usize = 1024;

impl Wanted {
    /// The set of these.
    pub fn of<'f>(fields: impl IntoIterator<Item = &'f &'static FieldDef>) -> Wanted {
        let mut places = [0; WORDS];
        for def in fields {
            let (word, bit) = place(def);
            if let Some(word) = places.get_mut(word) {
                *word |= bit;
            }
        }
        Wanted { places }
    }

    /// Whether the field may be asked for.
    #[inline]
    pub fn has(&self, def: &'static FieldDef) -> bool {
        let (word, bit) = place(def);
        self.places.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// The word and the bit of a definition.
#[inline]
fn place(def: &'static FieldDef) -> (usize, u64) {
    let place = std::ptr::from_ref(def).addr() / size_of::<FieldDef>();
    (place / 64 % WORDS, 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{ORIGIN_FIELDS, text};
    use crate::fields;

    fields! { SAMPLES; A = text("w.a", "a"); B = text("w.b", "b"); }

    #[test]
    fn what_is_put_in_is_there_and_little_else() {
        let wanted = Wanted::of([&&A]);
        assert!(wanted.has(&A) && !wanted.has(&B));
        let all = Wanted::of(ORIGIN_FIELDS.iter().chain(SAMPLES));
        assert!(ORIGIN_FIELDS.iter().chain(SAMPLES).all(|def| all.has(def)));
        // Where definitions lie is the linker's choice: one may have the place of another.
        assert!(ORIGIN_FIELDS.iter().filter(|def| wanted.has(def)).count() <= 1);
    }
}
