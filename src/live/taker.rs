//! Frames off the interfaces, in time order: written, counted, and handed to the judge by the batch.
//!
//! A reader for each interface, a taker for all. A reader waits where the taker is behind, so that the kernel's
//! buffer and its count of drops stay the truth; the taker never waits for the judge: what the judge has no room
//! for is written all the same, and counted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::batch::Batch;
use super::device::{Opened, TIMEOUT_MS, Waiter, nanos};
use super::limits::{Limits, Reached};
use super::ring::Ring;
use super::wall_clock;
use crate::source::mem::FrameBuf;
use crate::source::write::Counts;
use crate::source::{Frame, Notes};
use crate::time::{Span, Ts};

/// What is held back for a taker or a judge that is behind, in bytes.
const HELD: usize = 256 << 20;
/// After so long without a frame, none of before can still come: the kernel hands on a block after [`TIMEOUT_MS`].
const LATE: Span = Span::from_millis(3 * TIMEOUT_MS as i64);
/// Frames younger than this wait for the rest of their batch.
const AGE: Span = Span::from_millis(20);
/// How often counts are asked for, and files handed to the operating system.
const OFTEN: Span = Span::from_millis(500);

/// What the judge is told.
#[derive(Debug)]
pub enum Taken {
    /// Frames, the first of which has this number.
    Frames(u64, Batch),
    /// No frame from before this time will come.
    Tick(Ts),
    /// What was received and lost so far, by interface.
    Counts(Vec<Counts>),
    /// It is over.
    End(Totals),
}

/// What came of a capture.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Frames taken.
    pub packets: u64,
    /// Frames written.
    pub written: u64,
    /// Frames that were not judged, because the judge was behind.
    pub unjudged: u64,
    /// By interface.
    pub counts: Vec<Counts>,
    /// The files that are there now.
    pub files: Vec<PathBuf>,
    /// What ended it before its time, one line each.
    pub errors: Vec<String>,
}

impl Totals {
    /// Frames lost on their way: by the interface, by the kernel, by a judge that was behind.
    pub fn drops(&self) -> u64 {
        drops(&self.counts) + self.unjudged
    }
}

/// Frames lost by interfaces and kernel.
pub fn drops(counts: &[Counts]) -> u64 {
    counts.iter().map(|one| one.by_interface + one.by_system).sum()
}

enum Read {
    Frames(usize, Batch),
    Idle(usize, Ts),
    Counts(usize, Counts),
    Ended(usize, Option<String>),
}

/// A capture that runs: what the judge takes from, and what ends it.
pub struct Live {
    taken: Receiver<Taken>,
    waiting: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    taker: Option<JoinHandle<()>>,
    /// What is to be said of the capture; drops are kept up to date.
    pub notes: Notes,
    /// What was received and lost so far, by interface.
    pub counts: Vec<Counts>,
    /// What came of it, once it is over.
    pub totals: Option<Totals>,
}

/// Begins to take frames. `ring` is where they are written, if anywhere; `stop` ends it from outside.
pub fn begin(opened: Vec<Opened>, filter: &str, ring: Option<Ring>, until: Limits, stop: Arc<AtomicBool>) -> Live {
    let (to_taker, from_readers) = mpsc::channel();
    let (to_judge, taken) = mpsc::channel();
    let held = Arc::new(AtomicUsize::new(0));
    let waiting = Arc::new(AtomicUsize::new(0));
    let readers = opened.len();
    let links: Vec<u16> = opened.iter().map(|one| one.link).collect();
    for (index, one) in opened.into_iter().enumerate() {
        let reader =
            Reader { index, link: one.link, to: to_taker.clone(), held: Arc::clone(&held), stop: Arc::clone(&stop) };
        thread::spawn(move || reader.run(one.capture));
    }
    let taker = Taker {
        links,
        ring,
        until,
        held,
        waiting: Arc::clone(&waiting),
        stop: Arc::clone(&stop),
        to: to_judge,
        began: wall_clock(),
        marks: vec![Ts::ZERO; readers],
        running: readers,
        order: BinaryHeap::new(),
        serial: 0,
        flushed: Ts::ZERO,
        totals: Totals { counts: vec![Counts::default(); readers], ..Totals::default() },
        batch: Batch::default(),
    };
    let taker = thread::spawn(move || taker.run(&from_readers));
    let notes = Notes { filter: (!filter.is_empty()).then(|| filter.to_owned()), ..Notes::default() };
    Live { taken, waiting, stop, taker: Some(taker), notes, counts: Vec::new(), totals: None }
}

impl Live {
    /// What comes next; `None` if nothing does within `wait`, or all is over.
    pub fn next(&mut self, wait: Duration) -> Option<Taken> {
        let next = match self.taken.recv_timeout(wait) {
            Ok(next) => next,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => {
                self.totals.get_or_insert_with(|| Totals {
                    errors: vec!["the capture ended without a word".to_owned()],
                    ..Totals::default()
                });
                return None;
            }
        };
        match &next {
            Taken::Frames(_, batch) => {
                self.waiting.fetch_sub(batch.weight(), Ordering::Relaxed);
            }
            Taken::Counts(counts) => {
                self.notes.drops = drops(counts);
                self.counts.clone_from(counts);
            }
            Taken::End(totals) => {
                self.notes.drops = totals.drops();
                self.counts.clone_from(&totals.counts);
                self.totals = Some(totals.clone());
            }
            Taken::Tick(_) => {}
        }
        Some(next)
    }

    /// Whether it is over and everything was handed out.
    pub fn is_over(&self) -> bool {
        self.totals.is_some()
    }

    /// Ends it, and gives what came of it. What the judge has not taken is written all the same.
    pub fn end(mut self) -> Totals {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(taker) = self.taker.take()
            && taker.join().is_err()
        {
            return Totals { errors: vec!["the writer failed".to_owned()], ..Totals::default() };
        }
        while self.totals.is_none() {
            self.next(Duration::ZERO);
        }
        self.totals.unwrap_or_default()
    }
}

struct Reader {
    index: usize,
    link: u16,
    to: Sender<Read>,
    held: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Reader {
    fn run(self, mut capture: pcap::Capture<pcap::Active>) {
        let mut batch = Batch::default();
        let mut first = Ts::ZERO;
        let mut asked = wall_clock();
        let mut stop_at: Option<Ts> = None;
        let mut waiter = match Waiter::new(&capture) {
            Ok(waiter) => waiter,
            Err(error) => return self.say(Read::Ended(self.index, Some(error.to_string()))),
        };
        let ended = loop {
            if stop_at.is_none() && self.stop.load(Ordering::Relaxed) {
                stop_at = Some(wall_clock());
            }
            match capture.next_packet() {
                Ok(packet) => {
                    let stamp = packet.header.ts;
                    #[allow(clippy::unnecessary_cast, reason = "their width differs between systems")]
                    let time = Ts::from_nanos(nanos(stamp.tv_sec as i64, stamp.tv_usec as i64));
                    if stop_at.is_some_and(|stop| time > stop) {
                        break None;
                    }
                    if batch.is_empty() {
                        first = time;
                    }
                    batch.push(&Frame {
                        number: 0,
                        time,
                        interface: self.index as u32,
                        link: self.link,
                        bytes: packet.data,
                        wire_len: packet.header.len,
                    });
                    if batch.is_full() || time.since(first) > AGE {
                        self.hand_on(&mut batch);
                        self.count(&mut capture, time, &mut asked);
                    }
                }
                Err(pcap::Error::TimeoutExpired) => {
                    // Asked before the wait: whoever is held up after it does not say that time went on meanwhile.
                    let now = wall_clock();
                    if waiter.wait() {
                        continue;
                    }
                    self.hand_on(&mut batch);
                    self.say(Read::Idle(self.index, now - LATE));
                    self.count(&mut capture, now, &mut asked);
                    if stop_at.is_some() {
                        break None;
                    }
                }
                Err(pcap::Error::NoMorePackets) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        self.hand_on(&mut batch);
        asked = Ts::ZERO;
        self.count(&mut capture, wall_clock(), &mut asked);
        self.say(Read::Ended(self.index, ended));
    }

    fn say(&self, read: Read) {
        // The taker outlives its readers.
        let _ = self.to.send(read);
    }

    fn hand_on(&self, batch: &mut Batch) {
        if batch.is_empty() {
            return;
        }
        while self.held.load(Ordering::Relaxed) > HELD {
            thread::sleep(Duration::from_millis(1));
        }
        let batch = std::mem::take(batch);
        self.held.fetch_add(batch.weight(), Ordering::Relaxed);
        self.say(Read::Frames(self.index, batch));
    }

    fn count(&self, capture: &mut pcap::Capture<pcap::Active>, now: Ts, asked: &mut Ts) {
        if now.since(*asked) < OFTEN {
            return;
        }
        *asked = now;
        if let Ok(stat) = capture.stats() {
            let counts = Counts {
                received: u64::from(stat.received),
                by_interface: u64::from(stat.if_dropped),
                by_system: u64::from(stat.dropped),
            };
            self.say(Read::Counts(self.index, counts));
        }
    }
}

struct Taker {
    links: Vec<u16>,
    ring: Option<Ring>,
    until: Limits,
    held: Arc<AtomicUsize>,
    waiting: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    to: Sender<Taken>,
    began: Ts,
    /// Of each interface: no frame from before will come.
    marks: Vec<Ts>,
    running: usize,
    /// Frames of several interfaces that wait for earlier ones.
    order: BinaryHeap<Reverse<(Ts, u64, Waiting)>>,
    serial: u64,
    flushed: Ts,
    totals: Totals,
    batch: Batch,
}

/// A frame that waits; its time and serial number say its place.
struct Waiting(FrameBuf);

impl PartialEq for Waiting {
    fn eq(&self, _: &Waiting) -> bool {
        true
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, _: &Waiting) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Taker {
    fn run(mut self, from: &Receiver<Read>) {
        while self.running > 0 {
            let Ok(read) = from.recv() else { break };
            match read {
                Read::Frames(index, batch) => {
                    self.held.fetch_sub(batch.weight(), Ordering::Relaxed);
                    self.mark(index, batch.last_time().unwrap_or_default());
                    if self.links.len() == 1 {
                        self.take(batch);
                    } else {
                        self.sort(&batch);
                    }
                }
                Read::Idle(index, now) => {
                    self.mark(index, now);
                    self.due();
                    let mark = self.marks.iter().min().copied().unwrap_or_default();
                    if mark > Ts::ZERO {
                        self.tell(Taken::Tick(mark));
                    }
                }
                Read::Counts(index, counts) => {
                    if let Some(slot) = self.totals.counts.get_mut(index) {
                        *slot = counts;
                    }
                    let counts = self.totals.counts.clone();
                    self.tell(Taken::Counts(counts));
                }
                Read::Ended(index, error) => {
                    self.running -= 1;
                    self.mark(index, Ts::from_nanos(i64::MAX));
                    self.due();
                    if let Some(error) = error {
                        self.totals.errors.push(error);
                        self.stop.store(true, Ordering::Relaxed);
                    }
                }
            }
            self.regular();
        }
        if let Some(ring) = &mut self.ring {
            if let Err(error) = ring.close(wall_clock(), &self.totals.counts) {
                self.totals.errors.push(format!("cannot write: {error}"));
            }
            self.totals.files = ring.files().map(PathBuf::from).collect();
        }
        let totals = self.totals.clone();
        self.tell(Taken::End(totals));
    }

    fn mark(&mut self, index: usize, time: Ts) {
        if let Some(mark) = self.marks.get_mut(index) {
            *mark = (*mark).max(time);
        }
    }

    fn sort(&mut self, batch: &Batch) {
        for frame in batch.frames(0) {
            let mut kept = FrameBuf { time: Ts::ZERO, interface: 0, link: 0, bytes: Vec::new(), wire_len: 0 };
            kept.copy_from(&frame);
            self.serial += 1;
            self.order.push(Reverse((frame.time, self.serial, Waiting(kept))));
        }
        self.due();
    }

    /// Takes what no other interface can come before any more.
    fn due(&mut self) {
        let Some(mark) = self.marks.iter().min().copied() else { return };
        let mut batch = std::mem::take(&mut self.batch);
        while self.order.peek().is_some_and(|Reverse((time, ..))| *time <= mark) {
            if let Some(Reverse((_, _, Waiting(frame)))) = self.order.pop() {
                batch.push(&frame.frame(0));
            }
        }
        if !batch.is_empty() {
            self.take(batch);
        }
    }

    /// Writes frames and hands them to the judge.
    fn take(&mut self, mut batch: Batch) {
        if let Some(most) = self.until.packets {
            batch.truncate(usize::try_from(most.saturating_sub(self.totals.packets)).unwrap_or(usize::MAX));
        }
        if batch.is_empty() {
            return;
        }
        let first = self.totals.packets + 1;
        let mut room = None;
        if let Some(ring) = &mut self.ring {
            let most = self.until.files;
            for (index, frame) in batch.frames(first).enumerate() {
                if most.is_some_and(|most| ring.is_full_after(most, frame.time)) {
                    self.stop.store(true, Ordering::Relaxed);
                    room = Some(index);
                    break;
                }
                if let Err(error) = ring.frame(&frame, &self.totals.counts) {
                    self.totals.errors.push(format!("cannot write: {error}"));
                    self.stop.store(true, Ordering::Relaxed);
                    self.ring = None;
                    break;
                }
                self.totals.written += 1;
                if self.until.bytes.is_some_and(|most| ring.bytes() >= most) {
                    self.stop.store(true, Ordering::Relaxed);
                    room = Some(index + 1);
                    break;
                }
            }
        }
        if let Some(room) = room {
            batch.truncate(room);
        }
        self.totals.packets += batch.len() as u64;
        if self.waiting.load(Ordering::Relaxed) > HELD {
            self.totals.unjudged += batch.len() as u64;
            return;
        }
        self.waiting.fetch_add(batch.weight(), Ordering::Relaxed);
        self.tell(Taken::Frames(first, batch));
    }

    fn tell(&self, taken: Taken) {
        // A judge that is gone costs no frame of the file.
        let _ = self.to.send(taken);
    }

    fn regular(&mut self) {
        let now = wall_clock();
        let reached = match &self.ring {
            Some(ring) => ring.reached(Some(self.began), now),
            None => Reached { began: Some(self.began), now, packets: self.totals.packets, ..Reached::default() },
        };
        if self.until.hit(&reached) {
            self.stop.store(true, Ordering::Relaxed);
        }
        if now.since(self.flushed) >= OFTEN {
            self.flushed = now;
            if let Some(Err(error)) = self.ring.as_mut().map(Ring::flush) {
                self.totals.errors.push(format!("cannot write: {error}"));
                self.stop.store(true, Ordering::Relaxed);
                self.ring = None;
            }
        }
    }
}
