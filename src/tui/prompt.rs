//! The line at the bottom where something is typed: a search, a filter, a command, a file name.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::event::Schema;
use crate::expr::Expr;

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Part of a name, an address, a text.
    Search,
    /// A display filter.
    Filter,
    /// A command.
    Command,
    /// Where to save to.
    Save,
}

/// The line.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What is typed.
    pub asks: Asks,
    /// The text so far.
    pub text: String,
    /// The cursor: a place between characters, in bytes.
    pub at: usize,
    /// What is wrong with it: where in the text, in bytes, and what.
    pub error: Option<(usize, String)>,
    /// What Tab would complete to.
    pub offers: Vec<String>,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Still typing.
    On,
    /// Entered.
    Done,
    /// Given up.
    Off,
}

impl Prompt {
    /// With a text to begin with.
    pub fn new(asks: Asks, text: &str) -> Prompt {
        Prompt { asks, text: text.to_owned(), at: text.len(), error: None, offers: Vec::new() }
    }

    /// What stands before the text.
    pub const fn sign(&self) -> &'static str {
        match self.asks {
            Asks::Search => "/",
            Asks::Filter => "-Y ",
            Asks::Command => ":",
            Asks::Save => "save to ",
        }
    }

    /// A key.
    pub fn key(&mut self, key: &KeyEvent, schema: &Schema) -> Typed {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => {
                self.check(schema);
                return if self.error.is_some() { Typed::On } else { Typed::Done };
            }
            KeyCode::Esc => return Typed::Off,
            KeyCode::Char('c') if control => return Typed::Off,
            KeyCode::Char('u') if control => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            KeyCode::Char(c) if !control => {
                self.text.insert(self.at, c);
                self.at += c.len_utf8();
            }
            KeyCode::Backspace => {
                if let Some(before) = self.before() {
                    self.text.drain(before..self.at);
                    self.at = before;
                }
            }
            KeyCode::Delete => {
                if let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
                    self.text.drain(self.at..self.at + c.len_utf8());
                }
            }
            KeyCode::Left => self.at = self.before().unwrap_or(self.at),
            KeyCode::Right => {
                let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
                self.at += next.map_or(0, char::len_utf8);
            }
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            KeyCode::Tab => self.complete(),
            _ => {}
        }
        self.offer(schema);
        self.check(schema);
        Typed::On
    }

    fn before(&self) -> Option<usize> {
        self.text.get(..self.at)?.char_indices().next_back().map(|(at, _)| at)
    }

    /// Where the word at the cursor begins.
    fn word(&self) -> usize {
        let head = self.text.get(..self.at).unwrap_or_default();
        head.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).map_or(0, |at| at + 1)
    }

    fn complete(&mut self) {
        let Some(first) = self.offers.first() else { return };
        let word = self.word();
        let begun = self.at - word;
        // As far as all offers agree; the first of them, if that is no further.
        let mut common = first.clone();
        for offer in &self.offers {
            let same = common.bytes().zip(offer.bytes()).take_while(|(a, b)| a == b).count();
            common.truncate(same);
        }
        let text = if common.len() > begun { common } else { first.clone() };
        self.text.replace_range(word..self.at, &text);
        self.at = word + text.len();
    }

    fn offer(&mut self, schema: &Schema) {
        self.offers.clear();
        if self.asks != Asks::Filter {
            return;
        }
        let word = self.text.get(self.word()..self.at).unwrap_or_default();
        if word.len() >= 2 {
            let names = schema.fields().iter().map(|field| field.name);
            let mut offers: Vec<String> =
                names.filter(|name| name.starts_with(word) && *name != word).map(str::to_owned).collect();
            offers.sort_unstable();
            offers.truncate(64);
            self.offers = offers;
        }
    }

    fn check(&mut self, schema: &Schema) {
        self.error = None;
        if self.asks == Asks::Filter && !self.text.trim().is_empty() {
            self.error = Expr::filter(&self.text, schema).err().map(|error| {
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                (error.at.min(self.text.len()), format!("{}{hint}", error.what))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Prompt {
        let schema = crate::proto::schema(&[]);
        let mut prompt = Prompt::new(Asks::Filter, "");
        for c in text.chars() {
            let code = if c == '\t' { KeyCode::Tab } else { KeyCode::Char(c) };
            prompt.key(&KeyEvent::new(code, KeyModifiers::NONE), &schema);
        }
        prompt
    }

    #[test]
    fn a_filter_is_completed_and_checked_while_it_is_typed() {
        let prompt = typed("sip.Meth\t == \"REG\"");
        assert_eq!(prompt.text, "sip.Method == \"REG\"");
        assert_eq!(prompt.error, None);
        let wrong = typed("sip.Mehtod == 1");
        assert_eq!(wrong.error.as_ref().map(|(at, _)| *at), Some(0));
        assert!(typed("tftp.").offers.iter().any(|offer| offer == "tftp.source_file"));
    }

    #[test]
    fn a_line_that_is_wrong_is_not_entered() {
        let schema = crate::proto::schema(&[]);
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        assert_eq!(typed("nonsense ==").key(&enter, &schema), Typed::On);
        assert_eq!(
            typed("sip").key(&enter, &schema),
            if typed("sip").error.is_some() { Typed::On } else { Typed::Done }
        );
        assert_eq!(typed("").key(&enter, &schema), Typed::Done);
    }
}
