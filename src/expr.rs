//! The one expression language: `-Y` filters, and the guards, deadlines and placeholders of the models.
//!
//! ```text
//! dhcp.option.dhcp == 1 and not ip.addr in {10.0.0.0/8, 192.168.0.0/16}
//! sip.Method in {"REGISTER", "REFER"} && sip.Status-Code >= 400
//! count(dhcp.discover, 60s) >= 3 and not phone.tftp_servers
//! ```
//!
//! **Operators** are Wireshark's: `==`/`eq`, `!=`/`ne`, `<`/`lt`, `>`/`gt`, `<=`/`le`, `>=`/`ge`, `contains`,
//! `matches "regex"` (no difference of case), `in {1, 5..9, "x", 10.0.0.0/8}`, `and`/`&&`, `or`/`||`, `not`/`!`,
//! parentheses; besides them `x in list` and the arithmetic `+ - * /` (a minus between names wants spaces, since
//! names may hold one: `sip.Call-ID`).
//!
//! **Values**: `7`, `0x1f`, `1.5`, durations in seconds (`500ms`, `15s`, `10m`, `2h`, `1d`), `"text"` with `\"`,
//! `\\`, `\n`, `\t`, `\xHH`, `10.1.1.10`, `10.0.0.0/8`, `fe80::1`, `00:11:22:33:44:55`, `true`, `false`. A time is
//! compared with its RFC 3339 text.
//!
//! **A field may occur several times.** A comparison holds if it holds for *any* of its values; `!=` holds if
//! *every* value differs and there is one at least (as Wireshark 4 has it). A field that is not there makes every
//! comparison false. A field alone asks whether it is there, even a flag's: write `dhcp.flags.bc == true` for its
//! value. Alone, what a model keeps asks for more: a number for not being 0, a list for not being empty, a flag
//! for being true. Text is compared exactly.
//!
//! **Three values.** Besides true and false there is *unknown*: a field whose value is null, a fact or variable
//! that nobody has set, text compared with an address if it is none (a host name that was not resolved). `a or b`
//! is true if one is, whatever the other; `a and b` is false if one is. A filter shows what is true; a model takes
//! no row and raises nothing on an unknown guard.
//!
//! **Functions**: `lower(x)`, `len(x)`, `count(x)` (how many values), `first(x)`, `last(x)`, `index(x, list)` (from
//! 1), `known(x)`, `meaning(field)` (what a code means), `choose(if, then, …, else)` (no value without an `else`); a
//! model adds its own
//! ([`Names::question`]): `count(event, 60s)`, `age(event)`, `seen(state)`, …
//!
//! An expression is checked against a [`Schema`] before it is used: names are resolved and types compared once,
//! and evaluating it looks no name up.

mod check;
mod eval;
mod gate;
mod parse;
mod share;

use std::fmt;

use crate::event::{Event, Field, FieldDef, Kind, Schema, Value};
use check::Node;
pub use eval::Truth;
pub(crate) use eval::{counts, either};
pub use gate::{Bits, Gate, Needs, Told};
pub use share::{Memo, Shared};

/// An expression that was checked and may be evaluated.
#[derive(Debug)]
pub struct Expr {
    node: Node,
    kind: Type,
}

/// What kind of value an expression gives, as far as it is known before it is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A number, or a length of time in seconds.
    Number,
    /// Text.
    Text,
    /// Raw bytes.
    Bytes,
    /// A hardware address.
    Mac,
    /// An IP address.
    Ip,
    /// A point in time.
    Time,
    /// Known only when it is evaluated.
    Any,
}

impl Type {
    /// Its name for a person.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Bool => "true or false",
            Type::Number => "a number",
            Type::Text => "text",
            Type::Bytes => "bytes",
            Type::Mac => "a MAC",
            Type::Ip => "an address",
            Type::Time => "a time",
            Type::Any => "any value",
        }
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Type {
        match kind {
            Kind::Uint | Kind::Float => Type::Number,
            Kind::Bool => Type::Bool,
            Kind::Text => Type::Text,
            Kind::Bytes => Type::Bytes,
            Kind::Mac => Type::Mac,
            Kind::Ip => Type::Ip,
            Kind::Time => Type::Time,
        }
    }
}

/// Something the caller keeps and an expression may name; the number is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub u32);

/// Something the caller can be asked while evaluating; the number is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query(pub u32);

/// The names that a caller has besides the fields of the schema. A filter has none.
pub trait Names {
    /// A variable, a fact, an attribute: anything with values of its own.
    fn slot(&self, _name: &str) -> Option<(Slot, Type)> {
        None
    }
    /// A named number, such as a timer in seconds.
    fn constant(&self, _name: &str) -> Option<f64> {
        None
    }
    /// A function of the caller's, called with a name (`count(dhcp.discover, …)`) or with nothing (`elapsed()`).
    fn question(&self, _function: &str, _name: Option<&str>) -> Answer {
        Answer::NotMine
    }
    /// Whether a slot belongs to each child (a page's phones): what names one may stand in `any(…)`, `every(…)`.
    fn is_child(&self, _slot: Slot) -> bool {
        false
    }
    /// The names to choose from when one is wrong.
    fn all(&self) -> Vec<String> {
        Vec::new()
    }
    /// Strict: a flag alone is refused (its presence is hardly ever meant), and protocols are no names.
    fn strict(&self) -> bool {
        true
    }
    /// What is built in was proven by tests: what only tells authors of their mistakes may be left for later.
    fn sound(&self) -> bool {
        false
    }
}

/// What a caller says to a function's name.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Not a function of the caller's; or none of that argument's.
    NotMine,
    /// It is, and its argument is wrong.
    Wrong {
        /// What is wrong.
        what: String,
        /// What would be right.
        hint: Option<String>,
    },
    /// Ask this; `number` tells whether a second argument, a number, may follow.
    Ask {
        /// What to ask.
        query: Query,
        /// The type of the answer.
        kind: Type,
        /// May take a number (a window) as its second argument.
        number: bool,
    },
}

/// The names of a `-Y` filter: fields, events (`sip.request`) and protocols (`sip`) alone.
#[derive(Debug, Clone, Copy)]
pub struct NoNames;

impl Names for NoNames {
    fn strict(&self) -> bool {
        false
    }
}

/// Where an expression's values come from while it is evaluated.
///
/// The methods with a `bool` answer give every value to `found` and return whether the answer is known: nothing
/// found and `true` is "none", nothing found and `false` is "unknown".
pub trait Scope {
    /// Every value of a field; a null value means that it is unknown.
    fn field(&self, def: &'static FieldDef, found: &mut dyn FnMut(&Value<'_>));
    /// Every value of a slot.
    fn slot(&self, _slot: Slot, _found: &mut dyn FnMut(&Value<'_>)) -> bool {
        false
    }
    /// The answer to a question.
    fn ask(&self, _query: Query, _number: Option<f64>, _found: &mut dyn FnMut(&Value<'_>)) -> bool {
        false
    }
    /// Whether a slot holds: as [`Scope::slot`] would have it, said shortly.
    fn holds(&self, slot: Slot) -> Truth {
        let mut holds = false;
        let known = self.slot(slot, &mut |value| holds |= counts(value));
        either(holds, known)
    }
    /// What was worked out of the message at hand already.
    fn memo(&self) -> Option<&Memo> {
        None
    }
    /// Every child.
    fn children(&self, _each: &mut dyn FnMut(&dyn Scope)) {}
}

/// The scope of a filter: an event, and fields that the pipeline knows besides (`phone.name`).
#[derive(Debug, Clone, Copy)]
pub struct EventScope<'a> {
    /// The event.
    pub event: &'a Event<'a>,
    /// More fields.
    pub more: &'a [Field<'a>],
}

impl Scope for EventScope<'_> {
    fn field(&self, def: &'static FieldDef, found: &mut dyn FnMut(&Value<'_>)) {
        self.event.each(def, found);
        self.more.iter().filter(|field| field.def == def).for_each(|field| found(&field.value));
    }
}

impl Expr {
    /// A `-Y` filter.
    pub fn filter(source: &str, schema: &Schema) -> Result<Expr, ExprError> {
        Expr::guard(source, schema, &NoNames)
    }

    /// A condition.
    pub fn guard(source: &str, schema: &Schema, names: &dyn Names) -> Result<Expr, ExprError> {
        let expr = Expr::value(source, schema, names)?;
        if matches!(expr.node, Node::Const(_)) && expr.kind != Type::Bool {
            return Err(ExprError::new(0, source.len(), format!("{} is no condition", expr.kind.name())));
        }
        Ok(expr)
    }

    /// Anything that gives values.
    pub fn value(source: &str, schema: &Schema, names: &dyn Names) -> Result<Expr, ExprError> {
        let ast = parse::parse(source)?;
        let (node, kind) = check::Checker::new(source, schema, names).node(&ast)?;
        Ok(Expr { node, kind })
    }

    /// What it gives.
    pub fn kind(&self) -> Type {
        self.kind
    }

    /// Whether it holds.
    pub fn truth(&self, scope: &dyn Scope) -> Truth {
        eval::truth(&self.node, scope)
    }

    /// Whether it holds, where some of its parts are known to hold: see [`Needs::met`].
    pub fn truth_but(&self, parts: u64, scope: &dyn Scope) -> Truth {
        eval::truth_but(&self.node, parts, scope)
    }

    /// Whether it cannot hold as long as these slots are as they are: one of its parts depends on nothing else, and
    /// does not hold.
    pub fn refuted_by(&self, slots: &dyn Fn(Slot) -> bool, scope: &dyn Scope) -> bool {
        self.parts().iter().any(|part| {
            let mut alone = true;
            part.walk(&mut |node| {
                alone &= match node {
                    Node::Slot(slot) => slots(*slot),
                    Node::Field(_) | Node::Meaning(_) | Node::Ask(..) | Node::Children(..) | Node::Shared(..) => false,
                    _ => true,
                }
            });
            alone && eval::truth(part, scope) == Truth::False
        })
    }

    /// The parts that have to hold, all of them.
    fn parts(&self) -> &[Node] {
        match &self.node {
            Node::And(list) => list,
            node => std::slice::from_ref(node),
        }
    }

    /// Whether an event passes the filter; `more` are fields besides the event's own.
    pub fn passes(&self, event: &Event<'_>, more: &[Field<'_>]) -> bool {
        self.truth(&EventScope { event, more }) == Truth::True
    }

    /// Gives every value to `found`; returns whether they are known.
    pub fn values(&self, scope: &dyn Scope, found: &mut dyn FnMut(&Value<'_>)) -> bool {
        eval::visit(&self.node, scope, found)
    }

    /// Its one value, where that is always the same.
    pub fn constant(&self) -> Option<&Value<'static>> {
        if let Node::Const(value) = &self.node { Some(value) } else { None }
    }

    /// Its first value as a number.
    pub fn number(&self, scope: &dyn Scope) -> Option<f64> {
        eval::number(&self.node, scope)
    }

    /// Whether it rests on the event at hand: on a field of it.
    pub fn names_fields(&self) -> bool {
        let mut any = false;
        self.node.walk(&mut |node| any |= matches!(node, Node::Field(_) | Node::Meaning(_)));
        any
    }

    /// Every field it names.
    pub fn fields(&self, found: &mut dyn FnMut(&'static FieldDef)) {
        self.node.walk(&mut |node| {
            if let Node::Field(def) | Node::Meaning(def) = node {
                found(def);
            }
        });
    }

    /// Whether it names a field.
    pub fn names(&self, def: &'static FieldDef) -> bool {
        let mut any = false;
        self.node.walk(&mut |node| any |= matches!(node, Node::Field(named) if *named == def));
        any
    }

    /// Whether its value may be that of a secret field; to ask whether one is there, or is the same, tells nothing.
    pub fn gives_secret(&self) -> bool {
        self.node.gives_secret()
    }

    /// Every slot it names.
    pub fn slots(&self, found: &mut dyn FnMut(Slot)) {
        self.node.walk(&mut |node| {
            if let Node::Slot(slot) = node {
                found(*slot);
            }
        });
    }
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprError {
    /// Offset of the place, in bytes.
    pub at: usize,
    /// Length of the place, in bytes; may be 0 (the end).
    pub len: usize,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl ExprError {
    fn new(at: usize, len: usize, what: impl Into<String>) -> ExprError {
        ExprError { at, len, what: what.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> ExprError {
        ExprError { hint: Some(hint.into()), ..self }
    }

    /// The error with the place marked, for a terminal:
    ///
    /// ```text
    /// there is no field `sip.Methd`
    ///   sip.Methd == "REGISTER"
    ///   ^^^^^^^^^
    /// did you mean `sip.Method`?
    /// ```
    pub fn render(&self, source: &str) -> String {
        let before = source.get(..self.at).unwrap_or(source);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = source.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let indent: String = source
            .get(start..self.at)
            .unwrap_or_default()
            .chars()
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let marked = source.get(self.at..self.at + self.len).unwrap_or_default().lines().next().unwrap_or_default();
        let marks = "^".repeat(marked.chars().count().max(1));
        let hint = self.hint.as_ref().map(|hint| format!("\n{hint}")).unwrap_or_default();
        format!("{}\n  {line}\n  {indent}{marks}{hint}", self.what)
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {})", self.what, self.at + 1)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for ExprError {}

#[cfg(test)]
mod tests;
