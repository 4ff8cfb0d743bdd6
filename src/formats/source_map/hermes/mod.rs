//! Hermes bytecode (facebook/hermes, `BytecodeFileFormat.h` and `DebugInfo.h`): what React Native ships in place of
//! JavaScript.

mod debug;
mod strings;

use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::executable::is_personal;
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Hermes bytecode, and the form of it that is made for binary patches.
pub struct Hermes;

static FACTS: &[FactSpec] = &[
    FactSpec { name: "hermes.version", kind: FactType::Int, doc: "Version of the bytecode" },
    FactSpec { name: "hermes.functions", kind: FactType::Int, doc: "Number of functions" },
    FactSpec { name: "hermes.strings", kind: FactType::Int, doc: "Number of strings: literals, names, keys" },
    FactSpec {
        name: "hermes.function_sources",
        kind: FactType::Int,
        doc: "Number of functions whose source text is kept or marked as hidden ('show source', 'hide source')",
    },
    FactSpec {
        name: "hermes.debug_info",
        kind: FactType::Bool,
        doc: "Whether it says which file and line each instruction comes from",
    },
    FactSpec { name: "hermes.sources", kind: FactType::Int, doc: "Number of file names in its debug information" },
    FactSpec { name: "hermes.source_examples", kind: FactType::List, doc: "At most 5 of these names" },
    FactSpec { name: "hermes.personal", kind: FactType::Int, doc: "Number of these names that name a person" },
    FactSpec { name: "hermes.personal_examples", kind: FactType::List, doc: "At most 5 of those" },
];

/// "Hermes" in Greek, cut to eight bytes of UTF-16.
const MAGIC: u64 = 0x1f19_03c1_03bc_1fc6;
/// How many names a fact lists.
const EXAMPLES: usize = 5;
/// The header's length in every version.
const HEADER: usize = 128;
/// The SHA-1 digest at the end.
const FOOTER: u64 = 20;
/// The first version that keeps the sources of functions.
const FUNCTION_SOURCES: u32 = 84;

impl Format for Hermes {
    fn name(&self) -> &'static str {
        "hermes"
    }

    fn summary(&self) -> &'static str {
        "Hermes bytecode of React Native: its strings are a member, one on each line; the debug information's file names"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(&MAGIC.to_le_bytes()) || probe.starts_with(&(!MAGIC).to_le_bytes())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let header = Header::read(bytes)?;
        out.fact("hermes.version", u64::from(header.version));
        out.fact("hermes.functions", u64::from(header.functions));
        out.fact("hermes.strings", u64::from(header.strings));
        let read = strings::hand_out(bytes, &header, out);
        // The announced length reaches to the end of the digest.
        if header.length > bytes.len() as u64 {
            read?;
            let reason = format!("the file ends before its {} bytes do", header.length);
            return Err(FormatError::broken(bytes.len() as u64, reason));
        }
        state_debug(bytes, &header, out);
        read?;
        if bytes.starts_with(&(!MAGIC).to_le_bytes()) {
            out.gap("it is in the form for binary patches, whose tables are not all as in bytecode; look at the bundle itself");
        }
        Ok(Coverage::Part)
    }
}

fn state_debug(bytes: &[u8], header: &Header, out: &mut Inspection<'_>) {
    let Some(found) = debug::read(bytes, header) else {
        let reason = "its debug information was not found, so its file names are unknown; build it with a known Hermes";
        out.gap(reason);
        return;
    };
    if header.version >= FUNCTION_SOURCES {
        out.fact("hermes.function_sources", u64::from(found.function_sources));
    }
    out.fact("hermes.debug_info", !found.names.is_empty());
    out.fact("hermes.sources", found.names.len());
    let shown = |name: &String| name.chars().take(200).collect::<String>();
    let personal: Vec<String> = found.names.iter().filter(|name| is_personal(name)).map(shown).collect();
    out.fact("hermes.source_examples", found.names.iter().take(EXAMPLES).map(shown).collect::<Vec<_>>());
    out.fact("hermes.personal", personal.len());
    out.fact("hermes.personal_examples", personal.into_iter().take(EXAMPLES).collect::<Vec<_>>());
}

/// The part of the header that is the same in all versions from 71 on.
struct Header {
    version: u32,
    length: u64,
    functions: u32,
    kinds: u32,
    identifiers: u32,
    strings: u32,
    overflow: u32,
    storage: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let mut cursor = Cursor::new(bytes);
        cursor.skip(8)?;
        let version = cursor.u32_le()?;
        cursor.skip(20)?; // digest of the source
        let length = u64::from(cursor.u32_le()?);
        cursor.skip(4)?; // number of the function that runs first
        let header = Header {
            version,
            length,
            functions: cursor.u32_le()?,
            kinds: cursor.u32_le()?,
            identifiers: cursor.u32_le()?,
            strings: cursor.u32_le()?,
            overflow: cursor.u32_le()?,
            storage: cursor.u32_le()?,
        };
        Cursor::new(bytes).skip(HEADER as u64)?;
        Ok(header)
    }

    /// Where the bytecode ends and the digest starts.
    fn end(&self) -> u64 {
        self.length.saturating_sub(FOOTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    /// A file as version 96 writes it: two functions, the strings `calm` and `gält` (UTF-16), one file name.
    pub(super) fn forged() -> Vec<u8> {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let mut body = vec![0; 2 * 16];
        body.extend(words(&[2])); // one run of two literals
        body.extend(words(&[4 << 24, 1 | 4 << 1 | 4 << 24]));
        body.extend(b"calm");
        body.extend("gält".encode_utf16().flat_map(u16::to_le_bytes));
        let debug = (HEADER + body.len()) as u32;
        let name = b"/Users/jdoe/app/index.js";
        body.extend(words(&[1, name.len() as u32, 1, 0, 0, 0, 3, 0, name.len() as u32]));
        body.extend(name);
        body.extend([0; 12 + 3]);
        let length = (HEADER + body.len() + 20) as u32;
        let mut out = MAGIC.to_le_bytes().to_vec();
        out.extend(words(&[96]));
        out.extend([7; 20]);
        out.extend(words(&[length, 0, 2, 1, 0, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, debug]));
        out.resize(HEADER, 0);
        out.extend(body);
        out.extend([9; 20]);
        out
    }

    fn fact(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    #[test]
    fn strings_are_a_member_and_file_names_are_facts() {
        let looked = inspect(&Hermes, "main.jsbundle", &forged());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(String::from_utf8_lossy(&looked.members[0].bytes), "calm\ngält\n");
        for (name, value) in [
            ("hermes.version", "96"),
            ("hermes.functions", "2"),
            ("hermes.strings", "2"),
            ("hermes.function_sources", "5"),
            ("hermes.debug_info", "yes"),
            ("hermes.source_examples", "/Users/jdoe/app/index.js"),
            ("hermes.personal", "1"),
        ] {
            assert_eq!(fact(&looked, name), value, "{name}");
        }
        assert!(looked.stated.gaps.is_empty(), "{:?}", looked.stated.gaps);
    }

    #[test]
    fn cuts_are_noticed_and_damage_is_survived() {
        let whole = forged();
        for end in 8..whole.len() {
            let looked = inspect(&Hermes, "main.jsbundle", &whole[..end]);
            assert!(looked.sniffed && looked.result.is_err(), "cut off at {end}");
        }
        for at in 8..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = inspect(&Hermes, "main.jsbundle", &damaged);
            }
        }
    }

    #[test]
    #[ignore = "needs npm"]
    fn what_compilers_write_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let status = std::process::Command::new(program).args(arguments).current_dir(&folder).status().unwrap();
            assert!(status.success(), "{program} {arguments:?}");
        };
        let code = "function calm() { 'show source'; return 'gale: \u{fc}'; }\nprint(calm(), /wind9/);\n";
        std::fs::write(folder.path().join("tide.js"), code).unwrap();
        for (package, hermesc, version) in [
            ("hermes-engine@0.7.2", "hermes-engine/linux64-bin/hermesc", 76),
            ("hermes-engine@0.11.0", "hermes-engine/linux64-bin/hermesc", 84),
            ("hermes-compiler@250829098.0.19", "hermes-compiler/hermesc/linux64-bin/hermesc", 98),
            ("hermes-compiler@260318099.0.6", "hermes-compiler/hermesc/linux64-bin/hermesc", 99),
        ] {
            run("npm", &["install", "--silent", "--no-save", "--ignore-scripts", package]);
            let hermesc = folder.path().join("node_modules").join(hermesc);
            let options = ["-emit-binary", "-O", "-g", "-out", "tide.hbc", "tide.js"];
            run(hermesc.to_str().unwrap(), &options);
            let looked = inspect(&Hermes, "tide.hbc", &std::fs::read(folder.path().join("tide.hbc")).unwrap());
            assert!(looked.result.is_ok() && looked.stated.gaps.is_empty(), "{package}: {:?}", looked.result);
            assert_eq!(looked.stated.facts.int("hermes.version"), version);
            assert_eq!(fact(&looked, "hermes.source_examples"), "tide.js", "{package}");
            let strings = String::from_utf8_lossy(&looked.members[0].bytes).into_owned();
            for line in ["gale: \u{fc}", "calm", "print", "wind9"] {
                assert!(strings.lines().any(|other| other == line), "{package}: {strings}");
            }
            // The first version with sources of functions keeps the one that asks for it.
            if version >= u64::from(FUNCTION_SOURCES) {
                assert_eq!(looked.stated.facts.int("hermes.function_sources"), 1, "{package}");
                assert!(strings.contains("function calm() { 'show source'"), "{package}: {strings}");
            }
        }
    }
}
