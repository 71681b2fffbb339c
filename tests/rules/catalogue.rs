//! Every family is merged, and every name in a rule is a family or is recorded by an earlier rule.

use std::collections::BTreeSet;

use cxpulse::config::Configuration;
use cxpulse::metrics::{self, Exposition, Merge};
use cxpulse::monitoring::{self, RuleParameters, UNMERGED};

#[test]
fn every_family_of_the_catalogue_has_a_recording_rule_for_every_grouping_set() {
    let configuration = Configuration::default();
    let records = records(&configuration);
    let exposition = Exposition::new(&configuration);
    for listed in exposition.listed_families() {
        let (family, suffix) = (listed.family, listed.suffix);
        let stem = format!("cx:{}", family.name.strip_prefix("cx_").unwrap());
        let operators: &[&str] = match family.merge {
            Merge::Sum => &["sum"],
            Merge::Min => &["min"],
            Merge::Max => &["max"],
            Merge::Derived => &["merged", "pooled"],
        };
        let mut ends: Vec<String> = vec![String::new()];
        if family.kind() == "histogram" {
            ends = ["_sum", "_count"].map(str::to_owned).to_vec();
            ends.extend(listed.has_buckets.then(|| "_bucket".to_owned()));
        }
        // A quantile needs the buckets, and only some grouping sets export them.
        let has_no_buckets = !listed.has_buckets && ["_p50_", "_p90_", "_p95_"].iter().any(|part| family.name.contains(part));
        for end in ends.iter().filter(|_| !has_no_buckets) {
            let recorded = operators.iter().any(|operator| records.contains(&format!("{stem}{suffix}{end}:{operator}")));
            assert!(recorded, "no rule records `{stem}{suffix}{end}` by {operators:?}");
        }
    }
}

#[test]
fn every_family_of_state_and_process_has_a_recording_rule_or_a_reason_for_none() {
    let configuration = Configuration::default();
    let records = records(&configuration);
    for own in metrics::operational_families(&configuration).into_iter().filter(|own| own.name.starts_with("cx_")) {
        let stem = format!("cx:{}:", own.name.strip_prefix("cx_").unwrap());
        let (is_recorded, has_reason) = (records.iter().any(|r| r.starts_with(&stem)), UNMERGED.iter().any(|(name, _)| *name == own.name));
        assert!(is_recorded != has_reason, "{}: recorded is {is_recorded}, and in the list of the unmerged is {has_reason}", own.name);
    }
}

#[test]
fn every_name_in_a_rule_is_exported_or_was_recorded_before() {
    let configuration = Configuration::default();
    let exported: BTreeSet<String> = metrics::series(&configuration).into_iter().map(|(name, _)| name).collect();
    let mut known = exported.clone();
    for rule in monitoring::recording_rules(&configuration, &RuleParameters::default()) {
        assert_known(&rule.record, &rule.expression, &known);
        known.insert(rule.record);
    }
    for alert in monitoring::alerts(&configuration, &RuleParameters::default()) {
        assert_known(alert.name, &alert.expression, &known);
    }
}

/// Only the rules that compare two windows name two: the baseline without the short window, the trend, and a span that is added up from windows.
#[test]
fn no_rule_mixes_windows_but_those_of_the_baseline() {
    let configuration = Configuration::default();
    let both = |name: &str, expression: &str| {
        let windows: BTreeSet<&str> = expression.split("window=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let may_mix = [":rest", ":beyond_rest", ":span"].iter().any(|end| name.ends_with(end)) || name == "cx:trend:merged";
        assert!(windows.len() < 2 || may_mix, "{name}: {windows:?}");
    };
    monitoring::recording_rules(&configuration, &RuleParameters::default()).iter().for_each(|rule| both(&rule.record, &rule.expression));
}

fn records(configuration: &Configuration) -> BTreeSet<String> {
    monitoring::recording_rules(configuration, &RuleParameters::default()).into_iter().map(|rule| rule.record).collect()
}

fn assert_known(place: &str, expression: &str, known: &BTreeSet<String>) {
    for word in expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':') {
        if word.starts_with("cx_") || word.starts_with("cx:") {
            assert!(known.contains(word), "{place}: `{word}` is no family, and no rule before records it");
        }
    }
}
