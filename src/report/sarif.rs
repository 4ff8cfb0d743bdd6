//! `sarif`: SARIF 2.1.0, for code scanning.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::redact::Redactor;
use super::sarif_model::{
    Address, ArtifactLocation, Configuration, Descriptor, DescriptorReference, Driver, Help, Invocation, Log,
    LogicalLocation, Notification, PhysicalLocation, Region, ResultProperties, RuleProperties, Run, RunProperties,
    SCHEMA, SarifLocation, SarifResult, Suppression, Text, Tool,
};
use super::wire::WirePackage;
use super::{Context, Report, safe_json, sanitize, words};
use crate::finding::{ArtifactPath, Finding, Gap, Level, Location, Original};
use crate::rules::Rule;
use crate::scan::{Outcome, Stale};

/// The `sarif` report: SARIF 2.1.0, as code scanning services accept it.
///
/// Columns are counted in bytes, those of original sources in UTF-16 code units: both are exact for ASCII lines, and
/// `byteOffset` is exact always.
#[derive(Debug, Clone, Copy)]
pub struct Sarif;

/// Most results: GitHub shows no more of one run.
const RESULTS: usize = 5_000;

/// Most gaps, and most stale allow entries.
const NOTIFICATIONS: usize = 1_000;

/// Most further places of one result.
const RELATED: usize = 20;

/// Most characters of a text. GitHub cuts descriptions there.
const CHARACTERS: usize = 1_024;

impl Report for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn summary(&self) -> &'static str {
        "SARIF 2.1.0, for GitHub code scanning and other dashboards"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let redactor = context.redactor(outcome);
        let run = Builder { outcome, context, redactor: &redactor, rules: rules_with_results(outcome) }.run();
        safe_json::pretty(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }, out)
    }
}

/// All results: what was found, then what is allowed with the reason.
fn results(outcome: &Outcome) -> impl Iterator<Item = (&Finding, Option<&str>)> {
    let found = outcome.findings.iter().map(|finding| (finding, None));
    found.chain(outcome.allowed.iter().map(|allowed| (&allowed.finding, Some(allowed.reason.as_str()))))
}

/// The rules that the results name, with their index and the first (for findings: the most serious) result of each.
fn rules_with_results(outcome: &Outcome) -> BTreeMap<&str, (usize, &Finding)> {
    let mut rules: BTreeMap<&str, (usize, &Finding)> = BTreeMap::new();
    for (finding, _) in results(outcome).take(RESULTS) {
        let next = rules.len();
        rules.entry(&finding.rule).or_insert((next, finding));
    }
    rules
}

struct Builder<'a> {
    outcome: &'a Outcome,
    context: &'a Context<'a>,
    redactor: &'a Redactor<'a>,
    rules: BTreeMap<&'a str, (usize, &'a Finding)>,
}

impl Builder<'_> {
    fn run(&self) -> Run {
        let mut rules: Vec<_> = self.rules.values().collect();
        rules.sort_by_key(|(index, _)| *index);
        let driver = Driver {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            information_uri: Some(env!("CARGO_PKG_REPOSITORY")).filter(|uri| !uri.is_empty()),
            rules: rules.into_iter().map(|(_, finding)| self.descriptor(finding)).collect(),
        };
        Run {
            tool: Tool { driver },
            invocations: [self.invocation()],
            column_kind: "unicodeCodePoints",
            results: results(self.outcome)
                .take(RESULTS)
                .map(|(finding, reason)| self.result(finding, reason))
                .collect(),
            properties: self.packages(),
        }
    }

    /// Nothing where no tool was asked.
    fn packages(&self) -> Option<RunProperties> {
        let packages = &self.outcome.packages;
        let told = || packages.iter().map(|package| WirePackage::new(package, self.redactor)).collect();
        (!packages.is_empty()).then(|| RunProperties { packages: told() })
    }

    fn descriptor(&self, finding: &Finding) -> Descriptor {
        let id = finding.rule.to_string();
        let rule = self.context.rules.get(&id);
        let level = rule.map_or(finding.level, |rule| rule.level);
        let short = rule.map_or(id.as_str(), |rule| &rule.title);
        Descriptor {
            name: pascal_case(&id),
            short_description: self.text(short),
            full_description: self.text(rule.map_or(short, |rule| &rule.why)),
            help: self.help(short, rule.map(AsRef::as_ref)),
            help_uri: rule
                .and_then(|rule| rule.references.iter().find(|uri| is_plain_url(uri)).map(ToString::to_string)),
            default_configuration: Configuration { enabled: level != Level::Off, level: level_word(level) },
            properties: RuleProperties {
                tags: ["security", finding.category.as_str()],
                security_severity: severity(finding.level),
            },
            id,
        }
    }

    fn help(&self, title: &str, rule: Option<&Rule>) -> Help {
        let Some(rule) = rule else { return Help { text: message(title), markdown: message(title) } };
        let plain = [&*rule.why, &format!("How to fix it: {}", rule.fix)];
        let links: Vec<String> =
            rule.references.iter().filter(|uri| is_plain_url(uri)).map(|uri| format!("- <{uri}>")).collect();
        let (how, links) = (format!("**How to fix it:** {}", rule.fix), links.join("\n"));
        let marked = [&*rule.why, &how, &links];
        let escape = |text: &str| text.lines().map(sanitize::escape).collect::<Vec<_>>().join("\n");
        let join = |parts: &[&str]| parts.iter().map(|part| escape(part)).collect::<Vec<_>>().join("\n\n");
        Help { text: double_braces(&join(&plain)), markdown: double_braces(join(&marked).trim_end()) }
    }

    fn result(&self, finding: &Finding, reason: Option<&str>) -> SarifResult {
        let mut text = finding.message.clone();
        for detail in &finding.details {
            text.push_str("; ");
            text.push_str(&self.redactor.clean_own(finding, detail));
        }
        if let Some(secret) = &finding.secret {
            text.push_str(&format!(" ({secret})"));
        }
        if let left @ 1.. = finding.places.len().saturating_sub(RELATED) {
            text.push_str(&format!("; {} more than the {RELATED} named here", words::count(left, "place")));
        }
        let fingerprint = finding.fingerprint.to_string();
        SarifResult {
            rule_id: finding.rule.to_string(),
            rule_index: self.rules.get(&*finding.rule).map_or(0, |(index, _)| *index),
            level: level_word(finding.level),
            baseline_state: self.context.since.map(|since| if since.was_there(finding) { "unchanged" } else { "new" }),
            message: self.text(&text),
            locations: [self.primary(finding)],
            related_locations: self.related(finding),
            // GitHub compares the second; without it, it hashes lines that change with every build.
            partial_fingerprints: [
                ("lastlook/v1", fingerprint.clone()),
                ("primaryLocationLineHash", format!("{fingerprint}:1")),
            ]
            .into(),
            suppressions: reason
                .map(|reason| Suppression { kind: "external", justification: self.redactor.clean(reason).into_owned() })
                .into_iter()
                .collect(),
            properties: Some(words::packages_at(&finding.path, self.outcome, self.redactor))
                .filter(|packages| !packages.is_empty())
                .map(|packages| ResultProperties { packages }),
        }
    }

    /// The place of a finding, with its address in an executable.
    fn primary(&self, finding: &Finding) -> SarifLocation {
        let mut location = self.location(&finding.path, finding.location);
        location.physical_location.address = finding.section.as_ref().map(|section| Address {
            absolute_address: section.address.and_then(|address| i64::try_from(address).ok()),
            fully_qualified_name: self.redactor.clean(&section.to_string()).into_owned(),
        });
        location
    }

    /// Where the text of a finding comes from, and its further places.
    fn related(&self, finding: &Finding) -> Vec<SarifLocation> {
        let original = finding.original.iter().map(|original| self.original(original));
        let places = finding.places.iter().take(RELATED).map(|place| {
            let where_else = words::place_at(&place.path, place.location, self.redactor);
            let message = Some(self.text(&format!("The same secret in {where_else}")));
            SarifLocation { message, ..self.location(&place.path, place.location) }
        });
        let numbered = original.chain(places).zip(1..);
        numbered.map(|(location, id)| SarifLocation { id: Some(id), ..location }).collect()
    }

    /// A place in a source. Its file may be nowhere near: the name is the map's.
    fn original(&self, original: &Original) -> SarifLocation {
        let uri = relative_uri("", &self.redactor.clean(&original.source));
        let (start_line, start_column) = (Some(original.line), Some(original.column));
        let region = Some(Region { start_line, start_column, byte_offset: None, byte_length: None });
        SarifLocation {
            id: None,
            physical_location: PhysicalLocation { artifact_location: ArtifactLocation { uri }, region, address: None },
            logical_locations: Vec::new(),
            message: Some(self.text("The source that it was built from, as the source map names it")),
        }
    }

    /// A place. A region counts inside the file, so it is only given where the artifact is the file.
    fn location(&self, path: &ArtifactPath, location: Option<Location>) -> SarifLocation {
        let full = path.to_string();
        let root = path.root().to_string();
        let place = location.filter(|_| path.parent().is_none());
        let region = place.map(|place| Region {
            start_line: place.line,
            start_column: place.line.and(place.column),
            byte_offset: Some(place.span.offset),
            byte_length: Some(place.span.length),
        });
        let logical = (full != root).then(|| LogicalLocation {
            name: self.redactor.clean(path.base_name()).into_owned(),
            fully_qualified_name: self.redactor.clean(&full).into_owned(),
        });
        let uri = relative_uri(&self.context.base, &self.redactor.clean(&root));
        SarifLocation {
            id: None,
            physical_location: PhysicalLocation { artifact_location: ArtifactLocation { uri }, region, address: None },
            logical_locations: logical.into_iter().collect(),
            message: None,
        }
    }

    fn invocation(&self) -> Invocation {
        let outcome = self.outcome;
        let mut execution: Vec<Notification> =
            outcome.gaps.iter().take(NOTIFICATIONS).map(|gap| self.gap(gap)).collect();
        let total = outcome.findings.len() + outcome.allowed.len();
        execution.extend(self.left_out(total, RESULTS, "result"));
        execution.extend(self.left_out(outcome.gaps.len(), NOTIFICATIONS, "gap"));
        let mut configuration: Vec<Notification> =
            outcome.stale.iter().take(NOTIFICATIONS).map(|stale| self.stale(stale)).collect();
        configuration.extend(outcome.remarks.iter().take(NOTIFICATIONS).map(|remark| self.remark(remark)));
        configuration.extend(self.left_out(outcome.remarks.len(), NOTIFICATIONS, "remark"));
        configuration.extend(self.left_out(outcome.stale.len(), NOTIFICATIONS, "stale allow entry"));
        Invocation {
            execution_successful: outcome.gaps.is_empty() || self.context.incomplete_allowed,
            exit_code: outcome.verdict.exit_code(),
            tool_execution_notifications: execution,
            tool_configuration_notifications: configuration,
        }
    }

    fn gap(&self, gap: &Gap) -> Notification {
        Notification {
            level: "error",
            message: self.text(&format!("Not looked at: {}", gap.reason)),
            descriptor: DescriptorReference { id: format!("gap/{}", gap.stage.as_str()) },
            locations: vec![self.location(&gap.path, None)],
        }
    }

    fn stale(&self, stale: &Stale) -> Notification {
        Notification {
            level: "warning",
            message: self.text(&format!("{}: {}", stale.place, stale.problem)),
            descriptor: DescriptorReference { id: "stale-allow-entry".to_owned() },
            locations: Vec::new(),
        }
    }

    fn remark(&self, remark: &str) -> Notification {
        Notification {
            level: "note",
            message: self.text(remark),
            descriptor: DescriptorReference { id: "publish-set".to_owned() },
            locations: Vec::new(),
        }
    }

    /// Says that a limit of this report left something out; nothing is dropped in silence.
    fn left_out(&self, total: usize, limit: usize, noun: &str) -> Option<Notification> {
        let left = total.checked_sub(limit).filter(|left| *left > 0)?;
        let (left, limit) = (words::count(left, noun), words::number(limit));
        Some(Notification {
            level: "warning",
            message: self
                .text(&format!("{left} more than the {limit} that this report holds; the json report has all")),
            descriptor: DescriptorReference { id: "report-limit".to_owned() },
            locations: Vec::new(),
        })
    }

    fn text(&self, text: &str) -> Text {
        Text { text: message(&self.redactor.clean(text)) }
    }
}

/// A plain-text message: on one line, cut to a length, with what means something in SARIF escaped (section 3.11.5
/// placeholders, section 3.11.6 embedded links).
fn message(text: &str) -> String {
    let shown = sanitize::shown_within(text, CHARACTERS);
    let shown = if shown.contains("](") { Cow::Owned(shown.replace('[', "\\[").replace(']', "\\]")) } else { shown };
    double_braces(&shown)
}

fn double_braces(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// What a URI keeps as it is: RFC 3986, section 2.3 (unreserved), and the separator.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The URI of a file, relative to the working directory where possible (RFC 3986, section 4.2).
fn relative_uri(base: &str, path: &str) -> String {
    let plain = words::from_base(base, path);
    let encoded = utf8_percent_encode(&plain, KEPT).to_string();
    // Two slashes at the start would make the first name a host.
    if encoded.starts_with('/') { format!("file:///{}", encoded.trim_start_matches('/')) } else { encoded }
}

/// Whether a reference of a rule can stand in a `uri` as it is.
fn is_plain_url(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    (text.starts_with("https://") || text.starts_with("http://")) && text.bytes().all(allowed)
}

fn pascal_case(id: &str) -> String {
    id.split('-')
        .map(|part| {
            let mut characters = part.chars();
            characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect::<String>()
        })
        .collect()
}

fn level_word(level: Level) -> &'static str {
    if level == Level::Off { "none" } else { level.as_str() }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "8.0",
        Level::Warning => "5.0",
        Level::Note => "2.0",
        Level::Off => "0.0",
    }
}

#[cfg(test)]
#[path = "sarif_tests.rs"]
mod tests;
