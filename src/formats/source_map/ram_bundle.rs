//! RAM bundles of React Native: modules that are loaded one by one (Metro, `RamBundle/as-indexed-file.js` and
//! `RamBundle/as-assets.js`).

use std::collections::BTreeSet;

use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, FactType, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// An indexed RAM bundle, or the file that marks a folder of modules (`js-modules/UNBUNDLE`).
pub struct RamBundle;

static FACTS: &[FactSpec] = &[
    FactSpec { name: "ram_bundle.form", kind: FactType::Text, doc: "indexed, or folder for the mark of js-modules" },
    FactSpec { name: "ram_bundle.modules", kind: FactType::Int, doc: "Number of modules in an indexed RAM bundle" },
    FactSpec { name: "ram_bundle.startup_bytes", kind: FactType::Int, doc: "Bytes of the code that runs first" },
    FactSpec { name: "ram_bundle.bytes", kind: FactType::Int, doc: "Bytes of all modules" },
];

const MAGIC: &[u8] = b"\xe5\xd1\x0b\xfb";
/// Magic, number of modules, length of the startup code.
const HEADER: u64 = 12;
/// Offset and length of each module.
const ENTRY: u64 = 8;

impl Format for RamBundle {
    fn name(&self) -> &'static str {
        "ram-bundle"
    }

    fn summary(&self) -> &'static str {
        "RAM bundles of React Native: the startup code and every module are members"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        // A folder of modules is marked by a file that holds the magic number and nothing else.
        if artifact.bytes.len() == MAGIC.len() && artifact.path.base_name() == "UNBUNDLE" {
            out.fact("ram_bundle.form", "folder");
            return Ok(Coverage::Whole);
        }
        out.fact("ram_bundle.form", "indexed");
        let mut reader = Reader { artifact, modules: 0, bytes: 0, taken: BTreeSet::new() };
        let read = reader.read(out);
        out.fact("ram_bundle.modules", reader.modules);
        out.fact("ram_bundle.bytes", reader.bytes);
        read.map(|()| Coverage::Part)
    }
}

struct Reader<'a> {
    artifact: &'a Artifact,
    modules: u64,
    bytes: u64,
    /// Where the modules lie that were handed out: those of a group share one place.
    taken: BTreeSet<(u64, u64)>,
}

impl Reader<'_> {
    fn read(&mut self, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        let mut table = Cursor::at(&self.artifact.bytes, MAGIC.len() as u64);
        let (count, startup) = (table.u32_le()?, u64::from(table.u32_le()?));
        out.fact("ram_bundle.startup_bytes", startup);
        // Offsets count from the end of the table.
        let base = HEADER + u64::from(count) * ENTRY;
        let mut damage = self.one("startup.js", base, startup, out)?.err();
        for index in 0..count {
            let (Ok(offset), Ok(length)) = (table.u32_le(), table.u32_le()) else {
                let reason = format!("the file ends inside its table of {count} modules");
                damage.get_or_insert(ReadError::new(self.artifact.bytes.len() as u64, reason));
                break;
            };
            // Numbers that were never given out, and modules that are part of the startup code.
            if length == 0 {
                continue;
            }
            self.modules += 1;
            let (offset, length) = (base + u64::from(offset), u64::from(length));
            if let Err(error) = self.one(&format!("{index}.js"), offset, length, out)? {
                damage.get_or_insert(error);
            }
        }
        damage.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Hands out one module without the NUL behind it, once for all numbers that share it.
    fn one(
        &mut self,
        name: &str,
        start: u64,
        length: u64,
        out: &mut Inspection<'_>,
    ) -> Result<Result<(), ReadError>, FormatError> {
        let size = self.artifact.bytes.len() as u64;
        let end = start.saturating_add(length);
        if end > size {
            let reason = format!("{name} would end at {end}, behind the end of the file");
            // What is there is handed out all the same.
            self.hand_out(name, start.min(size), size, out)?;
            return Ok(Err(ReadError::new(start, reason)));
        }
        self.hand_out(name, start, end, out)?;
        Ok(Ok(()))
    }

    fn hand_out(&mut self, name: &str, start: u64, end: u64, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        // Modules that overlap would be searched over and over; what lies between two others was searched with them.
        let before = self.taken.range(..=(start, u64::MAX)).next_back();
        let after = self.taken.range((start, 0)..).next();
        let overlaps = before.is_some_and(|(_, other)| *other > start) || after.is_some_and(|(other, _)| *other < end);
        if start >= end || self.taken.contains(&(start, end)) {
            return Ok(());
        }
        if overlaps {
            out.member_gap(name, "this module overlaps another; build the bundle again");
            return Ok(());
        }
        self.taken.insert((start, end));
        self.bytes += end - start;
        let stored = &self.artifact.bytes[start as usize..end as usize];
        let code = stored.strip_suffix(b"\0").unwrap_or(stored);
        out.member(name, Role::Header, self.artifact.bytes.slice_ref(code))?;
        out.explain(start..end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Modules 0 and 2; 3 shares the place of 2.
    fn bundle() -> Vec<u8> {
        let (startup, first, second) = (b"start();\0", b"__d(0);\0", b"__d(2);\0");
        let table = words(&[0xfb0b_d1e5, 4, 9, 9, 8, 0, 0, 17, 8, 17, 8]);
        [&table[..], startup, first, second].concat()
    }

    fn members(looked: &Looked) -> Vec<(&str, &[u8])> {
        looked.members.iter().map(|member| (member.path.logical(), &member.bytes[..])).collect()
    }

    #[test]
    fn every_module_is_a_member_and_is_searched_once() {
        let looked = inspect(&RamBundle, "main.jsbundle", &bundle());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let expected = [("startup.js", &b"start();"[..]), ("0.js", b"__d(0);"), ("2.js", b"__d(2);")];
        assert_eq!(members(&looked), expected);
        assert_eq!(looked.stated.facts.int("ram_bundle.modules"), 3);
        assert_eq!(looked.stated.facts.int("ram_bundle.startup_bytes"), 9);
        assert!(looked.stated.gaps.is_empty());
        assert_eq!(looked.stated.explained.last().map(|range| range.end), Some(bundle().len() as u64));
    }

    #[test]
    fn the_mark_of_a_folder_of_modules_is_known() {
        let looked = inspect(&RamBundle, "js-modules/UNBUNDLE", MAGIC);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert!(inspect(&RamBundle, "main.jsbundle", MAGIC).result.is_err());
    }

    #[test]
    fn cuts_and_offsets_that_lead_elsewhere_leave_gaps() {
        let whole = bundle();
        for end in 4..whole.len() {
            let looked = inspect(&RamBundle, "main.jsbundle", &whole[..end]);
            assert!(looked.result.is_err(), "cut off at {end}");
        }
        let cut = inspect(&RamBundle, "main.jsbundle", &whole[..whole.len() - 3]);
        assert_eq!(members(&cut)[2], ("2.js", &b"__d(2"[..]));
        for at in 4..44 {
            for value in [1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = inspect(&RamBundle, "main.jsbundle", &damaged);
            }
        }
        let mut overlapping = whole.clone();
        overlapping[28..32].copy_from_slice(&16u32.to_le_bytes());
        let looked = inspect(&RamBundle, "main.jsbundle", &overlapping);
        assert_eq!(looked.stated.gaps.len(), 1);
    }
}
