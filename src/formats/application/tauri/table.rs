//! The table of files in a program of Tauri: entries of four words, the address and the length of a path, and those of
//! its content.

use std::collections::HashMap;
use std::ops::Range;

use super::super::image::{Container, Image, Kind};
use crate::bytes::Cursor;
use crate::finding::{Artifact, ArtifactPath, Role};
use crate::formats::Format;
use crate::formats::executable::{Elf, MachO, Pe};

const WORD: usize = 8;
const ENTRY: usize = 4 * WORD;
/// The longest path of a file.
const MOST_NAME: u64 = 1 << 10;
const MOST_ASSETS: usize = 50_000;
const MOST_RELOCATIONS: usize = 4_000_000;
/// `R_X86_64_RELATIVE` and `R_AARCH64_RELATIVE`.
const RELATIVE: [u64; 2] = [8, 1027];
/// The part of a pointer that says where it leads to, where fixups are chained (`mach-o/fixup-chains.h`).
const CHAINED: u64 = 0xf_ffff_ffff;

/// A file of the front end.
#[derive(Debug)]
pub(super) struct Asset {
    /// Its path, which begins with a slash.
    pub(super) name: String,
    /// Where its content lies in the program.
    pub(super) range: Range<usize>,
}

/// Every file that the table names.
pub(super) fn assets(image: &Image<'_>, path: &ArtifactPath) -> Vec<Asset> {
    let program = Program::new(image, path);
    let mut assets = Vec::new();
    for piece in image.pieces.iter().filter(|piece| piece.kind == Kind::Data) {
        let mut at = piece.range.start.next_multiple_of(WORD);
        while at + ENTRY <= piece.range.end && assets.len() < MOST_ASSETS {
            match program.entry(at) {
                Some(asset) => {
                    assets.push(asset);
                    at += ENTRY;
                }
                None => at += WORD,
            }
        }
    }
    assets
}

/// A program as it lies in memory.
struct Program<'p> {
    all: &'p [u8],
    container: Container,
    /// Addresses, in rising order, and where in the file they lie.
    regions: Vec<(Range<u64>, u64)>,
    /// What the loader writes into places of the file.
    relocations: HashMap<u64, u64>,
}

impl<'p> Program<'p> {
    fn new(image: &Image<'p>, path: &ArtifactPath) -> Self {
        let artifact = Artifact { path: path.clone(), role: Role::File, bytes: image.bytes.clone() };
        let layout = match image.container {
            Container::Elf => Elf.layout(&artifact),
            Container::Pe => Pe.layout(&artifact),
            Container::MachO => MachO.layout(&artifact),
        };
        let regions = layout.addresses();
        let (all, container) = (&image.bytes[..], image.container);
        let mut program = Program { all, container, regions, relocations: HashMap::new() };
        if image.container == Container::Elf {
            let tables = image.pieces.iter().filter(|piece| piece.name.starts_with(".rela.dyn"));
            program.relocations = tables.flat_map(|piece| program.relative(image.content(&piece.range))).collect();
        }
        program
    }

    /// The places that a table of relocations fills in with addresses (System V ABI, `Elf64_Rela`).
    fn relative(&self, table: &[u8]) -> Vec<(u64, u64)> {
        let entry = |entry: &[u8]| {
            let mut cursor = Cursor::new(entry);
            let (place, info, target) = (cursor.u64_le().ok()?, cursor.u64_le().ok()?, cursor.u64_le().ok()?);
            RELATIVE.contains(&(info & 0xffff_ffff)).then(|| self.place(place)).flatten().map(|place| (place, target))
        };
        table.chunks_exact(24).take(MOST_RELOCATIONS).filter_map(entry).collect()
    }

    /// Where in the file an address lies.
    fn place(&self, address: u64) -> Option<u64> {
        let after = self.regions.partition_point(|(range, _)| range.start <= address);
        let (range, offset) = self.regions.get(after.checked_sub(1)?)?;
        range.contains(&address).then(|| offset + (address - range.start))
    }

    fn word(&self, at: usize) -> Option<u64> {
        Cursor::at(self.all, at as u64).u64_le().ok()
    }

    /// The bytes that the slice at `at` stands for.
    fn slice(&self, at: usize, most: u64) -> Option<Range<usize>> {
        let length = self.word(at + WORD)?;
        if length > most {
            return None;
        }
        let stored = self.word(at)?;
        let stored = self.relocations.get(&(at as u64)).copied().unwrap_or(stored);
        let chained = || {
            let first = self.regions.first().map_or(0, |(range, _)| range.start);
            self.place(stored & CHAINED).or_else(|| self.place(first.checked_add(stored & CHAINED)?))
        };
        let start = match self.container {
            Container::MachO => self.place(stored).or_else(chained)?,
            Container::Elf | Container::Pe => self.place(stored)?,
        };
        let range = usize::try_from(start).ok()?..usize::try_from(start.checked_add(length)?).ok()?;
        (range.end <= self.all.len()).then_some(range)
    }

    /// The entry of the table at `at`, if there is one; the compiler may put either half first.
    fn entry(&self, at: usize) -> Option<Asset> {
        let half = |name: usize, content: usize| {
            let name = self.all.get(self.slice(at + name, MOST_NAME)?)?;
            let name = std::str::from_utf8(name).ok().filter(|name| is_path(name))?.to_owned();
            Some(Asset { name, range: self.slice(at + content, self.all.len() as u64)? })
        };
        half(0, 2 * WORD).or_else(|| half(2 * WORD, 0)).filter(|asset| !asset.range.is_empty())
    }
}

/// `/index.html`, `/assets/index-1f2e3d.js`: a file with an ending, below the root. Sources of Rust are named by panics, and
/// are no part of a front end.
fn is_path(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or_default();
    name.starts_with('/')
        && !name.starts_with("//")
        && !name.chars().any(|letter| letter.is_control() || letter == '\\')
        && base.rsplit_once('.').is_some_and(|(_, ending)| ending != "rs" && (1..=12).contains(&ending.len()))
}
