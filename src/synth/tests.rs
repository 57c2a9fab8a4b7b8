//! Every story as a whole: deterministic, in order, small, and only of known findings.

use std::collections::BTreeSet;

use super::*;

/// The findings that the stories speak of: those of the models they show, and consequences.
const MODELS: &[&str] = &[
    "link",
    "dhcp",
    "tftp-server",
    "ctl",
    "itl",
    "config",
    "secure-connection",
    "ctl-retry",
    "rejected",
    "auto-registration",
    "keepalive",
    "boot",
    "capture",
    "malformed",
    "failover",
    "capf",
    "phone-services",
    "cast",
    "extension-mobility",
    "emcc",
    "webdialer",
    "region-codec",
    "rtp",
    "paging",
    "assistant",
    "attendant-console",
];

/// Not shown: messages of protocols that no story here speaks.
const NOT_SHOWN: &[&str] = &[];

fn bytes(story: &Story) -> Vec<u8> {
    let mut out = Vec::new();
    write(story, &Options::default(), &mut out).unwrap();
    out
}

#[test]
fn every_story_is_the_same_every_time_and_small() {
    let mut names = BTreeSet::new();
    for story in stories() {
        assert!(names.insert(story.name), "{} is there twice", story.name);
        assert!(
            story.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}",
            story.name
        );
        assert!(!story.title.is_empty() && !story.concludes.is_empty() && !story.sequence.is_empty(), "{}", story.name);
        // A call may fail while the phone is where it should be.
        assert!(story.stuck.is_none() || story.verdict == Outcome::Fail, "{}", story.name);
        let first = bytes(story);
        assert!(first == bytes(story), "{} differs from itself", story.name);
        assert!(first.len() < 500_000, "{} has {} bytes", story.name, first.len());
    }
}

#[test]
fn frames_are_in_order_unless_the_clock_is_the_story() {
    for it in stories() {
        let frames = capture(it, &Options::default());
        assert!(frames.len() > 20, "{}", it.name);
        assert_eq!(frames.is_sorted_by_key(|frame| frame.time), it.name != "capture-clock-back", "{}", it.name);
    }
}

#[test]
fn every_id_has_a_known_model() {
    for story in stories() {
        for id in story.expects.iter().chain(story.also) {
            let model = id.split('.').next().unwrap_or_default();
            assert!(MODELS.contains(&model), "{}: {id}", story.name);
            assert!(!story.expects.contains(id) || !id.contains('*'), "{}: {id}", story.name);
        }
    }
}

/// Against the catalogue, where it is at hand.
#[test]
fn every_finding_of_the_catalogue_has_a_story() {
    let shared = std::env::var("OFFHOOK_SHARED").unwrap_or_else(|_| "../shared".into());
    let Ok(text) = std::fs::read_to_string(format!("{shared}/protocols/findings.tsv")) else { return };
    let known: BTreeSet<&str> = text.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    let shown: BTreeSet<&str> = stories()
        .iter()
        .flat_map(|it| it.expects.iter().chain(it.also))
        .copied()
        .filter(|id| !id.contains('*'))
        .collect();
    let unknown: Vec<_> = shown.difference(&known).collect();
    assert!(unknown.is_empty(), "no such findings: {unknown:?}");
    let missing: Vec<_> = known
        .difference(&shown)
        .filter(|id| MODELS.contains(&id.split('.').next().unwrap_or_default()))
        .filter(|id| !id.starts_with("failover.") && !NOT_SHOWN.contains(id))
        .collect();
    assert!(missing.is_empty(), "no story shows {missing:?}");
}

#[test]
fn many_phones_have_their_own_addresses() {
    let options = Options { phones: Some(300), ..Options::default() };
    let frames = capture(story("dhcp-no-answer").unwrap(), &options);
    let macs: BTreeSet<&[u8]> =
        frames.iter().filter(|it| it.bytes[6..9] == [0, 0x11, 0x22]).map(|it| &it.bytes[6..12]).collect();
    assert_eq!(macs.len(), 300);
    assert!(frames.is_sorted_by_key(|frame| frame.time));
}

#[test]
fn noise_does_what_it_says() {
    let with =
        |noise| capture(story("boot-known-phone-http").unwrap(), &Options { noise: vec![noise], ..Options::default() });
    let plain = capture(story("boot-known-phone-http").unwrap(), &Options::default());
    assert_eq!(with(Noise::Duplicates).len(), 2 * plain.len());
    assert_eq!(with(Noise::CutAfter(7)).len(), 7);
    assert!(with(Noise::OneWay).len() < plain.len() - 20);
    assert!(with(Noise::Drops(3)).len() < plain.len());
    assert!(with(Noise::Snap(64)).iter().all(|it| it.bytes.len() <= 64 && it.wire_len >= it.bytes.len() as u32));
    assert_ne!(with(Noise::Shuffle), plain);
}

/// Writes every story for a look with other tools: `SYNTH_OUT=/some/where cargo test -- --ignored write_all`.
#[test]
#[ignore = "writes files"]
fn write_all() {
    let Ok(out) = std::env::var("SYNTH_OUT") else { return };
    std::fs::create_dir_all(&out).unwrap();
    for story in stories() {
        let form = if matches!(story.file, FileForm::Filtered(_)) { "pcapng" } else { "pcap" };
        std::fs::write(format!("{out}/{}.{form}", story.name), bytes(story)).unwrap();
    }
}
