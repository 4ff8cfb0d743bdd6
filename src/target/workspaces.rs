//! The members of a workspace, where the client that publishes them cannot be asked for their folders.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::Refusal;

/// How many folders are visited; a workspace with more has its members somewhere else.
const FOLDERS: usize = 100_000;
/// How deep folders are visited below the root.
const DEPTH: usize = 8;

/// The folders with a package.json that these globs name, below `root` and in order. Globs are read as npm, Yarn and Bun
/// read them: `!` takes out again, and nothing in `node_modules` is a member.
///
/// # Errors
/// Where a glob cannot be read, or there are too many folders to be sure that none was missed.
pub fn expand(root: &Path, globs: &[&str]) -> Result<Vec<PathBuf>, Refusal> {
    let mut patterns = Vec::new();
    for glob in globs {
        let (takes_out, text) = glob.strip_prefix('!').map_or((false, *glob), |rest| (true, rest));
        let text = text.trim_start_matches("./").trim_end_matches('/');
        if text.split('/').any(|part| part == "..") {
            return Err(Refusal::new(format!("its workspaces lie elsewhere (`{glob}`)")));
        }
        let matcher = GlobBuilder::new(text).literal_separator(true).build();
        let matcher = matcher.map_err(|_| Refusal::new(format!("its workspaces cannot be read (`{glob}`)")))?;
        patterns.push((takes_out, matcher.compile_matcher()));
    }
    let mut walk = Walk { root, patterns, left: FOLDERS, found: Vec::new() };
    walk.folder(root, 0)?;
    walk.found.sort();
    Ok(walk.found)
}

struct Walk<'w> {
    root: &'w Path,
    patterns: Vec<(bool, GlobMatcher)>,
    left: usize,
    found: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Refusal> {
        if depth >= DEPTH {
            return Ok(());
        }
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|one| one.path()).collect();
        entries.sort();
        for path in entries {
            let hidden = path.file_name().is_none_or(|name| name == "node_modules" || name == ".git");
            // Members may be links, but what lies below a link is not looked through: it may lead back here.
            if hidden || !path.is_dir() {
                continue;
            }
            self.left =
                self.left.checked_sub(1).ok_or_else(|| Refusal::new("it has too many folders to find its members"))?;
            if self.is_member(&path) {
                self.found.push(path.clone());
            }
            if !path.is_symlink() {
                self.folder(&path, depth + 1)?;
            }
        }
        Ok(())
    }

    /// The last glob that speaks of the folder decides.
    fn is_member(&self, path: &Path) -> bool {
        let name = path.strip_prefix(self.root).unwrap_or(path);
        let last = self.patterns.iter().rev().find(|(_, matcher)| matcher.is_match(name));
        last.is_some_and(|(takes_out, _)| !takes_out) && path.join("package.json").is_file()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    #[test]
    fn members_are_the_folders_that_the_globs_name() {
        let manifests = ["packages/a", "packages/b/deep", "packages/old", "tools/x", "node_modules/packages/n", "."];
        let names: Vec<String> = manifests.iter().map(|folder| format!("{folder}/package.json")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "{}")).collect();
        let bench = Bench::new(&files);
        bench.file("packages/empty/readme", "");
        let root = bench.project();
        let found = |globs: &[&str]| -> Vec<String> {
            let found = expand(&root, globs).unwrap();
            found.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
        };
        assert_eq!(found(&["./packages/*/"]), ["packages/a", "packages/old"]);
        assert_eq!(found(&["packages/**", "!packages/old", "tools/x"]), ["packages/a", "packages/b/deep", "tools/x"]);
        assert!(expand(&root, &["../*"]).is_err() && expand(&root, &["a["]).is_err());
    }
}
