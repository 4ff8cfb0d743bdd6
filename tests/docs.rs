//! The documentation is true: its commands do what it says, its links lead somewhere, its examples load, and the lists
//! in it are those of the program. `LASTLOOK_BLESS=1` writes the generated pages again.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support {
    pub mod markdown;
}

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lastlook::detect::verify;
use lastlook::finding::{Category, FactSpec};
use lastlook::formats::{self, FORMATS};
use lastlook::manifest::Manifest;
use lastlook::policy::Policy;
use lastlook::rules::RuleSet;
use lastlook::rules::load::{self, Check};
use lastlook::target::{TARGETS, Tool};
use support::markdown::{self, Page};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn facts() -> Vec<&'static FactSpec> {
    formats::fact_specs().collect()
}

fn rules() -> RuleSet {
    load::builtin(&facts()).unwrap()
}

/// The pages that people read: those at the top, those in `docs`, `rules`, `corpus`, and those of the packages.
fn pages() -> Vec<Page> {
    let folders = ["", "docs", "rules", "corpus", "distribution", "distribution/npm", "distribution/python"]
        .map(|folder| root().join(folder));
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let listed = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.extend(listed.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    files.sort();
    assert!(files.len() >= 8, "pages are missing: {files:?}");
    files.iter().map(|path| Page::read(root(), path)).collect()
}

fn page(name: &str) -> Page {
    Page::read(root(), &root().join(name))
}

/// A folder with everything that the commands of the documentation speak of.
fn sandbox() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("dist")).unwrap();
    fs::create_dir_all(at("build/maps")).unwrap();
    fs::write(at("dist/index.js"), "export default 1;\n").unwrap();
    let map =
        r#"{"version":3,"sources":["../src/a.ts"],"sourcesContent":["const a = 1;\n// why\n"],"mappings":"AAAA"}"#;
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, text) in [("package/cli.js.map", map), ("package/.env", "LOG=1\n"), ("package/package.json", "{}\n")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    let archive = tar.into_inner().unwrap().finish().unwrap();
    fs::write(at("acme-1.0.0.tgz"), archive).unwrap();
    // The version before, in which nothing was wrong.
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_size(3);
    header.set_mode(0o644);
    tar.append_data(&mut header, "package/package.json", b"{}\n".as_slice()).unwrap();
    fs::write(at("acme-0.9.0.tgz"), tar.into_inner().unwrap().finish().unwrap()).unwrap();
    fs::write(at("my-rules.toml"), page("README.md").block("toml", "[[rule]]")).unwrap();
    publishable(folder.path());
    folder
}

/// A package in `package`, and in `bin` tools that pack a harmless file and publish nothing: what the documentation says
/// of guard must not depend on what is installed.
fn publishable(folder: &Path) {
    let tool = r#"#!/bin/sh
for last; do :; done
case "$1 $2" in
"pack "*) echo packed > "${last#*=}/acme-1.0.0.tgz" ;;
"package "*) mkdir -p "$last/package"; echo packed > "$last/package/acme-1.0.0.crate" ;;
"metadata "*) echo '{"target_directory":"nowhere"}' ;;
"image inspect") echo sha256:abc ;;
"image save") echo packed > "$4" ;;
esac
"#;
    for name in ["package/dist", "bin"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    fs::write(folder.join("package/package.json"), "{\n  \"name\": \"acme\",\n  \"version\": \"1.0.0\"\n}\n").unwrap();
    fs::write(folder.join("package/dist/index.js"), "export default 1;\n").unwrap();
    for name in ["npm", "pnpm", "cargo", "twine", "docker"] {
        let path = folder.join("bin").join(name);
        fs::write(&path, tool).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

/// Runs `command`, in which `lastlook` is the program under test, the way a shell would.
fn shell(command: &str, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_lastlook"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Next to the package, so that it is above none of the folders that commands run in.
    let tools = [folder.join("../bin"), program.parent().unwrap().to_owned()];
    let folders = tools.into_iter().chain(std::env::split_paths(&path));
    Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(folders).unwrap())
        .env_remove("NO_COLOR")
        .output()
        .unwrap()
}

#[test]
#[cfg(unix)]
fn every_command_does_what_the_page_says() {
    let sandbox = sandbox();
    let mut ran = 0;
    // The scripts that make the corpus need the tools that they are about.
    for page in pages().iter().filter(|page| !page.name.starts_with("corpus/")) {
        for line in page.blocks("sh").flat_map(|block| block.lines()).filter(|line| !line.trim().is_empty()) {
            let (command, comment) = line.split_once('#').unwrap_or((line, ""));
            let command = command.trim();
            let expected = comment.trim().strip_prefix("exits ").map_or(0, |code| code.parse().unwrap());
            let output = if let Some(arguments) = command.strip_prefix("cargo run --release -- ") {
                shell(&format!("lastlook {arguments}"), root())
            } else if ["lastlook guard", "lastlook init"].iter().any(|start| command.starts_with(start)) {
                shell(command, &sandbox.path().join("package"))
            } else if command.starts_with("lastlook") {
                shell(command, sandbox.path())
            } else {
                let known =
                    ["cargo test", "cargo bench", "cargo install --path .", "npm pack", "npm publish", ".ci/run"];
                // What installs packages, and what is run from them: tests/distribution.rs.
                let packages =
                    ["distribution/build", "npm install", "npx lastlook", "pip install", "python -m lastlook"];
                let others = ["benches/", "LASTLOOK_BLESS=1 "];
                let known = known.iter().chain(&others).chain(&packages).any(|start| command.starts_with(start));
                assert!(known, "{}: nothing tests `{command}`", page.name);
                continue;
            };
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(expected), "{}: `{command}`\n{said}", page.name);
            ran += 1;
        }
    }
    assert!(ran >= 10, "only {ran} commands were found");
}

#[test]
fn the_report_that_is_shown_is_the_one_that_comes_out() {
    let output = shell_free(&["--no-progress", "corpus/incident/leaky"], root());
    let report = String::from_utf8(output.stdout).unwrap();
    let lines: BTreeSet<&str> = report.lines().collect();
    let page = page("README.md");
    let missing = page_lines_not_in(&page, &lines);
    assert!(missing.is_empty(), "the README shows these lines, the report does not:\n{}", missing.join("\n"));
}

fn page_lines_not_in<'p>(page: &'p Page, lines: &BTreeSet<&str>) -> Vec<&'p str> {
    let shown: Vec<&str> = page.blocks("text").flat_map(str::lines).filter(|line| !line.is_empty()).collect();
    assert!(shown.len() > 5, "the example is missing");
    shown.into_iter().filter(|line| !lines.contains(line)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        for link in page.links().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.path.clone() } else { page.path.parent().unwrap().join(file) };
            if !target.exists() {
                wrong.push(format!("{}: {link}", page.name));
            } else if !anchor.is_empty() && !Page::read(root(), &target).anchors().contains(anchor) {
                wrong.push(format!("{}: {link} has no such heading", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "these links lead nowhere:\n{}", wrong.join("\n"));
}

#[test]
fn every_example_of_toml_and_json_loads() {
    let rules = rules();
    let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
    let (mut policies, mut sets, mut manifests) = (0, 0, 0);
    for page in pages() {
        for block in page.blocks("toml") {
            if block.contains("[[rule]]") {
                let mut set = RuleSet::default();
                load::load(&mut set, &[(&page.name, block)], &facts(), Check::Patterns).unwrap();
                let problems: Vec<_> = set.iter().flat_map(|rule| verify(rule, &facts())).collect();
                assert!(problems.is_empty() && !set.is_empty(), "{}: {problems:?}", page.name);
                sets += 1;
            } else if Manifest::is_one(block) {
                Manifest::parse(&page.name, block).unwrap_or_else(|mistakes| panic!("{mistakes}"));
                manifests += 1;
            } else {
                Policy::parse(&page.name, block, &ids).unwrap_or_else(|mistakes| panic!("{mistakes}"));
                policies += 1;
            }
        }
        for block in page.blocks("json") {
            serde_json::from_str::<serde_json::Value>(block).unwrap_or_else(|error| panic!("{}: {error}", page.name));
        }
    }
    assert!(policies >= 1 && sets >= 1 && manifests >= 1, "the examples were not found");
}

#[test]
fn every_rule_that_is_named_exists() {
    let rules = rules();
    let mut wrong = Vec::new();
    // The page of rules is generated, and its texts speak of other tools' options.
    let written =
        |page: &Page| page.name == "README.md" || page.name.starts_with("docs/") && page.name != "docs/rules.md";
    for page in pages().iter().filter(|page| written(page)) {
        let mut names: BTreeSet<&str> = page.spans().filter(|span| markdown::is_id(span)).collect();
        names.extend(page.text.split("error[").skip(1).filter_map(|rest| rest.split_once(']').map(|(id, _)| id)));
        for name in names {
            if rules.get(name).is_none() && !FORMATS.iter().any(|format| format.name() == name) {
                wrong.push(format!("{}: `{name}`", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "these are no rules:\n{}", wrong.join("\n"));
}

#[test]
fn the_json_page_names_every_key_and_no_other() {
    let sandbox = sandbox();
    fs::write(sandbox.path().join("lastlook.toml"), POLICY).unwrap();
    fs::write(sandbox.path().join("cut.tgz"), &fs::read(sandbox.path().join("acme-1.0.0.tgz")).unwrap()[..60]).unwrap();
    let output = shell_free(&["--report", "json", "."], sandbox.path());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = shell_free(&["--target", "site", "--report", "json", "dist"], sandbox.path());
    let packages: serde_json::Value = serde_json::from_slice(&packages.stdout).unwrap();
    let page = page("docs/json.md");
    let tables = [
        ("json", &report, &[][..]),
        ("A finding", &report["findings"][0], &[]),
        ("A finding", &report["allowed"][0], &["reason"]),
        ("A gap", &report["gaps"][0], &[]),
        ("A stale allow entry", &report["stale"][0], &[]),
        ("A package", &packages["packages"][0], &[]),
        ("The totals", &report["totals"], &[]),
    ];
    for (heading, value, more) in tables {
        let written: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let mut documented = page.first_column(heading);
        documented.extend(more);
        assert_eq!(written, documented, "docs/json.md, {heading}");
    }
}

#[test]
fn the_page_of_targets_says_of_every_tool_how_it_is_asked() {
    let page = page("docs/targets.md");
    let rows: Vec<&str> = page.text.lines().filter(|line| line.starts_with("| `")).collect();
    let row = |tool: &&dyn Tool| format!("| `{}` | {} | {} |", tool.name(), tool.asked(), tool.exactness());
    let wanted: Vec<String> = TARGETS.iter().map(row).collect();
    assert!(rows == wanted, "docs/targets.md should have these rows:\n{}", wanted.join("\n"));
}

#[test]
fn the_json_page_names_every_key_of_the_list_of_targets() {
    let sandbox = sandbox();
    fs::write(sandbox.path().join("dist/pyproject.toml"), "[project]\nname = \"tide\"\n").unwrap();
    fs::create_dir(sandbox.path().join("dist/dist")).unwrap();
    fs::copy(sandbox.path().join("acme-1.0.0.tgz"), sandbox.path().join("dist/dist/tide-1.0.0.tar.gz")).unwrap();
    let output = shell_free(&["targets", "--json", "dist"], sandbox.path());
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let page = page("docs/json.md");
    let keys = |value: &serde_json::Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    let documented = page.first_column("lastlook targets --json");
    assert_eq!(keys(&list).iter().map(String::as_str).collect::<BTreeSet<_>>(), documented);
    let package = &list["packages"][0];
    for key in keys(package).into_iter().chain(keys(&package["files"][0])) {
        assert!(page.text.contains(&format!("`{key}`")), "docs/json.md does not explain `{key}`");
    }
    let names: Vec<&str> =
        package["files"].as_array().unwrap().iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(names, [".env", "cli.js.map", "package.json"]);
}

#[test]
fn the_json_page_names_every_key_of_a_comparison() {
    let sandbox = sandbox();
    let output =
        shell_free(&["diff", "--json", "--fail-on-new", "map", "acme-0.9.0.tgz", "acme-1.0.0.tgz"], sandbox.path());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let page = page("docs/json.md");
    let comparison = &report["comparison"];
    let tables = [
        ("lastlook diff --json", &report),
        ("A comparison", comparison),
        ("A side", &comparison["old"]),
        ("A file", &comparison["added"][0]),
        ("The disclosed sources", &comparison["sources"]),
        ("A newly disclosed source", &comparison["sources"]["new"][0]),
    ];
    for (heading, value) in tables {
        let written: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(written, page.first_column(heading), "docs/json.md, {heading}");
    }
}

#[test]
fn the_json_page_names_every_key_of_the_list_of_sources() {
    let sandbox = sandbox();
    let output = shell_free(&["sources", "--json", "--extract", "rebuilt", "."], sandbox.path());
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let page = page("docs/json.md");
    let tables = [
        ("lastlook sources --json", &list),
        ("A source", &list["sources"][0]),
        ("What was extracted", &list["extracted"]),
    ];
    for (heading, value) in tables {
        let written: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(written, page.first_column(heading), "docs/json.md, {heading}");
    }
    let text = fs::read(sandbox.path().join("rebuilt").join(list["sources"][0]["file"].as_str().unwrap())).unwrap();
    assert_eq!(text, b"const a = 1;\n// why\n");
    for standing in list["totals"].as_object().unwrap().keys() {
        assert!(page.text.contains(&format!("`{standing}`")), "docs/json.md does not explain `{standing}`");
    }
}

/// One entry that allows something, and one that does nothing.
const POLICY: &str = r#"
[[allow]]
rule = "env-file"
path = "package/.env"
reason = "holds no secret"

[[allow]]
rule = "env-file"
path = "nowhere/.env"
reason = "holds no secret"
"#;

fn shell_free(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lastlook")).args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn every_way_a_map_travels_is_documented_and_has_its_cases() {
    documents_variants("docs/source-maps.md", "source-maps");
}

#[test]
fn every_derived_file_is_documented_and_has_its_cases() {
    documents_variants("docs/derived-files.md", "derived");
}

/// The table of `name` has a row for every folder of the corpus family, with two cases in it, and no other.
fn documents_variants(name: &str, family: &str) {
    let page = page(name);
    let rows: Vec<Vec<&str>> = page
        .text
        .lines()
        .filter(|line| line.starts_with("| ["))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let mut documented = BTreeSet::new();
    for row in &rows {
        let [link, recognised, read, ..] = row[..] else { panic!("this row needs three cells: {row:?}") };
        let (variant, target) = link.trim_start_matches('[').trim_end_matches(')').split_once("](").unwrap();
        assert_eq!(target, format!("../corpus/{family}/{variant}"), "the link of {variant}");
        assert!(!recognised.is_empty() && !read.is_empty(), "{variant} says too little");
        assert!(documented.insert(variant.to_owned()), "{variant} stands there twice");
    }
    let folder = root().join("corpus").join(family);
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let variants: BTreeSet<String> = names.collect();
    assert_eq!(documented, variants, "{name} (left) and corpus/{family} (right)");
    for half in variants.iter().flat_map(|name| ["leaky", "fixed"].map(|half| folder.join(name).join(half))) {
        assert!(half.join("expected.json").is_file(), "{} is no case", half.display());
    }
}

#[test]
fn the_page_of_rules_is_that_of_the_program() {
    let rules = rules();
    let mut text = String::from(
        "# Rules\n\nEvery rule that lastlook carries. Generated from the rules themselves: change `rules/`, then run\n\
         `LASTLOOK_BLESS=1 cargo test --test docs`.\n",
    );
    for category in Category::ALL {
        let _ = writeln!(text, "\n## {category}\n\n| rule | level | what |\n|---|---|---|");
        for rule in rules.iter().filter(|rule| rule.category == category) {
            let _ = writeln!(text, "| [`{0}`](#{0}) | {1} | {2} |", rule.id, rule.level, markdown::cell(&rule.title));
        }
    }
    for rule in rules.iter() {
        let (why, fix) = (markdown::line(&rule.why), markdown::line(&rule.fix));
        let _ =
            writeln!(text, "\n### {}\n\n{} ({}, {}).", rule.id, markdown::line(&rule.title), rule.category, rule.level);
        let _ = writeln!(text, "\n*Why it matters:* {why}\n\n*What to do:* {fix}");
        for (index, reference) in rule.references.iter().enumerate() {
            let _ = writeln!(text, "{}- <{reference}>", if index == 0 { "\n" } else { "" });
        }
    }
    blessed("docs/rules.md", &text);
}

#[test]
fn the_page_of_formats_is_that_of_the_program() {
    let mut text = String::from(
        "# Formats and facts\n\nGenerated from the program: `LASTLOOK_BLESS=1 cargo test --test docs`.\n\n## Formats\n\n\
         Recognised by what they contain. Several may read the same file.\n\n| format | what |\n|---|---|\n",
    );
    for format in FORMATS {
        let _ = writeln!(text, "| `{}` | {} |", format.name(), markdown::cell(format.summary()));
    }
    text.push_str(
        "\n## Facts\n\nWhat rules of the kind `fact` can ask for.\n\n| fact | type | meaning |\n|---|---|---|\n",
    );
    let mut facts = facts();
    facts.sort_by_key(|fact| fact.name);
    facts.dedup_by_key(|fact| fact.name);
    for fact in facts {
        let _ = writeln!(text, "| `{}` | {} | {} |", fact.name, fact.kind.as_str(), markdown::cell(fact.doc));
    }
    blessed("docs/formats.md", &text);
}

fn blessed(name: &str, text: &str) {
    let path = root().join(name);
    let read = || fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let mut there = read();
    // The other tests read the page meanwhile: it is only touched when it must be.
    if there != text && std::env::var_os("LASTLOOK_BLESS").is_some() {
        fs::write(&path, text).unwrap();
        there = read();
    }
    assert!(there == text, "{name} is out of date: run LASTLOOK_BLESS=1 cargo test --test docs, and read the diff");
}
