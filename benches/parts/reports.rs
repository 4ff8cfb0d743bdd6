//! Reports of an outcome with many findings.

use criterion::{Criterion, Throughput};
use lastlook::Scanner;
use lastlook::report::{Context, find};

use crate::{forge, text};

/// How many tokens are found.
const TOKENS: u64 = 1_000;

pub fn reports(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..10 {
        let tokens = (0..TOKENS / 10)
            .map(|seed| format!("{}\na = '{}';\n", text::source(500, seed), forge::token(10_000 * file + seed)));
        std::fs::write(folder.path().join(format!("{file}.js")), tokens.collect::<String>()).unwrap();
    }
    let scanner = Scanner::builder().threads(2).build().unwrap();
    let outcome = scanner.scan(&[folder.path()]).unwrap();
    assert_eq!(outcome.findings.len() as u64, TOKENS);
    let context = Context::new(scanner.rules());
    let mut group = criterion.benchmark_group("reports");
    group.throughput(Throughput::Elements(TOKENS));
    for name in ["json", "sarif", "human"] {
        let report = find(name).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut out = Vec::new();
                report.write(&outcome, &context, &mut out).unwrap();
                out.len()
            });
        });
    }
    group.finish();
}
