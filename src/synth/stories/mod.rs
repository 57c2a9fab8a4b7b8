//! The stories: one table a subject.

mod boot;
mod calls;
mod capf;
mod capture;
mod cast;
mod config;
mod consoles;
mod dhcp;
mod failover;
mod healthy;
mod link;
mod mobility;
mod pages;
mod parts;
mod register;
mod sccp;
mod secure;
mod servers;
mod services;
mod trust;
mod unknown;
mod webdialer;

use std::sync::LazyLock;

use super::scenario::Story;

static ALL: LazyLock<Vec<Story>> = LazyLock::new(|| {
    [
        healthy::STORIES,
        link::STORIES,
        dhcp::STORIES,
        servers::STORIES,
        trust::STORIES,
        config::STORIES,
        secure::STORIES,
        unknown::STORIES,
        register::STORIES,
        boot::STORIES,
        calls::STORIES,
        sccp::STORIES,
        failover::STORIES,
        pages::STORIES,
        consoles::STORIES,
        capf::STORIES,
        services::STORIES,
        cast::STORIES,
        mobility::STORIES,
        webdialer::STORIES,
        capture::STORIES,
    ]
    .concat()
});

/// Every story, the healthy ones first.
pub fn stories() -> &'static [Story] {
    &ALL
}

/// The story of that name.
pub fn story(name: &str) -> Option<&'static Story> {
    ALL.iter().find(|it| it.name == name)
}
