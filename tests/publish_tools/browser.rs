//! Browser extensions, by the real web-ext.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::LEAKY_MAP;
use super::workshop::{lastlook, looked, node_tools, said, succeed, with, write, zipped};

const MANIFEST: &str = r#"{"manifest_version":3,"name":"Tide","version":"1.0.0", // the first
    "browser_specific_settings":{"gecko":{"id":"tide@example.org"}}}"#;

fn extension(below: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    let folder = home.path().join(below);
    let files = [
        ("manifest.json", MANIFEST),
        ("main.js", "main()\n"),
        ("main.js.map", LEAKY_MAP),
        ("icons/a b ü.svg", "<svg/>"),
        (".env", "MODE=1\n"),
        (".hidden/note.txt", "hidden\n"),
        ("old.zip", "PK"),
        ("node_modules/buoy/index.js", "1\n"),
        ("src/main.ts", "main();\n"),
    ];
    files.iter().for_each(|(name, text)| write(&folder, name, text));
    home
}

/// Looks at the folder in both ways, and compares with what web-ext packs when its user calls it.
fn same(case: &str, folder: &Path, with_these: &[&str], without: &[&str]) {
    let into = TempDir::new().unwrap();
    let mut build = with(node_tools(), "web-ext");
    succeed(build.args(["build", "--no-input", "--artifacts-dir"]).arg(into.path()).current_dir(folder));
    let archive = fs::read_dir(into.path()).unwrap().next().unwrap().unwrap().path();
    let packed = zipped(&archive);
    assert_eq!(looked(node_tools(), "webext", folder), packed, "{case}");
    assert!(with_these.iter().all(|name| packed.contains_key(*name)), "{case}: {packed:?}");
    assert!(without.iter().all(|name| !packed.contains_key(*name)), "{case}: {packed:?}");
    let output = lastlook(node_tools(), &["--no-config", "."], folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{case}: {}", said(&output));
    assert!(said(&output).contains("main.js.map"), "{case}: {}", said(&output));
}

#[test]
#[ignore = "needs node, npm, python3 and the npm registry"]
fn what_web_ext_packs_is_what_was_looked_at() {
    let home = extension("");
    same("plain", home.path(), &["icons/a b ü.svg", "src/main.ts"], &[".env", "old.zip", "node_modules/buoy/index.js"]);
    // Hidden files are packed where the settings say so, and others are not.
    let settings = json!({"webExt": {"ignoreFiles": ["!.env", "src/**"]}}).to_string();
    write(home.path(), "package.json", settings);
    same("settings", home.path(), &[".env", "package.json"], &["src/main.ts", ".hidden/note.txt"]);
    let home = extension("dist");
    write(home.path(), "package.json", json!({"webExt": {"sourceDir": "dist"}}).to_string());
    same("another folder", home.path(), &["manifest.json", "src/main.ts"], &["package.json"]);
}

#[test]
#[ignore = "needs node, npm, python3 and the npm registry"]
fn a_configuration_that_is_a_program_is_not_run_and_everything_is_looked_at() {
    let home = extension("");
    let program = "import fs from 'fs'; fs.writeFileSync('ran', ''); export default { ignoreFiles: ['!.env'] };\n";
    write(home.path(), "web-ext-config.mjs", program);
    let output = lastlook(node_tools(), &["--no-config", "."], home.path()).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!home.path().join("ran").exists());
    assert!(said.contains("would run web-ext-config.mjs") && said.contains("env-file"), "{said}");
}
