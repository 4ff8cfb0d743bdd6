//! `lastlook man`.

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Exit, output};

/// The `man` command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lastlook man > lastlook.1           the manual page of the program
  lastlook man rules show             that of one command")]
pub struct ManArgs {
    /// The command whose page is wanted; without it, the page of the program
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Prints a manual page (roff, section 1).
pub fn run(args: &ManArgs) -> Result<Exit> {
    // `help` is no command to read about. Building gives every command its full name, which is what its page is called.
    let mut program = super::args::command().disable_help_subcommand(true);
    program.build();
    let mut wanted = &program;
    for name in &args.command {
        wanted = wanted
            .find_subcommand(name)
            .with_context(|| format!("there is no command `lastlook {}`", args.command.join(" ")))?;
    }
    output::to_stdout(|out| page(wanted, out))?;
    Ok(Exit::Clear)
}

fn page(command: &clap::Command, out: &mut dyn Write) -> io::Result<()> {
    let after = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    // The crate would fill the lines of the examples.
    let plain = command.clone().after_help(None::<&str>).after_long_help(None::<&str>);
    // A blank for the date: pages are the same on any day, and an empty argument would count as none.
    let source = concat!("lastlook ", env!("CARGO_PKG_VERSION"));
    Man::new(plain).date(" ").source(source).manual("lastlook").render(out)?;
    write!(out, "{}", sections(&after.unwrap_or_default()).to_roff())
}

/// What stands after the options, line by line as it is there: a heading (`Examples:`) begins a section of its own.
fn sections(text: &str) -> Roff {
    let mut roff = Roff::new();
    for line in text.lines() {
        match line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')) {
            Some(heading) => {
                roff.control("SH", [heading.to_uppercase().as_str()]);
                // No filling: examples are columns.
                roff.control("nf", []);
            }
            None if line.is_empty() || line.starts_with(' ') => {
                roff.text([roman(line)]);
            }
            None => {
                roff.control("fi", []);
                roff.control("PP", []);
                roff.text([roman(line)]);
            }
        }
    }
    if !text.is_empty() {
        roff.control("fi", []);
    }
    roff
}
