//! The gate: findings and gaps become an outcome.

use super::run::{Run, Seen};
use super::{Allowed, Outcome, Scanner, Stale, disclosure, sources};
use crate::finding::{Finding, Level, Verdict};

/// Ends a scan: settles what needs the whole target, judges facts, applies the policy, sorts, and decides.
pub fn judge(scanner: &Scanner, mut seen: Seen, targets: &[String], fail_on: Level, allow_incomplete: bool) -> Outcome {
    disclosure::settle(&mut seen);
    let embedded = std::mem::take(&mut seen.embedded);
    let sources = if scanner.lists_sources { sources::list(&seen, embedded, targets) } else { Vec::new() };
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
    let (findings, allowed, stale) = allow(scanner, findings);
    let blocked = findings.iter().any(|finding| finding.level >= fail_on);
    let verdict = match (blocked, gaps.is_empty() || allow_incomplete) {
        (true, _) => Verdict::Blocked,
        (false, false) => Verdict::Incomplete,
        (false, true) => Verdict::Clear,
    };
    Outcome { verdict, findings, allowed, gaps, stale, totals: seen.totals, sources }
}

fn same_place(a: &Finding, b: &Finding) -> bool {
    a.location == b.location && a.path.to_string() == b.path.to_string()
}

/// Takes out what the policy allows, and says which of its entries do nothing.
fn allow(scanner: &Scanner, findings: Vec<Finding>) -> (Vec<Finding>, Vec<Allowed>, Vec<Stale>) {
    let entries = &scanner.policy.allow;
    let mut used = vec![false; entries.len()];
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
        match reason {
            Some(reason) => allowed.push(Allowed { finding, reason: reason.clone() }),
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
    let stale = stale.collect();
    (left, allowed, stale)
}
