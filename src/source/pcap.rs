//! The records of a pcap file: both byte orders, micro- and nanoseconds, Kuznetzov's "modified" form
//! (draft-ietf-opsawg-pcap; libpcap `sf-pcap.c`).
//!
//! Not read: the time zone of the header, which no reader applies, and what the modified form says besides.

use super::file::{MAX_RECORD, Order, Record, Step, cut_off};
use super::window::Window;
use crate::time::Ts;

/// What the 24-byte file header says.
pub(super) struct Pcap {
    order: Order,
    /// Nanoseconds a unit of the second time field is worth.
    unit: i64,
    /// Records of the modified form have eight bytes more, which say nothing about the frame.
    header: usize,
    lengths: Lengths,
    link: u16,
    fcs: u32,
}

/// Before version 2.3 the two lengths of a record were swapped; in 2.3 they may be (libpcap).
#[derive(PartialEq)]
enum Lengths {
    Usual,
    MaybeSwapped,
    Swapped,
}

impl Pcap {
    /// Reads the file header; `None` if the first bytes are not those of a pcap file.
    pub(super) fn open(window: &mut Window) -> Option<Result<Pcap, String>> {
        let magic: [u8; 4] = window.head()?;
        let (order, unit, header) = Pcap::magic(magic)?;
        let Some(head) = window.head::<24>() else {
            let got = window.bytes().len();
            return Some(Err(format!("a pcap file that ends after {got} of the 24 bytes of its header")));
        };
        let minor = order.u16(&head, 6);
        let network = order.u32(&head, 20);
        // Bit 26: the top four bits count the 16-bit words of the frame check sequence (libpcap, LT_FCS_LENGTH).
        let fcs = if network & 0x0400_0000 == 0 { 0 } else { (network >> 28) * 2 };
        window.pass(24);
        let lengths = match (order.u16(&head, 4), minor) {
            (2, 0..3) | (0..2, _) => Lengths::Swapped,
            (2, 3) => Lengths::MaybeSwapped,
            _ => Lengths::Usual,
        };
        Some(Ok(Pcap { order, unit, header, lengths, link: network as u16, fcs }))
    }

    /// Byte order, nanoseconds of a unit and size of a record header.
    pub(super) fn magic(magic: [u8; 4]) -> Option<(Order, i64, usize)> {
        for order in [Order::Little, Order::Big] {
            match order.u32(&magic, 0) {
                0xa1b2_c3d4 => return Some((order, 1000, 16)),
                0xa1b2_3c4d => return Some((order, 1, 16)),
                0xa1b2_cd34 => return Some((order, 1000, 24)),
                _ => {}
            }
        }
        None
    }

    #[inline]
    pub(super) fn step(&mut self, window: &mut Window, number: u64) -> Step {
        let Some(head) = window.head::<16>() else {
            return match window.bytes().len() {
                0 if window.fault.is_none() => Step::End,
                got => Step::Damage(cut_off(window, &format!("record {number}"), got, self.header)),
            };
        };
        let seconds = self.order.u32(&head, 0);
        let fraction = self.order.u32(&head, 4);
        let (mut captured, mut wire) = (self.order.u32(&head, 8), self.order.u32(&head, 12));
        if self.lengths != Lengths::Usual && (self.lengths == Lengths::Swapped || captured > wire) {
            (captured, wire) = (wire, captured);
        }
        if captured > MAX_RECORD {
            return Step::Damage(format!(
                "record {number} at byte {} claims {captured} bytes; at most {MAX_RECORD} are believed",
                window.at()
            ));
        }
        let whole = self.header + captured as usize;
        if !window.has(whole) {
            let got = window.bytes().len();
            return Step::Damage(cut_off(window, &format!("record {number}"), got, whole));
        }
        // Both factors are below 2³², so this cannot overflow.
        let time = Ts::from_nanos(i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.unit);
        Step::Record(
            Record { time, interface: 0, link: self.link, at: self.header, len: captured, wire_len: wire, whole }
                .without_fcs(self.fcs),
        )
    }
}
