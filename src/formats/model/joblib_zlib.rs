//! Pickles in a bare zlib stream: what `joblib.dump(…, compress=3)` writes.
//!
//! Format: RFC 1950. Its two-byte mark is too weak to go by bytes alone, so a name that joblib uses must come with it,
//! or the mark of a pickle must come out.

use flate2::read::ZlibDecoder;

use std::io::Read;

use super::pickle::EXTENSIONS;
use super::pickle_ops;
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
        // A window of 32 KiB, and two bytes that are a multiple of 31.
        matches!(probe.head(), [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
        let named = EXTENSIONS.iter().chain(&["z", "zlib"]).any(|name| probe.has_extension(name));
        // A pickle that is text (protocol 0) may start with an `x`, too; no stream does that decompresses.
        let mut first = [0; 3];
        let read = ZlibDecoder::new(&artifact.bytes[..]).take(3).read(&mut first);
        match read {
            Ok(3) if matches!(first, [0x80, 2..=5, code] if pickle_ops::is_opcode(code)) => {}
            Ok(1..) if named => {}
            _ if named && artifact.bytes.len() <= 16 => {
                return Err(FormatError::broken(artifact.bytes.len() as u64, "the zlib stream is cut off"));
            }
            _ => return Err(FormatError::NotThis),
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
        assert!(matches!(inspect(&ZlibPickle, "model.txt", &packed).result, Err(FormatError::NotThis)));
        let mut renamed = Vec::new();
        let pickle = [b"\x80\x04]\x94.".to_vec(), plain.clone()].concat();
        flate2::read::ZlibEncoder::new(&pickle[..], flate2::Compression::fast()).read_to_end(&mut renamed).unwrap();
        assert_eq!(inspect(&ZlibPickle, "0x1f.bin", &renamed).members[0].bytes, pickle);
        for length in (97..packed.len()).step_by(97) {
            let cut = inspect(&ZlibPickle, "model.joblib", &packed[..length]);
            assert!(matches!(cut.result, Ok(Coverage::Part)) && !cut.stated.gaps.is_empty(), "{length}");
            assert!(plain.starts_with(&cut.members[0].bytes) && !cut.members.is_empty());
        }
        assert!(matches!(inspect(&ZlibPickle, "a.pkl", b"x\x01 is not a stream").result, Err(FormatError::NotThis)));
    }
}
