//! Source maps.

use serde_json::json;

/// A map with these embedded sources.
pub fn map(sources: &[(&str, &str)]) -> Vec<u8> {
    let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
    let texts: Vec<&str> = sources.iter().map(|(_, text)| *text).collect();
    // Written out, because the order of the keys decides what a cut leaves.
    format!(
        r#"{{"version":3,"file":"cli.js","sources":{},"sourcesContent":{},"names":[],"mappings":"AAAA"}}"#,
        json!(names),
        json!(texts)
    )
    .into_bytes()
}

/// A script that carries a map.
pub fn inline_js(map: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64.encode(map);
    format!("console.log(1);\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{encoded}\n").into_bytes()
}
