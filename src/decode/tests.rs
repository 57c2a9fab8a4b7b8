use std::fmt::Write;

use etherparse::PacketBuilder;
use proptest::prelude::*;

use super::*;
use crate::event::{Endpoint, Mac};
use crate::flow::frag::Defrag;
use crate::time::Ts;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn frame(link: u16, bytes: &[u8]) -> Frame<'_> {
    Frame { number: 1, time: Ts::ZERO, interface: 3, link, bytes, wire_len: bytes.len() as u32 }
}

fn render(packet: &Packet<'_>) -> String {
    let mut text = String::new();
    let o = &packet.origin;
    assert_eq!((o.frame, o.interface, o.sender, o.duplicate), (1, 3, None, false));
    let mac = |mac: Option<[u8; 6]>| mac.map_or("-".to_owned(), |mac| Mac(mac).to_string());
    if o.eth_src.is_some() {
        let _ = write!(text, "{}>{} ", mac(o.eth_src), mac(o.eth_dst));
    }
    if !o.vlans.ids().is_empty() {
        let _ = write!(text, "vlans={:?} ", o.vlans.ids());
    }
    if let (Some(src), Some(dst)) = (o.src, o.dst) {
        let _ = write!(text, "{src}>{dst} proto={} ttl={} dscp={} ", o.ip_proto, o.ttl, o.dscp);
    }
    let _ = match &packet.layer {
        Layer::Ether { ether_type, payload } => write!(text, "ether {ether_type:04x} {payload:02x?}"),
        Layer::Snap { oui, pid, payload } => write!(text, "snap {oui:06x} {pid:04x} {payload:02x?}"),
        Layer::Udp { payload } => write!(text, "udp {payload:02x?}"),
        Layer::Tcp(t) => {
            let flags = [(t.syn, 'S'), (t.ack, 'A'), (t.fin, 'F'), (t.rst, 'R')];
            let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
            write!(text, "tcp {flags} seq={} ack={} {:02x?}", t.seq, t.ack_number, t.payload)
        }
        Layer::Ip { proto, payload } => write!(text, "ip {proto} {payload:02x?}"),
        Layer::Fragment(f) => {
            write!(
                text,
                "fragment {} {}>{} {} at {} more={} {:02x?}",
                f.id, f.src, f.dst, f.proto, f.offset, f.more, f.payload
            )
        }
        Layer::None => write!(text, "none"),
    };
    if packet.cut > 0 {
        let _ = write!(text, " cut={}", packet.cut);
    }
    if let Some(stop) = packet.stop {
        let _ = write!(text, " at={} what={}", stop.at, stop.what);
    }
    text
}

#[track_caller]
fn check(link: u16, bytes: &str, expected: &str) {
    let bytes = hex(bytes);
    assert_eq!(render(&packet(&frame(link, &bytes))), expected);
}

const MACS: &str = "020000000002 020000000001";
/// 10.0.0.1:50000 > 10.0.0.2:69, EF, TTL 64, payload aa bb.
const UDP4: &str = "45b8001e 00070000 40110000 0a000001 0a000002 c3500045000a0000 aabb";
const SAID: &str = "10.0.0.1:50000>10.0.0.2:69 proto=17 ttl=64 dscp=46 udp [aa, bb]";
const ETH: &str = "02:00:00:00:00:01>02:00:00:00:00:02 ";

#[test]
fn ethernet_with_any_stack_of_tags() {
    check(1, &format!("{MACS} 0800 {UDP4}"), &format!("{ETH}{SAID}"));
    // Padding is no payload.
    check(1, &format!("{MACS} 0800 {UDP4} 0000 0000 0000"), &format!("{ETH}{SAID}"));
    check(1, &format!("{MACS} 8100a06e 0800 {UDP4}"), &format!("{ETH}vlans=[110] {SAID}"));
    check(
        1,
        &format!("{MACS} 88a80001 91000002 81000003 92000004 81000005 0800 {UDP4}"),
        &format!("{ETH}vlans=[1, 2, 3, 4, 5] {SAID}"),
    );
    check(1, &format!("{MACS} 8926 80001234 8100000a 0800 {UDP4}"), &format!("{ETH}vlans=[10] {SAID}"));
    check(1, &format!("{MACS} 8909 01010001 0009 0800 {UDP4}"), &format!("{ETH}{SAID}"));
    check(1, &format!("{MACS} 0806 0001"), &format!("{ETH}ether 0806 [00, 01]"));
    check(1, &format!("{MACS} 810000c8 88cc 0207"), &format!("{ETH}vlans=[200] ether 88cc [02, 07]"));
    check(1, &format!("{MACS} 88e5 2c00"), &format!("{ETH}none at=14 what=MACsec"));
    check(1, &format!("{MACS} 8100"), &format!("{ETH}none at=14 what=VLAN tag"));
    check(1, MACS, &format!("{ETH}none at=12 what=EtherType"));
    check(1, "0200", "none at=0 what=Ethernet header");
}

#[test]
fn llc_is_cut_at_the_length() {
    check(1, &format!("{MACS} 000a aaaa03 00000c 2000 02b4 0000 0000"), &format!("{ETH}snap 00000c 2000 [02, b4]"));
    check(
        1,
        &format!("{MACS} 8100006e 000b aaaa03 00000c 2000 02b4"),
        &format!("{ETH}vlans=[110] snap 00000c 2000 [02, b4] cut=1"),
    );
    check(1, &format!("{MACS} 0026 aaaa03 000000 0800 {UDP4}"), &format!("{ETH}{SAID}"));
    check(1, &format!("{MACS} 0003 424203 0000"), &format!("{ETH}none"));
    check(1, &format!("{MACS} 0002 aaaa 0300"), &format!("{ETH}none at=14 what=LLC header"));
}

#[test]
fn other_links() {
    for (link, before) in
        [(101, ""), (12, ""), (14, ""), (228, ""), (0, "02000000"), (0, "00000002"), (108, "00000002")]
    {
        check(link, &format!("{before} {UDP4}"), SAID);
    }
    check(9, &format!("ff030021 {UDP4}"), SAID);
    check(9, &format!("0021 {UDP4}"), SAID);
    check(50, &format!("ff0321 {UDP4}"), SAID);
    check(204, &format!("01ff030021 {UDP4}"), SAID);
    check(51, &format!("11000001 0020 0021 {UDP4} 0000"), SAID);
    check(1, &format!("{MACS} 8864 11000001 0020 0021 {UDP4} 0000"), &format!("{ETH}{SAID}"));
    check(1, &format!("{MACS} 8864 11000001 0006 c021 0901"), &format!("{ETH}none cut=2"));
    check(1, &format!("{MACS} 8863 1109"), &format!("{ETH}ether 8863 [11, 09]"));
    check(104, &format!("0f000800 {UDP4}"), SAID);
    check(104, "8f002000 02b4", "snap 00000c 2000 [02, b4]");
    check(104, "8f008035 0002", "ether 8035 [00, 02]");
    check(9, "0f002000 02b4", "snap 00000c 2000 [02, b4]");
    check(9, "0207 02b4", "snap 00000c 2000 [02, b4]");
    let sll = "0000 0001 0006 0200000000010000";
    check(113, &format!("{sll} 0800 {UDP4}"), &format!("02:00:00:00:00:01>- {SAID}"));
    check(113, &format!("{sll} 8100 000a 0800 {UDP4}"), &format!("02:00:00:00:00:01>- vlans=[10] {SAID}"));
    check(113, &format!("{sll} 0004 aaaa03 00000c 2000 02"), "02:00:00:00:00:01>- snap 00000c 2000 [02]");
    check(113, &format!("{sll} 000c 00"), "02:00:00:00:00:01>- none");
    let sll2 = "0800 0000 00000002 0001 00 06 0200000000010000";
    check(276, &format!("{sll2} {UDP4}"), &format!("02:00:00:00:00:01>- {SAID}"));
    check(105, "00", "none at=0 what=link type that is not read");
}

#[test]
fn ipv4_with_options_and_its_lengths() {
    check(101, &format!("46b80022 00070000 40110000 0a000001 0a000002 94040000 {}", &UDP4[45..]), SAID);
    // A snap length cut two bytes; a length of zero was left to the network card.
    check(101, &UDP4[..UDP4.len() - 2], &format!("{} cut=1", SAID.replace(", bb", "")));
    check(101, &UDP4.replacen("001e", "0000", 1), SAID);
    check(
        101,
        &UDP4.replacen("001e", "0013", 1),
        "10.0.0.1>10.0.0.2 proto=17 ttl=64 dscp=46 none at=2 what=IPv4 total length",
    );
    check(101, "44", "none at=0 what=IPv4 header");
    check(
        101,
        "4500 001c 0000 0000 0102 0000 0a000001 e0000001 16000000 e0000001",
        "10.0.0.1>224.0.0.1 proto=2 ttl=1 dscp=0 ip 2 [16, 00, 00, 00, e0, 00, 00, 01]",
    );
}

#[test]
fn udp_and_its_length() {
    check(101, &UDP4.replacen("000a0000", "00090000", 1), &SAID.replace(", bb", ""));
    check(101, &UDP4.replacen("000a0000", "00000000", 1), SAID);
    check(101, &UDP4.replacen("000a0000", "000c0000", 1), &format!("{SAID} cut=2"));
    check(101, &UDP4.replacen("000a0000", "00070000", 1), &SAID.replace("udp [aa, bb]", "none at=24 what=UDP length"));
    check(101, &UDP4[..53], &SAID.replace("udp [aa, bb]", "none cut=6 at=20 what=UDP header"));
}

#[test]
fn tcp_and_a_header_that_was_cut() {
    let tcp =
        "4500 002c 0000 0000 4006 0000 0a000001 0a000002 c350 13c4 00000001 00000002 6012 ffff 0000 0000 020405b4";
    let said = "10.0.0.1:50000>10.0.0.2:5060 proto=6 ttl=64 dscp=0 ";
    check(101, tcp, &format!("{said}tcp SA seq=1 ack=2 []"));
    check(
        101,
        &tcp.replace("002c", "002e").replace("6012", "6015").replace("020405b4", "020405b4 5349"),
        &format!("{said}tcp AFR seq=1 ack=2 [53, 49]"),
    );
    check(101, &tcp.replace("002c", "0030")[..tcp.len() - 4], &format!("{said}tcp SA seq=1 ack=2 [] cut=4"));
    check(101, &tcp[..tcp.len() - 14], &format!("{said}none cut=6 at=20 what=TCP header"));
    check(101, &tcp.replace("6012", "4012"), &format!("{said}none at=20 what=TCP header"));
}

#[test]
fn ipv6_and_its_extension_headers() {
    let addresses = "20010db8000000000000000000000001 20010db8000000000000000000000002";
    let udp = "c3500045000a0000 aabb";
    let said = "[2001:db8::1]:50000>[2001:db8::2]:69 proto=17 ttl=64 dscp=46 udp [aa, bb]";
    check(101, &format!("6b800000 000a 11 40 {addresses} {udp} 0000"), said);
    check(229, &format!("6b800000 0000 11 40 {addresses} {udp}"), said);
    check(0, &format!("1e000000 6b800000 000a 11 40 {addresses} {udp}"), said);
    // Hop-by-hop, destination options, a fragment header that divides nothing, authentication.
    check(
        101,
        &format!(
            "6b800000 0032 00 40 {addresses} 3c00050200000100 2c00010400000000 3300000000000009 \
             1102000000000000 0000000000000000 {udp}"
        ),
        said,
    );
    check(
        101,
        &format!("6b800000 000c 2c 40 {addresses} 1100000900000007 aabbccdd"),
        "2001:db8::1>2001:db8::2 proto=17 ttl=64 dscp=46 \
         fragment 7 2001:db8::1>2001:db8::2 17 at 8 more=true [aa, bb, cc, dd]",
    );
    check(
        101,
        &format!("60000000 0008 3c 40 {addresses} 11010000"),
        "2001:db8::1>2001:db8::2 proto=60 ttl=64 dscp=0 none cut=4 at=40 what=IPv6 extension header",
    );
    check(101, &format!("60000000 0000 3b 40 {addresses}"), "2001:db8::1>2001:db8::2 proto=59 ttl=64 dscp=0 ip 59 []");
}

#[test]
fn tunnels_are_followed_to_the_innermost_packet() {
    let ip = |proto: &str, rest: &str| format!("45000000 0001 0000 ff{proto}0000 c0000201 c0000202 {rest}");
    let inner = format!("060000000002 060000000001 8100006e 0800 {UDP4}");
    let inner_said = format!("06:00:00:00:00:01>06:00:00:00:00:02 vlans=[110] {SAID}");
    let untagged = format!("060000000002 060000000001 0800 {UDP4}");
    let outer = |rest: String| format!("{MACS} 8100000a 0800 {rest}");
    let kept = format!("{ETH}vlans=[10] {SAID}");
    check(1, &outer(ip("04", UDP4)), &kept);
    check(1, &outer(ip("2f", &format!("00000800 {UDP4}"))), &kept);
    check(1, &outer(ip("2f", &format!("b0000800 00000000 00000001 00000002 {UDP4}"))), &kept);
    check(1, &outer(ip("2f", &format!("3081880b 00000001 00000002 00000003 ff030021 {UDP4}"))), &kept);
    check(1, &outer(ip("2f", &format!("00008909 0800 010100010009 {UDP4}"))), &kept);
    check(1, &outer(ip("89", &format!("00010140 {UDP4}"))), &kept);
    check(1, &outer(ip("33", &format!("0401000000000000 00000000 {UDP4}"))), &kept);
    check(1, &outer(ip("2f", &format!("00006558 {inner}"))), &inner_said);
    check(1, &outer(ip("2f", &format!("000088be {inner}"))), &inner_said);
    check(1, &outer(ip("2f", &format!("100088be 00000001 10000000 00000000 {inner}"))), &inner_said);
    check(1, &outer(ip("2f", &format!("100088be 00000001 106e1000 00000000 {untagged}"))), &inner_said);
    check(
        1,
        &outer(ip("2f", &format!("100022eb 00000001 200000000000000000000001 0000000000000000 {inner}"))),
        &inner_said,
    );
    check(1, &outer(ip("2f", &format!("100022eb 00000001 200000000000000000000800 {UDP4}"))), &kept);
    check(1, &outer(ip("11", &format!("c000 12b5 0000 0000 0800000000006400 {inner}"))), &inner_said);
    check(1, &format!("{MACS} 88e7 00000001 {inner}"), &inner_said);
    check(1, &format!("{MACS} 8847 00010040 00020140 {UDP4}"), &format!("{ETH}{SAID}"));
    check(1, &format!("{MACS} 8847 00020140 {inner}"), &inner_said);
    check(1, &format!("{MACS} 8847 00020140 00000000 {inner}"), &inner_said);
    check(1, &format!("{MACS} 8848 00020140 ffff"), &format!("{ETH}ether 8848 [ff, ff]"));
    check(
        1,
        &outer(ip("2f", "00002000 02b4")),
        &format!("{ETH}vlans=[10] 192.0.2.1>192.0.2.2 proto=47 ttl=255 dscp=0 snap 00000c 2000 [02, b4]"),
    );
    check(
        1,
        &outer(ip("2f", "00000000")),
        &format!("{ETH}vlans=[10] 192.0.2.1>192.0.2.2 proto=47 ttl=255 dscp=0 ip 47 [00, 00, 00, 00]"),
    );
    // CDP in ERSPAN: nothing of the outer IP stays.
    check(
        1,
        &outer(ip("2f", &format!("000088be {MACS} 000a aaaa03 00000c 2000 02b4"))),
        &format!("{ETH}snap 00000c 2000 [02, b4]"),
    );
    // On VXLAN's port, and no VXLAN.
    check(
        101,
        &ip("11", "c000 12b5 0000 0000 0800000000006401 aa"),
        "192.0.2.1:49152>192.0.2.2:4789 proto=17 ttl=255 dscp=0 udp [08, 00, 00, 00, 00, 00, 64, 01, aa]",
    );
    // Eight tunnels are followed, a ninth is not.
    let nested = |n: usize| (0..n).fold(UDP4.to_owned(), |inside, _| ip("04", &inside));
    check(101, &nested(8), SAID);
    check(
        101,
        &nested(9),
        "192.0.2.1>192.0.2.2 proto=4 ttl=255 dscp=0 none at=180 what=more tunnels than are followed",
    );
}

#[test]
fn lines_that_carry_one_another_without_end_are_not_followed() {
    // PPPoE with Cisco HDLC in it, with PPPoE in it.
    let bytes = [&[2; 12][..], &[0x88, 0x64], &[0x11, 0, 0, 1, 0xff, 0xff, 0x0f, 0, 0x88, 0x64].repeat(6000)].concat();
    let stop = packet(&frame(1, &bytes)).stop;
    assert_eq!(stop.map(|stop| stop.what), Some("more tunnels than are followed"));
    assert_eq!(packet(&frame(9, &bytes[20..])).stop.map(|stop| stop.what), stop.map(|stop| stop.what));
}

#[test]
fn the_ip_packet_is_given_without_padding() {
    let bytes = hex(&format!("{MACS} 8100006e 0800 {UDP4} 000000"));
    assert_eq!(packet(&frame(1, &bytes)).ip, hex(UDP4));
    assert_eq!(packet(&frame(1, &hex(&format!("{MACS} 0806 0001")))).ip, [0u8; 0]);
}

#[test]
fn fragments_and_what_they_carry() {
    let (mut defrag, mut last) = (Defrag::default(), None);
    // A UDP datagram of 8 + 10 bytes, and a packet in GRE, each in two fragments.
    for (proto, whole, said) in [
        (
            17,
            hex("c350 13c4 0012 0000 00010203040506070809"),
            "10.0.0.1:50000>10.0.0.2:5060 proto=17 ttl=64 dscp=0 udp [00, 01, 02, 03, 04, 05, 06, 07, 08, 09]",
        ),
        (47, hex(&format!("00000800 {UDP4}")), SAID),
    ] {
        for (offset, part) in [(0, &whole[..16]), (16, &whole[16..])] {
            let more = if offset == 0 { 0x20 } else { 0 };
            let mut bytes = vec![0x45, 0, 0, 20 + part.len() as u8, 0, 7, more, offset / 8, 64, proto, 0, 0];
            bytes.extend_from_slice(&hex("0a000001 0a000002"));
            bytes.extend_from_slice(part);
            let packet = packet(&frame(101, &bytes));
            assert_eq!(packet.origin.src, Some(Endpoint { ip: [10, 0, 0, 1].into(), port: 0 }));
            let Layer::Fragment(fragment) = &packet.layer else { panic!("{packet:?}") };
            assert_eq!((fragment.id, fragment.offset, fragment.more), (7, offset.into(), offset == 0));
            last = defrag.push(fragment, &packet.origin).map(|whole| (whole, packet.origin));
        }
        let (got, mut origin) = last.take().unwrap();
        assert_eq!(got.payload, whole);
        let layer = transport(got.proto, &got.payload, &mut origin);
        assert_eq!(render(&Packet { origin, layer, ip: &[], stop: None, cut: 0 }), said);
    }
    let mut origin = Origin::at(1, Ts::ZERO);
    assert_eq!(transport(17, &[1, 2], &mut origin), Layer::None);
}

/// etherparse takes apart what etherparse built, as a whole: the same ports and payload as here.
#[test]
fn etherparse_reads_the_same() {
    let payload = [1, 2, 3];
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).double_vlan(1.try_into().unwrap(), 2.try_into().unwrap());
    let mut bytes = Vec::new();
    builder.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 9).tcp(5060, 50000, 7, 100).ack(8).write(&mut bytes, &payload).unwrap();
    assert_eq!(
        render(&packet(&frame(1, &bytes))),
        "02:02:02:02:02:02>04:04:04:04:04:04 vlans=[1, 2] 10.0.0.1:5060>10.0.0.2:50000 proto=6 ttl=9 dscp=0 \
         tcp A seq=7 ack=8 [01, 02, 03]"
    );
    let sliced = etherparse::SlicedPacket::from_ethernet(&bytes).unwrap();
    let Some(etherparse::TransportSlice::Tcp(tcp)) = sliced.transport else { panic!() };
    assert_eq!((tcp.sequence_number(), tcp.payload()), (7, &payload[..]));
}

const LINKS: [u16; 20] = [0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 166, 204, 228, 229, 276, 105, 127, 147, 65535];

/// Whatever the bytes: a stop lies in the frame, payload and IP packet too.
fn sound(link: u16, bytes: &[u8]) {
    let packet = packet(&frame(link, bytes));
    assert!(packet.stop.is_none_or(|stop| stop.at <= bytes.len() && packet.layer == Layer::None));
    let inside =
        |part: &[u8]| part.is_empty() || bytes.as_ptr_range().contains(&part.as_ptr()) && part.len() <= bytes.len();
    assert!(inside(packet.ip));
    if let Layer::Ether { payload, .. }
    | Layer::Snap { payload, .. }
    | Layer::Udp { payload }
    | Layer::Ip { payload, .. } = packet.layer
    {
        assert!(inside(payload));
    }
}

#[test]
fn every_cut_is_sound() {
    let inner = format!("060000000002 060000000001 8100006e 0800 {UDP4}");
    let erspan = format!(
        "{MACS} 0800 45000000 0001 0000 ff2f0000 c0000201 c0000202 100022eb 00000001 200000000000000000000001 0000000000000000 {inner}"
    );
    let mpls = format!("{MACS} 8847 00020140 00000000 {inner}");
    let ipv6 = format!(
        "{MACS} 86dd 6b800000 0032 00 40 {} 3c00050200000100 2c00010400000000 3300000000000009 1102000000000000 0000000000000000 c3500045000a0000 aabb",
        "20010db8000000000000000000000001".repeat(2)
    );
    for whole in [erspan, mpls, ipv6] {
        let bytes = hex(&whole);
        for cut in 0..bytes.len() {
            sound(1, &bytes[..cut]);
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[cut] ^= 1 << bit;
                sound(1, &flipped);
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_sound(
        link in prop::sample::select(&LINKS[..]),
        ether_type in prop::sample::select(vec![0x0800u16, 0x86dd, 0x8100, 0x8847, 0x8864, 0x8926, 0x8909, 0x88e7, 100]),
        first in prop::sample::select(vec![0x45u8, 0x46, 0x60, 0xaa, 0x11]),
        proto in prop::sample::select(vec![4u8, 6, 17, 41, 44, 47, 51, 60, 137]),
        mut bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        sound(link, &bytes);
        let mut whole = vec![2; 12];
        whole.extend_from_slice(&ether_type.to_be_bytes());
        if let [a, _, b, c, _, _, d, e, _, f, ..] = &mut bytes[..] {
            (*a, *f) = (first, proto);
            if first >> 4 == 4 { (*b, *c, *d, *e) = (0, 80, 0, 0) } else { *d = proto }
        }
        whole.extend_from_slice(&bytes);
        sound(1, &whole);
        let mut origin = Origin::at(1, Ts::ZERO);
        transport(proto, &bytes, &mut origin);
    }
}
