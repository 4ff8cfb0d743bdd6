//! Archives and streams in an executable that no packer's own mark leads to: behind the image, in a resource, and in the
//! middle of data. Each becomes a member that the readers of archives open.
//!
//! Nothing is taken for an archive because of a few bytes: behind the image and at the start of a resource it is the
//! container's own check that decides, and in the middle of data it has to open from its first byte to its last.

mod embedded;

use std::ops::Range;

use super::contents::{Contents, Hint};
use super::image::{Image, Kind};
use crate::bytes::Probe;
use crate::formats::{Format, FormatError, archive};

/// Formats of archives that are told by what they begin with.
static CONTAINERS: &[&dyn Format] = &[
    &archive::gzip::Gzip,
    &archive::zstd::Zstd,
    &archive::xz::Xz,
    &archive::bzip2::Bzip2,
    &archive::tar::Tar,
    &archive::ar::Ar,
    &archive::cpio::Cpio,
    &archive::asar::Asar,
    &archive::unopened::Unopened,
];
/// What caxa writes between its stub and the archive.
const CAXA: &[u8] = b"CAXACAXACAXA";
const SEVEN_ZIP: &[u8] = b"7z\xbc\xaf\x27\x1c\0";
/// How far behind the image an archive may begin: stubs fill up to a sector or a page, and write a mark.
const MOST_FILLER: usize = 64 << 10;
/// Resources and sections below this size hold icons and tables.
const LEAST: usize = 64;

/// Finds archives in the executable. `opened` says that a packer has opened it, so that only its image is left.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
    let is_zip = archive::zip::Zip.sniff(&Probe::new("", image.bytes));
    if contents.kind.is_none() && !is_zip {
        behind(image, contents)?;
    }
    resources(image, contents)?;
    embedded::find(image, is_zip, contents)
}

/// Whether an archive begins here.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let probe = Probe::new("payload", bytes);
    CONTAINERS.iter().any(|container| container.sniff(&probe)) || archive::zip::begins(bytes)
}

/// The archive behind the image, at once or after some filling.
fn behind(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
    let overlay = image.content(&image.overlay);
    if overlay.len() < LEAST {
        return Ok(());
    }
    let filler = overlay.iter().take(MOST_FILLER).take_while(|byte| **byte == 0).count();
    let head = &overlay[..overlay.len().min(MOST_FILLER)];
    let mark = memchr::memmem::find(head, CAXA);
    let mut starts = vec![0, filler];
    starts.extend(mark.map(|at| at + CAXA.len() + 1));
    // The settings of a self-extracting 7z archive stand before it.
    starts.extend(memchr::memmem::find(head, SEVEN_ZIP));
    if let Some(installer) = installer(overlay) {
        contents.kind = Some("self-extracting");
        contents.carrier = Some("end of file".to_owned());
        let reason = format!("it is {installer}, whose files lastlook does not open; unpack it and look at the folder");
        contents.out.gap(reason);
        return Ok(());
    }
    let Some(start) = starts.into_iter().find(|at| overlay.get(*at..).is_some_and(begins)) else { return Ok(()) };
    let appimage = image.bytes.get(8..11) == Some(b"AI\x02");
    if mark.is_some() || ends_with_caxa(overlay) {
        contents.kind = Some("caxa");
    } else if appimage {
        contents.kind = Some("appimage");
    } else {
        contents.kind = Some("self-extracting");
    }
    contents.carrier = Some("end of file".to_owned());
    let start = image.overlay.start + start;
    hand_out("payload", start..image.overlay.end, image, contents)
}

/// The name of an installer whose data begins so (`fileform.h` of NSIS, `Struct.pas` of Inno Setup).
fn installer(overlay: &[u8]) -> Option<&'static str> {
    if overlay.get(4..20).is_some_and(|mark| mark == b"\xef\xbe\xad\xdeNullsoftInst") {
        return Some("an installer made by NSIS");
    }
    overlay.starts_with(b"idska32\x1a").then_some("an installer made by Inno Setup")
}

/// caxa ends with a line of JSON that says what to run.
fn ends_with_caxa(overlay: &[u8]) -> bool {
    let tail = &overlay[overlay.len().saturating_sub(16 << 10)..];
    let line = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"{\"identifier\":")
        && line.ends_with(b"}")
        && memchr::memmem::find(line, b"\"command\":").is_some()
}

/// Archives that a resource or a section of their own holds.
fn resources(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
    let taken = contents.taken().to_vec();
    for piece in image.pieces.iter().filter(|piece| matches!(piece.kind, Kind::Resource | Kind::Data)) {
        let content = image.content(&piece.range);
        if content.len() >= LEAST && !is_taken(&piece.range, &taken) && begins(content) {
            // A section may be longer than what is in it, so its content has to open; streams are opened with those among
            // other data.
            if piece.kind == Kind::Data && (embedded::is_stream(content) || embedded::length(content).is_none()) {
                continue;
            }
            hand_out(&piece.name, piece.range.clone(), image, contents)?;
        }
    }
    Ok(())
}

/// Whether some of a range was handed out.
fn is_taken(range: &Range<usize>, taken: &[Range<u64>]) -> bool {
    let (start, end) = (range.start as u64, range.end as u64);
    let after = taken.partition_point(|taken| taken.end <= start);
    taken.get(after).is_some_and(|taken| taken.start < end)
}

/// Hands out an archive; what of its range it does not account for is searched in the member.
fn hand_out(
    name: &str,
    range: Range<usize>,
    image: &Image<'_>,
    contents: &mut Contents<'_, '_>,
) -> Result<(), FormatError> {
    contents.payloads += 1;
    let (start, size) = (range.start as u64, range.len() as u64);
    debug_assert!(range.end <= image.bytes.len());
    Ok(contents.stored(name, start, size, Hint::Name)?)
}
