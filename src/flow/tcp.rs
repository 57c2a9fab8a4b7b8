//! One TCP connection: its bytes in order, whatever order the capture has them in.
//!
//! Out of order, retransmitted and overlapping segments are put right; a connection whose opening was not
//! captured is picked up at its first bytes. Bytes that the receiver has acknowledged and the capture never
//! shows are a gap: they are told, and reading goes on behind them.

use std::collections::VecDeque;

use super::{Edge, Follow, Limits};
use crate::decode::Tcp;
use crate::event::{Origin, Side};
use crate::proto::{Close, Mark, Segment};
use crate::time::{Span, Ts};

/// A gap that the receiver acknowledged is believed after so long: frames of a capture may be slightly out of order.
const ACKED_GAP: Span = Span::from_millis(200);
/// A gap on a connection of which the acknowledgements are not in the capture is believed after so long.
const SILENT_GAP: Span = Span::from_secs(3);
/// Further segments of the same direction after which an acknowledged gap is believed at once.
const GAP_SEGMENTS: u32 = 16;
/// A copy of a SYN does not come so long after the last segment of a connection that has carried bytes: who has sent
/// some has had the answer to it.
const LATE_SYN: Span = Span::from_secs(3);
/// Two directions that were captured apart (two queues, two taps) come by so much out of order at most.
pub(super) const LATE_QUESTION: Span = Span::from_millis(50);
/// More than this is not acknowledged by an answer that came before its question.
const LONG_QUESTION: i32 = 1 << 16;
/// Segments that wait for earlier ones: a byte in each, and their number is what costs.
const MOST_EARLY: usize = 4096;

/// The state of a connection.
#[derive(Debug, Default)]
pub struct Connection {
    halves: [Half; 2],
    syns: u32,
    accepted: bool,
    over: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Half {
    /// Sequence number of the SYN.
    initial: Option<u32>,
    /// The next byte wanted.
    next: Option<u32>,
    /// The other end has acknowledged up to here.
    acked: Option<u32>,
    /// In-order bytes that the reader has not dealt with.
    held: Vec<u8>,
    marks: Vec<Mark>,
    /// Segments that came too early, by sequence number.
    early: VecDeque<Early>,
    early_bytes: usize,
    early_since: Ts,
    early_segments: u32,
    /// Its bytes answer what the other direction has not said so far, up to this number: they wait.
    awaits: Option<u32>,
    /// Sequence number after the last byte, from the FIN.
    end: Option<u32>,
    ended: bool,
    /// Segments of this direction in the capture.
    segments: u32,
    /// The first acknowledgement of this direction: later ones tell how much of it was there.
    first_ack: Option<u32>,
    /// Its last segment.
    last: Ts,
    /// The last one before those that came too early.
    early_after: Ts,
    /// The highest sequence number of its segments: what went before was sent.
    reach: Option<u32>,
    /// Since when bytes are acknowledged that are not here.
    unseen: Option<Ts>,
    /// An acknowledgement of which it was told that its bytes are not here.
    told: Option<u32>,
}

#[derive(Debug)]
struct Early {
    seq: u32,
    frame: u64,
    /// It is said as of its own frame: all before it was here, and it waited for the other direction.
    origin: Option<Box<Origin>>,
    bytes: Vec<u8>,
}

/// How far `a` is after `b` on the circle of sequence numbers; negative if before.
fn after(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b) as i32
}

impl Connection {
    /// Both directions have ended, or the connection was aborted.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// A SYN that opens the same ports anew: this connection is another one. With the same number too, where the old
    /// one was in use and silent for long: a recorded boot that was played twice.
    pub fn is_new_connection(&self, tcp: &Tcp<'_>, side: Side, now: Ts) -> bool {
        if !tcp.syn {
            return false;
        }
        let [client, server] = &self.halves;
        let half = if side == Side::Client { client } else { server };
        match half.initial {
            Some(initial) => {
                let used = half.next.is_some_and(|next| after(next, initial) > 1);
                self.over || initial != tcp.seq || used && now.since(half.last) > LATE_SYN
            }
            // Its opening was not captured: a SYN that does not lead up to the bytes seen is another connection.
            None => self.over || half.next.is_some_and(|next| after(next, tcp.seq.wrapping_add(1)) < 0),
        }
    }

    /// Bytes kept: of messages that are not whole, and behind gaps.
    pub fn held(&self) -> usize {
        self.halves.iter().map(|half| half.held.len() + half.early_bytes).sum()
    }

    /// Takes a segment. Returns true when the connection has just ended.
    #[allow(clippy::too_many_arguments)]
    pub fn segment<F: Follow>(
        &mut self,
        follow: &mut F,
        slot: &mut F::Slot,
        origin: &Origin,
        tcp: &Tcp<'_>,
        cut: usize,
        flow: u32,
        limits: &Limits,
    ) -> bool {
        if self.over {
            return false;
        }
        let side = origin.sender.unwrap_or(Side::Client);
        if !tcp.syn && !tcp.rst && self.halves.iter().all(|half| half.segments == 0) {
            follow.picked_up(origin);
        }
        self.half(side).segments += 1;
        if tcp.ack {
            self.acknowledge(side.other(), tcp.ack_number);
        }
        if tcp.syn {
            self.syn(follow, slot, origin, tcp, side);
        }
        let data = if tcp.syn { tcp.seq.wrapping_add(1) } else { tcp.seq };
        let first_fin = tcp.fin && self.half(side).end.is_none();
        if first_fin {
            self.half(side).end = Some(data.wrapping_add((tcp.payload.len() + cut) as u32));
        }
        let mut read = Read { follow, slot, origin, side, flow, limits };
        let [client, server] = &mut self.halves;
        let (half, other) = if side == Side::Client { (client, server) } else { (server, client) };
        let speaks = tcp.ack && !tcp.payload.is_empty() && cut == 0 && !half.ended;
        if speaks && half.awaits.is_none() && other.lacks(tcp.ack_number) {
            half.awaits = Some(tcp.ack_number);
        }
        half.data(&mut read, data, tcp.payload);
        // What it answers is here, or will not come: whoever sends what is behind it has sent it before.
        if other.awaits.is_some_and(|number| half.has(number) || after(tcp.seq, number) >= 0 || tcp.rst) {
            other.go_on(&mut read.turned());
        }
        if tcp.fin || tcp.rst || half.early.len() > GAP_SEGMENTS as usize {
            half.go_on(&mut read);
        }
        if cut > 0 && half.next == Some(data.wrapping_add(tcp.payload.len() as u32)) {
            half.lose(&mut read, cut as u64);
        }
        // An acknowledgement may be what proves a gap of the other direction.
        if !other.early.is_empty() || other.end.is_some() {
            let mut read = Read { side: side.other(), ..read };
            other.gaps(&mut read, false);
        }
        if first_fin {
            let received = self.half(side.other()).received();
            let missing = self.halves.iter().map(Half::missing).sum();
            follow.edge(slot, Edge::Close(received, missing), origin);
        }
        for side in [side, side.other()] {
            self.end_if_complete(&mut Read { follow, slot, origin, side, flow, limits });
        }
        if !tcp.rst || self.half(side).next.is_some_and(|next| (0..1 << 20).contains(&after(tcp.seq, next))) {
            let half = self.half(side);
            half.reach = half.reach.filter(|reach| after(*reach, tcp.seq) >= 0).or(Some(tcp.seq));
        }
        self.holes(follow, origin, false);
        self.half(side).last = origin.time;
        if tcp.rst {
            self.reset(follow, slot, origin, side, flow, limits);
        }
        let ended = self.halves.iter().all(|h| h.ended);
        self.over = self.over || ended;
        self.over
    }

    /// Bytes wait for what they answer.
    pub fn awaits(&self) -> bool {
        self.halves.iter().any(|half| half.awaits.is_some())
    }

    /// They have waited long enough.
    pub fn go_on<F: Follow>(&mut self, follow: &mut F, slot: &mut F::Slot, flow: u32, limits: &Limits) {
        for side in [Side::Client, Side::Server] {
            let half = self.half(side);
            let first = half.early.front().and_then(|early| early.origin.as_deref().copied());
            if let Some(origin) = first.filter(|_| half.awaits.is_some()) {
                half.go_on(&mut Read { follow, slot, origin: &origin, side, flow, limits });
            }
        }
    }

    /// The flow is over: what waits behind a gap is read, and both ends are told that nothing follows.
    pub fn finish<F: Follow>(
        &mut self,
        follow: &mut F,
        slot: &mut F::Slot,
        origin: &mut Origin,
        flow: u32,
        limits: &Limits,
    ) {
        self.end(follow, slot, origin, flow, limits, None);
    }

    fn end<F: Follow>(
        &mut self,
        follow: &mut F,
        slot: &mut F::Slot,
        origin: &mut Origin,
        flow: u32,
        limits: &Limits,
        how: Option<Close>,
    ) {
        if self.over {
            return;
        }
        if self.is_one_way() {
            follow.edge(slot, Edge::OneWay, origin);
        }
        self.holes(follow, origin, true);
        for side in [Side::Client, Side::Server] {
            if origin.sender != Some(side) {
                *origin = turned(origin, side);
            }
            let mut read = Read { follow, slot, origin, side, flow, limits };
            let half = self.half(side);
            half.gaps(&mut read, true);
            half.finish(&mut read, how);
        }
        self.over = true;
    }

    /// Tells what was acknowledged and is not here, once it is clear that it is not merely late.
    fn holes<F: Follow>(&mut self, follow: &mut F, origin: &Origin, all: bool) {
        let opened = self.halves.iter().any(|half| half.initial.is_some());
        for half in &mut self.halves {
            let reach =
                half.reach.zip(half.acked).map(|(reach, acked)| if after(reach, acked) > 0 { reach } else { acked });
            let acked = reach.or(half.acked).or(half.reach);
            let Some(acked) = acked.filter(|acked| half.told != Some(*acked)) else { continue };
            let here = match half.next {
                Some(next) => after(acked, next) <= i32::from(half.end.is_some()),
                // Of one direction nothing is here: who opened, or is acknowledged more and more, was answered.
                None => !opened && half.first_ack == Some(acked),
            };
            if here {
                half.unseen = None;
                continue;
            }
            let since = *half.unseen.get_or_insert(origin.time);
            if all || origin.time.since(since) > ACKED_GAP {
                half.told = Some(acked);
                half.unseen = None;
                let last = if half.segments == 0 { since } else { half.last };
                follow.hole(last, origin);
            }
        }
    }

    /// One end acknowledges bytes of the other of which the capture has none.
    fn is_one_way(&self) -> bool {
        self.halves.iter().any(|half| half.segments == 0 && half.acked != half.first_ack)
    }

    fn half(&mut self, side: Side) -> &mut Half {
        let [client, server] = &mut self.halves;
        if side == Side::Client { client } else { server }
    }

    fn acknowledge(&mut self, side: Side, number: u32) {
        let half = self.half(side);
        half.first_ack.get_or_insert(number);
        if half.acked.is_none_or(|acked| after(number, acked) > 0) {
            half.acked = Some(number);
        }
    }

    fn syn<F: Follow>(&mut self, follow: &mut F, slot: &mut F::Slot, origin: &Origin, tcp: &Tcp<'_>, side: Side) {
        let half = self.half(side);
        let first = half.initial.is_none();
        if first {
            half.initial = Some(tcp.seq);
            half.next.get_or_insert(tcp.seq.wrapping_add(1));
        }
        if side == Side::Client {
            self.syns += 1;
            follow.edge(slot, Edge::Connect(self.syns), origin);
        } else if first {
            self.accepted = true;
            follow.edge(slot, Edge::Accept, origin);
        }
    }

    fn reset<F: Follow>(
        &mut self,
        follow: &mut F,
        slot: &mut F::Slot,
        origin: &Origin,
        side: Side,
        flow: u32,
        limits: &Limits,
    ) {
        let [client, server] = &self.halves;
        // Refused: nothing but SYNs went before. After the server's FIN a RST is only its way to hang up.
        let only_syn =
            client.initial.is_some_and(|i| client.next == Some(i.wrapping_add(1)) && client.early.is_empty());
        let refused = side == Side::Server && !self.accepted && only_syn && server.next.is_none();
        let closing = self.halves.iter().any(|h| h.ended);
        if refused {
            follow.edge(slot, Edge::Refused, origin);
        } else if !closing {
            follow.edge(slot, Edge::Reset, origin);
        }
        self.end(follow, slot, &mut { *origin }, flow, limits, Some(Close::Reset));
    }

    fn end_if_complete<F: Follow>(&mut self, read: &mut Read<'_, F>) {
        let half = self.half(read.side);
        if !half.ended && half.end.is_some() && (half.end == half.next || half.next.is_none()) {
            half.finish(read, Some(Close::Fin));
        }
    }
}

/// Where in-order bytes go.
struct Read<'r, F: Follow> {
    follow: &'r mut F,
    slot: &'r mut F::Slot,
    origin: &'r Origin,
    side: Side,
    flow: u32,
    limits: &'r Limits,
}

/// The same frame seen from the other end, which `sender` is.
fn turned(origin: &Origin, sender: Side) -> Origin {
    Origin {
        src: origin.dst,
        dst: origin.src,
        eth_src: origin.eth_dst,
        eth_dst: origin.eth_src,
        sender: Some(sender),
        ..*origin
    }
}

impl<F: Follow> Read<'_, F> {
    /// As of another frame.
    fn at<'o>(&'o mut self, origin: &'o Origin) -> Read<'o, F> {
        Read { follow: self.follow, slot: self.slot, origin, ..*self }
    }

    /// Into the other direction.
    fn turned(&mut self) -> Read<'_, F> {
        Read { follow: self.follow, slot: self.slot, side: self.side.other(), ..*self }
    }

    fn offer(&mut self, bytes: &[u8], marks: &[Mark], end: bool) -> usize {
        // What a frame of the one direction releases in the other is still said by the other end.
        let other;
        let origin = if self.origin.sender == Some(self.side) {
            self.origin
        } else {
            other = turned(self.origin, self.side);
            &other
        };
        let segment = Segment { bytes, origin, marks, side: self.side, end, cut: 0, flow: self.flow };
        self.follow.stream(self.slot, &segment).min(bytes.len())
    }
}

impl Half {
    /// How many bytes of this direction the other end has acknowledged.
    fn received(&self) -> Option<u64> {
        let first = self.initial?.wrapping_add(1);
        let fin = i32::from(self.end.is_some() && self.acked == self.end.map(|end| end.wrapping_add(1)));
        Some((after(self.acked?, first) - fin).max(0) as u64)
    }

    /// How many bytes of this direction there must be by its end or by acknowledgements, and were not seen so far.
    fn missing(&self) -> u64 {
        let Some(next) = self.next.or(self.initial.map(|initial| initial.wrapping_add(1))) else { return 0 };
        let acked = self
            .acked
            .map(|acked| acked.wrapping_sub(u32::from(self.end.is_some_and(|end| acked == end.wrapping_add(1)))));
        let known = [self.end, acked].into_iter().flatten().map(|known| after(known, next)).max();
        known.unwrap_or_default().max(0) as u64
    }

    /// Whether bytes up to `number`, and not many, were sent and did not come so far. Where later ones came, these are
    /// not late.
    fn lacks(&self, number: u32) -> bool {
        self.end.is_none()
            && self.early.is_empty()
            && self.next.is_some_and(|next| (1..LONG_QUESTION).contains(&after(number, next)))
    }

    /// Whether all bytes up to `number` came.
    fn has(&self, number: u32) -> bool {
        self.next.is_some_and(|next| after(next, number) >= 0)
    }

    /// Waits no longer for what its bytes answer.
    fn go_on<F: Follow>(&mut self, read: &mut Read<'_, F>) {
        if self.awaits.take().is_some() {
            self.early_now_due(read);
        }
    }

    fn data<F: Follow>(&mut self, read: &mut Read<'_, F>, seq: u32, payload: &[u8]) {
        if self.ended || payload.is_empty() {
            return;
        }
        // One byte at the start of a connection picked up in its middle is a keep-alive probe: an old byte.
        let probe = self.next.is_none() && payload.len() == 1;
        let next = *self.next.get_or_insert(seq.wrapping_add(u32::from(probe)));
        let ahead = after(seq, next);
        if ahead > 0 || ahead == 0 && self.awaits.is_some() {
            self.keep_early(read, seq, payload);
            self.gaps(read, false);
            return;
        }
        let fresh = payload.get(ahead.unsigned_abs() as usize..).unwrap_or_default();
        if fresh.is_empty() {
            return;
        }
        self.next = Some(next.wrapping_add(fresh.len() as u32));
        self.read(read, fresh, read.origin.frame);
        self.early_now_due(read);
    }

    /// Bytes in order: read where they lie if nothing is held, else behind what is held.
    fn read<F: Follow>(&mut self, read: &mut Read<'_, F>, fresh: &[u8], frame: u64) {
        if self.held.is_empty() {
            let used = read.offer(fresh, &[Mark { at: 0, frame }], false);
            let rest = fresh.get(used..).unwrap_or_default();
            if !rest.is_empty() {
                self.held.extend_from_slice(rest);
                self.marks.push(Mark { at: 0, frame });
            }
        } else {
            self.marks.push(Mark { at: self.held.len(), frame });
            self.held.extend_from_slice(fresh);
            let used = read.offer(&self.held, &self.marks, false);
            self.used(used);
        }
        if self.held.len() > read.limits.message {
            read.follow.limit("max-message-bytes", read.origin);
            let dropped = self.held.len() as u64;
            self.let_go();
            read.follow.gap(read.slot, read.side, dropped, read.origin);
        }
    }

    fn used(&mut self, used: usize) {
        if used == 0 {
            return;
        }
        self.held.drain(..used);
        if self.held.is_empty() {
            self.let_go();
            return;
        }
        let first = self.marks.iter().rposition(|m| m.at <= used).unwrap_or(0);
        self.marks.drain(..first);
        for mark in &mut self.marks {
            mark.at = mark.at.saturating_sub(used);
        }
    }

    /// Empties what is held; the memory of a large message is given back.
    fn let_go(&mut self) {
        self.marks.clear();
        if self.held.capacity() > 64 << 10 {
            self.held = Vec::new();
        } else {
            self.held.clear();
        }
    }

    fn keep_early<F: Follow>(&mut self, read: &mut Read<'_, F>, seq: u32, payload: &[u8]) {
        let at = self.early.partition_point(|e| after(e.seq, seq) < 0);
        if self.early.get(at).is_some_and(|e| e.seq == seq && e.bytes.len() >= payload.len()) {
            return;
        }
        if self.early.is_empty() {
            self.early_since = read.origin.time;
            self.early_after = self.last;
            self.early_segments = 0;
        }
        self.early_segments += 1;
        self.early_bytes += payload.len();
        let origin = self.awaits.map(|_| Box::new(*read.origin));
        self.early.insert(at, Early { seq, frame: read.origin.frame, origin, bytes: payload.to_vec() });
    }

    /// Reads the early segments whose turn has come.
    fn early_now_due<F: Follow>(&mut self, read: &mut Read<'_, F>) {
        while let (Some(first), Some(next)) = (self.early.front(), self.next) {
            let ahead = after(first.seq, next);
            if ahead > 0 {
                break;
            }
            let Some(early) = self.early.pop_front() else { break };
            self.early_bytes = self.early_bytes.saturating_sub(early.bytes.len());
            let fresh = early.bytes.get(ahead.unsigned_abs() as usize..).unwrap_or_default();
            if !fresh.is_empty() {
                self.next = Some(next.wrapping_add(fresh.len() as u32));
                match &early.origin {
                    Some(origin) => self.read(&mut read.at(origin), fresh, early.frame),
                    None => self.read(read, fresh, early.frame),
                }
            }
        }
        if !self.early.is_empty() {
            self.early_since = read.origin.time;
            self.early_segments = self.early.len() as u32;
        }
    }

    /// Gives up on bytes that will not come: acknowledged, or waited for too long, or too much waits behind them.
    fn gaps<F: Follow>(&mut self, read: &mut Read<'_, F>, all: bool) {
        if self.awaits.is_some() && !all {
            return;
        }
        self.go_on(read);
        // The other end has got everything up to the FIN: what is not here by now was never captured.
        let closed = self.end.zip(self.acked).filter(|(end, acked)| after(*acked, *end) > 0).map(|(end, _)| end);
        while let (Some(first), Some(next)) = (self.early.front(), self.next) {
            let acked = self.acked.is_some_and(|acked| after(acked, first.seq) >= 0);
            let waited = read.origin.time.since(self.early_since);
            let too_much = self.early_bytes > read.limits.out_of_order || self.early.len() > MOST_EARLY;
            let lost = all
                || too_much
                || acked && closed.is_some()
                || acked && (waited > ACKED_GAP || self.early_segments > GAP_SEGMENTS)
                || self.acked.is_none() && waited > SILENT_GAP;
            if !lost {
                return;
            }
            if too_much && !acked {
                read.follow.limit("max-out-of-order-bytes", read.origin);
            }
            let missing = after(first.seq, next).max(0) as u64;
            self.next = Some(first.seq);
            self.let_go();
            read.follow.hole(self.early_after, read.origin);
            read.follow.gap(read.slot, read.side, missing, read.origin);
            self.early_now_due(read);
        }
        if let Some((end, next)) = closed.zip(self.next).filter(|(end, next)| after(*end, *next) > 0) {
            self.lose(read, after(end, next) as u64);
        }
    }

    /// `lost` bytes at the point reached are not in the capture (a snap length cut them off).
    fn lose<F: Follow>(&mut self, read: &mut Read<'_, F>, lost: u64) {
        self.let_go();
        self.next = self.next.map(|next| next.wrapping_add(lost as u32));
        read.follow.hole(self.last, read.origin);
        read.follow.gap(read.slot, read.side, lost, read.origin);
        self.early_now_due(read);
    }

    /// Nothing follows: it was closed or aborted, or (`None`) the capture ended.
    fn finish<F: Follow>(&mut self, read: &mut Read<'_, F>, how: Option<Close>) {
        if !self.ended {
            self.ended = true;
            if let Some(how) = how {
                read.follow.closed(read.slot, read.side, how, read.origin);
            }
            let (held, marks) = (std::mem::take(&mut self.held), std::mem::take(&mut self.marks));
            read.offer(&held, &marks, true);
            (self.early, self.early_bytes) = (VecDeque::new(), 0);
        }
    }
}

#[cfg(test)]
mod tests;
