//! What a message tells of many conditions at once, before any guard is asked.
//!
//! Most rows of most models begin with what the message is: its method, its status, the kind of a file. A [`Gate`]
//! knows such conditions of all guards that one kind of event may meet. It looks at each field once, compares its
//! value with all that are asked for, and says as bits which conditions are refuted. A guard that needs one of them
//! cannot hold, and cannot be unknown either, whatever else it asks; and of one that may hold, only those parts are
//! left to be asked that no bit stands for.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use smallvec::{SmallVec, smallvec};

use super::check::{Node, OneOf};
use super::eval::{compare, contains, equal};
use super::parse::Op;
use super::{Expr, Slot, Truth};
use crate::event::{Event, FieldDef, Value};

/// A set of conditions. The highest bits are the caller's, for what it keeps in slots.
pub type Bits = u64;

/// How many conditions a gate tells apart; what is beyond is left to be asked.
const MOST: usize = 60;

/// A guard has at most so many alternatives that are told apart.
const ALTERNATIVES: usize = 8;

/// The conditions that guards make on one kind of event.
#[derive(Debug, Default)]
pub struct Gate {
    tests: Vec<Test>,
    /// How many conditions have a bit.
    used: usize,
    /// Those that were met on the way, while guards are still added.
    conditions: Vec<Condition>,
    /// The bits of conditions that several guards share, by their number, as they have to hold or must not.
    shared: HashMap<(u32, bool), Sets, FixedState>,
}

/// Alternatives, each a set of conditions; most often one.
type Sets = SmallVec<[Bits; 2]>;

/// What is known of a message before any guard is asked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Conditions that surely do not hold.
    pub refuted: Bits,
    /// Those of which nothing is sure.
    pub unsure: Bits,
}

/// What a guard needs of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Of at least one of these no condition may be refuted: the first, which is most often the only one, or others.
    first: Bits,
    others: Box<[Bits]>,
    /// The parts of the guard, by their places, that a bit stands for; all bits if that is all of it.
    parts: u64,
}

/// Of one field: one of its values has to answer to one of these, or none may.
#[derive(Debug, PartialEq)]
struct Condition {
    def: &'static FieldDef,
    asks: Vec<Ask>,
    holds: bool,
    /// It has to be there.
    there: bool,
}

/// What may be asked of a value.
#[derive(Debug, Clone, PartialEq)]
enum Ask {
    Is(Op, Value<'static>),
    Within(Value<'static>, Value<'static>),
    Contains(Value<'static>),
}

/// All that is asked of one field.
#[derive(Debug)]
struct Test {
    def: &'static FieldDef,
    /// The texts that are asked for, with the conditions that each meets, and those that it refutes.
    texts: Vec<(Box<str>, Bits, Bits)>,
    /// The same for whole numbers, from the first to the last.
    numbers: Vec<(u64, u64, Bits, Bits)>,
    /// The same for what else is asked.
    asks: Vec<(Ask, Bits, Bits)>,
    /// The conditions that need a value which meets them.
    needed: Bits,
    /// The conditions that are refuted where the field is, and where it is not.
    where_it_is: Bits,
    where_it_is_not: Bits,
}

/// What the values of a field have said.
#[derive(Default)]
struct Seen {
    there: bool,
    met: Bits,
    refuted: Bits,
    unsure: Bits,
}

impl Gate {
    /// What a guard needs. `slots` gives the caller's bit for a slot that has to hold, or must not; or none.
    pub fn needs(&mut self, guard: Option<&Expr>, slots: &dyn Fn(Slot, bool) -> Bits) -> Needs {
        let Some(guard) = guard else { return Needs::default() };
        let list = guard.parts();
        let mut parts = if list.len() < u64::BITS as usize { u64::MAX << list.len() } else { 0 };
        let mut sets = smallvec![0];
        for (place, part) in list.iter().enumerate() {
            let more = self.sets(part, true, slots);
            let one = is_one(part) && more.first().is_some_and(|bits| *bits != 0);
            parts |= u64::from(one).checked_shl(place as u32).unwrap_or_default();
            sets = both(sets, &more);
        }
        let (first, others) = sets.split_first().map_or((0, &[][..]), |(first, others)| (*first, others));
        Needs { first, others: others.into(), parts }
    }

    /// All guards have been added.
    pub fn seal(&mut self) {
        (self.conditions, self.shared) = (Vec::new(), HashMap::default());
    }

    /// What this message tells.
    pub fn tell(&self, event: &Event<'_>) -> Told {
        let mut told = Told::default();
        for test in &self.tests {
            let mut seen = Seen::default();
            if test.def.is_of_frame() {
                event.each(test.def, &mut |value| test.see(value, &mut seen));
            } else {
                for field in event.fields {
                    if std::ptr::eq(field.def, test.def) {
                        test.see(&field.value, &mut seen);
                    }
                }
            }
            let Seen { there, met, mut refuted, unsure } = seen;
            refuted |= test.needed & !met & !unsure;
            refuted |= if there { test.where_it_is } else { test.where_it_is_not };
            told.refuted |= refuted;
            told.unsure |= unsure & !met & !refuted;
        }
        told
    }

    /// The sets of a part that has to hold, or must not.
    fn sets(&mut self, node: &Node, holds: bool, slots: &dyn Fn(Slot, bool) -> Bits) -> Sets {
        match node {
            Node::Shared(number, node) => {
                if let Some(known) = self.shared.get(&(*number, holds)) {
                    return known.clone();
                }
                let sets = self.sets(node, holds, slots);
                self.shared.insert((*number, holds), sets.clone());
                sets
            }
            Node::Not(inner) => self.sets(inner, !holds, slots),
            // All have to hold, or none may.
            Node::And(list) if holds => {
                list.iter().fold(smallvec![0], |sets, node| both(sets, &self.sets(node, holds, slots)))
            }
            Node::Or(list) if !holds => {
                list.iter().fold(smallvec![0], |sets, node| both(sets, &self.sets(node, holds, slots)))
            }
            Node::And(list) | Node::Or(list) => {
                let mut any = Sets::new();
                list.iter().for_each(|node| any.extend(self.sets(node, holds, slots)));
                if any.len() > ALTERNATIVES || any.contains(&0) { smallvec![0] } else { any }
            }
            Node::Slot(slot) => smallvec![slots(*slot, holds)],
            node => smallvec![condition(node, holds).map_or(0, |condition| self.bit(condition))],
        }
    }

    /// The bit of a condition; none if there are too many.
    fn bit(&mut self, condition: Condition) -> Bits {
        if let Some(at) = self.conditions.iter().position(|known| *known == condition) {
            return 1 << at;
        }
        if self.used == MOST {
            return 0;
        }
        let bit = 1 << self.used;
        self.used += 1;
        let def = condition.def;
        let at = self.tests.iter().position(|test| test.def == def).unwrap_or_else(|| {
            self.tests.push(Test::of(def));
            self.tests.len() - 1
        });
        if let Some(test) = self.tests.get_mut(at) {
            test.add(&condition, bit);
        }
        self.conditions.push(condition);
        bit
    }
}

impl Needs {
    /// Whether a message may meet them, and then which parts of the guard surely hold.
    #[inline]
    pub fn met(&self, told: Told) -> Option<u64> {
        let may = |set: &Bits| set & told.refuted == 0;
        if !may(&self.first) && !self.others.iter().any(may) {
            return None;
        }
        Some(if self.others.is_empty() && self.first & told.unsure == 0 { self.parts } else { 0 })
    }

    /// Its sets.
    pub fn sets(&self) -> impl Iterator<Item = Bits> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// Without a guard nothing is needed.
impl Default for Needs {
    fn default() -> Needs {
        Needs { first: 0, others: Box::default(), parts: u64::MAX }
    }
}

impl Ask {
    fn truth(&self, value: &Value<'_>) -> Truth {
        match self {
            Ask::Is(Op::Eq, this) => equal(value, this),
            Ask::Is(op, this) => compare(*op, value, this),
            Ask::Within(from, to) => {
                let inside = compare(Op::Ge, value, from) == Truth::True && compare(Op::Le, value, to) == Truth::True;
                inside.into()
            }
            Ask::Contains(part) => contains(value, part),
        }
    }

    /// The whole numbers that answer to it, if it asks for such.
    fn numbers(&self) -> Option<(u64, u64)> {
        Some(match self {
            Ask::Is(Op::Eq, Value::Uint(v)) => (*v, *v),
            Ask::Is(Op::Lt, Value::Uint(v)) => (0, v.checked_sub(1)?),
            Ask::Is(Op::Le, Value::Uint(v)) => (0, *v),
            Ask::Is(Op::Gt, Value::Uint(v)) => (v.checked_add(1)?, u64::MAX),
            Ask::Is(Op::Ge, Value::Uint(v)) => (*v, u64::MAX),
            Ask::Within(Value::Uint(from), Value::Uint(to)) => (*from, *to),
            _ => return None,
        })
    }
}

impl Test {
    fn of(def: &'static FieldDef) -> Test {
        Test {
            def,
            texts: Vec::new(),
            numbers: Vec::new(),
            asks: Vec::new(),
            needed: 0,
            where_it_is: 0,
            where_it_is_not: 0,
        }
    }

    fn add(&mut self, condition: &Condition, bit: Bits) {
        let Condition { asks, holds, there, .. } = condition;
        if asks.is_empty() {
            *(if *holds { &mut self.where_it_is_not } else { &mut self.where_it_is }) |= bit;
        } else if *holds {
            self.needed |= bit;
        }
        if *there {
            self.where_it_is_not |= bit;
        }
        let (met, refuted) = if *holds { (bit, 0) } else { (0, bit) };
        for ask in asks {
            if let Ask::Is(Op::Eq, Value::Text(text)) = ask {
                match self.texts.iter_mut().find(|(known, ..)| **known == **text) {
                    Some(known) => (known.1, known.2) = (known.1 | met, known.2 | refuted),
                    None => self.texts.push((text.as_ref().into(), met, refuted)),
                }
            } else if let Some((from, to)) = ask.numbers() {
                match self.numbers.iter_mut().find(|known| (known.0, known.1) == (from, to)) {
                    Some(known) => (known.2, known.3) = (known.2 | met, known.3 | refuted),
                    None => self.numbers.push((from, to, met, refuted)),
                }
            } else {
                match self.asks.iter_mut().find(|(known, ..)| known == ask) {
                    Some(known) => (known.1, known.2) = (known.1 | met, known.2 | refuted),
                    None => self.asks.push((ask.clone(), met, refuted)),
                }
            }
        }
    }

    /// Looks at a value of the field.
    fn see(&self, value: &Value<'_>, seen: &mut Seen) {
        seen.there = true;
        match value {
            Value::Text(text) => {
                for (_, met, refuted) in self.texts.iter().filter(|(known, ..)| **known == **text) {
                    seen.met |= met;
                    seen.refuted |= refuted;
                }
            }
            Value::Uint(number) => {
                for (_, _, met, refuted) in self.numbers.iter().filter(|(from, to, ..)| from <= number && number <= to)
                {
                    seen.met |= met;
                    seen.refuted |= refuted;
                }
            }
            // Whether it is one of the texts or numbers all the same (an address may be), is left to be asked.
            _ => {
                self.texts.iter().for_each(|(_, met, refuted)| seen.unsure |= met | refuted);
                self.numbers.iter().for_each(|(_, _, met, refuted)| seen.unsure |= met | refuted);
            }
        }
        for (ask, met, refuted) in &self.asks {
            match ask.truth(value) {
                _ if *value == Value::Null => seen.unsure |= met | refuted,
                Truth::True => {
                    seen.met |= met;
                    seen.refuted |= refuted;
                }
                Truth::Unknown => seen.unsure |= met | refuted,
                Truth::False => {}
            }
        }
    }
}

/// Each choice of the alternatives of two parts together, unless there are too many.
fn both(sets: Sets, more: &Sets) -> Sets {
    match more.as_slice() {
        [one] => sets.into_iter().map(|set| set | one).collect(),
        several if sets.len() * several.len() <= ALTERNATIVES => {
            sets.iter().flat_map(|set| several.iter().map(move |more| set | more)).collect()
        }
        _ => sets,
    }
}

/// What a part asks of one field, as it has to hold or must not; if that is all it asks.
fn condition(node: &Node, holds: bool) -> Option<Condition> {
    let of = |field: &Node, asks: Vec<Ask>, holds: bool, there: bool| match field {
        Node::Field(def) => Some(Condition { def, asks, holds, there }),
        _ => None,
    };
    match node {
        Node::Field(_) => of(node, Vec::new(), holds, false),
        Node::Compare(op, field, value) => {
            let Node::Const(value) = &**value else { return None };
            match (op, holds) {
                // Every value has to differ, and there has to be one.
                (Op::Ne, true) => of(field, vec![Ask::Is(Op::Eq, value.clone())], false, true),
                (Op::Ne, false) => None,
                _ => of(field, vec![Ask::Is(*op, value.clone())], holds, false),
            }
        }
        Node::Contains(field, part) => {
            let Node::Const(part) = &**part else { return None };
            of(field, vec![Ask::Contains(part.clone())], holds, false)
        }
        Node::In(field, set) => {
            let ask = |member: &OneOf| match member {
                OneOf::One(Node::Const(value)) => Some(Ask::Is(Op::Eq, value.clone())),
                OneOf::Range(Node::Const(from), Node::Const(to)) => Some(Ask::Within(from.clone(), to.clone())),
                _ => None,
            };
            let asks: Vec<Ask> = set.iter().map(ask).collect::<Option<_>>()?;
            if asks.is_empty() { None } else { of(field, asks, holds, false) }
        }
        _ => None,
    }
}

/// Whether it is a condition alone, and not several.
fn is_one(part: &Node) -> bool {
    match part {
        Node::Shared(_, node) => is_one(node),
        Node::Not(node) => is_one(node),
        Node::And(_) | Node::Or(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Fields, Origin, Schema};
    use crate::expr::{EventScope, Shared};
    use crate::time::Ts;
    use crate::{events, fields};

    fields! { SAMPLE;
        METHOD = crate::event::text("x.Method", "a name");
        CODE = crate::event::uint("x.code", "a number");
        FLAG = crate::event::flag("x.flag", "a flag");
    }
    events! { SAMPLE_EVENTS; HELLO = "x.hello", "hello"; }

    /// What rows of models ask, and what they may ask.
    fn condition() -> impl Strategy<Value = String> {
        let one = prop::sample::select(vec![
            "x.Method == \"REGISTER\"",
            "x.Method != \"REGISTER\"",
            "x.Method in {\"REGISTER\", \"10.0.0.1\"}",
            "x.Method contains \"GIS\"",
            "x.Method matches \"^reg\"",
            "x.Method",
            "x.code == 200",
            "x.code != 200",
            "x.code >= 200",
            "x.code < 300",
            "x.code in {100, 200..299}",
            "x.code",
            "x.flag == true",
            "x.flag",
            "ip.src == 10.0.0.1",
            "frame.number > 3",
            "len(x.Method) > 3",
        ])
        .prop_map(str::to_owned);
        one.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|a| format!("not ({a})")),
                prop::collection::vec(inner.clone(), 2..4).prop_map(|list| format!("({})", list.join(" and "))),
                prop::collection::vec(inner, 2..4).prop_map(|list| format!("({})", list.join(" or "))),
            ]
        })
    }

    fn values() -> impl Strategy<Value = Vec<(usize, usize)>> {
        prop::collection::vec((0..3usize, 0..7usize), 0..5)
    }

    proptest! {
        #[test]
        fn a_gate_says_what_the_guards_say(
            guards in prop::collection::vec(condition(), 1..6),
            events in prop::collection::vec(values(), 1..6),
        ) {
            let schema = Schema::new([SAMPLE], [SAMPLE_EVENTS]);
            let (mut gate, mut shared) = (Gate::default(), Shared::default());
            let guards: Vec<(Expr, Needs)> = guards
                .iter()
                .filter_map(|guard| {
                    let mut expr = Expr::filter(guard, &schema).ok()?;
                    shared.guard(&mut expr);
                    let needs = gate.needs(Some(&expr), &|_, _| 0);
                    Some((expr, needs))
                })
                .collect();
            prop_assert!(!guards.is_empty());
            for values in events {
                let mut fields = Fields::new();
                for (def, value) in values {
                    let def = [&METHOD, &CODE, &FLAG][def];
                    let value = match value {
                        0 => Value::Null,
                        1 => Value::Text("REGISTER".into()),
                        2 => Value::Text("10.0.0.1".into()),
                        3 => Value::Uint(200),
                        4 => Value::Uint(1),
                        5 => Value::Bool(true),
                        _ => Value::Ip([10, 0, 0, 1].into()),
                    };
                    fields.push(def, value, 0, 0);
                }
                let origin = Origin::at(7, Ts::ZERO);
                let fields = fields.list();
                let event = Event { def: &HELLO, origin: &origin, fields, frames: &[7], bytes: &[], defect: None };
                let scope = EventScope { event: &event, more: &[] };
                let told = gate.tell(&event);
                for (expr, needs) in &guards {
                    let said = needs.met(told).map_or(Truth::False, |parts| expr.truth_but(parts, &scope));
                    prop_assert_eq!(said, expr.truth(&scope));
                }
            }
        }
    }
}
