//! A TOML table that remembers which of its keys were asked for.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::prepared::{Prepared, PreparedTable};
use super::{Diagnostic, closest};

/// What messages call a text.
const TEXT: &str = "a text in quotes";
/// How many mistakes of one file are listed.
const MISTAKES: usize = 200;

/// A file being read, and the mistakes found in it so far.
#[derive(Debug)]
pub struct Source<'t> {
    file: &'t str,
    text: &'t str,
    mistakes: RefCell<Vec<Diagnostic>>,
}

/// A text of a file, or one that the program carries.
pub type Text = Cow<'static, str>;

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
        let mut table = Table { source: &self, values: Values::Parsed(top.get_ref()), asked: Vec::new(), span: 0..0 };
        let made = read(&mut table);
        table.finish();
        self.into_made(made)
    }

    /// Lends a table to `read` that was read from this file when the program was built. Mistakes have no place then.
    pub fn read_prepared<T>(self, table: PreparedTable, read: impl FnOnce(Table<'_, 't>) -> T) -> (T, Vec<Diagnostic>) {
        let made = read(Table { source: &self, values: Values::Prepared(table), asked: Vec::new(), span: 0..0 });
        self.into_made(made)
    }

    fn into_made<T>(self, made: T) -> (T, Vec<Diagnostic>) {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        (made, mistakes)
    }

    fn mistake(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        // To find the line of a mistake costs a walk through the text: a hostile file must not make us take millions.
        let known = self.mistakes.borrow().len();
        if known > MISTAKES {
            return;
        }
        let more = "there are more mistakes than these".to_owned();
        let (message, hint) = if known == MISTAKES { (more, None) } else { (message.into(), hint) };
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        self.mistakes.borrow_mut().push(Diagnostic {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
            hint,
        });
    }
}

/// A table of a [`Source`]. Every accessor notes a mistake where the value has the wrong type, and answers `None`.
#[derive(Debug)]
pub struct Table<'s, 't> {
    source: &'s Source<'t>,
    values: Values<'s, 't>,
    asked: Vec<&'static str>,
    /// The table's own bytes in the file.
    pub span: Range<usize>,
}

/// Where the values of a table come from.
#[derive(Debug, Clone, Copy)]
enum Values<'s, 't> {
    Parsed(&'s DeTable<'t>),
    Prepared(PreparedTable),
}

/// One of them.
#[derive(Debug, Clone, Copy)]
enum Found<'s, 't> {
    Parsed(&'s Spanned<DeValue<'t>>),
    Prepared(PreparedTable, Prepared),
}

impl<'s, 't> Found<'s, 't> {
    fn span(&self) -> Range<usize> {
        match self {
            Found::Parsed(value) => value.span(),
            Found::Prepared(..) => 0..0,
        }
    }

    fn as_text(&self) -> Option<Text> {
        match self {
            Found::Parsed(value) => value.get_ref().as_str().map(|text| Cow::Owned(text.to_owned())),
            Found::Prepared(table, Prepared::Text(range)) => Some(Cow::Borrowed(table.text(*range))),
            Found::Prepared(..) => None,
        }
    }

    fn as_integer(&self) -> Option<u64> {
        match self {
            Found::Parsed(value) => {
                let integer = value.get_ref().as_integer()?;
                u64::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            Found::Prepared(_, Prepared::Integer(integer)) => Some(*integer),
            Found::Prepared(..) => None,
        }
    }

    fn as_number(&self) -> Option<f64> {
        match self {
            Found::Parsed(value) => match value.get_ref() {
                DeValue::Float(number) => number.as_str().parse().ok(),
                DeValue::Integer(number) => number.as_str().parse().ok(),
                _ => None,
            },
            Found::Prepared(_, Prepared::Number(number)) => Some(*number),
            Found::Prepared(_, Prepared::Integer(number)) => Some(*number as f64),
            Found::Prepared(..) => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self {
            Found::Parsed(value) => value.get_ref().as_bool(),
            Found::Prepared(_, Prepared::Boolean(boolean)) => Some(*boolean),
            Found::Prepared(..) => None,
        }
    }

    fn as_list(&self) -> Option<&'s [Spanned<DeValue<'t>>]> {
        match self {
            Found::Parsed(value) => value.get_ref().as_array().map(|items| &items[..]),
            Found::Prepared(..) => None,
        }
    }

    fn as_table(&self) -> Option<&'s DeTable<'t>> {
        match self {
            Found::Parsed(value) => value.get_ref().as_table(),
            Found::Prepared(..) => None,
        }
    }
}

impl<'s, 't> Table<'s, 't> {
    /// Notes a mistake at `span`.
    pub fn mistake(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.source.mistake(span, message, hint);
    }

    fn get(&mut self, key: &'static str) -> Option<Found<'s, 't>> {
        self.asked.push(key);
        match self.values {
            Values::Parsed(table) => table.get(key).map(Found::Parsed),
            Values::Prepared(table) => table.get(key).map(|value| Found::Prepared(table, value)),
        }
    }

    /// Whether the key is there, whatever its value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        match self.values {
            Values::Parsed(table) => table.contains_key(key),
            Values::Prepared(table) => table.get(key).is_some(),
        }
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        convert: impl FnOnce(&Found<'s, 't>) -> Option<T>,
    ) -> Option<Value<T>> {
        let found = self.get(key)?;
        self.convert(&found, key, wanted, convert)
    }

    fn convert<T>(
        &self,
        found: &Found<'s, 't>,
        key: &str,
        wanted: &str,
        convert: impl FnOnce(&Found<'s, 't>) -> Option<T>,
    ) -> Option<Value<T>> {
        let converted = convert(found);
        if converted.is_none() {
            self.mistake(found.span(), format!("`{key}` must be {wanted}"), None);
        }
        Some(Value { value: converted?, span: found.span() })
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<Value<Text>> {
        self.typed(key, TEXT, Found::as_text)
    }

    /// A text that has to be there.
    pub fn required_text(&mut self, key: &'static str) -> Option<Value<Text>> {
        let found = self.get(key);
        if found.is_none() {
            self.mistake(self.span.clone(), format!("`{key}` is missing"), None);
        }
        self.convert(&found?, key, TEXT, Found::as_text)
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
        self.typed(key, "a whole number from 0", Found::as_integer)
    }

    /// A number.
    pub fn number(&mut self, key: &'static str) -> Option<Value<f64>> {
        self.typed(key, "a number", Found::as_number)
    }

    /// True or false.
    pub fn boolean(&mut self, key: &'static str) -> Option<Value<bool>> {
        self.typed(key, "true or false", Found::as_boolean)
    }

    /// A list of texts; empty where the key is missing.
    pub fn texts(&mut self, key: &'static str) -> Vec<Value<Text>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        if let Found::Prepared(table, Prepared::Texts(range)) = value {
            return table.texts(range).map(|text| Value { value: Cow::Borrowed(text), span: 0..0 }).collect();
        }
        let Some(items) = value.as_list() else {
            self.mistake(value.span(), format!("`{key}` must be a list of texts"), None);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Value { value: Cow::Owned(text.to_owned()), span: item.span() }),
                None => self.mistake(item.span(), format!("`{key}` must hold texts only"), None),
            }
        }
        texts
    }

    /// A table.
    pub fn table(&mut self, key: &'static str) -> Option<Table<'s, 't>> {
        let value = self.get(key)?;
        let Some(table) = value.as_table() else {
            self.mistake(value.span(), format!("`{key}` must be a table, written [{key}]"), None);
            return None;
        };
        Some(Table { source: self.source, values: Values::Parsed(table), asked: Vec::new(), span: value.span() })
    }

    /// A list of tables, written `[[key]]`; empty where the key is missing.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'s, 't>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.as_list() else {
            self.mistake(value.span(), format!("`{key}` must be a list of tables, written [[{key}]]"), None);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(table) => {
                    let values = Values::Parsed(table);
                    tables.push(Table { source: self.source, values, asked: Vec::new(), span: item.span() });
                }
                None => self.mistake(item.span(), format!("`{key}` must hold tables, written [[{key}]]"), None),
            }
        }
        tables
    }

    /// Every key with its text, for tables whose keys are not known beforehand.
    pub fn entries(&self) -> Vec<(Value<String>, Value<String>)> {
        let mut entries = Vec::new();
        let Values::Parsed(table) = self.values else { return entries };
        for (key, value) in table {
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

    /// Every key with its table, in the order of the text, for tables whose keys are not known beforehand. The span of a
    /// table written `{ … }` is that of the braces.
    pub fn named_tables(&self) -> Vec<(Value<String>, Table<'s, 't>)> {
        let mut tables = Vec::new();
        let Values::Parsed(table) = self.values else { return tables };
        for (key, value) in table {
            let name = key.get_ref().to_string();
            match value.get_ref().as_table() {
                Some(inner) => {
                    let (values, span) = (Values::Parsed(inner), value.span());
                    let inner = Table { source: self.source, values, asked: Vec::new(), span };
                    tables.push((Value { value: name, span: key.span() }, inner));
                }
                None => self.mistake(value.span(), format!("`{name}` must be a table, written {{ … }}"), None),
            }
        }
        tables.sort_by_key(|(key, _)| key.span.start);
        tables
    }

    /// Notes every key that nobody asked for. Call it when everything known was read.
    pub fn finish(self) {
        // What was prepared has been read like any other file before, by the tests.
        let Values::Parsed(table) = self.values else { return };
        for key in table.keys() {
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
