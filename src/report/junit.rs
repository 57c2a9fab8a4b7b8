//! The report as JUnit XML: a suite per capture, a case per phone and model.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{FindingReport, FlowReport, PhoneReport, Report};
use crate::finding::Verdict;

/// Writes the report.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut junit = Junit::new("offhook check");
    for (index, capture) in report.captures.iter().enumerate() {
        let mut suite = TestSuite::new(capture.path.as_str());
        for phone in report.phones.iter().filter(|p| p.capture == index) {
            for flow in &phone.flows {
                suite.add_test_case(case(phone, flow, &report.findings));
            }
        }
        junit.add_test_suite(suite);
    }
    let text = junit.to_string().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

fn case(phone: &PhoneReport, flow: &FlowReport, findings: &[FindingReport]) -> TestCase {
    let status = match flow.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Inconclusive => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(flow.reason.as_deref().unwrap_or("inconclusive"));
            status
        }
        Verdict::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let mine: Vec<&FindingReport> = findings
                .iter()
                .filter(|f| f.capture == phone.capture && f.model == flow.model && f.phones.contains(&phone.label))
                .collect();
            if let Some(first) = mine.first() {
                status.set_type(first.id.as_str()).set_message(first.what.as_str());
            }
            let text: Vec<String> = mine
                .iter()
                .map(|f| {
                    format!(
                        "{}: {}\nwhy: {}\nfix: {}\nframes: {}",
                        f.id,
                        f.what,
                        f.why,
                        f.fix,
                        super::text::frames(&f.frames)
                    )
                })
                .collect();
            status.set_description(text.join("\n\n"));
            status
        }
    };
    let mut case = TestCase::new(flow.model.as_str(), status);
    case.set_classname(phone.label.as_str());
    case
}
