//! Which bytes of an artifact are accounted for.

use std::ops::Range;

/// Ranges of bytes, in any order and possibly overlapping.
#[derive(Debug, Default)]
pub struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// Adds a range.
    pub fn add(&mut self, range: Range<u64>) {
        if range.start >= range.end {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.0.push(range),
        }
    }

    /// The ranges in order, those that touch or overlap made one.
    pub fn merged(&mut self) -> &[Range<u64>] {
        self.0.sort_unstable_by_key(|range| (range.start, range.end));
        self.0.dedup_by(|next, kept| {
            let touches = next.start <= kept.end;
            if touches {
                kept.end = kept.end.max(next.end);
            }
            touches
        });
        &self.0
    }

    /// What lies between the ranges, up to `length`.
    pub fn holes(&mut self, length: u64) -> Vec<Range<u64>> {
        let mut holes = Vec::new();
        let mut from = 0;
        for range in self.merged() {
            let end = range.start.min(length);
            if end > from {
                holes.push(from..end);
            }
            from = from.max(range.end);
        }
        if from < length {
            holes.push(from..length);
        }
        holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_what_no_range_covers() {
        let mut ranges = Ranges::default();
        for range in [20..30, 5..10, 10..12, 8..11, 30..30, 25..40] {
            ranges.add(range);
        }
        assert_eq!(ranges.merged(), [5..12, 20..40]);
        assert_eq!(ranges.holes(50), [0..5, 12..20, 40..50]);
        assert_eq!(ranges.holes(15), [0..5, 12..15]);
        assert_eq!(Ranges::default().holes(0), []);
    }
}
