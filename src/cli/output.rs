//! Writing to standard output and to files.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::args::Color;

/// Whether what goes to standard output is coloured.
pub fn in_color(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    }
}

/// Writes to standard output. A reader that went away (`lastlook | head`) is no mistake of ours.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Writes a file, once everything that belongs into it is known.
pub fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)
        .and_then(|()| std::fs::write(path, bytes))
        .with_context(|| format!("{} cannot be written", path.display()))
}
