//! TFTP: how phones fetch trust lists, configurations and firmware (RFC 1350; options RFC 2347, 2348, 2349, 7440).
//!
//! Read: all messages, and whole transfers of reads: blocks late, twice, with windows and past 65535. What came of
//! a read is said by the `file.*` events ([`crate::content::file`]).
//! Not read: what a write carries; netascii is named in `tftp.type` and not translated.
//!
//! The server answers from a port of its own: a request is followed by [`Out::expect`], and transfers are found
//! by the client's address and port. Event per block only where [`Out::detail`] wants them.

mod transfer;

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Dissect, Expect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::content::file::{self, Answer, Fetch};
use crate::event::{Endpoint, FieldDef, Fields, text, uint};
use crate::time::{Span, Ts};
use crate::{events, fields};
use transfer::{Block, Run};

/// What offhook knows of TFTP.
pub static PROTOCOL: Protocol = Protocol {
    name: "tftp",
    title: "TFTP",
    on: &[On::Udp(69)],
    probe,
    new: || Box::<Tftp>::default(),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\0\x01CTLSEP001122334455.tlv\0octet\0",
        b"\0\x01SEP001122334455.cnf.xml.sgn\0octet\0tsize\x000\0blksize\x001448\0timeout\x003\0",
        b"\0\x02upload.txt\0netascii\0",
        b"\0\x03\0\x01\x01\0\x02\x01\0xxxx",
        b"\0\x04\0\0",
        b"\0\x05\0\x01File not found\0",
        b"\0\x06tsize\x0012277\0blksize\x001448\0",
    ],
};

fields! { FIELDS;
    OPCODE = uint("tftp.opcode", "Kind of message").codes(opcode_name);
    SOURCE_FILE = text("tftp.source_file", "File that is asked for");
    DESTINATION_FILE = text("tftp.destination_file", "File that is to be written");
    TYPE = text("tftp.type", "Transfer mode: octet or netascii");
    OPTION_NAME = text("tftp.option.name", "Name of an option");
    OPTION_VALUE = text("tftp.option.value", "Value of the option");
    BLOCK = uint("tftp.block", "Block number, modulo 65536");
    DATA_LEN = uint("tftp.data_len", "Bytes of content in the block").unit("bytes");
    ERROR_CODE = uint("tftp.error.code", "Error code").codes(error_name);
    ERROR_MESSAGE = text("tftp.error.message", "Text of the error");
}

events! { EVENTS;
    READ = "tftp.read", "A client asks for a file.";
    WRITE = "tftp.write", "A client wants to write a file.";
    DATA = "tftp.data", "A block of a file.";
    ACK = "tftp.ack", "A block is acknowledged.";
    ERROR = "tftp.error", "The transfer is refused or given up.";
    OACK = "tftp.oack", "The server accepts options.";
    MALFORMED = "tftp.malformed", "Something that is no TFTP message.";
}

fn opcode_name(code: u64) -> Option<&'static str> {
    let names =
        ["Read Request", "Write Request", "Data Packet", "Acknowledgement", "Error Code", "Option Acknowledgement"];
    names.get(usize::try_from(code).ok()?.checked_sub(1)?).copied()
}

fn error_name(code: u64) -> Option<&'static str> {
    let names = [
        "Not defined",
        "File not found",
        "Access violation",
        "Disk full or allocation exceeded",
        "Illegal TFTP Operation",
        "Unknown transfer ID",
        "File already exists",
        "No such user",
        "Option negotiation failed",
    ];
    names.get(usize::try_from(code).ok()?).copied()
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// RRQ or WRQ.
    Request {
        /// WRQ.
        write: bool,
        /// The name as sent.
        file: &'a [u8],
        /// What the client would like.
        options: Options,
    },
    /// DATA.
    Data {
        /// Modulo 65536.
        block: u16,
        /// Its content.
        data: &'a [u8],
    },
    /// ACK of this block, modulo 65536.
    Ack(u16),
    /// ERROR.
    Error {
        /// RFC 1350, appendix.
        code: u16,
        /// Without its NUL.
        message: &'a [u8],
    },
    /// OACK: the options that hold.
    Oack(Options),
}

/// The options that decide what a transfer looks like; `None` where one is not there or makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Bytes a block, 8 to 65464 (RFC 2348).
    pub blksize: Option<u64>,
    /// Blocks to one ACK (RFC 7440).
    pub windowsize: Option<u64>,
    /// Size of the file in bytes (RFC 2349).
    pub tsize: Option<u64>,
}

/// Reads a message, and pushes its fields as far as they can be read. A message may come together with a defect:
/// then the rest of it could not be read.
pub fn parse<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> (Option<Message<'a>>, Option<Malformed>) {
    let mut r = Reader::new(bytes);
    let opcode = match r.u16("opcode") {
        Ok(opcode) => opcode,
        Err(defect) => return (None, Some(defect)),
    };
    fields.uint(&OPCODE, opcode, 0, 2);
    let mut message = match opcode {
        1 | 2 => Message::Request { write: opcode == 2, file: &[], options: Options::default() },
        3 => Message::Data { block: 0, data: &[] },
        4 => Message::Ack(0),
        5 => Message::Error { code: 0, message: &[] },
        6 => Message::Oack(Options::default()),
        _ => return (None, Some(Malformed { at: 0, what: "opcode" })),
    };
    let defect = rest(&mut r, &mut message, fields).err();
    (Some(message), defect)
}

fn rest<'a>(r: &mut Reader<'a>, message: &mut Message<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    match message {
        Message::Request { write, file, options } => {
            let name = if *write { &DESTINATION_FILE } else { &SOURCE_FILE };
            *file = text_field(r, "file name", name, fields)?;
            text_field(r, "mode", &TYPE, fields)?;
            read_options(r, options, fields)?;
        }
        Message::Data { block, data } => {
            *block = r.u16("block number")?;
            *data = r.rest();
            fields.uint(&BLOCK, *block, 2, 2).uint(&DATA_LEN, data.len() as u64, 4, data.len());
        }
        Message::Ack(block) => {
            *block = r.u16("block number")?;
            fields.uint(&BLOCK, *block, 2, 2);
        }
        Message::Error { code, message } => {
            *code = r.u16("error code")?;
            fields.uint(&ERROR_CODE, *code, 2, 2);
            // Some servers forget the NUL: the text is there all the same.
            *message = r.rest().split(|b| *b == 0).next().unwrap_or_default();
            fields.text(&ERROR_MESSAGE, message, r.at());
            r.until_nul("error message")?;
        }
        Message::Oack(options) => read_options(r, options, fields)?,
    }
    Ok(())
}

fn text_field<'a>(
    r: &mut Reader<'a>,
    what: &'static str,
    def: &'static FieldDef,
    fields: &mut Fields<'a>,
) -> Result<&'a [u8], Malformed> {
    let at = r.at();
    let text = r.until_nul(what)?;
    fields.text(def, text, at);
    Ok(text)
}

fn read_options<'a>(r: &mut Reader<'a>, options: &mut Options, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    while !r.is_empty() {
        let name = text_field(r, "option name", &OPTION_NAME, fields)?;
        let value = text_field(r, "option value", &OPTION_VALUE, fields)?;
        let number = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse::<u64>().ok());
        if name.eq_ignore_ascii_case(b"blksize") {
            options.blksize = number.filter(|n| (8..=65464).contains(n));
        } else if name.eq_ignore_ascii_case(b"windowsize") {
            options.windowsize = number.filter(|n| (1..=65535).contains(n));
        } else if name.eq_ignore_ascii_case(b"tsize") {
            options.tsize = number;
        }
    }
    Ok(())
}

fn probe(bytes: &[u8]) -> Probe {
    let text = |b: &u8| *b == 0 || (0x20..0x7f).contains(b) || *b >= 0x80;
    let is = match bytes {
        [0, 1 | 2 | 6, rest @ ..] => rest.len() >= 2 && rest.last() == Some(&0) && rest.iter().all(text),
        [0, 3, _, _, ..] => true,
        [0, 4, _, _] => true,
        [0, 5, 0, code, ..] => *code <= 8,
        _ => false,
    };
    if is { Probe::Yes } else { Probe::No }
}

/// More transfers at a time are not followed: the oldest are forgotten.
const MAX_TRANSFERS: usize = 4096;
/// And no more than these of one client.
const MAX_PER_CLIENT: usize = 256;
/// Bytes of content held for all transfers together.
const MAX_HELD: usize = 64 << 20;
/// A transfer that moved this lately goes on beside a new request for the same file (phones behind one address).
const ALIVE: Span = Span::from_secs(1);
/// After a longer rest a new request for the same file is a new wish, and no sign that the old one failed.
const RELATED: Span = Span::from_secs(300);
/// How long a finished transfer is remembered, so that late copies of its blocks are known.
const REMEMBERED: Span = Span::from_secs(10);

/// The dissector: all transfers of the capture.
#[derive(Default)]
struct Tftp {
    /// By the client's address.
    transfers: HashMap<IpAddr, Vec<Transfer>, foldhash::fast::RandomState>,
    count: usize,
    held: usize,
    messages: u64,
}

/// One request and what came of it.
struct Transfer {
    client: Endpoint,
    server: IpAddr,
    /// The server's own port, once it answered.
    tid: Option<Endpoint>,
    /// The server's port of an earlier transfer to the same client port, which may still repeat a block.
    stale: Option<Endpoint>,
    /// `None` for a write, or a name that is none: its messages are read, and nothing more.
    fetch: Option<Fetch>,
    asked: Options,
    state: State,
    last: Ts,
    /// The message that moved it last, counted over all: who rested longest has the least.
    moved: u64,
}

enum State {
    /// No answer yet.
    Asked,
    /// The server sends.
    Running(Box<Run>),
    /// Complete, refused or given up.
    Over,
}

impl Dissect for Tftp {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.fields();
        let (message, mut defect) = parse(segment.bytes, &mut fields);
        if segment.cut > 0 && defect.is_none() {
            defect = Some(Malformed { at: segment.bytes.len(), what: "rest of the datagram (cut off in the capture)" });
        }
        let def = match message {
            Some(Message::Request { write: false, file, .. }) => {
                if let Some(fetch) = segment.origin.src.zip(segment.origin.dst).and_then(|ends| fetch(file, ends)) {
                    fetch.name_fields(&mut fields);
                }
                &READ
            }
            Some(Message::Request { .. }) => &WRITE,
            Some(Message::Data { .. }) => &DATA,
            Some(Message::Ack(_)) => &ACK,
            Some(Message::Error { .. }) => &ERROR,
            Some(Message::Oack(_)) => &OACK,
            None => &MALFORMED,
        };
        // A block or its ACK is no news to anyone but a reader of all messages, unless something is wrong with it.
        if !matches!(message, Some(Message::Data { .. } | Message::Ack(_))) || defect.is_some() || out.detail() {
            out.event(def, fields, segment, defect);
        }
        if let (Some(message), Some(src), Some(dst)) = (message, segment.origin.src, segment.origin.dst) {
            self.follow(message, src, dst, segment, out);
        }
    }
}

fn fetch(file: &[u8], (client, server): (Endpoint, Endpoint)) -> Option<Fetch> {
    Fetch::new(&String::from_utf8_lossy(file), "tftp", client.ip, server.ip)
}

impl Tftp {
    fn follow(&mut self, message: Message<'_>, src: Endpoint, dst: Endpoint, segment: &Segment<'_>, out: &mut Out<'_>) {
        self.messages += 1;
        match message {
            Message::Request { write, file, options } => {
                let expect = Expect { ip: src.ip, port: src.port, peer: None, ip_proto: 17, proto: "tftp" };
                // Without the peer: a server with several addresses may answer from another one.
                out.expect(expect);
                let fetch = fetch(file, (src, dst)).filter(|_| !write);
                self.request(fetch, src, dst, options, segment, out);
            }
            Message::Oack(options) => {
                self.with(dst, src, segment, out, |transfer, out| transfer.oack(options, src, segment, out));
            }
            Message::Data { block, data } => {
                self.with(dst, src, segment, out, |transfer, out| transfer.data(block, data, src, segment, out));
            }
            Message::Ack(block) => {
                self.with(src, dst, segment, out, |transfer, out| transfer.ack(block, segment, out));
            }
            Message::Error { code, message } => {
                let answer = Answer { code: code.into(), message };
                if !self.with(dst, src, segment, out, |transfer, out| transfer.refused(answer, src, segment, out)) {
                    self.with(src, dst, segment, out, |transfer, out| transfer.dropped(answer, dst, segment, out));
                }
            }
        }
    }

    /// Lets the transfer of a client's port do something, and keeps count of what it holds.
    fn with(
        &mut self,
        client: Endpoint,
        server: Endpoint,
        segment: &Segment<'_>,
        out: &mut Out<'_>,
        act: impl FnOnce(&mut Transfer, &mut Out<'_>),
    ) -> bool {
        let Some(list) = self.transfers.get_mut(&client.ip) else { return false };
        let Some(transfer) = nearest(list, client, server) else { return false };
        let before = transfer.held();
        act(transfer, out);
        transfer.last = segment.origin.time;
        transfer.moved = self.messages;
        self.held = (self.held + transfer.held()).saturating_sub(before);
        if self.held > MAX_HELD {
            self.held = self.held.saturating_sub(transfer.held());
            if let State::Running(run) = &mut transfer.state {
                run.forget();
            }
            self.held += transfer.held();
            out.limit("max-file-bytes", segment.origin);
        }
        true
    }

    fn request(
        &mut self,
        fetch: Option<Fetch>,
        client: Endpoint,
        server: Endpoint,
        asked: Options,
        segment: &Segment<'_>,
        out: &mut Out<'_>,
    ) {
        let now = segment.origin.time;
        let list = self.transfers.entry(client.ip).or_default();
        let (mut attempt, mut stale) = (1, None);
        for other in list.iter_mut() {
            let again = other.client.port == client.port && other.server == server.ip;
            stale = if again { other.tid } else { stale };
            let same = fetch.as_ref().zip(other.fetch.as_ref()).is_some_and(|(a, b)| a.name == b.name);
            if matches!(other.state, State::Over) || !(same || again) {
                continue;
            }
            let rest = now.since(other.last);
            if same && other.server == server.ip && rest < RELATED {
                attempt = attempt.max(other.fetch.as_ref().map_or(1, |fetch| fetch.attempt) + 1);
            }
            if !again && rest < ALIVE {
                continue;
            }
            self.held = self.held.saturating_sub(other.held());
            if let State::Running(run) = std::mem::replace(&mut other.state, State::Over) {
                // Asked again from the same port before the first block: the answer was lost on its way.
                if rest < RELATED && !(again && run.is_empty()) {
                    other.stalled(&run, None, segment, out);
                }
            }
        }
        let before = list.len();
        list.retain(|t| {
            let again = t.client.port == client.port && t.server == server.ip;
            let forgotten = matches!(t.state, State::Over) && now.since(t.last) > REMEMBERED;
            !(again || forgotten)
        });
        self.count -= before - list.len();

        let fetch = fetch.map(|fetch| Fetch { attempt, ..fetch });
        if let Some(fetch) = &fetch {
            fetch.requested(segment.origin, out);
        }
        let (server, moved) = (server.ip, self.messages);
        list.push(Transfer { client, server, tid: None, stale, fetch, asked, state: State::Asked, last: now, moved });
        self.count += 1;
        let crowded = list.len() > MAX_PER_CLIENT;
        if crowded || self.count > MAX_TRANSFERS {
            self.evict(crowded.then_some(client.ip), segment, out);
        }
    }

    /// Makes room, by a quarter: among all transfers, or those of one client, the ones that rested longest.
    fn evict(&mut self, client: Option<IpAddr>, segment: &Segment<'_>, out: &mut Out<'_>) {
        let concerned = |ip: &IpAddr| client.is_none_or(|client| client == *ip);
        let lists = self.transfers.iter().filter(|(ip, _)| concerned(ip));
        let mut moved: Vec<u64> = lists.flat_map(|(_, list)| list.iter().map(|t| t.moved)).collect();
        moved.sort_unstable();
        let until = moved.get(moved.len() / 4).copied().unwrap_or_default();
        let mut unfinished = false;
        for (_, list) in self.transfers.iter_mut().filter(|(ip, _)| concerned(ip)) {
            list.retain(|t| {
                let goes = t.moved <= until;
                unfinished |= goes && !matches!(t.state, State::Over);
                !goes
            });
        }
        self.transfers.retain(|_, list| !list.is_empty());
        let all = || self.transfers.values().flatten();
        (self.count, self.held) = (all().count(), all().map(Transfer::held).sum());
        if unfinished {
            out.limit("max-transfers", segment.origin);
        }
    }
}

/// The transfer of a client's port: with this server, or else with one that answers from another address.
fn nearest(list: &mut [Transfer], client: Endpoint, server: Endpoint) -> Option<&mut Transfer> {
    let exact = |t: &Transfer| t.server == server.ip || t.tid.is_some_and(|tid| tid.ip == server.ip);
    let mine = |t: &&mut Transfer| t.client.port == client.port;
    let found = list.iter().rposition(|t| t.client.port == client.port && exact(t));
    match found {
        Some(at) => list.get_mut(at),
        None => list.iter_mut().rev().filter(mine).find(|t| matches!(t.state, State::Asked)),
    }
}

impl Transfer {
    fn held(&self) -> usize {
        match &self.state {
            State::Running(run) => run.held(),
            State::Asked | State::Over => 0,
        }
    }

    /// Whether `server` is the one that serves this transfer: the first that answered, as the client sees it.
    fn is_server(&mut self, server: Endpoint) -> bool {
        *self.tid.get_or_insert(server) == server
    }

    fn begin(&mut self, granted: Options, segment: &Segment<'_>, out: &mut Out<'_>) {
        let Some(fetch) = &self.fetch else { return };
        fetch.found(granted.tsize, None, segment.origin, out);
        self.state = State::Running(Box::new(Run::new(fetch, granted, out.detail())));
    }

    fn oack(&mut self, granted: Options, server: Endpoint, segment: &Segment<'_>, out: &mut Out<'_>) {
        if self.is_server(server) && matches!(self.state, State::Asked) {
            self.begin(granted, segment, out);
        }
    }

    fn data(&mut self, block: u16, data: &[u8], server: Endpoint, segment: &Segment<'_>, out: &mut Out<'_>) {
        let late = self.tid.is_none() && self.stale == Some(server) && block > 1;
        if self.fetch.is_none() || late || !self.is_server(server) {
            return;
        }
        if matches!(self.state, State::Asked) {
            // No OACK: the options do not hold. A longer block shows that there was one, which was not captured.
            let len = (data.len() + segment.cut) as u64;
            let longer = Options { blksize: Some(len), tsize: None, windowsize: self.asked.windowsize };
            self.begin(if len > 512 { longer } else { Options::default() }, segment, out);
        }
        let State::Running(run) = &mut self.state else { return };
        let block = Block { number: block, data, cut: segment.cut, frame: segment.origin.frame };
        if !run.block(&block) {
            out.limit("max-file-bytes", segment.origin);
        }
        self.complete(segment, out);
    }

    fn ack(&mut self, block: u16, segment: &Segment<'_>, out: &mut Out<'_>) {
        if let State::Running(run) = &mut self.state {
            run.acknowledged(block);
            self.complete(segment, out);
        }
    }

    fn complete(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        if let (State::Running(run), Some(fetch)) = (&self.state, &self.fetch)
            && run.is_complete()
        {
            fetch.complete(run.body(), segment.origin, out);
            self.state = State::Over;
        }
    }

    /// An error from the server.
    fn refused(&mut self, answer: Answer<'_>, server: Endpoint, segment: &Segment<'_>, out: &mut Out<'_>) {
        if !self.is_server(server) {
            return;
        }
        match (std::mem::replace(&mut self.state, State::Over), &self.fetch) {
            (State::Asked, Some(fetch)) => {
                let def = if answer.code == 1 { &file::NOT_FOUND } else { &file::REFUSED };
                fetch.answered(def, answer, segment.origin, out);
            }
            (State::Running(run), _) => self.stalled(&run, Some(answer), segment, out),
            _ => (),
        }
    }

    /// An error from the client.
    fn dropped(&mut self, answer: Answer<'_>, server: Endpoint, segment: &Segment<'_>, out: &mut Out<'_>) {
        // A second answer to a repeated request is turned away with error 5: that is not this transfer's end.
        if self.tid.is_some_and(|tid| tid != server) {
            return;
        }
        if let State::Running(run) = std::mem::replace(&mut self.state, State::Over) {
            // The client may turn down the options before the first block, and then asks again without (RFC 2347).
            if !(run.is_empty() && answer.code == 8) {
                self.stalled(&run, Some(answer), segment, out);
            }
        }
    }

    fn stalled(&self, run: &Run, answer: Option<Answer<'_>>, segment: &Segment<'_>, out: &mut Out<'_>) {
        if let Some(fetch) = &self.fetch {
            fetch.stalled(run.body(), answer, segment.origin, out);
        }
    }
}

#[cfg(test)]
mod tests;
