//! Tables that were read when the program was built.
//!
//! The tables of the rules that lastlook carries are; to read them as TOML took a quarter of the time that the program
//! needs to start. Their texts stand in one text, and everything points into it by position: addresses would have to be
//! set right at every start, tens of thousands of them.

/// Tables, as `build.rs` writes them. Ranges are a position and a number.
#[derive(Debug)]
pub struct PreparedTables {
    /// All texts, one behind the other.
    pub text: &'static str,
    /// The names of keys.
    pub keys: &'static [&'static str],
    /// Ranges of `text`: the items of lists.
    pub items: &'static [Range],
    /// The position of a key in `keys`, and its value.
    pub values: &'static [(u8, Prepared)],
    /// For every table, the name of its file as a range of `text`, and a range of `values`.
    pub tables: &'static [(Range, Range)],
}

/// A position, and how many from there.
pub type Range = (u32, u32);

/// A value.
#[derive(Debug, Clone, Copy)]
pub enum Prepared {
    /// A text: a range of all texts.
    Text(Range),
    /// A list of texts: a range of the items of all lists.
    Texts(Range),
    /// A whole number from 0.
    Integer(u64),
    /// A number with a fraction.
    Number(f64),
    /// True or false.
    Boolean(bool),
}

/// One table.
#[derive(Debug, Clone, Copy)]
pub struct PreparedTable {
    all: &'static PreparedTables,
    values: Range,
}

impl PreparedTables {
    /// Every table, with the name of the file that it stood in.
    pub fn iter(&'static self) -> impl Iterator<Item = (&'static str, PreparedTable)> {
        self.tables.iter().map(move |(file, values)| (self.text(*file), PreparedTable { all: self, values: *values }))
    }

    fn text(&self, (start, length): Range) -> &'static str {
        // Ranges are those of `build.rs`, and tests read them all.
        self.text.get(start as usize..(start + length) as usize).unwrap_or_default()
    }
}

impl PreparedTable {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Prepared> {
        let (start, length) = self.values;
        let values = &self.all.values[start as usize..][..length as usize];
        values.iter().find(|(known, _)| self.all.keys[usize::from(*known)] == key).map(|(_, value)| *value)
    }

    /// A text of its.
    #[must_use]
    pub fn text(&self, range: Range) -> &'static str {
        self.all.text(range)
    }

    /// A list of its.
    pub fn texts(&self, (start, length): Range) -> impl Iterator<Item = &'static str> {
        self.all.items[start as usize..][..length as usize].iter().map(|range| self.all.text(*range))
    }
}
