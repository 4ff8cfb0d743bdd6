//! What Go leaves in every program, stripped or not: build information (`debug/buildinfo`) and the table of functions and
//! files that tracebacks are made of (`debug/gosym`, `runtime/symtab.go`).

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::memmem;

use super::portrait::capped;
use crate::bytes::{Bytes, Cursor};
use crate::finding::{FactSpec, FactType, Role};
use crate::formats::{Inspection, LimitReached};

/// What stands around the text of the build information (`runtime/debug/mod.go`, `modload/build.go`).
const START: &[u8] = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const END: &[u8] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
/// What the block starts with that names the version of Go.
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The mark of Go 1.18 and later: texts follow after 32 bytes, each with its length.
const INLINE: u8 = 2;

const MOST_TEXT: usize = 1 << 20;
const MOST_COPIES: usize = 8;
const MOST_TABLES: usize = 64;
const MOST_NAMES: usize = 4 << 20;
const EXAMPLES: usize = 5;
const VARIABLES: usize = 64;

pub(super) static FACTS: &[FactSpec] = &[
    FactSpec { name: "go.version", kind: FactType::Text, doc: "The version of Go that compiled the program" },
    FactSpec { name: "go.path", kind: FactType::Text, doc: "The path of its main package" },
    FactSpec { name: "go.module", kind: FactType::Text, doc: "Its main module, with the version where there is one" },
    FactSpec {
        name: "go.modules",
        kind: FactType::Int,
        doc: "Number of modules that it was built of, besides its own",
    },
    FactSpec {
        name: "go.replaced",
        kind: FactType::List,
        doc: "Modules that were taken from a folder of the building machine, with the folder, at most 5",
    },
    FactSpec { name: "go.replaced_count", kind: FactType::Int, doc: "Number of modules taken from a folder" },
    FactSpec { name: "go.revision", kind: FactType::Text, doc: "The revision that it was built from" },
    FactSpec { name: "go.modified", kind: FactType::Bool, doc: "Whether files had been changed since that revision" },
    FactSpec {
        name: "go.link_variables",
        kind: FactType::List,
        doc: "Variables whose values the linker was told, and the build information repeats (-ldflags -X), at most 64",
    },
    FactSpec { name: "go.link_variable_count", kind: FactType::Int, doc: "Number of these variables" },
    FactSpec {
        name: "go.trimmed",
        kind: FactType::Bool,
        doc: "Whether paths of the building machine were taken out of the table of files (-trimpath)",
    },
    FactSpec { name: "go.functions", kind: FactType::Int, doc: "Number of names in the table of functions" },
    FactSpec { name: "go.own_functions", kind: FactType::Int, doc: "Number of these in the main module" },
    FactSpec { name: "go.files", kind: FactType::Int, doc: "Number of names in the table of source files" },
    FactSpec {
        name: "go.own_files",
        kind: FactType::Int,
        doc: "Number of these that belong neither to Go nor to another module",
    },
    FactSpec { name: "go.own_file_examples", kind: FactType::List, doc: "At most 5 of these names" },
];

/// States what Go left in `bytes`. The build information becomes a member, because the linker's flags are in it.
///
/// # Errors
/// When a limit forbids handing out the member.
pub(super) fn state(bytes: &Bytes, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
    let version = version(bytes);
    let texts = texts(bytes);
    if version.is_none() && texts.is_empty() {
        return Ok(());
    }
    if let Some(version) = version {
        out.fact("go.version", version);
    }
    let mut module = String::new();
    let mut seen: BTreeSet<&[u8]> = BTreeSet::new();
    for range in &texts {
        let text = &bytes[range.clone()];
        if seen.is_empty() {
            module = build_information(&String::from_utf8_lossy(text), out);
        }
        // The text stands in the program twice: for the program itself, and for tools that read the file.
        if seen.insert(text) {
            out.member("go.buildinfo", Role::Header, bytes.slice(range.clone()))?;
        }
        out.explain(range.start as u64..range.end as u64);
    }
    if let Some(table) = tables(bytes) {
        table.state(&module, out);
    }
    Ok(())
}

fn version(bytes: &[u8]) -> Option<String> {
    memmem::find_iter(bytes, MAGIC).take(MOST_COPIES).find_map(|at| {
        let mut cursor = Cursor::at(bytes, at as u64 + 15);
        if cursor.u8().ok()? & INLINE == 0 {
            return None;
        }
        cursor.skip(16).ok()?;
        let length = cursor.varint().ok()?;
        let text = cursor.take_u64(length.min(100)).ok()?;
        (text.starts_with(b"go") || text.starts_with(b"devel")).then(|| capped(text))
    })
}

/// Every copy of the build information.
fn texts(bytes: &[u8]) -> Vec<Range<usize>> {
    let starts = memmem::find_iter(bytes, START).take(MOST_COPIES).map(|at| at + START.len());
    let text = |start: usize| {
        let rest = &bytes[start..bytes.len().min(start + MOST_TEXT)];
        let length = memmem::find(rest, END)?;
        let is_text = ["path\t", "mod\t", "build\t", "dep\t"].iter().any(|key| rest.starts_with(key.as_bytes()));
        is_text.then_some(start..start + length)
    };
    starts.filter_map(text).collect()
}

/// Reads the lines of the build information, and answers the path of the main module.
fn build_information(text: &str, out: &mut Inspection<'_>) -> String {
    let (mut module, mut dependencies) = (String::new(), 0u64);
    let (mut replaced, mut replaced_count, mut last) = (Vec::new(), 0u64, String::new());
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (key, first) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        match key {
            "path" => out.fact("go.path", capped(first.as_bytes())),
            "mod" => {
                first.clone_into(&mut module);
                let version = fields.next().filter(|version| !version.is_empty() && *version != "(devel)");
                let whole = version.map_or_else(|| first.to_owned(), |version| format!("{first} {version}"));
                out.fact("go.module", capped(whole.as_bytes()));
            }
            "dep" => {
                dependencies += 1;
                last = capped(first.as_bytes());
            }
            "=>" if first.starts_with(['.', '/']) || first.get(1..2) == Some(":") => {
                replaced_count += 1;
                if replaced.len() < EXAMPLES {
                    replaced.push(format!("{last} => {}", capped(first.as_bytes())));
                }
            }
            "build" => setting(first, out),
            _ => {}
        }
    }
    out.fact("go.modules", dependencies);
    if replaced_count > 0 {
        out.fact("go.replaced", replaced);
        out.fact("go.replaced_count", replaced_count);
    }
    module
}

fn setting(setting: &str, out: &mut Inspection<'_>) {
    match setting.split_once('=') {
        Some(("vcs.revision", revision)) => out.fact("go.revision", capped(revision.as_bytes())),
        Some(("vcs.modified", modified)) => out.fact("go.modified", modified == "true"),
        Some(("-ldflags", flags)) => {
            let names = link_variables(flags);
            if !names.is_empty() {
                out.fact("go.link_variable_count", names.len());
                out.fact("go.link_variables", names.into_iter().take(VARIABLES).collect::<Vec<_>>());
            }
        }
        _ => {}
    }
}

/// The names in `-X name=value`, however it is quoted.
fn link_variables(flags: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in flags.match_indices("-X") {
        let before = flags[..at].chars().next_back();
        if before.is_some_and(|before| !" \"'`\t".contains(before)) {
            continue;
        }
        let rest = flags[at + 2..].trim_start_matches([' ', '=', '"', '\'', '\\', '\t']);
        let Some((name, _)) = rest.split_once('=') else { continue };
        let fits = |letter: char| letter.is_alphanumeric() || "._-/~%".contains(letter);
        if !name.is_empty() && name.chars().all(fits) {
            names.push(capped(name.as_bytes()));
        }
    }
    names
}

/// The names in the table of functions and files.
struct Tables<'a> {
    functions: &'a [u8],
    files: &'a [u8],
}

/// Finds the table by its header: it has a section of its own in some file formats only.
fn tables(bytes: &[u8]) -> Option<Tables<'_>> {
    // Go 1.20, 1.18, 1.16 and 1.2; the first three hold the same parts.
    [0xf1_u8, 0xf0, 0xfa].into_iter().find_map(|version| {
        let magic = [version, 0xff, 0xff, 0xff, 0, 0];
        let reversed = [0xff, 0xff, 0xff, version, 0, 0];
        let find = |magic: &[u8; 6], little: bool| {
            memmem::find_iter(bytes, magic).take(MOST_TABLES).find_map(|at| table(&bytes[at..], version, little))
        };
        find(&magic, true).or_else(|| find(&reversed, false))
    })
}

/// `runtime.pcHeader`: magic, two zeros, the smallest instruction, the size of a pointer, and numbers of that size.
fn table(bytes: &[u8], version: u8, little: bool) -> Option<Tables<'_>> {
    let (quantum, size) = (*bytes.get(6)?, *bytes.get(7)?);
    if !matches!(quantum, 1 | 2 | 4) || !matches!(size, 4 | 8) {
        return None;
    }
    let mut cursor = Cursor::at(bytes, 8);
    let shape = super::words::Shape { little, wide: size == 8 };
    let mut number = || shape.address(&mut cursor).ok();
    let (functions, files) = (number()?, number()?);
    if version != 0xfa {
        number()?; // where the code starts
    }
    let (names, units, table, counters) = (number()?, number()?, number()?, number()?);
    let ordered = 0 < functions && functions < 1 << 28 && files < 1 << 28;
    let ordered = ordered && 0x20 <= names && names < units && units <= table && table < counters;
    let part = |from: u64, to: u64| {
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        bytes.get(from..to.min(from.saturating_add(64 << 20)))
    };
    ordered.then_some(Tables { functions: part(names, units)?, files: part(table, counters)? })
}

impl Tables<'_> {
    fn state(&self, module: &str, out: &mut Inspection<'_>) {
        let functions = names(self.functions);
        let own = functions.clone().filter(|name| is_own_function(name, module)).count();
        out.fact("go.functions", functions.count());
        out.fact("go.own_functions", own);
        self.state_files(out);
    }

    fn state_files(&self, out: &mut Inspection<'_>) {
        let files = names(self.files).filter(|name| is_file(name));
        // Go's own files tell where Go lies, and whether paths were trimmed.
        let root = files.clone().find_map(|name| name.strip_suffix(b"/src/runtime/proc.go"));
        let is_absolute = |name: &[u8]| name.starts_with(b"/") || name.get(1..2) == Some(b":");
        let is_own = |name: &&[u8]| {
            let others = root.is_some_and(|root| name.starts_with(root)) || memchr::memchr(b'@', name).is_some();
            let first = name.split(|byte| *byte == b'/').next().unwrap_or_default();
            // The names of Go's own packages have no dot in their first part.
            !others && (is_absolute(name) || first.contains(&b'.') || root.is_some())
        };
        let own: BTreeSet<&[u8]> = files.clone().filter(is_own).collect();
        out.fact("go.trimmed", root.is_none() && !own.iter().any(|name| is_absolute(name)));
        out.fact("go.files", files.count());
        out.fact("go.own_files", own.len());
        if !own.is_empty() {
            out.fact("go.own_file_examples", own.iter().take(EXAMPLES).map(|name| capped(name)).collect::<Vec<_>>());
        }
    }
}

fn names(table: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    table.split(|byte| *byte == 0).filter(|name| !name.is_empty()).take(MOST_NAMES)
}

/// Behind the names of files may stand bytes that align what follows.
fn is_file(name: &[u8]) -> bool {
    name.len() > 3 && (name.ends_with(b".go") || name.ends_with(b".s") || name.ends_with(b".c"))
}

fn is_own_function(name: &[u8], module: &str) -> bool {
    let inside = (!module.is_empty()).then(|| name.strip_prefix(module.as_bytes())).flatten();
    name.starts_with(b"main.") || inside.is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Limits;
    use crate::finding::{Artifact, ArtifactPath, FactValue, Facts};

    fn look(bytes: Vec<u8>) -> (Facts, Vec<Artifact>, usize) {
        let artifact = Artifact { path: ArtifactPath::file("tide"), role: Role::File, bytes: Bytes::from(bytes) };
        let (limits, mut members) = (Limits::default(), Vec::new());
        let mut sink = |member| members.push(member);
        let mut out = Inspection::new(&artifact, &limits, &mut sink);
        state(&artifact.bytes, &mut out).unwrap();
        let stated = out.finish();
        (stated.facts, members, stated.explained.len())
    }

    fn text(facts: &Facts, name: &str) -> String {
        facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn information(text: &str) -> Vec<u8> {
        [START, text.as_bytes(), END].concat()
    }

    fn table_of(functions: &str, files: &str) -> Vec<u8> {
        let mut out = b"\xf1\xff\xff\xff\0\0\x01\x08".to_vec();
        let (names, units) = (0x48, 0x48 + functions.len() as u64);
        for number in [2, 2, 0, names, units, units, units + files.len() as u64, 0] {
            out.extend(u64::to_le_bytes(number));
        }
        out.extend([functions.as_bytes(), files.as_bytes()].concat());
        out
    }

    #[test]
    fn build_information_is_handed_out_once_and_read() {
        let text_of = "path\texample.org/tide/cmd\nmod\texample.org/tide\t(devel)\t\n\
            dep\texample.org/knot\tv1.2.3\th1:x\ndep\texample.org/quay\tv0.0.0\n=>\t../quay\t(devel)\t\n\
            build\t-ldflags=\"-s -X main.token=hello -X 'main.when=a b' -X=example.org/tide/x.Name=y\"\n\
            build\tvcs.revision=0123abcd\nbuild\tvcs.modified=true\n";
        let inline = [MAGIC, &[8, 2], &[0; 16], b"\x08go1.27.3"].concat();
        let (facts, members, explained) =
            look([b"ELF".to_vec(), inline, information(text_of), vec![0; 9], information(text_of)].concat());
        assert_eq!((members.len(), explained), (1, 2));
        assert_eq!(members[0].bytes, text_of.as_bytes());
        for (name, value) in [
            ("go.version", "go1.27.3"),
            ("go.path", "example.org/tide/cmd"),
            ("go.module", "example.org/tide"),
            ("go.modules", "2"),
            ("go.replaced", "example.org/quay => ../quay"),
            ("go.link_variables", "main.token, main.when, example.org/tide/x.Name"),
            ("go.revision", "0123abcd"),
            ("go.modified", "yes"),
        ] {
            assert_eq!(text(&facts, name), value, "{name}");
        }
    }

    #[test]
    fn the_table_tells_whose_files_and_functions_are_in_it() {
        let module = information("mod\texample.org/tide\tv1.0.0\n");
        let functions = "runtime.main\0main.main\0example.org/tide/x.Level\0example.org/tidelike.A\0";
        let trimmed = table_of(functions, "runtime/proc.go\0example.org/tide/main.go\0example.org/knot@v1/a.go\0\0\0");
        let (facts, ..) = look([module.clone(), trimmed].concat());
        assert_eq!((text(&facts, "go.trimmed"), facts.int("go.functions")), ("yes".to_owned(), 4));
        assert_eq!((facts.int("go.own_functions"), facts.int("go.files"), facts.int("go.own_files")), (2, 3, 1));
        let whole = "/usr/lib/go/src/runtime/proc.go\0/home/jdoe/tide/main.go\0/home/jdoe/go/pkg/mod/x@v1/a.go\0";
        let (facts, ..) = look([module, table_of(functions, whole)].concat());
        assert_eq!((text(&facts, "go.trimmed"), facts.int("go.own_files")), ("no".to_owned(), 1));
        assert_eq!(text(&facts, "go.own_file_examples"), "/home/jdoe/tide/main.go");
    }

    #[test]
    fn marks_by_accident_and_damage_say_nothing() {
        for bytes in [b"nothing of Go".to_vec(), START.repeat(20), [MAGIC, &[8, 2]].concat(), MAGIC.repeat(20)] {
            assert!(look(bytes).1.is_empty());
        }
        let whole = [information("mod\ta.b/c\tv1\n"), table_of("main.main\0", "a.b/c/main.go\0")].concat();
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                look(damaged);
            }
            look(whole[..at].to_vec());
        }
    }
}
