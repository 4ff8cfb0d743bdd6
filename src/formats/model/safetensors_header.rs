//! The JSON header of a safetensors file, read so that a cut-off one still yields its first tensors.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// More tensors than any model has in one file.
const TENSORS: usize = 200_000;
/// More dimensions than any tensor has.
const DIMENSIONS: usize = 64;
/// So much is kept of a name: enough to tell tensors apart.
const NAME: usize = 128;
/// So many texts of `__metadata__` are kept, and so much of each; those of encryption schemes are kept whole.
const TEXTS: usize = 4096;
const TEXT: usize = 1024;

/// One tensor as the header describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// What the header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) tensors: Vec<Tensor>,
    /// `__metadata__`: texts by name.
    pub(super) metadata: Vec<(String, String)>,
}

impl Header {
    /// A text of `__metadata__`.
    pub(super) fn meta(&self, name: &str) -> Option<&str> {
        self.metadata.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads `json` into a header; what was read before an error is kept.
    pub(super) fn read(json: &[u8]) -> (Self, Result<(), serde_json::Error>) {
        let mut header = Header::default();
        let mut reader = serde_json::Deserializer::from_slice(json);
        let result = Top(&mut header).deserialize(&mut reader).and_then(|()| reader.end());
        (header, result)
    }
}

struct Top<'a>(&'a mut Header);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(mut name) = map.next_key::<String>()? {
            if self.0.tensors.len() >= TENSORS {
                let reason = format!("it has more than {TENSORS} tensors, and not all of them were read");
                return Err(serde::de::Error::custom(reason));
            }
            shorten(&mut name, NAME);
            if name == "__metadata__" {
                map.next_value_seed(Metadata(&mut self.0.metadata))?;
            } else {
                let tensor = map.next_value_seed(OneTensor(name))?;
                self.0.tensors.push(tensor);
            }
        }
        Ok(())
    }
}

struct Metadata<'a>(&'a mut Vec<(String, String)>);

impl<'de> DeserializeSeed<'de> for Metadata<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Metadata<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, mut value)) = map.next_entry::<String, String>()? {
            if !key.starts_with("__") {
                shorten(&mut value, TEXT);
            }
            if self.0.len() < TEXTS && key.len() <= NAME {
                self.0.push((key, value));
            }
        }
        Ok(())
    }
}

/// Cuts a text, and gives its memory back.
fn shorten(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.shrink_to_fit();
    }
}

struct OneTensor(String);

impl<'de> DeserializeSeed<'de> for OneTensor {
    type Value = Tensor;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tensor, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneTensor {
    type Value = Tensor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tensor with dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensor, A::Error> {
        let mut tensor = Tensor { name: self.0, ..Tensor::default() };
        let mut seen = [false; 3];
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "dtype" => {
                    (tensor.dtype, seen[0]) = (map.next_value()?, true);
                    shorten(&mut tensor.dtype, NAME);
                }
                "shape" => (tensor.shape, seen[1]) = (map.next_value_seed(Numbers)?, true),
                "data_offsets" => {
                    ((tensor.begin, tensor.end), seen[2]) = (map.next_value()?, true);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if seen == [true; 3] { Ok(tensor) } else { Err(serde::de::Error::custom("a tensor lacks a mandatory field")) }
    }
}

/// A list of numbers whose length is never believed.
struct Numbers;

impl<'de> DeserializeSeed<'de> for Numbers {
    type Value = Vec<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<u64>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Numbers {
    type Value = Vec<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u64>, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = seq.next_element()? {
            if numbers.len() >= DIMENSIONS {
                return Err(serde::de::Error::custom(format!("a tensor has more than {DIMENSIONS} dimensions")));
            }
            numbers.push(number);
        }
        Ok(numbers)
    }
}
