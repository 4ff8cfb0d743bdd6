//! Testing rules by their own hits and misses.

use std::sync::Arc;

use super::Detector;
use crate::config::Source;
use crate::finding::{FactSpec, FactType, Facts, Level};
use crate::rules::placeholder::is_placeholder;
use crate::rules::{Matcher, Rule, RuleSet, example};

/// A rule that does not do what its examples say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The id of the rule.
    pub rule: Arc<str>,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// With how many different fillings each template is tried.
const SEEDS: u64 = 5;
/// How many hits and misses a rule needs at least.
const EXAMPLES: usize = 2;

/// Tests one rule: every hit must fire, every miss must stay silent, and there must be at least two of each (one for
/// fact rules, whose condition says it all).
#[must_use]
pub fn verify(rule: &Arc<Rule>, facts: &[&FactSpec]) -> Vec<Problem> {
    let mut set = RuleSet::default();
    set.share(Arc::clone(rule));
    let detector = match Detector::new(&set, |_| Level::Error) {
        Ok(detector) => detector,
        Err(error) => return vec![Problem { rule: Arc::clone(&rule.id), message: error.to_string() }],
    };
    let mut problems = Vec::new();
    let mut problem = |message: String| problems.push(Problem { rule: Arc::clone(&rule.id), message });
    if let Some(content) = rule.content() {
        for pattern in std::iter::once(&content.pattern).chain(&content.allow) {
            if pattern.get().is_none() {
                problem(format!("the pattern {} does not compile", pattern.source()));
            }
        }
    }
    let least = match &rule.matcher {
        // The form of other tools has no examples.
        _ if rule.is_imported() => 0,
        Matcher::Fact(_) => 1,
        _ => EXAMPLES,
    };
    for (name, examples, expected) in [("hit", &rule.hits, true), ("miss", &rule.misses, false)] {
        if examples.len() < least {
            problem(format!("it has {} examples of a {name}; at least {least} are needed", examples.len()));
        }
        for template in examples {
            for seed in 0..SEEDS {
                match fires(&detector, rule, template, seed, facts) {
                    Err(error) => problem(format!("the {name} `{template}` cannot be used: {error}")),
                    Ok(fired) if fired != expected => {
                        let verb = if expected { "does not fire" } else { "fires" };
                        let cause = if expected { placeholder_cause(rule, template, seed) } else { "" };
                        problem(format!("it {verb} on its {name} `{template}`{cause}"));
                    }
                    Ok(_) => continue,
                }
                break;
            }
        }
    }
    problems
}

/// What an author rarely thinks of: the pattern matches, but `1234` is nobody's password.
fn placeholder_cause(rule: &Rule, template: &str, seed: u64) -> &'static str {
    let Some(content) = rule.content().filter(|content| !content.placeholders) else { return "" };
    let (Ok(text), Some(pattern)) = (example::fill(template, seed), content.pattern.get()) else { return "" };
    let Some(captures) = pattern.captures(text.as_bytes()) else { return "" };
    let value = captures.iter().skip(1).flatten().next().or_else(|| captures.get(0));
    match value.is_some_and(|value| is_placeholder(value.as_bytes())) {
        true => ": its value looks like a placeholder (use a template such as `<base62*20>`, or `placeholders = true`)",
        false => "",
    }
}

fn fires(detector: &Detector, rule: &Rule, template: &str, seed: u64, specs: &[&FactSpec]) -> Result<bool, String> {
    match &rule.matcher {
        Matcher::Path(_) => Ok(!detector.path(template).is_empty()),
        Matcher::Fact(_) => Ok(detector.facts(&example_facts(template, specs)?).next().is_some()),
        Matcher::Content(content) => {
            let text = example::fill(template, seed)?;
            let all = 0..text.len();
            let path = content.example_path.as_deref().unwrap_or("index.js");
            let found = detector.content(text.as_bytes(), std::slice::from_ref(&all), path);
            Ok(!found.matches.is_empty())
        }
    }
}

/// Reads `map.count = 3; map.kind = "x"` into facts.
fn example_facts(template: &str, specs: &[&FactSpec]) -> Result<Facts, String> {
    let mut facts = Facts::default();
    for statement in template.split(';').filter(|statement| !statement.trim().is_empty()) {
        let (name, value) = statement.split_once('=').ok_or("write facts as `name = value; name = value`")?;
        let spec =
            specs.iter().find(|spec| spec.name == name.trim()).ok_or(format!("no format states `{}`", name.trim()))?;
        let text = format!("v = {}", value.trim());
        let (read, mistakes) = Source::new("example", &text).read(|top| match spec.kind {
            FactType::Int => top.integer("v").map(|value| facts.set(spec.name, value.value)),
            FactType::Bool => top.boolean("v").map(|value| facts.set(spec.name, value.value)),
            FactType::Text => top.text("v").map(|value| facts.set(spec.name, value.value.into_owned())),
            FactType::List => {
                let items: Vec<String> = top.texts("v").into_iter().map(|value| value.value.into_owned()).collect();
                facts.set(spec.name, items);
                Some(())
            }
        });
        if read.is_none() || !mistakes.is_empty() {
            return Err(format!("`{}` is no {} for {}", value.trim(), spec.kind.as_str(), spec.name));
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use crate::formats;
    use crate::rules::RuleSet;
    use crate::rules::load::{BUILTIN, Check, builtin, load};

    #[test]
    fn the_prepared_rules_are_those_of_the_files() {
        let facts: Vec<_> = formats::fact_specs().collect();
        let mut read = RuleSet::default();
        load(&mut read, BUILTIN, &facts, Check::Patterns).unwrap();
        let shown = |set: &RuleSet| set.iter().map(|rule| format!("{rule:?}")).collect::<Vec<_>>();
        assert_eq!(shown(&builtin(&facts).unwrap()), shown(&read));
    }
}
