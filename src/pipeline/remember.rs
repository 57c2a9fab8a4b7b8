//! What files that were fetched hold, and the trust lists that phones hold since: what one transfer tells for the next.
//! Bounded.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::bytes::Malformed;
use crate::content::trust_list::{ListKind, Record, TrustList};
use crate::content::{self, Emit};
use crate::event::{Event, EventBuf, EventDef, Fields, Origin, Wanted};
use crate::proto::File;

/// So many lists are looked at for one that is the same.
const RECENT: usize = 32;

/// The trust lists that somebody holds: what later files are signed by.
#[derive(Debug)]
pub(super) struct Trust {
    held: HashMap<IpAddr, Held, FixedState>,
    recent: VecDeque<Arc<[Record]>>,
    bytes: usize,
    /// Phones (or addresses) whose lists are kept.
    holders: usize,
    /// Bytes of different lists that are kept: those of one cluster are alike, and are kept once.
    list_bytes: usize,
}

#[derive(Debug, Default)]
struct Held {
    ctl: Option<Arc<[Record]>>,
    itl: Option<Arc<[Record]>>,
}

impl Trust {
    /// Keeps the lists of so many, of so many bytes together.
    pub fn new(holders: usize, list_bytes: usize) -> Trust {
        Trust { held: HashMap::default(), recent: VecDeque::new(), bytes: 0, holders: holders.max(1), list_bytes }
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
        let known = self.records(file.client);
        let mut take = |def: &'static EventDef, fields: Fields<'_>, defect: Option<Malformed>| {
            let event = Event { def, origin, fields: fields.list(), frames: file.frames, bytes: &[], defect };
            said.push(event.to_buf());
        };
        let list = content::file(file.name, file.bytes, &known, origin.time, &mut Emit::new(&mut take, wanted));
        let bound = list.and_then(|list| self.take(file.client, list, file.bytes.len()));
        (said, bound)
    }

    /// All records that a phone holds.
    pub fn records(&self, holder: IpAddr) -> Vec<Record> {
        let lists = self.held.get(&holder).into_iter().flat_map(|held| [&held.ctl, &held.itl]);
        lists.flatten().flat_map(|list| list.iter().cloned()).collect()
    }

    /// A list was fetched, of so many bytes. One that was changed after it was signed is refused: the one before is
    /// kept. If there was no room, all that was held is forgotten for it, and the
    /// bound is given.
    pub fn take(&mut self, holder: IpAddr, list: TrustList, bytes: usize) -> Option<&'static str> {
        if list.signature_valid == Some(false) || list.kind == ListKind::Sgn {
            return None;
        }
        let kind = list.kind;
        let same = self.recent.iter().find(|known| known[..] == list.records[..]).cloned();
        let added = if same.is_some() { 0 } else { bytes };
        let crowded = self.held.len() >= self.holders && !self.held.contains_key(&holder);
        let full = match self.bytes + added > self.list_bytes {
            true => Some("max-trust-list-bytes"),
            false => crowded.then_some("max-trust-lists"),
        };
        if full.is_some() {
            *self = Trust::new(self.holders, self.list_bytes);
        }
        let records = same.unwrap_or_else(|| list.records.into());
        if added > 0 || full.is_some() {
            self.bytes += bytes;
            self.recent.push_back(Arc::clone(&records));
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
        let held = self.held.entry(holder).or_default();
        *(if kind == ListKind::Ctl { &mut held.ctl } else { &mut held.itl }) = Some(records);
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::trust_list::parse;

    fn holder(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from(n).into()
    }

    fn list(subject: &str) -> TrustList {
        let record = Record { subject: Some(subject.to_owned()), ..Record::default() };
        TrustList { records: vec![record], ..parse(ListKind::Itl, b"") }
    }

    #[test]
    fn lists_that_are_alike_are_kept_once() {
        let mut trust = Trust::new(100_000, 64 << 20);
        for n in 0..1000 {
            assert_eq!(trust.take(holder(n), list("CN=a"), 1 << 20), None);
        }
        assert_eq!((trust.bytes, trust.records(holder(7)).len()), (1 << 20, 1));
        // Different ones are kept as long as there is room for them.
        let told: Vec<_> = (0..100).map(|n| trust.take(holder(n), list(&format!("CN={n}")), 1 << 20)).collect();
        assert_eq!(told.iter().flatten().count(), 1);
        assert!(trust.bytes <= 64 << 20 && trust.recent.len() <= RECENT);
        assert_eq!(trust.records(holder(99)).first().and_then(|r| r.subject.as_deref()), Some("CN=99"));
        assert!(trust.records(holder(500)).is_empty());
    }

    #[test]
    fn a_changed_list_is_refused() {
        let mut trust = Trust::new(100_000, 64 << 20);
        assert_eq!(trust.take(holder(1), list("CN=a"), 10), None);
        assert_eq!(trust.take(holder(1), TrustList { signature_valid: Some(false), ..list("CN=b") }, 10), None);
        assert_eq!(trust.records(holder(1)).first().and_then(|r| r.subject.as_deref()), Some("CN=a"));
    }
}
