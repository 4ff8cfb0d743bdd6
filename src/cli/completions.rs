//! `lastlook completions`.

use anyhow::Result;
use clap::CommandFactory;

use super::args::Args;
use super::{Exit, output};

/// Prints a completion script.
pub fn run(shell: clap_complete::Shell) -> Result<Exit> {
    output::to_stdout(|mut out| {
        clap_complete::generate(shell, &mut Args::command(), "lastlook", &mut out);
        Ok(())
    })?;
    Ok(Exit::Clear)
}
