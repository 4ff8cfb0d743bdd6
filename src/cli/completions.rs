//! `lastlook completions`.

use anyhow::Result;

use super::args;
use super::{Exit, output};

/// Prints a completion script.
pub fn run(shell: clap_complete::Shell) -> Result<Exit> {
    output::to_stdout(|mut out| {
        clap_complete::generate(shell, &mut args::command(), "lastlook", &mut out);
        Ok(())
    })?;
    Ok(Exit::Clear)
}
