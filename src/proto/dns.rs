//! DNS: the names that phones look up (RFC 1035, SRV: RFC 2782).
//!
//! Read: question and answers (A, AAAA, CNAME, SRV) over UDP and TCP. Not read: the data of other records, the
//! authority and additional sections, multicast DNS.

use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, Fields, ip, text, uint};
use crate::{events, fields};

/// DNS.
pub static PROTOCOL: Protocol = Protocol {
    name: "dns",
    title: "DNS",
    on: &[On::Udp(53), On::Tcp(53)],
    probe,
    new: || Box::new(Dissector),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04cucm\x03lab\x07example\0\0\x01\0\x01",
        b"\x12\x34\x81\x80\0\x01\0\x03\0\0\0\0\x04cucm\x03lab\x07example\0\0\x01\0\x01\
          \xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x07\x04pub1\xc0\x11\
          \xc0\x2e\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x01\x0a\
          \xc0\x11\0\x21\0\x01\0\0\0\x3c\0\x08\0\x01\0\x02\x13\xc4\xc0\x0c",
    ],
};

fields! { FIELDS;
    ID = uint("dns.id", "Identifier: question and answer share it");
    RCODE = uint("dns.flags.rcode", "How the question was answered").codes(rcode);
    QRY_NAME = text("dns.qry.name", "Name asked for");
    QRY_TYPE = uint("dns.qry.type", "Type of record asked for").codes(record);
    CNAME = text("dns.cname", "Name that the name asked for stands for");
    A = ip("dns.a", "IPv4 address of the answer");
    AAAA = ip("dns.aaaa", "IPv6 address of the answer");
    SRV_PRIORITY = uint("dns.srv.priority", "Priority of a server, lowest first");
    SRV_WEIGHT = uint("dns.srv.weight", "Weight among servers of the same priority");
    SRV_PORT = uint("dns.srv.port", "Port of a server");
    SRV_TARGET = text("dns.srv.target", "Name of a server");
}

events! { EVENTS;
    QUERY = "dns.query", "A name is asked for.";
    ANSWER = "dns.answer", "A name server answers.";
    MALFORMED = "dns.malformed", "Bytes that are no DNS message.";
}

fn rcode(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "no error",
        1 => "format error",
        2 => "server failure",
        3 => "no such name",
        4 => "not implemented",
        5 => "refused",
        _ => return None,
    })
}

fn record(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        255 => "any",
        _ => return None,
    })
}

/// Opcode known, the reserved bit zero, few questions: a port alone proves nothing.
fn probe(bytes: &[u8]) -> Probe {
    // Over TCP two bytes of length come first.
    match message(bytes, 0) {
        Some(true) => Probe::Yes,
        first => match (first, message(bytes, 2)) {
            (None, _) | (_, None) => Probe::NeedMore,
            (_, Some(true)) => Probe::Yes,
            _ => Probe::No,
        },
    }
}

fn message(bytes: &[u8], at: usize) -> Option<bool> {
    let [_, _, high, low, q1, q0] = *bytes.get(at..)?.first_chunk()?;
    Some(high & 0x78 <= 0x28 && low & 0x40 == 0 && q1 == 0 && q0 <= 4)
}

/// Reads a message into `fields` and says which one it is.
pub fn read<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> Result<(&'static EventDef, Option<Malformed>), Malformed> {
    let mut r = Reader::new(bytes);
    let id = r.u16("identifier")?;
    fields.uint(&ID, id, 0, 2);
    let flags = r.u16("flags")?;
    let answer = flags & 0x8000 != 0;
    if answer {
        fields.uint(&RCODE, flags & 15, 3, 1);
    }
    let (questions, answers) = (r.u16("number of questions")?, r.u16("number of answers")?);
    r.take(4, "number of records")?;
    let defect = sections(&mut r, bytes, questions, answers, fields).err();
    Ok((if answer { &ANSWER } else { &QUERY }, defect))
}

fn sections<'a>(
    r: &mut Reader<'a>,
    bytes: &'a [u8],
    questions: u16,
    answers: u16,
    fields: &mut Fields<'a>,
) -> Result<(), Malformed> {
    for _ in 0..questions {
        let at = r.at();
        let name = name(r, bytes, "name asked for")?;
        fields.str(&QRY_NAME, name, at, r.at() - at);
        let at = r.at();
        fields.uint(&QRY_TYPE, r.u16("type asked for")?, at, 2);
        r.u16("class asked for")?;
    }
    for _ in 0..answers {
        name(r, bytes, "name of a record")?;
        let kind = r.u16("type of a record")?;
        r.take(6, "class and time to live of a record")?;
        let len = usize::from(r.u16("length of a record")?);
        let mut data = r.sub(len, "data of a record")?;
        let at = data.at();
        match kind {
            1 => drop(fields.ip(&A, data.array::<4>("address")?, at, 4)),
            28 => drop(fields.ip(&AAAA, data.array::<16>("address")?, at, 16)),
            5 => drop(fields.str(&CNAME, name(&mut data, bytes, "canonical name")?, at, len)),
            33 => {
                fields.uint(&SRV_PRIORITY, data.u16("priority")?, at, 2);
                fields.uint(&SRV_WEIGHT, data.u16("weight")?, at + 2, 2);
                fields.uint(&SRV_PORT, data.u16("port")?, at + 4, 2);
                fields.str(&SRV_TARGET, name(&mut data, bytes, "server")?, at + 6, len.saturating_sub(6));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A longer chain of pointers is no name: it has at most 127 labels, and every pointer is to save one.
const MAX_POINTERS: usize = 127;

/// A name; a pointer must lead back, so that no chain of them can loop (RFC 1035 §4.1.4).
fn name<'a>(r: &mut Reader<'a>, bytes: &'a [u8], what: &'static str) -> Result<String, Malformed> {
    let start = r.at();
    let mut name = String::new();
    let mut jumped: Option<Reader<'a>> = None;
    let mut before = start;
    let mut pointers = 0;
    loop {
        let from = jumped.as_mut().unwrap_or(r);
        let at = from.at();
        match from.u8(what)? {
            0 => break,
            len @ 1..=63 => {
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(&String::from_utf8_lossy(from.take(usize::from(len), what)?));
            }
            high @ 192.. => {
                let to = usize::from(high & 63) << 8 | usize::from(from.u8(what)?);
                pointers += 1;
                if to >= before || pointers > MAX_POINTERS {
                    return Err(Malformed { at, what });
                }
                before = to;
                let mut target = Reader::new(bytes);
                target.take(to, what)?;
                jumped = Some(target);
            }
            _ => return Err(Malformed { at, what }),
        }
        if name.len() > 1024 {
            return Err(Malformed { at: start, what });
        }
    }
    Ok(if name.is_empty() { "<Root>".to_owned() } else { name })
}

struct Dissector;

impl Dissector {
    fn message(segment: &Segment<'_>, part: std::ops::Range<usize>, out: &mut Out<'_>) {
        let mut fields = out.wanted_fields();
        let bytes = segment.bytes.get(part.clone()).unwrap_or_default();
        let (event, defect) = match read(bytes, &mut fields) {
            Ok((event, None)) => (event, None),
            Ok((event, why)) => (event, segment.defect(why)),
            Err(why) => (&MALFORMED, segment.defect(Some(why))),
        };
        out.event_in(event, fields, segment, part, defect);
    }
}

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        Dissector::message(segment, 0..segment.bytes.len(), out);
    }

    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let mut r = Reader::new(segment.bytes);
        loop {
            let start = r.at();
            let whole = r.u16("length").and_then(|len| r.take(usize::from(len), "message"));
            match whole {
                Ok(message) => Dissector::message(segment, r.at() - message.len()..r.at(), out),
                Err(_) if segment.end && start < segment.bytes.len() => {
                    let from = (start + 2).min(segment.bytes.len());
                    Dissector::message(segment, from..segment.bytes.len(), out);
                    return segment.bytes.len();
                }
                Err(_) => return start,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Side;
    use super::super::testing::{any_datagram, any_stream, datagram, stream};
    use super::*;

    const QUESTION: &str = "dns.qry.name=cucm.lab.example dns.qry.type=1";

    fn sample(n: usize) -> &'static [u8] {
        PROTOCOL.samples[n]
    }

    #[track_caller]
    fn check(bytes: &[u8], line: &str) {
        assert_eq!(datagram(&PROTOCOL, bytes), [line]);
    }

    #[test]
    fn question_and_answer() {
        check(sample(0), &format!("dns.query dns.id=4660 {QUESTION}"));
        check(
            sample(1),
            &format!(
                "dns.answer dns.id=4660 dns.flags.rcode=0 {QUESTION} dns.cname=pub1.lab.example dns.a=10.1.1.10 \
                 dns.srv.priority=1 dns.srv.weight=2 dns.srv.port=5060 dns.srv.target=cucm.lab.example"
            ),
        );
        check(b"\0\x01\x81\x83\0\0\0\0\0\0\0\0", "dns.answer dns.id=1 dns.flags.rcode=3");
    }

    #[test]
    fn pointers_do_not_loop() {
        let head = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0";
        for tail in [&b"\xc0\x0c\0\x01\0\x01"[..], b"\x01a\xc0\x0c\0\x01\0\x01", b"\xc0\x0e\xc0\x0c"] {
            let line = datagram(&PROTOCOL, &[&head[..], tail].concat()).concat();
            assert!(line.starts_with("dns.query dns.id=1 at=") && line.ends_with("name asked for"), "{line}");
        }
    }

    #[test]
    fn a_chain_of_pointers_is_bounded() {
        // An empty name, then pointers, each to the one before.
        let mut bytes = vec![0, 0];
        for _ in 0..=MAX_POINTERS {
            let last = bytes.len() as u16 - 2;
            bytes.extend((0xc000 | last).to_be_bytes());
        }
        let read = |at: usize| {
            let mut r = Reader::new(&bytes);
            r.take(at, "").unwrap();
            name(&mut r, &bytes, "name")
        };
        assert_eq!(read(2 * MAX_POINTERS), Ok("<Root>".to_owned()));
        assert_eq!(read(2 * MAX_POINTERS + 2), Err(Malformed { at: 2, what: "name" }));
    }

    #[test]
    fn over_tcp() {
        let framed: Vec<u8> =
            (0..2).flat_map(|n| [&(sample(n).len() as u16).to_be_bytes()[..], sample(n)].concat()).collect();
        let lines = stream(&PROTOCOL, (50000, 53), &[(Side::Client, &framed)]);
        assert_eq!(lines, [datagram(&PROTOCOL, sample(0)), datagram(&PROTOCOL, sample(1))].concat());
        let whole = stream(&PROTOCOL, (50000, 53), &[(Side::Client, &framed[..40]), (Side::Client, &framed[40..])]);
        assert_eq!(whole, lines);
    }

    #[test]
    fn probing() {
        assert_eq!(probe(sample(0)), Probe::Yes);
        assert_eq!(probe(b"\0\x20\x12\x34\x01\0\0\x01"), Probe::Yes);
        assert_eq!(probe(b"GET / HTTP/1.1"), Probe::No);
        assert_eq!(probe(b"\x12"), Probe::NeedMore);
    }

    #[test]
    fn anything() {
        any_datagram(&PROTOCOL);
        any_stream(&PROTOCOL, (50000, 53));
    }
}
