//! A TOML table that remembers which of its keys were asked for.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, closest};

/// A file being read, and the mistakes found in it so far.
#[derive(Debug)]
pub struct Source<'t> {
    file: &'t str,
    text: &'t str,
    mistakes: RefCell<Vec<Diagnostic>>,
}

/// A value and its place in the file.
#[derive(Debug, Clone)]
pub struct Value<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

impl<'t> Source<'t> {
    /// A file named `file` with content `text`.
    #[must_use]
    pub fn new(file: &'t str, text: &'t str) -> Self {
        Source { file, text, mistakes: RefCell::default() }
    }

    /// Reads the file as TOML and lends its top table to `read`. Returns what `read` made of it, and every mistake
    /// in the order of the text: those of the syntax, and those that were noted through [`Table`].
    pub fn read<T>(self, read: impl FnOnce(&mut Table<'_, 't>) -> T) -> (T, Vec<Diagnostic>) {
        let (top, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.mistake(error.span().unwrap_or(0..0), error.message(), None);
        }
        let span = 0..0;
        let mut table = Table { source: &self, table: top.get_ref(), asked: Vec::new(), span };
        let made = read(&mut table);
        table.finish();
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        (made, mistakes)
    }

    fn mistake(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        self.mistakes.borrow_mut().push(Diagnostic {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
            hint,
        });
    }
}

/// A table of a [`Source`]. Every accessor notes a mistake where the value has the wrong type, and answers `None`.
#[derive(Debug)]
pub struct Table<'s, 't> {
    source: &'s Source<'t>,
    table: &'s DeTable<'t>,
    asked: Vec<&'static str>,
    /// The table's own bytes in the file.
    pub span: Range<usize>,
}

impl<'s, 't> Table<'s, 't> {
    /// Notes a mistake at `span`.
    pub fn mistake(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.source.mistake(span, message, hint);
    }

    fn get(&mut self, key: &'static str) -> Option<&'s Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        convert: impl FnOnce(&DeValue<'t>) -> Option<T>,
    ) -> Option<Value<T>> {
        let value = self.get(key)?;
        let converted = convert(value.get_ref());
        if converted.is_none() {
            self.mistake(value.span(), format!("`{key}` must be {wanted}"), None);
        }
        Some(Value { value: converted?, span: value.span() })
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<Value<String>> {
        self.typed(key, "a text in quotes", |value| value.as_str().map(str::to_owned))
    }

    /// A text that has to be there.
    pub fn required_text(&mut self, key: &'static str) -> Option<Value<String>> {
        if !self.table.contains_key(key) {
            self.asked.push(key);
            self.mistake(self.span.clone(), format!("`{key}` is missing"), None);
            return None;
        }
        self.text(key)
    }

    /// A text that stands for a `T`.
    pub fn parsed<T>(&mut self, key: &'static str) -> Option<Value<T>>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let Value { value, span } = self.text(key)?;
        match value.parse() {
            Ok(value) => Some(Value { value, span }),
            Err(error) => {
                self.mistake(span, error.to_string(), None);
                None
            }
        }
    }

    /// A whole number from 0.
    pub fn integer(&mut self, key: &'static str) -> Option<Value<u64>> {
        self.typed(key, "a whole number from 0", |value| {
            let integer = value.as_integer()?;
            u64::from_str_radix(integer.as_str(), integer.radix()).ok()
        })
    }

    /// A number.
    pub fn number(&mut self, key: &'static str) -> Option<Value<f64>> {
        self.typed(key, "a number", |value| match value {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        })
    }

    /// True or false.
    pub fn boolean(&mut self, key: &'static str) -> Option<Value<bool>> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A list of texts; empty where the key is missing.
    pub fn texts(&mut self, key: &'static str) -> Vec<Value<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistake(value.span(), format!("`{key}` must be a list of texts"), None);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Value { value: text.to_owned(), span: item.span() }),
                None => self.mistake(item.span(), format!("`{key}` must hold texts only"), None),
            }
        }
        texts
    }

    /// A table.
    pub fn table(&mut self, key: &'static str) -> Option<Table<'s, 't>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.mistake(value.span(), format!("`{key}` must be a table, written [{key}]"), None);
            return None;
        };
        Some(Table { source: self.source, table, asked: Vec::new(), span: value.span() })
    }

    /// A list of tables, written `[[key]]`; empty where the key is missing.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'s, 't>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistake(value.span(), format!("`{key}` must be a list of tables, written [[{key}]]"), None);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => {
                    tables.push(Table { source: self.source, table, asked: Vec::new(), span: item.span() });
                }
                None => self.mistake(item.span(), format!("`{key}` must hold tables, written [[{key}]]"), None),
            }
        }
        tables
    }

    /// Every key with its text, for tables whose keys are not known beforehand.
    pub fn entries(&self) -> Vec<(Value<String>, Value<String>)> {
        let mut entries = Vec::new();
        for (key, value) in self.table {
            match value.get_ref().as_str() {
                Some(text) => entries.push((
                    Value { value: key.get_ref().to_string(), span: key.span() },
                    Value { value: text.to_owned(), span: value.span() },
                )),
                None => self.mistake(value.span(), format!("`{}` must be a text in quotes", key.get_ref()), None),
            }
        }
        entries
    }

    /// Notes every key that nobody asked for. Call it when everything known was read.
    pub fn finish(self) {
        for key in self.table.keys() {
            let word: &str = key.get_ref();
            // A key that the syntax error left empty has been reported as such.
            if word.is_empty() || self.asked.contains(&word) {
                continue;
            }
            let hint = match closest(word, self.asked.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("known here: {}", self.asked.join(", ")),
            };
            self.mistake(key.span(), format!("`{word}` is not a known key"), Some(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_reported_at_once_with_their_places() {
        let text = "levle = 1\nname = 2\n[[item]]\nflag = \"yes\"\n= \"x\"";
        let (name, mistakes) = Source::new("x.toml", text).read(|top| {
            for mut item in top.tables("item") {
                item.boolean("flag");
                item.finish();
            }
            top.parsed::<crate::finding::Level>("level");
            top.text("name")
        });
        assert!(name.is_none());
        let mut shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        shown.sort();
        assert_eq!(shown.len(), 4, "{shown:?}");
        assert_eq!(shown[0], "x.toml:1:1: `levle` is not a known key\n  hint: did you mean `level`?");
        assert_eq!(shown[1], "x.toml:2:8: `name` must be a text in quotes");
        assert_eq!(shown[2], "x.toml:4:8: `flag` must be true or false");
        assert!(shown[3].starts_with("x.toml:5:1: "), "{}", shown[3]);
    }
}
