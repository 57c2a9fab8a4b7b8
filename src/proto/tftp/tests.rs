//! Messages as they are shown, and transfers as they can go wrong.

use sha2::{Digest, Sha256};

use super::*;
use crate::event::Side::{self, Client, Server};
use crate::event::{Event, Origin};
use crate::proto::testing::{self, Lines};
use crate::proto::{File, Mark, Probe, Sink, Spare};

/// A datagram: second, who sends, the client's port, the server's port.
type Step = (i64, Side, u16, u16, Vec<u8>);

fn run(steps: &[Step]) -> Vec<String> {
    let mut lines = Lines::default();
    run_with(steps, &mut lines);
    lines.0
}

fn run_with(steps: &[Step], lines: &mut dyn Sink) {
    let (mut spare, mut tftp) = (Spare::default(), (PROTOCOL.new)());
    for (i, (second, side, client, server, bytes)) in steps.iter().enumerate() {
        let mut origin = testing::origin(i as u64 + 1, *side, (*client, *server), 17);
        origin.time = Ts::from_nanos(second * 1_000_000_000);
        let marks = [Mark { at: 0, frame: origin.frame }];
        let segment = Segment { bytes, origin: &origin, marks: &marks, side: *side, end: false, cut: 0, flow: 0 };
        tftp.datagram(&segment, &mut Out::new(lines, &mut spare));
    }
    tftp.finish(&testing::origin(9, Client, (1, 2), 17), &mut Out::new(lines, &mut spare));
}

fn rrq(name: &str, options: &str) -> Vec<u8> {
    [b"\0\x01", name.as_bytes(), b"\0octet\0", options.replace(' ', "\0").as_bytes()].concat()
}

fn data(block: u64, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3][..], &(block as u16).to_be_bytes(), bytes].concat()
}

fn ack(block: u16) -> Vec<u8> {
    [&[0, 4][..], &block.to_be_bytes()].concat()
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 256) as u8).collect()
}

/// The lines about files alone, each without what every one of them says.
fn files(lines: Vec<String>) -> Vec<String> {
    let said = " file.class=config file.device=SEP001122334455 file.signed=false file.encrypted=false \
                file.transport=tftp file.server=10.0.0.2 file.client=10.0.0.1";
    lines
        .into_iter()
        .filter(|line| line.starts_with("file.") || line.starts_with("FILE") || line.starts_with("LIMIT"))
        .map(|line| line.replace(said, "").replace(" file.name=SEP001122334455.cnf.xml", ""))
        .collect()
}

const NAME: &str = "SEP001122334455.cnf.xml";

fn complete(bytes: &[u8]) -> [String; 2] {
    let sum: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    [
        format!("file.complete file.attempt=1 file.bytes={} file.sha256={sum}", bytes.len()),
        format!("FILE {NAME} {} bytes complete=true", bytes.len()),
    ]
}

#[track_caller]
fn check(payload: &[u8], first: &str) {
    let lines = testing::datagram(&PROTOCOL, payload);
    assert_eq!(lines.first().map(String::as_str), Some(first));
}

#[test]
fn messages() {
    check(
        b"\0\x01CTLSEP001122334455.tlv\0octet\0",
        "tftp.read tftp.opcode=1 tftp.source_file=CTLSEP001122334455.tlv tftp.type=octet \
         file.name=CTLSEP001122334455.tlv file.class=ctl file.device=SEP001122334455",
    );
    check(
        b"\0\x01x\0octet\0tsize\x000\0blksize\x001448\0",
        "tftp.read tftp.opcode=1 tftp.source_file=x tftp.type=octet tftp.option.name=tsize tftp.option.value=0 \
         tftp.option.name=blksize tftp.option.value=1448 file.name=x file.class=other",
    );
    check(b"\0\x02x\0netascii\0", "tftp.write tftp.opcode=2 tftp.destination_file=x tftp.type=netascii");
    check(b"\0\x03\x01\x02abc", "tftp.data tftp.opcode=3 tftp.block=258 tftp.data_len=3 tftp.block_data=616263");
    check(b"\0\x04\0\0", "tftp.ack tftp.opcode=4 tftp.block=0");
    check(
        b"\0\x05\0\x01File not found\0",
        "tftp.error tftp.opcode=5 tftp.error.code=1 tftp.error.message=File not found",
    );
    check(b"\0\x06tsize\x0012277\0", "tftp.oack tftp.opcode=6 tftp.option.name=tsize tftp.option.value=12277");
    // All names empty, as a scanner sends it: every value is shown.
    check(
        b"\0\x01\0\0\0\0\0octet\0",
        "tftp.read tftp.opcode=1 tftp.source_file= tftp.type= tftp.option.name= tftp.option.value= \
         tftp.option.name= tftp.option.value=octet",
    );
}

#[test]
fn what_cannot_be_read_has_a_place() {
    check(b"\0", "tftp.malformed at=0 what=opcode");
    check(b"\0\x09xx", "tftp.malformed tftp.opcode=9 at=0 what=opcode");
    check(b"\0\x01a.cfg", "tftp.read tftp.opcode=1 at=2 what=file name");
    check(b"\0\x01a\0oct", "tftp.read tftp.opcode=1 tftp.source_file=a file.name=a file.class=other at=4 what=mode");
    check(b"\0\x03\0", "tftp.data tftp.opcode=3 at=2 what=block number");
    check(
        b"\0\x05\0\x02no",
        "tftp.error tftp.opcode=5 tftp.error.code=2 tftp.error.message=no at=4 what=error message",
    );
    check(
        b"\0\x06a\x001\0b\0",
        "tftp.oack tftp.opcode=6 tftp.option.name=a tftp.option.value=1 tftp.option.name=b at=8 what=option value",
    );
    testing::any_datagram(&PROTOCOL);
}

#[test]
fn a_probe_knows_tftp() {
    for sample in PROTOCOL.samples {
        assert_eq!(probe(sample), Probe::Yes, "{sample:?}");
    }
    for other in [&b"\x80\0\0\x01"[..], b"\0\x01", b"\0\x01\0\x01\0\0", b"\0\x04\0\0\0", b"\0\x07\0\0", b"SIP/2.0 200"]
    {
        assert_eq!(probe(other), Probe::No, "{other:?}");
    }
}

#[test]
fn a_transfer_is_rebuilt_byte_for_byte() {
    for len in [0, 1, 511, 512, 513, 1024, 5000] {
        let bytes = content(len);
        let mut steps = vec![(0, Client, 50000, 69, rrq(NAME, ""))];
        // The last block is always shorter, and may be empty.
        for (i, block) in bytes.chunks(512).chain((len % 512 == 0).then_some(&[][..])).enumerate() {
            steps.push((1, Server, 50000, 32768, data(i as u64 + 1, block)));
            steps.push((1, Client, 50000, 32768, ack(i as u16 + 1)));
        }
        let lines = run(&steps);
        assert_eq!(lines[1], "EXPECT 10.0.0.1:50000 tftp");
        let [done, file] = complete(&bytes);
        assert_eq!(files(lines), ["file.request file.attempt=1", "file.found file.attempt=1", &done, &file], "{len}");
    }
}

#[test]
fn options_hold_as_the_server_grants_them() {
    let bytes = content(3000);
    let mut steps = vec![
        (0, Client, 50000, 69, rrq(NAME, "blksize 8192 tsize 0 windowsize 4 ")),
        (0, Server, 50000, 40000, b"\0\x06blksize\x001000\0tsize\x003000\0windowsize\x004\0".to_vec()),
        (0, Client, 50000, 40000, ack(0)),
    ];
    // A window out of order, with a copy; the last block is empty.
    for block in [2usize, 1, 2, 4, 3] {
        let part = bytes.get((block - 1) * 1000..block * 1000).unwrap_or_default();
        steps.push((0, Server, 50000, 40000, data(block as u64, part)));
    }
    steps.push((0, Client, 50000, 40000, ack(4)));
    let [done, file] = complete(&bytes);
    let lines = files(run(&steps));
    assert_eq!(lines, ["file.request file.attempt=1", "file.found file.attempt=1 file.size=3000", &done, &file]);
}

proptest::proptest! {
    /// Any order within the window gives the same bytes, once.
    #[test]
    fn shuffled_blocks(len in 0usize..4000, order in proptest::collection::vec(0usize..64, 0..200)) {
        let bytes = content(len);
        let mut parts: Vec<(u64, &[u8])> = bytes.chunks(64).zip(1..).map(|(part, n)| (n, part)).collect();
        if len % 64 == 0 {
            parts.push((parts.len() as u64 + 1, &[]));
        }
        for (i, by) in order.iter().enumerate() {
            let (a, b) = (i % parts.len(), (i + by) % parts.len());
            parts.swap(a, b);
        }
        let mut steps = vec![
            (0, Client, 50000, 69, rrq(NAME, "blksize 64 windowsize 64 ")),
            (0, Server, 50000, 40000, b"\0\x06blksize\x0064\0windowsize\x0064\0".to_vec()),
        ];
        steps.extend(parts.iter().map(|(n, part)| (0, Server, 50000, 40000, data(*n, part))));
        let lines = files(run(&steps));
        proptest::prop_assert_eq!(&lines[2..], &complete(&bytes)[..]);
    }
}

#[test]
fn blocks_are_counted_on_after_65535() {
    for (after, wraps_to) in [(0u64, 65536u64), (1, 65535)] {
        let blocks = 66_000u64;
        let mut steps = vec![
            (0, Client, 50000, 69, rrq(NAME, "blksize 8 ")),
            (0, Server, 50000, 40000, b"\0\x06blksize\08\0".to_vec()),
        ];
        let mut bytes = Vec::new();
        for n in 1..=blocks {
            let part = if n == blocks { vec![9; 3] } else { n.to_be_bytes().to_vec() };
            let wire = if n <= 65535 { n } else { (n - 65536) % wraps_to + after };
            bytes.extend_from_slice(&part);
            steps.push((0, Server, 50000, 40000, data(wire, &part)));
        }
        assert_eq!(files(run(&steps))[2..], complete(&bytes), "wraps to {after}");
    }
}

#[test]
fn a_block_that_was_not_captured_leaves_the_size_known() {
    let mut steps = vec![(0, Client, 50000, 69, rrq(NAME, ""))];
    for n in [1, 2, 4, 5] {
        steps.push((0, Server, 50000, 40000, data(n, if n == 5 { b"end" } else { &[7; 512] })));
    }
    assert_eq!(files(run(&steps)).len(), 2, "not complete yet");
    steps.push((0, Client, 50000, 40000, ack(5)));
    assert_eq!(files(run(&steps))[2..], ["file.complete file.attempt=1 file.bytes=2051"]);
}

#[test]
fn errors_are_answers() {
    let error = |code: u8, text: &str| [&[0, 5, 0, code], text.as_bytes(), &[0]].concat();
    let asked = (0, Client, 50000, 69, rrq(NAME, ""));
    let found = |code| files(run(&[asked.clone(), (0, Server, 50000, 40000, error(code, "no"))]));
    assert_eq!(found(1)[1..], ["file.not_found file.attempt=1 file.code=1 file.message=no"]);
    assert_eq!(found(2)[1..], ["file.refused file.attempt=1 file.code=2 file.message=no"]);

    let block = (0, Server, 50000, 40000, data(1, &[0; 512]));
    let from_client = |port, code| (0, Client, 50000, port, error(code, "no"));
    let stalled = files(run(&[asked.clone(), block.clone(), from_client(40000, 3)]));
    assert_eq!(stalled[2..], ["file.stalled file.attempt=1 file.bytes=512 file.code=3 file.message=no"]);
    // A second server process that is turned away ends nothing; neither does what it sends count.
    let second = (0, Server, 50000, 40001, data(2, &[1; 5]));
    let last = (0, Server, 50000, 40000, data(2, &[]));
    let lines = files(run(&[asked.clone(), block, second, from_client(40001, 5), last]));
    assert_eq!(lines[2..], complete(&[0; 512]));
    // Turned-down options are asked again without.
    let oack = (0, Server, 50000, 40000, b"\0\x06blksize\x001448\0".to_vec());
    let lines = files(run(&[asked.clone(), oack, from_client(40000, 8), asked]));
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[test]
fn a_repeated_request_counts_until_it_is_answered() {
    let ask = |second, port, server| (second, Client, port, server, rrq(NAME, ""));
    let lines = files(run(&[
        ask(0, 50000, 69),
        ask(2, 50000, 69),
        ask(6, 50001, 69),
        (6, Server, 50001, 40000, data(1, b"x")),
        ask(9, 50002, 69),
        ask(1000, 50003, 69),
    ]));
    let attempts: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("file.request ")).collect();
    assert_eq!(attempts, ["1", "2", "3", "1", "1"].map(|n| format!("file.attempt={n}")));
}

#[test]
fn a_transfer_that_stops_is_given_up_when_the_file_is_asked_again() {
    let block = |second| (second, Server, 50000, 40000, data(1, &[0; 512]));
    let ask = |second, port| (second, Client, port, 69, rrq(NAME, ""));
    let lines = files(run(&[ask(0, 50000), block(0), ask(5, 50001)]));
    assert_eq!(lines[2..], ["file.stalled file.attempt=1 file.bytes=512", "file.request file.attempt=2"]);
    // The end of the capture proves nothing, nor does a wish of the next day, nor another phone behind one address.
    assert_eq!(files(run(&[ask(0, 50000), block(0)])).len(), 2);
    assert_eq!(files(run(&[ask(0, 50000), block(0), ask(90_000, 50001)])).len(), 3);
    let both = files(run(&[ask(0, 50000), block(0), ask(0, 50001), (0, Server, 50000, 40000, data(2, b""))]));
    assert_eq!(both[3..], complete(&[0; 512]));
}

#[test]
fn a_block_alone_is_a_message_and_no_file() {
    let lines = run(&[(0, Server, 50000, 40000, data(1, b"x")), (0, Client, 50000, 40000, ack(1))]);
    assert_eq!(lines.len(), 2, "{lines:?}");
}

/// A sink to which blocks are no news.
#[derive(Default)]
struct Judge(Lines);

impl Sink for Judge {
    fn event(&mut self, event: &Event<'_>) {
        self.0.event(event);
    }
    fn file(&mut self, file: &File<'_>, origin: &Origin) {
        self.0.file(file, origin);
    }
    fn expect(&mut self, _: Expect) {}
    fn limit(&mut self, bound: &'static str, origin: &Origin) {
        self.0.limit(bound, origin);
    }
    fn detail(&self) -> bool {
        false
    }
}

#[test]
fn a_judge_sees_files_and_no_blocks() {
    let mut judge = Judge::default();
    let steps = [
        (0, Client, 50000, 69, rrq(NAME, "")),
        (0, Server, 50000, 40000, data(1, b"x")),
        (0, Client, 50000, 40000, ack(1)),
        (0, Client, 50001, 69, rrq("a.loads", "")),
        (0, Server, 50001, 40001, data(1, b"x")),
    ];
    run_with(&steps, &mut judge);
    let lines = judge.0.0;
    assert!(!lines.iter().any(|line| line.starts_with("tftp.data") || line.starts_with("tftp.ack")), "{lines:?}");
    // Firmware is counted and not hashed.
    assert!(lines.last().is_some_and(|line| line.ends_with("file.bytes=1")), "{lines:?}");
    assert_eq!(files(lines)[2..4], complete(b"x"));
}

#[test]
fn bounds_hold_and_are_told() {
    // One file too large to be kept: counted to its end.
    let mut steps = vec![
        (0, Client, 50000, 69, rrq(NAME, "blksize 32768 ")),
        (0, Server, 50000, 40000, b"\0\x06blksize\x0032768\0".to_vec()),
    ];
    for n in 1..=66u64 {
        steps.push((0, Server, 50000, 40000, data(n, &vec![0; if n == 66 { 5 } else { 32768 }])));
    }
    assert_eq!(files(run(&steps))[2..], ["LIMIT max-file-bytes", "file.complete file.attempt=1 file.bytes=2129925"]);
    // Too many requests at a time.
    let steps: Vec<Step> =
        (0..300).map(|n| (n / 300, Client, 50000 + n as u16, 69, rrq(&format!("f{n}"), ""))).collect();
    let lines = run(&steps);
    assert_eq!(lines.iter().filter(|line| *line == "LIMIT max-transfers-per-client").count(), 1);
}
