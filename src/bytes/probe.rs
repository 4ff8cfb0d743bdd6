//! What a format may look at to recognise an artifact.

use std::ops::Range;

use super::{Ranges, text};

/// The name and the bytes of an artifact, for recognising its format. Recognition goes by structure: a name may only
/// decide where a format has no mark of its own (brotli), and then the format must prove itself while reading.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    name: &'a str,
    bytes: &'a [u8],
    text: bool,
    accounted: &'a [Range<u64>],
}

impl<'a> Probe<'a> {
    /// How many bytes from the start [`Probe::head`] shows at most.
    pub const HEAD: usize = 4 << 10;
    /// How many bytes from the end [`Probe::tail`] shows at most: enough for the longest zip end record (22 + 65,535).
    pub const TAIL: usize = (64 << 10) + 22;

    /// A probe of an artifact with this logical name.
    #[must_use]
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        let head = &bytes[..bytes.len().min(Self::HEAD)];
        Probe { name, bytes, text: text::looks_like_text(head), accounted: &[] }
    }

    /// The logical name: the last component of the path inside the container.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Whether the name ends in this extension (given without the dot, in lower case), in any case.
    #[must_use]
    pub fn has_extension(&self, extension: &str) -> bool {
        let (name, extension) = (self.name.as_bytes(), extension.as_bytes());
        name.len() > extension.len()
            && name[name.len() - extension.len()..].eq_ignore_ascii_case(extension)
            && name[name.len() - extension.len() - 1] == b'.'
    }

    /// The first bytes.
    #[must_use]
    pub fn head(&self) -> &'a [u8] {
        &self.bytes[..self.bytes.len().min(Self::HEAD)]
    }

    /// The last bytes.
    #[must_use]
    pub fn tail(&self) -> &'a [u8] {
        &self.bytes[self.bytes.len() - self.bytes.len().min(Self::TAIL)..]
    }

    /// Whether the artifact starts with `magic`.
    #[must_use]
    pub fn starts_with(&self, magic: &[u8]) -> bool {
        self.bytes.starts_with(magic)
    }

    /// Whether `magic` stands at `offset`.
    #[must_use]
    pub fn has_at(&self, offset: usize, magic: &[u8]) -> bool {
        self.bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic))
    }

    /// Number of bytes of the whole artifact.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether the artifact has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the first bytes look like text: no NUL and few other control characters.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.text
    }

    /// Tells which ranges formats before the one that is asked have accounted for.
    #[must_use]
    pub fn after(self, accounted: &'a [Range<u64>]) -> Self {
        Probe { accounted, ..self }
    }

    /// The parts of the artifact that no format before has accounted for, in order. Whoever looks for something anywhere in
    /// an executable looks here: what was unpacked from the rest need not be read again.
    #[must_use]
    pub fn rest(&self) -> Vec<&'a [u8]> {
        let mut ranges = Ranges::default();
        self.accounted.iter().for_each(|range| ranges.add(range.clone()));
        // No hole ends behind the artifact, whose length is a usize.
        let hole = |hole: Range<u64>| &self.bytes[hole.start as usize..hole.end as usize];
        ranges.holes(self.len()).into_iter().map(hole).collect()
    }

    /// All bytes, for the few checks that need a structure further in. A sniff must stay cheap: constant or
    /// near-constant work however large the artifact is.
    #[must_use]
    pub fn all(&self) -> &'a [u8] {
        self.bytes
    }
}
