//! How things stand while frames still come: for a summary on demand, and for the screen.

use super::{Outcome, Pipeline, Summary, Watch};
use crate::finding::{Finding, Flow, PhoneId};
use crate::model::facts::Knows;
use crate::model::{Models, Standing};
use crate::phone::Phones;
use crate::proto::PROTOCOLS;
use std::borrow::Cow;

/// What is known of a capture: so far, or at its end.
#[derive(Debug)]
pub struct Look<'p> {
    /// The capture.
    pub summary: Cow<'p, Summary>,
    /// Who is who.
    pub phones: &'p Phones,
    /// Findings, in the order in which they were found.
    pub findings: &'p [Finding],
    /// Flows, as they stand.
    pub flows: Cow<'p, [Flow]>,
    /// What the models found out about each phone.
    pub facts: &'p dyn Knows,
}

impl Outcome {
    /// What is known at the end.
    pub fn look(&self) -> Look<'_> {
        Look {
            summary: Cow::Borrowed(&self.summary),
            phones: &self.phones,
            findings: &self.findings,
            flows: Cow::Borrowed(&self.flows),
            facts: &self.facts,
        }
    }
}

impl<W: Watch> Pipeline<W> {
    /// What is known so far.
    pub fn look(&self) -> Look<'_> {
        let hub = &self.reader.core.desk;
        Look {
            summary: Cow::Owned(self.summary()),
            phones: &hub.phones,
            findings: hub.findings.list(),
            flows: Cow::Owned(hub.engine.flows()),
            facts: &hub.engine,
        }
    }

    /// The capture, so far.
    pub fn summary(&self) -> Summary {
        let hub = &self.reader.core.desk;
        Summary {
            packets: self.reader.packets.max(self.reader.last_frame),
            first: self.reader.first,
            last: self.reader.first.map(|_| self.reader.now),
            duplicates: self.reader.duplicates,
            seen: PROTOCOLS.iter().map(|p| p.name).zip(hub.seen.iter().copied()).filter(|(_, n)| *n > 0).collect(),
            others: hub.others.clone(),
        }
    }

    /// The watcher.
    pub fn watching(&self) -> &W {
        &self.reader.core.desk.watch
    }

    /// Findings so far.
    pub fn findings(&self) -> &[Finding] {
        self.reader.core.desk.findings.list()
    }

    /// The models it judges by.
    pub fn models(&self) -> &Models {
        self.reader.core.desk.engine.models()
    }

    /// Every run of every model as it stands, without a copy.
    pub fn standings(&self, see: &mut dyn FnMut(&Standing<'_>)) {
        self.reader.core.desk.engine.standings(see);
    }

    /// The flows of one phone, as they stand.
    pub fn flows_of(&self, phone: PhoneId) -> Vec<Flow> {
        self.reader.core.desk.engine.flows_of(phone)
    }
}
