//! The models: their states as a graph in lines, with the phones that stand in each.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Areas, fit, over, put};
use crate::model::Model;
use crate::tui::app::{App, Pane};

/// How wide the list of models is.
const LIST: u16 = 26;

/// Where the models and the states are.
pub fn areas(body: Rect) -> Areas {
    let height = body.height.saturating_sub(1);
    let list = Rect { y: body.y + 1, height, width: LIST.min(body.width), ..body };
    let second = Rect {
        x: list.right() + 1,
        y: body.y + 2,
        width: body.width.saturating_sub(list.width + 1),
        height: height.saturating_sub(1),
    };
    Areas { list, second, ..Areas::default() }
}

/// Draws it.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let areas = areas(body);
    put(buf, body.x, body.y, LIST, Line::styled(" model              phones", theme.title()));
    let models = app.judge.models();
    for row in 0..usize::from(areas.list.height) {
        let index = app.models.list.top + row;
        let Some(model) = models.list.get(index) else { break };
        let count: usize = app.models.standing.get(index).into_iter().flatten().map(Vec::len).sum();
        let y = areas.list.y + row as u16;
        let style = if count == 0 { theme.faint() } else { theme.accent() };
        put(buf, areas.list.x, y, LIST, Line::styled(format!(" {} {count:>5}", fit(&model.id, 18)), style));
        if index == app.models.list.at {
            let style = if app.models.pane == Pane::First { theme.cursor() } else { theme.title() };
            over(buf, Rect { y, height: 1, ..areas.list }, style);
        }
    }
    let Some(model) = models.list.get(app.models.list.at) else { return };
    let title = Line::styled(fit(&model.title, usize::from(areas.second.width)), theme.title());
    put(buf, areas.second.x, body.y, areas.second.width, title);
    for row in 0..usize::from(areas.second.height) {
        let index = app.models.state.top + row;
        let Some(state) = model.states.get(index) else { break };
        let there = app.models.standing.get(app.models.list.at).and_then(|states| states.get(index));
        let there = there.map(Vec::as_slice).unwrap_or_default();
        let y = areas.second.y + row as u16;
        let glyph = match (state.accept, index == model.start) {
            (true, _) => '◎',
            (false, true) => '●',
            (false, false) => '○',
        };
        let style = match (there.is_empty(), state.accept) {
            (true, _) => theme.faint(),
            (false, true) => theme.good(),
            (false, false) => theme.warn(),
        };
        let mut spans = vec![Span::styled(format!("{glyph} {} {:>5} ", fit(&state.name, 18), there.len()), style)];
        let phones = app.judge.phones();
        let names: Vec<String> =
            there.iter().take(3).filter_map(|id| phones.get(*id)).map(|phone| phone.label()).collect();
        if !names.is_empty() {
            let more = if there.len() > 3 { " …" } else { "" };
            spans.push(Span::styled(format!("{}{more}  ", names.join(" ")), style));
        }
        spans.push(Span::styled(edges(model, index), theme.faint()));
        put(buf, areas.second.x, y, areas.second.width, Line::from(spans));
        if index == app.models.state.at && app.models.pane == Pane::Second {
            over(buf, Rect { y, height: 1, ..areas.second }, theme.cursor());
        }
    }
}

/// Where a state leads to: `→ offered dhcp.offer`.
fn edges(model: &Model, from: usize) -> String {
    let mut all: Vec<String> = Vec::new();
    for row in model.rows.iter().filter(|row| row.from.contains(&from)) {
        let Some(to) = row.to.filter(|to| *to != from).and_then(|to| model.states.get(to)) else { continue };
        let by: Vec<&str> = row.by.iter().map(|event| event.name).collect();
        let text = format!("→ {} {}", to.name, by.join("|"));
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all.join("  ")
}
