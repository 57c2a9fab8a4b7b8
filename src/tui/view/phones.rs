//! The board: what the stuck ones share, a row a phone, the steps of the one under the cursor in words.
//!
//! Columns that have no room are left out, not cut short.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Areas, fit, over, put, wrap};
use crate::finding::{Severity, Verdict};
use crate::report::chain::{CHAIN, SHOWN};
use crate::time::Ts;
use crate::tui::app::{App, SORTS};
use crate::tui::board::{Row, Standing, Step};

/// Where the list is.
pub fn areas(body: Rect) -> Areas {
    let list = Rect { y: body.y + 3, height: body.height.saturating_sub(3 + BELOW), ..body };
    Areas { list, ..Areas::default() }
}

/// Lines below the list: a rule, the steps of the phone under the cursor, its facts, and what is the matter with it.
const BELOW: u16 = 4;

/// From this many characters on it is of use to say in a row what the phone waits for.
const WAITS: usize = 16;

/// A column: its name, its width, from which width of the screen on it is shown.
struct Column(&'static str, usize, u16);

const COLUMNS: &[Column] = &[
    Column("state", 21, 0),
    Column("name", 15, 0),
    Column("address", 15, 0),
    Column("steps", 11, 0),
    Column("vlan", 4, 78),
    Column("port", 24, 118),
    Column("model", 11, 100),
    Column("dn", 8, 130),
    Column("callmanager", 15, 150),
    Column("mac", 17, 170),
];

/// Draws it.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    counts(app, body, buf);
    let columns: Vec<&Column> = COLUMNS.iter().filter(|column| column.2 <= body.width).collect();
    let sort = SORTS.get(app.phones.sort).copied().unwrap_or_default();
    let mut head = Vec::new();
    for Column(name, width, _) in &columns {
        let mark = if *name != sort {
            ""
        } else if app.phones.reverse {
            "▴"
        } else {
            "▾"
        };
        head.push(Span::styled(format!("{} ", fit(&format!("{name}{mark}"), *width)), theme.title()));
    }
    let used: usize = columns.iter().map(|column| column.1 + 1).sum();
    let room = usize::from(body.width).saturating_sub(used);
    if room >= WAITS {
        head.push(Span::styled("waits for", theme.title()));
    }
    put(buf, body.x, body.y + 2, body.width, Line::from(head));
    let areas = areas(body);
    let now = app.judge.summary().last.unwrap_or_default();
    if app.board.rows.is_empty() {
        nothing(app, areas.list, buf);
    }
    let list = app.phones.list;
    for line in 0..usize::from(areas.list.height) {
        let Some(row) = app.row_at(list.top + line) else { break };
        let y = areas.list.y + line as u16;
        let mut spans = Vec::new();
        for Column(name, width, _) in &columns {
            cell(app, row, name, *width, &mut spans);
            spans.push(Span::raw(" "));
        }
        spans.push(Span::styled(waits(row, now, room), theme.faint()));
        put(buf, body.x, y, body.width, Line::from(spans));
        if list.top + line == list.at {
            over(buf, Rect { y, height: 1, ..areas.list }, theme.cursor());
        }
    }
    if let Some(row) = app.row_at(list.at) {
        detail(app, row, now, Rect { y: areas.list.bottom(), height: BELOW, ..body }, buf);
    }
}

fn counts(app: &App, body: Rect, buf: &mut Buffer) {
    let [stuck, unclear, waits, healthy] = app.board.counts;
    let mut spans = vec![Span::raw(" ")];
    for (count, standing, word) in [
        (stuck, Standing::Stuck, "stuck"),
        (unclear, Standing::Unclear, "unclear"),
        (waits, Standing::Waits, "waiting"),
        (healthy, Standing::Healthy, "healthy"),
    ] {
        let style = if count == 0 { app.theme.faint() } else { app.theme.standing(standing) };
        spans.push(Span::styled(format!("{} {count} {word}   ", standing.words().0), style));
    }
    if !app.phones.search.is_empty() {
        let text = format!("/{} ({} of {})", app.phones.search, app.phones.shown.len(), app.board.rows.len());
        spans.push(Span::styled(text, app.theme.accent()));
    }
    put(buf, body.x, body.y, body.width, Line::from(spans));
    if !app.board.shared.is_empty() {
        let text = format!(" shared: {}", app.board.shared.join(" · "));
        put(buf, body.x, body.y + 1, body.width, Line::styled(fit(&text, usize::from(body.width)), app.theme.warn()));
    }
}

fn nothing(app: &App, area: Rect, buf: &mut Buffer) {
    let seen: Vec<String> = app.judge.summary().seen.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let seen = if seen.is_empty() { "no message of a phone's protocols".to_owned() } else { seen.join(", ") };
    let width = area.width.saturating_sub(4);
    let texts = [
        "No Cisco IP phone so far.".to_owned(),
        format!("Seen: {seen}."),
        "Capture at the phone's own switch port (SPAN, both directions), from before power-up.".to_owned(),
    ];
    let lines = texts.iter().flat_map(|text| wrap(text, usize::from(width)));
    for (line, text) in (1..).zip(lines.take(usize::from(area.height.saturating_sub(1)))) {
        put(buf, area.x + 2, area.y + line, width, Line::styled(text, app.theme.faint()));
    }
}

fn state(row: &Row) -> String {
    let (glyph, word) = row.standing.words();
    match row.at {
        Some(at) => format!("{glyph} {word} {at}"),
        None => format!("{glyph} {word}"),
    }
}

fn cell(app: &App, row: &Row, name: &str, width: usize, spans: &mut Vec<Span<'_>>) {
    let theme = app.theme;
    let plain = |text: &str| Span::raw(fit(text, width));
    match name {
        "state" if app.is_marked(row.id) => {
            spans.push(Span::styled(fit(&state(row), width.saturating_sub(1)), theme.standing(row.standing)));
            spans.push(Span::styled("●", theme.accent()));
        }
        "state" => spans.push(Span::styled(fit(&state(row), width), theme.standing(row.standing))),
        "name" => spans.push(Span::styled(fit(&row.label, width), theme.accent())),
        "address" => spans.push(plain(&row.ip)),
        "vlan" => spans.push(plain(&row.vlan.map(|vlan| vlan.to_string()).unwrap_or_default())),
        "steps" => {
            for step in row.steps {
                spans.push(Span::styled(step.glyph().to_string(), theme.step(step)));
            }
            spans.push(Span::raw(" ".repeat(width.saturating_sub(row.steps.len()))));
        }
        "port" => spans.push(plain(&row.port)),
        "model" => spans.push(plain(&row.model)),
        "dn" => spans.push(plain(&row.dn)),
        "callmanager" => spans.push(plain(&row.callmanager)),
        _ => spans.push(plain(&row.mac)),
    }
}

fn waits(row: &Row, now: Ts, room: usize) -> String {
    let Some((label, since, _)) = row.waits.as_ref().filter(|_| room >= WAITS) else { return String::new() };
    let text = format!("{} s {label}", now.since(*since).as_secs_f64() as u64);
    fit(&text, room)
}

fn detail(app: &App, row: &Row, now: Ts, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let rule = "─".repeat(usize::from(area.width));
    put(buf, area.x, area.y, area.width, Line::styled(rule, theme.faint()));
    let steps = CHAIN.iter().zip(row.steps).filter(|(model, step)| *step != Step::Unseen || SHOWN.contains(*model));
    let words: Vec<(String, Style)> =
        steps.map(|(model, step)| (format!("{} {model}", step.glyph()), theme.step(step))).collect();
    let long: usize = words.iter().map(|(text, _)| text.chars().count() + 2).sum();
    let tight = long > usize::from(area.width);
    let mut spans = Vec::new();
    for (text, style) in words {
        let text = if tight { format!(" {}", text.replacen(' ', "", 1)) } else { format!(" {text} ") };
        spans.push(Span::styled(text, style));
    }
    put(buf, area.x, area.y + 1, area.width, Line::from(spans));
    let mut facts: Vec<(String, Style)> = vec![(format!(" {}", row.label), theme.accent())];
    for fact in [&row.model, &row.port, &row.dn, &row.callmanager] {
        if !fact.is_empty() {
            facts.push((format!("  {fact}"), Style::new()));
        }
    }
    let facts: Vec<Span<'_>> = facts.into_iter().map(|(text, style)| Span::styled(text, style)).collect();
    put(buf, area.x, area.y + 2, area.width, Line::from(facts));
    let text = fit(&format!(" {}", matter(app, row, now)), usize::from(area.width));
    put(buf, area.x, area.y + 3, area.width, Line::styled(text, theme.standing(row.standing)));
}

/// What is the matter with a phone, in a line: what was found, what it waits for, or why nothing can be told.
fn matter(app: &App, row: &Row, now: Ts) -> String {
    let found = app.judge.findings().iter().rev().find(|f| f.severity == Severity::Fail && f.phones.contains(&row.id));
    match (row.standing, found, &row.waits) {
        (Standing::Stuck | Standing::Failed, Some(finding), _) => format!("{}: {}", finding.id, finding.what),
        (_, _, Some((label, since, due))) => {
            let left = due.map(|due| format!(", {} s left", due.since(now).as_secs_f64() as u64)).unwrap_or_default();
            format!("{label} for {} s{left}", now.since(*since).as_secs_f64() as u64)
        }
        (Standing::Unclear, ..) => {
            let why = app.judge.flows_of(row.id).into_iter().find(|flow| flow.verdict == Verdict::Inconclusive);
            why.map(|flow| format!("{}: {}", flow.model, flow.reason)).unwrap_or_default()
        }
        _ => String::new(),
    }
}
