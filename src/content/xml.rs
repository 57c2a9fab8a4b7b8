//! XML as phones and servers write it: a small tree, read by `quick-xml`, tolerant and bounded.
//!
//! Accepted: undeclared prefixes (`xsi:type`), ISO-8859-1, stray `&`, end tags that do not match, files that
//! end early: what was read is kept, and the first fault is told. Not read: DTDs and entities of a document's
//! own; nothing is ever fetched.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};

use crate::bytes::{Malformed, find, find3};

/// Elements deeper than this are refused.
const MAX_DEPTH: usize = 64;
/// More elements than this are refused.
const MAX_NODES: usize = 50_000;
/// Attributes of an element behind so many others are not looked at.
const MAX_ATTRIBUTES: usize = 256;
/// A document longer than this is cut, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// An element. It borrows from the text wherever nothing in it had to be resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node<'t> {
    /// Its name, as written.
    pub name: Cow<'t, str>,
    /// What stands behind its name in the tag: read when somebody asks for an attribute.
    attributes: Cow<'t, str>,
    /// All its own text, put together; blanks before it may be left out.
    text: Cow<'t, str>,
    /// The elements inside it, in order.
    pub children: Vec<Node<'t>>,
}

/// A document, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document<'t> {
    /// The outermost element.
    pub root: Option<Node<'t>>,
    /// The first fault.
    pub defect: Option<Malformed>,
}

/// The text of a document, from which its elements borrow.
#[derive(Debug, Clone)]
pub struct Text<'b> {
    text: Cow<'b, str>,
    /// How many bytes it was made of.
    bytes: usize,
    cut: bool,
}

impl<'t> Node<'t> {
    /// Whether this is its name: prefix and case are left aside.
    pub fn is(&self, name: &str) -> bool {
        local(&self.name).eq_ignore_ascii_case(name)
    }

    /// The first element of that name directly inside.
    pub fn child(&self, name: &str) -> Option<&Node<'t>> {
        self.children.iter().find(|c| c.is(name))
    }

    /// The text of the first element of that name directly inside, if it is not blank.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.children.iter().filter(|c| c.is(name)).find_map(Node::own)
    }

    /// Its own text without blanks around it, if any is left.
    pub fn own(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|t| !t.is_empty())
    }

    /// An attribute, if it is not blank.
    pub fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        if self.attributes.trim_ascii().is_empty() {
            return None;
        }
        if let Some((key, value)) = only_attribute(&self.attributes) {
            // What follows the last colon is as long as the name, or it is another.
            let found = key.len() >= name.len() && local_bytes(key.as_bytes()).eq_ignore_ascii_case(name.as_bytes());
            return Some(value.trim()).filter(|value| found && !value.is_empty()).map(Cow::Borrowed);
        }
        let mut all = Attributes::html(&self.attributes, 0);
        let found = all
            .with_checks(false)
            .flatten()
            .take(MAX_ATTRIBUTES)
            .find(|found| local_bytes(found.key.as_ref()).eq_ignore_ascii_case(name.as_bytes()))?;
        let value = match own(&self.attributes, &found.value) {
            Cow::Borrowed(value) => trimmed(unescape(value).unwrap_or(Cow::Borrowed(value))),
            Cow::Owned(value) => Cow::Owned(trimmed(unescape(&value).unwrap_or(Cow::Borrowed(&value))).into_owned()),
        };
        Some(value).filter(|value| !value.is_empty())
    }
}

/// `name="value"` and nothing else, where nothing in the value stands for something else: as nearly all are.
fn only_attribute(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii();
    let equals = find(b'=', text.as_bytes()).filter(|equals| *equals > 0)?;
    let (key, rest) = text.split_at_checked(equals)?;
    let [b'=', b'"', inner @ .., b'"'] = rest.as_bytes() else { return None };
    let value = rest.get(2..2 + inner.len())?;
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_'));
    (plain && find3(b'"', b'&', b'<', inner).is_none()).then_some((key, value))
}

fn trimmed(value: Cow<'_, str>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
        Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
    }
}

fn local_bytes(name: &[u8]) -> &[u8] {
    name.rsplit(|b| *b == b':').next().unwrap_or(name)
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Whether the bytes begin as XML does.
pub fn looks_like(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        || matches!(bytes.trim_ascii_start(), [b'<', next, ..] if next.is_ascii_alphabetic() || b"?!_".contains(next))
}

impl<'b> Text<'b> {
    /// Of a document's bytes.
    pub fn of(bytes: &'b [u8]) -> Text<'b> {
        let cut = bytes.len() > MAX_BYTES;
        let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
        Text { text: decode(bytes), bytes: bytes.len(), cut }
    }

    /// Reads the document.
    #[cfg(test)]
    pub fn parse(&self) -> Document<'_> {
        self.parse_if(|_| true)
    }

    /// Reads the document if its outermost element is `wanted`; else that element alone, as far as its tag.
    pub fn parse_if(&self, wanted: impl Fn(&Node<'_>) -> bool) -> Document<'_> {
        let text: &str = &self.text;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let mut tree = Tree::default();
        loop {
            let at = (reader.buffer_position() as usize).min(self.bytes);
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(_) => {
                    tree.fault((reader.error_position() as usize).min(self.bytes), "XML");
                    break;
                }
            };
            match event {
                Event::Start(tag) if tree.stack.len() >= MAX_DEPTH => {
                    drop(tag);
                    tree.fault(at, "XML nested too deep");
                    break;
                }
                Event::Start(tag) => {
                    let node = node(text, &tag);
                    if tree.stack.is_empty() && tree.root.is_none() && !wanted(&node) {
                        return Document { root: Some(node), defect: tree.defect };
                    }
                    tree.stack.push(node);
                }
                Event::Empty(tag) => {
                    let node = node(text, &tag);
                    tree.attach(node, at);
                }
                Event::End(tag) => tree.close(&own(text, tag.name().as_ref()), at),
                Event::Text(piece) => tree.text(own(text, &piece)),
                Event::CData(piece) => tree.text(own(text, &piece)),
                Event::GeneralRef(reference) => {
                    let name = String::from_utf8_lossy(&reference);
                    match (reference.resolve_char_ref(), resolve_predefined_entity(&name)) {
                        (Ok(Some(c)), _) => tree.text(c.to_string().into()),
                        (_, Some(text)) => tree.text(text.into()),
                        _ => tree.text(format!("&{name};").into()),
                    }
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
            if tree.count > MAX_NODES {
                tree.fault(at, "too many XML elements");
                break;
            }
        }
        if self.cut {
            tree.fault(MAX_BYTES, "XML too long");
        }
        if !tree.stack.is_empty() {
            tree.fault(self.bytes, "end of an XML element");
        }
        while let Some(open) = tree.stack.pop() {
            tree.attach(open, self.bytes);
        }
        if tree.root.is_none() {
            tree.fault(0, "XML");
        }
        Document { root: tree.root, defect: tree.defect }
    }
}

/// The text's own slice where `part` is one of it.
fn own<'t>(text: &'t str, part: &[u8]) -> Cow<'t, str> {
    let at = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    match text.get(at..at.wrapping_add(part.len())) {
        Some(found) if std::ptr::eq(found.as_bytes(), part) => Cow::Borrowed(found),
        _ => Cow::Owned(String::from_utf8_lossy(part).into_owned()),
    }
}

#[derive(Default)]
struct Tree<'t> {
    stack: Vec<Node<'t>>,
    root: Option<Node<'t>>,
    count: usize,
    defect: Option<Malformed>,
}

impl<'t> Tree<'t> {
    fn fault(&mut self, at: usize, what: &'static str) {
        self.defect.get_or_insert(Malformed { at, what });
    }

    fn text(&mut self, piece: Cow<'t, str>) {
        let Some(open) = self.stack.last_mut() else { return };
        if open.text.is_empty() {
            // Blanks in front mean nothing, and are not looked through again with each further piece.
            open.text = match piece {
                Cow::Borrowed(piece) => Cow::Borrowed(piece.trim_start()),
                Cow::Owned(piece) => Cow::Owned(piece.trim_start().to_owned()),
            };
        } else {
            open.text.to_mut().push_str(&piece);
        }
    }

    fn attach(&mut self, node: Node<'t>, at: usize) {
        self.count += 1;
        match self.stack.last_mut() {
            Some(parent) => parent.children.push(node),
            None if self.root.is_none() => self.root = Some(node),
            None => self.fault(at, "a second outermost XML element"),
        }
    }

    fn close(&mut self, name: &str, at: usize) {
        let name = name.trim_end();
        if self.stack.last().is_some_and(|open| *open.name == *name) {
            if let Some(done) = self.stack.pop() {
                self.attach(done, at);
            }
            return;
        }
        let Some(depth) = self.stack.iter().rposition(|open| open.name.eq_ignore_ascii_case(name)) else {
            return self.fault(at, "XML end tag without a beginning");
        };
        if depth + 1 < self.stack.len() {
            self.fault(at, "end of an XML element");
        }
        while self.stack.len() > depth {
            let Some(done) = self.stack.pop() else { break };
            self.attach(done, at);
        }
    }
}

fn node<'t>(text: &'t str, tag: &BytesStart<'_>) -> Node<'t> {
    Node { name: own(text, tag.name().as_ref()), attributes: own(text, tag.attributes_raw()), ..Node::default() }
}

/// UTF-8, UTF-16 with a mark, and everything else as ISO-8859-1 (which also is what an ISO file claims to be).
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |bytes: &[u8], from: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|c| <[u8; 2]>::try_from(c).ok()).map(from);
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(wide(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(wide(rest, u16::from_be_bytes)),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().map(|b| char::from(*b)).collect()),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Document<'static> {
        Box::leak(Box::new(Text::of(bytes.to_vec().leak()))).parse()
    }

    #[test]
    fn what_phones_and_servers_write() {
        let read = parse(b"\xef\xbb\xbf<?xml version=\"1.0\"?><device xsi:type=\"axl:XIPPhone\"><sIPPort>5060</sIPPort><u>a?x=1&y=2&amp;z &#65;</u><e/></device>\r\n");
        let root = read.root.unwrap();
        assert_eq!(
            (read.defect, root.value("sipPort"), root.attribute("type")),
            (None, Some("5060"), Some("axl:XIPPhone".into()))
        );
        assert_eq!(root.value("U"), Some("a?x=1&y=2&z A"));
        let latin = parse(b"<a>caf\xe9<![CDATA[<x>]]></a>").root.unwrap();
        assert_eq!(latin.own(), Some("caf\u{e9}<x>"));
    }

    #[test]
    fn blanks_in_front_are_not_kept() {
        let read = parse(b"<a>  \n <b/> x &lt; y </a>").root.unwrap();
        assert_eq!((read.own(), &*read.text), (Some("x < y"), "x < y "));
    }

    #[test]
    fn what_is_broken_keeps_what_was_read() {
        let cut = parse(b"<a><b>1</b><c>2");
        assert_eq!(cut.defect, Some(Malformed { at: 15, what: "end of an XML element" }));
        assert_eq!(cut.root.unwrap().value("c"), Some("2"));
        let crossed = parse(b"<a><b>1</a></b>");
        assert!(crossed.defect.is_some() && crossed.root.unwrap().value("b") == Some("1"));
        assert_eq!(parse(b"no xml").defect, Some(Malformed { at: 0, what: "XML" }));
        let bomb = b"<!DOCTYPE a [<!ENTITY x \"yyyy\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&x;&f;</a>";
        assert_eq!(parse(bomb).root.unwrap().own(), Some("&x;&f;"));
        assert_eq!(parse("<a>".repeat(9999).as_bytes()).defect.unwrap().what, "XML nested too deep");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), tags in "[<>/a&;!\\[\\]=\"' -]{0,120}") {
            Text::of(&bytes).parse();
            Text::of(tags.as_bytes()).parse();
        }
    }
}
