//! `offhook watch`: the terminal screen, over files that are replayed, or live.

mod save;
mod terminal;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use crossterm::event::{self, Event, KeyEventKind};

use super::live::Taking;
use super::run::{self, Input};
use super::{Bounds, Stop, check, complain};
use crate::live::pace::Speed;
use crate::pipeline;
use crate::tui::app::{App, Effect};
use crate::tui::judge::{Judge, Parts};
use crate::tui::player::Player;
use crate::tui::theme::Theme;
use crate::tui::view;
use terminal::Terminal;

/// Watch phones boot, register and talk, in the terminal
#[derive(Debug, Args)]
pub struct Watch {
    /// Captures to replay; several are merged in time order
    #[arg(value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,
    /// A capture, as tshark takes it
    #[arg(short = 'r', value_name = "FILE")]
    read: Vec<PathBuf>,
    /// Replay at a factor of the recorded pace; without it as fast as it goes
    #[arg(long, value_name = "N|full", value_parser = Speed::parse)]
    speed: Option<Speed>,
    #[command(flatten)]
    taking: Taking,
    /// Judge with these models: a built-in name, or a file or directory of yours besides the built-in ones
    #[arg(long, value_name = "NAME|FILE|DIR")]
    model: Vec<String>,
    /// What your site says of itself (TOML): timers, CallManagers, SRST, what its regions allow
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// Colours
    #[arg(long, value_enum, default_value_t = Colours::Auto, value_name = "WHICH")]
    theme: Colours,
    /// Print what is masked by default: passwords, digests, PINs, keys
    #[arg(long)]
    show_secrets: bool,
    /// Memory for frames and messages that may be looked at, in MiB; the oldest go first
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    keep: usize,
    #[command(flatten)]
    bounds: Bounds,
}

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colours {
    /// None with NO_COLOR, else what COLORFGBG says of the background, else dark
    Auto,
    /// Light on dark
    Dark,
    /// Dark on light
    Light,
    /// None
    None,
}

impl Colours {
    fn theme(self) -> Theme {
        match self {
            Colours::Dark => Theme::Dark,
            Colours::Light => Theme::Light,
            Colours::None => Theme::Plain,
            Colours::Auto => {
                if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
                    return Theme::Plain;
                }
                // "15;0": foreground and background of the terminal, 7 and 15 are light.
                let ground = std::env::var("COLORFGBG").unwrap_or_default();
                match ground.rsplit(';').next() {
                    Some("7" | "15") => Theme::Light,
                    _ => Theme::Dark,
                }
            }
        }
    }
}

/// Where frames come from.
enum Feed {
    File(Box<Player>),
    #[cfg(feature = "live")]
    Live(Box<crate::live::taker::Live>),
}

/// How long frames are judged before keys are looked at again.
const SLICE: Duration = Duration::from_millis(20);
/// How often it is looked whether somebody ends it from outside.
const REST: Duration = Duration::from_millis(500);
/// How often the screen is drawn while frames come.
const DRAW: Duration = Duration::from_millis(100);

impl Watch {
    /// Runs it; the result is the exit code.
    pub fn run(&self) -> Result<u8, Stop> {
        let live = !self.taking.interface.is_empty();
        let arguments: Vec<PathBuf> = self.read.iter().chain(&self.inputs).cloned().collect();
        if live && !arguments.is_empty() {
            return Err(Stop::usage("watch either files or interfaces (-i)"));
        }
        if !live && arguments.is_empty() {
            return Err(Stop::usage("watch needs a capture (-r FILE) or an interface (-i)"));
        }
        if !live && self.taking.write.is_some() {
            return Err(Stop::usage("-w goes with -i; s on the screen saves a phone's packets"));
        }
        if !io::stdout().is_terminal() {
            return Err(Stop::usage("watch needs a terminal; use check for files and capture for interfaces"));
        }
        let schema = pipeline::schema();
        let chosen = check::models(&self.model, self.site.as_deref(), &schema)?;
        let mut options = self.bounds.options();
        options.engine.rolling = live;
        let parts = Parts { schema: Arc::new(schema), models: chosen.models, options, keep: self.keep.max(1) << 20 };
        let mut app = App::new(Judge::new(parts), self.theme.theme());
        app.secrets = self.show_secrets;
        // Whoever ends it from outside gets the terminal back too, and what was captured.
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            let told = signal_hook::flag::register(signal, Arc::clone(&stop));
            told.map_err(|error| Stop::usage(format!("signals: {error}")))?;
        }
        end_with_the_terminal(Arc::clone(&stop));
        if live {
            return self.live(app, stop);
        }
        let (mut inputs, errors) = run::inputs(&arguments, true);
        if let Some(error) = errors.first() {
            return Err(Stop::input(error.to_string()));
        }
        let _spool = check::spool_if_twice(&mut inputs, true)?;
        let Some(input) = inputs.into_iter().next() else {
            return Err(Stop::usage("no capture among these"));
        };
        app.origin.name.clone_from(&input.name);
        let again = input.clone();
        let player = Player::new(Box::new(move || Ok(again.open()?)), self.speed.unwrap_or(Speed::Full))
            .map_err(|error| Stop::input(error.to_string()))?;
        self.screen(app, Feed::File(Box::new(player)), Some(input), &stop)
    }

    #[cfg(not(feature = "live"))]
    fn live(&self, _: App, _: Arc<AtomicBool>) -> Result<u8, Stop> {
        Err(super::live::absent())
    }

    #[cfg(feature = "live")]
    fn live(&self, mut app: App, stop: Arc<AtomicBool>) -> Result<u8, Stop> {
        let mut said = String::new();
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let live = self.taking.begin(true, &[here], Arc::clone(&stop), &mut |line| said = line)?;
        app.origin.live = true;
        app.origin.name = self.taking.interface.join(" + ");
        app.origin.written = self.taking.write.is_some();
        app.say(said, false);
        self.screen(app, Feed::Live(Box::new(live)), None, &stop)
    }

    fn screen(&self, mut app: App, mut feed: Feed, input: Option<Input>, stop: &AtomicBool) -> Result<u8, Stop> {
        let done = {
            let mut terminal = Terminal::begin().map_err(|error| Stop::usage(format!("terminal: {error}")))?;
            // A view that fails must not take what was captured with it.
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                run(&mut app, &mut feed, input.as_ref(), &mut terminal, stop)
            }))
        };
        match feed {
            Feed::File(_) => {}
            #[cfg(feature = "live")]
            Feed::Live(live) => {
                let totals = live.end();
                totals.errors.iter().for_each(|error| complain(error));
                let files: Vec<String> = totals.files.iter().map(|path| path.display().to_string()).collect();
                let to = if files.is_empty() { String::new() } else { format!(", written to {}", files.join(", ")) };
                complain(&format!("{} packets captured{to}; {} dropped", totals.packets, totals.drops()));
            }
        }
        match done {
            Ok(done) => done.map(|()| 0),
            Err(_) => {
                complain("the screen failed; this is a bug of offhook");
                Ok(101)
            }
        }
    }
}

/// Whoever waits for keys of a terminal that was closed (a lost ssh) waits for ever: what is captured is brought to its
/// end, and the program with it.
fn end_with_the_terminal(stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        while io::stdout().is_terminal() {
            std::thread::sleep(LOOK);
        }
        stop.store(true, Ordering::Relaxed);
        std::thread::sleep(LAST_WRITES);
        // As the shell has it for a program that its terminal took along.
        std::process::exit(129);
    });
}

/// So often it is looked whether the terminal is still there.
const LOOK: Duration = Duration::from_millis(500);
/// So long the writer of a live capture has to write what it holds.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// Until the user quits.
fn run(
    app: &mut App,
    feed: &mut Feed,
    input: Option<&Input>,
    terminal: &mut Terminal,
    stop: &AtomicBool,
) -> Result<(), Stop> {
    let told = |error: io::Error| Stop::usage(format!("terminal: {error}"));
    let began = clock();
    let mut made: Option<Instant> = None;
    let mut cost = Duration::ZERO;
    let mut dirty = true;
    let mut changes = app.judge.changes;
    app.size = terminal.size().map_err(told)?;
    while !stop.load(Ordering::Relaxed) {
        let wait = feed_some(app, feed, began)?;
        let changed = app.judge.changes != changes;
        // A full board costs more than a picture: it is made anew at most ten times a second.
        let due = made.is_none_or(|made| made.elapsed() >= DRAW.max(cost * 10));
        if changed && due || made.is_none() {
            changes = app.judge.changes;
            let before = clock();
            app.refresh();
            // With many phones it is made less often: at most a tenth of the time goes into it.
            (made, cost, dirty) = (Some(clock()), before.elapsed(), true);
        }
        if dirty {
            terminal.draw(|frame| view::draw(app, frame)).map_err(told)?;
            dirty = false;
        }
        let undrawn = app.judge.changes != changes;
        let wait = if undrawn { wait.min(DRAW) } else { wait.min(REST) };
        if !event::poll(wait).map_err(told)? {
            continue;
        }
        // Keys that came together are drawn together.
        loop {
            dirty = true;
            let effect = match event::read().map_err(told)? {
                Event::Key(key) if key.kind != KeyEventKind::Release => app.key(&key),
                Event::Mouse(mouse) => app.mouse(&mouse),
                Event::Resize(width, height) => {
                    app.size = (width, height);
                    made = None;
                    None
                }
                _ => None,
            };
            if let Some(effect) = effect
                && carry_out(app, feed, input, terminal, &effect)?
            {
                return Ok(());
            }
            if !event::poll(Duration::ZERO).map_err(told)? {
                break;
            }
        }
    }
    Ok(())
}

/// Judges for a slice of time; gives how long nothing more is to be done.
fn feed_some(app: &mut App, feed: &mut Feed, began: Instant) -> Result<Duration, Stop> {
    let slice = clock();
    let mut go_on = || slice.elapsed() < SLICE;
    match feed {
        Feed::File(player) => {
            let due = player
                .play(&mut app.judge, slice.duration_since(began), &mut go_on)
                .map_err(|error| Stop::input(error.to_string()))?;
            app.origin.paused = player.paused && !player.ended;
            app.origin.speed = match player.speed {
                Speed::Full => "full speed".to_owned(),
                Speed::Times(times) => format!("×{times}"),
            };
            Ok(due.unwrap_or(Duration::from_secs(1)).min(Duration::from_secs(1)))
        }
        #[cfg(feature = "live")]
        Feed::Live(live) => {
            use crate::live::taker::Taken;
            if app.origin.paused {
                // Taken and written meanwhile; judged when it goes on.
                return Ok(Duration::from_millis(200));
            }
            while go_on() {
                match live.next(Duration::ZERO) {
                    Some(Taken::Frames(first, batch)) => batch.frames(first).for_each(|frame| app.judge.frame(&frame)),
                    Some(Taken::Tick(now)) => app.judge.tick(now),
                    Some(Taken::Counts(_)) => app.origin.drops = live.notes.drops,
                    Some(Taken::End(totals)) => {
                        app.origin.drops = totals.drops();
                        app.judge.finish(&live.notes);
                        let errors = totals.errors.join("; ");
                        app.say(if errors.is_empty() { "the capture has ended".into() } else { errors }, true);
                    }
                    None => return Ok(Duration::from_millis(50)),
                }
            }
            Ok(Duration::ZERO)
        }
    }
}

/// Does what the screen asks for; whether it is over.
fn carry_out(
    app: &mut App,
    feed: &mut Feed,
    input: Option<&Input>,
    terminal: &mut Terminal,
    effect: &Effect,
) -> Result<bool, Stop> {
    match effect {
        Effect::Quit => return Ok(true),
        Effect::Redraw => terminal.clear().map_err(|error| Stop::usage(format!("terminal: {error}")))?,
        Effect::Save(path) => match save::save(app, input, path) {
            Ok(said) => app.say(said, false),
            Err(error) => app.say(error, true),
        },
        Effect::Copy(text) => {
            // A terminal that knows no OSC 52 passes over it.
            let copy = crossterm::clipboard::CopyToClipboard::to_clipboard_from(text);
            crossterm::execute!(io::stdout(), copy).map_err(|error| Stop::usage(format!("terminal: {error}")))?;
        }
        other => replay(app, feed, other)?,
    }
    Ok(false)
}

#[cfg_attr(
    not(feature = "live"),
    expect(clippy::infallible_destructuring_match, reason = "live captures are the other")
)]
fn replay(app: &mut App, feed: &mut Feed, effect: &Effect) -> Result<(), Stop> {
    let player = match feed {
        Feed::File(player) => player,
        #[cfg(feature = "live")]
        Feed::Live(_) => {
            match effect {
                Effect::Pause => app.origin.paused = !app.origin.paused,
                _ => app.say("what happens now cannot be stepped through: this is for files", true),
            }
            return Ok(());
        }
    };
    let told = |error: crate::source::SourceError| Stop::input(error.to_string());
    if player.ended && matches!(effect, Effect::Pause | Effect::Step) {
        player.from_the_beginning(&mut app.judge).map_err(told)?;
        player.paused = *effect == Effect::Step;
    }
    match effect {
        Effect::Pause => {
            if player.at > 0 {
                player.pause();
            }
        }
        Effect::Step => player.step(),
        Effect::Faster => player.change_speed(true),
        Effect::Slower => player.change_speed(false),
        Effect::Speed(speed) => player.set_speed(*speed),
        Effect::NextFinding if player.ended => app.say("this is the end; N goes back", true),
        Effect::NextFinding => player.to_next_finding(&app.judge),
        Effect::FindingBefore => player.to_finding_before(&mut app.judge).map_err(told)?,
        Effect::Quit | Effect::Save(_) | Effect::Redraw | Effect::Copy(_) => {}
    }
    app.origin.paused = player.paused;
    Ok(())
}

/// The screen's own clock: when to draw, and when a recorded frame is due.
fn clock() -> Instant {
    #[allow(clippy::disallowed_methods)]
    Instant::now()
}
