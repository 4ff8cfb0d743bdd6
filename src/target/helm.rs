//! Helm charts.

use std::path::{Path, PathBuf};

use super::built::plain;
use super::manifest::{self, Folder};
use super::run::Ask;
use super::{Package, Refusal, Scripts, Surroundings, Tool};

/// `helm package`.
pub struct Helm;

impl Tool for Helm {
    fn name(&self) -> &'static str {
        "helm"
    }

    fn asked(&self) -> &'static str {
        "`helm package` into a private temporary folder"
    }

    fn exactness(&self) -> &'static str {
        "every byte: the chart itself is looked at. Dependencies must lie in `charts` already"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        folder.has("Chart.yaml")
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let text = manifest::text(&folder.join("Chart.yaml"))
            .map_err(|error| Refusal::new(format!("its Chart.yaml cannot be read: {error}")))?;
        let field = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'));
            value.unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned()
        };
        Ok(vec![Package { version: field("version"), ..plain(&Helm, &field("name"), folder) }])
    }

    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let ask = Ask::tool(around, "helm", &package.folder)?.args(["package", ".", "--destination"]);
        ask.arg(into).packs(scripts, into)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::testing::Bench;
    use super::super::{Contents, pack};
    use super::*;

    #[test]
    fn the_chart_that_helm_packs_is_looked_at() {
        let bench = Bench::new(&[("Chart.yaml", "apiVersion: v2\nname: tide\nversion: \"1.2.0\"\nappVersion: 3\n")]);
        bench.program("helm", "[ \"$1 $2 $3\" = 'package . --destination' ] && echo x > \"$4/tide-1.2.0.tgz\"");
        let around = bench.around();
        let packages = Helm.packages(&bench.project(), &around).unwrap();
        assert_eq!(packages[0].to_string(), "helm package tide 1.2.0");
        let Ok(Contents::Files(files)) = Helm.contents(&packages, &around).remove(0) else { unreachable!() };
        assert_eq!((&*files[0].name, files[0].made), ("tide-1.2.0.tgz", true));
        bench.program("helm", "true");
        let into = around.scratch().unwrap();
        assert_eq!(pack(&packages[0], &into, Scripts::Run, &around).unwrap_err().to_string(), "`helm` made no file");
    }
}
