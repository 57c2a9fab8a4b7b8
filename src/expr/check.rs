//! Tree → checked tree: names become definitions and slots, types are compared, what is constant is computed.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};

use super::parse::{Arith, Ast, Member, Op, What};
use super::{Answer, ExprError, Names, Query, Slot, Type};
use crate::event::{EVENT_NAME, EVENT_PROTO, FieldDef, Schema, Value, nearest};
use crate::time::Ts;

/// A part of a checked expression.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Field(&'static FieldDef),
    /// What the code means that the field holds.
    Meaning(&'static FieldDef),
    Slot(Slot),
    Const(Value<'static>),
    Net(IpAddr, u8),
    Not(Box<Node>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    Compare(Op, Box<Node>, Box<Node>),
    Contains(Box<Node>, Box<Node>),
    Matches(Box<Node>, Box<Pattern>),
    In(Box<Node>, Vec<OneOf>),
    Sum(Arith, Box<Node>, Box<Node>),
    /// Text after text.
    Join(Box<Node>, Box<Node>),
    Lower(Box<Node>),
    Len(Box<Node>),
    CountValues(Box<Node>),
    First(Box<Node>),
    Last(Box<Node>),
    Index(Box<Node>, Box<Node>),
    Known(Box<Node>),
    Choose(Vec<(Node, Node)>, Box<Node>),
    /// No value: what `choose` gives where no case holds and nothing else is named.
    Nothing,
    Ask(Query, Option<Box<Node>>),
    Children(Quantity, Box<Node>),
    /// A condition on the message alone that several expressions share; see [`super::share`].
    Shared(u32, Arc<Node>),
}

/// What `matches` looks for; the same if its source is. It is built when it is first asked: what nobody asks costs
/// neither the time nor the memory.
#[derive(Debug)]
pub(super) struct Pattern {
    source: Box<str>,
    built: OnceLock<Option<Regex>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.source == other.source
    }
}

impl Pattern {
    fn new(source: &str) -> Pattern {
        Pattern { source: source.into(), built: OnceLock::new() }
    }

    fn build(source: &str) -> Result<Regex, regex::Error> {
        RegexBuilder::new(source).case_insensitive(true).size_limit(1 << 20).build()
    }

    /// Whether it is found in a text. One that is wrong, which no checked one is, is found nowhere.
    pub fn is_match(&self, text: &str) -> bool {
        let built = self.built.get_or_init(|| Pattern::build(&self.source).ok());
        built.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// How many of the children must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    Any,
    Every,
    Count,
}

/// A member of a set.
#[derive(Debug, PartialEq)]
pub(super) enum OneOf {
    One(Node),
    Range(Node, Node),
}

impl Node {
    /// Whether the value may be that of a secret field.
    pub(super) fn gives_secret(&self) -> bool {
        match self {
            Node::Field(def) | Node::Meaning(def) => def.secret,
            Node::Lower(of) | Node::First(of) | Node::Last(of) => of.gives_secret(),
            Node::Sum(_, a, b) | Node::Join(a, b) => a.gives_secret() || b.gives_secret(),
            Node::Choose(ways, other) => ways.iter().any(|(_, way)| way.gives_secret()) || other.gives_secret(),
            _ => false,
        }
    }

    /// Calls `found` for this node and everything below.
    pub fn walk<'n>(&'n self, found: &mut dyn FnMut(&'n Node)) {
        found(self);
        match self {
            Node::Field(_) | Node::Meaning(_) | Node::Slot(_) | Node::Const(_) | Node::Net(..) | Node::Nothing => {}
            Node::And(list) | Node::Or(list) => list.iter().for_each(|node| node.walk(found)),
            Node::Compare(_, a, b)
            | Node::Contains(a, b)
            | Node::Sum(_, a, b)
            | Node::Join(a, b)
            | Node::Index(a, b) => {
                a.walk(found);
                b.walk(found);
            }
            Node::Not(a)
            | Node::Matches(a, _)
            | Node::Lower(a)
            | Node::Len(a)
            | Node::CountValues(a)
            | Node::First(a)
            | Node::Last(a)
            | Node::Known(a)
            | Node::Children(_, a) => a.walk(found),
            Node::In(a, set) => {
                a.walk(found);
                for member in set {
                    match member {
                        OneOf::One(node) => node.walk(found),
                        OneOf::Range(from, to) => {
                            from.walk(found);
                            to.walk(found);
                        }
                    }
                }
            }
            Node::Choose(cases, other) => {
                for (when, then) in cases {
                    when.walk(found);
                    then.walk(found);
                }
                other.walk(found);
            }
            Node::Ask(_, number) => {
                if let Some(number) = number {
                    number.walk(found);
                }
            }
            Node::Shared(_, node) => node.walk(found),
        }
    }
}

pub(super) struct Checker<'c> {
    source: &'c str,
    schema: &'c Schema,
    names: &'c dyn Names,
}

type Checked = Result<(Node, Type), ExprError>;

impl<'c> Checker<'c> {
    pub fn new(source: &'c str, schema: &'c Schema, names: &'c dyn Names) -> Checker<'c> {
        Checker { source, schema, names }
    }

    fn error(&self, ast: &Ast<'_>, what: impl Into<String>) -> ExprError {
        let (at, len) = ast.place(self.source);
        ExprError::new(at, len, what)
    }

    fn boxed(&self, ast: &Ast<'_>) -> Result<(Box<Node>, Type), ExprError> {
        self.node(ast).map(|(node, kind)| (Box::new(node), kind))
    }

    /// Checks a part.
    pub fn node(&self, ast: &Ast<'_>) -> Checked {
        let value = |value, kind| Ok((Node::Const(value), kind));
        match &ast.what {
            What::Name(name) => self.name(ast, name),
            What::Call(name, arguments) => self.call(ast, name, arguments),
            What::Uint(v) => value(Value::Uint(*v), Type::Number),
            What::Number(v) => value(number(*v), Type::Number),
            What::Text(v) => value(Value::Text(Cow::Owned(v.to_string())), Type::Text),
            What::Bool(v) => value(Value::Bool(*v), Type::Bool),
            What::Ip(v) => value(Value::Ip(*v), Type::Ip),
            What::Mac(v) => value(Value::Mac(*v), Type::Mac),
            What::Bytes(v) => value(Value::Bytes(v.clone().into()), Type::Bytes),
            What::Net(ip, bits) => Ok((Node::Net(*ip, *bits), Type::Ip)),
            What::Not(inner) => Ok((Node::Not(Box::new(self.condition(inner)?)), Type::Bool)),
            What::And(list) => Ok((Node::And(self.conditions(list)?), Type::Bool)),
            What::Or(list) => Ok((Node::Or(self.conditions(list)?), Type::Bool)),
            What::Negative(inner) => {
                let node = self.of(inner, Type::Number, "a minus")?;
                let zero = Box::new(Node::Const(Value::Uint(0)));
                Ok((Node::Sum(Arith::Sub, zero, Box::new(node)), Type::Number))
            }
            What::Compare(op, left, right) => self.compare(*op, left, right),
            What::Contains(left, right) => {
                let (a, kind) = self.boxed(left)?;
                if !matches!(kind, Type::Text | Type::Bytes | Type::Any) {
                    return Err(self.error(left, format!("`contains` wants text or bytes, this is {}", kind.name())));
                }
                let (b, _) = self.alike(kind, right)?;
                Ok((Node::Contains(a, Box::new(b)), Type::Bool))
            }
            What::Matches(left, right) => self.matches(left, right),
            What::In(left, set) => self.set(left, set),
            What::Sum(op, left, right) => self.sum(*op, left, right),
        }
    }

    /// A part that is to hold or not: anything but a bare number or text.
    fn condition(&self, ast: &Ast<'_>) -> Result<Node, ExprError> {
        let (node, kind) = self.node(ast)?;
        match node {
            Node::Const(_) if kind != Type::Bool => {
                Err(self.error(ast, format!("{} is no condition", kind.name())).hint("compare it with something"))
            }
            Node::Net(..) => Err(self.error(ast, "a network is no condition").hint("write `ip.addr == …`")),
            Node::Field(def) if self.names.strict() && kind == Type::Bool => Err(self
                .error(ast, format!("`{}` alone asks only whether the flag is there", def.name))
                .hint(format!("write `{} == true`", def.name))),
            node => Ok(node),
        }
    }

    fn conditions(&self, list: &[Ast<'_>]) -> Result<Box<[Node]>, ExprError> {
        list.iter().map(|ast| self.condition(ast)).collect()
    }

    /// A part of a given type.
    fn of(&self, ast: &Ast<'_>, wanted: Type, who: &str) -> Result<Node, ExprError> {
        let (node, kind) = self.node(ast)?;
        if kind != wanted && kind != Type::Any {
            return Err(self.error(ast, format!("{who} wants {}, this is {}", wanted.name(), kind.name())));
        }
        if matches!(node, Node::Net(..)) {
            return Err(self.error(ast, "a network can only be compared"));
        }
        Ok(node)
    }

    fn name(&self, ast: &Ast<'_>, name: &str) -> Checked {
        if let Some((slot, kind)) = self.names.slot(name) {
            return Ok((Node::Slot(slot), kind));
        }
        if let Some(seconds) = self.names.constant(name) {
            return Ok((Node::Const(number(seconds)), Type::Number));
        }
        if let Some(def) = self.schema.field(name) {
            return Ok((Node::Field(def), def.kind.into()));
        }
        if let Some(def) = self.schema.event(name) {
            return Ok((is(&EVENT_NAME, def.name), Type::Bool));
        }
        if !self.names.strict()
            && let Some(node) = self.protocol(name)
        {
            return Ok((node, Type::Bool));
        }
        let error = self.error(ast, format!("there is no `{name}`"));
        let own = self.names.all();
        let near = nearest(name, own.iter().map(String::as_str)).or_else(|| self.schema.nearest(name));
        Err(match near {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None if name.contains('-') => error.hint("to subtract, put a space before and after the minus"),
            None if self.names.strict() => error,
            None => error.hint("`offhook fields` lists every name; text wants quotes"),
        })
    }

    /// A protocol's name alone: an event of it, or one that carries a field of it (`tcp`, `sdp`).
    fn protocol(&self, name: &str) -> Option<Node> {
        let of = |field: &&FieldDef| field.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        let known = self.schema.events().iter().find(|event| event.proto() == name).map(|event| event.proto());
        let mut any: Vec<Node> = known.map(|proto| is(&EVENT_PROTO, proto)).into_iter().collect();
        any.extend(self.schema.fields().iter().copied().filter(|field| of(field)).map(Node::Field));
        (!any.is_empty()).then(|| Node::Or(any.into()))
    }

    fn compare(&self, op: Op, left: &Ast<'_>, right: &Ast<'_>) -> Checked {
        // What is constant takes the type of the other side.
        let (left, right, op) =
            if constant(left) && !constant(right) { (right, left, op.flipped()) } else { (left, right, op) };
        let (a, kind) = self.boxed(left)?;
        if matches!(*a, Node::Net(..)) {
            return Err(self
                .error(left, "a network can only stand on the right")
                .hint("write `ip.addr == 10.0.0.0/8`"));
        }
        let (b, _) = self.alike(kind, right)?;
        let ordered = !matches!(op, Op::Eq | Op::Ne);
        if ordered && (matches!(kind, Type::Bool) || matches!(b, Node::Net(..))) {
            return Err(self.error(right, "this has no order").hint("compare with `==` or `!=`"));
        }
        Ok((Node::Compare(op, a, Box::new(b)), Type::Bool))
    }

    /// The other side of a comparison with something of type `kind`.
    fn alike(&self, kind: Type, ast: &Ast<'_>) -> Checked {
        let (node, other) = self.node(ast)?;
        let node = match (kind, node) {
            (Type::Time, Node::Const(Value::Text(text))) => match time(&text) {
                Some(time) => Node::Const(Value::Time(time)),
                None => {
                    return Err(self
                        .error(ast, "this is no time")
                        .hint("write it as \"2026-01-05T08:00:00Z\", in UTC"));
                }
            },
            (Type::Bytes, Node::Const(Value::Text(text))) => {
                Node::Const(Value::Bytes(text.into_owned().into_bytes().into()))
            }
            (Type::Bytes, Node::Const(Value::Mac(mac))) => Node::Const(Value::Bytes(mac.to_vec().into())),
            (Type::Bool, Node::Const(Value::Uint(v @ (0 | 1)))) => Node::Const(Value::Bool(v == 1)),
            (Type::Number, Node::Const(Value::Bool(v))) => Node::Const(Value::Uint(u64::from(v))),
            (Type::Any, node) => return Ok((node, other)),
            (_, node) if other == kind || other == Type::Any => return Ok((node, other)),
            (_, node) => {
                let error = self.error(ast, format!("{} is compared with {}", kind.name(), other.name()));
                return Err(match (kind, node) {
                    (Type::Text, Node::Const(value)) => error.hint(format!("write \"{value}\"")),
                    (Type::Text, Node::Field(def)) => error.hint(format!("for text, write \"{}\"", def.name)),
                    (Type::Mac, _) => error.hint("write a MAC as 00:11:22:33:44:55, without quotes"),
                    (Type::Ip, _) => error.hint("write an address as 10.0.0.1 or fe80::1, without quotes"),
                    (Type::Number, Node::Const(Value::Text(_))) => error.hint("write a number without quotes"),
                    _ => error,
                });
            }
        };
        Ok((node, kind))
    }

    fn matches(&self, left: &Ast<'_>, right: &Ast<'_>) -> Checked {
        let node = self.of(left, Type::Text, "`matches`")?;
        let What::Text(pattern) = &right.what else {
            return Err(self.error(right, "`matches` wants a regular expression in quotes"));
        };
        let own = Pattern::new(pattern);
        if !self.names.sound() {
            match Pattern::build(pattern) {
                Ok(regex) => own.built.get_or_init(|| Some(regex)),
                Err(error) => {
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    return Err(self.error(right, format!("the regular expression is wrong: {last}")));
                }
            };
        }
        Ok((Node::Matches(Box::new(node), Box::new(own)), Type::Bool))
    }

    fn set(&self, left: &Ast<'_>, set: &[Member<'_>]) -> Checked {
        let (node, kind) = self.boxed(left)?;
        let mut members = Vec::with_capacity(set.len());
        for member in set {
            members.push(match member {
                Member::One(ast) => OneOf::One(self.alike(kind, ast)?.0),
                Member::Range(from, to) => {
                    let (a, b) = (self.alike(kind, from)?.0, self.alike(kind, to)?.0);
                    if matches!(kind, Type::Bool) || matches!((&a, &b), (Node::Net(..), _) | (_, Node::Net(..))) {
                        return Err(self.error(from, "this has no order, and makes no range"));
                    }
                    OneOf::Range(a, b)
                }
            });
        }
        Ok((Node::In(node, members), Type::Bool))
    }

    fn sum(&self, op: Arith, left: &Ast<'_>, right: &Ast<'_>) -> Checked {
        let ((a, first), (b, second)) = (self.boxed(left)?, self.boxed(right)?);
        match (op, first, second) {
            (Arith::Add, Type::Text, _) | (Arith::Add, _, Type::Text) => Ok((Node::Join(a, b), Type::Text)),
            (Arith::Sub, Type::Time, Type::Time) => Ok((Node::Sum(op, a, b), Type::Number)),
            (_, Type::Number | Type::Any, Type::Number | Type::Any) => Ok((Node::Sum(op, a, b), Type::Number)),
            (_, Type::Number | Type::Any, _) => {
                Err(self.error(right, format!("arithmetic wants numbers, this is {}", second.name())))
            }
            _ => Err(self.error(left, format!("arithmetic wants numbers, this is {}", first.name()))),
        }
    }

    fn call(&self, ast: &Ast<'_>, function: &str, arguments: &[Ast<'_>]) -> Checked {
        if let Some(checked) = self.question(ast, function, arguments)? {
            return Ok(checked);
        }
        match (function, arguments) {
            ("any" | "every", [one]) => {
                let quantity = if function == "any" { Quantity::Any } else { Quantity::Every };
                Ok((Node::Children(quantity, Box::new(self.each_child(one)?)), Type::Bool))
            }
            ("count", [one]) => {
                let (node, kind) = self.boxed(one)?;
                if self.of_children(&node) {
                    return Ok((Node::Children(Quantity::Count, node), Type::Number));
                }
                if kind == Type::Bool && !matches!(*node, Node::Field(_) | Node::Slot(_)) {
                    return Err(self.error(one, "`count` wants an event, a field or a list"));
                }
                Ok((Node::CountValues(node), Type::Number))
            }
            ("lower", [one]) => Ok((Node::Lower(Box::new(self.of(one, Type::Text, "`lower`")?)), Type::Text)),
            ("len", [one]) => {
                let (node, kind) = self.boxed(one)?;
                if !matches!(kind, Type::Text | Type::Bytes | Type::Any) {
                    return Err(self.error(one, format!("`len` wants text or bytes, this is {}", kind.name())));
                }
                Ok((Node::Len(node), Type::Number))
            }
            ("first", [one]) => self.boxed(one).map(|(node, kind)| (Node::First(node), kind)),
            ("last", [one]) => self.boxed(one).map(|(node, kind)| (Node::Last(node), kind)),
            ("known", [one]) => self.boxed(one).map(|(node, _)| (Node::Known(node), Type::Bool)),
            ("index", [one, list]) => {
                let (node, kind) = self.boxed(one)?;
                let (list, _) = self.alike(kind, list)?;
                Ok((Node::Index(node, Box::new(list)), Type::Number))
            }
            ("meaning", [one]) => match self.node(one)? {
                (Node::Field(def), _) if def.codes.is_some() => Ok((Node::Meaning(def), Type::Text)),
                _ => Err(self.error(one, "`meaning` wants a field that holds a code")),
            },
            ("choose", all) if all.len() >= 2 => {
                let cases = all.chunks_exact(2);
                let mut kind = None;
                let other = match cases.remainder() {
                    [other] => {
                        let (other, of) = self.boxed(other)?;
                        kind = Some(of);
                        other
                    }
                    _ => Box::new(Node::Nothing),
                };
                let mut list = Vec::new();
                for pair in cases {
                    if let [when, then] = pair {
                        let (then, of) = self.node(then)?;
                        kind = Some(if kind.is_none_or(|kind| of == kind) { of } else { Type::Any });
                        list.push((self.condition(when)?, then));
                    }
                }
                Ok((Node::Choose(list, other), kind.unwrap_or(Type::Any)))
            }
            _ => Err(self.no_function(ast, function)),
        }
    }

    fn no_function(&self, ast: &Ast<'_>, function: &str) -> ExprError {
        const OWN: &[(&str, &str)] = &[
            ("lower", "lower(text)"),
            ("len", "len(text)"),
            ("count", "count(field)"),
            ("first", "first(list)"),
            ("last", "last(list)"),
            ("index", "index(value, list)"),
            ("known", "known(value)"),
            ("meaning", "meaning(field)"),
            ("choose", "choose(condition, value, …, otherwise)"),
            ("any", "any(condition)"),
            ("every", "every(condition)"),
        ];
        if let Some((_, form)) = OWN.iter().find(|(name, _)| *name == function) {
            return self
                .error(ast, format!("`{function}` is called with the wrong arguments"))
                .hint(format!("write `{form}`"));
        }
        let error = self.error(ast, format!("there is no function `{function}`"));
        match nearest(function, OWN.iter().map(|(name, _)| *name)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    /// A function of the caller's.
    fn question(
        &self,
        ast: &Ast<'_>,
        function: &str,
        arguments: &[Ast<'_>],
    ) -> Result<Option<(Node, Type)>, ExprError> {
        let (name, window) = match arguments {
            [] => (None, None),
            [Ast { what: What::Name(name), .. }] => (Some(*name), None),
            [Ast { what: What::Name(name), .. }, window] => (Some(*name), Some(window)),
            _ => return Ok(None),
        };
        match (self.names.question(function, name), window) {
            (Answer::NotMine, _) => Ok(None),
            (Answer::Wrong { what, hint }, _) => {
                let error = self.error(arguments.first().unwrap_or(ast), what);
                Err(ExprError { hint, ..error })
            }
            (Answer::Ask { query, kind, .. }, None) => Ok(Some((Node::Ask(query, None), kind))),
            (Answer::Ask { number: false, .. }, Some(extra)) => {
                Err(self.error(extra, format!("`{function}` takes one argument")))
            }
            (Answer::Ask { query, kind, .. }, Some(window)) => {
                let window = self.of(window, Type::Number, "a window")?;
                Ok(Some((Node::Ask(query, Some(Box::new(window))), kind)))
            }
        }
    }

    fn of_children(&self, node: &Node) -> bool {
        let mut any = false;
        node.walk(&mut |node| any |= matches!(node, Node::Slot(slot) if self.names.is_child(*slot)));
        any
    }

    fn each_child(&self, ast: &Ast<'_>) -> Result<Node, ExprError> {
        let node = self.condition(ast)?;
        if !self.of_children(&node) {
            return Err(self
                .error(ast, "nothing here belongs to each phone")
                .hint("name a variable of `[each.phone]`"));
        }
        Ok(node)
    }
}

impl Op {
    /// The same comparison with its sides exchanged.
    fn flipped(self) -> Op {
        match self {
            Op::Lt => Op::Gt,
            Op::Gt => Op::Lt,
            Op::Le => Op::Ge,
            Op::Ge => Op::Le,
            same => same,
        }
    }
}

fn constant(ast: &Ast<'_>) -> bool {
    matches!(
        ast.what,
        What::Uint(_) | What::Number(_) | What::Text(_) | What::Bool(_) | What::Ip(_) | What::Mac(_) | What::Bytes(_)
    )
}

fn is(def: &'static FieldDef, name: &'static str) -> Node {
    Node::Compare(Op::Eq, Box::new(Node::Field(def)), Box::new(Node::Const(Value::Text(name.into()))))
}

/// Whole numbers stay whole.
pub(super) fn number(v: f64) -> Value<'static> {
    if v >= 0.0 && v.fract() == 0.0 && v < 9e15 { Value::Uint(v as u64) } else { Value::Float(v) }
}

/// RFC 3339; a date alone is its first moment.
fn time(text: &str) -> Option<Ts> {
    use time::format_description::well_known::Rfc3339;
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.replacen(' ', "T", 1) };
    let parsed = time::OffsetDateTime::parse(&whole, &Rfc3339)
        .or_else(|_| time::OffsetDateTime::parse(&format!("{whole}Z"), &Rfc3339))
        .ok()?;
    i64::try_from(parsed.unix_timestamp_nanos()).ok().map(Ts::from_nanos)
}
