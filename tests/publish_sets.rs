//! What lastlook says would be published is what the real tools pack: file for file and byte for byte, for real packages
//! with additions that make the selection hard, with npm 9 to 12, pnpm, Yarn of both generations, Bun, cargo and Python.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

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
const CLIENTS: &str = r#"{"name":"clients","version":"1.0.0","private":true,"dependencies":{
    "npm9":"npm:npm@9.9.4","npm10":"npm:npm@10.9.9","npm11":"npm:npm@11.19.1","npm12":"npm:npm@12.2.0",
    "pnpm9":"npm:pnpm@9.15.9","pnpm10":"npm:pnpm@10.34.9","yarn1":"npm:yarn@1.22.22",
    "yarn4":"npm:@yarnpkg/cli-dist@4.18.1","bun":"npm:bun@1.4.5"}}"#;

/// Packages of different shapes from the registry.
const PACKAGES: [&str; 25] = [
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

/// Crates that our own lock file names, and that cargo can pack without any other.
const CRATES: [&str; 10] = [
    "fnv",
    "heck",
    "quick-error",
    "data-encoding",
    "dunce",
    "equivalent",
    "colorchoice",
    "autocfg",
    "percent-encoding",
    "strsim",
];

/// Files by their names in the package, with the digest of what is in them.
type Files = BTreeMap<String, String>;

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn succeed(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = || [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned()).concat();
    assert!(output.status.success(), "{command:?} failed: {}", said());
    output
}

/// The folder in which the clients are installed and the packages lie, made once for all tests and runs.
fn shelf() -> &'static Path {
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
fn programs(home: &Path) {
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
fn with(client: &str, program: &str) -> Command {
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

/// What lastlook says that this client would publish of a folder: the files of each package by its name.
fn looked(client: &str, target: &str, folder: &Path) -> BTreeMap<String, Files> {
    let mut command = with(client, env!("CARGO_BIN_EXE_lastlook"));
    command.args(["targets", "--json", "--no-config", "--target", target, "."]).current_dir(folder);
    let report: Value = serde_json::from_slice(&succeed(&mut command).stdout).unwrap();
    let packages = report["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), files_of(package))).collect()
}

fn files_of(package: &Value) -> Files {
    let files = package["files"].as_array().unwrap_or_else(|| panic!("not exact: {package}")).iter();
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    files.map(|file| (text(file, "path"), text(file, "sha256"))).collect()
}

/// The files of a packed archive, without the folder that all of them lie in.
fn unpacked(archive: &Path) -> Files {
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

fn archive_in(folder: &Path, ending: &str) -> PathBuf {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all = all.filter(|path| path.to_string_lossy().ends_with(ending));
    all.next().unwrap_or_else(|| panic!("nothing was packed into {}", folder.display()))
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A registry package as a project, with what its publisher may have around it.
fn project(number: usize, home: &Path) -> PathBuf {
    let mut archives: Vec<PathBuf> =
        fs::read_dir(shelf().join("archives")).unwrap().map(|entry| entry.unwrap().path()).collect();
    archives.sort();
    let folder = home.join(format!("p{number}"));
    fs::create_dir_all(&folder).unwrap();
    succeed(
        Command::new("tar").args(["xzf"]).arg(&archives[number]).args(["--strip-components", "1", "-C"]).arg(&folder),
    );
    change_manifest(&folder, |manifest| {
        manifest.remove("packageManager");
        manifest.remove("workspaces");
        // npm 9 runs `prepare` in spite of `--ignore-scripts`.
        manifest.remove("scripts");
        // Nothing is installed: a lock file could not be true.
        for key in ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] {
            manifest.remove(key);
        }
    });
    disturb(number, &folder);
    folder
}

fn change_manifest(folder: &Path, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let path = folder.join("package.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(manifest.as_object_mut().unwrap());
    fs::write(path, serde_json::to_string_pretty(&manifest).unwrap()).unwrap();
}

/// Files that are hard to select rightly: each project has another mixture of them.
fn disturb(number: usize, folder: &Path) {
    for name in
        [".env", ".git/config", ".npmrc", "notes~", "CHANGELOG.md", "src/a b.ts", "src/ü/ñandú.js", "lib/.DS_Store"]
    {
        write(folder, name, name);
    }
    write(folder, "node_modules/ms/index.js", "module.exports = 1\n");
    write(folder, "node_modules/ms/package.json", r#"{"name":"ms","version":"1.0.0"}"#);
    write(folder, "node_modules/ms/.env", "IN=MS\n");
    write(folder, "package-lock.json", "{}");
    let _ = symlink("package.json", folder.join("link.json"));
    let _ = symlink("/etc", folder.join("outside"));
    match number % 8 {
        0 => write(folder, "src/.npmignore", "*.ts\n!keep.ts\n"),
        1 => write(folder, ".npmignore", "src\n!src/ü\n*~\n"),
        2 => write(folder, ".gitignore", "lib\n.env\n"),
        3 => change_manifest(folder, |manifest| {
            manifest.insert("files".to_owned(), serde_json::json!(["src", "!src/ü/**", "./lib/", "*.md", "nothing/*"]));
        }),
        4 => change_manifest(folder, |manifest| {
            manifest.insert("bundleDependencies".to_owned(), serde_json::json!(["ms"]));
            manifest.insert("dependencies".to_owned(), serde_json::json!({"ms": "*"}));
        }),
        5 => {
            write(folder, "hidden/main.js", "1\r\n");
            write(folder, "hidden/bin.js", "2\r\n");
            change_manifest(folder, |manifest| {
                manifest.insert("files".to_owned(), serde_json::json!(["src/a b.ts"]));
                manifest.insert("main".to_owned(), serde_json::json!("hidden/main.js"));
                manifest.insert("bin".to_owned(), serde_json::json!({"it": "./hidden/bin.js"}));
            });
        }
        6 => {
            let text = fs::read_to_string(folder.join("package.json")).unwrap().replace('\n', "\r\n");
            fs::write(folder.join("package.json"), text).unwrap();
            write(folder, ".npmignore", "src\r\nnotes~\r\n");
        }
        _ => change_manifest(folder, |manifest| {
            manifest.remove("files");
            manifest.insert("directories".to_owned(), serde_json::json!({"bin": "./src"}));
        }),
    }
}

/// What this npm packs of several projects, in their order.
fn npm_packs(client: &str, projects: &[PathBuf], into: &Path) -> Vec<Files> {
    projects
        .iter()
        .map(|project| {
            let into = into.join(project.file_name().unwrap());
            fs::create_dir_all(&into).unwrap();
            let mut npm = with(client, "npm");
            npm.args(["pack", "--ignore-scripts", "--offline", "--silent", "--pack-destination"]).arg(&into);
            succeed(npm.current_dir(project));
            unpacked(&archive_in(&into, ".tgz"))
        })
        .collect()
}

fn same_as_npm(client: &str, numbers: impl Iterator<Item = usize>) {
    let home = TempDir::new().unwrap();
    let projects: Vec<PathBuf> = numbers.map(|number| project(number, home.path())).collect();
    let packed = npm_packs(client, &projects, &home.path().join("packed"));
    for (project, packed) in projects.iter().zip(packed) {
        let looked = looked(client, "npm", project).into_values().next().unwrap();
        assert_eq!(looked, packed, "{client} {}", project.display());
    }
}

#[test]
#[ignore = "needs npm and a registry"]
fn npm_11_packs_what_is_looked_at() {
    same_as_npm("npm11", 0..PACKAGES.len());
}

#[test]
#[ignore = "needs npm and a registry"]
fn other_generations_of_npm_pack_what_is_looked_at() {
    for client in ["npm9", "npm10", "npm12"] {
        same_as_npm(client, 2..8);
    }
}

/// A workspace with rules of ignore files between its root and a member, and a private member.
fn workspace(home: &Path) -> PathBuf {
    let root = home.join("workspace");
    write(&root, "package.json", r#"{"name":"root","version":"1.0.0","private":true,"workspaces":["packages/*"]}"#);
    write(&root, "packages/.gitignore", "*.log\n");
    for (name, more) in [("a", ""), ("b", r#","files":["lib"]"#), ("c", r#","private":true"#)] {
        let manifest = format!(r#"{{"name":"@tide/{name}","version":"1.0.0"{more}}}"#);
        write(&root, &format!("packages/{name}/package.json"), &manifest);
        write(&root, &format!("packages/{name}/lib/index.js"), name);
        write(&root, &format!("packages/{name}/debug.log"), name);
        write(&root, &format!("packages/{name}/.env"), name);
    }
    root
}

#[test]
#[ignore = "needs npm and a registry"]
fn each_member_of_a_workspace_is_what_npm_packs_in_it() {
    for client in ["npm9", "npm11", "npm12"] {
        let home = TempDir::new().unwrap();
        let root = workspace(home.path());
        let members = ["a", "b"].map(|name| root.join("packages").join(name));
        let packed = npm_packs(client, &members, &home.path().join("packed"));
        let looked = looked(client, "npm", &root);
        assert_eq!(looked.keys().collect::<Vec<_>>(), ["@tide/a", "@tide/b"], "{client}");
        assert_eq!(looked.into_values().collect::<Vec<_>>(), packed, "{client}");
    }
}

/// Compares what another client packs of five projects with what is looked at.
fn same_as(client: &str, target: &str, prepare: impl Fn(&Path), pack: impl Fn(&mut Command, &Path)) {
    let home = TempDir::new().unwrap();
    for number in [0, 1, 3, 5, 7] {
        let project = project(number, home.path());
        prepare(&project);
        let into = home.path().join(format!("packed-{number}"));
        fs::create_dir_all(&into).unwrap();
        let mut command = with(client, target);
        pack(command.current_dir(&project), &into);
        succeed(&mut command);
        let looked = looked(client, target, &project).into_values().next().unwrap();
        assert_eq!(looked, unpacked(&archive_in(&into, ".tgz")), "{client} {}", project.display());
        let ran: Vec<_> =
            fs::read_dir(&project).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() == "RAN").collect();
        assert!(ran.is_empty(), "{client} ran a script");
    }
}

/// Scripts that leave a trace if they run.
fn with_scripts(project: &Path) {
    change_manifest(project, |manifest| {
        let scripts =
            ["prepack", "prepare", "postpack", "prepublishOnly"].map(|name| (name.to_owned(), "echo > RAN".into()));
        manifest.insert("scripts".to_owned(), Value::Object(scripts.into_iter().collect()));
    });
}

#[test]
#[ignore = "needs npm and a registry"]
fn pnpm_packs_what_is_looked_at() {
    for client in ["pnpm9", "pnpm10"] {
        same_as(client, "pnpm", with_scripts, |pnpm, into| {
            pnpm.args(["pack", "--config.ignore-scripts=true", "--pack-destination"]).arg(into);
        });
    }
}

#[test]
#[ignore = "needs npm and a registry"]
fn yarn_of_both_generations_packs_what_is_looked_at() {
    same_as("yarn1", "yarn", with_scripts, |yarn, into| {
        yarn.args(["pack", "--ignore-scripts", "--filename"]).arg(into.join("a.tgz"));
    });
    let without = |project: &Path| {
        write(project, "yarn.lock", "");
        change_manifest(project, |manifest| drop(manifest.remove("scripts")));
        let mut yarn = with("yarn4", "yarn");
        succeed(yarn.args(["install"]).env("YARN_ENABLE_NETWORK", "0").current_dir(project));
    };
    same_as("yarn4", "yarn", without, |yarn, into| {
        yarn.args(["pack", "--out"]).arg(into.join("a.tgz"));
    });
}

#[test]
#[ignore = "needs npm and a registry"]
fn yarn_berry_runs_no_script_of_the_project() {
    let home = TempDir::new().unwrap();
    let project = project(0, home.path());
    write(&project, "yarn.lock", "");
    change_manifest(&project, |manifest| drop(manifest.remove("scripts")));
    succeed(with("yarn4", "yarn").arg("install").env("YARN_ENABLE_NETWORK", "0").current_dir(&project));
    with_scripts(&project);
    let looked = looked("yarn4", "yarn", &project);
    assert!(looked.values().next().unwrap().contains_key("package.json") && !project.join("RAN").exists());
}

#[test]
#[ignore = "needs npm and a registry"]
fn bun_packs_what_is_looked_at() {
    same_as("bun", "bun", with_scripts, |bun, into| {
        bun.args(["pm", "pack", "--ignore-scripts", "--destination"]).arg(into);
    });
}

#[test]
#[ignore = "needs npm and a registry"]
fn the_verdict_is_that_of_the_package_and_not_of_the_folder() {
    let home = TempDir::new().unwrap();
    let root = workspace(home.path());
    let check = |path: &Path| {
        let mut command = with("npm11", env!("CARGO_BIN_EXE_lastlook"));
        let output = command.args(["--no-config", "--report", "json", "."]).current_dir(path).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), report)
    };
    let (code, report) = check(&root);
    assert_eq!(code, 1);
    let verdicts: Vec<(&str, &str)> = report["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["name"].as_str().unwrap(), package["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(verdicts, [("@tide/a", "blocked"), ("@tide/b", "clear")]);
    assert_eq!(report["findings"][0]["path"], "packages/a/.env");
    assert!(report["remarks"][0].as_str().unwrap().contains("2 packages are private"), "{report}");
    assert_eq!(check(&root.join("packages/b")).0, 0);
}

#[test]
#[ignore = "needs crates in cargo's cache"]
fn cargo_packs_what_is_looked_at() {
    succeed(Command::new(env!("CARGO")).args(["fetch", "--locked"]).current_dir(env!("CARGO_MANIFEST_DIR")));
    let output = succeed(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let home = TempDir::new().unwrap();
    for name in CRATES {
        let package = metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == name).unwrap();
        let from = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let folder = home.path().join(name);
        succeed(Command::new("cp").arg("-r").arg(from).arg(&folder));
        for made in ["Cargo.toml.orig", ".cargo_vcs_info.json", ".cargo-ok"] {
            let _ = fs::remove_file(folder.join(made));
        }
        for (name, text) in [(".env", "A=1\n"), ("src/ü b.txt", "b"), ("target/debug/x", "x")] {
            write(&folder, name, text);
        }
        let looked = looked("npm11", "cargo", &folder).into_values().next().unwrap();
        let packed = home.path().join(format!("{name}-packed"));
        succeed(
            Command::new(env!("CARGO"))
                .args(["package", "--no-verify", "--allow-dirty", "--offline", "--target-dir"])
                .arg(&packed)
                .current_dir(&folder),
        );
        assert_eq!(looked, unpacked(&archive_in(&packed.join("package"), ".crate")), "{name}");
    }
}

/// Ten Python projects: five backends, each with a package that has data files and with one that lies in `src`.
const BACKENDS: [(&str, &str); 5] = [
    ("setuptools", "setuptools.build_meta"),
    ("hatchling", "hatchling.build"),
    ("flit_core", "flit_core.buildapi"),
    ("poetry-core", "poetry.core.masonry.api"),
    ("pdm-backend", "pdm.backend"),
];

#[test]
#[ignore = "needs python3 and PyPI"]
fn python_builds_what_is_looked_at() {
    let wanted = format!("{BACKENDS:?} build wheel");
    let shelf = format!("backends-{}", &digest(wanted.as_bytes())[..12]);
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(shelf);
    fs::create_dir_all(&shelf).unwrap();
    let lock = fs::File::create(shelf.join("lock")).unwrap();
    lock.lock().unwrap();
    let python = shelf.join("venv/bin/python");
    if !shelf.join("complete").exists() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(shelf.join("venv")));
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "build", "wheel"]);
        succeed(pip.args(BACKENDS.map(|(name, _)| name)));
        fs::write(shelf.join("complete"), "").unwrap();
    }
    drop(lock);
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
        let mut lastlook = Command::new(env!("CARGO_BIN_EXE_lastlook"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(shelf.join("venv/bin")).chain(std::env::split_paths(&path));
        lastlook.env("PATH", std::env::join_paths(folders).unwrap()).current_dir(&folder);
        succeed(
            Command::new(&python).args(["-m", "build", "--no-isolation", "--outdir", "dist", "."]).current_dir(&folder),
        );
        let output = succeed(lastlook.args(["targets", "--json", "--no-config", "."]));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let looked = files_of(&report["packages"][0]);
        let mut built = unpacked(&archive_in(&folder.join("dist"), ".tar.gz"));
        built.extend(unzipped(&python, &archive_in(&folder.join("dist"), ".whl")));
        assert_eq!(looked.keys().collect::<Vec<_>>(), built.keys().collect::<Vec<_>>(), "{backend}");
        assert!(looked.keys().any(|name| name.ends_with("__init__.py")), "{backend}");
    }
}

/// The files of a wheel, as Python reads it.
fn unzipped(python: &Path, wheel: &Path) -> Files {
    let script = "import sys, zipfile, hashlib\nz = zipfile.ZipFile(sys.argv[1])\n\
                  for n in z.namelist():\n if not n.endswith('/'): print(hashlib.sha256(z.read(n)).hexdigest(), n)";
    let output = succeed(Command::new(python).args(["-X", "utf8", "-c", script]).arg(wheel));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect()
}
