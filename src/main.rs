//! The program: parse the command line, run the command, end with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    offhook::cli::main()
}
