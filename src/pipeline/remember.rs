//! What files that were fetched hold, and the trust lists that phones hold since: what one transfer tells for the next.
//! Bounded.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::bytes::Malformed;
use crate::content::trust_list::{self, ListKind, Record, TrustList};
use crate::content::{self, Emit, Memory};
use crate::event::{Event, EventBuf, EventDef, Fields, Origin, Wanted};
use crate::proto::File;

/// So many lists are looked at for one that is the same.
const RECENT: usize = 32;

/// The trust lists that somebody holds: what later files are signed by.
#[derive(Debug)]
pub(super) struct Trust {
    held: HashMap<IpAddr, Held, FixedState>,
    recent: VecDeque<Fetched>,
    bytes: usize,
    /// Phones (or addresses) whose lists are kept.
    holders: usize,
    /// Bytes of different lists that are kept: those of one cluster are alike, and are kept once.
    list_bytes: usize,
    /// What configurations and other documents said that were fetched before.
    memory: Memory,
}

/// The lists that a phone holds.
#[derive(Debug, Clone, Default)]
struct Held {
    ctl: Option<Arc<TrustList>>,
    itl: Option<Arc<TrustList>>,
}

impl Held {
    fn lists(&self) -> impl Iterator<Item = &Arc<TrustList>> {
        [&self.ctl, &self.itl].into_iter().flatten()
    }

    /// Whether these are the same lists.
    fn is(&self, other: &Held) -> bool {
        let (mut own, mut others) = (self.lists(), other.lists());
        loop {
            match (own.next(), others.next()) {
                (None, None) => return true,
                // Signatures are checked with their records and nothing else.
                (Some(a), Some(b)) if Arc::ptr_eq(a, b) || a.records == b.records => {}
                _ => return false,
            }
        }
    }
}

/// A list that was fetched, and with it: thousands of phones fetch the same one, and its signature is checked once.
#[derive(Debug)]
struct Fetched {
    bytes: Arc<[u8]>,
    /// What the phone held then.
    with: Held,
    list: Arc<TrustList>,
}

impl Trust {
    /// Keeps the lists of so many, of so many bytes together.
    pub fn new(holders: usize, list_bytes: usize) -> Trust {
        Trust {
            held: HashMap::default(),
            recent: VecDeque::new(),
            bytes: 0,
            holders: holders.max(1),
            list_bytes,
            memory: Memory::default(),
        }
    }

    /// What is to be said of a file that was fetched whole, of `wanted` fields; with the bound that was reached, if one
    /// was.
    pub fn read(
        &mut self,
        file: &File<'_>,
        origin: &Origin,
        wanted: Option<Arc<Wanted>>,
    ) -> (Vec<EventBuf>, Option<&'static str>) {
        let mut said: Vec<EventBuf> = Vec::new();
        if !file.complete {
            return (said, None);
        }
        let mut take = |def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>| {
            let event = Event { def, origin, fields: fields.list(), frames: file.frames, bytes: &[], defect };
            said.push(event.to_buf());
        };
        let mut emit = Emit::new(&mut take, wanted).remembering(&mut self.memory);
        let Some(kind) = trust_list::kind(file.name, file.bytes) else {
            content::file(file.name, file.bytes, None, origin.time, &mut emit);
            return (said, None);
        };
        let with = self.held.get(&file.client).cloned().unwrap_or_default();
        let known = self
            .recent
            .iter()
            .find(|known| known.list.kind == kind && known.with.is(&with) && *known.bytes == *file.bytes);
        let list = known.map(|known| Arc::clone(&known.list)).unwrap_or_else(|| {
            let records: Vec<&[Record]> = with.lists().map(|list| list.records.as_slice()).collect();
            Arc::new(trust_list::read(kind, file.bytes, &records))
        });
        content::file(file.name, file.bytes, Some(&list), origin.time, &mut emit);
        (said, self.take(file.client, with, list, file.bytes))
    }

    /// A list was fetched by a phone that held others then. One that was changed after it was signed is refused: the
    /// one before is kept. If there was no room, all that was held is forgotten for it, and the bound is given.
    fn take(&mut self, holder: IpAddr, with: Held, list: Arc<TrustList>, bytes: &[u8]) -> Option<&'static str> {
        if list.kind == ListKind::Sgn {
            return None;
        }
        let is_new = !self.recent.iter().any(|known| Arc::ptr_eq(&known.list, &list));
        let added = if is_new { bytes.len() } else { 0 };
        let crowded = self.held.len() >= self.holders && !self.held.contains_key(&holder);
        let full = match self.bytes + added > self.list_bytes {
            true => Some("max-trust-list-bytes"),
            false => crowded.then_some("max-trust-lists"),
        };
        if full.is_some() {
            let memory = std::mem::take(&mut self.memory);
            *self = Trust { memory, ..Trust::new(self.holders, self.list_bytes) };
        }
        if is_new || full.is_some() {
            self.bytes += bytes.len();
            self.recent.push_back(Fetched { bytes: bytes.into(), with, list: Arc::clone(&list) });
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
        if list.signature_valid != Some(false) {
            let kind = list.kind;
            let held = self.held.entry(holder).or_default();
            *(if kind == ListKind::Ctl { &mut held.ctl } else { &mut held.itl }) = Some(list);
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::trust_list::parse;
    use crate::time::Ts;

    fn holder(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from(n).into()
    }

    fn list(subject: &str) -> Arc<TrustList> {
        let record = Record { subject: Some(subject.to_owned()), ..Record::default() };
        Arc::new(TrustList { records: vec![record], ..parse(ListKind::Itl, b"") })
    }

    fn subject(trust: &Trust, n: u32) -> Option<&str> {
        trust.held.get(&holder(n))?.lists().next()?.records.first()?.subject.as_deref()
    }

    fn fetch(trust: &mut Trust, n: u32, name: &str, bytes: &[u8]) -> usize {
        let (server, frames) = (holder(0), &[1][..]);
        let file = File { name, transport: "tftp", client: holder(n), server, bytes, complete: true, frames };
        trust.read(&file, &Origin::at(1, Ts::ZERO), None).0.len()
    }

    #[test]
    fn lists_that_are_alike_are_read_and_kept_once() {
        let mut trust = Trust::new(100_000, 64 << 20);
        for boot in 0..3 {
            for n in 0..100 {
                assert!(fetch(&mut trust, n, "CTLSEP001122334455.tlv", b"\x01\0\x02\x01\x02") > 0);
                assert!(fetch(&mut trust, n, "ITLFile.tlv", b"\x01\0\x02\x01\x02") > 0);
            }
            // With what was held before, it may be read otherwise.
            assert_eq!(trust.recent.len(), if boot == 0 { 2 } else { 4 }, "boot {boot}");
        }
        assert_eq!(trust.bytes, 20);
        // A signed file is each phone's own, and nobody else's.
        fetch(&mut trust, 1, "SEP001122334455.cnf.xml.sgn", b"\x01\0\x02\x01\0");
        assert_eq!(trust.recent.len(), 4);
    }

    #[test]
    fn different_lists_are_kept_as_long_as_there_is_room() {
        let mut trust = Trust::new(100_000, 64 << 10);
        let told = (0..100).map(|n| trust.take(holder(n), Held::default(), list(&format!("CN={n}")), &[0; 1024]));
        assert_eq!(told.collect::<Vec<_>>().iter().flatten().count(), 1);
        assert!(trust.bytes <= 64 << 10 && trust.recent.len() <= RECENT);
        assert_eq!(subject(&trust, 99), Some("CN=99"));
        assert_eq!(subject(&trust, 0), None);
    }

    #[test]
    fn a_changed_list_is_refused() {
        let mut trust = Trust::new(100_000, 64 << 20);
        assert_eq!(trust.take(holder(1), Held::default(), list("CN=a"), b"a"), None);
        let changed = TrustList { signature_valid: Some(false), ..(*list("CN=b")).clone() };
        assert_eq!(trust.take(holder(1), Held::default(), Arc::new(changed), b"b"), None);
        assert_eq!(subject(&trust, 1), Some("CN=a"));
    }
}
