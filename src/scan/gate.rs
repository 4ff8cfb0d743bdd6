//! The gate: findings and gaps become an outcome.

use std::collections::HashMap;

use super::places::{self, Alike};
use super::run::{Run, Seen};
use super::walk::Listed;
use super::{Allowed, Outcome, Scanner, Stale, disclosure, sources};
use crate::finding::{Finding, Verdict};

/// Ends a scan of these targets: settles what needs all of them, judges facts, applies the policy, sorts, and decides.
pub fn judge(scanner: &Scanner, targets: &[String], files: &[Listed], mut seen: Seen) -> Outcome {
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
    let alike = places::settle(scanner, files, &seen.stated, &mut findings);
    let (findings, allowed, stale) = allow(scanner, findings, alike);
    let blocked = findings.iter().any(|finding| finding.level >= scanner.fail_on);
    let verdict = match (blocked, gaps.is_empty() || scanner.allow_incomplete) {
        (true, _) => Verdict::Blocked,
        (false, false) => Verdict::Incomplete,
        (false, true) => Verdict::Clear,
    };
    Outcome { verdict, findings, allowed, gaps, stale, totals: seen.totals, sources }
}

fn same_place(a: &Finding, b: &Finding) -> bool {
    a.location == b.location && a.path.to_string() == b.path.to_string()
}

/// Takes out what the policy allows, and says which of its entries do nothing. An entry by fingerprint allows a secret at
/// every place that is proven to be the same text; one by path allows it there only.
fn allow(scanner: &Scanner, findings: Vec<Finding>, mut alike: Alike) -> (Vec<Finding>, Vec<Allowed>, Vec<Stale>) {
    let entries = &scanner.policy.allow;
    let mut used = vec![false; entries.len()];
    let mut own: Vec<Option<&str>> = Vec::with_capacity(findings.len());
    let mut shared: HashMap<usize, &str> = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        let mut reason = None;
        for (entry, used) in entries.iter().zip(&mut used).filter(|(entry, _)| entry.covers(finding)) {
            *used = true;
            if !entry.has_expired(scanner.today) {
                reason.get_or_insert(entry.reason.as_str());
                if entry.is_by_fingerprint() {
                    shared.entry(alike.group(index)).or_insert(&entry.reason);
                }
            }
        }
        own.push(reason);
    }
    let mut left = Vec::new();
    let mut passed: Vec<(&str, Vec<(usize, Finding)>)> = Vec::new();
    for ((index, finding), own) in findings.into_iter().enumerate().zip(own) {
        match own.or_else(|| shared.get(&alike.group(index)).copied()) {
            None => left.push((index, finding)),
            Some(reason) => match passed.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, list)) => list.push((index, finding)),
                None => passed.push((reason, vec![(index, finding)])),
            },
        }
    }
    let mut allowed = Vec::new();
    for (reason, list) in passed {
        let merged = places::merge(list, &mut alike).into_iter();
        allowed.extend(merged.map(|finding| Allowed { finding, reason: reason.to_owned() }));
    }
    allowed.sort_by(|a, b| a.finding.sort_key().cmp(&b.finding.sort_key()));
    let left = places::merge(left, &mut alike);
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
