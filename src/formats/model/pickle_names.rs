//! The Python names that a pickle would import, and what they tell.

use super::{clip, clip_list};

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

/// Modules that no honest model needs: what loading them can do comes first in a list that is cut.
const RISKY: &[&str] = &[
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "builtins",
    "__builtin__",
    "importlib",
    "runpy",
    "socket",
    "shutil",
    "pty",
    "pickle",
    "ctypes",
    "webbrowser",
    "pip",
    "code",
    "marshal",
    "types",
    "urllib",
    "requests",
    "?",
    "copyreg",
];

/// Names of the packages of `builtins` that every pickler writes.
const HARMLESS: &[&str] = &[
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
    "_reconstructor",
];

fn package(module: &[u8]) -> &[u8] {
    module.split(|byte| *byte == b'.').next().unwrap_or(module)
}

/// What wrote the pickle, judged by what it imports. `None` where nothing of machine learning is among it.
pub(super) fn framework(globals: &[(&[u8], &[u8])]) -> Option<&'static str> {
    let has = |name: &str| globals.iter().any(|(module, _)| package(module) == name.as_bytes());
    FRAMEWORKS.iter().find(|(name, _)| has(name)).map(|(_, shown)| *shown)
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
    let mut names: Vec<(bool, String)> = globals
        .iter()
        .map(|(module, name)| {
            let harmless = !RISKY.iter().any(|risky| risky.as_bytes() == package(module))
                || HARMLESS.iter().any(|known| known.as_bytes() == *name);
            (harmless, format!("{}.{}", text(module), text(name)))
        })
        .collect();
    names.sort();
    names.dedup();
    clip_list(names.into_iter().map(|(_, name)| name))
}

fn text(name: &[u8]) -> String {
    clip(&String::from_utf8_lossy(&name[..name.len().min(1024)]))
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
