//! What the models say: findings (something is wrong, or worth knowing) and flows (a sequence that was judged).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::time::Ts;

/// A phone, as the phone room numbers them: densely, from 0. Two records found to be one keep the older number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneId(pub u32);

/// How bad a finding is. Only `Fail` makes a verdict `fail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Wrong, but the phone may work.
    Warn,
    /// The sequence is violated.
    Fail,
}

impl Severity {
    /// `fail`, `warn`, `info`
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Fail => "fail",
        }
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Severity> {
        [Severity::Info, Severity::Warn, Severity::Fail].into_iter().find(|severity| severity.name() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What comes of judging, from the best to the worst: a phone's verdict is the worst of its flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It went as documented.
    Pass,
    /// It cannot be told from this capture.
    Inconclusive,
    /// It did not.
    Fail,
}

impl Verdict {
    /// `pass`, `inconclusive`, `fail`
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Fail => "fail",
        }
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Verdict> {
        [Verdict::Pass, Verdict::Inconclusive, Verdict::Fail].into_iter().find(|verdict| verdict.name() == name)
    }

    /// The worst of several; `None` of none.
    pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
        verdicts.into_iter().max()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that is missing from the capture, and how that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The frame that shows it.
    pub frame: u64,
    /// How: `bytes that were acknowledged are not in it`.
    pub what: &'static str,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the capture lacks frames (frame {}: {})", self.frame, self.what)
    }
}

/// Something a model found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Numbers the findings of a capture. The engine gives a finding **again**, with the same number and more
    /// frames, when its run finds the same once more: the later one replaces the earlier ([`Findings`] does).
    pub serial: u32,
    /// How often it was found.
    pub times: u32,
    /// `dhcp.no-answer`; once published it keeps its meaning.
    pub id: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// The model that says so.
    pub model: Arc<str>,
    /// The state its run was in.
    pub state: Arc<str>,
    /// When it was so: the time of the message, or the deadline that passed. Of several, the first.
    pub time: Ts,
    /// The frames that show it, ascending. Of a message that did not come: those that made it due. At most 64, the
    /// first and the latest.
    pub frames: Vec<u64>,
    /// The one phone concerned, if it is one.
    pub phone: Option<PhoneId>,
    /// All phones concerned, in the order in which they appeared.
    pub phones: Vec<PhoneId>,
    /// What is wrong.
    pub what: Arc<str>,
    /// How this was seen, and why it matters.
    pub why: Arc<str>,
    /// What helps.
    pub fix: Arc<str>,
    /// The document it rests on.
    pub source: Arc<str>,
    /// It was drawn from sizes and timing of what is encrypted.
    pub inferred: bool,
    /// The run that found it: as [`Flow::run`].
    pub run: u32,
}

#[cfg(test)]
impl Finding {
    /// A violation that tests find.
    pub(crate) fn sample(id: &str) -> Finding {
        let (model, _) = id.split_once('.').unwrap_or((id, ""));
        Finding {
            serial: 0,
            times: 1,
            id: id.into(),
            severity: Severity::Fail,
            model: model.into(),
            state: "".into(),
            time: Ts::ZERO,
            frames: vec![1],
            phone: None,
            phones: Vec::new(),
            what: "".into(),
            why: "".into(),
            fix: "".into(),
            source: "".into(),
            inferred: false,
            run: 0,
        }
    }
}

/// Collects findings: one given again replaces its earlier form.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    list: Vec<Finding>,
    /// Where the finding of a serial number stands in the list.
    places: HashMap<u32, usize>,
    /// So many are kept; `None` for all that are given.
    most: Option<usize>,
}

impl Findings {
    /// Keeps so many, of a capture that goes on and on: the oldest are forgotten, those below `fail` first.
    pub fn rolling(most: usize) -> Findings {
        Findings { most: Some(most.max(4)), ..Findings::default() }
    }

    /// Takes a finding; returns whether it is a new one.
    pub fn take(&mut self, finding: Finding) -> bool {
        if let Some(known) = self.places.get(&finding.serial).and_then(|place| self.list.get_mut(*place)) {
            *known = finding;
            return false;
        }
        self.places.insert(finding.serial, self.list.len());
        self.list.push(finding);
        if self.most.is_some_and(|most| self.list.len() > most) {
            self.forget();
        }
        true
    }

    /// Forgets a quarter.
    fn forget(&mut self) {
        let order = |finding: &Finding| (finding.severity == Severity::Fail, finding.serial);
        let mut all: Vec<_> = self.list.iter().map(order).collect();
        let (_, last, _) = all.select_nth_unstable(self.list.len() / 4);
        let last = *last;
        self.keep(|finding| order(finding) > last);
    }

    fn keep(&mut self, is: impl Fn(&Finding) -> bool) {
        self.list.retain(is);
        self.places = self.list.iter().enumerate().map(|(place, finding)| (finding.serial, place)).collect();
    }

    /// Takes back what proved not to be told by the capture; gives what is taken back.
    pub fn withdraw(&mut self, serials: &[u32]) -> Vec<Finding> {
        if serials.is_empty() {
            return Vec::new();
        }
        let gone = self.list.extract_if(.., |finding| serials.contains(&finding.serial)).collect();
        self.keep(|_| true);
        gone
    }

    /// What was collected, in the order of first appearance.
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// In the order of a report: by time, then by first frame and number.
    pub fn into_sorted(mut self) -> Vec<Finding> {
        self.list.sort_by(|a, b| (a.time, a.frames.first(), a.serial).cmp(&(b.time, b.frames.first(), b.serial)));
        self.list
    }
}

/// One run of one model, judged: a phone's DHCP, a call, a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The number of the run, as in [`Finding::run`].
    pub run: u32,
    /// The model.
    pub model: Arc<str>,
    /// The phones concerned; a phone's own sequence has exactly one.
    pub phones: Vec<PhoneId>,
    /// What told this run from others of the model (a Call-ID, a group), if it has a key.
    pub key: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// What it would be without what was found: of a flow of several phones, the verdict on those that no finding
    /// concerns.
    pub otherwise: Verdict,
    /// The state it ended in.
    pub state: Arc<str>,
    /// What that state is called for a person.
    pub label: Arc<str>,
    /// The first frame that belongs to it.
    pub from_frame: u64,
    /// The last one.
    pub to_frame: u64,
    /// When it began.
    pub from: Ts,
    /// When it moved last.
    pub to: Ts,
    /// [`Finding::serial`] of what it found.
    pub findings: Vec<u32>,
    /// The capture began in its middle: earlier steps were not captured.
    pub joined: bool,
    /// Why it is inconclusive, for a person; empty otherwise.
    pub reason: String,
    /// The states it entered, with the frame that moved it (for a deadline the last one before); at most 64, the
    /// first and the latest.
    pub path: Vec<Step>,
}

/// A state was entered.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which.
    pub state: Arc<str>,
    /// By which frame; of a deadline, the last frame of the run before it.
    pub frame: u64,
    /// When.
    pub time: Ts,
}

/// Keeps the first and the latest of many: at most `most`.
pub(crate) fn keep_ends<T>(list: &mut Vec<T>, one: T, most: usize) {
    if list.len() >= most && most > 1 {
        list.remove(most / 2);
    }
    list.push(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_verdicts() {
        assert_eq!(Verdict::worst([Verdict::Pass, Verdict::Inconclusive]), Some(Verdict::Inconclusive));
        assert_eq!(Verdict::worst([Verdict::Fail, Verdict::Inconclusive]), Some(Verdict::Fail));
        assert_eq!(Verdict::worst([]), None);
        assert_eq!(Verdict::from_name("pass"), Some(Verdict::Pass));
        assert_eq!(Severity::from_name("warn"), Some(Severity::Warn));
    }

    #[test]
    fn of_many_findings_the_violations_and_the_latest_are_kept() {
        let finding = |serial, severity| Finding { serial, severity, ..Finding::sample("a.b") };
        let mut findings = Findings::rolling(100);
        for serial in 1..=10_000 {
            let severity = if serial % 1000 == 0 { Severity::Fail } else { Severity::Info };
            assert!(findings.take(finding(serial, severity)));
            assert!(findings.list().len() <= 100);
        }
        assert_eq!(findings.list().iter().filter(|finding| finding.severity == Severity::Fail).count(), 10);
        assert_eq!(findings.list().last().map(|finding| finding.serial), Some(10_000));
        assert!(findings.list().iter().all(|one| one.severity == Severity::Fail || one.serial > 9_900));
        // Found again, it stands where it stood.
        let again = findings.list().last().map(|last| Finding { times: 2, ..last.clone() });
        assert!(again.is_some_and(|again| !findings.take(again)));
    }

    #[test]
    fn the_first_and_the_latest_are_kept() {
        let mut list = Vec::new();
        (0..100).for_each(|n| keep_ends(&mut list, n, 6));
        assert_eq!(list, [0, 1, 2, 97, 98, 99]);
    }
}
