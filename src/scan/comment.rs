//! Comments that allow a finding where it stands: `gitleaks:allow` and the like. They are meant for source text. In a
//! bundle, one would allow whatever else stands on its only line, so they count only in files whose lines are short.

use std::ops::Range;

use crate::detect::ContentMatch;
use crate::finding::Category;

/// The longest line, in bytes, on which a comment counts.
const LINE: usize = 500;
/// The longest line, in bytes, of a file in which comments count.
const LONGEST: usize = 2_000;
/// The shortest reason.
const REASON: usize = 3;
/// Marks of other tools. They know secrets only.
const OTHERS: [&[u8]; 2] = [b"gitleaks:allow", b"betterleaks:allow"];
/// Our own, which names the rule and gives a reason.
const OWN: &[u8] = b"lastlook:allow";
/// What begins a comment.
const SIGNS: [&[u8]; 7] = [b"#", b"//", b"/*", b"<!--", b"--", b";", b"%"];

/// Asks the comments of one text.
pub struct Comments<'t> {
    text: &'t [u8],
    /// Whether its lines are short, once somebody has asked.
    short: Option<bool>,
}

impl<'t> Comments<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Comments { text, short: None }
    }

    /// The byte at which a comment begins that allows what was found.
    pub fn allowing(&mut self, found: &ContentMatch<'_>) -> Option<usize> {
        let (first, last) = (found.secret.start, found.secret.end.saturating_sub(1).max(found.secret.start));
        let at = [first, last].into_iter().find_map(|at| {
            let line = self.line(at)?;
            Some(line.start + allows(&self.text[line.clone()], found)?)
        })?;
        let longest = |text: &[u8]| text.split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap_or(0);
        let text = self.text;
        self.short.get_or_insert_with(|| longest(text) <= LONGEST).then_some(at)
    }

    /// The line around a place, if it is short.
    fn line(&self, at: usize) -> Option<Range<usize>> {
        let before = &self.text[at.saturating_sub(LINE)..at];
        let after = &self.text[at..at.saturating_add(LINE).min(self.text.len())];
        let start = match memchr::memrchr(b'\n', before) {
            Some(feed) => at - before.len() + feed + 1,
            None if before.len() == at => 0,
            None => return None,
        };
        let end = match memchr::memchr(b'\n', after) {
            Some(feed) => at + feed,
            None if at + after.len() == self.text.len() => self.text.len(),
            None => return None,
        };
        (end - start <= LINE).then_some(start..end)
    }
}

/// Where in the line a mark stands that allows what was found.
fn allows(line: &[u8], found: &ContentMatch<'_>) -> Option<usize> {
    let in_comment = |at: usize| SIGNS.iter().any(|sign| memchr::memmem::find(&line[..at], sign).is_some());
    let word =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-');
    let stands = |mark: &'static [u8]| {
        memchr::memmem::find_iter(line, mark)
            .find(|at| {
                let before = at.checked_sub(1).and_then(|before| line.get(before));
                in_comment(*at) && !word(before) && !word(line.get(at + mark.len()))
            })
            .map(|at| (at, at + mark.len()))
    };
    let is_secret = found.active.rule.category == Category::Secret;
    let others = || OTHERS.into_iter().find_map(stands).filter(|_| is_secret).map(|(at, _)| at);
    let own = || {
        let (at, end) = stands(OWN)?;
        let said = String::from_utf8_lossy(&line[end..]);
        let (rule, reason) = said.trim_start_matches(':').trim().split_once(char::is_whitespace)?;
        let reason = reason.trim_end_matches(['*', '/', '-', '>']).trim();
        (*rule == *found.active.rule.id && reason.chars().count() >= REASON).then_some(at)
    };
    own().or_else(others)
}

#[cfg(test)]
mod tests {
    use crate::rules::example;

    /// How many findings of an npm token in `text` are left, and why others are allowed. `{}` stands for the token.
    fn judged(text: &str) -> (usize, Vec<String>) {
        let token = example::fill("npm_<base62*30><crc32-base62-6>", 7).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.js"), text.replace("{}", &token)).unwrap();
        let outcome = crate::Scanner::builder().threads(1).build().unwrap().scan(&[folder.path()]).unwrap();
        let left = outcome.findings.iter().filter(|finding| &*finding.rule == "npm-access-token").count();
        (left, outcome.allowed.into_iter().map(|allowed| allowed.reason).collect())
    }

    #[test]
    fn a_comment_allows_what_stands_on_its_line_and_is_counted() {
        let (left, allowed) = judged("a();\nlet key = '{}'; // gitleaks:allow\nb();\n");
        assert_eq!((left, allowed.len()), (0, 1));
        assert_eq!(judged("let key = '{}';\n// gitleaks:allow\n").0, 1, "another line");
        assert_eq!(judged("let key = '{}', gitleaks = 'gitleaks:allowed';\n").0, 1, "no comment");
    }

    #[test]
    fn our_own_comment_needs_the_rule_and_a_reason() {
        assert_eq!(judged("let key = '{}'; // lastlook:allow npm-access-token revoked in May\n").0, 0);
        assert_eq!(judged("let key = '{}'; // lastlook:allow npm-access-token\n").0, 1);
        assert_eq!(judged("let key = '{}'; // lastlook:allow json-web-token revoked in May\n").0, 1);
    }

    #[test]
    fn a_bundle_is_never_allowed_by_a_comment() {
        let code = "f(a,b);".repeat(100);
        assert_eq!(judged(&format!("{code}let key='{}';// gitleaks:allow\n", "{}")).0, 1, "a long line");
        let long = "f(a,b);".repeat(400);
        assert_eq!(judged(&format!("let key='{}';// gitleaks:allow\n{long}\n", "{}")).0, 1, "a long line elsewhere");
    }
}
