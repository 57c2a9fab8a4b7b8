//! Streams with loss, jitter, MOS and their last seconds; page groups with their listeners.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Areas, fit, over, put, rule};
use crate::tui::app::App;
use crate::tui::media::Stream;

/// Where the streams are, and the groups.
pub fn areas(body: Rect) -> Areas {
    let groups = (body.height / 3).max(4);
    let list = Rect { y: body.y + 1, height: body.height.saturating_sub(groups + 1), ..body };
    let second = Rect { y: list.bottom() + 1, height: groups.saturating_sub(1), ..body };
    Areas { list, second, ..Areas::default() }
}

/// Draws it.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let areas = areas(body);
    let streams = &app.judge.seen().media.streams;
    let line = usize::from(body.width).saturating_sub(76);
    let head = format!(
        "{} {} {:<6} {:>7} {:>6} {:>7} {:>5} {}",
        fit("from", 21),
        fit("to", 21),
        "codec",
        "packets",
        "loss %",
        "jitter",
        "MOS",
        if line > 8 { "last seconds" } else { "" }
    );
    put(buf, body.x, body.y, body.width, Line::styled(head, theme.title()));
    if streams.is_empty() {
        put(buf, body.x + 2, areas.list.y + 1, body.width, Line::styled("No stream so far.", theme.faint()));
    }
    for row in 0..usize::from(areas.list.height) {
        let index = app.media.list.top + row;
        let Some(stream) = streams.get(index) else { break };
        let y = areas.list.y + row as u16;
        put(buf, body.x, y, body.width, stream_line(app, stream, line));
        if index == app.media.list.at {
            over(buf, Rect { y, height: 1, ..areas.list }, theme.cursor());
        }
    }
    groups(app, areas.second, buf);
}

fn stream_line(app: &App, stream: &Stream, room: usize) -> Line<'static> {
    let theme = app.theme;
    let loss = match stream.loss {
        loss if loss >= 3.0 => theme.bad(),
        loss if loss > 0.0 => theme.warn(),
        _ => theme.good(),
    };
    let mos = match stream.mos {
        Some(mos) if mos < 3.1 => theme.bad(),
        Some(mos) if mos < 3.8 => theme.warn(),
        Some(_) => theme.good(),
        None => theme.faint(),
    };
    let number =
        |value: Option<f64>, digits: usize| value.map_or("–".to_owned(), |value| format!("{value:.digits$}"));
    let mut spans = vec![
        Span::raw(format!("{} {} ", fit(&stream.src.to_string(), 21), fit(&stream.dst.to_string(), 21))),
        Span::raw(format!("{} {:>7} ", fit(&stream.codec, 6), stream.packets)),
        Span::styled(format!("{:>6} ", number(Some(stream.loss), 2)), loss),
        Span::raw(format!("{:>4} ms ", number(stream.jitter, 1))),
        Span::styled(format!("{:>5} ", number(stream.mos, 2)), mos),
    ];
    if room > 8 {
        spans.push(Span::styled(sparkline(stream, room), if stream.lost > 0 { theme.warn() } else { theme.good() }));
    }
    if !stream.ended {
        spans.push(Span::styled(" ●", theme.good()));
    }
    Line::from(spans)
}

/// A column a second: how much of it came. A second that lost packets is lower by its share; one without any is a dot.
fn sparkline(stream: &Stream, room: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = stream.seconds.iter().map(|second| second.came + second.lost).max().unwrap_or(1).max(1);
    let skip = stream.seconds.len().saturating_sub(room.saturating_sub(3));
    stream
        .seconds
        .iter()
        .skip(skip)
        .map(|second| match second.came {
            0 => '·',
            came => BARS.get((came as usize * 8 / most as usize).saturating_sub(1).min(7)).copied().unwrap_or('█'),
        })
        .collect()
}

fn groups(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let media = &app.judge.seen().media;
    rule(app, buf, Rect { y: area.y.saturating_sub(1), height: 1, ..area }, "page groups", false);
    if media.groups.is_empty() {
        put(buf, area.x + 2, area.y, area.width, Line::styled("No group was joined so far.", theme.faint()));
    }
    let name = |ip: &std::net::IpAddr| {
        let phones = app.judge.phones();
        let known = phones.all().find(|(_, phone)| phone.addresses.iter().any(|address| address.ip == *ip));
        known.map_or_else(|| ip.to_string(), |(_, phone)| phone.label())
    };
    for (row, (address, group)) in media.groups.iter().take(usize::from(area.height)).enumerate() {
        let streams = media.streams.iter().filter(|stream| stream.dst.ip == *address).count();
        let listeners: Vec<String> = group.listeners.iter().map(name).collect();
        let mut text = format!(" {address}  {streams} streams  {} listeners: {}", listeners.len(), listeners.join(" "));
        if !group.left.is_empty() {
            let left: Vec<String> = group.left.iter().map(name).collect();
            let _ = write!(text, "  left: {}", left.join(" "));
        }
        put(buf, area.x, area.y + row as u16, area.width, Line::raw(fit(&text, usize::from(area.width))));
    }
}
