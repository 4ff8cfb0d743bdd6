//! Patterns in the syntax of Go, made those of the `regex` crate. Both come from RE2 and mean the same nearly everywhere.

use crate::rules::rule::LazyRegex;

/// The pattern as `regex` reads it.
///
/// # Errors
/// Why it is no pattern.
pub fn mended(pattern: &str) -> Result<String, String> {
    let mended = escaped(pattern);
    let Err(error) = LazyRegex::compile(&mended) else { return Ok(mended) };
    // Classes of Unicode are off in rules, because they make patterns slow; the few that need them say so.
    let unicode = format!("(?u:{mended})");
    if LazyRegex::compile(&unicode).is_ok() {
        return Ok(unicode);
    }
    let text = error.to_string();
    Err(text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned())
}

/// Escapes what only `regex` gives a meaning: braces that are no repetition, and brackets and doubled signs in a class.
fn escaped(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(letter) = rest.chars().next() {
        let mut length = letter.len_utf8();
        match letter {
            '\\' if rest.starts_with("\\Q") => {
                let body = &rest[2..];
                let end = body.find("\\E").unwrap_or(body.len());
                out.push_str(&quoted(&body[..end]));
                rest = body.get(end + 2..).unwrap_or_default();
                continue;
            }
            '\\' => {
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
                // `\p{L}` and `\x{41}` have braces of their own.
                if rest[1..].starts_with(['p', 'P', 'x']) && rest[length..].starts_with('{') {
                    length += rest[length..].find('}').map_or(0, |at| at + 1);
                }
                out.push_str(&rest[..length]);
            }
            '[' if in_class && rest.starts_with("[:") && rest.contains(":]") => {
                length = rest.find(":]").map_or(1, |at| at + 2);
                out.push_str(&rest[..length]);
            }
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                // A bracket that closes right away stands for itself.
                for sign in ["[^]", "[]", "[^", "["] {
                    if rest.starts_with(sign) {
                        length = sign.len();
                        break;
                    }
                }
                out.push_str(&rest[..length].replace(']', "\\]"));
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' | '-' if in_class && rest[1..].starts_with(letter) => {
                out.extend(['\\', letter, '\\', letter]);
                length = 2;
            }
            '{' if !in_class && !is_repetition(rest) => out.push_str("\\{"),
            other => out.push(other),
        }
        rest = &rest[length..];
    }
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Whether the text begins with `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(text: &str) -> bool {
    let Some((inside, _)) = text[1..].split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn matches(pattern: &str, text: &str) -> bool {
        let mended = mended(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        LazyRegex::compile(&mended).unwrap().is_match(text.as_bytes())
    }

    #[test]
    fn what_go_reads_otherwise_is_mended() {
        for (pattern, hit, miss) in [
            (r"^\$(?:\d+|{\d+})$", "${12}", "${x}"),
            (r"^\${(?:[A-Z_]+|[a-z_]+)}$", "${AB}", "${A1}"),
            (r"^\{\d{0,2}}$", "{12}", "{123}"),
            (r"[[a]x", "[x", "bx"),
            (r"^[a&&b]+$", "a&b", "c"),
            (r"^[]a]+$", "]a", "b"),
            (r"^[^]a]+$", "b", "]"),
            (r"^[[:alnum:]_]{3}$", "a1_", "a-_"),
            (r"\Qa.b{\E+c", "a.b{{c", "axb{c"),
            (r"^\p{L}+$", "é", "1"),
            (r"(?i)^\x60?k{2,3}$", "KKK", "k"),
            (r"^[\s\S-]{2}$", "a-", "a"),
            (r"^[\w .-/]+$", "a/", "~"),
        ] {
            assert!(matches(pattern, hit), "{pattern} on {hit}");
            assert!(!matches(pattern, miss), "{pattern} on {miss}");
        }
        assert!(mended("(").is_err() && mended("(?=x)").is_err() && mended("[a").is_err() && mended("\\").is_err());
    }
}
