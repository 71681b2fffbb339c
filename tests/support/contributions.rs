//! What moved, computed slowly from sums by series: the short window against the rest of its baseline, taken apart by the values of one dimension.
//!
//! Written from the definition alone, beside the product's own computation. Does not know where the sums come from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A family without the suffix of its grouping set, and all labels, the window and those of the grouping set among them.
pub(crate) type Key = (String, BTreeMap<String, String>);

/// The sums by series; one that is missing is 0.
pub(crate) type Sums = BTreeMap<Key, f64>;

/// What is compared, and what is known.
pub(crate) struct Question<'a> {
    /// The short windows, each with its baseline.
    pub(crate) pairs: Vec<(&'a str, &'a str)>,
    /// The dimensions that are grouping sets by themselves.
    pub(crate) dimensions: Vec<&'a str>,
    /// Fewer cases on a side that has any are not shown by themselves.
    pub(crate) cases_min: f64,
    /// Whether a metric is known at all over a baseline window.
    pub(crate) is_known: &'a dyn Fn(&str, &str) -> bool,
}

/// Families with their labels as `name=value`, comma between them, and the factor with which they count.
type Terms = &'static [(&'static str, &'static str, f64)];

const RESOLVED: Terms = &[("cx_tickets_resolved", "", 1.0)];
const CSAT: Terms = &[("cx_csat_responses", "", 1.0)];
const CES: Terms = &[("cx_ces_responses", "", 1.0)];
const SERVICE: Terms = &[
    ("cx_nps_responses", "scope=service,group=promoter", 1.0),
    ("cx_nps_responses", "scope=service,group=passive", 1.0),
    ("cx_nps_responses", "scope=service,group=detractor", 1.0),
];
const EXPERIENCE: Terms = &[
    ("cx_nps_responses", "scope=experience,group=promoter", 1.0),
    ("cx_nps_responses", "scope=experience,group=passive", 1.0),
    ("cx_nps_responses", "scope=experience,group=detractor", 1.0),
];

/// Each metric with its numerator and its denominator; those of times and targets are in [`named`].
const METRICS: [(&str, Terms, Terms); 16] = [
    ("reopen", &[("cx_tickets_resolved_reopened", "", 1.0)], RESOLVED),
    ("escalation", &[("cx_tickets_resolved_escalated", "", 1.0)], RESOLVED),
    ("transfer", &[("cx_tickets_resolved_transferred", "", 1.0)], RESOLVED),
    ("first_contact_resolution", &[("cx_first_contact_resolved", "", 1.0)], RESOLVED),
    (
        "chat_abandonment",
        &[("cx_chats_abandoned_counted", "", 1.0)],
        &[("cx_chats_abandoned_counted", "", 1.0), ("cx_chats_accepted", "", 1.0)],
    ),
    ("repeat_contact", &[("cx_repeat_contacts", "", 1.0)], &[("cx_contacts", "", 1.0)]),
    ("csat", &[("cx_csat_satisfied_responses", "", 1.0)], CSAT),
    ("csat_mean_score", &[("cx_csat_score_points", "", 1.0)], CSAT),
    ("ces", &[("cx_ces_effort_points", "", 1.0)], CES),
    ("ces_low_effort", &[("cx_ces_low_effort_responses", "", 1.0)], CES),
    ("ces_high_effort", &[("cx_ces_high_effort_responses", "", 1.0)], CES),
    ("survey_response_csat", &[("cx_surveys_answered", "metric=csat", 1.0)], &[("cx_surveys_sent", "metric=csat", 1.0)]),
    ("survey_response_nps", &[("cx_surveys_answered", "metric=nps", 1.0)], &[("cx_surveys_sent", "metric=nps", 1.0)]),
    ("survey_response_ces", &[("cx_surveys_answered", "metric=ces", 1.0)], &[("cx_surveys_sent", "metric=ces", 1.0)]),
    (
        "nps_service",
        &[("cx_nps_responses", "scope=service,group=promoter", 100.0), ("cx_nps_responses", "scope=service,group=detractor", -100.0)],
        SERVICE,
    ),
    (
        "nps_experience",
        &[("cx_nps_responses", "scope=experience,group=promoter", 100.0), ("cx_nps_responses", "scope=experience,group=detractor", -100.0)],
        EXPERIENCE,
    ),
];

const TIMES: [&str; 10] = [
    "first_response",
    "automated_first_response",
    "next_response",
    "resolution",
    "first_resolution",
    "requester_wait",
    "chat_wait",
    "chat_duration",
    "first_response_business",
    "resolution_business",
];

const TARGETS: [&str; 4] = ["first_response", "next_response", "resolution", "chat_wait"];

/// Points and cases of the short window, then those of the rest.
#[derive(Clone, Copy, Default)]
struct Four([f64; 4]);

type OwnedTerms = Vec<(String, String, f64)>;

/// Every series of `cx_contribution` that should be there, under the name of its overall family, with its labels.
pub(crate) fn recomputed(sums: &Sums, question: &Question<'_>) -> BTreeMap<Key, f64> {
    let mut out = BTreeMap::new();
    for (metric, points, cases) in named() {
        for (short, long) in question.pairs.iter().filter(|(_, long)| (question.is_known)(&metric, long)) {
            let four = |group: Option<(&str, &str)>| Four::of(sums, [&points, &cases], [short, long], group);
            let whole = four(None);
            let Some(change) = whole.change() else { continue };
            let mut put = |part: &str, group: Option<(&str, &str)>, value: f64| {
                let own = [("metric", metric.as_str()), ("part", part), ("window", short), ("baseline", long)];
                let labels = own.into_iter().chain(group).map(|(name, value)| (name.to_owned(), value.to_owned()));
                out.insert(("cx_contribution".to_owned(), labels.collect()), value);
            };
            put("whole", None, change);
            for dimension in &question.dimensions {
                let mut left = whole;
                let mut groups: Vec<(&str, Four)> = Vec::new();
                for value in values(sums, dimension).into_iter().filter(|value| *value != "other") {
                    let group = four(Some((dimension, value)));
                    if group.is_shown(question.cases_min) {
                        left = left.less(group);
                        groups.push((value, group));
                    }
                }
                groups.push(("other", left));
                for (value, group) in groups {
                    let (rate, mix) = group.parts(whole);
                    rate.into_iter().for_each(|rate| put("rate", Some((dimension, value)), rate));
                    mix.into_iter().for_each(|mix| put("mix", Some((dimension, value)), mix));
                }
            }
        }
    }
    out
}

/// Whether the numbers of a family are used.
pub(crate) fn uses(family: &str) -> bool {
    static FAMILIES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let terms = named().into_iter().flat_map(|(_, points, cases)| points.into_iter().chain(cases));
        terms.map(|(family, ..)| family).collect()
    });
    FAMILIES.contains(family)
}

fn named() -> Vec<(String, OwnedTerms, OwnedTerms)> {
    let owned = |terms: Terms| terms.iter().map(|(family, labels, by)| ((*family).to_owned(), (*labels).to_owned(), *by)).collect();
    let one = |family: String| vec![(family, String::new(), 1.0)];
    let mut all: Vec<(String, OwnedTerms, OwnedTerms)> =
        METRICS.iter().map(|(metric, points, cases)| ((*metric).to_owned(), owned(points), owned(cases))).collect();
    all.extend(TIMES.map(|time| (format!("{time}_mean"), one(format!("cx_{time}_seconds_sum")), one(format!("cx_{time}_seconds_count")))));
    all.extend(
        TARGETS
            .map(|time| (format!("{time}_attainment"), one(format!("cx_{time}_within_target")), one(format!("cx_{time}_target_decided")))),
    );
    all
}

fn values<'s>(sums: &'s Sums, dimension: &str) -> BTreeSet<&'s str> {
    sums.keys().filter_map(|(_, labels)| labels.get(dimension)).map(String::as_str).collect()
}

impl Four {
    fn of(sums: &Sums, sides: [&OwnedTerms; 2], [short, long]: [&str; 2], group: Option<(&str, &str)>) -> Self {
        let sum = |terms: &OwnedTerms, window: &str| -> f64 {
            let term = |(family, own, by): &(String, String, f64)| {
                let own = own.split(',').filter_map(|pair| pair.split_once('='));
                let labels = own.chain([("window", window)]).chain(group).map(|(name, value)| (name.to_owned(), value.to_owned()));
                by * sums.get(&(family.clone(), labels.collect())).copied().unwrap_or(0.0)
            };
            terms.iter().map(term).sum()
        };
        let [points, cases] = sides.map(|terms| (sum(terms, short), sum(terms, long)));
        Self([points.0, cases.0, points.1 - points.0, cases.1 - cases.0])
    }

    fn less(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] - other.0[at]))
    }

    fn means(self) -> [Option<f64>; 2] {
        let Self([points, cases, points_rest, cases_rest]) = self;
        [(cases > 0.0).then(|| points / cases), (cases_rest > 0.0).then(|| points_rest / cases_rest)]
    }

    fn change(self) -> Option<f64> {
        let [now, rest] = self.means();
        Some(now? - rest?)
    }

    fn is_shown(self, cases_min: f64) -> bool {
        let Self([_, now, _, rest]) = self;
        let hides = |cases: f64| cases > 0.0 && cases < cases_min;
        now + rest > 0.0 && !hides(now) && !hides(rest)
    }

    /// By rate and by mix.
    fn parts(self, whole: Self) -> (Option<f64>, Option<f64>) {
        let (weight, weight_rest) = (self.0[1] / whole.0[1], self.0[3] / whole.0[3]);
        let [all, all_rest] = whole.means().map(|mean| mean.expect("the whole has both"));
        let mix = |mean: f64| (weight - weight_rest) * (mean - (all + all_rest) / 2.0);
        match self.means() {
            [Some(now), Some(rest)] => (Some((weight + weight_rest) / 2.0 * (now - rest)), Some(mix((now + rest) / 2.0))),
            [Some(mean), None] | [None, Some(mean)] => (None, Some(mix(mean))),
            [None, None] => (None, None),
        }
    }
}
