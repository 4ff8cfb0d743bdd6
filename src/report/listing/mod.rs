//! The picture of what a stranger could rebuild: the sources of an outcome as a tree, as JSON, and as paths that may be
//! written.
//!
//! Nothing here writes a file: that is the command line's. Paths come from `safe_path`, secrets in names are masked.

mod human;
mod json;
mod safe_path;
mod tree;

pub use human::{View, human};
pub use json::json;
pub use safe_path::{Taken, safe};

use std::collections::{HashMap, HashSet};

use crate::scan::{Outcome, Source, Standing};

/// The sources of an outcome, each with a path that may be written below a folder.
#[derive(Debug)]
pub struct Listing<'o> {
    /// In the order of the outcome: by package, then by standing, then by place.
    pub entries: Vec<Entry<'o>>,
}

/// One source.
#[derive(Debug)]
pub struct Entry<'o> {
    /// What is known of it.
    pub source: &'o Source,
    /// Its path in the rebuilt tree of its package. No two sources of a package with a text have the same, not even but
    /// for case.
    pub path: String,
    /// Its path below the folder that everything is written to: with a folder for its package, where there are several.
    pub file: String,
    /// The entry before it, of the same package and standing, that has the same text: one text is counted once.
    pub same_as: Option<usize>,
}

/// How much it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Number of sources.
    pub files: u64,
    /// Number of lines.
    pub lines: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// What became of writing the sources out.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The folder.
    pub folder: String,
    /// How many files were written.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// What could not be written: its path below the folder, and why; sorted.
    pub missed: Vec<(String, String)>,
}

/// The words for what a source is to the publisher, in the order in which they are listed.
pub const STANDINGS: [&str; 5] = ["undisclosed", "shipped", "third_party", "generated", "names_only"];

/// The word of [`STANDINGS`] for a standing.
#[must_use]
pub fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Undisclosed => STANDINGS[0],
        Standing::Shipped => STANDINGS[1],
        Standing::ThirdParty { .. } => STANDINGS[2],
        Standing::Generated => STANDINGS[3],
        Standing::NamesOnly => STANDINGS[4],
    }
}

impl<'o> Listing<'o> {
    /// Gives every source of `outcome` its path.
    #[must_use]
    pub fn new(outcome: &'o Outcome) -> Self {
        let mut entries: Vec<Entry<'o>> = Vec::with_capacity(outcome.sources.len());
        let packages: Vec<&[Source]> = outcome.sources.chunk_by(|a, b| a.package == b.package).collect();
        let mut folders = Taken::default();
        for sources in &packages {
            let name = sources.first().map_or("", |source| source.package.as_str());
            let folder = folders.claim(&safe([name.rsplit(['/', '\\', '!']).next().unwrap_or(name)]));
            let folder = Some(folder).filter(|_| packages.len() > 1);
            add(&mut entries, sources, folder.as_deref());
        }
        Listing { entries }
    }

    /// The entries of each package.
    pub fn packages(&self) -> impl Iterator<Item = &[Entry<'o>]> {
        self.entries.chunk_by(|a, b| a.source.package == b.source.package)
    }

    /// How much of all packages has this standing, as one of [`STANDINGS`]: embedded texts, and for `names_only` names. A text that is in several packages (a folder
    /// and the archive made of it) is counted once.
    #[must_use]
    pub fn total(&self, standing: &str) -> Size {
        let (mut sum, mut known) = (Size::default(), HashSet::new());
        let counted = |entry: &&Entry<'_>| entry.is_embedded() || entry.source.standing == Standing::NamesOnly;
        let of_standing = self.entries.iter().filter(|entry| word(&entry.source.standing) == standing);
        for entry in of_standing.filter(counted) {
            if entry.source.text.is_none_or(|text| known.insert(text.id)) {
                sum.add(entry.size());
            }
        }
        sum
    }
}

/// Adds the entries of one package.
fn add<'o>(entries: &mut Vec<Entry<'o>>, sources: &'o [Source], folder: Option<&str>) {
    let mut taken = Taken::default();
    let mut known = HashMap::new();
    for source in sources {
        let path = safe([source.place.as_str()]);
        // What is only named takes no path away from what can be written.
        let path = if source.text.is_some() { taken.claim(&path) } else { path };
        let index = entries.len();
        let same_as = source.text.and_then(|text| {
            let first = *known.entry((word(&source.standing), text.id)).or_insert(index);
            Some(first).filter(|first| *first != index)
        });
        let file = folder.map_or_else(|| path.clone(), |folder| format!("{folder}/{path}"));
        entries.push(Entry { source, path, file, same_as });
    }
}

impl Entry<'_> {
    /// Its size; nothing where the same text was counted already.
    #[must_use]
    pub fn size(&self) -> Size {
        match (self.same_as, self.source.text) {
            (None, Some(text)) => Size { files: 1, lines: text.lines, bytes: text.bytes },
            (None, None) => Size { files: 1, lines: 0, bytes: 0 },
            (Some(_), _) => Size::default(),
        }
    }

    /// Whether its text is in the target. The others are known by name only, or by a file that ships anyway.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.source.text.is_some()
    }
}

impl Size {
    /// The sum over these entries.
    #[must_use]
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry<'e>>) -> Self {
        let mut sum = Size::default();
        entries.into_iter().for_each(|entry| sum.add(entry.size()));
        sum
    }

    fn add(&mut self, more: Size) {
        self.files = self.files.saturating_add(more.files);
        self.lines = self.lines.saturating_add(more.lines);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}
