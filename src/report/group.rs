//! Grouping: what a person reads as one thing is shown as one block.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::finding::{Finding, Gap, Level, Stage};

/// Findings of one rule at one level that belong together: they are in the same container, or show the same secret.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    findings: Vec<&'a Finding>,
}

impl<'a> Group<'a> {
    /// The finding that comes first, which speaks for the others.
    #[must_use]
    pub fn first(&self) -> &'a Finding {
        self.findings[0]
    }

    /// All findings, in the order of the outcome. Never empty.
    #[must_use]
    pub fn findings(&self) -> &[&'a Finding] {
        &self.findings
    }

    /// The folders that the findings lie in with their numbers, the fullest first.
    #[must_use]
    pub fn folders(&self) -> Vec<(String, usize)> {
        let mut folders: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &self.findings {
            let path = finding.path.to_string();
            let end = path.rfind(['/', '!']).unwrap_or(0);
            *folders.entry(path[..end].to_owned()).or_default() += 1;
        }
        let mut folders: Vec<_> = folders.into_iter().collect();
        folders.sort_by_key(|(folder, number)| (Reverse(*number), folder.clone()));
        folders
    }

    /// The level of all of them.
    #[must_use]
    pub fn level(&self) -> Level {
        self.first().level
    }
}

/// What two findings of the same rule and level may have in common.
#[derive(PartialEq, Eq, Hash)]
enum Bond<'a> {
    /// The container that they are members of; empty for files of the target itself.
    Container(String),
    /// The secret. The same token in a bundle, in its map and in the archive of both is one token to revoke.
    Secret(&'a [u8]),
}

/// Groups findings. Groups come in the order of their first findings, so the most serious finding stays first.
#[must_use]
pub fn group(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: HashMap<(Level, &str, Bond<'_>), usize> = HashMap::new();
    for finding in findings {
        let container = finding.path.parent().map(ToString::to_string).unwrap_or_default();
        let secret = finding.secret.as_ref().map(|secret| Bond::Secret(secret.expose()));
        let bonds = [secret, Some(Bond::Container(container))];
        let keys: Vec<_> = bonds.into_iter().flatten().map(|bond| (finding.level, &*finding.rule, bond)).collect();
        let index = keys.iter().find_map(|key| known.get(key).copied()).unwrap_or_else(|| {
            groups.push(Group { findings: Vec::new() });
            groups.len() - 1
        });
        groups[index].findings.push(finding);
        for key in keys {
            known.entry(key).or_insert(index);
        }
    }
    groups
}

/// Gaps that have the same reason.
#[derive(Debug, Clone)]
pub struct GapGroup<'a> {
    /// During what they appeared.
    pub stage: Stage,
    /// Why.
    pub reason: &'a str,
    /// The gaps, in the order of the outcome. Never empty.
    pub gaps: Vec<&'a Gap>,
}

/// Groups gaps by their reason, in the order in which the reasons first appear.
#[must_use]
pub fn group_gaps(gaps: &[Gap]) -> Vec<GapGroup<'_>> {
    let mut groups: Vec<GapGroup<'_>> = Vec::new();
    let mut known: HashMap<(Stage, &str), usize> = HashMap::new();
    for gap in gaps {
        let index = *known.entry((gap.stage, &gap.reason)).or_insert_with(|| {
            groups.push(GapGroup { stage: gap.stage, reason: &gap.reason, gaps: Vec::new() });
            groups.len() - 1
        });
        groups[index].gaps.push(gap);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{gap, in_archive, secret_finding};

    fn sizes(findings: &[Finding]) -> Vec<usize> {
        group(findings).iter().map(|group| group.findings().len()).collect()
    }

    #[test]
    fn one_container_is_one_block_and_so_is_one_secret() {
        let one = "aaaaaaaaaaaaaaaa";
        let other = "bbbbbbbbbbbbbbbb";
        assert_eq!(sizes(&[secret_finding("a.js", one), secret_finding("b.js", other)]), [2]);
        assert_eq!(sizes(&[in_archive("a.tgz", "x", one), in_archive("b.tgz", "x", other)]), [1, 1]);
        assert_eq!(sizes(&[in_archive("a.tgz", "x", one), in_archive("b.tgz", "x", one)]), [2]);
    }

    #[test]
    fn folders_are_told_with_their_numbers() {
        let findings = ["b/x", "a/y", "b/z", "w"].map(|name| secret_finding(name, "s"));
        let groups = group(&findings);
        assert_eq!(groups[0].folders(), [("b".to_owned(), 2), (String::new(), 1), ("a".to_owned(), 1)]);
    }

    #[test]
    fn another_rule_or_level_is_another_block() {
        let mut findings = vec![secret_finding("a.js", "a"); 3];
        findings[1].rule = "other".into();
        findings[2].level = Level::Note;
        assert_eq!(sizes(&findings), [1, 1, 1]);
    }

    #[test]
    fn gaps_with_one_reason_stand_together() {
        let gaps = [gap("a", "encrypted"), gap("b", "cut off"), gap("c", "encrypted")];
        let groups = group_gaps(&gaps);
        let shown: Vec<_> = groups.iter().map(|group| (group.reason, group.gaps.len())).collect();
        assert_eq!(shown, [("encrypted", 2), ("cut off", 1)]);
    }
}
