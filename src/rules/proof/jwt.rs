//! JSON Web Tokens (RFC 7519) in compact form (RFC 7515 section 7.1).

use serde_json::{Map, Value};

use super::codec::{base64, json_object};

/// The payload of the token that `text` is; a prefix that ends in `_` is passed over, as in GitHub's `ghs_<id>_<JWT>`.
/// `None` where it is not a signed token with an algorithm in its header and claims in its payload.
fn payload(text: &[u8]) -> Option<Map<String, Value>> {
    let start = if text.starts_with(b"ey") { 0 } else { text.windows(4).position(|four| four == b"_eyJ")? + 1 };
    let parts: Vec<&[u8]> = text[start..].splitn(4, |byte| *byte == b'.').collect();
    let [header, payload, signature] = parts[..] else { return None };
    let header = json_object(&base64(header)?)?;
    let algorithm = header.get("alg")?.as_str()?;
    // Anybody can make an unsigned token; one whose signature is cut off opens nothing.
    let signed = !algorithm.eq_ignore_ascii_case("none") && base64(signature)?.len() >= 16;
    let claims = json_object(&base64(payload)?)?;
    (signed && !claims.is_empty()).then_some(claims)
}

/// Whether the claims are those of the examples that go round: jwt.io's, RFC 7519's and the local development keys of
/// Supabase.
fn is_sample(claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let sample_names = ["John Doe", "Jane Doe", "Jon Doe"];
    let only_word =
        claims.len() == 1 && ["foo", "hello", "some", "data", "test"].iter().any(|name| claims.contains_key(*name));
    text("sub") == "1234567890"
        || sample_names.contains(&text("name"))
        || ["joe", "supabase-demo"].contains(&text("iss"))
        || ["iss", "aud", "sub", "email"].iter().any(|name| text(name).contains("example."))
        || only_word
}

/// Whether `text` is a token that is no published sample.
pub(super) fn verify(text: &[u8]) -> bool {
    payload(text).is_some_and(|claims| !is_sample(&claims))
}

/// Whether it also has this `role`: Supabase's `service_role` passes all row policies, and `anon` is for browsers.
pub(super) fn verify_role(text: &[u8], role: &str) -> bool {
    payload(text).is_some_and(|claims| !is_sample(&claims) && claims.get("role").and_then(Value::as_str) == Some(role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64URL_NOPAD;

    fn token(header: &str, payload: &str, signature: usize) -> String {
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        format!("{}.{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()), encode(&vec![0x5a; signature]))
    }

    const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    #[test]
    fn signed_claims_are_a_token() {
        let real = token(HS256, r#"{"sub":"u-81723","role":"service_role"}"#, 32);
        assert!(verify(real.as_bytes()));
        assert!(verify_role(real.as_bytes(), "service_role"));
        assert!(verify(format!("ghs_12345_{real}").as_bytes()));
        let anon = token(HS256, r#"{"sub":"u-81723","role":"anon"}"#, 32);
        assert!(verify(anon.as_bytes()) && !verify_role(anon.as_bytes(), "service_role"));
        assert!(verify_role(anon.as_bytes(), "anon"));
    }

    #[test]
    fn samples_and_fragments_are_not() {
        for payload in [
            r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#,
            r#"{"iss":"joe","exp":1300819380}"#,
            r#"{"iss":"supabase-demo","role":"service_role"}"#,
            r#"{"iss":"https://auth.example.com","sub":"x"}"#,
            r#"{"foo":"bar"}"#,
            "{}",
            "[]",
            "not json",
        ] {
            let text = token(HS256, payload, 32);
            assert!(!verify(text.as_bytes()), "{payload}");
            assert!(!verify_role(text.as_bytes(), "service_role"), "{payload}");
        }
        let claims = r#"{"sub":"u-81723"}"#;
        assert!(!verify(token(r#"{"typ":"JWT"}"#, claims, 32).as_bytes()));
        assert!(!verify(token(r#"{"alg":"none"}"#, claims, 32).as_bytes()));
        assert!(!verify(token(HS256, claims, 0).as_bytes()));
        assert!(!verify(b"eyJ"));
        assert!(!verify(format!("{}.a.b", token(HS256, claims, 32)).as_bytes()));
    }
}
