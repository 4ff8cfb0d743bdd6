//! What imported rules ask for besides a pattern, at the place where it can be told.

use std::collections::BTreeMap;

use super::{Active, ContentMatch};
use crate::rules::conditions::{Conditions, Sight, holds_any};

fn conditions<'m>(found: &'m ContentMatch<'_>) -> Option<&'m Conditions> {
    found.active.rule.content()?.conditions.as_deref()
}

/// Takes out of `found`, from `first` on, what its own rule passes over. The matches are places in `text`.
pub fn keep(found: &mut Vec<ContentMatch<'_>>, first: usize, text: &[u8], path: &str) {
    if found[first..].iter().all(|one| conditions(one).is_none()) {
        return;
    }
    let mut lower: Option<Vec<u8>> = None;
    let mut gates: BTreeMap<std::sync::Arc<str>, bool> = BTreeMap::new();
    let tail = found.split_off(first);
    found.extend(tail.into_iter().filter(|one| {
        let Some(asked) = conditions(one) else { return true };
        let rule = &one.active.rule;
        let (whole, secret) = (one.whole.clone(), one.secret.clone());
        let sight = Sight { text, whole, secret, path, rule: &rule.id, title: &rule.title };
        asked.hold(&sight)
            && (asked.gates.is_empty()
                || *gates
                    .entry(rule.id.clone())
                    .or_insert_with(|| holds_any(lower.get_or_insert_with(|| text.to_ascii_lowercase()), &asked.gates)))
    }));
}

/// Takes out of `found`, from `first` on, what needs a match of another rule near and has none, and what is only a part
/// of others. All are places in `text`; `rules` are those that are on: one that is off is not asked for.
pub fn settle(found: &mut Vec<ContentMatch<'_>>, first: usize, text: &[u8], rules: &[Active]) {
    let composite = |asked: &Conditions| asked.silent || !asked.needs.is_empty();
    if !found[first..].iter().filter_map(conditions).any(composite) {
        return;
    }
    let mut places: BTreeMap<std::sync::Arc<str>, Vec<usize>> = BTreeMap::new();
    for one in &found[first..] {
        places.entry(one.active.rule.id.clone()).or_default().push(one.whole.start);
    }
    places.values_mut().for_each(|places| places.sort_unstable());
    let tail = found.split_off(first);
    found.extend(tail.into_iter().filter(|one| {
        let Some(asked) = conditions(one) else { return true };
        let met = |need: &crate::rules::conditions::Need| {
            let there = places.get(&need.rule).map_or(&[][..], Vec::as_slice);
            need.is_met(text, one.whole.start, there) || !rules.iter().any(|active| active.rule.id == need.rule)
        };
        !asked.silent && asked.needs.iter().all(met)
    }));
}
