//! The real binary in a real terminal (tmux): it starts on a capture, shows every view, follows the window, saves a
//! phone's packets, and gives the terminal back, also after a failure while it draws. Ignored where tmux is absent.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let tests: [(&str, fn() -> Result<(), Failed>); 5] = [
        ("every view by its key, the window resized, packets saved, the terminal restored", walk),
        ("a filter is copied to the clipboard of the terminal", copied),
        ("a replay is paused, stepped and led to a finding", replay),
        ("the terminal comes back after a view failed", failure),
        ("the terminal comes back when it is ended from outside", terminated),
    ];
    let present = Command::new("tmux").arg("-V").output().is_ok();
    let trials = tests
        .into_iter()
        .map(|(name, test)| {
            let name = if present { name.to_owned() } else { format!("{name}: tmux is absent") };
            Trial::test(name, test).with_ignored_flag(!present)
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// A terminal of its own; ended with the value.
struct Tmux(String);

impl Tmux {
    fn new(name: &str, width: u16, height: u16) -> Result<Tmux, Failed> {
        let tmux = Tmux(format!("offhook-test-{}-{name}", std::process::id()));
        let (width, height) = (width.to_string(), height.to_string());
        let root = common::root();
        let root = root.to_string_lossy();
        tmux.run(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, "-c", &root, "sh"])?;
        tmux.run(&["set-option", "-g", "window-size", "manual"])?;
        Ok(tmux)
    }

    fn run(&self, arguments: &[&str]) -> Result<String, Failed> {
        let out = Command::new("tmux").arg("-L").arg(&self.0).args(arguments).output()?;
        if !out.status.success() {
            return Err(format!("tmux {arguments:?}: {}", String::from_utf8_lossy(&out.stderr)).into());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    fn keys(&self, keys: &[&str]) -> Result<(), Failed> {
        let mut arguments = vec!["send-keys"];
        arguments.extend(keys);
        self.run(&arguments).map(drop)
    }

    fn text(&self, text: &str) -> Result<(), Failed> {
        self.run(&["send-keys", "-l", text]).map(drop)
    }

    fn picture(&self) -> Result<String, Failed> {
        self.run(&["capture-pane", "-p"])
    }

    fn wait(&self, what: &str) -> Result<String, Failed> {
        self.wait_until(what, |picture| picture.contains(what))
    }

    fn wait_until(&self, what: &str, is: impl Fn(&str) -> bool) -> Result<String, Failed> {
        let began = Instant::now();
        loop {
            let picture = self.picture()?;
            if is(&picture) {
                return Ok(picture);
            }
            if began.elapsed() > Duration::from_secs(20) {
                return Err(format!("{what:?} does not appear:\n{picture}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn start(&self, arguments: &str) -> Result<(), Failed> {
        self.text(&format!("{} watch {arguments}; echo CODE=$?", env!("CARGO_BIN_EXE_offhook")))?;
        self.keys(&["Enter"])
    }

    /// The program has ended so, and the terminal is as it was: no alternate screen, no mouse, echo and lines.
    fn restored(&self, code: i32) -> Result<(), Failed> {
        self.wait(&format!("CODE={code}"))?;
        let flags = self.run(&["display-message", "-p", "#{alternate_on}#{mouse_any_flag}#{cursor_flag}"])?;
        if flags.trim() != "001" {
            return Err(format!("alternate screen, mouse, cursor: {flags}").into());
        }
        self.keys(&["clear", "Enter"])?;
        self.text("stty -a; echo DONE=1")?;
        self.keys(&["Enter"])?;
        let picture =
            self.wait_until("DONE=1 of its own line", |picture| picture.lines().any(|line| line == "DONE=1"))?;
        for mode in ["icanon", "echo", "isig", "opost"] {
            if !picture.split_whitespace().any(|word| word == mode) {
                return Err(format!("the terminal lacks {mode}:\n{picture}").into());
            }
        }
        Ok(())
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.run(&["kill-server"]);
    }
}

fn walk() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let tmux = Tmux::new("walk", 120, 40)?;
    tmux.start("-r captures/config-not-found.pcap")?;
    // Under load it is drawn before it is judged to its end, too.
    let board = tmux.wait("end · 105 packets")?;
    if !board.contains("STUCK config") {
        return Err(board.into());
    }
    for (key, there) in [
        ("Enter", "findings 1 of"),
        ("3", "105 of 105 frames"),
        ("4", "page groups"),
        ("5", "The phone gets power"),
        ("2", "config.not-found"),
        ("1", "SEP001122334455"),
        ("?", "Keys ("),
    ] {
        tmux.keys(&[key])?;
        tmux.wait(there)?;
    }
    tmux.keys(&["Escape"])?;
    tmux.run(&["resize-window", "-x", "80", "-y", "24"])?;
    tmux.wait_until("the bar at the new bottom", |picture| {
        let lines: Vec<&str> = picture.lines().collect();
        lines.len() == 24 && lines.last().is_some_and(|line| line.contains("q quit"))
    })?;
    // The same name twice: what is there is left alone.
    let file = dir.path().join("phone.pcapng");
    for said in ["saved 89 frames", "File exists"] {
        tmux.keys(&["s"])?;
        tmux.wait("save to SEP001122334455.pcapng")?;
        tmux.keys(&["C-u"])?;
        tmux.text(&file.to_string_lossy())?;
        tmux.keys(&["Enter"])?;
        tmux.wait(said)?;
    }
    let ladder = dir.path().join("ladder.mmd");
    tmux.keys(&["2"])?;
    tmux.wait("findings 1 of")?;
    tmux.text(&format!(":save {}", ladder.display()))?;
    tmux.keys(&["Enter"])?;
    tmux.wait("saved /")?;
    // The board is where it ends, however one came there.
    tmux.keys(&["1"])?;
    tmux.wait("q quit")?;
    tmux.keys(&["q"])?;
    tmux.restored(0)?;
    saved(&file, &ladder)
}

/// What was saved is a capture with the same verdict, and a diagram.
fn saved(file: &Path, ladder: &Path) -> Result<(), Failed> {
    let ran = common::offhook(&["check", "--format", "json", &file.to_string_lossy()]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).map_err(|error| format!("{error}: {}", ran.err))?;
    if ran.code != 1 || report["phones"][0]["stuck_at"] != "config.unknown" {
        let stuck = &report["phones"][0]["stuck_at"];
        if ran.code != 1 || !stuck.as_str().unwrap_or_default().starts_with("config") {
            return Err(format!("exit {} and stuck at {stuck}", ran.code).into());
        }
    }
    let mermaid = std::fs::read_to_string(ladder)?;
    if !mermaid.contains("sequenceDiagram") || !mermaid.contains("XMLDefault") {
        return Err(mermaid.into());
    }
    Ok(())
}

/// By OSC 52, which tmux takes for its own buffer.
fn copied() -> Result<(), Failed> {
    let tmux = Tmux::new("copied", 100, 30)?;
    tmux.run(&["set-option", "-s", "set-clipboard", "on"])?;
    tmux.start("-r captures/config-not-found.pcap")?;
    tmux.wait("end · 105 packets")?;
    tmux.keys(&["y"])?;
    tmux.wait("-Y phone.name")?;
    let began = Instant::now();
    let buffer = loop {
        match tmux.run(&["show-buffer"]) {
            Ok(buffer) => break buffer,
            Err(error) if began.elapsed() > Duration::from_secs(10) => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    if buffer.trim() != "phone.name == \"SEP001122334455\"" {
        return Err(format!("copied: {buffer:?}").into());
    }
    tmux.keys(&["Escape"])?;
    tmux.wait("q quit")?;
    tmux.keys(&["q"])?;
    tmux.restored(0)
}

fn replay() -> Result<(), Failed> {
    let tmux = Tmux::new("replay", 100, 30)?;
    tmux.start("-r captures/config-not-found.pcap --speed 1")?;
    tmux.wait("×1")?;
    tmux.keys(&["p"])?;
    tmux.wait("PAUSED")?;
    tmux.keys(&["n"])?;
    let picture = tmux.wait("PAUSED")?;
    if picture.contains("STUCK") {
        return Err(format!("too far:\n{picture}").into());
    }
    tmux.wait("29 packets")?;
    tmux.keys(&["."])?;
    tmux.wait("30 packets")?;
    tmux.keys(&["n"])?;
    tmux.wait("STUCK config")?;
    tmux.keys(&["N"])?;
    tmux.wait("29 packets")?;
    tmux.text(":speed full")?;
    tmux.keys(&["Enter", "p"])?;
    tmux.wait("105 packets")?;
    tmux.keys(&["q"])?;
    tmux.restored(0)
}

fn failure() -> Result<(), Failed> {
    if !cfg!(debug_assertions) {
        // Only a test build can be asked to fail.
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("fail");
    let tmux = Tmux::new("failure", 100, 30)?;
    tmux.text(&format!("export OFFHOOK_TEST_FAIL_DRAWING={}", file.display()))?;
    tmux.keys(&["Enter"])?;
    tmux.start("-r captures/config-not-found.pcap")?;
    tmux.wait("STUCK config")?;
    std::fs::write(&file, "")?;
    tmux.keys(&["5"])?;
    tmux.restored(101)
}

fn terminated() -> Result<(), Failed> {
    let tmux = Tmux::new("terminated", 100, 30)?;
    tmux.start("-r captures/config-not-found.pcap")?;
    tmux.wait("STUCK config")?;
    let shell = tmux.run(&["display-message", "-p", "#{pane_pid}"])?;
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", shell.trim()))?;
    let child = children.split_whitespace().next().ok_or("no child of the shell")?;
    let killed = Command::new("kill").args(["-TERM", child]).status()?;
    if !killed.success() {
        return Err("kill".into());
    }
    tmux.restored(0)
}
