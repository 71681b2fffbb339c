//! The families about what marked changes did: the effects, and the day sums from which they are computed again over several replicas.
//!
//! Does not know how an effect is computed.

use super::change_effects::{ChangeEffect, compared_weeks, effects_of};
use super::family::{Merge, OperationalFamily};
use super::selection::FamilySelection;
use super::text::{LabelSet, Sample, write_header};
use crate::engine::{ChangeDays, ComparedDay, DatedMetric, Snapshot};

/// One family about marked changes.
pub(super) struct ChangeFamily {
    pub(super) name: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) merge: Merge,
    pub(super) help: &'static str,
    read: Read,
}

/// How the samples of one change are read, with the values of the labels after `change`.
#[derive(Clone, Copy)]
enum Read {
    /// One for each metric.
    Effect(fn(&ChangeEffect) -> Option<f64>),
    /// One for the effect, and one for the placebo.
    Weeks,
    /// One for each metric, group and day.
    Days(fn(&ComparedDay, bool) -> f64),
}

/// What all families are: the gauges of Prometheus.
pub(super) const KIND: &str = "gauge";

const METRIC: &[&str] = &["change", "metric"];
const PART: &[&str] = &["change", "part"];
const DAY: &[&str] = &["change", "metric", "group", "part", "day"];

/// All families about what marked changes did, in the order of the exposition.
pub(super) const FAMILIES: [ChangeFamily; 7] = [
    ChangeFamily {
        name: "cx_change_effect",
        labels: METRIC,
        merge: Merge::Derived,
        help: "What a marked change did: after it less before it, in the contacts of its where, less the same in all other contacts. A difference of shares for csat \
(satisfied) and high_effort, points for nps (answers about contacts), and a difference of mean natural logarithms for first_response and resolution, where \
0.1 is about 10 % longer. A case counts on the UTC day on which its contact opened, for durations on that on which its clock started. Compared are 1 to 4 \
whole weeks on each side, without the day of the change; a week after it counts from a day after its end on, and answers that come later still change \
the value. Absent without where, where a dimension of where is in no grouping set, with fewer than 30 cases before or after, in the contacts of where or \
in the others, with cases on fewer than 4 days of a side, and from 11 weeks after the change on. For the latest 8 changes that can be compared. \
Speaks for the partitions of this instance only.",
        read: Read::Effect(|effect| Some(effect.effect)),
    },
    ChangeFamily {
        name: "cx_change_effect_lower",
        labels: METRIC,
        merge: Merge::Derived,
        help: "Lower 95 % bound of cx_change_effect, from how much the difference between the two groups differs between days. It does not know that days may \
resemble their neighbours, so hold it against cx_change_effect_placebo. Speaks for the partitions of this instance only.",
        read: Read::Effect(|effect| Some(effect.lower)),
    },
    ChangeFamily {
        name: "cx_change_effect_upper",
        labels: METRIC,
        merge: Merge::Derived,
        help: "Upper 95 % bound of cx_change_effect. Speaks for the partitions of this instance only.",
        read: Read::Effect(|effect| Some(effect.upper)),
    },
    ChangeFamily {
        name: "cx_change_effect_placebo",
        labels: METRIC,
        merge: Merge::Derived,
        help: "The same as cx_change_effect one span earlier, where nothing was changed: the weeks before the change less those before them. Near 0 where the two \
groups went alike; where it is as far from 0 as the effect, so is the effect chance. Absent where those days are no longer kept. Speaks for the partitions \
of this instance only.",
        read: Read::Effect(|effect| effect.placebo),
    },
    ChangeFamily {
        name: "cx_change_weeks",
        labels: PART,
        merge: Merge::Min,
        help: "The whole weeks that cx_change_effect compares on each side of a marked change, and with part=\"placebo\" those of cx_change_effect_placebo; 0 where the \
days are not over yet, were lost, or are no longer kept.",
        read: Read::Weeks,
    },
    ChangeFamily {
        name: "cx_change_day_cases",
        labels: DAY,
        merge: Merge::Sum,
        help: "Cases behind cx_change_effect by the day on which their contact opened, counted from the day of the change (-1 is the day before), in the contacts that \
the change was for (marked) and in all others. Absent where there are none.",
        read: Read::Days(|day, is_marked| sum_of(day, is_marked).0),
    },
    ChangeFamily {
        name: "cx_change_day_sum",
        labels: DAY,
        merge: Merge::Sum,
        help: "Sum of the values of those cases: satisfied answers, answers with high effort, 100 for a promoter and -100 for a detractor, or natural logarithms of \
seconds.",
        read: Read::Days(|day, is_marked| sum_of(day, is_marked).1),
    },
];

/// The sample of an effect as the exposition has it; `bound` is the end of the family's name, such as `_lower`.
#[must_use]
pub(crate) fn change_sample(change: &str, metric: DatedMetric, bound: &str, value: f64) -> Sample {
    let mut labels = LabelSet::default();
    METRIC.iter().zip([change, metric.name()]).for_each(|(name, value)| labels.push(name, value));
    let mut series = format!("cx_change_effect{bound}");
    labels.write_series(&mut series);
    Sample { series, value }
}

fn sum_of(day: &ComparedDay, is_marked: bool) -> (f64, f64) {
    let sum = if is_marked { day.marked } else { day.others };
    (sum.cases as f64, sum.sum as f64 * day.metric.unit())
}

/// The families as others list them.
pub(super) fn families() -> impl Iterator<Item = OperationalFamily> {
    FAMILIES.iter().map(|family| OperationalFamily {
        name: family.name.to_owned(),
        kind: KIND.to_owned(),
        labels: family.labels.iter().map(|label| (*label).to_owned()).collect(),
        merge: Some(family.merge),
        help: family.help.to_owned(),
    })
}

/// Appends the wanted families; with `at_seconds` (since 1970), as samples of that instant without comments.
pub(super) fn render(snapshot: &Snapshot, at_seconds: Option<f64>, wanted: &FamilySelection, out: &mut String) {
    if snapshot.compared_changes.is_empty() {
        return;
    }
    let effects: Vec<Vec<ChangeEffect>> = snapshot.compared_changes.iter().map(effects_of).collect();
    for family in FAMILIES.iter().filter(|family| wanted.has(family.name)) {
        let start = out.len();
        if at_seconds.is_none() {
            write_header(out, family.name, family.help, KIND);
        }
        let samples_start = out.len();
        for (change, effects) in snapshot.compared_changes.iter().zip(&effects) {
            let mut write = |values: &[&str], value: f64| {
                let mut labels = LabelSet::default();
                let values = std::iter::once(change.name.as_str()).chain(values.iter().copied());
                family.labels.iter().zip(values).for_each(|(name, value)| labels.push(name, value));
                labels.write_sample(out, family.name, "", value, at_seconds);
            };
            samples(family.read, change, effects, &mut write);
        }
        if out.len() == samples_start {
            out.truncate(start);
        }
    }
}

/// Passes each sample of a change to `write`.
fn samples(read: Read, change: &ChangeDays, effects: &[ChangeEffect], write: &mut impl FnMut(&[&str], f64)) {
    let weeks = compared_weeks(change);
    match read {
        Read::Effect(of) => effects
            .iter()
            .filter_map(|effect| Some((effect.metric.name(), of(effect)?)))
            .for_each(|(metric, value)| write(&[metric], value)),
        Read::Weeks => {
            write(&["effect"], f64::from(weeks));
            write(&["placebo"], f64::from(if change.has_earlier { weeks } else { 0 }));
        }
        Read::Days(of) if weeks > 0 => {
            for day in &change.days {
                for (group, is_marked) in [("marked", true), ("others", false)] {
                    if sum_of(day, is_marked).0 != 0.0 {
                        write(&[day.metric.name(), group, day.period.name(), &day.day.to_string()], of(day, is_marked));
                    }
                }
            }
        }
        Read::Days(_) => {}
    }
}
