//! Text → tree, without knowing a name. Places are kept as bytes left, which is what the parser sees.

use std::net::IpAddr;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, multispace0};
use nom::combinator::{cut, map, opt, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::{many0, separated_list0, separated_list1};
use nom::sequence::{pair, preceded, terminated};
use nom::{Err, IResult, Parser};

use super::ExprError;

/// A longer expression is refused; so is one nested deeper. Both protect the stack.
const LONGEST: usize = 64 * 1024;
const DEEPEST: usize = 64;

/// A part of an expression, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ast {
    /// Bytes of the source left at its begin, and at its end.
    left: (usize, usize),
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Name(String),
    Call(String, Vec<Ast>),
    Uint(u64),
    Number(f64),
    Text(String),
    Bool(bool),
    Ip(IpAddr),
    Net(IpAddr, u8),
    Mac([u8; 6]),
    Bytes(Vec<u8>),
    Not(Box<Ast>),
    Negative(Box<Ast>),
    And(Vec<Ast>),
    Or(Vec<Ast>),
    Compare(Op, Box<Ast>, Box<Ast>),
    Contains(Box<Ast>, Box<Ast>),
    Matches(Box<Ast>, Box<Ast>),
    In(Box<Ast>, Vec<Member>),
    Sum(Arith, Box<Ast>, Box<Ast>),
}

/// A member of `{…}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member {
    One(Ast),
    Range(Ast, Ast),
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

impl Ast {
    /// Offset and length in the source.
    pub fn place(&self, source: &str) -> (usize, usize) {
        (source.len().saturating_sub(self.left.0), self.left.0.saturating_sub(self.left.1))
    }
}

/// Reads the whole source.
pub(super) fn parse(source: &str) -> Result<Ast, ExprError> {
    if source.len() > LONGEST {
        return Err(ExprError::new(0, 0, format!("longer than {LONGEST} bytes")));
    }
    nesting(source)?;
    match terminated(any, multispace0).parse(source) {
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
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, c) in source.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '{' if !quoted => depth += 1,
            ')' | '}' if !quoted => depth = depth.saturating_sub(1),
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

/// Whether what follows can begin with one of these: most often nothing follows, and that is seen at once.
fn next_is(i: &str, one_of: &[u8]) -> bool {
    i.trim_ascii_start().as_bytes().first().is_some_and(|b| one_of.contains(b))
}

fn any(i: &str) -> Res<'_, Ast> {
    chain(i, all, |i| alt((value((), tag("||")), word("or"))).parse(i), What::Or)
}

fn all(i: &str) -> Res<'_, Ast> {
    chain(i, negation, |i| alt((value((), tag("&&")), word("and"))).parse(i), What::And)
}

/// `part (between part)*`, flat: a long chain must not be a deep tree.
fn chain<'a>(
    i: &'a str,
    part: fn(&'a str) -> Res<'a, Ast>,
    between: fn(&'a str) -> Res<'a, ()>,
    make: fn(Vec<Ast>) -> What,
) -> Res<'a, Ast> {
    let (rest, first) = part(i)?;
    if !next_is(rest, b"&|ao") {
        return Ok((rest, first));
    }
    let (rest, more) = many0(preceded(pair(multispace0, between), cut(part))).parse(rest)?;
    if more.is_empty() {
        return Ok((rest, first));
    }
    let left = (first.left.0, rest.len());
    Ok((rest, Ast { left, what: make(std::iter::once(first).chain(more).collect()) }))
}

fn negation(i: &str) -> Res<'_, Ast> {
    let (start, _) = multispace0(i)?;
    if !next_is(start, b"!n") {
        return comparison(start);
    }
    let bang = terminated(char('!'), nom::combinator::not(char('=')));
    let (rest, nots) = many0(preceded(multispace0, alt((value((), bang), word("not"))))).parse(start)?;
    let (rest, inner) = if nots.is_empty() { comparison(rest)? } else { cut(comparison).parse(rest)? };
    if nots.is_empty() {
        return Ok((rest, inner));
    }
    let left = (start.len(), inner.left.1);
    // An even number of them still makes a condition of it.
    let once = Ast { left, what: What::Not(Box::new(inner)) };
    let ast = if nots.len().is_multiple_of(2) { Ast { left, what: What::Not(Box::new(once)) } } else { once };
    Ok((rest, ast))
}

fn comparison(i: &str) -> Res<'_, Ast> {
    let (rest, first) = sum(i)?;
    if !next_is(rest, b"=!<>~eglncmi") {
        return Ok((rest, first));
    }
    let begin = first.left.0;
    let with = |what, end: &str| Ast { left: (begin, end.len()), what };
    if let (rest, Some(op)) = opt(preceded(multispace0, operator)).parse(rest)? {
        let (rest, second) = cut(sum).parse(rest)?;
        if let (_, Some(_)) = opt(preceded(multispace0, operator)).parse(rest)? {
            return fail(rest.trim_start(), "a comparison cannot be compared again: join two with `and`");
        }
        return Ok((rest, with(What::Compare(op, Box::new(first), Box::new(second)), rest)));
    }
    if let (rest, Some(())) = opt(preceded(multispace0, word("contains"))).parse(rest)? {
        let (rest, second) = cut(sum).parse(rest)?;
        return Ok((rest, with(What::Contains(Box::new(first), Box::new(second)), rest)));
    }
    if let (rest, Some(())) = opt(preceded(multispace0, alt((word("matches"), value((), tag("~")))))).parse(rest)? {
        let (rest, second) = cut(sum).parse(rest)?;
        return Ok((rest, with(What::Matches(Box::new(first), Box::new(second)), rest)));
    }
    let not_in = preceded(multispace0, pair(opt(terminated(word("not"), multispace0)), word("in")));
    if let (rest, Some((not, ()))) = opt(not_in).parse(rest)? {
        let (rest, ast) = members(rest, first)?;
        let left = ast.left;
        return Ok((rest, if not.is_some() { Ast { left, what: What::Not(Box::new(ast)) } } else { ast }));
    }
    Ok((rest, first))
}

/// After `in`: `{…}`, or the name of a list.
fn members(i: &str, first: Ast) -> Res<'_, Ast> {
    let begin = first.left.0;
    let open: Res<'_, _> = preceded(multispace0, char('{')).parse(i);
    let Ok((rest, _)) = open else {
        let (rest, list) = cut(sum).parse(i)?;
        let what = What::Compare(Op::Eq, Box::new(first), Box::new(list));
        return Ok((rest, Ast { left: (begin, rest.len()), what }));
    };
    let (rest, list) = cut(separated_list1(preceded(multispace0, char(',')), member)).parse(rest)?;
    let close: Res<'_, _> = preceded(multispace0, char('}')).parse(rest);
    let Ok((rest, _)) = close else { return fail(rest.trim_start(), "`,` or `}` is missing here") };
    Ok((rest, Ast { left: (begin, rest.len()), what: What::In(Box::new(first), list) }))
}

fn member(i: &str) -> Res<'_, Member> {
    let (rest, from) = sum(i)?;
    match opt(preceded((multispace0, tag("..")), cut(sum))).parse(rest)? {
        (rest, Some(to)) => Ok((rest, Member::Range(from, to))),
        (rest, None) => Ok((rest, Member::One(from))),
    }
}

fn operator(i: &str) -> Res<'_, Op> {
    alt((
        value(Op::Eq, alt((value((), tag("==")), word("eq")))),
        value(Op::Ne, alt((value((), tag("!=")), word("ne")))),
        value(Op::Le, alt((value((), tag("<=")), word("le")))),
        value(Op::Ge, alt((value((), tag(">=")), word("ge")))),
        value(Op::Lt, alt((value((), tag("<")), word("lt")))),
        value(Op::Gt, alt((value((), tag(">")), word("gt")))),
    ))
    .parse(i)
}

fn sum(i: &str) -> Res<'_, Ast> {
    let op = |i| alt((value(Arith::Add, char('+')), value(Arith::Sub, char('-')))).parse(i);
    arithmetic(i, product, op)
}

fn product(i: &str) -> Res<'_, Ast> {
    let op = |i| alt((value(Arith::Mul, char('*')), value(Arith::Div, char('/')))).parse(i);
    arithmetic(i, unary, op)
}

fn arithmetic<'a>(i: &'a str, part: fn(&'a str) -> Res<'a, Ast>, op: fn(&'a str) -> Res<'a, Arith>) -> Res<'a, Ast> {
    let (rest, first) = part(i)?;
    if !next_is(rest, b"+-*/") {
        return Ok((rest, first));
    }
    let (rest, more) = many0(pair(preceded(multispace0, op), cut(part))).parse(rest)?;
    if more.len() > DEEPEST {
        return fail(rest, "too many operations in one sum");
    }
    let ast = more.into_iter().fold(first, |ast, (op, next)| {
        let left = (ast.left.0, next.left.1);
        Ast { left, what: What::Sum(op, Box::new(ast), Box::new(next)) }
    });
    Ok((rest, ast))
}

fn unary(i: &str) -> Res<'_, Ast> {
    let (start, _) = multispace0(i)?;
    let minus: Res<'_, _> = char('-')(start);
    let Ok((rest, _)) = minus else { return primary(start) };
    let (rest, inner) = cut(primary).parse(rest)?;
    Ok((rest, Ast { left: (start.len(), rest.len()), what: What::Negative(Box::new(inner)) }))
}

fn primary(i: &str) -> Res<'_, Ast> {
    let (start, _) = multispace0(i)?;
    if start.starts_with('(') {
        let (rest, inner) = preceded(char('('), cut(any)).parse(start)?;
        let close: Res<'_, _> = preceded(multispace0, char(')')).parse(rest);
        let Ok((rest, _)) = close else { return fail(rest.trim_start(), "`)` is missing here") };
        return Ok((rest, Ast { left: (start.len(), rest.len()), ..inner }));
    }
    let (rest, what) = if start.starts_with('"') {
        map(text, What::Text).parse(start)?
    } else {
        alt((address, quantity, named)).parse(start)?
    };
    Ok((rest, Ast { left: (start.len(), rest.len()), what }))
}

/// `"…"`
fn text(i: &str) -> Res<'_, String> {
    let mut bytes = Vec::new();
    let mut chars = i.char_indices().skip(1);
    let mut buffer = [0; 4];
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = i.get(at + 1..).unwrap_or_default();
                return match String::from_utf8(bytes) {
                    Ok(text) => Ok((rest, text)),
                    Err(_) => fail(i, "the text is no UTF-8"),
                };
            }
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => bytes.push(b'\n'),
                Some('r') => bytes.push(b'\r'),
                Some('t') => bytes.push(b'\t'),
                Some('x') => {
                    let digits = (chars.next(), chars.next());
                    let digit = |one: Option<(usize, char)>| one.and_then(|(_, c)| c.to_digit(16));
                    match (digit(digits.0), digit(digits.1)) {
                        (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                        _ => return fail(i.get(at..).unwrap_or_default(), "`\\x` wants two hexadecimal digits"),
                    }
                }
                // A regular expression keeps its own escapes: `\.` and `\d` stay what they are.
                Some(other @ ('"' | '\\')) => bytes.push(other as u8),
                Some(other) => {
                    bytes.push(b'\\');
                    bytes.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes());
                }
                None => break,
            },
            other => bytes.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    fail(i, "the text has no closing quote")
}

/// `10.1.1.10`, `10.0.0.0/8`, `fe80::1`, `00:11:22:33:44:55`, `0a:ff`
fn address(i: &str) -> Res<'_, What> {
    let (rest, run) = take_while1(|c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))(i)?;
    // A range `1..5` and the end of a sentence are no part of an address.
    let run = run.find("..").and_then(|at| run.get(..at)).unwrap_or(run).trim_end_matches('.');
    let rest = i.get(run.len()..).unwrap_or(rest);
    let wrong = || Err(Err::Error(Fail { left: i.len(), what: WANTED }));
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return wrong();
    }
    if let Ok(ip) = run.parse::<IpAddr>() {
        let length: Res<'_, &str> = preceded(char('/'), take_while1(|c: char| c.is_ascii_digit())).parse(rest);
        let Ok((end, bits)) = length else { return Ok((rest, What::Ip(ip))) };
        let most = if ip.is_ipv4() { 32 } else { 128 };
        return match bits.parse::<u8>() {
            Ok(bits) if bits <= most => Ok((end, What::Net(ip, bits))),
            _ => fail(rest, "the length of the network is too large"),
        };
    }
    let pairs: Option<Vec<u8>> =
        run.split(':').map(|pair| if pair.len() == 2 { u8::from_str_radix(pair, 16).ok() } else { None }).collect();
    match pairs {
        Some(pairs) if pairs.len() > 1 => {
            Ok((rest, <[u8; 6]>::try_from(pairs.as_slice()).map_or(What::Bytes(pairs), What::Mac)))
        }
        _ if run.matches('.').count() == 3 && run.starts_with(|c: char| c.is_ascii_digit()) => {
            fail(i, "this is no IPv4 address")
        }
        _ => wrong(),
    }
}

/// A number, or a length of time.
fn quantity(i: &str) -> Res<'_, What> {
    let digits = |i| take_while1(|c: char| c.is_ascii_digit())(i);
    let hex: Res<'_, &str> = preceded(tag("0x"), take_while1(|c: char| c.is_ascii_hexdigit())).parse(i);
    if let Ok((rest, digits)) = hex {
        return match u64::from_str_radix(digits, 16) {
            Ok(number) => Ok((rest, What::Uint(number))),
            Err(_) => fail(i, "the number is too large"),
        };
    }
    let (rest, whole) = recognize(pair(digits, opt(pair(char('.'), digits)))).parse(i)?;
    let (end, unit) = take_while(|c: char| c.is_alphanumeric() || c == '_')(rest)?;
    let seconds = match unit {
        "" => match whole.parse() {
            Ok(number) => return Ok((rest, What::Uint(number))),
            Err(_) => 1.0,
        },
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return fail(rest, "the unit is unknown: ms, s, m, h or d"),
    };
    match whole.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((end, What::Number(number * seconds))),
        _ => fail(i, "the number is too large"),
    }
}

/// A name, a call, `true` or `false`.
fn named(i: &str) -> Res<'_, What> {
    let (rest, name) = name(i)?;
    match name {
        "true" | "false" => return Ok((rest, What::Bool(name == "true"))),
        "and" | "or" | "not" | "in" | "contains" | "matches" => {
            return Err(Err::Error(Fail { left: i.len(), what: WANTED }));
        }
        _ => {}
    }
    if !rest.starts_with('(') {
        return Ok((rest, What::Name(name.to_owned())));
    }
    let comma = preceded(multispace0, char(','));
    let (rest, arguments) = preceded(char('('), separated_list0(comma, any)).parse(rest)?;
    let close: Res<'_, _> = preceded(multispace0, char(')')).parse(rest);
    let Ok((rest, _)) = close else { return fail(rest.trim_start(), "`,` or `)` is missing here") };
    Ok((rest, What::Call(name.to_owned(), arguments)))
}

/// Wireshark's names: letters, digits, `_`, and inside of them `.` and `-`.
fn name(i: &str) -> Res<'_, &str> {
    let (_, run) = take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))(i)?;
    let run = run.trim_end_matches(['.', '-']);
    if !run.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return Err(Err::Error(Fail { left: i.len(), what: WANTED }));
    }
    Ok((i.get(run.len()..).unwrap_or_default(), run))
}

/// A word of the language: not the beginning of a longer name.
fn word<'a>(wanted: &'static str) -> impl Parser<&'a str, Output = (), Error = Fail> {
    move |i: &'a str| match name(i) {
        Ok((rest, found)) if found == wanted => Ok((rest, ())),
        _ => Err(Err::Error(Fail { left: i.len(), what: WANTED })),
    }
}
