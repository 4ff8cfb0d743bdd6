//! Paths as a tree of folders, as much of it as there is room for.

use std::collections::BTreeMap;

use super::{Entry, Size};

/// A folder and everything in it.
#[derive(Debug, Default)]
pub(super) struct Folder<'e> {
    folders: BTreeMap<&'e str, Folder<'e>>,
    files: Vec<(&'e str, &'e Entry<'e>)>,
    size: Size,
}

/// One line of a tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// How deep it lies, from 0.
    pub(super) indent: usize,
    /// What stands there.
    pub(super) what: What,
}

/// What stands in a line of a tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A folder, and what is in it.
    Folder(String, Size),
    /// A file.
    File(String, Size),
    /// A file with the text of the entry at this position.
    Again(String, usize),
    /// So many lines were left out.
    More(usize),
}

impl<'e> Folder<'e> {
    /// The tree of these entries.
    pub(super) fn new(entries: impl IntoIterator<Item = &'e Entry<'e>>) -> Self {
        let mut root = Folder::default();
        for entry in entries {
            let (folders, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
            let mut folder = &mut root;
            folder.size.add(entry.size());
            for part in folders.split('/').filter(|part| !part.is_empty()) {
                folder = folder.folders.entry(part).or_default();
                folder.size.add(entry.size());
            }
            folder.files.push((name, entry));
        }
        root
    }

    /// The lines down to `depth` levels; 0 is none.
    pub(super) fn rows(&self, depth: usize) -> Vec<Row> {
        let mut rows = Vec::new();
        self.collect(0, depth, usize::MAX, &mut rows);
        rows
    }

    /// As many levels as fit into `room` lines; where not even the first one does, its first lines.
    pub(super) fn rows_within(&self, room: usize) -> Vec<Row> {
        let mut best: Vec<Row> = Vec::new();
        for depth in 1.. {
            let mut rows = Vec::new();
            self.collect(0, depth, room.saturating_add(1), &mut rows);
            if rows.len() > room {
                break;
            }
            if rows.len() == best.len() {
                return best;
            }
            best = rows;
        }
        if best.is_empty() {
            let all = self.rows(1);
            let left = all.len().saturating_sub(room);
            best = all.into_iter().take(room).collect();
            best.push(Row { indent: 0, what: What::More(left) });
        }
        best
    }

    fn collect(&self, indent: usize, depth: usize, most: usize, rows: &mut Vec<Row>) {
        if depth == 0 {
            return;
        }
        for (name, folder) in &self.folders {
            if rows.len() >= most {
                return;
            }
            let (name, folder) = folder.alone(name);
            rows.push(Row { indent, what: What::Folder(format!("{name}/"), folder.size) });
            folder.collect(indent + 1, depth - 1, most, rows);
        }
        for (name, entry) in self.files.iter().take(most.saturating_sub(rows.len())) {
            let name = (*name).to_owned();
            let what = entry
                .same_as
                .map_or_else(|| What::File(name.clone(), entry.size()), |first| What::Again(name.clone(), first));
            rows.push(Row { indent, what });
        }
    }

    /// The folder itself, or, where all it holds is one folder, that one, with both their names.
    fn alone(&self, name: &str) -> (String, &Folder<'e>) {
        let (mut name, mut folder) = (name.to_owned(), self);
        while let (1, true, Some((inner, only))) =
            (folder.folders.len(), folder.files.is_empty(), folder.folders.iter().next())
        {
            name = format!("{name}/{inner}");
            folder = only;
        }
        (name, folder)
    }
}
