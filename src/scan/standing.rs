//! What a source is to the publisher, now that the whole target was seen.

use std::collections::HashSet;

use super::beside::is_beside;
use super::run::{Package, Seen};
use crate::finding::ArtifactPath;
use crate::formats::source_map::origin;
use crate::formats::{Origin, SourceRecord};

/// What a source that a map (or debug information) embeds or names is to the publisher. Every source has exactly one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The publisher's own, its text is embedded, and the package does not ship it as a file: it is given away.
    Undisclosed,
    /// The publisher's own, without a text, and not shipped: its name is given away.
    NamesOnly,
    /// The publisher's own, and in the package as a file anyway.
    Shipped,
    /// Another package's.
    ThirdParty {
        /// Its name.
        package: String,
        /// Its version, where a path tells it.
        version: Option<String>,
    },
    /// Glue written by a tool.
    Generated,
}

/// The artifact that embeds or names sources: what decides about all of them alike.
pub struct Carrier<'s> {
    seen: &'s Seen,
    package: &'s Package,
    path: &'s ArtifactPath,
    /// The other package that the carrier itself belongs to.
    other: Option<(String, Option<String>)>,
}

impl<'s> Carrier<'s> {
    /// The artifact at `path`, which is part of `package`.
    pub fn new(seen: &'s Seen, package: &'s Package, path: &'s ArtifactPath) -> Self {
        Carrier { seen, package, path, other: publisher(&seen.paths, path) }
    }

    /// What this source of the artifact is to the publisher. The one place where that is decided.
    pub fn standing(&self, source: &SourceRecord) -> Standing {
        match (&source.origin, &self.other) {
            (Origin::Generated, _) => Standing::Generated,
            (Origin::ThirdParty { package, version }, _) | (Origin::FirstParty, Some((package, version))) => {
                Standing::ThirdParty { package: package.clone(), version: version.clone() }
            }
            (Origin::FirstParty, None) => self.own(source),
        }
    }

    fn own(&self, source: &SourceRecord) -> Standing {
        match source.text {
            Some(text) if self.seen.texts.contains(&(self.package.clone(), text.id)) => Standing::Shipped,
            Some(_) => Standing::Undisclosed,
            None if is_beside(&self.seen.paths, self.path, &source.name) => Standing::Shipped,
            None => Standing::NamesOnly,
        }
    }
}

/// The other package that the map at `path` belongs to, because the file that carries it is itself only embedded, and
/// stands there as a source of that package: `a.js.map!../node_modules/x/b.js!inline.map`.
fn publisher(paths: &HashSet<String>, path: &ArtifactPath) -> Option<(String, Option<String>)> {
    std::iter::successors(path.parent(), |owner| owner.parent())
        .take_while(|owner| !paths.contains(&owner.to_string()))
        .find_map(|owner| match origin(owner.logical()) {
            Origin::ThirdParty { package, version } => Some((package, version)),
            Origin::FirstParty | Origin::Generated => None,
        })
}
