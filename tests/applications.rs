//! Applications in a single file, packed by the real packers: what comes out is what went in, byte for byte.
//!
//! The packers are fetched once, by npm and pip, into the target folder. Those that need a download of their own
//! (nexe) or minutes (Nuitka) are forged in `src/formats/application/tests.rs`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use bytes::Bytes;
use lastlook::Scanner;
use lastlook::bytes::{Limits, Probe};
use lastlook::finding::{Artifact, ArtifactPath, FactValue, Role};
use lastlook::formats::{FORMATS, Inspection, Stated};
use lastlook::scan::Outcome;

const NPM: [&str; 6] = [
    "@oven/bun-linux-x64@1.4.5",
    "@deno/linux-x64-glibc@2.9.6",
    "postject@1.0.0-alpha.6",
    "@electron/asar@3.4.1",
    "caxa@3.0.1",
    "@yao-pkg/pkg@6.23.0",
];
const PYPI: [&str; 4] = ["pyinstaller==6.22.3", "shiv==1.0.8", "pex==2.105.2", "cx_Freeze==8.7.3"];

const QUAY: &str = "// Pilots only: how deep the water is.\nexport interface Tide { hour: number; depth: number }\n\
                    export function depth(tide: Tide): number {\n  // Nobody may know about the sandbank.\n  \
                    return tide.depth - 0.7;\n}\nexport const greeting = \"Grüße 🌊 vom Hafen\";\n";
const INDEX: &str = "import { depth, greeting } from \"./quay.ts\";\nimport table from \"./table.txt\" with { type: \"text\" };\n\
                     console.log(greeting, depth({ hour: 3, depth: 9 }), table);\n";
const TABLE: &str = "tide table: noon 3.4, midnight 0.2\n";

/// A folder for the packers, filled by the first test that asks: a half-filled one never gets this name.
fn fetched(name: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !shelf.is_dir() {
        let half = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fill(half.path());
        let _ = fs::rename(half.keep(), &shelf);
    }
    shelf
}

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("DENORT_BIN", "/bin/true").env("DENO_DIR", folder.join("deno"));
    command.env("PKG_NODE_PATH", folder.join("node"));
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}

/// A program that npm fetched.
fn npm(program: &str) -> PathBuf {
    static SHELF: OnceLock<PathBuf> = OnceLock::new();
    let shelf = SHELF.get_or_init(|| {
        fetched("applications-npm-1", |folder| {
            fs::write(folder.join("package.json"), "{\"private\":true}\n").unwrap();
            let mut arguments = vec!["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
            arguments.extend(NPM);
            run("npm", &arguments, folder);
        })
    });
    shelf.join("node_modules").join(program)
}

/// A program that pip fetched. Virtual environments know their place, so this one is made where it stays.
fn python(program: &str) -> PathBuf {
    static SHELF: OnceLock<PathBuf> = OnceLock::new();
    let shelf = SHELF.get_or_init(|| {
        let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("applications-pypi-1");
        if !shelf.join("complete").is_file() {
            run("python3", &["-m", "venv", "--clear", shelf.to_str().unwrap()], Path::new("/"));
            let mut arguments = vec!["install", "--quiet", "--disable-pip-version-check"];
            arguments.extend(PYPI);
            run(shelf.join("bin/pip"), &arguments, &shelf);
            fs::write(shelf.join("complete"), "").unwrap();
        }
        shelf
    });
    shelf.join("bin").join(program)
}

/// What an executable was taken apart into: everything that is reached from it, by its path behind the first `!`.
struct Apart {
    members: BTreeMap<String, (Role, Bytes)>,
    stated: BTreeMap<String, Stated>,
}

fn apart(path: &Path) -> Apart {
    take_apart(Bytes::from(fs::read(path).unwrap()))
}

/// Damages what was packed at 500 places, and cuts it off at as many: no reader panics.
fn survives(path: &Path) {
    let whole = fs::read(path).unwrap();
    let packed = whole.len() - whole.len().min(fs::read("/bin/true").unwrap().len());
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for _ in 0..500 {
        let mut damaged = whole.clone();
        let at = whole.len() - 1 - random(packed);
        damaged[at] = random(256) as u8;
        take_apart(Bytes::from(damaged));
        take_apart(Bytes::copy_from_slice(&whole[..whole.len() - 1 - random(packed)]));
    }
}

fn take_apart(bytes: Bytes) -> Apart {
    let mut found = Apart { members: BTreeMap::new(), stated: BTreeMap::new() };
    let mut waiting = vec![Artifact { path: ArtifactPath::file("app"), role: Role::File, bytes }];
    while let Some(artifact) = waiting.pop() {
        let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
        let name = artifact.path.to_string().trim_start_matches("app").trim_start_matches('!').to_owned();
        let limits = Limits::default();
        for format in FORMATS.iter().filter(|format| format.sniff(&probe)) {
            let mut sink = |member| waiting.push(member);
            let mut out = Inspection::new(&artifact, &limits, &mut sink);
            let read = format.inspect(&artifact, &mut out);
            let stated = out.finish();
            if read.is_ok() {
                found.stated.insert(format!("{name}#{}", format.name()), stated);
            }
        }
        // What was decoded or decompressed stands at the same place.
        if !artifact.path.shares_place() {
            found.members.insert(name, (artifact.role, artifact.bytes));
        }
    }
    found
}

impl Apart {
    fn text(&self, name: &str) -> &str {
        let known = || self.members.keys().cloned().collect::<Vec<_>>();
        let (_, bytes) = self.members.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", known()));
        std::str::from_utf8(bytes).unwrap()
    }

    fn fact(&self, format: &str, name: &str) -> Option<FactValue> {
        self.stated.get(&format!("#{format}"))?.facts.get(name).cloned()
    }
}

fn scan(path: &Path) -> Outcome {
    let outcome = Scanner::builder().threads(2).build().unwrap().scan(&[path]).unwrap();
    assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
    outcome
}

fn rules(outcome: &Outcome) -> Vec<String> {
    let mut rules: Vec<String> = outcome.findings.iter().map(|finding| finding.rule.to_string()).collect();
    rules.retain(|rule| rule.starts_with("application-"));
    rules.dedup();
    rules
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("quay.ts", QUAY), ("index.ts", INDEX), ("table.txt", TABLE)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
#[ignore = "needs npm and node"]
fn node_carries_the_script_and_the_assets() {
    let folder = tempfile::tempdir().unwrap();
    let script = "// Pilots only: the main script.\nconst { getAsset } = require('node:sea');\n\n/* How deep it is. */\n\
                  const depth = 3;\nconsole.log(getAsset('table.txt', 'utf8'), depth);\n";
    fs::write(folder.path().join("app.cjs"), script).unwrap();
    fs::write(folder.path().join("table.txt"), TABLE).unwrap();
    let config = r#"{"main":"app.cjs","output":"sea.blob","disableExperimentalSEAWarning":true,"useCodeCache":true,
                     "assets":{"table.txt":"table.txt"}}"#;
    fs::write(folder.path().join("sea.json"), config).unwrap();
    run("node", &["--experimental-sea-config", "sea.json"], folder.path());
    let node = Command::new("node").args(["-p", "process.execPath"]).output().unwrap();
    fs::copy(String::from_utf8(node.stdout).unwrap().trim(), folder.path().join("app")).unwrap();
    let fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
    let postject = npm("postject/dist/cli.js");
    let arguments = [postject.to_str().unwrap(), "app", "NODE_SEA_BLOB", "sea.blob", "--sentinel-fuse", fuse];
    run("node", &arguments, folder.path());
    let app = apart(&folder.path().join("app"));
    assert_eq!((app.text("app.cjs"), app.text("table.txt")), (script, TABLE));
    assert!(app.members.contains_key("app.cjs.cache"));
    assert_eq!(app.fact("application", "application.entry"), Some("app.cjs".into()));
    assert_eq!(rules(&scan(&folder.path().join("app"))), ["application-sources"]);
}

#[test]
#[ignore = "needs npm"]
fn bun_carries_the_bundle_and_what_maps_have_kept() {
    let folder = project();
    let bun = npm("@oven/bun-linux-x64/bin/bun");
    let build = |options: &[&str], name: &str| {
        let mut arguments = vec!["build", "--compile", "./index.ts", "--outfile", name];
        arguments.extend(options);
        run(&bun, &arguments, folder.path());
        folder.path().join(name)
    };
    let plain = build(&[], "plain");
    let app = apart(&plain);
    assert!(app.text("/$bunfs/root/plain").contains("// quay.ts\nfunction depth(tide) {"));
    assert_eq!(rules(&scan(&plain)), ["application-plain-scripts"]);

    let mapped = build(&["--sourcemap", "--minify"], "mapped");
    let app = apart(&mapped);
    let original = |name: &str| {
        let key = app.members.keys().find(|key| key.ends_with(name)).unwrap();
        assert_eq!(app.members[key].0, Role::EmbeddedSource);
        app.text(key)
    };
    assert_eq!((original("quay.ts"), original("index.ts")), (QUAY, INDEX));
    assert_eq!(app.fact("application", "application.originals"), Some(FactValue::Int(2)));
    let outcome = scan(&mapped);
    assert_eq!(rules(&outcome), ["application-sources"]);
    let finding = outcome.findings.iter().find(|finding| &*finding.rule == "application-sources").unwrap();
    assert_eq!(finding.facts.int("application.undisclosed"), 2);
    assert_eq!(rules(&scan(&build(&["--minify", "--bytecode"], "small"))), ["application-minified-scripts"]);

    // Sources that lie beside the program as files are no secret.
    fs::remove_file(&plain).unwrap();
    fs::remove_file(folder.path().join("small")).unwrap();
    assert_eq!(rules(&scan(folder.path())), ["application-shipped-sources"]);
}

#[test]
#[ignore = "needs npm"]
fn deno_carries_originals_and_environments() {
    let folder = project();
    fs::write(folder.path().join(".env.harbour"), "QUAY_NAME=north\nEMPTY=\n").unwrap();
    let deno = npm("@deno/linux-x64-glibc/deno");
    // The runtime comes from elsewhere; the data is put into any program all the same.
    let arguments =
        ["compile", "--no-check", "--env-file=.env.harbour", "--include", "table.txt", "-o", "app", "index.ts"];
    run(deno, &[&arguments[..7], &["--unstable-raw-imports", "index.ts"]].concat(), folder.path());
    let app = apart(&folder.path().join("app"));
    assert_eq!((app.text("quay.ts"), app.text("index.ts"), app.text("table.txt")), (QUAY, INDEX, TABLE));
    assert!(app.text("metadata.json").contains("\"QUAY_NAME\":\"north\""));
    assert_eq!(app.fact("application", "application.env"), Some(FactValue::Int(1)));
    let names = FactValue::List(vec!["QUAY_NAME".to_owned()]);
    assert_eq!(app.fact("application", "application.env_names"), Some(names));
    assert_eq!(rules(&scan(&folder.path().join("app"))), ["application-environment", "application-sources"]);
    survives(&folder.path().join("app"));
}

#[test]
#[ignore = "needs npm and node"]
fn caxa_carries_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/main.js"), "console.log('harbour');\n").unwrap();
    fs::write(folder.path().join("stub"), fs::read("/bin/true").unwrap()).unwrap();
    let script = format!(
        "import({:?}).then((caxa) => caxa.default({{ input: 'in', output: 'app', stub: 'stub', includeNode: false,
         dedupe: false, command: ['node', '{{{{caxa}}}}/main.js'] }}));",
        npm("caxa/build/index.mjs")
    );
    // The module looks at the name of the program's script.
    fs::write(folder.path().join("pack.cjs"), script).unwrap();
    run("node", &["pack.cjs"], folder.path());
    let app = apart(&folder.path().join("app"));
    assert_eq!(app.text("payload!main.js"), "console.log('harbour');\n");
    assert_eq!(app.fact("application", "application.kind"), Some("caxa".into()));
}

#[test]
#[ignore = "needs npm and node"]
fn pkg_carries_its_files_packed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let (index, quay) =
        ("// Pilots only: how deep it is.\nconsole.log(require('./quay').depth(3));\n", "exports.depth = (t) => t;\n");
    let package = r#"{"name":"harbour","version":"1.0.0","bin":"index.js","pkg":{"assets":["table.txt"]}}"#;
    for (name, text) in [("index.js", index), ("quay.js", quay), ("package.json", package), ("table.txt", TABLE)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    // The runtime comes from elsewhere; any program with the places that pkg fills in will do.
    let places = ["// PAYLOAD_POSITION //", "// PAYLOAD_SIZE //", "// PRELUDE_POSITION //", "// PRELUDE_SIZE //", "\0"];
    let places = format!("{}{}", places.join("\n"), "// BAKERY ".repeat(20));
    let base = [fs::read("/bin/true").unwrap(), places.into_bytes()].concat();
    fs::write(folder.path().join("node"), base).unwrap();
    fs::set_permissions(folder.path().join("node"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let pkg = npm("@yao-pkg/pkg/lib-es5/bin.js");
    let name = fs::canonicalize(folder.path()).unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    for method in ["None", "GZip", "Brotli"] {
        let arguments =
            ["--no-bytecode", "--public", "--public-packages", "*", "-t", "host", "-o", "app", "--compress", method];
        run("node", &[&[pkg.to_str().unwrap(), "."][..], &arguments].concat(), folder.path());
        let app = apart(&folder.path().join("app"));
        let text = |file: &str| app.text(&format!("/snapshot/{name}/{file}")).to_owned();
        assert_eq!((text("index.js"), text("quay.js")), (index.to_owned(), quay.to_owned()), "{method}");
        assert_eq!((text("package.json"), text("table.txt")), (package.to_owned(), TABLE.to_owned()), "{method}");
        assert_eq!(rules(&scan(&folder.path().join("app"))), ["application-sources"], "{method}");
    }
}

#[test]
#[ignore = "needs npm and node"]
fn asar_carries_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let resources = folder.path().join("Harbour.app/Contents/Resources");
    fs::create_dir_all(folder.path().join("in/lib")).unwrap();
    fs::create_dir_all(&resources).unwrap();
    fs::write(folder.path().join("in/main.js"), "require('./lib/quay');\n").unwrap();
    fs::write(folder.path().join("in/lib/quay.js"), "exports.depth = 3;\n").unwrap();
    let asar = npm("@electron/asar/bin/asar.js");
    let archive = resources.join("app.asar");
    run("node", &[asar.to_str().unwrap(), "pack", "in", archive.to_str().unwrap()], folder.path());
    let app = apart(&archive);
    assert_eq!((app.text("main.js"), app.text("lib/quay.js")), ("require('./lib/quay');\n", "exports.depth = 3;\n"));
}

/// A Python program of two modules and a data file.
fn python_project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("quay")).unwrap();
    for (name, text) in [
        ("harbour.py", "\"\"\"Pilots only.\"\"\"\nfrom quay import depth\nprint(depth.of(3))\n"),
        ("quay/__init__.py", "NAME = 'north'\n"),
        ("quay/depth.py", "SANDBANK = 'nobody may know'\ndef of(tide):\n    # comment\n    return tide - 1\n"),
        ("table.txt", TABLE),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
#[ignore = "needs python3"]
fn pyinstaller_carries_modules_and_data() {
    let folder = python_project();
    let options = ["--onefile", "--log-level", "ERROR", "--add-data", "table.txt:data", "harbour.py"];
    run(python("pyinstaller"), &options, folder.path());
    // What PyInstaller's own reader says.
    let script = "import sys, os\nfrom PyInstaller.archive.readers import CArchiveReader\n\
                  archive = CArchiveReader('dist/harbour')\nos.makedirs('out')\n\
                  def put(name, data):\n    open('out/' + name.replace('/', '|'), 'wb').write(data)\n\
                  for name, entry in archive.toc.items():\n    if entry[4] not in 'zon':\n        put(name, archive.extract(name))\n\
                  pyz = archive.open_embedded_archive('PYZ.pyz')\n\
                  for name in pyz.toc:\n    data = pyz.extract(name, raw=True)\n    if data: put('PYZ.pyz/' + name, data)\n";
    fs::write(folder.path().join("read.py"), script).unwrap();
    run(python("python"), &["read.py"], folder.path());
    let app = apart(&folder.path().join("dist/harbour"));
    let mut compared = 0;
    for entry in fs::read_dir(folder.path().join("out")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().replace('|', "/");
        let module = name.strip_prefix("PYZ.pyz/").map(|module| format!("PYZ.pyz/{}", module.replace('.', "/")));
        let base = module.clone().unwrap_or_else(|| name.clone());
        let candidates = [base.clone(), format!("{base}.pyc"), format!("{base}/__init__.pyc")];
        let member = candidates.iter().find_map(|name| app.members.get(name));
        let (role, bytes) = member.unwrap_or_else(|| panic!("no {candidates:?}"));
        let code = if *role == Role::Header { &bytes[16..] } else { &bytes[..] };
        assert!(code == fs::read(&path).unwrap(), "{name}");
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
    assert_eq!(app.text("data/table.txt"), TABLE);
    let texts = app.stated.keys().filter(|name| name.ends_with("#python-bytecode")).count();
    assert!(texts > 60, "{texts}");
    let outcome = scan(&folder.path().join("dist/harbour"));
    assert_eq!(rules(&outcome), ["application-bytecode"]);
    assert!(!outcome.findings.iter().any(|finding| &*finding.rule == "python-bytecode-only"), "one finding for all");
}

#[test]
#[ignore = "needs python3"]
fn zipapps_of_all_kinds_are_told() {
    let folder = python_project();
    fs::create_dir(folder.path().join("app")).unwrap();
    fs::copy(folder.path().join("harbour.py"), folder.path().join("app/__main__.py")).unwrap();
    run("python3", &["-m", "zipapp", "app", "-p", "/usr/bin/env python3", "-o", "plain.pyz"], folder.path());
    let setup = "from setuptools import setup\nsetup(name='harbour', version='1', packages=['quay'])\n";
    fs::write(folder.path().join("setup.py"), setup).unwrap();
    run(python("shiv"), &["-q", "-o", "harbour.pyz", "."], folder.path());
    run(python("pex"), &[".", "-o", "harbour.pex"], folder.path());
    for (name, kind) in [("plain.pyz", "zipapp"), ("harbour.pyz", "shiv"), ("harbour.pex", "pex")] {
        let app = apart(&folder.path().join(name));
        assert_eq!(app.fact("zipapp", "application.kind"), Some(kind.into()), "{name}");
        let carried = app.members.values().any(|(_, bytes)| bytes == "NAME = 'north'\n");
        assert!(carried || kind == "zipapp", "{name}");
        assert_eq!(rules(&scan(&folder.path().join(name))), ["application-zipapp"], "{name}");
    }
}

#[test]
#[ignore = "needs python3"]
fn cx_freeze_carries_modules_in_a_zip() {
    let folder = python_project();
    run(python("cxfreeze"), &["build", "--script=harbour.py", "--silent", "--build-exe=frozen"], folder.path());
    let zip = folder.path().join("frozen/lib/library.zip");
    let app = apart(&zip);
    let main = app.members.iter().filter(|(name, _)| name.ends_with(".pyc"));
    let main = main.filter(|(_, (_, bytes))| memchr::memmem::find(bytes, b"Pilots only.").is_some());
    assert_eq!(main.count(), 1, "{:?}", app.members.keys());
    let outcome = scan(&zip);
    let own = outcome.findings.iter().filter(|finding| &*finding.rule == "python-bytecode-only");
    assert!(own.count() < 5, "Python's own modules are not the publisher's");
}

/// A program with the table that tauri-codegen writes: paths, and contents that are compressed with brotli.
#[test]
#[ignore = "needs node and rustc"]
fn tauri_carries_the_front_end() {
    let folder = tempfile::tempdir().unwrap();
    let page = "<!doctype html><script src=\"/assets/index-1f2e.js\"></script>\n";
    let script = "// Pilots only: the main script.\nfunction depth(tide) {\n  return tide - 0.7;\n}\ndepth(3);\n";
    for (name, text) in [("page", page), ("script", script)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let pack = "for (const name of ['page', 'script']) { const fs = require('fs'); \
                fs.writeFileSync(name + '.br', require('zlib').brotliCompressSync(fs.readFileSync(name))); }";
    run("node", &["-e", pack], folder.path());
    let program = r#"
        static ASSETS: &[(&str, &[u8])] = &[
            ("/index.html", include_bytes!("page.br")),
            ("/assets/index-1f2e.js", include_bytes!("script.br")),
        ];
        fn main() {
            let marks = std::hint::black_box(["__TAURI_INTERNALS__", "tauri://localhost"]);
            for (name, bytes) in std::hint::black_box(ASSETS) {
                println!("{name} {} {marks:?}", bytes.len());
            }
        }"#;
    fs::write(folder.path().join("app.rs"), program).unwrap();
    for (name, flags) in [("pie", &["-O"][..]), ("fixed", &["-C", "relocation-model=static"])] {
        run("rustc", &[&["-o", name, "app.rs"], flags].concat(), folder.path());
        let app = apart(&folder.path().join(name));
        assert_eq!((app.text("/index.html"), app.text("/assets/index-1f2e.js")), (page, script), "{name}");
        assert_eq!(app.fact("application", "application.kind"), Some(FactValue::Text("tauri".to_owned())));
        assert_eq!(rules(&scan(&folder.path().join(name))), ["application-sources"]);
    }
}
