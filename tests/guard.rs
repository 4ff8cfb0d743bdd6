//! `lastlook guard` with tools that are shell scripts: what they are handed, what passes through, and what is never
//! published. The real tools: `tests/publish.rs`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use sha2::{Digest, Sha512};
use tempfile::TempDir;

/// A project with tools of its own, which come before those of the system.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let project = Project(tempfile::tempdir().unwrap());
        for folder in ["bin", "work/dist"] {
            fs::create_dir_all(project.path(folder)).unwrap();
        }
        project.file("work/dist/a.whl", "harmless\n");
        project
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A tool that does this. Its words are in `$@`, and `$LOG` is a file that outlives it.
    fn tool(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
        let path = std::env::join_paths(
            std::iter::once(self.path("bin")).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        fs::create_dir_all(self.path("tmp")).unwrap();
        command
            .args(["guard", "--no-progress"])
            .args(line.split_whitespace())
            .current_dir(self.path("work"))
            .env("PATH", path.unwrap())
            .env("LOG", self.path("log"))
            .env("TMPDIR", self.path("tmp"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, line: &str) -> Output {
        let output = self.command(line).output().unwrap();
        assert_eq!(fs::read_dir(self.path("tmp")).unwrap().count(), 0, "something was left behind");
        output
    }

    #[track_caller]
    fn exits(&self, line: &str, code: i32) -> (String, String) {
        let output = self.run(line);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(code), "{line}\n{out}\n{err}");
        (out, err)
    }
}

fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", BASE64.encode(&Sha512::digest(bytes)))
}

#[test]
fn the_tool_gets_a_copy_that_nobody_else_can_read_and_its_output_is_untouched() {
    let project = Project::new();
    project.tool(
        "twine",
        r#"echo "out $1 $2 $3"; echo err >&2; stat -c %a "$(dirname "$4")"; cat "$4" > "$LOG"; basename "$4""#,
    );
    let (out, err) = project.exits("-- twine upload -r testpypi dist/a.whl", 0);
    assert_eq!(out, "out upload -r testpypi\n700\na.whl\n");
    assert_eq!(project.log(), "harmless\n");
    assert!(err.contains(&integrity(b"harmless\n")) && err.contains("err\n") && err.contains("very file"), "{err}");
    // With no report of a file's, standard output is the tool's alone.
    let (out, _) = project.exits("--report json -- twine upload -r testpypi dist/a.whl", 0);
    assert!(out.starts_with("out "), "{out}");
}

#[test]
fn what_is_blocked_or_incomplete_never_reaches_the_tool() {
    let project = Project::new();
    project.tool("twine", r#"echo published >> "$LOG""#);
    project.file("work/dist/.env", "MODE=1\n");
    let (_, err) = project.exits("-- twine upload dist/a.whl dist/.env", 1);
    assert!(
        err.contains("error[env-file]") && err.contains("--> .env") && err.contains("nothing was published"),
        "{err}"
    );
    project.exits("--set env-file=warning -- twine upload dist/.env", 0);
    assert_eq!(project.log(), "published\n");
    project.exits("--set env-file=warning --fail-on warning -- twine upload dist/.env", 1);
    fs::write(project.path("work/dist/cut.tgz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b]).unwrap();
    let (_, err) = project.exits("-- twine upload dist/cut.tgz", 3);
    assert!(err.contains("not everything could be looked at"), "{err}");
    project.exits("-- twine upload nowhere", 2);
    project.exits("-- sh -c twine", 2);
    project.exits("", 2);
    assert_eq!(project.log(), "published\n");
    project.exits("--allow-incomplete -- twine upload dist/cut.tgz", 0);
}

#[test]
fn the_policy_of_the_project_counts() {
    let project = Project::new();
    project.tool("twine", r#"echo published >> "$LOG""#);
    project.file("work/dist/.env", "MODE=1\n");
    project.file("work/lastlook.toml", "[[allow]]\nrule = 'env-file'\npath = '.env'\nreason = 'holds no secret'\n");
    let (_, err) = project.exits("-- twine upload dist/.env", 0);
    assert!(err.contains("Policy: lastlook.toml"), "{err}");
    project.exits("--no-config -- twine upload dist/.env", 1);
    // One that lies above the folder for temporary files is nobody's.
    fs::remove_file(project.path("work/lastlook.toml")).unwrap();
    project.file("lastlook.toml", "");
    project.file("tmp/lastlook.toml", "[levels]\nenv-file = 'off'\n");
    let output = project.command("-- twine upload dist/.env").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn exit_codes_pass_through() {
    let project = Project::new();
    for (script, code) in
        [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
    {
        project.tool("twine", script);
        let (_, err) = project.exits("-- twine upload dist/a.whl", code);
        assert_eq!(err.contains("nothing was published"), code != 0, "{err}");
    }
    fs::remove_file(project.path("bin/twine")).unwrap();
    project.tool("gem", "exit 0");
    let (_, err) = project.exits("-- helm push dist/a.whl oci://r.example", 2);
    assert!(err.contains("`helm` cannot be run"), "{err}");
}

#[test]
fn signals_are_passed_on_and_its_end_is_waited_for() {
    let project = Project::new();
    project.tool(
        "twine",
        r#"trap 'echo got it >> "$LOG"; exit 42' TERM; echo ready >> "$LOG"; while :; do sleep 0.05; done"#,
    );
    let mut guard = project.command("-- twine upload dist/a.whl").stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !project.log().contains("ready") {
        assert!(begun.elapsed() < Duration::from_secs(60), "the tool was never started");
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-TERM", &guard.id().to_string()]).status().unwrap();
    assert_eq!(guard.wait().unwrap().code(), Some(42));
    assert_eq!(project.log(), "ready\ngot it\n");
    assert_eq!(fs::read_dir(project.path("tmp")).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_changed_while_it_is_published_is_told() {
    let project = Project::new();
    project.tool("twine", r#"echo more >> "$2""#);
    let (_, err) = project.exits("-- twine upload dist/a.whl", 2);
    assert!(err.contains("a.whl was changed while it was published") && err.contains("take it back"), "{err}");
    // What happens to the user's own file after it was looked at does not matter.
    project.tool("twine", r#"echo more >> dist/a.whl; cat "$2" > "$LOG""#);
    project.exits("-- twine upload dist/a.whl", 0);
    assert_eq!(project.log(), "harmless\n");
}

/// A cargo that packs what `source` holds, and leaves what it publishes where the real one does.
const CARGO: &str = r#"
case "$1" in
metadata) echo '{"target_directory":"'$PWD'/target"}' ;;
package) for last; do :; done; mkdir -p "$last/package"; cp source "$last/package/a-1.0.0.crate"; eval "$EACH" ;;
publish) echo published >> "$LOG"; mkdir -p target/package/tmp-crate; cp source target/package/tmp-crate/a-1.0.0.crate ;;
esac"#;

#[test]
fn what_cargo_packs_again_must_be_the_same() {
    let project = Project::new();
    project.tool("cargo", CARGO);
    project.file("work/source", "one\n");
    let (_, err) = project.exits("-- cargo publish", 0);
    assert!(err.contains("package/tmp-crate/a-1.0.0.crate is what was looked at"), "{err}");
    assert_eq!(project.log(), "published\n");
    let output = project.command("-- cargo publish").env("EACH", "echo more >> source").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("two different archives"));
    assert_eq!(project.log(), "published\n");
    // What an earlier call has left is no sign of this one.
    project.tool("cargo", &CARGO.replace("mkdir -p target/package/tmp-crate; cp", "true"));
    project.file("work/source", "new\n");
    let crate_file = project.path("work/target/package/tmp-crate/a-1.0.0.crate");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(crate_file).unwrap().set_modified(long_ago).unwrap();
    let (_, err) = project.exits("-- cargo publish", 0);
    assert!(err.contains("rests on packing twice alone"), "{err}");
    // What cargo leaves is compared as well.
    project.tool("cargo", &CARGO.replace("published >>", "other > source; echo published >>"));
    let (_, err) = project.exits("-- cargo publish", 2);
    assert!(err.contains("may not be what was looked at"), "{err}");
}

#[test]
fn an_image_is_pushed_only_while_its_name_stands_for_what_was_looked_at() {
    let project = Project::new();
    let docker = r#"
case "$2" in
inspect) cat id ;;
save) echo layers > "$4"; eval "$DURING" ;;
*) echo "pushed $2" >> "$LOG" ;;
esac"#;
    project.tool("docker", docker);
    project.file("work/id", "sha256:one\n");
    project.exits("-- docker push app:1", 0);
    assert_eq!(project.log(), "pushed app:1\n");
    let output = project.command("-- docker push app:1").env("DURING", "echo sha256:two > id").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stood for something else"));
    assert_eq!(project.log(), "pushed app:1\n");
}

#[test]
fn a_lastlook_in_a_script_of_the_package_leaves_it_to_the_guard() {
    let project = Project::new();
    let lastlook = env!("CARGO_BIN_EXE_lastlook");
    // npm, as far as guard needs it: it packs a file and runs a script that calls lastlook.
    project.tool(
        "npm",
        &format!(
            r#"case "$1" in
pack) npm_lifecycle_event=postpack "{lastlook}" || exit 9; for last; do :; done; echo packed > "${{last#*=}}/acme-1.0.0.tgz" ;;
publish) cat "$2" > "$LOG" ;;
esac"#
        ),
    );
    project.file("work/package.json", r#"{"name":"acme","version":"1.0.0"}"#);
    let (_, err) = project.exits("-- npm publish", 0);
    assert!(err.contains("another lastlook looks at this package already"), "{err}");
    assert_eq!(project.log(), "packed\n");
    // A variable that was left behind turns nothing off.
    let output = Command::new(lastlook)
        .current_dir(project.path("work"))
        .env("npm_lifecycle_event", "postpack")
        .env("LASTLOOK_WITHIN", project.path("gone"))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!err.contains("already") && output.stdout.is_empty(), "{err}");
}

#[test]
fn help_says_what_is_known() {
    let output = Command::new(env!("CARGO_BIN_EXE_lastlook")).args(["guard", "--help"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("lastlook guard [OPTIONS] -- <COMMAND>..."), "{text}");
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hooks.md").is_file() && text.contains("docs/hooks.md"));
}

#[test]
fn manifests_and_earlier_versions_are_left_to_check() {
    let project = Project::new();
    project.tool("twine", r#"echo published >> "$LOG""#);
    for option in ["--manifest list", "--since dist/a.whl"] {
        let (_, err) = project.exits(&format!("{option} -- twine upload dist/a.whl"), 2);
        assert!(err.contains("before it"), "{err}");
    }
    assert_eq!(project.log(), "");
}
