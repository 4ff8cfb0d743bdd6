//! Where the tools are installed and build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use sha2::{Digest, Sha256};

use super::cases::{CASES, Case};

/// A folder that is made when it is first asked for, or why it could not be made.
type Folder = OnceLock<Result<PathBuf, String>>;

/// Installs the tools once, and lets each build all its settings in one go when the first of them is asked for.
#[derive(Default)]
pub struct Workshop {
    home: Folder,
    built: Mutex<BTreeMap<&'static str, Arc<Folder>>>,
}

impl Workshop {
    /// The folder of a build, which has `dist` in it, and `loaded`.
    pub fn build(&self, case: &Case) -> Result<PathBuf, String> {
        let home = self.home.get_or_init(install).clone()?;
        let cell = Arc::clone(self.built.lock().unwrap().entry(case.tool).or_default());
        let out = cell.get_or_init(|| build_all(&home, case.tool)).clone()?;
        let folder = out.join(case.setting);
        match fs::read_to_string(folder.join("error.txt")) {
            Ok(error) => Err(format!("{} cannot build: {error}", case.tool)),
            Err(_) => Ok(folder),
        }
    }
}

fn toolchains() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toolchains")
}

/// A source of the project.
pub fn source(name: &str) -> Vec<u8> {
    let project = toolchains().join("project");
    let folder = ["src", "site/app", "site/lib"].map(|folder| project.join(folder).join(name));
    fs::read(folder.iter().find(|file| file.exists()).expect("a source of the project")).unwrap()
}

/// Installs what the lock file says, if another run has not done so, and puts the project beside it.
fn install() -> Result<PathBuf, String> {
    let lock = fs::read(toolchains().join("package-lock.json")).map_err(|error| error.to_string())?;
    let digest: String = Sha256::digest(&lock).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("toolchains");
    let home = shelf.join(digest);
    if !home.exists() {
        fs::create_dir_all(&shelf).unwrap();
        let arriving = tempfile::tempdir_in(&shelf).unwrap();
        for file in ["package.json", "package-lock.json"] {
            fs::copy(toolchains().join(file), arriving.path().join(file)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(arriving.path());
        succeed(&mut npm)?;
        // An installation that was cut off never gets there; another run may have put its own there meanwhile.
        let _ = fs::rename(arriving.path(), &home);
    }
    for folder in ["project", "tools"] {
        let _ = fs::remove_dir_all(home.join(folder));
        copy(&toolchains().join(folder), &home.join(folder));
    }
    fs::copy(toolchains().join("build.mjs"), home.join("build.mjs")).unwrap();
    Ok(home)
}

fn build_all(home: &Path, tool: &str) -> Result<PathBuf, String> {
    let out = home.join("out").join(tool);
    let settings = CASES.iter().filter(|case| case.tool == tool).map(|case| case.setting);
    succeed(Command::new("node").arg("build.mjs").arg(tool).arg(&out).args(settings).current_dir(home))?;
    Ok(out)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?} failed: {said}")) }
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What the program of a build prints; nothing where it has none.
pub fn run(dist: &Path) -> String {
    let programs = ["main.js", "styles.js", "odd.min.mjs", "odd.js"].map(|name| dist.join(name));
    let Some(program) = programs.iter().find(|program| program.exists()) else { return String::new() };
    let output = Command::new("node").arg(program).output().unwrap();
    [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat()
}

/// The files of a folder that hold this text.
pub fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |file: &PathBuf| memchr::memmem::find(&fs::read(file).unwrap(), text.as_bytes()).is_some();
    files(folder).into_iter().filter(holds).collect()
}

/// The style sheets of a folder, in the order of their names, each without the comment that links its map.
pub fn styles(folder: &Path) -> Vec<String> {
    let sheets = files(folder).into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "css"));
    sheets.map(|file| without_link(&fs::read_to_string(file).unwrap())).collect()
}

fn without_link(sheet: &str) -> String {
    match sheet.split_once("/*# sourceMappingURL=") {
        Some((before, after)) => format!("{before}{}", after.split_once("*/").expect("the comment ends").1),
        None => sheet.to_owned(),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}
