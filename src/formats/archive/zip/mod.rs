//! zip archives (APPNOTE 6.3.10), read as different programs would: by the central directory at the end, and by what
//! else looks like a member. Found by content wherever the archive begins, so that self-extracting programs, browser
//! extensions and executables with an appended archive are opened too.

mod directory;
mod header;
mod member;
mod name;
#[cfg(test)]
mod tests;
mod unlisted;
mod unpack;

use directory::Directory;
use header::Entry;
use member::Members;

use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection, LimitReached};

/// zip archives.
pub struct Zip;

/// Whether an archive begins here, by its first member.
pub(in crate::formats) fn begins(bytes: &[u8]) -> bool {
    directory::starts_with_member(bytes)
}

impl Format for Zip {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn summary(&self) -> &'static str {
        "zip archives (.zip, .whl, .jar, .vsix, .nupkg, …), also behind a program: their members, listed or not"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        directory::starts_with_member(probe.head()) || directory::find(probe.all()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut members = Members::new(&artifact.bytes, out);
        let result = read(&mut members);
        members.finish(result)
    }
}

fn read(members: &mut Members<'_, '_>) -> Result<(), LimitReached> {
    let all: &[u8] = members.all;
    let begins_here = directory::starts_with_member(all);
    let found = if begins_here { directory::find_anywhere(all) } else { directory::find(all) };
    match found {
        Some(directory) => {
            if directory.split {
                members.gap("it is one part of a split archive; look at the archive before it is split".to_owned());
            }
            read_listed(members, &directory)?;
            members.read_unlisted()
        }
        None => {
            let reason = "its central directory is missing, so the archive is cut off or damaged; build it again";
            members.gap(reason.to_owned());
            members.read_cut_off()
        }
    }
}

/// Hands out the members that the central directory lists.
fn read_listed(members: &mut Members<'_, '_>, directory: &Directory) -> Result<(), LimitReached> {
    members.account_for_end(&directory.end);
    let all: &[u8] = members.all;
    let mut at = directory.entries.start;
    while at < directory.entries.end {
        match Entry::central(all, at) {
            Ok(entry) => {
                at = entry.end;
                members.listed(&entry, directory.shift)?;
            }
            // A digital signature (4.3.13) may close the directory.
            Err(_) if all.get(at as usize..).is_some_and(|rest| rest.starts_with(b"PK\x05\x05")) => break,
            Err(error) => {
                members.gap(format!("its central directory is damaged: {error}; build the archive again"));
                break;
            }
        }
    }
    Ok(())
}
