//! Values that stand for a secret without being one.
//!
//! A false "placeholder" hides a leak, so every test here asks for something that random text of the length of real
//! tokens practically never has: short words count only where delimiters stand on both sides, long ones anywhere.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Words of at least six letters: random base 62 of a token's length contains one of them about once in a million.
/// They are compared without `-`, `_`, `.` and blanks, in lower case.
#[rustfmt::skip]
const LONG_WORDS: &[&str] = &[
    "example", "sample", "placeholder", "changeme", "changeit", "changethis", "replaceme", "replacethis",
    "replacewith", "redacted", "sanitized", "obfuscated", "foobar", "deadbeef", "cafebabe", "feedface",
    "loremipsum", "yourtoken", "yourkey", "yourapi", "yoursecret", "yourpass", "youraccess", "yourauth",
    "yourprivate", "yourown", "mysecret", "mytoken", "myapikey", "mypassword", "supersecret", "topsecret",
    "notreal", "notasecret", "notarealkey", "fakekey", "faketoken", "fakesecret", "fakepass", "dummykey",
    "dummytoken", "dummysecret", "dummypass", "testtest", "tokenhere", "keyhere", "secrethere", "passwordhere",
    "inserthere", "thisisnot", "verylong", "undefined", "qwertyuiop", "asdfghjkl",
];

/// Words that count only between delimiters.
const SHORT_WORDS: &[&str] =
    &["your", "dummy", "fake", "todo", "tbd", "fixme", "foo", "bar", "baz", "mock", "stub", "insert", "here"];

/// Words that count only alone.
const WHOLE_WORDS: &[&str] =
    &["none", "null", "nil", "true", "false", "test", "secret", "token", "password", "apikey", "value", "string"];

/// Pieces of templates and of code that computes the value.
#[rustfmt::skip]
const TEMPLATING: &[&str] = &[
    "${", "{{", "#{", "<%", "%s", "%(", "$(", "...", "***", "process.env", "os.environ", "getenv",
    "import.meta",
];

/// SHA-256 (the first sixteen bytes) of values, or of their bodies after the first `_`, that vendors print in their
/// documentation. AWS's end in `EXAMPLE` and need none.
const DOCUMENTED: &[&str] = &[
    // jwt.io's sample, HS256 with `your-256-bit-secret`.
    "7f75367e7881255134e1375e723d1dea",
    // Stripe's API reference, the shared test key.
    "2cafc0970149a84f3b9e62eaf169f36f",
    // Stripe's API reference, the older shared test key.
    "f2d6ca16515033e5dce14eba840b979d",
    // GitHub's documentation, OAuth and user tokens: the body of every prefix.
    "7e498f91828a193cac5ecbe78ab47c6c",
    // GitHub's documentation, refreshing user tokens: the body.
    "8c029ad8efa1297909e381a343e6f6b0",
    // Slack's documentation, `oauth.v2.access`.
    "2ddc147f3a3b5a1722b8ed6be3c45c49",
    // Google Cloud's documentation, API keys.
    "ac9265e56c79b234607ec72c53753cfe",
    // SendGrid's documentation, authentication.
    "02091175c1ae3023fb1e92ff16e1a5ca",
    // Discord's API reference, the sample bot token.
    "02f7ce3c263f85c019eeeeea4b08f1b7",
    // Telegram's introduction to bots.
    "0b5dd075ccdd03c42f4edda8e299e683",
    // Mailgun's documentation, the key of samples.mailgun.org.
    "9c846fdf0fa8955c377d0301542ee20e",
    // The Azure storage emulator's well-known key (Microsoft Learn, Azurite).
    "0011cc25eb4320717494d2703e8cba85",
    // The Cosmos DB emulator's well-known key (Microsoft Learn).
    "aa6547439583c3a275d4542a0df6c1ad",
];

/// Values longer than this are keys and certificates, whose encoding itself has long runs.
const LONG: usize = 128;
/// A run of one character, or a sequence like `12345678`, of this length does not come about by chance.
const RUN: usize = 8;

/// Whether `value` is evidently a placeholder or a vendor's documented example.
#[must_use]
pub fn is_placeholder(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    if value.is_empty() {
        return true;
    }
    let text = String::from_utf8_lossy(value);
    is_templated(&text) || is_monotonous(value) || has_telling_word(&text) || is_documented(value)
}

/// Whether something else is to be put in the place of `text`.
fn is_templated(text: &str) -> bool {
    let starts_variable = text.strip_prefix('$').is_some_and(is_name);
    let windows_variable = text.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).is_some_and(is_name);
    let braced = matches!((text.chars().next(), text.chars().last()), (Some('{'), Some('}')) | (Some('['), Some(']')))
        && is_name(&text[1..text.len() - 1]);
    starts_variable
        || windows_variable
        || braced
        || text.contains('\u{2026}')
        || has_angle_brackets(text)
        || TEMPLATING.iter().any(|piece| text.contains(piece))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-. ".contains(letter))
}

/// Whether there is a `<name>` in `text`.
fn has_angle_brackets(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| rest.split_once('>').is_some_and(|(name, _)| is_name(name)))
}

/// Whether `value` has too little variety to have been drawn at random.
fn is_monotonous(value: &[u8]) -> bool {
    let crosses = value.windows(5).any(|five| matches!(five, b"xxxxx" | b"XXXXX"));
    // Long values are judged by their share of one character: zeros in an encoded key are runs of `A`.
    let limit = if value.len() > LONG { value.len() / 4 } else { RUN.min(value.len().div_ceil(2).max(4)) };
    (crosses && value.len() <= LONG)
        || longest(value, |left, right| left == right) >= limit
        || longest(value, follows) >= limit
        || longest(value, |left, right| follows(right, left)) >= limit
        || longest_word(value).is_some_and(|word| is_poor(word) || is_periodic(word))
}

/// Whether `right` is the digit or letter after `left`; `0` follows `9` as on a keyboard.
fn follows(left: u8, right: u8) -> bool {
    let (left, right) = (left.to_ascii_lowercase(), right.to_ascii_lowercase());
    (left, right) == (b'9', b'0')
        || (left.is_ascii_alphanumeric() && right.is_ascii_alphanumeric() && left + 1 == right)
}

/// The length of the longest run whose neighbours are all `alike`.
fn longest(value: &[u8], alike: impl Fn(u8, u8) -> bool) -> usize {
    let mut best = 0;
    let mut run = 1;
    for pair in value.windows(2) {
        run = if alike(pair[0], pair[1]) { run + 1 } else { 1 };
        best = best.max(run);
    }
    best
}

/// The longest run of letters and digits.
fn longest_word(value: &[u8]) -> Option<&[u8]> {
    value.split(|byte| !byte.is_ascii_alphanumeric()).max_by_key(|word| word.len())
}

/// Whether `word` has few different characters for its length.
fn is_poor(word: &[u8]) -> bool {
    let distinct = super::proof::distinct(word);
    (word.len() >= 12 && distinct <= 4) || (word.len() >= 24 && distinct <= 6)
}

/// Whether `word` is one piece, at most half as long, again and again.
fn is_periodic(word: &[u8]) -> bool {
    word.len() >= 12
        && word.len() <= LONG
        && (1..=word.len() / 2).any(|period| word[period..] == word[..word.len() - period])
}

fn has_telling_word(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let joined: String = lower.chars().filter(|letter| !"-_. ".contains(*letter)).collect();
    WHOLE_WORDS.contains(&joined.as_str())
        || LONG_WORDS.iter().any(|word| joined.contains(word))
        || lower.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| SHORT_WORDS.contains(&word))
}

fn is_documented(value: &[u8]) -> bool {
    let body = value.iter().position(|byte| *byte == b'_').map(|at| &value[at + 1..]);
    [Some(value), body].into_iter().flatten().any(|part| {
        let digest = HEXLOWER.encode(&Sha256::digest(part)[..16]);
        DOCUMENTED.contains(&digest.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_placeholder(value: &str) {
        assert!(is_placeholder(value.as_bytes()), "{value}");
    }

    fn assert_real(value: &str) {
        assert!(!is_placeholder(value.as_bytes()), "{value}");
    }

    #[test]
    fn monotonous_values_are_placeholders() {
        for piece in ["a", "x", "0", "12", "abc1", "0123456789", "abcdef0123456789", "k7Rt2Vb9"] {
            assert_placeholder(&format!("tok_{}", piece.repeat(40 / piece.len())));
        }
        assert_placeholder("sk-abcxxxxxx");
        assert_placeholder("tok_1234567890");
        assert_placeholder("9876543210");
        assert_placeholder("aaaa");
        assert_placeholder("");
    }

    #[test]
    fn telling_words_and_templates_are_placeholders() {
        for value in [
            "Q7RT2VBXW9EXAMPLE",
            "YOUR_API_KEY",
            "your-token-goes-in",
            "my-secret-value",
            "change_me",
            "REDACTED",
            "deadbeefk2m9",
            "npm_dummy_q8w2",
            "${NPM_TOKEN}",
            "{{ token }}",
            "<token>",
            "<your token>",
            "$NPM_TOKEN",
            "%NPM_TOKEN%",
            "[token]",
            "Bearer %s",
            "abc...xyz",
            "\u{2026}",
            "process.env.TOKEN",
        ] {
            assert_placeholder(value);
        }
    }

    #[test]
    fn random_values_are_not() {
        for value in
            ["tok_k3Zp9XbQ7wLt2RvN8sYc5HdJ4mGf6TqA", "Xk29-mfoo8-Qz", "hunter2Q", "$2b$12$kT9wQ", "9f86d081884c7d65"]
        {
            assert_real(value);
        }
        // An unencrypted OpenSSH key has long runs of `A`, each an encoded zero.
        let key =
            format!("{}{}{}", "b3BlbnNzaC1rZXktdjE", "A".repeat(24), "kT9wZb2LrQ4xVn7".repeat(20).replace("T9", "aY"));
        assert_real(&key);
    }

    #[test]
    fn documented_values_are_known_by_their_digest() {
        let telegram = ["110201543", ":AAHdqTcvCH1v", "GWJxfSeofSAs0", "K5PALDsaw"].concat();
        assert_placeholder(&telegram);
        assert_real(&telegram.replace("K5P", "K6P"));
        let github = ["16C7e42F292c69", "12E7710c838347", "Ae178B4a"].concat();
        for prefix in ["ghp_", "gho_", "ghu_"] {
            assert_placeholder(&format!("{prefix}{github}"));
        }
        assert!(DOCUMENTED.iter().all(|digest| digest.len() == 32));
    }
}
