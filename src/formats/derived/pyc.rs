//! Python's compiled modules, `.pyc` (`Lib/importlib/_bootstrap_external.py`, PEP 552).

use super::marshal::{self, Layout, Texts};
use super::sources::{FACTS as SOURCES, Sources};
use super::stdlib;
use crate::bytes::{Bytes, Cursor, Probe};
use crate::finding::{Artifact, ArtifactPath, FactSpec, FactType, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection, Origin};

/// A compiled module: names, constants and the path of its source; comments alone are lost.
pub struct Pyc;

static FACTS: &[FactSpec] = &[
    SOURCES[0],
    SOURCES[1],
    SOURCES[9],
    SOURCES[10],
    FactSpec { name: "bytecode.python", kind: FactType::Text, doc: "The version of Python that compiled the module" },
    FactSpec { name: "bytecode.path", kind: FactType::Text, doc: "The path of its source where it was compiled" },
    FactSpec { name: "bytecode.texts", kind: FactType::Int, doc: "Number of names, constants and docstrings in it" },
];

/// First and last magic number of a version, its name, the length of the header, and the layout of code objects.
const VERSIONS: [(u16, u16, &str, u64, Layout); 18] = [
    (62_151, 62_171, "2.6 or older", 8, Layout::Two),
    (62_181, 62_211, "2.7", 8, Layout::Two),
    (3_000, 3_189, "3.0 to 3.2", 8, Layout::Three),
    (3_190, 3_230, "3.3", 12, Layout::Three),
    (3_250, 3_310, "3.4", 12, Layout::Three),
    (3_320, 3_351, "3.5", 12, Layout::Three),
    (3_360, 3_379, "3.6", 12, Layout::Three),
    (3_390, 3_394, "3.7", 16, Layout::Three),
    (3_400, 3_409, "3.8 alpha", 16, Layout::Three),
    (3_410, 3_413, "3.8", 16, Layout::Eight),
    (3_420, 3_425, "3.9", 16, Layout::Eight),
    (3_430, 3_439, "3.10", 16, Layout::Eight),
    (3_450, 3_495, "3.11", 16, Layout::Eleven),
    (3_500, 3_549, "3.12", 16, Layout::Eleven),
    (3_550, 3_599, "3.13", 16, Layout::Eleven),
    (3_600, 3_649, "3.14", 16, Layout::Eleven),
    (3_650, 3_699, "3.15", 16, Layout::Eleven),
    (3_700, 3_999, "3.16 or newer", 16, Layout::Eleven),
];

fn version(bytes: &[u8]) -> Option<&'static (u16, u16, &'static str, u64, Layout)> {
    let mut cursor = Cursor::new(bytes);
    let magic = cursor.u16_le().ok()?;
    if cursor.take(2).ok()? != b"\r\n" {
        return None;
    }
    let version = VERSIONS.iter().find(|version| (version.0..=version.1).contains(&magic))?;
    let code = usize::try_from(version.3).ok()?;
    matches!(bytes.get(code), None | Some(b'c' | 0xe3)).then_some(version)
}

/// The header of a module of the version of Python with this mark, for code that was packed without one. Its fields are
/// zero. Empty where the version is not known.
pub(in crate::formats) fn header(magic: [u8; 4]) -> Vec<u8> {
    let number = u16::from_le_bytes([magic[0], magic[1]]);
    let version = VERSIONS.iter().find(|version| magic[2..] == *b"\r\n" && (version.0..=version.1).contains(&number));
    let mut header = magic.to_vec();
    header.resize(version.map_or(0, |version| version.3 as usize), 0);
    header
}

impl Format for Pyc {
    fn name(&self) -> &'static str {
        "python-bytecode"
    }

    fn summary(&self) -> &'static str {
        "compiled Python modules (.pyc): names, constants and docstrings are searched; the path of the source is a fact"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        version(probe.head()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let (_, _, python, header, layout) = *version(&artifact.bytes).ok_or(FormatError::NotThis)?;
        let mut cursor = Cursor::at(&artifact.bytes, header);
        let mut texts = Texts::default();
        let read = marshal::read(&mut cursor, layout, &mut texts);
        let mut sources = Sources::new(self.name());
        texts.files.iter().for_each(|file| sources.place(file));
        let path = texts.files.first().map(String::as_str).unwrap_or_default();
        // Of the modules in an application, the application says whether they come with their sources.
        if artifact.role != Role::Header {
            sources.beside(
                &source_name(artifact.path.base_name(), artifact.path.logical()),
                whose(path, in_library(&artifact.path)),
                out,
            );
        }
        sources.state(out);
        out.fact("bytecode.python", python);
        out.fact("bytecode.path", path);
        out.fact("bytecode.texts", texts.count);
        out.decoded(artifact.path.base_name(), Bytes::from(texts.text))?;
        out.explain(0..cursor.offset());
        read?;
        Ok(Coverage::Part)
    }
}

/// Where the source of a module would lie: beside it, or above `__pycache__`.
fn source_name(base: &str, logical: &str) -> String {
    let module = base.split('.').next().unwrap_or(base);
    let cached = logical.trim_end_matches(base).trim_end_matches(['/', '\\']).ends_with("__pycache__");
    if cached { format!("../{module}.py") } else { format!("{module}.py") }
}

/// Whether a module lies in one of the zip archives in which packers keep Python's own. They leave nothing of the path at
/// which it was compiled but its name.
fn in_library(path: &ArtifactPath) -> bool {
    let zip = path.parent().map(ArtifactPath::base_name).unwrap_or_default();
    ["base_library.zip", "library.zip"].contains(&zip) || (zip.starts_with("python3") && zip.ends_with(".zip"))
}

/// Whose a module is, by the path at which it was compiled.
fn whose(path: &str, in_library: bool) -> Origin {
    let path = path.replace('\\', "/");
    for folder in ["/site-packages/", "/dist-packages/"] {
        if let Some((_, inside)) = path.rsplit_once(folder) {
            let package = inside.split('/').next().unwrap_or(inside);
            return Origin::third_party(package.trim_end_matches(".py"));
        }
    }
    let library = path.contains("/lib/python3") || path.contains("/lib/python2") || path.contains("/Lib/");
    let library = library || (in_library && stdlib::is_standard(path.trim_end_matches(".py")));
    match path.starts_with('<') {
        true => Origin::Generated,
        false if library => Origin::third_party("python"),
        false => Origin::FirstParty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    /// A module of Python 3.11 with one constant.
    fn module(constant: &str) -> Vec<u8> {
        let short = |text: &str| [&[b'z' | 0x80, text.len() as u8], text.as_bytes()].concat();
        let mut out = b"\xa7\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0\xe3".to_vec();
        out.extend([0; 20]);
        out.extend(b"s\x02\0\0\0\x97\0");
        out.extend([b")".as_slice(), &[2], &short(constant), b"N"].concat());
        out.extend([b")".as_slice(), &[0], b")".as_slice(), &[0], b"s\0\0\0\0"].concat());
        out.extend([short("/home/jdoe/app/harbour.py"), short("<module>"), short("<module>")].concat());
        out.extend(b"\x01\0\0\0s\0\0\0\0s\0\0\0\0");
        out
    }

    #[test]
    fn texts_and_the_path_of_the_source_are_read() {
        let bytes = module("pilots only");
        let looked = inspect(&Pyc, "harbour.pyc", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert!(looked.members[0].bytes.windows(12).any(|text| text == b"pilots only\n"));
        let facts = &looked.stated.facts;
        assert_eq!(facts.get("bytecode.path"), Some(&"/home/jdoe/app/harbour.py".into()));
        assert_eq!((facts.int("derived.personal"), facts.get("bytecode.python")), (1, Some(&"3.11".into())));
        assert_eq!(looked.stated.sources[0].name, "harbour.py");
        assert_eq!(looked.stated.explained, vec![0..bytes.len() as u64; 1]);
        for end in 17..bytes.len() {
            let looked = inspect(&Pyc, "harbour.pyc", &bytes[..end]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "cut at {end}");
        }
    }

    #[test]
    fn objects_may_not_nest_for_ever() {
        let mut bytes = b"\xa7\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0\xe3".to_vec();
        bytes.extend([0; 20]);
        bytes.extend(b")\x01".repeat(100_000));
        assert!(matches!(inspect(&Pyc, "a.pyc", &bytes).result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn a_source_lies_above_the_cache() {
        assert_eq!(source_name("a.cpython-311.pyc", "app/__pycache__/a.cpython-311.pyc"), "../a.py");
        assert_eq!(source_name("a.pyc", "app/a.pyc"), "a.py");
        assert_eq!(whose("/opt/v/lib/python3.11/site-packages/flask/app.py", false), Origin::third_party("flask"));
        assert_eq!(whose("/usr/lib/python3.11/ast.py", false), Origin::third_party("python"));
        assert_eq!(whose("encodings/utf_8.py", true), Origin::third_party("python"));
        assert_eq!(whose("src/app.py", true), Origin::FirstParty);
    }
}
