//! The model files of ggml from before GGUF: `ggml`, `ggmf`, `ggjt`, LoRA adapters (`ggla`), and whisper.cpp's.
//!
//! Format: `llama.cpp` of ggml-org/llama.cpp up to August 2023, `examples/gpt-2` and `examples/gpt-j` of ggml-org/ggml,
//! `models/convert-pt-to-ggml.py` of ggml-org/whisper.cpp. A magic number, hyper-parameters, a vocabulary, and the
//! tensors, each behind a header of its own. Nothing says which program's hyper-parameters they are: the first layout
//! whose vocabulary ends at a tensor is taken.

use super::weights::{Weights, elements};
use super::{FACTS, capped, gguf_types};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// More tensors than any model has.
const TENSORS: u64 = 200_000;
/// More words than any vocabulary has.
const WORDS: u32 = 2_000_000;
/// The longest word, and the longest name of a tensor.
const NAME: u32 = 1024;
/// Hyper-parameters are sizes and counts: none is larger.
const LARGEST: u32 = 1 << 24;

/// See the module.
pub struct Ggml;

/// What the magic number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ggml,
    Ggmf,
    Ggjt,
    Ggla,
}

/// How one program lays out what stands before the tensors.
struct Layout {
    architecture: &'static str,
    /// Number of hyper-parameters; the last is the file type.
    parameters: usize,
    /// Which of them is the number of words.
    words: usize,
    /// Whether a filter bank stands before the vocabulary.
    filters: bool,
    /// Whether the number of words is written again before them.
    counted: bool,
}

const LLAMA: Layout = Layout { architecture: "llama", parameters: 7, words: 0, filters: false, counted: false };

/// The layouts of unversioned files. Those that give themselves away come first.
static LAYOUTS: [Layout; 5] = [
    Layout { architecture: "whisper", parameters: 11, words: 0, filters: true, counted: true },
    Layout { architecture: "gpt-2", parameters: 6, words: 0, filters: false, counted: true },
    Layout { architecture: "gpt-j", parameters: 7, words: 0, filters: false, counted: true },
    LLAMA,
    Layout { architecture: "gpt-neox", parameters: 8, words: 0, filters: false, counted: false },
];

impl Format for Ggml {
    fn name(&self) -> &'static str {
        "ggml"
    }

    fn summary(&self) -> &'static str {
        "Model weights of ggml before GGUF (ggml, ggmf, ggjt, LoRA, whisper.cpp): tensors, parameters and quantisation."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let Some((_, _, mut cursor)) = start(probe.head()) else { return false };
        // Sizes and counts: small numbers, and the first of them is not zero.
        let mut numbers = (0..5).map_while(|_| cursor.u32_le().ok());
        numbers.next().is_some_and(|first| (1..LARGEST).contains(&first)) && numbers.all(|number| number < LARGEST)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let (kind, version, cursor) = start(bytes).ok_or(FormatError::NotThis)?;
        let name = ["ggml", "ggmf", "ggjt", "ggla"][kind as usize];
        out.fact("model.format", name);
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        if kind != Kind::Ggml {
            out.fact("model.version", version.to_string());
        }
        if kind == Kind::Ggla {
            out.fact("model.kind", "adapter");
            let mut cursor = cursor;
            cursor.skip(8)?;
            return tensors(bytes, cursor.offset(), true, out);
        }
        match head(kind, &cursor) {
            Ok(Some(head)) => {
                out.fact("model.architecture", head.architecture);
                // Whisper and later files count versions of the quantisation in thousands.
                let file_type = u64::from(head.file_type % 1000);
                capped::state(out, "model.quantisation", gguf_types::file_type(file_type).unwrap_or("").as_bytes());
                tensors(bytes, head.end, kind == Kind::Ggjt, out)
            }
            Ok(None) => {
                // The layout of some other program: nobody can say where its tensors start.
                out.fact("model.bytes", bytes.len());
                Ok(Coverage::Part)
            }
            Err(error) => {
                out.fact("model.bytes", bytes.len());
                Err(error.into())
            }
        }
    }
}

/// The kind, the version, and what follows them.
fn start(bytes: &[u8]) -> Option<(Kind, u32, Cursor<'_>)> {
    let mut cursor = Cursor::new(bytes);
    let kind = match cursor.take(4).ok()? {
        b"lmgg" => return Some((Kind::Ggml, 0, cursor)),
        b"fmgg" => Kind::Ggmf,
        b"tjgg" => Kind::Ggjt,
        b"algg" => Kind::Ggla,
        _ => return None,
    };
    let version = cursor.u32_le().ok()?;
    (1..=3).contains(&version).then_some((kind, version, cursor))
}

/// What stands before the tensors.
struct Head {
    architecture: &'static str,
    file_type: u32,
    end: u64,
}

/// Finds the layout. `None` where it is none of the known ones.
///
/// # Errors
/// When the bytes end before the tensors.
fn head(kind: Kind, cursor: &Cursor<'_>) -> Result<Option<Head>, ReadError> {
    if kind != Kind::Ggml {
        return layout(&LLAMA, true, cursor.clone());
    }
    let mut cut = None;
    for known in &LAYOUTS {
        match layout(known, false, cursor.clone()) {
            Ok(Some(head)) => return Ok(Some(head)),
            Ok(None) => {}
            Err(error) => cut = cut.or(Some(error)),
        }
    }
    cut.map_or(Ok(None), Err)
}

fn layout(layout: &Layout, scores: bool, mut cursor: Cursor<'_>) -> Result<Option<Head>, ReadError> {
    let mut parameters = Vec::with_capacity(layout.parameters);
    for _ in 0..layout.parameters {
        parameters.push(cursor.u32_le()?);
    }
    let last = parameters.last().copied().unwrap_or(u32::MAX);
    if parameters.iter().any(|number| *number >= LARGEST) || last % 1000 > 40 {
        return Ok(None);
    }
    if layout.filters {
        let (mels, length) = (cursor.u32_le()?, cursor.u32_le()?);
        if !(1..=512).contains(&mels) || !(1..=65_536).contains(&length) {
            return Ok(None);
        }
        cursor.skip(u64::from(mels) * u64::from(length) * 4)?;
    }
    let mut words = parameters.get(layout.words).copied().unwrap_or(0);
    if layout.counted {
        let counted = cursor.u32_le()?;
        if counted > words || counted == 0 {
            return Ok(None);
        }
        words = counted;
    }
    if words > WORDS {
        return Ok(None);
    }
    for _ in 0..words {
        let length = cursor.u32_le()?;
        if length > NAME {
            return Ok(None);
        }
        cursor.skip(u64::from(length) + if scores { 4 } else { 0 })?;
    }
    let end = cursor.offset();
    let plausible = cursor.remaining() == 0 || tensor(&mut cursor, false, false)?.is_some();
    Ok(plausible.then_some(Head { architecture: layout.architecture, file_type: last, end }))
}

/// One tensor: its type, elements, and where its numbers are.
struct Tensor {
    dtype: &'static str,
    elements: u64,
    bytes: u64,
    start: u64,
}

/// Reads the header of a tensor. `None` where none stands here.
fn tensor(cursor: &mut Cursor<'_>, aligned: bool, old: bool) -> Result<Option<Tensor>, ReadError> {
    let (dimensions, length, kind) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u32_le()?);
    let Some((dtype, per_block, size)) = gguf_types::kind(kind) else { return Ok(None) };
    if !(1..=4).contains(&dimensions) || !(1..=NAME).contains(&length) {
        return Ok(None);
    }
    let mut shape = Vec::with_capacity(4);
    for _ in 0..dimensions {
        shape.push(u64::from(cursor.u32_le()?));
    }
    let name = cursor.take(length as usize)?;
    if !name.iter().all(u8::is_ascii_graphic) {
        return Ok(None);
    }
    if aligned {
        cursor.skip(cursor.offset().next_multiple_of(32) - cursor.offset())?;
    }
    // Scales had 32 bits up to May 2023.
    let size = match (old, dtype) {
        (true, "Q4_0") => 20,
        (true, "Q4_1") => 24,
        (true, "Q8_0") => 36,
        _ => size,
    };
    let elements = elements(&shape).unwrap_or(u64::MAX);
    let bytes = elements.div_ceil(per_block).saturating_mul(size);
    Ok(Some(Tensor { dtype, elements, bytes, start: cursor.offset() }))
}

/// Adds up the tensors to the end of the file, with today's sizes of blocks or the old ones, whichever fit.
fn tensors(bytes: &[u8], start: u64, aligned: bool, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
    let (mut best, mut ranges, mut result) = add_up(bytes, start, aligned, false);
    if result.is_err() {
        let (old, old_ranges, old_result) = add_up(bytes, start, aligned, true);
        if old_result.is_ok() || old.tensors > best.tensors {
            (best, ranges, result) = (old, old_ranges, old_result);
        }
    }
    best.state(out);
    ranges.into_iter().for_each(|(from, to)| out.explain(from..to));
    result?;
    Ok(Coverage::Part)
}

type Sums = (Weights, Vec<(u64, u64)>, Result<(), ReadError>);

fn add_up(bytes: &[u8], start: u64, aligned: bool, old: bool) -> Sums {
    let mut weights = Weights::default();
    let mut ranges = Vec::new();
    let mut cursor = Cursor::at(bytes, start);
    let result = loop {
        if cursor.remaining() == 0 {
            break Ok(());
        }
        if weights.tensors >= TENSORS {
            break Err(cursor.error(format!("it has more than {TENSORS} tensors; no model has")));
        }
        let tensor = match tensor(&mut cursor, aligned, old) {
            Ok(Some(tensor)) => tensor,
            Ok(None) => break Err(cursor.error("what stands here is no tensor")),
            Err(error) => break Err(error),
        };
        weights.add(tensor.dtype, tensor.elements, tensor.bytes);
        let end = tensor.start.saturating_add(tensor.bytes).min(bytes.len() as u64);
        if tensor.dtype != "I8" {
            ranges.push((tensor.start, end));
        }
        if let Err(error) = cursor.skip(tensor.bytes) {
            break Err(error);
        }
    };
    (weights, ranges, result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn numbers(file: &mut Vec<u8>, numbers: &[u32]) {
        numbers.iter().for_each(|number| file.extend(number.to_le_bytes()));
    }

    fn push_tensor(file: &mut Vec<u8>, name: &str, shape: &[u32], kind: u32, bytes: usize, aligned: bool) {
        numbers(file, &[shape.len() as u32, name.len() as u32, kind]);
        numbers(file, shape);
        file.extend(name.as_bytes());
        if aligned {
            file.resize(file.len().next_multiple_of(32), 0);
        }
        file.resize(file.len() + bytes, 0x3c);
    }

    fn words(file: &mut Vec<u8>, scores: bool) {
        for word in ["<unk>", "tide", "harbour"] {
            numbers(file, &[word.len() as u32]);
            file.extend(word.as_bytes());
            if scores {
                file.extend(1f32.to_le_bytes());
            }
        }
    }

    /// LLaMA with one tensor in F32 and one in Q4_0, of which a block takes `block` bytes.
    fn llama(magic: &[u8], version: Option<u32>, block: usize) -> Vec<u8> {
        let mut file = magic.to_vec();
        file.extend(version.into_iter().flat_map(u32::to_le_bytes));
        numbers(&mut file, &[3, 8, 256, 2, 1, 4, 2]);
        words(&mut file, version.is_some());
        let aligned = magic == b"tjgg";
        push_tensor(&mut file, "norm.weight", &[8], 0, 32, aligned);
        push_tensor(&mut file, "output.weight", &[32, 3], 2, 3 * block, aligned);
        file
    }

    fn whisper() -> Vec<u8> {
        let mut file = b"lmgg".to_vec();
        numbers(&mut file, &[3, 1500, 8, 2, 1, 448, 8, 2, 1, 80, 1]);
        numbers(&mut file, &[2, 3]);
        file.resize(file.len() + 24, 0);
        numbers(&mut file, &[3]);
        words(&mut file, false);
        push_tensor(&mut file, "decoder.positional_embedding", &[8, 4], 0, 128, false);
        push_tensor(&mut file, "encoder.conv1.weight", &[3, 2, 4], 1, 48, false);
        file
    }

    fn facts(looked: &Looked) -> (String, String, u64, u64, u64) {
        let text = |name| looked.stated.facts.get(name).map(ToString::to_string).unwrap_or_default();
        let int = |name| looked.stated.facts.int(name);
        (
            text("model.format"),
            text("model.architecture"),
            int("model.tensors"),
            int("model.parameters"),
            int("model.bytes"),
        )
    }

    #[test]
    fn every_layout_is_added_up() {
        let mut gpt = b"lmgg".to_vec();
        numbers(&mut gpt, &[3, 16, 8, 2, 1, 1, 3]);
        words(&mut gpt, false);
        push_tensor(&mut gpt, "model/wte", &[8, 3], 1, 48, false);
        let mut adapter = b"algg".to_vec();
        numbers(&mut adapter, &[1, 8, 16]);
        push_tensor(&mut adapter, "layers.0.attention.wq.weight.loraA", &[8, 4], 0, 128, true);
        for (file, format, architecture, tensors, parameters, bytes) in [
            (llama(b"lmgg", None, 20), "ggml", "llama", 2, 104, 92),
            (llama(b"fmgg", Some(1), 20), "ggmf", "llama", 2, 104, 92),
            (llama(b"tjgg", Some(1), 20), "ggjt", "llama", 2, 104, 92),
            (llama(b"tjgg", Some(3), 18), "ggjt", "llama", 2, 104, 86),
            (whisper(), "ggml", "whisper", 2, 56, 176),
            (gpt, "ggml", "gpt-2", 1, 24, 48),
            (adapter, "ggla", "", 1, 32, 128),
        ] {
            let looked = inspect(&Ggml, "model.bin", &file);
            assert!(looked.result.is_ok(), "{format} {architecture}: {:?}", looked.result);
            assert_eq!(facts(&looked), (format.into(), architecture.into(), tensors, parameters, bytes));
        }
    }

    #[test]
    fn what_is_cut_off_is_a_gap_and_other_files_are_left_alone() {
        // Of blocks in the old size, the end may be missing and the rest be blocks in the new size.
        for file in [llama(b"tjgg", Some(3), 18), whisper()] {
            for length in 40..file.len() {
                let looked = inspect(&Ggml, "a", &file[..length]);
                let complete = looked.result.is_ok();
                // A file that ends behind its first tensor, or its vocabulary, looks complete.
                assert!(!complete || facts(&looked).2 < 2, "{length}");
            }
        }
        for other in [&b"lmgg is a word"[..], b"tjgg\x09\0\0\0\x01\0\0\0", b"lmgg\0\0\0\0\0\0\0\0", b"lmgg"] {
            assert!(!inspect(&Ggml, "a", other).sniffed, "{other:?}");
        }
    }

    #[test]
    fn lying_sizes_end() {
        let file = llama(b"tjgg", Some(3), 18);
        for at in 8..file.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut broken = file.clone();
                broken[at] = byte;
                let _ = inspect(&Ggml, "a", &broken);
            }
        }
    }
}
