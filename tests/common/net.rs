//! Network namespaces joined by veth, and the programs that run in them; all of it ends with the value. Needs root.
#![allow(clippy::indexing_slicing, clippy::disallowed_methods)]

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Why something cannot be done, for a person.
pub type Fails<T> = Result<T, String>;

/// An error as text.
pub fn text(error: impl Display) -> String {
    error.to_string()
}

/// The present, in seconds since 1970: what frames are stamped with.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Why no network can be built here: a program that is absent, or a right.
pub fn why_not(programs: &[&str]) -> Option<String> {
    if let Some(program) = programs.iter().find(|program| !is_there(program)) {
        return Some(format!("{program} is absent"));
    }
    let name = format!("ohtry{}", std::process::id());
    let tried = run("ip", &["netns", "add", &name]);
    let _ = run("ip", &["netns", "del", &name]);
    tried.err().map(|error| format!("network namespaces are not allowed ({})", error.trim()))
}

/// Whether a program is installed.
pub fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|out| out.status.success())
}

/// Runs a program to its end; what it printed.
pub fn run(program: &str, arguments: &[&str]) -> Fails<String> {
    let out = Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(text)?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr)))
}

static NETS: AtomicU32 = AtomicU32::new(0);

/// Namespaces, their programs and files.
pub struct Net {
    prefix: String,
    spaces: Vec<String>,
    children: Vec<Child>,
    dir: tempfile::TempDir,
}

impl Net {
    /// Nothing yet but a directory for files, which whoever rights are given up to may read.
    pub fn new() -> Fails<Net> {
        let prefix = format!("oh{}x{}", std::process::id() % 100_000, NETS.fetch_add(1, Ordering::Relaxed));
        let dir = tempfile::tempdir().map_err(text)?;
        Ok(Net { prefix, spaces: Vec::new(), children: Vec::new(), dir })
    }

    /// A name no other test uses for its namespace.
    pub fn name(&self, space: &str) -> String {
        format!("{}-{space}", self.prefix)
    }

    /// A namespace in which nothing speaks of itself.
    pub fn space(&mut self, space: &str) -> Fails<()> {
        let name = self.name(space);
        run("ip", &["netns", "add", &name])?;
        self.spaces.push(space.to_owned());
        run("ip", &["-n", &name, "link", "set", "lo", "up"])?;
        let quiet = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];
        run("ip", &["netns", "exec", &name, "sysctl", "-qw", quiet[0], quiet[1]])?;
        Ok(())
    }

    /// A cable between two namespaces: an interface with this address in the one, and its peer in the other.
    pub fn cable(&self, (space, device): (&str, &str), mac: &str, (other, port): (&str, &str)) -> Fails<()> {
        let (space, other) = (self.name(space), self.name(other));
        let one = ["link", "add", device, "netns", &space, "address", mac, "type", "veth"];
        let both = [&one[..], &["peer", "name", port, "netns", &other]].concat();
        run("ip", &both)?;
        run("ip", &["-n", &other, "link", "set", port, "up"])?;
        run("ip", &["-n", &space, "link", "set", device, "up"])?;
        Ok(())
    }

    /// A file of this net.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The same, as text for an argument.
    pub fn file(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// What such a file holds.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A program in a namespace, to its end.
    pub fn exec(&self, space: &str, arguments: &[&str]) -> Fails<String> {
        let name = self.name(space);
        run("ip", &[&["netns", "exec", &name], arguments].concat())
    }

    /// A program in a namespace, not begun yet. `ip netns exec` becomes the program: its process is the program's.
    pub fn command(&self, space: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(space)]).args(arguments).stdin(Stdio::null());
        command
    }

    /// A program in a namespace, until the net ends; what it says goes to the file `log`.
    pub fn start(&mut self, space: &str, log: &str, arguments: &[&str]) -> Fails<usize> {
        let out = File::create(self.path(log)).map_err(text)?;
        let mut command = self.command(space, arguments);
        command.stdout(out.try_clone().map_err(text)?).stderr(out);
        self.spawn(&mut command)
    }

    /// The same, with each line of its standard output handed over with the time at which it came.
    pub fn listen(&mut self, space: &str, log: &str, arguments: &[&str]) -> Fails<(usize, Receiver<(f64, String)>)> {
        let out = File::create(self.path(log)).map_err(text)?;
        let mut command = self.command(space, arguments);
        command.stdout(Stdio::piped()).stderr(out);
        let index = self.spawn(&mut command)?;
        let said = self.children[index].stdout.take().ok_or("no standard output")?;
        let (to, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if to.send((now(), line)).is_err() {
                    break;
                }
            }
        });
        Ok((index, heard))
    }

    fn spawn(&mut self, command: &mut Command) -> Fails<usize> {
        self.children.push(command.spawn().map_err(text)?);
        Ok(self.children.len() - 1)
    }

    /// The number of a process that was started.
    pub fn process(&self, index: usize) -> u32 {
        self.children[index].id()
    }

    /// Sends a signal to a program that was started.
    pub fn signal(&self, index: usize, signal: &str) -> Fails<()> {
        run("kill", &[&format!("-{signal}"), &self.process(index).to_string()]).map(drop)
    }

    /// Waits until a program that was started has ended; its exit code.
    pub fn ended(&mut self, index: usize, most: Duration) -> Fails<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.children[index].try_wait().map_err(text)? {
                return Ok(status.code().unwrap_or(-1));
            }
            if began.elapsed() > most {
                return Err(format!("program {index} does not end"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until a log says something.
    pub fn wait(&self, log: &str, what: &str) -> Fails<()> {
        self.wait_for(log, what, Duration::from_secs(20))
    }

    /// The same, with the time it may take.
    pub fn wait_for(&self, log: &str, what: &str, most: Duration) -> Fails<()> {
        let began = Instant::now();
        while !self.text(log).contains(what) {
            if began.elapsed() > most {
                return Err(format!("{log} never says {what:?}:\n{}", self.text(log)));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for space in &self.spaces {
            let name = self.name(space);
            for process in run("ip", &["netns", "pids", &name]).unwrap_or_default().split_whitespace() {
                let _ = run("kill", &["-9", process]);
            }
            let _ = run("ip", &["netns", "del", &name]);
        }
    }
}
