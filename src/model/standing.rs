//! How every run stands, for a screen that looks again and again: nothing is copied.

use super::Model;
use super::engine::Engine;
use crate::finding::{Flow, PhoneId, Verdict};
use crate::time::Ts;

/// How a run stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'e> {
    /// The phones concerned.
    pub phones: &'e [PhoneId],
    /// The model's id.
    pub model: &'e str,
    /// The state it is in, by name.
    pub state: &'e str,
    /// What that state is called for a person: what it waits for.
    pub label: &'e str,
    /// What would come of it, if nothing more came.
    pub verdict: Verdict,
    /// When it entered the state.
    pub since: Ts,
    /// When its wait ends.
    pub due: Option<Ts>,
    /// The capture began in its middle.
    pub joined: bool,
    /// It goes on.
    pub open: bool,
}

impl<'e> Standing<'e> {
    /// Of a run that is over.
    pub fn of(flow: &'e Flow) -> Standing<'e> {
        Standing {
            phones: &flow.phones,
            model: &flow.model,
            state: &flow.state,
            label: &flow.label,
            verdict: flow.verdict,
            since: flow.path.last().map_or(flow.to, |step| step.time),
            due: None,
            joined: flow.joined,
            open: false,
        }
    }
}

impl Engine {
    /// Every run as it stands: those that ended first, then those that go on.
    pub fn standings(&self, see: &mut dyn FnMut(&Standing<'_>)) {
        self.ended().iter().for_each(|flow| see(&Standing::of(flow)));
        for run in self.runs.iter().flatten() {
            let Some((model, state)) =
                self.models.list.get(run.model).and_then(|model: &Model| Some((model, model.states.get(run.state)?)))
            else {
                continue;
            };
            see(&Standing {
                phones: &run.phones,
                model: &model.id,
                state: &state.name,
                label: &state.label,
                verdict: run.verdict(model),
                since: run.entered,
                due: run.due,
                joined: run.joined,
                open: true,
            });
        }
    }

    /// The flows of one phone, as they stand.
    pub fn flows_of(&self, phone: PhoneId) -> Vec<Flow> {
        let ended = self.ended().iter().filter(|flow| flow.phones.contains(&phone)).cloned();
        let open = self.runs.iter().flatten().filter(|run| run.phones.contains(&phone));
        ended.chain(open.filter_map(|run| run.flow(self.models.list.get(run.model)?))).collect()
    }
}
