//! Additions to YAML files of the project. They are read no further than needed, and left alone where that is not
//! enough to be sure.

/// The lines of a block that begins with `key:` at the top: the places where they begin and end, without the first.
fn block(text: &str, key: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    let (mut start, mut end) = (None, 0);
    for line in text.split_inclusive('\n') {
        let after = at + line.len();
        let top = !line.starts_with([' ', '\t', '#', '-', '\r', '\n']);
        match start {
            None if line.starts_with(key) && line[key.len()..].trim_start().starts_with(':') => {
                (start, end) = (Some(after), after);
            }
            Some(_) if top => break,
            // Comments and blank lines at the end belong to what follows.
            Some(_) if !line.trim().is_empty() && !line.trim_start().starts_with('#') => end = after,
            _ => {}
        }
        at = after;
    }
    start.map(|start| (start, end))
}

/// Whether the text is one document of keys at the top, one below the other.
fn plain(text: &str) -> bool {
    let inner = text.trim_start_matches('\u{feff}').trim_start();
    !inner.starts_with(['{', '[']) && !text.lines().any(|line| line.trim_end() == "...") && !text.contains('\t')
}

/// The stage that a new job goes to: `test` where it is there, or the first; nothing where the file names no stages.
///
/// # Errors
/// Why nothing can be added.
pub fn stage(text: &str) -> Result<Option<String>, String> {
    if !plain(text) {
        return Err("is written in a way that nothing can be added to safely".to_owned());
    }
    let Some((start, end)) = block(text, "stages") else { return Ok(None) };
    let line = text[..start].lines().next_back().unwrap_or_default();
    let flow = line.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let names: Vec<String> = match flow {
        Some((list, _)) => list.split(',').map(word).collect(),
        None => text[start..end].lines().filter_map(|line| line.trim().strip_prefix('-')).map(word).collect(),
    };
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
    match names.iter().find(|name| *name == "test").or(names.first()) {
        Some(stage) => Ok(Some(stage.clone())),
        None => Err("names its stages in a way that cannot be read; add a job by hand".to_owned()),
    }
}

/// A word without quotes and comments, or nothing where it is not plain.
fn word(text: &str) -> String {
    let text = text.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let plain = text.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
    if plain { text.to_owned() } else { String::new() }
}

const ENTRY: &str = "\
- repo: local
  hooks:
    - id: lastlook
      name: take the last look
      entry: lastlook --no-progress
      language: system
";

/// A new configuration for pre-commit.
pub fn pre_commit_file() -> String {
    format!("repos:\n{}", indented("  "))
}

fn indented(before: &str) -> String {
    ENTRY.lines().map(|line| format!("{before}{line}\n")).collect()
}

/// One more entry for pre-commit, behind the others.
///
/// # Errors
/// Why nothing can be added.
pub fn pre_commit_entry(text: &str) -> Result<(usize, String), String> {
    let by_hand = "is written in a way that nothing can be added to safely".to_owned();
    let (start, end) = block(text, "repos").filter(|_| plain(text)).ok_or(by_hand.clone())?;
    let first = text[start..end].lines().find(|line| line.trim_start().starts_with('-'));
    match first {
        Some(line) => {
            let indent = &line[..line.len() - line.trim_start().len()];
            Ok((end, indented(indent)))
        }
        None => Err(by_hand),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_goes_to_a_stage_that_is_there() {
        let stage = |text: &str| stage(text).unwrap();
        assert_eq!(stage("build:\n  script: [make]\n"), None);
        assert_eq!(stage("stages: [build, test, deploy]\nx: 1\n"), Some("test".to_owned()));
        assert_eq!(stage("stages:\n  - build # first\n  - \"deploy\"\n\nx:\n  - test\n"), Some("build".to_owned()));
        assert_eq!(stage("stages:\n- one\n- test\nx: 1\n"), Some("test".to_owned()));
        assert!(self::stage("stages: *anchor\n").is_err());
        assert!(self::stage("{stages: [a]}").is_err());
        assert!(self::stage("a: 1\n...\n").is_err());
    }

    #[test]
    fn an_entry_goes_behind_the_others() {
        for (before, indent) in [
            ("repos:\n- repo: a\n  hooks:\n  - id: b\n", ""),
            ("repos:\n  - repo: a\n    hooks:\n      - id: b\n", "  "),
        ] {
            let (at, new) = pre_commit_entry(before).unwrap();
            assert_eq!(at, before.len());
            assert!(new.starts_with(&format!("{indent}- repo: local\n{indent}  hooks:\n")), "{new}");
        }
        let text = "repos:\n  - repo: a\n    hooks:\n      - id: b\n\n# the rest\nci:\n  autofix: true\n";
        assert_eq!(pre_commit_entry(text).unwrap().0, text.find("\n# the rest").unwrap());
        for text in ["repos: []\n", "", "x: 1\n", "repos: [{repo: local}]\n"] {
            assert!(pre_commit_entry(text).is_err(), "{text}");
        }
    }
}
