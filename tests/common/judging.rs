//! Stories of `offhook synth` judged in memory, by the built-in models as they lie on the disk.

use std::sync::{Arc, OnceLock};

use offhook::event::Schema;
use offhook::model::{Models, Site, load, site};
use offhook::pipeline::{Options, Outcome, Pipeline, Unwatched, schema};
use offhook::source::{self, Notes};
use offhook::synth::Frame;
use offhook::synth::scenario::{FileForm, Story};

/// The built-in models as they lie on the disk: one that was changed is tried without building anew.
fn sources() -> Vec<load::Source> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(here.join(file)).unwrap();
    load::BUILTIN.iter().map(|(file, _)| load::Source { file: (*file).into(), text: read(file).into() }).collect()
}

/// The models as the site file of a story changes them.
fn told(story: &Story) -> Arc<Models> {
    let schema = &judge().0;
    let site = site::read(story.name, story.told, schema).unwrap_or_else(|errors| panic!("{errors:?}"));
    let models = load::load(&sources(), schema, &site).models().unwrap();
    assert!(site.check(&models).is_empty(), "{}: {:?}", story.name, site.check(&models));
    Arc::new(models)
}

/// A story judged whole, with its site file where it has one.
pub fn outcome_of(story: &Story) -> Outcome {
    let frames = offhook::synth::capture(story, &offhook::synth::Options::default());
    match story.told {
        "" => outcome(&frames, &notes(story)),
        _ => judged(&frames, &notes(story), told(story)),
    }
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
    judged(frames, notes, Arc::clone(&judge().1))
}

fn judged(frames: &[Frame], notes: &Notes, models: Arc<Models>) -> Outcome {
    let mut pipeline = Pipeline::new(&judge().0, models, &Options::default(), Unwatched);
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
