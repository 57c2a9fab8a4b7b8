//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng): sections of either byte order, any number of
//! interfaces with their own link type and clock.
//!
//! Read: Section Header, Interface Description, Enhanced, Simple and the old Packet Block, Interface Statistics.
//! Every other block is skipped: names, secrets, comments.

use super::Notes;
use super::file::{MAX_RECORD, Order, Record, Step, cut_off};
use super::window::{SIZE, Window};
use crate::time::Ts;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const JOURNAL_ENTRY: u32 = 9;
const CUSTOM: u32 = 0x0000_0bad;
const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// Interfaces that are kept of one section; no recorder comes near.
const MAX_INTERFACES: usize = 65_536;

pub(super) struct Pcapng {
    order: Order,
    /// Those of the current section.
    interfaces: Vec<Interface>,
    /// How many interfaces the sections before had.
    before: u32,
}

struct Interface {
    link: u16,
    /// 0: none.
    snap: u32,
    clock: Clock,
    fcs: u32,
    /// Losses named packet by packet, and in the statistics, which count from the start.
    lost: u64,
    lost_in_all: u64,
}

/// if_tsresol and if_tsoffset.
struct Clock {
    unit: Unit,
    /// Nanoseconds to be added.
    offset: i64,
}

enum Unit {
    /// So many nanoseconds.
    Nanos(u64),
    /// So many of them are a nanosecond.
    PerNano(u64),
    /// So many bits of the counter are below the second.
    Bits(u32),
}

impl Clock {
    fn time(&self, ticks: u64) -> Ts {
        let nanos = match self.unit {
            Unit::Nanos(n) => ticks.saturating_mul(n),
            Unit::PerNano(n) => ticks / n.max(1),
            // At most 2⁶⁴ · 2³⁰, shifted by at most 127.
            Unit::Bits(bits) => u64::try_from((u128::from(ticks) * 1_000_000_000) >> bits).unwrap_or(u64::MAX),
        };
        Ts::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX).saturating_add(self.offset))
    }
}

impl Unit {
    /// A power of ten or, with the top bit set, of two: negative exponents of the second.
    fn of(tsresol: u8) -> Unit {
        match (tsresol & 0x80 != 0, u32::from(tsresol & 0x7f)) {
            (true, bits) => Unit::Bits(bits),
            (false, digits @ 0..=9) => Unit::Nanos(10u64.pow(9 - digits)),
            (false, digits) => 10u64.checked_pow(digits - 9).map_or(Unit::Nanos(0), Unit::PerNano),
        }
    }
}

impl Pcapng {
    /// Reads the first Section Header Block; `None` if the first bytes are not those of a pcapng file.
    pub(super) fn open(window: &mut Window) -> Option<Result<Pcapng, String>> {
        if window.head::<4>()? != SECTION.to_be_bytes() {
            return None;
        }
        let mut this = Pcapng { order: Order::Little, interfaces: Vec::new(), before: 0 };
        // The header is read here as any later one; what is wrong with it makes the file unreadable.
        Some(match this.step(window, 1, &mut Notes::default()) {
            Step::Damage(what) => Err(format!("a pcapng file whose first block cannot be read: {what}")),
            _ => Ok(this),
        })
    }

    /// One block.
    #[inline]
    pub(super) fn step(&mut self, window: &mut Window, number: u64, notes: &mut Notes) -> Step {
        let Some(head) = window.head::<12>() else {
            return match window.bytes().len() {
                0 if window.fault.is_none() => Step::End,
                got => Step::Damage(cut_off(window, &before_frame(number), got, 12)),
            };
        };
        if head.first_chunk() == Some(&SECTION.to_be_bytes()) {
            self.order = match Order::Little.u32(&head, 8) {
                0x1a2b_3c4d => Order::Little,
                0x4d3c_2b1a => Order::Big,
                _ => return damage(window, number, "is a section header without a byte order"),
            };
        }
        let kind = self.order.u32(&head, 0);
        let whole = self.order.u32(&head, 4);
        let least = match kind {
            SECTION => 28,
            INTERFACE => 20,
            SIMPLE_PACKET => 16,
            OLD_PACKET | ENHANCED_PACKET => 32,
            STATISTICS => 24,
            _ => 12,
        };
        if whole < least {
            return damage(window, number, &format!("claims {whole} bytes and needs at least {least}"));
        }
        let whole = whole as usize;
        if whole > SIZE {
            return self.large(kind, whole, window, number, notes);
        }
        if !window.has(whole) {
            let got = window.bytes().len();
            return Step::Damage(cut_off(window, &before_frame(number), got, whole));
        }
        let block = window.bytes().get(..whole).unwrap_or_default();
        let repeated = self.order.u32(block, whole - 4);
        if repeated as usize != whole {
            let what = format!("gives its length as {whole} bytes at its start and {repeated} at its end");
            return damage(window, number, &what);
        }
        let body = block.get(..whole - 4).unwrap_or_default();
        let step = match kind {
            ENHANCED_PACKET | OLD_PACKET => self.packet(kind, body, notes),
            SIMPLE_PACKET => self.simple(body),
            _ => self.other(kind, body, notes),
        };
        match step {
            Ok(Some(record)) => return Step::Record(Record { whole, ..record }),
            Ok(None) => {}
            Err(Fault::Fatal(what)) => return damage(window, number, &what),
            Err(Fault::Passed(what)) => {
                let Step::Damage(what) = damage(window, number, &what) else { return Step::End };
                notes.damage.get_or_insert(what);
            }
        }
        window.pass(whole);
        // Frame numbers are those a person sees in Wireshark.
        if matches!(kind, CUSTOM | CUSTOM_NOT_COPIED | JOURNAL_ENTRY) { Step::Counted } else { Step::Passed }
    }

    /// A block beyond the window: its beginning is read if it describes something, and it is passed over.
    #[cold]
    fn large(&mut self, kind: u32, whole: usize, window: &mut Window, number: u64, notes: &mut Notes) -> Step {
        if matches!(kind, ENHANCED_PACKET | OLD_PACKET | SIMPLE_PACKET) {
            return damage(window, number, &format!("claims {whole} bytes; at most {SIZE} are believed"));
        }
        if matches!(kind, SECTION | INTERFACE | STATISTICS)
            && window.has(SIZE)
            && let Err(Fault::Fatal(what) | Fault::Passed(what)) = self.other(kind, window.bytes(), notes)
        {
            return damage(window, number, &what);
        }
        let place = before_frame(number);
        let start = window.at();
        if window.skip(whole as u64) {
            return Step::Passed;
        }
        let got = usize::try_from(window.at() - start).unwrap_or(usize::MAX);
        Step::Damage(cut_off(window, &place, got, whole))
    }

    /// Enhanced Packet Block, and the Packet Block that came before it, which counts losses itself.
    #[inline]
    fn packet(&mut self, kind: u32, body: &[u8], notes: &mut Notes) -> Result<Option<Record>, Fault> {
        let order = self.order;
        let (id, lost) = if kind == OLD_PACKET {
            // 0xffff: not known.
            (u32::from(order.u16(body, 8)), u64::from(order.u16(body, 10)) % 0xffff)
        } else {
            (order.u32(body, 8), 0)
        };
        let ticks = u64::from(order.u32(body, 12)) << 32 | u64::from(order.u32(body, 16));
        let (captured, wire_len) = (order.u32(body, 20), order.u32(body, 24));
        let room = body.len() - 28;
        if captured > MAX_RECORD || captured as usize > room {
            return Err(Fault::Fatal(format!("holds a packet of {captured} bytes in {room}")));
        }
        let Some(interface) = self.interfaces.get_mut(id as usize) else {
            return Err(Fault::Passed(format!(
                "holds a packet of interface {id}, which its section does not describe"
            )));
        };
        let mut fcs = interface.fcs;
        if lost > 0 {
            interface.packets_lost(lost, notes);
        }
        let options = (captured as usize).next_multiple_of(4);
        if room > options {
            for (code, value) in Options(order, body.get(28 + options..).unwrap_or_default()) {
                match (code, value.len()) {
                    // epb_flags: bits 5 to 8 are the bytes of the frame check sequence, 0 if not known.
                    (2, 4) => fcs = Some((order.u32(value, 0) >> 5) & 0xf).filter(|n| *n > 0).unwrap_or(fcs),
                    // epb_dropcount
                    (4, 8) if kind == ENHANCED_PACKET => interface.packets_lost(order.u64(value, 0), notes),
                    _ => {}
                }
            }
        }
        let record = Record {
            time: interface.clock.time(ticks),
            interface: self.before.saturating_add(id),
            link: interface.link,
            at: 28,
            len: captured,
            wire_len,
            whole: 0,
        };
        Ok(Some(record.without_fcs(fcs)))
    }

    /// Simple Packet Block: of the first interface, without a time.
    fn simple(&mut self, body: &[u8]) -> Result<Option<Record>, Fault> {
        let Some(interface) = self.interfaces.first() else {
            return Err(Fault::Passed("holds a packet, and its section describes no interface".to_owned()));
        };
        let wire_len = self.order.u32(body, 8);
        let snap = if interface.snap == 0 { u32::MAX } else { interface.snap };
        let len = wire_len.min(snap).min((body.len() - 12) as u32);
        if len > MAX_RECORD {
            return Err(Fault::Fatal(format!("holds a packet of {len} bytes; at most {MAX_RECORD} are believed")));
        }
        let record =
            Record { time: Ts::ZERO, interface: self.before, link: interface.link, at: 12, len, wire_len, whole: 0 };
        Ok(Some(record.without_fcs(interface.fcs)))
    }

    #[cold]
    fn other(&mut self, kind: u32, body: &[u8], notes: &mut Notes) -> Result<Option<Record>, Fault> {
        let order = self.order;
        match kind {
            SECTION => {
                let major = order.u16(body, 12);
                if major != 1 {
                    return Err(Fault::Fatal(format!("is a section of version {major}; version 1 can be read")));
                }
                self.before = self.before.saturating_add(self.interfaces.len() as u32);
                self.interfaces.clear();
            }
            INTERFACE if self.interfaces.len() >= MAX_INTERFACES => {
                return Err(Fault::Fatal(format!("describes more than {MAX_INTERFACES} interfaces")));
            }
            INTERFACE => {
                let (mut unit, mut offset, mut fcs) = (Unit::of(6), 0i64, 0);
                for (code, value) in Options(order, body.get(16..).unwrap_or_default()) {
                    match (code, value) {
                        (9, &[tsresol]) => unit = Unit::of(tsresol),
                        // A filter as text; a compiled one (first byte 1) has no words.
                        (11, [0, text @ ..]) => notes.add_filter(&String::from_utf8_lossy(text)),
                        (11, [_, ..]) => notes.add_filter("a compiled filter"),
                        // The draft counts bits in its text and bytes in its example.
                        (13, &[length @ (16 | 32)]) => fcs = u32::from(length) / 8,
                        (13, &[length @ 0..=8]) => fcs = u32::from(length),
                        (14, seconds) if seconds.len() == 8 => {
                            offset = (order.u64(seconds, 0) as i64).saturating_mul(1_000_000_000);
                        }
                        _ => {}
                    }
                }
                let clock = Clock { unit, offset };
                let (link, snap) = (order.u16(body, 8), order.u32(body, 12));
                self.interfaces.push(Interface { link, snap, clock, fcs, lost: 0, lost_in_all: 0 });
            }
            STATISTICS => {
                let (mut by_interface, mut by_system) = (0u64, 0u64);
                for (code, value) in Options(order, body.get(20..).unwrap_or_default()) {
                    match (code, value.len()) {
                        (5, 8) => by_interface = order.u64(value, 0),
                        (7, 8) => by_system = order.u64(value, 0),
                        _ => {}
                    }
                }
                if let Some(interface) = self.interfaces.get_mut(order.u32(body, 8) as usize) {
                    interface.all_lost(by_interface.saturating_add(by_system), notes);
                }
            }
            _ => {}
        }
        Ok(None)
    }
}

impl Interface {
    fn packets_lost(&mut self, count: u64, notes: &mut Notes) {
        let before = self.lost.max(self.lost_in_all);
        self.lost = self.lost.saturating_add(count);
        self.tell(before, notes);
    }

    /// Statistics come again and again and count from the start: the last one holds.
    fn all_lost(&mut self, count: u64, notes: &mut Notes) {
        let before = self.lost.max(self.lost_in_all);
        self.lost_in_all = self.lost_in_all.max(count);
        self.tell(before, notes);
    }

    fn tell(&self, before: u64, notes: &mut Notes) {
        notes.drops = notes.drops.saturating_add(self.lost.max(self.lost_in_all) - before);
    }
}

/// What is wrong with a block, and whether the next one can still be found.
enum Fault {
    Fatal(String),
    Passed(String),
}

fn before_frame(number: u64) -> String {
    format!("the block before or of frame {number}")
}

#[cold]
fn damage(window: &Window, number: u64, what: &str) -> Step {
    Step::Damage(format!("{} at byte {} {what}", before_frame(number), window.at()))
}

/// The options at the end of a block: code and value. Stops at the end marker, or where it cannot read on.
struct Options<'a>(Order, &'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let (head, rest) = self.1.split_first_chunk::<4>()?;
        let (code, len) = (self.0.u16(head, 0), usize::from(self.0.u16(head, 2)));
        let value = rest.get(..len).filter(|_| code != 0)?;
        self.1 = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}
