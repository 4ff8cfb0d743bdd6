//! webpack's file cache: packs of what was built last time, sources included (`lib/serialization/FileMiddleware.js`).

use super::sources::FACTS;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A pack of the cache that webpack and Next.js keep on disk.
pub struct Pack;

/// `wpc` and version 1.
const MAGIC: &[u8] = b"wpc\x01";

impl Format for Pack {
    fn name(&self) -> &'static str {
        "webpack-cache"
    }

    fn summary(&self) -> &'static str {
        "packs of webpack's file cache (.pack): recognised; their content is searched"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC)
    }

    fn inspect(&self, _: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        out.fact("derived.kind", self.name());
        Ok(Coverage::Part)
    }
}
