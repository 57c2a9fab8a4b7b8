//! **offhook** tells from packets alone why a Cisco IP phone has no dial tone.
//!
//! One pass, pushed forward: source → decode → flow → proto → phone → model → finding → report. No stage calls
//! back; what an earlier stage must know comes out as data, and [`pipeline`] applies it. The core does no IO and
//! reads no clock: time is the frame's time.

pub mod bytes;
pub mod cli;
pub mod content;
pub mod decode;
pub mod event;
pub mod expr;
pub mod finding;
pub mod flow;
pub mod golden;
pub mod live;
pub mod model;
pub mod phone;
pub mod pipeline;
pub mod plain;
pub mod proto;
pub mod quality;
pub mod report;
pub mod secret;
pub mod source;
pub mod synth;
pub mod time;
pub mod tui;
