//! Checked tree → true, false or unknown. Looks no name up, and allocates only where text is made.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;
use std::net::IpAddr;

use super::Scope;
use super::check::{Node, OneOf, Quantity, number as whole};
use super::parse::{Arith, Op};
use crate::event::Value;
use crate::plain;

/// True, false, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It cannot be told.
    Unknown,
    /// It holds.
    True,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

impl Truth {
    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

/// Whether a node holds.
pub(super) fn truth(node: &Node, scope: &dyn Scope) -> Truth {
    match node {
        Node::Not(inner) => truth(inner, scope).not(),
        Node::And(list) => all(list.iter(), scope),
        Node::Or(list) => {
            let mut any = Truth::False;
            for node in list {
                match truth(node, scope) {
                    Truth::True => return Truth::True,
                    Truth::Unknown => any = Truth::Unknown,
                    Truth::False => {}
                }
            }
            any
        }
        Node::Compare(Op::Ne, left, right) => {
            let seen = pairs(left, right, scope, &mut |l, r| equal(l, r));
            match seen {
                Seen { hit: true, .. } => Truth::False,
                Seen { unknown: true, .. } => Truth::Unknown,
                Seen { miss, .. } => miss.into(),
            }
        }
        Node::Compare(op, left, right) => any_pair(left, right, scope, &mut |l, r| compare(*op, l, r)),
        Node::Contains(left, right) => any_pair(left, right, scope, &mut contains),
        Node::Matches(inner, regex) => {
            any_value(inner, scope, &mut |v| v.as_text().is_some_and(|t| regex.is_match(t)).into())
        }
        Node::In(left, set) => {
            let mut any = Truth::False;
            for member in set {
                let one = match member {
                    OneOf::One(node) => any_pair(left, node, scope, &mut equal),
                    OneOf::Range(from, to) => within(left, from, to, scope),
                };
                match one {
                    Truth::True => return Truth::True,
                    Truth::Unknown => any = Truth::Unknown,
                    Truth::False => {}
                }
            }
            any
        }
        Node::Known(inner) => visit(inner, scope, &mut |_| {}).into(),
        Node::Children(Quantity::Any, inner) => {
            let (mut yes, mut unknown) = (false, false);
            scope.children(&mut |child| match truth(inner, child) {
                Truth::True => yes = true,
                Truth::Unknown => unknown = true,
                Truth::False => {}
            });
            if yes {
                Truth::True
            } else if unknown {
                Truth::Unknown
            } else {
                Truth::False
            }
        }
        Node::Children(Quantity::Every, inner) => {
            let (mut yes, mut no, mut unknown) = (false, false, false);
            scope.children(&mut |child| match truth(inner, child) {
                Truth::True => yes = true,
                Truth::Unknown => unknown = true,
                Truth::False => no = true,
            });
            if no {
                Truth::False
            } else if unknown {
                Truth::Unknown
            } else {
                yes.into()
            }
        }
        Node::Choose(cases, other) => match chosen(cases, other, scope) {
            Some(node) => truth(node, scope),
            None => Truth::Unknown,
        },
        // A field alone asks whether it is there, whatever its value.
        Node::Field(def) => {
            let mut there = false;
            scope.field(def, &mut |_| there = true);
            there.into()
        }
        Node::Const(Value::Bool(v)) => (*v).into(),
        Node::Slot(slot) => scope.holds(*slot),
        Node::Shared(at, node) => match scope.memo() {
            Some(memo) => memo.get(*at, || truth(node, scope)),
            None => truth(node, scope),
        },
        _ => {
            let mut holds = false;
            let known = visit(node, scope, &mut |value| holds |= counts(value));
            either(holds, known)
        }
    }
}

/// Whether a node holds of which some parts are known to hold, by their places.
pub(super) fn truth_but(node: &Node, parts: u64, scope: &dyn Scope) -> Truth {
    let Node::And(list) = node else { return if parts & 1 == 1 { Truth::True } else { truth(node, scope) } };
    let left = list.iter().enumerate().filter(|(place, _)| parts.checked_shr(*place as u32).is_none_or(|p| p & 1 == 0));
    all(left.map(|(_, node)| node), scope)
}

/// Whether all of these hold.
fn all<'n>(list: impl Iterator<Item = &'n Node>, scope: &dyn Scope) -> Truth {
    let mut all = Truth::True;
    for node in list {
        match truth(node, scope) {
            Truth::False => return Truth::False,
            Truth::Unknown => all = Truth::Unknown,
            Truth::True => {}
        }
    }
    all
}

/// Whether a value alone counts as true.
pub(crate) fn counts(value: &Value<'_>) -> bool {
    match value {
        Value::Bool(v) => *v,
        Value::Uint(v) => *v != 0,
        Value::Float(v) => *v != 0.0,
        _ => true,
    }
}

/// One value that holds is enough; without one it matters whether all are known.
pub(crate) fn either(holds: bool, known: bool) -> Truth {
    if holds {
        Truth::True
    } else if known {
        Truth::False
    } else {
        Truth::Unknown
    }
}

/// Gives every value of a node; returns whether they are known.
pub(super) fn visit(node: &Node, scope: &dyn Scope, found: &mut dyn FnMut(&Value<'_>)) -> bool {
    match node {
        Node::Const(value) => {
            found(value);
            true
        }
        Node::Field(def) => {
            let mut known = true;
            scope.field(def, &mut |value| match value {
                Value::Null => known = false,
                value => found(value),
            });
            known
        }
        Node::Slot(slot) => scope.slot(*slot, found),
        Node::Ask(query, None) => scope.ask(*query, None, found),
        Node::Ask(query, Some(window)) => match number(window, scope) {
            Some(window) => scope.ask(*query, Some(window), found),
            None => false,
        },
        Node::Meaning(def) => {
            scope.field(def, &mut |value| {
                let code = value.as_uint();
                match code.zip(def.codes).and_then(|(code, codes)| codes(code)) {
                    Some(text) => found(&Value::Text(Cow::Borrowed(text))),
                    None => found(&Value::Text(Cow::Owned(value.to_string()))),
                }
            });
            true
        }
        Node::Sum(op, left, right) => arithmetic(*op, left, right, scope, found),
        Node::Join(left, right) => {
            let mut joined = String::new();
            text(left, scope, &mut joined);
            text(right, scope, &mut joined);
            found(&Value::Text(Cow::Owned(joined)));
            true
        }
        Node::Lower(inner) => visit(inner, scope, &mut |value| match value.as_text() {
            Some(text) if text.chars().any(char::is_uppercase) => found(&Value::Text(Cow::Owned(text.to_lowercase()))),
            _ => found(value),
        }),
        Node::Len(inner) => visit(inner, scope, &mut |value| match value {
            Value::Text(text) => found(&Value::Uint(text.len() as u64)),
            Value::Bytes(bytes) => found(&Value::Uint(bytes.len() as u64)),
            _ => {}
        }),
        Node::CountValues(inner) => {
            let mut count = 0;
            let known = visit(inner, scope, &mut |_| count += 1);
            if known {
                found(&Value::Uint(count));
            }
            known
        }
        Node::First(inner) => {
            let mut first = true;
            visit(inner, scope, &mut |value| {
                if std::mem::take(&mut first) {
                    found(value);
                }
            })
        }
        Node::Last(inner) => {
            let mut count = 0usize;
            visit(inner, scope, &mut |_| count += 1);
            let mut at = 0usize;
            visit(inner, scope, &mut |value| {
                at += 1;
                if at == count {
                    found(value);
                }
            })
        }
        Node::Index(one, list) => {
            let (mut at, mut unknown) = (None, false);
            let known = visit(one, scope, &mut |wanted| {
                let mut place = 0;
                unknown |= !visit(list, scope, &mut |value| {
                    place += 1;
                    if at.is_none() && equal(wanted, value) == Truth::True {
                        at = Some(place);
                    }
                });
            });
            if let Some(at) = at {
                found(&Value::Uint(at));
            }
            at.is_some() || (known && !unknown)
        }
        Node::Choose(cases, other) => match chosen(cases, other, scope) {
            Some(node) => visit(node, scope, found),
            None => false,
        },
        Node::Children(Quantity::Count, inner) => {
            let (mut count, mut known) = (0, true);
            scope.children(&mut |child| match truth(inner, child) {
                Truth::True => count += 1,
                Truth::Unknown => known = false,
                Truth::False => {}
            });
            found(&Value::Uint(count));
            known
        }
        Node::Net(..) | Node::Nothing => true,
        Node::Not(_)
        | Node::And(_)
        | Node::Or(_)
        | Node::Compare(..)
        | Node::Contains(..)
        | Node::Matches(..)
        | Node::In(..)
        | Node::Known(_)
        | Node::Shared(..)
        | Node::Children(..) => match truth(node, scope) {
            Truth::Unknown => false,
            holds => {
                found(&Value::Bool(holds == Truth::True));
                true
            }
        },
    }
}

/// The first value of a node as a number.
pub(super) fn number(node: &Node, scope: &dyn Scope) -> Option<f64> {
    let mut first = None;
    let known = visit(node, scope, &mut |value| {
        if first.is_none() {
            first = as_number(value);
        }
    });
    first.filter(|_| known)
}

/// The case that applies; `None` if that is not known.
fn chosen<'n>(cases: &'n [(Node, Node)], other: &'n Node, scope: &dyn Scope) -> Option<&'n Node> {
    for (when, then) in cases {
        match truth(when, scope) {
            Truth::True => return Some(then),
            Truth::Unknown => return None,
            Truth::False => {}
        }
    }
    Some(other)
}

/// Several values as one text, for a person.
fn text(node: &Node, scope: &dyn Scope, text: &mut String) {
    if let Node::Join(left, right) = node {
        self::text(left, scope, text);
        return self::text(right, scope, text);
    }
    let start = text.len();
    let known = visit(node, scope, &mut |value| {
        if text.len() > start {
            text.push_str(", ");
        }
        match value {
            Value::Text(value) => text.push_str(value),
            Value::Ip(IpAddr::V4(ip)) => text.push_str(plain::dotted(*ip).as_str()),
            // Writing into a string does not fail.
            value => drop(write!(text, "{value}")),
        }
    });
    if text.len() == start && !known {
        text.push_str("unknown");
    }
}

fn arithmetic(op: Arith, left: &Node, right: &Node, scope: &dyn Scope, found: &mut dyn FnMut(&Value<'_>)) -> bool {
    let one = |node: &Node| {
        let mut first: Option<Value<'static>> = None;
        let known = visit(node, scope, &mut |value| {
            if first.is_none() {
                first = match value {
                    Value::Uint(v) => Some(Value::Uint(*v)),
                    Value::Time(v) => Some(Value::Time(*v)),
                    other => as_number(other).map(Value::Float),
                };
            }
        });
        (first, known)
    };
    let ((a, a_known), (b, b_known)) = (one(left), one(right));
    let result = match (op, a, b) {
        (Arith::Sub, Some(Value::Time(a)), Some(Value::Time(b))) => {
            Some(Value::Float((a.nanos() as f64 - b.nanos() as f64) / 1e9))
        }
        (Arith::Add, Some(Value::Uint(a)), Some(Value::Uint(b))) => a.checked_add(b).map(Value::Uint),
        (Arith::Sub, Some(Value::Uint(a)), Some(Value::Uint(b))) if a >= b => Some(Value::Uint(a - b)),
        (Arith::Mul, Some(Value::Uint(a)), Some(Value::Uint(b))) => a.checked_mul(b).map(Value::Uint),
        (op, Some(a), Some(b)) => as_number(&a).zip(as_number(&b)).and_then(|(a, b)| {
            let result = match op {
                Arith::Add => a + b,
                Arith::Sub => a - b,
                Arith::Mul => a * b,
                Arith::Div => a / b,
            };
            result.is_finite().then(|| whole(result))
        }),
        _ => return a_known && b_known,
    };
    match result {
        Some(value) => {
            found(&value);
            true
        }
        // A division by nothing, or a number too large: not known.
        None => false,
    }
}

fn as_number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Uint(v) => Some(*v as f64),
        Value::Float(v) => Some(*v),
        Value::Bool(v) => Some(f64::from(u8::from(*v))),
        _ => None,
    }
}

#[derive(Default)]
struct Seen {
    hit: bool,
    miss: bool,
    unknown: bool,
}

impl Seen {
    fn note(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.hit = true,
            Truth::False => self.miss = true,
            Truth::Unknown => self.unknown = true,
        }
    }

    fn any(&self) -> Truth {
        if self.hit {
            Truth::True
        } else if self.unknown {
            Truth::Unknown
        } else {
            Truth::False
        }
    }
}

/// Compares every value of one side with every value of the other.
fn pairs(left: &Node, right: &Node, scope: &dyn Scope, test: &mut dyn FnMut(&Value<'_>, &Value<'_>) -> Truth) -> Seen {
    let mut seen = Seen::default();
    if let Node::Net(net, bits) = right {
        let known = visit(left, scope, &mut |value| seen.note(in_net(value, *net, *bits)));
        seen.unknown |= !known;
        return seen;
    }
    if let Node::Const(r) = right {
        let known = visit(left, scope, &mut |l| seen.note(test(l, r)));
        seen.unknown |= !known;
        return seen;
    }
    let known = visit(left, scope, &mut |l| {
        let known = visit(right, scope, &mut |r| seen.note(test(l, r)));
        seen.unknown |= !known;
    });
    seen.unknown |= !known;
    seen
}

fn any_pair(
    left: &Node,
    right: &Node,
    scope: &dyn Scope,
    test: &mut dyn FnMut(&Value<'_>, &Value<'_>) -> Truth,
) -> Truth {
    pairs(left, right, scope, test).any()
}

fn any_value(node: &Node, scope: &dyn Scope, test: &mut dyn FnMut(&Value<'_>) -> Truth) -> Truth {
    let mut seen = Seen::default();
    let known = visit(node, scope, &mut |value| seen.note(test(value)));
    seen.unknown |= !known;
    seen.any()
}

/// One and the same value must lie between both ends.
fn within(left: &Node, from: &Node, to: &Node, scope: &dyn Scope) -> Truth {
    let mut seen = Seen::default();
    let known = visit(left, scope, &mut |value| {
        let known = visit(from, scope, &mut |low| {
            let known = visit(to, scope, &mut |high| {
                let inside = compare(Op::Ge, value, low) == Truth::True && compare(Op::Le, value, high) == Truth::True;
                seen.note(inside.into());
            });
            seen.unknown |= !known;
        });
        seen.unknown |= !known;
    });
    seen.unknown |= !known;
    seen.any()
}

/// Whether two values are the same. Text and an address: if the text is none, that cannot be told.
pub(super) fn equal(a: &Value<'_>, b: &Value<'_>) -> Truth {
    match (a, b) {
        (Value::Uint(a), Value::Uint(b)) => (a == b).into(),
        (Value::Text(a), Value::Text(b)) => (a == b).into(),
        (Value::Ip(a), Value::Ip(b)) => (a == b).into(),
        (Value::Mac(a), Value::Mac(b)) => (a == b).into(),
        (Value::Time(a), Value::Time(b)) => (a == b).into(),
        (Value::Bytes(a), Value::Bytes(b)) => (a == b).into(),
        (Value::Text(text), Value::Ip(ip)) | (Value::Ip(ip), Value::Text(text)) => match text.parse::<IpAddr>() {
            Ok(named) => (named == *ip).into(),
            Err(_) => Truth::Unknown,
        },
        (Value::Text(text), Value::Bytes(bytes)) | (Value::Bytes(bytes), Value::Text(text)) => {
            (text.as_bytes() == bytes.as_ref()).into()
        }
        (Value::Text(text), other @ Value::Mac(_)) | (other @ Value::Mac(_), Value::Text(text)) => {
            text.eq_ignore_ascii_case(&other.to_string()).into()
        }
        (Value::Null, _) | (_, Value::Null) => Truth::Unknown,
        (a, b) => as_number(a).zip(as_number(b)).is_some_and(|(a, b)| a == b).into(),
    }
}

pub(super) fn compare(op: Op, a: &Value<'_>, b: &Value<'_>) -> Truth {
    if op == Op::Eq {
        return equal(a, b);
    }
    let order = match (a, b) {
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Mac(a), Value::Mac(b)) => Some(a.cmp(b)),
        (Value::Ip(a), Value::Ip(b)) if a.is_ipv4() == b.is_ipv4() => Some(a.cmp(b)),
        (a, b) => as_number(a).zip(as_number(b)).and_then(|(a, b)| a.partial_cmp(&b)),
    };
    let Some(order) = order else { return Truth::False };
    match op {
        Op::Eq => order == Ordering::Equal,
        Op::Ne => order != Ordering::Equal,
        Op::Lt => order == Ordering::Less,
        Op::Le => order != Ordering::Greater,
        Op::Gt => order == Ordering::Greater,
        Op::Ge => order != Ordering::Less,
    }
    .into()
}

pub(super) fn contains(whole: &Value<'_>, part: &Value<'_>) -> Truth {
    fn bytes<'v>(value: &'v Value<'_>) -> Option<&'v [u8]> {
        match value {
            Value::Text(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
    bytes(whole).zip(bytes(part)).is_some_and(|(whole, part)| memchr::memmem::find(whole, part).is_some()).into()
}

fn in_net(value: &Value<'_>, net: IpAddr, bits: u8) -> Truth {
    let ip = match value {
        Value::Ip(ip) => *ip,
        Value::Text(text) => match text.parse() {
            Ok(ip) => ip,
            Err(_) => return Truth::Unknown,
        },
        _ => return Truth::False,
    };
    match (ip, net) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            (a.to_bits() & mask == b.to_bits() & mask).into()
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            (a.to_bits() & mask == b.to_bits() & mask).into()
        }
        _ => Truth::False,
    }
}
