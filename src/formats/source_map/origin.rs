//! Whose a source is, judged by its name in a map.

use crate::formats::Origin;

/// Names that tools give to what they write themselves. `<stdin>` is none of them: it is somebody's program that was
/// piped into the bundler.
const GENERATED: [&str; 6] = ["(webpack)/", "[turbopack]/", "bun:wrap", "<anon>", "<no source>", "[synthetic:"];

/// Where webpack puts its own modules. Their names never end like a file's, which the publisher's own
/// `src/webpack/runtime/a.ts` does.
const WEBPACK: [&str; 6] = [
    "webpack/bootstrap",
    "webpack/runtime/",
    "webpack/before-startup",
    "webpack/startup",
    "webpack/after-startup",
    "webpack/container/",
];

/// Runtimes that bundlers and compilers put into everything they build, where build systems other than npm lay them out
/// without `node_modules`: a folder of the package together with what only that package has in it.
const RUNTIMES: [(&str, &str); 5] = [
    ("/tslib/tslib.", "tslib"),
    ("/core-js/internals/", "core-js"),
    ("/core-js/modules/", "core-js"),
    ("/regenerator-runtime/runtime.", "regenerator-runtime"),
    ("/@babel/runtime/helpers/", "@babel/runtime"),
];

/// Judges a source by its name. Nothing that a map merely claims (`ignoreList`) is believed: only names count.
#[must_use]
pub fn origin(name: &str) -> Origin {
    if let Some(package) = package(name) {
        return Origin::ThirdParty { package, version: None };
    }
    let generated = GENERATED.iter().any(|mark| name.contains(mark))
        || WEBPACK.iter().any(|mark| name.contains(mark)) && !is_script(name)
        || name.contains('\0')
        || name.contains("\u{200b}")
        || is_external(name);
    if generated { Origin::Generated } else { Origin::FirstParty }
}

/// Whether a name ends like that of a source file.
fn is_script(name: &str) -> bool {
    const ENDINGS: [&str; 9] = [".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue"];
    let name = name.split('?').next().unwrap_or(name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// webpack's stand-ins for modules that are not bundled: `webpack://app/external "react"`, `…|sync|/\.js$/`.
fn is_external(name: &str) -> bool {
    let last = name.strip_prefix("webpack://").map_or(name, |rest| rest.split_once('/').map_or(rest, |(_, last)| last));
    last.starts_with("external ") || last.starts_with("ignored|") || last.contains(" sync ")
}

/// The package that a path belongs to: the one after the last `node_modules/`, with its scope.
fn package(name: &str) -> Option<String> {
    if let Some((_, runtime)) = RUNTIMES.iter().find(|(mark, _)| name.contains(mark)) {
        return Some((*runtime).to_owned());
    }
    // A folder of one's own may end in the same letters: `src/my_node_modules/`.
    let (_, inside) = name.rsplit_once("/node_modules/").or_else(|| Some(("", name.strip_prefix("node_modules/")?)))?;
    let mut parts = inside.split('/');
    let first = parts.next().filter(|part| !part.is_empty())?;
    Some(match parts.next() {
        Some(second) if first.starts_with('@') => format!("{first}/{second}"),
        _ => first.to_owned(),
    })
}

/// The version-control-independent part of a URL that a source name or reference may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remote {
    /// An address on a host.
    Host,
    /// An address in a storage bucket, where whole trees are often readable by anyone.
    Bucket,
}

/// Host names, or ends of them, of storage buckets.
const BUCKETS: [&str; 14] = [
    ".r2.dev",
    ".r2.cloudflarestorage.com",
    "s3.amazonaws.com",
    "storage.googleapis.com",
    "storage.cloud.google.com",
    ".blob.core.windows.net",
    ".digitaloceanspaces.com",
    ".backblazeb2.com",
    ".wasabisys.com",
    ".aliyuncs.com",
    ".myqcloud.com",
    ".linodeobjects.com",
    ".storage.yandexcloud.net",
    ".supabase.co",
];

/// Whether `name` is an address that could be fetched from elsewhere. Addresses that only bundlers understand
/// (`webpack://`, `turbopack://`) are none.
#[must_use]
pub fn remote(name: &str) -> Option<Remote> {
    let (scheme, rest) = name.split_once(':')?;
    match scheme.to_ascii_lowercase().as_str() {
        "s3" | "gs" | "r2" | "wasb" | "wasbs" | "abfs" | "abfss" if rest.starts_with("//") => Some(Remote::Bucket),
        "http" | "https" | "ftp" | "sftp" | "ssh" | "git" | "git+ssh" | "git+https" => {
            let authority = rest.strip_prefix("//")?.split(['/', '?', '#']).next()?;
            let host = authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
            let s3 = host.ends_with(".amazonaws.com") && host.split('.').any(|label| label.starts_with("s3"));
            let bucket = s3 || BUCKETS.iter().any(|end| host.ends_with(end) || host == end.trim_start_matches('.'));
            Some(if bucket { Remote::Bucket } else { Remote::Host })
        }
        _ => None,
    }
}

/// Whether `name` is an absolute path of the machine that built it (`/srv/…`, `C:\…`, `file:///…`).
#[must_use]
pub fn is_absolute(name: &str) -> bool {
    let bytes = name.as_bytes();
    let drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/');
    let file = bytes.len() >= 7 && bytes[..7].eq_ignore_ascii_case(b"file://");
    drive || file || name.starts_with('/') || name.starts_with("\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_a_source_is() {
        let third = |name: &str| Origin::ThirdParty { package: name.to_owned(), version: None };
        for (name, expected) in [
            ("../src/app.ts", Origin::FirstParty),
            ("webpack://app/./src/app.js", Origin::FirstParty),
            ("webpack://app/webpack/runtime/define property getters", Origin::Generated),
            ("webpack:///webpack/bootstrap 0123456789abcdef", Origin::Generated),
            ("../src/webpack/runtime/plan.ts", Origin::FirstParty),
            ("<stdin>", Origin::FirstParty),
            ("src/my_node_modules/a.ts", Origin::FirstParty),
            ("node_modules/left-pad/index.js", third("left-pad")),
            ("src/tslib/a.ts", Origin::FirstParty),
            ("../external/npm/tslib/tslib.es6.js", third("tslib")),
            ("webpack://app/external \"react\"", Origin::Generated),
            ("webpack://app/./node_modules/react/index.js", third("react")),
            ("../node_modules/.pnpm/a@1/node_modules/@scope/a/b.js", third("@scope/a")),
            ("\0vite/preload-helper.js", Origin::Generated),
            ("turbopack:///[turbopack]/browser/runtime.ts", Origin::Generated),
            ("turbopack:///[project]/app/page.tsx", Origin::FirstParty),
        ] {
            assert_eq!(origin(name), expected, "{name}");
        }
    }

    #[test]
    fn addresses_are_told_from_names() {
        assert_eq!(remote("https://example.com/a.js"), Some(Remote::Host));
        assert_eq!(remote("https://pub-1.r2.dev/src.zip"), Some(Remote::Bucket));
        assert_eq!(remote("https://b.s3.eu-west-1.amazonaws.com/x"), Some(Remote::Bucket));
        assert_eq!(remote("gs://bucket/src"), Some(Remote::Bucket));
        assert_eq!(remote("https://ec2.amazonaws.com.example.org/x"), Some(Remote::Host));
        assert_eq!(remote("webpack://pkg/./a.js"), None);
        assert_eq!(remote("src/a.js"), None);
        assert!(is_absolute("C:\\build\\a.ts") && is_absolute("/srv/a.ts") && is_absolute("file:///a"));
        assert!(!is_absolute("../a.ts") && !is_absolute("webpack://a"));
    }
}
