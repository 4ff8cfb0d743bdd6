//! Strings that stand back to back.
//!
//! Go, Rust, Swift and WebAssembly keep the length of a string beside its address, so nothing stands between one string
//! and the next; Java and many other formats put a length in front, which may look like a letter. What a pattern asks
//! of the neighbours of a match ("no letter before it") is then asked of other strings. Where it fails in bytes that are
//! no text, the pattern is tried without it, and what the neighbours no longer prove the secret has to prove by itself:
//! by a checksum, or by looking drawn at random amid neighbours that do not.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind};

use super::content::{is_secret, ranges};
use crate::config::Text;
use crate::rules::{ContentRule, LazyRegex, are_random_letters, is_words, looks_random};

/// How often a stretch is searched again inside of a match that was refused.
const RETRIES: usize = 16;
/// How many bytes of a neighbour are looked at.
const NEIGHBOUR: usize = 24;
/// From how many bytes on the body of a token is judged by itself.
const BODY: usize = 14;
/// The longest word before a token that says no more than that it is one: `Bearer `.
const SHORT: usize = 8;
/// How far before a token the name of a symbol may begin.
const LONGEST_SYMBOL: usize = 4 << 10;
/// From how many bytes on it can be told whether a neighbour is random.
const TELLING: usize = 12;

/// The patterns of all rules without what they ask of the neighbours of a match, made when they are first needed.
#[derive(Debug)]
pub struct Glued(Vec<OnceLock<Option<Loose>>>);

/// A pattern that asks nothing of the neighbours.
#[derive(Debug)]
struct Loose(Regex);

impl Glued {
    /// For this number of rules.
    pub fn new(rules: usize) -> Self {
        Glued(std::iter::repeat_with(OnceLock::new).take(rules).collect())
    }

    /// What the rule at this position finds in `window` of `text` if the neighbours of a match are other strings: the
    /// secrets. Those `known` already, in rising order, are left out.
    pub fn search(
        &self,
        (at, rule): (usize, &ContentRule),
        text: &[u8],
        window: Range<usize>,
        known: &[Range<usize>],
        mut found: impl FnMut(Range<usize>),
    ) {
        // What rules of other tools ask for besides has no meaning without their own matches.
        let loose = self.0.get(at).filter(|_| rule.conditions.is_none());
        let Some(loose) = loose.and_then(|slot| slot.get_or_init(|| Loose::of(rule)).as_ref()) else { return };
        let mut last = 0;
        let mut start = window.start;
        while start < window.end {
            // Stretches bound what a pattern without an end may run through, and overlap by as much as a match may span.
            let end = start.saturating_add(rule.span.saturating_mul(4)).min(window.end);
            last = loose.stretch(rule, text, start.max(last)..end, known, &mut found).max(last);
            if end == window.end {
                return;
            }
            start = end.saturating_sub(rule.span).max(start + 1);
        }
    }
}

impl Loose {
    fn of(rule: &ContentRule) -> Option<Self> {
        let hir = without_boundaries(rule.pattern.source(), &rule.keywords)?;
        Some(Loose(LazyRegex::compile(&hir.to_string()).ok()?))
    }

    /// Searches one stretch, and answers where its last match ends.
    fn stretch(
        &self,
        rule: &ContentRule,
        text: &[u8],
        stretch: Range<usize>,
        known: &[Range<usize>],
        found: &mut impl FnMut(Range<usize>),
    ) -> usize {
        let (mut at, mut last, mut retries) = (stretch.start, 0, RETRIES);
        while at < stretch.end {
            let Some(whole) = self.0.find_at(&text[..stretch.end], at).map(|found| found.range()) else { break };
            // They are in order and do not overlap.
            let next = known.partition_point(|other| other.end <= whole.start);
            let is_known = known.get(next).is_some_and(|other| other.start < whole.end);
            let captures = || ranges(&self.0.captures_at(&text[..stretch.end], at)?);
            let secret = (!is_known).then(captures).flatten().filter(|(whole, secret)| is_glued(text, whole, secret));
            match secret.and_then(|(_, secret)| self.proven(rule, text, &whole, secret, last)) {
                Some(secret) => {
                    at = secret.end.max(at + 1);
                    last = secret.end;
                    found(secret);
                }
                None if is_known => at = whole.end.max(at + 1),
                None if retries > 0 => {
                    retries -= 1;
                    at = whole.start.max(at) + 1;
                }
                None => at = whole.end.max(at + 1),
            }
        }
        last
    }

    /// The secret, if it is one whatever its neighbours are. `last` is where the secret before it ends.
    fn proven(
        &self,
        rule: &ContentRule,
        text: &[u8],
        whole: &Range<usize>,
        secret: Range<usize>,
        last: usize,
    ) -> Option<Range<usize>> {
        // The end of a match of any length may belong to the next string, and a few letters too many are no base64.
        let earliest = self.0.shortest_match_at(&text[..whole.end], whole.start).unwrap_or(whole.end);
        let least = earliest.clamp(secret.start, secret.end);
        let ends = (least..=secret.end).rev().take(4);
        let secret = ends.map(|end| secret.start..end).find(|secret| is_secret(rule, &text[secret.clone()]))?;
        // Structures do not tell: words in capitals are base32, and an AWS access key id is no more than that.
        if rule.checksum.is_some() {
            return Some(secret);
        }
        if !has_random_body(&text[secret.start..least], &rule.keywords) {
            return None;
        }
        // Amid random text, any shape comes up by chance; strings that were glued have words around them.
        let before = run(text[..whole.start].iter().rev());
        let after = run(text[whole.end..].iter());
        let is_random = |neighbour: Range<usize>| {
            neighbour.len() >= TELLING && neighbour.start >= last && looks_random(&text[neighbour])
        };
        let amid = is_random(whole.start - before..whole.start) && is_random(whole.end..whole.end + after);
        (!amid && !is_symbol(&text[..whole.start])).then_some(secret)
    }
}

/// Whether what follows belongs to the name of a symbol that a compiler has mangled (Itanium C++ ABI 5.1, Rust RFC 2603,
/// Swift `Mangling.rst`): numbers, letters and words in it look drawn at random.
fn is_symbol(before: &[u8]) -> bool {
    const STARTS: [&[u8]; 4] = [b"_RNv", b"_RI", b"$s", b"_$s"];
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_$.".contains(byte);
    let length = before.iter().rev().take(LONGEST_SYMBOL).take_while(is_of_name).count();
    let name = &before[before.len() - length..];
    // Other strings may hide where it begins.
    let mangled = |at: usize| name.get(at + 2).is_some_and(|next| next.is_ascii_digit() || b"NSTKLG".contains(next));
    memchr::memmem::find_iter(name, b"_Z").any(mangled) || STARTS.iter().any(|start| name.starts_with(start))
}

/// Whether what stands behind the name that an issuer puts in front looks drawn at random: all of it without its
/// hyphens, as in a UUID, or the longest of its parts.
fn has_random_body(token: &[u8], keywords: &[Text]) -> bool {
    let behind = |keyword: &Text| {
        let found = token.windows(keyword.len().max(1)).position(|part| part.eq_ignore_ascii_case(keyword.as_bytes()));
        found.map(|at| at + keyword.len())
    };
    let body = keywords.iter().filter_map(behind).max().map(|at| &token[at..]).filter(|body| body.len() >= BODY);
    let body = body.unwrap_or(token);
    let whole: Vec<u8> = body.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let parts = body.split(|byte| !byte.is_ascii_alphanumeric());
    // Names of commands and options, one behind the other, have pairs of letters like those of keys, but hardly a figure or
    // a capital. Keys of small letters and figures have a quarter of figures.
    let others = whole.iter().filter(|byte| !byte.is_ascii_lowercase()).count();
    if others * 10 < whole.len() {
        return false;
    }
    looks_random(&whole)
        || are_random_letters(body)
        || parts.max_by_key(|part| part.len()).is_some_and(|part| part.len() >= BODY && looks_random(part))
}

/// Whether what a rule found in bytes that are no text is only its keyword, with other strings behind it: programs that
/// know the tokens of an issuer hold how they begin, and the next string may go on as a token would.
pub(super) fn is_bare_keyword(rule: &ContentRule, secret: &[u8]) -> bool {
    let behind = |keyword: &Text| {
        let (front, body) = secret.split_at_checked(keyword.len())?;
        front.eq_ignore_ascii_case(keyword.as_bytes()).then_some(body)
    };
    rule.checksum.is_none()
        && rule.structure.is_none()
        && rule.conditions.is_none()
        && rule.keywords.iter().filter_map(behind).min_by_key(|body| body.len()).is_some_and(is_words)
}

/// Whether a secret at an end of a match has a neighbour there that a pattern could object to.
fn is_glued(text: &[u8], whole: &Range<usize>, secret: &Range<usize>) -> bool {
    let before = whole.start.checked_sub(1).and_then(|at| text.get(at)).filter(|_| secret.start == whole.start);
    let after = text.get(whole.end).filter(|_| secret.end == whole.end);
    before.into_iter().chain(after).any(is_of_token)
}

fn is_of_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-+/=.".contains(byte)
}

/// How many bytes at the front could belong to a token.
fn run<'t>(bytes: impl Iterator<Item = &'t u8>) -> usize {
    bytes.take(NEIGHBOUR).take_while(|byte| is_of_token(byte) && **byte != b'.').count()
}

/// The pattern without what it asks of the bytes before and after a match; `None` where it asks nothing of those that
/// a secret could touch.
fn without_boundaries(pattern: &str, keywords: &[Text]) -> Option<Hir> {
    let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()?;
    let grouped = hir.properties().explicit_captures_len() > 0;
    let (bare, changed) = bare(hir, grouped, keywords);
    changed.then_some(bare)
}

/// A pattern without what stands around the secret in it, and whether that has made a difference.
fn bare(hir: Hir, grouped: bool, keywords: &[Text]) -> (Hir, bool) {
    match hir.kind() {
        HirKind::Concat(parts) => {
            // A secret that tells itself needs no quote and no short word before it.
            let tells = |part: &Hir| matches!(part.kind(), HirKind::Capture(_)) && holds_keyword(part, keywords);
            if let Some(at) = parts.iter().position(tells) {
                let most: Option<usize> = parts[..at].iter().map(|part| part.properties().maximum_len()).sum();
                if most.is_some_and(|most| most <= SHORT) && parts[at + 1..].iter().all(is_boundary) {
                    return (parts[at].clone(), true);
                }
            }
            let front = parts.iter().take_while(|part| is_boundary(part)).count();
            let back = parts.iter().skip(front).rev().take_while(|part| is_boundary(part)).count();
            let kept = &parts[front..parts.len() - back];
            let is_secret =
                |part: Option<&Hir>| part.is_some_and(|part| !grouped || part.properties().explicit_captures_len() > 0);
            let touches = (front > 0 && is_secret(kept.first())) || (back > 0 && is_secret(kept.last()));
            if let [one] = kept {
                let (bare, changed) = bare(one.clone(), grouped, keywords);
                return (bare, changed || touches);
            }
            (Hir::concat(kept.to_vec()), touches)
        }
        HirKind::Alternation(ways) => {
            let (ways, changed): (Vec<_>, Vec<_>) = ways.iter().map(|way| bare(way.clone(), grouped, keywords)).unzip();
            (Hir::alternation(ways), changed.contains(&true))
        }
        _ => (hir, false),
    }
}

/// Whether every match of a pattern has a keyword in it.
fn holds_keyword(hir: &Hir, keywords: &[Text]) -> bool {
    let holds = |bytes: &[u8]| {
        keywords.iter().any(|keyword| {
            let keyword = keyword.as_bytes();
            bytes.windows(keyword.len().max(1)).any(|part| part.eq_ignore_ascii_case(keyword))
        })
    };
    let within = match hir.kind() {
        HirKind::Literal(literal) => holds(&literal.0),
        HirKind::Capture(capture) => holds_keyword(&capture.sub, keywords),
        HirKind::Concat(parts) => parts.iter().any(|part| holds_keyword(part, keywords)),
        HirKind::Alternation(ways) => ways.iter().all(|way| holds_keyword(way, keywords)),
        _ => false,
    };
    let starts = || Extractor::new().extract(hir);
    within || starts().literals().is_some_and(|all| !all.is_empty() && all.iter().all(|one| holds(one.as_bytes())))
}

/// Whether a part of a pattern speaks of a neighbour: `\b`, `^`, `(?:^|[^\w-])`, `(?:\b|\\[nrt])`.
fn is_boundary(part: &Hir) -> bool {
    match part.kind() {
        HirKind::Look(_) => true,
        HirKind::Alternation(ways) => {
            let is_short = |way: &Hir| way.properties().maximum_len().is_some_and(|length| length <= 2);
            ways.iter().any(is_boundary) && ways.iter().all(is_short)
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "glued_tests.rs"]
mod tests;
