//! First-party sources that a package gives away, and an earlier one did not.

use std::collections::{BTreeMap, BTreeSet};

use super::names::without_versions;
use crate::bytes::TextId;
use crate::finding::ArtifactPath;
use crate::scan::{Outcome, Source, Standing};

/// A source that is newly disclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSource {
    /// Where it would lie in the rebuilt tree. It comes from hostile input.
    pub place: String,
    /// What embeds it, the first by path.
    pub carrier: Option<ArtifactPath>,
    /// Number of lines.
    pub lines: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// How the disclosed sources differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Those that were not disclosed before, the largest first.
    pub new: Vec<NewSource>,
    /// How many were disclosed before, with another text.
    pub changed: u64,
    /// How many are disclosed no more.
    pub gone: u64,
}

impl Sources {
    /// Whether anything differs.
    #[must_use]
    pub fn is_other(&self) -> bool {
        *self != Sources::default()
    }
}

/// The disclosed sources by place. One place may hold several texts.
fn disclosed(outcome: &Outcome) -> BTreeMap<String, Vec<&Source>> {
    let mut places: BTreeMap<String, Vec<&Source>> = BTreeMap::new();
    for source in outcome.sources.iter().filter(|source| source.standing == Standing::Undisclosed) {
        places.entry(without_versions(&source.place).into_owned()).or_default().push(source);
    }
    places
}

fn texts<'s>(sources: impl IntoIterator<Item = &'s &'s Source>) -> BTreeSet<TextId> {
    sources.into_iter().filter_map(|source| source.text.map(|text| text.id)).collect()
}

/// Compares what both outcomes disclose.
pub fn compare(old: &Outcome, new: &Outcome) -> Sources {
    let (before, now) = (disclosed(old), disclosed(new));
    let (known, left) = (texts(before.values().flatten()), texts(now.values().flatten()));
    let mut found = Sources::default();
    for (place, sources) in &now {
        let unknown = sources.iter().filter(|source| source.text.is_none_or(|text| !known.contains(&text.id)));
        match before.contains_key(place) {
            true => found.changed += u64::from(unknown.count() > 0),
            false => found.new.extend(unknown.map(|source| NewSource {
                place: source.place.clone(),
                carrier: source.carriers.first().cloned(),
                lines: source.text.map_or(0, |text| text.lines),
                bytes: source.text.map_or(0, |text| text.bytes),
            })),
        }
    }
    found.new.sort_by(|a, b| (b.bytes, &a.place).cmp(&(a.bytes, &b.place)));
    let is_gone = |(place, sources): &(&String, &Vec<&Source>)| {
        !now.contains_key(*place) && texts(sources.iter()).is_disjoint(&left)
    };
    found.gone = before.iter().filter(is_gone).count() as u64;
    found
}
