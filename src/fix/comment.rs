//! Taking `sourceMappingURL` comments out of scripts and style sheets (ECMA-426, "Linking generated code to source
//! maps").
//!
//! Only where it is certain that the comment is one. Without reading the whole language that is the end of a script,
//! where nothing but comments and white space follow; elsewhere the same characters may stand in a string.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::edit::Edit;
use crate::formats::source_map::comment;

/// How a comment that links a map goes on, where nothing of it is escaped.
pub(super) const MARK: &[u8] = b"sourceMappingURL=";

/// The URL at the start of `rest`, if nothing of it is escaped; empty otherwise.
pub(super) fn url(rest: &[u8]) -> &[u8] {
    match comment::url(rest, false).text {
        Cow::Borrowed(url) => url,
        Cow::Owned(_) => &[],
    }
}

/// A comment that links a map.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// The URL.
    pub url: Range<usize>,
    /// The whole comment.
    range: Range<usize>,
}

impl Link {
    /// Takes the comment out. A line that held nothing else goes with it if it is the last; elsewhere the line stays,
    /// so that what follows keeps its place.
    pub fn removed(&self, text: &[u8]) -> Edit {
        let mut range = self.range.clone();
        let white = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let line = range.start - text[..range.start].iter().rev().take_while(white).count();
        let alone = line == 0 || text[line - 1] == b'\n';
        let last = text[range.end..].iter().all(u8::is_ascii_whitespace);
        if alone && last {
            range.start = line;
            range.end = text.len();
        }
        Edit::remove(range)
    }
}

/// The comments of `text` that certainly are comments and link a map, in the order of their places. `style` says
/// whether it is a style sheet.
pub fn links(text: &[u8], style: bool) -> Vec<Link> {
    let tail = if style { 0 } else { tail(text) };
    let marks = memmem::find_iter(text, MARK);
    marks.filter_map(|at| if style { in_style(text, at) } else { in_script(text, at, tail) }).collect()
}

/// Where the lines begin, at the end of a script, that hold nothing but comments.
fn tail(text: &[u8]) -> usize {
    let quoted = |line: &[u8]| line.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let comment = |line: &[u8]| line.is_empty() || line.starts_with(b"//") && !quoted(line);
    let mut start = text.len();
    while start > 0 {
        let line = memchr::memrchr2(b'\n', b'\r', &text[..start - 1]).map_or(0, |end| end + 1);
        if !comment(text[line..start].trim_ascii()) {
            break;
        }
        start = line;
    }
    start
}

fn in_style(text: &[u8], at: usize) -> Option<Link> {
    let open = opening(text, at, &[b"/*#", b"/*@"])?;
    let start = at + MARK.len();
    let end = start + url(&text[start..]).len();
    let rest = text.get(end..)?;
    let close = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
    rest[close..].starts_with(b"*/").then_some(Link { url: start..end, range: open..end + close + 2 })
}

fn in_script(text: &[u8], at: usize, tail: usize) -> Option<Link> {
    let open = opening(text, at, &[b"//#", b"//@"])?;
    let start = at + MARK.len();
    let end = start + url(&text[start..]).len();
    let rest = text.get(end..)?;
    let line = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    let alone = rest[..line].trim_ascii().is_empty() && end + line + 1 >= tail;
    alone.then_some(Link { url: start..end, range: open..end })
}

/// Where the comment that the mark at `at` belongs to is opened.
fn opening(text: &[u8], at: usize, forms: &[&[u8]]) -> Option<usize> {
    let before = text[..at].trim_ascii_end();
    let same_line = !text[before.len()..at].contains(&b'\n');
    let form = forms.iter().find(|form| before.ends_with(form)).filter(|_| same_line)?;
    Some(before.len() - form.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::edit::apply;

    fn without(text: &str, style: bool) -> String {
        let edits: Vec<Edit> = links(text.as_bytes(), style).iter().map(|link| link.removed(text.as_bytes())).collect();
        String::from_utf8(apply(text.as_bytes(), &edits).to_vec()).unwrap()
    }

    #[test]
    fn comments_at_the_end_go() {
        for (before, after) in [
            ("a()\n//# sourceMappingURL=a.js.map\n", "a()\n"),
            ("a()\r\n//@ sourceMappingURL=a.js.map", "a()\r\n"),
            ("a() //# sourceMappingURL=a.js.map\n", "a() \n"),
            ("a()\n//# sourceMappingURL=a.js.map\n//# debugId=1\n", "a()\n\n//# debugId=1\n"),
        ] {
            assert_eq!(without(before, false), after);
        }
        assert_eq!(without("a{}\n/*# sourceMappingURL=a.css.map */\n", true), "a{}\n");
        assert_eq!(without("a{}/*# sourceMappingURL=a.css.map*/b{}", true), "a{}b{}");
    }

    #[test]
    fn what_may_be_a_string_stays() {
        for text in [
            "x = `\n//# sourceMappingURL=a.js.map\n`",
            "x = '//# sourceMappingURL=a.js.map'",
            "eval(\"a\\n//# sourceMappingURL=a.js.map\\n\")",
            "/*\n//# sourceMappingURL=a.js.map\n*/",
            "//# sourceMappingURL=a.js.map\nb()",
            "//# sourceMappingURL=a.js.map\n// `",
        ] {
            assert_eq!(without(text, false), text);
        }
    }
}
