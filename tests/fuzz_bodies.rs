//! The bodies of the fuzz targets (`fuzz/src/lib.rs`) as property tests: on good messages, on good messages hurt, and
//! on anything. `cargo test --test fuzz_bodies -- --ignored` writes the fuzzer's seeds to `fuzz/corpus/`.

#[path = "../fuzz/src/lib.rs"]
mod bodies;
mod common;

use std::path::Path;

use offhook::proto::PROTOCOLS;
use offhook::synth;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// Every sample as each mode of the target takes it.
fn protocol_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, protocol) in PROTOCOLS.iter().enumerate() {
        let head = |how: u8| vec![number as u8, how];
        for sample in protocol.samples {
            seeds.push([head(0), sample.to_vec()].concat());
            seeds.push([head(1 | 5 << 3), sample.to_vec()].concat());
        }
        for mode in [2, 3 | 7 << 3] {
            for ours in [false, true] {
                let pieces = protocol.samples.iter().enumerate();
                let all = pieces.flat_map(|(at, sample)| bodies::piece(ours && at % 2 == 1, sample)).collect();
                seeds.push([head(mode), all].concat());
            }
        }
    }
    seeds
}

/// Every made-up story, and small files as phones fetch them.
fn pipeline_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for story in synth::stories() {
        let mut bytes = Vec::new();
        synth::write(&story, &synth::Options { phones: Some(1), ..Default::default() }, &mut bytes).unwrap();
        // Long stories repeat themselves; a fuzzer gets along better with short ones.
        bytes.truncate(24_000);
        seeds.push(bytes);
    }
    let xml: [&[u8]; 4] = [
        b"<device><deviceProtocol>SIP</deviceProtocol><sipProfile><sipLines><line button=\"1\"><name>2001</name></line></sipLines></sipProfile></device>",
        b"<x-cisco-remotecc-request><privacyreq/></x-cisco-remotecc-request>",
        b"<CiscoIPPhoneMenu><Title>x</Title><MenuItem><Name>a</Name><URL>http://x/</URL></MenuItem></CiscoIPPhoneMenu>",
        b"--uniqueBoundary\r\nContent-Type: text/plain\r\n\r\naction=check-version\r\nRegisterCallId={a@b}\r\n--uniqueBoundary--",
    ];
    let trust = trust_files();
    let all = xml.into_iter().chain(trust.iter().map(Vec::as_slice));
    for (at, body) in all.enumerate() {
        for which in 0..(bodies::NAMES.len() + bodies::TYPES.len()) as u8 {
            // Every text under every name; of the long files one under each is enough.
            if at < xml.len() || usize::from(which) % trust.len() == at - xml.len() {
                seeds.push([&[which], body].concat());
            }
        }
    }
    seeds
}

fn trust_files() -> Vec<Vec<u8>> {
    use synth::trust::{CUCM1, Damage, EXPIRED, List, Record, Role, SAST, TVS1, encrypted, list, signed};
    const fn record(role: Role, key: &'static synth::trust::Key) -> Record {
        Record { role, key, host: "cucm1", ip: std::net::Ipv4Addr::new(10, 1, 1, 10) }
    }
    static RECORDS: &[Record] = &[
        record(Role::Sast, &SAST),
        record(Role::CcmTftp, &CUCM1),
        record(Role::Tvs, &TVS1),
        record(Role::Tvs, &EXPIRED),
    ];
    let of = |file_name, sha512, damage| {
        list(&List { file_name, stamp: 1 << 30, signer: &CUCM1, sha512, records: RECORDS, damage })
    };
    vec![
        of("CTLFile.tlv", true, Damage::None),
        of("ITLFile.tlv", false, Damage::RecordPastEnd),
        signed("SEP001122334455.cnf.xml", &CUCM1, 1 << 30, b"<device><sipPort>5060</sipPort></device>", Damage::None),
        encrypted("SEP001122334455.cnf.xml", &CUCM1, 1 << 30, 40),
    ]
}

fn cases(cases: u32) -> ProptestConfig {
    // A failure becomes a test of the module at fault, not a file of seeds.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn every_seed_passes() {
    protocol_seeds().iter().for_each(|seed| bodies::protocol(seed));
    pipeline_seeds().iter().for_each(|seed| bodies::pipeline(seed));
}

/// Every input on which a fuzzer ever stopped (`fuzz/finds/<target>/`, named for what was wrong).
#[test]
fn every_find_stays_mended() {
    let mut tried = 0;
    for (target, body) in [("protocol", bodies::protocol as fn(&[u8])), ("pipeline", bodies::pipeline)] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/finds").join(target);
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            body(&std::fs::read(entry.path()).unwrap());
            tried += 1;
        }
    }
    assert!(tried > 0, "there are finds");
}

/// A good input with some of its bytes changed, taken out, or repeated.
fn hurt(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let harm = (any::<prop::sample::Index>(), any::<u8>(), 0u8..4, 0usize..40);
    (prop::sample::select(seeds), prop::collection::vec(harm, 0..6)).prop_map(|(mut bytes, harms)| {
        for (place, byte, kind, length) in harms {
            if bytes.len() <= 2 {
                break;
            }
            let at = 2 + place.index(bytes.len() - 2);
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
                _ => bytes[at..end].fill(byte),
            }
        }
        bytes
    })
}

#[test]
fn no_message_panics() {
    proptest!(cases(2000), |(bytes in hurt(protocol_seeds()), how in any::<u8>())| {
        bodies::protocol(&bytes);
        bodies::protocol(&[&[bytes[0], how], &bytes[2..]].concat());
    });
    proptest!(cases(2000), |(bytes in prop::collection::vec(any::<u8>(), 0..400))| {
        bodies::protocol(&bytes);
    });
}

#[test]
fn no_capture_panics() {
    proptest!(cases(200), |(bytes in hurt(pipeline_seeds()))| bodies::pipeline(&bytes));
    proptest!(cases(1000), |(bytes in prop::collection::vec(any::<u8>(), 0..400))| {
        bodies::pipeline(&bytes);
    });
}

/// Not a test: writes `fuzz/corpus/protocol` and `fuzz/corpus/pipeline`, with what of the reference material is small.
#[test]
#[ignore = "writes the seeds of the fuzzer"]
fn write_seeds() {
    let mut captures = pipeline_seeds();
    if let Some(shared) = common::shared() {
        for path in ["captures", "realware/captures"].iter().flat_map(|dir| common::captures(&shared.join(dir))) {
            captures.extend(std::fs::read(path).ok().filter(|bytes| bytes.len() <= 16_000));
        }
    }
    for (target, seeds) in [("protocol", protocol_seeds()), ("pipeline", captures)] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&dir).unwrap();
        for seed in &seeds {
            let name: String = Sha256::digest(seed).iter().take(10).map(|b| format!("{b:02x}")).collect();
            std::fs::write(dir.join(name), seed).unwrap();
        }
        println!("{}: {} seeds", dir.display(), seeds.len());
    }
}
