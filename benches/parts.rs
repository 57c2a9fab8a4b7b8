//! What the parts of a judgement cost, each by itself: `cargo bench --bench parts`.
//!
//! `story` is a phone's boot as `offhook synth` makes it, frame by frame through the whole pipeline; the others are
//! one stage each, over messages of that boot.

use std::hint::black_box;
use std::sync::Arc;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, Divan};
use offhook::event::{Event, EventDef, Origin, Schema};
use offhook::expr::Expr;
use offhook::model::{Models, Site, load};
use offhook::phone::{Concerned, Phones};
use offhook::pipeline::{Options, Pipeline, Unwatched, Watch, schema};
use offhook::proto::{Expect, File, Mark, Out, Segment, Side, Sink, Spare, protocol};
use offhook::source::dedup::Dedup;
use offhook::source::{self, Notes};
use offhook::synth::{self, Frame};
use offhook::time::Ts;
use offhook::{content, decode};

fn main() {
    Divan::from_args().main();
}

const STORIES: [&str; 4] = ["boot-known-phone-http", "boot-known-phone-tftp", "boot-udp-sip", "two-phones"];

fn frames(story: &str) -> Vec<Frame> {
    synth::story(story).map(|story| synth::capture(story, &synth::Options::default())).unwrap_or_default()
}

fn borrowed(frames: &[Frame]) -> impl Iterator<Item = source::Frame<'_>> {
    (1..).zip(frames).map(|(number, Frame { time, bytes, wire_len })| source::Frame {
        number,
        time: *time,
        interface: 0,
        link: 1,
        bytes,
        wire_len: *wire_len,
    })
}

fn models(schema: &Schema) -> Arc<Models> {
    Arc::new(load::load(&load::builtin(), schema, &Site::default()).models)
}

fn run<W: Watch>(schema: &Schema, models: &Arc<Models>, frames: &[Frame], watch: W) -> usize {
    let mut pipeline = Pipeline::new(schema, Arc::clone(models), &Options::default(), watch);
    borrowed(frames).for_each(|frame| pipeline.frame(&frame));
    pipeline.finish(&Notes::default()).0.flows.len()
}

/// Looks at every event, so that all fields are made.
struct Looking;

impl Watch for Looking {
    fn event(&mut self, event: &Event<'_>, _: &[Concerned], _: &Phones) {
        black_box(event.fields.len());
    }
}

/// Everything, as `check` does it.
#[divan::bench(args = STORIES)]
fn story(bencher: Bencher<'_, '_>, story: &str) {
    let (schema, frames) = (schema(), frames(story));
    let models = models(&schema);
    bencher.counter(ItemsCount::new(frames.len())).bench_local(|| run(&schema, &models, &frames, Unwatched));
}

/// The same with all fields, as `decode` wants them, and without models.
#[divan::bench(args = STORIES)]
fn story_all_fields(bencher: Bencher<'_, '_>, story: &str) {
    let (schema, frames) = (schema(), frames(story));
    let none = Arc::new(load::load(&[], &schema, &Site::default()).models);
    bencher.counter(ItemsCount::new(frames.len())).bench_local(|| run(&schema, &none, &frames, Looking));
}

/// Reading and checking the built-in models, which every start does.
#[divan::bench]
fn models_load(bencher: Bencher<'_, '_>) {
    let schema = schema();
    bencher.bench_local(|| models(&schema).list.len());
}

/// Frame → layers.
#[divan::bench]
fn layers(bencher: Bencher<'_, '_>) {
    let frames = frames("boot-known-phone-http");
    bencher
        .counter(ItemsCount::new(frames.len()))
        .bench_local(|| borrowed(&frames).filter(|frame| decode::packet(black_box(frame)).stop.is_none()).count());
}

/// Looking for the copies of a SPAN port.
#[divan::bench]
fn duplicates(bencher: Bencher<'_, '_>) {
    let frames = frames("boot-known-phone-http");
    let packets: Vec<_> = borrowed(&frames).map(|frame| (decode::packet(&frame), frame)).collect();
    let mut dedup = Dedup::default();
    bencher
        .counter(ItemsCount::new(frames.len()))
        .bench_local(|| packets.iter().filter(|(packet, frame)| dedup.is_duplicate(packet, frame)).count());
}

/// Takes what a dissector says, and drops it.
struct Nowhere;

impl Sink for Nowhere {
    fn event(&mut self, event: &Event<'_>) {
        black_box(event.fields.len());
    }
    fn file(&mut self, _: &File<'_>, _: &Origin) {}
    fn expect(&mut self, _: Expect) {}
    fn limit(&mut self, _: &'static str, _: &Origin) {}
}

/// A dissector over the good messages that its protocol names itself, with all fields.
#[divan::bench(args = ["arp", "cdp", "lldp", "dhcp", "dns", "igmp", "sip", "skinny", "tftp", "tls"])]
fn dissect(bencher: Bencher<'_, '_>, name: &str) {
    let Some(protocol) = protocol(name) else { return };
    let origin = Origin::at(1, Ts::ZERO);
    let mut spare = Spare::default();
    let bytes: usize = protocol.samples.iter().map(|sample| sample.len()).sum();
    bencher.counter(ItemsCount::new(protocol.samples.len())).counter(BytesCount::new(bytes)).bench_local(|| {
        let mut dissector = (protocol.new)();
        for sample in protocol.samples {
            let marks = [Mark { at: 0, frame: 1 }];
            let side = Side::Client;
            let segment = Segment { bytes: sample, origin: &origin, marks: &marks, side, end: false, cut: 0, flow: 0 };
            dissector.datagram(&segment, &mut Out::new(&mut Nowhere, &mut spare));
            dissector.stream(&segment, &mut Out::new(&mut Nowhere, &mut spare));
        }
    });
}

/// A phone's configuration, from XML to fields.
#[divan::bench]
fn configuration(bencher: Bencher<'_, '_>) {
    let line =
        "<line button=\"1\"><featureID>9</featureID><name>1001</name><displayName>A &amp; B</displayName></line>";
    let text = format!(
        "<device><fullConfig>true</fullConfig><sipProfile><sipLines>{}</sipLines></sipProfile>\
         <vendorConfig><webAccess>0</webAccess></vendorConfig></device>",
        line.repeat(50)
    );
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let mut fields = 0;
        let mut take = |_: &'static EventDef, made: offhook::event::Fields<'_>, _| fields += made.list().len();
        let mut emit = content::Emit::new(&mut take, None);
        content::file("SEP001122334455.cnf.xml", text.as_bytes(), None, Ts::ZERO, &mut emit);
        fields
    });
}

/// An expression as models have it, over an event.
#[divan::bench]
fn expression(bencher: Bencher<'_, '_>) {
    let schema = schema();
    let source = "sip.Method in {\"REGISTER\", \"REFER\"} and sip.Expires > 0 or ip.src in {10.0.0.0/8}";
    let Ok(expr) = Expr::filter(source, &schema) else { return };
    let Some(def) = schema.event("sip.request") else { return };
    let origin = Origin::at(1, Ts::ZERO);
    let event = Event { def, origin: &origin, fields: &[], frames: &[1], bytes: &[], defect: None };
    bencher.bench_local(|| black_box(&expr).passes(black_box(&event), &[]));
}
