//! Frames: a list, the fields of the one under the cursor, and their bytes; each follows the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Areas, fit, over, put, rule};
use crate::decode::{self, Layer};
use crate::event::Mac;
use crate::tui::app::{App, Pane};
use crate::tui::words;

/// From this width on bytes stand beside the fields, else below them.
const WIDE: u16 = 118;

/// Where the list, the fields and the bytes are.
pub fn areas(body: Rect) -> Areas {
    let list_height = (body.height.saturating_sub(2) * 2 / 5).max(3);
    let list = Rect { y: body.y + 2, height: list_height, ..body };
    let rest = body.bottom().saturating_sub(list.bottom());
    if body.width >= WIDE {
        let bytes = 76.min(body.width / 2);
        let second = Rect { y: list.bottom() + 1, height: rest.saturating_sub(1), width: body.width - bytes, ..body };
        let third = Rect { x: second.right(), width: bytes, ..second };
        Areas { list, second, third }
    } else {
        let tree = rest.saturating_sub(2) * 3 / 5;
        let second = Rect { y: list.bottom() + 1, height: tree, ..body };
        let third = Rect { y: second.bottom() + 1, height: rest.saturating_sub(tree + 2), ..body };
        Areas { list, second, third }
    }
}

/// Draws it.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let areas = areas(body);
    let packets = &app.packets;
    let filter = if packets.filter.is_empty() {
        Span::styled(" -Y  (f: filter)".to_owned(), theme.faint())
    } else {
        Span::styled(format!(" -Y {}", packets.filter), theme.accent())
    };
    let mut count = format!("  {} of {} frames", app.packets_len(), app.judge.seen().len());
    if app.judge.seen().let_go > 0 {
        count.push_str(&format!(", {} older ones no longer kept", app.judge.seen().let_go));
    }
    if packets.follow {
        count.push_str("  newest");
    }
    put(buf, body.x, body.y, body.width, Line::from(vec![filter, Span::styled(count, theme.faint())]));
    let ends = ends_width(body.width);
    let head = format!("{:>7} {:<12} {} {} what", "frame", "time", fit("from", ends), fit("to", ends));
    put(buf, body.x, body.y + 1, body.width, Line::styled(head, theme.title()));
    let mut before = None;
    for line in 0..usize::from(areas.list.height) {
        let index = packets.list.top + line;
        let Some(number) = app.packet_at(index) else { break };
        let y = areas.list.y + line as u16;
        if let Some(kept) = app.judge.seen().frame(number) {
            let frame = kept.frame(number);
            let packet = decode::packet(&frame);
            let (from, to) = ends_of(&packet);
            let mut text = info(app, index).unwrap_or_default();
            if packet.stop.is_some() {
                text.push_str(" !");
            }
            let spans = vec![
                Span::styled(format!("{number:>7} "), theme.faint()),
                Span::styled(format!("{:<12} ", app.time(kept.time, before)), theme.faint()),
                Span::raw(format!("{} {} ", fit(&from, ends), fit(&to, ends))),
                Span::raw(text),
            ];
            put(buf, body.x, y, body.width, Line::from(spans));
            before = Some(kept.time);
        }
        if index == packets.list.at {
            let style = if packets.pane == Pane::First { theme.cursor() } else { theme.title() };
            over(buf, Rect { y, height: 1, ..areas.list }, style);
        }
    }
    tree(app, areas.second, buf);
    bytes(app, areas.third, buf);
}

const fn ends_width(width: u16) -> usize {
    if width >= 110 { 24 } else { 17 }
}

fn ends_of(packet: &decode::Packet<'_>) -> (String, String) {
    let origin = &packet.origin;
    let mac = |mac: Option<[u8; 6]>| mac.map(|mac| Mac(mac).to_string()).unwrap_or_default();
    match (origin.src, origin.dst, &packet.layer) {
        (_, _, Layer::Fragment(fragment)) => (fragment.src.to_string(), fragment.dst.to_string()),
        (Some(src), Some(dst), _) => (src.ip.to_string(), dst.ip.to_string()),
        _ => (mac(origin.eth_src), mac(origin.eth_dst)),
    }
}

/// What a frame of the list carries, in a few words.
pub fn info(app: &App, line: usize) -> Option<String> {
    let number = app.packet_at(line)?;
    let seen = app.judge.seen();
    let mut texts: Vec<String> = Vec::new();
    for message in seen.of_frame(number) {
        let text = words::of(&message.event);
        let part = message.event.origin.frame != number;
        let text = if part { format!("part of {text}") } else { text };
        if !texts.contains(&text) && texts.len() < 3 {
            texts.push(text);
        }
    }
    if !texts.is_empty() {
        return Some(texts.join(", "));
    }
    let frame = seen.frame(number)?;
    let frame = frame.frame(number);
    let packet = decode::packet(&frame);
    let ports = packet.origin.src.zip(packet.origin.dst).map(|(src, dst)| format!("{} → {}", src.port, dst.port));
    Some(match &packet.layer {
        Layer::Udp { payload } => format!("udp {} {} bytes", ports.unwrap_or_default(), payload.len()),
        Layer::Tcp(tcp) if tcp.payload.is_empty() => format!("tcp {}", ports.unwrap_or_default()),
        Layer::Tcp(tcp) => format!("tcp {} {} bytes", ports.unwrap_or_default(), tcp.payload.len()),
        Layer::Ether { ether_type, .. } => format!("ether 0x{ether_type:04x}"),
        Layer::Snap { pid, .. } => format!("snap 0x{pid:04x}"),
        Layer::Ip { proto, .. } => format!("ip {proto}"),
        Layer::Fragment(fragment) => format!("fragment {} at {}", fragment.id, fragment.offset),
        Layer::None => "not read".to_owned(),
    })
}

fn tree(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let packets = &app.packets;
    let active = packets.pane == Pane::Second;
    rule(app, buf, Rect { y: area.y.saturating_sub(1), height: 1, ..area }, "fields", active);
    for line in 0..usize::from(area.height) {
        let index = packets.node.top + line;
        let Some(node) = packets.tree.nodes.get(index) else { break };
        let y = area.y + line as u16;
        let style = match (node.wrong, node.depth) {
            (true, _) => theme.bad(),
            (false, 0) => theme.title(),
            (false, _) => ratatui::style::Style::new(),
        };
        let text = format!("{}{}", "  ".repeat(node.depth), node.text);
        let width = usize::from(area.width);
        put(buf, area.x, y, area.width, Line::styled(fit(&text, width.min(text.chars().count())), style));
        if index == packets.node.at {
            let style = if active { theme.cursor() } else { theme.title() };
            over(buf, Rect { y, height: 1, ..area }, style);
        }
    }
}

fn bytes(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let packets = &app.packets;
    let node = packets.tree.nodes.get(packets.node.at);
    let (part, at, len) = node.map_or((0, 0, 0), |node| node.bytes);
    let Some((name, bytes)) = packets.tree.bytes.get(part) else { return };
    rule(
        app,
        buf,
        Rect { y: area.y.saturating_sub(1), height: 1, ..area },
        &format!("bytes of {name}"),
        packets.pane == Pane::Third,
    );
    // The field's own row is shown, unless one looks elsewhere.
    let own = at / 16;
    let height = usize::from(area.height);
    let top = if packets.pane == Pane::Third { packets.bytes_top } else { own.saturating_sub(height / 3) };
    let rows = bytes.len().div_ceil(16);
    let top = top.min(rows.saturating_sub(1));
    for (line, chunk) in bytes.chunks(16).skip(top).take(height).enumerate() {
        let from = (top + line) * 16;
        let mut spans = vec![Span::styled(format!(" {from:04x}  "), theme.faint())];
        let marked = |index: usize| {
            len > 0 && node.is_some_and(|node| node.depth > 0 || part == 0) && (at..at + len).contains(&index)
        };
        for (index, byte) in chunk.iter().enumerate() {
            let style = if marked(from + index) { theme.bar() } else { ratatui::style::Style::new() };
            spans.push(Span::styled(format!("{byte:02x}"), style));
            spans.push(Span::raw(if index == 7 { "  " } else { " " }));
        }
        let missing = 16 - chunk.len();
        spans.push(Span::raw(" ".repeat(missing * 3 + usize::from(chunk.len() <= 7) + 1)));
        for (index, byte) in chunk.iter().enumerate() {
            let shown = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
            let style = if marked(from + index) { theme.bar() } else { theme.faint() };
            spans.push(Span::styled(shown.to_string(), style));
        }
        put(buf, area.x, area.y + line as u16, area.width, Line::from(spans));
    }
}
