//! Builds by the real tools: what lastlook recovers from each is what went in, byte for byte; the verdict follows from
//! that; and after `lastlook fix --write` the build is clear and still runs.
//!
//! `tests/toolchains/` holds the project, and one small driver for each tool; `cases.rs` says what each setting gives
//! away. The tools are installed once, by `npm ci`, into the target folder, and build there.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "toolchains/cases.rs"]
mod cases;
#[path = "toolchains/workshop.rs"]
mod workshop;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};

use cases::{CASES, Case, Gives};
use lastlook::Scanner;
use lastlook::bytes::Digest;
use lastlook::finding::{Level, Verdict};
use lastlook::scan::{Outcome, Source, Standing};
use libtest_mimic::{Arguments, Failed, Trial};
use workshop::Workshop;

/// The rule about maps that give sources away.
const LEAK: &str = "source-map-embedded-sources";
/// The rule about maps that give only names away.
const NAMES: &str = "source-map-names-only";
/// The rule about modules in strings.
const MODULES: &str = "source-map-eval-modules";
/// What stands in sources, and what no tool leaves in what it makes of them.
const PRIVATE: [&str; 3] = ["Not every one is public", "tide, type Tide", "Less has comments"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let workshop = Arc::new(Workshop::default());
    let trial = |case: &'static Case| {
        let workshop = Arc::clone(&workshop);
        Trial::test(format!("{} {}", case.tool, case.setting), move || check(case, &workshop))
            .with_kind("needs node, npm and the npm registry")
            .with_ignored_flag(true)
    };
    libtest_mimic::run(&arguments, CASES.iter().map(trial).collect()).exit_code()
}

fn check(case: &Case, workshop: &Workshop) -> Result<(), Failed> {
    let folder = workshop.build(case)?;
    let looked = Looked::at(&folder.join("dist"));
    looked.gives(case, &folder)?;
    looked.is_judged(case)?;
    is_fixed(case, &folder.join("dist"), &folder.join("fixed"))
}

/// A build as lastlook sees it: alone, without the sources beside it.
struct Looked {
    outcome: Outcome,
    texts: BTreeMap<Digest, Vec<u8>>,
}

impl Looked {
    fn at(dist: &Path) -> Self {
        let texts = Arc::new(Mutex::new(BTreeMap::new()));
        let seen = Arc::clone(&texts);
        let scanner = Scanner::builder()
            .sources()
            .each_text(move |text| {
                seen.lock().unwrap().insert(text.digest, text.bytes.to_vec());
            })
            .build()
            .unwrap();
        let outcome = scanner.scan(&[dist]).unwrap();
        drop(scanner);
        let texts = std::mem::take(&mut *texts.lock().unwrap());
        Looked { outcome, texts }
    }

    /// The texts that can be rebuilt are those that went in: as many, under the same names, with the same bytes.
    fn gives(&self, case: &Case, folder: &Path) -> Result<(), Failed> {
        let text = |source: &Source| self.texts[&source.text.unwrap().digest.unwrap()].clone();
        let found = self.of(Standing::Undisclosed).map(|source| (base_name(source), text(source))).collect();
        let mut found = case.without_glue(found);
        found.sort();
        // One text under one name counts once, however many maps carry it.
        found.dedup();
        let wanted = case.texts(folder);
        let names = |texts: &[(String, Vec<u8>)]| texts.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        same("the sources whose texts are recovered", &names(&found), &names(&wanted))?;
        for ((name, found), (_, wanted)) in found.iter().zip(&wanted) {
            let shown = [found, wanted].map(|text| String::from_utf8_lossy(text).into_owned());
            same(&format!("the text of {name}"), &shown[0], &shown[1])?;
            same(&format!("the bytes of {name}"), found, wanted)?;
        }
        let named = self.of(Standing::NamesOnly).map(base_name).filter(|name| !Case::is_empty(name)).collect();
        same("the sources of which only the name is there", &named, &case.names())?;
        let others: BTreeSet<&str> = self.outcome.sources.iter().filter_map(third_party).collect();
        same("whether clsx is known as somebody else's", &others.contains("clsx"), &case.maps_others())
    }

    /// The sources that are this to the publisher.
    fn of(&self, standing: Standing) -> impl Iterator<Item = &Source> {
        self.outcome.sources.iter().filter(move |source| source.standing == standing)
    }

    fn is_judged(&self, case: &Case) -> Result<(), Failed> {
        let (verdict, rule) = match case.gives {
            Gives::Texts(_) => (Verdict::Blocked, Some(LEAK)),
            Gives::Names(_) => (Verdict::Clear, Some(NAMES)),
            Gives::Modules | Gives::Nothing => (Verdict::Clear, None),
        };
        same("the verdict", &self.outcome.verdict, &verdict)?;
        same("the gaps", &self.outcome.gaps.len(), &0)?;
        let findings = self.outcome.findings.iter().filter(|found| found.level >= Level::Warning);
        let mut rules: BTreeSet<&str> = findings.map(|found| &*found.rule).collect();
        // A source without a text is one of which only the name is there, whatever the others give.
        if rule == Some(LEAK) {
            rules.remove(NAMES);
        }
        if matches!(case.gives, Gives::Modules) {
            rules.remove(MODULES);
        }
        if case.tool == "next" {
            // The server's half of a build holds the keys that Next.js has made for it.
            rules.remove("assigned-secret");
        }
        same("the rules that speak of it", &rules, &rule.into_iter().collect())
    }
}

/// `lastlook fix --write` on a copy: nothing is given away any more, and the build still does what it did.
fn is_fixed(case: &Case, dist: &Path, copy: &Path) -> Result<(), Failed> {
    let _ = std::fs::remove_dir_all(copy);
    workshop::copy(dist, copy);
    let fix = Command::new(env!("CARGO_BIN_EXE_lastlook")).args(["fix", "--write", "--no-config"]).arg(copy).output();
    let fix = fix.unwrap();
    let said = String::from_utf8_lossy(&fix.stdout);
    same(&format!("the exit code of fix, which said:\n{said}"), &fix.status.code(), &Some(0))?;
    if let Some(maker) = case.maker() {
        let settings = said.split_once("So that the next build").map_or("", |(_, settings)| settings);
        let named = settings.lines().any(|line| line.trim_start().starts_with(&format!("{maker} (")));
        same(&format!("whether fix names a setting of {maker}, having said:\n{said}"), &named, &true)?;
    }
    let after = Looked::at(copy);
    same("the verdict after fix", &after.outcome.verdict, &Verdict::Clear)?;
    same("what can be rebuilt after fix", &after.of(Standing::Undisclosed).map(base_name).collect(), &Vec::new())?;
    for text in PRIVATE {
        same(&format!("files with {text:?} after fix"), &workshop::files_with(copy, text), &Vec::new())?;
    }
    let printed = workshop::run(dist);
    if case.runs() {
        same("whether the program runs", &printed.starts_with("toolchains "), &true)?;
    }
    same("what the program prints after fix", &workshop::run(copy), &printed)?;
    same("the styles after fix", &workshop::styles(copy), &workshop::styles(dist))
}

/// The last component of a source's name, without what bundlers append to tell modules apart.
fn base_name(source: &Source) -> String {
    let name = source.names.first().map_or("", String::as_str);
    let name = name.split('?').next().unwrap_or(name);
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

fn third_party(source: &Source) -> Option<&str> {
    match &source.standing {
        Standing::ThirdParty { package, .. } => Some(package),
        _ => None,
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), Failed> {
    if found == wanted { Ok(()) } else { Err(format!("{what}\n   found: {found:?}\n  wanted: {wanted:?}").into()) }
}
