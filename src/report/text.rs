//! The report for a person at two in the morning: what is stuck first, a line a phone, a glyph and a word a step,
//! then each finding with what, why, fix and the frames. Colour only repeats what glyph and word say.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use super::chain::{CHAIN, SHOWN};
use super::compare::{Comparison, Difference};
use super::together::{Shared, Together};
use super::{CaptureReport, FindingReport, FlowReport, PhoneReport, Report};
use crate::finding::{Severity, Verdict};

/// How the report looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// Only phones that are stuck, and only findings that are violations.
    pub quiet: bool,
}

/// Writes the report; `took_ms` is how long the judging took, if it was measured.
pub fn write(report: &Report, style: Style, took_ms: Option<u128>, out: &mut dyn Write) -> io::Result<()> {
    let paint = Paint(style.colour);
    let several = report.captures.len() > 1;
    let findings = by_phone(report);
    for (index, capture) in report.captures.iter().enumerate() {
        if several {
            writeln!(out, "{}", paint.bold(&capture.path))?;
        }
        if let Some(damage) = &capture.damage {
            writeln!(out, "{} {damage}", paint.yellow("! damaged:"))?;
        }
        let phones: Vec<&PhoneReport> = report.phones.iter().filter(|p| p.capture == index).collect();
        for group in report.together.iter().filter(|group| group.capture == index) {
            together_lines(group, paint, out)?;
        }
        let mut told = Vec::new();
        for phone in phones.iter().filter(|p| !style.quiet || p.verdict == Verdict::Fail) {
            let own = findings.get(&(index, phone.label.as_str())).map_or(&[][..], Vec::as_slice);
            phone_lines(own, phone, phones.len() > FEW, &mut told, style, paint, out)?;
            if phones.len() <= FEW || phone.verdict != Verdict::Pass {
                writeln!(out)?;
            }
        }
        if phones.len() > FEW {
            writeln!(out)?;
        }
        let own: Vec<&FindingReport> =
            report.findings.iter().filter(|f| f.capture == index && f.phones.is_empty() && !style.quiet).collect();
        if !own.is_empty() {
            writeln!(out, "{}", paint.bold("About the capture"))?;
            for finding in own {
                finding_lines(finding, paint, out)?;
            }
            writeln!(out)?;
        }
        if phones.iter().all(|p| p.verdict == Verdict::Inconclusive) {
            nothing_judged(capture, &phones, paint, out)?;
        } else if !capture.others.is_empty() && !style.quiet {
            writeln!(out, "Also seen, no phones: {}.\n", capture.others.join(", "))?;
        }
    }
    for comparison in &report.comparisons {
        comparison_lines(comparison, paint, out)?;
    }
    totals(report, took_ms, out)
}

/// The findings of each phone: looked up once, however many phones there are.
fn by_phone(report: &Report) -> HashMap<(usize, &str), Vec<&FindingReport>> {
    let mut findings: HashMap<(usize, &str), Vec<&FindingReport>> = HashMap::new();
    for finding in &report.findings {
        for phone in &finding.phones {
            findings.entry((finding.capture, phone)).or_default().push(finding);
        }
    }
    findings
}

/// Several phones stuck at one step: how many of how many, and what they share.
fn together_lines(group: &Together, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let head = format!("{} of {} phones are STUCK at {}", group.count, group.of, group.step);
    writeln!(out, "{}  {}", paint.red(&head), short_list(&group.phones))?;
    for shared in &group.shares {
        let Shared { what, value, stuck, of } = shared;
        let whose = if shared.is_theirs_alone() && group.count < group.of { ": no other phone has it" } else { "" };
        writeln!(out, "  all have {what} {value} ({stuck} of the {of} that have it{whose})")?;
    }
    if group.shares.is_empty() {
        writeln!(out, "  they share neither VLAN, switch, TFTP server, CallManager, load nor model")?;
    }
    writeln!(out)
}

fn short_list(names: &[String]) -> String {
    match names {
        [first @ .., last] if first.len() >= FEW => {
            format!("{}, … {last}", first.get(..FEW - 1).unwrap_or_default().join(", "))
        }
        all => all.join(", "),
    }
}

/// A phone beside one that works.
fn comparison_lines(comparison: &Comparison, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Comparison { phone, against, parts_at, differences } = comparison;
    writeln!(out, "{}", paint.bold(&format!("{phone} beside {against}")))?;
    match parts_at {
        Some(step) => writeln!(
            out,
            "  they part at {}: {}; {against}: {}",
            paint.red(&step.what),
            or_nothing(&step.here),
            or_nothing(&step.there)
        )?,
        None => writeln!(out, "  every step came out alike")?,
    }
    let wide = |of: fn(&Difference) -> &str, least: usize| {
        differences.iter().map(|it| of(it).chars().count()).max().unwrap_or(0).clamp(least, 40)
    };
    let (first, second) = (wide(|it| &it.what, 4), wide(|it| or_nothing(&it.here), phone.chars().count()));
    if !differences.is_empty() {
        writeln!(out, "  {:first$}  {phone:second$}  {against}", "")?;
    }
    for Difference { what, here, there } in differences {
        writeln!(out, "  {what:first$}  {:second$}  {}", or_nothing(here), or_nothing(there))?;
    }
    writeln!(out)
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// Up to so many phones, the healthy ones too are shown with their steps and remarks.
const FEW: usize = 5;

/// A phone with its steps and findings; one of several phones that was `told` before is told in full no more.
fn phone_lines<'r>(
    findings: &[&'r FindingReport],
    phone: &PhoneReport,
    many: bool,
    told: &mut Vec<&'r FindingReport>,
    style: Style,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut facts: Vec<String> = vec![paint.bold(&phone.label)];
    facts.extend(phone.model.clone());
    facts.extend(phone.ip.last().cloned());
    facts.extend(phone.vlan.map(|vlan| format!("VLAN {vlan}")));
    let port = phone.switch_port.as_deref().map(short_port);
    match (&phone.switch, port) {
        (Some(switch), Some(port)) => facts.push(format!("{switch} {port}")),
        (one, other) => facts.extend(one.clone().or(other)),
    }
    if !phone.dn.is_empty() {
        facts.push(format!("DN {}", phone.dn.join(",")));
    }
    let word = match (phone.verdict, &phone.stuck_at) {
        (Verdict::Pass, _) => paint.green("HEALTHY"),
        (Verdict::Fail, Some(step)) => {
            let step = step.split('.').next().unwrap_or(step);
            paint.red(&match registered_since(findings, phone) {
                Some(since) => format!("FAILED at {step}, {since}"),
                None => format!("STUCK at {step}"),
            })
        }
        (Verdict::Fail, None) => paint.red("FAILED"),
        (Verdict::Inconclusive, _) => paint.yellow("INCONCLUSIVE"),
    };
    writeln!(out, "{}  {word}", facts.join("  "))?;
    if many && phone.verdict == Verdict::Pass {
        // Among many, a healthy phone is one line; what is remarkable about it stays in the other formats.
        return Ok(());
    }
    let steps: Vec<String> = CHAIN
        .iter()
        .filter_map(|model| match phone.flows.iter().find(|f| f.model == *model) {
            Some(flow) => Some(step(flow, paint)),
            None => SHOWN.contains(model).then(|| format!("· {model}")),
        })
        .collect();
    writeln!(out, "  {}", steps.join("  "))?;
    for flow in phone.flows.iter().filter(|f| f.verdict == Verdict::Inconclusive && !style.quiet) {
        let reason = flow.reason.as_deref().unwrap_or("the capture does not say");
        writeln!(out, "  {} {}: {reason}", paint.yellow("?"), flow.model)?;
    }
    let mut findings: Vec<&'r FindingReport> =
        findings.iter().copied().filter(|f| !style.quiet || f.severity == Severity::Fail).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        if told.iter().any(|before| std::ptr::eq(*before, finding)) {
            writeln!(out, "{}  as told above", finding_head(finding, paint))?;
            continue;
        }
        if finding.phones.len() > 1 {
            told.push(finding);
        }
        finding_lines(finding, paint, out)?;
    }
    Ok(())
}

/// A phone that was let down and has a dial tone all the same is not stuck: the same CallManager took it afterwards,
/// or another one, or SRST.
fn registered_since(findings: &[&FindingReport], phone: &PhoneReport) -> Option<&'static str> {
    let at = |model: &str| phone.flows.iter().find(|flow| flow.model == model && flow.verdict == Verdict::Pass);
    let failed = findings.iter().filter(|finding| finding.severity == Severity::Fail);
    // Who boots or registers again and again is served for a moment only.
    if failed.clone().any(|finding| finding.model == "boot") {
        return None;
    }
    let last = failed.flat_map(|finding| &finding.frames).max().copied().unwrap_or_default();
    let registered = |flow: &FlowReport| flow.state == "registered" && flow.to_frame > last;
    let elsewhere = |flow: &FlowReport| matches!(&*flow.state, "on-standby" | "stable" | "failing-back" | "srst");
    let step = if phone.stuck_at.as_deref()?.starts_with("keepalive.") { "failover" } else { "keepalive" };
    match at(step)? {
        flow if step == "failover" && elsewhere(flow) => Some("registered elsewhere since"),
        flow => registered(flow).then_some("registered since"),
    }
}

fn step(flow: &FlowReport, paint: Paint) -> String {
    let name = &flow.model;
    match flow.verdict {
        Verdict::Pass if flow.state == "not-found" => format!("– {name} (not served)"),
        Verdict::Pass if flow.state == "unregistered" => format!("– {name} (not registered)"),
        Verdict::Pass if flow.joined_late => paint.green(&format!("✔ {name} (joined late)")),
        Verdict::Pass => paint.green(&format!("✔ {name}")),
        Verdict::Fail => paint.red(&format!("✖ {name}")),
        Verdict::Inconclusive => paint.yellow(&format!("? {name} ({})", flow.state)),
    }
}

fn finding_head(finding: &FindingReport, paint: Paint) -> String {
    let glyph = match finding.severity {
        Severity::Fail => paint.red("✖"),
        Severity::Warn => paint.yellow("!"),
        Severity::Info => "i".to_owned(),
    };
    let inferred = if finding.inferred { "  (inferred from sizes and timing)" } else { "" };
    format!("  {glyph} {}  {}  {}{inferred}", paint.bold(&finding.id), frames_label(&finding.frames), finding.clock)
}

fn finding_lines(finding: &FindingReport, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let head = finding_head(finding, paint);
    if finding.severity == Severity::Info {
        return writeln!(out, "{head}  {}", finding.what);
    }
    writeln!(out, "{head}")?;
    let all = finding.severity == Severity::Fail;
    for (label, text, wanted) in
        [("what", &finding.what, true), ("why ", &finding.why, all), ("fix ", &finding.fix, true)]
    {
        if wanted && !text.is_empty() {
            writeln!(out, "    {label}  {text}")?;
        }
    }
    Ok(())
}

/// A finding in one line, as it happens.
pub fn finding_line(finding: &FindingReport, out: &mut dyn Write) -> io::Result<()> {
    let glyph = match finding.severity {
        Severity::Fail => "✖",
        Severity::Warn => "!",
        Severity::Info => "i",
    };
    let whom = if finding.phones.is_empty() { "the capture".to_owned() } else { finding.phones.join(", ") };
    let (glyph, taken_back) = if finding.withdrawn { ("–", "taken back: ") } else { (glyph, "") };
    writeln!(
        out,
        "{} {glyph} {taken_back}{} {}  {whom}  {}: {}",
        finding.clock,
        finding.severity,
        finding.id,
        frames_label(&finding.frames),
        finding.what
    )
}

/// Nothing but inconclusive: what was seen, what is missing, where to capture.
fn nothing_judged(
    capture: &CaptureReport,
    phones: &[&PhoneReport],
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    if phones.is_empty() && !capture.aside.is_empty() {
        writeln!(out, "{}", paint.yellow("The phone asked for is not in this capture."))?;
        return writeln!(out, "  others   {}\n", short_list(&capture.aside));
    }
    let title =
        if phones.is_empty() { "No Cisco IP phone in this capture." } else { "Nothing could be judged to its end." };
    writeln!(out, "{}", paint.yellow(title))?;
    let seen: Vec<String> = capture.seen.iter().map(|(name, n)| format!("{n} {name}")).collect();
    let seen = if seen.is_empty() { "none of the protocols of a phone".to_owned() } else { seen.join(", ") };
    writeln!(out, "  seen     {} packets over {}; messages: {seen}.", capture.packets, seconds(capture.seconds))?;
    if !capture.others.is_empty() {
        writeln!(out, "           No phones, but speaking SIP: {}.", capture.others.join(", "))?;
    }
    let missing: Vec<&str> =
        [("cdp", "CDP or LLDP"), ("dhcp", "DHCP"), ("tftp", "TFTP or HTTP 6970 fetches"), ("sip", "SIP or SCCP")]
            .into_iter()
            .filter(|(name, _)| {
                let any: &[&str] = match *name {
                    "cdp" => &["cdp", "lldp"],
                    "tftp" => &["tftp", "http"],
                    "sip" => &["sip", "skinny"],
                    other => &[other],
                };
                !any.iter().any(|name| capture.seen.contains_key(*name))
            })
            .map(|(_, words)| words)
            .collect();
    if !missing.is_empty() {
        writeln!(out, "  missing  {}.", missing.join(", "))?;
    }
    writeln!(
        out,
        "  capture  at the phone's own switch port (SPAN, both directions), from before power-up until a minute\n           after it stops making progress, without a snap length or a filter.\n"
    )
}

fn totals(report: &Report, took_ms: Option<u128>, out: &mut dyn Write) -> io::Result<()> {
    let count = |verdict: Verdict| report.phones.iter().filter(|p| p.verdict == verdict).count();
    let packets: u64 = report.captures.iter().map(|c| c.packets).sum();
    let seconds_total: f64 = report.captures.iter().map(|c| c.seconds).sum();
    let mut stuck: BTreeMap<&str, usize> = BTreeMap::new();
    for phone in report.phones.iter().filter_map(|p| p.stuck_at.as_deref()) {
        *stuck.entry(phone.split('.').next().unwrap_or(phone)).or_default() += 1;
    }
    let at: Vec<String> = stuck.iter().map(|(step, n)| format!("{n} at {step}")).collect();
    let at = if at.is_empty() || report.phones.len() < 2 { String::new() } else { format!(" ({})", at.join(", ")) };
    let phones = report.phones.len();
    let took = took_ms.map(|ms| format!(", judged in {ms} ms")).unwrap_or_default();
    writeln!(
        out,
        "{phones} phone{}: {} stuck{at}, {} inconclusive, {} healthy. {packets} packets over {}{took}.",
        if phones == 1 { "" } else { "s" },
        count(Verdict::Fail),
        count(Verdict::Inconclusive),
        count(Verdict::Pass),
        seconds(seconds_total),
    )
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

fn frames_label(list: &[u64]) -> String {
    let word = if list.len() == 1 { "frame" } else { "frames" };
    format!("{word} {}", frames(list))
}

/// Frame numbers as a person writes them: `61-64, 70`; a long list is shortened in the middle.
pub fn frames(list: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &frame in list {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == frame => *last = frame,
            _ => runs.push((frame, frame)),
        }
    }
    let text = |&(a, b): &(u64, u64)| if a == b { a.to_string() } else { format!("{a}-{b}") };
    let parts: Vec<String> = runs.iter().map(text).collect();
    match parts.as_slice() {
        [first @ .., _, _] if first.len() > 8 => {
            format!(
                "{} … {}",
                parts.get(..6).unwrap_or_default().join(", "),
                parts.get(parts.len() - 2..).unwrap_or_default().join(", ")
            )
        }
        all => all.join(", "),
    }
}

/// `GigabitEthernet1/0/7` → `Gi1/0/7`, as the switch itself abbreviates it.
pub fn short_port(port: &str) -> String {
    for (long, short) in [
        ("TwentyFiveGigE", "Twe"),
        ("TenGigabitEthernet", "Te"),
        ("FiveGigabitEthernet", "Fi"),
        ("TwoGigabitEthernet", "Tw"),
        ("GigabitEthernet", "Gi"),
        ("FastEthernet", "Fa"),
    ] {
        if let Some(rest) = port.strip_prefix(long) {
            return format!("{short}{rest}");
        }
    }
    port.to_owned()
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
    fn red(self, text: &str) -> String {
        self.with("31", text)
    }
    fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }
    fn green(self, text: &str) -> String {
        self.with("32", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_as_ranges() {
        assert_eq!(frames(&[61, 62, 63, 64]), "61-64");
        assert_eq!(frames(&[1, 3, 4, 9]), "1, 3-4, 9");
        assert_eq!(frames(&(0..40).map(|n| n * 2).collect::<Vec<_>>()), "0, 2, 4, 6, 8, 10 … 76, 78");
    }

    #[test]
    fn ports_as_the_switch_says_them() {
        assert_eq!(short_port("GigabitEthernet1/0/7"), "Gi1/0/7");
        assert_eq!(short_port("Port 1"), "Port 1");
    }
}
