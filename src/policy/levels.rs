//! Levels by rule or by rule glob.

use globset::{GlobBuilder, GlobMatcher};

use crate::finding::Level;

/// What the user says about levels: a list of rule ids or globs, each with a level. An exact id beats a glob; among
/// equals the last one wins, so that the command line overrides the file.
#[derive(Debug, Clone, Default)]
pub struct Levels(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    pattern: String,
    glob: Option<GlobMatcher>,
    level: Level,
}

impl Levels {
    /// Sets the level of a rule, or of every rule that a glob (`github-*`) matches.
    ///
    /// # Errors
    /// What is wrong with the glob.
    pub fn set(&mut self, pattern: &str, level: Level) -> Result<(), String> {
        let glob = match pattern.contains(['*', '?', '[', '{']) {
            true => Some(GlobBuilder::new(pattern).build().map_err(|error| error.to_string())?.compile_matcher()),
            false => None,
        };
        self.0.push(Entry { pattern: pattern.to_owned(), glob, level });
        Ok(())
    }

    /// The level of the rule `id`, whose own level is `default`.
    #[must_use]
    pub fn of(&self, id: &str, default: Level) -> Level {
        let exact = self.0.iter().rev().find(|entry| entry.glob.is_none() && entry.pattern == id);
        let globbed = || self.0.iter().rev().find(|entry| entry.glob.as_ref().is_some_and(|glob| glob.is_match(id)));
        exact.or_else(globbed).map_or(default, |entry| entry.level)
    }

    /// The patterns that match none of `ids`: most likely misspelt.
    pub fn unknown<'s>(&'s self, ids: &'s [&str]) -> impl Iterator<Item = &'s str> {
        self.0
            .iter()
            .filter(|entry| {
                !ids.iter().any(|id| match &entry.glob {
                    Some(glob) => glob.is_match(id),
                    None => entry.pattern == *id,
                })
            })
            .map(|entry| entry.pattern.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_id_beats_a_glob_and_the_last_word_counts() {
        let mut levels = Levels::default();
        levels.set("npm-token", Level::Warning).unwrap();
        levels.set("npm-*", Level::Off).unwrap();
        levels.set("github-*", Level::Note).unwrap();
        levels.set("github-*", Level::Error).unwrap();
        assert_eq!(levels.of("npm-token", Level::Error), Level::Warning);
        assert_eq!(levels.of("npm-other", Level::Error), Level::Off);
        assert_eq!(levels.of("github-token", Level::Note), Level::Error);
        assert_eq!(levels.of("else", Level::Note), Level::Note);
        assert_eq!(levels.unknown(&["npm-token", "github-x"]).count(), 0);
        assert_eq!(levels.unknown(&["npm-other"]).collect::<Vec<_>>(), ["npm-token", "github-*", "github-*"]);
    }
}
