//! What runs and phones keep: the values of variables and facts.
//!
//! A capture has thousands of runs, and each keeps a few dozen: nearly always one value, and that one without an
//! allocation of its own.

use crate::event::Value;

/// A list that a model keeps, grows no longer than this.
pub(super) const LONGEST_LIST: usize = 256;

/// Values that are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// False while nobody has said what they are.
    pub known: bool,
    /// Its place among the variables or facts, as far as it lies in a [`Sparse`].
    place: u16,
    pub values: Values,
}

/// None, one or several: as large as one.
#[derive(Debug, Clone, Default)]
pub(super) enum Values {
    #[default]
    None,
    One(Value<'static>),
    Many(Vec<Value<'static>>),
}

/// Variables or facts: of all there are those that were set. The others, and that is most, are as they begin.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse(Vec<Kept>);

impl Sparse {
    /// What was set; `None` if it is as it began.
    pub fn get(&self, at: usize) -> Option<&Kept> {
        self.0.iter().find(|kept| usize::from(kept.place) == at)
    }

    /// What is to be set, which began as `begin`.
    pub fn get_mut(&mut self, at: usize, begin: Option<&Kept>) -> Option<&mut Kept> {
        let index = match self.0.iter().position(|kept| usize::from(kept.place) == at) {
            Some(index) => index,
            None => {
                let kept = Kept { place: u16::try_from(at).ok()?, ..begin?.clone() };
                // Few are set: room for twice as many would be wasted thousands of times.
                self.0.reserve_exact(1);
                self.0.push(kept);
                self.0.len() - 1
            }
        };
        self.0.get_mut(index)
    }

    /// All that were set, with their places.
    pub fn into_set(self) -> impl Iterator<Item = (usize, Kept)> {
        self.0.into_iter().map(|kept| (usize::from(kept.place), kept))
    }
}

impl Kept {
    /// Known to be these.
    pub fn of(values: impl IntoIterator<Item = Value<'static>>) -> Kept {
        let mut kept = Kept { known: true, ..Kept::default() };
        values.into_iter().for_each(|value| kept.values.push(value));
        kept
    }

    /// Is as it began, be it with nothing. It stays in its place.
    pub fn begin_again(&mut self, begin: Option<&Kept>) {
        let begin = begin.cloned().unwrap_or_default();
        (self.known, self.values) = (begin.known, begin.values);
    }

    /// Takes the values, of which a variable that is no list keeps the first.
    pub fn put(&mut self, known: bool, values: &mut Vec<Value<'static>>, list: bool) {
        values.truncate(if list { LONGEST_LIST } else { 1 });
        self.known = known;
        match (self.values.as_mut_slice(), values.as_mut_slice()) {
            ([held], [value]) => std::mem::swap(held, value),
            _ => {
                self.values = Values::None;
                values.drain(..).for_each(|value| self.values.push(value));
            }
        }
    }

    /// Takes this value alone.
    pub fn put_one(&mut self, value: &Value<'static>) {
        self.known = true;
        match self.values.as_mut_slice() {
            [held] => held.clone_from(value),
            _ => self.values = Values::One(value.clone()),
        }
    }

    /// Adds numbers, or appends what a list does not hold yet.
    pub fn add(&mut self, known: bool, values: &mut Vec<Value<'static>>, list: bool) {
        if list {
            // What is appended to an unknown list leaves it unknown: it may be there already.
            for value in values.drain(..) {
                if self.values.len() < LONGEST_LIST && !self.values.contains(&value) {
                    self.values.push(value);
                }
            }
            self.known &= known;
            return;
        }
        self.sum(known, values, |a, b| a + b);
    }

    /// Subtracts numbers, or removes from a list.
    pub fn take(&mut self, known: bool, values: &mut Vec<Value<'static>>, list: bool) {
        if list {
            self.values.retain(|value| !values.contains(value));
            self.known &= known;
            values.clear();
            return;
        }
        self.sum(known, values, |a, b| a - b);
    }

    fn sum(&mut self, known: bool, values: &mut Vec<Value<'static>>, op: fn(f64, f64) -> f64) {
        let number = |value: Option<&Value<'_>>| match value {
            Some(Value::Uint(v)) => Some(*v as f64),
            Some(Value::Float(v)) => Some(*v),
            _ => None,
        };
        let (old, new) = (number(self.values.first()), number(values.first()));
        values.clear();
        self.known &= known;
        if let Some(new) = new {
            let sum = op(old.unwrap_or_default(), new);
            let whole = sum >= 0.0 && sum.fract() == 0.0;
            self.values = Values::One(if whole { Value::Uint(sum as u64) } else { Value::Float(sum) });
        }
    }
}

impl Values {
    pub fn as_mut_slice(&mut self) -> &mut [Value<'static>] {
        match self {
            Values::None => &mut [],
            Values::One(value) => std::slice::from_mut(value),
            Values::Many(values) => values,
        }
    }

    fn push(&mut self, value: Value<'static>) {
        *self = match std::mem::take(self) {
            Values::None => Values::One(value),
            Values::One(first) => Values::Many(vec![first, value]),
            Values::Many(mut values) => {
                values.push(value);
                Values::Many(values)
            }
        };
    }

    fn retain(&mut self, stays: impl Fn(&Value<'static>) -> bool) {
        match self {
            Values::None => {}
            Values::One(value) if stays(value) => {}
            Values::One(_) => *self = Values::None,
            Values::Many(values) => values.retain(stays),
        }
    }
}

impl std::ops::Deref for Values {
    type Target = [Value<'static>];

    fn deref(&self) -> &[Value<'static>] {
        match self {
            Values::None => &[],
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_takes_little_more_than_its_value() {
        assert_eq!((size_of::<Values>(), size_of::<Kept>()), (size_of::<Value<'_>>(), size_of::<Value<'_>>() + 8));
    }

    #[test]
    fn what_begins_again_stays_in_its_place() {
        let (mut sparse, begin) = (Sparse::default(), Kept::of([Value::Bool(false)]));
        for at in [3, 5] {
            sparse.get_mut(at, Some(&begin)).unwrap().put_one(&Value::Uint(at as u64));
        }
        sparse.get_mut(5, Some(&begin)).unwrap().begin_again(Some(&begin));
        assert_eq!(sparse.get(5).unwrap().values[..], [Value::Bool(false)]);
        assert_eq!(sparse.get(3).unwrap().values[..], [Value::Uint(3)]);
        assert!(sparse.get(0).is_none());
        let places: Vec<usize> = sparse.into_set().map(|(at, _)| at).collect();
        assert_eq!(places, [3, 5]);
    }

    #[test]
    fn lists_grow_and_shrink() {
        let number = |n: u64| Value::Uint(n);
        let mut kept = Kept::default();
        for n in [1, 2, 2, 3] {
            kept.add(true, &mut vec![number(n)], true);
        }
        assert_eq!(kept.values[..], [number(1), number(2), number(3)]);
        kept.take(true, &mut vec![number(2)], true);
        assert_eq!(kept.values[..], [number(1), number(3)]);
        kept.put(true, &mut vec![number(7), number(8)], false);
        assert_eq!(kept.values[..], [number(7)]);
        kept.take(true, &mut vec![number(7)], true);
        assert!(kept.values.is_empty());
        kept.add(true, &mut vec![number(4)], false);
        kept.take(true, &mut vec![number(6)], false);
        assert_eq!(kept.values[..], [Value::Float(-2.0)]);
    }
}
