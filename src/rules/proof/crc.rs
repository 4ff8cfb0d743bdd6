//! Tokens that end in a CRC-32 (IEEE) of what stands before it. Each issuer hashes another part and writes it otherwise.

use super::codec::in_base;

/// The part of a token of GitHub, npm or Vercel that is hashed: after the first `_`, because Vercel's bodies may
/// contain more of them and no prefix of the family has two.
fn body(token: &str) -> &str {
    token.split_once('_').map_or(token, |(_, body)| body)
}

/// GitHub, npm, Vercel: six base-62 digits over the body without the prefix.
pub(super) fn base62(token: &str) -> Option<String> {
    let body = body(token);
    (!body.is_empty()).then(|| in_base(crc32fast::hash(body.as_bytes()), 62, 6))
}

/// GitLab's routable tokens: seven lower-case base-36 digits over everything before, the two digits of the payload's
/// length included. Those two are added where `token` still lacks them, that is where it ends in a dot.
pub(super) fn gitlab(token: &str) -> Option<String> {
    let lower = |value: u32, width: usize| in_base(value, 36, width).to_ascii_lowercase();
    let length =
        if token.ends_with('.') { lower(u32::try_from(gitlab_payload(token).len()).ok()?, 2) } else { String::new() };
    let (_, last) = token.rsplit_once('.')?;
    if last.len() + length.len() != 2 {
        return None;
    }
    let crc = crc32fast::hash(format!("{token}{length}").as_bytes());
    Some(format!("{length}{}", lower(crc, 7)))
}

/// The payload of a GitLab token: between the first `-` (and a runner's `t1_`) and the first dot.
fn gitlab_payload(token: &str) -> &str {
    let head = token.split('.').next().unwrap_or(token);
    let payload = head.split_once('-').map_or(head, |(_, payload)| payload);
    match payload.as_bytes() {
        [b't', digit, b'_', ..] if digit.is_ascii_digit() => &payload[3..],
        _ => payload,
    }
}

/// Grafana service accounts: over prefix and secret without the `_` before the sum, the four bytes little-endian.
pub(super) fn grafana(token: &str) -> Option<String> {
    let hashed = token.strip_suffix('_')?;
    Some(format!("{:08x}", crc32fast::hash(hashed.as_bytes()).swap_bytes()))
}

/// Atlassian: eight upper-case hex digits over everything before, the `=` included.
pub(super) fn atlassian(token: &str) -> Option<String> {
    token.ends_with('=').then(|| format!("{:08X}", crc32fast::hash(token.as_bytes())))
}

/// Zuplo: eight hex digits over the characters between the two `_`.
pub(super) fn zuplo(token: &str) -> Option<String> {
    let hashed = body(token.strip_suffix('_')?);
    (!hashed.is_empty()).then(|| format!("{:08x}", crc32fast::hash(hashed.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base62_is_the_published_vector() {
        assert_eq!(base62("hello").as_deref(), Some("0zNvy2"));
        assert_eq!(base62("npm_hello").as_deref(), Some("0zNvy2"), "the prefix is not hashed");
        assert_ne!(base62("vcp_hel_lo"), base62("vcp_lo"), "only the first `_` ends the prefix");
        assert_eq!(base62("npm_"), None);
    }

    #[test]
    fn gitlab_adds_the_length_of_the_payload_if_it_is_missing() {
        let head = format!("glpat-{}.01.", "k7".repeat(16));
        let whole = gitlab(&head).unwrap();
        assert_eq!((&whole[..2], whole.len()), ("0w", 9));
        assert_eq!(gitlab(&format!("{head}0w")).unwrap(), whole[2..]);
        assert_eq!(gitlab("glpat-abc"), None);
        assert!(gitlab(&format!("glrt-t1_{}.01.", "k7".repeat(16))).unwrap().starts_with("0w"));
    }

    #[test]
    fn each_issuer_writes_the_sum_its_own_way() {
        // CRC-32/IEEE of "hello" is 0x3610a686.
        assert_eq!(grafana("hello_").as_deref(), Some("86a61036"));
        assert_eq!(zuplo("zpka_hello_").as_deref(), Some("3610a686"));
        assert_eq!(atlassian("hello="), Some(format!("{:08X}", crc32fast::hash(b"hello="))));
        assert_eq!(grafana("hello"), None);
        assert_eq!(atlassian("hello"), None);
    }
}
