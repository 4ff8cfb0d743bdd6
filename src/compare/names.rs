//! Names that differ from build to build, and mean the same.

use std::borrow::Cow;
use std::collections::HashSet;

use super::files::Item;

/// Words that may follow the numbers of a version.
const STAGES: [&str; 13] =
    ["alpha", "beta", "canary", "dev", "next", "nightly", "post", "pre", "preview", "rc", "snapshot", "a", "b"];

/// Fewest characters of a hash in a name.
const HASH: usize = 6;

/// How many bytes at the start of every name are a folder that the other side does not have.
pub type Shift = usize;

/// Takes the one folder that holds everything off the names of one side, if the names of both fit together better then.
pub fn align(old: &mut [Item], new: &mut [Item]) -> (Shift, Shift) {
    let (old_top, new_top) = (top(old), top(new));
    let ways = [(0, 0), (old_top, 0), (0, new_top), (old_top, new_top)];
    let common = |(old_shift, new_shift): (Shift, Shift)| {
        let known: HashSet<&str> = old.iter().filter_map(|item| item.name.get(old_shift..)).collect();
        new.iter().filter(|item| item.name.get(new_shift..).is_some_and(|name| known.contains(name))).count()
    };
    let mut best = (common(ways[0]), ways[0]);
    for way in ways {
        let fitting = common(way);
        if fitting > best.0 {
            best = (fitting, way);
        }
    }
    let (old_shift, new_shift) = best.1;
    old.iter_mut().for_each(|item| drop(item.name.drain(..old_shift)));
    new.iter_mut().for_each(|item| drop(item.name.drain(..new_shift)));
    best.1
}

/// The length of the folder that holds everything, with its separator; 0 where there is none.
fn top(items: &[Item]) -> Shift {
    let folder = |item: &Item| item.name.split_once('/').map(|(top, _)| top.to_owned());
    match items.first().and_then(folder) {
        Some(first) if items.iter().all(|item| folder(item).as_deref() == Some(&*first)) => first.len() + 1,
        _ => 0,
    }
}

/// The name with a `*` for each version in it: `app-1.2.0-rc.1.dist-info/RECORD` is `app-*.dist-info/RECORD`.
pub fn without_versions(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    let (mut out, mut done, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let inside = at > 0 && bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'v';
        match version(&bytes[at..]).filter(|_| !inside) {
            Some(length) => {
                out.push_str(&name[done..at]);
                out.push('*');
                at += length;
                done = at;
            }
            None => at += 1,
        }
    }
    if done == 0 { Cow::Borrowed(name) } else { Cow::Owned(out + &name[done..]) }
}

/// The length of the version at the start: numbers joined by dots, and a stage.
fn version(bytes: &[u8]) -> Option<usize> {
    let digits =
        |at: usize| bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = digits(0);
    if at == 0 || bytes.get(at) != Some(&b'.') || digits(at + 1) == 0 {
        return None;
    }
    while bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    let separated = at + usize::from(matches!(bytes.get(at), Some(b'-' | b'.' | b'_')));
    let rest = bytes.get(separated..).unwrap_or_default();
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_stage = STAGES.iter().any(|stage| rest[..word].eq_ignore_ascii_case(stage.as_bytes()));
    if is_stage && word > 0 {
        at = separated + word;
        at += if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 { 1 + digits(at + 1) } else { digits(at) };
    }
    Some(at)
}

/// The name with a `*` for each hash and version in it: `js/main.3f2a91bc.js` is `js/main.*.js`.
pub fn without_hashes(name: &str) -> String {
    let name = without_versions(name);
    let mut out = String::with_capacity(name.len());
    for piece in name.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        out.push_str(if is_hash(word) { "*" } else { word });
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// Whether a word of a name was drawn at random: letters and digits mixed, or letters of both cases in no order.
fn is_hash(word: &str) -> bool {
    let has = |wanted: fn(&u8) -> bool| word.bytes().filter(wanted).count();
    let (digits, upper, lower) = (has(u8::is_ascii_digit), has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let mixed = digits > 0 && upper + lower > 0 && !ends_in_number(word);
    let cased = word.len() == 8 && lower > 0 && upper > 2;
    word.len() >= HASH && (mixed || cased)
}

/// Whether it is a word with a short number behind it, such as `chapter12`.
fn ends_in_number(word: &str) -> bool {
    let letters = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    word.len() - letters.len() <= 3 && letters.bytes().all(|letter| letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_other_numbers() {
        for (name, expected) in [
            ("app-1.2.0.dist-info/RECORD", "app-*.dist-info/RECORD"),
            ("app-1.2.0rc1-py3-none-any.whl", "app-*-py3-none-any.whl"),
            ("lib-2.0.0-beta.3.jar!a/B.class", "lib-*.jar!a/B.class"),
            ("jquery-3.6.0.min.js", "jquery-*.min.js"),
            ("libz.so.1.2.13", "libz.so.*"),
            ("a1.2b", "a1.2b"),
            ("dist/v1/x.js", "dist/v1/x.js"),
            ("v1.0/x", "v*/x"),
        ] {
            assert_eq!(without_versions(name), expected, "{name}");
        }
    }

    #[test]
    fn hashes_are_told_from_words() {
        for (name, expected) in [
            ("js/main.3f2a91bc.js", "js/main.*.js"),
            ("assets/index-DxRvKqZa.css", "assets/index-*.css"),
            ("_next/static/a1B2c3D4e5F6g7H8i9J0k/x.js", "_next/static/*/x.js"),
            ("src/httpClient.ts", "src/httpClient.ts"),
            ("book/chapter12.html", "book/chapter12.html"),
            ("utf8.js", "utf8.js"),
        ] {
            assert_eq!(without_hashes(name), expected, "{name}");
        }
    }
}
