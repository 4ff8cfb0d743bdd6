//! JSON that is safe to print.
//!
//! Names stay exact for whoever parses the JSON. But characters that trick a terminal or a CI log are written as
//! `\uXXXX`, so that showing the raw text does no harm either.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::sanitize::{is_unsafe, starts_command};

/// Writes `value` indented, with a line end.
pub(super) fn pretty(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write(value, PrettyFormatter::new(), out)
}

/// Writes `value` on one line, with a line end.
pub(super) fn line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write(value, CompactFormatter, out)
}

fn write(value: &impl Serialize, formatter: impl Formatter, out: &mut dyn io::Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Safe(formatter)))?;
    out.write_all(b"\n")
}

/// A formatter that leaves the layout to another one and watches over the strings.
struct Safe<F>(F);

/// Hands a method over to the inner formatter.
macro_rules! as_inner {
    ($($method:ident($($argument:ident: $kind:ty),*);)*) => {$(
        fn $method<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.0.$method(writer $(, $argument)*)
        }
    )*};
}

impl<F: Formatter> Formatter for Safe<F> {
    as_inner! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let (mut done, mut previous) = (0, None);
        let mut characters = fragment.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            if is_unsafe(character) || starts_command(previous, character, next) {
                writer.write_all(&fragment.as_bytes()[done..at])?;
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                done = at + character.len_utf8();
            }
            previous = Some(character);
        }
        writer.write_all(&fragment.as_bytes()[done..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_harmless_and_the_value_exact() {
        let name = "a\u{202e}b\u{9b}\x1b\u{7f}\u{e0041}\"\\é##[x]##vso[y]";
        for write in [pretty, line] {
            let mut bytes = Vec::new();
            write(&[name], &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.trim_end().contains(|c| is_unsafe(c) && c != '\n'), "{text:?}");
            assert!(text.contains("\\u202e") && text.contains("\\udb40\\udc41") && !text.contains("##"), "{text}");
            assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [name]);
        }
    }
}
