//! Two phones beside each other: the first step that differs, and every fact that does.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{clear, fit, put, wrap};
use crate::report::compare::{Comparison, Difference};
use crate::tui::app::App;

/// Draws it from a line on; what does not fit is reached by the arrows.
pub fn draw(app: &App, comparison: &Comparison, from: usize, body: Rect, buf: &mut Buffer) {
    let inner = usize::from(body.width.saturating_sub(4));
    let what = (inner / 4).clamp(10, 28);
    let side = inner.saturating_sub(what + 2) / 2;
    let lines = lines(app, comparison, what, side);
    let height = (lines.len() as u16 + 2).min(body.height);
    let area = Rect { height, ..body };
    clear(buf, area);
    let style = app.theme.accent();
    let rows = usize::from(height.saturating_sub(2));
    let from = from.min(lines.len().saturating_sub(rows));
    let title = " What differs (↑ ↓ more, any other key closes) ";
    let rest = usize::from(area.width).saturating_sub(title.chars().count() + 3);
    put(buf, area.x, area.y, area.width, Line::styled(format!("┌─{title}{}┐", "─".repeat(rest)), style));
    for (row, line) in lines.into_iter().skip(from).take(rows).enumerate() {
        let y = area.y + 1 + row as u16;
        put(buf, area.x, y, 1, Line::styled("│", style));
        put(buf, area.x + 2, y, area.width.saturating_sub(3), line);
        put(buf, area.right().saturating_sub(1), y, 1, Line::styled("│", style));
    }
    let rest = "─".repeat(usize::from(area.width.saturating_sub(2)));
    put(buf, area.x, area.bottom().saturating_sub(1), area.width, Line::styled(format!("└{rest}┘"), style));
}

/// Most lines that one value takes.
const LINES: usize = 3;

fn lines(app: &App, comparison: &Comparison, what: usize, side: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut all = vec![Line::from(vec![
        Span::raw(" ".repeat(what + 1)),
        Span::styled(format!("{} ", fit(&comparison.phone, side)), theme.accent()),
        Span::styled(fit(&comparison.against, side), theme.accent()),
    ])];
    let mut add = |Difference { what: name, here, there }: &Difference, style| {
        let or_none = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        let columns = [wrap(name, what), wrap(&or_none(here), side), wrap(&or_none(there), side)];
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0).min(LINES);
        for row in 0..rows {
            let cell = |column: usize, width| {
                let lines = columns.get(column).map(Vec::as_slice).unwrap_or_default();
                let text = lines.get(row).map(String::as_str).unwrap_or_default();
                let more = row + 1 == rows && lines.len() > rows;
                fit(&if more { format!("{text} …") } else { text.to_owned() }, width)
            };
            all.push(Line::from(vec![
                Span::styled(format!("{} ", cell(0, what)), theme.title()),
                Span::styled(format!("{} ", cell(1, side)), style),
                Span::raw(cell(2, side)),
            ]));
        }
    };
    match &comparison.parts_at {
        Some(step) => {
            let step = Difference { what: format!("parts at {}", step.what), ..step.clone() };
            add(&step, theme.warn());
        }
        None => {
            let alike = "none: all came out alike".to_owned();
            add(&Difference { what: "steps".to_owned(), here: alike.clone(), there: alike }, theme.good());
        }
    }
    comparison.differences.iter().for_each(|difference| add(difference, ratatui::style::Style::new()));
    all
}
