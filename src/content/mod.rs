//! What the transfers carried: a file's or a body's bytes → typed content → events.

pub mod alarm;
pub mod certificate;
pub mod config;
pub mod file;
pub mod phone_xml;
pub mod trust_list;
