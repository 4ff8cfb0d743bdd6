//! The packages, built once for all tests of this binary, and what they are tried on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_lastlook"))
}

/// The folder with everything that `distribution/build` has made of the program under test.
pub fn packages() -> &'static Path {
    static BUILT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let said = build(&folder.path().join("out"), &stripped(folder.path()));
        assert!(said.status.success(), "{}", text(&said.stderr));
        folder
    });
    static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| BUILT.path().join("out"));
    &PACKAGES
}

/// Runs `distribution/build` on this program.
pub fn build(out: &Path, program: &Path) -> Output {
    let mut build = Command::new(root().join("distribution/build"));
    build.arg("--binary").arg(program).arg("--out").arg(out).output().unwrap()
}

/// The program as releases are: without what only a debugger reads.
pub fn stripped(folder: &Path) -> PathBuf {
    let path = folder.join("stripped");
    run(Command::new("strip").arg("-o").arg(&path).arg(program()));
    path
}

/// The package, of those whose names begin like this.
pub fn package(folder: &str, start: &str) -> PathBuf {
    let listed = fs::read_dir(packages().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        listed.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(start)).collect();
    assert_eq!(found.len(), 1, "{folder}/{start}*: {found:?}");
    found.remove(0)
}

/// A folder with one target for every exit code that stands for a verdict: `leaky`, `clear` and `cut.tgz`.
pub fn targets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["leaky", "clear"] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("index.js"), "export default 1;\n").unwrap();
    }
    let map =
        r#"{"version":3,"sources":["../src/a.ts"],"sourcesContent":["const a = 1;\n// why\n"],"mappings":"AAAA"}"#;
    fs::write(at("leaky").join("index.js.map"), map).unwrap();
    fs::write(at("cut.tgz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xed\xbd").unwrap();
    folder
}

/// Each target, and the exit code that the program has for it.
pub const CODES: [(&str, i32); 4] = [("clear", 0), ("leaky", 1), ("nowhere", 2), ("cut.tgz", 3)];

/// Runs what must succeed, and gives what it wrote to standard output.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
