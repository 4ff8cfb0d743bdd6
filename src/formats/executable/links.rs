//! What ELF files keep beside their debug sections: the names of separate files, and a small copy of the symbols.

use bytes::Bytes;

use super::portrait::{Portrait, capped};
use super::words::{Shape, c_string};
use crate::bytes::Cursor;
use crate::finding::Role;
use crate::formats::{Inspection, LimitReached};

const MOST_NAME: usize = 16 << 10;

/// Reads a section that is not debug information itself, if it is one of those. It starts at `start` in the file.
///
/// # Errors
/// When a limit forbids handing out what is in it.
pub(super) fn read(
    name: &[u8],
    shape: Shape,
    content: Bytes,
    start: usize,
    portrait: &mut Portrait,
    out: &mut Inspection<'_>,
) -> Result<(), LimitReached> {
    match name {
        // GDB manual, "Separate Debug Files": a name, and a checksum behind it.
        b".gnu_debuglink" => portrait.debug_link = Some(capped(c_string(&content, 0, MOST_NAME))),
        // The same with a build id, as dwz writes it.
        b".gnu_debugaltlink" => portrait.shared_debug = Some(capped(c_string(&content, 0, MOST_NAME))),
        // The same in DWARF 5, section 7.3.6: version, whether this is the shared file itself, name.
        b".debug_sup" => {
            let mut cursor = Cursor::new(&content);
            let head = (shape.u16(&mut cursor), cursor.u8());
            if let (Ok(_), Ok(0)) = head {
                portrait.shared_debug = Some(capped(c_string(&content, 3, MOST_NAME)));
            }
        }
        // GDB manual, "MiniDebugInfo": an ELF file with symbols, packed by xz.
        b".gnu_debugdata" if !content.is_empty() => {
            let end = start as u64 + content.len() as u64;
            out.member(".gnu_debugdata", Role::ArchiveMember, content)?;
            out.explain(start as u64..end);
        }
        _ => {}
    }
    Ok(())
}
