//! RKNN (Rockchip): `RKNN` with four zeros, a version, the size of what follows, the model, and JSON behind it. `CYPTRKNN` in the
//! first eight bytes says that the model is encrypted.
//!
//! The layout is as public readers of the format take it: up to version 1 the header has 64 bytes, then 24.

use super::super::{FACTS, clip};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Versions seen go up to six.
const VERSIONS: u64 = 1000;

/// See the module.
pub struct Rknn;

impl Format for Rknn {
    fn name(&self) -> &'static str {
        "rknn"
    }

    fn summary(&self) -> &'static str {
        "RKNN model of Rockchip: version, size, target, and whether it is encrypted"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        (probe.starts_with(b"RKNN\0\0\0\0") || probe.starts_with(b"CYPTRKNN"))
            && Cursor::at(probe.head(), 8).u64_le().is_ok_and(|version| version < VERSIONS)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut cursor = Cursor::at(bytes, 8);
        let version = cursor.u64_le()?;
        out.fact("model.format", "rknn");
        out.fact("model.version", version.to_string());
        out.fact("model.producer", "RKNN Toolkit");
        out.fact("model.weights", "inside");
        let encrypted = bytes.starts_with(b"CYPT");
        out.fact("model.protection", if encrypted { "encrypted" } else { "plain" });
        if encrypted {
            out.fact("model.encryption", "rknn");
            out.fact("model.bytes", bytes.len());
            return Ok(Coverage::Part);
        }
        let size = cursor.u64_le()?;
        out.fact("model.bytes", size.min(bytes.len() as u64));
        cursor.skip(if version > 1 { 0 } else { 40 })?;
        cursor.skip(size)?;
        let length = cursor.u64_le()?;
        let json = cursor.take_u64(length)?;
        let target = serde_json::from_slice::<serde_json::Value>(json).ok().and_then(|json| {
            let platform = json.get("target_platform")?;
            Some(platform.as_str().or_else(|| platform.get(0)?.as_str())?.to_owned())
        });
        if let Some(target) = target {
            out.fact("model.architecture", clip(&target));
        }
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn plain_and_encrypted_models_are_told_apart() {
        let json = br#"{"target_platform":["rk3588"]}"#;
        let mut file = b"RKNN\0\0\0\0".to_vec();
        file.extend(6u64.to_le_bytes());
        file.extend(100u64.to_le_bytes());
        file.resize(124, 7);
        file.extend((json.len() as u64).to_le_bytes());
        file.extend(json);
        let looked = inspect(&Rknn, "x.bin", &file);
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.get("model.architecture").unwrap().to_string(), "rk3588");
        assert!(matches!(inspect(&Rknn, "x.bin", &file[..90]).result, Err(FormatError::Broken(_))));
        let secret = [b"CYPTRKNN".as_slice(), &2u64.to_le_bytes(), &[9; 100]].concat();
        let looked = inspect(&Rknn, "x.bin", &secret);
        assert_eq!(looked.stated.facts.get("model.protection").unwrap().to_string(), "encrypted");
        assert!(!inspect(&Rknn, "a.txt", b"RKNN is a format of models").sniffed);
    }
}
