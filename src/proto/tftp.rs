//! TFTP: how phones fetch trust lists, configurations and firmware (RFC 1350; options RFC 2347, 2348, 2349, 7440).
//!
//! Read: all messages, and whole transfers of reads: blocks late, twice, with windows and past 65535. What came of
//! a read is said by the `file.*` events ([`crate::proto::fetch`]).
//! Not read: what a write carries; netascii is named in `tftp.type` and not translated.
//!
//! The server answers from a port of its own: a request is followed by [`Out::expect`], and transfers are found
//! by the client's address and port. Event per block only where [`Out::detail`] wants them.

mod message;
mod transfer;

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Dissect, Expect, On, Out, Protocol, Segment};
use crate::bytes::Malformed;
use crate::event::Endpoint;
use crate::events;
use crate::proto::fetch::{self, Answer, Class, Fetch};
use crate::time::{Span, Ts};
use message::probe;
pub use message::{
    BLOCK, DATA_LEN, DESTINATION_FILE, ERROR_CODE, ERROR_MESSAGE, FIELDS, Message, OPCODE, OPTION_NAME, OPTION_VALUE,
    Options, SOURCE_FILE, TYPE, parse,
};
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

events! { EVENTS;
    READ = "tftp.read", "A client asks for a file.";
    WRITE = "tftp.write", "A client wants to write a file.";
    DATA = "tftp.data", "A block of a file.";
    ACK = "tftp.ack", "A block is acknowledged.";
    ERROR = "tftp.error", "The transfer is refused or given up.";
    OACK = "tftp.oack", "The server accepts options.";
    MALFORMED = "tftp.malformed", "Something that is no TFTP message.";
}

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
        // A block or its ACK is no news to anyone but a reader of all messages: most datagrams end here.
        if let Some(message) = message::unshown(segment.bytes).filter(|_| !out.detail()) {
            return self.follow(message, segment, out);
        }
        let mut fields = out.wanted_fields();
        let (message, mut defect) = parse(segment.bytes, &mut fields);
        if segment.cut > 0 && defect.is_none() {
            defect = Some(Malformed { at: segment.bytes.len(), what: "rest of the datagram (cut off in the capture)" });
        }
        let asked = match message {
            Some(Message::Request { write: false, file, .. }) => {
                segment.origin.src.zip(segment.origin.dst).and_then(|ends| fetch(file, ends))
            }
            _ => None,
        };
        if let Some(fetch) = &asked {
            fetch.name_fields(&mut fields);
        }
        let def = match message {
            Some(Message::Request { write: false, .. }) => &READ,
            Some(Message::Request { .. }) => &WRITE,
            Some(Message::Data { data, .. }) => {
                if !data.is_empty() && self.may_be_secret(segment) {
                    fields.bytes(&message::BLOCK_DATA, data, segment.bytes.len() - data.len());
                }
                &DATA
            }
            Some(Message::Ack(_)) => &ACK,
            Some(Message::Error { .. }) => &ERROR,
            Some(Message::Oack(_)) => &OACK,
            None => &MALFORMED,
        };
        out.event(def, fields, segment, defect);
        if let Some(message) = message {
            self.follow(message, segment, out);
        }
    }
}

fn fetch(file: &[u8], (client, server): (Endpoint, Endpoint)) -> Option<Fetch> {
    Fetch::new(&String::from_utf8_lossy(file), "tftp", client.ip, server.ip)
}

impl Tftp {
    /// Whether a block may hold passwords: it is of a configuration, or nobody knows of what.
    fn may_be_secret(&self, segment: &Segment<'_>) -> bool {
        let Some((server, client)) = segment.origin.src.zip(segment.origin.dst) else { return true };
        let list = self.transfers.get(&client.ip).into_iter().flatten();
        let fetch = list.filter(|t| t.client == client && t.server == server.ip).find_map(|t| t.fetch.as_ref());
        fetch.is_none_or(|fetch| matches!(fetch.class, Class::Config | Class::Default))
    }

    fn follow(&mut self, message: Message<'_>, segment: &Segment<'_>, out: &mut Out<'_>) {
        let Some((src, dst)) = segment.origin.src.zip(segment.origin.dst) else { return };
        self.messages += 1;
        match message {
            Message::Request { write, file, options } => {
                let expect =
                    Expect { ip: src.ip, port: src.port, peer: None, ip_proto: 17, proto: "tftp", media: None };
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
        if self.held > out.bounds().transfer_bytes {
            self.held = self.held.saturating_sub(transfer.held());
            if let State::Running(run) = &mut transfer.state {
                run.forget();
            }
            self.held += transfer.held();
            out.limit("max-transfer-bytes", segment.origin);
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
        let crowded = list.len() > out.bounds().client_transfers.max(1);
        if crowded || self.count > out.bounds().transfers {
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
            let bound = if client.is_some() { "max-transfers-per-client" } else { "max-transfers" };
            out.limit(bound, segment.origin);
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
        self.state = State::Running(Box::new(Run::new(fetch, granted, out.detail(), out.bounds().file_bytes)));
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
                let def = if answer.code == 1 { &fetch::NOT_FOUND } else { &fetch::REFUSED };
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
