//! Maps that are not published but lie elsewhere: given with `--maps`, or next to a single file on disk.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use memchr::memmem;

use crate::bytes::open;
use crate::formats::source_map::{Positions, debug_id};

/// Most files of the folders that are looked at.
const FILES: usize = 20_000;

/// The maps in the folders given with `--maps`.
pub struct Shelf(Vec<Shelved>);

struct Shelved {
    path: PathBuf,
    /// The path below its folder, with `/`.
    name: String,
    /// What the map calls its file.
    file: Option<String>,
    debug_id: Option<String>,
}

/// What a shelf has for a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Match<'s> {
    One(&'s Path),
    /// Several maps fit equally well, and no guess is made.
    Several,
    Nothing,
}

impl Shelf {
    /// Reads what the maps in these folders say of themselves. What cannot be read, or is no map, is passed over: it is
    /// not part of the target.
    pub fn read(folders: &[PathBuf], limit: u64) -> Self {
        let mut maps = Vec::new();
        for folder in folders {
            let mut walk = WalkBuilder::new(folder);
            walk.standard_filters(false).follow_links(false).sort_by_file_name(Ord::cmp);
            let files = walk.build().filter_map(Result::ok);
            let files = files.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
            for entry in files.take(FILES.saturating_sub(maps.len())) {
                maps.extend(Shelved::read(folder, entry.into_path(), limit));
            }
        }
        Shelf(maps)
    }

    /// The map of the file called `name` inside what is published, whose content is `text`; `urls` are the maps that it
    /// refers to. A debug ID decides alone; then the same path; then the same name of a file, in folders as much alike
    /// as can be; then what maps call their file.
    pub fn find(&self, name: &str, text: &[u8], urls: &[String]) -> Match<'_> {
        let own = debug_id_of(text);
        let same_build: Vec<&Shelved> = self.0.iter().filter(|map| own.is_some() && map.debug_id == own).collect();
        if !same_build.is_empty() {
            return nearest(name, &same_build);
        }
        let possible = |map: &&Shelved| own.is_none() || map.debug_id.is_none();
        let base = base_name(name);
        let beside = format!("{base}.map");
        let names: Vec<&str> = urls.iter().map(|url| base_name(url)).chain([beside.as_str()]).collect();
        let by_name = self.0.iter().filter(possible).filter(|map| names.contains(&base_name(&map.name)));
        match nearest(name, &by_name.collect::<Vec<_>>()) {
            Match::Nothing => {}
            found => return found,
        }
        let called = |map: &&Shelved| map.file.as_deref().is_some_and(|file| base_name(file) == base);
        nearest(name, &self.0.iter().filter(possible).filter(called).collect::<Vec<_>>())
    }
}

impl Shelved {
    fn read(folder: &Path, path: PathBuf, limit: u64) -> Option<Self> {
        let bytes = open::open(&path, limit).ok()?;
        let identity = Positions::read(&bytes)?.identity().clone();
        let name = path.strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/");
        Some(Shelved { path, name, file: identity.file, debug_id: identity.debug_id })
    }
}

/// The one whose folders have most in common with those of `name`, counted from the file upwards.
fn nearest<'s>(name: &str, maps: &[&'s Shelved]) -> Match<'s> {
    let folders = |path: &str| -> Vec<String> { path.rsplit(['/', '!']).skip(1).map(str::to_owned).collect() };
    let own = folders(name);
    let alike = |map: &Shelved| {
        let theirs = folders(&map.name);
        let common = own.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
        // Among those the one with the fewest folders of its own: `a.js.map` rather than `old/a.js.map` for `a.js`.
        (common, std::cmp::Reverse(theirs.len()))
    };
    let Some(best) = maps.iter().map(|map| alike(map)).max() else { return Match::Nothing };
    let mut fitting = maps.iter().filter(|map| alike(map) == best);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Match::One(&one.path),
        (Some(_), Some(_)) => Match::Several,
        (None, _) => Match::Nothing,
    }
}

/// The debug ID in the last `//# debugId=` comment of a generated file.
fn debug_id_of(text: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"# debugId=";
    let at = memmem::rfind(text, MARK)? + MARK.len();
    let rest = &text[at..text.len().min(at + 40)];
    let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit() && *byte != b'-').unwrap_or(rest.len());
    debug_id(std::str::from_utf8(&rest[..end]).ok()?)
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '!', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 2] = ["85314830-023f-4cf1-a267-535f4e37bb17", "00000000-023f-4cf1-a267-535f4e37bb17"];

    fn shelf(maps: &[(&str, &str)]) -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, more) in maps {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!(r#"{{"version":3,"sources":["a"],"mappings":"AAAA"{more}}}"#)).unwrap();
        }
        let shelf = Shelf::read(&[folder.path().to_owned()], 1 << 20);
        (folder, shelf)
    }

    fn found(folder: &tempfile::TempDir, shelf: &Shelf, name: &str, text: &str, urls: &[&str]) -> String {
        let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
        match shelf.find(name, text.as_bytes(), &urls) {
            Match::One(path) => path.strip_prefix(folder.path()).unwrap().to_string_lossy().replace('\\', "/"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_path_decides_and_no_guess_is_made() {
        let (folder, shelf) = shelf(&[
            ("dist/a.js.map", ""),
            ("esm/a.js.map", ""),
            ("x/b.js.map", ""),
            ("y/b.js.map", ""),
            ("1f2e", r#","file":"out/c.js""#),
        ]);
        let found = |name: &str, urls: &[&str]| found(&folder, &shelf, name, "", urls);
        assert_eq!(found("dist/a.js", &[]), "dist/a.js.map");
        assert_eq!(found("p!esm/a.js", &[]), "esm/a.js.map");
        assert_eq!(found("a.js", &[]), "Several");
        assert_eq!(found("x/other.js", &["maps/b.js.map"]), "x/b.js.map");
        assert_eq!(found("lib/c.js", &[]), "1f2e");
        assert_eq!(found("d.js", &[]), "Nothing");
    }

    #[test]
    fn a_debug_id_decides_alone_and_another_one_is_another_build() {
        let id = |id: &str| format!(r#","debugId":"{id}""#);
        let (folder, shelf) = shelf(&[("a.js.map", &id(IDS[0])), ("whatever.json", &id(IDS[1]))]);
        let text = |id: &str| format!("x\n//# debugId={}\n//# sourceMappingURL=a.js.map", id.to_ascii_uppercase());
        assert_eq!(found(&folder, &shelf, "a.js", &text(IDS[1]), &[]), "whatever.json");
        assert_eq!(found(&folder, &shelf, "a.js", "x", &[]), "a.js.map");
        assert_eq!(found(&folder, &shelf, "a.js", &text(&IDS[0].replace('8', "9")), &[]), "Nothing");
    }
}
