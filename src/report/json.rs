//! The report as one JSON object, or as one record a line in time order.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::Report;

/// One object, indented.
pub fn object(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // Told in many small pieces: gathered here, and not through a pointer to whoever writes.
    let mut gathered = io::BufWriter::with_capacity(1 << 16, out);
    report.serialize(&mut serde_json::Serializer::with_formatter(&mut gathered, Indented::default()))?;
    gathered.write_all(b"\n")?;
    gathered.flush()
}

/// Two spaces a level, each line's in one piece.
#[derive(Default)]
struct Indented {
    depth: usize,
    filled: bool,
}

impl Indented {
    fn open<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(bracket)
    }

    fn close<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.filled {
            self.line(out, true)?;
        }
        out.write_all(bracket)
    }

    fn line<W: Write + ?Sized>(&self, out: &mut W, first: bool) -> io::Result<()> {
        const LINE: &[u8] = b",\n                                ";
        let end = 2 + 2 * self.depth;
        out.write_all(LINE.get(usize::from(first)..end.min(LINE.len())).unwrap_or_default())?;
        (LINE.len()..end).try_for_each(|_| out.write_all(b" "))
    }
}

impl Formatter for Indented {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_indented_as_everybody_does() {
        let deep =
            (0..40).fold(serde_json::json!([1, {}]), |inner, _| serde_json::json!({ "a": [inner, []], "b": "c" }));
        let mut said = Vec::new();
        let written = deep.serialize(&mut serde_json::Serializer::with_formatter(&mut said, Indented::default()));
        assert!(written.is_ok());
        assert_eq!(String::from_utf8(said).ok(), serde_json::to_string_pretty(&deep).ok());
    }
}
