//! The one place that knows all stages: frames in, events and findings out.
//!
//! [`Pipeline::frame`] takes a frame apart, drops the copies a SPAN port made, puts fragments and streams
//! together, finds the protocol of a flow, asks its dissector, learns which phone is meant and asks the models.
//! It reads no clock and does no IO: who calls it decides where frames come from and where events go.

mod batch;
mod core;
mod desk;
mod expect;
mod hub;
mod inside;
mod look;
mod pair;
mod pushed;
mod reader;
mod remember;
mod routes;

use crate::content;
use crate::event::{Event, EventDef, FieldDef, Origin, Schema, text, uint};
use crate::finding::{Finding, Flow};
use crate::flow;
use crate::flow::frag;
use crate::model::facts::Facts;
use crate::model::{self, Models};
use crate::phone::{self, Concerned, Phones};
use crate::proto::{PROTOCOLS, Sink};
use crate::source::{Frame, Notes};
use crate::time::Ts;
use crate::{events, fields};
use desk::Desk;
use hub::{Hub, Sight};
pub use look::Look;
pub use pair::judge;
use reader::Reader;
use std::sync::Arc;

fields! { FIELDS;
    COUNT = uint("capture.count", "How many times it happened");
    BYTES = uint("capture.bytes", "How many bytes are missing").unit("bytes");
    MILLISECONDS = uint("capture.milliseconds", "How far the clock stepped back").unit("ms");
    LENGTH = uint("capture.length", "The length frames are cut to").unit("bytes");
    BOUND = text("capture.bound", "The bound that was reached, by the option that raises it");
    FILTER = text("capture.filter", "The capture filter the file names");
    DAMAGE = text("capture.damage", "What is wrong with the file, and where");
    KIND = text("capture.kind", "Kind of the message that cannot be read: link ip dhcp tftp http trust-list xml sip sccp rtp igmp tls cast");
    REASON = text("capture.reason", "What could not be read, and at which byte of the message");
    PROTO = text("capture.proto", "Protocol of the message that cannot be read");
}

events! { EVENTS;
    DUPLICATES = "capture.duplicates", "Frames are in the capture twice; the first copy that was dropped.";
    ONE_WAY = "capture.one_way", "Connections of which only one direction was captured.";
    DROPS = "capture.drops", "Bytes that both ends acknowledged are missing from the capture.";
    CLOCK_BACK = "capture.clock_back", "The clock of the capture steps back.";
    TRUNCATED = "capture.truncated", "A frame is cut by the snap length.";
    CUT_OFF = "capture.cut_off", "The file ends inside a record, or is damaged.";
    LIMIT = "capture.limit", "A bound was reached: what went beyond it was not followed.";
    FILTERED = "capture.filtered", "The capture was filtered when it was taken.";
    MALFORMED = "capture.malformed", "A message could not be read completely.";
    IP_MALFORMED = "ip.malformed", "A frame whose layers cannot be read.";
}

/// All fields and events of the product.
pub fn schema() -> Schema {
    let mut more =
        vec![(flow::FIELDS, flow::EVENTS), (FIELDS, EVENTS), (phone::FIELDS, &[] as &'static [&'static EventDef])];
    more.push((crate::proto::fetch::FIELDS, crate::proto::fetch::EVENTS));
    more.extend(content::FIELDS.iter().map(|fields| (*fields, &[] as &'static [&'static EventDef])));
    more.extend(content::EVENTS.iter().map(|events| (&[] as &'static [&'static FieldDef], *events)));
    crate::proto::schema(&more)
}

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bounds of the flow room.
    pub flows: flow::Limits,
    /// Bounds of fragments.
    pub fragments: frag::Bounds,
    /// Bounds of the phone room.
    pub phones: phone::Limits,
    /// Bounds of the engine.
    pub engine: model::Limits,
    /// Bounds of dissectors.
    pub proto: crate::proto::Bounds,
    /// Announcements of flows kept at the same time.
    pub announcements: usize,
    /// Phones (or addresses) whose trust lists are kept.
    pub trust_lists: usize,
    /// Bytes of different trust lists that are kept.
    pub trust_list_bytes: usize,
    /// Frames that copies are looked for among.
    pub remembered_frames: usize,
    /// Show copies that a SPAN port made, marked as such; a judge drops them.
    pub show_duplicates: bool,
    /// Give events that only `decode` shows.
    pub detail: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            flows: flow::Limits::default(),
            fragments: frag::Bounds::default(),
            phones: phone::Limits::default(),
            engine: model::Limits::default(),
            proto: crate::proto::Bounds::default(),
            announcements: 100_000,
            trust_lists: 100_000,
            trust_list_bytes: 64 << 20,
            remembered_frames: 8192,
            show_duplicates: false,
            detail: false,
        }
    }
}

/// Sees every event as it comes, with the phones it concerns; `decode`, the screen and goldens watch.
pub trait Watch {
    /// An event.
    fn event(&mut self, event: &Event<'_>, concerned: &[Concerned], phones: &Phones);
    /// A finding, as soon as it is known.
    fn finding(&mut self, _finding: &Finding, _phones: &Phones) {}
    /// A finding is taken back: what came later shows that the capture does not tell it.
    fn withdrawn(&mut self, _finding: &Finding, _phones: &Phones) {}
    /// Whether it looks at the fields of events: otherwise only those that models and phones ask for are made.
    fn looks(&self) -> bool {
        true
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn event(&mut self, _: &Event<'_>, _: &[Concerned], _: &Phones) {}

    fn looks(&self) -> bool {
        false
    }
}

/// What a capture was, besides its phones.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Frames, as their numbers count them.
    pub packets: u64,
    /// Time of the first frame.
    pub first: Option<Ts>,
    /// Time of the last frame (the latest seen).
    pub last: Option<Ts>,
    /// Frames that were copies of earlier ones.
    pub duplicates: u64,
    /// How many messages of each protocol were seen, by name.
    pub seen: Vec<(&'static str, u64)>,
    /// User agents and servers of SIP that are no phones, as they name themselves.
    pub others: Vec<String>,
}

/// All that a capture said.
#[derive(Debug)]
pub struct Outcome {
    /// The capture.
    pub summary: Summary,
    /// Who is who.
    pub phones: Phones,
    /// Every finding, in the order of their times.
    pub findings: Vec<Finding>,
    /// Every flow that was judged.
    pub flows: Vec<Flow>,
    /// What the models found out about each phone.
    pub facts: Facts,
}

/// Frames in, events and findings out.
pub struct Pipeline<W: Watch> {
    reader: Reader<Hub<W>>,
}

impl<W: Watch> std::fmt::Debug for Pipeline<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pipeline({} frames)", self.reader.packets)
    }
}

impl<W: Watch> Pipeline<W> {
    /// A pipeline that judges with `models` and shows its events to `watch`.
    pub fn new(schema: &Schema, models: Arc<Models>, options: &Options, watch: W) -> Pipeline<W> {
        let hub = Hub::new(schema, models, options, watch);
        Pipeline { reader: Reader::new(options, hub.wanted.clone(), hub) }
    }

    /// The next frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.reader.frame(frame);
    }

    /// Capture time has come to `now` without a frame: what became due is found.
    pub fn tick(&mut self, now: Ts) {
        self.reader.tick(now);
    }

    /// When something becomes due next, if no frame comes before.
    pub fn poll_timeout(&mut self) -> Option<Ts> {
        self.reader.core.desk.engine.poll_timeout()
    }

    /// The watcher, to be asked between frames.
    pub fn watch(&mut self) -> &mut W {
        &mut self.reader.core.desk.watch
    }

    /// Who is who so far.
    pub fn phones(&self) -> &Phones {
        &self.reader.core.desk.phones
    }

    /// The capture has ended; `notes` is what its source had to say of it.
    pub fn finish(mut self, notes: &Notes) -> (Outcome, W) {
        let last = self.reader.end();
        let (read, hub) = Read::of(self.reader, last);
        conclude(&read, hub, notes)
    }
}

/// What the reading half knows of the capture at its end.
#[derive(Default)]
struct Read {
    last: Origin,
    packets: u64,
    first: Option<Ts>,
    duplicates: u64,
    gaps: (u64, u64, Vec<u64>),
    one_way: (u64, Vec<u64>),
    /// Bounds that were reached, of which it is told at the end.
    limits: Vec<&'static str>,
}

impl Read {
    fn of<D: Desk>(reader: Reader<D>, last: Origin) -> (Read, D) {
        let Reader { packets, first, duplicates, core, last_frame, dedup, .. } = reader;
        let core::Core { gaps, one_way, desk, .. } = core;
        // Where there are no copies, none was missed.
        let limits = [
            (desk.expectations().forgot(), "max-announcements"),
            (dedup.is_crowded() && duplicates > 0, "max-remembered-frames"),
        ];
        let limits = limits.into_iter().filter(|(hit, _)| *hit).map(|(_, bound)| bound).collect();
        (Read { last, packets: packets.max(last_frame), first, duplicates, gaps, one_way, limits }, desk)
    }
}

/// All was read and judged: what is said of it at the end.
fn conclude<W: Watch>(read: &Read, mut hub: Hub<W>, notes: &Notes) -> (Outcome, W) {
    let now = read.last.time;
    hub.last_resort();
    hub.capture_facts(&read.last, notes, &read.gaps, &read.one_way);
    read.limits.iter().for_each(|bound| Sink::limit(&mut hub, bound, &read.last));
    hub.tick(now);
    hub.engine_limits(&read.last);
    let Hub { mut engine, phones, mut findings, mut watch, seen, others, carried, .. } = hub;
    let flows = engine.finish(now, &Sight(&phones, carried), &mut |finding| {
        findings.take(finding);
    });
    findings.withdraw(&engine.withdrawn()).iter().for_each(|finding| watch.withdrawn(finding, &phones));
    let summary = Summary {
        packets: read.packets,
        first: read.first,
        last: read.first.map(|_| now),
        duplicates: read.duplicates,
        seen: PROTOCOLS.iter().map(|p| p.name).zip(seen).filter(|(_, n)| *n > 0).collect(),
        others,
    };
    (Outcome { summary, phones, findings: findings.into_sorted(), flows, facts: engine.into_facts() }, watch)
}
