//! Container images: which layers an image has, and what its configuration remembers. The layers themselves are archives
//! like all others, so that every file of every one is looked at, also those that a later layer deletes.
//!
//! OCI image specification 1.1: manifest.md, config.md, layer.md; docker image specification 1.2 (`docker save`).

mod config;
mod manifest;

pub use config::ImageConfig;
pub use manifest::ImageManifest;

use crate::finding::{FactSpec, FactType};

/// The facts of images.
pub static FACTS: &[FactSpec] = &[
    FactSpec { name: "image.layers", kind: FactType::Int, doc: "Number of layers that the manifest of an image names" },
    FactSpec { name: "image.tags", kind: FactType::List, doc: "Names of an image (docker save)" },
    FactSpec {
        name: "image.environment",
        kind: FactType::Int,
        doc: "Number of environment variables that an image sets",
    },
    FactSpec {
        name: "image.secret_environment",
        kind: FactType::Int,
        doc: "Number of those whose names say that they hold a secret, and that have a value",
    },
    FactSpec { name: "image.secret_environment_names", kind: FactType::List, doc: "Their names" },
    FactSpec {
        name: "image.history",
        kind: FactType::Int,
        doc: "Number of steps of the build that an image remembers",
    },
    FactSpec {
        name: "image.build_arguments",
        kind: FactType::List,
        doc: "Names of the build arguments whose values the history remembers",
    },
    FactSpec {
        name: "image.secret_arguments",
        kind: FactType::Int,
        doc: "Number of those whose names say that they hold a secret, and that have a value",
    },
    FactSpec { name: "image.secret_argument_names", kind: FactType::List, doc: "Their names" },
];

/// The longest JSON that is read, in bytes. Manifests and configurations have a few kilobytes.
const LONGEST: usize = 16 << 20;
/// How many names a fact lists.
const LISTED: usize = 32;
/// How long a name in a fact may be, in characters.
const NAME: usize = 200;
