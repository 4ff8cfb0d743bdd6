//! The search for secrets: all rules over one text.

use criterion::{Criterion, Throughput};
use lastlook::detect::Detector;
use lastlook::formats::fact_specs;
use lastlook::rules::{RuleSet, load};

use crate::{MB, forge, text};

fn rules() -> RuleSet {
    load::builtin(&fact_specs().collect::<Vec<_>>()).unwrap()
}

pub fn search(criterion: &mut Criterion) {
    let rules = rules();
    let detector = Detector::new(&rules, |rule| rule.level).unwrap();
    let mut group = criterion.benchmark_group("search");
    // What is found in each is known, so that no change makes it fast by not looking.
    let cases: [(&str, Vec<u8>, usize); 6] = [
        ("minified", text::minified(MB, 1).into_bytes(), 0),
        ("source", text::source(MB, 2).into_bytes(), 0),
        ("binary", text::binary(MB, 3), 0),
        ("base64", data_encoding::BASE64.encode(&text::binary(MB * 3 / 4, 4)).into_bytes(), 0),
        ("a token every 10,000 bytes", with_tokens(MB, 10_000), 100),
        ("small", text::source(2_000, 5).into_bytes(), 0),
    ];
    for (name, bytes, tokens) in cases {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let whole = 0..bytes.len();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let searched = detector.content(&bytes, std::slice::from_ref(&whole), "dist/index.js");
                assert_eq!(searched.matches.len(), tokens, "{name}");
            });
        });
    }
    group.finish();
}

fn with_tokens(bytes: usize, every: usize) -> Vec<u8> {
    let mut out = String::with_capacity(bytes + every);
    for seed in 0..(bytes / every) as u64 {
        let token = forge::token(seed);
        out.push_str(&text::minified(every - token.len() - 7, seed));
        out.push_str(&format!(";a=\"{token}\";\n"));
    }
    out.into_bytes()
}

/// What every run pays before it looks at anything.
pub fn start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.bench_function("load the rules", |bencher| bencher.iter(rules));
    let rules = rules();
    group.bench_function("prepare the search", |bencher| {
        bencher.iter(|| Detector::new(&rules, |rule| rule.level).unwrap());
    });
    group.finish();
}
