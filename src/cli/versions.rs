//! Earlier versions: what `--since` and `diff` compare with.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Result;
use lastlook::Scanner;
use lastlook::compare::{Before, Comparison};
use lastlook::manifest::Manifest;
use lastlook::scan::{Builder, Outcome};

use super::settings;
use super::targets::{self, Wanted};

/// How much of a file tells whether it is a manifest: its first line that is no comment must be in it.
const HEAD: u64 = 64 << 10;

/// What a comparison needs a scan to list.
pub fn listing(builder: Builder, compares: bool) -> Builder {
    if compares { builder.contents().hosts().sources() } else { builder }
}

/// Compares `outcome`, that of `new`, with the earlier version in `old`.
pub fn compare(
    (scanner, wanted): (&Scanner, &Wanted),
    old: &Path,
    new: &Path,
    outcome: &Outcome,
) -> Result<Comparison> {
    let old = settings::from_here(old);
    let names = [&*old, new].map(|path| path.display().to_string());
    let [old_name, new_name] = names.each_ref().map(String::as_str);
    if is_manifest(&old) {
        let (manifest, _) = Manifest::read(&old)?;
        return Ok(Comparison::new((old_name, Before::Manifest(&manifest)), (new_name, outcome)));
    }
    let before = targets::look(scanner, std::slice::from_ref(&old), wanted)?;
    Ok(Comparison::new((old_name, Before::Package(&before)), (new_name, outcome)))
}

/// Whether the file is a manifest, by its beginning. What cannot be read is none, and its scan says why.
fn is_manifest(path: &Path) -> bool {
    // To open a pipe would be to wait for whoever writes into it.
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && Manifest::is_one(&String::from_utf8_lossy(&head))
}
