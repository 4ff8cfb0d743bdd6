//! Text that has to be decoded before it can be searched.

mod utf16;

pub use utf16::Utf16;
