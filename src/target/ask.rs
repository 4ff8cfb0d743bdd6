//! Asking the tools of a folder what they would publish, and saying aloud where that is not what is looked at.

use std::path::{Path, PathBuf};

use super::built::plain;
use super::{Contents, Folder, Package, Refusal, Surroundings, TARGETS, Tool};

/// How many private packages are named.
const NAMED: usize = 5;

/// What is wanted of a folder.
#[derive(Clone, Copy)]
pub enum Wish {
    /// Whatever the folder is: each tool that publishes it is asked.
    Auto,
    /// This tool is asked.
    Tool(&'static dyn Tool),
}

/// What would be published of a folder.
#[derive(Debug, Default)]
pub struct Answer {
    /// A set for each package. Where there is none, everything in the folder is looked at.
    pub sets: Vec<Set>,
    /// What must be said aloud: what was skipped, and what is looked at whole.
    pub remarks: Vec<String>,
}

/// A package and what would be published of it.
#[derive(Debug)]
pub struct Set {
    /// The package.
    pub package: Package,
    /// Its contents.
    pub contents: Contents,
}

/// Asks what would be published of the folder at `folder`. Messages call it `shown`.
#[must_use]
pub fn ask(folder: &Path, shown: &str, wish: Wish, around: &Surroundings) -> Answer {
    let real = real(folder);
    let names = Folder::read(&real);
    let tools: Vec<&'static dyn Tool> = match wish {
        Wish::Tool(tool) => vec![tool],
        Wish::Auto => TARGETS.iter().copied().filter(|tool| tool.is_automatic() && tool.recognises(&names)).collect(),
    };
    let mut answer = Answer::default();
    let mut private = Vec::new();
    for tool in tools {
        match tool.packages(&real, around) {
            Ok(packages) => {
                let (kept_back, packages): (Vec<Package>, Vec<Package>) =
                    packages.into_iter().partition(|package| package.private.is_some());
                private.extend(kept_back);
                add(&mut answer, tool, packages, (&real, shown), around);
            }
            Err(refusal) => {
                answer.remarks.push(whole(shown, &refusal));
                let package = plain(tool, "", &real);
                answer.sets.push(Set { package, contents: Contents::Whole(real.clone()) });
            }
        }
    }
    say_private(&mut answer, &private, shown);
    answer
}

/// The folder as tools call it. Without links, because tools look for themselves in lists of real names.
pub(super) fn real(folder: &Path) -> PathBuf {
    // On Windows such names have a form that many tools do not understand.
    let real = if cfg!(windows) { std::path::absolute(folder) } else { folder.canonicalize() };
    real.unwrap_or_else(|_| folder.to_owned())
}

/// Adds the sets of these packages.
fn add(
    answer: &mut Answer,
    tool: &dyn Tool,
    packages: Vec<Package>,
    (real, shown): (&Path, &str),
    around: &Surroundings,
) {
    let contents = tool.contents(&packages, around);
    for (package, contents) in packages.into_iter().zip(contents) {
        let contents = contents.unwrap_or_else(|refusal| {
            let shown = below(shown, real, &package.folder);
            let (contents, remark) = match tool.instead(&package, around) {
                Some((contents, said)) => (contents, format!("{shown}: {said}, because {refusal}")),
                None => (Contents::Whole(package.folder.clone()), whole(&shown, &refusal)),
            };
            answer.remarks.push(remark);
            contents
        });
        answer.sets.push(Set { package, contents });
    }
}

/// The name of a folder below the one that was asked about.
fn below(shown: &str, real: &Path, folder: &Path) -> String {
    match folder.strip_prefix(real) {
        Ok(inside) if inside.as_os_str().is_empty() => shown.to_owned(),
        Ok(inside) if shown == "." => inside.display().to_string(),
        Ok(inside) => Path::new(shown).join(inside).display().to_string(),
        Err(_) => folder.display().to_string(),
    }
}

fn whole(shown: &str, refusal: &Refusal) -> String {
    format!(
        "{shown}: everything in the folder is looked at, which may be more than is published, because {refusal}; for \
         exactly what is published, pack it and give lastlook the archive"
    )
}

/// Says which packages nobody publishes. Where there is nothing else, the folder is looked at whole.
fn say_private(answer: &mut Answer, private: &[Package], shown: &str) {
    let Some(first) = private.first() else { return };
    let reason = first.private.as_deref().unwrap_or_default();
    let mut text = match private {
        [one] => format!("{shown}: the {one} {reason}"),
        many => {
            let names: Vec<&str> = many.iter().take(NAMED).map(|package| &*package.name).collect();
            let more = many.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{shown}: {} packages are private or not to be published ({}{more})", many.len(), names.join(", "))
        }
    };
    text.push_str(match (answer.sets.is_empty(), private.len()) {
        (true, _) => ", so that no tool publishes anything; everything in the folder is looked at",
        (false, 1) => ", and is skipped",
        (false, _) => ", and are skipped",
    });
    answer.remarks.push(text);
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    const NPM: &str = r#"{"name":"tide","version":"1.0.0"}"#;

    fn asked(bench: &Bench) -> (Vec<String>, Vec<String>) {
        let answer = ask(&bench.project(), "here", Wish::Auto, &bench.around());
        let set = |set: &Set| match &set.contents {
            Contents::Whole(_) => format!("{}: whole", set.package),
            Contents::Files(files) => {
                format!("{}: {}", set.package, files.iter().map(|file| &*file.name).collect::<Vec<_>>().join(" "))
            }
        };
        (answer.sets.iter().map(set).collect(), answer.remarks)
    }

    #[test]
    fn a_folder_without_a_manifest_is_nobodys() {
        assert_eq!(asked(&Bench::new(&[("index.html", ""), ("a/package.json", NPM)])), (vec![], vec![]));
    }

    #[test]
    fn a_tool_that_cannot_answer_makes_the_set_larger_aloud() {
        let bench = Bench::new(&[("package.json", NPM), ("secret", "")]);
        let (sets, remarks) = asked(&bench);
        assert_eq!(sets, ["npm package tide 1.0.0: whole"]);
        assert!(remarks[0].starts_with("here: everything in the folder is looked at"), "{remarks:?}");
        assert!(remarks[0].contains("because `npm` is not installed; "), "{remarks:?}");
        bench.program("npm", "echo nonsense");
        assert!(asked(&bench).1[0].contains("what `npm` answered cannot be read"));
        bench.file("package.json", "{\"name\":\"tide\",");
        assert_eq!(
            asked(&bench),
            (vec![], vec![]),
            "what is no manifest makes no package, and everything is looked at"
        );
    }

    #[test]
    fn private_packages_are_skipped_aloud_and_alone_they_are_looked_at_whole() {
        let bench = Bench::new(&[("package.json", r#"{"name":"root","version":"1.0.0","private":true}"#)]);
        let (sets, remarks) = asked(&bench);
        assert_eq!(sets, Vec::<String>::new());
        let expected = "here: the npm package root 1.0.0 is private, so that no tool publishes anything; everything in the \
                        folder is looked at";
        assert_eq!(remarks, [expected]);
        bench.file("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#);
        bench.file("packages/a/package.json", r#"{"name":"@s/a","version":"2.0.0"}"#);
        bench.program("npm", r#"echo '[{"name":"@s/a","files":[{"path":"package.json"}]}]'"#);
        let (sets, remarks) = asked(&bench);
        assert_eq!(sets, ["npm package @s/a 2.0.0: package.json"]);
        assert_eq!(remarks, ["here: the npm package root is private, and is skipped"]);
    }

    #[test]
    fn a_folder_that_is_several_things_is_each_of_them() {
        let bench = Bench::new(&[("package.json", NPM), ("pyproject.toml", "[project]\nname = \"tide\"\n")]);
        bench.file("dist/tide-1.tar.gz", "");
        bench.program("npm", r#"echo '[{"name":"tide","files":[{"path":"package.json"}]}]'"#);
        let (sets, remarks) = asked(&bench);
        assert_eq!(sets, ["npm package tide 1.0.0: package.json", "python package tide: tide-1.tar.gz"]);
        assert!(remarks.is_empty());
    }
}
