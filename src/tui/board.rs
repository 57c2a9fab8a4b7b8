//! The board: a row a phone, and what the stuck ones share. Plain data, made anew when something changed.

use std::collections::{BTreeMap, HashMap};

use super::judge::Judge;
use crate::event::Mac;
use crate::finding::{Finding, PhoneId, Severity, Verdict};
use crate::report::chain::{self, CHAIN, Chain};
use crate::report::text::short_port;
use crate::time::Ts;

/// How a step of the boot chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// Nothing of it was seen.
    #[default]
    Unseen,
    /// Done.
    Done,
    /// The server has no such file, and that is fine.
    NotServed,
    /// It waits.
    Waits,
    /// The capture does not say.
    Unclear,
    /// Violated.
    Failed,
}

impl Step {
    /// Its glyph.
    pub const fn glyph(self) -> char {
        match self {
            Step::Unseen => '·',
            Step::Done => '✔',
            Step::NotServed => '–',
            Step::Waits => '…',
            Step::Unclear => '?',
            Step::Failed => '✖',
        }
    }
}

/// How a phone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A step is violated, and it goes no further.
    Stuck,
    /// Something else is violated.
    Failed,
    /// The capture does not say.
    Unclear,
    /// It is on its way.
    Waits,
    /// All is well.
    Healthy,
}

impl Standing {
    /// Its glyph and word.
    pub const fn words(self) -> (char, &'static str) {
        match self {
            Standing::Stuck => ('✖', "STUCK"),
            Standing::Failed => ('✖', "FAILED"),
            Standing::Unclear => ('?', "UNCLEAR"),
            Standing::Waits => ('…', "WAITS"),
            Standing::Healthy => ('✔', "HEALTHY"),
        }
    }
}

/// A phone.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which.
    pub id: PhoneId,
    /// Device name, else MAC, else address.
    pub label: String,
    /// Hardware address.
    pub mac: String,
    /// Its present address.
    pub ip: String,
    /// Voice VLAN.
    pub vlan: Option<u16>,
    /// Switch and port.
    pub port: String,
    /// The switch alone.
    pub switch: String,
    /// Model.
    pub model: String,
    /// Directory numbers.
    pub dn: String,
    /// The CallManager it spoke to last.
    pub callmanager: String,
    /// The steps of [`CHAIN`].
    pub steps: [Step; CHAIN.len()],
    /// How it stands.
    pub standing: Standing,
    /// The step it is stuck at.
    pub at: Option<&'static str>,
    /// What it waits for, since when, and until when.
    pub waits: Option<(String, Ts, Option<Ts>)>,
}

/// All phones, and what is common to the stuck ones.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// In the order in which they were first seen.
    pub rows: Vec<Row>,
    /// How many stand how: stuck or failed, unclear, waiting, healthy.
    pub counts: [usize; 4],
    /// What most of the stuck ones share, strongest first: `12 of 12 in VLAN 110`; of as many `on switch sw-1`.
    pub shared: Vec<String>,
}

#[derive(Default)]
struct Gathered<'j> {
    steps: [Step; CHAIN.len()],
    flows: Vec<chain::Stand<'j>>,
    findings: Vec<&'j Finding>,
    waits: Option<(usize, String, Ts, Option<Ts>)>,
    worst: Option<Verdict>,
    open_wait: bool,
}

/// The place of a model in the chain.
fn place(model: &str) -> Option<usize> {
    CHAIN.iter().position(|step| *step == model)
}

impl Board {
    /// How everything stands.
    pub fn of(judge: &Judge) -> Board {
        let over = judge.is_over();
        let phones = judge.phones();
        let mut all: HashMap<PhoneId, Gathered<'_>> = HashMap::new();
        for finding in judge.findings() {
            for phone in &finding.phones {
                all.entry(phones.now(*phone)).or_default().findings.push(finding);
            }
        }
        let models = judge.models();
        judge.standings(&mut |run| {
            // Names that live as long as the models do, not as long as this call.
            let Some(model) = models.get(run.model) else { return };
            let Some(state) = model.states.iter().find(|state| *state.name == *run.state) else { return };
            for phone in run.phones {
                let gathered = all.entry(phones.now(*phone)).or_default();
                gathered.flows.push(chain::Stand { model: &model.id, state: &state.name, verdict: run.verdict });
                let waiting = run.open && !over && run.verdict == Verdict::Inconclusive;
                gathered.open_wait |= waiting;
                if !waiting {
                    gathered.worst = gathered.worst.max(Some(run.verdict));
                }
                let Some(place) = place(run.model) else { continue };
                if let Some(step) = gathered.steps.get_mut(place) {
                    *step = match run.verdict {
                        _ if waiting => Step::Waits,
                        Verdict::Pass if run.state == "not-found" => Step::NotServed,
                        Verdict::Pass => Step::Done,
                        Verdict::Inconclusive => Step::Unclear,
                        Verdict::Fail => Step::Failed,
                    };
                }
                let later = gathered.waits.as_ref().is_none_or(|(known, ..)| *known <= place);
                if (waiting || run.verdict == Verdict::Fail) && later {
                    gathered.waits = Some((place, run.label.to_owned(), run.since, run.due));
                }
            }
        });
        let mut board = Board::default();
        for (id, phone) in phones.all() {
            let it = all.remove(&id).unwrap_or_default();
            let chain = Chain::of(&it.flows, &it.findings);
            let failed = it.worst == Some(Verdict::Fail) || it.findings.iter().any(|f| f.severity == Severity::Fail);
            let at = chain.stuck_at.as_deref().filter(|_| failed).and_then(|at| {
                let model = at.split('.').next().unwrap_or(at);
                CHAIN.iter().find(|step| **step == model).copied()
            });
            let standing = match (failed, at, it.worst) {
                (true, Some(_), _) => Standing::Stuck,
                (true, None, _) => Standing::Failed,
                (false, _, _) if it.open_wait => Standing::Waits,
                (false, _, Some(Verdict::Pass)) => Standing::Healthy,
                (false, ..) => Standing::Unclear,
            };
            let slot = match standing {
                Standing::Stuck | Standing::Failed => 0,
                Standing::Unclear => 1,
                Standing::Waits => 2,
                Standing::Healthy => 3,
            };
            if let Some(count) = board.counts.get_mut(slot) {
                *count += 1;
            }
            let switch = phone.switch.clone().unwrap_or_default();
            let port = phone.switch_port.as_deref().map(short_port).unwrap_or_default();
            let address = phone.addresses.iter().rev().find(|a| a.until.is_none()).or(phone.addresses.last());
            board.rows.push(Row {
                id,
                label: phone.label(),
                mac: phone.mac.map(|mac| Mac(mac).to_string()).unwrap_or_default(),
                ip: address.map(|a| a.ip.to_string()).unwrap_or_default(),
                vlan: phone.vlan,
                port: if switch.is_empty() { port } else { format!("{switch} {port}") },
                switch,
                model: phone.model.clone().unwrap_or_default(),
                dn: phone.dn.join(","),
                callmanager: phone.callmanagers.last().cloned().unwrap_or_default(),
                steps: it.steps,
                standing,
                at,
                waits: it.waits.map(|(_, label, since, due)| (label, since, due)),
            });
        }
        board.shared = shared(&board.rows);
        board
    }
}

/// What at least two, and more than half, of the stuck phones have in common, and not every phone has.
fn shared(rows: &[Row]) -> Vec<String> {
    let is_stuck = |row: &Row| row.standing <= Standing::Failed;
    let stuck = rows.iter().filter(|row| is_stuck(row)).count();
    if stuck < 2 {
        return Vec::new();
    }
    type Trait = (&'static str, fn(&Row) -> String);
    let traits: [Trait; 6] = [
        ("stuck at ", |row| row.at.unwrap_or_default().to_owned()),
        ("in VLAN ", |row| row.vlan.map(|vlan| vlan.to_string()).unwrap_or_default()),
        ("on switch ", |row| row.switch.clone()),
        ("with CallManager ", |row| row.callmanager.clone()),
        ("of model ", |row| row.model.clone()),
        ("waiting: ", |row| row.waits.as_ref().map(|(label, ..)| label.clone()).unwrap_or_default()),
    ];
    let mut found: Vec<(usize, String)> = Vec::new();
    for (words, value) in traits {
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for row in rows {
            let count = counts.entry(value(row)).or_default();
            count.0 += usize::from(is_stuck(row));
            count.1 += 1;
        }
        counts.remove("");
        if let Some((value, (of_stuck, of_all))) = counts.into_iter().max_by_key(|(_, (of_stuck, _))| *of_stuck)
            && of_stuck >= 2
            && of_stuck * 2 > stuck
            && (of_all < rows.len() || stuck == rows.len())
        {
            let others = of_all - of_stuck;
            let except = if others > 0 { format!(" ({others} there are not)") } else { String::new() };
            found.push((of_stuck, format!("{words}{value}{except}")));
        }
    }
    found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    // As many as were told last are not counted again.
    let mut told = 0;
    let count = |(count, text): (usize, String)| match std::mem::replace(&mut told, count) {
        before if before == count => text,
        _ => format!("{count} of {stuck} {text}"),
    };
    found.into_iter().map(count).collect()
}
