//! Where a phone parts from one that works: the first step that differs, and every fact that differs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::chain::CHAIN;
use super::{FlowReport, PhoneReport};
use crate::event::Event;
use crate::finding::PhoneId;
use crate::model::facts::Knows;
use crate::phone::{Concerned, Phone, Phones};
use crate::pipeline::Watch;

/// A phone beside one that works.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The phone.
    pub phone: String,
    /// The one that it is compared with.
    pub against: String,
    /// The first step that differs; `None` if all steps came out alike.
    pub parts_at: Option<Difference>,
    /// Every fact that differs.
    pub differences: Vec<Difference>,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The step, or what it is.
    pub what: String,
    /// The phone's; empty if it has none, or it is not known.
    pub here: String,
    /// Of the one that works.
    pub there: String,
}

/// What is compared of a phone.
#[derive(Debug, Clone, Default)]
pub struct Portrait {
    /// What a person calls it.
    pub label: String,
    steps: BTreeMap<String, String>,
    facts: BTreeMap<String, String>,
}

/// Collects what the models do not keep: the options of leases, and what became of files.
#[derive(Debug, Default)]
pub struct Watcher {
    seen: BTreeMap<PhoneId, BTreeMap<String, Vec<String>>>,
}

/// Options of a lease that are compared.
const OPTIONS: &[(&str, &str)] = &[
    ("dhcp.option.subnet_mask", "subnet mask"),
    ("dhcp.option.router", "default router"),
    ("dhcp.option.domain_name_server", "DNS servers"),
    ("dhcp.option.domain_name", "domain"),
    ("dhcp.option.ip_address_lease_time", "lease time"),
    ("dhcp.option.dhcp_server_id", "DHCP server"),
    ("dhcp.ip.relay", "DHCP relay"),
];

impl Watch for Watcher {
    fn event(&mut self, event: &Event<'_>, concerned: &[Concerned], _: &Phones) {
        let proto = event.def.proto();
        if !matches!(proto, "file" | "dhcp") {
            return;
        }
        let text = |name: &str| {
            let found = event.fields.iter().filter(|field| field.def.name == name);
            found.map(|field| field.value.to_string()).collect::<Vec<_>>().join(", ")
        };
        for one in concerned {
            let seen = self.seen.entry(one.phone).or_default();
            match event.def.name {
                "file.found" | "file.not_found" | "file.refused" | "file.complete" => {
                    let outcome = event.def.name.strip_prefix("file.").unwrap_or_default().replace('_', " ");
                    let name = unnamed(&text("file.name"));
                    seen.insert(format!("file {name}"), vec![outcome]);
                }
                "dhcp.ack" if !one.sends => {
                    for (field, what) in OPTIONS {
                        let value = text(field);
                        if !value.is_empty() {
                            seen.insert(format!("DHCP: {what}"), vec![value]);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// A file's name without that of its phone: it differs from phone to phone.
fn unnamed(name: &str) -> String {
    match name.to_ascii_uppercase().find("SEP") {
        Some(at) if name.get(at + 3..at + 15).is_some_and(|mac| mac.bytes().all(|b| b.is_ascii_hexdigit())) => {
            format!("{}SEP…{}", name.get(..at).unwrap_or_default(), name.get(at + 15..).unwrap_or_default())
        }
        _ => name.to_owned(),
    }
}

/// Facts that differ from phone to phone, and mean nothing.
const OWN: &[&str] = &["registration", "lines", "pool_told", "speaks_tls", "registered_dn"];

impl Portrait {
    /// Of a phone that was judged.
    pub fn of(report: &PhoneReport, id: PhoneId, phone: &Phone, knows: &dyn Knows, watcher: &Watcher) -> Portrait {
        let mut facts = BTreeMap::new();
        let mut add = |what: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                facts.insert(what.to_owned(), value);
            }
        };
        add("VLAN", report.vlan.map(|vlan| vlan.to_string()));
        add("switch", report.switch.clone());
        add("model", report.model.clone());
        // The file of a load has its name.
        add("load", report.load.as_deref().map(|load| load.trim_end_matches(".loads").to_owned()));
        add("CallManager", Some(report.callmanager.join(", ")));
        add("subnet", phone.addresses.last().map(|address| subnet(address.ip)));
        knows.facts(id, &mut |fact, values| {
            if !OWN.contains(&fact.name.as_str()) {
                let values: Vec<String> = values.iter().map(|value| unnamed(&value.to_string())).collect();
                facts.insert(fact.name.replace('_', " "), values.join(", "));
            }
        });
        for (what, values) in watcher.seen.get(&id).into_iter().flatten() {
            facts.insert(what.clone(), values.join(", "));
        }
        let mut steps: BTreeMap<String, String> = BTreeMap::new();
        for flow in &report.flows {
            // Of several runs of a model the last stands for it, but for one that failed.
            let text = said(flow);
            match steps.get_mut(&flow.model) {
                Some(known) if !known.starts_with("fail") => *known = text,
                Some(_) => {}
                None => drop(steps.insert(flow.model.clone(), text)),
            }
        }
        Portrait { label: report.label.clone(), steps, facts }
    }

    /// Beside one that works.
    pub fn beside(&self, other: &Portrait) -> Comparison {
        let differ = |what: &str, here: Option<&String>, there: Option<&String>| {
            (here != there).then(|| Difference {
                what: what.to_owned(),
                here: here.cloned().unwrap_or_default(),
                there: there.cloned().unwrap_or_default(),
            })
        };
        let beyond = self.steps.keys().chain(other.steps.keys()).map(String::as_str);
        let beyond: BTreeSet<&str> = beyond.filter(|model| !CHAIN.contains(model)).collect();
        let parts_at = CHAIN
            .iter()
            .copied()
            .chain(beyond)
            .find_map(|model| differ(model, self.steps.get(model), other.steps.get(model)));
        let names: BTreeSet<&String> = self.facts.keys().chain(other.facts.keys()).collect();
        let differences =
            names.into_iter().filter_map(|name| differ(name, self.facts.get(name), other.facts.get(name))).collect();
        Comparison { phone: self.label.clone(), against: other.label.clone(), parts_at, differences }
    }
}

fn said(flow: &FlowReport) -> String {
    let findings = if flow.findings.is_empty() { String::new() } else { format!(" ({})", flow.findings.join(", ")) };
    format!("{} in {}{findings}", flow.verdict.name(), flow.state)
}

/// The first three parts of an IPv4 address: phones of one subnet differ in the fourth.
fn subnet(ip: std::net::IpAddr) -> String {
    match ip {
        std::net::IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.x")
        }
        std::net::IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
    }
}
