//! The headline numbers: where each is read, what it is called, and what it is held against. A table, without markup.

use super::format::Unit;
use super::view::sample;
use crate::metrics::{Group, Sample, Values};

/// A family's own labels.
pub(super) type Labels = &'static [(&'static str, &'static str)];

/// One headline number.
pub(super) struct Kpi {
    /// Its anchor on the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// The families it may be read from, the first that has a value, each with what it is for people.
    pub(super) families: &'static [(&'static str, &'static str)],
    pub(super) labels: Labels,
    pub(super) unit: Unit,
    /// Whether `<family>_lower` and `<family>_upper` are its interval.
    pub(super) has_bounds: bool,
    /// What counts its cases: several are added up.
    pub(super) counts: &'static [(&'static str, Labels)],
    /// What its cases are called.
    pub(super) cases: &'static str,
    pub(super) target: Option<Target>,
    /// Its value of the label `metric` of `cx_trend`.
    pub(super) trend: Option<&'static str>,
    pub(super) is_low_good: bool,
    /// Why there can be no value though the window has been seen.
    pub(super) absent: &'static str,
}

/// What a number is held against.
pub(super) enum Target {
    /// The number itself against `cx_target{metric}`.
    Value(&'static str),
    /// The share of the cases that met a length of time: `cx_<name>_attainment_ratio` against `cx_target{metric="<name>_attainment"}`.
    Attainment { seconds: &'static str, share: &'static str, ratio: &'static str, decided: &'static str },
}

const NO_CASES: &str = "nothing of it in this window";
const NO_ANSWERS: &str = "no answers in this window";

/// The headline numbers in the order of the page.
pub(super) const KPIS: [Kpi; 12] = [
    duration(
        "first-response",
        "First response",
        &[("cx_first_response_p50_seconds", "half are faster"), ("cx_first_response_mean_seconds", "mean")],
        &[("cx_first_response_seconds_count", &[])],
        Target::Attainment {
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
        Target::Attainment {
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
        Target::Attainment {
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
        &[("cx_chat_abandonment_ratio", "left before an agent came")],
        &[("cx_chats_accepted", &[]), ("cx_chats_abandoned_counted", &[])],
        "chats",
    ),
    Kpi {
        target: Some(Target::Value("csat")),
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
        target: Some(Target::Value("ces")),
        trend: Some("ces"),
        absent: NO_ANSWERS,
        ..share("ces", "Effort (CES)", &[("cx_ces_effort_score", "1 no effort, 5 very high")], &[("cx_ces_responses", &[])], "answers")
    },
    Kpi {
        target: Some(Target::Value("churn")),
        absent: "withheld: the customer base must be known since before the window begins",
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
        absent: "needs a window of 24h or longer, and targets for most of what it is made of",
        ..share("health", "Health index", &[("cx_health_index", "0 to 100, up to target")], &[], "")
    },
];

impl Kpi {
    /// Its value for a group, or overall, and what it is.
    pub(super) fn read(&self, values: &Values<'_>, group: Option<&Group<'_>>) -> Option<(Sample, &'static str)> {
        self.families.iter().find_map(|(family, what)| Some((sample(values, group, family, self.labels)?, *what)))
    }

    /// Its interval.
    pub(super) fn bounds(&self, values: &Values<'_>, group: Option<&Group<'_>>) -> Option<(Sample, Sample)> {
        let family = self.families.first().filter(|_| self.has_bounds)?.0;
        let bound = |side: &str| sample(values, group, &format!("{family}_{side}"), self.labels);
        bound("lower").zip(bound("upper"))
    }

    /// The number of its cases.
    pub(super) fn count(&self, values: &Values<'_>, group: Option<&Group<'_>>) -> f64 {
        super::view::View::sum(values, group, self.counts)
    }
}

const fn share(
    id: &'static str,
    title: &'static str,
    families: &'static [(&'static str, &'static str)],
    counts: &'static [(&'static str, Labels)],
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
    counts: &'static [(&'static str, Labels)],
    target: Target,
    trend: Option<&'static str>,
) -> Kpi {
    Kpi { unit: Unit::Duration, has_bounds: false, target: Some(target), trend, ..share(id, title, families, counts, "cases") }
}

const fn nps(
    id: &'static str,
    title: &'static str,
    families: &'static [(&'static str, &'static str)],
    labels: Labels,
    metric: &'static str,
    counts: &'static [(&'static str, Labels)],
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
        target: Some(Target::Value(metric)),
        trend: Some(metric),
        is_low_good: false,
        absent: NO_ANSWERS,
    }
}
