//! Header by header: which field a header line becomes, and what is taken out of it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::fields::*;
use super::names::{Address, Rule, rule};
use super::scan::{self, Header, Param};
use crate::bytes::{Malformed, find, find2};
use crate::event::{FieldDef, Fields, Value};

/// The length of the body as a header block announces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// No Content-Length.
    Missing,
    /// A Content-Length that is no number.
    Unreadable,
    /// So many bytes.
    Bytes(u64),
}

/// More addresses in one Contact header than these are not read: each is looked for in all that follows.
const MAX_CONTACTS: usize = 64;

/// The Content-Length line of a head, found while its end is looked for: all that framing needs of the headers.
#[derive(Debug, Default)]
pub struct LengthLine {
    at: Option<usize>,
    /// A line was looked at: none after the first may begin with a blank, since it would go on with the one before.
    later: bool,
}

impl LengthLine {
    /// Looks at the line that begins at `at`.
    #[inline]
    pub fn look(&mut self, bytes: &[u8], at: usize) {
        let first = !std::mem::replace(&mut self.later, true);
        let may = match bytes.get(at) {
            // Content-Type, Contact, CSeq and Call-ID begin like it.
            Some(b'c' | b'C') => bytes.get(at + 8).is_some_and(|b| b | 0x20 == b'l'),
            Some(b'l' | b'L') => bytes.get(at + 1).is_some_and(|b| *b == b':' || scan::is_blank(*b)),
            Some(b) => first && scan::is_blank(*b),
            None => false,
        };
        if may && self.at.is_none() {
            let colon = bytes.get(at..).and_then(|line| find(b':', line)).unwrap_or_default();
            let (name, _) = scan::trim(bytes.get(at..at + colon).unwrap_or_default(), 0);
            if name.eq_ignore_ascii_case(b"l") || name.eq_ignore_ascii_case(b"Content-Length") {
                self.at = Some(at);
            }
        }
    }

    /// What the line says.
    pub fn read(&self, head: &[u8]) -> Length {
        match self.at.and_then(|at| scan::Headers::new(head, at).next()) {
            Some(Ok(header)) => scan::number(header.value).map_or(Length::Unreadable, Length::Bytes),
            _ => Length::Missing,
        }
    }
}

/// What a message's headers say that is needed beyond its fields.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// It came in a datagram: then the next is asked for, to know it again.
    pub is_datagram: bool,
    pub call_id: &'a [u8],
    pub cseq: &'a [u8],
    pub from_tag: &'a [u8],
    pub content_type: Option<&'a [u8]>,
    /// There was a Contact.
    pub contact: bool,
    /// The body is packed: its bytes are no text.
    pub packed: bool,
    pub length: Option<u64>,
    pub defect: Option<Malformed>,
}

impl Facts<'_> {
    pub fn defect(&mut self, at: usize, what: &'static str) {
        self.defect.get_or_insert(Malformed { at, what });
    }
}

/// Text that may hold the line ends of a folded header: each becomes one blank.
#[inline]
pub fn text<'a>(fields: &mut Fields<'a>, def: &'static FieldDef, value: &'a [u8], at: usize) {
    if fields.wants(def) {
        wanted_text(fields, def, value, at);
    }
}

fn wanted_text<'a>(fields: &mut Fields<'a>, def: &'static FieldDef, value: &'a [u8], at: usize) {
    if let Some(text) = fields.known_text(value, at) {
        fields.str(def, text, at, value.len());
        return;
    }
    if find2(b'\r', b'\n', value).is_none() {
        fields.text(def, value, at);
        return;
    }
    let mut plain = Vec::with_capacity(value.len());
    for piece in value.split(|b| matches!(b, b'\r' | b'\n')).map(<[u8]>::trim_ascii).filter(|p| !p.is_empty()) {
        if !plain.is_empty() {
            plain.push(b' ');
        }
        plain.extend_from_slice(piece);
    }
    fields.str(def, String::from_utf8_lossy(&plain).into_owned(), at, value.len());
}

fn some<'a>(fields: &mut Fields<'a>, def: &'static FieldDef, (value, at): (&'a [u8], usize)) {
    if !value.is_empty() {
        text(fields, def, value, at);
    }
}

/// Pushes the number `value` begins with; says so where there is none: a wrong 0 would mean something.
fn digits(fields: &mut Fields<'_>, facts: &mut Facts<'_>, def: &'static FieldDef, value: &[u8], at: usize) {
    match scan::number(value) {
        Some(n) => {
            fields.uint(def, n, at, value.iter().take_while(|b| b.is_ascii_digit()).count());
        }
        None => facts.defect(at, def.name),
    }
}

/// Adds the fields of one header.
pub fn header<'a>(header: &Header<'a>, bytes: &'a [u8], fields: &mut Fields<'a>, facts: &mut Facts<'a>) {
    let Header { name, value, at, .. } = *header;
    let Some(rule) = rule(name) else {
        if !fields.wants(&HEADER) {
            return;
        }
        // The name lies before the value in the same message; both make the line.
        let start = bytes.get(..at).and_then(|b| memchr::memrchr(b'\n', b)).map_or(0, |n| n + 1);
        // An empty value of a folded line begins after its line end.
        let start = start.min(at.saturating_sub(name.len()));
        some(fields, &HEADER, scan::trim(bytes.get(start..at + value.len()).unwrap_or_default(), start));
        return;
    };
    match rule {
        Rule::Text(def) => text(fields, def, value, at),
        Rule::Number(def) => digits(fields, facts, def, value, at),
        Rule::Via => via(fields, facts, value, at),
        Rule::Address(address) => one_address(fields, facts, address, value, at),
        Rule::Contact => contact(fields, facts, value, at),
        Rule::CallId => {
            facts.call_id = value;
            text(fields, &CALL_ID, value, at);
        }
        Rule::CSeq => {
            facts.cseq = value;
            text(fields, &CSEQ, value, at);
            digits(fields, facts, &CSEQ_SEQ, value, at);
            let skip = value.iter().take_while(|b| b.is_ascii_digit()).count();
            some(fields, &CSEQ_METHOD, scan::trim(value.get(skip..).unwrap_or_default(), at + skip));
        }
        Rule::Agent(def) => {
            text(fields, def, value, at);
            if cisco_phone(value) {
                fields.flag(&CISCO_PHONE, true, at, value.len());
            } else if starts(value, b"Cisco-CUCM") {
                fields.flag(&CUCM, true, at, value.len());
            }
        }
        Rule::Reason => reason(fields, value, at),
        Rule::Media(whole, packets) => {
            text(fields, whole, value, at);
            let counts = |param: &Param<'_>| param.name.eq_ignore_ascii_case(b"Pkt");
            if let Some(param) = scan::params(value, at, b',').find(counts)
                && let Some(n) = scan::number(param.value)
            {
                fields.uint(packets, n, param.value_at, param.value.len());
            }
        }
        Rule::ReferTo => {
            text(fields, &REFER_TO, value, at);
            if fields.wants(&REFER_TO_TOKEN) && TOKEN.find(value).is_some() {
                fields.flag(&REFER_TO_TOKEN, true, at, value.len());
            }
        }
        Rule::RemoteParty => remote_party(fields, value, at),
        Rule::Digest(def) => digest(fields, def, value, at),
        Rule::ContentType => {
            facts.content_type = Some(value);
            text(fields, &CONTENT_TYPE, value, at);
        }
        Rule::ContentEncoding => {
            facts.packed = !value.eq_ignore_ascii_case(b"identity");
            text(fields, &CONTENT_ENCODING, value, at);
        }
        Rule::ContentLength => {
            facts.length = facts.length.or(scan::number(value));
            digits(fields, facts, &CONTENT_LENGTH, value, at);
        }
    }
}

/// What a REFER for a registration token points to.
static TOKEN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"token-registration"));
/// What the text of a Reason of a phone begins with.
static CISCO_ALARM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"cisco-alarm:"));

fn starts(value: &[u8], with: &[u8]) -> bool {
    value.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with))
}

/// What Cisco's phones, IP Communicator and analogue adapters call themselves. Gateways (`Cisco-SIPGateway/IOS`),
/// CUCM, Jabber and video systems do not begin like these.
fn cisco_phone(agent: &[u8]) -> bool {
    const PHONES: [&[u8]; 8] = [
        b"Cisco-CP",
        b"Cisco/CP",
        b"Cisco-DP",
        b"Cisco/SPA",
        b"Cisco-SIPIPCommunicator",
        b"CSCO/",
        b"Cisco-ATA",
        b"Cisco ATA",
    ];
    PHONES.iter().any(|phone| starts(agent, phone))
}

/// What is taken out of a Via.
static VIA_FIELDS: &[&FieldDef] =
    &[&VIA_TRANSPORT, &VIA_ADDRESS, &VIA_PORT, &VIA_BRANCH, &VIA_RECEIVED, &VIA_RPORT, &VIA_MADDR];

/// Whether it is `SIP/2.0/TCP 10.20.0.50:49500`, with or without parameters: nothing is wrong with it.
fn plain_via(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"SIP/2.0/") else { return false };
    let transport = rest.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let Some([b' ', sent_by @ ..]) = rest.get(transport..) else { return false };
    let host = sent_by.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    let (port, after) = match sent_by.get(host..) {
        Some([b':', rest @ ..]) => (rest.iter().take_while(|b| b.is_ascii_digit()).count() > 0, rest),
        Some(rest) => (true, rest),
        None => return false,
    };
    let tail = after.get(after.iter().take_while(|b| b.is_ascii_digit()).count()..).unwrap_or_default();
    let ends = matches!(tail, [] | [b';', ..]);
    transport > 0 && host > 0 && port && ends && find2(b',', b'"', tail).is_none()
}

fn via<'a>(fields: &mut Fields<'a>, facts: &mut Facts<'a>, value: &'a [u8], at: usize) {
    text(fields, &VIA, value, at);
    if plain_via(value) && !fields.wants_any(VIA_FIELDS) {
        return;
    }
    for (hop, at) in scan::parts(value, at, b',') {
        let params = scan::until(hop, 0, b";");
        let head = hop.get(..params).unwrap_or_default();
        // SIP/2.0/UDP host:port, with blanks wherever the grammar allows them
        let slash = memchr::memchr_iter(b'/', head).nth(1);
        let Some(slash) = slash else {
            facts.defect(at, "Via");
            continue;
        };
        let (rest, rest_at) = scan::trim(head.get(slash + 1..).unwrap_or_default(), at + slash + 1);
        let name = rest.iter().position(|b| scan::is_blank(*b)).unwrap_or(rest.len());
        some(fields, &VIA_TRANSPORT, (rest.get(..name).unwrap_or_default(), rest_at));
        let (sent_by, sent_at) = scan::trim(rest.get(name..).unwrap_or_default(), rest_at + name);
        let (host, port) = match sent_by.strip_prefix(b"[") {
            Some(inner) => {
                let end = find(b']', inner).unwrap_or(inner.len());
                ((inner.get(..end).unwrap_or_default(), sent_at + 1), end + 2)
            }
            None => {
                let end = sent_by.iter().position(|b| *b == b':' || scan::is_blank(*b)).unwrap_or(sent_by.len());
                ((sent_by.get(..end).unwrap_or_default(), sent_at), end)
            }
        };
        if host.0.is_empty() {
            facts.defect(at, "Via");
        }
        some(fields, &VIA_ADDRESS, host);
        let (port, port_at) = scan::trim(sent_by.get(port..).unwrap_or_default(), sent_at + port);
        if let Some(port) = port.strip_prefix(b":") {
            let (port, port_at) = scan::trim(port, port_at + 1);
            digits(fields, facts, &VIA_PORT, port, port_at);
        }
        if !fields.wants_any(&[&VIA_BRANCH, &VIA_RECEIVED, &VIA_RPORT, &VIA_MADDR]) {
            continue;
        }
        for param in scan::params(hop.get(params..).unwrap_or_default(), at + params, b';') {
            let def = match param.name {
                name if name.eq_ignore_ascii_case(b"branch") => &VIA_BRANCH,
                name if name.eq_ignore_ascii_case(b"received") => &VIA_RECEIVED,
                name if name.eq_ignore_ascii_case(b"rport") => &VIA_RPORT,
                name if name.eq_ignore_ascii_case(b"maddr") => &VIA_MADDR,
                _ => continue,
            };
            some(fields, def, (param.value, param.value_at));
        }
    }
}

fn one_address<'a>(fields: &mut Fields<'a>, facts: &mut Facts<'a>, address: &Address, value: &'a [u8], at: usize) {
    text(fields, address.whole, value, at);
    let Some(found) = scan::name_addr(value, 0, at) else {
        facts.defect(at, address.whole.name);
        return;
    };
    some(fields, address.display, found.display);
    if let Some(def) = address.uri {
        some(fields, def, found.uri);
    }
    if fields.wants(address.host) || address.port.is_some_and(|def| fields.wants(def)) {
        let uri = scan::uri(found.uri.0, found.uri.1);
        some(fields, address.user, uri.user);
        some(fields, address.host, uri.host);
        if let Some(def) = address.port {
            some(fields, def, uri.port);
        }
    } else if fields.wants(address.user) {
        some(fields, address.user, scan::uri_user(found.uri.0, found.uri.1));
    }
    if let Some(def) = address.tag
        && (fields.wants(def) || facts.is_datagram)
        && let Some(tag) = scan::param_named(found.params.0, found.params.1, b"tag")
    {
        if def == &FROM_TAG {
            facts.from_tag = tag.value;
        }
        some(fields, def, (tag.value, tag.value_at));
    }
}

/// Of a message whose headers break off: what is not among them, and without which it would mean something else, is not
/// known.
pub fn unknown(fields: &mut Fields<'_>, facts: &Facts<'_>) {
    let of_contact: &[&'static FieldDef] = if facts.contact { &[] } else { &[&CONTACT_EXPIRES, &CONTACT_KEEPALIVE] };
    for def in of_contact.iter().copied().chain([&EXPIRES]) {
        if fields.wants(def) && fields.get(def).is_none() {
            fields.push(def, Value::Null, 0, 0);
        }
    }
}

fn contact<'a>(fields: &mut Fields<'a>, facts: &mut Facts<'a>, value: &'a [u8], at: usize) {
    facts.contact = true;
    text(fields, &CONTACT, value, at);
    if value.first() == Some(&b'*') {
        return;
    }
    let mut from = 0;
    for count in 0.. {
        if from >= value.len() {
            return;
        }
        let Some(found) = scan::name_addr(value, from, at).filter(|_| count < MAX_CONTACTS) else {
            facts.defect(at + from, if count < MAX_CONTACTS { "Contact" } else { "more Contacts than are read" });
            return;
        };
        from = found.end + 1;
        some(fields, &CONTACT_DISPLAY, found.display);
        some(fields, &CONTACT_URI, found.uri);
        if fields.wants_any(&[&CONTACT_USER, &CONTACT_HOST, &CONTACT_PORT, &CONTACT_PARAM]) {
            let uri = scan::uri(found.uri.0, found.uri.1);
            some(fields, &CONTACT_USER, uri.user);
            some(fields, &CONTACT_HOST, uri.host);
            some(fields, &CONTACT_PORT, uri.port);
            for (param, at) in scan::parts(uri.params.0, uri.params.1, b';') {
                some(fields, &CONTACT_PARAM, (param, at));
            }
        }
        for param in scan::params(found.params.0, found.params.1, b';') {
            text(fields, &CONTACT_PARAMETER, param.text, param.at);
            contact_parameter(fields, &param);
        }
    }
}

fn contact_parameter<'a>(fields: &mut Fields<'a>, param: &Param<'a>) {
    let value = (param.value, param.value_at);
    let is = |name: &[u8]| param.name.eq_ignore_ascii_case(name);
    if is(b"expires") {
        if let Some(n) = scan::number(param.value) {
            fields.uint(&CONTACT_EXPIRES, n, value.1, value.0.len());
        }
    } else if is(b"+u.sip!devicename.ccm.cisco.com") {
        some(fields, &CONTACT_DEVICENAME, value);
    } else if is(b"+u.sip!model.ccm.cisco.com") {
        if let Some(n) = scan::number(param.value) {
            fields.uint(&CONTACT_MODEL, n, value.1, value.0.len());
        }
    } else if is(b"+sip.instance") {
        let (inner, at) = value;
        let inner =
            inner.strip_prefix(b"<").map_or((inner, at), |rest| (rest.strip_suffix(b">").unwrap_or(rest), at + 1));
        some(fields, &CONTACT_INSTANCE, inner);
    } else if is(b"cisco-keep-alive") {
        fields.flag(&CONTACT_KEEPALIVE, true, param.at, param.text.len());
    }
}

/// What is taken out of a Remote-Party-ID.
static REMOTE_PARTY: &[&FieldDef] = &[
    &REMOTE_PARTY_DISPLAY,
    &REMOTE_PARTY_USER,
    &REMOTE_PARTY_HOST,
    &REMOTE_PARTY_PARTY,
    &REMOTE_PARTY_SCREEN,
    &REMOTE_PARTY_PRIVACY,
];

fn remote_party<'a>(fields: &mut Fields<'a>, value: &'a [u8], at: usize) {
    text(fields, &REMOTE_PARTY_ID, value, at);
    if !fields.wants_any(REMOTE_PARTY) {
        return;
    }
    let Some(found) = scan::name_addr(value, 0, at) else { return };
    let uri = scan::uri(found.uri.0, found.uri.1);
    some(fields, &REMOTE_PARTY_DISPLAY, found.display);
    some(fields, &REMOTE_PARTY_USER, uri.user);
    some(fields, &REMOTE_PARTY_HOST, uri.host);
    for (name, def) in
        [("party", &REMOTE_PARTY_PARTY), ("screen", &REMOTE_PARTY_SCREEN), ("privacy", &REMOTE_PARTY_PRIVACY)]
    {
        if let Some(param) = scan::param_named(found.params.0, found.params.1, name.as_bytes()) {
            some(fields, def, (param.value, param.value_at));
        }
    }
}

/// Parameters of a digest.
static DIGEST: [(&[u8], &FieldDef); 14] = [
    (b"username", &AUTH_USERNAME),
    (b"realm", &AUTH_REALM),
    (b"nonce", &AUTH_NONCE),
    (b"response", &AUTH_RESPONSE),
    (b"cnonce", &AUTH_CNONCE),
    (b"nextnonce", &AUTH_NEXTNONCE),
    (b"rspauth", &AUTH_RSPAUTH),
    (b"opaque", &AUTH_OPAQUE),
    (b"uri", &AUTH_URI),
    (b"algorithm", &AUTH_ALGORITHM),
    (b"qop", &AUTH_QOP),
    (b"nc", &AUTH_NC),
    (b"stale", &AUTH_STALE),
    (b"domain", &AUTH_DOMAIN),
];

fn digest<'a>(fields: &mut Fields<'a>, def: &'static FieldDef, value: &'a [u8], at: usize) {
    text(fields, def, value, at);
    if !DIGEST.iter().any(|(_, def)| fields.wants(def)) && !fields.wants(&AUTH_SCHEME) {
        return;
    }
    // Authentication-Info begins with its parameters, the others with the scheme.
    let scheme = if def == &AUTHENTICATION_INFO {
        0
    } else {
        let end = value.iter().position(|b| scan::is_blank(*b)).unwrap_or(value.len());
        some(fields, &AUTH_SCHEME, (value.get(..end).unwrap_or_default(), at));
        end
    };
    for param in scan::params(value.get(scheme..).unwrap_or_default(), at + scheme, b',') {
        if let Some((_, def)) = DIGEST.iter().find(|(name, _)| param.name.eq_ignore_ascii_case(name)) {
            some(fields, def, (param.value, param.value_at));
        }
    }
}

fn reason<'a>(fields: &mut Fields<'a>, value: &'a [u8], at: usize) {
    text(fields, &REASON, value, at);
    let alarm: [&'static FieldDef; 4] = [&REASON_ALARM, &REASON_NAME, &REASON_LOAD, &REASON_LAST];
    let own: [&'static FieldDef; 4] = [&REASON_PROTOCOL, &REASON_CAUSE, &Q850_CAUSE, &REASON_TEXT];
    if !fields.wants_any(&alarm) && !fields.wants_any(&own) {
        return;
    }
    for (one, at) in scan::parts(value, at, b',') {
        let end = scan::until(one, 0, b";");
        let (protocol, protocol_at) = scan::trim(one.get(..end).unwrap_or_default(), at);
        some(fields, &REASON_PROTOCOL, (protocol, protocol_at));
        for param in scan::params(one.get(end..).unwrap_or_default(), at + end, b';') {
            if param.name.eq_ignore_ascii_case(b"cause") {
                if let Some(n) = scan::number(param.value) {
                    fields.uint(&REASON_CAUSE, n, param.value_at, param.value.len());
                    if protocol.eq_ignore_ascii_case(b"Q.850") {
                        fields.uint(&Q850_CAUSE, n, param.value_at, param.value.len());
                    }
                }
            } else if param.name.eq_ignore_ascii_case(b"text") {
                some(fields, &REASON_TEXT, (param.value, param.value_at));
                cisco_alarm(fields, param.value, param.value_at);
            }
        }
    }
}

/// `cisco-alarm:25 Name=SEP… ActiveLoad=… InactiveLoad=… Last=initialized`
fn cisco_alarm<'a>(fields: &mut Fields<'a>, value: &'a [u8], at: usize) {
    let Some(start) = CISCO_ALARM.find(value).map(|n| n + CISCO_ALARM.needle().len()) else { return };
    let rest = value.get(start..).unwrap_or_default();
    let Some(n) = scan::number(rest) else { return };
    fields.uint(&REASON_ALARM, n, at + start, rest.iter().take_while(|b| b.is_ascii_digit()).count());
    // A value goes on to the next word that has an equals sign: `Last=` may hold several words.
    let mut open: Option<(&'static FieldDef, usize)> = None;
    let mut from = 0;
    for word in rest.split(|b| *b == b' ') {
        let equals = find(b'=', word);
        if let Some(equals) = equals {
            if let Some((def, begin)) = open.take() {
                some(fields, def, scan::trim(rest.get(begin..from).unwrap_or_default(), at + start + begin));
            }
            let def = match word.get(..equals).unwrap_or_default() {
                name if name.eq_ignore_ascii_case(b"Name") => Some(&REASON_NAME),
                name if name.eq_ignore_ascii_case(b"ActiveLoad") || name.eq_ignore_ascii_case(b"Load") => {
                    Some(&REASON_LOAD)
                }
                name if name.eq_ignore_ascii_case(b"Last") => Some(&REASON_LAST),
                _ => None,
            };
            open = def.map(|def| (def, from + equals + 1));
        }
        from += word.len() + 1;
    }
    if let Some((def, begin)) = open {
        some(fields, def, scan::trim(rest.get(begin..).unwrap_or_default(), at + start + begin));
    }
}
