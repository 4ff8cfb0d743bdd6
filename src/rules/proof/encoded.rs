//! Tokens that are encodings of something that can be recognised.

use super::codec::{base64, json_object};
use crate::rules::placeholder::is_placeholder;

/// PyPI's tokens: `pypi-` and a macaroon in its second binary format (libmacaroons, `doc/format.txt`) that names a
/// host and has an identifier.
pub(super) fn verify_macaroon(token: &[u8]) -> bool {
    fn field(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
        // Lengths are varints; those of these two fields are below 128 in every token.
        match bytes {
            [found, length @ 1..=127, rest @ ..] if *found == kind => rest.split_at_checked(usize::from(*length)),
            _ => None,
        }
    }
    let read = || {
        let decoded = base64(token.strip_prefix(b"pypi-")?)?;
        let (location, rest) = field(decoded.strip_prefix(&[2])?, 1)?;
        let (identifier, rest) = field(rest, 2)?;
        let host = location.contains(&b'.') && location.iter().all(u8::is_ascii_graphic);
        // A signature of 32 bytes and its field's head come after the identifier.
        Some(host && identifier.len() >= 8 && rest.len() >= 34)
    };
    read().unwrap_or(false) && !is_placeholder(token)
}

/// AWS key ids: the sixteen characters after the prefix are base 32 of, among others, the account's number. Ids from
/// before 2019 (they begin with `I` or `J` after the prefix) carry none.
pub(super) fn verify_aws_id(id: &[u8]) -> bool {
    let Some(body) = id.get(4..).filter(|body| body.len() == 16) else { return false };
    let Ok(decoded) = data_encoding::BASE32_NOPAD.decode(body) else { return false };
    let prefix = [&b"AKIA"[..], b"ASIA", b"ABIA", b"ACCA"].iter().any(|prefix| id.starts_with(prefix));
    let number = decoded.iter().take(6).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let account = (number & 0x7fff_ffff_ff80) >> 7;
    let is_old = matches!(body.first(), Some(b'I' | b'J'));
    prefix && (is_old || (1..1_000_000_000_000).contains(&account)) && !is_placeholder(id)
}

/// Tokens that are base 64 of a JSON object. A prefix before the first `eyJ` is passed over, and so is a tail behind
/// the last `_`, as Sentry's tokens have one.
pub(super) fn verify_json(token: &[u8]) -> bool {
    let start = token.windows(3).position(|three| three == b"eyJ").unwrap_or(0);
    let encoded = &token[start..];
    let cut = encoded.iter().rposition(|byte| *byte == b'_').map(|at| &encoded[..at]);
    [Some(encoded), cut]
        .into_iter()
        .flatten()
        .any(|encoded| base64(encoded).and_then(|json| json_object(&json)).is_some_and(|object| !object.is_empty()))
}

/// Discord's bot tokens: the first of three parts is base 64 of the bot's id, 17 to 20 digits.
pub(super) fn verify_discord(token: &[u8]) -> bool {
    let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
    let [id, time, mac] = parts[..] else { return false };
    let is_id = base64(id).is_some_and(|id| (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit));
    is_id && base64(time).is_some() && base64(mac).is_some_and(|mac| mac.len() >= 20)
}

/// OpenAI's marker: base 64 of its name, between two random parts.
pub(super) const OPENAI: &[u8] = b"T3BlbkFJ";

/// Whether the marker stands in `token` with at least twenty characters before and behind it.
pub(super) fn verify_openai(token: &[u8]) -> bool {
    let at = token.windows(OPENAI.len()).position(|window| window == OPENAI);
    at.is_some_and(|at| at >= 20 && token.len() - at - OPENAI.len() >= 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::example::fill;

    fn filled(template: &str) -> Vec<u8> {
        fill(template, 11).unwrap().into_bytes()
    }

    #[test]
    fn macaroons_have_a_host_and_an_identifier() {
        let token = filled("<pypi-macaroon>");
        assert!(verify_macaroon(&token));
        assert!(!verify_macaroon(&token[5..]), "the prefix belongs to it");
        assert!(!verify_macaroon(&token[..60]));
        assert!(!verify_macaroon(b"pypi-AgEIcHlwaS5vcmc"));
        assert!(!verify_macaroon(&filled("pypi-<base64url*120>")));
    }

    #[test]
    fn aws_ids_name_an_account() {
        assert!(verify_aws_id(&filled("<aws-access-key-id>")));
        assert!(!verify_aws_id(["AKIAIOSF", "ODNN7EXAMPLE"].concat().as_bytes()));
        assert!(!verify_aws_id(b"AKIA777777777777777"));
        assert!(!verify_aws_id(&filled("AKIA<digits*16>")));
        assert!(!verify_aws_id(&filled("AKIZ<base32*16>")));
    }

    #[test]
    fn json_is_found_between_prefix_and_tail() {
        for template in ["<base64-json>", "glc_<base64-json>", "sntrys_<base64-json>_<base62*43>"] {
            assert!(verify_json(&filled(template)), "{template}");
        }
        assert!(!verify_json(b"eyJub3QganNvbg"));
        assert!(!verify_json(b""));
    }

    #[test]
    fn bot_tokens_name_their_bot() {
        assert!(verify_discord(&filled("<discord-id>.<base64url*6>.<base64url*38>")));
        assert!(!verify_discord(&filled("<base64url*26>.<base64url*6>.<base64url*38>")));
        assert!(!verify_discord(&filled("<discord-id>.<base64url*6>")));
    }

    #[test]
    fn the_marker_stands_in_the_middle() {
        assert!(verify_openai(&filled("sk-<base62*20><openai-marker><base62*20>")));
        assert!(!verify_openai(&filled("sk-<base62*20><openai-marker><base62*10>")));
        assert!(!verify_openai(&filled("sk-<base62*48>")));
    }
}
