//! One rule.

use std::sync::{Arc, OnceLock};

use regex::bytes::{Regex, RegexBuilder};

use super::conditions::{Allowlist, Conditions};
use super::expression::Expression;
use super::globs::Globs;
use super::proof::{Checksum, Structure};
use crate::config::Text;
use crate::finding::{Category, Facts, Level};

/// One rule: what it looks for, how serious it is, and what it tells the user.
#[derive(Debug)]
pub struct Rule {
    /// The id: lower-case words joined by `-`. The same in TOML, reports, policies and documentation.
    pub id: Arc<str>,
    /// What kind of thing it looks for.
    pub category: Category,
    /// The level it reports at, unless the policy says otherwise.
    pub level: Level,
    /// What it is, in a few words without a full stop.
    pub title: Text,
    /// What would be given away. Without one, the title is used.
    pub message: Option<Template>,
    /// Why it matters: what somebody could do with it.
    pub why: Text,
    /// What to do now.
    pub fix: Text,
    /// Where to read on.
    pub references: Vec<Text>,
    /// Templates of texts, paths or facts that it must report.
    pub hits: Vec<Text>,
    /// Templates that it must pass over.
    pub misses: Vec<Text>,
    /// What it matches.
    pub matcher: Matcher,
    /// The file that defines it.
    pub file: Text,
}

/// What a rule matches.
#[derive(Debug)]
pub enum Matcher {
    /// The path of an artifact.
    Path(PathRule),
    /// The content of an artifact.
    Content(ContentRule),
    /// The facts of an artifact.
    Fact(FactRule),
}

impl Matcher {
    /// The word used in rules files and in `lastlook rules`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Matcher::Path(_) => "path",
            Matcher::Content(_) => "content",
            Matcher::Fact(_) => "fact",
        }
    }
}

/// Matches artifacts by their logical path.
#[derive(Debug)]
pub struct PathRule {
    /// Globs that match, in lower case: paths are compared in lower case.
    pub paths: Globs,
    /// Globs that are passed over although they match.
    pub except: Globs,
    /// What a rule of another tool has in place of globs.
    pub like: Option<Box<PathPattern>>,
}

/// A pattern of paths, compared as they are written.
#[derive(Debug)]
pub struct PathPattern {
    /// The pattern.
    pub pattern: LazyRegex,
    /// Lists of what is passed over.
    pub allow: Vec<Arc<Allowlist>>,
}

impl PathPattern {
    /// Whether it speaks of `path`, given with `/` between components.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let is_match = self.pattern.get().is_some_and(|pattern| pattern.is_match(path.as_bytes()));
        is_match && !self.allow.iter().any(|list| list.allows_path(path))
    }
}

impl PathRule {
    /// Whether the rule speaks of `path`, given in lower case with `/` between components.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.paths.is_match(path) && !self.except.is_match(path)
    }
}

/// Matches text inside an artifact.
#[derive(Debug)]
pub struct ContentRule {
    /// Literals, one of which stands near every match; lower case if `ignore_case`.
    pub keywords: Vec<Text>,
    /// Whether keywords match in any case.
    pub ignore_case: bool,
    /// The pattern. Group 1, where there is one, is the secret; otherwise the whole match.
    pub pattern: LazyRegex,
    /// The longest distance in bytes between a keyword and the far end of a match. Default 512.
    pub span: usize,
    /// Offline proof that the secret is one and not its look-alike.
    pub checksum: Option<Checksum>,
    /// What the secret must be besides its shape.
    pub structure: Option<Structure>,
    /// Shannon entropy in bits per byte that the secret must have at least.
    pub entropy: Option<f64>,
    /// Patterns of secrets that are passed over.
    pub allow: Vec<LazyRegex>,
    /// Only artifacts with these paths (lower case) are searched; all where empty.
    pub paths: Option<Globs>,
    /// A path that `paths` matches, for testing the rule by its examples.
    pub example_path: Option<String>,
    /// Whether values that are evidently placeholders are reported too.
    pub placeholders: bool,
    /// What a rule of another tool asks for besides.
    pub conditions: Option<Box<Conditions>>,
}

/// Matches facts.
#[derive(Debug)]
pub struct FactRule {
    /// The condition.
    pub when: Expression,
}

/// A pattern that is compiled when it is first needed: most rules never are.
#[derive(Debug)]
pub struct LazyRegex {
    source: Text,
    compiled: OnceLock<Regex>,
}

/// Limit for a compiled pattern; a rule that needs more is a mistake.
const REGEX_SIZE: usize = 4 << 20;

impl LazyRegex {
    /// A pattern that has been checked by [`LazyRegex::compile`] before, or will be on first use.
    #[must_use]
    pub fn new(source: impl Into<Text>) -> Self {
        let source = source.into();
        LazyRegex { source, compiled: OnceLock::new() }
    }

    /// Compiles a pattern the way all rules' patterns are: on bytes, without Unicode classes.
    ///
    /// # Errors
    /// What the pattern's author did wrong.
    pub fn compile(source: &str) -> Result<Regex, regex::Error> {
        RegexBuilder::new(source).unicode(false).size_limit(REGEX_SIZE).build()
    }

    /// The pattern as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The compiled pattern; `None` where it does not compile, which loading rules has ruled out.
    #[must_use]
    pub fn get(&self) -> Option<&Regex> {
        if self.compiled.get().is_none() {
            let compiled = LazyRegex::compile(&self.source).ok()?;
            // Another thread may have been quicker: both have compiled the same.
            let _ = self.compiled.set(compiled);
        }
        self.compiled.get()
    }
}

/// A message with facts in it: `{source_map.sources|source|sources} can be read from this map`. The two words after a
/// number say what it counts, for one and for more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Fact(String),
    /// A number and what it counts: for one, and for any other number.
    Counted(String, String, String),
}

impl Template {
    /// Reads a message.
    ///
    /// # Errors
    /// When a brace is not closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or("a `{` in the message is not closed")? + open;
            pieces.push(Piece::Text(rest[..open].to_owned()));
            let mut parts = rest[open + 1..close].split('|').map(str::to_owned);
            let name = parts.next().unwrap_or_default();
            pieces.push(match (parts.next(), parts.next(), parts.next()) {
                (None, ..) => Piece::Fact(name),
                (Some(one), Some(many), None) => Piece::Counted(name, one, many),
                _ => return Err(format!("`{{{name}|…}}` needs two words: for one, and for more")),
            });
            rest = &rest[close + 1..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Template(pieces))
    }

    /// The names of the facts in it.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Fact(name) | Piece::Counted(name, ..) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The message with the facts filled in; a fact that was not stated reads `unknown`.
    #[must_use]
    pub fn fill(&self, facts: &Facts) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Fact(name) => shown(facts, name),
                Piece::Counted(name, one, many) => {
                    format!("{} {}", shown(facts, name), if facts.int(name) == 1 { one } else { many })
                }
            })
            .collect()
    }
}

fn shown(facts: &Facts, name: &str) -> String {
    facts.get(name).map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

impl Rule {
    /// Whether it comes from a file in the form of another tool, which has no examples and no reasons.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        match &self.matcher {
            Matcher::Path(path) => path.like.is_some(),
            Matcher::Content(content) => content.conditions.is_some(),
            Matcher::Fact(_) => false,
        }
    }

    /// The globs that it compares paths with.
    pub fn globs(&self) -> impl Iterator<Item = &Globs> {
        let [one, other] = match &self.matcher {
            Matcher::Path(path) => [Some(&path.paths), Some(&path.except)],
            Matcher::Content(content) => [content.paths.as_ref(), None],
            Matcher::Fact(_) => [None, None],
        };
        one.into_iter().chain(other)
    }

    /// The content matcher, if it is a content rule.
    #[must_use]
    pub fn content(&self) -> Option<&ContentRule> {
        match &self.matcher {
            Matcher::Content(content) => Some(content),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_count_in_words() {
        let template = Template::parse("{m.n|file|files} ({m.l|line|lines}) in {m.k}").unwrap();
        let mut facts = Facts::default();
        facts.set("m.n", 1u64);
        facts.set("m.l", 1200u64);
        assert_eq!(template.fill(&facts), "1 file (1,200 lines) in unknown");
        assert!(Template::parse("{m.n|file}").is_err() && Template::parse("{m.n").is_err());
    }
}
