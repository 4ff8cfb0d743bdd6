//! The same folder gives the same bytes, on any number of threads and however often it is asked.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lastlook::Scanner;
use lastlook::finding::Verdict;
use lastlook::report::{self, Context};
use support::Folder;
use support::forge::{archive, binary, map, model, prose, token, zip};

const ROUNDS: usize = 10;

/// Several hundred files of all kinds, with leaks, gaps, repeated secrets and nested archives.
fn mixed() -> Folder {
    let folder = Folder::new();
    for number in 0..60u64 {
        let leak = format!("{}\nkey = \"{}\"\n", prose(200, number), token(number % 7));
        let source = prose(300, number + 1_000);
        let leaky = map::map(&[("src/a.ts", &source), ("src/b.ts", &leak)]);
        let package = archive::tgz(&[("package/a.js", leak.as_bytes()), ("package/a.js.map", &leaky)]);
        let place = |name: &str| format!("d{}/{number}{name}", number % 9);
        folder.file(&place(".js"), &leak);
        folder.file(&place("-plain.js"), prose(500, number + 2_000));
        folder.file(&place(".js.map"), &leaky);
        folder.file(&place(".tgz"), &package);
        folder.file(&place(".zip"), zip::deflated(&[("inner.tgz", &package), (".env", b"A=1")]));
        folder.file(&place("-cut.tgz"), &package[..package.len() / 2]);
    }
    folder.file("app", binary::elf(b"\0/home/jdoe42/work/app/src/main.rs\0"));
    folder.file("model.safetensors", model::safetensors(500));
    folder
}

fn json(folder: &Folder, threads: usize) -> Vec<u8> {
    let scanner = Scanner::builder().threads(threads).build().unwrap();
    let outcome = scanner.scan(&[folder.path()]).unwrap();
    assert_eq!(outcome.verdict, Verdict::Blocked);
    assert!(outcome.totals.files > 300 && !outcome.gaps.is_empty(), "{:?}", outcome.totals);
    let mut out = Vec::new();
    report::find("json").unwrap().write(&outcome, &Context::new(scanner.rules()), &mut out).unwrap();
    out
}

#[test]
fn one_thread_and_eight_give_the_same_json_ten_times_in_a_row() {
    let folder = mixed();
    let first = json(&folder, 1);
    for round in 0..ROUNDS {
        for threads in [1, 8] {
            assert!(json(&folder, threads) == first, "round {round} on {threads} threads differs");
        }
    }
}
