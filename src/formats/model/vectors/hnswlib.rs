//! hnswlib: an index without a mark, whose header is arithmetic.
//!
//! Follows `saveIndex` of `hnswlib/hnswalg.h`: offset of level 0, most elements, elements, bytes of an element, offset of its label
//! and of its vector, the highest level, the first node, the connections (on higher levels, on level 0, as asked for),
//! a factor and the size of the candidate list.

use super::super::FACTS;
use super::{DIMENSIONS, index};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Bytes of the header.
const HEADER: u64 = 8 * 6 + 4 + 4 + 8 * 5;

/// See the module.
pub struct Hnswlib;

struct Header {
    elements: u64,
    element: u64,
    vector: u64,
}

fn header(bytes: &[u8]) -> Result<Option<Header>, ReadError> {
    let mut cursor = Cursor::new(bytes);
    let (start, most, elements) = (cursor.u64_le()?, cursor.u64_le()?, cursor.u64_le()?);
    let (element, label, data) = (cursor.u64_le()?, cursor.u64_le()?, cursor.u64_le()?);
    cursor.skip(8)?;
    let (upper, lower, asked) = (cursor.u64_le()?, cursor.u64_le()?, cursor.u64_le()?);
    let fits = start == 0
        && elements > 0
        && elements <= most
        && label.checked_add(8) == Some(element)
        && (1..=1 << 12).contains(&asked)
        && upper == asked
        && lower == asked * 2
        && data == lower * 4 + 4
        && label > data
        && label - data <= DIMENSIONS * 4;
    Ok(fits.then(|| Header { elements, element, vector: label - data }))
}

impl Format for Hnswlib {
    fn name(&self) -> &'static str {
        "hnswlib"
    }

    fn summary(&self) -> &'static str {
        "hnswlib index: how many vectors, of how many dimensions"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(&[0; 8]) && header(probe.head()).is_ok_and(|header| header.is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let header = header(&artifact.bytes)?.ok_or(FormatError::NotThis)?;
        let size = artifact.bytes.len() as u64;
        // Numbers of a float each, unless the space is one of bytes, which is rare and not told.
        index(out, "hnswlib", header.elements, header.vector / 4, size);
        out.fact("model.architecture", "HNSW");
        if header.elements.saturating_mul(header.element).saturating_add(HEADER) > size {
            return Err(FormatError::broken(size, "the index is cut off before its last vector"));
        }
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn the_header_is_told_by_its_arithmetic() {
        let (m, dimensions) = (16u64, 8u64);
        let data = m * 2 * 4 + 4;
        let label = data + dimensions * 4;
        let mut file = Vec::new();
        [0, 100, 3, label + 8, label, data].iter().for_each(|number: &u64| file.extend(number.to_le_bytes()));
        file.extend([0; 8]);
        [m, m * 2, m].iter().for_each(|number| file.extend(number.to_le_bytes()));
        file.extend(0.36f64.to_le_bytes());
        file.extend(200u64.to_le_bytes());
        file.resize(file.len() + 3 * (label + 8) as usize, 1);
        let looked = inspect(&Hnswlib, "x.bin", &file);
        assert!(looked.result.is_ok());
        assert_eq!((looked.stated.facts.int("model.vectors"), looked.stated.facts.int("model.features")), (3, 8));
        assert!(matches!(inspect(&Hnswlib, "x.bin", &file[..200]).result, Err(FormatError::Broken(_))));
        assert!(!inspect(&Hnswlib, "zeros", &[0; 200]).sniffed);
    }
}
