//! GitHub's fine-grained tokens: `github_pat_`, 22 characters, `_`, 43 characters, 8 of a SHA-256, 8 unknown.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

/// Characters at the end that the hash does not cover: its own eight and eight whose meaning is not public.
pub(super) const TAIL: usize = 16;
const CHECK: usize = 8;

/// The check characters of a token without its last sixteen: the start of its SHA-256 in base 32 (RFC 4648). Eight
/// more of it follow in place of the eight characters nobody outside can compute.
pub(super) fn complete(head: &str) -> Option<String> {
    head.starts_with("github_pat_").then(|| {
        let mut sum = BASE32_NOPAD.encode(&Sha256::digest(head.as_bytes()));
        sum.truncate(TAIL);
        sum
    })
}

/// Whether the check characters are right; the last eight are not looked at.
pub(super) fn verify(token: &str) -> bool {
    let Some(split) = token.len().checked_sub(TAIL).filter(|split| token.is_char_boundary(*split)) else {
        return false;
    };
    let (head, tail) = token.split_at(split);
    complete(head).is_some_and(|sum| sum.as_bytes()[..CHECK] == tail.as_bytes()[..CHECK])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_eight_characters_are_free_and_the_others_are_not() {
        let head = format!("github_pat_{}_{}", "Q4kT9wZb2Lr".repeat(2), "mV7".repeat(14) + "x");
        let token = format!("{head}{}", complete(&head).unwrap());
        assert_eq!(token.len(), 93);
        assert!(verify(&token));
        assert!(verify(&format!("{}ABCDEFGH", &token[..85])));
        assert!(!verify(&format!("{}1{}", &token[..80], &token[81..])));
        assert!(!verify("short"));
        assert!(!verify(&"é".repeat(20)));
    }
}
