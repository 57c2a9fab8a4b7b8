//! A ladder: who said what to whom, as Mermaid, SVG or text. What did not come is dashed.

use std::fmt::Write;

use crate::finding::Severity;
use crate::time::Ts;

/// A party: the phone, its switch, a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// `TFTP`
    pub title: String,
    /// Its name or address.
    pub about: String,
}

/// What a rung is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message,
    /// What was expected and did not come.
    Missing,
    /// What is waited for still.
    Awaited,
}

/// A rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// When.
    pub time: Ts,
    /// The frame; of what did not come, the last one before.
    pub frame: u64,
    /// What it is.
    pub kind: Kind,
    /// From which lane.
    pub from: usize,
    /// To which lane.
    pub to: usize,
    /// What is said.
    pub text: String,
    /// The step it belongs to.
    pub band: &'static str,
    /// A finding cites it: how bad the worst is.
    pub severity: Option<Severity>,
    /// Number of the message, for whoever keeps messages.
    pub message: Option<u64>,
}

/// Who said what to whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ladder {
    /// What it is of.
    pub title: String,
    /// The parties, the phone first.
    pub lanes: Vec<Lane>,
    /// In the order of time.
    pub rungs: Vec<Rung>,
}

impl Ladder {
    /// As a Mermaid sequence diagram.
    pub fn mermaid(&self) -> String {
        let mut out = format!("---\ntitle: {}\n---\nsequenceDiagram\n", plain(&self.title));
        for (number, lane) in self.lanes.iter().enumerate() {
            let about = if lane.about.is_empty() { String::new() } else { format!("<br/>{}", plain(&lane.about)) };
            let _ = writeln!(out, "    participant p{number} as {}{about}", plain(&lane.title));
        }
        let mut band = "";
        for rung in &self.rungs {
            if rung.band != band {
                band = rung.band;
                let last = self.lanes.len().saturating_sub(1);
                let over = if last == 0 { "p0".to_owned() } else { format!("p0,p{last}") };
                let _ = writeln!(out, "    Note over {over}: {band}");
            }
            let arrow = match rung.kind {
                Kind::Message => "->>",
                Kind::Missing => "--x",
                Kind::Awaited => "-->>",
            };
            let _ = writeln!(
                out,
                "    p{}{arrow}p{}: {} {}{}",
                rung.from,
                rung.to,
                rung.time.clock(),
                plain(&rung.text),
                mark(rung)
            );
        }
        out
    }

    /// As lines of text.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n", self.title);
        let name = |lane: usize| self.lanes.get(lane).map_or("?", |lane| lane.title.as_str());
        let mut band = "";
        for rung in &self.rungs {
            if rung.band != band {
                band = rung.band;
                let _ = writeln!(out, "── {band}");
            }
            let arrow = if rung.kind == Kind::Message { "──▶" } else { "╌╌▶" };
            let frame = if rung.kind == Kind::Message { rung.frame.to_string() } else { String::new() };
            let _ = writeln!(
                out,
                "{} {frame:>7}  {} {arrow} {}  {}{}",
                rung.time.clock(),
                name(rung.from),
                name(rung.to),
                rung.text,
                mark(rung)
            );
        }
        out
    }

    /// As a drawing that any browser shows.
    pub fn svg(&self) -> String {
        const WIDE: usize = 190;
        const LEFT: usize = 150;
        const ROW: usize = 30;
        let x = |lane: usize| LEFT + lane * WIDE;
        let (width, height) = (LEFT + self.lanes.len() * WIDE, 110 + self.rungs.len() * ROW);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <defs><marker id=\"a\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" orient=\"auto\">\
             <path d=\"M0,0 L8,4 L0,8 z\"/></marker></defs>\n\
             <text x=\"10\" y=\"20\" font-size=\"15\" font-weight=\"bold\">{}</text>\n",
            escaped(&self.title)
        );
        for (number, lane) in self.lanes.iter().enumerate() {
            let at = x(number);
            let _ = writeln!(
                out,
                "<text x=\"{at}\" y=\"50\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>\
                 <text x=\"{at}\" y=\"66\" text-anchor=\"middle\" fill=\"#555\">{}</text>\
                 <line x1=\"{at}\" y1=\"74\" x2=\"{at}\" y2=\"{height}\" stroke=\"#bbb\"/>",
                escaped(&lane.title),
                escaped(&lane.about)
            );
        }
        let mut band = "";
        for (number, rung) in self.rungs.iter().enumerate() {
            let y = 100 + number * ROW;
            let _ = writeln!(out, "<text x=\"4\" y=\"{y}\" fill=\"#555\">{}</text>", rung.time.clock());
            if rung.band != band {
                band = rung.band;
                let _ = writeln!(
                    out,
                    "<text x=\"4\" y=\"{}\" font-weight=\"bold\" fill=\"#036\">{}</text>",
                    y - 14,
                    escaped(band)
                );
            }
            let colour = match (rung.kind, rung.severity) {
                (Kind::Missing, _) | (_, Some(Severity::Fail)) => "#b00020",
                (_, Some(Severity::Warn)) => "#a05a00",
                (Kind::Awaited, _) => "#777",
                _ => "#222",
            };
            let dash = if rung.kind == Kind::Message { "" } else { " stroke-dasharray=\"6 4\"" };
            let (from, to) = (x(rung.from), x(rung.to));
            // A message of a party to itself, or to all: a short stroke.
            let to = if from == to { from + 40 } else { to };
            let _ = writeln!(
                out,
                "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"{colour}\"{dash} \
                 marker-end=\"url(#a)\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{colour}\">{}{}</text>",
                (from + to) / 2,
                y - 4,
                escaped(&rung.text),
                mark(rung)
            );
        }
        out.push_str("</svg>\n");
        out
    }
}

fn mark(rung: &Rung) -> &'static str {
    match (rung.kind, rung.severity) {
        (Kind::Missing, _) => " ✖ did not come",
        (Kind::Awaited, _) => " … awaited",
        (_, Some(Severity::Fail)) => " ✖",
        (_, Some(Severity::Warn)) => " !",
        _ => "",
    }
}

/// What Mermaid would read as its own.
fn plain(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('#', "#35;").replace(';', "#59;").replace(':', "#58;")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Ladder {
        let lane = |title: &str, about: &str| Lane { title: title.into(), about: about.into() };
        let rung = |from, to, kind, text: &str| Rung {
            time: Ts::from_nanos(1_767_600_000_000_000_000),
            frame: 9,
            kind,
            from,
            to,
            text: text.into(),
            band: "dhcp",
            severity: None,
            message: None,
        };
        Ladder {
            title: "SEP1 <boot>".into(),
            lanes: vec![lane("Phone", "10.0.0.5"), lane("DHCP", "")],
            rungs: vec![rung(0, 1, Kind::Message, "discover"), rung(1, 0, Kind::Missing, "offer: none")],
        }
    }

    #[test]
    fn as_mermaid() {
        let expected = "---\ntitle: SEP1 <boot>\n---\nsequenceDiagram\n    participant p0 as Phone<br/>10.0.0.5\n    \
            participant p1 as DHCP\n    Note over p0,p1: dhcp\n    p0->>p1: 08:00:00.000 discover\n    \
            p1--xp0: 08:00:00.000 offer#58; none ✖ did not come\n";
        // The colons of a time of day stand after the first one of the line, where Mermaid reads text.
        assert_eq!(ladder().mermaid(), expected);
    }

    #[test]
    fn as_text() {
        let expected = "SEP1 <boot>\n── dhcp\n08:00:00.000       9  Phone ──▶ DHCP  discover\n\
            08:00:00.000          DHCP ╌╌▶ Phone  offer: none ✖ did not come\n";
        assert_eq!(ladder().text(), expected);
    }

    #[test]
    fn as_svg_that_is_well_formed() {
        let svg = ladder().svg();
        let mut reader = quick_xml::Reader::from_str(&svg);
        let mut dashed = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Empty(tag) => {
                    dashed += usize::from(tag.try_get_attribute("stroke-dasharray").unwrap().is_some());
                }
                _ => {}
            }
        }
        assert_eq!(dashed, 1);
        assert!(svg.contains("SEP1 &lt;boot&gt;"));
    }
}
