//! Annoy: an array of nodes of one size, without a header. The first nodes are the items, with one descendant each; the last
//! are the roots, each with all items below it.
//!
//! Follows `annoylib.h`: a node begins with the number of its descendants.

use super::super::FACTS;
use super::index;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// How many items are looked at.
const ITEMS: usize = 64;

/// Fewer prove nothing.
const FEWEST: usize = 16;

/// Bytes of a node before its vector: descendants, and two children or a norm.
const FRONT: usize = 12;

/// See the module.
pub struct Annoy;

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// The size of a node and the number of items.
fn shape(bytes: &[u8]) -> Option<(usize, usize)> {
    if word(bytes, 0) != Some(1) {
        return None;
    }
    (FRONT + 4..Probe::HEAD).step_by(4).find_map(|node| {
        // A node more than once among the first items is asked of each, so that a wrong size fails at once.
        if word(bytes, node)? != 1 || bytes.len() % node != 0 {
            return None;
        }
        let items = word(bytes, bytes.len() - node)? as usize;
        let fits = (FEWEST..bytes.len() / node).contains(&items)
            && (0..items.min(ITEMS)).all(|item| word(bytes, item * node) == Some(1))
            && word(bytes, items * node).is_some_and(|below| below > 1 && below as usize <= items);
        let vectors =
            (1..FEWEST).all(|item| is_vector(bytes.get(item * node + FRONT..(item + 1) * node).unwrap_or_default()));
        (fits && vectors).then_some((node, items))
    })
}

/// Whether these are floats as they stand in vectors.
fn is_vector(bytes: &[u8]) -> bool {
    let floats = bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let sane = |x: f32| x == 0.0 || (x.is_finite() && (1e-12..1e6).contains(&x.abs()));
    bytes.iter().any(|byte| *byte != 0) && floats.into_iter().all(sane)
}

impl Format for Annoy {
    fn name(&self) -> &'static str {
        "annoy"
    }

    fn summary(&self) -> &'static str {
        "Annoy index: how many vectors, of how many dimensions"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(&[1, 0, 0, 0]) && shape(probe.all()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let (node, items) = shape(&artifact.bytes).ok_or(FormatError::NotThis)?;
        index(out, "annoy", items as u64, ((node - FRONT) / 4) as u64, artifact.bytes.len() as u64);
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn nodes_of_one_size_with_all_items_below_the_last_are_an_index() {
        let node = |below: u32| [&below.to_le_bytes()[..], &[0; 8], &[0.25f32.to_le_bytes(); 6].concat()].concat();
        let mut file: Vec<u8> = (0..20).flat_map(|_| node(1)).collect();
        [7, 13, 20].iter().for_each(|below| file.extend(node(*below)));
        let looked = inspect(&Annoy, "x.bin", &file);
        assert_eq!((looked.stated.facts.int("model.vectors"), looked.stated.facts.int("model.features")), (20, 6));
        let flat: Vec<u8> = 1u32.to_le_bytes().repeat(1000);
        assert!(!inspect(&Annoy, "ones.bin", &flat).sniffed);
    }
}
