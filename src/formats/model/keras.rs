//! Keras 3 models: a zip with `metadata.json`, `config.json` and `model.weights.h5` (keras `saving/saving_lib.py`).
//!
//! The zip reader hands out the members; here only the facts are read, from the central directory at the end.

use super::capped;
use super::hdf5::Content;
use crate::bytes::inflate::inflate;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises Keras 3 models.
#[derive(Debug)]
pub struct Keras;

/// How many bytes of a JSON member are read. The configuration of the largest published models has about 1 MiB.
const JSON: u64 = 16 << 20;

/// How many bytes of compressed weights are read to count them. Keras itself stores them plain.
const WEIGHTS: u64 = 8 << 20;

/// How many members are looked at. A Keras model has three, and the files of its vocabularies.
const MEMBERS: u16 = 1_000;

/// One of the three members: what the central directory says about it.
#[derive(Debug, Clone, Copy)]
struct Member {
    method: u16,
    packed: u64,
    size: u64,
    local: u64,
}

/// The three members that make a zip a Keras model.
struct Members {
    metadata: Member,
    config: Member,
    weights: Member,
}

impl Format for Keras {
    fn name(&self) -> &'static str {
        "keras"
    }

    fn summary(&self) -> &'static str {
        "Keras 3 model: version, class and name from the JSON members of its zip, tensors from its weights"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(b"PK\x03\x04") && members(probe.tail()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let members = members(Probe::new("", bytes).tail()).ok_or(FormatError::NotThis)?;
        out.fact("model.format", "keras");
        out.fact("model.weights", "inside");
        out.fact("model.protection", "plain");
        match weights(bytes, members.weights) {
            Some(content) => content.state(out),
            None => out.fact("model.bytes", members.weights.size),
        }
        let metadata = content(bytes, members.metadata)?;
        let metadata: Metadata = serde_json::from_slice(&metadata)
            .map_err(|error| FormatError::broken(members.metadata.local, format!("metadata.json: {error}")))?;
        capped::state(out, "model.version", metadata.keras_version.as_bytes());
        capped::state(out, "model.producer", format!("Keras {}", metadata.keras_version).as_bytes());
        state_config(&content(bytes, members.config)?, out)
            .map_err(|error| FormatError::broken(members.config.local, format!("config.json: {error}")))?;
        // The zip reader accounts for the bytes.
        Ok(Coverage::Part)
    }
}

/// The tensors of the weights, if they can be read: a slice of the zip, or the start of what is compressed in it.
fn weights(bytes: &[u8], member: Member) -> Option<Content> {
    let packed = packed(bytes, member).ok()?;
    match member.method {
        0 => Content::of(packed).ok(),
        8 => {
            let weights = inflate(flate2::read::DeflateDecoder::new(packed), WEIGHTS, member.size);
            Content::of(&weights.bytes).ok()
        }
        _ => None,
    }
}

#[derive(serde::Deserialize)]
struct Metadata {
    #[serde(default)]
    keras_version: String,
}

#[derive(serde::Deserialize)]
struct Config {
    class_name: String,
    config: Option<Named>,
}

#[derive(serde::Deserialize)]
struct Named {
    name: Option<String>,
}

/// Old versions of Keras write the list of layers where later ones write an object with a name.
#[derive(serde::Deserialize)]
struct OldConfig {
    class_name: String,
}

/// States class and name of a serialised Keras model.
pub(super) fn state_config(json: &[u8], out: &mut Inspection<'_>) -> Result<(), serde_json::Error> {
    let config = serde_json::from_slice(json).or_else(|_| {
        let OldConfig { class_name } = serde_json::from_slice(json)?;
        Ok::<_, serde_json::Error>(Config { class_name, config: None })
    })?;
    capped::state(out, "model.architecture", config.class_name.as_bytes());
    if let Some(name) = config.config.and_then(|config| config.name) {
        capped::state(out, "model.name", name.as_bytes());
    }
    Ok(())
}

/// Looks for the three names in the central directory, all of which must lie in `tail` (APPNOTE.TXT 4.3.12, 4.3.16).
fn members(tail: &[u8]) -> Option<Members> {
    let end = memchr::memmem::rfind(tail, b"PK\x05\x06")?;
    let mut record = Cursor::at(tail, end as u64 + 10);
    let (count, size) = (record.u16_le().ok()?, record.u32_le().ok()?);
    let mut cursor = Cursor::at(tail, (end as u64).checked_sub(u64::from(size))?);
    let (mut metadata, mut config, mut weights) = (None, None, None);
    for _ in 0..count.min(MEMBERS) {
        let (name, member) = entry(&mut cursor).ok()?;
        match name {
            b"metadata.json" => metadata = Some(member),
            b"config.json" => config = Some(member),
            b"model.weights.h5" => weights = Some(member),
            _ => {}
        }
    }
    Some(Members { metadata: metadata?, config: config?, weights: weights? })
}

/// One entry of the central directory (APPNOTE.TXT 4.3.12).
fn entry<'a>(cursor: &mut Cursor<'a>) -> Result<(&'a [u8], Member), ReadError> {
    if cursor.take(4)? != b"PK\x01\x02" {
        return Err(cursor.error("no entry of a central directory"));
    }
    cursor.skip(6)?;
    let method = cursor.u16_le()?;
    cursor.skip(8)?;
    let (packed, size) = (cursor.u32_le()?, cursor.u32_le()?);
    let (name, extra, comment) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
    cursor.skip(8)?;
    let local = cursor.u32_le()?;
    let name = cursor.take(usize::from(name))?;
    let extra = cursor.take(usize::from(extra))?;
    cursor.skip(u64::from(comment))?;
    let mut member = Member { method, packed: packed.into(), size: size.into(), local: local.into() };
    zip64(&mut member, extra);
    Ok((name, member))
}

/// Takes over 64-bit sizes from the extra field 0x0001 (APPNOTE.TXT 4.5.3).
fn zip64(member: &mut Member, extra: &[u8]) {
    let mut cursor = Cursor::new(extra);
    while let (Ok(id), Ok(length)) = (cursor.u16_le(), cursor.u16_le()) {
        let Ok(content) = cursor.take(usize::from(length)) else { return };
        if id != 1 {
            continue;
        }
        let mut content = Cursor::new(content);
        for field in [&mut member.size, &mut member.packed, &mut member.local] {
            if *field == u64::from(u32::MAX)
                && let Ok(value) = content.u64_le()
            {
                *field = value;
            }
        }
    }
}

/// The stored bytes of a member (APPNOTE.TXT 4.3.7).
fn packed(bytes: &[u8], member: Member) -> Result<&[u8], FormatError> {
    let mut cursor = Cursor::at(bytes, member.local);
    if cursor.take(4)? != b"PK\x03\x04" {
        return Err(FormatError::broken(member.local, "no zip member where the central directory says"));
    }
    cursor.skip(22)?;
    let (name, extra) = (cursor.u16_le()?, cursor.u16_le()?);
    cursor.skip(u64::from(name) + u64::from(extra))?;
    Ok(cursor.take_u64(member.packed)?)
}

/// The content of a small member, stored or deflated.
fn content(bytes: &[u8], member: Member) -> Result<Vec<u8>, FormatError> {
    let packed = packed(bytes, member)?;
    let inflated = match member.method {
        0 => inflate(packed, JSON, member.size),
        8 => inflate(flate2::read::DeflateDecoder::new(packed), JSON, member.size),
        other => return Err(FormatError::broken(member.local, format!("zip method {other} is not read here"))),
    };
    Ok(inflated.bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in members {
            let sizes = [(content.len() as u32).to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
            let lengths = [(name.len() as u16).to_le_bytes(), [0, 0]].concat();
            directory.extend([b"PK\x01\x02".as_slice(), &[0; 16], &sizes, &lengths, &[0; 10]].concat());
            directory.extend((out.len() as u32).to_le_bytes());
            directory.extend(name.as_bytes());
            out.extend([b"PK\x03\x04".as_slice(), &[0; 14], &sizes, &lengths, name.as_bytes(), content].concat());
        }
        let (size, at, count) = (directory.len() as u32, out.len() as u32, members.len() as u16);
        out.extend(directory);
        out.extend([b"PK\x05\x06".as_slice(), &[0; 4], &count.to_le_bytes(), &count.to_le_bytes()].concat());
        out.extend([size.to_le_bytes(), at.to_le_bytes()].concat());
        out.extend([0, 0]);
        out
    }

    const METADATA: &[u8] = br#"{"keras_version": "3.15.1", "date_saved": "2026-11-01@10:00:00"}"#;
    const CONFIG: &[u8] =
        br#"{"module": "keras", "class_name": "Sequential", "config": {"name": "scorer", "layers": []}}"#;

    fn model() -> Vec<u8> {
        zip(&[("metadata.json", METADATA), ("config.json", CONFIG), ("model.weights.h5", &[7; 1000])])
    }

    #[test]
    fn a_model_states_version_class_name_and_size() {
        let looked = inspect(&Keras, "model.zip", &model());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        for (name, expected) in [
            ("model.format", "keras"),
            ("model.version", "3.15.1"),
            ("model.producer", "Keras 3.15.1"),
            ("model.architecture", "Sequential"),
            ("model.name", "scorer"),
        ] {
            assert_eq!(facts.get(name), Some(&FactValue::from(expected)), "{name}");
        }
        assert_eq!(facts.int("model.bytes"), 1000);
    }

    #[test]
    fn a_zip_without_the_three_members_is_something_else() {
        for bytes in
            [zip(&[("config.json", CONFIG), ("metadata.json", METADATA)]), zip(&[]), b"PK\x03\x04PK\x05\x06".to_vec()]
        {
            assert!(!inspect(&Keras, "model.keras", &bytes).sniffed);
        }
    }

    #[test]
    fn broken_members_are_broken_models() {
        let bytes = zip(&[("metadata.json", b"{"), ("config.json", CONFIG), ("model.weights.h5", &[7; 1000])]);
        assert!(matches!(inspect(&Keras, "m.keras", &bytes).result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn a_model_that_is_cut_off_is_left_to_the_zip_reader() {
        let bytes = model();
        for end in (0..bytes.len() - 8).step_by(97) {
            assert!(!matches!(inspect(&Keras, "m.keras", &bytes[..end]).result, Ok(Coverage::Whole)), "{end}");
        }
    }
}
