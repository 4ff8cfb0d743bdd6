//! JSON lines for the training of language models: conversations, questions with answers, preferences.
//!
//! Told by what the first lines hold; other JSON lines, logs for instance, are no business of this format.

use serde_json::{Map, Value};

use super::{FACTS, clip, is_training};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// The longest first line that is read.
const LONGEST: usize = 1 << 20;

/// How many columns are listed.
const COLUMNS: usize = 32;

/// See the module.
pub struct Lines;

/// The first line, as an object.
fn first(bytes: &[u8]) -> Option<Map<String, Value>> {
    let line = &bytes[..memchr::memchr(b'\n', &bytes[..bytes.len().min(LONGEST)])?];
    match serde_json::from_slice(line).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

impl Format for Lines {
    fn name(&self) -> &'static str {
        "training-lines"
    }

    fn summary(&self) -> &'static str {
        "JSON lines for training language models: rows, and the names of their fields"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // One line after the other, each an object: a single object goes on after the first line, or is the only one.
        if !probe.starts_with(b"{\"") {
            return false;
        }
        let bytes = probe.all();
        let end = memchr::memchr(b'\n', &bytes[..bytes.len().min(LONGEST)]);
        end.is_some_and(|end| bytes[..end].trim_ascii_end().ends_with(b"}") && bytes[end + 1..].starts_with(b"{\""))
            && first(bytes).is_some_and(|object| is_training(object.keys().map(String::as_str)))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let object = first(bytes).ok_or(FormatError::NotThis)?;
        out.fact("dataset.format", "jsonl");
        out.fact("dataset.kind", "training");
        let rows = memchr::memchr_iter(b'\n', bytes).count() + usize::from(!bytes.ends_with(b"\n"));
        out.fact("dataset.rows", rows);
        out.fact("dataset.columns", object.keys().take(COLUMNS).map(|name| clip(name)).collect::<Vec<_>>());
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn conversations_are_training_data_and_logs_are_not() {
        let chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"when is high tide?\"}]}\n".repeat(3);
        let looked = inspect(&Lines, "x.txt", chat.as_bytes());
        assert_eq!(looked.stated.facts.int("dataset.rows"), 3);
        let log = "{\"level\":\"info\",\"message\":\"started\"}\n".repeat(3);
        assert!(!inspect(&Lines, "x.jsonl", log.as_bytes()).sniffed);
    }
}
