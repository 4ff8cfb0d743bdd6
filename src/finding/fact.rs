//! Facts: typed values that a format states about an artifact.

use std::collections::BTreeMap;
use std::fmt;

/// The type of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactType {
    /// A non-negative whole number.
    Int,
    /// True or false.
    Bool,
    /// Text, possibly from hostile input.
    Text,
    /// A list of texts.
    List,
}

impl FactType {
    /// The word used in documentation and error messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FactType::Int => "integer",
            FactType::Bool => "boolean",
            FactType::Text => "text",
            FactType::List => "list",
        }
    }
}

/// A fact that a format may state: its name, type and meaning. Rules may only name facts that some format declares.
#[derive(Debug, Clone, Copy)]
pub struct FactSpec {
    /// `family.name`, for instance `source_map.undisclosed`.
    pub name: &'static str,
    /// The type of its value.
    pub kind: FactType,
    /// What it says, with its unit.
    pub doc: &'static str,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum FactValue {
    /// See [`FactType::Int`].
    Int(u64),
    /// See [`FactType::Bool`].
    Bool(bool),
    /// See [`FactType::Text`].
    Text(String),
    /// See [`FactType::List`].
    List(Vec<String>),
}

impl FactValue {
    /// The type of this value.
    #[must_use]
    pub fn kind(&self) -> FactType {
        match self {
            FactValue::Int(_) => FactType::Int,
            FactValue::Bool(_) => FactType::Bool,
            FactValue::Text(_) => FactType::Text,
            FactValue::List(_) => FactType::List,
        }
    }
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FactValue::Int(number) => f.write_str(&with_thousands(*number)),
            FactValue::Bool(value) => f.write_str(if *value { "yes" } else { "no" }),
            FactValue::Text(text) => f.write_str(text),
            FactValue::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

fn with_thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

macro_rules! fact_from {
    ($($from:ty => $variant:ident ($convert:expr)),* $(,)?) => {$(
        impl From<$from> for FactValue {
            fn from(value: $from) -> Self {
                #[allow(clippy::redundant_closure_call)]
                FactValue::$variant(($convert)(value))
            }
        }
    )*};
}

fact_from! {
    u64 => Int(|value| value),
    u32 => Int(u64::from),
    usize => Int(|value| value as u64),
    bool => Bool(|value| value),
    &str => Text(str::to_owned),
    String => Text(|value| value),
    Vec<String> => List(|value| value),
}

/// The facts of one artifact, by name, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Facts(BTreeMap<&'static str, FactValue>);

impl Facts {
    /// States a fact. A second statement of the same name replaces the first.
    pub fn set(&mut self, name: &'static str, value: impl Into<FactValue>) {
        self.0.insert(name, value.into());
    }

    /// The value of a fact, if it was stated.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FactValue> {
        self.0.get(name)
    }

    /// The value of a whole-number fact; 0 where it was not stated.
    #[must_use]
    pub fn int(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(FactValue::Int(number)) => *number,
            _ => 0,
        }
    }

    /// Whether nothing was stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All facts, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &FactValue)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Takes over all facts of `other`; where both state one, `other` wins.
    pub fn extend(&mut self, other: Facts) {
        self.0.extend(other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_thousands() {
        let shown: Vec<String> = [0, 999, 1_000, 512_110, 1_234_567_890]
            .into_iter()
            .map(|number| FactValue::Int(number).to_string())
            .collect();
        assert_eq!(shown, ["0", "999", "1,000", "512,110", "1,234,567,890"]);
    }
}
