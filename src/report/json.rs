//! The report as one JSON object, or as one record a line in time order.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

/// One object, indented.
pub fn object(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Record<'r, T: Serialize> {
    record: &'static str,
    #[serde(flatten)]
    it: &'r T,
}

/// The same records one a line: captures, then phones, then findings; each capture's in time order.
pub fn lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (index, capture) in report.captures.iter().enumerate() {
        line(out, "capture", capture)?;
        for group in report.together.iter().filter(|group| group.capture == index) {
            line(out, "together", group)?;
        }
        for finding in report.findings.iter().filter(|f| f.capture == index) {
            line(out, "finding", finding)?;
        }
        // What is said of a phone holds at the end of its capture.
        for phone in report.phones.iter().filter(|p| p.capture == index) {
            line(out, "phone", phone)?;
        }
    }
    for comparison in &report.comparisons {
        line(out, "comparison", comparison)?;
    }
    Ok(())
}

/// One finding, as it happens.
pub fn finding(finding: &super::FindingReport, out: &mut dyn Write) -> io::Result<()> {
    line(out, "finding", finding)
}

fn line<T: Serialize>(out: &mut dyn Write, record: &'static str, it: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Record { record, it })?;
    out.write_all(b"\n")
}
