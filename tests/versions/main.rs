//! What is new from one version to the next, and what a manifest approves, as a user meets it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod manifests;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lastlook::report::sanitize::is_unsafe;
use serde_json::Value;
use support::Folder;
use support::forge::{archive, map, model, tar, token, zip};

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
    command.current_dir(folder).args(args).stdin(Stdio::null()).env_remove("NO_COLOR").output().unwrap()
}

#[track_caller]
fn expect(folder: &Folder, args: &[&str], code: i32) -> String {
    let output = run(folder.path(), args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    if code == 2 { err } else { out }
}

#[track_caller]
fn diff(folder: &Folder, args: &[&str], code: i32) -> Value {
    let text = expect(folder, &[&["diff", "--no-config", "--json"], args].concat(), code);
    serde_json::from_str(&text).unwrap()
}

/// The paths of a list of files, or of changes.
fn paths(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one.get("path").unwrap_or(&one["after"]["path"]).as_str().unwrap())
        .collect()
}

fn rules(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect()
}

const MANIFEST: &[u8] = br#"{"name":"app","version":"1.0.0"}"#;

/// Two versions of a package: the second has a map, a host, a model and a token more, and a bundle with a new hash.
fn versions() -> Folder {
    let folder = Folder::new();
    let old_token = format!("const t = '{}';\n", token(1));
    let old = archive::tgz(&[
        ("package/package.json", MANIFEST),
        ("package/js/main.3f2a91bc.js", old_token.as_bytes()),
        ("package/lib/a.js", b"fetch('https://api.acme.io/v1')\n"),
        ("package/lib/gone.js", b"1\n"),
        ("package/lib/same.js", b"same\n"),
        ("package/.env", b"MODE=production\n"),
    ]);
    let script = format!("fetch('https://telemetry.acme.io/v1', '{}')\n", token(2));
    let new = archive::tgz(&[
        ("package/package.json", MANIFEST),
        ("package/js/main.9c8d7e6f.js", old_token.as_bytes()),
        ("package/lib/a.js", script.as_bytes()),
        ("package/lib/a.js.map", &map::map(&[("../src/a.ts", "const secret = 1;\n// why\n")])),
        ("package/lib/same.js", b"same\n"),
        ("package/lib/tiny.safetensors", &model::safetensors(4)),
        ("package/.env", b"MODE=production\n"),
    ]);
    folder.file("app-1.0.0.tgz", old);
    folder.file("app-1.1.0.tgz", new);
    folder
}

#[test]
fn what_is_new_is_told_and_what_was_there_is_not() {
    let folder = versions();
    let report = diff(&folder, &["app-1.0.0.tgz", "app-1.1.0.tgz"], 1);
    let files = &report["comparison"];
    assert_eq!(paths(&files["added"]), ["lib/a.js.map", "lib/tiny.safetensors"]);
    assert_eq!(files["added"][0]["kind"], "map");
    assert_eq!(files["added"][1]["kind"], "model");
    assert_eq!(paths(&files["removed"]), ["lib/gone.js"]);
    assert_eq!(paths(&files["changed"]), ["lib/a.js"]);
    assert_eq!(paths(&files["moved"]), ["js/main.9c8d7e6f.js"]);
    assert_eq!(files["moved"][0]["before"]["path"], "js/main.3f2a91bc.js");
    assert_eq!(files["unchanged"], 3);
    assert_eq!(files["new_hosts"][0]["host"], "telemetry.acme.io");
    assert_eq!(files["gone_hosts"], serde_json::json!(["api.acme.io"]));
    assert_eq!(files["sources"]["new"][0]["path"], "src/a.ts");
    let new: BTreeSet<&str> = rules(&report["new_findings"]).into_iter().collect();
    assert!(new.contains("source-map-embedded-sources") && new.contains("github-personal-access-token"), "{new:?}");
    assert!(!new.contains("env-file"), "it was there before: {new:?}");
    let secrets = report["new_findings"].as_array().unwrap().iter().filter(|one| one["secret"].is_string());
    assert_eq!(secrets.count(), 1, "the token in the renamed bundle was there before: {report:#}");
    // The other way round everything that blocks is gone.
    let back = diff(&folder, &["app-1.1.0.tgz", "app-1.0.0.tgz"], 0);
    assert_eq!(back["verdict"], "clear");
    assert!(rules(&back["gone_findings"]).contains(&"source-map-embedded-sources"), "{back:#}");
    assert_eq!(back["comparison"]["sources"]["gone"], 1);
}

#[test]
fn a_version_is_nothing_new_beside_itself_however_it_is_packed() {
    let folder = Folder::new();
    let members: [(&str, &[u8]); 2] = [("a.js", b"let a\n"), (".env", b"A=1\n")];
    let inside = |top: &str| members.map(|(name, content)| (format!("{top}{name}"), content));
    for (name, top) in [("one.tgz", "package/"), ("app-1.0.0.crate", "app-1.0.0/"), ("app-1.1.0.tar.gz", "app-1.1.0/")]
    {
        let list = inside(top);
        let list: Vec<(&str, &[u8])> = list.iter().map(|(name, content)| (name.as_str(), *content)).collect();
        folder.file(name, archive::tgz(&list));
    }
    let list = inside("repo-main/");
    let list: Vec<(&str, &[u8])> = list.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    folder.file("repo.zip", zip::deflated(&list));
    for (name, content) in members {
        folder.file(&format!("plain/{name}"), content);
        folder.file(&format!("wrapped/package/{name}"), content);
    }
    let all = ["one.tgz", "app-1.0.0.crate", "app-1.1.0.tar.gz", "repo.zip", "plain", "wrapped"];
    for (old, new) in all.iter().flat_map(|old| all.map(|new| (*old, new))) {
        let report = diff(&folder, &[old, new, "--fail-on-new", "file,host,source"], 0);
        assert_eq!(report["comparison"]["unchanged"], 2, "{old} {new}: {report:#}");
        assert_eq!(report["gone_findings"], serde_json::json!([]), "{old} {new}");
    }
}

#[test]
fn a_wheel_and_an_archive_in_an_archive_keep_their_files() {
    let folder = Folder::new();
    for version in ["1.0.0", "1.1.0"] {
        let record = format!("app-{version}.dist-info/RECORD");
        let jar = zip::deflated(&[("x/A.txt", b"same")]);
        let inner = format!("app/lib-{version}.jar");
        let wheel = zip::deflated(&[("app/a.py", b"a = 1\n"), (&record, b"x\n"), (&inner, &jar)]);
        folder.file(&format!("app-{version}-py3-none-any.whl"), wheel);
    }
    let report = diff(&folder, &["app-1.0.0-py3-none-any.whl", "app-1.1.0-py3-none-any.whl"], 0);
    let files = &report["comparison"];
    assert_eq!((paths(&files["added"]), paths(&files["removed"])), (vec![], vec![]), "{files:#}");
    let moved = ["app-1.1.0.dist-info/RECORD", "app/lib-1.1.0.jar", "app/lib-1.1.0.jar!x/A.txt"];
    assert_eq!(paths(&files["moved"]), moved);
}

#[test]
fn a_user_is_stopped_by_what_he_asked_to_be_stopped_by() {
    let folder = Folder::new();
    folder.file("old/a.js", "1");
    folder.file("new/a.js", "fetch('https://new.acme.io/')");
    folder.file("new/b.zip", zip::deflated(&[("x", b"y")]));
    expect(&folder, &["diff", "--no-config", "old", "new"], 0);
    for what in ["file", "archive", "host", "map,host"] {
        let out = expect(&folder, &["diff", "--no-config", "--fail-on-new", what, "old", "new"], 1);
        assert!(out.contains("BLOCKED: "), "{out}");
    }
    for what in ["map", "model,executable", "source", "dataset"] {
        expect(&folder, &["diff", "--no-config", "--fail-on-new", what, "old", "new"], 0);
    }
    let wrong = expect(&folder, &["diff", "--fail-on-new", "files", "old", "new"], 2);
    assert!(wrong.contains("`files` is nothing that can be new: write file, map"), "{wrong}");
}

#[test]
fn what_cannot_be_looked_at_in_the_new_version_is_not_clear() {
    let folder = versions();
    let whole = fs::read(folder.path().join("app-1.0.0.tgz")).unwrap();
    folder.file("cut.tgz", &whole[..whole.len() - 40]);
    let report = diff(&folder, &["app-1.0.0.tgz", "cut.tgz"], 3);
    assert_eq!(report["verdict"], "incomplete");
    diff(&folder, &["--allow-incomplete", "app-1.0.0.tgz", "cut.tgz"], 0);
    // A gap in the old version makes more things new, never fewer.
    let report = diff(&folder, &["cut.tgz", "app-1.0.0.tgz", "--set", "*=note"], 0);
    assert_ne!(report["comparison"]["old"]["gaps"], 0);
    expect(&folder, &["diff", "nowhere", "cut.tgz"], 2);
}

#[test]
fn a_map_that_gives_more_away_is_new_and_one_that_gives_less_is_not() {
    let folder = Folder::new();
    let one = ("../src/a.ts", "let a = 1;\n");
    let other = ("../src/b.ts", "let b = 2;\n");
    folder.file("small/a.js.map", map::map(&[one]));
    folder.file("large/a.js.map", map::map(&[one, other]));
    let grown = diff(&folder, &["small", "large"], 1);
    assert_eq!(rules(&grown["new_findings"]), ["source-map-embedded-sources"]);
    assert_eq!(grown["comparison"]["sources"]["new"].as_array().unwrap().len(), 1);
    assert_eq!(grown["gone_findings"], serde_json::json!([]));
    let shrunk = diff(&folder, &["large", "small"], 0);
    assert_eq!(shrunk["new_findings"], serde_json::json!([]));
}

#[test]
fn the_comparison_is_the_same_on_any_number_of_threads() {
    let folder = versions();
    let texts = ["1", "2", "7"].map(|threads| {
        expect(&folder, &["diff", "--no-config", "--json", "--threads", threads, "app-1.0.0.tgz", "app-1.1.0.tgz"], 1)
    });
    assert!(texts[0] == texts[1] && texts[1] == texts[2]);
}

#[test]
fn hostile_names_and_secrets_do_nothing_in_a_comparison() {
    let folder = Folder::new();
    let secret = token(3);
    let odd = format!("package/::error::x\x1b[2J\u{202e}{secret}.js");
    let holder = format!("t = '{secret}'\n");
    folder.file("old.tgz", archive::tgz(&[("package/t.js", holder.as_bytes()), ("package/z", b"1")]));
    folder.file("new.tgz", archive::tgz(&[(&odd, b"let x\n"), ("package/z", b"1")]));
    for (old, new) in [("old.tgz", "new.tgz"), ("new.tgz", "old.tgz")] {
        for args in [&["--verbose"][..], &["--json"]] {
            let output = run(folder.path(), &[&["diff", "--no-config"], args, &[old, new]].concat());
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(!text.contains(&secret), "{text}");
            assert!(!text.chars().any(|letter| is_unsafe(letter) && letter != '\n'), "{text:?}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
        }
    }
}

#[test]
fn every_report_marks_what_was_there_before_and_hides_nothing() {
    let folder = versions();
    let plain = |report: &str| {
        String::from_utf8(run(folder.path(), &["--no-config", "--report", report, "app-1.1.0.tgz"]).stdout).unwrap()
    };
    let since = |report: &str| {
        let args = ["--no-config", "--report", report, "--since", "app-1.0.0.tgz", "app-1.1.0.tgz"];
        let output = run(folder.path(), &args);
        assert_eq!(output.status.code(), Some(1), "{report}");
        String::from_utf8(output.stdout).unwrap()
    };
    let json: Value = serde_json::from_str(&since("json")).unwrap();
    let marks: Vec<&str> =
        json["findings"].as_array().unwrap().iter().map(|one| one["since"].as_str().unwrap()).collect();
    assert!(marks.contains(&"new") && marks.contains(&"before"), "{marks:?}");
    let before: Value = serde_json::from_str(&plain("json")).unwrap();
    assert_eq!(before["findings"].as_array().unwrap().len(), marks.len());
    assert_eq!((&before["since"], &before["findings"][0]["since"]), (&Value::Null, &Value::Null));
    assert_eq!(paths(&json["since"]["added"]), ["lib/a.js.map", "lib/tiny.safetensors"]);
    let sarif: Value = serde_json::from_str(&since("sarif")).unwrap();
    let states: BTreeSet<&str> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["baselineState"].as_str().unwrap())
        .collect();
    assert_eq!(states, BTreeSet::from(["new", "unchanged"]));
    assert!(!plain("sarif").contains("baselineState"));
    for report in ["human", "github", "gitlab", "junit", "markdown"] {
        let text = since(report);
        assert!(text.contains("was there before"), "{report}: {text}");
        assert!(!plain(report).contains("was there before"), "{report}");
    }
    assert!(
        since("human").contains("Since app-1.0.0.tgz: 2 files added, 1 removed, 1 changed, 1 moved"),
        "{}",
        since("human")
    );
    assert!(since("jsonl").lines().last().unwrap().contains("\"since\":{"));
    expect(&folder, &["--since", "app-1.0.0.tgz", "app-1.1.0.tgz", "app-1.0.0.tgz"], 2);
}

/// The archive of an npm package, fetched if this is the first time; `tests/real_world.rs` keeps its archives there too.
fn fetch(name: &str, version: &str) -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real-world").join(format!("{name}-{version}"));
    let only = |folder: &Path| Some(fs::read_dir(folder).ok()?.next()?.ok()?.path());
    if let Some(archive) = only(&shelf) {
        return archive;
    }
    fs::create_dir_all(shelf.parent().unwrap()).unwrap();
    let arriving = tempfile::tempdir_in(shelf.parent().unwrap()).unwrap();
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", "--ignore-scripts"]).arg(format!("{name}@{version}")).current_dir(arriving.path());
    let output = npm.output().unwrap();
    assert!(output.status.success(), "fetching failed: {}", String::from_utf8_lossy(&output.stderr));
    let _ = fs::rename(arriving.path(), &shelf);
    only(&shelf).expect("one archive")
}

/// Computes what differs without any code of lastlook.
const COMPARE: &str = r#"
import hashlib, json, sys, tarfile
def files(path):
    with tarfile.open(path) as archive:
        members = [m for m in archive if m.isfile()]
        return {m.name.split("/", 1)[1]: hashlib.sha256(archive.extractfile(m).read()).hexdigest() for m in members}
old, new = files(sys.argv[1]), files(sys.argv[2])
print(json.dumps({
    "added": sorted(new.keys() - old.keys()),
    "removed": sorted(old.keys() - new.keys()),
    "changed": sorted(k for k in old.keys() & new.keys() if old[k] != new[k]),
    "unchanged": sum(old[k] == new[k] for k in old.keys() & new.keys()),
}))
"#;

#[test]
#[ignore = "fetches packages from the registry"]
fn two_versions_of_real_packages_differ_as_they_do() {
    for (name, old, new) in
        [("dayjs", "1.11.12", "1.11.13"), ("reselect", "5.1.0", "5.1.1"), ("marked", "15.0.2", "15.0.3")]
    {
        let archives = [fetch(name, old), fetch(name, new)];
        let mut python = Command::new("python3");
        let known = python.args(["-c", COMPARE]).args(&archives).output().unwrap();
        let known: Value = serde_json::from_slice(&known.stdout).unwrap();
        let folder = Folder::new();
        let [old, new] = archives.each_ref().map(|path| path.to_str().unwrap());
        let report: Value = {
            let output = run(folder.path(), &["diff", "--no-config", "--json", old, new]);
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let files = &report["comparison"];
        // A file that was renamed is told as that, and not as one that came and one that went.
        let renamed = files["changed"].as_array().unwrap().iter().chain(files["moved"].as_array().unwrap());
        let renamed: Vec<&Value> = renamed.filter(|one| one["before"]["path"] != one["after"]["path"]).collect();
        let set = |list: &Value, more: &str| -> BTreeSet<String> {
            let more = renamed.iter().map(|one| one[more]["path"].as_str().unwrap());
            paths(list).into_iter().chain(more).map(str::to_owned).collect()
        };
        let expected = |key: &str| -> BTreeSet<String> {
            known[key].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(set(&files["added"], "after"), expected("added"), "{name}");
        assert_eq!(set(&files["removed"], "before"), expected("removed"), "{name}");
        let same_name = |one: &&Value| one["before"]["path"] == one["after"]["path"];
        let changed = files["changed"].as_array().unwrap().iter().filter(same_name);
        let changed: BTreeSet<String> = changed.map(|one| one["after"]["path"].as_str().unwrap().to_owned()).collect();
        assert_eq!(changed, expected("changed"), "{name}");
        assert_eq!(files["unchanged"], known["unchanged"], "{name}");
        // The same version twice: nothing is new.
        let output = run(folder.path(), &["diff", "--no-config", "--fail-on-new", "file,host,source,map", old, old]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
        // And a manifest of the one approves the one, and not the other.
        expect(&folder, &["manifest", "write", "--no-config", "-o", "ship.toml", old], 0);
        let check = |target: &str| {
            let levels = ["--set", "*=off", "--set", "manifest-*=error"];
            run(folder.path(), &[&["--no-config", "--manifest", "ship.toml", target][..], &levels].concat())
                .status
                .code()
        };
        assert_eq!((check(old), check(new)), (Some(0), Some(1)), "{name}");
        expect(&folder, &["manifest", "approve", "--no-config", "--yes", "ship.toml", new], 0);
        assert_eq!(check(new), Some(0), "{name}");
    }
}

#[test]
fn what_a_baseline_accepts_is_nothing_new_that_blocks() {
    let folder = versions();
    let both = ["app-1.0.0.tgz", "app-1.1.0.tgz"];
    assert!(!rules(&diff(&folder, &both, 1)["new_findings"]).is_empty());
    // What was accepted in the old version says nothing of the new one.
    expect(&folder, &["baseline", "--no-config", "app-1.0.0.tgz", "-o", "old.json"], 0);
    diff(&folder, &[&["--baseline", "old.json"], &both[..]].concat(), 1);
    expect(&folder, &["baseline", "--no-config", "app-1.1.0.tgz", "-o", "known.json"], 0);
    let accepted = diff(&folder, &[&["--baseline", "known.json"], &both[..]].concat(), 0);
    assert_eq!((accepted["new_findings"].as_array().unwrap().len(), &accepted["verdict"]), (0, &"clear".into()));
    assert!(!accepted["comparison"]["added"].as_array().unwrap().is_empty(), "files are as new as before");
    diff(&folder, &[&["--baseline", "known.json", "--fail-on-new", "map"], &both[..]].concat(), 1);
    // The policy may name it, as for check.
    folder.file("lastlook.toml", "baseline = 'known.json'\n");
    expect(&folder, &["diff", both[0], both[1]], 0);
}

#[test]
fn maps_that_have_changed_and_what_they_disclose_are_told() {
    let folder = Folder::new();
    let map = |text: &str| map::map(&[("../src/a.ts", "let a = 1;\n"), ("../src/b.ts", text)]);
    folder.file("old/dist/a.js.map", map("let b = 1;\n"));
    folder.file("old/dist/c.js.map", map::map(&[("../src/c.ts", "let c = 1;\n")]));
    folder.file("new/dist/a.js.map", map("let b = 2;\n// grown\n"));
    let shown = expect(&folder, &["diff", "--no-config", "old", "new"], 0);
    assert!(shown.contains("~ dist/a.js.map (") && shown.contains(", map)"), "{shown}");
    assert!(shown.contains("Sources: 0 newly disclosed, 1 with another text, 1 disclosed no more\n"), "{shown}");
    // Where a secret in a built file comes from, maps that are not published tell here as well.
    let line = format!("const k = '{}';\n", token(5));
    folder.file("old/a.js", "let a;\n");
    folder.file("new/a.js", &line);
    folder.file("maps/a.js.map", map::map(&[("../src/key.ts", &line)]));
    let told = diff(&folder, &["--maps", "maps", "old", "new"], 1);
    assert_eq!(told["new_findings"][0]["original"]["source"], "../src/key.ts", "{told}");
}
