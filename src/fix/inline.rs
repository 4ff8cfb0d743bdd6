//! Maps that a file carries as `data:` URIs: written again without their sources, in the place and the encoding they
//! had. No character of either encoding ends a string or a comment, so this is safe wherever the URI stands, in the
//! strings of an `eval` bundle too, and no line is added or taken away.

use data_encoding::BASE64;
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::comment::{MARK, url};
use super::contents::{Dropped, drop_contents, embeds_own};
use super::edit::{Edit, apply};
use crate::formats::source_map::uri::data_uri;

/// What `encodeURIComponent` leaves as it is, but for what could end a string or a comment.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How an inline map begins.
const SCHEME: &[u8] = b"data:";

/// The maps that a text carries.
#[derive(Debug, Default)]
pub struct Inline {
    /// How many are written again.
    pub maps: u64,
    /// What goes, with the edits of the text.
    pub dropped: Dropped,
}

/// What has to change in `text` so that no map in it embeds a source of the publisher's. Maps that are damaged, or not
/// encoded in one of the two ways, stay as they are.
pub fn without_contents(text: &[u8]) -> Inline {
    let mut inline = Inline::default();
    let mut done = 0;
    for at in memmem::find_iter(text, MARK) {
        let start = at + MARK.len();
        let named = text.get(start..start + SCHEME.len()).is_some_and(|name| name.eq_ignore_ascii_case(SCHEME));
        if at < done || !named {
            continue;
        }
        let url = url(&text[start..]);
        done = start + url.len();
        let Some(uri) = data_uri(url) else { continue };
        let Some((map, true)) = uri.decode() else { continue };
        let Some(Ok(dropped)) = drop_contents(&map).filter(|_| embeds_own(&map)) else { continue };
        let after = apply(&map, &dropped.edits);
        let body = if uri.base64 { BASE64.encode(&after) } else { percent_encode(&after, ENCODED).to_string() };
        let range = done - uri.body.len()..done;
        inline.maps += 1;
        inline.dropped.sources += dropped.sources;
        inline.dropped.bytes += dropped.bytes;
        inline.dropped.edits.push(Edit { range, new: body.into_bytes() });
    }
    inline
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = r#"{"version":3,"sources":["a.ts"],"sourcesContent":["let a = 'é'"],"names":[],"mappings":"A"}"#;
    const LESS: &str = r#"{"version":3,"sources":["a.ts"],"names":[],"mappings":"A"}"#;

    #[test]
    fn every_map_is_written_again_where_it_stands() {
        let text = |map: &str| {
            let base64 = BASE64.encode(map.as_bytes());
            let percent = percent_encode(map.as_bytes(), ENCODED);
            format!(
                "eval(\"x\\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{base64}\\n//# sourceURL=y\");\n\
                 a{{}}/*# sourceMappingURL=data:application/json;charset=utf-8,{percent} */\n\
                 //# sourceMappingURL=data:application/json;base64,{base64}\n"
            )
        };
        let before = text(MAP);
        let inline = without_contents(before.as_bytes());
        assert_eq!((inline.maps, inline.dropped.sources), (3, 3));
        assert_eq!(apply(before.as_bytes(), &inline.dropped.edits), text(LESS).as_bytes());
        assert_eq!(without_contents(text(LESS).as_bytes()).maps, 0);
    }

    #[test]
    fn damaged_maps_and_those_of_others_stay() {
        let uri =
            |map: &str| format!("//# sourceMappingURL=data:application/json;base64,{}", BASE64.encode(map.as_bytes()));
        assert_eq!(without_contents(uri(&MAP.replace("a.ts", "node_modules/p/a.js")).as_bytes()).maps, 0);
        assert_eq!(without_contents(uri(&MAP[..70]).as_bytes()).maps, 0);
        let damaged = uri(MAP);
        assert_eq!(without_contents(&damaged.as_bytes()[..90]).maps, 0);
    }
}
