

use super::super::Detector;
use crate::rules::{RuleSet, example, load};

fn builtin() -> &'static (RuleSet, Detector) {
    static ALL: std::sync::OnceLock<(RuleSet, Detector)> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let specs: Vec<_> = crate::formats::fact_specs().collect();
        let rules = load::builtin(&specs).unwrap();
        let detector = Detector::new(&rules, |rule| rule.level).unwrap();
        (rules, detector)
    })
}

#[test]
fn survey() {
    let (rules, detector) = builtin();
    let (mut total, mut missed) = (0, 0);
    for rule in rules.iter() {
        let Some(content) = rule.content() else { continue };
        if content.paths.is_some() { continue }
        for hit in &rule.hits {
            let mut lost = (0, 0);
            let mut n = 0;
            for seed in 0..20 {
                let Ok(text) = example::fill(hit, seed) else { continue };
                let ids = |text: &str, binary: bool| {
                    let all = 0..text.len();
                    let s = if binary { detector.binary(text.as_bytes(), std::slice::from_ref(&all), "a.node") } else { detector.content(text.as_bytes(), std::slice::from_ref(&all), "a.node")};
                    s.matches.iter().any(|m| m.active.rule.id == rule.id || m.also.contains(&rule.id))
                };
                if !ids(&text, false) { continue }
                n += 1;
                lost.0 += usize::from(!ids(&format!("index out of range{text}unexpected end of"), false));
                lost.1 += usize::from(!ids(&format!("index out of range{text}unexpected end of"), true));
            }
            total += n; missed += lost.1;
            if lost.0 + lost.1 > 0 { eprintln!("{:40} {n:3} text {:3} binary {:3} {}", rule.id, lost.0, lost.1, hit.chars().take(90).collect::<String>()); }
        }
    }
    eprintln!("{missed} of {total}");
}
