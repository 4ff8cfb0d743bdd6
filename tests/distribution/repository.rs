//! What stands in the repository itself: one version everywhere, types that are true, files of the crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::markdown::Page;
use super::workshop::{VERSION, package, packages, root, run};

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn the_version_is_that_of_cargo_wherever_it_is_written() {
    let action = read("action.yml");
    let version = action.split("\n  version:\n").nth(1).unwrap().split("default: \"").nth(1).unwrap();
    assert_eq!(version.split('"').next(), Some(VERSION), "action.yml");
    // Nobody else writes it down: the packages get it from Cargo.toml.
    for folder in
        ["distribution", "distribution/npm", "distribution/npm/bin", "distribution/npm/lib", "distribution/python"]
    {
        for entry in
            fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file())
        {
            let text = fs::read_to_string(entry.path()).unwrap();
            assert!(!text.contains(VERSION), "{} has a version of its own", entry.path().display());
        }
    }
}

/// The keys of an interface, with those that it inherits left out.
fn interface<'t>(types: &'t str, name: &str) -> BTreeSet<&'t str> {
    let start = format!("export interface {name} ");
    let body = types.split(&start).nth(1).unwrap_or_else(|| panic!("{name} is missing"));
    let body = body.split_once("{\n").unwrap().1.split("\n}\n").next().unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(['/', ' ']));
    lines.map(|line| line.split([':', '?']).next().unwrap()).collect()
}

#[test]
fn the_types_have_every_key_of_the_report_and_no_other() {
    let types = read("distribution/npm/index.d.ts");
    let page = Page::read(root(), &root().join("docs/json.md"));
    let tables = [
        ("Report", "json"),
        ("Finding", "A finding"),
        ("Gap", "A gap"),
        ("StaleEntry", "A stale allow entry"),
        ("Package", "A package"),
        ("Totals", "The totals"),
        ("Comparison", "A comparison"),
        ("Side", "A side"),
        ("ComparedFile", "A file"),
        ("DisclosedSources", "The disclosed sources"),
        ("DisclosedSource", "A newly disclosed source"),
    ];
    for (name, heading) in tables {
        let documented = page.first_column(heading);
        assert_eq!(interface(&types, name), documented, "{name} in index.d.ts, and {heading} in docs/json.md");
    }
    for (name, text) in
        [("Place", "A place has "), ("Original", "`original` has "), ("AllowedFinding", "An allowed finding ")]
    {
        let described = page.text.split(text).nth(1).unwrap().split("\n\n").next().unwrap();
        for key in interface(&types, name) {
            assert!(described.contains(&format!("`{key}`")), "{name}.{key} is not in docs/json.md");
        }
    }
}

#[test]
fn the_options_of_the_api_are_those_of_its_types() {
    let types = interface(&read("distribution/npm/index.d.ts"), "ScanOptions").into_iter().map(str::to_owned).collect();
    let code = read("distribution/npm/index.js");
    let mut known: BTreeSet<String> = BTreeSet::new();
    for list in ["const ONE = {", "const SEVERAL = {"] {
        let list = code.split(list).nth(1).unwrap().split('}').next().unwrap();
        let names = list.split(',').map(|entry| entry.split(':').next().unwrap().trim().to_owned());
        known.extend(names.filter(|name| !name.is_empty()));
    }
    known.extend(code.split("key === \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
    assert_eq!(known, types);
}

#[test]
fn the_image_holds_a_program_and_runs_as_nobody() {
    let recipe = read("distribution/container/Containerfile").replace("\\\n", " ");
    let lines: Vec<&str> = recipe.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let words: Vec<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
    // No RUN and no ADD: nothing is fetched, and there is nothing that could run.
    assert_eq!(words, ["FROM", "ARG", "LABEL", "COPY", "COPY", "WORKDIR", "USER", "ENTRYPOINT"]);
    assert_eq!(lines[0], "FROM scratch");
    assert_eq!(lines[6], "USER 65532:65532");
    assert_eq!(lines[7], "ENTRYPOINT [\"/lastlook\"]");
}

#[test]
fn the_crate_holds_what_is_built_and_read_and_nothing_else() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut list = Command::new(cargo);
    list.args(["package", "--list", "--allow-dirty", "--offline"]).current_dir(root());
    let files = run(&mut list);
    let tops: BTreeSet<&str> = files.lines().map(|line| line.split('/').next().unwrap()).collect();
    let made = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];
    let texts = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "docs"];
    let own = ["LICENSE-APACHE", "LICENSE-MIT", "build.rs", "rules", "src"];
    let known: BTreeSet<&str> = made.into_iter().chain(texts).chain(own).collect();
    let foreign: Vec<&&str> = tops.difference(&known).collect();
    assert!(foreign.is_empty(), "these are in the crate as well: {foreign:?}");
    for needed in own.into_iter().chain(["Cargo.toml", "Cargo.lock", "README.md"]) {
        assert!(tops.contains(needed), "{needed} is not in the crate");
    }
}

#[test]
#[ignore = "needs python3 and binutils"]
fn every_package_has_the_licences() {
    let list = "
import sys, tarfile, zipfile
for path in sys.argv[1:]:
    names = zipfile.ZipFile(path).namelist() if path.endswith('.whl') else tarfile.open(path).getnames()
    for licence in ('LICENSE-MIT', 'LICENSE-APACHE'):
        assert any(name.endswith('/' + licence) for name in names), (path, licence)
print(len(sys.argv) - 1)
";
    let mut files: Vec<_> = Vec::new();
    for folder in ["npm", "python", "archives"] {
        files.extend(fs::read_dir(packages().join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    assert_eq!(run(Command::new("python3").args(["-c", list]).args(files)), "4\n");
}

#[test]
#[ignore = "needs python3 and binutils"]
fn the_archive_is_where_and_what_cargo_binstall_looks_for() {
    let archive = package("archives", "lastlook-");
    let name = archive.file_name().unwrap().to_str().unwrap();
    let target = name.strip_prefix(&format!("lastlook-{VERSION}-")).unwrap().strip_suffix(".tar.gz").unwrap();
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let told = &manifest["package"]["metadata"]["binstall"];
    let filled = |key: &str| {
        let fields =
            [("repo", "REPO"), ("version", VERSION), ("target", target), ("bin", "lastlook"), ("binary-ext", "")];
        let text = told[key].as_str().unwrap().to_owned();
        fields.iter().fold(text, |text, (field, value)| text.replace(&format!("{{ {field} }}"), value))
    };
    assert_eq!(filled("pkg-url"), format!("REPO/releases/download/v{VERSION}/{name}"));
    let folder = tempfile::tempdir().unwrap();
    run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder.path()));
    let program = folder.path().join(filled("bin-dir"));
    assert_eq!(run(Command::new(&program).arg("--version")), format!("lastlook {VERSION}\n"));
    let inside = program.parent().unwrap();
    run(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(inside));
    for file in ["man/lastlook.1", "completions/_lastlook", "LICENSE-MIT", "CHANGELOG.md"] {
        assert!(Path::new(&inside.join(file)).is_file(), "{file}");
    }
}
