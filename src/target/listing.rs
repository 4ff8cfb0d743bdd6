//! The files of a publish set, those inside archives too, with sizes and digests.

use std::path::Path;

use super::{Contents, File};
use crate::bytes::{Bytes, Digest, Limits, Probe, open};
use crate::finding::{Artifact, ArtifactPath, Role};
use crate::formats::archive::{bzip2::Bzip2, gzip::Gzip, tar::Tar, xz::Xz, zip::Zip, zstd::Zstd};
use crate::formats::{Format, Inspection};

/// What packages are packed as.
const ARCHIVES: [&dyn Format; 6] = [&Zip, &Gzip, &Tar, &Zstd, &Xz, &Bzip2];

/// Zips in which names mean what they say: those of other archives stand in one folder that is nobody's.
const ROOTED: [&str; 9] = ["whl", "egg", "jar", "war", "ear", "aar", "nupkg", "snupkg", "vsix"];

/// How many streams around an archive are opened.
const STREAMS: usize = 4;

/// One file that would be published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name in the package. Names inside an archive are without the folder that all of them lie in.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub sha256: Digest,
}

/// Lists files: those of a project as they are, archives by what is in them. Sorted by name.
///
/// # Errors
/// A sentence about the first file that cannot be read.
pub fn list(contents: &Contents, limits: &Limits) -> Result<Vec<Entry>, String> {
    let Contents::Files(files) = contents else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for file in files {
        entries.extend(of_file(file, limits)?);
    }
    entries.sort();
    entries.dedup();
    Ok(entries)
}

fn of_file(file: &File, limits: &Limits) -> Result<Vec<Entry>, String> {
    let bytes =
        open::open(&file.path, limits.file).map_err(|error| format!("{} cannot be read: {error}", file.name))?;
    if !file.made {
        return Ok(vec![entry(file.name.clone(), &bytes)]);
    }
    let inside = members(&file.path, &bytes, limits).map_err(|reason| format!("{}: {reason}", file.name))?;
    Ok(if inside.is_empty() { vec![entry(file.name.clone(), &bytes)] } else { inside })
}

fn entry(name: String, bytes: &[u8]) -> Entry {
    Entry { name, size: bytes.len() as u64, sha256: Digest::of(bytes) }
}

/// The members of an archive, opened as the engine opens it, without the one folder that they lie in.
fn members(path: &Path, bytes: &Bytes, limits: &Limits) -> Result<Vec<Entry>, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let archive = Artifact { path: ArtifactPath::file(&name), role: Role::File, bytes: bytes.clone() };
    let mut found = Vec::new();
    open_archive(&archive, limits, &mut found, 0)?;
    let first = |entry: &Entry| entry.name.split_once('/').map(|(first, _)| first.to_owned());
    let is_rooted = path.extension().is_some_and(|ending| ROOTED.iter().any(|rooted| ending == *rooted));
    let folder =
        found.first().and_then(first).filter(|folder| found.iter().all(|entry| first(entry).as_ref() == Some(folder)));
    if let Some(folder) = folder.filter(|_| !is_rooted) {
        found.iter_mut().for_each(|entry| entry.name.drain(..=folder.len()).for_each(drop));
    }
    Ok(found)
}

/// Streams are opened to what they hold; members are listed and not opened.
fn open_archive(artifact: &Artifact, limits: &Limits, found: &mut Vec<Entry>, depth: usize) -> Result<(), String> {
    let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
    let Some(format) = ARCHIVES.iter().find(|format| format.sniff(&probe)) else { return Ok(()) };
    let mut streams = Vec::new();
    let mut sink = |member: Artifact| match member.role {
        Role::Decompressed => streams.push(member),
        _ => found.push(entry(member.path.logical().to_owned(), &member.bytes)),
    };
    let mut out = Inspection::new(artifact, limits, &mut sink);
    let read = format.inspect(artifact, &mut out);
    let gap = out.finish().gaps.into_iter().next().map(|gap| gap.reason);
    if let Some(reason) = gap.or_else(|| read.err().map(|error| error.to_string())) {
        return Err(format!("it cannot be opened whole: {reason}"));
    }
    match streams.iter().find(|_| depth < STREAMS) {
        Some(stream) => open_archive(stream, limits, found, depth + 1),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn an_archive_is_listed_by_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut tar = tar::Builder::new(Vec::new());
        for name in ["package/package.json", "package/dist/a.js"] {
            let mut header = tar::Header::new_ustar();
            header.set_size(2);
            tar.append_data(&mut header, name, &b"{}"[..]).unwrap();
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tar.into_inner().unwrap()).unwrap();
        let path = folder.path().join("a.tgz");
        std::fs::write(&path, gzip.finish().unwrap()).unwrap();
        let listed = list(&Contents::archives(vec![path]), &Limits::default()).unwrap();
        let names: Vec<(&str, u64)> = listed.iter().map(|entry| (&*entry.name, entry.size)).collect();
        assert_eq!(names, [("dist/a.js", 2), ("package.json", 2)]);
        // A wheel without modules has one folder, and that is a part of the name.
        let renamed = folder.path().join("a.whl");
        std::fs::copy(folder.path().join("a.tgz"), &renamed).unwrap();
        assert_eq!(
            list(&Contents::archives(vec![renamed]), &Limits::default()).unwrap()[1].name,
            "package/package.json"
        );
    }

    #[test]
    fn files_of_a_project_are_not_opened_and_missing_ones_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = File { name: "a.txt".to_owned(), path: folder.path().join("a.txt"), made: false };
        let contents = Contents::Files(vec![file]);
        assert!(list(&contents, &Limits::default()).unwrap_err().starts_with("a.txt cannot be read: "));
        std::fs::write(folder.path().join("a.txt"), "abc").unwrap();
        assert_eq!(list(&contents, &Limits::default()).unwrap()[0].size, 3);
    }
}
