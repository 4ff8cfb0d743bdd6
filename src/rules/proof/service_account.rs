//! Key files of Google Cloud's service accounts.

use serde_json::{Map, Value};

use super::codec::json_object;
use super::pem;

/// Whether `text`, from its first `{`, is the JSON of a service account with a whole private key. The JSON may itself
/// stand in a string literal, with its quotes escaped.
pub(super) fn verify(text: &[u8]) -> bool {
    let Some(open) = text.iter().position(|byte| *byte == b'{') else { return false };
    let text = &text[open..];
    json_object(text).or_else(|| unquoted(text)).is_some_and(|object| is_service_account(&object))
}

/// The object in a string literal.
fn unquoted(text: &[u8]) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(text).ok()?;
    // The literal ends at its first quote without a backslash.
    let end = text.match_indices('"').find(|(at, _)| !text[..*at].ends_with('\\')).map_or(text.len(), |(at, _)| at);
    let inner: String = serde_json::from_str(&format!("\"{}\"", &text[..end])).ok()?;
    json_object(inner.as_bytes())
}

fn is_service_account(object: &Map<String, Value>) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    text("type") == "service_account"
        && text("client_email").contains('@')
        && pem::verify(text("private_key").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::example::fill;

    #[test]
    fn the_key_must_be_whole() {
        let json = fill("<gcp-service-account>", 3).unwrap();
        assert!(verify(json.as_bytes()));
        assert!(verify(format!("key = {json}; more").as_bytes()));
        let quoted = serde_json::to_string(&json).unwrap();
        assert!(verify(quoted.as_bytes()));
        assert!(!verify(json.replace("service_account", "authorized_user").as_bytes()));
        assert!(!verify(json.replace("MII", "...").as_bytes()));
        assert!(!verify(&json.as_bytes()[..json.len() / 2]));
        assert!(!verify(b"{}"));
    }
}
