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

/// Expectations kept at the same time.
const MOST: usize = 100_000;

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
#[derive(Debug, Default)]
pub(super) struct Expectations {
    by_end: HashMap<End, Expected, FixedState>,
    made: u64,
}

impl Expectations {
    /// How many were made: what was looked for in vain may be found after another.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// A flow will carry a protocol.
    pub fn expect(&mut self, expect: Expect) {
        let Some(index) = PROTOCOLS.iter().position(|p| p.name == expect.proto) else { return };
        if self.by_end.len() >= MOST {
            self.by_end.clear();
        }
        self.made += 1;
        let Expect { ip, port, peer, ip_proto, media, .. } = expect;
        self.by_end.insert((ip, port, ip_proto), Expected { peer, index, media: media.clone() });
        // RTCP has the port after that of its RTP (RFC 3550 §11), unless something else was announced there.
        let rtcp = PROTOCOLS.iter().position(|p| p.name == "rtcp").filter(|_| expect.proto == "rtp");
        if let Some((index, port)) = rtcp.zip(port.checked_add(1)) {
            self.by_end.entry((ip, port, ip_proto)).or_insert(Expected { peer, index, media });
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
        if self.by_end.is_empty() {
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
            let expected = self.by_end.get(&(end.ip, end.port, proto))?;
            expected.peer.is_none_or(|peer| peer == other.ip).then_some(expected)
        })
    }
}
