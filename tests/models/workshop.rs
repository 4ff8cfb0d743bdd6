//! The environment with the libraries, the models that they make, and the ways in which these are packed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use lastlook::bytes::Digest;
use libtest_mimic::Failed;
use serde_json::{Map, Value};

/// A model that a library has made, and what the library says of it.
pub struct Model {
    /// Where it lies, and where it lies packed, each with the way.
    pub places: Vec<(String, PathBuf)>,
    /// What lastlook must say.
    pub facts: Map<String, Value>,
    /// What the command must end with.
    pub exit: Option<i64>,
}

/// `tests/models`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

/// The scripts below `tests/models/make`, sorted.
pub fn scripts() -> Vec<PathBuf> {
    let mut scripts = files(&folder().join("make"));
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    scripts
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs a script, packs what it makes, and tells of each model.
pub fn make(script: &Path, out: &Path) -> Result<Vec<Model>, Failed> {
    let (made, packed) = (out.join("made"), out.join("packed"));
    std::fs::create_dir_all(&made)?;
    std::fs::create_dir_all(&packed)?;
    let lines = run(Command::new(python()?).arg(script).arg(&made).current_dir(out), b"")?;
    let lines: Vec<&str> = lines.lines().filter(|line| line.starts_with('{')).collect();
    if lines.is_empty() {
        return Err("it has made nothing".into());
    }
    let mut models = Vec::new();
    for line in &lines {
        let mut facts: Map<String, Value> = serde_json::from_str(line)?;
        let file = facts.remove("file").ok_or("a line without a file")?;
        let place = made.join(file.as_str().ok_or("a file without a name")?);
        facts.remove("not");
        let exit = facts.remove("exit").and_then(|exit| exit.as_i64());
        models.push(Model { places: vec![("as it is".to_owned(), place)], facts, exit });
    }
    let mut wrap = Command::new(python()?);
    let packages = run(wrap.arg(folder().join("wrap.py")).arg(&made).arg(&packed), lines.join("\n").as_bytes())?;
    for line in packages.lines() {
        let said: Value = serde_json::from_str(line)?;
        let index = said["line"].as_u64().ok_or("no line")? as usize;
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        models[index].places.push((text("way"), PathBuf::from(text("path"))));
    }
    Ok(models)
}

/// Runs a command with this input; it must succeed.
fn run(command: &mut Command, input: &[u8]) -> Result<String, Failed> {
    // Libraries that compute in as many threads as there are processors only get in each other's way.
    command.env("OMP_NUM_THREADS", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    std::io::Write::write_all(&mut child.stdin.take().ok_or("no input")?, input)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last: Vec<&str> = said.lines().rev().take(30).collect();
        return Err(format!("{command:?} failed:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n")).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The Python with all libraries, installed if this is the first time that anybody asks for these versions.
pub fn python() -> Result<PathBuf, Failed> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PYTHON
        .get_or_init(|| install().map_err(|failed| failed.message().unwrap_or("it failed").to_owned()))
        .clone()
        .map_err(Failed::from)
}

fn install() -> Result<PathBuf, Failed> {
    let lists = files(&folder().join("requirements"));
    let mut wanted = Vec::new();
    for list in &lists {
        wanted.extend(std::fs::read(list)?);
    }
    let key: String = Digest::of(&wanted).to_string().chars().take(16).collect();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("models-{key}"));
    let python = |folder: &Path| folder.join("bin/python");
    if python(&place).exists() {
        return Ok(python(&place));
    }
    std::fs::create_dir_all(env!("CARGO_TARGET_TMPDIR"))?;
    let arriving = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    run(Command::new("python3").args(["-m", "venv"]).arg(arriving.path()), b"")?;
    let mut pip = Command::new(python(arriving.path()));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--no-compile"]);
    for list in &lists {
        pip.arg("-r").arg(list);
    }
    run(&mut pip, b"")?;
    // Another run may have put it there meanwhile; an installation that was cut off never gets there.
    let _ = std::fs::rename(arriving.path(), &place);
    if python(&place).exists() { Ok(python(&place)) } else { Err("the environment is not there".into()) }
}
