//! SARIF as other tools read it.

use serde_json::{Value, json};

use super::*;
use crate::report::testing;

/// The errors that the published schema finds.
fn schema_errors(report: &Value) -> Vec<String> {
    let schema = include_str!("../../tests/support/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    // The published pattern of two keys that we do not write is no valid regular expression (a `]` too many).
    for owner in ["run", "toolComponent"] {
        let language = schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap();
        assert!(language.remove("pattern").unwrap().as_str().unwrap().ends_with("]?$"));
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.iter_errors(report).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn report(outcome: &Outcome) -> Value {
    serde_json::from_str(&testing::render(&Sarif, outcome)).unwrap()
}

#[test]
fn the_published_schema_accepts_it() {
    for outcome in [testing::empty(), testing::leaky(), testing::hostile()] {
        assert_eq!(schema_errors(&report(&outcome)), [""; 0]);
    }
    let mut broken = report(&testing::leaky());
    broken["runs"][0]["results"][0]["level"] = json!("fatal");
    assert_eq!(schema_errors(&broken).len(), 1, "the schema must be able to refuse");
    broken["runs"][0]["results"][0]["level"] = json!("error");
    broken["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = json!("a b");
    assert_eq!(schema_errors(&broken).len(), 1, "formats must be checked");
}

#[test]
fn a_result_names_the_file_and_the_member() {
    let report = report(&testing::leaky());
    let run = &report["runs"][0];
    let map = &run["results"][0];
    let location = &map["locations"][0];
    assert_eq!(location["physicalLocation"], json!({"artifactLocation": {"uri": "pkg.tgz"}}));
    let member = json!([{"name": "cli.js.map", "fullyQualifiedName": "pkg.tgz!package/cli.js.map"}]);
    assert_eq!(location["logicalLocations"], member);
    assert_eq!((&map["level"], &map["suppressions"]), (&json!("error"), &json!([])));
    let rule = &run["tool"]["driver"]["rules"][map["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!((&rule["id"], &rule["name"]), (&map["ruleId"], &json!("SourceMapEmbeddedSources")));
    assert_eq!(rule["properties"]["security-severity"], "8.0");

    let token = &run["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(token["artifactLocation"]["uri"], "dist/cli%20%231.js");
    let region = json!({"startLine": 1, "startColumn": 48_213, "byteOffset": 48_212, "byteLength": 40});
    assert_eq!(token["region"], region);
    let related = &run["results"][1]["relatedLocations"];
    let origin =
        json!({"artifactLocation": {"uri": "../src/config.ts"}, "region": {"startLine": 12, "startColumn": 7}});
    assert_eq!(related[0]["physicalLocation"], origin);
    assert_eq!(
        related[1]["logicalLocations"][0]["fullyQualifiedName"], "dist/cli #1.js.map!../src/config.ts",
        "{related:#}"
    );
}

#[test]
fn allowed_findings_are_suppressed_and_gaps_are_notifications() {
    let report = report(&testing::leaky());
    let run = &report["runs"][0];
    let suppressed: Vec<&Value> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|result| result["suppressions"].as_array().unwrap())
        .collect();
    assert_eq!(suppressed, [&json!({"kind": "external", "justification": "the public demo key"})]);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["exitCode"], 1);
    assert_eq!(invocation["toolExecutionNotifications"].as_array().unwrap().len(), 2);
    assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
    assert_eq!(invocation["toolConfigurationNotifications"][0]["descriptor"]["id"], "stale-allow-entry");
}

#[test]
fn what_does_not_fit_is_counted() {
    let mut outcome = testing::leaky();
    let finding = outcome.findings[1].clone();
    outcome.findings.extend(std::iter::repeat_n(finding, RESULTS));
    outcome.gaps = vec![outcome.gaps[0].clone(); NOTIFICATIONS + 2];
    let report = report(&outcome);
    assert_eq!(schema_errors(&report), [""; 0]);
    let run = &report["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), RESULTS);
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let texts: Vec<&str> =
        notes[NOTIFICATIONS..].iter().map(|note| note["message"]["text"].as_str().unwrap()).collect();
    assert!(texts[0].starts_with("7 results more than the 5,000"), "{texts:?}");
    assert!(texts[1].starts_with("2 gaps more than the 1,000"), "{texts:?}");
}

#[test]
fn paths_become_valid_references() {
    assert_eq!(relative_uri("", "dist/a b.js"), "dist/a%20b.js");
    assert_eq!(relative_uri("dist/", "c:d?#%.js"), "dist/c%3Ad%3F%23%25.js");
    assert_eq!(relative_uri(".", "./a.js"), "a.js");
    assert_eq!(relative_uri("dist", "/abs/é"), "file:///abs/%C3%A9");
    assert_eq!(relative_uri("", "//host/x"), "file:///host/x");
}

#[test]
fn hostile_text_makes_no_link_and_no_placeholder() {
    assert_eq!(message("see [here](https://example.test) {0}\n"), "see \\[here\\](https://example.test) {{0}}\\u{{a}}");
    assert_eq!(message("pages/[id].js"), "pages/[id].js");
}

#[test]
fn a_place_in_an_executable_has_its_section_and_address() {
    let mut outcome = testing::leaky();
    let place = |name: &str, address| Some(crate::finding::Section { name: name.to_owned(), address });
    let mut told = |section: Option<crate::finding::Section>| {
        outcome.findings[3].section = section;
        let sarif = report(&outcome);
        assert_eq!(schema_errors(&sarif), [""; 0]);
        let human = testing::render(&crate::report::Human, &outcome);
        let json: Value = serde_json::from_str(&testing::render(&crate::report::Json, &outcome)).unwrap();
        let address = sarif["runs"][0]["results"][3]["locations"][0]["physicalLocation"]["address"].clone();
        (address, json["findings"][3]["section"].clone(), human)
    };
    let (sarif, json, human) = told(place("__TEXT,__cstring", Some(0x1_0000_4034)));
    assert_eq!(
        sarif,
        json!({"absoluteAddress": 0x1_0000_4034_u64, "fullyQualifiedName": "__TEXT,__cstring at 0x100004034"})
    );
    assert_eq!(json, json!({"name": "__TEXT,__cstring", "address": "0x100004034"}));
    assert!(human.contains("lib.node:+4096 (__TEXT,__cstring at 0x100004034)"), "{human}");
    let (sarif, json, _) = told(place(".comment", None));
    assert_eq!((sarif, json["address"].clone()), (json!({"fullyQualifiedName": ".comment"}), Value::Null));
    let (sarif, json, _) = told(place(".text", Some(u64::MAX)));
    assert_eq!((&sarif["absoluteAddress"], &json["address"]), (&Value::Null, &json!("0xffffffffffffffff")));
    assert_eq!(told(None).0, Value::Null);
}

#[test]
fn packages_have_verdicts_and_results_name_theirs() {
    let whole = report(&testing::leaky());
    let run = &whole["runs"][0];
    let told: Vec<_> = run["properties"]["packages"].as_array().unwrap().iter().collect();
    assert_eq!(told.iter().map(|one| &one["verdict"]).collect::<Vec<_>>(), ["blocked", "clear"]);
    assert_eq!((&told[0]["tool"], &told[0]["name"], &told[0]["errors"]), (&json!("npm"), &json!("acme"), &json!(3)));
    let of = |index: usize| &run["results"][index]["properties"]["packages"];
    assert_eq!((of(0), of(1)), (&json!(["npm package acme 1.0.0"]), &Value::Null));
    let allowed = run["results"].as_array().unwrap().last().unwrap();
    assert_eq!(allowed["properties"]["packages"], json!(["npm package acme-ui 1.0.0"]));
    assert!(report(&testing::empty())["runs"][0].get("properties").is_none());
}
