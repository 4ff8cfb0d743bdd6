//! Where in an executable a finding lies.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::finding::{Artifact, Finding};
use crate::formats::Format;

/// Names the sections that the places of `findings` lie in, as the formats that have recognised the artifact tell them.
pub fn locate(artifact: &Artifact, formats: &[&'static dyn Format], findings: &mut [Finding]) {
    if findings.iter().all(|finding| finding.location.is_none()) {
        return;
    }
    for format in formats {
        // It only names places: what a reader that fails would have said is left out.
        let layout = catch_unwind(AssertUnwindSafe(|| format.layout(artifact))).unwrap_or_default();
        if layout.is_empty() {
            continue;
        }
        for finding in findings.iter_mut().filter(|finding| finding.section.is_none()) {
            finding.section = finding.location.and_then(|location| layout.at(location.span.offset));
        }
    }
}
