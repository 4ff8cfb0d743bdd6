//! Gathers `rules/**/*.toml` so that the binary carries them: their text, and their tables as values of Rust.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    collect(&root.join("rules"), &mut files)?;
    files.sort();
    let mut texts = String::from("&[\n");
    let mut tables = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).display().to_string().replace('\\', "/");
        let path = file.display().to_string();
        let _ = writeln!(texts, "    ({name:?}, include_str!({path:?})),");
        let content: toml::Table = fs::read_to_string(file)?.parse().map_err(io::Error::other)?;
        for rule in content.get("rule").and_then(toml::Value::as_array).into_iter().flatten() {
            let _ = writeln!(tables, "    ({name:?}, &[");
            for (key, value) in rule.as_table().into_iter().flatten() {
                let _ = writeln!(tables, "        ({key:?}, {}),", prepared(value)?);
            }
            tables.push_str("    ]),\n");
        }
    }
    texts.push_str("]\n");
    tables.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("builtin_rules.rs"), texts)?;
    fs::write(out.join("prepared_rules.rs"), tables)?;
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The value as the code of a `Prepared`.
fn prepared(value: &toml::Value) -> io::Result<String> {
    Ok(match value {
        toml::Value::String(text) => format!("Prepared::Text({text:?})"),
        toml::Value::Integer(number) => format!("Prepared::Integer({number})"),
        toml::Value::Float(number) => format!("Prepared::Number({number:?})"),
        toml::Value::Boolean(boolean) => format!("Prepared::Boolean({boolean})"),
        toml::Value::Array(items) => {
            format!("Prepared::Texts(&{:?})", items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>())
        }
        other => return Err(io::Error::other(format!("no rule has such a value: {other}"))),
    })
}
