//! The secrets that go through the matrix: one of each kind, another one in every place.

use lastlook::rules::example::fill;

/// A kind of secret, as it stands in a file.
pub struct Kind {
    pub name: &'static str,
    /// What stands before the secret, the secret, and what stands after it, as templates.
    text: [&'static str; 3],
    /// A rule that speaks of something else in the same text.
    pub beside: Option<&'static str>,
}

/// A secret of a kind, in the text in which it stands.
pub struct Leak {
    pub text: String,
    pub secret: String,
}

const fn kind(name: &'static str, text: [&'static str; 3]) -> Kind {
    Kind { name, text, beside: None }
}

pub const KINDS: [Kind; 12] = [
    kind("github", ["GITHUB_TOKEN=", "ghp_<base62*30><crc32-base62-6>", "\n"]),
    kind("npm", ["//registry.acmes.org/:_authToken=", "npm_<base62*30><crc32-base62-6>", "\n"]),
    Kind {
        name: "aws",
        text: ["{\"accessKeyId\":\"<aws-access-key-id>\",\"secretAccessKey\":\"", "<base64*40>", "\"}"],
        beside: Some("aws-access-key-id"),
    },
    kind("slack", ["bot token: ", "xoxb-<digits*12>-<digits*13>-<base62*24>", ";"]),
    kind("stripe", ["{\"stripe\": \"", "sk_live_<base62*24>", "\"}"]),
    kind("openai", ["OPENAI_API_KEY=", "sk-proj-<base62*74><openai-marker><base62*74>", "\n"]),
    kind("anthropic", ["x-api-key: ", "sk-ant-api03-<base62*93>AA", "\r\n"]),
    kind("private-key", ["", "<pem-private-key>", "\n"]),
    kind("service-role", ["SUPABASE_KEY=", "<jwt-service-role>", "\n"]),
    kind("gitlab", ["PRIVATE-TOKEN: ", "glpat-<base62*20>", "\n"]),
    kind("service-account", ["", "<gcp-service-account>", "\n"]),
    kind("url", ["DATABASE_URL=", "postgres://app:<password>@db.initech.io:5432/app", "\n"]),
];

impl Kind {
    pub fn leak(&self, seed: u64) -> Leak {
        let [before, secret, after] = self.text.map(|template| fill(template, seed).unwrap());
        Leak { text: format!("{before}{secret}{after}"), secret }
    }
}

impl Leak {
    /// The text as a string literal of JSON and JavaScript.
    pub fn literal(&self) -> String {
        serde_json::to_string(&self.text).unwrap()
    }

    /// A script with the text in it.
    pub fn script(&self) -> Vec<u8> {
        format!("export const settings = {};\n", self.literal()).into_bytes()
    }

    /// Whether `found` is this secret, or a part of it or a little more; line ends may be escaped in it.
    pub fn is(&self, found: &[u8]) -> bool {
        let (found, secret) = (plain(&String::from_utf8_lossy(found)), plain(&self.secret));
        found.contains(&secret) || secret.contains(&found)
    }
}

/// Without blanks, quotes and line ends, however often they are escaped.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next_if(|next| matches!(next, 'n' | 'r'))),
            '"' | ' ' | '\n' | '\r' => {}
            other => out.push(other),
        }
    }
    out
}
