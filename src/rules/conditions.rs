//! What rules of other tools ask for besides a pattern: a path, a randomness, lists of what is passed over, expressions,
//! and other rules whose matches must stand near.

use std::ops::Range;
use std::sync::Arc;

use super::entropy;
use super::filter::Filter;
use super::rule::LazyRegex;

/// How many bytes either side of a match count as its line at most: what a rule passes over because of its line must not
/// be passed over because of what stands somewhere in the same bundle.
const LINE: usize = 500;
/// How many bytes stand for one line where lines are longer.
const BYTES_PER_LINE: usize = 1024;
/// The most lines that a required match may be away.
const MOST_LINES: usize = 200;
/// How many matches of a required rule are tried on either side.
const TRIED: usize = 64;

/// What a content rule asks for besides its pattern.
#[derive(Debug, Default)]
pub struct Conditions {
    /// The group that is the secret; 0 means the first one that holds anything, or else the whole match.
    pub group: usize,
    /// Whether the pattern has no literal to look for, so that it is tried on the whole of every text.
    pub everywhere: bool,
    /// Literals in lower case, one of which must stand somewhere in the text; empty where the keywords say so already.
    pub gates: Vec<String>,
    /// The path must match this.
    pub path: Option<LazyRegex>,
    /// Bits per byte that the secret must have more than.
    pub above: Option<f64>,
    /// Lists of what is passed over.
    pub allow: Vec<Arc<Allowlist>>,
    /// Expressions that say what is passed over.
    pub filters: Vec<Arc<Filter>>,
    /// Rules whose matches must stand near.
    pub needs: Vec<Need>,
    /// Whether it is only a part of other rules and reports nothing itself.
    pub silent: bool,
    /// How much its match says beside that of another rule; 100 is usual, 0 is a guess.
    pub specificity: u32,
}

/// A match as conditions see it.
#[derive(Debug)]
pub struct Sight<'t> {
    /// The text that was searched.
    pub text: &'t [u8],
    /// The whole match.
    pub whole: Range<usize>,
    /// The secret in it.
    pub secret: Range<usize>,
    /// The logical path, with `/` between components.
    pub path: &'t str,
    /// The id of the rule.
    pub rule: &'t str,
    /// What the rule calls it.
    pub title: &'t str,
}

impl Sight<'_> {
    /// The secret.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.text[self.secret.clone()]
    }

    /// The whole match.
    #[must_use]
    pub fn matched(&self) -> &[u8] {
        &self.text[self.whole.clone()]
    }

    /// The lines that the match stands on, as far as they are near it.
    #[must_use]
    pub fn line(&self) -> Range<usize> {
        let near = self.whole.start.saturating_sub(LINE)..self.whole.end.saturating_add(LINE).min(self.text.len());
        let start = memchr::memrchr(b'\n', &self.text[near.start..self.whole.start])
            .map_or(near.start, |at| near.start + at + 1);
        let end =
            memchr::memchr(b'\n', &self.text[self.whole.end..near.end]).map_or(near.end, |at| self.whole.end + at);
        start..end
    }
}

impl Conditions {
    /// Whether a match is what the rule looks for; other rules, and the gates, are asked elsewhere.
    #[must_use]
    pub fn hold(&self, sight: &Sight<'_>) -> bool {
        self.path.as_ref().is_none_or(|path| is_match(path, sight.path.as_bytes()))
            && self.above.is_none_or(|least| entropy::shannon(sight.value()) > least)
            && !self.allow.iter().any(|list| list.allows(sight))
            && !self.filters.iter().any(|filter| filter.skips(sight))
    }

    /// The secret of a match, if it is another one than `first`, the first group that took part.
    #[must_use]
    pub fn secret(&self, pattern: &LazyRegex, text: &[u8], whole: &Range<usize>, first: Range<usize>) -> Range<usize> {
        if self.group == 0 && !first.is_empty() {
            return first;
        }
        let captures = pattern.get().and_then(|pattern| pattern.captures_at(&text[..whole.end], whole.start));
        let group = captures.and_then(|captures| match self.group {
            0 => captures.iter().skip(1).flatten().find(|group| !group.is_empty()).map(|group| group.range()),
            number => captures.get(number).map(|group| group.range()),
        });
        group.unwrap_or_else(|| whole.clone())
    }
}

/// What a part of a list speaks of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Target {
    /// The secret.
    #[default]
    Secret,
    /// The whole match.
    Match,
    /// The line that it stands on.
    Line,
}

/// A list of what is passed over.
#[derive(Debug, Default)]
pub struct Allowlist {
    /// Whether every kind of entry must speak of a match, rather than any.
    pub all: bool,
    /// Patterns of paths.
    pub paths: Vec<LazyRegex>,
    /// Patterns, and what they are about.
    pub patterns: Vec<LazyRegex>,
    /// What the patterns are about.
    pub target: Target,
    /// Words in lower case that a secret holds.
    pub words: Vec<String>,
}

impl Allowlist {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.patterns.is_empty() && self.words.is_empty()
    }

    /// Whether the match is passed over.
    #[must_use]
    pub fn allows(&self, sight: &Sight<'_>) -> bool {
        let about = match self.target {
            Target::Secret => sight.value(),
            Target::Match => sight.matched(),
            Target::Line => &sight.text[sight.line()],
        };
        let checks: [(bool, &dyn Fn() -> bool); 3] = [
            (self.paths.is_empty(), &|| self.paths.iter().any(|path| is_match(path, sight.path.as_bytes()))),
            (self.patterns.is_empty(), &|| self.patterns.iter().any(|pattern| is_match(pattern, about))),
            (self.words.is_empty(), &|| holds_any(&sight.value().to_ascii_lowercase(), &self.words)),
        ];
        let mut said = checks.iter().filter(|(empty, _)| !empty).map(|(_, check)| check());
        if self.all { !self.is_empty() && said.all(|yes| yes) } else { said.any(|yes| yes) }
    }

    /// Whether a path alone, whatever lies there, is passed over.
    #[must_use]
    pub fn allows_path(&self, path: &str) -> bool {
        let alone = !self.all || (self.patterns.is_empty() && self.words.is_empty());
        alone && self.paths.iter().any(|pattern| is_match(pattern, path.as_bytes()))
    }
}

/// A rule that must match near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The id of the rule.
    pub rule: Arc<str>,
    /// How many lines it may be away; anywhere in the text where nothing is said.
    pub lines: Option<usize>,
    /// How many columns it may be away.
    pub columns: Option<usize>,
}

impl Need {
    /// Whether one of `places`, in rising order, is near `at`. Lines are counted where there are lines; in a bundle, a
    /// number of bytes stands for each of them.
    #[must_use]
    pub fn is_met(&self, text: &[u8], at: usize, places: &[usize]) -> bool {
        let middle = places.partition_point(|place| *place < at);
        let after = places[middle..].iter().take(TRIED);
        after.chain(places[..middle].iter().rev().take(TRIED)).any(|place| self.is_near(text, at, *place))
    }

    fn is_near(&self, text: &[u8], at: usize, place: usize) -> bool {
        let between = at.min(place)..at.max(place);
        let Some(lines) = self.lines.map(|lines| lines.min(MOST_LINES)).or(self.columns.map(|_| MOST_LINES)) else {
            return true;
        };
        if between.len() > (lines + 1) * BYTES_PER_LINE {
            return false;
        }
        let apart = memchr::memchr_iter(b'\n', &text[between.clone()]).count();
        if apart > lines {
            return false;
        }
        match (self.columns, column(text, at), column(text, place)) {
            (None, ..) => true,
            (Some(columns), _, _) if apart == 0 => between.len() <= columns,
            (Some(columns), Some(one), Some(other)) => one.abs_diff(other) <= columns,
            // Columns of very long lines mean nothing.
            (Some(_), ..) => true,
        }
    }
}

fn column(text: &[u8], at: usize) -> Option<usize> {
    let from = at.saturating_sub(BYTES_PER_LINE);
    match memchr::memrchr(b'\n', &text[from..at]) {
        Some(feed) => Some(at - from - feed - 1),
        None => (from == 0).then_some(at),
    }
}

fn is_match(pattern: &LazyRegex, text: &[u8]) -> bool {
    pattern.get().is_some_and(|pattern| pattern.is_match(text))
}

/// Whether `lower` holds one of these words; all are in lower case.
#[must_use]
pub fn holds_any(lower: &[u8], words: &[String]) -> bool {
    words.iter().any(|word| memchr::memmem::find(lower, word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(all: bool, path: &str, pattern: &str, target: Target) -> Allowlist {
        let patterns = |text: &str| if text.is_empty() { vec![] } else { vec![LazyRegex::new(text.to_owned())] };
        Allowlist { all, paths: patterns(path), patterns: patterns(pattern), target, words: vec![] }
    }

    #[test]
    fn any_entry_or_every_kind_of_entry_passes_a_match_over() {
        let text = b"first line\nkey = tok_1234 # example\nlast example";
        let sight = Sight { text, whole: 11..25, secret: 17..25, path: "test/a.js", rule: "r", title: "t" };
        assert!(list(false, "^test/", "nothing", Target::Secret).allows(&sight));
        assert!(!list(true, "^test/", "nothing", Target::Secret).allows(&sight));
        assert!(list(true, "^test/", "^tok_", Target::Secret).allows(&sight));
        assert!(list(false, "", "^key =", Target::Match).allows(&sight));
        assert!(list(false, "", "example$", Target::Line).allows(&sight));
        assert!(!list(false, "", "first|last", Target::Line).allows(&sight));
        assert!(!list(true, "", "", Target::Secret).allows(&sight));
    }

    #[test]
    fn near_means_lines_where_there_are_lines_and_bytes_where_there_are_none() {
        let need = Need { rule: "other".into(), lines: Some(2), columns: None };
        let lines = "short\n".repeat(1000);
        assert!(need.is_met(lines.as_bytes(), 600, &[0, 606]));
        assert!(!need.is_met(lines.as_bytes(), 600, &[0, 630]));
        let bundle = ".".repeat(100_000);
        assert!(need.is_met(bundle.as_bytes(), 50_000, &[48_000]));
        assert!(!need.is_met(bundle.as_bytes(), 50_000, &[1_000, 99_000]));
        let anywhere = Need { lines: None, ..need };
        assert!(anywhere.is_met(bundle.as_bytes(), 50_000, &[99_000]));
        assert!(!anywhere.is_met(bundle.as_bytes(), 50_000, &[]));
    }
}
