//! SentencePiece: the pieces of a tokenizer, and how it was trained.
//!
//! Follows `src/sentencepiece_model.proto`: `ModelProto` has pieces (field 1, each a text, a score and a type), and the settings of the
//! training (field 2), among them the files that it was trained from.

use super::{FACTS, clip, clip_list};
use crate::bytes::protobuf::{Slice, Value};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// How many pieces must fit for a file to be believed.
const TOLD_BY: usize = 3;

/// See the module.
pub struct SentencePiece;

/// A piece: its text, its score as a float, and perhaps its type, in this order as the library writes them.
fn is_piece(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    let read = |cursor: &mut Cursor<'_>| {
        let tag = cursor.u8().ok()?;
        let length = cursor.u8().ok()?;
        let piece = cursor.take(length.into()).ok()?;
        let score = cursor.u8().ok()?;
        let number = f32::from_bits(cursor.u32_le().ok()?);
        Some(tag == 0x0a && std::str::from_utf8(piece).is_ok() && score == 0x15 && number.is_finite())
    };
    read(&mut cursor) == Some(true) && (cursor.remaining() == 0 || matches!(cursor.rest(), [0x18, 1..=6]))
}

impl Format for SentencePiece {
    fn name(&self) -> &'static str {
        "sentencepiece"
    }

    fn summary(&self) -> &'static str {
        "SentencePiece tokenizer: its pieces, its kind, and the files that it was trained from"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let mut rest = probe.head();
        (0..TOLD_BY).all(|_| {
            let [0x0a, length @ 0..=0x7f, after @ ..] = rest else { return false };
            let Some((piece, after)) = after.split_at_checked(usize::from(*length)) else { return false };
            rest = after;
            is_piece(piece)
        })
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        out.fact("model.format", "sentencepiece");
        out.fact("model.kind", "tokenizer");
        out.fact("model.producer", "SentencePiece");
        out.fact("model.weights", "none");
        out.fact("model.protection", "plain");
        let mut pieces = 0u64;
        let mut fields = Slice::whole(&artifact.bytes).fields();
        let mut end = Ok(());
        for field in fields.by_ref() {
            match field {
                Ok(field) if field.number == 1 => pieces += 1,
                Ok(field) if field.number == 2 => {
                    if let Value::Bytes(settings) = field.value {
                        training(settings, out);
                    }
                }
                Ok(_) => {}
                Err(error) => end = Err(error),
            }
        }
        out.fact("model.vocabulary", pieces);
        end?;
        Ok(Coverage::Part)
    }
}

/// `TrainerSpec`: the files of the training in field 1, the kind in field 3.
fn training(settings: Slice<'_>, out: &mut Inspection<'_>) {
    let mut files = Vec::new();
    let mut kind = "unigram";
    for field in settings.fields().map_while(Result::ok) {
        match (field.number, field.value) {
            (1, Value::Bytes(file)) if files.len() < 32 => {
                files.push(format!("input: {}", clip(&String::from_utf8_lossy(file.bytes))))
            }
            (3, Value::Varint(number)) => {
                kind = ["", "unigram", "bpe", "word", "char"].get(number as usize).copied().unwrap_or("")
            }
            _ => {}
        }
    }
    if !kind.is_empty() {
        out.fact("model.architecture", kind);
    }
    if !files.is_empty() {
        out.fact("model.training", clip_list(files));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn pieces_are_counted_and_other_messages_are_none() {
        let piece = |text: &str| {
            let inner = [&[0x0a, text.len() as u8], text.as_bytes(), b"\x15\0\0\x80\xbf"].concat();
            [&[0x0a, inner.len() as u8], &inner[..]].concat()
        };
        let file: Vec<u8> = ["<unk>", "<s>", "</s>", "quay"].iter().flat_map(|text| piece(text)).collect();
        let looked = inspect(&SentencePiece, "x.bin", &file);
        assert_eq!(looked.stated.facts.int("model.vocabulary"), 4);
        assert!(matches!(
            inspect(&SentencePiece, "x.bin", &file[..file.len() - 3]).result,
            Err(FormatError::Broken(_))
        ));
        let names: Vec<u8> =
            ["a.proto", "b.proto", "c.proto"].iter().flat_map(|name| [&[0x0a, 7], name.as_bytes()].concat()).collect();
        assert!(!inspect(&SentencePiece, "x.bin", &names).sniffed);
    }
}
