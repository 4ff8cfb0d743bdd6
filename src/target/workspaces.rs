//! The members of a workspace, where the client that publishes them cannot be asked for their folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::Refusal;

/// How many folders are visited; a workspace with more has its members somewhere else.
const FOLDERS: usize = 100_000;
/// How deep folders are visited below the root.
const DEPTH: usize = 64;

/// The folders with a package.json that these globs name, in order, without `root` itself. Globs are read as npm, Yarn and
/// Bun read them, and where those differ, so that more are members: `!` takes out again what stands before it, folders with
/// a dot are like others, and nothing in `node_modules` is a member.
///
/// # Errors
/// Where a glob cannot be read, or there are too many folders to be sure that none was missed.
pub fn expand(root: &Path, globs: &[&str]) -> Result<Vec<PathBuf>, Refusal> {
    let mut walks: BTreeMap<&Path, Walk> = BTreeMap::new();
    for glob in globs {
        let (takes_out, text) = glob.strip_prefix('!').map_or((false, *glob), |rest| (true, rest));
        let (above, text) = above(root, text).ok_or_else(|| unreadable(glob))?;
        walks.entry(above).or_insert_with(|| Walk::from(above)).add(takes_out, text).ok_or_else(|| unreadable(glob))?;
    }
    let mut found = Vec::new();
    for (above, mut walk) in walks {
        walk.folder(above, 0)?;
        found.append(&mut walk.found);
    }
    found.retain(|member| member != root);
    found.sort();
    found.dedup();
    Ok(found)
}

/// The folder that a glob starts from: members may lie beside the root. Answers the rest of the glob with it.
fn above<'t>(root: &'t Path, glob: &'t str) -> Option<(&'t Path, &'t str)> {
    let (mut folder, mut rest) = (root, glob.trim_end_matches('/'));
    loop {
        rest = match (rest.strip_prefix("./"), rest.strip_prefix("../")) {
            (Some(rest), _) => rest,
            (_, Some(rest)) => {
                folder = folder.parent()?;
                rest
            }
            _ => break,
        };
    }
    let is_plain = !rest.starts_with('/') && rest.split('/').all(|part| part != "..");
    is_plain.then_some((folder, rest))
}

fn unreadable(glob: &str) -> Refusal {
    Refusal::new(format!("its workspaces cannot be read (`{glob}`)"))
}

struct Walk<'w> {
    root: &'w Path,
    patterns: Vec<(bool, GlobMatcher)>,
    /// How deep members can lie.
    deep: usize,
    /// How deep links are followed: as far as a glob names every level. Below that, a link may lead back here.
    linked: usize,
    left: usize,
    found: Vec<PathBuf>,
}

impl<'w> Walk<'w> {
    fn from(root: &'w Path) -> Self {
        Walk { root, patterns: Vec::new(), deep: 0, linked: 0, left: FOLDERS, found: Vec::new() }
    }

    /// Adds a glob, if it can be read.
    fn add(&mut self, takes_out: bool, text: &str) -> Option<()> {
        // To us `@(a|b)` would be a name with brackets in it.
        if text.as_bytes().windows(2).any(|two| b"?*+@!".contains(&two[0]) && two[1] == b'(') {
            return None;
        }
        let matcher = |text: &str| Some(GlobBuilder::new(text).literal_separator(true).build().ok()?.compile_matcher());
        self.patterns.push((takes_out, matcher(text)?));
        if takes_out {
            return Some(());
        }
        // `a/**` names `a` as well, except to take it out: a member too many is better than one too few.
        if let Some(above) = text.strip_suffix("/**") {
            self.patterns.push((false, matcher(above)?));
        }
        let any_depth = text.find("**");
        let levels = text[..any_depth.unwrap_or(text.len())].matches('/').count();
        self.linked = self.linked.max(levels);
        self.deep = self.deep.max(any_depth.map_or(levels.saturating_add(1), |_| usize::MAX));
        Some(())
    }

    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Refusal> {
        if depth >= self.deep {
            return Ok(());
        }
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|one| one.path()).collect();
        entries.sort();
        for path in entries {
            let hidden = path.file_name().is_none_or(|name| name == "node_modules" || name == ".git");
            if hidden || !path.is_dir() {
                continue;
            }
            self.left = self.left.checked_sub(1).filter(|_| depth < DEPTH).ok_or_else(too_many)?;
            if self.is_member(&path) {
                self.found.push(path.clone());
            }
            if depth < self.linked || !path.is_symlink() {
                self.folder(&path, depth.saturating_add(1))?;
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

fn too_many() -> Refusal {
    Refusal::new("it has too many folders to find its members")
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
        for unreadable in ["a/../*", "/w/*", "a[", "packages/@(a|b)"] {
            assert!(expand(&root, &[unreadable]).is_err(), "{unreadable}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn members_may_lie_deep_and_behind_links_that_a_glob_names() {
        let deep = "packages/1/2/3/4/5/6/7/8/9/10/11";
        let bench = Bench::new(&[]);
        for folder in ["packages", "packages/1", deep, "elsewhere/z"] {
            bench.file(&format!("{folder}/package.json"), "{}");
        }
        let root = bench.project();
        std::os::unix::fs::symlink("elsewhere", root.join("link")).unwrap();
        std::os::unix::fs::symlink("../packages", root.join("packages/back")).unwrap();
        let found = |globs: &[&str]| -> Vec<String> {
            let found = expand(&root, globs).unwrap();
            found.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
        };
        // `back` is a folder with a package.json, too: but nothing is looked for behind it.
        assert_eq!(found(&["packages/**"]), ["packages", "packages/1", deep, "packages/back"]);
        assert_eq!((found(&["link/*"]), found(&["link/**"])), (vec!["link/z".to_owned()], vec!["link/z".to_owned()]));
        assert_eq!(found(&["packages/*/1"]), ["packages/back/1"]);
        assert_eq!(expand(&root.join("link"), &["../packages"]).unwrap(), [root.join("packages")]);
        assert_eq!(expand(&root.join("packages"), &["./../*", "!../link"]).unwrap(), Vec::<PathBuf>::new());
        let far = vec!["d"; DEPTH + 1].join("/");
        bench.file(&format!("{far}/package.json"), "{}");
        assert!(expand(&root, &["**"]).unwrap_err().to_string().contains("too many folders"));
        assert_eq!(found(&["packages", "d/*"]), ["packages"]);
    }
}
