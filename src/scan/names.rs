//! What mere names give away: where the build ran and who ran it, how the product is laid out, and what else there is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::manifest::scope;
use crate::finding::{FactValue, Facts};
use crate::formats::executable::is_personal;
use crate::formats::source_map::is_absolute;

/// How many folders, roots and examples are listed.
const LISTED: usize = 5;
/// How many files of a folder are named.
const FILES: usize = 3;
/// How many packages are listed.
const PACKAGES: usize = 32;
/// Characters of a name that are shown.
const SHOWN: usize = 120;

/// Names of unshipped sources, gathered by what they tell.
#[derive(Default)]
pub struct Names<'n> {
    folders: BTreeMap<&'n str, Folder<'n>>,
    roots: BTreeMap<String, u64>,
    people: BTreeSet<&'n str>,
    packages: BTreeSet<String>,
}

#[derive(Default)]
struct Folder<'n> {
    number: u64,
    files: Vec<&'n str>,
}

impl<'n> Names<'n> {
    /// Adds a name.
    pub fn add(&mut self, name: &'n str) {
        let (folder, file) = name.rsplit_once(['/', '\\']).unwrap_or(("", name));
        let entry = self.folders.entry(folder).or_default();
        entry.number += 1;
        if entry.files.len() < FILES {
            entry.files.push(file);
        }
        if is_absolute(name) {
            *self.roots.entry(root(folder)).or_default() += 1;
        }
        self.people.extend(person(name).filter(|_| self.people.len() < LISTED));
        if self.packages.len() < PACKAGES {
            self.packages.extend(package(name));
        }
    }

    /// States what the names tell, and adds lines for a reader to `details`.
    pub fn tell(self, facts: &mut Facts, details: &mut Vec<String>) {
        let mut folders: Vec<_> = self.folders.into_iter().collect();
        folders.sort_by_key(|(name, folder)| (Reverse(folder.number), *name));
        let shown = folders.iter().take(LISTED).map(|(name, folder)| folder.shown(name));
        facts.set("source_map.names_folders", shown.collect::<Vec<_>>());
        let named = folders.iter().take(LISTED).filter(|(_, folder)| folder.number > 1);
        details.extend(named.map(|(name, folder)| folder.detail(name)));
        facts.set("source_map.internal_packages", self.packages.iter().cloned().collect::<Vec<_>>());
        let mut roots: Vec<_> = self.roots.into_iter().collect();
        roots.sort_by_key(|(root, number)| (Reverse(*number), root.clone()));
        let roots: Vec<String> = roots.into_iter().take(LISTED).map(|(root, _)| short(&root)).collect();
        let people: Vec<String> = self.people.into_iter().map(short).collect();
        let packages: Vec<String> = self.packages.iter().take(LISTED).map(|package| short(package)).collect();
        for (what, items) in [("built in", roots), ("user names", people), ("internal packages", packages)] {
            if !items.is_empty() {
                details.push(format!("{what}: {}", items.join(", ")));
            }
        }
    }
}

impl Folder<'_> {
    /// `../src (40)`; a file that is alone in its folder is named itself.
    fn shown(&self, name: &str) -> String {
        let number = FactValue::Int(self.number);
        match (self.files.as_slice(), name) {
            ([file], "") => short(file),
            ([file], _) => short(&format!("{name}/{file}")),
            (_, "") => format!("{number} without a folder"),
            _ => format!("{} ({number})", short(name)),
        }
    }

    /// `40 in ../src: a.ts, b.ts, c.ts …`
    fn detail(&self, name: &str) -> String {
        let files: Vec<String> = self.files.iter().map(|file| short(file)).collect();
        let more = if self.number > FILES as u64 { " …" } else { "" };
        let place = if name.is_empty() { "without a folder".to_owned() } else { format!("in {}", short(name)) };
        format!("{} {place}: {}{more}", FactValue::Int(self.number), files.join(", "))
    }
}

fn short(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// The first folders of an absolute path: enough to tell whose machine it was, and what the build is called there.
fn root(folder: &str) -> String {
    const LEVELS: usize = 3;
    let plain = folder.replace('\\', "/");
    let plain = plain.strip_prefix("file://").unwrap_or(&plain);
    let parts: Vec<&str> = plain.split('/').filter(|part| !part.is_empty()).take(LEVELS).collect();
    let slash = if plain.starts_with('/') { "/" } else { "" };
    format!("{slash}{}", parts.join("/"))
}

/// The user in whose home folder a path lies.
fn person(name: &str) -> Option<&str> {
    if !is_personal(name) {
        return None;
    }
    let (_, rest) =
        ["/home/", "/Users/", "/users/", "\\Users\\", "\\users\\"].iter().find_map(|mark| name.split_once(mark))?;
    rest.split(['/', '\\']).find(|part| !part.is_empty())
}

/// The package that a name speaks of, where it is not one of a registry: `webpack://@scope/name/…`,
/// `packages/@scope/name/…`, `node_modules/@scope/name/…`.
fn package(name: &str) -> Option<String> {
    let rest = name.strip_prefix("webpack://").filter(|rest| rest.starts_with('@')).or_else(|| {
        ["/node_modules/@", "packages/@"].iter().find_map(|mark| {
            let at = name.rfind(mark)?;
            name.get(at + mark.len() - 1..)
        })
    })?;
    let own = scope(rest)?;
    let package = rest[own.len() + 1..].split('/').next().filter(|package| !package.is_empty())?;
    Some(short(&format!("{own}/{package}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_folders_machines_people_and_packages() {
        let mut names = Names::default();
        for name in [
            "../src/a.ts",
            "../src/b.ts",
            "../src/c.ts",
            "../src/d.ts",
            "x.ts",
            "/builds/tide/pilot/src/deep/e.ts",
            "/Users/jdoe/work/f.ts",
            "webpack://@tide/cli/./g.ts",
            "../packages/@tide/secret-launch/h.ts",
        ] {
            names.add(name);
        }
        let (mut facts, mut details) = (Facts::default(), Vec::new());
        names.tell(&mut facts, &mut details);
        let Some(FactValue::List(folders)) = facts.get("source_map.names_folders") else { panic!() };
        assert_eq!(folders[..2], ["../src (4)", "x.ts"]);
        assert_eq!(
            details,
            [
                "4 in ../src: a.ts, b.ts, c.ts …",
                "built in: /Users/jdoe/work, /builds/tide/pilot",
                "user names: jdoe",
                "internal packages: @tide/cli, @tide/secret-launch"
            ]
        );
    }
}
