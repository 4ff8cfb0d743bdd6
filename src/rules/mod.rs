//! Rules: what lastlook judges by. They are data, read from `rules/**/*.toml`, and the same reader serves users' own.

pub mod conditions;
pub mod entropy;
pub mod example;
pub mod expression;
pub mod filter;
pub mod gitleaks;
pub mod globs;
pub mod known;
pub mod load;
pub mod placeholder;
pub mod proof;
pub mod rule;
pub mod set;

pub use globs::{Globs, literal};
pub use proof::Structure;
pub(crate) use proof::{are_random_letters, is_words, looks_random};
pub(crate) use rule::LazyRegex;
pub use rule::{ContentRule, FactRule, Matcher, PathRule, Rule, Template};
pub use set::RuleSet;
