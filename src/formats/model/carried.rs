//! Models that other files carry: as base64 in text, and in executables.
//!
//! Nothing here knows what a model is. Bytes are shown to the formats of this family, and only what one of them can
//! read is handed out; so an accidental mark costs nothing and says nothing.

use super::FACTS;
use crate::bytes::{Bytes, Limits, Probe};
use crate::finding::{Artifact, ArtifactPath, Role};
use crate::formats::{FORMATS, Format, Inspection};

/// Whether some format of models reads these bytes: to their end, or so far that tensors were seen.
pub(super) fn is_model(bytes: &Bytes) -> bool {
    let probe = Probe::new("", bytes);
    let ours = FORMATS.iter().filter(|format| std::ptr::eq(format.facts(), FACTS));
    ours.filter(|format| format.sniff(&probe)).any(|format| reads(*format, bytes))
}

fn reads(format: &dyn Format, bytes: &Bytes) -> bool {
    let artifact = Artifact { path: ArtifactPath::file(""), role: Role::File, bytes: bytes.clone() };
    let limits = Limits::default();
    let mut sink = |_| {};
    let mut out = Inspection::new(&artifact, &limits, &mut sink);
    let result = format.inspect(&artifact, &mut out);
    let facts = out.finish().facts;
    let counted = ["model.tensors", "model.trees", "model.vectors"].iter().any(|fact| facts.int(fact) > 0);
    facts.get("model.format").is_some() && (result.is_ok() || counted)
}
