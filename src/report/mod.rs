//! Reports: an outcome as bytes, one file per format.
//!
//! A report only writes: it decides nothing, and the exit code never depends on it. Whatever came from the target goes
//! through `redact` (no secret leaves) and, in text, through [`sanitize`] (no name gives orders to a terminal).
//! To add a format, write one file and one line in [`REPORTS`].

use std::io;
use std::time::Duration;

use crate::compare::Comparison;
use crate::finding::Level;
use crate::rules::RuleSet;
use crate::scan::Outcome;

pub mod baseline;
pub mod difference;
pub mod group;
pub mod in_toto;
pub mod listing;
pub mod sanitize;
pub mod sets;

mod block;
mod github;
mod gitlab;
mod human;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod paint;
mod redact;
mod safe_json;
mod sarif;
mod sarif_model;
mod since;
mod wire;
mod words;

pub use github::Github;
pub use gitlab::Gitlab;
pub use human::Human;
pub use json::Json;
pub use jsonl::JsonLines;
pub use junit::Junit;
pub use markdown::Markdown;
pub use redact::Redactor;
pub use sarif::Sarif;

/// One report format.
pub trait Report: Sync {
    /// The word after `--report`, unique in [`REPORTS`].
    fn name(&self) -> &'static str;

    /// One sentence on what it is for.
    fn summary(&self) -> &'static str;

    /// Writes the report, complete, in UTF-8 and with a line end at its end. Not buffered: hand in a buffered writer.
    ///
    /// # Errors
    /// Those of `out`.
    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Every report format, in the order in which help lists them. The first is the default.
pub static REPORTS: &[&dyn Report] = &[&Human, &Json, &JsonLines, &Sarif, &Github, &Gitlab, &Junit, &Markdown];

/// The report format with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Report> {
    REPORTS.iter().copied().find(|report| report.name() == name)
}

/// What a report may say besides the outcome.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The rules that judged, for titles, reasons and fixes. A finding whose rule is not in it is reported by its id.
    pub rules: &'a RuleSet,
    /// Whether `human` uses colours (ANSI escapes). No other format ever does.
    pub color: bool,
    /// How long the scan took. Only `human` shows it: the other formats give the same bytes for the same outcome.
    pub elapsed: Option<Duration>,
    /// The paths that were asked about, as they were typed. `human` names them.
    pub targets: Vec<String>,
    /// The policy file that was applied. `human` names it: a policy that nobody knew of must not pass unseen.
    pub policy: Option<String>,
    /// What leads from the working directory (in CI: the root of the repository) to the folder that artifact paths are
    /// relative to: `dist` where `lastlook dist` shows `cli.js`. Empty where they are relative to the working directory
    /// already. `sarif` and `github` put it before file paths, so that the code host finds the files.
    pub base: String,
    /// Whether `human` shows everything: all places, notes in full, all gaps, allowed findings, every fingerprint.
    pub verbose: bool,
    /// The lowest level that blocks (`--fail-on`): `Error` or `Warning`.
    pub fail_on: Level,
    /// Whether gaps were accepted (`--allow-incomplete`), so that the verdict may be `Clear` in spite of them.
    pub incomplete_allowed: bool,
    /// What is new since an earlier version (`--since`). Every report marks its findings by it, and hides none.
    pub since: Option<&'a Comparison>,
}

impl<'a> Context<'a> {
    /// The plainest context: no colours, nothing verbose, errors block, gaps are not accepted.
    #[must_use]
    pub fn new(rules: &'a RuleSet) -> Self {
        Context {
            rules,
            color: false,
            elapsed: None,
            targets: Vec::new(),
            policy: None,
            base: String::new(),
            verbose: false,
            fail_on: Level::Error,
            incomplete_allowed: false,
            since: None,
        }
    }

    /// What masks the secrets of an outcome, and those that were found in the earlier version.
    fn redactor<'o>(&'o self, outcome: &'o Outcome) -> Redactor<'o> {
        Redactor::with(outcome, self.since.map_or(&[], Comparison::secrets))
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
