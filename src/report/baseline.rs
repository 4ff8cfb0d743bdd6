//! A baseline: every finding of an outcome in a form that holds no secret, to accept them from now on.

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use super::redact::Redactor;
use super::safe_json;
use crate::policy::Salt;
use crate::scan::Outcome;

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    // The order of the fields is the order of the entries.
    path: String,
    rule: String,
    seal: String,
}

/// Writes a baseline that accepts every finding of `outcome`, one on a line and in the order of their paths, so that a
/// difference between two baselines can be read. Answers how many entries it has. Gaps are never accepted.
///
/// # Errors
/// Those of `out`.
pub fn write(outcome: &Outcome, salt: &Salt, out: &mut dyn io::Write) -> io::Result<usize> {
    let redactor = Redactor::new(outcome);
    let mut entries = BTreeSet::new();
    for finding in &outcome.findings {
        // A secret that several files share is one finding, until one of them is gone.
        let places = finding.places.iter().map(|place| (&place.path, &place.fingerprint));
        for (path, fingerprint) in places.chain([(&finding.path, &finding.fingerprint)]) {
            entries.insert(Entry {
                path: redactor.clean_own(finding, &path.stable()).into_owned(),
                rule: finding.rule.to_string(),
                seal: salt.seal(fingerprint),
            });
        }
    }
    writeln!(out, "{{\n\"lastlook-baseline\": 1,\n\"salt\": \"{}\",\n\"findings\": [", salt.to_hex())?;
    for (index, entry) in entries.iter().enumerate() {
        let mut line = Vec::new();
        safe_json::line(entry, &mut line)?;
        out.write_all(line.trim_ascii_end())?;
        out.write_all(if index + 1 < entries.len() { b",\n" } else { b"\n" })?;
    }
    out.write_all(b"]\n}\n")?;
    Ok(entries.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Baseline;
    use crate::report::testing::{empty, secret_finding};

    #[test]
    fn a_baseline_accepts_what_it_was_made_of_and_holds_no_secret() {
        let secret = "Zk3Tq9XbQ7wLt2RvN8sY";
        let mut outcome = empty();
        outcome.findings.push(secret_finding(&format!("x/{secret}.txt"), secret));
        let salt = Salt::random();
        let mut bytes = Vec::new();
        write(&outcome, &salt, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(secret), "{text}");
        let baseline = Baseline::parse("b.json", &text).unwrap();
        assert_eq!(baseline.salt(), &salt);
        assert!(outcome.findings.iter().all(|finding| baseline.entry(finding).is_some()));
        assert!(baseline.entry(&secret_finding("elsewhere", "Yk3Tq9XbQ7wLt2RvN8sY")).is_none());
        assert!(baseline.unused(&BTreeSet::new())[0].0.starts_with("b.json:5"), "{text}");
    }
}
