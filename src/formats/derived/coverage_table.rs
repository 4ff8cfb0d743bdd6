//! Coverage as tables of lines: lcov's tracefiles (`geninfo` manual, "FILES"), Cobertura's and Clover's XML. They name
//! files and hold no text.

use memchr::memmem;

use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Which lines of which files were run, without their text.
pub struct CoverageTable;

/// Longer names are none.
const LONGEST: usize = 4 << 10;

impl Format for CoverageTable {
    fn name(&self) -> &'static str {
        "coverage-table"
    }

    fn summary(&self) -> &'static str {
        "coverage without text (lcov tracefiles, Cobertura and Clover XML): the names of the files"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        is_lcov(head) || is_xml(head)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes[..];
        let head = &text[..text.len().min(Probe::HEAD)];
        let mut sources = Sources::new(self.name());
        if is_lcov(head) {
            let lines = text.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"SF:"));
            lines.for_each(|name| add(&mut sources, name, out));
        } else {
            // Cobertura gives the folder once and names inside it; Clover gives whole paths.
            elements(text, b"<source>").for_each(|rest| sources.place(&String::from_utf8_lossy(until(rest, b'<'))));
            let clover = memmem::find(head, b"clover=\"").is_some();
            let mark: &[u8] = if clover { b" path=\"" } else { b" filename=\"" };
            let mut last: &[u8] = b"";
            for rest in elements(text, mark) {
                let name = until(rest, b'"');
                // One file has several classes, which follow each other.
                if name != last {
                    add(&mut sources, name, out);
                }
                last = name;
            }
        }
        if sources.count() == 0 {
            return Err(FormatError::NotThis);
        }
        sources.state(out);
        Ok(Coverage::Part)
    }
}

fn add(sources: &mut Sources, name: &[u8], out: &mut Inspection<'_>) {
    sources.name(&String::from_utf8_lossy(name.trim_ascii()), out);
}

fn is_lcov(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let record = |text: &[u8]| text.starts_with(b"SF:") || memmem::find(text, b"\nSF:").is_some();
    (head.starts_with(b"TN:") || head.starts_with(b"SF:")) && record(head) && memmem::find(head, b"\nDA:").is_some()
}

fn is_xml(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"<")
        && memmem::find(head, b"<coverage ").is_some()
        && (memmem::find(head, b"line-rate=").or(memmem::find(head, b"clover=\""))).is_some()
}

fn elements<'a>(text: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    memmem::find_iter(text, mark).map(move |at| &text[at + mark.len()..])
}

fn until(rest: &[u8], end: u8) -> &[u8] {
    let rest = &rest[..rest.len().min(LONGEST)];
    &rest[..memchr::memchr(end, rest).unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn every_table_names_its_files() {
        let lcov = "TN:\nSF:/home/jdoe/app/src/a.js\nDA:1,1\nend_of_record\nTN:\nSF:src/b.js\nDA:1,0\nend_of_record\n";
        let cobertura = "<?xml version=\"1.0\" ?>\n<coverage line-rate=\"1\"><sources><source>/home/jdoe/app</source></sources>\n<class name=\"a\" filename=\"src/a.py\"/><class name=\"b\" filename=\"src/b.py\"/></coverage>";
        let clover = "<?xml version=\"1.0\"?>\n<coverage generated=\"1\" clover=\"3.2.0\"><file name=\"a.js\" path=\"/home/jdoe/app/src/a.js\"/><file name=\"b.js\" path=\"/srv/src/b.js\"/></coverage>";
        for text in [lcov, cobertura, clover] {
            let looked = inspect(&CoverageTable, "lcov.info", text.as_bytes());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{text}");
            let facts = &looked.stated.facts;
            assert_eq!((facts.int("derived.sources"), facts.int("derived.personal")), (2, 1), "{text}");
        }
        let other = "<coverage line-rate=\"high\">nothing is named</coverage>";
        assert!(matches!(inspect(&CoverageTable, "x.xml", other.as_bytes()).result, Err(FormatError::NotThis)));
    }
}
