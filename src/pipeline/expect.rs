//! Flows that were announced: SDP names the port of a medium, a TFTP server answers from a port of its own, phone XML
//! starts a stream.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::pushed;
use crate::content::phone_xml;
use crate::event::{Event, Origin};
use crate::proto::{Announced, Expect, PROTOCOLS};

/// An end of a flow: address, port, IP protocol.
type End = (IpAddr, u16, u8);

/// What a flow was announced to carry.
#[derive(Debug)]
struct Expected {
    /// The other end's address, if it is known.
    peer: Option<IpAddr>,
    /// Index of the protocol.
    index: usize,
    /// What was said of the media.
    media: Option<Arc<Announced>>,
}

/// Flows that were announced.
#[derive(Debug)]
pub(super) struct Expectations {
    young: HashMap<End, Expected, FixedState>,
    /// As many again, made before.
    old: HashMap<End, Expected, FixedState>,
    /// So many are kept, at least half of them the latest.
    most: usize,
    made: u64,
    /// Earlier ones were forgotten for later ones.
    forgot: bool,
}

impl Expectations {
    /// Keeps so many.
    pub fn new(most: usize) -> Expectations {
        Expectations { young: HashMap::default(), old: HashMap::default(), most: most.max(2), made: 0, forgot: false }
    }

    fn insert(&mut self, end: End, expected: Expected) {
        if self.young.len() >= self.most / 2 && !self.young.contains_key(&end) {
            self.forgot |= !self.old.is_empty();
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(end, expected);
    }

    fn get(&self, end: &End) -> Option<&Expected> {
        self.young.get(end).or_else(|| self.old.get(end))
    }

    /// Whether earlier ones were forgotten for later ones.
    pub fn forgot(&self) -> bool {
        self.forgot
    }

    /// How many were made: what was looked for in vain may be found after another.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// A flow will carry a protocol.
    pub fn expect(&mut self, expect: Expect) {
        let Some(index) = PROTOCOLS.iter().position(|p| p.name == expect.proto) else { return };
        self.made += 1;
        let Expect { ip, port, peer, ip_proto, media, .. } = expect;
        self.insert((ip, port, ip_proto), Expected { peer, index, media: media.clone() });
        // RTCP has the port after that of its RTP (RFC 3550 §11), unless something else was announced there.
        let rtcp = PROTOCOLS.iter().position(|p| p.name == "rtcp").filter(|_| expect.proto == "rtp");
        if let Some((index, port)) = rtcp.zip(port.checked_add(1)) {
            let end = (ip, port, ip_proto);
            if self.get(&end).is_none() {
                self.insert(end, Expected { peer, index, media });
            }
        }
    }

    /// A message that announces a flow by what it says.
    pub fn hear(&mut self, event: &Event<'_>) {
        if event.def == &phone_xml::OBJECT {
            pushed::streams(event, &mut |expect| self.expect(expect));
        }
    }

    /// The protocol that a flow was announced to carry.
    pub fn expected(&self, origin: &Origin) -> Option<usize> {
        if self.young.is_empty() && self.old.is_empty() {
            return None;
        }
        self.of(origin).next().map(|expected| expected.index)
    }

    /// What was said of the media of a flow.
    pub fn announced(&self, origin: &Origin) -> Option<Arc<Announced>> {
        self.of(origin).find_map(|expected| expected.media.clone())
    }

    /// What was announced of the ends of a frame, its receiver first.
    fn of(&self, origin: &Origin) -> impl Iterator<Item = &Expected> {
        let ends = origin.dst.zip(origin.src).map(|(dst, src)| [(dst, src), (src, dst)]);
        let proto = origin.ip_proto;
        ends.into_iter().flatten().filter_map(move |(end, other)| {
            let expected = self.get(&(end.ip, end.port, proto))?;
            expected.peer.is_none_or(|peer| peer == other.ip).then_some(expected)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_announcements_are_kept() {
        let mut expectations = Expectations::new(10);
        let expect =
            |port| Expect { ip: [10, 0, 0, 1].into(), port, peer: None, ip_proto: 17, proto: "tftp", media: None };
        (1..=30).for_each(|port| expectations.expect(expect(port)));
        let known = |port: u16| expectations.get(&([10, 0, 0, 1].into(), port, 17)).is_some();
        assert!((26..=30).all(known) && !(1..=20).any(known));
        assert!(expectations.young.len() + expectations.old.len() <= 10 && expectations.forgot());
    }
}
