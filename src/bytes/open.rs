//! Opening files: the one place that reads the file system's bytes, and the one place with `unsafe`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;

/// Files up to this size are read; larger ones are mapped. Mapping costs more than it saves on small files.
const MAP_FROM: u64 = 256 << 10;

/// The content of a regular file, read or mapped.
///
/// # Errors
/// Whatever the operating system says, a file that is not regular, and one that is larger than `limit` bytes
/// (`io::ErrorKind::FileTooLarge`).
pub fn open(path: &Path, limit: u64) -> io::Result<Bytes> {
    let mut file = open_without_waiting(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let size = metadata.len();
    if size > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has {size} bytes, more than limits.file = {limit} allows"),
        ));
    }
    if size < MAP_FROM {
        let mut content = Vec::with_capacity(size as usize + 1);
        // A file that grows while it is read must not grow our memory with it.
        (&mut file).take(MAP_FROM * 2).read_to_end(&mut content)?;
        return Ok(Bytes::from(content));
    }
    map(&file)
}

/// The content of a regular file that lies where it says (a link is not followed), read and never mapped: it stays what
/// it is whatever happens to the file.
///
/// # Errors
/// As [`open`], and for a link.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if path.symlink_metadata()?.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link"));
    }
    let file = open_without_waiting(path)?;
    let metadata = file.metadata()?;
    let size = metadata.len();
    if !metadata.is_file() || size > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is too large, or not a regular file"));
    }
    let mut content = Vec::with_capacity(size as usize);
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Opens for reading, but never waits for the other end of a FIFO that took the file's place after it was listed.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // O_NONBLOCK: 0o4000 on Linux, 0x4 on the BSDs and macOS.
        let nonblock = if cfg!(any(target_os = "linux", target_os = "android")) { 0o4000 } else { 0x4 };
        options.custom_flags(nonblock);
    }
    options.open(path)
}

/// The maps in use, for [`give_back`].
static MAPS: Mutex<Vec<Weak<Mmap>>> = Mutex::new(Vec::new());

/// A map that [`give_back`] knows.
struct Map(Arc<Mmap>);

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the map is read-only and private, and lives as long as the `Bytes` that owns it. Another process that
    // truncates the file meanwhile would end ours with SIGBUS: a build that is still being written is not ready to be
    // published, and SECURITY.md says so.
    let map = Arc::new(unsafe { Mmap::map(file)? });
    let mut maps = MAPS.lock().unwrap_or_else(PoisonError::into_inner);
    maps.retain(|map| map.strong_count() > 0);
    maps.push(Arc::downgrade(&map));
    Ok(Bytes::from_owner(Map(map)))
}

/// Tells the operating system that a part of a mapped file need not stay in memory: it was unpacked, and what came out
/// takes its place. Whoever reads it again reads the same. Bytes that are no part of a mapped file stay as they are.
pub fn give_back(part: &[u8]) {
    let wanted = part.as_ptr_range();
    let holds = |map: &Arc<Mmap>| {
        let all = map.as_ptr_range();
        all.start <= wanted.start && wanted.end <= all.end
    };
    let maps = MAPS.lock().unwrap_or_else(PoisonError::into_inner);
    let map = maps.iter().filter_map(Weak::upgrade).find(holds);
    drop(maps);
    if let Some(map) = map {
        forget(&map, wanted.start.addr() - map.as_ptr().addr(), part.len());
    }
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn forget(map: &Mmap, offset: usize, length: usize) {
    // SAFETY: the map is read-only and of a file, so that there is nothing to lose: the next access reads the file again,
    // as the first one did.
    let _ = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, offset, length) };
}

#[cfg(not(unix))]
fn forget(_: &Mmap, _: usize, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_back_can_be_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let content: Vec<u8> = (0..2 * MAP_FROM).map(|at| at.to_le_bytes()[1]).collect();
        std::fs::write(&path, &content).unwrap();
        let (large, other) = (open(&path, u64::MAX).unwrap(), Bytes::from_static(b"not mapped"));
        for part in [&large[..], &large[5_000..200_000], &large[7..7], &other[..]] {
            give_back(part);
        }
        assert_eq!((&large[..], &other[..]), (&content[..], &b"not mapped"[..]));
        let inside = large.slice(4_096..10_000);
        drop(large);
        give_back(&inside);
        assert_eq!(inside, content[4_096..10_000]);
    }
}
