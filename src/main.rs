//! The program: parse the command line, run the command, end with its exit code.

use std::process::ExitCode;

/// Judging makes and drops many small things (runs, what they keep, findings).
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    offhook::cli::main()
}
