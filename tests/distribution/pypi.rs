//! The wheel, as pip installs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::workshop::{CODES, VERSION, build, package, packages, root, run, stripped, targets, text};

/// A fresh environment, with pip told to use nothing but the folder of packages.
fn environment() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    run(Command::new("python3").args(["-m", "venv"]).arg(folder.path()));
    folder
}

fn pip(environment: &Path) -> Command {
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "--disable-pip-version-check"]);
    pip
}

fn install(environment: &Path, more: &[&str]) {
    let wheels = packages().join("python");
    run(pip(environment).args(["install", "--no-index", "--find-links"]).arg(wheels).args(more).arg("lastlook"));
}

#[test]
#[ignore = "needs python3 and binutils"]
fn pip_installs_the_program_and_the_module() {
    let (environment, targets) = (environment(), targets());
    let at = |name: &str| environment.path().join(name);
    install(environment.path(), &[]);
    assert_eq!(run(Command::new(at("bin/lastlook")).arg("--version")), format!("lastlook {VERSION}\n"));
    for (target, code) in CODES {
        let target = targets.path().join(target);
        let direct = Command::new(at("bin/lastlook")).args(["--report", "json"]).arg(&target).output().unwrap();
        let module =
            Command::new(at("bin/python")).args(["-m", "lastlook", "--report", "json"]).arg(&target).output().unwrap();
        assert_eq!(direct.status.code(), Some(code), "{}", text(&direct.stderr));
        assert_eq!((module.status.code(), &module.stdout), (Some(code), &direct.stdout), "{}", text(&module.stderr));
    }
    for file in ["man/man1/lastlook.1", "man/man1/lastlook-sources.1", "bash-completion/completions/lastlook"] {
        assert!(at("share").join(file).is_file(), "{file}");
    }
    let shown = run(pip(environment.path()).args(["show", "--verbose", "lastlook"]));
    for line in [format!("Version: {VERSION}"), "License-Expression: MIT OR Apache-2.0".to_owned()] {
        assert!(shown.lines().any(|one| one == line), "{line} is not in:\n{shown}");
    }
    // What was installed is what RECORD says, so nothing of it stays behind.
    run(pip(environment.path()).args(["uninstall", "--yes", "lastlook"]));
    assert!(!at("bin/lastlook").exists() && !at("share/man/man1/lastlook.1").exists());
}

#[test]
#[ignore = "needs python3 and binutils"]
fn the_module_finds_its_program_wherever_it_was_installed_and_no_other() {
    let (environment, elsewhere) = (environment(), tempfile::tempdir().unwrap());
    install(environment.path(), &["--target", elsewhere.path().to_str().unwrap()]);
    let module = || {
        let mut python = Command::new(environment.path().join("bin/python"));
        // A program on PATH may be of any version.
        let path = format!("{}:/usr/bin:/bin", super::workshop::program().parent().unwrap().display());
        python.args(["-m", "lastlook", "--version"]).env("PYTHONPATH", elsewhere.path()).env("PATH", path);
        python.output().unwrap()
    };
    assert_eq!(text(&module().stdout), format!("lastlook {VERSION}\n"));
    fs::remove_file(elsewhere.path().join("bin/lastlook")).unwrap();
    let output = module();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("install the package lastlook again"), "{}", text(&output.stderr));
}

#[test]
#[ignore = "needs python3 and binutils"]
fn record_is_right_to_the_byte_and_the_tag_is_what_the_symbols_allow() {
    let wheel = package("python", &format!("lastlook-{VERSION}-py3-none-"));
    let check = "
import base64, hashlib, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
names = archive.namelist()
assert len(set(names)) == len(names) and names[-1].endswith('.dist-info/RECORD'), names
listed = {}
for line in archive.read(names[-1]).decode().splitlines():
    path, digest, size = line.rsplit(',', 2)
    listed[path] = (digest, size)
assert sorted(listed) == sorted(names), set(listed) ^ set(names)
for name in names[:-1]:
    data = archive.read(name)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()
    assert listed[name] == ('sha256=' + digest, str(len(data))), name
assert listed[names[-1]] == ('', '')
assert 'lastlook/py.typed' in names
script, = (info for info in archive.infolist() if info.filename.endswith('.data/scripts/lastlook'))
assert script.external_attr >> 16 == 0o100755
open(sys.argv[2], 'wb').write(archive.read(script))
tags = [line[5:] for line in archive.read(names[-1].replace('RECORD', 'WHEEL')).decode().splitlines() if line.startswith('Tag: ')]
print(' '.join(tags))
";
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let tags = run(Command::new("python3").args(["-c", check]).args([&wheel, &program]));
    let name = wheel.file_name().unwrap().to_string_lossy().into_owned();
    let in_name = name.trim_end_matches(".whl").rsplit('-').next().unwrap().split('.');
    assert_eq!(
        tags.split_whitespace().collect::<Vec<_>>(),
        in_name.map(|tag| format!("py3-none-{tag}")).collect::<Vec<_>>()
    );
    // What binutils say that the program needs.
    let versions = run(Command::new("readelf").args(["--version-info", "--wide"]).arg(&program));
    let needed = versions
        .split("GLIBC_2.")
        .skip(1)
        .filter_map(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse::<u32>().ok());
    let newest = needed.max().unwrap().max(17);
    assert!(tags.starts_with(&format!("py3-none-manylinux_2_{newest}_")), "{tags} for glibc 2.{newest}");
}

#[test]
#[ignore = "needs python3"]
fn programs_for_other_systems_get_the_tags_that_their_headers_allow() {
    run(Command::new("python3").arg(root().join("tests/distribution/tags.py")));
}

#[test]
#[ignore = "needs python3 and binutils"]
fn the_same_program_gives_the_same_bytes_and_what_leaks_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let program = stripped(folder.path());
    let again = folder.path().join("again");
    assert!(build(&again, &program).status.success());
    let sums = |folder: &Path| fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    assert_eq!(sums(&again), sums(packages()));
    run(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&again));
    // A program with a key in it, and a program for another machine: the last packages stay as they are.
    let key = lastlook::rules::example::fill("\0ghp_<base62*30><crc32-base62-6>\0", 1).unwrap();
    for (bytes, words) in [(key.as_bytes(), "lastlook ended with 1 over npm/"), (&b"MZ"[..], "cannot be read")] {
        let bad: PathBuf = folder.path().join("bad");
        let mut data = if words.contains("over") { fs::read(&program).unwrap() } else { Vec::new() };
        data.extend_from_slice(bytes);
        fs::write(&bad, data).unwrap();
        let mut build = Command::new(root().join("distribution/build"));
        let output =
            build.arg("--binary").arg(&bad).arg("--tool").arg(&program).arg("--out").arg(&again).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
        assert_eq!(sums(&again), sums(packages()));
    }
    // A folder with anything else in it is not replaced.
    fs::write(folder.path().join("mine.txt"), "").unwrap();
    let output = build(folder.path(), &program);
    assert!(text(&output.stderr).contains("is not empty"), "{}", text(&output.stderr));
    assert!(folder.path().join("mine.txt").exists());
}
