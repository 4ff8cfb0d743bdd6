//! What a source is to the publisher, now that the whole target was seen.

use std::collections::HashSet;

use super::beside::is_beside;
use super::manifest::{self, scope};
use super::project::in_package;
use super::run::{Package, Seen};
use crate::finding::ArtifactPath;
use crate::formats::source_map::{Installed, installed, origin};
use crate::formats::{Family, Origin, SourceRecord};

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
    family: Family,
    /// The other package that the carrier itself belongs to.
    other: Option<Installed>,
}

impl<'s> Carrier<'s> {
    /// The artifact at `path`, which is part of `package`.
    pub fn new(seen: &'s Seen, package: &'s Package, path: &'s ArtifactPath, family: Family) -> Self {
        Carrier { seen, package, path, family, other: publisher(&seen.paths, path) }
    }

    /// Where the carrier is.
    pub fn path(&self) -> &'s ArtifactPath {
        self.path
    }

    /// What this source of the artifact is to the publisher. The one place where that is decided.
    pub fn standing(&self, source: &SourceRecord) -> Standing {
        let other = match &source.origin {
            Origin::Generated => return Standing::Generated,
            Origin::ThirdParty { package, version } => Some((package, version)),
            Origin::FirstParty => self.other.as_ref().map(|other| (&other.package, &other.version)),
        };
        match other {
            Some((package, version)) if !self.is_own(package, &source.name) => {
                Standing::ThirdParty { package: package.clone(), version: version.clone() }
            }
            _ => self.own(source),
        }
    }

    /// Whether a package that was installed like one of somebody else's is the publisher's own: a manifest in the target
    /// says so, or the name that the bundler gave to the source puts it into the same scope.
    fn is_own(&self, package: &str, name: &str) -> bool {
        let told = |name: &str| self.seen.own.contains(&(self.package.clone(), name.to_owned()));
        let scope = scope(package);
        let namespace = name.strip_prefix("webpack://").and_then(manifest::scope);
        told(package) || scope.is_some_and(|scope| told(scope) || namespace == Some(scope))
    }

    fn own(&self, source: &SourceRecord) -> Standing {
        match source.text {
            Some(text) if self.seen.texts.contains(&(self.package.clone(), text.id)) => Standing::Shipped,
            Some(_) => Standing::Undisclosed,
            None if is_beside(&self.seen.paths, self.path, &source.name) => Standing::Shipped,
            None if self.family == Family::Derived && in_package(&self.seen.paths, self.path, &source.name) => {
                Standing::Shipped
            }
            None => Standing::NamesOnly,
        }
    }
}

/// The other package that the map at `path` belongs to: it lies in the folder of that package, which is shipped
/// (`bundledDependencies`, an image, an application), or the file that carries it is itself only embedded, and stands
/// there as a source of that package: `a.js.map!../node_modules/x/b.js!inline.map`.
fn publisher(paths: &HashSet<String>, path: &ArtifactPath) -> Option<Installed> {
    std::iter::successors(Some(path), |owner| owner.parent()).find_map(|owner| {
        let name = owner.logical();
        if !paths.contains(&owner.to_string()) {
            return match origin(name) {
                Origin::ThirdParty { package, version } => Some(Installed { package, version }),
                Origin::FirstParty | Origin::Generated => None,
            };
        }
        // Files of the target may have any name: only the folder that package managers own is believed.
        name.split('/').any(|part| part == "node_modules").then(|| installed(name)).flatten()
    })
}
