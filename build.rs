//! Gathers `rules/**/*.toml` so that the binary carries them: their text, and their tables as values of Rust.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    collect(&root.join("rules"), &mut files)?;
    files.sort();
    let mut texts = String::from("&[\n");
    let mut tables = Tables::default();
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).display().to_string().replace('\\', "/");
        let path = file.display().to_string();
        let _ = writeln!(texts, "    ({name:?}, include_str!({path:?})),");
        let content: toml::Table = fs::read_to_string(file)?.parse().map_err(io::Error::other)?;
        for rule in content.get("rule").and_then(toml::Value::as_array).into_iter().flatten() {
            tables.add(&name, rule.as_table().ok_or_else(|| io::Error::other("a rule is no table"))?)?;
        }
    }
    texts.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("builtin_rules.rs"), texts)?;
    fs::write(out.join("prepared_rules.rs"), tables.code())?;
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

/// What becomes a `PreparedTables` (`src/config/prepared.rs`).
#[derive(Default)]
struct Tables {
    text: String,
    places: HashMap<String, usize>,
    keys: Vec<String>,
    items: Vec<(usize, usize)>,
    values: Vec<String>,
    tables: Vec<String>,
}

impl Tables {
    fn add(&mut self, file: &str, table: &toml::Table) -> io::Result<()> {
        let first = self.values.len();
        for (key, value) in table {
            let known = self.keys.iter().position(|known| known == key).unwrap_or_else(|| {
                self.keys.push(key.clone());
                self.keys.len() - 1
            });
            let value = self.value(value)?;
            self.values.push(format!("({known}, {value})"));
        }
        let (file, number) = (self.text(file), self.values.len() - first);
        self.tables.push(format!("({file:?}, ({first}, {number}))"));
        Ok(())
    }

    /// The value as the code of a `Prepared`.
    fn value(&mut self, value: &toml::Value) -> io::Result<String> {
        Ok(match value {
            toml::Value::String(text) => format!("Prepared::Text({:?})", self.text(text)),
            toml::Value::Integer(number) => format!("Prepared::Integer({number})"),
            toml::Value::Float(number) => format!("Prepared::Number({number:?})"),
            toml::Value::Boolean(boolean) => format!("Prepared::Boolean({boolean})"),
            toml::Value::Array(items) => {
                let first = self.items.len();
                for item in items {
                    let text = item.as_str().ok_or_else(|| io::Error::other("a list of a rule holds texts only"))?;
                    let range = self.text(text);
                    self.items.push(range);
                }
                format!("Prepared::Texts(({first}, {}))", items.len())
            }
            other => return Err(io::Error::other(format!("no rule has such a value: {other}"))),
        })
    }

    /// Where a text stands among all texts, which have it once.
    fn text(&mut self, text: &str) -> (usize, usize) {
        let end = self.text.len();
        let place = *self.places.entry(text.to_owned()).or_insert(end);
        if place == end {
            self.text.push_str(text);
        }
        (place, text.len())
    }

    fn code(&self) -> String {
        let Tables { text, keys, items, values, tables, .. } = self;
        format!(
            "PreparedTables {{\ntext: {text:?},\nkeys: &{keys:?},\nitems: &{items:?},\nvalues: &[{}],\ntables: &[{}],\n}}\n",
            values.join(",\n"),
            tables.join(",\n")
        )
    }
}
