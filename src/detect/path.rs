//! Path rules: what is written in their globs is looked for in one pass, then only the globs of what stands there.

use super::Active;
use super::automaton::{Automaton, TooLarge};
use crate::rules::{Matcher, literal};

/// All path rules, asked together.
#[derive(Debug)]
pub struct PathMatcher {
    rules: Vec<Active>,
    automaton: Automaton,
    /// For each literal of the automaton, the globs that have it.
    asked: Vec<Vec<Place>>,
    /// The globs that have no literal, and the rules with a pattern in place of globs.
    always: Vec<Place>,
}

/// The position of a rule, and that of one of its globs.
type Place = (usize, usize);

impl PathMatcher {
    /// Prepares the rules.
    pub fn new(rules: Vec<Active>) -> Result<Self, TooLarge> {
        let mut asked: std::collections::BTreeMap<&str, Vec<Place>> = std::collections::BTreeMap::new();
        let mut always = Vec::new();
        for (rule, active) in rules.iter().enumerate() {
            let Matcher::Path(path) = &active.rule.matcher else { continue };
            if path.like.is_some() {
                always.push((rule, 0));
            }
            for (glob, source) in path.paths.sources().enumerate() {
                match literal(source) {
                    "" => always.push((rule, glob)),
                    text => asked.entry(text).or_default().push((rule, glob)),
                }
            }
        }
        let automaton = Automaton::new(asked.keys().map(|text| text.as_bytes()))?;
        let asked = asked.into_values().collect();
        Ok(PathMatcher { rules, automaton, asked, always })
    }

    /// The rules that speak of `path`, in their order.
    pub fn matches(&self, path: &str) -> Vec<&Active> {
        let (lower, given) = (super::for_globs(path), path.replace('\\', "/"));
        let mut found: Vec<usize> = Vec::new();
        let mut ask = |&(rule, glob): &Place| {
            if !found.contains(&rule) && self.speaks(rule, glob, &lower, &given) {
                found.push(rule);
            }
        };
        self.always.iter().for_each(&mut ask);
        let mut state = Automaton::START;
        for byte in lower.bytes() {
            state = self.automaton.step(state, byte);
            self.automaton.words(state).iter().flat_map(|text| &self.asked[*text as usize]).for_each(&mut ask);
        }
        found.sort_unstable();
        found.into_iter().map(|rule| &self.rules[rule]).collect()
    }

    fn speaks(&self, rule: usize, glob: usize, lower: &str, given: &str) -> bool {
        match &self.rules[rule].rule.matcher {
            Matcher::Path(path) => match &path.like {
                Some(like) => like.matches(given),
                None => path.paths.matches(glob, lower) && !path.except.is_match(lower),
            },
            _ => false,
        }
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

    #[test]
    fn globs_without_a_literal_are_asked_always() {
        let rule = "[[rule]]\nid='t'\nkind='path'\ncategory='file'\nlevel='error'\ntitle='t'\nwhy='w'\nfix='f'\n\
                    paths=['**/{one,two}', '**/three*', '**/thr*']";
        let mut set = RuleSet::default();
        load(&mut set, &[("t.toml", rule)], &[], Check::Patterns).unwrap();
        let detector = Detector::new(&set, |_| Level::Error).unwrap();
        for (path, found) in [("a/one", 1), ("TWO", 1), ("three", 1), ("x/thrice", 1), ("ones", 0), ("b/xthr", 0)] {
            assert_eq!(detector.path(path).len(), found, "{path}");
        }
    }
}
