//! The desk between the two halves of the pipeline: one half reads frames into messages, the other judges them.
//!
//! All that the reading half says passes a [`Desk`], in order. The judge itself is one ([`super::hub::Hub`]), and so
//! is a [`super::batch::Batch`], which carries what was said to another thread and says it there again. The reading
//! half asks its desk for nothing but what it said itself: which flows were announced.

use super::expect::Expectations;
use crate::event::{Event, EventDef, Fields, Origin};
use crate::phone::Silence;
use crate::proto::Sink;
use crate::time::Ts;

/// What is said to the judging half besides messages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Clue {
    /// What follows was broken off by a gap or by the end of the capture; or no longer is.
    Incomplete(bool),
    /// Something other than link discovery and DHCP was captured: IP as such is not filtered out.
    Ip,
    /// A flow begins.
    Begins,
    /// A connection is in the capture whose opening is not.
    PickedUp,
    /// Since that time frames of the flow were on the wire that are not in the capture.
    Hole(Ts),
    /// Since that time nothing at all was captured, for long.
    Still {
        /// When the last frame before came.
        since: Ts,
        /// What that means.
        silence: Silence,
    },
}

/// Takes what the reading half says.
pub(super) trait Desk: Sink {
    /// Capture time has come to `now`.
    fn tick(&mut self, now: Ts);

    /// Something besides messages.
    fn clue(&mut self, clue: Clue, origin: &Origin);

    /// The flows that were announced.
    fn expectations(&self) -> &Expectations;

    /// An event of the pipeline itself.
    fn say(&mut self, def: &'static EventDef, fields: Fields<'_>, origin: &Origin) {
        let frames = [origin.frame];
        self.event(&Event { def, origin, fields: fields.list(), frames: &frames, bytes: &[], defect: None });
    }
}
