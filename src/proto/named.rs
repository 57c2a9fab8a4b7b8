//! Connections that are known by name, port, direction, size and DSCP, while what they say is not public: CTI (QBE),
//! the Assistant console, the backhaul of MGCP gateways.
//!
//! A port alone proves little, and there is no content to recognise: what surely is another protocol on such a port
//! (text, TLS) is refused, and every event says that the port alone names it.

use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::event::{EventDef, FieldDef, Fields, Origin, Side, text, uint};
use crate::{events, fields};

/// Computer telephony: applications and CTIManager (QBE, TCP 2748; inside TLS on 2749).
pub static CTI: Protocol = Protocol {
    name: "cti",
    title: "CTI (QBE)",
    on: &[On::Tcp(2748)],
    probe,
    new: || Box::new(Named::new(&CTI_BEGIN, &CTI_END)),
    fields: FIELDS,
    events: CTI_EVENTS,
    samples: SAMPLES,
};

/// The Assistant console of a secretary (TCP 2912).
pub static ASSISTANT: Protocol = Protocol {
    name: "assistant",
    title: "Assistant console",
    on: &[On::Tcp(2912)],
    probe,
    new: || Box::new(Named::new(&ASSISTANT_BEGIN, &ASSISTANT_END)),
    fields: FIELDS,
    events: ASSISTANT_EVENTS,
    samples: SAMPLES,
};

/// Signalling of ISDN interfaces, carried by gateways to the CallManager (TCP 2428).
pub static BACKHAUL: Protocol = Protocol {
    name: "backhaul",
    title: "MGCP PRI backhaul",
    on: &[On::Tcp(2428)],
    probe,
    new: || Box::new(Named::new(&BACKHAUL_BEGIN, &BACKHAUL_END)),
    fields: FIELDS,
    events: BACKHAUL_EVENTS,
    samples: SAMPLES,
};

static SAMPLES: &[&[u8]] = &[b"\x01\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0"];

fields! { FIELDS;
    BY = text("named.by", "How the flow was recognised: port (its content is not public)");
    SENDER = text("named.sender", "Which side begins to send: client or server");
    DSCP = uint("named.dscp", "Differentiated services code point of its first bytes");
    CLIENT_DSCP = uint("named.client_dscp", "DSCP of what the client sent");
    SERVER_DSCP = uint("named.server_dscp", "DSCP of what the server sent");
    CLIENT_BYTES = uint("named.client_bytes", "Bytes that the client sent").unit("bytes");
    SERVER_BYTES = uint("named.server_bytes", "Bytes that the server sent").unit("bytes");
}

events! { CTI_EVENTS;
    CTI_BEGIN = "cti.begin", "One side of a CTI connection begins to send.";
    CTI_END = "cti.end", "A CTI connection is over: what went each way.";
}
events! { ASSISTANT_EVENTS;
    ASSISTANT_BEGIN = "assistant.begin", "One side of an Assistant console's connection begins to send.";
    ASSISTANT_END = "assistant.end", "An Assistant console's connection is over: what went each way.";
}
events! { BACKHAUL_EVENTS;
    BACKHAUL_BEGIN = "backhaul.begin", "One side of a gateway's backhaul begins to send.";
    BACKHAUL_END = "backhaul.end", "A gateway's backhaul is over: what went each way.";
}

/// Refuses what surely is something else: four letters, blanks, strokes (HTTP, SIP), a record of TLS.
fn probe(bytes: &[u8]) -> Probe {
    match *bytes {
        [20..=23, 3, 0..=4, ..] => Probe::No,
        [a, b, c, d, ..] if [a, b, c, d].iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'/')) => {
            Probe::No
        }
        [_, _, _, _, ..] => Probe::Yes,
        _ => Probe::NeedMore,
    }
}

/// One connection.
struct Named {
    begin: &'static EventDef,
    end: &'static EventDef,
    bytes: [u64; 2],
    dscp: [Option<u8>; 2],
    over: bool,
}

impl Named {
    fn new(begin: &'static EventDef, end: &'static EventDef) -> Named {
        Named { begin, end, bytes: [0; 2], dscp: [None; 2], over: false }
    }
}

fn by_port<'a>(out: &mut Out<'_>) -> Fields<'a> {
    let mut fields = out.wanted_fields();
    fields.str(&BY, "port", 0, 0);
    fields
}

impl Dissect for Named {
    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let length = segment.bytes.len();
        let [client, server] = &mut self.dscp;
        let dscp = if segment.side == Side::Client { client } else { server };
        if length > 0 && dscp.is_none() {
            *dscp = Some(segment.origin.dscp);
            let mut fields = by_port(out);
            fields.str(&SENDER, if segment.side == Side::Client { "client" } else { "server" }, 0, 0);
            fields.uint(&DSCP, segment.origin.dscp, 0, 0);
            out.event(self.begin, fields, segment, None);
        }
        if let Some(bytes) = self.bytes.get_mut(segment.side.index()) {
            *bytes += length as u64;
        }
        length
    }

    fn finish(&mut self, origin: &Origin, out: &mut Out<'_>) {
        if std::mem::replace(&mut self.over, true) || self.bytes == [0; 2] {
            return;
        }
        let mut fields = by_port(out);
        let defs: [(&'static FieldDef, &'static FieldDef); 2] =
            [(&CLIENT_DSCP, &CLIENT_BYTES), (&SERVER_DSCP, &SERVER_BYTES)];
        for ((mark, count), (dscp, bytes)) in defs.into_iter().zip(self.dscp.iter().zip(self.bytes)) {
            if let Some(dscp) = dscp {
                fields.uint(mark, *dscp, 0, 0);
            }
            fields.uint(count, bytes, 0, 0);
        }
        out.event_of(self.end, fields, origin, &[origin.frame], &[], None);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_stream, stream};
    use super::*;

    #[test]
    fn sides_sizes_and_marks() {
        let lines = stream(
            &CTI,
            (50000, 2748),
            &[(Side::Client, b"\x01\0\0\x10"), (Side::Server, b"\x01\0\0\x10\0\0"), (Side::Client, b"\0\0")],
        );
        assert_eq!(
            lines,
            [
                "cti.begin named.by=port named.sender=client named.dscp=0",
                "cti.begin named.by=port named.sender=server named.dscp=0",
                "cti.end named.by=port named.client_dscp=0 named.client_bytes=6 named.server_dscp=0 named.server_bytes=6",
            ]
        );
        for protocol in [&CTI, &ASSISTANT, &BACKHAUL] {
            any_stream(protocol, (50000, 2912));
        }
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"SIP/2.0 200", b"\x16\x03\x01\0\x40"] {
            assert_ne!(probe(bytes), Probe::Yes, "{bytes:?}");
        }
        assert_eq!((probe(b"\x01\0\0\x10"), probe(b"\x01")), (Probe::Yes, Probe::NeedMore));
    }
}
