//! What a manifest approves.

use std::fs;
use std::process::Command;

use super::support::Folder;
use super::*;

#[test]
fn a_manifest_approves_the_package_packed_and_unpacked_and_blocks_everything_else() {
    let folder = Folder::new();
    let good: [(&str, &[u8]); 3] =
        [("package/package.json", MANIFEST), ("package/a.js", b"let a\n"), ("package/[x].js", b"x\n")];
    folder.file("app-1.0.0.tgz", archive::tgz(&good));
    for (name, content) in good {
        folder.file(&format!("out/{}", name.trim_start_matches("package/")), content);
    }
    expect(&folder, &["manifest", "write", "--no-config", "-o", "ship.toml", "app-1.0.0.tgz"], 0);
    for target in ["app-1.0.0.tgz", "out"] {
        expect(&folder, &["--no-config", "--manifest", "ship.toml", target], 0);
    }
    folder.file("out/a.js", "let b\n");
    folder.file("out/extra.js", "1\n");
    fs::remove_file(folder.path().join("out/[x].js")).unwrap();
    let text = expect(&folder, &["--no-config", "--manifest", "ship.toml", "--report", "json", "out"], 1);
    let report: Value = serde_json::from_str(&text).unwrap();
    let found: BTreeSet<(&str, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["rule"].as_str().unwrap(), one["path"].as_str().unwrap()))
        .collect();
    let expected = [
        ("manifest-changed-file", "out/a.js"),
        ("manifest-missing-file", "out/[x].js"),
        ("manifest-unexpected-file", "out/extra.js"),
    ];
    assert_eq!(found, BTreeSet::from(expected));
    assert!(text.contains("approved in ship.toml:"), "{text}");
    // Levels and allow entries work as for any other rule.
    let levels = ["--set", "manifest-*=warning"];
    expect(&folder, &[&["--no-config", "--manifest", "ship.toml", "out"][..], &levels].concat(), 0);
    let allow = "[[allow]]\nrule = 'manifest-unexpected-file'\npath = 'extra.js'\nreason = 'made by the packer'\n";
    folder.file("allow.toml", allow);
    let rest = ["--set", "manifest-changed-file=off", "--set", "manifest-missing-file=off"];
    expect(&folder, &[&["--config", "allow.toml", "--manifest", "ship.toml", "out"][..], &rest].concat(), 0);
    expect(&folder, &["--manifest", "ship.toml", "out", "app-1.0.0.tgz"], 2);
}

#[test]
fn budgets_are_kept() {
    let folder = Folder::new();
    folder.file("out/js/app-1.js", "0123456789");
    let check = |manifest: &str, code: i32| {
        folder.file("ship.toml", format!("lastlook-manifest = 1\n{manifest}"));
        expect(&folder, &["--no-config", "--manifest", "ship.toml", "out"], code)
    };
    check("[patterns]\n\"js/app-*.js\" = { kind = \"text\", max = 10, most = 1 }\n", 0);
    let over = check("[patterns]\n\"js/app-*.js\" = { kind = \"text\", max = 9 }\n", 1);
    assert!(over.contains("error[manifest-over-budget]") && over.contains("10 bytes, and 9 are approved"), "{over}");
    check("max-total = 9\n[patterns]\n\"**\" = {}\n", 1);
    let kind = check("[patterns]\n\"**\" = { kind = \"model\" }\n", 1);
    assert!(kind.contains("it is of the kind text, not model"), "{kind}");
    let broken = check("[files]\n\"../x\" = { any = true }\n", 2);
    assert!(broken.contains("ship.toml:3:1: this path cannot be approved"), "{broken}");
}

#[test]
fn approving_shows_what_differs_and_writes_only_when_told() {
    let folder = Folder::new();
    folder.file("out/a.js", "let a\n");
    expect(&folder, &["manifest", "write", "--no-config", "out", "-o", "ship.toml"], 0);
    let refused = expect(&folder, &["manifest", "write", "--no-config", "out", "-o", "ship.toml"], 2);
    assert!(refused.contains("lastlook manifest approve ship.toml"), "{refused}");
    let at = folder.path().join("ship.toml");
    let first = fs::read_to_string(&at).unwrap();
    folder.file("out/b\u{202e}.js", "let b\n");
    let shown = expect(&folder, &["manifest", "approve", "--no-config", "ship.toml", "out"], 1);
    assert!(shown.contains("+ \"b\\u202E.js\": it is not in the manifest (6 bytes, text)"), "{shown}");
    assert!(shown.contains("Nothing was written"), "{shown}");
    assert_eq!(fs::read_to_string(&at).unwrap(), first);
    expect(&folder, &["manifest", "approve", "--no-config", "--yes", "ship.toml", "out"], 0);
    expect(&folder, &["--no-config", "--manifest", "ship.toml", "out"], 0);
    let again = expect(&folder, &["manifest", "approve", "--no-config", "--yes", "ship.toml", "out"], 0);
    assert!(again.contains("Nothing to approve"), "{again}");
    assert!(
        fs::read_dir(folder.path()).unwrap().all(|entry| !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".tmp"))
    );
}

#[test]
fn nothing_is_approved_that_could_not_be_looked_at() {
    let folder = versions();
    expect(&folder, &["manifest", "write", "--no-config", "-o", "ship.toml", "app-1.0.0.tgz"], 0);
    let whole = fs::read(folder.path().join("app-1.0.0.tgz")).unwrap();
    folder.file("cut.tgz", &whole[..whole.len() - 40]);
    let before = fs::read(folder.path().join("ship.toml")).unwrap();
    expect(&folder, &["manifest", "approve", "--no-config", "--yes", "ship.toml", "cut.tgz"], 3);
    assert_eq!(fs::read(folder.path().join("ship.toml")).unwrap(), before);
    expect(&folder, &["manifest", "write", "--no-config", "-o", "cut.toml", "cut.tgz"], 3);
}

#[test]
fn a_manifest_in_its_own_package_approves_itself_and_need_not_be_published() {
    let folder = Folder::new();
    folder.file("a.js", "let a\n");
    let said = expect(&folder, &["manifest", "write", "--no-config", "-o", "ship.toml"], 0);
    assert!(said.contains("approves 1 file"), "{said}");
    expect(&folder, &["--no-config", "--manifest", "ship.toml"], 0);
    // Most tools pack only what they are told to.
    let packed = Folder::new();
    packed.file("a.js", "let a\n");
    let elsewhere = folder.path().join("ship.toml");
    expect(&packed, &["--no-config", "--manifest", elsewhere.to_str().unwrap(), "."], 0);
}

#[test]
fn a_manifest_is_an_earlier_version_as_well() {
    let folder = versions();
    expect(&folder, &["manifest", "write", "--no-config", "-o", "ship.toml", "app-1.0.0.tgz"], 0);
    let report = diff(&folder, &["ship.toml", "app-1.1.0.tgz"], 1);
    assert_eq!(paths(&report["comparison"]["added"]), ["lib/a.js.map", "lib/tiny.safetensors"]);
    assert_eq!(report["comparison"]["new_hosts"], Value::Null);
    assert!(!rules(&report["new_findings"]).contains(&"env-file"), "its file is as it was");
    diff(&folder, &["ship.toml", "app-1.0.0.tgz"], 0);
    let refused = expect(&folder, &["diff", "--fail-on-new", "host", "ship.toml", "app-1.0.0.tgz"], 2);
    assert!(refused.contains("a manifest cannot say whether a host is new"), "{refused}");
    let since = expect(&folder, &["--no-config", "--since", "ship.toml", "app-1.0.0.tgz"], 1);
    assert!(since.contains("(was there before)") && since.contains("A manifest cannot say"), "{since}");
}

#[test]
fn two_members_of_one_name_cannot_be_approved() {
    let folder = Folder::new();
    let mut bytes = Vec::new();
    for content in [b"one".as_slice(), b"two"] {
        tar::push(&mut bytes, b"package/a.js", content);
    }
    folder.file("a.tar", tar::finish(bytes));
    let refused = expect(&folder, &["manifest", "write", "--no-config", "a.tar"], 2);
    assert!(refused.contains("`a.js` stands for two different files"), "{refused}");
}

#[test]
#[cfg(unix)]
fn a_link_is_approved_as_one() {
    let folder = Folder::new();
    folder.file("out/a.js", "let a\n");
    std::os::unix::fs::symlink("a.js", folder.path().join("out/b.js")).unwrap();
    expect(&folder, &["manifest", "write", "--no-config", "out", "-o", "ship.toml"], 0);
    assert!(fs::read_to_string(folder.path().join("ship.toml")).unwrap().contains("\"b.js\" = { kind = \"link\" }"));
    expect(&folder, &["--no-config", "--manifest", "ship.toml", "out"], 0);
    fs::remove_file(folder.path().join("out/b.js")).unwrap();
    folder.file("out/b.js", "let b\n");
    let changed = expect(&folder, &["--no-config", "--manifest", "ship.toml", "out"], 1);
    assert!(changed.contains("manifest-changed-file"), "{changed}");
}

#[test]
#[ignore = "needs sha256sum"]
fn the_list_is_one_that_sha256sum_accepts() {
    let folder = Folder::new();
    for name in ["a.js", "with space/ü.js", "back\\slash", "line\nbreak", "-dash"] {
        folder.file(&format!("out/{name}"), name);
    }
    expect(&folder, &["manifest", "write", "--no-config", "--as", "sha256sum", "-o", "SUMS", "out"], 0);
    let check = || {
        let mut sums = Command::new("sha256sum");
        sums.args(["--check", "--strict", "../SUMS"]).current_dir(folder.path().join("out")).output().unwrap()
    };
    let output = check();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches(": OK").count(), 5);
    folder.file("out/a.js", "changed");
    assert!(!check().status.success());
}
