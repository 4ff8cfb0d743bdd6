//! Content rules: one pass for the keywords of all rules, then each rule's pattern only near its keywords.
//!
//! Nothing here knows lines: a bundle of one line and 20 MB costs the same as a file of a million lines.

use std::ops::Range;
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSlice;
use regex::bytes::{Captures, Regex};

use super::automaton::TooLarge;
use super::encoded::{Anchors, Decoder, LazyAnchors, Passage, WAYS, Way};
use super::glued::{Glued, is_bare_keyword};
use super::prefilter::{Owner, Prefilter};
use super::{Active, conditions};
use crate::finding::{Category, Encoding};
use crate::rules::placeholder::is_placeholder;
use crate::rules::{ContentRule, Matcher, entropy};

/// From this many bytes on, several threads share the work on one text: below it, there are other texts for them.
pub const LARGE: usize = 4 << 20;
/// From this many windows on, they are shared as well, where they come to as much.
const MANY: usize = 32;
/// How often one window is searched again inside of a match that was refused: the time that a window takes is bounded.
const RETRIES: usize = 16;

/// A range of an artifact's bytes that is to be searched.
pub type Segment = Range<usize>;

/// What a content rule found.
#[derive(Debug, Clone)]
pub struct ContentMatch<'d> {
    /// The rule and its level.
    pub active: &'d Active,
    /// The bytes of the whole match.
    pub whole: Range<usize>,
    /// The bytes of the secret inside it.
    pub secret: Range<usize>,
    /// The secret, where `secret` holds an encoded form of it.
    pub decoded: Option<Box<[u8]>>,
    /// How it is encoded there, outermost first.
    pub encodings: Vec<Encoding>,
    /// The ids of other rules that see a secret in the same bytes.
    pub also: Vec<Arc<str>>,
}

impl ContentMatch<'_> {
    /// The secret itself, given the bytes that were searched.
    #[must_use]
    pub fn value<'v>(&'v self, bytes: &'v [u8]) -> &'v [u8] {
        self.decoded.as_deref().unwrap_or(&bytes[self.secret.clone()])
    }
}

/// What a search came to.
#[derive(Debug, Default)]
pub struct Searched<'d> {
    /// Everything that was found.
    pub matches: Vec<ContentMatch<'d>>,
    /// Whether there was more encoded text than a text of this length may hold, so that some of it was not looked at.
    pub cut: bool,
}

/// All content rules, prepared for search.
#[derive(Debug)]
pub struct ContentMatcher {
    rules: Vec<Active>,
    prefilter: Prefilter,
    /// Made once encoded text is met: many packages hold none.
    anchors: LazyAnchors,
    glued: Glued,
    /// The rules that have no literal to look for.
    everywhere: Vec<usize>,
}

/// What the bytes are that are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text: every string has its neighbours by its own will.
    Text,
    /// Anything else: strings may stand back to back.
    Binary,
}

/// A rule that has a keyword in a text.
struct Met {
    rule: usize,
    /// Whether it speaks about a text with this name.
    wanted: bool,
    /// The window that may still grow.
    open: Option<Range<usize>>,
}

/// A path, as rules' globs read it and as it is written.
#[derive(Clone, Copy)]
struct Name<'p> {
    lower: &'p str,
    given: &'p str,
}

impl ContentMatcher {
    /// Prepares the rules. Without its keywords a rule would never be asked, so an automaton that cannot be built is an
    /// error and not an empty search.
    pub fn new(rules: Vec<Active>) -> Result<Self, TooLarge> {
        let contents = rules.iter().enumerate().filter_map(|(at, active)| Some((at, active.rule.content()?)));
        let prefilter = Prefilter::new(contents.flat_map(|(rule, content)| {
            let owner = Owner { rule, exact: !content.ignore_case };
            content.keywords.iter().map(move |keyword| (&**keyword, owner))
        }))?;
        let contents = rules.iter().enumerate().filter_map(|(at, active)| Some((at, active.rule.content()?)));
        let everywhere = contents.filter(|(_, content)| is_everywhere(content)).map(|(at, _)| at).collect();
        let asked = rules.clone();
        let anchors = LazyAnchors::new(Box::new(move || {
            let secrets = asked.iter().filter(|active| active.rule.category == Category::Secret);
            let contents = secrets.filter_map(|active| active.rule.content());
            Anchors::new(contents.flat_map(|rule| rule.keywords.iter().map(|word| (&**word, rule.span))))
        }));
        let glued = Glued::new(rules.len());
        Ok(ContentMatcher { rules, prefilter, anchors, glued, everywhere })
    }

    /// Everything that any rule finds, unsorted; several rules may find the same secret.
    pub fn search(&self, bytes: &[u8], segments: &[Segment], path: &str, kind: Kind) -> Searched<'_> {
        let (lower, given) = (super::for_globs(path), path.replace('\\', "/"));
        let name = Name { lower: &lower, given: &given };
        let mut searched = Searched::default();
        for segment in segments {
            // A segment is a text of its own: nothing is found across what lies between two of them, and `^` and `$`
            // match at its ends.
            let Some(text) = bytes.get(segment.clone()) else { continue };
            let first = searched.matches.len();
            // What is large is worth the work of several threads; what they find is put together in the same order.
            let (plain, encoded): (Vec<_>, Vec<_>) = if text.len() >= LARGE {
                rayon::join(
                    || self.search_text(text, name, kind, |_| true),
                    || WAYS.par_iter().map(|way| self.search_encoded(way, text, name)).collect(),
                )
            } else {
                let encoded = WAYS.iter().map(|way| self.search_encoded(way, text, name));
                (self.search_text(text, name, kind, |_| true), encoded.collect())
            };
            searched.matches.extend(plain);
            for (matches, complete) in encoded {
                searched.matches.extend(matches);
                searched.cut |= !complete;
            }
            conditions::settle(&mut searched.matches, first, text, &self.rules);
            for one in &mut searched.matches[first..] {
                one.whole = one.whole.start + segment.start..one.whole.end + segment.start;
                one.secret = one.secret.start + segment.start..one.secret.end + segment.start;
            }
        }
        searched
    }

    fn search_text<'d>(
        &'d self,
        text: &[u8],
        name: Name<'_>,
        kind: Kind,
        wanted: impl Fn(&Active) -> bool,
    ) -> Vec<ContentMatch<'d>> {
        let windows = self.windows(text, name.lower, wanted);
        let search = |mut found: Vec<ContentMatch<'d>>, (rule, window): &(usize, Range<usize>)| {
            let before = found.len();
            self.search_window(*rule, text, window.clone(), &mut found);
            if kind == Kind::Binary {
                self.drop_bare_keywords(*rule, text, before, &mut found);
                self.search_glued(*rule, text, window.clone(), before, &mut found);
            }
            found
        };
        let all: usize = windows.iter().map(|(_, window)| window.len()).sum();
        let mut found = if all >= LARGE && windows.len() >= MANY {
            let shares = windows.par_chunks(MANY / 2).map(|share| share.iter().fold(Vec::new(), search));
            shares.collect::<Vec<_>>().concat()
        } else {
            windows.iter().fold(Vec::new(), search)
        };
        conditions::keep(&mut found, 0, text, name.given);
        found
    }

    /// What is found in the passages that are written in this way, and whether all of them were searched.
    fn search_encoded<'d>(&'d self, way: &Way, text: &[u8], name: Name<'_>) -> (Vec<ContentMatch<'d>>, bool) {
        let mut found = Vec::new();
        let search = &mut |passages: &[Passage]| self.search_passage(passages, name, &mut found);
        let complete = Decoder::each(way, &self.anchors, text, search);
        (found, complete)
    }

    /// Searches the innermost of these passages for secrets. What else a text gives away, such as an address, it does
    /// not give away in an encoded form.
    fn search_passage<'d>(&'d self, way: &[Passage], name: Name<'_>, found: &mut Vec<ContentMatch<'d>>) {
        let Some(innermost) = way.last() else { return };
        let is_secret = |active: &Active| active.rule.category == Category::Secret;
        for mut one in self.search_text(&innermost.text, name, Kind::Text, is_secret) {
            one.decoded = Some(innermost.text[one.secret.clone()].into());
            one.encodings = way.iter().map(|passage| passage.encoding).collect();
            for passage in way.iter().rev() {
                one.whole = passage.outer(&one.whole);
                one.secret = passage.outer(&one.secret);
            }
            found.push(one);
        }
    }

    /// The windows in which each rule has to look, merged where they overlap.
    fn windows(&self, text: &[u8], path: &str, wants: impl Fn(&Active) -> bool) -> Vec<(usize, Range<usize>)> {
        let mut done = Vec::new();
        // Few rules are met in a text: only those have a place, counted from 1.
        let mut places: Vec<u32> = vec![0; self.rules.len()];
        let mut met: Vec<Met> = Vec::new();
        self.prefilter.each(text, |rule, hit| {
            let Some(content) = self.content(rule) else { return };
            if places[rule] == 0 {
                let speaks = content.paths.as_ref().is_none_or(|paths| paths.is_match(path));
                met.push(Met { rule, wanted: speaks && wants(&self.rules[rule]), open: None });
                places[rule] = met.len() as u32;
            }
            let met = &mut met[places[rule] as usize - 1];
            if !met.wanted {
                return;
            }
            let start = hit.start.saturating_sub(content.span);
            let end = (hit.end + content.span).min(text.len());
            match &mut met.open {
                Some(window) if start <= window.end => window.end = window.end.max(end),
                slot => {
                    if let Some(window) = slot.replace(start..end) {
                        done.push((rule, window));
                    }
                }
            }
        });
        let everywhere = self.everywhere.iter().filter(|rule| wants(&self.rules[**rule]));
        done.extend(everywhere.map(|rule| (*rule, 0..text.len())));
        done.extend(met.into_iter().filter_map(|met| Some((met.rule, met.open?))));
        done
    }

    fn content(&self, rule: usize) -> Option<&ContentRule> {
        match &self.rules[rule].rule.matcher {
            Matcher::Content(content) => Some(content),
            _ => None,
        }
    }

    /// Takes out again what is only a keyword and the strings behind it, from `before` on in `found`.
    fn drop_bare_keywords(&self, rule: usize, text: &[u8], before: usize, found: &mut Vec<ContentMatch<'_>>) {
        let Some(content) = self.content(rule) else { return };
        let mut at = 0;
        found.retain(|one| {
            at += 1;
            at <= before || !is_bare_keyword(content, &text[one.secret.clone()])
        });
    }

    /// Looks for what strings on either side have hidden; what stands from `before` on in `found` was found already.
    fn search_glued<'d>(
        &'d self,
        rule: usize,
        text: &[u8],
        window: Range<usize>,
        before: usize,
        found: &mut Vec<ContentMatch<'d>>,
    ) {
        let Some(content) = self.content(rule) else { return };
        let known: Vec<Range<usize>> = found[before..].iter().map(|one| one.secret.clone()).collect();
        self.glued.search((rule, content), text, window, &known, |secret| {
            found.push(self.found(rule, secret.clone(), secret));
        });
    }

    fn found(&self, rule: usize, whole: Range<usize>, secret: Range<usize>) -> ContentMatch<'_> {
        let active = &self.rules[rule];
        ContentMatch { active, whole, secret, decoded: None, encodings: Vec::new(), also: Vec::new() }
    }

    fn search_window<'d>(&'d self, rule: usize, text: &[u8], window: Range<usize>, found: &mut Vec<ContentMatch<'d>>) {
        let Some(content) = self.content(rule) else { return };
        let Some(pattern) = content.pattern.get() else { return };
        let mut at = window.start;
        let mut retries = RETRIES;
        while let Some((whole, secret)) = next_match(pattern, text, at, window.end, content.span) {
            let secret = match &content.conditions {
                Some(asked) => asked.secret(&content.pattern, text, &whole, secret),
                None => secret,
            };
            // Matches are separated by single boundary characters that belong to both: go on from the secret's end.
            at = if is_everywhere(content) { whole.end } else { secret.end }.max(whole.start + 1);
            if is_secret(content, &text[secret.clone()]) {
                found.push(self.found(rule, whole, secret));
            } else if retries > 0 {
                // What was refused may hold a secret that begins later: something longer swallowed its beginning.
                retries -= 1;
                at = whole.start + 1;
            }
        }
    }
}

/// The first match from `at` on. Where it touches the end of the window, the window was too short to tell where the
/// match really ends: look again with a longer one.
fn next_match(
    pattern: &Regex,
    text: &[u8],
    at: usize,
    end: usize,
    span: usize,
) -> Option<(Range<usize>, Range<usize>)> {
    // A pattern that matches nothing at all may have moved `at` past the end.
    let mut end = end.max(at).min(text.len());
    while at <= end {
        let captures = pattern.captures_at(&text[..end], at)?;
        let (whole, secret) = ranges(&captures)?;
        if whole.end < end || end == text.len() || whole.len() > span.saturating_mul(4) {
            return Some((whole, secret));
        }
        end = end.saturating_add(span).min(text.len());
    }
    None
}

fn is_everywhere(rule: &ContentRule) -> bool {
    rule.conditions.as_ref().is_some_and(|asked| asked.everywhere)
}

/// The whole match, and the secret in it.
pub(super) fn ranges(captures: &Captures<'_>) -> Option<(Range<usize>, Range<usize>)> {
    let whole = captures.get(0)?.range();
    let secret = captures.iter().skip(1).flatten().next().map_or_else(|| whole.clone(), |group| group.range());
    Some((whole, secret))
}

/// Whether a value of the right shape is also in every other respect what the rule looks for.
pub(super) fn is_secret(rule: &ContentRule, secret: &[u8]) -> bool {
    if !rule.placeholders && is_placeholder(secret) {
        return false;
    }
    rule.checksum.is_none_or(|checksum| checksum.verify(secret))
        && rule.structure.is_none_or(|structure| structure.verify(secret))
        && rule.entropy.is_none_or(|least| entropy::shannon(secret) >= least)
        && !rule.allow.iter().any(|allow| allow.get().is_some_and(|allow| allow.is_match(secret)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::Level;
    use crate::rules::RuleSet;
    use crate::rules::load::{Check, load};

    fn matcher(fields: &str) -> ContentMatcher {
        let text = format!(
            "[[rule]]\nid='t'\nkind='content'\ncategory='secret'\nlevel='error'\ntitle='t'\nwhy='w'\nfix='f'\n\
             placeholders=true\n{fields}"
        );
        let mut set = RuleSet::default();
        load(&mut set, &[("t.toml", &text)], &[], Check::Patterns).unwrap();
        let rules = set.iter().map(|rule| Active { rule: Arc::clone(rule), level: Level::Error });
        ContentMatcher::new(rules.collect()).unwrap()
    }

    fn secrets(matcher: &ContentMatcher, text: &str) -> Vec<String> {
        let all = 0..text.len();
        let found = matcher.search(text.as_bytes(), std::slice::from_ref(&all), "a.js", Kind::Text).matches;
        found.into_iter().map(|found| text[found.secret].to_owned()).collect()
    }

    #[test]
    fn every_match_is_found_in_text_of_any_length() {
        let matcher = matcher("keywords=['key_']\npattern='''(?:^|[^a-z])(key_[0-9]{4})(?:$|[^0-9])'''");
        let filler = "x = 1; ".repeat(1000);
        let text = format!("key_1234 key_5678{filler}key_99999 {filler}\"key_4321\"");
        assert_eq!(secrets(&matcher, &text), ["key_1234", "key_5678", "key_4321"]);
    }

    #[test]
    fn a_window_never_cuts_a_match_short() {
        let matcher = matcher("keywords=['BEGIN']\nspan=16\npattern='''BEGIN[a-z]+'''");
        let text = format!("{}BEGIN{}", ".".repeat(100), "z".repeat(60));
        assert_eq!(secrets(&matcher, &text)[0].len(), 65);
    }

    #[test]
    fn a_segment_begins_and_ends_like_a_text() {
        let matcher = matcher("keywords=['key_']\npattern='''(?:^|[^a-z])(key_[0-9]{4})(?:$|[^0-9])'''");
        let text = b"zzkey_1234 5key_67890";
        let found: Vec<_> =
            matcher.search(text, &[2..10, 12..20], "a", Kind::Text).matches.into_iter().map(|one| one.secret).collect();
        assert_eq!(found, [2..10, 12..20]);
        assert!(matcher.search(text, &[2..6, 6..10], "a", Kind::Text).matches.is_empty());
    }

    #[test]
    fn a_secret_inside_a_match_that_was_refused_is_found() {
        let plain = matcher("keywords=['key=']\nallow=['^key=']\npattern='''key=(key=[a-z]{3}|[a-z]{3})'''");
        assert_eq!(secrets(&plain, "key=key=abc"), ["abc"]);
        let sealed = "keywords=['npm_']\nchecksum='crc32-base62-6'\npattern='''npm_[0-9A-Za-z_]{36}'''";
        let token = crate::rules::example::fill("npm_<base62*30><crc32-base62-6>", 3).unwrap();
        assert_eq!(secrets(&matcher(sealed), &format!("npm_{token}")), [token]);
    }

    #[test]
    fn searching_again_is_bounded() {
        let matcher = matcher("keywords=['key']\nallow=['k']\npattern='k[key]*'");
        assert!(secrets(&matcher, &"key".repeat(50_000)).is_empty());
    }

    #[test]
    fn a_pattern_that_matches_nothing_ends() {
        let matcher = matcher("keywords=['abc']\npattern='x*'");
        assert!(secrets(&matcher, "abc").len() <= 4);
    }

    #[test]
    fn keywords_may_ignore_case_and_paths_may_restrict() {
        let matcher = matcher("ignore_case=true\nkeywords=['pass']\npattern='(?i)pass=(\\w+)'\npaths=['**/*.ini']");
        assert_eq!(secrets(&matcher, "PASS=one"), Vec::<String>::new());
        let all = 0..8;
        let found = matcher.search(b"PASS=one", std::slice::from_ref(&all), "conf/A.INI", Kind::Text).matches;
        assert_eq!(found.len(), 1);
    }
}
