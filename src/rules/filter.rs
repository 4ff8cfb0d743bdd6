//! Filters: expressions in which rules of other tools say what is passed over. True means that a match is.
//!
//! What an expression asks that cannot be answered offline is *unknown*, and stays unknown through every operation that
//! depends on it. A match is passed over only where the answer is a plain yes: a filter that is not understood hides
//! nothing.

mod eval;
mod lex;
mod parse;

use super::conditions::Sight;
use eval::{Scope, Value};
use parse::Node;

/// A filter, ready to be asked.
#[derive(Debug)]
pub struct Filter {
    root: Node,
    /// Functions in it that cannot be answered.
    unanswered: Vec<&'static str>,
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// What in it is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (root, unanswered) = parse::parse(text)?;
        Ok(Filter { root, unanswered })
    }

    /// The functions in it whose answer is always unknown.
    #[must_use]
    pub fn unanswered(&self) -> &[&'static str] {
        &self.unanswered
    }

    /// Whether the match is passed over.
    #[must_use]
    pub fn skips(&self, sight: &Sight<'_>) -> bool {
        matches!(Scope::new(sight).eval(&self.root), Value::Bool(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skips(filter: &str) -> bool {
        let text = b"before\nlet api_key = \"tok_Ab3dEf9hKq\"; // Example\nafter";
        let sight = Sight { text, whole: 11..36, secret: 22..36, path: "src/a.test.js", rule: "tok", title: "A token" };
        Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).skips(&sight)
    }

    #[test]
    fn everything_that_catalogues_write_is_understood() {
        for yes in [
            "entropy(finding[\"secret\"]) <= 4.0",
            "filter.entropy(finding[\"secret\"]) > 3 && len(finding.secret) == 14",
            "matchesAny(get(attributes, \"path\", \"\"), [`\\.test\\.js$`, `x`])",
            "matchesAny((attributes[\"path\"] ?? \"\"), [\"^src\"])",
            "filter.matchesAny(attributes[?\"path\"].orValue(\"\"), [r\"\"\"(?i)\\.JS$\"\"\"])",
            "containsAny(finding[\"secret\"], [\"nope\", \"AB3D\"])",
            "!containsAny(finding[\"secret\"], [\"nope\"]) || false",
            "finding[\"line\"] contains \"Example\" and not (finding['match'] contains \"Example\")",
            "findMatch(finding[\"secret\"], `[A-Z][a-z]3`) == \"Ab3\"",
            "let raw = finding[\"fragment_raw\"]; let from = max(finding[\"match_start_idx\"] - 4, 0);\n\
             raw[from:finding[\"match_start_idx\"]] == \"let \"",
            "finding[\"fragment_raw\"][finding[\"match_line_start_idx\"]:][:3] == \"let\"",
            "lower(finding[\"secret\"]) startsWith \"tok_ab\" && finding[\"secret\"] endsWith 'Kq'",
            "finding[\"rule_id\"] in [\"a\", \"tok\"] ? true : false",
            "finding[\"secret\"].startsWith(\"tok_\") // a comment\n",
            "min(len(finding[\"secret\"]), 3) * 2 - 1 == 5 # a comment",
            "join(split(finding[\"secret\"], \"_\"), \"-\") == \"tok-Ab3dEf9hKq\"",
            "finding[\"secret\"] matches `^tok_\\w+$`",
            "let _ = setConfidence(\"low\"); true",
            "-1 < 0 && 7 % 4 == 3 && \"a\" + \"b\" == \"ab\" && nil == attributes[\"git.sha\"]",
        ] {
            assert!(skips(yes), "{yes}");
        }
    }

    #[test]
    fn what_is_unknown_never_hides_anything() {
        for no in [
            "failsTokenEfficiency(finding[\"secret\"])",
            "!failsTokenEfficiency(finding[\"secret\"])",
            "failsTokenEfficiency(finding[\"secret\"]) && true",
            "tokenRatio(finding[\"secret\"]) < 2.5 || false",
            "tokenRatio(finding[\"secret\"]) >= 2.5",
            "failsTokenEfficiency(finding[\"secret\"]) ? true : false",
            "finding[\"no such key\"] == \"x\"",
            "len(3) < 2",
            "1 / 0 > 3",
            "finding[\"secret\"][5:2] == \"\" && \"a\" > 3",
        ] {
            assert!(!skips(no), "{no}");
        }
        assert!(skips("failsTokenEfficiency(finding[\"secret\"]) || true"));
        assert_eq!(Filter::parse("failsTokenEfficiency(finding[\"secret\"])").unwrap().unanswered().len(), 1);
    }

    #[test]
    fn what_is_not_understood_is_said_and_depth_is_bounded() {
        for wrong in ["", "entropy(", "nonsense(1)", "\"open", "a b", "1 +", "matchesAny(finding[\"secret\"], [`(`])"] {
            assert!(Filter::parse(wrong).is_err(), "{wrong}");
        }
        for deep in ["(", "!", "[", "-", "let a = ", "1 ? "] {
            assert!(Filter::parse(&deep.repeat(100_000)).is_err(), "{deep}");
        }
        assert!(skips(&vec!["true"; 500].join(" && ")));
        assert!(Filter::parse(&vec!["true"; 10_000].join(" && ")).is_err());
    }
}
