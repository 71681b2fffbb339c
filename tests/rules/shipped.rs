//! The committed rule files, reduced to one alert and the recording rules that it reads, so that weeks are evaluated in a moment.
//!
//! Does not know the meaning of an alert.

use std::collections::BTreeSet;

use crate::support::promtool::in_repository;

/// The recording rules and alerts in `deploy/prometheus`, each as the text of one rule.
pub(crate) struct Shipped {
    recordings: Vec<String>,
    alerts: Vec<String>,
}

impl Shipped {
    /// Reads the recording rules and the alerts of a file.
    pub(crate) fn read(alerts: &str) -> Self {
        let rules_of = |file: &str, begin: &str| {
            let text = std::fs::read_to_string(in_repository("deploy/prometheus").join(file)).unwrap();
            let rules = text.split(begin).skip(1).map(|rule| format!("{begin}{rule}")).collect::<Vec<_>>();
            assert!(!rules.is_empty(), "{file} has no rules");
            rules
        };
        Self { recordings: rules_of("cxpulse.rules.yml", "      - record: "), alerts: rules_of(alerts, "      - alert: ") }
    }

    /// The names of the alerts, in the order of the rules.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.alerts.iter().map(|rule| name_of(rule)).collect()
    }

    /// A rule file with the alert at this index, and the recording rules that it reads.
    pub(crate) fn cut_down_to(&self, alert: usize) -> String {
        let mut wanted: BTreeSet<&str> = recorded_in(&self.alerts[alert]);
        // The rules are visited from the last to the first, because a rule reads only series that an earlier rule records.
        let mut needed: Vec<&str> = Vec::new();
        for rule in self.recordings.iter().rev() {
            if wanted.contains(name_of(rule)) && !is_of_other_metric(rule, &self.alerts[alert]) {
                wanted.extend(recorded_in(rule));
                needed.push(rule);
            }
        }
        needed.reverse();
        let merge = if needed.is_empty() { String::new() } else { format!("  - name: cx.merge\n    rules:\n{}", needed.concat()) };
        format!("groups:\n{merge}  - name: cx.alerts\n    rules:\n{}", self.alerts[alert])
    }
}

/// Whether a rule records what moved another metric than one that the alert names: such rules are many and slow.
fn is_of_other_metric(rule: &str, alert: &str) -> bool {
    let metric = rule.lines().find_map(|line| line.trim().strip_prefix("metric: '")?.strip_suffix('\''));
    name_of(rule).starts_with("cx:contribution") && metric.is_some_and(|metric| !alert.contains(&format!("metric=\"{metric}\"")))
}

fn name_of(rule: &str) -> &str {
    rule.lines().next().and_then(|line| line.split(": ").nth(1)).expect("a rule begins with its name")
}

fn recorded_in(rule: &str) -> BTreeSet<&str> {
    rule.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').filter(|word| word.starts_with("cx:")).collect()
}
