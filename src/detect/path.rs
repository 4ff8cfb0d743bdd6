//! Path rules: all globs in one set.

use globset::{Candidate, GlobSet};

use super::Active;
use crate::rules::Matcher;

/// All path rules, asked together.
#[derive(Debug)]
pub struct PathMatcher {
    rules: Vec<Active>,
}

impl PathMatcher {
    pub fn new(rules: Vec<Active>) -> Self {
        PathMatcher { rules }
    }

    pub fn matches(&self, path: &str) -> Vec<&Active> {
        let lower = path.to_ascii_lowercase();
        let candidate = Candidate::new(&lower);
        let speaks = |set: &GlobSet| set.is_match_candidate(&candidate);
        self.rules
            .iter()
            .filter(|active| match &active.rule.matcher {
                Matcher::Path(rule) => speaks(&rule.paths) && !speaks(&rule.except),
                _ => false,
            })
            .collect()
    }
}
