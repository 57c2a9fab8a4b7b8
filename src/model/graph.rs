//! A model as a drawing: Mermaid for documents, Graphviz for everything else.

use std::fmt::Write;

use super::{Action, Model};

/// An edge of the drawing: from, to, what is written on it.
struct Edge {
    from: usize,
    to: usize,
    text: String,
    late: bool,
}

fn edges(model: &Model) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    let raised = |actions: &[Action]| -> String {
        let ids = actions.iter().filter_map(|action| match action {
            Action::Raise { finding, .. } => model.findings.get(*finding).map(|finding| finding.id.to_string()),
            _ => None,
        });
        ids.map(|id| format!(" !{id}")).collect()
    };
    for row in &model.rows {
        let events: Vec<&str> = row.by.iter().map(|event| event.name).collect();
        let guard = if row.when.is_some() { " [..]" } else { "" };
        for from in &row.from {
            let text = format!("{}{guard}{}", events.join(" | "), raised(&row.actions));
            edges.push(Edge { from: *from, to: row.to.unwrap_or(*from), text, late: false });
        }
    }
    for (from, state) in model.states.iter().enumerate() {
        for late in &state.late {
            let text = format!("after {}{}", state.limit.as_deref().unwrap_or_default(), raised(&late.actions));
            edges.push(Edge { from, to: late.to.unwrap_or(from), text, late: true });
        }
    }
    // Several rows between the same two states are one arrow.
    let mut merged: Vec<Edge> = Vec::new();
    for edge in edges {
        match merged.iter_mut().find(|known| (known.from, known.to, known.late) == (edge.from, edge.to, edge.late)) {
            Some(known) if known.text.split('\n').any(|line| line == edge.text) => {}
            Some(known) => {
                known.text.push('\n');
                known.text.push_str(&edge.text);
            }
            None => merged.push(edge),
        }
    }
    merged
}

/// As a Mermaid state diagram.
pub fn mermaid(model: &Model) -> String {
    let mut text = format!("---\ntitle: {}\n---\nstateDiagram-v2\n", model.title.replace('\n', " "));
    for (number, state) in model.states.iter().enumerate() {
        let _ = writeln!(text, "    s{number}: {}", state.name);
    }
    let _ = writeln!(text, "    [*] --> s{}", model.start);
    for edge in edges(model) {
        let _ = writeln!(
            text,
            "    s{} --> s{}: {}",
            edge.from,
            edge.to,
            edge.text.replace('\n', "<br/>").replace(':', "#58;")
        );
    }
    for (number, _) in model.states.iter().enumerate().filter(|(_, state)| state.accept) {
        let _ = writeln!(text, "    s{number} --> [*]");
    }
    text
}

/// As a Graphviz digraph.
pub fn graphviz(model: &Model) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let mut text = format!(
        "digraph \"{}\" {{\n  label=\"{}\";\n  node [shape=box, style=rounded];\n  start [shape=point];\n",
        quoted(&model.id),
        quoted(&model.title)
    );
    for (number, state) in model.states.iter().enumerate() {
        let accept = if state.accept { ", peripheries=2" } else { "" };
        let _ = writeln!(text, "  s{number} [label=\"{}\"{accept}];", quoted(&state.name));
    }
    let _ = writeln!(text, "  start -> s{};", model.start);
    for edge in edges(model) {
        let style = if edge.late { ", style=dashed" } else { "" };
        let _ = writeln!(text, "  s{} -> s{} [label=\"{}\"{style}];", edge.from, edge.to, quoted(&edge.text));
    }
    text.push_str("}\n");
    text
}
