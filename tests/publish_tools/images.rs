//! Images that umoci builds and skopeo carries from one shape into another, without a daemon.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lastlook::finding::Verdict;
use lastlook::scan::Outcome;
use tempfile::TempDir;

use super::support::forge::{TOKEN_RULE, token};
use super::support::{self, scanner};
use super::workshop::{machine, succeed, with, write};

fn umoci(home: &Path, arguments: &[&str]) {
    succeed(with(machine(), "umoci").args(arguments).current_dir(home));
}

/// An image of three layers in an OCI layout: the second adds a file, and the third deletes it. It is called `layout`.
fn build(home: &Path, key: &str, remembered: &str) {
    write(home, "app/index.js", "main()\n");
    write(home, "keys/key.txt", key);
    umoci(home, &["init", "--layout", "layout"]);
    umoci(home, &["new", "--image", "layout:tide"]);
    umoci(home, &["insert", "--image", "layout:tide", "app", "/app"]);
    umoci(home, &["insert", "--image", "layout:tide", "keys", "/app/keys"]);
    umoci(home, &["unpack", "--rootless", "--image", "layout:tide", "bundle"]);
    fs::remove_file(home.join("bundle/rootfs/app/keys/key.txt")).unwrap();
    umoci(home, &["repack", "--image", "layout:tide", "bundle"]);
    let config = [
        "config",
        "--image",
        "layout:tide",
        "--config.env",
        &format!("FIRST={remembered}"),
        "--config.label",
        &format!("second={remembered}"),
        "--history.created_by",
        &format!("RUN |1 THIRD={remembered} /bin/sh -c true # buildkit"),
    ];
    umoci(home, &config);
    // What umoci has written in between is in no manifest any more, and would be in the layout only.
    umoci(home, &["gc", "--layout", "layout"]);
    fs::rename(home.join("layout"), home.join("image")).unwrap();
    for shape in ["oci-archive:oci.tar:tide", "docker-archive:docker.tar:tide:1"] {
        let mut skopeo = with(machine(), "skopeo");
        succeed(skopeo.args(["copy", "--insecure-policy", "oci:image:tide", shape]).current_dir(home));
    }
}

fn looks(home: &Path) -> Vec<(&'static str, Outcome)> {
    let look = |shape| (shape, scanner().scan(&[home.join(shape)]).unwrap());
    ["image", "oci.tar", "docker.tar"].map(look).into()
}

/// Where tokens were found: the last name of the path, and the fate of the file in later layers.
fn places(outcome: &Outcome) -> BTreeSet<String> {
    let tokens = outcome.findings.iter().filter(|finding| &*finding.rule == TOKEN_RULE);
    let place = |finding: &lastlook::finding::Finding| {
        let path = finding.path.to_string();
        let fate = finding.details.iter().find(|detail| detail.contains(" in a later layer ("));
        let fate = fate.map(|detail| &detail[..detail.find(" in a later layer").unwrap()]).unwrap_or_default();
        format!("{} {fate}", path.rsplit('!').next().unwrap())
    };
    tokens.map(place).collect()
}

#[test]
#[ignore = "needs umoci and skopeo"]
fn each_leak_of_an_image_is_found_in_every_shape_that_the_tools_give_it() {
    let home = TempDir::new().unwrap();
    // The same value in three places of the configuration is three leaks, and none of them takes the others along.
    build(home.path(), &format!("key = {}\n", token(3)), &token(5));
    let mut rules = BTreeSet::new();
    for (shape, outcome) in looks(home.path()) {
        assert_eq!(outcome.verdict, Verdict::Blocked, "{shape}");
        assert_eq!(outcome.gaps.len(), 0, "{shape}: {}", support::in_short(&outcome));
        let mut places = places(&outcome);
        // skopeo writes the configuration a second time, as a docker that knows no manifest reads it.
        let again: Vec<String> = places.iter().filter(|place| place.ends_with("/json ")).cloned().collect();
        assert_eq!(again.len(), usize::from(shape == "docker.tar"), "{shape}: {}", support::in_short(&outcome));
        places.retain(|place| !again.contains(place));
        let wanted = ["Env ", "Labels ", "app/keys/key.txt it is deleted", "history "];
        assert_eq!(places, wanted.map(str::to_owned).into(), "{shape}: {}", support::in_short(&outcome));
        rules.insert(outcome.findings.iter().map(|finding| finding.rule.to_string()).collect::<BTreeSet<_>>());
    }
    assert_eq!(rules.len(), 1, "the shapes are judged by different rules: {rules:?}");
}

#[test]
#[ignore = "needs umoci and skopeo"]
fn an_image_of_the_tools_that_gives_nothing_away_is_clear_in_every_shape() {
    let home = TempDir::new().unwrap();
    build(home.path(), "none\n", "harbour");
    for (shape, outcome) in looks(home.path()) {
        assert!(support::is_clear(&outcome), "{shape}: {}", support::in_short(&outcome));
        assert_eq!(outcome.findings.len(), 0, "{shape}: {}", support::in_short(&outcome));
    }
}
