//! Lists of strings as JavaScript writes them, with any of its three quotes.

use super::escape::{blank, unescape};

/// The items of the list whose `[` stands at `start`, up to the first that is neither a string nor nothing (`null`,
/// `void 0`), where they end, and whether that is all of them.
pub fn list(text: &[u8], start: usize) -> (Vec<Option<String>>, usize, bool) {
    let mut items = Vec::new();
    let mut at = start + 1;
    loop {
        at = blank(text, at);
        match text.get(at) {
            Some(b']') => return (items, at + 1, true),
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                let string = unescape(&text[at + 1..], *quote, usize::MAX);
                items.push(Some(String::from_utf8_lossy(&string.text).into_owned()));
                at += 1 + string.taken + usize::from(string.ended);
                if !string.ended {
                    return (items, at, false);
                }
            }
            Some(_) => match [&b"null"[..], b"void 0", b"undefined"].iter().find(|word| text[at..].starts_with(word)) {
                Some(word) => {
                    items.push(None);
                    at += word.len();
                }
                None => return (items, at, false),
            },
            None => return (items, at, false),
        }
        at = blank(text, at);
        match text.get(at) {
            Some(b',') => at += 1,
            Some(b']') => {}
            _ => return (items, at, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_string_is_read_and_the_rest_ends_the_list() {
        let text = b"x[\"a\", 'it\\'s',`t\n\\``,null,void 0,]y";
        let (items, end, complete) = list(text, 1);
        let items: Vec<_> = items.iter().map(Option::as_deref).collect();
        assert_eq!(items, [Some("a"), Some("it's"), Some("t\n`"), None, None]);
        assert_eq!((end, complete), (text.len() - 1, true));
        for cut in ["[\"a\"", "[\"a", "[\"a\",b()]", "[\"a\"+b]"] {
            let (items, _, complete) = list(cut.as_bytes(), 0);
            assert_eq!((items.len(), complete), (1, false), "{cut}");
        }
    }
}
