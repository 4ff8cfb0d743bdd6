//! Which tool a command line calls, and what guard makes of it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::plan::{Plan, Step};
use super::{cargo, files, image, npm, vsce, yarn};

/// What a plan is made from: where the command stands, and a way to ask tools.
pub struct Here<'h> {
    /// The working directory.
    pub folder: PathBuf,
    /// Runs a command that only answers, and gives its standard output.
    pub ask: &'h dyn Fn(&Step) -> Result<Vec<u8>, String>,
}

impl Here<'_> {
    /// A path of the command line.
    pub fn path(&self, word: &OsStr) -> PathBuf {
        self.folder.join(word)
    }

    /// What a command says, as text.
    pub fn asked(&self, step: &Step) -> Result<String, String> {
        (self.ask)(step).map(|said| String::from_utf8_lossy(&said).trim().to_owned())
    }
}

/// A call of a tool.
pub struct Call<'c> {
    /// The words that start the tool: `npm`, or `python3 -m twine`.
    pub program: &'c [OsString],
    /// The words after the one that says what to do.
    pub rest: &'c [OsString],
    /// Where it is called.
    pub here: &'c Here<'c>,
}

impl Call<'_> {
    /// A command of the same tool.
    pub fn step<W: Into<OsString>>(&self, folder: &Path, words: impl IntoIterator<Item = W>) -> Step {
        Step::new(folder, self.program.iter().cloned()).and(words)
    }
}

/// The tools, as the messages name them.
const KNOWN: &str = "npm, pnpm, yarn and bun publish; yarn npm publish; cargo publish; twine upload; uv publish; vsce and ovsx \
     publish; gem push; helm push; nuget and dotnet nuget push; docker and podman push";

/// Makes the plan for a command line.
///
/// # Errors
/// A sentence, with a hint, where guard cannot make sure that only what was looked at is published.
pub fn plan(words: &[OsString], here: &Here<'_>) -> Result<Plan, String> {
    let (tool, length) = tool(words).ok_or_else(|| match words.first() {
        Some(first) => unknown(&first.to_string_lossy()),
        None => "there is no command after `--`".to_owned(),
    })?;
    let (program, rest) = words.split_at(length);
    if rest.iter().any(|word| word == "--help" || word == "-h") {
        return Err(format!("`{tool}` would only show its help\n  hint: ask for it without guard"));
    }
    let verbs: &[&[&str]] = match tool {
        "npm" | "pnpm" | "bun" | "cargo" | "vsce" | "ovsx" | "uv" => &[&["publish"]],
        "yarn" => &[&["npm", "publish"], &["publish"]],
        "twine" => &[&["upload"]],
        "dotnet" => &[&["nuget", "push"]],
        "docker" | "podman" => &[&["push"], &["image", "push"]],
        _ => &[&["push"]],
    };
    // What stands before the verb is for the tool as a whole: `cargo +nightly`, `npm --loglevel=warn`.
    let (before, verb, rest) = split_verb(rest, verbs).ok_or_else(|| {
        let wanted: Vec<String> = verbs.iter().map(|verb| format!("`{tool} {}`", verb.join(" "))).collect();
        format!(
            "guard knows {}, not this command of {tool}\n  hint: guard stands in front of commands that publish; run others \
             without it",
            wanted.join(" and ")
        )
    })?;
    // The package managers take their options anywhere; the others take some before the verb only.
    let (program, rest): (Vec<OsString>, Vec<OsString>) = match tool {
        "npm" | "pnpm" | "yarn" | "bun" => (program.to_vec(), [before, rest].concat()),
        "cargo" | "docker" | "podman" => ([program, before].concat(), rest.to_vec()),
        _ => match before.first() {
            Some(option) => {
                return Err(format!("guard does not know `{}` before the command", option.to_string_lossy()));
            }
            None => (program.to_vec(), rest.to_vec()),
        },
    };
    let call = Call { program: &program, rest: &rest, here };
    match (tool, verb.len()) {
        ("npm", _) => npm::npm(&call),
        ("pnpm", _) => npm::pnpm(&call),
        ("bun", _) => npm::bun(&call),
        ("yarn", 2) => yarn::berry(&call),
        ("yarn", _) => yarn::classic(&call),
        ("cargo", _) => cargo::publish(&call),
        ("vsce", _) => vsce::publish(&call),
        ("docker" | "podman", _) => image::push(&call, verb),
        (tool, _) => files::publish(tool, verb, &call),
    }
}

fn unknown(name: &str) -> String {
    let hint = match name {
        "poetry" | "hatch" | "flit" | "pdm" | "maturin" => {
            "build, then publish the files: lastlook guard -- twine upload dist/*"
        }
        "deno" | "jsr" | "npx" => "it publishes no file that guard could look at; run `lastlook` before it",
        "mvn" | "gradle" | "gradlew" => "build, run `lastlook` on the archives, then deploy them",
        _ => "build what it publishes, run `lastlook` on it, then run the command",
    };
    format!(
        "guard does not know how `{name}` publishes, and lets nothing pass unseen\n  hint: {hint}\n  hint: it knows {KNOWN}"
    )
}

/// The tool that `words` call, and how many words call it.
fn tool(words: &[OsString]) -> Option<(&'static str, usize)> {
    let name = |index: usize| words.get(index).map(|word| stem(word));
    let first = name(0)?;
    if let Some(tool) = direct(&first) {
        return Some((tool, 1));
    }
    match first.as_str() {
        "node" => script(&name(1)?).map(|tool| (tool, 2)),
        "corepack" => direct(&name(1)?).filter(|tool| matches!(*tool, "pnpm" | "yarn" | "npm")).map(|tool| (tool, 2)),
        "python" | "python3" | "py" if words.get(1)? == "-m" => (name(2)? == "twine").then_some(("twine", 3)),
        "uvx" => (name(1)? == "twine").then_some(("twine", 2)),
        "npx" => {
            let yes = usize::from(matches!(words.get(1)?.to_str(), Some("--yes" | "-y" | "--no" | "--no-install")));
            match words.get(1 + yes)?.to_str()? {
                "vsce" | "@vscode/vsce" => Some(("vsce", 2 + yes)),
                "ovsx" => Some(("ovsx", 2 + yes)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn direct(name: &str) -> Option<&'static str> {
    let tools = [
        "npm", "pnpm", "yarn", "bun", "cargo", "twine", "uv", "vsce", "ovsx", "gem", "helm", "nuget", "dotnet",
        "docker", "podman",
    ];
    match name {
        "yarnpkg" => Some("yarn"),
        name => tools.into_iter().find(|tool| *tool == name),
    }
}

/// A tool by the name of its script: `node .yarn/releases/yarn-4.1.0.cjs`.
fn script(name: &str) -> Option<&'static str> {
    match name {
        "npm-cli" => Some("npm"),
        name if name.starts_with("yarn-") => Some("yarn"),
        name => direct(name).filter(|tool| matches!(*tool, "npm" | "pnpm" | "yarn" | "vsce" | "ovsx")),
    }
}

/// The name of a program without folder and ending; versions such as `yarn-4.1.0` keep theirs.
fn stem(word: &OsStr) -> String {
    let name = Path::new(word).file_name().unwrap_or(word).to_string_lossy().into_owned();
    let endings = [".exe", ".cmd", ".bat", ".ps1", ".cjs", ".mjs", ".js"];
    let cut = endings.iter().find_map(|ending| name.strip_suffix(ending).map(str::to_owned));
    cut.unwrap_or(name)
}

/// The words before the verb, the verb, and the words behind it. Options may stand before it only where their value is
/// in the same word: which of two words is the verb could not be told otherwise.
type Parts<'w> = (&'w [OsString], &'static [&'static str], &'w [OsString]);

fn split_verb<'w>(words: &'w [OsString], verbs: &[&'static [&'static str]]) -> Option<Parts<'w>> {
    let option = |word: &OsString| word.to_string_lossy().starts_with(['-', '+']);
    let start = words.iter().take_while(|word| option(word)).count();
    let (before, rest) = words.split_at(start);
    let verb = verbs.iter().find(|verb| verb.len() <= rest.len() && verb.iter().zip(rest).all(|(a, b)| b == *a))?;
    Some((before, verb, &rest[verb.len()..]))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
