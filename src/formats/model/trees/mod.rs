//! Ensembles of decision trees.

mod catboost;
mod lightgbm;
mod xgboost;

pub use catboost::CatBoost;
pub use lightgbm::LightGbm;
pub use xgboost::XgBoost;

use super::clip;
use crate::formats::Inspection;

/// How much of the start and of the end of a file is searched for what it says of itself: what lies between are trees.
const AROUND: usize = 256 << 10;

/// States what all of them are. There are no tensors: the whole file is the model.
fn state(out: &mut Inspection<'_>, format: &'static str, producer: &'static str, bytes: u64) {
    out.fact("model.format", format);
    out.fact("model.producer", producer);
    out.fact("model.weights", "inside");
    out.fact("model.protection", "plain");
    out.fact("model.bytes", bytes);
}

/// States a number that is written in digits, where it is one.
fn number(out: &mut Inspection<'_>, fact: &'static str, digits: Option<&[u8]>) {
    if let Some(number) =
        digits.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|text| text.parse::<u64>().ok())
    {
        out.fact(fact, number);
    }
}

/// States a text, where there is one.
fn text(out: &mut Inspection<'_>, fact: &'static str, value: Option<&[u8]>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        out.fact(fact, clip(&String::from_utf8_lossy(value)));
    }
}

/// The first and the last part of a file.
fn ends(bytes: &[u8]) -> [&[u8]; 2] {
    [&bytes[..bytes.len().min(AROUND)], &bytes[bytes.len().saturating_sub(AROUND)..]]
}
