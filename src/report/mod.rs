//! Verdicts as text: one file per format, all from the same [`Report`].

pub mod chain;
pub mod compare;
pub mod events;
pub mod json;
pub mod junit;
pub mod ladder;
pub mod text;
pub mod together;

use std::collections::HashMap;

use serde::Serialize;

use self::compare::Comparison;
use self::together::Together;
use crate::event::Mac;
use crate::finding::{Finding, Flow, PhoneId, Severity, Verdict};
use crate::phone::{Phone, Phones};
use crate::pipeline::{Look, Outcome, Summary};
use crate::secret;
use crate::source::Notes;

/// The version of the JSON form.
pub const SCHEMA_VERSION: u32 = 1;

/// What was judged, phone by phone.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Each capture, in the order given.
    pub captures: Vec<CaptureReport>,
    /// Phones that are stuck at the same step, and what they share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<Together>,
    /// Phones beside one that works, if that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
    /// Each phone of each capture.
    pub phones: Vec<PhoneReport>,
    /// Each finding of each capture, in time order within it.
    pub findings: Vec<FindingReport>,
    /// Print what is masked by default.
    #[serde(skip)]
    pub secrets: bool,
}

/// A capture.
#[derive(Debug, Clone, Serialize)]
pub struct CaptureReport {
    /// As it was named.
    pub path: String,
    /// Frames read.
    pub packets: u64,
    /// Time of the first frame, RFC 3339.
    pub first: Option<String>,
    /// Time of the last frame.
    pub last: Option<String>,
    /// What is wrong with the file.
    pub damage: Option<String>,
    /// Frames that were copies of earlier ones and were dropped.
    pub duplicates: u64,
    /// The capture filter the file names.
    pub filter: Option<String>,
    /// Messages seen, by protocol.
    pub seen: std::collections::BTreeMap<String, u64>,
    /// SIP parties that are no phones, as they name themselves.
    pub others: Vec<String>,
    /// Capture time from the first to the last frame, in seconds.
    #[serde(skip)]
    pub seconds: f64,
    /// The phones that were asked to be left out, by label.
    #[serde(skip)]
    pub aside: Vec<String>,
}

/// A phone.
#[derive(Debug, Clone, Serialize)]
pub struct PhoneReport {
    /// Index of its capture.
    pub capture: usize,
    /// Device name.
    pub name: Option<String>,
    /// Hardware address.
    pub mac: Option<String>,
    /// Its addresses in the order it had them.
    pub ip: Vec<String>,
    /// The VLAN its own frames are in.
    pub vlan: Option<u16>,
    /// The switch.
    pub switch: Option<String>,
    /// Its port.
    pub switch_port: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Firmware.
    pub load: Option<String>,
    /// Directory numbers.
    pub dn: Vec<String>,
    /// CallManagers.
    pub callmanager: Vec<String>,
    /// The configuration servers that it was told of.
    #[serde(skip)]
    pub tftp_server: Vec<String>,
    /// The worst of its flows.
    pub verdict: Verdict,
    /// The last step of the boot chain that was reached.
    pub reached: Option<String>,
    /// The step it is stuck at.
    pub stuck_at: Option<String>,
    /// What was judged of it.
    pub flows: Vec<FlowReport>,
    /// What a person calls it.
    #[serde(skip)]
    pub label: String,
    /// The phone.
    #[serde(skip)]
    pub id: PhoneId,
}

/// A run of a model over a phone.
#[derive(Debug, Clone, Serialize)]
pub struct FlowReport {
    /// The model.
    pub model: String,
    /// What came of it.
    pub verdict: Verdict,
    /// The state it is in.
    pub state: String,
    /// First frame of it.
    pub from_frame: u64,
    /// Last frame of it.
    pub to_frame: u64,
    /// The findings it raised, by id.
    pub findings: Vec<String>,
    /// Why it is inconclusive.
    pub reason: Option<String>,
    /// The capture begins inside it: earlier steps were not captured.
    pub joined_late: bool,
}

/// A finding.
#[derive(Debug, Clone, Serialize)]
pub struct FindingReport {
    /// `<model>.<slug>`
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// Index of its capture.
    pub capture: usize,
    /// The one phone concerned.
    pub phone: Option<String>,
    /// All phones concerned.
    pub phones: Vec<String>,
    /// The model that raised it.
    pub model: String,
    /// The state it was in.
    pub state: String,
    /// When, RFC 3339.
    pub time: String,
    /// The frames that show it.
    pub frames: Vec<u64>,
    /// What happened.
    pub what: String,
    /// Why, with what was seen.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// The document behind it.
    pub source: String,
    /// Drawn from sizes and timing of encrypted traffic.
    pub inferred: bool,
    /// While a capture goes on: it was told before, and is taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// When, as a time of day for a person.
    #[serde(skip)]
    pub clock: String,
}

/// What a report is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Only<'o> {
    /// One phone, by name, MAC or address.
    pub phone: Option<&'o str>,
    /// These models; empty for all.
    pub models: &'o [String],
}

impl Only<'_> {
    fn takes(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|wanted| wanted == model)
    }
}

impl Default for Report {
    fn default() -> Report {
        Report {
            schema_version: SCHEMA_VERSION,
            captures: Vec::new(),
            together: Vec::new(),
            comparisons: Vec::new(),
            phones: Vec::new(),
            findings: Vec::new(),
            secrets: false,
        }
    }
}

impl Report {
    /// Adds what one capture said.
    pub fn add(&mut self, path: &str, outcome: &Outcome, notes: &Notes, only: Only<'_>) {
        self.add_look(path, &outcome.look(), notes, only);
    }

    /// Adds what one capture said so far.
    pub fn add_look(&mut self, path: &str, outcome: &Look<'_>, notes: &Notes, only: Only<'_>) {
        let capture = self.captures.len();
        self.captures.push(capture_report(path, &outcome.summary, notes));
        let meant = |id: PhoneId| {
            only.phone.is_none_or(|wanted| outcome.phones.get(id).is_some_and(|phone: &Phone| phone.is(wanted)))
        };
        if let Some(summary) = self.captures.last_mut() {
            summary.aside =
                outcome.phones.all().filter(|(id, _)| !meant(*id)).map(|(_, phone)| phone.label()).collect();
        }
        let mut findings: Vec<&Finding> = outcome.findings.iter().filter(|f| only.takes(&f.model)).collect();
        // So far they stand in the order in which they were found; a deadline's is dated before that.
        findings.sort_by_key(|f| (f.time, f.frames.first().copied(), f.serial));
        let by_serial: HashMap<u32, &Finding> = findings.iter().map(|f| (f.serial, *f)).collect();
        let mut flows_of: HashMap<PhoneId, Vec<FlowReport>> = HashMap::new();
        for flow in outcome.flows.iter().filter(|f| only.takes(&f.model)) {
            let report = |id: PhoneId| flow_report(flow, id, &by_serial);
            flow.phones.iter().for_each(|id| flows_of.entry(*id).or_default().push(report(*id)));
        }
        let mut findings_of: HashMap<PhoneId, Vec<&Finding>> = HashMap::new();
        for finding in &findings {
            finding.phones.iter().for_each(|id| findings_of.entry(*id).or_default().push(finding));
        }
        let mut phones: Vec<PhoneReport> = outcome
            .phones
            .all()
            .filter(|(id, _)| meant(*id))
            .map(|(id, phone)| {
                let flows = flows_of.remove(&id).unwrap_or_default();
                let tftp_server = outcome.facts.fact_texts(id, "tftp_servers");
                let findings = findings_of.get(&id).map_or(&[][..], Vec::as_slice);
                PhoneReport { tftp_server, id, ..phone_report(capture, phone, flows, findings) }
            })
            .collect();
        phones.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.label.cmp(&b.label)));
        self.together.extend(together::together(capture, &phones));
        self.phones.extend(phones);
        self.findings.extend(
            findings
                .iter()
                .filter(|f| only.phone.is_none() || f.phones.iter().any(|id| meant(*id)))
                .map(|f| finding_report(capture, f, outcome.phones, self.secrets)),
        );
    }

    /// The exit code of the contract: 1 for a violation, 0 if something passed, else 4.
    pub fn exit_code(&self, fail_on: FailOn) -> u8 {
        let worst = self.findings.iter().map(|f| f.severity).max();
        let passed = self.phones.iter().any(|p| p.flows.iter().any(|f| f.verdict == Verdict::Pass));
        let inconclusive = self.phones.iter().any(|p| p.verdict == Verdict::Inconclusive);
        let violated = match fail_on {
            FailOn::Fail => worst == Some(Severity::Fail),
            FailOn::Warn => worst >= Some(Severity::Warn),
            FailOn::Inconclusive => worst == Some(Severity::Fail) || inconclusive,
            FailOn::Never => false,
        };
        let judged = passed || fail_on == FailOn::Never && worst == Some(Severity::Fail);
        if violated {
            1
        } else if judged {
            0
        } else {
            4
        }
    }
}

/// Where the line between exit codes 0 and 1 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// A finding of severity `fail`.
    Fail,
    /// A finding of severity `warn` or worse.
    Warn,
    /// A `fail`, or a phone that is inconclusive.
    Inconclusive,
    /// Nothing.
    Never,
}

fn capture_report(path: &str, summary: &Summary, notes: &Notes) -> CaptureReport {
    let seconds = match (summary.first, summary.last) {
        (Some(first), Some(last)) => last.since(first).as_secs_f64(),
        _ => 0.0,
    };
    CaptureReport {
        path: path.to_owned(),
        packets: summary.packets,
        first: summary.first.map(|t| t.rfc3339()),
        last: summary.last.map(|t| t.rfc3339()),
        damage: notes.damage.clone(),
        duplicates: summary.duplicates,
        filter: notes.filter.clone(),
        seen: summary.seen.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect(),
        others: summary.others.clone(),
        seconds,
        aside: Vec::new(),
    }
}

fn phone_report(capture: usize, phone: &Phone, flows: Vec<FlowReport>, findings: &[&Finding]) -> PhoneReport {
    let verdict = flows.iter().map(|f| f.verdict).max().unwrap_or(Verdict::Inconclusive);
    let stands: Vec<chain::Stand<'_>> = flows.iter().map(chain::Stand::from).collect();
    let chain = chain::Chain::of(&stands, findings);
    PhoneReport {
        capture,
        name: phone.name.clone(),
        mac: phone.mac.map(|mac| Mac(mac).to_string()),
        ip: phone.addresses.iter().map(|a| a.ip.to_string()).collect(),
        vlan: phone.vlan,
        switch: phone.switch.clone(),
        switch_port: phone.switch_port.clone(),
        model: phone.model.clone(),
        load: phone.load.clone(),
        dn: phone.dn.clone(),
        callmanager: phone.callmanagers.clone(),
        tftp_server: Vec::new(),
        verdict,
        reached: chain.reached,
        stuck_at: chain.stuck_at.filter(|_| verdict == Verdict::Fail),
        flows,
        label: phone.label(),
        id: PhoneId(u32::MAX),
    }
}

/// A flow as it stands under one of its phones: what was found of another does not make this one fail.
fn flow_report(flow: &Flow, phone: PhoneId, findings: &HashMap<u32, &Finding>) -> FlowReport {
    let found = flow.findings.iter().filter_map(|serial| findings.get(serial));
    let others = flow.phones.len() > 1 && found.clone().any(|f| f.severity == Severity::Fail);
    let own = |f: &&&Finding| !others || f.phones.contains(&phone);
    let failed = found.clone().filter(own).any(|f| f.severity == Severity::Fail);
    FlowReport {
        model: flow.model.to_string(),
        verdict: if others && !failed { flow.otherwise } else { flow.verdict },
        state: flow.state.to_string(),
        from_frame: flow.from_frame,
        to_frame: flow.to_frame,
        findings: found.filter(own).map(|f| f.id.to_string()).collect(),
        reason: Some(flow.reason.clone()).filter(|reason| !reason.is_empty()),
        joined_late: flow.joined,
    }
}

/// A finding, with its phones by name; what looks like a secret is masked unless `secrets` are asked for.
pub fn finding_report(capture: usize, finding: &Finding, phones: &Phones, secrets: bool) -> FindingReport {
    let shown = |text: &str| if secrets { text.to_owned() } else { secret::mask(text).into_owned() };
    let label = |id: &PhoneId| phones.get(*id).map(Phone::label);
    FindingReport {
        id: finding.id.to_string(),
        severity: finding.severity,
        capture,
        phone: finding.phone.as_ref().and_then(label),
        phones: finding.phones.iter().filter_map(label).collect(),
        model: finding.model.to_string(),
        state: finding.state.to_string(),
        time: finding.time.rfc3339(),
        frames: finding.frames.clone(),
        what: shown(&finding.what),
        why: shown(&finding.why),
        fix: shown(&finding.fix),
        source: finding.source.to_string(),
        inferred: finding.inferred,
        withdrawn: false,
        clock: finding.time.clock(),
    }
}
