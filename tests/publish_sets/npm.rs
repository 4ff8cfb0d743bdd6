//! npm 9 to 12.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::projects::project;
use super::support::*;

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

/// An npm that is started by a script, as version managers do, so that its modules are not found beside it.
fn behind_a_script(client: &str, home: &Path) -> PathBuf {
    let folder = home.join("shims");
    let npm = shelf().join("programs").join(client).join("npm");
    write(&folder, "npm", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", npm.display()));
    fs::set_permissions(folder.join("npm"), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
#[ignore = "needs npm and a registry"]
fn npm_itself_is_asked_where_its_modules_are_not_found() {
    for (client, number) in [("npm9", 4), ("npm11", 5), ("npm12", 4)] {
        let home = TempDir::new().unwrap();
        let root = workspace(home.path());
        let path = std::env::var_os("PATH").unwrap();
        let folders = std::iter::once(behind_a_script(client, home.path())).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).unwrap();
        let looked = |folder: &Path| -> Vec<Files> {
            let mut command = with(client, env!("CARGO_BIN_EXE_lastlook"));
            command.args(["targets", "--json", "--no-config", "--target", "npm"]).env("PATH", &path);
            let output = succeed(command.current_dir(folder));
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            report["packages"].as_array().unwrap().iter().map(files_of).collect()
        };
        let mut folders = ["a", "b"].map(|name| root.join("packages").join(name)).to_vec();
        let packed = npm_packs(client, &folders, &home.path().join("packed"));
        assert_eq!(looked(&root), packed, "{client}");
        folders = vec![project(number, home.path())];
        assert_eq!(looked(&folders[0]), npm_packs(client, &folders, &home.path().join("packed")), "{client}");
    }
}
