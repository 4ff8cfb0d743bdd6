//! The gate: findings and gaps become an outcome.

use std::collections::BTreeSet;

use super::run::{Run, Seen};
use super::{Allowed, Outcome, Scanner, Stale, disclosure};
use crate::finding::{Finding, Level, Verdict};
use crate::policy::Baseline;

/// How many entries of a baseline that match nothing any more are named.
const NAMED: usize = 10;

/// Ends a scan: settles what needs the whole target, judges facts, applies the policy, sorts, and decides.
pub fn judge(scanner: &Scanner, mut seen: Seen, fail_on: Level, allow_incomplete: bool) -> Outcome {
    disclosure::settle(&mut seen);
    let run = Run::new(scanner);
    for (_, path, stated) in &seen.stated {
        seen.findings.extend(run.judge_facts(path, stated));
    }
    let mut findings = seen.findings;
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    // A compressed stream and its content share one place: what a rule says of both is one finding.
    findings.dedup_by(|a, b| a.rule == b.rule && a.fingerprint == b.fingerprint && same_place(a, b));
    let mut gaps = seen.gaps;
    gaps.sort();
    gaps.dedup();
    let (findings, mut allowed, stale) = allow(scanner, findings);
    allowed.extend(seen.allowed);
    allowed.sort_by(|a, b| (a.finding.sort_key(), &a.reason).cmp(&(b.finding.sort_key(), &b.reason)));
    let blocked = findings.iter().any(|finding| finding.level >= fail_on);
    let verdict = match (blocked, gaps.is_empty() || allow_incomplete) {
        (true, _) => Verdict::Blocked,
        (false, false) => Verdict::Incomplete,
        (false, true) => Verdict::Clear,
    };
    Outcome { verdict, findings, allowed, gaps, stale, totals: seen.totals }
}

fn same_place(a: &Finding, b: &Finding) -> bool {
    a.location == b.location && a.path.to_string() == b.path.to_string()
}

/// Takes out what the policy allows, and says which of its entries do nothing.
fn allow(scanner: &Scanner, findings: Vec<Finding>) -> (Vec<Finding>, Vec<Allowed>, Vec<Stale>) {
    let entries = &scanner.policy.allow;
    let mut used = vec![false; entries.len()];
    let mut known = BTreeSet::new();
    let mut allowed = Vec::new();
    let mut left = Vec::new();
    for finding in findings {
        let mut reason = None;
        for (entry, used) in entries.iter().zip(&mut used) {
            if entry.covers(&finding) {
                *used = true;
                if !entry.has_expired(scanner.today) {
                    reason.get_or_insert(&entry.reason);
                }
            }
        }
        let mut reason = reason.cloned();
        if let Some((baseline, entry)) = scanner.baseline.as_ref().and_then(|one| Some((one, one.entry(&finding)?))) {
            known.insert(entry.to_owned());
            reason.get_or_insert_with(|| format!("in the baseline {}", baseline.file()));
        }
        match reason {
            Some(reason) => allowed.push(Allowed { finding, reason }),
            None => left.push(finding),
        }
    }
    let stale = entries.iter().zip(used).filter_map(|(entry, used)| {
        let problem = match (entry.has_expired(scanner.today), entry.expires) {
            (true, Some(day)) => format!("the allow entry for `{}` expired on {day}", entry.rule()),
            _ if !used => format!("the allow entry for `{}` matches nothing any more; remove it", entry.rule()),
            _ => return None,
        };
        Some(Stale { place: entry.place.clone(), problem })
    });
    let stale = stale.chain(scanner.baseline.iter().flat_map(|baseline| stale_entries(baseline, &known))).collect();
    (left, allowed, stale)
}

/// The entries of a baseline that do nothing any more.
fn stale_entries(baseline: &Baseline, known: &BTreeSet<String>) -> Vec<Stale> {
    let unused = baseline.unused(known);
    let named = unused.iter().take(NAMED).map(|(place, rule, path)| {
        let problem = format!("the baseline's entry for `{rule}` at {path} matches nothing any more");
        Stale { place: place.clone(), problem: format!("{problem}; write the baseline anew") }
    });
    let more = unused.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| Stale {
        place: baseline.file().to_owned(),
        problem: format!("{more} more of its entries match nothing any more; write the baseline anew"),
    });
    named.chain(rest).collect()
}
