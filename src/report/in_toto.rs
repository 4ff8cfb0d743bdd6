//! An in-toto statement about a package: what tools that sign and verify attestations take.
//!
//! The form is that of the in-toto attestation framework, "Statement v1". Subjects are the archive, where there is one, so
//! that it can be verified as it is downloaded, and every file in it.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::safe_json;
use crate::bytes::Digest;
use crate::manifest::File;

/// What the predicate is: a manifest in its first form. A URI as the framework asks for; nothing has to be there.
pub const PREDICATE: &str = "urn:lastlook:manifest:v1";

#[derive(Serialize)]
struct Statement<'f> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject<'f>>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'f>,
}

#[derive(Serialize)]
struct Subject<'f> {
    name: &'f str,
    digest: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Predicate<'f> {
    tool: BTreeMap<&'static str, &'static str>,
    files: Vec<Entry<'f>>,
}

#[derive(Serialize)]
struct Entry<'f> {
    path: &'f str,
    size: u64,
    kind: &'static str,
    sha256: Option<String>,
}

fn subject(name: &str, digest: Digest) -> Subject<'_> {
    Subject { name, digest: [("sha256", digest.to_string())].into() }
}

/// Writes a statement about `files`, which are sorted by path, and about the archive that holds them.
///
/// # Errors
/// Those of `out`.
pub fn write(archive: Option<(&str, Digest)>, files: &[File], out: &mut dyn io::Write) -> io::Result<()> {
    let mut files: Vec<&File> = files.iter().collect();
    files.dedup();
    let archive = archive.map(|(name, digest)| subject(name, digest));
    let members = files.iter().filter_map(|file| Some(subject(&file.path, file.digest?)));
    let entry = |file: &&'_ File| (file.size, file.kind.as_str(), file.digest.map(|digest| digest.to_string()));
    let entries = files.iter().map(|file| {
        let (size, kind, sha256) = entry(file);
        Entry { path: &file.path, size, kind, sha256 }
    });
    let statement = Statement {
        kind: "https://in-toto.io/Statement/v1",
        subject: archive.into_iter().chain(members).collect(),
        predicate_type: PREDICATE,
        predicate: Predicate {
            tool: [("name", env!("CARGO_PKG_NAME")), ("version", env!("CARGO_PKG_VERSION"))].into(),
            files: entries.collect(),
        },
    };
    safe_json::pretty(&statement, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Kind;

    #[test]
    fn a_statement_names_the_archive_and_every_file() {
        let digest = Digest::of(b"x");
        let file = File { path: "a\u{202e}.js".to_owned(), size: 1, digest: Some(digest), kind: Kind::Text };
        let link = File { path: "l".to_owned(), size: 0, digest: None, kind: Kind::Link };
        let mut out = Vec::new();
        write(Some(("app.tgz", Digest::of(b"y"))), &[file.clone(), file, link], &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(value["predicateType"], PREDICATE);
        let names: Vec<&str> =
            value["subject"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["app.tgz", "a\u{202e}.js"]);
        assert_eq!(value["subject"][1]["digest"]["sha256"], digest.to_string());
        assert_eq!(
            value["predicate"]["files"][1],
            serde_json::json!({"path": "l", "size": 0, "kind": "link", "sha256": null})
        );
    }
}
