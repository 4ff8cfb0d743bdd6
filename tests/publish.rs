//! Publishing for real, to registries on this machine: what is blocked never arrives, and what arrives is what was
//! looked at.
//!
//! Verdaccio and the package managers are fetched once by npm, pypiserver and twine by pip, into the target folder.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Verdaccio names a dependency by a tag that not every mirror has, so its version is said here.
const NPM: &str = r#"{"private":true,"overrides":{"node-fetch":"2.7.0"}}"#;
const PACKAGES: [&str; 4] = ["verdaccio@6.8.0", "pnpm@10.34.9", "yarn@1.22.22", "@yarnpkg/cli-dist@4.18.1"];
const PYPI: [&str; 2] = ["twine==7.0.0", "pypiserver==2.4.2"];

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], folder: &Path) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
}

/// A program that npm fetched. A half-filled folder never gets the name that is looked for.
fn tool(program: &str) -> PathBuf {
    static SHELF: OnceLock<PathBuf> = OnceLock::new();
    let shelf = SHELF.get_or_init(|| {
        let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("publish-npm-2");
        if !shelf.is_dir() {
            let half = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            fs::write(half.path().join("package.json"), NPM).unwrap();
            let mut arguments = vec!["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
            arguments.extend(PACKAGES);
            run("npm", &arguments, half.path());
            let _ = fs::rename(half.keep(), &shelf);
        }
        shelf
    });
    shelf.join("node_modules").join(program)
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One request, one answer: status and body.
fn http(port: u16, method: &str, path: &str, body: &str) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: \
         {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let status = String::from_utf8_lossy(&answer[..end]).split_whitespace().nth(1)?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

/// A server that ends with the test.
struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: TempDir, port: u16, mut command: Command) -> Self {
        command.current_dir(folder.path()).stdin(Stdio::null());
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut server = Server { child: command.spawn().unwrap(), port, folder };
        let begun = Instant::now();
        while http(port, "GET", "/", "").is_none() {
            let log = || fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
            assert!(server.child.try_wait().unwrap().is_none(), "the server ended: {}", log());
            assert!(begun.elapsed() < Duration::from_secs(120), "the server does not answer: {}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }
}

/// A registry for npm packages, and a user that may publish to it.
struct Registry {
    server: Server,
    token: String,
}

const CONFIG: &str = "storage: ./storage\nauth: {htpasswd: {file: ./htpasswd}}\nuplinks: {}\npackages:\n  '**': {access: $all, \
                      publish: $authenticated}\nweb: {enable: false}\nlog: {type: stdout, format: json, level: error}\n";

impl Registry {
    /// The registry that all tests share while one of them runs.
    fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Registry>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let registry = Arc::new(Registry::start());
            *shared = Arc::downgrade(&registry);
            registry
        })
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), CONFIG).unwrap();
        let port = free_port();
        let mut command = Command::new("node");
        command.arg(tool("verdaccio/bin/verdaccio")).args(["-c", "config.yaml", "-l", &format!("127.0.0.1:{port}")]);
        let server = Server::start(folder, port, command);
        let user = r#"{"name":"probe","password":"correct-horse"}"#;
        let (status, body) = http(port, "PUT", "/-/user/org.couchdb.user:probe", user).unwrap();
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        let answer: Value = serde_json::from_slice(&body).unwrap();
        Registry { server, token: answer["token"].as_str().unwrap().to_owned() }
    }

    /// The integrity of a version that is there.
    fn integrity(&self, name: &str, version: &str) -> Option<String> {
        let (status, body) = http(self.server.port, "GET", &format!("/{name}"), "").unwrap();
        if status == 404 {
            return None;
        }
        let about: Value = serde_json::from_slice(&body).unwrap();
        about["versions"][version]["dist"]["integrity"].as_str().map(str::to_owned)
    }
}

/// A package whose `dist` holds what must not be published, until it is mended.
struct Package {
    registry: Arc<Registry>,
    folder: TempDir,
    name: &'static str,
}

impl Package {
    /// With these scripts, in the form of package.json.
    fn new(name: &'static str, scripts: &str) -> Self {
        let package = Package { registry: Registry::shared(), folder: tempfile::tempdir().unwrap(), name };
        package.at(".", name, scripts);
        let (port, token) = (package.registry.server.port, &package.registry.token);
        package.file(".npmrc", &format!("registry=http://127.0.0.1:{port}/\n//127.0.0.1:{port}/:_authToken={token}\n"));
        let yarn = format!(
            "npmRegistryServer: \"http://127.0.0.1:{port}\"\nunsafeHttpWhitelist: [\"127.0.0.1\"]\nnpmAuthToken: \
             \"{token}\"\nenableTelemetry: false\nenableGlobalCache: false\n"
        );
        package.file(".yarnrc.yml", &yarn);
        package
    }

    fn at(&self, folder: &str, name: &str, scripts: &str) {
        let manifest = format!(
            "{{\n  \"name\": \"{name}\",\n  \"version\": \"1.0.0\",\n  \"files\": [\"dist\"],\n  \"scripts\": {{{scripts}}}\n}}\n"
        );
        self.file(&format!("{folder}/package.json"), &manifest);
        self.file(&format!("{folder}/dist/index.js"), "module.exports = 1;\n");
        self.file(&format!("{folder}/dist/.env"), "MODE=production\n");
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn mend(&self, folder: &str) {
        fs::remove_file(self.folder.path().join(folder).join("dist/.env")).unwrap();
    }

    fn version(&self, version: &str) {
        let path = self.folder.path().join("package.json");
        let text = fs::read_to_string(&path).unwrap();
        let (before, after) = text.split_once("\"version\": \"").unwrap();
        let (_, after) = after.split_once('"').unwrap();
        fs::write(path, format!("{before}\"version\": \"{version}\"{after}")).unwrap();
    }

    /// Runs a command in the package; `lastlook` is the program under test, here and in scripts.
    fn run(&self, line: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_lastlook"));
        let path = std::env::var_os("PATH").unwrap();
        // A hook asks for pnpm by its name, as it is installed where people use it.
        self.file(".tools/pnpm", &format!("#!/bin/sh\nexec node '{}' \"$@\"\n", tool("pnpm/bin/pnpm.cjs").display()));
        let tools = self.folder.path().join(".tools");
        fs::set_permissions(tools.join("pnpm"), fs::Permissions::from_mode(0o755)).unwrap();
        let folders = [tools, program.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&path));
        let mut words = line.split_whitespace().map(|word| match word {
            "yarn" => format!("node {}", tool("@yarnpkg/cli-dist/bin/yarn.js").display()),
            "classic" => format!("node {}", tool("yarn/bin/yarn.js").display()),
            word => word.to_owned(),
        });
        let line = words.by_ref().collect::<Vec<_>>().join(" ");
        let mut words = line.split(' ');
        Command::new(words.next().unwrap())
            .args(words)
            .current_dir(self.folder.path())
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("ORDER", self.folder.path().join("../").join(format!("{}-order", self.name)))
            .env("npm_config_update_notifier", "false")
            // In a pipeline (`CI`), Yarn would not write the yarn.lock that a package made here does not have yet.
            .env("YARN_ENABLE_IMMUTABLE_INSTALLS", "false")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn exits(&self, line: &str, code: i32) -> (String, String) {
        let output = self.run(line);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{line}\n{out}\n{err}");
        (out.into_owned(), err.into_owned())
    }

    fn published(&self, version: &str) -> Option<String> {
        self.registry.integrity(self.name, version)
    }

    /// The scripts that ran since this was asked last.
    fn order(&self) -> String {
        let file = self.folder.path().join("../").join(format!("{}-order", self.name));
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Scripts that note that they ran.
fn noted(events: &[&str]) -> String {
    let note = |event: &&str| {
        let code = format!("require('fs').appendFileSync(process.env.ORDER,'{event} ')");
        format!("\"{event}\": \"node -e \\\"{code}\\\"\"")
    };
    events.iter().map(note).collect::<Vec<_>>().join(", ")
}

const EVENTS: [&str; 6] = ["prepublishOnly", "prepack", "prepare", "postpack", "publish", "postpublish"];

#[test]
#[ignore = "needs npm and node"]
fn npm_publishes_with_a_hook_only_what_is_clear() {
    let package = Package::new("acme-npm-early", "\"prepublishOnly\": \"lastlook --no-progress\"");
    let (_, err) = package.exits("npm publish", 1);
    assert!(err.contains("BLOCKED") && err.contains("--ignore-scripts"), "{err}");
    assert_eq!(package.published("1.0.0"), None);
    // This is what no hook can stop, and what guard is for.
    package.exits("npm publish --ignore-scripts", 0);
    assert!(package.published("1.0.0").is_some());
    package.version("1.0.1");
    package.mend(".");
    package.exits("npm publish", 0);
    assert!(package.published("1.0.1").is_some());

    let package = Package::new("acme-npm-late", "\"prepack\": \"true\", \"postpack\": \"lastlook --no-progress\"");
    package.exits("npm publish", 1);
    assert_eq!(package.published("1.0.0"), None);
    package.mend(".");
    let (out, err) = package.exits("npm publish --json", 0);
    let integrity = package.published("1.0.0").unwrap();
    assert!(err.contains(&integrity) && err.contains("these are the very bytes"), "{err}");
    // The hook keeps out of standard output: what npm itself says of scripts comes before its JSON.
    assert!(!out.contains("lastlook:") && !out.contains("CLEAR"), "{out}");
}

#[test]
#[ignore = "needs npm and node"]
fn guard_lets_npm_publish_the_very_archive_that_was_looked_at() {
    let package = Package::new("acme-npm-guard", &noted(&EVENTS));
    for line in ["lastlook guard -- npm publish", "lastlook guard -- npm publish --ignore-scripts"] {
        let (_, err) = package.exits(line, 1);
        assert!(
            err.contains("acme-npm-guard-1.0.0.tgz!package/dist/.env") && err.contains("nothing was published"),
            "{err}"
        );
        assert_eq!(package.published("1.0.0"), None);
    }
    assert_eq!(package.order(), "prepublishOnly prepack prepare postpack", "nothing was uploaded");
    package.mend(".");
    package.exits("lastlook guard -- npm publish --dry-run", 0);
    assert_eq!(
        (package.published("1.0.0"), package.order().as_str()),
        (None, "prepublishOnly prepack prepare postpack")
    );
    let (out, err) = package.exits("lastlook guard -- npm publish --json --tag next", 0);
    assert!(err.contains(&package.published("1.0.0").unwrap()), "{err}");
    assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    assert_eq!(package.order(), EVENTS.join(" "));
    package.version("1.0.1");
    let (_, err) = package.exits("lastlook guard -- npm publish --ignore-scripts", 0);
    assert!(err.contains(&package.published("1.0.1").unwrap()), "{err}");
    assert_eq!(package.order(), "");
    // What npm refuses ends with npm's code.
    let (_, err) = package.exits("lastlook guard -- npm publish --ignore-scripts", 1);
    assert!(err.contains("nothing was published") && !err.contains("BLOCKED"), "{err}");
}

#[test]
#[ignore = "needs npm and node"]
fn guard_publishes_workspaces_all_or_none() {
    let package = Package::new("acme-root", "");
    package
        .file("package.json", r#"{"name":"acme-root","version":"1.0.0","private":true,"workspaces":["packages/*"]}"#);
    for name in ["acme-ws-a", "acme-ws-b"] {
        package.at(&format!("packages/{name}"), name, "");
    }
    package.file("packages/c/package.json", r#"{"name":"acme-ws-c","version":"1.0.0","private":true}"#);
    package.mend("packages/acme-ws-a");
    let line = "lastlook guard -- npm publish --workspaces";
    let (_, err) = package.exits(line, 1);
    assert!(
        err.contains("acme-ws-c is private") && err.contains("acme-ws-b/acme-ws-b-1.0.0.tgz!package/dist/.env"),
        "{err}"
    );
    let there = |name: &str| package.registry.integrity(name, "1.0.0");
    assert_eq!((there("acme-ws-a"), there("acme-ws-b")), (None, None));
    package.mend("packages/acme-ws-b");
    let (_, err) = package.exits(line, 0);
    assert!(err.contains(&there("acme-ws-a").unwrap()) && err.contains(&there("acme-ws-b").unwrap()), "{err}");
    assert_eq!(there("acme-ws-c"), None);
}

#[test]
#[ignore = "needs npm and node"]
fn pnpm_publishes_only_what_is_clear() {
    let package = Package::new("acme-pnpm", "\"prepublishOnly\": \"lastlook --no-progress\"");
    package.exits("pnpm publish --no-git-checks", 1);
    assert_eq!(package.published("1.0.0"), None);
    for line in [
        "lastlook guard -- pnpm publish --no-git-checks",
        "lastlook guard -- pnpm publish --no-git-checks --ignore-scripts",
    ] {
        package.exits(line, 1);
        assert_eq!(package.published("1.0.0"), None);
    }
    package.mend(".");
    package.exits("pnpm publish --no-git-checks", 0);
    assert!(package.published("1.0.0").is_some());

    let package = Package::new("acme-pnpm-guard", &noted(&EVENTS));
    package.mend(".");
    let (_, err) = package.exits("lastlook guard -- pnpm publish --no-git-checks", 0);
    assert!(err.contains(&package.published("1.0.0").unwrap()), "{err}");
    assert_eq!(package.order(), EVENTS.join(" "));
    package.version("1.0.1");
    let (_, err) = package.exits("lastlook guard -- pnpm publish --no-git-checks --ignore-scripts", 0);
    assert!(err.contains(&package.published("1.0.1").unwrap()), "{err}");
    assert_eq!(package.order(), "");
}

#[test]
#[ignore = "needs npm and node"]
fn yarn_publishes_only_what_is_clear() {
    let package = Package::new("acme-berry", "\"prepack\": \"lastlook --no-progress\"");
    package.file("yarn.lock", "");
    package.exits("yarn install", 0);
    package.exits("yarn npm publish", 1);
    assert_eq!(package.published("1.0.0"), None);
    let (_, err) = package.exits("lastlook guard -- yarn npm publish", 1);
    assert!(err.contains("package.tgz!package/dist/.env"), "{err}");
    assert_eq!(package.published("1.0.0"), None);
    package.mend(".");
    package.exits("yarn npm publish", 0);
    assert!(package.published("1.0.0").is_some());
    package.version("1.0.1");
    let (_, err) = package.exits("lastlook guard -- yarn npm publish", 0);
    assert!(err.contains(&package.published("1.0.1").unwrap()), "{err}");
    assert!(err.contains("the registry names the integrity of what was looked at"), "{err}");
    // A build that writes something else each time cannot be vouched for.
    package.version("1.0.2");
    let manifest = fs::read_to_string(package.folder.path().join("package.json")).unwrap();
    let moving =
        manifest.replace("lastlook --no-progress", "node -e \\\"fs.writeFileSync('dist/time.js', '' + Date.now())\\\"");
    package.file("package.json", &moving);
    let (_, err) = package.exits("lastlook guard -- yarn npm publish", 2);
    assert!(err.contains("two different archives"), "{err}");
    assert_eq!(package.published("1.0.2"), None);
}

#[test]
#[ignore = "needs npm and node"]
fn the_classic_yarn_publishes_only_what_is_clear() {
    let package = Package::new("acme-classic", &noted(&EVENTS));
    fs::remove_file(package.folder.path().join(".yarnrc.yml")).unwrap();
    package.exits("lastlook guard -- classic publish", 1);
    assert_eq!(package.published("1.0.0"), None);
    package.mend(".");
    package.order();
    let (_, err) = package.exits("lastlook guard -- classic publish", 0);
    assert!(err.contains(&package.published("1.0.0").unwrap()), "{err}");
    // Yarn has an order of its own.
    assert_eq!(package.order(), "prepare prepublishOnly prepack postpack publish postpublish");
}

/// A source distribution with these files besides its metadata.
fn sdist(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let about = ("PKG-INFO", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0.0\n");
    for (name, text) in [about].iter().chain(files) {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("acme-1.0.0/{name}"), text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
#[ignore = "needs python3 and PyPI"]
fn guard_lets_twine_upload_the_very_file_that_was_looked_at() {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("publish-pypi-1");
    if !shelf.join("complete").is_file() {
        run("python3", &["-m", "venv", "--clear", shelf.to_str().unwrap()], Path::new("/"));
        let mut arguments = vec!["install", "--quiet", "--disable-pip-version-check"];
        arguments.extend(PYPI);
        run(shelf.join("bin/pip"), &arguments, Path::new("/"));
        fs::write(shelf.join("complete"), "").unwrap();
    }
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let packages = folder.path().join("packages");
    fs::create_dir(&packages).unwrap();
    let mut command = Command::new(shelf.join("bin/pypi-server"));
    command.args(["run", "-i", "127.0.0.1", "-p", &port.to_string(), "-a", ".", "-P", ".", "packages"]);
    let _server = Server::start(folder, port, command);
    let work = tempfile::tempdir().unwrap();
    fs::create_dir(work.path().join("dist")).unwrap();
    let archive = work.path().join("dist/acme-1.0.0.tar.gz");
    let upload = |code: i32| {
        let output = Command::new(env!("CARGO_BIN_EXE_lastlook"))
            .args(["guard", "--no-progress", "--", shelf.join("bin/twine").to_str().unwrap(), "upload"])
            .args(["--non-interactive", "--repository-url", &format!("http://127.0.0.1:{port}/"), "-u", "a", "-p", "b"])
            .arg("dist/*")
            .current_dir(work.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    };
    fs::write(&archive, sdist(&[("acme.py", "x = 1\n"), (".env", "MODE=production\n")])).unwrap();
    assert!(upload(1).contains("error[env-file]"));
    assert_eq!(fs::read_dir(&packages).unwrap().count(), 0);
    fs::write(&archive, sdist(&[("acme.py", "x = 1\n")])).unwrap();
    let said = upload(0);
    let there = fs::read(packages.join("acme-1.0.0.tar.gz")).unwrap();
    assert_eq!(there, fs::read(&archive).unwrap());
    assert!(said.contains(&data_encoding::HEXLOWER.encode(&Sha256::digest(&there))), "{said}");
}
