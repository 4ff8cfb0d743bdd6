//! Places inside an artifact.

/// A range of bytes inside an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte, counted from 0.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// A place inside an artifact, in bytes and, where that has a meaning, in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The bytes.
    pub span: Span,
    /// Line of the first byte, counted from 1. `None` for binary content.
    pub line: Option<u64>,
    /// Column of the first byte in its line, counted in bytes from 1. `None` for binary content.
    pub column: Option<u64>,
}
