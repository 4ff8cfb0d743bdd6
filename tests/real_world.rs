//! Real packages, as people download them: what their source maps give away is named exactly, and what gives nothing
//! away passes. The expectations are computed from the archive by `tests/support/real_world/facts.py`, which shares no
//! code with lastlook; each package is looked at as the archive and unpacked.
//!
//! The packages are fetched once, by their registries' own clients, into the target folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The rules that judge what a map embeds or names; one of them speaks of every map that names a source.
const MAP_RULES: [&str; 3] = ["source-map-embedded-sources", "source-map-names-only", "source-map-shipped"];
const DANGLING: &str = "source-map-reference-dangling";

/// Where a package comes from, and what a person who looked at it knows: a mistake that the two readers have in common
/// would show here.
struct Package {
    client: Client,
    name: &'static str,
    version: &'static str,
    /// Maps that name at least one source, and those of them that give sources away.
    maps: (usize, usize),
    /// How many sources, lines and bytes these give away.
    given_away: [u64; 3],
}

#[derive(PartialEq, Eq)]
enum Client {
    Npm,
    Pip,
}

/// Defines one test for each package: `test_name: client name version`, how many maps it has, and, where lastlook must
/// block it, how many of them give away how much.
macro_rules! packages {
    ($($test:ident: $client:ident $name:literal $version:literal
        $(=> $maps:literal maps $(, $leaks:literal give away $sources:literal sources, $lines:literal lines, $bytes:literal bytes)?)?;)*) => {
        $(
            #[test]
            #[ignore = "fetches packages from the registries"]
            fn $test() {
                Package {
                    client: Client::$client,
                    name: $name,
                    version: $version,
                    maps: (0 $(+ $maps)?, 0 $($(+ $leaks)?)?),
                    given_away: [0 $($(+ $sources)?)?, 0 $($(+ $lines)?)?, 0 $($(+ $bytes)?)?],
                }
                .check();
            }
        )*
    };
}

// These ship maps, and the sources that the maps name or embed: nothing stands against publishing them.
packages! {
    axios_embeds_what_it_ships: Npm "axios" "1.7.9" => 6 maps;
    three_mesh_bvh_embeds_what_it_ships: Npm "three-mesh-bvh" "0.7.6" => 2 maps;
    exceljs_embeds_maps_inside_sources: Npm "exceljs" "4.4.0" => 289 maps;
    node_forge_ships_the_sources_it_names: Npm "node-forge" "1.3.1" => 3 maps;
    mongodb_ships_the_sources_it_names: Npm "mongodb" "6.12.0" => 135 maps;
    immer_embeds_what_it_ships: Npm "immer" "10.1.1" => 5 maps;
    jquery_ships_the_file_it_names: Npm "jquery" "3.7.1" => 2 maps;
    leaflet_embeds_what_it_ships: Npm "leaflet" "1.9.4" => 3 maps;
    signalr_embeds_what_it_ships: Npm "@microsoft/signalr" "8.0.7" => 70 maps;
    multiformats_ships_the_sources_it_names: Npm "multiformats" "13.3.1" => 72 maps;
    noble_hashes_ships_the_sources_it_names: Npm "@noble/hashes" "1.6.1" => 96 maps;
    popper_embeds_what_it_ships: Npm "@popperjs/core" "2.11.8" => 12 maps;
    preact_ships_the_sources_it_names: Npm "preact" "10.25.1" => 24 maps;
    reselect_embeds_what_it_ships: Npm "reselect" "5.1.1" => 4 maps;
    query_core_embeds_what_it_ships: Npm "@tanstack/query-core" "5.62.0" => 82 maps;
}

// These ship maps with sources that they do not ship as files.
packages! {
    rxjs_embeds_one_file_it_does_not_ship: Npm "rxjs" "7.8.1"
        => 1003 maps, 1 give away 1 sources, 12 lines, 438 bytes;
    sentry_core_embeds_all_its_sources: Npm "@sentry/core" "8.0.0"
        => 220 maps, 144 give away 144 sources, 18_414 lines, 575_500 bytes;
    angular_core_embeds_its_sources: Npm "@angular/core" "19.0.5"
        => 5 maps, 5 give away 378 sources, 76_091 lines, 2_582_894 bytes;
    angular_router_embeds_its_sources: Npm "@angular/router" "19.0.5"
        => 3 maps, 3 give away 57 sources, 13_334 lines, 442_110 bytes;
    openpgp_embeds_its_own_sources_and_those_of_others: Npm "openpgp" "6.0.1"
        => 11 maps, 8 give away 415 sources, 96_990 lines, 3_754_495 bytes;
    swagger_ui_embeds_its_sources: Npm "swagger-ui-dist" "5.18.2"
        => 6 maps, 3 give away 766 sources, 51_670 lines, 1_500_160 bytes;
    chart_embeds_its_sources: Npm "chart.js" "4.4.7"
        => 5 maps, 5 give away 219 sources, 59_219 lines, 1_715_330 bytes;
    marked_embeds_its_sources: Npm "marked" "15.0.3"
        => 3 maps, 3 give away 33 sources, 7_743 lines, 291_552 bytes;
    pdfjs_embeds_its_sources: Npm "pdfjs-dist" "4.9.155"
        => 10 maps, 10 give away 394 sources, 257_852 lines, 10_097_048 bytes;
    react_router_dom_embeds_its_sources: Npm "react-router-dom" "6.28.0"
        => 5 maps, 5 give away 10 sources, 12_040 lines, 352_815 bytes;
    socket_io_client_embeds_sources_of_its_own_and_of_its_sisters: Npm "socket.io-client" "4.8.1"
        => 4 maps, 4 give away 85 sources, 10_344 lines, 334_835 bytes;
}

// These ship declaration maps whose sources they do not ship: names are given away, and nothing blocks.
packages! {
    sentry_types_names_its_sources: Npm "@sentry/types" "8.0.0" => 57 maps;
    swiper_names_its_sources: Npm "swiper" "11.1.15" => 45 maps;
}

packages! {
    dayjs_is_clean: Npm "dayjs" "1.11.13";
    lodash_is_clean: Npm "lodash" "4.17.21";
    react_is_clean: Npm "react" "18.3.1";
    is_number_is_clean: Npm "is-number" "7.0.0";
    express_is_clean: Npm "express" "4.21.2";
    jsonwebtoken_is_clean: Npm "jsonwebtoken" "9.0.2";
    typescript_is_clean: Npm "typescript" "5.4.5";
    esbuild_wasm_is_clean: Npm "esbuild-wasm" "0.24.0";
    requests_is_clean: Pip "requests" "2.32.3";
    flask_is_clean: Pip "flask" "3.1.0";
    click_is_clean: Pip "click" "8.1.8";
    six_is_clean: Pip "six" "1.17.0";
    certifi_is_clean: Pip "certifi" "2024.12.14";
    setuptools_with_its_windows_programs_is_clean: Pip "setuptools" "75.6.0";
    markupsafe_with_native_code_is_clean: Pip "markupsafe" "3.0.2";
    charset_normalizer_with_native_code_is_clean: Pip "charset-normalizer" "3.4.1";
    cryptography_with_native_code_is_clean: Pip "cryptography" "44.0.0";
    uvloop_with_native_code_is_clean: Pip "uvloop" "0.21.0";
    numpy_with_native_code_and_arrays_is_clean: Pip "numpy" "2.2.1";
}

impl Package {
    fn check(&self) {
        let archive = self.archive();
        let unpacked = tempfile::tempdir().unwrap();
        python("unpack.py", &[&archive, unpacked.path()]);
        let known: Value = serde_json::from_slice(&python("facts.py", &[&archive])).unwrap();

        let name = Path::new(archive.file_name().unwrap());
        let packed = self.look_at(archive.parent().unwrap(), name);
        let folder = self.look_at(unpacked.path(), Path::new("."));
        let front = format!("{}!", name.display());
        let root = if self.client == Client::Npm { root(&known) } else { String::new() };

        self.names_the_maps(&packed, &front, &known);
        assert_eq!(folder["totals"]["files"], known["files"], "every file of the folder is looked at");
        assert_eq!(packed["totals"]["files"], 1);
        assert!(packed["totals"]["members"].as_u64() >= known["files"].as_u64(), "so is every file of the archive");
        assert_eq!(findings(&packed, &format!("{front}{root}")), findings(&folder, ""), "packed and unpacked agree");
    }

    /// Runs lastlook: no gap, the right exit code, and no error but what maps embed.
    fn look_at(&self, place: &Path, target: &Path) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
        // What a tool would publish of an unpacked package is less than what is in it.
        command.args(["--report", "json", "--no-config", "--target", "folder"]).arg(target).current_dir(place);
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["gaps"], Value::Array(Vec::new()));
        let errors: Vec<&Value> = of_rules(&report, |finding| finding["level"] == "error").collect();
        let others: Vec<_> = errors.iter().filter(|finding| finding["rule"] != MAP_RULES[0]).collect();
        assert!(others.is_empty(), "errors that are none: {others:#?}");
        assert_eq!(errors.len(), self.maps.1);
        let clear = self.maps.1 == 0;
        assert_eq!(output.status.code(), Some(if clear { 0 } else { 1 }));
        assert_eq!(report["verdict"], if clear { "clear" } else { "blocked" });
        report
    }

    /// Every map that names a source is named, by its path, its rule and its facts, and so is every reference to a map
    /// that is not there; nothing else is.
    fn names_the_maps(&self, report: &Value, front: &str, known: &Value) {
        let inside = |finding: &Value| finding["path"].as_str().unwrap().strip_prefix(front).unwrap().to_owned();
        let mut found = BTreeMap::new();
        for finding in of_rules(report, |finding| MAP_RULES.iter().any(|rule| finding["rule"] == *rule)) {
            let twice = found.insert(inside(finding), finding);
            assert!(twice.is_none(), "two rules speak of one map: {finding:#}");
        }
        let expected = known["maps"].as_object().unwrap().iter().filter(|(_, map)| map["rule"] != Value::Null);
        let expected: BTreeMap<String, &Value> = expected.map(|(path, map)| (path.clone(), map)).collect();
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "the maps");
        for (path, map) in &expected {
            assert_eq!(found[path]["rule"], map["rule"], "{path}");
            for (fact, value) in map["facts"].as_object().unwrap() {
                assert_eq!(found[path]["facts"][fact], *value, "{fact} of {path}");
            }
        }
        assert_eq!(expected.len(), self.maps.0);
        let given_away = ["undisclosed", "undisclosed_lines", "undisclosed_bytes"].map(|fact| {
            let of = |finding: &&Value| finding["facts"][format!("source_map.{fact}")].as_u64().unwrap();
            found.values().map(of).sum::<u64>()
        });
        assert_eq!(given_away, self.given_away, "sources, lines and bytes that all maps together give away");

        let dangling: BTreeMap<String, u64> = of_rules(report, |finding| finding["rule"] == DANGLING)
            .map(|finding| (inside(finding), finding["facts"]["reference.dangling"].as_u64().unwrap()))
            .collect();
        let lost = known["dangling"].as_object().unwrap().iter();
        let lost: BTreeMap<String, u64> =
            lost.map(|(path, urls)| (path.clone(), urls.as_array().unwrap().len() as u64)).collect();
        assert_eq!(dangling, lost, "references to maps that are not there");
    }

    /// The archive, fetched if this is the first time.
    fn archive(&self) -> PathBuf {
        fetch(&self.client, self.name, self.version)
    }
}

/// The archive of a package, fetched if this is the first time.
fn fetch(client: &Client, name: &str, version: &str) -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real-world");
    let shelf = shelf.join(format!("{}-{version}", name.replace('/', "-")));
    if let Some(archive) = only_file(&shelf) {
        return archive;
    }
    std::fs::create_dir_all(shelf.parent().unwrap()).unwrap();
    let arriving = tempfile::tempdir_in(shelf.parent().unwrap()).unwrap();
    let output = client.command(name, version).current_dir(arriving.path()).output().unwrap();
    assert!(output.status.success(), "fetching failed: {}", String::from_utf8_lossy(&output.stderr));
    // Another run may have put it there meanwhile; a download that was cut off never gets there.
    let _ = std::fs::rename(arriving.path(), &shelf);
    only_file(&shelf).expect("one archive")
}

impl Client {
    fn command(&self, name: &str, version: &str) -> Command {
        match self {
            Client::Npm => {
                let mut npm = Command::new("npm");
                npm.args(["pack", "--silent", "--ignore-scripts"]).arg(format!("{name}@{version}"));
                npm
            }
            Client::Pip => {
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."]);
                // The same wheel on every machine.
                pip.args(["--python-version", "3.11", "--implementation", "cp"]);
                pip.args(["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_17_x86_64"]);
                pip.args(["--platform", "manylinux_2_28_x86_64"]).arg(format!("{name}=={version}"));
                pip
            }
        }
    }
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    let files: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() < 2, "{files:?}");
    files.into_iter().next()
}

/// Runs one of the scripts, and returns what it prints.
fn python(script: &str, arguments: &[&Path]) -> Vec<u8> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/real_world").join(script);
    let output = Command::new("python3").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn of_rules(report: &Value, wanted: impl Fn(&Value) -> bool) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().unwrap().iter().filter(move |finding| wanted(finding))
}

/// The folder that everything in an npm archive lies in: `package/` in most.
fn root(known: &Value) -> String {
    format!("{}/", known["root"].as_str().unwrap())
}

/// All findings without what must differ: rule, path without `front`, level, place, message and facts.
fn findings(report: &Value, front: &str) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let strip = |finding: &Value| {
        let path = finding["path"].as_str().unwrap();
        let inside = path.strip_prefix(front).unwrap_or(path).to_owned();
        let kept = ["rule", "level", "line", "column", "offset", "length", "message", "facts", "repeats", "details"];
        let kept: Vec<&Value> = kept.iter().map(|key| &finding[*key]).collect();
        format!("{inside} {}", serde_json::to_string(&kept).unwrap())
    };
    findings.map(strip).collect()
}

/// The secrets that stay in packages which handle secrets for a living, as `tests/support/real_world/secrets.txt` lists
/// them: every error and warning, by rule and file. Each has been looked at, and the file says why it is right.
#[test]
#[ignore = "fetches packages from the registries"]
fn the_secrets_of_well_known_packages_are_the_ones_listed() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/real_world/secrets.txt");
    let list = std::fs::read_to_string(list).unwrap();
    let lines = list.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let mut expected: Vec<(&str, BTreeSet<String>)> = Vec::new();
    for line in lines {
        match line.strip_prefix("  ") {
            Some(finding) => expected.last_mut().unwrap().1.insert(finding.to_owned()),
            None => {
                expected.push((line, BTreeSet::new()));
                true
            }
        };
    }
    assert!(expected.len() >= 25, "{} packages", expected.len());
    let mut wrong = Vec::new();
    for (package, secrets) in expected {
        let found = secrets_of(package);
        let differ: Vec<&String> = found.symmetric_difference(&secrets).collect();
        if !differ.is_empty() {
            wrong.push(format!("{package}: {differ:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The secrets in a package, given as `npm name version`: level, rule and file.
fn secrets_of(package: &str) -> BTreeSet<String> {
    let [client, name, version] = package.split(' ').collect::<Vec<_>>()[..] else { panic!("{package}") };
    let client = if client == "npm" { Client::Npm } else { Client::Pip };
    let archive = fetch(&client, name, version);
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
    let output = command.args(["--report", "json", "--no-config"]).arg(&archive).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let telling = |finding: &Value| finding["category"] == "secret" && finding["level"] != "note";
    let line = |finding: &Value| {
        let [level, rule, path] = ["level", "rule", "path"].map(|key| finding[key].as_str().unwrap());
        format!("{level} {rule} {}", path.split_once('!').unwrap().1)
    };
    of_rules(&report, telling).map(line).collect()
}

/// Packages without a model, but with images, fonts, modules, archives, descriptors of messages, arrays, pickles and HDF5 among
/// their files.
const WITHOUT_MODELS: &[(Client, &str, &str)] = &[
    (Client::Npm, "axios", "1.7.9"),
    (Client::Npm, "jquery", "3.7.1"),
    (Client::Npm, "leaflet", "1.9.4"),
    (Client::Npm, "exceljs", "4.4.0"),
    (Client::Npm, "pdfjs-dist", "4.9.155"),
    (Client::Npm, "esbuild-wasm", "0.24.0"),
    (Client::Npm, "typescript", "5.4.5"),
    (Client::Npm, "swagger-ui-dist", "5.18.2"),
    (Client::Npm, "node-forge", "1.3.1"),
    (Client::Npm, "openpgp", "6.0.1"),
    (Client::Npm, "chart.js", "4.4.7"),
    (Client::Npm, "sql.js", "1.12.0"),
    (Client::Npm, "jszip", "3.10.1"),
    (Client::Npm, "katex", "0.16.18"),
    (Client::Npm, "@fortawesome/fontawesome-free", "6.7.2"),
    (Client::Npm, "protobufjs", "7.4.0"),
    (Client::Npm, "pako", "2.1.0"),
    (Client::Pip, "requests", "2.32.3"),
    (Client::Pip, "cryptography", "44.0.0"),
    (Client::Pip, "numpy", "2.2.1"),
    (Client::Pip, "setuptools", "75.6.0"),
    (Client::Pip, "matplotlib", "3.10.0"),
    (Client::Pip, "h5py", "3.12.1"),
    (Client::Pip, "googleapis-common-protos", "1.66.0"),
    (Client::Pip, "tzdata", "2024.2"),
    (Client::Pip, "pillow", "11.0.0"),
    (Client::Pip, "fonttools", "4.55.3"),
    (Client::Pip, "joblib", "1.4.2"),
];

/// What may be said of them are notes that arrays lie there, which is so.
#[test]
#[ignore = "fetches packages from the registries"]
fn packages_without_models_have_none() {
    let mut wrong = Vec::new();
    for (client, name, version) in WITHOUT_MODELS {
        let archive = fetch(client, name, version);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
        let output = command.args(["--report", "json", "--no-config"]).arg(&archive).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let models =
            of_rules(&report, |finding| finding["category"] == "model" && finding["rule"] != "model-array-data");
        wrong.extend(
            models.map(|finding| format!("{name}: {} {} {}", finding["rule"], finding["path"], finding["facts"])),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
