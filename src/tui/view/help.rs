//! The keys, from their table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{clear, put};
use crate::tui::app::App;
use crate::tui::keys::BINDINGS;

/// Draws the table from a line on.
pub fn draw(app: &App, from: usize, body: Rect, buf: &mut Buffer) {
    let width = body.width.min(64);
    let height = body.height.min(BINDINGS.len() as u16 + 2);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    clear(buf, area);
    let style = app.theme.accent();
    let rows = usize::from(height.saturating_sub(2));
    let from = from.min(BINDINGS.len().saturating_sub(rows));
    let inner = usize::from(width.saturating_sub(2));
    let title = " Keys (↑ ↓ more, any other key closes) ";
    let rest = inner.saturating_sub(title.chars().count() + 1);
    put(buf, area.x, area.y, width, Line::styled(format!("┌─{title}{}┐", "─".repeat(rest)), style));
    for (row, binding) in BINDINGS.iter().skip(from).take(rows).enumerate() {
        let y = area.y + 1 + row as u16;
        let keys = binding.keys.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        put(buf, area.x, y, width, Line::styled("│", style));
        let line = Line::from(vec![Span::styled(format!(" {keys:<14}"), app.theme.title()), Span::raw(binding.help)]);
        put(buf, area.x + 1, y, width.saturating_sub(2), line);
        put(buf, area.right().saturating_sub(1), y, 1, Line::styled("│", style));
    }
    put(buf, area.x, area.bottom().saturating_sub(1), width, Line::styled(format!("└{}┘", "─".repeat(inner)), style));
}
