//! Churn by what customers experienced last: the link from service to retention. Absent where the base is not known, like all churn.

use super::customers::is_base_known;
use super::proportion;
use crate::engine::read::Measure;
use crate::metrics::family::{Family, Labels, Merge, Sets, Variant};
use crate::metrics::reader::Reader;

const GROUPS: &str = "by their last answer before the cancellation, or up to now. good: satisfied, promoter, low effort; bad: dissatisfied, \
detractor, high effort; none: passive, middling effort, or no answer. NPS is that of the relationship";

pub(in crate::metrics) fn families() -> Vec<Family> {
    let seen = [Measure::ExperienceActive, Measure::ExperienceActivations];
    let count = |name: &str, help: String, read: fn(&Reader<'_>, &Variant) -> i64| {
        Family::value(name, &help, &seen, move |r, v| is_base_known(r).then(|| read(r, v) as f64)).merged(Merge::Sum)
    };
    let mut families = vec![
        count("cx_customers_active_at_start", format!("Customers at the window's start {GROUPS}."), active_at_start),
        count(
            "cx_customers_churned",
            format!("Customers at the window's start who cancelled inside it and have not come back, {GROUPS}."),
            churned,
        ),
    ];
    let help = format!("Churned share of the customers at the window's start, {GROUPS}.");
    families.extend(proportion("cx_churn_ratio", &help, &seen, |r, v| is_base_known(r).then(|| (churned(r, v), active_at_start(r, v)))));
    // The names end like those of a grouping set, and no dimension may be called `experience`.
    let by = |family: Family| Family { name: format!("{}_by_experience", family.name), ..family };
    families.into_iter().map(|family| by(family).labelled(Labels::Experience).over(Sets::Overall)).collect()
}

fn active_at_start(reader: &Reader<'_>, variant: &Variant) -> i64 {
    reader.count_of(Measure::ExperienceActive, variant.label) - reader.count_of(Measure::ExperienceActivations, variant.label)
}

fn churned(reader: &Reader<'_>, variant: &Variant) -> i64 {
    reader.count_of(Measure::ExperienceDepartures, variant.label)
}
