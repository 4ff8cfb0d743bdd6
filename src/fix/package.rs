//! Keeping maps out of an npm package: the `files` list of package.json, or `.npmignore`.
//!
//! npm takes what `files` lists, and a pattern with `!` takes out of it again. Without `files` it takes everything that
//! `.npmignore` does not name; where there is no `.npmignore`, `.gitignore` stands in for it, and stops doing so as soon
//! as there is one.

use super::edit::Edit;
use crate::formats::source_map::json::{Kind, Raw, Scanner, unescape};
use crate::formats::source_map::read::start;

/// What takes maps out of `files`.
const PATTERN: &str = "!**/*.map";
/// What takes maps out in an ignore file.
const IGNORED: &str = "*.map";

/// What package.json says about what is published.
#[derive(Debug, PartialEq, Eq)]
pub enum Files {
    /// It is no object, or its `files` is no list: nothing can be said.
    Unknown,
    /// It has no name: npm publishes no such package, it only says how scripts in the folder are read.
    NoPackage,
    /// There is no `files`.
    Missing,
    /// Maps are kept out already.
    Done,
    /// The edit that keeps them out.
    Add(Edit),
}

/// Reads package.json.
pub fn files(text: &[u8]) -> Files {
    let (mut named, mut list) = (false, None);
    let walked = Scanner::new(text, start(text)).object(|key, value| match key {
        b"name" => named = value.kind == Kind::String,
        // Where a key is repeated the last one counts.
        b"files" => list = Some(value),
        _ => {}
    });
    match list {
        _ if walked.is_err() => Files::Unknown,
        _ if !named => Files::NoPackage,
        None => Files::Missing,
        Some(list) => in_list(text, list),
    }
}

fn in_list(text: &[u8], list: Raw) -> Files {
    let mut items: Vec<Raw> = Vec::new();
    let walked = Scanner::new(text, list.start).array(|item| {
        items.push(item);
        true
    });
    if list.kind != Kind::Array || walked.is_err() {
        return Files::Unknown;
    }
    if items.iter().any(|item| unescape(text, *item) == PATTERN.as_bytes()) {
        return Files::Done;
    }
    // Without an entry nothing is published but what cannot be left out.
    let Some(last) = items.last() else { return Files::Done };
    let before = match items.len().checked_sub(2).and_then(|index| items.get(index)) {
        Some(previous) => &text[previous.end..last.start],
        None => &text[list.start + 1..last.start],
    };
    let white: Vec<u8> = before.iter().copied().filter(u8::is_ascii_whitespace).collect();
    let between = match white.as_slice() {
        b"" if items.len() == 1 && text.contains(&b' ') => b" ",
        white => white,
    };
    let new = [b",", between, b"\"", PATTERN.as_bytes(), b"\""].concat();
    Files::Add(Edit { range: last.end..last.end, new })
}

/// What `.npmignore` has to hold: what is there (or, where it is new, what `.gitignore` says) and a line for maps.
/// `None` where it has one.
pub fn ignore_file(there: &[u8]) -> Option<Vec<u8>> {
    let named = |line: &[u8]| matches!(line.trim_ascii(), b"*.map" | b"**/*.map");
    if there.split(|byte| *byte == b'\n').any(named) {
        return None;
    }
    let end: &[u8] = if memchr::memmem::find(there, b"\r\n").is_some() { b"\r\n" } else { b"\n" };
    let mut new = there.to_vec();
    if !there.is_empty() && !there.ends_with(b"\n") {
        new.extend_from_slice(end);
    }
    new.extend_from_slice(IGNORED.as_bytes());
    new.extend_from_slice(end);
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::edit::apply;

    #[test]
    fn a_list_of_files_grows_by_one_pattern_and_nothing_else_changes() {
        for (before, after) in [
            (
                "{\n\t\"name\": \"a\",\n\t\"files\": [\n\t\t\"dist\"\n\t],\n\t\"x\":1}",
                "{\n\t\"name\": \"a\",\n\t\"files\": [\n\t\t\"dist\",\n\t\t\"!**/*.map\"\n\t],\n\t\"x\":1}",
            ),
            (
                "{\"name\":\"a\",\r\n  \"files\": [\"dist\"]\r\n}\r\n",
                "{\"name\":\"a\",\r\n  \"files\": [\"dist\", \"!**/*.map\"]\r\n}\r\n",
            ),
            (
                "{\"name\":\"a\",\"files\":[\"dist\",\"src\"]}",
                "{\"name\":\"a\",\"files\":[\"dist\",\"src\",\"!**/*.map\"]}",
            ),
            ("{\"name\":\"a\",\"files\":[\"dist\"]}", "{\"name\":\"a\",\"files\":[\"dist\",\"!**/*.map\"]}"),
            (
                "{\"name\": \"a\", \"files\": [],\n \"files\": [\n    \"a\",\n    \"b\"\n]}\n",
                "{\"name\": \"a\", \"files\": [],\n \"files\": [\n    \"a\",\n    \"b\",\n    \"!**/*.map\"\n]}\n",
            ),
        ] {
            let Files::Add(edit) = files(before.as_bytes()) else { panic!("{before}") };
            assert_eq!(String::from_utf8(apply(before.as_bytes(), &[edit]).to_vec()).unwrap(), after);
            assert_eq!(files(after.as_bytes()), Files::Done);
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        assert_eq!(files(b"{\"name\":\"a\"}"), Files::Missing);
        assert_eq!(files(b"{\"type\":\"module\"}"), Files::NoPackage);
        assert_eq!(files(b"{\"name\":\"a\",\"files\":\"dist\"}"), Files::Unknown);
        assert_eq!(files(b"{\"name\":\"a\",\"files\":[\"dist\""), Files::Unknown);
        assert_eq!(files(b"{\"name\":\"a\",\"files\":[]}"), Files::Done);
    }

    #[test]
    fn an_ignore_file_grows_by_one_line() {
        assert_eq!(ignore_file(b"").unwrap(), b"*.map\n");
        assert_eq!(ignore_file(b"a\r\nb").unwrap(), b"a\r\nb\r\n*.map\r\n");
        assert_eq!(ignore_file(b"node_modules\n").unwrap(), b"node_modules\n*.map\n");
        assert_eq!(ignore_file(b"a\n*.map\nb\n"), None);
    }
}
