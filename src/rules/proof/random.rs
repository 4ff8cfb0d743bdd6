//! Values that look drawn at random: what tells the key in `apiKey: "…"` from the words, names, hashes and numbers that
//! stand behind such names in ordinary code.

use super::password::is_plausible_password;
use crate::rules::placeholder::is_placeholder;

/// For each letter, the letters that often follow it in words and names of code. About three of ten pairs drawn at
/// random are among them, and eight of ten pairs in words of any language that is written with these letters.
#[rustfmt::skip]
const PAIRS: [&str; 26] = [
    "bcdfgilmnprstuvwy", "aeilorsuy", "aehiklorstuy", "adeioruy", "acdeflmnprstvwxy", "aefilortu", "aehilnoru", "aeiort",
    "abcdefglmnoprstvz", "aeou", "eisy", "acdeiklostuvy", "abeimopsuy", "acdefgiknostuvy", "bcdfgiklmnoprstuvw",
    "aehiloprstu", "u", "acdegiklmnorstuvy", "acehikmopstuwy", "aehilorstuwy", "abcdegilmnprst", "aeio", "aehinorst",
    "acipt", "eops", "aeio",
];

/// The lengths of a key, in bytes: shorter ones are names and counters, longer ones are data.
const KEY: std::ops::RangeInclusive<usize> = 16..=256;
/// The lengths of a password that stands in code.
const PASSWORD: std::ops::RangeInclusive<usize> = 9..=64;
/// Share of neighbouring letters that are usual neighbours, in percent, from which letters are words.
const WORDS: usize = 66;

/// From how many letters on they can be told from words by themselves.
const LETTERS: usize = 24;

/// Whether `value` looks like a key that was drawn at random: no words, no number, no digest under its own name.
pub(super) fn verify_key(value: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+/=.~".contains(byte);
    KEY.contains(&value.len())
        && value.iter().all(allowed)
        && looks_random(value)
        && !is_pieced(value)
        && !is_placeholder(value)
}

/// Whether `value` looks like a password that a machine has made up.
pub(super) fn verify_password(value: &[u8]) -> bool {
    let classes: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    PASSWORD.contains(&value.len())
        && value.iter().all(u8::is_ascii_graphic)
        && classes.iter().filter(|class| value.iter().any(class)).count() >= 2
        && looks_random(value)
        && is_plausible_password(value)
}

/// Whether `value` has the letters, digits and pairs of letters of something drawn at random.
pub(crate) fn looks_random(value: &[u8]) -> bool {
    let count = |class: fn(&u8) -> bool| value.iter().filter(|byte| class(byte)).count();
    let (letters, digits) = (count(u8::is_ascii_alphabetic), count(u8::is_ascii_digit));
    let spread = super::codec::distinct(value) >= (value.len() / 2).min(12);
    // A number with a few letters is a time, a size or a version; without a digit it is nearly always a name.
    let mixed = digits >= 1 && letters * 4 >= value.len() && (letters + digits) * 4 >= value.len() * 3;
    spread && mixed && !is_uuid(value) && !is_labelled(value) && word_share(value) < WORDS
}

/// Whether `value` is made of words: most letters that stand beside each other do so in words as well, and at least one
/// row of them is as long as a word or two. Of random keys of 24 letters and digits, four in ten thousand are.
pub(crate) fn is_words(value: &[u8]) -> bool {
    // Two words of five letters each, or one of ten.
    const ROW: usize = 10;
    let (mut row, mut longest) = (0, 0);
    for pair in value.windows(2) {
        row = if is_usual(pair) { row + 1 } else { 0 };
        longest = row.max(longest);
    }
    longest >= ROW && word_share(value) >= WORDS
}

/// Whether `value` is nothing but letters, drawn at random from both cases: too many capitals for words, in any order.
pub(crate) fn are_random_letters(value: &[u8]) -> bool {
    let capitals = value.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let changes = value.windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count();
    let share = |count: usize| count * 10 >= value.len() * 3;
    value.len() >= LETTERS
        && value.iter().all(u8::is_ascii_alphabetic)
        && share(capitals)
        && share(value.len() - capitals)
        && share(changes)
        && super::codec::distinct(value) >= (value.len() / 2).min(16)
        && word_share(value) < WORDS
}

/// Whether it is a UUID (RFC 9562), which names things and is rarely a secret.
fn is_uuid(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(value);
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether it says itself what it is: a digest of a lock file, a hashed password, a number in hex, an address.
fn is_labelled(value: &[u8]) -> bool {
    const STARTS: [&[u8]; 14] = [
        b"sha1-", b"sha256", b"sha384", b"sha512", b"md5-", b"$2", b"$apr1$", b"$5$", b"$6$", b"$argon2", b"pbkdf2",
        b"0x", b"#", b"h1:",
    ];
    STARTS.iter().any(|start| value.starts_with(start)) || value.starts_with(b"/") || value.ends_with(b"/")
}

/// Whether most of it are short pieces between delimiters, as in names with numbers: `us-east-1a`, `v1.2-beta.3`.
fn is_pieced(value: &[u8]) -> bool {
    let longest = value.split(|byte| !byte.is_ascii_alphanumeric()).map(<[u8]>::len).max().unwrap_or(0);
    longest < 8 || longest * 3 < value.len()
}

/// The share of neighbouring letters, in percent, that are usual neighbours; nothing but hex digits has no words.
fn word_share(value: &[u8]) -> usize {
    let (mut pairs, mut usual) = (0usize, 0usize);
    for pair in value.windows(2).filter(|pair| pair.iter().all(u8::is_ascii_alphabetic)) {
        pairs += 1;
        usual += usize::from(is_usual(pair));
    }
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    // Few pairs say little: hex and values with many digits are judged by their spread alone.
    if hex || pairs < 5 { 0 } else { usual * 100 / pairs }
}

/// Whether these two bytes are letters that often follow each other.
fn is_usual(pair: &[u8]) -> bool {
    let [left, right] = [pair[0], pair[1]].map(|byte| byte.to_ascii_lowercase());
    let followers = left.checked_sub(b'a').and_then(|at| PAIRS.get(usize::from(at))).copied().unwrap_or_default();
    followers.as_bytes().contains(&right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::example::fill;

    #[test]
    fn random_keys_are_random() {
        for alphabet in ["base62", "base64url", "hex", "alnum", "ALNUM", "base64"] {
            for length in [20, 32, 40, 64] {
                let is_key =
                    |seed: &u64| verify_key(fill(&format!("<{alphabet}*{length}>"), *seed).unwrap().as_bytes());
                let found = (0..200).filter(is_key).count();
                let least = if length == 20 { 170 } else { 185 };
                assert!(found >= least, "{found} of 200 of {alphabet} of {length}");
            }
        }
    }

    #[test]
    fn letters_alone_are_told_from_names() {
        let random = |seed: &u64| are_random_letters(fill("<letters*34>", *seed).unwrap().as_bytes());
        assert!((0..200).filter(random).count() >= 190);
        for name in [
            "getElementsByTagNameAndClassNameOf",
            "XMLHttpRequestEventTargetInterface",
            "NewBigRedCatDogManHatSunFunRunBoxA",
            "AAAAAAAAAAAAAAAAAAAAAAaaaaaaaaaaaaa",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH",
            "abcdefghijklmnopqrstuvwxyzABCDEFGH",
            "aBcDeFgHaBcDeFgHaBcDeFgHaBcDeFgHaB",
            "shortLeTtErS",
        ] {
            assert!(!are_random_letters(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn words_names_and_numbers_are_not() {
        for value in [
            "getElementsByTagName2",
            "authentication-token-2",
            "X-Amz-Security-Token",
            "user.password.reset.title1",
            "com.initech.security.TokenProvider2",
            "application/x-www-form-urlencoded",
            "sha512-k3Zp9XbQ7wLt2RvN8sYc5HdJ4mGf6TqA==",
            "2024-11-21T10:00:00.000Z",
            "123456789012345678901234",
            "9f3a2b1c-5d4e-4f60-8a7b-c9d0e1f2a3b4",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
            "m-0-3-12-4-2-8-8-1-0-1-1",
            "us-east-1.console.aws",
            "passwordResetTokenExpiresAt1",
            "$2b$12$kT9wZb2LrQ4xVn7kT9wZb2LrQ4xVn7",
            "0x3fa9c1d2e4b5a69788c1",
            "YOUR_API_KEY_GOES_HERE_1",
            "oauth2-client-credentials",
            "Benutzerkennwort2bestaetigen",
            "motDePasseIncorrect404",
            "contrasena-incorrecta-1",
            "/usr/lib/x86_64-linux-gnu1",
            "",
        ] {
            assert!(!verify_key(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn words_that_touch_are_told_from_random_keys() {
        for value in
            ["airtablepackagesTooLarge", "eyJqa3UiairtablepackagesTooLarged3n0l4ndopenvino", "contentTypeError1"]
        {
            assert!(is_words(value.as_bytes()), "{value}");
        }
        for alphabet in ["base62", "base64url", "hex", "alnum", "ALNUM"] {
            for length in [16, 24, 40, 99] {
                let key = |seed: u64| fill(&format!("<{alphabet}*{length}>"), seed).unwrap();
                let words: Vec<String> = (0..500).map(key).filter(|key| is_words(key.as_bytes())).collect();
                assert!(words.len() <= 2, "{words:?}");
            }
        }
    }

    #[test]
    fn passwords_of_machines_are_and_those_of_documentation_are_not() {
        let is_password = |seed: &u64| verify_password(fill("<password>", *seed).unwrap().as_bytes());
        assert!((0..100).filter(is_password).count() >= 75);
        for value in
            ["Password123!", "hunter2hunter2", "currentPassword1", "new-password-2", "MyStr0ngP@ssw0rd", "Abc123!"]
        {
            assert!(!verify_password(value.as_bytes()), "{value}");
        }
    }
}
