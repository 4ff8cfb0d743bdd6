//! Folders that are published as they are: everything in them is.

use std::path::{Path, PathBuf};

use super::built::plain;
use super::manifest::Folder;
use super::{Contents, Package, Refusal, Scripts, Surroundings, Tool};

/// Defines a kind of folder that is published as it is.
macro_rules! whole {
    ($(#[$doc:meta])* $type:ident, $name:literal, $asked:literal, $exactness:literal, $recognises:expr) => {
        $(#[$doc])*
        pub struct $type;

        impl Tool for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn asked(&self) -> &'static str {
                $asked
            }

            fn exactness(&self) -> &'static str {
                $exactness
            }

            fn recognises(&self, folder: &Folder) -> bool {
                let recognises: fn(&Folder) -> bool = $recognises;
                recognises(folder)
            }

            fn fits(&self, _: &Folder) -> bool {
                true
            }

            fn is_automatic(&self) -> bool {
                false
            }

            fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
                let name = folder.file_name().unwrap_or_default().to_string_lossy();
                Ok(vec![plain(&$type, &name, folder)])
            }

            fn contents(&self, packages: &[Package], _: &Surroundings) -> Vec<Result<Contents, Refusal>> {
                packages.iter().map(|package| Ok(Contents::Whole(package.folder.clone()))).collect()
            }

            fn pack(&self, _: &Package, _: &Path, _: Scripts, _: &Surroundings) -> Result<Vec<PathBuf>, Refusal> {
                Err(Refusal::new("nothing packs it: it is published as it is"))
            }
        }
    };
}

whole!(
    /// A container image: an OCI layout.
    Image,
    "image",
    "nobody: the layout is looked at, and so is a `docker save` archive given by its name",
    "every byte of every layer, also of files that a later layer deletes, and the configuration",
    |folder| folder.has("oci-layout") && folder.has("index.json")
);

whole!(
    /// An application that Electron runs, as a packager leaves it.
    Electron,
    "electron",
    "nobody: everything in the output folder is looked at",
    "every byte of the folder; an installer made from it is a file of its own: look at it as well",
    is_electron
);

whole!(
    /// A static site.
    Site,
    "site",
    "nobody: everything in the folder is looked at",
    "every byte of the folder; some hosts leave hidden files out",
    |folder| folder.has("index.html")
);

whole!(
    /// Files that are attached to a release.
    Assets,
    "assets",
    "nobody: every file in the folder is looked at",
    "every byte of the folder",
    |_| false
);

fn is_electron(folder: &Folder) -> bool {
    let is_app =
        |resources: PathBuf| resources.join("app.asar").is_file() || resources.join("app/package.json").is_file();
    let bundle = |name: &str| is_app(folder.path().join(name).join("Contents/Resources"));
    folder.has("resources") && is_app(folder.path().join("resources")) || folder.ending(".app").any(bundle)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    #[test]
    fn folders_are_told_by_what_lies_in_them() {
        let kinds = |files: &[(&str, &str)]| -> Vec<&str> {
            let bench = Bench::new(files);
            let folder = Folder::read(&bench.project());
            [&Image as &dyn Tool, &Electron, &Site, &Assets]
                .into_iter()
                .filter(|tool| tool.recognises(&folder))
                .map(Tool::name)
                .collect()
        };
        assert_eq!(kinds(&[("oci-layout", ""), ("index.json", "")]), ["image"]);
        assert_eq!(kinds(&[("resources/app.asar", "")]), ["electron"]);
        assert_eq!(kinds(&[("Tide.app/Contents/Resources/app.asar", "")]), ["electron"]);
        assert_eq!(kinds(&[("index.html", "")]), ["site"]);
        assert!(kinds(&[("a.zip", "")]).is_empty());
    }
}
