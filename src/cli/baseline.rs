//! `lastlook baseline`: writes down what is found now.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use lastlook::policy::{BASELINE_NAME, Baseline, Salt};
use lastlook::report::{baseline, sanitize};

use super::args::BaselineArgs;
use super::check::{Prepared, prepare};
use super::{Exit, output, settings};

/// Looks at the targets, and writes a baseline that accepts what is found.
pub fn run(args: &BaselineArgs) -> Result<Exit> {
    if args.check.baseline.is_some() {
        bail!("`lastlook baseline` accepts everything anew\n  hint: name the file to write with -o FILE");
    }
    let prepared = prepare(&args.check, false)?;
    let outcome = prepared.look()?;
    let Prepared { named, .. } = prepared;
    let file = args.output.clone().or(named).unwrap_or_else(|| PathBuf::from(BASELINE_NAME));
    let file = settings::from_here(&file);
    let salt = salt(&file)?;
    let mut number = 0;
    output::to_file(&file, |out| {
        number = baseline::write(&outcome, &salt, out)?;
        Ok(())
    })?;
    let shown = file.display().to_string();
    let findings = format!("{number} finding{}", if number == 1 { "" } else { "s" });
    output::to_stdout(|out| writeln!(out, "{} accepts {findings}", sanitize::shown(&shown)))?;
    if outcome.gaps.is_empty() {
        return Ok(Exit::Clear);
    }
    eprintln!("warning: not everything could be looked at, and no baseline accepts that; `lastlook` says what");
    Ok(Exit::Incomplete)
}

/// The salt of the baseline that is there, so that entries stay as they are; a new one otherwise.
fn salt(file: &Path) -> Result<Salt> {
    if file.exists() { Ok(Baseline::read(file)?.salt().clone()) } else { Ok(Salt::random()) }
}
