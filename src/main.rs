//! The command line of lastlook.

#![allow(clippy::print_stderr)]

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    // A panic message may quote the bytes that caused it, and with them a secret: say nothing of it but that it happened.
    std::panic::set_hook(Box::new(|_| {}));
    match std::panic::catch_unwind(cli::run) {
        Ok(code) => code.into(),
        Err(_) => {
            eprintln!("error: lastlook failed in a way it should not, and has not looked at everything");
            eprintln!("  hint: please report this with the kind of file it happened on");
            cli::Exit::Incomplete.into()
        }
    }
}
