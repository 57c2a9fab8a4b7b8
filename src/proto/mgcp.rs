//! MGCP: how a CallManager rules a gateway (RFC 3435): that it does, and which verb and answer.
//!
//! Read: the first line of a datagram's first message, and its session description (RFC 3435 §3.4: after an empty
//! line), which is told and announces nothing: a gateway's media are no phone's. Not read: parameters.

use super::{Datagrams, On, Probe, Protocol, sdp};
use crate::bytes::Malformed;
use crate::event::{EventDef, Fields, text, uint};
use crate::{events, fields};

/// MGCP.
pub static PROTOCOL: Protocol = Protocol {
    name: "mgcp",
    title: "MGCP",
    on: &[On::Udp(2427), On::Udp(2727)],
    probe,
    new: || Box::new(Datagrams { read, malformed: &MALFORMED }),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"RSIP 380 *@gw1.lab.example MGCP 0.1\r\nRM: restart\r\n",
        b"200 380 OK\r\n",
        b"AUEP 7 aaln/S1/SU0/0@gw1 MGCP 0.1\r\nF: X\r\n",
        b"200 381 OK\r\nI: 1\r\n\r\nv=0\r\nc=IN IP4 10.1.1.20\r\nm=audio 16400 RTP/AVP 0\r\n",
    ],
};

fields! { FIELDS;
    VERB = text("mgcp.req.verb", "What is asked: RSIP restart, NTFY event, CRCX connect, DLCX disconnect, AUEP audit");
    ENDPOINT = text("mgcp.req.endpoint", "Port of the gateway that is meant");
    TRANSACTION = uint("mgcp.transid", "Number of the transaction");
    CODE = uint("mgcp.rsp.rspcode", "Answer: 2xx done, 4xx for now not, 5xx not");
    STRING = text("mgcp.rsp.rspstring", "Answer in words");
}

events! { EVENTS;
    REQUEST = "mgcp.request", "A CallManager or a gateway asks.";
    RESPONSE = "mgcp.response", "An answer.";
    MALFORMED = "mgcp.malformed", "Bytes that are no MGCP message.";
}

const VERBS: &[&str] = &["AUCX", "AUEP", "CRCX", "DLCX", "EPCF", "MDCX", "MESG", "NTFY", "RQNT", "RSIP"];

fn probe(bytes: &[u8]) -> Probe {
    match first_line(bytes, &mut Fields::new()) {
        Ok(_) => Probe::Yes,
        Err(_) => Probe::No,
    }
}

/// Reads the first line and the session description into `fields`.
pub fn read<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> Result<&'static EventDef, Malformed> {
    let event = first_line(bytes, fields)?;
    // A description begins with its version; several messages may share a datagram, with a dot between them.
    let blank = memchr::memmem::find(bytes, b"\n\r\nv=").map(|at| at + 3);
    if let Some(at) = blank.or_else(|| memchr::memmem::find(bytes, b"\n\nv=").map(|at| at + 2)) {
        let body = bytes.get(at..).unwrap_or_default();
        let end = memchr::memmem::find(body, b"\n.").map_or(body.len(), |end| end + 1);
        if let Some(defect) = sdp::parse(body.get(..end).unwrap_or_default(), at, fields, &mut |_| {}) {
            return Err(defect);
        }
    }
    Ok(event)
}

fn first_line<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> Result<&'static EventDef, Malformed> {
    let line = bytes.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    let mut at = 0;
    let mut words = line.splitn(4, |b| *b == b' ').map(|word| {
        let from = at;
        at += word.len() + 1;
        (word, from)
    });
    let (first, _) = words.next().unwrap_or_default();
    let number = |word: &[u8]| std::str::from_utf8(word).ok().and_then(|text| text.parse::<u32>().ok());
    let (id, id_at) = words.next().ok_or(Malformed { at: first.len(), what: "transaction" })?;
    let transaction = number(id).ok_or(Malformed { at: id_at, what: "transaction" })?;
    match number(first).filter(|_| first.len() == 3) {
        Some(code) => {
            fields.uint(&CODE, code, 0, 3).uint(&TRANSACTION, transaction, id_at, id.len());
            let from = id_at + id.len() + 1;
            if let Some(words) = line.get(from..).filter(|words| !words.is_empty()) {
                fields.text(&STRING, words, from);
            }
            Ok(&RESPONSE)
        }
        None => {
            if !VERBS.iter().any(|verb| first.eq_ignore_ascii_case(verb.as_bytes())) {
                return Err(Malformed { at: 0, what: "verb" });
            }
            fields.text(&VERB, first, 0).uint(&TRANSACTION, transaction, id_at, id.len());
            let (endpoint, endpoint_at) = words.next().ok_or(Malformed { at: line.len(), what: "endpoint" })?;
            fields.text(&ENDPOINT, endpoint, endpoint_at);
            Ok(&REQUEST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    #[test]
    fn first_lines() {
        for (sample, line) in PROTOCOL.samples.iter().zip([
            "mgcp.request mgcp.req.verb=RSIP mgcp.transid=380 mgcp.req.endpoint=*@gw1.lab.example",
            "mgcp.response mgcp.rsp.rspcode=200 mgcp.transid=380 mgcp.rsp.rspstring=OK",
            "mgcp.request mgcp.req.verb=AUEP mgcp.transid=7 mgcp.req.endpoint=aaln/S1/SU0/0@gw1",
            "mgcp.response mgcp.rsp.rspcode=200 mgcp.transid=381 mgcp.rsp.rspstring=OK sdp.version=0 \
             sdp.connection_info=IN IP4 10.1.1.20 sdp.connection_info.network_type=IN \
             sdp.connection_info.address_type=IP4 sdp.connection_info.address=10.1.1.20 \
             sdp.media=audio 16400 RTP/AVP 0 sdp.media.media=audio sdp.media.port=16400 sdp.media.proto=RTP/AVP \
             sdp.media.format=0 sdp.direction=sendrecv",
        ]) {
            assert_eq!(datagram(&PROTOCOL, sample), [line]);
        }
        assert_eq!(datagram(&PROTOCOL, b"HELLO 1"), ["mgcp.malformed at=0 what=verb"]);
        assert_eq!((probe(b"SIP/2.0 200 OK"), probe(b"200")), (Probe::No, Probe::No));
        any_datagram(&PROTOCOL);
    }
}
