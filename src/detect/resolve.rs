//! One secret at one place is one match, even where several rules see it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ContentMatch;
use crate::rules::gitleaks::USUAL;
use crate::rules::{Matcher, Structure};

/// How many other rules are named.
const ALSO: usize = 8;

/// Sorts matches by place and keeps, of those whose secrets overlap, the one that says the most. It remembers which
/// rules saw the others.
pub fn one_secret_one_match(mut found: Vec<ContentMatch<'_>>) -> Vec<ContentMatch<'_>> {
    found.sort_by(|a, b| strength(b).cmp(&strength(a)).then_with(|| a.secret.start.cmp(&b.secret.start)));
    let mut kept: BTreeMap<usize, ContentMatch<'_>> = BTreeMap::new();
    for candidate in found {
        // Kept secrets never overlap, so only the last one that starts before this one ends can.
        let before = kept.range_mut(..candidate.secret.end).next_back();
        let over =
            before.filter(|(_, other)| other.secret.end > candidate.secret.start && !candidate.secret.is_empty());
        match over {
            Some((_, stronger)) => {
                let id = &candidate.active.rule.id;
                if stronger.active.rule.id != *id && !stronger.also.contains(id) && stronger.also.len() < ALSO {
                    stronger.also.push(Arc::clone(id));
                }
            }
            None => {
                kept.entry(candidate.secret.start).or_insert(candidate);
            }
        }
    }
    kept.into_values().collect()
}

/// How much a match says: its level, then proof over shape, and shape over mere randomness, then what rules say of
/// themselves, then how long the secret is, how plainly it stands there and how much around it was matched, then the
/// rule's id so that the order never depends on chance.
fn strength<'m>(found: &'m ContentMatch<'_>) -> impl Ord + use<'m> {
    let proof = match &found.active.rule.matcher {
        Matcher::Content(rule) => match (rule.checksum, rule.structure) {
            (Some(_), _) => 3,
            // Whoever knows no more than that a value is random gives way to a rule that knows whose it is.
            (None, Some(Structure::RandomKey | Structure::RandomPassword)) => 0,
            (None, Some(_)) => 2,
            (None, None) => 1,
        },
        _ => 0,
    };
    let length = found.decoded.as_ref().map_or(found.secret.len(), |decoded| decoded.len());
    let asked = found.active.rule.content().and_then(|content| content.conditions.as_ref());
    let plain = Reverse(found.encodings.len());
    let specificity = asked.map_or(USUAL, |asked| asked.specificity);
    let shape = (length, plain, found.whole.len());
    (found.active.level, proof, specificity, shape, Reverse(&*found.active.rule.id))
}
