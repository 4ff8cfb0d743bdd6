//! Data sets, and what else a training leaves behind: what they hold, and how many rows.
//!
//! Only footers and headers are read. The rows themselves are searched like anything else, as far as they are not compressed.

mod arrow;
mod lines;
mod parquet;
mod records;

pub use arrow::Arrow;
pub use lines::Lines;
pub use parquet::Parquet;
pub use records::Records;

use crate::finding::{FactSpec, FactType};

/// The facts that the formats of this family may state.
pub static FACTS: &[FactSpec] = &[
    FactSpec { name: "dataset.format", kind: FactType::Text, doc: "parquet, arrow, tfrecord, tfevents or jsonl" },
    FactSpec { name: "dataset.rows", kind: FactType::Int, doc: "Number of rows, records or lines" },
    FactSpec { name: "dataset.columns", kind: FactType::List, doc: "Names of the columns, at most 32" },
    FactSpec {
        name: "dataset.kind",
        kind: FactType::Text,
        doc: "What it is for, where it can be told: training, training log",
    },
    FactSpec { name: "dataset.producer", kind: FactType::Text, doc: "Tool that wrote it" },
];

/// Columns by which data for the training of language models is told.
fn is_training<'a>(columns: impl IntoIterator<Item = &'a str>) -> bool {
    let mut known = [false; 2];
    for column in columns {
        match column {
            "messages" | "conversations" | "chosen" | "rejected" | "input_ids" => return true,
            "prompt" | "instruction" | "question" | "input" => known[0] = true,
            "completion" | "response" | "output" | "answer" => known[1] = true,
            _ => {}
        }
    }
    known == [true; 2]
}

/// At most 200 characters.
fn clip(text: &str) -> String {
    text.trim().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_questions_and_answers_are_for_training() {
        assert!(is_training(["prompt", "id", "completion"]));
        assert!(is_training(["messages"]));
        assert!(!is_training(["question", "date"]));
        assert!(!is_training(["time", "level", "message"]));
    }
}
