//! Sources that several maps embed. The maps of a package's CommonJS, ES module and browser builds hold the same sources
//! under the same names: in published packages half of what maps embed is said twice or more often.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh3::Xxh3;

use crate::finding::{Artifact, Role};

/// The embedded sources that were looked at and say nothing: no finding, no gap, no fact, no member. The next one with the
/// same name and text says nothing either.
#[derive(Debug)]
pub struct Repeats {
    quiet: Mutex<HashSet<Key>>,
    /// Nobody outside this run knows it, so that nobody can make two sources that count as one.
    seed: u64,
}

/// Name and text of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u128);

impl Default for Repeats {
    fn default() -> Self {
        Repeats { quiet: Mutex::default(), seed: RandomState::new().hash_one(0) }
    }
}

impl Repeats {
    /// What tells this artifact from others, if it is a source that may be embedded again.
    pub fn key(&self, artifact: &Artifact) -> Option<Key> {
        if artifact.role != Role::EmbeddedSource {
            return None;
        }
        let name = artifact.path.logical();
        let mut hash = Xxh3::with_seed(self.seed);
        hash.update(&name.len().to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(&artifact.bytes);
        Some(Key(hash.digest128()))
    }

    /// Whether one like it says nothing.
    pub fn says_nothing(&self, key: Key) -> bool {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    /// Remembers that one like it says nothing.
    pub fn remember(&self, key: Key) {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::ArtifactPath;

    #[test]
    fn only_sources_with_the_same_name_and_text_are_the_same() {
        let repeats = Repeats::default();
        let key = |role, name: &str, text: &str| {
            let path = ArtifactPath::file("a.js.map").member(name);
            repeats.key(&Artifact { path, role, bytes: text.as_bytes().to_vec().into() })
        };
        let source = |name, text| key(Role::EmbeddedSource, name, text).unwrap();
        repeats.remember(source("src/a.ts", "text"));
        assert!(repeats.says_nothing(source("src/a.ts", "text")));
        assert!(!repeats.says_nothing(source("src/a.ts", "text ")));
        assert!(!repeats.says_nothing(source("src/b.ts", "text")));
        assert!(!repeats.says_nothing(source("src/a.tst", "ext")));
        assert!(key(Role::ArchiveMember, "src/a.ts", "text").is_none(), "a file is judged by its own path");
    }
}
