//! Which findings were there before.
//!
//! A fingerprint tells findings apart for as long as files keep their names. From one version to the next they do not, so
//! that findings are compared by rule, evidence and the name that the file had.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::files::{Matched, Was};
use super::names::{Shift, without_versions};
use super::{Key, key};
use crate::finding::{ArtifactPath, Finding, Fingerprint, Place};
use crate::scan::{self, Named, Outcome};

/// Where the findings of the new outcome are.
pub struct Places<'p> {
    pub named: &'p [Named<'p>],
    pub shift: Shift,
    /// The names that files had before.
    pub earlier: &'p HashMap<String, Was>,
}

/// Names of artifacts in their package.
struct Names<'n>(HashMap<&'n ArtifactPath, &'n str>);

impl<'n> Names<'n> {
    fn new(named: &'n [Named<'_>], shift: Shift) -> Self {
        Names(named.iter().map(|one| (&one.content.path, one.name.get(shift..).unwrap_or(&one.name))).collect())
    }

    /// The file or member that an artifact is, or is in, and the way from there.
    fn find(&self, path: &ArtifactPath) -> (Option<&'n str>, String) {
        let mut rest = Vec::new();
        let mut at = Some(path);
        while let Some(path) = at {
            if let Some(name) = self.0.get(path) {
                rest.reverse();
                return (Some(name), rest.join("!"));
            }
            if !path.shares_place() {
                rest.push(path.logical().to_owned());
            }
            at = path.parent();
        }
        (None, path.stable())
    }
}

/// What makes two findings of two versions one.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    rule: String,
    place: String,
    evidence: Fingerprint,
}

/// What a finding is about besides its place; empty where the place is all.
fn evidence(finding: &Finding) -> &[u8] {
    match (&finding.secret, finding.location, finding.details.first()) {
        (Some(secret), _, _) => secret.expose(),
        (None, Some(_), Some(detail)) => detail.as_bytes(),
        _ => &[],
    }
}

fn identity(rule: &str, (file, rest): (&str, &str), evidence: &[u8]) -> Identity {
    // Names of sources in maps, and of members in what is no package, carry versions as well.
    let place = format!("{file}!{}", without_versions(rest));
    Identity { rule: rule.to_owned(), evidence: Fingerprint::new(rule, "", evidence), place }
}

/// The places of a finding.
fn places(finding: &Finding) -> impl Iterator<Item = &ArtifactPath> {
    std::iter::once(&finding.path).chain(finding.places.iter().map(|place: &Place| &place.path))
}

/// Every finding of an outcome, allowed or not.
fn all(outcome: &Outcome) -> impl Iterator<Item = &Finding> {
    outcome.findings.iter().chain(outcome.allowed.iter().map(|allowed| &allowed.finding))
}

/// The sources that a finding about a map is about.
fn given_away(finding: &Finding) -> BTreeSet<String> {
    finding.sources.iter().map(|source| without_versions(&source.name).into_owned()).collect()
}

/// What one outcome has found, for asking whether the other has found it too.
#[derive(Default)]
struct Index {
    plain: HashSet<Identity>,
    /// The sources that findings give away, by rule and place.
    sources: HashMap<(String, String), Vec<BTreeSet<String>>>,
}

impl Index {
    fn add(&mut self, finding: &Finding, place: (&str, &str), is_main: bool) {
        if is_main && !finding.sources.is_empty() {
            let at = (finding.rule.to_string(), format!("{}!{}", place.0, place.1));
            self.sources.entry(at).or_default().push(given_away(finding));
        } else {
            self.plain.insert(identity(&finding.rule, place, evidence(finding)));
        }
    }

    /// Whether a finding is in here. A map that gives away no more than it did is.
    fn holds(&self, finding: &Finding, place: (&str, &str)) -> bool {
        if finding.sources.is_empty() {
            return self.plain.contains(&identity(&finding.rule, place, evidence(finding)));
        }
        let now = given_away(finding);
        let known = self.sources.get(&(finding.rule.to_string(), format!("{}!{}", place.0, place.1)));
        known.is_some_and(|known| known.iter().any(|before| now.is_subset(before)))
    }
}

/// The names that a finding's place had, if it was there: those of a renamed file only for findings with evidence.
fn earlier<'p>(finding: &Finding, name: &'p str, places: &'p Places<'_>) -> Option<&'p str> {
    let was = places.earlier.get(name)?;
    let has_evidence = !evidence(finding).is_empty() || !finding.sources.is_empty();
    (was.surely || has_evidence).then_some(was.name.as_str())
}

/// The findings of `new` that `old` has as well.
pub fn known(old: &Outcome, shift: Shift, new: &Outcome, at: &Places<'_>) -> HashSet<Key> {
    let mut index = Index::default();
    let named = scan::package(&old.contents);
    let names = Names::new(&named, shift);
    for finding in all(old) {
        for (number, path) in places(finding).enumerate() {
            let (file, rest) = names.find(path);
            index.add(finding, (file.unwrap_or_default(), &rest), number == 0);
        }
    }
    let names = Names::new(at.named, at.shift);
    let was_there = |finding: &&Finding| {
        places(finding).any(|path| {
            let (file, rest) = names.find(path);
            let was = file.map(|file| earlier(finding, file, at));
            // A file that was not there has had no findings.
            !matches!(was, Some(None)) && index.holds(finding, (was.flatten().unwrap_or_default(), &rest))
        })
    };
    all(new).filter(was_there).map(key).collect()
}

/// The findings of `old` that `new` has no more.
pub fn gone(old: &Outcome, shift: Shift, new: &Outcome, at: &Places<'_>) -> Vec<Finding> {
    let mut index = Index::default();
    let names = Names::new(at.named, at.shift);
    for finding in all(new) {
        for (number, path) in places(finding).enumerate() {
            let (file, rest) = names.find(path);
            let was = file.and_then(|file| earlier(finding, file, at)).unwrap_or_default();
            index.add(finding, (was, &rest), number == 0);
        }
    }
    let named = scan::package(&old.contents);
    let names = Names::new(&named, shift);
    let is_gone = |finding: &&Finding| {
        !places(finding).any(|path| {
            let (file, rest) = names.find(path);
            let place = (file.unwrap_or_default(), rest.as_str());
            // A map that gives more away than it did is not gone.
            let grown = index.sources.contains_key(&(finding.rule.to_string(), format!("{}!{}", place.0, place.1)));
            index.holds(finding, place) || !finding.sources.is_empty() && grown
        })
    };
    old.findings.iter().filter(is_gone).cloned().collect()
}

/// The findings in files that a manifest knows with the very same content. What depends on the rest of the package, as
/// facts do, was there before only if nothing of it has gone.
pub fn in_unchanged_files(new: &Outcome, at: &Places<'_>, matched: &Matched) -> HashSet<Key> {
    let names = Names::new(at.named, at.shift);
    let unchanged = |name: &str| {
        // A member of an archive is as it was if the archive is.
        let file = name.split('!').next().unwrap_or(name);
        matched.proven.contains(file)
    };
    let was_there = |finding: &&Finding| {
        let (file, _) = names.find(&finding.path);
        file.is_some_and(unchanged) && (finding.facts.is_empty() || matched.removed.is_empty())
    };
    all(new).filter(was_there).map(key).collect()
}
