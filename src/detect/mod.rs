//! Rules meet artifacts: paths, content and facts.

mod automaton;
mod conditions;
mod content;
mod encoded;
mod glued;
mod path;
mod prefilter;
mod resolve;
mod verify;

#[cfg(test)]
mod imported_tests;

use std::sync::Arc;

use content::Kind;
pub(crate) use content::LARGE;
pub use content::{ContentMatch, Searched, Segment};
pub use verify::{Problem, verify};

use crate::finding::{Facts, Level};
use crate::rules::{Matcher, Rule, RuleSet};

/// A path as rules' globs are written: in lower case, with `/` between components. Archives made on Windows have `\`.
fn for_globs(path: &str) -> String {
    path.to_ascii_lowercase().replace('\\', "/")
}

/// A rule and the level that the policy gives it.
#[derive(Debug, Clone)]
pub struct Active {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Its level; never [`Level::Off`].
    pub level: Level,
}

/// The keywords of the rules cannot be searched for together.
#[derive(Debug, thiserror::Error)]
#[error("the rules have more keywords than can be searched for at once ({0}); load fewer rules")]
pub struct KeywordsError(#[from] automaton::TooLarge);

/// All rules that are on, prepared for being asked about many artifacts.
#[derive(Debug)]
pub struct Detector {
    path: path::PathMatcher,
    content: content::ContentMatcher,
    fact: Vec<Active>,
}

impl Detector {
    /// Prepares the rules whose level, according to `level`, is not off.
    ///
    /// # Errors
    /// When the keywords of the rules are too many to be searched for together.
    pub fn new(rules: &RuleSet, level: impl Fn(&Rule) -> Level) -> Result<Self, KeywordsError> {
        let active = |wanted: fn(&Matcher) -> bool| -> Vec<Active> {
            rules
                .iter()
                .filter(|rule| wanted(&rule.matcher))
                .map(|rule| Active { rule: Arc::clone(rule), level: level(rule) })
                .filter(|active| active.level != Level::Off)
                .collect()
        };
        Ok(Detector {
            path: path::PathMatcher::new(active(|matcher| matches!(matcher, Matcher::Path(_))))?,
            content: content::ContentMatcher::new(active(|matcher| matches!(matcher, Matcher::Content(_))))?,
            fact: active(|matcher| matches!(matcher, Matcher::Fact(_))),
        })
    }

    /// The rules that speak of a path, given with `/` between its components.
    pub fn path(&self, path: &str) -> Vec<&Active> {
        self.path.matches(path)
    }

    /// What content rules find in the segments of `bytes`, in the order of their places, each secret once. `path` is for
    /// rules that only look into some files.
    #[must_use]
    pub fn content(&self, bytes: &[u8], segments: &[Segment], path: &str) -> Searched<'_> {
        let Searched { matches, cut } = self.content.search(bytes, segments, path, Kind::Text);
        Searched { matches: resolve::one_secret_one_match(matches), cut }
    }

    /// Like [`Detector::content`] for bytes that are no text: strings may stand back to back in them.
    #[must_use]
    pub fn binary(&self, bytes: &[u8], segments: &[Segment], path: &str) -> Searched<'_> {
        let Searched { matches, cut } = self.content.search(bytes, segments, path, Kind::Binary);
        Searched { matches: resolve::one_secret_one_match(matches), cut }
    }

    /// The rules whose condition these facts fulfil.
    pub fn facts(&self, facts: &Facts) -> impl Iterator<Item = &Active> {
        self.fact.iter().filter(|active| match &active.rule.matcher {
            Matcher::Fact(fact) => fact.when.holds(facts),
            _ => false,
        })
    }
}
