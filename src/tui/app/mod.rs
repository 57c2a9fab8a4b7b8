//! The state of the screen: what is shown, where the cursors are, what is asked. Plain data; no terminal.

mod beside;
mod packets;
mod refresh;
mod update;

use super::board::Board;
use super::judge::Judge;
use super::packet::Tree;
use super::prompt::Prompt;
use super::theme::Theme;
use crate::expr::Expr;
use crate::finding::{Finding, PhoneId};
use crate::report::compare::Comparison;
use crate::report::ladder::Ladder;
use crate::time::Ts;
pub use update::Effect;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The board.
    Phones,
    /// One phone.
    Phone,
    /// Frames.
    Packets,
    /// Streams and groups.
    Media,
    /// Models.
    Models,
}

impl View {
    /// In the order of their numbers.
    pub const ALL: [(View, &'static str); 5] = [
        (View::Phones, "Phones"),
        (View::Phone, "Phone"),
        (View::Packets, "Packets"),
        (View::Media, "Media"),
        (View::Models, "Models"),
    ];
}

/// A list with a cursor, of which a page is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct List {
    /// The line of the cursor.
    pub at: usize,
    /// The first line shown.
    pub top: usize,
}

impl List {
    /// Moves the cursor to a line of `len`, and shows it on a page of `page` lines.
    pub fn go(&mut self, to: usize, len: usize, page: usize) {
        self.at = to.min(len.saturating_sub(1));
        self.top = self.top.min(self.at);
        if self.at >= self.top + page.max(1) {
            self.top = self.at + 1 - page.max(1);
        }
        self.top = self.top.min(len.saturating_sub(page.min(len)));
    }

    /// Moves the cursor by lines.
    pub fn by(&mut self, lines: isize, len: usize, page: usize) {
        self.go(self.at.saturating_add_signed(lines), len, page);
    }
}

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Of day, UTC.
    Clock,
    /// Since the first frame.
    SinceFirst,
    /// Since the line before.
    Between,
}

/// Where frames come from, for the bars.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The file, or the interfaces.
    pub name: String,
    /// Frames come off an interface.
    pub live: bool,
    /// `×2`, `full speed`
    pub speed: String,
    /// Nothing goes on by itself.
    pub paused: bool,
    /// Frames the capture lost.
    pub drops: u64,
    /// Frames are written to a file.
    pub written: bool,
}

/// Columns the board can be sorted by.
pub const SORTS: [&str; 6] = ["state", "name", "address", "vlan", "port", "model"];

/// The board, as it is looked at.
#[derive(Debug, Clone, Default)]
pub struct Phones {
    /// The cursor among `shown`.
    pub list: List,
    /// The phone under it, which stays when rows move.
    pub id: Option<PhoneId>,
    /// Index into [`SORTS`].
    pub sort: usize,
    /// The other way.
    pub reverse: bool,
    /// Only rows that contain this.
    pub search: String,
    /// Rows of the board, in the order shown.
    pub shown: Vec<usize>,
}

/// A pane of the phone, or of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The ladder; the list.
    #[default]
    First,
    /// The findings; the tree.
    Second,
    /// The bytes.
    Third,
}

/// One phone, as it is looked at.
#[derive(Debug, Clone, Default)]
pub struct Phone {
    /// Which.
    pub id: Option<PhoneId>,
    /// Its ladder.
    pub ladder: Ladder,
    /// Its findings, worst first.
    pub findings: Vec<Finding>,
    /// The cursor in the ladder.
    pub list: List,
    /// The cursor among the findings.
    pub finding: List,
    /// Which of both has the keys.
    pub pane: Pane,
    /// Every message.
    pub everything: bool,
    /// Search in the ladder.
    pub search: String,
    at: Option<(u64, PhoneId, bool)>,
}

/// Frames, as they are looked at.
#[derive(Debug, Default)]
pub struct Packets {
    /// The cursor in the list.
    pub list: List,
    /// The cursor in the tree.
    pub node: List,
    /// First row of bytes shown.
    pub bytes_top: usize,
    /// Which pane has the keys.
    pub pane: Pane,
    /// The filter, as typed.
    pub filter: String,
    pub(super) expr: Option<Expr>,
    /// Frames that pass the filter; `None` where all are shown.
    pub passing: Option<Vec<u64>>,
    scanned: u64,
    /// The frame under the cursor, taken apart.
    pub tree: Tree,
    tree_of: (u64, u64),
    /// Search in the list.
    pub search: String,
    /// Keep to the newest.
    pub follow: bool,
}

/// Streams, as they are looked at.
#[derive(Debug, Clone, Default)]
pub struct Media {
    /// The cursor.
    pub list: List,
}

/// Models, as they are looked at.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// The cursor among the models.
    pub list: List,
    /// The cursor among the states.
    pub state: List,
    /// Which of both has the keys.
    pub pane: Pane,
    /// By model and state: the phones that stand there.
    pub standing: Vec<Vec<Vec<PhoneId>>>,
    at: Option<u64>,
}

/// All of it.
pub struct App {
    /// The core.
    pub judge: Judge,
    /// All phones.
    pub board: Board,
    /// What is shown.
    pub view: View,
    /// Where one came from.
    pub before: Vec<View>,
    /// Colours.
    pub theme: Theme,
    /// Secrets are shown.
    pub secrets: bool,
    /// Width and height.
    pub size: (u16, u16),
    /// Where frames come from.
    pub origin: Origin,
    /// The board.
    pub phones: Phones,
    /// One phone.
    pub phone: Phone,
    /// Frames.
    pub packets: Packets,
    /// Streams.
    pub media: Media,
    /// Models.
    pub models: Models,
    /// What is typed.
    pub prompt: Option<Prompt>,
    /// The keys are shown, from this line on.
    pub help: Option<usize>,
    /// What differs between two phones, and the line it is shown from.
    pub beside: Option<(Comparison, usize)>,
    /// What was said last, and whether it is bad news.
    pub said: Option<(String, bool)>,
    /// How times are shown.
    pub times: Times,
    /// Asked once whether to quit without having saved.
    pub quit_asked: bool,
    board_at: Option<u64>,
    marked: Vec<PhoneId>,
}

impl App {
    /// Nothing seen yet.
    pub fn new(judge: Judge, theme: Theme) -> App {
        App {
            judge,
            board: Board::default(),
            view: View::Phones,
            before: Vec::new(),
            theme,
            secrets: false,
            size: (80, 24),
            origin: Origin::default(),
            phones: Phones::default(),
            phone: Phone::default(),
            packets: Packets::default(),
            media: Media::default(),
            models: Models::default(),
            prompt: None,
            help: None,
            beside: None,
            said: None,
            times: Times::Clock,
            quit_asked: false,
            board_at: None,
            marked: Vec::new(),
        }
    }

    /// The phone that is meant: the one looked at, else the one under the cursor of the board.
    pub fn phone_meant(&self) -> Option<PhoneId> {
        match self.view {
            View::Phone => self.phone.id,
            _ => self.phones.id.or(self.phone.id),
        }
    }

    /// Whether the phone is chosen, to be set beside another.
    pub fn is_marked(&self, id: PhoneId) -> bool {
        self.marked.contains(&id)
    }

    /// A time, as times are shown; `before` is that of the line before.
    pub fn time(&self, time: Ts, before: Option<Ts>) -> String {
        let since = |from: Option<Ts>| format!("{:+.3}", from.map_or(0.0, |from| time.since(from).as_secs_f64()));
        match self.times {
            Times::Clock => time.clock(),
            Times::SinceFirst => since(self.judge.seen().at(0).map(|(_, frame)| frame.time)),
            Times::Between => since(before),
        }
    }

    /// How many frames the list of packets has.
    pub fn packets_len(&self) -> usize {
        self.packets.passing.as_ref().map_or_else(|| self.judge.seen().len(), Vec::len)
    }

    /// The number of the frame in a line of that list.
    pub fn packet_at(&self, line: usize) -> Option<u64> {
        match &self.packets.passing {
            Some(passing) => passing.get(line).copied(),
            None => self.judge.seen().at(line).map(|(number, _)| number),
        }
    }
}
