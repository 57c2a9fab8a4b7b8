//! Two phones beside each other: which are meant, and what differs.

use super::{App, View};
use crate::finding::PhoneId;
use crate::model::Concerned;
use crate::pipeline::{Look, Watch};
use crate::report::compare::{Portrait, Watcher};
use crate::report::{Only, Report};
use crate::source::Notes;
use crate::tui::board::Standing;

impl App {
    /// Chooses a phone, or no longer; of two chosen and a third one, the first is let go.
    pub(super) fn mark(&mut self) {
        let Some(id) = self.phones.id.filter(|_| self.view == View::Phones) else {
            self.say("phones are chosen on the board (1)", true);
            return;
        };
        match self.marked.iter().position(|known| *known == id) {
            Some(at) => drop(self.marked.remove(at)),
            None => self.marked.push(id),
        }
        if self.marked.len() > 2 {
            self.marked.remove(0);
        }
        let said = match self.marked.len() {
            0 => return,
            1 => "one chosen; d sets it beside the one under the cursor, Space chooses another",
            _ => "two chosen; d shows what differs",
        };
        self.say(said, false);
    }

    /// Of two that are chosen what differs; else of the phone at hand and the chosen one, or a healthy one.
    pub(super) fn set_beside(&mut self) {
        let at = self.phone_meant();
        let healthy = || self.board.rows.iter().find(|row| row.standing == Standing::Healthy && Some(row.id) != at);
        let pair = match (self.marked.as_slice(), at) {
            (&[one, other, ..], _) => Some((one, other)),
            (&[one], Some(at)) if one != at => Some((at, one)),
            (_, Some(at)) => healthy().map(|row| (at, row.id)),
            (_, None) => None,
        };
        let beside = pair.and_then(|(one, other)| Some(self.portrait(one)?.beside(&self.portrait(other)?)));
        match beside {
            Some(beside) => self.beside = Some((beside, 0)),
            None => self.say("nothing to set it beside: choose two phones with Space", true),
        }
    }

    fn portrait(&self, id: PhoneId) -> Option<Portrait> {
        let phones = self.judge.phones();
        let phone = phones.get(id)?;
        // What the models do not keep is read out of the messages again.
        let mut watcher = Watcher::default();
        for message in self.judge.seen().of_phone(id, phones).into_iter().filter_map(|at| self.judge.seen().message(at))
        {
            let told = message.phones.iter().filter(|(known, _)| phones.now(*known) == id);
            let concerned: Vec<Concerned> = told.map(|(_, sends)| Concerned { phone: id, sends: *sends }).collect();
            watcher.event(&message.event.borrow(), &concerned, phones);
        }
        let look = self.judge.look();
        let flows = look.flows.iter().filter(|flow| flow.phones.contains(&id)).cloned().collect();
        let look = Look { flows: std::borrow::Cow::Owned(flows), ..look };
        let mut report = Report::default();
        let label = phone.label();
        report.add_look("", &look, &Notes::default(), Only { phone: Some(&label), models: &[] });
        let of = report.phones.iter().find(|of| of.id == id)?;
        Some(Portrait::of(of, id, phone, look.facts, &watcher))
    }
}
