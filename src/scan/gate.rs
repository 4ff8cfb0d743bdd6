//! The gate: findings and gaps become an outcome.

use std::collections::{BTreeSet, HashMap};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::places::{self, Alike};
use super::run::{Run, Seen};
use super::walk::Listed;
use super::{Allowed, Outcome, Scanner, Stale, approved, disclosure, layers, sources};
use crate::finding::{Finding, Verdict};
use crate::policy::Baseline;

/// How many entries of a baseline that match nothing any more are named.
const NAMED: usize = 10;

/// Ends a scan of these targets, inside the scanner's thread pool: settles what needs all of them, judges facts, applies
/// the policy, sorts, and decides.
pub fn judge(scanner: &Scanner, targets: &[String], files: &[Listed], seen: &mut Seen) -> Outcome {
    disclosure::settle(seen);
    let embedded = std::mem::take(&mut seen.embedded);
    let sources = if scanner.lists_sources { sources::list(seen, embedded, targets) } else { Vec::new() };
    let mut contents = std::mem::take(&mut seen.contents);
    contents.sort();
    contents.dedup();
    if let Some(manifest) = &scanner.manifest {
        seen.stated.extend(approved::state(manifest, &contents, targets));
    }
    let run = Run::new(scanner);
    let judged = seen.stated.par_iter().map(|(_, path, stated)| run.judge_facts(path, stated));
    let judged: Vec<Vec<Finding>> = judged.collect();
    let mut findings = std::mem::take(&mut seen.findings);
    findings.extend(judged.into_iter().flatten());
    findings.par_sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    // A compressed stream and its content share one place: what a rule says of both is one finding.
    findings.dedup_by(|a, b| a.rule == b.rule && a.fingerprint == b.fingerprint && same_place(a, b));
    let mut gaps = std::mem::take(&mut seen.gaps);
    gaps.sort();
    gaps.dedup();
    layers::settle(&seen.stated, &seen.paths, &mut findings);
    let alike = places::settle(scanner, files, &seen.stated, &mut findings);
    let (findings, mut allowed, stale) = allow(scanner, findings, alike);
    allowed.append(&mut seen.allowed);
    allowed.sort_by(|a, b| (a.finding.sort_key(), &a.reason).cmp(&(b.finding.sort_key(), &b.reason)));
    let blocked = findings.iter().any(|finding| finding.level >= scanner.fail_on);
    let verdict = match (blocked, gaps.is_empty() || scanner.allow_incomplete) {
        (true, _) => Verdict::Blocked,
        (false, false) => Verdict::Incomplete,
        (false, true) => Verdict::Clear,
    };
    let (totals, hosts) = (std::mem::take(&mut seen.totals), std::mem::take(&mut seen.hosts).list());
    let (packages, remarks) = (Vec::new(), Vec::new());
    Outcome { verdict, findings, allowed, gaps, stale, totals, sources, contents, hosts, packages, remarks }
}

fn same_place(a: &Finding, b: &Finding) -> bool {
    a.location == b.location && a.path.to_string() == b.path.to_string()
}

/// Takes out what the policy allows, and says which of its entries do nothing. An entry by fingerprint allows a secret at
/// every place that is proven to be the same text; one by path allows it there only.
fn allow(scanner: &Scanner, findings: Vec<Finding>, mut alike: Alike) -> (Vec<Finding>, Vec<Allowed>, Vec<Stale>) {
    let entries = &scanner.policy.allow;
    let mut used = vec![false; entries.len()];
    let mut known = BTreeSet::new();
    let mut own: Vec<Option<String>> = Vec::with_capacity(findings.len());
    let mut shared: HashMap<usize, String> = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        let mut reason = None;
        for (entry, used) in entries.iter().zip(&mut used).filter(|(entry, _)| entry.covers(finding)) {
            *used = true;
            if !entry.has_expired(scanner.today) {
                reason.get_or_insert_with(|| entry.reason.clone());
                if entry.is_by_fingerprint() {
                    shared.entry(alike.group(index)).or_insert_with(|| entry.reason.clone());
                }
            }
        }
        if let Some((baseline, entry)) = scanner.baseline.as_ref().and_then(|one| Some((one, one.entry(finding)?))) {
            known.insert(entry.to_owned());
            let accepted = format!("in the baseline {}", baseline.file());
            shared.entry(alike.group(index)).or_insert_with(|| accepted.clone());
            reason.get_or_insert(accepted);
        }
        own.push(reason);
    }
    let mut left = Vec::new();
    let mut passed: Vec<(String, Vec<(usize, Finding)>)> = Vec::new();
    for ((index, finding), own) in findings.into_iter().enumerate().zip(own) {
        match own.or_else(|| shared.get(&alike.group(index)).cloned()) {
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
        allowed.extend(merged.map(|finding| Allowed { finding, reason: reason.clone() }));
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
