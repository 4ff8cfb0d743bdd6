//! Reading TOML so that every mistake of a file is reported at once, each with its place and a hint.
//!
//! Rules and policies are both read through [`Table`]. A key that nobody asked for is a mistake too: a misspelt
//! `levle = "off"` must never be passed over by a gate.

mod diagnostic;
mod prepared;
mod table;

pub use diagnostic::{Diagnostic, Diagnostics, closest};
pub use prepared::{Prepared, PreparedTable, PreparedTables};
pub use table::{Source, Table, Text, Value};
