//! Tools that build before they pack (NuGet, Maven, Gradle): what they have built is looked at, and nothing is run unless
//! that is asked for.

use std::path::{Path, PathBuf};

use super::manifest::Folder;
use super::run::Ask;
use super::{Contents, File, Package, Refusal, Scripts, Surroundings, Tool};

/// How deep modules may lie below the folder.
const DEPTH: usize = 4;
/// How many folders are visited for modules.
const FOLDERS: usize = 20_000;

/// `dotnet pack`.
pub struct Nuget;

impl Tool for Nuget {
    fn name(&self) -> &'static str {
        "nuget"
    }

    fn asked(&self) -> &'static str {
        "the `.nupkg` and `.snupkg` files in `bin/Release`; with `--build`: `dotnet pack --no-restore` into a private folder"
    }

    fn exactness(&self) -> &'static str {
        "every byte of the packages that are there; whether they are those of the last change nobody can tell"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        [".csproj", ".fsproj", ".vbproj", ".nuspec"].iter().any(|ending| folder.ending(ending).next().is_some())
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let names = Folder::read(folder);
        let stem = |ending| names.ending(ending).next().and_then(|name| name.rsplit_once('.')).map(|(stem, _)| stem);
        let name = [".nuspec", ".csproj", ".fsproj", ".vbproj"].into_iter().find_map(stem).unwrap_or_default();
        Ok(vec![plain(&Nuget, name, folder)])
    }

    fn contents(&self, packages: &[Package], around: &Surroundings) -> Vec<Result<Contents, Refusal>> {
        let one = |package: &Package| {
            if around.build {
                return self.pack(package, &around.scratch()?, Scripts::Run, around).map(Contents::archives);
            }
            let release = package.folder.join("bin").join("Release");
            built(vec![archives(&release, &["nupkg", "snupkg"])], "bin/Release")
        };
        packages.iter().map(one).collect()
    }

    fn pack(&self, package: &Package, into: &Path, _: Scripts, around: &Surroundings) -> Result<Vec<PathBuf>, Refusal> {
        let ask = Ask::tool(around, "dotnet", &package.folder)?;
        let ask = ask.args(["pack", "--configuration", "Release", "--no-restore", "--output"]);
        ask.arg(into).packs(Scripts::Run, into)
    }
}

/// Maven and Gradle.
pub struct Jars;

impl Tool for Jars {
    fn name(&self) -> &'static str {
        "jars"
    }

    fn asked(&self) -> &'static str {
        "the archives in `target` (Maven) and in `build/libs` and `build/distributions` (Gradle) of the project and its \
         modules, and `pom.xml`; nothing is built"
    }

    fn exactness(&self) -> &'static str {
        "every byte of the archives that are there; whether they are those of the last change nobody can tell. A pom that \
         Gradle or a plug-in writes when it publishes is not seen"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        is_module(|name| folder.has(name))
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let (mut modules, mut left) = (Vec::new(), FOLDERS);
        find_modules(folder, 0, &mut left, &mut modules);
        if left == 0 {
            return Err(Refusal::new("it has too many folders to find its modules"));
        }
        let root = modules.first().cloned().into_iter();
        let built = modules.into_iter().skip(1).filter(|module| !outputs(module).concat().is_empty());
        let name = |module: &Path| module.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut packages: Vec<Package> =
            root.chain(built).map(|module| plain(&Jars, &name(&module), &module)).collect();
        // The root of modules builds nothing itself.
        if packages.len() > 1 && outputs(folder).concat().is_empty() {
            packages.remove(0);
        }
        Ok(packages)
    }

    fn contents(&self, packages: &[Package], _: &Surroundings) -> Vec<Result<Contents, Refusal>> {
        let one = |package: &Package| {
            let mut files = built(outputs(&package.folder), "target or build/libs")?;
            let pom = package.folder.join("pom.xml");
            if let (Contents::Files(files), true) = (&mut files, pom.is_file()) {
                files.push(File { name: "pom.xml".to_owned(), path: pom, made: false });
            }
            Ok(files)
        };
        packages.iter().map(one).collect()
    }

    fn pack(&self, _: &Package, _: &Path, _: Scripts, _: &Surroundings) -> Result<Vec<PathBuf>, Refusal> {
        Err(Refusal::new("Maven and Gradle build by themselves: build it, and look at what was built"))
    }
}

/// A package of which no manifest was read.
pub(super) fn plain(tool: &'static dyn Tool, name: &str, folder: &Path) -> Package {
    let (name, folder) = (name.to_owned(), folder.to_owned());
    Package { tool, name, version: String::new(), root: folder.clone(), folder, private: None }
}

/// What was built, or that nothing was.
pub(super) fn built(archives: Vec<Vec<PathBuf>>, place: &str) -> Result<Contents, Refusal> {
    let archives = archives.concat();
    if archives.is_empty() {
        Err(Refusal::new(format!("nothing is built in {place}")))
    } else {
        Ok(Contents::archives(archives))
    }
}

/// The files in a folder that have one of these endings, in order.
pub(super) fn archives(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        endings.contains(&ending) && path.is_file()
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_one).collect();
    found.sort();
    found
}

fn outputs(module: &Path) -> Vec<Vec<PathBuf>> {
    let at = |folders: &[&str]| folders.iter().fold(module.to_owned(), |path, folder| path.join(folder));
    vec![
        archives(&at(&["target"]), &["jar", "war", "ear", "aar"]),
        archives(&at(&["build", "libs"]), &["jar", "war", "ear"]),
        archives(&at(&["build", "outputs", "aar"]), &["aar"]),
        archives(&at(&["build", "distributions"]), &["zip", "tar"]),
    ]
}

fn is_module(has: impl Fn(&str) -> bool) -> bool {
    ["pom.xml", "build.gradle", "build.gradle.kts"].into_iter().any(has)
}

fn find_modules(folder: &Path, depth: usize, left: &mut usize, found: &mut Vec<PathBuf>) {
    if *left == 0 || !is_module(|name| folder.join(name).is_file()) && depth > 0 && depth >= DEPTH {
        return;
    }
    *left -= 1;
    if depth == 0 || is_module(|name| folder.join(name).is_file()) {
        found.push(folder.to_owned());
    }
    if depth == DEPTH {
        return;
    }
    let is_source = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !matches!(&*name, "src" | "target" | "build" | "node_modules") && !name.starts_with('.')
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect();
    folders.retain(|path| is_source(path));
    folders.sort();
    folders.iter().for_each(|below| find_modules(below, depth + 1, left, found));
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    fn names(contents: Result<Contents, Refusal>) -> Vec<String> {
        match contents {
            Ok(Contents::Files(files)) => files.into_iter().map(|file| file.name).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn the_archives_of_every_module_are_what_is_published() {
        let bench = Bench::new(&[
            ("pom.xml", ""),
            ("core/pom.xml", ""),
            ("core/target/core-1.jar", "PK"),
            ("docs/pom.xml", ""),
        ]);
        let around = bench.around();
        assert!(Jars.recognises(&Folder::read(&bench.project())));
        let packages = Jars.packages(&bench.project(), &around).unwrap();
        assert_eq!(packages.iter().map(|package| &*package.name).collect::<Vec<_>>(), ["core"]);
        assert_eq!(names(Jars.contents(&packages, &around).remove(0)), ["core-1.jar", "pom.xml"]);
        let bench = Bench::new(&[("build.gradle.kts", "")]);
        let packages = Jars.packages(&bench.project(), &around).unwrap();
        let refused = Jars.contents(&packages, &around).remove(0).unwrap_err();
        assert_eq!(refused.to_string(), "nothing is built in target or build/libs");
    }

    #[test]
    fn packages_of_nuget_are_those_that_were_built() {
        let bench = Bench::new(&[
            ("Tide.csproj", ""),
            ("bin/Release/Tide.1.0.0.nupkg", "PK"),
            ("bin/Debug/Tide.0.nupkg", "PK"),
        ]);
        let around = bench.around();
        assert!(Nuget.recognises(&Folder::read(&bench.project())));
        let packages = Nuget.packages(&bench.project(), &around).unwrap();
        assert_eq!(packages[0].name, "Tide");
        assert_eq!(names(Nuget.contents(&packages, &around).remove(0)), ["Tide.1.0.0.nupkg"]);
    }
}
