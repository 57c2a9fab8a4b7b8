//! Streams as they run, second by second, and groups with their listeners.
//!
//! What a stream was in all is said by its dissector when it ends; until then the same is counted here, simply: the
//! numbers of a running stream are those of its sequence numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;

use crate::event::{Endpoint, Event, Origin, Value};
use crate::finding::PhoneId;
use crate::phone::{Concerned, Phones};
use crate::proto::rtp::packet;
use crate::quality::{self, Seen as Packets};
use crate::time::Ts;

/// So many seconds of a stream are kept for its line.
const SECONDS: usize = 120;
/// So many streams are kept; those that ended first go first.
const STREAMS: usize = 4096;

/// So many groups are kept, and listeners of each.
const GROUPS: usize = 4096;

/// A second of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Second {
    /// Packets that came.
    pub came: u32,
    /// Packets that did not, by their numbers.
    pub lost: u32,
}

/// A stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Who sends.
    pub src: Endpoint,
    /// To whom, or to which group.
    pub dst: Endpoint,
    /// Synchronisation source.
    pub ssrc: u32,
    /// The codec, if it is known.
    pub codec: String,
    /// DSCP of its packets.
    pub dscp: Option<u64>,
    /// Whom it concerns.
    pub phones: Vec<PhoneId>,
    /// First and last packet.
    pub from: Ts,
    /// Last packet.
    pub to: Ts,
    /// Packets that came.
    pub packets: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Share of them, in percent.
    pub loss: f64,
    /// Mean jitter of RFC 3550, in milliseconds; not known while the clock is not.
    pub jitter: Option<f64>,
    /// Mean opinion score.
    pub mos: Option<f64>,
    /// It is over.
    pub ended: bool,
    /// Its last seconds.
    pub seconds: VecDeque<Second>,
    clock: f64,
    count: Count,
}

#[derive(Debug, Clone, Default)]
struct Count {
    base: Option<u16>,
    high: u64,
    expected_before: u64,
    transit: Option<f64>,
    jitter: f64,
    second: i64,
    payload: usize,
    runs: u64,
}

/// A multicast group.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Who wants it now: addresses as IGMP gives them.
    pub listeners: BTreeSet<IpAddr>,
    /// Who wanted it and left.
    pub left: BTreeSet<IpAddr>,
}

/// Streams and groups.
#[derive(Debug, Default)]
pub struct Media {
    /// In the order in which they began.
    pub streams: Vec<Stream>,
    by_key: HashMap<(Endpoint, Endpoint, u32), usize>,
    /// By address.
    pub groups: BTreeMap<IpAddr, Group>,
}

impl Media {
    /// Whether packets have to be looked at.
    pub fn runs(&self) -> bool {
        !self.by_key.is_empty()
    }

    /// A datagram that may be a packet of a stream.
    pub fn packet(&mut self, origin: &Origin, payload: &[u8]) {
        let (Some(src), Some(dst)) = (origin.src, origin.dst) else { return };
        let Ok(packet) = packet::read(payload, 0) else { return };
        let place = self.by_key.get(&(src, dst, packet.ssrc));
        if let Some(stream) = place.and_then(|place| self.streams.get_mut(*place)) {
            stream.packet(&packet, origin.time);
        }
    }

    /// Something was said of a stream or of a group.
    pub fn event(&mut self, event: &Event<'_>, concerned: &[Concerned], _: &Phones) {
        match event.def.name {
            "rtp.start" => self.start(event, concerned),
            "rtp.stop" => self.stop(event),
            "igmp.join" | "igmp.leave" | "igmp.report" => self.group(event),
            _ => {}
        }
    }

    fn start(&mut self, event: &Event<'_>, concerned: &[Concerned]) {
        let (Some(src), Some(dst)) = (event.origin.src, event.origin.dst) else { return };
        if self.streams.len() >= STREAMS {
            self.forget_ended();
        }
        let ssrc = number(event, "rtp.ssrc").unwrap_or(0.0) as u32;
        let codec = text(event, "rtp.codec").unwrap_or_else(|| {
            number(event, "rtp.p_type").map_or_else(|| "?".to_owned(), |kind| format!("type {kind}"))
        });
        self.by_key.insert((src, dst, ssrc), self.streams.len());
        self.streams.push(Stream {
            src,
            dst,
            ssrc,
            codec,
            dscp: number(event, "rtp.dscp").map(|dscp| dscp as u64),
            phones: concerned.iter().map(|one| one.phone).collect(),
            from: event.origin.time,
            to: event.origin.time,
            packets: 0,
            lost: 0,
            loss: 0.0,
            jitter: None,
            mos: None,
            ended: false,
            seconds: VecDeque::new(),
            clock: number(event, "rtp.clock_rate").unwrap_or(0.0),
            count: Count::default(),
        });
    }

    fn stop(&mut self, event: &Event<'_>) {
        let (Some(src), Some(dst)) = (event.origin.src, event.origin.dst) else { return };
        let key = (src, dst, number(event, "rtp.ssrc").unwrap_or(0.0) as u32);
        let place = self.by_key.remove(&key);
        let Some(stream) = place.and_then(|place| self.streams.get_mut(place)) else { return };
        stream.ended = true;
        stream.packets = number(event, "rtp.packets").map_or(stream.packets, |n| n as u64);
        stream.lost = number(event, "rtp.lost").map_or(stream.lost, |n| n as u64);
        stream.loss = number(event, "rtp.loss_percent").unwrap_or(stream.loss);
        stream.jitter = number(event, "rtp.jitter_ms").or(stream.jitter);
        stream.mos = number(event, "rtp.mos");
        stream.to = event.origin.time;
    }

    /// Groups that stations want or left; the link's own groups (224.0.0.x) are none of a page.
    fn group(&mut self, event: &Event<'_>) {
        let Some(src) = event.origin.src else { return };
        for (name, joins) in [("igmp.joined", true), ("igmp.left", false)] {
            for field in event.fields.iter().filter(|field| field.def.name == name) {
                let Value::Ip(group) = field.value else { continue };
                if matches!(group, IpAddr::V4(v4) if v4.octets().starts_with(&[224, 0, 0])) {
                    continue;
                }
                if self.groups.len() >= GROUPS && !self.groups.contains_key(&group) {
                    continue;
                }
                let group = self.groups.entry(group).or_default();
                if group.listeners.len() + group.left.len() >= GROUPS {
                    continue;
                }
                let (add, remove) = match joins {
                    true => (&mut group.listeners, &mut group.left),
                    false => (&mut group.left, &mut group.listeners),
                };
                if remove.remove(&src.ip) || joins {
                    add.insert(src.ip);
                }
            }
        }
    }

    fn forget_ended(&mut self) {
        let half = self.streams.len() / 2;
        let mut left = half;
        self.streams.retain(|stream| {
            let goes = stream.ended && left > 0;
            left -= usize::from(goes);
            !goes
        });
        self.by_key = (self.streams.iter().enumerate().filter(|(_, stream)| !stream.ended))
            .map(|(place, stream)| ((stream.src, stream.dst, stream.ssrc), place))
            .collect();
    }
}

impl Stream {
    fn packet(&mut self, packet: &packet::Packet, time: Ts) {
        let count = &mut self.count;
        let seq = packet.seq;
        let base = *count.base.get_or_insert(seq);
        if self.packets == 0 {
            count.high = u64::from(base);
        }
        let ahead = i64::from(seq.wrapping_sub(count.high as u16) as i16);
        let mut skipped = 0;
        if !(-100..=3000).contains(&ahead) {
            // The sender began anew (RFC 3550 A.1).
            count.expected_before += count.high - u64::from(base) + 1;
            count.base = Some(seq);
            count.high = u64::from(seq);
        } else if ahead > 0 {
            count.high += ahead as u64;
            skipped = ahead as u64 - 1;
            count.runs += u64::from(skipped > 0);
        }
        self.packets += 1;
        self.to = time;
        count.payload = packet.payload_len;
        let expected = count.expected_before + count.high - u64::from(count.base.unwrap_or(seq)) + 1;
        self.lost = expected.saturating_sub(self.packets);
        self.loss = self.lost as f64 * 100.0 / expected.max(1) as f64;
        let codec = packet::codec(packet.payload_type);
        if let Some(clock) = codec.map(|codec| f64::from(codec.clock)).or((self.clock > 0.0).then_some(self.clock)) {
            let transit = time.nanos() as f64 / 1e6 - f64::from(packet.timestamp) * 1e3 / clock;
            if let Some(before) = count.transit.replace(transit)
                && skipped == 0
            {
                let step = (transit - before).abs();
                // A timestamp that wraps or begins anew is no jitter.
                if step < 10_000.0 {
                    count.jitter += (step - count.jitter) / 16.0;
                    self.jitter = Some(count.jitter);
                }
            }
        }
        let seen = Packets {
            packets: self.packets,
            loss: self.loss,
            burst_ratio: quality::burst_ratio(self.lost, count.runs, expected),
            delay: None,
        };
        let impairment = codec.and_then(|codec| quality::impairment(codec.name, count.payload));
        self.mos = quality::score(impairment, seen).map(|score| score.mos);
        let second = time.nanos().div_euclid(1_000_000_000);
        let missed = if self.seconds.is_empty() { 1 } else { (second - count.second).clamp(0, SECONDS as i64) };
        (0..missed).for_each(|_| self.seconds.push_back(Second::default()));
        count.second = count.second.max(second);
        while self.seconds.len() > SECONDS {
            self.seconds.pop_front();
        }
        if let Some(last) = self.seconds.back_mut() {
            last.came += 1;
            last.lost += skipped as u32;
        }
    }
}

fn number(event: &Event<'_>, name: &str) -> Option<f64> {
    event.fields.iter().find(|field| field.def.name == name).and_then(|field| match &field.value {
        Value::Uint(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    })
}

fn text(event: &Event<'_>, name: &str) -> Option<String> {
    event.fields.iter().find(|field| field.def.name == name)?.value.as_text().map(str::to_owned)
}
