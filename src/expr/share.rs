//! Conditions on the message alone, worked out once for each message however many guards ask.
//!
//! A hundred guards ask whether a message is a REGISTER. [`Shared::guard`] finds such conditions in an expression and
//! numbers them, the same ones alike; a [`Memo`] keeps their answers for the message at hand. What depends on more
//! than the message (what a model keeps, which phone is meant) is never shared.

use std::cell::Cell;
use std::sync::Arc;

use super::check::{Node, OneOf};
use super::{Expr, Truth};
use crate::event::Value;

/// The conditions that were found so far.
#[derive(Debug, Default)]
pub struct Shared {
    list: Vec<Arc<Node>>,
    /// What they ask for, in short: others need not be compared.
    kinds: Vec<usize>,
}

impl Shared {
    /// Shares what a guard has in common with those before it. What it says stays the same.
    pub fn guard(&mut self, expr: &mut Expr) {
        self.condition(&mut expr.node);
    }

    /// Shares what the cases of a value have in common with guards. What it gives stays the same.
    pub fn value(&mut self, expr: &mut Expr) {
        if let Node::Choose(cases, _) = &mut expr.node {
            cases.iter_mut().for_each(|(when, _)| self.condition(when));
        }
    }

    /// An empty memory for all conditions that were found.
    pub fn memo(&self) -> Memo {
        Memo { answers: vec![Cell::new(0); self.list.len()], message: Cell::new(0) }
    }

    /// A part that is to hold or not.
    fn condition(&mut self, node: &mut Node) {
        match node {
            Node::And(list) | Node::Or(list) => {
                list.iter_mut().for_each(|node| self.condition(node));
                // Neither asks in which order, so what is cheap comes first.
                list.sort_by_key(cost);
            }
            Node::Not(inner) | Node::Children(_, inner) => self.condition(inner),
            Node::Choose(cases, other) => {
                cases.iter_mut().for_each(|(when, _)| self.condition(when));
                if matches!(**other, Node::And(_) | Node::Or(_) | Node::Not(_)) {
                    self.condition(other);
                }
            }
            Node::Field(_)
            | Node::Compare(..)
            | Node::Contains(..)
            | Node::Matches(..)
            | Node::In(..)
            | Node::Known(_)
                if of_message(node) =>
            {
                let own = std::mem::replace(node, Node::Const(Value::Null));
                let kind = kind(&own);
                let mut alike = self.list.iter().zip(&self.kinds).enumerate();
                let known = alike.find(|(_, (known, of))| **of == kind && ***known == own);
                let at = known.map_or(self.list.len(), |(at, _)| at);
                if at == self.list.len() {
                    self.list.push(Arc::new(own));
                    self.kinds.push(kind);
                }
                if let Some(known) = self.list.get(at) {
                    *node = Node::Shared(at as u32, Arc::clone(known));
                }
            }
            _ => {}
        }
    }
}

/// Whether a part depends on nothing but the message.
fn of_message(node: &Node) -> bool {
    let mut all = true;
    node.walk(&mut |node| {
        all &= !matches!(node, Node::Slot(_) | Node::Ask(..) | Node::Children(..) | Node::Shared(..));
    });
    all
}

/// The field it names last, and how it asks: the same for the same conditions.
fn kind(node: &Node) -> usize {
    let how = match node {
        Node::Compare(op, ..) => *op as usize + 8,
        Node::In(..) => 1,
        Node::Contains(..) => 2,
        Node::Matches(..) => 3,
        Node::Known(_) => 4,
        _ => 0,
    };
    let mut field = 0;
    node.walk(&mut |node| {
        if let Node::Field(def) = node {
            field = std::ptr::from_ref(*def).addr();
        }
    });
    field ^ how
}

fn cost(node: &Node) -> u8 {
    match node {
        Node::Const(_) => 0,
        Node::Shared(..) => 1,
        Node::Slot(_) => 2,
        Node::Not(inner) => cost(inner),
        Node::Compare(..) => 3,
        Node::In(_, set) if set.iter().all(|member| matches!(member, OneOf::One(Node::Const(_)))) => 3,
        Node::And(list) | Node::Or(list) => list.iter().map(cost).max().unwrap_or_default().max(4),
        _ => 5,
    }
}

/// The answers for the message at hand.
#[derive(Debug)]
pub struct Memo {
    /// The message it was worked out for, and the answer in the two lowest bits.
    answers: Vec<Cell<u32>>,
    message: Cell<u32>,
}

impl Memo {
    /// Another message is at hand.
    pub fn next(&self) {
        let next = (self.message.get() + 1) & (u32::MAX >> 2);
        if next == 0 {
            self.answers.iter().for_each(|answer| answer.set(0));
        }
        self.message.set(next.max(1));
    }

    /// The answer, worked out if nobody has asked before.
    pub(super) fn get(&self, at: u32, work_out: impl FnOnce() -> Truth) -> Truth {
        let Some(place) = self.answers.get(at as usize) else { return work_out() };
        let known = place.get();
        if known >> 2 == self.message.get() {
            return match known & 3 {
                0 => Truth::False,
                1 => Truth::Unknown,
                _ => Truth::True,
            };
        }
        let answer = work_out();
        let bits = match answer {
            Truth::False => 0,
            Truth::Unknown => 1,
            Truth::True => 2,
        };
        place.set(self.message.get() << 2 | bits);
        answer
    }
}
