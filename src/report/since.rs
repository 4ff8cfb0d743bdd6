//! What reports say of an earlier version.

use super::Context;
use super::redact::Redactor;
use super::words::{self, shown};
use crate::compare::Comparison;
use crate::finding::Finding;
use crate::scan::Outcome;

/// Whether a finding is new, in words; `None` where nothing is compared.
pub(super) fn mark(context: &Context<'_>, finding: &Finding) -> Option<&'static str> {
    let since = context.since?;
    Some(if since.was_there(finding) { "was there before" } else { "new" })
}

/// What has changed since the earlier version, a line for each sort of thing; empty where nothing is compared.
pub(super) fn summary(outcome: &Outcome, context: &Context<'_>, redactor: &Redactor<'_>) -> Vec<String> {
    let Some(since) = context.since else { return Vec::new() };
    let mut lines = vec![format!("Since {}: {}", shown(redactor, &since.old.name), files(since))];
    let mut add = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            let named: Vec<String> = names.iter().map(|name| shown(redactor, name)).collect();
            lines.push(format!("Since then, {what}: {}", words::list(&named)));
        }
    };
    add("new files", since.added.iter().map(|file| format!("{} ({})", file.path, file.kind)).collect());
    let hosts = since.new_hosts.iter().flatten();
    add("new hosts", hosts.map(|host| host.name.clone()).collect());
    let sources = since.sources.iter().flat_map(|sources| &sources.new);
    add("newly disclosed sources", sources.map(|source| source.place.clone()).collect());
    let new = since.new_findings(outcome).count();
    let before = outcome.findings.len() - new;
    let gone = since.gone.len();
    let number = |value| words::number(value);
    lines.push(format!(
        "Findings: {} new, {} there before{}",
        number(new),
        number(before),
        if gone > 0 { format!(", {} gone", number(gone)) } else { String::new() }
    ));
    if since.old.is_manifest {
        lines.push(
            "A manifest cannot say which hosts and sources are new, nor which findings are in files that have changed"
                .to_owned(),
        );
    }
    lines
}

/// `2 files added, 1 removed, 3 changed, 1 moved, 12 as they were`.
pub(super) fn files(since: &Comparison) -> String {
    let unchanged = words::number_u64(since.unchanged);
    let counts = [(since.removed.len(), "removed"), (since.changed.len(), "changed"), (since.moved.len(), "moved")];
    let counts = counts.into_iter().filter(|(number, _)| *number > 0);
    let mut parts = vec![format!("{} added", words::count(since.added.len(), "file"))];
    parts.extend(counts.map(|(number, word)| format!("{} {word}", words::number(number))));
    parts.push(format!("{unchanged} as before"));
    parts.join(", ")
}
