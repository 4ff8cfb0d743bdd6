//! What kind of file it is.

use std::fmt;
use std::str::FromStr;

/// What kind of file it is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text: code, markup, data that people can read.
    Text,
    /// A source map.
    Map,
    /// A program or a library for one, its debug information, or code of a virtual machine.
    Executable,
    /// A model or a part of one.
    Model,
    /// What models are made from.
    Dataset,
    /// An archive or a compressed stream.
    Archive,
    /// Anything else that is no text.
    Data,
    /// A symbolic link to something in the package.
    Link,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 8] =
        [Kind::Text, Kind::Map, Kind::Executable, Kind::Model, Kind::Dataset, Kind::Archive, Kind::Data, Kind::Link];

    /// The word used in manifests and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Map => "map",
            Kind::Executable => "executable",
            Kind::Model => "model",
            Kind::Dataset => "dataset",
            Kind::Archive => "archive",
            Kind::Data => "data",
            Kind::Link => "link",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is none of the words for a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind: write text, map, executable, model, dataset, archive, data or link")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
