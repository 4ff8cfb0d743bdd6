//! Archives and compressed streams.

use criterion::Criterion;

use crate::{MB, forge, format, inspects, text};

pub fn archives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("archives");
    let files: Vec<(String, Vec<u8>)> =
        (0..100).map(|seed| (format!("package/lib/{seed}.js"), text::source(MB / 100, seed).into_bytes())).collect();
    let members: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let tar = forge::tar::tar(&members);
    inspects(&mut group, format("gzip"), "gzip", "package.tgz", forge::archive::gz(&tar));
    inspects(&mut group, format("tar"), "tar with 100 files", "package.tar", tar);
    inspects(&mut group, format("zip"), "zip with 100 files", "package.whl", forge::zip::deflated(&members));
    inspects(&mut group, format("zip"), "zip with 100 files, stored", "package.zip", forge::zip::stored(&members));
    group.finish();
}
