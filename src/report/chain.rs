//! The boot chain of a phone: how far it came, and where it is stuck.

use super::FlowReport;
use crate::finding::{Finding, Severity, Verdict};

/// The models of the boot chain, in the order a phone goes through them.
pub const CHAIN: &[&str] = &[
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
];

/// Steps shown even where nothing of them was seen: the ones every boot has.
pub const SHOWN: &[&str] = &["link", "dhcp", "tftp-server", "ctl", "itl", "config", "secure-connection", "keepalive"];

/// Models of the boot that are no step of it.
const BESIDE: &[&str] = &["failover", "boot"];

/// Where a phone stands that went to another CallManager, by `failover`.
const MOVED: &[&str] = &["on-standby", "stable", "failing-back", "srst"];

/// What is found of the CallManager that it left.
const LEFT: &[&str] = &["keepalive.unanswered", "keepalive.register-unanswered"];

/// The steps that wait for a file.
const FILES: &[&str] = &["ctl", "itl", "config"];

/// How far a phone came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// The last step that passed: `dhcp.bound`.
    pub reached: Option<String>,
    /// The step of the first violation: `config.unknown`.
    pub stuck_at: Option<String>,
}

/// How a flow stands, as far as the chain asks.
#[derive(Debug, Clone, Copy)]
pub struct Stand<'f> {
    /// The model.
    pub model: &'f str,
    /// The state it is in.
    pub state: &'f str,
    /// What came of it.
    pub verdict: Verdict,
}

impl<'f> From<&'f FlowReport> for Stand<'f> {
    fn from(flow: &'f FlowReport) -> Stand<'f> {
        Stand { model: &flow.model, state: &flow.state, verdict: flow.verdict }
    }
}

impl Chain {
    /// From a phone's flows, and the findings that concern it.
    pub fn of(flows: &[Stand<'_>], findings: &[&Finding]) -> Chain {
        let place = |model: &str| CHAIN.iter().position(|step| *step == model);
        let connects = place("secure-connection").unwrap_or_default();
        // Who went to another CallManager is registered there: that the first one fell silent holds nobody up.
        let at = |model: &str| flows.iter().find(|flow| flow.model == model).map_or("", |flow| flow.state);
        let moved = MOVED.contains(&at("failover")) && at("keepalive") == "registered";
        let stuck_at = findings
            .iter()
            .filter(|f| f.severity == Severity::Fail && !(moved && LEFT.contains(&&*f.id)))
            .filter_map(|f| Some((place(&f.model)?, f)))
            .min_by_key(|(place, f)| (*place, f.time))
            .map(|(_, f)| *f);
        // A configuration server that fails stops the step that waits for its file.
        let waiting = |f: &Finding| {
            (*f.model == *"tftp-server").then_some(())?;
            let waits = |flow: &&Stand<'_>| FILES.contains(&flow.model) && flow.verdict != Verdict::Pass;
            flows.iter().filter(waits).max_by_key(|flow| place(flow.model))
        };
        let stuck_at = stuck_at.map(|f| match waiting(f) {
            Some(flow) => format!("{}.{}", flow.model, flow.state),
            None => format!("{}.{}", f.model, f.state),
        });
        // Failover and the boot as a whole are no steps of the chain: what they find stops the step that it names, or
        // else the one that stands last.
        let beyond = || {
            let violated = findings.iter().find(|f| f.severity == Severity::Fail && BESIDE.contains(&&*f.model))?;
            let named = flows.iter().any(|flow| *flow.model == *violated.state && place(flow.model).is_some());
            flows
                .iter()
                .filter(|flow| !named || *flow.model == *violated.state)
                .filter_map(|flow| Some((place(flow.model)?, flow)))
                .max_by_key(|(place, _)| *place)
                .map(|(place, flow)| match place {
                    // Nobody was found to connect to: the steps before are done.
                    place if *violated.model == *"failover" && flow.verdict == Verdict::Pass && place < connects => {
                        "secure-connection.start".to_owned()
                    }
                    _ => format!("{}.{}", flow.model, flow.state),
                })
        };
        let stuck_at = stuck_at.or_else(beyond);
        // A phone that is refused is unregistered, as it was from the start.
        let nowhere =
            |flow: &Stand<'_>| stuck_at.is_some() && flow.model == "keepalive" && flow.state == "unregistered";
        let reached = flows
            .iter()
            .filter(|flow| flow.verdict == Verdict::Pass && !nowhere(flow) || moved && flow.model == "keepalive")
            .filter_map(|flow| Some((place(flow.model)?, flow)))
            .max_by_key(|(place, _)| *place)
            .map(|(_, flow)| format!("{}.{}", flow.model, flow.state));
        Chain { reached, stuck_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(model: &'static str, state: &'static str, verdict: Verdict) -> Stand<'static> {
        Stand { model, state, verdict }
    }

    #[test]
    fn a_phone_that_was_refused_came_as_far_as_its_connection() {
        let flows = [
            stand("secure-connection", "plain", Verdict::Pass),
            stand("rejected", "refused", Verdict::Fail),
            stand("keepalive", "unregistered", Verdict::Pass),
        ];
        let refused = Finding { state: "refused".into(), ..Finding::sample("rejected.known-phone") };
        let chain = Chain::of(&flows, &[&refused]);
        assert_eq!(chain.reached.as_deref(), Some("secure-connection.plain"));
        assert_eq!(chain.stuck_at.as_deref(), Some("rejected.refused"));
        assert_eq!(Chain::of(&flows, &[]).reached.as_deref(), Some("keepalive.unregistered"));
    }
}
