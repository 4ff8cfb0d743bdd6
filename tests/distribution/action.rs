//! `action.yml` and `.pre-commit-hooks.yaml`: read by a reader of YAML, and their steps run as their hosts would.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;

use super::workshop::{program, root, run, targets, text};

/// An environment with pre-commit, and so with a reader of YAML.
static PYTHON: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    run(Command::new("python3").args(["-m", "venv"]).arg(folder.path()));
    let pip = folder.path().join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", "pre-commit==4.7.0"]));
    folder
});

fn yaml(name: &str) -> Value {
    let convert = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let mut python = Command::new(PYTHON.path().join("bin/python"));
    serde_json::from_str(&run(python.args(["-c", convert]).arg(root().join(name)))).unwrap()
}

/// The action in a job: what it was told, and what it has left behind.
struct Job {
    action: Value,
    folder: tempfile::TempDir,
    inputs: BTreeMap<String, String>,
}

impl Job {
    fn new(inputs: &[(&str, &str)]) -> Self {
        let action = yaml("action.yml");
        let defaults = action["inputs"].as_object().unwrap().iter();
        let mut all: BTreeMap<String, String> =
            defaults.map(|(name, input)| (name.clone(), input["default"].as_str().unwrap().to_owned())).collect();
        for (name, value) in inputs {
            assert!(all.insert((*name).to_owned(), (*value).to_owned()).is_some(), "there is no input {name}");
        }
        let folder = targets();
        fs::create_dir(folder.path().join("temp")).unwrap();
        Job { action, folder, inputs: all }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_default()
    }

    /// The value of `${{ … }}`.
    fn value(&self, expression: &str) -> String {
        let inner = expression.strip_prefix("${{ ").unwrap().strip_suffix(" }}").unwrap();
        match inner.strip_prefix("inputs.") {
            Some(name) => self.inputs[name].clone(),
            None => self.output(inner.strip_prefix("steps.install.outputs.").unwrap()),
        }
    }

    fn output(&self, name: &str) -> String {
        let start = format!("{name}=");
        self.read("output").lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default().to_owned()
    }

    fn step(&self, id: &str) -> Output {
        let steps = self.action["runs"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["id"] == id).unwrap();
        let mut bash = Command::new("bash");
        // As the runner does it.
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
        let path = std::env::var_os("PATH").unwrap();
        let folders = std::iter::once(program().parent().unwrap().to_owned()).chain(std::env::split_paths(&path));
        bash.current_dir(self.folder.path()).env("PATH", std::env::join_paths(folders).unwrap());
        bash.env("RUNNER_TEMP", self.at("temp")).env("GITHUB_OUTPUT", self.at("output"));
        bash.env("GITHUB_STEP_SUMMARY", self.at("summary"));
        for (name, value) in step["env"].as_object().unwrap() {
            bash.env(name, self.value(value.as_str().unwrap()));
        }
        bash.output().unwrap()
    }

    /// Both steps; the exit code of the second.
    fn run(&self) -> (Option<i32>, String) {
        let install = self.step("install");
        assert!(install.status.success(), "{}{}", text(&install.stdout), text(&install.stderr));
        let look = self.step("look");
        (look.status.code(), text(&look.stdout) + &text(&look.stderr))
    }
}

#[test]
#[ignore = "needs bash, python3 and PyPI"]
fn the_action_looks_and_ends_as_the_program_does() {
    for (target, code, verdict) in [
        ("clear", 0, "clear"),
        ("leaky", 1, "blocked"),
        ("cut.tgz", 3, "incomplete"),
        ("clear\nleaky\r\n\n", 1, "blocked"),
    ] {
        let job = Job::new(&[("version", "installed"), ("path", target)]);
        let (ended, said) = job.run();
        assert_eq!((ended, &*job.output("verdict")), (Some(code), verdict), "{target}: {said}");
        assert_eq!(job.output("exit-code"), code.to_string());
        let sarif: Value = serde_json::from_str(&job.read(&job.output("sarif"))).unwrap();
        assert_eq!(sarif["version"], "2.1.0");
        assert!(job.read("summary").to_lowercase().contains(verdict), "{}", job.read("summary"));
        assert_eq!(said.contains("::error"), code != 0, "{said}");
    }
}

#[test]
#[ignore = "needs bash, python3 and PyPI"]
fn the_action_takes_patterns_arguments_and_names_with_spaces() {
    let job = Job::new(&[
        ("version", "installed"),
        ("path", "my [dist]\nle*"),
        ("args", " --set  source-map-*=off\n--verbose "),
    ]);
    fs::rename(job.at("clear"), job.at("my [dist]")).unwrap();
    // An argument that is a pattern too stays what it is.
    fs::write(job.at("source-map-embedded-sources=off"), "").unwrap();
    let (ended, said) = job.run();
    assert_eq!((ended, &*job.output("verdict")), (Some(0), "clear"), "{said}");
    let job = Job::new(&[("version", "installed"), ("path", "leaky"), ("fail-on", "nothing")]);
    let (ended, said) = job.run();
    assert_eq!((ended, &*job.output("verdict"), &*job.output("sarif")), (Some(2), "error", ""), "{said}");
}

#[test]
#[ignore = "needs bash, python3 and PyPI"]
fn the_action_never_takes_a_mistake_for_a_verdict() {
    for path in ["*.whl", "", "\n", "clear\nnowhere"] {
        let job = Job::new(&[("version", "installed"), ("path", path)]);
        let (ended, said) = job.run();
        assert_eq!(ended, Some(2), "{path:?}: {said}");
        assert!(said.contains("::error title=lastlook::path"), "{path:?}: {said}");
    }
    // What is given is data: neither the shell nor npm may take it for anything else.
    for version in ["latest", "", "1.0.0; touch x", "$(touch x)", "../x", "file:x"] {
        let job = Job::new(&[("version", version)]);
        let output = job.step("install");
        assert_eq!(output.status.code(), Some(2), "{version}");
        assert!(!job.at("x").exists() && !job.at("temp/lastlook/x").exists());
    }
    let job = Job::new(&[("version", "installed"), ("path", "$(touch x)"), ("args", "`touch x`; touch x")]);
    assert_eq!(job.run().0, Some(2));
    assert!(!job.at("x").exists());
}

#[test]
#[ignore = "needs bash, node, npm, python3, binutils and PyPI"]
fn the_action_installs_the_version_that_it_was_told_from_npm() {
    let registry = super::npm::Registry::start();
    let job = Job::new(&[("path", "leaky")]);
    let settings = format!("registry={}\n", registry.address);
    // The runner's own settings count, those of the project do not.
    fs::write(job.at(".npmrc"), "registry=http://127.0.0.1:1/\n").unwrap();
    fs::write(job.at("home.npmrc"), settings).unwrap();
    let mut job = job;
    let install = &mut job.action["runs"]["steps"][0];
    install["env"]["npm_config_userconfig"] = Value::from("${{ inputs.userconfig }}");
    job.inputs.insert("userconfig".into(), job.at("home.npmrc").to_str().unwrap().into());
    let (ended, said) = job.run();
    assert_eq!(ended, Some(1), "{said}");
    assert!(job.output("program").starts_with(job.at("temp").to_str().unwrap()));
}

#[test]
#[ignore = "needs python3 and PyPI"]
fn the_action_is_well_formed_and_pastes_nothing_into_scripts() {
    let action = yaml("action.yml");
    let keys: Vec<&String> = action.as_object().unwrap().keys().collect();
    assert!(["name", "description", "inputs", "outputs", "runs"].iter().all(|key| keys.iter().any(|one| one == key)));
    assert_eq!(action["runs"]["using"], "composite");
    for step in action["runs"]["steps"].as_array().unwrap() {
        match step["uses"].as_str() {
            // A tag can be moved; a commit cannot.
            Some(used) => {
                let commit = used.split_once('@').unwrap().1;
                assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{used}");
            }
            None => {
                assert_eq!(step["shell"], "bash", "a step of a composite action names its shell");
                assert!(!step["run"].as_str().unwrap().contains("${{"), "inputs are given in the environment");
            }
        }
    }
    for output in action["outputs"].as_object().unwrap().values() {
        assert!(output["value"].as_str().unwrap().starts_with("${{ steps.look.outputs."), "{output}");
    }
}

#[test]
#[ignore = "needs git, python3 and PyPI"]
fn pre_commit_takes_the_hooks_and_stops_a_commit() {
    let manifest = root().join(".pre-commit-hooks.yaml");
    run(Command::new(PYTHON.path().join("bin/pre-commit")).arg("validate-manifest").arg(&manifest));
    // The hooks as a repository of their own, so that pre-commit clones no more than it needs.
    let (hooks, project) = (tempfile::tempdir().unwrap(), targets());
    fs::copy(&manifest, hooks.path().join(".pre-commit-hooks.yaml")).unwrap();
    let git = |folder: &Path, arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]);
        run(git.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null"))
    };
    for folder in [hooks.path(), project.path()] {
        git(folder, &["init", "--quiet"]);
        git(folder, &["add", "."]);
        git(folder, &["commit", "--quiet", "--message", "All of it"]);
    }
    let revision = git(hooks.path(), &["rev-parse", "HEAD"]);
    let check = |target: &str| {
        let config = format!(
            "repos:\n- repo: {}\n  rev: {}\n  hooks:\n  - id: lastlook-system\n    args: [{target}]\n",
            hooks.path().display(),
            revision.trim()
        );
        fs::write(project.path().join(".pre-commit-config.yaml"), config).unwrap();
        git(project.path(), &["add", "."]);
        let path = format!("{}:{}", program().parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut pre_commit = Command::new(PYTHON.path().join("bin/pre-commit"));
        pre_commit.arg("run").current_dir(project.path()).env("PATH", path);
        pre_commit.env("PRE_COMMIT_HOME", hooks.path().join("home")).output().unwrap()
    };
    let (leaky, clear) = (check("leaky/"), check("clear/"));
    assert_eq!(leaky.status.code(), Some(1), "{}", text(&leaky.stdout));
    assert!(text(&leaky.stdout).contains("source-map-embedded-sources"), "{}", text(&leaky.stdout));
    assert_eq!(clear.status.code(), Some(0), "{}{}", text(&clear.stdout), text(&clear.stderr));
}
