//! How well a script can be read: as people wrote it, bundled but not minified, or minified.

/// Longer lines are not written by people.
const LONG_LINE: usize = 200;
/// How many bytes of a script are looked at.
const MOST: usize = 8 << 20;
/// A script of fewer lines is too short to be called readable for its lines alone.
const FEW_LINES: u64 = 4;

/// The language of a script, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// JavaScript, which people and bundlers write.
    JavaScript,
    /// A language that is only written by people: TypeScript, Python and others.
    Original,
    /// No script.
    None,
}

impl Language {
    /// By the ending of a file's name.
    pub(super) fn of(name: &str) -> Self {
        let base = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
        let declares = [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| base.ends_with(ending));
        match base.rsplit_once('.').map(|(_, ending)| ending) {
            _ if declares => Language::None,
            Some("js" | "mjs" | "cjs") => Language::JavaScript,
            Some(
                "ts" | "tsx" | "mts" | "cts" | "jsx" | "vue" | "svelte" | "astro" | "coffee" | "py" | "pyw" | "pyx"
                | "rb" | "php" | "lua" | "pl",
            ) => Language::Original,
            _ => Language::None,
        }
    }
}

/// What a script looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reading {
    /// Its lines are as long as those that people write.
    pub(super) lines: bool,
    /// Number of lines with comments of its author; those of licences, tools and other packages do not count.
    pub(super) comments: u64,
}

/// What tools write into every program.
const GLUE: [&str; 7] = [
    "Annotate the CommonJS export names",
    "If the importer is in node compatibility mode",
    "file that has been converted to a CommonJS file",
    "compatible transform (i.e. \"__esModule\"",
    "\"default\" to the CommonJS \"module.exports\"",
    "The require function",
    "The module cache",
];
/// What begins a comment to tools or lawyers, rather than to people.
const TOOLS: [&str; 12] =
    ["!", "#", "@", "*!", "eslint", "prettier", "istanbul", "c8 ", "tslint", "biome-", "deno-", "webpack"];
const LEGAL: [&str; 6] = ["@license", "@preserve", "licen", "copyright", "(c) ", "spdx"];

/// Looks at a script of this language.
pub(super) fn read(text: &[u8], language: Language) -> Reading {
    let text = &text[..text.len().min(MOST)];
    let mut reader = Reader { python: language == Language::Original, ..Reader::default() };
    text.split(|byte| *byte == b'\n').for_each(|line| reader.line(line));
    reader.end_block();
    let enough = reader.lines >= FEW_LINES || reader.comments > 0;
    Reading { lines: enough && reader.short * 2 > reader.all, comments: reader.comments }
}

#[derive(Default)]
struct Reader {
    /// `#` begins a comment.
    python: bool,
    lines: u64,
    short: usize,
    all: usize,
    comments: u64,
    /// The lines of the block of comments that is open, and whether it is one of a licence.
    block: Option<(u64, bool)>,
    /// What is read belongs to another package.
    third_party: bool,
}

impl Reader {
    fn line(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        self.lines += 1;
        self.all += line.len();
        if line.len() > LONG_LINE {
            return self.end_block();
        }
        self.short += line.len();
        if self.block.is_some() {
            return self.inside(line);
        }
        if let Some(comment) = line.strip_prefix(b"//") {
            self.comment(comment);
        } else if line.starts_with(b"/*") {
            self.block = Some((0, line.starts_with(b"/*!")));
            self.inside(&line[2..]);
        } else if let Some(comment) = line.strip_prefix(b"#").filter(|_| self.python) {
            self.comment(comment);
        }
    }

    fn comment(&mut self, comment: &[u8]) {
        let comment = String::from_utf8_lossy(comment);
        let comment = comment.trim();
        // Bundlers name the file from which the lines that follow came.
        if !comment.contains(' ') && comment.contains(['/', '.']) {
            self.third_party = comment.contains("node_modules/") || comment.starts_with("(disabled)");
            return;
        }
        self.comments += u64::from(!self.third_party && is_for_people(comment));
    }

    fn inside(&mut self, line: &[u8]) {
        let Some((lines, legal)) = &mut self.block else { return };
        let (comment, ends) = match memchr::memmem::find(line, b"*/") {
            Some(end) => (&line[..end], true),
            None => (line, false),
        };
        let comment = String::from_utf8_lossy(comment).trim().trim_matches('*').trim().to_owned();
        let lower = comment.to_ascii_lowercase();
        *legal |= LEGAL.iter().any(|word| lower.contains(word));
        *lines += u64::from(!self.third_party && is_for_people(&comment));
        if ends {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        if let Some((lines, false)) = self.block.take() {
            self.comments += lines;
        }
    }
}

/// Whether somebody wrote this to be read: two words at least.
fn is_for_people(comment: &str) -> bool {
    let words = comment.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    words >= 2
        && !TOOLS.iter().any(|start| comment.starts_with(start))
        && !GLUE.iter().any(|glue| comment.contains(glue))
        && !comment.starts_with("-*-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn js(text: &str) -> Reading {
        read(text.as_bytes(), Language::JavaScript)
    }

    #[test]
    fn comments_of_people_count_and_those_of_tools_do_not() {
        let written =
            "// Only pilots know.\nfunction depth(tide) {\n  return tide - 7;\n}\n/* the quay\n * is deep */\n";
        assert_eq!(js(written), Reading { lines: true, comments: 3 });
        let bundled = "// @bun\n// src/a.ts\nvar a = 1;\n/*! (c) somebody else, all rights */\nvar b = 2;\n// eslint-disable-next-line no-undef\n\
                       /**\n * @license MIT\n * Copyright somebody else\n */\nb();\n//# sourceMappingURL=a.js.map\n";
        assert_eq!(js(bundled), Reading { lines: true, comments: 0 });
    }

    #[test]
    fn comments_of_other_packages_in_a_bundle_do_not_count() {
        let bundle = "// node_modules/q/index.js\n// We say hello here.\nlet q;\nlet r;\nlet s;\n// src/a.js\nlet a;\n";
        assert_eq!(js(bundle).comments, 0);
        assert_eq!(js(&format!("{bundle}// We say hello here.\n")).comments, 1);
    }

    #[test]
    fn long_lines_are_minified() {
        let long = format!("// Hello and welcome.\n{}", "let a=1;".repeat(1_000));
        assert_eq!(js(&long), Reading { lines: false, comments: 1 });
        assert!(!js("let a=1;").lines);
        assert_eq!(js(""), Reading::default());
    }

    #[test]
    fn a_language_is_told_by_the_ending() {
        assert_eq!(Language::of("/$bunfs/root/a.ts"), Language::Original);
        assert_eq!(Language::of("a/b.d.ts"), Language::None);
        assert_eq!(Language::of("A.MJS"), Language::JavaScript);
        assert_eq!(Language::of("js"), Language::None);
        assert_eq!(read(b"# only pilots know\nx = 1", Language::Original).comments, 1);
    }
}
