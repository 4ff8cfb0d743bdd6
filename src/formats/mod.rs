//! Formats: what understands the bytes of an artifact.
//!
//! A format recognises a structure, states facts about it and hands out its members. It knows no rules. To add one,
//! write one file in the folder of its family and one line in [`FORMATS`].

mod inspection;
mod layout;
mod sieve;

pub mod application;
pub mod archive;
pub mod bytecode;
pub mod dataset;
pub mod derived;
pub mod executable;
pub mod image;
pub mod model;
pub mod source_map;
pub mod text;

pub use inspection::{Family, Inspection, Kept, LimitReached, Origin, Reference, Settled, SourceRecord, Stated};
pub use layout::Layout;

use std::ops::Range;

use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};

/// One understood structure.
pub trait Format: Sync {
    /// A short name, unique in [`FORMATS`]: `zip`, `source-map`, `safetensors`.
    fn name(&self) -> &'static str;

    /// One sentence for `lastlook formats`: what is recognised and what is read from it.
    fn summary(&self) -> &'static str;

    /// The facts that it may state. Rules are checked against the union of all formats' facts when they load.
    fn facts(&self) -> &'static [FactSpec] {
        &[]
    }

    /// Whether the artifact has this structure. By its bytes, cheaply and without allocating.
    fn sniff(&self, probe: &Probe<'_>) -> bool;

    /// Reads the artifact: states facts, hands out members.
    ///
    /// What was handed out before an error counts. A format that sees that it was mistaken about the artifact (the mark
    /// was there by chance) answers [`FormatError::NotThis`], and everything goes on as if it had not been asked.
    ///
    /// # Errors
    /// [`FormatError::Broken`] where the structure is there but cannot be read to its end.
    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError>;

    /// Which ranges of an artifact of `size` bytes, or of an unknown size ([`u64::MAX`]), it will account for without looking at
    /// them, by the first bytes alone. A stream that is being decompressed need not keep them. It must account for the
    /// same ranges when it inspects the whole.
    fn ahead(&self, _head: &[u8], _size: u64) -> Ahead {
        Ahead::Nothing
    }

    /// Where the bytes of an executable lie when it runs. Asked only of an artifact in which something was found; what
    /// cannot be told is left out.
    fn layout(&self, _artifact: &Artifact) -> Layout {
        Layout::default()
    }
}

/// What a format says of an artifact whose first bytes it has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ahead {
    /// That it is something else, or that all of it has to be looked at.
    Nothing,
    /// That it can tell with so many first bytes.
    More(u64),
    /// The ranges that it will account for without looking at them, in any order.
    Explained(Vec<Range<u64>>),
}

/// How much of an artifact's content a format has accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All of it was handed out as members or cannot hold text: its raw bytes are not searched.
    Whole,
    /// Its raw bytes are searched, except for the ranges given to [`Inspection::explain`].
    Part,
}

/// Why a format could not read an artifact to its end.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The artifact is something else: no gap, no error.
    #[error("not this format")]
    NotThis,
    /// The artifact is damaged, cut off, or uses something unsupported: a gap.
    #[error(transparent)]
    Broken(#[from] ReadError),
    /// A limit was reached: a gap. [`Inspection`] has already noted which.
    #[error(transparent)]
    Limit(#[from] LimitReached),
}

impl FormatError {
    /// Broken at `offset`.
    #[must_use]
    pub fn broken(offset: u64, reason: impl Into<String>) -> Self {
        FormatError::Broken(ReadError::new(offset, reason))
    }
}

/// Every format, in the order in which an artifact is shown to them. All that recognise it read it: a wheel with an
/// unusual prefix is both a zip and whatever comes before it. What hands out files of an executable comes before what looks
/// for texts in one, so that these are not found twice.
pub static FORMATS: &[&dyn Format] = &[
    // Archives and compressed streams.
    &archive::zip::Zip,
    &archive::gzip::Gzip,
    &archive::zstd::Zstd,
    &archive::xz::Xz,
    &archive::xz::Lzma,
    &archive::bzip2::Bzip2,
    &archive::lz4::Lz4,
    &archive::brotli::Brotli,
    &archive::tar::Tar,
    &archive::ar::Ar,
    &archive::cpio::Cpio,
    &archive::rpm::Rpm,
    &archive::asar::Asar,
    &archive::phar::Phar,
    &archive::unopened::Unopened,
    // Container images.
    &image::ImageManifest,
    &image::ImageConfig,
    // Executables.
    &executable::Elf,
    &executable::MachO,
    &executable::Pe,
    &executable::Coff,
    &executable::Wasm,
    &executable::Pdb,
    // Applications in a single file.
    &application::Application,
    &application::SelfExtracting,
    &application::Zipapp,
    &application::NwPackage,
    // Source maps and what points at them.
    &source_map::SourceMap,
    &source_map::Inline,
    &source_map::SourceUrl,
    &source_map::RamBundle,
    &source_map::Hermes,
    // Programs in the code of a virtual machine.
    &bytecode::JavaClass,
    &bytecode::Jar,
    &bytecode::Dex,
    &bytecode::Lua,
    &bytecode::RubyIseq,
    &bytecode::V8Cache,
    // Models.
    &model::Safetensors,
    &model::SafetensorsIndex,
    &model::Gguf,
    &model::Ggml,
    &model::PyTorch,
    &model::PyTorchLegacy,
    &model::ExecuTorch,
    &model::Pickle,
    &model::ZlibPickle,
    &model::Npy,
    &model::Npz,
    &model::Skops,
    &model::onnx::Onnx,
    &model::Ort,
    &model::tflite::Tflite,
    &model::keras::Keras,
    &model::hdf5::Hdf5,
    &model::MediaPipe,
    &model::SavedModel,
    &model::MetaGraph,
    &model::TfGraph,
    &model::TfCheckpoint,
    &model::TfJs,
    &model::CoreMl,
    &model::CoreMlBlobs,
    &model::CoreMlPackage,
    &model::CoreMlCompiled,
    &model::TensorRt,
    &model::OpenVino,
    &model::PaddleProgram,
    &model::PaddleParameters,
    &model::MxnetParameters,
    &model::MxnetSymbol,
    &model::Caffe,
    &model::XgBoost,
    &model::LightGbm,
    &model::CatBoost,
    &model::Faiss,
    &model::Hnswlib,
    &model::Annoy,
    &model::FastText,
    &model::Word2Vec,
    &model::SentencePiece,
    &model::Flax,
    &model::thinc::Thinc,
    &model::NcnnGraph,
    &model::NcnnWeights,
    &model::Mnn,
    &model::Rknn,
    &model::Vendor,
    &model::ModelFolder,
    &model::Base64Model,
    &model::EmbeddedModel,
    &model::protection::Encrypted,
    &model::Unidentified,
    // What models are made from.
    &dataset::Parquet,
    &dataset::Arrow,
    &dataset::Records,
    &dataset::Lines,
    // What tools derive from sources.
    &derived::WebpackStats,
    &derived::Metafile,
    &derived::TsBuildInfo,
    &derived::BundleReport,
    &derived::Manifest,
    &derived::CoverageJson,
    &derived::V8Coverage,
    &derived::CoveragePage,
    &derived::CoverageTable,
    &derived::Notebook,
    &derived::HeapSnapshot,
    &derived::Profile,
    &derived::Mapping,
    &derived::Cython,
    &derived::Pyc,
    &derived::Pack,
    // Text.
    &text::Utf16,
];

/// The facts that any format may state, and those that the engine adds once everything was seen.
pub fn fact_specs() -> impl Iterator<Item = &'static FactSpec> {
    let settled = [
        source_map::TARGET_FACTS,
        executable::TARGET_FACTS,
        derived::TARGET_FACTS,
        application::TARGET_FACTS,
        crate::manifest::FACTS,
    ];
    let languages = executable::LANGUAGE_FACTS.into_iter().flatten();
    FORMATS.iter().flat_map(|format| format.facts()).chain(settled.into_iter().flatten()).chain(languages)
}

#[cfg(test)]
pub(crate) mod testing {
    //! Runs one format over bytes, as the engine would.

    use super::*;
    use crate::bytes::{Bytes, Limits};
    use crate::finding::{ArtifactPath, Role};

    /// What a format made of some bytes.
    pub(crate) struct Looked {
        pub(crate) sniffed: bool,
        pub(crate) result: Result<Coverage, FormatError>,
        pub(crate) members: Vec<Artifact>,
        pub(crate) stated: Stated,
    }

    /// Shows `bytes` under `name` to `format`.
    pub(crate) fn inspect(format: &dyn Format, name: &str, bytes: &[u8]) -> Looked {
        inspect_as(Role::File, format, name, bytes)
    }

    /// Shows `bytes`, which came to be there like this, to `format`.
    pub(crate) fn inspect_as(role: Role, format: &dyn Format, name: &str, bytes: &[u8]) -> Looked {
        let artifact = Artifact { path: ArtifactPath::file(name), role, bytes: Bytes::copy_from_slice(bytes) };
        let limits = Limits::default();
        let mut members = Vec::new();
        let mut sink = |member| members.push(member);
        let mut out = Inspection::new(&artifact, &limits, &mut sink);
        let sniffed = format.sniff(&Probe::new(artifact.path.base_name(), bytes));
        let result = if sniffed { format.inspect(&artifact, &mut out) } else { Err(FormatError::NotThis) };
        let stated = out.finish();
        Looked { sniffed, result, members, stated }
    }
}
