//! Globs over paths, compiled when a path may match them.

use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::config::Text;

/// Globs, of which one has to match. They are compiled one by one, and only once a path holds what they ask for: most
/// never are.
#[derive(Debug, Default)]
pub struct Globs(Vec<LazyGlob>);

#[derive(Debug)]
struct LazyGlob {
    source: Text,
    /// What [`literal`] says of it.
    literal: OnceLock<String>,
    compiled: OnceLock<Option<GlobMatcher>>,
}

impl Globs {
    /// Globs as they are written, which [`glob`] has found to be right.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = Text>) -> Self {
        Globs(
            sources
                .into_iter()
                .map(|source| LazyGlob { source, literal: OnceLock::new(), compiled: OnceLock::new() })
                .collect(),
        )
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The globs as they are written.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|glob| &*glob.source)
    }

    /// Whether any of them matches `path`, given in lower case with `/` between components.
    #[must_use]
    pub fn is_match(&self, path: &str) -> bool {
        (0..self.0.len()).any(|index| self.matches(index, path))
    }

    /// Whether the one at this position does.
    #[must_use]
    pub fn matches(&self, index: usize, path: &str) -> bool {
        self.0.get(index).is_some_and(|glob| glob.is_match(path))
    }
}

impl LazyGlob {
    fn is_match(&self, path: &str) -> bool {
        // Nearly all paths are told by what a glob ends with, which costs a thousandth of asking its pattern.
        let text = self.literal.get_or_init(|| literal(&self.source).to_owned()).as_str();
        let may_match = if self.source.ends_with(text) { path.ends_with(text) } else { path.contains(text) };
        if !may_match {
            return false;
        }
        let compile = || glob(&self.source).ok().map(|glob| glob.compile_matcher());
        self.compiled.get_or_init(compile).as_ref().is_some_and(|matcher| matcher.is_match(path))
    }
}

/// Reads one glob the way all of lastlook's path globs work: `*` stops at `/`, `**` does not, and a folder's glob ends in
/// `/**`.
///
/// # Errors
/// What is wrong with the glob.
pub fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()
}

/// The longest text that stands in every path which `pattern` matches; it may be empty. Folders' slashes at its ends are
/// left out, because `**/` also matches nothing at all.
#[must_use]
pub fn literal(pattern: &str) -> &str {
    let mut depth = 0usize;
    let is_plain = |letter: char| {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            // What an escape stands for is not what is written.
            '*' | '?' | '\\' => {}
            _ => return depth == 0,
        }
        false
    };
    let flags: Vec<bool> = pattern.chars().map(is_plain).collect();
    let mut pieces = vec![""];
    let mut start = 0;
    let places = pattern.char_indices().zip(&flags).map(|((at, _), plain)| (at, *plain));
    for (at, plain) in places.chain([(pattern.len(), false)]) {
        if !plain {
            pieces.push(&pattern[start.min(at)..at]);
            start = at + pattern[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    pieces.into_iter().map(|piece| piece.trim_matches('/')).max_by_key(|piece| piece.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_of_a_glob_stands_in_every_path_that_it_matches() {
        for (pattern, expected) in [
            ("**/.env", ".env"),
            ("**/*.pem", ".pem"),
            ("**/.git/**", ".git"),
            ("**/a/**/longer/*", "longer"),
            ("**/keys.{json,yaml}", "keys."),
            ("**/{a,b}/*", ""),
            ("**/id_[rd]sa*", "id_"),
            ("a\\*bc", "bc"),
            ("*", ""),
            ("**/ключ*", "ключ"),
        ] {
            assert_eq!(literal(pattern), expected, "{pattern}");
        }
    }
}
