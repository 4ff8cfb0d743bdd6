//! Checksums that issuers build into their tokens.

use std::str::FromStr;

use super::{azure, bech32, crc, github};

/// A checksum that an issuer builds into its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// CRC-32 of the body after the first `_`, as six base-62 digits at the end: GitHub, npm, Vercel.
    Crc32Base62,
    /// SHA-256 in base 32, eight of the last sixteen characters: GitHub's fine-grained tokens.
    GithubFineGrained,
    /// CRC-32 of everything before it, as seven base-36 digits: GitLab's routable tokens.
    GitlabRoutable,
    /// CRC-32 as eight little-endian hex digits: Grafana's service accounts.
    Grafana,
    /// CRC-32 of everything up to the `=`, as eight upper-case hex digits: Atlassian.
    Atlassian,
    /// CRC-32 of the middle part as eight hex digits: Zuplo.
    Zuplo,
    /// Marvin32 of the decoded bytes with the service's seeds: Azure's identifiable keys.
    AzureIdentifiable,
    /// Bech32's six check characters: identities of age.
    AgeBech32,
}

impl Checksum {
    /// Every checksum, for documentation and error messages.
    pub const ALL: &[Checksum] = &[
        Checksum::Crc32Base62,
        Checksum::GithubFineGrained,
        Checksum::GitlabRoutable,
        Checksum::Grafana,
        Checksum::Atlassian,
        Checksum::Zuplo,
        Checksum::AzureIdentifiable,
        Checksum::AgeBech32,
    ];

    /// The word used in rules files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Checksum::Crc32Base62 => "crc32-base62-6",
            Checksum::GithubFineGrained => "github-fine-grained",
            Checksum::GitlabRoutable => "gitlab-routable",
            Checksum::Grafana => "grafana-crc32",
            Checksum::Atlassian => "atlassian-crc32",
            Checksum::Zuplo => "zuplo-crc32",
            Checksum::AzureIdentifiable => "azure-identifiable",
            Checksum::AgeBech32 => "age-bech32",
        }
    }

    /// Whether the checksum of `token`, given whole, is right.
    #[must_use]
    pub fn verify(self, token: &[u8]) -> bool {
        let Ok(token) = std::str::from_utf8(token) else { return false };
        match self {
            Checksum::GithubFineGrained => github::verify(token),
            Checksum::AzureIdentifiable => azure::verify(token),
            Checksum::Crc32Base62 | Checksum::AgeBech32 => self.ends_in_its_own_sum(token, 6),
            Checksum::GitlabRoutable => self.ends_in_its_own_sum(token, 7),
            Checksum::Grafana | Checksum::Atlassian | Checksum::Zuplo => self.ends_in_its_own_sum(token, 8),
        }
    }

    /// Whether the last `width` characters are what would complete the others.
    fn ends_in_its_own_sum(self, token: &str, width: usize) -> bool {
        let split = token.len().checked_sub(width).and_then(|split| token.split_at_checked(split));
        split.is_some_and(|(head, tail)| self.complete(head).as_deref() == Some(tail))
    }

    /// The characters that finish a token whose text so far is `head`, from its own start; `None` where `head` is not
    /// the beginning of such a token.
    #[must_use]
    pub fn complete(self, head: &str) -> Option<String> {
        match self {
            Checksum::Crc32Base62 => crc::base62(head),
            Checksum::GithubFineGrained => github::complete(head),
            Checksum::GitlabRoutable => crc::gitlab(head),
            Checksum::Grafana => crc::grafana(head),
            Checksum::Atlassian => crc::atlassian(head),
            Checksum::Zuplo => crc::zuplo(head),
            Checksum::AzureIdentifiable => azure::complete(head),
            Checksum::AgeBech32 => bech32::complete(head),
        }
    }

    /// Where in `text` the token begins that ends with it. Most tokens begin after the last character that cannot be
    /// in one; Azure's are counted back from their signature, and Atlassian's and age's have prefixes to look for,
    /// because `=` and `-` may stand both in them and before them.
    #[must_use]
    pub fn token_start(self, text: &str) -> usize {
        let others = match self {
            Checksum::AzureIdentifiable => return azure::start(text).unwrap_or(0),
            Checksum::AgeBech32 => return bech32::start(text).unwrap_or(0),
            Checksum::Atlassian => return text.rfind("ATATT3").max(text.rfind("ATCTT3")).unwrap_or(0),
            Checksum::Crc32Base62 => "_-",
            Checksum::GitlabRoutable => "_-.",
            Checksum::GithubFineGrained | Checksum::Grafana | Checksum::Zuplo => "_",
        };
        let foreign = |letter: char| !letter.is_ascii_alphanumeric() && !others.contains(letter);
        text.char_indices().rev().find(|(_, letter)| foreign(*letter)).map_or(0, |(at, letter)| at + letter.len_utf8())
    }
}

impl FromStr for Checksum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Checksum::ALL.iter().map(|checksum| checksum.as_str()).collect::<Vec<_>>().join(", ");
        Checksum::ALL
            .iter()
            .copied()
            .find(|checksum| checksum.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a checksum; known: {}", known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beginnings of tokens, made of a run that is random enough and of no issuer.
    fn heads() -> Vec<(Checksum, String)> {
        let run = "k3Zp9XbQ7wLt2RvN8sYc5HdJ4mGf6TqA".repeat(6);
        vec![
            (Checksum::Crc32Base62, format!("ghp_{}", &run[..30])),
            (Checksum::Crc32Base62, format!("vcp_{}_-{}", &run[..24], &run[..24])),
            (Checksum::GithubFineGrained, format!("github_pat_{}_{}", &run[..22], &run[..43])),
            (Checksum::GitlabRoutable, format!("glpat-{}.01.", &run[..32])),
            (Checksum::GitlabRoutable, format!("glpat-{}.", &run[..32])),
            (Checksum::Grafana, format!("glsa_{}_", &run[..32])),
            (Checksum::Atlassian, format!("ATATT3xFfGF0{}=", &run[..171])),
            (Checksum::Zuplo, format!("zpka_{}_", &run[..32])),
            (Checksum::AzureIdentifiable, format!("{}+ASt", &run[..76])),
            (Checksum::AgeBech32, format!("AGE-SECRET-KEY-1{}", "QPZRY9X8GF2TVDW0S3JN54KHCE".repeat(2))),
        ]
    }

    #[test]
    fn words_and_variants_are_the_same_list() {
        for checksum in Checksum::ALL {
            assert_eq!(checksum.as_str().parse(), Ok(*checksum));
        }
        assert!("crc32".parse::<Checksum>().unwrap_err().contains("crc32-base62-6"));
    }

    #[test]
    fn completed_tokens_verify_and_damaged_ones_do_not() {
        for (checksum, head) in heads() {
            let token = format!("{head}{}", checksum.complete(&head).unwrap());
            assert!(checksum.verify(token.as_bytes()), "{} {token}", checksum.as_str());
            let body = head.rfind("9").unwrap();
            let mut broken = token.clone().into_bytes();
            broken[body] = b'7';
            assert!(!checksum.verify(&broken), "{} with one character changed", checksum.as_str());
            // Padding may be missing: it carries nothing.
            for end in 0..token.trim_end_matches('=').len() {
                assert!(!checksum.verify(&token.as_bytes()[..end]), "{} cut at {end}", checksum.as_str());
            }
            assert!(!checksum.verify(b"\xff\xfe"));
        }
    }

    #[test]
    fn a_token_begins_where_the_text_around_it_ends() {
        for (checksum, head) in heads() {
            for before in ["TOKEN=", "\"", "https://host/", "auth: ", "é"] {
                let start = checksum.token_start(&format!("{before}{head}"));
                assert_eq!(start, before.len(), "{} after {before}", checksum.as_str());
            }
        }
    }
}
