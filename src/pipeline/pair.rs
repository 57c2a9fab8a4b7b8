//! The two halves of the pipeline on two threads: one reads the capture, the other judges what it says.
//!
//! What comes of it is what one thread would say, to the byte: the judge hears the same things in the same order, and
//! capture time passes for it as it did for the reader.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::batch::Batch;
use super::desk::{Clue, Desk};
use super::expect::Expectations;
use super::hub::Hub;
use super::reader::Reader;
use super::remember::Trust;
use super::{Options, Outcome, Read, Unwatched, conclude};
use crate::event::{Event, Origin, Schema, Wanted};
use crate::model::Models;
use crate::proto::{Announced, Expect, File, Sink};
use crate::source::{Notes, Source, SourceError};
use crate::time::Ts;

/// So many batches may be on their way: enough that neither side waits for the other's slow moments.
const ON_THE_WAY: usize = 4;

/// Judges a capture with a second thread; `each` hears of every frame that was read.
pub fn judge(
    source: &mut dyn Source,
    schema: &Schema,
    models: Arc<Models>,
    options: &Options,
    mut each: impl FnMut(u64),
) -> Result<Outcome, SourceError> {
    let hub = Hub::new(schema, models, options, Unwatched);
    let wanted = hub.wanted.clone();
    let (batches, to_judge) = sync_channel::<Batch>(ON_THE_WAY);
    let (empty, to_fill) = sync_channel::<Batch>(ON_THE_WAY + 1);
    let (done, to_conclude) = sync_channel::<(Read, Notes)>(1);
    std::thread::scope(|scope| {
        let judge = scope.spawn(move || {
            let mut hub = hub;
            for mut batch in to_judge {
                batch.play(&mut hub);
                batch.clear();
                // The reader may be done already.
                drop(empty.try_send(batch));
            }
            // What is the judge's own is given back here, and quicker. Of a capture that could not be read there is
            // no end, and nobody asks what comes of it.
            let (read, notes) = to_conclude.recv().unwrap_or_default();
            conclude(&read, hub, &notes).0
        });
        let post = Post {
            batch: Batch::default(),
            batches,
            to_fill,
            expectations: Expectations::new(options.announcements),
            trust: Trust::new(options.trust_lists, options.trust_list_bytes),
            wanted: wanted.clone(),
            now: Ts::ZERO,
            detail: options.detail,
        };
        let mut reader = Reader::new(options, wanted, post);
        let mut read = || {
            while let Some(frame) = source.next()? {
                reader.frame(&frame);
                each(frame.number);
            }
            Ok(())
        };
        let whole: Result<(), SourceError> = read();
        let last = reader.end();
        let (read, mut post) = Read::of(reader, last);
        post.send();
        drop(post);
        whole?;
        drop(done.send((read, source.notes().clone())));
        Ok(judge.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The desk of a reader whose judge is in another thread.
struct Post {
    batch: Batch,
    batches: SyncSender<Batch>,
    to_fill: Receiver<Batch>,
    expectations: Expectations,
    trust: Trust,
    wanted: Option<Arc<Wanted>>,
    now: Ts,
    detail: bool,
}

impl Post {
    fn send(&mut self) {
        let empty = self.to_fill.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.batch, empty);
        // Without a judge (it panicked) there is nobody to tell: its panic is met at the end.
        drop(self.batches.send(full));
    }

    fn send_if_full(&mut self) {
        if self.batch.is_full() {
            self.send();
        }
    }
}

impl Sink for Post {
    fn event(&mut self, event: &Event<'_>) {
        self.expectations.hear(event);
        self.batch.event(event, self.now);
        self.send_if_full();
    }

    fn file(&mut self, file: &File<'_>, origin: &Origin) {
        let (said, bound) = self.trust.read(file, origin, self.wanted.clone());
        for event in &said {
            self.event(&event.borrow());
        }
        if let Some(bound) = bound {
            self.limit(bound, origin);
        }
    }

    fn expect(&mut self, expect: Expect) {
        self.expectations.expect(expect);
    }

    fn announced(&self, origin: &Origin) -> Option<Arc<Announced>> {
        self.expectations.announced(origin)
    }

    fn limit(&mut self, bound: &'static str, origin: &Origin) {
        self.batch.limit(bound, origin, self.now);
        self.send_if_full();
    }

    fn detail(&self) -> bool {
        self.detail
    }
}

impl Desk for Post {
    fn tick(&mut self, now: Ts) {
        self.now = now;
    }

    fn clue(&mut self, clue: Clue, origin: &Origin) {
        self.batch.clue(clue, origin, self.now);
        self.send_if_full();
    }

    fn expectations(&self) -> &Expectations {
        &self.expectations
    }
}
