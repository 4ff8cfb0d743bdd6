//! XGBoost: JSON, Universal Binary JSON, and the binary form that was written until version 3.
//!
//! Follows "Introduction to Model IO" of the XGBoost documentation and `doc/model.schema`. Names come in the order of the
//! alphabet, so what describes the model stands before and behind the trees.

use memchr::memmem;

use super::super::FACTS;
use super::{ends, number, state, text};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// An object whose first name is `learner`, in UBJSON: the length of a name is a 64-bit number.
const UBJ: &[u8] = b"{L\0\0\0\0\0\0\0\x07learner{";

/// More features than this are no header of the old form.
const FEATURES: u32 = 100_000_000;

/// See the module.
pub struct XgBoost;

impl Format for XgBoost {
    fn name(&self) -> &'static str {
        "xgboost"
    }

    fn summary(&self) -> &'static str {
        "XGBoost model (JSON, UBJSON, old binary): version, booster, objective, trees and features"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(UBJ) || is_json(probe.head()) || is_old(probe)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        if bytes.starts_with(b"binf") {
            return old(bytes, out);
        }
        let value = |name: &str| ends(bytes).into_iter().find_map(|part| value_of(part, name));
        if value("num_feature").is_none() && value("booster").is_none() && !bytes.starts_with(UBJ) {
            return Err(FormatError::NotThis);
        }
        state(out, "xgboost", "XGBoost", bytes.len() as u64);
        number(out, "model.trees", value("num_trees"));
        number(out, "model.features", value("num_feature"));
        // The booster and the objective are both called `name`; an objective stands in an object of that name.
        text(out, "model.architecture", booster(bytes));
        text(out, "model.objective", objective(bytes));
        if let Some(version) = version(bytes) {
            out.fact("model.version", version);
        }
        let whole = match bytes.starts_with(UBJ) {
            true => bytes.ends_with(b"}"),
            false => bytes.trim_ascii_end().ends_with(b"}"),
        };
        if !whole {
            return Err(FormatError::broken(bytes.len() as u64, "the XGBoost model is cut off before its end"));
        }
        Ok(Coverage::Part)
    }
}

fn is_json(head: &[u8]) -> bool {
    let compact =
        |text: &[u8]| text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(24).collect::<Vec<u8>>();
    head.first() == Some(&b'{') && head.len() > 10 && {
        let text = compact(&head[..head.len().min(200)]);
        text.starts_with(b"{\"learner\":{\"")
    }
}

/// `binf`, then the base score as a float, the number of features and of classes (`LearnerModelParamLegacy`), 136 bytes in all; then
/// the objective and the booster, each behind a 64-bit length.
fn is_old(probe: &Probe<'_>) -> bool {
    probe.starts_with(b"binf") && old_names(probe.all()).is_some()
}

fn old_names(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let mut cursor = Cursor::at(bytes, 4);
    let score = f32::from_bits(cursor.u32_le().ok()?);
    let features = cursor.u32_le().ok()?;
    let mut cursor = Cursor::at(bytes, 4 + 136);
    let mut name = || {
        let length = cursor.u64_le().ok()?;
        let name = cursor.take_u64(length.min(65)).ok()?;
        name.iter().all(|byte| byte.is_ascii_lowercase() || b":_-0123456789".contains(byte)).then_some(name)
    };
    let (objective, booster) = (name()?, name()?);
    (score.is_finite() && features <= FEATURES && booster.len() > 2).then_some((features, objective, booster))
}

fn old(bytes: &[u8], out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
    let (features, objective, booster) = old_names(bytes).ok_or(FormatError::NotThis)?;
    state(out, "xgboost", "XGBoost", bytes.len() as u64);
    out.fact("model.version", "binary");
    out.fact("model.features", features);
    text(out, "model.objective", Some(objective));
    text(out, "model.architecture", Some(booster));
    Ok(Coverage::Part)
}

/// The text that belongs to a name, in either notation.
fn value_of<'a>(part: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let at = memmem::find(part, name.as_bytes())? + name.len();
    string(part.get(at..)?)
}

/// A text that follows a name: `":"text"` in JSON, `SL` with a length in UBJSON.
fn string(rest: &[u8]) -> Option<&[u8]> {
    if let Some(counted) = rest.strip_prefix(b"SL") {
        let mut cursor = Cursor::new(counted);
        let length = cursor.u64_be().ok()?.min(200);
        return cursor.take_u64(length).ok();
    }
    let rest =
        rest.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', &rest[..rest.len().min(200)])?;
    Some(&rest[..end])
}

/// The objective: an object that begins with its name, unless parameters stand before it.
fn objective(bytes: &[u8]) -> Option<&[u8]> {
    let [_, last] = ends(bytes);
    let at = memmem::rfind(last, b"objective")?;
    let rest = &last[at..];
    let at = memmem::find(rest, b"name")?;
    string(rest.get(at + 4..)?)
}

/// The booster. Its name follows the trees, and is the last before the parameters of the learner.
fn booster(bytes: &[u8]) -> Option<&[u8]> {
    let [_, last] = ends(bytes);
    let before = memmem::rfind(last, b"learner_model_param")?;
    let at = memmem::rfind(&last[..before], b"name")?;
    string(last.get(at + 4..)?).filter(|name| [&b"gbtree"[..], b"gblinear", b"dart"].contains(name))
}

/// The version: a list of three numbers at the end. Those of UBJSON have a type each.
fn version(bytes: &[u8]) -> Option<String> {
    let [_, last] = ends(bytes);
    let at = memmem::rfind(last, b"version")?;
    let rest = last.get(at + 7..)?;
    let numbers: Vec<String> = if rest.starts_with(b"\"") {
        let from = memchr::memchr(b'[', rest)?;
        let to = memchr::memchr(b']', rest)?;
        let list = std::str::from_utf8(rest.get(from + 1..to)?).ok()?;
        list.split(',').map(|number| number.trim().to_owned()).collect()
    } else {
        let items = rest.iter().position(|byte| matches!(byte, b'i' | b'U')).map(|at| &rest[at..])?;
        items
            .chunks_exact(2)
            .take_while(|pair| matches!(pair[0], b'i' | b'U'))
            .map(|pair| pair[1].to_string())
            .collect()
    };
    let plain = numbers.len() == 3 && numbers.iter().all(|number| number.len() < 4 && number.parse::<u32>().is_ok());
    plain.then(|| numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const JSON: &str = r#"{"learner":{"attributes":{},"gradient_booster":{"model":{"gbtree_model_param":{"num_trees":"7"},"trees":[]},"name":"gbtree"},"learner_model_param":{"num_feature":"4"},"objective":{"name":"reg:squarederror"}},"version":[3,2,0]}"#;

    #[test]
    fn the_header_of_the_old_form_is_read() {
        let mut file = b"binf".to_vec();
        file.extend(0.5f32.to_le_bytes());
        file.extend(9u32.to_le_bytes());
        file.resize(140, 0);
        for name in ["binary:logistic", "gbtree"] {
            file.extend((name.len() as u64).to_le_bytes());
            file.extend(name.as_bytes());
        }
        let looked = inspect(&XgBoost, "model.bin", &file);
        assert_eq!(looked.stated.facts.int("model.features"), 9);
        assert!(!inspect(&XgBoost, "model.bin", b"binfile of something else").sniffed);
    }

    #[test]
    fn a_model_that_is_cut_off_is_broken_and_other_json_is_none() {
        let looked = inspect(&XgBoost, "a.json", JSON.as_bytes());
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.int("model.trees"), 7);
        assert!(matches!(inspect(&XgBoost, "a.json", &JSON.as_bytes()[..200]).result, Err(FormatError::Broken(_))));
        let other = br#"{"learner":{"name":"Ann","course":"sailing"}}"#;
        assert!(matches!(inspect(&XgBoost, "a.json", other).result, Err(FormatError::NotThis)));
    }
}
