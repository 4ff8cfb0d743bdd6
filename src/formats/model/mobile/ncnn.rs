//! ncnn: a graph in text (`.param`) or in binary (`.param.bin`), and the weights in a file of their own.
//!
//! Follows `docs/developer-guide/param-and-model-file-structure.md` and `operation-param-weight-table.md` of Tencent/ncnn. The graph
//! says how many weights each layer has; the file of weights says nothing, but for a mark where they are stored in half or
//! in one byte.

use super::super::FACTS;
use super::super::weights::Weights;
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// The first line of a graph, and the first number of a binary one.
const MAGIC: &str = "7767517";
const BINARY: [u8; 4] = 7_767_517u32.to_le_bytes();

/// More layers than any network has.
const LAYERS: u64 = 1_000_000;

/// The graph.
pub struct NcnnGraph;

/// The weights, where they are marked.
pub struct NcnnWeights;

/// Layers with weights: the parameter that counts them, the one that says whether there is a bias, and how often the count goes in.
const COUNTS: &[(&str, &str, Option<&str>, u64)] = &[
    ("Convolution", "6", Some("5"), 1),
    ("Deconvolution", "6", Some("5"), 1),
    ("InnerProduct", "2", Some("1"), 1),
    ("Embed", "3", Some("2"), 1),
    ("BatchNorm", "0", None, 4),
    ("Scale", "0", Some("1"), 1),
    ("PReLU", "0", None, 1),
    ("Bias", "0", None, 1),
    ("MemoryData", "0", None, 1),
];

/// Lines one and two of a graph: the mark, and the numbers of layers and of blobs.
fn counts(bytes: &[u8]) -> Option<(u64, u64)> {
    if let Some(rest) = bytes.strip_prefix(&BINARY) {
        let mut cursor = Cursor::new(rest);
        return Some((cursor.u32_le().ok()?.into(), cursor.u32_le().ok()?.into()));
    }
    let mut lines = bytes.get(..bytes.len().min(64))?.split(|byte| *byte == b'\n');
    let first = lines.next()?.trim_ascii();
    let mut numbers =
        std::str::from_utf8(lines.next()?).ok()?.split_ascii_whitespace().map(|number| number.parse().ok());
    (first == MAGIC.as_bytes()).then_some((numbers.next()??, numbers.next()??))
}

impl Format for NcnnGraph {
    fn name(&self) -> &'static str {
        "ncnn"
    }

    fn summary(&self) -> &'static str {
        "ncnn graph, in text or in binary: layers, and how many weights lie in the file beside it"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let marked = probe.starts_with(MAGIC.as_bytes()) || probe.starts_with(&BINARY);
        marked
            && counts(probe.head()).is_some_and(|(layers, blobs)| (1..LAYERS).contains(&layers) && blobs < LAYERS * 16)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let (layers, _) = counts(bytes).ok_or(FormatError::NotThis)?;
        out.fact("model.format", "ncnn");
        out.fact("model.kind", "graph");
        out.fact("model.protection", "plain");
        out.fact("model.layers", layers);
        out.fact("model.weights", "external");
        let name = artifact.path.base_name();
        let stem = name.strip_suffix(".param").or_else(|| name.strip_suffix(".param.bin"));
        if let Some(stem) = stem {
            out.part(&format!("{stem}.bin"));
        }
        if bytes.starts_with(&BINARY) {
            out.fact("model.version", "binary");
            return Ok(Coverage::Part);
        }
        out.fact("model.version", "text");
        let mut weights = Weights::default();
        let lines = bytes.split(|byte| *byte == b'\n').skip(2).filter(|line| !line.trim_ascii().is_empty());
        let mut seen = 0u64;
        for line in lines.take(LAYERS as usize) {
            seen += 1;
            layer(&String::from_utf8_lossy(line), &mut weights);
        }
        out.fact("model.tensors", weights.tensors);
        out.fact("model.parameters", weights.parameters);
        if seen < layers {
            return Err(FormatError::broken(bytes.len() as u64, "the ncnn graph is cut off before its last layer"));
        }
        Ok(Coverage::Part)
    }
}

/// `type name inputs outputs names… key=value…`: the weights that such a layer has.
fn layer(line: &str, weights: &mut Weights) {
    let mut words = line.split_ascii_whitespace();
    let kind = words.next().unwrap_or_default();
    let plain = kind.strip_suffix("DepthWise").unwrap_or(kind);
    let Some((_, count, bias, times)) = COUNTS.iter().find(|(name, ..)| *name == plain) else { return };
    let value = |key: &str| -> u64 {
        let mut pairs = line.split_ascii_whitespace().skip(4).filter_map(|word| word.split_once('='));
        pairs.find(|pair| pair.0 == key).and_then(|pair| pair.1.parse().ok()).unwrap_or(0)
    };
    for _ in 0..*times {
        weights.add("", value(count), 0);
    }
    if bias.is_some_and(|bias| value(bias) == 1) {
        weights.add("", value("0"), 0);
    }
}

impl Format for NcnnWeights {
    fn name(&self) -> &'static str {
        "ncnn-weights"
    }

    fn summary(&self) -> &'static str {
        "Weights of ncnn in half precision or in one byte; in full precision they have no mark, and the graph speaks of them"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        quantisation(probe.head()).is_some() && probe.len() > 64 && !probe.is_text()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let quantisation = quantisation(&artifact.bytes).ok_or(FormatError::NotThis)?;
        out.fact("model.format", "ncnn");
        out.fact("model.kind", "weights");
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        out.fact("model.quantisation", quantisation);
        out.fact("model.bytes", artifact.bytes.len());
        Ok(Coverage::Part)
    }
}

/// The mark before the weights of the first layer (`modelbin.cpp`).
fn quantisation(bytes: &[u8]) -> Option<&'static str> {
    match bytes.first_chunk().map(|mark| u32::from_le_bytes(*mark))? {
        0x0130_6b47 => Some("fp16"),
        0x000d_4b38 => Some("int8"),
        0x0002_c056 => Some("fp32"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const GRAPH: &str = "7767517\n3 3\nInput data 0 1 data 0=8 1=8 2=3\nConvolution conv1 1 1 data conv1 0=4 1=3 6=108 5=1\n\
        InnerProduct fc 1 1 conv1 fc 0=2 1=1 2=288\n";

    #[test]
    fn weights_are_counted_from_the_graph() {
        let looked = inspect(&NcnnGraph, "net.param", GRAPH.as_bytes());
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.int("model.parameters"), 108 + 4 + 288 + 2);
        assert_eq!(looked.stated.parts, ["net.bin"]);
        assert!(matches!(inspect(&NcnnGraph, "n.param", &GRAPH.as_bytes()[..60]).result, Err(FormatError::Broken(_))));
        assert!(!inspect(&NcnnGraph, "number.txt", b"7767517\nis a number\n").sniffed);
    }

    #[test]
    fn weights_in_half_precision_are_told_by_their_mark() {
        let looked = inspect(&NcnnWeights, "x.bin", &[&0x0130_6b47u32.to_le_bytes()[..], &[0; 200]].concat());
        assert_eq!(looked.stated.facts.int("model.bytes"), 204);
    }
}
