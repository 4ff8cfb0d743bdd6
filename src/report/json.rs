//! `json`: everything, in one document.

use std::io;

use super::wire::WireReport;
use super::{Context, Report, safe_json};
use crate::scan::Outcome;

/// The `json` report: one document with everything in it. Its shape is documented in `docs/json.md`. There is no time
/// in it: the same outcome gives the same bytes.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Report for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn summary(&self) -> &'static str {
        "One JSON document with everything, for programs (docs/json.md)"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        safe_json::pretty(&WireReport::new(outcome, context), out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::testing;

    fn report() -> Value {
        serde_json::from_str(&testing::render(&Json, &testing::leaky())).unwrap()
    }

    #[test]
    fn a_finding_has_every_key_and_null_where_nothing_is_known() {
        let report = report();
        assert_eq!(report["schema"], 1);
        assert_eq!(report["tool"]["name"], "lastlook");
        assert_eq!(report["verdict"], "blocked");
        let map = &report["findings"][0];
        assert_eq!(map["rule"], "source-map-embedded-sources");
        assert_eq!(map["path"], "pkg.tgz!package/cli.js.map");
        assert_eq!(map["line"], Value::Null);
        assert_eq!(map["facts"], json!({"source_map.lines": 512_110, "source_map.sources": 1_902}));
        let keys: Vec<&String> = map.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 21, "{keys:?}");
        assert_eq!((&map["original"], &map["places"]), (&Value::Null, &json!([])));
        let token = &report["findings"][1];
        assert_eq!(token["secret"], testing::masked());
        assert_eq!((&token["line"], &token["column"]), (&json!(1), &json!(48_213)));
        assert_eq!((&token["offset"], &token["length"]), (&json!(48_212), &json!(40)));
        assert_eq!(token["original"], json!({"source": "../src/config.ts", "line": 12, "column": 7}));
        let place = &token["places"][0];
        assert_eq!((&place["path"], &place["line"]), (&json!("dist/cli #1.js.map!../src/config.ts"), &json!(12)));
        assert_eq!(place["fingerprint"].as_str().map(str::len), Some(32));
    }

    #[test]
    fn what_was_allowed_and_what_was_not_seen_is_told() {
        let report = report();
        assert_eq!(report["allowed"][0]["reason"], "the public demo key");
        assert_eq!(report["allowed"][0]["rule"], "npm-access-token");
        assert_eq!(report["gaps"][0]["stage"], "format");
        assert_eq!(report["stale"][0]["place"], "lastlook.toml:12");
        let totals = json!({"files": 12, "members": 1914, "bytes": 61_200_000, "errors": 3, "warnings": 1, "notes": 2, "gaps": 2});
        assert_eq!(report["totals"], totals);
    }

    #[test]
    fn every_key_is_documented() {
        fn keys(value: &Value, out: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    for (key, value) in map {
                        out.push(key.clone());
                        keys(value, out);
                    }
                }
                Value::Array(items) => items.iter().for_each(|item| keys(item, out)),
                _ => {}
            }
        }
        let mut all = Vec::new();
        keys(&report(), &mut all);
        let documentation = include_str!("../../docs/json.md");
        for key in all.iter().filter(|key| !key.contains('.')) {
            assert!(documentation.contains(&format!("`{key}`")), "docs/json.md does not explain `{key}`");
        }
    }
}
