//! What is shown, to a file: the ending of its name says in which form.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::super::extract::Extract;
use super::super::run::Input;
use crate::model::graph;
use crate::report::text::{self, Style};
use crate::report::{Only, Report};
use crate::source::write::PcapngWriter;
use crate::source::{Frame, Notes};
use crate::tui::app::{App, View};
use crate::tui::trace;
use crate::tui::view::packets;

/// Saves, and says what; the error is one line too. A file that is there is left alone.
pub fn save(app: &App, input: Option<&Input>, path: &str) -> Result<String, String> {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending {
        "pcapng" => frames(app, input, path),
        "txt" => text(app).and_then(|text| write(path, &text)),
        "mmd" if app.view == View::Models => {
            let model = app.judge.models().list.get(app.models.list.at).ok_or("no model")?;
            write(path, &graph::mermaid(model))
        }
        "mmd" => ladder(app).and_then(|ladder| write(path, &ladder.mermaid())),
        "svg" => ladder(app).and_then(|ladder| write(path, &ladder.svg())),
        _ => Err(format!("{path}: name it .pcapng (packets), .txt, .mmd (Mermaid) or .svg (ladder)")),
    }
}

fn create(path: &str) -> Result<BufWriter<File>, String> {
    let file = File::options().write(true).create_new(true).open(path);
    file.map(BufWriter::new).map_err(|error| format!("{path}: {error}"))
}

fn write(path: &str, text: &str) -> Result<String, String> {
    let mut out = create(path)?;
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| format!("{path}: {error}"))?;
    Ok(format!("saved {path}"))
}

fn ladder(app: &App) -> Result<crate::report::ladder::Ladder, String> {
    let id = app.phone_meant().ok_or("no phone is meant")?;
    Ok(trace::ladder(&app.judge, id, app.phone.everything))
}

fn text(app: &App) -> Result<String, String> {
    match app.view {
        View::Phone => {
            let mut text = ladder(app)?.text();
            for finding in &app.phone.findings {
                text.push_str(&format!(
                    "\n{} {}  frames {}\n  what  {}\n  why   {}\n  fix   {}\n",
                    finding.severity,
                    finding.id,
                    text::frames(&finding.frames),
                    finding.what,
                    finding.why,
                    finding.fix
                ));
            }
            Ok(text)
        }
        View::Packets => {
            let line = |line: usize| {
                let number = app.packet_at(line)?;
                let time = app.judge.seen().frame(number)?.time.clock();
                Some(format!("{number:>7} {time} {}\n", packets::info(app, line)?))
            };
            Ok((0..app.packets_len()).filter_map(line).collect())
        }
        View::Media => {
            let mut text = String::from("from\tto\tssrc\tcodec\tpackets\tlost\tloss %\tjitter ms\tMOS\n");
            let number = |value: Option<f64>| value.map(|value| format!("{value:.2}")).unwrap_or_default();
            for stream in &app.judge.seen().media.streams {
                text.push_str(&format!(
                    "{}\t{}\t0x{:08x}\t{}\t{}\t{}\t{:.2}\t{}\t{}\n",
                    stream.src,
                    stream.dst,
                    stream.ssrc,
                    stream.codec,
                    stream.packets,
                    stream.lost,
                    stream.loss,
                    number(stream.jitter),
                    number(stream.mos)
                ));
            }
            Ok(text)
        }
        View::Phones | View::Models => {
            let mut report = Report::default();
            report.add_look(&app.origin.name, &app.judge.look(), &Notes::default(), Only::default());
            let mut out = Vec::new();
            text::write(&report, Style::default(), None, &mut out).map_err(|error| error.to_string())?;
            Ok(String::from_utf8_lossy(&out).into_owned())
        }
    }
}

/// Frames: those the filter lets pass, or the phone's, or in the list of packets all.
fn frames(app: &App, input: Option<&Input>, path: &str) -> Result<String, String> {
    let passing = app.packets.passing.as_deref().filter(|_| app.view == View::Packets);
    let phone = app.phone_meant().filter(|_| app.view != View::Packets);
    let phone = phone.and_then(|id| app.judge.phones().get(id));
    if passing.is_none() && phone.is_none() && app.view != View::Packets {
        return Err("no phone is meant".to_owned());
    }
    let extract = phone.map(|phone| Extract::of(phone, app.judge.findings(), app.judge.phones()));
    let takes = |frame: &Frame<'_>| match (&passing, &extract) {
        (Some(passing), _) => passing.binary_search(&frame.number).is_ok(),
        (None, Some(extract)) => extract.takes(frame),
        (None, None) => true,
    };
    let io = |error: std::io::Error| format!("{path}: {error}");
    let mut out = PcapngWriter::new(create(path)?).map_err(io)?;
    let mut count = 0;
    let mut put = |frame: &Frame<'_>| -> Result<(), String> {
        if takes(frame) {
            count += 1;
            out.frame(frame).map_err(io)?;
        }
        Ok(())
    };
    match input {
        // The file holds what the screen may no longer keep.
        Some(input) => {
            let mut source = input.open().map_err(|error| error.to_string())?;
            while let Some(frame) = source.next().map_err(|error| error.to_string())? {
                put(&frame)?;
            }
        }
        None => app.judge.seen().frames().try_for_each(|frame| put(&frame))?,
    }
    out.finish().map_err(io)?;
    let older = match app.judge.seen().let_go {
        0 => String::new(),
        _ if input.is_some() => String::new(),
        gone => format!("; {gone} older frames are no longer kept"),
    };
    let whose = phone.map(|phone| format!(" of {}", phone.label())).unwrap_or_default();
    Ok(format!("saved {count} frames{whose} to {path}{older}"))
}
