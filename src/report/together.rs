//! Many phones at once: several that are stuck at the same step, and what they have in common that others have not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::PhoneReport;
use crate::finding::Verdict;

/// Phones of one capture that are stuck at the same step.
#[derive(Debug, Clone, Serialize)]
pub struct Together {
    /// Index of the capture.
    pub capture: usize,
    /// The step of the boot chain: `config`.
    pub step: String,
    /// How many are stuck there.
    pub count: usize,
    /// Of how many phones of the capture.
    pub of: usize,
    /// What they share, what sets them apart most first.
    pub shares: Vec<Shared>,
    /// Who they are.
    pub phones: Vec<String>,
}

/// Something that all of them have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// `VLAN`, `switch`, `TFTP server`, `CallManager`, `load`, `model`.
    pub what: &'static str,
    /// Which.
    pub value: String,
    /// How many of the phones that have it are stuck there.
    pub stuck: usize,
    /// How many phones of the capture have it.
    pub of: usize,
}

impl Shared {
    /// Nobody else has it: it may be the cause.
    pub fn is_theirs_alone(&self) -> bool {
        self.stuck == self.of
    }
}

/// What phones may have in common.
const KINDS: [(&str, fn(&PhoneReport) -> Option<String>); 6] = [
    ("VLAN", |phone| phone.vlan.map(|vlan| vlan.to_string())),
    ("switch", |phone| phone.switch.clone()),
    ("TFTP server", |phone| phone.tftp_server.first().cloned()),
    ("CallManager", |phone| phone.callmanager.first().cloned()),
    ("load", |phone| phone.load.clone()),
    ("model", |phone| phone.model.clone()),
];

/// The phones of a capture that are stuck together, the largest group first.
pub fn together(capture: usize, phones: &[PhoneReport]) -> Vec<Together> {
    let mut steps: BTreeMap<&str, Vec<&PhoneReport>> = BTreeMap::new();
    for phone in phones.iter().filter(|phone| phone.verdict == Verdict::Fail) {
        if let Some(step) = &phone.stuck_at {
            steps.entry(step.split('.').next().unwrap_or(step)).or_default().push(phone);
        }
    }
    steps.retain(|_, stuck| stuck.len() > 1);
    if steps.is_empty() {
        return Vec::new();
    }
    let have: Vec<BTreeMap<String, usize>> = KINDS
        .iter()
        .map(|(_, of)| {
            phones.iter().filter_map(of).fold(BTreeMap::new(), |mut counts, value| {
                *counts.entry(value).or_default() += 1;
                counts
            })
        })
        .collect();
    let mut all: Vec<Together> = steps
        .into_iter()
        .map(|(step, stuck)| {
            let shared =
                |((what, of), have): (&(&'static str, fn(&PhoneReport) -> Option<String>), &BTreeMap<_, _>)| {
                    let value = of(stuck.first()?)?;
                    let same = stuck.iter().all(|phone| of(phone).as_ref() == Some(&value));
                    let of = have.get(&value).copied().unwrap_or_default();
                    same.then_some(Shared { what, value, stuck: stuck.len(), of })
                };
            let mut shares: Vec<Shared> = KINDS.iter().zip(&have).filter_map(shared).collect();
            // What only they have comes first: fewest others first.
            shares.sort_by_key(|shared| shared.of);
            Together {
                capture,
                step: step.to_owned(),
                count: stuck.len(),
                of: phones.len(),
                shares,
                phones: stuck.iter().map(|phone| phone.label.clone()).collect(),
            }
        })
        .collect();
    all.sort_by_key(|group| std::cmp::Reverse(group.count));
    all
}
