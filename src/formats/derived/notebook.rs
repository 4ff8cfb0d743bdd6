//! Jupyter notebooks (nbformat 4, "Notebook file format"; nbformat 3 with its worksheets).

use super::node::{self, Damage, Node};
use super::sources::FACTS as SOURCES;
use crate::bytes::{Bytes, Probe};
use crate::finding::{Artifact, FactSpec, FactType, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A notebook: what was written in its cells, and what came out when they were run.
pub struct Notebook;

static FACTS: &[FactSpec] = &[
    SOURCES[0],
    FactSpec { name: "notebook.cells", kind: FactType::Int, doc: "Number of cells" },
    FactSpec { name: "notebook.outputs", kind: FactType::Int, doc: "Number of outputs that are stored with the cells" },
    FactSpec { name: "notebook.output_bytes", kind: FactType::Int, doc: "Bytes of text and data in these outputs" },
    FactSpec {
        name: "notebook.errors",
        kind: FactType::Int,
        doc: "Number of outputs that are errors with a traceback",
    },
    FactSpec {
        name: "notebook.personal",
        kind: FactType::Int,
        doc: "Number of cells or outputs with a path that names a person",
    },
];
/// Data of this many bytes and more that is one long word is an image, not a text.
const IMAGE: usize = 1 << 10;

impl Format for Notebook {
    fn name(&self) -> &'static str {
        "notebook"
    }

    fn summary(&self) -> &'static str {
        "Jupyter notebooks (.ipynb): every cell and every output is a member"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let (head, tail) = (probe.head(), probe.tail());
        const FIRST: [&[u8]; 5] = [b"cells", b"metadata", b"nbformat", b"nbformat_minor", b"worksheets"];
        let says = || [head, tail].iter().any(|part| node::has_all(part, &[b"\"nbformat\""]));
        node::first_key_is(head, &FIRST) && (says() || probe.has_extension("ipynb"))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut book = Book::default();
        let walked = Node::root(&artifact.bytes).entries(|key, value| match key {
            b"cells" => book.cells(value),
            b"worksheets" => book.sheets(value),
            _ => {}
        });
        book.damage.note(walked);
        if book.cells == 0 && !artifact.path.base_name().to_ascii_lowercase().ends_with(".ipynb") {
            return Err(FormatError::NotThis);
        }
        out.fact("derived.kind", self.name());
        out.fact("notebook.cells", book.cells);
        out.fact("notebook.outputs", book.outputs);
        out.fact("notebook.errors", book.errors);
        let (mut output_bytes, mut personal) = (0u64, 0u64);
        for part in &book.parts {
            let text = part.text(&artifact.bytes, &mut book.damage);
            output_bytes += if part.output { text.len() as u64 } else { 0 };
            personal += u64::from(names_a_person(&text));
            out.explain(part.value.range());
            if !text.is_empty() {
                out.member(&part.name, Role::EmbeddedSource, text)?;
            }
        }
        out.fact("notebook.output_bytes", output_bytes);
        out.fact("notebook.personal", personal);
        book.damage.into_result()?;
        Ok(Coverage::Part)
    }
}

fn names_a_person(text: &[u8]) -> bool {
    crate::formats::executable::is_personal(&String::from_utf8_lossy(text))
}

/// A text of a cell or of an output, whole or as a list of lines.
struct Part<'a> {
    name: String,
    output: bool,
    value: Node<'a>,
}

impl Part<'_> {
    fn text(&self, whole: &Bytes, damage: &mut Damage) -> Bytes {
        if !self.value.is_array() {
            return self.value.bytes(whole);
        }
        let mut text = Vec::new();
        let walked = self.value.items(|line| {
            text.extend_from_slice(&line.bytes(whole));
            // A traceback has lines without ends.
            if self.output && text.last().is_some_and(|last| *last != b'\n') && self.name.ends_with("traceback") {
                text.push(b'\n');
            }
            true
        });
        damage.note(walked);
        Bytes::from(text)
    }
}

#[derive(Default)]
struct Book<'a> {
    cells: u64,
    outputs: u64,
    errors: u64,
    parts: Vec<Part<'a>>,
    damage: Damage,
}

impl<'a> Book<'a> {
    fn sheets(&mut self, sheets: Node<'a>) {
        let walked = sheets.items(|sheet| {
            let walked = sheet.entries(|key, value| {
                if key == b"cells" {
                    self.cells(value);
                }
            });
            self.damage.note(walked);
            true
        });
        self.damage.note(walked);
    }

    fn cells(&mut self, cells: Node<'a>) {
        let walked = cells.items(|cell| {
            self.cells += 1;
            let walked = cell.entries(|key, value| match key {
                b"source" | b"input" => self.part(format!("cell-{}", self.cells), false, value),
                b"outputs" => self.cell_outputs(value),
                _ => {}
            });
            self.damage.note(walked);
            true
        });
        self.damage.note(walked);
    }

    fn cell_outputs(&mut self, outputs: Node<'a>) {
        let mut number = 0u64;
        let walked = outputs.items(|output| {
            number += 1;
            self.outputs += 1;
            let name = format!("cell-{}-output-{number}", self.cells);
            let walked = output.entries(|key, value| match key {
                b"text" => self.part(name.clone(), true, value),
                b"traceback" => {
                    self.errors += 1;
                    self.part(format!("{name}-traceback"), true, value);
                }
                b"data" => self.data(&name, value),
                _ => {}
            });
            self.damage.note(walked);
            true
        });
        self.damage.note(walked);
    }

    /// An output in several media types; those of images are base64 and are left where they are.
    fn data(&mut self, name: &str, data: Node<'a>) {
        let walked = data.entries(|kind, value| {
            let image = kind.starts_with(b"image/") && kind != b"image/svg+xml" && value.raw().len() > IMAGE;
            if !image && (value.is_string() || value.is_array()) {
                self.part(format!("{name}.{}", ending(kind)), true, value);
            }
        });
        self.damage.note(walked);
    }

    fn part(&mut self, name: String, output: bool, value: Node<'a>) {
        if value.is_string() || value.is_array() {
            self.parts.push(Part { name, output, value });
        }
    }
}

fn ending(kind: &[u8]) -> &'static str {
    match kind {
        b"text/html" => "html",
        b"text/markdown" => "md",
        b"application/javascript" => "js",
        b"image/svg+xml" => "svg",
        _ => "txt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const BOOK: &str = r#"{"cells":[{"cell_type":"code","source":["a = 1\n","b = \"2\""],"outputs":[
        {"output_type":"stream","text":["one\n","two\n"]},
        {"output_type":"error","traceback":["File /home/jdoe/a.py","in b"]},
        {"output_type":"display_data","data":{"text/plain":"3","image/png":"iVBORw0KGgo="}}]},
        {"cell_type":"markdown","source":"plain"}],"metadata":{},"nbformat":4,"nbformat_minor":5}"#;

    #[test]
    fn cells_and_outputs_are_members() {
        let looked = inspect(&Notebook, "a.ipynb", BOOK.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        let members: Vec<(&str, &[u8])> =
            looked.members.iter().map(|member| (member.path.logical(), &member.bytes[..])).collect();
        assert_eq!(members[0], ("cell-1", &b"a = 1\nb = \"2\""[..]));
        assert_eq!(members[1], ("cell-1-output-1", &b"one\ntwo\n"[..]));
        assert_eq!(members[2], ("cell-1-output-2-traceback", &b"File /home/jdoe/a.py\nin b\n"[..]));
        assert_eq!(members.last().map(|last| last.0), Some("cell-2"));
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("notebook.cells"), facts.int("notebook.outputs")), (2, 3));
        assert_eq!((facts.int("notebook.errors"), facts.int("notebook.personal")), (1, 1));
        assert!(matches!(inspect(&Notebook, "a.ipynb", &BOOK.as_bytes()[..90]).result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn old_notebooks_have_worksheets() {
        let text = br#"{"metadata":{},"nbformat":3,"worksheets":[{"cells":[{"input":["a"],"outputs":[]}]}]}"#;
        assert_eq!(inspect(&Notebook, "x", text).members.len(), 1);
    }
}
