//! Extensions of VS Code.

use std::path::{Path, PathBuf};

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
        "`vsce ls`, with a `vsce` on the PATH"
    }

    fn exactness(&self) -> &'static str {
        "names; vsce rewrites package.json and the links in README.md and CHANGELOG.md when it packs. What \
         `vscode:prepublish` builds must be built already"
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
            let answer = Ask::tool(around, "vsce", &package.folder)?.arg("ls").answer()?;
            let file =
                |name: &str| File { name: name.replace('\\', "/"), path: package.folder.join(name), made: false };
            let files: Vec<File> = names(answer.text()?).map(file).collect();
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

/// The files that `vsce ls` names, one a line. What it says besides is no path.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |line: &&str| !line.is_empty() && !line.starts_with([' ', '\t']) && !line.contains("WARNING");
    text.lines().map(str::trim_end).filter(is_name)
}

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
        let Ok(Contents::Files(files)) = VsCode.contents(&packages, &around).remove(0) else { unreachable!() };
        assert_eq!(files[1].path, bench.project().join("out/main.js"));
    }
}
