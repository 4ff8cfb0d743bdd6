//! Maps that one file carries are judged together, at that file: a bundle of evaluated modules has one for each of them,
//! and is one finding.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::run::Package;
use crate::finding::{ArtifactPath, FactValue, Facts};
use crate::formats::{Reference, Stated};

/// What was stated about an artifact, and where.
type Entry = (Package, ArtifactPath, Stated);

/// How many entries a list of facts keeps.
const LISTED: usize = 32;
/// How many examples a list of examples keeps.
const EXAMPLES: usize = 5;

/// Adds up what was stated about maps in the same file, at that file, where there are several.
pub fn gather(mut stated: Vec<Entry>) -> Vec<Entry> {
    let carriers: BTreeSet<ArtifactPath> = stated
        .iter()
        .filter(|(_, _, stated)| stated.facts.int("reference.inline") + stated.facts.int("reference.literals") > 1)
        .map(|(_, path, _)| path.clone())
        .collect();
    if carriers.is_empty() {
        return stated;
    }
    // Which map was looked at first is left to chance.
    stated.sort_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
    let carrier = |path: &ArtifactPath, stated: &Stated| {
        let carried = stated.facts.get("source_map.inline") == Some(&FactValue::Bool(true));
        path.parent().filter(|parent| carried && carriers.contains(parent)).cloned()
    };
    let mut sums: BTreeMap<ArtifactPath, Stated> = BTreeMap::new();
    let mut kept = Vec::new();
    for (package, path, one) in stated {
        match carrier(&path, &one) {
            Some(carrier) => {
                // That it is a map is all that is left to say of it.
                let mut map = Stated::default();
                map.facts.set("source_map.inline", true);
                kept.push((package, path, map));
                add(sums.entry(carrier).or_default(), one);
            }
            None => kept.push((package, path, one)),
        }
    }
    for (_, path, one) in &mut kept {
        if let Some(sum) = sums.remove(path) {
            add(one, sum);
        }
    }
    kept
}

/// The maps of which [`gather`] has left nothing but that they are carried.
pub fn maps(stated: &[Entry]) -> HashSet<&ArtifactPath> {
    let told = |stated: &Stated| stated.facts.get("source_map.sources").is_some();
    let carried = |stated: &Stated| stated.facts.get("source_map.inline") == Some(&FactValue::Bool(true));
    stated.iter().filter(|(_, _, one)| carried(one) && !told(one)).map(|(_, path, _)| path).collect()
}

fn add(sum: &mut Stated, one: Stated) {
    add_facts(&mut sum.facts, &one.facts);
    sum.sources.extend(one.sources);
    sum.details.extend(one.details);
    // Sections of two maps may name the same file.
    let known: BTreeSet<String> = sum.references.iter().map(|reference| reference.url.clone()).collect();
    sum.references.extend(one.references.into_iter().filter(|Reference { url, .. }| !known.contains(url)));
}

fn add_facts(sum: &mut Facts, one: &Facts) {
    for (name, value) in one.iter() {
        let value = match (sum.get(name), value) {
            // A map that carries others is no carried one for that.
            (Some(FactValue::Bool(_)), _) => continue,
            (Some(FactValue::Int(before)), FactValue::Int(more)) => FactValue::Int(before.saturating_add(*more)),
            (Some(FactValue::List(before)), FactValue::List(more)) => {
                let most = if name.ends_with("_examples") { EXAMPLES } else { LISTED };
                let all: BTreeSet<&String> = before.iter().chain(more).collect();
                FactValue::List(all.into_iter().take(most).cloned().collect())
            }
            _ => value.clone(),
        };
        sum.set(name, value);
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::FactValue;

    fn findings(script: &str) -> Vec<(String, u64)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.js"), script).unwrap();
        let outcome = crate::Scanner::builder().threads(2).build().unwrap().scan(&[folder.path()]).unwrap();
        let maps = outcome.findings.iter().filter(|finding| &*finding.rule == "source-map-embedded-sources");
        maps.map(|finding| {
            let path = finding.path.to_string();
            let name = path.rsplit(['/', '!']).next().unwrap_or_default().to_owned();
            (name, finding.facts.int("source_map.undisclosed"))
        })
        .collect()
    }

    fn comment(name: &str, text: &str) -> String {
        let map = format!(r#"{{"version":3,"sources":["{name}"],"sourcesContent":["{text}"],"mappings":""}}"#);
        format!("//# sourceMappingURL=data:application/json;base64,{}\n", data_encoding::BASE64.encode(map.as_bytes()))
    }

    #[test]
    fn a_file_with_many_maps_is_one_finding() {
        assert_eq!(findings(&comment("a.ts", "let a")), [("inline.map".to_owned(), 1)]);
        let many: String =
            (0..300).map(|number| comment(&format!("{number}.ts"), &format!("let a = {number}"))).collect();
        assert_eq!(findings(&many), [("main.js".to_owned(), 300)]);
        let twice = comment("a.ts", "let a") + &comment("b.ts", "let a");
        assert_eq!(findings(&twice), [("main.js".to_owned(), 1)], "one text gives nothing away twice");
    }

    #[test]
    fn numbers_add_up_and_lists_are_made_one() {
        let mut sum = crate::finding::Facts::default();
        let mut one = crate::finding::Facts::default();
        one.set("source_map.sources", 2u64);
        one.set("source_map.packages", vec!["b".to_owned(), "a".to_owned()]);
        super::add_facts(&mut sum, &one);
        super::add_facts(&mut sum, &one);
        assert_eq!(sum.int("source_map.sources"), 4);
        assert_eq!(sum.get("source_map.packages"), Some(&FactValue::List(vec!["a".to_owned(), "b".to_owned()])));
    }
}
