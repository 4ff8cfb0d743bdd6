//! A model in a zip behind a program is told once: at the model, and not at the members of the zip as well.

#![allow(clippy::unwrap_used)]

mod support;

use support::Folder;
use support::forge::{binary, model, zip};

/// What is said of models, by rule and place, without the file.
fn told(name: &str, bytes: &[u8]) -> Vec<(String, String)> {
    let outcome = Folder::with(name, bytes).scan();
    let models = outcome.findings.iter().filter(|finding| finding.rule.starts_with("model-"));
    let place = |path: String| path.split_once('!').map(|(_, inside)| inside.to_owned()).unwrap_or_default();
    models.map(|finding| (finding.rule.to_string(), place(finding.path.to_string()))).collect()
}

#[test]
fn arrays_behind_a_program_are_told_at_their_archive() {
    let arrays = zip::stored(&[("w0.npy", &model::npy(500)), ("deep/w1.npy", &model::npy(700))]);
    let program = binary::elf(b"text of a program\0");
    assert_eq!(told("m.npz", &arrays), [("model-array-data".to_owned(), String::new())]);
    let place = format!("(model at {:#x})", program.len());
    assert_eq!(told("prog", &[program, arrays].concat()), [("model-array-data".to_owned(), place)]);
}

#[test]
fn other_files_in_a_zip_behind_a_program_are_told_where_they_are() {
    // Not only arrays are in it, so that the zip is no model.
    let mixed = zip::stored(&[("w0.npy", &model::npy(500)), ("notes.txt", b"of the tides")]);
    let program = binary::elf(b"text of a program\0");
    let expected = [("model-array-data".to_owned(), "w0.npy".to_owned())];
    assert_eq!(told("prog", &[program, mixed].concat()), expected);
}

#[test]
fn a_member_that_is_another_than_that_of_the_model_is_told() {
    // A folder in an archive may be called as models behind programs are; what is only beside it stays.
    let inner = zip::stored(&[("w0.npy", &model::npy(500))]);
    let outer = zip::stored(&[("(model at 0x8)", &inner), ("w0.npy", &model::npy(900)), ("w1.npy", &model::npy(500))]);
    let places: Vec<String> = told("a.zip", &outer).into_iter().map(|(_, place)| place).collect();
    assert_eq!(places, ["(model at 0x8)", "w0.npy", "w1.npy"]);
}
