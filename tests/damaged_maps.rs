//! Maps of different tools, cut off at every place and damaged at a thousand: whatever lies before the damage is read,
//! and something is always said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use lastlook::bytes::{Bytes, Limits, Probe};
use lastlook::finding::{Artifact, ArtifactPath, Role};
use lastlook::formats::source_map::SourceMap;
use lastlook::formats::{Format, FormatError, Inspection};

/// How many places of each map are damaged.
const PLACES: usize = 1_000;

/// What is made of a map.
#[derive(Default)]
struct Looked {
    texts: Vec<Bytes>,
    sources: usize,
    gaps: usize,
}

impl Looked {
    /// Whether a report would say anything about the map.
    fn told(&self) -> bool {
        self.sources > 0 || self.gaps > 0
    }
}

fn look(name: &str, bytes: &[u8]) -> Looked {
    let mut looked = Looked::default();
    look_at(
        Artifact { path: ArtifactPath::file(name), role: Role::File, bytes: Bytes::copy_from_slice(bytes) },
        &mut looked,
    );
    looked
}

fn look_at(artifact: Artifact, looked: &mut Looked) {
    if artifact.role == Role::EmbeddedSource {
        looked.texts.push(artifact.bytes);
        return;
    }
    if !SourceMap.sniff(&Probe::new(artifact.path.base_name(), &artifact.bytes)) {
        return;
    }
    let limits = Limits::default();
    let mut members = Vec::new();
    let mut sink = |member| members.push(member);
    let mut out = Inspection::new(&artifact, &limits, &mut sink);
    let result = SourceMap.inspect(&artifact, &mut out);
    let stated = out.finish();
    looked.sources += stated.sources.len();
    looked.gaps += stated.gaps.len() + usize::from(matches!(result, Err(FormatError::Broken(_))));
    members.into_iter().for_each(|member| look_at(member, looked));
}

/// A map, and where its texts end.
struct Whole {
    path: PathBuf,
    bytes: Vec<u8>,
    texts: Vec<(usize, Bytes)>,
}

impl Whole {
    fn read(path: PathBuf) -> Whole {
        let bytes = fs::read(&path).unwrap();
        let looked = look(&name(&path), &bytes);
        let end = |text: &Bytes| {
            let written = serde_json::to_string(std::str::from_utf8(text).unwrap()).unwrap();
            let found = bytes.windows(written.len()).position(|window| window == written.as_bytes());
            found.unwrap_or_else(|| panic!("{}: {written}", path.display())) + written.len()
        };
        let texts = looked.texts.iter().map(|text| (end(text), text.clone())).collect();
        assert_eq!((looked.gaps, looked.told()), (0, true), "{} is healthy", path.display());
        Whole { path, texts, bytes }
    }

    /// Whether every text that ends before `damage` was read.
    fn keeps(&self, looked: &Looked, damage: usize) -> bool {
        self.texts.iter().filter(|(end, _)| *end <= damage).all(|(_, text)| looked.texts.contains(text))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// One map of each tool, and one that only names its sources.
fn maps() -> Vec<Whole> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/source-maps");
    let folders = ["toolchains", "external-declaration"].map(|variant| corpus.join(variant).join("leaky/input"));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut maps: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "map")).collect();
    maps.sort();
    assert!(maps.len() > 10, "{maps:?}");
    maps.into_iter().map(Whole::read).collect()
}

#[test]
fn every_cut_is_told_and_keeps_what_came_before() {
    for map in maps() {
        let length = map.bytes.trim_ascii_end().len();
        for cut in 1..length {
            let looked = look(&name(&map.path), &map.bytes[..cut]);
            assert!(looked.gaps > 0, "{} cut at {cut} has no gap", map.path.display());
            assert!(map.keeps(&looked, cut), "{} cut at {cut} has lost a source", map.path.display());
        }
    }
}

#[test]
fn every_damaged_byte_is_told_and_keeps_what_came_before() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for map in maps() {
        for _ in 0..PLACES {
            let (place, change) = (random(map.bytes.len()), u8::try_from(random(255)).unwrap() + 1);
            let mut bytes = map.bytes.clone();
            bytes[place] ^= change;
            let looked = look(&name(&map.path), &bytes);
            let damage = format!("{} with {:#x} at {place}", map.path.display(), bytes[place]);
            assert!(looked.told(), "{damage} is passed over");
            assert!(map.keeps(&looked, place), "{damage} has lost a source");
        }
    }
}
