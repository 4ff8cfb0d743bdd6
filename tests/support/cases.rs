//! Cases of the corpus: where they are, and what a scan makes of one.
//!
//! A case is a folder with `input/` (what is scanned), `expected.json` (what must come out), and, where something cannot
//! sit in the repository, `generate.json` (what is added to the input before the scan).

use std::path::{Path, PathBuf};
use std::{fs, io};

use lastlook::Scanner;
use lastlook::finding::Original;
use lastlook::policy::{FILE_NAME, Policy};
use lastlook::rules::example;
use lastlook::scan::Outcome;
use serde_json::{Map, Value, json};

/// The day on which every case is scanned, so that allow entries expire when the case says so.
pub const TODAY: &str = "2026-11-20";
/// The end of the names of files with fields for secrets, which are filled before the scan.
const TEMPLATE: &str = ".template";
/// The fillings are always the same, so that findings are.
const SEED: u64 = 7;

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name: the folder's path in the corpus, with `/`.
    pub name: String,
}

/// The folder of the corpus.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Every case, found by walking, sorted by name.
pub fn all() -> io::Result<Vec<Case>> {
    let mut cases = Vec::new();
    collect(&corpus(), &corpus(), &mut cases)?;
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn collect(root: &Path, folder: &Path, cases: &mut Vec<Case>) -> io::Result<()> {
    if folder.join("input").is_dir() || folder.join("generate.json").is_file() {
        let name = folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().replace('\\', "/");
        cases.push(Case { folder: folder.to_owned(), name });
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path != root.join("make") {
            collect(root, &path, cases)?;
        }
    }
    Ok(())
}

/// The input of a case, ready to be scanned. A temporary folder is removed when this is dropped.
pub struct Prepared {
    /// What to scan.
    pub root: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Case {
    /// Fills templates and generates files, in a copy of the input where there are any.
    pub fn prepare(&self) -> Result<Prepared, String> {
        let input = self.folder.join("input");
        let recipe = self.folder.join("generate.json");
        if !recipe.is_file() && !has_templates(&input)? {
            return Ok(Prepared { root: input, _folder: None });
        }
        let folder = tempfile::tempdir().map_err(shown)?;
        let root = folder.path().join("input");
        if input.is_dir() {
            copy(&input, &root)?;
        }
        if recipe.is_file() {
            let recipe: Value =
                serde_json::from_slice(&fs::read(&recipe).map_err(shown)?).map_err(|error| error.to_string())?;
            for (name, pieces) in recipe.as_object().ok_or("generate.json is not an object")? {
                let path = root.join(name);
                fs::create_dir_all(path.parent().unwrap_or(&root)).map_err(shown)?;
                fs::write(path, generate(pieces)?).map_err(shown)?;
            }
        }
        Ok(Prepared { root, _folder: Some(folder) })
    }

    /// Scans a prepared input with its own policy.
    pub fn scan(&self, prepared: &Prepared) -> Result<Outcome, String> {
        let mut builder = Scanner::builder().threads(1).today(TODAY.parse().map_err(|_| "no date")?);
        let policy = prepared.root.join(FILE_NAME);
        if policy.is_file() {
            let rules = Scanner::builder().threads(1).build().map_err(shown)?;
            let ids: Vec<&str> = rules.rules().iter().map(|rule| &*rule.id).collect();
            builder = builder.policy(Policy::read(&policy, &ids).map_err(shown)?);
        }
        builder.build().map_err(shown)?.scan(&[&prepared.root]).map_err(shown)
    }
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn has_templates(folder: &Path) -> Result<bool, String> {
    for entry in fs::read_dir(folder).map_err(shown)? {
        let entry = entry.map_err(shown)?;
        let kind = entry.file_type().map_err(shown)?;
        if kind.is_dir() && has_templates(&entry.path())? || entry.file_name().to_string_lossy().ends_with(TEMPLATE) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(shown)?;
    for entry in fs::read_dir(from).map_err(shown)? {
        let entry = entry.map_err(shown)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().map_err(shown)?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else if let Some(filled) = name.strip_suffix(TEMPLATE) {
            let template = fs::read_to_string(entry.path()).map_err(shown)?;
            fs::write(to.join(filled), example::fill(&template, SEED)?).map_err(shown)?;
        } else {
            fs::copy(entry.path(), to.join(name)).map_err(shown)?;
        }
    }
    Ok(())
}

/// The bytes that a list of pieces describes: `text`, `hex`, `template` or `utf16` (a template too), each with `times`.
fn generate(pieces: &Value) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for piece in pieces.as_array().ok_or("the pieces of a file are a list")? {
        let text = |name: &str| piece.get(name).and_then(Value::as_str);
        let bytes = if let Some(text) = text("text") {
            text.as_bytes().to_vec()
        } else if let Some(hex) = text("hex") {
            data_encoding::HEXLOWER.decode(hex.as_bytes()).map_err(shown)?
        } else if let Some(template) = text("template") {
            example::fill(template, SEED)?.into_bytes()
        } else if let Some(template) = text("utf16") {
            example::fill(template, SEED)?.encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else {
            return Err(format!("{piece} is no piece"));
        };
        let times = piece.get("times").and_then(Value::as_u64).unwrap_or(1);
        out.extend(bytes.repeat(usize::try_from(times).map_err(shown)?));
    }
    Ok(out)
}

/// An outcome in the form of `expected.json`. Facts are those that `wanted` names, or all of them.
pub fn describe(outcome: &Outcome, root: &Path, wanted: Option<&Value>) -> Value {
    let root = format!("{}/", root.display());
    let name = |path: &lastlook::finding::ArtifactPath| {
        let path = path.to_string();
        path.strip_prefix(&root).unwrap_or(&path).to_owned()
    };
    let mut findings: Vec<Value> = Vec::new();
    let mut facts: Map<String, Value> = Map::new();
    for finding in &outcome.findings {
        let (rule, level, path) = (&*finding.rule, finding.level.as_str(), name(&finding.path));
        for (fact, value) in finding.facts.iter() {
            let asked = wanted.is_none_or(|wanted| wanted.get(&path).is_some_and(|facts| facts.get(fact).is_some()));
            if asked {
                let entry = facts.entry(path.clone()).or_insert_with(|| json!({}));
                entry[fact] = serde_json::to_value(value).unwrap_or_default();
            }
        }
        let mut one = json!({"rule": rule, "level": level, "path": path});
        if let Some(Original { source, line, column }) = &finding.original {
            one["original"] = format!("{source}:{line}:{column}").into();
        }
        if !finding.places.is_empty() {
            one["places"] = finding.places.iter().map(|place| name(&place.path)).collect();
        }
        findings.push(one);
    }
    let key = |value: &Value| (value["path"].to_string(), value["rule"].to_string());
    findings.sort_by_key(key);
    let gaps: Vec<Value> =
        outcome.gaps.iter().map(|gap| json!({"path": name(&gap.path), "stage": gap.stage.as_str()})).collect();
    let mut all = json!({"verdict": outcome.verdict.as_str(), "findings": findings, "gaps": gaps});
    if !facts.is_empty() {
        all["facts"] = Value::Object(facts);
    }
    if !outcome.allowed.is_empty() {
        let allowed = outcome.allowed.iter();
        let mut allowed: Vec<Value> = allowed
            .map(|one| json!({"rule": *one.finding.rule, "path": name(&one.finding.path), "reason": one.reason}))
            .collect();
        allowed.sort_by_key(key);
        all["allowed"] = allowed.into();
    }
    if !outcome.stale.is_empty() {
        all["stale"] = outcome.stale.iter().map(|stale| stale.problem.clone()).collect();
    }
    all
}
