//! The command line, as a user meets it: documents in `tests/cmd` with what they show, and what documents cannot say.
//!
//! After a change on purpose, `TRYCMD=overwrite cargo test --test cli` writes the documents anew.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::forge::{archive, zip};
use tempfile::TempDir;

#[test]
fn documents_show_what_happens() {
    trycmd::TestCases::new().case("tests/cmd/*.md").env("NO_COLOR", "1");
}

/// A folder with files in it, far from any policy.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A folder whose one file blocks.
fn leaky() -> TempDir {
    folder(&[("dist/.env", "MODE=production\n"), ("dist/index.js", "console.log(1)\n")])
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
    command.current_dir(folder).args(args).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

#[track_caller]
fn expect(folder: &Path, args: &[&str], code: i32) -> String {
    let output = run(folder, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    if code == 2 {
        assert!(err.starts_with("error: ") && out.is_empty(), "{args:?}\n{out}\n{err}");
        return err;
    }
    assert_eq!(err, "", "{args:?}");
    out
}

#[track_caller]
fn json(folder: &Path, args: &[&str], code: i32) -> Value {
    serde_json::from_str(&expect(folder, &[args, &["--report", "json"]].concat(), code)).unwrap()
}

fn paths(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["path"].as_str().unwrap()).collect()
}

const REPORTS: [&str; 8] = ["human", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"];

#[test]
fn the_exit_code_does_not_depend_on_the_report() {
    let there = leaky();
    fs::write(there.path().join("cut.tgz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b]).unwrap();
    fs::create_dir(there.path().join("empty")).unwrap();
    for report in REPORTS {
        let args = |path| ["--report", report, path];
        expect(there.path(), &args("dist/index.js"), 0);
        expect(there.path(), &args("dist"), 1);
        expect(there.path(), &args("nowhere"), 2);
        expect(there.path(), &args("cut.tgz"), 3);
        expect(there.path(), &args("empty"), 3);
        expect(there.path(), &[&args("cut.tgz")[..], &["--allow-incomplete"]].concat(), 0);
        // What blocks weighs more than what is missing.
        expect(there.path(), &[&args("cut.tgz")[..], &["dist"]].concat(), 1);
    }
}

#[test]
fn levels_and_the_bar_can_be_moved() {
    let there = leaky();
    expect(there.path(), &["--set", "env-file=warning", "dist"], 0);
    expect(there.path(), &["--set", "env-file=warning", "--fail-on", "warning", "dist"], 1);
    expect(there.path(), &["--set", "env-*=off", "--fail-on", "warning", "dist"], 0);
    // The last word counts, and an id says more than a glob.
    expect(there.path(), &["--set", "env-file=off", "--set", "env-file=error", "dist"], 1);
    expect(there.path(), &["--set", "env-file=error", "--set", "env-*=off", "dist"], 1);
    fs::write(there.path().join("lastlook.toml"), "fail-on = 'warning'\n[levels]\n'env-*' = 'warning'\n").unwrap();
    expect(there.path(), &["dist"], 1);
    expect(there.path(), &["--fail-on", "error", "dist"], 0);
}

#[test]
fn a_policy_allows_by_path_or_fingerprint_for_a_reason_and_a_time() {
    let there = leaky();
    let finding = json(there.path(), &["dist"], 1)["findings"][0].clone();
    let fingerprint = finding["fingerprint"].as_str().unwrap();
    let policy = |fields: &str| {
        let text = format!("[[allow]]\nrule = 'env-file'\nreason = 'holds no secret'\n{fields}\n");
        fs::write(there.path().join("lastlook.toml"), text).unwrap();
    };
    for fields in [
        format!("fingerprint = '{fingerprint}'"),
        "path = 'dist/.env'".to_owned(),
        "path = '**/.env'".to_owned(),
        "path = 'dist/*'\nexpires = '2999-12-31'".to_owned(),
    ] {
        policy(&fields);
        let report = json(there.path(), &["dist"], 0);
        assert_eq!(report["allowed"][0]["reason"], "holds no secret", "{fields}");
        assert_eq!(report["stale"].as_array().unwrap().len(), 0, "{fields}");
        expect(there.path(), &["--no-config", "dist"], 1);
    }
    for (fields, problem) in [
        ("path = 'dist/*'\nexpires = '2020-01-31'", "expired on 2020-01-31"),
        ("path = '*/nothing'", "matches nothing"),
    ] {
        policy(fields);
        let report = json(there.path(), &["dist"], 1);
        assert_eq!(report["stale"][0]["place"], "lastlook.toml:1");
        assert!(report["stale"][0]["problem"].as_str().unwrap().contains(problem), "{report}");
        assert!(expect(there.path(), &["dist"], 1).contains(problem));
    }
}

#[test]
fn an_allowed_path_means_the_same_from_wherever_one_calls() {
    let there = leaky();
    fs::write(
        there.path().join("lastlook.toml"),
        "[[allow]]\nrule = 'env-file'\npath = 'dist/.env'\nreason = 'holds no secret'\n",
    )
    .unwrap();
    let absolute = there.path().to_str().unwrap();
    expect(there.path(), &["."], 0);
    expect(there.path(), &["dist"], 0);
    expect(there.path(), &[absolute], 0);
    expect(Path::new("/"), &[absolute], 0);
}

#[test]
fn the_nearest_policy_counts_and_is_named() {
    let there = leaky();
    fs::write(there.path().join("lastlook.toml"), "[levels]\nenv-file = 'off'\n").unwrap();
    assert!(expect(there.path(), &["dist"], 0).contains("Policy: lastlook.toml\n"));
    assert!(expect(there.path(), &["dist/index.js"], 0).contains("Policy: lastlook.toml\n"));
    fs::write(there.path().join("dist/lastlook.toml"), "").unwrap();
    assert!(expect(there.path(), &["dist"], 1).contains("Policy: dist/lastlook.toml\n"));
    assert!(expect(there.path(), &["--config", "lastlook.toml", "dist"], 0).contains("Policy: lastlook.toml\n"));
    assert!(!expect(there.path(), &["--no-config", "dist"], 1).contains("Policy"));
    // Two targets with two policies: nobody could say which was meant.
    assert!(expect(there.path(), &[".", "dist"], 2).contains("--config"));
}

#[test]
fn limits_are_kept_and_what_they_cut_is_said() {
    let there =
        folder(&[("lastlook.toml", "[limits]\nfile = 10\n"), ("small.js", "1"), ("large.js", "console.log(1)")]);
    let report = json(there.path(), &["small.js", "large.js"], 3);
    assert_eq!(report["gaps"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["gaps"][0]["path"], "large.js");
}

#[test]
fn several_reports_at_once_each_go_where_they_should() {
    let there = leaky();
    let out = expect(
        there.path(),
        &["--report", "sarif=out.sarif", "--report", "human", "--report", "json=a b.json", "dist"],
        1,
    );
    assert!(out.ends_with("BLOCKED: 1 error. Publishing this would give away what is reported here\n"), "{out}");
    let read = |name: &str| -> Value { serde_json::from_slice(&fs::read(there.path().join(name)).unwrap()).unwrap() };
    assert_eq!(read("out.sarif")["version"], "2.1.0");
    assert_eq!(read("a b.json"), json(there.path(), &["dist"], 1));
    assert_eq!(expect(there.path(), &["--report", "json=only.json", "dist"], 1), "");
    assert_eq!(expect(there.path(), &["--report", "jsonl=-", "dist"], 1).lines().count(), 2);
    // One that cannot be written is an error, and costs nobody the other.
    let output = run(there.path(), &["--report", "json=no/such/folder", "--report", "human", "dist"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("BLOCKED"));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: no/such/folder cannot be written"));
}

#[test]
fn json_has_the_documented_keys() {
    let there = leaky();
    let report = json(there.path(), &["dist"], 1);
    let keys = |value: &Value| {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(keys(&report), "allowed findings gaps packages remarks schema since stale tool totals verdict");
    assert_eq!(report["schema"], 1);
    assert_eq!(report["verdict"], "blocked");
    let documented = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    for object in [&report, &report["findings"][0], &report["totals"]] {
        for key in object.as_object().unwrap().keys() {
            assert!(documented.contains(&format!("`{key}`")), "{key} is not in docs/json.md");
        }
    }
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let there = leaky();
    let colored = |args: &[&str], env: Option<&str>| {
        let mut command = command(there.path(), args);
        if let Some(name) = env {
            command.env(name, "1");
        }
        command.output().unwrap().stdout.contains(&0x1b)
    };
    assert!(!colored(&["dist"], None), "this is no terminal");
    assert!(colored(&["--color", "always", "dist"], None));
    assert!(!colored(&["--color", "never", "dist"], Some("CLICOLOR_FORCE")));
    assert!(!colored(&["dist"], Some("NO_COLOR")));
    for report in &REPORTS[1..] {
        assert!(!colored(&["--color", "always", "--report", report, "dist"], None), "{report}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let there = folder(&[("a", "")]);
    for index in 0..300 {
        fs::create_dir(there.path().join(index.to_string())).unwrap();
        fs::write(there.path().join(format!("{index}/.env")), "x").unwrap();
    }
    for args in [&["--verbose", "."][..], &["--report", "json", "."], &["--report", "github", "."]] {
        let mut child = command(there.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(1), &b""[..]), "{args:?}");
    }
    let mut child = command(there.path(), &["rules"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().stderr, b"");
}

#[test]
fn files_are_named_as_they_were_asked_for() {
    let there = leaky();
    let at =
        |args: &[&str]| -> Vec<String> { paths(&json(there.path(), args, 1)).into_iter().map(str::to_owned).collect() };
    for args in [&[][..], &["."], &["./"], &["dist"], &["dist/"], &["./dist"], &["dist/.env"], &["check", "dist"]] {
        assert_eq!(at(args), ["dist/.env"], "{args:?}");
    }
    assert_eq!(at(&["dist", "dist/.env"]), ["dist/.env"], "asked for twice");
    let inner = there.path().join("dist");
    assert_eq!(paths(&json(&inner, &["../dist"], 1)), ["../dist/.env"]);
    // A code host knows files by their way from the root of the repository, so an absolute target is no reason to
    // name them otherwise. The working directory may be behind a link (macOS): ask for what it is really called.
    let absolute = inner.canonicalize().unwrap();
    let absolute = absolute.to_str().unwrap();
    assert_eq!(at(&[absolute]), ["dist/.env"]);
    let sarif: Value = serde_json::from_str(&expect(there.path(), &["--report", "sarif", absolute], 1)).unwrap();
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "dist/.env");
    assert!(expect(there.path(), &["--report", "github", absolute], 1).contains("file=dist/.env,"));
    // From elsewhere there is nothing to be relative to.
    assert_eq!(paths(&json(folder(&[]).path(), &["--no-config", absolute], 1)), [format!("{absolute}/.env")]);
}

#[test]
fn fingerprints_do_not_depend_on_where_the_target_lies() {
    let (here, there) = (leaky(), leaky());
    let print = |folder: &Path, target: &str| json(folder, &[target], 1)["findings"][0]["fingerprint"].clone();
    assert_eq!(print(here.path(), "dist"), print(there.path(), "dist"));
    assert_eq!(print(here.path(), "dist"), print(Path::new("/"), there.path().join("dist").to_str().unwrap()));
}

#[cfg(unix)]
#[test]
fn hostile_names_give_no_orders() {
    use std::os::unix::ffi::OsStrExt;
    let there =
        folder(&[("with space/.env", "x"), ("line\n::error::end/.env", "x"), ("\x1b[31mred\u{202e}/.env", "x")]);
    let raw = there.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    fs::create_dir(&raw).unwrap();
    fs::write(raw.join(".env"), "x").unwrap();
    assert_eq!(paths(&json(there.path(), &["."], 1)).len(), 4);
    for report in REPORTS {
        let text = expect(there.path(), &["--verbose", "--report", report, "."], 1);
        assert!(!text.contains(['\x1b', '\u{202e}']), "{report}: {text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::error::")), "{report}: {text}");
    }
    // A single file with such a name can be asked for as well, and a wrong one is an error of one line.
    let output = command(there.path(), &[]).arg(raw.join(".env")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = expect(there.path(), &["gone\n\x1b[31m"], 2);
    assert_eq!(error.lines().count(), 1, "{error:?}");
    assert!(!error.contains('\x1b'));
}

#[test]
fn a_thousand_notes_stay_a_short_report() {
    let there = tempfile::tempdir().unwrap();
    for index in 0..1000 {
        let text = format!("console.log({index})\n//# sourceMappingURL={index}.js.map\n");
        fs::write(there.path().join(format!("{index}.js")), text).unwrap();
    }
    let notes = json(there.path(), &[], 0)["totals"]["notes"].as_u64().unwrap();
    assert!(notes >= 1000, "{notes}");
    let out = expect(there.path(), &[], 0);
    assert!(out.lines().count() < 12, "{out}");
    assert!(out.ends_with("CLEAR: everything was looked at; 1,000 notes, none of which blocks\n"), "{out}");
}

#[test]
fn any_number_of_threads_says_the_same() {
    let there = leaky();
    for index in 0..50 {
        fs::write(there.path().join(format!("dist/{index}.pem.bak")), index.to_string()).unwrap();
    }
    let first = expect(there.path(), &["--report", "json", "--threads", "1", "."], 1);
    for threads in ["0", "2", "8", "64"] {
        assert_eq!(first, expect(there.path(), &["--report", "json", "--threads", threads, "."], 1), "{threads}");
    }
}

#[test]
fn completions_know_every_command() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = expect(here, &["completions", shell], 0);
        for word in ["check", "rules", "formats", "completions", "allow-incomplete"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn manual_pages_know_every_command_and_keep_examples_in_columns() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = expect(here, &["man"], 0);
    let title = concat!("\n.TH lastlook 1 \" \" \"lastlook ", env!("CARGO_PKG_VERSION"), "\" lastlook\n");
    let columns = "\n.SH EXAMPLES\n.nf\n  lastlook                            look at everything in this folder\n";
    for part in
        [title, columns, "\n.SH \"EXIT CODES\"\n.nf\n  0  clear", "\nlastlook\\-rules(1)\n", "\\-\\-allow\\-incomplete"]
    {
        assert!(page.contains(part), "{part:?} is not in:\n{page}");
    }
    assert!(expect(here, &["man", "rules", "show"], 0).contains("\nlastlook\\-rules\\-show \\- Explain a rule"));
    assert!(expect(here, &["man", "rules", "shout"], 2).contains("there is no command `lastlook rules shout`"));
}

#[test]
fn own_rules_judge_and_may_not_take_a_name() {
    let there = folder(&[("a.txt", "the key is door-482915"), ("rules/readme.md", "")]);
    let rule = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/rules.in/house.toml");
    let rule = rule.to_str().unwrap();
    let report = json(there.path(), &["--rules", rule, "a.txt"], 1);
    assert_eq!(report["findings"][0]["rule"], "house-key");
    assert!(!report.to_string().contains("482915"), "{report}");
    expect(there.path(), &["--rules", rule, "--set", "house-key=off", "a.txt"], 0);
    assert!(expect(there.path(), &["--rules", rule, "--rules", rule, "a.txt"], 2).contains("taken already"));
    assert!(expect(there.path(), &["--rules", "rules", "a.txt"], 2).contains("no rules file"));
}

#[test]
fn an_allowed_path_holds_for_the_folder_and_for_every_archive_that_is_made_of_it() {
    let there = tempfile::tempdir().unwrap();
    let at = |name: &str| there.path().join(name);
    let allowed = ["template/.env"];
    let others = [".env", "other/template/.env", "template/deep/.env", "package/template/.env", "a-2/template/.env"];
    let policy = "[[allow]]\nrule = 'env-file'\npath = 'template/.env'\nreason = 'holds no secret'\n";
    fs::write(at("lastlook.toml"), policy).unwrap();
    for name in allowed.iter().chain(&others) {
        fs::create_dir_all(at("tide").join(name).parent().unwrap()).unwrap();
        fs::write(at("tide").join(name), "MODE=1\n").unwrap();
    }
    let is_allowed = |path: &str| {
        let report: Value = serde_json::from_slice(&run(there.path(), &["--report", "json", path]).stdout).unwrap();
        let allowed = report["allowed"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap().to_owned());
        (allowed.collect::<Vec<_>>(), report["findings"].as_array().unwrap().len())
    };
    assert_eq!(is_allowed("tide"), (vec!["tide/template/.env".to_owned()], others.len()));
    let all: Vec<&str> = allowed.iter().chain(&others).copied().collect();
    for (archive, folder) in [("tide-1.0.0.tgz", "package/"), ("tide-1.0.0.crate", "tide-1.0.0/"), ("tide.zip", "")] {
        let names: Vec<String> = all.iter().map(|name| format!("{folder}{name}")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"MODE=1\n"[..])).collect();
        let bytes = if folder.is_empty() { zip::stored(&members) } else { archive::tgz(&members) };
        fs::write(at(archive), bytes).unwrap();
        let (paths, found) = is_allowed(archive);
        // In a zip without a folder of its own, npm's `package/` cannot be told from one.
        let expected: Vec<String> = match folder {
            "" => vec![format!("{archive}!package/template/.env"), format!("{archive}!template/.env")],
            _ => vec![format!("{archive}!{folder}template/.env")],
        };
        assert_eq!((paths, found), (expected.clone(), all.len() - expected.len()), "{archive}");
    }
}
