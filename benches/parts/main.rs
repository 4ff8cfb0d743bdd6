//! What the parts cost, one by one: `cargo bench`, or `cargo bench -- search` for some of them. All inputs are made here,
//! the same each time. `cargo test --bench parts` runs each once, to see that it runs.
//!
//! Whole scans beside other tools are measured by `benches/compare`.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod archives;
mod maps;
mod models;
mod reports;
mod search;
mod text;

#[allow(dead_code)]
#[path = "../../tests/support/forge/mod.rs"]
mod forge;

use criterion::{Throughput, criterion_group, criterion_main};
use lastlook::bytes::{Bytes, Limits, Probe};
use lastlook::finding::{Artifact, ArtifactPath, Role};
use lastlook::formats::{FORMATS, Format, Inspection};

/// One megabyte.
const MB: usize = 1_000_000;

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

/// The format with this name.
fn format(name: &str) -> &'static dyn Format {
    FORMATS.iter().copied().find(|format| format.name() == name).unwrap()
}

/// Measures how `format` reads `bytes`, everything that it hands out included.
fn inspects(group: &mut Group<'_>, format: &dyn Format, case: &str, name: &str, bytes: Vec<u8>) {
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let artifact = Artifact { path: ArtifactPath::file(name), role: Role::File, bytes: Bytes::from(bytes) };
    let (expected, limits) = (members(format, &artifact, &Limits::default()), Limits::default());
    group.bench_function(case, |bencher| {
        bencher.iter(|| assert_eq!(members(format, &artifact, &limits), expected));
    });
}

/// How many members `format` hands out. It must recognise the artifact and read it to its end.
fn members(format: &dyn Format, artifact: &Artifact, limits: &Limits) -> usize {
    let mut count = 0;
    let mut sink = |_| count += 1;
    let mut out = Inspection::new(artifact, limits, &mut sink);
    assert!(
        format.sniff(&Probe::new(artifact.path.base_name(), &artifact.bytes)),
        "{} is not recognised",
        artifact.path
    );
    let result = format.inspect(artifact, &mut out);
    assert!(result.is_ok() && out.finish().gaps.is_empty(), "{} is not read to its end", artifact.path);
    count
}

criterion_group! {
    name = parts;
    config = criterion::Criterion::default().sample_size(20);
    targets = search::search, search::start, maps::maps, archives::archives, models::models, models::sniff, reports::reports
}
criterion_main!(parts);
