//! The table of the headline numbers: the title of each, the families of its value, its interval and its cases, its target and its trend.
//!
//! Does not know markup, nor whether a value is good.

use super::number_format::Unit;
use crate::metrics::{Group, Sample, Values};

/// A family's own labels: names and values.
pub(super) type LabelPairs = &'static [(&'static str, &'static str)];

/// One headline number.
pub(super) struct Kpi {
    /// The anchor on the page.
    pub(super) id: &'static str,
    /// The title for people.
    pub(super) title: &'static str,
    /// The families of the value, each with a short definition for people. The first family that has a value is shown.
    pub(super) families: &'static [(&'static str, &'static str)],
    /// The families' own labels.
    pub(super) labels: LabelPairs,
    /// The unit of the value.
    pub(super) unit: Unit,
    /// Whether `<family>_lower` and `<family>_upper` are the value's interval.
    pub(super) has_bounds: bool,
    /// The families that count the cases; several are added up.
    pub(super) counts: &'static [(&'static str, LabelPairs)],
    /// The word for the cases.
    pub(super) cases: &'static str,
    /// The target, if the number can have one.
    pub(super) target: Option<KpiTarget>,
    /// The value of the label `metric` of `cx_trend`, if the number can have a trend.
    pub(super) trend: Option<&'static str>,
    /// Whether a lower value is better.
    pub(super) is_low_good: bool,
    /// The reason for people why there is no value although the window is complete.
    pub(super) absent: &'static str,
}

/// The target of a headline number.
pub(super) enum KpiTarget {
    /// The number itself is compared with `cx_target{metric}`.
    Value(&'static str),
    /// The share of the cases that were within a time is compared: `cx_<name>_attainment_ratio` with `cx_target{metric="<name>_attainment"}`.
    Attainment { seconds: &'static str, share: &'static str, ratio: &'static str, decided: &'static str },
}

const NO_CASES: &str = "no cases in this window";
const NO_ANSWERS: &str = "no answers in this window";

/// The headline numbers in the order of the page.
pub(super) const KPIS: [Kpi; 12] = [
    duration(
        "first-response",
        "First response",
        &[("cx_first_response_p50_seconds", "half are faster"), ("cx_first_response_mean_seconds", "mean")],
        &[("cx_first_response_seconds_count", &[])],
        KpiTarget::Attainment {
            seconds: "first_response",
            share: "first_response_attainment",
            ratio: "cx_first_response_attainment_ratio",
            decided: "cx_first_response_target_decided",
        },
        Some("first_response"),
    ),
    duration(
        "resolution",
        "Resolution",
        &[("cx_resolution_p50_seconds", "half are faster"), ("cx_resolution_mean_seconds", "mean")],
        &[("cx_resolution_seconds_count", &[])],
        KpiTarget::Attainment {
            seconds: "resolution",
            share: "resolution_attainment",
            ratio: "cx_resolution_attainment_ratio",
            decided: "cx_resolution_target_decided",
        },
        Some("resolution"),
    ),
    duration(
        "chat-wait",
        "Chat wait",
        &[("cx_chat_wait_p50_seconds", "half are faster"), ("cx_chat_wait_mean_seconds", "mean")],
        &[("cx_chat_wait_seconds_count", &[])],
        KpiTarget::Attainment {
            seconds: "chat_wait",
            share: "chat_wait_attainment",
            ratio: "cx_chat_wait_attainment_ratio",
            decided: "cx_chat_wait_target_decided",
        },
        None,
    ),
    share(
        "abandonment",
        "Chats abandoned",
        &[("cx_chat_abandonment_ratio", "customer left before an agent joined")],
        &[("cx_chats_accepted", &[]), ("cx_chats_abandoned_counted", &[])],
        "chats",
    ),
    Kpi {
        target: Some(KpiTarget::Value("csat")),
        trend: Some("csat"),
        is_low_good: false,
        absent: NO_ANSWERS,
        ..share("csat", "CSAT", &[("cx_csat_ratio", "satisfied share")], &[("cx_csat_responses", &[])], "answers")
    },
    nps(
        "nps-service",
        "NPS, service",
        &[("cx_nps_score", "asked after a contact")],
        &[("scope", "service")],
        "nps_service",
        &[
            ("cx_nps_responses", &[("scope", "service"), ("group", "promoter")]),
            ("cx_nps_responses", &[("scope", "service"), ("group", "passive")]),
            ("cx_nps_responses", &[("scope", "service"), ("group", "detractor")]),
        ],
    ),
    nps(
        "nps-experience",
        "NPS, experience",
        &[("cx_nps_score", "latest answer of each customer")],
        &[("scope", "experience")],
        "nps_experience",
        &[
            ("cx_nps_responses", &[("scope", "experience"), ("group", "promoter")]),
            ("cx_nps_responses", &[("scope", "experience"), ("group", "passive")]),
            ("cx_nps_responses", &[("scope", "experience"), ("group", "detractor")]),
        ],
    ),
    Kpi {
        unit: Unit::Hundredths,
        has_bounds: false,
        target: Some(KpiTarget::Value("ces")),
        trend: Some("ces"),
        absent: NO_ANSWERS,
        ..share("ces", "Effort (CES)", &[("cx_ces_effort_score", "1 no effort, 5 very high")], &[("cx_ces_responses", &[])], "answers")
    },
    Kpi {
        target: Some(KpiTarget::Value("churn")),
        absent: "withheld: the customer base must be known from before the window begins",
        ..share(
            "churn",
            "Churn",
            &[("cx_churn_ratio", "customers lost in the window")],
            &[("cx_customers_active_at_start", &[])],
            "customers",
        )
    },
    Kpi {
        is_low_good: false,
        ..share(
            "first-contact",
            "First contact resolution",
            &[("cx_first_contact_resolution_ratio", "solved with one reply")],
            &[("cx_tickets_resolved", &[])],
            "solved tickets",
        )
    },
    share("reopened", "Reopened", &[("cx_reopen_ratio", "of the solved tickets")], &[("cx_tickets_resolved", &[])], "solved tickets"),
    Kpi {
        unit: Unit::Score,
        has_bounds: false,
        counts: &[],
        is_low_good: false,
        absent: "needs a window of 24h or longer, and targets for most of its parts",
        ..share("health", "Health index", &[("cx_health_index", "0 to 100, compared with the targets")], &[], "")
    },
];

impl Kpi {
    /// The value for a group, or overall, with its definition.
    pub(super) fn read(&self, values: &Values<'_>, group: Option<&Group<'_>>) -> Option<(Sample, &'static str)> {
        self.families.iter().find_map(|(family, definition)| Some((sample(values, group, family, self.labels)?, *definition)))
    }

    /// The 95 % confidence interval of the value.
    pub(super) fn bounds(&self, values: &Values<'_>, group: Option<&Group<'_>>) -> Option<(Sample, Sample)> {
        let family = self.families.first().filter(|_| self.has_bounds)?.0;
        let bound = |side: &str| sample(values, group, &format!("{family}_{side}"), self.labels);
        bound("lower").zip(bound("upper"))
    }

    /// The number of cases; a family without a value counts as 0.
    pub(super) fn count(&self, values: &Values<'_>, group: Option<&Group<'_>>) -> f64 {
        self.counts.iter().filter_map(|(family, labels)| sample(values, group, family, labels)).map(|sample| sample.value).sum()
    }
}

/// The sample of a group, or the overall one.
pub(super) fn sample(values: &Values<'_>, group: Option<&Group<'_>>, name: &str, labels: &[(&str, &str)]) -> Option<Sample> {
    match group {
        Some(group) => values.of_group(group, name, labels),
        None => values.overall(name, labels),
    }
}

const fn share(
    id: &'static str,
    title: &'static str,
    families: &'static [(&'static str, &'static str)],
    counts: &'static [(&'static str, LabelPairs)],
    cases: &'static str,
) -> Kpi {
    Kpi {
        id,
        title,
        families,
        labels: &[],
        unit: Unit::Percent,
        has_bounds: true,
        counts,
        cases,
        target: None,
        trend: None,
        is_low_good: true,
        absent: NO_CASES,
    }
}

const fn duration(
    id: &'static str,
    title: &'static str,
    families: &'static [(&'static str, &'static str)],
    counts: &'static [(&'static str, LabelPairs)],
    target: KpiTarget,
    trend: Option<&'static str>,
) -> Kpi {
    Kpi { unit: Unit::Duration, has_bounds: false, target: Some(target), trend, ..share(id, title, families, counts, "cases") }
}

const fn nps(
    id: &'static str,
    title: &'static str,
    families: &'static [(&'static str, &'static str)],
    labels: LabelPairs,
    metric: &'static str,
    counts: &'static [(&'static str, LabelPairs)],
) -> Kpi {
    Kpi {
        id,
        title,
        families,
        labels,
        unit: Unit::Score,
        has_bounds: true,
        counts,
        cases: "answers",
        target: Some(KpiTarget::Value(metric)),
        trend: Some(metric),
        is_low_good: false,
        absent: NO_ANSWERS,
    }
}
