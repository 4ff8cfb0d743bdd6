//! Jars as `jar` makes them where Maven would leave them. Maven itself cannot build without fetching its plug-ins.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::workshop::{lastlook, looked, machine, said, succeed, with, write, zipped};

const POM: &str = "<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId>\
                   <artifactId>tide</artifactId><version>1.0.0</version></project>\n";

fn tool(name: &str, arguments: &[&str], folder: &Path) {
    succeed(with(machine(), name).args(arguments).current_dir(folder));
}

#[test]
#[ignore = "needs javac and jar (Debian: default-jdk-headless) and python3"]
fn what_jar_packs_is_what_was_looked_at() {
    let home = TempDir::new().unwrap();
    let folder = home.path();
    write(folder, "pom.xml", POM);
    write(folder, "src/main/java/org/example/Tide.java", "package org.example;\npublic class Tide { int high = 1; }\n");
    write(folder, "target/classes/application.properties", "mode=test\n");
    write(folder, "target/classes/ebb and flöd.txt", "ebb\n");
    tool("javac", &["-g:none", "-d", "target/classes", "src/main/java/org/example/Tide.java"], folder);
    tool("jar", &["--create", "--file", "target/tide-1.0.0.jar", "-C", "target/classes", "."], folder);
    let jar = folder.join("target/tide-1.0.0.jar");
    let packed = zipped(&jar);
    let names = ["META-INF/MANIFEST.MF", "application.properties", "ebb and flöd.txt", "org/example/Tide.class"];
    assert_eq!(packed.keys().collect::<Vec<_>>(), names);
    for target in ["jars", "auto"] {
        let mut looked = looked(machine(), target, folder);
        assert!(looked.remove("pom.xml").is_some(), "{looked:?}");
        let inside = |(name, digest): (String, String)| (name.trim_start_matches("tide-1.0.0.jar!").to_owned(), digest);
        assert_eq!(looked.into_iter().map(inside).collect::<super::workshop::Files>(), packed, "{target}");
    }
    let judged = |code| {
        let output = lastlook(machine(), &["--no-config", "."], folder).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        said(&output)
    };
    judged(0);
    write(folder, "target/classes/.env", "MODE=1\n");
    tool("jar", &["--update", "--file", "target/tide-1.0.0.jar", "-C", "target/classes", ".env"], folder);
    assert!(judged(1).contains("tide-1.0.0.jar!.env"));
    assert!(fs::metadata(folder.join("target/tide-1.0.0.jar")).is_ok());
}
