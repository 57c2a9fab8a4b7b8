//! What is shown, brought up to date with what the core knows: only what is looked at, only when something changed.

use super::{App, List, Models, SORTS, View};
use crate::finding::Severity;
use crate::tui::board::{Board, Row};
use crate::tui::trace;
use crate::tui::view;

impl App {
    /// Brings what is looked at up to date.
    pub fn refresh(&mut self) {
        let changes = self.judge.changes;
        if self.board_at != Some(changes) {
            self.board = Board::of(&self.judge);
            self.board_at = Some(changes);
            self.arrange();
        }
        self.refresh_view();
    }

    /// Brings the view up to date, as far as a key may have changed it; the board stays as it is.
    pub(super) fn refresh_view(&mut self) {
        match self.view {
            View::Phone => {
                self.refresh_phone();
                // The ladder has less room while its findings are read.
                let (len, page) = (self.phone.ladder.rungs.len(), self.page());
                self.phone.list.go(self.phone.list.at, len, page);
            }
            View::Packets => {
                self.scan();
                let (len, page) = (self.packets_len(), self.page());
                let to = if self.packets.follow { len.saturating_sub(1) } else { self.packets.list.at };
                self.packets.list.go(to, len, page);
                self.take_apart();
            }
            View::Models => self.refresh_models(),
            View::Phones | View::Media => {}
        }
    }

    /// How many lines the list of the view has room for.
    pub fn page(&self) -> usize {
        usize::from(view::areas(self).list.height)
    }

    pub(super) fn tree_page(&self) -> usize {
        usize::from(view::areas(self).second.height)
    }

    /// Rows that match the search, in the order asked for; the cursor stays with its phone.
    pub(super) fn arrange(&mut self) {
        let wanted = self.phones.search.to_lowercase();
        let hit = |row: &Row| {
            let fields = [&row.label, &row.mac, &row.ip, &row.port, &row.model, &row.dn, &row.callmanager];
            let word = row.standing.words().1;
            fields.iter().any(|field| field.to_lowercase().contains(&wanted))
                || word.to_lowercase().contains(&wanted)
                || row.at.is_some_and(|at| at.contains(&wanted))
        };
        let rows = &self.board.rows;
        let mut shown: Vec<usize> =
            (0..rows.len()).filter(|at| wanted.is_empty() || rows.get(*at).is_some_and(hit)).collect();
        let name = SORTS.get(self.phones.sort).copied().unwrap_or_default();
        let row = |at: &usize| rows.get(*at);
        match name {
            "name" => shown.sort_by(|a, b| row(a).map(|r| &r.label).cmp(&row(b).map(|r| &r.label))),
            "address" => shown.sort_by_cached_key(|at| row(at).map(|r| r.ip.parse::<std::net::IpAddr>().ok())),
            "vlan" => shown.sort_by_key(|at| row(at).map(|r| r.vlan)),
            "port" => shown.sort_by(|a, b| row(a).map(|r| &r.port).cmp(&row(b).map(|r| &r.port))),
            "model" => shown.sort_by(|a, b| row(a).map(|r| &r.model).cmp(&row(b).map(|r| &r.model))),
            _ => shown.sort_by(|a, b| {
                row(a).map(|r| (r.standing, r.at, &r.label)).cmp(&row(b).map(|r| (r.standing, r.at, &r.label)))
            }),
        }
        if self.phones.reverse {
            shown.reverse();
        }
        let id = self.phones.id;
        let at = shown.iter().position(|at| rows.get(*at).map(|row| row.id) == id && id.is_some());
        let (len, page) = (shown.len(), self.page());
        self.phones.shown = shown;
        let at = at.unwrap_or(self.phones.list.at);
        self.phones.list.go(at, len, page);
        self.phones.id = self.row_at(self.phones.list.at).map(|row| row.id);
    }

    /// The row in a line of the board.
    pub fn row_at(&self, line: usize) -> Option<&Row> {
        self.board.rows.get(*self.phones.shown.get(line)?)
    }

    pub(super) fn refresh_phone(&mut self) {
        let changes = self.board_at.unwrap_or_default();
        let id = self.phone.id.or(self.phones.id).or(self.board.rows.first().map(|row| row.id));
        let Some(id) = id.map(|id| self.judge.phones().now(id)) else { return };
        self.phone.id = Some(id);
        let key = (changes, id, self.phone.everything);
        if self.phone.at == Some(key) {
            return;
        }
        let same =
            self.phone.at.is_some_and(|(_, known, everything)| (known, everything) == (id, self.phone.everything));
        let at_end = self.phone.list.at + 1 >= self.phone.ladder.rungs.len();
        self.phone.at = Some(key);
        self.phone.ladder = trace::ladder(&self.judge, id, self.phone.everything);
        let phones = self.judge.phones();
        self.phone.findings = self
            .judge
            .findings()
            .iter()
            .filter(|finding| finding.phones.iter().any(|known| phones.now(*known) == id))
            .cloned()
            .collect();
        self.phone.findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.time, finding.serial));
        let (len, page) = (self.phone.ladder.rungs.len(), self.page());
        if !same {
            self.phone.list = List::default();
            self.phone.finding = List::default();
            // What is wrong is looked at first.
            let wrong = self.phone.ladder.rungs.iter().position(|rung| rung.severity == Some(Severity::Fail));
            let to = wrong.unwrap_or_else(|| if self.origin.live { len.saturating_sub(1) } else { 0 });
            self.phone.list.go(to, len, page);
        } else if at_end && !self.judge.is_over() {
            self.phone.list.go(len.saturating_sub(1), len, page);
        } else {
            self.phone.list.go(self.phone.list.at, len, page);
        }
        self.phone.finding.go(self.phone.finding.at, self.phone.findings.len(), 1);
    }

    fn refresh_models(&mut self) {
        let changes = self.board_at.unwrap_or_default();
        if self.models.at == Some(changes) {
            return;
        }
        let models = self.judge.models();
        let mut standing: Vec<Vec<Vec<_>>> =
            models.list.iter().map(|model| vec![Vec::new(); model.states.len()]).collect();
        let phones = self.judge.phones();
        self.judge.standings(&mut |run| {
            let Some(model) = models.list.iter().position(|model| *model.id == *run.model) else { return };
            let states = models.list.get(model).map(|model| model.states.as_slice()).unwrap_or_default();
            let Some(state) = states.iter().position(|state| *state.name == *run.state) else { return };
            if let Some(there) = standing.get_mut(model).and_then(|states| states.get_mut(state)) {
                there.extend(run.phones.iter().map(|id| phones.now(*id)));
            }
        });
        for there in standing.iter_mut().flatten() {
            there.sort_unstable();
            there.dedup();
        }
        self.models = Models { standing, at: Some(changes), ..self.models.clone() };
    }
}
