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

/// A thing that phones may have in common, and how to find it.
type Kind = (&'static str, fn(&PhoneReport) -> Option<String>);

/// What phones may have in common.
const KINDS: [Kind; 6] = [
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
            let shared = |((what, of), have): (&Kind, &BTreeMap<_, _>)| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::PhoneId;

    fn phone(label: &str, stuck: bool, vlan: u16, tftp: &str) -> PhoneReport {
        PhoneReport {
            capture: 0,
            name: Some(label.into()),
            mac: None,
            ip: Vec::new(),
            vlan: Some(vlan),
            switch: None,
            switch_port: None,
            model: Some("CP-7821".into()),
            load: None,
            dn: Vec::new(),
            callmanager: Vec::new(),
            tftp_server: vec![tftp.into()],
            verdict: if stuck { Verdict::Fail } else { Verdict::Pass },
            reached: None,
            stuck_at: stuck.then(|| "config.requested".into()),
            flows: Vec::new(),
            label: label.into(),
            id: PhoneId(0),
        }
    }

    #[test]
    fn what_only_the_stuck_ones_share_comes_first() {
        let phones = [
            phone("a", true, 110, "10.1.1.10"),
            phone("b", true, 120, "10.1.1.10"),
            phone("c", false, 110, "10.1.1.11"),
            phone("d", false, 120, "10.1.1.11"),
        ];
        let groups = together(0, &phones);
        let [group] = groups.as_slice() else { panic!("{groups:?}") };
        assert_eq!((group.step.as_str(), group.count, group.of), ("config", 2, 4));
        let shares: Vec<(&str, usize, bool)> =
            group.shares.iter().map(|shared| (shared.what, shared.of, shared.is_theirs_alone())).collect();
        assert_eq!(shares, [("TFTP server", 2, true), ("model", 4, false)], "they are in two VLANs");
        assert!(together(0, &phones[1..]).is_empty(), "one is not several");
    }
}
