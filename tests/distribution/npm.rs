//! The packages for npm, as somebody uses them who has node and npm and no Rust.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;

use super::workshop::{CODES, VERSION, package, packages, root, run, targets, text};

/// A folder with links to what npm needs, and nothing else: the whole PATH.
struct Programs(tempfile::TempDir);

impl Programs {
    fn new() -> Self {
        let (folder, all) = (tempfile::tempdir().unwrap(), std::env::var_os("PATH").unwrap());
        for name in ["node", "npm", "npx", "sh", "env"] {
            let found = std::env::split_paths(&all).map(|path| path.join(name)).find(|path| path.exists());
            let found = found.unwrap_or_else(|| panic!("{name} is missing"));
            std::os::unix::fs::symlink(found.canonicalize().unwrap(), folder.path().join(name)).unwrap();
        }
        Programs(folder)
    }

    /// A command in an environment that knows nothing else.
    fn command(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.0.path().join(name));
        command.current_dir(folder).env_clear().env("PATH", self.0.path()).env("HOME", self.0.path());
        command.env("npm_config_update_notifier", "false").env("npm_config_audit", "false");
        command
    }
}

/// The registry on loopback, for as long as this lives.
pub struct Registry {
    process: Child,
    pub address: String,
}

impl Registry {
    pub fn start() -> Self {
        let mut node = Command::new("node");
        node.arg(root().join("tests/distribution/registry.mjs")).arg(packages().join("npm"));
        let mut process = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Registry { process, address: address.trim().to_owned() }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A project that has installed lastlook from the registry on loopback.
struct Project {
    folder: tempfile::TempDir,
    path: Programs,
}

impl Project {
    fn with(arguments: &[&str]) -> Self {
        let registry = Registry::start();
        let (folder, path) = (tempfile::tempdir().unwrap(), Programs::new());
        fs::write(folder.path().join("package.json"), "{\"name\":\"acme\",\"version\":\"1.0.0\"}\n").unwrap();
        let mut npm = path.command("npm", folder.path());
        run(npm.arg("install").arg("--registry").arg(&registry.address).args(arguments).arg("lastlook"));
        Project { folder, path }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn node(&self, arguments: &[&str]) -> Output {
        self.path.command("node", self.folder.path()).args(arguments).output().unwrap()
    }

    /// The launcher, as the link in `node_modules/.bin` starts it.
    fn launcher(&self) -> Command {
        let mut command = self.path.command("node", self.folder.path());
        command.arg(self.at("node_modules/.bin/lastlook"));
        command
    }

    /// What the launcher says when it cannot start the program: never a verdict.
    fn refusal(&self) -> String {
        let output = self.launcher().arg("--version").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        text(&output.stderr)
    }

    /// The packages with a program that were installed.
    fn programs(&self) -> Vec<String> {
        let listed = fs::read_dir(self.at("node_modules/@lastlook")).into_iter().flatten();
        let mut names: Vec<String> = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The package that fits this machine.
fn fitting() -> String {
    let cpu = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    format!("linux-{cpu}-{}", if cfg!(target_env = "musl") { "musl" } else { "gnu" })
}

/// One project for the tests that only use it.
static SHARED: LazyLock<Project> = LazyLock::new(|| Project::with(&[]));

#[test]
#[ignore = "needs node, npm, python3 and binutils"]
fn npx_runs_it_in_an_empty_project_without_rust() {
    let (registry, path, targets) = (Registry::start(), Programs::new(), targets());
    let npx = |arguments: &[&str]| {
        let mut npx = path.command("npx", targets.path());
        npx.args(["--yes", "--registry", &registry.address, "lastlook"]).args(arguments).output().unwrap()
    };
    assert!(path.command("sh", targets.path()).args(["-c", "command -v cargo"]).output().unwrap().stdout.is_empty());
    assert_eq!(text(&npx(&["--version"]).stdout), format!("lastlook {VERSION}\n"));
    for (target, code) in CODES {
        let output = npx(&[target]);
        assert_eq!(output.status.code(), Some(code), "{target}: {}{}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
#[ignore = "needs node, npm, python3 and binutils"]
fn npm_chooses_the_package_that_fits_and_runs_no_script() {
    let project = &SHARED;
    assert_eq!(project.programs(), [fitting()]);
    let lock = fs::read_to_string(project.at("package-lock.json")).unwrap();
    // The lock file names every platform, so that it serves all who work on the project.
    for name in ["linux-x64-musl", "linux-arm64-gnu", "darwin-arm64", "win32-x64"] {
        assert!(lock.contains(&format!("node_modules/@lastlook/{name}\"")), "{name}\n{lock}");
    }
    assert!(!lock.contains("hasInstallScript"), "{lock}");
    let manual = fs::read_to_string(project.at("node_modules/lastlook/man/lastlook.1")).unwrap();
    assert!(manual.contains(&format!("lastlook {VERSION}")) && manual.contains(".SH EXAMPLES"), "{manual}");
    for (target, code) in CODES {
        let targets = targets();
        let output = project.launcher().arg(targets.path().join(target)).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{target}: {}", text(&output.stderr));
    }
}

#[test]
#[ignore = "needs node, npm, python3 and binutils"]
fn packed_archives_install_without_any_registry() {
    let (folder, path, targets) = (tempfile::tempdir().unwrap(), Programs::new(), targets());
    let (main, program) = (package("npm", &format!("lastlook-{VERSION}")), package("npm", "lastlook-linux-"));
    run(path.command("npm", folder.path()).args(["install", "--offline"]).arg(main).arg(program));
    let mut npx = path.command("npx", folder.path());
    let output = npx.args(["--offline", "lastlook"]).arg(targets.path().join("leaky")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}

#[test]
#[ignore = "needs node, npm, python3 and binutils"]
fn a_missing_package_is_named_with_reasons_and_a_way_out() {
    let project = Project::with(&["--omit=optional"]);
    let name = format!("@lastlook/{}", fitting());
    let said = project.refusal();
    for words in [&*name, "--omit=optional", "lock file", "npm install --include=optional"] {
        assert!(said.contains(words), "{words} is not in:\n{said}");
    }
    // A folder that was copied from another machine.
    let other = project.at("node_modules/@lastlook/darwin-arm64");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("package.json"), format!("{{\"version\":\"{VERSION}\"}}")).unwrap();
    let said = project.refusal();
    assert!(said.contains("node_modules holds @lastlook/darwin-arm64 instead"), "{said}");
    // The wrong version, as a lock file that was edited by hand may have it.
    let own = project.at("node_modules").join(&name);
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("package.json"), "{\"version\":\"0.0.1\"}").unwrap();
    let said = project.refusal();
    assert!(said.contains("0.0.1 is installed"), "{said}");
    // A glibc that nobody has: the loader would end with 1, which is a verdict.
    fs::write(own.join("package.json"), format!("{{\"version\":\"{VERSION}\",\"lastlook\":{{\"glibc\":\"9.9\"}}}}"))
        .unwrap();
    let said = project.refusal();
    assert!(said.contains("needs glibc 9.9") && said.contains("-musl@"), "{said}");
    // The program without that need is taken where it is there.
    let musl = project.at("node_modules").join(name.replace("-gnu", "-musl"));
    fs::create_dir_all(&musl).unwrap();
    fs::write(musl.join("package.json"), format!("{{\"version\":\"{VERSION}\"}}")).unwrap();
    fs::copy(super::workshop::program(), musl.join("lastlook")).unwrap();
    let output = project.launcher().arg("--version").output().unwrap();
    assert_eq!(text(&output.stdout), format!("lastlook {VERSION}\n"), "{}", text(&output.stderr));
}

#[test]
#[ignore = "needs node, npm, python3 and binutils"]
fn platforms_are_told_by_what_node_itself_runs_with() {
    let script = r#"
        const fs = require("node:fs");
        const { candidates, interpreter, libc, older } = require("./node_modules/lastlook/lib/platform.js");
        const elf = (loader) => {
          const file = Buffer.alloc(120 + loader.length + 1);
          file.write("\x7fELF\x02\x01", "latin1");
          file.writeBigUInt64LE(64n, 32); file.writeUInt16LE(56, 54); file.writeUInt16LE(1, 56);
          file.writeUInt32LE(3, 64); file.writeBigUInt64LE(120n, 72); file.writeBigUInt64LE(BigInt(loader.length + 1), 96);
          file.write(loader, 120);
          fs.writeFileSync("loader.elf", file);
          return [interpreter("loader.elf"), libc("loader.elf")];
        };
        console.log(JSON.stringify([
          elf("/lib/ld-musl-x86_64.so.1"), elf("/nix/store/abc/lib/ld-linux-x86-64.so.2"),
          candidates("linux", "x64", "glibc"), candidates("linux", "x64", "musl"), candidates("linux", "arm64", null),
          candidates("darwin", "arm64"), candidates("win32", "x64"), candidates("freebsd", "x64"), candidates("linux", "ppc64"),
          interpreter("package.json"), interpreter("nowhere"), [older("2.9", "2.34"), older("2.34", "2.34"), older("3.0", "2.34")],
        ]));"#;
    let output = SHARED.node(&["-e", script]);
    let expected = concat!(
        r#"[["/lib/ld-musl-x86_64.so.1","musl"],["/nix/store/abc/lib/ld-linux-x86-64.so.2","glibc"],"#,
        r#"["@lastlook/linux-x64-gnu","@lastlook/linux-x64-musl"],["@lastlook/linux-x64-musl"],"#,
        r#"["@lastlook/linux-arm64-musl"],["@lastlook/darwin-arm64"],["@lastlook/win32-x64"],[],[],null,null,"#,
        "[true,false,false]]\n"
    );
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    // The whole launcher on a system that has no package.
    fs::write(SHARED.at("bsd.cjs"), "Object.defineProperty(process, 'platform', { value: 'freebsd' });\n").unwrap();
    let output = SHARED.node(&["--require", "./bsd.cjs", "node_modules/lastlook/bin/lastlook.js", "."]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no package for this platform (freebsd ") && said.contains("darwin-arm64"), "{said}");
}

#[test]
#[ignore = "needs node, npm, python3 and binutils"]
fn signals_reach_the_program_and_its_ending_comes_back() {
    use std::os::unix::process::ExitStatusExt;
    let project = Project::with(&[]);
    // A program that says when it is ready, and then waits to be ended.
    let program = project.at("node_modules/@lastlook").join(fitting()).join("lastlook");
    fs::write(
        &program,
        "#!/bin/sh\ntrap 'echo ended; trap - TERM; kill -TERM $$' TERM\necho ready\nfor i in 1 2 3 4 5 6 7 8 9; do /bin/sleep 1; done\n",
    )
    .unwrap();
    let mut launcher = project.launcher().stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(launcher.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    run(Command::new("kill").args(["-TERM", &launcher.id().to_string()]));
    assert_eq!(lines.next().unwrap().unwrap(), "ended");
    assert_eq!(launcher.wait().unwrap().signal(), Some(15));
    // A program that cannot be started is no verdict either.
    fs::write(&program, "").unwrap();
    fs::remove_file(&program).unwrap();
    fs::create_dir(&program).unwrap();
    assert!(project.refusal().contains("cannot be started"));
}

#[test]
#[ignore = "needs node, npm, python3 and binutils"]
fn javascript_gets_the_report_by_import_and_by_require() {
    let targets = targets();
    let body = r#"
        const said = [];
        for (const target of ["clear", "leaky", "cut.tgz"]) said.push((await scan(target, { cwd })).verdict);
        const both = await scan(["clear", "leaky"], { cwd, levels: { "source-map-*": "off" }, config: false, threads: 1 });
        said.push(both.verdict, both.totals.files, both.tool.version === version);
        const strict = await scan("cut.tgz", { cwd, allowIncomplete: true });
        said.push(strict.verdict, strict.gaps.length);
        const refusals = [
          () => scan("nowhere", { cwd }), () => scan("clear", { cwd, config: "nowhere.toml" }), () => scan("clear", { cwd, failon: "warning" }),
          () => scan([]), () => scan("--help", { cwd }), () => scan("clear", { cwd, signal: AbortSignal.abort() }),
        ];
        for (const refusal of refusals) {
          const error = await refusal().then(() => { throw new Error("it was resolved") }, (error) => error);
          said.push([error.name, error.exitCode ?? null, error.message.split("\n")[0]]);
        }
        console.log(JSON.stringify(said));"#;
    let cwd = serde_json::to_string(targets.path()).unwrap();
    let module = format!("import {{ scan, version }} from \"lastlook\";\nconst cwd = {cwd};\n{body}");
    let script =
        format!("const {{ scan, version }} = require(\"lastlook\");\nconst cwd = {cwd};\n(async () => {{{body}}})();");
    fs::write(SHARED.at("api.mjs"), module).unwrap();
    fs::write(SHARED.at("api.cjs"), script).unwrap();
    for file in ["api.mjs", "api.cjs"] {
        let output = SHARED.node(&[file]);
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{file}: {error}: {}", text(&output.stderr)));
        let verdicts = serde_json::json!(["clear", "blocked", "incomplete", "clear", 3, true, "clear", 1]);
        let said = said.as_array().unwrap();
        assert_eq!(said[..8], verdicts.as_array().unwrap()[..], "{file}");
        let no_file =
            |name| serde_json::json!(["LastlookError", 2, format!("error: there is no file or folder `{name}`")]);
        assert_eq!((&said[8], &said[12]), (&no_file("nowhere"), &no_file("--help")), "{file}");
        assert_eq!((&said[9][0], &said[9][1]), (&"LastlookError".into(), &2.into()), "{file}");
        assert_eq!(said[10], serde_json::json!(["TypeError", null, "scan: there is no option \"failon\""]), "{file}");
        assert_eq!((&said[11][0], &said[13][0]), (&"TypeError".into(), &"AbortError".into()), "{file}");
    }
}

#[test]
#[ignore = "needs node, npm and the npm registry"]
fn typescript_accepts_what_is_right_and_nothing_else() {
    let project = Project::with(&[]);
    run(Command::new("npm")
        .args(["install", "--no-audit", "--ignore-scripts", "typescript@5.9.3"])
        .current_dir(&project.folder));
    let right = "import { scan, LastlookError, version, type Finding, type Report } from \"lastlook\";\n\
        const report: Report = await scan([\"dist\"], { failOn: \"warning\", config: false, levels: { \"model-*\": \"off\" } });\n\
        const first: Finding | undefined = report.findings[0];\n\
        const line: number | null = first?.line ?? null;\n\
        if (report.verdict === \"blocked\" && line === 1) throw new LastlookError(version);\n";
    fs::write(project.at("right.mts"), right).unwrap();
    fs::write(project.at("right.cts"), "import lastlook = require(\"lastlook\");\nvoid lastlook.scan(\"dist\");\n")
        .unwrap();
    let wrong = "import { scan } from \"lastlook\";\n\
        await scan(\"dist\", { failon: \"warning\" });\n\
        await scan(\"dist\", { failOn: \"note\" });\n\
        if ((await scan(\"dist\")).verdict === \"clean\") await scan(7);\n";
    fs::write(project.at("wrong.mts"), wrong).unwrap();
    let tsc = |files: &[&str]| {
        let mut tsc = Command::new("node");
        tsc.current_dir(&project.folder).arg("node_modules/typescript/bin/tsc");
        tsc.args(["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"]);
        text(&tsc.args(files).output().unwrap().stdout)
    };
    assert_eq!(tsc(&["right.mts", "right.cts"]), "");
    let said = tsc(&["wrong.mts"]);
    let lines: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("wrong.mts(")?.split_once(','))
        .map(|(line, _)| line)
        .collect();
    assert_eq!(lines, ["2", "3", "4", "4"], "{said}");
}
