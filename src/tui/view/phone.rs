//! One phone: a ladder of every protocol with the steps at its side, and its findings with what, why and fix.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Areas, fit, over, put, rule, wrap};
use crate::finding::{Finding, Severity};
use crate::report::ladder::{Kind, Rung};
use crate::report::text::frames;
use crate::tui::app::{App, Pane};

/// From this width on findings stand beside the ladder, else below it.
const WIDE: u16 = 110;

/// The ladder and the findings. Below each other, the one that has the keys has the greater part: a finding is read
/// to its end.
fn halves(body: Rect, pane: Pane) -> (Rect, Rect) {
    let rest = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
    if body.width >= WIDE {
        let right = (body.width * 2 / 5).min(64);
        let left = rest.width - right;
        (Rect { width: left, ..rest }, Rect { x: rest.x + left, width: right, ..rest })
    } else {
        let third = rest.height / 3;
        let below = if pane == Pane::First { third.max(5) } else { rest.height - third };
        let below = below.min(rest.height);
        let above = rest.height - below;
        (Rect { height: above, ..rest }, Rect { y: rest.y + above, height: below, ..rest })
    }
}

/// Where the ladder and the findings are.
pub fn areas(body: Rect, pane: Pane) -> Areas {
    let (ladder, second) = halves(body, pane);
    let list = Rect { y: ladder.y + 2, height: ladder.height.saturating_sub(2), ..ladder };
    Areas { list, second, ..Areas::default() }
}

/// Draws it.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let Some(id) = app.phone.id else {
        let text = " No phone so far: the board is view 1.";
        put(buf, body.x, body.y, body.width, Line::styled(text, app.theme.faint()));
        return;
    };
    title(app, id, body, buf);
    let (ladder, findings) = halves(body, app.phone.pane);
    let areas = areas(body, app.phone.pane);
    let lanes = Lanes::of(app, ladder);
    lanes.heads(app, ladder, buf);
    let mut before = None;
    let mut band = "";
    for line in 0..usize::from(areas.list.height) {
        let index = app.phone.list.top + line;
        let Some(rung) = app.phone.ladder.rungs.get(index) else { break };
        let y = areas.list.y + line as u16;
        let cursor = index == app.phone.list.at;
        let time = app.time(rung.time, before);
        lanes.rung(app, rung, &time, if rung.band == band && line > 0 { "" } else { rung.band }, y, buf);
        if cursor {
            let style = if app.phone.pane == Pane::First { app.theme.cursor() } else { app.theme.title() };
            over(buf, Rect { y, height: 1, ..areas.list }, style);
        }
        band = rung.band;
        before = Some(rung.time);
    }
    draw_findings(app, findings, buf, body.width >= WIDE);
}

fn title(app: &App, id: crate::finding::PhoneId, body: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let row = app.board.rows.iter().find(|row| row.id == id);
    let mut spans = vec![Span::styled(format!(" {}", app.phone.ladder.title), theme.accent())];
    if let Some(row) = row {
        let (glyph, word) = row.standing.words();
        let at = row.at.map(|at| format!(" at {at}")).unwrap_or_default();
        spans.push(Span::styled(format!("  {glyph} {word}{at}"), theme.standing(row.standing)));
        let vlan = row.vlan.map(|vlan| format!("VLAN {vlan}")).unwrap_or_default();
        for fact in [&row.model, &row.ip, &vlan, &row.port, &row.dn] {
            if !fact.is_empty() {
                spans.push(Span::raw(format!("  {fact}")));
            }
        }
    }
    if !app.phone.search.is_empty() {
        spans.push(Span::styled(format!("  /{}", app.phone.search), theme.accent()));
    }
    put(buf, body.x, body.y, body.width, Line::from(spans));
}

/// Where the lanes stand.
struct Lanes {
    at: Vec<u16>,
    /// Where times end and steps end.
    band: (u16, usize),
    right: u16,
}

const TIME: u16 = 13;

impl Lanes {
    fn of(app: &App, area: Rect) -> Lanes {
        let count = app.phone.ladder.lanes.len().max(2) as u16;
        let band = if area.width >= 100 { 12 } else { 8 };
        let left = area.x + TIME + band;
        let room = area.width.saturating_sub(TIME + band);
        let step = (room / count).max(4);
        // A lane stands in the middle of its share.
        let at = (0..count).map(|lane| left + lane * step + step / 2).collect();
        Lanes { at, band: (area.x + TIME, usize::from(band) - 1), right: area.right() }
    }

    fn heads(&self, app: &App, area: Rect, buf: &mut Buffer) {
        let step = self.at.get(1).zip(self.at.first()).map_or(10, |(b, a)| b - a);
        for (lane, at) in app.phone.ladder.lanes.iter().zip(&self.at) {
            for (line, text, style) in [(0, &lane.title, app.theme.title()), (1, &lane.about, app.theme.faint())] {
                let width = usize::from(step.saturating_sub(1));
                let text = fit(text, width.min(text.chars().count()));
                let x = at.saturating_sub(text.chars().count() as u16 / 2);
                put(buf, x, area.y + line, self.right.saturating_sub(x), Line::styled(text, style));
            }
        }
    }

    fn rung(&self, app: &App, rung: &Rung, time: &str, band: &str, y: u16, buf: &mut Buffer) {
        let theme = app.theme;
        let (bx, width) = self.band;
        put(buf, bx - TIME, y, TIME, Line::styled(format!("{time:>12}"), theme.faint()));
        put(buf, bx, y, width as u16, Line::styled(fit(band, width), theme.accent()));
        for at in self.at.iter().take(app.phone.ladder.lanes.len()) {
            put(buf, *at, y, 1, Line::styled("│", theme.faint()));
        }
        let style = match (rung.kind, rung.severity) {
            (Kind::Missing, _) => theme.bad(),
            (_, Some(severity)) => theme.severity(severity),
            (Kind::Awaited, _) => theme.warn(),
            _ => Style::new(),
        };
        let (Some(from), Some(to)) = (self.at.get(rung.from), self.at.get(rung.to)) else { return };
        let (left, right) = ((*from).min(*to), (*from).max(*to));
        let stroke = if rung.kind == Kind::Message { '─' } else { '╌' };
        let length = usize::from((right - left).saturating_sub(1));
        let mut line: Vec<char> = vec![stroke; length];
        let forth = to > from;
        let head = if forth { line.last_mut() } else { line.first_mut() };
        if let Some(head) = head {
            *head = match (rung.kind, forth) {
                (Kind::Missing, _) => '✖',
                (_, true) => '▶',
                (_, false) => '◀',
            };
        }
        put(buf, left + 1, y, length as u16, Line::styled(line.iter().collect::<String>(), style));
        let mark = match (rung.kind, rung.severity) {
            (Kind::Missing, _) => " did not come",
            (Kind::Awaited, _) => " awaited",
            (_, Some(Severity::Fail)) => " ✖",
            (_, Some(Severity::Warn)) => " !",
            _ => "",
        };
        let text = format!("{}{mark}", rung.text);
        let count = text.chars().count();
        if count + 4 <= length {
            // In the arrow, where it has room.
            let x = left + 1 + ((length - count) / 2) as u16;
            put(buf, x, y, count as u16, Line::styled(text, style));
        } else {
            let room = self.right.saturating_sub(right + 2);
            if usize::from(room) >= count.min(12) {
                put(buf, right + 2, y, room, Line::styled(fit(&text, usize::from(room).min(count)), style));
            } else {
                let text = fit(&text, length.saturating_sub(2).min(count));
                put(buf, left + 2, y, length as u16, Line::styled(text, style));
            }
        }
    }
}

fn draw_findings(app: &App, area: Rect, buf: &mut Buffer, beside: bool) {
    let theme = app.theme;
    let active = app.phone.pane == Pane::Second;
    let all = &app.phone.findings;
    let name = match all.len() {
        0 => "no findings".to_owned(),
        count => format!("findings {} of {count}", app.phone.finding.at + 1),
    };
    rule(app, buf, area, &name, active);
    let (x, width) = if beside { (area.x + 1, area.width.saturating_sub(1)) } else { (area.x, area.width) };
    let mut y = area.y + 1;
    let mut line = |spans: Vec<Span<'_>>| {
        if y < area.bottom() {
            put(buf, x, y, width, Line::from(spans));
        }
        y += 1;
        y < area.bottom()
    };
    for finding in all.iter().skip(app.phone.finding.at) {
        let style = theme.severity(finding.severity);
        let head = format!("{} {}", glyph(finding), finding.id);
        let about = format!("  {}  frames {}", finding.time.clock(), frames(&finding.frames));
        if !line(vec![Span::styled(head, style), Span::styled(about, theme.faint())]) {
            return;
        }
        for (label, text) in [("what", &finding.what), ("why ", &finding.why), ("fix ", &finding.fix)] {
            for (number, part) in wrap(text, usize::from(width).saturating_sub(7)).into_iter().enumerate() {
                let label = if number == 0 { label } else { "    " };
                if !part.is_empty() && !line(vec![Span::styled(format!("  {label} "), theme.title()), Span::raw(part)])
                {
                    return;
                }
            }
        }
    }
}

fn glyph(finding: &Finding) -> char {
    match finding.severity {
        Severity::Fail => '✖',
        Severity::Warn => '!',
        Severity::Info => 'i',
    }
}
