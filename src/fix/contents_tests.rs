//! Tests of taking `sourcesContent` out.

use super::*;
use crate::fix::edit::apply;

fn without(text: &str) -> String {
    let dropped = drop_contents(text.as_bytes()).expect("it is a map").expect("it is sound");
    String::from_utf8(apply(text.as_bytes(), &dropped.edits).to_vec()).unwrap()
}

#[test]
fn exactly_the_key_and_its_value_go() {
    for (before, after) in [
        (
            r#"{"version":3,"sources":["a"],"sourcesContent":["x"],"mappings":"A"}"#,
            r#"{"version":3,"sources":["a"],"mappings":"A"}"#,
        ),
        (
            "{\n  \"sourcesContent\": [\"x, ]\\\"}\"],\n  \"sources\": [\"a\"],\n  \"mappings\": \"A\"\n}\n",
            "{\n  \"sources\": [\"a\"],\n  \"mappings\": \"A\"\n}\n",
        ),
        (
            ")]}'\n{\"version\":3,\"sources\":[\"a\"] ,\r\n\t\"sourcesContent\" : [ \"x\" ]\r\n}",
            ")]}'\n{\"version\":3,\"sources\":[\"a\"]\r\n}",
        ),
        (
            r#"{"sourcesContent":["x"],"sourcesContent":["y"],"mappings":"A","sourcesContent":null,"sources":["a"]}"#,
            r#"{"mappings":"A","sources":["a"]}"#,
        ),
        (r#"{"version":3,"s\u006furcesContent":["x"],"sources":["a"]}"#, r#"{"version":3,"sources":["a"]}"#),
    ] {
        assert_eq!(without(before), after);
        assert_eq!(without(after), after, "a second time nothing goes");
    }
}

#[test]
fn sections_lose_theirs_too() {
    let section = |contents: &str| {
        format!(
            r#"{{"offset":{{"line":0,"column":0}},"map":{{"version":3,"sources":["a"]{contents},"mappings":"A"}}}}"#
        )
    };
    let index = |contents: &str| {
        format!(r#"{{"version":3,"sources":[],"sections":[{},{}]}}"#, section(contents), section(contents))
    };
    assert_eq!(without(&index(r#","sourcesContent":["x"]"#)), index(""));
    let dropped = drop_contents(index(r#","sourcesContent":["x",null,""]"#).as_bytes()).unwrap().unwrap();
    assert_eq!(dropped.sources, 2);
}

#[test]
fn what_is_damaged_or_no_map_is_left_alone() {
    let cut = br#"{"version":3,"sources":["a"],"sourcesContent":["x"#;
    assert!(drop_contents(cut).unwrap().is_err());
    assert!(drop_contents(br#"{"name":"a","sourcesContent":["x"]}"#).is_none());
    assert!(drop_contents(b"function a() {}").is_none());
}

#[test]
fn other_peoples_texts_are_no_reason_to_change_a_map() {
    let map = |name: &str| format!(r#"{{"version":3,"sources":["{name}"],"sourcesContent":["x"],"mappings":""}}"#);
    assert!(embeds_own(map("src/a.ts").as_bytes()));
    assert!(!embeds_own(map("node_modules/p/a.js").as_bytes()));
    assert!(!embeds_own(br#"{"version":3,"sources":["src/a.ts"],"mappings":""}"#));
}

proptest::proptest! {
    /// Positions and names are decoded by an independent reader before and after.
    #[test]
    fn positions_stay_the_same(
        texts in proptest::collection::vec("[ -~\\n\"\\\\é😀]{0,40}", 1..5),
        columns in proptest::collection::vec((0u32..200, 0u32..50), 1..20),
        at in 0usize..6,
    ) {
        let mut builder = sourcemap::SourceMapBuilder::new(Some("out.js"));
        for (index, text) in texts.iter().enumerate() {
            let id = builder.add_source(&format!("src/{index}.ts"));
            builder.set_source_contents(id, Some(text));
            for (line, (column, source_line)) in columns.iter().enumerate() {
                builder.add(line as u32, *column, *source_line, 1, Some(&format!("src/{index}.ts")), Some("name"), false);
            }
        }
        let mut written = Vec::new();
        builder.into_sourcemap().to_writer(&mut written).unwrap();
        // The same entries in another order, and written the way people write JSON.
        let value: serde_json::Value = serde_json::from_slice(&written).unwrap();
        let mut entries: Vec<_> = value.as_object().unwrap().iter().collect();
        let length = entries.len();
        entries.rotate_left(at % length);
        let body: Vec<String> =
            entries.iter().map(|(key, value)| format!("  {key:?} :\t{}", serde_json::to_string_pretty(value).unwrap())).collect();
        let text = format!("{{\n{}\n}}\n", body.join(" ,\r\n"));
        let after = without(&text);
        proptest::prop_assert!(!after.contains("sourcesContent"));
        let (old, new) = (sourcemap::SourceMap::from_slice(text.as_bytes()).unwrap(), sourcemap::SourceMap::from_slice(after.as_bytes()).unwrap());
        proptest::prop_assert_eq!(old.tokens().count(), new.tokens().count());
        for (old, new) in old.tokens().zip(new.tokens()) {
            proptest::prop_assert_eq!(old.to_tuple(), new.to_tuple());
        }
        proptest::prop_assert!(new.source_contents().all(|text| text.is_none()));
    }
}
