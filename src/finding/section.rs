//! Places in executables.

use std::fmt;

/// The part of an executable that a place lies in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Section {
    /// Its name, with that of its segment in front where the format names both: `.rodata`, `__TEXT,__cstring`,
    /// `data segment 3`. May come from hostile input.
    pub name: String,
    /// The virtual address of the place once the program is loaded; `None` for what is never loaded.
    pub address: Option<u64>,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{} at {address:#x}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
