//! `data:` URIs that hold a map (RFC 2397), read more leniently than browsers do.

use std::borrow::Cow;

use memchr::memmem;

use super::read::start;

/// Media type and parameters take fewer bytes than this.
pub const LONGEST_HEADER: usize = 200;
/// A body shorter than this cannot hold a map.
const SHORTEST_MAP: usize = 16;

/// What stands behind the `,` of a `data:` URI, and how it is encoded.
pub struct DataUri<'a> {
    /// Whether it is base64; percent-encoded, or plain, otherwise.
    pub base64: bool,
    /// The body as it is written.
    pub body: &'a [u8],
}

/// The length of a `data:` URI's header up to its `,`, and whether it says base64. Parameters may come in any order.
pub fn header(url: &[u8]) -> Option<(usize, bool)> {
    let rest = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case(b"data:")).map(|_| &url[5..])?;
    let comma = memchr::memchr(b',', &rest[..rest.len().min(LONGEST_HEADER)])?;
    let header = &rest[..comma];
    if header.iter().any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<')) {
        return None;
    }
    let base64 = header.split(|byte| *byte == b';').any(|parameter| parameter.eq_ignore_ascii_case(b"base64"));
    Some((5 + comma + 1, base64))
}

/// Reads `url` as a `data:` URI that is long enough to hold a map.
pub fn data_uri(url: &[u8]) -> Option<DataUri<'_>> {
    let (length, base64) = header(url)?;
    let body = &url[length..];
    (body.len() >= SHORTEST_MAP).then_some(DataUri { base64, body })
}

impl DataUri<'_> {
    /// The body, decoded as far as it goes, and whether that is all of it. `None` where it is evidently no map.
    pub fn decode(&self) -> Option<(Vec<u8>, bool)> {
        let (decoded, complete) = if !self.base64 {
            (percent(self.body).into_owned(), true)
        } else if self.body.contains(&b'%') {
            decode_base64(&percent(self.body))
        } else {
            decode_base64(self.body)
        };
        is_map(&decoded).then_some((decoded, complete))
    }
}

/// Whether this starts as a map does, or has its keys in it although its start is damaged.
fn is_map(decoded: &[u8]) -> bool {
    let first = decoded.get(start(decoded)..).and_then(|json| json.trim_ascii_start().first());
    first == Some(&b'{')
        || decoded.starts_with(b"\xff\xfe")
        || decoded.starts_with(b"\xfe\xff")
        || [&b"\"mappings\":"[..], b"\"sourcesContent\":"].iter().any(|key| memmem::find(decoded, key).is_some())
}

fn percent(body: &[u8]) -> Cow<'_, [u8]> {
    Cow::from(percent_encoding::percent_decode(body))
}

/// Decodes standard or URL-safe base64 (RFC 4648, sections 4 and 5), padded or not, as far as it goes.
fn decode_base64(body: &[u8]) -> (Vec<u8>, bool) {
    let mut encoding = data_encoding::Specification::new();
    encoding.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    encoding.translate.from.push_str("-_");
    encoding.translate.to.push_str("+/");
    encoding.check_trailing_bits = false;
    let Ok(encoding) = encoding.encoding() else { return (Vec::new(), false) };
    let end = body.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let mut body = &body[..end];
    // One digit alone at the end encodes nothing: the rest of it was cut off.
    let cut = body.len() % 4 == 1;
    if cut {
        body = &body[..body.len() - 1];
    }
    let mut out = vec![0; encoding.decode_len(body.len()).unwrap_or(0)];
    match encoding.decode_mut(body, &mut out) {
        Ok(length) => {
            out.truncate(length);
            (out, !cut)
        }
        Err(partial) => {
            out.truncate(partial.written);
            (out, false)
        }
    }
}
