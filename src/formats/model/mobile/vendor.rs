//! Models of further runtimes, whose body is not documented: told by a mark and one check, and nothing more is read.
//!
//! The marks are those that public viewers of models go by.

use super::super::FACTS;
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Fewer bytes are no compiled model.
const SMALLEST: u64 = 256;

struct Kind {
    format: &'static str,
    producer: &'static str,
    at: usize,
    mark: &'static [u8],
    check: fn(&[u8]) -> bool,
}

static KINDS: &[Kind] = &[
    Kind {
        format: "cvimodel",
        producer: "CVITEK",
        at: 0,
        mark: b"CviModel",
        check: |bytes| bytes.get(8..12).is_some_and(|size| size != [0; 4]),
    },
    Kind { format: "mindspore-lite", producer: "MindSpore", at: 4, mark: b"MSL1", check: root },
    Kind { format: "mindspore-lite", producer: "MindSpore", at: 4, mark: b"MSL2", check: root },
    Kind { format: "circle", producer: "ONE", at: 4, mark: b"CIR0", check: root },
    // A list of layers and their weights follows; its first number counts the operators.
    Kind {
        format: "kmodel",
        producer: "nncase",
        at: 0,
        mark: b"LDMK",
        check: |bytes| Cursor::at(bytes, 4).u32_le().is_ok_and(|version| (3..16).contains(&version)),
    },
    Kind {
        format: "tnn",
        producer: "TNN",
        at: 0,
        mark: b"\x04\0\xbc\xfa",
        check: |bytes| Cursor::at(bytes, 4).u32_le().is_ok_and(|number| number < 1 << 20),
    },
    Kind {
        format: "bmodel",
        producer: "Sophgo",
        at: 0,
        mark: b"\xee\xaa\x55\xff",
        check: |bytes| Cursor::at(bytes, 4).u32_le().is_ok_and(|number| number < 1 << 20),
    },
];

/// The root of a FlatBuffer lies at its start.
fn root(bytes: &[u8]) -> bool {
    Cursor::new(bytes).u32_le().is_ok_and(|root| root % 4 == 0 && (8..4096).contains(&root))
}

/// See the module.
pub struct Vendor;

impl Vendor {
    fn kind(probe: &Probe<'_>) -> Option<&'static Kind> {
        let found = KINDS.iter().find(|kind| probe.has_at(kind.at, kind.mark) && (kind.check)(probe.head()))?;
        (probe.len() >= SMALLEST && !probe.is_text()).then_some(found)
    }
}

impl Format for Vendor {
    fn name(&self) -> &'static str {
        "vendor-model"
    }

    fn summary(&self) -> &'static str {
        "Compiled models of further runtimes (CVITEK, MindSpore Lite, circle, nncase, TNN, Sophgo), told by their marks"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        Vendor::kind(probe).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
        let kind = Vendor::kind(&probe).ok_or(FormatError::NotThis)?;
        out.fact("model.format", kind.format);
        out.fact("model.producer", kind.producer);
        out.fact("model.weights", "inside");
        out.fact("model.protection", "plain");
        out.fact("model.bytes", probe.len());
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn a_mark_needs_what_belongs_to_it() {
        let circle = [&20u32.to_le_bytes()[..], b"CIR0", &[0; 400]].concat();
        assert!(inspect(&Vendor, "x.bin", &circle).result.is_ok());
        assert!(!inspect(&Vendor, "x.bin", &circle[..40]).sniffed);
        assert!(!inspect(&Vendor, "x.txt", "LDMK is a word\n".repeat(100).as_bytes()).sniffed);
    }
}
