//! Unified diffs of text.

use similar::TextDiff;

/// How many lines around a change are shown.
const CONTEXT: usize = 2;

/// The lines of a unified diff of a file that is called `name`, without line ends: the header first.
#[must_use]
pub fn unified(name: &str, before: &[u8], after: &[u8]) -> Vec<String> {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = TextDiff::from_lines(&*before, &*after);
    let mut lines = vec![format!("--- {name}"), format!("+++ {name}")];
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        lines.push(hunk.header().to_string());
        for change in hunk.iter_changes() {
            let line = change.value();
            lines.push(format!("{}{}", change.tag(), line.trim_end_matches(['\r', '\n'])));
            if change.missing_newline() {
                lines.push("\\ No newline at end of file".to_owned());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_goes_is_shown_with_what_stands_around_it() {
        let lines = unified("a.js", b"1\n2\n3\n4\n//# x", b"1\n2\n3\n4\n");
        assert_eq!(
            lines,
            ["--- a.js", "+++ a.js", "@@ -3,3 +3,2 @@", " 3", " 4", "-//# x", "\\ No newline at end of file"]
        );
    }
}
