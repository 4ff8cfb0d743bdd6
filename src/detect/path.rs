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
        let (lower, given) = (super::for_globs(path), path.replace('\\', "/"));
        let candidate = Candidate::new(&lower);
        let speaks = |set: &GlobSet| set.is_match_candidate(&candidate);
        self.rules
            .iter()
            .filter(|active| match &active.rule.matcher {
                Matcher::Path(rule) => match &rule.like {
                    Some(like) => like.matches(&given),
                    None => speaks(&rule.paths) && !speaks(&rule.except),
                },
                _ => false,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::Detector;
    use crate::finding::Level;
    use crate::rules::RuleSet;
    use crate::rules::load::{Check, load};

    #[test]
    fn paths_match_in_any_case_and_with_either_slash() {
        let rule = "[[rule]]\nid='t'\nkind='path'\ncategory='file'\nlevel='error'\ntitle='t'\nwhy='w'\nfix='f'\n\
                    paths=['**/.env']\nexcept=['**/docs/**']";
        let mut set = RuleSet::default();
        load(&mut set, &[("t.toml", rule)], &[], Check::Patterns).unwrap();
        let detector = Detector::new(&set, |_| Level::Error).unwrap();
        for (path, found) in [(".env", 1), ("A/.ENV", 1), ("conf\\.env", 1), ("a\\docs\\.env", 0), ("x.env", 0)] {
            assert_eq!(detector.path(path).len(), found, "{path}");
        }
    }
}
