//! What of a decompressed stream need not be kept: the weights of models whose header comes first.
//!
//! A model in a compressed archive is decompressed to its end, for checksums and for what may stand behind it, and its
//! tensors are let go as they come by. Only what its format would have accounted for anyway is dropped, and only where no
//! other format recognises it; so nothing is found or missed for it.

use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::archive::tar_members;
use super::model::Unidentified;
use super::{Ahead, FORMATS, Format};
use crate::bytes::{Next, Probe, Ranges, Sieve};

/// Streams and members of less are kept.
const SMALLEST: u64 = 4 << 20;

/// So much is read before anybody is asked what it is.
const FIRST: u64 = 1 << 20;

/// The longest header that is waited for.
const LONGEST: u64 = 64 << 20;

/// See the module.
pub(super) struct Weights<'n> {
    name: &'n str,
    state: State,
}

enum State {
    /// Nothing is known yet.
    Start,
    /// Something begins at an offset and ends before another one, behind which the next header of a tar may stand.
    Begins(Range<u64>, Option<u64>),
    /// Ranges to drop, the first one first, and the next header of a tar.
    Holes(VecDeque<Range<u64>>, Option<u64>),
    /// The header of a tar stands here.
    Tar(u64),
    Rest,
}

impl<'n> Weights<'n> {
    /// For a stream that bears this name.
    pub(super) fn new(name: &'n str) -> Self {
        Weights { name, state: State::Start }
    }

    /// What comes next, or the next state.
    fn step(&mut self, so_far: &[u8]) -> Result<Next, State> {
        let length = so_far.len() as u64;
        match &mut self.state {
            State::Start if length < SMALLEST => Ok(Next::Keep(SMALLEST)),
            State::Start if tar_members::begins(so_far) => Err(State::Tar(0)),
            State::Start => Err(State::Begins(0..u64::MAX, None)),
            State::Begins(range, tar) => {
                let wanted = range.start.saturating_add(FIRST);
                if length < wanted {
                    return Ok(Next::Keep(wanted));
                }
                let head = &so_far[range.start as usize..];
                match ahead(self.name, head, range.end - range.start) {
                    Ahead::More(count) if count > head.len() as u64 && count <= LONGEST => {
                        Ok(Next::Keep(range.start.saturating_add(count)))
                    }
                    Ahead::Explained(holes) => Err(State::Holes(holes_at(&holes, range), *tar)),
                    _ => Err(State::Holes(VecDeque::new(), *tar)),
                }
            }
            State::Holes(holes, tar) => {
                while holes.front().is_some_and(|hole| hole.end <= length) {
                    holes.pop_front();
                }
                match (holes.front(), tar) {
                    (Some(hole), _) if hole.start <= length => Ok(Next::Drop(hole.end)),
                    (Some(hole), _) => Ok(Next::Keep(hole.start)),
                    (None, Some(at)) => Err(State::Tar(*at)),
                    (None, None) => Err(State::Rest),
                }
            }
            State::Tar(at) => match tar_members::next(so_far, *at) {
                tar_members::Here::Wanted(until) => Ok(Next::Keep(until)),
                tar_members::Here::File(content, next) if content.end - content.start < SMALLEST => {
                    Err(State::Tar(next))
                }
                tar_members::Here::File(content, next) => Err(State::Begins(content, Some(next))),
                tar_members::Here::Other(next) => Err(State::Tar(next)),
                tar_members::Here::Unclear => Err(State::Rest),
            },
            State::Rest => Ok(Next::KeepAll),
        }
    }
}

impl Sieve for Weights<'_> {
    fn next(&mut self, so_far: &[u8]) -> Next {
        loop {
            match self.step(so_far) {
                Ok(next) => return next,
                Err(state) => self.state = state,
            }
        }
    }
}

/// The ranges, merged, where they lie in the stream.
fn holes_at(holes: &[Range<u64>], place: &Range<u64>) -> VecDeque<Range<u64>> {
    let mut merged = Ranges::default();
    let at = |offset: u64| place.start.saturating_add(offset).min(place.end);
    holes.iter().for_each(|hole| merged.add(at(hole.start)..at(hole.end)));
    merged.merged().iter().cloned().collect()
}

/// What the one format that recognises these first bytes says of the rest.
fn ahead(name: &str, head: &[u8], size: u64) -> Ahead {
    let told = FORMATS.iter().find_map(|format| match format.ahead(head, size) {
        Ahead::Nothing => None,
        told => Some((*format, told)),
    });
    let Some((teller, told)) = told else { return Ahead::Nothing };
    let probe = Probe::new(name, head);
    let recognises = |format: &dyn Format| catch_unwind(AssertUnwindSafe(|| format.sniff(&probe))).unwrap_or(true);
    // What is only called like a model is one to nobody else.
    let others = FORMATS.iter().filter(|format| ![teller.name(), Unidentified.name()].contains(&format.name()));
    let alone = others.into_iter().all(|format| !recognises(*format));
    if alone { told } else { Ahead::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::inflate;

    const MIB: usize = 1 << 20;

    /// A model of `size` bytes of weights, all of them 7, and where these begin.
    fn model(size: usize) -> (Vec<u8>, usize) {
        let json = format!(r#"{{"w":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{size}]}}}}"#, size / 4);
        let mut file = (json.len() as u64).to_le_bytes().to_vec();
        file.extend(json.as_bytes());
        let start = file.len();
        file.resize(start + size, 7);
        (file, start)
    }

    fn sieved(content: &[u8]) -> bytes::Bytes {
        let inflated = inflate::inflate(content, 1 << 30, 0, &mut Weights::new("x.bin"));
        assert!(inflated.stop.is_none());
        assert_eq!(inflated.bytes.len(), content.len());
        inflated.bytes
    }

    #[test]
    fn weights_are_let_go_and_what_follows_them_is_kept() {
        let (mut file, start) = model(9 * MIB);
        file.extend(b"and a secret behind it");
        let kept = sieved(&file);
        assert_eq!(kept[..start], file[..start]);
        assert!(kept.ends_with(b"and a secret behind it"));
        let dropped = kept.iter().filter(|byte| **byte == 0).count();
        assert!(dropped > 4 * MIB, "{dropped}");
    }

    #[test]
    fn other_files_of_the_same_tar_are_kept() {
        let (file, _) = model(9 * MIB);
        let mut tar = tar::Builder::new(Vec::new());
        let other: Vec<u8> = (0..6 * MIB).map(|at| (at % 251) as u8 | 1).collect();
        for (name, content) in [("a.txt", &b"text"[..]), ("m.bin", &file), ("other.bin", &other), ("m2.bin", &file)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, content).unwrap();
        }
        let content = tar.into_inner().unwrap();
        let kept = sieved(&content);
        let differ = content.iter().zip(&kept[..]).filter(|(before, after)| before != after);
        let mut dropped = 0;
        for (before, after) in differ {
            assert_eq!((*before, *after), (7, 0));
            dropped += 1;
        }
        assert!(dropped > 12 * MIB, "{dropped}");
    }

    #[test]
    fn a_secret_behind_a_compressed_model_is_found() {
        use std::io::Write;
        let scanner = crate::Scanner::builder().threads(1).build().unwrap();
        let rule = scanner.rules().iter().find(|rule| &*rule.id == "npm-access-token").unwrap();
        let (mut file, _) = model(9 * MIB);
        file.extend(format!("\n{}\n", crate::rules::example::fill(&rule.hits[0], 1).unwrap()).as_bytes());
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&file).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.bin.gz"), packed.finish().unwrap()).unwrap();
        let outcome = scanner.scan(&[folder.path()]).unwrap();
        let told: Vec<&str> = outcome.findings.iter().map(|finding| &*finding.rule).collect();
        assert!(told.contains(&"npm-access-token") && told.contains(&"model-weights-plain"), "{told:?}");
        assert!(outcome.gaps.is_empty());
    }

    #[test]
    fn a_header_that_lies_drops_no_more_than_its_format_accounts_for() {
        let (mut file, start) = model(9 * MIB);
        // An announced header of which a megabyte is not the whole.
        file[..8].copy_from_slice(&(2 * MIB as u64).to_le_bytes());
        assert_eq!(sieved(&file), file);
        let text = vec![b'a'; 9 * MIB];
        assert_eq!(sieved(&text), text);
        assert!(start < 100);
    }
}
