//! Files of debug information that lie beside the program that they belong to: whoever gets both has everything that
//! stripping was meant to keep.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::beside::resolved;
use super::run::Package;
use crate::finding::{ArtifactPath, FactValue, Facts};
use crate::formats::Stated;

/// Where debuggers look for the file that `.gnu_debuglink` names (GDB manual, "Separate Debug Files").
const FOLDERS: [&str; 2] = ["", ".debug/"];
/// Where in a dSYM bundle the debug information lies.
const DWARF: &str = "Contents/Resources/DWARF";
/// Folders that are one thing to people on macOS; their dSYM bundle lies beside them.
const BUNDLES: [&str; 5] = [".app", ".framework", ".bundle", ".appex", ".xpc"];
/// How many programs of one file of debug symbols are named.
const PROGRAMS: usize = 8;

/// States which programs have their debug information beside them, and on the side of that whose it is.
pub fn settle(stated: &mut [(Package, ArtifactPath, Stated)]) {
    let text = |facts: &Facts, name: &str| match facts.get(name) {
        Some(FactValue::Text(text)) => text.to_string(),
        _ => String::new(),
    };
    let mut symbols: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, (_, path, one)) in stated.iter().enumerate() {
        if text(&one.facts, "executable.kind") == "debug symbols" {
            symbols
                .entry(whole(path, &text(&one.facts, "executable.architecture")).to_string())
                .or_default()
                .push(index);
        }
    }
    if symbols.is_empty() {
        return;
    }
    let mut owners: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (_, path, one) in stated.iter_mut() {
        let fact = |name| text(&one.facts, name);
        if !matches!(&*fact("executable.kind"), "executable" | "library") {
            continue;
        }
        let program = whole(path, &fact("executable.architecture"));
        let names =
            names(program, &fact("executable.format"), &fact("executable.debug_link"), &fact("executable.pdb_path"));
        let beside = names.iter().find_map(|name| Some((name, symbols.get(&resolved(program, name)?)?)));
        let Some((name, found)) = beside.filter(|(_, found)| !found.is_empty()) else { continue };
        for index in found {
            owners.entry(*index).or_default().insert(program.base_name().chars().take(200).collect());
        }
        one.facts.set("executable.debug_beside", name.chars().take(200).collect::<String>());
    }
    for (index, programs) in owners {
        let programs: Vec<String> = programs.into_iter().take(PROGRAMS).collect();
        stated[index].2.facts.set("executable.debug_of", programs);
    }
}

/// The file that an executable is: a slice of a universal file is not one.
fn whole<'p>(path: &'p ArtifactPath, architecture: &str) -> &'p ArtifactPath {
    let is_slice = !architecture.is_empty() && path.base_name() == architecture;
    path.parent().filter(|_| is_slice).unwrap_or(path)
}

/// Where the debug information of a program may lie, as seen from it.
fn names(program: &ArtifactPath, format: &str, link: &str, pdb: &str) -> Vec<String> {
    let base = program.base_name();
    let mut names = Vec::new();
    if !link.is_empty() && !link.contains("://") {
        names.extend(FOLDERS.iter().map(|folder| format!("{folder}{link}")));
    }
    if let Some(pdb) = pdb.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()) {
        names.push(pdb.to_owned());
    }
    if format == "mach-o" {
        names.push(format!("{base}.dSYM/{DWARF}/{base}"));
        let inside = program.logical();
        let mut up = String::new();
        for folder in inside.rsplit('/').skip(1) {
            up += "../";
            if BUNDLES.iter().any(|ending| folder.ends_with(ending)) {
                names.push(format!("{up}{folder}.dSYM/{DWARF}/{base}"));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(path: &ArtifactPath, facts: &[(&'static str, &str)]) -> (Package, ArtifactPath, Stated) {
        let mut one = Stated::default();
        facts.iter().for_each(|(name, value)| one.facts.set(name, *value));
        (Package::Target(0), path.clone(), one)
    }

    /// The programs that a file of debug symbols is said to belong to.
    fn owners(program: &ArtifactPath, facts: &[(&'static str, &str)], symbols: &ArtifactPath) -> String {
        let facts = [&[("executable.kind", "executable")], facts].concat();
        let mut all = [stated(program, &facts), stated(symbols, &[("executable.kind", "debug symbols")])];
        settle(&mut all);
        let told = all[1].2.facts.get("executable.debug_of").map(FactValue::to_string).unwrap_or_default();
        assert_eq!(!told.is_empty(), all[0].2.facts.get("executable.debug_beside").is_some());
        told
    }

    #[test]
    fn debug_information_is_found_where_debuggers_look_for_it() {
        let file = ArtifactPath::file;
        let link = [("executable.format", "elf"), ("executable.debug_link", "tide.debug")];
        assert_eq!(owners(&file("bin/tide"), &link, &file("bin/tide.debug")), "tide");
        assert_eq!(owners(&file("bin/tide"), &link, &file("bin/.debug/tide.debug")), "tide");
        assert_eq!(owners(&file("bin/tide"), &link, &file("lib/tide.debug")), "");
        let pdb = [("executable.format", "pe"), ("executable.pdb_path", "C:\\Users\\jdoe\\src\\tide.pdb")];
        assert_eq!(owners(&file("tide.dll"), &pdb, &file("tide.pdb")), "tide.dll");
        let archive = file("p.zip");
        assert_eq!(owners(&archive.member("a/tide.dll"), &pdb, &archive.member("a/tide.pdb")), "tide.dll");
        assert_eq!(owners(&archive.member("a/tide.dll"), &pdb, &file("a/tide.pdb")), "");
        let apple = [("executable.format", "mach-o"), ("executable.architecture", "aarch64")];
        let dwarf = |bundle: &str| file(&format!("{bundle}.dSYM/Contents/Resources/DWARF/tide"));
        assert_eq!(owners(&file("bin/tide"), &apple, &dwarf("bin/tide")), "tide");
        assert_eq!(owners(&file("bin/tide").member("aarch64"), &apple, &dwarf("bin/tide")), "tide");
        assert_eq!(owners(&file("x/T.app/Contents/MacOS/tide"), &apple, &dwarf("x/T.app")), "tide");
        assert_eq!(owners(&file("bin/other"), &apple, &dwarf("bin/tide")), "");
    }
}
