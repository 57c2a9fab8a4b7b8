//! Draws the screen from its state, and changes nothing: bars at top and bottom here, a file a view.

pub mod beside;
pub mod help;
pub mod media;
pub mod models;
pub mod packets;
pub mod phone;
pub mod phones;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::{App, View};
use super::prompt::Asks;

/// Where the lists of a view are: what the keys move in, and what the mouse hits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Areas {
    /// The first list.
    pub list: Rect,
    /// The second: findings, fields, states.
    pub second: Rect,
    /// The third: bytes.
    pub third: Rect,
}

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Where everything is, at the present size.
pub fn areas(app: &App) -> Areas {
    let body = body(app.size);
    match app.view {
        View::Phones => phones::areas(body),
        View::Phone => phone::areas(body, app.phone.pane),
        View::Packets => packets::areas(body),
        View::Media => media::areas(body),
        View::Models => models::areas(body),
    }
}

/// Between the bars.
fn body((width, height): (u16, u16)) -> Rect {
    Rect { x: 0, y: 1, width, height: height.saturating_sub(2) }
}

/// Draws all of it.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buf = frame.buffer_mut();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        put(buf, area.x, area.y, area.width, Line::from("make the window larger"));
        return;
    }
    let body = body((area.width, area.height));
    match app.view {
        View::Phones => phones::draw(app, body, buf),
        View::Phone => phone::draw(app, body, buf),
        View::Packets => packets::draw(app, body, buf),
        View::Media => media::draw(app, body, buf),
        View::Models => models::draw(app, body, buf),
    }
    top(app, area, buf);
    let cursor = bottom(app, area, buf);
    if let Some(line) = app.help {
        help::draw(app, line, body, buf);
    }
    if let Some((comparison, from)) = &app.beside {
        beside::draw(app, comparison, *from, body, buf);
    }
    if let Some(at) = cursor {
        frame.set_cursor_position(at);
    }
}

/// The view whose tab is at that column.
pub fn tab_at(x: u16) -> Option<View> {
    let mut at = 0;
    for (number, (view, name)) in (1..).zip(View::ALL) {
        let width = tab(number, name).chars().count() as u16;
        if (at..at + width).contains(&x) {
            return Some(view);
        }
        at += width;
    }
    None
}

fn tab(number: usize, name: &str) -> String {
    format!(" {number} {name} ")
}

fn top(app: &App, area: Rect, buf: &mut Buffer) {
    let bar = app.theme.bar();
    let mut spans: Vec<Span<'_>> = Vec::new();
    for (number, (view, name)) in (1..).zip(View::ALL) {
        let style = if view == app.view { app.theme.title() } else { bar };
        spans.push(Span::styled(tab(number, name), style));
    }
    let summary = app.judge.summary();
    let mut facts: Vec<String> = Vec::new();
    if app.origin.drops > 0 {
        facts.push(format!("! {} dropped", app.origin.drops));
    }
    if app.origin.paused {
        facts.push("PAUSED".to_owned());
    } else if app.judge.is_over() {
        facts.push("end".to_owned());
    } else if app.origin.live {
        facts.push("live".to_owned());
    }
    if !app.origin.live && !app.judge.is_over() && !app.origin.speed.is_empty() {
        facts.push(app.origin.speed.clone());
    }
    facts.push(format!("{} packets", summary.packets));
    facts.extend(summary.last.map(|last| last.clock().chars().take(8).collect()));
    let used: usize = spans.iter().map(Span::width).sum();
    let mut right = format!(" {} ", facts.join(" · "));
    let named = format!(" {} ·{right}", app.origin.name);
    if !app.origin.name.is_empty() && used + named.chars().count() <= usize::from(area.width) {
        right = named;
    }
    let gap = usize::from(area.width).saturating_sub(used + right.chars().count());
    spans.push(Span::styled(" ".repeat(gap), bar));
    spans.push(Span::styled(right, bar));
    put(buf, area.x, area.y, area.width, Line::from(spans));
}

/// Gives where the cursor is, if something is typed.
fn bottom(app: &App, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let y = area.bottom().saturating_sub(1);
    let theme = app.theme;
    if let Some(prompt) = &app.prompt {
        let sign = prompt.sign();
        let mut spans = vec![Span::styled(sign, theme.accent())];
        match &prompt.error {
            Some((at, _)) => {
                let (good, wrong) = prompt.text.split_at_checked(*at).unwrap_or((prompt.text.as_str(), ""));
                spans.push(Span::raw(good.to_owned()));
                spans.push(Span::styled(wrong.to_owned(), theme.bad()));
            }
            None => spans.push(Span::raw(prompt.text.clone())),
        }
        let told = match (&prompt.error, prompt.offers.as_slice()) {
            (_, offers) if !offers.is_empty() => {
                let all: Vec<&str> = offers.iter().take(6).map(String::as_str).collect();
                Some((format!("Tab: {}", all.join("  ")), theme.faint()))
            }
            (Some((_, what)), _) => Some((format!("✖ {what}"), theme.bad())),
            (None, _) if prompt.asks == Asks::Filter => Some(("✔ Enter".to_owned(), theme.good())),
            _ => None,
        };
        clear(buf, Rect { y, height: 1, ..area });
        put(buf, area.x, y, area.width, Line::from(spans));
        if let Some((text, style)) = told {
            let above = Rect { y: y.saturating_sub(1), height: 1, ..area };
            clear(buf, above);
            put(buf, area.x, above.y, area.width, Line::styled(text, style));
        }
        let before = prompt.text.get(..prompt.at).unwrap_or_default().chars().count();
        let x = area.x + (sign.chars().count() + before).min(usize::from(area.width.saturating_sub(1))) as u16;
        return Some((x, y));
    }
    if let Some((text, bad)) = &app.said {
        let style = if *bad { theme.warn() } else { theme.good() };
        clear(buf, Rect { y, height: 1, ..area });
        put(buf, area.x, y, area.width, Line::styled(format!(" {text}"), style));
        return None;
    }
    let hints: &[(&str, &str)] = match app.view {
        View::Phones => &[
            ("Enter", "ladder"),
            ("/", "search"),
            (">", "sort"),
            ("d", "differs"),
            ("s", "save"),
            ("?", "keys"),
            ("q", "quit"),
        ],
        View::Phone => &[
            ("Enter", "packet"),
            ("Tab", "pane"),
            ("n", "next finding"),
            ("x", "all"),
            ("s", "save"),
            ("?", "keys"),
            ("q", "back"),
        ],
        View::Packets => &[
            ("f", "filter"),
            ("/", "search"),
            ("Tab", "pane"),
            ("y", "copy filter"),
            ("s", "save"),
            ("?", "keys"),
            ("q", "back"),
        ],
        View::Media => &[("Enter", "phone"), ("y", "copy filter"), ("s", "save"), ("?", "keys"), ("q", "back")],
        View::Models => &[("Enter", "phone"), ("Tab", "pane"), ("s", "save"), ("?", "keys"), ("q", "back")],
    };
    let mut spans = Vec::new();
    for (key, what) in hints {
        spans.push(Span::styled(format!(" {key} "), theme.bar()));
        spans.push(Span::styled(format!("{what} "), theme.faint()));
    }
    put(buf, area.x, y, area.width, Line::from(spans));
    None
}

/// A line of text, cut at `width`.
pub(super) fn put(buf: &mut Buffer, x: u16, y: u16, width: u16, line: Line<'_>) {
    if buf.area.contains((x, y).into()) {
        buf.set_line(x, y, &line, width.min(buf.area.right().saturating_sub(x)));
    }
}

/// A style over a whole line.
pub(super) fn over(buf: &mut Buffer, area: Rect, style: Style) {
    buf.set_style(area.intersection(buf.area), style);
}

/// Blank.
pub(super) fn clear(buf: &mut Buffer, area: Rect) {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}

/// A line between panes, with the name of the one below, and whether that has the keys.
pub(super) fn rule(app: &App, buf: &mut Buffer, area: Rect, name: &str, active: bool) {
    let style = if active { app.theme.accent() } else { app.theme.faint() };
    let mark = if active { "▸ " } else { "" };
    let head = format!("── {mark}{name} ");
    let rest = usize::from(area.width).saturating_sub(head.chars().count());
    put(buf, area.x, area.y, area.width, Line::styled(format!("{head}{}", "─".repeat(rest)), style));
}

/// A text, cut to `width` characters with an ellipsis, or filled up.
pub(super) fn fit(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return format!("{text}{}", " ".repeat(width - count));
    }
    let cut: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// A text in lines of at most `width` characters, broken between words where that is possible.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word;
        while let Some(line) = lines.last_mut() {
            let (have, need) = (line.chars().count(), word.chars().count());
            let gap = usize::from(have > 0);
            if have + gap + need <= width {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if have > 0 {
                lines.push(String::new());
                continue;
            }
            let cut = word.char_indices().nth(width.max(1)).map_or(word.len(), |(at, _)| at);
            let (head, rest) = word.split_at(cut);
            line.push_str(head);
            lines.push(String::new());
            word = rest;
        }
    }
    lines
}
