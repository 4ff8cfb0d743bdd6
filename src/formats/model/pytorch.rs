//! PyTorch's zip files: `torch.save` since 1.6, and TorchScript.
//!
//! Format: `torch/serialization.py` and `caffe2/serialize/inline_container.cc` of pytorch/pytorch. One folder holds
//! `data.pkl`, `version` and one file per storage in `data/`; TorchScript adds `constants.pkl` and its source in
//! `code/`. The zip format hands the members out.

use std::collections::HashSet;

use super::pickle_machine::walk;
use super::pickle_seen::Walk;
use super::weights::Weights;
use super::zip_names::{self, Entry};
use super::{FACTS, clip, pickle_names};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A description of more than this is not read; the largest models have a few megabytes.
const PICKLE_BYTES: u64 = 32 << 20;

/// Storages of less are searched like any other file: it costs little.
const SEARCHED: u64 = 1 << 20;

/// Packages whose classes are no architecture.
const PLAIN: &[&[u8]] = &[b"collections", b"torch", b"builtins", b"__builtin__", b"numpy", b"copyreg", b"copy_reg"];

/// See the module.
pub struct PyTorch;

impl Format for PyTorch {
    fn name(&self) -> &'static str {
        "pytorch"
    }

    fn summary(&self) -> &'static str {
        "Model weights of PyTorch in a zip, TorchScript included: tensors, parameters, and what loading would import."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let Some(first) = zip_names::first_name(probe.head()) else { return false };
        let listed = |name: &[u8]| memchr::memmem::find(probe.tail(), name).is_some();
        // The order of the members is free, but `version` is written last.
        first.ends_with(b"/data.pkl") || listed(b"/data.pkl") || listed(b"/version")
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let zip = &artifact.bytes[..];
        let entries = match zip_names::entries(zip) {
            Ok(entries) => entries,
            Err(error) if zip_names::first_name(zip).is_some_and(|name| name.ends_with(b"/data.pkl")) => {
                out.fact("model.format", "pytorch");
                out.fact("model.weights", "inside");
                return Err(error.into());
            }
            Err(_) => return Err(FormatError::NotThis),
        };
        let model = Model::find(&entries).ok_or(FormatError::NotThis)?;
        model.state(zip, out);
        Ok(Coverage::Part)
    }
}

/// The members that make a model.
struct Model<'a> {
    pickle: &'a Entry,
    version: &'a Entry,
    storages: Vec<&'a Entry>,
    script: bool,
    lite: bool,
    code: usize,
    debug: usize,
}

impl<'a> Model<'a> {
    fn find(entries: &'a [Entry]) -> Option<Self> {
        let pickle = entries.iter().find(|entry| entry.name.ends_with("/data.pkl"))?;
        let root = pickle.name.strip_suffix("data.pkl")?;
        let inside = |entry: &'a Entry| entry.name.strip_prefix(root);
        let named = |name: &str| entries.iter().find(|entry| inside(entry) == Some(name));
        let version = named("version").or_else(|| named(".data/version"))?;
        let below = |folder: &str| {
            let entries = entries.iter().filter(|entry| inside(entry).is_some_and(|name| name.starts_with(folder)));
            entries.filter(|entry| !entry.name.ends_with('/')).collect::<Vec<_>>()
        };
        let code = below("code/");
        let debug = code.iter().filter(|entry| entry.name.ends_with(".debug_pkl")).count();
        let mut storages = below("data/");
        storages.extend(below("constants/"));
        Some(Model {
            pickle,
            version,
            storages,
            lite: named("bytecode.pkl").is_some(),
            script: named("constants.pkl").is_some() && !code.is_empty(),
            code: code.iter().filter(|entry| entry.name.ends_with(".py")).count(),
            debug,
        })
    }

    fn state(&self, zip: &[u8], out: &mut Inspection<'_>) {
        out.fact(
            "model.format",
            match (self.script, self.lite) {
                (true, true) => "torchscript-lite",
                (true, false) => "torchscript",
                (false, _) => "pytorch",
            },
        );
        out.fact("model.producer", "PyTorch");
        if let Some(version) = self.version.content(zip, 16) {
            out.fact("model.version", clip(&String::from_utf8_lossy(&version)));
        }
        out.fact("model.weights", if self.storages.is_empty() { "none" } else { "inside" });
        let encrypted = self.storages.iter().any(|entry| entry.encrypted) || self.pickle.encrypted;
        out.fact("model.protection", if encrypted { "encrypted" } else { "plain" });
        if encrypted {
            out.fact("model.encryption", "zip");
        }
        if self.script {
            let (code, debug) = (self.code, self.debug);
            out.fact("model.sources", debug);
            out.detail(format!(
                "It carries the model's source: {code} files of code, {debug} with original lines and paths."
            ));
        }
        self.state_pickle(zip, out);
    }

    /// States what `data.pkl` says about the tensors. Where it is damaged, its own artifact has the gap.
    fn state_pickle(&self, zip: &[u8], out: &mut Inspection<'_>) {
        let limit = PICKLE_BYTES.min(out.limits().inflated_from(zip.len() as u64));
        let pickle = self.pickle.content(zip, limit).unwrap_or_default();
        let mut seen = Walk::default();
        let _ = walk(&pickle, 0, &mut seen);
        let mut weights = add_up(&seen);
        for (module, name) in &seen.globals {
            if *module == b"torch"
                && let Some(dtype) = new_dtype(name)
            {
                weights.dtype(dtype);
            }
        }
        if seen.tensors.is_empty() {
            weights.tensors = self.storages.len() as u64;
        }
        weights.bytes = self.storages.iter().fold(0, |sum, entry| sum.saturating_add(entry.size));
        if seen.storages.is_empty() && weights.tensors > 0 {
            // Without the pickle nobody can say how many elements the bytes are.
            out.fact("model.tensors", weights.tensors);
            out.fact("model.bytes", weights.bytes);
        } else {
            weights.state(out);
        }
        if !seen.globals.is_empty() {
            out.fact("model.globals", pickle_names::list(&seen.globals));
        }
        if let Some(name) = architecture(&seen) {
            out.fact("model.architecture", name);
        }
        seen.training.state(out);
    }
}

/// The members of a zip that are weights of PyTorch, by the place of their local headers: whole storages of numbers in which no
/// text can lie. Small ones are left to be searched.
pub(in crate::formats) fn storages(zip: &[u8]) -> HashSet<u64> {
    let found = || {
        let entries = PyTorch.sniff(&Probe::new("", zip)).then(|| zip_names::entries(zip).ok())??;
        let model = Model::find(&entries)?;
        let pickle = model.pickle.content(zip, PICKLE_BYTES)?;
        let mut seen = Walk::default();
        let _ = walk(&pickle, 0, &mut seen);
        let numbers = |key: &str| {
            let storage = seen.keys.get(key.as_bytes()).and_then(|index| seen.storages.get(*index as usize))?;
            let (_, size) = storage_dtype(storage.class);
            (size > 1).then(|| storage.elements.saturating_mul(size))
        };
        let large = model.storages.iter().filter(|entry| entry.size >= SEARCHED && !entry.encrypted);
        let weights = large.filter(|entry| {
            let key = entry.name.rsplit('/').next().unwrap_or_default();
            numbers(key) == Some(entry.size)
        });
        Some(weights.map(|entry| entry.header).collect())
    };
    found().unwrap_or_default()
}

/// Adds up the tensors. Tied weights are counted as the two tensors that they are, and their numbers once. A storage that
/// no tensor uses counts as one.
pub(super) fn add_up(seen: &Walk<'_>) -> Weights {
    let mut weights = Weights::default();
    let mut counted = HashSet::new();
    for tensor in &seen.tensors {
        let dtype = seen.storages.get(tensor.storage as usize).map(|storage| storage_dtype(storage.class).0);
        let elements = if counted.insert(*tensor) { tensor.elements } else { 0 };
        weights.add(&dtype.unwrap_or_default(), elements, 0);
    }
    let used: HashSet<u32> = seen.tensors.iter().map(|tensor| tensor.storage).collect();
    for (_, storage) in seen.storages.iter().enumerate().filter(|(index, _)| !used.contains(&(*index as u32))) {
        weights.add(&storage_dtype(storage.class).0, storage.elements, 0);
    }
    weights.bytes = seen
        .storages
        .iter()
        .map(|storage| storage.elements.saturating_mul(storage_dtype(storage.class).1))
        .fold(0, u64::saturating_add);
    weights
}

/// The class of the outermost object, where a whole module was saved.
pub(super) fn architecture(seen: &Walk<'_>) -> Option<String> {
    let (module, name) = seen.globals.first()?;
    let package = module.split(|byte| *byte == b'.').next()?;
    let plain = PLAIN.contains(&package) && !module.starts_with(b"torch.nn");
    (!plain).then(|| clip(&String::from_utf8_lossy(&name[..name.len().min(1024)])))
}

/// The data type of a storage class, and its bytes.
pub(super) fn storage_dtype(class: &[u8]) -> (String, u64) {
    let (name, size) = match class {
        b"FloatStorage" => ("F32", 4),
        b"DoubleStorage" => ("F64", 8),
        b"HalfStorage" => ("F16", 2),
        b"BFloat16Storage" => ("BF16", 2),
        b"LongStorage" => ("I64", 8),
        b"IntStorage" => ("I32", 4),
        b"ShortStorage" => ("I16", 2),
        b"CharStorage" => ("I8", 1),
        b"ByteStorage" | b"UntypedStorage" => ("U8", 1),
        b"BoolStorage" => ("BOOL", 1),
        b"ComplexFloatStorage" => ("C64", 8),
        b"ComplexDoubleStorage" => ("C128", 16),
        b"QInt8Storage" => ("QI8", 1),
        b"QUInt8Storage" => ("QU8", 1),
        b"QInt32Storage" => ("QI32", 4),
        other => return (clip(&String::from_utf8_lossy(&other[..other.len().min(1024)])), 0),
    };
    (name.to_owned(), size)
}

/// The types that have no storage class of their own and are named as `torch.float8_e4m3fn`.
fn new_dtype(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"float8_e4m3fn" | b"float8_e4m3fnuz" => "F8_E4M3",
        b"float8_e5m2" | b"float8_e5m2fnuz" => "F8_E5M2",
        b"float8_e8m0fnu" => "F8_E8M0",
        b"float4_e2m1fn_x2" => "F4",
        b"uint16" => "U16",
        b"uint32" => "U32",
        b"uint64" => "U64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::model::zip_names::tests::forge as zip;
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, fact: &str) -> String {
        looked.stated.facts.get(fact).map(ToString::to_string).unwrap_or_default()
    }

    /// A state dict with two storages, as `torch.save` writes it: protocol 2.
    fn state_dict() -> Vec<u8> {
        let mut pickle = b"\x80\x02}q\x00(X\x01\x00\x00\x00wq\x01".to_vec();
        pickle.extend(
            b"ctorch._utils\n_rebuild_tensor_v2\nq\x02((X\x07\x00\x00\x00storageq\x03ctorch\nFloatStorage\nq\x04",
        );
        pickle.extend(
            b"X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x18tq\x07QK\x00K\x04K\x06\x86q\x08K\x06K\x01\x86q\x09",
        );
        pickle.extend(b"\x89ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0d");
        pickle.extend(b"X\x01\x00\x00\x00bq\x0eh\x02((h\x03ctorch\nHalfStorage\nq\x0f");
        pickle.extend(b"X\x01\x00\x00\x001q\x10h\x06M\x00\x01tq\x11QK\x00\x89h\x0a)Rtq\x12Rq\x13u.");
        pickle
    }

    #[test]
    fn parameters_are_counted_without_loading() {
        let pickle = state_dict();
        let file = zip(
            &[("m/data.pkl", &pickle), ("m/data/0", &[1; 96]), ("m/data/1", &[2; 512]), ("m/version", b"3\n")],
            false,
        );
        let looked = inspect(&PyTorch, "weights.dat", &file);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(text(&looked, "model.format"), "pytorch");
        assert_eq!(text(&looked, "model.version"), "3");
        assert_eq!(text(&looked, "model.dtypes"), "F16, F32");
        assert_eq!(looked.stated.facts.int("model.parameters"), 24 + 256);
        assert_eq!(looked.stated.facts.int("model.tensors"), 2);
        assert_eq!(looked.stated.facts.int("model.bytes"), 96 + 512);
        assert!(text(&looked, "model.globals").contains("torch.FloatStorage"));
        assert_eq!(text(&looked, "model.architecture"), "");
    }

    #[test]
    fn tied_weights_are_two_tensors_over_the_same_numbers_and_an_optimizer_makes_a_checkpoint() {
        let tensor = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x18tQK\0K\x04K\x06\x86K\x06K\x01\x86\x89}tR";
        let names = [&b"X\x07\0\0\0exp_avg"[..], b"X\x0c\0\0\0param_groups", b"X\x01\0\0\0b"];
        let pickle = [&b"\x80\x02}("[..], names[0], tensor, names[1], tensor, names[2], tensor, b"u."].concat();
        let file = zip(&[("m/data.pkl", &pickle), ("m/data/0", &[1; 96]), ("m/version", b"3\n")], false);
        let looked = inspect(&PyTorch, "a.bin", &file);
        assert_eq!((looked.stated.facts.int("model.tensors"), looked.stated.facts.int("model.parameters")), (3, 24));
        assert_eq!(text(&looked, "model.kind"), "checkpoint");
        assert_eq!(text(&looked, "model.training"), "exp_avg, param_groups");
    }

    #[test]
    fn torchscript_tells_that_it_carries_source() {
        let pickle = b"\x80\x02c__torch__\nNet\nq\x00)\x81}b.";
        let file = zip(
            &[
                ("n/data/0", &[0; 8]),
                ("n/data.pkl", pickle),
                ("n/code/__torch__.py", b"class Net"),
                ("n/code/__torch__.py.debug_pkl", b""),
                ("n/constants.pkl", b"\x80\x02)."),
                ("n/version", b"3\n"),
            ],
            false,
        );
        let looked = inspect(&PyTorch, "net.pt", &file);
        assert_eq!(text(&looked, "model.format"), "torchscript");
        assert_eq!(text(&looked, "model.architecture"), "Net");
        assert!(looked.stated.details[0].contains("1 files of code, 1 with"));
    }

    #[test]
    fn other_zips_are_left_alone_and_a_truncated_model_is_a_gap() {
        let other = zip(&[("a/version", b"3"), ("a/readme", b"")], false);
        assert!(matches!(inspect(&PyTorch, "a.zip", &other).result, Err(FormatError::NotThis)));
        let file = zip(&[("m/data.pkl", &state_dict()), ("m/data/0", &[1; 96]), ("m/version", b"3\n")], false);
        for length in (97..file.len()).step_by(97) {
            let looked = inspect(&PyTorch, "m.pt", &file[..length]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{length}");
        }
        assert!(inspect(&PyTorch, "m.pt", &file[..40]).result.is_ok() || file.len() > 40);
    }

    #[test]
    fn an_encrypted_zip_is_said_to_be() {
        let file = zip(&[("m/data.pkl", b"x"), ("m/data/0", b"y"), ("m/version", b"3\n")], true);
        let looked = inspect(&PyTorch, "m.pt", &file);
        assert_eq!(text(&looked, "model.protection"), "encrypted");
        assert_eq!(text(&looked, "model.encryption"), "zip");
    }
}
