//! One secret at one place is one match, even where several rules see it.

use super::ContentMatch;
use crate::rules::Matcher;

/// Sorts matches by place and keeps, of those whose secrets overlap, the one that says the most.
pub fn one_secret_one_match(mut found: Vec<ContentMatch<'_>>) -> Vec<ContentMatch<'_>> {
    found.sort_by(|a, b| strength(b).cmp(&strength(a)).then_with(|| a.secret.start.cmp(&b.secret.start)));
    let mut kept: std::collections::BTreeMap<usize, ContentMatch<'_>> = std::collections::BTreeMap::new();
    for candidate in found {
        // Kept secrets never overlap, so only the last one that starts before this one ends can.
        let before = kept.range(..candidate.secret.end).next_back();
        let overlaps = before.is_some_and(|(_, other)| other.secret.end > candidate.secret.start);
        if !overlaps || candidate.secret.is_empty() {
            kept.entry(candidate.secret.start).or_insert(candidate);
        }
    }
    kept.into_values().collect()
}

/// How much a match says: its level, then proof over shape, then how much of the text it explains, then the rule's id
/// so that the order never depends on chance.
fn strength<'m>(found: &'m ContentMatch<'_>) -> (impl Ord + use<'m>, std::cmp::Reverse<&'m str>) {
    let proof = match &found.active.rule.matcher {
        Matcher::Content(rule) => u8::from(rule.checksum.is_some()) * 2 + u8::from(rule.structure.is_some()),
        _ => 0,
    };
    ((found.active.level, proof, found.secret.len()), std::cmp::Reverse(&*found.active.rule.id))
}
