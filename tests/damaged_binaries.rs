//! Executables of every kind, damaged at hundreds of places and cut off at hundreds: no reader panics, and none is caught
//! while it does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "support/published.rs"]
mod published;

use lastlook::bytes::{Bytes, Limits, Probe};
use lastlook::finding::{Artifact, ArtifactPath, Role};
use lastlook::formats::{FORMATS, Inspection};

/// The families of the corpus that are executables, or carry them.
const FAMILIES: [&str; 6] = ["elf", "pe", "mach-o", "wasm", "pdb", "ar"];
/// How deep members are followed.
const DEPTH: usize = 4;
/// How many members of one artifact are followed.
const MEMBERS: usize = 64;

thread_local! {
    /// Where the last panic of this thread happened.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Random numbers (xorshift) that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

/// Shows an artifact and its members to every format, as the engine does, and counts the panics by place.
fn look(artifact: &Artifact, depth: usize, panics: &mut BTreeMap<String, usize>) {
    let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
    let limits = Limits::default();
    for format in FORMATS {
        let mut members = Vec::new();
        let mut sink = |member| members.push(member);
        let looked = catch_unwind(AssertUnwindSafe(|| {
            if format.sniff(&probe) {
                let mut out = Inspection::new(artifact, &limits, &mut sink);
                let _ = format.inspect(artifact, &mut out);
                let _ = out.finish();
                format.layout(artifact);
            }
        }));
        if looked.is_err() {
            let place = PLACE.with_borrow(Clone::clone);
            *panics.entry(format!("{}: {place}", format.name())).or_default() += 1;
        }
        if depth < DEPTH {
            members.iter().take(MEMBERS).for_each(|member| look(member, depth + 1, panics));
        }
    }
}

/// Damages each of these files at `places` places, cuts it off at as many, and returns the panics by place.
fn damage(files: &[PathBuf], places: usize) -> BTreeMap<String, usize> {
    // What is caught is counted, not printed.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        PLACE.with_borrow_mut(|last| *last = place);
    }));
    let mut panics = BTreeMap::new();
    for file in files {
        let whole = fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let mut random = Random(0x2545_f491_4f6c_dd1d ^ whole.len() as u64);
        let mut show = |bytes: Vec<u8>| {
            let artifact = Artifact { path: ArtifactPath::file(&name), role: Role::File, bytes: Bytes::from(bytes) };
            look(&artifact, 0, &mut panics);
        };
        show(whole.clone());
        for round in 0..places {
            show(whole[..random.below(whole.len())].to_vec());
            let mut bytes = whole.clone();
            // Headers and tables are short and lie at the front; damage all over the file rarely meets them.
            let reach = if round % 2 == 0 { whole.len() } else { whole.len().min(1024) };
            for _ in 0..=round % 3 {
                let at = random.below(reach);
                bytes[at] = [0, 0x7f, 0x80, 0xff, bytes[at].wrapping_add(1), u8::try_from(random.below(256)).unwrap()]
                    [random.below(6)];
            }
            show(bytes);
        }
    }
    let _ = std::panic::take_hook();
    panics
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_below(&path, found);
        } else if path.file_name().is_some_and(|name| name != "expected.json") {
            found.push(path);
        }
    }
}

fn samples() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/formats");
    let mut files = Vec::new();
    FAMILIES.iter().for_each(|family| files_below(&corpus.join(family), &mut files));
    assert!(files.len() >= 10, "{files:?}");
    files
}

#[test]
fn damage_to_small_executables_is_survived() {
    assert_eq!(damage(&samples(), 60), BTreeMap::new());
}

#[test]
#[ignore = "takes a minute"]
fn damage_at_five_hundred_places_is_survived() {
    assert_eq!(damage(&samples(), 500), BTreeMap::new());
}

/// How published executables begin: ELF, PE, Mach-O in two forms, WebAssembly, archives of objects.
const MARKS: [&[u8]; 6] = [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm", b"!<arch>\n"];

/// What people download, damaged: by default small extension modules for three systems. `LASTLOOK_SAMPLES` names a folder
/// with others, of any size; then there are 500 places in each, and a release build is the one to use.
#[test]
#[ignore = "fetches packages from the registry"]
fn damage_to_what_was_published_is_survived() {
    let (mut files, mut places) = (Vec::new(), 100);
    if let Some(folder) = std::env::var_os("LASTLOOK_SAMPLES") {
        files_below(Path::new(&folder), &mut files);
        places = 500;
    } else {
        let all = published::packages().into_iter().filter(|package| package.starts_with("pip markupsafe "));
        for package in all {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("damaged-{}", package.replace(' ', "-")));
            published::unpack(&package, &folder);
            files_below(&folder, &mut files);
        }
    }
    files.retain(|file| fs::read(file).is_ok_and(|bytes| MARKS.iter().any(|mark| bytes.starts_with(mark))));
    assert!(files.len() >= 3, "{files:?}");
    let mut panics = BTreeMap::new();
    for file in &files {
        let found = damage(std::slice::from_ref(file), places);
        // By hand this takes long, and whoever runs it wants to see how far it has come.
        println!("{} {found:?}", file.display());
        found.into_iter().for_each(|(place, count)| *panics.entry(place).or_insert(0) += count);
    }
    assert_eq!(panics, BTreeMap::new());
}

const PROGRAM: &str = "#include <stdio.h>\nstruct tide { int hour; double height; };\nstatic double at(struct tide *tide) \
                       { return tide->height * tide->hour; }\nint main(int argc, char **argv) { struct tide tide = \
                       { argc, 2.5 }; printf(\"%s %f\\n\", argv[0], at(&tide)); return 0; }\n";

#[test]
#[ignore = "needs gcc"]
fn damage_to_what_a_compiler_has_just_made_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tide.c"), PROGRAM).unwrap();
    let mut files = Vec::new();
    for (name, flags) in [
        ("plain", &["-O1"][..]),
        ("debug", &["-g"]),
        ("debug-4", &["-g", "-gdwarf-4"]),
        ("stripped", &["-s"]),
        ("object.o", &["-g", "-c"]),
        ("library.so", &["-g", "-shared", "-fPIC", "-Wl,-rpath,/home/jdoe/lib"]),
        ("zlib", &["-g", "-gz=zlib"]),
        ("split", &["-g", "-gsplit-dwarf"]),
        ("static-pie", &["-g", "-static-pie", "-fPIE"]),
    ] {
        let out = folder.path().join(name);
        let mut gcc = Command::new("gcc");
        gcc.args(flags).arg("-o").arg(&out).arg("tide.c").current_dir(folder.path());
        assert!(gcc.status().unwrap().success(), "{name}");
        // Half a megabyte of C library would only cost time.
        if fs::metadata(&out).unwrap().len() < 256 << 10 {
            files.push(out);
        }
    }
    assert!(files.len() >= 8, "{files:?}");
    assert_eq!(damage(&files, 500), BTreeMap::new());
}
