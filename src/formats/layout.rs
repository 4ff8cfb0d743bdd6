//! Where the bytes of an executable lie: in which section, and at which address once it is loaded.

use std::ops::Range;

use crate::finding::Section;

/// How many regions are kept; what lies in others has no name.
const REGIONS: usize = 1 << 16;
const NAME: usize = 80;

/// The regions of an executable. Asked for only where something was found.
#[derive(Debug, Default)]
pub struct Layout(Vec<Region>);

#[derive(Debug)]
struct Region {
    range: Range<u64>,
    name: String,
    address: Option<u64>,
}

impl Layout {
    /// Adds a region: its bytes in the file, its name, and the address of its first byte. Of regions that overlap, the
    /// smallest names a place.
    pub fn add(&mut self, range: Range<u64>, name: impl Into<String>, address: Option<u64>) {
        let mut name = name.into();
        if let Some((at, _)) = name.char_indices().nth(NAME) {
            name.truncate(at);
        }
        if range.start < range.end && !name.is_empty() && self.0.len() < REGIONS {
            self.0.push(Region { range, name, address });
        }
    }

    /// Whether there are no regions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The addresses of its regions, in rising order, each with the place in the file of its first byte.
    #[must_use]
    pub fn addresses(&self) -> Vec<(Range<u64>, u64)> {
        let address = |region: &Region| {
            let start = region.address?;
            let end = start.checked_add(region.range.end - region.range.start)?;
            Some((start..end, region.range.start))
        };
        let mut all: Vec<_> = self.0.iter().filter_map(address).collect();
        all.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        all
    }

    /// The section that the byte at `offset` lies in.
    #[must_use]
    pub fn at(&self, offset: u64) -> Option<Section> {
        let around = self.0.iter().filter(|region| region.range.contains(&offset));
        let region = around.min_by_key(|region| region.range.end - region.range.start)?;
        let address = region.address.and_then(|address| address.checked_add(offset - region.range.start));
        Some(Section { name: region.name.clone(), address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_region_names_a_place() {
        let mut layout = Layout::default();
        layout.add(0..100, "__TEXT", Some(0x1000));
        layout.add(40..60, "__TEXT,__cstring", Some(0x1028));
        layout.add(90..200, "overlay", None);
        layout.add(5..5, "empty", None);
        let at = |offset| layout.at(offset).map(|section| section.to_string());
        assert_eq!(at(39).as_deref(), Some("__TEXT at 0x1027"));
        assert_eq!(at(41).as_deref(), Some("__TEXT,__cstring at 0x1029"));
        assert_eq!((at(150).as_deref(), at(200)), (Some("overlay"), None));
        layout.add(300..310, "far", Some(u64::MAX));
        assert_eq!(layout.at(301).map(|section| section.address), Some(None));
    }
}
