//! What the customers are worth: of all now, of those who left, and of those whose latest answer was bad.
//!
//! Everything is absent until an event says what a customer is worth. Does not know how an answer is judged.

use super::customers::is_base_known;
use crate::engine::EngineSettings;
use crate::engine::read::{ANSWER_KINDS, Label, Measure, POINT};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;

/// `metric`: the kinds of answers. The two kinds of NPS are never pooled.
pub(in crate::metrics) const ANSWER_KIND: OwnLabels =
    OwnLabels::new(&["metric"], |_| (0..).zip(ANSWER_KINDS).map(|(label, kind)| Variant::of_label(Label(label), &[kind])).collect());

/// `currency`: the configured one.
const CURRENCY: OwnLabels = OwnLabels::new(&["currency"], |snapshot| {
    snapshot.currency.iter().map(|currency| Variant::of_label(Label::default(), &[currency])).collect()
});

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let unit = settings.currency.as_deref().unwrap_or("the currency of the events, which `customers.currency` names");
    let value = format!(
        "What the customers of now are worth by the latest event of each that said it, in {unit}. A customer of whom none said it counts as 0: \
         cx_customers_with_value says of how many this is the sum."
    );
    let churned = format!(
        "What the customers of cx_customers_churned were worth when they cancelled, in {unit}. A customer of whom no event had said it counts as 0."
    );
    let at_risk = format!(
        "What the customers of now are worth whose latest answer of the metric in the window was bad (dissatisfied, detractor, high effort), in \
         {unit}. It says what depends on these customers and is not an expected loss. A customer can be in several metrics: never sum over metric."
    );
    let with_value = "Of cx_customers_active, those of whom an event said what they are worth.";
    let with_value_churned = "Of cx_customers_churned, those of whom an event had said what they were worth.";
    let with_value_at_risk = "The customers of cx_customers_value_at_risk, who are those of cx_customers_with_value whose latest answer of the metric in the window was bad.";
    let departed = [Measure::CustomersValue, Measure::ValueDepartures];
    let families = [
        pair("", [&value, with_value], Measure::CustomersValue, &departed, is_known).map(Family::of_now),
        pair("_churned", [&churned, with_value_churned], Measure::ValueDepartures, &departed, |reader| {
            is_known(reader) && is_base_known(reader)
        }),
        pair("_at_risk", [&at_risk, with_value_at_risk], Measure::ValueAtRisk, &[Measure::ValueAtRisk], is_known)
            .map(|family| family.labelled(ANSWER_KIND)),
    ];
    let currency = Family::value(
        "cx_customers_value_info",
        "1, with the currency of the cx_customers_value families as a label; absent where none is configured.",
        &[],
        |_, _| Some(1.0),
    );
    let currency = currency.merged(Merge::Max).labelled(CURRENCY).over(GroupingSets::Overall).of_now();
    families.into_iter().flatten().chain([currency]).collect()
}

/// The sum of what some customers are worth, and their number.
fn pair(
    end: &str,
    [value_help, count_help]: [&str; 2],
    measure: Measure,
    seen_by: &[Measure],
    is_known: fn(&Reader<'_>) -> bool,
) -> [Family; 2] {
    let of = move |reader: &Reader<'_>, variant: &Variant| is_known(reader).then(|| reader.amounts(measure, variant.label));
    let value = Family::value(&format!("cx_customers_value{end}"), value_help, seen_by, move |reader, variant| {
        of(reader, variant).map(|amounts| amounts.sum as f64 / POINT as f64)
    });
    let count = Family::value(&format!("cx_customers_with_value{end}"), count_help, seen_by, move |reader, variant| {
        of(reader, variant).map(|amounts| amounts.count as f64)
    });
    [value, count].map(|family| family.merged(Merge::Sum).over(GroupingSets::Customer))
}

/// Whether any event ever said what a customer is worth.
fn is_known(reader: &Reader<'_>) -> bool {
    reader.snapshot.ever_seen.value
}
