//! The literals in a pattern: what must stand in every match, so that a rule is asked only where that stands.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Most literals that a rule is looked for by.
const MOST: usize = 64;
/// How deep a pattern is looked into.
const DEEPEST: usize = 40;

/// A pattern, taken apart.
#[derive(Debug)]
pub struct Shape(Hir);

impl Shape {
    /// Takes a pattern apart; `None` where it is no pattern.
    pub fn of(pattern: &str) -> Option<Shape> {
        ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).ok().map(Shape)
    }

    /// Whether one of `words`, all in lower case, stands in every match, in any case.
    pub fn always_holds(&self, words: &[String]) -> bool {
        !words.is_empty() && holds(&[&self.0], words, 0)
    }

    /// Literals in lower case, one of which stands in every match, in any case. The longer the shortest of them, the
    /// better; `None` where there are none of at least `least` bytes.
    pub fn literals(&self, least: usize) -> Option<Vec<String>> {
        let found = best(&[&self.0], 0)?;
        (shortest(&found) >= least).then_some(found)
    }

    /// The longest match in bytes, where there is one.
    pub fn longest(&self) -> Option<usize> {
        self.0.properties().maximum_len()
    }

    /// Whether the secret begins with letters that hardly anything else begins with: `least` of them at least. The secret
    /// is `group`, or the first one, or everything.
    pub fn has_prefix(&self, group: usize, least: usize) -> bool {
        let secret = capture(&self.0, group, 0).unwrap_or(&self.0);
        prefix(secret, 0) >= least
    }
}

/// A run of letters that stand side by side in every match, or a part that has to be looked into.
enum Piece<'h> {
    Run(String),
    Part(&'h Hir),
}

/// The parts of a sequence, with groups opened.
fn pieces<'h>(parts: &[&'h Hir], depth: usize, out: &mut Vec<Piece<'h>>) {
    for part in parts {
        match part.kind() {
            HirKind::Concat(inner) if depth < DEEPEST => pieces(&inner.iter().collect::<Vec<_>>(), depth + 1, out),
            HirKind::Capture(group) if depth < DEEPEST => pieces(&[&*group.sub], depth + 1, out),
            HirKind::Look(_) | HirKind::Empty => {}
            HirKind::Literal(literal) if literal.0.is_ascii() => {
                push(out, &String::from_utf8_lossy(&literal.0).to_ascii_lowercase());
            }
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => push(out, letter.encode_utf8(&mut [0; 4])),
                None => out.push(Piece::Part(part)),
            },
            _ => out.push(Piece::Part(part)),
        }
    }
}

fn push(out: &mut Vec<Piece<'_>>, text: &str) {
    match out.last_mut() {
        Some(Piece::Run(run)) => run.push_str(text),
        _ => out.push(Piece::Run(text.to_owned())),
    }
}

/// The lower-case letter that a class stands for in any case.
fn one_letter(class: &Class) -> Option<char> {
    let mut letters: Vec<u8> = Vec::new();
    match class {
        Class::Bytes(class) => {
            for range in class.ranges() {
                letters.extend((range.start()..=range.end()).take(3));
            }
        }
        Class::Unicode(class) => {
            for range in class.ranges() {
                letters.extend((range.start()..=range.end()).take(3).filter_map(|c| u8::try_from(c).ok()));
                if !range.end().is_ascii() {
                    return None;
                }
            }
        }
    }
    let first = letters.first()?.to_ascii_lowercase();
    (letters.len() <= 2 && first.is_ascii() && letters.iter().all(|letter| letter.to_ascii_lowercase() == first))
        .then_some(char::from(first))
}

fn holds(parts: &[&Hir], words: &[String], depth: usize) -> bool {
    let mut found = Vec::new();
    pieces(parts, depth, &mut found);
    depth < DEEPEST
        && found.iter().any(|piece| match piece {
            Piece::Run(run) => words.iter().any(|word| run.contains(word.as_str())),
            Piece::Part(part) => match part.kind() {
                HirKind::Alternation(branches) => branches.iter().all(|branch| holds(&[branch], words, depth + 1)),
                HirKind::Repetition(repeated) if repeated.min > 0 => holds(&[&repeated.sub], words, depth + 1),
                _ => false,
            },
        })
}

fn shortest(words: &[String]) -> usize {
    words.iter().map(String::len).min().unwrap_or(0)
}

fn best(parts: &[&Hir], depth: usize) -> Option<Vec<String>> {
    if depth >= DEEPEST {
        return None;
    }
    let mut found = Vec::new();
    pieces(parts, depth, &mut found);
    let sets = found.into_iter().filter_map(|piece| match piece {
        Piece::Run(run) => Some(vec![run]),
        Piece::Part(part) => match part.kind() {
            HirKind::Alternation(branches) => {
                let all: Option<Vec<_>> = branches.iter().map(|branch| best(&[branch], depth + 1)).collect();
                let mut all: Vec<String> = all?.concat();
                all.sort();
                all.dedup();
                (all.len() <= MOST).then_some(all)
            }
            HirKind::Repetition(repeated) if repeated.min > 0 => best(&[&repeated.sub], depth + 1),
            _ => None,
        },
    });
    // The longest shortest word wins; among equals, the fewer words.
    sets.reduce(|one, other| {
        let better = (shortest(&other).min(8), std::cmp::Reverse(other.len()));
        if better > (shortest(&one).min(8), std::cmp::Reverse(one.len())) { other } else { one }
    })
}

/// The group with this number, or the first one for 0.
fn capture(hir: &Hir, group: usize, depth: usize) -> Option<&Hir> {
    if depth >= DEEPEST {
        return None;
    }
    match hir.kind() {
        HirKind::Capture(found) if group == 0 || found.index as usize == group => Some(&found.sub),
        HirKind::Capture(found) => capture(&found.sub, group, depth + 1),
        HirKind::Repetition(repeated) => capture(&repeated.sub, group, depth + 1),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().find_map(|part| capture(part, group, depth + 1))
        }
        _ => None,
    }
}

/// How many letters every match begins with, at least.
fn prefix(hir: &Hir, depth: usize) -> usize {
    let mut found = Vec::new();
    pieces(&[hir], depth, &mut found);
    match found.first() {
        Some(Piece::Run(run)) => run.len(),
        Some(Piece::Part(part)) if depth < DEEPEST => match part.kind() {
            HirKind::Alternation(branches) => {
                branches.iter().map(|branch| prefix(branch, depth + 1)).min().unwrap_or(0)
            }
            _ => 0,
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_keyword_counts_where_every_match_holds_it() {
        let generic = r#"(?i)[\w.-]{0,50}?(?:ada|bob)(?:[ \t\w.-]{0,20})[\s'"]{0,3}=\s*([a-z0-9]{32})"#;
        let shape = Shape::of(generic).unwrap();
        assert!(shape.always_holds(&words(&["ada", "bo"])));
        assert!(!shape.always_holds(&words(&["ada"])));
        assert!(!Shape::of("pat[a-z]{14}").unwrap().always_holds(&words(&["airtable"])));
        assert!(Shape::of(r"(?-i:ATLAS|[Aa]tlas)-x|\bx(jir[aA])").unwrap().always_holds(&words(&["atlas", "jira"])));
    }

    #[test]
    fn literals_are_what_every_match_holds() {
        let literals = |pattern: &str| Shape::of(pattern).unwrap().literals(2);
        assert_eq!(literals(r"\b(p8e-(?i)[a-z0-9]{32})\b"), Some(words(&["p8e-"])));
        assert_eq!(literals(r"(?:AKIA|ASIA|A3T[A-Z])[A-Z2-7]{16}"), Some(words(&["a3t", "akia", "asia"])));
        assert_eq!(literals(r"(?:x{2,4}yy_|zz)+[a-z]"), Some(words(&["yy_", "zz"])));
        assert_eq!(literals(r"[a-z]{3}\dQ~[a-z]{3}"), Some(words(&["q~"])));
        assert_eq!(literals(r"(?:token)?[0-9a-f]{32}"), None);
        assert_eq!(literals(r"a.*b"), None);
    }

    #[test]
    fn a_prefix_is_that_of_the_secret() {
        let has = |pattern: &str| Shape::of(pattern).unwrap().has_prefix(0, 3);
        assert!(has(r"\b(p8e-[a-z]{3})\b") && has("AKIA[A-Z]{4}") && has("(?i)(?:abc|def)x"));
        assert!(!has("(?i)adobe.{0,9}=([a-f0-9]{32})") && !has("ey[a-z]+"));
        assert!(Shape::of("(key)=(tok_[a-z]+)").unwrap().has_prefix(2, 4));
    }
}
