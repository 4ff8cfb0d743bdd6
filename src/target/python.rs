//! Python: the distributions in `dist`, or those that the project's own backend builds.

use std::path::{Path, PathBuf};

use super::built::{archives, built, plain};
use super::manifest::{self, Folder};
use super::run::Ask;
use super::{Contents, Package, Refusal, Scripts, Surroundings, Tool};

/// sdist and wheel.
pub struct Python;

impl Tool for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn asked(&self) -> &'static str {
        "the wheels and sdists in `dist`, as `twine upload dist/*` takes them; with `--build`: `python -m build \
         --no-isolation` into a private temporary folder"
    }

    fn exactness(&self) -> &'static str {
        "every byte of the distributions that are there; whether they are those of the last change nobody can tell. \
         `--build` needs the `build` module and the project's backend installed, and runs the backend"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        let text = |name: &str| if folder.has(name) { manifest::text(&folder.path().join(name)).ok() } else { None };
        let tables = ["[project]", "[build-system]", "[tool.poetry]"];
        // Many projects have a pyproject.toml that only sets up tools.
        folder.has("setup.py")
            || text("pyproject.toml").is_some_and(|text| text.lines().any(|line| tables.contains(&line.trim())))
            || text("setup.cfg").is_some_and(|text| text.lines().any(|line| line.trim() == "[metadata]"))
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let text = manifest::text(&folder.join("pyproject.toml")).unwrap_or_default();
        let document: toml::Table = toml::from_str(&text).unwrap_or_default();
        let project = document.get("project").or_else(|| document.get("tool")?.get("poetry"));
        let field = |key: &str| project.and_then(|table| table.get(key)?.as_str()).unwrap_or_default().to_owned();
        let classifiers = project.and_then(|table| table.get("classifiers")?.as_array());
        let is_private = |one: &toml::Value| one.as_str().is_some_and(|text| text.starts_with("Private ::"));
        let private = classifiers.into_iter().flatten().any(is_private);
        let private = private.then(|| "is private (by a classifier)".to_owned());
        Ok(vec![Package { version: field("version"), private, ..plain(&Python, &field("name"), folder) }])
    }

    fn contents(&self, packages: &[Package], around: &Surroundings) -> Vec<Result<Contents, Refusal>> {
        let one = |package: &Package| {
            if around.build {
                return self.pack(package, &around.scratch()?, Scripts::Run, around).map(Contents::archives);
            }
            let mut found = archives(&package.folder.join("dist"), &["whl", "gz", "zip", "egg", "bz2"]);
            // A compressed file that is no sdist is nothing that twine would take.
            let is_sdist = |path: &Path| {
                path.to_string_lossy().ends_with(".tar.gz") || path.to_string_lossy().ends_with(".tar.bz2")
            };
            found.retain(|path| {
                is_sdist(path) || path.extension().is_none_or(|ending| ending != "gz" && ending != "bz2")
            });
            built(vec![found], "dist (build it first, or let lastlook do it with --build)")
        };
        packages.iter().map(one).collect()
    }

    fn pack(&self, package: &Package, into: &Path, _: Scripts, around: &Surroundings) -> Result<Vec<PathBuf>, Refusal> {
        let python = ["python3", "python"].into_iter().find(|name| around.find(name).is_some());
        let ask = Ask::tool(around, python.unwrap_or("python3"), &package.folder)?;
        ask.args(["-m", "build", "--no-isolation", "--outdir"]).arg(into).arg(".").packs(Scripts::Run, into)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    const PROJECT: &str = "[project]\nname = \"tide\"\nversion = \"1.0.0\"\n";

    #[test]
    fn what_lies_in_dist_is_what_is_uploaded() {
        let bench = Bench::new(&[
            ("pyproject.toml", PROJECT),
            ("dist/tide-1.0.0.tar.gz", ""),
            ("dist/tide-1.0.0-py3-none-any.whl", ""),
        ]);
        bench.file("dist/app.js.gz", "");
        bench.file("dist/index.html", "");
        let around = bench.around();
        let packages = Python.packages(&bench.project(), &around).unwrap();
        assert_eq!((&*packages[0].name, &*packages[0].version), ("tide", "1.0.0"));
        let Ok(Contents::Files(files)) = Python.contents(&packages, &around).remove(0) else { unreachable!() };
        let names: Vec<&str> = files.iter().map(|file| &*file.name).collect();
        assert_eq!(names, ["tide-1.0.0-py3-none-any.whl", "tide-1.0.0.tar.gz"]);
    }

    #[test]
    fn a_file_that_only_sets_up_tools_makes_no_package_and_nothing_built_is_said() {
        let recognises = |files: &[(&str, &str)]| Python.recognises(&Folder::read(&Bench::new(files).project()));
        assert!(!recognises(&[("pyproject.toml", "[tool.ruff]\nline-length = 100\n")]));
        assert!(recognises(&[("pyproject.toml", PROJECT)]) && recognises(&[("setup.py", "")]));
        assert!(
            recognises(&[("setup.cfg", "[metadata]\nname = tide\n")]) && !recognises(&[("setup.cfg", "[flake8]\n")])
        );
        let bench = Bench::new(&[("pyproject.toml", PROJECT)]);
        let packages = Python.packages(&bench.project(), &bench.around()).unwrap();
        let refused = Python.contents(&packages, &bench.around()).remove(0).unwrap_err();
        assert!(refused.to_string().starts_with("nothing is built in dist "), "{refused}");
    }

    #[test]
    #[cfg(unix)]
    fn it_is_built_when_that_is_asked_for() {
        let bench = Bench::new(&[("pyproject.toml", PROJECT)]);
        bench.program("python3", "[ \"$1 $2 $3\" = '-m build --no-isolation' ] && echo x > \"$5/tide-1.0.0.tar.gz\"");
        let around = Surroundings { build: true, ..bench.around() };
        let packages = Python.packages(&bench.project(), &around).unwrap();
        let Ok(Contents::Files(files)) = Python.contents(&packages, &around).remove(0) else { unreachable!() };
        assert!(files[0].made && files[0].name == "tide-1.0.0.tar.gz");
    }
}
