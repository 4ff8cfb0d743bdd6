//! From a secret in a generated file to the place in the source where it stands.
//!
//! A map gives the start of a segment: the literal that the secret is in, or the whole line, as the tool that made it
//! liked. Where the source's text is embedded the secret itself is looked for from there on, so that the answer is exact.

use std::borrow::Cow;

use memchr::memmem;

use crate::bytes::text::{Utf16Counter, after_utf16_units, utf16_units};
use crate::finding::Original;
use crate::formats::source_map::{Mapped, Positions, Unreadable};

/// How far from the mapped place, in bytes either way, the secret is looked for.
const WINDOW: usize = 1 << 20;
/// How far behind the start of its segment, in UTF-16 code units, a place is counted on.
const BEHIND: u64 = 1 << 16;

/// A secret of a generated file.
pub struct Asked<'a> {
    /// Its finding.
    pub index: usize,
    /// Its first byte in the generated file.
    pub start: usize,
    /// The secret as it is written there.
    pub written: &'a [u8],
}

/// What a map says of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It stands there word for word, or the text that would tell is not embedded.
    Verbatim(Original),
    /// The code that it is in comes from there, but the secret is written in another way: put together, or inlined.
    Near(Original),
    /// The map says nothing of the place.
    Nothing,
    /// The mappings cannot be read.
    Unreadable,
}

/// Asks `positions`, which speaks of the file `text`.
pub fn origins(positions: &Positions, text: &[u8], mut asked: Vec<Asked<'_>>) -> Vec<(usize, Answer)> {
    asked.sort_by_key(|one| one.start);
    let mut counter = Utf16Counter::new(text);
    let mut answers = Vec::new();
    let mut mapped: Vec<(Mapped, Asked<'_>)> = Vec::new();
    for one in asked {
        let (line, column) = counter.locate(one.start);
        match positions.original(line, column) {
            Ok(Some(place)) => mapped.push((place, one)),
            Ok(None) => answers.push((one.index, Answer::Nothing)),
            Err(Unreadable) => answers.push((one.index, Answer::Unreadable)),
        }
    }
    // Each source is unescaped once, and read from its start to its end.
    mapped.sort_by_key(|(place, _)| (place.source, place.line, place.column));
    let mut source: Option<(usize, Option<Texts<'_>>)> = None;
    for (place, one) in &mapped {
        if source.as_ref().is_none_or(|(open, _)| *open != place.source) {
            source = Some((place.source, positions.text(place.source).map(Texts::new)));
        }
        let text = source.as_mut().and_then(|(_, text)| text.as_mut());
        answers.push((one.index, answer(positions, text, place, one.written)));
    }
    answers
}

fn answer(positions: &Positions, text: Option<&mut Texts<'_>>, place: &Mapped, secret: &[u8]) -> Answer {
    let Some(name) = positions.name(place.source) else { return Answer::Nothing };
    let original = |line: u64, column: u64| Original {
        source: name.into(),
        line: line.saturating_add(1),
        column: column.saturating_add(1),
    };
    let found = text.map(|text| text.find(place, secret));
    match (found, place.behind) {
        (Some(Some((line, column))), _) => Answer::Verbatim(original(line, column)),
        (Some(None), Some(_)) => Answer::Near(original(place.line, place.column)),
        (None, Some(behind)) => Answer::Verbatim(original(place.line, place.column.saturating_add(behind))),
        (_, None) => Answer::Nothing,
    }
}

/// The text of a source, read from its start to its end.
struct Texts<'a> {
    text: Cow<'a, [u8]>,
    /// The line that starts at `start`.
    line: u64,
    start: usize,
    /// A place in that line, in code units and in bytes.
    column: u64,
    at: usize,
}

impl<'a> Texts<'a> {
    fn new(text: Cow<'a, [u8]>) -> Self {
        let start = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Texts { text, line: 0, start, column: 0, at: start }
    }

    /// Line and column, from 0, of the secret that is nearest to a mapped place. Places are asked in rising order.
    fn find(&mut self, place: &Mapped, secret: &[u8]) -> Option<(u64, u64)> {
        if place.line < self.line || place.line == self.line && place.column < self.column {
            let text = std::mem::take(&mut self.text);
            *self = Texts::new(text);
        }
        self.seek(place.line, place.column)?;
        let text = &self.text[..];
        let line = &text[self.at..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        if let Some(behind) = place.behind.filter(|behind| *behind <= BEHIND) {
            let offset = after_utf16_units(line, behind);
            if text[self.at + offset..].starts_with(secret) {
                return Some((self.line, self.column.saturating_add(utf16_units(&line[..offset]))));
            }
        }
        let ahead = &text[self.at..text.len().min(self.at.saturating_add(WINDOW))];
        let from = self.at.saturating_sub(WINDOW);
        let back = &text[from..text.len().min(self.at.saturating_add(secret.len()))];
        let found = memmem::find(ahead, secret).map(|at| self.at + at);
        let found = found.or_else(|| memmem::rfind(back, secret).map(|at| from + at))?;
        Some(self.place_of(found))
    }

    /// Moves to a place. `None` where the text has no such line.
    fn seek(&mut self, line: u64, column: u64) -> Option<()> {
        while self.line < line {
            self.start += memchr::memchr(b'\n', &self.text[self.start..])? + 1;
            self.line += 1;
            (self.column, self.at) = (0, self.start);
        }
        let rest = &self.text[self.at..];
        let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        self.at += after_utf16_units(rest, column.saturating_sub(self.column));
        self.column = column;
        Some(())
    }

    fn place_of(&self, offset: usize) -> (u64, u64) {
        if offset < self.start {
            return Utf16Counter::new(&self.text).locate(offset);
        }
        let mut counter = Utf16Counter::new(&self.text[self.start..]);
        let (line, column) = counter.locate(offset - self.start);
        (self.line.saturating_add(line), column)
    }
}

/// The place in the embedded source called `name` at which `start` finds the secret.
pub fn place(positions: &Positions, name: &str, start: impl Fn(&[u8]) -> Option<usize>) -> Option<Original> {
    positions.named(name).find_map(|source| {
        let text = positions.text(source)?;
        let (line, column) = Utf16Counter::new(&text).locate(start(&text)?);
        Some(Original { source: name.into(), line: line.saturating_add(1), column: column.saturating_add(1) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;

    const SECRET: &[u8] = b"tok_value";

    /// Asks a map with one source and these mappings about the secret in `generated`.
    fn ask(source: Option<&str>, mappings: &str, generated: &str) -> Answer {
        let texts = source.map_or(String::new(), |text| format!(r#","sourcesContent":[{}]"#, serde_json::json!(text)));
        let map = format!(r#"{{"version":3,"sources":["a.ts"]{texts},"mappings":"{mappings}"}}"#);
        let positions = Positions::read(&Bytes::from(map)).unwrap();
        let start = memmem::find(generated.as_bytes(), SECRET).unwrap();
        let asked = vec![Asked { index: 7, start, written: SECRET }];
        let mut answers = origins(&positions, generated.as_bytes(), asked);
        assert_eq!((answers.len(), answers[0].0), (1, 7));
        answers.remove(0).1
    }

    fn at(line: u64, column: u64) -> Original {
        Original { source: "a.ts".into(), line, column }
    }

    #[test]
    fn columns_count_code_units_whatever_stands_before() {
        // The quote stands at unit 9 of the generated line and at unit 17 of the source's second line.
        let generated = "ab=\"é😀\",\"tok_value\"";
        let source = "/* ü */\nlet x='é😀', t = \"tok_value\";\n";
        assert_eq!(ask(Some(source), "SACiB", generated), Answer::Verbatim(at(2, 19)));
        assert_eq!(ask(None, "SACiB", generated), Answer::Verbatim(at(2, 19)), "without the text it is counted");
    }

    #[test]
    fn a_coarse_segment_is_enough_where_the_text_is_there() {
        let source = "one\ntwo\nconst t = 'tok_value';\n";
        assert_eq!(ask(Some(source), "AACA", "x;y;z='tok_value'"), Answer::Verbatim(at(3, 12)));
        assert_eq!(ask(Some(source), "AAEA;", "z=`\ntok_value`"), Answer::Verbatim(at(3, 12)));
        assert_eq!(
            ask(Some("'tok_value'\n\nend"), "AAEA", "z='tok_value'"),
            Answer::Verbatim(at(1, 2)),
            "looks back too"
        );
    }

    #[test]
    fn a_secret_that_is_written_in_another_way_is_near() {
        assert_eq!(ask(Some("let t = 'tok' + '_value'"), "IAAQ", "let t='tok_value'"), Answer::Near(at(1, 9)));
        assert_eq!(ask(Some("x"), "A", "'tok_value'"), Answer::Nothing);
        assert_eq!(ask(Some("x"), "!", "'tok_value'"), Answer::Unreadable);
        assert_eq!(ask(None, "AAAA;", "`\ntok_value`"), Answer::Nothing);
        assert_eq!(ask(Some("short"), "AA+/BA", "'tok_value'"), Answer::Near(at(1024, 1)), "a line that is not there");
    }
}
