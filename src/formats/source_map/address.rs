//! Addresses in maps and in references to them: what somebody who follows one would reach. Nothing is fetched; the host
//! and the path tell enough.

use std::collections::BTreeSet;

use super::PERSONAL_EXAMPLES;
use super::buckets::bucket;
use crate::formats::Inspection;

/// What an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// A storage bucket of this service, where whole trees are often readable by anyone.
    Bucket(&'static str),
    /// A host that only a company's own network, or one machine, knows.
    Internal,
    /// A service that collects errors, and keeps the maps that were given to it.
    Tracker(&'static str),
    /// A host that anybody may ask.
    Public,
}

/// An address, told from a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// What it leads to.
    pub reach: Reach,
    /// Whether an archive lies there: all sources at once.
    pub archive: bool,
}

/// Ends of file names of archives.
const ARCHIVES: [&str; 11] =
    [".zip", ".tgz", ".tar", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tbz2", ".txz", ".7z", ".rar"];

/// Hosts of services that collect errors, or ends of them.
const TRACKERS: [(&str, &str); 16] = [
    ("sentry.io", "Sentry"),
    ("sentry-cdn.com", "Sentry"),
    ("bugsnag.com", "Bugsnag"),
    ("datadoghq.com", "Datadog"),
    ("datadoghq.eu", "Datadog"),
    ("rollbar.com", "Rollbar"),
    ("trackjs.com", "TrackJS"),
    ("raygun.com", "Raygun"),
    ("raygun.io", "Raygun"),
    ("logrocket.com", "LogRocket"),
    ("logrocket.io", "LogRocket"),
    ("newrelic.com", "New Relic"),
    ("honeybadger.io", "Honeybadger"),
    ("airbrake.io", "Airbrake"),
    ("appsignal.com", "AppSignal"),
    ("posthog.com", "PostHog"),
];

/// Top-level names that no public name server answers for.
const INTERNAL: [&str; 14] = [
    "localhost",
    "internal",
    "corp",
    "local",
    "lan",
    "intranet",
    "intra",
    "private",
    "home",
    "localdomain",
    "consul",
    "cluster",
    "arpa",
    "onion",
];

/// What `name` leads to, if it is an address that could be fetched from elsewhere. Addresses that only bundlers
/// understand (`webpack://`, `turbopack://`) are none.
#[must_use]
pub fn address(name: &str) -> Option<Address> {
    let (scheme, rest) = if name.starts_with("//") { ("", name) } else { name.split_once(':')? };
    let rest = rest.strip_prefix("//")?;
    let (authority, below) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let path = below.split(['?', '#']).next().unwrap_or(below).to_ascii_lowercase();
    let archive = ARCHIVES.iter().any(|end| path.ends_with(end));
    let reach = match scheme.to_ascii_lowercase().as_str() {
        "s3" | "s3a" | "s3n" => Reach::Bucket("Amazon S3"),
        "gs" | "gcs" => Reach::Bucket("Google Cloud Storage"),
        "r2" => Reach::Bucket("Cloudflare R2"),
        "wasb" | "wasbs" | "abfs" | "abfss" | "az" => Reach::Bucket("Azure Storage"),
        "oss" => Reach::Bucket("Alibaba Cloud OSS"),
        "cos" => Reach::Bucket("Tencent COS"),
        "b2" => Reach::Bucket("Backblaze B2"),
        "minio" => Reach::Bucket("MinIO"),
        "http" | "https" | "ftp" | "ftps" | "sftp" | "ssh" | "git" | "git+ssh" | "git+https" => host(authority, &path)?,
        // A root of `/` in front of an absolute path looks the same, but for the dot.
        "" if authority.contains('.') => host(authority, &path)?,
        "smb" | "nfs" | "afp" => Reach::Internal,
        _ => return None,
    };
    Some(Address { reach, archive })
}

/// What the host of `authority` is. `None` where there is no host.
fn host(authority: &str, path: &str) -> Option<Reach> {
    let place = authority.rsplit('@').next().unwrap_or(authority).to_ascii_lowercase();
    let (host, port) = match place.strip_prefix('[') {
        Some(six) => six.split_once(']').map(|(host, port)| (host, port.trim_start_matches(':')))?,
        None => place.split_once(':').unwrap_or((&place, "")),
    };
    let host = host.trim_end_matches('.');
    if host.is_empty() {
        return None;
    }
    let tracker = TRACKERS.iter().find(|(end, _)| is_below(host, end)).map(|(_, service)| *service);
    let tracker = tracker.or_else(|| host.split('.').any(|label| label == "sentry").then_some("Sentry"));
    Some(match (bucket(host, path), tracker) {
        (Some(service), _) => Reach::Bucket(service),
        (None, Some(service)) => Reach::Tracker(service),
        _ if is_internal(host) || !matches!(port, "" | "80" | "443") => Reach::Internal,
        _ => Reach::Public,
    })
}

/// Whether `host` is `domain` or lies below it.
pub(super) fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// Whether a host is one of a company's own network, or of one machine.
fn is_internal(host: &str) -> bool {
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        let [a, b, ..] = address.octets();
        // 100.64.0.0/10 is shared by carriers and by private overlay networks (RFC 6598).
        let shared = a == 100 && (64..128).contains(&b);
        return address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_unspecified()
            || shared;
    }
    if let Ok(address) = host.parse::<std::net::Ipv6Addr>() {
        let first = address.segments()[0];
        return address.is_loopback()
            || address.is_unspecified()
            || first & 0xfe00 == 0xfc00
            || first & 0xffc0 == 0xfe80;
    }
    let top = host.rsplit('.').next().unwrap_or(host);
    !host.contains('.') || INTERNAL.contains(&top) || is_below(host, "ts.net")
}

/// Addresses of one artifact, counted.
#[derive(Default)]
pub(crate) struct Addresses {
    total: u64,
    buckets: u64,
    internal: u64,
    trackers: u64,
    archives: u64,
    services: BTreeSet<&'static str>,
    /// The worst of them, first archives, then buckets and so on, in the order in which they were met.
    worst: BTreeSet<(bool, Reach, u64, String)>,
}

/// The names of the facts that [`Addresses`] states.
pub(crate) struct AddressFacts {
    pub(super) total: &'static str,
    pub(super) examples: &'static str,
    pub(super) buckets: &'static str,
    pub(super) internal: &'static str,
    pub(super) trackers: &'static str,
    pub(super) archives: &'static str,
    pub(super) services: &'static str,
}

impl Addresses {
    /// Counts `name` if it is an address, and says whether it is.
    pub(crate) fn add(&mut self, name: &str) -> bool {
        let Some(Address { reach, archive }) = address(name) else { return false };
        self.total += 1;
        self.archives += u64::from(archive);
        match reach {
            Reach::Bucket(service) => {
                self.buckets += 1;
                self.services.insert(service);
            }
            Reach::Tracker(service) => {
                self.trackers += 1;
                self.services.insert(service);
            }
            Reach::Internal => self.internal += 1,
            Reach::Public => {}
        }
        self.worst.insert((!archive, reach, self.total, name.chars().take(200).collect()));
        if self.worst.len() > PERSONAL_EXAMPLES {
            self.worst.pop_last();
        }
        true
    }

    /// Whether none was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many were counted, how many of them lie in buckets, and at most 5 examples.
    pub(crate) fn facts(self) -> (u64, u64, Vec<String>) {
        (self.total, self.buckets, self.worst.into_iter().map(|(.., name)| name).collect())
    }

    /// States what was counted.
    pub(crate) fn state(self, names: &AddressFacts, out: &mut Inspection<'_>) {
        out.fact(names.total, self.total);
        out.fact(names.buckets, self.buckets);
        out.fact(names.internal, self.internal);
        out.fact(names.trackers, self.trackers);
        out.fact(names.archives, self.archives);
        out.fact(names.services, self.services.into_iter().map(str::to_owned).collect::<Vec<_>>());
        out.fact(names.examples, self.worst.into_iter().map(|(.., name)| name).collect::<Vec<_>>());
    }
}

/// Whether `name` is an absolute path of the machine that built it (`/srv/…`, `C:\…`, `file:///…`).
#[must_use]
pub fn is_absolute(name: &str) -> bool {
    let bytes = name.as_bytes();
    let drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/');
    let file = bytes.len() >= 7 && bytes[..7].eq_ignore_ascii_case(b"file://");
    drive || file || (name.starts_with('/') && address(name).is_none()) || name.starts_with("\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_names() {
        let reach = |name: &str| address(name).map(|address| address.reach);
        assert_eq!(reach("https://example.com/a.js"), Some(Reach::Public));
        assert_eq!(reach("//cdn.example.com/a.js"), Some(Reach::Public));
        assert_eq!(reach("https://o1.ingest.sentry.io/api/"), Some(Reach::Tracker("Sentry")));
        assert_eq!(reach("gs://bucket/src"), Some(Reach::Bucket("Google Cloud Storage")));
        for name in [
            "webpack://pkg/./a.js",
            "src/a.js",
            "https:a",
            "C:\\a",
            "file:///a",
            "http://",
            "/a//b",
            "//src/a.ts",
            "data:,//x",
        ] {
            assert_eq!(reach(name), None, "{name}");
        }
        assert!(is_absolute("C:\\build\\a.ts") && is_absolute("/srv/a.ts") && is_absolute("file:///a"));
        assert!(!is_absolute("../a.ts") && !is_absolute("webpack://a") && !is_absolute("//e.com/a"));
    }

    #[test]
    fn hosts_of_a_company_are_told_from_public_ones() {
        for host in [
            "localhost:3000",
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.100.1.1",
            "[::1]:80",
            "[fd00::1]",
            "git.corp",
            "build.internal",
            "nas.local",
            "jenkins",
            "user@gitlab",
            "example.com:8443",
            "x.svc.cluster.local",
        ] {
            assert_eq!(
                address(&format!("http://{host}/a.ts")).map(|address| address.reach),
                Some(Reach::Internal),
                "{host}"
            );
        }
        for host in
            ["example.com", "172.32.0.1", "8.8.8.8", "example.com:443", "internal.example.com", "[2606:4700::1]"]
        {
            assert_eq!(
                address(&format!("http://{host}/a.ts")).map(|address| address.reach),
                Some(Reach::Public),
                "{host}"
            );
        }
    }

    #[test]
    fn an_archive_is_known_by_its_path() {
        let archive = |name: &str| address(name).is_some_and(|address| address.archive);
        assert!(
            archive("https://pub-1.r2.dev/src.zip")
                && archive("https://e.com/a.tar.gz?sig=1")
                && archive("s3://b/A.TGZ")
        );
        assert!(!archive("https://e.com/zip") && !archive("https://e.zip/a.ts") && !archive("../src.zip"));
    }
}
