//! `offhook capture`: judges what happens on an interface, without a screen; findings as they happen.

use clap::{Args, ValueEnum};

use super::live::Taking;
use super::{Bounds, Colour};
use crate::report::FailOn;

/// Capture, judge and tell, without a screen
#[derive(Debug, Args)]
#[cfg_attr(not(feature = "live"), allow(dead_code))]
#[command(
    after_help = "SIGUSR1 prints a summary; SIGINT and SIGTERM end the capture with everything written and the\n\
    exit code of its verdicts. A second one ends it at once, with 130."
)]
pub struct Capture {
    #[command(flatten)]
    taking: Taking,
    /// List the interfaces
    #[arg(short = 'D', long)]
    list_interfaces: bool,
    /// The form of what is told
    #[arg(short = 'T', long = "format", value_enum, default_value_t = Form::Text, value_name = "FORM")]
    form: Form,
    /// No findings as they happen, only the summary
    #[arg(short, long)]
    quiet: bool,
    /// Judge with these models: a built-in name, or a file or directory of yours besides the built-in ones
    #[arg(long, value_name = "NAME|FILE|DIR")]
    model: Vec<String>,
    /// What your site says of itself (TOML): timers, CallManagers, SRST, what its regions allow
    #[arg(long, value_name = "FILE")]
    site: Option<std::path::PathBuf>,
    /// What ends with exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Fail, value_name = "WHAT")]
    fail_on: FailOn,
    /// Colour what is told
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
    /// Do not resolve names (offhook never does)
    #[arg(short = 'n', hide = true)]
    numeric: bool,
    #[command(flatten)]
    bounds: Bounds,
}

/// The form of what is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a person: a line a finding
    Text,
    /// One JSON object a line
    Ndjson,
}

#[cfg(not(feature = "live"))]
impl Capture {
    /// Says how to get it.
    pub fn run(&self) -> Result<u8, super::Stop> {
        Err(super::live::absent())
    }
}

#[cfg(feature = "live")]
mod with {
    use std::io::{self, Write};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::flag;

    use super::super::check::{self, Chosen};
    use super::super::{Stop, complain, live};
    use super::{Capture, Form};
    use crate::event::{Event, Schema};
    use crate::finding::Finding;
    use crate::live::taker::{Live, Taken, Totals};
    use crate::phone::{Concerned, Phones};
    use crate::pipeline::{self, Pipeline, Watch};
    use crate::report::text::{self, Style};
    use crate::report::{FindingReport, Only, Report, finding_report, json};

    impl Capture {
        /// Runs it; the result is the exit code.
        pub fn run(&self) -> Result<u8, Stop> {
            if self.list_interfaces {
                return live::list_interfaces();
            }
            if self.taking.interface.is_empty() {
                return Err(Stop::usage("capture needs -i INTERFACE; -D lists them"));
            }
            let schema = pipeline::schema();
            let chosen = check::models(&self.model, self.site.as_deref(), &schema)?;
            let stop = Arc::new(AtomicBool::new(false));
            let summary = Arc::new(AtomicBool::new(false));
            self.signals(&stop, &summary).map_err(|error| Stop::usage(format!("signals: {error}")))?;
            let live = self.taking.begin(false, &[], Arc::clone(&stop), &mut |line| complain(&line))?;
            self.judge(live, &schema, &chosen, &stop, &summary)
        }

        fn signals(&self, stop: &Arc<AtomicBool>, summary: &Arc<AtomicBool>) -> io::Result<()> {
            for signal in [SIGINT, SIGTERM] {
                // Whoever asks twice does not want to wait: the handlers run in this order.
                flag::register_conditional_shutdown(signal, 130, Arc::clone(stop))?;
                flag::register(signal, Arc::clone(stop))?;
            }
            flag::register(SIGUSR1, Arc::clone(summary))?;
            Ok(())
        }

        /// The judge has a thread of its own: should it fail, frames are written on until the end.
        fn judge(
            &self,
            live: Live,
            schema: &Schema,
            chosen: &Chosen,
            stop: &AtomicBool,
            summary: &AtomicBool,
        ) -> Result<u8, Stop> {
            let mut judge = Judge { live, told: self };
            let done = thread::scope(|scope| {
                let judging = scope.spawn(|| judge.run(schema, chosen, stop, summary));
                judging.join()
            });
            let Ok(judged) = done else {
                complain("the judge failed; frames are still taken and written until the capture is ended");
                while !stop.load(Ordering::Relaxed) && !judge.live.is_over() {
                    judge.live.next(Duration::from_millis(100));
                }
                totals(&judge.live.end());
                return Ok(4);
            };
            let (report, write_failed) = judged?;
            let failed = totals(&judge.live.end()) || write_failed;
            Ok(match report.exit_code(self.fail_on) {
                1 => 1,
                _ if failed => 3,
                code => code,
            })
        }
    }

    /// Says what went wrong; whether anything did.
    fn totals(totals: &Totals) -> bool {
        totals.errors.iter().for_each(|error| complain(error));
        let Totals { packets, unjudged, .. } = totals;
        let dropped = totals.drops() - unjudged;
        let files: Vec<String> = totals.files.iter().map(|path| path.display().to_string()).collect();
        let to = if files.is_empty() {
            String::new()
        } else {
            format!(", {} written to {}", totals.written, files.join(", "))
        };
        complain(&format!(
            "{packets} packets captured{to}; {dropped} dropped by kernel and interface, {unjudged} not judged"
        ));
        !totals.errors.is_empty()
    }

    struct Judge<'c> {
        live: Live,
        told: &'c Capture,
    }

    impl Judge<'_> {
        fn run(
            &mut self,
            schema: &Schema,
            chosen: &Chosen,
            stop: &AtomicBool,
            summary: &AtomicBool,
        ) -> Result<(Report, bool), Stop> {
            let told = self.told;
            let teller =
                Teller { form: told.form, quiet: told.quiet, only: chosen.only.clone(), last: 0, failed: None };
            let mut options = told.bounds.options();
            options.engine.rolling = true;
            let mut pipeline = Pipeline::new(schema, Arc::clone(&chosen.models), &options, teller);
            let name = told.taking.interface.join(" + ");
            loop {
                match self.live.next(Duration::from_millis(100)) {
                    Some(Taken::Frames(first, batch)) => batch.frames(first).for_each(|frame| pipeline.frame(&frame)),
                    Some(Taken::Tick(now)) => pipeline.tick(now),
                    Some(Taken::Counts(_)) => {}
                    Some(Taken::End(_)) => break,
                    None if self.live.is_over() => break,
                    None => {}
                }
                if pipeline.watch().failed.is_some() && told.taking.write.is_none() {
                    // Nobody listens, and nothing is written.
                    stop.store(true, Ordering::Relaxed);
                }
                if summary.swap(false, Ordering::Relaxed) {
                    let mut report = Report::default();
                    let only = Only { phone: None, models: &chosen.only };
                    report.add_look(&name, &pipeline.look(), &self.live.notes, only);
                    self.print(&report)?;
                }
            }
            let (outcome, mut teller) = pipeline.finish(&self.live.notes);
            // What only the end shows is told now.
            let last = teller.last;
            let new = outcome.findings.iter().filter(|finding| finding.serial > last);
            new.for_each(|finding| teller.tell(finding, &outcome.phones));
            let mut report = Report::default();
            report.add(&name, &outcome, &self.live.notes, Only { phone: None, models: &chosen.only });
            let failed = match teller.failed {
                Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    complain(&format!("cannot tell what was found: {error}"));
                    true
                }
                Some(_) => false,
                None => {
                    self.print(&report)?;
                    false
                }
            };
            Ok((report, failed))
        }

        fn print(&self, report: &Report) -> Result<(), Stop> {
            let told = self.told;
            // What is captured goes to standard output: what is told goes beside it.
            let to_stdout = told.taking.write.as_ref().is_some_and(|path| path.as_os_str() == "-");
            let mut out: Box<dyn Write> =
                if to_stdout { Box::new(io::stderr().lock()) } else { super::super::output(None)? };
            match told.form {
                Form::Text => {
                    let style = Style { colour: told.color.wanted(to_stdout), quiet: told.quiet };
                    writeln!(out)?;
                    text::write(report, style, None, &mut out)?;
                    if let Some(drops) = Some(self.live.notes.drops).filter(|drops| *drops > 0) {
                        writeln!(out, "{drops} packets were dropped; verdicts that rest on them are inconclusive.")?;
                    }
                }
                Form::Ndjson => {
                    // Findings were told as they happened.
                    let rest = Report { findings: Vec::new(), ..report.clone() };
                    json::lines(&rest, &mut out)?;
                }
            }
            Ok(out.flush()?)
        }
    }

    /// Tells findings as they happen, each once. It remembers no more of them than a number: a capture may go on for
    /// months.
    struct Teller {
        form: Form,
        quiet: bool,
        only: Vec<String>,
        /// The number of the finding told last: later ones have higher numbers.
        last: u32,
        failed: Option<io::Error>,
    }

    impl Teller {
        fn tell(&mut self, finding: &Finding, phones: &Phones) {
            self.put(finding, false, phones);
        }

        /// A line, of what was found or is taken back.
        fn put(&mut self, finding: &Finding, withdrawn: bool, phones: &Phones) {
            let takes = self.only.is_empty() || self.only.iter().any(|model| **model == *finding.model);
            self.last = self.last.max(finding.serial);
            if self.failed.is_some() || !takes {
                return;
            }
            if self.quiet && self.form == Form::Text {
                return;
            }
            let report = FindingReport { withdrawn, ..finding_report(0, finding, phones, false) };
            let mut line = Vec::new();
            let put = match self.form {
                Form::Text => text::finding_line(&report, &mut line),
                Form::Ndjson => json::finding(&report, &mut line),
            };
            // A line at a time, at once: whoever waits for it sees it whole.
            self.failed = put.and_then(|()| io::stdout().lock().write_all(&line)).err();
        }
    }

    impl Watch for Teller {
        fn event(&mut self, _: &Event<'_>, _: &[Concerned], _: &Phones) {}

        fn finding(&mut self, finding: &Finding, phones: &Phones) {
            if finding.serial > self.last {
                self.tell(finding, phones);
            }
        }

        fn withdrawn(&mut self, finding: &Finding, phones: &Phones) {
            // What only the end found was not told.
            if finding.serial <= self.last {
                self.put(finding, true, phones);
            }
        }

        fn looks(&self) -> bool {
            false
        }
    }
}
