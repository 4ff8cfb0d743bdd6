//! Opening files: the one place that reads the file system's bytes, and the one place with `unsafe`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

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

#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the map is read-only and private, and lives as long as the `Bytes` that owns it. Another process that
    // truncates the file meanwhile would end ours with SIGBUS: a build that is still being written is not ready to be
    // published, and SECURITY.md says so.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
