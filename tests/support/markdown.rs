//! Just enough Markdown to read this project's own pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A page.
pub struct Page {
    /// Its path from the top, with `/`.
    pub name: String,
    pub path: PathBuf,
    pub text: String,
}

impl Page {
    /// Reads a page below `root`.
    pub fn read(root: &Path, path: &Path) -> Page {
        let text = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        Page { name, path: path.to_owned(), text }
    }

    /// Text outside (even) and inside (odd) of code blocks, the latter with the language on their first line.
    fn parts(&self) -> impl Iterator<Item = (bool, &str)> {
        self.text.split("\n```").enumerate().map(|(index, part)| (index % 2 == 1, part))
    }

    /// The code blocks in a language.
    pub fn blocks(&self, language: &'static str) -> impl Iterator<Item = &str> {
        self.parts().filter(|(code, _)| *code).filter_map(move |(_, part)| {
            let (first, rest) = part.split_once('\n')?;
            (first.trim() == language).then_some(rest)
        })
    }

    /// The first code block in a language that contains `mark`.
    pub fn block(&self, language: &'static str, mark: &str) -> &str {
        self.blocks(language).find(|block| block.contains(mark)).unwrap()
    }

    fn prose(&self) -> impl Iterator<Item = &str> {
        self.parts().filter(|(code, _)| !code).map(|(_, part)| part)
    }

    /// The targets of its links.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.prose().flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
    }

    /// What stands between backticks.
    pub fn spans(&self) -> impl Iterator<Item = &str> {
        self.prose().flat_map(str::lines).flat_map(|line| line.split('`').skip(1).step_by(2))
    }

    /// The anchors of its headings, as code hosts make them.
    pub fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose().flat_map(str::lines).filter(|line| line.starts_with('#'));
        let slug = |line: &str| -> String {
            let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' ');
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        };
        headings.map(slug).collect()
    }

    /// The names in the first column of the table below a heading; a cell may hold several.
    pub fn first_column(&self, heading: &str) -> BTreeSet<&str> {
        let below = self
            .text
            .lines()
            .skip_while(|line| line.trim_start_matches('#').trim() != heading || !line.starts_with('#'));
        let section = below.skip(1).take_while(|line| !line.starts_with('#'));
        let cells = section.filter_map(|line| line.strip_prefix('|')?.split('|').next());
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
    }
}

/// Whether `text` has the form of a rule's id: lower-case words joined by `-`.
pub fn is_id(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.contains('-') && text.split('-').all(word)
}

/// Text on one line.
pub fn line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // A tag that is meant as text, outside of code.
    words
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { part.to_owned() } else { part.replace('<', "&lt;") })
        .collect::<Vec<_>>()
        .join("`")
}

/// Text for a cell of a table.
pub fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}
