//! Passwords in URLs and settings: whether one looks as if somebody meant it, rather than a word from documentation.

use crate::rules::placeholder::is_placeholder;

/// Words that documentation and local set-ups use for passwords; a password put together from them alone is none.
#[rustfmt::skip]
const WEAK: &[&str] = &[
    "a", "abc", "abcd", "access", "account", "admin", "administrator", "again", "alice", "an", "and", "anon", "anoncvs", "anonymous", "api", "app",
    "application", "arango", "auth", "basic", "better", "bob", "bot", "cassandra", "change", "clickhouse", "client",
    "cloud", "code", "credential", "credentials", "cred", "creds", "data", "database", "db", "default", "demo",
    "dev", "develop", "developer", "development", "django", "docker", "drupal", "dummy", "elastic", "enter", "env",
    "example", "fake", "for", "foo", "ftp", "foobar", "bar", "baz", "git", "github", "gitlab", "goes", "good", "grafana",
    "guest", "hello", "here", "hidden", "host", "hunter", "in", "insecure", "insert", "install", "is", "it", "joe",
    "john", "kafka", "key", "keycloak", "laravel", "letmein", "local", "localhost", "login", "long", "maria",
    "mariadb", "master", "me", "minio", "mongo", "mongodb", "mq", "mssql", "my", "mysql", "name", "neo", "new",
    "nobody", "none", "not", "null", "oauth", "of", "old", "only", "open", "oracle", "or", "owner", "pass",
    "passphrase", "passw", "passwd", "passwort", "password", "pg", "please", "postgre", "postgres", "postgresql",
    "private", "prod", "production", "proxy", "pserver", "pw", "pwd", "qux", "qwerty", "rabbit", "rabbitmq", "rails", "random",
    "real", "redis", "remote", "replace", "repl", "root", "s", "sa", "safe", "sample", "scott", "secret", "secrets",
    "secure", "sekret", "sekrit", "server", "service", "some", "sql", "sqlserver", "stage", "staging", "string",
    "strong", "super", "symfony", "sys", "system", "team", "temp", "test", "tester", "testing", "text", "the",
    "this", "tiger", "tmp", "to", "todo", "token", "top", "undefined", "url", "use", "user", "username", "usr",
    "value", "very", "vault", "web", "welcome", "with", "word", "wordpress", "world", "x", "xoauth", "xxx", "xyz",
    "you", "your",
];

/// The longest password looked at, in bytes; longer values are not passwords.
const LONGEST: usize = 512;
const SHORTEST: usize = 6;
/// Below this length, letters of one case or digits alone are taken for a word or a year.
const ONE_CLASS: usize = 12;
/// Weak words with at most this many digits are still weak: `test123456`.
const WEAK_DIGITS: usize = 6;

/// Whether `password` looks real: not templated, not a word or words of documentation, not too simple. Text that real
/// passwords have is often in none of these classes; where in doubt it is not plausible.
pub(crate) fn is_plausible_password(password: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(password) else { return false };
    (SHORTEST..=LONGEST).contains(&password.len())
        && !password.iter().any(u8::is_ascii_control)
        && super::codec::distinct(password) >= 5
        && !is_placeholder(password)
        && !is_simple(password)
        && !is_constant_name(text)
        && !is_code(text)
        && !is_weak(text)
}

/// Whether all of it is of one class of characters, and short.
fn is_simple(password: &[u8]) -> bool {
    let all = |class: fn(&u8) -> bool| password.iter().all(class);
    password.len() < ONE_CLASS
        && (all(u8::is_ascii_lowercase) || all(u8::is_ascii_uppercase) || all(u8::is_ascii_digit))
        || all(u8::is_ascii_punctuation)
}

/// Whether it is written like a constant or a variable of the environment: `DB_PASSWORD`.
fn is_constant_name(text: &str) -> bool {
    text.contains('_')
        && text.split('_').all(|part| !part.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Whether it is a piece of code or of a pattern rather than a value.
fn is_code(text: &str) -> bool {
    let has = |pieces: &[&str]| pieces.iter().any(|piece| text.contains(piece));
    has(&["=>", "()", "://", "**", "[^", "\\s", "\\w", "\\S", "(?", ".*", ".+", "this.", "self.", "args.", "config."])
        || (text.contains('{') && text.contains('}'))
        || (text.starts_with('$') && text[1..].bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()))
}

/// Whether all its letters, with the usual digits in their place read as letters, are words of the list.
fn is_weak(text: &str) -> bool {
    let plain = text.to_ascii_lowercase();
    // Digits at the end are a number; those before it may stand for letters.
    let leet: String =
        plain.trim_end_matches(|letter: char| !letter.is_ascii_alphabetic()).chars().map(unleet).collect();
    [plain, leet].iter().any(|text| {
        let mut words =
            text.split(|letter: char| !letter.is_ascii_alphabetic()).filter(|word| !word.is_empty()).peekable();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        // Words with a long number are somebody's own choice.
        words.peek().is_some() && digits <= WEAK_DIGITS && words.all(is_made_of_weak_words)
    })
}

fn unleet(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether `letters` can be cut into words of the list.
fn is_made_of_weak_words(letters: &str) -> bool {
    // reachable[n]: the first n letters are words of the list.
    let mut reachable = vec![false; letters.len() + 1];
    reachable[0] = true;
    for start in 0..letters.len() {
        if !reachable[start] {
            continue;
        }
        for word in WEAK.iter().filter(|word| letters[start..].starts_with(**word)) {
            reachable[start + word.len()] = true;
        }
    }
    reachable[letters.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_documentation_are_not_passwords() {
        for password in [
            "password",
            "Password1!",
            "p@ssw0rd",
            "passw0rd123",
            "my-secret-pw",
            "mysecretpassword",
            "changeme",
            "postgres",
            "rootroot",
            "admin1234",
            "DB_PASSWORD",
            "YOUR_PASSWORD_HERE",
            "testpassword",
            "<password>",
            "${PASSWORD}",
            "{password}",
            "$password",
            "%s",
            "%PASS%",
            "********",
            "xxxxxxxx",
            "secret",
            "guest",
            "hunter2",
            "wonderland",
            "12345678",
            "opensesame",
            "user:pass",
            "letmein!",
            "x-oauth-basic",
            "encodeURIComponent()",
            "[^@]+",
            "",
            "Ab1",
            "1q1q1q1q",
        ] {
            assert!(!is_plausible_password(password.as_bytes()), "{password}");
        }
    }

    #[test]
    fn passwords_of_machines_and_people_are() {
        for password in ["Xk29mfQz7Lw", "tr0ub4dor&3", "8f3kq0zv", "Berlin-2019-Xt", "qkzvtwmxpfhd", "9f86d081884c7d65"]
        {
            assert!(is_plausible_password(password.as_bytes()), "{password}");
        }
        assert!(!is_plausible_password(b"\xff\xfe\xfd\xfc\xfb\xfa\xf9"));
        assert!(!is_plausible_password(&b"kT9wZb2L".repeat(100)));
    }
}
