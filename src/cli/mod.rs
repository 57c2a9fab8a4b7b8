//! The command line: what may be asked, and one file for each command.

pub mod capture;
pub mod check;
pub mod compare;
pub mod decode;
pub mod extract;
pub mod fields;
pub mod golden;
pub mod live;
pub mod models;
pub mod replay;
pub mod run;
pub mod synth;
pub mod watch;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::pipeline::Options;

/// Why does this Cisco IP phone have no dial tone? Answers from packets alone.
#[derive(Debug, Parser)]
#[command(name = "offhook", version, about, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 every judged flow conforms, 1 a violation, 2 usage, filter or model error,\n\
    3 an input cannot be read, 4 nothing could be judged, 130 interrupted.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge captures, phone by phone
    Check(check::Check),
    /// Show every decoded message
    Decode(decode::Decode),
    /// Capture on an interface, judge and tell, without a screen
    Capture(capture::Capture),
    /// The terminal screen, over files or live
    Watch(watch::Watch),
    /// Put recorded frames back on a (test) wire
    Replay(replay::Replay),
    /// Every event and field that -Y, -e and the models may name
    Fields(fields::Fields),
    /// The sequence models, built in or yours
    Models(models::Models),
    /// Record or verify golden traces
    Golden(golden::Golden),
    /// Write the capture of a documented sequence, whole or broken
    Synth(synth::Synth),
    /// Completions for your shell, on standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page (roff), on standard output
    Man,
}

/// What is said when secrets are printed.
const SECRETS_ARE_SHOWN: &str = "secrets are shown: passwords, digests, PINs and keys are printed as they were sent";

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    /// Whether to colour what goes to standard output (or, with `to_file`, to a file).
    pub fn wanted(self, to_file: bool) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                !to_file && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            }
        }
    }
}

/// Bounds; reaching one is told, and never silent.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Bounds {
    /// Flows followed at the same time
    #[arg(long, value_name = "N", default_value_t = Options::default().flows.flows)]
    max_flows: usize,
    /// Bytes of one direction of a connection that wait for earlier ones
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().flows.out_of_order)]
    max_out_of_order_bytes: usize,
    /// Bytes of one direction that wait for the rest of their message
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().flows.message)]
    max_message_bytes: usize,
    /// Bytes of all connections together that wait for earlier ones or for the rest of their message
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().flows.held)]
    max_held_bytes: usize,
    /// IP datagrams that wait for fragments
    #[arg(long, value_name = "N", default_value_t = Options::default().fragments.datagrams)]
    max_fragmented_datagrams: usize,
    /// Bytes of all fragments that wait
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().fragments.bytes)]
    max_fragment_bytes: usize,
    /// Stations (phones or not) told apart
    #[arg(long, value_name = "N", default_value_t = Options::default().phones.stations)]
    max_stations: usize,
    /// Events that wait for their station to prove itself a phone
    #[arg(long, value_name = "N", default_value_t = Options::default().phones.waiting.1)]
    max_waiting_events: usize,
    /// Events of one station that wait so
    #[arg(long, value_name = "N", default_value_t = Options::default().phones.waiting.0)]
    max_waiting_per_station: usize,
    /// Sequences judged at the same time: phones × models, calls, pages
    #[arg(long, value_name = "N", default_value_t = Options::default().engine.runs)]
    max_runs: usize,
    /// Sequences that are over and kept for the report
    #[arg(long, value_name = "N", default_value_t = Options::default().engine.ended)]
    max_ended: usize,
    /// Findings
    #[arg(long, value_name = "N", default_value_t = Options::default().engine.findings)]
    max_findings: usize,
    /// Different findings of one kind in one sequence; more are counted into the last
    #[arg(long, value_name = "N", default_value_t = Options::default().engine.same)]
    max_same_findings: usize,
    /// RTP streams followed at the same time
    #[arg(long, value_name = "N", default_value_t = Options::default().proto.streams)]
    max_streams: usize,
    /// TFTP transfers followed at the same time
    #[arg(long, value_name = "N", default_value_t = Options::default().proto.transfers)]
    max_transfers: usize,
    /// TFTP transfers of one client
    #[arg(long, value_name = "N", default_value_t = Options::default().proto.client_transfers)]
    max_transfers_per_client: usize,
    /// Bytes of one file that are kept to be read
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().proto.file_bytes)]
    max_file_bytes: usize,
    /// Bytes that all TFTP transfers together hold
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().proto.transfer_bytes)]
    max_transfer_bytes: usize,
    /// Bytes of the header of one HTTP message
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().proto.http_head)]
    max_http_head: usize,
    /// Requests of one HTTP connection that wait for their answers
    #[arg(long, value_name = "N", default_value_t = Options::default().proto.http_requests)]
    max_http_requests: usize,
    /// Announced flows (media, transfers) remembered
    #[arg(long, value_name = "N", default_value_t = Options::default().announcements)]
    max_announcements: usize,
    /// Phones whose trust lists are remembered
    #[arg(long, value_name = "N", default_value_t = Options::default().trust_lists)]
    max_trust_lists: usize,
    /// Bytes of different trust lists that are remembered
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().trust_list_bytes)]
    max_trust_list_bytes: usize,
    /// Frames that copies of a SPAN port are looked for among
    #[arg(long, value_name = "N", default_value_t = Options::default().remembered_frames)]
    max_remembered_frames: usize,
}

impl Bounds {
    /// The options of a run with these bounds.
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        options.flows.flows = self.max_flows.max(1);
        options.flows.out_of_order = self.max_out_of_order_bytes;
        options.flows.message = self.max_message_bytes;
        options.flows.held = self.max_held_bytes;
        options.fragments.datagrams = self.max_fragmented_datagrams.max(1);
        options.fragments.bytes = self.max_fragment_bytes;
        options.phones.stations = self.max_stations.max(1);
        options.phones.waiting.1 = self.max_waiting_events.max(1);
        options.phones.waiting.0 = self.max_waiting_per_station;
        options.engine.ended = self.max_ended;
        options.engine.findings = self.max_findings;
        options.engine.same = self.max_same_findings.max(1);
        options.proto.client_transfers = self.max_transfers_per_client.max(1);
        options.remembered_frames = self.max_remembered_frames.max(1);
        options.engine.runs = self.max_runs.max(1);
        options.proto.streams = self.max_streams.max(1);
        options.proto.transfers = self.max_transfers.max(1);
        options.proto.file_bytes = self.max_file_bytes;
        options.proto.transfer_bytes = self.max_transfer_bytes;
        options.proto.http_head = self.max_http_head;
        options.proto.http_requests = self.max_http_requests.max(1);
        options.announcements = self.max_announcements.max(1);
        options.trust_lists = self.max_trust_lists.max(1);
        options.trust_list_bytes = self.max_trust_list_bytes;
        options.engine.phones = options.engine.phones.max(options.phones.stations);
        options
    }
}

/// What ends a command early: a message for a person, and the exit code of the contract.
#[derive(Debug)]
pub struct Stop {
    /// The exit code.
    pub code: u8,
    /// One clear line, or several where several things are wrong; empty to say nothing.
    pub message: String,
}

impl Stop {
    /// A usage, filter or model error.
    pub fn usage(message: impl Into<String>) -> Stop {
        Stop { code: 2, message: message.into() }
    }

    /// An input that cannot be read.
    pub fn input(message: impl Into<String>) -> Stop {
        Stop { code: 3, message: message.into() }
    }
}

/// Writing failed: silently over when the reader has gone (`| head`), else told.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Stop { code: 0, message: String::new() }
        } else {
            Stop { code: 3, message: format!("cannot write: {error}") }
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let done = match cli.command {
        Command::Check(it) => it.run(),
        Command::Decode(it) => it.run(),
        Command::Capture(it) => it.run(),
        Command::Watch(it) => it.run(),
        Command::Replay(it) => it.run(),
        Command::Fields(it) => it.run(),
        Command::Models(it) => it.run(),
        Command::Golden(it) => it.run(),
        Command::Synth(it) => it.run(),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "offhook", &mut io::stdout());
            Ok(0)
        }
        Command::Man => clap_mangen::Man::new(Cli::command()).render(&mut io::stdout()).map(|()| 0).map_err(Stop::from),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(stop) => {
            if !stop.message.is_empty() {
                complain(&stop.message);
            }
            ExitCode::from(stop.code)
        }
    }
}

/// One clear line on standard error.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "offhook: {message}");
}

/// Standard output, or the file of `-o`.
pub fn output(path: Option<&std::path::Path>) -> Result<Box<dyn Write>, Stop> {
    match path {
        None => Ok(Box::new(io::BufWriter::with_capacity(1 << 16, io::stdout().lock()))),
        Some(path) if path.as_os_str() == "-" => Ok(Box::new(io::BufWriter::new(io::stdout().lock()))),
        Some(path) => std::fs::File::create(path)
            .map(|file| Box::new(io::BufWriter::new(file)) as Box<dyn Write>)
            .map_err(|error| Stop::input(format!("{}: cannot be written: {error}", path.display()))),
    }
}
