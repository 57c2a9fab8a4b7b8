//! Stories of `offhook synth` judged in memory, by the built-in models as they lie on the disk.

use std::sync::{Arc, OnceLock};

use offhook::event::Schema;
use offhook::model::{Models, Site, load};
use offhook::pipeline::{Options, Outcome, Pipeline, Unwatched, schema};
use offhook::source::{self, Notes};
use offhook::synth::Frame;
use offhook::synth::scenario::{FileForm, Story};

/// The built-in models as they lie on the disk: one that was changed is tried without building anew.
fn sources() -> Vec<load::Source> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(here.join(file)).unwrap();
    load::BUILTIN.iter().map(|(file, _)| load::Source { file: (*file).into(), text: read(file) }).collect()
}

pub fn judge() -> &'static (Schema, Arc<Models>) {
    static JUDGE: OnceLock<(Schema, Arc<Models>)> = OnceLock::new();
    JUDGE.get_or_init(|| {
        let schema = schema();
        let models = load::load(&sources(), &schema, &Site::default()).models().unwrap();
        (schema, Arc::new(models))
    })
}

pub fn outcome(frames: &[Frame], notes: &Notes) -> Outcome {
    let (schema, models) = judge();
    let mut pipeline = Pipeline::new(schema, Arc::clone(models), &Options::default(), Unwatched);
    for (frame, number) in frames.iter().zip(1..) {
        let Frame { time, bytes, wire_len } = frame;
        pipeline.frame(&source::Frame { number, time: *time, interface: 0, link: 1, bytes, wire_len: *wire_len });
    }
    pipeline.finish(notes).0
}

pub fn notes(story: &Story) -> Notes {
    match story.file {
        FileForm::Pcap => Notes::default(),
        FileForm::CutShort(_) => Notes { damage: Some("record 7 is cut off".into()), ..Notes::default() },
        FileForm::Filtered(filter) => Notes { filter: Some(filter.into()), ..Notes::default() },
    }
}
