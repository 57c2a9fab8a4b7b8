//! What the capture shows of its own holes: frames of a phone that were on the wire and are not in it.
//!
//! A hole is never guessed. Bytes were acknowledged that nobody saw; an answer came to a question that is not there;
//! a number that goes up by one went up by more; a frame was cut. Each leaves a stretch of time in which something is
//! missing, and silence in or near such a stretch proves nothing.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::FixedState;

use super::names::value;
use super::room::{Bound, Phones};
use crate::event::{Event, Origin, Value};
use crate::finding::{Loss, PhoneId};
use crate::time::{Span, Ts};

/// Stretches that are told apart for one phone; beyond, the latest one grows.
const MOST: usize = 64;
/// Conversations of a phone whose numbers are followed.
const TALKS: usize = 64;
/// What a capture loses it loses in the neighbourhood too: so far around silence, or as far as it is long.
const AROUND: Span = Span::from_secs(900);
/// A capture in which there is always something falls silent for no longer than this.
const QUIET: Span = Span::from_secs(65);
/// A phone that is registered is heard at least so often: by SIP it refreshes every 115 to 120 s.
const REFRESHED: Span = Span::from_secs(130);
/// Where somebody else breaks a silence: by SCCP, three keepalives would have been due.
const KEPT: Span = Span::from_secs(100);
/// Announcements of a switch come so far apart: LLDP every 30 s, CDP every 60 s.
const IN_TIME: (Span, Span) = (Span::from_secs(20), QUIET);
/// After so many of them it is known that the switch goes on announcing itself.
const STEADY: u32 = 2;
/// Frames after which it is known what is ordinary.
const ENOUGH: u64 = 20;
/// So long after the first frame of a capture an answer may belong to a question from before it.
const BEFORE: Span = Span::from_secs(32);

/// What of a phone the capture lacks.
#[derive(Debug, Clone, Default)]
pub(super) struct Holes {
    list: Vec<Hole>,
    talks: VecDeque<Talk>,
    /// When it started, if that was captured: it asked for an address without having one.
    started: Option<Ts>,
    /// It asked for a file since.
    filed: bool,
    /// Transaction of the DHCP question asked last.
    asked: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    from: Ts,
    to: Ts,
    loss: Loss,
}

/// What it means that nothing at all was captured for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// There was always something before: the capture stood still.
    Hole,
    /// It would be remarkable if there was a switch that announces itself all along; or if it was so long that a phone
    /// is due to be heard, and nothing like it comes again.
    Unsure,
    /// It was as quiet for nearly as long before: this is how the place is.
    Again,
}

/// Whether a capture stands still: where there is always something (announcements of switches come every minute), and
/// then nothing at all for long, frames are missing.
#[derive(Debug, Clone, Default)]
pub struct Stillness {
    /// The longest so far that was not out of the ordinary.
    longest: Span,
    frames: u64,
    begun: Option<Ts>,
}

impl Stillness {
    /// Nothing was captured between two frames that follow each other: what that means, if it is out of the ordinary.
    pub fn between(&mut self, before: Ts, now: Ts) -> Option<Silence> {
        let span = now.since(before);
        self.frames += 1;
        let watched = before.since(*self.begun.get_or_insert(before));
        if span <= self.longest {
            return (self.longest > KEPT && nearly(span, self.longest)).then_some(Silence::Again);
        }
        // A boot is over in seconds, and what comes after it is far apart: only half as long a time without a silence
        // makes one remarkable.
        let half = Span::from_nanos(span.nanos() / 2);
        if span > QUIET && self.frames > ENOUGH && self.longest < half {
            if watched >= half {
                return Some(Silence::Hole);
            }
            self.longest = span;
            return Some(Silence::Unsure);
        }
        self.longest = span;
        None
    }
}

/// Whether one silence is at least three quarters as long as another.
fn nearly(span: Span, other: Span) -> bool {
    span.nanos() / 3 >= other.nanos() / 4
}

/// Times at which the whole capture holds nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Quiet {
    list: Vec<Hole>,
    /// Those that may be ordinary, see [`Silence::Unsure`], and whose frame ended them.
    unsure: Vec<(Hole, Option<[u8; 6]>)>,
    /// The longest silence that came twice.
    usual: Span,
    /// The first switch that announced itself, and when it did last.
    switch: Option<([u8; 6], Ts)>,
    /// So many of its announcements came in their time after the one before.
    steady: u32,
}

impl Quiet {
    /// `own`: whether a station is the phone that is asked about.
    fn near(&self, from: Ts, to: Ts, own: impl Fn([u8; 6]) -> bool) -> Option<Loss> {
        let is_one = |(hole, ended): &&(Hole, Option<[u8; 6]>)| {
            let long = hole.to.since(hole.from);
            let due = if ended.is_some_and(&own) { REFRESHED } else { KEPT };
            self.steady >= STEADY || long > due && !nearly(self.usual, long)
        };
        let unsure = self.unsure.iter().filter(is_one).map(|(hole, _)| hole);
        self.list.iter().chain(unsure).find(|hole| hole.from < to && from < hole.to).map(|hole| hole.loss)
    }

    /// A switch announces itself.
    pub fn announced(&mut self, switch: Option<[u8; 6]>, now: Ts) {
        match (&mut self.switch, switch) {
            (Some((known, last)), Some(switch)) if *known == switch => {
                let apart = now.since(*last);
                self.steady += u32::from(apart >= IN_TIME.0 && apart <= IN_TIME.1);
                *last = now;
            }
            (known @ None, Some(switch)) => *known = Some((switch, now)),
            _ => {}
        }
    }
}

/// A conversation whose messages are numbered.
#[derive(Debug, Clone, Copy)]
struct Talk {
    /// Of its name and of who asks.
    hash: u64,
    number: u64,
    time: Ts,
    /// The answer came, and not the question.
    answered: bool,
}

impl Holes {
    fn note(&mut self, from: Ts, to: Ts, loss: Loss) {
        let full = self.list.len() >= MOST;
        match self.list.last_mut() {
            Some(last) if full || from <= last.to => {
                last.from = last.from.min(from);
                last.to = last.to.max(to);
            }
            _ => self.list.push(Hole { from, to, loss }),
        }
    }

    /// What is missing between the two times, or so near that more may be.
    pub(super) fn near(&self, from: Ts, to: Ts) -> Option<Loss> {
        let around = AROUND.max(to.since(from));
        self.list.iter().find(|hole| hole.from <= to + around && hole.to + around >= from).map(|hole| hole.loss)
    }

    pub(super) fn merge(&mut self, other: Holes) {
        self.list.extend(other.list);
        self.list.sort_by_key(|hole| hole.from);
        self.list.truncate(MOST);
        self.talks.extend(other.talks);
        self.talks.truncate(TALKS);
        self.asked = self.asked.or(other.asked);
        self.started = self.started.or(other.started);
    }

    /// A question with a number: from one to the next it goes up by one.
    fn question(&mut self, hash: u64, number: u64, now: Ts) -> Option<Ts> {
        match self.talks.iter_mut().find(|talk| talk.hash == hash) {
            Some(talk) => {
                // An answer that stands before its question: the capture is in disorder, or lacks the first question.
                let before = number == talk.number && std::mem::take(&mut talk.answered);
                let missed = (before || number > talk.number + 1).then_some(talk.time);
                if number >= talk.number {
                    (talk.number, talk.time) = (number, now);
                }
                missed
            }
            None => {
                if self.talks.len() >= TALKS {
                    self.talks.pop_front();
                }
                self.talks.push_back(Talk { hash, number, time: now, answered: false });
                None
            }
        }
    }

    /// An answer: to a question that was seen?
    fn answer(&mut self, hash: u64, number: u64, now: Ts) -> Option<Ts> {
        let since = match self.talks.iter().find(|talk| talk.hash == hash) {
            Some(talk) if number <= talk.number => return None,
            Some(talk) => talk.time,
            None => now,
        };
        self.question(hash, number, now);
        if let Some(talk) = self.talks.iter_mut().find(|talk| talk.hash == hash) {
            talk.answered = true;
        }
        Some(since)
    }
}

impl Phones {
    /// What the capture lacks of a phone between two times, or near them. `once`: the silence is that of a single
    /// message; then it counts, too, that the capture loses frames of others.
    pub fn lost(&self, id: PhoneId, from: Ts, to: Ts, once: bool) -> Option<Loss> {
        let own = self.get(id)?.holes.near(from, to).or_else(|| {
            self.quiet.near(from, to, |mac| self.by_mac.get(&mac).is_some_and(|known| self.resolve(*known) == id.0))
        });
        own.or_else(|| {
            let around = AROUND.max(to.since(from));
            let often = once && self.losses.often(from, to, around);
            often.then_some(Loss { frame: self.losses.last(), what: "it loses frames of others, too" })
        })
    }

    /// Nothing at all was captured between two times; see [`Stillness`].
    pub fn nothing_between(&mut self, since: Ts, ended: &Origin, silence: Silence) {
        let Quiet { list, unsure, usual, .. } = &mut self.quiet;
        let loss = Loss { frame: ended.frame, what: "nothing at all was captured for long before it" };
        let hole = Hole { from: since, to: ended.time, loss };
        match silence {
            Silence::Hole if list.len() < MOST => list.push(hole),
            Silence::Unsure if unsure.len() < MOST => unsure.push((hole, ended.eth_src)),
            Silence::Hole | Silence::Unsure => {}
            Silence::Again => *usual = (*usual).max(ended.time.since(since)),
        }
    }

    /// Between `since` and `now` frames from or to these addresses are missing from the capture.
    pub fn missing(&mut self, ends: [IpAddr; 2], since: Ts, now: Ts, loss: Loss) {
        if since == now && self.early(now) {
            return;
        }
        self.losses.trace(loss.frame);
        for ip in ends {
            if let Some(Bound::To(id)) = self.by_ip.get(&ip) {
                self.miss(self.resolve(*id), since, now, loss);
            }
        }
    }

    /// A connection of a phone was opened before it was captured: after the phone had started, if that was captured.
    pub fn picked_up(&mut self, ends: [IpAddr; 2], origin: &Origin) {
        let loss = Loss { frame: origin.frame, what: "a connection whose opening is not in it" };
        // Whoever has a connection has an address: how it came to that is not in the capture.
        let macs = [origin.eth_src, origin.eth_dst].into_iter().flatten();
        let known: Vec<u32> = macs.filter_map(|mac| self.by_mac.get(&mac).map(|id| self.resolve(*id))).collect();
        for id in known {
            let without = self.stations.get(id as usize).is_some_and(|s| s.phone.addresses.is_empty());
            if let Some(begun) = self.begun.filter(|_| without) {
                self.losses.trace(loss.frame);
                self.miss(id, begun, origin.time, loss);
            }
        }
        for ip in ends {
            let Some(Bound::To(id)) = self.by_ip.get(&ip) else { continue };
            let id = self.resolve(*id);
            if let Some(started) = self.stations.get(id as usize).and_then(|s| s.phone.holes.started) {
                self.losses.trace(loss.frame);
                self.miss(id, started, origin.time, loss);
            }
        }
    }

    fn miss(&mut self, id: u32, since: Ts, now: Ts, loss: Loss) {
        if let Some(station) = self.stations.get_mut(id as usize) {
            station.phone.holes.note(since, now, loss);
        }
    }

    /// An answer so early in the capture belongs to a question from before it.
    fn early(&self, now: Ts) -> bool {
        self.begun.is_none_or(|begun| now.since(begun) < BEFORE)
    }

    /// What an event tells of frames that are not in the capture.
    pub(super) fn notice(&mut self, event: &Event<'_>, sender: Option<u32>, receiver: Option<u32>) {
        let files = match event.def.name {
            "tcp.connect" => event.origin.server().is_some_and(|end| matches!(end.port, 6970..=6972)),
            _ => event.def.proto() == "file",
        };
        if files {
            for id in [sender, receiver].into_iter().flatten() {
                if let Some(station) = self.stations.get_mut(id as usize) {
                    station.phone.holes.filed = true;
                }
            }
        }
        if !matches!(event.def.name, "sip.request" | "sip.response") || sender.is_none() && receiver.is_none() {
            return;
        }
        let n = &self.fields;
        let Some(call) = value(event, n.sip_call).and_then(Value::as_text) else { return };
        let Some(number) = value(event, n.sip_cseq).and_then(Value::as_uint) else { return };
        let (now, frame) = (event.origin.time, event.origin.frame);
        let request = event.def.name == "sip.request";
        let early = self.early(now);
        for (id, sends) in [(sender, true), (receiver, false)] {
            let Some(station) = id.and_then(|id| self.stations.get_mut(id as usize)) else { continue };
            // Each side numbers its own questions.
            let hash = FixedState::default().hash_one((call, sends == request));
            let holes = &mut station.phone.holes;
            if let Some(started) = holes.started.filter(|_| !std::mem::replace(&mut holes.filed, true)) {
                holes.note(started, now, Loss { frame, what: "it registers and has asked for no file" });
                self.losses.trace(frame);
            }
            let (since, what) = if request {
                // ACK and CANCEL repeat the number of what they are about.
                (holes.question(hash, number, now), "the CSeq of its requests leaves out a number")
            } else {
                (holes.answer(hash, number, now), "an answer to a request that was not captured")
            };
            if let Some(since) = since.filter(|since| !early || *since < now) {
                holes.note(since, now, Loss { frame, what });
                self.losses.trace(frame);
            }
        }
    }

    /// A question or an answer of DHCP: those of one exchange share a number.
    pub(super) fn notice_dhcp(&mut self, event: &Event<'_>, id: u32, asks: bool) {
        let Some(number) = value(event, self.fields.dhcp_id).and_then(Value::as_uint) else { return };
        let (now, early) = (event.origin.time, self.early(event.origin.time));
        let Some(station) = self.stations.get_mut(id as usize) else { return };
        let holes = &mut station.phone.holes;
        if asks {
            holes.asked = Some(number);
            if event.def.name == "dhcp.discover" {
                (holes.started, holes.filed) = (Some(now), false);
            }
        } else if holes.asked != Some(number) && !early {
            let what = "an answer of DHCP to a request that was not captured";
            holes.note(now, now, Loss { frame: event.origin.frame, what });
            self.losses.trace(event.origin.frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSS: Loss = Loss { frame: 7, what: "x" };

    fn at(seconds: i64) -> Ts {
        Ts::ZERO + Span::from_secs(seconds)
    }

    #[test]
    fn numbers_that_are_left_out() {
        let mut holes = Holes::default();
        assert_eq!(holes.question(1, 101, at(0)), None);
        assert_eq!(holes.answer(1, 101, at(1)), None);
        assert_eq!(holes.question(1, 102, at(100)), None);
        assert_eq!(holes.question(1, 104, at(300)), Some(at(100)));
        assert_eq!(holes.answer(1, 105, at(400)), Some(at(300)));
        assert_eq!(holes.answer(1, 105, at(401)), None);
        assert_eq!(holes.answer(2, 1, at(500)), Some(at(500)));
        assert_eq!(holes.question(2, 1, at(501)), Some(at(500)));
        assert_eq!(holes.question(2, 1, at(502)), None);
    }

    #[test]
    fn silence_near_a_hole_proves_nothing() {
        let mut holes = Holes::default();
        holes.note(at(10_000), at(10_100), LOSS);
        assert_eq!(holes.near(at(10_050), at(10_060)), Some(LOSS));
        assert_eq!(holes.near(at(9_000), at(9_101)), Some(LOSS));
        assert_eq!(holes.near(at(9_000), at(9_099)), None);
        assert_eq!(holes.near(at(11_001), at(11_002)), None);
        // The longer the silence, the farther a hole tells.
        assert_eq!(holes.near(at(13_000), at(16_000)), Some(LOSS));
    }

    #[test]
    fn a_silence_is_remarkable_where_there_was_none_for_long() {
        let stands_still = |busy: i64, silence: i64| {
            let mut stillness = Stillness::default();
            let busy_all_along = (0..busy).any(|second| stillness.between(at(second), at(second + 1)).is_some());
            assert!(!busy_all_along);
            stillness.between(at(busy), at(busy + silence))
        };
        assert_eq!(stands_still(200, 100), Some(Silence::Hole));
        assert_eq!(stands_still(200, 60), None);
        assert_eq!(stands_still(25, 115), Some(Silence::Unsure), "it may be heard again with its keepalive only");
    }

    #[test]
    fn a_silence_that_comes_again_is_ordinary() {
        let mut stillness = Stillness::default();
        (0..25).for_each(|second| assert_eq!(stillness.between(at(second), at(second + 1)), None));
        assert_eq!(stillness.between(at(25), at(225)), Some(Silence::Unsure));
        assert_eq!(stillness.between(at(225), at(325)), None);
        assert_eq!(stillness.between(at(325), at(480)), Some(Silence::Again));

        let unsure = |to| vec![(Hole { from: at(25), to: at(to), loss: LOSS }, Some([6; 6]))];
        let quiet = Quiet { unsure: unsure(225), ..Quiet::default() };
        assert_eq!(quiet.near(at(40), at(100), |_| true), Some(LOSS), "the phone would have been heard");
        let quiet = Quiet { usual: Span::from_secs(155), ..quiet };
        assert_eq!(quiet.near(at(40), at(100), |_| true), None);

        let quiet = Quiet { unsure: unsure(142), ..Quiet::default() };
        assert_eq!(quiet.near(at(40), at(100), |mac| mac == [6; 6]), None, "the phone refreshes");
        assert_eq!(quiet.near(at(40), at(100), |mac| mac == [7; 6]), Some(LOSS));
    }

    #[test]
    fn a_switch_that_goes_on_announcing_itself_makes_a_silence_remarkable() {
        let mut quiet =
            Quiet { unsure: vec![(Hole { from: at(30), to: at(120), loss: LOSS }, None)], ..Quiet::default() };
        let (switch, other) = (Some([2; 6]), Some([4; 6]));
        for (who, when) in [(switch, 0), (switch, 1), (other, 30), (switch, 170), (switch, 230)] {
            quiet.announced(who, at(when));
        }
        assert_eq!(quiet.near(at(40), at(100), |_| false), None, "once in its time may be chance");
        quiet.announced(switch, at(290));
        assert_eq!(quiet.near(at(40), at(100), |_| false), Some(LOSS));
        assert_eq!(quiet.near(at(160), at(200), |_| false), None);
    }

    #[test]
    fn stretches_are_bounded() {
        let mut holes = Holes::default();
        (0..1000).for_each(|n| holes.note(at(n * 10), at(n * 10 + 1), LOSS));
        assert_eq!(holes.list.len(), MOST);
        assert_eq!(holes.list.last().map(|hole| hole.to), Some(at(9_991)));
    }
}
