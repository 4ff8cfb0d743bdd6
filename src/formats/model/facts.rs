//! The facts of models: one set of names for all formats.

use crate::finding::{FactSpec, FactType};

const fn text(name: &'static str, doc: &'static str) -> FactSpec {
    FactSpec { name, kind: FactType::Text, doc }
}

const fn int(name: &'static str, doc: &'static str) -> FactSpec {
    FactSpec { name, kind: FactType::Int, doc }
}

const fn list(name: &'static str, doc: &'static str) -> FactSpec {
    FactSpec { name, kind: FactType::List, doc }
}

/// The facts that the formats of this family may state.
pub static FACTS: &[FactSpec] = &[
    text("model.format", "The model format"),
    text("model.version", "Version of the format"),
    text("model.kind", "What it is besides weights: adapter, checkpoint, tokenizer, index …, where that can be told"),
    int("model.tensors", "Number of tensors"),
    int("model.parameters", "Number of parameters: the sum of all tensor sizes in elements"),
    int("model.bytes", "Bytes of weights in this artifact"),
    list("model.dtypes", "Data types of the tensors"),
    text("model.quantisation", "How the weights are quantised, where the header says so"),
    text("model.architecture", "Architecture, where the header says so"),
    text("model.base", "Model that it was made from, where the header says so"),
    text("model.producer", "Framework or tool that wrote the file"),
    text("model.name", "Name of the model, where the header says so"),
    text("model.license", "Licence of the model, where the header says so"),
    text("model.author", "Author of the model, where the header says so"),
    text("model.protection", "plain, encrypted or unknown"),
    text("model.encryption", "The encryption scheme, where there is one"),
    text("model.test", "The figures by which bytes were found to be random"),
    text(
        "model.weights",
        "Where the weights are: inside, external, none, or beside a configuration, said once everything was seen",
    ),
    int("model.files", "Number of files with weights in the folder that a configuration makes one model"),
    int("model.sources", "Number of source files whose original lines and paths the model carries"),
    text("model.shard", "Which part of a model this is: 2 of 5"),
    list("model.parts", "Files that hold the rest of the model, as this one names them"),
    list("model.missing_parts", "Those of them that do not lie in the target; said once everything was seen"),
    list("model.training", "What it tells of its training: optimizer state, data sets, parameters of the run"),
    int("model.layers", "Number of layers or operators of a graph"),
    int("model.trees", "Number of decision trees"),
    int("model.features", "Number of features, or of dimensions, that go in"),
    int("model.vectors", "Number of vectors in an index, or of words with a vector"),
    int("model.vocabulary", "Number of pieces of a tokenizer"),
    text("model.objective", "What it was trained for, where the header says so"),
    list("model.globals", "Python names that loading the pickle would import"),
    list(
        "model.indirect",
        "Those of them that reach other names by their text, or build functions from code that it carries",
    ),
    list("model.foreign", "Those of them that belong to no known framework of machine learning"),
    list(
        "model.code",
        "Those of them that run code, start programs, or reach files or the network when they are called",
    ),
];
