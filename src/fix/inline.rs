//! Maps that a file carries as `data:` URIs: written again without their sources, in the place and the encoding they
//! had. No character of either encoding ends a string or a comment, so this is safe wherever the URI stands, in the
//! strings of an `eval` bundle too, and no line is added or taken away.

use data_encoding::BASE64;
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::comment::{MARK, url};
use super::contents::{Dropped, drop_contents, embeds_own};
use super::edit::{Edit, apply};
use crate::formats::source_map::literal::{Literal, literals};
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

/// What has to change in `text` so that no map that is written down in it, as an object or as a string whose quotes are
/// not escaped, embeds a source of the publisher's.
pub fn without_literal_contents(text: &[u8]) -> Inline {
    let mut inline = Inline::default();
    literals(text, false, |found| {
        let written = &text[found.range.clone()];
        let json = found.json.as_deref().unwrap_or(written);
        if !found.cut && embeds_own(json) {
            inline.literal(&found, written, json);
        }
        true
    });
    inline
}

impl Inline {
    fn literal(&mut self, found: &Literal, written: &[u8], json: &[u8]) {
        let Some(Ok(dropped)) = drop_contents(json) else { return };
        let start = found.range.start;
        let edits = match found.json {
            None => dropped.edits.into_iter().map(|edit| edit.moved(start)).collect(),
            // The list alone: whatever quotes it has, an empty one is the same in every notation.
            Some(_) if written.starts_with(b"[") => vec![Edit { range: found.range.clone(), new: b"[]".to_vec() }],
            // It is escaped, and would have to be escaped again.
            Some(_) => return,
        };
        self.maps += 1;
        self.dropped.sources += dropped.sources;
        self.dropped.bytes += dropped.bytes;
        self.dropped.edits.extend(edits);
    }
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
    fn literals_lose_their_texts_in_every_notation() {
        let text = "let a = 'é'; // ".repeat(8);
        let object =
            format!(r#"{{"version":3,"sources":["a.ts"],"sourcesContent":["{text}"],"names":[],"mappings":"A"}}"#);
        let bare = format!("{{version:3,sources:[\"a.ts\"],mappings:\"A\",sourcesContent:[`{text}`],sourceRoot:\"\"}}");
        let before = format!("a.push([1,{object}]);b.push([2,{bare}]);");
        let inline = without_literal_contents(before.as_bytes());
        assert_eq!((inline.maps, inline.dropped.sources), (2, 2));
        let after = String::from_utf8(apply(before.as_bytes(), &inline.dropped.edits).to_vec()).unwrap();
        let expected = "b.push([2,{version:3,sources:[\"a.ts\"],mappings:\"A\",sourcesContent:[],sourceRoot:\"\"}]);";
        assert_eq!(after, format!("a.push([1,{LESS}]);{expected}"));
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
