//! What is given up once the interfaces are open: the user, every capability, and the file system.

use std::path::Path;

use caps::CapSet;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus,
};
use nix::unistd::{Gid, Uid, User, geteuid, setgid, setgroups, setuid};

/// Becomes the named user, or the one who called `sudo`, and gives up every capability. To be called before any
/// thread is begun: capabilities belong to threads. Gives the user's name if it changed. The error is one line.
pub fn drop_to(named: Option<&str>) -> Result<Option<String>, String> {
    let wanted = match named {
        Some(name) => Some(
            User::from_name(name)
                .map_err(|error| format!("--user {name}: {error}"))?
                .ok_or_else(|| format!("--user {name}: no such user"))?,
        ),
        None => std::env::var("SUDO_UID")
            .ok()
            .filter(|_| geteuid().is_root())
            .and_then(|uid| User::from_uid(Uid::from_raw(uid.parse().ok()?)).ok()?),
    };
    if wanted.is_some() && !geteuid().is_root() {
        return Err("--user needs the rights of root to begin with".to_owned());
    }
    // Needs CAP_SETPCAP, which goes with the others; without it the bounding set grants nothing by itself.
    let _ = caps::clear(None, CapSet::Bounding);
    if let Some(user) = &wanted {
        become_user(user.uid, user.gid).map_err(|error| format!("cannot become {}: {error}", user.name))?;
    }
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        // Kernels without ambient capabilities have none to give up.
        if let Err(error) = caps::clear(None, set)
            && !matches!(set, CapSet::Ambient)
        {
            return Err(format!("capabilities cannot be given up: {error}"));
        }
    }
    match caps::read(None, CapSet::Permitted) {
        Ok(left) if left.is_empty() => Ok(wanted.map(|user| user.name)),
        Ok(left) => Err(format!("capabilities are left: {left:?}")),
        Err(error) => Err(format!("capabilities cannot be read: {error}")),
    }
}

fn become_user(uid: Uid, gid: Gid) -> nix::Result<()> {
    setgroups(&[gid])?;
    setgid(gid)?;
    setuid(uid)
}

/// Confines this thread, and those it begins: it may write below `writable` and read nothing but what libpcap counts
/// drops by; no TCP. Gives what came of it, for a person.
pub fn confine(writable: &[&Path]) -> String {
    match restrict(writable) {
        Ok(RulesetStatus::FullyEnforced) => "confined by Landlock".to_owned(),
        Ok(RulesetStatus::PartiallyEnforced) => {
            "confined by Landlock as far as this kernel knows it (files; not every kind of access)".to_owned()
        }
        Ok(RulesetStatus::NotEnforced) => "not confined: this kernel has no Landlock, or it is off".to_owned(),
        Err(error) => format!("not confined: {error}"),
    }
}

fn restrict(writable: &[&Path]) -> Result<RulesetStatus, landlock::RulesetError> {
    let abi = ABI::V5;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()?;
    for path in writable {
        if let Ok(below) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(below, AccessFs::from_all(abi) & !AccessFs::Execute))?;
        }
    }
    // libpcap reads there what an interface lost; the terminal tells its size.
    for (path, access) in [
        ("/sys", AccessFs::ReadFile | AccessFs::ReadDir),
        ("/proc/net", AccessFs::ReadFile | AccessFs::ReadDir),
        ("/dev/tty", AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev),
    ] {
        if let Ok(below) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(below, access))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset)
}
