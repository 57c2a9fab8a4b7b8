use std::io::{Cursor, Write};

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, PcapBlockOwned};
use proptest::prelude::*;

use super::*;

/// A file under construction, in one byte order.
#[derive(Clone)]
struct Build(Order, Vec<u8>);

impl Build {
    fn n16(mut self, n: u16) -> Build {
        self.1.extend_from_slice(&if self.0 == Order::Little { n.to_le_bytes() } else { n.to_be_bytes() });
        self
    }
    fn n32(mut self, n: u32) -> Build {
        self.1.extend_from_slice(&if self.0 == Order::Little { n.to_le_bytes() } else { n.to_be_bytes() });
        self
    }
    fn raw(mut self, bytes: &[u8]) -> Build {
        self.1.extend_from_slice(bytes);
        self
    }
    fn empty(&self) -> Build {
        Build(self.0, Vec::new())
    }

    fn pcap(order: Order, magic: u32, network: u32) -> Build {
        Build(order, Vec::new()).n32(magic).n16(2).n16(4).n32(0).n32(0).n32(65535).n32(network)
    }
    fn record(self, sec: u32, frac: u32, bytes: &[u8], wire: u32) -> Build {
        self.n32(sec).n32(frac).n32(bytes.len() as u32).n32(wire).raw(bytes)
    }

    fn block(self, kind: u32, body: Build) -> Build {
        let pad = body.1.len().next_multiple_of(4) - body.1.len();
        let len = (body.1.len() + pad + 12) as u32;
        self.n32(kind).n32(len).raw(&body.1).raw(&[0; 3][..pad]).n32(len)
    }
    fn section(self) -> Build {
        let body = self.empty().n32(0x1a2b_3c4d).n16(1).n16(0).raw(&[0xff; 8]);
        self.block(0x0a0d_0d0a, body)
    }
    fn interface(self, link: u16, snap: u32, options: &[(u16, &[u8])]) -> Build {
        let body = self.empty().n16(link).n16(0).n32(snap).options(options);
        self.block(1, body)
    }
    fn options(mut self, options: &[(u16, &[u8])]) -> Build {
        for (code, value) in options {
            let pad = value.len().next_multiple_of(4) - value.len();
            self = self.n16(*code).n16(value.len() as u16).raw(value).raw(&[0; 3][..pad]);
        }
        if options.is_empty() { self } else { self.n32(0) }
    }
    fn packet(self, interface: u32, ticks: u64, bytes: &[u8], wire: u32, options: &[(u16, &[u8])]) -> Build {
        let pad = bytes.len().next_multiple_of(4) - bytes.len();
        let body = self.empty().n32(interface).n32((ticks >> 32) as u32).n32(ticks as u32);
        let body = body.n32(bytes.len() as u32).n32(wire).raw(bytes).raw(&[0; 3][..pad]).options(options);
        self.block(6, body)
    }
}

/// What a file holds, a line a frame, and what is to be said of it. A file that cannot be read is its error.
fn read(file: &[u8]) -> (Vec<String>, Notes) {
    let mut source = match CaptureFile::read("x", Cursor::new(file.to_vec())) {
        Ok(source) => source,
        Err(error) => return (vec![error.to_string()], Notes::default()),
    };
    let (mut lines, mut last) = (Vec::new(), 0);
    while let Some(f) = source.next().unwrap() {
        // Ascending; a block that holds no frame may count, as it does in Wireshark.
        assert!(f.number > last, "{} after {last}", f.number);
        last = f.number;
        lines.push(format!("{} if={} link={} {:?}/{}", f.time.nanos(), f.interface, f.link, f.bytes, f.wire_len));
    }
    assert!(source.next().unwrap().is_none(), "the end is the end");
    (lines, source.notes().clone())
}

#[track_caller]
fn check(file: &Build, lines: &[&str]) -> Notes {
    let (got, notes) = read(&file.1);
    assert_eq!(got, lines);
    notes
}

const BOTH: [Order; 2] = [Order::Little, Order::Big];

#[test]
fn pcap_in_every_form() {
    for order in BOTH {
        let micro = Build::pcap(order, 0xa1b2_c3d4, 1).record(5, 6, &[1, 2], 2).record(7, 8, &[3], 9);
        let notes = check(&micro, &["5000006000 if=0 link=1 [1, 2]/2", "7000008000 if=0 link=1 [3]/9"]);
        assert_eq!(notes, Notes { snap: Some(1), ..Notes::default() });
        let nano = Build::pcap(order, 0xa1b2_3c4d, 113).record(5, 6, &[1], 1);
        check(&nano, &["5000000006 if=0 link=113 [1]/1"]);
        let modified = Build::pcap(order, 0xa1b2_cd34, 1);
        let modified = modified.n32(5).n32(6).n32(2).n32(2).raw(&[0xee; 8]).raw(&[1, 2]);
        check(&modified, &["5000006000 if=0 link=1 [1, 2]/2"]);
    }
}

#[test]
fn a_header_alone_is_a_capture() {
    for order in BOTH {
        let none: [&str; 0] = [];
        assert_eq!(check(&Build::pcap(order, 0xa1b2_c3d4, 1), &none), Notes::default());
        assert_eq!(check(&Build(order, vec![]).section(), &none), Notes::default());
        assert_eq!(check(&Build(order, vec![]).section().interface(1, 0, &[]), &none), Notes::default());
    }
}

#[test]
fn the_frame_check_sequence_is_no_frame() {
    // 2 words; the second frame was cut inside it, the third before it.
    let file = Build::pcap(Order::Little, 0xa1b2_c3d4, 0x2400_0001);
    let file = file.record(1, 0, &[1, 2, 9, 9, 9, 9], 6).record(1, 0, &[1, 2, 9], 6).record(1, 0, &[1], 6);
    let notes = check(
        &file,
        &["1000000000 if=0 link=1 [1, 2]/2", "1000000000 if=0 link=1 [1, 2]/2", "1000000000 if=0 link=1 [1]/2"],
    );
    assert_eq!(notes.snap, Some(1));
    // pcapng says it of the interface, or of the packet (bits 5 to 8 of its flags).
    let file = Build(Order::Little, vec![]).section().interface(1, 0, &[(13, &[4])]).interface(1, 0, &[]);
    let file = file.packet(0, 0, &[1, 9, 9, 9, 9], 5, &[]);
    let file = file.packet(1, 0, &[1, 9, 9], 3, &[(1, b"comment"), (2, &[2 << 5, 0, 0, 0])]);
    check(&file, &["0 if=0 link=1 [1]/1", "0 if=1 link=1 [1]/1"]);
}

#[test]
fn times_that_cannot_be_do_no_harm() {
    let file = Build::pcap(Order::Little, 0xa1b2_c3d4, 1).record(1, 2_000_000, &[], 0).record(!0, !0, &[], 0);
    check(&file, &["3000000000 if=0 link=1 []/0", "4294971589967295000 if=0 link=1 []/0"]);
    let late = (14, &i64::MAX.to_le_bytes()[..]);
    let early = (14, &i64::MIN.to_le_bytes()[..]);
    for (options, first, last) in [
        (&[][..], 0, i64::MAX),
        (&[late][..], i64::MAX, i64::MAX),
        (&[early][..], i64::MIN, -1),
        (&[(9, &[127][..])][..], 0, 0),
        (&[(9, &[255][..])][..], 0, 0),
        (&[(9, &[128][..])][..], 0, i64::MAX),
    ] {
        let file = Build(Order::Little, vec![]).section().interface(1, 0, options);
        let file = file.packet(0, 0, &[], 0, &[]).packet(0, !0, &[], 0, &[]);
        check(&file, &[&format!("{first} if=0 link=1 []/0"), &format!("{last} if=0 link=1 []/0")]);
    }
}

#[test]
fn every_clock_of_pcapng() {
    for order in BOTH {
        let offset = Build(order, vec![]).n32(if order == Order::Little { 10 } else { 0 });
        let offset = offset.n32(if order == Order::Little { 0 } else { 10 }).1;
        let file = Build(order, vec![]).section();
        let file = file.interface(1, 0, &[]).interface(113, 96, &[(9, &[9])]).interface(101, 0, &[(9, &[0x94])]);
        let file = file.interface(0, 0, &[(9, &[0])]).interface(1, 0, &[(9, &[12])]);
        let file = file.interface(1, 0, &[(9, &[3]), (14, &offset)]);
        let file = file.packet(0, 1_767_600_000_000_001, &[1, 2, 3, 4, 5], 5, &[]);
        let file = file.packet(1, 1_767_600_000_000_000_001, &[1], 1, &[]).packet(2, 3 << 19, &[1], 1, &[]);
        let file = file.packet(3, 7, &[1], 1, &[]).packet(4, 5999, &[1], 1, &[]).packet(5, 1, &[1], 1, &[]);
        check(
            &file,
            &[
                "1767600000000001000 if=0 link=1 [1, 2, 3, 4, 5]/5",
                "1767600000000000001 if=1 link=113 [1]/1",
                "1500000000 if=2 link=101 [1]/1",
                "7000000000 if=3 link=0 [1]/1",
                "5 if=4 link=1 [1]/1",
                "10001000000 if=5 link=1 [1]/1",
            ],
        );
    }
}

/// Two sections of different order, all kinds of packets, what says something of the capture, and unknown blocks.
fn varied() -> Build {
    let file = Build(Order::Little, vec![]).section();
    let file = file.interface(1, 4, &[(11, b"\0udp port 69")]).interface(0, 0, &[(11, b"\0udp port 69")]);
    let unknown = file.empty().n32(17);
    let file = file.packet(1, 5, &[1], 1, &[(4, &[3, 0, 0, 0, 0, 0, 0, 0])]).block(0x0bad, unknown);
    let simple = file.empty().n32(6).raw(&[1, 2, 3, 4]);
    let old = file.empty().n16(1).n16(1).n32(0).n32(9).n32(2).n32(2).raw(&[7, 8]);
    let not_known = file.empty().n16(0).n16(0xffff).n32(0).n32(9).n32(0).n32(0);
    let stats = file.empty().n32(1).n32(0).n32(0);
    let stats = stats.options(&[(5, &[5, 0, 0, 0, 0, 0, 0, 0]), (7, &[2, 0, 0, 0, 0, 0, 0, 0])]);
    let file = file.block(3, simple).block(2, old).block(2, not_known).block(5, stats.clone()).block(5, stats);
    let file = Build(Order::Big, file.1).section().interface(101, 0, &[(11, b"\0arp")]);
    file.packet(0, 6, &[9], 1, &[])
}

#[test]
fn sections_interfaces_and_what_they_say() {
    let notes = check(
        &varied(),
        &[
            "5000 if=1 link=0 [1]/1",
            "0 if=0 link=1 [1, 2, 3, 4]/6",
            "9000 if=1 link=0 [7, 8]/2",
            "9000 if=0 link=1 []/0",
            "6000 if=2 link=101 [9]/1",
        ],
    );
    // 3 and 1 lost packet by packet; 7 in all by the statistics.
    let filter = Some("udp port 69; arp".to_owned());
    assert_eq!(notes, Notes { damage: None, filter, drops: 7, snap: Some(4) });
}

#[test]
fn a_large_block_is_passed_in_bounded_memory() {
    let file = Build(Order::Little, vec![]).section();
    let secrets = file.empty().raw(&vec![0xaa; 3_000_001]);
    let described = file.empty().n16(1).n16(0).n32(0).options(&[(9, &[9])]).raw(&vec![0; 600_000]);
    let file = file.block(10, secrets.clone()).block(1, described).packet(0, 5, &[1], 1, &[]);
    check(&file, &["5 if=0 link=1 [1]/1"]);
    let cut = file.clone().block(10, secrets);
    let notes = check(&Build(Order::Little, cut.1[..cut.1.len() - 8].to_vec()), &["5 if=0 link=1 [1]/1"]);
    assert_eq!(
        notes.damage.unwrap(),
        format!(
            "the block before or of frame 2 at byte {} is cut off: 3000008 of its 3000016 bytes are there",
            file.1.len()
        )
    );
}

#[test]
fn damage_is_told_with_its_place() {
    let pcap = Build::pcap(Order::Little, 0xa1b2_c3d4, 1).record(0, 0, &[1], 1);
    let ng = Build(Order::Little, vec![]).section().interface(1, 0, &[]).packet(0, 0, &[1], 1, &[]);
    let place = "the block before or of frame 2 at byte 84";
    let body = |ng: &Build, interface, captured| ng.empty().n32(interface).n32(0).n32(0).n32(captured).n32(1).n32(0);
    for (file, damage) in [
        (pcap.clone().raw(&[0; 15]), "record 2 at byte 41 is cut off: 15 of its 16 bytes are there".to_owned()),
        (
            pcap.clone().n32(0).n32(0).n32(9).n32(9).raw(&[0; 8]),
            "record 2 at byte 41 is cut off: 24 of its 25 bytes are there".to_owned(),
        ),
        (
            pcap.n32(0).n32(0).n32(!0).n32(!0).raw(&[0; 99]),
            "record 2 at byte 41 claims 4294967295 bytes; at most 262144 are believed".to_owned(),
        ),
        (ng.clone().n32(6).n32(!3), format!("{place} is cut off: 8 of its 12 bytes are there")),
        (ng.clone().n32(6).n32(!3).n32(0), format!("{place} claims 4294967292 bytes; at most 524288 are believed")),
        (ng.clone().raw(&[0; 12]), format!("{place} claims 0 bytes and needs at least 12")),
        (ng.clone().block(6, body(&ng, 0, 5)), format!("{place} holds a packet of 5 bytes in 4")),
        (
            ng.clone().n32(6).n32(36).raw(&body(&ng, 0, 4).1).n32(40),
            format!("{place} gives its length as 36 bytes at its start and 40 at its end"),
        ),
        (
            ng.clone().block(0x0a0d_0d0a, ng.empty().n32(0x1a2b_3c4d).n16(2).n16(0).raw(&[0; 8])),
            format!("{place} is a section of version 2; version 1 can be read"),
        ),
        (
            ng.clone().block(0x0a0d_0d0a, ng.empty().raw(&[0; 16])),
            format!("{place} is a section header without a byte order"),
        ),
    ] {
        let notes = check(&file, &["0 if=0 link=1 [1]/1"]);
        assert_eq!(notes.damage.unwrap(), damage);
    }
    // What is whole in itself does not end the frames.
    let file = ng.clone().block(6, body(&ng, 1, 4)).packet(0, 1, &[2], 1, &[]);
    let notes = check(&file, &["0 if=0 link=1 [1]/1", "1000 if=0 link=1 [2]/1"]);
    assert_eq!(
        notes.damage.unwrap(),
        format!("{place} holds a packet of interface 1, which its section does not describe")
    );
}

#[test]
fn what_is_no_capture_is_told_in_one_line() {
    let pcap = Build::pcap(Order::Little, 0xa1b2_c3d4, 1);
    let ng = Build(Order::Little, vec![]).section();
    for (file, error) in [
        (&b""[..], "x: is empty"),
        (b"<?xml version", "x: is not a capture but text; a capture is a pcap or pcapng file (also .gz or .zst)"),
        (b"PK\x03\x04", "x: is not a capture but a zip archive; unpack it first"),
        (&[1, 2, 3], "x: is not a capture: it begins with 01 02 03; pcap and pcapng can be read (also .gz or .zst)"),
        (&pcap.1[..23], "x: a pcap file that ends after 23 of the 24 bytes of its header"),
        (
            &ng.1[..27],
            "x: a pcapng file whose first block cannot be read: the block before or of frame 1 at byte 0 is cut off: \
             27 of its 28 bytes are there",
        ),
        (&[0x1f, 0x8b, 8, 0], "x: its gzip data cannot be unpacked (unexpected end of file); copy it again"),
    ] {
        assert_eq!(read(file).0, [error]);
    }
    let dir = tempfile::tempdir().unwrap();
    let error = CaptureFile::open(dir.path()).err().unwrap().to_string();
    assert!(error.ends_with(": is a directory; name a capture file in it"), "{error}");
    let error = CaptureFile::open(&dir.path().join("none.pcap")).err().unwrap().to_string();
    assert!(error.ends_with("none.pcap: No such file or directory (os error 2)"), "{error}");
}

/// Every cut gives exactly the frames that end before it, and tells of damage unless it lies between two records.
#[test]
fn a_cut_loses_only_what_is_behind_it() {
    let pcap = Build::pcap(Order::Big, 0xa1b2_c3d4, 1).record(1, 0, &[1, 2, 3], 3).record(2, 0, &[4], 1);
    for whole in [pcap, varied()] {
        let (all, _) = read(&whole.1);
        let mut most = 0;
        for cut in 0..whole.1.len() {
            let (lines, notes) = read(&whole.1[..cut]);
            if lines.first().is_some_and(|line| line.starts_with("x: ")) {
                assert!(cut < 28);
                continue;
            }
            assert_eq!(lines, all[..lines.len()], "cut at {cut}");
            assert!(lines.len() >= most, "cut at {cut}");
            most = lines.len();
            if let Some(damage) = notes.damage {
                assert!(damage.contains("is cut off"), "cut at {cut}: {damage}");
            }
        }
        assert_eq!(most + 1, all.len());
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn packed_files_and_what_is_left_of_broken_ones() {
    let mut file = Build::pcap(Order::Little, 0xa1b2_c3d4, 1);
    let mut state = 1u32;
    for i in 0..20_000 {
        let bytes = [(); 60].map(|()| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        file = file.record(i, 0, &bytes, 60);
    }
    let (all, _) = read(&file.1);
    let half = file.1.len() / 2;
    let members = [gzip(&file.1[..half]), gzip(&file.1[half..])].concat();
    let mut zst = zstd::Encoder::new(Vec::new(), 3).unwrap();
    zst.include_checksum(true).unwrap();
    zst.write_all(&file.1).unwrap();
    let zst = zst.finish().unwrap();
    for packed in [&members, &zst] {
        assert_eq!(read(packed), (all.clone(), Notes::default()));
        let (lines, notes) = read(&packed[..packed.len() - 9]);
        let damage = notes.damage.unwrap();
        assert!(lines.len() > 15_000 && lines == all[..lines.len()], "{} {damage}", lines.len());
        assert!(damage.contains("data cannot be read beyond byte "), "{damage}");
        let mut broken = packed.clone();
        let at = broken.len() * 3 / 4;
        broken[at..at + 64].fill(0xff);
        let (lines, notes) = read(&broken);
        assert!(notes.damage.is_some());
        let sure = lines.iter().zip(&all).take_while(|(a, b)| a == b).count();
        assert!(sure > 11_000, "{sure}");
    }
    // The check sum is the last thing read: every frame is given, and the damage told.
    let mut broken = gzip(&file.1);
    let end = broken.len();
    broken[end - 8] ^= 1;
    let (lines, notes) = read(&broken);
    assert_eq!(lines, all);
    assert!(notes.damage.unwrap().contains("checksum"));
}

/// The same file by pcap-parser: seconds, fraction, interface and bytes of each packet.
fn oracle(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut packets = Vec::new();
    let Ok(mut reader) = pcap_parser::create_reader(1 << 20, Cursor::new(file.to_vec())) else { return packets };
    let mut interfaces = 0;
    loop {
        let step = match reader.next() {
            Ok((step, block)) => {
                match block {
                    PcapBlockOwned::Legacy(p) => packets.push((u64::from(p.ts_sec), p.data.to_vec())),
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces = 0,
                    PcapBlockOwned::NG(Block::InterfaceDescription(_)) => interfaces += 1,
                    PcapBlockOwned::NG(Block::EnhancedPacket(p)) if p.if_id < interfaces => {
                        packets.push((u64::from(p.ts_high) << 32 | u64::from(p.ts_low), p.packet_data().to_vec()));
                    }
                    _ => {}
                }
                step
            }
            Err(pcap_parser::PcapError::Incomplete(_)) => match reader.refill() {
                Ok(()) => continue,
                Err(_) => break,
            },
            Err(_) => break,
        };
        reader.consume(step);
    }
    packets
}

/// The same by offhook, in the file's own units.
fn ours(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let Ok(mut source) = CaptureFile::read("x", Cursor::new(file.to_vec())) else { return Vec::new() };
    let pcap = matches!(source.format, Format::Pcap(_));
    let mut packets = Vec::new();
    while let Some(frame) = source.next().unwrap() {
        let unit = if pcap { 1_000_000_000 } else { 1000 };
        packets.push((frame.time.nanos() as u64 / unit, frame.bytes.to_vec()));
    }
    packets
}

proptest! {
    #[test]
    fn pcap_parser_reads_the_same(
        big: bool,
        frames in prop::collection::vec((0..2_000_000_000u32, prop::collection::vec(any::<u8>(), 0..80)), 0..8),
        break_at in prop::option::of((any::<prop::sample::Index>(), 1..=255u8)),
    ) {
        let order = BOTH[usize::from(big)];
        let mut pcap = Build::pcap(order, 0xa1b2_c3d4, 1);
        let mut ng = Build(order, vec![]).section().interface(1, 0, &[]);
        for (time, bytes) in &frames {
            pcap = pcap.record(*time, 0, bytes, bytes.len() as u32);
            ng = ng.packet(0, u64::from(*time), bytes, bytes.len() as u32, &[]);
        }
        prop_assert_eq!(ours(&pcap.1), oracle(&pcap.1));
        prop_assert_eq!(ours(&ng.1), oracle(&ng.1));
        if let Some((index, flip)) = break_at {
            // A broken file may mean different things to the two; it harms neither, and what lies before is alike.
            for mut file in [pcap.1, ng.1] {
                let whole = ours(&file);
                let at = index.index(file.len());
                file[at] ^= flip;
                let broken = ours(&file);
                let before = whole.iter().zip(&broken).take_while(|(a, b)| a == b).count();
                let reach = whole.iter().scan(0, |sum, (_, bytes)| { *sum += bytes.len() + 16; Some(*sum) });
                prop_assert!(before >= reach.filter(|end| end + 84 + 20 * whole.len() < at).count());
            }
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(magic in 0..5usize, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let ng = Build(Order::Little, vec![]).section().interface(1, 0, &[]);
        let start = [
            vec![],
            Build::pcap(Order::Big, 0xa1b2_cd34, 1).1,
            ng.1.clone(),
            [ng.1, vec![6, 0, 0, 0, 0, 1, 0, 0]].concat(),
            vec![0x1f, 0x8b, 8, 0],
        ];
        read(&[&start[magic][..], &bytes].concat());
    }
}
