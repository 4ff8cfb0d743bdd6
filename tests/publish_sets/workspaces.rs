//! Workspaces as their own clients pack them: every member that can be published, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::*;

/// The members that are published: their names, their folders, and whether they give something away.
const MEMBERS: [(&str, &str, bool); 5] = [
    ("@tide/a", "packages/a", true),
    ("@tide/b", "packages/b", false),
    ("@tide/d", "packages/d", true),
    ("tide-deep", "apps/e/deep", false),
    ("tide-f", "apps/fü", false),
];

/// A workspace with ranges between its members, rules above them, and members that are private or taken out.
fn workspace(client: &str, root: &Path, private: bool) {
    let globs: &[&str] = match client {
        "yarn1" => &["packages/*", "apps/**"],
        _ => &["packages/*", "apps/**", "!apps/old"],
    };
    let mut manifest = json!({"name": "tide-root", "version": "1.0.0", "private": private});
    match program(client) {
        "pnpm" => write(root, "pnpm-workspace.yaml", &json!({"packages": globs}).to_string()),
        _ => manifest["workspaces"] = json!(globs),
    }
    write(root, "package.json", &manifest.to_string());
    for (name, text) in [(".gitignore", "*.log\n"), ("LICENSE", "free"), ("README.md", "tides"), ("root.js", "1")] {
        write(root, name, text);
    }
    let range = if matches!(program(client), "npm") || client == "yarn1" { "^1.2.0" } else { "workspace:^" };
    let on_a = json!({"@tide/a": range});
    member(root, "packages/a", "@tide/a", &json!({}));
    let applied = json!({"access": "public", "main": "lib/index.js", "types": "lib/index.d.ts"});
    let b = json!({"files": ["lib"], "dependencies": on_a, "main": "src/index.ts", "publishConfig": applied});
    member(root, "packages/b", "@tide/b", &b);
    member(root, "packages/c", "@tide/c", &json!({"private": true, "dependencies": on_a}));
    let d = json!({"files": ["lib", "**/.env"], "publishConfig": {"directory": "dist"}, "devDependencies": on_a});
    member(root, "packages/d", "@tide/d", &d);
    member(root, "packages/d/dist", "@tide/d", &json!({"peerDependencies": on_a}));
    member(root, "apps/e/deep", "tide-deep", &json!({"files": ["lib"], "optionalDependencies": on_a}));
    member(root, "apps/fü", "tide-f", &json!({"files": ["lib/*.js", "a b"]}));
    write(root, "apps/fü/a b/c d.txt", "1\r\n");
    if client != "yarn1" {
        member(root, "apps/old", "tide-old", &json!({}));
    }
}

fn member(root: &Path, folder: &str, name: &str, more: &Value) {
    let mut manifest = json!({"name": name, "version": "1.2.0"});
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    write(root, &format!("{folder}/package.json"), &serde_json::to_string_pretty(&manifest).unwrap());
    for (file, text) in [("lib/index.js", name), ("debug.log", "log"), (".env", "MODE=1\n")] {
        write(root, &format!("{folder}/{file}"), text);
    }
}

/// What makes the folder a project of this client: its lock file, and the links between the members.
fn install(client: &str, root: &Path) {
    let arguments: &[&str] = match client {
        "yarn1" => &["install", "--offline", "--ignore-scripts", "--silent"],
        "yarn4" => {
            write(root, "yarn.lock", "");
            &["install"]
        }
        "bun" => &["install", "--ignore-scripts"],
        pnpm if program(pnpm) == "pnpm" => &["install", "--offline", "--ignore-scripts", "--no-frozen-lockfile"],
        _ => &["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"],
    };
    succeed(with(client, program(client)).args(arguments).current_dir(root));
}

fn each_member_is_what_is_packed_in_it(client: &str, private: bool) {
    let home = TempDir::new().unwrap();
    let root = home.path();
    workspace(client, root, private);
    install(client, root);
    let mut expected: Vec<(&str, &str)> = MEMBERS.iter().map(|(name, folder, _)| (*name, *folder)).collect();
    if !private {
        expected.push(("tide-root", "."));
    }
    // Nothing says which client it is, but what lies in the folder.
    let (report, code) = lastlook(client, &["targets", "--json", "--no-config"], root);
    let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
    assert_eq!(code, 0, "{client} {}", report["remarks"]);
    let packages: BTreeMap<String, &Value> =
        report["packages"].as_array().unwrap().iter().map(|package| (text(package, "name"), package)).collect();
    assert_eq!(packages.keys().collect::<Vec<_>>(), expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, folder) in expected {
        let package = packages[name];
        assert_eq!((text(package, "folder"), text(package, "tool")), (folder.to_owned(), program(client).to_owned()));
        assert_eq!(files_of(package), packs(client, &root.join(folder)), "{client} {name}");
    }
    let remark = report["remarks"][0].as_str().unwrap();
    let skipped =
        if private { "(tide-root, @tide/c), and are skipped" } else { "@tide/c 1.2.0 is private, and is skipped" };
    assert!(remark.ends_with(skipped), "{client}: {remark}");
    verdicts(client, root);
}

/// The leaks of members block them and nothing else, and the exit code is that of the worst.
fn verdicts(client: &str, root: &Path) {
    let human = TempDir::new().unwrap();
    let human = human.path().join("report");
    let as_text = format!("human={}", human.display());
    let (report, code) = lastlook(client, &["--no-config", "--report", "json", "--report", &as_text], root);
    assert_eq!(code, 1, "{client}");
    let human = std::fs::read_to_string(human).unwrap();
    for (name, folder, leaks) in MEMBERS {
        let mut packages = report["packages"].as_array().unwrap().iter();
        let package = packages.find(|package| package["name"] == name).unwrap();
        let verdict = if leaks { "blocked" } else { "clear" };
        assert_eq!((&package["verdict"], &package["exact"]), (&json!(verdict), &json!(true)), "{client} {name}");
        let line = format!("{} package {name} 1.2.0 in {folder} (", program(client));
        let line =
            human.lines().find(|said| said.starts_with(&line)).unwrap_or_else(|| panic!("{client} {line} {human}"));
        assert!(line.contains(&format!("): {verdict}")), "{client}: {line}");
    }
    let alone = |folder: &str| lastlook(client, &["--no-config", "--report", "json", folder], root).1;
    assert_eq!((alone("packages/a"), alone("packages/b")), (1, 0), "{client}");
}

#[test]
#[ignore = "needs npm and a registry"]
fn npm_packs_what_is_looked_at_of_each_member() {
    each_member_is_what_is_packed_in_it("npm11", true);
    each_member_is_what_is_packed_in_it("npm12", false);
}

#[test]
#[ignore = "needs npm and a registry"]
fn pnpm_packs_what_is_looked_at_of_each_member() {
    each_member_is_what_is_packed_in_it("pnpm9", true);
    each_member_is_what_is_packed_in_it("pnpm10", true);
    each_member_is_what_is_packed_in_it("pnpm12", false);
}

#[test]
#[ignore = "needs npm and a registry"]
fn yarn_and_bun_pack_what_is_looked_at_of_each_member() {
    // The first Yarn has no workspaces in a package that is published itself.
    each_member_is_what_is_packed_in_it("yarn1", true);
    each_member_is_what_is_packed_in_it("yarn4", false);
    each_member_is_what_is_packed_in_it("bun", true);
    each_member_is_what_is_packed_in_it("bun", false);
}

/// The folders of the members that Bun has, by the lock file that it writes.
fn members_of_bun(root: &Path) -> Vec<String> {
    succeed(with("bun", "bun").args(["install", "--ignore-scripts"]).current_dir(root));
    let lock = std::fs::read_to_string(root.join("bun.lock")).unwrap();
    let lines = lock.lines().skip_while(|line| !line.contains("\"workspaces\"")).skip(1);
    let folders =
        lines.take_while(|line| *line != "  },").filter(|line| line.starts_with("    \"") && line.ends_with('{'));
    folders
        .map(|line| line.trim().trim_matches([':', ' ', '{', '"']).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
#[ignore = "needs npm and a registry"]
fn no_member_that_bun_has_is_missed() {
    let deep = "packages/q/w/e/r/t/y/u/i/o/p";
    let all: &[&[&str]] = &[
        &["packages/*"],
        &["packages/**", "!packages/old"],
        &["!packages/old", "packages/*"],
        &["./packages/*/", "packages/{a,old}", "packages/[ab]", "packages/?"],
        &["link/*"],
        &["packages/*/z", "**/sub"],
        &["packages/a/**", "packages/.hidden"],
        &["**"],
        &["packages/@(a|old)", "packages/a"],
        &["../outside", "packages/a"],
    ];
    for globs in all {
        let home = TempDir::new().unwrap();
        let root = home.path().join("root");
        write(&root, "package.json", &json!({"name": "root", "private": true, "workspaces": globs}).to_string());
        for folder in [
            "packages",
            "packages/a",
            "packages/a/sub",
            "packages/.hidden",
            "packages/old",
            "elsewhere/z",
            deep,
            "../outside",
        ] {
            let name = folder.replace(['/', '.'], "-");
            write(&root, &format!("{folder}/package.json"), &json!({"name": name, "version": "1.0.0"}).to_string());
        }
        for (target, link) in [("elsewhere", "link"), ("../elsewhere", "packages/linked")] {
            std::os::unix::fs::symlink(target, root.join(link)).unwrap();
        }
        let members = members_of_bun(&root);
        assert!(!members.is_empty(), "{globs:?}");
        let (report, code) = lastlook("bun", &["targets", "--json", "--no-config"], &root);
        let packages = report["packages"].as_array().unwrap();
        let root = root.canonicalize().unwrap();
        let folder = |package: &Value| root.join(package["folder"].as_str().unwrap()).canonicalize().unwrap();
        let looked: Vec<_> = packages.iter().map(folder).collect();
        // Where a glob cannot be read, the whole folder is looked at, aloud.
        let is_whole = code == 3 && looked == [root.clone()] && packages[0]["files"].is_null();
        assert_eq!(is_whole, globs.iter().any(|glob| glob.contains("@(")), "{globs:?} {report}");
        for member in members.iter().filter(|_| !is_whole) {
            let member = root.join(member).canonicalize().unwrap();
            assert!(looked.contains(&member), "{globs:?}: {} is missing in {looked:?}", member.display());
        }
    }
}
