//! Programs in the code of a virtual machine: not the source, but most of its names and all of its texts.

mod class;
mod dex;
mod jar;
mod lua;
mod mutf8;
mod ruby;
mod v8_cache;

pub use class::JavaClass;
pub use dex::Dex;
pub use jar::Jar;
pub use lua::Lua;
pub use ruby::RubyIseq;
pub use v8_cache::V8Cache;

use super::Inspection;
use super::executable::personal_among;
use crate::finding::{FactSpec, FactType};

const TEXT: usize = 200;

/// The facts that all of them share.
static FACTS: &[FactSpec] = &[
    FactSpec {
        name: "bytecode.kind",
        kind: FactType::Text,
        doc: "Whose code it is: java-class, dex, lua, luajit, ruby-iseq or v8-code-cache",
    },
    FactSpec { name: "bytecode.version", kind: FactType::Text, doc: "The version of the format, or of the language" },
    FactSpec { name: "bytecode.source", kind: FactType::Text, doc: "The name of its source, as the compiler saw it" },
    FactSpec {
        name: "bytecode.stripped",
        kind: FactType::Bool,
        doc: "Whether names of sources, lines and local variables were left out",
    },
    FactSpec {
        name: "bytecode.personal",
        kind: FactType::Int,
        doc: "Number of paths in it that name a person or a home folder",
    },
    FactSpec { name: "bytecode.personal_examples", kind: FactType::List, doc: "At most 5 of these paths" },
];

/// What is said of every one of them.
struct Common<'a> {
    kind: &'static str,
    version: String,
    source: Option<&'a [u8]>,
    stripped: Option<bool>,
}

impl Common<'_> {
    /// States it, with the home folders in `text`.
    fn state(self, text: &[u8], out: &mut Inspection<'_>) {
        out.fact("bytecode.kind", self.kind);
        if !self.version.is_empty() {
            out.fact("bytecode.version", self.version);
        }
        if let Some(source) = self.source {
            out.fact("bytecode.source", short(source));
        }
        if let Some(stripped) = self.stripped {
            out.fact("bytecode.stripped", stripped);
        }
        // In the file, a length or a sign stands right before the name of the source.
        let mut named = personal_among(self.source.into_iter());
        if named.0 == 0 {
            named = personal_among([text].into_iter());
        }
        let (personal, examples) = named;
        out.fact("bytecode.personal", personal);
        if personal > 0 {
            out.fact("bytecode.personal_examples", examples);
        }
    }
}

/// Bytes as text of at most 200 characters.
fn short(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT * 4)]).chars().take(TEXT).collect()
}
