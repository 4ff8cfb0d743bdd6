//! The forms in which a keyword stands in text that is encoded once more.

use data_encoding::{BASE64_NOPAD, HEXLOWER};

/// How many characters of a base64 form are asked for at least; fewer come about by chance.
const LEAST: usize = 4;

/// Every form that `word` takes in base64, hex and UTF-16, with how much longer than itself text becomes in it. Case is
/// left open by whoever compares.
pub fn forms(word: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let mut forms = vec![(HEXLOWER.encode(word).into_bytes(), 2)];
    forms.push((word.iter().flat_map(|byte| [*byte, 0]).collect(), 2));
    forms.extend((0..3).flat_map(|before| base64(word, before)).map(|form| (form, 2)));
    forms
}

/// The characters of base64 that depend on nothing but `word`, when it begins `before` bytes into a group of three. Where
/// too few do, each value that the bits of the neighbours can take makes a form of its own.
fn base64(word: &[u8], before: usize) -> Vec<Vec<u8>> {
    let encode = |neighbour: u8| {
        let text = [vec![neighbour; before], word.to_vec(), vec![neighbour; 2]].concat();
        BASE64_NOPAD.encode(&text).into_bytes()
    };
    let first = (8 * before).div_ceil(6);
    let end = 8 * (before + word.len()) / 6;
    if end - first >= LEAST {
        return vec![encode(0)[first..end].to_vec()];
    }
    // One more character, on the side that shares fewer bits with a neighbour: two of them.
    let (first, end, shift) = if before == 1 { (first - 1, end, 0) } else { (first, end + 1, 6) };
    (0..4u8).map(|bits| encode(bits << shift)[first..end].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_form_stands_in_every_encoding_of_a_text_with_the_word() {
        for word in ["sk-", "npm_", "-----BEGIN"] {
            for before in 0..9u8 {
                for after in 0..9u8 {
                    let around = |byte: u8| vec![byte.wrapping_mul(37); usize::from(byte)];
                    let text = [around(before), word.as_bytes().to_vec(), around(after)].concat();
                    let encoded = BASE64_NOPAD.encode(&text);
                    let stands = |form: &Vec<u8>| encoded.as_bytes().windows(form.len()).any(|part| part == form);
                    assert!(
                        after < 2 || forms(word.as_bytes()).iter().any(|(form, _)| stands(form)),
                        "{word} {before}"
                    );
                }
            }
        }
    }

    #[test]
    fn forms_are_long_enough_to_mean_something() {
        assert!(forms(b"hf_").iter().all(|(form, _)| form.len() >= LEAST));
    }
}
