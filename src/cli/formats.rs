//! `lastlook formats`.

use std::collections::BTreeMap;

use anyhow::Result;
use lastlook::formats::FORMATS;

use super::{Exit, output, settings};

/// Lists the formats, or the facts that rules can use.
pub fn run(facts: bool) -> Result<Exit> {
    output::to_stdout(|out| {
        if facts {
            let facts: BTreeMap<&str, _> = settings::facts().into_iter().map(|spec| (spec.name, spec)).collect();
            for (name, spec) in facts {
                writeln!(out, "{name:<36} {:<8} {}", spec.kind.as_str(), phrase(spec.doc))?;
            }
            return Ok(());
        }
        for format in FORMATS {
            writeln!(out, "{:<22} {}", format.name(), phrase(format.summary()))?;
        }
        Ok(())
    })?;
    Ok(Exit::Clear)
}

/// A line of a table has no full stop.
fn phrase(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}
