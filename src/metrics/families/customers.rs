//! Who is a customer, who came and who left. All absent for a window before whose start the base is not known.

use super::proportion;
use crate::engine::read::Measure;
use crate::metrics::family::{Family, Merge, Sets};
use crate::metrics::reader::Reader;

pub(in crate::metrics) fn families() -> Vec<Family> {
    let seen = [Measure::CustomersActive, Measure::CustomerActivations];
    let count = |name: &str, help: &str, read: fn(&Reader<'_>) -> i64| {
        Family::value(name, help, &seen, move |r, _| is_base_known(r).then(|| read(r) as f64)).merged(Merge::Sum)
    };
    let ratio = |name: &str, help: &str, read: fn(&Reader<'_>) -> i64| {
        proportion(name, help, &seen, move |r, _| is_base_known(r).then(|| (read(r), active_at_start(r))))
    };
    let active = Family::value("cx_customers_active", "Customers now.", &seen, |r, _| {
        r.snapshot.customers_since.map(|_| r.count(Measure::CustomersActive) as f64)
    });
    let mut families = vec![
        active.merged(Merge::Sum).of_now(),
        count("cx_customers_active_at_start", "Customers at the window's start.", active_at_start),
        count("cx_customers_new", "Customers whose first event is customer.subscribed, inside the window.", |r| {
            r.count(Measure::CustomersNew)
        }),
        count("cx_customers_churned", "Customers at the window's start who cancelled inside it and have not come back.", |r| {
            r.count(Measure::CustomerDepartures)
        }),
        count("cx_customers_retained", "Customers at the window's start who are customers now.", retained),
    ];
    families
        .extend(ratio("cx_churn_ratio", "Churned share of the customers at the window's start.", |r| r.count(Measure::CustomerDepartures)));
    families.extend(ratio("cx_retention_ratio", "Share of the customers at the window's start who are customers now.", retained));
    families.into_iter().map(|family| family.over(Sets::Customer)).collect()
}

/// Churned share of the customers at the window's start; absent where the base is not known.
pub(super) fn churn(reader: &Reader<'_>) -> Option<f64> {
    let whole = Some(active_at_start(reader)).filter(|whole| is_base_known(reader) && *whole > 0)?;
    Some(reader.count(Measure::CustomerDepartures) as f64 / whole as f64)
}

/// Active now less those who became so, net, inside the window.
pub(super) fn active_at_start(reader: &Reader<'_>) -> i64 {
    reader.count(Measure::CustomersActive) - reader.count(Measure::CustomerActivations)
}

/// Whether who was a customer at the window's start is known.
pub(super) fn is_base_known(reader: &Reader<'_>) -> bool {
    reader.snapshot.customers_since.is_some_and(|since| since < reader.window().start)
}

fn retained(reader: &Reader<'_>) -> i64 {
    active_at_start(reader) - reader.count(Measure::CustomerDepartures)
}
