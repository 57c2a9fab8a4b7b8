//! Colours, for dark and for light terminals, or none. Colour only repeats what glyphs and words say.

use ratatui::style::{Color, Modifier, Style};

use super::board::{Standing, Step};
use crate::finding::Severity;

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// None: bold, dim and reversed alone (`NO_COLOR`).
    Plain,
}

impl Theme {
    /// The next of the three.
    pub const fn next(self) -> Theme {
        match self {
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::Plain,
            Theme::Plain => Theme::Dark,
        }
    }

    const fn colour(self, dark: Color, light: u8) -> Style {
        match self {
            Theme::Dark => Style::new().fg(dark),
            Theme::Light => Style::new().fg(Color::Indexed(light)),
            Theme::Plain => Style::new(),
        }
    }

    /// All is well.
    pub const fn good(self) -> Style {
        self.colour(Color::Green, 28)
    }

    /// Violated.
    pub const fn bad(self) -> Style {
        self.colour(Color::LightRed, 124).add_modifier(Modifier::BOLD)
    }

    /// Wrong, or not known.
    pub const fn warn(self) -> Style {
        self.colour(Color::Yellow, 130)
    }

    /// What leads the eye: names, bands.
    pub const fn accent(self) -> Style {
        self.colour(Color::Cyan, 25)
    }

    /// What may be overlooked.
    pub const fn faint(self) -> Style {
        match self {
            Theme::Dark => Style::new().fg(Color::DarkGray),
            Theme::Light => Style::new().fg(Color::Indexed(243)),
            Theme::Plain => Style::new().add_modifier(Modifier::DIM),
        }
    }

    /// Titles.
    pub const fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The bars at top and bottom.
    pub const fn bar(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The line of the cursor.
    pub const fn cursor(self) -> Style {
        match self {
            Theme::Dark => Style::new().bg(Color::Indexed(236)).add_modifier(Modifier::BOLD),
            Theme::Light => Style::new().bg(Color::Indexed(253)).add_modifier(Modifier::BOLD),
            Theme::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// How a phone stands.
    pub const fn standing(self, standing: Standing) -> Style {
        match standing {
            Standing::Stuck | Standing::Failed => self.bad(),
            Standing::Unclear | Standing::Waits => self.warn(),
            Standing::Healthy => self.good(),
        }
    }

    /// How a step stands.
    pub const fn step(self, step: Step) -> Style {
        match step {
            Step::Unseen | Step::NotServed => self.faint(),
            Step::Done => self.good(),
            Step::Waits | Step::Unclear => self.warn(),
            Step::Failed => self.bad(),
        }
    }

    /// How bad a finding is.
    pub const fn severity(self, severity: Severity) -> Style {
        match severity {
            Severity::Fail => self.bad(),
            Severity::Warn => self.warn(),
            Severity::Info => self.faint(),
        }
    }
}
