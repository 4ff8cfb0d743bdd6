//! Pickles in a bare zlib stream: what `joblib.dump(…, compress=3)` writes.
//!
//! Format: RFC 1950. Its two-byte mark is too weak to go by bytes alone, so a name that joblib uses must come with it,
//! and a pickle must come out.

use flate2::read::ZlibDecoder;

use super::pickle::EXTENSIONS;
use crate::bytes::Probe;
use crate::finding::Artifact;
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// See the module.
pub struct ZlibPickle;

impl Format for ZlibPickle {
    fn name(&self) -> &'static str {
        "zlib-pickle"
    }

    fn summary(&self) -> &'static str {
        "A compressed joblib file (a bare zlib stream): the pickle inside is handed out."
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let marked = matches!(probe.head(), [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
        let named = EXTENSIONS.iter().any(|name| probe.has_extension(name))
            || ["z", "zlib"].iter().any(|name| probe.has_extension(name));
        marked && named
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        // A pickle that is text (protocol 0) may start with an `x`, too; no stream does that decompresses.
        let mut first = [0];
        match std::io::Read::read(&mut ZlibDecoder::new(&artifact.bytes[..]), &mut first) {
            Ok(1) => {}
            _ if artifact.bytes.len() > 16 => return Err(FormatError::NotThis),
            _ => return Err(FormatError::broken(artifact.bytes.len() as u64, "the zlib stream is cut off")),
        }
        let mut stream = ZlibDecoder::new(&artifact.bytes[..]);
        let (content, complete) = out.inflate("", &mut stream, artifact.bytes.len() as u64 * 4);
        let used = stream.total_in();
        let logical = artifact.path.base_name().trim_end_matches(".zlib").trim_end_matches(".z").to_owned();
        out.decompressed(&logical, content)?;
        out.explain(0..used);
        let whole = complete && used == artifact.bytes.len() as u64;
        Ok(if whole { Coverage::Whole } else { Coverage::Part })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn the_pickle_inside_is_handed_out_and_a_cut_stream_is_a_gap() {
        let plain: Vec<u8> = (0..2_000u32).flat_map(|number| (number * number).to_le_bytes()).collect();
        let mut packed = Vec::new();
        flate2::read::ZlibEncoder::new(&plain[..], flate2::Compression::fast()).read_to_end(&mut packed).unwrap();
        let looked = inspect(&ZlibPickle, "model.joblib", &packed);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert_eq!(looked.members[0].bytes, plain);
        assert!(!inspect(&ZlibPickle, "model.txt", &packed).sniffed);
        for length in (97..packed.len()).step_by(97) {
            let cut = inspect(&ZlibPickle, "model.joblib", &packed[..length]);
            assert!(matches!(cut.result, Ok(Coverage::Part)) && !cut.stated.gaps.is_empty(), "{length}");
            assert!(plain.starts_with(&cut.members[0].bytes) && !cut.members.is_empty());
        }
        assert!(matches!(inspect(&ZlibPickle, "a.pkl", b"x\x01 is not a stream").result, Err(FormatError::NotThis)));
    }
}
