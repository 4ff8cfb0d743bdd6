//! Packages of the registry as projects, with additions that make the selection hard.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::support::{shelf, succeed, write};

/// A registry package as a project, with what its publisher may have around it.
pub fn project(number: usize, home: &Path) -> PathBuf {
    let mut archives: Vec<PathBuf> =
        fs::read_dir(shelf().join("archives")).unwrap().map(|entry| entry.unwrap().path()).collect();
    archives.sort();
    let folder = home.join(format!("p{number}"));
    fs::create_dir_all(&folder).unwrap();
    succeed(
        Command::new("tar").args(["xzf"]).arg(&archives[number]).args(["--strip-components", "1", "-C"]).arg(&folder),
    );
    change_manifest(&folder, |manifest| {
        manifest.remove("packageManager");
        manifest.remove("workspaces");
        // npm 9 runs `prepare` in spite of `--ignore-scripts`.
        manifest.remove("scripts");
        // Nothing is installed: a lock file could not be true.
        for key in ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] {
            manifest.remove(key);
        }
    });
    disturb(number, &folder);
    folder
}

pub fn change_manifest(folder: &Path, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let path = folder.join("package.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(manifest.as_object_mut().unwrap());
    fs::write(path, serde_json::to_string_pretty(&manifest).unwrap()).unwrap();
}

/// Files that are hard to select rightly: each project has another mixture of them.
pub fn disturb(number: usize, folder: &Path) {
    for name in
        [".env", ".git/config", ".npmrc", "notes~", "CHANGELOG.md", "src/a b.ts", "src/ü/ñandú.js", "lib/.DS_Store"]
    {
        write(folder, name, name);
    }
    write(folder, "node_modules/ms/index.js", "module.exports = 1\n");
    write(folder, "node_modules/ms/package.json", r#"{"name":"ms","version":"1.0.0"}"#);
    write(folder, "node_modules/ms/.env", "IN=MS\n");
    write(folder, "package-lock.json", "{}");
    let _ = symlink("package.json", folder.join("link.json"));
    let _ = symlink("/etc", folder.join("outside"));
    match number % 8 {
        0 => write(folder, "src/.npmignore", "*.ts\n!keep.ts\n"),
        1 => write(folder, ".npmignore", "src\n!src/ü\n*~\n"),
        2 => write(folder, ".gitignore", "lib\n.env\n"),
        3 => change_manifest(folder, |manifest| {
            manifest.insert("files".to_owned(), serde_json::json!(["src", "!src/ü/**", "./lib/", "*.md", "nothing/*"]));
        }),
        4 => change_manifest(folder, |manifest| {
            manifest.insert("bundleDependencies".to_owned(), serde_json::json!(["ms"]));
            manifest.insert("dependencies".to_owned(), serde_json::json!({"ms": "*"}));
        }),
        5 => {
            write(folder, "hidden/main.js", "1\r\n");
            write(folder, "hidden/bin.js", "2\r\n");
            change_manifest(folder, |manifest| {
                manifest.insert("files".to_owned(), serde_json::json!(["src/a b.ts"]));
                manifest.insert("main".to_owned(), serde_json::json!("hidden/main.js"));
                manifest.insert("bin".to_owned(), serde_json::json!({"it": "./hidden/bin.js"}));
            });
        }
        6 => {
            let text = fs::read_to_string(folder.join("package.json")).unwrap().replace('\n', "\r\n");
            fs::write(folder.join("package.json"), text).unwrap();
            write(folder, ".npmignore", "src\r\nnotes~\r\n");
        }
        _ => change_manifest(folder, |manifest| {
            manifest.remove("files");
            manifest.insert("directories".to_owned(), serde_json::json!({"bin": "./src"}));
        }),
    }
}
