//! thinc: the weights of spaCy's pipelines, in MessagePack. The folder of every component holds one, called `model`.
//!
//! Follows `Model.to_bytes` in `thinc/model.py` and `srsly/msgpack/_msgpack_numpy.py`: a map of `nodes`, `attrs`, `params` and
//! `shims`, with arrays as maps that say their type and shape.

use super::FACTS;
use super::flax::Walk;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A map of four, of which the first is called `nodes` and is a list of maps.
const MAGIC: &[u8] = b"\x84\xa5nodes";

/// See the module.
pub struct Thinc;

impl Format for Thinc {
    fn name(&self) -> &'static str {
        "thinc"
    }

    fn summary(&self) -> &'static str {
        "Weights of thinc, as spaCy's pipelines have them: arrays and their types"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC)
            && memchr::memmem::find(&probe.head()[..probe.head().len().min(64)], b"index").is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut walk = Walk::new(&artifact.bytes);
        let end = walk.value(0);
        out.fact("model.format", "thinc");
        out.fact("model.producer", "thinc");
        out.fact("model.weights", if walk.weights.tensors > 0 { "inside" } else { "none" });
        out.fact("model.protection", "plain");
        walk.weights.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    /// What thinc 9.1 writes for one layer, with these weights.
    pub(crate) fn forge(rows: u8, columns: u8) -> Vec<u8> {
        let node = b"\x84\xa5index\0\xa4name\xa4relu\xa4dims\x82\xa2nO\x08\xa2nI\x04\xa4refs\x80";
        let mut file = [MAGIC, b"\x91", node, b"\xa5attrs\x91\x80\xa6params\x91\x81\xa1W"].concat();
        file.extend(b"\x85\xc4\x02nd\xc3\xc4\x04type\xa3<f4\xc4\x04kind\xc4\0\xc4\x05shape\x92");
        file.extend([rows, columns]);
        file.extend(b"\xc4\x04data\xc5");
        let bytes = u16::from(rows) * u16::from(columns) * 4;
        file.extend(bytes.to_be_bytes());
        file.resize(file.len() + usize::from(bytes), 0x3f);
        file.extend(b"\xa5shims\x91\xc0");
        file
    }

    #[test]
    fn the_weights_of_a_pipeline_are_counted() {
        let looked = inspect(&Thinc, "model", &forge(20, 30));
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!(
            (facts.int("model.tensors"), facts.int("model.parameters"), facts.int("model.bytes")),
            (1, 600, 2400)
        );
        assert_eq!(facts.get("model.dtypes").unwrap().to_string(), "F32");
    }

    #[test]
    fn one_that_is_cut_off_is_a_gap() {
        let file = forge(20, 30);
        for length in (64..file.len()).step_by(97) {
            assert!(
                matches!(inspect(&Thinc, "model", &file[..length]).result, Err(FormatError::Broken(_))),
                "{length}"
            );
        }
    }
}
