//! What rules files of other tools come to, as a user would notice it: through the whole search.

use std::fs;

use super::Detector;
use crate::finding::Level;
use crate::rules::RuleSet;
use crate::rules::gitleaks::Note;
use crate::rules::load::{Check, load};

struct Imported {
    set: RuleSet,
    notes: Vec<Note>,
}

fn imported(text: &str) -> Imported {
    let mut set = RuleSet::default();
    let notes = load(&mut set, &[("theirs.toml", text)], &[], Check::Patterns).unwrap_or_else(|e| panic!("{e}"));
    Imported { set, notes }
}

impl Imported {
    /// The rules that fire on a text, with what they take for the secret.
    fn finds(&self, text: &str, path: &str) -> Vec<String> {
        let detector = Detector::new(&self.set, |rule| rule.level).unwrap();
        let all = 0..text.len();
        let found = detector.content(text.as_bytes(), std::slice::from_ref(&all), path).matches;
        let shown = |one: super::ContentMatch<'_>| {
            format!("{} {}", one.active.rule.id, String::from_utf8_lossy(one.value(text.as_bytes())))
        };
        found.into_iter().map(shown).collect()
    }

    fn says(&self, what: &str) -> bool {
        self.notes.iter().any(|note| note.to_string().contains(what))
    }
}

#[test]
fn secrets_are_groups_and_chance_is_measured() {
    let rules = imported(
        r#"
[[rules]]
id = "Acme Key"
description = "An ACME key."
regex = '''(?i)acme.{0,9}=\s*"([a-z0-9]{8})"(?:;|$)'''
keywords = ["ACME"]
entropy = 2.5
[[rules]]
id = "second"
regex = '''(name|user)=(pw_[a-z]{4})'''
secretGroup = 2
keywords = ["pw_"]
[[rules]]
id = "either"
regex = '''\b(?:aa_(x?)|bb_)([0-9]{4})\b'''
keywords = ["aa_", "bb_"]
"#,
    );
    assert_eq!(rules.finds("Acme_key = \"a1b2c3d4\";", "a.js"), ["acme-key a1b2c3d4"]);
    assert_eq!(rules.finds("Acme_key = \"aaaabbbb\";", "a.js"), Vec::<String>::new());
    assert_eq!(rules.finds("name=pw_abcd", "a.js"), ["second pw_abcd"]);
    assert_eq!(rules.finds("aa_1234", "a.js"), ["either 1234"]);
    assert_eq!(rules.set.get("second").map(|rule| rule.level), Some(Level::Error));
    assert_eq!(rules.set.get("acme-key").map(|rule| rule.level), Some(Level::Warning));
    assert!(rules.says("the rule `Acme Key` is called `acme-key` here"), "{:?}", rules.notes);
}

#[test]
fn a_keyword_may_stand_anywhere_in_the_text() {
    let rules = imported(
        r#"
[[rules]]
id = "far"
regex = '''\bpat[a-z]{6}\.[0-9]{6}\b'''
keywords = ["Tables"]
[[rules]]
id = "bare"
regex = '''\b[0-9a-f]{4}-[0-9a-f]{4}-z\b'''
"#,
    );
    let far = format!("import tables;{}patabcdef.123456", " ".repeat(100_000));
    assert_eq!(rules.finds(&far, "a.js"), ["far patabcdef.123456"]);
    assert_eq!(rules.finds(&far.replace("tables", "chairs"), "a.js"), Vec::<String>::new());
    assert_eq!(rules.finds("x 12ab-34cd-z y", "a.js"), ["bare 12ab-34cd-z"]);
    let hex = imported("[[rules]]\nid='hex'\nregex='''\\b[0-9a-f]{8}\\b'''");
    assert_eq!(hex.finds("x 12ab34cd y 00000001", "a.js"), ["hex 12ab34cd", "hex 00000001"]);
    assert!(hex.says("no literal in every match"), "{:?}", hex.notes);
}

#[test]
fn lists_pass_over_what_they_name_and_paths_of_repositories_are_not_applied() {
    let rules = imported(
        r#"
[allowlist]
paths = ['''node_modules/''']
stopwords = ["Sample"]
commits = ["abc"]
[[allowlists]]
targetRules = ["one"]
paths = ['''^docs/''']
[[rules]]
id = "one"
regex = '''one_[a-zA-Z]{6}'''
keywords = ["one_"]
[rules.allowlist]
regexTarget = "line"
regexes = ['''\{{2}example\}''', '''# not {me}''']
[[rules]]
id = "two"
regex = '''two_[a-zA-Z]{6}'''
path = '''\.env$'''
keywords = ["two_"]
[[rules.allowlists]]
condition = "AND"
paths = ['''^test/''']
regexes = ['''FAKE''']
[[rules.allowlists]]
condition = "AND"
commits = ["abc"]
regexes = ['''.''']
"#,
    );
    assert_eq!(rules.finds("one_abcdef", "node_modules/a.js"), ["one one_abcdef"]);
    assert_eq!(rules.finds("one_abcdef", "docs/a.js"), Vec::<String>::new());
    assert_eq!(rules.finds("one_SAMPLE", "a.js"), Vec::<String>::new());
    assert_eq!(rules.finds("one_abcdef # not {me}\none_ghijkl", "a.js"), ["one one_ghijkl"]);
    assert_eq!(rules.finds("two_abcdef", "a.js"), Vec::<String>::new());
    assert_eq!(rules.finds("two_abFAKE", "src/.env"), ["two two_abFAKE"]);
    assert_eq!(rules.finds("two_abFAKE", "test/.env"), Vec::<String>::new());
    assert!(rules.says("list of paths for all rules is not applied") && rules.says("`commits` are not applied"));
}

#[test]
fn a_line_of_a_bundle_is_not_the_whole_bundle() {
    let rules = imported(
        "[[rules]]\nid='one'\nregex='''one_[a-z]{6}'''\n[[rules.allowlists]]\nregexTarget='line'\nregexes=['example']",
    );
    let bundle = format!("example;{};one_abcdef;", "x=1;".repeat(1000));
    assert_eq!(rules.finds(&bundle, "a.js"), ["one one_abcdef"]);
    assert_eq!(rules.finds("example one_abcdef", "a.js"), Vec::<String>::new());
}

#[test]
fn parts_report_nothing_and_wholes_need_their_parts() {
    let text = r#"
[[rules]]
id = "key-id"
regex = '''KID[0-9]{6}'''
keywords = ["kid"]
skipReport = true
[[rules]]
id = "key-secret"
regex = '''SEC[0-9]{6}'''
[[rules.required]]
id = "key-id"
withinLines = 2
[[rules]]
id = "other"
regex = '''OTH[0-9]{6}'''
components = [{ id = "key-id", within = "1L,9C" }, { id = "nothing", optional = true }]
"#;
    let rules = imported(text);
    assert_eq!(rules.finds("KID123456\nSEC123456", "a"), ["key-secret SEC123456"]);
    assert_eq!(rules.finds("KID123456\n\n\n\nSEC123456", "a"), Vec::<String>::new());
    assert_eq!(rules.finds("KID123456", "a"), Vec::<String>::new());
    assert_eq!(rules.finds("KID123456\nOTH123456", "a"), ["other OTH123456"]);
    assert_eq!(rules.finds("KID123456 far, far away; OTH123456", "a"), Vec::<String>::new());
    let bundle = |between: usize| format!("KID123456{}SEC123456", ";".repeat(between));
    assert_eq!(rules.finds(&bundle(1_000), "a").len(), 1);
    assert_eq!(rules.finds(&bundle(100_000), "a").len(), 0);
    // A part that is encoded is a part.
    assert_eq!(rules.finds("S0lEMTIzNDU2IGFuZCBzbyBvbi4=\nSEC123456", "a"), ["key-secret SEC123456"]);
    // Whoever turns a part off gets more findings, not fewer.
    let off = Detector::new(&rules.set, |rule| if &*rule.id == "key-id" { Level::Off } else { rule.level }).unwrap();
    assert_eq!(off.content(b"SEC123456", std::slice::from_ref(&(0..9)), "a").matches.len(), 1);
    let missing = imported(&text.replace("id = \"key-id\"\nwithin", "id = \"gone\"\nwithin"));
    assert_eq!(missing.finds("SEC123456", "a"), ["key-secret SEC123456"]);
    assert!(missing.says("it requires `gone`, which is not there"));
}

#[test]
fn filters_are_asked_and_what_they_cannot_say_hides_nothing() {
    let rules = imported(
        r#"
prefilter = '''matchesAny(get(attributes, "path", ""), [`.`])'''
filter = '''containsAny(finding["secret"], ["PLACEHOLDER"])'''
[[rules]]
id = "one"
regex = '''one_[a-zA-Z]{6,20}'''
filter = '''
let line = finding["line"];
entropy(finding["secret"]) <= 2.5 || line contains "mock" '''
[[rules]]
id = "two"
regex = '''two_[a-z]{6}'''
filter = '''failsTokenEfficiency(finding["secret"])'''
[[rules]]
id = "three"
regex = '''three_[a-z]{6}'''
filter = '''somethingNew(finding["secret"])'''
"#,
    );
    assert_eq!(rules.finds("one_abcdef", "a"), ["one one_abcdef"]);
    assert_eq!(rules.finds("one_aaaaaa", "a"), Vec::<String>::new());
    assert_eq!(rules.finds("mock one_abcdef", "a"), Vec::<String>::new());
    assert_eq!(rules.finds("one_abPlaceholder", "a"), Vec::<String>::new());
    assert_eq!(rules.finds("two_abcdef three_abcdef", "a").len(), 2);
    for said in
        ["`prefilter` is not applied", "`failsTokenEfficiency` needs", "the function `somethingNew` is not known"]
    {
        assert!(rules.says(said), "{said} is not said in {:?}", rules.notes);
    }
}

#[test]
fn what_is_only_a_guess_gives_way_and_a_tag_says_the_level() {
    let rules = imported(
        r#"
[[rules]]
id = "guess"
regex = '''(?i)(?:key)\s*=\s*"([a-z0-9_]{8,})"'''
keywords = ["key"]
specificity = 0
[[rules]]
id = "real"
regex = '''[0-9]{3}_[a-z]{6}_x'''
tags = ["severity:high"]
"#,
    );
    assert_eq!(rules.finds("key = \"123_abcdef_xyz\"", "a"), ["real 123_abcdef_x"]);
    assert_eq!(rules.set.get("real").map(|rule| rule.level), Some(Level::Error));
}

#[test]
fn a_rule_of_a_path_alone_judges_the_path() {
    let rules =
        imported("[[rules]]\nid='keys'\npath='''(?:^|/)Keys\\.pem$'''\n[[rules.allowlists]]\npaths=['''^public/''']");
    let detector = Detector::new(&rules.set, |rule| rule.level).unwrap();
    for (path, found) in [("a/Keys.pem", 1), ("a\\Keys.pem", 1), ("a/keys.pem", 0), ("public/Keys.pem", 0)] {
        assert_eq!(detector.path(path).len(), found, "{path}");
    }
}

#[test]
fn an_id_that_is_taken_gets_a_prefix() {
    let ours =
        "[[rule]]\nid='one'\nkind='path'\ncategory='file'\nlevel='note'\ntitle='t'\nwhy='w'\nfix='f'\npaths=['x']";
    let theirs = "[[rules]]\nid='one'\nregex='one_[a-z]{6}'";
    let mut set = RuleSet::default();
    let notes = load(&mut set, &[("b.toml", theirs), ("a.toml", ours)], &[], Check::Patterns).unwrap();
    assert!(set.get("one").is_some() && set.get("gitleaks-one").is_some());
    assert!(notes.iter().any(|note| note.to_string().contains("is called `gitleaks-one` here")));
}

#[test]
fn files_build_on_others_beside_them_and_never_on_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        (path.display().to_string(), text.to_owned())
    };
    let base = write(
        "base.toml",
        "[[rules]]\nid='one'\ndescription='base'\nregex='one_[a-z]{6}'\nkeywords=['one_']\n[[rules]]\nid='gone'\nregex='gone'",
    );
    let top = write(
        "top.toml",
        "[extend]\npath='base.toml'\nuseDefault=true\ndisabledRules=['gone','never']\n[[rules]]\nid='one'\n\
         description='top'\n[[rules.allowlists]]\nstopwords=['abc']\n[[rules]]\nid='of-the-catalogue'\n[rules.allowlist]\n\
         paths=['x']",
    );
    let mut set = RuleSet::default();
    let both = [(&*base.0, &*base.1), (&*top.0, &*top.1)];
    let notes = load(&mut set, &both, &[], Check::Patterns).unwrap();
    let rules = Imported { set, notes };
    assert_eq!(rules.set.iter().map(|rule| format!("{} {}", rule.id, rule.title)).collect::<Vec<_>>(), ["one top"]);
    assert_eq!(rules.finds("one_defdef one_abcdef", "a"), ["one one_defdef"]);
    for said in ["default catalogue", "turns off rules that are not there", "changes one that is not there"] {
        assert!(rules.says(said), "{said} is not said in {:?}", rules.notes);
    }
    for (name, text) in [("a.toml", "[extend]\npath='b.toml'"), ("b.toml", "[extend]\npath='a.toml'")] {
        write(name, text);
    }
    let a = folder.path().join("a.toml").display().to_string();
    let error = load(&mut RuleSet::default(), &[(&a, "[extend]\npath='b.toml'")], &[], Check::Patterns).unwrap_err();
    assert!(error.to_string().contains("builds on itself"), "{error}");
}

#[test]
fn mistakes_are_mistakes() {
    for (text, said) in [
        ("[[rules]]\nid='x'\nregex='('", "rule `x`: a pattern does not compile: unclosed group"),
        ("[[rules]]\nregex='x'", "a rule has no `id`"),
        ("[[rules]]\nid='x'\nregex='abc(d)'\nsecretGroup=2", "`secretGroup` is 2"),
        ("[[rules]]\nid='x'\nregex='abc'\nkeywords='abc'", "t.toml:4:10: "),
    ] {
        let error = load(&mut RuleSet::default(), &[("t.toml", text)], &[], Check::Patterns).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
