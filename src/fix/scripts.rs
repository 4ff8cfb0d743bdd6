//! Scripts of package.json: one more command in one of them, and nothing else changes.
//!
//! The file is edited where it stands, never written anew: order, indentation, line ends and byte order mark stay.

use super::edit::Edit;
use crate::formats::source_map::json::{Kind, Raw, Scanner, unescape};
use crate::formats::source_map::read::start;

/// Where a command goes in a script that has some already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before them.
    First,
    /// Behind them.
    Last,
}

/// What package.json says, as far as scripts and publishing go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Whether it has a name.
    pub named: bool,
    /// Whether it says that it is not to be published.
    pub private: bool,
    /// What `packageManager` says: `yarn@4.1.0`.
    pub manager: Option<String>,
    /// The scripts: name and commands.
    pub scripts: Vec<(String, String)>,
    /// The members of `scripts`, by their places: keys with quotes, and values.
    members: Vec<(usize, Raw)>,
    /// The object of the scripts.
    object: Option<Raw>,
    /// The members of the whole.
    top: Vec<(usize, Raw)>,
}

impl Package {
    /// Reads package.json; `None` if it is no object that ends.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let mut package = Package::default();
        let string = |value: Raw| String::from_utf8_lossy(&unescape(text, value)).into_owned();
        package.top = members(text, start(text))?;
        for (key, value) in &package.top {
            match key_at(text, *key) {
                b"name" => package.named = value.kind == Kind::String,
                b"private" => package.private = !matches!(&text[value.range()], b"false" | b"null"),
                b"packageManager" if value.kind == Kind::String => package.manager = Some(string(*value)),
                // Where a key is repeated the last one counts.
                b"scripts" => package.object = Some(*value),
                _ => {}
            }
        }
        if let Some(object) = package.object {
            package.members = members(text, object.start)?;
            let script = |(key, value): &(usize, Raw)| (string_at(text, *key), string(*value));
            package.scripts = package.members.iter().map(script).collect();
        }
        Some(package)
    }

    /// The commands of a script.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&str> {
        self.scripts.iter().rev().find(|(known, _)| known == name).map(|(_, commands)| commands.as_str())
    }

    /// The edit that adds `command`, which needs no escaping, to the script `name`; `None` where a script is no string
    /// or `scripts` no object.
    #[must_use]
    pub fn add(&self, text: &[u8], name: &str, command: &str, side: Side) -> Option<Edit> {
        let there = self.members.iter().rev().find(|(key, _)| string_at(text, *key) == name);
        if let Some((_, value)) = there {
            if value.kind != Kind::String || value.end - value.start < 2 {
                return None;
            }
            let inside = value.start + 1..value.end - 1;
            let (at, new) = match side {
                _ if text[inside.clone()].trim_ascii().is_empty() => (inside.clone(), command.to_owned()),
                Side::First => (inside.start..inside.start, format!("{command} && ")),
                Side::Last => (inside.end..inside.end, format!(" && {command}")),
            };
            return Some(Edit { range: at, new: new.into_bytes() });
        }
        match self.object {
            Some(object) if object.kind != Kind::Object => None,
            Some(object) => {
                let member = format!("\"{name}\":{}\"{command}\"", colon(text, &self.members));
                Some(append(text, object, &self.members, &member, self.indent(text, 2)))
            }
            None => {
                let start = start(text);
                let whole = Scanner::new(text, start).value().ok()?;
                let space = colon(text, &self.top);
                let (inner, outer) = (self.indent(text, 2), self.indent(text, 1));
                let member = format!("\"scripts\":{space}{{{inner}\"{name}\":{space}\"{command}\"{outer}}}");
                Some(append(text, whole, &self.top, &member, outer))
            }
        }
    }

    /// The white space before a member that lies this deep, as the first member of the whole has it.
    fn indent(&self, text: &[u8], depth: usize) -> String {
        let first = self.top.first().map_or(0, |(key, _)| *key);
        let begin = text[..first].iter().rposition(|byte| *byte == b'{').map_or(0, |at| at + 1);
        let white = String::from_utf8_lossy(&text[begin..first]).into_owned();
        match white.rfind('\n') {
            Some(line) => {
                let (end, indent) = white.split_at(line + 1);
                let end = if end.ends_with("\r\n") { "\r\n" } else { "\n" };
                format!("{end}{}", indent.repeat(depth))
            }
            None => String::new(),
        }
    }
}

/// The members of the object at `at`: the place of each key's quote, and the value.
fn members(text: &[u8], at: usize) -> Option<Vec<(usize, Raw)>> {
    let mut members = Vec::new();
    let base = text.as_ptr() as usize;
    let walked = Scanner::new(text, at).object(|key, value| {
        // The key is a slice of the text: its quote stands before it.
        members.push(((key.as_ptr() as usize).saturating_sub(base + 1), value));
    });
    walked.ok().map(|()| members)
}

fn key_at(text: &[u8], quote: usize) -> &[u8] {
    Scanner::new(text, quote).string().unwrap_or_default()
}

fn string_at(text: &[u8], quote: usize) -> String {
    let value = Scanner::new(text, quote).value().ok();
    value.map(|value| String::from_utf8_lossy(&unescape(text, value)).into_owned()).unwrap_or_default()
}

/// The white space behind the colons of these members.
fn colon(text: &[u8], members: &[(usize, Raw)]) -> &'static str {
    let spaced = members.first().is_none_or(|(_, value)| value.start == 0 || text[value.start - 1] == b' ');
    if spaced { " " } else { "" }
}

/// One more member behind the others.
fn append(text: &[u8], object: Raw, members: &[(usize, Raw)], member: &str, indent: String) -> Edit {
    match (members.last(), members.len().checked_sub(2).and_then(|index| members.get(index))) {
        (Some((key, last)), previous) => {
            let before = previous.map_or(object.start + 1, |(_, value)| value.end);
            let white = text[before..*key].iter().copied().filter(u8::is_ascii_whitespace);
            let new = [b",".to_vec(), white.collect(), member.as_bytes().to_vec()].concat();
            Edit { range: last.end..last.end, new }
        }
        (None, _) => {
            // The closing brace goes one level up.
            let close = match indent.rfind('\n') {
                Some(line) => {
                    let (end, white) = indent.split_at(line + 1);
                    format!("{end}{}", &white[..white.len() / 2])
                }
                None => String::new(),
            };
            let new = format!("{indent}{member}{close}").into_bytes();
            Edit { range: object.start + 1..object.end.saturating_sub(1), new }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::edit::apply;

    #[track_caller]
    fn added(before: &str, name: &str, side: Side) -> String {
        let package = Package::read(before.as_bytes()).unwrap();
        let edit = package.add(before.as_bytes(), name, "lastlook", side).unwrap();
        let after = String::from_utf8(apply(before.as_bytes(), &[edit]).to_vec()).unwrap();
        let value: serde_json::Value = serde_json::from_str(after.trim_start_matches('\u{feff}')).expect(&after);
        assert!(value["scripts"][name].as_str().unwrap().contains("lastlook"), "{after}");
        after
    }

    #[test]
    fn a_script_grows_by_one_command_and_nothing_else_changes() {
        for (before, side, after) in [
            (
                "{\n\t\"scripts\": {\n\t\t\"x\": \"node \\\"a\\\"\"\n\t}\n}\n",
                Side::Last,
                "{\n\t\"scripts\": {\n\t\t\"x\": \"node \\\"a\\\" && lastlook\"\n\t}\n}\n",
            ),
            ("{\"scripts\":{\"x\":\"a\"}}", Side::First, "{\"scripts\":{\"x\":\"lastlook && a\"}}"),
            ("{\"scripts\":{\"x\":\"\"}}", Side::First, "{\"scripts\":{\"x\":\"lastlook\"}}"),
            (
                "\u{feff}{\r\n  \"name\": \"a\",\r\n  \"scripts\": {\r\n    \"build\": \"b\"\r\n  },\r\n  \"z\": 1\r\n}",
                Side::Last,
                "\u{feff}{\r\n  \"name\": \"a\",\r\n  \"scripts\": {\r\n    \"build\": \"b\",\r\n    \"x\": \"lastlook\"\r\n  },\r\n  \
                 \"z\": 1\r\n}",
            ),
            (
                "{\n  \"name\": \"a\",\n  \"scripts\": {}\n}\n",
                Side::Last,
                "{\n  \"name\": \"a\",\n  \"scripts\": {\n    \"x\": \"lastlook\"\n  }\n}\n",
            ),
            (
                "{\n    \"name\": \"a\"\n}\n",
                Side::Last,
                "{\n    \"name\": \"a\",\n    \"scripts\": {\n        \"x\": \"lastlook\"\n    }\n}\n",
            ),
            ("{\"name\":\"a\"}", Side::Last, "{\"name\":\"a\",\"scripts\":{\"x\":\"lastlook\"}}"),
            ("{}", Side::Last, "{\"scripts\": {\"x\": \"lastlook\"}}"),
            // Where a key is repeated the last one counts.
            (
                "{\"scripts\":{\"x\":\"a\",\"x\":\"b\"}}",
                Side::Last,
                "{\"scripts\":{\"x\":\"a\",\"x\":\"b && lastlook\"}}",
            ),
        ] {
            assert_eq!(added(before, "x", side), after);
        }
    }

    #[test]
    fn what_cannot_be_edited_safely_is_left_alone() {
        for text in ["", "[]", "{\"scripts\":{\"x\":\"a\"", "{\"scripts\":", "{\"scripts\":[1]}", "\u{0}"] {
            let package = Package::read(text.as_bytes());
            assert!(
                package.is_none_or(|package| package.add(text.as_bytes(), "x", "y", Side::Last).is_none()),
                "{text}"
            );
        }
        for text in ["{\"scripts\":{\"x\":1}}", "{\"scripts\":{\"x\":null}}"] {
            let package = Package::read(text.as_bytes()).unwrap();
            assert_eq!(package.add(text.as_bytes(), "x", "y", Side::Last), None, "{text}");
        }
    }

    #[test]
    fn what_matters_for_publishing_is_read() {
        let text = br#"{"name":"a","private":true,"packageManager":"yarn@4.1.0","scripts":{"prepack":"b \"c\""}}"#;
        let package = Package::read(text).unwrap();
        assert!(package.named && package.private);
        assert_eq!(package.manager.as_deref(), Some("yarn@4.1.0"));
        assert_eq!(package.script("prepack"), Some("b \"c\""));
        assert!(!Package::read(b"{\"private\":false}").unwrap().private);
    }
}
