//! nexe (`src/compiler.ts` of nexe): the bundle and its resources after the image, and their sizes at the end.

use serde_json::Value;

use super::contents::{Contents, Hint};
use super::image::Image;
use crate::bytes::Cursor;
use crate::formats::FormatError;

const SENTINEL: &[u8] = b"<nexe~~sentinel>";
/// Signatures may follow; the program itself looks no further.
const TAIL: usize = 16_000;

/// Opens the bundle, if the executable ends with the mark of nexe.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let all = &image.bytes[..];
    let from = all.len().saturating_sub(TAIL);
    let Some(found) = memchr::memmem::rfind(&all[from..], SENTINEL) else { return Ok(false) };
    let sentinel = (from + found) as u64;
    let mut cursor = Cursor::at(all, sentinel + SENTINEL.len() as u64);
    let sizes = cursor.u64_le().and_then(|code| Ok([code, cursor.u64_le()?]));
    // Both are JavaScript numbers. The mark also stands in the program that looks for it.
    let Some([code, resources]) = sizes.ok().map(|sizes| sizes.map(f64::from_bits)) else { return Ok(false) };
    let is_size = |size: f64| size.is_finite() && size >= 0.0 && size.fract() == 0.0 && size <= sentinel as f64;
    if !is_size(code) || !is_size(resources) || code < 1.0 {
        return Ok(false);
    }
    let (code, resources) = (code as u64, resources as u64);
    let Some(start) = code.checked_add(resources).and_then(|size| sentinel.checked_sub(size)) else {
        return Ok(false);
    };
    contents.kind = Some("nexe");
    contents.carrier = Some("end of file".to_owned());
    contents.entry = Some("bundle.js".to_owned());
    let bundle = all.get(start as usize..(start + code) as usize).unwrap_or_default();
    let list = manifest(bundle);
    contents.stored("bundle.js", start, code, Hint::Script)?;
    let base = start + code;
    let files = list.as_ref().and_then(Value::as_object);
    for (name, place) in files.into_iter().flatten() {
        let place = place[0].as_u64().zip(place[1].as_u64());
        match place.filter(|(at, size)| at.checked_add(*size).is_some_and(|end| end <= resources)) {
            Some((at, size)) => contents.stored(name, base + at, size, Hint::Name)?,
            None => contents.out.member_gap(name, "it has no place among the resources of nexe; build it again"),
        }
    }
    if files.is_none() && resources > 0 {
        contents.stored("resources", base, resources, Hint::Name)?;
    }
    Ok(true)
}

/// The list of resources, which the bundle begins with: `process.__nexe = {"resources":{name: [offset, size]}}`.
fn manifest(bundle: &[u8]) -> Option<Value> {
    let head = &bundle[..bundle.len().min(4 << 20)];
    let at = memchr::memmem::find(head, b"__nexe")?;
    let from = at + memchr::memchr(b'{', &head[at..])?;
    let mut values = serde_json::Deserializer::from_slice(&bundle[from..]).into_iter::<Value>();
    let list = values.next()?.ok()?;
    list.get("resources").filter(|list| list.is_object()).cloned()
}
