//! `publishConfig.directory`: pnpm packs that folder in place of the package's own; npm, Yarn and Bun do not know it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::*;

/// Every client.
const ALL: [&str; 10] = ["npm9", "npm10", "npm11", "npm12", "pnpm9", "pnpm10", "pnpm12", "yarn1", "yarn4", "bun"];

/// A package that names this folder, in which another manifest says what is published. Both have what the other has not.
fn package(home: &Path, directory: &str, outer: &Value, inner: &Value) -> PathBuf {
    let folder = home.join("package");
    let mut manifest = json!({"name": "@tide/outer", "version": "1.0.0", "publishConfig": {"directory": directory}});
    manifest.as_object_mut().unwrap().extend(outer.as_object().unwrap().clone());
    write(&folder, "package.json", &manifest.to_string());
    for (name, text) in
        [("src/index.ts", "1"), ("src/.env", "OUTER=1\n"), ("LICENSE", "free"), (".npmignore", "*.md\n")]
    {
        write(&folder, name, text);
    }
    let mut manifest = json!({"name": "@tide/inner", "version": "2.0.0", "main": "main.js"});
    manifest.as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
    let published = folder.join(directory);
    write(&published, "package.json", &manifest.to_string());
    for (name, text) in [("main.js", "2"), (".env", "INNER=1\n"), ("notes.md", "notes"), ("lib/ü b.js", "3")] {
        write(&published, name, text);
    }
    folder
}

fn the_same(client: &str, directory: &str, inner: &Value) {
    let home = TempDir::new().unwrap();
    let folder = package(home.path(), directory, &json!({}), inner);
    if client == "yarn4" {
        write(&folder, "yarn.lock", "");
        succeed(with(client, "yarn").arg("install").current_dir(&folder));
    }
    let looked = looked(client, program(client), &folder);
    let honours = program(client) == "pnpm";
    let name = if honours { "@tide/inner" } else { "@tide/outer" };
    assert_eq!(looked.keys().collect::<Vec<_>>(), [name], "{client} {directory}");
    assert_eq!(looked[name], packs(client, &folder), "{client} {directory}");
    assert_eq!(looked[name].contains_key("src/.env"), !honours, "{client} {directory}");
    assert_eq!(looked[name].contains_key("main.js"), honours, "{client} {directory}");
}

#[test]
#[ignore = "needs npm and a registry"]
fn every_client_packs_the_folder_that_is_looked_at() {
    for client in ALL {
        the_same(client, "dist", &json!({}));
    }
}

#[test]
#[ignore = "needs npm and a registry"]
fn the_folder_may_lie_outside_and_have_a_list_of_its_own() {
    for client in ["npm11", "pnpm9", "pnpm10", "pnpm12", "bun"] {
        the_same(client, "./build/out/", &json!({"files": ["lib", "*.md", ".env"]}));
        the_same(client, "../out", &json!({}));
    }
}

#[test]
#[ignore = "needs npm and a registry"]
fn a_private_manifest_keeps_nothing_back_that_pnpm_publishes() {
    for client in ["pnpm9", "pnpm10", "pnpm12"] {
        for outer in [json!({"private": true}), json!({"version": ""})] {
            let home = TempDir::new().unwrap();
            let folder = package(home.path(), "../out", &outer, &json!({}));
            let arguments = ["--no-config", "--target", "pnpm", "--report", "json", "."];
            let (report, code) = lastlook(client, &arguments, &folder);
            assert_eq!((code, report["packages"][0]["name"].as_str()), (1, Some("@tide/inner")), "{client} {report}");
            assert_eq!(report["packages"][0]["exact"], true, "{client}");
            assert!(packs(client, &folder).contains_key(".env"), "{client}");
        }
    }
}

#[test]
#[ignore = "needs npm and a registry"]
fn where_pnpm_refuses_to_pack_the_folder_outside_is_looked_at() {
    for client in ["pnpm9", "pnpm10", "pnpm12"] {
        let home = TempDir::new().unwrap();
        // Nothing is installed that would say which version this is.
        let inner = json!({"dependencies": {"@tide/none": "workspace:^"}});
        let folder = package(home.path(), "../out", &json!({}), &inner);
        let (report, code) = lastlook(client, &["--no-config", "--target", "pnpm", "--report", "json", "."], &folder);
        let found: Vec<&str> =
            report["findings"].as_array().unwrap().iter().map(|finding| finding["path"].as_str().unwrap()).collect();
        assert_eq!((code, found.len(), found[0].ends_with("out/.env")), (1, 1, true), "{client} {found:?}");
        assert!(report["remarks"][0].as_str().unwrap().contains("`publishConfig.directory` names"), "{client}");
    }
}
