//! Publish sets as a user meets them: what is looked at is what the tool says, packages have verdicts of their own, and a
//! tool that does not answer makes the set larger. The tools here are scripts; `publish_sets` has the real ones.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A project, and the tools that are installed.
struct Bench(TempDir);

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let bench = Bench(tempfile::tempdir().unwrap());
        fs::create_dir(bench.0.path().join("bin")).unwrap();
        for (name, text) in files {
            let path = bench.project().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        bench
    }

    fn project(&self) -> PathBuf {
        self.0.path().join("project")
    }

    fn tool(&self, name: &str, script: &str) -> &Self {
        let path = self.0.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
        command.args(args).current_dir(self.project()).env("PATH", self.0.path().join("bin"));
        command.env_remove("npm_execpath").env("TMPDIR", self.0.path()).output().unwrap()
    }

    fn report(&self, args: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["--no-config", "--report", "json"], args].concat());
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

fn texts<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap()).collect()
}

const NPM: &str = r#"{"name":"tide","version":"1.0.0"}"#;

#[test]
fn only_what_npm_packs_is_looked_at_and_named_as_it_lies_there() {
    let bench =
        Bench::new(&[("package.json", NPM), (".env", "MODE=1\n"), ("dist/.env", "MODE=2\n"), ("dist/a.js", "1")]);
    bench.tool("npm", r#"echo '[{"name":"tide","files":[{"path":"dist/a.js"},{"path":"package.json"}]}]'"#);
    let (code, report) = bench.report(&["."]);
    assert_eq!((code, &report["packages"][0]["exact"], &report["totals"]["files"]), (0, &true.into(), &2.into()));
    assert_eq!(bench.report(&["--target", "folder", "."]).0, 1);
    bench.tool("npm", r#"echo '[{"name":"tide","files":[{"path":"dist/.env"},{"path":"gone.js"}]}]'"#);
    let (code, report) = bench.report(&["."]);
    assert_eq!((code, texts(&report["findings"], "path")), (1, vec!["dist/.env"]));
    assert_eq!(texts(&report["gaps"], "path"), ["gone.js"], "a file that is not there is a gap");
    // An allow entry speaks of the package's own names, from wherever lastlook is called.
    fs::write(
        bench.0.path().join("p.toml"),
        "[[allow]]\nrule='env-file'\npath='dist/.env'\nreason='no secret is in it'\n",
    )
    .unwrap();
    let output = bench.run(&["--config", "../p.toml", "."]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_tool_that_is_not_there_fails_or_lies_makes_the_set_larger_and_every_report_says_so() {
    let scripts =
        [None, Some("exit 1"), Some("echo 'npm error it is broken' >&2; exit 1"), Some("echo '[]'"), Some("true")];
    for script in scripts {
        let bench = Bench::new(&[("package.json", NPM), (".env", "MODE=1\n")]);
        if let Some(script) = script {
            bench.tool("npm", script);
        }
        for report in ["human", "json", "jsonl", "sarif", "github"] {
            let output = bench.run(&["--no-config", "--report", report, "."]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(output.status.code(), Some(1), "{script:?} {text}");
            assert!(words.contains("everything in the folder is looked at"), "{script:?} {report}: {text}");
        }
        assert_eq!(bench.run(&["targets", "--no-config"]).status.code(), Some(3));
    }
}

#[test]
fn packages_of_a_workspace_have_verdicts_of_their_own() {
    let bench = Bench::new(&[
        ("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#),
        ("packages/a/package.json", r#"{"name":"@tide/a","version":"1.0.0"}"#),
        ("packages/a/.env", "MODE=1\n"),
        ("packages/b/package.json", r#"{"name":"@tide/b","version":"2.0.0"}"#),
        (".env", "nobody publishes this\n"),
    ]);
    // npm 12 answers with an object by names.
    bench.tool(
        "npm",
        r#"case "$PWD" in
        */a) echo '{"@tide/a":{"name":"@tide/a","files":[{"path":".env"},{"path":"package.json"}]}}';;
        *) echo '{"@tide/b":{"name":"@tide/b","files":[{"path":"package.json"}]}}';;
        esac"#,
    );
    let (code, report) = bench.report(&[]);
    assert_eq!(code, 1);
    assert_eq!(texts(&report["packages"], "name"), ["@tide/a", "@tide/b"]);
    assert_eq!(texts(&report["packages"], "verdict"), ["blocked", "clear"]);
    assert_eq!(texts(&report["packages"], "folder"), ["packages/a", "packages/b"]);
    assert_eq!(texts(&report["findings"], "path"), ["packages/a/.env"]);
    assert!(report["remarks"][0].as_str().unwrap().ends_with("is private, and is skipped"), "{}", report["remarks"]);
    let human = String::from_utf8(bench.run(&["--no-config", "packages/b"]).stdout).unwrap();
    assert!(human.contains("npm package @tide/b 2.0.0 in packages/b (1 file): clear\n"), "{human}");
}

#[test]
fn a_folder_of_build_output_that_is_a_package_is_one_too() {
    let bench = Bench::new(&[("dist/package.json", NPM), ("dist/.env", "MODE=1\n")]);
    bench.tool("npm", r#"echo '[{"name":"tide","files":[{"path":"package.json"}]}]'"#);
    assert_eq!(bench.report(&["dist"]).0, 0);
    assert_eq!(bench.report(&["."]).0, 1, "the folder above is no package, and is looked at whole");
    let marker = Bench::new(&[("package.json", r#"{"type":"commonjs"}"#), (".env", "MODE=1\n")]);
    let (code, report) = marker.report(&["."]);
    assert_eq!((code, &report["remarks"]), (1, &serde_json::json!([])));
}

#[test]
fn what_is_packed_is_looked_at_and_nothing_of_it_is_left_behind() {
    let bench = Bench::new(&[("Chart.yaml", "name: tide\nversion: 1.0.0\n"), ("secret.txt", "MODE=1\n")]);
    bench.tool("helm", r#"echo 'MODE=1' > "$4/.env""#);
    let (code, report) = bench.report(&["."]);
    assert_eq!((code, texts(&report["findings"], "path")), (1, vec![".env"]));
    let left: Vec<_> = fs::read_dir(bench.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("lastlook-")), "{left:?}");
    // The same findings, by the same fingerprints, are what a baseline accepts.
    assert_eq!(bench.run(&["baseline", "--no-config", ".", "-o", "../known.json"]).status.code(), Some(0));
    assert_eq!(bench.report(&["--baseline", "../known.json", "."]).0, 0);
}

#[test]
fn a_file_and_a_missing_folder_start_nothing() {
    let bench = Bench::new(&[("package.json", NPM)]);
    bench.tool("npm", "touch ../started; exit 1");
    assert_eq!(bench.report(&["package.json"]).0, 0);
    assert_eq!(bench.run(&["--no-config", "nowhere"]).status.code(), Some(2));
    assert_eq!(bench.run(&["--no-config", "--target", "folder", "."]).status.code(), Some(0));
    assert!(!Path::new(&bench.0.path().join("started")).exists());
}

/// A build whose map embeds a source that lies in the folder, and is not published.
const MAP: &str = "{\"version\":3,\"file\":\"a.js\",\"sources\":[\"../src/a.ts\"],\"sourcesContent\":[\"export const tide = 1;\\n\
                   export const ebb = 2;\\n\"],\"names\":[],\"mappings\":\"AAAA\"}";
const SOURCE: &str = "export const tide = 1;\nexport const ebb = 2;\n";

fn built() -> Bench {
    Bench::new(&[
        ("package.json", NPM),
        ("src/a.ts", SOURCE),
        ("dist/a.js", "var a=1;\n//# sourceMappingURL=a.js.map\n"),
        ("dist/a.js.map", MAP),
        ("other/b.js", "var b=1;\n//# sourceMappingURL=b.js.map\n"),
        ("other/b.js.map", &MAP.replace("src/a.ts", "gone/b.ts").replace("ebb", "flow")),
    ])
}

const PACKED: &str =
    r#"echo '[{"name":"tide","files":[{"path":"dist/a.js"},{"path":"dist/a.js.map"},{"path":"package.json"}]}]'"#;

#[test]
fn sources_are_those_of_what_is_published() {
    let bench = built();
    bench.tool("npm", PACKED);
    let listed = |args: &[&str]| -> Value {
        let output = bench.run(&[&["sources", "--no-config", "--json"], args].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let of = |list: &Value, key: &str| -> Vec<String> {
        texts(&list["sources"], key).into_iter().map(str::to_owned).collect()
    };
    let list = listed(&["."]);
    assert_eq!((of(&list, "path"), of(&list, "standing")), (vec!["src/a.ts".into()], vec!["undisclosed".into()]));
    assert_eq!((&list["packages"][0]["name"], &list["packages"][0]["exact"]), (&"tide".into(), &true.into()));
    // Everything in the folder holds the source as a file, and another map.
    let whole = listed(&["--target", "folder", "."]);
    assert_eq!((of(&whole, "path").len(), &whole["packages"]), (2, &serde_json::json!([])));
    assert!(of(&whole, "standing").contains(&"shipped".into()), "{whole}");
    let human = String::from_utf8(bench.run(&["sources", "--no-config"]).stdout).unwrap();
    assert!(human.contains("npm package tide 1.0.0 (3 files)\n"), "{human}");
    // What is written out is of the same files.
    let output = bench.run(&["sources", "--no-config", "--extract", "../out"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(bench.0.path().join("out/src/a.ts")).unwrap(), SOURCE);
    assert!(!bench.0.path().join("out/gone").exists());
    bench.tool("npm", "exit 1");
    let remark = listed(&["."])["remarks"][0].as_str().unwrap().to_owned();
    assert!(remark.contains("everything in the folder is looked at"), "{remark}");
    assert_eq!(bench.run(&["sources", "--no-config", "--target", "helm", "."]).status.code(), Some(2));
}

#[test]
fn what_is_published_is_mended_and_nothing_else() {
    let bench = built();
    bench.tool("npm", PACKED);
    assert_eq!(bench.report(&["."]).0, 1);
    let output = bench.run(&["fix", "--no-config", "--write", "."]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("dist/a.js.map: drop sourcesContent") && !text.contains("other/"), "{text}");
    assert!(text.contains("Looked at what is published of the npm package tide 1.0.0;"), "{text}");
    assert!(!fs::read_to_string(bench.project().join("dist/a.js.map")).unwrap().contains("ebb"));
    assert!(fs::read_to_string(bench.project().join("other/b.js.map")).unwrap().contains("flow"));
    assert_eq!(bench.report(&["."]).0, 0);
    let output = bench.run(&["fix", "--no-config", "--remove-maps", "--write", "--target", "folder", "."]);
    assert!(!bench.project().join("other/b.js.map").exists(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn removed_maps_are_no_gap_of_what_is_published() {
    let bench = built();
    bench.tool("npm", PACKED);
    let output = bench.run(&["fix", "--no-config", "--remove-maps", "."]);
    let foretold = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{foretold}");
    assert!(!foretold.contains("by hand"), "{foretold}");
    let output = bench.run(&["fix", "--no-config", "--remove-maps", "--write", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!bench.project().join("dist/a.js.map").exists() && bench.project().join("other/b.js.map").exists());
    assert_eq!(fs::read_to_string(bench.project().join("dist/a.js")).unwrap(), "var a=1;\n");
}

#[test]
fn members_of_what_is_packed_are_mended_as_the_files_that_they_are() {
    let bench = built();
    fs::write(bench.project().join("Chart.yaml"), "name: tide\nversion: 1.0.0\n").unwrap();
    fs::remove_file(bench.project().join("package.json")).unwrap();
    // What the tool adds when it packs is no file of the project.
    let pack = |more: &str| {
        format!(
            "PATH=/usr/bin:/bin\nmkdir -p ../made/tide && cp -R dist Chart.yaml ../made/tide/\n{more}\n\
             tar -czf \"$4/tide-1.0.0.tgz\" -C ../made tide"
        )
    };
    bench.tool("helm", &pack(""));
    assert_eq!(bench.report(&["."]).0, 1);
    let output = bench.run(&["fix", "--no-config", "--write", "."]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("dist/a.js.map: drop sourcesContent") && !text.contains("other/"), "{text}");
    assert_eq!(bench.report(&["."]).0, 0);
    bench.tool("helm", &pack("cp ../project/other/b.js.map ../made/tide/dist/a.js.map"));
    let output = bench.run(&["fix", "--no-config", "."]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("tide-1.0.0.tgz!tide/dist/a.js.map") && text.contains("not taken apart"), "{text}");
}
