//! Protocols: bytes → typed message → events. A protocol is one file here and one line in [`PROTOCOLS`].
//!
//! A dissector sees either whole datagrams or the in-order bytes of one direction of a TCP connection
//! ([`Segment`]), and pushes what it finds forward ([`Out`]): events, files, expectations. It knows no other
//! protocol, no phone and no model, and does no IO.
//!
//! What a protocol file looks like, top to bottom: what it reads and what not (`//!`), `PROTOCOL`, its fields
//! and events, the typed message and the pure `parse`, the dissector (state → events), tests.

pub mod arp;
pub mod cast;
pub mod cdp;
pub mod dhcp;
pub mod dns;
pub mod fetch;
pub mod http;
pub mod icmp;
pub mod igmp;
pub mod lldp;
pub mod mgcp;
pub mod named;
pub mod ntp;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod sip;
pub mod skinny;
pub mod snmp;
pub mod tftp;
pub mod tls;

use std::net::IpAddr;
use std::sync::Arc;

use crate::bytes::Malformed;
use crate::content::Memory;
pub use crate::event::Side;
use crate::event::{Event, EventDef, Field, FieldDef, Fields, Origin, Schema, Wanted};
use crate::time::Ts;

/// Adding a protocol is its file and its line here.
pub static PROTOCOLS: &[&Protocol] = &[
    &arp::PROTOCOL,
    &cdp::PROTOCOL,
    &lldp::PROTOCOL,
    &dhcp::PROTOCOL,
    &dns::PROTOCOL,
    &icmp::PROTOCOL,
    &igmp::PROTOCOL,
    &tftp::PROTOCOL,
    &tls::PROTOCOL,
    &sip::PROTOCOL,
    &sdp::PROTOCOL,
    &http::PROTOCOL,
    &skinny::PROTOCOL,
    &cast::PROTOCOL,
    &rtcp::PROTOCOL,
    &rtp::PROTOCOL,
    &ntp::PROTOCOL,
    &snmp::PROTOCOL,
    &mgcp::PROTOCOL,
    &named::CTI,
    &named::ASSISTANT,
    &named::BACKHAUL,
];

/// What the product knows of a protocol: everything else is derived from this.
#[derive(Debug)]
pub struct Protocol {
    /// tshark's name, and the first part of the names of its events: `dhcp`.
    pub name: &'static str,
    /// Its name for a person: `DHCP`.
    pub title: &'static str,
    /// Where it is found when nothing announced it. A port alone proves nothing: `probe` decides.
    pub on: &'static [On],
    /// Looks at the first bytes of a datagram or stream.
    pub probe: fn(&[u8]) -> Probe,
    /// A new dissector: one per capture for datagrams, one per connection for streams.
    pub new: fn() -> Box<dyn Dissect>,
    /// Its fields, in the order of `offhook fields`.
    pub fields: &'static [&'static FieldDef],
    /// Its events.
    pub events: &'static [&'static EventDef],
    /// Good messages: seeds for the fuzzer, and for the tests that cut and shuffle.
    pub samples: &'static [&'static [u8]],
}

/// Where a protocol is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// An EtherType.
    EtherType(u16),
    /// An LLC/SNAP header: organisation and protocol id.
    Snap(u32, u16),
    /// An IP protocol number.
    Ip(u8),
    /// A UDP port, of either end.
    Udp(u16),
    /// A TCP port, of either end.
    Tcp(u16),
    /// Any UDP flow whose first datagrams pass the probe.
    AnyUdp,
    /// Any TCP connection whose first bytes pass the probe.
    AnyTcp,
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It is this protocol.
    Yes,
    /// It is not.
    No,
    /// Too few bytes to tell.
    NeedMore,
}

/// In-order bytes of one direction: a whole datagram, or what of a stream was not consumed yet.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// The bytes. Of a stream: those not consumed so far, oldest first.
    pub bytes: &'a [u8],
    /// The frame that completed them; its source is their sender.
    pub origin: &'a Origin,
    /// Which frame brought the bytes from which offset on; ascending, the first begins at 0 (or before).
    pub marks: &'a [Mark],
    /// Who sends them.
    pub side: Side,
    /// No more bytes will follow in this direction (FIN, RST, or the end of the capture).
    pub end: bool,
    /// Bytes of the datagram that the snap length cut off; 0 if it is whole.
    pub cut: usize,
    /// Which flow: stable while the flow lives, reused after.
    pub flow: u32,
}

impl Segment<'_> {
    /// What is said of a message of which the snap length left only the beginning.
    pub const CUT: &'static str = "cut by the snap length";

    /// The defect to report: a snap length that cut the message explains whatever could not be read of it.
    pub fn defect(&self, found: Option<Malformed>) -> Option<Malformed> {
        if self.cut > 0 { Some(Malformed { at: self.bytes.len(), what: Self::CUT }) } else { found }
    }
}

/// From `at` on (an offset in [`Segment::bytes`]) the bytes came in `frame`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Offset in the bytes.
    pub at: usize,
    /// The frame that brought them.
    pub frame: u64,
}

/// A piece of what a stream carries inside another protocol, in the clear: a record of TLS without encryption.
#[derive(Debug, Clone, Default)]
pub struct Inside {
    /// The piece.
    pub bytes: Vec<u8>,
    /// Which frame brought the bytes from which offset on.
    pub marks: Vec<Mark>,
    /// How many bytes at its end belong to the outer protocol (a checksum); `None` if that is not known.
    pub trailer: Option<usize>,
}

/// How a direction of a TCP connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// FIN: all was sent.
    Fin,
    /// RST of either side: what was under way is lost.
    Reset,
}

/// A dissector: state → events.
pub trait Dissect: Send {
    /// A whole datagram or link-layer payload.
    fn datagram(&mut self, _segment: &Segment<'_>, _out: &mut Out<'_>) {}

    /// More bytes of a stream. Returns how many bytes from the start of `segment.bytes` are dealt with: the
    /// rest is offered again together with what follows. With `segment.end` nothing follows: say what was read.
    fn stream(&mut self, segment: &Segment<'_>, _out: &mut Out<'_>) -> usize {
        segment.bytes.len()
    }

    /// `lost` bytes of the stream from `side` will never come: they are not in the capture. What was offered
    /// and not consumed is dropped after this call.
    fn gap(&mut self, _side: Side, _lost: u64, _origin: &Origin, _out: &mut Out<'_>) {}

    /// Why the next [`Dissect::stream`] of `side` has `end`: it was closed, or the connection aborted (then once for
    /// each side). Not called where a flow merely ends with the capture.
    fn closed(&mut self, _side: Side, _how: Close, _origin: &Origin, _out: &mut Out<'_>) {}

    /// The flow is over (closed, evicted, or the capture ended): say what is still held.
    fn finish(&mut self, _origin: &Origin, _out: &mut Out<'_>) {}

    /// Bytes of messages and contents that are kept for one connection, about; those that [`Dissect::stream`] left to
    /// be offered again do not count.
    fn held(&self) -> usize {
        0
    }

    /// Capture time has come to `now`: say what became due. Must not change what is said, only when.
    fn tick(&mut self, _now: Ts, _out: &mut Out<'_>) {}
}

/// Reads one datagram: which event it is, or why it is none.
pub type Read = for<'a> fn(&'a [u8], &mut Fields<'a>) -> Result<&'static EventDef, Malformed>;

/// The dissector of a protocol whose datagrams stand alone: nothing is kept from one to the next.
#[derive(Debug)]
pub struct Datagrams {
    /// Reads one.
    pub read: Read,
    /// What is said of one that cannot be read.
    pub malformed: &'static EventDef,
}

impl Dissect for Datagrams {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.wanted_fields();
        match (self.read)(segment.bytes, &mut fields) {
            Ok(event) => out.event(event, fields, segment, segment.defect(None)),
            Err(why) => out.event(self.malformed, fields, segment, segment.defect(Some(why))),
        }
    }
}

/// A file that a phone asked for, as far as it was carried.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// The name asked for, without path.
    pub name: &'a str,
    /// `tftp` or `http`.
    pub transport: &'static str,
    /// Who asked.
    pub client: IpAddr,
    /// Who was asked.
    pub server: IpAddr,
    /// The content, exactly; only what was received if `complete` is false.
    pub bytes: &'a [u8],
    /// All of it is there.
    pub complete: bool,
    /// Frames that carried it, ascending.
    pub frames: &'a [u64],
}

/// An announcement that a flow will carry a protocol, wherever its port points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// The end that is known: its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// The other end's address, if it is known.
    pub peer: Option<IpAddr>,
    /// UDP (17) or TCP (6).
    pub ip_proto: u8,
    /// The name of the protocol in [`PROTOCOLS`].
    pub proto: &'static str,
    /// What was said of the media, if it is media and anything was said.
    pub media: Option<Arc<Announced>>,
}

/// What signalling said of media: whether it is encrypted, and what its payload types are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Announced {
    /// SRTP.
    pub secured: bool,
    /// Payload types with a meaning of their own.
    pub encodings: Vec<Encoding>,
}

/// What a payload type stands for in a session (RFC 8866 §6.6, `a=rtpmap`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// 0 to 127.
    pub payload_type: u8,
    /// `opus`, `telephone-event`
    pub name: String,
    /// Ticks of its timestamps a second.
    pub clock: u32,
}

impl Announced {
    /// What a payload type stands for.
    pub fn encoding(&self, payload_type: u8) -> Option<&Encoding> {
        self.encodings.iter().find(|encoding| encoding.payload_type == payload_type)
    }
}

impl Encoding {
    /// Digits (RFC 4733).
    pub fn is_digits(&self) -> bool {
        self.name.eq_ignore_ascii_case("telephone-event")
    }
}

/// What takes a dissector's findings: the pipeline, or a test.
pub trait Sink {
    /// A message was read.
    fn event(&mut self, event: &Event<'_>);
    /// A file was carried.
    fn file(&mut self, file: &File<'_>, origin: &Origin);
    /// A flow will carry a protocol.
    fn expect(&mut self, expect: Expect);
    /// A bound of the dissector was reached: its name is the option that raises it.
    fn limit(&mut self, bound: &'static str, origin: &Origin);
    /// What was said of the media that goes between these two ends.
    fn announced(&self, _origin: &Origin) -> Option<Arc<Announced>> {
        None
    }
    /// Whether events that only `decode` shows (one per TFTP block, per TLS record) are wanted.
    fn detail(&self) -> bool {
        true
    }
}

/// Where a dissector puts what it found.
pub struct Out<'s> {
    sink: &'s mut dyn Sink,
    spare: &'s mut Spare,
    expected: bool,
    inside: bool,
}

impl std::fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Out")
    }
}

/// How much dissectors keep; each is an option of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// RTP streams followed at the same time.
    pub streams: usize,
    /// TFTP transfers followed at the same time.
    pub transfers: usize,
    /// TFTP transfers of one client.
    pub client_transfers: usize,
    /// Bytes of one file that are kept to be read.
    pub file_bytes: usize,
    /// Bytes that all TFTP transfers together hold.
    pub transfer_bytes: usize,
    /// Bytes of the header of one HTTP message.
    pub http_head: usize,
    /// Requests of one HTTP connection that wait for their answers.
    pub http_requests: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            streams: 20_000,
            transfers: 4096,
            client_transfers: 256,
            file_bytes: fetch::MAX_KEPT,
            transfer_bytes: 64 << 20,
            http_head: 64 << 10,
            http_requests: 64,
        }
    }
}

/// Memory that [`Out`] reuses from message to message.
#[derive(Debug, Default)]
pub struct Spare {
    fields: Vec<Field<'static>>,
    frames: Vec<u64>,
    wanted: Option<Arc<Wanted>>,
    inside: Vec<Inside>,
    bounds: Bounds,
    /// What bodies said that came before.
    memory: Option<Box<Memory>>,
}

impl Spare {
    /// What the dissector gave with [`Out::inside`] since it was asked last.
    pub fn take_inside(&mut self) -> Vec<Inside> {
        std::mem::take(&mut self.inside)
    }

    /// Whether there is any.
    pub fn has_inside(&self) -> bool {
        !self.inside.is_empty()
    }

    /// Keeps the memory of the longer list.
    fn keep(&mut self, fields: Fields<'_>) {
        if fields.room() >= self.fields.capacity() {
            self.fields = fields.recycle();
        }
    }

    /// For readers who ask for these fields alone; `None` if they ask for all.
    pub fn of(wanted: Option<Arc<Wanted>>, bounds: Bounds) -> Spare {
        Spare { wanted, bounds, ..Spare::default() }
    }
}

impl<'s> Out<'s> {
    /// Into `sink`, with memory to reuse.
    pub fn new(sink: &'s mut dyn Sink, spare: &'s mut Spare) -> Out<'s> {
        Out { sink, spare, expected: false, inside: false }
    }

    /// How much may be kept.
    pub fn bounds(&self) -> Bounds {
        self.spare.bounds
    }

    /// For a datagram of a flow that was announced to carry the protocol ([`Expect`]), or not.
    pub fn expected(self, expected: bool) -> Out<'s> {
        Out { expected, ..self }
    }

    /// For a stream of which somebody reads what is inside, or not.
    pub fn inside_wanted(self, inside: bool) -> Out<'s> {
        Out { inside, ..self }
    }

    /// A part of `segment.bytes` is a piece of another protocol's stream, and `trailer` bytes of ours at its end.
    pub fn inside(&mut self, segment: &Segment<'_>, part: std::ops::Range<usize>, trailer: Option<usize>) {
        let Some(bytes) = segment.bytes.get(part.clone()).filter(|_| self.inside) else { return };
        let ends = segment.marks.iter().skip(1).map(|next| next.at).chain(std::iter::once(usize::MAX));
        let marks = segment
            .marks
            .iter()
            .zip(ends)
            .filter(|(mark, end)| mark.at < part.end && *end > part.start)
            .map(|(mark, _)| Mark { at: mark.at.saturating_sub(part.start), ..*mark })
            .collect();
        self.spare.inside.push(Inside { bytes: bytes.to_vec(), marks, trailer });
    }

    /// An empty list of fields for the next message, which keeps them all: a dissector may read its own fields.
    pub fn fields<'a>(&mut self) -> Fields<'a> {
        Fields::from_vec(std::mem::take(&mut self.spare.fields), None)
    }

    /// An empty list of fields for the next message, which keeps only those that somebody asks for.
    pub fn wanted_fields<'a>(&mut self) -> Fields<'a> {
        Fields::from_vec(std::mem::take(&mut self.spare.fields), self.spare.wanted.clone())
    }

    /// The fields that somebody asks for; `None` if all are.
    pub fn wanted(&self) -> Option<Arc<Wanted>> {
        self.spare.wanted.clone()
    }

    /// What bodies said that came before; to be given back with [`Out::give_memory`].
    pub fn take_memory(&mut self) -> Box<Memory> {
        self.spare.memory.take().unwrap_or_default()
    }

    /// Gives back what was taken.
    pub fn give_memory(&mut self, memory: Box<Memory>) {
        self.spare.memory = Some(memory);
    }

    /// Whether somebody asks for the field.
    pub fn wants(&self, def: &'static FieldDef) -> bool {
        self.spare.wanted.as_ref().is_none_or(|wanted| wanted.has(def))
    }

    /// A message that is all of `segment.bytes` (a datagram).
    pub fn event(
        &mut self,
        def: &'static EventDef,
        fields: Fields<'_>,
        segment: &Segment<'_>,
        defect: Option<Malformed>,
    ) {
        self.event_in(def, fields, segment, 0..segment.bytes.len(), defect);
    }

    /// A message that is a part of `segment.bytes` (one of several in a stream). Places of fields and of the
    /// defect count from the start of the part.
    pub fn event_in(
        &mut self,
        def: &'static EventDef,
        fields: Fields<'_>,
        segment: &Segment<'_>,
        part: std::ops::Range<usize>,
        defect: Option<Malformed>,
    ) {
        let bytes = segment.bytes.get(part.clone()).unwrap_or_default();
        if let [only] = segment.marks
            && only.frame == segment.origin.frame
        {
            let frames = std::slice::from_ref(&only.frame);
            self.sink.event(&Event { def, origin: segment.origin, fields: fields.list(), frames, bytes, defect });
            self.spare.keep(fields);
            return;
        }
        let frames = &mut self.spare.frames;
        frames.clear();
        for (mark, until) in segment
            .marks
            .iter()
            .zip(segment.marks.iter().skip(1).map(|next| next.at).chain(std::iter::once(usize::MAX)))
        {
            if mark.at < part.end.max(1) && until > part.start && frames.last() != Some(&mark.frame) {
                frames.push(mark.frame);
            }
        }
        frames.retain(|frame| *frame < segment.origin.frame);
        frames.push(segment.origin.frame);
        frames.sort_unstable();
        frames.dedup();
        self.sink.event(&Event { def, origin: segment.origin, fields: fields.list(), frames, bytes, defect });
        self.spare.keep(fields);
    }

    /// A message whose frames the dissector kept itself (a response whose body took many segments).
    pub fn event_of(
        &mut self,
        def: &'static EventDef,
        fields: Fields<'_>,
        origin: &Origin,
        frames: &[u64],
        bytes: &[u8],
        defect: Option<Malformed>,
    ) {
        self.sink.event(&Event { def, origin, fields: fields.list(), frames, bytes, defect });
        self.spare.keep(fields);
    }

    /// A file was carried.
    pub fn file(&mut self, file: &File<'_>, origin: &Origin) {
        self.sink.file(file, origin);
    }

    /// A flow will carry a protocol.
    pub fn expect(&mut self, expect: Expect) {
        self.sink.expect(expect);
    }

    /// A bound of the dissector was reached.
    pub fn limit(&mut self, bound: &'static str, origin: &Origin) {
        self.sink.limit(bound, origin);
    }

    /// Whether the datagram's flow was announced to carry the protocol. Its content need not prove it then.
    pub fn is_expected(&self) -> bool {
        self.expected
    }

    /// What was said of the media that goes between these two ends.
    pub fn announced(&self, origin: &Origin) -> Option<Arc<Announced>> {
        self.sink.announced(origin)
    }

    /// Whether events that only `decode` shows are wanted.
    pub fn detail(&self) -> bool {
        self.sink.detail()
    }
}

/// The protocol of that name.
pub fn protocol(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|p| p.name == name).copied()
}

/// All that dissectors, contents, flows and phones declare.
pub fn schema(more: &[(&'static [&'static FieldDef], &'static [&'static EventDef])]) -> Schema {
    Schema::new(
        PROTOCOLS.iter().map(|p| p.fields).chain(more.iter().map(|m| m.0)),
        PROTOCOLS.iter().map(|p| p.events).chain(more.iter().map(|m| m.1)),
    )
}

#[cfg(test)]
pub(crate) mod testing;
