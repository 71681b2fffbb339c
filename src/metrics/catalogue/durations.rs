//! Response, resolution and chat times: for each measure a histogram, the mean and the configured quantiles.

use crate::engine::EngineSettings;
use crate::engine::read::{DurationsReading, Measure};
use crate::metrics::family::{Family, Merge, Read, Variant};
use crate::metrics::reader::Reader;

const DURATIONS: [(&str, Measure, &str); 8] = [
    (
        "cx_first_response",
        Measure::FirstResponse,
        "the time from ticket.created (by a customer), chat.started or a bot's hand-off to the first public message that a human agent wrote (no \
         automated one), once per ticket or chat",
    ),
    (
        "cx_automated_first_response",
        Measure::AutomatedFirstResponse,
        "the time from the creation by a customer, or from the customer's first message, to the first public reply of a bot or a rule",
    ),
    (
        "cx_next_response",
        Measure::NextResponse,
        "the waits after the first response, each from the first unanswered customer message to the next public human reply",
    ),
    (
        "cx_resolution",
        Measure::Resolution,
        "the full resolution time, from creation to the latest solve; after a reopening, the next solve replaces the sample of the ticket",
    ),
    ("cx_first_resolution", Measure::FirstResolution, "the time from creation to the first solve; the sample is never replaced"),
    (
        "cx_requester_wait",
        Measure::RequesterWait,
        "the time that the customer waited: in new, open and on_hold until the latest solve (in pending it is the customer's turn)",
    ),
    ("cx_chat_wait", Measure::ChatWait, "the time from chat.started or a bot's hand-off to the acceptance, for accepted chats only"),
    ("cx_chat_duration", Measure::ChatDuration, "the time from the acceptance of a chat to its end"),
];

/// The measures that have sums of logarithms: those that alerts hold against the past. They say by which factor times have changed, whatever the channel,
/// and a few very long ones do not move them.
const IN_LOGARITHMS: [(&str, Measure, &str); 2] = [
    ("cx_first_response", Measure::FirstResponse, "the durations of cx_first_response_seconds"),
    ("cx_resolution", Measure::Resolution, "the durations of cx_resolution_seconds"),
];

/// Only for contacts to which a business-hours schedule applies. Where none is configured the families are absent, never 0.
const IN_BUSINESS_HOURS: [(&str, Measure, &str); 2] = [
    ("cx_first_response_business", Measure::FirstResponseBusiness, "the time of cx_first_response_seconds within business hours"),
    ("cx_resolution_business", Measure::ResolutionBusiness, "the time of cx_resolution_seconds within business hours"),
];

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let always = DURATIONS.iter().flat_map(|(name, measure, help)| of_measure(name, *measure, help, settings));
    let has_schedules = settings.targets.schedule_rules.is_configured();
    let business = IN_BUSINESS_HOURS.iter().flat_map(|(name, measure, help)| of_measure(name, *measure, help, settings));
    let logarithms = IN_LOGARITHMS.iter().flat_map(|(name, measure, help)| sums_of_logarithms(name, *measure, help));
    always.chain(business.map(|family| family.only_if(has_schedules))).chain(logarithms).collect()
}

/// The sum of the logarithms and that of their squares, from which follow the geometric mean and the spread of any durations added up.
fn sums_of_logarithms(name: &str, measure: Measure, help: &str) -> [Family; 2] {
    let family = |end: &str, what: &str, read: fn(&DurationsReading) -> f64| {
        let help = format!("Sum of the {what} of {help} in seconds, where less than a second counts as one.");
        let value = move |reader: &Reader<'_>, variant: &Variant| Some(reader.durations(measure, variant.label).map_or(0.0, read));
        Family::value(&format!("{name}_{end}"), &help, &[measure], value).merged(Merge::Sum)
    };
    [
        family("logarithms", "natural logarithms", |durations| durations.logarithms),
        family("squared_logarithms", "squares of the natural logarithms", |durations| durations.squared_logarithms),
    ]
}

/// The histogram, the mean and the configured quantiles of one measure. `help` is a noun phrase that follows "of".
pub(super) fn of_measure(name: &str, measure: Measure, help: &str, settings: &EngineSettings) -> Vec<Family> {
    let histogram = format!("Windowed histogram of {help}. Its counts fall as the window moves on: never use rate() on them.");
    let mut families = vec![Family {
        read: Read::Histogram(measure),
        ..Family::value(&format!("{name}_seconds"), &histogram, &[measure], |_, _| None).merged(Merge::Sum)
    }];
    families.push(Family::value(&format!("{name}_mean_seconds"), &format!("Mean of {help}."), &[measure], move |reader, variant| {
        reader.durations(measure, variant.label).filter(|d| d.count > 0).map(|d| d.sum_seconds / d.count as f64)
    }));
    for (at, percent) in settings.quantiles_percent.iter().enumerate() {
        let name = format!("{name}_p{percent}_seconds");
        let help = format!("{percent} % quantile (nearest rank, with an error of at most 1 %) of {help}.");
        families.push(Family::value(&name, &help, &[measure], move |reader, variant| {
            reader.durations(measure, variant.label)?.quantiles_seconds.get(at).copied()
        }));
    }
    families
}
