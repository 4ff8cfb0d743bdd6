//! Extensions of VS Code, by the real vsce.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::LEAKY_MAP;
use super::workshop::{Files, Server, digest, guard, lastlook, looked, node_tools, succeed, with, write, zipped};

/// An extension with a dependency, and with names that are easily lost.
fn extension() -> TempDir {
    let home = TempDir::new().unwrap();
    let buoy = home.path().join("buoy");
    write(&buoy, "package.json", r#"{"name":"buoy","version":"1.0.0","license":"MIT"}"#);
    write(&buoy, "index.js", "module.exports = 1\n");
    write(&buoy, "notes/.hidden", "of the dependency\n");
    let npm = |folder: &Path, arguments: &[&str]| {
        succeed(with(node_tools(), "npm").args(arguments).args(["--offline", "--silent"]).current_dir(folder));
    };
    npm(&buoy, &["pack", "--ignore-scripts", "--pack-destination", ".."]);
    let folder = home.path().join("tide");
    let manifest = json!({
        "name": "tide", "displayName": "Tide", "version": "1.0.0", "publisher": "harbour", "private": true,
        "license": "MIT", "repository": "https://github.com/example/tide", "engines": {"vscode": "^1.90.0"},
        "main": "./out/main.js", "activationEvents": ["onStartupFinished"],
        "dependencies": {"buoy": "file:../buoy-1.0.0.tgz"},
    });
    write(&folder, "package.json", manifest.to_string());
    let files = [
        ("README.md", "# Tide\n\nHow it [works](docs/how.md).\n"),
        ("CHANGELOG.md", "# 1.0.0\n"),
        ("LICENSE", "MIT\n"),
        ("out/main.js", "main()\n"),
        ("out/main.js.map", LEAKY_MAP),
        ("src/main.ts", "main();\n"),
        ("src/keep.ts", "keep();\n"),
        ("docs/how.md", "So.\n"),
        ("docs/WARNING.md", "Mind the tide.\n"),
        ("docs/ebb and flöd.txt", "ebb\n"),
        ("docs/at the end ", "blank\n"),
        (" before", "blank\n"),
        (".gitignore", "node_modules\n"),
        ("tide-0.9.0.vsix", "old\n"),
        ("../outside.txt", "outside\n"),
    ];
    files.iter().for_each(|(name, text)| write(&folder, name, text));
    symlink("../outside.txt", folder.join("link.txt")).unwrap();
    npm(&folder, &["install", "--no-audit", "--no-fund"]);
    home
}

fn change_manifest(folder: &Path, key: &str, value: Value) {
    let path = folder.join("package.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest[key] = value;
    fs::write(path, manifest.to_string()).unwrap();
}

/// What vsce packs, under the names that the files have in the folder.
fn packed(folder: &Path) -> Files {
    let archive = folder.join("../packed.vsix");
    let mut command = with(node_tools(), "vsce");
    command.args(["package", "--out"]).arg(&archive).current_dir(folder);
    succeed(&mut command);
    let name = |name: &str| match name.strip_prefix("extension/")? {
        "LICENSE.txt" => Some("LICENSE".to_owned()),
        "readme.md" => Some("README.md".to_owned()),
        "changelog.md" => Some("CHANGELOG.md".to_owned()),
        name => Some(name.to_owned()),
    };
    zipped(&archive).into_iter().filter_map(|(packed, digest)| Some((name(&packed)?, digest))).collect()
}

#[test]
#[ignore = "needs node, npm, python3 and the npm registry"]
fn what_vsce_packs_is_what_was_looked_at() {
    type Case = (&'static str, fn(&Path), &'static [&'static str], &'static [&'static str]);
    let cases: [Case; 4] = [
        ("nothing is said", |_| {}, &["src/main.ts", "docs/WARNING.md", "link.txt", " before"], &["tide-0.9.0.vsix"]),
        (
            ".vscodeignore",
            |folder| write(folder, ".vscodeignore", "src/**\n!src/keep.ts\n# docs\n*.map\nout/*.map\n"),
            &["src/keep.ts", "node_modules/buoy/notes/.hidden"],
            &["src/main.ts", "out/main.js.map"],
        ),
        (
            "files",
            |folder| change_manifest(folder, "files", json!(["out", "docs/*.md"])),
            &["out/main.js.map", "docs/WARNING.md"],
            &["src/main.ts", " before"],
        ),
        (
            // `vsce ls` by itself does not know of these, and would list less than is packed.
            "settings",
            |folder| {
                write(folder, ".vscodeignore", "src/**\n");
                write(folder, "ship.ignore", "docs/**\n");
                change_manifest(folder, "vsce", json!({"ignoreFile": "ship.ignore", "dependencies": false}));
            },
            &["src/main.ts"],
            &["docs/WARNING.md", "node_modules/buoy/index.js"],
        ),
    ];
    let home = extension();
    let rewritten = ["package.json", "README.md", "CHANGELOG.md"];
    for (case, prepare, with, without) in cases {
        let folder = home.path().join("case").join(case).join("tide");
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        succeed(Command::new("cp").arg("-a").arg(home.path().join("tide")).arg(&folder));
        for above in ["outside.txt", "buoy-1.0.0.tgz"] {
            fs::copy(home.path().join(above), folder.join("..").join(above)).unwrap();
        }
        prepare(&folder);
        let mut packed = packed(&folder);
        let mut looked = [looked(node_tools(), "vscode", &folder), looked(node_tools(), "auto", &folder)];
        assert_eq!(looked[0].keys().collect::<Vec<_>>(), packed.keys().collect::<Vec<_>>(), "{case}");
        for name in rewritten {
            packed.remove(name);
            looked.iter_mut().for_each(|looked| drop(looked.remove(name)));
        }
        assert_eq!(looked[0], packed, "{case}");
        assert_eq!(looked[1], packed, "{case}");
        assert!(with.iter().all(|name| packed.contains_key(*name)), "{case}: {packed:?}");
        assert!(without.iter().all(|name| !packed.contains_key(*name)), "{case}: {packed:?}");
    }
}

#[test]
#[ignore = "needs node, npm, python3 and the npm registry"]
fn vsce_publishes_the_file_that_was_looked_at_or_nothing() {
    let home = extension();
    let folder = home.path().join("tide");
    write(&folder, ".vscodeignore", "src/**\nlink.txt\n");
    // What is packed is told nothing of proposals, and what is published must be.
    change_manifest(&folder, "enabledApiProposals", json!(["tideTable"]));
    let server = Server::start();
    let call = |words: &[&str]| {
        let mut command = lastlook(node_tools(), &["guard", "--no-config", "--"], &folder);
        guard(command.args(words).env("VSCE_MARKETPLACE_URL", format!("http://{}", server.address)))
    };
    let publish = ["vsce", "publish", "--pat", "none", "--allow-proposed-apis", "tideTable", "--no-git-tag-version"];
    let (code, said) = call(&publish);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("extension/out/main.js.map") && said.contains("nothing was published"), "{said}");
    assert!(server.received().is_empty(), "{said}");

    fs::remove_file(folder.join("out/main.js.map")).unwrap();
    let (code, said) = call(&publish);
    assert_eq!(code, 0, "{said}");
    let received = server.received();
    assert_eq!(received.len(), 1, "{said}");
    assert!(said.contains(&format!("sha256 {}", received[0])), "{said}");
    assert!(said.contains("Published harbour.tide v1.0.0"), "{said}");

    // vsce looks for this in package.json where it packs itself, and not where it is given a file.
    change_manifest(&folder, "vsce", json!({"allowProposedApis": ["tideTable"]}));
    let (code, said) = call(&["vsce", "publish", "--pat", "none"]);
    assert_eq!((code, server.received().len()), (0, 2), "{said}");

    // It refuses what it is told nothing of: its code is ours, and nothing is uploaded.
    change_manifest(&folder, "vsce", json!({}));
    let (code, said) = call(&["vsce", "publish", "--pat", "none"]);
    assert_eq!((code, server.received().len()), (1, 2), "{said}");
    assert!(said.contains("tideTable") && said.contains("nothing was published"), "{said}");
    let (code, said) = call(&["vsce", "package"]);
    assert_eq!((code, server.received().len()), (2, 2), "{said}");
    assert!(said.contains("guard knows `vsce publish`"), "{said}");
}

#[test]
#[ignore = "needs node, npm, python3 and the npm registry"]
fn ovsx_publishes_the_files_that_were_looked_at_or_nothing() {
    let home = extension();
    let folder = home.path().join("tide");
    write(&folder, ".vscodeignore", "src/**\nlink.txt\n");
    let packed = |name: &str| {
        let archive = home.path().join(name);
        succeed(with(node_tools(), "vsce").args(["package", "--out"]).arg(&archive).current_dir(&folder));
        archive
    };
    let server = Server::start();
    let publish = |archives: [&Path; 2]| {
        let mut command =
            lastlook(node_tools(), &["guard", "--no-config", "--", "ovsx", "publish", "--pat", "none"], &folder);
        command.args(["--registryUrl", &format!("http://{}", server.address), "--packagePath"]).args(archives);
        guard(&mut command)
    };
    let leaky = packed("leaky.vsix");
    fs::remove_file(folder.join("out/main.js.map")).unwrap();
    let [first, second] = ["first.vsix", "second.vsix"].map(packed);
    let (code, said) = publish([&first, &leaky]);
    assert_eq!((code, server.received().len()), (1, 0), "{said}");
    let (code, said) = publish([&first, &second]);
    assert_eq!(code, 0, "{said}");
    let mut received = server.received();
    let mut wanted = [&first, &second].map(|archive| digest(&fs::read(archive).unwrap()));
    received.sort();
    wanted.sort();
    assert_eq!(received, wanted, "{said}");
}
