//! Text → tree, without knowing a name. Places are kept as bytes left, which is what the parser sees.

use std::borrow::Cow;
use std::net::IpAddr;

use nom::branch::alt;
use nom::character::complete::{char, multispace0};
use nom::combinator::map;
use nom::error::{ErrorKind, ParseError};
use nom::multi::separated_list1;
use nom::sequence::preceded;
use nom::{Err, IResult, Parser};

use super::ExprError;
use literal::{address, after, ends_number, quantity, text};

mod literal;

/// A longer expression is refused; so is one nested deeper. Both protect the stack.
const LONGEST: usize = 64 * 1024;
const DEEPEST: usize = 64;

/// A part of an expression, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ast<'a> {
    /// Bytes of the source left at its begin, and at its end.
    left: (usize, usize),
    pub what: What<'a>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What<'a> {
    Name(&'a str),
    Call(&'a str, Vec<Ast<'a>>),
    Uint(u64),
    Number(f64),
    Text(Cow<'a, str>),
    Bool(bool),
    Ip(IpAddr),
    Net(IpAddr, u8),
    Mac([u8; 6]),
    Bytes(Vec<u8>),
    Not(Box<Ast<'a>>),
    Negative(Box<Ast<'a>>),
    And(Vec<Ast<'a>>),
    Or(Vec<Ast<'a>>),
    Compare(Op, Box<Ast<'a>>, Box<Ast<'a>>),
    Contains(Box<Ast<'a>>, Box<Ast<'a>>),
    Matches(Box<Ast<'a>>, Box<Ast<'a>>),
    In(Box<Ast<'a>>, Vec<Member<'a>>),
    Sum(Arith, Box<Ast<'a>>, Box<Ast<'a>>),
}

/// A member of `{…}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member<'a> {
    One(Ast<'a>),
    Range(Ast<'a>, Ast<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arith {
    Add,
    Sub,
    Mul,
    Div,
}

impl Ast<'_> {
    /// Offset and length in the source.
    pub fn place(&self, source: &str) -> (usize, usize) {
        (source.len().saturating_sub(self.left.0), self.left.0.saturating_sub(self.left.1))
    }
}

/// Reads the whole source.
pub(super) fn parse(source: &str) -> Result<Ast<'_>, ExprError> {
    if source.len() > LONGEST {
        return Err(ExprError::new(0, 0, format!("longer than {LONGEST} bytes")));
    }
    nesting(source)?;
    // Most often it is one name, one number or one text: no operator is to be looked for.
    if !source.contains([' ', '('])
        && let Ok(("", ast)) = primary(source)
    {
        return Ok(ast);
    }
    match any(source).map(|(rest, ast)| (skip(rest), ast)) {
        Ok(("", ast)) => Ok(ast),
        Ok((rest, _)) => {
            let word: String = rest.chars().take_while(|c| !c.is_whitespace()).take(40).collect();
            let error = ExprError::new(source.len() - rest.len(), word.len(), format!("`{word}` is not expected here"));
            Err(match word.as_str() {
                "=" => error.hint("write `==` to compare"),
                "&" => error.hint("write `&&` or `and`"),
                "|" => error.hint("write `||` or `or`"),
                _ => error.hint("an operator such as `==`, `and`, `or` was due"),
            })
        }
        Err(Err::Error(fail) | Err::Failure(fail)) => {
            Err(ExprError::new(source.len() - fail.left.min(source.len()), 0, fail.what))
        }
        Err(Err::Incomplete(_)) => Err(ExprError::new(source.len(), 0, WANTED)),
    }
}

/// Refuses what is nested too deeply, before anything recurses into it.
fn nesting(source: &str) -> Result<(), ExprError> {
    // Hardly any has as many brackets at all.
    if source.bytes().filter(|byte| matches!(byte, b'(' | b'{')).count() <= DEEPEST {
        return Ok(());
    }
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    // What is looked for is ASCII: no byte of a longer character is taken for it.
    for (at, byte) in source.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'(' | b'{' if !quoted => depth += 1,
            b')' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(ExprError::new(at, 1, "nested too deeply"));
        }
    }
    Ok(())
}

const WANTED: &str = "a field, a value or `(` is missing here";

/// Why and where the parser stopped: of several ways, the one that came furthest.
#[derive(Debug, PartialEq)]
struct Fail {
    left: usize,
    what: &'static str,
}

impl ParseError<&str> for Fail {
    fn from_error_kind(input: &str, _kind: ErrorKind) -> Fail {
        Fail { left: input.trim_start().len(), what: WANTED }
    }
    fn append(_input: &str, _kind: ErrorKind, other: Fail) -> Fail {
        other
    }
    fn or(self, other: Fail) -> Fail {
        if self.left < other.left { self } else { other }
    }
}

type Res<'a, T> = IResult<&'a str, T, Fail>;

fn fail<'a, T>(at: &'a str, what: &'static str) -> Res<'a, T> {
    Err(Err::Failure(Fail { left: at.len(), what }))
}

/// What follows the white space.
#[inline]
fn skip(i: &str) -> &str {
    let white = i.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    i.get(white..).unwrap_or_default()
}

#[inline]
fn first_byte(i: &str) -> u8 {
    i.as_bytes().first().copied().unwrap_or_default()
}

/// What is due can be nothing else.
fn due<'a, T>(found: Res<'a, T>) -> Res<'a, T> {
    found.map_err(|error| match error {
        Err::Error(fail) => Err::Failure(fail),
        other => other,
    })
}

fn any(i: &str) -> Res<'_, Ast<'_>> {
    let or = |i| if first_byte(i) == b'|' { symbol(i, "||") } else { word(i, "or") };
    chain(i, all, or, What::Or)
}

fn all(i: &str) -> Res<'_, Ast<'_>> {
    let and = |i| if first_byte(i) == b'&' { symbol(i, "&&") } else { word(i, "and") };
    chain(i, negation, and, What::And)
}

/// `part (between part)*`, flat: a long chain must not be a deep tree.
#[inline]
fn chain<'a>(
    i: &'a str,
    part: fn(&'a str) -> Res<'a, Ast<'a>>,
    between: impl Fn(&'a str) -> Option<&'a str>,
    make: fn(Vec<Ast<'a>>) -> What<'a>,
) -> Res<'a, Ast<'a>> {
    let (mut rest, first) = part(i)?;
    let Some(mut next) = between(skip(rest)) else { return Ok((rest, first)) };
    let begin = first.left.0;
    let mut parts = vec![first];
    loop {
        let (end, one) = due(part(next))?;
        parts.push(one);
        rest = end;
        match between(skip(rest)) {
            Some(more) => next = more,
            None => return Ok((rest, Ast { left: (begin, rest.len()), what: make(parts) })),
        }
    }
}

fn negation(i: &str) -> Res<'_, Ast<'_>> {
    let start = skip(i);
    let (mut rest, mut nots) = (start, 0usize);
    let not = |i| match first_byte(i) {
        b'!' if !i.starts_with("!=") => symbol(i, "!"),
        _ => word(i, "not"),
    };
    while let Some(next) = not(skip(rest)) {
        (rest, nots) = (next, nots + 1);
    }
    if nots == 0 {
        return comparison(rest);
    }
    let (rest, inner) = due(comparison(rest))?;
    let left = (start.len(), inner.left.1);
    // An even number of them still makes a condition of it.
    let once = Ast { left, what: What::Not(Box::new(inner)) };
    let ast = if nots.is_multiple_of(2) { Ast { left, what: What::Not(Box::new(once)) } } else { once };
    Ok((rest, ast))
}

/// What stands between two sides.
enum Between {
    Op(Op),
    Contains,
    Matches,
    In,
    NotIn,
}

fn between(i: &str) -> Option<(Between, &str)> {
    if let Some((op, rest)) = operator(i) {
        return Some((Between::Op(op), rest));
    }
    match first_byte(i) {
        b'~' => Some((Between::Matches, symbol(i, "~")?)),
        b'c' => Some((Between::Contains, word(i, "contains")?)),
        b'm' => Some((Between::Matches, word(i, "matches")?)),
        b'i' => Some((Between::In, word(i, "in")?)),
        b'n' => Some((Between::NotIn, word(skip(word(i, "not")?), "in")?)),
        _ => None,
    }
}

fn comparison(i: &str) -> Res<'_, Ast<'_>> {
    let (rest, first) = sum(i)?;
    let Some((how, next)) = between(skip(rest)) else { return Ok((rest, first)) };
    let begin = first.left.0;
    if let Between::In | Between::NotIn = how {
        let (rest, ast) = members(next, first)?;
        let left = ast.left;
        let not = matches!(how, Between::NotIn);
        return Ok((rest, if not { Ast { left, what: What::Not(Box::new(ast)) } } else { ast }));
    }
    let (rest, second) = due(sum(next))?;
    let sides = (Box::new(first), Box::new(second));
    let what = match how {
        Between::Op(_) if operator(skip(rest)).is_some() => {
            return fail(rest.trim_start(), "a comparison cannot be compared again: join two with `and`");
        }
        Between::Op(op) => What::Compare(op, sides.0, sides.1),
        Between::Contains => What::Contains(sides.0, sides.1),
        _ => What::Matches(sides.0, sides.1),
    };
    Ok((rest, Ast { left: (begin, rest.len()), what }))
}

/// After `in`: `{…}`, or the name of a list.
fn members<'a>(i: &'a str, first: Ast<'a>) -> Res<'a, Ast<'a>> {
    let begin = first.left.0;
    let Some(rest) = symbol(skip(i), "{") else {
        let (rest, list) = due(sum(i))?;
        let what = What::Compare(Op::Eq, Box::new(first), Box::new(list));
        return Ok((rest, Ast { left: (begin, rest.len()), what }));
    };
    let (rest, list) = due(separated_list1(preceded(multispace0, char(',')), member).parse(rest))?;
    let Some(rest) = symbol(skip(rest), "}") else { return fail(rest.trim_start(), "`,` or `}` is missing here") };
    Ok((rest, Ast { left: (begin, rest.len()), what: What::In(Box::new(first), list) }))
}

fn member(i: &str) -> Res<'_, Member<'_>> {
    let (rest, from) = sum(i)?;
    let Some(next) = symbol(skip(rest), "..") else { return Ok((rest, Member::One(from))) };
    let (rest, to) = due(sum(next))?;
    Ok((rest, Member::Range(from, to)))
}

fn operator(i: &str) -> Option<(Op, &str)> {
    let op = match i.as_bytes() {
        [b'=', b'=', ..] => (Op::Eq, 2),
        [b'!', b'=', ..] => (Op::Ne, 2),
        [b'<', b'=', ..] => (Op::Le, 2),
        [b'>', b'=', ..] => (Op::Ge, 2),
        [b'<', ..] => (Op::Lt, 1),
        [b'>', ..] => (Op::Gt, 1),
        [b'e' | b'n' | b'l' | b'g', b'q' | b'e' | b't', ..] => match name(i).ok()? {
            (_, "eq") => (Op::Eq, 2),
            (_, "ne") => (Op::Ne, 2),
            (_, "le") => (Op::Le, 2),
            (_, "ge") => (Op::Ge, 2),
            (_, "lt") => (Op::Lt, 2),
            (_, "gt") => (Op::Gt, 2),
            _ => return None,
        },
        _ => return None,
    };
    Some((op.0, i.get(op.1..).unwrap_or_default()))
}

fn sum(i: &str) -> Res<'_, Ast<'_>> {
    let op = |b| match b {
        b'+' => Some(Arith::Add),
        b'-' => Some(Arith::Sub),
        _ => None,
    };
    arithmetic(i, product, op)
}

fn product(i: &str) -> Res<'_, Ast<'_>> {
    let op = |b| match b {
        b'*' => Some(Arith::Mul),
        b'/' => Some(Arith::Div),
        _ => None,
    };
    arithmetic(i, unary, op)
}

#[inline]
fn arithmetic<'a>(
    i: &'a str,
    part: fn(&'a str) -> Res<'a, Ast<'a>>,
    op: impl Fn(u8) -> Option<Arith>,
) -> Res<'a, Ast<'a>> {
    let (mut rest, mut ast) = part(i)?;
    let mut many = 0;
    loop {
        let next = skip(rest);
        let Some(op) = op(first_byte(next)) else { break };
        let second;
        (rest, second) = due(part(next.get(1..).unwrap_or_default()))?;
        many += 1;
        // What is refused in the end must not become a deep tree.
        if many <= DEEPEST {
            let left = (ast.left.0, second.left.1);
            ast = Ast { left, what: What::Sum(op, Box::new(ast), Box::new(second)) };
        }
    }
    if many > DEEPEST { fail(rest, "too many operations in one sum") } else { Ok((rest, ast)) }
}

fn unary(i: &str) -> Res<'_, Ast<'_>> {
    let start = skip(i);
    let Some(rest) = symbol(start, "-") else { return primary(start) };
    let (rest, inner) = due(primary(rest))?;
    Ok((rest, Ast { left: (start.len(), rest.len()), what: What::Negative(Box::new(inner)) }))
}

fn primary(i: &str) -> Res<'_, Ast<'_>> {
    let start = skip(i);
    let (rest, what) = match first_byte(start) {
        b'(' => {
            let (rest, inner) = due(any(start.get(1..).unwrap_or_default()))?;
            let Some(rest) = symbol(skip(rest), ")") else { return fail(rest.trim_start(), "`)` is missing here") };
            return Ok((rest, Ast { left: (start.len(), rest.len()), ..inner }));
        }
        b'"' => map(text, What::Text).parse(start)?,
        // No address and no number begins with one of these.
        b'g'..=b'z' | b'G'..=b'Z' | b'_' => named(start)?,
        b'a'..=b'f' | b'A'..=b'F' if !matches!(after(start, u8::is_ascii_hexdigit), b':' | b'.') => named(start)?,
        b'0'..=b'9' if ends_number(after(start, u8::is_ascii_digit)) => quantity(start)?,
        _ => alt((address, quantity, named)).parse(start)?,
    };
    Ok((rest, Ast { left: (start.len(), rest.len()), what }))
}

/// A name, a call, `true` or `false`.
fn named(i: &str) -> Res<'_, What<'_>> {
    let (rest, name) = name(i)?;
    match name {
        "true" | "false" => return Ok((rest, What::Bool(name == "true"))),
        "and" | "or" | "not" | "in" | "contains" | "matches" => {
            return Err(Err::Error(Fail { left: i.len(), what: WANTED }));
        }
        _ => {}
    }
    let Some(rest) = symbol(rest, "(") else { return Ok((rest, What::Name(name))) };
    let (rest, arguments) = list(rest)?;
    let Some(rest) = symbol(skip(rest), ")") else { return fail(rest.trim_start(), "`,` or `)` is missing here") };
    Ok((rest, What::Call(name, arguments)))
}

/// `any, any, …`, or nothing.
fn list(i: &str) -> Res<'_, Vec<Ast<'_>>> {
    let (mut rest, mut list, mut next) = (i, Vec::new(), Some(i));
    while let Some(from) = next {
        match any(from) {
            Ok((end, one)) => {
                list.push(one);
                (rest, next) = (end, symbol(skip(end), ","));
            }
            Err(Err::Error(_)) => break,
            Err(wrong) => return Err(wrong),
        }
    }
    Ok((rest, list))
}

/// Wireshark's names: letters, digits, `_`, and inside of them `.` and `-`.
fn name(i: &str) -> Res<'_, &str> {
    let bytes = i.as_bytes();
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let mut end = bytes.iter().position(|byte| !of_name(byte)).unwrap_or(bytes.len());
    while bytes.get(..end).is_some_and(|run| matches!(run, [.., b'.' | b'-'])) {
        end -= 1;
    }
    match i.split_at_checked(end) {
        Some((run, rest)) if run.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => Ok((rest, run)),
        _ => Err(Err::Error(Fail { left: i.trim_start().len(), what: WANTED })),
    }
}

/// What follows a word of the language: not the beginning of a longer name.
#[inline]
fn word<'a>(i: &'a str, wanted: &str) -> Option<&'a str> {
    if first_byte(i) != first_byte(wanted) || !i.starts_with(wanted) {
        return None;
    }
    name(i).ok().and_then(|(rest, found)| (found == wanted).then_some(rest))
}

/// What follows a symbol.
#[inline]
fn symbol<'a>(i: &'a str, wanted: &str) -> Option<&'a str> {
    i.strip_prefix(wanted)
}
