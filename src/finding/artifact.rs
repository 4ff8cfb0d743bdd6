//! Artifacts: bytes with a path and a role.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// Bytes that are about to be published: a file, or a member of one at any depth.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Where the bytes are found.
    pub path: ArtifactPath,
    /// How the bytes came to be there.
    pub role: Role,
    /// The content. Cheap to clone and to slice; a member usually shares its container's memory.
    pub bytes: Bytes,
}

/// How an artifact came to be where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A file of the file system.
    File,
    /// A file inside an archive, an application bundle or an executable's payload.
    ArchiveMember,
    /// The only content of a compressed stream (gzip, xz …): it stands in for its container and shares its path.
    Decompressed,
    /// The text of an original source, carried by a source map or by debug information.
    EmbeddedSource,
    /// A source map carried inside another file, as a `data:` URI for instance.
    EmbeddedMap,
    /// Text that had to be decoded before it could be searched, such as UTF-16.
    DecodedText,
    /// The part of a binary that describes the rest: the header of a model file, a section with text.
    Header,
    /// A file inside an archive whose bytes are numbers of the model that the archive is: judged by its name only.
    Weights,
}

impl Role {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::File => "file",
            Role::ArchiveMember => "archive member",
            Role::Decompressed => "decompressed stream",
            Role::EmbeddedSource => "embedded source",
            Role::EmbeddedMap => "embedded source map",
            Role::DecodedText => "decoded text",
            Role::Header => "header",
            Role::Weights => "weights",
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Step {
    parent: Option<ArtifactPath>,
    /// The name in full, as it is shown; empty for a decompressed stream, which shares its parent's place.
    shown: Box<str>,
    /// The name for rules that judge by name: differs from `shown` where a compressed stream hides it (`.env.gz`).
    logical: Box<str>,
}

/// The way to an artifact: a file path followed by member names, written `pkg.tgz!package/dist/cli.js.map!src/a.ts`.
///
/// Names are kept as text with `/` between components. They come from hostile input: print them only through
/// `report::sanitize`, and never open them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactPath(Arc<Step>);

impl ArtifactPath {
    /// The path of a file of the target, relative to the folder that was asked about where possible.
    #[must_use]
    pub fn file(name: &str) -> Self {
        ArtifactPath(Arc::new(Step { parent: None, shown: name.into(), logical: name.into() }))
    }

    /// A file shown as `shown` that rules judge as `logical`: its path inside the folder that was asked about.
    #[must_use]
    pub fn file_in_target(shown: &str, logical: &str) -> Self {
        ArtifactPath(Arc::new(Step { parent: None, shown: shown.into(), logical: logical.into() }))
    }

    /// The path for fingerprints: the same wherever the target lies and whatever its outermost archive is called.
    #[must_use]
    pub fn stable(&self) -> String {
        let mut steps: Vec<&str> = std::iter::successors(Some(self), |path| path.parent())
            .filter(|path| path.parent().is_none() || !path.0.shown.is_empty())
            .map(|path| &*path.0.logical)
            .collect();
        if steps.len() > 1
            && let (Some(archive), Some(first)) = (steps.pop(), steps.last_mut())
        {
            // npm puts everything into `package/`, cargo and others into a folder that is called like the archive: unpacked,
            // the folder is the target and has no place in the path, and the next version has another.
            let archive = archive.rsplit(['/', '\\']).next().unwrap_or(archive);
            let is_wrapper = |folder: &str| {
                folder == "package" || archive.strip_prefix(folder).is_some_and(|rest| rest.starts_with('.'))
            };
            *first =
                first.split_once('/').filter(|(folder, _)| is_wrapper(folder)).map_or(*first, |(_, inside)| inside);
        }
        steps.reverse();
        steps.join("!")
    }

    /// A member of this artifact, by its name inside it.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        ArtifactPath(Arc::new(Step { parent: Some(self.clone()), shown: name.into(), logical: name.into() }))
    }

    /// The content of this compressed stream. It is shown at the same place; `logical` is the name that the content
    /// would have on its own (`.env` for `.env.gz`), for the rules that judge by name.
    #[must_use]
    pub fn decompressed(&self, logical: &str) -> Self {
        ArtifactPath(Arc::new(Step { parent: Some(self.clone()), shown: "".into(), logical: logical.into() }))
    }

    /// Whether it is the content of a compressed stream, which is shown at the place of the stream.
    #[must_use]
    pub fn shares_place(&self) -> bool {
        self.0.shown.is_empty() && self.0.parent.is_some()
    }

    /// The artifact that contains this one.
    #[must_use]
    pub fn parent(&self) -> Option<&ArtifactPath> {
        self.0.parent.as_ref()
    }

    /// The name inside the container (or the file path), as rules that judge by name should read it.
    #[must_use]
    pub fn logical(&self) -> &str {
        &self.0.logical
    }

    /// The last component of [`ArtifactPath::logical`].
    #[must_use]
    pub fn base_name(&self) -> &str {
        let name = self.logical().trim_end_matches('/');
        name.rsplit(['/', '\\']).next().unwrap_or(name)
    }

    /// The file of the file system that everything here is read from.
    #[must_use]
    pub fn root(&self) -> &ArtifactPath {
        let mut path = self;
        while let Some(parent) = path.parent() {
            path = parent;
        }
        path
    }

    /// How many containers were opened to get here; 0 for a file.
    #[must_use]
    pub fn depth(&self) -> usize {
        std::iter::successors(self.parent(), |path| path.parent()).count()
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps: Vec<&str> = std::iter::successors(Some(self), |path| path.parent())
            .map(|path| &*path.0.shown)
            .filter(|shown| !shown.is_empty())
            .collect();
        steps.reverse();
        f.write_str(&steps.join("!"))
    }
}

impl fmt::Debug for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArtifactPath({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_path_names_every_container_but_not_the_stream_around_a_tar() {
        let file = ArtifactPath::file("out/pkg.tgz");
        let tar = file.decompressed("pkg.tar");
        let map = tar.member("package/cli.js.map");
        assert_eq!(map.member("src/a.ts").to_string(), "out/pkg.tgz!package/cli.js.map!src/a.ts");
        assert_eq!(tar.to_string(), "out/pkg.tgz");
        assert_eq!(tar.base_name(), "pkg.tar");
        assert_eq!(map.root(), &file);
        assert_eq!(map.depth(), 2);
        assert_eq!(map.member("src/a.ts").stable(), "cli.js.map!src/a.ts");
        assert_eq!(ArtifactPath::file_in_target("package/cli.js.map", "cli.js.map").stable(), "cli.js.map");
        let inside =
            |archive: &str| ArtifactPath::file(archive).decompressed("x.tar").member("acme-1.0.0/src/lib.rs").stable();
        assert_eq!(inside("out/acme-1.0.0.crate"), "src/lib.rs");
        assert_eq!(inside("acme-1.0.0.tar.gz"), "src/lib.rs");
        assert_eq!(inside("acme-1.0.0-rc.tgz"), "acme-1.0.0/src/lib.rs");
    }
}
