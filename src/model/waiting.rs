//! Who waits for an event, and which of its rows the event may take: seen from few of its fields before any guard is
//! asked, since most events are of no use to most models that know their kind.

use std::collections::HashMap;

use super::{Model, Name, Row, Subject};
use crate::event::{Event, EventDef, FieldDef, Value};
use crate::expr::{Bits, Gate, Needs, Scope, Slot, Told};

/// The phone at hand receives the message: that it sends it is refuted.
const SENDS: Bits = 1 << 62;

/// The phone at hand sends the message.
const RECEIVES: Bits = 1 << 63;

/// What is told of a message, and by who sends it.
pub(super) fn and_who(told: Told, sends: Option<bool>) -> Told {
    let (refuted, unsure) = match sends {
        Some(true) => (RECEIVES, 0),
        Some(false) => (SENDS, 0),
        None => (0, SENDS | RECEIVES),
    };
    let both = SENDS | RECEIVES;
    Told { refuted: told.refuted & !both | refuted, unsure: told.unsure & !both | unsure }
}

/// The models that wait for each event, by the address of its definition.
#[derive(Debug, Default)]
pub(super) struct Waiting(HashMap<usize, Wanted, foldhash::fast::RandomState>);

/// The models that wait for an event.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    gate: Gate,
    /// A model about phones, or about what phones do, is among them.
    pub about_phones: bool,
    /// In the order in which they judge.
    pub models: Vec<Wants>,
}

/// A model that waits for an event.
#[derive(Debug)]
pub(super) struct Wants {
    /// Its place in the list.
    pub model: u16,
    /// Its number for the event.
    pub local: u16,
    /// What the event has to be for any of its rows, or to end a wait.
    needs: Box<[Bits]>,
}

impl Wants {
    /// Whether the event may be of use to the model.
    #[inline]
    pub fn may(&self, told: Told) -> bool {
        self.needs.iter().any(|needed| needed & told.refuted == 0)
    }
}

impl Wanted {
    /// What the event at hand tells.
    pub fn tell(&self, event: &Event<'_>) -> Told {
        and_who(self.gate.tell(event), None)
    }
}

/// A run that has just begun: its variables are as every run begins.
struct Fresh<'a>(&'a Model);

impl Scope for Fresh<'_> {
    fn field(&self, _: &'static FieldDef, _: &mut dyn FnMut(&Value<'_>)) {}

    fn slot(&self, slot: Slot, found: &mut dyn FnMut(&Value<'_>)) -> bool {
        let Some(Name::Kept(at)) = self.0.names.get(slot.0 as usize) else { return false };
        let initial = self.0.keep.get(*at).map(|var| &var.initial);
        initial.into_iter().flat_map(|kept| kept.values.iter()).for_each(found);
        initial.is_some_and(|kept| kept.known)
    }
}

impl Model {
    /// Whether a run cannot begin with this row: of what runs begin with, something refutes its guard.
    fn never_begins(&self, row: &Row) -> bool {
        let kept = |slot: Slot| matches!(self.names.get(slot.0 as usize), Some(Name::Kept(_)));
        row.guard.as_ref().is_some_and(|guard| guard.refuted_by(&kept, &Fresh(self)))
    }
}

impl Waiting {
    /// The models that wait for it.
    pub fn of(&self, def: &'static EventDef) -> Option<&Wanted> {
        self.0.get(&std::ptr::from_ref(def).addr())
    }

    /// All models have been added.
    pub fn seal(&mut self) {
        self.0.values_mut().for_each(|wanted| wanted.gate.seal());
    }

    /// Adds a model, after those that judge before it, and makes its table of rows.
    pub fn add(&mut self, number: usize, model: &mut Model) {
        let mut table = RowsAt { events: model.events.len(), begin: model.states.len(), ..RowsAt::default() };
        let begins: Vec<usize> = std::iter::once(model.start).chain(model.joins.iter().copied()).collect();
        let slots = |slot: Slot, holds: bool| match model.names.get(slot.0 as usize) {
            Some(Name::Sends) => sender(holds),
            Some(Name::Receives) => sender(!holds),
            _ => 0,
        };
        let mut cells: Vec<Cell> = Vec::new();
        for (local, def) in model.events.iter().enumerate() {
            let wanted = self.0.entry(std::ptr::from_ref(*def).addr()).or_default();
            let mut any = Vec::new();
            for (number, row) in model.rows.iter().enumerate().filter(|(_, row)| row.by.contains(def)) {
                let needs = wanted.gate.needs(row.guard.as_ref(), &slots);
                any.extend(needs.sets());
                let (row_number, needs) = (number as u16, table.needs(needs));
                let in_state = |state: usize, nth: usize| (state * table.events + local, nth, row_number, needs);
                cells.extend(row.from.iter().map(|from| in_state(*from, 0)));
                let nth = begins.iter().position(|state| row.from.contains(state));
                cells.extend(nth.filter(|_| !model.never_begins(row)).map(|nth| in_state(table.begin, nth)));
            }
            for until in model.states.iter().flat_map(|state| &state.until) {
                if until.events.contains(&local) {
                    any.extend(wanted.gate.needs(until.guard.as_ref(), &slots).sets());
                }
            }
            if model.tracks.get(local).copied().flatten().is_some() {
                // It is counted, whatever it is.
                any.push(0);
            }
            wanted.about_phones |= !matches!(model.subject, Subject::Capture | Subject::Message);
            wanted.models.push(Wants { model: number as u16, local: local as u16, needs: least(any).into() });
        }
        table.fill(cells);
        model.rows_at = table;
    }
}

/// The bit of who sends: the phone, or another.
fn sender(phone: bool) -> Bits {
    if phone { SENDS } else { RECEIVES }
}

/// A row on its way into the table: its cell, where rows of several states stand there the number of the state, the
/// row, and the place of what it needs.
type Cell = (usize, usize, u16, u16);

/// Without sets of which another is a part: that one is enough.
fn least(mut sets: Vec<Bits>) -> Vec<Bits> {
    sets.sort_unstable_by_key(|set| set.count_ones());
    let mut least: Vec<Bits> = Vec::new();
    for set in sets {
        if !least.iter().any(|smaller| smaller & set == *smaller) {
            least.push(set);
        }
    }
    least
}

/// Which rows lead from a state by an event, in a table: most cells of it are empty.
#[derive(Debug, Default)]
pub(super) struct RowsAt {
    events: usize,
    /// Where a state would stand whose rows are those by which a run begins.
    begin: usize,
    /// Where the rows of a cell end; they begin where those of the cell before end.
    ends: Vec<u32>,
    /// Each with the place of what it needs.
    rows: Vec<(u16, u16)>,
    needs: Vec<Needs>,
}

impl RowsAt {
    /// The rows by which an event leads from a state, unless what they need is refuted; each with the parts of its
    /// guard that surely hold.
    pub fn open(&self, state: usize, event: usize, told: Told) -> impl Iterator<Item = (usize, u64)> {
        let cell = self.cell(state, event).iter();
        cell.filter_map(move |(row, needs)| Some((usize::from(*row), self.needs.get(usize::from(*needs))?.met(told)?)))
    }

    /// The rows by which an event begins a run, in the order in which they are tried.
    pub fn begin(&self, event: usize, told: Told) -> impl Iterator<Item = (usize, u64)> {
        self.open(self.begin, event, told)
    }

    #[inline]
    fn cell(&self, state: usize, event: usize) -> &[(u16, u16)] {
        // A deadline is no event, and has no row.
        if event >= self.events {
            return &[];
        }
        let cell = state * self.events + event;
        let end = self.ends.get(cell).map_or(0, |end| *end as usize);
        let start = cell.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |start| *start as usize);
        self.rows.get(start..end).unwrap_or_default()
    }

    /// Fills the table; the rows of a cell stay in their order.
    fn fill(&mut self, mut cells: Vec<Cell>) {
        cells.sort_by_key(|(cell, nth, ..)| (*cell, *nth));
        let mut cells = cells.into_iter().peekable();
        self.ends.reserve_exact((self.begin + 1) * self.events);
        for cell in 0..(self.begin + 1) * self.events {
            while let Some((_, _, row, needs)) = cells.next_if(|(of, ..)| *of == cell) {
                self.rows.push((row, needs));
            }
            self.ends.push(self.rows.len() as u32);
        }
        self.rows.shrink_to_fit();
    }

    /// The place of what a row needs.
    fn needs(&mut self, needs: Needs) -> u16 {
        let at = self.needs.iter().position(|known| *known == needs).unwrap_or_else(|| {
            self.needs.push(needs);
            self.needs.len() - 1
        });
        at as u16
    }
}
