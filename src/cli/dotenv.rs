//! Reading `.env` files: `NAME=value` lines, quoted values, comments.

/// The names and values in `text`, in order.
///
/// # Errors
/// The number of the first line that is none of what such a file has.
pub fn read(text: &str) -> Result<Vec<(String, String)>, usize> {
    let mut values = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(values);
        }
        let line = text[..text.len() - rest.len()].matches('\n').count() + 1;
        if rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        let (name, value) = rest.split_once('=').ok_or(line)?;
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if name.is_empty() || !name.bytes().all(is_part) {
            return Err(line);
        }
        let (value, after) = read_value(value).ok_or(line)?;
        values.push((name.to_owned(), value));
        rest = after;
    }
}

/// A value, and what follows its line.
fn read_value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let line_end = |text: &'_ str| text.find('\n').unwrap_or(text.len());
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
    let Some(quote) = quote else {
        let end = line_end(text);
        let value = text[..end].split(" #").next().unwrap_or_default().trim();
        return Some((value.to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut letters = text[1..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            _ if letter == quote => {
                let after = &text[1 + at + 1..];
                return Some((value, &after[line_end(after)..]));
            }
            '\\' if quote == '"' => match letters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            _ => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_plain_quoted_and_of_several_lines() {
        let text =
            "# keys\nA=one two # note\nexport B = \"x\\ny\" # note\nC='$not\\n'\n\nD=\"first\nsecond\"\r\nE=\nF=last";
        let values = read(text).unwrap();
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected =
            [("A", "one two"), ("B", "x\ny"), ("C", "$not\\n"), ("D", "first\nsecond"), ("E", ""), ("F", "last")];
        assert_eq!(values, expected);
    }

    #[test]
    fn other_lines_are_named() {
        assert_eq!(read("A=1\nsome text\n"), Err(2));
        assert_eq!(read("A=\"open\n"), Err(1));
        assert_eq!(read("A B=1\n"), Err(1));
    }
}
