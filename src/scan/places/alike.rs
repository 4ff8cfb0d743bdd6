//! Findings that are one secret in several places, because source maps prove that the places are the same text.

use std::collections::{BTreeMap, HashMap};

use super::Source;
use super::maps::Maps;
use crate::finding::{ArtifactPath, Finding, Place};

/// Which findings are alike: of the same rule, with the same secret, and joined by a source map.
pub struct Alike {
    /// For each finding another one that it is alike, or itself.
    other: Vec<usize>,
    /// Findings of one rule with one secret have the same number.
    secret: Vec<Option<usize>>,
    /// Whether it stands in a map.
    embedded: Vec<bool>,
    /// Findings in a map, by secret.
    in_map: HashMap<(usize, ArtifactPath), Vec<usize>>,
    /// For a finding in a generated file, the first one in a map of that file.
    first: HashMap<usize, usize>,
    /// Findings by secret and source.
    by_source: HashMap<(usize, String), usize>,
}

impl Alike {
    /// Nothing is alike.
    pub fn none(findings: usize) -> Self {
        Alike {
            other: (0..findings).collect(),
            secret: vec![None; findings],
            embedded: vec![false; findings],
            in_map: HashMap::new(),
            first: HashMap::new(),
            by_source: HashMap::new(),
        }
    }

    /// What can be said before any map is asked.
    pub fn of(findings: &[Finding], maps: &Maps<'_>) -> Self {
        let mut alike = Alike::none(findings.len());
        let mut known: HashMap<(&str, &[u8]), usize> = HashMap::new();
        for (index, finding) in findings.iter().enumerate() {
            let (Some(secret), Some(_)) = (&finding.secret, finding.location) else { continue };
            let next = known.len();
            let secret = *known.entry((&finding.rule, secret.expose())).or_insert(next);
            alike.secret[index] = Some(secret);
            let around = std::iter::successors(Some(&finding.path), |path| path.parent());
            for map in around.filter(|path| maps.is_map(path)) {
                alike.embedded[index] = true;
                alike.in_map.entry((secret, map.clone())).or_default().push(index);
            }
        }
        alike
    }

    /// Says that these findings stand in a file that `map` speaks of.
    pub fn covers(&mut self, findings: &[usize], map: &ArtifactPath) {
        for index in findings {
            let Some(secret) = self.secret[*index] else { continue };
            let Some(embedded) = self.in_map.get(&(secret, map.clone())).cloned() else { continue };
            self.first.entry(*index).or_insert(embedded[0]);
            embedded.iter().for_each(|other| self.join(*index, *other));
        }
    }

    /// For each of these findings the first one with the same secret in the map, if there is one.
    pub(super) fn embedded_for(&self, findings: &[usize], map: &Source) -> Vec<(usize, usize)> {
        let Source::Shipped(map) = map else { return Vec::new() };
        let embedded = |index: &usize| {
            let found = self.in_map.get(&(self.secret[*index]?, map.clone()))?;
            Some((*index, *found.first()?))
        };
        findings.iter().filter_map(embedded).collect()
    }

    /// The first finding with the same secret in any map that speaks of the file.
    pub(super) fn embedded_in_any(&self, index: usize) -> Option<usize> {
        self.first.get(&index).copied()
    }

    /// Says that the text of a finding comes from this source.
    pub fn built_from(&mut self, index: usize, source: String) {
        let Some(secret) = self.secret[index] else { return };
        let other = *self.by_source.entry((secret, source)).or_insert(index);
        self.join(index, other);
    }

    /// Joins what stands in the sources themselves, embedded or shipped, once all maps were asked.
    pub fn finish(&mut self, findings: &[Finding], maps: &Maps<'_>) {
        for (index, finding) in
            findings.iter().enumerate().filter(|(index, _)| self.embedded[*index]).collect::<Vec<_>>()
        {
            if let Some((map, source)) = maps.around(&finding.path) {
                self.built_from(index, maps.source(map, source.logical()));
            }
        }
        for (index, finding) in findings.iter().enumerate() {
            let Some(secret) = self.secret[index].filter(|_| !self.embedded[index]) else { continue };
            // Files are alike only through a map: two of the same name are not.
            if let Some(other) = self.by_source.get(&(secret, finding.path.to_string())) {
                self.join(index, *other);
            }
        }
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.group(one), self.group(other));
        self.other[one.max(other)] = one.min(other);
    }

    /// A number that alike findings share.
    pub fn group(&mut self, mut index: usize) -> usize {
        while self.other[index] != index {
            self.other[index] = self.other[self.other[index]];
            index = self.other[index];
        }
        index
    }

    /// How far from what runs a finding is: a generated file, another file, a map.
    fn distance(&self, index: usize, finding: &Finding) -> u8 {
        match (self.embedded.get(index), &finding.original) {
            (Some(true), _) => 2,
            (_, Some(_)) => 0,
            (_, None) => 1,
        }
    }
}

/// Makes one finding of those that are alike: at the place that runs, and the others as its further places. Each finding
/// comes with its position among those that `alike` was made for.
pub fn merge(findings: Vec<(usize, Finding)>, alike: &mut Alike) -> Vec<Finding> {
    let mut groups: BTreeMap<usize, Vec<(u8, usize, Finding)>> = BTreeMap::new();
    for (index, finding) in findings {
        let distance = alike.distance(index, &finding);
        groups.entry(alike.group(index)).or_default().push((distance, index, finding));
    }
    let mut merged: Vec<Finding> = Vec::with_capacity(groups.len());
    for mut group in groups.into_values() {
        group.sort_by_key(|(distance, index, _)| (*distance, *index));
        let mut group = group.into_iter().map(|(_, _, finding)| finding);
        if let Some(mut first) = group.next() {
            first.places = group.map(Place::from).collect();
            merged.push(first);
        }
    }
    merged.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    merged
}
