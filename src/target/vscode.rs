//! Extensions of VS Code.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifest::Folder;
use super::npm::{package, read};
use super::run::Ask;
use super::{Contents, File, Package, Refusal, Scripts, Surroundings, Tool};

/// `vsce`.
pub struct VsCode;

impl Tool for VsCode {
    fn name(&self) -> &'static str {
        "vscode"
    }

    fn asked(&self) -> &'static str {
        "`vsce ls`, with a `vsce` on the PATH, and with the options that `vsce` in package.json sets for packing"
    }

    fn exactness(&self) -> &'static str {
        "names; vsce writes two manifests of its own, renames LICENSE, README.md and CHANGELOG.md, and rewrites \
         package.json and the links in the latter two when it packs. What `vscode:prepublish` builds must be built already"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        folder.package_json().is_some_and(|manifest| manifest.is_vscode() && manifest.is_package())
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let package = package(&VsCode, folder, folder, &read(folder)?);
        // A private package keeps npm from publishing it, and vsce not.
        Ok(package.map(|package| Package { private: None, ..package }).into_iter().collect())
    }

    fn contents(&self, packages: &[Package], around: &Surroundings) -> Vec<Result<Contents, Refusal>> {
        let one = |package: &Package| {
            // In a pipeline of GitHub, remarks would look like names.
            let ask = Ask::tool(around, "vsce", &package.folder)?.arg("ls").env("GITHUB_ACTIONS", "");
            let answer = ask.args(options(&package.folder)?).answer()?;
            let files = files(answer.text()?, &package.folder)?;
            if files.is_empty() { Err(Refusal::nonsense("vsce")) } else { Ok(Contents::Files(files)) }
        };
        packages.iter().map(one).collect()
    }

    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal> {
        if scripts == Scripts::Ignore {
            return Err(Refusal::failed("vsce", "packs nothing without running `vscode:prepublish`"));
        }
        let archive = into.join(format!("{}-{}.vsix", package.name, package.version));
        let ask = Ask::tool(around, "vsce", &package.folder)?.args(["package", "--out"]).arg(archive);
        ask.packs(scripts, into)
    }
}

/// The options for `vsce ls` that `vsce package` takes from package.json by itself, and `vsce ls` does not.
fn options(folder: &Path) -> Result<Vec<String>, Refusal> {
    let manifest = read(folder)?;
    let mut options = Vec::new();
    for (key, value) in manifest.settings("vsce").into_iter().flatten() {
        options.extend(option(key, value).ok_or_else(|| {
            Refusal::new(format!(
                "`vsce.{key}` in its package.json selects files in a way that `vsce ls` cannot be told"
            ))
        })?);
    }
    Ok(options)
}

/// One of these settings as options; `None` where there is no option that says the same.
fn option(key: &str, value: &Value) -> Option<Vec<String>> {
    let with = |name: &str, value: &Value| Some(vec![format!("{name}={}", value.as_str()?)]);
    Some(match (key, value) {
        ("dependencies" | "yarn" | "useYarn" | "followSymlinks", Value::Null) => Vec::new(),
        ("followSymlinks", Value::Bool(false)) => Vec::new(),
        ("followSymlinks", Value::Bool(true)) => vec!["--follow-symlinks".to_owned()],
        ("dependencies", Value::Bool(yes)) => vec![flag("dependencies", *yes)],
        ("yarn" | "useYarn", Value::Bool(yes)) => vec![flag("yarn", *yes)],
        ("dependencyEntryPoints", Value::Array(names)) => {
            names.iter().map(|name| with("--packagedDependencies", name)).collect::<Option<Vec<_>>>()?.concat()
        }
        ("ignoreFile", value) => with("--ignoreFile", value)?,
        ("readmePath", value) => with("--readme-path", value)?,
        ("followSymlinks" | "dependencies" | "yarn" | "useYarn" | "dependencyEntryPoints" | "cwd", _) => return None,
        // What else can be set selects no files.
        _ => Vec::new(),
    })
}

fn flag(name: &str, yes: bool) -> String {
    if yes { format!("--{name}") } else { format!("--no-{name}") }
}

/// The files that `vsce ls` names, one a line. A line that names no file must be a remark, which starts with a blank:
/// anything else, a name with a line break for instance, would be missing in the set.
fn files(text: &str, folder: &Path) -> Result<Vec<File>, Refusal> {
    let mut files = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let path = folder.join(line);
        // Of a link whose target is missing, too, the scan says that it cannot be read.
        if path.symlink_metadata().is_ok() {
            files.push(File { name: line.replace('\\', "/"), path, made: false });
        } else if !REMARKS.iter().any(|remark| line.starts_with(remark)) {
            return Err(Refusal::nonsense("vsce"));
        }
    }
    Ok(files)
}

/// How the remarks of `vsce` start.
const REMARKS: [&str; 2] = [" INFO ", " WARNING "];

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    #[test]
    fn the_files_are_those_that_vsce_lists() {
        let manifest = r#"{"name":"tide","version":"1.0.0","private":true,"engines":{"vscode":"^1.90.0"}}"#;
        let bench = Bench::new(&[("package.json", manifest), ("out/main.js", "1")]);
        bench.program("vsce", "printf 'package.json\\nout/main.js\\n'");
        let (around, folder) = (bench.around(), Folder::read(&bench.project()));
        assert!(VsCode.recognises(&folder) && !super::super::npm::Npm.recognises(&folder));
        let packages = VsCode.packages(&bench.project(), &around).unwrap();
        assert_eq!(packages[0].private, None);
        assert_eq!(names(&bench).unwrap(), ["out/main.js", "package.json"]);
    }

    fn names(bench: &Bench) -> Result<Vec<String>, String> {
        let around = bench.around();
        let packages = VsCode.packages(&bench.project(), &around).unwrap();
        match VsCode.contents(&packages, &around).remove(0) {
            Ok(Contents::Files(files)) => {
                let mut names: Vec<String> = files.into_iter().map(|file| file.name).collect();
                names.sort();
                Ok(names)
            }
            Ok(whole) => Err(format!("{whole:?}")),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    const MANIFEST: &str = r#"{"name":"tide","version":"1.0.0","engines":{"vscode":"^1.90.0"}"#;

    #[test]
    fn what_is_no_file_is_a_remark_or_the_answer_cannot_be_read() {
        let bench = Bench::new(&[("package.json", &format!("{MANIFEST}}}")), ("WARNING.md", ""), (" odd", "")]);
        bench.file("trailing ", "");
        bench.program("vsce", "printf ' INFO  Detected presence of yarn.lock.\nWARNING.md\n odd\ntrailing \n\n'");
        assert_eq!(names(&bench).unwrap(), [" odd", "WARNING.md", "trailing "]);
        bench.program("vsce", "printf 'WARNING.md\nnot\nthere\n'");
        assert_eq!(names(&bench).unwrap_err(), "what `vsce` answered cannot be read");
    }

    #[test]
    fn what_package_json_says_of_packing_is_said_to_the_list() {
        let asked = |settings: &str| {
            let bench = Bench::new(&[("package.json", &format!("{MANIFEST},\"vsce\":{settings}}}"))]);
            bench.program("vsce", "echo \"$*\" >said; echo package.json");
            names(&bench).map(|_| std::fs::read_to_string(bench.project().join("said")).unwrap())
        };
        assert_eq!(asked(r#"{"preRelease":true,"baseImagesUrl":"https://example.org"}"#).unwrap(), "ls\n");
        assert_eq!(
            asked(r#"{"ignoreFile":"a b","readmePath":"x.md","dependencies":false,"yarn":true,"followSymlinks":true}"#)
                .unwrap(),
            "ls --no-dependencies --follow-symlinks --ignoreFile=a b --readme-path=x.md --yarn\n"
        );
        assert_eq!(
            asked(r#"{"dependencyEntryPoints":["a","b"]}"#).unwrap(),
            "ls --packagedDependencies=a --packagedDependencies=b\n"
        );
        for odd in [r#"{"cwd":"dist"}"#, r#"{"followSymlinks":"yes"}"#, r#"{"ignoreFile":7}"#] {
            assert!(asked(odd).unwrap_err().contains("cannot be told"), "{odd}");
        }
    }
}
