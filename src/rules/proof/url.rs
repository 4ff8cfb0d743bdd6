//! Credentials in URLs (RFC 3986 section 3.2.1) and in HTTP's basic scheme (RFC 7617).

use percent_encoding::percent_decode;

use super::codec::base64;
use super::password::is_plausible_password;
use crate::rules::placeholder::is_placeholder;

/// Hosts that stand for another one, and names that only exist beside the container that uses them.
#[rustfmt::skip]
const HOSTS: &[&str] = &[
    "localhost", "host", "hostname", "server", "servername", "db", "database", "dbhost", "dbserver", "domain", "ip",
    "address", "ipaddress", "endpoint", "mongo", "mongodb", "postgres", "postgresql", "pg", "mysql", "mariadb",
    "redis", "rabbitmq", "rabbit", "amqp", "kafka", "elasticsearch", "elastic", "proxy", "proxyserver", "proxyhost",
    "registry", "remote", "url", "site", "website", "app", "web", "api", "service", "node", "cluster", "primary",
    "master", "replica", "foo", "bar", "baz", "test", "broker", "queue", "cache", "company", "acme", "somewhere",
    "someserver", "somehost", "hostdockerinternal",
];

/// Names of domains in documentation; with `my`, `your` and the like before them too.
const DOMAINS: &[&str] = &[
    "domain",
    "domainname",
    "host",
    "hostname",
    "server",
    "servername",
    "site",
    "website",
    "company",
    "url",
    "test",
    "foo",
    "bar",
    "baz",
    "somewhere",
];

/// Top-level domains nobody can have (RFC 2606, RFC 6761) or that documentation makes up.
const RESERVED: &[&str] = &["example", "test", "invalid", "localhost", "tld", "domain", "host"];

/// Endings under which a telling name like `server` or `domain` is no real domain.
const ENDINGS: &[&str] = &["com", "org", "net", "io", "dev", "local", "internal", "co", "edu", "bar"];

/// Whether `value`, `user:password` or the bare password of a URL, holds a password that looks real.
pub(super) fn verify_password(value: &[u8]) -> bool {
    let password = value.iter().position(|byte| *byte == b':').map_or(value, |colon| &value[colon + 1..]);
    // What userinfo may not contain is code, a pattern or a template.
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&+,;=:#@^?/".contains(byte);
    if !password.iter().all(allowed) || has_loose_percent(password) {
        return false;
    }
    is_plausible_password(password) && is_plausible_password(&percent_decode(password).collect::<Vec<u8>>())
}

/// Whether a `%` is not followed by two hex digits: `%s`, `%PASS%`.
fn has_loose_percent(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| {
        let is_escape = || text.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        *byte == b'%' && !is_escape()
    })
}

/// Whether the URL `value` has a password that looks real for a host that may exist.
pub(super) fn verify_url(value: &[u8]) -> bool {
    let Some(scheme) = value.windows(3).position(|three| three == b"://") else { return false };
    let rest = &value[scheme + 3..];
    let authority_end = rest.iter().position(|byte| b"/?# \t\r\n\"'`<>".contains(byte)).unwrap_or(rest.len());
    // A password with a raw `/` or `?` in it is followed by the only `@`.
    let at = rest[..authority_end].iter().rposition(|byte| *byte == b'@');
    let Some(at) = at.or_else(|| rest.iter().rposition(|byte| *byte == b'@')) else { return false };
    let (userinfo, host) = (&rest[..at], &rest[at + 1..]);
    let end = host.iter().position(|byte| b"/?# \t\r\n\"'`,;\\".contains(byte)).unwrap_or(host.len());
    let Ok(host) = std::str::from_utf8(&host[..end]) else { return false };
    userinfo.contains(&b':') && verify_password(userinfo) && is_plausible_host(host)
}

/// Whether `host`, with or without a port, may be somebody's machine.
fn is_plausible_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let name = if host.starts_with('[') {
        return !host.starts_with("[::1]") && !host.starts_with("[2001:db8:") && host.contains(']');
    } else {
        host.split(':').next().unwrap_or_default().trim_end_matches('.')
    };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' || byte == b'_';
    if name.is_empty() || !name.bytes().all(known) || is_placeholder(name.as_bytes()) {
        return false;
    }
    if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return !is_reserved_address(name);
    }
    !is_reserved_name(name)
}

/// Addresses of the machine itself and of documentation (RFC 5737), and the one everybody types.
fn is_reserved_address(name: &str) -> bool {
    ["127.", "0.", "192.0.2.", "198.51.100.", "203.0.113."].iter().any(|start| name.starts_with(start))
        || ["1.2.3.4", "1.1.1.1", "10.0.0.1", "192.168.0.1", "192.168.1.1"].contains(&name)
}

fn is_reserved_name(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    if labels.len() == 1 {
        return is_telling(last, HOSTS);
    }
    let domain = labels.get(labels.len() - 2).copied().unwrap_or_default();
    RESERVED.contains(&last)
        || (ENDINGS.contains(&last) && is_telling(domain, DOMAINS))
        || labels.iter().any(|label| ["abcd", "abcde", "abc123", "abc12", "foo", "docker"].contains(label))
        || (labels.len() == 3 && labels.iter().all(|label| label.len() == 1))
}

/// Whether a label is of the list once digits, hyphens and a leading `my`, `your`, `some` or `the` are gone.
fn is_telling(label: &str, list: &[&str]) -> bool {
    let letters: String = label.chars().filter(char::is_ascii_alphabetic).collect();
    let bare = ["my", "your", "some", "the"].iter().find_map(|start| letters.strip_prefix(start));
    list.contains(&letters.as_str()) || bare.is_some_and(|bare| list.contains(&bare))
}

/// Whether `value` is base 64 of `user:password` with a password that looks real. A leading `Basic` is passed over.
pub(super) fn verify_basic(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let value = value.strip_prefix(b"Basic ").unwrap_or(value);
    let Some(decoded) = base64(value) else { return false };
    let printable = decoded.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let Some(colon) = decoded.iter().position(|byte| *byte == b':') else { return false };
    printable && colon > 0 && is_plausible_password(&decoded[colon + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    #[test]
    fn a_url_leaks_where_host_and_password_may_be_real() {
        let real = ["Xk29", "mfQz7Lw"].concat();
        for host in [
            "db.acme-prod.net:5432/app",
            "10.3.7.21",
            "cluster0.q8x2k.mongodb.net/?w=1",
            "prod-redis",
            "[fd00::12]:6379",
        ] {
            assert!(verify_url(format!("postgres://app:{real}@{host}").as_bytes()), "{host}");
        }
        for host in [
            "localhost",
            "LOCALHOST:5432",
            "127.0.0.1",
            "example.com",
            "db.example.org/x",
            "host",
            "hostname:27017",
            "db1",
            "my.test",
            "x.invalid",
            "server.com",
            "your-server.io",
            "${HOST}",
            "<host>",
            "host.docker.internal",
            "",
            "mydomain.com",
            "192.0.2.7",
            "a.b.c",
            "[::1]:80",
            "postgres:5432",
        ] {
            assert!(!verify_url(format!("postgres://app:{real}@{host}").as_bytes()), "{host}");
        }
        assert!(!verify_url(format!("https://{real}@db.acme-prod.net").as_bytes()), "no password");
        assert!(!verify_url(b"https://app:password@db.acme-prod.net"));
        assert!(!verify_url(b"app"));
    }

    #[test]
    fn the_password_of_a_pair_decides() {
        assert!(verify_password(["app:Xk29", "mfQz7Lw"].concat().as_bytes()));
        assert!(verify_password(["Xk29", "mf%40Qz7Lw"].concat().as_bytes()));
        for pair in
            ["user:pass", "user:%s", "u:%2A%2A%2A%2A%2A%2A%2A", "user:${PW}Xk29", "a:'+encode(pw)+'", "u:[^@]+Xk2"]
        {
            assert!(!verify_password(pair.as_bytes()), "{pair}");
        }
    }

    #[test]
    fn basic_credentials_are_decoded() {
        let encode = |text: &str| BASE64.encode(text.as_bytes());
        let real = encode(&["deploy:Xk29", "mfQz7Lw"].concat());
        assert!(verify_basic(real.as_bytes()));
        assert!(verify_basic(format!("Basic {real}").as_bytes()));
        assert!(!verify_basic(encode("user:password").as_bytes()));
        assert!(!verify_basic(encode("nothing at all").as_bytes()));
        assert!(!verify_basic(b"!!"));
    }
}
