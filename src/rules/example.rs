//! Filling the templates of rules' hits and misses, so that no token-shaped text sits in the rules files.
//!
//! A template is text with fields: `<base62*30>` is a run of thirty characters, the name of a [`Checksum`] is what
//! finishes the token so far, and other names are whole values. `<word>` that is no field stays as it is.

mod forge;
mod random;

use super::proof::Checksum;
use random::{ALPHABETS, Random};

/// The longest run that may be asked for, in characters.
const LONGEST_RUN: usize = 1 << 16;

/// Fills a template; the same seed gives the same text.
///
/// # Errors
/// When a field asks for an alphabet that does not exist or for too long a run, or where the text before the name of a
/// checksum is no token that it could finish.
pub fn fill(template: &str, seed: u64) -> Result<String, String> {
    let mut random = Random::new(seed);
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        match after.split_once('>').filter(|(field, _)| is_field(field)) {
            Some((field, behind)) => {
                let filled = fill_field(field, &out, &mut random)?;
                out.push_str(&filled);
                rest = behind;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Everything that may stand between `<` and `>`: alphabets (which need `*N`), whole values and checksums.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let alphabets = ALPHABETS.iter().map(|alphabet| alphabet.name);
    let values = forge::VALUES.iter().map(|(name, _)| *name);
    alphabets.chain(values).chain(Checksum::ALL.iter().map(|checksum| checksum.as_str())).collect()
}

/// Whether `field` can be meant for us: a known value, or a name with `*`.
fn is_field(field: &str) -> bool {
    let name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match field.split_once('*') {
        Some((alphabet, length)) => {
            name(alphabet) && !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => field.parse::<Checksum>().is_ok() || forge::VALUES.iter().any(|(known, _)| *known == field),
    }
}

fn fill_field(field: &str, so_far: &str, random: &mut Random) -> Result<String, String> {
    if let Some((name, length)) = field.split_once('*') {
        let alphabet = ALPHABETS.iter().find(|alphabet| alphabet.name == name);
        let known = || ALPHABETS.iter().map(|alphabet| alphabet.name).collect::<Vec<_>>().join(", ");
        let alphabet =
            alphabet.ok_or_else(|| format!("`{name}` in `<{field}>` is not an alphabet; known: {}", known()))?;
        let length = length.parse().ok().filter(|length| (1..=LONGEST_RUN).contains(length));
        let length = length.ok_or_else(|| format!("`<{field}>` asks for a run that is empty or too long"))?;
        return Ok(random.run(alphabet, length));
    }
    if let Ok(checksum) = field.parse::<Checksum>() {
        let token = &so_far[checksum.token_start(so_far)..];
        let sum = checksum.complete(token);
        return sum.ok_or_else(|| format!("the text before `<{field}>` is no beginning of such a token"));
    }
    let value = forge::VALUES.iter().find(|(name, _)| *name == field);
    value.map(|(_, forge)| forge(random)).ok_or_else(|| format!("`<{field}>` is unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::placeholder::is_placeholder;
    use crate::rules::proof::Structure;

    #[test]
    fn the_same_seed_gives_the_same_text_and_another_another() {
        let template = "a <base62*30> <uuid> <password>";
        assert_eq!(fill(template, 5), fill(template, 5));
        assert_ne!(fill(template, 5), fill(template, 6));
    }

    #[test]
    fn what_is_no_field_stays_and_what_looks_like_one_is_refused() {
        for text in ["<token>", "a < b > c", "<a href=\"x\">", "<", "x>", "<<>>", "<base62>"] {
            assert_eq!(fill(text, 1).unwrap(), text);
        }
        for template in ["<base63*4>", "<base62*0>", "<base62*99999999>", "<grafana-crc32>", "x<azure-identifiable>"] {
            assert!(fill(template, 1).is_err(), "{template}");
        }
        assert!(fill("<base63*4>", 1).unwrap_err().contains("base62"));
    }

    #[test]
    fn runs_never_look_like_placeholders() {
        for alphabet in ALPHABETS {
            for length in [4, 8, 16, 20, 32, 40, 64, 93, 171] {
                for seed in 0..40 {
                    let run = fill(&format!("<{}*{length}>", alphabet.name), seed).unwrap();
                    assert_eq!(run.len(), length);
                    assert!(run.bytes().all(|byte| alphabet.letters.contains(&byte)));
                    assert!(!is_placeholder(run.as_bytes()), "{} {run}", alphabet.name);
                    assert!(run.starts_with(|c: char| c.is_ascii_alphanumeric()), "{run}");
                }
            }
        }
    }

    #[test]
    fn checksums_finish_the_token_they_stand_behind() {
        let cases = [
            ("//registry/:_authToken=", "npm_<base62*30>", "<crc32-base62-6>", Checksum::Crc32Base62),
            ("T=", "vcp_<base64url*50>", "<crc32-base62-6>", Checksum::Crc32Base62),
            ("\"", "github_pat_<base62*22>_<base62*43>", "<github-fine-grained>", Checksum::GithubFineGrained),
            ("", "glpat-<base64url*32>.01.", "<gitlab-routable>", Checksum::GitlabRoutable),
            ("x: ", "glsa_<base62*32>_", "<grafana-crc32>", Checksum::Grafana),
            ("K=", "ATATT3xFfGF0<base64url*171>=", "<atlassian-crc32>", Checksum::Atlassian),
            ("", "zpka_<alnum*32>_", "<zuplo-crc32>", Checksum::Zuplo),
            ("AccountKey=", "<base64*76>+ASt", "<azure-identifiable>", Checksum::AzureIdentifiable),
            ("SharedAccessKey=", "<base64*33>+ASb", "<azure-identifiable>", Checksum::AzureIdentifiable),
            ("p=", "<base64*42>+ACR", "<azure-identifiable>", Checksum::AzureIdentifiable),
            ("code=", "<base64url*44>AzFu", "<azure-identifiable>", Checksum::AzureIdentifiable),
            ("# ", "AGE-SECRET-KEY-1<BECH32*52>", "<age-bech32>", Checksum::AgeBech32),
        ];
        for (before, head, sum, checksum) in cases {
            for seed in 0..20 {
                let text = fill(&format!("{before}{head}{sum}"), seed).unwrap();
                assert!(checksum.verify(&text.as_bytes()[before.len()..]), "{text}");
                assert!(!is_placeholder(&text.as_bytes()[before.len()..]), "{text}");
            }
        }
    }

    #[test]
    fn whole_values_have_their_structure() {
        let cases = [
            ("<jwt>", Structure::Jwt),
            ("<jwt-service-role>", Structure::JwtServiceRole),
            ("<pem-private-key>", Structure::PemPrivateKey),
            ("<pem-private-key-escaped>", Structure::PemPrivateKey),
            ("<openssh-private-key>", Structure::PemPrivateKey),
            ("<pem-encrypted-private-key>", Structure::PemEncryptedPrivateKey),
            ("<gcp-service-account>", Structure::GcpServiceAccount),
            ("<pypi-macaroon>", Structure::PypiMacaroon),
            ("<base64-json>", Structure::Base64Json),
            ("<base64-basic-auth>", Structure::Base64BasicAuth),
            ("<aws-access-key-id>", Structure::AwsAccessKeyId),
            ("<password>", Structure::Password),
            ("<password>", Structure::UrlPassword),
            ("<jwt-anon-role>", Structure::JwtAnonRole),
            ("<wallet-import-key>", Structure::Base58PrivateKey),
            ("<extended-private-key>", Structure::Base58PrivateKey),
            ("https://ci:<password>@git.acme-prod.net/x", Structure::UrlCredentials),
            ("<discord-id>.<base64url*6>.<base64url*38>", Structure::DiscordBot),
        ];
        for (template, structure) in cases {
            for seed in 0..40 {
                let text = fill(template, seed).unwrap();
                assert!(structure.verify(text.as_bytes()), "{template} {text}");
                assert!(!is_placeholder(text.as_bytes()), "{template} {text}");
            }
        }
    }

    #[test]
    fn names_are_distinct() {
        let mut names = names();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.contains(&"base62") && names.contains(&"jwt") && names.contains(&"crc32-base62-6"));
    }
}
