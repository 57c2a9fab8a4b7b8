//! One RTP stream: what is counted of it, packet by packet, without allocating while it runs in order.
//!
//! Loss is told by sequence number: one that has not come before [`WINDOW`] later ones is lost. Jitter is that of
//! RFC 3550 §6.4.1, in milliseconds, over the packets of the codec alone: comfort noise and digits keep other time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::packet::{self, Digit, Packet};
use crate::event::{Endpoint, Origin};
use crate::proto::{Announced, Encoding};
use crate::quality;
use crate::time::{Span, Ts};

/// A sequence number may come so many packets late.
pub const WINDOW: u64 = 64;
/// A jump forward up to this is a loss, beyond it the sender began anew (RFC 3550 A.1).
const MAX_DROPOUT: i16 = 3000;
/// A packet this much behind is late, beyond it the sender began anew (RFC 3550 A.1).
const MAX_MISORDER: i16 = -100;
/// So many packets of another payload type in a row are a change, fewer a visit (redundancy, another video part).
const CHANGE_AFTER: u8 = 3;
/// After so many packets of an unknown clock it is looked for, and again.
const CLOCK_AFTER: u32 = 32;
/// No payload type yet.
const NONE: u8 = 255;

/// What makes a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Who sends it.
    pub src: Endpoint,
    /// Where to.
    pub dst: Endpoint,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// A frame and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The frame.
    pub frame: u64,
    /// Its time.
    pub time: Ts,
}

impl Moment {
    /// That of a frame.
    pub fn of(origin: &Origin) -> Moment {
        Moment { frame: origin.frame, time: origin.time }
    }
}

/// Something to be told while the stream runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Packets are missing.
    Gap(Gap),
    /// Another payload type.
    Change {
        /// The one before.
        from: u8,
        /// The one since.
        to: u8,
        /// Its packet that was sure.
        at: Moment,
    },
    /// A digit is over.
    Digit(Press),
}

/// Sequence numbers that were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first of them, extended.
    from: u64,
    /// The first after them, extended.
    until: u64,
    /// How many of them did not come late.
    pub missing: u64,
    /// The packet after them.
    pub at: Moment,
}

impl Gap {
    /// The first missing sequence number.
    pub fn seq(&self) -> u16 {
        self.from as u16
    }
}

/// A telephone event, over several packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// Payload type that carried it.
    pub payload_type: u8,
    /// Its last state.
    pub digit: Digit,
    /// Its last packet that said something new.
    pub at: Moment,
    timestamp: u32,
    told: bool,
}

/// The last packet that kept the codec's time.
#[derive(Debug, Clone, Copy)]
struct Timed {
    time: Ts,
    timestamp: u32,
    seq: u16,
}

/// A stream, or what may become one.
#[derive(Debug)]
pub struct Stream {
    /// Which.
    pub key: Key,
    /// In use.
    pub live: bool,
    /// Sure to be a stream, and told.
    pub believed: bool,
    /// Signalling announced it.
    pub announced: bool,
    /// What signalling said of its media.
    pub media: Option<Arc<Announced>>,
    /// Packets in sequence, while it is not believed.
    pub in_a_row: u8,
    /// The synchronisation source that sent before it between the same two ends.
    pub before: Option<u32>,
    /// The last packet.
    pub last: Moment,
    /// All packets.
    pub packets: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Highest sequence number so far, extended.
    high: u64,
    /// Which of the [`WINDOW`] sequence numbers up to `high` came: bit 0 is `high`.
    window: u64,
    /// Payload type that carries the codec.
    main: u8,
    next: (u8, u8),
    timed: Timed,
    ms_per_tick: f64,
    jitter: f64,
    jitter_sum: f64,
    jitter_max: f64,
    jitter_count: u64,
    /// Packets of the payload type since it began.
    typed: u32,
    /// Majority vote over the steps of the timestamps.
    step: (u32, u32),
    /// Payload of the codec's last packet.
    payload_len: usize,
    /// Bit n: DSCP n was seen.
    pub dscps: u64,
    /// Bit n: payload type n was seen.
    pub types: u128,
    gaps: VecDeque<Gap>,
    /// What is to be told.
    pub notes: Vec<Note>,
    /// Where the codec's time began.
    anchor: Timed,
    /// Lowest sequence number, extended.
    base: u64,
    /// Expected before the sender began anew.
    expected_before: u64,
    /// A sequence number far off; the next one decides.
    stray: Option<u16>,
    clock: Option<u32>,
    press: Option<Press>,
    lost: u64,
    runs: u64,
    /// Sequence numbers that came twice.
    pub duplicates: u64,
    /// Packets that came after a later one.
    pub reordered: u64,
    /// How often the sequence numbers began anew.
    pub restarts: u64,
    /// Its timestamps begin anew with the next packet.
    timed_anew: bool,
    /// Copies that a SPAN port made.
    pub copies: u64,
    /// The first packet's origin and header.
    pub first: Origin,
    /// The first packet's header.
    pub opening: Packet,
}

impl Stream {
    /// A stream that begins with this packet, which is still to be counted.
    pub fn new(key: Key, packet: &Packet, origin: &Origin) -> Stream {
        let timed = Timed { time: origin.time, timestamp: packet.timestamp, seq: packet.seq };
        // One turn of the numbers below the first leaves room for earlier ones that come late.
        let high = 0x1_0000 + u64::from(packet.seq);
        Stream {
            key,
            live: true,
            believed: false,
            announced: false,
            media: None,
            in_a_row: 0,
            before: None,
            last: Moment::of(origin),
            packets: 0,
            bytes: 0,
            high: high - 1,
            window: 0,
            main: NONE,
            next: (NONE, 0),
            timed,
            ms_per_tick: 0.0,
            jitter: 0.0,
            jitter_sum: 0.0,
            jitter_max: 0.0,
            jitter_count: 0,
            typed: 0,
            step: (0, 0),
            payload_len: 0,
            dscps: 0,
            types: 0,
            gaps: VecDeque::new(),
            notes: Vec::new(),
            anchor: timed,
            base: high,
            expected_before: 0,
            stray: None,
            clock: None,
            press: None,
            lost: 0,
            runs: 0,
            duplicates: 0,
            reordered: 0,
            restarts: 0,
            timed_anew: false,
            copies: 0,
            first: *origin,
            opening: *packet,
        }
    }

    /// Whether the packet goes on with what may be a stream.
    pub fn fits(&self, packet: &Packet) -> bool {
        (-5..=5).contains(&self.ahead(packet.seq))
    }

    /// How far a sequence number is beyond the highest.
    fn ahead(&self, seq: u16) -> i16 {
        seq.wrapping_sub(self.high as u16) as i16
    }

    /// Counts a packet; `bytes` are all of it. What is to be told then is in `notes`.
    pub fn packet(&mut self, packet: &Packet, bytes: &[u8], origin: &Origin) {
        self.packets += 1;
        self.bytes += packet.payload_len as u64;
        self.last = Moment::of(origin);
        self.dscps |= 1 << (origin.dscp & 63);
        self.types |= 1 << (packet.payload_type & 127);
        let mut new = true;
        if self.ahead(packet.seq) == 1 {
            self.high += 1;
            self.window = self.window << 1 | 1;
            self.in_a_row = self.in_a_row.saturating_add(1);
        } else {
            new = self.out_of_order(packet.seq);
        }
        if !self.gaps.is_empty() {
            self.ripe_gaps();
        }
        if !new {
            return;
        }
        if packet.payload_type == self.main {
            self.next.1 = 0;
            self.time(packet, origin.time);
        } else {
            self.other_type(packet, bytes);
        }
    }

    /// Whether it is a packet that had not come yet, and belongs here.
    fn out_of_order(&mut self, seq: u16) -> bool {
        match self.ahead(seq) {
            ahead @ 2..=MAX_DROPOUT => {
                let ahead = ahead.unsigned_abs();
                let until = self.high + u64::from(ahead);
                self.gaps.push_back(Gap { from: self.high + 1, until, missing: u64::from(ahead) - 1, at: self.last });
                self.window = self.window.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
                self.high = until;
                true
            }
            behind @ MAX_MISORDER..=0 => {
                let behind = u64::from(behind.unsigned_abs());
                let bit = 1u64.checked_shl(behind as u32).unwrap_or(0);
                if self.window & bit != 0 {
                    self.duplicates += 1;
                    return false;
                }
                self.reordered += 1;
                if bit == 0 {
                    // Too late to know whether it is a copy: it stays lost.
                    return false;
                }
                self.window |= bit;
                let number = self.high - behind;
                self.base = self.base.min(number);
                if let Some(gap) = self.gaps.iter_mut().find(|gap| (gap.from..gap.until).contains(&number)) {
                    gap.missing -= 1;
                }
                true
            }
            _ if self.stray == Some(seq) => {
                self.begin_anew(seq);
                true
            }
            _ => {
                self.stray = Some(seq.wrapping_add(1));
                false
            }
        }
    }

    /// Two packets in sequence, far from the others: the sender began anew with the one before `seq`.
    fn begin_anew(&mut self, seq: u16) {
        self.close_gaps();
        self.expected_before += self.high - self.base + 1;
        self.restarts += 1;
        self.high = 0x1_0000 + u64::from(seq);
        self.base = self.high - 1;
        self.window = 0b11;
        self.stray = None;
        // Its timestamps begin anywhere, too.
        self.timed_anew = true;
    }

    fn ripe_gaps(&mut self) {
        while let Some(gap) = self.gaps.front().copied().filter(|gap| gap.until + WINDOW <= self.high + 1) {
            self.gaps.pop_front();
            self.close_gap(gap);
        }
    }

    fn close_gaps(&mut self) {
        while let Some(gap) = self.gaps.pop_front() {
            self.close_gap(gap);
        }
    }

    fn close_gap(&mut self, gap: Gap) {
        if gap.missing > 0 {
            self.lost += gap.missing;
            self.runs += 1;
            self.notes.push(Note::Gap(gap));
        }
    }

    fn time(&mut self, packet: &Packet, time: Ts) {
        if std::mem::take(&mut self.timed_anew) {
            self.timed = Timed { time, timestamp: packet.timestamp, seq: packet.seq };
            self.anchor = self.timed;
            return;
        }
        let ticks = packet.timestamp.wrapping_sub(self.timed.timestamp).cast_signed();
        if self.ms_per_tick > 0.0 {
            let came = time.since(self.timed.time).nanos() as f64 * 1e-6;
            let late = (came - f64::from(ticks) * self.ms_per_tick).abs();
            self.jitter += (late - self.jitter) / 16.0;
            self.jitter_sum += self.jitter;
            self.jitter_max = self.jitter_max.max(self.jitter);
            self.jitter_count += 1;
        }
        if ticks > 0 && packet.seq == self.timed.seq.wrapping_add(1) {
            let ticks = ticks.cast_unsigned();
            match &mut self.step {
                (step, votes) if *step == ticks => *votes = votes.saturating_add(1),
                (step, votes @ 0) => (*step, *votes) = (ticks, 1),
                (_, votes) => *votes -= 1,
            }
        }
        self.typed = self.typed.saturating_add(1);
        self.payload_len = packet.payload_len;
        self.timed = Timed { time, timestamp: packet.timestamp, seq: packet.seq };
        if self.clock.is_none() && self.typed.is_multiple_of(CLOCK_AFTER) {
            self.find_clock();
        }
    }

    /// The clock of a dynamic payload type, from how its timestamps ran so far.
    fn find_clock(&mut self) {
        let ticks = self.timed.timestamp.wrapping_sub(self.anchor.timestamp);
        let came = self.timed.time.since(self.anchor.time);
        if came >= Span::from_millis(300) && ticks < 1 << 31 {
            self.set_clock(packet::nearest_clock(ticks, came.nanos()));
        }
    }

    fn set_clock(&mut self, clock: Option<u32>) {
        self.clock = clock;
        self.ms_per_tick = clock.map_or(0.0, |clock| 1000.0 / f64::from(clock));
    }

    fn other_type(&mut self, packet: &Packet, bytes: &[u8]) {
        let kind = packet.payload_type;
        if packet::is_noise(kind) && self.main != NONE {
            return;
        }
        let named = self.media.as_ref().and_then(|media| media.encoding(kind));
        let digits = named.is_none_or(Encoding::is_digits);
        if kind >= 96 && packet.payload_len == 4 && digits {
            let payload = bytes.get(packet.payload_at..packet.payload_at + 4).unwrap_or_default();
            if let Some(digit) = packet::digit(payload) {
                self.digit(packet, digit);
                return;
            }
        }
        // Digits that SRTP hides: four bytes and a tag of four or ten.
        let hidden = matches!(packet.payload_len, 8 | 14) && self.main != NONE;
        if kind >= 96 && digits && (hidden || named.is_some()) {
            return;
        }
        self.next = if self.next.0 == kind { (kind, self.next.1 + 1) } else { (kind, 1) };
        if self.main != NONE && self.next.1 < CHANGE_AFTER {
            return;
        }
        if self.main != NONE {
            self.notes.push(Note::Change { from: self.main, to: kind, at: self.last });
        }
        self.main = kind;
        self.next = (NONE, 0);
        self.typed = 1;
        self.step = (0, 0);
        self.jitter = 0.0;
        self.payload_len = packet.payload_len;
        self.timed = Timed { time: self.last.time, timestamp: packet.timestamp, seq: packet.seq };
        self.anchor = self.timed;
        self.set_clock(self.codec(kind).map(|(_, clock)| clock));
    }

    /// Learns what signalling said of the media.
    pub fn learn(&mut self, media: Option<Arc<Announced>>) {
        self.media = media;
        if self.main != NONE && self.clock.is_none() {
            self.set_clock(self.codec(self.main).map(|(_, clock)| clock));
        }
    }

    /// Name and clock of a payload type: as signalling has it, else as RFC 3551 has it.
    pub fn codec(&self, kind: u8) -> Option<(&str, u32)> {
        let named = self.media.as_ref().and_then(|media| media.encoding(kind)).filter(|named| named.clock > 0);
        named
            .map(|named| (named.name.as_str(), named.clock))
            .or_else(|| packet::codec(kind).map(|codec| (codec.name, codec.clock)))
    }

    fn digit(&mut self, packet: &Packet, digit: Digit) {
        let at = self.last;
        let mut press = match self.press {
            Some(press) if press.timestamp == packet.timestamp && press.digit.event == digit.event => press,
            // A late packet of an earlier digit.
            Some(press) if packet.timestamp.wrapping_sub(press.timestamp).cast_signed() < 0 => return,
            _ => {
                self.close_press();
                Press { payload_type: packet.payload_type, digit, at, timestamp: packet.timestamp, told: false }
            }
        };
        if !press.told {
            press.at = at;
            press.digit.duration = press.digit.duration.max(digit.duration);
            press.digit.end |= digit.end;
            press.told = press.digit.end;
            if press.told {
                self.notes.push(Note::Digit(press));
            }
        }
        self.press = Some(press);
    }

    /// A digit whose last packets did not come is over all the same.
    fn close_press(&mut self) {
        if let Some(press) = self.press.take().filter(|press| !press.told) {
            self.notes.push(Note::Digit(press));
        }
    }

    /// The stream has ended: everything is decided.
    pub fn end(&mut self) {
        self.close_gaps();
        self.close_press();
    }

    /// Sequence numbers from the first to the highest.
    pub fn expected(&self) -> u64 {
        self.expected_before + (self.high + 1).saturating_sub(self.base)
    }

    /// Sequence numbers that did not come, as far as that is decided.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Lost packets, in percent of the expected.
    pub fn loss_percent(&self) -> f64 {
        self.lost as f64 * 100.0 / self.expected().max(1) as f64
    }

    /// Mean and greatest jitter in milliseconds, where the clock is known.
    pub fn jitter(&self) -> Option<(f64, f64)> {
        (self.jitter_count > 0).then(|| (self.jitter_sum / self.jitter_count as f64, self.jitter_max))
    }

    /// Payload type of the codec, if one was seen.
    pub fn payload_type(&self) -> Option<u8> {
        Some(self.main).filter(|main| *main != NONE)
    }

    /// Ticks of the timestamps a second: of the codec, or found in how they ran.
    pub fn clock(&self) -> Option<u32> {
        self.clock
    }

    /// Milliseconds that a packet carries: by the usual step of the timestamps, else by the length of its payload.
    pub fn ptime(&self) -> Option<f64> {
        let by_step = (self.step.1 > 0 && self.ms_per_tick > 0.0).then(|| f64::from(self.step.0) * self.ms_per_tick);
        by_step.or_else(|| packet::payload_ms(self.main, self.payload_len))
    }

    /// Quality by codec and loss; one point of capture does not know the delay.
    pub fn quality(&self) -> Option<quality::Score> {
        let (name, _) = self.codec(self.main)?;
        let seen = quality::Seen {
            packets: self.packets,
            loss: self.loss_percent(),
            burst_ratio: quality::burst_ratio(self.lost, self.runs, self.expected()),
            delay: None,
        };
        quality::score(quality::impairment(name, self.payload_len), seen)
    }
}
