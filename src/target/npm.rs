//! npm: the list of its own `npm-packlist`, or `npm pack --dry-run`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifest::{Folder, PackageJson, client};
use super::run::Ask;
use super::{Contents, File, Package, Refusal, Scripts, Surroundings, Tool, workspaces};

/// What Node runs to ask the modules of npm.
const SCRIPT: &str = include_str!("npm_list.js");
/// How many folders are asked about at once: the length of an argument is limited.
const AT_ONCE: usize = 100;
/// How many places in an answer are tried as the beginning of its JSON.
const BEGINNINGS: usize = 64;

/// npm 9 and later.
pub struct Npm;

impl Tool for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn asked(&self) -> &'static str {
        "npm's own list of files, through Node; else `npm pack --dry-run --json --ignore-scripts`"
    }

    fn exactness(&self) -> &'static str {
        "names and content: npm changes no file when it packs. What `prepack` and `prepare` build must be built already; \
         the global ignore file that an `.npmrc` names (npm 12) is not applied, so that more is looked at"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        is_of_client(folder, "npm")
    }

    fn fits(&self, folder: &Folder) -> bool {
        is_client_package(folder)
    }

    fn packages(&self, folder: &Path, around: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let manifest = read(folder)?;
        let root = folder.to_owned();
        let mut packages: Vec<Package> = package(&Npm, folder, &root, &manifest).into_iter().collect();
        if !manifest.workspaces().is_empty() {
            for member in members(folder, &manifest, around)? {
                packages.extend(package(&Npm, &member, &root, &read(&member)?));
            }
        }
        Ok(packages)
    }

    fn contents(&self, packages: &[Package], around: &Surroundings) -> Vec<Result<Contents, Refusal>> {
        let folders: Vec<&Path> = packages.iter().map(|package| &*package.folder).collect();
        let lists = match Node::find(around).map(|node| node.lists(&folders, around)) {
            Some(Ok(lists)) => lists.into_iter().map(|list| list.map(|list| list.files)).collect(),
            Some(Err(_)) | None => vec![Err(Refusal::new("")); folders.len()],
        };
        let listed = lists.into_iter().zip(packages);
        let names =
            listed.map(|(list, package)| list.or_else(|_| dry_run(package, around)).map(|names| (names, package)));
        names.map(|names| names.and_then(|(names, package)| files(&package.folder, names))).collect()
    }

    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let ask = Ask::tool(around, "npm", &package.folder)?
            .args(["pack", "--dry-run=false", "--pack-destination"])
            .arg(into);
        if scripts == Scripts::Ignore {
            runs_nothing(package, around)?;
        }
        let ask = if scripts == Scripts::Ignore { ask.arg("--ignore-scripts") } else { ask };
        ask.packs(scripts, into)
    }
}

/// Whether the folder is a package, or a workspace of them, that this client publishes.
pub(super) fn is_of_client(folder: &Folder, name: &str) -> bool {
    let is_vscode = || folder.package_json().is_some_and(|manifest| manifest.is_vscode());
    is_client_package(folder) && !is_vscode() && client(folder) == name
}

/// Whether the folder is a package, or a workspace of them, that a JavaScript client can publish.
pub(super) fn is_client_package(folder: &Folder) -> bool {
    let Some(manifest) = folder.package_json() else { return false };
    manifest.is_package() || !manifest.workspaces().is_empty() || folder.has("pnpm-workspace.yaml")
}

/// The manifest in a folder.
pub(super) fn read(folder: &Path) -> Result<PackageJson, Refusal> {
    PackageJson::read(folder).map_err(|reason| Refusal::new(format!("its package.json cannot be read ({reason})")))
}

/// The package in a folder. A manifest without a name is not one.
pub(super) fn package(tool: &'static dyn Tool, folder: &Path, root: &Path, manifest: &PackageJson) -> Option<Package> {
    manifest.is_package().then(|| Package {
        tool,
        name: manifest.text("name").to_owned(),
        version: manifest.text("version").to_owned(),
        folder: folder.to_owned(),
        root: root.to_owned(),
        private: manifest.private(),
    })
}

/// The folders of a workspace's members.
fn members(folder: &Path, manifest: &PackageJson, around: &Surroundings) -> Result<Vec<PathBuf>, Refusal> {
    let asked = Node::find(around).and_then(|node| node.lists(&[folder], around).ok());
    match asked.and_then(|mut lists| lists.pop()?.ok()) {
        Some(list) => Ok(list.workspaces),
        None => workspaces::expand(folder, &manifest.workspaces()),
    }
}

/// Files of a package by their names. Names that lead out of the package are nonsense.
fn files(folder: &Path, names: Vec<String>) -> Result<Contents, Refusal> {
    let leads_out = |name: &String| Path::new(name).is_absolute() || name.split(['/', '\\']).any(|part| part == "..");
    if names.is_empty() || names.iter().any(leads_out) {
        return Err(Refusal::nonsense("npm"));
    }
    let file = |name: String| File { path: folder.join(&name), name, made: false };
    Ok(Contents::Files(names.into_iter().map(file).collect()))
}

/// An installed npm whose modules can be asked.
struct Node {
    node: PathBuf,
    npm: PathBuf,
}

/// What npm says of one folder.
struct List {
    files: Vec<String>,
    workspaces: Vec<PathBuf>,
}

impl Node {
    fn find(around: &Surroundings) -> Option<Self> {
        let of_script = |script: PathBuf| Some(script.parent()?.parent()?.to_owned());
        let calling = around.npm.clone().and_then(of_script);
        let beside = |program: PathBuf| {
            let installed = program.parent().map(|folder| folder.join("node_modules").join("npm"));
            let real = program.canonicalize().ok().and_then(of_script);
            [real, installed].into_iter().flatten().find(|root| is_npm(root))
        };
        let npm = calling.filter(|root| is_npm(root)).or_else(|| around.find("npm").and_then(beside))?;
        Some(Node { node: around.find("node")?, npm })
    }

    /// What npm says of each folder.
    fn lists(&self, folders: &[&Path], around: &Surroundings) -> Result<Vec<Result<List, Refusal>>, Refusal> {
        let mut all = Vec::new();
        for some in folders.chunks(AT_ONCE) {
            all.extend(self.some_lists(some, around)?);
        }
        Ok(all)
    }

    fn some_lists(&self, folders: &[&Path], around: &Surroundings) -> Result<Vec<Result<List, Refusal>>, Refusal> {
        let number = folders.len();
        // A name that is no Unicode cannot be said in JSON: npm is then asked in the folder itself.
        let folders: Option<Vec<&str>> = folders.iter().map(|folder| folder.to_str()).collect();
        let folders = serde_json::to_string(&folders.ok_or_else(|| Refusal::nonsense("npm"))?);
        let folders = folders.map_err(|_| Refusal::nonsense("npm"))?;
        let ask = Ask::program(around, "npm", &self.node, &self.npm).arg("-e").arg(SCRIPT).arg("--").arg(&self.npm);
        let lists = lists(ask.arg(folders).answer()?.text()?).filter(|lists| lists.len() == number);
        lists.ok_or_else(|| Refusal::nonsense("npm"))
    }
}

/// Whether the modules of an npm lie in this folder.
fn is_npm(root: &Path) -> bool {
    root.join("node_modules").join("npm-packlist").is_dir() && root.join("bin").join("npm-cli.js").is_file()
}

/// Reads the answer of [`SCRIPT`].
fn lists(text: &str) -> Option<Vec<Result<List, Refusal>>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let one = |list: &Value| {
        if let Some(error) = list.get("error").and_then(Value::as_str) {
            return Some(Err(Refusal::failed("npm", &format!("cannot list it: {error}"))));
        }
        let workspaces = strings(list.get("workspaces")?)?.into_iter().map(PathBuf::from).collect();
        Some(Ok(List { files: strings(list.get("files")?)?, workspaces }))
    };
    answer.get("lists")?.as_array()?.iter().map(one).collect()
}

fn strings(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Asks npm itself.
fn dry_run(package: &Package, around: &Surroundings) -> Result<Vec<String>, Refusal> {
    let ask = Ask::tool(around, "npm", &package.folder)?;
    runs_nothing(package, around)?;
    let answer = ask.args(["pack", "--dry-run", "--json", "--ignore-scripts"]).answer()?;
    packed(answer.text()?, &package.name).ok_or_else(|| Refusal::nonsense("npm"))
}

/// Refuses where npm would run a script in spite of `--ignore-scripts`: `prepare`, before npm 10 (pacote's `dir.js`).
fn runs_nothing(package: &Package, around: &Surroundings) -> Result<(), Refusal> {
    if !read(&package.folder)?.has_script("prepare") {
        return Ok(());
    }
    let answer = Ask::tool(around, "npm", &package.folder)?.arg("--version").answer()?;
    match answer.text()?.trim().split('.').next().and_then(|first| first.parse::<u32>().ok()) {
        Some(10..) => Ok(()),
        Some(_) => Err(Refusal::failed("npm", "is older than 10, and runs `prepare` whenever it packs")),
        None => Err(Refusal::nonsense("npm")),
    }
}

/// The names of the files of this package, from what `npm pack --json` or `npm publish --json` says: an array (npm 9 to
/// 11), or an object by names of packages (npm 12), or one package by itself. What scripts have said stands before it.
fn packed(text: &str, package: &str) -> Option<Vec<String>> {
    let is_start = |line: &str| line.trim_start().starts_with(['[', '{']);
    let mut at = 0;
    let mut starts = Vec::new();
    for line in text.split_inclusive('\n') {
        if is_start(line) && starts.len() < BEGINNINGS {
            starts.push(at);
        }
        at += line.len();
    }
    starts.into_iter().find_map(|start| names(&serde_json::from_str(text.get(start..)?.trim()).ok()?, package))
}

fn names(answer: &Value, package: &str) -> Option<Vec<String>> {
    let is_it = |one: &&Value| one.get("name").and_then(Value::as_str).is_none_or(|name| name == package);
    let one = match answer {
        Value::Array(all) => all.iter().find(is_it)?,
        Value::Object(fields) if !fields.contains_key("files") => fields.get(package)?,
        one => one,
    };
    let files = one.get("files")?.as_array()?;
    files.iter().map(|file| Some(file.get("path")?.as_str()?.replace('\\', "/"))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    const FILES: &str =
        r#""files":[{"path":"dist/a.js","size":1,"mode":420},{"path":"package.json","size":9,"mode":420}]"#;

    #[test]
    fn the_answers_of_every_version_are_read() {
        let inner = format!(r#"{{"id":"@s/a@1.0.0","name":"@s/a","version":"1.0.0",{FILES},"entryCount":2}}"#);
        let expected = Some(vec!["dist/a.js".to_owned(), "package.json".to_owned()]);
        let answers = [
            format!("[\n  {inner}\n]\n"),
            format!("{{\n  \"@s/a\": {inner}\n}}\n"),
            inner.clone(),
            format!("> @s/a@1.0.0 prepack\n> tsc\n\n[1/2] building\n{{ not json\n[\n  {inner}\n]\n"),
            format!("[{}, {inner}]", inner.replace("@s/a", "b").replace("dist/a.js", "other.js")),
        ];
        for answer in &answers {
            assert_eq!(packed(answer, "@s/a"), expected, "{answer}");
        }
        for nonsense in ["", "[]", "{}", "[[[[", "done", r#"[{"name":"@s/a"}]"#, r#"[{"files":[{"size":1}]}]"#] {
            assert_eq!(packed(nonsense, "@s/a"), None, "{nonsense}");
        }
    }

    #[test]
    fn the_answer_of_the_modules_is_read_and_a_failure_is_one_of_its_folder() {
        let lists = lists(r#"{"lists":[{"files":["a"],"workspaces":["/w/p"]},{"error":"ENOENT"}]}"#).unwrap();
        assert_eq!(lists[0].as_ref().unwrap().files, ["a"]);
        assert_eq!(lists[0].as_ref().unwrap().workspaces, [PathBuf::from("/w/p")]);
        assert_eq!(lists[1].as_ref().err().unwrap().to_string(), "`npm` cannot list it: ENOENT");
        assert!(super::lists("{}").is_none() && super::lists("").is_none());
    }

    #[test]
    #[cfg(unix)]
    fn without_modules_npm_itself_is_asked_and_without_npm_nobody_answers() {
        let bench = Bench::new(&[("package.json", r#"{"name":"a","version":"1.0.0"}"#), ("dist/a.js", "1")]);
        let around = bench.around();
        let packages = Npm.packages(&bench.project(), &around).unwrap();
        let refused = Npm.contents(&packages, &around).pop().unwrap().unwrap_err();
        assert_eq!(refused.to_string(), "`npm` is not installed");
        bench.program("npm", &format!("[ \"$*\" = 'pack --dry-run --json --ignore-scripts' ] && echo '[{{{FILES}}}]'"));
        let contents = Npm.contents(&packages, &around).pop().unwrap().unwrap();
        let Contents::Files(files) = contents else { unreachable!() };
        let names: Vec<&str> = files.iter().map(|file| &*file.name).collect();
        assert_eq!(names, ["dist/a.js", "package.json"]);
        assert_eq!(files[0].path, bench.project().join("dist/a.js"));
        bench.program("npm", r#"echo '[{"files":[{"path":"../../etc/passwd"}]}]'"#);
        let refused = Npm.contents(&packages, &around).pop().unwrap().unwrap_err();
        assert_eq!(refused.to_string(), "what `npm` answered cannot be read");
    }

    #[test]
    #[cfg(unix)]
    fn an_npm_that_would_run_a_script_is_not_asked() {
        let manifest = r#"{"name":"a","version":"1.0.0","scripts":{"prepare":"touch ran"}}"#;
        let bench = Bench::new(&[("package.json", manifest), ("dist/a.js", "1")]);
        let packages = Npm.packages(&bench.project(), &bench.around()).unwrap();
        let answers = |version: &str| {
            let script = format!("[ \"$1\" = --version ] && echo {version} && exit; touch ran; echo '[{{{FILES}}}]'");
            bench.program("npm", &script);
            let refused = Npm.contents(&packages, &bench.around()).pop().unwrap().err();
            (refused.map(|refusal| refusal.to_string()), bench.project().join("ran").exists())
        };
        let refusal = "`npm` is older than 10, and runs `prepare` whenever it packs";
        assert_eq!(answers("9.9.4"), (Some(refusal.to_owned()), false));
        let into = bench.around().scratch().unwrap();
        assert_eq!(Npm.pack(&packages[0], &into, Scripts::Ignore, &bench.around()).unwrap_err().to_string(), refusal);
        assert_eq!(answers("10.0.0"), (None, true));
    }

    #[test]
    fn a_private_package_is_one_and_a_manifest_without_a_name_is_not() {
        let of = |text: &str| {
            let bench = Bench::new(&[("package.json", text)]);
            Npm.packages(&bench.project(), &bench.around()).unwrap()
        };
        assert_eq!(of(r#"{"name":"a","version":"1.0.0","private":true}"#)[0].private.as_deref(), Some("is private"));
        assert_eq!(of(r#"{"name":"a"}"#)[0].private.as_deref(), Some("has no version"));
        assert!(of(r#"{"type":"module"}"#).is_empty());
        assert!(
            !Npm.recognises(&Folder::read(Bench::new(&[("package.json", r#"{"type":"module"}"#)]).project().as_path()))
        );
    }
}
