//! LightGBM: a text with a header, the trees, and the parameters of the training.
//!
//! Written by `GBDT::SaveModelToString` (`src/boosting/gbdt_model_text.cpp`).

use memchr::memmem;

use super::super::{FACTS, clip};
use super::{ends, number, state, text};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Parameters that name files and machines of the training.
const PLACES: [&str; 5] = ["data", "valid", "machines", "machine_list_filename", "input_model"];

/// See the module.
pub struct LightGbm;

impl Format for LightGbm {
    fn name(&self) -> &'static str {
        "lightgbm"
    }

    fn summary(&self) -> &'static str {
        "LightGBM model: version, objective, trees, features, and the files that it was trained from"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let rest = head.strip_prefix(b"tree\n").or_else(|| head.strip_prefix(b"tree\r\n"));
        rest.is_some_and(|rest| rest.starts_with(b"version=v") && memmem::find(rest, b"\nnum_class=").is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        // The header ends before the first tree; it holds the names of all features, and has no other bound.
        let header = &bytes[..memmem::find(bytes, b"\nTree=0").unwrap_or(bytes.len())];
        let value = |name: &str| {
            let key = format!("\n{name}=");
            let start = memmem::find(header, key.as_bytes())? + key.len();
            let rest = &header[start..];
            Some(rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())].trim_ascii())
        };
        state(out, "lightgbm", "LightGBM", bytes.len() as u64);
        text(out, "model.version", value("version"));
        text(out, "model.objective", value("objective").and_then(|value| value.split(|byte| *byte == b' ').next()));
        let trees =
            value("tree_sizes").map(|sizes| sizes.split(|byte| *byte == b' ').filter(|size| !size.is_empty()).count());
        out.fact("model.trees", trees.unwrap_or(0));
        let names = value("feature_names").map(|names| names.split(|byte| *byte == b' ').count());
        match names {
            Some(names) => out.fact("model.features", names),
            None => number(out, "model.features", value("max_feature_idx")),
        }
        let [_, last] = ends(bytes);
        let places: Vec<String> = PLACES.iter().filter_map(|name| parameter(last, name)).collect();
        if !places.is_empty() {
            out.fact("model.training", places);
        }
        if memmem::rfind(last, b"end of trees").is_none() {
            return Err(FormatError::broken(bytes.len() as u64, "the LightGBM model is cut off before its end"));
        }
        Ok(Coverage::Part)
    }
}

/// `[data: path]`, if the path is not empty.
fn parameter(last: &[u8], name: &str) -> Option<String> {
    let key = format!("\n[{name}: ");
    let rest = &last[memmem::find(last, key.as_bytes())? + key.len()..];
    let value = rest[..memchr::memchr(b'\n', rest)?].trim_ascii_end().strip_suffix(b"]")?;
    (!value.is_empty()).then(|| format!("{name}: {}", clip(&String::from_utf8_lossy(value))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const MODEL: &str = "tree\nversion=v4\nnum_class=1\nmax_feature_idx=1\nobjective=binary sigmoid:1\nfeature_names=age price\n\
        tree_sizes=310 312\n\nTree=0\nnum_leaves=3\n\nend of trees\n\nparameters:\n[boosting: gbdt]\n[data: /data/customers.csv]\n\
        [valid: ]\nend of parameters\n";

    #[test]
    fn the_header_and_the_files_of_the_training_are_read() {
        let looked = inspect(&LightGbm, "model.txt", MODEL.as_bytes());
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.int("model.trees"), 2);
        assert_eq!(looked.stated.facts.int("model.features"), 2);
        assert_eq!(looked.stated.facts.get("model.training").unwrap().to_string(), "data: /data/customers.csv");
        assert!(matches!(
            inspect(&LightGbm, "model.txt", &MODEL.as_bytes()[..140]).result,
            Err(FormatError::Broken(_))
        ));
        assert!(!inspect(&LightGbm, "tree.txt", b"tree\nversion=very old\n").sniffed);
    }
}
