//! Paths in a package.

/// The path without what means nothing in it: `.`, doubled separators, and a separator at either end. What leads out of
/// the package (`..`) stays, so that nobody can approve it by another name.
#[must_use]
pub fn plain(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

/// A path as a manifest may name it.
///
/// # Errors
/// Why it may not, in a few words.
pub fn approvable(path: &str) -> Result<String, &'static str> {
    if path.starts_with('/') {
        return Err("it begins with `/`, but paths are those inside the package");
    }
    if path.split('/').any(|part| part == "..") {
        return Err("it leads out of the package");
    }
    match plain(path) {
        plain if plain.is_empty() => Err("it names no file"),
        plain => Ok(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_however_it_is_written() {
        assert_eq!([plain("./a//b/"), plain("/a/./b"), plain("a/../b")], ["a/b", "a/b", "a/../b"]);
        assert_eq!(approvable("./dist/./a.js"), Ok("dist/a.js".to_owned()));
        for wrong in ["/etc/passwd", "../a", "a/../../b", "", ".", "./"] {
            assert!(approvable(wrong).is_err(), "{wrong}");
        }
    }
}
