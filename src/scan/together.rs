//! Several scans as one outcome: each package is judged by itself, and a report shows all of them.

use super::{Judged, Outcome, Source, Stale};
use crate::finding::{Finding, Level, Verdict};

/// Puts outcomes together that belong to one report: everything that was found, and the worst of the verdicts. The
/// [`Judged`] of a package goes with its outcome; its verdict and its numbers are filled in here.
///
/// An allow entry is stale only where it did nothing for any of them.
#[must_use]
pub fn together(outcomes: Vec<(Option<Judged>, Outcome)>, remarks: Vec<String>) -> Outcome {
    let mut all: Option<Outcome> = None;
    let mut packages = Vec::new();
    for (package, outcome) in outcomes {
        packages.extend(package.map(|package| judged(package, &outcome)));
        match &mut all {
            None => all = Some(outcome),
            Some(all) => add(all, outcome),
        }
    }
    // Nothing to look at is nothing that was seen to be clear.
    let mut all = all.unwrap_or_else(nothing);
    all.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    all.findings.dedup_by(|a, b| is_same(a, b));
    all.allowed.sort_by(|a, b| (a.finding.sort_key(), &a.reason).cmp(&(b.finding.sort_key(), &b.reason)));
    all.allowed.dedup_by(|a, b| is_same(&a.finding, &b.finding) && a.reason == b.reason);
    all.gaps.sort();
    all.gaps.dedup();
    all.sources = sources_once(std::mem::take(&mut all.sources));
    all.packages = packages;
    all.remarks = remarks;
    all
}

/// A source that two packages share is listed once where both say the same of it.
fn sources_once(mut sources: Vec<Source>) -> Vec<Source> {
    let key = |source: &Source| (source.package.clone(), source.standing.clone(), source.place.clone(), source.text);
    sources.sort_by_cached_key(key);
    sources.dedup_by(|b, a| {
        let same = a.package == b.package && a.standing == b.standing && a.place == b.place && a.text == b.text;
        if same {
            add_new(&mut a.names, &mut b.names);
            add_new(&mut a.carriers, &mut b.carriers);
        }
        same
    });
    sources
}

fn add_new<T: Ord>(all: &mut Vec<T>, more: &mut Vec<T>) {
    all.append(more);
    all.sort();
    all.dedup();
}

fn nothing() -> Outcome {
    Outcome {
        verdict: Verdict::Incomplete,
        findings: Vec::new(),
        allowed: Vec::new(),
        gaps: Vec::new(),
        stale: Vec::new(),
        totals: Default::default(),
        sources: Vec::new(),
        contents: Vec::new(),
        hosts: Vec::new(),
        packages: Vec::new(),
        remarks: Vec::new(),
    }
}

fn judged(package: Judged, outcome: &Outcome) -> Judged {
    let findings = [Level::Error, Level::Warning, Level::Note].map(|level| outcome.count(level));
    let (verdict, totals, gaps) = (outcome.verdict, outcome.totals, outcome.gaps.len());
    let allowed = outcome.allowed.iter().map(|allowed| &allowed.finding);
    let found = outcome.findings.iter().chain(allowed).map(|finding| &finding.path);
    let places = found.chain(outcome.gaps.iter().map(|gap| &gap.path)).map(ToString::to_string).collect();
    Judged { verdict, totals, findings, gaps, places, ..package }
}

fn add(all: &mut Outcome, one: Outcome) {
    all.verdict = worst(all.verdict, one.verdict);
    all.findings.extend(one.findings);
    all.allowed.extend(one.allowed);
    all.gaps.extend(one.gaps);
    all.stale.retain(|stale: &Stale| one.stale.contains(stale));
    all.totals.files += one.totals.files;
    all.totals.members += one.totals.members;
    all.totals.bytes += one.totals.bytes;
    all.sources.extend(one.sources);
    all.contents.extend(one.contents);
    all.hosts.extend(one.hosts);
}

fn worst(a: Verdict, b: Verdict) -> Verdict {
    [Verdict::Blocked, Verdict::Incomplete]
        .into_iter()
        .find(|verdict| [a, b].contains(verdict))
        .unwrap_or(Verdict::Clear)
}

/// A file that two packages share is named once, where both say the same of it.
fn is_same(a: &Finding, b: &Finding) -> bool {
    a.rule == b.rule
        && a.fingerprint == b.fingerprint
        && a.location == b.location
        && a.path.to_string() == b.path.to_string()
        && a.places.len() == b.places.len()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Scanner;
    use crate::scan::TargetFile;

    fn files(folder: &Path, names: &[&str]) -> Vec<TargetFile> {
        let file = |name: &&str| TargetFile {
            shown: Path::new("project").join(name),
            name: (*name).to_owned(),
            path: folder.join(name),
        };
        names.iter().map(file).collect()
    }

    fn package(name: &str) -> Judged {
        Judged {
            tool: "npm".to_owned(),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            folder: "project".to_owned(),
            exact: true,
            verdict: Verdict::Clear,
            totals: Default::default(),
            findings: [0; 3],
            gaps: 0,
            places: Default::default(),
        }
    }

    #[test]
    fn each_package_is_judged_by_its_own_files_and_the_worst_verdict_counts() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [(".env", "MODE=1\n"), ("a.js", "1"), ("c.js", "2")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let scanner = Scanner::builder().threads(1).build().unwrap();
        let look = |name: &str, names: &[&str]| {
            (Some(package(name)), scanner.scan_files("project", files(folder.path(), names)))
        };
        let outcome = together(vec![look("b", &["a.js", "gone.js"]), look("a", &["a.js"])], vec!["said".to_owned()]);
        assert_eq!(outcome.verdict, Verdict::Incomplete);
        assert_eq!(outcome.gaps.len(), 1);
        assert_eq!(outcome.gaps[0].path.to_string(), "project/gone.js");
        assert_eq!((outcome.totals.files, &*outcome.remarks[0]), (2, "said"));
        let both = together(vec![look("a", &["a.js", ".env"]), look("b", &[".env"]), look("c", &["c.js"])], Vec::new());
        let verdicts: Vec<Verdict> = both.packages.iter().map(|package| package.verdict).collect();
        assert_eq!(verdicts, [Verdict::Blocked, Verdict::Blocked, Verdict::Clear]);
        assert_eq!(both.findings.len(), 1, "a file of both is told once");
        let holds: Vec<bool> = both.packages.iter().map(|package| package.holds(&both.findings[0].path)).collect();
        assert_eq!(holds, [true, true, false], "and both know of it");
        assert_eq!(together(Vec::new(), Vec::new()).verdict, Verdict::Incomplete);
        assert_eq!(scanner.scan_files("project", Vec::new()).verdict, Verdict::Incomplete);
    }
}
