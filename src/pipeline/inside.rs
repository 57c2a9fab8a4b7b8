//! What a stream carries inside another protocol, in the clear: TLS with a NULL cipher hides nothing of SCCP or SIP.
//!
//! The outer dissector gives the bytes piece by piece; here their protocol is found by content, as for any stream,
//! and what its dissector does not consume waits for the next piece.

use super::core::TRIES;
use super::desk::Desk;
use super::routes::{Routes, protocol};
use crate::event::{Origin, Side};
use crate::proto::{Close, Dissect, Inside, Mark, Out, Probe, Segment, Spare};

/// Bytes at the end of a piece that may belong to the outer protocol where that did not see how it was agreed: the
/// checksums of MD5, SHA-1 and SHA-256.
const TRAILERS: [usize; 3] = [16, 20, 32];

/// Bytes that wait for the rest of their message: records are short, and so are the messages in them.
const MOST: usize = 1 << 20;

/// What a connection carries, and what is known of its inner protocol.
pub(super) struct Stream {
    outer: Box<dyn Dissect>,
    index: usize,
    inner: Inner,
}

/// The inner protocol.
enum Inner {
    /// Not known; so many pieces were looked at.
    Trying(u8),
    Known(Box<Known>),
    /// Nothing that is read here.
    Opaque,
}

struct Known {
    dissector: Box<dyn Dissect>,
    trailer: Option<usize>,
    halves: [Half; 2],
}

/// One direction: what was not consumed yet.
#[derive(Default)]
struct Half {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
    over: bool,
}

impl Stream {
    /// A connection of the protocol of that index.
    pub(super) fn new(index: usize, outer: Box<dyn Dissect>) -> Stream {
        Stream { outer, index, inner: Inner::Trying(0) }
    }

    pub(super) fn stream<D: Desk>(
        &mut self,
        segment: &Segment<'_>,
        routes: &Routes,
        desk: &mut D,
        spare: &mut Spare,
    ) -> usize {
        let wanted = !matches!(self.inner, Inner::Opaque);
        let used = self.outer.stream(segment, &mut Out::new(desk, spare).inside_wanted(wanted));
        if spare.has_inside() {
            for piece in spare.take_inside() {
                self.piece(&piece, segment, routes, desk, spare);
            }
        }
        if segment.end {
            self.each(|known| known.offer(&Inside::default(), segment, true, (desk, spare)));
        }
        used
    }

    pub(super) fn gap(&mut self, side: Side, lost: u64, origin: &Origin, out: &mut Out<'_>) {
        self.outer.gap(side, lost, origin, out);
        self.each(|known| {
            known.half(side).clear();
            known.dissector.gap(side, lost, origin, out);
        });
    }

    pub(super) fn closed(&mut self, side: Side, how: Close, origin: &Origin, out: &mut Out<'_>) {
        self.outer.closed(side, how, origin, out);
        self.each(|known| known.dissector.closed(side, how, origin, out));
    }

    pub(super) fn finish(&mut self, origin: &Origin, out: &mut Out<'_>) {
        self.outer.finish(origin, out);
        self.each(|known| known.dissector.finish(origin, out));
    }

    pub(super) fn held(&self) -> usize {
        let inner = match &self.inner {
            Inner::Known(known) => {
                known.dissector.held() + known.halves.iter().map(|half| half.bytes.len()).sum::<usize>()
            }
            _ => 0,
        };
        self.outer.held() + inner
    }

    fn each(&mut self, mut act: impl FnMut(&mut Known)) {
        if let Inner::Known(known) = &mut self.inner {
            act(known);
        }
    }

    fn piece<D: Desk>(
        &mut self,
        piece: &Inside,
        segment: &Segment<'_>,
        routes: &Routes,
        desk: &mut D,
        spare: &mut Spare,
    ) {
        if let Inner::Trying(tries) = self.inner {
            self.inner = match recognise(piece, segment.origin, self.index, routes) {
                Some((found, trailer)) => match protocol(found) {
                    Some(protocol) => {
                        let known = Known { dissector: (protocol.new)(), trailer, halves: Default::default() };
                        Inner::Known(Box::new(known))
                    }
                    None => Inner::Opaque,
                },
                // In the clear, the next piece may begin a message; else what was agreed on is encryption.
                None if tries + 1 >= TRIES => Inner::Opaque,
                None => Inner::Trying(tries + 1),
            };
        }
        self.each(|known| known.offer(piece, segment, false, (desk, spare)));
    }
}

/// The protocol of a piece, and the trailer that was found for it where the outer protocol did not know.
fn recognise(piece: &Inside, origin: &Origin, outer: usize, routes: &Routes) -> Option<(usize, Option<usize>)> {
    let is = |index: usize, bytes: &[u8]| {
        index != outer && !bytes.is_empty() && protocol(index).is_some_and(|p| (p.probe)(bytes) == Probe::Yes)
    };
    let all = piece.bytes.as_slice();
    let candidates = |bytes: &[u8]| routes.candidates(origin).find(|index| is(*index, bytes));
    if let Some(trailer) = piece.trailer {
        return candidates(all.get(..all.len().checked_sub(trailer)?)?).map(|index| (index, None));
    }
    // From the shortest on: with one that is too short, what is left of the checksum is no message; text ends with
    // the end of a line.
    TRAILERS.iter().find_map(|trailer| {
        let bytes = all.get(..all.len().checked_sub(*trailer)?)?;
        let whole = bytes.contains(&0) || bytes.ends_with(b"\n");
        candidates(bytes).filter(|_| whole).map(|index| (index, Some(*trailer)))
    })
}

impl Known {
    fn half(&mut self, side: Side) -> &mut Half {
        let [client, server] = &mut self.halves;
        if side == Side::Client { client } else { server }
    }

    fn offer<D: Desk>(
        &mut self,
        piece: &Inside,
        segment: &Segment<'_>,
        end: bool,
        (desk, spare): (&mut D, &mut Spare),
    ) {
        let trailer = piece.trailer.or(self.trailer).unwrap_or_default();
        let half = self.half(segment.side);
        if std::mem::replace(&mut half.over, end) {
            return;
        }
        let bytes = piece.bytes.get(..piece.bytes.len().saturating_sub(trailer)).unwrap_or_default();
        let start = half.bytes.len();
        half.marks.extend(piece.marks.iter().map(|mark| Mark { at: start + mark.at, ..*mark }));
        half.bytes.extend_from_slice(bytes);
        let Half { bytes, marks, .. } = std::mem::take(half);
        let inner = Segment { bytes: &bytes, marks: &marks, end, ..*segment };
        let used = self.dissector.stream(&inner, &mut Out::new(desk, spare)).min(bytes.len());
        let half = self.half(segment.side);
        (half.bytes, half.marks, half.over) = (bytes, marks, end);
        if half.bytes.len() - used > MOST {
            half.clear();
            desk.limit("max-message-bytes", segment.origin);
            return;
        }
        half.bytes.drain(..used);
        let first = half.marks.iter().rposition(|mark| mark.at <= used).unwrap_or(0);
        half.marks.drain(..first);
        half.marks.iter_mut().for_each(|mark| mark.at = mark.at.saturating_sub(used));
    }
}

impl Half {
    fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Endpoint;
    use crate::proto::{PROTOCOLS, skinny};
    use crate::time::Ts;

    /// The name of what is found in a piece on port 2443, and the trailer.
    fn found(bytes: &[u8], trailer: Option<usize>) -> Option<(&'static str, Option<usize>)> {
        let mut origin = Origin::at(1, Ts::ZERO);
        origin.src = Some(Endpoint { ip: [10, 0, 0, 1].into(), port: 50000 });
        origin.dst = Some(Endpoint { ip: [10, 0, 0, 2].into(), port: 2443 });
        (origin.ip_proto, origin.sender) = (6, Some(Side::Client));
        let outer = PROTOCOLS.iter().position(|p| p.name == "tls").unwrap();
        let piece = Inside { bytes: bytes.to_vec(), marks: Vec::new(), trailer };
        let (index, trailer) = recognise(&piece, &origin, outer, &Routes::new())?;
        Some((PROTOCOLS[index].name, trailer))
    }

    #[test]
    fn what_is_in_the_clear_is_found_by_content() {
        let sccp = skinny::PROTOCOL.samples[0];
        let sip = b"REGISTER sip:10.1.1.10 SIP/2.0\r\nVia: SIP/2.0/TLS 10.0.0.1;branch=z9hG4bK1\r\n\r\n".as_slice();
        let noise: Vec<u8> = (0..32u8).map(|n| n.wrapping_mul(151) ^ 0x5a | 0x80).collect();
        for length in TRAILERS {
            let sum = &noise[..length];
            assert_eq!(found(&[sccp, sum].concat(), Some(length)), Some(("skinny", None)), "{length}");
            assert_eq!(found(&[sccp, sum].concat(), None), Some(("skinny", Some(length))), "{length}");
            assert_eq!(found(&[sip, sum].concat(), None), Some(("sip", Some(length))), "{length}");
        }
        assert_eq!((found(&noise, None), found(&noise, Some(20)), found(b"", Some(20))), (None, None, None));
        // TLS in TLS is nobody's.
        assert_eq!(found(&[b"\x17\x03\x03\0\x10".as_slice(), &noise].concat(), Some(16)), None);
    }
}
