//! The page of the documentation that is made from the models: every sequence, its states, what it may find, and from
//! which documents.

use std::fmt::Write;

use super::{Model, Models};

/// All models as one Markdown page, by id.
pub fn page(models: &Models) -> String {
    let mut list: Vec<&Model> = models.list.iter().collect();
    list.sort_by(|a, b| a.id.cmp(&b.id));
    let findings: usize = list.iter().map(|model| model.findings.len()).sum();
    let states: usize = list.iter().map(|model| model.states.len()).sum();
    let mut text = String::from("# The sequences\n\n");
    let _ = writeln!(
        text,
        "{} sequences, {states} states, {findings} findings. Made from the models by `offhook models doc`.\n",
        list.len()
    );
    text.push_str("| sequence | about | states | findings |\n| --- | --- | --- | --- |\n");
    for model in &list {
        let _ = writeln!(
            text,
            "| [{0}](#{0}) | {1} | {2} | {3} |",
            model.id,
            cell(&model.title),
            model.states.len(),
            model.findings.len()
        );
    }
    for model in &list {
        sequence(&mut text, model);
    }
    text
}

fn sequence(text: &mut String, model: &Model) {
    let _ = writeln!(text, "\n## {}\n\n{}.\n", model.id, model.title.trim_end_matches('.'));
    let _ = writeln!(text, "A run is about a {}. Sources: {}.\n", model.subject.name(), model.sources.join("; "));
    let comment: Vec<&str> = model
        .text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    if !comment.is_empty() {
        let _ = writeln!(text, "{}\n", comment.join("\n").trim());
    }
    if !model.timers.is_empty() {
        let timers: Vec<String> = model.timers.iter().map(|(name, seconds)| format!("`{name}` {seconds} s")).collect();
        let _ = writeln!(text, "Timers, which a site may override: {}.\n", timers.join(", "));
    }
    text.push_str("| state | means | passes |\n| --- | --- | --- |\n");
    for (number, state) in model.states.iter().enumerate() {
        let begins = if number == model.start { " (begins here)" } else { "" };
        let passes = if state.accept { "yes" } else { "" };
        let _ = writeln!(text, "| {} | {}{begins} | {passes} |", state.name, cell(&state.label));
    }
    if model.findings.is_empty() {
        return;
    }
    text.push_str("\n| finding | severity | what | why | fix | source |\n| --- | --- | --- | --- | --- | --- |\n");
    for finding in &model.findings {
        let [what, why, fix] = &finding.texts;
        let inferred = if finding.inferred { ", inferred" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {}{inferred} | {} | {} | {} | {} |",
            finding.id,
            finding.severity.name(),
            cell(what),
            cell(why),
            cell(fix),
            cell(&finding.source)
        );
    }
}

/// Text in a table: one line, and no bar of its own.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "&lt;")
}
