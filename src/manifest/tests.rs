//! Manifests as people write them and as nobody should.

use proptest::prelude::*;

use super::*;

fn file(path: &str, content: &str, kind: Kind) -> File {
    File {
        path: path.to_owned(),
        size: content.len() as u64,
        digest: (kind != Kind::Link).then(|| Digest::of(content.as_bytes())),
        kind,
    }
}

fn text(path: &str, content: &str) -> File {
    file(path, content, Kind::Text)
}

fn parsed(written: &str) -> Manifest {
    Manifest::parse("ship.toml", written).unwrap()
}

/// The paths with what is the matter, in short.
fn told(found: &[Deviation]) -> Vec<String> {
    let word = |what: &What| match what {
        What::Unexpected(_) => "unexpected",
        What::Missing => "missing",
        What::Changed(..) => "changed",
        What::OtherKind(..) => "kind",
        What::OverBudget { .. } => "budget",
        What::TooMany { .. } => "many",
    };
    found.iter().map(|one| format!("{} {}", word(&one.what), one.path)).collect()
}

#[test]
fn what_was_written_approves_what_it_was_written_of() {
    let files = [
        file("a", "", Kind::Link),
        text("dist/[id].js", "x"),
        text("dist/\"q\"\\ \u{202e}\n.js", "y"),
        text("größe/源.js", "z"),
    ];
    let written = write(&files).unwrap();
    assert!(written.is_ascii() || !written.contains('\u{202e}'), "{written}");
    let manifest = parsed(&written);
    assert!(Manifest::is_one(&written));
    assert_eq!(manifest.deviations(&files), []);
    assert_eq!(written.lines().filter(|line| line.contains(" = { ") && !line.starts_with('#')).count(), files.len());
}

#[test]
fn everything_else_is_a_deviation() {
    let manifest = parsed(&write(&[text("a", "1"), text("b", "2"), text("c", "3")]).unwrap());
    let found = manifest.deviations(&[text("a", "1"), text("b", "changed"), text("d", "4")]);
    assert_eq!(told(&found), ["changed b", "missing c", "unexpected d"]);
    assert_eq!(found[0].line, Some(13));
    assert!(found[0].sentence().contains("1 bytes before, now 7 bytes"), "{}", found[0].sentence());
}

#[test]
fn budgets_patterns_and_kinds_are_kept() {
    let manifest = parsed(
        "lastlook-manifest = 1\nmax-total = 20\n[files]\n\"version.txt\" = { any = true, kind = \"text\", max = 3 }\n\
         \"NOTICE\" = { any = true, optional = true }\n[patterns]\n\"js/app-*.js\" = { kind = \"text\", max = 4, most = 1 }\n\
         \"js/**\" = { optional = true }\n\"css/*.css\" = {}\n",
    );
    let good = [text("css/a.css", ""), text("js/app-1.js", "1234"), text("js/deep/x", "1"), text("version.txt", "1.2")];
    assert_eq!(told(&manifest.deviations(&good)), [""; 0]);
    let bad = [
        text("js/app-1.js", "12345"),
        file("js/app-2.js", "1", Kind::Model),
        file("version.txt", "1.23", Kind::Data),
        text("x", "0123456789abc"),
    ];
    let expected = [
        "missing css/*.css",
        "many js/app-*.js",
        "budget js/app-1.js",
        "kind js/app-2.js",
        "kind version.txt",
        "budget version.txt",
        "unexpected x",
        "budget ",
    ];
    assert_eq!(told(&manifest.deviations(&bad)), expected);
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let digest = Digest::of(b"");
    let written = format!(
        "lastlook-manifest = 2\nmax-totl = 3\n[files]\n\"../x\" = {{ any = true }}\n\"a\" = {{ sha256 = \"12\" }}\n\
         \"./b\" = {{ any = true }}\n\"b\" = {{ any = true }}\n\"c\" = {{ kind = \"txt\", any = true }}\n\
         \"d\" = {{ any = true, sha256 = \"{digest}\" }}\n\"e\" = {{ size = 3 }}\n\"f\" = 3\n\"/g\" = {{ any = true }}\n\
         \"h\" = {{ any = true, maxx = 3 }}\n[patterns]\n\"a[\" = {{}}\n"
    );
    let shown = Manifest::parse("ship.toml", &written).unwrap_err().to_string();
    for expected in [
        "ship.toml:1:21: this manifest has the form 2",
        "ship.toml:2:1: `max-totl` is not a known key\n  hint: did you mean `max-total`?",
        "ship.toml:4:1: this path cannot be approved: it leads out of the package",
        "ship.toml:5:18: a SHA-256 has 64 hexadecimal digits",
        "ship.toml:7:1: `b` stands in line 6 already",
        "ship.toml:8:16: `txt` is not a kind",
        "ship.toml:9:30: `any` and `sha256` contradict each other",
        "`sha256` is missing\n  hint: write `any = true`",
        "`f` must be a table, written { … }",
        "ship.toml:12:1: this path cannot be approved: it begins with `/`",
        "`maxx` is not a known key\n  hint: did you mean `max`?",
        "ship.toml:15:1: this pattern cannot be used: ",
    ] {
        assert!(shown.contains(expected), "{expected}\nmissing in:\n{shown}");
    }
    let twice = "lastlook-manifest = 1\n[files]\n\"a\" = { any = true }\n\"a\" = { any = true }\n";
    assert!(Manifest::parse("m", twice).unwrap_err().to_string().contains("m:4:"));
    assert!(Manifest::parse("m", "x = 1").unwrap_err().to_string().contains("this is no manifest"));
}

#[test]
fn a_flood_of_mistakes_costs_no_flood_of_time() {
    let written: String = (0..20_000).map(|number| format!("k{number} = 1\n")).collect();
    let mistakes = Manifest::parse("m", &written).unwrap_err();
    assert!(mistakes.to_string().contains("there are more mistakes than these"));
    assert!(mistakes.0.len() < 300, "{}", mistakes.0.len());
}

#[test]
fn approving_changes_the_lines_that_must_and_leaves_the_rest() {
    let old = [text("a", "1"), text("b", "2"), text("c", "3")];
    let written =
        write(&old).unwrap().replace("kind = \"text\" }\n\"c\"", "kind = \"text\", max = 9 } # why\n\n# note\n\"c\"");
    let manifest = parsed(&written);
    let new = [text("a.js", "0"), text("b", "22"), text("c", "3"), text("d", "4")];
    let approval = approve(&manifest, &written, &new).unwrap();
    assert_eq!(told(&approval.approved), ["missing a", "unexpected a.js", "changed b", "unexpected d"]);
    assert_eq!(approval.left, []);
    assert_eq!(parsed(&approval.text).deviations(&new), []);
    let lines: Vec<&str> = approval.text.lines().skip_while(|line| *line != "[files]").collect();
    assert!(lines[1].starts_with("\"a.js\" = {") && lines[2].starts_with("\"b\" = {"), "{lines:?}");
    assert!(lines[2].ends_with("max = 9 } # why") && lines[4] == "# note", "{lines:?}");
    assert!(lines[6].starts_with("\"d\" = {") && lines.len() == 7, "{lines:?}");
    let again = approve(&parsed(&approval.text), &approval.text, &new).unwrap();
    assert_eq!((again.text, again.approved), (approval.text, Vec::new()));
}

#[test]
fn what_a_list_cannot_settle_is_left_to_people() {
    let written = "lastlook-manifest = 1\r\n[patterns]\r\n\"*.js\" = { most = 1 }\r\n\"*.css\" = {}";
    let manifest = parsed(written);
    let files = [text("a.js", "1"), text("b.js", "2"), text("c", "3")];
    let approval = approve(&manifest, written, &files).unwrap();
    assert_eq!(told(&approval.left), ["missing *.css", "many *.js"]);
    assert!(approval.text.contains("\r\n[files]\r\n\"c\" = {"), "{:?}", approval.text);
    assert_eq!(told(&parsed(&approval.text).deviations(&files)), ["missing *.css", "many *.js"]);
    let split = format!("lastlook-manifest = 1\n[files.x]\nsha256 = \"{}\"\n", Digest::of(b""));
    let error = approve(&parsed(&split), &split, &[text("x", "1")]).unwrap_err();
    assert!(matches!(error, ApproveError::NotOneLine(2)), "{error}");
}

#[test]
fn what_no_manifest_can_say_is_refused() {
    assert!(matches!(write(&[text("../a", "1")]), Err(NotWritable::Path(..))));
    assert!(matches!(write(&[text("a", "1"), text("a", "2")]), Err(NotWritable::Twice(_))));
    assert!(write(&[text("a", "1"), text("a", "1")]).unwrap().matches("\"a\" = ").count() == 1);
    assert!(matches!(sha256sum(&[text("a\x1b[2J", "1")]), Err(NotWritable::Name(_))));
    let listed = sha256sum(&[file("l", "", Kind::Link), text("x\\y", ""), text("z w", "")]).unwrap();
    let digest = Digest::of(b"");
    assert_eq!(listed, format!("\\{digest}  x\\\\y\n{digest}  z w\n"));
}

fn any_files() -> impl Strategy<Value = Vec<File>> {
    let name = prop_oneof!["[a-c/.]{1,6}", "[\\x00-\\x7f]{1,8}", any::<String>()];
    let files = prop::collection::vec((name, "[a-b]{0,2}", prop::sample::select(&Kind::ALL[..])), 0..8);
    files.prop_map(|list| {
        let made =
            list.into_iter().filter_map(|(name, content, kind)| Some((path::approvable(&name).ok()?, content, kind)));
        let unique: BTreeMap<String, File> =
            made.map(|(name, content, kind)| (name.clone(), file(&name, &content, kind))).collect();
        unique.into_values().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn approving_always_ends_in_a_manifest_that_approves(old in any_files(), new in any_files()) {
        let written = write(&old).unwrap();
        let manifest = parsed(&written);
        prop_assert_eq!(manifest.deviations(&old), vec![]);
        let approval = approve(&manifest, &written, &new).unwrap();
        prop_assert_eq!(parsed(&approval.text).deviations(&new), vec![]);
    }

    #[test]
    fn no_text_makes_reading_fail_badly(text in any::<String>(), tail in "[\\[\\]{}\"=a-z0-9./\\n ]{0,80}") {
        let _ = Manifest::parse("m", &text);
        let _ = Manifest::parse("m", &format!("lastlook-manifest = 1\n[files]\n{tail}"));
    }
}
