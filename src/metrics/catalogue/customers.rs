//! The customer base: active, new, churned and retained customers, and churn by the customers' last experience.
//!
//! Every value about a window is absent where the customer base at the start of the window is not known.

use crate::engine::read::{FEELINGS, Label, METRICS, Measure};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;

/// The end of the help texts of families by experience.
const BY_EXPERIENCE: &str = "by their last answer before the cancellation, or up to now. good: satisfied, promoter, low effort; bad: dissatisfied, \
detractor, high effort; none: passive, middling effort, or no answer. NPS counts answers about the relationship";

/// `metric` and `experience`: every combination, in the order of the engine's labels.
const EXPERIENCE: OwnLabels = OwnLabels::new(&["metric", "experience"], |_| {
    let pairs = METRICS.iter().flat_map(|metric| FEELINGS.iter().map(move |experience| [*metric, *experience]));
    (0..).zip(pairs).map(|(label, pair)| Variant::of_label(Label(label), &pair)).collect()
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let seen = [Measure::CustomersActive, Measure::CustomerActivations];
    let count = |name: &str, help: &str, read: fn(&Reader<'_>) -> i64| {
        Family::value(name, help, &seen, move |reader, _| is_base_known(reader).then(|| read(reader) as f64)).merged(Merge::Sum)
    };
    let ratio = |name: &str, help: &str, read: fn(&Reader<'_>) -> i64| {
        Family::proportion(name, help, &seen, move |reader, _| is_base_known(reader).then(|| (read(reader), active_at_start(reader))))
    };
    let active = Family::value("cx_customers_active", "Customers now.", &seen, |reader, _| {
        reader.snapshot.customers_since.map(|_| reader.count(Measure::CustomersActive) as f64)
    });
    let mut families = vec![
        active.merged(Merge::Sum).of_now(),
        count("cx_customers_active_at_start", "Customers at the start of the window.", active_at_start),
        count("cx_customers_new", "Customers whose first event is customer.subscribed and lies in the window.", |reader| {
            reader.count(Measure::CustomersNew)
        }),
        count("cx_customers_churned", "Customers at the start of the window who cancelled within it and have not come back.", |reader| {
            reader.count(Measure::CustomerDepartures)
        }),
        count("cx_customers_retained", "Customers at the start of the window who are customers now.", retained),
    ];
    families.extend(ratio("cx_churn_ratio", "Share of the customers at the start of the window who churned.", |reader| {
        reader.count(Measure::CustomerDepartures)
    }));
    families.extend(ratio("cx_retention_ratio", "Share of the customers at the start of the window who are customers now.", retained));
    families.into_iter().map(|family| family.over(GroupingSets::Customer)).collect()
}

/// Churn by the customers' last experience: the link from service to retention.
pub(in crate::metrics) fn churn_by_experience() -> Vec<Family> {
    let seen = [Measure::ExperienceActive, Measure::ExperienceActivations];
    let active_at_start = |reader: &Reader<'_>, variant: &Variant| {
        reader.count_of(Measure::ExperienceActive, variant.label) - reader.count_of(Measure::ExperienceActivations, variant.label)
    };
    let churned = |reader: &Reader<'_>, variant: &Variant| reader.count_of(Measure::ExperienceDepartures, variant.label);
    let count = |name: &str, help: String, read: fn(&Reader<'_>, &Variant) -> i64| {
        Family::value(name, &help, &seen, move |reader, variant| is_base_known(reader).then(|| read(reader, variant) as f64))
            .merged(Merge::Sum)
    };
    let churned_help = format!("Customers at the start of the window who cancelled within it and have not come back, {BY_EXPERIENCE}.");
    let mut families = vec![
        count("cx_customers_active_at_start", format!("Customers at the start of the window, {BY_EXPERIENCE}."), active_at_start),
        count("cx_customers_churned", churned_help, churned),
    ];
    let ratio = format!("Share of the customers at the start of the window who churned, {BY_EXPERIENCE}.");
    families.extend(Family::proportion("cx_churn_ratio", &ratio, &seen, move |reader, variant| {
        is_base_known(reader).then(|| (churned(reader, variant), active_at_start(reader, variant)))
    }));
    // The names end like those of a grouping set; the configuration therefore refuses a dimension called `experience`.
    let renamed = |family: Family| Family { name: format!("{}_by_experience", family.name), ..family };
    families.into_iter().map(|family| renamed(family).labelled(EXPERIENCE).over(GroupingSets::Overall)).collect()
}

/// The share of the customers at the start of the window who churned, 0 to 1; `None` where the customer base is not known or was empty.
pub(super) fn churn(reader: &Reader<'_>) -> Option<f64> {
    let whole = Some(active_at_start(reader)).filter(|whole| is_base_known(reader) && *whole > 0)?;
    Some(reader.count(Measure::CustomerDepartures) as f64 / whole as f64)
}

/// The customers at the start of the window: those of now, less the net number who became customers within the window.
pub(super) fn active_at_start(reader: &Reader<'_>) -> i64 {
    reader.count(Measure::CustomersActive) - reader.count(Measure::CustomerActivations)
}

/// Whether the customer base at the start of the window is known: the first event about the base lies before it.
pub(super) fn is_base_known(reader: &Reader<'_>) -> bool {
    reader.snapshot.customers_since.is_some_and(|since| since < reader.window().start)
}

fn retained(reader: &Reader<'_>) -> i64 {
    active_at_start(reader) - reader.count(Measure::CustomerDepartures)
}
