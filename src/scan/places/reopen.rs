//! Reading an artifact once more at the end of a scan. During the scan nothing is kept for it: most scans find no secret,
//! and what was decompressed would fill the memory.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::bytes::{Budget, Bytes, Limits, Probe, open};
use crate::finding::{Artifact, ArtifactPath, Role};
use crate::formats::{FORMATS, Inspection};
use crate::scan::walk::Listed;

/// Reads artifacts by their paths. The wanted members of one file are read together, and kept until another file with
/// members is asked for.
pub struct Reopen<'s> {
    limits: &'s Limits,
    files: HashMap<&'s ArtifactPath, &'s Listed>,
    wanted: HashMap<ArtifactPath, BTreeSet<ArtifactPath>>,
    open: Option<ArtifactPath>,
    members: HashMap<ArtifactPath, Bytes>,
}

impl<'s> Reopen<'s> {
    pub fn new(limits: &'s Limits, files: &'s [Listed]) -> Self {
        let files = files.iter().map(|file| (&file.name, file)).collect();
        Reopen { limits, files, wanted: HashMap::new(), open: None, members: HashMap::new() }
    }

    /// Says that this artifact will be asked for.
    pub fn want(&mut self, path: &ArtifactPath) {
        self.wanted.entry(path.root().clone()).or_default().insert(path.clone());
    }

    /// The file on disk behind a path, where it is no member.
    pub fn on_disk(&self, path: &ArtifactPath) -> Option<&'s Path> {
        self.files.get(path).map(|file| file.path.as_path())
    }

    /// The bytes of an artifact that was wanted. `None` where it cannot be read any more.
    pub fn read(&mut self, path: &ArtifactPath) -> Option<Bytes> {
        let root = path.root();
        let file = self.files.get(root)?;
        if path == root {
            return open::open(&file.path, self.limits.file).ok();
        }
        if self.open.as_ref() != Some(root) {
            self.members.clear();
            self.open = Some(root.clone());
            let bytes = open::open(&file.path, self.limits.file).ok()?;
            self.look(&Artifact { path: root.clone(), role: Role::File, bytes });
        }
        self.members.get(path).cloned()
    }

    /// Opens containers on the way to what is wanted, and nothing else.
    fn look(&mut self, root: &Artifact) {
        let Some(wanted) = self.wanted.get(&root.path).cloned() else { return };
        let ways: HashSet<&ArtifactPath> =
            wanted.iter().flat_map(|path| std::iter::successors(path.parent(), |path| path.parent())).collect();
        let budget = Budget::new(self.limits.handed_out_from(root.bytes.len() as u64));
        let mut waiting = vec![root.clone()];
        while let Some(artifact) = waiting.pop() {
            let mut sink = |member: Artifact| {
                if wanted.contains(&member.path) {
                    self.members.entry(member.path.clone()).or_insert_with(|| member.bytes.clone());
                }
                if ways.contains(&member.path) {
                    waiting.push(member);
                }
            };
            let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
            for format in FORMATS {
                let mut out = Inspection::new(&artifact, self.limits, &mut sink).held_to(&budget);
                // What fails here has failed before, and has its gap.
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    format.sniff(&probe) && format.inspect(&artifact, &mut out).is_ok()
                }));
            }
        }
    }
}
