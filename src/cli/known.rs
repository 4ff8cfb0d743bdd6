//! `--known-secrets`: where the values come from.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use lastlook::report::sanitize;
use lastlook::rules::{RuleSet, known};

use super::dotenv;

/// Where known values are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownArg {
    /// Variables of the environment: names, and beginnings of names that end in `*`.
    Environment(Vec<String>),
    /// A file of `NAME=value` lines.
    File(std::path::PathBuf),
}

impl FromStr for KnownArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as env:NAME[,NAME…], env:PREFIX* or file:PATH".to_owned();
        match text.split_once(':').ok_or_else(wrong)? {
            ("env", names) => {
                let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
                let odd =
                    |name: &String| name.trim_end_matches('*').is_empty() || name.trim_end_matches('*').contains('*');
                if names.iter().any(odd) { Err(wrong()) } else { Ok(KnownArg::Environment(names)) }
            }
            ("file", path) if !path.is_empty() => Ok(KnownArg::File(path.into())),
            _ => Err(wrong()),
        }
    }
}

/// Adds a rule for every value. A value that cannot be searched for is told, and passed over: it may be a name among
/// many that a beginning stands for.
pub fn add(set: &mut RuleSet, from: &[KnownArg]) -> Result<()> {
    for (name, value) in values(from)? {
        if let Err(refusal) = known::add(set, &name, &value) {
            eprintln!("warning: the value of {} is not searched for: {refusal}", sanitize::escape(&name));
        }
    }
    Ok(())
}

fn values(from: &[KnownArg]) -> Result<Vec<(String, String)>> {
    let mut values = Vec::new();
    for one in from {
        match one {
            KnownArg::Environment(names) => {
                for name in names {
                    values.extend(from_environment(name)?);
                }
            }
            KnownArg::File(path) => values.extend(from_file(path)?),
        }
    }
    values.sort();
    values.dedup();
    Ok(values)
}

fn from_environment(name: &str) -> Result<Vec<(String, String)>> {
    if let Some(beginning) = name.strip_suffix('*') {
        let all =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let found: Vec<(String, String)> = all.filter(|(name, _)| name.starts_with(beginning)).collect();
        if found.is_empty() {
            eprintln!("warning: no variable of the environment begins with {}", sanitize::escape(beginning));
        }
        return Ok(found);
    }
    match std::env::var(name) {
        Ok(value) => Ok(vec![(name.to_owned(), value)]),
        Err(std::env::VarError::NotUnicode(_)) => bail!("the value of {name} is no text, and cannot be searched for"),
        Err(std::env::VarError::NotPresent) => bail!(
            "--known-secrets names {name}, which is not set\n  hint: hand it to this step of the pipeline; env:{name}* \
             takes it only where it is set"
        ),
    }
}

fn from_file(path: &Path) -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    dotenv::read(&text).map_err(|line| {
        anyhow::anyhow!("{}:{line}: this is no NAME=value line\n  hint: quote values of several lines", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_variables_beginnings_and_files() {
        let names = |names: &[&str]| KnownArg::Environment(names.iter().map(ToString::to_string).collect());
        assert_eq!("env:NPM_TOKEN, CI_*".parse(), Ok(names(&["NPM_TOKEN", "CI_*"])));
        assert_eq!("file:.env".parse(), Ok(KnownArg::File(".env".into())));
        for wrong in ["NPM_TOKEN", "env:", "env:A,,B", "env:*", "env:A*B*", "file:", "vault:x"] {
            assert!(wrong.parse::<KnownArg>().is_err(), "{wrong}");
        }
    }
}
