//! A model as a drawing: Mermaid for documents, Graphviz for everything else. With the walk of a phone, the arrows it
//! took are thick and carry the frame, and the arrow that did not come is dashed; deadlines are dotted in Graphviz.

use std::fmt::Write;

use super::{Action, Model};
use crate::finding::Severity;

/// The way a phone took through a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// Whose: a line for the title.
    pub title: String,
    /// The states it entered, and by which frame.
    pub path: Vec<(String, u64)>,
    /// The state in which it stopped, or in which something failed; `None` if it passed.
    pub stuck: Option<String>,
}

/// An edge of the drawing: from, to, what is written on it.
struct Edge {
    from: usize,
    to: usize,
    text: String,
    late: bool,
    /// A violation is found on each of its ways.
    fails: bool,
    /// On one of them at least.
    may_fail: bool,
}

fn edges(model: &Model) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    let finding = |action: &Action| match action {
        Action::Raise { finding, .. } => model.findings.get(*finding),
        _ => None,
    };
    let raised = |actions: &[Action]| -> String {
        actions.iter().filter_map(finding).map(|finding| format!(" !{}", finding.id)).collect()
    };
    let fails = |actions: &[Action]| {
        actions.iter().any(|action| {
            matches!(action, Action::Raise { when: None, .. })
                && finding(action).is_some_and(|finding| finding.severity == Severity::Fail)
        })
    };
    for row in &model.rows {
        let events: Vec<&str> = row.by.iter().map(|event| event.name).collect();
        let guard = if row.when.is_some() { " [..]" } else { "" };
        for from in &row.from {
            let text = format!("{}{guard}{}", events.join(" | "), raised(&row.actions));
            let fails = fails(&row.actions);
            edges.push(Edge { from: *from, to: row.to.unwrap_or(*from), text, late: false, fails, may_fail: fails });
        }
    }
    for (from, state) in model.states.iter().enumerate() {
        for late in &state.late {
            let text = format!("after {}{}", state.limit.as_deref().unwrap_or_default(), raised(&late.actions));
            let fails = fails(&late.actions);
            edges.push(Edge { from, to: late.to.unwrap_or(from), text, late: true, fails, may_fail: fails });
        }
    }
    // Several rows between the same two states are one arrow.
    let mut merged: Vec<Edge> = Vec::new();
    for edge in edges {
        match merged.iter_mut().find(|known| (known.from, known.to, known.late) == (edge.from, edge.to, edge.late)) {
            Some(known) => {
                known.fails &= edge.fails;
                known.may_fail |= edge.fails;
                if !known.text.split('\n').any(|line| line == edge.text) {
                    known.text.push('\n');
                    known.text.push_str(&edge.text);
                }
            }
            None => merged.push(edge),
        }
    }
    merged
}

/// From which states there is a way to one that accepts.
fn hopeful(model: &Model, edges: &[Edge]) -> Vec<bool> {
    let mut hopeful: Vec<bool> = model.states.iter().map(|state| state.accept).collect();
    for _ in 0..model.states.len() {
        for edge in edges.iter().filter(|edge| !edge.fails) {
            if hopeful.get(edge.to) == Some(&true)
                && let Some(from) = hopeful.get_mut(edge.from)
            {
                *from = true;
            }
        }
    }
    hopeful
}

/// The arrow that should have come in the state where the phone stopped: the first in the file on a way to a state that
/// accepts; in such a state the one that stays in it.
fn missing(model: &Model, edges: &[Edge], walk: &Walk) -> Option<(usize, usize)> {
    let stuck = walk.stuck.as_deref()?;
    let from = model.states.iter().position(|state| &*state.name == stuck)?;
    if model.states.get(from).is_some_and(|state| state.accept) {
        return Some((from, from));
    }
    let hopeful = hopeful(model, edges);
    // Where it went on from here is not what did not come.
    let was = taken(model, walk);
    let ways = |fresh: bool| {
        let was = &was;
        edges
            .iter()
            .filter(move |edge| edge.from == from && edge.to != from && !edge.late && !edge.fails)
            .filter(move |edge| !fresh || !was.iter().any(|(a, b, _)| (*a, *b) == (edge.from, edge.to)))
            .filter(|edge| hopeful.get(edge.to) == Some(&true))
            .min_by_key(|edge| edge.may_fail)
            .map(|edge| (from, edge.to))
    };
    ways(true).or_else(|| ways(false))
}

/// The arrows of a walk: from, to, the frames that took it.
fn taken(model: &Model, walk: &Walk) -> Vec<(usize, usize, Vec<u64>)> {
    let mut taken: Vec<(usize, usize, Vec<u64>)> = Vec::new();
    let place = |name: &str| model.states.iter().position(|state| &*state.name == name);
    for ((from, _), (to, frame)) in walk.path.iter().zip(walk.path.iter().skip(1)) {
        let (Some(from), Some(to)) = (place(from), place(to)) else { continue };
        match taken.iter_mut().find(|known| (known.0, known.1) == (from, to)) {
            Some(known) => known.2.push(*frame),
            None => taken.push((from, to, vec![*frame])),
        }
    }
    taken
}

fn frames(frames: &[u64]) -> String {
    match frames {
        [one] => format!("frame {one}"),
        [first, .., last] => format!("{} times, frames {first} to {last}", frames.len()),
        [] => String::new(),
    }
}

/// As a Mermaid flow chart, with the way a phone took: state diagrams know neither thick nor dashed arrows.
pub fn mermaid_walk(model: &Model, walk: &Walk) -> String {
    let edges = edges(model);
    let missing = missing(model, &edges, walk);
    let mut taken = taken(model, walk);
    let quoted = |text: &str| text.replace('"', "'").replace('\n', "<br/>");
    let title = format!("{}: {}", model.title, walk.title).replace('\n', " ").replace(':', " -");
    let mut text = format!("---\ntitle: {title}\n---\nflowchart TD\n");
    for (number, state) in model.states.iter().enumerate() {
        let (open, close) = if state.accept { ("([", "])") } else { ("[", "]") };
        let _ = writeln!(text, "    s{number}{open}\"{}\"{close}", quoted(&state.name));
    }
    let first = walk.path.first();
    let begin = first.and_then(|(name, _)| model.states.iter().position(|state| *state.name == **name));
    let (arrow, at) = match first {
        Some((_, frame)) => ("==>", format!("|\"frame {frame}\"|")),
        None => ("-->", String::new()),
    };
    let _ = writeln!(text, "    begin(( )) {arrow}{at} s{}", begin.unwrap_or(model.start));
    let mut shown = false;
    for edge in &edges {
        let way = taken.iter().position(|(from, to, _)| (*from, *to) == (edge.from, edge.to));
        let label = quoted(&edge.text);
        let _ = if let Some(way) = way {
            let (_, _, by) = taken.swap_remove(way);
            writeln!(text, "    s{} ==>|\"{}<br/>{label}\"| s{}", edge.from, frames(&by), edge.to)
        } else if missing == Some((edge.from, edge.to)) && !shown && !edge.late {
            shown = true;
            writeln!(text, "    s{} -.->|\"missing<br/>{label}\"| s{}", edge.from, edge.to)
        } else {
            writeln!(text, "    s{} -->|\"{label}\"| s{}", edge.from, edge.to)
        };
    }
    for (from, to, by) in taken {
        let _ = writeln!(text, "    s{from} ==>|\"{}\"| s{to}", frames(&by));
    }
    if let Some((from, to)) = missing.filter(|_| !shown) {
        let _ = writeln!(text, "    s{from} -.->|\"missing\"| s{to}");
    }
    for (number, state) in model.states.iter().enumerate() {
        let class = match walk.path.iter().any(|(name, _)| **name == *state.name) {
            _ if walk.stuck.as_deref() == Some(&*state.name) => "stuck",
            true => "taken",
            false => continue,
        };
        let _ = writeln!(text, "    class s{number} {class}");
    }
    text.push_str("    classDef taken stroke-width:3px\n    classDef stuck stroke-width:3px,stroke:#c00\n");
    text
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

/// As a Graphviz digraph; with a walk, the arrows taken are bold and the one that did not come is dashed.
pub fn graphviz(model: &Model, walk: Option<&Walk>) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let edges = edges(model);
    let missing = walk.and_then(|walk| missing(model, &edges, walk));
    let mut taken = walk.map(|walk| taken(model, walk)).unwrap_or_default();
    let label = match walk {
        Some(walk) => format!("{}\n{}", model.title, walk.title),
        None => model.title.clone(),
    };
    let mut text = format!(
        "digraph \"{}\" {{\n  label=\"{}\";\n  node [shape=box, style=rounded];\n  start [shape=point];\n",
        quoted(&model.id),
        quoted(&label)
    );
    for (number, state) in model.states.iter().enumerate() {
        let accept = if state.accept { ", peripheries=2" } else { "" };
        let seen = walk.is_some_and(|walk| walk.path.iter().any(|(name, _)| **name == *state.name));
        let stuck = walk.is_some_and(|walk| walk.stuck.as_deref() == Some(&*state.name));
        let pen = match (stuck, seen) {
            (true, _) => ", penwidth=3, color=\"#cc0000\"",
            (false, true) => ", penwidth=3",
            (false, false) => "",
        };
        let _ = writeln!(text, "  s{number} [label=\"{}\"{accept}{pen}];", quoted(&state.name));
    }
    let first = walk.and_then(|walk| walk.path.first());
    let begin = first.and_then(|(name, _)| model.states.iter().position(|state| *state.name == **name));
    match first {
        Some((_, frame)) => {
            let _ =
                writeln!(text, "  start -> s{} [label=\"frame {frame}\", penwidth=3];", begin.unwrap_or(model.start));
        }
        None => {
            let _ = writeln!(text, "  start -> s{};", model.start);
        }
    }
    let mut shown = false;
    for edge in &edges {
        let way = taken.iter().position(|(from, to, _)| (*from, *to) == (edge.from, edge.to));
        let mut label = quoted(&edge.text);
        let mut style = if edge.late { ", style=dotted" } else { "" };
        if let Some(way) = way {
            let (_, _, by) = taken.swap_remove(way);
            label = format!("{}\\n{label}", frames(&by));
            style = ", penwidth=3";
        } else if missing == Some((edge.from, edge.to)) && !shown && !edge.late {
            shown = true;
            label = format!("missing\\n{label}");
            style = ", style=dashed, color=\"#cc0000\"";
        }
        let _ = writeln!(text, "  s{} -> s{} [label=\"{label}\"{style}];", edge.from, edge.to);
    }
    for (from, to, by) in taken {
        let _ = writeln!(text, "  s{from} -> s{to} [label=\"{}\", penwidth=3];", frames(&by));
    }
    if let Some((from, to)) = missing.filter(|_| !shown) {
        let _ = writeln!(text, "  s{from} -> s{to} [label=\"missing\", style=dashed, color=\"#cc0000\"];");
    }
    text.push_str("}\n");
    text
}
