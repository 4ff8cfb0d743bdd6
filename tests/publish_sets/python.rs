//! Python: projects of five backends, made here and from the package index, built by their own backends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use super::support::*;

/// The backends, and what builds with them.
const BACKENDS: [(&str, &str); 5] = [
    ("setuptools", "setuptools.build_meta"),
    ("hatchling", "hatchling.build"),
    ("flit_core", "flit_core.buildapi"),
    ("poetry-core", "poetry.core.masonry.api"),
    ("pdm-backend", "pdm.backend"),
];
const INSTALLED: [&str; 7] = [
    "setuptools==80.9.0",
    "hatchling==1.33.0",
    "flit_core==3.12.0",
    "poetry-core==2.5.0",
    "pdm-backend==2.5.0",
    "build==1.6.1",
    "wheel==0.48.0",
];

/// Source distributions of the package index, two for each backend: with and without a pyproject.toml, with extension
/// points of their backends, with sources in `src` and beside, with data.
const SDISTS: [&str; 10] = [
    "six==1.16.0",
    "toolz==0.12.1",
    "annotated-types==0.7.0",
    "soupsieve==2.5",
    "idna==3.7",
    "tomli==2.0.1",
    "tomlkit==0.12.5",
    "crashtest==0.4.1",
    "dep-logic==0.4.1",
    "findpython==0.6.1",
];

/// What Python reads in an archive: each file with its digest, without the folder that those of an sdist lie in.
const LISTING: &str = "
import hashlib, sys, tarfile, zipfile
name = sys.argv[1]
if name.endswith('.whl'):
    with zipfile.ZipFile(name) as wheel:
        files = [(one.filename, wheel.read(one)) for one in wheel.infolist() if not one.is_dir()]
else:
    with tarfile.open(name) as sdist:
        files = [(one.name.split('/', 1)[1], sdist.extractfile(one).read()) for one in sdist if one.isfile()]
for name, content in files:
    print(hashlib.sha256(content).hexdigest() + '  ' + name)
";

/// The folder with the backends and the source distributions, made once for all tests and runs.
fn bench() -> &'static Path {
    static BENCH: OnceLock<PathBuf> = OnceLock::new();
    BENCH.get_or_init(|| {
        let wanted = format!("{INSTALLED:?} {SDISTS:?}");
        let home = format!("backends-{}", &digest(wanted.as_bytes())[..12]);
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(home);
        fs::create_dir_all(&home).unwrap();
        let lock = fs::File::create(home.join("lock")).unwrap();
        lock.lock().unwrap();
        if !home.join("complete").exists() {
            succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home.join("venv")));
            let pip = |arguments: &[&str], what: &[&str]| {
                let mut pip = Command::new(home.join("venv/bin/python"));
                pip.args(["-m", "pip"]).args(arguments).args(["--quiet", "--disable-pip-version-check"]).args(what);
                succeed(pip.current_dir(&home));
            };
            pip(&["install"], &INSTALLED);
            // To download an sdist is to ask its backend what it is: the ones that are there, not others from the index.
            let download =
                ["download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", "sdists"];
            pip(&download, &SDISTS);
            fs::write(home.join("complete"), "").unwrap();
        }
        home
    })
}

fn build(folder: &Path, into: &Path) {
    let mut python = Command::new(bench().join("venv/bin/python"));
    python.args(["-m", "build", "--no-isolation", "--outdir"]).arg(into).arg(".");
    succeed(python.current_dir(folder));
}

/// The archives in a folder, in the order of their names: the wheel, and the sdist.
fn archives(folder: &Path) -> [PathBuf; 2] {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort_by_key(|path| path.extension().is_some_and(|ending| ending == "gz"));
    all.try_into().unwrap()
}

/// Lines of digests and names, in order.
fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

fn lines(command: &mut Command) -> Vec<String> {
    let text = String::from_utf8(succeed(command).stdout).unwrap();
    sorted(text.lines().map(str::to_owned).collect())
}

/// The files of an archive, as Python reads it.
fn listed(archive: &Path) -> Vec<String> {
    lines(Command::new(bench().join("venv/bin/python")).args(["-X", "utf8", "-c", LISTING]).arg(archive))
}

/// lastlook, where the Python with the backends comes first.
fn lastlook(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(bench().join("venv/bin")).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap()).args(arguments).current_dir(folder);
    command
}

/// What lastlook says that is published of a folder: lines as those of [`listed`], of all archives together.
fn targets(arguments: &[&str], folder: &Path) -> Vec<String> {
    let arguments = [&["targets", "--json", "--no-config"], arguments].concat();
    let report: Value = serde_json::from_slice(&succeed(&mut lastlook(&arguments, folder)).stdout).unwrap();
    assert_eq!(report["packages"].as_array().map(Vec::len), Some(1), "{report}");
    let files = report["packages"][0]["files"].as_array().unwrap_or_else(|| panic!("not exact: {report}")).iter();
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    sorted(files.map(|file| format!("{}  {}", text(file, "sha256"), text(file, "path"))).collect())
}

/// What two archives hold, each file once.
fn together(archives: &[PathBuf]) -> Vec<String> {
    let mut all = sorted(archives.iter().flat_map(|archive| listed(archive)).collect());
    all.dedup();
    all
}

/// What is looked at of the folder is exactly what lies in `dist`, which is what Python reads there.
fn is_what_is_built(folder: &Path) {
    let built = archives(&folder.join("dist"));
    let all = together(&built);
    assert!(all.iter().any(|line| line.ends_with("/METADATA")) && all.iter().any(|line| line.ends_with("  PKG-INFO")));
    assert_eq!(targets(&[], folder), all, "{}", folder.display());
    let written =
        |path: &str| lines(&mut lastlook(&["manifest", "write", "--no-config", "--as", "sha256sum", path], folder));
    let whole: Vec<String> = built
        .iter()
        .map(|path| format!("{}  {}", digest(&fs::read(path).unwrap()), path.file_name().unwrap().display()))
        .collect();
    assert_eq!(written("."), sorted(whole), "{}", folder.display());
    for archive in &built {
        assert_eq!(written(archive.to_str().unwrap()), listed(archive), "{}", archive.display());
    }
}

/// Ten projects: each backend with a package that has data files, and with one that lies in `src`.
#[test]
#[ignore = "needs python3 and PyPI"]
fn python_builds_what_is_looked_at() {
    let home = TempDir::new().unwrap();
    for (number, (backend, entry)) in BACKENDS.iter().flat_map(|one| [one, one]).enumerate() {
        let folder = home.path().join(format!("{backend}-{number}"));
        let source = if number % 2 == 0 { "" } else { "src/" };
        let manifest = format!(
            "[build-system]\nrequires = [\"{backend}\"]\nbuild-backend = \"{entry}\"\n[project]\nname = \"tide{number}\"\n\
             version = \"1.0\"\ndescription = \"tides\"\n"
        );
        write(&folder, "pyproject.toml", &manifest);
        for name in ["__init__.py", "data/a b.txt", ".env", "ü.json"] {
            write(&folder, &format!("{source}tide{number}/{name}"), "\"\"\"tides\"\"\"\n");
        }
        build(&folder, Path::new("dist"));
        assert!(targets(&[], &folder).iter().any(|line| line.ends_with("__init__.py")), "{backend}");
        is_what_is_built(&folder);
    }
}

/// A project of the package index, unpacked. Its metadata are left out, as they are in the project's repository: some
/// backends would pack them beside the new ones, under the same name.
fn unpacked_sdist(sdist: &Path, home: &Path) -> PathBuf {
    let folder = home.join(sdist.file_name().unwrap());
    fs::create_dir(&folder).unwrap();
    succeed(Command::new("tar").arg("xzf").arg(sdist).args(["--strip-components", "1", "-C"]).arg(&folder));
    fs::remove_file(folder.join("PKG-INFO")).unwrap();
    folder
}

fn sdists() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(bench().join("sdists")).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert_eq!(all.len(), SDISTS.len(), "{all:?}");
    all
}

#[test]
#[ignore = "needs python3 and PyPI"]
fn projects_of_the_package_index_are_looked_at_as_they_are_built() {
    let home = TempDir::new().unwrap();
    for sdist in sdists() {
        let folder = unpacked_sdist(&sdist, home.path());
        build(&folder, Path::new("dist"));
        is_what_is_built(&folder);
        // What else lies in the folder is not published, and what is published is looked at.
        write(&folder, ".env", "MODE=1\n");
        write(&folder, "dist/notes.txt", "not uploaded");
        let check = |code: i32| {
            let output = lastlook(&["--no-config", "--report", "json", "."], &folder).output().unwrap();
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(code), "{report}");
            assert_eq!(report["totals"]["files"], 2, "{report}");
            let errors = report["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == "error");
            errors.map(|finding| finding["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(check(0), [""; 0]);
        let [wheel, _] = archives_of(&folder);
        let script = "import sys, zipfile\nzipfile.ZipFile(sys.argv[1], 'a').writestr('lib/.env', 'MODE=1\\n')";
        succeed(Command::new(bench().join("venv/bin/python")).args(["-c", script]).arg(wheel));
        let found = check(1);
        assert!(found.len() == 1 && found[0].ends_with(".whl!lib/.env"), "{found:?}");
    }
}

/// The two archives that twine would take.
fn archives_of(folder: &Path) -> [PathBuf; 2] {
    [".whl", ".tar.gz"].map(|ending| archive_in(&folder.join("dist"), ending))
}

#[test]
#[ignore = "needs python3 and PyPI"]
fn with_build_the_projects_own_backend_builds_what_is_looked_at() {
    let home = TempDir::new().unwrap();
    let sdists = sdists();
    for name in ["soupsieve", "findpython"] {
        let sdist = sdists.iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with(name)).unwrap();
        let folder = unpacked_sdist(sdist, home.path());
        let mut without = lastlook(&["targets", "--no-config"], &folder);
        assert_eq!(without.output().unwrap().status.code(), Some(3), "nothing is built yet");
        let looked = targets(&["--build"], &folder);
        assert!(!folder.join("dist").exists(), "it is built into a folder of its own");
        let built = home.path().join(format!("{name}-built"));
        build(&folder, &built);
        assert_eq!(looked, together(&archives(&built)), "{name}");
        // An old build is not what `--build` looks at.
        write(&folder, "dist/old-0.1.tar.gz", "");
        assert_eq!(targets(&["--build"], &folder), looked, "{name}");
    }
}
