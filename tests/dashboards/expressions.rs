//! Every expression is valid PromQL and has a meaning: names and labels exist, windows are pinned and not mixed, and only counters have
//! rates.

use std::collections::{BTreeMap, BTreeSet};

use cxpulse::config::Configuration;
use cxpulse::metrics::series;
use cxpulse::monitoring::{RuleParameters, recording_rules};
use promql_parser::parser::{Call, Expr, LabelModifier, VectorSelector, parse};

use super::files::shipped;
use crate::support::panels::{all_expressions, substituted};

/// The labels that a scrape adds.
const ANYWHERE: [&str; 4] = ["job", "instance", "namespace", "cluster"];
/// The recorded series that merge no family.
const RECORDED: [(&str, &[&str]); 5] = [
    ("cx:partitions_owned:bool", &[]),
    ("cx:window_complete:bool", &["window"]),
    ("cx:nps_answers:sum", &["scope", "window"]),
    ("cx:first_response_seconds_by_team_channel:ratio_past", &["team", "channel", "window"]),
    ("cx:resolution_seconds_by_team_channel:ratio_past", &["team", "channel", "window"]),
];
const COUNTING: [&str; 3] = ["rate", "increase", "changes"];

/// The labels of every series that is exported or recorded, by name.
fn known() -> BTreeMap<String, BTreeSet<String>> {
    let configuration = Configuration::default();
    let exported: BTreeMap<String, BTreeSet<String>> =
        series(&configuration).into_iter().map(|(name, labels)| (name, labels.into_iter().collect())).collect();
    let mut known = exported.clone();
    for rule in recording_rules(&configuration, &RuleParameters::default()) {
        let stem = rule.record.strip_prefix("cx:").and_then(|name| name.rsplit_once(':')).expect("cx:NAME:OPERATOR").0;
        if let Some(labels) = exported.get(&format!("cx_{stem}")) {
            known.insert(rule.record, labels.clone());
        } else if let Some((name, labels)) = RECORDED.iter().find(|(name, _)| *name == rule.record) {
            known.insert((*name).to_owned(), labels.iter().map(|label| (*label).to_owned()).collect());
        }
    }
    known.insert("ALERTS".to_owned(), ["alertname", "alertstate"].map(str::to_owned).into());
    known
}

/// The names and labels in an expression.
#[derive(Default)]
struct Parts {
    selectors: Vec<VectorSelector>,
    /// The labels by which it groups or matches.
    labels: BTreeSet<String>,
    /// The names of the series inside a function of counters, and of those outside of one.
    counted: BTreeSet<String>,
    plain: BTreeSet<String>,
    is_combined: bool,
}

impl Parts {
    fn of(text: &str) -> Self {
        let expression = parse(text).unwrap_or_else(|why| panic!("{why}: {text}"));
        let mut parts = Self::default();
        parts.walk(&expression, false);
        parts
    }

    fn walk(&mut self, expression: &Expr, is_counted: bool) {
        match expression {
            Expr::Aggregate(aggregate) => {
                self.is_combined = true;
                self.modify(aggregate.modifier.as_ref());
                self.walk(&aggregate.expr, is_counted);
            }
            Expr::Unary(unary) => self.walk(&unary.expr, is_counted),
            Expr::Binary(binary) => {
                self.is_combined = true;
                if let Some(modifier) = &binary.modifier {
                    self.modify(modifier.matching.as_ref());
                }
                self.walk(&binary.lhs, is_counted);
                self.walk(&binary.rhs, is_counted);
            }
            Expr::Paren(inner) => self.walk(&inner.expr, is_counted),
            Expr::Subquery(_) | Expr::Extension(_) => panic!("not expected on a dashboard: {expression}"),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => {}
            Expr::VectorSelector(selector) => self.select(selector, is_counted),
            Expr::MatrixSelector(matrix) => self.select(&matrix.vs, is_counted),
            Expr::Call(Call { func, args }) => args.args.iter().for_each(|argument| self.walk(argument, COUNTING.contains(&func.name))),
        }
    }

    fn modify(&mut self, modifier: Option<&LabelModifier>) {
        if let Some(LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) = modifier {
            self.labels.extend(labels.labels.iter().cloned());
        }
    }

    fn select(&mut self, selector: &VectorSelector, is_counted: bool) {
        let name = selector.name.clone().expect("a selector with a name");
        if is_counted {
            self.counted.insert(name)
        } else {
            self.plain.insert(name)
        };
        self.selectors.push(selector.clone());
    }
}

fn each(mut check: impl FnMut(&str, &str, &Parts)) {
    let mut count = 0;
    for board in &shipped() {
        for (place, expression) in all_expressions(board) {
            check(&place, &expression, &Parts::of(&substituted(&expression, "cxpulse", "24h")));
            count += 1;
        }
    }
    assert!(count > 150, "{count} expressions");
}

#[test]
fn every_name_and_label_exists() {
    let known = known();
    each(|place, expression, parts| {
        let mut labels = BTreeSet::new();
        for selector in &parts.selectors {
            let name = selector.name.as_deref().expect("a name");
            let of_series = known.get(name).unwrap_or_else(|| panic!("{place}: nobody exports or records `{name}`"));
            labels.extend(of_series);
            for matcher in &selector.matchers.matchers {
                let is_there = of_series.contains(&matcher.name) || ANYWHERE.contains(&matcher.name.as_str());
                assert!(is_there, "{place}: `{name}` has no label `{}`: {expression}", matcher.name);
            }
        }
        for label in &parts.labels {
            assert!(labels.contains(label) || ANYWHERE.contains(&label.as_str()), "{place}: no series has `{label}`: {expression}");
        }
    });
}

#[test]
fn every_legend_names_labels_that_the_series_have() {
    let known = known();
    for board in &shipped() {
        for panel in crate::support::panels::panels(board) {
            for target in panel["targets"].as_array().expect("targets") {
                let parts = Parts::of(&substituted(target["expr"].as_str().expect("an expression"), "cxpulse", "24h"));
                let names = parts.selectors.iter().filter_map(|selector| known.get(selector.name.as_deref()?));
                let labels: BTreeSet<&String> = names.flatten().collect();
                let legend = target["legendFormat"].as_str().expect("a legend");
                for label in legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
                    let is_there = labels.contains(&label.to_owned()) || ANYWHERE.contains(&label);
                    assert!(is_there, "{}: `{label}` in {legend}", panel["title"]);
                }
            }
        }
    }
}

#[test]
fn every_selector_says_whose_it_is_and_of_which_window() {
    let known = known();
    each(|place, expression, parts| {
        for selector in parts.selectors.iter().filter(|selector| selector.name.as_deref() != Some("ALERTS")) {
            let name = selector.name.as_deref().expect("a name");
            let matched = |label: &str| selector.matchers.matchers.iter().find(|matcher| matcher.name == label);
            assert_eq!(matched("job").map(|matcher| matcher.value.as_str()), Some("cxpulse"), "{place}: {expression}");
            if known[name].contains("window") && parts.is_combined {
                let window = matched("window").map(|matcher| (matcher.op.to_string(), matcher.value.as_str()));
                assert_eq!(window, Some(("=".to_owned(), "24h")), "{place}: windows overlap and must not be combined: {expression}");
            }
        }
    });
}

#[test]
fn rates_are_of_counters_and_counters_have_rates() {
    let is_counter = |name: &str| name.ends_with("_total") || name == "cx_event_delay_seconds_bucket";
    each(|place, expression, parts| {
        for name in &parts.counted {
            assert!(is_counter(name) || name == "process_start_time_seconds", "{place}: `{name}` is no counter: {expression}");
        }
        for name in &parts.plain {
            assert!(!is_counter(name), "{place}: `{name}` is a counter: {expression}");
        }
        if !parts.counted.is_empty() {
            let wanted = if place.contains("annotation") { "[$__interval]" } else { "[$__rate_interval]" };
            assert!(expression.contains(wanted), "{place}: {expression}");
        }
    });
}

#[test]
fn values_of_customers_are_merged_and_never_one_replicas_own() {
    for board in shipped().iter().filter(|board| board["uid"] != "cx-pipeline") {
        for (place, expression) in all_expressions(board).iter().filter(|(place, _)| !place.contains("annotation")) {
            for selector in Parts::of(&substituted(expression, "cxpulse", "24h")).selectors {
                assert!(selector.name.is_some_and(|name| name.starts_with("cx:")), "{place}: {expression}");
            }
        }
    }
}

#[test]
fn the_reader_finds_what_it_looks_for() {
    let parts = Parts::of("sum by (team) (rate(a_total{job=\"x\"}[1m])) / on (window) group_left () b{window=\"1h\"}");
    assert_eq!((parts.counted, parts.plain), (["a_total".to_owned()].into(), ["b".to_owned()].into()));
    assert!(parts.is_combined && parts.labels == ["team", "window"].map(str::to_owned).into());
}
