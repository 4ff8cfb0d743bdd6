//! What `init` writes into projects of every kind, and what it leaves alone.

use std::fs;
use std::path::Path;

use lastlook::policy::Policy;

use super::*;

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn init(folder: &Path, only: &[InitPart]) -> Exit {
    run(&InitArgs { path: folder.to_owned(), yes: true, dry_run: false, only: only.to_vec() }).unwrap()
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_default()
}

/// Every file below a folder, with its content.
fn everything(folder: &Path) -> Vec<(String, String)> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

const PACKAGE: &str = "{\n  \"name\": \"acme\",\n  \"version\": \"1.0.0\"\n}\n";

#[test]
fn a_second_time_nothing_changes() {
    for files in [
        &[
            ("package.json", PACKAGE),
            (".github/x", ""),
            (".gitlab-ci.yml", "stages: [build, test]\n"),
            (".pre-commit-config.yaml", "repos:\n- repo: a\n"),
        ][..],
        &[("Cargo.toml", "")],
        &[("pyproject.toml", "")],
        &[],
    ] {
        let there = project(files);
        assert_eq!(init(there.path(), &[]), Exit::Clear);
        let once = everything(there.path());
        assert!(once.len() >= files.len() + 2, "{once:#?}");
        assert_eq!(init(there.path(), &[]), Exit::Clear);
        assert_eq!(everything(there.path()), once);
        let all = [InitPart::Hook, InitPart::Policy, InitPart::PreCommit];
        init(there.path(), &all);
        let twice = everything(there.path());
        init(there.path(), &all);
        assert_eq!(everything(there.path()), twice);
    }
}

#[test]
fn the_hook_is_the_last_script_that_can_stop_the_upload() {
    for (package, more, script) in [
        (r#"{"name":"a"}"#, "", r#""prepublishOnly":"lastlook""#),
        (r#"{"name":"a","scripts":{"prepublishOnly":"npm test"}}"#, "", r#""prepublishOnly":"npm test && lastlook""#),
        (r#"{"name":"a","scripts":{"prepack":"tsc"}}"#, "", r#""postpack":"lastlook""#),
        (
            r#"{"name":"a","scripts":{"prepare":"tsc","postpack":"pinst -e"}}"#,
            "",
            r#""postpack":"lastlook && pinst -e""#,
        ),
        (
            r#"{"name":"a","packageManager":"yarn@4.1.0","scripts":{"prepack":"tsc"}}"#,
            "",
            r#""prepack":"tsc && lastlook""#,
        ),
        (r#"{"name":"a"}"#, ".yarnrc.yml", r#""prepack":"lastlook""#),
    ] {
        let there =
            project(&[("package.json", package), ("yarn.lock", ""), (if more.is_empty() { "x" } else { more }, "")]);
        init(there.path(), &[InitPart::Hook]);
        let after = read(there.path(), "package.json");
        assert!(after.contains(script), "{after}");
        assert!(serde_json::from_str::<serde_json::Value>(&after).is_ok(), "{after}");
    }
    for package in [
        r#"{"name":"a","private":true}"#,
        r#"{"type":"module"}"#,
        "{",
        r#"{"name":"a","scripts":{"x":"npx lastlook"}}"#,
    ] {
        let there = project(&[("package.json", package)]);
        init(there.path(), &[InitPart::Hook]);
        assert_eq!(read(there.path(), "package.json"), package);
    }
}

#[test]
fn nothing_is_written_unless_somebody_agrees() {
    let there = project(&[("package.json", PACKAGE)]);
    let before = everything(there.path());
    for dry_run in [true, false] {
        // Tests have no terminal to ask at.
        let args = InitArgs { path: there.path().to_owned(), yes: false, dry_run, only: Vec::new() };
        assert_eq!(run(&args).unwrap(), Exit::Blocked);
        assert_eq!(everything(there.path()), before);
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (there, elsewhere) = (project(&[]), project(&[("package.json", PACKAGE), ("ci.yml", "a: 1\n")]));
    let link =
        |to: &str, name: &str| std::os::unix::fs::symlink(elsewhere.path().join(to), there.path().join(name)).unwrap();
    link("package.json", "package.json");
    link("", ".github");
    link("ci.yml", ".gitlab-ci.yml");
    link("nowhere", "lastlook.toml");
    link("", "ci");
    let before = everything(elsewhere.path());
    init(there.path(), &[]);
    init(there.path(), &[InitPart::Hook, InitPart::Policy, InitPart::Github, InitPart::Gitlab, InitPart::Shell]);
    assert_eq!(everything(elsewhere.path()), before);
}

#[test]
fn the_policy_that_is_written_is_one() {
    let text = templates::policy();
    Policy::parse("lastlook.toml", &text, &["env-file", "source-map-embedded-sources"]).unwrap();
    // And so is what its comments offer.
    let offered: String = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ").filter(|rest| rest.starts_with(['[', '"']) || rest.contains(" = ")).unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(offered.contains("\n[[allow]]\nrule = "), "{offered}");
    Policy::parse("lastlook.toml", &offered, &["env-file", "source-map-embedded-sources"]).unwrap();
}

#[test]
fn the_jobs_build_what_the_project_publishes() {
    for (files, command, target) in [
        (&[("package.json", PACKAGE)][..], "npm pack", "*.tgz"),
        (&[("package.json", PACKAGE), ("pnpm-lock.yaml", "")], "pnpm pack", "*.tgz"),
        (&[("package.json", PACKAGE), ("bun.lock", "")], "bun pm pack", "*.tgz"),
        (&[("Cargo.toml", "")], "cargo package --no-verify", "target/package/*.crate"),
        (&[("pyproject.toml", "")], "python -m build", "dist/"),
        (&[], "build what you publish here", "dist/"),
    ] {
        let there = project(files);
        init(there.path(), &[InitPart::Github, InitPart::Gitlab, InitPart::Shell]);
        for name in [".github/workflows/lastlook.yml", ".gitlab-ci.yml", "ci/lastlook.sh"] {
            let text = read(there.path(), name);
            let ends = text.lines().any(|line| line.contains("lastlook ") && line.ends_with(target));
            assert!(text.contains(command) && ends, "{name}: {text}");
        }
    }
}

#[test]
fn a_job_is_added_to_those_of_the_project_with_its_line_ends() {
    let there = project(&[(".gitlab-ci.yml", "stages:\r\n  - check\r\nx:\r\n  script: make")]);
    init(there.path(), &[]);
    let after = read(there.path(), ".gitlab-ci.yml");
    assert!(after.starts_with("stages:\r\n  - check\r\nx:\r\n  script: make\r\n\r\n# Looks"), "{after:?}");
    assert!(
        after.contains("\r\nlastlook:\r\n  stage: check\r\n") && !after.replace("\r\n", "").contains('\n'),
        "{after:?}"
    );
}
