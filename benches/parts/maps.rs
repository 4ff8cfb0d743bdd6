//! Source maps: beside a file, and inside one.

use criterion::Criterion;

use crate::{MB, forge, format, inspects, text};

pub fn maps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("maps");
    let texts: Vec<(String, String)> = (0..100).map(|seed| (name(seed), text::source(MB / 100, seed))).collect();
    let sources: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let map = forge::map::map(&sources);
    let inline = forge::map::inline_js(&map);
    inspects(&mut group, format("source-map"), "a map with 100 sources", "index.js.map", map);
    inspects(&mut group, format("source-map-reference"), "the same inside a script", "index.js", inline);
    group.finish();
}

fn name(seed: u64) -> String {
    format!("../src/components/part-{seed}.ts")
}
