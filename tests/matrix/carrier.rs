//! A place that a secret may ship in.

use crate::kinds::Leak;

pub struct Carrier {
    pub name: &'static str,
    /// The path of the file.
    pub path: &'static str,
    /// What is in it.
    pub fill: fn(&Leak) -> Vec<u8>,
}

pub const fn carrier(name: &'static str, path: &'static str, fill: fn(&Leak) -> Vec<u8>) -> Carrier {
    Carrier { name, path, fill }
}

pub fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}
