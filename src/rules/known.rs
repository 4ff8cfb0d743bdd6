//! Known values: the secrets that a pipeline itself holds. Each becomes a rule that knows the value and nothing else, and
//! that is searched for like any other, in every encoding. It needs no shape, and it raises no false alarm.

use std::fmt;
use std::sync::Arc;

use super::placeholder::is_placeholder;
use super::rule::{ContentRule, LazyRegex, Matcher, Rule};
use super::set::RuleSet;
use crate::finding::{Category, Level};

/// The shortest value that is searched for: shorter ones stand in ordinary text.
pub const SHORTEST: usize = 8;
/// The shortest value made of letters of one case or of digits alone.
const SHORTEST_WORD: usize = 12;
/// How many bytes of a value are its keyword.
const KEYWORD: usize = 32;

/// Why a value is not searched for. It never quotes the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has fewer than [`SHORTEST`] bytes.
    Short,
    /// It has too few different characters.
    Monotonous,
    /// It is a word or a number.
    Word,
    /// It stands for a secret, like `changeme`.
    Placeholder,
    /// It is a web address without a password in it.
    Address,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Short => write!(f, "it is too short: fewer than {SHORTEST} characters stand in ordinary text"),
            Refusal::Monotonous => f.write_str("it has too few different characters"),
            Refusal::Word => f.write_str("it is a word or a number, which ordinary text holds as well"),
            Refusal::Placeholder => f.write_str("it is a placeholder, not a secret"),
            Refusal::Address => f.write_str("it is an address without a password in it"),
        }
    }
}

/// Adds a rule for the value of the secret called `name`.
///
/// # Errors
/// Why the value cannot be searched for.
pub fn add(set: &mut RuleSet, name: &str, value: &str) -> Result<(), Refusal> {
    let value = value.trim();
    refuse(value)?;
    let id = free_id(set, name);
    let forms = forms(value);
    let keyword = |form: &String| form.chars().take(KEYWORD).collect::<String>().into();
    let matcher = Matcher::Content(ContentRule {
        keywords: forms.iter().map(keyword).collect(),
        ignore_case: false,
        pattern: LazyRegex::new(forms.iter().map(|form| literal(form)).collect::<Vec<_>>().join("|")),
        span: forms.iter().map(String::len).max().unwrap_or(0) + KEYWORD,
        checksum: None,
        structure: None,
        entropy: None,
        allow: Vec::new(),
        paths: None,
        example_path: None,
        placeholders: true,
        conditions: None,
    });
    set.share(Arc::new(Rule {
        id: Arc::from(id),
        category: Category::Secret,
        level: Level::Error,
        title: format!("value of the secret {name}").into(),
        message: None,
        why: "This is not something that looks like a secret: it is the very value that was given to --known-secrets. \
              Whoever downloads the package has it."
            .into(),
        fix: format!(
            "Replace {name} where it was issued if the package has left this machine. Then find the step of the build \
             that writes it into its output; bundlers do so with environment variables they are told to define."
        )
        .into(),
        references: Vec::new(),
        hits: Vec::new(),
        misses: Vec::new(),
        matcher,
        file: "--known-secrets".into(),
    }));
    Ok(())
}

fn refuse(value: &str) -> Result<(), Refusal> {
    let bytes = value.as_bytes();
    let all = |test: fn(&u8) -> bool| bytes.iter().all(test);
    let word = all(u8::is_ascii_lowercase) || all(u8::is_ascii_uppercase) || all(u8::is_ascii_digit);
    if bytes.len() < SHORTEST {
        Err(Refusal::Short)
    } else if super::proof::distinct(bytes) < 4 {
        Err(Refusal::Monotonous)
    } else if word && bytes.len() < SHORTEST_WORD {
        Err(Refusal::Word)
    } else if is_placeholder(bytes) {
        Err(Refusal::Placeholder)
    } else if is_plain_address(value) {
        Err(Refusal::Address)
    } else {
        Ok(())
    }
}

/// Whether `value` is a URL with nothing secret in it: neither a user nor a query.
fn is_plain_address(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| {
        let named =
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
        named && !rest.contains(['@', '?', '#'])
    })
}

/// The ways in which a value stands in text that no decoding leads to: as it is, with the line ends of another system,
/// and inside a string literal, where quotes and line ends have escapes of their own.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    let unix = value.replace("\r\n", "\n");
    let escaped =
        |text: &str| text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('"', "\\\"");
    for form in [unix.replace('\n', "\r\n"), escaped(&unix), escaped(&unix.replace('\n', "\r\n")), unix] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// A pattern that matches these bytes and nothing else.
fn literal(text: &str) -> String {
    text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// An id for the rule that no other rule has.
fn free_id(set: &RuleSet, name: &str) -> String {
    let mut slug: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    let id = format!("known-secret-{}", slug.trim_matches('-'));
    let id = id.trim_end_matches('-').to_owned();
    let more = (2..).map(|number| format!("{id}-{number}"));
    std::iter::once(id.clone()).chain(more).find(|id| set.get(id).is_none()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn what_ordinary_text_holds_is_refused() {
        let mut set = RuleSet::default();
        for (value, refusal) in [
            ("hunter2", Refusal::Short),
            ("abababababab", Refusal::Monotonous),
            ("production", Refusal::Word),
            ("1234509876", Refusal::Word),
            ("changeme-please", Refusal::Placeholder),
            ("https://registry.acmes.org/api/v1", Refusal::Address),
        ] {
            assert_eq!(add(&mut set, "X", value), Err(refusal), "{value}");
        }
        assert!(set.is_empty());
    }

    #[test]
    fn every_value_has_an_id_of_its_own() {
        let mut set = RuleSet::default();
        for name in ["NPM_TOKEN", "npm-token", "__"] {
            add(&mut set, name, "7c0fd9Ab3e-zz").unwrap();
        }
        let ids: Vec<&str> = set.iter().map(|rule| &*rule.id).collect();
        assert_eq!(ids, ["known-secret", "known-secret-npm-token", "known-secret-npm-token-2"]);
    }
}
