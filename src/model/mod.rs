//! Models: the documented sequences as data, and the engine that judges events by them.
//!
//! A model is one TOML file (`models/*.toml`). It is read with places ([`load`]), resolved against the schema of
//! events and fields (`compile`), linted ([`check`]), tried on its own examples ([`example`]), drawn ([`graph`]),
//! and run ([`engine`]).
//!
//! # The language
//!
//! ```toml
//! id      = "dhcp"                       # its findings are dhcp.<slug>
//! title   = "The phone gets an address"
//! sources = ["RFC 2131 §3.1"]
//! subject = "phone"                      # phone call session login request broadcast stream capture message
//! start   = "start"
//! accept  = ["bound"]                    # a run that ends here passes, whatever deadline is pending
//! join    = ["bound"]                    # where a capture that begins in the middle may step in
//!
//! [timers]                               # named lengths of time, which a site may override
//! give_up = "60s"
//! [keep]                                 # one value a run: number, true/false, "" = any one value, [] = list
//! naks = 0
//! [each.phone]                           # the same for each phone of a run (the listeners of a page)
//! [facts]                                # what this model tells all models of the phone; "type: meaning"
//! tftp_servers = "list: the configuration servers, in order"
//!
//! rows = ["FROM EVENT [when GUARD] -> TO [{ ACTION; ACTION }]"]
//!
//! [state.discovering]
//! title  = "asking for an address"
//! within = "give_up"                     # an expression, computed when the state is entered
//! until  = "dhcp.nak when naks > 1"      # one or several events that cancel the deadline
//! late   = [{ when = "…", each = "…", raise = "dhcp.no-answer", do = "naks = 0", to = "start" }]
//!
//! [finding."dhcp.no-answer"]
//! severity = "fail"                      # fail warn info
//! what = "Asked {count} times."          # {x}: from `with`, else what is kept, else a fact of the phone
//! why  = "…"
//! fix  = "…"
//! source = "…"                           # else the first of the model's sources
//! needs  = "visible(dhcp)"               # absence that the capture could have seen
//! with   = { count = "count(dhcp.discover)" }
//! cites  = "run"                         # all frames that moved the run, not only those of this state; "way": since
//!                                        # it left the last state of `accept`
//! again  = "update"                      # found once more: a new text replaces the old (counts); else a new finding
//! inferred = true                        # drawn from sizes and timing of what is encrypted; or a guard: if it holds
//!
//! [[example]]
//! trace = ["0.0 dhcp.discover", "4.0 < dhcp.offer dhcp.ip.your=10.0.0.7", "70.0 frame"]
//! finds = ["60.0 dhcp.no-answer"]
//! ```
//!
//! * FROM is a state, several (`a|b`) or `*`; EVENT one or several; TO a state or `=` (stay). Of the rows of the
//!   current state the first that fits is taken; an event that fits none changes nothing. A row that stays keeps the
//!   state's deadline unless it says `restart`. An event of `until` cancels it, also the one that entered the state.
//! * ACTION: `x = EXPR`, `x += EXPR` (adds a number; appends to a list what is not in it), `x -= EXPR`, `clear x`,
//!   `phone.fact = EXPR`, `raise ID [when GUARD]`, `raise ID each GUARD` (one finding for each phone of the run for
//!   which it holds), `raise ID here [when GUARD]` (of the phone whose message is at hand alone), `retract ID` (takes
//!   back what was found of the phone at hand, where a later message shows that the capture missed an earlier one),
//!   `restart`, `forget` (what moved the run up to and with this message is not cited by what is found later). They
//!   are done in order.
//! * Expressions are those of [`crate::expr`], and besides: what the model keeps, its timers, `phone.<fact>` of any
//!   model, `phone.name mac ip vlan model load dn callmanager`, `phone.sends`, `phone.receives`, `site.<name>`;
//!   `count(event[, window])` since this run began (the one that begins it is counted after; up to 64 in a window),
//!   `age(event)` or `age(x)` of a kept time, in seconds, `elapsed()` in this state, `seen(state)`, `outcome(model)`
//!   and `at(model)` of this phone, `visible(proto)` (also of `link switch replies ip tcp udp tvs signalling`),
//!   `limit()` and `limit(video)`: the kbit/s that the site allows between the regions of the two ends of the event
//!   at hand, and over the phones of a run `any(…)`, `every(…)`, `count(…)`.
//! * The first entry of `late` whose `when` holds is done, once for each time the state is entered; `to` the same
//!   state waits once more. When a deadline fires there is no message at hand: what `late` names must have been kept.
//! * Unknown guards take no row and raise nothing. Where one decided nothing about a `fail`, and where the `needs`
//!   of a `fail` do not hold, the run is inconclusive.
//! * Without `key` there is one run a phone. With `key = { "sip.request" = "sip.Call-ID" }` there is one for each
//!   value; an event with several keys (`["a", "b"]`) belongs to the run that has the first of them, and brings that
//!   run the others. An event with several values of its first key is judged for each. A run in a state without a way
//!   out is over; a new one may start with its key.

mod act;
pub mod check;
mod compile;
pub mod doc;
mod ending;
pub mod engine;
pub mod example;
pub mod facts;
pub mod graph;
mod judge;
mod kept;
pub mod load;
mod read;
mod row;
mod run;
pub mod site;
mod standing;
mod view;
mod waiting;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::event::{EventDef, FieldDef, Value};
use crate::expr::Expr;
use crate::finding::Severity;
pub use engine::{Concerned, Engine, Limits, Who};
pub use site::Site;
pub use standing::Standing;

/// All loaded models, resolved and ready to run.
#[derive(Debug)]
pub struct Models {
    /// In the order in which they judge an event: those that read another's facts or outcome come after it.
    pub list: Vec<Model>,
    /// Every fact that one of them sets.
    pub facts: Vec<Fact>,
    /// What the site's file says, by name.
    pub(crate) site: Vec<Option<Vec<Value<'static>>>>,
    /// The names that models ask a site for.
    pub(crate) site_names: Vec<String>,
    /// Who is in which region.
    pub(crate) regions: site::Regions,
    /// What each phone begins with, by fact.
    begin: Vec<kept::Kept>,
    /// Who waits for an event.
    waiting: waiting::Waiting,
    /// What their guards ask of a message alike.
    shared: crate::expr::Shared,
}

impl Models {
    /// The model of that id.
    pub fn get(&self, id: &str) -> Option<&Model> {
        self.list.iter().find(|model| &*model.id == id)
    }
}

/// A fact of a phone that outlives runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name after `phone.`.
    pub name: String,
    /// One value or several.
    pub list: bool,
    /// What it means.
    pub meaning: String,
    kind: crate::expr::Type,
}

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Subject {
    Phone,
    Call,
    Session,
    Login,
    Request,
    Broadcast,
    Stream,
    Capture,
    Message,
}

impl Subject {
    const ALL: [(&'static str, Subject); 9] = [
        ("phone", Subject::Phone),
        ("call", Subject::Call),
        ("session", Subject::Session),
        ("login", Subject::Login),
        ("request", Subject::Request),
        ("broadcast", Subject::Broadcast),
        ("stream", Subject::Stream),
        ("capture", Subject::Capture),
        ("message", Subject::Message),
    ];

    /// `phone`, `call`, …
    pub fn name(self) -> &'static str {
        Subject::ALL.iter().find(|(_, subject)| *subject == self).map_or("", |(name, _)| name)
    }

    /// Whether its runs are flows. What is found about the capture or one message is no flow.
    pub fn is_flow(self) -> bool {
        !matches!(self, Subject::Capture | Subject::Message)
    }
}

/// A sequence model.
#[derive(Debug)]
pub struct Model {
    /// `dhcp`
    pub id: Arc<str>,
    /// For a person.
    pub title: String,
    /// The documents it was written from.
    pub sources: Vec<String>,
    /// What a run is about.
    pub subject: Subject,
    /// Its states; rows name them by their place here.
    pub states: Vec<State>,
    /// Where a run begins.
    pub start: usize,
    /// Its rows, in the order of the file.
    pub rows: Vec<Row>,
    /// What it may find.
    pub findings: Vec<FindingDef>,
    /// Its named lengths of time in seconds, as a site may have set them.
    pub timers: Vec<(String, f64)>,
    /// Its own examples.
    pub examples: Vec<example::Example>,
    /// The file it comes from.
    pub file: String,
    /// The text of that file.
    pub text: Cow<'static, str>,
    /// The fields it asks for.
    pub fields: Vec<&'static FieldDef>,
    events: Vec<&'static EventDef>,
    /// The rows of a state for an event.
    rows_at: waiting::RowsAt,
    joins: Vec<usize>,
    keep: Vec<Var>,
    each: Vec<Var>,
    /// For each event the expressions that key its run; all empty for a model without a key.
    keys: Vec<Vec<Expr>>,
    keyed: bool,
    names: Vec<Name>,
    questions: Vec<Question>,
    /// For each event its place among those that are counted.
    tracks: Vec<Option<u16>>,
    /// Ids of the models whose outcome or state it asks for.
    pub(crate) asks: Vec<usize>,
    fresh: run::Run,
}

/// A state.
#[derive(Debug)]
pub struct State {
    /// `discovering`
    pub name: Arc<str>,
    /// For a person: `asking for an address`.
    pub label: Arc<str>,
    /// A run that ends here passes.
    pub accept: bool,
    /// No row leads out of it and no deadline stands in it: a run is over here.
    pub ends: bool,
    /// The source of its `within`, for a drawing.
    pub limit: Option<String>,
    within: Option<Expr>,
    until: Vec<Until>,
    late: Vec<Late>,
}

impl State {
    /// Whether an event may end the wait in it.
    fn awaits(&self, local: usize) -> bool {
        self.until.iter().any(|until| until.events.contains(&local))
    }
}

#[derive(Debug)]
struct Until {
    events: Vec<usize>,
    guard: Option<Expr>,
}

#[derive(Debug)]
struct Late {
    when: Option<Expr>,
    actions: Box<[Action]>,
    to: Option<usize>,
}

/// A row: from a state, by an event, to a state.
#[derive(Debug)]
pub struct Row {
    /// The states it leads from.
    pub from: Box<[usize]>,
    /// The events it takes, for a person.
    pub by: Box<[&'static EventDef]>,
    /// The source of its guard.
    pub when: Option<Cow<'static, str>>,
    /// The state it leads to; `None` if it stays.
    pub to: Option<usize>,
    guard: Option<Expr>,
    actions: Box<[Action]>,
}

#[derive(Debug)]
enum Action {
    Set(Target, Change, Expr),
    Clear(Target),
    /// A finding: if the guard holds.
    Raise {
        finding: usize,
        when: Option<Expr>,
        of: Of,
    },
    /// A finding is taken back: what came later shows that the capture missed what it rests on.
    Retract(usize),
    Restart,
    /// The frames that moved the run so far are not cited any more.
    Forget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Put,
    Add,
    Take,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Kept(usize),
    Child(usize),
    Fact(usize),
}

#[derive(Debug)]
struct Var {
    name: String,
    kind: crate::expr::Type,
    list: bool,
    initial: kept::Kept,
}

/// A name that an expression of a model may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Kept(usize),
    Child(usize),
    Fact(usize),
    Identity(Identity),
    Sends,
    Receives,
    Site(usize),
}

/// What the phone room knows of a phone, as the models name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// `SEP001122334455`
    Name,
    /// Its hardware address.
    Mac,
    /// Its address now.
    Ip,
    /// The VLAN its frames are in.
    Vlan,
    /// `CP-7961G`
    Model,
    /// Its firmware.
    Load,
    /// Its directory numbers.
    Dn,
    /// The CallManager it is registered with.
    CallManager,
}

impl Identity {
    /// Each with the name it has after `phone.`.
    pub const ALL: [(&'static str, Identity); 8] = [
        ("name", Identity::Name),
        ("mac", Identity::Mac),
        ("ip", Identity::Ip),
        ("vlan", Identity::Vlan),
        ("model", Identity::Model),
        ("load", Identity::Load),
        ("dn", Identity::Dn),
        ("callmanager", Identity::CallManager),
    ];
}

#[derive(Debug, Clone, PartialEq)]
enum Question {
    Count(u16),
    Age(u16),
    AgeOf(Name),
    Elapsed,
    Seen(usize),
    Outcome(usize),
    At(usize),
    Visible(Arc<str>),
    Limit(site::Media),
}

/// A finding as its model describes it.
#[derive(Debug)]
pub struct FindingDef {
    /// `dhcp.no-answer`
    pub id: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// The document it rests on.
    pub source: Arc<str>,
    /// Drawn from sizes and timing, always or at times.
    pub inferred: bool,
    /// At which times.
    inferred_when: Option<Expr>,
    /// The sources of what, why and fix, with their placeholders.
    pub texts: [Cow<'static, str>; 3],
    what: Vec<Piece>,
    why: Vec<Piece>,
    fix: Vec<Piece>,
    needs: Option<(Expr, String)>,
    cites: Cites,
    update: bool,
}

/// Whom a finding concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// All phones of the run.
    Run,
    /// Each phone of the run for which the guard holds.
    Each,
    /// The phone whose message is at hand.
    Here,
}

/// The frames that a finding cites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cites {
    /// Those that moved the run in the state where it stands.
    State,
    /// Those that moved it since it left the last state of `accept`.
    Way,
    /// All that moved it.
    Run,
}

#[derive(Debug)]
enum Piece {
    Text(Cow<'static, str>),
    /// A placeholder: its value, and what is said if it cannot be told.
    Value(Expr),
}

/// Something wrong in a model's file, or worth a second look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub hint: Option<String>,
    /// Only a warning: the model can be used.
    pub warning: bool,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.warning { "warning: " } else { "" };
        write!(f, "{}:{}:{}: {kind}{}", self.file, self.line, self.column, self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl std::error::Error for ModelError {}
