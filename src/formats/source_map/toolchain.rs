//! Which tool made a map, recognised by the map's own traits, and the setting of that tool that keeps sources out.

/// What to change in the build.
#[must_use]
pub fn setting(bundler: &str) -> &'static str {
    let _ = bundler;
    ""
}
