//! Structures that a secret must have besides its shape.

use std::str::FromStr;

use super::{base58, encoded, jwt, password, pem, random, service_account, url};

/// What a secret must be besides its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// A signed JSON Web Token (RFC 7519) whose header names an algorithm and whose claims are no published sample.
    Jwt,
    /// A JSON Web Token with the claim `role` = `service_role`.
    JwtServiceRole,
    /// A JSON Web Token with the claim `role` = `anon`.
    JwtAnonRole,
    /// An armoured private key, whole and without a passphrase.
    PemPrivateKey,
    /// An armoured private key under a passphrase.
    PemEncryptedPrivateKey,
    /// Base 64 of an armoured private key without a passphrase.
    Base64PemPrivateKey,
    /// An OpenPGP block with a secret key.
    PgpPrivateKey,
    /// A macaroon of PyPI, its prefix included.
    PypiMacaroon,
    /// An AWS key id that names an account.
    AwsAccessKeyId,
    /// Base 64 of a JSON object, with or without a prefix and a tail.
    Base64Json,
    /// A Discord bot's token.
    DiscordBot,
    /// A bare password that looks real.
    Password,
    /// `user:password`, or the bare password of a URL, that looks real.
    UrlPassword,
    /// A URL with a password that looks real and a host that may exist.
    UrlCredentials,
    /// Base 64 of `user:password` with a password that looks real.
    Base64BasicAuth,
    /// The JSON of a service account of Google Cloud with its private key.
    GcpServiceAccount,
    /// A key with OpenAI's marker in its middle.
    OpenaiMarker,
    /// A private key of a wallet in Base58Check: the import format, or an extended key.
    Base58PrivateKey,
    /// A key that looks drawn at random: no word, name, number or labelled digest.
    RandomKey,
    /// A password that looks made up by a machine.
    RandomPassword,
}

impl Structure {
    /// Every structure, for documentation and error messages.
    pub const ALL: &[Structure] = &[
        Structure::Jwt,
        Structure::JwtServiceRole,
        Structure::JwtAnonRole,
        Structure::PemPrivateKey,
        Structure::PemEncryptedPrivateKey,
        Structure::Base64PemPrivateKey,
        Structure::PgpPrivateKey,
        Structure::PypiMacaroon,
        Structure::AwsAccessKeyId,
        Structure::Base64Json,
        Structure::DiscordBot,
        Structure::Password,
        Structure::UrlPassword,
        Structure::UrlCredentials,
        Structure::Base64BasicAuth,
        Structure::GcpServiceAccount,
        Structure::OpenaiMarker,
        Structure::Base58PrivateKey,
        Structure::RandomKey,
        Structure::RandomPassword,
    ];

    /// The word used in rules files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Structure::Jwt => "jwt",
            Structure::JwtServiceRole => "jwt-service-role",
            Structure::JwtAnonRole => "jwt-anon-role",
            Structure::PemPrivateKey => "pem-private-key",
            Structure::PemEncryptedPrivateKey => "pem-encrypted-private-key",
            Structure::Base64PemPrivateKey => "base64-pem-private-key",
            Structure::PgpPrivateKey => "pgp-private-key",
            Structure::PypiMacaroon => "pypi-macaroon",
            Structure::AwsAccessKeyId => "aws-access-key-id",
            Structure::Base64Json => "base64-json",
            Structure::DiscordBot => "discord-bot",
            Structure::Password => "password",
            Structure::UrlPassword => "url-password",
            Structure::UrlCredentials => "url-credentials",
            Structure::Base64BasicAuth => "base64-basic-auth",
            Structure::GcpServiceAccount => "gcp-service-account",
            Structure::OpenaiMarker => "openai-marker",
            Structure::Base58PrivateKey => "base58-private-key",
            Structure::RandomKey => "random-key",
            Structure::RandomPassword => "random-password",
        }
    }

    /// Whether `secret` has the structure.
    #[must_use]
    pub fn verify(self, secret: &[u8]) -> bool {
        match self {
            Structure::Jwt => jwt::verify(secret),
            Structure::JwtServiceRole => jwt::verify_role(secret, "service_role"),
            Structure::JwtAnonRole => jwt::verify_role(secret, "anon"),
            Structure::PemPrivateKey => pem::verify(secret),
            Structure::PemEncryptedPrivateKey => pem::verify_encrypted(secret),
            Structure::Base64PemPrivateKey => pem::verify_base64(secret),
            Structure::PgpPrivateKey => pem::verify_pgp(secret),
            Structure::PypiMacaroon => encoded::verify_macaroon(secret),
            Structure::AwsAccessKeyId => encoded::verify_aws_id(secret),
            Structure::Base64Json => encoded::verify_json(secret),
            Structure::DiscordBot => encoded::verify_discord(secret),
            Structure::Password => password::is_plausible_password(secret),
            Structure::UrlPassword => url::verify_password(secret),
            Structure::UrlCredentials => url::verify_url(secret),
            Structure::Base64BasicAuth => url::verify_basic(secret),
            Structure::GcpServiceAccount => service_account::verify(secret),
            Structure::OpenaiMarker => encoded::verify_openai(secret),
            Structure::Base58PrivateKey => base58::verify(secret),
            Structure::RandomKey => random::verify_key(secret),
            Structure::RandomPassword => random::verify_password(secret),
        }
    }
}

impl FromStr for Structure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Structure::ALL.iter().map(|structure| structure.as_str()).collect::<Vec<_>>().join(", ");
        Structure::ALL
            .iter()
            .copied()
            .find(|structure| structure.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a structure; known: {}", known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_variants_are_the_same_list() {
        for structure in Structure::ALL {
            assert_eq!(structure.as_str().parse(), Ok(*structure));
        }
        assert!("pem".parse::<Structure>().unwrap_err().contains("pem-private-key"));
    }

    #[test]
    fn nothing_and_noise_have_no_structure() {
        let noise: Vec<u8> = (0..=255).cycle().take(5000).collect();
        for structure in Structure::ALL {
            for start in 0..256 {
                assert!(!structure.verify(&noise[start..]), "{} at {start}", structure.as_str());
            }
            assert!(!structure.verify(b""), "{}", structure.as_str());
        }
    }
}
