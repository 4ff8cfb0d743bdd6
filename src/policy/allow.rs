//! Allow entries: findings that are meant to be there.

use globset::{GlobBuilder, GlobMatcher};

use super::Date;
use crate::config::Table;
use crate::finding::{ArtifactPath, Finding};

/// One `[[allow]]` of a policy. It always names a rule and a reason, and always narrows the rule down by path or by
/// fingerprint: turning a whole rule off is what levels are for.
#[derive(Debug, Clone)]
pub struct AllowEntry {
    rule: String,
    path: Option<GlobMatcher>,
    fingerprint: Option<String>,
    /// Why it is meant to be there.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where it stands: `lastlook.toml:12`.
    pub place: String,
}

impl AllowEntry {
    /// Reads one entry, noting every mistake in it. `place` says where it stands.
    pub fn read(mut table: Table<'_, '_>, place: String) -> Option<Self> {
        let rule = table.required_text("rule");
        let path = table.text("path");
        let fingerprint = table.text("fingerprint");
        let reason = table.required_text("reason");
        let expires = table.parsed::<Date>("expires");
        if path.is_none() && fingerprint.is_none() {
            let hint = "to turn the rule off altogether, write it under [levels]".to_owned();
            table.mistake(table.span.clone(), "an allow entry needs a `path` or a `fingerprint`", Some(hint));
        }
        if let Some(reason) = &reason
            && reason.value.trim().len() < 3
        {
            table.mistake(reason.span.clone(), "the reason says nothing; the next reader will want to know", None);
        }
        let path = path.and_then(|path| match GlobBuilder::new(&path.value).literal_separator(true).build() {
            Ok(glob) => Some(glob.compile_matcher()),
            Err(error) => {
                table.mistake(path.span, error.to_string(), None);
                None
            }
        });
        if let Some(fingerprint) = &fingerprint
            && (fingerprint.value.len() != 32 || !fingerprint.value.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            table.mistake(
                fingerprint.span.clone(),
                "a fingerprint has 32 hexadecimal digits, as reports show it",
                None,
            );
        }
        table.finish();
        Some(AllowEntry {
            rule: rule?.value.into_owned(),
            path,
            fingerprint: fingerprint.map(|value| value.value.to_ascii_lowercase()),
            reason: reason?.value.into_owned(),
            expires: expires.map(|value| value.value),
            place,
        })
    }

    /// The rule it speaks of.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// Whether it speaks of `finding`, expired or not.
    #[must_use]
    pub fn covers(&self, finding: &Finding) -> bool {
        *self.rule == *finding.rule
            && self.path.as_ref().is_none_or(|glob| covers_path(glob, &finding.path))
            && self.fingerprint.as_ref().is_none_or(|fingerprint| fingerprint == finding.fingerprint.as_str())
    }

    /// Whether it speaks of one secret rather than of a place: by fingerprint.
    #[must_use]
    pub fn is_by_fingerprint(&self) -> bool {
        self.fingerprint.is_some()
    }

    /// Whether its time is over on `today`.
    #[must_use]
    pub fn has_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }
}

/// Whether a glob speaks of an artifact: of its path as reports show it, of its path inside the folder that was asked
/// about, or of the part inside any of its containers, so that `package/dist/*.map` means the same whether the package
/// was unpacked or not, and from wherever lastlook was called. The folder that everything in an archive lies in may be left
/// out: its name changes with every version.
fn covers_path(glob: &GlobMatcher, path: &ArtifactPath) -> bool {
    let shown = path.to_string();
    let inside = format!("{}{}", path.root().logical(), shown.strip_prefix(&path.root().to_string()).unwrap_or(""));
    let stable = path.stable();
    [&*shown, &*inside, &*stable]
        .into_iter()
        .chain(shown.match_indices('!').map(|(at, _)| &shown[at + 1..]))
        .any(|path| glob.is_match(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_the_same_from_wherever_one_looks() {
        let glob = GlobBuilder::new("dist/*.map").literal_separator(true).build().unwrap().compile_matcher();
        let covers = |path: &ArtifactPath| covers_path(&glob, path);
        assert!(covers(&ArtifactPath::file_in_target("dist/a.map", "a.map")));
        assert!(covers(&ArtifactPath::file_in_target("/home/x/dist/a.map", "dist/a.map")));
        assert!(covers(&ArtifactPath::file("p.tgz").decompressed("p.tar").member("dist/a.map")));
        assert!(covers(&ArtifactPath::file("tide-1.0.0.crate").decompressed("t").member("tide-1.0.0/dist/a.map")));
        assert!(!covers(&ArtifactPath::file_in_target("/home/x/dist/a.map", "a.map")));
        assert!(!covers(&ArtifactPath::file("dist/a.map").member("src/a.ts")));
    }
}
