//! Tools that upload files which are there already: twine, uv, gem, helm, NuGet and ovsx.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::plan::{Arg, Plan, Unit};
use super::tool::Call;
use super::words::{Grammar, Split};

/// How one of them is called.
struct Uploader {
    grammar: Grammar,
    /// How many of the words name files; the rest says where to. All of them where it is `None`.
    files: Option<usize>,
    /// What is uploaded where the user names nothing.
    default: Option<&'static str>,
    /// Options that name files.
    named: &'static [&'static str],
    /// What stands in front of the files where the tool takes several.
    before: &'static [&'static str],
    /// What is taken along where it lies beside a file: the ending that is replaced, and the one that replaces it.
    along: &'static [(&'static str, &'static str)],
    /// Options that make it take nothing along.
    alone: &'static [&'static str],
    /// Options under which guard cannot tell what is uploaded.
    refused: &'static [&'static str],
}

const PLAIN: Uploader = Uploader {
    grammar: Grammar { values: &[], flags: &[], truth: false },
    files: None,
    default: None,
    named: &[],
    before: &[],
    along: &[],
    alone: &[],
    refused: &[],
};

static TWINE: Uploader = Uploader {
    grammar: Grammar {
        values: &[
            "-r",
            "--repository",
            "--repository-url",
            "--sign-with",
            "-i",
            "--identity",
            "-u",
            "--username",
            "-p",
            "--password",
            "-c",
            "--comment",
            "--config-file",
            "--cert",
            "--client-cert",
        ],
        flags: &[
            "-s",
            "--sign",
            "--attestations",
            "--non-interactive",
            "--skip-existing",
            "--verbose",
            "--disable-progress-bar",
        ],
        truth: false,
    },
    ..PLAIN
};

static UV: Uploader = Uploader {
    grammar: Grammar {
        values: &[
            "--index",
            "-u",
            "--username",
            "-p",
            "--password",
            "-t",
            "--token",
            "--trusted-publishing",
            "--keyring-provider",
            "--publish-url",
            "--check-url",
            "--config-file",
            "--directory",
            "--project",
            "--color",
            "--allow-insecure-host",
            "--cache-dir",
        ],
        flags: &[
            "--dry-run",
            "-q",
            "--quiet",
            "-v",
            "--verbose",
            "--native-tls",
            "--offline",
            "--no-config",
            "-n",
            "--no-attestations",
            "--system-certs",
            "--skip-existing",
        ],
        truth: false,
    },
    default: Some("dist/*"),
    refused: &["--directory", "--project"],
    ..PLAIN
};

static GEM: Uploader = Uploader {
    grammar: Grammar {
        values: &["-k", "--key", "--host", "--otp", "--attestation", "-p", "--http-proxy", "--config-file"],
        flags: &["-V", "--verbose", "-q", "--quiet", "--silent", "--debug", "--backtrace", "--norc"],
        truth: false,
    },
    files: Some(1),
    ..PLAIN
};

static HELM: Uploader = Uploader {
    grammar: Grammar {
        values: &[
            "--ca-file",
            "--cert-file",
            "--key-file",
            "--username",
            "--password",
            "--registry-config",
            "--repository-cache",
            "--repository-config",
            "--kube-context",
            "--kubeconfig",
            "-n",
            "--namespace",
            "--burst-limit",
            "--qps",
        ],
        flags: &["--plain-http", "--insecure-skip-tls-verify", "--debug"],
        truth: false,
    },
    files: Some(1),
    along: &[(".tgz", ".tgz.prov")],
    ..PLAIN
};

static DOTNET: Uploader = Uploader {
    grammar: Grammar {
        values: &[
            "-k",
            "--api-key",
            "-s",
            "--source",
            "-ss",
            "--symbol-source",
            "-sk",
            "--symbol-api-key",
            "-t",
            "--timeout",
            "--configfile",
        ],
        flags: &[
            "-d",
            "--disable-buffering",
            "-n",
            "--no-symbols",
            "--no-service-endpoint",
            "--skip-duplicate",
            "--interactive",
            "--force-english-output",
        ],
        truth: false,
    },
    along: &[(".nupkg", ".snupkg"), (".nupkg", ".symbols.nupkg")],
    alone: &["-n", "--no-symbols"],
    ..PLAIN
};

static NUGET: Uploader = Uploader {
    grammar: Grammar {
        values: &[
            "-Source",
            "-ApiKey",
            "-SymbolSource",
            "-SymbolApiKey",
            "-Timeout",
            "-ConfigFile",
            "-Verbosity",
            "-src",
        ],
        flags: &[
            "-NoSymbols",
            "-NoServiceEndpoint",
            "-SkipDuplicate",
            "-NonInteractive",
            "-DisableBuffering",
            "-ForceEnglishOutput",
        ],
        truth: false,
    },
    // A second word that is no file is the key of old versions.
    files: Some(1),
    along: &[(".nupkg", ".snupkg"), (".nupkg", ".symbols.nupkg")],
    alone: &["-NoSymbols"],
    ..PLAIN
};

static OVSX: Uploader = Uploader {
    grammar: Grammar {
        values: &[
            "-p",
            "--pat",
            "-r",
            "--registryUrl",
            "-i",
            "--packagePath",
            "-t",
            "--target",
            "--baseContentUrl",
            "--baseImagesUrl",
            "--packageVersion",
            "--idToken",
            "--oidcAudience",
        ],
        flags: &["--skip-duplicate", "--debug", "--pre-release", "--yarn", "--trusted-publishing"],
        truth: false,
    },
    named: &["-i", "--packagePath"],
    before: &["--packagePath"],
    ..PLAIN
};

/// Publishes files that the user names.
pub fn publish(tool: &str, verb: &[&str], call: &Call<'_>) -> Result<Plan, String> {
    let how = match tool {
        "twine" => &TWINE,
        "uv" => &UV,
        "gem" => &GEM,
        "helm" => &HELM,
        "dotnet" => &DOTNET,
        "nuget" => &NUGET,
        _ => &OVSX,
    };
    let split = Split::of(call.rest, &how.grammar)?;
    if let Some(opt) = split.options.iter().find(|opt| how.refused.contains(&&*opt.name)) {
        return Err(format!("guard cannot tell what is uploaded with `{}`\n  hint: change into the folder", opt.name));
    }
    let (files, rest) = split.plain.split_at(how.files.unwrap_or(split.plain.len()).min(split.plain.len()));
    let mut words: Vec<OsString> = files.to_vec();
    words.extend(split.values(how.named).map(OsString::from));
    if words.is_empty() {
        words.extend(how.default.map(OsString::from));
    }
    let mut given = Vec::new();
    for word in &words {
        given.extend(expand(&call.here.path(word))?);
    }
    given.dedup();
    if given.is_empty() {
        return Err(format!(
            "`{tool} {}` names no file\n  hint: build the package first, and name the file that is to be published",
            verb.join(" ")
        ));
    }
    if let Some(folder) = given.iter().find(|path| path.is_dir()) {
        return Err(format!("{} is a folder\n  hint: name the packed file", folder.display()));
    }
    let along = if split.has(how.alone) { Vec::new() } else { beside(&given, how.along) };
    let folder = call.here.folder.clone();
    let publish =
        call.step(&folder, verb.iter().copied()).and(split.without(how.named)).and(how.before.iter().copied());
    let publish = publish.with(Arg::Files).and(rest.to_vec());
    let mut unit = Unit::given("", given, "", publish);
    unit.along = along;
    Ok(Plan::one(folder, unit))
}

/// What the tool takes along without being told.
fn beside(given: &[PathBuf], endings: &[(&str, &str)]) -> Vec<PathBuf> {
    let mut along = Vec::new();
    for (file, (ending, other)) in given.iter().flat_map(|file| endings.iter().map(move |pair| (file, *pair))) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if let Some(stem) = name.strip_suffix(ending) {
            let other = file.with_file_name(format!("{stem}{other}"));
            if other.is_file() && !given.contains(&other) {
                along.push(other);
            }
        }
    }
    along
}

/// The files that a word means: a pattern in its last part is expanded, as some tools do by themselves.
fn expand(path: &Path) -> Result<Vec<PathBuf>, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if path.symlink_metadata().is_ok() {
        return Ok(vec![path.to_owned()]);
    }
    if !name.contains(['*', '?', '[']) {
        return Err(format!("there is no file {}", path.display()));
    }
    let glob = GlobBuilder::new(&name).literal_separator(true).build().map_err(|error| error.to_string())?;
    let matcher = glob.compile_matcher();
    let folder = path.parent().unwrap_or(Path::new("."));
    let cannot = |error| format!("{} cannot be read: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?.path();
        let name: &OsStr = entry.file_name().unwrap_or_default();
        // A shell's pattern does not match hidden files.
        if matcher.is_match(name) && !name.to_string_lossy().starts_with('.') {
            found.push(entry);
        }
    }
    found.sort();
    if found.is_empty() { Err(format!("nothing matches {}", path.display())) } else { Ok(found) }
}
