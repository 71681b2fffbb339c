//! Test files of `promtool test rules`: the scraped values over time, and the alerts that must fire.
//!
//! Does not know any alert.

use std::fmt::Write as _;

use super::shipped::Shipped;
use crate::support::promtool::run_tool;

/// The time from one evaluation to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Minute,
    FiveMinutes,
    Hour,
}

/// The names and values of labels or annotations.
pub(crate) type Texts = Vec<(String, String)>;

/// The scraped values, and the alerts that must fire at some instants.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    /// The title of the case.
    pub(crate) title: String,
    /// The series with all their labels, and a value for each step; `None` for a failed scrape.
    pub(crate) series: Vec<(String, Vec<Option<f64>>)>,
    /// Steps, each with the number of alerts that must fire there.
    pub(crate) firing: Vec<(usize, usize)>,
    /// A step at which an alert must fire with exactly these labels and annotations.
    pub(crate) exactly: Option<(usize, Texts, Texts)>,
}

impl Step {
    /// The number of bad steps in a test: longer than the condition must hold, and longer than the alert is kept firing.
    pub(crate) const fn phase(self) -> usize {
        match self {
            Self::Minute | Self::FiveMinutes => 60,
            Self::Hour => 24,
        }
    }

    pub(crate) fn text(self, count: usize) -> String {
        match self {
            Self::Minute => format!("{count}m"),
            Self::FiveMinutes => format!("{}m", 5 * count),
            Self::Hour => format!("{count}h"),
        }
    }
}

/// Runs timelines against the alert at an index of the shipped file, and returns the failures. The test files stay in the target folder, so
/// that they can be run by hand.
pub(crate) fn run(shipped: &Shipped, alert: usize, step: Step, timelines: &[Timeline]) -> Option<String> {
    let name = shipped.names()[alert];
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("rules").join(format!("{alert:02}-{name}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("rules.yml"), shipped.cut_down_to(alert)).unwrap();
    std::fs::write(folder.join("tests.yml"), file(name, step, timelines)).unwrap();
    let said = run_tool("promtool", &["test", "rules", "tests.yml"], &folder)?.err()?;
    Some(format!("{} (the timelines and what they show stand there in tests.yml):\n{said}", folder.display()))
}

fn file(name: &str, step: Step, timelines: &[Timeline]) -> String {
    let interval = step.text(1);
    let mut out = format!("rule_files: [rules.yml]\nevaluation_interval: {interval}\ngroup_eval_order: [cx.merge, cx.alerts]\ntests:\n");
    for timeline in timelines {
        write!(out, "  # {}\n  - interval: {interval}\n    input_series:\n", timeline.title).unwrap();
        for (series, values) in &timeline.series {
            let values: Vec<String> = values.iter().map(|value| value.map_or_else(|| "stale".to_owned(), |v| v.to_string())).collect();
            write!(out, "      - series: '{series}'\n        values: '{}'\n", values.join(" ")).unwrap();
        }
        if let Some((at, labels, annotations)) = &timeline.exactly {
            write!(out, "    alert_rule_test:\n      - eval_time: {}\n        alertname: {name}\n        exp_alerts:\n", step.text(*at))
                .unwrap();
            out.push_str("          - exp_labels:\n");
            labels.iter().for_each(|(label, value)| writeln!(out, "              {label}: '{value}'").unwrap());
            out.push_str("            exp_annotations:\n");
            annotations.iter().for_each(|(label, value)| writeln!(out, "              {label}: '{}'", value.replace('\'', "''")).unwrap());
        }
        out.push_str("    promql_expr_test:\n");
        for (at, count) in &timeline.firing {
            let firing = format!("count(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}) or vector(0)");
            write!(
                out,
                "      - expr: '{firing}'\n        eval_time: {}\n        exp_samples: [{{labels: '{{}}', value: {count}}}]\n",
                step.text(*at)
            )
            .unwrap();
        }
    }
    out
}
