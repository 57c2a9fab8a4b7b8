//! alarm.
