//! Bytes that are called like a model and are nothing but noise: encrypted by a scheme without a mark, or compressed by one.
//!
//! Weights are never uniform: their bytes have 7.6 bits of entropy at most, and their χ² is in the thousands. Ciphertext is; so are
//! the streams of xz and its like, which have marks and are known by them. What is left is said to be unknown, with the
//! figures.

use super::FACTS;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, FORMATS, Format, FormatError, Inspection};

/// Names that models have, and no other file.
const MODELS: [&str; 17] = [
    "onnx",
    "ort",
    "tflite",
    "gguf",
    "ggml",
    "safetensors",
    "pt",
    "pth",
    "ckpt",
    "pb",
    "h5",
    "keras",
    "mlmodel",
    "mnn",
    "ncnn",
    "rknn",
    "engine",
];

/// Names that models have among others. Only large files of these names are looked at.
const OTHERS: [&str; 6] = ["bin", "dat", "model", "weights", "params", "enc"];

/// Sizes from which the names are believed.
const SMALL: u64 = 64 << 10;
const LARGE: u64 = 1 << 20;

/// How much one look takes, and how many are taken: at the start, in the middle and at the end.
const WINDOW: usize = 1 << 20;

/// χ² of uniformly random bytes has the mean 255 and a deviation of 22.6: this is three and a half of them to either side.
const LEAST: f64 = 176.0;
const MOST: f64 = 334.0;

/// See the module.
pub struct Unidentified;

fn named(probe: &Probe<'_>) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| probe.has_extension(name));
    (probe.len() >= SMALL && has(&MODELS)) || (probe.len() >= LARGE && has(&OTHERS))
}

/// χ² of the counts of byte values against equal ones.
fn chi_square(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let mean = bytes.len() as f64 / 256.0;
    counts.iter().map(|count| (f64::from(*count) - mean).powi(2) / mean).sum()
}

fn windows(bytes: &[u8]) -> [&[u8]; 3] {
    let length = bytes.len().min(WINDOW);
    [0, (bytes.len() - length) / 2, bytes.len() - length].map(|start| &bytes[start..start + length])
}

impl Format for Unidentified {
    fn name(&self) -> &'static str {
        "unidentified"
    }

    fn summary(&self) -> &'static str {
        "Uniformly random bytes under a model's name: encrypted or compressed by a scheme that leaves no mark"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // The first bytes tell nearly all: no value comes often in noise.
        let frequent = |head: &[u8]| {
            let mut counts = [0u16; 256];
            head.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
            counts.iter().any(|count| *count > 48)
        };
        named(probe) && !probe.is_text() && !frequent(probe.head())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
        let mut others = FORMATS.iter().filter(|format| format.name() != self.name());
        let figures = windows(&artifact.bytes).map(chi_square);
        if !figures.iter().all(|figure| (LEAST..=MOST).contains(figure)) || others.any(|format| format.sniff(&probe)) {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "unidentified");
        out.fact("model.protection", "unknown");
        out.fact("model.bytes", probe.len());
        let [first, middle, last] = figures.map(|figure| figure.round());
        out.fact("model.test", format!("chi-square {first}, {middle}, {last} with 255 degrees of freedom"));
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    fn noise(count: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect()
    }

    #[test]
    fn noise_is_unknown_and_weights_are_not() {
        let looked = inspect(&Unidentified, "net.onnx", &noise(100_000));
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.get("model.protection").unwrap().to_string(), "unknown");
        assert!(!inspect(&Unidentified, "net.png", &noise(100_000)).sniffed);
        assert!(!inspect(&Unidentified, "net.bin", &noise(100_000)).sniffed, "too small for such a name");
        let weights: Vec<u8> = noise(100_000)
            .chunks_exact(4)
            .flat_map(|bytes| (f32::from(bytes[0]) / 300.0 + f32::from(bytes[1])).to_le_bytes())
            .collect();
        let looked = inspect(&Unidentified, "net.onnx", &weights);
        assert!(!looked.sniffed || matches!(looked.result, Err(FormatError::NotThis)));
    }
}
