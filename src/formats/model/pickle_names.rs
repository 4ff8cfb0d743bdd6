//! The Python names that a pickle would import, and what they tell.

use std::collections::BTreeSet;

use super::capped::{self, clip_list};
use super::pickle_risks::{Risk, risk};
use crate::formats::Inspection;

/// Packages whose objects make a pickle a model, and what they are called. The first that is met names the producer,
/// so those that build on others stand before them.
const FRAMEWORKS: &[(&str, &str)] = &[
    ("xgboost", "XGBoost"),
    ("lightgbm", "LightGBM"),
    ("catboost", "CatBoost"),
    ("skorch", "skorch"),
    ("tpot", "TPOT"),
    ("autogluon", "AutoGluon"),
    ("pytorch_lightning", "PyTorch Lightning"),
    ("lightning", "PyTorch Lightning"),
    ("fastai", "fastai"),
    ("ultralytics", "Ultralytics"),
    ("transformers", "Transformers"),
    ("peft", "PEFT"),
    ("diffusers", "Diffusers"),
    ("torchvision", "PyTorch"),
    ("torch", "PyTorch"),
    ("keras", "Keras"),
    ("tensorflow", "TensorFlow"),
    ("flax", "Flax"),
    ("jaxlib", "JAX"),
    ("jax", "JAX"),
    ("paddle", "PaddlePaddle"),
    ("mxnet", "MXNet"),
    ("chainer", "Chainer"),
    ("theano", "Theano"),
    ("gensim", "Gensim"),
    ("spacy", "spaCy"),
    ("thinc", "spaCy"),
    ("surprise", "Surprise"),
    ("implicit", "implicit"),
    ("hmmlearn", "hmmlearn"),
    ("statsmodels", "statsmodels"),
    ("prophet", "Prophet"),
    ("imblearn", "imbalanced-learn"),
    ("sklearn", "scikit-learn"),
    ("joblib", "joblib"),
    ("numpy", "NumPy"),
];

/// Packages that models are made with besides, and that run nothing of their own when they are loaded.
const KNOWN: &[&str] = &[
    "accelerate",
    "bitsandbytes",
    "category_encoders",
    "cupy",
    "dask",
    "datasets",
    "dateutil",
    "einops",
    "huggingface_hub",
    "lifelines",
    "networkx",
    "nltk",
    "numba",
    "omegaconf",
    "onnx",
    "optuna",
    "pandas",
    "PIL",
    "polars",
    "pyarrow",
    "pytz",
    "safetensors",
    "scipy",
    "sentence_transformers",
    "sentencepiece",
    "shap",
    "skl2onnx",
    "skops",
    "timm",
    "tokenizers",
    "torch_geometric",
    "torchaudio",
    "torchtext",
    "tree",
    "umap",
    "wandb",
    "__torch__",
];

/// Modules of Python itself whose values are plain data, and functions without effects.
const PLAIN: &[&str] = &[
    "_codecs",
    "_collections",
    "_collections_abc",
    "_decimal",
    "_operator",
    "abc",
    "array",
    "calendar",
    "collections",
    "copy",
    "copy_reg",
    "copyreg",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "ipaddress",
    "itertools",
    "json",
    "logging",
    "math",
    "numbers",
    "operator",
    "pathlib",
    "posixpath",
    "random",
    "re",
    "sre_compile",
    "statistics",
    "string",
    "time",
    "types",
    "typing",
    "uuid",
    "warnings",
    "weakref",
    "zoneinfo",
];

/// Names of `builtins` that are plain types.
const BUILTINS: &[&str] = &[
    "set",
    "frozenset",
    "object",
    "list",
    "dict",
    "tuple",
    "int",
    "float",
    "str",
    "bytes",
    "bytearray",
    "complex",
    "bool",
    "slice",
    "range",
    "long",
    "unicode",
    "xrange",
    "basestring",
    "Ellipsis",
    "NotImplemented",
    "NoneType",
    "property",
    "staticmethod",
    "classmethod",
    "enumerate",
    "reversed",
    "zip",
    "sorted",
    "len",
    "sum",
    "min",
    "max",
    "abs",
    "round",
];

/// Whether the name belongs to a known framework, or is a plain value of Python.
pub(super) fn is_known(module: &str, name: &str) -> bool {
    let package = module.split('.').next().unwrap_or(module);
    if package == "builtins" {
        return BUILTINS.contains(&name) || name.ends_with("Error") || name.ends_with("Exception");
    }
    PLAIN.contains(&package) || KNOWN.contains(&package) || FRAMEWORKS.iter().any(|(known, _)| *known == package)
}

fn package(module: &[u8]) -> &[u8] {
    module.split(|byte| *byte == b'.').next().unwrap_or(module)
}

/// What wrote the pickle, judged by what it imports. `None` where nothing of machine learning is among it.
pub(super) fn framework(globals: &[(&[u8], &[u8])]) -> Option<&'static str> {
    let has = |name: &str| globals.iter().any(|(module, _)| package(module) == name.as_bytes());
    FRAMEWORKS.iter().find(|(name, _)| has(name)).map(|(_, shown)| *shown)
}

/// What the framework with this package is called.
pub(super) fn framework_of(package: &str) -> Option<&'static str> {
    FRAMEWORKS.iter().find(|(name, _)| *name == package).map(|(_, shown)| *shown)
}

/// Whether the pickle carries Python code (cloudpickle and dill write functions by value).
pub(super) fn carries_code(globals: &[(&[u8], &[u8])]) -> bool {
    globals.iter().any(|(module, name)| {
        matches!(package(module), b"cloudpickle" | b"dill")
            && matches!(*name, b"_make_function" | b"_make_skel_func" | b"_make_skeleton_class" | b"_create_function")
    })
}

/// Whether this looks like a name in Python: letters, digits, `_`, `.`, the `-` of scripts
/// and the `<` and `>` of local names.
pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-<>?".contains(byte) || *byte >= 0x80)
}

/// All names as `module.name`: those that can do harm first, then by name.
pub(super) fn list(globals: &[(&[u8], &[u8])]) -> Vec<String> {
    let mut names: Vec<(bool, String)> =
        globals.iter().map(|(module, name)| (risk(module, name) > Risk::Indirect, shown(module, name))).collect();
    names.sort();
    names.dedup();
    clip_list(names.into_iter().map(|(_, name)| name))
}

/// States what loading would import, and what of it can do harm or is unknown.
pub(super) fn state(globals: &[(&[u8], &[u8])], out: &mut Inspection<'_>) {
    if globals.is_empty() {
        return;
    }
    out.fact("model.globals", list(globals));
    for (fact, kind) in
        [("model.code", Risk::Code), ("model.indirect", Risk::Indirect), ("model.foreign", Risk::Foreign)]
    {
        let names: BTreeSet<String> = globals
            .iter()
            .filter(|(module, name)| risk(module, name) == kind)
            .map(|(module, name)| shown(module, name))
            .collect();
        if !names.is_empty() {
            out.fact(fact, clip_list(names));
        }
    }
}

fn shown(module: &[u8], name: &[u8]) -> String {
    format!("{}.{}", text(module), text(name))
}

fn text(name: &[u8]) -> String {
    capped::text(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_do_harm_comes_first() {
        let mut globals: Vec<(&[u8], &[u8])> = vec![(b"a", b"b"); 50];
        globals.extend([(&b"posix"[..], &b"system"[..]), (b"builtins", b"set"), (b"builtins", b"eval")]);
        assert_eq!(list(&globals), ["builtins.eval", "posix.system", "a.b", "builtins.set"]);
    }

    #[test]
    fn a_framework_is_named_before_what_it_builds_on() {
        let globals: &[(&[u8], &[u8])] = &[(b"numpy", b"ndarray"), (b"xgboost.core", b"Booster"), (b"sklearn", b"x")];
        assert_eq!(framework(globals), Some("XGBoost"));
        assert_eq!(framework(&[(b"decimal", b"Decimal")]), None);
    }
}
