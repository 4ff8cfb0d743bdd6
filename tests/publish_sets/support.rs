//! The real clients, what they pack, and what lastlook says that they would.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The clients, by the names that they are installed under.
pub const CLIENTS: &str = r#"{"name":"clients","version":"1.0.0","private":true,"dependencies":{
    "npm9":"npm:npm@9.9.4","npm10":"npm:npm@10.9.9","npm11":"npm:npm@11.19.1","npm12":"npm:npm@12.2.0",
    "pnpm9":"npm:pnpm@9.15.9","pnpm10":"npm:pnpm@10.34.9","pnpm12":"npm:pnpm@12.21.0","yarn1":"npm:yarn@1.22.22",
    "yarn4":"npm:@yarnpkg/cli-dist@4.18.1","bun":"npm:bun@1.4.5"}}"#;

/// Packages of different shapes from the registry.
pub const PACKAGES: [&str; 25] = [
    "chalk@5.3.0",
    "semver@7.6.3",
    "@babel/code-frame@7.24.7",
    "ms@2.1.3",
    "debug@4.3.5",
    "commander@12.1.0",
    "yargs-parser@21.1.1",
    "left-pad@1.3.0",
    "mime@4.0.3",
    "uuid@10.0.0",
    "glob@10.4.2",
    "picomatch@4.0.2",
    "nanoid@5.0.7",
    "dotenv@16.4.5",
    "is-odd@3.0.1",
    "tslib@2.6.3",
    "rimraf@5.0.7",
    "which@4.0.0",
    "minimist@1.2.8",
    "escape-html@1.0.3",
    "object-assign@4.1.1",
    "@sindresorhus/is@7.0.0",
    "npm-packlist@8.0.2",
    "json5@2.2.3",
    "slash@5.1.0",
];

/// Files by their names in the package, with the digest of what is in them.
pub type Files = BTreeMap<String, String>;

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn succeed(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = || [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned()).concat();
    assert!(output.status.success(), "{command:?} failed: {}", said());
    output
}

/// The folder in which the clients are installed and the packages lie, made once for all tests and runs.
pub fn shelf() -> &'static Path {
    static SHELF: OnceLock<PathBuf> = OnceLock::new();
    SHELF.get_or_init(|| {
        let wanted = format!("{CLIENTS}{PACKAGES:?}");
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clients-{}", &digest(wanted.as_bytes())[..12]));
        fs::create_dir_all(&home).unwrap();
        // Tests of other programs may want the same at the same time.
        let lock = fs::File::create(home.join("lock")).unwrap();
        lock.lock().unwrap();
        if !home.join("complete").exists() {
            fs::write(home.join("package.json"), CLIENTS).unwrap();
            let quiet = ["--no-audit", "--no-fund", "--silent"];
            succeed(Command::new("npm").args(["install", "--ignore-scripts"]).args(quiet).current_dir(&home));
            let archives = home.join("archives");
            fs::create_dir_all(&archives).unwrap();
            let pack =
                Command::new("npm").arg("pack").args(quiet).args(PACKAGES).current_dir(&archives).output().unwrap();
            assert!(pack.status.success(), "{}", String::from_utf8_lossy(&pack.stderr));
            programs(&home);
            fs::write(home.join("complete"), "").unwrap();
        }
        home
    })
}

/// A folder for each client, in which it has its usual name.
pub fn programs(home: &Path) {
    let modules = home.join("node_modules");
    let bun = fs::read_dir(modules.join("@oven")).unwrap().map(|entry| entry.unwrap().path().join("bin/bun"));
    let bun = bun.filter(|path| Command::new(path).arg("--version").output().is_ok_and(|said| said.status.success()));
    let bun = bun.into_iter().next().unwrap();
    let all = [
        ("npm9", "npm", modules.join("npm9/bin/npm-cli.js")),
        ("npm10", "npm", modules.join("npm10/bin/npm-cli.js")),
        ("npm11", "npm", modules.join("npm11/bin/npm-cli.js")),
        ("npm12", "npm", modules.join("npm12/bin/npm-cli.js")),
        ("pnpm9", "pnpm", modules.join("pnpm9/bin/pnpm.cjs")),
        ("pnpm10", "pnpm", modules.join("pnpm10/bin/pnpm.cjs")),
        ("pnpm12", "pnpm", modules.join("pnpm12/bin/pnpm.mjs")),
        ("yarn1", "yarn", modules.join("yarn1/bin/yarn.js")),
        ("yarn4", "yarn", modules.join("yarn4/bin/yarn.js")),
        ("bun", "bun", bun),
    ];
    for (client, name, program) in all {
        let folder = home.join("programs").join(client);
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let _ = fs::remove_file(folder.join(name));
        symlink(program, folder.join(name)).unwrap();
    }
}

/// A command that finds this client first.
pub fn with(client: &str, program: &str) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(shelf().join("programs").join(client)).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().to_lowercase().starts_with("npm_")) {
        command.env_remove(name);
    }
    command.env("YARN_ENABLE_TELEMETRY", "0").env("COREPACK_ENABLE_STRICT", "0").stdin(Stdio::null());
    // In a pipeline (`CI`), Yarn would not write the yarn.lock that a project made here does not have yet.
    command.env("YARN_ENABLE_IMMUTABLE_INSTALLS", "false");
    command
}

/// The name under which a client is started: the word after `--target`.
pub fn program(client: &str) -> &str {
    client.trim_end_matches(|last: char| last.is_ascii_digit())
}

/// What this client packs of a folder, without scripts.
pub fn packs(client: &str, folder: &Path) -> Files {
    let into = TempDir::new().unwrap();
    let mut command = with(client, program(client));
    match client {
        "yarn1" => command.args(["pack", "--ignore-scripts", "--filename"]).arg(into.path().join("a.tgz")),
        "yarn4" => command.args(["pack", "--out"]).arg(into.path().join("a.tgz")),
        "bun" => command.args(["pm", "pack", "--ignore-scripts", "--destination"]).arg(into.path()),
        pnpm if program(pnpm) == "pnpm" => {
            command.args(["pack", "--config.ignore-scripts=true", "--pack-destination"]).arg(into.path())
        }
        _ => command.args(["pack", "--ignore-scripts", "--offline", "--silent", "--pack-destination"]).arg(into.path()),
    };
    succeed(command.current_dir(folder));
    unpacked(&archive_in(into.path(), ".tgz"))
}

/// What lastlook says with these arguments where this client is the first, as JSON, and its exit code.
pub fn lastlook(client: &str, arguments: &[&str], folder: &Path) -> (Value, i32) {
    let output = with(client, env!("CARGO_BIN_EXE_lastlook")).args(arguments).current_dir(folder).output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

/// What lastlook says that this client would publish of a folder: the files of each package by its name.
pub fn looked(client: &str, target: &str, folder: &Path) -> BTreeMap<String, Files> {
    let (report, code) = lastlook(client, &["targets", "--json", "--no-config", "--target", target, "."], folder);
    assert_eq!(code, 0, "{client} {}: {}", folder.display(), report["remarks"]);
    let packages = report["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), files_of(package))).collect()
}

pub fn files_of(package: &Value) -> Files {
    let files = package["files"].as_array().unwrap_or_else(|| panic!("not exact: {package}")).iter();
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    files.map(|file| (text(file, "path"), text(file, "sha256"))).collect()
}

/// The files of a packed archive, without the folder that all of them lie in.
pub fn unpacked(archive: &Path) -> Files {
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(archive).unwrap()));
    let mut files = Files::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name.split_once('/').unwrap().1.to_owned(), digest(&bytes));
    }
    files
}

pub fn archive_in(folder: &Path, ending: &str) -> PathBuf {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all = all.filter(|path| path.to_string_lossy().ends_with(ending));
    all.next().unwrap_or_else(|| panic!("nothing was packed into {}", folder.display()))
}

pub fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
