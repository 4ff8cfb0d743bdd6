//! TensorRT's engines: a program for one kind of graphics card with its weights in it.
//!
//! The format is not documented. The mark, the versions and the place of the size are those that `source/tensorrt.js` of
//! lutzroeder/netron knows; everything behind them is opaque.

use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises engines.
#[derive(Debug)]
pub struct TensorRt;

/// How long the JSON may be that some exporters put before an engine.
const JSON: u32 = 1 << 20;

/// Versions of the header: those with the size after one more number, and those with the size first.
const LATE: [u32; 2] = [0, 0x2b];
const EARLY: [u32; 4] = [0x57, 0x59, 0x60, 0x61];

/// How much longer or shorter than its content a file may be: headers and padding.
const SLACK: u64 = 4 << 10;

impl Format for TensorRt {
    fn name(&self) -> &'static str {
        "tensorrt"
    }

    fn summary(&self) -> &'static str {
        "TensorRT engine: version of its header and size; what is in it is not documented"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        header(probe.all()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let header = header(&artifact.bytes).ok_or(FormatError::NotThis)?;
        let rest = (artifact.bytes.len() as u64).saturating_sub(header.start);
        // Four letters and a number may stand anywhere: the size must be that of the file.
        let fits = header.size.is_some_and(|size| size > 0 && size.abs_diff(rest) <= SLACK);
        let cut = header.size.is_some_and(|size| size > rest && size < 1 << 40);
        if !fits && !cut {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "tensorrt");
        out.fact("model.version", format!("header 0x{:x}", header.version));
        out.fact("model.producer", "TensorRT");
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        out.fact("model.bytes", rest);
        if !fits {
            return Err(FormatError::broken(artifact.bytes.len() as u64, "the engine is cut off"));
        }
        Ok(Coverage::Part)
    }
}

struct Header {
    start: u64,
    version: u32,
    size: Option<u64>,
}

/// The header, at the start or behind a JSON object with its length before it.
fn header(bytes: &[u8]) -> Option<Header> {
    let mut cursor = Cursor::new(bytes);
    let first = cursor.take(4).ok()?;
    let mut start = 0;
    if !is_mark(first) {
        let length = u32::from_le_bytes([first[0], first[1], first[2], first[3]]);
        if !(2..=JSON).contains(&length) || cursor.u8().ok()? != b'{' {
            return None;
        }
        start = u64::from(length) + 4;
    }
    let mut cursor = Cursor::at(bytes, start);
    if !is_mark(cursor.take(4).ok()?) {
        return None;
    }
    let version = cursor.u32_le().ok()?;
    cursor.skip(4).ok()?;
    let size = if LATE.contains(&version) {
        cursor.skip(4).ok()?;
        cursor.u64_le().ok()?
    } else if EARLY.contains(&version) {
        cursor.u64_le().ok()?
    } else {
        return None;
    };
    Some(Header { start, version, size: Some(size) })
}

fn is_mark(bytes: &[u8]) -> bool {
    matches!(bytes, b"ptrt" | b"ftrt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    fn engine(size: u64) -> Vec<u8> {
        [&b"ftrt"[..], &0x61u32.to_le_bytes(), &[0; 4], &size.to_le_bytes(), &[0; 4], &[7; 5000]].concat()
    }

    #[test]
    fn an_engine_is_told_by_its_size() {
        let looked = inspect(&TensorRt, "scorer.bin", &engine(5000));
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let json = br#"{"author": "x"}"#;
        let wrapped = [&(json.len() as u32).to_le_bytes()[..], json, &engine(5000)].concat();
        assert!(matches!(inspect(&TensorRt, "scorer.engine", &wrapped).result, Ok(Coverage::Part)));
        assert!(matches!(inspect(&TensorRt, "x", &engine(90_000)).result, Err(FormatError::Broken(_))));
        for other in [engine(0), engine(u64::MAX), b"ptrt is a word".to_vec(), b"ftrt".to_vec()] {
            assert!(matches!(inspect(&TensorRt, "x.engine", &other).result, Err(FormatError::NotThis)));
        }
    }
}
