//! Configurations: what an image sets, and what it remembers of its build.

use memchr::memmem;
use serde_json::{Map, Value};

use super::{FACTS, LISTED, LONGEST, NAME};
use crate::bytes::{Bytes, Probe};
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection, LimitReached};

/// The configuration of an image: environment, labels, history (OCI config.md; docker image specification 1.2).
#[derive(Debug, Clone, Copy)]
pub struct ImageConfig;

impl Format for ImageConfig {
    fn name(&self) -> &'static str {
        "image-config"
    }

    fn summary(&self) -> &'static str {
        "Configurations of container images: environment, labels and the history with its build arguments are members, \
         line by line."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let has = |key: &[u8]| memmem::find(probe.head(), key).is_some() || memmem::find(probe.tail(), key).is_some();
        probe.head().trim_ascii_start().first() == Some(&b'{') && has(b"\"rootfs\"") && has(b"\"diff_ids\"")
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        if artifact.bytes.len() > LONGEST {
            return Err(FormatError::NotThis);
        }
        let value: Value = serde_json::from_slice(&artifact.bytes).map_err(|_| FormatError::NotThis)?;
        let Value::Object(mut fields) = value else { return Err(FormatError::NotThis) };
        if !fields.get("rootfs").is_some_and(|rootfs| rootfs.get("diff_ids").is_some_and(Value::is_array)) {
            return Err(FormatError::NotThis);
        }
        environment(&mut fields, out)?;
        labels(&mut fields, out)?;
        history(&mut fields, out)?;
        // In a list, so that what is left is not taken for a configuration once more.
        let rest = serde_json::to_vec_pretty(&[fields]).map_err(|_| FormatError::NotThis)?;
        out.member("configuration", Role::DecodedText, Bytes::from(rest))?;
        Ok(Coverage::Whole)
    }
}

/// What a key of `config` holds, taken out of it. Where it has another shape than it should, it stays and is searched there.
fn taken(fields: &mut Map<String, Value>, key: &str, has_shape: fn(&Value) -> bool) -> Option<Value> {
    let config = fields.get_mut("config")?.as_object_mut()?;
    if has_shape(config.get(key)?) { config.remove(key) } else { None }
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

fn is_map_of_texts(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| fields.values().all(Value::is_string))
}

fn environment(fields: &mut Map<String, Value>, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
    let Some(Value::Array(items)) = taken(fields, "Env", is_texts) else { return Ok(()) };
    let lines: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    out.fact("image.environment", lines.len());
    let pairs = lines.iter().filter_map(|line| line.split_once('='));
    let names = secret_names(pairs);
    out.fact("image.secret_environment", names.len());
    out.fact("image.secret_environment_names", names);
    out.member("Env", Role::DecodedText, joined(&lines))
}

fn labels(fields: &mut Map<String, Value>, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
    let Some(Value::Object(labels)) = taken(fields, "Labels", is_map_of_texts) else { return Ok(()) };
    let lines: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    out.member("Labels", Role::DecodedText, joined(&lines))
}

/// The steps of the build, one after the other: what each has run, and the comment on it.
fn history(fields: &mut Map<String, Value>, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
    let is_history = |value: &Value| value.as_array().is_some_and(|steps| steps.iter().all(Value::is_object));
    if !fields.get("history").is_some_and(is_history) {
        return Ok(());
    }
    let Some(Value::Array(mut steps)) = fields.remove("history") else { return Ok(()) };
    out.fact("image.history", steps.len());
    let mut lines = Vec::new();
    for step in steps.iter_mut().filter_map(Value::as_object_mut) {
        for key in ["created_by", "comment", "author"] {
            if let Some(Value::String(text)) = step.get(key) {
                lines.push(text.clone());
                step.remove(key);
            }
        }
    }
    let arguments: Vec<(&str, &str)> = lines.iter().flat_map(|line| arguments(line)).collect();
    let mut names: Vec<String> = arguments.iter().map(|(name, _)| name.chars().take(NAME).collect()).collect();
    names.sort();
    names.dedup();
    names.truncate(LISTED);
    out.fact("image.build_arguments", names);
    let names = secret_names(arguments.into_iter());
    out.fact("image.secret_arguments", names.len());
    out.fact("image.secret_argument_names", names);
    out.member("history", Role::DecodedText, joined(&lines))?;
    // When each step was made says nothing; anything else does.
    fields.insert("history".to_owned(), Value::Array(steps));
    Ok(())
}

fn joined(lines: &[impl AsRef<str>]) -> Bytes {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    Bytes::from(text)
}

/// Build arguments and their values in a step: `ARG NAME=value`, `ENV NAME=value`, and `|2 NAME=value OTHER=value /bin/sh
/// -c …`, which is how docker writes down the arguments that a step has seen.
fn arguments(line: &str) -> Vec<(&str, &str)> {
    let line = line.strip_prefix("/bin/sh -c #(nop)").unwrap_or(line).trim_start();
    if let Some(rest) = line.strip_prefix("ARG ").or_else(|| line.strip_prefix("ENV ")) {
        return rest.split_whitespace().filter_map(|part| part.split_once('=')).collect();
    }
    let rest = line.strip_prefix("RUN ").unwrap_or(line);
    let Some((number, rest)) = rest.strip_prefix('|').and_then(|rest| rest.split_once(' ')) else { return Vec::new() };
    let number = number.parse().unwrap_or(0);
    // A value may have spaces in it: what follows the last argument is no name and `=` any more.
    rest.split_whitespace()
        .take_while(|part| !part.starts_with('/'))
        .filter_map(|part| part.split_once('='))
        .take(number)
        .collect()
}

/// The names that say that their value is a secret, where there is a value that can be one.
fn secret_names<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut names: Vec<String> = pairs
        .filter(|(name, value)| is_secret_name(name) && is_value(value))
        .map(|(name, _)| name.chars().take(NAME).collect())
        .collect();
    names.sort();
    names.dedup();
    names.truncate(LISTED);
    names
}

fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "APIKEY",
        "API_KEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "CREDENTIAL",
    ];
    // `DB_PASSWORD_FILE` says where the password is, and not what it is.
    const ELSEWHERE: [&str; 7] = ["_FILE", "_PATH", "_URL", "_URI", "_NAME", "_ID", "_TTL"];
    let name = name.to_uppercase();
    WORDS.iter().any(|word| name.contains(word)) && !ELSEWHERE.iter().any(|ending| name.ends_with(ending))
}

/// Whether the text can be a secret: no switch, no number, no path, and no reference to something else.
fn is_value(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    let is_switch =
        matches!(value.to_lowercase().as_str(), "true" | "false" | "yes" | "no" | "none" | "null" | "changeme");
    let is_elsewhere = value.starts_with(['$', '/', '<', '*']) || value.contains("${");
    value.len() >= 6 && !is_switch && !is_elsewhere && !value.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn environment_labels_and_history_are_members_line_by_line() {
        let config = br#"{"architecture":"amd64","config":{"Env":["PATH=/bin","DB_PASSWORD=harbour-7"],"Labels":{"team":"pilots"},
            "Cmd":["run"]},"history":[{"created":"2026-01-01","created_by":"ARG NPM_TOKEN=tidewater"},
            {"created_by":"RUN |2 NPM_TOKEN=tidewater MODE=x /bin/sh -c npm ci # buildkit","odd":"kept"}],
            "rootfs":{"type":"layers","diff_ids":["sha256:a"]}}"#;
        let looked = inspect(&ImageConfig, "c", config);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        let text = |name: &str| {
            let member = looked.members.iter().find(|member| member.path.logical() == name).unwrap();
            String::from_utf8(member.bytes.to_vec()).unwrap()
        };
        assert_eq!(text("Env"), "PATH=/bin\nDB_PASSWORD=harbour-7\n");
        assert_eq!(text("Labels"), "team=pilots\n");
        assert!(text("history").starts_with("ARG NPM_TOKEN=tidewater\nRUN |2 "));
        assert!(!ImageConfig.sniff(&Probe::new("configuration", text("configuration").as_bytes())));
        assert!(text("configuration").contains("\"Cmd\"") && text("configuration").contains("kept"));
        let fact = |name: &str| looked.stated.facts.get(name).unwrap().to_string();
        assert_eq!(fact("image.secret_environment_names"), "DB_PASSWORD");
        assert_eq!(
            (fact("image.build_arguments"), fact("image.secret_argument_names")),
            ("MODE, NPM_TOKEN".to_owned(), "NPM_TOKEN".to_owned())
        );
    }

    #[test]
    fn what_has_another_shape_stays_where_it_is_and_is_searched_there() {
        let config =
            br#"{"config":{"Env":["A=1",{"B":"inner"}],"Labels":[1]},"history":"none","rootfs":{"diff_ids":[]}}"#;
        let looked = inspect(&ImageConfig, "c", config);
        assert_eq!(looked.members.len(), 1);
        assert!(looked.members[0].bytes.windows(5).any(|window| window == b"inner"));
        for other in [&br#"{"rootfs":{"diff_ids":[]"#[..], br#"{"a":{"rootfs":{"diff_ids":[]}}}"#] {
            assert!(inspect(&ImageConfig, "c", other).result.is_err());
        }
    }

    #[test]
    fn only_values_that_can_be_secrets_count() {
        let names = |pairs: &[(&'static str, &'static str)]| secret_names(pairs.iter().copied());
        assert!(names(&[("DB_PASSWORD", "true"), ("TOKEN", "$TOKEN"), ("SECRET_FILE", "harbour-pilot")]).is_empty());
        assert!(
            names(&[("GPG_KEY", "A035C8C19219BA821ECEA86B"), ("TOKEN_TTL", "harbour"), ("TOKENS", "100000")])
                .is_empty()
        );
        assert_eq!(names(&[("app_token", "harbour"), ("API_KEY", "'harbour'")]), ["API_KEY", "app_token"]);
    }
}
