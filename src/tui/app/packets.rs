//! Which frames pass the display filter, and the frame under the cursor taken apart.

use super::{App, List};
use crate::event::Field;
use crate::expr::Expr;
use crate::finding::PhoneId;
use crate::phone;
use crate::tui::packet;
use crate::tui::seen::Message;

impl App {
    /// Sets the display filter; an empty one shows all. The filter was checked while it was typed.
    pub fn set_filter(&mut self, text: &str) {
        let text = text.trim();
        let here = self.packet_at(self.packets.list.at);
        self.packets.expr = if text.is_empty() { None } else { Expr::filter(text, self.judge.schema()).ok() };
        self.packets.filter = if self.packets.expr.is_some() { text.to_owned() } else { String::new() };
        self.packets.passing = self.packets.expr.is_some().then(Vec::new);
        self.packets.scanned = 0;
        self.packets.list = List::default();
        self.scan();
        if let Some(here) = here {
            self.go_to_frame(here);
        }
    }

    /// Looks at the messages that came since it looked last.
    pub(super) fn scan(&mut self) {
        let Some(expr) = &self.packets.expr else { return };
        let seen = self.judge.seen();
        let serials = seen.serials();
        let mut passing = self.packets.passing.take().unwrap_or_default();
        if seen.let_go > 0
            && let Some((oldest, _)) = seen.at(0)
        {
            passing.retain(|frame| *frame >= oldest);
        }
        let sorted = passing.len();
        for serial in self.packets.scanned.max(serials.start)..serials.end {
            let Some(message) = seen.message(serial) else { continue };
            if self.passes(expr, message) && passing.last() != Some(&message.event.origin.frame) {
                passing.push(message.event.origin.frame);
            }
        }
        // What is told at its end (a stream, a transfer) is dated back.
        if passing.get(sorted.saturating_sub(1)..).is_some_and(|new| !new.is_sorted()) {
            passing.sort_unstable();
        }
        passing.dedup();
        self.packets.scanned = serials.end;
        self.packets.passing = Some(passing);
    }

    fn passes(&self, expr: &Expr, message: &Message) -> bool {
        use crate::event::Value;
        let mut more: Vec<Field<'static>> = Vec::new();
        let phones = self.judge.phones();
        let mut push = |def, value| more.push(Field { def, value, at: 0, len: 0 });
        for (id, _) in &message.phones {
            let Some(phone) = phones.get(*id) else { continue };
            push(&phone::NAME, Value::Text(phone.label().into()));
            phone.mac.into_iter().for_each(|mac| push(&phone::MAC, Value::Mac(mac)));
            phone.addresses.iter().for_each(|address| push(&phone::IP, Value::Ip(address.ip)));
            if expr.names(&phone::VERDICT)
                && let Some(verdict) = self.verdict(phones.now(*id))
            {
                push(&phone::VERDICT, Value::Text(verdict.into()));
            }
        }
        if expr.names(&phone::FINDING) {
            let frame = message.event.origin.frame;
            for finding in self.judge.findings().iter().filter(|finding| finding.frames.contains(&frame)) {
                push(&phone::FINDING, Value::Text(finding.id.to_string().into()));
            }
        }
        expr.passes(&message.event.borrow(), &more)
    }

    fn verdict(&self, id: PhoneId) -> Option<&'static str> {
        use crate::tui::board::Standing;
        let row = self.board.rows.iter().find(|row| row.id == id)?;
        Some(match row.standing {
            Standing::Stuck | Standing::Failed => "fail",
            Standing::Unclear | Standing::Waits => "inconclusive",
            Standing::Healthy => "pass",
        })
    }

    /// Puts the cursor on a frame, or on the next one that is shown.
    pub fn go_to_frame(&mut self, number: u64) {
        let line = match &self.packets.passing {
            Some(passing) => passing.partition_point(|frame| *frame < number),
            None => self.judge.seen().place(number),
        };
        let (len, page) = (self.packets_len(), self.page());
        self.packets.list.go(line, len, page);
        self.take_apart();
    }

    /// The frame under the cursor, as a tree.
    pub(super) fn take_apart(&mut self) {
        let Some(number) = self.packet_at(self.packets.list.at) else {
            self.packets.tree = packet::Tree::default();
            self.packets.tree_of = (0, 0);
            return;
        };
        // Messages may be told of a frame later.
        let told = self.judge.seen().of_frame(number).count() as u64 + 1;
        if self.packets.tree_of == (number, told) {
            return;
        }
        if self.packets.tree_of.0 != number {
            self.packets.node = List::default();
            self.packets.bytes_top = 0;
        }
        self.packets.tree = packet::tree(self.judge.seen(), number, self.secrets);
        self.packets.tree_of = (number, told);
        if self.packets.node.at == 0 {
            // The message says more than its layers.
            let first = self.packets.tree.nodes.iter().position(|node| node.bytes.0 > 0);
            let (len, page) = (self.packets.tree.nodes.len(), self.tree_page());
            if let Some(first) = first {
                self.packets.node.go(first, len, page);
                self.packets.node.top = first;
            }
        }
    }
}
