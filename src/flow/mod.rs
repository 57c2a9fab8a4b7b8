//! flow

pub mod frag;
