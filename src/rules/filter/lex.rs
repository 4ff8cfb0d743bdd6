//! The words of a filter.

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A name, or an operator that is written like one.
    Name(String),
    /// A text.
    Text(Vec<u8>),
    /// A number.
    Number(f64),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longer signs come first.
const SIGNS: &[&str] = &[
    "||", "&&", "==", "!=", "<=", ">=", "??", "?.", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",",
    ".", ":", ";", "?", "=",
];

/// The words of `text`.
pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.trim_start();
        } else if rest.starts_with("//") || first == '#' {
            rest = rest.find('\n').map_or("", |at| &rest[at..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map(|at| &comment[at + 2..]).ok_or("a comment is not closed")?;
        } else if let Some((text, after)) = quoted(rest)? {
            found.push(Token::Text(text));
            rest = after;
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let number = rest[..end].parse().map_err(|_| format!("`{}` is no number", &rest[..end]))?;
            found.push(Token::Number(number));
            rest = &rest[end..];
        } else if first.is_ascii_alphabetic() || first == '_' || first == '$' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
            found.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("`{first}` has no meaning in it"))?;
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
    }
    Ok(found)
}

/// A text in quotes of any kind, and what follows it.
fn quoted(text: &str) -> Result<Option<(Vec<u8>, &str)>, String> {
    let not_closed = || "a text is not closed".to_owned();
    let (raw, body) = match text.strip_prefix(['r', 'R']) {
        Some(body) if body.starts_with(['"', '\'']) => (true, body),
        _ => (false, text),
    };
    for quote in ["\"\"\"", "'''", "`"] {
        if let Some(body) = body.strip_prefix(quote) {
            let end = body.find(quote).ok_or_else(not_closed)?;
            return Ok(Some((body.as_bytes()[..end].to_vec(), &body[end + quote.len()..])));
        }
    }
    let Some(quote) = body.chars().next().filter(|quote| ['"', '\''].contains(quote)) else { return Ok(None) };
    let body = &body[1..];
    if raw {
        let end = body.find(quote).ok_or_else(not_closed)?;
        return Ok(Some((body.as_bytes()[..end].to_vec(), &body[end + 1..])));
    }
    let mut out = String::new();
    let mut letters = body.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Ok(Some((out.into_bytes(), &body[at + 1..]))),
            '\\' => match letters.next().ok_or_else(not_closed)?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                // `"\d"` is how people write patterns.
                other @ ('\\' | '"' | '\'' | '/' | '`') => out.push(other),
                other => out.extend(['\\', other]),
            },
            other => out.push(other),
        }
    }
    Err(not_closed())
}
