//! What changes to files cannot close, and who has to.

use crate::finding::{Category, Finding, Level};
use crate::scan::Outcome;

use super::Wish;

/// A finding that stays when everything that was planned is done.
#[derive(Debug, Clone)]
pub struct Remaining {
    /// Where, as reports name it.
    pub place: String,
    /// What is found there.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

/// What is still found about source maps in `outcome`, which is that of a scan after the changes (or as if they were
/// made), and blocks where `fail_on` is the lowest level that does.
#[must_use]
pub fn remaining(outcome: &Outcome, fail_on: Level, wish: Wish) -> Vec<Remaining> {
    let about_maps = |found: &&Finding| found.category == Category::SourceMap && found.level >= fail_on;
    let remains = |found: &Finding| Remaining {
        place: found.path.to_string(),
        message: found.message.clone(),
        advice: advice(outcome, found, wish),
    };
    outcome.findings.iter().filter(about_maps).map(remains).collect()
}

fn advice(outcome: &Outcome, found: &Finding, wish: Wish) -> String {
    let root = found.path.root().to_string();
    let damaged = outcome.gaps.iter().any(|gap| gap.path == found.path);
    let is_map = found.facts.get("source_map.sources").is_some();
    if damaged && found.path.depth() == 0 && !wish.remove_maps {
        return "it is damaged and cannot be edited: build it again, or let --remove-maps remove it".to_owned();
    }
    if found.path.depth() > 0 && found.path.to_string() == root && !wish.remove_maps {
        return "it is compressed, or not in UTF-8, and is not edited: --remove-maps removes it".to_owned();
    }
    if found.path.depth() > 0 {
        return format!(
            "it lies inside {root}, which is not taken apart: change the settings of the build, fix the files that it \
             is made from, and build it again"
        );
    }
    if is_map && !wish.remove_maps {
        return "it is no embedded text: --remove-maps removes the map".to_owned();
    }
    "change the settings of the build, and build it again".to_owned()
}
