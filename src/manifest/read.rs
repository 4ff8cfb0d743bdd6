//! Reading a manifest.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use globset::GlobBuilder;

use super::{Approved, Kind, Manifest, Pattern, VERSION, path};
use crate::bytes::Digest;
use crate::config::{Diagnostic, Diagnostics, Source, Table, Value};

/// Most bytes of a manifest: about a hundred thousand files.
const LONGEST: u64 = 16 << 20;

/// Most bytes of a glob.
const LONGEST_GLOB: usize = 1_000;

/// Most globs: each is tried on each file.
const GLOBS: usize = 1_000;

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Lines(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The number of the line that holds this byte, from 1.
    fn of(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

impl Manifest {
    /// Whether `text`, which may be cut off, looks like a manifest.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        first.is_some_and(|line| line.starts_with("lastlook-manifest"))
    }

    /// Reads a manifest from the text of the file named `file`.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let lines = Lines::new(text);
        let (mut manifest, mistakes) = Source::new(file, text).read(|top| read(top, &lines));
        manifest.file = file.to_owned();
        if mistakes.is_empty() { Ok(manifest) } else { Err(Diagnostics(mistakes)) }
    }

    /// Reads a manifest file, and answers its text as well.
    ///
    /// # Errors
    /// As [`Manifest::parse`], and when it cannot be read.
    pub fn read(path: &Path) -> Result<(Self, String), Diagnostics> {
        let file = path.display().to_string();
        let failed = |message: String| {
            let hint = Some("`lastlook manifest write` writes one".to_owned());
            Diagnostics(vec![Diagnostic { file: file.clone(), line: 1, column: 1, message, hint }])
        };
        let cannot = |error: std::io::Error| failed(format!("the manifest cannot be read: {error}"));
        if !std::fs::metadata(path).map_err(cannot)?.is_file() {
            return Err(failed("the manifest is no file".to_owned()));
        }
        let mut text = String::new();
        let opened = std::fs::File::open(path).map_err(cannot)?;
        let size = opened.take(LONGEST + 1).read_to_string(&mut text).map_err(cannot)? as u64;
        if size > LONGEST {
            return Err(failed(format!("the manifest has more than {LONGEST} bytes")));
        }
        Ok((Manifest::parse(&file, &text)?, text))
    }
}

fn read(top: &mut Table<'_, '_>, lines: &Lines) -> Manifest {
    let mut manifest = Manifest::default();
    match top.integer("lastlook-manifest") {
        Some(version) if version.value != VERSION => {
            let message = format!("this manifest has the form {}; this lastlook reads {VERSION}", version.value);
            top.mistake(version.span, message, None);
        }
        Some(_) => {}
        None => {
            let hint = Some("its first line is `lastlook-manifest = 1`".to_owned());
            top.mistake(0..0, "this is no manifest: `lastlook-manifest` is missing", hint);
        }
    }
    manifest.max_total = top.integer("max-total").map(|value| value.value);
    if let Some(files) = top.table("files") {
        manifest.files = read_files(&files, lines);
    }
    if let Some(patterns) = top.table("patterns") {
        manifest.patterns = read_patterns(&patterns, lines);
    }
    manifest
}

fn read_files(table: &Table<'_, '_>, lines: &Lines) -> BTreeMap<String, Approved> {
    let mut files: BTreeMap<String, Approved> = BTreeMap::new();
    for (key, mut entry) in table.named_tables() {
        let line = lines.of(key.span.start);
        let name = match path::approvable(&key.value) {
            Ok(name) => name,
            Err(reason) => {
                table.mistake(key.span, format!("this path cannot be approved: {reason}"), None);
                continue;
            }
        };
        let approved = read_file(&mut entry, &key, line);
        entry.finish();
        if let Some(first) = files.get(&name) {
            let message = format!("`{name}` stands in line {} already", first.line);
            table.mistake(key.span, message, Some("a file is approved once".to_owned()));
            continue;
        }
        files.insert(name, approved);
    }
    files
}

fn read_file(entry: &mut Table<'_, '_>, key: &Value<String>, line: usize) -> Approved {
    let any = entry.boolean("any").is_some_and(|any| any.value);
    let digest = entry.text("sha256").and_then(|text| {
        let digest = Digest::from_hex(&text.value);
        if digest.is_none() {
            entry.mistake(text.span.clone(), "a SHA-256 has 64 hexadecimal digits", None);
        }
        digest.map(|digest| (digest, text.span))
    });
    let kind = entry.parsed::<Kind>("kind").map(|kind| kind.value);
    let approved = Approved {
        digest: digest.as_ref().map(|(digest, _)| *digest),
        size: entry.integer("size").map(|size| size.value),
        kind,
        max: entry.integer("max").map(|max| max.value),
        optional: entry.boolean("optional").is_some_and(|optional| optional.value),
        line,
        span: key.span.start..entry.span.end,
    };
    match digest {
        Some((_, span)) if any => entry.mistake(span, "`any` and `sha256` contradict each other", None),
        None if !any && kind != Some(Kind::Link) && !entry.has("sha256") => {
            let hint = Some("write `any = true` to approve any content".to_owned());
            entry.mistake(entry.span.clone(), "`sha256` is missing", hint);
        }
        _ => {}
    }
    approved
}

fn read_patterns(table: &Table<'_, '_>, lines: &Lines) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (key, mut entry) in table.named_tables() {
        if patterns.len() == GLOBS {
            table.mistake(key.span, format!("there are more than {GLOBS} patterns"), None);
            break;
        }
        let line = lines.of(key.span.start);
        let (kind, max) = (entry.parsed::<Kind>("kind"), entry.integer("max"));
        let (most, optional) = (entry.integer("most"), entry.boolean("optional"));
        entry.finish();
        let matcher = path::approvable(&key.value).map_err(str::to_owned).and_then(|glob| matcher(&glob));
        match matcher {
            Ok(matcher) => patterns.push(Pattern {
                glob: key.value,
                matcher,
                kind: kind.map(|kind| kind.value),
                max: max.map(|max| max.value),
                most: most.map(|most| most.value),
                optional: optional.is_some_and(|optional| optional.value),
                line,
            }),
            Err(reason) => table.mistake(key.span, format!("this pattern cannot be used: {reason}"), None),
        }
    }
    patterns
}

fn matcher(glob: &str) -> Result<globset::GlobMatcher, String> {
    if glob.len() > LONGEST_GLOB {
        return Err(format!("it has more than {LONGEST_GLOB} bytes"));
    }
    let built = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}
