//! The terminal screen: what the core says, drawn, with keys that ask for more of it.
//!
//! * [`judge`] runs the core over frames that somebody else brings, and keeps what the screen may be asked for
//!   ([`seen`]): bounded, oldest away first;
//! * [`app`] is the screen's state: plain data, no terminal. A key changes it, or asks for an effect ([`keys`] is the
//!   one table of them);
//! * [`view`] draws it, a file a view, and changes nothing.
//!
//! No clock is read here and nothing is written: [`player`] is told the time, and effects are carried out by whoever
//! owns the terminal.

pub mod app;
pub mod board;
pub mod judge;
pub mod keys;
pub mod media;
pub mod packet;
pub mod player;
pub mod prompt;
pub mod seen;
pub mod theme;
pub mod trace;
pub mod view;
pub mod words;
