//! What is one model although it is many files. Of a folder that a configuration makes one, what the files with its weights have
//! together is said at the configuration; each file is judged by itself as well. The arrays in an archive of arrays are said
//! at the archive only.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::run::Package;
use crate::finding::{ArtifactPath, FactValue, Facts};
use crate::formats::Stated;

/// How many of the files are listed.
const LISTED: usize = 10;

/// Formats whose weights lie in folders below that of the configuration, or inside of the file.
const DEEP: [&str; 3] = ["diffusers", "spacy", "mediapipe"];

/// How many files of one folder are added up, and how many in all: hostile targets could have many folders in each other.
const FILES: usize = 10_000;
const LOOKED_AT: usize = 1_000_000;

/// What one file has.
struct Weights {
    tensors: u64,
    parameters: u64,
    bytes: u64,
}

/// Archives whose own facts say what is in them, and the formats of what need not be said again.
const COUNTED: [(&str, &str); 7] = [
    ("npz", "npy"),
    ("skops", "npy"),
    ("keras", "hdf5"),
    ("pytorch", "pickle"),
    ("torchscript", "pickle"),
    // What TorchScript keeps of its source.
    ("torchscript", "torchscript"),
    ("torchscript-lite", "torchscript"),
];

/// What the names of models behind programs begin with.
const BEHIND: &str = "(model at ";

/// What is said of a pickle wherever it lies.
const SAID: [&str; 3] = ["model.code", "model.indirect", "model.foreign"];

/// States, at every configuration of a model, what the weights in its folder have together, and leaves out what an archive has
/// said already.
pub fn settle(stated: &mut [(Package, ArtifactPath, Stated)]) {
    leave_out_twins(stated);
    leave_out(stated);
    let weights: BTreeMap<String, Weights> = stated.iter().filter_map(|(_, path, one)| of(path, &one.facts)).collect();
    if weights.is_empty() {
        return;
    }
    let mut left = LOOKED_AT;
    for (_, path, one) in stated.iter_mut() {
        let Some((folder, deep)) = folder_of(path, &one.facts) else { continue };
        let inside = weights.range(folder.clone()..).take_while(|(name, _)| name.starts_with(&folder));
        let looked_at = inside.take(FILES.min(left)).map(|(name, weights)| {
            left = left.saturating_sub(1);
            (&name[folder.len()..], weights)
        });
        let found: Vec<(&str, &Weights)> = looked_at.filter(|(name, _)| deep || !name.contains('/')).collect();
        if !found.is_empty() {
            state(&found, one);
        }
    }
}

/// Takes back what is stated of the members of a zip behind a program where the zip is a model: it is a member of its own
/// (`(model at 0x…)`), and the same is stated of the members in it.
fn leave_out_twins(stated: &mut [(Package, ArtifactPath, Stated)]) {
    let mut inside: HashMap<(ArtifactPath, Vec<String>), Vec<Facts>> = HashMap::new();
    let is_inside = |path: &ArtifactPath| {
        std::iter::successors(path.parent(), |path| path.parent()).any(|at| at.logical().starts_with(BEHIND))
    };
    for (_, path, one) in stated.iter().filter(|(_, path, one)| !one.facts.is_empty() && is_inside(path)) {
        let model = ways(path).find(|(at, _)| at.logical().starts_with(BEHIND));
        if let Some((program, way)) = model.and_then(|(at, way)| Some((at.parent()?.clone(), way))) {
            inside.entry((program, way)).or_default().push(one.facts.clone());
        }
    }
    if inside.is_empty() {
        return;
    }
    for (_, path, one) in stated.iter_mut().filter(|(_, _, one)| !one.facts.is_empty()) {
        let same = |known: &Vec<Facts>| known.contains(&one.facts);
        if ways(path).any(|(at, way)| inside.get(&(at.clone(), way)).is_some_and(same)) {
            one.facts = Facts::default();
        }
    }
}

/// The containers of an artifact, the innermost first, and the names that lead from there to it.
fn ways(path: &ArtifactPath) -> impl Iterator<Item = (&ArtifactPath, Vec<String>)> {
    let mut way = Vec::new();
    let steps = std::iter::successors(Some(path), |path| path.parent());
    steps.filter_map(move |step| {
        let at = step.parent()?;
        way.insert(0, step.logical().to_owned());
        Some((at, way.clone()))
    })
}

/// Takes back what is stated of members where their archive has said it.
fn leave_out(stated: &mut [(Package, ArtifactPath, Stated)]) {
    let is = |facts: &Facts, format: &str| facts.get("model.format") == Some(&FactValue::from(format));
    for (archive, array) in COUNTED {
        let archives: HashSet<ArtifactPath> =
            stated.iter().filter(|(_, _, one)| is(&one.facts, archive)).map(|(_, path, _)| path.clone()).collect();
        if archives.is_empty() {
            continue;
        }
        for (_, path, one) in stated.iter_mut() {
            let said = SAID.iter().any(|fact| one.facts.get(fact).is_some());
            if !said && is(&one.facts, array) && path.parent().is_some_and(|parent| archives.contains(parent)) {
                one.facts = Facts::default();
            }
        }
    }
}

/// Path and size of a file with weights.
fn of(path: &ArtifactPath, facts: &Facts) -> Option<(String, Weights)> {
    let inside = facts.get("model.weights") == Some(&FactValue::from("inside"));
    let [tensors, parameters, bytes] =
        ["tensors", "parameters", "bytes"].map(|name| facts.int(&format!("model.{name}")));
    (inside && bytes > 0).then(|| (path.to_string(), Weights { tensors, parameters, bytes }))
}

/// Where the weights that belong to this configuration lie, and whether also in folders there.
fn folder_of(path: &ArtifactPath, facts: &Facts) -> Option<(String, bool)> {
    let is = |name, text: &str| facts.get(name) == Some(&FactValue::from(text));
    let deep = DEEP.iter().any(|format| is("model.format", format));
    let path = path.to_string();
    if is("model.kind", "bundle") {
        return Some((format!("{path}!"), deep));
    }
    if !is("model.kind", "configuration") && !is("model.kind", "adapter configuration") {
        return None;
    }
    let end = path.rfind(['/', '!']).map_or(0, |at| at + 1);
    Some((path[..end].to_owned(), deep))
}

fn state(found: &[(&str, &Weights)], one: &mut Stated) {
    let sum = |of: fn(&Weights) -> u64| found.iter().fold(0u64, |sum, (_, weights)| sum.saturating_add(of(weights)));
    one.facts.set("model.weights", "beside");
    one.facts.set("model.files", found.len());
    one.facts.set("model.tensors", sum(|weights| weights.tensors));
    one.facts.set("model.parameters", sum(|weights| weights.parameters));
    one.facts.set("model.bytes", sum(|weights| weights.bytes));
    let mut largest: Vec<&(&str, &Weights)> = found.iter().collect();
    largest.sort_by_key(|(name, weights)| (std::cmp::Reverse(weights.bytes), *name));
    let line = |(name, weights): &&(&str, &Weights)| {
        let name: String = name.chars().take(200).collect();
        format!("{name}: {} bytes of weights", FactValue::Int(weights.bytes))
    };
    one.details.extend(largest.iter().take(LISTED).map(line));
    if largest.len() > LISTED {
        one.details.push(format!("and {} more", largest.len() - LISTED));
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::Finding;

    fn safetensors(elements: usize) -> Vec<u8> {
        let json = format!(r#"{{"w":{{"dtype":"F32","shape":[{elements}],"data_offsets":[0,{}]}}}}"#, elements * 4);
        let mut file = (json.len() as u64).to_le_bytes().to_vec();
        file.extend(json.as_bytes());
        file.resize(file.len() + elements * 4, 0x3f);
        file
    }

    fn folder(files: &[(&str, &[u8])]) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let outcome = crate::Scanner::builder().threads(2).build().unwrap().scan(&[folder.path()]).unwrap();
        outcome.findings.into_iter().filter(|finding| &*finding.rule == "model-folder").collect()
    }

    #[test]
    fn a_folder_is_one_model_with_the_weights_of_its_parts() {
        let index = br#"{"_class_name": "TidePipeline", "_diffusers_version": "0.31.0", "unet": ["diffusers", "UNet2DModel"], "vae": ["diffusers", "AutoencoderKL"]}"#;
        let part = br#"{"_class_name": "UNet2DModel", "_diffusers_version": "0.31.0"}"#;
        let (unet, vae) = (safetensors(900), safetensors(100));
        let found = folder(&[
            ("model_index.json", index),
            ("unet/config.json", part),
            ("unet/model.safetensors", &unet),
            ("vae/config.json", part),
            ("vae/model.safetensors", &vae),
        ]);
        let told: Vec<(&str, u64, u64)> = found
            .iter()
            .map(|one| (one.path.base_name(), one.facts.int("model.files"), one.facts.int("model.parameters")))
            .collect();
        assert_eq!(told, [("model_index.json", 2, 1000), ("config.json", 1, 900), ("config.json", 1, 100)]);
        assert_eq!(found[0].details[0], "unet/model.safetensors: 3,600 bytes of weights");
    }

    #[test]
    fn a_configuration_speaks_for_its_own_folder_only() {
        let config = br#"{"architectures": ["PilotModel"], "model_type": "pilot"}"#;
        let weights = safetensors(50);
        let files: &[(&str, &[u8])] =
            &[("a/config.json", config), ("a/model.safetensors", &weights), ("ab/x.safetensors", &weights)];
        assert_eq!(folder(files).iter().map(|one| one.facts.int("model.files")).collect::<Vec<_>>(), [1]);
        assert!(folder(&[("a/config.json", config), ("b/model.safetensors", &weights)]).is_empty());
    }
}
