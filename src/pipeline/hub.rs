//! Where every event passes: phones learn, models judge, the watcher sees; what dissectors hand over is applied.

use super::desk::{Clue, Desk};
use super::expect::Expectations;
use super::remember::Trust;
use super::{
    BOUND, BYTES, COUNT, CUT_OFF, DAMAGE, DROPS, FILTER, FILTERED, KIND, LIMIT, MALFORMED, ONE_WAY, Options, PROTO,
    REASON, Watch,
};
use crate::event::{Event, EventDef, FieldDef, Fields, Origin, Schema, Value, Wanted};
use crate::finding::{Finding, Findings, Loss, PhoneId};
use crate::model::{Engine, Identity, Models, Who};
use crate::phone::{Carried, Concerned, Phones};
use crate::proto::{Announced, Expect, File, PROTOCOLS, Segment, Sink};
use crate::source::Notes;
use crate::time::Ts;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// Where every event passes: phones learn, models judge, the watcher sees.
pub(super) struct Hub<W: Watch> {
    pub(super) phones: Phones,
    pub(super) engine: Engine,
    pub(super) findings: Findings,
    pub(super) watch: W,
    pub(super) expectations: Expectations,
    pub(super) trust: Trust,
    pub(super) limits_told: Vec<&'static str>,
    pub(super) seen: Vec<u64>,
    pub(super) others: Vec<String>,
    /// What is said now was broken off by a gap or by the end of the capture.
    pub(super) incomplete: bool,
    /// What kinds of frames were captured: these are not filtered out.
    pub(super) carried: Carried,
    pub(super) user_agents: [Option<&'static FieldDef>; 3],
    pub(super) detail: bool,
    /// The fields that anybody looks at; `None` if all are.
    pub(super) wanted: Option<Arc<Wanted>>,
    /// What is known of each event, by the address of its definition.
    pub(super) known: HashMap<usize, Known, FixedState>,
}

/// What is known of an event before it comes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// Its protocol's place in [`PROTOCOLS`].
    pub(super) proto: Option<usize>,
    /// A model waits for it.
    pub(super) wanted: bool,
    /// It is SIP.
    pub(super) sip: bool,
}

impl<W: Watch> Hub<W> {
    pub(super) fn new(schema: &Schema, models: Arc<Models>, options: &Options, watch: W) -> Hub<W> {
        let engine = Engine::new(models, options.engine);
        let known = |def: &'static EventDef| Known {
            proto: PROTOCOLS.iter().position(|p| p.name == def.proto()),
            wanted: engine.wants(def),
            sip: def.proto() == "sip",
        };
        let phones = Phones::new(schema, options.phones);
        let user_agents = ["sip.User-Agent", "sip.Server", "sip.cisco_phone"].map(|name| schema.field(name));
        let judged = engine.models().list.iter().flat_map(|model| &model.fields);
        let wanted = judged.chain(phones.wanted()).chain(user_agents.iter().flatten());
        Hub {
            wanted: (!watch.looks()).then(|| Arc::new(Wanted::of(wanted))),
            phones,
            known: schema.events().iter().map(|def| (std::ptr::from_ref(*def).addr(), known(def))).collect(),
            engine,
            findings: match options.engine.rolling {
                true => Findings::rolling(options.engine.findings),
                false => Findings::default(),
            },
            watch,
            expectations: Expectations::new(options.announcements),
            trust: Trust::new(options.trust_lists, options.trust_list_bytes),
            limits_told: Vec::new(),
            seen: vec![0; PROTOCOLS.len()],
            others: Vec::new(),
            incomplete: false,
            carried: Carried::default(),
            user_agents,
            detail: options.detail,
        }
    }

    pub(super) fn judge(&mut self, event: &Event<'_>, concerned: &[Concerned]) {
        self.ask(|engine, sight, found| engine.event(event, concerned, sight, found));
        self.engine_limits(event.origin);
    }

    /// Has the engine judge: what it finds is kept and shown, and what it takes back is no longer.
    fn ask(&mut self, judge: impl FnOnce(&mut Engine, &Sight<'_>, &mut dyn FnMut(Finding))) {
        let Hub { engine, phones, findings, watch, carried, .. } = self;
        judge(engine, &Sight(phones, *carried), &mut |finding| {
            watch.finding(&finding, phones);
            findings.take(finding);
        });
        let gone = engine.withdrawn();
        findings.withdraw(&gone).iter().for_each(|finding| watch.withdrawn(finding, phones));
    }

    /// Tells which bounds of the engine were reached.
    pub(super) fn engine_limits(&mut self, origin: &Origin) {
        while let Some(bound) = self.engine.limit() {
            self.limit(bound, origin);
        }
    }

    pub(super) fn count(&mut self, event: &Event<'_>, known: Known) {
        if let Some(n) = known.proto.and_then(|i| self.seen.get_mut(i)) {
            *n += 1;
        }
        if known.sip && self.others.len() < 8 {
            let [agent, server, phone] = self.user_agents;
            let is_phone = phone.and_then(|def| event.get(def)).and_then(|v| v.as_uint()).is_some_and(|v| v != 0);
            let name = [agent, server].into_iter().flatten().find_map(|def| event.get(def)?.as_text());
            if let Some(name) = name.filter(|n| !is_phone && !self.others.iter().any(|o| o == n)) {
                self.others.push(name.chars().take(60).collect());
            }
        }
    }

    /// What cannot be read is also told to the models in one form, whatever its protocol.
    pub(super) fn malformed(&mut self, event: &Event<'_>, concerned: &[Concerned]) {
        let Some(defect) = event.defect else { return };
        if defect.what == Segment::CUT
            && let Some((src, dst)) = event.origin.src.zip(event.origin.dst)
        {
            let now = event.origin.time;
            let loss = Loss { frame: event.origin.frame, what: "the snap length cut its messages" };
            self.phones.missing([src.ip, dst.ip], now, now, loss);
        }
        if self.incomplete || defect.what == Segment::CUT {
            // The capture lacks the rest; the message may be well formed.
            return;
        }
        let kind = match event.def.proto() {
            "cdp" | "lldp" => "link",
            "ip" | "arp" | "icmp" | "dns" => "ip",
            "ctl" | "itl" | "sgn" => "trust-list",
            "xml" | "cnf" | "ciscoalarm" | "ciscoxml" | "remotecc" | "servicecontrol" => "xml",
            "sip" | "sdp" => "sip",
            "skinny" => "sccp",
            "rtp" | "rtcp" => "rtp",
            other => other,
        };
        let mut fields = Fields::new();
        fields.str(&KIND, kind, 0, 0).str(&PROTO, event.def.proto(), 0, 0);
        fields.str(&REASON, format!("{} at byte {}", defect.what, defect.at), 0, 0);
        let told = Event {
            def: &MALFORMED,
            origin: event.origin,
            fields: fields.list(),
            frames: event.frames,
            bytes: &[],
            defect: None,
        };
        if self.engine.wants(&MALFORMED) {
            self.judge(&told, concerned);
        }
    }

    /// Nobody has proved to be a phone: who is one by a weaker sign is judged now.
    pub(super) fn last_resort(&mut self) {
        for (phone, earlier) in self.phones.finish() {
            for told in &earlier {
                let sends = self.phones.sends(phone, told);
                self.judge(&told.borrow(), &[Concerned { phone, sends }]);
            }
        }
    }

    /// What is said of the capture at its end.
    pub(super) fn capture_facts(
        &mut self,
        last: &Origin,
        notes: &Notes,
        gaps: &(u64, u64, Vec<u64>),
        one_way: &(u64, Vec<u64>),
    ) {
        let mut tell = |def: &'static EventDef, fields: Fields<'_>, frames: &[u64]| {
            // A capture without a frame has none to cite.
            let last_frame = std::slice::from_ref(&last.frame).get(usize::from(last.frame == 0)..).unwrap_or_default();
            let frames = if frames.is_empty() { last_frame } else { frames };
            let event = Event { def, origin: last, fields: fields.list(), frames, bytes: &[], defect: None };
            self.event(&event);
        };
        if gaps.1 > 0 || notes.drops > 0 {
            let mut fields = Fields::new();
            fields.uint(&BYTES, gaps.0, 0, 0).uint(&COUNT, gaps.1.max(notes.drops), 0, 0);
            tell(&DROPS, fields, &gaps.2);
        }
        if one_way.0 > 0 {
            let mut fields = Fields::new();
            fields.uint(&COUNT, one_way.0, 0, 0);
            tell(&ONE_WAY, fields, &one_way.1);
        }
        if let Some(damage) = &notes.damage {
            let mut fields = Fields::new();
            fields.str(&DAMAGE, damage.as_str(), 0, 0);
            tell(&CUT_OFF, fields, &[]);
        }
        if let Some(filter) = &notes.filter {
            let mut fields = Fields::new();
            fields.str(&FILTER, filter.as_str(), 0, 0);
            tell(&FILTERED, fields, &[]);
        }
        let hits: Vec<_> = self.phones.limits_hit().collect();
        hits.into_iter().for_each(|bound| self.limit(bound, last));
    }
}

impl<W: Watch> Sink for Hub<W> {
    fn event(&mut self, event: &Event<'_>) {
        let known = self.known.get(&std::ptr::from_ref(event.def).addr()).copied().unwrap_or_default();
        let wanted = known.wanted;
        self.count(event, known);
        self.expectations.hear(event);
        if event.origin.duplicate {
            self.watch.event(event, &[], &self.phones);
            return;
        }
        let observed = std::mem::take(self.phones.observe(event, wanted));
        for merged in &observed.merged {
            self.engine.merge(merged.gone, merged.stays);
        }
        for (phone, earlier) in &observed.proven {
            for told in earlier {
                let sends = self.phones.sends(*phone, told);
                self.judge(&told.borrow(), &[Concerned { phone: *phone, sends }]);
            }
        }
        if wanted {
            self.judge(event, &observed.concerned);
        }
        self.malformed(event, &observed.concerned);
        self.watch.event(event, &observed.concerned, &self.phones);
        self.phones.give_back(observed);
    }

    fn file(&mut self, file: &File<'_>, origin: &Origin) {
        let (said, bound) = self.trust.read(file, origin, self.wanted.clone());
        for event in &said {
            self.event(&event.borrow());
        }
        if let Some(bound) = bound {
            self.limit(bound, origin);
        }
    }

    fn expect(&mut self, expect: Expect) {
        self.expectations.expect(expect);
    }

    fn announced(&self, origin: &Origin) -> Option<Arc<Announced>> {
        self.expectations.announced(origin)
    }

    fn limit(&mut self, bound: &'static str, origin: &Origin) {
        if !self.limits_told.contains(&bound) {
            self.limits_told.push(bound);
            let mut fields = Fields::new();
            fields.str(&BOUND, bound, 0, 0);
            self.say(&LIMIT, fields, origin);
        }
    }

    fn detail(&self) -> bool {
        self.detail
    }
}

impl<W: Watch> Desk for Hub<W> {
    fn tick(&mut self, now: Ts) {
        if self.engine.poll_timeout().is_some_and(|due| due <= now) {
            self.ask(|engine, sight, found| engine.tick(now, sight, found));
        }
    }

    fn clue(&mut self, clue: Clue, origin: &Origin) {
        let ends = origin.src.zip(origin.dst).map(|(src, dst)| [src.ip, dst.ip]);
        match (clue, ends) {
            (Clue::Incomplete(is), _) => self.incomplete = is,
            (Clue::Ip, _) => self.carried.ip = true,
            (Clue::Begins, _) => self.carried.begins(origin),
            (Clue::Still { since, silence }, _) => self.phones.nothing_between(since, origin, silence),
            (Clue::PickedUp, Some(ends)) => self.phones.picked_up(ends, origin),
            (Clue::Hole(since), Some(ends)) => {
                let loss = Loss { frame: origin.frame, what: "TCP bytes that were acknowledged are not in it" };
                self.phones.missing(ends, since, origin.time, loss);
            }
            (Clue::PickedUp | Clue::Hole(_), None) => {}
        }
    }

    fn expectations(&self) -> &Expectations {
        &self.expectations
    }
}

/// What the models may ask of a phone.
pub(super) struct Sight<'p>(pub(super) &'p Phones, pub(super) Carried);

impl Who for Sight<'_> {
    fn identity(&self, phone: PhoneId, what: Identity, found: &mut dyn FnMut(&Value<'_>)) {
        if let Some(phone) = self.0.get(phone) {
            phone.identity(what, found);
        }
    }

    fn visible(&self, phone: PhoneId, proto: &str) -> bool {
        match proto {
            "switch" => self.0.switches_are_clear(),
            _ => self.0.get(phone).is_some_and(|phone| phone.visible(proto, &self.1)),
        }
    }

    fn lost(&self, phone: PhoneId, from: Ts, to: Ts, once: bool) -> Option<Loss> {
        self.0.lost(phone, from, to, once)
    }
}
