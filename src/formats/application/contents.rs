//! What is counted while the files of an application are handed out: the same for all packers.

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::Range;

use super::reading::{self, Language};
use crate::bytes::{Bytes, Ranges, open, text};
use crate::finding::Role;
use crate::formats::{Family, Inspection, Kept, LimitReached, Origin, SourceRecord, source_map};

/// How many sources of one application are told apart.
const SOURCES: u64 = 200_000;
/// How many names of environment variables a fact lists.
const NAMES: usize = 32;
/// Longer names are shortened to this many characters from their end.
const LONGEST_NAME: usize = 1_024;
/// What a file costs besides its bytes, and what all may cost besides the size of the executable.
const FILE: u64 = 256;
const ROOM: u64 = 16 << 20;
/// Longer lists of files are no lists.
const MOST_JSON: usize = 32 << 20;
/// From how many packed bytes on a file's place in the executable is given back once it was unpacked.
const LARGE: usize = 64 << 10;
/// A text is told by its first bytes.
const HEAD: usize = 4 << 10;

/// What a packer knows of a file besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing: its name tells.
    Name,
    /// It is a script, whatever it is called.
    Script,
    /// A tool made it of another file of the application.
    Derived,
    /// A module that was compiled to bytecode.
    Bytecode,
    /// A module of the language or of the packer itself, as bytecode.
    Runtime,
}

/// The files of one application while they are handed out.
pub(super) struct Contents<'c, 'i> {
    bytes: &'c Bytes,
    pub(super) out: &'c mut Inspection<'i>,
    /// What packed it; `None` as long as nobody has.
    pub(super) kind: Option<&'static str>,
    pub(super) entry: Option<String>,
    /// Where in the executable the files lie.
    pub(super) carrier: Option<String>,
    /// How many stored bytes may still be handed out: files of an honest application do not overlap.
    left: u64,
    full: bool,
    files: u64,
    texts: u64,
    records: u64,
    sources: u64,
    commented: bool,
    plain: u64,
    minified: u64,
    originals: u64,
    modules: u64,
    env: u64,
    env_names: BTreeSet<String>,
    pub(super) payloads: u64,
    /// The ranges that were handed out.
    taken: Ranges,
    /// Folders that hold packages of others.
    pub(super) packages: BTreeSet<String>,
}

impl<'c, 'i> Contents<'c, 'i> {
    pub(super) fn new(bytes: &'c Bytes, out: &'c mut Inspection<'i>) -> Self {
        Contents {
            bytes,
            out,
            kind: None,
            entry: None,
            carrier: None,
            left: (bytes.len() as u64).saturating_mul(2).saturating_add(ROOM),
            full: false,
            files: 0,
            texts: 0,
            records: 0,
            sources: 0,
            commented: false,
            plain: 0,
            minified: 0,
            originals: 0,
            modules: 0,
            env: 0,
            env_names: BTreeSet::new(),
            payloads: 0,
            taken: Ranges::default(),
            packages: BTreeSet::new(),
        }
    }

    /// Hands out a file that is stored as it is. Where the executable ends before the file does, as much as there is,
    /// and a gap.
    pub(super) fn stored(&mut self, name: &str, offset: u64, size: u64, hint: Hint) -> Result<(), LimitReached> {
        let Some(range) = self.range(name, offset, size) else { return Ok(()) };
        let bytes = self.bytes.slice(range.clone());
        self.hand_out(name, bytes, hint)?;
        self.explain(range);
        Ok(())
    }

    /// The range of a stored file, if so much may be handed out. What is cut off leaves a gap.
    pub(super) fn range(&mut self, name: &str, offset: u64, size: u64) -> Option<Range<usize>> {
        let length = self.bytes.len() as u64;
        let end = offset.saturating_add(size);
        if end > length {
            let there = length.saturating_sub(offset);
            let reason = format!("it is cut off: {there} of its {size} bytes are there; build the application again");
            self.out.member_gap(&shown(name), reason);
        }
        let range = offset.min(length) as usize..end.min(length) as usize;
        let Some(left) = self.left.checked_sub(range.len() as u64 + FILE) else {
            if !std::mem::replace(&mut self.full, true) {
                self.out.gap("its files overlap, and not all of them were looked at; build the application again");
            }
            return None;
        };
        self.left = left;
        Some(range)
    }

    /// Hands out a file that `from` unpacks to `size` bytes. `packed` is where it lies in the executable.
    pub(super) fn unpacked(
        &mut self,
        name: &str,
        from: impl Read,
        size: u64,
        packed: Option<Range<usize>>,
        hint: Hint,
    ) -> Result<bool, LimitReached> {
        let (bytes, complete) = self.out.inflate(&shown(name), from, size);
        if let Some(large) = packed.as_ref().filter(|packed| packed.len() >= LARGE) {
            open::give_back(&self.bytes[large.clone()]);
        }
        if complete || !bytes.is_empty() {
            self.hand_out(name, bytes, hint)?;
        }
        if let Some(packed) = packed.filter(|_| complete) {
            self.explain(packed);
        }
        Ok(complete)
    }

    /// Hands out what came out of a compressed stream that lies in `range`. Its name is that of a file, with the ending
    /// of its kind.
    pub(super) fn stream(&mut self, name: &str, range: Range<usize>, bytes: Bytes) -> Result<(), LimitReached> {
        let Some(range) = self.range(name, range.start as u64, range.len() as u64) else { return Ok(()) };
        self.files += 1;
        let ended = [".gz", ".zst", ".xz"].iter().find_map(|ending| name.strip_suffix(ending));
        let logical = ended.filter(|logical| !logical.is_empty()).unwrap_or(name);
        self.out.member_stream(name, logical, bytes)?;
        self.explain(range);
        Ok(())
    }

    /// Says that what follows is unpacked: from here on the executable is read once more, part by part, and need not stay
    /// in memory beside what comes out.
    pub(super) fn unpacks(&self) {
        open::give_back(self.bytes);
    }

    /// A part of the executable.
    pub(super) fn slice(&self, range: &Range<usize>) -> Bytes {
        self.bytes.slice(range.clone())
    }

    /// Accounts for a range of the executable.
    pub(super) fn explain(&mut self, range: Range<usize>) {
        self.out.explain(range.start as u64..range.end as u64);
        self.taken.add(range.start as u64..range.end as u64);
    }

    /// The ranges that were handed out so far, in order.
    pub(super) fn taken(&mut self) -> &[Range<u64>] {
        self.taken.merged()
    }

    /// Hands out a text that an embedded map has kept: a source as it was before it was bundled.
    pub(super) fn original(&mut self, name: &str, bytes: Bytes) -> Result<(), LimitReached> {
        let name = shown(name);
        let origin = source_map::origin(&name);
        self.originals += u64::from(origin == Origin::FirstParty);
        self.texts += 1;
        if origin == Origin::FirstParty {
            self.commented |= reading::read(&bytes, Language::of(&name)).comments > 0;
        }
        self.record(&name, origin, Some(Kept::of(&bytes)));
        self.out.member(&name, Role::EmbeddedSource, bytes)
    }

    /// Hands out a file, and counts what it is.
    pub(super) fn hand_out(&mut self, name: &str, bytes: Bytes, hint: Hint) -> Result<(), LimitReached> {
        let name = shown(name);
        self.files += 1;
        if matches!(hint, Hint::Bytecode | Hint::Runtime) {
            // That a module is compiled is said of the application, and not of each of them.
            self.modules += u64::from(hint == Hint::Bytecode);
            return self.out.member(&name, Role::Header, bytes);
        }
        let is_text = !bytes.is_empty() && text::looks_like_text(&bytes[..bytes.len().min(HEAD)]);
        self.texts += u64::from(is_text);
        let language = match (hint, Language::of(&name)) {
            (Hint::Derived, _) => Language::None,
            (Hint::Script, Language::None) => Language::JavaScript,
            (_, language) => language,
        };
        let role = if is_text && language != Language::None {
            self.script(&name, &bytes, language)
        } else {
            Role::ArchiveMember
        };
        self.out.member(&name, role, bytes)
    }

    /// Judges a script: one that can be read as it was written is a source.
    fn script(&mut self, name: &str, bytes: &Bytes, language: Language) -> Role {
        let origin = self.whose(name);
        if origin != Origin::FirstParty {
            self.record(name, origin, None);
            return Role::ArchiveMember;
        }
        let reading = reading::read(bytes, language);
        if language == Language::Original || (reading.lines && reading.comments > 0) {
            self.sources += 1;
            self.commented |= reading.comments > 0;
            self.record(name, origin, Some(Kept::of(bytes)));
            return Role::EmbeddedSource;
        }
        if reading.lines {
            self.plain += 1;
        } else {
            self.minified += 1;
        }
        Role::ArchiveMember
    }

    /// Whether a file is a script of the application's own, by its name.
    pub(super) fn is_script(&self, name: &str) -> bool {
        Language::of(name) != Language::None && self.whose(name) == Origin::FirstParty
    }

    /// Counts a file that somebody else hands out, and judges its text if it is a script.
    pub(super) fn judged(&mut self, name: &str, text: Option<&Bytes>) {
        self.files += 1;
        let Some(text) = text.filter(|text| text::looks_like_text(&text[..text.len().min(HEAD)])) else { return };
        self.texts += 1;
        let language = Language::of(name);
        let reading = reading::read(text, language);
        if language == Language::Original || (reading.lines && reading.comments > 0) {
            self.sources += 1;
            self.commented |= reading.comments > 0;
        } else if reading.lines {
            self.plain += 1;
        } else {
            self.minified += 1;
        }
    }

    fn whose(&self, name: &str) -> Origin {
        let path = name.replace('\\', "/");
        for folder in ["site-packages/", "dist-packages/"] {
            if let Some((_, inside)) = path.split_once(folder) {
                return Origin::third_party(inside.split('/').next().unwrap_or(inside));
            }
        }
        let first = path.split('/').find(|part| !part.is_empty()).unwrap_or_default();
        if self.packages.contains(first.trim_end_matches(".py")) {
            return Origin::third_party(first);
        }
        // What was fetched from the web when the application was built is published already.
        if let Some(host) = path.strip_prefix("https://").or_else(|| path.strip_prefix("http://")) {
            return Origin::third_party(host.split('/').next().unwrap_or(host));
        }
        match source_map::origin(&path) {
            third @ Origin::ThirdParty { .. } => third,
            Origin::FirstParty | Origin::Generated => Origin::FirstParty,
        }
    }

    fn record(&mut self, name: &str, origin: Origin, text: Option<Kept>) {
        self.records += 1;
        if self.records == SOURCES {
            self.out.gap(format!("it carries more than {SOURCES} sources; the rest was not told apart"));
        }
        if self.records < SOURCES {
            self.out.source(SourceRecord { name: name.to_owned(), origin, text });
        }
    }

    /// Counts files that somebody else hands out, by their languages.
    pub(super) fn listed(&mut self, files: impl Iterator<Item = Language>) {
        for language in files {
            self.files += 1;
            self.sources += u64::from(language == Language::Original);
        }
    }

    /// Notes an environment variable that the application carries with its value.
    pub(super) fn variable(&mut self, name: &str) {
        self.env += 1;
        if self.env_names.len() < NAMES {
            self.env_names.insert(name.chars().take(100).collect());
        }
    }

    /// Whether anything was found.
    pub(super) fn found(&self) -> bool {
        self.kind.is_some() || self.payloads > 0
    }

    /// States what was counted.
    pub(super) fn state(self) {
        let out = self.out;
        for (name, text) in [
            ("application.kind", self.kind.map(str::to_owned)),
            ("application.entry", self.entry.map(|entry| shown(&entry))),
            ("application.carrier", self.carrier.map(|carrier| shown(&carrier))),
        ] {
            if let Some(text) = text {
                out.fact(name, text);
            }
        }
        if self.payloads > 0 {
            out.fact("application.payloads", self.payloads);
        }
        if self.kind.is_none() {
            return;
        }
        out.family(Family::Application);
        out.fact("application.files", self.files);
        out.fact("application.texts", self.texts);
        out.fact("application.sources", self.sources + self.originals);
        for (name, number) in [
            ("application.plain", self.plain),
            ("application.minified", self.minified),
            ("application.originals", self.originals),
            ("application.modules", self.modules),
            ("application.env", self.env),
        ] {
            if number > 0 {
                out.fact(name, number);
            }
        }
        if self.sources + self.originals > 0 {
            out.fact("application.comments", self.commented);
        }
        if self.env > 0 {
            out.fact("application.env_names", self.env_names.into_iter().collect::<Vec<_>>());
        }
    }
}

/// A list of files in JSON, of a size that lists have. How deep it may nest, the reader bounds.
///
/// # Errors
/// In words, why it is none.
pub(super) fn json(bytes: &[u8]) -> Result<serde_json::Value, String> {
    if bytes.len() > MOST_JSON {
        return Err(format!("it has more than {MOST_JSON} bytes"));
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// A name as it is handed out: never empty, and of a length that can be read.
fn shown(name: &str) -> String {
    let name = name.trim_matches('\0');
    let count = name.chars().count();
    match count {
        0 => "(no name)".to_owned(),
        _ if count > LONGEST_NAME => format!("…{}", name.chars().skip(count - LONGEST_NAME).collect::<String>()),
        _ => name.to_owned(),
    }
}
