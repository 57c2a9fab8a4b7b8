//! `offhook check --against FILE`, `--against-phone NAME`: phones beside one that works.

use std::path::Path;
use std::sync::Arc;

use super::run::{self, Input};
use super::{Stop, complain};
use crate::event::Schema;
use crate::finding::Verdict;
use crate::model::Models;
use crate::pipeline::{Options, Outcome};
use crate::report::compare::{Portrait, Watcher};
use crate::report::{Only, Report};

/// Most phones that are set beside another.
const MOST: usize = 50;

/// A phone that was judged, and how it came out.
#[derive(Debug)]
pub struct Judged {
    portrait: Portrait,
    verdict: Verdict,
    /// It is the one that was asked for as the other.
    is_other: bool,
}

/// The portraits of the phones in the last capture of a report. `other` is whom `--against-phone` names.
pub fn portraits(report: &Report, outcome: &Outcome, watcher: &Watcher, other: Option<&str>) -> Vec<Judged> {
    let capture = report.captures.len().saturating_sub(1);
    let phones = report.phones.iter().filter(|phone| phone.capture == capture);
    phones
        .filter_map(|phone| {
            let known = outcome.phones.get(phone.id)?;
            Some(Judged {
                portrait: Portrait::of(phone, phone.id, known, &outcome.facts, watcher),
                verdict: phone.verdict,
                is_other: other.is_some_and(|wanted| known.is(wanted)),
            })
        })
        .collect()
}

/// The one that works: whom `--against-phone` names, else the first that is healthy.
pub fn other<'j>(judged: &'j [Judged], wanted: Option<&str>, place: &str) -> Result<&'j Portrait, Stop> {
    let found = match wanted {
        Some(_) => judged.iter().find(|one| one.is_other),
        None => judged.iter().find(|one| one.verdict == Verdict::Pass),
    };
    found.map(|one| &one.portrait).ok_or_else(|| {
        Stop::usage(match wanted {
            Some(name) => format!("--against-phone {name}: no such phone in {place}"),
            None if judged.is_empty() => format!("--against {place}: there is no phone in it"),
            None => format!("--against {place}: no phone in it works; name one with --against-phone"),
        })
    })
}

/// The phones of the capture that works.
pub fn against(
    path: &Path,
    schema: &Schema,
    models: &Arc<Models>,
    options: &Options,
    wanted: Option<&str>,
) -> Result<Portrait, Stop> {
    let place = path.display().to_string();
    let input = Input { name: place.clone(), paths: vec![path.to_owned()] };
    let told = |error: crate::source::SourceError| Stop::input(error.to_string());
    let (outcome, watcher, notes) =
        run::capture(&input, schema, models, options, Watcher::default(), None, |_| true).map_err(told)?;
    let mut report = Report::default();
    report.add(&place, &outcome, &notes, Only::default());
    let mut found = other(&portraits(&report, &outcome, &watcher, wanted), wanted, &place).cloned()?;
    // Two captures may show the same phone, before and after.
    let file = path.file_name().map_or(place, |name| name.to_string_lossy().into_owned());
    found.label = format!("{} ({file})", found.label);
    Ok(found)
}

/// Sets the phones beside the other: those named in `only`, else those that are stuck, or all if none is.
pub fn add(report: &mut Report, judged: &[Judged], other: &Portrait, only: &[String]) {
    let is_stuck = |one: &&Judged| one.verdict == Verdict::Fail;
    let any = judged.iter().any(|one| is_stuck(&one));
    let meant = |one: &&Judged| match only {
        [] => !one.is_other && (!any || is_stuck(one)),
        only => only.contains(&one.portrait.label),
    };
    let ours: Vec<&Judged> = judged.iter().filter(meant).collect();
    if ours.len() > MOST {
        complain(&format!("{} of {} phones are compared; --phone names one", MOST, ours.len()));
    }
    report.comparisons.extend(ours.iter().take(MOST).map(|one| one.portrait.beside(other)));
}
