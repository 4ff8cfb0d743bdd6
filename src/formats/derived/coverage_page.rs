//! Coverage as pages: those of Istanbul and of coverage.py show the whole source of a file, one page each.

use memchr::memmem;

use super::sources::{FACTS, Sources};
use crate::bytes::{Bytes, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A page that shows a source with the lines that were run.
pub struct CoveragePage;

/// What stands around Istanbul's text.
const ISTANBUL: (&[u8], &[u8]) = (b"<pre class=\"prettyprint", b"</pre>");
/// What stands around each of coverage.py's lines.
const PYTHON: (&[u8], &[u8]) = (b"<span class=\"t\">", b"</span><span class=\"r\">");

impl Format for CoveragePage {
    fn name(&self) -> &'static str {
        "coverage-page"
    }

    fn summary(&self) -> &'static str {
        "coverage reports as HTML (Istanbul, coverage.py): the source that a page shows is a member"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let start = probe.head().trim_ascii_start();
        let page =
            start.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<!doc") || tag.eq_ignore_ascii_case(b"<html"));
        let title = || memmem::find(probe.head(), b"<title>").is_some();
        page && title() && [ISTANBUL, PYTHON].iter().any(|(mark, _)| memmem::find(probe.all(), mark).is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let page = &artifact.bytes[..];
        let shown = if memmem::find(page, b"<table class=\"coverage\">").is_some() {
            istanbul(page)
        } else if memmem::find(page, b"<main id=\"source\">").is_some() {
            python(page)
        } else {
            None
        };
        let shown = shown.ok_or(FormatError::NotThis)?;
        let mut sources = Sources::new(self.name());
        sources.text(&title(page), Bytes::from(shown.text), out)?;
        sources.state(out);
        if !shown.complete {
            return Err(FormatError::broken(page.len() as u64, "the source that it shows does not end"));
        }
        shown.places.into_iter().for_each(|(start, end)| out.explain(start as u64..end as u64));
        Ok(Coverage::Part)
    }
}

/// A source as a page shows it.
struct Shown {
    text: Vec<u8>,
    complete: bool,
    places: Vec<(usize, usize)>,
}

/// One `<pre>` with all lines. Istanbul writes `&nbsp;` for an empty line, and marks branches with letters of its own.
fn istanbul(page: &[u8]) -> Option<Shown> {
    let at = memmem::find(page, ISTANBUL.0)?;
    let start = at + memchr::memchr(b'>', &page[at..])? + 1;
    let end = memmem::find(&page[start..], ISTANBUL.1).map(|length| start + length);
    let inside = &page[start..end.unwrap_or(page.len())];
    let mut text = Vec::with_capacity(inside.len());
    for (index, line) in inside.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            text.push(b'\n');
        }
        if line != b"&nbsp;" {
            plain(line, &mut text);
        }
    }
    Some(Shown { text, complete: end.is_some(), places: vec![(start, start + inside.len())] })
}

/// A paragraph for each line, ended by `&nbsp;`.
fn python(page: &[u8]) -> Option<Shown> {
    let (mut text, mut places, mut complete) = (Vec::new(), Vec::new(), true);
    for at in memmem::find_iter(page, PYTHON.0) {
        let start = at + PYTHON.0.len();
        let stop = memchr::memchr(b'\n', &page[start..]).map_or(page.len(), |length| start + length);
        let end = memmem::rfind(&page[start..stop], PYTHON.1).map(|length| start + length);
        complete &= end.is_some();
        let line = &page[start..end.unwrap_or(stop)];
        plain(line.strip_suffix(b"&nbsp;").unwrap_or(line), &mut text);
        text.push(b'\n');
        places.push((start, start + line.len()));
    }
    let whole = memmem::find(page, b"</main>").is_some();
    (!places.is_empty()).then_some(Shown { text, complete: complete && whole, places })
}

/// Adds the text of a line without its tags and with its characters.
fn plain(line: &[u8], text: &mut Vec<u8>) {
    const MARK: &[u8] = b"<span class=\"missing-if-branch\"";
    let mut rest = line;
    while let Some(byte) = rest.first() {
        let taken = match byte {
            b'<' => {
                let tag = memchr::memchr(b'>', rest).map_or(rest.len(), |end| end + 1);
                let mark = rest.starts_with(MARK).then(|| memmem::find(rest, b"</span>")).flatten();
                mark.map_or(tag, |end| end + b"</span>".len())
            }
            b'&' => entity(rest, text),
            byte => {
                text.push(*byte);
                1
            }
        };
        rest = &rest[taken..];
    }
}

/// Adds the character that stands at the start of `rest`, and answers how long its name is.
fn entity(rest: &[u8], text: &mut Vec<u8>) -> usize {
    const NAMED: [(&[u8], u8); 8] = [
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&amp;", b'&'),
        (b"&quot;", b'"'),
        (b"&#39;", b'\''),
        (b"&#x27;", b'\''),
        (b"&apos;", b'\''),
        (b"&nbsp;", b' '),
    ];
    let found = NAMED.iter().find(|(name, _)| rest.starts_with(name));
    text.push(found.map_or(b'&', |(_, character)| *character));
    found.map_or(1, |(name, _)| name.len())
}

/// The name of the source: `<title>Code coverage report for src/a.js</title>`, `<title>Coverage for a.py: 83%</title>`.
fn title(page: &[u8]) -> String {
    let head = &page[..page.len().min(Probe::HEAD)];
    let title = memmem::find(head, b"<title>").map(|at| &head[at + b"<title>".len()..]).unwrap_or_default();
    let title = title.trim_ascii_start();
    let end = title.iter().position(|byte| matches!(byte, b'<' | b'\n')).unwrap_or(title.len());
    let mut name = Vec::new();
    plain(&title[..end], &mut name);
    let name = String::from_utf8_lossy(&name);
    let name = name.rsplit_once("overage report for ").or_else(|| name.rsplit_once("overage for "));
    let name = name.map_or("source", |(_, name)| name);
    let name = match name.rsplit_once(": ") {
        Some((name, percent)) if percent.ends_with('%') => name,
        _ => name,
    };
    name.trim().chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const ISTANBUL: &str = "<!doctype html>\n<title>Code coverage report for src/a.js</title>\n<pre><table class=\"coverage\">\n<tr><td class=\"text\"><pre class=\"prettyprint lang-js\">if (a &lt; b) {\n\t<span class=\"missing-if-branch\" title=\"if path not taken\" >I</span>if (<span class=\"cbranch-no\" title=\"x\" >c</span>) d();\n&nbsp;\n}\n&nbsp;</pre></td></tr></table></pre>";
    const PYTHON: &str = "<!DOCTYPE html>\n<title>Coverage for app/a.py: 83%</title>\n<main id=\"source\">\n<p class=\"run\"><span class=\"n\"><a id=\"t1\">1</a></span><span class=\"t\"><span class=\"key\">def</span> a<span class=\"op\">()</span>:&nbsp;</span><span class=\"r\"></span></p>\n<p class=\"run\"><span class=\"n\"></span><span class=\"t\">    <span class=\"str\">&quot;x&quot;</span>&nbsp;</span><span class=\"r\"></span></p>\n</main>";

    #[test]
    fn the_source_comes_out_as_it_went_in() {
        for (page, name, text) in [
            (ISTANBUL, "src/a.js", "if (a < b) {\n\tif (c) d();\n\n}\n"),
            (PYTHON, "app/a.py", "def a():\n    \"x\"\n"),
        ] {
            let looked = inspect(&CoveragePage, "a.html", page.as_bytes());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{name}");
            assert_eq!(looked.members[0].path.logical(), name);
            assert_eq!(String::from_utf8_lossy(&looked.members[0].bytes), text);
        }
    }

    #[test]
    fn a_page_that_is_cut_off_gives_what_it_shows_and_a_gap() {
        for (page, cut) in [(ISTANBUL, "\n}\n&nbsp;</pre>"), (PYTHON, "&quot;x&quot;")] {
            let end = page.find(cut).expect("it is in there");
            let looked = inspect(&CoveragePage, "a.html", &page.as_bytes()[..end]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{cut}");
            assert_eq!(looked.members.len(), 1);
        }
    }
}
