//! The cases with which every alert on the organisation is tested: it fires (F), is silent on a small sample (N), is silent while its
//! window is incomplete or a partition has no owner (G), outlives one missed scrape when it fires (M) and while it waits (P), resolves (R),
//! and behaves the same with two replicas as with one (2).
//!
//! Does not know any alert.

use std::collections::BTreeMap;

use cxpulse::config::Configuration;
use cxpulse::metrics::{self, Exposition, Merge};
use cxpulse::monitoring::{self, Alert, RuleParameters};

use super::evidence::evidence_of;
use super::shipped::Shipped;
use super::timeline::{Step, Timeline, run};

/// The test of an alert on the organisation.
pub(crate) struct Kpi {
    /// The name, and the labels that tell the alert from others of the same name.
    pub(crate) alert: &'static str,
    /// These labels as text, such as `against="history"`; empty where the name is enough. `by` is no label: it tells two tests of one rule apart.
    pub(crate) apart: &'static str,
    /// The labels that it has when it fires, beside those of its rule.
    pub(crate) labels: &'static str,
    /// The description when it fires.
    pub(crate) says: &'static str,
    /// The scraped series.
    pub(crate) series: Vec<Series>,
    /// Sets of values, each with a name, that keep the alert silent when they take the place of the bad values.
    pub(crate) silent: Vec<(&'static str, Vec<(&'static str, f64)>)>,
}

/// A series by name and labels, with its values.
pub(crate) struct Series {
    name: &'static str,
    labels: &'static str,
    /// The value in the past that it is compared with.
    then: f64,
    /// The value while the alert fires.
    bad: f64,
    /// The growth of `bad` at each step.
    growth: f64,
    /// The value after that.
    good: f64,
    /// A value as bad as `bad`, but of few cases.
    few: f64,
}

/// A series that changes.
pub(crate) fn series(name: &'static str, labels: &'static str, [then, bad, good, few]: [f64; 4]) -> Series {
    Series { name, labels, then, bad, growth: 0.0, good, few }
}

/// A series that does not change.
pub(crate) fn constant(name: &'static str, labels: &'static str, value: f64) -> Series {
    series(name, labels, [value; 4])
}

impl Series {
    /// The same series with its good value throughout.
    pub(crate) fn unchanged(self) -> Self {
        Self { then: self.good, bad: self.good, few: self.good, ..self }
    }

    pub(crate) fn growing(self, growth: f64) -> Self {
        Self { growth, ..self }
    }

    /// Whether a key matches the series. A key is a name, which matches every series of that name, or a name with labels.
    fn is(&self, key: &str) -> bool {
        key.split_once('{').map_or(key == self.name, |(name, labels)| name == self.name && labels.trim_end_matches('}') == self.labels)
    }
}

const WINDOWS: [&str; 5] = ["window=\"5m\"", "window=\"1h\"", "window=\"24h\"", "window=\"7d\"", "window=\"30d\""];

/// The ends of the recorded names that look back by weeks themselves.
const LOOK_BACK: [&str; 4] = [":usual", ":z_past", ":expected", ":z_usual"];

/// The changes that a case makes to a timeline.
#[derive(Default)]
struct Otherwise<'a> {
    replicas: usize,
    few: bool,
    coverage: Option<f64>,
    coverage_then: Option<f64>,
    assigned: Option<f64>,
    /// The step without values, counted from the first bad one; half of the bad phase where it is not given.
    missed: Option<usize>,
    overrides: &'a [(&'static str, f64)],
}

/// Runs all cases of some alerts.
pub(crate) fn run_all(kpis: &[Kpi]) {
    let shipped = Shipped::read("cxpulse.alerts.yml");
    let alerts = monitoring::alerts(&Configuration::default(), &RuleParameters::default());
    assert_eq!(shipped.names(), alerts.iter().map(|alert| alert.name).collect::<Vec<_>>(), "the committed file is not the generated one");
    let operators = operators();
    let mut faults = Vec::new();
    for kpi in kpis {
        let place = alerts.iter().position(|alert| kpi.is_of(alert)).unwrap_or_else(|| panic!("no rule {} {}", kpi.alert, kpi.apart));
        let step = kpi.step(&alerts[place]);
        faults.extend(run(&shipped, place, step, &kpi.timelines(&alerts[place], &operators)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

impl Kpi {
    /// Whether the case tests this rule.
    pub(crate) fn is_of(&self, alert: &Alert) -> bool {
        let apart: Vec<(&str, &str)> = pairs(self.apart);
        self.alert == alert.name
            && apart.iter().all(|(name, value)| *name == "by" || alert.apart.iter().any(|(n, v)| n == name && v == value))
    }

    fn step(&self, alert: &Alert) -> Step {
        let is_slow = alert.hold.is_some_and(|hold| hold.ends_with('h')) || self.past(alert) > 0;
        if is_slow { Step::Hour } else { Step::Minute }
    }

    /// Whether the alert reads what Prometheus recorded in the last weeks. One against the longer window fires only where there is no such history.
    fn looks_back_by_weeks(&self, alert: &Alert) -> bool {
        !self.apart.contains("trend") && LOOK_BACK.iter().any(|end| alert.expression.contains(end))
    }

    /// The number of steps before the bad ones: the past that the alert reads, and a little more.
    fn past(&self, alert: &Alert) -> usize {
        let looks_back = |offset: &str| alert.expression.contains(&format!("{offset}) ")) && !self.apart.contains("trend");
        if self.looks_back_by_weeks(alert) {
            7 * 24 + 2
        } else if looks_back("offset 30d") {
            30 * 24 + 2
        } else if looks_back("offset 7d") {
            7 * 24 + 2
        } else {
            0
        }
    }

    /// The number of good steps after the bad ones: as many, and more where the alert is kept for longer.
    fn good_steps(&self, alert: &Alert) -> usize {
        let phase = self.step(alert).phase();
        let hours = alert.keep.and_then(|keep| keep.strip_suffix('h')?.parse::<usize>().ok()).unwrap_or(0);
        if self.step(alert) == Step::Minute { phase + 60 * hours } else { phase }
    }

    fn timelines(&self, alert: &Alert, operators: &BTreeMap<String, Merge>) -> Vec<Timeline> {
        let (past, phase) = (self.past(alert), self.step(alert).phase());
        let last = past + phase + self.good_steps(alert) - 1;
        let (fires, missed, last_bad) = (past + phase / 2 - 1, past + phase / 2, past + phase - 1);
        let timeline = |title: &str, otherwise: Otherwise<'_>, firing: &[(usize, usize)]| Timeline {
            title: title.to_owned(),
            series: self.scraped(past, phase, last, &otherwise, operators),
            firing: firing.to_vec(),
            exactly: None,
        };
        let through = [(fires, 1), (missed, 1), (last_bad, 1), (last, 0)];
        let silent = [(fires, 0), (last_bad, 0), (last, 0)];
        let mut timelines = vec![
            timeline("F M R: fires, outlives a missed scrape, resolves", Otherwise::one(), &through),
            timeline("2: two replicas give what one gives", Otherwise { replicas: 2, ..Otherwise::default() }, &through),
            timeline("N: few cases are silent", Otherwise { few: true, ..Otherwise::one() }, &silent),
            timeline("G: an unowned partition is silent", Otherwise { assigned: Some(4.0), ..Otherwise::one() }, &silent),
        ];
        for exact in &mut timelines[..2] {
            exact.exactly = Some((fires, self.labels_of(alert), self.annotations_of(alert)));
        }
        if alert.expression.contains("window_complete") {
            timelines.push(timeline("G: an incomplete window is silent", Otherwise { coverage: Some(0.5), ..Otherwise::one() }, &silent));
        }
        // The state of now has no window.
        let has_window = self.series.iter().any(|series| series.labels.contains("window="));
        if alert.expression.contains("window_complete:bool offset") || (has_window && self.looks_back_by_weeks(alert)) {
            let otherwise = Otherwise { coverage_then: Some(0.5), ..Otherwise::one() };
            timelines.push(timeline("G: an incomplete window of the past is silent", otherwise, &silent[..2]));
        }
        // Were the time begun anew after the gap, the alert would fire a step later.
        let minutes = alert.hold.and_then(|hold| hold.strip_suffix('m')?.parse::<usize>().ok());
        if let (Step::Minute, Some(minutes)) = (self.step(alert), minutes) {
            // The windows count as settled from the second minute on.
            let otherwise = Otherwise { missed: Some(2), ..Otherwise::one() };
            let firing = [(past + minutes - 1, 0), (past + minutes + 1, 1)];
            timelines.push(timeline("P: a minute without values does not begin its time anew", otherwise, &firing));
        }
        for (title, overrides) in &self.silent {
            timelines.push(timeline(&format!("{title}: silent"), Otherwise { overrides, ..Otherwise::one() }, &silent));
        }
        timelines
    }

    /// The scraped values: first the past, then a phase of bad values, then a phase of good values.
    fn scraped(
        &self,
        past: usize,
        phase: usize,
        last: usize,
        otherwise: &Otherwise<'_>,
        operators: &BTreeMap<String, Merge>,
    ) -> Vec<(String, Vec<Option<f64>>)> {
        let full = |labels| Series {
            then: otherwise.coverage_then.unwrap_or(1.0),
            bad: otherwise.coverage.unwrap_or(1.0),
            ..constant("cx_window_coverage_ratio", labels, 1.0)
        };
        let mut all: Vec<Series> = WINDOWS.map(full).into();
        all.push(constant("cx_kafka_partitions", "topic=\"tickets\"", 6.0));
        let assigned = constant("cx_kafka_partitions_assigned", "topic=\"tickets\"", 6.0);
        all.push(Series { bad: otherwise.assigned.unwrap_or(6.0), ..assigned });
        let mut scraped = Vec::new();
        for series in all.iter().chain(&self.series) {
            let is_added = operators.get(series.name).is_none_or(|merge| *merge == Merge::Sum) && series.name != "cx_kafka_partitions";
            let share = if is_added { 1.0 / otherwise.replicas as f64 } else { 1.0 };
            let bad = otherwise.overrides.iter().find(|(key, _)| series.is(key)).map(|(_, value)| *value);
            let growth = if bad.is_some() { 0.0 } else { series.growth };
            let bad = bad.unwrap_or(if otherwise.few { series.few } else { series.bad });
            for replica in 0..otherwise.replicas {
                let at = |step: usize| match step {
                    step if step < past => Some(series.then),
                    step if step == past + otherwise.missed.unwrap_or(phase / 2) && replica == 0 => None,
                    step if step < past + phase => Some(bad + growth * (step - past) as f64),
                    _ => Some(series.good),
                };
                let values = (0..=last).map(|step| at(step).map(|value| value * share)).collect();
                let comma = if series.labels.is_empty() { "" } else { "," };
                scraped.push((format!("{}{{job=\"cxpulse\",instance=\"{replica}\"{comma}{}}}", series.name, series.labels), values));
            }
        }
        scraped
    }

    fn labels_of(&self, alert: &Alert) -> Vec<(String, String)> {
        let own = [("job", "cxpulse")].into_iter().chain(pairs(self.labels));
        let mut labels: BTreeMap<&str, &str> = own.collect();
        labels.extend(alert.labels());
        labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn annotations_of(&self, alert: &Alert) -> Vec<(String, String)> {
        let text = |(name, text): (&str, String)| {
            let shown = match name {
                "description" => self.says.to_owned(),
                "evidence" => evidence_of(self.alert, self.apart).to_owned(),
                _ => text,
            };
            (name.to_owned(), shown)
        };
        alert.annotations(&RuleParameters::default()).into_iter().map(text).collect()
    }
}

impl Otherwise<'_> {
    fn one() -> Self {
        Self { replicas: 1, ..Self::default() }
    }
}

/// The merge operator of each family.
fn operators() -> BTreeMap<String, Merge> {
    let configuration = Configuration::default();
    let exposition = Exposition::new(&configuration);
    let of_catalogue = exposition.listed_families().into_iter().map(|listed| (listed.name(), listed.family.merge));
    let of_state = metrics::operational_families(&configuration).into_iter().filter_map(|own| Some((own.name, own.merge?)));
    of_catalogue.chain(of_state).collect()
}

/// `a="b",c="d"` as pairs.
fn pairs(labels: &'static str) -> Vec<(&'static str, &'static str)> {
    labels.split(',').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name, value.trim_matches('"'))).collect()
}
