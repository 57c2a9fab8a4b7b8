//! What the transfers carried: a file's or a body's bytes → typed content → events.
//!
//! [`file`] takes a whole file that was fetched; [`body`] takes the body of a SIP or HTTP message. Neither knows
//! how it came. SDP, firmware, images and ring tones are not read here.

pub mod alarm;
pub mod certificate;
pub mod config;
mod memory;
pub mod phone_xml;
pub mod trust_list;
pub mod xml;

use std::sync::Arc;

use crate::bytes::Malformed;
use crate::event::{EventDef, FieldDef, Fields, Wanted};
use crate::events;
use crate::time::Ts;
pub use memory::Memory;
use memory::{Recall, Said};
use trust_list::{ListKind, TrustList};

/// What a node may be called elsewhere, in lower case: as it is, and a name without its domain. Configurations, lists
/// and certificates of one cluster differ in that.
fn aliases(node: &str) -> impl Iterator<Item = String> + use<> {
    let whole = node.to_ascii_lowercase();
    let address = whole.parse::<std::net::IpAddr>().is_ok();
    let short = whole.split_once('.').filter(|(host, _)| !address && !host.is_empty()).map(|(host, _)| host.to_owned());
    std::iter::once(whole).chain(short)
}

/// Takes events: which, its fields, and where reading stopped.
pub struct Emit<'e> {
    take: &'e mut Take<'e>,
    wanted: Option<Arc<Wanted>>,
    memory: Option<&'e mut Memory>,
    /// What is said, where it is to be kept.
    said: Option<Vec<Said>>,
}

type Take<'e> = dyn FnMut(&'static EventDef, Fields<'_>, Option<Malformed>) + 'e;

impl<'e> Emit<'e> {
    /// To `take`; of `wanted` fields, where not all are.
    pub fn new(take: &'e mut Take<'e>, wanted: Option<Arc<Wanted>>) -> Emit<'e> {
        Emit { take, wanted, memory: None, said: None }
    }

    /// With what was said of documents before. It is for readers who want the same fields.
    pub fn remembering(self, memory: &'e mut Memory) -> Emit<'e> {
        Emit { memory: Some(memory), ..self }
    }

    /// An empty list of fields, which keeps only those that somebody asks for.
    fn wanted_fields<'f>(&self) -> Fields<'f> {
        Fields::from_vec(Vec::new(), self.wanted.clone())
    }

    fn say(&mut self, def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>) {
        if let Some(said) = &mut self.said {
            said.push(Said::of(def, &fields, defect));
        }
        (self.take)(def, fields, defect);
    }
}

impl std::fmt::Debug for Emit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Emit")
    }
}

/// The fields of all contents, file by file.
pub static FIELDS: &[&[&FieldDef]] = &[
    trust_list::HEADER_FIELDS,
    trust_list::ctl::FIELDS,
    trust_list::itl::FIELDS,
    config::FIELDS,
    alarm::FIELDS,
    phone_xml::FIELDS,
];

/// The events of all contents, file by file.
pub static EVENTS: &[&[&EventDef]] =
    &[trust_list::EVENTS, config::EVENTS, alarm::EVENTS, phone_xml::EVENTS, XML_EVENTS];

events! { XML_EVENTS;
    XML_MALFORMED = "xml.malformed", "What came as XML cannot be read as XML.";
}

/// Parts inside parts deeper than this are not read.
const MAX_PARTS_DEPTH: usize = 3;
/// More parts than this are not read.
const MAX_PARTS: usize = 64;

/// Reads a file that was fetched as `name`, at the time `at`. `list` is what [`trust_list::read`] made of it, if it is
/// a list or a signed file.
pub fn file(name: &str, bytes: &[u8], list: Option<&TrustList>, at: Ts, emit: &mut Emit<'_>) {
    if let Some(list) = list {
        trust_list::emit(list, name, bytes, at, emit);
        if list.kind == ListKind::Sgn && list.is_readable() {
            let inner = strip(name, ".sgn");
            if list.encryption.is_some() {
                if has_end(inner, ".cnf.xml.enc") || has_end(inner, ".xml.enc") {
                    config::encrypted(list.payload(bytes).map_or(0, <[u8]>::len), emit);
                }
            } else if let Some(payload) = list.payload(bytes) {
                plain(inner, payload, emit);
            }
        }
        return;
    }
    plain(name, bytes, emit);
}

/// A file without a header of its own.
fn plain(name: &str, bytes: &[u8], emit: &mut Emit<'_>) {
    if xml::looks_like(bytes) {
        document(bytes, has_end(name, ".cnf.xml"), emit);
    } else if has_end(name, ".cnf.xml") {
        emit.say(&XML_MALFORMED, Fields::new(), Some(Malformed { at: 0, what: "XML" }));
    } else if has_end(name, ".jad") {
        phone_xml::descriptor(bytes, emit);
    }
}

/// An XML document; one that came before says again what it said.
fn document(bytes: &[u8], wanted: bool, emit: &mut Emit<'_>) {
    let Some(memory) = emit.memory.take() else { return read_document(bytes, wanted, emit) };
    match memory.recall(bytes, wanted) {
        Recall::Said(said) => {
            said.iter().for_each(|said| said.again(&mut |def, fields, defect| emit.say(def, fields, defect)))
        }
        Recall::New => read_document(bytes, wanted, emit),
        Recall::Again(hash) => {
            emit.said = Some(Vec::new());
            read_document(bytes, wanted, emit);
            memory.learn(hash, bytes, wanted, emit.said.take().unwrap_or_default());
        }
    }
    emit.memory = Some(memory);
}

/// An XML document, by its outermost element. One of another kind says nothing, unless it was `wanted`.
fn read_document(bytes: &[u8], wanted: bool, emit: &mut Emit<'_>) {
    let text = xml::Text::of(bytes);
    // Dial plans, lists of ring tones and much else is carried that nobody reads: its outermost tag tells.
    let document = text.parse_if(|root| wanted || config::is(root) || alarm::is(root) || phone_xml::is(root));
    let Some(root) = &document.root else {
        return emit.say(&XML_MALFORMED, Fields::new(), document.defect);
    };
    let read = config::emit(root, document.defect, emit)
        || alarm::emit(root, document.defect, emit)
        || phone_xml::emit(root, document.defect, emit);
    if !read && wanted {
        let what = "outermost XML element";
        emit.say(&XML_MALFORMED, Fields::new(), document.defect.or(Some(Malformed { at: 0, what })));
    }
}

/// Reads the body of a SIP or HTTP message; the parts of a multipart body one by one.
pub fn body(content_type: &str, bytes: &[u8], emit: &mut Emit<'_>) {
    part(content_type, bytes, 0, emit);
}

fn part(content_type: &str, bytes: &[u8], depth: usize, emit: &mut Emit<'_>) {
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media.starts_with("multipart/") {
        if let Some(boundary) = parameter(content_type, "boundary").filter(|b| !b.is_empty() && depth < MAX_PARTS_DEPTH)
        {
            for (content_type, bytes) in parts(bytes, &boundary) {
                part(&content_type, bytes, depth + 1, emit);
            }
        }
    } else if media == "application/sdp" {
        // SIP reads it.
    } else if media == "application/x-www-form-urlencoded" {
        if let Some(document) = phone_xml::form(bytes) {
            self::document(&document, true, emit);
        }
    } else if xml::looks_like(bytes) && !media.contains("html") {
        let cisco = media.starts_with("application/x-cisco-") && media.ends_with("+xml");
        document(bytes, cisco, emit);
    } else if media.ends_with("app-descriptor") {
        phone_xml::descriptor(bytes, emit);
    } else if media.starts_with("text/") || media.is_empty() {
        phone_xml::plain(bytes, emit);
    }
}

/// A parameter of a header value, unquoted: `boundary` of `multipart/mixed; boundary="x"`.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The parts of a multipart body: content type and bytes of each. Preamble and epilogue are left out; a last part
/// without its closing boundary is kept.
fn parts<'a>(bytes: &'a [u8], boundary: &str) -> Vec<(String, &'a [u8])> {
    let delimiter = format!("--{boundary}");
    let mut starts = memchr::memmem::find_iter(bytes, &delimiter)
        .filter(|at| *at == 0 || bytes.get(at - 1) == Some(&b'\n'))
        .filter(|at| matches!(bytes.get(at + delimiter.len()), None | Some(b'\r' | b'\n' | b'-' | b' ' | b'\t')))
        .take(MAX_PARTS)
        .peekable();
    let mut parts = Vec::new();
    while let Some(start) = starts.next() {
        let head = bytes.get(start + delimiter.len()..).unwrap_or_default();
        if head.starts_with(b"--") {
            break;
        }
        let end = starts.peek().copied().unwrap_or(bytes.len());
        let whole = bytes.get(start + delimiter.len()..end).unwrap_or_default();
        let whole = memchr::memchr(b'\n', whole).and_then(|at| whole.get(at + 1..)).unwrap_or_default();
        // The headers of the part, up to an empty line.
        let (mut content_type, mut rest) = (String::new(), whole);
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(at + 1).unwrap_or((rest, &[]));
            rest = after;
            let line = line.trim_ascii();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = String::from_utf8_lossy(line).split_once(':')
                && (name.trim().eq_ignore_ascii_case("content-type") || name.trim().eq_ignore_ascii_case("c"))
            {
                content_type = value.trim().to_owned();
            }
        }
        // The line end before the next boundary belongs to the boundary.
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        parts.push((content_type, rest.strip_suffix(b"\r").unwrap_or(rest)));
    }
    parts
}

fn has_end(name: &str, end: &str) -> bool {
    let at = name.len().wrapping_sub(end.len());
    name.get(at..).is_some_and(|own| own.eq_ignore_ascii_case(end))
}

fn strip<'n>(name: &'n str, end: &str) -> &'n str {
    if has_end(name, end) { name.get(..name.len() - end.len()).unwrap_or(name) } else { name }
}

#[cfg(test)]
mod memory_tests {
    use super::*;
    use crate::content::testing::lines;

    #[test]
    fn what_comes_again_says_the_same() {
        let alarm = |n: usize| {
            format!(
                "<x-cisco-alarm><Alarm Name=\"a{}\"><ParameterList><String name=\"DeviceName\">SEP{n:0200}</String>",
                n % 3
            )
        };
        let broken = "<device><loadInformation>x</loadInformation><sshPassword>y</sshPassword>".to_owned();
        let mut memory = Memory::default();
        for round in 0..4 {
            for text in (0..3).map(alarm).chain([broken.clone(), "<other/>".into(), "<".into()]) {
                for wanted in [true, false] {
                    let fresh = lines(|emit| document(text.as_bytes(), wanted, emit));
                    let mut again = Vec::new();
                    let mut take = |def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>| {
                        again.push((
                            def.name,
                            fields.list().iter().map(|f| f.value.to_string()).collect::<Vec<_>>(),
                            defect,
                        ));
                    };
                    document(text.as_bytes(), wanted, &mut Emit::new(&mut take, None).remembering(&mut memory));
                    assert_eq!(fresh.len(), again.len(), "{round} {text}");
                    for (fresh, (name, values, defect)) in fresh.iter().zip(&again) {
                        assert!(fresh.starts_with(name) && values.iter().all(|value| fresh.contains(value.as_str())));
                        assert_eq!(fresh.contains(" what="), defect.is_some());
                    }
                }
            }
        }
        assert!(memory.len() == 12, "{}", memory.len());
        // However many come: it stays bounded.
        for _ in 0..2 {
            for n in 0..500 {
                let mut take = |_: &'static EventDef, _: Fields<'_>, _: Option<Malformed>| {};
                let text = alarm(n);
                for _ in 0..2 {
                    document(text.as_bytes(), true, &mut Emit::new(&mut take, None).remembering(&mut memory));
                }
            }
        }
        assert_eq!(memory.len(), memory::MOST);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::fmt::Write;

    use super::*;

    /// Reads a file of that name, list or not.
    pub(crate) fn read(name: &str, bytes: &[u8], known: &[trust_list::Record], at: Ts, emit: &mut Emit<'_>) {
        let list = trust_list::kind(name, bytes).map(|kind| trust_list::read(kind, bytes, &[known]));
        file(name, bytes, list.as_ref(), at, emit);
    }

    /// Collects events as text: `name field=value …`, `at=… what=…` for a defect.
    pub(crate) fn lines(run: impl FnOnce(&mut Emit<'_>)) -> Vec<String> {
        let mut lines = Vec::new();
        let mut take = |def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>| {
            let mut line = def.name.to_owned();
            for field in fields.list() {
                let _ = write!(line, " {}={}", field.def.name, field.value);
            }
            if let Some(defect) = defect {
                let _ = write!(line, " at={} what={}", defect.at, defect.what);
            }
            lines.push(line);
        };
        run(&mut Emit::new(&mut take, None));
        lines
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{lines, read};
    use super::*;

    #[test]
    fn a_multipart_body_gives_each_part_its_event() {
        let body = b"preamble\r\n--uniqueBoundary\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\nContent-Id: <1>\r\n\r\n\
            <x-cisco-remotecc-request><privacyreq/></x-cisco-remotecc-request>\r\n--uniqueBoundary\r\n\
            Content-Type:application/sdp\r\n\r\nv=0\r\n--uniqueBoundary\r\nContent-Type: text/plain\r\n\r\n\
            action=check-version\r\nRegisterCallId={a@b}\r\n\r\n--uniqueBoundary--\r\nepilogue";
        let expected = [
            "remotecc.request remotecc.kind=privacyreq",
            "servicecontrol.order servicecontrol.action=check-version servicecontrol.register_call_id=a@b",
        ];
        for form in ["multipart/mixed;boundary=uniqueBoundary", "Multipart/Mixed; Boundary=\"uniqueBoundary\"; x=y"] {
            assert_eq!(lines(|emit| self::body(form, body, emit)), expected);
        }
        assert_eq!(lines(|emit| self::body("application/sdp", b"v=0\r\n", emit)), [""; 0]);
    }

    #[test]
    fn a_file_is_known_by_name_and_by_content() {
        let events = |name: &str, bytes: &[u8]| {
            lines(|emit| read(name, bytes, &[], Ts::ZERO, emit))
                .iter()
                .map(|l| l.split(' ').next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(events("SEP001122334455.cnf.xml", b"<device/>"), ["cnf.device"]);
        assert_eq!(events("XMLDefault.cnf.xml", b"<html>404</html>"), ["xml.malformed"]);
        assert_eq!(events("SEP001122334455.cnf.xml", b"\0\0"), ["xml.malformed"]);
        assert_eq!(events("CTLSEP001122334455.tlv", b"<html/>"), ["ctl.malformed"]);
        assert_eq!(events("x.sgn", b""), ["sgn.malformed"]);
        assert_eq!(events("ringlist.xml", b"<CiscoIPPhoneRingList/>"), [""; 0]);
        assert_eq!(events("sip78xx.loads", b"\x01\x02"), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(--b|--|\r\n|Content-Type: |text/plain|multipart/mixed;boundary=b|action=|<a>|[ -~]){0,40}") {
            for name in ["a.sgn", "CTLFile.tlv", "ITLFile.tlv", "SEP001122334455.cnf.xml", "x"] {
                lines(|emit| read(name, &bytes, &[], Ts::ZERO, emit));
            }
            for kind in ["", "text/xml", "text/plain", "multipart/mixed;boundary=b", "application/x-www-form-urlencoded", "application/x-cisco-alarm+xml"] {
                lines(|emit| body(kind, &bytes, emit));
                lines(|emit| body(kind, text.as_bytes(), emit));
            }
        }
    }
}
