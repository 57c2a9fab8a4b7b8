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

/// Judges a capture while a second thread reads it; `each` hears of every frame that was read.
///
/// It is the judge who stays on the caller's thread: what he knows at the end, the caller writes down.
pub fn judge(
    source: &mut (dyn Source + Send),
    schema: &Schema,
    models: Arc<Models>,
    options: &Options,
    each: impl FnMut(u64) + Send,
) -> Result<Outcome, SourceError> {
    let mut hub = Hub::new(schema, models, options, Unwatched);
    let wanted = hub.wanted.clone();
    let (batches, to_judge) = sync_channel::<Batch>(ON_THE_WAY);
    let (empty, to_fill) = sync_channel::<Batch>(ON_THE_WAY + 1);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
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
            read(source, Reader::new(options, wanted, post), each)
        });
        for mut batch in to_judge {
            batch.play(&mut hub);
            batch.clear();
            // The reader may be done already.
            drop(empty.try_send(batch));
        }
        let (read, notes) = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(conclude(&read, hub, &notes).0)
    })
}

/// Reads a capture to its end.
fn read(
    source: &mut dyn Source,
    mut reader: Reader<Post>,
    mut each: impl FnMut(u64),
) -> Result<(Read, Notes), SourceError> {
    while let Some(frame) = source.next()? {
        reader.frame(&frame);
        each(frame.number);
    }
    let last = reader.end();
    let (read, mut post) = Read::of(reader, last);
    post.send();
    Ok((read, source.notes().clone()))
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
