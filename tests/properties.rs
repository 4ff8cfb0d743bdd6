//! Whatever is done to archives and maps: nothing panics, nothing hangs, and what was packed is found where it lies.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use support::forge::{TOKEN_RULE, archive, map, prose, tar, token, zip};
use support::{finds, in_short, scan_bytes};

/// Generous, because a debug build on a busy machine is slow.
const BOUND: Duration = Duration::from_secs(20);

fn leaf(seed: u64) -> Vec<u8> {
    format!("{}\nkey = \"{}\"\n{}", prose(100, seed), token(seed), prose(300, seed + 1)).into_bytes()
}

/// One way to pack a file: what comes out, and what stands in the path for it.
fn pack(how: usize, name: &str, content: &[u8]) -> Vec<u8> {
    match how {
        0 => archive::tgz(&[("other", b"1"), (name, content)]),
        1 => zip::deflated(&[(name, content), ("other", b"1")]),
        2 => zip::stored(&[(name, content)]),
        3 => tar::tar(&[(name, content)]),
        4 => archive::xz(&tar::tar(&[(name, content)])),
        5 => archive::bz2(&tar::tar(&[(name, content)])),
        6 => archive::zst(&tar::tar(&[(name, content)])),
        _ => map::map(&[(name, &String::from_utf8_lossy(content))]),
    }
}

const WAYS: usize = 7;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_was_packed_is_found_where_it_lies(ways in prop::collection::vec(0..WAYS, 1..5), seed in 0u64..1_000) {
        let mut bytes = leaf(seed);
        let mut place = String::new();
        for (level, how) in ways.iter().enumerate() {
            let name = format!("level{level}.data");
            bytes = pack(*how, &name, &bytes);
            place = format!("!{name}{place}");
        }
        let outcome = scan_bytes("packed", &bytes);
        prop_assert!(finds(&outcome, TOKEN_RULE, &place), "{place}: {}", in_short(&outcome));
        prop_assert!(outcome.gaps.is_empty(), "{}", in_short(&outcome));
    }

    #[test]
    fn damage_never_panics_and_never_hangs(
        how in 0..=WAYS,
        seed in 0u64..1_000,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = pack(how, "member.js", &leaf(seed));
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let started = Instant::now();
        let outcome = scan_bytes("damaged", &bytes);
        prop_assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        let panicked = outcome.gaps.iter().any(|gap| gap.reason.contains("a mistake in lastlook"));
        prop_assert!(!panicked, "{}", in_short(&outcome));
    }
}
