//! The texts that a package ships as plain files: a source that is among them is not given away by a map.

use super::run::{Package, Run};
use crate::bytes::{Probe, TextId};
use crate::finding::{Artifact, Role};

/// Up to this size, files that do not look like text count as sources that are shipped, for they may be.
const LARGEST_ODD_TEXT: u64 = 4 << 20;

impl Run<'_> {
    /// Notes what the artifact says, if it is a text that is shipped as it is.
    pub(super) fn note_text(&self, artifact: &Artifact, package: &Package, probe: &Probe<'_>) {
        let may_be_text = match artifact.role {
            Role::File | Role::ArchiveMember | Role::Decompressed | Role::DecodedText => {
                // A source may hold a NUL near its start, and does not look like text then.
                probe.is_text() || probe.len() <= LARGEST_ODD_TEXT
            }
            Role::Weights | Role::EmbeddedSource | Role::EmbeddedMap | Role::Header => false,
        };
        if may_be_text {
            let text = TextId::of(&artifact.bytes);
            self.note(|seen| seen.texts.extend([(package.clone(), text)]));
        }
    }
}
