//! Names of zip members as text.

/// The upper half of code page 437, which names are written in unless a flag says UTF-8 (APPNOTE 6.3.10, appendix D).
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
                     αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A member's name. Whatever is valid UTF-8 is read as such, because many writers forget the flag and such bytes are
/// hardly ever meant otherwise. Nothing in the name is changed: it may hold `../`, line ends or NUL.
pub(super) fn decode(raw: &[u8], flagged_utf8: bool) -> String {
    if raw.is_empty() {
        return "(no name)".to_owned();
    }
    match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) if flagged_utf8 => String::from_utf8_lossy(raw).into_owned(),
        Err(_) => {
            let upper: Vec<char> = CP437.chars().collect();
            let decode = |byte: &u8| match byte.checked_sub(0x80) {
                None => char::from(*byte),
                Some(index) => upper.get(usize::from(index)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
            };
            raw.iter().map(decode).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_utf8_or_else_as_code_page_437() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(decode("ä/😀".as_bytes(), false), "ä/😀");
        assert_eq!(decode(b"gr\x81n\xff", false), "grün\u{a0}");
        assert_eq!(decode(b"gr\x81n", true), "gr\u{fffd}n");
        assert_eq!(decode(b"../a\0b\nc", false), "../a\0b\nc");
    }
}
