//! The customer journey: the customers in each stage, their moves between stages, how many advance or drop out, and how long they stay.

use super::durations;
use crate::engine::EngineSettings;
use crate::engine::read::{JourneyStage, Label, Measure};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;

const DROPPED: &str = "out of the stage: by having no touchpoint of any kind for the timeout of the stage, at a touchpoint that was abandoned, or by \
cancelling; a customer who returns has not dropped out";

/// `journey_stage`: the configured stages, and the others that were seen.
pub(in crate::metrics) const STAGE: OwnLabels =
    OwnLabels::new(&["journey_stage"], |snapshot| snapshot.stages.iter().map(of_stage).collect());

/// `journey_stage`: the configured stages.
pub(super) const CONFIGURED_STAGE: OwnLabels =
    OwnLabels::new(&["journey_stage"], |snapshot| snapshot.stages.iter().filter(|stage| stage.place.is_some()).map(of_stage).collect());

/// `from` and `to`: the moves that were seen.
const FROM_AND_TO: OwnLabels = OwnLabels::new(&["from", "to"], |snapshot| {
    snapshot.transitions.iter().map(|(label, from, to)| Variant::of_label(*label, &[from, to])).collect()
});

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let mut families = vec![
        Family::count(
            "cx_journey_customers",
            "Customers in the stage now, without those who have dropped out of it.",
            Measure::JourneyCustomers,
        )
        .of_now()
        .labelled(STAGE),
        Family::count("cx_journey_transitions", "Moves of customers from one stage to another in the window.", Measure::JourneyTransitions)
            .labelled(FROM_AND_TO),
        Family::value(
            "cx_journey_transition_ratio",
            "Share of all moves out of the stage `from` in the window that led to the stage `to`.",
            &[Measure::JourneyTransitions],
            |reader, variant| {
                let all = moves_from(reader, variant.label.split().0);
                (all > 0).then(|| reader.count_of(Measure::JourneyTransitions, variant.label) as f64 / all as f64)
            },
        )
        .labelled(FROM_AND_TO),
        Family::count(
            "cx_journey_entered",
            "Entries of customers into the stage in the window; a customer who enters it again counts again.",
            Measure::JourneyEntered,
        )
        .labelled(STAGE),
    ];
    let stay = "the time in the stage, for the customers who moved on to another stage in the window";
    let stays = durations::of_measure("cx_journey_stage", Measure::JourneyStageTime, stay, settings);
    families.extend(stays.into_iter().map(|family| family.labelled(STAGE)));
    families.extend(conversion().into_iter().map(|family| family.labelled(CONFIGURED_STAGE)));
    families.into_iter().map(|family| family.over(GroupingSets::Overall)).collect()
}

fn of_stage(stage: &JourneyStage) -> Variant {
    Variant::of_label(stage.label, &[&stage.text])
}

/// The families that need the order of the stages or their timeouts.
fn conversion() -> Vec<Family> {
    let seen = [Measure::JourneyAdvanced, Measure::JourneyDropped];
    let count = |name: &str, help: &str, measure: Measure| {
        Family::value(name, help, &seen, move |reader, variant| Some(reader.count_of(measure, variant.label) as f64)).merged(Merge::Sum)
    };
    let mut families = vec![
        count("cx_journey_advanced", "Customers who went from the stage to a later one in the window.", Measure::JourneyAdvanced),
        count("cx_journey_dropped", &format!("Customers who dropped {DROPPED}."), Measure::JourneyDropped),
    ];
    let conversion = "Share of the customers who advanced from the stage or dropped out of it in the window that advanced.";
    families.extend(Family::proportion("cx_journey_conversion_ratio", conversion, &seen, |reader, variant| {
        Some((advanced(reader, variant), decided(reader, variant)))
    }));
    let dropoff = "Share of the customers who advanced from the stage or dropped out of it in the window that dropped out.";
    families.extend(Family::proportion("cx_journey_dropoff_ratio", dropoff, &seen, |reader, variant| {
        Some((decided(reader, variant) - advanced(reader, variant), decided(reader, variant)))
    }));
    families
}

fn advanced(reader: &Reader<'_>, variant: &Variant) -> i64 {
    reader.count_of(Measure::JourneyAdvanced, variant.label)
}

/// The customers who advanced or dropped out.
fn decided(reader: &Reader<'_>, variant: &Variant) -> i64 {
    advanced(reader, variant) + reader.count_of(Measure::JourneyDropped, variant.label)
}

fn moves_from(reader: &Reader<'_>, stage: u16) -> i64 {
    let labels: &[Label] = reader.snapshot.labels_of(Measure::JourneyTransitions);
    let out = labels.iter().filter(|label| label.split().0 == stage);
    out.map(|label| reader.count_of(Measure::JourneyTransitions, *label)).sum()
}
