//! Every story of `offhook synth`, judged in memory as the story itself says; and no healthy phone is ever called
//! broken, however the capture of it suffered.

#[path = "common/judging.rs"]
mod judging;

use judging::{judge, notes, outcome, outcome_of};
use offhook::finding::{Severity, Verdict};
use offhook::report::{Only, PhoneReport, Report};
use offhook::source::Notes;
use offhook::synth::noise::{Noise, apply};
use offhook::synth::scenario::{FileForm, Story};
use offhook::synth::{self, Frame, stories};

/// Stories that do not come out as they say, and why. Shrinks: one that holds although it stands here fails.
const NOT_YET: &[(&str, &str)] = &[];

fn report(story: &Story) -> Report {
    let mut report = Report::default();
    report.add("story", &outcome_of(story), &notes(story), Only::default());
    report
}

/// A finding's model is built in.
fn is_built(id: &str) -> bool {
    judge().1.list.iter().any(|model| id.split('.').next() == Some(&model.id))
}

fn fits(pattern: &str, id: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == id, |head| id.starts_with(head))
}

fn flows(phone: &PhoneReport) -> String {
    let one = |flow: &offhook::report::FlowReport| {
        format!("{}.{} {:?} {}", flow.model, flow.state, flow.verdict, flow.reason.as_deref().unwrap_or_default())
    };
    phone.flows.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What is wrong with what was judged of a story.
fn wrong(story: &Story) -> Vec<String> {
    let report = report(story);
    let mut wrong = Vec::new();
    for wanted in story.expects.iter().filter(|id| is_built(id)) {
        if !report.findings.iter().any(|finding| fits(wanted, &finding.id)) {
            wrong.push(format!("{wanted} is missing"));
        }
    }
    for finding in &report.findings {
        if !story.expects.iter().chain(story.also).any(|pattern| fits(pattern, &finding.id)) {
            wrong.push(format!("{} @{} {} \"{}\" besides", finding.id, finding.state, finding.clock, finding.what));
        }
    }
    if report.phones.len() as u32 != story.phones {
        wrong.push(format!("{} phones instead of {}", report.phones.len(), story.phones));
    }
    // What a model says that is not built in yet decides the verdict, too.
    let whole = story.expects.iter().chain(story.also).all(|id| is_built(id));
    for phone in &report.phones {
        let verdict = match story.verdict {
            synth::Outcome::Pass => Verdict::Pass,
            synth::Outcome::Fail => Verdict::Fail,
            synth::Outcome::Inconclusive => Verdict::Inconclusive,
        };
        if phone.verdict != verdict && (whole || phone.verdict == Verdict::Fail) {
            wrong.push(format!("judged {:?} instead of {verdict:?}: {}", phone.verdict, flows(phone)));
        }
        if phone.stuck_at.as_deref() != story.stuck && whole {
            wrong.push(format!("stuck at {:?} instead of {:?}: {}", phone.stuck_at, story.stuck, flows(phone)));
        }
    }
    wrong
}

#[test]
fn stories_are_judged_as_they_say() {
    let mut told = Vec::new();
    for story in stories() {
        let wrong = wrong(story);
        match (NOT_YET.iter().any(|(name, _)| *name == story.name), wrong.is_empty()) {
            (true, true) => told.push(format!("{} holds now: take it off the list", story.name)),
            (false, false) => told.push(format!("{}:\n    {}", story.name, wrong.join("\n    "))),
            _ => {}
        }
    }
    assert!(told.is_empty(), "{} stories\n{}", told.len(), told.join("\n"));
}

/// A phone that works, in a capture that suffered nothing.
fn healthy() -> impl Iterator<Item = &'static Story> {
    let whole = |story: &&Story| story.verdict == synth::Outcome::Pass && story.noise.is_empty();
    stories().iter().filter(whole).filter(|story| story.file == FileForm::Pcap && story.phones == 1)
}

#[track_caller]
fn no_fail(what: &str, defect: impl Fn(&mut Vec<Frame>, usize) -> bool) {
    let mut told = Vec::new();
    for story in healthy() {
        let whole = synth::capture(story, &synth::Options::default());
        for step in 0.. {
            let mut frames = whole.clone();
            if !defect(&mut frames, step) {
                break;
            }
            for finding in outcome(&frames, &Notes::default()).findings {
                if finding.severity == Severity::Fail {
                    told.push(format!("{} {what} {step}: {} {}", story.name, finding.id, finding.what));
                }
            }
        }
    }
    told.dedup_by_key(|line| line.split(':').next_back().map(str::to_owned));
    assert!(told.is_empty(), "{} times\n{}", told.len(), told.iter().take(60).cloned().collect::<Vec<_>>().join("\n"));
}

/// Cuts fall after every so many frames, elsewhere in each story.
const EVERY: usize = 7;

#[test]
fn a_healthy_phone_cut_off_anywhere_is_not_broken() {
    no_fail("cut", |frames, step| {
        let keep = step * EVERY + frames.len() % EVERY;
        let cut = keep < frames.len();
        frames.truncate(keep);
        cut
    });
}

#[test]
fn a_healthy_phone_whose_capture_begins_anywhere_is_not_broken() {
    no_fail("begun", |frames, step| {
        let drop = step * EVERY + frames.len() % EVERY;
        if drop >= frames.len() {
            return false;
        }
        frames.drain(..drop);
        true
    });
}

#[test]
fn a_healthy_phone_with_every_frame_twice_is_not_broken() {
    no_fail("doubled", |frames, step| {
        apply(Noise::Duplicates, frames);
        step == 0
    });
}

#[test]
fn a_healthy_phone_seen_from_one_side_is_not_broken() {
    let from = |frame: &Frame, side: usize| {
        let phone = frame.bytes.get(6..9) == Some(&[0x00, 0x11, 0x22][..]);
        (side == 0) == phone
    };
    no_fail("one side", |frames, step| {
        frames.retain(|frame| from(frame, step));
        step < 2
    });
    no_fail("one way", |frames, step| {
        apply(Noise::OneWay, frames);
        step == 0
    });
}

#[test]
fn a_healthy_phone_in_a_disordered_capture_is_not_broken() {
    no_fail("shuffled", |frames, step| {
        apply(Noise::Shuffle, frames);
        step == 0
    });
    no_fail("clock back", |frames, step| {
        apply(Noise::ClockBack(frames.len() / 4 * (step + 1), 1500), frames);
        step < 3
    });
    no_fail("drops", |frames, step| {
        apply(Noise::Drops(step as u32 + 2), frames);
        step < 3
    });
    no_fail("snapped", |frames, step| {
        apply(Noise::Snap(96), frames);
        step == 0
    });
    no_fail("no link", |frames, step| {
        apply(Noise::IpOnly, frames);
        step == 0
    });
}
