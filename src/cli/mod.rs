//! The command line: arguments become settings, settings become a run, a run becomes an exit code. The only floor that
//! prints, and the only one that reads arguments and the environment.

#![allow(clippy::print_stderr)]

mod args;
mod baseline;
mod check;
mod child;
mod completions;
mod diff;
mod dotenv;
mod exit;
mod extract;
mod fix;
mod formats;
mod guard;
mod hook;
mod init;
mod known;
mod man;
mod manifest;
mod output;
mod progress;
mod rules;
mod scratch;
mod settings;
mod shared_args;
mod signals;
mod sources;
mod subject;
mod surroundings;
mod targets;
mod versions;
mod versions_args;

pub use exit::Exit;

use args::Command;

/// Runs the command that the arguments name.
pub fn run() -> Exit {
    let args = match args::parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are answers, everything else is a mistake: clap knows which, and where each belongs.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Clear };
        }
    };
    let done = match args.command {
        None => looked_at(&args.check),
        Some(Command::Check(check)) => looked_at(&check),
        Some(Command::Targets(command)) => targets::run(&command),
        Some(Command::Sources(command)) => sources::run(&command),
        Some(Command::Fix(command)) => fix::run(&command),
        Some(Command::Diff(command)) => diff::run(&command),
        Some(Command::Manifest(command)) => manifest::run(&command),
        Some(Command::Guard(check)) => guard::run(&check),
        Some(Command::Init(command)) => init::run(&command),
        Some(Command::Baseline(command)) => baseline::run(&command),
        Some(Command::Rules(command)) => rules::run(&command),
        Some(Command::Formats { facts }) => formats::run(facts),
        Some(Command::Completions { shell }) => completions::run(shell),
        Some(Command::Man(command)) => man::run(&command),
    };
    done.unwrap_or_else(|error| {
        // Mistakes are quoted from files that may be hostile.
        for line in format!("{error:#}").lines() {
            // Hints are indented and belong to the line above.
            let prefix = if line.starts_with(' ') { "" } else { "error: " };
            eprintln!("{prefix}{}", lastlook::report::sanitize::escape(line));
        }
        Exit::Usage
    })
}

/// `check`, as a script of a package or by itself.
fn looked_at(args: &args::CheckArgs) -> anyhow::Result<Exit> {
    hook::run(args).unwrap_or_else(|| check::run(args))
}

/// Says something on standard error, in lines of which no name can give orders to a terminal.
fn say(text: &str) {
    for (index, line) in text.lines().enumerate() {
        let prefix = if index == 0 { "lastlook: " } else { "" };
        eprintln!("{prefix}{}", lastlook::report::sanitize::escape(line));
    }
}
