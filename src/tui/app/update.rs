//! What keys and the mouse do: they change what is shown, or ask for an effect that somebody else carries out.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::{App, List, Pane, SORTS, Times, View};
use crate::live::pace::Speed;
use crate::tui::keys::{self, Action};
use crate::tui::prompt::{Asks, Prompt, Typed};
use crate::tui::view;

/// What the screen itself cannot do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// End.
    Quit,
    /// What is shown, to a file; its ending says in which form.
    Save(String),
    /// Stop or go on.
    Pause,
    /// One frame.
    Step,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// Another speed.
    Speed(Speed),
    /// On to the next finding.
    NextFinding,
    /// Back to the one before.
    FindingBefore,
    /// Draw everything anew.
    Redraw,
    /// To the terminal's clipboard.
    Copy(String),
}

impl App {
    /// A key was pressed.
    pub fn key(&mut self, key: &KeyEvent) -> Option<Effect> {
        if self.prompt.is_some() {
            return self.type_key(key);
        }
        self.said = None;
        let action = keys::action(key);
        if let Some((_, line)) = &mut self.beside {
            match action {
                Some(Action::Down) => *line += 1,
                Some(Action::Up) => *line = line.saturating_sub(1),
                Some(Action::PageDown) => *line += 10,
                Some(Action::PageUp) => *line = line.saturating_sub(10),
                _ => self.beside = None,
            }
            return None;
        }
        let action = action?;
        if let Some(line) = self.help {
            let most = keys::BINDINGS.len();
            self.help = match action {
                Action::Down => Some((line + 1).min(most)),
                Action::Up => Some(line.saturating_sub(1)),
                Action::PageDown => Some((line + 10).min(most)),
                Action::PageUp => Some(line.saturating_sub(10)),
                _ => None,
            };
            return None;
        }
        let effect = self.act(action);
        self.refresh_view();
        effect
    }

    fn type_key(&mut self, key: &KeyEvent) -> Option<Effect> {
        let mut prompt = self.prompt.take()?;
        match prompt.key(key, self.judge.schema()) {
            Typed::On => {
                if prompt.asks == Asks::Search {
                    self.search(&prompt.text);
                }
                self.prompt = Some(prompt);
                None
            }
            Typed::Off => {
                if prompt.asks == Asks::Search {
                    self.search("");
                }
                None
            }
            Typed::Done => {
                let effect = self.entered(&prompt);
                self.refresh_view();
                effect
            }
        }
    }

    fn entered(&mut self, prompt: &Prompt) -> Option<Effect> {
        match prompt.asks {
            Asks::Search => self.search(&prompt.text),
            Asks::Filter => {
                self.set_filter(&prompt.text);
                self.open(View::Packets);
            }
            Asks::Save => {
                return Some(Effect::Save(prompt.text.trim().to_owned())).filter(|_| !prompt.text.trim().is_empty());
            }
            Asks::Command => return self.command(prompt.text.trim()),
        }
        None
    }

    fn command(&mut self, line: &str) -> Option<Effect> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => None,
            "q" | "quit" | "q!" => Some(Effect::Quit),
            "w" | "save" if !rest.is_empty() => Some(Effect::Save(rest.to_owned())),
            "w" | "save" => {
                self.ask_save();
                None
            }
            "phone" => {
                let found = self.judge.phones().all().find(|(_, phone)| phone.is(rest)).map(|(id, _)| id);
                match found {
                    Some(id) => self.open_phone(id),
                    None => self.say(format!("no phone {rest}"), true),
                }
                None
            }
            "frame" => {
                match rest.parse() {
                    Ok(number) => {
                        self.open(View::Packets);
                        self.go_to_frame(number);
                    }
                    Err(_) => self.say("frame: expected a number", true),
                }
                None
            }
            "speed" => match Speed::parse(rest) {
                Ok(speed) => Some(Effect::Speed(speed)),
                Err(error) => {
                    self.say(format!("speed: {error}"), true);
                    None
                }
            },
            "filter" => {
                let mut prompt = Prompt::new(Asks::Filter, rest);
                let enter = KeyEvent::from(crossterm::event::KeyCode::Enter);
                match prompt.key(&enter, self.judge.schema()) {
                    Typed::Done => return self.entered(&prompt),
                    _ => self.prompt = Some(prompt),
                }
                None
            }
            "help" => {
                self.help = Some(0);
                None
            }
            other => {
                self.say(format!("no command {other}; there are phone, frame, filter, speed, save, help, quit"), true);
                None
            }
        }
    }

    /// Says something in the line at the bottom.
    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        self.said = Some((text.into(), bad));
    }

    fn search(&mut self, text: &str) {
        match self.view {
            View::Phones => {
                text.clone_into(&mut self.phones.search);
                self.arrange();
            }
            View::Phone => {
                text.clone_into(&mut self.phone.search);
                self.find_from(0);
            }
            View::Packets => {
                text.clone_into(&mut self.packets.search);
                self.find_from(0);
            }
            View::Media | View::Models => {}
        }
    }

    /// Puts the cursor on the next line from `ahead` lines further on that contains what is searched.
    fn find_from(&mut self, ahead: usize) -> bool {
        let (page, len) = (self.page(), self.len());
        let list = self.list().map_or(0, |list| list.at);
        let wanted = match self.view {
            View::Phone => self.phone.search.to_lowercase(),
            View::Packets => self.packets.search.to_lowercase(),
            _ => return false,
        };
        if wanted.is_empty() || len == 0 {
            return false;
        }
        let hit = (0..len).map(|step| (list + ahead + step) % len).find(|line| match self.view {
            View::Phone => {
                self.phone.ladder.rungs.get(*line).is_some_and(|rung| rung.text.to_lowercase().contains(&wanted))
            }
            _ => view::packets::info(self, *line).is_some_and(|text| text.to_lowercase().contains(&wanted)),
        });
        if let (Some(hit), Some(list)) = (hit, self.list()) {
            list.go(hit, len, page);
        }
        hit.is_some()
    }

    fn act(&mut self, action: Action) -> Option<Effect> {
        let page = self.page().max(1) as isize;
        match action {
            Action::Up => self.move_by(-1),
            Action::Down => self.move_by(1),
            Action::PageUp => self.move_by(-page),
            Action::PageDown => self.move_by(page),
            Action::Top => self.move_by(isize::MIN),
            Action::Bottom => self.move_by(isize::MAX),
            Action::Left => self.pane(false),
            Action::Right | Action::NextPane => self.pane(true),
            Action::Open => self.open_cursor(),
            Action::Back => return self.back(false),
            Action::Quit => return self.back(true),
            Action::Help => self.help = Some(0),
            Action::Save => self.ask_save(),
            Action::Mermaid => {
                self.save_as("mmd");
            }
            Action::Search => {
                let before = match self.view {
                    View::Phones => &self.phones.search,
                    View::Phone => &self.phone.search,
                    _ => &self.packets.search,
                };
                self.prompt = Some(Prompt::new(Asks::Search, before));
            }
            Action::Filter => self.prompt = Some(Prompt::new(Asks::Filter, &self.packets.filter)),
            Action::Clear => self.clear(),
            Action::SortNext => self.sort(1),
            Action::SortBefore => self.sort(SORTS.len() - 1),
            Action::Reverse => {
                self.phones.reverse = !self.phones.reverse;
                self.arrange();
            }
            Action::View(number) => {
                if let Some((view, _)) = View::ALL.get(number) {
                    self.open(*view);
                }
            }
            Action::Command => self.prompt = Some(Prompt::new(Asks::Command, "")),
            Action::Everything => self.phone.everything = !self.phone.everything,
            Action::Times => {
                self.times = match self.times {
                    Times::Clock => Times::SinceFirst,
                    Times::SinceFirst => Times::Between,
                    Times::Between => Times::Clock,
                }
            }
            Action::Follow => self.packets.follow = !self.packets.follow,
            Action::Theme => self.theme = self.theme.next(),
            Action::Yank => return self.yank(),
            Action::Mark => self.mark(),
            Action::Beside => self.set_beside(),
            Action::Pause => return Some(Effect::Pause),
            Action::Step => return Some(Effect::Step),
            Action::Faster => return Some(Effect::Faster),
            Action::Slower => return Some(Effect::Slower),
            Action::NextFinding => return self.next_finding(true),
            Action::FindingBefore => return self.next_finding(false),
            Action::Redraw => return Some(Effect::Redraw),
        }
        None
    }

    /// The next match of a search; else the next finding: of the phone looked at, or of the replay.
    fn next_finding(&mut self, forward: bool) -> Option<Effect> {
        let searched = match self.view {
            View::Phone => !self.phone.search.is_empty(),
            View::Packets => !self.packets.search.is_empty(),
            _ => false,
        };
        if searched && forward {
            self.find_from(1);
            return None;
        }
        if self.view == View::Phone && self.judge.is_over() {
            let rungs = &self.phone.ladder.rungs;
            let at = self.phone.list.at;
            let is = |line: &usize| rungs.get(*line).is_some_and(|rung| rung.severity.is_some());
            let hit = if forward { (at + 1..rungs.len()).find(is) } else { (0..at).rev().find(is) };
            if let Some(hit) = hit {
                let (len, page) = (rungs.len(), self.page());
                self.phone.list.go(hit, len, page);
                return None;
            }
        }
        Some(if forward { Effect::NextFinding } else { Effect::FindingBefore })
    }

    fn move_by(&mut self, lines: isize) {
        let (page, len) = (self.page(), self.len());
        match (self.view, self.pane_at()) {
            (View::Packets, Pane::Second) => {
                let page = self.tree_page();
                let len = self.packets.tree.nodes.len();
                self.packets.node.by(lines, len, page);
            }
            (View::Packets, Pane::Third) => {
                self.packets.bytes_top = self.packets.bytes_top.saturating_add_signed(lines).min(4096);
            }
            (View::Phone, Pane::Second) => {
                let len = self.phone.findings.len();
                self.phone.finding.by(lines, len, 1);
            }
            (View::Models, Pane::Second) => {
                let len = self.models.standing.get(self.models.list.at).map_or(0, Vec::len);
                let page = self.tree_page();
                self.models.state.by(lines, len, page);
            }
            _ => {
                self.packets.follow &= self.view != View::Packets || lines == isize::MAX;
                if let Some(list) = self.list() {
                    list.by(lines, len, page);
                }
                if self.view == View::Phones {
                    self.phones.id = self.row_at(self.phones.list.at).map(|row| row.id);
                }
                if self.view == View::Models {
                    self.models.state = List::default();
                }
            }
        }
    }

    fn list(&mut self) -> Option<&mut List> {
        Some(match self.view {
            View::Phones => &mut self.phones.list,
            View::Phone => &mut self.phone.list,
            View::Packets => &mut self.packets.list,
            View::Media => &mut self.media.list,
            View::Models => &mut self.models.list,
        })
    }

    fn len(&self) -> usize {
        match self.view {
            View::Phones => self.phones.shown.len(),
            View::Phone => self.phone.ladder.rungs.len(),
            View::Packets => self.packets_len(),
            View::Media => self.judge.seen().media.streams.len(),
            View::Models => self.judge.models().list.len(),
        }
    }

    fn pane_at(&self) -> Pane {
        match self.view {
            View::Phone => self.phone.pane,
            View::Packets => self.packets.pane,
            View::Models => self.models.pane,
            View::Phones | View::Media => Pane::First,
        }
    }

    fn pane(&mut self, next: bool) {
        let three = self.view == View::Packets;
        let other = match (self.pane_at(), next) {
            (Pane::First, true) => Pane::Second,
            (Pane::Second, true) if three => Pane::Third,
            (Pane::First, false) if three => Pane::Third,
            (Pane::First, false) | (Pane::Third, false) => Pane::Second,
            _ => Pane::First,
        };
        match self.view {
            View::Phone => self.phone.pane = other,
            View::Packets => self.packets.pane = other,
            View::Models => self.models.pane = other,
            View::Phones => self.sort(if next { 1 } else { SORTS.len() - 1 }),
            View::Media => {}
        }
    }

    fn sort(&mut self, by: usize) {
        self.phones.sort = (self.phones.sort + by) % SORTS.len();
        self.arrange();
    }

    /// Another view; back leads here again.
    pub fn open(&mut self, view: View) {
        if self.view != view {
            self.before.push(self.view);
            // Who goes in circles does not want to go back through all of them.
            if self.before.len() > 8 {
                self.before.remove(0);
            }
            self.view = view;
        }
        // The board is where all begins: from there it is back to the shell.
        if view == View::Phones {
            self.before.clear();
        }
        self.refresh_view();
    }

    /// A phone's ladder.
    pub fn open_phone(&mut self, id: crate::finding::PhoneId) {
        self.phone.id = Some(id);
        self.phones.id = Some(id);
        self.open(View::Phone);
    }

    fn open_cursor(&mut self) {
        match (self.view, self.pane_at()) {
            (View::Phones, _) => match self.phones.id {
                Some(id) => self.open_phone(id),
                None => self.say("no phone so far; 3 shows the packets, 4 the media", true),
            },
            (View::Phone, Pane::Second) => {
                let frame = self.phone.findings.get(self.phone.finding.at).and_then(|f| f.frames.first().copied());
                self.show_frame(frame);
            }
            (View::Phone, _) => {
                let frame = self.phone.ladder.rungs.get(self.phone.list.at).map(|rung| rung.frame);
                self.show_frame(frame);
            }
            (View::Packets, Pane::First) => self.packets.pane = Pane::Second,
            (View::Packets, _) => self.pane(true),
            (View::Media, _) => {
                let stream = self.judge.seen().media.streams.get(self.media.list.at);
                match stream.map(|stream| stream.phones.first().copied()) {
                    Some(Some(id)) => self.open_phone(id),
                    Some(None) => self.say("no phone is known at its ends; y gives the filter for its packets", true),
                    None => self.say("no stream so far", true),
                }
            }
            (View::Models, Pane::First) => self.models.pane = Pane::Second,
            (View::Models, _) => {
                let there = self.models.standing.get(self.models.list.at);
                let first = there.and_then(|states| states.get(self.models.state.at)?.first().copied());
                if let Some(id) = first {
                    self.open_phone(id);
                }
            }
        }
    }

    fn show_frame(&mut self, frame: Option<u64>) {
        let Some(frame) = frame.filter(|frame| *frame > 0) else { return };
        if self.judge.seen().frame(frame).is_none() {
            self.say(format!("frame {frame} is no longer kept"), true);
            return;
        }
        self.set_filter("");
        self.packets.follow = false;
        self.open(View::Packets);
        self.go_to_frame(frame);
    }

    fn clear(&mut self) {
        self.search("");
        self.set_filter("");
    }

    fn back(&mut self, quits: bool) -> Option<Effect> {
        if self.view == View::Phones && !quits && !self.phones.search.is_empty() {
            self.clear();
            return None;
        }
        if self.view == View::Packets && !quits && !self.packets.filter.is_empty() {
            self.set_filter("");
            return None;
        }
        match self.before.pop() {
            Some(view) => {
                self.view = view;
                None
            }
            None if !quits => None,
            // Once, and only where something would be lost.
            None if self.origin.live && !self.origin.written && !self.quit_asked => {
                self.quit_asked = true;
                self.say("this capture is not written to a file; q again to quit, s to save", true);
                None
            }
            None => Some(Effect::Quit),
        }
    }

    fn ask_save(&mut self) {
        let ending = match self.view {
            View::Phones | View::Phone | View::Packets => "pcapng",
            View::Media => "txt",
            View::Models => "mmd",
        };
        self.save_as(ending);
    }

    fn save_as(&mut self, ending: &str) {
        let label = self.phone_meant().and_then(|id| self.judge.phones().get(id)).map(|phone| phone.label());
        let stem = match self.view {
            View::Models => self.judge.models().list.get(self.models.list.at).map(|model| model.id.to_string()),
            View::Packets if self.packets.passing.is_some() => Some("filtered".to_owned()),
            View::Media => Some("media".to_owned()),
            _ => label,
        };
        let stem = stem.unwrap_or_else(|| "offhook".to_owned()).replace([':', '/'], "-");
        self.prompt = Some(Prompt::new(Asks::Save, &format!("{stem}.{ending}")));
    }

    fn yank(&mut self) -> Option<Effect> {
        let text = match self.view {
            View::Packets => self.packets.tree.nodes.get(self.packets.node.at).and_then(|node| node.filter.clone()),
            View::Media => {
                let stream = self.judge.seen().media.streams.get(self.media.list.at);
                stream.map(|stream| format!("rtp.ssrc == {}", stream.ssrc))
            }
            _ => self
                .phone_meant()
                .and_then(|id| self.judge.phones().get(id))
                .map(|phone| format!("phone.name == \"{}\"", phone.label())),
        };
        match text {
            Some(text) => {
                self.prompt = Some(Prompt::new(Asks::Filter, &text));
                Some(Effect::Copy(text))
            }
            None => {
                self.say("nothing here that a filter could name", true);
                None
            }
        }
    }

    /// The mouse.
    pub fn mouse(&mut self, mouse: &MouseEvent) -> Option<Effect> {
        if self.prompt.is_some() {
            return None;
        }
        match mouse.kind {
            MouseEventKind::ScrollDown => self.move_by(3),
            MouseEventKind::ScrollUp => self.move_by(-3),
            MouseEventKind::Down(MouseButton::Left) => {
                self.help = None;
                self.click(mouse.column, mouse.row);
            }
            _ => return None,
        }
        self.refresh_view();
        None
    }

    fn click(&mut self, x: u16, y: u16) {
        if y == 0 {
            if let Some(view) = view::tab_at(x) {
                self.open(view);
            }
            return;
        }
        let areas = view::areas(self);
        let inside = |area: ratatui::layout::Rect| area.contains((x, y).into());
        if inside(areas.list) {
            let line = usize::from(y - areas.list.y);
            let (page, len) = (self.page(), self.len());
            let twice = self.list().is_some_and(|list| {
                let to = list.top + line;
                let same = list.at == to;
                if to < len {
                    list.go(to, len, page);
                }
                same
            });
            match self.view {
                View::Phone => self.phone.pane = Pane::First,
                View::Packets => self.packets.pane = Pane::First,
                View::Models => self.models.pane = Pane::First,
                View::Phones => self.phones.id = self.row_at(self.phones.list.at).map(|row| row.id),
                View::Media => {}
            }
            if twice {
                self.open_cursor();
            }
        } else if inside(areas.second) {
            let line = usize::from(y - areas.second.y);
            match self.view {
                View::Packets => {
                    self.packets.pane = Pane::Second;
                    let (len, page) = (self.packets.tree.nodes.len(), self.tree_page());
                    let to = self.packets.node.top + line;
                    self.packets.node.go(to, len, page);
                }
                View::Phone => self.phone.pane = Pane::Second,
                View::Models => {
                    self.models.pane = Pane::Second;
                    let len = self.models.standing.get(self.models.list.at).map_or(0, Vec::len);
                    let page = self.tree_page();
                    self.models.state.go(self.models.state.top + line, len, page);
                }
                View::Phones | View::Media => {}
            }
        } else if inside(areas.third) && self.view == View::Packets {
            self.packets.pane = Pane::Third;
        }
    }
}
