//! Names that tools give to sources elsewhere than in maps: from the root of the project, or by a path of the machine that
//! built it.

use std::collections::HashSet;

use super::beside::resolves;
use crate::finding::ArtifactPath;

/// How many folders above a file are tried as the root of its project, its own included.
const FOLDERS_ABOVE: usize = 8;
/// How many of the last parts of an absolute path are tried.
const PARTS: usize = 12;

/// Whether the package ships the source that the file at `from` names. Of an absolute path the end decides, as long as it
/// has a folder in it: `index.ts` alone lies in every package.
pub fn in_package(paths: &HashSet<String>, from: &ArtifactPath, name: &str) -> bool {
    let name = name.split('?').next().unwrap_or(name);
    let name = name.strip_prefix("file://").unwrap_or(name);
    let parts: Vec<&str> = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    let drive = parts.first().is_some_and(|first| first.ends_with(':'));
    let absolute = name.starts_with('/') || drive;
    let fewest = parts.len().min(2);
    let first = parts.len().saturating_sub(PARTS);
    let starts = if absolute { first..parts.len() + 1 - fewest } else { 0..1 };
    starts.map(|start| parts.get(start..).unwrap_or_default().join("/")).any(|end| {
        let above = std::iter::successors(Some(end), |name| Some(format!("../{name}")));
        above.take(FOLDERS_ABOVE).any(|name| resolves(paths, from, &name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_tells_a_file_of_the_package() {
        let paths: HashSet<String> =
            ["package/src/a.ts", "package/index.ts"].map(|path| format!("p.tgz!{path}")).into_iter().collect();
        let from = ArtifactPath::file("p.tgz").decompressed("p.tar").member("package/coverage/html/a.json");
        let shipped = |name: &str| in_package(&paths, &from, name);
        for name in ["/home/jdoe/app/src/a.ts", "C:\\app\\src\\a.ts", "file:///app/src/a.ts", "./src/a.ts", "index.ts"]
        {
            assert!(shipped(name), "{name}");
        }
        for name in ["/home/jdoe/app/index.ts", "src/b.ts", "/a.ts", "", "/"] {
            assert!(!shipped(name), "{name}");
        }
    }
}
