//! Writing to standard output and to files.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use lastlook::fix::{Change, Edit, Plan};

use super::args::Color;
use super::check::To;

/// Whether what goes to standard output is coloured.
pub fn in_color(color: Color) -> bool {
    in_color_at(color, To::Stdout)
}

/// Whether what goes there is coloured.
pub fn in_color_at(color: Color, to: To) -> bool {
    match (color, to) {
        (Color::Always, _) => true,
        (Color::Never, _) => false,
        (Color::Auto, To::Stdout) => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
        (Color::Auto, To::Stderr) => anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
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

/// Puts `new` in the place of a file that held `old`, in one step: a reader sees one or the other.
pub fn replace_file(path: &Path, old: &str, new: &str) -> Result<()> {
    let cannot = || format!("{} cannot be written", path.display());
    // A link stays one: what it leads to is replaced.
    let real = path.canonicalize().with_context(cannot)?;
    let folder = real.parent().with_context(cannot)?.to_owned();
    let whole = vec![Edit { range: 0..old.len(), new: new.as_bytes().to_vec() }];
    let change = Change::edit(real, path.display().to_string(), String::new(), old.as_bytes(), whole);
    let written = Plan::of_changes(folder, vec![change]).write()?;
    written.failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error)).with_context(cannot)
}

/// Writes to standard error, as [`to_stdout`] does.
pub fn to_stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stderr().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard error cannot be written"),
    }
}

/// Writes a file, once everything that belongs into it is known.
pub fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)
        .and_then(|()| std::fs::write(path, bytes))
        .with_context(|| format!("{} cannot be written", path.display()))
}
