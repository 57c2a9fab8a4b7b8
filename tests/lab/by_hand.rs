//! What an engineer at the switch does with `capture` and `watch -i`: rights given up and missing, signals, rings of
//! files, filters and interfaces that are not there, and the screen on an interface.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;

use super::common;
use super::common::net::{Fails, Net, run, text};

type Test = (&'static str, fn() -> Result<(), Failed>);

pub const PROGRAMS: &[&str] = &["ip", "sysctl", "setpriv", "dumpcap"];
pub const TESTS: &[Test] = &[
    ("rights are given up, to the user named and to the one who called sudo", rights),
    ("without the right it is said which command grants it; files need none", no_right),
    ("a filter that is wrong, an interface that is not there, and which there are", refusals),
    ("a summary on SIGUSR1, and the end by SIGTERM with everything written", summary),
    ("a second SIGINT ends it at once", impatient),
    ("files of a ring by count, size and time, named as dumpcap names them", rings),
    ("it stops by itself after packets, bytes, files and seconds", stops),
];

pub const ON_A_SCREEN: &[&str] = &["ip", "sysctl", "tmux"];
pub const SCREEN: &[Test] = &[("phones on the screen while they boot on the wire", watched)];

const OFFHOOK: &str = env!("CARGO_BIN_EXE_offhook");
const STORY: &str = "boot-known-phone-http.pcap";

/// Two ends of a cable, `a` and `b`; and a directory that everybody may write to, with the program in it.
struct Cable {
    net: Net,
    program: String,
}

impl Cable {
    fn new() -> Fails<Cable> {
        let mut net = Net::new()?;
        for space in ["a", "b"] {
            net.space(space)?;
        }
        net.cable(("a", "eth0"), "02:00:00:00:00:01", ("b", "eth0"))?;
        // Whoever the rights are given up to may not be let into where it was built.
        let program = net.file("offhook");
        fs::copy(OFFHOOK, &program).map_err(text)?;
        fs::set_permissions(net.path(""), fs::Permissions::from_mode(0o777)).map_err(text)?;
        Ok(Cable { net, program })
    }

    /// Puts a story on the wire.
    fn play(&self, story: &str, speed: &str) -> Fails<()> {
        let file = common::root().join("captures").join(story);
        self.net.exec("a", &[OFFHOOK, "replay", &file.to_string_lossy(), "-i", "eth0", "--speed", speed]).map(drop)
    }

    /// Runs `capture` with these arguments to its end.
    fn capture(&self, arguments: &[&str]) -> Fails<(i32, String)> {
        let out = self.net.command("b", &[&[self.program.as_str(), "capture"], arguments].concat());
        ended(out)
    }

    /// Begins `capture`; what it says goes to the file `said`.
    fn begin(&mut self, before: &[&str], arguments: &[&str]) -> Fails<usize> {
        let program = self.program.clone();
        let all = [before, &[program.as_str(), "capture", "-i", "eth0"], arguments].concat();
        let index = self.net.start("b", "said", &all)?;
        self.net.wait("said", "capturing on eth0")?;
        Ok(index)
    }

    /// Names and packets of the files whose names begin so.
    fn files(&self, stem: &str) -> Fails<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.net.path("")).map_err(text)? {
            let name = entry.map_err(text)?.file_name().to_string_lossy().into_owned();
            if name.starts_with(stem) {
                let ran = common::offhook(&["check", "--format", "json", &self.net.file(&name)]);
                let report: serde_json::Value = serde_json::from_str(&ran.out).map_err(text)?;
                found.push((name, report["captures"][0]["packets"].as_u64().unwrap_or_default()));
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Exit code, and all that was said.
fn ended(mut command: Command) -> Fails<(i32, String)> {
    let out = command.stdin(Stdio::null()).output().map_err(text)?;
    let said = [out.stdout, out.stderr].concat();
    Ok((out.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned()))
}

fn expect(is: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if is { Ok(()) } else { Err(otherwise().into()) }
}

fn rights() -> Result<(), Failed> {
    let nobody = run("id", &["-u", "nobody"])?.trim().to_owned();
    let sudo = format!("SUDO_UID={nobody}");
    for (before, arguments) in [(vec![], vec!["--user", "nobody"]), (vec!["env", sudo.as_str()], vec![])] {
        let mut cable = Cable::new()?;
        let file = cable.net.file("taken.pcapng");
        let index = cable.begin(&before, &[&arguments[..], &["-w", &file]].concat())?;
        let said = cable.net.text("said");
        expect(said.contains("as nobody, without capabilities"), || said.clone())?;
        let status = fs::read_to_string(format!("/proc/{}/status", cable.net.process(index)))?;
        let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let ids: Vec<&str> = of("Uid:").split_whitespace().collect();
        expect(ids == [nobody.as_str(); 4], || status.clone())?;
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            expect(of(set) == "0000000000000000", || format!("{set} {}", of(set)))?;
        }
        // Every thread gave them up: capabilities belong to threads.
        for task in fs::read_dir(format!("/proc/{}/task", cable.net.process(index)))? {
            let status = fs::read_to_string(task?.path().join("status"))?;
            expect(status.contains("CapEff:\t0000000000000000"), || status.clone())?;
        }
        cable.play(STORY, "full")?;
        std::thread::sleep(Duration::from_millis(500));
        cable.net.signal(index, "INT")?;
        let code = cable.net.ended(index, Duration::from_secs(10))?;
        let owner = fs::metadata(&file)?.uid().to_string();
        expect(code == 0 && owner == nobody, || format!("exit {code}, owned by {owner}: {}", cable.net.text("said")))?;
    }
    let cable = Cable::new()?;
    let (code, said) = cable.capture(&["-i", "eth0", "--user", "nonesuch"])?;
    expect(code == 2 && said.contains("--user nonesuch: no such user"), || format!("exit {code}: {said}"))
}

fn no_right() -> Result<(), Failed> {
    let cable = Cable::new()?;
    let none = ["setpriv", "--reuid", "nobody", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];
    let as_nobody =
        |arguments: &[&str]| ended(cable.net.command("b", &[&none[..], &[cable.program.as_str()], arguments].concat()));
    for command in ["capture", "replay"] {
        let story = common::root().join("captures").join(STORY);
        let copy = cable.net.file("story.pcap");
        fs::copy(story, &copy)?;
        let arguments =
            if command == "replay" { vec![command, &copy, "-i", "eth0"] } else { vec![command, "-i", "eth0"] };
        let (code, said) = as_nobody(&arguments)?;
        let grants = format!("sudo setcap cap_net_raw,cap_net_admin=eip {}", cable.program);
        expect(code == 2 && said.contains(&grants), || format!("{command}: exit {code}: {said}"))?;
    }
    let (code, said) = as_nobody(&["capture", "-i", "eth0", "--user", "nobody"])?;
    expect(code == 2 && said.contains("setcap"), || format!("exit {code}: {said}"))?;
    let (code, said) = as_nobody(&["check", &cable.net.file("story.pcap")])?;
    expect(code == 0 && !said.contains("setcap"), || format!("check of a file: exit {code}: {said}"))
}

fn refusals() -> Result<(), Failed> {
    let cable = Cable::new()?;
    let (code, said) = cable.capture(&["-i", "eth0", "-f", "udp prot 69"])?;
    expect(code == 2 && said.contains("-f 'udp prot 69': "), || format!("exit {code}: {said}"))?;
    let (code, said) = cable.capture(&["-i", "nonesuch0"])?;
    let told = said.contains("nonesuch0: no such interface; `offhook capture -D` lists them");
    expect(code == 2 && told, || format!("exit {code}: {said}"))?;
    let (code, said) = cable.capture(&["-i", "eth0", "-i", "nonesuch0"])?;
    expect(code == 2 && said.contains("nonesuch0"), || format!("exit {code}: {said}"))?;
    let (code, said) = cable.capture(&[])?;
    expect(code == 2 && said.contains("-D lists them"), || format!("exit {code}: {said}"))?;
    let (code, said) = cable.capture(&["-i", "eth0", "-w", "/nonesuch/x.pcapng"])?;
    expect(code == 3 && said.contains("cannot be written"), || format!("exit {code}: {said}"))?;
    let (code, said) = cable.capture(&["-D"])?;
    let both = ["eth0", "lo"].iter().all(|name| said.lines().any(|line| line.contains(&format!(". {name} ("))));
    expect(code == 0 && both && said.contains("up"), || format!("exit {code}: {said}"))
}

fn summary() -> Result<(), Failed> {
    let mut cable = Cable::new()?;
    let file = cable.net.file("taken.pcapng");
    let index = cable.begin(&[], &["-w", &file])?;
    cable.play(STORY, "full")?;
    std::thread::sleep(Duration::from_millis(500));
    cable.net.signal(index, "USR1")?;
    cable.net.wait("said", "SEP001122334455")?;
    let said = cable.net.text("said");
    expect(!said.contains("packets captured"), || format!("it ended: {said}"))?;
    cable.play(STORY, "full")?;
    std::thread::sleep(Duration::from_millis(500));
    cable.net.signal(index, "TERM")?;
    let code = cable.net.ended(index, Duration::from_secs(10))?;
    let said = cable.net.text("said");
    expect(code == 0 && said.matches("SEP001122334455").count() >= 2, || format!("exit {code}: {said}"))?;
    let one = cable.files("taken")?;
    let story = common::root().join("captures").join(STORY);
    let sent = 2 * frames(&story.to_string_lossy())?;
    expect(one.first().is_some_and(|(_, packets)| *packets >= sent), || format!("{one:?}, {sent} were sent"))
}

fn frames(file: &str) -> Fails<u64> {
    let report: serde_json::Value =
        serde_json::from_str(&common::offhook(&["check", "--format", "json", file]).out).map_err(text)?;
    report["captures"][0]["packets"].as_u64().ok_or_else(|| format!("{file}: {report}"))
}

/// Nobody reads what it writes: it cannot end in order, and is asked again.
fn impatient() -> Result<(), Failed> {
    let mut cable = Cable::new()?;
    let program = cable.program.clone();
    let script = format!("{program} capture -i eth0 -w - | sleep 60; exit");
    let index = cable.net.start("b", "said", &["sh", "-c", &script])?;
    cable.net.wait("said", "capturing on eth0")?;
    for _ in 0..20 {
        cable.play(STORY, "full")?;
    }
    let pids = cable.net.exec("b", &["pgrep", "-f", &format!("{program} capture -i eth0 -w -")])?;
    let pid = pids
        .split_whitespace()
        .find(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == "offhook"))
        .ok_or_else(|| format!("no process among {pids}"))?;
    run("kill", &["-INT", pid])?;
    std::thread::sleep(Duration::from_millis(1500));
    expect(alive(pid), || format!("it ended at the first: {}", cable.net.text("said")))?;
    run("kill", &["-INT", pid])?;
    std::thread::sleep(Duration::from_millis(300));
    let gone = !alive(pid);
    cable.net.signal(index, "KILL")?;
    expect(gone, || "the second SIGINT does not end it".to_owned())
}

/// Runs, and is no zombie.
fn alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// `ring_00003_20260105080000.pcapng` → (`ring`, 3, 14, `.pcapng`): what tshark promises of a name.
fn parts(name: &str) -> Option<(String, u32, usize, String)> {
    let (stem, rest) = name.split_once('_')?;
    let (number, rest) = rest.split_once('_')?;
    let digits = rest.chars().take_while(char::is_ascii_digit).count();
    let number = (number.len() == 5).then(|| number.parse().ok())??;
    Some((stem.replace("theirs", "ring").replace("ours", "ring"), number, digits, rest[digits..].to_owned()))
}

fn rings() -> Result<(), Failed> {
    let frames = frames(&common::root().join("captures").join(STORY).to_string_lossy())?;
    for (every, files) in [("packets:20", "files:3"), ("filesize:10", "files:2"), ("duration:1", "files:50")] {
        let mut cable = Cable::new()?;
        let (ours, theirs) = (cable.net.file("ours.pcapng"), cable.net.file("theirs.pcapng"));
        let index = cable.begin(&[], &["-q", "-w", &ours, "-b", every, "-b", files])?;
        let other = cable.net.start(
            "b",
            "dumpcap",
            &["dumpcap", "-q", "-i", "eth0", "-w", &theirs, "-b", every, "-b", files],
        )?;
        cable.net.wait("dumpcap", "Capturing on")?;
        std::thread::sleep(Duration::from_millis(500));
        // By time, it must last some seconds.
        let speed = if every.starts_with("duration") { "30" } else { "full" };
        cable.play(STORY, speed)?;
        std::thread::sleep(Duration::from_millis(700));
        for index in [index, other] {
            cable.net.signal(index, "INT")?;
            cable.net.ended(index, Duration::from_secs(10))?;
        }
        let named = |files: &[(String, u64)]| -> Vec<_> { files.iter().map(|(name, _)| parts(name)).collect() };
        let (ours, theirs) = (cable.files("ours")?, cable.files("theirs")?);
        let told = || format!("{every} {files}: ours {ours:?}, dumpcap's {theirs:?}\n{}", cable.net.text("said"));
        expect(named(&ours).iter().all(Option::is_some) && ours.len() >= 2, told)?;
        let shape = |files: &[(String, u64)]| -> Vec<_> {
            named(files).into_iter().flatten().map(|(stem, _, digits, ending)| (stem, digits, ending)).collect()
        };
        expect(shape(&ours).first() == shape(&theirs).first(), told)?;
        match every {
            // To the packet the same files.
            "packets:20" => {
                expect(named(&ours) == named(&theirs) && ours.iter().map(|f| f.1).eq(theirs.iter().map(|f| f.1)), told)?
            }
            "filesize:10" => {
                let sizes = ours.iter().map(|(name, _)| fs::metadata(cable.net.path(name)).map(|m| m.len()));
                let sizes = sizes.collect::<Result<Vec<_>, _>>()?;
                expect(ours.len() == 2 && sizes.iter().all(|size| (100..14_000).contains(size)), told)?;
            }
            _ => expect(ours.iter().map(|f| f.1).sum::<u64>() >= frames, told)?,
        }
    }
    Ok(())
}

fn stops() -> Result<(), Failed> {
    for (stop, ring) in
        [("packets:30", None), ("filesize:5", None), ("files:2", Some("packets:10")), ("duration:2", None)]
    {
        let mut cable = Cable::new()?;
        let file = cable.net.file("taken.pcapng");
        let mut arguments = vec!["-q", "-w", file.as_str(), "-a", stop];
        arguments.extend(ring.into_iter().flat_map(|ring| ["-b", ring]));
        let index = cable.begin(&[], &arguments)?;
        cable.play(STORY, "full")?;
        let code = cable.net.ended(index, Duration::from_secs(5)).map_err(|error| format!("{stop}: {error}"))?;
        let files = cable.files("taken")?;
        let packets: u64 = files.iter().map(|file| file.1).sum();
        let told = || format!("{stop}: exit {code}, {files:?}\n{}", cable.net.text("said"));
        expect(matches!(code, 0 | 1 | 4), told)?;
        expect(
            match stop {
                "packets:30" => packets == 30,
                "files:2" => files.len() == 2 && packets == 20,
                "filesize:5" => packets > 5 && packets < 100,
                _ => packets > 100,
            },
            told,
        )?;
    }
    Ok(())
}

/// `watch -i` in a terminal: phones come as they boot, keys work meanwhile, what was taken is written.
fn watched() -> Result<(), Failed> {
    let cable = Cable::new()?;
    let (socket, space) = (format!("offhook-lab-{}", std::process::id()), cable.net.name("b"));
    let file = cable.net.file("taken.pcapng");
    let tmux = Tmux(socket);
    tmux.run(&["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "sh"])?;
    tmux.keys(&format!("ip netns exec {space} {} watch -i eth0 -w {file}; echo CODE=$?", cable.program))?;
    tmux.wait("live · 0 packets")?;
    tmux.wait("No Cisco IP phone so far.")?;
    cable.play(STORY, "100")?;
    tmux.wait("SEP001122334455")?;
    // What may still be demanded of it is waited for; its registration stands.
    let board = tmux.wait("✔ keepalive")?;
    expect(board.contains("✖ 0 stuck") && board.contains("10.20.0.50"), || board.clone())?;
    tmux.run(&["send-keys", "Enter"])?;
    tmux.wait("REGISTER")?;
    // Paused, the picture stands; what comes meanwhile is judged when it goes on.
    tmux.run(&["send-keys", "1", "p"])?;
    tmux.wait("PAUSED")?;
    cable.play("config-not-found.pcap", "full")?;
    tmux.run(&["send-keys", "p"])?;
    tmux.wait("STUCK")?;
    tmux.run(&["send-keys", "q"])?;
    tmux.wait("CODE=0")?;
    let flags = tmux.run(&["display-message", "-p", "#{alternate_on}#{mouse_any_flag}#{cursor_flag}"])?;
    expect(flags.trim() == "001", || format!("alternate screen, mouse, cursor: {flags}"))?;
    let taken = cable.files("taken")?;
    let sent = frames(&common::root().join("captures").join(STORY).to_string_lossy())?;
    expect(taken.first().is_some_and(|(_, packets)| *packets > sent), || format!("{taken:?}, more than {sent} came"))
}

/// A terminal of its own; ended with the value.
struct Tmux(String);

impl Tmux {
    fn run(&self, arguments: &[&str]) -> Fails<String> {
        run("tmux", &[&["-L", &self.0], arguments].concat())
    }

    fn keys(&self, line: &str) -> Fails<()> {
        self.run(&["send-keys", "-l", line])?;
        self.run(&["send-keys", "Enter"]).map(drop)
    }

    fn wait(&self, what: &str) -> Fails<String> {
        let mut picture = String::new();
        for _ in 0..400 {
            picture = self.run(&["capture-pane", "-p"])?;
            if picture.contains(what) {
                return Ok(picture);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("{what:?} does not appear:\n{picture}"))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.run(&["kill-server"]);
    }
}
