//! The keys: one table, from which the screen's help is made too.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// To the pane at the left.
    Left,
    /// To the pane at the right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first line.
    Top,
    /// The last line.
    Bottom,
    /// What is under the cursor.
    Open,
    /// Where one came from.
    Back,
    /// End.
    Quit,
    /// The keys.
    Help,
    /// What is shown, to a file.
    Save,
    /// Find.
    Search,
    /// A display filter.
    Filter,
    /// No filter and no search.
    Clear,
    /// Sort by the next column.
    SortNext,
    /// Sort by the one before.
    SortBefore,
    /// Sort the other way.
    Reverse,
    /// The next pane.
    NextPane,
    /// A view, by its number from 0.
    View(usize),
    /// A command.
    Command,
    /// Stop or go on.
    Pause,
    /// One frame.
    Step,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// To the next finding.
    NextFinding,
    /// To the one before.
    FindingBefore,
    /// Every message, or only those that say something new.
    Everything,
    /// Times of day, since the first, or since the one before.
    Times,
    /// Keep to the newest line.
    Follow,
    /// Other colours.
    Theme,
    /// The ladder as Mermaid.
    Mermaid,
    /// The filter that shows what is under the cursor.
    Yank,
    /// Choose the phone under the cursor, to set it beside another.
    Mark,
    /// Two phones beside each other.
    Beside,
    /// Draw anew.
    Redraw,
}

/// Keys of one action.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// As [`name`] writes them; the first two are shown.
    pub keys: &'static [&'static str],
    /// What they ask for.
    pub action: Action,
    /// What that is, for the help.
    pub help: &'static str,
}

const fn bind(keys: &'static [&'static str], action: Action, help: &'static str) -> Binding {
    Binding { keys, action, help }
}

/// Every key. sngrep's function keys, vi's letters, the arrows.
pub const BINDINGS: &[Binding] = &[
    bind(&["1"], Action::View(0), "Phones: the board"),
    bind(&["2"], Action::View(1), "Phone: ladder and findings"),
    bind(&["3", "F6", "R"], Action::View(2), "Packets: list, fields, bytes"),
    bind(&["4"], Action::View(3), "Media: streams and groups"),
    bind(&["5"], Action::View(4), "Models: states and who stands there"),
    bind(&["↑", "k"], Action::Up, "up"),
    bind(&["↓", "j"], Action::Down, "down"),
    bind(&["←", "h"], Action::Left, "pane at the left, column before"),
    bind(&["→", "l"], Action::Right, "pane at the right, next column"),
    bind(&["PgUp", "^B"], Action::PageUp, "page up"),
    bind(&["PgDn", "^F"], Action::PageDown, "page down"),
    bind(&["g", "Home"], Action::Top, "first line"),
    bind(&["G", "End"], Action::Bottom, "last line"),
    bind(&["Tab"], Action::NextPane, "next pane"),
    bind(&["Enter"], Action::Open, "open what is under the cursor"),
    bind(&["Esc", "Backspace"], Action::Back, "back; no search, no filter"),
    bind(&["/", "F3"], Action::Search, "search"),
    bind(&["f", "F7"], Action::Filter, "display filter (-Y) on packets"),
    bind(&["F9"], Action::Clear, "clear search and filter"),
    bind(&[">", "F10"], Action::SortNext, "sort by the next column"),
    bind(&["<"], Action::SortBefore, "sort by the column before"),
    bind(&["z", "Z"], Action::Reverse, "sort the other way"),
    bind(&["x", "F4"], Action::Everything, "ladder: every message, or what is new"),
    bind(&["w", "t"], Action::Times, "times: of day, since the first, between"),
    bind(&["A"], Action::Follow, "keep to the newest line"),
    bind(&["p"], Action::Pause, "pause or go on"),
    bind(&["."], Action::Step, "replay: one frame"),
    bind(&["+", "="], Action::Faster, "replay: twice as fast"),
    bind(&["-"], Action::Slower, "replay: half as fast"),
    bind(&["n"], Action::NextFinding, "next finding"),
    bind(&["N"], Action::FindingBefore, "finding before"),
    bind(&["s", "F2"], Action::Save, "save: .pcapng .txt .mmd .svg"),
    bind(&["E"], Action::Mermaid, "save the ladder as Mermaid"),
    bind(&["y", "c"], Action::Yank, "the -Y filter of what is under the cursor, copied"),
    bind(&["Space"], Action::Mark, "choose a phone, to set it beside another"),
    bind(&["d"], Action::Beside, "what differs: of two chosen, or from a healthy one"),
    bind(&[":"], Action::Command, "command: phone, frame, speed, save, quit"),
    bind(&["o", "F8"], Action::Theme, "colours: dark, light, none"),
    bind(&["^L", "F5"], Action::Redraw, "draw anew"),
    bind(&["?", "F1"], Action::Help, "these keys"),
    bind(&["q", "^C"], Action::Quit, "back, and from the board: quit"),
];

/// What a key is called in the table.
pub fn name(key: &KeyEvent) -> String {
    match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => format!("^{}", c.to_ascii_uppercase()),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(n) => format!("F{n}"),
        KeyCode::Up => "↑".to_owned(),
        KeyCode::Down => "↓".to_owned(),
        KeyCode::Left => "←".to_owned(),
        KeyCode::Right => "→".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::Home => "Home".to_owned(),
        KeyCode::End => "End".to_owned(),
        KeyCode::Enter => "Enter".to_owned(),
        KeyCode::Esc => "Esc".to_owned(),
        KeyCode::Backspace => "Backspace".to_owned(),
        KeyCode::Tab => "Tab".to_owned(),
        _ => String::new(),
    }
}

/// What a key asks for, if anything.
pub fn action(key: &KeyEvent) -> Option<Action> {
    let name = name(key);
    BINDINGS.iter().find(|binding| binding.keys.contains(&name.as_str())).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let mut all: Vec<&str> = BINDINGS.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn keys_as_sngrep_and_vi_have_them() {
        let key = |code| action(&KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(key(KeyCode::F(2)), Some(Action::Save));
        assert_eq!(key(KeyCode::Char('j')), Some(Action::Down));
        assert_eq!(key(KeyCode::Char('/')), Some(Action::Search));
        assert_eq!(key(KeyCode::Char('!')), None);
        let ctrl_f = KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL);
        assert_eq!(action(&ctrl_f), Some(Action::PageDown));
    }
}
