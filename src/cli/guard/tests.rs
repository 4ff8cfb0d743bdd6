//! What guard makes of the command lines of every tool.

use std::fs;

use super::super::plan::{Arg, Plan, Proof, Step, Unit};
use super::*;

/// A project: a folder with these files, in which tools answer as `answers` says (words that are asked for, answer).
struct Project {
    folder: tempfile::TempDir,
    answers: Vec<(&'static str, &'static str)>,
}

impl Project {
    fn new(files: &[(&str, &str)], answers: &[(&'static str, &'static str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Project { folder, answers: answers.to_vec() }
    }

    /// A package with these scripts.
    fn package(scripts: &[&str]) -> Self {
        let scripts: Vec<String> = scripts.iter().map(|name| format!("\"{name}\":\"x\"")).collect();
        let text = format!(r#"{{"name":"acme","version":"1.2.3","scripts":{{{}}}}}"#, scripts.join(","));
        Project::new(&[("package.json", &text), ("acme.tgz", "x"), ("sub/package.json", &text)], &[])
    }

    fn plan(&self, line: &str) -> Result<Plan, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let ask = |step: &Step| {
            let asked = shown(step);
            let found = self.answers.iter().find(|(words, _)| asked.contains(words));
            found.map(|(_, answer)| answer.as_bytes().to_vec()).ok_or_else(|| format!("nobody knows {asked}"))
        };
        plan(&words, &Here { folder: self.folder.path().to_owned(), ask: &ask })
    }

    #[track_caller]
    fn unit(&self, line: &str) -> Unit {
        let mut plan = self.plan(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(plan.units.len(), 1, "{line}");
        plan.units.remove(0)
    }

    #[track_caller]
    fn refused(&self, line: &str, hint: &str) {
        let error = self.plan(line).expect_err(line);
        assert!(error.contains(hint), "{line}: {error}");
    }
}

/// A command in one line: `DIR` is the private folder, `FILES` what was looked at.
fn shown(step: &Step) -> String {
    let word = |word: &Arg| match word {
        Arg::Word(word) => word.to_string_lossy().into_owned(),
        Arg::Folder(before) => format!("{before}DIR"),
        Arg::Inside(below) => format!("DIR/{below}"),
        Arg::Files => "FILES".to_owned(),
    };
    step.words.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn all(steps: &[Step]) -> Vec<String> {
    steps.iter().map(shown).collect()
}

#[test]
fn npm_packs_with_the_options_of_the_user_and_publishes_that_file() {
    let unit = Project::package(&[]).unit("npm publish --tag next --dry-run --otp=123456 --registry https://r.example");
    assert_eq!(
        shown(&unit.make.unwrap()),
        "npm pack --dry-run=false --tag next --otp=123456 --registry https://r.example --pack-destination=DIR"
    );
    assert_eq!(
        shown(&unit.publish),
        "npm publish --tag next --dry-run --otp=123456 --registry https://r.example FILES"
    );
    assert_eq!(unit.proof, Proof::ThisFile);
}

#[test]
fn npm_takes_a_folder_or_an_archive_by_its_path_only() {
    let project = Project::package(&[]);
    let unit = project.unit("npm publish --access public ./acme.tgz");
    assert_eq!((unit.make, unit.given), (None, vec![project.folder.path().join("./acme.tgz")]));
    assert_eq!(shown(&unit.publish), "npm publish --access public FILES");
    let unit = project.unit("npm publish ./sub");
    assert_eq!(unit.make.unwrap().folder, project.folder.path().join("./sub"));
    project.refused("npm publish sub", "./sub");
    project.refused("npm publish acme@1.0.0", "no path");
    project.refused("npm publish https://example.org/a.tgz", "no path");
    project.refused("npm publish ./nowhere", "cannot be read");
    project.refused("npm publish ./sub ./acme.tgz", "only one package");
    project.refused("npm publish --prefix ./sub", "change into the folder");
    project.refused("npm install", "guard stands in front of commands that publish");
    project.refused("npm publish --help", "without guard");
}

#[test]
fn scripts_that_archives_do_not_run_are_run_around_them() {
    let project = Project::package(&["prepublishOnly", "prepack", "publish", "postpublish"]);
    let unit = project.unit("npm publish");
    assert_eq!(all(&unit.prepare), ["npm run prepublishOnly"]);
    // npm runs `postpublish` behind a `publish` by itself.
    assert_eq!(all(&unit.after), ["npm run publish"]);
    let dry = project.unit("npm publish --dry-run");
    assert_eq!((all(&dry.prepare).len(), dry.after.len()), (1, 0), "nothing was uploaded");
    let none = project.unit("npm publish --ignore-scripts");
    assert_eq!((none.prepare.len(), none.after.len()), (0, 0));
    assert!(shown(&none.make.unwrap()).contains(" --ignore-scripts "));
    let configured = Project { answers: vec![("config get ignore-scripts", "true\n")], ..project };
    assert_eq!(configured.unit("npm publish").prepare.len(), 0);
    let both = Project::package(&["prepublish", "publish", "postpublish"]).unit("npm publish");
    assert_eq!(all(&both.after), ["npm run publish --ignore-scripts", "npm run postpublish --ignore-scripts"]);
    let pnpm = Project::package(&["prepublishOnly", "publish", "postpublish"]).unit("pnpm publish");
    assert_eq!(
        [all(&pnpm.prepare), all(&pnpm.after)].concat(),
        ["prepublishOnly", "publish", "postpublish"]
            .map(|event| format!("pnpm --config.enable-pre-post-scripts=false run {event}"))
    );
}

#[test]
fn workspaces_are_published_one_by_one_without_the_private_ones() {
    let mut project = Project::package(&[]);
    project.answers = vec![(
        "pkg get name private scripts --json",
        r#"{"a":{"name":"a","scripts":{"prepublishOnly":"x"}},"@s/b":{"name":"@s/b"},"c":{"name":"c","private":true}}"#,
    )];
    let plan = project.plan("npm publish --workspaces --tag next").unwrap();
    // In the order of their names: serde_json sorts keys.
    let packs: Vec<String> = plan.units.iter().map(|unit| shown(unit.make.as_ref().unwrap())).collect();
    assert_eq!(
        packs,
        ["@s/b", "a"]
            .map(|name| format!("npm pack --dry-run=false --tag next --workspace={name} --pack-destination=DIR"))
    );
    assert_eq!(all(&plan.units[1].prepare), ["npm run prepublishOnly --workspace=a"]);
    assert!(plan.units.iter().all(|unit| shown(&unit.publish) == "npm publish --tag next FILES"));
    assert_eq!(plan.notes, ["c is private, and is not published"]);
    assert_eq!(project.plan("npm publish -w a -w c").unwrap().units.len(), 2);
    project.refused("npm publish -w a ./sub", "leave one of them out");
    project.refused("npm publish -ws -iwr", "a call each");
    project.answers = vec![("pkg get", r#"{"a":{"name":"other"}}"#)];
    project.refused("npm publish -ws", "has no name");
    Project::new(&[("package.json", r#"{"name":"a","private":true}"#)], &[]).refused("npm publish", "private");
    Project::new(&[], &[]).refused("npm publish", "package.json");
}

#[test]
fn pnpm_and_bun_pack_and_publish_that_file() {
    let project = Project::package(&[]);
    let unit = project.unit("pnpm publish --no-git-checks --ignore-scripts --tag next");
    assert_eq!(shown(&unit.make.unwrap()), "pnpm pack --pack-destination DIR/ --config.ignore-scripts=true");
    assert_eq!(shown(&unit.publish), "pnpm publish --no-git-checks --ignore-scripts --tag next FILES");
    project.refused("pnpm publish -r", "one by one");
    project.refused("pnpm publish --filter a", "one by one");
    project.refused("pnpm -r publish", "one by one");
    let unit = project.unit("bun publish --access public --gzip-level 9 --ignore-scripts");
    assert_eq!(shown(&unit.make.unwrap()), "bun pm pack --destination DIR/ --ignore-scripts --gzip-level 9");
    assert_eq!(shown(&unit.publish), "bun publish --access public --gzip-level 9 --ignore-scripts FILES");
    project.refused("bun publish ./sub", "change into it");
    assert_eq!(project.unit("bun publish ./acme.tgz").given.len(), 1);
}

#[test]
fn the_classic_yarn_publishes_a_file_without_a_new_version() {
    let mut project = Project::package(&["prepublishOnly", "prepare", "publish", "postpublish"]);
    project.answers = vec![("yarn --version", "1.22.22\n"), ("config get ignore-scripts", "undefined")];
    let unit = project.unit("yarn publish --tag next");
    assert_eq!(all(&unit.prepare), ["yarn run prepare", "yarn run prepublishOnly"]);
    assert_eq!(shown(&unit.make.unwrap()), "yarn pack --filename DIR/package.tgz");
    assert_eq!(shown(&unit.publish), "yarn publish FILES --tag next --non-interactive --ignore-scripts");
    assert_eq!(all(&unit.after), ["yarn run publish"]);
    project.refused("yarn publish --new-version 2.0.0", "yarn version");
    project.refused("yarn publish --cwd sub", "change into the folder");
    project.answers = vec![("yarn --version", "4.18.1\n")];
    project.refused("yarn publish", "yarn npm publish");
}

#[test]
fn later_yarns_pack_again_so_that_is_compared() {
    let project = Project::package(&[]);
    let unit = project.unit("node .yarn/releases/yarn-4.18.1.cjs npm publish --tag next");
    assert_eq!(shown(&unit.make.unwrap()), "node .yarn/releases/yarn-4.18.1.cjs pack --out DIR/package.tgz");
    assert_eq!(shown(&unit.publish), "node .yarn/releases/yarn-4.18.1.cjs npm publish --tag next");
    let Proof::Again { asked: Some(asked), .. } = unit.proof else { panic!("{:?}", unit.proof) };
    assert!(shown(&asked).ends_with("npm info acme@1.2.3 --fields dist --json"));
    let dry = project.unit("yarn npm publish --dry-run");
    assert_eq!(dry.proof, Proof::Again { left: Vec::new(), asked: None });
    project.refused("yarn --cwd=sub npm publish", "--cwd");
    project.refused("yarn npm publish ./acme.tgz", "takes no");
    project.refused("yarn workspaces foreach npm publish", "guard stands in front");
}

#[test]
fn cargo_packs_into_the_private_folder_and_is_compared() {
    let project = Project::new(&[], &[("cargo +stable metadata --no-deps", r#"{"target_directory":"/t"}"#)]);
    let unit = project.unit("cargo +stable publish -p acme --allow-dirty --token secret --dry-run --features a,b");
    assert_eq!(
        shown(&unit.make.unwrap()),
        "cargo +stable package --no-verify -p acme --allow-dirty --features a,b --target-dir DIR/target"
    );
    assert_eq!(
        shown(&unit.publish),
        "cargo +stable publish -p acme --allow-dirty --token secret --dry-run --features a,b"
    );
    assert_eq!(
        unit.proof,
        Proof::Again { left: ["/t/package/tmp-crate", "/t/package"].map(PathBuf::from).to_vec(), asked: None }
    );
    project.refused("cargo publish acme", "takes no");
    project.refused("cargo build", "guard stands in front");
}

#[test]
fn uploaders_get_copies_of_what_they_were_told_to_upload() {
    let files = [
        "dist/a-1.tar.gz",
        "dist/a-1-py3-none-any.whl",
        "dist/.hidden",
        "a.nupkg",
        "a.snupkg",
        "c-1.tgz",
        "c-1.tgz.prov",
    ];
    let project = Project::new(&files.map(|name| (name, "x")), &[]);
    let at = |name: &str| project.folder.path().join(name);
    let unit = project.unit("twine upload -r testpypi --skip-existing dist/a-1.tar.gz dist/a-1-py3-none-any.whl");
    assert_eq!(unit.given, [at("dist/a-1.tar.gz"), at("dist/a-1-py3-none-any.whl")]);
    assert_eq!(shown(&unit.publish), "twine upload -r testpypi --skip-existing FILES");
    // A pattern that no shell has expanded, and the one that uv takes without a word.
    for line in ["python3 -m twine upload dist/*", "uv publish"] {
        assert_eq!(project.unit(line).given, [at("dist/a-1-py3-none-any.whl"), at("dist/a-1.tar.gz")], "{line}");
    }
    project.refused("twine upload", "names no file");
    project.refused("twine upload dist", "is a folder");
    project.refused("twine upload nowhere/*", "cannot be read");
    project.refused("twine upload other.whl", "no file");
    project.refused("uv publish --directory sub", "cannot tell");
    let unit = project.unit("dotnet nuget push a.nupkg -k key --source https://n.example");
    assert_eq!((unit.given, unit.along), (vec![at("a.nupkg")], vec![at("a.snupkg")]), "symbols go along");
    assert!(project.unit("dotnet nuget push a.nupkg --no-symbols").along.is_empty());
    let unit = project.unit("helm push c-1.tgz oci://r.example/charts");
    assert_eq!(
        (shown(&unit.publish), unit.along),
        ("helm push FILES oci://r.example/charts".to_owned(), vec![at("c-1.tgz.prov")])
    );
    assert_eq!(project.unit("gem push c-1.tgz --host https://g.example").given, [at("c-1.tgz")]);
    // As one word ovsx takes one file only.
    let unit = project.unit("ovsx publish -p token -i c-1.tgz");
    assert_eq!(shown(&unit.publish), "ovsx publish -p token --packagePath FILES");
}

#[test]
fn extensions_are_packed_or_taken_as_they_are() {
    let project = Project::new(&[("a.vsix", "x"), ("b.vsix", "x")], &[]);
    let unit = project.unit("npx --yes @vscode/vsce publish --pat secret --target linux-x64 --pre-release");
    assert_eq!(
        shown(&unit.make.unwrap()),
        "npx --yes @vscode/vsce package --target linux-x64 --pre-release --out DIR/extension.vsix"
    );
    assert_eq!(shown(&unit.publish), "npx --yes @vscode/vsce publish --pat secret --pre-release --packagePath FILES");
    // What the one command knows and the other does not.
    let unit =
        project.unit("vsce publish --no-verify --allow-proposed-apis tide --ignore-other-target-folders --sign-tool s");
    assert_eq!(shown(&unit.make.unwrap()), "vsce package --ignore-other-target-folders --out DIR/extension.vsix");
    assert_eq!(
        shown(&unit.publish),
        "vsce publish --no-verify --allow-proposed-apis tide --sign-tool s --packagePath FILES"
    );
    project.refused("vsce publish --ignore-other-target-folders minor", "npm version");
    let settings = r#"{"vsce":{"targets":["web"],"allowProposedApis":["a","b"],"skipDuplicate":true,"signTool":"s"}}"#;
    let set = Project::new(&[("package.json", settings)], &[]);
    set.refused("vsce publish", "once for each");
    let publish = shown(&set.unit("vsce publish --target web --sign-tool mine").publish);
    let told = "--sign-tool mine --skip-duplicate --allow-proposed-apis a b --packagePath FILES";
    assert_eq!(publish, format!("vsce publish {told}"));
    let twice = r#"{"vsce":{"noVerify":true,"allowAllProposedApis":true}}"#;
    let publish = shown(&Project::new(&[("package.json", twice)], &[]).unit("vsce publish").publish);
    assert_eq!(publish, "vsce publish --allow-all-proposed-apis --packagePath FILES");
    assert_eq!(project.unit("vsce publish -i a.vsix b.vsix").given.len(), 2);
    project.refused("vsce publish minor", "npm version");
    project.refused("vsce publish -t linux-x64 darwin-arm64", "once for each");
}

#[test]
fn images_are_saved_by_what_their_name_stands_for() {
    let project = Project::new(&[], &[("image inspect", "sha256:abc\n")]);
    let unit = project.unit("docker push -q example.org/app:1");
    assert_eq!(shown(&unit.make.unwrap()), "docker image save --output DIR/image.tar sha256:abc");
    assert_eq!(shown(&unit.publish), "docker push -q example.org/app:1");
    let Proof::Name { says, .. } = unit.proof else { panic!("{:?}", unit.proof) };
    assert_eq!(says, "sha256:abc");
    project.refused("docker push --all-tags app", "one by one");
    project.refused("docker build --push .", "guard stands in front");
    assert_eq!(shown(&project.unit("podman image push app").publish), "podman image push app");
}

#[test]
fn what_guard_does_not_know_is_refused_with_a_word_on_what_to_do() {
    let project = Project::new(&[], &[]);
    project.refused("poetry publish", "twine upload");
    project.refused("goreleaser release", "lets nothing pass unseen");
    project.refused("npx semantic-release", "lets nothing pass unseen");
    project.refused("sh -c npm", "guard does not know");
    project.refused("npm", "guard knows");
    project.refused("twine --no-color upload a", "before the command");
}
