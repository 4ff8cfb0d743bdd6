//! Writing a manifest, and a list for `sha256sum -c`.

use std::fmt::Write as _;

use super::{File, Kind, VERSION, path};

/// What stands at the head of a manifest.
const HEAD: &str = "\
# What is meant to be published. `lastlook check --manifest FILE PATH` blocks everything else, and
# `lastlook manifest approve FILE PATH` updates this list. Comments stay; docs/manifest.md has the form.
#
# Names that change with every build go into a table of globs, each with the most bytes of a file and the most files:
#
#     [patterns]
#     \"assets/index-*.js\" = { kind = \"text\", max = 400_000, most = 1 }
";

/// Why a package cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWritable {
    /// A path that no manifest may name.
    #[error("`{0}` cannot be approved: {1}")]
    Path(String, &'static str),
    /// A path stands for two different files.
    #[error("`{0}` stands for two different files; build the package again")]
    Twice(String),
    /// The name would be read as another, or as an order to a terminal.
    #[error("`{0}` cannot stand in such a list: its name holds a control character")]
    Name(String),
}

/// Refuses what a manifest cannot say. `files` are sorted by path.
fn check(files: &[File]) -> Result<(), NotWritable> {
    for file in files {
        path::approvable(&file.path).map_err(|reason| NotWritable::Path(file.path.clone(), reason))?;
    }
    match files.windows(2).find(|pair| pair[0].path == pair[1].path && pair[0] != pair[1]) {
        Some(pair) => Err(NotWritable::Twice(pair[0].path.clone())),
        None => Ok(()),
    }
}

/// The text of a manifest that approves these files, which are sorted by path.
///
/// # Errors
/// See [`NotWritable`].
pub fn write(files: &[File]) -> Result<String, NotWritable> {
    check(files)?;
    let mut out = format!("{HEAD}\nlastlook-manifest = {VERSION}\n\n[files]\n");
    let mut last = None;
    for file in files.iter().filter(|file| last.replace(&file.path) != Some(&file.path)) {
        // What has no digest is the manifest itself, which lies beside the package as often as in it.
        let itself = file.digest.is_none() && file.kind != Kind::Link;
        let _ = writeln!(out, "{}", entry(file, None, itself));
    }
    Ok(out)
}

/// The line that approves a file, without its end.
pub(super) fn entry(file: &File, max: Option<u64>, optional: bool) -> String {
    let mut fields = Vec::new();
    match file.digest {
        Some(digest) => fields.extend([format!("sha256 = \"{digest}\""), format!("size = {}", file.size)]),
        None if file.kind != Kind::Link => fields.push("any = true".to_owned()),
        None => {}
    }
    fields.push(format!("kind = \"{}\"", file.kind));
    fields.extend(max.map(|max| format!("max = {max}")));
    fields.extend(optional.then(|| "optional = true".to_owned()));
    format!("{} = {{ {} }}", quoted(&file.path), fields.join(", "))
}

/// A basic string of TOML 1.0. Whatever cannot be seen, or turns a line around, is escaped as well: the file is there to be
/// read by people.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            plain if plain.is_ascii_graphic() || plain == ' ' => out.push(plain),
            plain if plain.is_alphanumeric() => out.push(plain),
            other => {
                let _ = match u32::from(other) {
                    number @ 0..=0xffff => write!(out, "\\u{number:04X}"),
                    number => write!(out, "\\U{number:08X}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// A list that `sha256sum -c` checks in the folder of the package. Links are left out: it would follow them.
///
/// # Errors
/// See [`NotWritable`].
pub fn sha256sum(files: &[File]) -> Result<String, NotWritable> {
    check(files)?;
    let mut out = String::new();
    let mut last = None;
    for file in files.iter().filter(|file| last.replace(&file.path) != Some(&file.path)) {
        let Some(digest) = file.digest else { continue };
        // GNU coreutils, "cksum common options": a backslash before the line says that its name is escaped.
        let escaped = file.path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        if escaped.contains(char::is_control) {
            return Err(NotWritable::Name(file.path.clone()));
        }
        let mark = if escaped == file.path { "" } else { "\\" };
        let _ = writeln!(out, "{mark}{digest}  {escaped}");
    }
    Ok(out)
}
